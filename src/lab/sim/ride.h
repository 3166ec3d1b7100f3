/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/ride - how a cart moves on its floor: the one motion that load cells, accelerometer and gyroscope all feel.
 *
 * Cart frame: x right, y ahead, z up. Angles are small: `pitch` is nose up (about x), `roll` right side down (about y), yaw
 * counts to the left. The floor shakes the front axle and, one wheelbase later, the rear one; what they do not have in common
 * turns the cart. A specific force is what an accelerometer reads: at rest on level floor (0, 0, g).
 */
#pragma once

#include "lab/sim/plan.h"

#define RIDE_GRAVITY_MS2 9.81

struct ride_shaker { struct rng r; double x, v; };

struct ride {
    const struct plan *plan;               /* borrowed */
    struct ride_shaker heave, pitch, roll;
    struct rng floor;                      /* camber */
    double tile_ms2, way_m, turn_rads;
    double camber[2], lag[2];              /* as the floor is; as the cart follows, rad */
    double angle[2], rate[2];              /* pitch and roll of before; rates of what the floor shakes */
    double rear_t[PLAN_MARKS];             /* when the rear wheels meet each bump */
};

struct ride_now {
    double front_ms2, rear_ms2;            /* vertical acceleration of the axles */
    double roll_s2;                        /* vertical acceleration per metre to the right of the middle */
    double heave_ms2;                      /* of the middle of the basket: what shakes things */
    double force_ms2[3];                   /* specific force over the rear axle, without shaking */
    double gyro_rads[3];
    double yaw_rads2;                      /* acceleration of yaw */
};

void ride_init(struct ride *r, const struct plan *plan);
/* The next instant; t goes forward by dt. `slope` and `tilt`: pitch and roll that ramps, and leaning people, add. */
void ride_step(struct ride *r, double t, double dt, const struct plan_motion *m, const double slope[2], const double tilt[2], struct ride_now *out);
/* Specific force without shaking at a place right of and ahead of the rear axle's middle: turns act with their lever arm. */
void ride_force_at(const struct ride_now *now, double right_m, double ahead_m, double out[3]);
