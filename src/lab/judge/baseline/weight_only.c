/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * weight-only: the fixed-threshold rule of open carts. The summed load, once it holds still, has changed by more than 50 g: that is an
 * event. The catalog's nearest mean mass within 20 g names it, a recent scan before that; what leaves is the nearest in the basket.
 */
#include "lab/judge/baseline/inner.h"

#include "base/catalog/catalog.h"
#include "base/std/time.h"

#include <math.h>

enum { THRESHOLD_G, TOLERANCE_G, STABLE_G, STABLE_S, BEFORE_S, AFTER_S, PICK_S, FIELDS_N };

static const struct judge_baseline_field fields[FIELDS_N] = {
    { "threshold_g", "a change of the load above this is an event; fixed by the rule", 0, 10000, { 50 }, 1 },
    { "tolerance_g", "a product is named when its mean mass is this near; fixed by the rule", 0, 10000, { 20 }, 1 },
    { "stable_g", "the load holds still when its blocks of 0.1 s lie within this range", 0.1, 1000, { 5, 15, 40, 80, 160, 320 }, 6 },
    { "stable_s", "... for this long, at most 1 s", 0.1, 1, { 0.2, 0.4, 0.7, 1 }, 4 },
    { "before_s", "a scan reaches forward to an event this many seconds later", 0, 30, { 2, 3, 4, 6, 8 }, 5 },
    { "after_s", "a scan names an event that was this many seconds before it", 0, 30, { 0, 1.5, 3, 5 }, 4 },
    { "pick_s", "a pick reaches forward to an event this many seconds later", 0, 60, { 4, 6, 10, 20 }, 4 },
};

enum { BLOCKS = 64 };                          /* of 0.1 s that are looked back on */
#define BLOCK_NS MS_NS(100)

struct own {
    /* samples to blocks */
    double  last_g[TRUNDLE_CELLS_MAX];
    double  sum_g;
    int64_t block_ns;
    uint32_t n;
    /* blocks to events */
    struct { int64_t t_ns; double g; } block[BLOCKS];
    size_t  blocks_n;
    double  level_g;
    bool    levelled;
};

/* The mean load of each 0.1 s is this sense's evidence. */
static void sample(struct baseline *b, const struct trundle_message *m)
{
    struct own *o = b->own;
    double sum = 0;

    if (m->channel != TRUNDLE_CELL || m->cell.n != b->cart.cells.n)
        return;
    for (uint8_t i = 0; i < m->cell.n; i++) {
        if (m->cell.raw[i] != TRUNDLE_CELL_NONE)
            o->last_g[i] = b->cart.cells.cell[i].gain_g * ((double)m->cell.raw[i] - b->cart.cells.cell[i].offset);
        sum += o->last_g[i];
    }
    if (o->n && m->sensed_ns - o->block_ns >= BLOCK_NS) {
        struct trundle_evidence e = { .sense = TRUNDLE_SENSE_WEIGH, .stage = TRUNDLE_STAGE_FINAL, .t0_ns = o->block_ns, .t1_ns = o->block_ns + BLOCK_NS,
                                      .mass_g = o->sum_g / o->n, .mass_sd_g = (double)NAN };

        o->sum_g = 0;
        o->n = 0;
        baseline_say(b, &e);
        b->kind->evidence(b, &e);
    }
    if (!o->n)
        o->block_ns = m->sensed_ns;
    o->sum_g += sum;
    o->n++;
}

static bool near(const struct baseline *b, struct trundle_product product, double mass_g, double *out_off_g)
{
    double mean, sd;

    if (!baseline_mass(b, product, &mean, &sd))
        return false;
    *out_off_g = fabs(mass_g - mean);
    return *out_off_g <= b->p[TOLERANCE_G];
}

static void put(struct baseline *b, double mass_g, int64_t t_ns)
{
    struct trundle_product best = { 0 };
    struct baseline_code *c = baseline_recent_code(b, t_ns - S_NS(b->p[PICK_S]), t_ns, NULL);
    double least = 0, off;

    if (c && c->picked) {
        c->used = true;
        (void)baseline_add(b, c->product, t_ns, mass_g, mass_g, true);
        return;
    }
    for (c = NULL; (c = baseline_recent_code(b, t_ns - S_NS(b->p[BEFORE_S]), t_ns, c)) != NULL;)
        if (!c->picked && near(b, c->product, mass_g, &off)) {
            c->used = true;
            (void)baseline_add(b, c->product, t_ns, mass_g, 0, true);
            return;
        }
    for (size_t i = 0; i < catalog_n(b->catalog); i++)
        if (near(b, catalog_at(b->catalog, i)->key, mass_g, &off) && (!best.key || off < least)) {
            best = catalog_at(b->catalog, i)->key;
            least = off;
        }
    (void)baseline_add(b, best, t_ns, mass_g, 0, false);
}

static void take(struct baseline *b, double mass_g, int64_t t_ns)
{
    struct baseline_line *best = NULL;

    for (size_t i = 0; i < b->lines_n; i++)
        if (b->line[i].inside && (!best || fabs(b->line[i].mass_g - mass_g) < fabs(best->mass_g - mass_g)))
            best = &b->line[i];
    if (best)
        baseline_remove(b, best, t_ns);
}

/* When half of the change had come. */
static int64_t half_ns(const struct own *o, double change_g)
{
    size_t n = o->blocks_n < BLOCKS ? o->blocks_n : BLOCKS, i = 1;

    while (i < n && (o->block[(o->blocks_n - i) % BLOCKS].g - o->level_g) / change_g > 0.5)
        i++;
    return o->block[(o->blocks_n - i) % BLOCKS].t_ns + BLOCK_NS;
}

static void evidence(struct baseline *b, const struct trundle_evidence *e)
{
    struct own *o = b->own;
    size_t want = (size_t)lround(b->p[STABLE_S] * 10);
    double low, high, mean = 0;

    if (e->sense != TRUNDLE_SENSE_WEIGH)
        return;
    o->block[o->blocks_n % BLOCKS].t_ns = e->t0_ns;
    o->block[o->blocks_n++ % BLOCKS].g = low = high = e->mass_g;
    if (o->blocks_n < want)
        return;
    for (size_t i = 1; i <= want; i++) {
        double g = o->block[(o->blocks_n - i) % BLOCKS].g;

        low = fmin(low, g);
        high = fmax(high, g);
        mean += g / (double)want;
    }
    if (high - low > b->p[STABLE_G])
        return;
    if (o->levelled && fabs(mean - o->level_g) > b->p[THRESHOLD_G]) {
        double change = mean - o->level_g;

        if (change > 0)
            put(b, change, half_ns(o, change));
        else
            take(b, -change, half_ns(o, change));
    }
    o->level_g = mean;
    o->levelled = true;
}

/* A scan after the fact names the newest event that it fits and that no scan has named. */
static void code(struct baseline *b, struct trundle_product product, double weight_g)
{
    double off;

    (void)weight_g;
    for (size_t i = b->lines_n; i--;) {
        struct baseline_line *line = &b->line[i];

        if (!line->inside || line->coded || line->t_ns < b->sensed_ns - S_NS(b->p[AFTER_S]) || !near(b, product, line->mass_g, &off))
            continue;
        line->product = product;
        line->coded = true;
        baseline_change(b, line);
        return;
    }
    baseline_note_code(b, product, false);
}

static void pick(struct baseline *b, struct trundle_product product)
{
    baseline_note_code(b, product, true);
}

const struct baseline_kind baseline_weight_only = { .name = "weight-only", .field = fields, .fields_n = FIELDS_N, .own_bytes = sizeof(struct own),
                                                    .sample = sample, .evidence = evidence, .code = code, .pick = pick };
