/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/passes - a fused node is left without readers, and net_drop_unused sweeps it; so no pass removes anything itself.
 * A graph output that a pass would make unread keeps its name: the tensor that takes its place is renamed.
 */
#include "base/net/passes.h"
#include "base/net/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "graph", NULL, "no memory left");
}

int net_readers(const struct net_graph *g, int tensor)
{
    int n = 0;
    for (int i = 0; i < g->nodes_n; i++)
        for (int k = 0; k < g->node[i].in_n; k++)
            n += g->node[i].in[k] == tensor;
    for (int i = 0; i < g->outputs_n; i++)
        n += g->output[i] == tensor;
    return n;
}

int net_maker(const struct net_graph *g, int tensor)
{
    for (int i = 0; i < g->nodes_n; i++)
        if (g->node[i].out == tensor)
            return i;
    return -1;
}

void net_redirect(struct net_graph *g, int from, int to)
{
    char name[NET_NAME_MAX];
    bool was_output = false;
    for (int i = 0; i < g->nodes_n; i++)
        for (int k = 0; k < g->node[i].in_n; k++)
            if (g->node[i].in[k] == from)
                g->node[i].in[k] = to;
    for (int i = 0; i < g->outputs_n; i++)
        if (g->output[i] == from) {
            g->output[i] = to;
            was_output = true;
        }
    bool keep = false;                             /* graph inputs and earlier outputs keep theirs */
    for (int i = 0; i < g->inputs_n; i++)
        keep = keep || g->input[i] == to;
    if (was_output && !keep && net_maker(g, to) >= 0) {
        memcpy(name, g->tensor[to].name, sizeof name);
        memcpy(g->tensor[to].name, g->tensor[from].name, sizeof name);
        memcpy(g->tensor[from].name, name, sizeof name);
        if (net_graph_reindex(g, NULL) != TRUNDLE_OK)
            return;                                /* without memory names are only not found */
    }
}

/* ---- what is not needed ---- */

static void tensor_done(struct net_tensor *t)
{
    free(t->quant.scale);
    if (t->owned)
        free((void *)(uintptr_t)t->data);
}

enum trundle_status net_drop_unused(struct net_graph *g, struct trundle_error *err)
{
    bool *needed = calloc((size_t)g->tensors_n + 1, sizeof *needed);
    int *number = malloc(((size_t)g->tensors_n + 1) * sizeof *number);
    if (!needed || !number) {
        free(needed);
        free(number);
        return no_memory(err);
    }
    for (int i = 0; i < g->outputs_n; i++)
        needed[g->output[i]] = true;
    for (int i = 0; i < g->inputs_n; i++)
        needed[g->input[i]] = true;
    for (int i = g->nodes_n; i-- > 0;)
        for (int k = 0; needed[g->node[i].out] && k < g->node[i].in_n; k++)
            if (g->node[i].in[k] >= 0)
                needed[g->node[i].in[k]] = true;
    int nodes = 0, tensors = 0;
    for (int i = 0; i < g->nodes_n; i++)
        if (needed[g->node[i].out])
            g->node[nodes++] = g->node[i];
    g->nodes_n = nodes;
    for (int t = 0; t < g->tensors_n; t++) {
        number[t] = tensors;
        if (needed[t])
            g->tensor[tensors++] = g->tensor[t];
        else
            tensor_done(&g->tensor[t]);
    }
    g->tensors_n = tensors;
    for (int i = 0; i < g->nodes_n; i++) {
        g->node[i].out = number[g->node[i].out];
        for (int k = 0; k < g->node[i].in_n; k++)
            if (g->node[i].in[k] >= 0)
                g->node[i].in[k] = number[g->node[i].in[k]];
    }
    for (int i = 0; i < g->inputs_n; i++)
        g->input[i] = number[g->input[i]];
    for (int i = 0; i < g->outputs_n; i++)
        g->output[i] = number[g->output[i]];
    free(needed);
    free(number);
    return net_graph_reindex(g, err);
}

/* ---- constants ---- */

/* The value of one node whose inputs are constant, by a graph of it alone. */
static enum trundle_status evaluate(const struct net_graph *g, const struct net_node *node, size_t bytes_max, struct net_graph *into, struct trundle_error *err)
{
    struct net_graph *alone = net_graph_new();
    struct net_plan *plan = NULL;
    struct net_node copy = *node;
    int out = 0, constant = 0;
    enum trundle_status status = alone ? TRUNDLE_OK : no_memory(err);
    for (int k = 0; k < node->in_n && status == TRUNDLE_OK; k++)
        if (node->in[k] >= 0) {
            const struct net_tensor *t = &g->tensor[node->in[k]];
            status = net_graph_constant_borrow(alone, NULL, t->type, &t->shape, t->data, &copy.in[k], err);
            if (status == TRUNDLE_OK && t->quant.n)
                status = net_graph_quant(alone, copy.in[k], t->quant.n, t->quant.axis, t->quant.scale, t->quant.zero, err);
        }
    if (status == TRUNDLE_OK)
        status = net_graph_node(alone, &copy, &out, err);
    if (status == TRUNDLE_OK)
        status = net_graph_output(alone, out, err);
    if (status == TRUNDLE_OK)
        status = net_graph_infer(alone, 1, err);
    if (status == TRUNDLE_OK && net_tensor_bytes(&alone->tensor[out]) > bytes_max)
        status = TRUNDLE_AGAIN;
    if (status == TRUNDLE_OK)
        status = net_plan_new(alone, &(struct net_plan_options){ .isa = NET_ISA_REF, .keep_all = true }, &plan, err);
    if (status == TRUNDLE_OK)
        status = net_plan_run(plan, err);
    if (status == TRUNDLE_OK) {
        const struct net_tensor *t = &net_plan_graph(plan)->tensor[out];
        status = net_graph_constant(into, NULL, t->type, &t->shape, net_plan_output(plan, 0), &constant, err);
        if (status == TRUNDLE_OK && t->quant.n)
            status = net_graph_quant(into, constant, t->quant.n, t->quant.axis, t->quant.scale, t->quant.zero, err);
    }
    net_plan_free(plan);
    net_graph_free(alone);
    return status;
}

enum trundle_status net_fold_constants(struct net_graph *g, size_t bytes_max, struct trundle_error *err)
{
    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node node = g->node[i];
        bool constant = net_readers(g, node.out) > 0;
        for (int k = 0; k < node.in_n; k++)
            constant = constant && (node.in[k] < 0 || g->tensor[node.in[k]].data);
        if (!constant)
            continue;
        enum trundle_status status = evaluate(g, &node, bytes_max, g, err);
        if (status == TRUNDLE_AGAIN)
            continue;
        TRY(status);
        net_redirect(g, node.out, g->tensors_n - 1);
    }
    return TRUNDLE_OK;
}

/* ---- batch norm ---- */

static bool is_constant_f32(const struct net_graph *g, int tensor)
{
    return tensor >= 0 && g->tensor[tensor].data && g->tensor[tensor].type == NET_F32;
}

/* The f32 node with constant weights that alone feeds `tensor`, and may still take something behind it. */
static int foldable_maker(const struct net_graph *g, int tensor)
{
    int i = net_maker(g, tensor);
    if (i < 0 || net_readers(g, tensor) != 1)
        return -1;
    const struct net_node *n = &g->node[i];
    if (n->op != NET_CONV && n->op != NET_CONV_TRANSPOSE && n->op != NET_MATMUL)
        return -1;
    if (!is_constant_f32(g, n->in[1]) || n->attr.act != NET_ACT_IDENTITY || (n->in_n > 3 && n->in[3] >= 0) || n->attr.out_type != NET_NONE)
        return -1;
    return n->in_n < 3 || n->in[2] < 0 || is_constant_f32(g, n->in[2]) ? i : -1;
}

/* Which output channel weight element e belongs to. */
static int64_t channel_of(const struct net_node *n, const struct net_shape *w, int64_t outputs, int64_t e)
{
    if (n->op == NET_CONV)
        return e / (net_shape_elements(w) / outputs);
    if (n->op == NET_CONV_TRANSPOSE) {
        int64_t each = w->d[3], row = (int64_t)w->d[1] * w->d[2] * each, group = (e / row) / (w->d[0] / n->attr.groups);
        return group * each + e % each;
    }
    int64_t last = w->d[w->rank - 1];
    return n->attr.flip_b ? e / last % outputs : e % last;
}

static enum trundle_status fold_one(struct net_graph *g, int conv, const struct net_node *bn, struct trundle_error *err)
{
    const float *p[4];
    for (int k = 0; k < 4; k++)
        p[k] = g->tensor[bn->in[k + 1]].data;
    int64_t outputs = net_shape_elements(&g->tensor[bn->in[1]].shape);
    int w_old = g->node[conv].in[1], b_old = g->node[conv].in_n > 2 ? g->node[conv].in[2] : -1, w_new = 0, b_new = 0;
    const struct net_shape shape = g->tensor[w_old].shape, bias_shape = NET_SHAPE((int32_t)outputs);
    TRY(net_graph_constant(g, NULL, NET_F32, &shape, g->tensor[w_old].data, &w_new, err));
    TRY(net_graph_constant(g, NULL, NET_F32, &bias_shape, b_old >= 0 ? g->tensor[b_old].data : NULL, &b_new, err));
    float *w = net_graph_writable(g, w_new), *b = net_graph_writable(g, b_new);
    for (int64_t e = 0; e < net_shape_elements(&shape); e++) {
        int64_t o = channel_of(&g->node[conv], &shape, outputs, e);
        w[e] = (float)((double)w[e] * (double)p[0][o] / sqrt((double)p[3][o] + (double)bn->attr.eps));
    }
    for (int64_t o = 0; o < outputs; o++)
        b[o] = (float)(((double)b[o] - (double)p[2][o]) * (double)p[0][o] / sqrt((double)p[3][o] + (double)bn->attr.eps) + (double)p[1][o]);
    struct net_node *n = &g->node[conv];
    n->in[1] = w_new;
    n->in[2] = b_new;
    if (n->in_n < 3)
        n->in_n = 3;
    n->attr.act = bn->attr.act;
    n->attr.alpha = bn->attr.alpha;
    n->attr.beta = bn->attr.beta;
    return TRUNDLE_OK;
}

enum trundle_status net_fold_batch_norm(struct net_graph *g, struct trundle_error *err)
{
    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node bn = g->node[i];
        bool ok = bn.op == NET_BATCH_NORM;
        for (int k = 1; ok && k < 5; k++)
            ok = is_constant_f32(g, bn.in[k]);
        int conv = ok ? foldable_maker(g, bn.in[0]) : -1;
        if (conv < 0)
            continue;
        TRY(fold_one(g, conv, &bn, err));
        net_redirect(g, bn.out, g->node[conv].out);
    }
    return TRUNDLE_OK;
}

/* ---- fusing ---- */

static bool may_take_act(const struct net_graph *g, int node)
{
    const struct net_node *n = &g->node[node];
    return (n->op == NET_CONV || n->op == NET_CONV_TRANSPOSE || n->op == NET_MATMUL || n->op == NET_BINARY || n->op == NET_BATCH_NORM) &&
           n->attr.act == NET_ACT_IDENTITY && n->attr.out_type == NET_NONE && g->tensor[n->out].quant.n == 0;
}

/* bias: an addition of a constant [N] (or [..1, N]) to the last axis of a node without one. */
static bool fuse_bias(struct net_graph *g, const struct net_node *add)
{
    for (int k = 0; k < 2; k++) {
        int node = foldable_maker(g, add->in[k]), bias = add->in[1 - k];
        if (node < 0 || !is_constant_f32(g, bias) || (g->node[node].in_n > 2 && g->node[node].in[2] >= 0))
            continue;
        const struct net_node *n = &g->node[node];
        const struct net_shape *w = &g->tensor[n->in[1]].shape, *b = &g->tensor[bias].shape;
        int64_t outputs = n->op == NET_CONV ? w->d[0] : n->op == NET_CONV_TRANSPOSE ? (int64_t)w->d[3] * n->attr.groups
                          : n->attr.flip_b ? w->d[w->rank - 2 < 0 ? 0 : w->rank - 2] : w->d[w->rank - 1];
        if (b->rank < 1 || b->d[b->rank - 1] != outputs || net_shape_elements(b) != outputs || outputs < 2 || g->tensor[n->out].shape.rank < b->rank)
            continue;
        int flat = 0;
        const struct net_shape shape = NET_SHAPE((int32_t)outputs);
        if (net_graph_constant(g, NULL, NET_F32, &shape, g->tensor[bias].data, &flat, NULL) != TRUNDLE_OK)
            return false;
        struct net_node *into = &g->node[node];
        for (int j = into->in_n; j < 3; j++)
            into->in[j] = -1;
        into->in[2] = flat;
        if (into->in_n < 3)
            into->in_n = 3;
        into->attr.act = add->attr.act;
        into->attr.alpha = add->attr.alpha;
        into->attr.beta = add->attr.beta;
        net_redirect(g, add->out, into->out);
        return true;
    }
    return false;
}

/* residual: an addition of equal shapes; the later of two makers takes the other as its fourth input. */
static bool fuse_residual(struct net_graph *g, const struct net_node *add)
{
    int best = -1, other = -1;
    if (!net_shape_equal(&g->tensor[add->in[0]].shape, &g->tensor[add->in[1]].shape))
        return false;
    for (int k = 0; k < 2; k++) {
        int node = foldable_maker(g, add->in[k]), rest = add->in[1 - k];
        if (node >= 0 && g->node[node].op != NET_CONV_TRANSPOSE && !g->tensor[rest].data && net_maker(g, rest) < node && node > best) {
            best = node;
            other = rest;
        }
    }
    if (best < 0)
        return false;
    struct net_node *n = &g->node[best];
    for (int j = n->in_n; j < 3; j++)
        n->in[j] = -1;
    n->in[3] = other;
    n->in_n = 4;
    n->attr.act = add->attr.act;
    n->attr.alpha = add->attr.alpha;
    n->attr.beta = add->attr.beta;
    net_redirect(g, add->out, n->out);
    return true;
}

enum trundle_status net_fuse(struct net_graph *g, struct trundle_error *err)
{
    TRY(net_graph_infer(g, 1, err));
    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node node = g->node[i];
        if (g->tensor[node.out].type != NET_F32 || net_readers(g, node.out) == 0)
            continue;
        if (node.op == NET_BINARY && node.attr.kind == NET_ADD && node.in[0] != node.in[1]) {
            if (!fuse_bias(g, &node))
                (void)fuse_residual(g, &node);
        } else if (node.op == NET_UNARY) {
            int maker = net_maker(g, node.in[0]);
            if (node.attr.act == NET_ACT_IDENTITY && maker >= 0) {
                net_redirect(g, node.out, node.in[0]);
            } else if (maker >= 0 && net_readers(g, node.in[0]) == 1 && may_take_act(g, maker)) {
                g->node[maker].attr.act = node.attr.act;
                g->node[maker].attr.alpha = node.attr.alpha;
                g->node[maker].attr.beta = node.attr.beta;
                net_redirect(g, node.out, g->node[maker].out);
            }
        }
    }
    return TRUNDLE_OK;
}

enum trundle_status net_simplify(struct net_graph *g, struct trundle_error *err)
{
    enum { FOLD_BYTES_MAX = 64 << 20 };
    for (int before = -1; before != g->nodes_n;) {
        before = g->nodes_n;
        TRY(net_fold_constants(g, FOLD_BYTES_MAX, err));
        TRY(net_fold_batch_norm(g, err));
        TRY(net_fuse(g, err));
        TRY(net_drop_unused(g, err));
    }
    return net_graph_infer(g, 1, err);
}
