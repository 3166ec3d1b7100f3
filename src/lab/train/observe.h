/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/observe - what values a tensor takes, and which range of them eight bits should cover.
 *
 *     struct observer o = { 0 };
 *     observe_range(&o, x, n);                              // all data once
 *     observe_count(&o, x, n);                              // all data again: a histogram of that range
 *     observe_choose(&o, OBSERVE_MSE, 0, &lo, &hi);
 *     observe_affine(lo, hi, &scale, &zero);
 *
 * Threads: none inside. Not finite values are counted and left out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum observe_kind { OBSERVE_MIN_MAX, OBSERVE_PERCENTILE, OBSERVE_MSE, OBSERVE_KINDS };
enum { OBSERVE_BINS = 2048 };

struct observer {
    bool     seen;
    float    lo, hi;               /* of all values so far */
    uint64_t n, zeros, strange;    /* counted; of them exactly 0 (not in a bin); not finite */
    uint32_t bin[OBSERVE_BINS];    /* over lo..hi */
};

void observe_range(struct observer *o, const float *x, size_t n);
void observe_count(struct observer *o, const float *x, size_t n);
/* MIN_MAX: all of it. PERCENTILE: less (100 - percent) / 2 percent of the values at each end. MSE: the range with the least mean squared error after
 * rounding to 256 steps, found by coordinate descent on the histogram. 0 is always inside. */
void observe_choose(const struct observer *o, enum observe_kind kind, double percent, float *out_lo, float *out_hi);
/* The u8 scale and zero point of a range that contains 0. */
void observe_affine(float lo, float hi, float *out_scale, int32_t *out_zero);
/* Mean squared error over the histogram when lo..hi is quantised in `steps` steps and the rest is clipped. */
double observe_error(const struct observer *o, float lo, float hi, int steps);

/* One channel of weights to signed integers of `bits` bits (2..8): the scale; `mse`: shrinks the range where that lowers the squared error. */
float observe_weights(const float *w, size_t n, int bits, bool mse);
const char *observe_name(enum observe_kind kind);      /* "min-max" "percentile" "mse" */
