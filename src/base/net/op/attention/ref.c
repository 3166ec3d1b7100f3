/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Attention, the definition, for each head and query: score[s] = one chain of fma(q, k) over the head's channels, times scale, plus the mask;
 * softmax by lanes (op/softmax); out = one chain of fma(score[s], v[s]) over s. */
#include "base/net/op/ref.h"

static size_t scratch_bytes(const struct net_site *s, int parts)
{
    (void)parts;
    return (size_t)s->in[1]->shape.d[1] * sizeof(float);
}

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *q = &c->site->in[0]->shape, *v = &c->site->in[2]->shape;
    int64_t queries = q->d[1], keys = v->d[1], d = q->d[2] / a->heads, e = v->d[2] / a->heads, sm[NET_RANK_MAX] = { 0 };
    const struct net_shape full = { 4, { q->d[0], a->heads, q->d[1], v->d[1] } };
    const float *mask = net_in(c, 3);
    float *score = c->scratch, scale = a->scale[0] > 0 ? a->scale[0] : 1.0f / sqrtf((float)d);

    if (mask)
        net_broadcast_strides(&c->site->in[3]->shape, &full, sm);
    NET_FOR_SHARE(at, q->d[0] * a->heads * queries) {
        int64_t n = at / queries / a->heads, head = at / queries % a->heads, t = at % queries;
        const float *qs = (const float *)c->in[0] + (n * queries + t) * q->d[2] + head * d;
        float *out = (float *)c->out + (n * queries + t) * v->d[2] + head * e, lane[NET_LANES] = { 0 }, m = -INFINITY, sum;
        for (int64_t s = 0; s < keys; s++) {
            const float *ks = (const float *)c->in[1] + (n * keys + s) * q->d[2] + head * d;
            float chain = 0;
            for (int64_t k = 0; k < d; k++)
                chain = fmaf(qs[k], ks[k], chain);
            chain *= scale;
            score[s] = mask ? chain + mask[n * sm[0] + head * sm[1] + t * sm[2] + s * sm[3]] : chain;
            m = net_max(m, score[s]);
        }
        for (int64_t s = 0; s < keys; s++) {
            score[s] = net_exp(score[s] - m);
            lane[s % NET_LANES] += score[s];
        }
        sum = net_lanes_sum(lane);
        for (int64_t s = 0; s < keys; s++)
            score[s] = score[s] / sum;
        for (int64_t k = 0; k < e; k++) {
            float chain = 0;
            for (int64_t s = 0; s < keys; s++)
                chain = fmaf(score[s], ((const float *)c->in[2])[(n * keys + s) * v->d[2] + head * e + k], chain);
            out[k] = chain;
        }
    }
}

NET_REF(NET_ATTENTION, attention, scratch_bytes)
