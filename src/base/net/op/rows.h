/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/rows - what the kernels of everything but convolutions and products are written with: plain loops over contiguous rows, which the
 * compiler makes vectors of (rows_avx2.c, rows_avx512.c, rows_neon.c give the flags). Each element goes through the arithmetic of its reference, so
 * the bits are the same. A longer row is done in chunks that stay in the first cache while several loops pass over them.
 */
#pragma once

#include "base/net/op/f32_vec.h"
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

/* Sixteen lanes over a row: op/exact.h. The compiler does not keep lanes in registers by itself. */
enum { ROWS_VECTORS = NET_LANES / VL };

/* net_max in vectors. */
#if defined(F32_AVX512)
static inline v_f32 rows_vmax(v_f32 a, v_f32 b) { return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a); }
#elif defined(F32_AVX2)
static inline v_f32 rows_vmax(v_f32 a, v_f32 b) { return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q)); }
#else
static inline v_f32 rows_vmax(v_f32 a, v_f32 b) { return vbslq_f32(vorrq_u32(vcgtq_f32(a, b), vmvnq_u32(vceqq_f32(a, a))), a, b); }
#endif

static float rows_sum(const float *x, int64_t n)
{
    float lane[NET_LANES];
    v_f32 s[ROWS_VECTORS];
    int64_t i = 0;

    for (int k = 0; k < ROWS_VECTORS; k++)
        s[k] = v_zero();
    for (; i + NET_LANES <= n; i += NET_LANES)
        for (int k = 0; k < ROWS_VECTORS; k++)
            s[k] = v_add(s[k], v_load(x + i + k * VL));
    for (int k = 0; k < ROWS_VECTORS; k++)
        v_store(lane + k * VL, s[k]);
    for (int l = 0; i < n; i++, l++)
        lane[l] += x[i];
    return net_lanes_sum(lane);
}

static float rows_sum_squares(const float *x, float less, int64_t n)
{
    float lane[NET_LANES];
    v_f32 s[ROWS_VECTORS], by = v_dup(less);
    int64_t i = 0;

    for (int k = 0; k < ROWS_VECTORS; k++)
        s[k] = v_zero();
    for (; i + NET_LANES <= n; i += NET_LANES)
        for (int k = 0; k < ROWS_VECTORS; k++) {
            v_f32 d = v_sub(v_load(x + i + k * VL), by);
            s[k] = v_fma(d, d, s[k]);
        }
    for (int k = 0; k < ROWS_VECTORS; k++)
        v_store(lane + k * VL, s[k]);
    for (int l = 0; i < n; i++, l++)
        lane[l] = fmaf(x[i] - less, x[i] - less, lane[l]);
    return net_lanes_sum(lane);
}

static void rows_max_into(float *restrict y, const float *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = net_max(y[i], x[i]);
}

/* The largest: in any order (which zero it is, of two, no use of it can tell). */
static float rows_largest(const float *x, int64_t n)
{
    enum { WIDTH = 32 };
    float m[WIDTH];
    int64_t i = WIDTH;

    if (n < WIDTH) {
        float one = -INFINITY;
        for (int64_t k = 0; k < n; k++)
            one = net_max(one, x[k]);
        return one;
    }
    memcpy(m, x, sizeof m);
    for (; i + WIDTH <= n; i += WIDTH)
        rows_max_into(m, x + i, WIDTH);
    rows_max_into(m, x + i, n - i);
    for (int half = WIDTH / 2; half; half /= 2)
        rows_max_into(m, m + half, half);
    return m[0];
}

/* y[c] = the chain of fma(w[i], m[i][c]) over i, for each of the columns of a matrix whose rows are `stride` apart. */
static void rows_chains(float *y, const float *m, int64_t stride, const float *w, int64_t n, int64_t columns)
{
    int64_t c = 0;

    for (; c + 4 * VL <= columns; c += 4 * VL) {
        v_f32 s0 = v_zero(), s1 = s0, s2 = s0, s3 = s0;
        const float *at = m + c;
        for (int64_t i = 0; i < n; i++, at += stride) {
            v_f32 by = v_dup(w[i]);
            s0 = v_fma(by, v_load(at), s0);
            s1 = v_fma(by, v_load(at + VL), s1);
            s2 = v_fma(by, v_load(at + 2 * VL), s2);
            s3 = v_fma(by, v_load(at + 3 * VL), s3);
        }
        v_store(y + c, s0);
        v_store(y + c + VL, s1);
        v_store(y + c + 2 * VL, s2);
        v_store(y + c + 3 * VL, s3);
    }
    for (; c + VL <= columns; c += VL) {
        v_f32 s = v_zero();
        for (int64_t i = 0; i < n; i++)
            s = v_fma(v_dup(w[i]), v_load(m + i * stride + c), s);
        v_store(y + c, s);
    }
    for (; c < columns; c++) {
        float s = 0;
        for (int64_t i = 0; i < n; i++)
            s = fmaf(w[i], m[i * stride + c], s);
        y[c] = s;
    }
}

/* to = exp(x - m); gives the sum. */
static float rows_exp(const float *x, float *to, float m, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = net_exp(x[i] - m);
    return rows_sum(to, n);
}
