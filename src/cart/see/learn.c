/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Covariance, Cholesky factor and the linear scores of a shared-covariance discriminant. */
#include "cart/see/learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = SEE_EMBEDDING, BLOCK = 52, BLOCKS = D / BLOCK };
_Static_assert(D % BLOCK == 0, "the covariance is summed in whole blocks");

struct work {
    float *mean;               /* classes x D */
    float *centred;            /* n x D, the class mean taken off */
    float *count;              /* classes */
    double *s;                 /* D x D, lower triangle; then its Cholesky factor */
    double all[D];             /* mean of all rows */
    double total;              /* trace of the total covariance */
};

static void sum_block(const float *rows, size_t n, int a, int b, double *s)
{
    float block[BLOCK][BLOCK];

    memset(block, 0, sizeof block);
    for (size_t r = 0; r < n; r++) {
        const float *x = rows + r * D + a * BLOCK, *y = rows + r * D + b * BLOCK;

        for (int i = 0; i < BLOCK; i++)
            for (int j = 0; j < BLOCK; j++)
                block[i][j] += x[i] * y[j];
    }
    for (int i = 0; i < BLOCK; i++)
        for (int j = 0; j < BLOCK; j++)
            s[(size_t)(a * BLOCK + i) * D + (size_t)(b * BLOCK + j)] = (double)block[i][j] / (double)n;
}

static void take_means(struct work *w, const float *rows, const uint32_t *index, size_t n, size_t classes)
{
    for (size_t r = 0; r < n; r++) {
        float *mean = w->mean + (size_t)index[r] * D;

        w->count[index[r]] += 1.0f;
        for (int d = 0; d < D; d++) {
            mean[d] += rows[r * D + (size_t)d];
            w->all[d] += (double)rows[r * D + (size_t)d];
        }
    }
    for (int d = 0; d < D; d++)
        w->all[d] /= (double)n;
    for (size_t c = 0; c < classes; c++)
        for (int d = 0; d < D; d++)
            w->mean[c * D + (size_t)d] /= w->count[c];
    for (size_t r = 0; r < n; r++)
        for (size_t d = 0; d < D; d++) {
            double off = (double)rows[r * D + d] - w->all[d];

            w->total += off * off / (double)n;
            w->centred[r * D + d] = rows[r * D + d] - w->mean[(size_t)index[r] * D + d];
        }
}

static double dot(const double *a, const double *b, int n)
{
    double part[4] = { 0 };
    int i = 0;

    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            part[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        part[0] += a[i] * b[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

static bool factor(double *s)
{
    for (size_t i = 0; i < D; i++) {
        for (size_t j = 0; j <= i; j++) {
            double v = s[i * D + j] - dot(s + i * D, s + j * D, (int)j);

            if (i == j && !(v > 0))
                return false;
            s[i * D + j] = i == j ? sqrt(v) : v / s[j * D + j];
        }
    }
    return true;
}

static void solve(const double *l, double x[D])
{
    for (int i = 0; i < D; i++)
        x[i] = (x[i] - dot(l + (size_t)i * D, x, i)) / l[(size_t)i * D + (size_t)i];
    for (int i = D - 1; i >= 0; i--) {
        x[i] /= l[(size_t)i * D + (size_t)i];
        for (int j = 0; j < i; j++)
            x[j] -= x[i] * l[(size_t)i * D + (size_t)j];
    }
}

enum trundle_status learn_scores(const float *rows, const uint32_t *index, size_t n, size_t classes, double ridge, float *out_vectors,
                                 float *out_offsets, struct trundle_error *err)
{
    struct work *w = calloc(1, sizeof *w);
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!w)
        return error_set(err, TRUNDLE_NO_MEMORY, "gallery", NULL, "no memory to learn");
    w->mean = calloc(classes * D, sizeof *w->mean);
    w->centred = calloc(n * D, sizeof *w->centred);
    w->count = calloc(classes, sizeof *w->count);
    w->s = calloc((size_t)D * D, sizeof *w->s);
    if (!w->mean || !w->centred || !w->count || !w->s) {
        (void)error_set(err, TRUNDLE_NO_MEMORY, "gallery", NULL, "no memory to learn from %zu pictures", n);
        goto out;
    }
    take_means(w, rows, index, n, classes);
    for (int a = 0; a < BLOCKS; a++)
        for (int b = 0; b <= a; b++)
            sum_block(w->centred, n, a, b, w->s);
    for (size_t i = 0; i < D; i++)
        w->s[i * D + i] += ridge * (w->total + 1e-9) / D;
    if (!factor(w->s)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "gallery", "a larger ridge", "the covariance of the pictures cannot be factored");
        goto out;
    }
    for (size_t c = 0; c < classes; c++) {
        double x[D], half = 0, shift = 0;

        for (int d = 0; d < D; d++)
            x[d] = (double)w->mean[c * D + (size_t)d] - w->all[d];
        solve(w->s, x);
        for (int d = 0; d < D; d++) {
            half += 0.5 * x[d] * ((double)w->mean[c * D + (size_t)d] - w->all[d]);
            shift += x[d] * w->all[d];
            out_vectors[c * D + (size_t)d] = (float)x[d];
        }
        out_offsets[c] = (float)(-half - shift);
    }
    status = TRUNDLE_OK;
out:
    free(w->mean);
    free(w->centred);
    free(w->count);
    free(w->s);
    free(w);
    return status;
}

static double log_likelihood(const float *scores, const uint32_t *index, size_t n, size_t classes, double t)
{
    double sum = 0;

    for (size_t r = 0; r < n; r++) {
        const float *s = scores + r * classes;
        double top = (double)s[0], z = 0;

        for (size_t c = 1; c < classes; c++)
            top = (double)s[c] > top ? (double)s[c] : top;
        for (size_t c = 0; c < classes; c++)
            z += exp(((double)s[c] - top) / t);
        sum += ((double)s[index[r]] - top) / t - log(z);
    }
    return sum;
}

double learn_temperature(const float *scores, const uint32_t *index, size_t n, size_t classes)
{
    double best = 1, best_sum = -INFINITY;

    /* A fine grid over what is possible: the likelihood has one top, and the grid is its precision. */
    for (int k = -60; k <= 100; k++) {
        double t = exp(0.05 * (double)k), sum = log_likelihood(scores, index, n, classes, t);

        if (sum > best_sum) {
            best_sum = sum;
            best = t;
        }
    }
    return best;
}
