/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* To u8, the definition: op/requant.h on the real value. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_tensor *xt = c->site->in[0];

    NET_FOR_SHARE(at, net_shape_elements(&xt->shape))
        net_store(c, at, xt->type == NET_U8 ? net_dequant(((const uint8_t *)c->in[0])[at], xt) : ((const float *)c->in[0])[at]);
}

NET_REF(NET_QUANTIZE, quantize, NULL)
