/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A small trip by hand: its truth, and decisions or events that say the same, to be bent by each test. */
#pragma once

#include "base/std/status.h"
#include "base/std/time.h"
#include "lab/judge/judge.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MILK  trundle_product_gtin(UINT64_C(4011200296908))
#define OATS  trundle_product_gtin(UINT64_C(96385074))
#define BANANA trundle_product_plu(4011)

enum { TRIP_ROOM = 64 };

struct trip {
    struct judge_truth truth;
    struct judge_prediction prediction;
    struct judge_event true_event[TRIP_ROOM], event[TRIP_ROOM];
    struct judge_item true_item[TRIP_ROOM], item[TRIP_ROOM];
    struct judge_removal removal[TRIP_ROOM];
};

static inline struct judge_event event_at(double t_s, enum trundle_event_kind kind, struct trundle_product product)
{
    return (struct judge_event){ .kind = kind, .product = product, .t_ns = S_NS(t_s), .settle_ns = kind == TRUNDLE_EVENT_PUT ? S_NS(t_s + 0.5) : 0,
                                 .shown_ns = S_NS(t_s + 0.75), .scanned = false };
}

static inline struct judge_event lot_at(double t_s, enum trundle_event_kind kind, struct trundle_product product, double weight_g)
{
    struct judge_event e = event_at(t_s, kind, product);

    e.by_weight = true;
    e.weight_g = weight_g;
    return e;
}

static inline struct judge_item item_of(struct trundle_product product, int64_t cents)
{
    return (struct judge_item){ .product = product, .cents = cents };
}

/* Milk, oats, 200 g of bananas; then the oats leave. Worth 3.00 + 0.40. */
static inline void trip_init(struct trip *t)
{
    memset(t, 0, sizeof *t);
    t->truth = (struct judge_truth){ .seed = 17, .e_g = 5, .event = t->true_event, .item = t->true_item, .has_basket = true };
    t->true_event[0] = event_at(10, TRUNDLE_EVENT_PUT, MILK);
    t->true_event[1] = event_at(20, TRUNDLE_EVENT_PUT, OATS);
    t->true_event[2] = lot_at(30, TRUNDLE_EVENT_PUT, BANANA, 200);
    t->true_event[3] = event_at(40, TRUNDLE_EVENT_TAKE, OATS);
    t->truth.events_n = 4;
    t->true_item[0] = item_of(MILK, 300);
    t->true_item[1] = (struct judge_item){ .product = BANANA, .by_weight = true, .weight_g = 200, .cents = 40 };
    t->truth.items_n = 2;
    memcpy(t->event, t->true_event, sizeof t->event);
    memcpy(t->item, t->true_item, sizeof t->item);
    t->prediction = (struct judge_prediction){ .event = t->event, .events_n = 4, .item = t->item, .items_n = 2, .removal = t->removal, .has_decisions = true };
}

static inline double key_value(const struct judge_tally *tally, enum judge_key key)
{
    const struct judge_sum *s = &tally->key[key];

    return judge_key_rows[key].kind == JUDGE_COUNT ? s->num : s->den > 0 ? judge_key_rows[key].scale * s->num / s->den : (double)NAN;
}

static inline void trip_score(const struct trip *t, struct judge_tally *out)
{
    struct trundle_error err = { 0 };

    support_ok(judge_score(&t->truth, &t->prediction, NULL, out, NULL, &err), &err);
}

#define assert_key(tally, key, wanted) support_near(key_value((tally), JUDGE_##key), (wanted), 1e-9, #key, __FILE__, __LINE__)
