/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Batch norm, the definition: scale = gamma / sqrt(var + eps), y = act(fma(x, scale, fma(-mean, scale, beta))). Passes fold it away. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *x = &c->site->in[0]->shape;
    const float *xs = c->in[0], *gamma = c->in[1], *beta = c->in[2], *mean = c->in[3], *var = c->in[4];
    float *to = c->out;
    int64_t channels = x->d[x->rank - 1];

    NET_FOR_SHARE(at, net_shape_elements(x)) {
        int64_t k = at % channels;
        float scale = gamma[k] / sqrtf(var[k] + a->eps);
        to[at] = net_act_apply(a->act, a->alpha, a->beta, fmaf(xs[at], scale, fmaf(-mean[k], scale, beta[k])));
    }
}

NET_REF(NET_BATCH_NORM, batch_norm, NULL)
