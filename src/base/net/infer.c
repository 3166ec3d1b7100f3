/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/infer - a graph from anywhere becomes one that kernels may trust: every index, type, attribute and size is checked here, once. */
#include "base/net/infer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct { int least, most; } arity[] = {
#define X(id, name, least, most) { least, most },
    NET_OPS(X)
#undef X
};

enum trundle_status infer_fail(const struct infer *f, enum trundle_status status, const char *hint, const char *what, ...)
{
    char text[200];
    va_list args;

    va_start(args, what);
    (void)vsnprintf(text, sizeof text, what, args);
    va_end(args);
    return error_set(f->err, status, f->node->name, hint, "%s: %s", net_op_name(f->node->op), text);
}

static enum trundle_status tensor_fail(const struct net_tensor *t, struct trundle_error *err, enum trundle_status status, const char *what)
{
    return error_set(err, status, t->name, NULL, "%s", what);
}

static enum trundle_status check_shape(const struct net_tensor *t, const struct net_shape *s, struct trundle_error *err)
{
    int64_t n = 1;

    if (s->rank < 0 || s->rank > NET_RANK_MAX)
        return tensor_fail(t, err, TRUNDLE_UNSUPPORTED, "more than 6 axes");
    for (int i = 0; i < s->rank; i++) {
        if (s->d[i] <= 0)
            return tensor_fail(t, err, TRUNDLE_BAD_INPUT, "an axis without elements");
        n *= s->d[i];
        if (n >= NET_ELEMENTS_MAX)
            return tensor_fail(t, err, TRUNDLE_TOO_LARGE, "2^31 elements or more");
    }
    return TRUNDLE_OK;
}

static enum trundle_status check_quant(const struct net_tensor *t, struct trundle_error *err)
{
    const struct net_quant *q = &t->quant;

    if (q->n == 0)
        return TRUNDLE_OK;
    if (t->type != NET_U8 && t->type != NET_I8)
        return tensor_fail(t, err, TRUNDLE_BAD_INPUT, "only u8 and i8 tensors are quantised");
    if (q->n < 0 || !q->scale || (q->n > 1 && (q->axis < 0 || q->axis >= t->shape.rank || t->shape.d[q->axis] != q->n)))
        return tensor_fail(t, err, TRUNDLE_BAD_INPUT, "quantisation needs one scale, or one for each element of an axis");
    for (int i = 0; i < q->n; i++)
        if (!(q->scale[i] > 0) || !isfinite(q->scale[i]))
            return tensor_fail(t, err, TRUNDLE_BAD_INPUT, "a scale of quantisation is not a positive number");
    if (t->type == NET_U8 ? q->zero < 0 || q->zero > 255 : q->zero < -128 || q->zero > 127)
        return tensor_fail(t, err, TRUNDLE_BAD_INPUT, "the zero point is not a value of the type");
    if (q->n > 1 && q->zero != 0)
        return tensor_fail(t, err, TRUNDLE_UNSUPPORTED, "scales by channel have zero point 0");
    return TRUNDLE_OK;
}

/* Graph inputs and constants. */
static enum trundle_status start(struct net_graph *g, int batch, unsigned char *made, struct trundle_error *err)
{
    for (int i = 0; i < g->inputs_n; i++) {
        if (g->input[i] < 0 || g->input[i] >= g->tensors_n)
            return error_set(err, TRUNDLE_BAD_INPUT, "graph", NULL, "input %d is tensor %d, which is not there", i, g->input[i]);
        struct net_tensor *t = &g->tensor[g->input[i]];
        if (made[g->input[i]] || t->data)
            return tensor_fail(t, err, TRUNDLE_BAD_INPUT, "an input twice, or with constant data");
        if (t->shape.rank > 0 && t->shape.d[0] == 0)
            t->batched = true;
        if (t->shape.rank > 0 && t->batched)
            t->shape.d[0] = batch;
        made[g->input[i]] = 1;
    }
    for (int i = 0; i < g->tensors_n; i++) {
        struct net_tensor *t = &g->tensor[i];
        if (!t->data && !made[i])
            continue;
        if (t->type <= NET_NONE || t->type >= NET_TYPE_COUNT)
            return tensor_fail(t, err, TRUNDLE_UNSUPPORTED, "an unknown type");
        TRY(check_shape(t, &t->shape, err));
        TRY(check_quant(t, err));
        if (!t->data && t->type == NET_U8 && t->quant.n > 1)
            return tensor_fail(t, err, TRUNDLE_UNSUPPORTED, "activations have one scale");
        made[i] = 1;
    }
    return TRUNDLE_OK;
}

static enum trundle_status one(struct infer *f, unsigned char *made)
{
    struct net_graph *g = f->g;
    struct net_node *node = f->node;
    const struct net_shape scalar = { 0 };

    if ((unsigned)node->op >= NET_OP_COUNT)
        return infer_fail(f, TRUNDLE_UNSUPPORTED, NULL, "no operator %d", (int)node->op);
    if (node->in_n < arity[node->op].least || node->in_n > arity[node->op].most)
        return infer_fail(f, TRUNDLE_BAD_INPUT, NULL, "%d inputs, %d to %d wanted", node->in_n, arity[node->op].least, arity[node->op].most);
    for (int i = 0; i < node->in_n; i++) {
        int t = node->in[i];
        if (t < -1 || t >= g->tensors_n || (t == -1 && i < arity[node->op].least))
            return infer_fail(f, TRUNDLE_BAD_INPUT, NULL, "input %d is tensor %d, which is not there", i, t);
        if (t >= 0 && made && !made[t])
            return infer_fail(f, TRUNDLE_BAD_INPUT, "nodes stand in the order in which they run; a cycle has no such order", "input %d (%s) is not computed before it", i,
                              g->tensor[t].name);
        f->in[i] = t < 0 ? NULL : &g->tensor[t];
    }
    f->in_n = node->in_n;
    if (node->op == NET_CONCAT)
        for (int i = 0; i < node->in_n; i++)
            if (!f->in[i])
                return infer_fail(f, TRUNDLE_BAD_INPUT, NULL, "input %d is absent", i);
    if (node->out < 0 || node->out >= g->tensors_n || (made && made[node->out]))
        return infer_fail(f, TRUNDLE_BAD_INPUT, NULL, "its output is tensor %d, which is not there or made elsewhere", node->out);

    f->shape = scalar;
    f->type = f->in[0]->type;
    TRY(infer_node(f));

    struct net_tensor *out = &g->tensor[node->out];
    if (check_shape(out, &f->shape, f->err) != TRUNDLE_OK) {
        error_within(f->err, "%s", node->name);
        return f->err ? f->err->status : TRUNDLE_BAD_INPUT;
    }
    out->shape = f->shape;
    out->type = f->type;
    if (f->type == NET_U8) {
        if (!(f->scale > 0) || !isfinite(f->scale) || !isfinite(1.0f / f->scale) || f->zero < 0 || f->zero > 255)
            return infer_fail(f, TRUNDLE_BAD_INPUT, "out_scale > 0, out_zero 0 to 255", "its output's quantisation is no quantisation");
        TRY(net_graph_quant(g, node->out, 1, 0, &f->scale, f->zero, f->err));
    } else if (out->quant.n) {
        TRY(net_graph_quant(g, node->out, 0, 0, NULL, 0, f->err));
    }
    if (made)
        made[node->out] = 1;
    return TRUNDLE_OK;
}

enum trundle_status net_graph_infer_node(struct net_graph *g, int node, struct trundle_error *err)
{
    struct trundle_error local;
    struct infer f = { .g = g, .node = &g->node[node], .a = &g->node[node].attr, .err = err ? err : &local };

    return one(&f, NULL);
}

enum trundle_status net_graph_infer(struct net_graph *g, int batch, struct trundle_error *err)
{
    struct trundle_error local;
    enum trundle_status status;
    unsigned char *made;

    if (!g || batch < 1 || batch > 65536)
        return error_set(err, TRUNDLE_BAD_ARG, "infer", "1 to 65536", "batch %d", batch);
    if (!(made = calloc((size_t)g->tensors_n + 1, 1)))
        return error_set(err, TRUNDLE_NO_MEMORY, "infer", NULL, "no memory left");
    status = start(g, batch, made, err ? err : &local);
    for (int i = 0; i < g->nodes_n && status == TRUNDLE_OK; i++) {
        struct infer f = { .g = g, .node = &g->node[i], .a = &g->node[i].attr, .err = err ? err : &local };
        status = one(&f, made);
    }
    for (int i = 0; i < g->outputs_n && status == TRUNDLE_OK; i++)
        if (g->output[i] < 0 || g->output[i] >= g->tensors_n || !made[g->output[i]])
            status = error_set(err, TRUNDLE_BAD_INPUT, "graph", NULL, "output %d is tensor %d, which nothing makes", i, g->output[i]);
    free(made);
    return status;
}
