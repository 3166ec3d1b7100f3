/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Convolution, the definition. f32: one chain of fma in the order row, column, channel, then bias, residual, function (op/exact.h).
 * u8: an exact sum, then op/requant.h; an f32 output keeps the real value. */
#include "base/net/op/ref.h"

static int32_t sum_int8(const uint8_t *x, const int8_t *w, int64_t n, int32_t zero)
{
    int32_t s = 0;
    for (int64_t i = 0; i < n; i++)
        s += (x[i] - zero) * w[i];
    return s;
}

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *xt = c->site->in[0], *wt = c->site->in[1];
    const struct net_shape *x = &xt->shape, *w = &wt->shape, *y = &c->site->out->shape;
    const float *bias = net_in(c, 2);
    const void *residual = net_in(c, 3);
    int64_t taps = w->d[3], per_group = w->d[0] / a->groups;

    NET_FOR_SHARE(at, net_shape_elements(y)) {
        int64_t i[NET_RANK_MAX];
        net_unravel(at, y, i);
        int64_t n = i[0], o = i[3], group = o / per_group;
        float real = 0;
        int32_t sum = 0;
        for (int64_t kh = 0; kh < w->d[1]; kh++) {
            int64_t ih = i[1] * a->stride[0] - a->pad[0] + kh * a->dilation[0];
            if (ih < 0 || ih >= x->d[1])
                continue;
            for (int64_t kw = 0; kw < w->d[2]; kw++) {
                int64_t iw = i[2] * a->stride[1] - a->pad[1] + kw * a->dilation[1];
                if (iw < 0 || iw >= x->d[2])
                    continue;
                int64_t from = ((n * x->d[1] + ih) * x->d[2] + iw) * x->d[3] + group * taps, with = ((o * w->d[1] + kh) * w->d[2] + kw) * taps;
                if (xt->type == NET_U8) {
                    sum += sum_int8((const uint8_t *)c->in[0] + from, (const int8_t *)c->in[1] + with, taps, xt->quant.zero);
                } else {
                    const float *xs = (const float *)c->in[0] + from, *ws = (const float *)c->in[1] + with;
                    for (int64_t k = 0; k < taps; k++)
                        real = fmaf(xs[k], ws[k], real);
                }
            }
        }
        if (xt->type == NET_U8) {
            real = fmaf((float)sum, xt->quant.scale[0] * wt->quant.scale[wt->quant.n > 1 ? o : 0], bias ? bias[o] : 0.0f);
            if (residual)
                real = fmaf((float)(((const uint8_t *)residual)[at] - c->site->in[3]->quant.zero), c->site->in[3]->quant.scale[0], real);
        } else {
            real = bias ? real + bias[o] : real;
            real = residual ? real + ((const float *)residual)[at] : real;
        }
        net_store(c, at, net_act_apply(a->act, a->alpha, a->beta, real));
    }
}

NET_REF(NET_CONV, conv, NULL)
