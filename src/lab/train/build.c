/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* From a graph to layers: parameters found, fused nodes taken apart, batch norms split in two, every tensor known as batched or not. */
#include "lab/train/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_act(const struct net_node *n)
{
    return n->attr.act != NET_ACT_IDENTITY && n->op != NET_UNARY && n->op != NET_BATCH_NORM;
}

static const struct train_op *op_of(const struct train *t, const struct net_node *n)
{
    switch (n->op) {
    case NET_CONV: return &train_op_conv;
    case NET_CONV_TRANSPOSE: return &train_op_conv_transpose;
    case NET_MATMUL: return &train_op_matmul;
    case NET_LAYER_NORM: return &train_op_layer_norm;
    case NET_UNARY: return &train_op_unary;
    case NET_BINARY:
        if (n->attr.kind == NET_ADD && t->tensor[n->in[0]].batched && t->tensor[n->in[1]].batched && net_shape_equal(&t->tensor[n->in[0]].shape, &t->tensor[n->in[1]].shape))
            return &train_op_add;
        return &train_op_binary;
    case NET_POOL: return &train_op_pool;
    case NET_RESIZE: return &train_op_resize;
    case NET_CONCAT: return &train_op_concat;
    case NET_SLICE: return &train_op_slice;
    case NET_PAD: return &train_op_pad;
    case NET_RESHAPE: return &train_op_reshape;
    case NET_TRANSPOSE: return &train_op_transpose;
    case NET_EXPAND: return &train_op_expand;
    case NET_SOFTMAX: return &train_op_softmax;
    case NET_REDUCE: return n->attr.kind == NET_PROD || n->attr.kind == NET_LOGSUMEXP ? NULL : &train_op_reduce;
    case NET_L2_NORM: return &train_op_l2_norm;
    case NET_ATTENTION: return &train_op_attention;
    case NET_QUANTIZE: return &train_op_quantize;
    case NET_DEQUANTIZE: return &train_op_reshape;
    case NET_BATCH_NORM:                    /* two layers, made apart */
    case NET_OP_COUNT: break;
    }
    return NULL;
}

/* NULL, or why samples of a batch would meet in this node. */
static const char *mixes(const struct train *t, const struct net_node *n)
{
    const struct net_attr *a = &n->attr;
    const struct train_tensor *x = &t->tensor[n->in[0]], *y = &t->tensor[n->out];

    switch (n->op) {
    case NET_TRANSPOSE:
        return a->axes[0] != 0 ? "it moves the batch axis" : NULL;
    case NET_CONCAT:
    case NET_SOFTMAX:
    case NET_L2_NORM:
    case NET_LAYER_NORM:
        return a->axes[0] == 0 ? "it works along the batch axis" : NULL;
    case NET_REDUCE:
        if (a->axes_n == 0)
            return "it works along the batch axis";
        for (int i = 0; i < a->axes_n; i++)
            if (a->axes[i] == 0)
                return "it works along the batch axis";
        return NULL;
    case NET_SLICE:
    case NET_PAD:
    case NET_EXPAND:
        return x->shape.rank && y->shape.rank && (x->shape.rank != y->shape.rank || x->shape.d[0] != y->shape.d[0]) ? "it changes the batch axis" : NULL;
    case NET_BINARY:
    case NET_MATMUL:
        for (int i = 0; i < 2; i++) {
            const struct train_tensor *b = &t->tensor[n->in[i]];

            if (b->batched && b->shape.rank != y->shape.rank)
                return "the batch axes of its inputs do not meet";
            if (!b->batched && b->shape.rank == y->shape.rank && b->shape.d[0] != 1 && !(n->op == NET_MATMUL && b->shape.rank == 2))
                return "a constant has a value for each sample";
        }
        return NULL;
    case NET_CONV:
        return !t->tensor[n->in[0]].batched ? "its input is constant" : NULL;
    case NET_CONV_TRANSPOSE:
    case NET_POOL:
    case NET_RESIZE:
    case NET_RESHAPE:
    case NET_ATTENTION:
    case NET_UNARY:
    case NET_QUANTIZE:
    case NET_DEQUANTIZE:
    case NET_BATCH_NORM:
    case NET_OP_COUNT: break;
    }
    return NULL;
}

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "train", NULL, "no memory");
}

static enum trundle_status add_tensor(struct train *t, const struct train_tensor *like, const char *suffix, int *out, struct trundle_error *err)
{
    struct train_tensor copy = *like;

    if (t->tensors_n == t->tensors_room) {
        int room = t->tensors_room * 2 + 16;
        struct train_tensor *grown = realloc(t->tensor, (size_t)room * sizeof *grown);

        if (!grown)
            return no_memory(err);
        t->tensor = grown;
        t->tensors_room = room;
    }
    (void)snprintf(copy.name + strnlen(copy.name, 80), sizeof copy.name - 80, ":%s", suffix);
    copy.maker = -1;
    t->tensor[t->tensors_n] = copy;
    *out = t->tensors_n++;
    return TRUNDLE_OK;
}

static enum trundle_status add_layer(struct train *t, const struct train_op *op, const struct net_node *node, struct train_layer **out, struct trundle_error *err)
{
    struct train_layer *l;

    if (t->layers_n == t->layers_room) {
        int room = t->layers_room * 2 + 16;
        struct train_layer *grown = realloc(t->layer, (size_t)room * sizeof *grown);

        if (!grown)
            return no_memory(err);
        t->layer = grown;
        t->layers_room = room;
    }
    l = &t->layer[t->layers_n];
    *l = (struct train_layer){ .op = op, .node = *node };
    t->tensor[node->out].maker = op == &train_op_norm_sums ? t->tensor[node->out].maker : t->layers_n;
    t->layers_n++;
    *out = l;
    return TRUNDLE_OK;
}

static enum trundle_status refuse(const struct net_node *n, const char *why, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_UNSUPPORTED, n->name, "the trainer takes f32 nets whose samples do not depend on each other", "a %s cannot be trained here: %s",
                     net_op_name(n->op), why);
}

static enum trundle_status batch_norm(struct train *t, struct net_node *node, struct trundle_error *err)
{
    struct train_norm *n = calloc(1, sizeof *n);
    struct train_layer *sums, *norm;
    struct train_tensor *x = &t->tensor[node->in[0]];
    struct net_node first = *node;

    if (!n)
        return no_memory(err);
    n->channels = x->shape.d[x->shape.rank - 1];
    n->input = node->in[0];
    n->eps = (double)node->attr.eps;
    n->rows = net_shape_elements(&x->shape) / n->channels;
    for (int i = 0; i < 2; i++)
        n->parameter[i] = t->tensor[node->in[i + 1]].parameter;
    n->statistics = (size_t)t->tensor[node->in[3]].statistics;
    if (n->parameter[0] < 0 || n->parameter[1] < 0 || t->tensor[node->in[3]].statistics < 0 ||
        t->tensor[node->in[4]].statistics != t->tensor[node->in[3]].statistics + n->channels) {
        free(n);
        return refuse(node, "its numbers must be constants of its own", err);
    }
    first.in_n = 1;
    node->in_n = 1;
    if (add_layer(t, &train_op_norm_sums, &first, &sums, err) != TRUNDLE_OK) {
        free(n);
        return TRUNDLE_NO_MEMORY;
    }
    sums->norm = n;
    t->norm[t->norms_n++] = n;
    TRY(add_layer(t, &train_op_norm, node, &norm, err));
    norm->norm = n;
    return TRUNDLE_OK;
}

static enum trundle_status one_node(struct train *t, const struct net_node *given, struct trundle_error *err)
{
    struct net_node node = *given, part;
    const struct train_op *op;
    const char *why;
    struct train_tensor *y = &t->tensor[node.out];
    struct train_layer *l;
    bool weights = true;
    int out = node.out, value;

    for (int i = 0; i < node.in_n; i++) {
        const struct train_tensor *x;

        if (node.in[i] < 0)
            continue;
        x = &t->tensor[node.in[i]];
        weights = weights && !x->batched;
        if (x->constant)
            return refuse(given, "a constant that is not f32 goes in", err);
        if (x->statistics >= 0 && !(node.op == NET_BATCH_NORM && i >= 3))
            return refuse(given, "it reads the running statistics of a batch norm", err);
    }
    y->batched = !weights;
    if (weights && (node.op == NET_BATCH_NORM || node.op == NET_CONV || node.op == NET_CONV_TRANSPOSE || node.op == NET_ATTENTION))
        return refuse(given, "it works on constants", err);
    why = weights ? NULL : mixes(t, &node);
    if (why)
        return refuse(given, why, err);
    if (node.op == NET_BATCH_NORM)
        return batch_norm(t, &node, err);
    op = op_of(t, &node);
    if (!op)
        return refuse(given, "its gradient is not written", err);
    if ((op == &train_op_conv || op == &train_op_conv_transpose) && t->tensor[node.in[1]].parameter < 0)
        return refuse(given, "its weights are computed", err);
    if (node.op == NET_QUANTIZE) {
        const struct net_quant *q = &t->graph->tensor[given->out].quant;

        if (q->n != 1)
            return refuse(given, "fake quantization has one scale", err);
        node.attr.out_scale = q->scale[0];
        node.attr.out_zero = q->zero;
    }
    /* The core, then the residual, then the function: each a layer. */
    part = node;
    part.attr.act = node.op == NET_UNARY ? node.attr.act : NET_ACT_IDENTITY;
    if ((node.op == NET_CONV || node.op == NET_MATMUL) && node.in_n > 3 && node.in[3] >= 0) {
        TRY(add_tensor(t, &t->tensor[out], "product", &value, err));
        part.out = value;
        part.in_n = 3;
        TRY(add_layer(t, op, &part, &l, err));
        part = net_node_of(NET_BINARY, node.name, (int[]){ value, node.in[3] }, 2);
        part.attr.kind = NET_ADD;
        part.out = out;
        op = &train_op_add;
    }
    if (!has_act(&node))
        return add_layer(t, op, &part, &l, err);
    TRY(add_tensor(t, &t->tensor[out], "sum", &value, err));
    part.out = value;
    TRY(add_layer(t, op, &part, &l, err));
    part = net_node_of(NET_UNARY, node.name, &value, 1);
    part.attr.act = node.attr.act;
    part.attr.alpha = node.attr.alpha;
    part.attr.beta = node.attr.beta;
    part.out = out;
    return add_layer(t, &train_op_unary, &part, &l, err);
}

/* Which constants are what. Sizes of the flat buffers. */
static enum trundle_status constants(struct train *t, struct trundle_error *err)
{
    const struct net_graph *g = t->graph;
    int n = 0;

    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node *node = &g->node[i];

        if (node->op == NET_BATCH_NORM)
            for (int k = 3; k < 5; k++) {
                struct train_tensor *s = &t->tensor[node->in[k]];

                if (!g->tensor[node->in[k]].data || s->statistics >= 0)
                    return refuse(node, "its running statistics must be constants of its own", err);
                s->statistics = (int64_t)t->statistics_n;
                t->statistics_n += (size_t)s->per;
            }
    }
    for (int i = 0; i < g->tensors_n; i++)
        n += g->tensor[i].data && g->tensor[i].type == NET_F32 && t->tensor[i].statistics < 0;
    t->parameter = calloc((size_t)n + 1, sizeof *t->parameter);
    if (!t->parameter)
        return no_memory(err);
    for (int i = 0; i < g->tensors_n; i++) {
        struct train_tensor *x = &t->tensor[i];
        struct train_parameter *p = &t->parameter[t->parameters_n];

        if (!g->tensor[i].data || x->statistics >= 0)
            continue;
        if (g->tensor[i].type != NET_F32) {
            x->constant = true;
            continue;
        }
        *p = (struct train_parameter){ .name = x->name, .tensor = i, .shape = x->shape, .role = TRAIN_WEIGHT, .offset = t->weights_n, .n = (size_t)x->per };
        x->parameter = t->parameters_n++;
        x->wanted = true;
        t->weights_n += p->n;
    }
    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node *node = &g->node[i];
        bool norm = node->op == NET_BATCH_NORM || node->op == NET_LAYER_NORM, product = node->op == NET_CONV || node->op == NET_CONV_TRANSPOSE || node->op == NET_MATMUL;

        for (int k = 1; k < node->in_n; k++)
            if (node->in[k] >= 0 && t->tensor[node->in[k]].parameter >= 0 && ((norm && k < 3) || (product && k == 2)))
                t->parameter[t->tensor[node->in[k]].parameter].role = norm ? TRAIN_NORM : TRAIN_BIAS;
    }
    return TRUNDLE_OK;
}

/* Is axis 0 the batch, and nothing else? `one`: the shape at batch 1. */
static bool batch_first(const struct net_shape *one, const struct net_shape *all, int batch)
{
    if (one->rank != all->rank || one->rank < 1 || (int64_t)one->d[0] * batch != all->d[0])
        return false;
    return memcmp(one->d + 1, all->d + 1, (size_t)(one->rank - 1) * sizeof *one->d) == 0;
}

enum trundle_status train_build(struct train *t, const struct net_graph *graph, struct trundle_error *err)
{
    struct net_shape *one = NULL;
    struct net_graph *single = NULL;
    enum trundle_status status;

    TRY(net_graph_copy(graph, false, &t->origin, err));
    TRY(net_graph_copy(t->origin, true, &t->graph, err));
    TRY_GOTO(status, net_graph_copy(t->origin, true, &single, err), out);
    TRY_GOTO(status, net_graph_infer(single, 1, err), out);
    TRY_GOTO(status, net_graph_infer(t->graph, t->config.batch, err), out);
    one = calloc((size_t)single->tensors_n, sizeof *one);
    t->tensor = calloc((size_t)t->graph->tensors_n, sizeof *t->tensor);
    t->norm = calloc((size_t)t->graph->nodes_n + 1, sizeof *t->norm);
    status = TRUNDLE_NO_MEMORY;
    if (!one || !t->tensor || !t->norm) {
        (void)no_memory(err);
        goto out;
    }
    t->tensors_n = t->tensors_room = t->graph->tensors_n;
    for (int i = 0; i < t->tensors_n; i++) {
        struct train_tensor *x = &t->tensor[i];

        memcpy(x->name, t->graph->tensor[i].name, sizeof x->name);
        x->shape = t->graph->tensor[i].shape;
        x->per = net_shape_elements(&x->shape);
        x->parameter = x->maker = -1;
        x->statistics = -1;
    }
    for (int i = 0; i < t->graph->inputs_n; i++) {
        struct train_tensor *x = &t->tensor[t->graph->input[i]];

        x->batched = true;
        if (t->graph->tensor[t->graph->input[i]].type != NET_F32) {
            status = error_set(err, TRUNDLE_UNSUPPORTED, x->name, NULL, "the trainer takes f32 inputs");
            goto out;
        }
    }
    TRY_GOTO(status, constants(t, err), out);
    for (int i = 0; i < t->graph->nodes_n; i++)
        TRY_GOTO(status, one_node(t, &t->graph->node[i], err), out);
    for (int i = 0; i < t->tensors_n; i++) {
        struct train_tensor *x = &t->tensor[i];

        if (!x->batched)
            continue;
        if (i < t->graph->tensors_n && !batch_first(&single->tensor[i].shape, &x->shape, t->config.batch)) {
            status = error_set(err, TRUNDLE_UNSUPPORTED, x->name, "the batch must be the first axis everywhere", "the trainer cannot tell the samples of a batch apart here");
            goto out;
        }
        x->per /= t->config.batch;
    }
    for (int i = 0; i < t->graph->outputs_n; i++)
        if (!t->tensor[t->graph->output[i]].batched) {
            status = error_set(err, TRUNDLE_UNSUPPORTED, t->tensor[t->graph->output[i]].name, NULL, "an output that does not depend on the input");
            goto out;
        }
    for (int i = 0; i < t->layers_n; i++) {
        struct train_layer *l = &t->layer[i];

        for (int k = 0; k < l->node.in_n; k++)
            if (l->node.in[k] >= 0 && (t->tensor[l->node.in[k]].wanted || l->norm))
                t->tensor[l->node.out].wanted = true;
    }
    for (int i = 0; i < t->parameters_n; i++)
        t->parameter[i].name = t->tensor[t->parameter[i].tensor].name;
    status = TRUNDLE_OK;
out:
    free(one);
    net_graph_free(single);
    return status;
}
