/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/engine/xnnpack - the stretch as one XNNPACK subgraph. Its tensors are channels last and dense as ours are, so nothing is reordered. */
#include "base/net/engine/xnnpack_engine.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>

struct part {
    xnn_runtime_t runtime;
    struct xnn_external_value *value;      /* inputs, then outputs */
    int in_n, out_n;
    bool ready;
    float **turned;                        /* depthwise weights in its order */
    int turned_n;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool there;

static void begin(void)
{
    there = xnn_initialize(NULL) == xnn_status_success;
}

static bool available(char *why, size_t size)
{
    (void)pthread_once(&once, begin);
    if (!there)
        (void)snprintf(why, size, "XNNPACK does not run on this machine");
    return there;
}

static const struct net_tensor *input(const struct net_graph *g, const struct net_node *node, int k)
{
    return k < node->in_n && node->in[k] >= 0 ? &g->tensor[node->in[k]] : NULL;
}

/* What it can do to a result by itself. */
static bool limits(const struct net_attr *a, float *lo, float *hi)
{
    *lo = -INFINITY;
    *hi = INFINITY;
    if (a->act == NET_ACT_RELU) {
        *lo = 0;
    } else if (a->act == NET_ACT_CLIP) {
        *lo = a->alpha;
        *hi = a->beta;
        return a->alpha < a->beta;
    }
    return a->act == NET_ACT_IDENTITY || a->act == NET_ACT_RELU;
}

static bool is_f32(const struct net_graph *g, const struct net_node *node)
{
    for (int k = 0; k < node->in_n; k++)
        if (node->in[k] >= 0 && g->tensor[node->in[k]].type != NET_F32)
            return false;
    return g->tensor[node->out].type == NET_F32;
}

static bool takes(const struct net_graph *g, const struct net_node *node)
{
    const struct net_tensor *x = input(g, node, 0), *w = input(g, node, 1), *b = input(g, node, 2), *y = &g->tensor[node->out];
    const struct net_attr *a = &node->attr;
    float lo, hi;
    char why[8];
    if (!available(why, sizeof why) || !is_f32(g, node) || !x || x->data)
        return false;
    switch (node->op) {
    case NET_CONV:
        /* more than one group: only depthwise is fast, and the others are rare */
        return w && w->data && (!b || b->data) && (limits(a, &lo, &hi) || a->act == NET_ACT_HARD_SWISH) && (a->groups == 1 || (a->groups == x->shape.d[3] && w->shape.d[3] == 1)) &&
               !(input(g, node, 3) && input(g, node, 3)->data);
    case NET_MATMUL:
        return w && w->data && w->shape.rank == 2 && a->flip_b && (!b || b->data) && !input(g, node, 3) && x->shape.rank == 2 && limits(a, &lo, &hi);
    case NET_BINARY:
        return w && !w->data && net_shape_equal(&x->shape, &w->shape) && (a->kind == NET_ADD || a->kind == NET_MUL) && limits(a, &lo, &hi);
    case NET_POOL:
        if (a->kind == NET_POOL_AVERAGE)
            return a->kernel[0] == 0;
        return a->kernel[0] > 0 && a->kernel[0] * a->kernel[1] > 1 && !a->ceil_;
    case NET_UNARY:
        return a->act == NET_ACT_HARD_SWISH || (limits(a, &lo, &hi) && a->act != NET_ACT_IDENTITY && y->shape.rank > 0);
    default:
        return false;
    }
}

static void part_free(void *part)
{
    struct part *p = part;
    if (!p)
        return;
    if (p->runtime)
        (void)xnn_delete_runtime(p->runtime);
    for (int i = 0; i < p->turned_n; i++)
        free(p->turned[i]);
    free(p->turned);
    free(p->value);
    free(p);
}

struct work {
    const struct net_graph *g;
    xnn_subgraph_t sub;
    uint32_t *id;                          /* per tensor; XNN_INVALID_VALUE_ID */
    struct part *p;
};

static uint32_t value_of(struct work *w, const struct net_shape *s, const void *data)
{
    size_t d[NET_RANK_MAX];
    uint32_t id = XNN_INVALID_VALUE_ID;
    for (int i = 0; i < s->rank; i++)
        d[i] = (size_t)s->d[i];
    if (xnn_define_tensor_value(w->sub, xnn_datatype_fp32, (size_t)s->rank, d, data, XNN_INVALID_VALUE_ID, 0, &id) != xnn_status_success)
        return XNN_INVALID_VALUE_ID;
    return id;
}

static uint32_t id_of(struct work *w, int tensor)
{
    if (tensor < 0)
        return XNN_INVALID_VALUE_ID;
    if (w->id[tensor] == XNN_INVALID_VALUE_ID)
        w->id[tensor] = value_of(w, &w->g->tensor[tensor].shape, w->g->tensor[tensor].data);
    return w->id[tensor];
}

/* [C, KH, KW, 1] to [1, KH, KW, C]. */
static uint32_t turned(struct work *w, const struct net_tensor *t)
{
    int32_t c = t->shape.d[0], taps = t->shape.d[1] * t->shape.d[2];
    float *v = malloc(((size_t)c * (size_t)taps + 16) * sizeof *v);
    float **grown = realloc(w->p->turned, ((size_t)w->p->turned_n + 1) * sizeof *grown);
    if (grown)
        w->p->turned = grown;
    if (!v || !grown) {
        free(v);
        return XNN_INVALID_VALUE_ID;
    }
    w->p->turned[w->p->turned_n++] = v;
    for (int32_t k = 0; k < taps; k++)
        for (int32_t i = 0; i < c; i++)
            v[(size_t)k * (size_t)c + (size_t)i] = ((const float *)t->data)[(size_t)i * (size_t)taps + (size_t)k];
    return value_of(w, &NET_SHAPE(1, t->shape.d[1], t->shape.d[2], c), v);
}

static enum xnn_status add_conv(struct work *w, const struct net_node *node)
{
    const struct net_attr *a = &node->attr;
    const struct net_tensor *x = input(w->g, node, 0), *f = input(w->g, node, 1), *y = &w->g->tensor[node->out];
    bool residual = input(w->g, node, 3) != NULL, swish = a->act == NET_ACT_HARD_SWISH;
    float lo, hi;
    uint32_t in = id_of(w, node->in[0]), bias = node->in_n > 2 ? id_of(w, node->in[2]) : XNN_INVALID_VALUE_ID, out = id_of(w, node->out);
    uint32_t sum = residual || swish ? value_of(w, &y->shape, NULL) : out, pads[4] = { (uint32_t)a->pad[0], (uint32_t)a->pad[3], (uint32_t)a->pad[2], (uint32_t)a->pad[1] };
    uint32_t kh = (uint32_t)f->shape.d[1], kw = (uint32_t)f->shape.d[2], sh = (uint32_t)a->stride[0], sw = (uint32_t)a->stride[1], dh = (uint32_t)a->dilation[0], dw = (uint32_t)a->dilation[1];
    (void)limits(a, &lo, &hi);
    float lo1 = residual || swish ? -INFINITY : lo, hi1 = residual || swish ? INFINITY : hi;
    enum xnn_status s;
    /* pad[2], pad[3] may be more than the windows reach: it computes sizes from them as we do */
    if (a->groups > 1)
        s = xnn_define_depthwise_convolution_2d(w->sub, pads[0], pads[1], pads[2], pads[3], kh, kw, sh, sw, dh, dw, (uint32_t)(y->shape.d[3] / x->shape.d[3]), (size_t)x->shape.d[3], lo1,
                                                hi1, in, turned(w, f), bias, sum, 0);
    else
        s = xnn_define_convolution_2d(w->sub, pads[0], pads[1], pads[2], pads[3], kh, kw, sh, sw, dh, dw, 1, (size_t)x->shape.d[3], (size_t)y->shape.d[3], lo1, hi1, in,
                                      id_of(w, node->in[1]), bias, sum, 0);
    if (s == xnn_status_success && residual) {
        uint32_t to = swish ? value_of(w, &y->shape, NULL) : out;
        s = xnn_define_add2(w->sub, lo, hi, sum, id_of(w, node->in[3]), to, 0);
        sum = to;
    }
    if (s == xnn_status_success && swish)
        s = xnn_define_hardswish(w->sub, sum, out, 0);
    return s;
}

static enum xnn_status add_node(struct work *w, const struct net_node *node)
{
    const struct net_attr *a = &node->attr;
    float lo, hi;
    (void)limits(a, &lo, &hi);
    uint32_t in = id_of(w, node->in[0]), out = id_of(w, node->out);
    switch (node->op) {
    case NET_CONV:
        return add_conv(w, node);
    case NET_MATMUL:
        return xnn_define_fully_connected(w->sub, lo, hi, in, id_of(w, node->in[1]), node->in_n > 2 ? id_of(w, node->in[2]) : XNN_INVALID_VALUE_ID, out, 0);
    case NET_BINARY:
        return a->kind == NET_ADD ? xnn_define_add2(w->sub, lo, hi, in, id_of(w, node->in[1]), out, 0) : xnn_define_multiply2(w->sub, lo, hi, in, id_of(w, node->in[1]), out, 0);
    case NET_POOL:
        if (a->kind == NET_POOL_AVERAGE)
            return xnn_define_global_average_pooling_2d(w->sub, -INFINITY, INFINITY, in, out, 0);
        return xnn_define_max_pooling_2d(w->sub, (uint32_t)a->pad[0], (uint32_t)a->pad[3], (uint32_t)a->pad[2], (uint32_t)a->pad[1], (uint32_t)a->kernel[0], (uint32_t)a->kernel[1],
                                         (uint32_t)a->stride[0], (uint32_t)a->stride[1], (uint32_t)a->dilation[0], (uint32_t)a->dilation[1], -INFINITY, INFINITY, in, out, 0);
    case NET_UNARY:
        return a->act == NET_ACT_HARD_SWISH ? xnn_define_hardswish(w->sub, in, out, 0) : xnn_define_clamp(w->sub, lo, hi, in, out, 0);
    default:
        return xnn_status_unsupported_parameter;
    }
}

static enum trundle_status compile(const struct net_stretch *stretch, void **out_part, struct trundle_error *err)
{
    const struct net_graph *g = stretch->graph;
    struct work w = { .g = g, .p = calloc(1, sizeof *w.p), .id = malloc(((size_t)g->tensors_n + 1) * sizeof *w.id) };
    int n = stretch->in_n + stretch->out_n;
    enum trundle_status status = TRUNDLE_OK;
    if (w.p)
        w.p->value = calloc((size_t)n + 1, sizeof *w.p->value);
    if (!w.p || !w.id || !w.p->value || xnn_create_subgraph((uint32_t)n, 0, &w.sub) != xnn_status_success) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "XNNPACK", NULL, "no memory left");
        goto out;
    }
    for (int t = 0; t < g->tensors_n; t++)
        w.id[t] = XNN_INVALID_VALUE_ID;
    w.p->in_n = stretch->in_n;
    w.p->out_n = stretch->out_n;
    for (int i = 0; i < n; i++) {
        int t = i < stretch->in_n ? stretch->in[i] : stretch->out[i - stretch->in_n];
        size_t d[NET_RANK_MAX];
        for (int k = 0; k < g->tensor[t].shape.rank; k++)
            d[k] = (size_t)g->tensor[t].shape.d[k];
        if (xnn_define_tensor_value(w.sub, xnn_datatype_fp32, (size_t)g->tensor[t].shape.rank, d, NULL, (uint32_t)i,
                                    i < stretch->in_n ? XNN_VALUE_FLAG_EXTERNAL_INPUT : XNN_VALUE_FLAG_EXTERNAL_OUTPUT, &w.id[t]) != xnn_status_success)
            status = error_set(err, TRUNDLE_UNSUPPORTED, g->tensor[t].name, NULL, "XNNPACK cannot hold it");
        w.p->value[i].id = (uint32_t)i;
    }
    for (int k = 0; k < stretch->nodes_n && status == TRUNDLE_OK; k++)
        if (add_node(&w, &g->node[stretch->node[k]]) != xnn_status_success)
            status = error_set(err, TRUNDLE_UNSUPPORTED, g->node[stretch->node[k]].name, "leave this node to our own kernels", "XNNPACK refuses it");
    if (status == TRUNDLE_OK && xnn_create_runtime(w.sub, &w.p->runtime) != xnn_status_success)
        status = error_set(err, TRUNDLE_UNSUPPORTED, "XNNPACK", "leave these nodes to our own kernels", "it could not make a runtime of %d nodes", stretch->nodes_n);
out:
    if (w.sub)
        (void)xnn_delete_subgraph(w.sub);
    free(w.id);
    if (status == TRUNDLE_OK)
        *out_part = w.p;
    else
        part_free(w.p);
    return status;
}

static enum trundle_status run(void *part, const void *const *in, void *const *out, struct net_stream *stream, struct trundle_error *err)
{
    struct part *p = part;
    bool moved = !p->ready;
    (void)stream;
    for (int i = 0; i < p->in_n + p->out_n; i++) {
        void *at = i < p->in_n ? (void *)(uintptr_t)in[i] : out[i - p->in_n];
        moved = moved || p->value[i].data != at;
        p->value[i].data = at;
    }
    if (moved && xnn_setup_runtime(p->runtime, (size_t)(p->in_n + p->out_n), p->value) != xnn_status_success)
        return error_set(err, TRUNDLE_DEVICE, "XNNPACK", NULL, "the runtime could not be set up");
    p->ready = true;
    if (xnn_invoke_runtime(p->runtime) != xnn_status_success)
        return error_set(err, TRUNDLE_DEVICE, "XNNPACK", NULL, "a run failed");
    return TRUNDLE_OK;
}

const struct net_engine net_engine_xnnpack = { .name = "xnnpack", .available = available, .takes = takes, .compile = compile, .run = run, .free = part_free };
