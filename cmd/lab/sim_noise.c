/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle sim noise: fits traces of standing scales, and draws them over the suite's own: Allan deviation and spectrum. */
#include "cmd/lab/sim_noise.h"

#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/sim/cell_noise.h"
#include "lab/train/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRACES = 6, TRIPS = 4, SECONDS = 3000, TAU_MAX_S = 100 };

struct curve { double x[CELL_BINS], y[CELL_BINS]; size_t n; };

/* A trace's own, and what one of four cells has when all are alike and nothing is common to them. */
static void print_trace(const char *name, const struct cell_trace *t, double hz)
{
    struct cell_noise_fit fit;

    cell_noise_fit(t, TAU_MAX_S, &fit);
    printf("%s: %zu of %zu s, %zu level steps, %zu spikes (%.2f a minute, median %.2f g)\n", name, t->n, t->read_n, t->steps, t->spikes,
           60 * (double)t->spikes / (double)t->n, t->spike_g);
    printf("  white %.3f g, flicker %.3f g, walk %.4f g/sqrt(s), drift %.4f g/s: within a factor of %.2f up to %d s\n", fit.white_g, fit.flicker_g, fit.walk_g,
           fit.drift_gs, fit.worst, TAU_MAX_S);
    printf("  one cell of four at %.0f Hz: white_g %.3f, flicker_g %.3f, walk_g %.4f, slope_gs %.4f\n", hz, .5 * fit.white_g * sqrt(hz), .5 * fit.flicker_g,
           .5 * fit.walk_g, .5 * fit.drift_gs);
}

/* Mean of the power over the trips' curves: all have the same x. */
static void add_power(struct curve *sum, const double *x, const double *y, size_t n, double exponent)
{
    for (size_t i = 0; i < n; i++) {
        sum->x[i] = x[i];
        sum->y[i] = pow(pow(sum->y[i], exponent) + pow(y[i], exponent) / TRIPS, 1 / exponent);
    }
    sum->n = n;
}

static enum trundle_status simulate(const struct sim_suite *suite, struct curve *allan, struct curve *spectrum, struct trundle_error *err)
{
    for (int i = 0; i < TRIPS; i++) {
        struct cell_trace t;
        double x[CELL_BINS], y[CELL_BINS];
        size_t n;

        TRY(cell_trace_simulate(suite, i * SIM_TRIPS_PER_STORE, SECONDS, &t, err));
        n = cell_allan(t.g, t.n, x, y, CELL_TAUS);
        add_power(allan, x, y, n, 2);
        n = cell_spectrum(t.g, t.n, x, y, CELL_BINS);
        add_power(spectrum, x, y, n, 1);
        cell_trace_done(&t);
    }
    return TRUNDLE_OK;
}

static enum trundle_status draw(const char *folder, const struct curve *allan, const struct curve *spectrum, const char *const *name, size_t n, struct trundle_error *err)
{
    struct plot_series a[TRACES + 1] = { { 0 } }, s[TRACES + 1] = { { 0 } };
    char path[4096];

    for (size_t i = 0; i < n; i++) {
        a[i] = (struct plot_series){ .name = name[i], .x = allan[i].x, .y = allan[i].y, .n = allan[i].n, .dots = i + 1 < n };
        s[i] = (struct plot_series){ .name = name[i], .x = spectrum[i].x, .y = spectrum[i].y, .n = spectrum[i].n, .dots = i + 1 < n };
    }
    (void)snprintf(path, sizeof path, "%s/cell-allan.svg", folder);
    TRY(plot_write(&(struct plot){ .title = "Allan deviation of a standing scale", .x = "s", .y = "g", .series = a, .n = n, .log_x = true, .log_y = true }, path, err));
    (void)snprintf(path, sizeof path, "%s/cell-spectrum.svg", folder);
    return plot_write(&(struct plot){ .title = "Spectrum of a standing scale", .x = "Hz", .y = "g2/Hz", .series = s, .n = n, .log_x = true, .log_y = true }, path, err);
}

int sim_noise(int argc, char **argv)
{
    const char *suite_name = "v1", *folder = NULL, *name[TRACES + 1];
    const struct option_row rows[] = { { "suite", "NAME|FILE", OPTION_TEXT, &suite_name, "whose still cart is laid over them (default v1)" },
                                       { "svg", "DIR", OPTION_TEXT, &folder, "draw DIR/cell-allan.svg and DIR/cell-spectrum.svg" },
                                       { 0 } };
    struct cell_trace trace[TRACES] = { { 0 } };
    struct curve allan[TRACES + 1], spectrum[TRACES + 1];
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    enum trundle_status status;
    size_t n = 0;
    int first, code;

    if (!option_parse(argc, argv, "trundle sim noise [--svg DIR] TRACE...", "what the noise of standing scales is made of (grams, one a line, one a second)", rows, &first,
                      &code))
        return code;
    if (first == argc || argc - first > TRACES) {
        fprintf(stderr, "trundle sim noise: needs 1 to %d traces\n", TRACES);
        return EXIT_USAGE;
    }
    memset(allan, 0, sizeof allan);
    memset(spectrum, 0, sizeof spectrum);
    status = sim_suite_load(suite_name, &suite, &err);
    for (; status == TRUNDLE_OK && first + (int)n < argc; n++) {
        const char *slash = strrchr(argv[first + (int)n], '/');

        name[n] = slash ? slash + 1 : argv[first + (int)n];
        status = cell_trace_read(argv[first + (int)n], &trace[n], &err);
        if (status != TRUNDLE_OK)
            break;
        print_trace(name[n], &trace[n], suite->cells.hz);
        allan[n].n = cell_allan(trace[n].g, trace[n].n, allan[n].x, allan[n].y, CELL_TAUS);
        spectrum[n].n = cell_spectrum(trace[n].g, trace[n].n, spectrum[n].x, spectrum[n].y, CELL_BINS);
    }
    if (status == TRUNDLE_OK) {
        name[n] = sim_suite_name(suite);
        status = simulate(suite, &allan[n], &spectrum[n], &err);
    }
    for (size_t i = 0; status == TRUNDLE_OK && i < allan[n].n; i++) {
        printf("tau %4.0f s:", allan[n].x[i]);
        for (size_t k = 0; k <= n; k++)
            if (i < allan[k].n)
                printf(" %s %.3f g", name[k], allan[k].y[i]);
        printf("\n");
    }
    if (status == TRUNDLE_OK && folder)
        status = draw(folder, allan, spectrum, name, n + 1, &err);
    for (size_t i = 0; i < TRACES; i++)
        cell_trace_done(&trace[i]);
    sim_suite_free(suite);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("sim noise", &err);
}
