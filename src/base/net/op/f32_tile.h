/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/f32_tile - the inner loop of every dense fp32 kernel: a tile of pixels by one panel of output channels, held in
 * registers, over a list of runs. Convolution, transposed convolution, matrix product and Winograd's products all come here.
 *
 * A tile is up to F32_G groups of H pixels. The pixels of a group are `stride` bytes apart; groups lie anywhere, so that no row of
 * an image need be copied. AVX-512 has 2 groups of up to 7 (28 sums in registers), AVX2 6 and NEON 8 groups of one pixel.
 * A run is k consecutive floats of each pixel (channels; or kernel columns and channels, where these are adjacent), and the k rows
 * of the panel that go with them. A panel is 1 or 2 vectors wide: [k][1 or 2][VL], zeros behind the last channel.
 *
 * Each output is one chain of fused multiply-adds over the runs in order, then + bias, + residual, clamp: kernel.h.
 */
#pragma once

#include "base/net/op/f32_vec.h"

enum { F32_PANEL = 2 * VL };

struct f32_run {
    int64_t a, w;                  /* where it begins: bytes from the pixel, rows of the panel */
    int64_t k;                     /* floats, > 0 */
};

struct f32_tile {
    const float *a[F32_G];         /* first pixel of each group */
    const float *r[F32_G];         /* its residual, when `residual` */
    float       *o[F32_G];         /* and its output */
    size_t       stride, r_stride, o_stride;   /* bytes from a group's pixel to the next */
    const struct f32_run *run;
    int          runs;
    bool         residual;
    const float *w;
    const float *bias;             /* as wide as the panel */
    float        lo, hi;           /* the clamp; infinities where there is none */
};

typedef void (*f32_tile_fn)(const struct f32_tile *t);

#define F32_AT(p, bytes) ((const float *)(const void *)((const char *)(p) + (bytes)))
#define F32_OUT(p, bytes) ((float *)(void *)((char *)(p) + (bytes)))

F32_INLINE void f32_end(const struct f32_tile *c, int group, int row, int lane, v_f32 bias, v_f32 lo, v_f32 hi, v_f32 x)
{
    x = v_add(x, bias);
    if (c->residual) x = v_add(x, v_load(F32_AT(c->r[group], (size_t)row * c->r_stride) + lane));
    v_store(F32_OUT(c->o[group], (size_t)row * c->o_stride) + lane, v_min(hi, v_max(lo, x)));
}

#define F32_ROWS_1(X) X(0)
#define F32_ROWS_2(X) X(0) X(1)
#define F32_ROWS_3(X) X(0) X(1) X(2)
#define F32_ROWS_4(X) X(0) X(1) X(2) X(3)
#define F32_ROWS_5(X) X(0) X(1) X(2) X(3) X(4)
#define F32_ROWS_6(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define F32_ROWS_7(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6)
#define F32_ROWS_8(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define F32_NONE(i)

#define F32_END_VECTORS(NVX) \
    const v_f32 lo = v_dup(c->lo), hi = v_dup(c->hi), bias0 = v_load(c->bias), bias1 = v_load(c->bias + ((NVX) - 1) * VL); \
    (void)bias1;

#if defined(F32_AVX512)
/* Offset of the i-th pixel: what an x86 address holds without a multiplication. */
#define F32_OFF_0 0
#define F32_OFF_1 s
#define F32_OFF_2 2 * s
#define F32_OFF_3 s3
#define F32_OFF_4 4 * s
#define F32_OFF_5 s5
#define F32_OFF_6 2 * s3

#define F32_ZERO_A2(i) v_f32 p##i = v_zero(), q##i = v_zero();
#define F32_ZERO_B2(i) v_f32 r##i = v_zero(), t##i = v_zero();
#define F32_FMA_A2(i) { v_f32 d = v_dup(*F32_AT(a, F32_OFF_##i)); p##i = v_fma(d, w0, p##i); q##i = v_fma(d, w1, q##i); }
#define F32_FMA_B2(i) { v_f32 d = v_dup(*F32_AT(b, F32_OFF_##i)); r##i = v_fma(d, w0, r##i); t##i = v_fma(d, w1, t##i); }
#define F32_END_A2(i) f32_end(c, 0, i, 0, bias0, lo, hi, p##i); f32_end(c, 0, i, VL, bias1, lo, hi, q##i);
#define F32_END_B2(i) f32_end(c, 1, i, 0, bias0, lo, hi, r##i); f32_end(c, 1, i, VL, bias1, lo, hi, t##i);
#define F32_ZERO_A1(i) v_f32 p##i = v_zero();
#define F32_ZERO_B1(i) v_f32 r##i = v_zero();
#define F32_FMA_A1(i) p##i = v_fma(v_dup(*F32_AT(a, F32_OFF_##i)), w0, p##i);
#define F32_FMA_B1(i) r##i = v_fma(v_dup(*F32_AT(b, F32_OFF_##i)), w0, r##i);
#define F32_END_A1(i) f32_end(c, 0, i, 0, bias0, lo, hi, p##i);
#define F32_END_B1(i) f32_end(c, 1, i, 0, bias0, lo, hi, r##i);

/* ROWS: F32_ROWS_n; ZB, FB, EB: what the second group does, if there is one; NVX: vectors of the panel, 1 or 2. */
#define F32_TILE(name, ROWS, NVX, GROUPS, ZB, FB, EB)                                                                          \
    static void name(const struct f32_tile *c)                                                                                  \
    {                                                                                                                           \
        const size_t s = c->stride, s3 = 3 * s, s5 = 5 * s;                                                                     \
        ROWS(F32_ZERO_A##NVX) ROWS(ZB)                                                                                          \
        for (int i = 0; i < c->runs; i++) {                                                                                     \
            const float *a = F32_AT(c->a[0], c->run[i].a), *b = F32_AT(c->a[(GROUPS) - 1], c->run[i].a);                        \
            const float *w = c->w + c->run[i].w * (NVX * VL), *const end = a + c->run[i].k;                                                  \
            do {                                                                                                                \
                v_f32 w0 = v_load(w), w1 = NVX == 2 ? v_load(w + VL) : w0;                                                      \
                (void)w1;                                                                                                       \
                ROWS(F32_FMA_A##NVX) ROWS(FB)                                                                                   \
                a++;                                                                                                            \
                b++;                                                                                                            \
                w += NVX * VL;                                                                                                  \
            } while (a != end);                                                                                                 \
        }                                                                                                                       \
        (void)s3;                                                                                                               \
        (void)s5;                                                                                                               \
        F32_END_VECTORS(NVX)                                                                                                    \
        ROWS(F32_END_A##NVX) ROWS(EB)                                                                                           \
    }
#define F32_TILES(n)                                                                              \
    F32_TILE(f32_tile_##n##_1_1, F32_ROWS_##n, 1, 1, F32_NONE, F32_NONE, F32_NONE)                \
    F32_TILE(f32_tile_##n##_1_2, F32_ROWS_##n, 1, 2, F32_ZERO_B1, F32_FMA_B1, F32_END_B1)         \
    F32_TILE(f32_tile_##n##_2_1, F32_ROWS_##n, 2, 1, F32_NONE, F32_NONE, F32_NONE)                \
    F32_TILE(f32_tile_##n##_2_2, F32_ROWS_##n, 2, 2, F32_ZERO_B2, F32_FMA_B2, F32_END_B2)
#define F32_LIST(n) { { f32_tile_##n##_1_1, f32_tile_##n##_1_2 }, { f32_tile_##n##_2_1, f32_tile_##n##_2_2 } }
F32_TILES(1)
F32_TILES(2)
F32_TILES(3)
F32_TILES(4)
F32_TILES(5)
F32_TILES(6)
F32_TILES(7)

/* [H - 1][vectors - 1][groups - 1] */
static const f32_tile_fn f32_tiles[F32_H][2][F32_G] = {
    F32_LIST(1), F32_LIST(2), F32_LIST(3), F32_LIST(4), F32_LIST(5), F32_LIST(6), F32_LIST(7),
};
#else
#define F32_BEGIN(i) const char *a##i = (const char *)c->a[i] + c->run[j].a;
#define F32_ZERO_1(i) v_f32 p##i = v_zero();
#define F32_FMA_1(i) p##i = v_fma(v_dup(*F32_AT(a##i, k)), w0, p##i);
#define F32_STORE_1(i) f32_end(c, i, 0, 0, bias0, lo, hi, p##i);
#define F32_ZERO_2(i) v_f32 p##i = v_zero(), q##i = v_zero();
#define F32_FMA_2(i) { v_f32 d = v_dup(*F32_AT(a##i, k)); p##i = v_fma(d, w0, p##i); q##i = v_fma(d, w1, q##i); }
#define F32_STORE_2(i) f32_end(c, i, 0, 0, bias0, lo, hi, p##i); f32_end(c, i, 0, VL, bias1, lo, hi, q##i);

#define F32_TILE(name, GROUPS, NVX)                                                                                             \
    static void name(const struct f32_tile *c)                                                                                  \
    {                                                                                                                           \
        GROUPS(F32_ZERO_##NVX)                                                                                                  \
        for (int j = 0; j < c->runs; j++) {                                                                                     \
            GROUPS(F32_BEGIN)                                                                                                   \
            const float *w = c->w + c->run[j].w * (NVX * VL);                                                                                \
            const size_t n = (size_t)c->run[j].k * sizeof(float);                                                               \
            for (size_t k = 0; k != n; k += sizeof(float)) {                                                                    \
                v_f32 w0 = v_load(w), w1 = NVX == 2 ? v_load(w + VL) : w0;                                                      \
                (void)w1;                                                                                                       \
                GROUPS(F32_FMA_##NVX)                                                                                           \
                w += NVX * VL;                                                                                                  \
            }                                                                                                                   \
        }                                                                                                                       \
        F32_END_VECTORS(NVX)                                                                                                    \
        GROUPS(F32_STORE_##NVX)                                                                                                 \
    }
#define F32_TILES(n) F32_TILE(f32_tile_##n##_1, F32_ROWS_##n, 1) F32_TILE(f32_tile_##n##_2, F32_ROWS_##n, 2)
F32_TILES(1)
F32_TILES(2)
F32_TILES(3)
F32_TILES(4)
F32_TILES(5)
F32_TILES(6)
#if defined(F32_NEON)
F32_TILES(7)
F32_TILES(8)
#endif

static const f32_tile_fn f32_tiles[F32_H][2][F32_G] = { {
#if defined(F32_NEON)
#define F32_LIST(v) { f32_tile_1_##v, f32_tile_2_##v, f32_tile_3_##v, f32_tile_4_##v, f32_tile_5_##v, f32_tile_6_##v, f32_tile_7_##v, f32_tile_8_##v }
#else
#define F32_LIST(v) { f32_tile_1_##v, f32_tile_2_##v, f32_tile_3_##v, f32_tile_4_##v, f32_tile_5_##v, f32_tile_6_##v }
#endif
    F32_LIST(1), F32_LIST(2),
} };
#endif
