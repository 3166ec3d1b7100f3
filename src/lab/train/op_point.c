/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Element by element: functions, sums and products with broadcast, and fake quantization (a value rounded to what a u8 can say). */
#include "lab/train/inside.h"

#include <math.h>
#include <string.h>

static struct train_act act_of(const struct train_call *c)
{
    const struct net_attr *a = &c->layer->node.attr;

    return (struct train_act){ a->act, a->alpha, a->beta };
}

static void unary_forward(const struct train_call *c)
{
    train_vec_here()->act(c->in[0].v, act_of(c), train_elements(&c->out), c->out.w);
}

static void unary_backward(const struct train_call *c)
{
    if (c->in[0].g)
        train_vec_here()->act_back(c->in[0].v, c->out.g, act_of(c), train_elements(&c->out), c->in[0].g);
}

const struct train_op train_op_unary = { .name = "unary", .again = true, .late = true, .forward = unary_forward, .backward = unary_backward };

/* The sum of two of the same shape, which residual nets are full of. */
static void add_forward(const struct train_call *c)
{
    train_vec_here()->add(c->in[0].v, c->in[1].v, train_elements(&c->out), c->out.w);
}

static void add_backward(const struct train_call *c)
{
    for (int i = 0; i < 2; i++)
        if (c->in[i].g)
            memcpy(c->in[i].g, c->out.g, (size_t)train_elements(&c->out) * sizeof(float));
}

const struct train_op train_op_add = { .name = "add", .again = true, .forward = add_forward, .backward = add_backward };

/* --- with broadcast --- */

struct walk { int32_t lead[NET_RANK_MAX]; int64_t step[2][NET_RANK_MAX]; int axes; int64_t rows; int32_t columns; int64_t inner[2]; };

static struct walk walk_of(const struct train_call *c)
{
    const struct net_shape *y = &c->out.shape;
    struct walk w = { .axes = y->rank - 1 > 0 ? y->rank - 1 : 0, .rows = 1, .columns = y->rank ? y->d[y->rank - 1] : 1 };

    for (int i = 0; i < w.axes; i++) {
        w.lead[i] = y->d[i];
        w.rows *= y->d[i];
    }
    for (int k = 0; k < 2; k++) {
        const struct net_shape *s = &c->in[k].shape;
        int64_t step = 1;

        for (int i = y->rank - 1; i >= 0; i--) {
            int axis = i - (y->rank - s->rank);
            int64_t here = axis < 0 || s->d[axis] == 1 ? 0 : step;

            if (i == y->rank - 1)
                w.inner[k] = here;
            else
                w.step[k][i] = here;
            if (axis >= 0)
                step *= s->d[axis];
        }
    }
    return w;
}

static void walk_at(const struct walk *w, int64_t row, int64_t at[2])
{
    at[0] = at[1] = 0;
    for (int i = w->axes - 1; i >= 0; i--) {
        int64_t k = row % w->lead[i];

        row /= w->lead[i];
        at[0] += k * w->step[0][i];
        at[1] += k * w->step[1][i];
    }
}

static float combine(int32_t kind, float a, float b)
{
    switch ((enum net_binary)kind) {
    case NET_ADD: return a + b;
    case NET_SUB: return a - b;
    case NET_MUL: return a * b;
    case NET_DIV: return a / b;
    case NET_MAX: return a > b ? a : b;
    case NET_MIN: return a < b ? a : b;
    case NET_POW: return powf(a, b);
    case NET_BINARY_COUNT: break;
    }
    return 0;
}

/* The slopes towards both; where max and min tie, each has half. */
static void slopes(int32_t kind, float a, float b, float out[2])
{
    switch ((enum net_binary)kind) {
    case NET_ADD: out[0] = out[1] = 1; return;
    case NET_SUB: out[0] = 1; out[1] = -1; return;
    case NET_MUL: out[0] = b; out[1] = a; return;
    case NET_DIV: out[0] = 1 / b; out[1] = -a / (b * b); return;
    case NET_MAX: out[0] = a > b ? 1 : a < b ? 0 : 0.5F; out[1] = 1 - out[0]; return;
    case NET_MIN: out[0] = a < b ? 1 : a > b ? 0 : 0.5F; out[1] = 1 - out[0]; return;
    case NET_POW: out[0] = b * powf(a, b - 1); out[1] = a > 0 ? powf(a, b) * logf(a) : 0; return;
    case NET_BINARY_COUNT: break;
    }
    out[0] = out[1] = 0;
}

static void binary_forward(const struct train_call *c)
{
    struct walk w = walk_of(c);
    int32_t kind = c->layer->node.attr.kind;
    int64_t at[2];

    for (int64_t r = 0; r < w.rows; r++) {
        const float *a, *b;
        float *y = c->out.w + r * w.columns;

        walk_at(&w, r, at);
        a = c->in[0].v + at[0];
        b = c->in[1].v + at[1];
        if (kind == NET_MUL && w.inner[0] && w.inner[1])
            for (int i = 0; i < w.columns; i++)
                y[i] = a[i] * b[i];
        else if (kind == NET_ADD && w.inner[0] && w.inner[1])
            for (int i = 0; i < w.columns; i++)
                y[i] = a[i] + b[i];
        else
            for (int i = 0; i < w.columns; i++)
                y[i] = combine(kind, a[i * w.inner[0]], b[i * w.inner[1]]);
    }
}

static void binary_backward(const struct train_call *c)
{
    struct walk w = walk_of(c);
    int32_t kind = c->layer->node.attr.kind;
    int64_t at[2];

    for (int64_t r = 0; r < w.rows; r++) {
        const float *dy = c->out.g + r * w.columns;
        float d[2];

        walk_at(&w, r, at);
        for (int k = 0; k < 2; k++) {
            const float *other = c->in[1 - k].v + at[1 - k];
            float *g = c->in[k].g ? c->in[k].g + at[k] : NULL;

            if (!g)
                continue;
            if (kind == NET_MUL && w.inner[0] && w.inner[1])
                for (int i = 0; i < w.columns; i++)
                    g[i] += dy[i] * other[i];
            else if (kind == NET_ADD && w.inner[k])
                for (int i = 0; i < w.columns; i++)
                    g[i] += dy[i];
            else
                for (int i = 0; i < w.columns; i++) {
                    slopes(kind, c->in[0].v[at[0] + i * w.inner[0]], c->in[1].v[at[1] + i * w.inner[1]], d);
                    g[i * w.inner[k]] += dy[i] * d[k];
                }
        }
    }
}

const struct train_op train_op_binary = { .name = "binary", .again = true, .adds = true, .forward = binary_forward, .backward = binary_backward };

/* --- fake quantization: attr.out_scale, out_zero (build.c puts them there) --- */

static void quantize_forward(const struct train_call *c)
{
    float scale = c->layer->node.attr.out_scale, zero = (float)c->layer->node.attr.out_zero;

    for (int64_t i = 0, n = train_elements(&c->out); i < n; i++) {
        float q = rintf(c->in[0].v[i] / scale) + zero;

        c->out.w[i] = scale * ((q < 0 ? 0 : q > 255 ? 255 : q) - zero);
    }
}

static void quantize_backward(const struct train_call *c)
{
    float scale = c->layer->node.attr.out_scale, lo = -(float)c->layer->node.attr.out_zero * scale, hi = (255 - (float)c->layer->node.attr.out_zero) * scale;

    if (c->in[0].g)
        for (int64_t i = 0, n = train_elements(&c->out); i < n; i++)
            c->in[0].g[i] = c->in[0].v[i] >= lo && c->in[0].v[i] <= hi ? c->out.g[i] : 0;
}

const struct train_op train_op_quantize = { .name = "quantize", .again = true, .forward = quantize_forward, .backward = quantize_backward };
