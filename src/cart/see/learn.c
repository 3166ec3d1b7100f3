/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Covariance, Cholesky factor and the linear scores of a shared-covariance discriminant. */
#include "cart/see/learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FULL = SEE_EMBEDDING, BLOCK = 48, D_MAX = (FULL + BLOCK - 1) / BLOCK * BLOCK };

struct work {
    size_t n, classes, d;      /* d: the dimensions that are ever not 0, filled up to whole blocks */
    size_t used;               /* of d */
    uint32_t active[D_MAX];    /* their places in an embedding */
    float *mean;               /* classes x d */
    float *centred;            /* n x d, the class mean taken off */
    float *count;              /* classes */
    double *s;                 /* d x d, lower triangle; then its Cholesky factor */
    double all[D_MAX];         /* mean of all rows */
    double total;              /* trace of the total covariance */
};

static void find_active(struct work *w, const float *rows)
{
    for (uint32_t d = 0; d < FULL; d++)
        for (size_t r = 0; r < w->n; r++)
            if (rows[r * FULL + d] != 0) {
                w->active[w->used++] = d;
                break;
            }
    w->d = (w->used + BLOCK - 1) / BLOCK * BLOCK;
}

static void take_means(struct work *w, const float *rows, const uint32_t *index)
{
    for (size_t r = 0; r < w->n; r++) {
        float *mean = w->mean + (size_t)index[r] * w->d;

        w->count[index[r]] += 1.0f;
        for (size_t d = 0; d < w->used; d++) {
            mean[d] += rows[r * FULL + w->active[d]];
            w->all[d] += (double)rows[r * FULL + w->active[d]] / (double)w->n;
        }
    }
    for (size_t c = 0; c < w->classes; c++)
        for (size_t d = 0; d < w->d; d++)
            w->mean[c * w->d + d] /= w->count[c];
    for (size_t r = 0; r < w->n; r++)
        for (size_t d = 0; d < w->used; d++) {
            float v = rows[r * FULL + w->active[d]];
            double off = (double)v - w->all[d];

            w->total += off * off / (double)w->n;
            w->centred[r * w->d + d] = v - w->mean[(size_t)index[r] * w->d + d];
        }
}

static void sum_block(const struct work *w, size_t a, size_t b)
{
    float block[BLOCK][BLOCK];

    memset(block, 0, sizeof block);
    for (size_t r = 0; r < w->n; r++) {
        const float *x = w->centred + r * w->d + a * BLOCK, *y = w->centred + r * w->d + b * BLOCK;

        for (int i = 0; i < BLOCK; i++)
            for (int j = 0; j < BLOCK; j++)
                block[i][j] += x[i] * y[j];
    }
    for (size_t i = 0; i < BLOCK; i++)
        for (size_t j = 0; j < BLOCK; j++)
            w->s[(a * BLOCK + i) * w->d + b * BLOCK + j] = (double)block[i][j] / (double)w->n;
}

static double dot(const double *a, const double *b, size_t n)
{
    double part[4] = { 0 };
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++)
            part[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        part[0] += a[i] * b[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

static bool factor(double *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double v = s[i * n + j] - dot(s + i * n, s + j * n, j);

            if (i == j && !(v > 0))
                return false;
            s[i * n + j] = i == j ? sqrt(v) : v / s[j * n + j];
        }
    return true;
}

static void solve(const double *l, size_t n, double *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (x[i] - dot(l + i * n, x, i)) / l[i * n + i];
    for (size_t i = n; i-- > 0;) {
        x[i] /= l[i * n + i];
        for (size_t j = 0; j < i; j++)
            x[j] -= x[i] * l[i * n + j];
    }
}

static void write_class(const struct work *w, size_t c, float *out_vector, float *out_offset)
{
    double x[D_MAX], half = 0, shift = 0;
    const float *mean = w->mean + c * w->d;

    for (size_t d = 0; d < w->d; d++)
        x[d] = (double)mean[d] - w->all[d];
    solve(w->s, w->d, x);
    memset(out_vector, 0, FULL * sizeof *out_vector);
    for (size_t d = 0; d < w->used; d++) {
        half += 0.5 * x[d] * ((double)mean[d] - w->all[d]);
        shift += x[d] * w->all[d];
        out_vector[w->active[d]] = (float)x[d];
    }
    *out_offset = (float)(-half - shift);
}

enum trundle_status learn_scores(const float *rows, const uint32_t *index, size_t n, size_t classes, double ridge, float *out_vectors,
                                 float *out_offsets, struct trundle_error *err)
{
    struct work *w = calloc(1, sizeof *w);
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!w)
        return error_set(err, TRUNDLE_NO_MEMORY, "gallery", NULL, "no memory to learn");
    w->n = n;
    w->classes = classes;
    find_active(w, rows);
    w->mean = calloc(classes * w->d + 1, sizeof *w->mean);
    w->centred = calloc(n * w->d + 1, sizeof *w->centred);
    w->count = calloc(classes, sizeof *w->count);
    w->s = calloc(w->d * w->d + 1, sizeof *w->s);
    if (!w->mean || !w->centred || !w->count || !w->s) {
        (void)error_set(err, TRUNDLE_NO_MEMORY, "gallery", NULL, "no memory to learn from %zu pictures", n);
        goto out;
    }
    take_means(w, rows, index);
    for (size_t a = 0; a < w->d / BLOCK; a++)
        for (size_t b = 0; b <= a; b++)
            sum_block(w, a, b);
    for (size_t i = 0; i < w->d; i++)
        w->s[i * w->d + i] += ridge * (w->total + 1e-9) / (double)w->used;
    if (!factor(w->s, w->d)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "gallery", "a larger ridge", "the covariance of the pictures cannot be factored");
        goto out;
    }
    for (size_t c = 0; c < classes; c++)
        write_class(w, c, out_vectors + c * FULL, &out_offsets[c]);
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
