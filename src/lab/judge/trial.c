/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Sequential tests and sample ratios (trial.h). */
#include "lab/judge/trial.h"

#include <math.h>

static double variance_of_mean(const struct trial_arm *x)
{
    double mean = x->sum / x->n;

    return fmax(0, x->square_sum - x->n * mean * mean) / (x->n - 1) / x->n;
}

struct trial_lift trial_lift(const struct trial_arm *a, const struct trial_arm *b, double alpha, double n_best)
{
    double mean_a = a->sum / a->n, mean_b = b->sum / b->n, n = a->n + b->n;
    double rho2 = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / n_best, k = n * rho2;
    double se2, half;

    if (!(a->n > 1) || !(b->n > 1) || !(fabs(mean_a) > 0) || !(n_best > 0) || !(alpha > 0) || !(alpha < 1))
        return (struct trial_lift){ (double)NAN, (double)NAN, (double)NAN };
    se2 = variance_of_mean(b) / (mean_a * mean_a) + mean_b * mean_b * variance_of_mean(a) / pow(mean_a, 4);
    half = sqrt(se2 * 2 * (k + 1) / k * log(sqrt(k + 1) / alpha));
    return (struct trial_lift){ mean_b / mean_a - 1, mean_b / mean_a - 1 - half, mean_b / mean_a - 1 + half };
}

double trial_ratio_mismatch(double n_a, double n_b, double *out_p)
{
    double chi2 = (n_a - n_b) * (n_a - n_b) / (n_a + n_b);

    *out_p = erfc(sqrt(chi2 / 2));
    return chi2;
}
