/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A store from its number: brands by syllables, packs by content, masses, prices, promotions; cart.c makes its cart. */
#include "lab/sim/store.h"

#include "lab/sim/cart.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double range_of(struct rng *r, struct suite_range range)
{
    return rng_range(r, range.lo, range.hi);
}

/* Two or three syllables, capitals. */
static void brand_name(struct rng *r, char out[SUITE_TEXT])
{
    static const char *const first[] = { "BA", "BRO", "CA", "CLE", "DO", "DRA", "EL", "FA", "FLO", "GA", "GRI", "HA", "HU", "JO", "KA", "KRO",
                                         "LA", "LU", "MA", "MI", "NO", "NU", "OR", "PA", "PLU", "QUI", "RA", "RO", "SA", "STE", "TA", "TRU",
                                         "UL", "VA", "VI", "WE", "YO", "ZA" };
    static const char *const middle[] = { "BE", "DA", "DRI", "GO", "LI", "LO", "MA", "NE", "NO", "RA", "RI", "SE", "TA", "TO", "VE", "ZI" };
    static const char *const last[] = { "L", "LLO", "N", "NA", "NDO", "R", "RA", "S", "SSO", "TTI", "X", "M", "LIN", "RIS", "DEN", "VA" };

    (void)snprintf(out, SUITE_TEXT, "%s%s%s", first[rng_below(r, COUNT_OF(first))], rng_unit(r) < .6 ? middle[rng_below(r, COUNT_OF(middle))] : "",
                   last[rng_below(r, COUNT_OF(last))]);
}

static uint64_t with_check_digit(uint64_t body)
{
    uint64_t sum = 0, rest = body;

    for (int i = 0; rest; i++, rest /= 10)
        sum += (rest % 10) * (i % 2 ? 1 : 3);
    return body * 10 + (10 - sum % 10) % 10;
}

/* EAN-13 under 952, the prefix that GS1 keeps for demonstrations; UPC-A under number system 1. */
static struct trundle_product fresh_code(struct sim_store *store, struct rng *r, bool upca)
{
    for (;;) {
        uint64_t body = upca ? UINT64_C(10000000000) + rng_u64(r) % UINT64_C(10000000000)
                             : UINT64_C(952000000000) + rng_u64(r) % UINT64_C(1000000000);
        struct trundle_product key = trundle_product_gtin(with_check_digit(body));
        bool taken = false;

        for (size_t i = 0; i < store->products_n; i++)
            taken = taken || store->product[i].key.key == key.key;
        if (!taken)
            return key;
    }
}

static void hsv_rgb(double h, double s, double v, uint8_t out[3])
{
    for (int k = 0; k < 3; k++) {
        double x = fmod(h * 6 + (k == 0 ? 5 : k == 1 ? 3 : 1), 6);
        double f = fmin(fmin(x, 4 - x), 1);

        out[k] = (uint8_t)(255 * (v - v * s * fmax(f, 0)));
    }
}

static void pack_size(const struct sim_suite *suite, struct sim_product *p)
{
    const struct suite_pack_shape *shape = &suite->pack[p->pack];
    const struct suite_category *c = p->category;
    double content_g = p->quantity * c->g_per_unit;
    double volume_m3 = p->quantity * c->ml_per_unit * 1e-6 / shape->fill;
    double product = shape->aspect[0] * shape->aspect[1] * shape->aspect[2];
    double unit = cbrt(volume_m3 / product);

    for (int k = 0; k < 3; k++)
        p->size_m[k] = fmax(unit * shape->aspect[k], .012);
    p->mass_g = content_g * (1 + shape->tare_share) + shape->tare_g;
}

static void make_family(struct sim_store *store, struct rng *r, const struct suite_category *c, size_t members)
{
    const struct sim_suite *suite = store->suite;
    struct sim_product proto = { .category = c };
    double hue = rng_unit(r), cents_per_unit = range_of(r, c->cents_per_1000) / 1000;
    uint32_t flavour = rng_below(r, (uint32_t)c->flavours_n), packs[SUITE_PACKS], packs_n = 0;

    brand_name(r, proto.brand);
    for (uint32_t k = 0; k < SUITE_PACKS; k++)
        if (c->packs & 1U << k)
            packs[packs_n++] = k;
    proto.pack = (enum suite_pack)packs[rng_below(r, packs_n)];
    proto.quantity = c->quantity[rng_below(r, (uint32_t)c->quantities_n)];
    proto.word = c->word[rng_below(r, (uint32_t)c->words_n)];
    proto.layout = rng_below(r, 1U << 16);
    hsv_rgb(hue, rng_range(r, .25, .9), rng_range(r, .5, .97), proto.base);
    hsv_rgb(fmod(hue + rng_range(r, .3, .7), 1), rng_range(r, .5, .95), rng_range(r, .35, .95), proto.accent);
    if (proto.base[0] * 3 + proto.base[1] * 6 + proto.base[2] > 1300)
        hsv_rgb(rng_unit(r), .8, .25, proto.ink);
    else
        memset(proto.ink, 250, sizeof proto.ink);
    for (size_t m = 0; m < members; m++) {
        struct sim_product *p = &store->product[store->products_n];

        *p = proto;
        p->upca = rng_unit(r) < suite->store.upca_share;
        p->key = fresh_code(store, r, p->upca);
        p->flavour = c->flavour[(flavour + m) % c->flavours_n];
        if (rng_unit(r) < .15)
            p->quantity = c->quantity[rng_below(r, (uint32_t)c->quantities_n)];
        hsv_rgb(fmod(hue + .13 + .61 * (double)(m + 1), 1), .75, .85, p->strip);
        pack_size(suite, p);
        p->mass_g *= rng_range(r, .97, 1.03);
        p->mass_sd_g = p->mass_g * fmin(suite->store.mass_cv * exp(suite->store.mass_cv_spread * rng_normal(r)), .2);
        p->cents = (int64_t)(cents_per_unit * p->quantity * rng_range(r, .9, 1.1)) / 10 * 10 + 9;
        (void)snprintf(p->name, sizeof p->name, "%s %s %s %g %s", proto.brand, p->word, p->flavour, p->quantity, c->unit);
        store->products_n++;
    }
}

static void make_packaged(struct sim_store *store, struct rng *r)
{
    const struct sim_suite *suite = store->suite;
    size_t wanted = (size_t)suite->store.products;
    double sum = 0, carried = 0;

    for (size_t i = 0; i < suite->categories_n; i++)
        sum += sqrt(suite->category[i].share);
    for (size_t i = 0; i < suite->categories_n; i++) {
        const struct suite_category *c = &suite->category[i];
        size_t first = store->products_n, n;
        double norm = 0;

        carried += (double)wanted * sqrt(c->share) / sum;
        n = i + 1 == suite->categories_n ? wanted - store->products_n : (size_t)fmax(0, round(carried) - (double)store->products_n);
        while (store->products_n < first + n) {
            size_t members = (size_t)range_of(r, (struct suite_range){ suite->store.family.lo, suite->store.family.hi + 1 });
            size_t left = first + n - store->products_n;

            members = members > c->flavours_n ? c->flavours_n : members;      /* two of a family never look the same */
            make_family(store, r, c, members < left ? members : left);
        }
        for (size_t k = 0; k < n; k++)
            norm += pow((double)(k + 1), -suite->store.zipf);
        for (size_t k = 0; k < n; k++) {             /* rank is a random order inside the category */
            size_t other = k + rng_below(r, (uint32_t)(n - k));
            struct sim_product *a = &store->product[first + k], *b = &store->product[first + other];
            double rank_of_b = b->popularity;

            b->popularity = a->popularity != 0 ? a->popularity : (double)(k + 1);
            a->popularity = rank_of_b != 0 ? rank_of_b : (double)(other + 1);
        }
        for (size_t k = 0; k < n; k++)
            store->product[first + k].popularity =
                c->share * (1 - suite->store.produce_share) * pow(store->product[first + k].popularity, -suite->store.zipf) / norm;
    }
}

/* Pairs of different brands that weigh almost the same: what only a camera or a code can tell apart. */
static void make_near_pairs(struct sim_store *store, struct rng *r)
{
    size_t made = 0;

    for (int tries = 0; tries < 20000 && (double)made < store->suite->store.near_pairs; tries++) {
        struct sim_product *a = &store->product[rng_below(r, (uint32_t)store->products_n)];
        struct sim_product *b = &store->product[rng_below(r, (uint32_t)store->products_n)];
        double g;

        if (a == b || !strcmp(a->brand, b->brand) || fabs(a->mass_g / b->mass_g - 1) > .25)
            continue;
        g = a->mass_g + store->suite->store.near_pair_g * rng_range(r, -1, 1);
        b->mass_sd_g *= g / b->mass_g;
        b->mass_g = g;
        made++;
    }
}

static void make_produce(struct sim_store *store, struct rng *r)
{
    double sum = 0;

    for (size_t i = 0; i < store->suite->produce_n; i++)
        sum += store->suite->produce[i].share;
    for (size_t i = 0; i < store->suite->produce_n; i++) {
        const struct suite_produce *s = &store->suite->produce[i];
        struct sim_product *p = &store->product[store->products_n++];

        *p = (struct sim_product){ .key = trundle_product_plu((uint32_t)s->plu), .produce = s, .mass_g = s->piece_g, .mass_sd_g = s->piece_sd_g };
        (void)snprintf(p->name, sizeof p->name, "%s", s->name);
        p->size_m[0] = s->length_m;
        p->size_m[1] = p->size_m[2] = s->diameter_m;
        p->cents = (int64_t)range_of(r, s->cents_per_kg) / 10 * 10 + 9;
        p->popularity = store->suite->store.produce_share * s->share / sum;
        for (int k = 0; k < 3; k++) {
            p->base[k] = (uint8_t)fmin(255, fmax(0, s->rgb[k] * rng_range(r, .93, 1.07)));
            p->accent[k] = (uint8_t)fmin(255, fmax(0, s->rgb2[k] * rng_range(r, .93, 1.07)));
        }
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

/* What the office forgot to say: old prices, products that it never listed. */
static void make_catalog_faults(struct sim_store *store, struct rng *r)
{
    const struct sim_suite *s = store->suite;

    store->catalog_stale = rng_unit(r) < s->faults.catalog_stale_share;
    store->catalog_missing = rng_unit(r) < s->faults.catalog_missing_share;
    for (size_t i = 0; i < store->products_n; i++) {
        struct sim_product *p = &store->product[i];
        bool old = rng_unit(r) < s->faults.catalog_products, missing = rng_unit(r) < s->faults.catalog_products;
        int64_t price = (int64_t)llround((double)p->cents * range_of(r, s->faults.stale_price));

        p->listed_cents = store->catalog_stale && old && price > 0 ? price : p->cents;
        p->unlisted = store->catalog_missing && missing;
    }
}

enum trundle_status sim_store_new(const struct sim_suite *suite, int64_t id, struct sim_store **out, struct trundle_error *err)
{
    struct sim_store *store = calloc(1, sizeof *store);
    uint64_t seed = hash64(&id, sizeof id, hash64(suite->root, strlen(suite->root), 0));
    struct rng r = rng_seed(seed, "store/products");

    if (!store)
        return error_set(err, TRUNDLE_NO_MEMORY, "store", NULL, "no memory for a store");
    store->suite = suite;
    store->id = id;
    make_packaged(store, &r);
    make_near_pairs(store, &r);
    make_produce(store, &r);
    normalise(store);
    r = rng_seed(seed, "store/places");
    make_places(store, &r);
    r = rng_seed(seed, "store/promotions");
    make_promotions(store, &r);
    r = rng_seed(seed, "store/faults");
    make_catalog_faults(store, &r);
    r = rng_seed(seed, "store/cart");
    sim_cart_make(store, &r);
    *out = store;
    return TRUNDLE_OK;
}

double sim_wall_s(const struct sim_suite *suite, int64_t seed)
{
    return suite->start_wall_s + (double)(seed % 100000) * 600;
}

void sim_store_free(struct sim_store *store)
{
    free(store);
}

size_t sim_store_pick(const struct sim_store *store, struct rng *rng)
{
    double x = rng_unit(rng), sum = 0;

    for (size_t i = 0; i < store->products_n; i++) {
        sum += store->product[i].popularity;
        if (x < sum)
            return i;
    }
    return store->products_n - 1;
}

double sim_product_mass(const struct sim_product *p, struct rng *rng)
{
    double z = fmin(3.5, fmax(-3.5, rng_normal(rng)));

    return fmax(p->mass_g + z * p->mass_sd_g, .3 * p->mass_g);
}

int64_t sim_product_cents(const struct sim_store *store, const struct sim_product *p, double mass_g, bool member)
{
    int64_t cents = member && p->member_cents ? p->member_cents : p->cents;
    int64_t weight_mg = (int64_t)llround(mass_g / store->cart.scale.e_g) * (int64_t)llround(store->cart.scale.e_g * 1000);

    return p->produce ? (cents * weight_mg + 500000) / 1000000 : cents;
}

const char *sim_product_code(const struct sim_product *p, char out[16])
{
    (void)snprintf(out, 16, p->upca ? "%012llu" : "%013llu", (unsigned long long)trundle_product_number(p->key));
    return out;
}
