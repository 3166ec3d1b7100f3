/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* To f32, the definition: (float)(x - zero) * scale, which may be one for each element of an axis. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_tensor *xt = c->site->in[0];
    const struct net_quant *q = &xt->quant;
    const struct net_axis v = q->n > 1 ? net_axis_of(&xt->shape, q->axis) : (struct net_axis){ 1, 1, 1 };

    NET_FOR_SHARE(at, net_shape_elements(&xt->shape)) {
        int32_t x = xt->type == NET_U8 ? ((const uint8_t *)c->in[0])[at] : ((const int8_t *)c->in[0])[at];
        ((float *)c->out)[at] = (float)(x - q->zero) * q->scale[q->n > 1 ? at / v.inner % v.n : 0];
    }
}

NET_REF(NET_DEQUANTIZE, dequantize, NULL)
