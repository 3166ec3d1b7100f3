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

#include "lab/judge/fit.h"

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

/* The system whose numbers judge_fit finds. NOT_FOUND: no such system. */
TRUNDLE_MUST_USE enum trundle_status judge_baseline_fit(const char *name, struct judge_fit_system *out, struct trundle_error *err);
/* {"field":value,...} of one system. */
TRUNDLE_MUST_USE enum trundle_status judge_baseline_print(const char *name, const double *value, struct bytes *out);
