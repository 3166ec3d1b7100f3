/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/trial - two arms of a running experiment: the lift that may be looked at at any time, and whether the split was fair.
 *
 *     struct trial_lift l = trial_lift(&a, &b, 0.05, 1000);
 *     if (l.lo > 0) ...                   // holds at whatever n one stops
 *
 * Pure; NAN where there is nothing to say.
 */
#pragma once

struct trial_arm { double n, sum, square_sum; };       /* of one number per visitor */
struct trial_lift { double lift, lo, hi; };            /* mean b over mean a, less 1 */

/* Asymptotic confidence sequence (Waudby-Smith et al., Annals of Statistics 52, 2024), tightest at n_best visitors in both arms; variance
 * of the relative lift by the delta method. alpha in (0, 1). */
struct trial_lift trial_lift(const struct trial_arm *a, const struct trial_arm *b, double alpha, double n_best);

/* Chi-squared of n_a against n_b visitors where half and half was meant, and its p (one degree). */
double trial_ratio_mismatch(double n_a, double n_b, double *out_p);
