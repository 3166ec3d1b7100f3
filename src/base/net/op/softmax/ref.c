/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Softmax, the definition: m = the largest; e = exp(x - m); s = the sum of e, by lanes along the last axis, else by one chain; y = e / s.
 * Its logarithm: (x - m) - log(s). */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_axis v = net_axis_of(&c->site->in[0]->shape, a->axes[0]);
    int lanes = v.inner == 1 ? NET_LANES : 1;

    NET_FOR_SHARE(row, v.outer * v.inner) {
        int64_t first = row / v.inner * v.n * v.inner + row % v.inner;
        const float *x = (const float *)c->in[0] + first;
        float *y = (float *)c->out + first, m = -INFINITY, lane[NET_LANES] = { 0 }, s;
        for (int64_t i = 0; i < v.n; i++)
            m = net_max(m, x[i * v.inner]);
        for (int64_t i = 0; i < v.n; i++)
            lane[i % lanes] += net_exp(x[i * v.inner] - m);
        s = net_lanes_sum(lane);
        for (int64_t i = 0; i < v.n; i++)
            y[i * v.inner] = a->log_ ? x[i * v.inner] - m - net_log(s) : net_exp(x[i * v.inner] - m) / s;
    }
}

NET_REF(NET_SOFTMAX, softmax, NULL)
