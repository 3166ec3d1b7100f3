/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* From the pictures before and after an episode to evidence: regions, features, looks, likelihood ratios, place. */
#include "cart/see/see_inner.h"

#include <math.h>
#include <string.h>

enum { F_EMPTIER, F_OUTLINED, F_TEXTURED, F_CARRIED, F_KNOWN, F_SIZE, F_DOUBT, F_PAIR, F_OTHERS, F_EDGE, F_FORCED, F_BEST };

/* Share of the picture that must differ for the camera itself to have moved. */
#define MOVED_SHARE 0.7f
/* Score at which the gallery is half sure that it knows a look; only scales the features `known` and `best`. */
#define SCORE_SCALE 40.0f
/* Regions whose two directions are this close are reported both ways. */
#define UNSURE_LLR 2.0f

/* Cells at the edge, in roots of its cells, from which on a region may be an arm that reaches in. */
#define ARM_EDGE 0.25

struct view {                          /* of one region, one of the two pictures */
    bool  there;
    float embedding[SEE_EMBEDDING];
    float best;
};

static double clip(double v, double limit)
{
    return v > limit ? limit : v < -limit ? -limit : v;
}

static void view_region(struct see *see, const struct region *r, const uint8_t *rgb, float *scores, struct view *out)
{
    struct see_picture p = { .rgb = rgb + 3 * ((size_t)(2 * r->y0) * (size_t)see->camera.width_px + (size_t)(2 * r->x0)),
                             .stride = 3 * see->camera.width_px, .mask = see->crop };

    see_mark(see, SEE_EMBED, false);
    compare_mask(&see->compare, r, see->crop, &p.w, &p.h);
    out->best = 0;
    out->there = see_describe(&p, see->scratch, out->embedding);
    see_mark(see, SEE_EMBED, true);
    if (!out->there || !see_gallery_n(see->gallery))
        return;
    see_mark(see, SEE_SEARCH, false);
    see_gallery_scores(see->gallery, out->embedding, scores);
    for (size_t i = 0; i < see_gallery_n(see->gallery); i++)
        out->best = i == 0 || scores[i] > out->best ? scores[i] : out->best;
    see_mark(see, SEE_SEARCH, true);
}

/* Where the line of sight of the region's middle meets a plane of the basket. */
static bool meet(const struct see *see, const struct region *r, double z_m, double out[2])
{
    double from[3], along[3];

    cart_camera_ray(&see->camera, 2.0 * (double)r->x + 0.5, 2.0 * (double)r->y + 0.5, from, along);
    if (!(fabs(along[2]) > 1e-6))
        return false;
    for (int k = 0; k < 2; k++)
        out[k] = fmin(fmax(from[k] + along[k] * (z_m - from[2]) / along[2], 0), see->basket.size_m[k]);
    return true;
}

/* The height of what lies there is not known: between the floor and 0.2 m, evenly. */
static void place(const struct see *see, const struct region *r, struct trundle_evidence *e)
{
    double low[2], high[2], top = fmin(0.2, see->basket.size_m[2]), side;

    for (int k = 0; k < 3; k++)
        e->position_m[k] = NAN;
    for (int k = 0; k < 6; k++)
        e->position_cov_m2[k] = NAN;
    if (!meet(see, r, 0, low) || !meet(see, r, top, high))
        return;
    side = 0.02 * 0.02;
    e->position_m[0] = (float)(0.5 * (low[0] + high[0]));
    e->position_m[1] = (float)(0.5 * (low[1] + high[1]));
    e->position_m[2] = (float)(0.5 * top);
    e->position_cov_m2[0] = (float)(side + (high[0] - low[0]) * (high[0] - low[0]) / 12);
    e->position_cov_m2[1] = (float)((high[0] - low[0]) * (high[1] - low[1]) / 12);
    e->position_cov_m2[2] = (float)((high[0] - low[0]) * top / 12);
    e->position_cov_m2[3] = (float)(side + (high[1] - low[1]) * (high[1] - low[1]) / 12);
    e->position_cov_m2[4] = (float)((high[1] - low[1]) * top / 12);
    e->position_cov_m2[5] = (float)(side + top * top / 12);
}

/* Product ratios against the background of all products, with a share of looks that say nothing:
 * llr = ln((1 - outlier) N softmax(score / T) + outlier). */
static void name_products(const struct see *see, const float *scores, const struct view *view, struct trundle_evidence *e)
{
    size_t n = see_gallery_n(see->gallery);
    const struct see_model *m = &see->model;
    double t = m->temperature, sum = 0;

    e->products_n = 0;
    e->llr_unknown = 0;
    if (!n || !view->there)
        return;
    for (size_t i = 0; i < n; i++)
        sum += exp(((double)scores[i] - (double)view->best) / t);
    for (size_t i = 0; i < n; i++) {
        double share = exp(((double)scores[i] - (double)view->best) / t) / sum;
        float llr = (float)log((1 - m->outlier) * (double)n * share + m->outlier);
        size_t at = e->products_n;

        while (at > 0 && llr > e->products[at - 1].llr)
            at--;
        if (at == TRUNDLE_EVIDENCE_PRODUCTS)
            continue;
        e->products_n = (uint8_t)(e->products_n < TRUNDLE_EVIDENCE_PRODUCTS ? e->products_n + 1 : e->products_n);
        memmove(e->products + at + 1, e->products + at, (size_t)(e->products_n - 1u - at) * sizeof *e->products);
        e->products[at] = (struct trundle_likelihood){ see_gallery_product(see->gallery, i), llr };
    }
    e->llr_unknown = (float)clip(m->unknown[0] + m->unknown[1] * (double)view->best, m->unknown_limit);
}

static float kind_llr(const struct see_model *m, int kind, const double f[SEE_FEATURES])
{
    double sum = m->kind[kind][SEE_FEATURES];

    for (int i = 0; i < SEE_FEATURES; i++)
        sum += m->kind[kind][i] * f[i];
    return (float)clip(sum, m->kind_limit);
}

static void enqueue(struct see *see, struct trundle_evidence *e, const double f[SEE_FEATURES], const struct region *r, bool of_after,
                    const struct view *view)
{
    struct see_look *look;
    uint32_t at;

    e->id = ++see->next_id;
    if (see->queue_n == SEE_EVIDENCE_QUEUE) {
        see->live.queue_full++;
        return;
    }
    at = (see->queue_first + see->queue_n++) % SEE_EVIDENCE_QUEUE;
    see->queue[at] = *e;
    look = &see->look[at];
    look->evidence_id = e->id;
    look->t0_ns = e->t0_ns;
    look->t1_ns = e->t1_ns;
    look->last_sequence = see->episode.last_sequence;
    memcpy(look->feature, f, sizeof look->feature);
    look->of_after = of_after;
    look->box_px[0] = r ? 2 * (float)r->x0 : 0;
    look->box_px[1] = r ? 2 * (float)r->y0 : 0;
    look->box_px[2] = r ? 2 * (float)r->x1 : 0;
    look->box_px[3] = r ? 2 * (float)r->y1 : 0;
    look->embedded = view && view->there;
    if (look->embedded)
        memcpy(look->embedding, view->embedding, sizeof look->embedding);
}

static float likeness(const struct view *a, const struct view *b)
{
    float sum = 0;

    if (!a->there || !b->there)
        return 0;
    for (int i = 0; i < SEE_EMBEDDING; i++)
        sum += a->embedding[i] * b->embedding[i];
    return sum < 0 ? 0 : sum;
}

static void fill_features(const struct see *see, const struct region *r, size_t n, size_t i, const struct view *after, const struct view *before,
                          bool forced, double f[SEE_FEATURES])
{
    const struct episode *e = &see->episode;
    /* The region itself differs in every going frame: 4 of its cells make one of the gate's. */
    double coming = e->coming_n ? e->coming / e->coming_n : 0, going = e->going_n ? e->going / e->going_n - (double)r[i].cells / 4 : 0;
    double sure;

    going = going > 0 ? going : 0;
    f[F_EMPTIER] = (double)r[i].emptier;
    f[F_OUTLINED] = (double)r[i].outlined;
    f[F_TEXTURED] = (double)r[i].textured;
    f[F_CARRIED] = (coming - going) / (coming + going + 10);
    f[F_KNOWN] = tanh((double)((after[i].best - before[i].best) / SCORE_SCALE));
    f[F_SIZE] = log(4.0 * (double)r[i].cells / (16.0 * (double)see->gate.watched)) + 5;
    sure = fmax(fabs(f[F_EMPTIER]), fabs(f[F_OUTLINED]));
    f[F_DOUBT] = 1 - sure;
    f[F_PAIR] = 0;
    for (size_t j = 0; j < n; j++)
        if (j != i)
            f[F_PAIR] = fmax(f[F_PAIR], (double)fmaxf(likeness(&after[i], &before[j]), likeness(&before[i], &after[j])));
    f[F_OTHERS] = (double)n - 1;
    f[F_EDGE] = (double)r[i].edge / ((double)r[i].edge + sqrt((double)r[i].cells));
    f[F_FORCED] = forced ? 1 : 0;
    f[F_BEST] = tanh((double)(fmaxf(after[i].best, before[i].best) / SCORE_SCALE));
}

static struct trundle_evidence start_evidence(const struct see *see, uint8_t sensor)
{
    const struct episode *p = &see->episode;
    struct trundle_evidence e = { .sense = TRUNDLE_SENSE_SEE, .sensor = sensor, .stage = TRUNDLE_STAGE_FINAL,
                                  .t0_ns = p->t0_ns, .t1_ns = p->t1_ns, .mass_g = NAN, .mass_sd_g = NAN,
                                  .faults = p->faults | see->live.faults, .refs_n = 1 };

    e.refs[0] = (struct trundle_sample_ref){ TRUNDLE_CAM, sensor, p->first_sequence, p->last_sequence };
    for (int k = 0; k < 3; k++)
        e.position_m[k] = NAN;
    for (int k = 0; k < 6; k++)
        e.position_cov_m2[k] = NAN;
    return e;
}

/* Nothing differs: a hand that came and went, or a shadow. */
static void report_nothing(struct see *see, uint8_t sensor)
{
    struct trundle_evidence e = start_evidence(see, sensor);
    double none[SEE_FEATURES] = { 0 };
    float limit = (float)see->model.empty_llr;

    e.llr_put = e.llr_take = e.llr_move = -limit;
    enqueue(see, &e, none, NULL, false, NULL);
}

bool see_arm_rests(struct see *see)
{
    struct region r[COMPARE_REGIONS];
    float share;
    size_t n;

    see_mark(see, SEE_COMPARE, false);
    n = compare_pictures(&see->compare, see->before, see->rgb, NULL, r, &share);
    see_mark(see, SEE_COMPARE, true);
    for (size_t i = 0; i < n; i++)
        if ((double)r[i].edge > ARM_EDGE * sqrt((double)r[i].cells))
            return true;
    return false;
}

bool see_report(struct see *see, uint8_t sensor, bool forced)
{
    static const struct view nowhere;
    struct region r[COMPARE_REGIONS];
    struct view after[COMPARE_REGIONS], before[COMPARE_REGIONS];
    size_t n, products = see_gallery_n(see->gallery);
    float share;

    see_mark(see, SEE_COMPARE, false);
    n = compare_pictures(&see->compare, see->before, see->rgb, see->has_empty ? see->empty : NULL, r, &share);
    see_mark(see, SEE_COMPARE, true);
    if (share > MOVED_SHARE)
        return false;
    if (!n) {
        report_nothing(see, sensor);
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        after[i] = before[i] = nowhere;
        view_region(see, &r[i], see->rgb, see->scores + 2 * i * products, &after[i]);
        view_region(see, &r[i], see->before, see->scores + (2 * i + 1) * products, &before[i]);
    }
    for (size_t i = 0; i < n; i++) {
        struct trundle_evidence e = start_evidence(see, sensor);
        double f[SEE_FEATURES];
        float put, take, both;

        fill_features(see, r, n, i, after, before, forced, f);
        put = kind_llr(&see->model, TRUNDLE_EVENT_PUT, f);
        take = kind_llr(&see->model, TRUNDLE_EVENT_TAKE, f);
        e.llr_move = kind_llr(&see->model, TRUNDLE_EVENT_MOVE, f);
        place(see, &r[i], &e);
        both = fabsf(put - take) < UNSURE_LLR ? 1 : 0;
        for (int as_take = 0; as_take < 2; as_take++) {
            const struct view *view = as_take ? &before[i] : &after[i];

            if (both == 0 && as_take != (take > put))
                continue;
            /* Reported both ways, each way keeps its own ratio and leaves the other to its twin. */
            e.llr_put = both > 0 && as_take ? -(float)see->model.kind_limit : put;
            e.llr_take = both > 0 && !as_take ? -(float)see->model.kind_limit : take;
            name_products(see, see->scores + (2 * i + (size_t)as_take) * products, view, &e);
            enqueue(see, &e, f, &r[i], !as_take, view);
        }
    }
    return true;
}
