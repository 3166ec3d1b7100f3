/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/int8_vnni - the int8 tile on AVX-512 VNNI: up to 14 pixels x 32 channels, the sums in 28 registers. For each four input
 * channels two weight vectors are loaded and each pixel's four bytes are broadcast: 28 multiplications for 16 loads.
 * vpdpbusd is written as inline assembly since gcc 12 spills around its intrinsic.
 */
#include "base/net/op/int8_ends.h"

#include <immintrin.h>

enum { PIXELS = 14, VECTORS = 2 };

#define DOT(acc, a, b) __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b))

/* Rounded sums of channels [16 j, 16 j + 16) of a pixel. */
static inline __m512i rounded(const struct int8_tile *t, __m512i sum, int pixel, int j, __mmask16 mask)
{
    const struct int8_post *p = t->post;
    __m512 v = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(t->scale + 16 * j), _mm512_loadu_ps(t->bias + 16 * j));

    if (t->residual) {
        __m128i r = _mm_maskz_loadu_epi8(mask, t->residual + pixel * t->out_step + 16 * j);
        __m512i wide = _mm512_sub_epi32(_mm512_cvtepu8_epi32(r), _mm512_set1_epi32(p->residual_zero));
        v = _mm512_fmadd_ps(_mm512_cvtepi32_ps(wide), _mm512_set1_ps(p->residual_scale), v);
    }
    return _mm512_cvtps_epi32(_mm512_mul_ps(v, _mm512_set1_ps(p->inverse)));
}

/* What the quarters a, b, c, d of 32-bit values become: bytes with the zero point, within the bounds, lanes interleaved. */
static inline __m512i narrowed(const struct int8_post *p, __m512i a, __m512i b, __m512i c, __m512i d, __m512i order)
{
    __m512i zero = _mm512_set1_epi16((short)p->zero);
    __m512i ab = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero), cd = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero);
    __m512i v = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(ab, cd));

    return _mm512_min_epu8(_mm512_max_epu8(v, _mm512_set1_epi8((char)p->low)), _mm512_set1_epi8((char)p->high));
}

/* A masked store of bytes costs far more than a whole one on some processors. */
static inline void store_some(uint8_t *to, __m256i v, int width)
{
    if (width >= 32)
        _mm256_storeu_si256((__m256i *)(void *)to, v);
    else if (width == 16)
        _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(v));
    else
        _mm256_mask_storeu_epi8(to, (1u << width) - 1, v);
}

INT8_INLINE void store_simple(const struct int8_tile *t, __m512i acc[PIXELS][VECTORS], const int pixels, const int vectors)
{
    uint8_t *out = t->out;
    ptrdiff_t step = t->out_step;
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const int width = t->width;
    uint32_t mask = width >= 32 ? 0xffffffffu : (1u << width) - 1;
    __mmask16 low = (__mmask16)mask, high = (__mmask16)(mask >> 16);

    if (vectors == 2) {
        INT8_UNROLL(14)
        for (int i = 0; i < pixels; i += 2) {
            const int k = i + 1 < pixels ? i + 1 : i;
            __m512i v = narrowed(t->post, rounded(t, acc[i][0], i, 0, low), rounded(t, acc[i][1], i, 1, high), rounded(t, acc[k][0], k, 0, low),
                                 rounded(t, acc[k][1], k, 1, high), order);
            store_some(out + i * step, _mm512_castsi512_si256(v), width);
            if (k > i)
                store_some(out + k * step, _mm512_extracti64x4_epi64(v, 1), width);
        }
    } else {
        INT8_UNROLL(14)
        for (int i = 0; i < pixels; i += 4) {
            const int b = i + 1 < pixels ? i + 1 : i, c = i + 2 < pixels ? i + 2 : i, d = i + 3 < pixels ? i + 3 : i;
            __m512i v = narrowed(t->post, rounded(t, acc[i][0], i, 0, low), rounded(t, acc[b][0], b, 0, low), rounded(t, acc[c][0], c, 0, low),
                                 rounded(t, acc[d][0], d, 0, low), order);
            store_some(out + i * step, _mm256_castsi128_si256(_mm512_castsi512_si128(v)), width);
            if (b > i)
                store_some(out + b * step, _mm256_castsi128_si256(_mm512_extracti32x4_epi32(v, 1)), width);
            if (c > i)
                store_some(out + c * step, _mm256_castsi128_si256(_mm512_extracti32x4_epi32(v, 2)), width);
            if (d > i)
                store_some(out + d * step, _mm256_castsi128_si256(_mm512_extracti32x4_epi32(v, 3)), width);
        }
    }
}

static __attribute__((noinline)) void store_general(const struct int8_tile *t, const int32_t *sums, int pixels, int row)
{
    int8_store_general(t, sums, pixels, row);
}

INT8_INLINE void tile(const struct int8_tile *t, const int pixels, const int vectors)
{
    __m512i acc[PIXELS][VECTORS];
    const int8_t *w = t->weights;

    for (int i = 0; i < t->next_lines; i++)
        _mm_prefetch(t->next + 64 * i, _MM_HINT_T1);
    INT8_UNROLL(14)
    for (int i = 0; i < pixels; i++)
        INT8_UNROLL(2)
        for (int j = 0; j < vectors; j++)
            acc[i][j] = _mm512_loadu_si512(t->start + 16 * j);
    for (int s = 0; s < t->segs; s++) {
        ptrdiff_t k = t->seg[s], end = k + 4 * (ptrdiff_t)t->steps;
        for (; k < end; k += 4) {
            __m512i b[VECTORS];
            INT8_UNROLL(2)
            for (int j = 0; j < vectors; j++)
                b[j] = _mm512_load_si512(w + 64 * j);
            w += 64 * vectors;
            INT8_UNROLL(14)
            for (int i = 0; i < pixels; i++) {
                __m512i a;
                __asm__("vpbroadcastd %1, %0" : "=v"(a) : "m"(*(const int32_t *)(const void *)(t->row[i] + k)));
                INT8_UNROLL(2)
                for (int j = 0; j < vectors; j++)
                    DOT(acc[i][j], a, b[j]);
            }
        }
    }
    if (t->post->simple) {
        store_simple(t, acc, pixels, vectors);
    } else {
        int32_t sums[PIXELS * VECTORS * 16] __attribute__((aligned(64)));
        INT8_UNROLL(14)
        for (int i = 0; i < pixels; i++)
            INT8_UNROLL(2)
            for (int j = 0; j < vectors; j++)
                _mm512_store_si512(sums + 16 * (vectors * i + j), acc[i][j]);
        store_general(t, sums, pixels, 16 * vectors);
    }
}

#define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
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

static const struct int8_micro micro = { .pixels = PIXELS, .lanes = 16, .vectors = VECTORS, .unit = 4, .tile = any_tile };

INT8_KERNELS(vnni, NET_ISA_AVX2 | NET_ISA_AVX512 | NET_ISA_VNNI, micro);
