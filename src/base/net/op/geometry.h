/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/geometry - which input elements an output element reads: the index arithmetic that infer, references and kernels share.
 */
#pragma once

#include "base/net/kernel.h"

#include <math.h>

/* One axis of a slice as numpy has it: first index and how many. Negative begin and end count from the end; both are clamped. */
static inline int64_t net_slice_axis(int32_t begin, int32_t end, int32_t step, int32_t n, int64_t *out_first)
{
    int64_t b = begin < 0 ? (int64_t)begin + n : begin, e = end < 0 ? (int64_t)end + n : end, lo = step > 0 ? 0 : -1, hi = step > 0 ? n : n - 1;
    b = b < lo ? lo : b > hi ? hi : b;
    e = e < lo ? lo : e > hi ? hi : e;
    *out_first = b;
    if (step > 0)
        return e > b ? (e - b + step - 1) / step : 0;
    return b > e ? (b - e - (int64_t)step - 1) / -(int64_t)step : 0;
}

/* Outputs of a window that slides over n elements (ONNX: Conv, MaxPool); 0 or less: it never fits. */
static inline int64_t net_window_count(int64_t n, int64_t pads, int64_t pad_before, int64_t kernel, int64_t dilation, int64_t stride, bool ceil_)
{
    int64_t room = n + pads - ((kernel - 1) * dilation + 1);
    if (room < 0)
        return 0;
    int64_t count = (room + (ceil_ ? stride - 1 : 0)) / stride + 1;
    if (ceil_ && (count - 1) * stride >= n + pad_before)           /* the last one would start behind the image */
        count--;
    return count;
}

/* Where output index i of a resized axis lies in the input. Computed in double. */
static inline double net_resize_at(const struct net_attr *a, int axis, int64_t i, int64_t in_n, int64_t out_n)
{
    double scale = a->dims_n ? (double)out_n / (double)in_n : (double)a->scale[axis];
    switch ((enum net_coords)a->coords) {
    case NET_ASYMMETRIC:
        return (double)i / scale;
    case NET_ALIGN_CORNERS:
        return out_n > 1 ? (double)i * (double)(in_n - 1) / (double)(out_n - 1) : 0.0;
    case NET_PYTORCH_HALF_PIXEL:
        return out_n > 1 ? ((double)i + 0.5) / scale - 0.5 : 0.0;
    default:
        return ((double)i + 0.5) / scale - 0.5;
    }
}

static inline int32_t net_resize_nearest(const struct net_attr *a, int axis, int64_t i, int64_t in_n, int64_t out_n)
{
    double x = net_resize_at(a, axis, i, in_n, out_n);
    switch ((enum net_rounding)a->nearest) {
    case NET_FLOOR:
        x = floor(x);
        break;
    case NET_CEIL:
        x = ceil(x);
        break;
    case NET_ROUND_PREFER_CEIL:
        x = floor(x + 0.5);
        break;
    default:
        x = ceil(x - 0.5);
    }
    return (int32_t)(x < 0 ? 0 : x > (double)(in_n - 1) ? (double)(in_n - 1) : x);
}

/* Bilinear: between *out_at and *out_next with the weight of the latter. Outside the image its edge goes on. */
static inline float net_resize_between(const struct net_attr *a, int axis, int64_t i, int64_t in_n, int64_t out_n, int32_t *out_at, int32_t *out_next)
{
    double x = net_resize_at(a, axis, i, in_n, out_n), last = (double)(in_n - 1);
    x = x < 0 ? 0 : x > last ? last : x;
    *out_at = (int32_t)x;
    *out_next = *out_at + 1 < in_n ? *out_at + 1 : *out_at;
    return (float)(x - floor(x));
}

/* Elements from one index of an axis to the next. */
static inline void net_strides(const struct net_shape *s, int64_t stride[NET_RANK_MAX])
{
    int64_t n = 1;
    for (int i = s->rank - 1; i >= 0; i--) {
        stride[i] = n;
        n *= s->d[i];
    }
}

/* The same for an input broadcast to `out`, by out's axes: 0 where it has one element. */
static inline void net_broadcast_strides(const struct net_shape *in, const struct net_shape *out, int64_t stride[NET_RANK_MAX])
{
    int64_t own[NET_RANK_MAX];
    net_strides(in, own);
    for (int i = 0; i < out->rank; i++) {
        int k = i - (out->rank - in->rank);
        stride[i] = k < 0 || in->d[k] == 1 ? 0 : own[k];
    }
}

/* A shape seen as [outer, n, inner] around one axis. */
struct net_axis { int64_t outer, n, inner; };

static inline struct net_axis net_axis_of(const struct net_shape *s, int axis)
{
    struct net_axis v = { 1, s->d[axis], 1 };
    for (int i = 0; i < axis; i++)
        v.outer *= s->d[i];
    for (int i = axis + 1; i < s->rank; i++)
        v.inner *= s->d[i];
    return v;
}

static inline float net_scale_of(const struct net_tensor *t) { return t->quant.scale[0]; }
static inline bool net_same_quant(const struct net_tensor *a, const struct net_tensor *b)
{
    return a->quant.n == 1 && b->quant.n == 1 && a->quant.zero == b->quant.zero && a->quant.scale[0] == b->quant.scale[0];
}
