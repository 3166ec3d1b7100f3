/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/vec - the loops of the trainer that run over whole tensors, compiled for each instruction set (vec.c) and chosen once.
 *
 * Rows are [rows][channels], dense. Sums run in a fixed order. An act with its numbers is `struct train_act`.
 */
#pragma once

#include "base/net/graph.h"

#include <stddef.h>

struct train_act { enum net_act act; float alpha, beta; };

struct train_vec {
    const char *name;
    /* sums[0][c] += y - base[c], sums[1][c] += (y - base[c])^2 */
    void (*sums)(const float *y, const float *base, int64_t rows, int channels, double *sums);
    /* z = act(y scale + shift) */
    void (*normalise)(const float *y, const float *scale, const float *shift, struct train_act act, int64_t rows, int channels, float *z);
    /* g = dz act'(y scale + shift); sums[0] += g, sums[1] += g (y - mean) */
    void (*normalise_back)(const float *y, const float *dz, const float *scale, const float *shift, const float *mean, struct train_act act, int64_t rows, int channels,
                           float *g, double *sums);
    /* dy (+)= scale g + pull y + drift */
    void (*normalise_pull)(const float *y, const float *g, const float *scale, const float *pull, const float *drift, bool add, int64_t rows, int channels, float *dy);
    void (*act)(const float *x, struct train_act act, int64_t n, float *z);
    /* dx = dz act'(x) */
    void (*act_back)(const float *x, const float *dz, struct train_act act, int64_t n, float *dx);
    void (*add)(const float *a, const float *b, int64_t n, float *z);       /* z may be a */
    void (*bias)(float *y, const float *bias, int64_t rows, int channels);
    void (*columns)(const float *y, int64_t rows, int channels, float *sums);   /* sums[c] += */
    void (*sgd)(float *w, const float *g, float *m, size_t n, float rate, float decay, float momentum, float scale, int nesterov);
    void (*adam)(float *w, const float *g, float *m, float *v, size_t n, float rate, float decay, float beta1, float beta2, float eps, float fix1, float fix2, float scale);
    void (*lerp)(float *a, const float *w, size_t n, float keep);           /* a = keep a + (1 - keep) w */
};

/* The fastest for this machine (TRUNDLE_ISA masks). */
const struct train_vec *train_vec_here(void);
extern const struct train_vec train_vec_plain, train_vec_avx2, train_vec_avx512;
