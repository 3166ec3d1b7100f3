/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A function of each element, the definition: f32 act(x); u8 act(scale * (x - zero)), requantised. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *xt = c->site->in[0];

    NET_FOR_SHARE(at, net_shape_elements(&xt->shape))
        net_store(c, at, net_act_apply(a->act, a->alpha, a->beta, xt->type == NET_U8 ? net_dequant(((const uint8_t *)c->in[0])[at], xt) : ((const float *)c->in[0])[at]));
}

NET_REF(NET_UNARY, unary, NULL)
