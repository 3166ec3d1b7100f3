/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/loads - what a plan's script puts on the basket's floor, as grams on four cells over time, and when it has come to rest.
 */
#pragma once

#include "lab/sim/plan.h"

struct loads {
    const struct plan *plan;               /* borrowed */
    struct plan_load load[PLAN_LOADS];     /* by start */
    size_t n, next, next_force, active_n, active[PLAN_LOADS];
    double base[4];                        /* of loads that are wholly there */
};

void loads_init(struct loads *l, const struct plan *plan);
/* Grams on each cell at t; t only goes forward. */
void loads_at(struct loads *l, double t, double out[4]);
/* How four cells share a load at (x, y): bilinear, beyond the cells too, where one side is relieved. Sums to 1. */
void loads_share(const struct sim_store *store, double x, double y, double out[4]);
/* Per event the start of the first 0.2 s in which `clean`, the scale without noise, stays within 1 sd of what lies there. */
void loads_settle(const struct plan *plan, const double *clean, size_t n, double hz, double *out_settle);
