/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * ship/gate - is the new bundle worse than the old one? Looked at as often as one likes.
 *
 *     struct gate_config config = GATE_CONFIG_DEFAULT;
 *     gate_judge(&config, unit, units_n, &verdict);             // units: what each cart (or store) saw on either side
 *     if (verdict.verdict == GATE_STOP) ...
 *
 * Guard metrics are ratios of sums (corrections per item, questions per item, line p99 per trip, faults per trip). The relative lift new / old - 1 gets a confidence sequence
 * (asymptotic, Gaussian mixture: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", 2021, theorem 2.2):
 *
 *     rho^2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / N*,   half-width = se sqrt(2 (n rho^2 + 1) / (n rho^2) ln(sqrt(n rho^2 + 1) / alpha)),   n = n_old + n_new
 *
 * with se^2 of the lift by the delta method: v_new / m_old^2 + m_new^2 v_old / m_old^4. It covers at all looks together, so looking early costs nothing. alpha is shared
 * by the guards (Bonferroni), and a stop is a claim of one side, so a guard's sequence has 2 alpha / (guards). Trips of one cart resemble each other: the variance of a side's
 * ratio has a part between units, estimated over both sides (DerSimonian, Laird 1986), so one cart with a thousand trips proves little about the next one. Carts differ for
 * good, too: what a unit did before the rollout gives its expected rate (gate_priors), and both sides are compared by what they did over what was expected.
 * Rollbacks have no old side: an e-value against "at most `rollback_share` of carts leave the bundle" (uniform mixture over the shares above), stop at 1 / alpha (Ville).
 *
 * Plain functions of plain values; no state, no clock.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The mean of one side and the variance of that mean. */
struct gate_mean { double mean, variance, n; };
/* From sums over n >= 2 independent observations (divisor n - 1). */
struct gate_mean gate_mean_of_sums(double sum, double sum_squares, double n);

struct gate_lift { double lift, lo, hi, se; };
/* False: it cannot be said (a mean of 0 on the old side, no observations, alpha outside (0, 1)); *out is untouched. */
bool gate_lift(const struct gate_mean *old_side, const struct gate_mean *new_side, double alpha, double n_star, struct gate_lift *out);

/* Sample-ratio mismatch: chi-square with one degree of freedom of a + b units of which `share` were to be a. */
struct gate_ratio { double chi2, p; };
struct gate_ratio gate_ratio(double a, double b, double share);
/* Are as many of the new side silent as of the old one? Chi-square of the 2 x 2 table; p NAN when nobody is silent, or a side is empty. */
struct gate_ratio gate_silence(double reporting_new, double assigned_new, double reporting_old, double assigned_old);

/* E-value against "the share is at most `limit`" after k of n. */
double gate_share_e(double k, double n, double limit);

/* What one unit of assignment saw on one side: sums over its trips of y (numerator) and x (denominator). */
struct gate_sums { double n, y, x, yy, xy, xx; };
void gate_add(struct gate_sums *s, double y, double x);

enum gate_metric { GATE_CORRECTIONS, GATE_QUESTIONS, GATE_LATENCY, GATE_FAULTS, GATE_METRICS };
const char *gate_metric_name(enum gate_metric metric);       /* "corrected_per_100" "asks_per_100" "line_p99_ms" "faults_per_100_trips" */

struct gate_unit {
    bool   is_new;                     /* the side */
    double prior[GATE_METRICS];        /* expected rate, from before the rollout; 0: not known */
    struct gate_sums sums[GATE_METRICS];
};
/* Expected rate of each unit from what it did before: its own rate, drawn towards that of all by how little it says (empirical Bayes: between / (between + within)).
 * `before[i]` belongs to `out_prior[i]`; a unit without trips expects what all do; 0 where nobody did anything. */
void gate_priors(const struct gate_unit *before, size_t n, double (*out_prior)[GATE_METRICS]);
/* The trip's part of each metric. */
struct gate_trip { double items, corrected, asked, line_p99_ms, faults; };
void gate_add_trip(struct gate_unit *u, const struct gate_trip *t);

struct gate_config {
    double alpha;                      /* of the whole gate: chance that it ever stops a bundle that is no worse */
    double n_star;                     /* trips at which the sequence is tightest */
    double margin[GATE_METRICS];       /* largest relative harm that is put up with at this stage */
    double ground[GATE_METRICS];       /* added to both rates (unscaled), so that twice nearly nothing is no harm */
    double least_trips;                /* on each side */
    double least_units;                /* units of both sides less one a side: degrees of freedom of the part between them */
    double rollback_share;             /* of carts that may leave a good bundle */
    double ratio_p;                    /* below this the sample ratio is wrong */
};
#define GATE_CONFIG_DEFAULT { .alpha = .05, .n_star = 2000, .margin = { .25, .25, .25, 1 }, .ground = { .002, .005, 0, .005 }, \
    .least_trips = 30, .least_units = 6, .rollback_share = .005, .ratio_p = .001 }

/* What is put up with at each default stage: one cart can only show gross harm. */
#define GATE_STAGE_MARGINS { { 1, 1, .75, 4 }, { .5, .5, .25, 2 }, { .25, .25, .25, 1 } }

enum gate_verdict { GATE_GO_ON, GATE_STOP, GATE_NOT_ENOUGH };
const char *gate_verdict_text(enum gate_verdict verdict);     /* "go on" "stop" "not enough data" */

struct gate_finding {
    enum gate_verdict verdict;
    double old_rate, new_rate, old_trips, new_trips;          /* rates scaled for printing */
    struct gate_lift lift;             /* NANs when it cannot be said */
    double between_sd;                 /* of units' rates, scaled */
    const char *why;                   /* static text */
};
struct gate_input {
    const struct gate_unit *unit;
    size_t units_n;
    double assigned_new, assigned_old, reporting_new, reporting_old;     /* carts */
    double installed, rolled_back;     /* of the carts on the new side: that tried it, that left it by themselves */
};
struct gate_verdicts {
    enum gate_verdict verdict;
    struct gate_finding metric[GATE_METRICS];
    struct gate_ratio ratio, silence;  /* p NAN: too few to be said */
    double rollback_e;
    const char *why;                   /* static text: what decided */
};
/* STOP: a guard is surely worse (and not surely within its margin), or too many carts left the bundle. GO_ON: every guard is surely within its margin and the sample ratio
 * holds. Else NOT_ENOUGH. */
void gate_judge(const struct gate_config *config, const struct gate_input *in, struct gate_verdicts *out);
