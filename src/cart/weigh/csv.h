/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * weigh/csv - weight traces as text: `t_s,g`, `t_s,c1_g,c2_g,c3_g,c4_g`, or one bare column of grams with a known rate.
 *
 *     struct weigh_csv csv = { .hz = 1 };
 *     while (getline(&line, &size, file) > 0)
 *         if ((status = weigh_csv_line(&csv, line, strlen(line), &sample, &err)) == TRUNDLE_OK)
 *             use(&sample);
 *
 * The first line may be a header. Empty fields and `nan` are readings that did not come. Raw counts (calibration) have the
 * same shape. A plain value; nothing is allocated.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <trundle/message.h>

struct weigh_csv {
    double   hz;              /* of a bare column; 0: not known, and a bare column is refused */
    unsigned columns;         /* values besides the time: 1..4, set by the first row; 0 before */
    bool     bare, header;
    uint64_t lines, rows;
};

struct weigh_csv_sample { double t_s, value[TRUNDLE_CELLS_MAX]; };   /* NAN: no reading */

/* AGAIN: a header or an empty line. BAD_INPUT: names line, column and value; the line is left out and the next may be read. */
TRUNDLE_MUST_USE enum trundle_status weigh_csv_line(struct weigh_csv *csv, const char *line, size_t n, struct weigh_csv_sample *out,
                                                    struct trundle_error *err);
