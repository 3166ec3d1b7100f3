/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/signal - from a plan's loads and motion to what the load cells, accelerometer and gyroscope read.
 *
 *     struct signal s;
 *     TRY(signal_make(plan, &s, err));
 *     use(s.cell, s.cells_n);
 *     signal_done(&s);
 *
 * The floor stands on four cells at its corners, which share a load bilinearly; the scale is a damped oscillator that a load
 * makes slower. One motion (ride.h) and one list of people and ramps (disturb.h) feed cells, accelerometer and gyroscope;
 * load_cell.h is what a cell makes of its force. Fills the events' settle times and what each disturbance did to the cells.
 */
#pragma once

#include "lab/sim/disturb.h"

struct signal_cell { double t; struct trundle_cell cell; };
struct signal_imu  { double t; struct trundle_imu imu; };

/* A disturbance as a cause: mean load that it put on each cell while it lasted, and its largest on their sum, g. */
struct signal_cause { const char *name; double t0, t1, cell_g[4], peak_g; };

struct signal {
    size_t cells_n, imus_n, causes_n;
    struct signal_cell *cell;              /* owned */
    struct signal_imu *imu;                /* owned */
    struct signal_cause cause[DISTURBS];
    double t_settle[PLAN_EVENTS];          /* of events that put mass on the floor; NAN otherwise */
};

TRUNDLE_MUST_USE enum trundle_status signal_make(const struct plan *plan, struct signal *out, struct trundle_error *err);
/* The same with disturbances of one's own instead of the suite's. */
TRUNDLE_MUST_USE enum trundle_status signal_make_with(const struct plan *plan, const struct disturbs *disturbs, struct signal *out, struct trundle_error *err);
void signal_done(struct signal *s);
