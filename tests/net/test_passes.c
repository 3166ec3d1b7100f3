/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/passes: fewer nodes, the same function. */
#include "base/net/passes.h"
#include "base/net/plan.h"
#include "base/std/rng.h"
#include "nets.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Largest difference of the outputs of two graphs, relative to the largest element. */
static double difference(const struct net_graph *a, const struct net_graph *b, uint64_t seed)
{
    struct trundle_error err = { 0 };
    const struct net_graph *g[2] = { a, b };
    struct net_plan *p[2] = { NULL, NULL };
    double worst = 0;
    for (int k = 0; k < 2; k++) {
        struct rng r = rng_seed(seed, "input");
        support_ok(net_plan_new(g[k], &(struct net_plan_options){ .batch = 2, .isa = NET_ISA_REF }, &p[k], &err), &err);
        const struct net_tensor *x = &net_plan_graph(p[k])->tensor[net_plan_graph(p[k])->input[0]];
        for (int64_t i = 0; i < net_shape_elements(&x->shape); i++)
            ((float *)net_plan_input(p[k], 0))[i] = (float)rng_normal(&r);
        support_ok(net_plan_run(p[k], &err), &err);
    }
    assert_int_equal(a->outputs_n, b->outputs_n);
    for (int i = 0; i < a->outputs_n; i++) {
        const struct net_tensor *t = &net_plan_graph(p[0])->tensor[net_plan_graph(p[0])->output[i]];
        assert_string_equal(t->name, net_plan_graph(p[1])->tensor[net_plan_graph(p[1])->output[i]].name);
        const float *x = net_plan_output(p[0], i), *y = net_plan_output(p[1], i);
        double largest = 1e-20;
        for (int64_t k = 0; k < net_shape_elements(&t->shape); k++)
            largest = fmax(largest, fabs((double)x[k]));
        for (int64_t k = 0; k < net_shape_elements(&t->shape); k++)
            worst = fmax(worst, fabs((double)x[k] - (double)y[k]) / largest);
    }
    net_plan_free(p[0]);
    net_plan_free(p[1]);
    return worst;
}

static int count(const struct net_graph *g, enum net_op op)
{
    int n = 0;
    for (int i = 0; i < g->nodes_n; i++)
        n += g->node[i].op == op;
    return n;
}

static void simplifying_keeps_the_function(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct net_graph *g = nets_small(support_seed() + seed), *simple = NULL;
        support_ok(net_graph_copy(g, false, &simple, &err), &err);
        support_ok(net_simplify(simple, &err), &err);
        assert_int_equal(count(simple, NET_BATCH_NORM), 0);
        assert_int_equal(count(simple, NET_BINARY), 0);
        assert_int_equal(count(simple, NET_UNARY), 0);
        assert_int_equal(simple->nodes_n, 9);        /* 3 convs, 2 pools, concat, reshape, linear, softmax */
        assert_true(difference(g, simple, seed) < 2e-6);
        /* The comparison can fail: a bias a thousandth off is found. */
        for (int i = 0; i < simple->nodes_n; i++)
            if (simple->node[i].op == NET_CONV)
                ((float *)net_graph_writable(simple, simple->node[i].in[2]))[0] += 0.01f;
        assert_true(difference(g, simple, seed) > 2e-6);
        net_graph_free(simple);
        net_graph_free(g);
    }
}

/* conv_transpose with groups, and matmul without flip, take their batch norm too. */
static void batch_norm_folds_behind_every_layer(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct rng r = rng_seed(support_seed(), "bn");
    for (int kind = 0; kind < 4; kind++) {
        struct net_graph *g = net_graph_new(), *simple = NULL;
        int x = -1, w = -1, y = -1, p[5];
        float v[4096];
        for (size_t i = 0; i < COUNT_OF(v); i++)
            v[i] = (float)rng_normal(&r) * 0.5f;
        support_ok(net_graph_input(g, "x", NET_F32, &NET_SHAPE(0, 4, 5, 6), &x, &err), &err);
        struct net_shape shape = kind == 0 ? NET_SHAPE(6, 3, 3, 4) : kind == 1 ? NET_SHAPE(6, 8) : kind == 2 ? NET_SHAPE(8, 6) : NET_SHAPE(8, 1, 1, 3);
        support_ok(net_graph_constant(g, "w", NET_F32, &shape, v, &w, &err), &err);
        struct net_node n = net_node_of(kind == 0 ? NET_CONV_TRANSPOSE : kind == 3 ? NET_CONV : NET_MATMUL, "layer", (int[]){ x, w }, 2);
        n.attr.groups = kind == 0 || kind == 3 ? 2 : 1;
        n.attr.flip_b = kind == 2;
        support_ok(net_graph_node(g, &n, &p[0], &err), &err);
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < 8; i++)
                v[i] = k == 3 ? 0.5f + (float)rng_unit(&r) : (float)rng_normal(&r);
            support_ok(net_graph_constant(g, NULL, NET_F32, &NET_SHAPE(8), v, &p[k + 1], &err), &err);
        }
        n = net_node_of(NET_BATCH_NORM, "bn", p, 5);
        support_ok(net_graph_node(g, &n, &y, &err), &err);
        support_ok(net_graph_output(g, y, &err), &err);
        support_ok(net_graph_copy(g, false, &simple, &err), &err);
        support_ok(net_simplify(simple, &err), &err);
        assert_int_equal(simple->nodes_n, 1);
        assert_true(difference(g, simple, 1) < 2e-6);
        net_graph_free(simple);
        net_graph_free(g);
    }
}

static void what_is_read_elsewhere_is_not_fused(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *g = net_graph_new(), *simple = NULL;
    int x = -1, w = -1, y = -1, z = -1;
    const float one[4] = { 1, 2, 3, 4 };
    support_ok(net_graph_input(g, "x", NET_F32, &NET_SHAPE(0, 3, 3, 2), &x, &err), &err);
    support_ok(net_graph_constant(g, "w", NET_F32, &NET_SHAPE(2, 1, 1, 2), one, &w, &err), &err);
    struct net_node conv = net_node_of(NET_CONV, "conv", (int[]){ x, w }, 2);
    support_ok(net_graph_node(g, &conv, &y, &err), &err);
    struct net_node relu = net_node_of(NET_UNARY, "relu", &y, 1);
    relu.attr.act = NET_ACT_RELU;
    support_ok(net_graph_node(g, &relu, &z, &err), &err);
    support_ok(net_graph_output(g, y, &err), &err);           /* the convolution itself is wanted too */
    support_ok(net_graph_output(g, z, &err), &err);
    support_ok(net_graph_copy(g, false, &simple, &err), &err);
    support_ok(net_simplify(simple, &err), &err);
    assert_int_equal(simple->nodes_n, 2);
    assert_true(difference(g, simple, 1) == 0);
    net_graph_free(simple);
    net_graph_free(g);
}

static void constants_are_computed_once(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *g = net_graph_new();
    int x = -1, a = -1, b = -1, c = -1, y = -1;
    const float v[2] = { 3, 5 };
    support_ok(net_graph_input(g, "x", NET_F32, &NET_SHAPE(0, 2), &x, &err), &err);
    support_ok(net_graph_constant(g, "a", NET_F32, &NET_SHAPE(2), v, &a, &err), &err);
    struct net_node n = net_node_of(NET_BINARY, "b", (int[]){ a, a }, 2);
    n.attr.kind = NET_MUL;
    support_ok(net_graph_node(g, &n, &b, &err), &err);
    n = net_node_of(NET_UNARY, "c", &b, 1);
    n.attr.act = NET_ACT_NEG;
    support_ok(net_graph_node(g, &n, &c, &err), &err);
    n = net_node_of(NET_BINARY, "y", (int[]){ x, c }, 2);
    support_ok(net_graph_node(g, &n, &y, &err), &err);
    support_ok(net_graph_output(g, y, &err), &err);
    support_ok(net_simplify(g, &err), &err);
    assert_int_equal(g->nodes_n, 1);
    assert_true(((const float *)g->tensor[g->node[0].in[1]].data)[1] == -25.0f);
    net_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simplifying_keeps_the_function),
        cmocka_unit_test(batch_norm_folds_behind_every_layer),
        cmocka_unit_test(what_is_read_elsewhere_is_not_fused),
        cmocka_unit_test(constants_are_computed_once),
    };
    return support_run(tests);
}
