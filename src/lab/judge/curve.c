/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Calibration and ranking of scores (curve.h). */
#include "lab/judge/curve.h"

#include "base/std/list.h"

#include <math.h>
#include <stdlib.h>

struct point { double x, y; };

static int by_x(const void *a, const void *b)
{
    const struct point *p = a, *q = b;

    return (p->x > q->x) - (p->x < q->x);
}

/* Rising, and y of equal x evened out. */
static struct point *sorted(const double *x, const bool *y, size_t n)
{
    struct point *p = malloc((n + 1) * sizeof *p);

    for (size_t i = 0; p && i < n; i++)
        p[i] = (struct point){ x[i], y[i] };
    if (p && n)
        qsort(p, n, sizeof *p, by_x);
    for (size_t i = 0, k; p && i < n; i = k) {
        double sum = 0;

        for (k = i; k < n && !(p[k].x > p[i].x); k++)
            sum += p[k].y;
        for (size_t j = i; j < k; j++)
            p[j].y = sum / (double)(k - i);
    }
    return p;
}

enum trundle_status curve_ece(const double *p, const bool *right, size_t n, size_t bins, enum curve_bins kind, double *out)
{
    struct point *s = sorted(p, right, n);
    double sum = 0;
    size_t at = 0;

    if (!s)
        return TRUNDLE_NO_MEMORY;
    for (size_t b = 0; b < bins; b++) {
        size_t end = kind == CURVE_EQUAL_MASS ? n * (b + 1) / bins : n;
        double x = 0, y = 0;

        for (; at < end && (kind == CURVE_EQUAL_MASS || b + 1 == bins || s[at].x < (double)(b + 1) / (double)bins); at++) {
            x += s[at].x;
            y += s[at].y;
        }
        sum += fabs(y - x);
    }
    free(s);
    *out = n && bins ? sum / (double)n : (double)NAN;
    return TRUNDLE_OK;
}

enum trundle_status curve_auroc(const double *score, const bool *positive, size_t n, double *out)
{
    double *kind[2] = { malloc((n + 1) * sizeof **kind), malloc((n + 1) * sizeof **kind) };
    size_t count[2] = { 0, 0 };
    bool ok = kind[0] && kind[1];

    for (size_t i = 0; ok && i < n; i++)
        kind[positive[i]][count[positive[i]]++] = score[i];
    for (int k = 0; k < 2 && ok; k++)
        qsort(kind[k], count[k], sizeof *kind[k], list_by_double);
    if (ok)
        *out = count[0] && count[1] ? list_auroc(kind[0], count[0], kind[1], count[1]) : (double)NAN;
    free(kind[0]);
    free(kind[1]);
    return ok ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
}

bool curve_top(const double *score, size_t n, size_t wanted, size_t k)
{
    size_t above = 0;

    for (size_t i = 0; i < n; i++)
        above += i != wanted && score[i] >= score[wanted];
    return above < k;
}
