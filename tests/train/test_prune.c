/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Pruning: cutting has the bits of masking, on every kind of net; what must go together does; goals are met or refused; more channels cost more time. */
#include "tests/support/support.h"
#include "tests/train/nets.h"

#include "base/net/passes.h"
#include "lab/train/prune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void same_bits(const struct net_graph *a, const struct net_graph *b, uint64_t seed)
{
    size_t na, nb;
    float *x = nets_run(a, 2, seed, &na), *y = nets_run(b, 2, seed, &nb);
    double size = 0;

    assert_int_equal(na, nb);
    for (size_t i = 0; i < na; i++)
        size += fabs((double)x[i]);
    assert_true(size > 0);                                 /* it is not the bits of nothing */
    assert_memory_equal(x, y, na * sizeof *x);
    free(x);
    free(y);
}

static void cuts_are_masks(void **state)
{
    struct rng r = rng_seed(support_seed(), "prune");

    (void)state;
    for (int trial = 0; trial < 4 * NETS_KINDS; trial++) {
        enum nets_kind kind = (enum nets_kind)(trial % NETS_KINDS);
        struct net_graph *g = nets_make(kind, 7, trial / NETS_KINDS % 2, support_seed() + (uint64_t)trial), *small = NULL;
        struct prune_groups p = { 0 };
        struct trundle_error err;
        bool *gone;
        int *left, went = 0;

        if (trial / NETS_KINDS >= 2)
            support_ok(net_simplify(g, &err), &err);
        support_ok(prune_find(g, &p, &err), &err);
        assert_true(p.n > 30);
        gone = calloc((size_t)p.n, sizeof *gone);
        left = calloc((size_t)p.spaces_n, sizeof *left);
        for (int s = 0; s < p.spaces_n; s++)
            left[s] = p.spaces_units[s];
        for (int u = 0; u < p.n; u++)
            if (left[p.space[u]] > 1 && rng_unit(&r) < 0.5) {
                gone[u] = true;
                left[p.space[u]]--;
                went++;
            }
        assert_true(went > 0);
        support_ok(prune_cut(g, &p, gone, &small, &err), &err);
        support_ok(prune_mask(g, &p, gone, &err), &err);
        for (int t = 0; t < g->tensors_n; t++) {
            int in_small = net_graph_find(small, g->tensor[t].name), rank = g->tensor[t].shape.rank;

            if (g->tensor[t].data || in_small < 0 || rank == 0)
                continue;
            assert_int_equal(small->tensor[in_small].shape.d[rank - 1], prune_kept(g, &p, gone, t));
        }
        same_bits(g, small, (uint64_t)trial);
        net_graph_free(g);
        net_graph_free(small);
        prune_groups_done(&p);
        free(gone);
        free(left);
    }
}

static int units_of(const struct net_graph *g, const struct prune_groups *p, const char *tensor, int channel)
{
    int t = net_graph_find(g, tensor);

    assert_true(t >= 0);
    return p->unit[t][channel];
}

static void groups_are_what_they_should_be(void **state)
{
    struct trundle_error err;
    struct prune_groups p;
    struct net_graph *g;

    (void)state;
    g = nets_make(NETS_RESIDUAL, 5, false, 1);             /* n0 conv, n1, n2 conv, n3 add, n4 pool, n5 conv, n6 pool, n7 reshape */
    support_ok(prune_find(g, &p, &err), &err);
    assert_int_equal(p.n, 16 + 24 + 32);
    assert_int_equal(p.spaces_n, 3);
    for (int c = 0; c < 16; c++) {
        assert_true(units_of(g, &p, "n0", c) >= 0);
        assert_int_equal(units_of(g, &p, "n0", c), units_of(g, &p, "n2", c));
        assert_int_equal(units_of(g, &p, "n0", c), units_of(g, &p, "n4", c));
        assert_int_not_equal(units_of(g, &p, "n0", c), units_of(g, &p, "n1", c));
    }
    assert_int_equal(units_of(g, &p, "x", 0), -1);
    assert_int_equal(units_of(g, &p, "logits", 0), -1);
    prune_groups_done(&p);
    net_graph_free(g);

    g = nets_make(NETS_DEPTHWISE, 5, false, 1);
    support_ok(prune_find(g, &p, &err), &err);
    assert_int_equal(units_of(g, &p, "n1", 9), units_of(g, &p, "n2", 9));
    assert_int_equal(units_of(g, &p, "n3", 9), units_of(g, &p, "n4", 18));
    assert_int_equal(units_of(g, &p, "n3", 9), units_of(g, &p, "n4", 19));
    prune_groups_done(&p);
    net_graph_free(g);

    g = nets_make(NETS_SQUEEZE, 5, false, 1);              /* n1 conv, n2 pool, n3, n4 gate, n5 product */
    support_ok(prune_find(g, &p, &err), &err);
    assert_int_equal(units_of(g, &p, "n1", 30), units_of(g, &p, "n4", 30));
    assert_int_equal(units_of(g, &p, "n1", 30), units_of(g, &p, "n5", 30));
    prune_groups_done(&p);
    net_graph_free(g);

    g = nets_make(NETS_CONCAT, 5, false, 1);               /* n1 8, n2 16, n3 concat with n0 16 */
    support_ok(prune_find(g, &p, &err), &err);
    assert_int_equal(units_of(g, &p, "n3", 7), units_of(g, &p, "n1", 7));
    assert_int_equal(units_of(g, &p, "n3", 8), units_of(g, &p, "n2", 0));
    assert_int_equal(units_of(g, &p, "n3", 24), units_of(g, &p, "n0", 0));
    prune_groups_done(&p);
    net_graph_free(g);
}

static void goals_are_met_or_refused(void **state)
{
    struct net_graph *g = nets_make(NETS_RESIDUAL, 5, false, 3), *small = NULL;
    struct prune_table *table = NULL;
    struct prune_groups p;
    struct trundle_error err;
    double *importance, full, half;
    bool *gone;
    int n = 0;

    (void)state;
    support_ok(net_simplify(g, &err), &err);
    support_ok(prune_find(g, &p, &err), &err);
    importance = calloc((size_t)p.n, sizeof *importance);
    gone = calloc((size_t)p.n, sizeof *gone);
    prune_magnitude(g, &p, importance);
    for (int u = 0; u < p.n; u++)
        assert_true(importance[u] > 0);
    support_ok(prune_measure(g, &(struct prune_measure){ .rounds = 3 }, &table, &err), &err);
    full = prune_net_ns(table, g, &p, NULL);
    assert_true(full > 0);

    support_ok(prune_choose(g, &p, table, importance, &(struct prune_goal){ .keep = 0.5 }, gone, &err), &err);
    for (int u = 0; u < p.n; u++)
        n += gone[u];
    assert_true(n >= p.n / 2 && n <= p.n / 2 + 8);
    half = prune_net_ns(table, g, &p, gone);
    assert_true(half < full);
    support_ok(prune_cut(g, &p, gone, &small, &err), &err);
    net_graph_free(small);

    for (int s = 0; s < p.spaces_n; s++) {                 /* in a space, what went weighs less than what stayed */
        double most = 0, least = HUGE_VAL;

        for (int u = 0; u < p.n; u++)
            if (p.space[u] == s && gone[u])
                most = fmax(most, importance[u]);
            else if (p.space[u] == s)
                least = fmin(least, importance[u]);
        assert_true(most <= least);
    }
    memset(gone, 0, (size_t)p.n);
    support_ok(prune_choose(g, &p, table, importance, &(struct prune_goal){ .target_ns = (full + half) / 2 }, gone, &err), &err);
    assert_true(prune_net_ns(table, g, &p, gone) <= (full + half) / 2);
    memset(gone, 0, (size_t)p.n);
    assert_int_equal(prune_choose(g, &p, table, importance, &(struct prune_goal){ .target_ns = 1 }, gone, &err), TRUNDLE_BAD_INPUT);
    for (int u = 0; u < p.n; u++)
        assert_false(gone[u]);                             /* untouched on failure */
    assert_int_equal(prune_choose(g, &p, NULL, importance, &(struct prune_goal){ .target_ns = 1e6 }, gone, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(prune_choose(g, &p, table, importance, &(struct prune_goal){ .keep = -1 }, gone, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(prune_choose(g, &p, table, importance, &(struct prune_goal){ .keep = 0 }, gone, &err), TRUNDLE_BAD_ARG);
    memset(gone, 1, (size_t)p.n);
    assert_int_equal(prune_cut(g, &p, gone, &small, &err), TRUNDLE_BAD_ARG);
    prune_table_free(table);
    prune_groups_done(&p);
    net_graph_free(g);
    free(importance);
    free(gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_are_masks),
        cmocka_unit_test(groups_are_what_they_should_be),
        cmocka_unit_test(goals_are_met_or_refused),
    };
    return support_run(tests);
}
