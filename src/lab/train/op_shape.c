/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What moves values or takes sums of them: pool, resize, concat, slice, pad, reshape, transpose, expand, reduce. Geometry is base/net's. */
#include "base/net/op/geometry.h"
#include "lab/train/inside.h"

#include <math.h>
#include <string.h>

/* --- moved as a whole: out index i lies at from + sum i[k] step[k] of the input --- */

struct moved { const struct net_shape *out; int64_t from, step[NET_RANK_MAX]; };

static void next(const struct net_shape *s, int axes, int32_t *i)
{
    for (int a = axes - 1; a >= 0; a--) {
        if (++i[a] < s->d[a])
            return;
        i[a] = 0;
    }
}

static void moved_run(const struct train_call *c, const struct moved *m, bool back)
{
    int axes = m->out->rank - 1;
    int32_t i[NET_RANK_MAX] = { 0 }, columns = m->out->rank ? m->out->d[axes] : 1;
    int64_t rows = net_shape_elements(m->out) / columns, step = m->out->rank ? m->step[axes] : 0;

    if (back && !c->in[0].g)
        return;
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = m->from;

        for (int a = 0; a < axes; a++)
            at += i[a] * m->step[a];
        if (back) {
            const float *dy = c->out.g + r * columns;
            float *dx = c->in[0].g + at;

            for (int k = 0; k < columns; k++)
                dx[k * step] += dy[k];
        } else {
            float *y = c->out.w + r * columns;
            const float *x = c->in[0].v + at;

            for (int k = 0; k < columns; k++)
                y[k] = x[k * step];
        }
        next(m->out, axes, i);
    }
}

static struct moved slice_of(const struct train_call *c)
{
    const struct net_attr *a = &c->layer->node.attr;
    struct moved m = { .out = &c->out.shape };
    int64_t stride[NET_RANK_MAX], first;

    net_strides(&c->in[0].shape, stride);
    for (int k = 0; k < m.out->rank; k++) {
        (void)net_slice_axis(a->begin[k], a->end[k], a->step[k], c->in[0].shape.d[k], &first);
        m.step[k] = stride[k] * a->step[k];
        m.from += (k ? first : 0) * stride[k];
    }
    return m;
}

static struct moved transpose_of(const struct train_call *c)
{
    struct moved m = { .out = &c->out.shape };
    int64_t stride[NET_RANK_MAX];

    net_strides(&c->in[0].shape, stride);
    for (int k = 0; k < m.out->rank; k++)
        m.step[k] = stride[c->layer->node.attr.axes[k]];
    return m;
}

static struct moved expand_of(const struct train_call *c)
{
    struct moved m = { .out = &c->out.shape };

    net_broadcast_strides(&c->in[0].shape, m.out, m.step);
    return m;
}

#define MOVED(which)                                    \
    static void which##_forward(const struct train_call *c)  \
    {                                                   \
        struct moved m = which##_of(c);                  \
                                                        \
        moved_run(c, &m, false);                        \
    }                                                   \
    static void which##_backward(const struct train_call *c) \
    {                                                   \
        struct moved m = which##_of(c);                  \
                                                        \
        moved_run(c, &m, true);                         \
    }                                                   \
    const struct train_op train_op_##which = { .name = #which, .again = true, .adds = true, .forward = which##_forward, .backward = which##_backward };
MOVED(slice)
MOVED(transpose)
MOVED(expand)

static void reshape_forward(const struct train_call *c)
{
    if (c->out.w != c->in[0].v)
        memcpy(c->out.w, c->in[0].v, (size_t)train_elements(&c->out) * sizeof(float));
}

static void reshape_backward(const struct train_call *c)
{
    if (c->in[0].g)
        memcpy(c->in[0].g, c->out.g, (size_t)train_elements(&c->out) * sizeof(float));
}

const struct train_op train_op_reshape = { .name = "reshape", .again = true, .forward = reshape_forward, .backward = reshape_backward };

/* --- concat: blocks of `inner * d[axis]` floats of each input in turn --- */

static void concat_run(const struct train_call *c, bool back)
{
    int axis = c->layer->node.attr.axes[0];
    struct net_axis y = net_axis_of(&c->out.shape, axis);
    int64_t at = 0;

    for (int i = 0; i < c->in_n; i++) {
        int64_t each = c->in[i].shape.d[axis] * y.inner;

        for (int64_t o = 0; o < y.outer; o++)
            if (!back) {
                memcpy(c->out.w + o * y.n * y.inner + at, c->in[i].v + o * each, (size_t)each * sizeof(float));
            } else if (c->in[i].g) {
                const float *dy = c->out.g + o * y.n * y.inner + at;
                float *dx = c->in[i].g + o * each;

                for (int64_t k = 0; k < each; k++)
                    dx[k] += dy[k];
            }
        at += each;
    }
}

static void concat_forward(const struct train_call *c)
{
    concat_run(c, false);
}

static void concat_backward(const struct train_call *c)
{
    concat_run(c, true);
}

const struct train_op train_op_concat = { .name = "concat", .again = true, .adds = true, .forward = concat_forward, .backward = concat_backward };

/* --- pad: -1 is the value --- */

static int32_t pad_from(const struct net_attr *a, int axis, int32_t i, int32_t n)
{
    int32_t at = axis ? i - a->begin[axis] : i;

    if (at >= 0 && at < n)
        return at;
    if (a->mode == NET_PAD_CONSTANT)
        return -1;
    if (a->mode == NET_PAD_EDGE)
        return at < 0 ? 0 : n - 1;
    while (n > 1 && (at < 0 || at >= n))
        at = at < 0 ? -at : 2 * (n - 1) - at;
    return n > 1 ? at : 0;
}

static void pad_run(const struct train_call *c, bool back)
{
    const struct net_attr *a = &c->layer->node.attr;
    const struct net_shape *y = &c->out.shape, *x = &c->in[0].shape;
    int64_t stride[NET_RANK_MAX], n = net_shape_elements(y);
    int32_t i[NET_RANK_MAX] = { 0 };

    if (back && !c->in[0].g)
        return;
    net_strides(x, stride);
    for (int64_t e = 0; e < n; e++) {
        int64_t at = 0;

        for (int k = 0; k < y->rank && at >= 0; k++) {
            int32_t from = pad_from(a, k, i[k], x->d[k]);

            at = from < 0 ? -1 : at + from * stride[k];
        }
        if (back && at >= 0)
            c->in[0].g[at] += c->out.g[e];
        else if (!back)
            c->out.w[e] = at < 0 ? a->value : c->in[0].v[at];
        next(y, y->rank, i);
    }
}

static void pad_forward(const struct train_call *c)
{
    pad_run(c, false);
}

static void pad_backward(const struct train_call *c)
{
    pad_run(c, true);
}

const struct train_op train_op_pad = { .name = "pad", .again = true, .adds = true, .forward = pad_forward, .backward = pad_backward };

/* --- windows --- */

struct window { int32_t h0, w0, kh, kw, dh, dw; };

static struct window window_at(const struct train_call *c, int32_t oy, int32_t ox)
{
    const struct net_attr *a = &c->layer->node.attr;

    if (a->kernel[0] == 0)
        return (struct window){ 0, 0, c->in[0].shape.d[1], c->in[0].shape.d[2], 1, 1 };
    return (struct window){ oy * a->stride[0] - a->pad[0], ox * a->stride[1] - a->pad[1], a->kernel[0], a->kernel[1], a->dilation[0], a->dilation[1] };
}

/* What an average divides by. */
static int32_t window_count(const struct train_call *c, const struct window *w)
{
    const struct net_attr *a = &c->layer->node.attr;
    const struct net_shape *x = &c->in[0].shape;
    int32_t n = 0;

    for (int32_t ky = 0; ky < w->kh; ky++)
        for (int32_t kx = 0; kx < w->kw; kx++) {
            int32_t h = w->h0 + ky * w->dh, v = w->w0 + kx * w->dw;
            bool in = h >= 0 && h < x->d[1] && v >= 0 && v < x->d[2];

            n += in || (a->count_pad && h < x->d[1] + a->pad[2] && v < x->d[2] + a->pad[3]);
        }
    return n > 0 ? n : 1;
}

static void pool_forward(const struct train_call *c)
{
    const struct net_shape *x = &c->in[0].shape, *y = &c->out.shape;
    int32_t channels = x->d[3];
    bool max = c->layer->node.attr.kind == NET_POOL_MAX;

    for (int32_t n = 0; n < y->d[0]; n++)
        for (int32_t oy = 0; oy < y->d[1]; oy++)
            for (int32_t ox = 0; ox < y->d[2]; ox++) {
                struct window w = window_at(c, oy, ox);
                float *out = c->out.w + (((int64_t)n * y->d[1] + oy) * y->d[2] + ox) * channels, by;
                int taps = 0;

                memset(out, 0, (size_t)channels * sizeof *out);
                for (int32_t ky = 0; ky < w.kh; ky++)
                    for (int32_t kx = 0; kx < w.kw; kx++) {
                        int32_t h = w.h0 + ky * w.dh, v = w.w0 + kx * w.dw;
                        const float *in = c->in[0].v + (((int64_t)n * x->d[1] + h) * x->d[2] + v) * channels;

                        if (h < 0 || h >= x->d[1] || v < 0 || v >= x->d[2])
                            continue;
                        if (!max)
                            for (int32_t k = 0; k < channels; k++)
                                out[k] += in[k];
                        else if (!taps)
                            memcpy(out, in, (size_t)channels * sizeof *out);
                        else
                            for (int32_t k = 0; k < channels; k++)
                                out[k] = in[k] > out[k] ? in[k] : out[k];
                        taps++;
                    }
                by = 1 / (float)window_count(c, &w);
                for (int32_t k = 0; k < channels && !max; k++)
                    out[k] *= by;
            }
}

static void pool_backward(const struct train_call *c)
{
    const struct net_shape *x = &c->in[0].shape, *y = &c->out.shape;
    int32_t channels = x->d[3];
    bool max = c->layer->node.attr.kind == NET_POOL_MAX;

    if (!c->in[0].g)
        return;
    for (int32_t n = 0; n < y->d[0]; n++)
        for (int32_t oy = 0; oy < y->d[1]; oy++)
            for (int32_t ox = 0; ox < y->d[2]; ox++) {
                struct window w = window_at(c, oy, ox);
                int64_t at = (((int64_t)n * y->d[1] + oy) * y->d[2] + ox) * channels;
                const float *out = c->out.v + at, *dy = c->out.g + at;
                float by = 1 / (float)window_count(c, &w);
                unsigned char done[256];

                /* The first tap that has the maximum gets all; 256 channels at a time remember who had it. */
                for (int32_t k0 = 0; k0 < channels; k0 += 256) {
                    int32_t k1 = k0 + 256 < channels ? k0 + 256 : channels;

                    memset(done, 0, sizeof done);
                    for (int32_t ky = 0; ky < w.kh; ky++)
                        for (int32_t kx = 0; kx < w.kw; kx++) {
                            int32_t h = w.h0 + ky * w.dh, v = w.w0 + kx * w.dw;
                            int64_t from = (((int64_t)n * x->d[1] + h) * x->d[2] + v) * channels;

                            if (h < 0 || h >= x->d[1] || v < 0 || v >= x->d[2])
                                continue;
                            if (!max) {
                                for (int32_t k = k0; k < k1; k++)
                                    c->in[0].g[from + k] += dy[k] * by;
                                continue;
                            }
                            for (int32_t k = k0; k < k1; k++) {
                                int hit = !done[k - k0] & (c->in[0].v[from + k] == out[k]);

                                done[k - k0] = (unsigned char)(done[k - k0] | hit);
                                c->in[0].g[from + k] += hit ? dy[k] : 0;
                            }
                        }
                }
            }
}

const struct train_op train_op_pool = { .name = "pool", .again = true, .adds = true, .forward = pool_forward, .backward = pool_backward };

/* --- resize --- */

static void resize_run(const struct train_call *c, bool back)
{
    const struct net_attr *a = &c->layer->node.attr;
    const struct net_shape *x = &c->in[0].shape, *y = &c->out.shape;
    int32_t channels = x->d[3];

    if (back && !c->in[0].g)
        return;
    for (int32_t n = 0; n < y->d[0]; n++)
        for (int32_t oy = 0; oy < y->d[1]; oy++)
            for (int32_t ox = 0; ox < y->d[2]; ox++) {
                int32_t h[2], v[2];
                float fy = 0, fx = 0, by[4];
                int64_t to = (((int64_t)n * y->d[1] + oy) * y->d[2] + ox) * channels;

                if (a->mode == NET_NEAREST) {
                    h[0] = h[1] = net_resize_nearest(a, 0, oy, x->d[1], y->d[1]);
                    v[0] = v[1] = net_resize_nearest(a, 1, ox, x->d[2], y->d[2]);
                } else {
                    fy = net_resize_between(a, 0, oy, x->d[1], y->d[1], &h[0], &h[1]);
                    fx = net_resize_between(a, 1, ox, x->d[2], y->d[2], &v[0], &v[1]);
                }
                by[0] = (1 - fy) * (1 - fx);
                by[1] = (1 - fy) * fx;
                by[2] = fy * (1 - fx);
                by[3] = fy * fx;
                if (!back)
                    memset(c->out.w + to, 0, (size_t)channels * sizeof(float));
                for (int t = 0; t < 4; t++) {
                    int64_t from = (((int64_t)n * x->d[1] + h[t >> 1]) * x->d[2] + v[t & 1]) * channels;

                    if (by[t] == 0.0F)
                        continue;
                    if (back)
                        for (int32_t k = 0; k < channels; k++)
                            c->in[0].g[from + k] += by[t] * c->out.g[to + k];
                    else
                        for (int32_t k = 0; k < channels; k++)
                            c->out.w[to + k] += by[t] * c->in[0].v[from + k];
                }
            }
}

static void resize_forward(const struct train_call *c)
{
    resize_run(c, false);
}

static void resize_backward(const struct train_call *c)
{
    resize_run(c, true);
}

const struct train_op train_op_resize = { .name = "resize", .again = true, .adds = true, .forward = resize_forward, .backward = resize_backward };

/* --- reduce: input index i goes to sum i[k] step[k] of the output, step 0 along reduced axes --- */

static int64_t reduce_steps(const struct train_call *c, int64_t step[NET_RANK_MAX])
{
    const struct net_attr *a = &c->layer->node.attr;
    const struct net_shape *x = &c->in[0].shape;
    int64_t n = 1, gone = 1;

    for (int k = x->rank - 1; k >= 0; k--) {
        bool out = a->axes_n == 0;

        for (int i = 0; i < a->axes_n; i++)
            out = out || a->axes[i] == k;
        step[k] = out ? 0 : n;
        n *= out ? 1 : x->d[k];
        gone *= out ? x->d[k] : 1;
    }
    return gone;
}

static void reduce_forward(const struct train_call *c)
{
    const struct net_shape *x = &c->in[0].shape;
    enum net_reduce kind = (enum net_reduce)c->layer->node.attr.kind;
    int64_t step[NET_RANK_MAX], gone = reduce_steps(c, step), n = train_elements(&c->in[0]), m = train_elements(&c->out);
    int32_t i[NET_RANK_MAX] = { 0 };

    for (int64_t e = 0; e < m; e++)
        c->out.w[e] = kind == NET_REDUCE_MAX ? -INFINITY : kind == NET_REDUCE_MIN ? INFINITY : 0;
    for (int64_t e = 0; e < n; e++) {
        float v = c->in[0].v[e], *y = c->out.w;

        for (int k = 0; k < x->rank; k++)
            y += i[k] * step[k];
        if (kind == NET_REDUCE_MAX)
            *y = v > *y ? v : *y;
        else if (kind == NET_REDUCE_MIN)
            *y = v < *y ? v : *y;
        else
            *y += kind == NET_L1 ? fabsf(v) : kind == NET_L2 || kind == NET_SUMSQ ? v * v : v;
        next(x, x->rank, i);
    }
    for (int64_t e = 0; e < m; e++)
        if (kind == NET_MEAN)
            c->out.w[e] /= (float)gone;
        else if (kind == NET_L2)
            c->out.w[e] = sqrtf(c->out.w[e]);
}

static void reduce_backward(const struct train_call *c)
{
    const struct net_shape *x = &c->in[0].shape;
    enum net_reduce kind = (enum net_reduce)c->layer->node.attr.kind;
    int64_t step[NET_RANK_MAX], gone = reduce_steps(c, step), n = train_elements(&c->in[0]);
    int32_t i[NET_RANK_MAX] = { 0 };

    if (!c->in[0].g)
        return;
    for (int64_t e = 0; e < n; e++) {
        float v = c->in[0].v[e], by = 1;
        int64_t at = 0;

        for (int k = 0; k < x->rank; k++)
            at += i[k] * step[k];
        if (kind == NET_MEAN)
            by = 1 / (float)gone;
        else if (kind == NET_REDUCE_MAX || kind == NET_REDUCE_MIN)
            by = v == c->out.v[at] ? 1 : 0;
        else if (kind == NET_L1)
            by = v > 0 ? 1 : v < 0 ? -1 : 0;
        else if (kind == NET_L2)
            by = c->out.v[at] > 0 ? v / c->out.v[at] : 0;
        else if (kind == NET_SUMSQ)
            by = 2 * v;
        c->in[0].g[e] += c->out.g[at] * by;
        next(x, x->rank, i);
    }
}

const struct train_op train_op_reduce = { .name = "reduce", .again = true, .adds = true, .forward = reduce_forward, .backward = reduce_backward };
