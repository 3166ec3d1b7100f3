/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a shopper wants: how many things, which, how each is told to the cart, what is put together; and the way through the store. */
#include "lab/sim/script.h"

#include <math.h>
#include <string.h>

/* The one place that asks the store what goes into a basket next. */
static size_t pick_next(const struct sim_store *store, struct rng *r, const struct list *l)
{
    size_t basket[PLAN_ITEMS];

    for (size_t i = 0; i < l->n; i++)
        basket[i] = l->wish[i].product;
    return sim_store_pick_next(store, r, basket, l->n);
}

/* One that is under 50 g for sure, by popularity among those. */
static size_t pick_light(const struct sim_store *store, struct rng *r)
{
    double sum = 0, x = rng_unit(r);

    for (int round = 0; round < 2; round++) {
        double so_far = 0;

        for (size_t i = 0; i < store->products_n; i++) {
            const struct sim_product *p = &store->product[i];

            if (p->produce || p->mass_g + 2 * p->mass_sd_g >= 50)
                continue;
            so_far += p->popularity;
            if (round == 1 && so_far >= x * sum)
                return i;
        }
        sum = so_far;
    }
    return sim_store_pick(store, r);
}

static size_t pick(const struct script *s, struct rng *r, const struct list *l)
{
    bool light = rng_unit(r) < s->suite->shopper.light_share;

    return light ? pick_light(s->plan->store, r) : pick_next(s->plan->store, r, l);
}

static size_t other_produce(const struct sim_store *store, struct rng *r, size_t product)
{
    size_t first = store->products_n, n = 0;

    for (size_t i = 0; i < store->products_n; i++)
        if (store->product[i].produce) {
            first = i < first ? i : first;
            n++;
        }
    return n < 2 ? product : first + (product - first + 1 + rng_below(r, (uint32_t)(n - 1))) % n;
}

static size_t how_many(const struct script *s, struct rng *r)
{
    double z = rng_normal(r), spread = z < 0 ? s->suite->shopper.spread_below : s->suite->shopper.spread_above;
    double n = round(s->suite->shopper.items_median * exp(spread * z));

    n = fmin(s->suite->shopper.items.hi, fmax(s->suite->shopper.items.lo, n));
    return (size_t)fmax(1, fmin(n, PLAN_ITEMS - 28));      /* room for what scenarios bring */
}

/* From the door on to the nearest shelf that is still wanted; a sweep goes aisle by aisle, there and back. */
static void route(const struct script *s, struct list *l)
{
    const struct sim_store *store = s->plan->store;
    bool sweep = s->suite->shopper.policy == SUITE_SWEEP;
    double x = 1, y = 1;

    for (size_t i = 0; i < l->n; i++) {
        size_t best = i;
        double least = INFINITY;
        struct wish next;

        for (size_t k = i; k < l->n; k++) {
            const struct sim_product *p = &store->product[l->wish[k].product];
            double aisle = floor(p->zone_x_m / 4), d;

            d = sweep ? 1000 * aisle + ((int)aisle % 2 ? 100 - p->zone_y_m : p->zone_y_m) : hypot(p->zone_x_m - x, p->zone_y_m - y);
            if (l->wish[k].repeat)
                d += 3;                    /* remembered late */
            if (d < least) {
                least = d;
                best = k;
            }
        }
        next = l->wish[best];
        memmove(&l->wish[i + 1], &l->wish[i], (best - i) * sizeof next);
        l->wish[i] = next;
        x = store->product[next.product].zone_x_m;
        y = store->product[next.product].zone_y_m;
    }
}

static void group(const struct script *s, struct rng *r, struct list *l)
{
    const struct sim_suite *suite = s->suite;

    for (size_t i = 0; i < l->n;) {
        double u = rng_unit(r);
        size_t n = 1, left = l->n - i;

        l->wish[i].group = WISH_ALONE;
        if ((u -= suite->shopper.double_share) < 0 && left > 1) {
            l->wish[i].group = WISH_TWO_HANDS;
            n = 2;
        } else if ((u -= suite->shopper.in_hand_share) < 0 && left > 1) {
            l->wish[i].group = WISH_IN_HAND;
            n = 2;
        } else if ((u -= suite->shopper.overlap_share) < 0 && left > 1) {
            l->wish[i].group = WISH_OVERLAP;
            n = 2;
        } else if ((u -= suite->shopper.bag_share) < 0 && left > 1) {
            l->wish[i].group = WISH_IN_BAG;
            n = left > 2 && rng_unit(r) < .5 ? 3 : 2;
        }
        l->wish[i].group_n = n;
        i += n;
    }
}

void list_make(struct script *s, struct list *out)
{
    const struct sim_suite *suite = s->suite;
    const struct sim_store *store = s->plan->store;
    struct rng basket = rng_seed(s->seed, "trip/basket"), habits = rng_seed(s->seed, "trip/habits"), together = rng_seed(s->seed, "trip/together");
    double odds = suite->shopper.scan_spread * rng_normal(&habits), scan = suite->shopper.scan_share, pick_plu = suite->shopper.pick_share;
    double after = suite->shopper.scan_after_share;
    size_t wanted = how_many(s, &basket);

    *out = (struct list){ .things = rng_seed(s->seed, "trip/things") };
    scan = 1 / (1 + (1 / fmin(fmax(scan, 1e-6), 1 - 1e-6) - 1) * exp(-odds));
    pick_plu = 1 / (1 + (1 / fmin(fmax(pick_plu, 1e-6), 1 - 1e-6) - 1) * exp(-odds));
    after = rng_unit(&habits) < after ? .85 : .4 * after;       /* one who drops first mostly does */
    while (out->n < wanted) {
        struct wish *w = &out->wish[out->n];
        bool repeat = out->n > 0 && rng_unit(&basket) < suite->shopper.repeat_share;

        w->product = pick(s, &basket, out);
        w->repeat = false;
        if (repeat) {
            w->product = out->wish[rng_below(&basket, (uint32_t)out->n)].product;
            w->repeat = true;
        }
        out->n++;
    }
    route(s, out);
    group(s, &together, out);
    for (size_t i = 0; i < out->n; i++) {
        struct wish *w = &out->wish[i];
        bool produce = store->product[w->product].produce != NULL, told = rng_unit(&habits) < (produce ? pick_plu : scan), late = rng_unit(&habits) < after;
        bool wrong = rng_unit(&habits) < suite->shopper.wrong_plu_share;

        w->how = !told ? WISH_SILENT : produce ? (wrong ? WISH_WRONG : WISH_BEFORE) : late ? WISH_AFTER : WISH_BEFORE;
        w->wrong = w->how == WISH_WRONG ? other_produce(store, &habits, w->product) : w->product;
    }
}

void list_scan(struct script *s, size_t index, size_t product, double t)
{
    struct plan_item *item = &s->plan->item[index];
    bool produce = s->plan->store->product[product].produce != NULL;

    script_mark(s, (struct plan_mark){ .kind = produce ? PLAN_TOUCH : PLAN_CODE, .t = t, .product = product, .touch = TRUNDLE_TOUCH_PLU });
    if (product == item->product) {
        item->scanned = true;
        item->t_scan = t;
    }
}

size_t list_take(struct script *s, struct list *l, const struct wish *w, double *t, bool *out_after)
{
    const struct sim_suite *suite = s->suite;
    size_t index = s->plan->items_n;
    bool produce = s->plan->store->product[w->product].produce != NULL;
    const double ahead = .55;                 /* a hand takes about this long from its start to crossing */

    (void)script_item(s, &l->things, w->product);
    *out_after = w->how == WISH_AFTER;
    if (w->how == WISH_BEFORE || w->how == WISH_WRONG) {
        double scan_t = *t + rng_range(&s->r, .1, .3);

        list_scan(s, index, w->how == WISH_WRONG ? w->wrong : w->product, scan_t);
        *t = fmax(scan_t + .1, scan_t + script_range(s, produce ? suite->shopper.pick_before_s : suite->shopper.scan_before_s) - ahead);
    }
    return index;
}
