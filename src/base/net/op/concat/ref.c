/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Concatenation, the definition. u8 inputs whose quantisation is not the output's are requantised: scale * (x - zero), then op/requant.h. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_tensor *out = c->site->out;
    const struct net_axis v = net_axis_of(&out->shape, c->site->node->attr.axes[0]);
    size_t bytes = net_type_bytes(out->type);
    int64_t from = 0;

    for (int k = 0; k < c->site->in_n; k++) {
        const struct net_tensor *x = c->site->in[k];
        int64_t n = x->shape.d[c->site->node->attr.axes[0]] * v.inner;
        bool same = out->type != NET_U8 || net_same_quant(x, out);
        NET_FOR_SHARE(at, v.outer * n) {
            int64_t to = at / n * v.n * v.inner + from + at % n;
            if (same)
                net_move(c->out, to, c->in[k], at, bytes);
            else
                net_store(c, to, net_dequant(((const uint8_t *)c->in[k])[at], x));
        }
        from += n;
    }
}

NET_REF(NET_CONCAT, concat, NULL)
