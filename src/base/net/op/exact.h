/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/exact - the fp32 arithmetic that ref and every exact kernel share, bit for bit.
 *
 * A convolution or matrix product: each output element is one chain
 *     s = 0; for each kernel row, kernel column, input channel of the group (matmul: k):  s = fma(x, w, s)
 *     s = s + bias;  s = s + residual;  s = act(s)            each rounded once; what is absent is skipped
 * A padded tap may be skipped or taken as x = 0: both give the same bits (only the sign of a zero sum could tell, and it starts at +0) while
 * weights are finite. Vectors run over outputs, never along the chain.
 * A sum along a contiguous axis (softmax, norms, reductions) is net_lanes_sum: sixteen chains, then a fixed tree. Along any other axis it is one
 * chain in order of the index, and vectors run over what lies inside.
 *
 * The functions below are add, multiply, fma, divide, square root, round, compare and choose on f32, plus integer steps on its bits, and have
 * no branches: compiled with an instruction set's flags, a loop over them becomes vectors that round the same way in each lane. A kernel calls
 * net_act_row() on its finished row, or writes RELU, CLIP and the like with instructions: on x86
 *     relu(x) = max_ps(0, x)     clip(x) = min_ps(b, max_ps(a, x))     (in this order of operands a NaN stays a NaN and -0 stays -0)
 * on arm64 by compare and select. Not-a-number goes through every function; which NaN is not defined.
 *
 * Errors, relative to the result while it is over 1e-30 (tests/net/test_exact.c): exp, log, tanh, sigmoid, silu, erf, elu, softplus 2e-7; mish 3e-7;
 * gelu_tanh 1e-5; gelu 2e-7 absolute or relative; sin, cos 1e-7 while |x| < 2^20. Polynomials: minimax fits (Chebyshev) made for this file, over the
 * intervals named beside them; range reductions after Cody and Waite (Software Manual for the Elementary Functions, 1980).
 */
#pragma once

#include "base/net/graph.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t net_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float net_of_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static inline float net_relu(float x) { return 0.0f > x ? 0.0f : x; }

static inline float net_clip(float x, float a, float b)
{
    x = a > x ? a : x;
    return b < x ? b : x;
}

/* Not-a-number if either is. */
static inline float net_max(float a, float b) { return a > b || a != a ? a : b; }
static inline float net_min(float a, float b) { return a < b || a != a ? a : b; }
static inline float net_abs(float x) { return net_of_bits(net_bits(x) & 0x7fffffffu); }
static inline float net_with_sign(float x, float sign) { return net_of_bits((net_bits(x) & 0x7fffffffu) | (net_bits(sign) & 0x80000000u)); }

/* x = n ln 2 + r, |r| <= ln 2 / 2: gives e^r - 1 and n's bits. x within +-2^20 or not a number. */
static inline float net_exp_reduced(float x, int32_t *out_n)
{
    float shifted = fmaf(x, 0x1.715476p+0f, 0x1.8p+23f);           /* 1 / ln 2; adding 1.5 * 2^23 rounds to an integer */
    float n = shifted - 0x1.8p+23f;
    float r = fmaf(n, -0x1.62e43p-1f, x);                          /* ln 2, high bits, then the rest */
    float p;

    *out_n = (int32_t)(net_bits(shifted) - 0x4b400000u);
    r = fmaf(n, 0x1.05c61p-29f, r);
    p = fmaf(r, 0x1.6d110ap-10f, 0x1.120b6ep-7f);                  /* (e^r - 1 - r) / r^2 */
    p = fmaf(r, p, 0x1.55551ap-5f);
    p = fmaf(r, p, 0x1.5554dcp-3f);
    p = fmaf(r, p, 0.5f);
    return fmaf(r * r, p, r);
}

static inline float net_exp(float x)
{
    int32_t n, half;
    float e = net_exp_reduced(net_clip(x, -104.0f, 89.0f), &n) + 1.0f;

    half = n >> 1;                 /* 2^n in two normal factors: infinity and subnormals come out right */
    return e * net_of_bits((uint32_t)(half + 127) << 23) * net_of_bits((uint32_t)(n - half + 127) << 23);
}

/* e^x - 1 for x <= 0. */
static inline float net_expm1_below(float x)
{
    int32_t n;
    float e = net_exp_reduced(net_clip(x, -25.0f, 0.0f), &n), s = net_of_bits((uint32_t)(n + 127) << 23);

    return fmaf(s, e, s - 1.0f);
}

static inline float net_log(float x)
{
    float scaled = x < FLT_MIN ? x * 0x1p+23f : x, f, p, e;
    int32_t less = x < FLT_MIN ? 23 : 0;
    uint32_t u = net_bits(scaled) - 0x3f3504f3u;                   /* the bits of sqrt(1/2): the mantissa becomes sqrt(1/2) .. sqrt(2) */

    e = (float)(((int32_t)u >> 23) - less);
    f = net_of_bits((u & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
    p = fmaf(f, 0x1.1d8ea6p-4f, -0x1.d635bcp-4f);                  /* (log(1 + f) - f + f^2 / 2) / f^3 */
    p = fmaf(f, p, 0x1.dea282p-4f);
    p = fmaf(f, p, -0x1.fcf4c6p-4f);
    p = fmaf(f, p, 0x1.23d21ap-3f);
    p = fmaf(f, p, -0x1.555b4ap-3f);
    p = fmaf(f, p, 0x1.999d5ap-3f);
    p = fmaf(f, p, -0x1.fffffcp-3f);
    p = fmaf(f, p, 0x1.555554p-2f);
    p = fmaf(f, p, -0.5f) * (f * f);
    p = fmaf(e, -0x1.05c61p-29f, p) + f;
    p = fmaf(e, 0x1.62e43p-1f, p);
    p = x < INFINITY ? p : x;
    return x > 0.0f ? p : x == 0.0f ? -INFINITY : NAN;
}

static inline float net_sigmoid(float x) { return 1.0f / (1.0f + net_exp(-x)); }

static inline float net_tanh(float x)
{
    float z = net_abs(x), s = x * x, p, far;

    p = fmaf(s, -0x1.8c2d0ap-8f, 0x1.576e3p-6f);                   /* (tanh(x) / x - 1) / x^2, x^2 <= 0.4 */
    p = fmaf(s, p, -0x1.b91582p-5f);
    p = fmaf(s, p, 0x1.110dd8p-3f);
    p = fmaf(s, p, -0x1.555552p-2f);
    p = fmaf(x * s, p, x);
    far = 1.0f - 2.0f / (net_exp(z + z) + 1.0f);
    return net_with_sign(z > 0.625f ? far : p, x);
}

/* 1 - erf(z), 0.85 < z <= 4; beyond 4 (1.6e-8) nothing that means anything. */
static inline float net_erfc_far(float z)
{
    float p = fmaf(z, 0x1.b7981ap-20f, -0x1.823cap-15f);           /* log(erfc(z)) */

    p = fmaf(z, p, 0x1.38b54p-11f);
    p = fmaf(z, p, -0x1.37baf2p-8f);
    p = fmaf(z, p, 0x1.b0ad84p-6f);
    p = fmaf(z, p, -0x1.c2c36cp-4f);
    p = fmaf(z, p, -0x1.43843ep-1f);
    p = fmaf(z, p, -0x1.2154fp+0f);
    p = fmaf(z, p, 0x1.45ceb2p-12f);
    return net_exp(p);
}

static inline float net_erf_near(float x)                          /* |x| <= 0.875 */
{
    float s = x * x, p = fmaf(s, 0x1.6c802p-14f, -0x1.aeae1ap-11f);

    p = fmaf(s, p, 0x1.553fc8p-8f);
    p = fmaf(s, p, -0x1.b81a2ap-6f);
    p = fmaf(s, p, 0x1.ce2e8ap-4f);
    p = fmaf(s, p, -0x1.812744p-2f);
    return fmaf(s, p, 0x1.20dd76p+0f) * x;
}

static inline float net_erf(float x)
{
    float z = net_abs(x), rest = net_erfc_far(z), near = net_erf_near(x), far = net_with_sign(1.0f - (z > 4.0f ? 0.0f : rest), x);

    return z > 0.875f ? far : near;
}

static inline float net_gelu(float x)
{
    float z = net_abs(x) * 0x1.6a09e6p-1f, h = 0.5f * x, tail = h * net_erfc_far(z), near = fmaf(h, net_erf_near(x * 0x1.6a09e6p-1f), h), far;

    tail = z > 4.0f ? 0.0f : tail;
    far = x > 0.0f ? x - tail : tail;
    return z > 0.875f ? far : near;
}

/* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, which is x sigmoid(2 ...). */
static inline float net_gelu_tanh(float x)
{
    float u = fmaf(0.044715f * x * x, x, x);

    return x / (1.0f + net_exp(-0x1.988454p+0f * u));
}

static inline float net_softplus(float x)
{
    float t = net_exp(-net_abs(x)), u = 1.0f + t;

    return (net_log(u) + (t - (u - 1.0f)) / u) + net_relu(x);
}

static inline float net_mish(float x)              /* x tanh(log(1 + e^x)) = x n / (n + 2), n = e^x (e^x + 2) */
{
    float e = net_exp(net_clip(x, -104.0f, 20.0f)), n = e * (e + 2.0f);

    return x > 20.0f ? x : x * (n / (n + 2.0f));
}

/* sin(x + quarter pi / 2); reduction in double. Beyond 2^30 only the range of the result holds. */
static inline float net_sine(float x, int quarter)
{
    double n = rint((double)x * 0x1.45f306dc9c883p-1), r = fma(n, -0x1.921fb54442d18p+0, (double)x), s, c, z, even;
    uint32_t k = net_bits((float)fma(-4.0, floor(n * 0.25), n) + 0x1p+23f) + (uint32_t)quarter;

    r = fma(n, -0x1.1a62633145c07p-54, r);
    z = r * r;
    s = fma(z, -2.4805636241834763e-8, 2.7555990929565319e-6);     /* (sin(r) / r - 1) / r^2, |r| <= pi / 4 */
    s = fma(z, s, -0.00019841266916985966);
    s = fma(z, s, 0.0083333333310792231);
    s = fma(z, s, -0.16666666666663886);
    s = fma(r * z, s, r);
    c = fma(z, 2.0700600483433118e-9, -2.7556369695573006e-7);     /* (cos(r) - 1 + r^2 / 2) / r^4 */
    c = fma(z, c, 2.4801585210990516e-5);
    c = fma(z, c, -0.0013888888887277343);
    c = fma(z, c, 0.041666666666664679);
    c = fma(z * z, c, fma(z, -0.5, 1.0));
    even = k & 1 ? c : s;
    even = k & 2 ? -even : even;
    even = even > 1.0 ? 1.0 : even < -1.0 ? -1.0 : even;
    return (float)(even + (double)(x - x));                         /* not finite: NaN */
}

static inline float net_sign(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x; }

/* F(id, expression of x, a, b) for every function of graph.h, in its order. */
#define NET_ACT_FORMS(F) \
    F(IDENTITY, x) F(RELU, net_relu(x)) F(LEAKY_RELU, 0.0f > x ? a * x : x) F(CLIP, net_clip(x, a, b)) \
    F(HARD_SIGMOID, net_clip(fmaf(a, x, b), 0.0f, 1.0f)) F(HARD_SWISH, x * net_clip(fmaf(x, 0x1.555556p-3f, 0.5f), 0.0f, 1.0f)) \
    F(SIGMOID, net_sigmoid(x)) F(SILU, x / (1.0f + net_exp(-x))) F(TANH, net_tanh(x)) F(GELU, net_gelu(x)) F(GELU_TANH, net_gelu_tanh(x)) \
    F(ELU, 0.0f > x ? a * net_expm1_below(x) : x) F(SOFTPLUS, net_softplus(x)) F(MISH, net_mish(x)) F(EXP, net_exp(x)) F(LOG, net_log(x)) \
    F(SQRT, sqrtf(x)) F(ABS, net_abs(x)) F(NEG, -x) F(RECIPROCAL, 1.0f / x) F(ERF, net_erf(x)) F(FLOOR, floorf(x)) F(CEIL, ceilf(x)) \
    F(ROUND, rintf(x)) F(SIGN, net_sign(x)) F(SIN, net_sine(x, 0)) F(COS, net_sine(x, 1))

static inline float net_act_apply(enum net_act act, float a, float b, float x)
{
    switch (act) {
#define X(id, form) case NET_ACT_##id: return form;
    NET_ACT_FORMS(X)
#undef X
    case NET_ACT_COUNT: break;
    }
    return x;
}

/* to[i] = act(from[i]); to may be from. */
static inline void net_act_row(enum net_act act, float a, float b, const float *from, float *to, int64_t n)
{
    switch (act) {
#define X(id, form) case NET_ACT_##id: for (int64_t i_ = 0; i_ < n; i_++) { float x = from[i_]; to[i_] = form; } return;
    NET_ACT_FORMS(X)
#undef X
    case NET_ACT_COUNT: break;
    }
}

/* pow: through double, so that the result is the nearest float in all but about one of 10^8 cases. */
static inline float net_power(float x, float y) { return y == 2.0f ? x * x : y == 0.5f ? sqrtf(x + 0.0f) : (float)pow((double)x, (double)y); }

#define NET_BINARY_FORMS(F) \
    F(NET_ADD, x + y) F(NET_SUB, x - y) F(NET_MUL, x * y) F(NET_DIV, x / y) F(NET_MAX, net_max(x, y)) F(NET_MIN, net_min(x, y)) F(NET_POW, net_power(x, y))

static inline float net_binary_apply(enum net_binary kind, float x, float y)
{
    switch (kind) {
#define X(id, form) case id: return form;
    NET_BINARY_FORMS(X)
#undef X
    case NET_BINARY_COUNT: break;
    }
    return x;
}

/* Sixteen chains over a contiguous row: chain l takes elements l, l + 16, ...; then halves are added: l + 8, l + 4, l + 2, l + 1. */
enum { NET_LANES = 16 };

static inline float net_lanes_sum(const float lane[NET_LANES])
{
    float t[NET_LANES];

    memcpy(t, lane, sizeof t);
    for (int half = NET_LANES / 2; half; half /= 2)
        for (int l = 0; l < half; l++)
            t[l] += t[l + half];
    return t[0];
}
