/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* L2 normalisation, the definition: s = the sum of squares by fma, by lanes along the last axis, else by one chain; y = x / max(sqrt(s), eps). */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_axis v = net_axis_of(&c->site->in[0]->shape, a->axes[0]);
    int lanes = v.inner == 1 ? NET_LANES : 1;

    NET_FOR_SHARE(row, v.outer * v.inner) {
        int64_t first = row / v.inner * v.n * v.inner + row % v.inner;
        const float *x = (const float *)c->in[0] + first;
        float *y = (float *)c->out + first, lane[NET_LANES] = { 0 }, by;
        for (int64_t i = 0; i < v.n; i++)
            lane[i % lanes] = fmaf(x[i * v.inner], x[i * v.inner], lane[i % lanes]);
        by = net_max(sqrtf(net_lanes_sum(lane)), a->eps);
        for (int64_t i = 0; i < v.n; i++)
            y[i * v.inner] = x[i * v.inner] / by;
    }
}

NET_REF(NET_L2_NORM, l2_norm, NULL)
