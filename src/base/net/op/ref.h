/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/ref - what every reference is written with. A reference is the definition of its operator: short, plain, in order, and slow. */
#pragma once

#include "base/net/op/exact.h"
#include "base/net/op/geometry.h"
#include "base/net/op/requant.h"
#include "base/net/op/table.h"

#define NET_REF(op_, name_, scratch_)                                                                                           \
    static bool fits(const struct net_site *s) { (void)s; return true; }                                                        \
    const struct net_kernel net_##name_##_ref[] = {                                                                             \
        { .name = #name_ ".ref", .op = op_, .exact = true, .fits = fits, .scratch_bytes = scratch_, .run = run }, { .name = NULL } \
    };

/* An optional input's data; NULL when absent. */
static inline const void *net_in(const struct net_call *c, int i) { return i < c->site->in_n && c->site->in[i] ? c->in[i] : NULL; }

/* The share of `total` rows, elements, ... */
#define NET_FOR_SHARE(i, total)                                                                                                 \
    for (int64_t i = (total) * c->part / c->parts, i##_end = (total) * (c->part + 1) / c->parts; i < i##_end; i++)

/* The index in each axis of element i of a dense tensor. */
static inline void net_unravel(int64_t i, const struct net_shape *s, int64_t index[NET_RANK_MAX])
{
    for (int a = s->rank - 1; a >= 0; a--) {
        index[a] = i % s->d[a];
        i /= s->d[a];
    }
}

static inline int64_t net_dot_index(const int64_t index[NET_RANK_MAX], const int64_t stride[NET_RANK_MAX], int rank)
{
    int64_t at = 0;
    for (int a = 0; a < rank; a++)
        at += index[a] * stride[a];
    return at;
}

static inline float net_dequant(uint8_t q, const struct net_tensor *t) { return (float)(q - t->quant.zero) * t->quant.scale[0]; }

/* A result into element i of a u8 or f32 output. */
static inline void net_store(const struct net_call *c, int64_t i, float real)
{
    const struct net_tensor *out = c->site->out;
    if (out->type == NET_U8)
        ((uint8_t *)c->out)[i] = net_requant(real, 1.0f / out->quant.scale[0], out->quant.zero);
    else
        ((float *)c->out)[i] = real;
}

/* Moves one element of any type. */
static inline void net_move(void *to, int64_t i, const void *from, int64_t k, size_t bytes)
{
    memcpy((char *)to + (size_t)i * bytes, (const char *)from + (size_t)k * bytes, bytes);
}
