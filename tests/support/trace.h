/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trace - simulated load-cell and accelerometer traces of a cart, with truth. Simulated: not a measurement of anything.
 *
 *     struct trace t = trace_new(&(struct trace_setup){ .seconds = 10, .sd_g = 1, .seed = 7 });
 *     trace_step(&t, 2.0, 182, .31, .12);
 *     struct trace_found found = trace_weigh(&t, &config);
 *     trace_done(&t);
 *
 * Four cells on the corners of a floor of 0.6 x 0.9 m, 80 Hz both, 5 kg of basket on the cells. A hand presses before it lets go, items
 * ring down, floors shake cart and load by the same acceleration, that the accelerometer sees with its own noise.
 */
#pragma once

#include "base/std/rng.h"
#include "cart/weigh/weigh.h"

enum { TRACE_STEPS = 256, TRACE_CAUSES = 32, TRACE_FOUND = 512 };

struct trace_setup {
    double seconds;
    double sd_g;                /* noise of the sum of the cells, standing */
    double roll_ms2;            /* rms of vertical acceleration while rolling; 0: stands */
    double load_g;              /* in the basket at the start */
    double drift_g_per_s;
    double spikes_per_s;
    bool   no_imu, soft;        /* soft: load shares are products of sides; else affine, as on a stiff floor */
    uint64_t seed;
};

struct trace_step { double at_s, mass_g, x_m, y_m, over_s; };   /* over_s: lifted or lowered slowly; 0: a hand of 0.3 s and ringing */
enum trace_kind { TRACE_BUMP, TRACE_LEAN, TRACE_KERB, TRACE_SLOPE, TRACE_BAG };
struct trace_cause { enum trace_kind kind; double at_s, for_s, size; };

struct trace {
    struct trace_setup setup;
    struct cart_cells cells;
    struct trace_step step[TRACE_STEPS];
    struct trace_cause cause[TRACE_CAUSES];
    size_t steps, causes;
    int dead_cell;              /* -1 none; else it gives nothing from dead_s on */
    double dead_s;
    enum trace_dead { TRACE_DEAD_NONE, TRACE_DEAD_STUCK, TRACE_DEAD_SATURATED } dead_how;
};

struct trace_found {
    size_t n;
    struct trundle_evidence e[TRACE_FOUND];        /* FINAL puts and takes */
    int64_t told_ns[TRACE_FOUND];                  /* time of the sample that brought it */
    struct weigh weigh;                            /* as it stood at the end */
};

struct trace trace_new(const struct trace_setup *setup);
void trace_put(struct trace *t, double at_s, double mass_g, double x_m, double y_m);     /* negative: a take */
void trace_slow(struct trace *t, double at_s, double over_s, double mass_g, double x_m, double y_m);
void trace_add(struct trace *t, enum trace_kind kind, double at_s, double for_s, double size);
/* Runs a whole trace through `weigh`; config NULL is the default. Static storage of one result. */
struct trace_found *trace_weigh(const struct trace *t, const struct weigh_config *config);

struct trace_score { size_t truth, found, matched; double recall, precision; };
/* Steps matched one to one: same sign, t0 within 1 s and arrival within `late_s` of the truth, mass within 5 sd + 1 %. */
struct trace_score trace_match(const struct trace *t, const struct trace_found *found, double late_s, int out_of_truth[TRACE_STEPS]);
