/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * basket - lines, money, promotions, receipt. Integer money throughout.
 *
 *     struct basket b;
 *     basket_init(&b, catalog, 5000, wall_ns);
 *     TRY(basket_add(&b, &(struct basket_item){ .product = p, .count = 1, .event = 7, .t_ns = t }, &line));
 *     struct basket_totals totals = basket_totals(&b);
 *
 * A line is one event: so many items of one product, or one weighed lot. Its price is the one valid when it was added, and
 * stays; promotions are computed afresh over all lines after every change. Rounding: half away from zero, per line for
 * weights and percentages, per tax rate for the tax contained in the total.
 *
 * A plain value without owned memory; the catalog is borrowed and must outlive it. One thread at a time.
 */
#pragma once

#include "base/catalog/catalog.h"

#include <trundle/message.h>

enum { BASKET_LINES_MAX = 256, BASKET_COUNT_MAX = 99 };

struct basket_item {
    struct trundle_product product;   /* unknown: a line without price */
    int32_t count;                    /* 1..BASKET_COUNT_MAX; 1 by weight */
    int64_t weight_mg;                /* by weight: > 0; else 0 */
    uint32_t event;
    int64_t t_ns;                     /* of the event */
};

struct basket_line {
    uint32_t id;                      /* from 1, never reused */
    struct basket_item item;
    bool     by_weight, priced;       /* not priced: no valid price when it was added; counts as 0 */
    int64_t  unit_cents;              /* per item or per kg */
    int64_t  gross_cents;             /* before promotions */
    int64_t  saving_cents;            /* >= 0 */
    int32_t  promotion;               /* index in the catalog of the promotion that gave the saving; -1 none */
    int32_t  tax_bp;
    struct trundle_decision why;      /* the decision that made it what it is */
};

struct basket_totals { int64_t gross_cents, savings_cents, total_cents, tax_cents; int32_t items; };

struct basket {
    const struct catalog *catalog;    /* borrowed */
    int64_t e_mg;                     /* scale interval, 1/1000 g */
    int64_t start_wall_ns;
    bool    member;
    uint32_t next_line;
    size_t  n;
    struct basket_line line[BASKET_LINES_MAX];
};

void basket_init(struct basket *b, const struct catalog *catalog, int64_t e_mg, int64_t start_wall_ns);
/* FULL: no room for another line. BAD_ARG: count or weight out of range. */
TRUNDLE_MUST_USE enum trundle_status basket_add(struct basket *b, const struct basket_item *item, uint32_t *out_line);
/* Another product, count or weight for a line; the price is looked up again when the product changed. NOT_FOUND: no such line. */
TRUNDLE_MUST_USE enum trundle_status basket_change(struct basket *b, uint32_t line, const struct basket_item *item);
TRUNDLE_MUST_USE enum trundle_status basket_remove(struct basket *b, uint32_t line);
/* Member prices hold for all lines from now on, and for those already there. */
void basket_member(struct basket *b, bool member);
struct basket_line *basket_find(struct basket *b, uint32_t line);
const struct basket_line *basket_find_event(const struct basket *b, uint32_t event);
struct basket_totals basket_totals(const struct basket *b);
/* Mass to a whole number of scale intervals, in mg; at least one interval. */
int64_t basket_weight_mg(const struct basket *b, double mass_g);
/* Price of a mass at cents per kg, half away from zero. */
int64_t basket_price_by_weight(int64_t cents_per_kg, int64_t weight_mg);

/* Receipt for people, 42 columns, and as JSON (docs/receipt.md) with the evidence of each line. */
TRUNDLE_MUST_USE enum trundle_status basket_receipt_text(const struct basket *b, struct bytes *out);
TRUNDLE_MUST_USE enum trundle_status basket_receipt_json(const struct basket *b, struct bytes *out);
