/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/disturb - what loads or tilts the cart and is no item: arms that lean on the rim, a hanging bag, a child, ramps.
 *
 *     struct disturbs d;
 *     forces_make(plan, &d);                     // from the suite's rates and a stream of its own
 *     double w = disturb_weight(&d.d[0], t_s);   // 0 before and after, 1 when it is all there
 *
 * A plain value; the plan is read only. signal.h turns it into readings, trip.c tells it as causes.
 */
#pragma once

#include "lab/sim/plan.h"

enum { DISTURBS = 64 };

enum disturb_kind { DISTURB_LEAN, DISTURB_BAG, DISTURB_CHILD, DISTURB_SLOPE, DISTURB_KINDS };
extern const char *const disturb_name[DISTURB_KINDS];        /* of the cause in the truth */

struct disturb {
    enum disturb_kind kind;
    double t0, t1;                         /* nothing outside */
    double rise_s, fall_s;                 /* smooth onset and end, inside t0..t1 */
    double x_m, y_m;                       /* where it bears on the basket */
    double g;                              /* down there, when all is there */
    double pull_g[2];                      /* to the right and ahead, at the height of the rim */
    double sway, sway_hz, sway_phase;      /* share of both that comes and goes */
    double length_m;                       /* of a bag's pendulum */
    double angle_rad;                      /* of a ramp: nose up */
};

struct disturbs { size_t n; struct disturb d[DISTURBS]; };

/* Each kind draws from a stream of its own: nothing else in the trip changes with it. In order of t0. */
void forces_make(const struct plan *plan, struct disturbs *out);

/* Share that is there at t: smooth onset and end, without sway. */
double disturb_weight(const struct disturb *d, double t);
/* The same with sway. */
double disturb_force(const struct disturb *d, double t);
