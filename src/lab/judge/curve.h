/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/curve - how good probabilities are: calibration error, and how well a score parts known from unknown.
 *
 *     double ece;
 *     TRY(curve_ece(p, right, n, 15, CURVE_EQUAL_MASS, &ece));
 *
 * Pure; NAN where there is nothing to measure. NO_MEMORY is the only failure.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

enum curve_bins { CURVE_EQUAL_MASS, CURVE_EQUAL_WIDTH };
enum { CURVE_BINS = 15 };

/* Expected calibration error, L1: mean of |share right - mean p| over bins, weighted by size (Naeini et al., AAAI 2015). p in 0..1.
 * Equal mass: bins of n / bins by rising p; those of equal p share their rights evenly, so that their order does not matter. */
TRUNDLE_MUST_USE enum trundle_status curve_ece(const double *p, const bool *right, size_t n, size_t bins, enum curve_bins kind, double *out);
/* Chance that a score of a positive is above that of a negative, ties half (Hanley, McNeil, Radiology 143, 1982). */
TRUNDLE_MUST_USE enum trundle_status curve_auroc(const double *score, const bool *positive, size_t n, double *out);
/* Whether `wanted` is among the k greatest of n scores; ties are settled against it. */
bool curve_top(const double *score, size_t n, size_t wanted, size_t k);
