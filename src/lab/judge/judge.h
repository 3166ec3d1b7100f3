/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge - scores a cart on trips with truth: metrics with intervals, unaided and aided.
 *
 *     struct judge_config config = JUDGE_CONFIG_DEFAULT;
 *     struct judge_report report;
 *     TRY(judge_trips(paths, n, &config, &report, err));        // report.failed trips could not be scored
 *     TRY(judge_report_text(&report, &text));
 *     judge_report_done(&report);
 *
 * Per trip: score.h. Replaying, and the judge's shopper who answers: replay.h. Other people's events: submission.h.
 * Intervals: 95 %, expanded percentile bootstrap over stores (over trips when there is one store), seeded.
 * Threads: judge_trips forks worker processes; everything else is one thread per value.
 */
#pragma once

#include "lab/judge/notes.h"
#include "lab/judge/replay.h"
#include "lab/judge/score.h"
#include "lab/judge/submission.h"

enum { JUDGE_RESAMPLES = 1000, JUDGE_RESAMPLE_SEED = 1, JUDGE_JOBS_MAX = 64 };

enum judge_mode { JUDGE_UNAIDED = 0, JUDGE_AIDED = 1, JUDGE_MODES = 2 };

struct judge_slice { char name[JUDGE_SLICE_NAME]; struct judge_tally tally[JUDGE_MODES]; };

/* What one trip adds to a report. */
struct judge_result {
    int64_t seed;
    char    store[JUDGE_STORE], suite[JUDGE_STORE];
    bool    has_aided;
    struct judge_tally tally[JUDGE_MODES];
    struct judge_slice *slice;             /* owned */
    size_t  slices_n;
    struct judge_notes notes;              /* what config.notes and config.keep_events ask for; unaided */
};
void judge_result_done(struct judge_result *result);

/* Lies that must pull the scores down; where they do not, the scores did not come from what was lied about. */
enum judge_ablation {
    JUDGE_HONEST = 0,
    JUDGE_SHUFFLE_EVIDENCE,        /* the product lists of the cameras' evidence are dealt out anew within the trip */
    JUDGE_SWAP_WEIGHTS,            /* every product has another one's mass in the cart's catalog */
    JUDGE_CONSTANT_FRAMES          /* every frame is the camera's first one */
};

struct judge_config {
    const char *catalog_dir;               /* NULL: the store folder beside the trip */
    bool recorded;                         /* score the decisions in the trip; nothing is replayed, aided stays empty */
    const struct judge_submission *submission;   /* borrowed; score these events; aided stays empty */
    const struct judge_cart_ops *cart;     /* NULL: libtrundle */
    bool no_pictures;                      /* cells and codes alone: frames are left out, and a suite's trips are made without any */
    enum judge_ablation ablation;          /* what is done to a replayed trip so that a cart must fail */
    bool notes;                            /* note mistakes, with pictures around them */
    bool keep_events;                      /* keep the predicted events */
    void (*each)(void *user, const struct judge_result *result);   /* every scored trip, by store and seed; may be NULL */
    int  jobs;                             /* worker processes, 1..JUDGE_JOBS_MAX */
    void (*progress)(void *user, size_t done, size_t total);                        /* may be NULL */
    void (*complain)(void *user, const char *trip, const struct trundle_error *);   /* a trip that could not be scored; may be NULL */
    void *user;
};
#define JUDGE_CONFIG_DEFAULT { .jobs = 1 }

struct judge_value { double value, lo, hi; uint64_t n; };   /* NAN: not known */

struct judge_values { bool has[JUDGE_MODES]; struct judge_value key[JUDGE_MODES][JUDGE_KEY_COUNT]; };

struct judge_report {
    char    suite[JUDGE_STORE];            /* "mixed" when trips of several are scored, "" when none is named */
    char    senses[16];                    /* "" all, else those that were used */
    int64_t seed0;                         /* least seed */
    size_t  trips, failed, stores;
    bool    by_store;                      /* intervals are over stores; else over trips */
    struct judge_values all;
    struct { char name[JUDGE_SLICE_NAME]; struct judge_values values; } *slice;   /* owned; by name */
    size_t  slices_n;
};

/* Scores one trip file. */
TRUNDLE_MUST_USE enum trundle_status judge_trip(const char *path, const struct judge_config *config, struct judge_result *out, struct trundle_error *err);

/* Scores files and folders of *.mcap. A trip that cannot be scored is told to `complain` and counted in out->failed; so is one
 * whose worker dies. NOT_FOUND: no trip at all. The caller owns *out. */
TRUNDLE_MUST_USE enum trundle_status judge_trips(const char *const *paths, size_t n, const struct judge_config *config,
                                                 struct judge_report *out, struct trundle_error *err);

/* Makes trips seed .. seed + trips - 1 of a suite below $TMPDIR, scores and discards them, store by store. */
TRUNDLE_MUST_USE enum trundle_status judge_suite(const char *suite, int64_t seed, size_t trips, const struct judge_config *config,
                                                 struct judge_report *out, struct trundle_error *err);

/* Pools results into figures with intervals. Pure; `seed` of the resampling. */
TRUNDLE_MUST_USE enum trundle_status judge_report_make(const struct judge_result *results, size_t n, uint64_t seed, struct judge_report *out, struct trundle_error *err);
void judge_report_done(struct judge_report *report);

/* A table for people. */
TRUNDLE_MUST_USE enum trundle_status judge_report_text(const struct judge_report *report, struct bytes *out);
/* One line, as contracts.md says for `eval --json`. A figure without a base is null. */
TRUNDLE_MUST_USE enum trundle_status judge_report_json(const struct judge_report *report, struct bytes *out);
/* Rows of bench/quality.csv, without the header line JUDGE_QUALITY_HEADER. */
#define JUDGE_QUALITY_HEADER "date,commit,suite,seed0,n,mode,slice,key,value,lo,hi,command\n"
TRUNDLE_MUST_USE enum trundle_status judge_report_quality(const struct judge_report *report, const char *date, const char *commit,
                                                          const char *command, struct bytes *out);
