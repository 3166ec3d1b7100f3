/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/fit - the numbers of a system that score best on trips with truth, by coordinate search over a grid.
 *
 *     struct judge_fit_system system;
 *     TRY(judge_fit_cart(&system, err));                                  // or judge_baseline_fit
 *     TRY(judge_fit(&system, paths, n, jobs, NULL, NULL, &fit, err));
 *     TRY(system.write(&system, fit.value, &fuse_json, &costs_json));
 *
 * The senses run once a trip; each try replays what they said through a fresh system (judge_replay_again), unaided. What is
 * made as large as can be is event F1 over the events of all trips together: it asks for the right product at the right time,
 * counts what is missing and what is too much alike, and is the same figure for every system, whatever its prompts. One field
 * after the other takes the value of its grid that is best with all else as it stands, until a round changes nothing, at most
 * JUDGE_FIT_ROUNDS. The result does not depend on `jobs`. Development trips only.
 */
#pragma once

#include "lab/judge/replay.h"

enum { JUDGE_FIT_FIELDS = 48, JUDGE_FIT_GRID = 6, JUDGE_FIT_ROUNDS = 3 };

struct judge_fit_field {
    const char *name;
    double start;                          /* tried first */
    const double *grid;                    /* borrowed */
    size_t grid_n;                         /* 0: kept at `start` */
};

struct judge_fit_system {
    const char *name;
    const struct judge_cart_ops *ops;
    struct judge_fit_field field[JUDGE_FIT_FIELDS];
    size_t fields_n;
    /* The numbers as setup->fuse_json and setup->costs_json; what stays empty is built in. */
    enum trundle_status (*write)(const struct judge_fit_system *system, const double *value, struct bytes *out_fuse, struct bytes *out_costs);
};

struct judge_fit {
    double value[JUDGE_FIT_FIELDS];
    double f1, f1_start;                   /* with them, and with all at their start */
    size_t trips, tried;
};

/* Trips are files or folders. jobs: threads that replay, 1..64. NOT_FOUND: no trips. `progress` is of trips sensed, then of fields of a round. */
TRUNDLE_MUST_USE enum trundle_status judge_fit(const struct judge_fit_system *system, const char *const *paths, size_t n, int jobs,
                                               void (*progress)(void *user, size_t done, size_t total), void *user, struct judge_fit *out,
                                               struct trundle_error *err);
/* The same on trips made for it below $TMPDIR and discarded. */
TRUNDLE_MUST_USE enum trundle_status judge_fit_suite(const struct judge_fit_system *system, const char *suite, int64_t seed, size_t trips, int jobs,
                                                     void (*progress)(void *user, size_t done, size_t total), void *user, struct judge_fit *out,
                                                     struct trundle_error *err);

/* The cart of this build: fuse.json, beginning with what is built in. Times that F1 does not see, and costs.json, are no
 * part of the search: costs are what a shop says mistakes are worth to it, and fitted to F1 they would say what F1 weighs. */
TRUNDLE_MUST_USE enum trundle_status judge_fit_cart(struct judge_fit_system *out, struct trundle_error *err);
