/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Results of many trips that never were: stores of five trips, each store with its own difficulty. */
#pragma once

#include "base/std/rng.h"
#include "lab/judge/compare.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY_STORE = 5, MANY_EVENTS = 10 };

/* `right` of ten events in each trip with probability p_right + the store's own; half of the trips are in slice "rolling", where
 * it is p_rolling. The same seed and stream give the same stores. */
static inline void many_make(struct judge_saved *out, size_t trips, uint64_t seed, double p_right, double p_rolling)
{
    struct rng store = rng_seed(seed, "many/store"), r = rng_seed(seed, "many/trip");
    struct trundle_error err = { 0 };
    double hard = 0;

    *out = (struct judge_saved){ .system = "made", .suite = "smoke", .senses = "all", .build = "0" };
    for (size_t i = 0; i < trips; i++) {
        struct judge_slice slice = { .name = "rolling" };
        struct judge_result one = { .seed = (int64_t)(1000 + i), .suite = "smoke", .slice = &slice, .slices_n = i & 1 };
        double right = 0, p;

        if (i % MANY_STORE == 0)
            hard = 0.1 * (rng_unit(&store) - 0.5);
        (void)snprintf(one.store, sizeof one.store, "%zu", i / MANY_STORE);
        p = (i & 1 ? p_rolling : p_right) + hard;
        for (int k = 0; k < MANY_EVENTS; k++)
            right += rng_unit(&r) < p;
        one.tally[0].key[JUDGE_event_recall] = (struct judge_sum){ right, MANY_EVENTS, MANY_EVENTS };
        one.tally[0].key[JUDGE_basket_accuracy] = (struct judge_sum){ right >= MANY_EVENTS, 1, 1 };
        one.tally[0].key[JUDGE_errors_per_100] = (struct judge_sum){ MANY_EVENTS - right, MANY_EVENTS, MANY_EVENTS };
        slice.tally[0] = one.tally[0];
        support_ok(judge_saved_add(out, &one, &err), &err);
    }
}

static inline struct judge_comparison many_compared(const struct judge_saved *a, const struct judge_saved *b)
{
    struct judge_compare_options options = { .common = false };
    struct judge_comparison c;
    struct trundle_error err = { 0 };

    support_ok(judge_compare(a, b, &options, &c, &err), &err);
    return c;
}
