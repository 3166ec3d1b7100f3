/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What is bought and what it costs: picks by popularity and pair odds, siblings, masses, prices. */
#include "lab/sim/store.h"

#include <math.h>
#include <stdio.h>

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

/* Row of the odds: the category's place, the last for produce. */
static size_t row_of(const struct sim_store *store, size_t product)
{
    const struct sim_product *p = &store->product[product];

    return p->category ? (size_t)(p->category - store->suite->category) : store->suite->categories_n;
}

size_t sim_store_pick_next(const struct sim_store *store, struct rng *rng, const size_t *basket, size_t n)
{
    double weight[SUITE_CATEGORIES + 1], x = rng_unit(rng), total = 0, sum = 0;
    bool here[SUITE_CATEGORIES + 1] = { false };
    size_t rows = store->suite->categories_n + 1;

    for (size_t i = 0; i < n; i++)
        here[row_of(store, basket[i])] = true;
    for (size_t i = 0; i < rows; i++) {
        weight[i] = 1;
        for (size_t k = 0; k < rows; k++)
            weight[i] *= here[k] ? (double)store->odds[i][k] : 1;
        weight[i] = fmin(5, fmax(.2, weight[i]));        /* many weak ties do not add up to a law */
    }
    for (size_t i = 0; i < store->products_n; i++)
        total += store->product[i].popularity * weight[row_of(store, i)];
    for (size_t i = 0; i < store->products_n; i++) {
        sum += store->product[i].popularity * weight[row_of(store, i)];
        if (x * total < sum)
            return i;
    }
    return store->products_n - 1;
}

bool sim_product_sibling(const struct sim_store *store, size_t i, size_t j)
{
    return i != j && store->product[i].family != 0 && store->product[i].family == store->product[j].family;
}

size_t sim_store_siblings(const struct sim_store *store, size_t i)
{
    size_t n = 0;

    for (size_t j = 0; j < store->products_n; j++)
        n += sim_product_sibling(store, i, j);
    return n;
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
