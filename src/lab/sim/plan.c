/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The script of a trip: a clock that goes from action to action. */
#include "lab/sim/plan.h"

#include "lab/sim/model.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 40 };
static const double GRAVITY = 9.81;
static const double PI = 3.14159265358979323846;

struct script {
    struct plan *plan;
    const struct sim_suite *suite;
    struct rng r;
    double t;                              /* now */
    size_t last_put;                       /* item, or PLAN_ITEMS */
    bool   rolling;
};

static double range_of(struct script *s, struct suite_range range)
{
    return rng_range(&s->r, range.lo, range.hi);
}

static bool chance(struct script *s, double p)
{
    return rng_unit(&s->r) < p;
}

static void add_key(struct plan_track *track, double t, const double p[3], const double a[3], enum plan_ease ease)
{
    struct plan_key *key;

    if (track->n == track->capacity)
        return;
    key = &track->key[track->n++];
    key->t = t;
    memcpy(key->p, p, sizeof key->p);
    memcpy(key->a, a, sizeof key->a);
    key->ease = ease;
}

static void add_load(struct plan *plan, double t0, double t1, const double at[3], double g, bool pulse)
{
    if (plan->loads_n < PLAN_LOADS && g != 0)
        plan->load[plan->loads_n++] = (struct plan_load){ t0, t1, at[0], at[1], g, pulse };
}

static void add_mark(struct plan *plan, struct plan_mark mark)
{
    if (plan->marks_n < PLAN_MARKS)
        plan->mark[plan->marks_n++] = mark;
}

bool plan_track_at(const struct plan_track *track, double t, double out_p[3], double out_a[3], bool *out_resting)
{
    const struct plan_key *a = NULL, *b;
    double f = 0;
    size_t i = track->n;

    while (i > 0 && track->key[i - 1].t > t)
        i--;
    if (i == 0)
        return false;
    a = &track->key[i - 1];
    b = i < track->n ? &track->key[i] : a;
    if (a->ease == PLAN_HIDDEN)
        return false;
    if (a->ease != PLAN_REST && b->t > a->t) {
        f = (t - a->t) / (b->t - a->t);
        f = a->ease == PLAN_FALL ? f * f : f * f * f * (10 - 15 * f + 6 * f * f);    /* minimum jerk: Flash, Hogan 1985 */
    }
    for (int k = 0; k < 3; k++) {
        out_p[k] = a->p[k] + f * (b->p[k] - a->p[k]);
        out_a[k] = a->a[k] + f * (b->a[k] - a->a[k]);
    }
    if (out_resting)
        *out_resting = a->ease == PLAN_REST;
    return true;
}

/* When the track's height passes `z` between t0 and t1 (monotone there). */
static double crossing(const struct plan_track *track, double z, double t0, double t1)
{
    double p[3], a[3], before = 0;

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

/* ---- where things rest ---- */

static void footprint(const struct plan_item *item, double yaw, double out[2])
{
    double c = fabs(cos(yaw)), s = fabs(sin(yaw));

    out[0] = c * item->half_m[0] + s * item->half_m[1];
    out[1] = s * item->half_m[0] + c * item->half_m[1];
}

static bool over(const struct plan_item *a, const double at[2], const double foot[2])
{
    double other[2];

    footprint(a, a->yaw, other);
    return fabs(a->at[0] - at[0]) < .9 * (other[0] + foot[0]) && fabs(a->at[1] - at[1]) < .9 * (other[1] + foot[1]);
}

static bool is_covered(const struct plan *plan, size_t index)
{
    const struct plan_item *item = &plan->item[index];
    double foot[2];

    footprint(item, item->yaw, foot);
    for (size_t i = 0; i < plan->items_n; i++)
        if (i != index && plan->item[i].inside && plan->item[i].at[2] > item->at[2] + .5 * item->half_m[2] && over(&plan->item[i], item->at, foot))
            return true;
    return false;
}

/* The lowest of some random places on floor and pile; `half` 0 anywhere, 1 left, 2 right. False: nothing under the mouth. */
static bool find_place(struct script *s, struct plan_item *item, int side, double at[3], double *out_yaw)
{
    const double *size = s->plan->store->cart.basket.size_m;
    double best = size[2] - .02;
    bool found = false;

    for (int tries = 0; tries < TRIES; tries++) {
        double yaw = rng_range(&s->r, -.4, .4) + (chance(s, .5) ? PI / 2 : 0), foot[2], lo, hi, p[2], z = 0;

        footprint(item, yaw, foot);
        lo = side == 2 ? .5 * size[0] : foot[0] + .01;
        hi = side == 1 ? .5 * size[0] : size[0] - foot[0] - .01;
        lo = fmax(lo, foot[0] + .01);
        hi = fmin(hi, size[0] - foot[0] - .01);
        if (hi <= lo || size[1] <= 2 * foot[1] + .02)
            continue;
        p[0] = rng_range(&s->r, lo, hi);
        p[1] = rng_range(&s->r, foot[1] + .01, size[1] - foot[1] - .01);
        for (size_t i = 0; i < s->plan->items_n; i++)
            if (&s->plan->item[i] != item && s->plan->item[i].inside && over(&s->plan->item[i], p, foot))
                z = fmax(z, s->plan->item[i].at[2] + s->plan->item[i].half_m[2]);
        if (z + 2 * item->half_m[2] < best - .01) {
            best = z + 2 * item->half_m[2];
            at[0] = p[0];
            at[1] = p[1];
            at[2] = z + item->half_m[2];
            *out_yaw = yaw;
            found = true;
        }
    }
    return found;
}

/* ---- hands ---- */

/* One entry of a hand: outside, over the target, and the offset of the hand from what it holds. */
struct reach { int hand; double outside[3], over[3], grip[3], turn[3]; };

static struct reach reach_to(struct script *s, int hand, const double at[3], double half_z)
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

static void hand_key(struct script *s, const struct reach *reach, double t, const double p[3], enum plan_ease ease)
{
    double at[3] = { p[0] + reach->grip[0], p[1] + reach->grip[1], p[2] + reach->grip[2] };
    static const double zero[3] = { 0, 0, 0 };

    add_key(&s->plan->hand[reach->hand].track, t, at, zero, ease);
}

static double pitch_of(const struct plan_item *item)
{
    return item->lying ? PI / 2 : 0;
}

static void item_key(struct plan_item *item, const struct reach *reach, double t, const double p[3], double turned, enum plan_ease ease)
{
    double a[3] = { item->yaw + turned * reach->turn[0], pitch_of(item) + turned * reach->turn[1], turned * reach->turn[2] };

    add_key(&item->track, t, p, a, ease);
}

/* ---- actions ---- */

static size_t make_item(struct script *s, bool repeat)
{
    struct plan *plan = s->plan;
    const struct sim_store *store = plan->store;
    size_t index = plan->items_n, product = sim_store_pick(store, &s->r), inside = 0;
    struct plan_item *item = &plan->item[index];
    const struct sim_product *p;

    for (size_t i = 0; repeat && i < plan->items_n; i++)
        if (plan->item[i].inside && rng_below(&s->r, (uint32_t)++inside) == 0)
            product = plan->item[i].product;
    p = &store->product[product];
    *item = (struct plan_item){ .product = product, .pieces = 1, .scale = 1, .t_scan = NAN };
    if (p->produce)
        item->pieces = (int)range_of(s, (struct suite_range){ p->produce->pieces.lo, p->produce->pieces.hi + .999 });
    for (int k = 0; k < item->pieces; k++)
        item->mass_g += sim_product_mass(p, &s->r);
    if (p->produce)
        item->scale = cbrt(item->mass_g / (item->pieces * p->mass_g));
    sim_model_half(p, item->pieces, item->scale, item->half_m);
    if (!p->produce && item->half_m[2] > 1.3 * item->half_m[1] && chance(s, item->half_m[2] > .09 ? .7 : .4)) {
        double z = item->half_m[2];

        item->lying = true;
        item->half_m[2] = item->half_m[1];
        item->half_m[1] = z;
    }
    item->track.key = item->key;
    item->track.capacity = PLAN_KEYS;
    plan->items_n++;
    return index;
}

static uint32_t slices_of(const struct script *s, const struct plan_item *item)
{
    return (s->rolling ? PLAN_ROLLING : 0) | (item->mass_g < 50 ? PLAN_LIGHT : 0) |
           (s->plan->store->product[item->product].produce ? PLAN_PRODUCE : 0) | (item->at[2] > item->half_m[2] + .005 ? PLAN_PILED : 0);
}

static struct plan_event *add_event(struct script *s, enum trundle_event_kind kind, size_t index)
{
    struct plan_event *e = &s->plan->event[s->plan->events_n++];

    *e = (struct plan_event){ .kind = kind, .item = index, .t_cross = NAN, .t_lift = NAN, .t_release = NAN, .t_load = NAN,
                              .slices = slices_of(s, &s->plan->item[index]) };
    memcpy(e->at, s->plan->item[index].at, sizeof e->at);
    return e;
}

/* Lets the item go at `at`: set down or dropped. Returns the time at which the hand is free; fills the event. */
static double set_down(struct script *s, struct plan_item *item, const struct reach *reach, double t_down, double drop, struct plan_event *e)
{
    double held[3] = { item->at[0], item->at[1], item->at[2] + drop };
    double grip = range_of(s, s->suite->shopper.grip_s), lift = range_of(s, s->suite->shopper.lift_s);

    item_key(item, reach, t_down, held, drop > 0 ? .25 : 0, PLAN_REST);
    hand_key(s, reach, t_down, held, PLAN_REST);
    if (drop > 0) {
        double fall = sqrt(2 * drop / GRAVITY), hit = .015;

        e->t_release = t_down + .3 * grip;
        e->t_load = e->t_release + fall + hit;
        item_key(item, reach, e->t_release, held, .25, PLAN_FALL);
        item_key(item, reach, e->t_release + fall, item->at, 0, PLAN_REST);
        add_load(s->plan, e->t_release + fall, e->t_load, item->at, item->mass_g, false);
        add_load(s->plan, e->t_release + fall, e->t_load, item->at, item->mass_g * sqrt(2 * GRAVITY * drop) * PI / (2 * hit * GRAVITY), true);
    } else {
        e->t_release = t_down + grip;
        e->t_load = e->t_release;
        add_load(s->plan, t_down, fmin(t_down + lift, e->t_release), item->at, item->mass_g, false);
        add_load(s->plan, t_down, e->t_release, item->at, range_of(s, s->suite->shopper.press_g), true);
    }
    return t_down + grip;
}

/* Hand out of the basket, empty. Returns when it is outside. */
static double hand_leaves(struct script *s, const struct reach *reach, double t, const double from[3])
{
    double over_t = t + .8 * range_of(s, s->suite->shopper.lower_s), out_t = over_t + range_of(s, s->suite->shopper.reach_s);

    hand_key(s, reach, t, from, PLAN_EASE);
    hand_key(s, reach, over_t, reach->over, PLAN_EASE);
    hand_key(s, reach, out_t, reach->outside, PLAN_HIDDEN);
    return out_t;
}

/* Puts item `index`; its hand starts at `t`. Returns when the hand is away, or a negative number when there is no room. */
static double put(struct script *s, size_t index, int hand, int side, double t, uint32_t slices)
{
    struct plan_item *item = &s->plan->item[index];
    const double *size = s->plan->store->cart.basket.size_m;
    double drop = chance(s, .5) ? range_of(s, s->suite->shopper.drop_m) : 0, over_t, down_t, free_t;
    double held[3];
    struct plan_event *e;
    struct reach reach;

    if (!find_place(s, item, side, item->at, &item->yaw))
        return -1;
    if (drop < .004 || item->at[2] + drop > size[2] - .02)
        drop = 0;
    reach = reach_to(s, hand, item->at, item->half_m[2]);
    e = add_event(s, TRUNDLE_EVENT_PUT, index);
    e->slices |= slices;
    e->t_start = t;
    over_t = t + range_of(s, s->suite->shopper.reach_s);
    down_t = over_t + range_of(s, s->suite->shopper.lower_s);
    item_key(item, &reach, t, reach.outside, 1, PLAN_EASE);
    hand_key(s, &reach, t, reach.outside, PLAN_EASE);
    item_key(item, &reach, over_t, reach.over, .8, PLAN_EASE);
    hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    free_t = set_down(s, item, &reach, down_t, drop, e);
    e->t_cross = crossing(&item->track, size[2], over_t, down_t);
    memcpy(held, item->at, sizeof held);
    held[2] += drop;
    e->t_end = hand_leaves(s, &reach, free_t, held);
    item->inside = true;
    s->last_put = index;
    return e->t_end;
}

static double grasp(struct script *s, size_t index, const struct reach *reach, struct plan_event *e)
{
    struct plan_item *item = &s->plan->item[index];
    double over_t = s->t + range_of(s, s->suite->shopper.reach_s), down_t = over_t + range_of(s, s->suite->shopper.lower_s);
    double grip_t = down_t + range_of(s, s->suite->shopper.grip_s), lift_t = grip_t + range_of(s, s->suite->shopper.lift_s);

    e->t_start = s->t;
    e->t_lift = lift_t;
    hand_key(s, reach, s->t, reach->outside, PLAN_EASE);
    hand_key(s, reach, over_t, reach->over, PLAN_EASE);
    hand_key(s, reach, down_t, item->at, PLAN_REST);
    hand_key(s, reach, lift_t, item->at, PLAN_EASE);
    item_key(item, reach, lift_t, item->at, 0, PLAN_EASE);
    add_load(s->plan, down_t, grip_t, item->at, range_of(s, s->suite->shopper.press_g), true);
    add_load(s->plan, grip_t, lift_t, item->at, -item->mass_g, false);
    return lift_t;
}

static void take(struct script *s, size_t index, bool put_back)
{
    struct plan_item *item = &s->plan->item[index];
    struct reach reach = reach_to(s, (int)rng_below(&s->r, PLAN_HANDS), item->at, item->half_m[2]);
    struct plan_event *e = add_event(s, TRUNDLE_EVENT_TAKE, index);
    double lift_t = grasp(s, index, &reach, e);
    double over_t = lift_t + range_of(s, s->suite->shopper.lower_s), out_t = over_t + range_of(s, s->suite->shopper.reach_s);

    e->slices |= put_back ? PLAN_PUT_BACK : 0;
    item_key(item, &reach, over_t, reach.over, .8, PLAN_EASE);
    hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    item_key(item, &reach, out_t, reach.outside, 1, PLAN_HIDDEN);
    hand_key(s, &reach, out_t, reach.outside, PLAN_HIDDEN);
    e->t_cross = crossing(&item->track, s->plan->store->cart.basket.size_m[2], lift_t, over_t);
    e->t_end = out_t;
    item->inside = false;
    if (s->last_put == index)
        s->last_put = PLAN_ITEMS;
    s->t = out_t;
}

static bool move(struct script *s, size_t index)
{
    struct plan_item *item = &s->plan->item[index];
    struct reach reach = reach_to(s, (int)rng_below(&s->r, PLAN_HANDS), item->at, item->half_m[2]);
    double to[3], yaw, raised[3], lift_t, up_t, down_t;
    struct plan_event *e;

    item->inside = false;                     /* it does not lie in its own way */
    if (!find_place(s, item, 0, to, &yaw)) {
        item->inside = true;
        return false;
    }
    e = add_event(s, TRUNDLE_EVENT_MOVE, index);
    lift_t = grasp(s, index, &reach, e);
    up_t = lift_t + .6 * range_of(s, s->suite->shopper.lower_s);
    for (int k = 0; k < 2; k++)
        raised[k] = .5 * (item->at[k] + to[k]);
    raised[2] = fmin(fmax(item->at[2], to[2]) + .06, s->plan->store->cart.basket.size_m[2] - .015);
    item_key(item, &reach, up_t, raised, .3, PLAN_EASE);
    hand_key(s, &reach, up_t, raised, PLAN_EASE);
    down_t = up_t + .6 * range_of(s, s->suite->shopper.lower_s);
    memcpy(item->at, to, sizeof item->at);
    item->yaw = yaw;
    memcpy(e->at, to, sizeof e->at);
    s->t = set_down(s, item, &reach, down_t, 0, e);
    e->t_end = s->t = hand_leaves(s, &reach, s->t, item->at);
    item->inside = true;
    return true;
}

static void hand_only(struct script *s)
{
    const double *size = s->plan->store->cart.basket.size_m;
    double at[3] = { rng_range(&s->r, .1, size[0] - .1), rng_range(&s->r, .1, size[1] - .1), rng_range(&s->r, .12, size[2] - .05) };
    struct reach reach = reach_to(s, (int)rng_below(&s->r, PLAN_HANDS), at, .02);
    double t0 = s->t, over_t = t0 + range_of(s, s->suite->shopper.reach_s), down_t = over_t + range_of(s, s->suite->shopper.lower_s), up_t = down_t + .1;

    hand_key(s, &reach, t0, reach.outside, PLAN_EASE);
    hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    hand_key(s, &reach, down_t, at, PLAN_REST);
    for (uint32_t k = rng_below(&s->r, 3); k > 0; k--) {
        double end = up_t + rng_range(&s->r, .1, .35);

        add_load(s->plan, up_t, end, at, range_of(s, s->suite->shopper.rummage_g), true);
        up_t = end + .05;
    }
    s->t = hand_leaves(s, &reach, up_t, at);
    add_mark(s->plan, (struct plan_mark){ .kind = PLAN_CAUSE, .t = t0, .t1 = s->t, .cause = "hand only" });
}

static void bump(struct script *s)
{
    if (s->plan->bumps_n < PLAN_MARKS)
        s->plan->bump[s->plan->bumps_n++] = (struct plan_bump){ s->t, range_of(s, s->suite->motion.bump_ms2) * (chance(s, .5) ? 1 : -1) };
    add_mark(s->plan, (struct plan_mark){ .kind = PLAN_CAUSE, .t = s->t, .t1 = s->t + .5, .cause = "bump" });
    s->t += .5;
}

static void roll(struct script *s, double seconds)
{
    struct plan *plan = s->plan;
    double speed = range_of(s, s->suite->motion.speed_ms), ramp = speed / s->suite->motion.accel_ms2;

    if (seconds < .6 || plan->rolls_n == PLAN_ROLLS)
        return;
    if (2 * ramp > seconds)
        speed = .5 * seconds * s->suite->motion.accel_ms2;
    plan->roll[plan->rolls_n++] = (struct plan_roll){ s->t, s->t + seconds, speed, s->suite->motion.turn_rads * rng_normal(&s->r) };
    add_mark(plan, (struct plan_mark){ .kind = PLAN_CAUSE, .t = s->t, .t1 = s->t + seconds, .cause = "rolling" });
    for (double x = rng_exponential(&s->r, 1); s->suite->motion.floor_bumps_per_m > 0; x += rng_exponential(&s->r, 1)) {
        double t = s->t + x / (s->suite->motion.floor_bumps_per_m * speed);

        if (t >= s->t + seconds - .2 || plan->bumps_n >= PLAN_MARKS / 4)      /* room for what matters more */
            break;
        plan->bump[plan->bumps_n++] = (struct plan_bump){ t, range_of(s, s->suite->motion.bump_ms2) };
        add_mark(plan, (struct plan_mark){ .kind = PLAN_CAUSE, .t = t, .t1 = t + .4, .cause = "kerb" });
    }
}

/* The shopper scans or picks before the put; returns when the hand may start. */
static double announce(struct script *s, size_t index, double t, bool *out_scan_after)
{
    struct plan_item *item = &s->plan->item[index];
    bool produce = s->plan->store->product[item->product].produce != NULL;
    double ahead = .55;                       /* a hand takes about this long from its start to crossing */

    *out_scan_after = false;
    if (produce ? !chance(s, s->suite->shopper.pick_share) : !chance(s, s->suite->shopper.scan_share))
        return t;
    item->scanned = true;
    if (!produce && chance(s, s->suite->shopper.scan_after_share)) {
        *out_scan_after = true;
        return t;
    }
    item->t_scan = t + rng_range(&s->r, .1, .3);
    add_mark(s->plan, (struct plan_mark){ .kind = produce ? PLAN_TOUCH : PLAN_CODE, .t = item->t_scan, .product = item->product, .touch = TRUNDLE_TOUCH_PLU });
    return fmax(item->t_scan, item->t_scan + range_of(s, produce ? s->suite->shopper.pick_before_s : s->suite->shopper.scan_before_s) - ahead);
}

static void scan_after(struct script *s, size_t index, double release)
{
    struct plan_item *item = &s->plan->item[index];

    item->t_scan = release + range_of(s, s->suite->shopper.scan_after_s);
    add_mark(s->plan, (struct plan_mark){ .kind = PLAN_CODE, .t = item->t_scan, .product = item->product });
    s->t = fmax(s->t, item->t_scan + .2);
}

static void put_action(struct script *s, bool twice, bool repeat)
{
    size_t index[2];
    bool after[2] = { false, false };
    double start = s->t, end = s->t;
    int hand = (int)rng_below(&s->r, PLAN_HANDS), made = 0;
    uint32_t slices = (twice ? PLAN_DOUBLE : 0) | (repeat ? PLAN_REPEAT : 0);

    for (int k = 0; k < (twice ? 2 : 1) && s->plan->items_n < PLAN_ITEMS; k++) {
        index[k] = make_item(s, repeat);
        start = announce(s, index[k], start, &after[k]);
        made++;
    }
    for (int k = 0; k < made; k++) {
        double at = start + (k ? range_of(s, s->suite->shopper.double_gap_s) : 0);
        double done = put(s, index[k], k ? 1 - hand : hand, twice ? ((k ? 1 - hand : hand) ? 2 : 1) : 0, at, slices);

        if (done < 0) {                       /* no room: scanned for nothing, so the shopper never had it */
            if (index[k] + 1 == s->plan->items_n && !s->plan->item[index[k]].scanned)
                s->plan->items_n--;
            continue;
        }
        end = fmax(end, done);
    }
    s->t = fmax(end, start);
    for (int k = 0; k < made; k++)
        if (after[k] && s->plan->item[index[k]].inside)
            scan_after(s, index[k], s->t);
}

/* A random item that lies free; PLAN_ITEMS: none. */
static size_t free_item(struct script *s)
{
    size_t found = PLAN_ITEMS;
    uint32_t seen = 0;

    for (size_t i = 0; i < s->plan->items_n; i++)
        if (s->plan->item[i].inside && s->plan->item[i].track.n + 16 < PLAN_KEYS && !is_covered(s->plan, i) && rng_below(&s->r, ++seen) == 0)
            found = i;
    return found;
}

static size_t inside_n(const struct plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->items_n; i++)
        n += plan->item[i].inside;
    return n;
}

static void act(struct script *s)
{
    const struct sim_suite *suite = s->suite;
    double u = rng_unit(&s->r);

    if (inside_n(s->plan) >= 2 && u < suite->shopper.take_share + suite->shopper.move_share) {
        bool put_back = chance(s, suite->shopper.put_back_share) && s->last_put < PLAN_ITEMS && !is_covered(s->plan, s->last_put);
        size_t index = put_back ? s->last_put : free_item(s);

        if (index < PLAN_ITEMS && u >= suite->shopper.take_share && move(s, index))
            return;
        if (index < PLAN_ITEMS && u < suite->shopper.take_share) {
            take(s, index, put_back);
            return;
        }
    }
    put_action(s, chance(s, suite->shopper.double_share), inside_n(s->plan) > 0 && chance(s, suite->shopper.repeat_share));
}

static void shop(struct script *s)
{
    const struct sim_suite *suite = s->suite;
    struct plan *plan = s->plan;
    double duration = range_of(s, suite->shopper.duration_s);
    int events = (int)range_of(s, (struct suite_range){ suite->shopper.events.lo, suite->shopper.events.hi + .999 });
    double walks = duration - 3.6 * events - 3, share = fmax(walks, 0) / (events * (1 - suite->shopper.stay_share) + 1);

    plan->member = chance(s, suite->shopper.member_share);
    s->t = 1;
    if (plan->member)
        add_mark(plan, (struct plan_mark){ .kind = PLAN_TOUCH, .t = .5, .touch = TRUNDLE_TOUCH_MEMBER, .count = 1 });
    for (int i = 0; i < events && plan->events_n + 2 < PLAN_EVENTS; i++) {
        bool stay = i > 0 && chance(s, suite->shopper.stay_share);
        size_t next = sim_store_pick(plan->store, &s->r);

        s->rolling = false;
        if (!stay) {
            double seconds = share * rng_range(&s->r, .6, 1.4);

            if (plan->stays_n < PLAN_ROLLS) {
                plan->stay[plan->stays_n].t = s->t;
                plan->stay[plan->stays_n].x = plan->store->product[next].zone_x_m;
                plan->stay[plan->stays_n].y = plan->store->product[next].zone_y_m;
                plan->stay[plan->stays_n++].product = next;
            }
            s->rolling = chance(s, suite->shopper.rolling_share);
            roll(s, s->rolling ? seconds + 4 : seconds);
            s->t += seconds;
        }
        if (!s->rolling)
            s->t += rng_range(&s->r, .3, .8);
        act(s);
        if (s->rolling && plan->rolls_n)
            s->t = fmax(s->t, plan->roll[plan->rolls_n - 1].t1);
        if (chance(s, suite->shopper.hand_only_share))
            hand_only(s);
        if (chance(s, suite->shopper.bump_share))
            bump(s);
    }
    s->t += 1.5;
    add_mark(plan, (struct plan_mark){ .kind = PLAN_TOUCH, .t = s->t, .touch = TRUNDLE_TOUCH_PAY });
    s->t += 2;
    add_mark(plan, (struct plan_mark){ .kind = PLAN_TOUCH, .t = s->t, .touch = TRUNDLE_TOUCH_PAID });
    plan->end_s = s->t + .5;
}

enum trundle_status plan_new(const struct sim_store *store, int64_t seed, struct plan **out, struct trundle_error *err)
{
    struct plan *plan = calloc(1, sizeof *plan);
    const char *name = store->suite->root;
    struct script s = { .plan = plan, .suite = store->suite, .last_put = PLAN_ITEMS };
    double tone;

    if (!plan)
        return error_set(err, TRUNDLE_NO_MEMORY, "plan", NULL, "no memory for a trip's plan");
    s.r = rng_seed(hash64(&seed, sizeof seed, hash64(name, strlen(name), 0)), "trip/shopper");
    plan->store = store;
    plan->seed = seed;
    for (int h = 0; h < PLAN_HANDS; h++) {
        plan->hand[h].track.key = plan->hand[h].key;
        plan->hand[h].track.capacity = PLAN_HAND_KEYS;
    }
    tone = rng_unit(&s.r);
    plan->skin[0] = 90 + 140 * tone;
    plan->skin[1] = 58 + 118 * tone;
    plan->skin[2] = 42 + 100 * tone;
    for (int k = 0; k < 3; k++)
        plan->sleeve[k] = rng_range(&s.r, 25, 220);
    shop(&s);
    *out = plan;
    return TRUNDLE_OK;
}

void plan_free(struct plan *plan)
{
    free(plan);
}

struct plan_motion plan_motion_at(const struct plan *plan, double t)
{
    const struct sim_suite *suite = plan->store->suite;
    struct plan_motion m = { 0 };
    size_t i = plan->stays_n;

    for (size_t k = 0; k < plan->rolls_n; k++) {
        const struct plan_roll *r = &plan->roll[k];
        double a = suite->motion.accel_ms2, ramp = r->speed_ms / a;

        if (t < r->t0 || t >= r->t1)
            continue;
        m.speed_ms = fmin(r->speed_ms, fmin(a * (t - r->t0), a * (r->t1 - t)));
        m.accel_ms2 = t < r->t0 + ramp ? a : t >= r->t1 - ramp ? -a : 0;
        m.turn_rads = r->turn_rads * sin(2 * PI * (t - r->t0) / (r->t1 - r->t0)) * m.speed_ms / r->speed_ms;
    }
    while (i > 0 && plan->stay[i - 1].t > t)
        i--;
    if (i > 0) {
        double f = fmin(1, (t - plan->stay[i - 1].t) / 3);
        double x0 = i > 1 ? plan->stay[i - 2].x : 1, y0 = i > 1 ? plan->stay[i - 2].y : 1;

        m.x = x0 + f * (plan->stay[i - 1].x - x0);
        m.y = y0 + f * (plan->stay[i - 1].y - y0);
    } else {
        m.x = m.y = 1;
    }
    return m;
}
