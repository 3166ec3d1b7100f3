/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/onnx/export_node - one node as ONNX's. Quantised inputs are dequantised before it and its output is quantised behind it (QDQ); what only
 * moves elements works on uint8 as it is. Images are [N, C, H, W] here (layout.h), attributes still speak of height and width.
 */
#include "base/net/onnx/inside.h"
#include "base/net/onnx/write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int onnx_types[NET_TYPE_COUNT] = { 0, ONNX_FLOAT, ONNX_UINT8, ONNX_INT8, ONNX_INT32, ONNX_INT64 };

static const struct net_tensor *tensor_of(const struct onnx_writer *w, int t)
{
    return &w->g->tensor[t];
}

/* The name of a tensor as it is; constants are written once. */
static const char *raw(struct onnx_writer *w, int t)
{
    const struct net_tensor *x = tensor_of(w, t);
    if (x->data && !w->raw[t]) {
        int64_t d[NET_RANK_MAX];
        for (int i = 0; i < x->shape.rank; i++)
            d[i] = x->shape.d[i];
        onnx_constant(w, x->name, onnx_types[x->type], d, x->shape.rank, x->data, net_tensor_bytes(x));
        w->raw[t] = true;
    }
    return x->name;
}

/* QuantizeLinear or DequantizeLinear with one scale and a zero point of uint8. */
static void grid(struct onnx_writer *w, const char *op, const char *in, float scale, int32_t zero, const char *out, const char *stem)
{
    uint8_t z = (uint8_t)zero;
    onnx_name s = onnx_floats(w, stem, &scale, 0), zero_name = onnx_fresh(w, stem, "z");
    onnx_constant(w, zero_name.text, ONNX_UINT8, NULL, 0, &z, 1);
    onnx_node(w, op, (const char *[]){ in, s.text, zero_name.text }, 3, out, NULL);
}

/* Constant i8 `name` with its scales along `axis`, as f32. */
static onnx_name dequantised_weights(struct onnx_writer *w, const char *name, const struct net_quant *q, int axis, int zero_type, const char *stem)
{
    struct onnx_attrs attrs = { 0 };
    onnx_name s = onnx_floats(w, stem, q->scale, q->n > 1 ? q->n : 0), z = onnx_fresh(w, stem, "z"), out = onnx_fresh(w, stem, "w");
    size_t size = zero_type == ONNX_INT8 ? 1 : 4;
    void *zeros = calloc((size_t)q->n, size);
    if (!zeros) {
        w->status = error_set(w->err, TRUNDLE_NO_MEMORY, "export", NULL, "no memory left");
        return out;
    }
    onnx_constant(w, z.text, zero_type, (int64_t[]){ q->n }, q->n > 1 ? 1 : 0, zeros, (size_t)q->n * size);
    free(zeros);
    if (q->n > 1)
        onnx_attr_i(&attrs, "axis", axis);
    onnx_node(w, "DequantizeLinear", (const char *[]){ name, s.text, z.text }, 3, out.text, &attrs);
    return out;
}

/* Input t as f32: its name, or that of a dequantize put behind it. */
static onnx_name real(struct onnx_writer *w, int t, const char *stem)
{
    const struct net_tensor *x = tensor_of(w, t);
    onnx_name name;
    const char *plain = raw(w, t);
    if (x->type == NET_U8 && x->quant.n == 1) {
        name = onnx_fresh(w, stem, "x");
        grid(w, "DequantizeLinear", plain, x->quant.scale[0], x->quant.zero, name.text, stem);
    } else if (x->type == NET_I8 && x->quant.n) {
        name = dequantised_weights(w, plain, &x->quant, x->quant.axis, ONNX_INT8, stem);
    } else {
        (void)snprintf(name.text, sizeof name.text, "%s", plain);
    }
    return name;
}

/* A constant with its axes moved, under a new name. */
static onnx_name moved(struct onnx_writer *w, int t, const int *axes)
{
    const struct net_tensor *x = tensor_of(w, t);
    struct fixed f = { .t = { .onnx_type = onnx_types[x->type], .type = x->type, .rank = x->shape.rank, .n = net_shape_elements(&x->shape), .data = (void *)(uintptr_t)x->data } }, m;
    onnx_name name = onnx_fresh(w, x->name, "t");
    for (int i = 0; i < f.t.rank; i++)
        f.t.d[i] = x->shape.d[i];
    enum trundle_status status = fixed_transpose(&f, axes, &m, w->err);
    if (status != TRUNDLE_OK) {
        w->status = status;
        return name;
    }
    onnx_constant(w, name.text, m.t.onnx_type, m.t.d, m.t.rank, m.t.data, (size_t)m.t.n * net_type_bytes(m.t.type));
    fixed_done(&m);
    return name;
}

/* Weights in ONNX's order of axes; i8 ones dequantised, with their scales along `axis`. */
static onnx_name weights(struct onnx_writer *w, const struct net_node *n, const int *axes, int axis)
{
    const struct net_tensor *x = tensor_of(w, n->in[1]);
    onnx_name name = moved(w, n->in[1], axes);
    return x->type == NET_I8 ? dequantised_weights(w, name.text, &x->quant, axis, ONNX_INT8, n->name) : name;
}

/* The bias of a quantised node as int32 of scale input x weight, which is what runtimes fuse; else as it is. */
static onnx_name bias(struct onnx_writer *w, const struct net_node *n)
{
    const struct net_tensor *x = tensor_of(w, n->in[0]), *k = tensor_of(w, n->in[1]), *b;
    onnx_name none = { "" }, name;
    if (n->in_n < 3 || n->in[2] < 0)
        return none;
    b = tensor_of(w, n->in[2]);
    int64_t c = net_shape_elements(&b->shape);
    bool fits = x->type == NET_U8 && k->type == NET_I8 && b->data && (k->quant.n == 1 || k->quant.n == c);
    struct net_quant q = { k->quant.n, 0, 0, NULL };
    int32_t *stored = fits ? malloc((size_t)c * sizeof *stored) : NULL;
    q.scale = fits ? malloc((size_t)k->quant.n * sizeof *q.scale) : NULL;
    fits = stored && q.scale;
    for (int i = 0; fits && i < k->quant.n; i++) {
        q.scale[i] = x->quant.scale[0] * k->quant.scale[i];
        fits = q.scale[i] > 0;
    }
    for (int64_t i = 0; fits && i < c; i++) {
        double v = rint((double)((const float *)b->data)[i] / (double)q.scale[q.n > 1 ? i : 0]);
        fits = fabs(v) < 2147483000.0;
        stored[i] = fits ? (int32_t)v : 0;
    }
    if (fits) {
        name = onnx_fresh(w, n->name, "b");
        onnx_constant(w, name.text, ONNX_INT32, (int64_t[]){ c }, 1, stored, (size_t)c * sizeof *stored);
        name = dequantised_weights(w, name.text, &q, 0, ONNX_INT32, n->name);
    } else {
        (void)snprintf(name.text, sizeof name.text, "%s", raw(w, n->in[2]));
    }
    free(stored);
    free(q.scale);
    return name;
}

/* How a node ends: what it computes is called by the name that begin() gives; end() adds residual, function and quantize. */

static bool has_residual(const struct net_node *n)
{
    return (n->op == NET_CONV || n->op == NET_MATMUL) && n->in_n > 3 && n->in[3] >= 0;
}

static onnx_name begin(struct onnx_writer *w, const struct net_node *n)
{
    onnx_name name;
    const struct net_tensor *out = tensor_of(w, n->out);
    if (out->type == NET_U8 || has_residual(n) || n->attr.act != NET_ACT_IDENTITY)
        return onnx_fresh(w, n->name, "y");
    (void)snprintf(name.text, sizeof name.text, "%s", out->name);
    return name;
}

static enum trundle_status end(struct onnx_writer *w, const struct net_node *n, onnx_name now)
{
    const struct net_tensor *out = tensor_of(w, n->out);
    bool quantised = out->type == NET_U8, acts = n->attr.act != NET_ACT_IDENTITY;
    if (has_residual(n)) {
        onnx_name r = real(w, n->in[3], n->name), sum = onnx_fresh(w, n->name, "y");
        if (!quantised && !acts)
            (void)snprintf(sum.text, sizeof sum.text, "%s", out->name);
        onnx_node(w, "Add", (const char *[]){ now.text, r.text }, 2, sum.text, NULL);
        now = sum;
    }
    if (acts) {
        onnx_name y = onnx_fresh(w, n->name, "a");
        if (!quantised)
            (void)snprintf(y.text, sizeof y.text, "%s", out->name);
        TRY(onnx_export_act(w, &n->attr, now.text, y.text, n->name));
        now = y;
    }
    if (quantised)
        grid(w, "QuantizeLinear", now.text, out->quant.scale[0], out->quant.zero, out->name, n->name);
    return w->status;
}

static void window(struct onnx_attrs *a, const struct net_attr *attr)
{
    int64_t stride[2] = { attr->stride[0], attr->stride[1] }, dilation[2] = { attr->dilation[0], attr->dilation[1] };
    int64_t pads[4] = { attr->pad[0], attr->pad[1], attr->pad[2], attr->pad[3] };
    onnx_attr_ints(a, "strides", stride, 2);
    onnx_attr_ints(a, "pads", pads, 4);
    if (dilation[0] != 1 || dilation[1] != 1)
        onnx_attr_ints(a, "dilations", dilation, 2);
}

/* The constant behind a dequantize, when it stands between: weights beside an f32 input. */
static int constant_behind(const struct onnx_writer *w, int t)
{
    for (int i = 0; !tensor_of(w, t)->data && i < w->g->nodes_n; i++)
        if (w->g->node[i].out == t && w->g->node[i].op == NET_DEQUANTIZE && tensor_of(w, w->g->node[i].in[0])->data)
            return w->g->node[i].in[0];
    return t;
}

static enum trundle_status conv(struct onnx_writer *w, const struct net_node *node)
{
    static const int axes[] = { 0, 3, 1, 2 };
    struct net_node with = *node;
    const struct net_node *n = &with;
    const struct net_tensor *k;
    struct onnx_attrs a = { 0 };
    onnx_name x, f, b, y;
    with.in[1] = constant_behind(w, node->in[1]);
    k = tensor_of(w, n->in[1]);
    if (!k->data)
        return error_set(w->err, TRUNDLE_UNSUPPORTED, n->name, "constant weights work", "its weights are computed");
    x = real(w, n->in[0], n->name);
    f = weights(w, n, axes, 0);
    b = bias(w, n);
    y = begin(w, n);
    onnx_attr_ints(&a, "kernel_shape", (int64_t[]){ k->shape.d[1], k->shape.d[2] }, 2);
    onnx_attr_i(&a, "group", n->attr.groups);
    window(&a, &n->attr);
    if (n->op == NET_CONV_TRANSPOSE)
        onnx_attr_ints(&a, "output_padding", (int64_t[]){ n->attr.output_pad[0], n->attr.output_pad[1] }, 2);
    onnx_node(w, n->op == NET_CONV ? "Conv" : "ConvTranspose", (const char *[]){ x.text, f.text, b.text }, 3, y.text, &a);
    return end(w, n, y);
}

static enum trundle_status matmul(struct onnx_writer *w, const struct net_node *n)
{
    static const int swap[] = { 1, 0 }, keep[] = { 0, 1 };
    const struct net_tensor *p = tensor_of(w, n->in[0]), *q = tensor_of(w, n->in[1]);
    bool constant = q->data && q->shape.rank == 2, biased = n->in_n > 2 && n->in[2] >= 0;
    onnx_name x = real(w, n->in[0], n->name), m, b, y;
    if (constant && p->shape.rank == 2) {
        struct onnx_attrs a = { 0 };
        m = weights(w, n, keep, n->attr.flip_b ? 0 : 1);
        b = bias(w, n);
        y = begin(w, n);
        onnx_attr_i(&a, "transB", n->attr.flip_b);
        onnx_node(w, "Gemm", (const char *[]){ x.text, m.text, b.text }, 3, y.text, &a);
        return end(w, n, y);
    }
    if (constant) {
        m = weights(w, n, n->attr.flip_b ? swap : keep, 1);
    } else {
        m = real(w, n->in[1], n->name);
        if (n->attr.flip_b) {
            struct onnx_attrs a = { 0 };
            int64_t perm[NET_RANK_MAX];
            onnx_name t = onnx_fresh(w, n->name, "t");
            int rank = q->shape.rank;
            for (int i = 0; i < rank; i++)
                perm[i] = i < rank - 2 ? i : i == rank - 2 ? rank - 1 : rank - 2;
            onnx_attr_ints(&a, "perm", perm, rank);
            onnx_node(w, "Transpose", (const char *[]){ m.text }, 1, t.text, &a);
            m = t;
        }
    }
    y = begin(w, n);
    if (biased) {
        onnx_name t = onnx_fresh(w, n->name, "t");
        onnx_node(w, "MatMul", (const char *[]){ x.text, m.text }, 2, t.text, NULL);
        b = bias(w, n);
        onnx_node(w, "Add", (const char *[]){ t.text, b.text }, 2, y.text, NULL);
    } else {
        onnx_node(w, "MatMul", (const char *[]){ x.text, m.text }, 2, y.text, NULL);
    }
    return end(w, n, y);
}

static enum trundle_status batch_norm(struct onnx_writer *w, const struct net_node *n)
{
    const char *in[5];
    onnx_name x = real(w, n->in[0], n->name), y = begin(w, n);
    struct onnx_attrs a = { 0 };
    in[0] = x.text;
    for (int i = 1; i < 5; i++)
        in[i] = raw(w, n->in[i]);
    onnx_attr_f(&a, "epsilon", n->attr.eps);
    onnx_node(w, "BatchNormalization", in, 5, y.text, &a);
    return end(w, n, y);
}

static enum trundle_status layer_norm(struct onnx_writer *w, const struct net_node *n)
{
    const struct net_tensor *x = tensor_of(w, n->in[0]);
    struct onnx_attrs a = { 0 };
    const char *in[3] = { raw(w, n->in[0]), "", "" };
    onnx_name ones;
    if (w->opset < 17)
        return error_set(w->err, TRUNDLE_UNSUPPORTED, n->name, "--opset 17", "opset %d has no layer norm", w->opset);
    int axis = n->attr.axes[0] < 0 ? n->attr.axes[0] + x->shape.rank : n->attr.axes[0];
    for (int i = 1; i < 3; i++)
        if (n->in_n > i && n->in[i] >= 0)
            in[i] = raw(w, n->in[i]);
    if (!in[1][0]) {
        int64_t d[NET_RANK_MAX], count = 1;
        for (int i = axis; i < x->shape.rank; i++)
            count *= d[i - axis] = x->shape.d[i];
        float *one = malloc((size_t)count * sizeof *one);
        if (!one)
            return error_set(w->err, TRUNDLE_NO_MEMORY, n->name, NULL, "no memory left");
        for (int64_t i = 0; i < count; i++)
            one[i] = 1;
        ones = onnx_fresh(w, n->name, "f");
        onnx_constant(w, ones.text, ONNX_FLOAT, d, x->shape.rank - axis, one, (size_t)count * sizeof *one);
        free(one);
        in[1] = ones.text;
    }
    onnx_attr_i(&a, "axis", axis);
    onnx_attr_f(&a, "epsilon", n->attr.eps);
    onnx_node(w, "LayerNormalization", in, 3, tensor_of(w, n->out)->name, &a);
    return w->status;
}

static enum trundle_status pool(struct onnx_writer *w, const struct net_node *n)
{
    bool max = n->attr.kind == NET_POOL_MAX;
    onnx_name x = real(w, n->in[0], n->name), y = begin(w, n);
    struct onnx_attrs a = { 0 };
    if (n->attr.kernel[0] == 0) {
        onnx_node(w, max ? "GlobalMaxPool" : "GlobalAveragePool", (const char *[]){ x.text }, 1, y.text, NULL);
        return end(w, n, y);
    }
    if (!max && (n->attr.dilation[0] != 1 || n->attr.dilation[1] != 1) && w->opset < 19)
        return error_set(w->err, TRUNDLE_UNSUPPORTED, n->name, "--opset 19", "opset %d has no dilated average pool", w->opset);
    onnx_attr_ints(&a, "kernel_shape", (int64_t[]){ n->attr.kernel[0], n->attr.kernel[1] }, 2);
    window(&a, &n->attr);
    onnx_attr_i(&a, "ceil_mode", n->attr.ceil_);
    if (!max)
        onnx_attr_i(&a, "count_include_pad", n->attr.count_pad);
    onnx_node(w, max ? "MaxPool" : "AveragePool", (const char *[]){ x.text }, 1, y.text, &a);
    return end(w, n, y);
}

static enum trundle_status resize(struct onnx_writer *w, const struct net_node *n)
{
    static const char *const coords[] = { "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel" };
    static const char *const rounding[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" };
    const struct net_tensor *in = tensor_of(w, n->in[0]), *out = tensor_of(w, n->out);
    struct onnx_attrs a = { 0 };
    float scale[4] = { 1, 1, n->attr.scale[0], n->attr.scale[1] };
    onnx_name x = real(w, n->in[0], n->name), s, y = begin(w, n);
    if (n->attr.dims_n) {                            /* sizes would fix the batch; these scales give them exactly */
        for (int i = 2; i < 4; i++) {
            scale[i] = (float)out->shape.d[i] / (float)in->shape.d[i];
            if ((int32_t)floorf((float)in->shape.d[i] * scale[i]) != out->shape.d[i])
                scale[i] = nextafterf(scale[i], INFINITY);
        }
    }
    s = onnx_floats(w, n->name, scale, 4);
    onnx_attr_s(&a, "mode", n->attr.mode == NET_NEAREST ? "nearest" : "linear");
    onnx_attr_s(&a, "coordinate_transformation_mode", coords[n->attr.coords]);
    if (n->attr.mode == NET_NEAREST)
        onnx_attr_s(&a, "nearest_mode", rounding[n->attr.nearest]);
    onnx_node(w, "Resize", (const char *[]){ x.text, "", s.text }, 3, y.text, &a);
    return end(w, n, y);
}

static enum trundle_status concat(struct onnx_writer *w, const struct net_node *n)
{
    struct onnx_attrs a = { 0 };
    onnx_name names[NET_IN_MAX], y = begin(w, n);
    const char *in[NET_IN_MAX];
    for (int i = 0; i < n->in_n; i++) {
        names[i] = real(w, n->in[i], n->name);
        in[i] = names[i].text;
    }
    onnx_attr_i(&a, "axis", n->attr.axes[0]);
    onnx_node(w, "Concat", in, n->in_n, y.text, &a);
    return end(w, n, y);
}

static enum trundle_status slice(struct onnx_writer *w, const struct net_node *n)
{
    int64_t begin_[NET_RANK_MAX], end_[NET_RANK_MAX], axes[NET_RANK_MAX], step[NET_RANK_MAX];
    onnx_name b, e, x, s;
    int k = 0;
    for (int i = 0; i < n->attr.dims_n; i++) {
        if (n->attr.begin[i] == 0 && n->attr.end[i] == INT32_MAX && n->attr.step[i] == 1)
            continue;
        begin_[k] = n->attr.begin[i];
        end_[k] = n->attr.end[i] == INT32_MAX ? INT64_MAX : n->attr.end[i] == INT32_MIN ? INT64_MIN : n->attr.end[i];
        axes[k] = i;
        step[k++] = n->attr.step[i];
    }
    b = onnx_ints(w, n->name, begin_, k);
    e = onnx_ints(w, n->name, end_, k);
    x = onnx_ints(w, n->name, axes, k);
    s = onnx_ints(w, n->name, step, k);
    onnx_node(w, "Slice", (const char *[]){ raw(w, n->in[0]), b.text, e.text, x.text, s.text }, 5, tensor_of(w, n->out)->name, NULL);
    return w->status;
}

static enum trundle_status pad(struct onnx_writer *w, const struct net_node *n)
{
    static const char *const modes[] = { "constant", "edge", "reflect" };
    struct onnx_attrs a = { 0 };
    int64_t pads[2 * NET_RANK_MAX];
    const struct net_tensor *x = tensor_of(w, n->in[0]);
    int rank = x->shape.rank;
    onnx_name in = real(w, n->in[0], n->name), p, v, y = begin(w, n);
    float value = x->type == NET_U8 && x->quant.n == 1 ? (n->attr.value - (float)x->quant.zero) * x->quant.scale[0] : n->attr.value;
    for (int i = 0; i < rank; i++) {
        pads[i] = n->attr.begin[i];
        pads[rank + i] = n->attr.end[i];
    }
    if (x->type != NET_F32 && !(x->type == NET_U8 && x->quant.n == 1))
        return error_set(w->err, TRUNDLE_UNSUPPORTED, n->name, NULL, "a pad of %s", net_type_name(x->type));
    p = onnx_ints(w, n->name, pads, 2 * rank);
    v = onnx_floats(w, n->name, &value, 0);
    onnx_attr_s(&a, "mode", modes[n->attr.mode]);
    onnx_node(w, "Pad", (const char *[]){ in.text, p.text, n->attr.mode == NET_PAD_CONSTANT ? v.text : "" }, 3, y.text, &a);
    return end(w, n, y);
}

static enum trundle_status dims(struct onnx_writer *w, const struct net_node *n, const char *op)
{
    int64_t d[NET_RANK_MAX];
    onnx_name s;
    for (int i = 0; i < n->attr.dims_n; i++)
        d[i] = n->op == NET_EXPAND && n->attr.dims[i] == 0 ? 1 : n->attr.dims[i];      /* Expand's 1 leaves the axis as it is */
    s = onnx_ints(w, n->name, d, n->attr.dims_n);
    onnx_node(w, op, (const char *[]){ raw(w, n->in[0]), s.text }, 2, tensor_of(w, n->out)->name, NULL);
    return w->status;
}

static enum trundle_status transpose(struct onnx_writer *w, const struct net_node *n)
{
    struct onnx_attrs a = { 0 };
    int64_t perm[NET_RANK_MAX];
    for (int i = 0; i < n->attr.axes_n; i++)
        perm[i] = n->attr.axes[i];
    onnx_attr_ints(&a, "perm", perm, n->attr.axes_n);
    onnx_node(w, "Transpose", (const char *[]){ raw(w, n->in[0]) }, 1, tensor_of(w, n->out)->name, &a);
    return w->status;
}

/* ReduceX over axes, which are an attribute or an input, by opset. */
static void write_reduce(struct onnx_writer *w, const char *op, const char *x, const int32_t *axes, int n, bool keep, const char *out, const char *stem)
{
    struct onnx_attrs a = { 0 };
    int64_t list[NET_RANK_MAX];
    onnx_name name = { "" };
    for (int i = 0; i < n; i++)
        list[i] = axes[i];
    if (w->opset >= 18 || strcmp(op, "ReduceSum") == 0)
        name = onnx_ints(w, stem, list, n);
    else
        onnx_attr_ints(&a, "axes", list, n);
    onnx_attr_i(&a, "keepdims", keep);
    onnx_node(w, op, (const char *[]){ x, name.text }, 2, out, &a);
}

static enum trundle_status reduce(struct onnx_writer *w, const struct net_node *n)
{
    static const char *const ops[] = { "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp" };
    onnx_name x = real(w, n->in[0], n->name), y = begin(w, n);
    write_reduce(w, ops[n->attr.kind], x.text, n->attr.axes, n->attr.axes_n, n->attr.keep, y.text, n->name);
    return end(w, n, y);
}

static enum trundle_status l2_norm(struct onnx_writer *w, const struct net_node *n)
{
    onnx_name norm = onnx_fresh(w, n->name, "t"), most = onnx_fresh(w, n->name, "t"), eps = onnx_floats(w, n->name, &n->attr.eps, 0);
    const char *x = raw(w, n->in[0]);
    write_reduce(w, "ReduceL2", x, n->attr.axes, 1, true, norm.text, n->name);
    onnx_node(w, "Max", (const char *[]){ norm.text, eps.text }, 2, most.text, NULL);
    onnx_node(w, "Div", (const char *[]){ x, most.text }, 2, tensor_of(w, n->out)->name, NULL);
    return w->status;
}

/* [N, T, D] as [N, heads, T, D / heads], or with its last two axes swapped. */
static onnx_name split_heads(struct onnx_writer *w, const struct net_node *n, int i, bool swapped)
{
    struct onnx_attrs a = { 0 };
    const struct net_tensor *x = tensor_of(w, n->in[i]);
    onnx_name s = onnx_ints(w, n->name, (int64_t[]){ 0, 0, n->attr.heads, x->shape.d[2] / n->attr.heads }, 4);
    onnx_name r = onnx_fresh(w, n->name, "t"), t = onnx_fresh(w, n->name, "t");
    onnx_node(w, "Reshape", (const char *[]){ raw(w, n->in[i]), s.text }, 2, r.text, NULL);
    onnx_attr_ints(&a, "perm", swapped ? (int64_t[]){ 0, 2, 3, 1 } : (int64_t[]){ 0, 2, 1, 3 }, 4);
    onnx_node(w, "Transpose", (const char *[]){ r.text }, 1, t.text, &a);
    return t;
}

static enum trundle_status attention(struct onnx_writer *w, const struct net_node *n)
{
    const struct net_tensor *q = tensor_of(w, n->in[0]), *v = tensor_of(w, n->in[2]);
    struct onnx_attrs a = { 0 };
    float scale = n->attr.scale[0] > 0 ? n->attr.scale[0] : 1 / sqrtf((float)(q->shape.d[2] / n->attr.heads));
    onnx_name qh = split_heads(w, n, 0, false), kh = split_heads(w, n, 1, true), vh = split_heads(w, n, 2, false), s = onnx_floats(w, n->name, &scale, 0), t[6];
    for (int i = 0; i < 6; i++)
        t[i] = onnx_fresh(w, n->name, "t");
    onnx_node(w, "MatMul", (const char *[]){ qh.text, kh.text }, 2, t[0].text, NULL);
    onnx_node(w, "Mul", (const char *[]){ t[0].text, s.text }, 2, t[1].text, NULL);
    if (n->in_n > 3 && n->in[3] >= 0)
        onnx_node(w, "Add", (const char *[]){ t[1].text, raw(w, n->in[3]) }, 2, t[2].text, NULL);
    else
        t[2] = t[1];
    onnx_attr_i(&a, "axis", -1);
    onnx_node(w, "Softmax", (const char *[]){ t[2].text }, 1, t[3].text, &a);
    onnx_node(w, "MatMul", (const char *[]){ t[3].text, vh.text }, 2, t[4].text, NULL);
    onnx_attr_ints(&a, "perm", (int64_t[]){ 0, 2, 1, 3 }, 4);
    onnx_node(w, "Transpose", (const char *[]){ t[4].text }, 1, t[5].text, &a);
    s = onnx_ints(w, n->name, (int64_t[]){ 0, 0, v->shape.d[2] }, 3);
    onnx_node(w, "Reshape", (const char *[]){ t[5].text, s.text }, 2, tensor_of(w, n->out)->name, NULL);
    return w->status;
}

enum trundle_status onnx_export_node(struct onnx_writer *w, const struct net_node *n)
{
    static const char *const binaries[] = { "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow" };
    const struct net_tensor *out = tensor_of(w, n->out);
    struct onnx_attrs a = { 0 };
    onnx_name x, y, z;
    switch (n->op) {
    case NET_CONV: case NET_CONV_TRANSPOSE: return conv(w, n);
    case NET_MATMUL: return matmul(w, n);
    case NET_BATCH_NORM: return batch_norm(w, n);
    case NET_LAYER_NORM: return layer_norm(w, n);
    case NET_POOL: return pool(w, n);
    case NET_RESIZE: return resize(w, n);
    case NET_CONCAT: return concat(w, n);
    case NET_SLICE: return slice(w, n);
    case NET_PAD: return pad(w, n);
    case NET_RESHAPE: return dims(w, n, "Reshape");
    case NET_EXPAND: return dims(w, n, "Expand");
    case NET_TRANSPOSE: return transpose(w, n);
    case NET_REDUCE: return reduce(w, n);
    case NET_L2_NORM: return l2_norm(w, n);
    case NET_ATTENTION: return attention(w, n);
    case NET_UNARY:
        x = real(w, n->in[0], n->name);
        y = onnx_fresh(w, n->name, "y");
        if (out->type != NET_U8)
            (void)snprintf(y.text, sizeof y.text, "%s", out->name);
        TRY(onnx_export_act(w, &n->attr, x.text, y.text, n->name));
        if (out->type == NET_U8)
            grid(w, "QuantizeLinear", y.text, out->quant.scale[0], out->quant.zero, out->name, n->name);
        return w->status;
    case NET_BINARY:
        x = real(w, n->in[0], n->name);
        z = real(w, n->in[1], n->name);
        y = begin(w, n);
        onnx_node(w, binaries[n->attr.kind], (const char *[]){ x.text, z.text }, 2, y.text, NULL);
        return end(w, n, y);
    case NET_SOFTMAX:
        onnx_attr_i(&a, "axis", n->attr.axes[0]);
        onnx_node(w, n->attr.log_ ? "LogSoftmax" : "Softmax", (const char *[]){ raw(w, n->in[0]) }, 1, out->name, &a);
        return w->status;
    case NET_QUANTIZE:
        x = real(w, n->in[0], n->name);
        grid(w, "QuantizeLinear", x.text, out->quant.scale[0], out->quant.zero, out->name, n->name);
        return w->status;
    case NET_DEQUANTIZE: {
        const struct net_tensor *in = tensor_of(w, n->in[0]);
        if (in->type == NET_U8) {
            grid(w, "DequantizeLinear", raw(w, n->in[0]), in->quant.scale[0], in->quant.zero, out->name, n->name);
        } else {
            x = real(w, n->in[0], n->name);
            onnx_node(w, "Identity", (const char *[]){ x.text }, 1, out->name, NULL);
        }
        return w->status;
    }
    case NET_OP_COUNT:
        break;
    }
    return error_set(w->err, TRUNDLE_UNSUPPORTED, n->name, NULL, "ONNX has no word for %s", net_op_name(n->op));
}
