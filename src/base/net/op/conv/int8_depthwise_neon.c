/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/conv/int8_depthwise_neon - the int8 depthwise tile on arm64: up to 6 pixels x 8 channels, tap by tap in 16 bits. */
#include "base/net/op/conv/int8_neon.h"
#include "base/net/op/int8_depthwise.h"

enum { PIXELS = 6 };

static inline __attribute__((always_inline)) int16x8_t load(const struct int8_depthwise *d, const struct int8_depthwise_rows *g, int row, int32_t x)
{
    const uint8_t *from = (uint32_t)x < (uint32_t)d->w ? g->row[row] + ((ptrdiff_t)x * d->c & g->keep[row]) : d->zeros;

    return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from)));
}

static inline __attribute__((always_inline)) void tile(const struct int8_depthwise *d, const int pixels)
{
    int32x4_t acc[PIXELS][2];
    const int16_t *w = (const int16_t *)(const void *)d->weights;

    for (int i = 0; i < pixels; i++)
        for (int v = 0; v < 2; v++)
            acc[i][v] = vld1q_s32(d->start + 4 * v);
    for (int g = 0; g < d->groups; g++)
        for (int32_t k = 0; k < d->kw; k++)
            for (int row = 0; row < INT8_DEPTHWISE_ROWS; row++, w += 8) {
                int16x8_t b = vld1q_s16(w);
                for (int i = 0; i < pixels; i++) {
                    int16x8_t a = load(d, &d->group[g], row, d->x + k * d->dx + i * d->sx);
                    acc[i][0] = vmlal_s16(acc[i][0], vget_low_s16(a), vget_low_s16(b));
                    acc[i][1] = vmlal_high_s16(acc[i][1], a, b);
                }
            }
    int8_store_tile(&d->end, acc[0], pixels, 2, 2);
}

#define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define X(n) static __attribute__((noinline)) void tile_##n(const struct int8_depthwise *d) { tile(d, n); }
EACH(X)
#undef X

static void any_tile(const struct int8_depthwise *d, int pixels)
{
    static void (*const table[PIXELS])(const struct int8_depthwise *d) = {
#define X(n) tile_##n,
        EACH(X)
#undef X
    };

    table[pixels - 1](d);
}

static void any_row(const struct int8_depthwise *d, int32_t pixels) { int8_depthwise_tiles(d, pixels, PIXELS, any_tile); }

static const struct int8_depthwise_micro micro = { .block = 8, .unit = 1, .order = { 0, 1, 2, 3, 4, 5, 6, 7 }, .row = any_row };

INT8_DEPTHWISE_FUNCTIONS(neon, micro)

const struct net_kernel net_conv_int8_depthwise_neon[] = {
    { "conv.int8.depthwise.neon", NET_CONV, NET_ISA_NEON, true, int8_depthwise_fits, neon_packed_bytes, neon_pack, NULL, neon_run },
    { .name = NULL },
};
