/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* From results of trips to figures with intervals: pooled sums, and an expanded percentile bootstrap over
 * clusters (Efron, Tibshirani, An Introduction to the Bootstrap, chapter 13; clusters as in Davison, Hinkley, section 3.8). */
#include "lab/judge/judge.h"

#include "base/std/rng.h"
#include "base/std/status.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample { double s; size_t cluster; };

/* One scope (all, or a slice) in one mode, by cluster. */
struct pool {
    size_t clusters;
    struct judge_sum (*sum)[JUDGE_KEY_COUNT];
    struct sample *sample;         /* sorted by s */
    size_t samples_n;
    uint32_t *weight;              /* of each cluster in one resample */
    double (*draw)[JUDGE_RESAMPLES];
    size_t draws_n[JUDGE_KEY_COUNT];
};

static void pool_done(struct pool *p)
{
    free(p->sum);
    free(p->sample);
    free(p->weight);
    free(p->draw);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int by_sample(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;

    if (x->s < y->s || x->s > y->s)
        return x->s < y->s ? -1 : 1;
    return (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

static double percentile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;

    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* Nearest-rank quantile of the samples, each as often as its cluster was drawn. */
static double quantile(const struct pool *p, double q)
{
    uint64_t total = 0, rank, seen = 0;

    for (size_t i = 0; i < p->samples_n; i++)
        total += p->weight[p->sample[i].cluster];
    if (!total)
        return NAN;
    rank = (uint64_t)ceil(q * (double)total);
    for (size_t i = 0; i < p->samples_n; i++) {
        seen += p->weight[p->sample[i].cluster];
        if (seen >= rank)
            return p->sample[i].s;
    }
    return p->sample[p->samples_n - 1].s;
}

static double figure(const struct pool *p, size_t key)
{
    double num = 0, den = 0;

    if (judge_key_rows[key].kind == JUDGE_MEDIAN || judge_key_rows[key].kind == JUDGE_P99)
        return quantile(p, judge_key_rows[key].kind == JUDGE_MEDIAN ? 0.5 : 0.99);
    for (size_t c = 0; c < p->clusters; c++) {
        num += p->weight[c] * p->sum[c][key].num;
        den += p->weight[c] * p->sum[c][key].den;
    }
    if (!(den > 0))
        return NAN;
    return judge_key_rows[key].kind == JUDGE_COUNT ? num : judge_key_rows[key].scale * num / den;
}

static uint64_t base_of(const struct pool *p, size_t key)
{
    uint64_t n = 0;

    if (judge_key_rows[key].kind == JUDGE_MEDIAN || judge_key_rows[key].kind == JUDGE_P99)
        return p->samples_n;
    for (size_t c = 0; c < p->clusters; c++)
        n += p->sum[c][key].n;
    return n;
}

/* Where to cut n-cluster resamples so that few clusters do not give too narrow an interval: Phi(-sqrt(n / (n - 1)) t), the expanded
 * percentile of Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69 (2015), section 5.3.
 * t: 97.5 % point of Student's with n - 1 degrees, Cornish-Fisher (Abramowitz, Stegun 26.7.5), short but ample below 3. */
static double tail_of(size_t clusters)
{
    double n = (double)clusters, v = n - 1, z = 1.959963985;
    double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    double t = z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v);

    return 0.5 * erfc(sqrt(n / v) * t / sqrt(2.0));
}

static void figures(struct pool *p, uint64_t seed, bool sliced_only, struct judge_value out[JUDGE_KEY_COUNT])
{
    struct rng r = rng_seed(seed, "judge/bootstrap");
    double tail;

    for (size_t c = 0; c < p->clusters; c++)
        p->weight[c] = 1;
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        out[k] = (struct judge_value){ .value = (double)NAN, .lo = (double)NAN, .hi = (double)NAN };
        out[k].n = sliced_only && !judge_key_rows[k].sliced ? 0 : base_of(p, k);
        if (out[k].n && (judge_key_rows[k].kind != JUDGE_P99 || out[k].n >= JUDGE_P99_LEAST))
            out[k].value = figure(p, k);
    }
    for (size_t b = 0; b < JUDGE_RESAMPLES && p->clusters > 1; b++) {
        memset(p->weight, 0, p->clusters * sizeof *p->weight);
        for (size_t c = 0; c < p->clusters; c++)
            p->weight[rng_below(&r, (uint32_t)p->clusters)]++;
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
            double x = isfinite(out[k].value) ? figure(p, k) : (double)NAN;

            if (isfinite(x))
                p->draw[k][p->draws_n[k]++] = x;
        }
    }
    tail = p->clusters > 1 ? tail_of(p->clusters) : 0;
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        size_t n = p->draws_n[k];

        if (!n)
            continue;
        qsort(p->draw[k], n, sizeof p->draw[k][0], by_value);
        out[k].lo = percentile(p->draw[k], n, tail);
        out[k].hi = percentile(p->draw[k], n, 1 - tail);
    }
}

static const struct judge_tally *tally_of(const struct judge_result *r, const char *slice, enum judge_mode mode)
{
    if (!slice)
        return &r->tally[mode];
    for (size_t i = 0; i < r->slices_n; i++)
        if (!strcmp(r->slice[i].name, slice))
            return &r->slice[i].tally[mode];
    return NULL;
}

static enum trundle_status pool_make(struct pool *p, const struct judge_result *results, size_t n, const size_t *cluster, const char *slice,
                                     enum judge_mode mode)
{
    size_t samples = 0, room = p->clusters ? p->clusters : 1;

    for (size_t i = 0; i < n; i++)
        samples += tally_of(&results[i], slice, mode) ? tally_of(&results[i], slice, mode)->latencies_n : 0;
    p->sum = calloc(room, sizeof *p->sum);
    p->sample = calloc(samples + 1, sizeof *p->sample);
    p->weight = calloc(room, sizeof *p->weight);
    p->draw = calloc(JUDGE_KEY_COUNT, sizeof *p->draw);
    if (!p->sum || !p->sample || !p->weight || !p->draw)
        return TRUNDLE_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct judge_tally *t = tally_of(&results[i], slice, mode);

        for (size_t k = 0; t && k < JUDGE_KEY_COUNT; k++) {
            p->sum[cluster[i]][k].num += t->key[k].num;
            p->sum[cluster[i]][k].den += t->key[k].den;
            p->sum[cluster[i]][k].n += t->key[k].n;
        }
        for (size_t k = 0; t && k < t->latencies_n; k++)
            p->sample[p->samples_n++] = (struct sample){ t->latency_s[k], cluster[i] };
    }
    if (p->samples_n)
        qsort(p->sample, p->samples_n, sizeof *p->sample, by_sample);
    return TRUNDLE_OK;
}

static enum trundle_status values_of(const struct judge_result *results, size_t n, const size_t *cluster, size_t clusters, const char *slice,
                                     uint64_t seed, bool has_aided, struct judge_values *out)
{
    for (int mode = 0; mode < JUDGE_MODES; mode++) {
        struct pool pool = { .clusters = clusters };
        enum trundle_status status;

        out->has[mode] = n > 0 && (mode == JUDGE_UNAIDED || has_aided);
        if (!out->has[mode])
            continue;
        status = pool_make(&pool, results, n, cluster, slice, (enum judge_mode)mode);
        if (status == TRUNDLE_OK)
            figures(&pool, seed, slice != NULL, out->key[mode]);
        pool_done(&pool);
        TRY(status);
    }
    return TRUNDLE_OK;
}

/* Stores in order of first appearance; trips of one store are one cluster. One store: trips are. */
static size_t cluster_by_store(const struct judge_result *results, size_t n, size_t *cluster)
{
    size_t stores = 0;

    for (size_t i = 0; i < n; i++) {
        size_t j = 0;

        while (j < i && strcmp(results[j].store, results[i].store) != 0)
            j++;
        cluster[i] = j < i ? cluster[j] : stores++;
    }
    return stores;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);           /* the name is the first member */
}

static enum trundle_status name_slices(const struct judge_result *results, size_t n, struct judge_report *out)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++)
        most += results[i].slices_n;
    out->slice = calloc(most + 1, sizeof *out->slice);
    if (!out->slice)
        return TRUNDLE_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < results[i].slices_n; k++) {
            size_t j = 0;

            while (j < out->slices_n && strcmp(out->slice[j].name, results[i].slice[k].name) != 0)
                j++;
            if (j == out->slices_n)
                (void)snprintf(out->slice[out->slices_n++].name, JUDGE_SLICE_NAME, "%s", results[i].slice[k].name);
        }
    if (out->slices_n)
        qsort(out->slice, out->slices_n, sizeof *out->slice, by_name);
    return TRUNDLE_OK;
}

enum trundle_status judge_report_make(const struct judge_result *results, size_t n, uint64_t seed, struct judge_report *out, struct trundle_error *err)
{
    struct judge_report report = { .trips = n, .seed0 = n ? results[0].seed : 0 };
    size_t *cluster = calloc(n + 1, sizeof *cluster), clusters;
    bool has_aided = n > 0;
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!cluster)
        goto out;
    if (n)
        (void)snprintf(report.suite, sizeof report.suite, "%s", results[0].suite);
    for (size_t i = 0; i < n; i++) {
        has_aided = has_aided && results[i].has_aided;
        if (results[i].seed < report.seed0)
            report.seed0 = results[i].seed;
        if (strcmp(results[i].suite, report.suite) != 0)
            (void)snprintf(report.suite, sizeof report.suite, "mixed");
    }
    report.stores = clusters = cluster_by_store(results, n, cluster);
    report.by_store = clusters > 1;
    for (size_t i = 0; i < n && !report.by_store; i++)
        cluster[i] = i;
    if (!report.by_store)
        clusters = n;
    TRY_GOTO(status, name_slices(results, n, &report), out);
    TRY_GOTO(status, values_of(results, n, cluster, clusters, NULL, seed, has_aided, &report.all), out);
    for (size_t i = 0; i < report.slices_n; i++)
        TRY_GOTO(status, values_of(results, n, cluster, clusters, report.slice[i].name, seed, has_aided, &report.slice[i].values), out);
    *out = report;
out:
    free(cluster);
    if (status != TRUNDLE_OK) {
        judge_report_done(&report);
        return error_set(err, status, "judge", NULL, "no memory to pool %zu trips", n);
    }
    return TRUNDLE_OK;
}

void judge_report_done(struct judge_report *report)
{
    free(report->slice);
    *report = (struct judge_report){ 0 };
}

void judge_result_done(struct judge_result *result)
{
    for (int mode = 0; mode < JUDGE_MODES; mode++)
        judge_tally_done(&result->tally[mode]);
    for (size_t i = 0; i < result->slices_n; i++)
        for (int mode = 0; mode < JUDGE_MODES; mode++)
            judge_tally_done(&result->slice[i].tally[mode]);
    free(result->slice);
    judge_notes_done(&result->notes);
    *result = (struct judge_result){ 0 };
}
