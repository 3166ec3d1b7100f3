/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/onnx/qdq - dequantize, operator, quantize: one operator on u8. The node that is last in such a pattern becomes the whole; the others
 * are left without readers and net_drop_unused sweeps them. What has no u8 form stays as it is and runs in f32 between the two.
 */
#include "base/net/onnx/inside.h"
#include "base/net/passes.h"

#include <stdlib.h>

/* The quantised tensor that this one stands for; -1: none. `type`: U8 activations, I8 weights. */
static int behind(const struct net_graph *g, const int *maker, int tensor, enum net_type type)
{
    int m = tensor >= 0 ? maker[tensor] : -1;
    if (m < 0 || g->node[m].op != NET_DEQUANTIZE)
        return -1;
    int x = g->node[m].in[0];
    return g->tensor[x].type == type && (type == NET_I8 ? g->tensor[x].data != NULL : g->tensor[x].quant.n == 1) ? x : -1;
}

/* The only reader of a tensor; -1: none or several, or an output. */
static int reader(const int *readers, const int *last, int tensor)
{
    return readers[tensor] == 1 ? last[tensor] : -1;
}

static bool moves(enum net_op op)
{
    return op == NET_RESHAPE || op == NET_TRANSPOSE || op == NET_SLICE || op == NET_EXPAND;
}

struct maps { int *maker, *readers, *last; };

static void look(const struct net_graph *g, struct maps *m)
{
    for (int i = 0; i < g->tensors_n; i++) {
        m->maker[i] = m->last[i] = -1;
        m->readers[i] = 0;
    }
    for (int i = 0; i < g->nodes_n; i++) {
        m->maker[g->node[i].out] = i;
        for (int k = 0; k < g->node[i].in_n; k++)
            if (g->node[i].in[k] >= 0) {
                m->readers[g->node[i].in[k]]++;
                m->last[g->node[i].in[k]] = i;
            }
    }
    for (int i = 0; i < g->outputs_n; i++)
        m->readers[g->output[i]] += 2;               /* an output is read by somebody we do not see */
}

static bool same_quant(const struct net_tensor *t, const struct net_attr *a)
{
    return t->quant.n == 1 && t->quant.scale[0] == a->out_scale && t->quant.zero == a->out_zero;
}

/* Dequantize, move: move, dequantize. Both nodes stay where they are and change what they do. */
static enum trundle_status sink(struct net_graph *g, struct maps *m, bool *changed, struct trundle_error *err)
{
    for (int i = 0; i < g->nodes_n; i++) {
        struct net_node *x = &g->node[i], *d;
        int u8 = moves(x->op) ? behind(g, m->maker, x->in[0], NET_U8) : -1, between = x->in[0];
        if (u8 < 0 || m->readers[between] != 1)
            continue;
        d = &g->node[m->maker[between]];
        struct net_attr moved = x->attr, plain = d->attr;
        enum net_op op = x->op;
        x->op = NET_DEQUANTIZE;
        x->attr = plain;
        d->op = op;
        d->attr = moved;
        g->tensor[between].type = NET_U8;
        g->tensor[between].shape = g->tensor[x->out].shape;
        TRY(net_graph_quant(g, between, 1, 0, g->tensor[u8].quant.scale, g->tensor[u8].quant.zero, err));
        *changed = true;
    }
    return TRUNDLE_OK;
}

/* Can the node run on u8, and on which tensors? */
static bool on_u8(const struct net_graph *g, const struct maps *m, const struct net_node *x, struct net_node *out)
{
    const struct net_tensor *w;
    *out = *x;
    switch (x->op) {
    case NET_CONV: case NET_MATMUL:
        out->in[0] = behind(g, m->maker, x->in[0], NET_U8);
        out->in[1] = behind(g, m->maker, x->in[1], NET_I8);
        if (out->in[0] < 0 || out->in[1] < 0 || (x->in_n > 2 && x->in[2] >= 0 && !g->tensor[x->in[2]].data) || (x->in_n > 3 && x->in[3] >= 0))
            return false;
        w = &g->tensor[out->in[1]];
        if (x->op == NET_MATMUL && (w->shape.rank != 2 || !x->attr.flip_b))
            return false;
        return (w->quant.n == 1 || (w->quant.n > 1 && w->quant.axis == 0)) && net_shape_elements(&w->shape) / w->shape.d[0] <= ((int64_t)1 << 31) / (255 * 128);
    case NET_BINARY:
        if (x->attr.kind != NET_ADD && x->attr.kind != NET_SUB && x->attr.kind != NET_MUL)
            return false;
        break;
    case NET_REDUCE:
        if (x->attr.kind != NET_MEAN)
            return false;
        break;
    case NET_UNARY: case NET_CONCAT: case NET_POOL: case NET_RESIZE:
        break;
    default:
        return false;
    }
    for (int i = 0; i < x->in_n; i++)
        if ((out->in[i] = behind(g, m->maker, x->in[i], NET_U8)) < 0)
            return false;
    return true;
}

static bool takes_act(enum net_op op)
{
    return op == NET_CONV || op == NET_MATMUL || op == NET_BINARY;
}

static enum trundle_status fuse(struct net_graph *g, struct maps *m, struct trundle_error *err)
{
    for (int i = 0; i < g->nodes_n; i++) {
        struct net_node *x = &g->node[i], made, *q;
        int next, act = -1;
        if (x->op == NET_QUANTIZE) {                 /* of a dequantize: nothing, or another scale */
            int u8 = behind(g, m->maker, x->in[0], NET_U8);
            if (u8 >= 0 && same_quant(&g->tensor[u8], &x->attr))
                net_redirect(g, x->out, u8);
            else if (u8 >= 0)
                x->in[0] = u8;
            if (u8 >= 0)
                look(g, m);
            continue;
        }
        if (!on_u8(g, m, x, &made))
            continue;
        next = reader(m->readers, m->last, x->out);
        if (next >= 0 && takes_act(x->op) && x->attr.act == NET_ACT_IDENTITY && g->node[next].op == NET_UNARY) {
            act = next;
            next = reader(m->readers, m->last, g->node[act].out);
        }
        q = next >= 0 && g->node[next].op == NET_QUANTIZE ? &g->node[next] : NULL;
        if (!q && x->op != NET_CONV && x->op != NET_MATMUL)
            continue;
        if (!q)
            act = -1;
        if (act >= 0) {
            made.attr.act = g->node[act].attr.act;
            made.attr.alpha = g->node[act].attr.alpha;
            made.attr.beta = g->node[act].attr.beta;
        }
        bool keeps = x->op == NET_RESIZE || (x->op == NET_POOL && x->attr.kind == NET_POOL_MAX);
        if (q && keeps && !same_quant(&g->tensor[made.in[0]], &q->attr)) {      /* first as it is, then to the other scale */
            made.out = x->out;
            *x = made;
            g->tensor[x->out].type = NET_U8;
            TRY(net_graph_quant(g, x->out, 1, 0, g->tensor[made.in[0]].quant.scale, g->tensor[made.in[0]].quant.zero, err));
        } else if (q) {
            int out = q->out;
            made.attr.out_type = NET_U8;
            made.attr.out_scale = q->attr.out_scale;
            made.attr.out_zero = q->attr.out_zero;
            *q = made;
            q->out = out;
        } else {
            made.attr.out_type = NET_F32;
            *x = made;
        }
        look(g, m);
    }
    return TRUNDLE_OK;
}

enum trundle_status onnx_qdq(struct net_graph *g, struct trundle_error *err)
{
    size_t n = (size_t)g->tensors_n + 1;
    struct maps m = { malloc(n * sizeof(int)), malloc(n * sizeof(int)), malloc(n * sizeof(int)) };
    enum trundle_status status = m.maker && m.readers && m.last ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "graph", NULL, "no memory left");
    bool any = false, changed = true;
    for (int i = 0; i < g->nodes_n; i++)
        any = any || g->node[i].op == NET_DEQUANTIZE;
    for (int round = 0; status == TRUNDLE_OK && any && changed && round < 32; round++) {      /* a move behind a move behind ... */
        changed = false;
        look(g, &m);
        status = sink(g, &m, &changed, err);
    }
    if (status == TRUNDLE_OK && any) {
        look(g, &m);
        status = fuse(g, &m, err);
    }
    free(m.maker);
    free(m.readers);
    free(m.last);
    return status;
}
