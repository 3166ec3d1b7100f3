/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Convolutions, and linear layers and other matrix products. A transposed convolution is the adjoint of a convolution from its output to
 * its input: forward and backward change places. An activation or a residual on the node is a step of its own (build.c).
 */
#include "lab/train/inside.h"
#include "lab/train/shim.h"

#include <string.h>

static struct shim_conv *of(const struct train_call *c)
{
    return c->layer->own;
}

static void bias_forward(const struct train_call *c)
{
    if (c->in_n > 2 && c->in[2].v)
        train_vec_here()->bias(c->out.w, c->in[2].v, train_rows(&c->out), train_columns(&c->out));
}

static void conv_forward(const struct train_call *c)
{
    shim_conv_forward(of(c), c->size, c->part, c->in[0].v, c->out.w);
    bias_forward(c);
}

static void conv_backward(const struct train_call *c)
{
    if (c->in[1].g)
        shim_conv_backward_weights(of(c), c->size, c->part, c->fresh, c->in[0].v, c->out.g);
    if (c->in_n > 2 && c->in[2].g)
        train_vec_here()->columns(c->out.g, train_rows(&c->out), train_columns(&c->out), c->in[2].g);
    if (c->in[0].g)
        shim_conv_backward_data(of(c), c->size, c->part, c->out.g, c->in[0].g);
}

static void transpose_forward(const struct train_call *c)
{
    shim_conv_backward_data(of(c), c->size, c->part, c->in[0].v, c->out.w);
    bias_forward(c);
}

static void transpose_backward(const struct train_call *c)
{
    if (c->in[1].g)
        shim_conv_backward_weights(of(c), c->size, c->part, c->fresh, c->out.g, c->in[0].v);
    if (c->in_n > 2 && c->in[2].g)
        train_vec_here()->columns(c->out.g, train_rows(&c->out), train_columns(&c->out), c->in[2].g);
    if (c->in[0].g)
        shim_conv_forward(of(c), c->size, c->part, c->out.g, c->in[0].g);
}

enum trundle_status train_conv_make(struct train *t, struct train_layer *l, const struct train_stage *s, struct trundle_error *err)
{
    const struct net_attr *a = &l->node.attr;
    const struct train_tensor *x = &t->tensor[l->node.in[0]], *w = &t->tensor[l->node.in[1]], *y = &t->tensor[l->node.out];
    bool transposed = l->node.op == NET_CONV_TRANSPOSE;
    const struct net_shape *from = transposed ? &y->shape : &x->shape, *to = transposed ? &x->shape : &y->shape;
    struct shim_site site = {
        .h = from->d[1], .w = from->d[2], .c = from->d[3], .oh = to->d[1], .ow = to->d[2], .o = to->d[3], .kh = w->shape.d[1], .kw = w->shape.d[2],
        .groups = a->groups, .stride = { a->stride[0], a->stride[1] }, .dilation = { a->dilation[0], a->dilation[1] }, .pad = { a->pad[0], a->pad[1] },
        .data = transposed || x->wanted, .weights = w->wanted,
    };
    struct shim_conv *c = NULL;
    enum trundle_status status = shim_conv_new(&site, s->size, s->sizes_n, t->threads, &c, err);

    if (status != TRUNDLE_OK)
        error_within(err, "%s", l->node.name);
    else
        l->own = c;
    return status;
}

void train_conv_free(struct train_layer *l)
{
    shim_conv_free(l->own);
    l->own = NULL;
}

void train_conv_pack(struct train *t, struct train_layer *l)
{
    shim_conv_pack(l->own, t->now + t->parameter[t->tensor[l->node.in[1]].parameter].offset, t->mode == TRAIN_LEARN || l->node.op == NET_CONV_TRANSPOSE);
}

void train_conv_unpack(struct train *t, struct train_layer *l, int part)
{
    if (t->tensor[l->node.in[1]].wanted)
        shim_conv_unpack(l->own, part, t->part_gradients[part] + t->parameter[t->tensor[l->node.in[1]].parameter].offset);
}

const char *train_conv_describe(const struct train_layer *l)
{
    return shim_conv_describe(l->own);
}

const struct train_op train_op_conv = { .name = "conv", .forward = conv_forward, .backward = conv_backward };
const struct train_op train_op_conv_transpose = { .name = "conv_transpose", .forward = transpose_forward, .backward = transpose_backward };

/* --- products of matrices --- */

/* One product for each of the leading indices of the output; a factor with fewer of them is used again. */
struct product {
    int64_t m, n, k, count;
    bool    tb;
    int     axes;
    int32_t lead[NET_RANK_MAX];
    int64_t at_a[NET_RANK_MAX], at_b[NET_RANK_MAX];
};

/* c->in[].shape and out.shape hold this call's samples. */
static struct product product_of(const struct train_call *c)
{
    const struct net_shape *a = &c->in[0].shape, *b = &c->in[1].shape, *y = &c->out.shape;
    struct product p = { .tb = c->layer->node.attr.flip_b };
    int64_t strides;

    p.m = a->rank > 1 ? a->d[a->rank - 2] : 1;
    p.k = a->d[a->rank - 1];
    p.n = y->d[y->rank - 1];
    p.axes = y->rank - 2 > 0 ? y->rank - 2 : 0;
    p.count = 1;
    for (int i = 0; i < p.axes; i++) {
        p.lead[i] = y->d[i];
        p.count *= y->d[i];
    }
    for (int which = 0; which < 2; which++) {
        const struct net_shape *s = which ? b : a;
        int64_t *at = which ? p.at_b : p.at_a;

        strides = s->rank >= 2 ? (int64_t)s->d[s->rank - 1] * s->d[s->rank - 2] : s->d[0];
        for (int i = p.axes - 1; i >= 0; i--) {
            int axis = i - (p.axes - (s->rank - 2));

            if (axis < 0 || s->d[axis] == 1) {
                at[i] = 0;
                continue;
            }
            at[i] = strides;
            strides *= s->d[axis];
        }
    }
    /* The same matrix for all: one tall product. */
    if (p.count > 1) {
        bool same = true;

        for (int i = 0; i < p.axes; i++)
            same = same && p.at_b[i] == 0 && (p.at_a[i] != 0 || p.lead[i] == 1);
        if (same) {
            p.m *= p.count;
            p.count = 1;
            p.axes = 0;
        }
    }
    return p;
}

static void offsets(const struct product *p, int64_t i, int64_t *a, int64_t *b)
{
    *a = *b = 0;
    for (int x = p->axes - 1; x >= 0; x--) {
        int64_t at = i % p->lead[x];

        i /= p->lead[x];
        *a += at * p->at_a[x];
        *b += at * p->at_b[x];
    }
}

static void matmul_forward(const struct train_call *c)
{
    struct product p = product_of(c);
    int64_t a, b;

    for (int64_t i = 0; i < p.count; i++) {
        offsets(&p, i, &a, &b);
        shim_matmul(false, p.tb, p.m, p.n, p.k, 1, c->in[0].v + a, p.k, c->in[1].v + b, p.tb ? p.k : p.n, 0, c->out.w + i * p.m * p.n, p.n);
    }
    bias_forward(c);
}

static void matmul_backward(const struct train_call *c)
{
    struct product p = product_of(c);
    int64_t a, b;

    for (int64_t i = 0; i < p.count; i++) {
        const float *dy = c->out.g + i * p.m * p.n;

        offsets(&p, i, &a, &b);
        if (c->in[0].g)                     /* dA = dY B' */
            shim_matmul(false, !p.tb, p.m, p.k, p.n, 1, dy, p.n, c->in[1].v + b, p.tb ? p.k : p.n, 1, c->in[0].g + a, p.k);
        if (c->in[1].g && p.tb)             /* dB[n, k] = dY' A */
            shim_matmul(true, false, p.n, p.k, p.m, 1, dy, p.n, c->in[0].v + a, p.k, 1, c->in[1].g + b, p.k);
        else if (c->in[1].g)                /* dB[k, n] = A' dY */
            shim_matmul(true, false, p.k, p.n, p.m, 1, c->in[0].v + a, p.k, dy, p.n, 1, c->in[1].g + b, p.n);
    }
    if (c->in_n > 2 && c->in[2].g)
        train_vec_here()->columns(c->out.g, train_rows(&c->out), train_columns(&c->out), c->in[2].g);
}

const struct train_op train_op_matmul = { .name = "matmul", .adds = true, .forward = matmul_forward, .backward = matmul_backward };
