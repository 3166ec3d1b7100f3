/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A whole trip of one whose things are bodies: from shelf to shelf, what is put on the way and what else hands do. */
#include "lab/sim/script.h"

#include <math.h>
#include <string.h>

enum { SWEEP_ROW = 4 };                    /* things that a sweep gathers before it puts them */

static double guess_s(const struct sim_suite *suite, size_t things)
{
    const struct suite_range *r[] = { &suite->shopper.reach_s, &suite->shopper.lower_s, &suite->shopper.scan_before_s };
    double s = .4;

    for (size_t i = 0; i < COUNT_OF(r); i++)
        s += (r[i]->lo + r[i]->hi) * (i < 2 ? .95 : .35 * (double)things);
    return s;
}

/* Puts the wishes of one group. The things are at hand. */
static void put_group(struct script *s, struct list *l, const struct wish *w)
{
    const struct sim_suite *suite = s->suite;
    size_t n = w->group_n, index[ACT_GROUP] = { 0 }, first = s->plan->events_n;
    bool after[ACT_GROUP] = { false }, one_hand = w->group == WISH_IN_HAND || w->group == WISH_IN_BAG;
    int hand = (int)rng_below(&s->r, PLAN_HANDS);
    double start = s->t, end = s->t;

    if (s->plan->items_n + n > PLAN_ITEMS)
        return;
    for (size_t k = 0; k < n; k++)
        index[k] = list_take(s, l, &w[k], &start, &after[k]);
    if (one_hand) {
        struct put put = { .n = n, .hand = hand, .t = start, .haste = 1, .slices = w->group == WISH_IN_BAG ? PLAN_BAGGED : 0 };

        memcpy(put.index, index, sizeof index);
        end = fmax(end, act_put(s, &put));
        for (size_t k = put.n; k < n; k++) {   /* did not fit beside: by itself */
            struct put alone = { .index = { index[k] }, .n = 1, .hand = hand, .t = s->t, .haste = 1 };

            end = fmax(end, act_put(s, &alone));
        }
    }
    for (size_t k = 0; k < n && !one_hand; k++) {
        bool two = w->group == WISH_TWO_HANDS;
        double gap = k == 0 ? 0 : two ? script_range(s, suite->shopper.double_gap_s) : rng_range(&s->r, .5, 1.3);
        struct put put = { .index = { index[k] }, .n = 1, .hand = k ? 1 - hand : hand, .t = start + gap, .haste = 1, .slices = two ? PLAN_DOUBLE : 0 };

        put.side = n > 1 ? (put.hand ? 2 : 1) : 0;
        end = fmax(end, act_put(s, &put));
    }
    for (size_t i = first; i < s->plan->events_n; i++)
        for (size_t k = 0; k < n; k++)
            if (s->plan->event[i].item == index[k] && w[k].repeat)
                s->plan->event[i].slices |= PLAN_REPEAT;
    s->t = fmax(fmax(end, start), s->t);
    for (size_t k = 0; k < n; k++)
        if (after[k] && s->plan->item[index[k]].inside) {
            list_scan(s, index[k], s->plan->item[index[k]].product, s->t + script_range(s, suite->shopper.scan_after_s));
            s->t = fmax(s->t, s->plan->item[index[k]].t_scan + .2);
        }
}

static void bag_up(struct script *s)
{
    size_t index[ACT_GROUP], n = 0, wanted = 2 + rng_below(&s->r, 2);
    struct body_pose pose;

    index[0] = act_free_item(s);
    if (index[0] == PLAN_ITEMS || !stage_pose(s, index[0], &pose))
        return;
    for (n = 1; n < wanted; n++) {
        index[n] = act_free_near(s, pose.p, index, n);
        if (index[n] == PLAN_ITEMS)
            break;
    }
    if (n > 1)
        (void)act_move(s, index, n, PLAN_BAGGED);
}

enum extra { EXTRA_TAKE = 1, EXTRA_PUT_BACK = 2, EXTRA_MOVE = 4, EXTRA_BAG = 8, EXTRA_HAND = 16, EXTRA_CHANGE = 32, EXTRA_BUMP = 64 };

static unsigned choose_extras(struct script *s)
{
    const struct sim_suite *suite = s->suite;
    unsigned extras = 0;

    if (script_chance(s, suite->shopper.take_share))
        extras |= script_chance(s, suite->shopper.put_back_share) ? EXTRA_PUT_BACK : EXTRA_TAKE;
    extras |= script_chance(s, suite->shopper.move_share) ? EXTRA_MOVE : 0;
    extras |= script_chance(s, suite->shopper.bag_share) ? EXTRA_BAG : 0;
    extras |= script_chance(s, suite->shopper.hand_only_share) ? EXTRA_HAND : 0;
    extras |= script_chance(s, suite->shopper.change_share) ? EXTRA_CHANGE : 0;
    extras |= script_chance(s, suite->shopper.bump_share) ? EXTRA_BUMP : 0;
    return extras;
}

static void play_extras(struct script *s, struct list *l, unsigned extras)
{
    if (script_inside(s->plan) >= 2) {
        size_t index = s->last_put, other;

        stage_until(s, s->t);
        if (extras & EXTRA_PUT_BACK && index < PLAN_ITEMS && s->plan->item[index].inside && !s->plan->item[index].kept && !stage_covered(s, index))
            (void)act_take(s, index, (int)rng_below(&s->r, PLAN_HANDS), 1, PLAN_PUT_BACK);
        if (extras & EXTRA_TAKE && (other = act_free_item(s)) < PLAN_ITEMS)
            (void)act_take(s, other, (int)rng_below(&s->r, PLAN_HANDS), 1, 0);
        if (extras & EXTRA_MOVE && (other = act_free_item(s)) < PLAN_ITEMS)
            (void)act_move(s, &other, 1, 0);
        if (extras & EXTRA_BAG)
            bag_up(s);
    }
    if (extras & EXTRA_HAND)
        act_rummage(s);
    if (extras & EXTRA_CHANGE && s->plan->items_n < PLAN_ITEMS) {
        size_t index = s->plan->items_n;

        (void)script_item(s, &l->things, sim_store_pick(s->plan->store, &l->things));
        act_change_of_mind(s, index);
    }
    if (extras & EXTRA_BUMP)
        script_bump(s);
}

/* Two events of different hands that take place at once, or nearly. */
static void find_overlaps(struct plan *plan)
{
    for (size_t i = 0; i < plan->events_n; i++)
        for (size_t k = 0; k < i; k++) {
            struct plan_event *a = &plan->event[i], *b = &plan->event[k];
            double ta = a->kind == TRUNDLE_EVENT_TAKE ? a->t_lift : a->t_release, tb = b->kind == TRUNDLE_EVENT_TAKE ? b->t_lift : b->t_release;

            if (a->item != b->item && a->with != k + 1 && (fabs(ta - tb) < 1 || (a->hand != b->hand && a->t_start < b->t_end - .15 && b->t_start < a->t_end - .15))) {
                a->slices |= PLAN_OVERLAPPING;
                b->slices |= PLAN_OVERLAPPING;
            }
        }
}

static void find_rolling(struct plan *plan)
{
    for (size_t i = 0; i < plan->events_n; i++) {
        struct plan_event *e = &plan->event[i];

        if (plan_motion_at(plan, e->kind == TRUNDLE_EVENT_TAKE ? e->t_lift : e->t_release).speed_ms > .05)
            e->slices |= PLAN_ROLLING;
    }
}

/* What is hidden in something has gone its way. */
static void follow(struct script *s)
{
    struct plan *plan = s->plan;

    for (size_t i = 0; i < plan->events_n; i++)
        if (plan->event[i].with) {
            const struct plan_event *lead = &plan->event[plan->event[i].with - 1];
            struct plan_event *e = &plan->event[i];

            e->t_start = lead->t_start;
            e->t_cross = lead->t_cross;
            e->t_release = lead->t_release;
            e->t_load = lead->t_load;
            e->t_end = lead->t_end;
            memcpy(e->at, lead->at, sizeof e->at);
        }
    for (size_t i = 0; i < plan->items_n; i++) {
        const struct plan_track *lead = plan->item[i].inside_of ? &plan->item[plan->item[i].inside_of - 1].track : NULL;

        plan->item[i].track.turns_free = true;
        for (size_t k = 0; lead && k < lead->n; k++)
            script_key(s, &plan->item[i].track, lead->key[k].t, lead->key[k].p, lead->key[k].a, lead->key[k].ease);
    }
}

static void stop(struct script *s, struct list *l, size_t first, size_t n, bool walk)
{
    const struct sim_suite *suite = s->suite;
    bool sweep = suite->shopper.policy == SUITE_SWEEP;
    unsigned extras[SWEEP_ROW] = { 0 };
    double seconds = walk ? script_range(s, suite->shopper.walk_s) : 0, acts = 0;
    size_t groups = 0;

    for (size_t i = first; i < first + n; i += l->wish[i].group_n) {
        extras[groups] = choose_extras(s);
        acts += guess_s(suite, l->wish[i].group_n) + (extras[groups] & ~(unsigned)EXTRA_BUMP ? 2.6 : 0);
        groups++;
    }
    s->rolling = script_chance(s, suite->shopper.rolling_share);
    if (walk)
        script_go(s, l->wish[first].product);
    if (sweep && !s->rolling)
        s->t += .4 * (double)n;                /* gathers before it goes on */
    script_roll(s, s->rolling ? seconds + acts : seconds);
    s->t += seconds;
    if (!s->rolling)
        s->t += script_range(s, suite->shopper.pause_s);
    else if (!walk)
        s->t += .4;
    groups = 0;
    for (size_t i = first; i < first + n; i += l->wish[i].group_n) {
        put_group(s, l, &l->wish[i]);
        play_extras(s, l, extras[groups++]);
    }
    if (s->rolling && s->plan->rolls_n)
        s->t = fmax(s->t, s->plan->roll[s->plan->rolls_n - 1].t1 + .01);
    stage_until(s, s->t);
    act_settle(s);
}

static void shop(struct script *s, struct list *l, const struct shrink *shrink)
{
    const struct sim_store *store = s->plan->store;
    bool sweep = s->suite->shopper.policy == SUITE_SWEEP, played = !shrink->any;
    size_t turn = l->n / 3 + rng_below(&s->r, (uint32_t)(l->n - l->n / 3));
    const char *zone = "";

    for (size_t i = 0; i < l->n;) {
        size_t n = l->wish[i].group_n, groups = 1;
        bool walk = strcmp(zone, store->product[l->wish[i].product].zone) != 0;

        zone = store->product[l->wish[i].product].zone;
        while (sweep && groups < SWEEP_ROW && i + n < l->n) {
            n += l->wish[i + n].group_n;
            groups++;
        }
        stop(s, l, i, n, walk);
        i += n;
        if (!played && i > turn)
            played = shrink_play(s, l, shrink);
    }
    if (!played)
        (void)shrink_play(s, l, shrink);
}

enum trundle_status script_shop_bodies(struct script *s, struct trundle_error *err)
{
    struct plan *plan = s->plan;
    struct shrink shrink = shrink_choose(s);
    struct list list;

    TRY(stage_new(s, err));
    plan->member = script_chance(s, s->suite->shopper.member_share);
    s->t = 1;
    if (plan->member)
        script_mark(s, (struct plan_mark){ .kind = PLAN_TOUCH, .t = .5, .touch = TRUNDLE_TOUCH_MEMBER, .count = 1 });
    list_make(s, &list);
    shop(s, &list, &shrink);
    s->t += 1.5;
    script_mark(s, (struct plan_mark){ .kind = PLAN_TOUCH, .t = s->t, .touch = TRUNDLE_TOUCH_PAY });
    s->t += 2;
    script_mark(s, (struct plan_mark){ .kind = PLAN_TOUCH, .t = s->t, .touch = TRUNDLE_TOUCH_PAID });
    plan->end_s = s->t + .5;
    stage_until(s, plan->end_s);
    act_settle(s);
    follow(s);
    find_overlaps(plan);
    find_rolling(plan);
    plan->strays_n = stage_strays(s);
    stage_free(s);
    return TRUNDLE_OK;
}
