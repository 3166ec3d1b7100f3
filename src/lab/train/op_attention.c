/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Attention of one sample and head at a time: P = softmax(scale Q K' + mask), O = P V (Vaswani et al. 2017). P is computed again in backward;
 * the scratch holds P and, in backward, its gradient.
 */
#include "base/net/op/geometry.h"
#include "lab/train/inside.h"
#include "lab/train/shim.h"

#include <math.h>

struct heads { int32_t n, t, s, heads, dk, dv; float scale; int64_t mask[4]; };

static struct heads heads_of(const struct train_call *c)
{
    const struct net_shape *q = &c->in[0].shape, *k = &c->in[1].shape, *v = &c->in[2].shape;
    const struct net_attr *a = &c->layer->node.attr;
    struct heads h = { q->d[0], q->d[1], k->d[1], a->heads, q->d[2] / a->heads, v->d[2] / a->heads, a->scale[0], { 0 } };

    if (h.scale == 0.0F)
        h.scale = 1 / sqrtf((float)h.dk);
    if (c->in_n > 3 && c->in[3].v) {
        const struct net_shape full = { 4, { h.n, h.heads, h.t, h.s } };
        int64_t step[NET_RANK_MAX];

        net_broadcast_strides(&c->in[3].shape, &full, step);
        for (int i = 0; i < 4; i++)
            h.mask[i] = step[i];
    }
    return h;
}

static void weights(const struct train_call *c, const struct heads *h, int32_t n, int32_t head, float *p)
{
    int64_t d = (int64_t)h->dk * h->heads;

    shim_matmul(false, true, h->t, h->s, h->dk, h->scale, c->in[0].v + n * h->t * d + head * h->dk, d, c->in[1].v + n * h->s * d + head * h->dk, d, 0, p, h->s);
    for (int32_t t = 0; t < h->t; t++) {
        float *row = p + (int64_t)t * h->s, most = -INFINITY;
        double sum = 0;

        for (int32_t s = 0; s < h->s; s++) {
            if (c->in_n > 3 && c->in[3].v)
                row[s] += c->in[3].v[n * h->mask[0] + head * h->mask[1] + t * h->mask[2] + s * h->mask[3]];
            most = row[s] > most ? row[s] : most;
        }
        for (int32_t s = 0; s < h->s; s++) {
            row[s] = most == -INFINITY ? 0 : expf(row[s] - most);
            sum += (double)row[s];
        }
        for (int32_t s = 0; s < h->s; s++)
            row[s] = sum > 0 ? (float)((double)row[s] / sum) : 0;
    }
}

static void attention_forward(const struct train_call *c)
{
    struct heads h = heads_of(c);
    int64_t e = (int64_t)h.dv * h.heads;

    for (int32_t n = 0; n < h.n; n++)
        for (int32_t head = 0; head < h.heads; head++) {
            weights(c, &h, n, head, c->scratch);
            shim_matmul(false, false, h.t, h.dv, h.s, 1, c->scratch, h.s, c->in[2].v + n * h.s * e + head * h.dv, e, 0, c->out.w + n * h.t * e + head * h.dv, e);
        }
}

static void attention_backward(const struct train_call *c)
{
    struct heads h = heads_of(c);
    int64_t d = (int64_t)h.dk * h.heads, e = (int64_t)h.dv * h.heads;
    float *p = c->scratch, *dp = p + (int64_t)h.t * h.s;

    for (int32_t n = 0; n < h.n; n++)
        for (int32_t head = 0; head < h.heads; head++) {
            const float *q = c->in[0].v + n * h.t * d + head * h.dk, *k = c->in[1].v + n * h.s * d + head * h.dk, *v = c->in[2].v + n * h.s * e + head * h.dv;
            const float *dy = c->out.g + n * h.t * e + head * h.dv;

            weights(c, &h, n, head, p);
            if (c->in[2].g)
                shim_matmul(true, false, h.s, h.dv, h.t, 1, p, h.s, dy, e, 1, c->in[2].g + n * h.s * e + head * h.dv, e);
            shim_matmul(false, true, h.t, h.s, h.dv, 1, dy, e, v, e, 0, dp, h.s);
            for (int32_t t = 0; t < h.t; t++) {
                const float *row = p + (int64_t)t * h.s;
                float *drow = dp + (int64_t)t * h.s;
                double along = 0;

                for (int32_t s = 0; s < h.s; s++)
                    along += (double)row[s] * (double)drow[s];
                for (int32_t s = 0; s < h.s; s++) {
                    drow[s] = row[s] * (drow[s] - (float)along);
                    if (c->in_n > 3 && c->in[3].g)
                        c->in[3].g[n * h.mask[0] + head * h.mask[1] + t * h.mask[2] + s * h.mask[3]] += drow[s];
                }
            }
            if (c->in[0].g)
                shim_matmul(false, false, h.t, h.dk, h.s, h.scale, dp, h.s, k, d, 1, c->in[0].g + n * h.t * d + head * h.dk, d);
            if (c->in[1].g)
                shim_matmul(true, false, h.s, h.dk, h.t, h.scale, dp, h.s, q, d, 1, c->in[1].g + n * h.s * d + head * h.dk, d);
        }
}

const struct train_op train_op_attention = { .name = "attention", .adds = true, .forward = attention_forward, .backward = attention_backward };
