/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Which channels belong together: every channel of every tensor is an element, operators join them, and what must stay is pinned. */
#include "lab/train/prune.h"

#include "base/net/passes.h"

#include <stdlib.h>
#include <string.h>

struct find {
    const struct net_graph *g;
    int64_t *base;                 /* of each tensor's channels */
    int64_t *parent;
    bool    *pinned;               /* of roots, once all is joined */
    int64_t  n;
};

static int32_t channels(const struct net_graph *g, int t)
{
    const struct net_shape *s = &g->tensor[t].shape;

    return s->rank ? s->d[s->rank - 1] : 1;
}

static int64_t root(struct find *f, int64_t i)
{
    while (f->parent[i] != i)
        i = f->parent[i] = f->parent[f->parent[i]];
    return i;
}

static void join(struct find *f, int a, int64_t ca, int b, int64_t cb)
{
    int64_t x = root(f, f->base[a] + ca), y = root(f, f->base[b] + cb);

    if (x == y)
        return;
    if (y < x) {
        int64_t swap = x;

        x = y;
        y = swap;
    }
    f->parent[y] = x;
    f->pinned[x] = f->pinned[x] || f->pinned[y];
}

static void pin(struct find *f, int t)
{
    for (int64_t c = 0; t >= 0 && c < channels(f->g, t); c++)
        f->pinned[root(f, f->base[t] + c)] = true;
}

static void pin_node(struct find *f, const struct net_node *n)
{
    for (int k = 0; k < n->in_n; k++)
        pin(f, n->in[k]);
    pin(f, n->out);
}

static void join_all(struct find *f, int a, int b)
{
    for (int64_t c = 0; c < channels(f->g, a); c++)
        join(f, a, c, b, c);
}

/* A weight that one node alone reads can be cut. */
static bool cuttable(const struct net_graph *g, int t)
{
    return t >= 0 && g->tensor[t].data && g->tensor[t].type == NET_F32 && net_readers(g, t) == 1;
}

static void relate_layer(struct find *f, const struct net_node *n)
{
    const struct net_shape *w = &f->g->tensor[n->in[1]].shape;
    int x = n->in[0], y = n->out, extra = n->op == NET_CONV_TRANSPOSE ? -1 : n->in_n > 3 ? n->in[3] : -1, bias = n->in_n > 2 ? n->in[2] : -1;

    if (!cuttable(f->g, n->in[1]) || (bias >= 0 && !cuttable(f->g, bias)) || (n->op == NET_MATMUL && w->rank != 2)) {
        pin_node(f, n);
        return;
    }
    if (n->op != NET_MATMUL && n->attr.groups > 1) {
        int32_t each = channels(f->g, y) / channels(f->g, x);

        if (n->op == NET_CONV && n->attr.groups == channels(f->g, x) && channels(f->g, y) == each * channels(f->g, x)) {
            for (int64_t c = 0; c < channels(f->g, y); c++)
                join(f, x, c / each, y, c);
        } else {
            pin(f, x);
            pin(f, y);
        }
    }
    if (extra >= 0)
        join_all(f, y, extra);
}

static void relate_binary(struct find *f, const struct net_node *n)
{
    for (int k = 0; k < 2; k++) {
        int32_t c = channels(f->g, n->in[k]);

        if (c == channels(f->g, n->out) && (!f->g->tensor[n->in[k]].data || net_readers(f->g, n->in[k]) == 1))
            join_all(f, n->in[k], n->out);
        else if (c != 1)
            pin(f, n->out);
    }
}

static void relate_concat(struct find *f, const struct net_node *n)
{
    bool last = n->attr.axes[0] == f->g->tensor[n->out].shape.rank - 1;
    int64_t at = 0;

    for (int k = 0; k < n->in_n; k++) {
        for (int64_t c = 0; c < channels(f->g, n->in[k]); c++)
            join(f, n->in[k], c, n->out, at + c);
        if (last)
            at += channels(f->g, n->in[k]);
    }
}

static bool keeps_channels(const struct net_graph *g, const struct net_node *n)
{
    int rank = g->tensor[n->in[0]].shape.rank, last = rank - 1;

    switch (n->op) {
    case NET_BATCH_NORM:
        for (int k = 1; k < 5; k++)
            if (!cuttable(g, n->in[k]))
                return false;
        return true;
    case NET_UNARY:
    case NET_POOL:
    case NET_RESIZE:
    case NET_QUANTIZE:
    case NET_DEQUANTIZE:
        return true;
    case NET_PAD:
        return rank > 0 && n->attr.begin[last] == 0 && n->attr.end[last] == 0;
    case NET_SLICE:
        return rank > 0 && n->attr.begin[last] == 0 && n->attr.end[last] >= channels(g, n->in[0]) && n->attr.step[last] == 1;
    case NET_TRANSPOSE:
        return rank > 0 && n->attr.axes[last] == last;
    case NET_EXPAND:
        return channels(g, n->in[0]) == channels(g, n->out);
    case NET_REDUCE:
        for (int i = 0; i < n->attr.axes_n; i++)
            if (n->attr.axes[i] == last)
                return false;
        return true;
    default:
        return false;
    }
}

static void relate(struct find *f, const struct net_node *n)
{
    if (n->op == NET_CONV || n->op == NET_CONV_TRANSPOSE || n->op == NET_MATMUL) {
        relate_layer(f, n);
    } else if (n->op == NET_BINARY) {
        relate_binary(f, n);
    } else if (n->op == NET_CONCAT) {
        relate_concat(f, n);
    } else if (n->op == NET_RESHAPE && channels(f->g, n->out) % channels(f->g, n->in[0]) == 0) {
        for (int64_t c = 0; c < channels(f->g, n->out); c++)       /* row-major: whole rows of channels become one */
            join(f, n->in[0], c % channels(f->g, n->in[0]), n->out, c);
    } else if (keeps_channels(f->g, n)) {
        join_all(f, n->in[0], n->out);
    } else {
        pin_node(f, n);
    }
    if (f->g->tensor[n->out].type != NET_F32)
        pin_node(f, n);
}

static enum trundle_status number(struct find *f, struct prune_groups *p, struct trundle_error *err)
{
    const struct net_graph *g = f->g;
    int *of_root = malloc(((size_t)f->n + 1) * sizeof *of_root), *first = malloc(((size_t)f->n + 1) * sizeof *first), spaces = 0;

    p->space = calloc((size_t)f->n + 1, sizeof *p->space);
    p->spaces_units = calloc((size_t)g->tensors_n + 1, sizeof *p->spaces_units);
    p->unit = calloc((size_t)g->tensors_n + 1, sizeof *p->unit);
    p->tensors_n = g->tensors_n;
    if (!of_root || !first || !p->space || !p->spaces_units || !p->unit)
        goto none;
    for (int64_t i = 0; i < f->n; i++)
        of_root[i] = -1;
    for (int t = 0; t < g->tensors_n; t++) {
        int space = -1;

        p->unit[t] = malloc((size_t)channels(g, t) * sizeof **p->unit);
        if (!p->unit[t])
            goto none;
        for (int64_t c = 0; c < channels(g, t); c++) {
            int64_t r = root(f, f->base[t] + c);

            p->unit[t][c] = -1;
            if (f->pinned[r] || g->tensor[t].data)
                continue;
            if (of_root[r] < 0) {
                of_root[r] = p->n++;
                space = space < 0 ? spaces++ : space;
                p->space[of_root[r]] = space;
                p->spaces_units[space]++;
            }
            p->unit[t][c] = of_root[r];
        }
    }
    for (int t = 0; t < g->tensors_n; t++)         /* constants that an addition or product reads */
        for (int64_t c = 0; g->tensor[t].data && c < channels(g, t); c++)
            p->unit[t][c] = of_root[root(f, f->base[t] + c)];
    p->spaces_n = spaces;
    free(of_root);
    free(first);
    return TRUNDLE_OK;
none:
    free(of_root);
    free(first);
    return error_set(err, TRUNDLE_NO_MEMORY, "prune", NULL, "no memory left");
}

enum trundle_status prune_find(const struct net_graph *g, struct prune_groups *out, struct trundle_error *err)
{
    struct find f = { .g = g };
    struct prune_groups p = { 0 };
    enum trundle_status status = TRUNDLE_OK;

    if (!g || !out)
        return error_set(err, TRUNDLE_BAD_ARG, "prune", NULL, "an argument is NULL");
    f.base = calloc((size_t)g->tensors_n + 1, sizeof *f.base);
    for (int t = 0; f.base && t < g->tensors_n; t++) {
        f.base[t] = f.n;
        f.n += channels(g, t);
    }
    f.parent = malloc(((size_t)f.n + 1) * sizeof *f.parent);
    f.pinned = calloc((size_t)f.n + 1, sizeof *f.pinned);
    if (!f.base || !f.parent || !f.pinned) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "prune", NULL, "no memory left");
        goto out;
    }
    for (int64_t i = 0; i < f.n; i++)
        f.parent[i] = i;
    for (int i = 0; i < g->inputs_n; i++)
        pin(&f, g->input[i]);
    for (int i = 0; i < g->outputs_n; i++)
        pin(&f, g->output[i]);
    for (int i = 0; i < g->nodes_n; i++)
        relate(&f, &g->node[i]);
    status = number(&f, &p, err);
    if (status == TRUNDLE_OK) {
        *out = p;
        p = (struct prune_groups){ 0 };
    }
out:
    prune_groups_done(&p);
    free(f.base);
    free(f.parent);
    free(f.pinned);
    return status;
}

void prune_groups_done(struct prune_groups *p)
{
    for (int t = 0; p->unit && t < p->tensors_n; t++)
        free(p->unit[t]);
    free(p->unit);
    free(p->space);
    free(p->spaces_units);
    *p = (struct prune_groups){ 0 };
}

int prune_kept(const struct net_graph *g, const struct prune_groups *p, const bool *gone, int t)
{
    int n = 0;

    for (int64_t c = 0; c < channels(g, t); c++)
        n += p->unit[t][c] < 0 || !gone || !gone[p->unit[t][c]];
    return n;
}

void prune_gates(const struct net_graph *g, prune_visit *visit, void *user)
{
    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node *n = &g->node[i];
        int reader = -1;

        if (n->op == NET_BATCH_NORM) {
            visit(user, n->in[1], true, n->out);
            visit(user, n->in[2], true, n->out);
        }
        if (n->op != NET_CONV && n->op != NET_CONV_TRANSPOSE && n->op != NET_MATMUL)
            continue;
        for (int k = i + 1; k < g->nodes_n && reader < 0; k++)
            if (g->node[k].op == NET_BATCH_NORM && g->node[k].in[0] == n->out)
                reader = k;
        if (reader >= 0 || !g->tensor[n->in[1]].data || g->tensor[n->in[1]].type != NET_F32)
            continue;
        visit(user, n->in[1], n->op == NET_CONV || (n->op == NET_MATMUL && n->attr.flip_b), n->out);
        if (n->in_n > 2 && n->in[2] >= 0)
            visit(user, n->in[2], true, n->out);
    }
}

struct magnitude { const struct net_graph *g; const struct prune_groups *p; double *out; };

static void add_squares(void *user, int constant, bool outermost, int tensor)
{
    struct magnitude *m = user;
    const float *w = m->g->tensor[constant].data;
    int64_t n = net_shape_elements(&m->g->tensor[constant].shape), c = channels(m->g, tensor), each = n / c;

    for (int64_t i = 0; i < n; i++) {
        int unit = m->p->unit[tensor][outermost ? i / each : i % c];

        if (unit >= 0)
            m->out[unit] += (double)w[i] * (double)w[i];
    }
}

void prune_magnitude(const struct net_graph *g, const struct prune_groups *p, double *out)
{
    struct magnitude m = { g, p, out };

    memset(out, 0, (size_t)p->n * sizeof *out);
    prune_gates(g, add_squares, &m);
}
