/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Layer norm, the definition, over a contiguous row of n: mean = lanes(x) / n; d = x - mean; var = lanes(d^2) / n with d^2 fused;
 * y = fma(d / sqrt(var + eps), gamma, beta), where 1 / sqrt(...) is rounded once. lanes: op/exact.h. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_axis v = net_axis_of(&c->site->in[0]->shape, a->axes[0]);
    const float *gamma = net_in(c, 1), *beta = net_in(c, 2);
    int64_t n = v.n * v.inner;

    NET_FOR_SHARE(row, v.outer) {
        const float *x = (const float *)c->in[0] + row * n;
        float *y = (float *)c->out + row * n, lane[NET_LANES] = { 0 }, mean, inverse;
        for (int64_t i = 0; i < n; i++)
            lane[i % NET_LANES] += x[i];
        mean = net_lanes_sum(lane) / (float)n;
        memset(lane, 0, sizeof lane);
        for (int64_t i = 0; i < n; i++)
            lane[i % NET_LANES] = fmaf(x[i] - mean, x[i] - mean, lane[i % NET_LANES]);
        inverse = 1.0f / sqrtf(net_lanes_sum(lane) / (float)n + a->eps);
        for (int64_t i = 0; i < n; i++)
            y[i] = fmaf((x[i] - mean) * inverse, gamma ? gamma[i] : 1.0f, beta ? beta[i] : 0.0f);
    }
}

NET_REF(NET_LAYER_NORM, layer_norm, NULL)
