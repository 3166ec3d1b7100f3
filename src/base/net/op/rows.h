/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/rows - what the kernels of everything but convolutions and products are written with: plain loops over contiguous rows, which the
 * compiler makes vectors of (rows_avx2.c, rows_avx512.c, rows_neon.c give the flags). Each element goes through the arithmetic of its reference, so
 * the bits are the same. A longer row is done in chunks that stay in the first cache while several loops pass over them.
 */
#pragma once

#include "base/net/op/ref.h"

enum { ROWS_CHUNK = 512 };         /* elements */

#define ROWS_MIN(a, b) ((a) < (b) ? (a) : (b))

/* Out of line, since every function of exact.h is in it. */
static __attribute__((noinline)) void rows_act(enum net_act act, float a, float b, float *x, int64_t n) { net_act_row(act, a, b, x, x, n); }

static void rows_dequant(const uint8_t *restrict x, float *restrict to, int64_t n, int32_t zero, float scale)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = (float)(x[i] - zero) * scale;
}

static void rows_requant(const float *restrict x, uint8_t *restrict to, int64_t n, float inverse, int32_t zero)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = net_requant(x[i], inverse, zero);
}

/* Shares of whole multiples of 64 elements, so that parts do not meet within a cache line. */
static inline void rows_share(const struct net_call *c, int64_t n, int64_t *begin, int64_t *end)
{
    net_share((n + 63) / 64, c->part, c->parts, begin, end);
    *begin *= 64;
    *end = ROWS_MIN(*end * 64, n);
}

/* Sixteen lanes over a row: op/exact.h. */
#define ROWS_LANES(lane, n, i, step)                                                                                            \
    do {                                                                                                                        \
        int64_t i##0 = 0;                                                                                                       \
        for (; i##0 + NET_LANES <= (n); i##0 += NET_LANES)                                                                      \
            for (int l_ = 0; l_ < NET_LANES; l_++) {                                                                            \
                int64_t i = i##0 + l_;                                                                                          \
                float *s_ = &(lane)[l_];                                                                                        \
                *s_ = step(*s_, i);                                                                                             \
            }                                                                                                                   \
        for (int64_t i = i##0; i < (n); i++) {                                                                                  \
            float *s_ = &(lane)[i - i##0];                                                                                      \
            *s_ = step(*s_, i);                                                                                                 \
        }                                                                                                                       \
    } while (0)

static float rows_sum(const float *x, int64_t n)
{
    float lane[NET_LANES] = { 0 };
#define STEP(s, i) ((s) + x[i])
    ROWS_LANES(lane, n, i, STEP);
#undef STEP
    return net_lanes_sum(lane);
}

static float rows_sum_squares(const float *x, float less, int64_t n)
{
    float lane[NET_LANES] = { 0 };
#define STEP(s, i) fmaf(x[i] - less, x[i] - less, s)
    ROWS_LANES(lane, n, i, STEP);
#undef STEP
    return net_lanes_sum(lane);
}

static float rows_largest(const float *x, int64_t n)
{
    float lane[NET_LANES], m = -INFINITY;
    for (int l = 0; l < NET_LANES; l++)
        lane[l] = -INFINITY;
#define STEP(s, i) net_max(s, x[i])
    ROWS_LANES(lane, n, i, STEP);
#undef STEP
    for (int l = 0; l < NET_LANES; l++)
        m = net_max(m, lane[l]);
    return m;
}

/* to = exp(x - m); gives the sum. */
static float rows_exp(const float *x, float *to, float m, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = net_exp(x[i] - m);
    return rows_sum(to, n);
}
