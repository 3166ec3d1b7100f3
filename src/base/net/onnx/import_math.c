/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/import_math - operators that compute element by element, along axes, or matrix products. */
#include "base/net/onnx/inside.h"

#include <math.h>
#include <string.h>

static enum trundle_status unary(struct op *o, bool *known)
{
    static const struct { const char *name; enum net_act act; const char *a, *b; float alpha, beta; } rows[] = {
        { "Relu", NET_ACT_RELU, NULL, NULL, 0, 0 },
        { "LeakyRelu", NET_ACT_LEAKY_RELU, "alpha", NULL, 0.01f, 0 },
        { "HardSigmoid", NET_ACT_HARD_SIGMOID, "alpha", "beta", 0.2f, 0.5f },
        { "HardSwish", NET_ACT_HARD_SWISH, NULL, NULL, 0, 0 },
        { "Sigmoid", NET_ACT_SIGMOID, NULL, NULL, 0, 0 },
        { "Tanh", NET_ACT_TANH, NULL, NULL, 0, 0 },
        { "Elu", NET_ACT_ELU, "alpha", NULL, 1, 0 },
        { "Softplus", NET_ACT_SOFTPLUS, NULL, NULL, 0, 0 },
        { "Mish", NET_ACT_MISH, NULL, NULL, 0, 0 },
        { "Exp", NET_ACT_EXP, NULL, NULL, 0, 0 },
        { "Log", NET_ACT_LOG, NULL, NULL, 0, 0 },
        { "Sqrt", NET_ACT_SQRT, NULL, NULL, 0, 0 },
        { "Abs", NET_ACT_ABS, NULL, NULL, 0, 0 },
        { "Neg", NET_ACT_NEG, NULL, NULL, 0, 0 },
        { "Reciprocal", NET_ACT_RECIPROCAL, NULL, NULL, 0, 0 },
        { "Erf", NET_ACT_ERF, NULL, NULL, 0, 0 },
        { "Floor", NET_ACT_FLOOR, NULL, NULL, 0, 0 },
        { "Ceil", NET_ACT_CEIL, NULL, NULL, 0, 0 },
        { "Round", NET_ACT_ROUND, NULL, NULL, 0, 0 },
        { "Sign", NET_ACT_SIGN, NULL, NULL, 0, 0 },
        { "Sin", NET_ACT_SIN, NULL, NULL, 0, 0 },
        { "Cos", NET_ACT_COS, NULL, NULL, 0, 0 },
    };
    int x, y;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(o->type, rows[i].name) == 0) {
            *known = true;
            TRY(op_f32(o, 0, &x));
            TRY(put_unary(o, x, rows[i].act, rows[i].a ? attr_f(o, rows[i].a, rows[i].alpha) : 0, rows[i].b ? attr_f(o, rows[i].b, rows[i].beta) : 0, &y));
            return op_out(o, 0, y);
        }
    return TRUNDLE_OK;
}

/* Functions of one value that are made of others. */
static enum trundle_status composed(struct op *o, bool *known)
{
    const char *t = o->type;
    int x, y, z;
    *known = true;
    if (strcmp(t, "Gelu") == 0) {
        TRY(op_f32(o, 0, &x));
        TRY(put_unary(o, x, attr_is(o, "approximate", "tanh", "none") ? NET_ACT_GELU_TANH : NET_ACT_GELU, 0, 0, &y));
    } else if (strcmp(t, "Selu") == 0) {
        TRY(op_f32(o, 0, &x));
        TRY(put_unary(o, x, NET_ACT_ELU, attr_f(o, "alpha", 1.67326319f), 0, &y));
        TRY(put_scaled(o, NET_MUL, y, attr_f(o, "gamma", 1.05070102f), &y));
    } else if (strcmp(t, "Celu") == 0) {
        float alpha = attr_f(o, "alpha", 1);
        TRY(op_f32(o, 0, &x));
        TRY(put_scaled(o, NET_DIV, x, alpha, &y));
        TRY(put_unary(o, y, NET_ACT_ELU, 1, 0, &y));
        TRY(put_scaled(o, NET_MUL, y, alpha, &y));
    } else if (strcmp(t, "Softsign") == 0) {
        TRY(op_f32(o, 0, &x));
        TRY(put_unary(o, x, NET_ACT_ABS, 0, 0, &y));
        TRY(put_scaled(o, NET_ADD, y, 1, &y));
        TRY(put_binary(o, NET_DIV, x, y, &y));
    } else if (strcmp(t, "Swish") == 0) {
        TRY(op_f32(o, 0, &x));
        if (attr_f(o, "alpha", 1) == 1) {
            TRY(put_unary(o, x, NET_ACT_SILU, 0, 0, &y));
        } else {
            TRY(put_scaled(o, NET_MUL, x, attr_f(o, "alpha", 1), &y));
            TRY(put_unary(o, y, NET_ACT_SIGMOID, 0, 0, &y));
            TRY(put_binary(o, NET_MUL, x, y, &y));
        }
    } else if (strcmp(t, "Tan") == 0) {
        TRY(op_f32(o, 0, &x));
        TRY(put_unary(o, x, NET_ACT_SIN, 0, 0, &y));
        TRY(put_unary(o, x, NET_ACT_COS, 0, 0, &z));
        TRY(put_binary(o, NET_DIV, y, z, &y));
    } else if (strcmp(t, "PRelu") == 0) {
        TRY(op_f32(o, 0, &x));
        TRY(op_f32(o, 1, &z));
        if (op_rank(o, z) > op_rank(o, x))
            return op_refuse(o, "a slope that broadcasts to the input", "its slope has more axes than its input");
        if (o->m->opset < 7 && op_rank(o, z) == 1 && op_shape(o, z)->d[0] != 1 && op_rank(o, x) > 1) {      /* of each channel */
            struct net_shape s = { .rank = op_rank(o, x) - 1, .d = { op_shape(o, z)->d[0], 1, 1, 1, 1 } };
            TRY(put_reshape(o, z, &s, &s, &z));
        }
        TRY(put_unary(o, x, NET_ACT_CLIP, -INFINITY, 0, &y));
        TRY(put_binary(o, NET_MUL, y, z, &y));
        TRY(put_unary(o, x, NET_ACT_RELU, 0, 0, &x));
        TRY(put_binary(o, NET_ADD, x, y, &y));
    } else {
        *known = false;
        return TRUNDLE_OK;
    }
    return op_out(o, 0, y);
}

static enum trundle_status clip(struct op *o)
{
    float lo = attr_f(o, "min", -INFINITY), hi = attr_f(o, "max", INFINITY);
    int x, y;
    TRY(op_f32(o, 0, &x));
    for (int i = 1; i <= 2; i++) {
        if (!op_has(o, i))
            continue;
        if (!op_fixed(o, i)) {
            TRY(op_f32(o, i, &y));
            TRY(put_binary(o, i == 1 ? NET_MAX : NET_MIN, x, y, &x));
            continue;
        }
        if (o->in[i]->fixed.t.n != 1)
            return op_bad(o, "a bound of %lld numbers", (long long)o->in[i]->fixed.t.n);
        *(i == 1 ? &lo : &hi) = (float)fixed_number(&o->in[i]->fixed, 0);
    }
    if (isnan(lo) || isnan(hi))
        return op_bad(o, "a bound that is no number");
    TRY(put_unary(o, x, NET_ACT_CLIP, lo > hi ? hi : lo, hi, &y));
    return op_out(o, 0, y);
}

static enum trundle_status many(struct op *o, enum net_binary kind, bool mean)
{
    int y, x;
    TRY(op_f32(o, 0, &y));
    for (int i = 1; i < o->in_n; i++) {
        TRY(op_f32(o, i, &x));
        TRY(put_binary(o, kind, y, x, &y));
    }
    if (mean)
        TRY(put_scaled(o, NET_DIV, y, (float)o->in_n, &y));
    return op_out(o, 0, y);
}

static enum trundle_status two(struct op *o, enum net_binary kind)
{
    int a, b, y;
    TRY(op_f32(o, 0, &a));
    TRY(op_f32(o, 1, &b));
    if (o->m->opset < 7 && attr_i(o, "broadcast", 0) && attr_find(o, "axis")) {      /* b stands at that axis of a */
        struct net_shape s = *op_shape(o, b);
        int axis;
        TRY(op_axis(o, attr_i(o, "axis", 0), op_rank(o, a), &axis));
        if (axis + s.rank > op_rank(o, a) || s.rank < 1 || op_varies(o, b, 0))
            return op_refuse(o, "convert it to a newer opset", "an old broadcast");
        while (axis + s.rank < op_rank(o, a))
            s.d[s.rank++] = 1;
        TRY(put_reshape(o, b, &s, &s, &b));
    }
    TRY(put_binary(o, kind, a, b, &y));
    return op_out(o, 0, y);
}

static enum trundle_status reduce(struct op *o, enum net_reduce kind)
{
    int64_t given[NET_RANK_MAX];
    int axes[NET_RANK_MAX], n, x, y;
    bool keep = attr_i(o, "keepdims", 1) != 0;
    TRY(op_f32(o, 0, &x));
    TRY(op_integers(o, "axes", 1, given, NET_RANK_MAX, &n));
    for (int i = 0; i < n; i++)
        TRY(op_axis(o, given[i], op_rank(o, x), &axes[i]));
    if (n <= 0) {
        if (attr_i(o, "noop_with_empty_axes", 0)) {
            if (kind != NET_SUM && kind != NET_MEAN && kind != NET_REDUCE_MAX && kind != NET_REDUCE_MIN && kind != NET_PROD)
                return op_refuse(o, "name the axes", "reduces nothing");
            return op_out(o, 0, x);
        }
        for (n = 0; n < op_rank(o, x); n++)
            axes[n] = n;
    }
    for (int i = 0; i < n; i++)
        if (op_varies(o, x, axes[i]))
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "reduces over the batch");
    if (n == 0) {                                    /* a scalar: over one element */
        struct net_shape one = NET_SHAPE(1), scalar = { 0 };
        TRY(put_reshape(o, x, &one, &one, &x));
        TRY(put_reduce(o, kind, x, (int[]){ 0 }, 1, true, &y));
        TRY(put_reshape(o, y, &scalar, &scalar, &y));
    } else {
        TRY(put_reduce(o, kind, x, axes, n, keep, &y));
    }
    if (strcmp(o->type, "ReduceLogSum") == 0)
        TRY(put_unary(o, y, NET_ACT_LOG, 0, 0, &y));
    return op_out(o, 0, y);
}

static enum trundle_status softmax(struct op *o, bool log_)
{
    struct net_shape a, b, flat_a = { 2, { 1, 1 } }, flat_b = flat_a;
    struct net_node node;
    int x, y, axis;
    bool flat;
    TRY(op_f32(o, 0, &x));
    TRY(op_axis(o, attr_i(o, "axis", o->m->opset < 13 ? 1 : -1), op_rank(o, x), &axis));
    a = *op_shape(o, x);
    b = *op_shape_b(o, x);
    flat = o->m->opset < 13 && axis != a.rank - 1;   /* the old meaning: everything from the axis on is one row */
    if (flat) {
        for (int i = 0; i < a.rank; i++) {
            flat_a.d[i >= axis] *= a.d[i];
            flat_b.d[i >= axis] *= b.d[i];
        }
        TRY(put_reshape(o, x, &flat_a, &flat_b, &x));
    }
    if (op_varies(o, x, flat ? 1 : axis))
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "runs along the batch");
    node = op_node(o, NET_SOFTMAX, &x, 1);
    node.attr.axes_n = 1;
    node.attr.axes[0] = flat ? 1 : axis;
    node.attr.log_ = log_;
    TRY(op_emit(o, &node, &y));
    if (flat)
        TRY(put_reshape(o, y, &a, &b, &y));
    return op_out(o, 0, y);
}

/* A constant matrix [K, N] as the weights [N, K] of a linear layer; i8 ones come with a dequantize. `times` multiplies f32 ones. */
static enum trundle_status linear_weights(struct op *o, const struct fixed *from, bool turned, float times, int *out)
{
    struct fixed f = { 0 };
    enum trundle_status status = turned ? fixed_copy(from, &f, o->err) : fixed_transpose(from, (int[]){ 1, 0 }, &f, o->err);
    if (status == TRUNDLE_OK && times != 1) {
        status = fixed_plain(&f, o->err);
        for (int64_t i = 0; status == TRUNDLE_OK && i < f.t.n; i++)
            ((float *)f.t.data)[i] *= times;
    }
    if (status == TRUNDLE_OK)
        status = op_constant(o, &f, "", out);
    if (status == TRUNDLE_OK && f.scale) {
        struct net_node node = op_node(o, NET_DEQUANTIZE, out, 1);
        status = op_emit(o, &node, out);
    }
    fixed_done(&f);
    return status;
}

static bool is_matrix(const struct op *o, int i)
{
    return op_fixed(o, i) && o->in[i]->fixed.t.rank == 2 && (o->in[i]->fixed.t.type == NET_F32 || o->in[i]->fixed.scale);
}

static enum trundle_status matmul(struct op *o)
{
    struct net_node node;
    struct net_shape a, b, ya, yb;
    int in[2], y;
    bool row, column;
    TRY(op_f32(o, 0, &in[0]));
    a = *op_shape(o, in[0]);
    b = *op_shape_b(o, in[0]);
    row = a.rank == 1;
    if (row) {
        struct net_shape m = NET_SHAPE(1, a.d[0]), n = NET_SHAPE(1, b.d[0]);
        TRY(put_reshape(o, in[0], &m, &n, &in[0]));
    }
    if (is_matrix(o, 1)) {
        TRY(linear_weights(o, &o->in[1]->fixed, false, 1, &in[1]));
    } else {
        TRY(op_f32(o, 1, &in[1]));
    }
    a = *op_shape(o, in[1]);
    b = *op_shape_b(o, in[1]);
    column = a.rank == 1;
    if (column) {
        struct net_shape m = NET_SHAPE(a.d[0], 1), n = NET_SHAPE(b.d[0], 1);
        TRY(put_reshape(o, in[1], &m, &n, &in[1]));
    }
    node = op_node(o, NET_MATMUL, in, 2);
    node.attr.flip_b = is_matrix(o, 1);
    TRY(op_emit(o, &node, &y));
    if (row || column) {
        ya = *op_shape(o, y);
        yb = *op_shape_b(o, y);
        for (int k = 0; k < 2; k++) {
            struct net_shape *s = k ? &yb : &ya;
            if (column)
                s->rank--;
            if (row) {
                s->d[s->rank - 2 + column] = s->d[s->rank - 1];
                s->rank--;
            }
        }
        TRY(put_reshape(o, y, &ya, &yb, &y));
    }
    return op_out(o, 0, y);
}

static enum trundle_status gemm(struct op *o)
{
    float alpha = attr_f(o, "alpha", 1), beta = attr_f(o, "beta", 1);
    bool flip_a = attr_i(o, "transA", 0) != 0, flip_b = attr_i(o, "transB", 0) != 0, constant = is_matrix(o, 1);
    struct net_node node;
    int in[3], in_n = 2, y, c;
    TRY(op_f32(o, 0, &in[0]));
    if (op_rank(o, in[0]) != 2)
        return op_bad(o, "its input has %d axes", op_rank(o, in[0]));
    if (flip_a)
        TRY(put_transpose(o, in[0], (int[]){ 1, 0 }, &in[0]));
    if (constant) {
        TRY(linear_weights(o, &o->in[1]->fixed, flip_b, alpha, &in[1]));
        flip_b = true;
        alpha = 1;
    } else {
        TRY(op_f32(o, 1, &in[1]));
    }
    node = op_node(o, NET_MATMUL, in, in_n);
    node.attr.flip_b = flip_b;
    if (constant && op_fixed(o, 2) && beta == 1 && o->in[2]->fixed.t.n == op_shape(o, in[1])->d[0] && o->in[2]->fixed.t.rank == 1) {
        TRY(op_f32(o, 2, &node.in[2]));
        node.in_n = 3;
        TRY(op_emit(o, &node, &y));
        return op_out(o, 0, y);
    }
    TRY(op_emit(o, &node, &y));
    if (alpha != 1)
        TRY(put_scaled(o, NET_MUL, y, alpha, &y));
    if (op_has(o, 2)) {
        TRY(op_f32(o, 2, &c));
        if (beta != 1)
            TRY(put_scaled(o, NET_MUL, c, beta, &c));
        TRY(put_binary(o, NET_ADD, y, c, &y));
    }
    return op_out(o, 0, y);
}

static enum trundle_status layer_norm(struct op *o)
{
    struct net_node node;
    int in[3] = { -1, -1, -1 }, in_n = 1, axis, y;
    for (int i = 0; i < 3; i++)
        if (op_has(o, i)) {
            TRY(op_f32(o, i, &in[i]));
            in_n = i + 1;
        }
    if (in[0] < 0)
        return op_bad(o, "input 0 is missing");
    TRY(op_axis(o, attr_i(o, "axis", -1), op_rank(o, in[0]), &axis));
    int64_t n = 1;
    for (int i = axis; i < op_rank(o, in[0]); i++)
        n *= op_shape(o, in[0])->d[i];
    for (int i = 1; i < in_n; i++)
        if (in[i] >= 0 && net_shape_elements(op_shape(o, in[i])) != n)
            return op_refuse(o, "a scale for each element works", "its scale or bias broadcasts");
    node = op_node(o, NET_LAYER_NORM, in, in_n);
    node.attr.axes_n = 1;
    node.attr.axes[0] = axis;
    node.attr.eps = attr_f(o, "epsilon", 1e-5f);
    TRY(op_emit(o, &node, &y));
    TRY(op_out(o, 0, y));
    bool mean = o->out_n > 1 && o->node->output[1][0], inverse = o->out_n > 2 && o->node->output[2][0];
    if (mean || inverse) {                           /* the mean, and 1 / sqrt(variance + eps) */
        int axes[NET_RANK_MAX], axes_n = 0, d, m;
        for (int i = axis; i < op_rank(o, in[0]); i++) {
            if (op_varies(o, in[0], i))
                return op_refuse(o, "fix the batch: --shape INPUT=1x...", "takes the mean over the batch");
            axes[axes_n++] = i;
        }
        TRY(put_reduce(o, NET_MEAN, in[0], axes, axes_n, true, &m));
        if (mean)
            TRY(op_out(o, 1, m));
        if (inverse) {
            TRY(put_binary(o, NET_SUB, in[0], m, &d));
            TRY(put_binary(o, NET_MUL, d, d, &d));
            TRY(put_reduce(o, NET_MEAN, d, axes, axes_n, true, &d));
            TRY(put_scaled(o, NET_ADD, d, node.attr.eps, &d));
            TRY(put_unary(o, d, NET_ACT_SQRT, 0, 0, &d));
            TRY(put_unary(o, d, NET_ACT_RECIPROCAL, 0, 0, &d));
            TRY(op_out(o, 2, d));
        }
    }
    return TRUNDLE_OK;
}

static enum trundle_status rms_norm(struct op *o)
{
    int x, y, scale, axis, axes[NET_RANK_MAX], n = 0;
    TRY(op_f32(o, 0, &x));
    TRY(op_f32(o, 1, &scale));
    TRY(op_axis(o, attr_i(o, "axis", -1), op_rank(o, x), &axis));
    for (int i = axis; i < op_rank(o, x); i++)
        axes[n++] = i;
    for (int i = 0; i < n; i++)
        if (op_varies(o, x, axes[i]))
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "takes the mean over the batch");
    TRY(put_binary(o, NET_MUL, x, x, &y));
    TRY(put_reduce(o, NET_MEAN, y, axes, n, true, &y));
    TRY(put_scaled(o, NET_ADD, y, attr_f(o, "epsilon", 1e-5f), &y));
    TRY(put_unary(o, y, NET_ACT_SQRT, 0, 0, &y));
    TRY(put_binary(o, NET_DIV, x, y, &y));
    TRY(put_binary(o, NET_MUL, y, scale, &y));
    return op_out(o, 0, y);
}

static enum trundle_status lp_norm(struct op *o)
{
    struct net_node node;
    int x, y, axis;
    TRY(op_f32(o, 0, &x));
    TRY(op_axis(o, attr_i(o, "axis", -1), op_rank(o, x), &axis));
    if (attr_i(o, "p", 2) == 1) {
        TRY(put_reduce(o, NET_L1, x, &axis, 1, true, &y));
        TRY(put_scaled(o, NET_MAX, y, 1e-30f, &y));
        TRY(put_binary(o, NET_DIV, x, y, &y));
        return op_out(o, 0, y);
    }
    if (attr_i(o, "p", 2) != 2)
        return op_refuse(o, "p 1 and 2 work", "p is %lld", (long long)attr_i(o, "p", 2));
    node = op_node(o, NET_L2_NORM, &x, 1);
    node.attr.axes_n = 1;
    node.attr.axes[0] = axis;
    node.attr.eps = 1e-30f;
    TRY(op_emit(o, &node, &y));
    return op_out(o, 0, y);
}

enum trundle_status import_math(struct op *o)
{
    static const struct { const char *name; enum net_binary kind; } pairs[] = { { "Add", NET_ADD }, { "Sub", NET_SUB }, { "Mul", NET_MUL }, { "Div", NET_DIV }, { "Pow", NET_POW } };
    static const struct { const char *name; enum net_binary kind; bool mean; } lists[] = { { "Sum", NET_ADD, false }, { "Mean", NET_ADD, true }, { "Max", NET_MAX, false }, { "Min", NET_MIN, false } };
    static const struct { const char *name; enum net_reduce kind; } reduces[] = { { "ReduceSum", NET_SUM }, { "ReduceMean", NET_MEAN }, { "ReduceMax", NET_REDUCE_MAX },
        { "ReduceMin", NET_REDUCE_MIN }, { "ReduceProd", NET_PROD }, { "ReduceL1", NET_L1 }, { "ReduceL2", NET_L2 }, { "ReduceSumSquare", NET_SUMSQ },
        { "ReduceLogSumExp", NET_LOGSUMEXP }, { "ReduceLogSum", NET_SUM } };
    const char *t = o->type;
    bool known = false;
    TRY(unary(o, &known));
    if (known)
        return TRUNDLE_OK;
    TRY(composed(o, &known));
    if (known)
        return TRUNDLE_OK;
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (strcmp(t, pairs[i].name) == 0)
            return two(o, pairs[i].kind);
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        if (strcmp(t, lists[i].name) == 0)
            return many(o, lists[i].kind, lists[i].mean);
    for (size_t i = 0; i < COUNT_OF(reduces); i++)
        if (strcmp(t, reduces[i].name) == 0)
            return reduce(o, reduces[i].kind);
    if (strcmp(t, "Clip") == 0)
        return clip(o);
    if (strcmp(t, "Softmax") == 0 || strcmp(t, "LogSoftmax") == 0)
        return softmax(o, t[0] == 'L');
    if (strcmp(t, "MatMul") == 0)
        return matmul(o);
    if (strcmp(t, "Gemm") == 0)
        return gemm(o);
    if (strcmp(t, "LayerNormalization") == 0)
        return layer_norm(o);
    if (strcmp(t, "RMSNormalization") == 0)
        return rms_norm(o);
    if (strcmp(t, "LpNormalization") == 0)
        return lp_norm(o);
    return TRUNDLE_AGAIN;
}
