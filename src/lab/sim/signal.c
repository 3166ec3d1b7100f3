/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Physics of the scale in small steps, and the sensors that sample it. */
#include "lab/sim/signal.h"

#include "lab/sim/load_cell.h"
#include "lab/sim/loads.h"
#include "lab/sim/ride.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 16 };                       /* per cell reading */
static const double PI = 3.14159265358979323846;
static const double HANG_SWING_RAD = .15;  /* a bag swings when it is hung */
static const double TILT_ARM_M = .5;       /* where motion.tilt_deg_kg is stated */

struct oscillator { double x, v; };

/* x'' = w^2 (force - x) - 2 z w x', semi-implicit Euler: stable for w dt << 1. */
static void oscillate(struct oscillator *o, double force, double w, double z, double dt)
{
    o->v += dt * (w * w * (force - o->x) - 2 * z * w * o->v);
    o->x += dt * o->v;
}

struct tally { double sum[4], peak; size_t n; };
struct bag { bool hangs; double angle[2], rate[2]; };

/* Everything that a trip's physics remembers from step to step. */
struct physics {
    const struct plan *plan;
    const struct disturbs *disturbs;
    struct loads loads;
    struct ride ride;
    struct load_cells cells;
    struct oscillator o[4], clean;
    double clean_filtered;
    struct bag bag[DISTURBS];
    struct tally tally[DISTURBS];
    double bias[6], mount[3];
    struct rng imu_noise;
};

/* What disturbances do at one instant. */
struct acting { double cell_g[4], slope[2], tilt[2]; };

/* A pull of `pull` g to the right and ahead at `height` over the cells shifts load to the right and to the front. */
static void add_pull(const struct cart_cell *c, const double pull[2], double height, double cell_g[4])
{
    double right = .5 * pull[0] * height / (c[1].x_m - c[0].x_m), ahead = .5 * pull[1] * height / (c[2].y_m - c[0].y_m);

    for (int k = 0; k < 4; k++)
        cell_g[k] += (k & 1 ? right : -right) + (k & 2 ? ahead : -ahead);
}

/* A pendulum at the basket, driven by the specific force there; gives its weight and its pull. */
static void swing(struct bag *bag, const struct disturb *d, const struct ride_now *now, double dt, double *g, double pull[2])
{
    double lift = 1;

    if (!bag->hangs) {
        bag->hangs = true;
        bag->angle[1] = HANG_SWING_RAD;
        bag->angle[0] = .5 * HANG_SWING_RAD;
    }
    for (int k = 0; k < 2; k++) {
        double w2 = RIDE_GRAVITY_MS2 / d->length_m;

        bag->rate[k] += dt * (-w2 * bag->angle[k] - 2 * .03 * sqrt(w2) * bag->rate[k] - now->force_ms2[k] / d->length_m);
        bag->angle[k] += dt * bag->rate[k];
        bag->angle[k] = fmin(1, fmax(-1, bag->angle[k]));
        lift += bag->rate[k] * bag->rate[k] * d->length_m / RIDE_GRAVITY_MS2 - .5 * bag->angle[k] * bag->angle[k];
        pull[k] = *g * bag->angle[k];
    }
    *g *= lift;
}

/* The cells' share of a slope: less along z, the rest shifts load down the ramp. */
static void slope_load(const struct physics *p, const double on[4], const double f[3], double cell_g[4])
{
    const struct sim_suite *s = p->plan->store->suite;
    const struct cart_cell *c = p->plan->store->true_cells.cell;
    double all = s->cells.pan_g + on[0] + on[1] + on[2] + on[3];
    double tip = .5 * all * f[1] / RIDE_GRAVITY_MS2 * s->motion.load_height_m / (c[2].y_m - c[0].y_m);
    double side = .5 * all * f[0] / RIDE_GRAVITY_MS2 * s->motion.turn_height_m / (c[1].x_m - c[0].x_m);

    for (int k = 0; k < 4; k++)
        cell_g[k] = (on[k] + .25 * s->cells.pan_g) * (f[2] / RIDE_GRAVITY_MS2 - 1) + (k & 2 ? -tip : tip) + (k & 1 ? -side : side);
}

static void act(struct physics *p, double t, double dt, const double on[4], const struct ride_now *before, bool tell, struct acting *out)
{
    const struct sim_store *store = p->plan->store;
    const double *size = store->cart.basket.size_m;
    double tilt_per_gm = store->suite->motion.tilt_deg_kg * PI / 180 / 1000 / TILT_ARM_M;

    *out = (struct acting){ 0 };
    for (size_t i = 0; i < p->disturbs->n && p->disturbs->d[i].t0 < t; i++) {
        const struct disturb *d = &p->disturbs->d[i];
        double w, g, pull[2], share[4], cell_g[4] = { 0 };

        if (t >= d->t1)
            continue;
        w = disturb_force(d, t);
        g = d->g * w;
        pull[0] = d->pull_g[0] * w;
        pull[1] = d->pull_g[1] * w;
        if (d->kind == DISTURB_SLOPE) {
            double angle = d->angle_rad * w, f[3] = { 0, RIDE_GRAVITY_MS2 * sin(angle), RIDE_GRAVITY_MS2 * cos(angle) };

            out->slope[0] += angle;
            if (tell)
                slope_load(p, on, f, cell_g);
        } else {
            if (d->kind == DISTURB_BAG)
                swing(&p->bag[i], d, before, dt, &g, pull);
            loads_share(store, d->x_m, d->y_m, share);
            for (int k = 0; k < 4; k++)
                cell_g[k] = g * share[k];
            add_pull(store->true_cells.cell, pull, size[2], cell_g);
            for (int k = 0; k < 4; k++)
                out->cell_g[k] += cell_g[k];
            out->tilt[0] -= tilt_per_gm * (g * (d->y_m - .5 * size[1]) + pull[1] * size[2]);
            out->tilt[1] += tilt_per_gm * (g * (d->x_m - .5 * size[0]) + pull[0] * size[2]);
        }
        if (tell) {
            struct tally *tally = &p->tally[i];
            double sum = cell_g[0] + cell_g[1] + cell_g[2] + cell_g[3];

            for (int k = 0; k < 4; k++)
                tally->sum[k] += cell_g[k];
            tally->peak = fabs(sum) > fabs(tally->peak) ? sum : tally->peak;
            tally->n++;
        }
    }
}

/* Forces on the cells: what lies there and the basket itself press with the specific force; what is high up shifts sideways. */
static void press(struct physics *p, const double on[4], double sum, const struct acting *acting, const struct ride_now *now, double dt, double out_x[4])
{
    const struct sim_store *store = p->plan->store;
    const struct sim_suite *s = store->suite;
    const struct cart_cell *c = store->true_cells.cell;
    const double *size = store->cart.basket.size_m;
    double pan = s->cells.pan_g, w = 2 * PI * store->resonance_hz * sqrt(pan / (pan + fmax(sum, 0))), base = s->motion.wheelbase_m, f[3], tip, side;

    ride_force_at(now, 0, .5 * base, f);
    tip = .5 * (pan + sum) * f[1] / RIDE_GRAVITY_MS2 * s->motion.load_height_m / (c[2].y_m - c[0].y_m);
    side = .5 * (pan + sum) * f[0] / RIDE_GRAVITY_MS2 * s->motion.turn_height_m / (c[1].x_m - c[0].x_m);
    for (int k = 0; k < 4; k++) {
        double ahead = base > 0 ? (c[k].y_m - .5 * size[1] + .5 * base) / base : .5;
        double a = now->rear_ms2 + ahead * (now->front_ms2 - now->rear_ms2) + now->roll_s2 * (c[k].x_m - .5 * size[0]) + (f[2] - RIDE_GRAVITY_MS2);
        double force = on[k] + (on[k] + .25 * pan) * a / RIDE_GRAVITY_MS2 + (k & 2 ? -tip : tip) + (k & 1 ? -side : side) + acting->cell_g[k];

        oscillate(&p->o[k], force, w, store->damping, dt);
        out_x[k] = p->o[k].x;
    }
    oscillate(&p->clean, sum, w, store->damping, dt);
    p->clean_filtered = load_cell_filter(s, p->clean_filtered, p->clean.x, dt);
}

/* A vector seen by a sensor whose mount is a little turned. */
static void turned(const double mount[3], double v[3])
{
    double x = v[0], y = v[1], z = v[2];

    v[0] += mount[2] * y - mount[1] * z;
    v[1] += mount[0] * z - mount[2] * x;
    v[2] += mount[1] * x - mount[0] * y;
}

static void imu_read(struct physics *p, const struct ride_now *now, struct trundle_imu *out)
{
    const struct sim_suite *s = p->plan->store->suite;
    double base = s->motion.wheelbase_m, ahead = base > 0 ? s->imu.ahead_m / base : 0, shaking, accel[3], gyro[3];

    shaking = now->rear_ms2 + ahead * (now->front_ms2 - now->rear_ms2) + now->roll_s2 * s->imu.right_m;
    ride_force_at(now, s->imu.right_m, s->imu.ahead_m, accel);
    accel[2] += shaking;
    memcpy(gyro, now->gyro_rads, sizeof gyro);
    turned(p->mount, accel);
    turned(p->mount, gyro);
    for (int k = 0; k < 3; k++) {
        double side = k < 2 ? s->imu.side_share * shaking * rng_normal(&p->imu_noise) : 0;

        out->accel_ms2[k] = (float)(accel[k] + side + p->bias[k] + s->imu.accel_noise_ms2 * rng_normal(&p->imu_noise));
        out->gyro_rads[k] = (float)(gyro[k] + p->bias[3 + k] + s->imu.gyro_noise_rads * rng_normal(&p->imu_noise));
    }
}

static void physics_init(struct physics *p, const struct plan *plan, const struct disturbs *disturbs)
{
    const struct sim_suite *s = plan->store->suite;
    uint64_t root = hash64(s->root, strlen(s->root), 0);
    struct rng mount = rng_seed(hash64(&plan->store->id, sizeof plan->store->id, root), "store/mount");

    p->plan = plan;
    p->disturbs = disturbs;
    loads_init(&p->loads, plan);
    ride_init(&p->ride, plan);
    load_cells_init(&p->cells, plan);
    p->imu_noise = rng_seed(hash64(&plan->seed, sizeof plan->seed, root), "trip/imu");
    for (int k = 0; k < 6; k++)
        p->bias[k] = (k < 3 ? s->imu.accel_bias_ms2 : s->imu.gyro_bias_rads) * rng_normal(&p->imu_noise);
    for (int k = 0; k < 3; k++)
        p->mount[k] = s->imu.mount_deg * PI / 180 * rng_normal(&mount);
}

static void tell_causes(const struct physics *p, struct signal *out)
{
    for (size_t i = 0; i < p->disturbs->n; i++) {
        const struct disturb *d = &p->disturbs->d[i];
        struct signal_cause *cause = &out->cause[out->causes_n++];

        *cause = (struct signal_cause){ .name = disturb_name[d->kind], .t0 = d->t0, .t1 = d->t1, .peak_g = p->tally[i].peak };
        for (int k = 0; k < 4 && p->tally[i].n; k++)
            cause->cell_g[k] = p->tally[i].sum[k] / (double)p->tally[i].n;
    }
}

enum trundle_status signal_make_with(const struct plan *plan, const struct disturbs *disturbs, struct signal *out, struct trundle_error *err)
{
    const struct sim_suite *suite = plan->store->suite;
    double hz = suite->cells.hz, dt = 1 / (hz * STEPS), next_imu = 0;
    struct signal s = { 0 };
    struct physics *p = calloc(1, sizeof *p);
    struct ride_now now = { .force_ms2 = { 0, 0, RIDE_GRAVITY_MS2 } };
    size_t cells_max = (size_t)(plan->end_s * hz) + 1, imus_max = (size_t)(plan->end_s * suite->imu.hz) + 2;
    double *clean = malloc(cells_max * sizeof *clean);
    enum trundle_status status = TRUNDLE_OK;

    s.cell = calloc(cells_max, sizeof *s.cell);
    s.imu = calloc(imus_max, sizeof *s.imu);
    if (!p || !clean || !s.cell || !s.imu) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "signal", NULL, "no memory for %zu readings", cells_max);
        goto out;
    }
    physics_init(p, plan, disturbs);
    for (size_t i = 0; i < cells_max * STEPS; i++) {
        double t = (double)i * dt, on[4], x[4], sum;
        struct plan_motion m = plan_motion_at(plan, t);
        struct acting acting;

        loads_at(&p->loads, t, on);
        sum = on[0] + on[1] + on[2] + on[3];
        act(p, t, dt, on, &now, i % STEPS == 0, &acting);
        ride_step(&p->ride, t, dt, &m, acting.slope, acting.tilt, &now);
        press(p, on, sum, &acting, &now, dt, x);
        load_cells_step(&p->cells, x, dt);
        if (t >= next_imu && s.imus_n < imus_max) {
            s.imu[s.imus_n].t = t;
            imu_read(p, &now, &s.imu[s.imus_n++].imu);
            next_imu += 1 / suite->imu.hz;
        }
        if (i % STEPS == 0) {
            struct signal_cell *reading = &s.cell[s.cells_n];

            clean[s.cells_n++] = p->clean_filtered;
            reading->t = t;
            reading->cell.n = 4;
            load_cells_read(&p->cells, t, reading->cell.raw);
        }
    }
    loads_settle(plan, clean, s.cells_n, hz, s.t_settle);
    tell_causes(p, &s);
    *out = s;
    s = (struct signal){ 0 };
out:
    free(clean);
    free(p);
    signal_done(&s);
    return status;
}

enum trundle_status signal_make(const struct plan *plan, struct signal *out, struct trundle_error *err)
{
    struct disturbs disturbs;

    forces_make(plan, &disturbs);
    return signal_make_with(plan, &disturbs, out, err);
}

void signal_done(struct signal *s)
{
    if (!s)
        return;
    free(s->cell);
    free(s->imu);
    *s = (struct signal){ 0 };
}
