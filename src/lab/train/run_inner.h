/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* train/run_inner - one run: for run.c, run_save.c and run_log.c. */
#pragma once

#include "lab/train/run.h"

struct run_point { double step, value; };
struct run_curve { struct run_point *at; size_t n, room; };

struct run {
    const struct recipe *recipe;
    const struct run_options *options;
    struct ranks ranks;
    struct data_set *set, *final;
    struct objective *objective;
    struct augment_plan plan;
    struct feed *feed;
    struct train *train, *judge;   /* of the present size; of the evaluation's, made when needed */
    int     px, local;             /* local: samples of this rank's share of a batch */
    int64_t step, steps;           /* steps 0: the end is a time */
    uint64_t asked;                /* steps whose batch was asked for */
    double  wall_before_s, cpu_before_s;   /* of earlier sittings */
    int64_t wall_start_ns, cpu_start_ns, saved_ns;
    double  done;
    /* since the last line of the log */
    double  loss_sum;
    int     loss_n;
    int64_t logged_ns;
    struct bytes log;
    struct run_curve loss, figure;
    bool    has_score;
    struct objective_score score;
    char    folder[RECIPE_PATH + 128];
};

double run_wall_s(const struct run *r);
double run_cpu_s(const struct run *r);
double run_epochs(const struct run *r);            /* of the steps so far */
TRUNDLE_PRINTF(2, 3) void run_say(const struct run *r, const char *format, ...);

/* run_save.c. All of them do nothing on ranks other than 0, but for run_load. */
TRUNDLE_MUST_USE enum trundle_status run_path(const struct run *r, const char *name, char *out, size_t size, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status run_save(struct run *r, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status run_load(struct run *r, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status run_finish(struct run *r, struct run_report *report, struct trundle_error *err);

/* run_log.c */
TRUNDLE_MUST_USE enum trundle_status run_log_step(struct run *r, double rate, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status run_log_score(struct run *r, const char *what, const struct objective_score *s, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status run_log_write(struct run *r, struct trundle_error *err);       /* log.jsonl and curve.svg */
/* Takes the log of an earlier sitting, up to the step that is gone on from. */
TRUNDLE_MUST_USE enum trundle_status run_log_read(struct run *r, struct trundle_error *err);
json_t *run_score_json(const struct objective_score *s);        /* NULL: no memory */
