/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Products of the v1 world: masses, families, what is bought with what. */
#include "lab/sim/store.h"

#include "base/catalog/catalog.h"
#include "base/std/json.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_suite *v1(void)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;

    support_ok(sim_suite_load(support_source("suites/v1.json"), &suite, &err), &err);
    return suite;
}

static struct sim_store *store_of(const struct sim_suite *suite, int64_t id)
{
    struct trundle_error err = { 0 };
    struct sim_store *store = NULL;

    support_ok(sim_store_new(suite, id, &store, &err), &err);
    return store;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void masses_lie_as_near_as_in_life(void **state)
{
    struct sim_suite *suite = v1();
    double near = 0, pairs = 0, cv[5 * SUITE_PRODUCTS_MAX], light = 0, produce = 0, siblings = 0, picks = 0;
    size_t n = 0;

    (void)state;
    for (int64_t id = 0; id < 5; id++) {
        struct sim_store *store = store_of(suite, id);
        struct trundle_error err = { 0 };
        struct catalog *catalog = NULL;
        size_t packaged = store->products_n - suite->produce_n;
        struct rng r = rng_seed(support_seed(), "test/picks");

        assert_int_equal(packaged, 400);
        support_ok(sim_store_catalog(store, &catalog, &err), &err);
        catalog_free(catalog);
        for (size_t i = 0; i < packaged; i++) {
            const struct sim_product *p = &store->product[i];

            cv[n++] = p->mass_sd_g / p->mass_g;
            assert_true(p->mass_g > 2 && p->mass_g < 5000);
            for (int k = 0; k < 3; k++)
                assert_true(p->size_m[k] >= .006 && p->size_m[k] < .4);
            for (size_t k = 0; k < i; k++)
                near += fabs(p->mass_g - store->product[k].mass_g) < 5;
        }
        pairs += (double)(packaged * (packaged - 1) / 2);
        for (int k = 0; k < 4000; k++) {
            size_t i = sim_store_pick_next(store, &r, NULL, 0);
            const struct sim_product *p = &store->product[i];
            double mass = 0;
            int pieces = p->produce ? (int)rng_range(&r, p->produce->pieces.lo, p->produce->pieces.hi + .999) : 1;

            for (int j = 0; j < pieces; j++)
                mass += sim_product_mass(p, &r);
            light += mass < 50;
            produce += p->produce != NULL;
            siblings += sim_store_siblings(store, i) > 0;
            picks++;
        }
        sim_store_free(store);
    }
    qsort(cv, n, sizeof *cv, by_value);
    print_message("# median unit-to-unit sd %.4f of the mean; %.4f of pairs within 5 g; of picks %.3f under 50 g, %.3f produce, %.3f with siblings\n",
                  cv[n / 2], near / pairs, light / picks, produce / picks, siblings / picks);
    assert_near(cv[n / 2], .03, .003);
    assert_near(near / pairs, .07, .01);
    assert_true(light / picks >= .17 && light / picks < .27);
    assert_near(produce / picks, .165, .02);
    assert_true(siblings / picks > .35 && siblings / picks < .6);
    sim_suite_free(suite);
}

static void families_differ_only_as_said(void **state)
{
    struct sim_suite *suite = v1();
    struct sim_store *store = store_of(suite, 3);
    size_t sorts[3] = { 0 }, redesigned = 0, multi = 0, packaged = store->products_n - suite->produce_n;
    uint32_t packs = 0;

    (void)state;
    for (size_t i = 0; i < packaged; i++) {
        const struct sim_product *p = &store->product[i];
        size_t siblings = 0;

        redesigned += p->redesign;
        multi += p->count > 1;
        packs |= 1U << p->pack;
        for (size_t k = 0; k < packaged; k++) {
            const struct sim_product *q = &store->product[k];

            assert_int_equal(sim_product_sibling(store, i, k), i != k && p->family == q->family);
            if (!sim_product_sibling(store, i, k))
                continue;
            siblings++;
            assert_string_equal(p->brand, q->brand);
            assert_string_equal(p->word, q->word);
            assert_true(p->category == q->category && p->pack == q->pack && p->art == q->art && p->piece == q->piece);
            assert_memory_equal(p->base, q->base, 3);
            assert_true(strcmp(p->flavour, q->flavour) != 0 || p->quantity != q->quantity || p->count != q->count);
            assert_string_not_equal(p->name, q->name);
            if (p->text_only)
                assert_true(q->text_only && p->quantity == q->quantity && p->count == q->count);
            sorts[p->text_only ? 0 : !strcmp(p->flavour, q->flavour) ? 1 : 2]++;
        }
        assert_int_equal(siblings, sim_store_siblings(store, i));
    }
    print_message("# pairs of siblings: %zu text only, %zu size only, %zu colour; %zu redesigned, %zu multipacks\n", sorts[0], sorts[1], sorts[2], redesigned, multi);
    assert_true(sorts[0] > 50 && sorts[1] > 20 && sorts[2] > 100);
    assert_in_range(redesigned, 25, 75);
    assert_true(multi > 0);
    assert_int_equal(packs, (1U << SUITE_PACKS) - 1);
    for (size_t i = packaged; i < store->products_n; i++)
        assert_int_equal(sim_store_siblings(store, i), 0);
    sim_store_free(store);
    sim_suite_free(suite);
}

/* Share of picks that are of category `a` when an item of category b lies in the basket. */
static double share_beside(const struct sim_store *store, const char *a, const char *b)
{
    struct rng r = rng_seed(support_seed(), "test/pairs");
    size_t basket = 0, found = 0;
    enum { PICKS = 20000 };

    while (!store->product[basket].category || strcmp(store->product[basket].category->name, b) != 0)
        basket++;
    for (int i = 0; i < PICKS; i++) {
        const struct sim_product *p = &store->product[sim_store_pick_next(store, &r, &basket, 1)];

        found += p->category && !strcmp(p->category->name, a);
    }
    return (double)found / PICKS;
}

static void what_is_bought_together_is_picked_together(void **state)
{
    struct sim_suite *suite = v1();
    struct sim_store *store = store_of(suite, 1);
    struct rng a = rng_seed(7, "test/same"), b = a;

    (void)state;
    assert_true(suite->pairs_n >= 40);
    for (int i = 0; i < 500; i++)              /* an empty basket leaves popularity alone */
        assert_int_equal(sim_store_pick(store, &a), sim_store_pick_next(store, &b, NULL, 0));
    for (size_t i = 0; i < suite->pairs_n; i++) {
        const struct suite_pair *p = &suite->pair[i];

        if ((p->odds < 1.4 && p->odds > .65) || p->a == suite->categories_n || p->b == suite->categories_n)
            continue;
        {
            const char *x = suite->category[p->a].name, *y = suite->category[p->b].name;
            double beside = share_beside(store, x, y), neutral = share_beside(store, x, "garden/seeds");   /* which no pair names */

            print_message("# %s beside %s: %.4f, else %.4f, odds %.2f\n", x, y, beside, neutral, p->odds);
            assert_true(p->odds > 1 ? beside > 1.15 * neutral : beside < .85 * neutral);
        }
    }
    sim_store_free(store);
    sim_suite_free(suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masses_lie_as_near_as_in_life),
        cmocka_unit_test(families_differ_only_as_said),
        cmocka_unit_test(what_is_bought_together_is_picked_together),
    };

    return support_run(tests);
}
