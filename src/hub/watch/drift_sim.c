/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Streams through the drift test, as watch_record pushes them (drift_sim.h). */
#include "hub/watch/drift_sim.h"

#include "base/std/list.h"
#include "base/std/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The last DRIFT_PAST numbers, sorted and in order of coming. */
struct past { double sorted[DRIFT_PAST], ring[DRIFT_PAST]; size_t n, at; };

static size_t below(const struct past *p, double x)
{
    size_t lo = 0, hi = p->n;

    while (lo < hi) {
        size_t middle = (lo + hi) / 2;

        if (p->sorted[middle] < x)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

static double score_of(const struct past *p, double x, double chance)
{
    size_t less = below(p, x), equal = 0;

    while (less + equal < p->n && !(p->sorted[less + equal] > x))
        equal++;
    return drift_score(less, equal, p->n, chance);
}

static void remember(struct past *p, double x)
{
    size_t i;

    if (p->n == DRIFT_PAST) {
        i = below(p, p->ring[p->at]);
        memmove(p->sorted + i, p->sorted + i + 1, (p->n - i - 1) * sizeof *p->sorted);
        p->n--;
    }
    i = below(p, x);
    memmove(p->sorted + i + 1, p->sorted + i, (p->n - i) * sizeof *p->sorted);
    p->sorted[i] = x;
    p->n++;
    p->ring[p->at] = x;
    p->at = (p->at + 1) % DRIFT_PAST;
}

/* One number with standard deviation 1, `shift` more than usual. */
static double draw(struct rng *r, enum drift_sim_law law, double shift)
{
    double z;

    switch (law) {
    case DRIFT_SIM_SKEWED:
        return rng_exponential(r, 1) + shift;
    case DRIFT_SIM_HEAVY:
        z = rng_normal(r);
        return z / sqrt((pow(rng_normal(r), 2) + pow(rng_normal(r), 2) + pow(rng_normal(r), 2)) / 3) / sqrt(3) + shift;
    case DRIFT_SIM_COARSE:
        return floor(4 * fmin(0.999, fmax(0, rng_unit(r) + shift * 0.28)));
    default:
        return rng_normal(r) + shift;
    }
}

enum trundle_status drift_simulate(const struct drift_sim *sim, struct drift_sim_result *out)
{
    struct past *past = malloc(DRIFT_PARTS * sizeof *past);
    double *delay = malloc((sim->streams + 1) * sizeof *delay);
    struct drift_sim_result result = { 0 };
    struct rng r = rng_seed(sim->seed, "watch/drift");

    if (!past || !delay) {
        free(past);
        free(delay);
        return TRUNDLE_NO_MEMORY;
    }
    for (uint64_t s = 0; s < sim->streams; s++) {
        struct drift d = { 0, 0 };
        bool early = false;

        memset(past, 0, DRIFT_PARTS * sizeof *past);
        for (uint64_t i = 0; i < sim->length + (sim->shift != 0 ? sim->before : 0); i++) {
            struct past *p = &past[rng_below(&r, DRIFT_PARTS)];
            bool shifted = sim->shift != 0 && i >= sim->before;
            double x = draw(&r, sim->law, shifted ? sim->shift : 0);

            drift_push(&d, score_of(p, x, rng_unit(&r)), sim->limit);
            remember(p, x);
            result.numbers++;
            if (!drift_high(&d, sim->limit))
                continue;
            if (shifted) {
                delay[result.seen++] = (double)(i - sim->before + 1);
                break;
            }
            result.alarms++;
            d = (struct drift){ 0, 0 };
            early = sim->shift != 0;
            if (early)
                break;
        }
        result.runs += !early;
    }
    if (result.runs) {
        for (uint64_t i = result.seen; i < result.runs; i++)
            delay[i] = (double)INFINITY;
        qsort(delay, result.runs, sizeof *delay, list_by_double);
        result.delay_median = delay[result.runs / 2];
        result.delay_p90 = delay[result.runs * 9 / 10];
    }
    *out = result;
    free(past);
    free(delay);
    return TRUNDLE_OK;
}
