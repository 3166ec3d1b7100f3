/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * signal_world - a cart whose loads, rolls, bumps and disturbances a test writes itself, and what its sensors read.
 *
 *     struct signal_world w;
 *     signal_world_make(&w, true, "'cells': {'creep_share': 0.002}", 20);     // v1 without noise, but with creep
 *     signal_world_load(&w, 1, 1.2, .3, .4, 1000, false);
 *     signal_world_run(&w);
 *     assert_near(signal_world_sum(&w, t, false), 1000, 1);
 *     signal_world_done(&w);
 */
#pragma once

#include "lab/sim/signal.h"

struct signal_world { struct sim_suite *suite; struct sim_store *store; struct plan *plan; struct signal signal; struct disturbs disturbs; };

/* Suite v1, with everything random and slow switched off when `quiet`, changed by `fields` (members of a JSON object,
 * ' for "); a plan without content. */
void signal_world_make(struct signal_world *w, bool quiet, const char *fields, double seconds);
/* A load as plan.h has them. */
void signal_world_load(struct signal_world *w, double t0, double t1, double x_m, double y_m, double g, bool pulse);
void signal_world_run(struct signal_world *w);
void signal_world_done(struct signal_world *w);

/* Index of the reading at t; of the first of the accelerometer from t on. */
size_t signal_world_at(const struct signal_world *w, double t);
size_t signal_world_imu(const struct signal_world *w, double t);
/* Grams that cell k says at reading i, in truth or by the cart file; all four; the mean of those over a span. */
double signal_world_cell(const struct signal_world *w, size_t i, int k, bool stated);
double signal_world_sum(const struct signal_world *w, double t, bool stated);
double signal_world_mean(const struct signal_world *w, double t0, double t1);
