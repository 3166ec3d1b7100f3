/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A trip's truth messages as lists of single items. */
#include "base/std/status.h"
#include "lab/judge/score.h"
#include "proto/trundle.pb-c.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT_MAX = 99 };
#define MASS_MAX_G 1e6

static enum trundle_status bad(struct trundle_error *err, enum trundle_status status, const char *what, double value)
{
    return error_set(err, status, "/truth", NULL, "%s (%g)", what, value);
}

bool judge_is_time(int64_t t_ns)
{
    return t_ns >= -(INT64_C(1) << 60) && t_ns <= INT64_C(1) << 60;
}

static bool room_for(void **list, size_t size, size_t n, size_t more, size_t *room)
{
    size_t want = *room ? *room : 32;
    void *moved;

    while (want < n + more)
        want *= 2;
    if (want == *room)
        return true;
    moved = realloc(*list, want * size);
    if (!moved)
        return false;
    *list = moved;
    *room = want;
    return true;
}

static enum trundle_status slice_bit(struct judge_truth *truth, const char *name, uint64_t *bits, struct trundle_error *err)
{
    size_t i;

    for (i = 0; i < truth->slices_n; i++)
        if (!strcmp(truth->slice[i], name))
            break;
    if (i == truth->slices_n) {
        if (!*name || strlen(name) >= JUDGE_SLICE_NAME)
            return error_set(err, TRUNDLE_TOO_LARGE, "/truth", NULL, "slice name '%.40s' has not 1 to %d letters", name, JUDGE_SLICE_NAME - 1);
        if (i == JUDGE_SLICES_MAX)
            return error_set(err, TRUNDLE_TOO_LARGE, "/truth", NULL, "more than %d slices", JUDGE_SLICES_MAX);
        (void)snprintf(truth->slice[truth->slices_n++], JUDGE_SLICE_NAME, "%s", name);
    }
    *bits |= UINT64_C(1) << i;
    return TRUNDLE_OK;
}

static enum trundle_status add_event(struct judge_truth *truth, const Trundle__V1__TruthEvent *e, struct trundle_error *err)
{
    struct judge_event event = { .product = { e->product }, .by_weight = e->by_weight, .scanned = e->scanned, .id = e->id, .item = e->item };
    size_t n = 1;

    if (e->kind == TRUNDLE_EVENT_MOVE || e->kind == TRUNDLE_EVENT_NOTHING)
        return TRUNDLE_OK;
    if (e->kind != TRUNDLE_EVENT_PUT && e->kind != TRUNDLE_EVENT_TAKE)
        return bad(err, TRUNDLE_BAD_INPUT, "an event of no known kind", (double)e->kind);
    if (!isfinite(e->mass_g) || fabs(e->mass_g) > MASS_MAX_G)
        return bad(err, TRUNDLE_BAD_INPUT, "an event with an impossible mass", e->mass_g);
    event.kind = (enum trundle_event_kind)e->kind;
    event.t_ns = event.kind == TRUNDLE_EVENT_PUT ? e->t_release_ns : e->t_cross_ns;
    event.settle_ns = e->t_settle_ns;
    if (!judge_is_time(event.t_ns) || !judge_is_time(event.settle_ns))
        return bad(err, TRUNDLE_BAD_INPUT, "an event at an impossible time", (double)event.t_ns * 1e-9);
    if (event.by_weight) {
        event.weight_g = fabs(e->mass_g);
    } else {
        if (e->count < 0 || e->count > COUNT_MAX)
            return bad(err, TRUNDLE_BAD_INPUT, "an event with an impossible count", e->count);
        n = e->count ? (size_t)e->count : 1;
    }
    if (truth->events_n + n > JUDGE_EVENTS_MAX)
        return bad(err, TRUNDLE_TOO_LARGE, "too many events in one trip", (double)(truth->events_n + n));
    for (size_t i = 0; i < e->n_slices; i++)
        TRY(slice_bit(truth, e->slices[i], &event.slices, err));
    if (!room_for((void **)&truth->event, sizeof *truth->event, truth->events_n, n, &truth->events_room))
        return error_set(err, TRUNDLE_NO_MEMORY, "/truth", NULL, "no memory for %zu events", truth->events_n + n);
    while (n--)
        truth->event[truth->events_n++] = event;
    return TRUNDLE_OK;
}

static enum trundle_status add_basket(struct judge_truth *truth, const Trundle__V1__TruthBasket *basket, struct trundle_error *err)
{
    if (truth->has_basket)
        return bad(err, TRUNDLE_BAD_INPUT, "two final baskets in one trip", 2);
    if (basket->n_items > JUDGE_EVENTS_MAX)
        return bad(err, TRUNDLE_TOO_LARGE, "too many items in the final basket", (double)basket->n_items);
    if (!room_for((void **)&truth->item, sizeof *truth->item, 0, basket->n_items, &truth->items_room))
        return error_set(err, TRUNDLE_NO_MEMORY, "/truth", NULL, "no memory for %zu items", basket->n_items);
    for (size_t i = 0; i < basket->n_items; i++) {
        const Trundle__V1__TruthItem *item = basket->items[i];

        if (!isfinite(item->mass_g) || item->mass_g < 0 || item->mass_g > MASS_MAX_G)
            return bad(err, TRUNDLE_BAD_INPUT, "an item with an impossible mass", item->mass_g);
        if (item->price_cents < 0 || item->price_cents > INT64_C(1000000000))
            return bad(err, TRUNDLE_BAD_INPUT, "an item with an impossible price", (double)item->price_cents);
        truth->item[i] = (struct judge_item){ .product = { item->product }, .by_weight = item->by_weight,
                                              .weight_g = item->by_weight ? item->mass_g : 0,
                                              .cents = item->price_cents ? item->price_cents : -1 };
    }
    truth->items_n = basket->n_items;
    truth->has_basket = true;
    return TRUNDLE_OK;
}

static enum trundle_status trip_slice(struct judge_truth *truth, const char *kind, const char *name, uint64_t *out_bit, struct trundle_error *err)
{
    char slice[2 * JUDGE_SLICE_NAME];

    if (!*name)
        return error_set(err, TRUNDLE_BAD_INPUT, "/truth", NULL, "a %s without a name", kind);
    (void)snprintf(slice, sizeof slice, "%s_%s", kind, name);
    *out_bit = 0;
    TRY(slice_bit(truth, slice, out_bit, err));
    truth->trip_slices |= *out_bit;
    return TRUNDLE_OK;
}

static enum trundle_status add_scenario(struct judge_truth *truth, const Trundle__V1__TruthScenario *s, struct trundle_error *err)
{
    struct judge_scenario made = { .twin = s->twin, .t0_ns = s->t0_ns, .t1_ns = s->t1_ns, .value_cents = s->value_cents };

    if (truth->scenarios_n == JUDGE_SCENARIOS_MAX)
        return bad(err, TRUNDLE_TOO_LARGE, "too many scenarios in one trip", JUDGE_SCENARIOS_MAX + 1);
    if (s->n_events > JUDGE_SCENARIO_REFS || s->n_items > JUDGE_SCENARIO_REFS)
        return bad(err, TRUNDLE_TOO_LARGE, "too many events or items in one scenario", (double)(s->n_events > s->n_items ? s->n_events : s->n_items));
    if (!judge_is_time(s->t0_ns) || !judge_is_time(s->t1_ns))
        return bad(err, TRUNDLE_BAD_INPUT, "a scenario at an impossible time", (double)s->t0_ns * 1e-9);
    if (s->t1_ns < s->t0_ns)
        return bad(err, TRUNDLE_BAD_INPUT, "a scenario that ends before it begins", (double)(s->t1_ns - s->t0_ns) * 1e-9);
    if (s->value_cents < 0 || s->value_cents > INT64_C(1000000000))
        return bad(err, TRUNDLE_BAD_INPUT, "a scenario of an impossible value", (double)s->value_cents);
    made.events_n = s->n_events;
    made.items_n = s->n_items;
    for (size_t i = 0; i < s->n_events; i++)
        made.event[i] = s->events[i];
    for (size_t i = 0; i < s->n_items; i++)
        made.item[i] = s->items[i];
    TRY(trip_slice(truth, s->twin ? "twin" : "shrink", s->name, &made.slice, err));
    truth->scenario[truth->scenarios_n++] = made;
    return TRUNDLE_OK;
}

enum trundle_status judge_truth_add(struct judge_truth *truth, const void *bytes, size_t n, struct trundle_error *err)
{
    Trundle__V1__Truth *what = trundle__v1__truth__unpack(NULL, n, bytes);
    enum trundle_status status = TRUNDLE_OK;

    if (!what)
        return error_set(err, TRUNDLE_BAD_INPUT, "/truth", "the trip was made by another version", "not a trundle.v1.Truth of %zu bytes", n);
    if (what->what_case == TRUNDLE__V1__TRUTH__WHAT_EVENT)
        status = add_event(truth, what->event, err);
    else if (what->what_case == TRUNDLE__V1__TRUTH__WHAT_BASKET)
        status = add_basket(truth, what->basket, err);
    else if (what->what_case == TRUNDLE__V1__TRUTH__WHAT_SCENARIO)
        status = add_scenario(truth, what->scenario, err);
    else if (what->what_case == TRUNDLE__V1__TRUTH__WHAT_FAULT)
        status = trip_slice(truth, "fault", what->fault->name, &(uint64_t){ 0 }, err);
    trundle__v1__truth__free_unpacked(what, NULL);
    return status;
}

int judge_event_order(const void *a, const void *b)
{
    const struct judge_event *x = a, *y = b;

    if (x->t_ns != y->t_ns)
        return x->t_ns < y->t_ns ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->product.key != y->product.key)
        return x->product.key < y->product.key ? -1 : 1;
    return (x->weight_g > y->weight_g) - (x->weight_g < y->weight_g);
}

enum trundle_status judge_truth_finish(struct judge_truth *truth, struct trundle_error *err)
{
    if (!truth->has_basket)
        return error_set(err, TRUNDLE_NOT_FOUND, "/truth", "only trips with truth can be scored: trundle sim makes them",
                         "the trip holds no %s", truth->events_n ? "final basket" : "truth");
    if (truth->events_n)
        qsort(truth->event, truth->events_n, sizeof *truth->event, judge_event_order);
    return TRUNDLE_OK;
}

void judge_truth_done(struct judge_truth *truth)
{
    free(truth->event);
    free(truth->item);
    *truth = (struct judge_truth){ 0 };
}
