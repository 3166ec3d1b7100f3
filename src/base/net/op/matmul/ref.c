/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Matrix product, the definition. f32: one chain of fma in the order of k, then bias, residual, function (op/exact.h). u8: an exact sum,
 * then op/requant.h; an f32 output keeps the real value. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *xt = c->site->in[0], *wt = c->site->in[1];
    const struct net_shape *y = &c->site->out->shape;
    const float *bias = net_in(c, 2);
    const void *residual = net_in(c, 3);
    struct net_shape lead = *y, la = xt->shape, lb = wt->shape;
    int64_t m_n = y->d[y->rank - 2], n_n = y->d[y->rank - 1], k_n = la.d[la.rank - 1], sa[NET_RANK_MAX], sb[NET_RANK_MAX];
    int64_t step_k = a->flip_b ? 1 : n_n, step_n = a->flip_b ? k_n : 1;

    lead.rank -= 2;
    la.rank -= 2;
    lb.rank -= 2;
    net_broadcast_strides(&la, &lead, sa);
    net_broadcast_strides(&lb, &lead, sb);
    NET_FOR_SHARE(at, net_shape_elements(y)) {
        int64_t i[NET_RANK_MAX], n = at % n_n, m = at / n_n % m_n;
        float real = 0;
        net_unravel(at / n_n / m_n, &lead, i);
        int64_t x0 = (net_dot_index(i, sa, lead.rank) * m_n + m) * k_n, w0 = net_dot_index(i, sb, lead.rank) * k_n * n_n + n * step_n;
        if (xt->type == NET_U8) {
            const uint8_t *x = (const uint8_t *)c->in[0] + x0;
            const int8_t *w = (const int8_t *)c->in[1] + w0;
            int32_t sum = 0;
            for (int64_t k = 0; k < k_n; k++)
                sum += (x[k] - xt->quant.zero) * w[k * step_k];
            real = fmaf((float)sum, xt->quant.scale[0] * wt->quant.scale[wt->quant.n > 1 ? n : 0], bias ? bias[n] : 0.0f);
            if (residual)
                real = fmaf((float)(((const uint8_t *)residual)[at] - c->site->in[3]->quant.zero), c->site->in[3]->quant.scale[0], real);
        } else {
            const float *x = (const float *)c->in[0] + x0, *w = (const float *)c->in[1] + w0;
            for (int64_t k = 0; k < k_n; k++)
                real = fmaf(x[k], w[k * step_k], real);
            real = bias ? real + bias[n] : real;
            real = residual ? real + ((const float *)residual)[at] : real;
        }
        net_store(c, at, net_act_apply(a->act, a->alpha, a->beta, real));
    }
}

NET_REF(NET_MATMUL, matmul, NULL)
