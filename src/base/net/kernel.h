/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/kernel - how one operator is computed: a reference and any number of fast ones, in one table (op/table.c).
 *
 * A kernel is chosen when a plan is made: the first of the table whose instructions the machine has, that fits the site and
 * is `exact`; or the one that a tuned manifest names. So what is chosen without a manifest has the bits of `ref`, everywhere:
 *  - int8: sums are exact in int32. Then real = fma((float)sum, scale, offset), rounded half to even, and clamped (op/requant.h).
 *  - f32: one output element is one chain of fused multiply-adds from 0 in the order kernel row, kernel column, channel
 *    (matmul: k), then + bias, + residual, act, each rounded once (op/exact.h). Vectors run over outputs, never along the chain.
 * What breaks the chain (Winograd, other libraries) says exact = false.
 *
 *     op/conv/ref.c           net_conv_ref: the definition, no intrinsics, fmaf
 *     op/conv/int8_depthwise_avx2.c   net_conv_int8_depthwise_avx2[]: compiled with its instruction set's flags (meson.build,
 *                             by suffix: _avx2 _avx512 _vnni _neon _dot)
 *
 * Threads: `run` is called by `parts` threads at once, part = 0..parts-1; each does its share of the outputs (net_share), none waits for another.
 */
#pragma once

#include "base/net/graph.h"

/* Instruction sets; a kernel names all that it needs. */
enum net_isa {
    NET_ISA_AVX2   = 1 << 0,      /* with FMA */
    NET_ISA_AVX512 = 1 << 1,      /* F BW VL DQ */
    NET_ISA_VNNI   = 1 << 2,      /* AVX-512 VNNI */
    NET_ISA_NEON   = 1 << 3,
    NET_ISA_DOT    = 1 << 4,      /* arm64 dot product */
};
/* What this machine has, less what TRUNDLE_ISA masks ("avx2", "avx512", "vnni", "neon", "none": that and what lies below). */
unsigned net_isa_here(void);
const char *net_isa_text(unsigned isa, char out[64]);       /* "avx2 avx512 vnni" */

/* A node with its tensors, shapes final. Constant inputs have data. in[i] NULL: absent. */
struct net_site {
    const struct net_node   *node;
    int                      in_n;
    const struct net_tensor *in[NET_IN_MAX];
    const struct net_tensor *out;
};

struct net_call {
    const struct net_site *site;
    const void *in[NET_IN_MAX];    /* dense, 64-byte aligned; at least 64 readable bytes lie behind each */
    void       *out;               /* never overlaps an input */
    const void *packed;            /* what `pack` made; NULL when packed_bytes is */
    void       *scratch;           /* this part's own, 64-byte aligned, not cleared */
    int         part, parts;
};

struct net_kernel {
    const char *name;              /* "conv.direct.avx512": stable, unique; manifests hold it */
    enum net_op op;
    unsigned    isa;
    bool        exact;
    bool  (*fits)(const struct net_site *s);
    size_t (*packed_bytes)(const struct net_site *s);              /* NULL: nothing is packed */
    void  (*pack)(const struct net_site *s, void *packed);         /* 64-byte aligned, zeroed; from the constants' data */
    size_t (*scratch_bytes)(const struct net_site *s, int parts);  /* of each part; NULL: none */
    void  (*run)(const struct net_call *c);
};

/* All kernels, in order of preference for each operator, `ref` last. */
const struct net_kernel *const *net_kernels(int *out_n);
const struct net_kernel *net_kernel_named(const char *name);                    /* NULL: none */
/* The default for a site: never NULL, since ref fits all that infer lets pass. */
const struct net_kernel *net_kernel_default(const struct net_site *s, unsigned isa);
const struct net_kernel *net_kernel_ref(enum net_op op);

/* Rows [*begin, *end) of `total` for this part: contiguous, sizes differ by at most one. */
static inline void net_share(int64_t total, int part, int parts, int64_t *begin, int64_t *end)
{
    *begin = total * part / parts;
    *end = total * (part + 1) / parts;
}
