/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/load_cell - what a load cell and its converter make of a force: filter, hysteresis, creep, temperature, noise, counts.
 *
 *     struct load_cells c;
 *     load_cells_init(&c, plan);
 *     for (each step)    load_cells_step(&c, force_g, dt);       // what is fast and remembers the way
 *     for (each reading) load_cells_read(&c, t_s, raw);
 *
 * Hysteresis is a friction element beside each spring (Dahl 1968): it follows the load over `hysteresis_span_g` and then
 * slips, so a loop of loading and unloading is 2 `hysteresis_g` wide, and shaking works it off. Flicker noise is a sum of
 * Ornstein-Uhlenbeck processes with time constants four times apart: the Allan deviation of such a sum is flat at the sd
 * of one of them. Families: `pink` white and 1/f; `fitted` white, flicker, random walk, steady drift, spikes; `heavy` the
 * same with Student's t for white, hops between two levels, and spells in which the converter loses its lowest bits.
 */
#pragma once

#include "lab/sim/plan.h"

enum { LOAD_CELLS = 4, LOAD_CELL_PINKS = 5, LOAD_CELL_OCTAVES = 7 };

struct load_cell {
    double filtered_g, before_g, slip, creep_g;
    struct rng pink_r, r, spike_r, heavy_r;
    double pink[LOAD_CELL_PINKS], flicker[LOAD_CELL_OCTAVES], walk_g, slope_gs;
    double hop, burst_to_s;
    double zero_gk, span_k;                /* of this cell */
};

struct load_cells {
    const struct plan *plan;               /* borrowed */
    struct rng white;
    struct load_cell cell[LOAD_CELLS];
    double pink_keep[LOAD_CELL_PINKS], flicker_keep[LOAD_CELL_OCTAVES];
    double air_k, body_k, warm_k;          /* of the air, of the cells' metal, of the electronics: above what they were when tared */
    double air_at_s, warm_total_k, air_zero_k;
};

void load_cells_init(struct load_cells *c, const struct plan *plan);
void load_cells_step(struct load_cells *c, const double force_g[LOAD_CELLS], double dt);
void load_cells_read(struct load_cells *c, double t, int32_t out_raw[LOAD_CELLS]);
/* The filter alone: what a noise-free converter would say of `force_g` after `before_g`. */
double load_cell_filter(const struct sim_suite *suite, double before_g, double force_g, double dt);
/* Air beside (x, y) of the store against air far from frozen food, K; not above 0. */
double load_cell_air_k(const struct sim_store *store, double x_m, double y_m);
