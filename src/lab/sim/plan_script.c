/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What every script does: keys of tracks, loads, marks, hands that reach, carts that roll. */
#include "lab/sim/script.h"

#include "lab/sim/model.h"

#include "base/std/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double script_range(struct script *s, struct suite_range range)
{
    return rng_range(&s->r, range.lo, range.hi);
}

bool script_chance(struct script *s, double p)
{
    return rng_unit(&s->r) < p;
}

void script_key(struct script *s, struct plan_track *track, double t, const double p[3], const double *a, enum plan_ease ease)
{
    struct plan_key *key;

    if (!list_grow((void **)&track->key, sizeof *track->key, track->n, &track->capacity)) {
        s->short_of_memory = true;
        return;
    }
    key = &track->key[track->n++];
    *key = (struct plan_key){ .t = t, .ease = ease };
    memcpy(key->p, p, sizeof key->p);
    memcpy(key->a, a, (track->turns_free ? 4 : 3) * sizeof *a);
}

void script_load(struct script *s, struct plan_load load)
{
    if (load.g == 0)
        return;
    if (s->plan->loads_n < PLAN_LOADS)
        s->plan->load[s->plan->loads_n++] = load;
    else
        s->too_much = true;
}

void script_mark(struct script *s, struct plan_mark mark)
{
    if (s->plan->marks_n < PLAN_MARKS)
        s->plan->mark[s->plan->marks_n++] = mark;
}

void script_cause(struct script *s, const char *name, double t0, double t1)
{
    script_mark(s, (struct plan_mark){ .kind = PLAN_CAUSE, .t = t0, .t1 = t1, .cause = name });
}

/* When the track's height passes `z` between t0 and t1 (monotone there). */
double script_crossing(const struct plan_track *track, double z, double t0, double t1)
{
    double p[3], a[4], before = 0;

    if (plan_track_at(track, t0, p, a, NULL))
        before = p[2] - z;
    for (int i = 0; i < 50; i++) {
        double t = .5 * (t0 + t1);

        if (plan_track_at(track, t, p, a, NULL) && (p[2] - z) * before > 0)
            t0 = t;
        else
            t1 = t;
    }
    return t1;
}

struct reach script_reach(struct script *s, int hand, const double at[3], double half_z)
{
    const double *size = s->plan->store->cart.basket.size_m;
    struct reach reach = { .hand = hand };
    double from = hand == 0 ? -.18 : size[0] + .18;
    int side = (int)rng_below(&s->r, 3);

    reach.outside[0] = side == 2 ? at[0] + rng_range(&s->r, -.1, .1) : from;
    reach.outside[1] = side == 2 ? -.22 : fmax(.05, fmin(size[1] - .05, at[1] + rng_range(&s->r, -.15, .1)));
    reach.outside[2] = size[2] + rng_range(&s->r, .16, .3);
    memcpy(reach.over, at, sizeof reach.over);
    reach.over[0] += rng_range(&s->r, -.04, .04);
    reach.over[1] += rng_range(&s->r, -.04, .04);
    reach.over[2] = fmax(size[2] + half_z + rng_range(&s->r, .03, .09), at[2] + .05);
    for (int k = 0; k < 2; k++)
        reach.grip[k] = .035 * (reach.outside[k] > at[k] ? 1 : -1);
    reach.grip[2] = half_z * .75 + .025;
    reach.turn[0] = rng_range(&s->r, -.5, .5);
    reach.turn[1] = rng_range(&s->r, -.5, .5);
    reach.turn[2] = rng_range(&s->r, -.3, .3);
    return reach;
}

void script_hand_key(struct script *s, const struct reach *reach, double t, const double p[3], enum plan_ease ease)
{
    double at[3] = { p[0] + reach->grip[0], p[1] + reach->grip[1], p[2] + reach->grip[2] };
    static const double zero[3] = { 0, 0, 0 };

    script_key(s, &s->plan->hand[reach->hand].track, t, at, zero, ease);
}

struct plan_item *script_item(struct script *s, struct rng *r, size_t product)
{
    struct plan_item *item = &s->plan->item[s->plan->items_n];
    const struct sim_product *p = &s->plan->store->product[product];

    *item = (struct plan_item){ .product = product, .pieces = 1, .scale = 1, .t_scan = NAN };
    if (p->produce)
        item->pieces = (int)rng_range(r, p->produce->pieces.lo, p->produce->pieces.hi + .999);
    for (int k = 0; k < item->pieces; k++)
        item->mass_g += sim_product_mass(p, r);
    item->carried_g = item->mass_g;
    if (p->produce)
        item->scale = cbrt(item->mass_g / (item->pieces * p->mass_g));
    sim_model_half(p, item->pieces, item->scale, item->half_m);
    if (!p->produce && item->half_m[2] > 1.3 * item->half_m[1] && rng_unit(r) < (item->half_m[2] > .09 ? .7 : .4)) {
        double z = item->half_m[2];

        item->lying = true;
        item->half_m[2] = item->half_m[1];
        item->half_m[1] = z;
    }
    s->plan->items_n++;
    return item;
}

static uint32_t slices_of(const struct script *s, const struct plan_item *item)
{
    return (s->rolling ? PLAN_ROLLING : 0) | (item->mass_g < 50 ? PLAN_LIGHT : 0) |
           (s->plan->store->product[item->product].produce ? PLAN_PRODUCE : 0) | (item->at[2] > item->half_m[2] + .005 ? PLAN_PILED : 0);
}

struct plan_event *script_event(struct script *s, enum trundle_event_kind kind, size_t index)
{
    struct plan_event *e = &s->plan->event[s->plan->events_n++];

    *e = (struct plan_event){ .kind = kind, .item = index, .t_cross = NAN, .t_lift = NAN, .t_release = NAN, .t_load = NAN,
                              .slices = slices_of(s, &s->plan->item[index]) };
    memcpy(e->at, s->plan->item[index].at, sizeof e->at);
    return e;
}

size_t script_inside(const struct plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->items_n; i++)
        n += plan->item[i].inside;
    return n;
}

void script_bump(struct script *s)
{
    if (s->plan->bumps_n < PLAN_MARKS)
        s->plan->bump[s->plan->bumps_n++] = (struct plan_bump){ s->t, script_range(s, s->suite->motion.bump_ms2) * (script_chance(s, .5) ? 1 : -1) };
    script_cause(s, "bump", s->t, s->t + .5);
    s->t += .5;
}

void script_roll(struct script *s, double seconds)
{
    struct plan *plan = s->plan;
    double speed = script_range(s, s->suite->motion.speed_ms), ramp = speed / s->suite->motion.accel_ms2;

    if (seconds < .6 || plan->rolls_n == PLAN_ROLLS)
        return;
    if (2 * ramp > seconds)
        speed = .5 * seconds * s->suite->motion.accel_ms2;
    plan->roll[plan->rolls_n++] = (struct plan_roll){ s->t, s->t + seconds, speed, s->suite->motion.turn_rads * rng_normal(&s->r) };
    script_cause(s, "rolling", s->t, s->t + seconds);
    for (double x = rng_exponential(&s->r, 1); s->suite->motion.floor_bumps_per_m > 0; x += rng_exponential(&s->r, 1)) {
        double t = s->t + x / (s->suite->motion.floor_bumps_per_m * speed);

        if (t >= s->t + seconds - .2 || plan->bumps_n >= PLAN_MARKS / 4)      /* room for what matters more */
            break;
        plan->bump[plan->bumps_n++] = (struct plan_bump){ t, script_range(s, s->suite->motion.bump_ms2) };
        script_cause(s, "kerb", t, t + .4);
    }
}

void script_go(struct script *s, size_t product)
{
    struct plan *plan = s->plan;

    if (plan->stays_n == PLAN_ROLLS)
        return;
    plan->stay[plan->stays_n].t = s->t;
    plan->stay[plan->stays_n].x = plan->store->product[product].zone_x_m;
    plan->stay[plan->stays_n].y = plan->store->product[product].zone_y_m;
    plan->stay[plan->stays_n++].product = product;
}
