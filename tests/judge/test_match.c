/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/match: most pairs, then least cost, against every assignment there is. */
#include "base/std/rng.h"
#include "lab/judge/score.h"
#include "tests/support/support.h"

#include <stdlib.h>

enum { SIDE = 6 };

struct table { size_t n_a, n_b; int64_t cost[SIDE][SIDE]; };   /* < 0: may not be paired */

static bool cost_of(const void *user, size_t i, size_t j, int64_t *out)
{
    const struct table *t = user;

    if (t->cost[i][j] < 0)
        return false;
    *out = t->cost[i][j];
    return true;
}

struct best { size_t pairs; int64_t cost; };

static void every(const struct table *t, size_t a, unsigned used, size_t pairs, int64_t cost, struct best *best)
{
    if (a == t->n_a) {
        if (pairs > best->pairs || (pairs == best->pairs && cost < best->cost))
            *best = (struct best){ pairs, cost };
        return;
    }
    every(t, a + 1, used, pairs, cost, best);
    for (size_t b = 0; b < t->n_b; b++)
        if (!(used >> b & 1u) && t->cost[a][b] >= 0)
            every(t, a + 1, used | 1u << b, pairs + 1, cost + t->cost[a][b], best);
}

static struct best value_of(const struct table *t, const size_t *of)
{
    struct best v = { 0, 0 };
    unsigned used = 0;

    for (size_t a = 0; a < t->n_a; a++) {
        if (of[a] == SIZE_MAX)
            continue;
        assert_true(of[a] < t->n_b && !(used >> of[a] & 1u) && t->cost[a][of[a]] >= 0);
        used |= 1u << of[a];
        v.pairs++;
        v.cost += t->cost[a][of[a]];
    }
    return v;
}

static struct table random_table(struct rng *r)
{
    struct table t = { .n_a = rng_below(r, SIDE + 1), .n_b = rng_below(r, SIDE + 1) };
    uint32_t span = 1 + rng_below(r, 20), dense = 1 + rng_below(r, 10);

    for (size_t a = 0; a < SIDE; a++)
        for (size_t b = 0; b < SIDE; b++)
            t.cost[a][b] = rng_below(r, 10) < dense ? (int64_t)rng_below(r, span) : -1;
    return t;
}

static void it_is_optimal(void **state)
{
    struct rng r = rng_seed(support_seed(), "judge/match");

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct table t = random_table(&r);
        struct best best = { 0, 0 }, got;
        size_t of[SIDE];

        every(&t, 0, 0, 0, 0, &best);
        assert_int_equal(judge_match(t.n_a, t.n_b, cost_of, &t, of), TRUNDLE_OK);
        got = value_of(&t, of);
        assert_int_equal(got.pairs, best.pairs);
        assert_int_equal(got.cost, best.cost);
    }
}

/* The test above must be able to fail: greedy by cost is beaten within a few tables. */
static void greedy_is_not(void **state)
{
    struct rng r = rng_seed(1, "judge/match");
    int worse = 0;

    (void)state;
    for (int round = 0; round < 300; round++) {
        struct table t = random_table(&r);
        struct best best = { 0, 0 }, greedy = { 0, 0 };
        unsigned used = 0;

        every(&t, 0, 0, 0, 0, &best);
        for (size_t a = 0; a < t.n_a; a++) {
            size_t pick = SIDE;

            for (size_t b = 0; b < t.n_b; b++)
                if (!(used >> b & 1u) && t.cost[a][b] >= 0 && (pick == SIDE || t.cost[a][b] < t.cost[a][pick]))
                    pick = b;
            if (pick < SIDE) {
                used |= 1u << pick;
                greedy.pairs++;
                greedy.cost += t.cost[a][pick];
            }
        }
        worse += greedy.pairs != best.pairs || greedy.cost != best.cost;
    }
    assert_true(worse > 30);
}

/* Two hundred against two hundred, all within reach: quick, and the diagonal. */
static bool line_cost(const void *user, size_t i, size_t j, int64_t *out)
{
    (void)user;
    *out = llabs((int64_t)i - (int64_t)j);
    return true;
}

static void it_scales(void **state)
{
    size_t of[200];

    (void)state;
    assert_int_equal(judge_match(200, 200, line_cost, NULL, of), TRUNDLE_OK);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(of[i], i);
    assert_int_equal(judge_match(0, 200, line_cost, NULL, of), TRUNDLE_OK);
    assert_int_equal(judge_match(1, 0, line_cost, NULL, of), TRUNDLE_OK);
    assert_true(of[0] == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(it_is_optimal), cmocka_unit_test(greedy_is_not), cmocka_unit_test(it_scales) };

    return support_run(tests);
}
