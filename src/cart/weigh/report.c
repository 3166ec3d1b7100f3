/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A window becomes evidence: place by moments, what dead cells carried, likelihoods from stated noise models (docs/weighing.md). */
#include "cart/weigh/inner.h"

#include <math.h>
#include <string.h>

static const float unknown = NAN;

/* The opposite corner of cell d and its two neighbours, when four cells form a parallelogram. */
static bool corners(const struct weigh *w, int d, int *opposite, int *one, int *two)
{
    const struct cart_cell *c = w->cells.cell;

    if (w->cells.n != 4)
        return false;
    for (int o = 0; o < 4; o++) {
        int a, b;

        if (o == d)
            continue;
        for (a = 0; a == d || a == o; a++)
            ;
        b = 6 - d - o - a;
        if (hypot(c[d].x_m + c[o].x_m - c[a].x_m - c[b].x_m, c[d].y_m + c[o].y_m - c[a].y_m - c[b].y_m) < 0.08) {
            *opposite = o;
            *one = a;
            *two = b;
            return true;
        }
    }
    return false;
}

double weigh_infer(const struct weigh *w, double delta_g[TRUNDLE_CELLS_MAX], uint8_t live, double noise_g)
{
    int dead = -1, dead_n = 0, o, a, b;
    double sum = 0, stiff, product;

    for (int i = 0; i < w->cells.n; i++) {
        if (live & (1u << i)) {
            sum += delta_g[i];
        } else {
            dead = i;
            dead_n++;
            delta_g[i] = 0;
        }
    }
    if (dead_n == 0)
        return 0;
    if (dead_n == w->cells.n)
        return 1e6;
    if (dead_n > 1 || !corners(w, dead, &o, &a, &b)) {
        for (int i = 0; i < w->cells.n; i++)
            if (!(live & (1u << i)))
                delta_g[i] = sum / (w->cells.n - dead_n);
        return 0.5 * dead_n * fabs(sum);
    }
    stiff = delta_g[a] + delta_g[b] - delta_g[o];      /* a stiff floor: diagonals carry the same */
    delta_g[dead] = stiff;
    if (noise_g <= 0)
        return 0;
    /* a soft floor: shares are products of the two sides' */
    if (fabs(delta_g[o]) <= 3 * noise_g || delta_g[o] * sum <= 0)
        return 0.5 * fabs(sum) + 2 * noise_g;
    product = delta_g[a] * delta_g[b] / delta_g[o];
    delta_g[dead] = 0.5 * (stiff + product);
    return 0.5 * fabs(stiff - product) + 0.03 * fabs(sum) + 2 * noise_g;
}

bool weigh_place(const struct weigh *w, const struct weigh_window *at, float out_position_m[3], float out_cov_m2[6])
{
    double x = 0, y = 0, sum = 0, v, far = 0, lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY }, xx = 0, xy = 0, yy = 0;
    int live_n = 0;

    for (int i = 0; i < 3; i++)
        out_position_m[i] = unknown;
    for (int i = 0; i < 6; i++)
        out_cov_m2[i] = unknown;
    for (int i = 0; i < w->cells.n; i++) {
        const struct cart_cell *c = &w->cells.cell[i];

        live_n += (at->live >> i) & 1;
        x += c->x_m * at->delta_g[i];
        y += c->y_m * at->delta_g[i];
        sum += at->delta_g[i];
        lo[0] = fmin(lo[0], c->x_m);
        lo[1] = fmin(lo[1], c->y_m);
        hi[0] = fmax(hi[0], c->x_m);
        hi[1] = fmax(hi[1], c->y_m);
    }
    if (live_n < 3 || w->cells.n < 3 || fabs(sum) < 1e-3)
        return false;
    x /= sum;
    y /= sum;
    v = at->sd_g * at->sd_g / (w->cells.n * sum * sum);
    for (int i = 0; i < w->cells.n; i++) {
        double dx = w->cells.cell[i].x_m - x, dy = w->cells.cell[i].y_m - y;

        xx += v * dx * dx;
        xy += v * dx * dy;
        yy += v * dy * dy;
    }
    xx += 1e-4;                            /* 1 cm of unevenness */
    yy += 1e-4;
    out_position_m[0] = (float)x;
    out_position_m[1] = (float)y;
    out_cov_m2[0] = (float)xx;
    out_cov_m2[1] = (float)xy;
    out_cov_m2[3] = (float)yy;
    for (int k = 0; k < 2; k++) {
        double p = k ? y : x, sd = sqrt(k ? yy : xx), low = lo[k] - 0.15, high = hi[k] + 0.15;

        if (w->config.floor_m[k] > 0) {
            low = -0.1;
            high = w->config.floor_m[k] + 0.1;
        }
        far = fmax(far, fmax(low - p, p - high) / sd);
    }
    return far > 1.5;
}

/* ---- likelihoods ---- */

static double normal_tail(double z)
{
    return 0.5 * erfc(-z * 0.70710678118654752);
}

/* Student's t with 4 degrees of freedom: noise with the heavy tails that load cells have. */
static double t4(double x, double sd)
{
    double z = x / sd, q = 1 + z * z / 4;

    return 0.375 / (sd * q * q * sqrt(q));
}

/* Things in shops weigh 2 g to 10 kg, each factor of mass as likely as another. */
static double thing(double mass_g, double sd_g)
{
    double size = fmax(fabs(mass_g), fmax(sd_g, 2));

    return normal_tail(mass_g / sd_g) * (size < 1e4 ? 1 : exp(-(size - 1e4) / 1e3)) / (size * 8.517193191416238);
}

static float ratio(double p, double nothing)
{
    return (float)fmin(fmax(log(fmax(p, 1e-300)) - log(fmax(nothing, 1e-300)), -50), 50);
}

void weigh_report(struct weigh *w, enum trundle_stage stage, const struct weigh_window *at)
{
    struct trundle_evidence e = { .id = w->next_id, .sense = TRUNDLE_SENSE_WEIGH, .sensor = w->config.sensor, .stage = stage,
                                  .t0_ns = w->away_ns, .t1_ns = at->t1_ns, .mass_g = at->sum_g, .mass_sd_g = at->sd_g, .faults = w->faults };
    double load = 0, nothing = t4(at->sum_g, at->sd_g), take, moved_sd;

    for (int i = 0; i < w->cells.n; i++)
        load += w->level_g[i];
    moved_sd = sqrt(at->sd_g * at->sd_g + 4e-6 * load * load);       /* cells disagree by 0.2 % about what moved from one to another */
    take = thing(-at->sum_g, at->sd_g);
    if (-at->sum_g > load + 5 * at->sd_g + 50)
        take *= 1e-4;                      /* more than there was; the zero may have drifted */
    e.llr_put = ratio(thing(at->sum_g, at->sd_g), nothing);
    e.llr_take = ratio(take, nothing);
    e.llr_move = ratio(t4(at->sum_g, moved_sd), nothing);
    /* A bump comes back; in one of 50 something stays, e.g. a wheel on a kerb or an arm, 50 g as a rule. */
    e.llr_bump = ratio(0.98 * t4(at->sum_g, at->sd_g) + 0.02 * exp(-fabs(at->sum_g) / 50) / 100, nothing);
    for (int i = 0; i < w->cells.n; i++)
        if (stage == TRUNDLE_STAGE_FINAL && !(at->live & (1u << i)))
            e.faults |= TRUNDLE_FAULT_CELL_DEAD;
    (void)weigh_place(w, at, e.position_m, e.position_cov_m2);
    e.refs_n = 1;
    e.refs[0] = (struct trundle_sample_ref){ .channel = TRUNDLE_CELL, .sensor = w->config.sensor, .first_sequence = w->away_sequence,
                                             .last_sequence = at->last_sequence };
    if (stage == TRUNDLE_STAGE_FINAL)
        w->next_id++;
    if (w->queue_n == WEIGH_QUEUE) {
        w->queue_at = (w->queue_at + 1) % WEIGH_QUEUE;
        w->queue_n--;
        w->counts.dropped++;
    }
    w->queue[(w->queue_at + w->queue_n++) % WEIGH_QUEUE] = e;
}
