/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/int8_depthwise_avx2 - the int8 depthwise tile on AVX2: up to 4 pixels x 16 channels. Rows are widened to 16 bits and taken in
 * pairs: vpmaddwd adds the products of two rows, and is exact. The unpacks leave place i of vector v, lane l with channel 8 l + 4 v + i, which
 * the packs at the end undo.
 */
#include "base/net/op/int8_depthwise.h"
#include "base/net/op/int8_ends.h"

#include <immintrin.h>

enum { PIXELS = 4 };

INT8_INLINE __m256i rounded(const struct int8_depthwise *d, __m256i sum, int v, __m256i residual)
{
    const struct int8_post *p = d->end.post;
    __m256 r = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(d->scale + 8 * v), _mm256_loadu_ps(d->bias + 8 * v));

    if (d->end.residual)
        r = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(residual, _mm256_set1_epi32(p->residual_zero))), _mm256_set1_ps(p->residual_scale), r);
    return _mm256_cvtps_epi32(_mm256_mul_ps(r, _mm256_set1_ps(p->inverse)));
}

INT8_INLINE void store_simple(const struct int8_depthwise *d, const __m256i sum[2], int pixel)
{
    const struct int8_post *p = d->end.post;
    __m256i nil = _mm256_setzero_si256(), r[2] = { nil, nil }, v;
    uint8_t *out = (uint8_t *)d->end.out + pixel * d->end.out_step, some[16];
    __m128i bytes;

    if (d->end.residual) {
        const uint8_t *from = d->end.residual + pixel * d->end.out_step;
        memset(some, 0, sizeof some);
        memcpy(some, from, (size_t)d->end.width);
        v = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)some));
        r[0] = _mm256_unpacklo_epi16(v, nil), r[1] = _mm256_unpackhi_epi16(v, nil);
    }
    v = _mm256_packs_epi32(rounded(d, sum[0], 0, r[0]), rounded(d, sum[1], 1, r[1]));
    v = _mm256_adds_epi16(v, _mm256_set1_epi16((short)p->zero));
    bytes = _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    bytes = _mm_min_epu8(_mm_max_epu8(bytes, _mm_set1_epi8((char)p->low)), _mm_set1_epi8((char)p->high));
    if (d->end.width == 16) {
        _mm_storeu_si128((__m128i *)(void *)out, bytes);
    } else {
        _mm_storeu_si128((__m128i *)(void *)some, bytes);
        memcpy(out, some, (size_t)d->end.width);
    }
}

static __attribute__((noinline)) void store_general(const struct int8_depthwise *d, const __m256i *sum, int pixels)
{
    int32_t sums[PIXELS * 16];

    for (int i = 0; i < pixels; i++)
        for (int v = 0; v < 2; v++) {
            int32_t eight[8];
            _mm256_storeu_si256((__m256i *)(void *)eight, sum[2 * i + v]);
            for (int l = 0; l < 2; l++)
                memcpy(sums + 16 * i + 8 * l + 4 * v, eight + 4 * l, 16);
        }
    int8_store_general(&d->end, sums, pixels, 16);
}

/* pair[i][v]: rows 2 i and 2 i + 1, interleaved. */
struct column {
    __m256i pair[2][2];
};

INT8_INLINE struct column column_at(const struct int8_depthwise *d, const struct int8_depthwise_rows *g, int32_t x)
{
    struct column c;
    __m256i r[4];

    if ((uint32_t)x < (uint32_t)d->w) {
        ptrdiff_t at = (ptrdiff_t)x * d->c;
        for (int i = 0; i < 4; i++)
            r[i] = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(g->row[i] + (at & g->keep[i]))));
    } else {
        r[0] = r[1] = r[2] = r[3] = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)d->zeros));
    }
    for (int i = 0; i < 2; i++) {
        c.pair[i][0] = _mm256_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        c.pair[i][1] = _mm256_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    return c;
}

INT8_INLINE void add(__m256i acc[2], const struct column *c, const int16_t *w)
{
    for (int i = 0; i < 2; i++)
        for (int v = 0; v < 2; v++) {
            __m256i product = _mm256_madd_epi16(c->pair[i][v], _mm256_load_si256((const __m256i *)(const void *)(w + 32 * i + 16 * v)));
            acc[v] = _mm256_add_epi32(acc[v], product);
        }
}

/* kw == 0: any kernel width, stride and dilation; columns are not shared then. */
INT8_INLINE void tile(const struct int8_depthwise *d, const int pixels, const int kw, const int stride)
{
    __m256i acc[PIXELS][2];
    const int16_t *w = (const int16_t *)(const void *)d->weights;

    INT8_UNROLL(4)
    for (int i = 0; i < pixels; i++)
        for (int v = 0; v < 2; v++)
            acc[i][v] = _mm256_loadu_si256((const __m256i *)(const void *)(d->start + 8 * v));
    for (int g = 0; g < d->groups; g++) {
        if (kw) {
            INT8_UNROLL(16)
            for (int j = 0; j < (pixels - 1) * stride + kw; j++) {
                struct column c = column_at(d, &d->group[g], d->x + j);
                INT8_UNROLL(4)
                for (int i = 0; i < pixels; i++)
                    if (j >= i * stride && j < i * stride + kw)
                        add(acc[i], &c, w + 64 * (j - i * stride));
            }
            w += 64 * kw;
        } else {
            for (int32_t k = 0; k < d->kw; k++, w += 64)
                INT8_UNROLL(4)
                for (int i = 0; i < pixels; i++) {
                    struct column c = column_at(d, &d->group[g], d->x + k * d->dx + i * d->sx);
                    add(acc[i], &c, w);
                }
        }
    }
    if (d->end.post->simple) {
        INT8_UNROLL(4)
        for (int i = 0; i < pixels; i++)
            store_simple(d, acc[i], i);
    } else {
        __m256i copy[2 * PIXELS];
        INT8_UNROLL(4)
        for (int i = 0; i < pixels; i++)
            for (int v = 0; v < 2; v++)
                copy[2 * i + v] = acc[i][v];
        store_general(d, copy, pixels);
    }
}

#define EACH(X) X(1) X(2) X(3) X(4)
#define X(n) \
    static __attribute__((noinline)) void tile_##n##_any(const struct int8_depthwise *d) { tile(d, n, 0, 0); } \
    static __attribute__((noinline)) void tile_##n##_3x1(const struct int8_depthwise *d) { tile(d, n, 3, 1); } \
    static __attribute__((noinline)) void tile_##n##_3x2(const struct int8_depthwise *d) { tile(d, n, 3, 2); } \
    static __attribute__((noinline)) void tile_##n##_5x1(const struct int8_depthwise *d) { tile(d, n, 5, 1); } \
    static __attribute__((noinline)) void tile_##n##_5x2(const struct int8_depthwise *d) { tile(d, n, 5, 2); }
EACH(X)
#undef X

static void any_tile(const struct int8_depthwise *d, int pixels)
{
    static void (*const table[PIXELS][5])(const struct int8_depthwise *d) = {
#define X(n) { tile_##n##_any, tile_##n##_3x1, tile_##n##_3x2, tile_##n##_5x1, tile_##n##_5x2 },
        EACH(X)
#undef X
    };
    int form = 0;

    if (d->dx == 1 && d->sx <= 2)
        form = d->kw == 3 ? d->sx : d->kw == 5 ? 2 + d->sx : 0;
    table[pixels - 1][form](d);
}

static void any_row(const struct int8_depthwise *d, int32_t pixels) { int8_depthwise_tiles(d, pixels, PIXELS, any_tile); }

static const struct int8_depthwise_micro micro = {
    .block = 16, .unit = 2, .order = { 0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15 }, .row = any_row,
};

INT8_DEPTHWISE_FUNCTIONS(avx2, micro)

const struct net_kernel net_conv_int8_depthwise_avx2[] = {
    { "conv.int8.depthwise.avx2", NET_CONV, NET_ISA_AVX2, true, int8_depthwise_fits, avx2_packed_bytes, avx2_pack, NULL, avx2_run },
    { .name = NULL },
};
