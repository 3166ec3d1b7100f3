/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Physics of the scale in small steps, and the sensors that sample it. */
#include "lab/sim/signal.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 16, DRIFTS = 5 };           /* steps per cell reading; octaves of drift */
static const double GRAVITY = 9.81, PI = 3.14159265358979323846;
static const double LOAD_HEIGHT_M = .12;   /* centre of the load over the cells: what starting and stopping shifts */

struct oscillator { double x, v; };

/* x'' = w^2 (force - x) - 2 z w x', semi-implicit Euler: stable for w dt << 1. */
static void oscillate(struct oscillator *o, double force, double w, double z, double dt)
{
    o->v += dt * (w * w * (force - o->x) - 2 * z * w * o->v);
    o->x += dt * o->v;
}

struct shaker { struct rng r; double x, v; size_t bump; };

/* Vertical acceleration of the cart: noise in a band, scaled by speed, and the ringing of bumps. */
static double shake(struct shaker *s, const struct plan *plan, double t, double speed, double dt)
{
    const struct sim_suite *suite = plan->store->suite;
    double w = 2 * PI * suite->motion.vibration_hz, z = .35, a = 0;

    /* white noise of density S through this resonator has variance S w / (4 z): scaled to 1 */
    s->v += dt * (-w * w * s->x - 2 * z * w * s->v) + w * sqrt(4 * z * w * dt) * rng_normal(&s->r);
    s->x += dt * s->v;
    a = s->x / 1.0 * plan->store->roughness_ms2 * speed;
    for (size_t i = 0; i < plan->bumps_n; i++) {
        double since = t - plan->bump[i].t;

        if (since > 0 && since < .6)
            a += plan->bump[i].ms2 * exp(-since / .06) * sin(2 * PI * 11 * since);
    }
    return a;
}

struct drift { struct rng r; double x[DRIFTS]; };

/* Sum of five slow noises of equal power an octave and more apart: close to 1/f. */
static double drift_step(struct drift *d, double sd, double dt)
{
    static const double tau[DRIFTS] = { .5, 2, 8, 32, 128 };
    double sum = 0;

    for (int i = 0; i < DRIFTS; i++) {
        double keep = exp(-dt / tau[i]);

        d->x[i] = keep * d->x[i] + sqrt(1 - keep * keep) * rng_normal(&d->r);
        sum += d->x[i];
    }
    return sd * sum / sqrt(DRIFTS);
}

static void share_out(const struct sim_store *store, double x, double y, double share[4])
{
    const struct cart_cell *c = store->true_cells.cell;
    double fx = (x - c[0].x_m) / (c[1].x_m - c[0].x_m), fy = (y - c[0].y_m) / (c[2].y_m - c[0].y_m);

    share[0] = (1 - fx) * (1 - fy);
    share[1] = fx * (1 - fy);
    share[2] = (1 - fx) * fy;
    share[3] = fx * fy;
}

struct loads { struct plan_load load[PLAN_LOADS]; size_t n, next; double base[4], sum; size_t active_n; size_t active[PLAN_LOADS]; };

static int by_start(const void *a, const void *b)
{
    const struct plan_load *x = a, *y = b;

    return (x->t0 > y->t0) - (x->t0 < y->t0);
}

/* Grams on each cell at t; t only goes forward. */
static void loads_at(struct loads *l, const struct sim_store *store, double t, double out[4])
{
    size_t kept = 0;

    while (l->next < l->n && l->load[l->next].t0 <= t)
        l->active[l->active_n++] = l->next++;
    for (int k = 0; k < 4; k++)
        out[k] = l->base[k];
    for (size_t i = 0; i < l->active_n; i++) {
        const struct plan_load *load = &l->load[l->active[i]];
        double f = load->t1 > load->t0 ? fmin(1, (t - load->t0) / (load->t1 - load->t0)) : 1, share[4], g;

        share_out(store, load->x, load->y, share);
        g = load->g * (load->pulse ? (f < 1 ? sin(PI * f) : 0) : f * f * (3 - 2 * f));
        for (int k = 0; k < 4; k++)
            out[k] += g * share[k];
        if (f < 1)
            l->active[kept++] = l->active[i];
        else
            for (int k = 0; k < 4 && !load->pulse; k++)
                l->base[k] += load->g * share[k];
    }
    l->active_n = kept;
}

/* Adds what moving bodies press at t; t only goes forward. */
static void forces_at(const struct plan *plan, double t, size_t *next, double out[4])
{
    double share[4];

    while (*next < plan->forces_n && plan->force[*next].t <= t)
        ++*next;
    if (*next == 0 || plan->force[*next - 1].g == 0)
        return;
    share_out(plan->store, plan->force[*next - 1].x_m, plan->force[*next - 1].y_m, share);
    for (int k = 0; k < 4; k++)
        out[k] += plan->force[*next - 1].g * share[k];
}

/* Start of the first 0.2 s in which the noise-free reading stays within 1 sd of its final value. */
static void find_settles(const struct plan *plan, const double *clean, size_t n, double hz, struct signal *out)
{
    double sd = 2 * plan->store->true_cells.cell[0].sd_g;      /* of the sum of four */
    size_t window = (size_t)ceil(.2 * hz);

    for (size_t e = 0; e < plan->events_n; e++) {
        double from = plan->event[e].t_load;

        out->t_settle[e] = NAN;
        if (!(from == from))
            continue;
        for (size_t i = (size_t)ceil(from * hz), held = 0; i < n; i++) {
            held = fabs(clean[i] - plan_static_g(plan, (double)i / hz)) <= sd ? held + 1 : 0;
            if (held > window) {
                out->t_settle[e] = fmax(from, (double)(i - window) / hz);
                break;
            }
        }
        if (!(out->t_settle[e] == out->t_settle[e]))
            out->t_settle[e] = from + .5;
    }
}

static void imu_read(const struct plan *plan, const struct plan_motion *m, double shaking, const double bias[6], struct rng *r, struct trundle_imu *out)
{
    const struct sim_suite *s = plan->store->suite;
    double accel[3] = { -m->speed_ms * m->turn_rads, m->accel_ms2, GRAVITY + shaking }, gyro[3] = { .02 * shaking * m->speed_ms, 0, m->turn_rads };

    for (int k = 0; k < 3; k++) {
        double side = k < 2 ? .3 * shaking * rng_normal(r) : 0;

        out->accel_ms2[k] = (float)(accel[k] + side + bias[k] + s->imu.accel_noise_ms2 * rng_normal(r));
        out->gyro_rads[k] = (float)(gyro[k] + bias[3 + k] + s->imu.gyro_noise_rads * rng_normal(r));
    }
}

enum trundle_status signal_make(const struct plan *plan, struct signal *out, struct trundle_error *err)
{
    const struct sim_store *store = plan->store;
    const struct sim_suite *suite = store->suite;
    double hz = suite->cells.hz, dt = 1 / (hz * STEPS), next_imu = 0, pan = suite->cells.pan_g, bias[6];
    uint64_t seed = hash64(&plan->seed, sizeof plan->seed, hash64(suite->root, strlen(suite->root), 0));
    struct shaker shaker = { .r = rng_seed(seed, "trip/shake") };
    struct rng noise = rng_seed(seed, "trip/cells"), imu_noise = rng_seed(seed, "trip/imu");
    struct signal s = { 0 };
    struct oscillator o[4] = { { 0 } }, clean_o = { 0 };
    struct drift drift[4];
    struct loads *loads = calloc(1, sizeof *loads);
    size_t next_force = 0, cells_max = (size_t)(plan->end_s * hz) + 1, imus_max = (size_t)(plan->end_s * suite->imu.hz) + 2;
    double *clean = malloc(cells_max * sizeof *clean);
    enum trundle_status status = TRUNDLE_OK;

    s.cell = calloc(cells_max, sizeof *s.cell);
    s.imu = calloc(imus_max, sizeof *s.imu);
    if (!loads || !clean || !s.cell || !s.imu) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "signal", NULL, "no memory for %zu readings", cells_max);
        goto out;
    }
    memcpy(loads->load, plan->load, plan->loads_n * sizeof *plan->load);
    loads->n = plan->loads_n;
    qsort(loads->load, loads->n, sizeof *loads->load, by_start);
    for (int k = 0; k < 6; k++)
        bias[k] = (k < 3 ? suite->imu.accel_bias_ms2 : suite->imu.gyro_bias_rads) * rng_normal(&imu_noise);
    for (int k = 0; k < 4; k++) {
        drift[k].r = rng_seed(seed + (uint64_t)k * 1000003U, "trip/drift");
        for (int i = 0; i < DRIFTS; i++)
            drift[k].x[i] = rng_normal(&drift[k].r);
    }
    for (size_t i = 0; i < cells_max * STEPS; i++) {
        double t = (double)i * dt, on[4], sum, w, a, tip;
        struct plan_motion m = plan_motion_at(plan, t);

        loads_at(loads, store, t, on);
        forces_at(plan, t, &next_force, on);
        sum = on[0] + on[1] + on[2] + on[3];
        a = shake(&shaker, plan, t, m.speed_ms, dt);
        w = 2 * PI * store->resonance_hz * sqrt(pan / (pan + fmax(sum, 0)));
        tip = .5 * (pan + sum) * m.accel_ms2 / GRAVITY * LOAD_HEIGHT_M / (store->true_cells.cell[2].y_m - store->true_cells.cell[0].y_m);
        for (int k = 0; k < 4; k++)
            oscillate(&o[k], on[k] + (on[k] + .25 * pan) * a / GRAVITY + (k < 2 ? tip : -tip), w, store->damping, dt);
        oscillate(&clean_o, sum, w, store->damping, dt);
        if (t >= next_imu && s.imus_n < imus_max) {
            s.imu[s.imus_n].t = t;
            imu_read(plan, &m, a, bias, &imu_noise, &s.imu[s.imus_n++].imu);
            next_imu += 1 / suite->imu.hz;
        }
        if (i % STEPS == 0) {
            struct signal_cell *reading = &s.cell[s.cells_n];

            clean[s.cells_n++] = clean_o.x;
            reading->t = t;
            reading->cell.n = 4;
            for (int k = 0; k < 4; k++) {
                const struct cart_cell *c = &store->true_cells.cell[k];
                double g = o[k].x + suite->cells.white_g * rng_normal(&noise) + drift_step(&drift[k], suite->cells.drift_g, 1 / hz);
                double raw = round(g / c->gain_g + c->offset);

                reading->cell.raw[k] = (int32_t)fmin(c->raw_max, fmax(c->raw_min, raw));
            }
        }
    }
    find_settles(plan, clean, s.cells_n, hz, &s);
    *out = s;
    s = (struct signal){ 0 };
out:
    free(clean);
    free(loads);
    signal_done(&s);
    return status;
}

void signal_done(struct signal *s)
{
    if (!s)
        return;
    free(s->cell);
    free(s->imu);
    *s = (struct signal){ 0 };
}
