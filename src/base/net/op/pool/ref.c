/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Pooling, the definition. Taps in the order row, column; those outside the image do not exist, except that with count_pad an average counts those
 * inside the pads (as zero). max: net_max from the first tap on. average: f32 one chain of sums from 0, divided by the count;
 * u8 (float)(sum - taps * zero) * (scale / (float)count), requantised. A window that sees nothing gives 0 (u8: its zero point). */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *xt = c->site->in[0];
    const struct net_shape *x = &xt->shape, *y = &c->site->out->shape;
    bool whole = a->kernel[0] == 0, u8 = xt->type == NET_U8;

    NET_FOR_SHARE(at, net_shape_elements(y)) {
        int64_t i[NET_RANK_MAX], taps = 0, count = 0;
        int32_t sum = 0;
        float chain = 0;
        net_unravel(at, y, i);
        for (int64_t kh = 0; kh < (whole ? x->d[1] : a->kernel[0]); kh++)
            for (int64_t kw = 0; kw < (whole ? x->d[2] : a->kernel[1]); kw++) {
                int64_t h = whole ? kh : i[1] * a->stride[0] - a->pad[0] + kh * a->dilation[0];
                int64_t w = whole ? kw : i[2] * a->stride[1] - a->pad[1] + kw * a->dilation[1];
                bool in = h >= 0 && h < x->d[1] && w >= 0 && w < x->d[2];
                if (in || (a->count_pad && h < x->d[1] + a->pad[2] && w < x->d[2] + a->pad[3]))
                    count++;
                if (!in)
                    continue;
                int64_t from = ((i[0] * x->d[1] + h) * x->d[2] + w) * x->d[3] + i[3];
                if (u8 && a->kind == NET_POOL_MAX)
                    sum = ((const uint8_t *)c->in[0])[from] > sum ? ((const uint8_t *)c->in[0])[from] : sum;
                else if (u8)
                    sum += ((const uint8_t *)c->in[0])[from];
                else if (a->kind == NET_POOL_MAX)
                    chain = taps ? net_max(chain, ((const float *)c->in[0])[from]) : ((const float *)c->in[0])[from];
                else
                    chain += ((const float *)c->in[0])[from];
                taps++;
            }
        if (u8 && a->kind == NET_POOL_MAX)
            ((uint8_t *)c->out)[at] = (uint8_t)(taps ? sum : xt->quant.zero);
        else if (u8)
            net_store(c, at, taps ? (float)(sum - (int32_t)taps * xt->quant.zero) * (net_scale_of(xt) / (float)count) : 0.0f);
        else
            ((float *)c->out)[at] = a->kind == NET_POOL_MAX || !taps ? chain : chain / (float)count;
    }
}

NET_REF(NET_POOL, pool, NULL)
