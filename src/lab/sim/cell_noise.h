/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/cell_noise - the noise of a standing scale in numbers: Allan deviation, spectrum, and the processes that fit them.
 *
 *     struct cell_trace trace;
 *     TRY(cell_trace_read("samples.txt", &trace, err));           // grams, one a line, one a second
 *     n = cell_allan(trace.g, trace.n, tau_s, adev_g, CELL_TAUS);
 *     cell_noise_fit(&trace, 100, &fit);
 *     cell_trace_done(&trace);
 *
 * Allan variance over tau s, overlapping (IEEE Std 1139): white noise N^2 / tau, flicker B^2, random walk K^2 tau / 3, a steady
 * drift D^2 tau^2 / 2; all of a trace of means of one second. The fit takes each relative to the measured value, none below 0.
 */
#pragma once

#include "lab/sim/suite.h"

enum { CELL_TAUS = 24, CELL_BINS = 48, CELL_TRACE_MAX = 1000000 };

struct cell_trace {
    double *g;                             /* owned; one a second */
    size_t n;
    size_t steps, spikes;                  /* level steps that were cut at (the longest part is kept); spikes replaced by their neighbours' median */
    double spike_g;                        /* median height of those */
    size_t read_n;                         /* lines */
};

/* Reads a trace, cuts it where its level steps by more than 5 g, keeps the longest part, takes out spikes beyond 4 robust sd.
 * BAD_INPUT names the line. */
TRUNDLE_MUST_USE enum trundle_status cell_trace_read(const char *path, struct cell_trace *out, struct trundle_error *err);
/* The sum of the cells of a cart of the suite that stands still and empty, `seconds` means of one second, spikes taken out likewise. */
TRUNDLE_MUST_USE enum trundle_status cell_trace_simulate(const struct sim_suite *suite, int64_t seed, size_t seconds, struct cell_trace *out, struct trundle_error *err);
void cell_trace_done(struct cell_trace *t);

/* At tau = 1, 2, 4 ... while a trace has four spans of it. Returns how many. */
size_t cell_allan(const double *g, size_t n, double *out_tau_s, double *out_adev_g, size_t max);
/* One-sided power density below 0.5 Hz (Welch: Hann, half overlap, each segment's line taken out), means over third-octave bins. */
size_t cell_spectrum(const double *g, size_t n, double *out_hz, double *out_g2_hz, size_t max);

struct cell_noise_fit {
    double white_g, flicker_g, walk_g, drift_gs;   /* N, B, K, D above, of the sum */
    double worst;                          /* largest ratio of model and measured, either way */
};
/* Over tau up to `tau_max_s`. */
void cell_noise_fit(const struct cell_trace *trace, double tau_max_s, struct cell_noise_fit *out);
double cell_noise_adev(const struct cell_noise_fit *fit, double tau_s);
