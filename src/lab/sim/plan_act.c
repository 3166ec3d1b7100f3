/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What hands do with bodies: put, take, move, rummage, change their mind. */
#include "lab/sim/script.h"

#include <math.h>
#include <string.h>

enum { NO_KEY = -1 };

static double take_time(struct script *s, struct suite_range range, double haste)
{
    return haste * script_range(s, range);
}

static void item_key(struct script *s, size_t index, const struct reach *reach, double t, const double p[3], const double q[4], double turned, enum plan_ease ease)
{
    double small[4], turn[4];

    body_turn(turned * reach->turn[0], turned * reach->turn[1], turned * reach->turn[2], small);
    body_turn_times(small, q, turn);
    script_key(s, &s->plan->item[index].track, t, p, turn, ease);
}

static size_t hand_key(struct script *s, const struct reach *reach, double t, const double p[3], enum plan_ease ease)
{
    script_hand_key(s, reach, t, p, ease);
    return s->plan->hand[reach->hand].track.n - 1;
}

static double hand_leaves(struct script *s, const struct reach *reach, double t, const double from[3], double haste, size_t *out_key)
{
    double over_t = t + .8 * take_time(s, s->suite->shopper.lower_s, haste), out_t = over_t + take_time(s, s->suite->shopper.reach_s, haste);

    *out_key = hand_key(s, reach, t, from, PLAN_EASE);
    (void)hand_key(s, reach, over_t, reach->over, PLAN_EASE);
    (void)hand_key(s, reach, out_t, reach->outside, PLAN_HIDDEN);
    s->hand_free[reach->hand] = out_t + .02;
    return out_t;
}

static struct plan_event *new_event(struct script *s, enum trundle_event_kind kind, size_t index, int hand, uint32_t slices)
{
    struct plan_event *e = script_event(s, kind, index);

    e->slices &= (uint32_t)(PLAN_LIGHT | PLAN_PRODUCE);    /* the rest is known once all has moved */
    e->slices |= slices | (script_inside(s->plan) >= PLAN_CROWD ? PLAN_CROWDED : 0);
    e->slices |= sim_store_siblings(s->plan->store, s->plan->item[index].product) > 0 ? PLAN_SIBLING : 0;
    e->hand = (uint8_t)hand;
    e->scenario = s->scenario;
    return e;
}

/* Fast over the corner that the cameras see least, and down along the walls. */
static void go_past(struct script *s, struct reach *reach, const struct pick *pick)
{
    const double *size = s->plan->store->cart.basket.size_m;
    double corner = reach->hand == 0 ? 0 : size[0], inward = reach->hand == 0 ? 1 : -1;

    reach->outside[0] = corner - .2 * inward;
    reach->outside[1] = -.18;
    reach->outside[2] = size[2] + .07;
    reach->over[0] = corner + .04 * inward;
    reach->over[1] = .04;
    reach->over[2] = size[2] + .05 + pick->foot_m[1] * .3;
}

/* The other hand comes in over the place and leaves after. */
static void shade(struct script *s, int hand, const double at[3], double from, double to)
{
    const double *size = s->plan->store->cart.basket.size_m;
    double over[3] = { at[0], at[1] - .03, fmax(at[2] + .14, .6 * size[2]) };
    struct reach reach = script_reach(s, hand, over, .02);
    size_t key;

    from = fmax(from, s->hand_free[hand]);
    (void)hand_key(s, &reach, from, reach.outside, PLAN_EASE);
    (void)hand_key(s, &reach, from + script_range(s, s->suite->shopper.reach_s), over, PLAN_REST);
    (void)hand_leaves(s, &reach, fmax(to, from + .7), over, 1, &key);
}

/* Things in one hand side by side. */
static size_t choose_places(struct script *s, const struct put *put, struct pick pick[ACT_GROUP])
{
    const double *size = s->plan->store->cart.basket.size_m;
    size_t n = 0;

    if (!put->n || !stage_place(s, put->index[0], put->side, put->near, .06, &pick[0]))
        return 0;
    for (n = 1; n < put->n; n++) {
        const struct plan_item *item = &s->plan->item[put->index[n]];
        struct pick *p = &pick[n];
        double dy;

        if (!stage_place(s, put->index[n], 0, pick[0].at, .3, p))
            break;
        dy = (n == 1 ? 1 : -1) * (pick[0].foot_m[1] + p->foot_m[1] + .004);
        p->at[0] = fmin(size[0] - p->foot_m[0] - .005, fmax(p->foot_m[0] + .005, pick[0].at[0]));
        p->at[1] = pick[0].at[1] + dy;
        if (p->at[1] < p->foot_m[1] + .005 || p->at[1] > size[1] - p->foot_m[1] - .005) {
            p->at[1] = pick[0].at[1];
            p->at[2] = pick[0].at[2] + .004 + item->half_m[2] + s->plan->item[put->index[0]].half_m[2];     /* on top */
        } else {
            p->at[2] = fmax(pick[0].at[2] - s->plan->item[put->index[0]].half_m[2], stage_height(s, p->at, p->foot_m)) + item->half_m[2];
        }
        if (p->at[2] + item->half_m[2] > size[2])
            break;
    }
    return n;
}

double act_put(struct script *s, struct put *put)
{
    const struct sim_suite *suite = s->suite;
    const double *size = s->plan->store->cart.basket.size_m;
    double drop = script_chance(s, .5) ? script_range(s, suite->shopper.drop_m) : 0, haste = put->past ? .55 * put->haste : put->haste;
    double reach_s = take_time(s, suite->shopper.reach_s, haste), lower_s = take_time(s, suite->shopper.lower_s, haste);
    double grip_s = take_time(s, suite->shopper.grip_s, haste), t = fmax(put->t, s->hand_free[put->hand]), over_t, down_t, free_t;
    struct pick pick[ACT_GROUP];
    struct reach reach;
    size_t keys[3] = { (size_t)NO_KEY, (size_t)NO_KEY, (size_t)NO_KEY }, first = s->plan->events_n;
    double held[3];

    stage_until(s, t);
    if (s->plan->events_n + put->n > PLAN_EVENTS || !(put->n = choose_places(s, put, pick)))
        return -1;
    if (drop < .004 || pick[0].at[2] + drop > size[2] - .02)
        drop = 0;
    reach = script_reach(s, put->hand, pick[0].at, s->plan->item[put->index[0]].half_m[2]);
    if (put->past)
        go_past(s, &reach, &pick[0]);
    t = fmax(t, stage_now(s) + .02 - reach_s - lower_s);
    over_t = t + reach_s;
    down_t = over_t + lower_s;
    (void)hand_key(s, &reach, t, reach.outside, PLAN_EASE);
    (void)hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    memcpy(held, pick[0].at, sizeof held);
    held[2] += drop;
    keys[0] = hand_key(s, &reach, down_t, held, PLAN_REST);
    free_t = down_t + grip_s;
    if (put->shaded)
        shade(s, 1 - put->hand, pick[0].at, t, free_t + .2);
    if (drop <= 0)
        script_load(s, (struct plan_load){ down_t, free_t, pick[0].at[0], pick[0].at[1], script_range(s, suite->shopper.press_g), .pulse = true });
    {
        double end = hand_leaves(s, &reach, free_t, held, haste, &keys[1]);

        for (size_t k = 0; k < put->n; k++) {
            struct plan_item *item = &s->plan->item[put->index[k]];
            struct plan_event *e;
            double from[3], over[3], down[3];

            for (int j = 0; j < 3; j++) {
                double off = pick[k].at[j] - pick[0].at[j];

                from[j] = reach.outside[j] + off;
                over[j] = reach.over[j] + (j == 2 ? fmax(off, 0) : off);
                down[j] = pick[k].at[j];
            }
            down[2] += drop;
            e = new_event(s, TRUNDLE_EVENT_PUT, put->index[k], put->hand, put->slices | (put->n > 1 ? PLAN_DOUBLE : 0));
            item->track.turns_free = true;
            memcpy(item->at, pick[k].at, sizeof item->at);
            e->t_start = t;
            e->t_end = end;
            e->t_release = e->t_load = drop > 0 ? down_t + .3 * grip_s : free_t;
            item_key(s, put->index[k], &reach, t, from, pick[k].q, 1, PLAN_EASE);
            item_key(s, put->index[k], &reach, over_t, over, pick[k].q, .8, PLAN_EASE);
            item_key(s, put->index[k], &reach, down_t, down, pick[k].q, drop > 0 ? .25 : 0, PLAN_REST);
            stage_release(s, put->index[k], first + k, over_t, down_t, e->t_release + .004 * (double)k, drop, k ? (size_t[3]){ (size_t)NO_KEY, (size_t)NO_KEY, (size_t)NO_KEY } : keys);
            item->inside = true;
            s->last_put = put->index[k];
        }
        s->t = fmax(s->t, end);
        return end;
    }
}

/* Where the body will be when the hand has come down to it; keys of the way there. */
static struct reach go_for(struct script *s, size_t index, int hand, double haste, double *out_t0, double *out_grip_t, double *out_lift_t)
{
    const struct sim_suite *suite = s->suite;
    double t = fmax(s->t, s->hand_free[hand]), reach_s = take_time(s, suite->shopper.reach_s, haste), lower_s = take_time(s, suite->shopper.lower_s, haste), down_t;
    struct body_pose pose = { { 0 }, { 1, 0, 0, 0 } };
    struct reach reach;

    t = fmax(t, stage_now(s) + .02 - reach_s - lower_s);
    down_t = t + reach_s + lower_s;
    stage_until(s, down_t);
    (void)stage_pose(s, index, &pose);
    reach = script_reach(s, hand, pose.p, s->plan->item[index].half_m[2]);
    *out_t0 = t;
    *out_grip_t = fmax(down_t, stage_now(s)) + take_time(s, suite->shopper.grip_s, haste);
    *out_lift_t = *out_grip_t + take_time(s, suite->shopper.lift_s, haste);
    (void)hand_key(s, &reach, t, reach.outside, PLAN_EASE);
    (void)hand_key(s, &reach, t + reach_s, reach.over, PLAN_EASE);
    (void)hand_key(s, &reach, down_t, pose.p, PLAN_REST);
    (void)hand_key(s, &reach, *out_lift_t, pose.p, PLAN_EASE);
    script_load(s, (struct plan_load){ down_t, *out_grip_t, pose.p[0], pose.p[1], script_range(s, suite->shopper.press_g), .pulse = true });
    return reach;
}

/* The item leaves the bodies' world into the hand; its turn then. */
static void lift(struct script *s, size_t index, double grip_t, double lift_t, struct plan_event *e, double out_q[4])
{
    struct plan_item *item = &s->plan->item[index];

    e->slices |= stage_piled(s, index) ? PLAN_PILED : 0;
    stage_grasp(s, index, grip_t, lift_t);
    memcpy(out_q, item->track.key[item->track.n - 1].a, 4 * sizeof *out_q);
    memcpy(e->at, item->at, sizeof e->at);
    script_key(s, &item->track, lift_t, item->at, out_q, PLAN_EASE);
    e->t_lift = lift_t;
    item->inside = false;
}

bool act_take(struct script *s, size_t index, int hand, double haste, uint32_t slices)
{
    const double *size = s->plan->store->cart.basket.size_m;
    double t0, grip_t, lift_t, over_t, out_t, q[4], mouth_t;
    struct plan_event *e;
    struct reach reach;

    if (s->plan->events_n == PLAN_EVENTS)
        return false;
    e = new_event(s, TRUNDLE_EVENT_TAKE, index, hand, slices);
    reach = go_for(s, index, hand, haste, &t0, &grip_t, &lift_t);
    lift(s, index, grip_t, lift_t, e, q);
    e->t_start = t0;
    over_t = lift_t + take_time(s, s->suite->shopper.lower_s, haste);
    out_t = over_t + take_time(s, s->suite->shopper.reach_s, haste);
    reach.over[2] = fmax(reach.over[2], size[2] + .03 + s->plan->item[index].half_m[2]);
    item_key(s, index, &reach, over_t, reach.over, q, .5, PLAN_EASE);
    item_key(s, index, &reach, out_t, reach.outside, q, 1, PLAN_HIDDEN);
    (void)hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    (void)hand_key(s, &reach, out_t, reach.outside, PLAN_HIDDEN);
    mouth_t = script_crossing(&s->plan->item[index].track, size[2], lift_t, over_t);
    e->t_cross = mouth_t;
    e->t_end = out_t;
    s->hand_free[hand] = out_t + .02;
    s->t = fmax(s->t, out_t);
    if (s->last_put == index)
        s->last_put = PLAN_ITEMS;
    return true;
}

bool act_move(struct script *s, const size_t *index, size_t n, uint32_t slices)
{
    const double *size = s->plan->store->cart.basket.size_m;
    double t0, grip_t, lift_t, raised_t, down_t, free_t, end, q[ACT_GROUP][4], from[ACT_GROUP][3], top = 0;
    int hand = (int)rng_below(&s->r, PLAN_HANDS);
    size_t first = s->plan->events_n, keys[3] = { (size_t)NO_KEY, (size_t)NO_KEY, (size_t)NO_KEY }, placed;
    struct pick pick[ACT_GROUP];
    struct put put = { .n = n, .hand = hand };
    struct reach reach;

    if (first + n > PLAN_EVENTS)
        return false;
    memcpy(put.index, index, n * sizeof *index);
    placed = choose_places(s, &put, pick);
    if (placed < n)
        return false;
    for (size_t k = 0; k < n; k++)
        (void)new_event(s, TRUNDLE_EVENT_MOVE, index[k], hand, slices);
    reach = go_for(s, index[0], hand, 1, &t0, &grip_t, &lift_t);
    for (size_t k = 0; k < n; k++) {
        lift(s, index[k], grip_t, lift_t, &s->plan->event[first + k], q[k]);
        memcpy(from[k], s->plan->item[index[k]].at, sizeof from[k]);
        top = fmax(top, fmax(from[k][2], pick[k].at[2]));
    }
    raised_t = lift_t + .5 * script_range(s, s->suite->shopper.lower_s);
    down_t = raised_t + .6 * script_range(s, s->suite->shopper.lower_s);
    free_t = down_t + script_range(s, s->suite->shopper.grip_s);
    for (size_t k = 0; k < n; k++) {
        double raised[3];

        for (int j = 0; j < 2; j++)
            raised[j] = .5 * (from[k][j] + pick[k].at[j]);
        raised[2] = fmin(top + .06, size[2] - .015);
        item_key(s, index[k], &reach, raised_t, raised, pick[k].q, .3, PLAN_EASE);
        item_key(s, index[k], &reach, down_t, pick[k].at, pick[k].q, 0, PLAN_REST);
        if (k == 0) {
            (void)hand_key(s, &reach, raised_t, raised, PLAN_EASE);
            keys[0] = hand_key(s, &reach, down_t, pick[0].at, PLAN_REST);
        }
    }
    end = hand_leaves(s, &reach, free_t, pick[0].at, 1, &keys[1]);
    script_load(s, (struct plan_load){ down_t, free_t, pick[0].at[0], pick[0].at[1], script_range(s, s->suite->shopper.press_g), .pulse = true });
    for (size_t k = 0; k < n; k++) {
        struct plan_event *e = &s->plan->event[first + k];

        e->t_start = t0;
        e->t_end = end;
        memcpy(s->plan->item[index[k]].at, pick[k].at, sizeof pick[k].at);
        s->plan->item[index[k]].inside = true;
        stage_release(s, index[k], first + k, raised_t, down_t, free_t + .004 * (double)k, 0, k ? (size_t[3]){ (size_t)NO_KEY, (size_t)NO_KEY, (size_t)NO_KEY } : keys);
    }
    s->t = fmax(s->t, end);
    return true;
}

void act_rummage(struct script *s)
{
    const double *size = s->plan->store->cart.basket.size_m;
    double at[3] = { rng_range(&s->r, .1, size[0] - .1), rng_range(&s->r, .1, size[1] - .1), rng_range(&s->r, .08, .6 * size[2]) };
    int hand = (int)rng_below(&s->r, PLAN_HANDS);
    struct reach reach = script_reach(s, hand, at, .02);
    double t0 = fmax(s->t, s->hand_free[hand]), over_t = t0 + script_range(s, s->suite->shopper.reach_s);
    double down_t = over_t + script_range(s, s->suite->shopper.lower_s), up_t = down_t + .1;
    size_t key;

    (void)hand_key(s, &reach, t0, reach.outside, PLAN_EASE);
    (void)hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    (void)hand_key(s, &reach, down_t, at, PLAN_REST);
    for (uint32_t k = rng_below(&s->r, 3); k > 0; k--) {
        double end = up_t + rng_range(&s->r, .1, .35);

        script_load(s, (struct plan_load){ up_t, end, at[0], at[1], script_range(s, s->suite->shopper.rummage_g), .pulse = true });
        stage_push(s, at, up_t);
        up_t = end + .05;
    }
    s->t = hand_leaves(s, &reach, up_t, at, 1, &key);
    script_cause(s, "hand only", t0, s->t);
}

void act_change_of_mind(struct script *s, size_t index)
{
    const double *size = s->plan->store->cart.basket.size_m;
    struct plan_item *item = &s->plan->item[index];
    double at[3] = { rng_range(&s->r, .15, size[0] - .15), rng_range(&s->r, .15, size[1] - .15), size[2] - rng_range(&s->r, .0, .08) }, q[4];
    int hand = (int)rng_below(&s->r, PLAN_HANDS);
    struct reach reach = script_reach(s, hand, at, item->half_m[2]);
    double t0 = fmax(s->t, s->hand_free[hand]), over_t = t0 + script_range(s, s->suite->shopper.reach_s);
    double down_t = over_t + script_range(s, s->suite->shopper.lower_s), stay_t = down_t + rng_range(&s->r, .1, .8);
    size_t key;

    item->track.turns_free = true;
    body_turn(rng_range(&s->r, -.5, .5), item->lying ? SCRIPT_PI / 2 : 0, 0, q);
    item_key(s, index, &reach, t0, reach.outside, q, 1, PLAN_EASE);
    item_key(s, index, &reach, over_t, reach.over, q, .8, PLAN_EASE);
    item_key(s, index, &reach, down_t, at, q, .5, PLAN_REST);
    item_key(s, index, &reach, stay_t, at, q, .5, PLAN_EASE);
    (void)hand_key(s, &reach, t0, reach.outside, PLAN_EASE);
    (void)hand_key(s, &reach, over_t, reach.over, PLAN_EASE);
    (void)hand_key(s, &reach, down_t, at, PLAN_REST);
    s->t = hand_leaves(s, &reach, stay_t, at, 1, &key);
    {
        const struct plan_track *track = &s->plan->hand[hand].track;

        item_key(s, index, &reach, track->key[track->n - 2].t, reach.over, q, .8, PLAN_EASE);
        item_key(s, index, &reach, s->t, reach.outside, q, 1, PLAN_HIDDEN);
    }
    script_cause(s, "change of mind", t0, s->t);
}

size_t act_free_item(struct script *s)
{
    size_t found = PLAN_ITEMS;
    uint32_t seen = 0;

    struct body_pose pose;

    stage_until(s, s->t);
    for (size_t i = 0; i < s->plan->items_n; i++)
        if (s->plan->item[i].inside && !s->plan->item[i].kept && stage_pose(s, i, &pose) && !stage_covered(s, i) && rng_below(&s->r, ++seen) == 0)
            found = i;
    return found;
}

size_t act_free_near(struct script *s, const double at[3], const size_t *but, size_t but_n)
{
    size_t found = PLAN_ITEMS;
    double best = .35;

    for (size_t i = 0; i < s->plan->items_n; i++) {
        const struct plan_item *item = &s->plan->item[i];
        double d = hypot(item->at[0] - at[0], item->at[1] - at[1]);
        struct body_pose pose;
        bool other = stage_pose(s, i, &pose);

        for (size_t k = 0; k < but_n; k++)
            other = other && but[k] != i;
        if (other && item->inside && !item->kept && d < best && !stage_covered(s, i)) {
            best = d;
            found = i;
        }
    }
    return found;
}

void act_settle(struct script *s)
{
    for (size_t i = 0; i < s->plan->events_n; i++) {
        struct plan_event *e = &s->plan->event[i];

        if (e->kind == TRUNDLE_EVENT_TAKE || e->with || e->seen_at_rest || stage_now(s) < e->t_release + .3 || !stage_rests(s, e->item))
            continue;
        e->seen_at_rest = true;
        e->slices |= stage_piled(s, e->item) ? PLAN_PILED : 0;
        memcpy(e->at, s->plan->item[e->item].at, sizeof e->at);
    }
}
