/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Broadcasting, the definition. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_shape *y = &c->site->out->shape;
    int64_t stride[NET_RANK_MAX], i[NET_RANK_MAX];

    net_broadcast_strides(&c->site->in[0]->shape, y, stride);
    NET_FOR_SHARE(at, net_shape_elements(y)) {
        net_unravel(at, y, i);
        net_move(c->out, at, c->in[0], net_dot_index(i, stride, y->rank), net_type_bytes(c->site->out->type));
    }
}

NET_REF(NET_EXPAND, expand, NULL)
