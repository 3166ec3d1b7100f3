/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/infer, the operators: what each takes, and the shape, type and quantisation of what it makes. Shapes are ONNX's and numpy's. */
#include "base/net/infer.h"
#include "base/net/op/geometry.h"

#include <math.h>

enum { REACH_MAX = 65536 };        /* strides, dilations, pads, kernels */
#define SUM_MAX (((int64_t)1 << 31) / (255 * 128))                 /* products of u8 and i8 that surely fit an i32 */

#define BAD(...) infer_fail(f, TRUNDLE_BAD_INPUT, NULL, __VA_ARGS__)
#define UNSUPPORTED(hint, ...) infer_fail(f, TRUNDLE_UNSUPPORTED, hint, __VA_ARGS__)

static bool is_u8(const struct net_tensor *t) { return t->type == NET_U8 && t->quant.n == 1; }

/* Which of the operators below have a fused function. */
static bool has_act(enum net_op op)
{
    return op == NET_CONV || op == NET_CONV_TRANSPOSE || op == NET_MATMUL || op == NET_BATCH_NORM || op == NET_UNARY || op == NET_BINARY;
}

static enum trundle_status check_act(struct infer *f)
{
    if ((unsigned)f->a->act >= NET_ACT_COUNT)
        return UNSUPPORTED(NULL, "no function %d", (int)f->a->act);
    if (f->a->act != NET_ACT_IDENTITY && !has_act(f->node->op))
        return UNSUPPORTED("put a unary node behind it", "it takes no function (%s)", net_act_name(f->a->act));
    if (isnan(f->a->alpha) || isnan(f->a->beta))
        return BAD("a parameter of its function is not a number");
    return TRUNDLE_OK;
}

/* f32 only. */
static enum trundle_status only_f32(struct infer *f)
{
    for (int i = 0; i < f->in_n; i++)
        if (f->in[i] && f->in[i]->type != NET_F32)
            return UNSUPPORTED(f->in[i]->type == NET_U8 ? "put a dequantize before it" : "f32", "input %d (%s) is %s", i, f->in[i]->name, net_type_name(f->in[i]->type));
    if (f->a->out_type != NET_NONE && f->a->out_type != NET_F32)
        return UNSUPPORTED("put a quantize behind it", "it makes f32");
    f->type = NET_F32;
    return TRUNDLE_OK;
}

/* f32 in, f32 out; or quantised u8 in, u8 out (to_f32: or f32) with the quantisation asked for. Looks at input 0. */
static enum trundle_status f32_or_u8(struct infer *f, bool to_f32)
{
    const struct net_tensor *x = f->in[0];

    if (x->type == NET_F32) {
        if (f->a->out_type != NET_NONE && f->a->out_type != NET_F32)
            return UNSUPPORTED("put a quantize behind it", "f32 goes in, so f32 comes out");
        f->type = NET_F32;
        return TRUNDLE_OK;
    }
    if (x->type != NET_U8)
        return UNSUPPORTED("f32, or u8 with a quantisation", "input 0 (%s) is %s", x->name, net_type_name(x->type));
    if (x->quant.n != 1)
        return BAD("input 0 (%s) is u8 without a scale", x->name);
    if (f->a->out_type == NET_F32 && to_f32) {
        f->type = NET_F32;
        return TRUNDLE_OK;
    }
    if (f->a->out_type != NET_NONE && f->a->out_type != NET_U8)
        return UNSUPPORTED("put a dequantize behind it", "u8 goes in, so u8 comes out");
    f->type = NET_U8;
    f->scale = f->a->out_scale != 0 ? f->a->out_scale : net_scale_of(x);
    f->zero = f->a->out_scale != 0 ? f->a->out_zero : x->quant.zero;
    return TRUNDLE_OK;
}

/* The output has the input's quantisation: asking for another one is refused. */
static enum trundle_status same_quant(struct infer *f)
{
    if (f->type == NET_U8 && (f->scale != net_scale_of(f->in[0]) || f->zero != f->in[0]->quant.zero))
        return UNSUPPORTED("put a quantize behind it", "its output has the quantisation of its input");
    return TRUNDLE_OK;
}

/* Data movement: anything that needs no arithmetic. */
static enum trundle_status moves(struct infer *f)
{
    const struct net_tensor *x = f->in[0];

    if (x->type == NET_U8) {
        TRY(f32_or_u8(f, false));
        return same_quant(f);
    }
    if (x->type == NET_I8)
        return UNSUPPORTED("move it before it is quantised", "i8 is for weights");
    if (f->a->out_type != NET_NONE && f->a->out_type != x->type)
        return UNSUPPORTED(NULL, "its output has the type of its input");
    f->type = x->type;
    return TRUNDLE_OK;
}

static bool within(int32_t v, int32_t lo) { return v >= lo && v <= REACH_MAX; }

static enum trundle_status check_windows(struct infer *f)
{
    for (int i = 0; i < 2; i++)
        if (!within(f->a->stride[i], 1) || !within(f->a->dilation[i], 1) || !within(f->a->pad[i], 0) || !within(f->a->pad[i + 2], 0))
            return BAD("strides and dilations are 1 to 65536, pads 0 to 65536");
    return TRUNDLE_OK;
}

static enum trundle_status image(struct infer *f)
{
    if (f->in[0]->shape.rank != 4)
        return UNSUPPORTED("reshape to [N, H, W, C]", "input 0 has %d axes, not 4", f->in[0]->shape.rank);
    return TRUNDLE_OK;
}

static enum trundle_status check_bias(struct infer *f, int i, int32_t n)
{
    if (f->in_n <= i || !f->in[i])
        return TRUNDLE_OK;
    if (f->in[i]->type != NET_F32)
        return UNSUPPORTED("a bias is f32 in real units", "bias %s is %s", f->in[i]->name, net_type_name(f->in[i]->type));
    if (f->in[i]->shape.rank != 1 || f->in[i]->shape.d[0] != n)
        return BAD("bias %s does not have %d elements", f->in[i]->name, (int)n);
    return TRUNDLE_OK;
}

static enum trundle_status check_residual(struct infer *f, int i)
{
    if (f->in_n <= i || !f->in[i])
        return TRUNDLE_OK;
    if (f->in[0]->type == NET_U8 ? !is_u8(f->in[i]) : f->in[i]->type != NET_F32)
        return UNSUPPORTED("f32 beside f32, quantised u8 beside u8", "residual %s is %s", f->in[i]->name, net_type_name(f->in[i]->type));
    if (!net_shape_equal(&f->in[i]->shape, &f->shape))
        return BAD("residual %s does not have the output's shape", f->in[i]->name);
    return TRUNDLE_OK;
}

/* A weight: f32 beside f32; i8 with a scale, or one for each of d[axis], beside u8. `taps` products make one sum. */
static enum trundle_status check_weight(struct infer *f, int axis, int64_t taps)
{
    const struct net_tensor *w = f->in[1];

    if (f->in[0]->type == NET_F32) {
        if (w->type != NET_F32)
            return UNSUPPORTED("put a quantize before the node, or a dequantize behind the weight", "weight %s is %s beside f32", w->name, net_type_name(w->type));
        return TRUNDLE_OK;
    }
    if (w->type != NET_I8 || !w->data)
        return UNSUPPORTED("u8 activations need constant i8 weights", "weight %s is %s%s", w->name, w->data ? "" : "computed, ", net_type_name(w->type));
    if (w->quant.n < 1 || w->quant.zero != 0 || (w->quant.n > 1 && w->quant.axis != axis))
        return UNSUPPORTED("one scale, or one for each output channel, zero point 0", "quantisation of weight %s", w->name);
    if (taps > SUM_MAX)
        return UNSUPPORTED("keep this node in f32", "%lld products in one sum may not fit 32 bits", (long long)taps);
    return TRUNDLE_OK;
}

static enum trundle_status conv(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape, *w = &f->in[1]->shape;
    struct net_attr *a = f->a;

    TRY(f32_or_u8(f, true));
    TRY(image(f));
    TRY(check_windows(f));
    if (w->rank != 4)
        return BAD("weight %s has %d axes, not [O, KH, KW, C / groups]", f->in[1]->name, w->rank);
    if (a->groups < 1 || x->d[3] % a->groups || w->d[0] % a->groups || w->d[3] != x->d[3] / a->groups)
        return BAD("%d groups of %d channels do not fit a weight of %d x %d", (int)a->groups, (int)x->d[3], (int)w->d[0], (int)w->d[3]);
    TRY(check_weight(f, 0, (int64_t)w->d[1] * w->d[2] * w->d[3]));
    f->shape = (struct net_shape){ 4, { x->d[0], 0, 0, w->d[0] } };
    for (int i = 0; i < 2; i++) {
        int64_t n = net_window_count(x->d[1 + i], (int64_t)a->pad[i] + a->pad[i + 2], a->pad[i], w->d[1 + i], a->dilation[i], a->stride[i], false);
        if (n < 1)
            return BAD("a kernel of %d (dilation %d) does not fit %d elements and pads", (int)w->d[1 + i], (int)a->dilation[i], (int)x->d[1 + i]);
        f->shape.d[1 + i] = (int32_t)n;
    }
    TRY(check_bias(f, 2, w->d[0]));
    return check_residual(f, 3);
}

static enum trundle_status conv_transpose(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape, *w = &f->in[1]->shape;
    struct net_attr *a = f->a;

    TRY(only_f32(f));
    TRY(image(f));
    TRY(check_windows(f));
    if (w->rank != 4)
        return BAD("weight %s has %d axes, not [C, KH, KW, O / groups]", f->in[1]->name, w->rank);
    if (a->groups < 1 || w->d[0] != x->d[3] || x->d[3] % a->groups || (int64_t)w->d[3] * a->groups > INT32_MAX)
        return BAD("%d groups of %d channels do not fit a weight of %d x %d", (int)a->groups, (int)x->d[3], (int)w->d[0], (int)w->d[3]);
    f->shape = (struct net_shape){ 4, { x->d[0], 0, 0, w->d[3] * a->groups } };
    for (int i = 0; i < 2; i++) {
        if (!within(a->output_pad[i], 0))
            return BAD("output_pad is 0 to 65536");
        int64_t n = (int64_t)(x->d[1 + i] - 1) * a->stride[i] - a->pad[i] - a->pad[i + 2] + (int64_t)(w->d[1 + i] - 1) * a->dilation[i] + 1 + a->output_pad[i];
        if (n < 1 || n > INT32_MAX)
            return BAD("its output has %lld rows or columns", (long long)n);
        f->shape.d[1 + i] = (int32_t)n;
    }
    return check_bias(f, 2, f->shape.d[3]);
}

static enum trundle_status broadcast(struct infer *f, const struct net_shape *a, const struct net_shape *b, struct net_shape *out)
{
    struct net_shape s = { a->rank > b->rank ? a->rank : b->rank, { 0 } };

    for (int i = 0; i < s.rank; i++) {
        int ia = i - (s.rank - a->rank), ib = i - (s.rank - b->rank);
        int32_t da = ia < 0 ? 1 : a->d[ia], db = ib < 0 ? 1 : b->d[ib];
        if (da != db && da != 1 && db != 1) {
            char ta[80], tb[80];
            return BAD("%s and %s do not broadcast", net_shape_text(a, ta), net_shape_text(b, tb));
        }
        s.d[i] = da == 1 ? db : da;
    }
    *out = s;
    return TRUNDLE_OK;
}

static enum trundle_status matmul(struct infer *f)
{
    const struct net_shape *a = &f->in[0]->shape, *b = &f->in[1]->shape;
    struct net_shape la = *a, lb = *b;
    int32_t k, n;

    TRY(f32_or_u8(f, true));
    if (a->rank < 2 || b->rank < 2)
        return UNSUPPORTED("reshape vectors to one row or column", "operands of %d and %d axes", a->rank, b->rank);
    k = f->a->flip_b ? b->d[b->rank - 1] : b->d[b->rank - 2];
    n = f->a->flip_b ? b->d[b->rank - 2] : b->d[b->rank - 1];
    if (k != a->d[a->rank - 1])
        return BAD("rows of %d elements meet columns of %d", (int)a->d[a->rank - 1], (int)k);
    if (f->in[0]->type == NET_U8 && b->rank != 2)
        return UNSUPPORTED("a weight has 2 axes", "weight %s has %d axes", f->in[1]->name, b->rank);
    TRY(check_weight(f, f->a->flip_b ? 0 : 1, k));
    la.rank -= 2;
    lb.rank -= 2;
    TRY(broadcast(f, &la, &lb, &f->shape));
    f->shape.d[f->shape.rank++] = a->d[a->rank - 2];
    f->shape.d[f->shape.rank++] = n;
    TRY(check_bias(f, 2, n));
    return check_residual(f, 3);
}

static enum trundle_status check_eps(struct infer *f)
{
    return f->a->eps >= 0 && isfinite(f->a->eps) ? TRUNDLE_OK : BAD("eps is not a number >= 0");
}

/* Negative axes count from the end; `least` to `most` of them, all different. */
static enum trundle_status check_axes(struct infer *f, int least, int most)
{
    int rank = f->in[0]->shape.rank;
    unsigned seen = 0;

    if (f->a->axes_n < least || f->a->axes_n > most)
        return BAD("%d axes, %d to %d wanted", f->a->axes_n, least, most);
    for (int i = 0; i < f->a->axes_n; i++) {
        int32_t axis = f->a->axes[i];
        if (axis < -rank || axis >= rank)
            return BAD("axis %d of %d", (int)axis, rank);
        axis = axis < 0 ? axis + rank : axis;
        if (seen >> axis & 1)
            return BAD("axis %d twice", (int)axis);
        seen |= 1u << axis;
        f->a->axes[i] = axis;
    }
    return TRUNDLE_OK;
}

static enum trundle_status batch_norm(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;

    TRY(only_f32(f));
    TRY(check_eps(f));
    if (x->rank < 1)
        return BAD("a scalar has no channels");
    f->shape = *x;
    for (int i = 1; i < 5; i++)
        if (f->in[i]->shape.rank != 1 || f->in[i]->shape.d[0] != x->d[x->rank - 1])
            return BAD("%s does not have %d elements", f->in[i]->name, (int)x->d[x->rank - 1]);
    return TRUNDLE_OK;
}

static enum trundle_status layer_norm(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;
    int64_t n;

    TRY(only_f32(f));
    TRY(check_eps(f));
    if (f->a->axes_n == 0 && x->rank > 0) {
        f->a->axes_n = 1;
        f->a->axes[0] = -1;
    }
    TRY(check_axes(f, 1, 1));
    f->shape = *x;
    n = net_axis_of(x, f->a->axes[0]).inner * x->d[f->a->axes[0]];
    for (int i = 1; i < f->in_n; i++)
        if (f->in[i] && net_shape_elements(&f->in[i]->shape) != n)
            return BAD("%s does not have %lld elements", f->in[i]->name, (long long)n);
    return TRUNDLE_OK;
}

static enum trundle_status unary(struct infer *f)
{
    f->shape = f->in[0]->shape;
    return f32_or_u8(f, false);
}

static enum trundle_status binary(struct infer *f)
{
    if ((unsigned)f->a->kind >= NET_BINARY_COUNT)
        return UNSUPPORTED(NULL, "no kind %d", (int)f->a->kind);
    TRY(f32_or_u8(f, false));
    if (f->type == NET_U8 ? !is_u8(f->in[1]) : f->in[1]->type != NET_F32)
        return UNSUPPORTED("f32 beside f32, quantised u8 beside u8", "input 1 (%s) is %s beside %s", f->in[1]->name, net_type_name(f->in[1]->type), net_type_name(f->type));
    if (f->type == NET_U8 && f->a->kind != NET_ADD && f->a->kind != NET_SUB && f->a->kind != NET_MUL)
        return UNSUPPORTED("add, sub and mul; else dequantize", "kind %d of u8", (int)f->a->kind);
    return broadcast(f, &f->in[0]->shape, &f->in[1]->shape, &f->shape);
}

static enum trundle_status pool(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;
    struct net_attr *a = f->a;

    TRY(f32_or_u8(f, false));
    TRY(image(f));
    if ((unsigned)a->kind >= NET_POOL_COUNT)
        return UNSUPPORTED("max or average", "no kind %d", (int)a->kind);
    if (a->kind == NET_POOL_MAX)
        TRY(same_quant(f));
    f->shape = *x;
    if (a->kernel[0] == 0 && a->kernel[1] == 0) {
        f->shape.d[1] = f->shape.d[2] = 1;
        if ((int64_t)x->d[1] * x->d[2] > INT32_MAX / 255)
            return UNSUPPORTED("pool in two steps", "more than 2^23 elements in one window");
        return TRUNDLE_OK;
    }
    TRY(check_windows(f));
    for (int i = 0; i < 2; i++) {
        if (!within(a->kernel[i], 1))
            return BAD("a kernel is 1 to 65536, or 0 x 0: the whole image");
        int64_t reach = (int64_t)(a->kernel[i] - 1) * a->dilation[i] + 1;
        if (a->pad[i] >= reach || a->pad[i + 2] >= reach)
            return BAD("pads reach past the kernel: a window would see nothing");
        int64_t n = net_window_count(x->d[1 + i], (int64_t)a->pad[i] + a->pad[i + 2], a->pad[i], a->kernel[i], a->dilation[i], a->stride[i], a->ceil_);
        if (n < 1)
            return BAD("a kernel of %d (dilation %d) does not fit %d elements and pads", (int)a->kernel[i], (int)a->dilation[i], (int)x->d[1 + i]);
        f->shape.d[1 + i] = (int32_t)n;
    }
    if ((int64_t)a->kernel[0] * a->kernel[1] > INT32_MAX / 255)
        return UNSUPPORTED("pool in two steps", "more than 2^23 elements in one window");
    return TRUNDLE_OK;
}

static enum trundle_status resize(struct infer *f)
{
    struct net_attr *a = f->a;

    TRY(f32_or_u8(f, false));
    TRY(image(f));
    TRY(same_quant(f));
    if ((unsigned)a->mode >= NET_RESIZE_COUNT || (unsigned)a->coords >= NET_COORDS_COUNT || (unsigned)a->nearest >= NET_ROUNDING_COUNT)
        return UNSUPPORTED("nearest or bilinear", "mode %d, coordinates %d, rounding %d", (int)a->mode, (int)a->coords, (int)a->nearest);
    if (a->dims_n != 0 && a->dims_n != 2)
        return BAD("%d sizes, not height and width", a->dims_n);
    f->shape = f->in[0]->shape;
    for (int i = 0; i < 2; i++) {
        double n = a->dims_n ? (double)a->dims[i] : floor((double)f->shape.d[1 + i] * (double)a->scale[i]);
        if (!(n >= 1 && n <= INT32_MAX))
            return BAD("its output has %g rows or columns", n);
        f->shape.d[1 + i] = (int32_t)n;
    }
    return TRUNDLE_OK;
}

static enum trundle_status concat(struct infer *f)
{
    int64_t n = 0;
    int axis;

    TRY(check_axes(f, 1, 1));
    axis = f->a->axes[0];
    if (f->in[0]->type == NET_U8)
        TRY(f32_or_u8(f, false));
    else
        TRY(moves(f));
    f->shape = f->in[0]->shape;
    for (int i = 0; i < f->in_n; i++) {
        struct net_shape s = f->in[i]->shape;
        if (f->in[i]->type != f->in[0]->type || (f->type == NET_U8 && f->in[i]->quant.n != 1))
            return UNSUPPORTED("one type for all; u8 with a scale each", "input %d (%s) is %s beside %s", i, f->in[i]->name, net_type_name(f->in[i]->type), net_type_name(f->in[0]->type));
        if (s.rank != f->shape.rank)
            return BAD("input %d has %d axes, not %d", i, s.rank, f->shape.rank);
        n += s.d[axis];
        s.d[axis] = f->shape.d[axis];
        if (!net_shape_equal(&s, &f->shape))
            return BAD("input %d (%s) differs in another axis than %d", i, f->in[i]->name, axis);
    }
    if (n > INT32_MAX)
        return infer_fail(f, TRUNDLE_TOO_LARGE, NULL, "2^31 elements or more");
    f->shape.d[axis] = (int32_t)n;
    return TRUNDLE_OK;
}

static enum trundle_status slice(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;

    TRY(moves(f));
    if (f->a->dims_n != x->rank)
        return BAD("bounds for %d axes of %d", f->a->dims_n, x->rank);
    f->shape = *x;
    for (int i = 0; i < x->rank; i++) {
        int64_t first, n;
        if (f->a->step[i] == 0)
            return BAD("a step of 0 in axis %d", i);
        n = net_slice_axis(f->a->begin[i], f->a->end[i], f->a->step[i], x->d[i], &first);
        if (n < 1)
            return UNSUPPORTED("tensors have at least one element", "%d..%d of %d leaves nothing of axis %d", (int)f->a->begin[i], (int)f->a->end[i], (int)x->d[i], i);
        f->shape.d[i] = (int32_t)n;
    }
    return TRUNDLE_OK;
}

static enum trundle_status pad(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;

    TRY(moves(f));
    if ((unsigned)f->a->mode >= NET_PAD_COUNT)
        return UNSUPPORTED("constant, edge or reflect", "no mode %d", (int)f->a->mode);
    if (f->a->mode == NET_PAD_CONSTANT && f->type != NET_F32 && !(f->a->value >= -0x1p31f && f->a->value < 0x1p31f))
        return BAD("a value of %g", (double)f->a->value);
    f->shape = *x;
    for (int i = 0; i < x->rank; i++) {
        int64_t n = (int64_t)x->d[i] + f->a->begin[i] + f->a->end[i];
        if (f->a->mode == NET_PAD_REFLECT && (f->a->begin[i] >= x->d[i] || f->a->end[i] >= x->d[i]))
            return BAD("%d and %d elements cannot be reflected from %d", (int)f->a->begin[i], (int)f->a->end[i], (int)x->d[i]);
        if (n < 1 || n > INT32_MAX)
            return BAD("axis %d would have %lld elements", i, (long long)n);
        f->shape.d[i] = (int32_t)n;
    }
    return TRUNDLE_OK;
}

static enum trundle_status reshape(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;
    int64_t have = net_shape_elements(x), known = 1;
    int rest = -1;

    TRY(moves(f));
    if (f->a->dims_n < 0 || f->a->dims_n > NET_RANK_MAX)
        return UNSUPPORTED("at most 6 axes", "%d axes", f->a->dims_n);
    f->shape.rank = f->a->dims_n;
    for (int i = 0; i < f->a->dims_n; i++) {
        int32_t d = f->a->dims[i];
        if (d == 0 && i < x->rank)
            d = x->d[i];
        if (d == -1 && rest < 0) {
            rest = i;
            d = 1;
        }
        if (d < 1)
            return BAD("axis %d would have %d elements", i, (int)d);
        f->shape.d[i] = d;
        known *= d;
        if (known > have)
            break;
    }
    if (rest >= 0 && known <= have && have % known == 0)
        f->shape.d[rest] = (int32_t)(have / known);
    else if (known != have)
        return BAD("%lld elements do not fit its dims", (long long)have);
    return TRUNDLE_OK;
}

static enum trundle_status transpose(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;

    TRY(moves(f));
    TRY(check_axes(f, x->rank, x->rank));
    f->shape = *x;
    for (int i = 0; i < x->rank; i++)
        f->shape.d[i] = x->d[f->a->axes[i]];
    return TRUNDLE_OK;
}

static enum trundle_status expand(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;
    struct net_shape to = { f->a->dims_n, { 0 } };

    TRY(moves(f));
    if (f->a->dims_n < 0 || f->a->dims_n > NET_RANK_MAX)
        return UNSUPPORTED("at most 6 axes", "%d axes", f->a->dims_n);
    for (int i = 0; i < to.rank; i++) {
        int k = i - (to.rank - x->rank);
        to.d[i] = f->a->dims[i] == 0 && k >= 0 ? x->d[k] : f->a->dims[i];
        if (to.d[i] < 1)
            return BAD("axis %d would have %d elements", i, (int)to.d[i]);
    }
    return broadcast(f, x, &to, &f->shape);
}

static enum trundle_status along_axis(struct infer *f)             /* softmax, l2_norm */
{
    TRY(only_f32(f));
    TRY(check_eps(f));
    f->shape = f->in[0]->shape;
    return check_axes(f, 1, 1);
}

static enum trundle_status reduce(struct infer *f)
{
    const struct net_shape *x = &f->in[0]->shape;
    int64_t n = 1;
    unsigned over = 0;

    if ((unsigned)f->a->kind >= NET_REDUCE_COUNT)
        return UNSUPPORTED(NULL, "no kind %d", (int)f->a->kind);
    TRY(f32_or_u8(f, false));
    if (f->type == NET_U8 && f->a->kind != NET_MEAN)
        return UNSUPPORTED("the mean; else dequantize", "kind %d of u8", (int)f->a->kind);
    if (f->a->axes_n == 0)
        for (; f->a->axes_n < x->rank; f->a->axes_n++)
            f->a->axes[f->a->axes_n] = f->a->axes_n;
    TRY(check_axes(f, 0, x->rank));
    for (int i = 0; i < f->a->axes_n; i++)
        over |= 1u << f->a->axes[i];
    for (int i = 0; i < x->rank; i++) {
        if (over >> i & 1)
            n *= x->d[i];
        if (!(over >> i & 1) || f->a->keep)
            f->shape.d[f->shape.rank++] = over >> i & 1 ? 1 : x->d[i];
    }
    if (n > INT32_MAX / 255)
        return UNSUPPORTED("reduce in two steps", "more than 2^23 elements become one");
    return TRUNDLE_OK;
}

static enum trundle_status attention(struct infer *f)
{
    const struct net_shape *q = &f->in[0]->shape, *k = &f->in[1]->shape, *v = &f->in[2]->shape;
    int32_t heads = f->a->heads;

    TRY(only_f32(f));
    if (q->rank != 3 || k->rank != 3 || v->rank != 3)
        return BAD("q, k and v have 3 axes");
    if (k->d[0] != q->d[0] || v->d[0] != q->d[0] || k->d[2] != q->d[2] || v->d[1] != k->d[1])
        return BAD("q, k and v do not fit each other");
    if (heads < 1 || q->d[2] % heads || v->d[2] % heads)
        return BAD("%d heads do not divide %d and %d channels", (int)heads, (int)q->d[2], (int)v->d[2]);
    if (!(f->a->scale[0] >= 0) || !isfinite(f->a->scale[0]))
        return BAD("a scale of %g", (double)f->a->scale[0]);
    if (f->in_n > 3 && f->in[3]) {
        struct net_shape full = { 4, { q->d[0], heads, q->d[1], k->d[1] } }, got;
        TRY(broadcast(f, &f->in[3]->shape, &full, &got));
        if (!net_shape_equal(&got, &full))
            return BAD("the mask is larger than [N, heads, T, S]");
    }
    f->shape = (struct net_shape){ 3, { q->d[0], q->d[1], v->d[2] } };
    return TRUNDLE_OK;
}

static enum trundle_status quantize(struct infer *f)
{
    if (f->in[0]->type != NET_F32 && !is_u8(f->in[0]))
        return UNSUPPORTED("f32, or u8 with a scale", "input 0 (%s) is %s", f->in[0]->name, net_type_name(f->in[0]->type));
    if (f->a->out_type != NET_NONE && f->a->out_type != NET_U8)
        return UNSUPPORTED("u8", "it makes %s", net_type_name(f->a->out_type));
    f->shape = f->in[0]->shape;
    f->type = NET_U8;
    f->scale = f->a->out_scale;
    f->zero = f->a->out_zero;
    return TRUNDLE_OK;
}

static enum trundle_status dequantize(struct infer *f)
{
    const struct net_tensor *x = f->in[0];

    if ((x->type != NET_U8 && x->type != NET_I8) || x->quant.n < 1)
        return UNSUPPORTED("u8 or i8 with a scale", "input 0 (%s) is %s%s", x->name, net_type_name(x->type), x->quant.n < 1 ? " without a scale" : "");
    if (f->a->out_type != NET_NONE && f->a->out_type != NET_F32)
        return UNSUPPORTED("f32", "it makes %s", net_type_name(f->a->out_type));
    f->shape = x->shape;
    f->type = NET_F32;
    return TRUNDLE_OK;
}

enum trundle_status infer_node(struct infer *f)
{
    if (f->a->out_type < NET_NONE || f->a->out_type >= NET_TYPE_COUNT)
        return UNSUPPORTED(NULL, "no type %d", (int)f->a->out_type);
    TRY(check_act(f));
    switch (f->node->op) {
    case NET_CONV:           return conv(f);
    case NET_CONV_TRANSPOSE: return conv_transpose(f);
    case NET_MATMUL:         return matmul(f);
    case NET_BATCH_NORM:     return batch_norm(f);
    case NET_LAYER_NORM:     return layer_norm(f);
    case NET_UNARY:          return unary(f);
    case NET_BINARY:         return binary(f);
    case NET_POOL:           return pool(f);
    case NET_RESIZE:         return resize(f);
    case NET_CONCAT:         return concat(f);
    case NET_SLICE:          return slice(f);
    case NET_PAD:            return pad(f);
    case NET_RESHAPE:        return reshape(f);
    case NET_TRANSPOSE:      return transpose(f);
    case NET_EXPAND:         return expand(f);
    case NET_SOFTMAX:
    case NET_L2_NORM:        return along_axis(f);
    case NET_REDUCE:         return reduce(f);
    case NET_ATTENTION:      return attention(f);
    case NET_QUANTIZE:       return quantize(f);
    case NET_DEQUANTIZE:     return dequantize(f);
    case NET_OP_COUNT:       break;
    }
    return UNSUPPORTED(NULL, "no such operator");
}
