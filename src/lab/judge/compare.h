/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/compare - B against A on the same trips: every figure's difference, its interval, and what may be said of it.
 *
 *     struct judge_comparison c;
 *     TRY(judge_compare(&a, &b, &(struct judge_compare_options){ 0 }, &c, err));
 *     TRY(judge_comparison_text(&c, &text));
 *     judge_comparison_done(&c);
 *
 * Trips pair by seed, so a suite and a variant that extends it pair too. A verdict:
 *     win, loss        B is better, worse: the 95 % interval of the difference excludes 0 and p (in slices: Holm's) is below .05
 *     same             the whole interval is within the difference that counts, either way
 *     not enough data  anything else; trips_needed says how many would resolve the difference that counts (80 % power)
 * Fewer than JUDGE_STORES_LEAST stores never give a verdict. Holm's method holds the chance of any false word among the slices of
 * a figure below 5 %, whatever the slices share; they overlap, so nothing weaker on their dependence would do.
 */
#pragma once

#include "lab/judge/saved.h"

enum { JUDGE_STORES_LEAST = 10 };

enum judge_verdict { JUDGE_NOT_ENOUGH, JUDGE_SAME, JUDGE_WIN, JUDGE_LOST };
extern const char *const judge_verdict_text[4];

struct judge_compared {
    double a, b, difference, lo, hi;       /* b - a; NAN not known */
    double p, p_adjusted;                  /* adjusted: among the slices of the same key and mode; of the whole: p */
    double margin;                         /* the difference that counts */
    double trips_needed, sd;               /* NAN not known; sd of the difference */
    uint64_t n, n_most;                    /* the smaller base of the two, and the larger */
    enum judge_verdict verdict;
};

struct judge_comparison_scope {
    char name[JUDGE_SLICE_NAME];           /* "" : all */
    size_t trips, clusters;
    struct judge_compared key[JUDGE_MODES][JUDGE_KEY_COUNT];
};

struct judge_comparison {
    char   suite[2][JUDGE_STORE], system[2][JUDGE_SAVED_NAME];
    size_t trips, left_out[2], stores;     /* left_out: in one file only, with `common` */
    bool   by_store, has[JUDGE_MODES];
    struct judge_comparison_scope *scope;  /* owned; all first, then slices by name */
    size_t scopes_n;
};
void judge_comparison_done(struct judge_comparison *c);
/* Trips that resolve a difference of `margin` at 5 % with 80 % power, when `trips` of them give it the sd. */
double judge_trips_needed(size_t trips, double sd, double margin);

struct judge_compare_options {
    bool   common;                         /* trips that only one has are left out and counted; else they are BAD_INPUT */
    double points;                         /* the difference that counts of shares, in points; 0: as in JUDGE_KEYS */
    uint64_t seed;                         /* of the resampling; 0: JUDGE_RESAMPLE_SEED */
};

/* BAD_INPUT: no trip in common, or trips that only one has (named). The caller owns *out. */
TRUNDLE_MUST_USE enum trundle_status judge_compare(const struct judge_saved *a, const struct judge_saved *b, const struct judge_compare_options *options,
                                                   struct judge_comparison *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status judge_comparison_text(const struct judge_comparison *c, struct bytes *out);
TRUNDLE_MUST_USE enum trundle_status judge_comparison_json(const struct judge_comparison *c, struct bytes *out);
