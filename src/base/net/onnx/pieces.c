/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/pieces - small pieces of graph that many operators are made of. */
#include "base/net/onnx/inside.h"

#include <string.h>

enum trundle_status put_transpose(struct op *o, int x, const int *axes, int *out)
{
    struct net_node node = op_node(o, NET_TRANSPOSE, &x, 1);
    node.attr.axes_n = op_rank(o, x);
    for (int i = 0; i < node.attr.axes_n; i++)
        node.attr.axes[i] = axes[i];
    return op_emit(o, &node, out);
}

/* The channel axis 1 goes last, or comes back. */
static enum trundle_status turn(struct op *o, int x, bool last, int *out)
{
    int axes[NET_RANK_MAX], rank = op_rank(o, x);
    if (rank < 3) {
        *out = x;
        return TRUNDLE_OK;
    }
    axes[0] = 0;
    for (int i = 1; i < rank; i++)
        axes[i] = last ? (i == rank - 1 ? 1 : i + 1) : (i == 1 ? rank - 1 : i - 1);
    return put_transpose(o, x, axes, out);
}

enum trundle_status put_last(struct op *o, int x, int *out)
{
    return turn(o, x, true, out);
}

enum trundle_status put_first(struct op *o, int x, int *out)
{
    return turn(o, x, false, out);
}

enum trundle_status put_reshape(struct op *o, int x, const struct net_shape *a, const struct net_shape *b, int *out)
{
    struct net_node node = op_node(o, NET_RESHAPE, &x, 1);
    const struct net_shape *in = op_shape(o, x), *in_b = op_shape_b(o, x);
    bool rest = false;
    if (net_shape_equal(in, a) && net_shape_equal(in_b, b)) {
        *out = x;
        return TRUNDLE_OK;
    }
    if (a->rank > NET_RANK_MAX)
        return op_refuse(o, "reshape to fewer axes", "%d axes, at most %d", a->rank, NET_RANK_MAX);
    node.attr.dims_n = a->rank;
    for (int i = 0; i < a->rank; i++) {
        node.attr.dims[i] = a->d[i];
        if (a->d[i] <= 0 || b->d[i] <= 0)
            return op_refuse(o, NULL, "axis %d has no elements", i);
        if (a->d[i] == b->d[i])
            continue;
        if (i < in->rank && in->d[i] == a->d[i] && in_b->d[i] == b->d[i]) {
            node.attr.dims[i] = 0;
        } else if (rest) {
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "two axes depend on the batch");
        } else {
            node.attr.dims[i] = -1;
            rest = true;
        }
    }
    return op_emit(o, &node, out);
}

enum trundle_status put_unary(struct op *o, int x, enum net_act act, float alpha, float beta, int *out)
{
    struct net_node node = op_node(o, NET_UNARY, &x, 1);
    node.attr.act = act;
    node.attr.alpha = alpha;
    node.attr.beta = beta;
    return op_emit(o, &node, out);
}

enum trundle_status put_binary(struct op *o, enum net_binary kind, int a, int b, int *out)
{
    struct net_node node = op_node(o, NET_BINARY, (int[]){ a, b }, 2);
    node.attr.kind = (int32_t)kind;
    return op_emit(o, &node, out);
}

enum trundle_status put_scaled(struct op *o, enum net_binary kind, int a, float b, int *out)
{
    int number;
    TRY(op_scalar(o, b, &number));
    return put_binary(o, kind, a, number, out);
}

enum trundle_status put_reduce(struct op *o, enum net_reduce kind, int x, const int *axes, int axes_n, bool keep, int *out)
{
    struct net_node node = op_node(o, NET_REDUCE, &x, 1);
    node.attr.kind = (int32_t)kind;
    node.attr.keep = keep;
    node.attr.axes_n = axes_n;
    for (int i = 0; i < axes_n; i++)
        node.attr.axes[i] = axes[i];
    return op_emit(o, &node, out);
}

enum trundle_status put_slice(struct op *o, int x, int axis, int64_t begin, int64_t end, int *out)
{
    struct net_node node = op_node(o, NET_SLICE, &x, 1);
    node.attr.dims_n = op_rank(o, x);
    for (int i = 0; i < node.attr.dims_n; i++) {
        node.attr.end[i] = INT32_MAX;
        node.attr.step[i] = 1;
    }
    node.attr.begin[axis] = (int32_t)begin;
    node.attr.end[axis] = (int32_t)end;
    return op_emit(o, &node, out);
}

enum trundle_status put_concat(struct op *o, const int *x, int n, int axis, int *out)
{
    int part[ONNX_IN_MAX], parts = 0;
    if (n > ONNX_IN_MAX || n < 1)
        return op_bad(o, "%d inputs", n);
    if (n == 1) {
        *out = x[0];
        return TRUNDLE_OK;
    }
    for (int i = 0; i < n; i += NET_IN_MAX) {
        int m = n - i < NET_IN_MAX ? n - i : NET_IN_MAX;
        struct net_node node = op_node(o, NET_CONCAT, x + i, m);
        node.attr.axes_n = 1;
        node.attr.axes[0] = axis;
        if (m == 1)
            part[parts++] = x[i];
        else
            TRY(op_emit(o, &node, &part[parts++]));
    }
    if (parts == 1) {
        *out = part[0];
        return TRUNDLE_OK;
    }
    struct net_node node = op_node(o, NET_CONCAT, part, parts);      /* at most ONNX_IN_MAX / NET_IN_MAX of them */
    node.attr.axes_n = 1;
    node.attr.axes[0] = axis;
    return op_emit(o, &node, out);
}
