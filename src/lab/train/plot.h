/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/plot - curves as a picture that a browser shows: SVG, one file, no font or script from outside.
 *
 *     struct plot_series s[] = { { .name = "loss", .x = step, .y = loss, .n = n }, { .name = "accuracy", .x = step, .y = right, .n = n, .right = true } };
 *     struct plot plot = { .title = "grocery-small", .x = "step", .y = "loss", .right = "accuracy", .series = s, .n = 2 };
 *     TRY(plot_write(&plot, "run/curve.svg", err));
 *
 * Values that are not finite are left out, and break the line. Up to 8 colours, then they repeat.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct plot_series {
    const char   *name;            /* in the legend */
    const double *x, *y;           /* n of each */
    const double *low, *high;      /* a bar at each point; both or neither */
    const char  *const *label;     /* a text beside each point; NULL: none */
    size_t n;
    bool   right;                  /* against the right axis */
    bool   dots;                   /* marks instead of a line; with neither: a line */
    bool   both;                   /* marks on the line */
};

struct plot {
    const char *title, *x, *y, *right;     /* right NULL: no right axis */
    const struct plot_series *series;
    size_t n;
    bool log_x, log_y;             /* values <= 0 are left out */
};

/* Appends the SVG to `out`. NO_MEMORY. A plot without a finite point is an empty frame. */
TRUNDLE_MUST_USE enum trundle_status plot_svg(const struct plot *p, struct bytes *out, struct trundle_error *err);
/* The same into a file, whole or not at all. */
TRUNDLE_MUST_USE enum trundle_status plot_write(const struct plot *p, const char *path, struct trundle_error *err);
