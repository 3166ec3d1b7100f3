/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/shim - convolutions and products of matrices, forward and backward, by oneDNN (2.x and 3.x) or, built without it, by plain loops.
 *
 * Activations are channels-last; weights are packed once a step. One thread computes one call, so several threads may each make theirs: the
 * library's own threads are switched off for it. What it chose is in `describe`.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shim_site {                          /* x[n, h, w, c] w[o, kh, kw, c / groups] -> y[n, oh, ow, o] */
    int32_t h, w, c, oh, ow, o, kh, kw, groups, stride[2], dilation[2], pad[2];    /* pad: top, left; right and bottom follow from the sizes */
    bool data, weights;                     /* which gradients are wanted */
};

struct shim_conv;

bool shim_built(void);
/* `size`: the sizes of n that occur. NO_MEMORY; UNSUPPORTED: the library refuses. */
TRUNDLE_MUST_USE enum trundle_status shim_conv_new(const struct shim_site *site, const int *size, int sizes_n, int threads, struct shim_conv **out,
                                                   struct trundle_error *err);
void shim_conv_free(struct shim_conv *c);   /* takes NULL */
const char *shim_conv_describe(const struct shim_conv *c);           /* "brgconv:avx512_core, jit:avx512_core, jit:avx512_core" */
void shim_conv_pack(struct shim_conv *c, const float *w, bool backward);
/* `size` is an index; `part` the calling thread's. */
void shim_conv_forward(struct shim_conv *c, int size, int part, const float *x, float *y);
void shim_conv_backward_data(struct shim_conv *c, int size, int part, const float *dy, float *dx);
/* The thread's sum; `fresh` starts it. */
void shim_conv_backward_weights(struct shim_conv *c, int size, int part, bool fresh, const float *x, const float *dy);
void shim_conv_unpack(struct shim_conv *c, int part, float *dw);     /* dw += the thread's sum */

/* C = alpha A B + beta C, row-major; ta: A is stored [k][m], tb: B is stored [n][k]. */
void shim_matmul(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                 int64_t ldc);
/* This thread computes what it calls by itself. */
void shim_one_thread(void);
