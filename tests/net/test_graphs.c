/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Whole graphs at random: the default kernels, on any number of threads and whatever instructions are masked, give the bits of the references. */
#include "tests/support/support.h"
#include "tests/net/kernels.h"

#include "base/net/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 14 };

struct maker { struct net_graph *g; struct rng r; };

static int below(struct maker *m, int n) { return (int)rng_below(&m->r, (uint32_t)n); }

static int constant(struct maker *m, struct net_shape s, enum net_type type, double spread, int scales)
{
    int64_t n = net_shape_elements(&s);
    float *f = malloc((size_t)n * sizeof *f), scale[64];
    int t;

    assert_non_null(f);
    for (int64_t i = 0; i < n; i++)
        f[i] = (float)(rng_normal(&m->r) * spread);
    for (int64_t i = 0; i < n && type == NET_I8; i++)
        ((int8_t *)f)[i] = (int8_t)below(m, 256);
    assert_int_equal(net_graph_constant(m->g, NULL, type, &s, f, &t, NULL), TRUNDLE_OK);
    for (int i = 0; i < scales; i++)
        scale[i] = (float)(0.01 * exp(rng_range(&m->r, -1, 1)));
    if (scales)
        assert_int_equal(net_graph_quant(m->g, t, scales, 0, scale, 0, NULL), TRUNDLE_OK);
    free(f);
    return t;
}

/* A node on tensor t, of a kind that may or may not suit it. */
static struct net_node any_node(struct maker *m, int t)
{
    static const enum net_op ops[] = { NET_CONV, NET_CONV, NET_CONV, NET_UNARY, NET_BINARY, NET_POOL, NET_RESIZE, NET_CONCAT, NET_SLICE, NET_PAD, NET_TRANSPOSE, NET_SOFTMAX,
                                       NET_L2_NORM, NET_LAYER_NORM, NET_REDUCE, NET_QUANTIZE, NET_QUANTIZE, NET_DEQUANTIZE, NET_MATMUL, NET_RESHAPE, NET_EXPAND, NET_CONV_TRANSPOSE };
    struct net_node n = net_node_of(ops[below(m, (int)COUNT_OF(ops))], NULL, &t, 1);
    struct net_attr *a = &n.attr;
    struct net_shape s = m->g->tensor[t].shape;
    bool u8 = m->g->tensor[t].type == NET_U8;
    int o = 1 + below(m, 40), k = 1 + 2 * below(m, 2), c = s.d[s.rank - 1];

    switch (n.op) {
    case NET_CONV:
        if (below(m, 3) == 0 && c <= 64)
            a->groups = o = c;
        a->stride[0] = a->stride[1] = 1 + below(m, 2);
        for (int i = 0; i < 4; i++)
            a->pad[i] = k / 2;
        n.in[n.in_n++] = constant(m, NET_SHAPE(o, k, k, c / a->groups), u8 ? NET_I8 : NET_F32, 1 / sqrt((double)k * k * c / a->groups), u8 ? o : 0);
        n.in[n.in_n++] = below(m, 2) ? -1 : constant(m, NET_SHAPE(o), NET_F32, 1, 0);
        if (a->stride[0] == 1 && below(m, 3) == 0)
            n.in[n.in_n++] = below(m, m->g->tensors_n);
        break;
    case NET_CONV_TRANSPOSE:
        a->stride[0] = a->stride[1] = 2;
        n.in[n.in_n++] = constant(m, NET_SHAPE(c, 2, 2, o), NET_F32, 0.3, 0);
        break;
    case NET_MATMUL:
        a->flip_b = true;
        n.in[n.in_n++] = constant(m, NET_SHAPE(o, c), u8 ? NET_I8 : NET_F32, 1 / sqrt(c), u8 ? o : 0);
        break;
    case NET_BINARY:
        a->kind = below(m, 3);
        n.in[n.in_n++] = below(m, m->g->tensors_n);
        break;
    case NET_CONCAT:
        for (int i = 0; i < 3; i++)
            n.in[n.in_n++] = below(m, 2) ? t : below(m, m->g->tensors_n);
        break;
    case NET_POOL:
        a->kind = below(m, 2);
        a->kernel[0] = a->kernel[1] = below(m, 4);
        a->stride[0] = a->stride[1] = 1 + below(m, 2);
        a->ceil_ = below(m, 2);
        break;
    case NET_RESIZE:
        a->mode = below(m, 2);
        a->scale[0] = a->scale[1] = below(m, 2) ? 2.0f : 0.7f;
        break;
    case NET_SLICE:
        a->dims_n = s.rank;
        for (int i = 0; i < s.rank; i++)
            a->end[i] = INT32_MAX;
        a->begin[s.rank - 1] = below(m, c);
        break;
    case NET_PAD:
        a->mode = below(m, 3);
        a->begin[1] = 1;
        a->end[2] = below(m, 3);
        break;
    case NET_TRANSPOSE:
        a->axes_n = s.rank;
        for (int i = 0; i < s.rank; i++)
            a->axes[i] = i ? i % (s.rank - 1) + 1 : 0;     /* the axes of a picture go round */
        break;
    case NET_RESHAPE:
        a->dims_n = 3;
        a->dims[1] = -1;
        a->dims[2] = c;
        break;
    case NET_EXPAND:
        a->dims_n = s.rank;
        a->dims[0] = 0;
        for (int i = 1; i < s.rank; i++)
            a->dims[i] = s.d[i] == 1 ? 3 : 0;
        break;
    case NET_REDUCE:
        a->kind = NET_MEAN;
        a->axes_n = 1;
        a->axes[0] = below(m, s.rank - 1) + 1;
        break;
    default:
        a->axes_n = 1;
        a->axes[0] = -1;
    }
    if (n.op == NET_CONCAT) {
        a->axes_n = 1;
        a->axes[0] = -1;
    }
    if (n.op == NET_CONV || n.op == NET_MATMUL || n.op == NET_UNARY || n.op == NET_BINARY)
        a->act = (enum net_act)below(m, NET_ACT_EXP);
    a->alpha = 0.1f;
    a->beta = 3;
    if ((u8 && n.op != NET_POOL && n.op != NET_RESIZE && n.op != NET_SLICE && n.op != NET_PAD && n.op != NET_TRANSPOSE && n.op != NET_RESHAPE && n.op != NET_EXPAND) || n.op == NET_QUANTIZE) {
        a->out_scale = (float)(0.02 * exp(rng_range(&m->r, -1, 1)));
        a->out_zero = below(m, 200);
    }
    return n;
}

static struct net_graph *random_graph(uint64_t seed, int number)
{
    char stream[32];
    struct maker m = { .g = net_graph_new() };
    int x;

    (void)snprintf(stream, sizeof stream, "graph %d", number);
    m.r = rng_seed(seed, stream);
    assert_non_null(m.g);
    assert_int_equal(net_graph_input(m.g, "x", NET_F32, &NET_SHAPE(0, 3 + below(&m, 12), 3 + below(&m, 12), 1 + below(&m, 24)), &x, NULL), TRUNDLE_OK);
    assert_int_equal(net_graph_infer(m.g, 1, NULL), TRUNDLE_OK);
    for (int tries = 0; tries < 400 && m.g->nodes_n < NODES; tries++) {
        struct net_graph *before;
        struct net_node n;
        int t = m.g->nodes_n && below(&m, 4) ? m.g->node[m.g->nodes_n - 1].out : below(&m, m.g->tensors_n), out;
        if (m.g->tensor[t].data || m.g->tensor[t].shape.rank < 3)
            continue;
        assert_int_equal(net_graph_copy(m.g, false, &before, NULL), TRUNDLE_OK);
        n = any_node(&m, t);
        if (net_graph_node(m.g, &n, &out, NULL) != TRUNDLE_OK || net_graph_infer(m.g, 1, NULL) != TRUNDLE_OK || net_shape_elements(&m.g->tensor[out].shape) > 20000) {
            net_graph_free(m.g);
            m.g = before;
        } else {
            net_graph_free(before);
        }
    }
    for (int i = 0; i < m.g->nodes_n; i++)                 /* what nobody reads is an output */
        for (int k = 0, used = 0; k <= m.g->nodes_n; k++) {
            if (k == m.g->nodes_n && !used)
                assert_int_equal(net_graph_output(m.g, m.g->node[i].out, NULL), TRUNDLE_OK);
            for (int j = 0; k < m.g->nodes_n && j < m.g->node[k].in_n; j++)
                used |= m.g->node[k].in[j] == m.g->node[i].out;
        }
    return m.g;
}

static struct net_plan *run(const struct net_graph *g, struct net_plan_options o, uint64_t seed)
{
    struct net_plan *p = NULL;
    struct trundle_error err;
    struct rng r = rng_seed(seed, "x");
    float *x;

    support_ok(net_plan_new(g, &o, &p, &err), &err);
    x = net_plan_input(p, 0);
    for (int64_t i = 0; i < net_shape_elements(&net_plan_graph(p)->tensor[g->input[0]].shape); i++)
        x[i] = (float)rng_normal(&r);
    for (int twice = 0; twice < 2; twice++)
        support_ok(net_plan_run(p, &err), &err);
    return p;
}

static bool same(const struct net_plan *a, const struct net_plan *b, int *out_differs)
{
    const struct net_graph *g = net_plan_graph(a);

    for (int i = 0; i < g->outputs_n; i++)
        if (kernels_difference(&g->tensor[g->output[i]], net_plan_output(a, i), net_plan_output(b, i)) > 0) {
            *out_differs = i;
            return false;
        }
    return true;
}

static void same_bits(void **state)
{
    uint64_t seed = support_seed();
    int nodes = 0, kernels = 0;

    (void)state;
    for (int number = 0; number < 40; number++) {
        struct net_graph *g = random_graph(seed, number);
        unsigned here = net_isa_here(), masks[] = { here, here & (NET_ISA_AVX2 | NET_ISA_NEON), here & ~(unsigned)(NET_ISA_VNNI | NET_ISA_DOT) };
        int batch = 1 + number % 3, differs = 0;
        struct net_plan *wanted = run(g, (struct net_plan_options){ .batch = batch, .isa = NET_ISA_REF }, seed);
        for (int k = 0; k < 3; k++) {
            struct net_plan *got = run(g, (struct net_plan_options){ .batch = batch, .isa = masks[k], .threads = 1 + k, .keep_all = k == 1 }, seed);
            if (!same(wanted, got, &differs))
                fail_msg("graph %d, mask %d: output %s", number, k, net_plan_graph(got)->tensor[g->output[differs]].name);
            for (int i = 0; i < g->nodes_n && k == 0; i++)
                kernels += strstr(net_plan_node_by(got, i), ".ref") == NULL;
            net_plan_free(got);
        }
        nodes += g->nodes_n;
        net_plan_free(wanted);
        net_graph_free(g);
    }
    printf("# %d nodes, %d of them not by a reference\n", nodes, kernels);
    assert_true(nodes > 300);
}

/* The comparison can fail: another picture is another result. */
static void another_picture_is_seen(void **state)
{
    uint64_t seed = support_seed();
    int seen = 0;

    (void)state;
    for (int number = 0; number < 8; number++) {
        struct net_graph *g = random_graph(seed, number);
        int differs;
        struct net_plan *a = run(g, (struct net_plan_options){ .threads = 1 }, seed), *b = run(g, (struct net_plan_options){ .threads = 1 }, seed + 1);
        seen += !same(a, b, &differs);
        net_plan_free(a);
        net_plan_free(b);
        net_graph_free(g);
    }
    assert_true(seen >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(same_bits), cmocka_unit_test(another_picture_is_seen) };

    return support_run(tests);
}
