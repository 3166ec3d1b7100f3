/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Simulated crops against photos: crops, a logistic regression, the area under its ROC curve. */
#include "lab/sim/realism.h"

#include "lab/sim/develop.h"
#include "lab/sim/lights.h"
#include "lab/sim/world.h"
#include "lab/train/data.h"

#include "base/std/list.h"
#include "base/std/rng.h"
#include "cart/see/describe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = SIM_REALISM_SIDE, ROUNDS = 160, SAMPLES = 1000, SEEN_LEAST = 40 };

struct crops { float *x; size_t n, room; struct see_scratch *scratch; };   /* n rows of SEE_EMBEDDING */

static enum trundle_status crops_make(size_t room, struct crops *c)
{
    *c = (struct crops){ .x = malloc(room * SEE_EMBEDDING * sizeof(float)), .room = room, .scratch = see_scratch_new() };
    return c->x && c->scratch ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
}

static void crops_done(struct crops *c)
{
    free(c->x);
    see_scratch_free(c->scratch);
}

/* A square of a picture, scaled to SIDE, described. */
static enum trundle_status crops_add(struct crops *c, const uint8_t *rgb, int w, int h, int x0, int y0, int side)
{
    uint8_t small[SIDE * SIDE * 3], *cut;
    enum trundle_status status;

    if (c->n == c->room || side < 8 || x0 < 0 || y0 < 0 || x0 + side > w || y0 + side > h)
        return TRUNDLE_OK;
    cut = malloc((size_t)side * (size_t)side * 3);
    if (!cut)
        return TRUNDLE_NO_MEMORY;
    for (int y = 0; y < side; y++)
        memcpy(cut + (size_t)y * (size_t)side * 3, rgb + ((size_t)(y0 + y) * (size_t)w + (size_t)x0) * 3, (size_t)side * 3);
    status = data_resize(cut, side, side, small, SIDE, SIDE);
    free(cut);
    if (status == TRUNDLE_OK &&
        see_describe(&(struct see_picture){ .rgb = small, .w = SIDE, .h = SIDE, .stride = SIDE * 3 }, c->scratch, c->x + c->n * SEE_EMBEDDING))
        c->n++;
    return status;
}

/* ---- photos ---- */

static enum trundle_status add_photo(struct crops *c, const char *path, struct trundle_error *err)
{
    struct bytes file = { 0 };
    uint8_t *rgb = NULL;
    enum trundle_status status;
    int w, h, side;

    TRY_GOTO(status, file_read(path, 32 << 20, &file, err), out);
    TRY_GOTO(status, data_decode(file.data, file.n, path, &rgb, &w, &h, err), out);
    side = (w < h ? w : h) * 6 / 10;               /* the thing is in the middle */
    status = crops_add(c, rgb, w, h, (w - side) / 2, (h - side) / 2, side);
out:
    bytes_done(&file);
    free(rgb);
    return status;
}

/* Spread evenly over the list, so that all kinds of things are there. */
static enum trundle_status add_photos(struct crops *c, const char *folder, const char *list, struct trundle_error *err)
{
    char path[4096], *line, *rest;
    struct bytes text = { 0 };
    enum trundle_status status;
    size_t lines = 0, k = 0;

    (void)snprintf(path, sizeof path, "%.2000s/%s", folder, list);
    TRY_GOTO(status, file_read(path, 16 << 20, &text, err), out);
    TRY_GOTO(status, bytes_append(&text, "", 1), out);
    for (const char *s = (const char *)text.data; *s; s++)
        lines += *s == '\n';
    for (line = strtok_r((char *)text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), k++) {
        size_t before = lines > c->room ? k * c->room / lines : k, after = lines > c->room ? (k + 1) * c->room / lines : k + 1;

        if (before == after)
            continue;
        line[strcspn(line, ",\r")] = 0;
        if (!*line || *line == '/' || strstr(line, ".."))
            continue;
        (void)snprintf(path, sizeof path, "%.2000s/%.2000s", folder, line);
        TRY_GOTO(status, add_photo(c, path, err), out);
    }
    if (!c->n)
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "lines of PATH, LABEL, LABEL", "%s names no photo", list);
out:
    bytes_done(&text);
    return status;
}

/* ---- frames ---- */

static enum trundle_status add_frame(struct crops *c, const struct sim_render_ops *ops, const struct sim_renderer *r, const struct plan *plan, const uint8_t *rgb, int w, int h)
{
    for (size_t i = 0; i < plan->items_n; i++) {
        struct sim_seen seen;
        int side, x, y;

        if (!ops->seen(r, (uint8_t)(i + 1), NULL, &seen) || (float)seen.visible_px < .7f * seen.whole_px)
            continue;
        side = seen.x1 - seen.x0 > seen.y1 - seen.y0 ? seen.x1 - seen.x0 : seen.y1 - seen.y0;
        if (side < SEEN_LEAST || side > h / 2)
            continue;
        side = side * 11 / 10;
        x = (seen.x0 + seen.x1 - side) / 2;
        y = (seen.y0 + seen.y1 - side) / 2;
        TRY(crops_add(c, rgb, w, h, x < 0 ? 0 : x + side > w ? w - side : x, y < 0 ? 0 : y + side > h ? h - side : y, side));
    }
    return TRUNDLE_OK;
}

/* A frame of each camera every 4 s of a trip. */
static enum trundle_status add_trip(struct crops *c, const struct sim_store *store, int64_t seed, struct trundle_error *err)
{
    static const double gain[3] = { 1, 1, 1 };
    const struct sim_render_ops *ops = sim_engine(store->suite);
    struct plan *plan = NULL;
    struct world *world = NULL;
    struct sim_renderer *renderer = NULL;
    struct developer *developer = NULL;
    enum trundle_status status;

    TRY_GOTO(status, plan_new(store, seed, &plan, err), out);
    TRY_GOTO(status, world_new(plan, &world, err), out);
    for (int k = 0; k < store->cart.cameras_n; k++) {
        const struct cart_camera *camera = &store->cart.camera[k];

        ops->done(renderer);
        developer_free(developer);
        renderer = NULL;
        developer = NULL;
        TRY_GOTO(status, ops->make(&store->true_camera[k], &renderer), out);
        TRY_GOTO(status, developer_new(camera->width_px, camera->height_px, store->suite->camera.noise_dn, (uint64_t)seed, &developer), out);
        for (double t = 8; t < plan->end_s && c->n < c->room; t += 4) {
            const unsigned char *jpeg;
            struct sim_scene scene, before;
            struct sim_view view;
            uint8_t *rgb = NULL;
            size_t n;
            int w, h;

            world_scene(world, t, &scene);
            sim_lights_dress(store, &scene);
            world_scene(world, t - .005, &before);
            sim_lights_velocity(&before, .005, &scene);
            ops->render(renderer, &scene, &view);
            TRY_GOTO(status, developer_jpeg(developer, &view, gain, NULL, (int)store->suite->camera.jpeg_quality, &jpeg, &n), out);
            TRY_GOTO(status, data_decode(jpeg, n, "frame", &rgb, &w, &h, err), out);
            status = add_frame(c, ops, renderer, plan, rgb, w, h);
            free(rgb);
            if (status != TRUNDLE_OK)
                goto out;
        }
    }
out:
    ops->done(renderer);
    developer_free(developer);
    world_free(world);
    plan_free(plan);
    return status;
}

/* One trip a store. */
static enum trundle_status add_stores(struct crops *c, const struct sim_suite *suite, int64_t first_store, struct trundle_error *err)
{
    for (int64_t id = first_store; c->n < c->room && id < first_store + 400; id++) {
        struct sim_store *store = NULL;
        enum trundle_status status = sim_store_new(suite, id, &store, err);

        if (status == TRUNDLE_OK)
            status = add_trip(c, store, id * SIM_TRIPS_PER_STORE, err);
        sim_store_free(store);
        TRY(status);
    }
    return c->n ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, "realism", NULL, "no thing is ever as large as %d px in a frame of this suite", SEEN_LEAST);
}

/* ---- telling apart ---- */

struct model { double mean[SEE_EMBEDDING], sd[SEE_EMBEDDING], w[SEE_EMBEDDING], b; };

static double logit(const struct model *m, const float *x)
{
    double sum = m->b;

    for (size_t k = 0; k < SEE_EMBEDDING; k++)
        sum += m->w[k] * ((double)x[k] - m->mean[k]) / m->sd[k];
    return sum;
}

/* Gradient descent with momentum on standardised features, kinds weighed equally; label 1 is real. */
static enum trundle_status learn(struct model *m, const struct crops kind[2])
{
    double *step = calloc(SEE_EMBEDDING, sizeof *step), *gradient = malloc(SEE_EMBEDDING * sizeof *gradient), step_b = 0;
    size_t n = kind[0].n + kind[1].n;
    bool room = step && gradient;

    for (size_t k = 0; k < SEE_EMBEDDING; k++) {
        double sum = 0, squares = 0;

        for (int c = 0; c < 2; c++)
            for (size_t i = 0; i < kind[c].n; i++) {
                double v = (double)kind[c].x[i * SEE_EMBEDDING + k];

                sum += v;
                squares += v * v;
            }
        m->mean[k] = sum / (double)n;
        m->sd[k] = sqrt(fmax(squares / (double)n - m->mean[k] * m->mean[k], 0)) + 1e-4;
    }
    for (int round = 0; room && round < ROUNDS; round++) {
        double gradient_b = 0;

        memset(gradient, 0, SEE_EMBEDDING * sizeof *gradient);
        for (int c = 0; c < 2; c++)
            for (size_t i = 0; i < kind[c].n; i++) {
                const float *x = kind[c].x + i * SEE_EMBEDDING;
                double off = (1 / (1 + exp(-logit(m, x))) - c) / (2 * (double)kind[c].n);

                gradient_b += off;
                for (size_t k = 0; k < SEE_EMBEDDING; k++)
                    gradient[k] += off * ((double)x[k] - m->mean[k]) / m->sd[k];
            }
        for (size_t k = 0; k < SEE_EMBEDDING; k++) {
            step[k] = .9 * step[k] - .004 * (gradient[k] + 1e-3 * m->w[k]);
            m->w[k] += step[k];
        }
        step_b = .9 * step_b - .004 * gradient_b;
        m->b += step_b;
    }
    free(step);
    free(gradient);
    return room ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
}

static enum trundle_status judge(const struct model *m, const struct crops kind[2], uint64_t seed, struct sim_realism *out)
{
    double *score[2] = { NULL, NULL }, *drawn[2] = { NULL, NULL }, *area = malloc(SAMPLES * sizeof *area);
    struct rng r = rng_seed(seed, "realism/bootstrap");
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    for (int c = 0; c < 2; c++) {
        score[c] = malloc(kind[c].n * sizeof *score[c]);
        drawn[c] = malloc(kind[c].n * sizeof *drawn[c]);
        if (!score[c] || !drawn[c] || !area)
            goto out;
        for (size_t i = 0; i < kind[c].n; i++)
            score[c][i] = logit(m, kind[c].x + i * SEE_EMBEDDING);
        qsort(score[c], kind[c].n, sizeof *score[c], list_by_double);
    }
    out->auroc = list_auroc(score[0], kind[0].n, score[1], kind[1].n);
    for (int s = 0; s < SAMPLES; s++) {
        for (int c = 0; c < 2; c++) {
            for (size_t i = 0; i < kind[c].n; i++)
                drawn[c][i] = score[c][rng_below(&r, (uint32_t)kind[c].n)];
            qsort(drawn[c], kind[c].n, sizeof *drawn[c], list_by_double);
        }
        area[s] = list_auroc(drawn[0], kind[0].n, drawn[1], kind[1].n);
    }
    qsort(area, SAMPLES, sizeof *area, list_by_double);
    out->lo = area[SAMPLES / 40];
    out->hi = area[SAMPLES - 1 - SAMPLES / 40];
    status = TRUNDLE_OK;
out:
    for (int c = 0; c < 2; c++) {
        free(score[c]);
        free(drawn[c]);
    }
    free(area);
    return status;
}

enum trundle_status sim_realism_run(const struct sim_suite *suite, int64_t seed, const char *folder, size_t most, struct sim_realism *out,
                                    struct trundle_error *err)
{
    struct crops train[2] = { { 0 } }, test[2] = { { 0 } };
    struct model *model = calloc(1, sizeof *model);
    struct sim_realism result = { 0 };
    enum trundle_status status = model ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    if (most < 20 || most > 20000) {
        free(model);
        return error_set(err, TRUNDLE_BAD_ARG, "realism", NULL, "20 to 20000 crops of each kind");
    }
    for (int c = 0; c < 2 && status == TRUNDLE_OK; c++) {
        status = crops_make(most, &train[c]);
        if (status == TRUNDLE_OK)
            status = crops_make(most, &test[c]);
    }
    if (status != TRUNDLE_OK) {
        status = error_set(err, status, "realism", NULL, "no memory for %zu crops", 4 * most);
        goto out;
    }
    TRY_GOTO(status, add_photos(&train[1], folder, "train.txt", err), out);
    TRY_GOTO(status, add_photos(&test[1], folder, "val.txt", err), out);
    test[0].room = test[1].n < most ? test[1].n : most;
    TRY_GOTO(status, add_stores(&train[0], suite, sim_store_of(seed), err), out);
    TRY_GOTO(status, add_stores(&test[0], suite, sim_store_of(seed) + 400, err), out);
    TRY_GOTO(status, learn(model, train), out);
    TRY_GOTO(status, judge(model, test, (uint64_t)seed, &result), out);
    for (int c = 0; c < 2; c++) {
        result.trained[c] = train[c].n;
        result.judged[c] = test[c].n;
    }
    *out = result;
out:
    for (int c = 0; c < 2; c++) {
        crops_done(&train[c]);
        crops_done(&test[c]);
    }
    free(model);
    return status;
}
