/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Noise of standing cells: each family is what its fields say, the fit finds what was put in, and v1 is as noisy as real scales. */
#include "lab/sim/cell_noise.h"
#include "tests/sim/signal_world.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deviation of successive readings of one cell by their kurtosis, and their sd / sqrt 2. */
static double roughness(const struct signal_world *w, int k, double *out_sd)
{
    double m2 = 0, m4 = 0;
    size_t n = w->signal.cells_n - 1;

    for (size_t i = 0; i < n; i++) {
        double d = signal_world_cell(w, i + 1, k, false) - signal_world_cell(w, i, k, false);

        m2 += d * d / (double)n;
        m4 += d * d * d * d / (double)n;
    }
    *out_sd = sqrt(.5 * m2);
    return m4 / (m2 * m2);
}

static double allan_of_cell(const struct signal_world *w, int k, double tau_s)
{
    size_t m = signal_world_at(w, tau_s), n = w->signal.cells_n;
    double sum = 0, a = 0, b = 0;
    size_t count = 0;

    for (size_t i = 0; i < m; i++) {
        a += signal_world_cell(w, i, k, false);
        b += signal_world_cell(w, i + m, k, false);
    }
    for (size_t i = 0; i + 2 * m < n; i++, count++) {
        sum += (b - a) * (b - a) / ((double)m * (double)m);
        a += signal_world_cell(w, i + m, k, false) - signal_world_cell(w, i, k, false);
        b += signal_world_cell(w, i + 2 * m, k, false) - signal_world_cell(w, i + m, k, false);
    }
    return sqrt(.5 * sum / (double)count);
}

static double allan_of_cells(const struct signal_world *w, double tau_s)
{
    double sum = 0;

    for (int k = 0; k < 4; k++)
        sum += .25 * allan_of_cell(w, k, tau_s) * allan_of_cell(w, k, tau_s);
    return sqrt(sum);
}

#define NOISE(family, white, rest) "'cells': {'noise': '" family "', 'gain_g': 0.01, 'white_g': " white rest "}"

static void noise_is_of_its_family(void **state)
{
    double sd, kurtosis, burst = 0, level[2] = { 0 }, hops = 0, before = 0;
    struct signal_world w;

    (void)state;
    signal_world_make(&w, true, NOISE("fitted", "0.5", ", 'flicker_g': 0.2, 'walk_g': 0"), 1500);
    signal_world_run(&w);
    kurtosis = roughness(&w, 0, &sd);
    assert_near(kurtosis, 3, .15);
    assert_near(sd, sqrt(.25 + .01), .03);         /* white, and what of the flicker is faster than a reading */
    for (double tau = 2; tau < 60; tau *= 2)
        assert_near(allan_of_cells(&w, tau), hypot(.2, .5 / sqrt(80 * tau)), .045);      /* flat: flicker */
    signal_world_done(&w);
    signal_world_make(&w, true, NOISE("fitted", "0.5", ", 'flicker_g': 0, 'walk_g': 0.3"), 1500);
    signal_world_run(&w);
    for (double tau = 1; tau < 60; tau *= 2)
        assert_near(allan_of_cells(&w, tau) / hypot(.3 * sqrt(tau / 3), .5 / sqrt(80 * tau)), 1, .3);    /* grows with the root */
    signal_world_done(&w);
    signal_world_make(&w, true, NOISE("pink", "0.5", ", 'drift_g': 0.5"), 600);
    signal_world_run(&w);
    assert_near(roughness(&w, 1, &sd), 3, .2);
    assert_near(sd, .5, .02);
    assert_near(allan_of_cells(&w, 10), .25, .1);
    signal_world_done(&w);
    signal_world_make(&w, true, NOISE("heavy", "0.5", ", 'flicker_g': 0, 'walk_g': 0, 'tail_nu': 3, 'popcorn_g': 0, 'bursts_per_min': 0"), 600);
    signal_world_run(&w);
    assert_true(roughness(&w, 0, &sd) > 6);
    assert_near(sd, .5, .1);
    signal_world_done(&w);
    /* two levels, and the lowest bits gone for a fifth of the time */
    signal_world_make(&w, true, NOISE("heavy", "0", ", 'flicker_g': 0, 'walk_g': 0, 'popcorn_g': 3, 'popcorn_s': 2, 'bursts_per_min': 15, 'burst_s': 1, "
                                  "'burst_counts': 64"), 600);
    signal_world_run(&w);
    for (size_t i = 0; i < w.signal.cells_n; i++) {
        double g = signal_world_cell(&w, i, 2, false);

        burst += (double)(w.signal.cell[i].cell.raw[2] % 64 == 0) / (double)w.signal.cells_n;
        level[0] += fabs(g - 1.5) < .02;
        level[1] += fabs(g + 1.5) < .02;
        hops += before * g < 0;
        before = g;
    }
    assert_near(burst, .2, .08);
    assert_near((level[0] + level[1]) / (double)w.signal.cells_n, .8, .08);
    assert_near(level[0] / (level[0] + level[1]), .5, .2);
    assert_near(hops, 300, 75);
    signal_world_done(&w);
}

static void spikes_are_as_often_as_stated(void **state)
{
    struct signal_world w;
    size_t n = 0;

    (void)state;
    signal_world_make(&w, true, "'cells': {'spikes_per_min': 6, 'spike_g': [3, 4]}", 600);
    signal_world_run(&w);
    for (size_t i = 0; i < w.signal.cells_n; i++)
        for (int k = 0; k < 4; k++) {
            double g = fabs(signal_world_cell(&w, i, k, false));

            assert_true(g < .01 || (g > 2.99 && g < 4.01));
            n += g > 1;
        }
    assert_near(n, 240, 60);
    signal_world_done(&w);
}

static void a_fit_finds_what_was_put_in(void **state)
{
    struct cell_trace t = { .n = 20000 };
    struct cell_noise_fit fit;
    struct rng r = rng_seed(support_seed(), "fit");
    double walk = 0, hz[CELL_BINS], power[CELL_BINS];
    size_t bins;

    (void)state;
    t.g = malloc(t.n * sizeof *t.g);
    assert_non_null(t.g);
    for (size_t i = 0; i < t.n; i++) {
        walk += .05 * rng_normal(&r);
        t.g[i] = .4 * rng_normal(&r) + walk;
    }
    cell_noise_fit(&t, 100, &fit);
    assert_near(fit.white_g, .4, .03);
    assert_near(fit.walk_g, .05, .01);
    assert_true(fit.flicker_g < .08);
    assert_true(fit.worst < 1.15);
    assert_near(cell_noise_adev(&fit, 1), hypot(.4, hypot(.05 / sqrt(3), fit.flicker_g)), .04);
    bins = cell_spectrum(t.g, t.n, hz, power, CELL_BINS);
    assert_true(bins > 10 && hz[bins - 1] < .5);
    assert_near(power[bins - 1] / (2 * .16), 1, .1);           /* one-sided density of white noise of one a second: 2 sd^2 */
    cell_trace_done(&t);
}

static void a_trace_is_read_by_line(void **state)
{
    struct trundle_error err = { 0 };
    struct cell_trace t;
    char path[4096];
    FILE *f;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/trace.txt", support_scratch());
    f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 100; i++)
        (void)fprintf(f, "%.3f\n", (i < 60 ? 500 : 480) + .1 * (i % 3) + (i == 30 ? 4 : 0));
    (void)fclose(f);
    support_ok(cell_trace_read(path, &t, &err), &err);
    assert_int_equal(t.read_n, 100);
    assert_int_equal(t.n, 60);
    assert_int_equal(t.steps, 1);
    assert_int_equal(t.spikes, 1);
    assert_near(t.spike_g, 4, .11);
    assert_near(t.g[30], 500.1, .11);
    cell_trace_done(&t);
    f = fopen(path, "a");
    assert_non_null(f);
    (void)fputs("12 apples\n", f);
    (void)fclose(f);
    assert_int_equal(cell_trace_read(path, &t, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "line 101"));
}

/* A still cart of v1, summed and averaged to one a second, against two real scales: within a factor of 2 of the nearer one,
 * or between them. */
static void still_carts_are_as_noisy_as_real_scales(void **state)
{
    enum { REAL = 2, CARTS = 4 };
    char path[REAL][4096];
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    double adev[REAL + 1][CELL_TAUS] = { { 0 } }, tau[CELL_TAUS];
    size_t n[REAL + 1];

    (void)state;
    (void)snprintf(path[0], sizeof path[0], "%s", support_data("loadcell/samples_bbcbac1e.txt"));
    (void)snprintf(path[1], sizeof path[1], "%s", support_data("loadcell/samples_ec36ce0c.txt"));
    support_ok(sim_suite_load(support_source("suites/v1.json"), &suite, &err), &err);
    for (int i = 0; i < REAL; i++) {
        struct cell_trace t;

        support_ok(cell_trace_read(path[i], &t, &err), &err);
        if (i == 1) {
            assert_int_equal(t.steps, 1);
            assert_int_equal(t.n, 182);
        }
        n[i] = cell_allan(t.g, t.n, tau, adev[i], CELL_TAUS);
        cell_trace_done(&t);
    }
    for (int i = 0; i < CARTS; i++) {
        struct cell_trace t;
        double one[CELL_TAUS];

        support_ok(cell_trace_simulate(suite, 5 * i, 600, &t, &err), &err);
        n[REAL] = cell_allan(t.g, t.n, tau, one, CELL_TAUS);
        for (size_t k = 0; k < n[REAL]; k++)
            adev[REAL][k] = hypot(adev[REAL][k], one[k] / sqrt(CARTS));
        cell_trace_done(&t);
    }
    for (size_t k = 0; k < n[REAL] && tau[k] <= 100; k++) {
        double lo = adev[0][k], hi = adev[0][k];

        if (k < n[1]) {
            lo = fmin(lo, adev[1][k]);
            hi = fmax(hi, adev[1][k]);
        }
        print_message("# tau %3.0f s: real %.3f to %.3f g, simulated %.3f g\n", tau[k], lo, hi, adev[REAL][k]);
        assert_true(adev[REAL][k] > lo / 2 && adev[REAL][k] < 2 * hi);
    }
    sim_suite_free(suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_of_its_family),
        cmocka_unit_test(spikes_are_as_often_as_stated),
        cmocka_unit_test(a_fit_finds_what_was_put_in),
        cmocka_unit_test(a_trace_is_read_by_line),
        cmocka_unit_test(still_carts_are_as_noisy_as_real_scales),
    };

    return support_run(tests);
}
