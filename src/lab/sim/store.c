/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A store from its number: produce, places, promotions; store_make.c makes its packaged products, cart.c its cart. */
#include "lab/sim/store_inner.h"

#include "lab/sim/cart.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_produce(struct sim_store *store, struct rng *r)
{
    double sum = 0;

    for (size_t i = 0; i < store->suite->produce_n; i++)
        sum += store->suite->produce[i].share;
    for (size_t i = 0; i < store->suite->produce_n; i++) {
        const struct suite_produce *s = &store->suite->produce[i];
        struct sim_product *p = &store->product[store->products_n++];

        *p = (struct sim_product){ .key = trundle_product_plu((uint32_t)s->plu), .produce = s, .mass_g = s->piece_g, .mass_sd_g = s->piece_sd_g, .count = 1,
                                    .rich = store->suite->look.detail == SUITE_RICH, .art = store_seed(store) ^ (uint64_t)s->plu };
        (void)snprintf(p->name, sizeof p->name, "%s", s->name);
        p->size_m[0] = s->length_m;
        p->size_m[1] = p->size_m[2] = s->diameter_m;
        p->cents = (int64_t)rng_range(r, s->cents_per_kg.lo, s->cents_per_kg.hi) / 10 * 10 + 9;
        p->popularity = store->suite->store.produce_share * s->share / sum;
        for (int k = 0; k < 3; k++) {
            p->base[k] = (uint8_t)fmin(255, fmax(0, s->rgb[k] * rng_range(r, .93, 1.07)));
            p->accent[k] = (uint8_t)fmin(255, fmax(0, s->rgb2[k] * rng_range(r, .93, 1.07)));
        }
    }
}

/* Share of the items of produce p that weigh under 50 g: pieces are uniform, masses normal. */
static double light_of(const struct suite_produce *p)
{
    int lo = (int)p->pieces.lo, hi = (int)p->pieces.hi;
    double sum = 0;

    for (int k = lo; k <= hi; k++)
        sum += .5 * erfc((k * p->piece_g - 50) / (sqrt(2.0 * k) * fmax(p->piece_sd_g, .01)));
    return sum / (hi - lo + 1);
}

/* Makes light packaged products as popular as the suite's share of light items asks, beside what produce gives. */
static void make_light(struct sim_store *store)
{
    double light = 0, heavy = 0, wanted = store->suite->store.light_share;

    for (size_t i = 0; i < store->products_n; i++) {
        const struct sim_product *p = &store->product[i];

        if (p->produce)
            wanted -= p->popularity * light_of(p->produce);
        else if (p->mass_g < 50)
            light += p->popularity;
        else
            heavy += p->popularity;
    }
    if (store->suite->store.light_share <= 0 || wanted <= 0 || light <= 0 || heavy <= 0 || wanted >= light + heavy)
        return;
    for (size_t i = 0; i < store->products_n; i++)
        if (!store->product[i].produce)
            store->product[i].popularity *= store->product[i].mass_g < 50 ? wanted / light : (light + heavy - wanted) / heavy;
}

static void make_odds(struct sim_store *store)
{
    for (size_t i = 0; i <= SUITE_CATEGORIES; i++)
        for (size_t k = 0; k <= SUITE_CATEGORIES; k++)
            store->odds[i][k] = 1;
    for (size_t i = 0; i < store->suite->pairs_n; i++) {
        const struct suite_pair *p = &store->suite->pair[i];

        store->odds[p->a][p->b] = store->odds[p->b][p->a] = (float)p->odds;
    }
}

static void normalise(struct sim_store *store)
{
    double sum = 0;

    for (size_t i = 0; i < store->products_n; i++)
        sum += store->product[i].popularity;
    for (size_t i = 0; i < store->products_n; i++)
        store->product[i].popularity /= sum;
}

static void make_places(struct sim_store *store, struct rng *r)
{
    for (size_t i = 0; i < store->products_n; i++) {
        struct sim_product *p = &store->product[i];
        size_t place = p->category ? 1 + (size_t)(p->category - store->suite->category) : 0;

        (void)snprintf(p->zone, sizeof p->zone, "%s", p->category ? p->category->name : "produce");
        p->zone_x_m = 2.5 + 4.0 * (double)(place % 6) + rng_range(r, -.4, .4);
        p->zone_y_m = 3.0 + 5.0 * (double)(place / 6) + rng_range(r, -2, 2);
    }
}

static void make_promotions(struct sim_store *store, struct rng *r)
{
    const struct sim_suite *s = store->suite;
    size_t packaged = store->products_n - s->produce_n;

    for (int i = 0; i < (int)(s->store.n_for_m + s->store.percent_off); i++) {
        struct sim_promotion *p = &store->promotion[store->promotions_n++];
        size_t at = rng_below(r, (uint32_t)packaged);
        char brand[SUITE_TEXT];

        memcpy(brand, store->product[at].brand, sizeof brand);
        p->n_for_m = i < (int)s->store.n_for_m;
        p->member = rng_unit(r) < .25;
        p->n = 2 + (int)rng_below(r, 2);
        p->m = p->n - 1;
        p->percent = 10 + 5 * (int)rng_below(r, 5);
        p->first = at;
        while (p->first > 0 && !strcmp(store->product[p->first - 1].brand, store->product[at].brand))
            p->first--;
        while (p->first + p->products_n < packaged && !strcmp(store->product[p->first + p->products_n].brand, store->product[at].brand))
            p->products_n++;
        if (p->n_for_m)
            (void)snprintf(p->name, sizeof p->name, "%s %d for %d", brand, p->n, p->m);
        else
            (void)snprintf(p->name, sizeof p->name, "%s %d%% off", brand, p->percent);
    }
    for (int i = 0; i < (int)s->store.member_prices; i++) {
        struct sim_product *p = &store->product[rng_below(r, (uint32_t)store->products_n)];

        p->member_cents = p->cents - (int64_t)((double)p->cents * rng_range(r, .05, .25)) - 1;
        if (p->member_cents < 1)
            p->member_cents = 0;
    }
}

uint64_t store_seed(const struct sim_store *store)
{
    const char *root = store->suite->root;

    return hash64(&store->id, sizeof store->id, hash64(root, strlen(root), 0));
}

/* What the office forgot to say: old prices, products that it never listed. */
static void make_catalog_faults(struct sim_store *store, struct rng *r)
{
    const struct sim_suite *s = store->suite;

    store->catalog_stale = rng_unit(r) < s->faults.catalog_stale_share;
    store->catalog_missing = rng_unit(r) < s->faults.catalog_missing_share;
    for (size_t i = 0; i < store->products_n; i++) {
        struct sim_product *p = &store->product[i];
        bool old = rng_unit(r) < s->faults.catalog_products, missing = rng_unit(r) < s->faults.catalog_products;
        int64_t price = (int64_t)llround((double)p->cents * rng_range(r, s->faults.stale_price.lo, s->faults.stale_price.hi));

        p->listed_cents = store->catalog_stale && old && price > 0 ? price : p->cents;
        p->unlisted = store->catalog_missing && missing;
    }
}

enum trundle_status sim_store_new(const struct sim_suite *suite, int64_t id, struct sim_store **out, struct trundle_error *err)
{
    struct sim_store *store = calloc(1, sizeof *store);
    enum trundle_status status;
    uint64_t seed;
    struct rng r;

    if (!store)
        return error_set(err, TRUNDLE_NO_MEMORY, "store", NULL, "no memory for a store");
    store->suite = suite;
    store->id = id;
    seed = store_seed(store);
    r = rng_seed(seed, "store/products");
    store_make_packaged(store, &r);
    make_produce(store, &r);
    normalise(store);
    make_light(store);
    make_odds(store);
    r = rng_seed(seed, "store/places");
    make_places(store, &r);
    r = rng_seed(seed, "store/promotions");
    make_promotions(store, &r);
    r = rng_seed(seed, "store/faults");
    make_catalog_faults(store, &r);
    r = rng_seed(seed, "store/cart");
    sim_cart_make(store, &r);
    status = store_find_photos(store, err);
    if (status != TRUNDLE_OK) {
        sim_store_free(store);
        return status;
    }
    *out = store;
    return TRUNDLE_OK;
}

double sim_wall_s(const struct sim_suite *suite, int64_t seed)
{
    return suite->start_wall_s + (double)(seed % 100000) * 600;
}

void sim_store_free(struct sim_store *store)
{
    for (size_t i = 0; store && i < store->photos_n; i++)
        free(store->photo[i]);
    if (store)
        free(store->photo);
    free(store);
}
