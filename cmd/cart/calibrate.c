/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle calibrate cells: recordings of a known mass at known places -> gains, offsets and places of the cells in the cart file. */
#include "base/std/bytes.h"
#include "cart/calib/cells.h"
#include "cart/weigh/csv.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { CART_LIMIT = 1 << 20, LEAST_ROWS = 5 };

struct session {
    struct cells_place place[CELLS_PLACES_MAX];
    const char *name[CELLS_PLACES_MAX];
    size_t n;
};

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Median and robust sd of one column; the sd is that of neighbouring differences, so drift is no noise. */
static void summary(double *x, size_t n, double *out_middle, double *out_sd)
{
    double *d = malloc(n * sizeof *d), sum = 0;
    size_t from, to;

    *out_sd = 0;
    if (d && n > 1) {
        for (size_t i = 1; i < n; i++)
            d[i - 1] = fabs(x[i] - x[i - 1]);
        qsort(d, n - 1, sizeof *d, ascending);
        *out_sd = d[(n - 1) / 2] / 0.954;
    }
    free(d);
    qsort(x, n, sizeof *x, ascending);
    from = n / 4;                          /* mean of the middle half: as robust, less noisy */
    to = n - n / 4;
    for (size_t i = from; i < to; i++)
        sum += x[i];
    *out_middle = sum / (double)(to - from);
}

/* Reads raw counts: t_s,c1,..,cN. */
static enum trundle_status read_counts(const char *path, unsigned cells, struct cells_place *out, struct trundle_error *err)
{
    FILE *file = fopen(path, "r");
    struct weigh_csv csv = { 0 };
    struct weigh_csv_sample row;
    double *column[TRUNDLE_CELLS_MAX] = { NULL };
    enum trundle_status status = TRUNDLE_OK;
    size_t n = 0, room = 0, size = 0;
    char *line = NULL;
    ssize_t got;

    if (!file)
        return error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, NULL, "%s", strerror(errno));
    while ((got = getline(&line, &size, file)) >= 0) {
        bool whole = true;

        status = weigh_csv_line(&csv, line, (size_t)got, &row, err);
        if (status == TRUNDLE_AGAIN)
            continue;
        if (status != TRUNDLE_OK) {
            error_within(err, "%s", path);
            goto out;
        }
        if (csv.columns != cells) {
            status = error_set(err, TRUNDLE_BAD_INPUT, path, "rows are t_s and one column of raw counts per cell", "%u cells, the cart file has %u",
                               csv.columns, cells);
            goto out;
        }
        for (unsigned i = 0; i < cells; i++)
            whole &= isfinite(row.value[i]);
        if (!whole)
            continue;
        if (n == room) {
            room = room ? 2 * room : 1024;
            for (unsigned i = 0; i < cells; i++) {
                double *more = realloc(column[i], room * sizeof *more);

                if (!more) {
                    status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "%zu rows", n);
                    goto out;
                }
                column[i] = more;
            }
        }
        for (unsigned i = 0; i < cells; i++)
            column[i][n] = row.value[i];
        n++;
    }
    status = TRUNDLE_OK;
    if (n < LEAST_ROWS) {
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "record a few seconds at rest", "%zu whole rows, at least %d are needed", n, (int)LEAST_ROWS);
        goto out;
    }
    for (unsigned i = 0; i < cells; i++)
        summary(column[i], n, &out->raw[i], &out->raw_sd[i]);
out:
    for (unsigned i = 0; i < TRUNDLE_CELLS_MAX; i++)
        free(column[i]);
    free(line);
    (void)fclose(file);
    return status;
}

/* "X,Y=FILE", "X,Y,GRAMS=FILE" or "empty=FILE". */
static enum trundle_status read_place(const char *operand, double mass_g, unsigned cells, struct cells_place *out, struct trundle_error *err)
{
    const char *path = strchr(operand, '=');
    int used = 0;

    *out = (struct cells_place){ .mass_g = mass_g };
    if (!path)
        return error_set(err, TRUNDLE_BAD_ARG, operand, "operands are X,Y=FILE, X,Y,GRAMS=FILE and empty=FILE", "has no '='");
    if (!strncmp(operand, "empty=", 6)) {
        out->mass_g = 0;
    } else if (!((sscanf(operand, "%lf,%lf%n", &out->x_m, &out->y_m, &used) == 2 && operand[used] == '=') ||
                 (sscanf(operand, "%lf,%lf,%lf%n", &out->x_m, &out->y_m, &out->mass_g, &used) == 3 && operand[used] == '='))) {
        return error_set(err, TRUNDLE_BAD_ARG, operand, "operands are X,Y=FILE, X,Y,GRAMS=FILE and empty=FILE", "is no place");
    }
    if (!(out->mass_g > 0) && strncmp(operand, "empty=", 6) != 0)
        return error_set(err, TRUNDLE_BAD_ARG, operand, "--mass GRAMS, or X,Y,GRAMS=FILE", "has no mass");
    return read_counts(path + 1, cells, out, err);
}

static void report(const struct session *s, const struct cells_fit *fit, bool json)
{
    if (!json) {
        printf("%-28s %10s %10s %10s\n", "reading", "off g", "off x mm", "off y mm");
        for (size_t k = 0; k < s->n; k++) {
            if (s->place[k].mass_g > 0)
                printf("%-28.28s %10.2f %10.1f %10.1f\n", s->name[k], fit->mass_residual_g[k], 1000 * fit->x_residual_m[k], 1000 * fit->y_residual_m[k]);
            else
                printf("%-28.28s %10.2f\n", s->name[k], fit->mass_residual_g[k]);
        }
        printf("rms %.2f g, %.1f mm\n", fit->mass_rms_g, 1000 * fit->place_rms_m);
        for (int i = 0; i < fit->cells.n; i++)
            printf("cell %d: gain %.6g g (known to %.2g %%), offset %.1f, at (%.3f, %.3f) m, sd %.3g g\n", i + 1, fit->cells.cell[i].gain_g,
                   100 * fit->gain_sd[i], fit->cells.cell[i].offset, fit->cells.cell[i].x_m, fit->cells.cell[i].y_m, fit->cells.cell[i].sd_g);
        return;
    }
    printf("{\"mass_rms_g\":%.6g,\"place_rms_m\":%.6g,\"cells\":[", fit->mass_rms_g, fit->place_rms_m);
    for (int i = 0; i < fit->cells.n; i++)
        printf("%s{\"gain_g\":%.9g,\"gain_sd\":%.3g,\"offset\":%.9g,\"x_m\":%.6g,\"y_m\":%.6g,\"sd_g\":%.4g}", i ? "," : "",
               fit->cells.cell[i].gain_g, fit->gain_sd[i], fit->cells.cell[i].offset, fit->cells.cell[i].x_m, fit->cells.cell[i].y_m,
               fit->cells.cell[i].sd_g);
    printf("],\"readings\":[");
    for (size_t k = 0; k < s->n; k++) {
        printf("%s{\"mass_g\":%.6g,\"off_g\":%.6g", k ? "," : "", s->place[k].mass_g, fit->mass_residual_g[k]);
        if (s->place[k].mass_g > 0)
            printf(",\"off_x_m\":%.6g,\"off_y_m\":%.6g", fit->x_residual_m[k], fit->y_residual_m[k]);
        printf("}");
    }
    printf("]}\n");
}

static enum trundle_status calibrate(const char *cart_path, double mass_g, bool dry, bool json, char **operands, size_t n, struct trundle_error *err)
{
    static struct session s;
    static struct cart_file cart;
    struct bytes b = { 0 };
    struct cells_fit fit;
    enum trundle_status status;

    TRY(file_read(cart_path, CART_LIMIT, &b, err));
    TRY_GOTO(status, cart_file_parse(b.data, b.n, cart_path, &cart, err), out);
    if (n > CELLS_PLACES_MAX) {
        status = error_set(err, TRUNDLE_TOO_LARGE, "calibrate cells", NULL, "%zu recordings, limit %d", n, (int)CELLS_PLACES_MAX);
        goto out;
    }
    for (size_t k = 0; k < n; k++) {
        s.name[k] = operands[k];
        TRY_GOTO(status, read_place(operands[k], mass_g, cart.cells.n, &s.place[k], err), out);
    }
    s.n = n;
    TRY_GOTO(status, cells_solve(&cart.cells, s.place, n, &fit, err), out);
    report(&s, &fit, json);
    if (!dry) {
        cart.cells = fit.cells;
        b.n = 0;
        TRY_GOTO(status, cart_file_print(&cart, &b), out);
        status = file_write(cart_path, b.data, b.n, err);
    }
out:
    bytes_done(&b);
    return status;
}

int verb_calibrate(int argc, char **argv)
{
    const char *cart = NULL;
    double mass_g = 0;
    bool dry = false, json = false;
    const struct option_row rows[] = {
        { "cart", "FILE", OPTION_TEXT, &cart, "the cart file to write into; all but its cells is kept" },
        { "mass", "GRAMS", OPTION_NUMBER, &mass_g, "the known mass" },
        { "dry-run", NULL, OPTION_FLAG, &dry, "print the solution, write nothing" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct trundle_error err = { 0 };
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle calibrate cells --cart cart.json --mass GRAMS empty=FILE X,Y=FILE X,Y=FILE ...",
                      "Finds gain, offset and place of each load cell from recordings of raw counts (t_s,c1,c2,c3,c4): one of the empty\n"
                      "basket, and five or more with a known mass at places X,Y (metres, basket frame). Prints the residuals and\n"
                      "writes the cart file, whole or not at all.",
                      rows, &first, &code))
        return code;
    if (first >= argc || strcmp(argv[first], "cells") != 0 || !cart || first + 1 >= argc) {
        fprintf(stderr, "trundle calibrate: 'cells', --cart and recordings are wanted; trundle calibrate --help\n");
        return EXIT_USAGE;
    }
    status = calibrate(cart, mass_g, dry, json, argv + first + 1, (size_t)(argc - first - 1), &err);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("calibrate", &err);
}
