/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/truth - the little that a replay says about the truth in its trip: when puts settled, what was inside at the end.
 * Scores and intervals are the lab's business (lab/judge), which the cart does not link.
 */
#pragma once

#include "cart/basket/basket.h"

enum { TRUTH_EVENTS = 256 };

struct truth_view {
    size_t puts_n, items_n;
    struct { int64_t release_ns, settle_ns; } put[TRUTH_EVENTS];
    struct { struct trundle_product product; double mass_g; bool by_weight; } item[TRUTH_EVENTS];
    bool has_basket;
};

/* Adds one /truth payload; what is not protobuf is ignored. */
void truth_view_add(struct truth_view *t, const uint8_t *bytes, size_t n);
/* t_settle of the put nearest to t, within 1 s. */
bool truth_view_settle(const struct truth_view *t, int64_t t_event_ns, int64_t *out_settle_ns);
/* What the true items cost by the catalog of `like`, its promotions and membership included; -1: no memory. */
int64_t truth_view_total(const struct truth_view *t, const struct basket *like, int64_t now_ns);
/* Items of the basket that are right in product (and weight: two intervals or 1 %), missing or wrong, and too many. */
void truth_view_compare(const struct truth_view *t, const struct basket *b, int *out_right, int *out_missing, int *out_phantom);
