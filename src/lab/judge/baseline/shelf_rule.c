/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * shelf-rule: how shelves with scales and cameras decide (AIM3S: Ruiz et al., "Autonomous Inventory Monitoring through Multi-Modal
 * Sensing", BuildSys 2019; AutoCheckout, the same group's later system). A weight step gives time and mass; the product is the argmax of
 * sight (best of the cameras' frames around the step) x Gaussian of the mass x place. A scan whose mass is plausible comes first.
 */
#include "lab/judge/baseline/inner.h"

#include "base/catalog/catalog.h"
#include "base/std/time.h"

#include <math.h>
#include <string.h>

enum { WAIT_S, SLACK_S, SIGHT, MASS_FLOOR_G, ZONE, UNKNOWN_Z, BEFORE_S, AFTER_S, PICK_S, FIELDS_N };

static const struct judge_baseline_field fields[FIELDS_N] = {
    { "wait_s", "a step waits this long for the cameras", 0, 10, { 0.5, 1.5, 2.5, 4 }, 4 },
    { "slack_s", "a sighting belongs to a step when they are at most this far apart", 0, 10, { 0.25, 0.5, 1, 2 }, 4 },
    { "sight", "weight of a camera's log-likelihood ratio", 0, 4, { 0, 0.25, 0.5, 1 }, 4 },
    { "mass_floor_g", "added to the sd of every mass", 0, 100, { 1, 2, 5, 10 }, 4 },
    { "zone", "probability that what is not scanned comes from where the cart stands", 0, 0.99, { 0, 0.3, 0.6, 0.9 }, 4 },
    { "unknown_z", "a mass further than this many sd from every product is of an unknown one", 1, 100, { 3, 5, 10, 100 }, 4 },
    { "before_s", "a scan reaches forward to a step this many seconds later", 0, 30, { 2, 3, 4, 6, 8 }, 5 },
    { "after_s", "a scan names a step that was this many seconds before it", 0, 30, { 0, 1.5, 3, 5 }, 4 },
    { "pick_s", "a pick reaches forward to a step this many seconds later", 0, 60, { 4, 6, 10, 20 }, 4 },
};

enum { SIGHTS = 64, STEPS = 32 };
#define CODE_Z 5.0                             /* a scan names a step when its mass is this near */

struct own {
    struct trundle_evidence sight[SIGHTS];     /* a ring */
    size_t sights_n;
    struct trundle_evidence step[STEPS];       /* waiting, oldest first */
    size_t steps_n;
};

static double z_of(const struct baseline *b, struct trundle_product product, double mass_g, double sd_g, double *out_sd_g)
{
    double mean, sd;

    if (!baseline_mass(b, product, &mean, &sd))
        return (double)NAN;
    *out_sd_g = sqrt(sd * sd + sd_g * sd_g + b->p[MASS_FLOOR_G] * b->p[MASS_FLOOR_G]);
    return (mass_g - mean) / *out_sd_g;
}

static double seen_as(const struct trundle_evidence *s, struct trundle_product product)
{
    double least = 0;

    for (uint8_t i = 0; i < s->products_n; i++) {
        if (s->products[i].product.key == product.key)
            return (double)s->products[i].llr;
        least = fmin(least, (double)s->products[i].llr);
    }
    return least;                              /* not among the best: at most as good as the last of them */
}

/* The best sighting of the product, over all cameras, around the step and of its direction. */
static double sight_of(const struct baseline *b, const struct trundle_evidence *step, struct trundle_product product)
{
    const struct own *o = b->own;
    size_t n = o->sights_n < SIGHTS ? o->sights_n : SIGHTS;
    double best = -HUGE_VAL;

    for (size_t i = 0; i < n; i++) {
        const struct trundle_evidence *s = &o->sight[i];
        int64_t gap = (s->t0_ns > step->t0_ns ? s->t0_ns : step->t0_ns) - (s->t1_ns < step->t1_ns ? s->t1_ns : step->t1_ns);

        if (gap <= S_NS(b->p[SLACK_S]) && s->products_n && (s->llr_put >= s->llr_take) == (step->mass_g > 0))
            best = fmax(best, seen_as(s, product));
    }
    return isfinite(best) ? best : 0;
}

/* ln of mass x sight x place; -HUGE_VAL: the mass does not fit. */
static double score(const struct baseline *b, const struct trundle_evidence *step, const struct catalog_product *c, bool placed)
{
    double mass_g = fabs(step->mass_g), sd, z, sum;

    if (c->by_weight) {
        sum = -log(fmax(mass_g, 10) * log(500));          /* 10 g to 5 kg, log-uniform */
    } else {
        z = z_of(b, c->key, mass_g, step->mass_sd_g, &sd);
        if (!(fabs(z) <= b->p[UNKNOWN_Z]))
            return -HUGE_VAL;
        sum = -0.5 * z * z - log(sd * 2.5066);
    }
    sum += b->p[SIGHT] * sight_of(b, step, c->key) + log(c->popularity > 0 ? c->popularity : 1e-6);
    if (placed)
        sum += log(*b->zone && !strcmp(b->zone, c->zone) ? 1 : 1 - b->p[ZONE]);
    return sum;
}

static void put(struct baseline *b, const struct trundle_evidence *step)
{
    int64_t t_ns = baseline_step_ns(step);
    const struct catalog_product *best = NULL;
    struct baseline_code *c;
    double most = -HUGE_VAL, sd;

    for (c = NULL; (c = baseline_recent_code(b, t_ns - S_NS(b->p[PICK_S]), t_ns, c)) != NULL;)
        if (c->picked) {
            c->used = true;
            (void)baseline_add(b, c->product, t_ns, step->mass_g, step->mass_g, true);
            return;
        }
    /* A scan after the step, while it waited, is as good as one before. */
    for (c = NULL; (c = baseline_recent_code(b, t_ns - S_NS(b->p[BEFORE_S]), t_ns + S_NS(b->p[AFTER_S]), c)) != NULL;)
        if (!c->picked && fabs(z_of(b, c->product, step->mass_g, step->mass_sd_g, &sd)) <= CODE_Z) {
            c->used = true;
            (void)baseline_add(b, c->product, t_ns, step->mass_g, 0, true);
            return;
        }
    for (size_t i = 0; i < catalog_n(b->catalog); i++) {
        double s = score(b, step, catalog_at(b->catalog, i), true);

        if (s > most) {
            most = s;
            best = catalog_at(b->catalog, i);
        }
    }
    (void)baseline_add(b, best ? best->key : (struct trundle_product){ 0 }, t_ns, step->mass_g, best && best->by_weight ? step->mass_g : 0, false);
}

/* Of what is inside: nearest in what was measured when it came, and in looks. */
static void take(struct baseline *b, const struct trundle_evidence *step)
{
    struct baseline_line *best = NULL;
    double most = -HUGE_VAL;

    for (size_t i = 0; i < b->lines_n; i++) {
        struct baseline_line *line = &b->line[i];
        double sd = sqrt(2 * step->mass_sd_g * step->mass_sd_g + b->p[MASS_FLOOR_G] * b->p[MASS_FLOOR_G]), z = (line->mass_g + step->mass_g) / fmax(sd, 1), s;

        s = -0.5 * z * z + b->p[SIGHT] * sight_of(b, step, line->product);
        if (line->inside && (!best || s > most)) {
            best = line;
            most = s;
        }
    }
    if (best)
        baseline_remove(b, best, baseline_step_ns(step));
}

static void evidence(struct baseline *b, const struct trundle_evidence *e)
{
    struct own *o = b->own;

    if (e->stage != TRUNDLE_STAGE_FINAL)
        return;
    if (e->sense == TRUNDLE_SENSE_SEE)
        o->sight[o->sights_n++ % SIGHTS] = *e;
    else if (e->sense == TRUNDLE_SENSE_WEIGH && isfinite(e->mass_g) && isfinite(e->mass_sd_g) && fmaxf(e->llr_put, e->llr_take) > e->llr_bump && o->steps_n < STEPS)
        o->step[o->steps_n++] = *e;
}

static void tick(struct baseline *b)
{
    struct own *o = b->own;

    while (o->steps_n && b->now_ns >= o->step[0].t1_ns + S_NS(b->p[WAIT_S])) {
        struct trundle_evidence step = o->step[0];

        memmove(&o->step[0], &o->step[1], --o->steps_n * sizeof o->step[0]);
        if (step.mass_g > 0)
            put(b, &step);
        else
            take(b, &step);
    }
}

static void code(struct baseline *b, struct trundle_product product, double weight_g)
{
    double sd;

    (void)weight_g;
    for (size_t i = b->lines_n; i--;) {
        struct baseline_line *line = &b->line[i];

        if (!line->inside || line->coded || line->t_ns < b->sensed_ns - S_NS(b->p[AFTER_S]) || !(fabs(z_of(b, product, line->mass_g, 0, &sd)) <= CODE_Z))
            continue;
        line->product = product;
        line->weight_g = 0;
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

const struct baseline_kind baseline_shelf_rule = { .name = "shelf-rule", .field = fields, .fields_n = FIELDS_N, .weigh = true, .see = true,
                                                   .own_bytes = sizeof(struct own), .evidence = evidence, .code = code, .pick = pick, .tick = tick };
