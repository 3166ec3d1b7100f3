/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Two operands, the definition, then act. f32: the operation rounded once (pow: op/exact.h). u8, with x and y the stored values less their zero points:
 *     add   fma((float)y, y_scale, (float)x * x_scale)        sub   fma(-(float)y, y_scale, (float)x * x_scale)
 *     mul   ((float)x * (float)y) * (x_scale * y_scale)       and requantised */
#include "base/net/op/ref.h"

static float quantised(enum net_binary kind, float x, float y, float x_scale, float y_scale)
{
    if (kind == NET_MUL)
        return x * y * (x_scale * y_scale);
    return fmaf(kind == NET_SUB ? -y : y, y_scale, x * x_scale);
}

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *xt = c->site->in[0], *yt = c->site->in[1];
    const struct net_shape *out = &c->site->out->shape;
    int64_t sx[NET_RANK_MAX], sy[NET_RANK_MAX], i[NET_RANK_MAX];

    net_broadcast_strides(&xt->shape, out, sx);
    net_broadcast_strides(&yt->shape, out, sy);
    NET_FOR_SHARE(at, net_shape_elements(out)) {
        float real;
        net_unravel(at, out, i);
        int64_t kx = net_dot_index(i, sx, out->rank), ky = net_dot_index(i, sy, out->rank);
        if (xt->type == NET_U8)
            real = quantised((enum net_binary)a->kind, (float)(((const uint8_t *)c->in[0])[kx] - xt->quant.zero), (float)(((const uint8_t *)c->in[1])[ky] - yt->quant.zero),
                             net_scale_of(xt), net_scale_of(yt));
        else
            real = net_binary_apply((enum net_binary)a->kind, ((const float *)c->in[0])[kx], ((const float *)c->in[1])[ky]);
        net_store(c, at, net_act_apply(a->act, a->alpha, a->beta, real));
    }
}

NET_REF(NET_BINARY, binary, NULL)
