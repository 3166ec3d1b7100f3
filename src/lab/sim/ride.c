/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Floor texture, joints, bumps, camber and ramps as motion of a rigid cart on two axles. */
#include "lab/sim/ride.h"

#include "base/std/hash.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
static const double RING_S = .06, RING_HZ = 11, RING_ENDS_S = .6;     /* what a bump leaves */
static const double JOINT_M = .03;         /* way over which a joint of tiles is felt */
static const double HOLD_HZ = 1;           /* pitch and roll that axles cause fade: wheels come back to the floor */

static struct rng stream(const struct plan *plan, const char *name)
{
    const char *root = plan->store->suite->root;

    return rng_seed(hash64(&plan->seed, sizeof plan->seed, hash64(root, strlen(root), 0)), name);
}

void ride_init(struct ride *r, const struct plan *plan)
{
    const struct sim_suite *s = plan->store->suite;
    struct rng tiles = rng_seed(hash64(&plan->store->id, sizeof plan->store->id, hash64(s->root, strlen(s->root), 0)), "store/tiles");

    memset(r, 0, sizeof *r);
    r->plan = plan;
    r->heave.r = stream(plan, "trip/shake");
    r->pitch.r = stream(plan, "trip/shake pitch");
    r->roll.r = stream(plan, "trip/shake roll");
    r->floor = stream(plan, "trip/camber");
    r->tile_ms2 = rng_range(&tiles, s->motion.tile_ms2.lo, s->motion.tile_ms2.hi);
    for (int k = 0; k < 2; k++)
        r->camber[k] = r->lag[k] = s->motion.camber_deg * PI / 180 * rng_normal(&r->floor);
    r->angle[0] = r->lag[0];
    r->angle[1] = r->lag[1];
    for (size_t i = 0; i < plan->bumps_n; i++) {
        double speed = plan_motion_at(plan, plan->bump[i].t).speed_ms;

        r->rear_t[i] = plan->bump[i].t + (speed > 0 ? fmin(2, s->motion.wheelbase_m / speed) : 0);
    }
}

/* Noise in a band, sd 1: white noise of density S through this resonator has variance S w / (4 z). */
static double shake(struct ride_shaker *s, double hz, double dt)
{
    double w = 2 * PI * hz, z = .35;

    s->v += dt * (-w * w * s->x - 2 * z * w * s->v) + w * sqrt(4 * z * w * dt) * rng_normal(&s->r);
    s->x += dt * s->v;
    return s->x;
}

static double ring(double since)
{
    return since > 0 && since < RING_ENDS_S ? exp(-since / RING_S) * sin(2 * PI * RING_HZ * since) : 0;
}

static double joint(double way, double tile_m)
{
    double past = way - tile_m * floor(way / tile_m);

    return past < 3 * JOINT_M ? exp(-2 * past / JOINT_M) * sin(2 * PI * past / JOINT_M) : 0;
}

static void add_floor(struct ride *r, double t, double dt, double speed, struct ride_now *out, double *out_jolt)
{
    const struct sim_suite *s = r->plan->store->suite;
    double rough = r->plan->store->roughness_ms2, common = shake(&r->heave, s->motion.vibration_hz, dt) * rough * speed, front = 0, rear = 0;

    *out_jolt = 0;
    for (size_t i = 0; i < r->plan->bumps_n; i++) {
        const struct plan_bump *b = &r->plan->bump[i];
        double at_front;

        if (t <= b->t || t >= r->rear_t[i] + RING_ENDS_S)
            continue;
        at_front = b->ms2 * ring(t - b->t);
        front += at_front;
        rear += r->rear_t[i] > b->t ? b->ms2 * ring(t - r->rear_t[i]) : at_front;
        *out_jolt -= s->motion.bump_ahead_share * at_front;
    }
    if (speed > 0 && r->tile_ms2 > 0) {
        front += r->tile_ms2 * speed * joint(r->way_m, s->motion.tile_m);
        rear += r->tile_ms2 * speed * joint(r->way_m - s->motion.wheelbase_m, s->motion.tile_m);
    }
    if (speed > 0 && s->motion.pitch_share > 0) {
        double p = s->motion.pitch_share * rough * speed * shake(&r->pitch, s->motion.vibration_hz, dt);

        front += p;
        rear -= p;
    }
    out->roll_s2 = 0;
    if (speed > 0 && s->motion.roll_share > 0)
        out->roll_s2 = s->motion.roll_share * rough * speed * shake(&r->roll, s->motion.vibration_hz, dt) / (.5 * r->plan->store->cart.basket.size_m[0]);
    out->front_ms2 = common + front;
    out->rear_ms2 = common + rear;
    out->heave_ms2 = common + .5 * (front + rear);
}

/* The floor's tilt along the way: noise of one correlation length, which the cart follows within its own length. */
static void follow_camber(struct ride *r, double way)
{
    const struct sim_suite *s = r->plan->store->suite;
    double sd = s->motion.camber_deg * PI / 180, step = fmin(.5, way / s->motion.camber_m), base = fmax(.3, s->motion.wheelbase_m);

    if (sd <= 0 || way <= 0)
        return;
    for (int k = 0; k < 2; k++) {
        r->camber[k] += -step * r->camber[k] + sd * sqrt(2 * step) * rng_normal(&r->floor);
        r->lag[k] += fmin(1, way / base) * (r->camber[k] - r->lag[k]);
    }
}

void ride_step(struct ride *r, double t, double dt, const struct plan_motion *m, const double slope[2], const double tilt[2], struct ride_now *out)
{
    const struct sim_suite *s = r->plan->store->suite;
    double angle[2], turn[2] = { 0, 0 }, base = s->motion.wheelbase_m, jolt;

    add_floor(r, t, dt, m->speed_ms, out, &jolt);
    follow_camber(r, m->speed_ms * dt);
    r->way_m += m->speed_ms * dt;
    for (int k = 0; k < 2; k++) {
        angle[k] = r->lag[k] + slope[k] + tilt[k];
        turn[k] = (angle[k] - r->angle[k]) / dt;
        r->angle[k] = angle[k];
    }
    r->rate[0] += dt * ((base > 0 ? (out->front_ms2 - out->rear_ms2) / base : 0) - 2 * PI * HOLD_HZ * r->rate[0]);
    r->rate[1] += dt * (-out->roll_s2 - 2 * PI * HOLD_HZ * r->rate[1]);
    out->force_ms2[0] = -m->speed_ms * m->turn_rads - RIDE_GRAVITY_MS2 * sin(angle[1]) * cos(angle[0]);
    out->force_ms2[1] = m->accel_ms2 + RIDE_GRAVITY_MS2 * sin(angle[0]) + jolt;
    out->force_ms2[2] = RIDE_GRAVITY_MS2 * cos(angle[0]) * cos(angle[1]);
    out->gyro_rads[0] = s->imu.shake_rads * out->heave_ms2 * m->speed_ms + r->rate[0] + turn[0];
    out->gyro_rads[1] = r->rate[1] + turn[1];
    out->gyro_rads[2] = m->turn_rads;
    out->yaw_rads2 = (m->turn_rads - r->turn_rads) / dt;
    r->turn_rads = m->turn_rads;
}

void ride_force_at(const struct ride_now *now, double right_m, double ahead_m, double out[3])
{
    double w2 = now->gyro_rads[2] * now->gyro_rads[2];

    out[0] = now->force_ms2[0] - now->yaw_rads2 * ahead_m - w2 * right_m;
    out[1] = now->force_ms2[1] + now->yaw_rads2 * right_m - w2 * ahead_m;
    out[2] = now->force_ms2[2];
}
