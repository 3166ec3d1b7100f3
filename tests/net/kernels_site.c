/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Random sites: shapes that kernels split on (multiples of a vector, one more, one less), every attribute, f32 and u8. */
#include "tests/net/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maker {
    struct net_graph *g;
    struct rng       *r;
    struct net_node   node;
    bool              u8, special;     /* special: infinities, NaN, subnormals among the values */
};

static int below(struct maker *m, int n) { return (int)rng_below(m->r, (uint32_t)n); }
static int between(struct maker *m, int lo, int hi) { return lo + below(m, hi - lo + 1); }
static bool chance(struct maker *m, double p) { return rng_unit(m->r) < p; }

static int channels(struct maker *m)
{
    static const int often[] = { 1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96 };
    return chance(m, 0.8) ? often[below(m, (int)COUNT_OF(often))] : between(m, 1, 100);
}

static float scale(struct maker *m) { return (float)exp(rng_range(m->r, log(0.002), log(0.2))); }

static void fill(struct maker *m, const struct net_tensor *t, void *data)
{
    int64_t n = net_shape_elements(&t->shape);
    static const float specials[] = { INFINITY, -INFINITY, NAN, 0.0f, -0.0f, 1e-41f, -1e-41f, 3e38f };

    for (int64_t i = 0; i < n; i++)
        switch (t->type) {
        case NET_F32: ((float *)data)[i] = m->special && chance(m, 0.05) ? specials[below(m, 8)] : (float)rng_normal(m->r); break;
        case NET_U8:
        case NET_I8:  ((uint8_t *)data)[i] = (uint8_t)rng_below(m->r, 256); break;
        case NET_I32: ((int32_t *)data)[i] = (int32_t)rng_below(m->r, 1000); break;
        default:      ((int64_t *)data)[i] = (int64_t)rng_below(m->r, 1000);
        }
}

/* Errors here are mistakes of the test. */
static void must(enum trundle_status status)
{
    if (status != TRUNDLE_OK)
        abort();
}

static int computed(struct maker *m, enum net_type type, struct net_shape shape)
{
    int t;

    must(net_graph_input(m->g, NULL, type, &shape, &t, NULL));
    if (type == NET_U8) {
        float s = scale(m);
        must(net_graph_quant(m->g, t, 1, 0, &s, chance(m, 0.2) ? 0 : below(m, 256), NULL));
    }
    m->node.in[m->node.in_n++] = t;
    return t;
}

static void absent(struct maker *m) { m->node.in[m->node.in_n++] = -1; }

static void constant(struct maker *m, enum net_type type, struct net_shape shape, double spread)
{
    int64_t n = net_shape_elements(&shape);
    void *data = aligned_alloc(64, ((size_t)n * 8 + 127) / 64 * 64);
    struct net_tensor like = { .type = type, .shape = shape };
    bool special = m->special;
    int t;

    if (!data)
        abort();
    m->special = false;
    fill(m, &like, data);
    m->special = special;
    for (int64_t i = 0; i < n && type == NET_F32; i++)
        ((float *)data)[i] *= (float)spread;
    must(net_graph_constant(m->g, NULL, type, &shape, data, &t, NULL));
    free(data);
    m->node.in[m->node.in_n++] = t;
}

static void weight_scales(struct maker *m, int t, int axis)
{
    int n = chance(m, 0.8) ? m->g->tensor[t].shape.d[axis] : 1;
    float *s = malloc((size_t)n * sizeof *s);

    if (!s)
        abort();
    for (int i = 0; i < n; i++)
        s[i] = scale(m) * 0.1f;
    must(net_graph_quant(m->g, t, n, axis, s, 0, NULL));
    free(s);
}

static void act(struct maker *m)
{
    static const enum net_act often[] = { NET_ACT_IDENTITY, NET_ACT_RELU, NET_ACT_CLIP, NET_ACT_LEAKY_RELU, NET_ACT_HARD_SWISH, NET_ACT_HARD_SIGMOID, NET_ACT_SILU };
    struct net_attr *a = &m->node.attr;

    a->act = chance(m, 0.8) ? often[below(m, (int)COUNT_OF(often))] : (enum net_act)below(m, NET_ACT_COUNT);
    a->alpha = a->act == NET_ACT_CLIP ? 0.0f : 0.2f;
    a->beta = a->act == NET_ACT_CLIP ? 6.0f : 0.5f;
}

/* The quantisation of a u8 output that spreads values of about `rms` over the bytes; else the input's, or f32 where that is had. */
static void out_quant(struct maker *m, double rms, bool f32_too)
{
    struct net_attr *a = &m->node.attr;

    if (!m->u8 || chance(m, 0.05))
        return;
    if (f32_too && chance(m, 0.15)) {
        a->out_type = NET_F32;
        return;
    }
    a->out_scale = (float)(rms * exp(rng_range(m->r, -4.5, -2.5)));
    a->out_zero = chance(m, 0.2) ? 0 : below(m, 256);
}

static double real_rms(const struct net_tensor *t) { return t->type == NET_U8 ? 100.0 * (double)t->quant.scale[0] : 1; }

static void windows(struct maker *m, int kh, int kw, int *h, int *w)
{
    struct net_attr *a = &m->node.attr;
    int same = chance(m, 0.6);

    for (int i = 0; i < 2; i++) {
        a->stride[i] = chance(m, 0.6) ? 1 : chance(m, 0.8) ? 2 : between(m, 1, 4);
        a->dilation[i] = chance(m, 0.85) ? 1 : between(m, 2, 3);
    }
    if (chance(m, 0.8)) {
        a->stride[1] = a->stride[0];
        a->dilation[1] = a->dilation[0];
    }
    for (int i = 0; i < 4; i++)
        a->pad[i] = same ? ((i % 2 ? kw : kh) - 1) / 2 * a->dilation[i % 2] : below(m, (i % 2 ? kw : kh));
    *h = between(m, 1, 14);
    *w = chance(m, 0.8) ? between(m, 1, 14) : between(m, 14, 40);
}

static void make_conv(struct maker *m)
{
    int c = channels(m), o = channels(m), groups = 1, kh = 3, kw = 3, h, w, x, n = chance(m, 0.8) ? 1 : between(m, 2, 3);
    int kind = below(m, 8);

    switch (kind) {
    case 0: case 1: kh = kw = 1; break;
    case 2: break;
    case 3: case 4: groups = o = c; kh = kw = chance(m, 0.6) ? 3 : chance(m, 0.8) ? 5 : 7; break;
    case 5: groups = between(m, 2, 4); c = groups * between(m, 1, 20); o = groups * between(m, 1, 20); break;
    case 6: kh = between(m, 1, 5); kw = between(m, 1, 5); break;
    default: kh = kw = 7; c = chance(m, 0.5) ? 3 : between(m, 1, 4); break;
    }
    windows(m, kh, kw, &h, &w);
    if (kind < 2 && chance(m, 0.7))
        for (int i = 0; i < 4; i++) {
            m->node.attr.stride[i % 2] = 1;
            m->node.attr.pad[i] = 0;
        }
    m->node.attr.groups = groups;
    while ((int64_t)n * h * w * o * kh * kw * (c / groups) > 400000 && (h > 1 || w > 1)) {
        h = (h + 1) / 2;
        w = (w + 1) / 2;
        n = 1;
    }
    x = computed(m, m->u8 ? NET_U8 : NET_F32, NET_SHAPE(n, h, w, c));
    double taps = (double)kh * kw * c / groups, rms = m->u8 ? real_rms(&m->g->tensor[x]) * sqrt(taps) * 74 * 0.002 : 1;
    if (!m->u8 && chance(m, 0.02))
        computed(m, NET_F32, NET_SHAPE(o, kh, kw, c / groups));
    else
        constant(m, m->u8 ? NET_I8 : NET_F32, NET_SHAPE(o, kh, kw, c / groups), 1 / sqrt(taps));
    if (m->u8)
        weight_scales(m, m->node.in[1], 0);
    if (chance(m, 0.7))
        constant(m, NET_F32, NET_SHAPE(o), rms);
    else
        absent(m);
    if (chance(m, 0.3)) {                          /* the output's shape, as infer will find it */
        const struct net_attr *a = &m->node.attr;
        int oh = h + a->pad[0] + a->pad[2] - (kh - 1) * a->dilation[0] - 1, ow = w + a->pad[1] + a->pad[3] - (kw - 1) * a->dilation[1] - 1;
        if (oh >= 0 && ow >= 0)
            computed(m, m->u8 ? NET_U8 : NET_F32, NET_SHAPE(n, oh / a->stride[0] + 1, ow / a->stride[1] + 1, o));
    }
    act(m);
    out_quant(m, rms, true);
}

static void make_conv_transpose(struct maker *m)
{
    int groups = chance(m, 0.7) ? 1 : between(m, 2, 4), c = groups * between(m, 1, 20), o = chance(m, 0.5) ? between(m, 1, 40) : 16 * between(m, 1, 3), h, w;
    int kh = between(m, 1, 4), kw = chance(m, 0.8) ? kh : between(m, 1, 4);

    if (chance(m, 0.15)) {
        groups = c = channels(m);
        o = 1;
    }
    windows(m, kh, kw, &h, &w);
    h = h > 8 ? 8 : h;
    w = w > 10 ? 10 : w;
    m->node.attr.groups = groups;
    for (int i = 0; i < 2; i++)
        m->node.attr.output_pad[i] = chance(m, 0.3) ? below(m, m->node.attr.stride[i]) : 0;
    computed(m, NET_F32, NET_SHAPE(chance(m, 0.8) ? 1 : 2, h, w, c));
    constant(m, NET_F32, NET_SHAPE(c, kh, kw, o), 0.3);
    if (chance(m, 0.6))
        constant(m, NET_F32, NET_SHAPE(o * groups), 1);
    act(m);
}

static void make_matmul(struct maker *m)
{
    int rows = chance(m, 0.4) ? 1 : between(m, 1, 40), k = chance(m, 0.7) ? channels(m) : between(m, 1, 300), n = chance(m, 0.7) ? channels(m) : between(m, 1, 200);
    bool flip = m->node.attr.flip_b = chance(m, 0.6), weight = m->u8 || chance(m, 0.6);
    struct net_shape lead = { weight ? below(m, 2) : below(m, 3), { 0 } }, a, b, y;

    for (int i = 0; i < lead.rank; i++)
        lead.d[i] = between(m, 1, 4);
    a = b = y = lead;
    for (int i = 0; i < lead.rank && chance(m, 0.3); i++)
        b.d[i] = 1;
    if (weight)
        b.rank = 0;
    a.d[a.rank++] = rows;
    a.d[a.rank++] = k;
    b.d[b.rank++] = flip ? n : k;
    b.d[b.rank++] = flip ? k : n;
    y.d[y.rank++] = rows;
    y.d[y.rank++] = n;
    int x = computed(m, m->u8 ? NET_U8 : NET_F32, a);
    double rms = m->u8 ? real_rms(&m->g->tensor[x]) * sqrt(k) * 74 * 0.002 : 1;
    if (weight)
        constant(m, m->u8 ? NET_I8 : NET_F32, b, 1 / sqrt(k));
    else
        computed(m, NET_F32, b);
    if (m->u8)
        weight_scales(m, m->node.in[1], flip ? 0 : 1);
    if (chance(m, 0.6))
        constant(m, NET_F32, NET_SHAPE(n), rms);
    else
        absent(m);
    if (chance(m, 0.25))
        computed(m, m->u8 ? NET_U8 : NET_F32, y);
    act(m);
    out_quant(m, rms, true);
}

static struct net_shape any_shape(struct maker *m, int least, int most)
{
    struct net_shape s = { between(m, least, most), { 0 } };

    if (s.rank <= 4 && most >= 4 && chance(m, 0.4))
        return NET_SHAPE(between(m, 1, 2), between(m, 1, 9), between(m, 1, 9), channels(m));
    for (int i = 0; i < s.rank; i++)
        s.d[i] = i == s.rank - 1 ? channels(m) : between(m, 1, 7);
    if (s.rank && chance(m, 0.2))
        s.d[below(m, s.rank)] = 1;
    return s;
}

static void make_binary(struct maker *m)
{
    struct net_shape s = any_shape(m, 0, 5), other = s;
    double ra, rb;
    int x;

    m->node.attr.kind = m->u8 ? below(m, 3) : chance(m, 0.7) ? below(m, 3) : below(m, NET_BINARY_COUNT);
    switch (below(m, 5)) {
    case 0: case 1: break;                                                     /* the same shape */
    case 2: if (s.rank) other = NET_SHAPE(s.d[s.rank - 1]); break;             /* by channel */
    case 3: if (s.rank == 4) other.d[1] = other.d[2] = 1; break;               /* squeeze and excite */
    default:
        for (int i = 0; i < s.rank; i++)
            if (chance(m, 0.4))
                other.d[i] = 1;
        if (other.rank && other.d[0] == 1 && chance(m, 0.5)) {
            for (int i = 1; i < other.rank; i++)
                other.d[i - 1] = other.d[i];
            other.rank--;
        }
    }
    bool swap = chance(m, 0.25);
    x = computed(m, m->u8 ? NET_U8 : NET_F32, swap ? other : s);
    ra = real_rms(&m->g->tensor[x]);
    x = computed(m, m->u8 ? NET_U8 : NET_F32, swap ? s : other);
    rb = real_rms(&m->g->tensor[x]);
    act(m);
    out_quant(m, m->node.attr.kind == NET_MUL ? ra * rb : ra + rb, false);
}

static void make_pool(struct maker *m)
{
    struct net_attr *a = &m->node.attr;
    int h, w, x;

    a->kind = below(m, NET_POOL_COUNT);
    a->kernel[0] = chance(m, 0.5) ? between(m, 2, 3) : between(m, 1, 5);
    a->kernel[1] = chance(m, 0.7) ? a->kernel[0] : between(m, 1, 5);
    windows(m, a->kernel[0], a->kernel[1], &h, &w);
    if (chance(m, 0.25))
        a->kernel[0] = a->kernel[1] = 0;
    a->ceil_ = chance(m, 0.4);
    a->count_pad = chance(m, 0.4);
    x = computed(m, m->u8 ? NET_U8 : NET_F32, NET_SHAPE(between(m, 1, 2), h, w, channels(m)));
    if (a->kind == NET_POOL_AVERAGE)
        out_quant(m, real_rms(&m->g->tensor[x]), false);
}

static void make_resize(struct maker *m)
{
    struct net_attr *a = &m->node.attr;
    int h = between(m, 1, 9), w = between(m, 1, 9);

    a->mode = below(m, NET_RESIZE_COUNT);
    a->coords = below(m, NET_COORDS_COUNT);
    a->nearest = below(m, NET_ROUNDING_COUNT);
    if (chance(m, 0.5)) {
        a->dims_n = 2;
        a->dims[0] = chance(m, 0.5) ? 2 * h : between(m, 1, 20);
        a->dims[1] = chance(m, 0.5) ? 2 * w : between(m, 1, 20);
    } else {
        a->scale[0] = chance(m, 0.6) ? 2 : (float)rng_range(m->r, 0.3, 3);
        a->scale[1] = chance(m, 0.6) ? a->scale[0] : (float)rng_range(m->r, 0.3, 3);
    }
    computed(m, m->u8 ? NET_U8 : NET_F32, NET_SHAPE(between(m, 1, 2), h, w, channels(m)));
}

static enum net_type moved_type(struct maker *m) { return m->u8 ? NET_U8 : chance(m, 0.8) ? NET_F32 : chance(m, 0.5) ? NET_I32 : NET_I64; }

static void make_concat(struct maker *m)
{
    struct net_shape s = any_shape(m, 1, 5);
    enum net_type type = moved_type(m);
    int axis = chance(m, 0.6) ? s.rank - 1 : below(m, s.rank), n = between(m, 1, 5), x = 0;
    float one = scale(m);
    bool same = chance(m, 0.4);

    m->node.attr.axes_n = 1;
    m->node.attr.axes[0] = chance(m, 0.5) ? axis : axis - s.rank;
    for (int i = 0; i < n; i++) {
        s.d[axis] = axis == s.rank - 1 ? channels(m) : between(m, 1, 4);
        x = computed(m, type, s);
        if (same && type == NET_U8)
            must(net_graph_quant(m->g, x, 1, 0, &one, 7, NULL));
    }
    if (!same)
        out_quant(m, real_rms(&m->g->tensor[x]), false);
}

static void make_slice(struct maker *m)
{
    struct net_attr *a = &m->node.attr;
    struct net_shape s = any_shape(m, 1, 5);

    a->dims_n = s.rank;
    for (int i = 0; i < s.rank; i++) {
        a->begin[i] = chance(m, 0.5) ? 0 : between(m, -s.d[i], s.d[i] - 1);
        a->end[i] = chance(m, 0.6) ? INT32_MAX : between(m, -s.d[i], 2 * s.d[i]);
        if (chance(m, 0.2)) {
            a->step[i] = -between(m, 1, 3);
            a->begin[i] = INT32_MAX;
            a->end[i] = chance(m, 0.7) ? INT32_MIN : between(m, -s.d[i], s.d[i]);
        } else if (chance(m, 0.2)) {
            a->step[i] = between(m, 1, 4);
        }
    }
    computed(m, moved_type(m), s);
}

static void make_pad(struct maker *m)
{
    struct net_shape s = any_shape(m, 1, 5);

    m->node.attr.mode = below(m, NET_PAD_COUNT);
    m->node.attr.value = chance(m, 0.5) ? 0 : (float)rng_range(m->r, -5, 5);
    for (int i = 0; i < s.rank; i++) {
        m->node.attr.begin[i] = chance(m, 0.5) ? 0 : between(m, chance(m, 0.9) ? -1 : -4, 3);
        m->node.attr.end[i] = chance(m, 0.5) ? 0 : between(m, chance(m, 0.9) ? -1 : -4, 3);
    }
    computed(m, moved_type(m), s);
}

static void make_reshape(struct maker *m)
{
    int a = between(m, 1, 6), b = between(m, 1, 20), c = between(m, 1, 20);

    m->node.attr.dims_n = 2;
    m->node.attr.dims[0] = chance(m, 0.5) ? 0 : a * b;
    m->node.attr.dims[1] = -1;
    computed(m, moved_type(m), NET_SHAPE(a, b, c));
}

static void make_transpose(struct maker *m)
{
    struct net_shape s = any_shape(m, 1, 5);
    struct net_attr *a = &m->node.attr;

    a->axes_n = s.rank;
    for (int i = 0; i < s.rank; i++)
        a->axes[i] = i;
    if (s.rank == 4 && chance(m, 0.5)) {                   /* channels to the front or back */
        bool front = chance(m, 0.5);
        a->axes[1] = front ? 3 : 2;
        a->axes[2] = front ? 1 : 3;
        a->axes[3] = front ? 2 : 1;
    } else {
        for (int i = s.rank - 1; i > 0; i--) {
            int k = below(m, i + 1);
            int32_t t = a->axes[i];
            a->axes[i] = a->axes[k];
            a->axes[k] = t;
        }
    }
    if (chance(m, 0.3))
        s.d[below(m, s.rank)] = between(m, 30, 70);
    computed(m, moved_type(m), s);
}

static void make_expand(struct maker *m)
{
    struct net_shape s = any_shape(m, 0, 4);
    struct net_attr *a = &m->node.attr;

    a->dims_n = s.rank + below(m, 3);
    for (int i = 0; i < a->dims_n; i++)
        a->dims[i] = i >= a->dims_n - s.rank ? s.d[i - (a->dims_n - s.rank)] : between(m, 1, 3);
    for (int i = 0; i < s.rank; i++)
        if (chance(m, 0.5))
            s.d[i] = 1;
    computed(m, moved_type(m), s);
}

static void make_axis(struct maker *m)                     /* softmax, l2_norm, layer_norm, reduce */
{
    struct net_shape s = any_shape(m, 1, 5);
    struct net_attr *a = &m->node.attr;

    a->log_ = chance(m, 0.3);
    a->keep = chance(m, 0.5);
    a->axes_n = 1;
    a->axes[0] = chance(m, 0.5) ? -1 : below(m, s.rank);
    int x = computed(m, m->u8 ? NET_U8 : NET_F32, s);
    if (m->node.op == NET_LAYER_NORM) {
        int axis = a->axes[0] < 0 ? s.rank - 1 : a->axes[0];
        struct net_shape tail = { s.rank - axis, { 0 } };
        memcpy(tail.d, s.d + axis, (size_t)tail.rank * sizeof tail.d[0]);
        if (chance(m, 0.7))
            computed(m, NET_F32, tail);
        else if (chance(m, 0.5))
            absent(m);
        if (m->node.in_n == 2 && chance(m, 0.7))
            computed(m, NET_F32, tail);
    }
    if (m->node.op == NET_REDUCE) {
        a->kind = m->u8 ? NET_MEAN : chance(m, 0.4) ? NET_MEAN : below(m, NET_REDUCE_COUNT);
        if (s.rank == 4 && chance(m, 0.4)) {               /* over the image */
            a->axes_n = 2;
            a->axes[0] = 1;
            a->axes[1] = 2;
        } else if (chance(m, 0.5)) {
            a->axes_n = 0;
            for (int i = 0; i < s.rank; i++)
                if (chance(m, 0.5))
                    a->axes[a->axes_n++] = i;
        }
        out_quant(m, real_rms(&m->g->tensor[x]), false);
    }
}

static void make_attention(struct maker *m)
{
    int n = between(m, 1, 2), heads = between(m, 1, 4), t = between(m, 1, 20), s = between(m, 1, 40), d = heads * between(m, 1, 33), e = chance(m, 0.7) ? d : heads * between(m, 1, 20);

    m->node.attr.heads = heads;
    m->node.attr.scale[0] = chance(m, 0.5) ? 0 : 0.3f;
    computed(m, NET_F32, NET_SHAPE(n, t, d));
    computed(m, NET_F32, NET_SHAPE(n, s, d));
    computed(m, NET_F32, NET_SHAPE(n, s, e));
    if (chance(m, 0.4))
        computed(m, NET_F32, chance(m, 0.5) ? NET_SHAPE(t, s) : NET_SHAPE(n, 1, t, s));
}

static void make_batch_norm(struct maker *m)
{
    struct net_shape s = any_shape(m, 1, 5);

    computed(m, NET_F32, s);
    for (int i = 0; i < 4; i++) {
        constant(m, NET_F32, NET_SHAPE(s.d[s.rank - 1]), 1);
        if (i == 3) {
            float *var = net_graph_writable(m->g, m->node.in[4]);
            for (int k = 0; var && k < s.d[s.rank - 1]; k++)
                var[k] = fabsf(var[k]);
        }
    }
    act(m);
}

static void make_simple(struct maker *m)                   /* unary, quantize, dequantize */
{
    struct net_shape s = any_shape(m, 0, 5);
    int x = computed(m, m->u8 || m->node.op == NET_DEQUANTIZE ? NET_U8 : NET_F32, s);

    if (m->node.op == NET_UNARY) {
        act(m);
        if (chance(m, 0.4))
            m->node.attr.act = (enum net_act)below(m, NET_ACT_COUNT);
        out_quant(m, real_rms(&m->g->tensor[x]), false);
    } else if (m->node.op == NET_QUANTIZE) {
        m->node.attr.out_scale = (float)(real_rms(&m->g->tensor[x]) * exp(rng_range(m->r, -4.5, -2.5)));
        m->node.attr.out_zero = below(m, 256);
    }
}

static void make(struct maker *m)
{
    switch (m->node.op) {
    case NET_CONV:           make_conv(m); break;
    case NET_CONV_TRANSPOSE: make_conv_transpose(m); break;
    case NET_MATMUL:         make_matmul(m); break;
    case NET_BATCH_NORM:     make_batch_norm(m); break;
    case NET_BINARY:         make_binary(m); break;
    case NET_POOL:           make_pool(m); break;
    case NET_RESIZE:         make_resize(m); break;
    case NET_CONCAT:         make_concat(m); break;
    case NET_SLICE:          make_slice(m); break;
    case NET_PAD:            make_pad(m); break;
    case NET_RESHAPE:        make_reshape(m); break;
    case NET_TRANSPOSE:      make_transpose(m); break;
    case NET_EXPAND:         make_expand(m); break;
    case NET_LAYER_NORM:
    case NET_SOFTMAX:
    case NET_REDUCE:
    case NET_L2_NORM:        make_axis(m); break;
    case NET_ATTENTION:      make_attention(m); break;
    default:                 make_simple(m);
    }
}

bool kernels_site_make(struct kernels_site *s, enum net_op op, const struct net_kernel *fit, int tries, struct rng *r)
{
    for (int i = 0; i < tries; i++) {
        struct maker m = { .g = net_graph_new(), .r = r, .node = net_node_of(op, "node", NULL, 0) };
        int out;
        if (!m.g)
            abort();
        m.u8 = chance(&m, 0.5) && op != NET_CONV_TRANSPOSE && op != NET_BATCH_NORM && op != NET_LAYER_NORM && op != NET_SOFTMAX && op != NET_L2_NORM && op != NET_ATTENTION;
        m.special = !m.u8 && op != NET_CONV && op != NET_CONV_TRANSPOSE && op != NET_MATMUL && op != NET_ATTENTION && chance(&m, 0.15);
        make(&m);
        if (fit && !fit->exact && m.node.attr.act >= NET_ACT_EXP)              /* no steps and poles: they make anything of a rounding */
            m.node.attr.act = NET_ACT_SILU;
        memset(s, 0, sizeof *s);
        s->g = m.g;
        if (net_graph_node(m.g, &m.node, &out, NULL) == TRUNDLE_OK && net_graph_output(m.g, out, NULL) == TRUNDLE_OK && net_graph_infer(m.g, 1, NULL) == TRUNDLE_OK &&
            net_shape_elements(&m.g->tensor[out].shape) < 200000) {
            const struct net_node *node = &m.g->node[0];
            s->site = (struct net_site){ .node = node, .in_n = node->in_n, .out = &m.g->tensor[out] };
            for (int k = 0; k < node->in_n; k++)
                s->site.in[k] = node->in[k] < 0 ? NULL : &m.g->tensor[node->in[k]];
            if (!fit || fit->fits(&s->site)) {
                for (int k = 0; k < node->in_n; k++) {
                    const struct net_tensor *t = s->site.in[k];
                    size_t bytes = t ? net_tensor_bytes(t) : 0;
                    if (!t)
                        continue;
                    s->in[k] = aligned_alloc(64, (bytes + 127) / 64 * 64);
                    if (!s->in[k])
                        abort();
                    memset(s->in[k], 0xff, (bytes + 127) / 64 * 64);
                    if (t->data)
                        memcpy(s->in[k], t->data, bytes);
                    else
                        fill(&m, t, s->in[k]);
                }
                return true;
            }
        }
        net_graph_free(m.g);
    }
    return false;
}

void kernels_site_free(struct kernels_site *s)
{
    for (int k = 0; k < NET_IN_MAX; k++)
        free(s->in[k]);
    net_graph_free(s->g);
    memset(s, 0, sizeof *s);
}

const char *kernels_site_text(const struct kernels_site *s, char out[512])
{
    const struct net_attr *a = &s->site.node->attr;
    char shape[80];
    int at = snprintf(out, 512, "%s", net_op_name(s->site.node->op));

    for (int k = 0; k < s->site.in_n && at < 512; k++)
        at += s->site.in[k] ? snprintf(out + at, (size_t)(512 - at), " %s[%s]%s", net_type_name(s->site.in[k]->type), net_shape_text(&s->site.in[k]->shape, shape),
                                       s->site.in[k]->data ? "c" : "")
                            : snprintf(out + at, (size_t)(512 - at), " -");
    if (at < 512)
        (void)snprintf(out + at, (size_t)(512 - at),
                       " -> %s[%s]; kernel %dx%d stride %dx%d dilation %dx%d pad %d,%d,%d,%d groups %d act %s kind %d mode %d coords %d nearest %d ceil %d count_pad %d flip_b %d axes %d: %d %d %d",
                       net_type_name(s->site.out->type), net_shape_text(&s->site.out->shape, shape), (int)a->kernel[0], (int)a->kernel[1], (int)a->stride[0], (int)a->stride[1],
                       (int)a->dilation[0], (int)a->dilation[1], (int)a->pad[0], (int)a->pad[1], (int)a->pad[2], (int)a->pad[3], (int)a->groups, net_act_name(a->act), (int)a->kind, (int)a->mode,
                       (int)a->coords, (int)a->nearest, a->ceil_, a->count_pad, a->flip_b, a->axes_n, (int)a->axes[0], (int)a->axes[1], (int)a->axes[2]);
    return out;
}
