/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What frames cost: idle share of a core, latency of a frame, mask and encoding. */
#include "bench/bench.h"

#include "base/std/time.h"
#include "cart/calib/cart_file.h"
#include "cart/capture/capture.h"
#include "cart/see/jpeg.h"
#include "cart/see/see.h"

#include <stdio.h>
#include <stdlib.h>

enum { FRAMES_MAX = 400000, WARM = 75, IDLE_FRAMES = 300 };

/* Time in SEE_DECODE since it was last cleared. */
struct lap { int64_t start_ns, decode_ns; };

static void mark(void *user, enum see_step step, bool end)
{
    struct lap *lap = user;

    if (step == SEE_DECODE && !end)
        lap->start_ns = clock_mono_ns();
    else if (step == SEE_DECODE)
        lap->decode_ns += clock_mono_ns() - lap->start_ns;
}

struct eye { struct cart_file cart; struct see_gallery *gallery; struct see *see[TRUNDLE_CAMERAS_MAX]; };

static void eye_close(struct eye *e)
{
    for (int c = 0; c < TRUNDLE_CAMERAS_MAX; c++)
        see_free(e->see[c]);
    see_gallery_free(e->gallery);
    free(e);
}

static struct eye *eye_open(struct bench *b, const struct bench_trip *t, struct lap *lap)
{
    struct see_config config = SEE_CONFIG_DEFAULT;
    struct eye *e = calloc(1, sizeof *e);
    struct trundle_error err = { .what = "no memory" };
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!e)
        goto out;
    if (lap)
        config.stopwatch = (struct see_stopwatch){ mark, lap };
    TRY_GOTO(status, cart_file_parse(t->world.cart_json.data, t->world.cart_json.n, "cart.json", &e->cart, &err), out);
    TRY_GOTO(status, see_gallery_parse(t->world.gallery.data, t->world.gallery.n, "gallery", &e->gallery, &err), out);
    for (int c = 0; c < BENCH_CAMERAS; c++)
        TRY_GOTO(status, see_new(&e->cart.camera[c], &e->cart.basket, e->gallery, &config, &e->see[c], &err), out);
out:
    if (status != TRUNDLE_OK) {
        bench_fail(b, "see", &err);
        if (e)
            eye_close(e);
        e = NULL;
    }
    return e;
}

static size_t look(struct see *see, const struct trundle_message *m)
{
    struct trundle_evidence evidence;
    size_t n = 0;

    see_push(see, m);
    while (see_poll(see, &evidence) == TRUNDLE_OK)
        n++;
    return n;
}

static void idle(struct bench *b, const char *name, bool rolling)
{
    double share[BENCH_TRIPS_MAX * BENCH_CAMERAS];
    int cluster[BENCH_TRIPS_MAX * BENCH_CAMERAS];
    size_t n = 0, evidence = 0;
    uint64_t opened = 0, frames = 0;
    char note[256];

    for (int i = 0; i < b->trips_n; i++) {
        const struct bench_trip *t = &b->trip[i];

        for (uint8_t c = 0; c < BENCH_CAMERAS; c++) {
            struct bench_loop loop;
            struct see_live before = { .frames = 0 };
            struct eye *e;
            int64_t cpu = 0;
            int seen = 0;

            if (!bench_loop_start(t, rolling ? t->rolling : t->standing, &loop) || !(e = eye_open(b, t, NULL)))
                continue;
            while (seen < WARM + IDLE_FRAMES) {
                struct trundle_message m = bench_loop_next(&loop);

                if (m.channel != TRUNDLE_CAM || m.sensor != c)
                    continue;
                if (seen == WARM) {
                    before = see_live(e->see[c]);
                    cpu = clock_thread_cpu_ns();
                }
                evidence += look(e->see[c], &m);
                seen++;
            }
            share[n] = 100 * ns_s(clock_thread_cpu_ns() - cpu) / IDLE_FRAMES * e->cart.camera[c].fps;
            cluster[n++] = i;
            opened += see_live(e->see[c]).opened_frames - before.opened_frames;
            frames += IDLE_FRAMES;
            eye_close(e);
        }
    }
    (void)snprintf(note, sizeof note, "%% of one core per camera, 320 x 240 at its rate, JPEG bytes to done; %.1f %% of %llu frames decoded in full, %zu pieces of evidence",
                   frames ? 100 * (double)opened / (double)frames : 0, (unsigned long long)frames, evidence);
    bench_print(b, &(struct bench_figure){ .name = name, .unit = "% of a core", .simulated = true, .n = n, .sample = share, .cluster = cluster, .note = note });
}

void bench_idle(struct bench *b)
{
    idle(b, "idle_cost_standing", false);
    idle(b, "idle_cost_rolling", true);
}

struct frames { size_t n; double *all, *bare; int *cluster; };

static bool frames_new(struct frames *f, size_t n)
{
    f->n = 0;
    f->all = calloc(n, sizeof *f->all);
    f->bare = calloc(n, sizeof *f->bare);
    f->cluster = calloc(n, sizeof *f->cluster);
    return f->all && f->bare && f->cluster;
}

static void frames_done(struct frames *f)
{
    free(f->all);
    free(f->bare);
    free(f->cluster);
}

static void frames_add(struct frames *f, int64_t all_ns, int64_t decode_ns, int cluster)
{
    f->all[f->n] = 1e-6 * (double)all_ns;
    f->bare[f->n] = 1e-6 * (double)(all_ns - decode_ns);
    f->cluster[f->n++] = cluster;
}

static void frames_print(struct bench *b, const struct frames *f, const char *name, const char *bare, const char *note)
{
    struct bench_figure figure = { .name = name, .unit = "ms", .simulated = true, .n = f->n, .sample = f->all, .cluster = f->cluster, .note = note };

    bench_print(b, &figure);
    figure.name = bare;
    figure.sample = f->bare;
    bench_print(b, &figure);
}

void bench_frames(struct bench *b)
{
    struct frames every = { 0 }, open = { 0 };
    size_t room = 0;

    for (int i = 0; i < b->trips_n; i++)
        room += b->trip[i].n;
    if (!frames_new(&every, room) || !frames_new(&open, room))
        goto out;
    for (int i = 0; i < b->trips_n; i++) {
        const struct bench_trip *t = &b->trip[i];
        struct lap lap = { 0 };
        struct eye *e = eye_open(b, t, &lap);

        for (size_t k = 0; e && k < t->n; k++) {
            const struct trundle_message *m = &t->message[k];
            int64_t start;
            bool was_open;

            if ((m->channel != TRUNDLE_CAM && m->channel != TRUNDLE_DROP) || m->sensor >= BENCH_CAMERAS)
                continue;
            lap = (struct lap){ 0 };
            was_open = see_live(e->see[m->sensor]).open;
            start = clock_mono_ns();
            (void)look(e->see[m->sensor], m);
            start = clock_mono_ns() - start;
            if (m->channel != TRUNDLE_CAM)
                continue;
            frames_add(&every, start, lap.decode_ns, i);
            if (was_open || see_live(e->see[m->sensor]).open)
                frames_add(&open, start, lap.decode_ns, i);
        }
        if (e)
            eye_close(e);
    }
    frames_print(b, &every, "frame_latency", "frame_latency_no_decode", "JPEG in memory to done, every frame of whole trips, one thread, wall clock");
    frames_print(b, &open, "frame_latency_open", "frame_latency_open_no_decode", "of those, the frames while the gate is open, the one that closes it included");
out:
    frames_done(&every);
    frames_done(&open);
}

void bench_mask(struct bench *b)
{
    size_t n = b->quick ? 200 : 1400, done = 0, bytes, bound;
    double *ms = calloc(n, sizeof *ms);
    struct see_jpeg decoder = { NULL };
    struct capture *capture = NULL;
    struct cart_file *cart = calloc(1, sizeof *cart);
    const struct bench_trip *t = &b->trip[0];
    const struct cart_camera *camera;
    uint8_t *rgb = NULL, *jpeg = NULL;
    struct trundle_error err = { .what = "no memory" };
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!ms || !cart || !see_jpeg_init(&decoder))
        goto out;
    TRY_GOTO(status, cart_file_parse(t->world.cart_json.data, t->world.cart_json.n, "cart.json", cart, &err), out);
    camera = &cart->camera[0];
    TRY_GOTO(status, capture_new(camera, &cart->basket, &(struct capture_config)CAPTURE_CONFIG_DEFAULT, &capture, &err), out);
    status = TRUNDLE_NO_MEMORY;
    bound = capture_bound(capture);
    rgb = malloc((size_t)camera->width_px * (size_t)camera->height_px * 3);
    jpeg = malloc(bound);
    if (!rgb || !jpeg)
        goto out;
    status = TRUNDLE_OK;
    for (size_t i = 0; done < n && status == TRUNDLE_OK; i = (i + 1) % t->n) {
        const struct trundle_message *m = &t->message[i];
        struct capture_picture picture = { rgb, camera->width_px, camera->height_px, (size_t)camera->width_px * 3 };
        int64_t start;

        if (m->channel != TRUNDLE_CAM || m->sensor != 0 ||
            !see_jpeg_rgb(&decoder, m->frame.jpeg, m->frame.jpeg_bytes, camera->width_px, camera->height_px, rgb))
            continue;
        start = clock_mono_ns();
        status = capture_mask(capture, &picture, jpeg, bound, &bytes, &err);
        ms[done++] = 1e-6 * (double)(clock_mono_ns() - start);
    }
    if (status == TRUNDLE_OK)
        bench_print(b, &(struct bench_figure){ .name = "mask_encode", .unit = "ms", .simulated = true, .n = done, .sample = ms,
                                               .note = "raw 320 x 240 RGB to masked JPEG, one thread, wall clock" });
out:
    if (status != TRUNDLE_OK)
        bench_fail(b, "mask_encode", &err);
    capture_free(capture);
    see_jpeg_done(&decoder);
    free(cart);
    free(rgb);
    free(jpeg);
    free(ms);
}
