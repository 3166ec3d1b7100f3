/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/support/trace.h"

#include "base/std/time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double hz = 80, g = 9.80665, basket_g = 5000, pi = 3.14159265358979323846, width = 0.6, length = 0.9;

struct trace trace_new(const struct trace_setup *setup)
{
    struct trace t = { .setup = *setup, .dead_cell = -1 };

    t.cells.n = 4;
    t.cells.hz = hz;
    for (int i = 0; i < 4; i++)
        t.cells.cell[i] = (struct cart_cell){ .x_m = i % 2 ? width : 0, .y_m = i / 2 ? length : 0, .gain_g = 0.01 * (1 + 0.02 * i),
                                              .offset = 1000 * (i - 2), .sd_g = setup->sd_g / 2, .raw_min = -8388608, .raw_max = 8388607 };
    return t;
}

void trace_slow(struct trace *t, double at_s, double over_s, double mass_g, double x_m, double y_m)
{
    if (t->steps < TRACE_STEPS)
        t->step[t->steps++] = (struct trace_step){ at_s, mass_g, x_m, y_m, over_s };
}

void trace_put(struct trace *t, double at_s, double mass_g, double x_m, double y_m)
{
    trace_slow(t, at_s, 0, mass_g, x_m, y_m);
}

void trace_add(struct trace *t, enum trace_kind kind, double at_s, double for_s, double size)
{
    if (t->causes < TRACE_CAUSES)
        t->cause[t->causes++] = (struct trace_cause){ kind, at_s, for_s, size };
}

static void share(const struct trace *t, double x, double y, double mass, double out[4])
{
    double u = x / width, v = y / length;

    if (t->setup.soft) {
        out[0] += mass * (1 - u) * (1 - v);
        out[1] += mass * u * (1 - v);
        out[2] += mass * (1 - u) * v;
        out[3] += mass * u * v;
    } else {
        for (int i = 0; i < 4; i++)
            out[i] += mass * (0.25 + (i % 2 ? 0.5 : -0.5) * (u - 0.5) + (i / 2 ? 0.5 : -0.5) * (v - 0.5));
    }
}

/* What a step presses with at time s after it began: a hand, the let-go, ringing of 9 Hz that dies in 60 ms. */
static double press(const struct trace_step *p, double s)
{
    double m = p->mass_g, released = s - 0.3;

    if (s < 0)
        return 0;
    if (p->over_s > 0)
        return m * fmin(s / p->over_s, 1);
    if (released < 0)
        return m * (m > 0 ? 0.5 * (1 - cos(pi * s / 0.3)) + 0.25 * sin(pi * s / 0.3) : 0.5 * (1 - cos(pi * s / 0.3)));
    return m * (1 + (m > 0 ? 0.3 : 0.1) * exp(-released / 0.06) * sin(2 * pi * 9 * released));
}

struct trace_found *trace_weigh(const struct trace *t, const struct weigh_config *config)
{
    static struct trace_found found;
    const struct weigh_config standard = WEIGH_CONFIG_DEFAULT;
    struct rng r = rng_seed(t->setup.seed, "trace"), tremor = rng_seed(t->setup.seed, "tremor");
    double low = 0, mid[2] = { 0 }, shake_gain = 1, arm = 0, bag = 0;
    int64_t n = (int64_t)(t->setup.seconds * hz);
    int32_t kept = 0;
    struct trundle_error err;
    uint32_t sequence = 0;

    memset(&found, 0, sizeof found);
    if (weigh_init(&found.weigh, &t->cells, config ? config : &standard, &err) != TRUNDLE_OK)
        abort();
    for (int64_t k = 0; k < n; k++) {
        double s = (double)k / hz, cell[4] = { 0 }, a, tilt = 0, shake;
        struct trundle_message m = { .channel = TRUNDLE_IMU, .sensed_ns = S_NS(s), .log_ns = S_NS(s) };
        struct trundle_evidence e;

        /* floor: a resonance of 7 Hz and a slow sway */
        low += 0.05 * (rng_normal(&r) - low);
        shake = 1.6 * mid[0] - 0.92 * mid[1] + rng_normal(&r);
        mid[1] = mid[0];
        mid[0] = shake;
        shake_gain = t->setup.roll_ms2 * (0.24 * shake + 1.5 * low);
        a = shake_gain;
        for (size_t i = 0; i < t->causes; i++) {
            const struct trace_cause *c = &t->cause[i];
            double u = (s - c->at_s) / c->for_s;

            if (u < 0 || u >= 1)
                continue;
            if (c->kind == TRACE_KERB)
                a += c->size * sin(2 * pi * u * 2) * exp(-3 * u);
            if (c->kind == TRACE_SLOPE)
                tilt = c->size * 0.5 * (1 - cos(2 * pi * u));
        }
        a = (g + a) * cos(tilt);
        share(t, 0.3, 0.45, t->setup.load_g, cell);
        share(t, 0.3, 0.45, t->setup.drift_g_per_s * s, cell);
        for (size_t i = 0; i < t->steps; i++)
            share(t, t->step[i].x_m, t->step[i].y_m, press(&t->step[i], s - t->step[i].at_s), cell);
        for (int i = 0; i < 4; i++)
            cell[i] = (cell[i] + basket_g / 4) * a / g - basket_g / 4;
        arm += 0.15 * (rng_normal(&tremor) - arm);
        bag += 1 / hz;
        for (size_t i = 0; i < t->causes; i++) {
            const struct trace_cause *c = &t->cause[i];
            double u = (s - c->at_s) / c->for_s;

            if (u < 0 || u >= 1)
                continue;
            if (c->kind == TRACE_BUMP)
                share(t, 0.3, 0.9, c->size * sin(pi * u), cell);
            if (c->kind == TRACE_LEAN)
                share(t, 0.5, 0.02, c->size * fmin(1, 5 * fmin(u, 1 - u)) * (1 + 0.25 * arm), cell);
            if (c->kind == TRACE_BAG)
                share(t, 0.3, -0.35, c->size * fmin(1, 20 * fmin(u, 1 - u)) * (1 + 0.1 * sin(2 * pi * bag) * exp(-3 * u)), cell);
        }
        if (!t->setup.no_imu) {
            for (int i = 0; i < 3; i++)
                m.imu.accel_ms2[i] = (float)(0.03 * rng_normal(&r) + (i == 2 ? a : i == 1 ? g * sin(tilt) : 0) + (i < 2 ? 0.4 * shake_gain * rng_normal(&r) : 0));
            m.sequence = ++sequence;
            weigh_push(&found.weigh, &m);
        }
        m = (struct trundle_message){ .channel = TRUNDLE_CELL, .sensed_ns = S_NS(s), .log_ns = S_NS(s), .sequence = ++sequence };
        m.cell.n = 4;
        for (int i = 0; i < 4; i++) {
            const struct cart_cell *c = &t->cells.cell[i];
            double value = cell[i] + c->sd_g * rng_normal(&r);

            if (t->setup.spikes_per_s > 0 && rng_unit(&r) < t->setup.spikes_per_s / hz / 4)
                value += rng_range(&r, -2000, 2000);
            m.cell.raw[i] = (int32_t)lround(value / c->gain_g + c->offset);
            if (i == t->dead_cell && s >= t->dead_s)
                m.cell.raw[i] = t->dead_how == TRACE_DEAD_NONE ? TRUNDLE_CELL_NONE : t->dead_how == TRACE_DEAD_STUCK ? kept : c->raw_max;
            else if (i == t->dead_cell)
                kept = m.cell.raw[i];
        }
        weigh_push(&found.weigh, &m);
        while (weigh_poll(&found.weigh, &e) == TRUNDLE_OK) {
            if (e.stage == TRUNDLE_STAGE_FINAL && fmaxf(e.llr_put, e.llr_take) > e.llr_bump && found.n < TRACE_FOUND) {
                found.told_ns[found.n] = m.sensed_ns;
                found.e[found.n++] = e;
            }
        }
    }
    return &found;
}

struct trace_score trace_match(const struct trace *t, const struct trace_found *found, double late_s, int out_of_truth[TRACE_STEPS])
{
    struct trace_score score = { .truth = t->steps, .found = found->n };
    bool used[TRACE_FOUND] = { false };

    for (size_t i = 0; i < t->steps; i++) {
        const struct trace_step *p = &t->step[i];

        if (out_of_truth)
            out_of_truth[i] = -1;
        for (size_t j = 0; j < found->n; j++) {
            const struct trundle_evidence *e = &found->e[j];
            double t0 = ns_s(e->t0_ns), t1 = ns_s(e->t1_ns), settled = p->at_s + (p->over_s > 0 ? p->over_s : 0.3);

            if (used[j] || (e->mass_g > 0) != (p->mass_g > 0) || fabs(t0 - p->at_s) > 1 || t1 > settled + late_s || t1 < settled - 0.3 ||
                fabs(e->mass_g - p->mass_g) > 5 * e->mass_sd_g + 0.01 * fabs(p->mass_g))
                continue;
            used[j] = true;
            score.matched++;
            if (out_of_truth)
                out_of_truth[i] = (int)j;
            break;
        }
    }
    score.recall = score.truth ? (double)score.matched / (double)score.truth : 1;
    score.precision = score.found ? (double)score.matched / (double)score.found : 1;
    return score;
}
