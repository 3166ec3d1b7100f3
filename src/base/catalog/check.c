/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a catalog may lawfully hold and its owner would still want to know. */
#include "base/catalog/import.h"

#include <math.h>

enum { WEEK_S = 7 * 24 * 3600 };

struct report { void (*on_problem)(void *, const struct trundle_error *); void *user; size_t n; };

static void say(struct report *r, const char *where, const char *hint, const char *what)
{
    struct trundle_error e;

    (void)error_set(&e, TRUNDLE_BAD_INPUT, where, hint, "%s", what);
    r->n++;
    if (r->on_problem)
        r->on_problem(r->user, &e);
}

size_t catalog_check(const struct catalog *c, int64_t wall_ns, void (*on_problem)(void *user, const struct trundle_error *problem), void *user)
{
    struct report r = { on_problem, user, 0 };
    const int64_t week_ns = WEEK_S * INT64_C(1000000000);

    for (size_t i = 0; i < catalog_n(c); i++) {
        const struct catalog_product *p = catalog_at(c, i);
        char where[TRUNDLE_PRODUCT_TEXT];
        int64_t cents, later;

        (void)trundle_product_text(p->key, where);
        if (catalog_price(c, p->key, wall_ns, false, &cents) != TRUNDLE_OK)
            say(&r, where, "add a row to prices.csv", "has no price now");
        else if (cents == 0)
            say(&r, where, NULL, "costs nothing");
        else if (catalog_price(c, p->key, wall_ns + week_ns, false, &later) != TRUNDLE_OK)
            say(&r, where, "add a row to prices.csv", "has a price now and none in a week");
        if (isnan(p->mass_g))
            say(&r, where, "the scale cannot tell it from others; add mass_g", "has no mass");
        else if (!p->by_weight && isnan(p->mass_sd_g))
            say(&r, where, "add mass_sd_g, the spread from unit to unit", "has a mass of unknown spread");
    }
    for (size_t i = 0; i < catalog_promotions_n(c); i++) {
        const struct catalog_promotion *p = catalog_promotion_at(c, i);

        if (p->until_ns <= wall_ns)
            say(&r, p->id, "remove it from promotions.csv", "is a promotion that is over");
    }
    return r.n;
}
