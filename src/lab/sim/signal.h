/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/signal - from a plan's loads and motion to what the load cells, accelerometer and gyroscope read.
 *
 * The floor stands on four cells at its corners, which share a load bilinearly; the scale is a damped oscillator that a load
 * makes slower; a rolling cart shakes, and all masses with it. Fills the events' settle times.
 */
#pragma once

#include "lab/sim/plan.h"

struct signal_cell { double t; struct trundle_cell cell; };
struct signal_imu  { double t; struct trundle_imu imu; };

struct signal {
    size_t cells_n, imus_n;
    struct signal_cell *cell;              /* owned */
    struct signal_imu *imu;                /* owned */
    double t_settle[PLAN_EVENTS];          /* of events that put mass on the floor; NAN otherwise */
};

TRUNDLE_MUST_USE enum trundle_status signal_make(const struct plan *plan, struct signal *out, struct trundle_error *err);
void signal_done(struct signal *s);
