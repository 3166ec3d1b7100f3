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

enum { PIXELS = 6, COLUMNS = 16 };

#define DOT(acc, a, b) __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "m"(b))

/* A masked store of bytes costs far more than a whole one on some processors. */
static inline void store_some(uint8_t *to, __m512i v, int width)
{
    if (width >= 64)
        _mm512_storeu_si512(to, v);
    else if (width == 32)
        _mm256_storeu_si256((__m256i *)(void *)to, _mm512_castsi512_si256(v));
    else if (width == 16)
        _mm_storeu_si128((__m128i *)(void *)to, _mm512_castsi512_si128(v));
    else
        _mm512_mask_storeu_epi8(to, ((__mmask64)1 << width) - 1, v);
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

/* The instructions of a step for all vectors stand before those of the next: what waits for its operands fills the schedulers else. */
#define IN_ORDER(x) __asm__ volatile("" : "+v"(x))

static inline __attribute__((always_inline)) void store_simple(const struct int8_depthwise *d, __m512i acc[PIXELS][4], const int pixels)
{
    const struct int8_post *p = d->end.post;
    const float *scale = d->scale, *bias = d->bias;
    const __m512 inverse = _mm512_set1_ps(p->inverse);
    const __m512i zero = _mm512_set1_epi16((short)p->zero), low = _mm512_set1_epi8((char)p->low), high = _mm512_set1_epi8((char)p->high);
    const ptrdiff_t step = d->end.out_step;
    const int width = d->end.width;
    uint8_t *out = d->end.out;

#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) {
        const __m512 s = _mm512_loadu_ps(scale + 16 * v), b = _mm512_loadu_ps(bias + 16 * v);
        __m512 real[PIXELS];
#pragma GCC unroll 6
        for (int i = 0; i < pixels; i++) {
            real[i] = _mm512_cvtepi32_ps(acc[i][v]);
            IN_ORDER(real[i]);
        }
#pragma GCC unroll 6
        for (int i = 0; i < pixels; i++) {
            real[i] = _mm512_fmadd_ps(real[i], s, b);
            IN_ORDER(real[i]);
        }
#pragma GCC unroll 6
        for (int i = 0; i < pixels; i++) {
            real[i] = _mm512_mul_ps(real[i], inverse);
            IN_ORDER(real[i]);
        }
#pragma GCC unroll 6
        for (int i = 0; i < pixels; i++) {
            acc[i][v] = _mm512_cvtps_epi32(real[i]);
            IN_ORDER(acc[i][v]);
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = _mm512_packs_epi32(acc[i][0], acc[i][1]);
        acc[i][2] = _mm512_packs_epi32(acc[i][2], acc[i][3]);
        IN_ORDER(acc[i][0]);
        IN_ORDER(acc[i][2]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = _mm512_adds_epi16(acc[i][0], zero);
        acc[i][2] = _mm512_adds_epi16(acc[i][2], zero);
        IN_ORDER(acc[i][0]);
        IN_ORDER(acc[i][2]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = _mm512_packus_epi16(acc[i][0], acc[i][2]);
        IN_ORDER(acc[i][0]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < pixels; i++)
        store_some(out + i * step, _mm512_min_epu8(_mm512_max_epu8(acc[i][0], low), high), width);
}

/* Where the columns of a tile lie: rows of them, `step` apart. */
struct columns {
    const uint8_t *row[INT8_DEPTHWISE_ROWS];
    ptrdiff_t step[INT8_DEPTHWISE_ROWS];
};

/* Columns that are off the image, in part, are copied. */
static __attribute__((noinline)) void copy_columns(const struct int8_depthwise *d, const struct int8_depthwise_rows *g, int columns, struct columns *out, uint8_t *copy)
{
    for (int i = 0; i < INT8_DEPTHWISE_ROWS; i++) {
        out->row[i] = copy;
        out->step[i] = 64;
        for (int32_t x = d->x; x < d->x + columns; x++, copy += 64) {
            const uint8_t *from = g->row[i] + ((ptrdiff_t)x * d->c & g->keep[i]);
            if (x >= 0 && x + d->flat <= d->w) {
                _mm512_store_si512(copy, _mm512_loadu_si512(from));
                continue;
            }
            _mm512_store_si512(copy, _mm512_loadu_si512(d->zeros));
            for (int32_t k = 0; k < d->flat && d->flat > 1; k++)
                if (x + k >= 0 && x + k < d->w && g->keep[i])
                    memcpy(copy + k * d->c, from + k * d->c, (size_t)d->c);
        }
    }
}

static inline __attribute__((always_inline)) void columns_of(const struct int8_depthwise *d, const struct int8_depthwise_rows *g, int columns, struct columns *out, uint8_t *copy)
{
    if (d->x >= 0 && d->x + columns - 1 + d->flat <= d->w)
        for (int i = 0; i < INT8_DEPTHWISE_ROWS; i++) {
            out->row[i] = g->row[i] + ((ptrdiff_t)d->x * d->c & g->keep[i]);
            out->step[i] = d->c & g->keep[i];
        }
    else
        copy_columns(d, g, columns, out, copy);
}

/* A column of four rows: pairs of rows interleaved. */
struct column {
    __m512i low, high, low2, high2;
};

static inline __attribute__((always_inline)) struct column column_at(const struct columns *c, ptrdiff_t x, const bool three)
{
    __m512i r0 = _mm512_loadu_si512(c->row[0] + x * c->step[0]), r1 = _mm512_loadu_si512(c->row[1] + x * c->step[1]);
    __m512i r2 = _mm512_loadu_si512(c->row[2] + x * c->step[2]), r3 = three ? r2 : _mm512_loadu_si512(c->row[3] + x * c->step[3]);

    return (struct column){ _mm512_unpacklo_epi8(r0, r1), _mm512_unpackhi_epi8(r0, r1), _mm512_unpacklo_epi8(r2, r3), _mm512_unpackhi_epi8(r2, r3) };
}

static inline __attribute__((always_inline)) __m512i part(const struct column *c, int v)
{
    return v == 0 ? _mm512_unpacklo_epi16(c->low, c->low2) : v == 1 ? _mm512_unpackhi_epi16(c->low, c->low2)
         : v == 2 ? _mm512_unpacklo_epi16(c->high, c->high2) : _mm512_unpackhi_epi16(c->high, c->high2);
}

/* kw == 0: any kernel width, stride and dilation; columns are not shared then. */
static inline __attribute__((always_inline)) void tile(const struct int8_depthwise *d, const int pixels, const int kw, const int stride)
{
    __m512i acc[PIXELS][4];
    const int8_t *w = d->weights;
    const int columns = kw ? (pixels - 1) * stride + kw : 1;
    uint8_t copy[INT8_DEPTHWISE_ROWS * COLUMNS * 64] __attribute__((aligned(64)));
    struct columns from;

    if (kw)
        columns_of(d, d->group, columns, &from, copy);
#pragma GCC unroll 6
    for (int i = 0; i < pixels; i++)
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++)
            acc[i][v] = _mm512_loadu_si512(d->start + 16 * v);
    for (int g = 0; g < (kw == 3 ? 1 : d->groups); g++) {
        if (kw) {
            if (g > 0)
                columns_of(d, &d->group[g], columns, &from, copy);
#pragma GCC unroll 32
            for (int j = 0; j < columns; j++) {
                struct column c = column_at(&from, j, kw == 3);
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
                    struct int8_depthwise at = *d;
                    struct column c;
                    at.x += k * d->dx + i * d->sx;
                    columns_of(&at, &d->group[g], 1, &from, copy);
                    c = column_at(&from, 0, false);
#pragma GCC unroll 4
                    for (int v = 0; v < 4; v++)
                        DOT(acc[i][v], part(&c, v), *(const __m512i *)(const void *)(w + 64 * v));
                }
        }
    }
    if (d->end.post->simple && !d->end.residual) {
        store_simple(d, acc, pixels);
    } else {
        __m512i sums[4 * PIXELS];
#pragma GCC unroll 6
        for (int i = 0; i < pixels; i++)
#pragma GCC unroll 4
            for (int v = 0; v < 4; v++)
                sums[4 * i + v] = acc[i][v];
        store_general(d, sums, pixels);
    }
}

/* Each kernel width x stride; 3 rows only for the former, any number else. */
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
        form = d->kw == 3 && d->kh == 3 && d->sx <= 2 ? d->sx : d->kw == 5 && d->sx <= 2 ? 2 + d->sx : d->kw == 7 && d->sx == 1 ? 5 : 0;
    table[pixels - 1][form](d);
}

/* Where a block is whole pixels, it is a "pixel" and how many it holds is the stride. */
static void any_row(const struct int8_depthwise *row, int32_t pixels)
{
    struct int8_depthwise d = *row;
    int32_t whole = pixels / d.flat, rest = pixels % d.flat * d.c;

    if (d.flat > 1) {
        d.sx = d.flat;
        d.end.out_step = d.end.width = 64;
    }
    if (whole > 0)
        int8_depthwise_tiles(&d, whole, PIXELS, any_tile);
    if (rest > 0) {
        d.x += whole * d.flat;
        d.end.out = (char *)d.end.out + (ptrdiff_t)64 * whole * (d.end.post->real ? 4 : 1);
        d.end.residual = d.end.residual ? d.end.residual + 64 * whole : NULL;
        d.end.width = rest;
        any_tile(&d, 1);
    }
}

#define FOUR(n) n, n + 1, n + 2, n + 3
#define VECTOR(v) FOUR(4 * v), FOUR(4 * v + 16), FOUR(4 * v + 32), FOUR(4 * v + 48)
static const struct int8_depthwise_micro micro = { .block = 64, .flat = true, .unit = 4, .order = { VECTOR(0), VECTOR(1), VECTOR(2), VECTOR(3) }, .row = any_row };

INT8_DEPTHWISE_FUNCTIONS(vnni, micro)

const struct net_kernel net_conv_int8_depthwise_vnni[] = {
    { "conv.int8.depthwise.vnni", NET_CONV, NET_ISA_AVX2 | NET_ISA_AVX512 | NET_ISA_VNNI, true, int8_depthwise_fits, vnni_packed_bytes, vnni_pack, NULL, vnni_run },
    { .name = NULL },
};
