/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/run - a recipe from its first step to a model folder, through kills, Ctrl-C and numbers that stop being numbers.
 *
 *     struct run_options options = RUN_OPTIONS_DEFAULT;
 *     options.out = "models";
 *     TRY(run_recipe(recipe, &options, &report, err));
 *
 * Leaves OUT/NAME/: NAME.net (averaged weights, batch norms folded), manifest.json, card.md, log.jsonl, curve.svg, and checkpoint.bin
 * while it is not finished. Files are written whole or not at all, so a kill at any instant leaves the last checkpoint good.
 *
 * Same bits: the same recipe, build and `threads` give the same checkpoint and model, resumed or not, when the run's length is in epochs
 * or steps. The number of augmentation workers changes nothing. Ranks and threads change sums by rounding.
 */
#pragma once

#include "lab/train/feed.h"
#include "lab/train/objective.h"
#include "lab/train/ranks.h"
#include "lab/train/recipe.h"

struct run_progress {
    int64_t step;
    double  done;                  /* share of the run, 0..1 */
    double  epochs, loss, rate, wall_s, cpu_s, pictures_per_s;
    int     px;
    const struct objective_score *score;           /* of the last evaluation; NULL: none yet */
};

struct run_options {
    const char *folder;            /* of data; NULL: $TRUNDLE_DATA, else "." */
    const char *out;               /* default "models" */
    int     threads;               /* of the step; default 1 */
    int     workers;               /* of augmentation; -1 (default): one when threads > 1, else none */
    bool    resume;
    const struct ranks *ranks;     /* NULL: alone */
    const volatile int *stop;      /* set from outside (Ctrl-C): saves and returns. May be NULL */
    const char *command;           /* for the card; may be NULL */
    void  (*progress)(void *user, const struct run_progress *p);        /* rank 0 only; after every step. May be NULL */
    void  (*notice)(void *user, const char *text);                      /* broken pictures, sizes, evaluations */
    void  (*look)(void *user, int64_t step, struct feed_batch *batch);  /* before each step: for tests and debug pictures. May be NULL */
    void   *user;
};
#define RUN_OPTIONS_DEFAULT { .out = "models", .threads = 1, .workers = -1 }

struct run_report {
    bool    finished;              /* false: stopped; --resume goes on */
    int64_t steps;
    double  epochs, wall_s, cpu_s;
    bool    has_held_out, has_final;
    struct objective_score held_out, final;
    char    folder[RECIPE_PATH + 128], net_sha256[65];
};

/* CONFLICT: the folder holds an unfinished or finished run and resume is not set, or a checkpoint of another recipe. NOT_FOUND: nothing to resume.
 * BAD_INPUT: the recipe, or numbers that are not finite (where: "step 17, ..."; the hint names the picture; the last checkpoint stays). */
TRUNDLE_MUST_USE enum trundle_status run_recipe(const struct recipe *recipe, const struct run_options *options, struct run_report *out, struct trundle_error *err);
/* Learning rate at a share of the run. */
double run_rate(const struct recipe_schedule *s, double done);
/* Side of training pictures there. */
int run_size(const struct recipe_schedule *s, double done);
