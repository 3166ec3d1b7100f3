/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/int8_depthwise_vnni - the int8 depthwise tile on AVX-512 VNNI: up to 6 pixels x 64 channels. A column of four rows is
 * interleaved by eight unpacks into four vectors of sixteen channels, and multiplied for every output that it belongs to. The unpacks leave
 * place i of vector v, lane l with channel 16 l + 4 v + i, which the packs at the end undo.
 */
#include "base/net/op/int8_depthwise.h"
#include "base/net/op/int8_ends.h"

#include <immintrin.h>

enum { PIXELS = 6 };

#define DOT(acc, a, b) __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "vm"(b))

static inline __attribute__((always_inline)) __m512i rounded(const struct int8_depthwise *d, __m512i sum, int v, __m512i residual)
{
    const struct int8_post *p = d->end.post;
    __m512 r = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(d->scale + 16 * v), _mm512_loadu_ps(d->bias + 16 * v));

    if (d->end.residual)
        r = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(residual, _mm512_set1_epi32(p->residual_zero))), _mm512_set1_ps(p->residual_scale), r);
    return _mm512_cvtps_epi32(_mm512_mul_ps(r, _mm512_set1_ps(p->inverse)));
}

static inline __attribute__((always_inline)) void store_simple(const struct int8_depthwise *d, const __m512i sum[4], int pixel, __mmask64 mask)
{
    const struct int8_post *p = d->end.post;
    __m512i nil = _mm512_setzero_si512(), r[4] = { nil, nil, nil, nil }, zero = _mm512_set1_epi16((short)p->zero), a, b, v;

    if (d->end.residual) {
        __m512i bytes = _mm512_maskz_loadu_epi8(mask, d->end.residual + pixel * d->end.out_step);
        __m512i low = _mm512_unpacklo_epi8(bytes, nil), high = _mm512_unpackhi_epi8(bytes, nil);
        r[0] = _mm512_unpacklo_epi16(low, nil), r[1] = _mm512_unpackhi_epi16(low, nil);
        r[2] = _mm512_unpacklo_epi16(high, nil), r[3] = _mm512_unpackhi_epi16(high, nil);
    }
    a = _mm512_adds_epi16(_mm512_packs_epi32(rounded(d, sum[0], 0, r[0]), rounded(d, sum[1], 1, r[1])), zero);
    b = _mm512_adds_epi16(_mm512_packs_epi32(rounded(d, sum[2], 2, r[2]), rounded(d, sum[3], 3, r[3])), zero);
    v = _mm512_packus_epi16(a, b);
    v = _mm512_min_epu8(_mm512_max_epu8(v, _mm512_set1_epi8((char)p->low)), _mm512_set1_epi8((char)p->high));
    _mm512_mask_storeu_epi8((uint8_t *)d->end.out + pixel * d->end.out_step, mask, v);
}

static __attribute__((noinline)) void store_general(const struct int8_depthwise *d, const __m512i *sum, int pixels)
{
    int32_t sums[PIXELS * 64];

    for (int i = 0; i < pixels; i++)
        for (int v = 0; v < 4; v++) {
            int32_t four[16];
            _mm512_storeu_si512(four, sum[4 * i + v]);
            for (int l = 0; l < 4; l++)
                memcpy(sums + 64 * i + 16 * l + 4 * v, four + 4 * l, 16);
        }
    int8_store_general(&d->end, sums, pixels, 64);
}

/* Half of an interleaved column: pairs of rows. */
struct column {
    __m512i low[2], high[2];
};

static inline __attribute__((always_inline)) struct column column_at(const struct int8_depthwise *d, const struct int8_depthwise_tile *g, int32_t x)
{
    struct column c;
    __m512i r[4];

    if ((uint32_t)x < (uint32_t)d->w) {
        ptrdiff_t at = (ptrdiff_t)x * d->c;
        for (int i = 0; i < 4; i++)
            r[i] = _mm512_loadu_si512(g->row[i] + (at & g->keep[i]));
    } else {
        r[0] = r[1] = r[2] = r[3] = _mm512_loadu_si512(d->zeros);
    }
    for (int i = 0; i < 2; i++) {
        c.low[i] = _mm512_unpacklo_epi8(r[2 * i], r[2 * i + 1]);
        c.high[i] = _mm512_unpackhi_epi8(r[2 * i], r[2 * i + 1]);
    }
    return c;
}

static inline __attribute__((always_inline)) __m512i part(const struct column *c, int v)
{
    return v == 0 ? _mm512_unpacklo_epi16(c->low[0], c->low[1]) : v == 1 ? _mm512_unpackhi_epi16(c->low[0], c->low[1])
         : v == 2 ? _mm512_unpacklo_epi16(c->high[0], c->high[1]) : _mm512_unpackhi_epi16(c->high[0], c->high[1]);
}

/* kw == 0: any kernel width, stride and dilation; columns are not shared then. */
static inline __attribute__((always_inline)) void tile(const struct int8_depthwise *d, const int pixels, const int kw, const int stride)
{
    __m512i acc[PIXELS][4];
    const int8_t *w = d->weights;
    __mmask64 mask = d->end.width >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << d->end.width) - 1;

#pragma GCC unroll 6
    for (int i = 0; i < pixels; i++)
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++)
            acc[i][v] = _mm512_loadu_si512(d->start + 16 * v);
    for (int g = 0; g < d->groups; g++) {
        if (kw) {
#pragma GCC unroll 32
            for (int j = 0; j < (pixels - 1) * stride + kw; j++) {
                struct column c = column_at(d, &d->group[g], d->x + j);
#pragma GCC unroll 4
                for (int v = 0; v < 4; v++) {
                    __m512i a = part(&c, v);
#pragma GCC unroll 6
                    for (int i = 0; i < pixels; i++)
                        if (j >= i * stride && j < i * stride + kw)
                            DOT(acc[i][v], a, *(const __m512i *)(const void *)(w + 256 * (j - i * stride) + 64 * v));
                }
            }
            w += 256 * kw;
        } else {
            for (int32_t k = 0; k < d->kw; k++, w += 256)
#pragma GCC unroll 6
                for (int i = 0; i < pixels; i++) {
                    struct column c = column_at(d, &d->group[g], d->x + k * d->dx + i * d->sx);
#pragma GCC unroll 4
                    for (int v = 0; v < 4; v++)
                        DOT(acc[i][v], part(&c, v), *(const __m512i *)(const void *)(w + 64 * v));
                }
        }
    }
    if (d->end.post->simple) {
#pragma GCC unroll 6
        for (int i = 0; i < pixels; i++)
            store_simple(d, acc[i], i, mask);
    } else {
        __m512i copy[4 * PIXELS];
#pragma GCC unroll 6
        for (int i = 0; i < pixels; i++)
#pragma GCC unroll 4
            for (int v = 0; v < 4; v++)
                copy[4 * i + v] = acc[i][v];
        store_general(d, copy, pixels);
    }
}

/* X(pixels), for each of Y(kernel width, stride) */
#define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define X(n) \
    static __attribute__((noinline)) void tile_##n##_any(const struct int8_depthwise *d) { tile(d, n, 0, 0); } \
    static __attribute__((noinline)) void tile_##n##_3x1(const struct int8_depthwise *d) { tile(d, n, 3, 1); } \
    static __attribute__((noinline)) void tile_##n##_3x2(const struct int8_depthwise *d) { tile(d, n, 3, 2); } \
    static __attribute__((noinline)) void tile_##n##_5x1(const struct int8_depthwise *d) { tile(d, n, 5, 1); } \
    static __attribute__((noinline)) void tile_##n##_5x2(const struct int8_depthwise *d) { tile(d, n, 5, 2); } \
    static __attribute__((noinline)) void tile_##n##_7x1(const struct int8_depthwise *d) { tile(d, n, 7, 1); }
EACH(X)
#undef X

static void any_tile(const struct int8_depthwise *d, int pixels)
{
    static void (*const table[PIXELS][6])(const struct int8_depthwise *d) = {
#define X(n) { tile_##n##_any, tile_##n##_3x1, tile_##n##_3x2, tile_##n##_5x1, tile_##n##_5x2, tile_##n##_7x1 },
        EACH(X)
#undef X
    };
    int form = 0;

    if (d->dx == 1)
        form = d->kw == 3 && d->sx <= 2 ? d->sx : d->kw == 5 && d->sx <= 2 ? 2 + d->sx : d->kw == 7 && d->sx == 1 ? 5 : 0;
    table[pixels - 1][form](d);
}

#define FOUR(n) n, n + 1, n + 2, n + 3
#define VECTOR(v) FOUR(4 * v), FOUR(4 * v + 16), FOUR(4 * v + 32), FOUR(4 * v + 48)
static const struct int8_depthwise_micro micro = { .pixels = PIXELS, .block = 64, .unit = 4, .order = { VECTOR(0), VECTOR(1), VECTOR(2), VECTOR(3) }, .tile = any_tile };

INT8_DEPTHWISE_FUNCTIONS(vnni, micro)

const struct net_kernel net_conv_int8_depthwise_vnni[] = {
    { "conv.int8.depthwise.vnni", NET_CONV, NET_ISA_AVX2 | NET_ISA_AVX512 | NET_ISA_VNNI, true, int8_depthwise_fits, vnni_packed_bytes, vnni_pack, NULL, vnni_run },
    { .name = NULL },
};
