/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle weigh: settled weight steps of a recorded trace. */
#include "base/std/time.h"
#include "cart/weigh/csv.h"
#include "cart/weigh/weigh.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { LEARN_FROM = 32 };                  /* rows that tell rate and noise */

struct trace {
    struct weigh weigh;
    struct weigh_csv csv;
    struct cart_cells cells;               /* n 0: not known yet */
    bool json;
    uint32_t sequence;
};

/* Cells that count thousandths of a gram, on the corners of a floor of 0.6 by 0.9 m: rear left, rear right, front left,
 * front right. Noise and rate are those of the first rows. */
static struct cart_cells cells_of(const struct weigh_csv *csv, const struct weigh_csv_sample *row, size_t n)
{
    struct cart_cells cells = { .n = (uint8_t)csv->columns, .hz = csv->hz };
    double step_s[LEARN_FROM], by[LEARN_FROM];

    for (int c = -1; c < cells.n; c++) {
        double *x = c < 0 ? step_s : by;
        size_t have = 0;

        for (size_t i = 1; i < n; i++) {
            double d = c < 0 ? row[i].t_s - row[i - 1].t_s : fabs(row[i].value[c] - row[i - 1].value[c]);
            size_t j = have;

            if (!isfinite(d) || (c < 0 && d <= 0))
                continue;
            for (; j > 0 && x[j - 1] > d; j--)
                x[j] = x[j - 1];
            x[j] = d;
            have++;
        }
        if (c < 0) {
            if (!(cells.hz > 0))
                cells.hz = have ? fmin(fmax(1 / x[have / 2], 0.01), 1e5) : 1;
        } else {
            cells.cell[c] = (struct cart_cell){ .x_m = c % 2 ? 0.6 : 0, .y_m = c / 2 ? 0.9 : 0, .gain_g = 0.001,
                                                .sd_g = fmax(have ? x[have / 2] / 0.954 : 1, 0.1), .raw_min = -INT32_MAX, .raw_max = INT32_MAX };
        }
    }
    return cells;
}

static void print_number(const char *key, double x)
{
    if (isfinite(x))
        printf(",\"%s\":%.4g", key, x);
    else
        printf(",\"%s\":null", key);
}

static void print(const struct trace *t, const struct trundle_evidence *e)
{
    const char *kind = e->mass_g > 0 ? "put" : "take";

    if (!t->json) {
        printf("%10.3f s  %-4s %9.2f g +- %.2f\n", ns_s(e->t1_ns), kind, e->mass_g, e->mass_sd_g);
        return;
    }
    printf("{\"t_s\":%.3f,\"t0_s\":%.3f,\"kind\":\"%s\",\"dw_g\":%.3f", ns_s(e->t1_ns), ns_s(e->t0_ns), kind, e->mass_g);
    printf(",\"sd_g\":%.3f", e->mass_sd_g);
    print_number("x_m", (double)e->position_m[0]);
    print_number("y_m", (double)e->position_m[1]);
    printf("}\n");
    fflush(stdout);
}

static void feed(struct trace *t, const struct weigh_csv_sample *row)
{
    struct trundle_message m = { .channel = TRUNDLE_CELL, .sensed_ns = S_NS(row->t_s), .log_ns = S_NS(row->t_s), .sequence = ++t->sequence };
    struct trundle_evidence e;

    m.cell.n = t->cells.n;
    for (int c = 0; c < t->cells.n; c++) {
        const struct cart_cell *cell = &t->cells.cell[c];
        double raw = row->value[c] / cell->gain_g + cell->offset;

        m.cell.raw[c] = isfinite(raw) ? (int32_t)fmin(fmax(round(raw), -2147483647.0), 2147483647.0) : TRUNDLE_CELL_NONE;
    }
    weigh_push(&t->weigh, &m);
    while (weigh_poll(&t->weigh, &e) == TRUNDLE_OK)
        if (e.stage == TRUNDLE_STAGE_FINAL && (e.mass_g > 0 ? e.llr_put : e.llr_take) > e.llr_bump)
            print(t, &e);
}

static enum trundle_status start(struct trace *t, const struct weigh_csv_sample *row, size_t n, struct trundle_error *err)
{
    t->cells = cells_of(&t->csv, row, n);
    TRY(weigh_init(&t->weigh, &t->cells, &(struct weigh_config)WEIGH_CONFIG_DEFAULT, err));
    for (size_t i = 0; i < n; i++)
        feed(t, &row[i]);
    return TRUNDLE_OK;
}

static enum trundle_status read_all(struct trace *t, FILE *file, const char *name, struct trundle_error *err)
{
    struct weigh_csv_sample early[LEARN_FROM], row;
    enum trundle_status status = TRUNDLE_OK;
    size_t early_n = 0, size = 0;
    char *line = NULL;
    ssize_t n;

    while (errno = 0, (n = getline(&line, &size, file)) >= 0) {
        status = weigh_csv_line(&t->csv, line, (size_t)n, &row, err);
        if (status == TRUNDLE_AGAIN)
            continue;
        if (status != TRUNDLE_OK) {
            error_within(err, "%s", name);
            goto out;
        }
        if (t->cells.n) {
            feed(t, &row);
            continue;
        }
        early[early_n++] = row;
        if (early_n == LEARN_FROM)
            TRY_GOTO(status, start(t, early, early_n, err), out);
    }
    status = TRUNDLE_OK;
    if (ferror(file))
        status = error_set(err, TRUNDLE_IO, name, NULL, "%s", strerror(errno));
    else if (!t->csv.rows)
        status = error_set(err, TRUNDLE_BAD_INPUT, name, NULL, "holds no sample");
    else if (!t->cells.n)
        status = start(t, early, early_n, err);
out:
    free(line);
    return status;
}

int verb_weigh(int argc, char **argv)
{
    static struct trace trace;
    const struct option_row rows[] = {
        { "hz", "N", OPTION_NUMBER, &trace.csv.hz, "samples per second; needed for a bare column" },
        { "json", NULL, OPTION_FLAG, &trace.json, "one JSON object a line" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct trundle_error err = { 0 };
    enum trundle_status status;
    int first, code;
    FILE *file;

    if (!option_parse(argc, argv, "trundle weigh TRACE.csv [--hz N] [--json]",
                      "Prints the settled weight steps of a trace: columns t_s,g or t_s,c1_g,c2_g,c3_g,c4_g, or one bare column of\n"
                      "grams with --hz. '-' reads standard input. Four cells are taken as rear left, rear right, front left and\n"
                      "front right corner of a floor of 0.6 by 0.9 m.",
                      rows, &first, &code))
        return code;
    if (argc - first != 1 || !(trace.csv.hz >= 0 && trace.csv.hz <= 1e5)) {
        fprintf(stderr, "trundle weigh: %s; trundle weigh --help\n", argc - first != 1 ? "one trace is wanted" : "--hz is 0.01 to 100000");
        return EXIT_USAGE;
    }
    file = strcmp(argv[first], "-") ? fopen(argv[first], "r") : stdin;
    if (!file) {
        (void)error_set(&err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, argv[first], NULL, "%s", strerror(errno));
        return option_fail("weigh", &err);
    }
    status = read_all(&trace, file, argv[first], &err);
    if (file != stdin)
        (void)fclose(file);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("weigh", &err);
}
