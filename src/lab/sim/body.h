/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/body - things that fall, collide, lean, roll and come to rest in a basket.
 *
 *     struct bodies *b;
 *     TRY(bodies_new(&(struct body_world){ .size_m = { .5, .7, .4 }, .friction = .5, .bounce = .1, .hz = 240 }, &hooks, &b, err));
 *     bodies_add(b, 3, &shape, false, &pose, velocity, spin);       // let go at the present time
 *     bodies_run(b, t_s);                                   // steps only while something is awake; hooks tell what moved
 *     bodies_free(b);
 *
 * Open Dynamics Engine behind it, whose random numbers and error handlers belong to the process: one `struct bodies` at a time in a
 * process (two trips after one another are fine). Reseeded by bodies_new: the same calls give the same numbers, bit for bit.
 * Basket frame, metres, kilograms, seconds. The walls go on above the mouth, so that nothing falls out.
 *
 * Bodies sleep once they hardly move, and wake when they are hit, pushed, or when what they lie on is taken.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { BODIES_MAX = 96 };

enum body_form { BODY_BOX, BODY_CYLINDER, BODY_CAPSULE, BODY_SPHERE };    /* a cylinder stands along z, a capsule lies along x */
struct body_shape { enum body_form form; double half_m[3], mass_kg; };
struct body_pose { double p[3], q[4]; };   /* q: w x y z */

struct body_world {
    double size_m[3];
    double friction, bounce, rolling_m;    /* Coulomb; share of speed that comes back; rolling resistance, torque over normal force */
    double hz;
    bool   soft;                           /* contacts are springs that give way, instead of hard */
};

/* Called from bodies_run and whatever wakes things; any may be NULL. */
struct body_hooks {
    void *user;
    void (*moved)(void *user, double t, int id, const struct body_pose *pose);      /* of what is awake, after each step */
    void (*woke)(void *user, double t, int id, const struct body_pose *pose);
    void (*slept)(void *user, double t, int id, const struct body_pose *pose);
    void (*pressed)(void *user, double t, double x_m, double y_m, double n);        /* all that is awake, on floor and walls, newtons, until t + 1/hz */
    void (*quiet)(void *user, double t);                                            /* nothing moves from t on */
    void (*shaken)(void *user, double t, double out_ms2[2]);                        /* inertial acceleration of the cart's frame */
};

struct bodies;

TRUNDLE_MUST_USE enum trundle_status bodies_new(const struct body_world *world, const struct body_hooks *hooks, struct bodies **out, struct trundle_error *err);
void bodies_free(struct bodies *b);

double bodies_now(const struct bodies *b);
/* Runs to t, never back. */
void bodies_run(struct bodies *b, double t);
bool bodies_awake(const struct bodies *b);

/* Lets something go at the present time; moves it into the basket and up until it touches nothing much, or (settle) down until it
 * touches. `pose` becomes where it is. False: no room for one more body, or an id that is there. */
bool bodies_add(struct bodies *b, int id, const struct body_shape *shape, bool settle, struct body_pose *pose, const double velocity[3], const double spin[3]);
/* Takes it out of the world and wakes what may have leaned on it. */
void bodies_remove(struct bodies *b, int id);
bool bodies_pose(const struct bodies *b, int id, struct body_pose *out);
bool bodies_box(const struct bodies *b, int id, double out_lo[3], double out_hi[3]);
/* Highest point over a rectangle of the floor; 0 of the bare floor. */
double bodies_top(const struct bodies *b, const double lo[2], const double hi[2]);
/* Something lies on it. */
bool bodies_covered(const struct bodies *b, int id);
/* A hand that pushes what is within `radius` away from `at`, at `speed` for something of 0.5 kg. */
void bodies_push(struct bodies *b, const double at[3], double radius_m, double speed_ms);
void bodies_wake(struct bodies *b);
/* Energy of motion and height, J: for tests. */
double bodies_energy(const struct bodies *b);
/* How often a body had to be put back into the basket. */
unsigned bodies_strays(const struct bodies *b);

/* Rz(yaw) Rx(pitch) Ry(roll), as sim_pose_make. */
void body_turn(double yaw, double pitch, double roll, double out_q[4]);
void body_turn_times(const double a[4], const double b[4], double out[4]);      /* b first, then a */
void body_turn_between(const double a[4], const double b[4], double f, double out[4]);
