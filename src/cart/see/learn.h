/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* see/learn - embeddings with names to linear scores: the arithmetic of enrolment. Internal to see. */
#pragma once

#include "base/std/status.h"
#include "cart/see/describe.h"

/* n rows of embeddings; row i belongs to class index[i] < classes, every class has a row. Writes classes x SEE_EMBEDDING
 * vectors and classes offsets, such that vector . x + offset = ln N(x; class mean, S) - ln N(x; mean of all, S), S the covariance
 * within classes plus `ridge` times the mean eigenvalue of the total covariance. NO_MEMORY; BAD_INPUT: S cannot be factored. */
TRUNDLE_MUST_USE enum trundle_status learn_scores(const float *rows, const uint32_t *index, size_t n, size_t classes, double ridge,
                                                  float *out_vectors, float *out_offsets, struct trundle_error *err);

/* The temperature that makes exp(score / T) most probable on rows with known classes; `scores` is n x classes. */
double learn_temperature(const float *scores, const uint32_t *index, size_t n, size_t classes);
