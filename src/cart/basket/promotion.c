/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/basket/promotion.h"

#include <string.h>

/* Items of each line that no promotion has taken yet, and the saving a promotion would give to each line. */
struct offer {
    int32_t items[BASKET_LINES_MAX];      /* items used of each line */
    int64_t saving[BASKET_LINES_MAX];
    int64_t total;
};

static bool holds(const struct basket *b, const struct catalog_promotion *p, int64_t wall_ns)
{
    return (!p->member || b->member) && wall_ns >= p->from_ns && wall_ns < p->until_ns;
}

static bool names(const struct catalog *c, const struct catalog_promotion *p, struct trundle_product key)
{
    const struct trundle_product *list = catalog_promotion_products(c, p);

    for (uint32_t i = 0; i < p->products_n; i++)
        if (list[i].key == key.key)
            return true;
    return false;
}

static int64_t percent_of(int64_t cents, int32_t bp)
{
    return (cents * bp + 5000) / 10000;
}

static void offer_percent(const struct basket *b, const struct catalog_promotion *p, const bool *eligible, const int32_t *left, struct offer *o)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct basket_line *line = &b->line[i];

        if (!eligible[i] || !left[i])
            continue;
        o->items[i] = left[i];
        o->saving[i] = line->by_weight ? percent_of(line->gross_cents, p->percent_bp)
                                       : percent_of(line->unit_cents, p->percent_bp) * left[i];
        o->total += o->saving[i];
    }
}

/* Of every n items the cheapest n - m are free: the items in order of falling price, cut into groups of n. */
static void offer_n_for_m(const struct basket *b, const struct catalog_promotion *p, const bool *eligible, const int32_t *left, struct offer *o)
{
    int32_t rest[BASKET_LINES_MAX];
    int32_t items = 0, used = 0;

    for (size_t i = 0; i < b->n; i++) {
        rest[i] = eligible[i] && !b->line[i].by_weight ? left[i] : 0;
        items += rest[i];
    }
    items -= items % p->n;
    while (used < items) {
        size_t dearest = BASKET_LINES_MAX;

        for (size_t i = 0; i < b->n; i++)
            if (rest[i] && (dearest == BASKET_LINES_MAX || b->line[i].unit_cents > b->line[dearest].unit_cents))
                dearest = i;
        rest[dearest]--;
        o->items[dearest]++;
        if (used % p->n >= p->m) {
            o->saving[dearest] += b->line[dearest].unit_cents;
            o->total += b->line[dearest].unit_cents;
        }
        used++;
    }
}

static void offer_of(const struct basket *b, const struct catalog_promotion *p, const int32_t *left, struct offer *o)
{
    bool eligible[BASKET_LINES_MAX];

    memset(o, 0, sizeof *o);
    for (size_t i = 0; i < b->n; i++)
        eligible[i] = b->line[i].priced && holds(b, p, b->start_wall_ns + b->line[i].item.t_ns) &&
                      names(b->catalog, p, b->line[i].item.product);
    if (p->kind == CATALOG_PERCENT)
        offer_percent(b, p, eligible, left, o);
    else if (p->kind == CATALOG_N_FOR_M && p->n > p->m && p->m >= 0)
        offer_n_for_m(b, p, eligible, left, o);
}

void promotion_apply(struct basket *b)
{
    int32_t left[BASKET_LINES_MAX];
    struct offer best, o;

    for (size_t i = 0; i < b->n; i++) {
        left[i] = b->line[i].item.count;
        b->line[i].saving_cents = 0;
        b->line[i].promotion = -1;
    }
    for (;;) {
        size_t which = 0;

        best.total = 0;
        for (size_t k = 0; k < catalog_promotions_n(b->catalog); k++) {
            offer_of(b, catalog_promotion_at(b->catalog, k), left, &o);
            if (o.total > best.total) {
                best = o;
                which = k;
            }
        }
        if (!best.total)
            return;
        for (size_t i = 0; i < b->n; i++) {
            left[i] -= best.items[i];
            b->line[i].saving_cents += best.saving[i];
            if (best.saving[i])
                b->line[i].promotion = (int32_t)which;
        }
    }
}
