/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Samples in: time, sick cells, motion, reference levels. What the samples mean is settle.c's. */
#include "cart/weigh/weigh.h"

#include "base/std/time.h"
#include "cart/calib/cells.h"
#include "cart/weigh/inner.h"

#include <math.h>
#include <string.h>

enum { LATE_RUN = 100, STUCK_SAMPLES = 64 };

static const double motion_from_ms2[WEIGH_MOTIONS] = { 0, 0.15, 0.6, 2.0 };     /* rms of the acceleration around its slow mean */

enum trundle_status weigh_init(struct weigh *w, const struct cart_cells *cells, const struct weigh_config *config, struct trundle_error *err)
{
    double hz, settle_s, sure_s;

    if (!w || !cells || !config)
        return error_set(err, TRUNDLE_BAD_ARG, "weigh", NULL, "an argument is NULL");
    if (cells->n < 1 || cells->n > TRUNDLE_CELLS_MAX || !(cells->hz >= 0.01 && cells->hz <= 1e5))
        return error_set(err, TRUNDLE_BAD_INPUT, "weigh: cells", NULL, "%d cells at %g Hz, allowed are 1 to %d at 0.01 to 100000", cells->n,
                         cells->hz, (int)TRUNDLE_CELLS_MAX);
    for (int i = 0; i < cells->n; i++) {
        const struct cart_cell *c = &cells->cell[i];

        if (!isfinite(c->gain_g) || c->gain_g == 0 || !isfinite(c->offset) || !(c->sd_g > 0 && c->sd_g < 1e6) || !isfinite(c->x_m) ||
            !isfinite(c->y_m))
            return error_set(err, TRUNDLE_BAD_INPUT, "weigh: cells", "trundle calibrate cells",
                             "cell %d: gain %g, offset %g, sd %g, place (%g, %g): gain must not be 0, sd be positive, all be finite", i,
                             c->gain_g, c->offset, c->sd_g, c->x_m, c->y_m);
        for (int j = 0; j < i; j++)
            if (hypot(c->x_m - cells->cell[j].x_m, c->y_m - cells->cell[j].y_m) < 0.01)
                return error_set(err, TRUNDLE_BAD_INPUT, "weigh: cells", NULL, "cells %d and %d coincide", j, i);
    }
    settle_s = ns_s(config->settle_ns);
    sure_s = ns_s(config->sure_ns);
    if (!(config->least_g > 0 && config->least_g <= 1e5) || !(config->zero_track_g_per_s >= 0 && config->zero_track_g_per_s <= 100) ||
        !(settle_s >= 0.02 && settle_s <= 1) || !(sure_s >= settle_s && sure_s <= 1.2) || !(config->sd_goal_g > 0) || !(config->max_g >= 0) ||
        !(config->floor_m[0] >= 0 && config->floor_m[1] >= 0) || config->first_after_ns < 0)
        return error_set(err, TRUNDLE_BAD_INPUT, "weigh: config", "start from WEIGH_CONFIG_DEFAULT",
                         "least %g g, track %g g/s, settle %g s, sure %g s, goal %g g: one is out of range", config->least_g,
                         config->zero_track_g_per_s, settle_s, sure_s, config->sd_goal_g);
    memset(w, 0, sizeof *w);
    w->cells = *cells;
    w->config = *config;
    w->every = cells->hz > 100 ? (uint32_t)ceil(cells->hz / 100) : 1;
    w->hz = hz = cells->hz / w->every;
    w->settle_n = (uint32_t)fmax(ceil(settle_s * hz), hz >= 5 ? 4 : 2);
    w->sure_n = (uint32_t)fmax(ceil(sure_s * hz), 2 * w->settle_n);
    w->next_id = 1;
    return TRUNDLE_OK;
}

/* ---- accelerometer ---- */

static void take_imu(struct weigh *w, const struct trundle_message *m)
{
    double dt = ns_s(m->sensed_ns - w->imu_ns), energy = 0, slow, fast;

    w->counts.imu++;
    for (int i = 0; i < 3; i++) {
        if (!(fabs((double)m->imu.accel_ms2[i]) < 1000)) {
            w->counts.foreign++;
            return;
        }
    }
    if (!w->imu_known || !(dt >= 0 && dt < 0.5)) {
        for (int i = 0; i < 3; i++)
            w->accel_slow[i] = (double)m->imu.accel_ms2[i];
        if (!w->imu_known && w->accel_level == 0)
            w->accel_level = w->accel_slow[2];
        w->accel_rms2 = w->accel_rms2_slow = w->accel_peak2 = 0;
        w->imu_known = true;
        dt = 0;
    }
    slow = 1 - exp(-dt / 0.5);
    fast = 1 - exp(-dt / 0.1);
    for (int i = 0; i < 3; i++) {
        double a = (double)m->imu.accel_ms2[i], d = a - w->accel_slow[i];

        energy += d * d;
        w->accel_slow[i] += slow * d;
    }
    w->accel_rms2_slow += slow * (energy - w->accel_rms2_slow);
    w->accel_slow_sd = sqrt(w->accel_rms2_slow / 3 * slow / 2);
    w->accel_rms2 += fast * (energy - w->accel_rms2);
    w->accel_peak2 = fmax(w->accel_rms2, w->accel_peak2 * exp(-dt / 0.3));
    w->accel_sum += (double)m->imu.accel_ms2[2];
    w->accel_n++;
    w->imu_ns = m->sensed_ns;
}

/* At rest only a tilt is real: what is within the noise of the slow mean is left out. */
static double tilted(const struct weigh *w)
{
    double d = w->accel_slow[2] - w->accel_level, noise = 4 * w->accel_slow_sd;

    return w->accel_level + (fabs(d) <= noise ? 0 : d - copysign(noise, d));
}

static uint8_t motion_now(const struct weigh *w)
{
    uint8_t motion = 0;

    for (uint8_t i = 1; w->imu_known && i < WEIGH_MOTIONS; i++)
        if (w->accel_peak2 >= motion_from_ms2[i] * motion_from_ms2[i])
            motion = i;
    return motion;
}

/* (m/s2)^2 of shaking from which the learned value counts. */
static double trust_of(const struct weigh *w)
{
    return fmax(0.02 / (1 + 2 * w->follow_n / w->hz), 5e-4);
}

double weigh_doubt(const struct weigh *w)
{
    double load = 0, prior;

    for (int i = 0; i < w->cells.n; i++)
        load += fabs(w->level_g[i]);
    prior = (0.3 * load + 4000) / GRAVITY_MS2;             /* the basket's own mass is not in the cart file */
    return w->imu_known ? sqrt(prior * prior * trust_of(w) / (w->cov_aa + trust_of(w)) + 1e-4 * load * load / (GRAVITY_MS2 * GRAVITY_MS2)) : 0;
}

/* g per m/s2 of a cell: learned while rolling (the basket's own mass included); before that, what lies on it. */
static double follows_g(const struct weigh *w, int i)
{
    double trust = trust_of(w), own = w->level_g[i] / GRAVITY_MS2, b = (w->cov_ea[i] + trust * own) / (w->cov_aa + trust);

    return fmin(fmax(b, 0), fmax(own, 0) + 1000);
}

/* ---- sick cells ---- */

/* A bit per cell that can be believed. */
static uint8_t believe(struct weigh *w, const struct trundle_cell *cell)
{
    uint8_t live = 0;
    bool moved[TRUNDLE_CELLS_MAX];
    uint32_t movers = 0;

    w->faults = 0;
    for (int i = 0; i < w->cells.n; i++) {
        moved[i] = cell->raw[i] != w->last_raw[i];
        movers += moved[i];
        w->last_raw[i] = cell->raw[i];
    }
    for (int i = 0; i < w->cells.n; i++) {
        const struct cart_cell *c = &w->cells.cell[i];

        w->same_n[i] = moved[i] ? 0 : w->same_n[i] < UINT32_MAX ? w->same_n[i] + 1 : UINT32_MAX;
        w->others_n[i] = moved[i] ? 0 : w->others_n[i] + (2 * movers >= w->cells.n);
        if (cell->raw[i] == TRUNDLE_CELL_NONE) {
            w->faults |= TRUNDLE_FAULT_CELL_DEAD;
            w->counts.dead++;
        } else if (cell->raw[i] <= c->raw_min || cell->raw[i] >= c->raw_max) {
            w->faults |= TRUNDLE_FAULT_CELL_SATURATED;
            w->counts.saturated++;
        } else if (w->same_n[i] >= STUCK_SAMPLES && w->others_n[i] >= STUCK_SAMPLES * 3 / 4) {
            w->faults |= TRUNDLE_FAULT_CELL_STUCK;
            w->counts.dead++;
        } else {
            live |= (uint8_t)(1u << i);
        }
    }
    return live;
}

/* ---- levels ---- */

/* Mean of what a cell carried in samples [from, from + n) back, without the cut-th part at either end; out_n 0: it gave nothing. */
static double middle_of(struct weigh *w, int cell, uint32_t from, uint32_t n, uint32_t cut, uint32_t *out_n)
{
    float x[WEIGH_HISTORY];
    uint32_t have = 0;
    double sum = 0;

    for (uint32_t i = from; i < from + n; i++) {
        const struct weigh_sample *s = weigh_back(w, i);
        uint32_t j = have;

        if (!(s->live & (1u << cell)))
            continue;
        for (; j > 0 && x[j - 1] > s->e_g[cell]; j--)
            x[j] = x[j - 1];
        x[j] = s->e_g[cell];
        have++;
    }
    for (uint32_t i = have / cut; i < have - have / cut; i++)
        sum += (double)x[i];
    *out_n = have - 2 * (have / cut);
    return *out_n ? sum / *out_n : 0;
}

/* The ring holds whole loads until the first levels are found. */
static void begin_levels(struct weigh *w, const double mass_g[TRUNDLE_CELLS_MAX], uint8_t live, double accel, uint8_t motion)
{
    uint32_t need = (uint32_t)fmax(4, ceil(0.5 * w->hz)), half = need / 2, n, m;
    struct weigh_sample *s = &w->ring[w->head];
    double moved = 0, v = 0, sum = 0;
    uint32_t accels = 0, cut;

    *s = (struct weigh_sample){ .live = live, .motion = motion, .accel_ms2 = (float)accel };
    for (int i = 0; i < w->cells.n; i++)
        s->e_g[i] = (float)mass_g[i];
    w->head = (w->head + 1) % WEIGH_HISTORY;
    if (w->held < WEIGH_HISTORY)
        w->held++;
    if (w->held < need)
        return;
    /* standing, a spike is cut off; rolling, the plain mean goes with the plain mean of the acceleration */
    cut = weigh_motion_of(w, need) ? UINT32_MAX : 4;
    for (int i = 0; i < w->cells.n; i++) {
        moved += middle_of(w, i, 0, half, cut, &n) - middle_of(w, i, half, half, cut, &m);
        v += w->cells.cell[i].sd_g * w->cells.cell[i].sd_g;
    }
    /* a basket that is being loaded while it wakes: look again, but not for ever */
    if (fabs(moved) > 6 * sqrt(2 * v / half) + w->config.least_g / 2 && w->counts.samples < 6ull * need * w->every)
        return;
    for (int i = 0; i < w->cells.n; i++) {
        w->level_g[i] = middle_of(w, i, 0, need, cut, &n);
        if (n)
            w->level_known |= (uint8_t)(1u << i);
    }
    for (uint32_t i = 0; i < need; i++) {
        double felt = (double)weigh_back(w, i)->accel_ms2;

        if (fabs(felt) < GRAVITY_MS2 / 2)    /* cells that spoke before the accelerometer's first word */
            continue;
        sum += felt;
        accels++;
    }
    w->accel_level = accels ? sum / accels : 0;
    w->level_motion = weigh_motion_of(w, need);
    w->moving_start_n = w->level_motion ? (uint32_t)(20 * w->hz) : 0;
    w->held = 0;
    w->level_n = need;
    w->levelled = true;
    w->accel_home = w->accel_level;
}

/* Follows drift, no faster than allowed: with steps that small the reference is a running median. */
static void track_levels(struct weigh *w, const struct weigh_sample *s)
{
    double gain = fmax(1.0 / (w->level_n + 1.0), fmin(1 / (w->hz * 4), 0.25)), sum = 0, most;

    for (int i = 0; i < w->cells.n; i++)
        sum += gain * (double)s->e_g[i];
    most = w->config.zero_track_g_per_s / w->hz + 3 * sqrt(weigh_noise_of(w, s->motion, 1)) / (w->level_n + 1.0);
    if (fabs(sum) > most)
        gain *= most / fabs(sum);
    for (int i = 0; i < w->cells.n; i++)
        w->level_g[i] += gain * (double)s->e_g[i];
    if (w->level_n < UINT32_MAX)
        w->level_n++;
    if (s->motion > w->level_motion || w->level_n % (uint32_t)fmax(4 * w->hz, 4) == 0)
        w->level_motion = s->motion;
}

/* Regression of what the cells do within half a second on what the floor does. Steps and hands are not in step with the floor,
 * and a sample far off the line so far is left out. */
static void learn_following(struct weigh *w, const double mass_g[TRUNDLE_CELLS_MAX], uint8_t live, double accel)
{
    double slow = fmin(1 / (w->hz * 0.3), 0.5), gain = fmin(1 / (w->hz * 8), 0.2), a, off = 0, d[TRUNDLE_CELLS_MAX] = { 0 };

    if (!w->follow_n)
        w->follow_accel = accel;
    a = accel - w->follow_accel;
    w->follow_accel += slow * a;
    for (int i = 0; i < w->cells.n; i++) {
        if (!(live & (1u << i)))
            continue;
        d[i] = w->follow_n ? mass_g[i] - w->follow_g[i] : 0;
        w->follow_g[i] = w->follow_n ? w->follow_g[i] + slow * d[i] : mass_g[i];
        off += d[i] - follows_g(w, i) * a;
    }
    w->follow_n++;
    gain = fmax(gain, 1.0 / w->follow_n);
    w->follow_off2 += gain * ((w->follow_n < w->hz ? off * off : fmin(off * off, 25 * w->follow_off2)) - w->follow_off2);
    if (w->follow_n < 2 || off * off > 25 * w->follow_off2)
        return;
    for (int i = 0; i < w->cells.n; i++)
        if (live & (1u << i))
            w->cov_ea[i] += gain * (a * d[i] - w->cov_ea[i]);
    w->cov_aa += gain * (a * a - w->cov_aa);
}

/* A cell that is gone for a second has lost its level; one that comes back finds a new one before it counts again. */
static uint8_t returning(struct weigh *w, const double mass_g[TRUNDLE_CELLS_MAX], uint8_t live)
{
    for (int i = 0; i < w->cells.n; i++) {
        uint8_t bit = (uint8_t)(1u << i);

        if (!(live & bit)) {
            if (++w->dead_n[i] > w->hz || w->dead_n[i] == UINT32_MAX)
                w->level_known &= (uint8_t)~bit;
            w->fresh_n[i] = 0;
            continue;
        }
        w->dead_n[i] = 0;
        if (w->level_known & bit)
            continue;
        live &= (uint8_t)~bit;
        if (w->away)
            continue;
        w->fresh_n[i]++;
        w->level_g[i] += (mass_g[i] - w->level_g[i]) / w->fresh_n[i];
        if (w->fresh_n[i] >= w->settle_n)
            w->level_known |= bit;
    }
    return live;
}

/* Levels are what cells carry at `accel_level`. Levels that were found on the move have one that is off by chance; it goes to the mean,
 * and they by what that predicts, before an error in how cells follow can make a step of it. */
static void follow_accel(struct weigh *w, double accel)
{
    double d = (accel - w->accel_level) / (w->hz * 4);

    w->accel_home += (w->accel_level - w->accel_home) / (w->hz * 40);
    if (w->moving_start_n == 0)
        return;
    w->moving_start_n--;
    for (int i = 0; i < w->cells.n; i++)
        w->level_g[i] += follows_g(w, i) * d;
    w->accel_level += d;
}

static void take_sample(struct weigh *w, const double mass_g[TRUNDLE_CELLS_MAX], uint8_t live, const struct trundle_message *m)
{
    uint8_t motion = motion_now(w);
    double fresh = w->accel_n ? w->accel_sum / w->accel_n : w->accel_slow[2], accel = w->accel_level, e[TRUNDLE_CELLS_MAX] = { 0 }, sum = 0;
    double force = 1;                      /* specific force along z over gravity: what is new on the cells follows it from the first moment */
    struct weigh_sample *s;

    if (w->imu_known && m->sensed_ns - w->imu_ns > NS_PER_S / 2)
        w->imu_known = false;
    if (w->imu_known) {
        accel = motion ? fresh : tilted(w);
        force = accel / sqrt(w->accel_slow[0] * w->accel_slow[0] + w->accel_slow[1] * w->accel_slow[1] + w->accel_slow[2] * w->accel_slow[2]);
        force = isfinite(force) ? fmin(fmax(force, 0.5), 2) : 1;
        if (motion)
            learn_following(w, mass_g, live, fresh);
    }
    w->accel_sum = 0;
    w->accel_n = 0;
    if (!w->levelled) {
        begin_levels(w, mass_g, live, w->imu_known ? fresh : 0, motion);
        return;
    }
    live = returning(w, mass_g, live);
    for (int i = 0; i < w->cells.n; i++)
        if (live & (1u << i))
            e[i] = (mass_g[i] - w->level_g[i] - follows_g(w, i) * (accel - w->accel_level)) / force;
    s = &w->ring[w->head];
    w->head = (w->head + 1) % WEIGH_HISTORY;
    if (w->held < WEIGH_HISTORY)
        w->held++;
    *s = (struct weigh_sample){ .t_ns = m->sensed_ns, .sequence = m->sequence, .live = live, .motion = motion, .accel_ms2 = (float)accel };
    for (int i = 0; i < w->cells.n; i++)
        s->e_g[i] = (float)e[i];
    (void)weigh_infer(w, e, live, 0);
    for (int i = 0; i < w->cells.n; i++)
        sum += e[i];
    s->sum_g = (float)sum;
    weigh_look(w);
    if (!w->away) {
        weigh_noise_learn(w);
        track_levels(w, s);
        if (w->imu_known)
            follow_accel(w, accel);
    }
}

static void take_cell(struct weigh *w, const struct trundle_message *m)
{
    uint8_t live = 0, believed;
    double mass_g[TRUNDLE_CELLS_MAX] = { 0 };

    if (m->cell.n != w->cells.n) {
        w->counts.foreign++;
        return;
    }
    w->counts.samples++;
    if (w->begun && m->sensed_ns <= w->last_ns) {
        w->counts.late++;
        if (++w->late_run < LATE_RUN)
            return;
        w->counts.jumps++;                 /* the clock was set back for good: the old samples have no place in the new time */
        w->held = 0;
        w->quiet_n = 0;
        w->away = false;
        w->first_sent = false;
    } else if (w->begun && m->sensed_ns - w->last_ns > (int64_t)(fmax(1, 4 / w->cells.hz) * 1e9)) {
        w->counts.jumps++;                 /* what was put in meanwhile still shows against the kept levels */
        if (!w->away) {
            w->held = 0;
            w->quiet_n = 0;
        }
    }
    w->late_run = 0;
    w->begun = true;
    w->last_ns = m->sensed_ns;
    believed = believe(w, &m->cell);
    for (int i = 0; i < w->cells.n; i++) {
        if (believed & (1u << i)) {
            w->pile_g[i] += cells_mass_g(&w->cells.cell[i], m->cell.raw[i]);
            w->pile_n[i]++;
        }
    }
    if (++w->piled < w->every)
        return;
    for (int i = 0; i < w->cells.n; i++) {
        if (2 * w->pile_n[i] > w->piled) {
            mass_g[i] = w->pile_g[i] / w->pile_n[i];
            live |= (uint8_t)(1u << i);
        }
        w->pile_g[i] = 0;
        w->pile_n[i] = 0;
    }
    w->piled = 0;
    take_sample(w, mass_g, live, m);
}

void weigh_push(struct weigh *w, const struct trundle_message *m)
{
    if (m->channel == TRUNDLE_CELL)
        take_cell(w, m);
    else if (m->channel == TRUNDLE_IMU)
        take_imu(w, m);
    else
        w->counts.foreign++;
}

enum trundle_status weigh_poll(struct weigh *w, struct trundle_evidence *out)
{
    if (!w->queue_n)
        return TRUNDLE_AGAIN;
    *out = w->queue[w->queue_at];
    w->queue_at = (w->queue_at + 1) % WEIGH_QUEUE;
    w->queue_n--;
    return TRUNDLE_OK;
}

void weigh_live(const struct weigh *w, struct weigh_live *out)
{
    struct weigh_live live = { .faults = w->faults };
    uint32_t n = w->settle_n < w->held ? w->settle_n : w->held;
    double sum = 0;

    for (int i = 0; i < w->cells.n; i++)
        live.mass_g += w->level_g[i];
    for (uint32_t i = 0; i < n; i++)
        sum += (double)w->ring[(w->head + WEIGH_HISTORY - 1 - i) % WEIGH_HISTORY].sum_g;
    if (w->away && n)
        live.mass_g += sum / n;
    live.sd_g = sqrt(weigh_noise_of(w, motion_now(w), w->away ? 1 : w->level_n < 128 ? w->level_n + 1 : 128));
    live.steady = w->levelled && !w->away && w->level_n >= w->settle_n;
    live.overloaded = (w->config.max_g > 0 && live.mass_g > w->config.max_g) || (w->faults & TRUNDLE_FAULT_CELL_SATURATED);
    *out = live;
}

int64_t weigh_intervals(double mass_g, double sd_g, double e_g, bool steady, uint32_t faults)
{
    double n = fabs(mass_g) / e_g;

    if (!(e_g > 0) || !steady || faults || !(sd_g >= 0 && sd_g <= e_g / 4) || !(n >= 20 && n < 1e9))
        return -1;
    return (int64_t)floor(n + 0.5);
}
