/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/baseline - the simple carts that a cart has to beat, each a few rules behind the face of every judged cart.
 *
 *     const struct judge_cart_ops *ops = judge_baseline("shelf-rule");     // NULL: no such system
 *     config.cart = ops;
 *
 * scan-only       a line per scanned code or picked PLU; the scale says when, and weighs what is sold by weight; nothing leaves
 * weight-only     steps of the summed load over a fixed threshold; the nearest mass of the catalog, or a recent scan, names them
 * shelf-rule      a weight step gives time and mass; sight x mass x place among the frames around it names the product
 * vision-only     the cameras' events and products alone; cells and codes are not used
 * frame-by-frame  every frame is detected and classified for itself; the basket is what most recent frames show
 *
 * Each takes samples and says, as evidence, what it made of them; and takes such evidence in place of samples (the judge's
 * second run). Its numbers are its object in models/baselines.json, or the text of setup->fuse_json. They ask no questions.
 * Without the sensor that it lives on a baseline sees nothing, and says nothing.
 */
#pragma once

#include "lab/judge/replay.h"

enum { JUDGE_BASELINES = 5, JUDGE_BASELINE_FIELDS = 9, JUDGE_BASELINE_GRID = 6 };

const struct judge_cart_ops *judge_baseline(const char *name);
/* i < JUDGE_BASELINES. */
const char *judge_baseline_name(size_t i);

/* One number of a baseline: what it does, its bounds, and the values that a fit tries. */
struct judge_baseline_field {
    const char *name, *text;
    double least, most;
    double grid[JUDGE_BASELINE_GRID];
    size_t grid_n;                         /* 1: fixed by the definition of the system */
};
/* NULL: no such system. */
const struct judge_baseline_field *judge_baseline_fields(const char *name, size_t *out_n);

/* What a fit found. */
struct judge_baseline_fit {
    double value[JUDGE_BASELINE_FIELDS];
    double f1, f1_start;                   /* event F1 with them, and with the built-in numbers */
    size_t trips, tried;
};

/* Fits the numbers of a system on trips (files, folders) by coordinate search over each field's grid, for the best event F1.
 * The senses run once; each try replays what they said. NOT_FOUND: no such system, or no trip could be read. */
TRUNDLE_MUST_USE enum trundle_status judge_baseline_fit(const char *name, const char *const *paths, size_t n, void (*progress)(void *user, size_t done, size_t total),
                                                        void *user, struct judge_baseline_fit *out, struct trundle_error *err);
/* The same on trips made for it below $TMPDIR and discarded; `jobs` as of sim_trips_make. */
TRUNDLE_MUST_USE enum trundle_status judge_baseline_fit_suite(const char *name, const char *suite, int64_t seed, size_t trips, int jobs,
                                                              void (*progress)(void *user, size_t done, size_t total), void *user,
                                                              struct judge_baseline_fit *out, struct trundle_error *err);
/* {"field":value,...} of one system. */
TRUNDLE_MUST_USE enum trundle_status judge_baseline_print(const char *name, const double *value, struct bytes *out);
