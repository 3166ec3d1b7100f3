/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "nets.h"
#include "tests/support/support.h"

#include "base/std/rng.h"

#include <stdio.h>
#include <stdlib.h>

static int constant(struct net_graph *g, struct rng *r, const char *name, struct net_shape shape, float scale, float offset)
{
    struct trundle_error err = { 0 };
    int64_t n = net_shape_elements(&shape);
    float *v = malloc((size_t)n * sizeof *v);
    int t = -1;
    assert_non_null(v);
    for (int64_t i = 0; i < n; i++)
        v[i] = offset + scale * (float)rng_normal(r);
    support_ok(net_graph_constant(g, name, NET_F32, &shape, v, &t, &err), &err);
    free(v);
    return t;
}

static int add(struct net_graph *g, struct net_node node)
{
    struct trundle_error err = { 0 };
    int t = -1;
    support_ok(net_graph_node(g, &node, &t, &err), &err);
    return t;
}

static int conv_bn(struct net_graph *g, struct rng *r, const char *name, int x, int32_t in, int32_t out, int32_t k, int32_t stride)
{
    char part[96];
    (void)snprintf(part, sizeof part, "%s.w", name);
    struct net_node conv = net_node_of(NET_CONV, name, (int[]){ x, constant(g, r, part, NET_SHAPE(out, k, k, in), 0.3f, 0) }, 2);
    conv.attr.stride[0] = conv.attr.stride[1] = stride;
    for (int i = 0; i < 4; i++)
        conv.attr.pad[i] = k / 2;
    int y = add(g, conv), p[5] = { y };
    static const char *const stat[4] = { "gamma", "beta", "mean", "var" };
    for (int i = 0; i < 4; i++) {
        (void)snprintf(part, sizeof part, "%s.%s", name, stat[i]);
        p[i + 1] = constant(g, r, part, NET_SHAPE(out), i == 3 ? 0.01f : 0.2f, i == 3 || i == 0 ? 1.0f : 0.0f);
    }
    (void)snprintf(part, sizeof part, "%s.bn", name);
    return add(g, net_node_of(NET_BATCH_NORM, part, p, 5));
}

static int act(struct net_graph *g, const char *name, int x, enum net_act kind)
{
    struct net_node n = net_node_of(NET_UNARY, name, &x, 1);
    n.attr.act = kind;
    return add(g, n);
}

struct net_graph *nets_small(uint64_t seed)
{
    struct trundle_error err = { 0 };
    struct rng r = rng_seed(seed, "nets small");
    struct net_graph *g = net_graph_new();
    int x = -1;
    assert_non_null(g);
    support_ok(net_graph_input(g, "x", NET_F32, &NET_SHAPE(0, 12, 10, 3), &x, &err), &err);
    int a = act(g, "relu1", conv_bn(g, &r, "stem", x, 3, 8, 3, 1), NET_ACT_RELU);
    int b = conv_bn(g, &r, "branch", a, 8, 8, 3, 1);
    struct net_node sum = net_node_of(NET_BINARY, "sum", (int[]){ b, a }, 2);
    int c = act(g, "relu2", add(g, sum), NET_ACT_RELU);
    int d = act(g, "swish", conv_bn(g, &r, "down", c, 8, 12, 3, 2), NET_ACT_HARD_SWISH);
    struct net_node pool = net_node_of(NET_POOL, "pool", &c, 1);
    pool.attr.kernel[0] = pool.attr.kernel[1] = 2;
    pool.attr.stride[0] = pool.attr.stride[1] = 2;
    struct net_node concat = net_node_of(NET_CONCAT, "concat", (int[]){ add(g, pool), d }, 2);
    concat.attr.axes_n = 1;
    concat.attr.axes[0] = 3;
    int e = add(g, concat);
    struct net_node global = net_node_of(NET_POOL, "global", &e, 1);
    global.attr.kind = NET_POOL_AVERAGE;
    int f = add(g, global);
    struct net_node flat = net_node_of(NET_RESHAPE, "flat", &f, 1);
    flat.attr.dims_n = 2;
    flat.attr.dims[1] = -1;
    int h = add(g, flat);
    struct net_node linear = net_node_of(NET_MATMUL, "linear", (int[]){ h, constant(g, &r, "linear.w", NET_SHAPE(5, 20), 0.3f, 0) }, 2);
    linear.attr.flip_b = true;
    int logits = add(g, linear);
    struct net_node biased = net_node_of(NET_BINARY, "logits", (int[]){ logits, constant(g, &r, "linear.b", NET_SHAPE(5), 0.3f, 0) }, 2);
    int z = add(g, biased);
    struct net_node soft = net_node_of(NET_SOFTMAX, "p", &z, 1);
    soft.attr.axes_n = 1;
    soft.attr.axes[0] = -1;
    support_ok(net_graph_output(g, add(g, soft), &err), &err);
    support_ok(net_graph_output(g, e, &err), &err);
    return g;
}

struct net_graph *nets_small_int8(uint64_t seed)
{
    struct trundle_error err = { 0 };
    struct rng r = rng_seed(seed, "nets int8");
    struct net_graph *g = net_graph_new();
    int8_t w[16 * 3 * 3 * 16];
    float scale[16];
    int x = -1, wt = -1;
    assert_non_null(g);
    for (size_t i = 0; i < sizeof w; i++)
        w[i] = (int8_t)((int)rng_below(&r, 255) - 127);
    for (int i = 0; i < 16; i++)
        scale[i] = (float)rng_range(&r, 0.001, 0.01);
    support_ok(net_graph_input(g, "x", NET_F32, &NET_SHAPE(0, 8, 8, 16), &x, &err), &err);
    struct net_node q = net_node_of(NET_QUANTIZE, "q", &x, 1);
    q.attr.out_scale = 0.02f;
    q.attr.out_zero = 128;
    int xq = add(g, q);
    support_ok(net_graph_constant(g, "w", NET_I8, &NET_SHAPE(16, 3, 3, 16), w, &wt, &err), &err);
    support_ok(net_graph_quant(g, wt, 16, 0, scale, 0, &err), &err);
    int bias = constant(g, &r, "b", NET_SHAPE(16), 0.2f, 0);
    struct net_node conv = net_node_of(NET_CONV, "conv", (int[]){ xq, wt, bias, xq }, 4);
    for (int i = 0; i < 4; i++)
        conv.attr.pad[i] = 1;
    conv.attr.act = NET_ACT_RELU;
    conv.attr.out_scale = 0.05f;
    int y = add(g, conv);
    struct net_node dq = net_node_of(NET_DEQUANTIZE, "y", &y, 1);
    support_ok(net_graph_output(g, add(g, dq), &err), &err);
    return g;
}
