/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Slicing, the definition. Bounds: net_slice_axis. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *x = &c->site->in[0]->shape, *y = &c->site->out->shape;
    int64_t stride[NET_RANK_MAX], i[NET_RANK_MAX], first = 0;

    net_strides(x, stride);
    for (int k = 0; k < x->rank; k++) {
        int64_t begin;
        (void)net_slice_axis(a->begin[k], a->end[k], a->step[k], x->d[k], &begin);
        first += begin * stride[k];
        stride[k] *= a->step[k];
    }
    NET_FOR_SHARE(at, net_shape_elements(y)) {
        net_unravel(at, y, i);
        net_move(c->out, at, c->in[0], first + net_dot_index(i, stride, y->rank), net_type_bytes(c->site->out->type));
    }
}

NET_REF(NET_SLICE, slice, NULL)
