/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * frame-by-frame: detect and classify, every frame for itself, no tracks and no other sense. The basket is what most frames of the last
 * seconds show. The detector is what differs from the empty basket, the classifier the hand-made look and gallery of `see`: there are at most
 * COMPARE_REGIONS things a frame, and things that touch are one. A trained detector takes the place of look_at() and of nothing else.
 */
#include "lab/judge/baseline/inner.h"

#include "base/catalog/catalog.h"
#include "base/std/status.h"
#include "base/std/time.h"
#include "cart/calib/mask.h"
#include "cart/see/compare.h"
#include "cart/see/jpeg.h"
#include "cart/see/see_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LLR, SHARE, WINDOW_S, FIELDS_N };

static const struct judge_baseline_field fields[FIELDS_N] = {
    { "name_llr", "a thing is named from this log-likelihood ratio on; else it is not counted", -50, 50, { 0, 1, 2, 3, 4 }, 5 },
    { "share", "share of the recent frames of a camera that must show a product", 0.01, 1, { 0.3, 0.5, 0.7, 0.9 }, 4 },
    { "window_s", "how far recent frames go back", 0.2, 30, { 1.5, 3, 5, 8 }, 4 },
};

enum { FRAMES = 128, CELLS_LEAST = 40, SIDE_LEAST = 8 };
#define LOOK_NS MS_NS(500)                     /* two frames a second are looked at, as a detector on a cart's computer manages */

/* One camera's detector. */
struct eye {
    struct see_jpeg jpeg;
    struct compare compare;
    uint8_t *keep, *empty, *rgb, *crop;        /* owned */
    bool    works, has_empty;
    int64_t next_ns;
};

struct frame { int64_t t_ns; struct trundle_product product[TRUNDLE_EVIDENCE_PRODUCTS]; uint8_t n; };

struct own {
    struct eye eye[TRUNDLE_CAMERAS_MAX];
    struct see_scratch *scratch;               /* owned */
    float *scores;                             /* owned; one per product of the gallery */
    struct see_model model;
    struct { struct frame frame[FRAMES]; size_t n; } camera[TRUNDLE_CAMERAS_MAX];   /* rings */
    int64_t next_ns;
};

static enum trundle_status open_eye(struct baseline *b, const struct cart_camera *camera, struct eye *eye, struct trundle_error *err)
{
    size_t n = (size_t)camera->width_px * (size_t)camera->height_px;

    eye->keep = calloc(n, 1);
    eye->empty = calloc(n, 3);
    eye->rgb = calloc(n, 3);
    eye->crop = calloc(n, 1);
    if (!eye->keep || !eye->empty || !eye->rgb || !eye->crop || !see_jpeg_init(&eye->jpeg) ||
        !compare_init(&eye->compare, camera->width_px, camera->height_px, eye->keep))
        return error_set(err, TRUNDLE_NO_MEMORY, "frame-by-frame", NULL, "no memory for a camera");
    TRY(mask_make(camera, &b->cart.basket, eye->keep, n, err));
    eye->works = true;
    return TRUNDLE_OK;
}

static enum trundle_status open_eyes(struct baseline *b, struct trundle_error *err)
{
    struct own *o = b->own;

    if (!see_gallery_n(b->gallery))
        return TRUNDLE_OK;
    o->scratch = see_scratch_new();
    o->scores = calloc(see_gallery_n(b->gallery), sizeof *o->scores);
    if (!o->scratch || !o->scores)
        return error_set(err, TRUNDLE_NO_MEMORY, "frame-by-frame", NULL, "no memory for a gallery");
    TRY(see_model_default(&o->model, err));
    for (uint8_t i = 0; i < b->cart.cameras_n; i++)
        if (b->cart.camera[i].role == CART_CAMERA_BASKET)
            TRY(open_eye(b, &b->cart.camera[i], &o->eye[i], err));
    return TRUNDLE_OK;
}

static void close_eyes(struct baseline *b)
{
    struct own *o = b->own;

    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++) {
        struct eye *eye = &o->eye[i];

        if (eye->jpeg.decoder)
            see_jpeg_done(&eye->jpeg);
        compare_done(&eye->compare);
        free(eye->keep);
        free(eye->empty);
        free(eye->rgb);
        free(eye->crop);
    }
    see_scratch_free(o->scratch);
    free(o->scores);
}

/* The likeliest product of one region, as `see` turns scores into ratios. False: too small to describe. */
static bool classify(struct baseline *b, const struct cart_camera *camera, struct eye *eye, const struct region *r, struct trundle_likelihood *out)
{
    struct own *o = b->own;
    struct see_picture p = { .rgb = eye->rgb + 3 * ((size_t)(2 * r->y0) * (size_t)camera->width_px + (size_t)(2 * r->x0)), .stride = 3 * camera->width_px,
                             .mask = eye->crop };
    float embedding[SEE_EMBEDDING];
    size_t n = see_gallery_n(b->gallery), best = 0;
    double sum = 0;

    compare_mask(&eye->compare, r, eye->crop, &p.w, &p.h);
    if (p.w < SIDE_LEAST || p.h < SIDE_LEAST || !see_describe(&p, o->scratch, embedding))
        return false;
    see_gallery_scores(b->gallery, embedding, o->scores);
    for (size_t i = 1; i < n; i++)
        best = o->scores[i] > o->scores[best] ? i : best;
    for (size_t i = 0; i < n; i++)
        sum += exp(((double)o->scores[i] - (double)o->scores[best]) / o->model.temperature);
    out->product = see_gallery_product(b->gallery, best);
    out->llr = (float)log((1 - o->model.outlier) * (double)n / sum + o->model.outlier);
    return true;
}

static void look_at(struct baseline *b, uint8_t sensor, const struct trundle_message *m)
{
    struct own *o = b->own;
    struct eye *eye = &o->eye[sensor];
    const struct cart_camera *camera = &b->cart.camera[sensor];
    struct trundle_evidence e = { .sense = TRUNDLE_SENSE_SEE, .sensor = sensor, .stage = TRUNDLE_STAGE_FINAL, .t0_ns = m->sensed_ns, .t1_ns = m->sensed_ns,
                                  .mass_g = (double)NAN, .mass_sd_g = (double)NAN };
    struct region region[COMPARE_REGIONS];
    float share;
    size_t n;
    int w, h;

    if (!see_jpeg_size(&eye->jpeg, m->frame.jpeg, m->frame.jpeg_bytes, SEE_WIDTH_MAX, &w, &h) || w != camera->width_px || h != camera->height_px ||
        !see_jpeg_rgb(&eye->jpeg, m->frame.jpeg, m->frame.jpeg_bytes, w, h, eye->rgb))
        return;
    if (!eye->has_empty) {
        memcpy(eye->empty, eye->rgb, 3 * (size_t)w * (size_t)h);
        eye->has_empty = true;
        return;
    }
    n = compare_pictures(&eye->compare, eye->empty, eye->rgb, NULL, region, &share);
    for (size_t i = 0; i < n && e.products_n < TRUNDLE_EVIDENCE_PRODUCTS; i++)
        if (region[i].cells >= CELLS_LEAST && classify(b, camera, eye, &region[i], &e.products[e.products_n]))
            e.products_n++;
    baseline_say(b, &e);
    b->kind->evidence(b, &e);
}

static void sample(struct baseline *b, const struct trundle_message *m)
{
    struct own *o = b->own;

    if (m->channel != TRUNDLE_CAM || m->sensor >= TRUNDLE_CAMERAS_MAX || !o->eye[m->sensor].works || m->sensed_ns < o->eye[m->sensor].next_ns)
        return;
    o->eye[m->sensor].next_ns = m->sensed_ns + LOOK_NS;
    look_at(b, m->sensor, m);
}

static void evidence(struct baseline *b, const struct trundle_evidence *e)
{
    struct own *o = b->own;
    struct frame *f;

    if (e->sense != TRUNDLE_SENSE_SEE || e->sensor >= TRUNDLE_CAMERAS_MAX)
        return;
    f = &o->camera[e->sensor].frame[o->camera[e->sensor].n++ % FRAMES];
    *f = (struct frame){ .t_ns = e->t0_ns };
    for (uint8_t i = 0; i < e->products_n; i++)
        if ((double)e->products[i].llr >= b->p[NAME_LLR])
            f->product[f->n++] = e->products[i].product;
}

/* The largest share of recent frames, over cameras, that show the product; -1 while there are too few frames. */
static double shown(const struct baseline *b, struct trundle_product product)
{
    const struct own *o = b->own;
    double most = -1;

    for (int c = 0; c < TRUNDLE_CAMERAS_MAX; c++) {
        size_t held = o->camera[c].n < FRAMES ? o->camera[c].n : FRAMES, frames = 0, with = 0;

        for (size_t i = 1; i <= held; i++) {
            const struct frame *f = &o->camera[c].frame[(o->camera[c].n - i) % FRAMES];
            bool has = false;

            if (f->t_ns < b->now_ns - S_NS(b->p[WINDOW_S]))
                break;
            for (uint8_t k = 0; k < f->n; k++)
                has = has || f->product[k].key == product.key;
            frames++;
            with += has;
        }
        if (frames >= 2)
            most = fmax(most, (double)with / (double)frames);
    }
    return most;
}

static struct baseline_line *inside(struct baseline *b, struct trundle_product product)
{
    for (size_t i = b->lines_n; i--;)
        if (b->line[i].inside && b->line[i].product.key == product.key)
            return &b->line[i];
    return NULL;
}

/* What most frames show is inside, and nothing else is. */
static void tick(struct baseline *b)
{
    struct own *o = b->own;
    int64_t t_ns = b->now_ns - S_NS(b->p[WINDOW_S] * b->p[SHARE]);   /* when it must have come for this share of the window to show it */

    if (b->now_ns < o->next_ns)
        return;
    o->next_ns = b->now_ns + MS_NS(250);
    for (size_t i = 0; i < b->lines_n; i++) {
        double share = b->line[i].inside ? shown(b, b->line[i].product) : -1;

        if (share >= 0 && share < b->p[SHARE])
            baseline_remove(b, &b->line[i], b->now_ns - S_NS(b->p[WINDOW_S] * (1 - b->p[SHARE])));
    }
    for (int c = 0; c < TRUNDLE_CAMERAS_MAX; c++)
        for (size_t i = 1; i <= (o->camera[c].n < FRAMES ? o->camera[c].n : FRAMES); i++) {
            const struct frame *f = &o->camera[c].frame[(o->camera[c].n - i) % FRAMES];

            if (f->t_ns < b->now_ns - S_NS(b->p[WINDOW_S]))
                break;
            for (uint8_t k = 0; k < f->n; k++)
                if (!inside(b, f->product[k]) && shown(b, f->product[k]) >= b->p[SHARE]) {
                    const struct catalog_product *p = catalog_find(b->catalog, f->product[k]);

                    (void)baseline_add(b, f->product[k], t_ns, (double)NAN, p && p->by_weight && p->mass_g > 0 ? p->mass_g : 0, false);
                }
        }
}

const struct baseline_kind baseline_frame_by_frame = { .name = "frame-by-frame", .field = fields, .fields_n = FIELDS_N, .own_bytes = sizeof(struct own),
                                                       .open = open_eyes, .close = close_eyes, .sample = sample, .evidence = evidence, .tick = tick };
