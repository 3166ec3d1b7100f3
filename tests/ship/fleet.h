/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * ship/fleet - rollouts on a simulated fleet, looked at again and again: how often is a bundle stopped that is no worse, how often one that is.
 *
 *     struct fleet_result r = fleet_rollouts(&(struct fleet_plan)FLEET_PLAN_DEFAULT);
 *
 * Carts differ in their rates (log-normal), trips in their items; corrections and questions are over-dispersed counts, latency is log-normal with a cart's own level, faults
 * are rare. Every look uses all trips so far (gate_judge). The stages are those of a default rollout: 1 cart, 25 %, all.
 */
#pragma once

#include "hub/ship/gate.h"

struct fleet_plan {
    int      rollouts, carts, days, looks_a_day, trips_a_day;        /* trips of one cart */
    double   between, drift;           /* sd of ln(rate) between carts; of its change from the days before the rollout to those after */
    int      days_before;
    double   harm[GATE_METRICS];       /* the new bundle's rates are times 1 + harm */
    double   leave;                    /* chance that a cart leaves the new bundle by itself */
    uint64_t seed;
};
#define FLEET_PLAN_DEFAULT { .rollouts = 2000, .carts = 50, .days = 10, .looks_a_day = 4, .trips_a_day = 20, .between = .2, .drift = .05, .days_before = 14, .leave = .001, .seed = 1 }

struct fleet_result { int rollouts, stopped, done, open; double days_to_stop, days_to_done; };       /* mean days of those that ended */
struct fleet_result fleet_rollouts(const struct fleet_plan *plan);
/* Exact interval of a share (Clopper, Pearson 1934), by bisection. */
void fleet_interval(int k, int n, double confidence, double *out_lo, double *out_hi);
