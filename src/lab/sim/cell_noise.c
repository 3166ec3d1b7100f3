/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Traces of a standing scale, real or simulated, and what they are made of. */
#include "lab/sim/cell_noise.h"

#include "lab/sim/signal.h"

#include "base/std/list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 4, TERMS = 4, SEGMENT = 512 };
static const double PI = 3.14159265358979323846;
static const double STEP_G = 5, SPIKE_SD = 4;

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, list_by_double);
    return n ? (n % 2 ? v[n / 2] : .5 * (v[n / 2 - 1] + v[n / 2])) : 0;
}

static double median_around(const double *g, size_t n, size_t from, size_t to)
{
    double near[2 * SIDE + 1];
    size_t count = 0;

    for (size_t i = from; i < to && i < n && count < 2 * SIDE + 1; i++)
        near[count++] = g[i];
    return median(near, count);
}

/* The longest part without a step that stays. */
static void cut_steps(struct cell_trace *t)
{
    size_t best = 0, best_n = 0, from = 0;

    for (size_t i = 1; i <= t->n; i++) {
        bool step = i < t->n && fabs(t->g[i] - t->g[i - 1]) > STEP_G && i >= SIDE &&
                    fabs(median_around(t->g, t->n, i, i + SIDE) - median_around(t->g, t->n, i - SIDE, i)) > STEP_G;

        if (!step && i < t->n)
            continue;
        if (i - from > best_n) {
            best = from;
            best_n = i - from;
        }
        t->steps += i < t->n;
        from = i;
    }
    memmove(t->g, t->g + best, best_n * sizeof *t->g);
    t->n = best_n;
}

static bool cut_spikes(struct cell_trace *t)
{
    double *off = malloc(2 * t->n * sizeof *off), *size, sd;
    size_t n = 0;

    if (!off)
        return false;
    size = off + t->n;
    for (size_t i = 0; i < t->n; i++) {
        off[i] = t->g[i] - median_around(t->g, t->n, i > SIDE ? i - SIDE : 0, i + SIDE + 1);
        size[i] = fabs(off[i]);
    }
    sd = median(size, t->n) / .6745;
    for (size_t i = 0; i < t->n; i++)
        if (sd > 0 && fabs(off[i]) > SPIKE_SD * sd) {
            t->g[i] -= off[i];
            size[n++] = fabs(off[i]);
        }
    t->spikes = n;
    t->spike_g = median(size, n);
    free(off);
    return true;
}

enum trundle_status cell_trace_read(const char *path, struct cell_trace *out, struct trundle_error *err)
{
    struct cell_trace t = { 0 };
    struct bytes text = { 0 };
    enum trundle_status status = file_read(path, 64U << 20, &text, err);
    const char *at, *end;

    if (status == TRUNDLE_OK && bytes_append(&text, "", 1) != TRUNDLE_OK)
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    if (status != TRUNDLE_OK)
        goto out;
    at = (const char *)text.data;
    end = at + text.n - 1;
    t.g = malloc((text.n / 2 + 1) * sizeof *t.g);
    if (!t.g) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
        goto out;
    }
    while (at < end) {
        char *after;
        double g = strtod(at, &after);

        if (after == at || !isfinite(g) || (*after != '\n' && *after != '\r' && *after != '\0') || t.n == CELL_TRACE_MAX) {
            status = error_set(err, TRUNDLE_BAD_INPUT, path, "grams, one number a line", "line %zu is not a number", t.n + 1);
            goto out;
        }
        t.g[t.n++] = g;
        at = after + strspn(after, "\r\n");
    }
    t.read_n = t.n;
    if (t.n < 16) {
        status = error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "%zu samples are too few", t.n);
        goto out;
    }
    cut_steps(&t);
    if (!cut_spikes(&t)) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
        goto out;
    }
    *out = t;
    t = (struct cell_trace){ 0 };
out:
    bytes_done(&text);
    cell_trace_done(&t);
    return status;
}

enum trundle_status cell_trace_simulate(const struct sim_suite *suite, int64_t seed, size_t seconds, struct cell_trace *out, struct trundle_error *err)
{
    struct cell_trace t = { .n = seconds, .read_n = seconds };
    struct sim_store *store = NULL;
    struct plan *plan = calloc(1, sizeof *plan);
    struct disturbs *none = calloc(1, sizeof *none);
    struct signal signal = { 0 };
    size_t hz = (size_t)suite->cells.hz;
    enum trundle_status status;

    t.g = calloc(seconds, sizeof *t.g);
    if (!plan || !none || !t.g) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "still cart", NULL, "no memory");
        goto out;
    }
    status = sim_store_new(suite, sim_store_of(seed), &store, err);
    if (status != TRUNDLE_OK)
        goto out;
    plan->store = store;
    plan->seed = seed;
    plan->end_s = (double)seconds;
    status = signal_make_with(plan, none, &signal, err);
    if (status != TRUNDLE_OK)
        goto out;
    for (size_t i = 0; i < seconds * hz && i < signal.cells_n; i++)
        for (int k = 0; k < 4; k++) {
            const struct cart_cell *c = &store->true_cells.cell[k];

            t.g[i / hz] += (signal.cell[i].cell.raw[k] - c->offset) * c->gain_g / (double)hz;
        }
    if (!cut_spikes(&t)) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "still cart", NULL, "no memory");
        goto out;
    }
    *out = t;
    t.g = NULL;
out:
    signal_done(&signal);
    sim_store_free(store);
    free(none);
    free(plan);
    cell_trace_done(&t);
    return status;
}

void cell_trace_done(struct cell_trace *t)
{
    if (!t)
        return;
    free(t->g);
    *t = (struct cell_trace){ 0 };
}

size_t cell_allan(const double *g, size_t n, double *out_tau_s, double *out_adev_g, size_t max)
{
    size_t count = 0;

    for (size_t m = 1; 4 * m <= n && count < max; m *= 2) {
        double first = 0, second = 0, sum = 0;

        for (size_t i = 0; i < m; i++) {
            first += g[i];
            second += g[i + m];
        }
        for (size_t i = 0; i + 2 * m <= n; i++) {
            double d = (second - first) / (double)m;

            sum += d * d;
            first += g[i + m] - g[i];
            if (i + 2 * m < n)
                second += g[i + 2 * m] - g[i + m];
        }
        out_tau_s[count] = (double)m;
        out_adev_g[count++] = sqrt(.5 * sum / (double)(n - 2 * m + 1));
    }
    return count;
}

/* Adds |X(f)|^2 of one windowed segment without its line, for bins 1..n/2-1. */
static void add_periodogram(const double *g, size_t n, double *power)
{
    double mean = 0, slope = 0, half = .5 * (double)(n - 1), norm = 0, seg[SEGMENT];

    for (size_t i = 0; i < n; i++) {
        mean += g[i] / (double)n;
        slope += ((double)i - half) * g[i];
        norm += ((double)i - half) * ((double)i - half);
    }
    slope /= norm;
    norm = 0;
    for (size_t i = 0; i < n; i++) {
        double w = .5 - .5 * cos(2 * PI * ((double)i + .5) / (double)n);

        seg[i] = w * (g[i] - mean - slope * ((double)i - half));
        norm += w * w;
    }
    for (size_t k = 1; k < n / 2; k++) {
        double re = 0, im = 0;

        for (size_t i = 0; i < n; i++) {
            double phase = 2 * PI * (double)((k * i) % n) / (double)n;

            re += seg[i] * cos(phase);
            im += seg[i] * sin(phase);
        }
        power[k] += 2 * (re * re + im * im) / norm;
    }
}

size_t cell_spectrum(const double *g, size_t n, double *out_hz, double *out_g2_hz, size_t max)
{
    double power[SEGMENT / 2] = { 0 };
    size_t length = SEGMENT, segments = 0, count = 0;

    while (length > n)
        length /= 2;
    if (length < 16)
        return 0;
    for (size_t from = 0; from + length <= n; from += length / 2, segments++)
        add_periodogram(g + from, length, power);
    for (size_t k = 2, next; k < length / 2 && count < max; k = next) {      /* bin 1 has lost what the line took */
        double sum = 0;

        next = (size_t)ceil((double)k * cbrt(2));
        next = next > k ? next : k + 1;
        next = next < length / 2 ? next : length / 2;
        for (size_t i = k; i < next; i++)
            sum += power[i];
        out_hz[count] = .5 * (double)(k + next - 1) / (double)length;
        out_g2_hz[count++] = sum / (double)((next - k) * segments);
    }
    return count;
}

static void terms_at(double tau, double out[TERMS])
{
    out[0] = 1 / tau;
    out[1] = 1;
    out[2] = tau / 3;
    out[3] = .5 * tau * tau;
}

/* Least squares over the terms in `use` by Gauss with pivots; false: singular. */
static bool solve(double (*row)[TERMS], size_t rows, unsigned use, double out[TERMS])
{
    double a[TERMS][TERMS + 1] = { { 0 } };
    int at[TERMS], n = 0;

    for (int k = 0; k < TERMS; k++)
        if (use & 1U << k)
            at[n++] = k;
    for (size_t r = 0; r < rows; r++)
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < n; k++)
                a[i][k] += row[r][at[i]] * row[r][at[k]];
            a[i][n] += row[r][at[i]];
        }
    memset(out, 0, TERMS * sizeof *out);
    for (int i = 0; i < n; i++) {
        int best = i;

        for (int k = i + 1; k < n; k++)
            best = fabs(a[k][i]) > fabs(a[best][i]) ? k : best;
        if (fabs(a[best][i]) < 1e-300)
            return false;
        for (int c = 0; c <= n; c++) {
            double swap = a[i][c];

            a[i][c] = a[best][c];
            a[best][c] = swap;
        }
        for (int k = 0; k < n; k++) {
            double f = k == i ? 0 : a[k][i] / a[i][i];

            for (int c = 0; c <= n; c++)
                a[k][c] -= f * a[i][c];
        }
    }
    for (int i = 0; i < n; i++)
        out[at[i]] = a[i][n] / a[i][i];
    return true;
}

double cell_noise_adev(const struct cell_noise_fit *fit, double tau_s)
{
    double term[TERMS];

    terms_at(tau_s, term);
    return sqrt(fit->white_g * fit->white_g * term[0] + fit->flicker_g * fit->flicker_g * term[1] + fit->walk_g * fit->walk_g * term[2] +
                fit->drift_gs * fit->drift_gs * term[3]);
}

void cell_noise_fit(const struct cell_trace *trace, double tau_max_s, struct cell_noise_fit *out)
{
    double row[CELL_TAUS][TERMS], tau[CELL_TAUS], adev[CELL_TAUS], best = INFINITY;
    size_t rows = cell_allan(trace->g, trace->n, tau, adev, CELL_TAUS);

    *out = (struct cell_noise_fit){ .worst = 1 };
    while (rows > 0 && tau[rows - 1] > tau_max_s)
        rows--;
    for (size_t r = 0; r < rows; r++) {
        terms_at(tau[r], row[r]);
        for (int k = 0; k < TERMS; k++)
            row[r][k] /= adev[r] * adev[r];
    }
    for (unsigned use = 1; use < 1U << TERMS; use++) {
        double x[TERMS], error = 0;

        if (!solve(row, rows, use, x) || x[0] < 0 || x[1] < 0 || x[2] < 0 || x[3] < 0)
            continue;
        for (size_t r = 0; r < rows; r++) {
            double e = row[r][0] * x[0] + row[r][1] * x[1] + row[r][2] * x[2] + row[r][3] * x[3] - 1;

            error += e * e;
        }
        if (error < best) {
            best = error;
            out->white_g = sqrt(x[0]);
            out->flicker_g = sqrt(x[1]);
            out->walk_g = sqrt(x[2]);
            out->drift_gs = sqrt(x[3]);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        double ratio = cell_noise_adev(out, tau[r]) / adev[r];

        out->worst = fmax(out->worst, fmax(ratio, 1 / ratio));
    }
}
