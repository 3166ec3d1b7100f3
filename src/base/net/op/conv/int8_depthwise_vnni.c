/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/int8_depthwise_vnni - the int8 depthwise tile on AVX-512 VNNI: up to 4 pixels x 64 channels. A column of four rows is
 * interleaved by eight unpacks into four vectors of sixteen channels, and multiplied for every output that it belongs to. The unpacks leave
 * place i of vector v, lane l with channel 16 l + 4 v + i, which the packs at the end undo.
 */
#include "base/net/op/int8_depthwise.h"
#include "base/net/op/int8_ends.h"

#include <immintrin.h>

enum { PIXELS = 4, EDGE_MAX = 3 };

#define DOT(acc, a, b) __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b))
#define DOT_MEMORY(acc, a, b) __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "m"(b))

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

static __attribute__((noinline)) void store_general(const struct int8_depthwise *d, const __m512i *sum, int pixels, int32_t x)
{
    int32_t sums[PIXELS * 64];
    struct int8_tile end = d->end;

    for (int i = 0; i < pixels; i++)
        for (int v = 0; v < 4; v++) {
            int32_t four[16];
            _mm512_storeu_si512(four, sum[4 * i + v]);
            for (int l = 0; l < 4; l++)
                memcpy(sums + 64 * i + 16 * l + 4 * v, four + 4 * l, 16);
        }
    end.out = (char *)end.out + x * end.out_step * (end.post->real ? 4 : 1);
    end.residual = end.residual ? end.residual + x * end.out_step : NULL;
    int8_store_general(&end, sums, pixels, 64);
}

/* The instructions of a step for all vectors stand before those of the next: what waits for its operands fills the schedulers else. */
#define IN_ORDER(x) __asm__ volatile("" : "+v"(x))

INT8_INLINE void store_simple(const struct int8_depthwise *d, __m512i acc[PIXELS][4], const int pixels, int32_t x)
{
    const struct int8_post *p = d->end.post;
    const float *scale = d->scale, *bias = d->bias;
    const __m512 inverse = _mm512_set1_ps(p->inverse);
    const __m512i zero = _mm512_set1_epi16((short)p->zero), low = _mm512_set1_epi8((char)p->low), high = _mm512_set1_epi8((char)p->high);
    const ptrdiff_t step = d->end.out_step;
    const int width = d->end.width;
    uint8_t *out = (uint8_t *)d->end.out + x * step;

    INT8_UNROLL(4)
    for (int v = 0; v < 4; v++) {
        const __m512 s = _mm512_loadu_ps(scale + 16 * v), b = _mm512_loadu_ps(bias + 16 * v);
        __m512 real[PIXELS];
        INT8_UNROLL(4)
        for (int i = 0; i < pixels; i++) {
            real[i] = _mm512_cvtepi32_ps(acc[i][v]);
            IN_ORDER(real[i]);
        }
        INT8_UNROLL(4)
        for (int i = 0; i < pixels; i++) {
            real[i] = _mm512_fmadd_ps(real[i], s, b);
            IN_ORDER(real[i]);
        }
        INT8_UNROLL(4)
        for (int i = 0; i < pixels; i++) {
            real[i] = _mm512_mul_ps(real[i], inverse);
            IN_ORDER(real[i]);
        }
        INT8_UNROLL(4)
        for (int i = 0; i < pixels; i++) {
            acc[i][v] = _mm512_cvtps_epi32(real[i]);
            IN_ORDER(acc[i][v]);
        }
    }
    INT8_UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = _mm512_packs_epi32(acc[i][0], acc[i][1]);
        acc[i][2] = _mm512_packs_epi32(acc[i][2], acc[i][3]);
        IN_ORDER(acc[i][0]);
        IN_ORDER(acc[i][2]);
    }
    INT8_UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = _mm512_adds_epi16(acc[i][0], zero);
        acc[i][2] = _mm512_adds_epi16(acc[i][2], zero);
        IN_ORDER(acc[i][0]);
        IN_ORDER(acc[i][2]);
    }
    INT8_UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = _mm512_packus_epi16(acc[i][0], acc[i][2]);
        IN_ORDER(acc[i][0]);
    }
    INT8_UNROLL(4)
    for (int i = 0; i < pixels; i++)
        store_some(out + i * step, _mm512_min_epu8(_mm512_max_epu8(acc[i][0], low), high), width);
}

/* Where the columns of a tile lie. Inner ones are `step` apart; the outermost may be off the image and have pointers of their own. */
struct columns {
    const uint8_t *inner[INT8_DEPTHWISE_ROWS];
    ptrdiff_t step[INT8_DEPTHWISE_ROWS];
    const uint8_t *outer[2 * EDGE_MAX][INT8_DEPTHWISE_ROWS];      /* the first `edge`, the last `edge` */
};

/* One column, off the image in part. */
static __attribute__((noinline)) void off_column(const struct int8_depthwise *d, const struct int8_depthwise_rows *g, int32_t x, const uint8_t **to, uint8_t *copy)
{
    bool off = x + d->flat <= 0 || x >= d->w;

    for (int i = 0; i < INT8_DEPTHWISE_ROWS; i++, copy += 64) {
        to[i] = off || !g->keep[i] ? d->zeros : copy;
        if (to[i] == d->zeros)
            continue;
        _mm512_store_si512(copy, _mm512_loadu_si512(d->zeros));
        for (int32_t k = 0; k < d->flat; k++)
            if (x + k >= 0 && x + k < d->w)
                memcpy(copy + k * d->c, g->row[i] + (ptrdiff_t)(x + k) * d->c, (size_t)d->c);
    }
}

INT8_INLINE void columns_of(const struct int8_depthwise *d, const struct int8_depthwise_rows *g, int32_t x, const int columns, const int edge,
                                                             const int rows, struct columns *out, uint8_t copy[2 * EDGE_MAX][INT8_DEPTHWISE_ROWS * 64])
{
    for (int i = 0; i < rows; i++) {
        out->step[i] = d->c & g->keep[i];
        out->inner[i] = g->row[i] + (ptrdiff_t)x * out->step[i];
    }
    for (int j = 0; j < 2 * edge; j++) {
        const int column = j < edge ? j : columns - 2 * edge + j;
        if (x + column >= 0 && x + column + d->flat <= d->w)
            for (int i = 0; i < rows; i++)
                out->outer[j][i] = out->inner[i] + column * out->step[i];
        else
            off_column(d, g, x + column, out->outer[j], copy[j]);
    }
}

/* A column of four rows: pairs of rows interleaved. */
struct column {
    __m512i low, high, low2, high2;
};

INT8_INLINE struct column column_at(const struct columns *c, const int j, const int columns, const int edge, const int rows)
{
    const int outer = j < edge ? j : j >= columns - edge ? j - columns + 2 * edge : -1;
    __m512i r[INT8_DEPTHWISE_ROWS];

    INT8_UNROLL(4)
    for (int i = 0; i < rows; i++) {
        r[i] = _mm512_loadu_si512(outer >= 0 ? c->outer[outer][i] : c->inner[i] + j * c->step[i]);
        __asm__("" : "+v"(r[i]));      /* loaded once, not by each unpack */
    }
    if (rows == 3)
        r[3] = r[2];
    return (struct column){ _mm512_unpacklo_epi8(r[0], r[1]), _mm512_unpackhi_epi8(r[0], r[1]), _mm512_unpacklo_epi8(r[2], r[3]), _mm512_unpackhi_epi8(r[2], r[3]) };
}

INT8_INLINE __m512i part(const struct column *c, int v)
{
    return v == 0 ? _mm512_unpacklo_epi16(c->low, c->low2) : v == 1 ? _mm512_unpackhi_epi16(c->low, c->low2)
         : v == 2 ? _mm512_unpacklo_epi16(c->high, c->high2) : _mm512_unpackhi_epi16(c->high, c->high2);
}

/* A row in tiles of `most` pixels, the last of which overlaps the one before it. kw == 0: any kernel width, stride and dilation; columns are
 * not shared then. rows: 3 of one group, or 4. */
INT8_INLINE void row_of(const struct int8_depthwise *d, int32_t n, const int most, const int kw, const int stride, const int rows)
{
    const int columns = kw ? (most - 1) * stride + kw : 1, edge = kw / 2, groups = rows == 3 ? 1 : d->groups;
    uint8_t copy[2 * EDGE_MAX][INT8_DEPTHWISE_ROWS * 64] __attribute__((aligned(64)));
    struct columns from;
    __m512i kept[3][4];            /* weights of three rows: in registers */

    if (rows == 3)
        INT8_UNROLL(3)
        for (int j = 0; j < 3; j++)
            INT8_UNROLL(4)
            for (int v = 0; v < 4; v++)
                kept[j][v] = _mm512_load_si512(d->weights + 256 * j + 64 * v);
    for (int32_t x = 0; x < n; x += most) {
        const int8_t *w = d->weights;
        __m512i acc[PIXELS][4];
        if (x > n - most)
            x = n - most;
        const int32_t in_x = d->x + x * (kw ? stride : d->sx);
        if (rows == 3)
            columns_of(d, d->group, in_x, columns, edge, rows, &from, copy);
        INT8_UNROLL(4)
        for (int i = 0; i < most; i++)
            INT8_UNROLL(4)
            for (int v = 0; v < 4; v++)
                acc[i][v] = _mm512_loadu_si512(d->start + 16 * v);
        for (int g = 0; g < groups; g++) {
            if (kw) {
                if (rows != 3)
                    columns_of(d, &d->group[g], in_x, columns, edge, rows, &from, copy);
                INT8_UNROLL(32)
                for (int j = 0; j < columns; j++) {
                    struct column c = column_at(&from, j, columns, edge, rows);
                    if (rows == 3)
                        for (int s = 0; s < stride; s++)
                            _mm_prefetch(from.inner[2] + j * from.step[2] + d->ahead * (s + 1), _MM_HINT_T0);
                    INT8_UNROLL(4)
                    for (int v = 0; v < 4; v++) {
                        __m512i a = part(&c, v);
                        INT8_UNROLL(4)
                        for (int i = 0; i < most; i++)
                            if (j >= i * stride && j < i * stride + kw) {
                                if (rows == 3)
                                    DOT(acc[i][v], a, kept[j - i * stride][v]);
                                else
                                    DOT_MEMORY(acc[i][v], a, *(const __m512i *)(const void *)(w + 256 * (j - i * stride) + 64 * v));
                            }
                    }
                }
                w += 256 * kw;
            } else {
                for (int32_t k = 0; k < d->kw; k++, w += 256)
                    INT8_UNROLL(4)
                    for (int i = 0; i < most; i++) {
                        struct column c;
                        columns_of(d, &d->group[g], in_x + k * d->dx + i * d->sx, 1, 1, rows, &from, copy);
                        c = column_at(&from, 0, 1, 1, rows);
                        INT8_UNROLL(4)
                        for (int v = 0; v < 4; v++)
                            DOT_MEMORY(acc[i][v], part(&c, v), *(const __m512i *)(const void *)(w + 64 * v));
                    }
            }
        }
        if (d->end.post->simple && !d->end.residual) {
            store_simple(d, acc, most, x);
        } else {
            __m512i sums[4 * PIXELS];
            INT8_UNROLL(4)
            for (int i = 0; i < most; i++)
                INT8_UNROLL(4)
                for (int v = 0; v < 4; v++)
                    sums[4 * i + v] = acc[i][v];
            store_general(d, sums, most, x);
        }
    }
}

/* PIXELS, KERNEL WIDTH x STRIDE; kernel rows */
#define ROW(pixels, kw, stride, rows) \
    static __attribute__((noinline)) void row_##pixels##_##kw##x##stride(const struct int8_depthwise *d, int32_t n) { row_of(d, n, pixels, kw, stride, rows); }
ROW(1, 3, 1, 3) ROW(2, 3, 1, 3) ROW(3, 3, 1, 3) ROW(4, 3, 1, 3)
ROW(1, 3, 2, 3) ROW(2, 3, 2, 3) ROW(3, 3, 2, 3) ROW(4, 3, 2, 3)
ROW(4, 5, 1, 4) ROW(4, 5, 2, 4) ROW(4, 7, 1, 4)
ROW(1, 0, 0, 4) ROW(4, 0, 0, 4)
#undef ROW

static void some_row(const struct int8_depthwise *d, int32_t n)
{
    static void (*const three[2][PIXELS])(const struct int8_depthwise *d, int32_t pixels) = {
        { row_1_3x1, row_2_3x1, row_3_3x1, row_4_3x1 }, { row_1_3x2, row_2_3x2, row_3_3x2, row_4_3x2 },
    };
    /* Only the outermost columns may be off the image. */
    bool shared = d->dx == 1 && d->x + d->kw / 2 >= 0 && d->x + (n - 1) * d->sx + d->kw - d->kw / 2 - 1 + d->flat <= d->w;

    if (shared && d->kw == 3 && d->kh == 3 && d->sx <= 2) {
        int best = 1, least = INT32_MAX;
        for (int most = 1; most <= PIXELS && most <= n; most++) {         /* a tile costs about: its columns, its outputs, and something */
            int cost = (n + most - 1) / most * (8 * ((most - 1) * d->sx + d->kw) + 32 * most + 40);
            if (cost <= least) {
                least = cost;
                best = most;
            }
        }
        three[d->sx - 1][best - 1](d, n);
    } else if (n < PIXELS) {
        row_1_0x0(d, n);
    } else if (shared && d->kw == 5 && d->sx <= 2) {
        (d->sx == 1 ? row_4_5x1 : row_4_5x2)(d, n);
    } else {
        (shared && d->kw == 7 && d->sx == 1 ? row_4_7x1 : row_4_0x0)(d, n);
    }
}

/* Where a block is whole pixels, it is a "pixel" and how many it holds is the stride. */
static void any_row(const struct int8_depthwise *row, int32_t pixels)
{
    struct int8_depthwise d = *row;
    int32_t whole = pixels / d.flat, rest = pixels % d.flat * d.c;

    if (d.flat == 1) {
        some_row(row, pixels);
        return;
    }
    d.sx = d.flat;
    d.end.out_step = d.end.width = 64;
    if (whole > 0)
        some_row(&d, whole);
    if (rest > 0) {
        d.x += whole * d.flat;
        d.end.out = (char *)d.end.out + (ptrdiff_t)64 * whole * (d.end.post->real ? 4 : 1);
        d.end.residual = d.end.residual ? d.end.residual + 64 * whole : NULL;
        d.end.width = rest;
        some_row(&d, 1);
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
