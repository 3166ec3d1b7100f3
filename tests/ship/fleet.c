/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/ship/fleet.h"

#include "base/std/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CARTS_MAX = 400, STAGES = 3 };

static int poisson(struct rng *r, double mean)
{
    double limit, p;
    int k = 0;

    for (; mean > 30; mean -= 30)            /* the sum of two is one */
        k += poisson(r, 30);
    limit = exp(-mean);
    p = rng_unit(r);

    while (p > limit) {
        p *= rng_unit(r);
        k++;
    }
    return k;
}

struct cart { double rate[GATE_METRICS]; bool on_new; };

static void make_carts(struct cart *cart, int n, double between, struct rng *r)
{
    static const double mean[GATE_METRICS] = { .03, .06, 120, .01 };          /* a item, a item, ms, a trip */

    for (int i = 0; i < n; i++) {
        for (int m = 0; m < GATE_METRICS; m++)
            cart[i].rate[m] = mean[m] * exp(between * rng_normal(r) - between * between / 2);
        cart[i].on_new = false;
    }
}

static struct gate_trip shop(const struct cart *c, const double harm[GATE_METRICS], struct rng *r)
{
    double up[GATE_METRICS], mood = exp(.5 * rng_normal(r) - .125);           /* some trips are harder than others */
    struct gate_trip t;

    for (int m = 0; m < GATE_METRICS; m++)
        up[m] = c->rate[m] * (c->on_new ? 1 + harm[m] : 1);
    t.items = 1 + poisson(r, 10);
    t.corrected = poisson(r, up[GATE_CORRECTIONS] * mood * t.items);
    t.asked = poisson(r, up[GATE_QUESTIONS] * mood * t.items);
    t.line_p99_ms = up[GATE_LATENCY] * exp(.3 * rng_normal(r));
    t.faults = poisson(r, up[GATE_FAULTS]);
    return t;
}

/* Carts 0.. are the first ones of the rank. Their trips before and after the change belong to different units. */
static int carts_of_stage(int stage, int carts)
{
    return stage == 0 ? 1 : stage == 1 ? (carts + 3) / 4 : carts;
}

/* What the carts did before, and what is expected of them for it; then their rates move a little. */
static void live_before(const struct fleet_plan *p, struct cart *cart, struct gate_unit *unit, struct rng *r)
{
    static const double none[GATE_METRICS] = { 0 };
    struct gate_unit before[CARTS_MAX];
    double prior[CARTS_MAX][GATE_METRICS];

    memset(before, 0, sizeof before);
    for (int i = 0; i < p->carts; i++) {
        for (int k = poisson(r, (double)p->trips_a_day * p->days_before); k > 0; k--) {
            struct gate_trip t = shop(&cart[i], none, r);

            gate_add_trip(&before[i], &t);
        }
        for (int m = 0; m < GATE_METRICS; m++)
            cart[i].rate[m] *= exp(p->drift * rng_normal(r) - p->drift * p->drift / 2);
    }
    gate_priors(before, (size_t)p->carts, prior);
    for (int i = 0; i < p->carts; i++)
        for (int side = 0; side < 2; side++)
            memcpy(unit[2 * i + side].prior, prior[i], sizeof prior[i]);
}

static enum gate_verdict one_rollout(const struct fleet_plan *p, struct rng *r, double *out_days)
{
    static const double margins[STAGES][GATE_METRICS] = GATE_STAGE_MARGINS;
    struct gate_config config = GATE_CONFIG_DEFAULT;
    struct cart cart[CARTS_MAX];
    struct gate_unit *unit = calloc((size_t)p->carts * 2, sizeof *unit);
    struct gate_input in = { .unit = unit, .units_n = (size_t)p->carts * 2 };
    struct gate_verdicts v = { .verdict = GATE_NOT_ENOUGH };
    int stage = 0, looks = p->days * p->looks_a_day;
    enum gate_verdict end = GATE_NOT_ENOUGH;

    if (!unit)
        return end;
    make_carts(cart, p->carts, p->between, r);
    live_before(p, cart, unit, r);
    for (int i = 0; i < p->carts; i++)
        unit[2 * i + 1].is_new = true;
    for (int look = 1; look <= looks; look++) {
        *out_days = (double)look / p->looks_a_day;
        for (int i = 0; i < p->carts; i++) {
            if (i < carts_of_stage(stage, p->carts) && !cart[i].on_new) {
                cart[i].on_new = true;
                in.installed++;
                in.rolled_back += rng_unit(r) < p->leave;
            }
            for (int k = poisson(r, (double)p->trips_a_day / p->looks_a_day); k > 0; k--) {
                struct gate_trip t = shop(&cart[i], p->harm, r);

                gate_add_trip(&unit[2 * i + cart[i].on_new], &t);
            }
        }
        in.assigned_new = in.reporting_new = carts_of_stage(stage, p->carts);
        in.assigned_old = in.reporting_old = p->carts - in.assigned_new;
        memcpy(config.margin, margins[stage], sizeof config.margin);
        gate_judge(&config, &in, &v);
        if (v.verdict == GATE_STOP || (v.verdict == GATE_GO_ON && ++stage == STAGES)) {
            end = v.verdict;
            break;
        }
    }
    free(unit);
    return end;
}

struct fleet_result fleet_rollouts(const struct fleet_plan *p)
{
    struct fleet_result result = { .rollouts = p->rollouts };

    if (p->carts < 4 || p->carts > CARTS_MAX)
        return result;
    for (int i = 0; i < p->rollouts; i++) {
        struct rng r = rng_seed(p->seed + (uint64_t)i, "fleet");
        double days = 0;
        enum gate_verdict v = one_rollout(p, &r, &days);

        result.stopped += v == GATE_STOP;
        result.done += v == GATE_GO_ON;
        result.open += v == GATE_NOT_ENOUGH;
        if (v == GATE_STOP)
            result.days_to_stop += days;
        if (v == GATE_GO_ON)
            result.days_to_done += days;
    }
    result.days_to_stop = result.stopped ? result.days_to_stop / result.stopped : (double)NAN;
    result.days_to_done = result.done ? result.days_to_done / result.done : (double)NAN;
    return result;
}

/* P(at most k of n) at share p. */
static double at_most(int k, int n, double p)
{
    double sum = 0;

    if (p <= 0)
        return 1;
    if (p >= 1)
        return k >= n;
    for (int i = 0; i <= k; i++)
        sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) + (n - i) * log1p(-p));
    return sum;
}

void fleet_interval(int k, int n, double confidence, double *out_lo, double *out_hi)
{
    double tail = (1 - confidence) / 2, lo = 0, hi = 1;

    for (int i = 0; i < 60 && k > 0; i++) {
        double p = (lo + hi) / 2;

        if (1 - at_most(k - 1, n, p) < tail)
            lo = p;
        else
            hi = p;
    }
    *out_lo = k > 0 ? lo : 0;
    lo = 0;
    hi = 1;
    for (int i = 0; i < 60 && k < n; i++) {
        double p = (lo + hi) / 2;

        if (at_most(k, n, p) > tail)
            lo = p;
        else
            hi = p;
    }
    *out_hi = k < n ? hi : 1;
}
