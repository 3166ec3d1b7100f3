/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * calib/cells - load-cell counts to grams, and the calibration that finds how.
 *
 *     struct cells_place place[6] = { { .mass_g = 0, .raw = {...} }, { .mass_g = 1000, .x_m = .1, .y_m = .1, .raw = {...} }, ... };
 *     struct cells_fit fit;
 *     TRY(cells_solve(&cart.cells, place, 6, &fit, err));
 *     cart.cells = fit.cells;
 *
 * Method. Forces and moments balance: sum_i g_i a_ik = M_k, sum_i x_i g_i a_ik = M_k X_k, and the same in y, where a_ik are
 * the counts of cell i at place k above the empty basket. All three are linear in g_i, x_i g_i and y_i g_i and are solved
 * by least squares. A stiff basket on four cells spreads a load affinely in X, Y, so that one combination of the four
 * gains is seen by no reading (and matters to none): there the solution stays nearest to the cart file's own values
 * (a weak prior: 20 % in gain, 5 cm in place). Plain values, no allocation, no threads.
 */
#pragma once

#include "cart/calib/cart_file.h"

enum { CELLS_PLACES_MAX = 64 };

/* Mean counts with a known mass at a known place. */
struct cells_place {
    double mass_g;                         /* 0: empty basket, x and y unused; at least one such reading */
    double x_m, y_m;
    double raw[TRUNDLE_CELLS_MAX];
    double raw_sd[TRUNDLE_CELLS_MAX];      /* of one sample; 0: not known (the file's sd_g stays) */
};

struct cells_fit {
    struct cart_cells cells;               /* start with new gain, offset, x, y, sd */
    double mass_residual_g[CELLS_PLACES_MAX];   /* weighed minus true */
    double x_residual_m[CELLS_PLACES_MAX], y_residual_m[CELLS_PLACES_MAX];   /* NAN for empty readings */
    double mass_rms_g, place_rms_m;        /* over the readings with a mass */
    double gain_sd[TRUNDLE_CELLS_MAX];     /* relative; near 0.2 where only the prior speaks */
};

/* Needs 3 or 4 cells, an empty reading, and the mass at five or more different places. BAD_INPUT says what is missing:
 * too few places, places on one line or too close, a cell that does not react, residuals over 2 % of the mass (a wrong
 * place or mass; the worst is named). */
TRUNDLE_MUST_USE enum trundle_status cells_solve(const struct cart_cells *start, const struct cells_place *place, size_t n,
                                                 struct cells_fit *out, struct trundle_error *err);

/* Mass on cell i in g; NAN for TRUNDLE_CELL_NONE. Saturation is the caller's to see (raw_min, raw_max). */
double cells_mass_g(const struct cart_cell *cell, int32_t raw);
/* Load and centre of load of one reading with all cells. Place is NAN when the load is under `least_g`. */
void cells_load(const struct cart_cells *cells, const double raw[TRUNDLE_CELLS_MAX], double least_g, double *out_mass_g, double *out_x_m,
                double *out_y_m);
