/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/optimizer - from gradients to new weights, and how the learning rate runs over the steps. Works on flat buffers; train.h
 * owns them and calls this.
 *
 *     struct optimizer_config c = OPTIMIZER_SGD_DEFAULT;
 *     optimizer_step(&c, step, rate, decay, scale, n, weight, gradient, first, second);
 *
 * Formulas: SGD with momentum as Sutskever et al. 2013 (v = m v + g; w -= rate (g + m v) with nesterov, else rate v); AdamW as
 * Loshchilov and Hutter 2019: decay is decoupled from the gradient and multiplied by the rate.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum optimizer_kind { OPTIMIZER_SGD, OPTIMIZER_ADAMW, OPTIMIZER_KIND_COUNT };

struct optimizer_config {
    enum optimizer_kind kind;
    double momentum;               /* SGD; default 0.9 */
    bool   nesterov;
    double beta1, beta2, eps;      /* AdamW; default 0.9, 0.999, 1e-8 */
    double weight_decay;           /* SGD: added to the gradient; AdamW: decoupled. Not applied to norms and biases */
    double clip;                   /* the gradient's global L2 norm is cut to this; 0: never */
    double average;                /* weight EMA's decay, 0.999; in the first steps (1 + step) / (10 + step) when that is less; 0: no EMA */
};
#define OPTIMIZER_SGD_DEFAULT   { .kind = OPTIMIZER_SGD, .momentum = 0.9, .nesterov = true, .weight_decay = 1e-4 }
#define OPTIMIZER_ADAMW_DEFAULT { .kind = OPTIMIZER_ADAMW, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.05 }

/* One step over n weights. `step` counts from 0. `first`: momentum or first moment; `second`: AdamW's, else NULL. `decay` false leaves
 * weight decay out. `scale` multiplies the gradient first (clipping). */
void optimizer_step(const struct optimizer_config *c, int64_t step, double rate, bool decay, float scale, size_t n, float *weight,
                    const float *gradient, float *first, float *second);
/* average = d average + (1 - d) weight, with the decay of this step. */
void optimizer_average(const struct optimizer_config *c, int64_t step, size_t n, float *average, const float *weight);
/* The sum of squares, in double, in a fixed order. */
double optimizer_sumsq(const float *v, size_t n);

/* Linear warm-up from 0, then a half cosine from `rate` to `least`. */
struct schedule {
    double  rate, least;
    int64_t warm_steps, steps;
};
double schedule_rate(const struct schedule *s, int64_t step);        /* step 0 is the first: rate / warm_steps with a warm-up */
