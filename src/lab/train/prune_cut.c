/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The smaller graph, and the larger one with zeros that computes the same. */
#include "lab/train/prune.h"

#include <stdlib.h>
#include <string.h>

struct cut {
    const struct net_graph *g;
    const struct prune_groups *p;
    const bool *gone;
    struct net_graph *to;
    int *made;                     /* [tensors_n] in the new graph; -1: not yet */
    struct trundle_error *err;
};

static int32_t channels(const struct net_graph *g, int t)
{
    const struct net_shape *s = &g->tensor[t].shape;

    return s->rank ? s->d[s->rank - 1] : 1;
}

static bool goes(const struct prune_groups *p, const bool *gone, int t, int64_t c)
{
    return p->unit[t][c] >= 0 && gone[p->unit[t][c]];
}

/* A constant [first][middle][last], of which channels of two tensors (-1: all) are left out. */
struct view { int64_t first, middle, last; int first_of, last_of; };

static struct view view_of(const struct net_graph *g, const struct net_node *n, int k)
{
    const struct net_shape *s = &g->tensor[n->in[k]].shape;
    bool layer = n->op == NET_CONV || n->op == NET_CONV_TRANSPOSE || n->op == NET_MATMUL;
    struct view v = { 1, 1, net_shape_elements(s), -1, -1 };

    if (layer && k == 1) {
        v.first = s->d[0];
        v.last = s->d[s->rank - 1];
        v.middle = net_shape_elements(s) / v.first / v.last;
        if (n->op == NET_CONV) {
            v.first_of = n->out;
            v.last_of = n->attr.groups == 1 ? n->in[0] : -1;
        } else {
            bool flip = n->op == NET_MATMUL && n->attr.flip_b;

            v.first_of = flip ? n->out : n->in[0];
            v.last_of = flip ? n->in[0] : n->out;
        }
    } else if (layer && k == 2) {
        v.last_of = n->out;
    } else if (n->op == NET_BATCH_NORM) {
        v.last_of = n->out;
    } else if (n->op == NET_BINARY || n->op == NET_CONCAT) {
        v.last = channels(g, n->in[k]);
        v.first = net_shape_elements(s) / v.last;
        v.last_of = n->in[k];
    }
    /* A matrix product's input may have other channels than its weight has rows only when it is refused by infer. */
    return v;
}

static enum trundle_status constant(struct cut *c, const struct net_node *n, int k, int *out)
{
    const struct net_tensor *from = &c->g->tensor[n->in[k]];
    struct view v = view_of(c->g, n, k);
    struct net_shape shape = from->shape;
    size_t each = net_type_bytes(from->type);
    const uint8_t *read = from->data;
    uint8_t *write;
    int64_t first = 0, last = 0;

    for (int64_t i = 0; i < v.first; i++)
        first += v.first_of < 0 || !goes(c->p, c->gone, v.first_of, i);
    for (int64_t i = 0; i < v.last; i++)
        last += v.last_of < 0 || !goes(c->p, c->gone, v.last_of, i);
    if (first == v.first && last == v.last) {
        if (c->made[n->in[k]] < 0) {
            TRY(net_graph_constant(c->to, from->name, from->type, &shape, from->data, &c->made[n->in[k]], c->err));
            if (from->quant.n)
                TRY(net_graph_quant(c->to, c->made[n->in[k]], from->quant.n, from->quant.axis, from->quant.scale, from->quant.zero, c->err));
        }
        *out = c->made[n->in[k]];
        return TRUNDLE_OK;
    }
    if (v.first_of >= 0 && shape.rank)
        shape.d[0] = (int32_t)first;
    if (v.last_of >= 0 && shape.rank)
        shape.d[shape.rank - 1] = (int32_t)last;
    TRY(net_graph_constant(c->to, net_graph_find(c->to, from->name) < 0 ? from->name : NULL, from->type, &shape, NULL, out, c->err));
    write = net_graph_writable(c->to, *out);
    for (int64_t a = 0; a < v.first; a++)
        for (int64_t m = 0; m < v.middle; m++)
            for (int64_t b = 0; b < v.last; b++, read += each) {
                if ((v.first_of >= 0 && goes(c->p, c->gone, v.first_of, a)) || (v.last_of >= 0 && goes(c->p, c->gone, v.last_of, b)))
                    continue;
                memcpy(write, read, each);
                write += each;
            }
    return TRUNDLE_OK;
}

static enum trundle_status emit(struct cut *c, const struct net_node *from)
{
    struct net_node n = *from;
    int left = prune_kept(c->g, c->p, c->gone, from->out);

    for (int k = 0; k < n.in_n; k++)
        if (n.in[k] >= 0 && c->g->tensor[n.in[k]].data)
            TRY(constant(c, from, k, &n.in[k]));
        else if (n.in[k] >= 0)
            n.in[k] = c->made[n.in[k]];
    if (n.op == NET_CONV && n.attr.groups > 1)
        n.attr.groups = n.attr.groups == channels(c->g, from->in[0]) ? prune_kept(c->g, c->p, c->gone, from->in[0]) : n.attr.groups;
    if ((n.op == NET_RESHAPE || n.op == NET_EXPAND) && n.attr.dims_n && n.attr.dims[n.attr.dims_n - 1] > 0)
        n.attr.dims[n.attr.dims_n - 1] = left;
    return net_graph_node(c->to, &n, &c->made[from->out], c->err);
}

enum trundle_status prune_cut(const struct net_graph *g, const struct prune_groups *p, const bool *gone, struct net_graph **out, struct trundle_error *err)
{
    struct cut c = { g, p, gone, net_graph_new(), malloc(((size_t)g->tensors_n + 1) * sizeof *c.made), err };
    enum trundle_status status = TRUNDLE_OK;

    if (!c.to || !c.made) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "prune", NULL, "no memory left");
        goto out;
    }
    for (int t = 0; t < g->tensors_n; t++) {
        c.made[t] = -1;
        if (!g->tensor[t].data && prune_kept(g, p, gone, t) == 0) {
            status = error_set(err, TRUNDLE_BAD_ARG, g->tensor[t].name, NULL, "no channel would be left");
            goto out;
        }
    }
    for (int i = 0; i < g->inputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->input[i]];
        struct net_shape shape = t->shape;

        if (t->batched && shape.rank)
            shape.d[0] = 0;
        TRY_GOTO(status, net_graph_input(c.to, t->name, t->type, &shape, &c.made[g->input[i]], err), out);
        if (t->quant.n)
            TRY_GOTO(status, net_graph_quant(c.to, c.made[g->input[i]], t->quant.n, t->quant.axis, t->quant.scale, t->quant.zero, err), out);
    }
    for (int i = 0; i < g->nodes_n; i++)
        TRY_GOTO(status, emit(&c, &g->node[i]), out);
    for (int i = 0; i < g->outputs_n; i++)
        TRY_GOTO(status, net_graph_output(c.to, c.made[g->output[i]], err), out);
    TRY_GOTO(status, net_graph_infer(c.to, 1, err), out);
    *out = c.to;
    c.to = NULL;
out:
    net_graph_free(c.to);
    free(c.made);
    return status;
}

enum trundle_status prune_mask(struct net_graph *g, const struct prune_groups *p, const bool *gone, struct trundle_error *err)
{
    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node *n = &g->node[i];
        int constants = n->op == NET_BATCH_NORM ? 2 : n->op == NET_CONV || n->op == NET_CONV_TRANSPOSE || n->op == NET_MATMUL ? n->in_n < 3 ? n->in_n - 1 : 2 : 0;

        for (int k = 1; k <= constants; k++) {
            struct view v;
            float *w;

            if (n->in[k] < 0 || !g->tensor[n->in[k]].data)
                continue;
            if (!g->tensor[n->in[k]].owned)
                return error_set(err, TRUNDLE_BAD_ARG, g->tensor[n->in[k]].name, "copy the graph without borrowing", "a borrowed constant cannot be changed");
            v = view_of(g, n, k);
            w = net_graph_writable(g, n->in[k]);
            for (int64_t a = 0; a < v.first; a++)
                for (int64_t m = 0; m < v.middle; m++)
                    for (int64_t b = 0; b < v.last; b++, w++)
                        if ((v.first_of >= 0 && goes(p, gone, v.first_of, a)) || (v.last_of >= 0 && goes(p, gone, v.last_of, b)))
                            *w = 0;
        }
    }
    return TRUNDLE_OK;
}
