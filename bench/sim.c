/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trundle-bench-sim - JSON lines of what the simulator costs: pictures a second of both renderers, how near the tracer comes to its reference,
 * core-seconds a trip. docs/simulator.md says what each figure is. Started by bench/run.
 */
#include "bench/bench.h"

#include "cart/calib/mask.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/sim/lights.h"
#include "lab/sim/make.h"
#include "lab/sim/model.h"
#include "lab/sim/trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ITEMS = 40, SCENES_MAX = 100, LEAST_TRIANGLES = 50000 };

struct filled {
    struct sim_store *store;
    struct sim_mesh mesh[ITEMS];
    struct sim_texture print[ITEMS], floor, wall;
    struct sim_scene scene;
    uint32_t triangles;
};

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The vertex in the middle of a side; one for both triangles that share it. `table` has a power of two of places. */
struct side { uint32_t a, b, middle; };

static uint32_t middle_of(struct sim_mesh *out, struct side *table, uint32_t places, uint32_t a, uint32_t b)
{
    uint32_t lo = a < b ? a : b, hi = a < b ? b : a, at = (lo * 2654435761U + hi * 40503U) & (places - 1);
    const struct sim_vertex *from = &out->vertex[a], *to = &out->vertex[b];
    struct sim_vertex *v = &out->vertex[out->vertices];

    for (; table[at].middle; at = (at + 1) & (places - 1))
        if (table[at].a == lo && table[at].b == hi)
            return table[at].middle;
    for (int j = 0; j < 3; j++) {
        v->p[j] = .5f * (from->p[j] + to->p[j]);
        v->n[j] = .5f * (from->n[j] + to->n[j]);
    }
    v->u = .5f * (from->u + to->u);
    v->v = .5f * (from->v + to->v);
    table[at] = (struct side){ lo, hi, out->vertices };
    return out->vertices++;
}

/* Each triangle into four, by the middles of its sides. False: too many for 16-bit indices, or no memory; the mesh stays. */
static bool divide(struct sim_mesh *m)
{
    struct sim_mesh out = { .vertices = m->vertices };
    uint32_t places = 64;
    struct side *table;
    bool ok;

    while (places < m->triangles * 6)
        places *= 2;
    if (m->vertices + m->triangles * 3 > UINT16_MAX)
        return false;
    out.vertex = malloc((m->vertices + m->triangles * 3) * sizeof *out.vertex);
    out.index = malloc(m->triangles * 12 * sizeof *out.index);
    table = calloc(places, sizeof *table);
    ok = out.vertex && out.index && table;
    if (ok)
        memcpy(out.vertex, m->vertex, m->vertices * sizeof *out.vertex);
    for (uint32_t i = 0; i < m->triangles && ok; i++) {
        const uint16_t *old = m->index + 3 * (size_t)i;
        uint32_t ab = middle_of(&out, table, places, old[0], old[1]), bc = middle_of(&out, table, places, old[1], old[2]);
        uint32_t ca = middle_of(&out, table, places, old[2], old[0]), corner[12] = { old[0], ab, ca, ab, old[1], bc, ca, bc, old[2], ab, bc, ca };

        for (uint32_t k = 0; k < 12; k++)
            out.index[3 * out.triangles + k] = (uint16_t)corner[k];
        out.triangles += 4;
    }
    free(table);
    memcpy(out.half_m, m->half_m, sizeof out.half_m);
    if (!ok) {
        sim_mesh_done(&out);
        return false;
    }
    sim_mesh_done(m);
    *m = out;
    return true;
}

static void emptied(struct filled *f)
{
    for (int i = 0; i < ITEMS; i++) {
        sim_mesh_done(&f->mesh[i]);
        sim_texture_done(&f->print[i]);
    }
    sim_texture_done(&f->floor);
    sim_texture_done(&f->wall);
    sim_store_free(f->store);
}

/* 40 items in two layers, turned and tilted, as a full basket of store `id`. */
static enum trundle_status fill(const struct sim_suite *suite, int64_t id, struct filled *f, struct trundle_error *err)
{
    struct rng r = rng_seed((uint64_t)id, "bench/fill");
    static const double grey[3] = { 150, 152, 158 };
    const double *size;

    TRY(sim_store_new(suite, id, &f->store, err));
    TRY(sim_print_plain(grey, .05, 64, 1, &f->floor));
    TRY(sim_print_plain(grey, .05, 64, 2, &f->wall));
    size = f->store->cart.basket.size_m;
    f->scene = (struct sim_scene){ .cart = &f->store->cart, .floor = &f->floor, .wall = &f->wall, .resting_version = 1 };
    sim_lights_of(f->store, &f->scene.light, &f->scene.backdrop);
    for (int i = 0; i < ITEMS; i++) {
        const struct sim_product *p = &f->store->product[rng_below(&r, (uint32_t)f->store->products_n)];
        struct sim_solid *s = &f->scene.solid[f->scene.n++];
        int layer = i / 20, k = i % 20;
        double half[3], z;
        bool lying = rng_unit(&r) < .6;

        TRY(sim_model_item(p, p->produce ? (int)p->produce->pieces.lo : 1, 1, &f->mesh[i]));
        TRY(sim_print_product(p, &f->print[i]));
        sim_model_half(p, p->produce ? (int)p->produce->pieces.lo : 1, 1, half);
        z = (lying ? half[1] : half[2]) + layer * .11;
        *s = (struct sim_solid){ .id = (uint8_t)(i + 1), .mesh = &f->mesh[i], .texture = &f->print[i], .resting = true,
                                 .gloss = p->produce ? .3f : (float)rng_range(&r, .2, .9), .clear = p->pack == SUITE_BOTTLE && !p->produce && i % 2 ? .6f : 0 };
        s->pose = sim_pose_make(size[0] * (.12 + .19 * (k % 5)) + rng_range(&r, -.02, .02), size[1] * (.12 + .25 * (k / 5)) + rng_range(&r, -.02, .02), z,
                                rng_range(&r, -3.1, 3.1), lying ? -1.5 : rng_range(&r, -.1, .1), rng_range(&r, -.1, .1));
    }
    for (int round = 0; round < 4 && f->triangles < LEAST_TRIANGLES; round++) {
        f->triangles = 0;
        for (int i = 0; i < ITEMS; i++)
            f->triangles += f->mesh[i].triangles;
        for (int i = 0; i < ITEMS && f->triangles < LEAST_TRIANGLES; i++) {
            uint32_t before = f->mesh[i].triangles;

            if (divide(&f->mesh[i]))
                f->triangles += f->mesh[i].triangles - before;
        }
    }
    return TRUNDLE_OK;
}

static double psnr_db(const uint32_t *a, const uint32_t *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 24; k += 8) {
            double d = (double)(a[i] >> k & 255) - (double)(b[i] >> k & 255);

            sum += d * d;
        }
    return sum > 0 ? 10 * log10(255. * 255 * 3 * (double)n / sum) : 99;
}

struct samples { double v[SCENES_MAX * 8], per[SCENES_MAX * 8]; int cluster[SCENES_MAX * 8]; size_t n; };

static void add(struct samples *s, double v, double per, int cluster)
{
    s->v[s->n] = v;
    s->per[s->n] = per;
    s->cluster[s->n++] = cluster;
}

static void tell(const struct bench *b, const char *name, const char *unit, struct samples *s, bool ratio, const char *note)
{
    bench_print(b, &(struct bench_figure){ .name = name, .unit = unit, .note = note, .kind = "measured", .simulated = true, .n = s->n, .sample = s->v,
                                           .per = ratio ? s->per : NULL, .cluster = s->cluster });
}

static void write_ppm(const char *folder, int scene, const char *what, const uint32_t *rgb, int w, int h)
{
    char path[600];
    FILE *file;

    if (!folder)
        return;
    (void)snprintf(path, sizeof path, "%s/%d-%s.ppm", folder, scene, what);
    file = fopen(path, "wb");
    if (!file)
        return;
    (void)fprintf(file, "P6\n%d %d\n255\n", w, h);
    for (int i = 0; i < w * h; i++) {
        const uint8_t px[3] = { (uint8_t)(rgb[i] >> 16), (uint8_t)(rgb[i] >> 8), (uint8_t)rgb[i] };

        (void)fwrite(px, 1, 3, file);
    }
    (void)fclose(file);
}

/* Both renderers on full baskets, each picture made from nothing (but the meshes' own trees); then the reference. */
static enum trundle_status pictures(struct bench *b, const struct sim_suite *suite, int scenes, int references, const char *folder, struct trundle_error *err)
{
    static const struct sim_render_ops *const ops[2] = { &sim_raster, &sim_trace };
    static const char *const names[2] = { "sim_raster_pictures", "sim_trace_pictures" };
    struct samples *s = calloc(6, sizeof *s);
    uint8_t *mask = NULL;
    enum trundle_status status = TRUNDLE_OK;
    uint32_t *reference = NULL;
    struct filled f = { .store = NULL };

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "bench", NULL, "no memory");
    for (int i = 0; i < scenes && status == TRUNDLE_OK; i++) {
        f = (struct filled){ .store = NULL };
        TRY_GOTO(status, fill(suite, i, &f, err), out);
        for (int o = 0; o < 2; o++) {
            const struct cart_camera *camera = &f.store->cart.camera[i % f.store->cart.cameras_n];
            size_t n = (size_t)camera->width_px * (size_t)camera->height_px;
            struct sim_renderer *r = NULL;
            struct sim_view view;

            TRY_GOTO(status, ops[o]->make(camera, &r), out);
            ops[o]->render(r, &f.scene, &view);
            for (int k = 0; k < 5; k++) {
                double t = cpu_s();

                f.scene.resting_version++;
                ops[o]->render(r, &f.scene, &view);
                add(&s[o], 1, cpu_s() - t, i);
            }
            write_ppm(folder, i, ops[o]->name, view.rgb, view.w, view.h);
            if (o == 1 && i < references) {
                reference = malloc(n * sizeof *reference);
                if (!reference) {
                    status = TRUNDLE_NO_MEMORY;
                    goto out;
                }
                trace_reference(r, 4, reference, NULL);
                add(&s[2], psnr_db(reference, view.rgb, n), 1, i);
                write_ppm(folder, i, "reference", reference, view.w, view.h);
                free(reference);
                reference = NULL;
            }
            if (o == 1) {                          /* as a trip makes them: what the cart's mask blanks gets no colour */
                mask = malloc(n);
                TRY_GOTO(status, mask ? mask_make(camera, &f.store->cart.basket, mask, n, err) : TRUNDLE_NO_MEMORY, out);
                ops[o]->limit(r, mask);
                ops[o]->render(r, &f.scene, &view);
                for (int k = 0; k < 5; k++) {
                    double t = cpu_s();

                    f.scene.resting_version++;
                    ops[o]->render(r, &f.scene, &view);
                    add(&s[4], 1, cpu_s() - t, i);
                }
                free(mask);
                mask = NULL;
            }
            ops[o]->done(r);
        }
        add(&s[3], f.triangles, 1, i);
        emptied(&f);
        f = (struct filled){ .store = NULL };
    }
    for (int o = 0; o < 2; o++)
        tell(b, names[o], "pictures/s of one core", &s[o], true, "320x240, 40 items, everything made anew for each picture");
    tell(b, "sim_trace_masked_pictures", "pictures/s of one core", &s[4], true, "the same, colours only where the cart's mask keeps them, as in trips");
    tell(b, "sim_trace_psnr", "dB", &s[2], false, "against 256 samples a pixel, no denoiser; 8-bit colours before the sensor");
    for (size_t i = 1; i < s[2].n; i++)
        s[2].v[0] = fmin(s[2].v[0], s[2].v[i]);
    s[2].n = s[2].n ? 1 : 0;
    tell(b, "sim_trace_psnr_least", "dB", &s[2], false, "of the basket that is worst");
    tell(b, "sim_scene_triangles", "triangles", &s[3], false, NULL);
out:
    if (status != TRUNDLE_OK && err && err->status == TRUNDLE_OK)
        (void)error_set(err, status, "bench", NULL, "cannot make a scene: %s", trundle_status_text(status));
    emptied(&f);
    free(reference);
    free(mask);
    free(s);
    return status;
}

static enum trundle_status trips(struct bench *b, const struct sim_suite *suite, int with, int without, struct trundle_error *err)
{
    static const char *const names[2] = { "sim_trip_blind", "sim_trip" };
    struct samples *s = calloc(1, sizeof *s);
    struct sim_store *store = NULL;
    enum trundle_status status = s ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
    char path[600];

    for (int o = 0; o < 2 && status == TRUNDLE_OK; o++) {
        s->n = 0;
        for (int i = 0; i < (o ? with : without) && status == TRUNDLE_OK; i++) {
            double t = cpu_s();

            if (i % SIM_TRIPS_PER_STORE == 0) {    /* its share of a store, pictures of enrolment apart */
                sim_store_free(store);
                store = NULL;
                TRY_GOTO(status, sim_store_new(suite, sim_store_of(i), &store, err), out);
            }
            (void)snprintf(path, sizeof path, "%s/trip-%d.mcap", b->dir, i);
            (void)unlink(path);
            TRY_GOTO(status, sim_trip_write(store, i, path, o == 1, NULL, err), out);
            add(s, cpu_s() - t, 1, i);
            (void)unlink(path);
        }
        tell(b, names[o], "core-seconds a trip", s, false, o ? "with pictures" : "without pictures");
    }
out:
    sim_store_free(store);
    free(s);
    return status;
}

int main(int argc, char **argv)
{
    const char *suite_name = "v1", *dir = ".", *commit = "unknown", *folder = NULL;
    long long scenes = 20, references = 20, with = 5, without = 40;
    const struct option_row rows[] = { { "suite", "NAME|FILE", OPTION_TEXT, &suite_name, "what world (default v1)" },
                                       { "dir", "DIR", OPTION_TEXT, &dir, "scratch folder" },
                                       { "commit", "TEXT", OPTION_TEXT, &commit, "what the lines say" },
                                       { "scenes", "N", OPTION_LONG, &scenes, "full baskets to picture (default 20)" },
                                       { "references", "N", OPTION_LONG, &references, "of them compared with the reference (default 20)" },
                                       { "trips", "N", OPTION_LONG, &with, "trips with pictures (default 5)" },
                                       { "blind", "N", OPTION_LONG, &without, "trips without (default 40)" },
                                       { "pictures", "DIR", OPTION_TEXT, &folder, "writes the pictures there, PPM" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    struct bench b = { .commit = commit, .model = "none", .board = "" };
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "bench/run sim [OPTION...]", "what the simulator costs", rows, &first, &code))
        return code;
    if (first < argc || scenes < 0 || scenes > SCENES_MAX || references < 0 || with < 0 || with > SCENES_MAX || without < 0 || without > 8 * SCENES_MAX) {
        fprintf(stderr, "bench sim: --scenes and --trips go to %d, --blind to %d\n", SCENES_MAX, 8 * SCENES_MAX);
        return EXIT_USAGE;
    }
    b.commit = commit;
    (void)snprintf(b.dir, sizeof b.dir, "%s", dir);
    status = folder_make(dir, &err);
    if (status == TRUNDLE_OK)
        status = sim_suite_load(suite_name, &suite, &err);
    if (status == TRUNDLE_OK)
        status = pictures(&b, suite, (int)scenes, (int)references, folder, &err);
    if (status == TRUNDLE_OK)
        status = trips(&b, suite, (int)with, (int)without, &err);
    sim_suite_free(suite);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("bench sim", &err);
}
