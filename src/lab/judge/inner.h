/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/inner - worker processes, shared by judge_trips and judge_suite. Not for other rooms.
 *
 * Work comes in groups of trips (those of one store), a group is done by one process from its first trip to its last. A worker
 * that dies takes only the trip it was at with it: the rest of its group goes to a fresh one.
 */
#pragma once

#include "lab/judge/judge.h"

struct judge_job {
    size_t first, n;               /* trips of the group */
};

struct judge_work {
    const struct judge_job *job;   /* borrowed */
    size_t jobs_n, trips_n;
    /* In the worker: before the first and after the last trip of a group. NULL: nothing. */
    enum trundle_status (*begin)(void *user, const struct judge_job *job, struct trundle_error *err);
    void (*end)(void *user, const struct judge_job *job);
    enum trundle_status (*trip)(void *user, size_t trip, struct judge_result *out, struct trundle_error *err);
    /* In the parent. */
    const char *(*name)(void *user, size_t trip);
    void *user;
};

/* Results in order of trips, failed ones left out; owned by the caller. */
struct judge_results { struct judge_result *result; size_t n, failed; };

TRUNDLE_MUST_USE enum trundle_status judge_work(const struct judge_work *work, const struct judge_config *config, struct judge_results *out, struct trundle_error *err);
void judge_results_done(struct judge_results *results);

/* Of a submission nothing is scored by half: BAD_INPUT when a trip failed. */
TRUNDLE_MUST_USE enum trundle_status judge_whole(const struct judge_config *config, const struct judge_results *results, struct trundle_error *err);
void judge_each(const struct judge_config *config, const struct judge_results *results);

/* One result as bytes of this build, and back; CORRUPT. */
TRUNDLE_MUST_USE enum trundle_status judge_result_print(const struct judge_result *result, struct bytes *out);
TRUNDLE_MUST_USE enum trundle_status judge_result_parse(const void *bytes, size_t n, struct judge_result *out);

/* The report says which senses were there. */
void judge_name_senses(const struct judge_config *config, struct judge_report *report);

/* A text as a JSON string, in ASCII. */
TRUNDLE_MUST_USE enum trundle_status judge_print_text(const char *text, struct bytes *out);

/* Paths of trips, those of one folder by seed. */
struct judge_list { char **path; size_t n, room; };
/* Files as they are named, folders as their *.mcap. NOT_FOUND: none. The caller owns *out. */
TRUNDLE_MUST_USE enum trundle_status judge_list_paths(const char *const *paths, size_t n, struct judge_list *out, struct trundle_error *err);
void judge_list_done(struct judge_list *list);

/* Removes a folder with what is in it. What cannot be removed stays. */
void judge_discard(const char *path);
