/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/import_image - operators on [N, C, H, W]: convolutions, pools, resizes, norms over channels. Each stands between two transposes. */
#include "base/net/onnx/inside.h"

#include <math.h>
#include <string.h>

/* [N, C, H, W] from 3 or 4 axes; 1-D images are images of one row. *one_d says which. */
static enum trundle_status image_in(struct op *o, int i, int *out, bool *one_d)
{
    int x;
    TRY(op_tensor(o, i, &x));
    *one_d = op_rank(o, x) == 3;
    if (op_rank(o, x) != 3 && op_rank(o, x) != 4)
        return op_refuse(o, "1-D and 2-D images work", "its input has %d axes", op_rank(o, x));
    if (*one_d) {
        struct net_shape a = *op_shape(o, x), b = *op_shape_b(o, x);
        a = NET_SHAPE(a.d[0], a.d[1], 1, a.d[2]);
        b = NET_SHAPE(b.d[0], b.d[1], 1, b.d[2]);
        TRY(put_reshape(o, x, &a, &b, &x));
    }
    return put_last(o, x, out);
}

static enum trundle_status image_out(struct op *o, int y, bool one_d)
{
    TRY(put_first(o, y, &y));
    if (one_d) {
        struct net_shape a = *op_shape(o, y), b = *op_shape_b(o, y);
        a = NET_SHAPE(a.d[0], a.d[1], a.d[3]);
        b = NET_SHAPE(b.d[0], b.d[1], b.d[3]);
        TRY(put_reshape(o, y, &a, &b, &y));
    }
    return op_out(o, 0, y);
}

/* One number for height and width each; `or` when absent. */
static enum trundle_status pair(struct op *o, const char *name, bool one_d, int32_t or, int32_t *out, bool *out_there)
{
    int64_t v[4];
    int n;
    TRY(op_integers(o, name, -1, v, 4, &n));
    out[0] = out[1] = or;
    if (out_there)
        *out_there = n >= 0;
    if (n < 0)
        return TRUNDLE_OK;
    if (n != (one_d ? 1 : 2))
        return op_bad(o, "%d numbers in '%s'", n, name);
    for (int i = 0; i < n; i++) {
        if (v[i] < 0 || v[i] > INT32_MAX)
            return op_bad(o, "%lld in '%s'", (long long)v[i], name);
        out[one_d ? 1 : i] = (int32_t)v[i];
    }
    if (one_d)
        out[0] = strcmp(name, "output_padding") == 0 ? 0 : 1;
    return TRUNDLE_OK;
}

/* Pads from 'pads' or 'auto_pad'; `image` is [N, H, W, C]. */
static enum trundle_status window(struct op *o, bool one_d, int image, const int32_t kernel[2], struct net_attr *a)
{
    int64_t v[8];
    int n;
    TRY(pair(o, "strides", one_d, 1, a->stride, NULL));
    TRY(pair(o, "dilations", one_d, 1, a->dilation, NULL));
    if (a->stride[0] < 1 || a->stride[1] < 1 || a->dilation[0] < 1 || a->dilation[1] < 1)
        return op_bad(o, "a stride or dilation of 0");
    TRY(op_integers(o, "pads", -1, v, 8, &n));
    if (attr_is(o, "auto_pad", "NOTSET", "NOTSET")) {
        if (n >= 0 && n != (one_d ? 2 : 4))
            return op_bad(o, "%d pads", n);
        for (int i = 0; i < n; i++) {
            if (v[i] < 0 || v[i] > INT32_MAX)
                return v[i] < 0 ? op_refuse(o, "slice before it", "pads of %lld", (long long)v[i]) : op_bad(o, "pads of %lld", (long long)v[i]);
            a->pad[one_d ? 1 + 2 * i : i] = (int32_t)v[i];
        }
        return TRUNDLE_OK;
    }
    if (attr_is(o, "auto_pad", "VALID", ""))
        return TRUNDLE_OK;
    if (!attr_is(o, "auto_pad", "SAME_UPPER", "") && !attr_is(o, "auto_pad", "SAME_LOWER", ""))
        return op_bad(o, "an unknown auto_pad");
    for (int i = 0; i < 2; i++) {
        int64_t in = op_shape(o, image)->d[1 + i], made = (in + a->stride[i] - 1) / a->stride[i];
        int64_t total = (made - 1) * a->stride[i] + (int64_t)(kernel[i] - 1) * a->dilation[i] + 1 - in;
        total = total < 0 ? 0 : total > INT32_MAX ? INT32_MAX : total;
        a->pad[i] = (int32_t)(attr_is(o, "auto_pad", "SAME_UPPER", "") ? total / 2 : total - total / 2);
        a->pad[2 + i] = (int32_t)total - a->pad[i];
    }
    return TRUNDLE_OK;
}

/* Weights [a, b, KH, KW] (or [a, b, K]) as [a, KH, KW, b]; i8 ones come with a dequantize. */
static enum trundle_status weights(struct op *o, bool one_d, int *out)
{
    static const int axes[] = { 0, 2, 3, 1 };
    struct fixed f = { 0 }, moved = { 0 };
    enum trundle_status status;
    if (!op_fixed(o, 1))
        return op_refuse(o, "constant weights work", "its weights are computed when the net runs");
    TRY(fixed_copy(&o->in[1]->fixed, &f, o->err));
    status = f.t.rank == (one_d ? 3 : 4) ? TRUNDLE_OK : op_bad(o, "weights of %d axes", f.t.rank);
    if (status == TRUNDLE_OK && f.t.type != NET_F32 && !f.scale)
        status = op_refuse(o, "float weights, or int8 ones behind DequantizeLinear", "weights of %s", onnx_type_name(f.t.onnx_type));
    if (status == TRUNDLE_OK && one_d) {
        f.t.rank = 4;
        f.t.d[3] = f.t.d[2];
        f.t.d[2] = 1;
    }
    if (status == TRUNDLE_OK)
        status = fixed_transpose(&f, axes, &moved, o->err);
    if (status == TRUNDLE_OK)
        status = op_constant(o, &moved, "", out);
    if (status == TRUNDLE_OK && moved.scale) {
        struct net_node node = op_node(o, NET_DEQUANTIZE, out, 1);
        status = op_emit(o, &node, out);
    }
    fixed_done(&f);
    fixed_done(&moved);
    return status;
}

static enum trundle_status conv(struct op *o, bool transposed)
{
    struct net_node node;
    int in[3] = { -1, -1, -1 }, y, in_n = 2;
    int32_t kernel[2], given[2], want[2];
    bool one_d, there;
    int64_t group = attr_i(o, "group", 1);
    TRY(image_in(o, 0, &in[0], &one_d));
    TRY(weights(o, one_d, &in[1]));
    if (op_has(o, 2)) {
        TRY(op_f32(o, 2, &in[2]));
        in_n = 3;
    }
    node = op_node(o, transposed ? NET_CONV_TRANSPOSE : NET_CONV, in, in_n);
    kernel[0] = op_shape(o, in[1])->d[1];
    kernel[1] = op_shape(o, in[1])->d[2];
    TRY(pair(o, "kernel_shape", one_d, 0, given, &there));
    if (there && (given[0] != kernel[0] || given[1] != kernel[1]))
        return op_bad(o, "a kernel of %d x %d with weights of %d x %d", (int)given[0], (int)given[1], (int)kernel[0], (int)kernel[1]);
    if (group < 1 || group > INT32_MAX)
        return op_bad(o, "%lld groups", (long long)group);
    node.attr.groups = (int32_t)group;
    if (!transposed) {
        TRY(window(o, one_d, in[0], kernel, &node.attr));
    } else {
        bool same = attr_is(o, "auto_pad", "SAME_UPPER", "NOTSET") || attr_is(o, "auto_pad", "SAME_LOWER", "NOTSET");
        TRY(pair(o, "output_padding", one_d, 0, node.attr.output_pad, NULL));
        TRY(pair(o, "output_shape", one_d, 0, want, &there));
        TRY(window(o, one_d, in[0], kernel, &node.attr));
        for (int i = one_d ? 1 : 0; (there || same) && i < 2; i++) {
            int64_t size = op_shape(o, in[0])->d[1 + i], s = node.attr.stride[i];
            int64_t total = s * (size - 1) + node.attr.output_pad[i] + (int64_t)(kernel[i] - 1) * node.attr.dilation[i] + 1 - (there ? want[i] : size * s);
            if (total > INT32_MAX || total < -INT32_MAX)
                return op_bad(o, "its output is too large");
            if (total < 0) {
                node.attr.output_pad[i] -= (int32_t)total;
                total = 0;
            }
            node.attr.pad[i] = (int32_t)(attr_is(o, "auto_pad", "SAME_UPPER", "NOTSET") ? total / 2 : total - total / 2);
            node.attr.pad[2 + i] = (int32_t)total - node.attr.pad[i];
        }
    }
    TRY(op_emit(o, &node, &y));
    return image_out(o, y, one_d);
}

static enum trundle_status pool(struct op *o, bool max)
{
    struct net_node node;
    int x, y;
    bool one_d, there;
    if (o->out_n > 1 && o->node->output[1][0])
        return op_refuse(o, "without indices it works", "asks for the indices of the maxima");
    TRY(image_in(o, 0, &x, &one_d));
    node = op_node(o, NET_POOL, &x, 1);
    node.attr.kind = max ? NET_POOL_MAX : NET_POOL_AVERAGE;
    TRY(pair(o, "kernel_shape", one_d, 1, node.attr.kernel, &there));
    if (!there || node.attr.kernel[0] < 1 || node.attr.kernel[1] < 1)
        return op_bad(o, "no kernel_shape");
    TRY(window(o, one_d, x, node.attr.kernel, &node.attr));
    node.attr.ceil_ = attr_i(o, "ceil_mode", 0) != 0;
    node.attr.count_pad = attr_i(o, "count_include_pad", 0) != 0;
    TRY(op_emit(o, &node, &y));
    return image_out(o, y, one_d);
}

static enum trundle_status global_pool(struct op *o, bool max)
{
    int x, y, axes[NET_RANK_MAX], n = 0;
    TRY(op_tensor(o, 0, &x));
    if (op_rank(o, x) < 3)
        return op_bad(o, "its input has %d axes", op_rank(o, x));
    if (op_rank(o, x) == 4) {
        struct net_node node;
        TRY(put_last(o, x, &x));
        node = op_node(o, NET_POOL, &x, 1);
        node.attr.kind = max ? NET_POOL_MAX : NET_POOL_AVERAGE;
        TRY(op_emit(o, &node, &y));
        return image_out(o, y, false);
    }
    for (int i = 2; i < op_rank(o, x); i++)
        axes[n++] = i;
    TRY(put_reduce(o, max ? NET_REDUCE_MAX : NET_MEAN, x, axes, n, true, &y));
    return op_out(o, 0, y);
}

static enum trundle_status batch_norm(struct op *o)
{
    struct net_node node;
    int in[5], y;
    if (attr_i(o, "training_mode", 0) != 0 || (o->m->opset < 7 && attr_i(o, "is_test", 0) == 0) || (o->out_n > 1 && o->node->output[1][0]))
        return op_refuse(o, "export it for inference (model.eval())", "is in training mode");
    for (int i = 0; i < 5; i++)
        TRY(op_f32(o, i, &in[i]));
    if (op_rank(o, in[0]) < 2)
        return op_bad(o, "its input has %d axes", op_rank(o, in[0]));
    TRY(put_last(o, in[0], &in[0]));
    node = op_node(o, NET_BATCH_NORM, in, 5);
    node.attr.eps = attr_f(o, "epsilon", 1e-5f);
    TRY(op_emit(o, &node, &y));
    TRY(put_first(o, y, &y));
    return op_out(o, 0, y);
}

/* Input i, [C], as [C, 1, ..., 1] that stands beside axis 1 of `rank` axes. */
static enum trundle_status per_channel(struct op *o, int i, int rank, int32_t channels, int *out)
{
    struct net_shape s = { .rank = rank - 1 };
    int x;
    TRY(op_f32(o, i, &x));
    if (net_shape_elements(op_shape(o, x)) != channels)
        return op_refuse(o, "one number for each channel works", "input %d holds %lld numbers for %d channels", i, (long long)net_shape_elements(op_shape(o, x)), (int)channels);
    for (int k = 0; k < s.rank; k++)
        s.d[k] = k ? 1 : channels;
    return put_reshape(o, x, &s, &s, out);
}

/* (x - mean) / sqrt(variance + eps) over axes. */
static enum trundle_status normalised(struct op *o, int x, const int *axes, int n, float eps, int *out)
{
    int mean, d, square, var;
    TRY(put_reduce(o, NET_MEAN, x, axes, n, true, &mean));
    TRY(put_binary(o, NET_SUB, x, mean, &d));
    TRY(put_binary(o, NET_MUL, d, d, &square));
    TRY(put_reduce(o, NET_MEAN, square, axes, n, true, &var));
    TRY(put_scaled(o, NET_ADD, var, eps, &var));
    TRY(put_unary(o, var, NET_ACT_SQRT, 0, 0, &var));
    return put_binary(o, NET_DIV, d, var, out);
}

static enum trundle_status instance_norm(struct op *o, bool groups)
{
    int x, y, scale, bias, axes[NET_RANK_MAX], n = 0, rank;
    int32_t channels;
    int64_t g = attr_i(o, "num_groups", 1);
    struct net_shape a, b;
    TRY(op_f32(o, 0, &x));
    a = *op_shape(o, x);
    b = *op_shape_b(o, x);
    rank = a.rank;
    if (rank < 3)
        return op_bad(o, "its input has %d axes", rank);
    channels = a.d[1];
    if (groups) {
        struct net_shape ga = NET_SHAPE(a.d[0], 0, 0), gb = NET_SHAPE(b.d[0], 0, 0);
        if (g < 1 || channels % g)
            return op_bad(o, "%lld groups of %d channels", (long long)g, (int)channels);
        ga.d[1] = gb.d[1] = (int32_t)g;
        ga.d[2] = gb.d[2] = (int32_t)(net_shape_elements(&a) / a.d[0] / g);
        TRY(put_reshape(o, x, &ga, &gb, &y));
        TRY(normalised(o, y, (int[]){ 2 }, 1, attr_f(o, "epsilon", 1e-5f), &y));
        TRY(put_reshape(o, y, &a, &b, &y));
    } else {
        for (int i = 2; i < rank; i++)
            axes[n++] = i;
        TRY(normalised(o, x, axes, n, attr_f(o, "epsilon", 1e-5f), &y));
    }
    TRY(per_channel(o, 1, rank, channels, &scale));
    TRY(per_channel(o, 2, rank, channels, &bias));
    TRY(put_binary(o, NET_MUL, y, scale, &y));
    TRY(put_binary(o, NET_ADD, y, bias, &y));
    return op_out(o, 0, y);
}

static enum trundle_status mean_variance(struct op *o)
{
    int64_t given[NET_RANK_MAX];
    int axes[NET_RANK_MAX] = { 0, 2, 3 }, n = 0, x, y;
    TRY(op_f32(o, 0, &x));
    TRY(op_integers(o, "axes", -1, given, NET_RANK_MAX, &n));
    for (int i = 0; i < n; i++)
        TRY(op_axis(o, given[i], op_rank(o, x), &axes[i]));
    n = n < 0 ? 3 : n;
    for (int i = 0; i < n; i++) {
        if (axes[i] >= op_rank(o, x))
            return op_bad(o, "axis %d of %d", axes[i], op_rank(o, x));
        if (op_varies(o, x, axes[i]))
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "takes the mean over the batch");
    }
    TRY(normalised(o, x, axes, n, 1e-18f, &y));
    return op_out(o, 0, y);
}

static bool named(const struct op *o, const char *attribute, const char *const *names, int n, const char *or, int32_t *out)
{
    for (int i = 0; i < n; i++)
        if (attr_is(o, attribute, names[i], or)) {
            *out = i;
            return true;
        }
    return false;
}

/* Scales or sizes of all axes: only those of height and width may change. Numbers of an input or an attribute. */
static enum trundle_status resize(struct op *o, bool up)
{
    static const char *const coords[] = { "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel" };
    static const char *const rounding[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" };
    bool old = up || o->m->opset < 11;
    int scales = up ? (o->m->opset < 9 ? -1 : 1) : o->m->opset < 11 ? 1 : 2, sizes = old ? -1 : 3, x, y, n, rank;
    double scale[NET_RANK_MAX] = { 1, 1, 1, 1, 1, 1 };
    int64_t size[NET_RANK_MAX], given[NET_RANK_MAX];
    bool by_size = false;
    const OnnxFile__Attribute *attribute = attr_find(o, "scales");
    struct net_node node;
    TRY(op_tensor(o, 0, &x));
    rank = op_rank(o, x);
    if (rank != 4)
        return op_refuse(o, "[N, C, H, W] works", "its input has %d axes", rank);
    for (int i = 0; i < rank; i++)
        given[i] = i;
    TRY(op_integers(o, "axes", -1, given, rank, &n));
    n = n < 0 ? rank : n;
    if (sizes >= 0 && op_fixed(o, sizes) && o->in[sizes]->fixed.t.n > 0) {
        const struct fixed *f = &o->in[sizes]->fixed;
        if (f->t.n != n)
            return op_bad(o, "%lld sizes for %d axes", (long long)f->t.n, n);
        by_size = true;
        for (int i = 0; i < n; i++) {
            int axis;
            TRY(op_axis(o, given[i], rank, &axis));
            int64_t each = f->per_batch ? f->per_batch[i] : 0, now = op_shape(o, x)->d[axis];
            size[axis] = fixed_integer(f, i) + ONNX_BATCH_A * each;
            if (each && axis != 0)
                return op_refuse(o, "fix the batch: --shape INPUT=1x...", "a size depends on the batch");
            if (size[axis] < 1 || size[axis] > INT32_MAX)
                return op_bad(o, "%lld rows or columns", (long long)size[axis]);
            scale[axis] = (double)size[axis] / (double)now;
        }
    } else if (scales >= 0 ? op_fixed(o, scales) && o->in[scales]->fixed.t.n > 0 : attribute != NULL) {
        int64_t count = scales >= 0 ? o->in[scales]->fixed.t.n : (int64_t)attribute->n_floats;
        if (count != n)
            return op_bad(o, "%lld scales for %d axes", (long long)count, n);
        for (int i = 0; i < n; i++) {
            int axis;
            TRY(op_axis(o, given[i], rank, &axis));
            scale[axis] = scales >= 0 ? fixed_number(&o->in[scales]->fixed, i) : (double)attribute->floats[i];
        }
    } else {
        return op_refuse(o, "constant scales or sizes work", "its size is computed when the net runs");
    }
    if (scale[0] != 1 || scale[1] != 1)
        return op_refuse(o, "height and width can be resized", "it resizes batch or channels");
    if (!attr_is(o, "keep_aspect_ratio_policy", "stretch", "stretch") || attr_i(o, "antialias", 0) || attr_i(o, "exclude_outside", 0))
        return op_refuse(o, "without antialias, exclude_outside and keep_aspect_ratio_policy it works", "one of its options is not here");
    for (int i = 2; i < rank && !by_size; i++) {
        double made = scale[i] * op_shape(o, x)->d[i];
        if (attr_is(o, "coordinate_transformation_mode", "align_corners", "") && made != floor(made))
            return op_refuse(o, "give sizes", "align_corners with a scale that makes %g rows or columns", made);
    }
    TRY(put_last(o, x, &x));
    node = op_node(o, NET_RESIZE, &x, 1);
    if (attr_is(o, "mode", "nearest", "nearest"))
        node.attr.mode = NET_NEAREST;
    else if (attr_is(o, "mode", "linear", "nearest") || attr_is(o, "mode", "bilinear", "nearest"))
        node.attr.mode = NET_BILINEAR;
    else
        return op_refuse(o, "nearest and linear work", "its mode is not here");
    if (old) {
        node.attr.coords = NET_ASYMMETRIC;
        node.attr.nearest = NET_FLOOR;
    } else if (!named(o, "coordinate_transformation_mode", coords, (int)COUNT_OF(coords), "half_pixel", &node.attr.coords)) {
        return op_refuse(o, "half_pixel, asymmetric, align_corners and pytorch_half_pixel work", "its coordinate_transformation_mode is not here");
    } else if (!named(o, "nearest_mode", rounding, (int)COUNT_OF(rounding), "round_prefer_floor", &node.attr.nearest)) {
        return op_bad(o, "an unknown nearest_mode");
    }
    if (by_size) {
        node.attr.dims_n = 2;
        node.attr.dims[0] = scale[2] == 1 ? op_shape(o, x)->d[1] : (int32_t)size[2];
        node.attr.dims[1] = scale[3] == 1 ? op_shape(o, x)->d[2] : (int32_t)size[3];
    } else {
        node.attr.scale[0] = (float)scale[2];
        node.attr.scale[1] = (float)scale[3];
    }
    TRY(op_emit(o, &node, &y));
    return image_out(o, y, false);
}

enum trundle_status import_image(struct op *o)
{
    const char *t = o->type;
    if (strcmp(t, "Conv") == 0 || strcmp(t, "ConvTranspose") == 0)
        return conv(o, t[4] == 'T');
    if (strcmp(t, "MaxPool") == 0 || strcmp(t, "AveragePool") == 0)
        return pool(o, t[0] == 'M');
    if (strcmp(t, "GlobalMaxPool") == 0 || strcmp(t, "GlobalAveragePool") == 0)
        return global_pool(o, t[6] == 'M');
    if (strcmp(t, "BatchNormalization") == 0)
        return batch_norm(o);
    if (strcmp(t, "InstanceNormalization") == 0 || strcmp(t, "GroupNormalization") == 0)
        return instance_norm(o, t[0] == 'G');
    if (strcmp(t, "MeanVarianceNormalization") == 0)
        return mean_variance(o);
    if (strcmp(t, "Resize") == 0 || strcmp(t, "Upsample") == 0)
        return resize(o, t[0] == 'U');
    return TRUNDLE_AGAIN;
}
