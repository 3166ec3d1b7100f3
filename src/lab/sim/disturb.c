/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* When people lean, hang and pull, and where ramps are. */
#include "lab/sim/disturb.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
static const double QUIET_S = 1.5;         /* at both ends of a trip: the scale is tared before, paid for after */

const char *const disturb_name[DISTURB_KINDS] = { "lean", "hanging bag", "child pulls", "slope" };

static double range_of(struct rng *r, struct suite_range range)
{
    return rng_range(r, range.lo, range.hi);
}

static double smooth(double f)
{
    f = fmin(1, fmax(0, f));
    return f * f * (3 - 2 * f);
}

double disturb_weight(const struct disturb *d, double t)
{
    if (t <= d->t0 || t >= d->t1)
        return 0;
    return fmin(d->rise_s > 0 ? smooth((t - d->t0) / d->rise_s) : 1, d->fall_s > 0 ? smooth((d->t1 - t) / d->fall_s) : 1);
}

double disturb_force(const struct disturb *d, double t)
{
    double w = disturb_weight(d, t);

    return w == 0 ? 0 : w * (1 + d->sway * sin(2 * PI * (d->sway_hz * t + d->sway_phase)));
}

static void add(struct disturbs *out, struct disturb d)
{
    if (out->n < DISTURBS && d.t1 > d.t0)
        out->d[out->n++] = d;
}

/* A place on the rim; the shopper stands at the rear or at a side, hardly ever in front. */
static void on_rim(const struct plan *plan, struct rng *r, struct disturb *d)
{
    const double *size = plan->store->cart.basket.size_m;
    double u = rng_unit(r), along = rng_range(r, .15, .85);

    d->x_m = u < .4 ? along * size[0] : u < .7 ? 0 : size[0];
    d->y_m = u < .4 ? 0 : along * size[1];
}

static void add_leans(const struct plan *plan, struct rng *r, struct disturbs *out)
{
    const struct sim_suite *s = plan->store->suite;
    double rate = s->motion.lean_per_min / 60;

    for (double t = QUIET_S; rate > 0;) {
        struct disturb d = { .kind = DISTURB_LEAN, .sway = s->motion.lean_sway };

        t += rng_exponential(r, 1 / rate);
        d.t0 = t;
        d.t1 = t + range_of(r, s->motion.lean_s);
        d.rise_s = fmin(rng_range(r, .15, .5), .4 * (d.t1 - d.t0));
        d.fall_s = fmin(rng_range(r, .1, .35), .4 * (d.t1 - d.t0));
        d.g = range_of(r, s->motion.lean_g);
        d.sway_hz = range_of(r, s->motion.sway_hz);
        d.sway_phase = rng_unit(r);
        on_rim(plan, r, &d);
        if (d.t1 > plan->end_s - QUIET_S || out->n >= DISTURBS / 2)
            break;
        add(out, d);
        t = d.t1;
    }
}

static void add_bag(const struct plan *plan, struct rng *r, struct disturbs *out)
{
    const struct sim_suite *s = plan->store->suite;
    const double *size = plan->store->cart.basket.size_m;
    bool has = rng_unit(r) < s->motion.bag_share, stays = rng_unit(r) < .5;
    double room = plan->end_s - 2 * QUIET_S, from = rng_range(r, 0, .6), to = rng_range(r, from + .1, .97);
    struct disturb d = { .kind = DISTURB_BAG, .t0 = QUIET_S + from * room, .t1 = stays ? plan->end_s + 1 : QUIET_S + to * room, .rise_s = .4, .fall_s = .4 };

    d.g = range_of(r, s->motion.bag_g);
    d.length_m = range_of(r, s->motion.bag_m);
    d.x_m = rng_range(r, .1, .9) * size[0];
    d.y_m = -.04;                          /* a hook behind the rear wall */
    if (has && room > 0)
        add(out, d);
}

static void add_child(const struct plan *plan, struct rng *r, struct disturbs *out)
{
    const struct sim_suite *s = plan->store->suite;
    const double *size = plan->store->cart.basket.size_m;
    bool has = rng_unit(r) < s->motion.child_share, right = rng_unit(r) < .5;
    int times = 1 + (int)rng_below(r, 3);
    double room = plan->end_s - 2 * QUIET_S, t = QUIET_S + rng_range(r, .05, .8) * room;

    for (int i = 0; has && i < times && room > 0; i++) {
        struct disturb d = { .kind = DISTURB_CHILD, .t0 = t, .sway = fmin(1, 2.5 * s->motion.lean_sway) };

        d.t1 = t + range_of(r, s->motion.child_s);
        d.rise_s = fmin(rng_range(r, .2, .6), .4 * (d.t1 - t));
        d.fall_s = fmin(rng_range(r, .1, .3), .4 * (d.t1 - t));
        d.g = range_of(r, s->motion.child_g);
        d.pull_g[0] = (right ? 1 : -1) * range_of(r, s->motion.child_pull_g);
        d.pull_g[1] = .3 * rng_normal(r) * fabs(d.pull_g[0]);
        d.sway_hz = 2.5 * range_of(r, s->motion.sway_hz);
        d.sway_phase = rng_unit(r);
        d.x_m = right ? size[0] : 0;
        d.y_m = rng_range(r, .2, .9) * size[1];
        t = d.t1 + rng_range(r, .5, 4);
        if (d.t1 < plan->end_s - QUIET_S)
            add(out, d);
    }
}

/* A ramp begins in a roll. It ends in it, or in the next one, and the cart stands on it between them. */
static void add_slopes(const struct plan *plan, struct rng *r, struct disturbs *out)
{
    const struct sim_suite *s = plan->store->suite;
    double free_from = 0;

    for (size_t i = 0; i < plan->rolls_n; i++) {
        const struct plan_roll *roll = &plan->roll[i], *end = roll;
        bool ramp = rng_unit(r) < s->motion.slope_share, stay = rng_unit(r) < s->motion.slope_stay_share, up = rng_unit(r) < .5;
        double from = rng_range(r, .1, .4), to = rng_range(r, .6, .9), angle = range_of(r, s->motion.slope_deg) * PI / 180;
        double base = fmax(.3, s->motion.wheelbase_m);
        struct disturb d = { .kind = DISTURB_SLOPE, .angle_rad = up ? angle : -angle };

        if (stay && i + 1 < plan->rolls_n)
            end = &plan->roll[i + 1];
        d.t0 = roll->t0 + from * (roll->t1 - roll->t0);
        d.t1 = end->t0 + to * (end->t1 - end->t0);
        /* it is all on the ramp when the rear wheels are */
        d.rise_s = fmin(base / fmax(.1, roll->speed_ms), .45 * (d.t1 - d.t0));
        d.fall_s = fmin(base / fmax(.1, end->speed_ms), .45 * (d.t1 - d.t0));
        if (!ramp || d.t0 < free_from)
            continue;
        if (end == roll)                      /* a ramp shorter than the cart tilts it less */
            d.angle_rad *= fmin(1, (d.t1 - d.t0) * roll->speed_ms / (2 * base));
        add(out, d);
        free_from = d.t1;
    }
}

static int by_start(const void *a, const void *b)
{
    const struct disturb *x = a, *y = b;

    return (x->t0 > y->t0) - (x->t0 < y->t0);
}

void forces_make(const struct plan *plan, struct disturbs *out)
{
    const char *root = plan->store->suite->root;
    uint64_t seed = hash64(&plan->seed, sizeof plan->seed, hash64(root, strlen(root), 0));
    struct rng lean = rng_seed(seed, "trip/lean"), bag = rng_seed(seed, "trip/bag"), child = rng_seed(seed, "trip/child"), slope = rng_seed(seed, "trip/slope");

    out->n = 0;
    add_slopes(plan, &slope, out);
    add_bag(plan, &bag, out);
    add_child(plan, &child, out);
    add_leans(plan, &lean, out);
    qsort(out->d, out->n, sizeof *out->d, by_start);
}
