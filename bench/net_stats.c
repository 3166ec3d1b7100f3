/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* bench/net: medians, and the interval of a ratio of medians. */
#include "bench/net.h"

#include "base/std/rng.h"

#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 1000 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double stats_quantile(const double *v, int n, double q)
{
    double *sorted = n > 0 ? malloc((size_t)n * sizeof *sorted) : NULL, value;
    if (!sorted)
        return -1;
    memcpy(sorted, v, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    value = q == 0.5 ? (sorted[(n - 1) / 2] + sorted[n / 2]) / 2 : sorted[(int)(q * (n - 1) + 0.5)];
    free(sorted);
    return value;
}

double stats_median(const double *v, int n)
{
    return stats_quantile(v, n, 0.5);
}

/* Where each turn of a contestant starts; the last entry is runs. */
static int turns_of(const struct contestant *c, int *start, int most)
{
    int n = 0;
    for (int i = 0; i < c->runs; i++)
        if (i == 0 || c->turn[i] != c->turn[i - 1]) {
            if (n == most)
                break;
            start[n++] = i;
        }
    start[n] = c->runs;
    return n;
}

struct ratio stats_ratio(const struct contestant *a, const struct contestant *b)
{
    struct ratio r = { 0, 0, 0 };
    int turns = a->runs > 0 ? a->turn[a->runs - 1] + 1 : 0;
    int *sa = malloc(((size_t)turns + 1) * sizeof *sa), *sb = malloc(((size_t)turns + 1) * sizeof *sb);
    double *va = malloc(((size_t)a->runs * 4 + 4) * sizeof *va), *vb = malloc(((size_t)b->runs * 4 + 4) * sizeof *vb), *value = malloc(RESAMPLES * sizeof *value);
    struct rng random = rng_seed(1, a->name);
    if (!sa || !sb || !va || !vb || !value || a->runs == 0 || b->runs == 0)
        goto out;
    r.value = stats_median(a->ms, a->runs) / stats_median(b->ms, b->runs);
    int na = turns_of(a, sa, turns), nb = turns_of(b, sb, turns), n = na < nb ? na : nb;
    for (int k = 0; k < RESAMPLES; k++) {          /* the same turns of both: what disturbed one disturbed the other */
        int ka = 0, kb = 0;
        for (int t = 0; t < n; t++) {
            int at = (int)rng_below(&random, (uint32_t)n);
            for (int i = sa[at]; i < sa[at + 1] && ka < a->runs * 4; i++)
                va[ka++] = a->ms[i];
            for (int i = sb[at]; i < sb[at + 1] && kb < b->runs * 4; i++)
                vb[kb++] = b->ms[i];
        }
        value[k] = stats_median(va, ka) / stats_median(vb, kb);
    }
    r.lo = stats_quantile(value, RESAMPLES, 0.025);
    r.hi = stats_quantile(value, RESAMPLES, 0.975);
out:
    free(sa);
    free(sb);
    free(va);
    free(vb);
    free(value);
    return r;
}
