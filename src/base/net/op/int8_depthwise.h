/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/int8_depthwise - the driver of the int8 depthwise convolutions: one input channel makes one output channel. Internal to op/.
 *
 * A micro does a row of output pixels of one block of channels at a time. Taps are taken four kernel rows at a time (missing ones have
 * weight 0): one input column of four rows, interleaved so that the four bytes of a channel lie together, serves all outputs near it.
 * With i16 weights rows are taken in pairs, or one by one.
 * There is no copy with a border: rows off the image read a line of zero points, and so do columns off the image.
 */
#pragma once

#include "base/net/op/int8.h"

enum { INT8_DEPTHWISE_ROWS = 4 };

struct int8_depthwise_rows {
    const uint8_t *row[INT8_DEPTHWISE_ROWS];   /* of this group of kernel rows, at the block's first channel of column 0; or a block of zero points */
    ptrdiff_t      keep[INT8_DEPTHWISE_ROWS];  /* -1, or 0 where `row` is the zero points: offsets are masked with it */
};

struct int8_depthwise {
    int32_t w, c;                  /* input columns and channels */
    int32_t x;                     /* input column of the row's first output and kernel column 0; may be off the image */
    int32_t kw, sx, dx;
    int32_t kh;
    ptrdiff_t ahead;               /* bytes from the last kernel row to the first that the next output row needs anew: worth fetching */
    int32_t groups;                /* of kernel rows */
    int32_t flat;                  /* pixels that lie in one block: 1; more when a block is whole pixels of few channels (micro->flat) */
    const struct int8_depthwise_rows *group;
    const uint8_t *zeros;          /* a block of zero points */
    const int8_t  *weights;        /* [group][kw][4 / unit][lanes of the block, in the micro's order][unit] */
    const int32_t *start;          /* in the micro's order of channels */
    const float   *scale, *bias;
    struct int8_tile end;          /* out, residual, out_step, width, post; scale and bias in plain order: the general end */
};

struct int8_depthwise_micro {
    int  block;                    /* channels that are done together, <= 64 */
    bool flat;                     /* 3x3, stride 1, block = whole pixels: the row may be taken as one line of bytes */
    int  unit;                     /* rows whose bytes lie together: 4 with i8 weights; 2 or 1 with i16 weights */
    int  order[64];                /* place i of the block holds channel order[i] */
    void (*row)(const struct int8_depthwise *d, int32_t pixels);
};

bool int8_depthwise_fits(const struct net_site *s);
size_t int8_depthwise_packed_bytes(const struct net_site *s, const struct int8_depthwise_micro *m);
void int8_depthwise_pack(const struct net_site *s, const struct int8_depthwise_micro *m, void *packed);
void int8_depthwise_run(const struct net_call *c, const struct int8_depthwise_micro *m);

/* A row in tiles of at most `most` pixels, of one size as far as that goes. */
static inline void int8_depthwise_tiles(const struct int8_depthwise *row, int32_t pixels, int most, void (*tile)(const struct int8_depthwise *d, int pixels))
{
    struct int8_depthwise d = *row;
    int32_t tiles = (pixels + most - 1) / most;

    for (int32_t i = 0, x = 0, next; i < tiles; i++, x = next) {
        next = (int32_t)((int64_t)pixels * (i + 1) / tiles);
        d.x = row->x + x * d.sx;
        d.end.out = (char *)row->end.out + x * d.end.out_step * (d.end.post->real ? 4 : 1);
        d.end.residual = row->end.residual ? row->end.residual + x * d.end.out_step : NULL;
        tile(&d, next - x);
    }
}

#define INT8_DEPTHWISE_FUNCTIONS(name, micro) \
    static size_t name##_packed_bytes(const struct net_site *s) { return int8_depthwise_packed_bytes(s, &(micro)); } \
    static void name##_pack(const struct net_site *s, void *packed) { int8_depthwise_pack(s, &(micro), packed); } \
    static void name##_run(const struct net_call *c) { int8_depthwise_run(c, &(micro)); }
