/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/onnx/fuse - what exporters write as many nodes and we have as one: SiLU, HardSwish, HardSigmoid, Mish, GELU, layer norm, L2 norm. The last
 * node of a pattern becomes the whole; the others are left without readers, unless somebody else reads them too. No tensor is added.
 */
#include "base/net/onnx/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct look { struct net_graph *g; int *maker; };

static const struct net_node *made_by(const struct look *l, int t)
{
    return l->maker[t] >= 0 ? &l->g->node[l->maker[t]] : NULL;
}

static bool is_act(const struct look *l, int t, enum net_act act, const struct net_node **out)
{
    *out = made_by(l, t);
    return *out && (*out)->op == NET_UNARY && (*out)->attr.act == act;
}

static bool is_number(const struct look *l, int t, double v)
{
    const struct net_tensor *x = &l->g->tensor[t];
    return x->data && x->type == NET_F32 && net_shape_elements(&x->shape) == 1 && fabs((double)*(const float *)x->data - v) <= 1e-4 * fabs(v);
}

/* A binary node of this kind, one of whose inputs is that number; the other input. */
static int with_number(const struct look *l, int t, enum net_binary kind, double v)
{
    const struct net_node *n = made_by(l, t);
    if (!n || n->op != NET_BINARY || n->attr.kind != (int)kind)
        return -1;
    if (is_number(l, n->in[1], v))
        return n->in[0];
    return (kind == NET_ADD || kind == NET_MUL) && is_number(l, n->in[0], v) ? n->in[1] : -1;
}

/* t / v, also written as t * (1 / v). */
static int divided(const struct look *l, int t, double v)
{
    int x = with_number(l, t, NET_DIV, v);
    return x >= 0 ? x : with_number(l, t, NET_MUL, 1 / v);
}

/* The x of clip(x + 3, 0, 6). */
static int clipped(const struct look *l, int t)
{
    const struct net_node *n;
    return is_act(l, t, NET_ACT_CLIP, &n) && n->attr.alpha == 0 && n->attr.beta == 6 ? with_number(l, n->in[0], NET_ADD, 3) : -1;
}

static bool becomes(const struct look *l, struct net_node *n, enum net_act act, int x, float alpha, float beta)
{
    struct net_node made;
    if (x < 0 || !net_shape_equal(&l->g->tensor[x].shape, &l->g->tensor[n->out].shape))
        return false;
    made = net_node_of(NET_UNARY, n->name, &x, 1);
    made.out = n->out;
    made.attr.act = act;
    made.attr.alpha = alpha;
    made.attr.beta = beta;
    *n = made;
    return true;
}

/* 1 + erf(x / sqrt 2): its x. */
static int erf_part(const struct look *l, int t)
{
    const struct net_node *n;
    int e = with_number(l, t, NET_ADD, 1);
    return e >= 0 && is_act(l, e, NET_ACT_ERF, &n) ? divided(l, n->in[0], 1.4142135623730951) : -1;
}

/* x f(x), for every f that we know under one name. */
static bool product(const struct look *l, struct net_node *n)
{
    const struct net_node *f, *inner;
    for (int k = 0; k < 2; k++) {
        int x = n->in[k], y = n->in[1 - k], e;
        if (is_act(l, y, NET_ACT_SIGMOID, &f) && f->in[0] == x)
            return becomes(l, n, NET_ACT_SILU, x, 0, 0);
        if (is_act(l, y, NET_ACT_HARD_SIGMOID, &f) && f->in[0] == x && fabsf(f->attr.alpha - 1.0f / 6) < 1e-5f && f->attr.beta == 0.5f)
            return becomes(l, n, NET_ACT_HARD_SWISH, x, 0, 0);
        if (is_act(l, y, NET_ACT_TANH, &f) && is_act(l, f->in[0], NET_ACT_SOFTPLUS, &inner) && inner->in[0] == x)
            return becomes(l, n, NET_ACT_MISH, x, 0, 0);
        e = erf_part(l, y);                          /* (x/2) (1 + erf) */
        if (e >= 0 && divided(l, x, 2) == e)
            return becomes(l, n, NET_ACT_GELU, e, 0, 0);
        e = divided(l, y, 2);                        /* x ((1 + erf) / 2) */
        if (e >= 0 && erf_part(l, e) == x)
            return becomes(l, n, NET_ACT_GELU, x, 0, 0);
    }
    return false;
}

/* (x f(x)) / c and f(x) / c */
static bool quotient(const struct look *l, struct net_node *n)
{
    int whole = n->out, x = divided(l, whole, 6);
    const struct net_node *p;
    if (x >= 0) {
        int inside = clipped(l, x);
        if (inside >= 0)
            return becomes(l, n, NET_ACT_HARD_SIGMOID, inside, 1.0f / 6, 0.5f);
        p = made_by(l, x);
        for (int k = 0; p && p->op == NET_BINARY && p->attr.kind == NET_MUL && k < 2; k++)
            if (clipped(l, p->in[k]) == p->in[1 - k])
                return becomes(l, n, NET_ACT_HARD_SWISH, p->in[1 - k], 0, 0);
    }
    x = divided(l, whole, 2);
    p = x >= 0 ? made_by(l, x) : NULL;
    for (int k = 0; p && p->op == NET_BINARY && p->attr.kind == NET_MUL && k < 2; k++)
        if (erf_part(l, p->in[k]) == p->in[1 - k])
            return becomes(l, n, NET_ACT_GELU, p->in[1 - k], 0, 0);
    return false;
}

/* Is t the mean of x over its last axes, kept? The first of them; -1: no. */
static int mean_of(const struct look *l, int t, int *x)
{
    const struct net_node *n = made_by(l, t);
    int rank;
    unsigned seen = 0;
    if (!n || n->op != NET_REDUCE || n->attr.kind != NET_MEAN || !n->attr.keep || n->attr.axes_n < 1)
        return -1;
    *x = n->in[0];
    rank = l->g->tensor[*x].shape.rank;
    for (int i = 0; i < n->attr.axes_n; i++)
        seen |= 1u << (n->attr.axes[i] < 0 ? n->attr.axes[i] + rank : n->attr.axes[i]);
    for (int i = 0; i < n->attr.axes_n; i++)
        if (!(seen >> (rank - 1 - i) & 1))
            return -1;
    return rank - n->attr.axes_n;
}

/* d / sqrt(mean(d^2) + eps), d = x - mean(x) */
static bool layer_norm(const struct look *l, struct net_node *n)
{
    const struct net_node *d = made_by(l, n->in[0]), *root, *sum, *square;
    struct net_node made;
    int squared, mean, x, axis;
    float eps;
    if (!d || d->op != NET_BINARY || d->attr.kind != NET_SUB || !is_act(l, n->in[1], NET_ACT_SQRT, &root))
        return false;
    sum = made_by(l, root->in[0]);
    if (!sum || sum->op != NET_BINARY || sum->attr.kind != NET_ADD)
        return false;
    const struct net_tensor *number = &l->g->tensor[sum->in[1]];
    if (!number->data || number->type != NET_F32 || net_shape_elements(&number->shape) != 1)
        return false;
    eps = *(const float *)number->data;
    axis = mean_of(l, sum->in[0], &squared);
    if (axis < 0 || !(eps >= 0) || !isfinite(eps) || mean_of(l, d->in[1], &mean) != axis || mean != d->in[0])
        return false;
    square = made_by(l, squared);
    if (!square || square->op != NET_BINARY || square->in[0] != d->out)
        return false;
    if (!(square->attr.kind == NET_MUL && square->in[1] == d->out) && !(square->attr.kind == NET_POW && is_number(l, square->in[1], 2)))
        return false;
    x = d->in[0];
    made = net_node_of(NET_LAYER_NORM, n->name, &x, 1);
    made.out = n->out;
    made.attr.axes_n = 1;
    made.attr.axes[0] = axis;
    made.attr.eps = eps;
    *n = made;
    return true;
}

/* A constant of the normalised axes behind a layer norm: its scale, then its bias. */
static bool scale_or_bias(const struct look *l, struct net_node *n)
{
    for (int k = 0; k < 2; k++) {
        const struct net_node *norm = made_by(l, n->in[k]);
        const struct net_tensor *c = &l->g->tensor[n->in[1 - k]], *x;
        int64_t count = 1;
        int place = n->attr.kind == NET_MUL ? 1 : 2;
        if (!norm || norm->op != NET_LAYER_NORM || !c->data || c->type != NET_F32 || norm->in_n > place)
            continue;
        x = &l->g->tensor[norm->in[0]];
        for (int i = norm->attr.axes[0]; i < x->shape.rank; i++)
            count *= x->shape.d[i];
        if (c->shape.rank > x->shape.rank - norm->attr.axes[0] || net_shape_elements(&c->shape) != count)
            continue;
        struct net_node made = *norm;
        memcpy(made.name, n->name, sizeof made.name);
        made.out = n->out;
        if (place == 2 && norm->in_n == 1)
            made.in[1] = -1;
        made.in[place] = n->in[1 - k];
        made.in_n = place + 1;
        *n = made;
        return true;
    }
    return false;
}

/* x / max(|x|, eps) */
static bool l2_norm(const struct look *l, struct net_node *n)
{
    const struct net_node *least, *norm, *spread = made_by(l, n->in[1]);
    struct net_node made;
    int x = n->in[0], from = spread && spread->op == NET_EXPAND ? spread->in[0] : n->in[1];
    if (!is_act(l, from, NET_ACT_CLIP, &least) || !isinf(least->attr.beta) || !(least->attr.alpha > 0))
        return false;
    norm = made_by(l, least->in[0]);
    if (!norm || norm->op != NET_REDUCE || norm->attr.kind != NET_L2 || !norm->attr.keep || norm->attr.axes_n != 1 || norm->in[0] != x)
        return false;
    made = net_node_of(NET_L2_NORM, n->name, &x, 1);
    made.out = n->out;
    made.attr.axes_n = 1;
    made.attr.axes[0] = norm->attr.axes[0];
    made.attr.eps = least->attr.alpha;
    *n = made;
    return true;
}

enum trundle_status onnx_fuse(struct net_graph *g, struct trundle_error *err)
{
    struct look l = { g, malloc(((size_t)g->tensors_n + 1) * sizeof(int)) };
    if (!l.maker)
        return error_set(err, TRUNDLE_NO_MEMORY, "graph", NULL, "no memory left");
    for (int i = 0; i < g->tensors_n; i++)
        l.maker[i] = -1;
    for (int i = 0; i < g->nodes_n; i++) {
        struct net_node *n = &g->node[i];
        l.maker[n->out] = i;
        if (n->op != NET_BINARY || n->attr.act != NET_ACT_IDENTITY)
            continue;
        switch ((enum net_binary)n->attr.kind) {
        case NET_MUL: (void)(product(&l, n) || quotient(&l, n) || scale_or_bias(&l, n)); break;
        case NET_DIV: (void)(quotient(&l, n) || layer_norm(&l, n) || l2_norm(&l, n)); break;
        case NET_ADD: (void)scale_or_bias(&l, n); break;
        default: break;
        }
    }
    free(l.maker);
    return TRUNDLE_OK;
}
