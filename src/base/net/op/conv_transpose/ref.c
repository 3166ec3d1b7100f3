/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Transposed convolution, the definition: each output element gathers the inputs that reach it, one chain of fma in the order kernel row,
 * kernel column, channel of the group; then bias and function. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *x = &c->site->in[0]->shape, *w = &c->site->in[1]->shape, *y = &c->site->out->shape;
    const float *xs = c->in[0], *ws = c->in[1], *bias = net_in(c, 2);
    int64_t channels = x->d[3] / a->groups;

    NET_FOR_SHARE(at, net_shape_elements(y)) {
        int64_t i[NET_RANK_MAX];
        net_unravel(at, y, i);
        int64_t group = i[3] / w->d[3], o = i[3] % w->d[3];
        float real = 0;
        for (int64_t kh = 0; kh < w->d[1]; kh++) {
            int64_t h = i[1] + a->pad[0] - kh * a->dilation[0];
            if (h < 0 || h % a->stride[0] || h / a->stride[0] >= x->d[1])
                continue;
            for (int64_t kw = 0; kw < w->d[2]; kw++) {
                int64_t v = i[2] + a->pad[1] - kw * a->dilation[1];
                if (v < 0 || v % a->stride[1] || v / a->stride[1] >= x->d[2])
                    continue;
                const float *from = xs + ((i[0] * x->d[1] + h / a->stride[0]) * x->d[2] + v / a->stride[1]) * x->d[3] + group * channels;
                for (int64_t k = 0; k < channels; k++)
                    real = fmaf(from[k], ws[(((group * channels + k) * w->d[1] + kh) * w->d[2] + kw) * w->d[3] + o], real);
            }
        }
        real = bias ? real + bias[i[3]] : real;
        ((float *)c->out)[at] = net_act_apply(a->act, a->alpha, a->beta, real);
    }
}

NET_REF(NET_CONV_TRANSPOSE, conv_transpose, NULL)
