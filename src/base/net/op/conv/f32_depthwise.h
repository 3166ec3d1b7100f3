/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/f32_depthwise - fp32 convolution of each channel by itself. Vectors run over channels, which lie side by side; up to
 * seven neighbouring outputs are held in registers. Nothing is copied: blocks of outputs that see the border take each tap by
 * a list of pointers, in which zeros stand for what is outside.
 */
#pragma once

#include "base/net/op/f32_sweep.h"

enum { DW_T = 7, DW_TAPS = 81 };

/* One block of outputs. */
struct dw_block {
    const float *in;               /* first tap of the first output; or the pointers below */
    const float *const *at;        /* [tap][output] */
    const float *w;                /* of the first tap that counts: [channels / VL][all taps][VL] */
    const float *bias, *residual;
    float       *out;
    size_t       next, column, row;    /* bytes from an output's tap to the next output's, to the next column's, to the next row's */
    int64_t      rows, columns, all, c;
    float        lo, hi;
};

#define DW_OFF_0 0
#define DW_OFF_1 s
#define DW_OFF_2 2 * s
#define DW_OFF_3 s3
#define DW_OFF_4 4 * s
#define DW_OFF_5 s5
#define DW_OFF_6 2 * s3
#define DW_ZERO(i) v_f32 p##i = v_zero();
#define DW_FMA(i) p##i = v_fma(v_load(F32_AT(a, DW_OFF_##i)), w0, p##i);
#define DW_FMA_AT(i) p##i = v_fma(v_load(at[i] + c), w0, p##i);
#define DW_END(i) dw_end(b, (int64_t)(i) * b->c + c, n, bias, lo, hi, p##i);

F32_INLINE void dw_end(const struct dw_block *b, int64_t to, int64_t n, v_f32 bias, v_f32 lo, v_f32 hi, v_f32 x)
{
    x = v_add(x, bias);
    if (b->residual) x = v_add(x, v_load(b->residual + to));
    x = v_min(hi, v_max(lo, x));
    if (n >= VL) v_store(b->out + to, x);
    else v_store_n(b->out + to, (int)n, x);
}

#define DW_BLOCK(T)                                                                                          \
    static void dw_inside_##T(const struct dw_block *b)                                                      \
    {                                                                                                        \
        const size_t s = b->next, s3 = 3 * s, s5 = 5 * s;                                                    \
        const v_f32 lo = v_dup(b->lo), hi = v_dup(b->hi);                                                    \
        const float *w = b->w;                                                                               \
        (void)s3;                                                                                            \
        (void)s5;                                                                                            \
        for (int64_t c = 0; c < b->c; c += VL, w += b->all * VL) {                                           \
            const int64_t n = b->c - c;                                                                      \
            const v_f32 bias = v_load(b->bias + c);                                                          \
            const float *row = b->in + c, *tap = w;                                                          \
            F32_ROWS_##T(DW_ZERO)                                                                            \
            for (int64_t y = 0; y < b->rows; y++, row = F32_AT(row, b->row)) {                               \
                const float *a = row;                                                                        \
                for (int64_t x = 0; x < b->columns; x++, a = F32_AT(a, b->column), tap += VL) {              \
                    const v_f32 w0 = v_load(tap);                                                            \
                    F32_ROWS_##T(DW_FMA)                                                                     \
                }                                                                                            \
            }                                                                                                \
            F32_ROWS_##T(DW_END)                                                                             \
        }                                                                                                    \
    }                                                                                                        \
    static void dw_border_##T(const struct dw_block *b)                                                      \
    {                                                                                                        \
        const v_f32 lo = v_dup(b->lo), hi = v_dup(b->hi);                                                    \
        const float *w = b->w;                                                                               \
        const int64_t taps = b->rows * b->columns;                                                           \
        for (int64_t c = 0; c < b->c; c += VL, w += b->all * VL) {                                           \
            const int64_t n = b->c - c;                                                                      \
            const v_f32 bias = v_load(b->bias + c);                                                          \
            const float *const *at = b->at;                                                                  \
            F32_ROWS_##T(DW_ZERO)                                                                            \
            for (int64_t i = 0; i < taps; i++, at += DW_T) {                                                 \
                const v_f32 w0 = v_load(w + i * VL);                                                         \
                F32_ROWS_##T(DW_FMA_AT)                                                                      \
            }                                                                                                \
            F32_ROWS_##T(DW_END)                                                                             \
        }                                                                                                    \
    }
DW_BLOCK(1)
DW_BLOCK(2)
DW_BLOCK(3)
DW_BLOCK(4)
DW_BLOCK(5)
DW_BLOCK(6)
DW_BLOCK(7)

typedef void (*dw_fn)(const struct dw_block *b);
static const dw_fn dw_inside[DW_T] = { dw_inside_1, dw_inside_2, dw_inside_3, dw_inside_4, dw_inside_5, dw_inside_6, dw_inside_7 };
static const dw_fn dw_border[DW_T] = { dw_border_1, dw_border_2, dw_border_3, dw_border_4, dw_border_5, dw_border_6, dw_border_7 };

/*
 * Windows: 3x3 and 5x5 kernels of stride 1 and 2, by blocks of R rows of T outputs. An input is loaded once for all outputs of the block that it
 * reaches, which the second-level cache feels more than the registers. Taps outside the image: rows are left out, columns are zeros.
 */
#if defined(F32_AVX2)
enum { DW_R3 = 2, DW_W = 4 };        /* rows of 3x3 at stride 1; outputs */
#else
enum { DW_R3 = 3, DW_W = 7 };
#endif
enum { DW_R_MAX = 3, DW_ROWS_MAX = 2 * (DW_R_MAX - 1) + 5, DW_COLUMNS_MAX = 2 * (DW_T - 1) + 5 };

struct dw_window {
    const float *in;               /* the window's first pixel, when all columns are inside */
    const float *const *at;        /* else its pixels: [row][DW_COLUMNS_MAX] */
    int64_t      first, last;      /* rows of it that are inside */
    int64_t      pixel, row;       /* floats */
    const float *w, *bias, *residual;
    float       *out;
    int64_t      out_row, c;       /* floats */
    float        lo, hi;
};

#ifdef __clang__
#define DW_UNROLL _Pragma("clang loop unroll(full)")
#else
#define DW_UNROLL _Pragma("GCC unroll 16")
#endif

F32_INLINE void dw_window(const struct dw_window *b, const int K, const int S, const int R, const bool inside)
{
    const v_f32 lo = v_dup(b->lo), hi = v_dup(b->hi);

    for (int64_t c = 0; c < b->c; c += VL) {
        const float *w = b->w + c * K * K;
        const v_f32 bias = v_load(b->bias + c);
        v_f32 sum[DW_R_MAX][DW_T];
        DW_UNROLL for (int j = 0; j < R; j++)
            DW_UNROLL for (int o = 0; o < DW_W; o++)
                sum[j][o] = v_zero();
        DW_UNROLL for (int r = 0; r < S * (R - 1) + K; r++) {
            if (r < b->first || r >= b->last)
                continue;
            const float *row = b->in + r * b->row + c;
            DW_UNROLL for (int i = 0; i < S * (DW_W - 1) + K; i++) {
                const v_f32 x = v_load(inside ? row + i * b->pixel : b->at[r * DW_COLUMNS_MAX + i] + c);
                DW_UNROLL for (int j = 0; j < R; j++)
                    DW_UNROLL for (int o = 0; o < DW_W; o++)
                        if (r - S * j >= 0 && r - S * j < K && i - S * o >= 0 && i - S * o < K)
                            sum[j][o] = v_fma(x, v_load(w + ((r - S * j) * K + i - S * o) * VL), sum[j][o]);
            }
        }
        DW_UNROLL for (int j = 0; j < R; j++)
            DW_UNROLL for (int o = 0; o < DW_W; o++) {
                const int64_t to = j * b->out_row + o * b->c + c;
                v_f32 y = v_add(sum[j][o], bias);
                if (b->residual) y = v_add(y, v_load(b->residual + to));
                y = v_min(hi, v_max(lo, y));
                if (b->c - c >= VL) v_store(b->out + to, y);
                else v_store_n(b->out + to, (int)(b->c - c), y);
            }
    }
}

#define DW_WINDOW(K, S, R)                                                                              \
    static void dw_window_##K##S##R(const struct dw_window *b) { dw_window(b, K, S, R, true); }         \
    static void dw_window_border_##K##S##R(const struct dw_window *b) { dw_window(b, K, S, R, false); }
#define DW_PAIR(K, S, R) { dw_window_##K##S##R, dw_window_border_##K##S##R }
DW_WINDOW(3, 1, 1)
DW_WINDOW(3, 1, 2)
DW_WINDOW(3, 2, 1)
DW_WINDOW(3, 2, 2)
DW_WINDOW(5, 1, 1)
DW_WINDOW(5, 2, 1)
#if defined(F32_AVX2)
#define DW_PAIR_OF_3(K, S) { NULL, NULL }
#else
DW_WINDOW(3, 1, 3)
#define DW_PAIR_OF_3(K, S) DW_PAIR(K, S, 3)
#endif

/* [K == 5][S - 1][R - 1][border] */
static void (*const dw_windows[2][2][DW_R_MAX][2])(const struct dw_window *b) = {
    { { DW_PAIR(3, 1, 1), DW_PAIR(3, 1, 2), DW_PAIR_OF_3(3, 1) }, { DW_PAIR(3, 2, 1), DW_PAIR(3, 2, 2), { NULL, NULL } } },
    { { DW_PAIR(5, 1, 1), { NULL, NULL }, { NULL, NULL } }, { DW_PAIR(5, 2, 1), { NULL, NULL }, { NULL, NULL } } },
};

static bool dw_fits(const struct net_site *s)
{
    const int32_t *w = s->in[1]->shape.d;
    return s->in[0]->type == NET_F32 && s->in[1]->type == NET_F32 && s->out->type == NET_F32 && s->in[1]->data && (s->in_n < 3 || !s->in[2] || s->in[2]->data) &&
        s->node->attr.groups == s->in[0]->shape.d[3] && w[0] == s->in[0]->shape.d[3] && w[1] * (int64_t)w[2] <= DW_TAPS;
}

static int64_t dw_channels(const struct net_site *s) { return (s->in[0]->shape.d[3] + (int64_t)VL - 1) / VL * VL; }

/* zeros, bias, weights */
static size_t dw_packed_bytes(const struct net_site *s)
{
    const int32_t *w = s->in[1]->shape.d;
    return (size_t)(dw_channels(s) * (2 + w[1] * w[2])) * sizeof(float);
}

static void dw_pack(const struct net_site *s, void *packed)
{
    const int64_t c = s->in[0]->shape.d[3], taps = s->in[1]->shape.d[1] * s->in[1]->shape.d[2], wide = dw_channels(s);
    const float *w = s->in[1]->data, *bias = s->in_n > 2 && s->in[2] ? s->in[2]->data : NULL;
    float *to = packed;

    for (int64_t i = 0; i < c; i++) {
        to[wide + i] = bias ? bias[i] : -0.0f;
        for (int64_t t = 0; t < taps; t++)
            to[2 * wide + (i / VL * taps + t) * VL + i % VL] = w[i * taps + t];
    }
}

static bool dw_has_window(const struct net_site *s)
{
    const struct net_attr *a = &s->node->attr;
    const int32_t *w = s->in[1]->shape.d;
    return w[1] == w[2] && (w[1] == 3 || w[1] == 5) && a->stride[0] == a->stride[1] && (a->stride[0] == 1 || a->stride[0] == 2) && a->dilation[0] == 1 &&
        a->dilation[1] == 1 && s->out->shape.d[2] >= DW_W;
}

static void dw_run_windows(const struct net_call *call)
{
    const struct net_attr *a = &call->site->node->attr;
    const int32_t *x = call->site->in[0]->shape.d, *y = call->site->out->shape.d;
    const int64_t c = x[3], ih = x[1], iw = x[2], oh = y[1], ow = y[2], k = call->site->in[1]->shape.d[1], s = a->stride[0], most = k == 5 ? 1 : s == 1 ? DW_R3 : 2;
    const int64_t wide = dw_channels(call->site), columns = s * (DW_W - 1) + k;
    const float *zeros = call->packed, *in = call->in[0], *residual = call->site->in_n > 3 && call->site->in[3] ? call->in[3] : NULL;
    const float *at[DW_ROWS_MAX * DW_COLUMNS_MAX];
    struct dw_window b = { .at = at, .bias = zeros + wide, .w = zeros + 2 * wide, .pixel = c, .row = iw * c, .out_row = ow * c, .c = c };
    const bool clamp = f32_clamp(a->act, a->alpha, a->beta, &b.lo, &b.hi);
    int64_t r0, r1;

    net_share(x[0] * oh, call->part, call->parts, &r0, &r1);
    for (int64_t r = r0, rows; r < r1; r += rows) {
        const int64_t oy = r % oh, iy = oy * s - a->pad[0], left = r1 - r < oh - oy ? r1 - r : oh - oy;
        const float *image = in + r / oh * ih * iw * c;
        rows = left < most ? left : left == most + 1 && most > 2 ? most - 1 : most;     /* 3 + 1 is better as 2 + 2 */
        b.first = iy < 0 ? -iy : 0;
        b.last = ih - iy;
        for (int64_t i = 0; i < ow; i += DW_W) {
            const int64_t ox = i + DW_W <= ow ? i : ow - DW_W, ix = ox * s - a->pad[1];
            const bool inside = ix >= 0 && ix + columns <= iw;
            b.out = (float *)call->out + (r * ow + ox) * c;
            b.residual = residual ? residual + (r * ow + ox) * c : NULL;
            b.in = image;
            if (inside)
                b.in += (iy * iw + ix) * c;
            for (int64_t j = b.first; !inside && j < s * (rows - 1) + k && j < b.last; j++)
                for (int64_t p = 0; p < columns; p++)
                    at[j * DW_COLUMNS_MAX + p] = ix + p < 0 || ix + p >= iw ? zeros : image + ((iy + j) * iw + ix + p) * c;
            dw_windows[k == 5][s - 1][rows - 1][!inside](&b);
            for (int64_t j = 0; j < rows && !clamp; j++)
                f32_act(a->act, a->alpha, a->beta, b.out + j * ow * c, DW_W * c);
        }
    }
}

static void dw_run(const struct net_call *call)
{
    if (dw_has_window(call->site)) {
        dw_run_windows(call);
        return;
    }
    const struct net_attr *a = &call->site->node->attr;
    const int32_t *x = call->site->in[0]->shape.d, *k = call->site->in[1]->shape.d, *y = call->site->out->shape.d;
    const int64_t c = x[3], ih = x[1], iw = x[2], oh = y[1], ow = y[2], kh = k[1], kw = k[2], f = (int64_t)sizeof(float);
    const int64_t sh = a->stride[0], sw = a->stride[1], dh = a->dilation[0], dwx = a->dilation[1], wide = dw_channels(call->site);
    const float *zeros = call->packed, *in = call->in[0], *residual = call->site->in_n > 3 && call->site->in[3] ? call->in[3] : NULL;
    const float *at[DW_TAPS * DW_T];
    struct dw_block b = { .at = at, .bias = zeros + wide, .next = (size_t)(sw * c * f), .column = (size_t)(dwx * c * f), .row = (size_t)(dh * iw * c * f),
        .columns = kw, .all = kh * kw, .c = c };
    const bool clamp = f32_clamp(a->act, a->alpha, a->beta, &b.lo, &b.hi);
    const int64_t per_row = (ow + DW_T - 1) / DW_T, t = (ow + per_row - 1) / per_row;
    int64_t r0, r1;

    net_share(x[0] * oh, call->part, call->parts, &r0, &r1);
    for (int64_t r = r0; r < r1; r++) {
        const int64_t iy = r % oh * sh - a->pad[0];
        const float *image = in + r / oh * ih * iw * c;
        int64_t k0 = 0, k1 = kh;
        while (k0 < kh && iy + k0 * dh < 0) k0++;
        while (k1 > k0 && iy + (k1 - 1) * dh >= ih) k1--;
        b.rows = k1 - k0;
        b.w = zeros + 2 * wide + k0 * kw * VL;
        for (int64_t i = 0; i < per_row; i++) {
            const int64_t ox = i * t + t <= ow ? i * t : ow - t, ix = ox * sw - a->pad[1];
            const bool inside = ix >= 0 && ix + (t - 1) * sw + (kw - 1) * dwx < iw;
            b.out = (float *)call->out + (r * ow + ox) * c;
            b.residual = residual ? residual + (r * ow + ox) * c : NULL;
            if (inside) {
                b.in = image + ((iy + k0 * dh) * iw + ix) * c;
                dw_inside[t - 1](&b);
            } else {
                for (int64_t ky = k0, n = 0; ky < k1; ky++)
                    for (int64_t kx = 0; kx < kw; kx++, n += DW_T)
                        for (int64_t o = 0; o < t; o++) {
                            const int64_t px = ix + o * sw + kx * dwx;
                            at[n + o] = px < 0 || px >= iw ? zeros : image + ((iy + ky * dh) * iw + px) * c;
                        }
                dw_border[t - 1](&b);
            }
            if (!clamp) f32_act(a->act, a->alpha, a->beta, b.out, t * c);
        }
    }
}
