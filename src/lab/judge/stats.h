/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/stats - sums of trips pooled by store, and what can be said from them: figures, intervals, differences with p-values.
 * For report.c and compare.c; not for other rooms.
 *
 * Intervals: expanded percentile bootstrap over clusters (Efron, Tibshirani, An Introduction to the Bootstrap, chapter 13;
 * clusters as in Davison, Hinkley, section 3.8; expansion: Hesterberg, The American Statistician 69 (2015), section 5.3).
 * Differences: the same resamples of the same stores for both sides; p by swapping the sides of whole stores, which under "no
 * difference" leaves everything as likely as it is (Good, Permutation Tests, chapter 3).
 */
#pragma once

#include "lab/judge/judge.h"

enum { JUDGE_SWAPS = 2000, JUDGE_SWAPS_EXACT = 10 };       /* up to 2^10 ways all are tried */

struct judge_latency { double s; size_t cluster; };

/* One scope (all, or a slice) in one mode, by cluster; only clusters that have something of it. */
struct judge_pool {
    size_t clusters, trips;
    double (*num)[JUDGE_KEY_COUNT], (*den)[JUDGE_KEY_COUNT];      /* owned; by cluster */
    double *audit;                         /* owned; what audits of marked trips would recover */
    uint64_t n[JUDGE_KEY_COUNT];
    struct judge_latency *latency;         /* owned; rising */
    size_t latencies_n;
    double audit_share;                    /* of the marked trips, those that staff get to */
};
void judge_pool_done(struct judge_pool *pool);

/* Stores in order of first appearance as clusters 0.., of one store its trips. Returns how many; *out_by_store may be NULL. */
size_t judge_clusters(const struct judge_result *const *results, size_t n, size_t *out_cluster, size_t *out_stores);
/* What audits can do when they are JUDGE_AUDITS_MOST of all trips: 1, or less when more trips are marked. */
double judge_audit_share(const struct judge_result *const *results, size_t n, enum judge_mode mode);
/* What a trip has in a slice (NULL: all of it); NULL when it has nothing. */
const struct judge_tally *judge_tally_of(const struct judge_result *result, const char *slice, enum judge_mode mode);

/* `scope` numbers the clusters that the pool holds: scope[cluster] < clusters of the pool, or SIZE_MAX. */
TRUNDLE_MUST_USE enum trundle_status judge_pool_make(const struct judge_result *const *results, size_t n, const size_t *cluster, const size_t *scope,
                                                     size_t clusters, const char *slice, enum judge_mode mode, struct judge_pool *out);
/* Numbers the clusters in which either list (b may be NULL) has something of the slice; returns how many. */
size_t judge_scope(const struct judge_result *const *a, const struct judge_result *const *b, size_t n, const size_t *cluster, size_t clusters, const char *slice,
                   enum judge_mode mode, size_t *out_scope);

/* Figures of a's clusters, each weight_a times, together with b's (NULL: none). NAN without a base; floors are not looked at. */
void judge_pool_figures(const struct judge_pool *a, const uint32_t *weight_a, const struct judge_pool *b, const uint32_t *weight_b,
                        double out[JUDGE_KEY_COUNT]);
/* Figures with intervals and floors. NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status judge_pool_values(const struct judge_pool *pool, uint64_t seed, struct judge_value out[JUDGE_KEY_COUNT]);

/* b against a, clusters numbered alike. */
struct judge_difference {
    double a, b, difference, lo, hi;       /* b - a; NAN not known */
    double p;                              /* two-sided */
    double sd;                             /* of the difference, from the resamples */
    uint64_t n, n_most;                    /* the smaller base of the two, and the larger */
};
TRUNDLE_MUST_USE enum trundle_status judge_pool_compare(const struct judge_pool *a, const struct judge_pool *b, uint64_t seed,
                                                        struct judge_difference out[JUDGE_KEY_COUNT]);

/* Holm's step-down adjustment of m p-values (NAN stays NAN and does not count). NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status judge_holm(double *p, size_t m);
