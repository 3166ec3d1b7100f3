/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Lines and their prices; promotions are in promotion.c, the receipt in receipt.c. */
#include "cart/basket/basket.h"

#include "cart/basket/promotion.h"

#include <math.h>
#include <string.h>

void basket_init(struct basket *b, const struct catalog *catalog, int64_t e_mg, int64_t start_wall_ns)
{
    memset(b, 0, sizeof *b);
    b->catalog = catalog;
    b->e_mg = e_mg;
    b->start_wall_ns = start_wall_ns;
    b->next_line = 1;
}

int64_t basket_weight_mg(const struct basket *b, double mass_g)
{
    double intervals = round(mass_g * 1000 / (double)b->e_mg);

    if (!(intervals >= 1))
        intervals = 1;
    if (intervals > 1e6)
        intervals = 1e6;
    return (int64_t)intervals * b->e_mg;
}

int64_t basket_price_by_weight(int64_t cents_per_kg, int64_t weight_mg)
{
    int64_t product = cents_per_kg * weight_mg;

    return (product + (product >= 0 ? 500000 : -500000)) / 1000000;
}

static bool item_fits(const struct basket_item *item)
{
    return item->count >= 1 && item->count <= BASKET_COUNT_MAX && item->weight_mg >= 0 && item->weight_mg <= INT64_C(1000000000);
}

static void look_up_price(const struct basket *b, struct basket_line *line)
{
    const struct catalog_product *p = catalog_find(b->catalog, line->item.product);
    int64_t cents = 0;

    line->by_weight = p && p->by_weight;
    line->tax_bp = p ? p->tax_bp : 0;
    line->priced = p && catalog_price(b->catalog, line->item.product, b->start_wall_ns + line->item.t_ns, b->member, &cents) == TRUNDLE_OK;
    line->unit_cents = line->priced ? cents : 0;
}

static void multiply(struct basket_line *line)
{
    line->gross_cents = line->by_weight ? basket_price_by_weight(line->unit_cents, line->item.weight_mg)
                                        : line->unit_cents * line->item.count;
}

enum trundle_status basket_add(struct basket *b, const struct basket_item *item, uint32_t *out_line)
{
    struct basket_line *line;

    if (!item_fits(item))
        return TRUNDLE_BAD_ARG;
    if (b->n == BASKET_LINES_MAX)
        return TRUNDLE_FULL;
    line = &b->line[b->n++];
    memset(line, 0, sizeof *line);
    line->id = b->next_line++;
    line->item = *item;
    look_up_price(b, line);
    multiply(line);
    promotion_apply(b);
    *out_line = line->id;
    return TRUNDLE_OK;
}

struct basket_line *basket_find(struct basket *b, uint32_t line)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->line[i].id == line)
            return &b->line[i];
    return NULL;
}

const struct basket_line *basket_find_event(const struct basket *b, uint32_t event)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->line[i].item.event == event)
            return &b->line[i];
    return NULL;
}

enum trundle_status basket_change(struct basket *b, uint32_t id, const struct basket_item *item)
{
    struct basket_line *line = basket_find(b, id);
    bool other;

    if (!line)
        return TRUNDLE_NOT_FOUND;
    if (!item_fits(item))
        return TRUNDLE_BAD_ARG;
    other = line->item.product.key != item->product.key;
    line->item = *item;
    if (other)
        look_up_price(b, line);
    multiply(line);
    promotion_apply(b);
    return TRUNDLE_OK;
}

enum trundle_status basket_remove(struct basket *b, uint32_t id)
{
    struct basket_line *line = basket_find(b, id);
    size_t i;

    if (!line)
        return TRUNDLE_NOT_FOUND;
    i = (size_t)(line - b->line);
    memmove(line, line + 1, (b->n - i - 1) * sizeof *line);
    b->n--;
    promotion_apply(b);
    return TRUNDLE_OK;
}

void basket_member(struct basket *b, bool member)
{
    b->member = member;
    for (size_t i = 0; i < b->n; i++) {
        look_up_price(b, &b->line[i]);
        multiply(&b->line[i]);
    }
    promotion_apply(b);
}

/* The tax that a tax-inclusive amount contains, half away from zero. */
static int64_t tax_in(int64_t cents, int32_t tax_bp)
{
    int64_t whole = 10000 + tax_bp;

    return (cents * tax_bp + whole / 2) / whole;
}

struct basket_totals basket_totals(const struct basket *b)
{
    struct basket_totals t = { 0 };

    for (size_t i = 0; i < b->n; i++) {
        const struct basket_line *line = &b->line[i];
        bool first_of_rate = true;
        int64_t of_rate = 0;

        t.gross_cents += line->gross_cents;
        t.savings_cents += line->saving_cents;
        t.items += line->item.count;
        for (size_t j = 0; j < b->n; j++) {
            if (b->line[j].tax_bp != line->tax_bp)
                continue;
            first_of_rate = first_of_rate && j >= i;
            of_rate += b->line[j].gross_cents - b->line[j].saving_cents;
        }
        if (first_of_rate)
            t.tax_cents += tax_in(of_rate, line->tax_bp);
    }
    t.total_cents = t.gross_cents - t.savings_cents;
    return t;
}
