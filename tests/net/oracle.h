/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* oracle - every operator once more, on doubles and written another way round (windows scatter, axes by index lists), to hold the references against. */
#pragma once

#include "tests/net/kernels.h"

/* The site's output in real numbers, malloc'd. */
double *oracle(const struct kernels_site *s);
/* How far `out` is from it: u8 in steps of the output (half a step is rounding and does not count), else relative to the rms. */
double oracle_distance(const struct kernels_site *s, const void *out, const double *real);
