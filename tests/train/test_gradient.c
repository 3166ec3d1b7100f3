/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Gradients against differences: every operator in nets of random shapes, strides, dilations and groups. The value is the sum of the outputs times
 * fixed random numbers; its slope along one weight is a five-point stencil, taken twice: where two steps disagree, or second differences are no parabola's, there is a kink, and the weight is
 * left out (few may be). The forward pass must agree with the reference kernels of base/net. A wrong backward, put in here, must be caught.
 */
#include "tests/support/support.h"

#include "base/net/plan.h"
#include "base/std/rng.h"
#include "lab/train/inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 24 };

struct maker { struct net_graph *g; struct rng r; int at; int count; };

static int below(struct rng *r, int lo, int hi)
{
    return lo + (int)rng_below(r, (uint32_t)(hi - lo + 1));
}

static int constant(struct maker *m, const struct net_shape *s, double sd, double mean)
{
    int64_t n = net_shape_elements(s);
    float *v = malloc((size_t)n * sizeof *v);
    struct trundle_error err;
    int out;

    assert_non_null(v);
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)(mean + sd * rng_normal(&m->r));
    support_ok(net_graph_constant(m->g, NULL, NET_F32, s, v, &out, &err), &err);
    free(v);
    return out;
}

static void node(struct maker *m, struct net_node n)
{
    struct trundle_error err;

    (void)snprintf(n.name, sizeof n.name, "%s%d", net_op_name(n.op), m->count++);
    support_ok(net_graph_node(m->g, &n, &m->at, &err), &err);
}

/* The input plus a constant of one sample, whose gradient is that of the input, summed over the batch. */
static struct maker begin(uint64_t seed, const char *what, const struct net_shape *sample)
{
    struct maker m = { .g = net_graph_new(), .r = rng_seed(seed, what) };
    struct net_shape s = *sample;
    struct trundle_error err;
    int in;

    assert_non_null(m.g);
    s.d[0] = 0;
    support_ok(net_graph_input(m.g, "x", NET_F32, &s, &in, &err), &err);
    s.d[0] = 1;
    {
        struct net_node n = net_node_of(NET_BINARY, "", (int[]){ in, constant(&m, &s, 0.1, 0) }, 2);

        n.attr.kind = NET_ADD;
        node(&m, n);
    }
    return m;
}

/* --- the nets, one for each operator --- */

static struct maker conv(uint64_t seed, bool transposed)
{
    struct rng r = rng_seed(seed, "conv");
    int kind = below(&r, 0, 3), groups = kind == 1 ? below(&r, 2, 3) : 1, c = groups * below(&r, 1, 9), o = groups * below(&r, 1, 9), k0, k1;
    struct maker m;
    struct net_node n;

    if (kind == 2)
        groups = o = c = below(&r, 2, 20);
    else if (kind == 3)
        c = o = 16 * below(&r, 1, 2);
    m = begin(seed, "conv", &NET_SHAPE(0, below(&r, 7, 10), below(&r, 7, 9), c));
    k0 = below(&r, 1, 4);
    k1 = kind == 3 ? k0 : below(&r, 1, 3);
    n = transposed ? net_node_of(NET_CONV_TRANSPOSE, "", (int[]){ m.at, constant(&m, &NET_SHAPE(c, k0, k1, o / groups), 0.3, 0), constant(&m, &NET_SHAPE(o), 1, 0) }, 3)
                   : net_node_of(NET_CONV, "", (int[]){ m.at, constant(&m, &NET_SHAPE(o, k0, k1, c / groups), 0.3, 0), constant(&m, &NET_SHAPE(o), 1, 0) }, 3);
    n.attr.groups = groups;
    for (int a = 0; a < 2; a++) {
        n.attr.stride[a] = below(&r, 1, 3);
        n.attr.dilation[a] = below(&r, 1, 2);
        n.attr.pad[a] = below(&r, 0, (a ? k1 : k0) - 1);
        n.attr.pad[a + 2] = below(&r, 0, (a ? k1 : k0) - 1);
        if (transposed && n.attr.stride[a] > 1)
            n.attr.output_pad[a] = below(&r, 0, 1);
    }
    if (below(&r, 0, 1)) {
        n.attr.act = NET_ACT_SILU;
    }
    node(&m, n);
    return m;
}

static struct maker net_conv(uint64_t seed)
{
    return conv(seed, false);
}

static struct maker net_conv_transpose(uint64_t seed)
{
    return conv(seed, true);
}

static struct maker net_linear(uint64_t seed)
{
    struct rng r = rng_seed(seed, "linear");
    int t = below(&r, 1, 4), k = below(&r, 2, 9), n = below(&r, 1, 9), kind = below(&r, 0, 2);
    struct maker m = begin(seed, "linear", kind ? &NET_SHAPE(0, t, k) : &NET_SHAPE(0, k));
    bool flip = below(&r, 0, 1);

    if (kind < 2) {
        struct net_node l = net_node_of(NET_MATMUL, "", (int[]){ m.at, constant(&m, flip ? &NET_SHAPE(n, k) : &NET_SHAPE(k, n), 0.4, 0), constant(&m, &NET_SHAPE(n), 1, 0) }, 3);

        l.attr.flip_b = flip;
        l.attr.act = NET_ACT_GELU;
        node(&m, l);
        return m;
    }
    {
        /* two that depend on the sample: x w1 times (x w2)' */
        int x = m.at, a, b;
        struct net_node l = net_node_of(NET_MATMUL, "", (int[]){ x, constant(&m, &NET_SHAPE(k, n), 0.4, 0) }, 2);

        node(&m, l);
        a = m.at;
        l.in[1] = constant(&m, &NET_SHAPE(k, n), 0.4, 0);
        node(&m, l);
        b = m.at;
        l = net_node_of(NET_MATMUL, "", (int[]){ a, b }, 2);
        l.attr.flip_b = true;
        node(&m, l);
        return m;
    }
}

static struct maker net_batch_norm(uint64_t seed)
{
    struct rng r = rng_seed(seed, "batch_norm");
    int c = below(&r, 1, 40);
    struct maker m = begin(seed, "batch_norm", &NET_SHAPE(0, below(&r, 2, 5), below(&r, 2, 4), c));
    static const enum net_act acts[] = { NET_ACT_IDENTITY, NET_ACT_SILU, NET_ACT_RELU, NET_ACT_HARD_SWISH, NET_ACT_LEAKY_RELU, NET_ACT_CLIP };
    struct net_node n = net_node_of(NET_BATCH_NORM, "", (int[]){ m.at, constant(&m, &NET_SHAPE(c), 0.3, 1), constant(&m, &NET_SHAPE(c), 1, 0), constant(&m, &NET_SHAPE(c), 1, 0),
                                                                 constant(&m, &NET_SHAPE(c), 0, 1.3) }, 5);

    n.attr.eps = 1e-3F;
    n.attr.act = acts[below(&r, 0, 5)];
    n.attr.alpha = n.attr.act == NET_ACT_CLIP ? -1 : 0.1F;
    n.attr.beta = 1;
    node(&m, n);
    return m;
}

static struct maker net_layer_norm(uint64_t seed)
{
    struct rng r = rng_seed(seed, "layer_norm");
    int c = below(&r, 3, 20);
    struct maker m = begin(seed, "layer_norm", &NET_SHAPE(0, below(&r, 2, 5), c));
    struct net_node n = net_node_of(NET_LAYER_NORM, "", (int[]){ m.at, constant(&m, &NET_SHAPE(c), 0.3, 1), constant(&m, &NET_SHAPE(c), 1, 0) }, below(&r, 0, 1) ? 3 : 1);

    n.attr.axes_n = 1;
    n.attr.axes[0] = 2;
    n.attr.eps = 1e-3F;
    node(&m, n);
    return m;
}

static struct maker net_unary(uint64_t seed)
{
    static const enum net_act acts[] = { NET_ACT_RELU, NET_ACT_LEAKY_RELU, NET_ACT_CLIP, NET_ACT_HARD_SIGMOID, NET_ACT_HARD_SWISH, NET_ACT_SIGMOID, NET_ACT_SILU, NET_ACT_TANH, NET_ACT_GELU,
                                         NET_ACT_GELU_TANH, NET_ACT_ELU, NET_ACT_SOFTPLUS, NET_ACT_MISH, NET_ACT_EXP, NET_ACT_ABS, NET_ACT_NEG, NET_ACT_ERF, NET_ACT_SIN, NET_ACT_COS };
    struct maker m = begin(seed, "unary", &NET_SHAPE(0, 3, 19));
    struct net_node n = net_node_of(NET_UNARY, "", (int[]){ m.at }, 1);

    n.attr.act = acts[seed % COUNT_OF(acts)];
    n.attr.alpha = n.attr.act == NET_ACT_CLIP ? -0.7F : n.attr.act == NET_ACT_HARD_SIGMOID ? 0.2F : 0.3F;
    n.attr.beta = n.attr.act == NET_ACT_CLIP ? 0.9F : 0.5F;
    node(&m, n);
    return m;
}

/* Functions that want positive numbers. */
static struct maker net_positive(uint64_t seed)
{
    static const enum net_act acts[] = { NET_ACT_LOG, NET_ACT_SQRT, NET_ACT_RECIPROCAL };
    struct maker m = begin(seed, "positive", &NET_SHAPE(0, 3, 5));
    struct net_node n = net_node_of(NET_UNARY, "", (int[]){ m.at }, 1);

    n.attr.act = NET_ACT_EXP;
    node(&m, n);
    n.in[0] = m.at;
    n.attr.act = acts[seed % COUNT_OF(acts)];
    node(&m, n);
    return m;
}

static struct maker net_binary(uint64_t seed)
{
    struct rng r = rng_seed(seed, "binary");
    int h = below(&r, 2, 4), w = below(&r, 2, 4), c = below(&r, 1, 6);
    struct maker m = begin(seed, "binary", &NET_SHAPE(0, h, w, c));
    const struct net_shape others[] = { NET_SHAPE(c), NET_SHAPE(1), NET_SHAPE(1, h, w, c), NET_SHAPE(1, 1, w, 1), NET_SHAPE(h, 1, c) };
    struct net_node n = net_node_of(NET_BINARY, "", (int[]){ m.at, constant(&m, &others[below(&r, 0, 4)], 0.2, 2) }, 2);

    n.attr.kind = below(&r, 0, 5);
    if (below(&r, 0, 1)) {
        n.in[1] = n.in[0];
        n.in[0] = constant(&m, &others[below(&r, 0, 4)], 0.5, 1);
        n.attr.kind = below(&r, 0, 2);      /* nothing is divided by a number around 0 */
    }
    if (below(&r, 0, 1))
        n.attr.act = NET_ACT_TANH;
    node(&m, n);
    return m;
}

/* x times a mean of x, as squeeze and excite have it, plus x: three readers. */
static struct maker net_residual(uint64_t seed)
{
    struct rng r = rng_seed(seed, "residual");
    struct maker m = begin(seed, "residual", &NET_SHAPE(0, below(&r, 2, 5), below(&r, 2, 5), below(&r, 1, 5)));
    int x = m.at, pooled;
    struct net_node n = net_node_of(NET_POOL, "", (int[]){ x }, 1);

    n.attr.kind = NET_POOL_AVERAGE;
    node(&m, n);
    pooled = m.at;
    n = net_node_of(NET_BINARY, "", (int[]){ x, pooled }, 2);
    n.attr.kind = NET_MUL;
    node(&m, n);
    n = net_node_of(NET_BINARY, "", (int[]){ m.at, x }, 2);
    n.attr.kind = NET_ADD;
    n.attr.act = NET_ACT_SILU;
    node(&m, n);
    return m;
}

static struct maker net_pool(uint64_t seed)
{
    struct rng r = rng_seed(seed, "pool");
    struct maker m = begin(seed, "pool", &NET_SHAPE(0, below(&r, 4, 8), below(&r, 4, 8), below(&r, 1, 5)));
    struct net_node n = net_node_of(NET_POOL, "", (int[]){ m.at }, 1);

    n.attr.kind = below(&r, 0, 1) ? NET_POOL_MAX : NET_POOL_AVERAGE;
    if (below(&r, 0, 3)) {
        for (int a = 0; a < 2; a++) {
            n.attr.kernel[a] = below(&r, 1, 3);
            n.attr.stride[a] = below(&r, 1, 3);
            n.attr.pad[a] = below(&r, 0, n.attr.kernel[a] - 1);
            n.attr.pad[a + 2] = below(&r, 0, n.attr.kernel[a] - 1);
        }
        n.attr.count_pad = below(&r, 0, 1);
        n.attr.ceil_ = below(&r, 0, 1);
    }
    node(&m, n);
    return m;
}

static struct maker net_resize(uint64_t seed)
{
    struct rng r = rng_seed(seed, "resize");
    struct maker m = begin(seed, "resize", &NET_SHAPE(0, below(&r, 2, 5), below(&r, 2, 5), below(&r, 1, 4)));
    struct net_node n = net_node_of(NET_RESIZE, "", (int[]){ m.at }, 1);

    n.attr.mode = below(&r, 0, 1);
    n.attr.coords = below(&r, 0, 3);
    n.attr.nearest = below(&r, 0, 3);
    n.attr.dims_n = 2;
    n.attr.dims[0] = below(&r, 1, 9);
    n.attr.dims[1] = below(&r, 1, 9);
    node(&m, n);
    return m;
}

static struct maker net_moves(uint64_t seed)
{
    struct rng r = rng_seed(seed, "moves");
    int a = below(&r, 3, 5), b = below(&r, 3, 5), c = below(&r, 2, 4);
    struct maker m = begin(seed, "moves", &NET_SHAPE(0, a, b, c));
    int x = m.at;
    struct net_node n = net_node_of(NET_SLICE, "", (int[]){ x }, 1);

    n.attr.dims_n = 4;
    for (int i = 0; i < 4; i++) {
        n.attr.begin[i] = i == 1 ? 1 : 0;
        n.attr.end[i] = INT32_MAX;
        n.attr.step[i] = i == 2 ? 2 : 1;
    }
    if (below(&r, 0, 1)) {                  /* backwards */
        n.attr.step[1] = -1;
        n.attr.begin[1] = a - 1;
        n.attr.end[1] = 0;
    }
    node(&m, n);
    n = net_node_of(NET_PAD, "", (int[]){ m.at }, 1);
    n.attr.mode = below(&r, 0, 2);
    n.attr.dims_n = 4;
    n.attr.begin[1] = 1;
    n.attr.end[1] = below(&r, 0, 1);
    n.attr.end[2] = 1;
    n.attr.begin[3] = n.attr.mode == NET_PAD_CONSTANT ? -1 : 1;
    n.attr.value = 0.5F;
    node(&m, n);
    n = net_node_of(NET_TRANSPOSE, "", (int[]){ m.at }, 1);
    n.attr.axes_n = 4;
    n.attr.axes[0] = 0;
    n.attr.axes[1] = 3;
    n.attr.axes[2] = below(&r, 0, 1) ? 1 : 2;
    n.attr.axes[3] = 3 - n.attr.axes[2];
    node(&m, n);
    n = net_node_of(NET_CONCAT, "", (int[]){ m.at, m.at }, 2);
    n.attr.axes_n = 1;
    n.attr.axes[0] = below(&r, 1, 3);
    node(&m, n);
    n = net_node_of(NET_RESHAPE, "", (int[]){ m.at }, 1);
    n.attr.dims_n = 3;
    n.attr.dims[1] = 1;
    n.attr.dims[2] = -1;
    node(&m, n);
    n = net_node_of(NET_EXPAND, "", (int[]){ m.at }, 1);
    n.attr.dims_n = 3;
    n.attr.dims[1] = 3;
    node(&m, n);
    return m;
}

static struct maker net_along(uint64_t seed)
{
    struct rng r = rng_seed(seed, "along");
    struct maker m = begin(seed, "along", &NET_SHAPE(0, below(&r, 2, 5), below(&r, 2, 5), below(&r, 2, 5)));
    int kind = below(&r, 0, 1);
    struct net_node n = net_node_of(kind ? NET_SOFTMAX : NET_L2_NORM, "", (int[]){ m.at }, 1);

    n.attr.axes_n = 1;
    n.attr.axes[0] = below(&r, 1, 3);
    n.attr.log_ = below(&r, 0, 1);
    n.attr.eps = 1e-6F;
    node(&m, n);
    return m;
}

static struct maker net_reduce(uint64_t seed)
{
    static const enum net_reduce kinds[] = { NET_SUM, NET_MEAN, NET_REDUCE_MAX, NET_REDUCE_MIN, NET_L1, NET_L2, NET_SUMSQ };
    struct rng r = rng_seed(seed, "reduce");
    struct maker m = begin(seed, "reduce", &NET_SHAPE(0, below(&r, 2, 4), below(&r, 2, 4), below(&r, 2, 4)));
    struct net_node n = net_node_of(NET_REDUCE, "", (int[]){ m.at }, 1);

    n.attr.kind = (int32_t)kinds[seed % COUNT_OF(kinds)];
    n.attr.axes_n = below(&r, 1, 2);
    n.attr.axes[0] = n.attr.axes_n == 2 ? 1 : below(&r, 1, 3);
    n.attr.axes[1] = 3;
    n.attr.keep = below(&r, 0, 1);
    node(&m, n);
    return m;
}

static struct maker net_attention(uint64_t seed)
{
    struct rng r = rng_seed(seed, "attention");
    int heads = below(&r, 1, 3), d = heads * below(&r, 1, 4), e = heads * below(&r, 1, 4), t = below(&r, 2, 5);
    struct maker m = begin(seed, "attention", &NET_SHAPE(0, t, d));
    int x = m.at, part[3];
    struct net_node n;

    for (int i = 0; i < 3; i++) {
        n = net_node_of(NET_MATMUL, "", (int[]){ x, constant(&m, &NET_SHAPE(d, i == 2 ? e : d), 0.5, 0) }, 2);
        node(&m, n);
        part[i] = m.at;
    }
    n = net_node_of(NET_ATTENTION, "", (int[]){ part[0], part[1], part[2], -1 }, 3);
    n.attr.heads = heads;
    if (below(&r, 0, 1)) {
        n.in[3] = constant(&m, &NET_SHAPE(1, heads, t, t), 0.5, 0);
        n.in_n = 4;
    }
    node(&m, n);
    return m;
}

/* Unit vectors times unit directions: a function of weights. */
static struct maker net_cosine(uint64_t seed)
{
    struct rng r = rng_seed(seed, "cosine");
    int k = below(&r, 2, 9), n_out = below(&r, 2, 9), w;
    struct maker m = begin(seed, "cosine", &NET_SHAPE(0, k));
    struct net_node n = net_node_of(NET_L2_NORM, "", (int[]){ constant(&m, &NET_SHAPE(n_out, k), 1, 0) }, 1);
    int x = m.at;

    n.attr.axes_n = 1;
    n.attr.axes[0] = 1;
    n.attr.eps = 1e-6F;
    node(&m, n);
    w = m.at;
    n = net_node_of(NET_MATMUL, "", (int[]){ x, w }, 2);
    n.attr.flip_b = true;
    node(&m, n);
    return m;
}

/* Convolution, norm, residual, pooling and a linear layer: stages that depend on each other. */
static struct maker net_deep(uint64_t seed)
{
    struct rng r = rng_seed(seed, "deep");
    int c = below(&r, 1, 5), o = below(&r, 2, 20);
    struct maker m = begin(seed, "deep", &NET_SHAPE(0, 6, 5, c));
    int kept = -1;

    for (int layer = 0; layer < 3; layer++) {
        int in = layer ? o : c;
        struct net_node n = net_node_of(NET_CONV, "", (int[]){ m.at, constant(&m, &NET_SHAPE(o, 3, 3, in), sqrt(2.0 / (9 * in)), 0) }, 2);

        for (int a = 0; a < 4; a++)
            n.attr.pad[a] = 1;
        node(&m, n);
        n = net_node_of(NET_BATCH_NORM, "", (int[]){ m.at, constant(&m, &NET_SHAPE(o), 0.2, 1), constant(&m, &NET_SHAPE(o), 0.3, 0), constant(&m, &NET_SHAPE(o), 0.5, 0),
                                                     constant(&m, &NET_SHAPE(o), 0, 1.5) }, 5);
        n.attr.eps = 1e-3F;
        n.attr.act = layer == 1 ? NET_ACT_IDENTITY : NET_ACT_SILU;
        node(&m, n);
        if (layer == 0)
            kept = m.at;
        if (layer == 1) {
            n = net_node_of(NET_BINARY, "", (int[]){ m.at, kept }, 2);
            n.attr.kind = NET_ADD;
            n.attr.act = NET_ACT_SILU;
            node(&m, n);
        }
    }
    {
        struct net_node n = net_node_of(NET_POOL, "", (int[]){ m.at }, 1);

        n.attr.kind = NET_POOL_AVERAGE;
        node(&m, n);
    }
    return m;
}

/* --- the check --- */

static double value_of(struct train *t, const float *by)
{
    const struct net_graph *g = train_graph(t);
    const float *y = train_output(t, 0);
    int64_t n = net_shape_elements(&g->tensor[g->output[0]].shape);
    double sum = 0;

    support_ok(train_forward(t, TRAIN_LEARN, NULL), NULL);
    for (int64_t i = 0; i < n; i++)
        sum += (double)y[i] * (double)by[i];
    return sum;
}

/* Five points. *out_bend: how far the second differences of the two steps are from those of a smooth function, as a slope. */
static double slope(struct train *t, const float *by, float *w, double h, double *out_bend)
{
    const float at = *w;
    double f[5], x[5], one, two;

    for (int i = 0; i < 5; i++) {
        *w = (float)((double)at + (i - 2) * h);
        x[i] = (double)*w;
        f[i] = value_of(t, by);
    }
    *w = at;
    one = f[3] - 2 * f[2] + f[1];
    two = f[4] - 2 * f[2] + f[0];
    *out_bend = fabs(two - 4 * one) / (2 * h);
    return (16 * (f[3] - f[1]) / (x[3] - x[1]) - 4 * (f[4] - f[0]) / (x[4] - x[0])) / 12;
}

/* How many of the probed weights disagree; *out_kinks were left out. */
static int disagreements(struct train *t, uint64_t seed, int *out_kinks)
{
    struct rng r = rng_seed(seed, "probe");
    const struct net_graph *g = train_graph(t);
    int64_t n = net_shape_elements(&g->tensor[g->output[0]].shape);
    float *by = malloc((size_t)n * sizeof *by), *kept, *w = train_weights(t, NULL);
    size_t weights_n;
    int bad = 0, parameters_n;
    struct train_parameter *p = train_parameters(t, &parameters_n);
    double size = 0;

    *out_kinks = 0;
    assert_non_null(by);
    for (int64_t i = 0; i < n; i++)
        by[i] = (float)rng_normal(&r);
    (void)value_of(t, by);
    memcpy(train_output_gradient(t, 0), by, (size_t)n * sizeof *by);
    support_ok(train_backward(t, NULL), NULL);
    (void)train_gradients(t, &weights_n);
    kept = malloc(weights_n * sizeof *kept);
    assert_non_null(kept);
    memcpy(kept, train_gradients(t, NULL), weights_n * sizeof *kept);
    for (size_t i = 0; i < weights_n; i++)
        size += (double)kept[i] * (double)kept[i];
    size = sqrt(size / (double)weights_n);
    for (int k = 0; k < PROBES; k++) {
        /* in turn from every parameter, the first and last weights among them */
        const struct train_parameter *q = &p[k % parameters_n];
        size_t i = q->offset + (k < parameters_n ? 0 : k < 2 * parameters_n ? q->n - 1 : rng_below(&r, (uint32_t)q->n));
        double bend, bend2, a = slope(t, by, &w[i], 1e-2, &bend), b = slope(t, by, &w[i], 2e-2, &bend2), tolerance = 1e-3 * (size + fabs(a)) + 1e-4 * sqrt((double)n);

        if (fabs(a - b) > tolerance || bend > tolerance || bend2 > 4 * tolerance) {
            ++*out_kinks;
            continue;
        }
        if (fabs(a - (double)kept[i]) > 2 * tolerance) {
            if (getenv("TRUNDLE_TEST_VERBOSE"))
                printf("# %s[%zu]: backward %.6f, differences %.6f (tolerance %.6f)\n", q->name, i - q->offset, (double)kept[i], a, 2 * tolerance);
            bad++;
        }
    }
    free(by);
    free(kept);
    return bad;
}

static struct train *trainer(struct maker *m, uint64_t seed, int batch, int threads)
{
    struct trundle_error err;
    struct train *t = NULL;
    struct rng r = rng_seed(seed, "data");
    float *x;
    int64_t n;

    support_ok(net_graph_output(m->g, m->at, &err), &err);
    support_ok(train_new(m->g, &(struct train_config){ .batch = batch, .threads = threads, .optimizer = OPTIMIZER_SGD_DEFAULT }, &t, &err), &err);
    net_graph_free(m->g);
    x = train_input(t, 0);
    n = net_shape_elements(&train_graph(t)->tensor[train_graph(t)->input[0]].shape);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&r);
    return t;
}

/* The exported graph by the reference kernels gives what the trainer's forward gives. */
static void same_as_reference(struct train *t, const char *what)
{
    struct net_graph *g = NULL;
    struct net_plan *plan = NULL;
    struct trundle_error err;
    const float *a, *b;
    int64_t n;
    double worst = 0, size = 0;

    support_ok(train_forward(t, TRAIN_EVALUATE, &err), &err);
    support_ok(train_export(t, TRAIN_EVALUATE, false, &g, &err), &err);
    support_ok(net_plan_new(g, &(struct net_plan_options){ .batch = t->config.batch, .isa = NET_ISA_REF }, &plan, &err), &err);
    n = net_shape_elements(&train_graph(t)->tensor[train_graph(t)->input[0]].shape);
    memcpy(net_plan_input(plan, 0), train_input(t, 0), (size_t)n * sizeof(float));
    support_ok(net_plan_run(plan, &err), &err);
    a = net_plan_output(plan, 0);
    b = train_output(t, 0);
    n = net_shape_elements(&train_graph(t)->tensor[train_graph(t)->output[0]].shape);
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        size = fmax(size, fabs((double)a[i]));
    }
    if (worst > 1e-4 * (size + 1e-3))
        fail_msg("%s: forward is off by %g of %g", what, worst, size);
    net_plan_free(plan);
    net_graph_free(g);
}

struct kind { const char *name; struct maker (*make)(uint64_t seed); int runs, batch; };
static const struct kind kinds[] = {
    { "conv", net_conv, 12, 3 }, { "conv_transpose", net_conv_transpose, 8, 2 }, { "linear", net_linear, 6, 3 }, { "batch_norm", net_batch_norm, 6, 4 },
    { "layer_norm", net_layer_norm, 2, 2 }, { "unary", net_unary, 19, 2 }, { "positive", net_positive, 3, 2 }, { "binary", net_binary, 12, 2 }, { "residual", net_residual, 2, 2 },
    { "pool", net_pool, 8, 2 }, { "resize", net_resize, 8, 2 }, { "moves", net_moves, 4, 2 }, { "along", net_along, 4, 2 }, { "reduce", net_reduce, 7, 2 },
    { "attention", net_attention, 4, 2 }, { "cosine", net_cosine, 2, 3 }, { "deep", net_deep, 3, 5 },
};

static void gradients_agree(void **state)
{
    uint64_t base = support_seed() * 1000;
    int probes = 0, kinks = 0;

    (void)state;
    for (size_t k = 0; k < COUNT_OF(kinds); k++)
        for (int run = 0; run < kinds[k].runs; run++) {
            uint64_t seed = base + (uint64_t)run;
            struct maker m = kinds[k].make(seed);
            struct train *t = trainer(&m, seed, kinds[k].batch, 1 + run % 2);
            int out, bad;

            same_as_reference(t, kinds[k].name);
            bad = disagreements(t, seed, &out);
            kinks += out;
            probes += PROBES;
            if (bad || out > PROBES - 4)
                fail_msg("%s, run %d: %d of %d gradients disagree, %d left out (TRUNDLE_TEST_VERBOSE=1 lists them)", kinds[k].name, run, bad, PROBES, out);
            train_free(t);
        }
    printf("# %d slopes, %d left out at kinks\n", probes, kinks);
    assert_true(kinks * 12 < probes);
}

/* --- wrong on purpose --- */

static const struct train_op *right;
static int wrong_how;

static void wrong_backward(const struct train_call *c)
{
    struct train_call d = *c;

    if (wrong_how == 1 && d.in_n > 1)       /* forgets its weights, or the second input */
        d.in[1].g = NULL;
    right->backward(&d);
    if (right == &train_op_norm && c->layer->norm) {
        /* it gives its gradient to the norm */
        int64_t n = train_elements(&c->in[0]);
        float *g = c->layer->norm->g + (int64_t)c->first * (n / c->n);

        for (int64_t i = 0; i < n; i++)
            g[i] *= 1.1F;
        return;
    }
    for (int k = 0; k < d.in_n; k++) {
        int64_t n = d.in[k].g ? train_elements(&d.in[k]) : 0;

        if (wrong_how == 0)                 /* a tenth too much */
            for (int64_t i = 0; i < n; i++)
                d.in[k].g[i] *= 1.1F;
        else if (wrong_how == 2)            /* one element off */
            for (int64_t i = n - 1; i > 0; i--)
                d.in[k].g[i] = d.in[k].g[i - 1];
    }
}

/* One draw may be blind (a maximum nobody else comes near, padding only): of three, one must see it. */
static void wrong_backward_is_caught(void **state)
{
    uint64_t base = support_seed() * 1000;
    int tried = 0;

    (void)state;
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct { const struct train_op *op; int seen; } op[16] = { { NULL, 0 } };
        int ops = 0;

        for (uint64_t run = 0; run < 3; run++) {
            struct maker m = kinds[k].make(base + run);
            struct train *t = trainer(&m, base + run, kinds[k].batch, 1);

            for (int l = 0; l < t->layers_n; l++) {
                struct train_op wrong = *t->layer[l].op;
                int kinks, i = 0;

                right = t->layer[l].op;
                while (i < ops && op[i].op != right)
                    i++;
                if (!t->layer[l].backward || (i < ops && op[i].seen))
                    continue;
                if (i == ops)
                    op[ops++].op = right;
                wrong_how = right == &train_op_norm || right == &train_op_unary ? 0 : (int)((base + (uint64_t)l + k) % 2) * 2;
                if ((right == &train_op_conv || right == &train_op_matmul) && wrong_how == 2)
                    wrong_how = right == &train_op_matmul ? 1 : 0;
                wrong.backward = wrong_backward;
                t->layer[l].op = &wrong;
                op[i].seen = disagreements(t, base + run, &kinks) > 0;
                t->layer[l].op = right;
            }
            train_free(t);
        }
        for (int i = 0; i < ops; i++, tried++)
            if (!op[i].seen)
                fail_msg("%s: a wrong %s was not seen", kinds[k].name, op[i].op->name);
    }
    printf("# %d wrong backwards seen\n", tried);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gradients_agree), cmocka_unit_test(wrong_backward_is_caught) };

    return support_run(tests);
}
