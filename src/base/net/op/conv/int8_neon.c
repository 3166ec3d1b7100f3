/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/int8_neon - the int8 tile on arm64 without the dot product: up to 6 pixels x 16 channels. Input and weights are i16, four
 * products to a multiply-accumulate.
 */
#include "base/net/op/conv/int8_neon.h"

enum { PIXELS = 6, LANES = 8, PAIRS = 2 };        /* a vector of the driver is two registers of sums */

static void widen(const uint8_t *from, int32_t zero, int16_t *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = (int16_t)(from[i] - (int16_t)zero);
}

/* Channel `lane` of each pixel's a. */
#define ADD(lane) \
    do { \
        for (int j = 0; j < vectors; j++) { \
            int16x8_t b = vld1q_s16(w + 8 * j); \
            for (int i = 0; i < pixels; i++) { \
                acc[i][2 * j] = vmlal_lane_s16(acc[i][2 * j], vget_low_s16(b), a[i], lane); \
                acc[i][2 * j + 1] = vmlal_high_lane_s16(acc[i][2 * j + 1], b, a[i], lane); \
            } \
        } \
        w += 8 * vectors; \
    } while (0)

static inline __attribute__((always_inline)) void tile(const struct int8_tile *t, const int pixels, const int vectors)
{
    int32x4_t acc[PIXELS][2 * PAIRS];
    int16x4_t a[PIXELS];
    const int16_t *w = (const int16_t *)(const void *)t->weights;

    for (int i = 0; i < pixels; i++)
        for (int j = 0; j < 2 * vectors; j++)
            acc[i][j] = vld1q_s32(t->start + 4 * j);
    for (int s = 0; s < t->segs; s++) {
        ptrdiff_t k = t->seg[s], end = k + (ptrdiff_t)t->steps;
        for (; k + 4 <= end; k += 4) {
            for (int i = 0; i < pixels; i++)
                a[i] = vld1_s16((const int16_t *)(const void *)t->row[i] + k);
            ADD(0);
            ADD(1);
            ADD(2);
            ADD(3);
        }
        for (; k < end; k++) {
            for (int i = 0; i < pixels; i++)
                a[i] = vld1_dup_s16((const int16_t *)(const void *)t->row[i] + k);
            ADD(0);
        }
    }
    int8_store_tile(t, acc[0], pixels, 2 * vectors, 2 * PAIRS);
}

#define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define X(n) \
    static __attribute__((noinline)) void tile_##n##x1(const struct int8_tile *t) { tile(t, n, 1); } \
    static __attribute__((noinline)) void tile_##n##x2(const struct int8_tile *t) { tile(t, n, 2); }
EACH(X)
#undef X

static void any_tile(const struct int8_tile *t, int pixels, int vectors)
{
    static void (*const table[PIXELS][PAIRS])(const struct int8_tile *t) = {
#define X(n) { tile_##n##x1, tile_##n##x2 },
        EACH(X)
#undef X
    };

    table[pixels - 1][vectors - 1](t);
}

static const struct int8_micro micro = { .pixels = PIXELS, .lanes = LANES, .vectors = PAIRS, .unit = 1, .wide = true, .widen = widen, .tile = any_tile };

INT8_KERNELS(neon, NET_ISA_NEON, micro);
