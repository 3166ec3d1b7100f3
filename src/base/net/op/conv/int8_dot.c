/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/int8_dot - the int8 tile on arm64 with the dot product: up to 6 pixels x 16 channels, the sums in 24 registers. sdot multiplies
 * signed bytes: an input byte less 128 is its top bit flipped, and the sums start with 128 times the weights.
 */
#include "base/net/op/conv/int8_neon.h"

enum { PIXELS = 6, LANES = 8, PAIRS = 2 };        /* a vector of the driver is two registers */

static inline __attribute__((always_inline)) void tile(const struct int8_tile *t, const int pixels, const int vectors)
{
    int32x4_t acc[PIXELS][2 * PAIRS];
    const int8_t *w = t->weights;
    const uint8x16_t flip = vdupq_n_u8(0x80);

#pragma GCC unroll 6
    for (int i = 0; i < pixels; i++)
#pragma GCC unroll 4
        for (int j = 0; j < 2 * vectors; j++)
            acc[i][j] = vld1q_s32(t->start + 4 * j);
    for (int s = 0; s < t->segs; s++) {
        ptrdiff_t k = t->seg[s], end = k + 4 * (ptrdiff_t)t->steps;
        for (; k + 8 <= end; k += 8) {
            int8x8_t a[PIXELS];
#pragma GCC unroll 6
            for (int i = 0; i < pixels; i++)
                a[i] = vreinterpret_s8_u8(veor_u8(vld1_u8(t->row[i] + k), vget_low_u8(flip)));
#pragma GCC unroll 4
            for (int j = 0; j < 2 * vectors; j++) {
                int8x16_t b = vld1q_s8(w + 16 * j), c = vld1q_s8(w + 32 * vectors + 16 * j);
#pragma GCC unroll 6
                for (int i = 0; i < pixels; i++)
                    acc[i][j] = vdotq_lane_s32(vdotq_lane_s32(acc[i][j], b, a[i], 0), c, a[i], 1);
            }
            w += 64 * vectors;
        }
        if (k < end) {
            int8x8_t a[PIXELS];
#pragma GCC unroll 6
            for (int i = 0; i < pixels; i++) {
                uint32_t four;
                memcpy(&four, t->row[i] + k, sizeof four);
                a[i] = vreinterpret_s8_u8(veor_u8(vreinterpret_u8_u32(vdup_n_u32(four)), vget_low_u8(flip)));
            }
#pragma GCC unroll 4
            for (int j = 0; j < 2 * vectors; j++) {
                int8x16_t b = vld1q_s8(w + 16 * j);
#pragma GCC unroll 6
                for (int i = 0; i < pixels; i++)
                    acc[i][j] = vdotq_lane_s32(acc[i][j], b, a[i], 0);
            }
            w += 32 * vectors;
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

static const struct int8_micro micro = { .pixels = PIXELS, .lanes = LANES, .vectors = PAIRS, .unit = 4, .offset = 128, .tile = any_tile };

INT8_KERNELS(dot, NET_ISA_NEON | NET_ISA_DOT, micro);
