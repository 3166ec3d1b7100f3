/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/int8_avx2 - the int8 tile on AVX2 without VNNI: up to 6 pixels x 16 channels. vpmaddubsw saturates, so that it is exact for
 * 7-bit weights only; input and weights are i16 here and vpmaddwd is exact for all. Both spend one multiplication on each 16 products.
 */
#include "base/net/op/int8_ends.h"

#include <immintrin.h>

enum { PIXELS = 6, VECTORS = 2 };

static void widen(const uint8_t *from, int32_t zero, int16_t *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = (int16_t)(from[i] - (int16_t)zero);
}

/* The first n of 16 bytes. */
static inline __m128i load_some(const uint8_t *from, int n)
{
    uint8_t some[16] = { 0 };

    if (n >= 16)
        return _mm_loadu_si128((const __m128i *)(const void *)from);
    memcpy(some, from, (size_t)n);
    return _mm_loadu_si128((const __m128i *)(const void *)some);
}

static inline void store_some(uint8_t *to, __m128i v, int n)
{
    uint8_t some[16];

    if (n >= 16) {
        _mm_storeu_si128((__m128i *)(void *)to, v);
    } else if (n == 8) {
        _mm_storel_epi64((__m128i *)(void *)to, v);
    } else {
        _mm_storeu_si128((__m128i *)(void *)some, v);
        memcpy(to, some, (size_t)n);
    }
}

INT8_INLINE __m256i rounded(const struct int8_tile *t, __m256i sum, __m128i residual, int j)
{
    const struct int8_post *p = t->post;
    __m256 v = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(t->scale + 8 * j), _mm256_loadu_ps(t->bias + 8 * j));

    if (t->residual) {
        __m256i r = _mm256_sub_epi32(_mm256_cvtepu8_epi32(j ? _mm_srli_si128(residual, 8) : residual), _mm256_set1_epi32(p->residual_zero));
        v = _mm256_fmadd_ps(_mm256_cvtepi32_ps(r), _mm256_set1_ps(p->residual_scale), v);
    }
    return _mm256_cvtps_epi32(_mm256_mul_ps(v, _mm256_set1_ps(p->inverse)));
}

INT8_INLINE void store_simple(const struct int8_tile *t, __m256i acc[PIXELS][VECTORS], const int pixels, const int vectors)
{
    const struct int8_post *p = t->post;
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    uint8_t *out = t->out;

    INT8_UNROLL(6)
    for (int i = 0; i < pixels; i += 2) {
        const int k = i + 1 < pixels ? i + 1 : i;
        __m128i ri = _mm_setzero_si128(), rk = ri;
        __m256i zero = _mm256_set1_epi16((short)p->zero), a, b, v;
        if (t->residual) {
            ri = load_some(t->residual + i * t->out_step, t->width);
            rk = load_some(t->residual + k * t->out_step, t->width);
        }
        a = rounded(t, acc[i][0], ri, 0);
        b = rounded(t, acc[k][0], rk, 0);
        a = _mm256_packs_epi32(a, vectors == 2 ? rounded(t, acc[i][1], ri, 1) : a);
        b = _mm256_packs_epi32(b, vectors == 2 ? rounded(t, acc[k][1], rk, 1) : b);
        v = _mm256_packus_epi16(_mm256_adds_epi16(a, zero), _mm256_adds_epi16(b, zero));
        v = _mm256_permutevar8x32_epi32(v, order);
        v = _mm256_min_epu8(_mm256_max_epu8(v, _mm256_set1_epi8((char)p->low)), _mm256_set1_epi8((char)p->high));
        store_some(out + i * t->out_step, _mm256_castsi256_si128(v), t->width);
        if (k > i)
            store_some(out + k * t->out_step, _mm256_extracti128_si256(v, 1), t->width);
    }
}

static __attribute__((noinline)) void store_general(const struct int8_tile *t, const int32_t *sums, int pixels, int row)
{
    int8_store_general(t, sums, pixels, row);
}

INT8_INLINE void tile(const struct int8_tile *t, const int pixels, const int vectors)
{
    __m256i acc[PIXELS][VECTORS];
    const int16_t *w = (const int16_t *)(const void *)t->weights;

    for (int i = 0; i < t->next_lines; i++)
        _mm_prefetch(t->next + 64 * i, _MM_HINT_T1);
    INT8_UNROLL(6)
    for (int i = 0; i < pixels; i++)
        INT8_UNROLL(2)
        for (int j = 0; j < vectors; j++)
            acc[i][j] = _mm256_loadu_si256((const __m256i *)(const void *)(t->start + 8 * j));
    for (int s = 0; s < t->segs; s++) {
        ptrdiff_t k = (ptrdiff_t)t->seg[s] * 2, end = k + 4 * (ptrdiff_t)t->steps;
        for (; k < end; k += 4) {
            __m256i b[VECTORS];
            INT8_UNROLL(2)
            for (int j = 0; j < vectors; j++)
                b[j] = _mm256_load_si256((const __m256i *)(const void *)(w + 16 * j));
            w += 16 * vectors;
            INT8_UNROLL(6)
            for (int i = 0; i < pixels; i++) {
                __m256i a;
                __asm__("vpbroadcastd %1, %0" : "=x"(a) : "m"(*(const int32_t *)(const void *)(t->row[i] + k)));
                INT8_UNROLL(2)
                for (int j = 0; j < vectors; j++)
                    acc[i][j] = _mm256_add_epi32(acc[i][j], _mm256_madd_epi16(a, b[j]));
            }
        }
    }
    if (t->post->simple) {
        store_simple(t, acc, pixels, vectors);
    } else {
        int32_t sums[PIXELS * VECTORS * 8];
        INT8_UNROLL(6)
        for (int i = 0; i < pixels; i++)
            INT8_UNROLL(2)
            for (int j = 0; j < vectors; j++)
                _mm256_storeu_si256((__m256i *)(void *)(sums + 8 * (vectors * i + j)), acc[i][j]);
        store_general(t, sums, pixels, 8 * vectors);
    }
}

#define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define X(n) \
    static __attribute__((noinline)) void tile_##n##x1(const struct int8_tile *t) { tile(t, n, 1); } \
    static __attribute__((noinline)) void tile_##n##x2(const struct int8_tile *t) { tile(t, n, 2); }
EACH(X)
#undef X

static void any_tile(const struct int8_tile *t, int pixels, int vectors)
{
    static void (*const table[PIXELS][VECTORS])(const struct int8_tile *t) = {
#define X(n) { tile_##n##x1, tile_##n##x2 },
        EACH(X)
#undef X
    };

    table[pixels - 1][vectors - 1](t);
}

static const struct int8_micro micro = { .pixels = PIXELS, .lanes = 8, .vectors = VECTORS, .unit = 2, .wide = true, .widen = widen, .tile = any_tile };

INT8_KERNELS(avx2, NET_ISA_AVX2, micro);
