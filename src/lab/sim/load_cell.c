/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Load cells and their converter. */
#include "lab/sim/load_cell.h"

#include "base/std/hash.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
static const double PINK_TAU_S[LOAD_CELL_PINKS] = { .5, 2, 8, 32, 128 };
static const double FLICKER_TAU_S = .1, FLICKER_RATIO = 4;     /* .1 s to 410 s */
static const double AIR_EVERY_S = .5;

static uint64_t seed_of(int64_t number, const struct sim_suite *s)
{
    return hash64(&number, sizeof number, hash64(s->root, strlen(s->root), 0));
}

double load_cell_air_k(const struct sim_store *store, double x_m, double y_m)
{
    const struct sim_suite *s = store->suite;
    double nearest = INFINITY;

    if (s->cells.cold_k <= 0)
        return 0;
    for (size_t i = 0; i < store->products_n; i++) {
        const struct sim_product *p = &store->product[i];

        if (p->category && !strncmp(p->category->name, "frozen/", 7))
            nearest = fmin(nearest, hypot(p->zone_x_m - x_m, p->zone_y_m - y_m));
    }
    return -s->cells.cold_k * exp(-.5 * nearest * nearest / (s->cells.cold_m * s->cells.cold_m));
}

void load_cells_init(struct load_cells *c, const struct plan *plan)
{
    const struct sim_suite *s = plan->store->suite;
    uint64_t seed = seed_of(plan->seed, s);
    struct rng coefficients = rng_seed(seed_of(plan->store->id, s), "store/cells temperature"), warm = rng_seed(seed, "trip/warm");
    struct plan_motion m = plan_motion_at(plan, 0);
    double dt = 1 / s->cells.hz;

    memset(c, 0, sizeof *c);
    c->plan = plan;
    c->white = rng_seed(seed, "trip/cells");
    for (int i = 0; i < LOAD_CELL_PINKS; i++)
        c->pink_keep[i] = exp(-dt / PINK_TAU_S[i]);
    for (int i = 0; i < LOAD_CELL_OCTAVES; i++)
        c->flicker_keep[i] = exp(-dt / (FLICKER_TAU_S * pow(FLICKER_RATIO, i)));
    c->air_zero_k = load_cell_air_k(plan->store, m.x, m.y);
    c->warm_total_k = rng_range(&warm, s->cells.warm_k.lo, s->cells.warm_k.hi);
    for (int k = 0; k < LOAD_CELLS; k++) {
        struct load_cell *cell = &c->cell[k];
        uint64_t own = seed + (uint64_t)k * 1000003U;

        cell->pink_r = rng_seed(own, "trip/drift");
        cell->r = rng_seed(own, "trip/flicker");
        cell->spike_r = rng_seed(own, "trip/spikes");
        cell->heavy_r = rng_seed(own, "trip/heavy");
        for (int i = 0; i < LOAD_CELL_PINKS; i++)
            cell->pink[i] = rng_normal(&cell->pink_r);
        for (int i = 0; i < LOAD_CELL_OCTAVES; i++)
            cell->flicker[i] = rng_normal(&cell->r);
        cell->slope_gs = s->cells.slope_gs * rng_normal(&cell->r);
        cell->hop = rng_unit(&cell->heavy_r) < .5 ? -.5 : .5;
        cell->zero_gk = s->cells.zero_gk * rng_normal(&coefficients);
        cell->span_k = s->cells.span_k * rng_normal(&coefficients);
        /* tared at the start of a trip */
        for (int i = 0; i < LOAD_CELL_OCTAVES; i++)
            cell->walk_g -= s->cells.flicker_g * cell->flicker[i];
    }
}

double load_cell_filter(const struct sim_suite *suite, double before_g, double force_g, double dt)
{
    return suite->cells.filter_s > 0 ? before_g + fmin(1, dt / suite->cells.filter_s) * (force_g - before_g) : force_g;
}

void load_cells_step(struct load_cells *c, const double force_g[LOAD_CELLS], double dt)
{
    const struct sim_suite *s = c->plan->store->suite;

    for (int k = 0; k < LOAD_CELLS; k++) {
        struct load_cell *cell = &c->cell[k];

        if (s->cells.hysteresis_g > 0) {
            /* d slip = |d load| / span * (direction - slip), implicit: never beyond +-1, whatever the step */
            double way = fabs(force_g[k] - cell->before_g) / s->cells.hysteresis_span_g;

            cell->slip = (cell->slip + (force_g[k] > cell->before_g ? way : -way)) / (1 + way);
            cell->before_g = force_g[k];
        }
        cell->filtered_g = load_cell_filter(s, cell->filtered_g, force_g[k], dt);
    }
}

static double pink(struct load_cells *c, struct load_cell *cell)
{
    double sum = 0;

    for (int i = 0; i < LOAD_CELL_PINKS; i++) {
        double keep = c->pink_keep[i];

        cell->pink[i] = keep * cell->pink[i] + sqrt(1 - keep * keep) * rng_normal(&cell->pink_r);
        sum += cell->pink[i];
    }
    return c->plan->store->suite->cells.drift_g * sum / sqrt(LOAD_CELL_PINKS);
}

static double wander(struct load_cells *c, struct load_cell *cell, double t)
{
    const struct sim_suite *s = c->plan->store->suite;
    double dt = 1 / s->cells.hz, sum = 0;

    for (int i = 0; i < LOAD_CELL_OCTAVES; i++) {
        double keep = c->flicker_keep[i];

        cell->flicker[i] = keep * cell->flicker[i] + sqrt(1 - keep * keep) * rng_normal(&cell->r);
        sum += cell->flicker[i];
    }
    cell->walk_g += s->cells.walk_g * sqrt(dt) * rng_normal(&cell->r);
    sum = s->cells.flicker_g * sum + cell->walk_g + cell->slope_gs * t;
    if (s->cells.spikes_per_min > 0 && rng_unit(&cell->spike_r) < s->cells.spikes_per_min / 60 * dt)
        sum += (rng_unit(&cell->spike_r) < .5 ? -1 : 1) * rng_range(&cell->spike_r, s->cells.spike_g.lo, s->cells.spike_g.hi);
    return sum;
}

/* Student's t of sd 1 (Bailey 1994, polar form). */
static double student(struct rng *r, double nu)
{
    double u = 1 - rng_unit(r), v = rng_unit(r);

    return sqrt(nu * (pow(u, -2 / nu) - 1)) * cos(2 * PI * v) * sqrt((nu - 2) / nu);
}

/* `g` and the noise of its family on top. */
static double with_noise(struct load_cells *c, struct load_cell *cell, double t, double g)
{
    const struct sim_suite *s = c->plan->store->suite;
    double dt = 1 / s->cells.hz;

    if (s->cells.noise != SUITE_HEAVY) {
        g += s->cells.white_g * rng_normal(&c->white);
        return g + (s->cells.noise == SUITE_PINK ? pink(c, cell) : wander(c, cell, t));
    }
    g += s->cells.white_g * student(&cell->heavy_r, s->cells.tail_nu) + wander(c, cell, t);
    if (rng_unit(&cell->heavy_r) < dt / s->cells.popcorn_s)
        cell->hop = -cell->hop;
    if (t >= cell->burst_to_s && rng_unit(&cell->heavy_r) < s->cells.bursts_per_min / 60 * dt)
        cell->burst_to_s = t + rng_exponential(&cell->heavy_r, s->cells.burst_s);
    return g + s->cells.popcorn_g * cell->hop;
}

static void follow_temperature(struct load_cells *c, double t)
{
    const struct sim_suite *s = c->plan->store->suite;
    double dt = 1 / s->cells.hz;

    if (t >= c->air_at_s && s->cells.cold_k > 0) {
        struct plan_motion m = plan_motion_at(c->plan, t);

        c->air_k = load_cell_air_k(c->plan->store, m.x, m.y) - c->air_zero_k;
        c->air_at_s = t + AIR_EVERY_S;
    }
    c->body_k += dt / s->cells.thermal_s * (c->air_k - c->body_k);
    c->warm_k = c->warm_total_k * (1 - exp(-t / s->cells.warm_s));
}

void load_cells_read(struct load_cells *c, double t, int32_t out_raw[LOAD_CELLS])
{
    const struct sim_suite *s = c->plan->store->suite;

    follow_temperature(c, t);
    for (int k = 0; k < LOAD_CELLS; k++) {
        const struct cart_cell *truth = &c->plan->store->true_cells.cell[k];
        struct load_cell *cell = &c->cell[k];
        double g = cell->filtered_g, warmer = c->body_k + c->warm_k, raw;

        if (s->cells.hysteresis_g > 0)
            g -= s->cells.hysteresis_g * cell->slip;      /* friction holds it back on either way */
        if (s->cells.creep_share > 0) {
            cell->creep_g += fmin(1, 1 / (s->cells.hz * s->cells.creep_s)) * (s->cells.creep_share * cell->filtered_g - cell->creep_g);
            g += cell->creep_g;
        }
        if (warmer < 0 || warmer > 0)
            g = g * (1 + cell->span_k * warmer) + cell->zero_gk * warmer;
        g = with_noise(c, cell, t, g);
        raw = round(g / truth->gain_g + truth->offset);
        if (s->cells.noise == SUITE_HEAVY && t < cell->burst_to_s)
            raw = s->cells.burst_counts * floor(raw / s->cells.burst_counts);
        out_raw[k] = (int32_t)fmin(truth->raw_max, fmax(truth->raw_min, raw));
    }
}
