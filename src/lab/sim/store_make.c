/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Packaged products: brands by syllables, families, packs by content, masses, popularity. */
#include "lab/sim/store_inner.h"

#include <math.h>
#include <stdio.h>
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
        p->size_m[k] = fmax(unit * shape->aspect[k], p->rich ? .007 : .012);
    p->mass_g = content_g * (1 + shape->tare_share) + shape->tare_g;
    if (p->count > 1) {                        /* so many across and deep, in film */
        const struct suite_pack_shape *piece = &suite->pack[p->piece];

        p->size_m[0] = unit * shape->aspect[0] * (p->count == 6 || p->count == 3 ? 3 : 2);
        p->size_m[1] = unit * shape->aspect[1] * (p->count > 3 ? 2 : 1);
        p->mass_g = p->count * (content_g * (1 + piece->tare_share) + piece->tare_g) + shape->tare_g;
    }
}

/* What only the rich stores have: sorts of families, multipacks, designs. Its stream is its own. */
static void enrich_family(const struct sim_store *store, struct rng *things, struct sim_product *proto)
{
    const struct suite_category *c = proto->category;
    bool small = false;

    proto->rich = true;
    proto->art = rng_u64(things);
    for (size_t i = 0; i < c->quantities_n; i++)
        small = small || c->quantity[i] <= 500;
    if (proto->pack == SUITE_MULTIPACK && small) {
        static const int counts[] = { 2, 3, 4, 6 };

        proto->count = counts[rng_below(things, COUNT_OF(counts))];
        proto->piece = c->packs & 1U << SUITE_GLASS ? SUITE_GLASS : SUITE_CLEAR_BOTTLE;
        if (c->packs & 1U << SUITE_CAN && rng_unit(things) < .6)
            proto->piece = SUITE_CAN;
        while (proto->quantity > 500)
            proto->quantity = c->quantity[rng_below(things, (uint32_t)c->quantities_n)];
    } else if (proto->pack == SUITE_MULTIPACK) {
        proto->pack = SUITE_BOX;
    }
    proto->gloss = (float)(store->suite->pack[proto->pack].gloss * store->suite->look.gloss * rng_range(things, .6, 1.2));
    proto->gloss = fminf(proto->gloss, 1);
    proto->clear = (float)(store->suite->pack[proto->pack].clear * store->suite->look.clear);
}

/* How members of a rich family differ: `sort` below 1 text only, below 2 size only, else colour and text. */
static void enrich_member(const struct sim_store *store, struct rng *things, struct sim_product *p, int sort, size_t m, uint32_t flavour)
{
    const struct suite_category *c = p->category;

    if (sort == 1 && p->count > 1) {
        static const int counts[] = { 2, 3, 4, 6 };

        p->count = counts[m % COUNT_OF(counts)];
        p->flavour = c->flavour[(flavour + m / COUNT_OF(counts)) % c->flavours_n];
    } else if (sort == 1) {
        p->quantity = c->quantity[m % c->quantities_n];
        p->flavour = c->flavour[(flavour + m / c->quantities_n) % c->flavours_n];
    }
    p->redesign = rng_unit(things) < store->suite->look.redesign_share;
}

static void make_family(struct sim_store *store, struct rng *r, struct rng *things, const struct suite_category *c, size_t members)
{
    const struct sim_suite *suite = store->suite;
    struct sim_product proto = { .category = c, .count = 1, .family = store->products_n ? store->product[store->products_n - 1].family + 1 : 1 };
    int sort = 2;
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
    proto.piece = proto.pack;
    if (suite->look.detail == SUITE_RICH) {
        double u = rng_unit(things);

        sort = u < suite->look.text_only_share ? 0 : u < suite->look.text_only_share + suite->look.size_only_share ? 1 : 2;
        enrich_family(store, things, &proto);
        proto.text_only = sort == 0;
    }
    for (size_t m = 0; m < members; m++) {
        struct sim_product *p = &store->product[store->products_n];

        *p = proto;
        p->upca = rng_unit(r) < suite->store.upca_share;
        p->key = fresh_code(store, r, p->upca);
        p->flavour = c->flavour[(flavour + m) % c->flavours_n];
        if (rng_unit(r) < .15 && sort == 2) {
            double other = c->quantity[rng_below(r, (uint32_t)c->quantities_n)];

            p->quantity = p->count > 1 ? p->quantity : other;
        }
        if (p->rich)
            enrich_member(store, things, p, sort, m, flavour);
        hsv_rgb(fmod(hue + .13 + .61 * (double)(m + 1), 1), .75, .85, p->strip);
        pack_size(suite, p);
        p->mass_g *= rng_range(r, .97, 1.03);
        p->mass_sd_g = p->mass_g * fmin(suite->store.mass_cv * exp(suite->store.mass_cv_spread * rng_normal(r)), .2);
        p->cents = (int64_t)(cents_per_unit * p->quantity * p->count * rng_range(r, .9, 1.1)) / 10 * 10 + 9;
        if (p->count > 1)
            (void)snprintf(p->name, sizeof p->name, "%s %s %s %d x %g %s", proto.brand, p->word, p->flavour, p->count, p->quantity, c->unit);
        else
            (void)snprintf(p->name, sizeof p->name, "%s %s %s %g %s", proto.brand, p->word, p->flavour, p->quantity, c->unit);
        store->products_n++;
    }
}

static void make_categories(struct sim_store *store, struct rng *r, struct rng *things)
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

            if (suite->store.single_share > 0 && rng_unit(r) < suite->store.single_share)
                members = 1;
            members = members > c->flavours_n ? c->flavours_n : members;      /* two of a family never look the same */
            make_family(store, r, things, c, members < left ? members : left);
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
        if (g < .3 * a->mass_g)
            continue;
        b->mass_sd_g *= g / b->mass_g;
        b->mass_g = g;
        made++;
    }
}

/* Packings of other mass, until the wanted share of all pairs lies within near_pair_g. */
static void make_near_share(struct sim_store *store)
{
    struct rng r = rng_seed(store_seed(store), "store/near");
    double g = store->suite->store.near_pair_g;
    size_t n = store->products_n, pairs = n * (n - 1) / 2, near = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            near += fabs(store->product[i].mass_g - store->product[k].mass_g) < g;
    for (int tries = 0; tries < 100000 && (double)near < store->suite->store.near_share * (double)pairs; tries++) {
        struct sim_product *a = &store->product[rng_below(&r, (uint32_t)n)], *b = &store->product[rng_below(&r, (uint32_t)n)];
        size_t before = 0, after = 0;
        double mass = a->mass_g + g * rng_range(&r, -1, 1);

        if (a == b || a->family == b->family || fabs(mass / b->mass_g - 1) > .12 || (mass < 50) != (b->mass_g < 50))
            continue;
        for (size_t k = 0; k < n; k++) {
            before += &store->product[k] != b && fabs(store->product[k].mass_g - b->mass_g) < g;
            after += &store->product[k] != b && fabs(store->product[k].mass_g - mass) < g;
        }
        if (after <= before)
            continue;
        near += after - before;
        b->mass_sd_g *= mass / b->mass_g;
        b->mass_g = mass;
    }
}

void store_make_packaged(struct sim_store *store, struct rng *r)
{
    struct rng things = rng_seed(store_seed(store), "store/things");

    make_categories(store, r, &things);
    make_near_pairs(store, r);
    if (store->suite->store.near_share > 0)
        make_near_share(store);
}
