/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The rewriting: each node again, in int8 where chosen, with conversions where the two kinds meet. */
#include "lab/train/quantize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct build {
    const struct net_graph *g;
    const struct quantize_config *c;
    const struct quantize_ranges *r;
    struct net_graph *to;
    int  *f32, *u8;                /* a tensor of g in each form, in `to`; -1: not made yet */
    bool *int8;
    struct trundle_error *err;
};

/* Weights as rows: of output channel o, `each` elements, `stride` apart, from `first`. */
struct rows { int64_t outputs, each, stride, step; };

static struct rows rows_of(enum net_op op, bool flip_b, const struct net_shape *w)
{
    if (op == NET_MATMUL && !flip_b)
        return (struct rows){ w->d[1], w->d[0], w->d[1], 1 };
    return (struct rows){ w->d[0], net_shape_elements(w) / w->d[0], 1, net_shape_elements(w) / w->d[0] };
}

static int8_t rounded(float w, float scale, int bits)
{
    int most = (1 << (bits - 1)) - 1;
    float v = rintf(w / scale);

    return (int8_t)(v > (float)most ? most : v < (float)-most ? -most : (int)v);
}

/* A scale for each row; out_scale[outputs]. NO_MEMORY when a row cannot be gathered. */
static bool weight_scales(const struct rows *r, const struct quantize_config *c, const float *w, float *out_scale)
{
    float *row = r->stride == 1 ? NULL : malloc((size_t)r->each * sizeof *row);
    float one = 0;

    if (r->stride != 1 && !row)
        return false;
    for (int64_t o = 0; o < r->outputs; o++) {
        for (int64_t k = 0; row && k < r->each; k++)
            row[k] = w[o * r->step + k * r->stride];
        out_scale[o] = observe_weights(row ? row : w + o * r->step, (size_t)r->each, c->weight_bits, c->weight_mse);
    }
    free(row);
    if (c->per_tensor) {
        one = observe_weights(w, (size_t)(r->outputs * r->each), c->weight_bits, c->weight_mse);
        for (int64_t o = 0; o < r->outputs; o++)
            out_scale[o] = one;
    }
    return true;
}

void quantize_fake_weights(enum net_op op, bool flip_b, const struct net_shape *shape, const struct quantize_config *c, const float *master, float *used)
{
    struct rows r = rows_of(op, flip_b, shape);
    double all = 0;

    for (int64_t i = 0; c->per_tensor && i < net_shape_elements(shape); i++)
        all = fmax(all, fabs((double)master[i]));
    for (int64_t o = 0; o < r.outputs; o++) {
        double largest = all;
        float scale;

        for (int64_t k = 0; k < r.each && !c->per_tensor; k++)
            largest = fmax(largest, fabs((double)master[o * r.step + k * r.stride]));
        scale = largest > 1e-30 ? (float)(largest / ((1 << (c->weight_bits - 1)) - 1)) : 1;
        for (int64_t k = 0; k < r.each; k++)
            used[o * r.step + k * r.stride] = scale * (float)rounded(master[o * r.step + k * r.stride], scale, c->weight_bits);
    }
}

static enum trundle_status range_of(const struct build *b, int t, float *scale, int32_t *zero)
{
    const struct quantize_range *r = &b->r->tensor[t];

    if (!r->known)
        return error_set(b->err, TRUNDLE_BAD_INPUT, b->g->tensor[t].name, "keep its node in f32, or look at the data", "no finite value was seen in calibration");
    observe_affine(r->lo, r->hi, scale, zero);
    return TRUNDLE_OK;
}

/* A tensor of g as f32 in the new graph. */
static enum trundle_status as_f32(struct build *b, int t, int *out)
{
    const struct net_tensor *from = &b->g->tensor[t];

    if (b->f32[t] < 0 && from->data) {
        TRY(net_graph_constant(b->to, from->name, from->type, &from->shape, from->data, &b->f32[t], b->err));
        if (from->quant.n)
            TRY(net_graph_quant(b->to, b->f32[t], from->quant.n, from->quant.axis, from->quant.scale, from->quant.zero, b->err));
    } else if (b->f32[t] < 0) {
        struct net_node n = net_node_of(NET_DEQUANTIZE, "", &b->u8[t], 1);

        (void)snprintf(n.name, sizeof n.name, "%.80s.f32", from->name);
        TRY(net_graph_node(b->to, &n, &b->f32[t], b->err));
    }
    *out = b->f32[t];
    return TRUNDLE_OK;
}

static enum trundle_status constant_u8(struct build *b, int t)
{
    const struct net_tensor *from = &b->g->tensor[t];
    const float *x = from->data;
    int64_t n = net_shape_elements(&from->shape);
    float lo = 0, hi = 0, scale;
    uint8_t *into;
    int32_t zero;

    for (int64_t i = 0; i < n; i++) {
        lo = x[i] < lo ? x[i] : lo;
        hi = x[i] > hi ? x[i] : hi;
    }
    observe_affine(lo, hi, &scale, &zero);
    TRY(net_graph_constant(b->to, NULL, NET_U8, &from->shape, NULL, &b->u8[t], b->err));
    into = net_graph_writable(b->to, b->u8[t]);
    for (int64_t i = 0; i < n; i++) {
        float v = rintf(x[i] / scale) + (float)zero;

        into[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    return net_graph_quant(b->to, b->u8[t], 1, 0, &scale, zero, b->err);
}

static enum trundle_status as_u8(struct build *b, int t, int *out)
{
    if (b->u8[t] < 0 && b->g->tensor[t].data) {
        TRY(constant_u8(b, t));
    } else if (b->u8[t] < 0) {
        struct net_node n = net_node_of(NET_QUANTIZE, "", &b->f32[t], 1);

        (void)snprintf(n.name, sizeof n.name, "%.80s.u8", b->g->tensor[t].name);
        TRY(range_of(b, t, &n.attr.out_scale, &n.attr.out_zero));
        TRY(net_graph_node(b->to, &n, &b->u8[t], b->err));
    }
    *out = b->u8[t];
    return TRUNDLE_OK;
}

/* Rounding moves the sums of a channel by what the input is on average times the weights' errors; the bias takes it back. */
static void correct_bias(const struct build *b, const struct net_node *n, const struct rows *r, const float *w, const int8_t *q, const float *scale, float *bias)
{
    const double *mean = b->r->tensor[n->in[0]].mean;
    int64_t inner = n->op == NET_CONV ? b->g->tensor[n->in[1]].shape.d[3] : r->each;

    if (!mean)
        return;
    for (int64_t o = 0; o < r->outputs; o++) {
        int64_t group = n->op == NET_CONV ? o / (r->outputs / n->attr.groups) : 0;
        double error = 0;

        for (int64_t k = 0; k < r->each; k++) {
            int64_t at = o * r->step + k * r->stride;

            error += ((double)scale[o] * q[at] - (double)w[at]) * mean[group * inner + k % inner];
        }
        bias[o] = (float)((double)bias[o] - error);
    }
}

static enum trundle_status weights(struct build *b, const struct net_node *n, int *out_w, int *out_bias)
{
    const struct net_tensor *from = &b->g->tensor[n->in[1]];
    int given = n->in_n > 2 ? n->in[2] : -1;
    struct rows r = rows_of(n->op, n->attr.flip_b, &from->shape);
    struct net_shape bias_shape = NET_SHAPE((int32_t)r.outputs);
    float *scale = malloc((size_t)r.outputs * sizeof *scale), *bias;
    const float *w = from->data;
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    char name[NET_NAME_MAX];
    int8_t *q;

    if (!scale || !weight_scales(&r, b->c, w, scale)) {
        status = error_set(b->err, TRUNDLE_NO_MEMORY, n->name, NULL, "no memory left");
        goto out;
    }
    (void)snprintf(name, sizeof name, "%.80s.i8", from->name);
    TRY_GOTO(status, net_graph_constant(b->to, net_graph_find(b->to, name) < 0 ? name : NULL, NET_I8, &from->shape, NULL, out_w, b->err), out);
    q = net_graph_writable(b->to, *out_w);
    for (int64_t o = 0; o < r.outputs; o++)
        for (int64_t k = 0; k < r.each; k++)
            q[o * r.step + k * r.stride] = rounded(w[o * r.step + k * r.stride], scale[o], b->c->weight_bits);
    TRY_GOTO(status, net_graph_quant(b->to, *out_w, b->c->per_tensor ? 1 : (int)r.outputs, n->op == NET_MATMUL && !n->attr.flip_b && !b->c->per_tensor ? 1 : 0, scale, 0, b->err), out);
    *out_bias = -1;
    if (given >= 0 || b->c->correct_bias) {
        (void)snprintf(name, sizeof name, "%.80s.bias", n->name);
        TRY_GOTO(status, net_graph_constant(b->to, net_graph_find(b->to, name) < 0 ? name : NULL, NET_F32, &bias_shape, given >= 0 ? b->g->tensor[given].data : NULL, out_bias, b->err), out);
        bias = net_graph_writable(b->to, *out_bias);
        if (b->c->correct_bias)
            correct_bias(b, n, &r, w, q, scale, bias);
    }
out:
    free(scale);
    return status;
}

/* Is there a reader that takes it as u8? */
static bool read_as_u8(const struct build *b, int t)
{
    for (int i = 0; i < b->g->nodes_n; i++) {
        const struct net_node *n = &b->g->node[i];

        for (int k = 0; b->int8[i] && k < n->in_n; k++)
            if (n->in[k] == t && ((n->op != NET_CONV && n->op != NET_MATMUL) || k == 0 || k == 3))
                return true;
    }
    return false;
}

static enum trundle_status emit(struct build *b, int i)
{
    const struct net_node *from = &b->g->node[i];
    bool anchor = from->op == NET_CONV || from->op == NET_MATMUL;
    struct net_node n = *from;
    int made;

    if (!b->int8[i]) {
        for (int k = 0; k < n.in_n; k++)
            if (n.in[k] >= 0)
                TRY(as_f32(b, n.in[k], &n.in[k]));
        return net_graph_node(b->to, &n, &b->f32[from->out], b->err);
    }
    for (int k = 0; k < n.in_n; k++)
        if (n.in[k] >= 0 && (!anchor || k == 0 || k == 3))
            TRY(as_u8(b, n.in[k], &n.in[k]));
    if (anchor) {
        int w, bias;

        TRY(weights(b, from, &w, &bias));
        for (int k = n.in_n; k < 3; k++)
            n.in[k] = -1;
        n.in[1] = w;
        n.in[2] = bias;
        n.in_n = n.in_n < 3 && bias >= 0 ? 3 : n.in_n;
    }
    if (anchor && !read_as_u8(b, from->out)) {
        n.attr.out_type = NET_F32;
        TRY(net_graph_node(b->to, &n, &made, b->err));
        b->f32[from->out] = made;
        return TRUNDLE_OK;
    }
    n.attr.out_type = NET_U8;
    if (anchor || from->op == NET_BINARY || from->op == NET_UNARY || from->op == NET_CONCAT || from->op == NET_REDUCE ||
        (from->op == NET_POOL && from->attr.kind == NET_POOL_AVERAGE))
        TRY(range_of(b, from->out, &n.attr.out_scale, &n.attr.out_zero));
    TRY(net_graph_node(b->to, &n, &made, b->err));
    b->u8[from->out] = made;
    return TRUNDLE_OK;
}

/* Outputs keep their names, whatever was made on the way. */
static enum trundle_status outputs(struct build *b)
{
    for (int i = 0; i < b->g->outputs_n; i++) {
        const char *name = b->g->tensor[b->g->output[i]].name;
        int t, holder;

        TRY(as_f32(b, b->g->output[i], &t));
        holder = net_graph_find(b->to, name);
        if (holder >= 0 && holder != t) {
            char other[NET_NAME_MAX];

            (void)snprintf(other, sizeof other, "%.80s.stored", name);
            TRY(net_graph_rename(b->to, holder, other, b->err));
        }
        if (holder != t)
            TRY(net_graph_rename(b->to, t, name, b->err));
        TRY(net_graph_output(b->to, t, b->err));
    }
    return TRUNDLE_OK;
}

static enum trundle_status input(struct build *b)
{
    const struct net_tensor *x = &b->g->tensor[b->g->input[0]];
    struct net_shape shape = x->shape;
    float scale;
    int32_t zero;

    if (x->batched && shape.rank > 0)
        shape.d[0] = 0;
    if (!b->c->u8_input)
        return net_graph_input(b->to, x->name, NET_F32, &shape, &b->f32[b->g->input[0]], b->err);
    TRY(range_of(b, b->g->input[0], &scale, &zero));
    TRY(net_graph_input(b->to, x->name, NET_U8, &shape, &b->u8[b->g->input[0]], b->err));
    return net_graph_quant(b->to, b->u8[b->g->input[0]], 1, 0, &scale, zero, b->err);
}

static size_t constant_bytes(const struct net_graph *g)
{
    size_t n = 0;

    for (int t = 0; t < g->tensors_n; t++)
        if (g->tensor[t].data)
            n += net_tensor_bytes(&g->tensor[t]) + (size_t)g->tensor[t].quant.n * sizeof(float);
    return n;
}

static enum trundle_status report_of(const struct build *b, const char *const *why, struct quantize_report *out)
{
    struct quantize_report r = { .choice = calloc((size_t)b->g->nodes_n + 1, sizeof *r.choice), .choices_n = b->g->nodes_n };

    if (!r.choice)
        return error_set(b->err, TRUNDLE_NO_MEMORY, "quantize", NULL, "no memory left");
    for (int i = 0; i < b->g->nodes_n; i++) {
        memcpy(r.choice[i].node, b->g->node[i].name, sizeof r.choice[i].node);
        r.choice[i].op = b->g->node[i].op;
        r.choice[i].int8 = b->int8[i];
        r.choice[i].why = why[i] ? why[i] : "";
        r.int8_n += b->int8[i];
    }
    r.bytes_before = constant_bytes(b->g);
    r.bytes_after = constant_bytes(b->to);
    *out = r;
    return TRUNDLE_OK;
}

enum trundle_status quantize_build(const struct net_graph *g, const struct quantize_config *c, const struct quantize_ranges *ranges, struct net_graph **out,
                                   struct quantize_report *report, struct trundle_error *err)
{
    size_t tensors = (size_t)g->tensors_n + 1, nodes = (size_t)g->nodes_n + 1;
    struct build b = { .g = g, .c = c, .r = ranges, .to = net_graph_new(), .f32 = malloc(tensors * sizeof *b.f32), .u8 = malloc(tensors * sizeof *b.u8),
                       .int8 = calloc(nodes, sizeof *b.int8), .err = err };
    const char **why = calloc(nodes, sizeof *why);
    enum trundle_status status = TRUNDLE_OK;
    int any = 0;

    if (!b.to || !b.f32 || !b.u8 || !b.int8 || !why) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "quantize", NULL, "no memory left");
        goto out;
    }
    for (int t = 0; t < g->tensors_n; t++)
        b.f32[t] = b.u8[t] = -1;
    TRY_GOTO(status, quantize_choose(g, c, b.int8, why, NULL, err), out);
    for (int i = 0; i < g->nodes_n; i++)
        any += b.int8[i];
    if (!any) {
        status = error_set(err, TRUNDLE_UNSUPPORTED, "quantize", "a convolution or linear layer with constant f32 weights", "nothing in this net can be int8");
        goto out;
    }
    TRY_GOTO(status, input(&b), out);
    for (int i = 0; i < g->nodes_n; i++)
        TRY_GOTO(status, emit(&b, i), out);
    TRY_GOTO(status, outputs(&b), out);
    TRY_GOTO(status, net_graph_infer(b.to, 1, err), out);
    if (report)
        TRY_GOTO(status, report_of(&b, why, report), out);
    *out = b.to;
    b.to = NULL;
out:
    net_graph_free(b.to);
    free(b.f32);
    free(b.u8);
    free(b.int8);
    free(why);
    return status;
}
