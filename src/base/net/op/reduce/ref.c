/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Reduction, the definition. Elements in the order of the input; by lanes where they are contiguous (nothing but axes of one element lies inside), else
 * by one chain. sum, l1: sums; sumsq, l2: fma(x, x, s), l2 the root of it; mean: sum / n; logsumexp: m + log(sum exp(x - m)), m the largest, or 0 where
 * that is not finite. u8 mean: (float)(sum - n * zero) * (scale / (float)n), requantised. */
#include "base/net/op/ref.h"

static float start(enum net_reduce kind)
{
    return kind == NET_REDUCE_MAX ? -INFINITY : kind == NET_REDUCE_MIN ? INFINITY : kind == NET_PROD ? 1.0f : 0.0f;
}

static float more(enum net_reduce kind, float s, float x, float m)
{
    switch (kind) {
    case NET_REDUCE_MAX: return net_max(s, x);
    case NET_REDUCE_MIN: return net_min(s, x);
    case NET_PROD:       return s * x;
    case NET_L1:         return s + net_abs(x);
    case NET_L2:
    case NET_SUMSQ:      return fmaf(x, x, s);
    case NET_LOGSUMEXP:  return s + net_exp(x - m);
    default:             return s + x;
    }
}

/* Two partial results. */
static float join(enum net_reduce kind, float s, float t)
{
    return kind == NET_REDUCE_MAX || kind == NET_REDUCE_MIN || kind == NET_PROD ? more(kind, s, t, 0) : s + t;
}

static float finish(enum net_reduce kind, float s, int64_t n, float m)
{
    return kind == NET_MEAN ? s / (float)n : kind == NET_L2 ? sqrtf(s) : kind == NET_LOGSUMEXP ? m + net_log(s) : s;
}

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *xt = c->site->in[0];
    enum net_reduce kind = (enum net_reduce)a->kind;
    struct net_shape kept = xt->shape, over = xt->shape;
    int64_t stride[NET_RANK_MAX], i[NET_RANK_MAX], n = 1;
    bool contiguous = true;
    unsigned axes = 0;

    net_strides(&xt->shape, stride);
    for (int k = 0; k < a->axes_n; k++)
        axes |= 1u << a->axes[k];
    for (int k = xt->shape.rank - 1, inside = 1; k >= 0; k--) {
        bool reduced = axes >> k & 1;
        if (reduced && xt->shape.d[k] > 1 && !inside)
            contiguous = false;
        if (!reduced && xt->shape.d[k] > 1)
            inside = 0;
        kept.d[k] = reduced ? 1 : kept.d[k];
        over.d[k] = reduced ? over.d[k] : 1;
        n *= over.d[k];
    }
    NET_FOR_SHARE(at, net_shape_elements(&kept)) {
        float lane[NET_LANES], m = 0;
        int lanes = contiguous ? NET_LANES : 1;
        int32_t sum = 0;
        net_unravel(at, &kept, i);
        int64_t first = net_dot_index(i, stride, kept.rank);
        if (xt->type == NET_U8) {
            for (int64_t k = 0; k < n; k++) {
                net_unravel(k, &over, i);
                sum += ((const uint8_t *)c->in[0])[first + net_dot_index(i, stride, over.rank)];
            }
            net_store(c, at, (float)(sum - (int32_t)n * xt->quant.zero) * (net_scale_of(xt) / (float)n));
            continue;
        }
        const float *x = (const float *)c->in[0] + first;
        if (kind == NET_LOGSUMEXP) {
            m = -INFINITY;
            for (int64_t k = 0; k < n; k++) {
                net_unravel(k, &over, i);
                m = net_max(m, x[net_dot_index(i, stride, over.rank)]);
            }
            m = net_abs(m) < INFINITY ? m : 0.0f;
        }
        for (int l = 0; l < NET_LANES; l++)
            lane[l] = start(kind);
        for (int64_t k = 0; k < n; k++) {
            net_unravel(k, &over, i);
            lane[k % lanes] = more(kind, lane[k % lanes], x[net_dot_index(i, stride, over.rank)], m);
        }
        for (int half = NET_LANES / 2; half; half /= 2)
            for (int l = 0; l < half; l++)
                lane[l] = join(kind, lane[l], lane[l + half]);
        ((float *)c->out)[at] = finish(kind, lane[0], n, m);
    }
}

NET_REF(NET_REDUCE, reduce, NULL)
