/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The plain script: items stand where they are put, one action after the other. What bodies.model "placed" plays. */
#include "lab/sim/script.h"

#include <math.h>
#include <string.h>

enum { TRIES = 40, HANDLED = 24 };         /* HANDLED: keys of an item that is left alone from then on */
static const double GRAVITY = 9.81, PI = 3.14159265358979323846;

static void add_load(struct script *s, double t0, double t1, const double at[3], double g, bool pulse)
{
    script_load(s, (struct plan_load){ .t0 = t0, .t1 = t1, .x = at[0], .y = at[1], .g = g, .pulse = pulse });
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
        double yaw = rng_range(&s->r, -.4, .4) + (script_chance(s, .5) ? PI / 2 : 0), foot[2], lo, hi, p[2], z = 0;

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

static double pitch_of(const struct plan_item *item)
{
    return item->lying ? PI / 2 : 0;
}

static void item_key(struct script *s, struct plan_item *item, const struct reach *reach, double t, const double p[3], double turned, enum plan_ease ease)
{
    double a[3] = { item->yaw + turned * reach->turn[0], pitch_of(item) + turned * reach->turn[1], turned * reach->turn[2] };

    script_key(s, &item->track, t, p, a, ease);
}

/* ---- actions ---- */

static size_t make_item(struct script *s, bool repeat)
{
    struct plan *plan = s->plan;
    size_t index = plan->items_n, product = sim_store_pick(plan->store, &s->r), inside = 0;

    for (size_t i = 0; repeat && i < plan->items_n; i++)
        if (plan->item[i].inside && rng_below(&s->r, (uint32_t)++inside) == 0)
            product = plan->item[i].product;
    (void)script_item(s, &s->r, product);
    return index;
}

/* Lets the item go at `at`: set down or dropped. Returns the time at which the hand is free; fills the event. */
static double set_down(struct script *s, struct plan_item *item, const struct reach *reach, double t_down, double drop, struct plan_event *e)
{
    double held[3] = { item->at[0], item->at[1], item->at[2] + drop };
    double grip = script_range(s, s->suite->shopper.grip_s), lift = script_range(s, s->suite->shopper.lift_s);

    item_key(s, item, reach, t_down, held, drop > 0 ? .25 : 0, PLAN_REST);
    script_hand_key(s, reach, t_down, held, PLAN_REST);
    if (drop > 0) {
        double fall = sqrt(2 * drop / GRAVITY), hit = .015;

        e->t_release = t_down + .3 * grip;
        e->t_load = e->t_release + fall + hit;
        item_key(s, item, reach, e->t_release, held, .25, PLAN_FALL);
        item_key(s, item, reach, e->t_release + fall, item->at, 0, PLAN_REST);
        add_load(s, e->t_release + fall, e->t_load, item->at, item->mass_g, false);
        add_load(s, e->t_release + fall, e->t_load, item->at, item->mass_g * sqrt(2 * GRAVITY * drop) * PI / (2 * hit * GRAVITY), true);
    } else {
        e->t_release = t_down + grip;
        e->t_load = e->t_release;
        add_load(s, t_down, fmin(t_down + lift, e->t_release), item->at, item->mass_g, false);
        add_load(s, t_down, e->t_release, item->at, script_range(s, s->suite->shopper.press_g), true);
    }
    return t_down + grip;
}

/* Hand out of the basket, empty. Returns when it is outside. */
static double hand_leaves(struct script *s, const struct reach *reach, double t, const double from[3])
{
    double over_t = t + .8 * script_range(s, s->suite->shopper.lower_s), out_t = over_t + script_range(s, s->suite->shopper.reach_s);

    script_hand_key(s, reach, t, from, PLAN_EASE);
    script_hand_key(s, reach, over_t, reach->over, PLAN_EASE);
    script_hand_key(s, reach, out_t, reach->outside, PLAN_HIDDEN);
    return out_t;
}

/* Puts item `index`; its hand starts at `t`. Returns when the hand is away, or a negative number when there is no room. */
static double put(struct script *s, size_t index, int hand, int side, double t, uint32_t slices)
{
    struct plan_item *item = &s->plan->item[index];
    const double *size = s->plan->store->cart.basket.size_m;
    double drop = script_chance(s, .5) ? script_range(s, s->suite->shopper.drop_m) : 0, over_t, down_t, free_t;
    double held[3];
    struct plan_event *e;
    struct reach reach;

    if (!find_place(s, item, side, item->at, &item->yaw))
        return -1;
    if (drop < .004 || item->at[2] + drop > size[2] - .02)
        drop = 0;
    reach = script_reach(s, hand, item->at, item->half_m[2]);
    e = script_event(s, TRUNDLE_EVENT_PUT, index);
    e->slices |= slices;
    e->t_start = t;
    over_t = t + script_range(s, s->suite->shopper.reach_s);
    down_t = over_t + script_range(s, s->suite->shopper.lower_s);
    item_key(s, item, &reach, t, reach.outside, 1, PLAN_EASE);
    script_hand_key(s, &reach, t, reach.outside, PLAN_EASE);
    item_key(s, item, &reach, over_t, reach.over, .8, PLAN_EASE);
    script_hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    free_t = set_down(s, item, &reach, down_t, drop, e);
    e->t_cross = script_crossing(&item->track, size[2], over_t, down_t);
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
    double over_t = s->t + script_range(s, s->suite->shopper.reach_s), down_t = over_t + script_range(s, s->suite->shopper.lower_s);
    double grip_t = down_t + script_range(s, s->suite->shopper.grip_s), lift_t = grip_t + script_range(s, s->suite->shopper.lift_s);

    e->t_start = s->t;
    e->t_lift = lift_t;
    script_hand_key(s, reach, s->t, reach->outside, PLAN_EASE);
    script_hand_key(s, reach, over_t, reach->over, PLAN_EASE);
    script_hand_key(s, reach, down_t, item->at, PLAN_REST);
    script_hand_key(s, reach, lift_t, item->at, PLAN_EASE);
    item_key(s, item, reach, lift_t, item->at, 0, PLAN_EASE);
    add_load(s, down_t, grip_t, item->at, script_range(s, s->suite->shopper.press_g), true);
    add_load(s, grip_t, lift_t, item->at, -item->mass_g, false);
    return lift_t;
}

static void take(struct script *s, size_t index, bool put_back)
{
    struct plan_item *item = &s->plan->item[index];
    struct reach reach = script_reach(s, (int)rng_below(&s->r, PLAN_HANDS), item->at, item->half_m[2]);
    struct plan_event *e = script_event(s, TRUNDLE_EVENT_TAKE, index);
    double lift_t = grasp(s, index, &reach, e);
    double over_t = lift_t + script_range(s, s->suite->shopper.lower_s), out_t = over_t + script_range(s, s->suite->shopper.reach_s);

    e->slices |= put_back ? PLAN_PUT_BACK : 0;
    item_key(s, item, &reach, over_t, reach.over, .8, PLAN_EASE);
    script_hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    item_key(s, item, &reach, out_t, reach.outside, 1, PLAN_HIDDEN);
    script_hand_key(s, &reach, out_t, reach.outside, PLAN_HIDDEN);
    e->t_cross = script_crossing(&item->track, s->plan->store->cart.basket.size_m[2], lift_t, over_t);
    e->t_end = out_t;
    item->inside = false;
    if (s->last_put == index)
        s->last_put = PLAN_ITEMS;
    s->t = out_t;
}

static bool move(struct script *s, size_t index)
{
    struct plan_item *item = &s->plan->item[index];
    struct reach reach = script_reach(s, (int)rng_below(&s->r, PLAN_HANDS), item->at, item->half_m[2]);
    double to[3], yaw, raised[3], lift_t, up_t, down_t;
    struct plan_event *e;

    item->inside = false;                     /* it does not lie in its own way */
    if (!find_place(s, item, 0, to, &yaw)) {
        item->inside = true;
        return false;
    }
    e = script_event(s, TRUNDLE_EVENT_MOVE, index);
    lift_t = grasp(s, index, &reach, e);
    up_t = lift_t + .6 * script_range(s, s->suite->shopper.lower_s);
    for (int k = 0; k < 2; k++)
        raised[k] = .5 * (item->at[k] + to[k]);
    raised[2] = fmin(fmax(item->at[2], to[2]) + .06, s->plan->store->cart.basket.size_m[2] - .015);
    item_key(s, item, &reach, up_t, raised, .3, PLAN_EASE);
    script_hand_key(s, &reach, up_t, raised, PLAN_EASE);
    down_t = up_t + .6 * script_range(s, s->suite->shopper.lower_s);
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
    struct reach reach = script_reach(s, (int)rng_below(&s->r, PLAN_HANDS), at, .02);
    double t0 = s->t, over_t = t0 + script_range(s, s->suite->shopper.reach_s), down_t = over_t + script_range(s, s->suite->shopper.lower_s), up_t = down_t + .1;

    script_hand_key(s, &reach, t0, reach.outside, PLAN_EASE);
    script_hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    script_hand_key(s, &reach, down_t, at, PLAN_REST);
    for (uint32_t k = rng_below(&s->r, 3); k > 0; k--) {
        double end = up_t + rng_range(&s->r, .1, .35);

        add_load(s, up_t, end, at, script_range(s, s->suite->shopper.rummage_g), true);
        up_t = end + .05;
    }
    s->t = hand_leaves(s, &reach, up_t, at);
    script_mark(s, (struct plan_mark){ .kind = PLAN_CAUSE, .t = t0, .t1 = s->t, .cause = "hand only" });
}

/* The shopper scans or picks before the put; returns when the hand may start. */
static double announce(struct script *s, size_t index, double t, bool *out_scan_after)
{
    struct plan_item *item = &s->plan->item[index];
    bool produce = s->plan->store->product[item->product].produce != NULL;
    double ahead = .55;                       /* a hand takes about this long from its start to crossing */

    *out_scan_after = false;
    if (produce ? !script_chance(s, s->suite->shopper.pick_share) : !script_chance(s, s->suite->shopper.scan_share))
        return t;
    item->scanned = true;
    if (!produce && script_chance(s, s->suite->shopper.scan_after_share)) {
        *out_scan_after = true;
        return t;
    }
    item->t_scan = t + rng_range(&s->r, .1, .3);
    script_mark(s, (struct plan_mark){ .kind = produce ? PLAN_TOUCH : PLAN_CODE, .t = item->t_scan, .product = item->product, .touch = TRUNDLE_TOUCH_PLU });
    return fmax(item->t_scan, item->t_scan + script_range(s, produce ? s->suite->shopper.pick_before_s : s->suite->shopper.scan_before_s) - ahead);
}

static void scan_after(struct script *s, size_t index, double release)
{
    struct plan_item *item = &s->plan->item[index];

    item->t_scan = release + script_range(s, s->suite->shopper.scan_after_s);
    script_mark(s, (struct plan_mark){ .kind = PLAN_CODE, .t = item->t_scan, .product = item->product });
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
        double at = start + (k ? script_range(s, s->suite->shopper.double_gap_s) : 0);
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
        if (s->plan->item[i].inside && s->plan->item[i].track.n < HANDLED && !is_covered(s->plan, i) && rng_below(&s->r, ++seen) == 0)
            found = i;
    return found;
}

static void act(struct script *s)
{
    const struct sim_suite *suite = s->suite;
    double u = rng_unit(&s->r);

    if (script_inside(s->plan) >= 2 && u < suite->shopper.take_share + suite->shopper.move_share) {
        bool put_back = script_chance(s, suite->shopper.put_back_share) && s->last_put < PLAN_ITEMS && !is_covered(s->plan, s->last_put);
        size_t index = put_back ? s->last_put : free_item(s);

        if (index < PLAN_ITEMS && u >= suite->shopper.take_share && move(s, index))
            return;
        if (index < PLAN_ITEMS && u < suite->shopper.take_share) {
            take(s, index, put_back);
            return;
        }
    }
    put_action(s, script_chance(s, suite->shopper.double_share), script_inside(s->plan) > 0 && script_chance(s, suite->shopper.repeat_share));
}

void script_shop_placed(struct script *s)
{
    const struct sim_suite *suite = s->suite;
    struct plan *plan = s->plan;
    double duration = script_range(s, suite->shopper.duration_s);
    int events = (int)script_range(s, (struct suite_range){ suite->shopper.events.lo, suite->shopper.events.hi + .999 });
    double walks = duration - 3.6 * events - 3, share = fmax(walks, 0) / (events * (1 - suite->shopper.stay_share) + 1);

    plan->member = script_chance(s, suite->shopper.member_share);
    s->t = 1;
    if (plan->member)
        script_mark(s, (struct plan_mark){ .kind = PLAN_TOUCH, .t = .5, .touch = TRUNDLE_TOUCH_MEMBER, .count = 1 });
    for (int i = 0; i < events && plan->events_n + 2 < PLAN_EVENTS; i++) {
        bool stay = i > 0 && script_chance(s, suite->shopper.stay_share);
        size_t next = sim_store_pick(plan->store, &s->r);

        s->rolling = false;
        if (!stay) {
            double seconds = share * rng_range(&s->r, .6, 1.4);

            script_go(s, next);
            s->rolling = script_chance(s, suite->shopper.rolling_share);
            script_roll(s, s->rolling ? seconds + 4 : seconds);
            s->t += seconds;
        }
        if (!s->rolling)
            s->t += rng_range(&s->r, .3, .8);
        act(s);
        if (s->rolling && plan->rolls_n)
            s->t = fmax(s->t, plan->roll[plan->rolls_n - 1].t1);
        if (script_chance(s, suite->shopper.hand_only_share))
            hand_only(s);
        if (script_chance(s, suite->shopper.bump_share))
            script_bump(s);
    }
    s->t += 1.5;
    script_mark(s, (struct plan_mark){ .kind = PLAN_TOUCH, .t = s->t, .touch = TRUNDLE_TOUCH_PAY });
    s->t += 2;
    script_mark(s, (struct plan_mark){ .kind = PLAN_TOUCH, .t = s->t, .touch = TRUNDLE_TOUCH_PAID });
    plan->end_s = s->t + .5;
}

