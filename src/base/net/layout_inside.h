/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/layout_inside - what layout.c and layout_order.c share. */
#pragma once

#include "base/net/layout.h"

/* Axis i of the old tensor is axis at[i] of the new one. */
struct order {
    int    rank;
    int8_t at[NET_RANK_MAX];
};

/* A flattened run of axes that lies in another order: n axes of d[] as the old graph had them, of which the j-th of the new
 * tensor is axis was[j]. n 0: in order. */
struct mix {
    int     n;
    int32_t d[NET_RANK_MAX];
    int8_t  was[NET_RANK_MAX];
};

struct layout {
    const struct net_layout_options *options;
    struct net_graph *from, *to;
    int *now;                  /* of each old tensor: the new one, -1: none yet */
    int *plain;                /* the same in plain order, when it was made */
    int *maker;                /* the node that makes it; -1 */
    struct order *order;
    struct mix *mix;
    bool *live, *linear;
    struct trundle_error *err;
};

struct order layout_plain(int rank);
bool layout_same(const struct order *a, const struct order *b);
int layout_axis(int32_t axis, int rank);                       /* negative ones count from the end */
struct net_shape layout_shape(const struct net_shape *old, const struct order *order);
/* Copies type and quantisation of an old tensor to a new one. */
TRUNDLE_MUST_USE enum trundle_status layout_quant(struct layout *l, int old, int made);
/* Adds the node, whose output is `old` in this order. */
TRUNDLE_MUST_USE enum trundle_status layout_node(struct layout *l, const struct net_node *node, const struct net_tensor *old, const struct order *order, int *out);
/* Sees to it that a constant is in the new graph. */
TRUNDLE_MUST_USE enum trundle_status layout_bring(struct layout *l, int old);
/* The old tensor in the order that is wanted, by a transpose, a reshape or a moved constant where needed. */
TRUNDLE_MUST_USE enum trundle_status layout_want(struct layout *l, int old, const struct order *want, int *out);
/* A constant of fewer axes, as it broadcasts against a tensor of this order. */
TRUNDLE_MUST_USE enum trundle_status layout_constant(struct layout *l, int old, const struct order *order, int *out);
TRUNDLE_MUST_USE enum trundle_status layout_reshape(struct layout *l, const struct net_node *old);
/* The constant rank-2 weights of a linear layer (perhaps behind a dequantize); -1: it has none. */
int layout_weights(const struct layout *l, const struct net_node *matmul);
/* Weights of a linear layer whose input is mixed. */
TRUNDLE_MUST_USE enum trundle_status layout_mixed(struct layout *l, const struct mix *mix, const struct net_node *matmul, int *out);
/* A node that only copies. */
TRUNDLE_MUST_USE enum trundle_status layout_copy(struct layout *l, int made, int *out);
