/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Padding, the definition. Outside: `value` (of u8 its requantised value, of integers its whole part), the edge, or the image reflected about
 * its edge element. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *out = c->site->out;
    const struct net_shape *x = &c->site->in[0]->shape;
    size_t bytes = net_type_bytes(out->type);
    int64_t stride[NET_RANK_MAX], i[NET_RANK_MAX], fill = 0;
    int32_t small = out->type == NET_I32 ? (int32_t)a->value : 0;
    uint8_t byte = out->type == NET_U8 ? net_requant(a->value, 1.0f / net_scale_of(out), out->quant.zero) : 0;

    fill = out->type == NET_I64 ? (int64_t)a->value : 0;
    const void *outside = out->type == NET_F32 ? (const void *)&a->value : out->type == NET_U8 ? (const void *)&byte : out->type == NET_I32 ? (const void *)&small : (const void *)&fill;
    net_strides(x, stride);
    NET_FOR_SHARE(at, net_shape_elements(&out->shape)) {
        bool in = true;
        net_unravel(at, &out->shape, i);
        for (int k = 0; k < x->rank; k++) {
            int64_t n = x->d[k];
            i[k] -= a->begin[k];
            if (i[k] >= 0 && i[k] < n)
                continue;
            in = in && a->mode != NET_PAD_CONSTANT;
            if (a->mode == NET_PAD_EDGE)
                i[k] = i[k] < 0 ? 0 : n - 1;
            else if (a->mode == NET_PAD_REFLECT)
                i[k] = i[k] < 0 ? -i[k] : 2 * (n - 1) - i[k];
        }
        if (in)
            net_move(c->out, at, c->in[0], net_dot_index(i, stride, x->rank), bytes);
        else
            net_move(c->out, at, outside, 0, bytes);
    }
}

NET_REF(NET_PAD, pad, NULL)
