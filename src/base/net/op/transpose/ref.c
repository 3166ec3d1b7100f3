/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Transposing, the definition: out axis i is in axis axes[i]. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *y = &c->site->out->shape;
    int64_t own[NET_RANK_MAX], stride[NET_RANK_MAX], i[NET_RANK_MAX];

    net_strides(&c->site->in[0]->shape, own);
    for (int k = 0; k < y->rank; k++)
        stride[k] = own[a->axes[k]];
    NET_FOR_SHARE(at, net_shape_elements(y)) {
        net_unravel(at, y, i);
        net_move(c->out, at, c->in[0], net_dot_index(i, stride, y->rank), net_type_bytes(c->site->out->type));
    }
}

NET_REF(NET_TRANSPOSE, transpose, NULL)
