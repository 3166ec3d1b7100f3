/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The sequential test of a rollout (gate.h). */
#include "hub/ship/gate.h"

#include <math.h>
#include <stdlib.h>

static const struct { const char *name; double scale, one_more; } metrics[GATE_METRICS] = {
    [GATE_CORRECTIONS] = { "corrected_per_100", 100, 1 },
    [GATE_QUESTIONS] = { "asks_per_100", 100, 1 },
    [GATE_LATENCY] = { "line_p99_ms", 1, 0 },
    [GATE_FAULTS] = { "faults_per_100_trips", 100, 1 },
};

const char *gate_metric_name(enum gate_metric metric)
{
    return metrics[metric].name;
}

const char *gate_verdict_text(enum gate_verdict verdict)
{
    static const char *const text[] = { "go on", "stop", "not enough data" };

    return text[verdict];
}

struct gate_mean gate_mean_of_sums(double sum, double sum_squares, double n)
{
    double mean = sum / n;

    return (struct gate_mean){ mean, (sum_squares - sum * mean) / (n - 1) / n, n };
}

bool gate_lift(const struct gate_mean *old_side, const struct gate_mean *new_side, double alpha, double n_star, struct gate_lift *out)
{
    double n = old_side->n + new_side->n, m = old_side->mean, rho2, half, se;

    if (!(alpha > 0 && alpha < 1) || !(n_star > 0) || !(m > 0) || !(old_side->n > 0) || !(new_side->n > 0) || !(old_side->variance >= 0) || !(new_side->variance >= 0))
        return false;
    se = sqrt(new_side->variance / (m * m) + new_side->mean * new_side->mean * old_side->variance / (m * m * m * m));
    rho2 = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / n_star;
    half = se * sqrt(2 * (n * rho2 + 1) / (n * rho2) * log(sqrt(n * rho2 + 1) / alpha));
    *out = (struct gate_lift){ new_side->mean / m - 1, new_side->mean / m - 1 - half, new_side->mean / m - 1 + half, se };
    return true;
}

/* P(chi-square with one degree of freedom > x). */
static double chi2_p(double x)
{
    return erfc(sqrt(x / 2));
}

struct gate_ratio gate_ratio(double a, double b, double share)
{
    double n = a + b, e = n * share, f = n * (1 - share), chi2;

    if (!(e > 0) || !(f > 0))
        return (struct gate_ratio){ 0, (double)NAN };
    chi2 = (a - e) * (a - e) / e + (b - f) * (b - f) / f;
    return (struct gate_ratio){ chi2, chi2_p(chi2) };
}

struct gate_ratio gate_silence(double reporting_new, double assigned_new, double reporting_old, double assigned_old)
{
    double quiet_new = assigned_new - reporting_new, quiet_old = assigned_old - reporting_old;
    double n = assigned_new + assigned_old, cross = reporting_new * quiet_old - quiet_new * reporting_old;
    double margins = assigned_new * assigned_old * (reporting_new + reporting_old) * (quiet_new + quiet_old), chi2;

    if (!(margins > 0))
        return (struct gate_ratio){ 0, (double)NAN };
    chi2 = n * cross * cross / margins;
    return (struct gate_ratio){ chi2, chi2_p(chi2) };
}

/* Simpson's rule over the uniform mixture of the shares above the limit. */
double gate_share_e(double k, double n, double limit)
{
    enum { STEPS = 4000 };
    double sum = 0;

    if (!(n > 0) || !(limit > 0 && limit < 1) || k < 0 || k > n)
        return 1;
    for (int i = 0; i <= STEPS; i++) {
        double p = limit + (1 - limit) * i / STEPS, weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        double below = n - k > 0 ? (n - k) * log((1 - p) / (1 - limit)) : 0;

        if (n - k > 0 && i == STEPS)
            continue;                                    /* p = 1 explains no cart that stayed */
        sum += weight * exp(k * log(p / limit) + below);
    }
    return sum / (3.0 * STEPS);
}

void gate_add(struct gate_sums *s, double y, double x)
{
    s->n++;
    s->y += y;
    s->x += x;
    s->yy += y * y;
    s->xy += x * y;
    s->xx += x * x;
}

void gate_add_trip(struct gate_unit *u, const struct gate_trip *t)
{
    gate_add(&u->sums[GATE_CORRECTIONS], t->corrected, t->items);
    gate_add(&u->sums[GATE_QUESTIONS], t->asked, t->items);
    if (isfinite(t->line_p99_ms) && t->line_p99_ms >= 0)
        gate_add(&u->sums[GATE_LATENCY], t->line_p99_ms, 1);
    gate_add(&u->sums[GATE_FAULTS], t->faults, 1);
}

/* One side's sums, and what its units say of the spread. */
struct side { double n, y, x, residual, within_df, units; };

/* A unit's sums with the trips' denominators times its expected rate: what it did over what was expected. */
static struct gate_sums sums_of(const struct gate_unit *u, enum gate_metric metric)
{
    struct gate_sums s = u->sums[metric];
    double by = u->prior[metric] > 0 ? u->prior[metric] : 1;

    s.x *= by;
    s.xy *= by;
    s.xx *= by * by;
    return s;
}

static void sum_sides(const struct gate_unit *unit, size_t n, enum gate_metric metric, struct side side[2])
{
    for (size_t i = 0; i < n; i++) {
        struct gate_sums s = sums_of(&unit[i], metric);
        struct side *to = &side[unit[i].is_new];
        double r, ss;

        if (!(s.x > 0))
            continue;
        r = s.y / s.x;
        ss = s.yy - 2 * r * s.xy + r * r * s.xx;
        to->n += s.n;
        to->y += s.y;
        to->x += s.x;
        to->residual += ss > 0 ? ss : 0;
        to->within_df += s.n - 1;
        to->units++;
    }
}

/* Variance between units' ratios, over both sides (DerSimonian, Laird 1986, eq. 8, summed over sides). `within` is the variance of one trip's residual. */
static double between_units(const struct gate_unit *unit, size_t n, enum gate_metric metric, const double within[2])
{
    double q = 0, c = 0, df = 0;

    for (int k = 0; k < 2; k++) {
        double w_sum = 0, ww_sum = 0, wr_sum = 0, wrr_sum = 0, units = 0;

        for (size_t i = 0; i < n; i++) {
            struct gate_sums s = sums_of(&unit[i], metric);
            double w, r;

            if (unit[i].is_new != (k == 1) || !(s.x > 0) || !(within[k] > 0))
                continue;
            r = s.y / s.x;
            w = s.x * s.x / (s.n * within[k]);
            w_sum += w;
            ww_sum += w * w;
            wr_sum += w * r;
            wrr_sum += w * r * r;
            units++;
        }
        if (units < 2)
            continue;
        q += wrr_sum - wr_sum * wr_sum / w_sum;
        c += w_sum - ww_sum / w_sum;
        df += units - 1;
    }
    return c > 0 && q > df ? (q - df) / c : 0;
}

void gate_priors(const struct gate_unit *before, size_t n, double (*out_prior)[GATE_METRICS])
{
    for (int m = 0; m < GATE_METRICS; m++) {
        struct side side[2] = { { .n = 0 } };
        double within[2] = { 0, 0 }, between, mean;

        for (size_t i = 0; i < n; i++)
            out_prior[i][m] = 0;
        sum_sides(before, n, (enum gate_metric)m, side);
        if (!(side[0].x > 0) || !(side[0].y > 0))
            continue;
        mean = side[0].y / side[0].x;
        within[0] = side[0].within_df >= 2 ? (side[0].residual + metrics[m].one_more) / side[0].within_df : 0;
        between = between_units(before, n, (enum gate_metric)m, within);
        for (size_t i = 0; i < n; i++) {
            const struct gate_sums *s = &before[i].sums[m];
            double v = s->x > 0 ? s->n * within[0] / (s->x * s->x) : 0, share = s->x > 0 && between + v > 0 ? between / (between + v) : 0;

            out_prior[i][m] = mean + share * (s->x > 0 ? s->y / s->x - mean : 0);
            if (out_prior[i][m] < mean / 10)
                out_prior[i][m] = mean / 10;
        }
    }
}

static struct gate_mean mean_of(const struct gate_unit *unit, size_t n, enum gate_metric metric, bool is_new, const struct side *side, double within, double between)
{
    double variance = 0;

    for (size_t i = 0; i < n; i++) {
        struct gate_sums s = sums_of(&unit[i], metric);

        if (unit[i].is_new == is_new && s.x > 0)
            variance += s.n * within + s.x * s.x * between;
    }
    return (struct gate_mean){ side->y / side->x, variance / (side->x * side->x), side->n };
}

/* The rates as people read them, and over both sides the rate that a ratio of 1 stands for. */
static double plain_rates(const struct gate_input *in, enum gate_metric metric, struct gate_finding *f)
{
    double n[2] = { 0, 0 }, y[2] = { 0, 0 }, x[2] = { 0, 0 }, expected = 0, scale = metrics[metric].scale;

    for (size_t i = 0; i < in->units_n; i++) {
        const struct gate_unit *u = &in->unit[i];
        int k = u->is_new;

        n[k] += u->sums[metric].n;
        y[k] += u->sums[metric].y;
        x[k] += u->sums[metric].x;
        expected += u->sums[metric].x * (u->prior[metric] > 0 ? u->prior[metric] : 1);
    }
    f->old_trips = n[0];
    f->new_trips = n[1];
    f->old_rate = x[0] > 0 ? scale * y[0] / x[0] : (double)NAN;
    f->new_rate = x[1] > 0 ? scale * y[1] / x[1] : (double)NAN;
    return x[0] + x[1] > 0 ? expected / (x[0] + x[1]) : 1;
}

static void judge_metric(const struct gate_config *config, const struct gate_input *in, enum gate_metric metric, struct gate_finding *f)
{
    struct side side[2] = { { .n = 0 } };
    struct gate_mean mean[2];
    double pooled, within[2], between, df, unit_rate, extra = metrics[metric].one_more;

    *f = (struct gate_finding){ .verdict = GATE_NOT_ENOUGH, .lift = { (double)NAN, (double)NAN, (double)NAN, (double)NAN }, .between_sd = (double)NAN, .why = "too few trips" };
    unit_rate = plain_rates(in, metric, f);
    sum_sides(in->unit, in->units_n, metric, side);
    if (side[0].n < config->least_trips || side[1].n < config->least_trips || !(side[0].within_df + side[1].within_df >= 2))
        return;
    df = side[0].units + side[1].units - 2;
    if (df < config->least_units) {
        f->why = "too few units to know how much they differ";
        return;
    }
    /* As if one more correction, question or fault had been seen: none in a hundred trips is not "never". */
    pooled = (side[0].residual + side[1].residual + extra) / (side[0].within_df + side[1].within_df);
    for (int k = 0; k < 2; k++) {
        within[k] = side[k].within_df >= 2 ? (side[k].residual + extra) / side[k].within_df : 0;
        within[k] = within[k] > pooled ? within[k] : pooled;
    }
    between = between_units(in->unit, in->units_n, metric, within);
    f->between_sd = metrics[metric].scale * unit_rate * sqrt(between);
    between *= df / (df - 2);                    /* it is itself an estimate: the variance of Student's t */
    for (int k = 0; k < 2; k++) {
        mean[k] = mean_of(in->unit, in->units_n, metric, k == 1, &side[k], within[k], between);
        mean[k].mean += config->ground[metric] / unit_rate;
    }
    if (!gate_lift(&mean[0], &mean[1], 2 * config->alpha / (GATE_METRICS + 1), config->n_star, &f->lift)) {
        f->why = "the old side has none to compare with";
        return;
    }
    f->why = "between harmless and harmful";
    if (f->lift.hi <= config->margin[metric]) {
        f->verdict = GATE_GO_ON;
        f->why = "surely within the margin";
    } else if (f->lift.lo > 0) {
        f->verdict = GATE_STOP;
        f->why = "surely worse than the old bundle";
    }
}

void gate_judge(const struct gate_config *config, const struct gate_input *in, struct gate_verdicts *out)
{
    bool all = true, harm = false;

    for (int m = 0; m < GATE_METRICS; m++) {
        judge_metric(config, in, (enum gate_metric)m, &out->metric[m]);
        all = all && out->metric[m].verdict == GATE_GO_ON;
        harm = harm || out->metric[m].verdict == GATE_STOP;
    }
    out->ratio = gate_ratio(in->reporting_new, in->reporting_old,
                            in->assigned_new + in->assigned_old > 0 ? in->assigned_new / (in->assigned_new + in->assigned_old) : 0);
    out->silence = gate_silence(in->reporting_new, in->assigned_new, in->reporting_old, in->assigned_old);
    out->rollback_e = gate_share_e(in->rolled_back, in->installed, config->rollback_share);
    if (out->rollback_e >= (GATE_METRICS + 1) / config->alpha) {
        out->verdict = GATE_STOP;
        out->why = "too many carts left the bundle by themselves";
    } else if (harm) {
        out->verdict = GATE_STOP;
        out->why = "a guard is surely worse than on the old bundle";
    } else if (out->ratio.p < config->ratio_p || out->silence.p < config->ratio_p) {
        out->verdict = GATE_NOT_ENOUGH;
        out->why = "carts that should report do not: the numbers are not to be trusted";
    } else if (all) {
        out->verdict = GATE_GO_ON;
        out->why = "every guard is surely within its margin";
    } else {
        out->verdict = GATE_NOT_ENOUGH;
        out->why = "a guard cannot be decided yet";
    }
}
