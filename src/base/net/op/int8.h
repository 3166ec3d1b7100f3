/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/int8 - what the int8 convolutions and matrix products of every instruction set share. Internal to op/.
 *
 * A convolution is cut into tiles of a few output pixels times a panel of output channels, whose sums stay in registers:
 *
 *     driver (int8.c)      geometry, packing, bands of rows, the padded copy, shares of threads
 *     tile (int8_micro)    one tile of one instruction set: the sums and, in int8_store, what becomes of them
 *
 * Every pixel of a tile is a pointer to its first input byte. What its taps read lies at the same offsets from there for all of them:
 * `segs` runs of bytes (a kernel row of all channels; or one tap, where dilation or groups part them). A border is real: rows are copied into
 * scratch with the zero point around them. The input's zero point is folded into the sums' starting values.
 * Weights are packed as tiles read them: [group][panel][segment][step][vector][lane][unit], what lies beyond the channels or the run is 0, so
 * that a step may read input beyond its run (at most 3 bytes, which graph inputs have).
 * A matrix product with constant b is a 1x1 convolution of its rows.
 *
 * Depthwise convolutions have their own kernels (conv/int8_depthwise_*.c) and share the packing of scales and the ends.
 */
#pragma once

#include "base/net/kernel.h"

enum { INT8_PIXELS_MAX = 16 };     /* of a tile */

/* Tiles are written as loops that become straight code, a function for each number of pixels. Under a sanitizer that takes minutes to compile,
 * so there one function has loops. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INT8_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(INT8_SANITIZED)
#if defined(__clang__)
#define INT8_INLINE static __attribute__((noinline))
#else
#define INT8_INLINE static __attribute__((noinline, noclone))
#endif
#define INT8_UNROLL(n)
#else
#define INT8_INLINE static inline __attribute__((always_inline))
#define INT8_PRAGMA(text) _Pragma(#text)
#define INT8_UNROLL(n) INT8_PRAGMA(GCC unroll n)
#endif

/* From a sum to what is stored: made once a run. */
struct int8_post {
    enum net_act act;
    float    alpha, beta;
    float    inverse;              /* 1 / out scale */
    float    residual_scale;
    int32_t  residual_zero;
    int32_t  zero;                 /* of a u8 output */
    uint8_t  low, high;            /* simple: bounds of what is stored */
    bool     simple;               /* u8 out; act is identity, relu or clip, done by the bounds; no value leaves int32 */
    bool     real;                 /* f32 out */
};

struct int8_tile {
    const uint8_t *row[INT8_PIXELS_MAX];       /* a pixel's input; i16 where micro->wide */
    const int32_t *seg;                        /* offsets from there, in elements */
    int            segs, steps;                /* steps of `unit` elements in each */
    const int8_t  *weights;                    /* of the panel */
    const int32_t *start;                      /* of the sums; these three begin at the panel's first channel and are padded to whole vectors */
    const float   *scale, *bias;
    void          *out;                        /* first pixel, first channel of the panel */
    const uint8_t *residual;                   /* likewise; NULL: none */
    ptrdiff_t      out_step;                   /* elements from a pixel to the next */
    int            width;                      /* channels that are stored */
    const int8_t  *next;                       /* weights worth fetching while this tile is computed, next_lines of 64 bytes */
    int            next_lines;
    const struct int8_post *post;
};

struct int8_micro {
    int  pixels;                               /* most of a tile, <= INT8_PIXELS_MAX */
    int  lanes, vectors;                       /* a panel is up to `vectors` of `lanes` channels */
    int  unit;                                 /* input elements of a step */
    int  offset;                               /* what the tile subtracts from each u8 before it multiplies: 0 or 128 */
    bool wide;                                 /* input is copied as i16 less its zero point, and weights are i16 */
    void (*widen)(const uint8_t *from, int32_t zero, int16_t *to, int64_t n);
    void (*tile)(const struct int8_tile *t, int pixels, int vectors);
};

/* The functions of a net_kernel, for a micro. */
bool int8_fits(const struct net_site *s);                      /* conv or matmul with u8 x constant i8 -> u8 or f32 */
size_t int8_packed_bytes(const struct net_site *s, const struct int8_micro *m);
void int8_pack(const struct net_site *s, const struct int8_micro *m, void *packed);
size_t int8_scratch_bytes(const struct net_site *s, int parts, const struct int8_micro *m);
void int8_run(const struct net_call *c, const struct int8_micro *m);

/* Of a site that fits: the channel's scale (in_scale * w_scale), and its post. `general`: a value may leave int32. */
float int8_channel_scale(const struct net_site *s, int32_t o);
struct int8_post int8_post_of(const struct net_site *s, bool general);
/* Could a value of channel o, before it is clamped, leave what converts to int32? weight_sum: the sum of |w|. */
bool int8_may_overflow(const struct net_site *s, int32_t o, int64_t weight_sum);

/* Defines net_int8_SET[], the convolution and the product that a micro makes. */
#define INT8_KERNELS(set, isa, micro) \
    static size_t set##_packed_bytes(const struct net_site *s) { return int8_packed_bytes(s, &(micro)); } \
    static void set##_pack(const struct net_site *s, void *packed) { int8_pack(s, &(micro), packed); } \
    static size_t set##_scratch_bytes(const struct net_site *s, int parts) { return int8_scratch_bytes(s, parts, &(micro)); } \
    static void set##_run(const struct net_call *c) { int8_run(c, &(micro)); } \
    const struct net_kernel net_int8_##set[] = { \
        { "conv.int8." #set, NET_CONV, isa, true, int8_fits, set##_packed_bytes, set##_pack, set##_scratch_bytes, set##_run }, \
        { "matmul.int8." #set, NET_MATMUL, isa, true, int8_fits, set##_packed_bytes, set##_pack, set##_scratch_bytes, set##_run }, \
        { .name = NULL }, \
    }
