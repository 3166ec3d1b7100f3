/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* weigh/inner - what weigh's files share: samples go in (weigh.c), departures and arrivals are told apart (settle.c) by what noise does
 * (noise.c), and become evidence (report.c). For weigh's own files only. */
#pragma once

#include "cart/weigh/weigh.h"

#define GRAVITY_MS2 9.80665

static inline struct weigh_sample *weigh_back(struct weigh *w, uint32_t i)      /* 0 is the newest */
{
    return &w->ring[(w->head + WEIGH_HISTORY - 1 - i) % WEIGH_HISTORY];
}

/* noise.c: variance of a mean of n samples around the reference, in a state of motion. */
double weigh_noise_of(const struct weigh *w, uint8_t motion, uint32_t n);
void weigh_noise_learn(struct weigh *w);                                        /* after each quiet sample */
void weigh_noise_adopt(struct weigh *w, uint32_t n, double mean_g);             /* a new regime: from the last n samples */
uint8_t weigh_motion_of(struct weigh *w, uint32_t n);                           /* the roughest in the last n samples */

/* weigh.c: g per m/s2 by which the taking out of acceleration may be wrong. */
double weigh_doubt(const struct weigh *w);

/* settle.c: after each sample in the ring. */
void weigh_look(struct weigh *w);

/* report.c */
void weigh_report(struct weigh *w, enum trundle_stage stage, const struct weigh_window *at);
/* Place and covariance of a load change; NAN with fewer than three cells. Returns true when it is outside the floor beyond doubt. */
bool weigh_place(const struct weigh *w, const struct weigh_window *at, float out_position_m[3], float out_cov_m2[6]);
/* Fills in what dead cells carried of a window; returns the standard deviation that this adds. */
double weigh_infer(const struct weigh *w, double delta_g[TRUNDLE_CELLS_MAX], uint8_t live, double noise_g);
