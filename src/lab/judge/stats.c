/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Pools of trips and their figures, intervals and differences (stats.h). */
#include "lab/judge/stats.h"

#include "base/std/list.h"
#include "base/std/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_latency(const void *a, const void *b)
{
    const struct judge_latency *x = a, *y = b;

    if (x->s < y->s || x->s > y->s)
        return x->s < y->s ? -1 : 1;
    return (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

void judge_pool_done(struct judge_pool *p)
{
    free(p->num);
    free(p->den);
    free(p->audit);
    free(p->latency);
    *p = (struct judge_pool){ 0 };
}

size_t judge_clusters(const struct judge_result *const *results, size_t n, size_t *cluster, size_t *out_stores)
{
    size_t stores = 0;

    for (size_t i = 0; i < n; i++) {
        size_t j = i;

        while (j && strcmp(results[j - 1]->store, results[i]->store) != 0)     /* trips of a store mostly stand together */
            j--;
        cluster[i] = j ? cluster[j - 1] : stores++;
    }
    if (out_stores)
        *out_stores = stores;
    for (size_t i = 0; i < n && stores < 2; i++)
        cluster[i] = i;
    return stores < 2 ? n : stores;
}

double judge_audit_share(const struct judge_result *const *results, size_t n, enum judge_mode mode)
{
    double marked = 0, trips = 0;

    for (size_t i = 0; i < n; i++) {
        marked += results[i]->tally[mode].audit.den;
        trips += (double)results[i]->tally[mode].audit.n;
    }
    return marked > 0 ? fmin(1, JUDGE_AUDITS_MOST * trips / marked) : 1;
}

const struct judge_tally *judge_tally_of(const struct judge_result *r, const char *slice, enum judge_mode mode)
{
    if (!slice)
        return &r->tally[mode];
    for (size_t i = 0; i < r->slices_n; i++)
        if (!strcmp(r->slice[i].name, slice))
            return &r->slice[i].tally[mode];
    return NULL;
}

size_t judge_scope(const struct judge_result *const *a, const struct judge_result *const *b, size_t n, const size_t *cluster, size_t clusters, const char *slice,
                   enum judge_mode mode, size_t *scope)
{
    size_t kept = 0;

    for (size_t c = 0; c < clusters; c++)
        scope[c] = SIZE_MAX;
    for (size_t i = 0; i < n; i++)
        if (scope[cluster[i]] == SIZE_MAX && (judge_tally_of(a[i], slice, mode) || (b && judge_tally_of(b[i], slice, mode))))
            scope[cluster[i]] = kept++;
    return kept;
}

enum trundle_status judge_pool_make(const struct judge_result *const *results, size_t n, const size_t *cluster, const size_t *scope, size_t clusters,
                                    const char *slice, enum judge_mode mode, struct judge_pool *out)
{
    struct judge_pool p = { .clusters = clusters, .audit_share = judge_audit_share(results, n, mode) };
    size_t latencies = 0;

    for (size_t i = 0; i < n; i++)
        latencies += judge_tally_of(results[i], slice, mode) ? judge_tally_of(results[i], slice, mode)->latencies_n : 0;
    p.num = calloc(clusters + 1, sizeof *p.num);
    p.den = calloc(clusters + 1, sizeof *p.den);
    p.audit = calloc(clusters + 1, sizeof *p.audit);
    p.latency = calloc(latencies + 1, sizeof *p.latency);
    if (!p.num || !p.den || !p.audit || !p.latency) {
        judge_pool_done(&p);
        return TRUNDLE_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        const struct judge_tally *t = judge_tally_of(results[i], slice, mode);
        size_t c = scope[cluster[i]];

        if (!t || c == SIZE_MAX)
            continue;
        p.trips++;
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
            p.num[c][k] += t->key[k].num;
            p.den[c][k] += t->key[k].den;
            p.n[k] += t->key[k].n;
        }
        p.audit[c] += t->audit.num;
        for (size_t k = 0; k < t->latencies_n; k++)
            p.latency[p.latencies_n++] = (struct judge_latency){ t->latency_s[k], c };
    }
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
        if (judge_key_rows[k].kind >= JUDGE_MEDIAN)
            p.n[k] = p.latencies_n;
    if (p.latencies_n)
        qsort(p.latency, p.latencies_n, sizeof *p.latency, by_latency);
    *out = p;
    return TRUNDLE_OK;
}

static uint64_t weight_of(const struct judge_pool *p, const uint32_t *weight)
{
    uint64_t total = 0;

    for (size_t i = 0; p && i < p->latencies_n; i++)
        total += weight[p->latency[i].cluster];
    return total;
}

/* Nearest-rank quantiles of the latencies of both, each as often as its cluster: one walk for all of them. */
static void quantiles(const struct judge_pool *a, const uint32_t *wa, const struct judge_pool *b, const uint32_t *wb, double *out)
{
    static const struct { enum judge_kind kind; double q; } wanted[] = { { JUDGE_MEDIAN, 0.5 }, { JUDGE_P90, 0.9 }, { JUDGE_P99, 0.99 } };
    uint64_t total = weight_of(a, wa) + weight_of(b, wb), seen = 0;
    size_t i = 0, j = 0, nb = b ? b->latencies_n : 0, at = 0;

    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
        if (judge_key_rows[k].kind >= JUDGE_MEDIAN)
            out[k] = (double)NAN;
    while (total && at < COUNT_OF(wanted) && (i < a->latencies_n || j < nb)) {
        bool first = j == nb || (i < a->latencies_n && a->latency[i].s <= b->latency[j].s);
        const struct judge_latency *l = first ? &a->latency[i++] : &b->latency[j++];

        seen += (first ? wa : wb)[l->cluster];
        while (at < COUNT_OF(wanted) && seen >= (uint64_t)ceil(wanted[at].q * (double)total)) {
            for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
                if (judge_key_rows[k].kind == wanted[at].kind)
                    out[k] = l->s;
            at++;
        }
    }
}

struct sums { double num[JUDGE_KEY_COUNT], den[JUDGE_KEY_COUNT], audited; };

static void add_sums(const struct judge_pool *p, const uint32_t *weight, struct sums *s)
{
    for (size_t c = 0; p && c < p->clusters; c++) {
        double w = weight[c];

        if (!weight[c])
            continue;
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
            s->num[k] += w * p->num[c][k];
            s->den[k] += w * p->den[c][k];
        }
        s->audited += w * p->audit_share * p->audit[c];
    }
}

void judge_pool_figures(const struct judge_pool *a, const uint32_t *wa, const struct judge_pool *b, const uint32_t *wb, double out[JUDGE_KEY_COUNT])
{
    struct sums s = { .audited = 0 };

    add_sums(a, wa, &s);
    add_sums(b, wb, &s);
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        const struct judge_key_row *row = &judge_key_rows[k];

        if (!(s.den[k] > 0))
            out[k] = (double)NAN;
        else if (row->kind == JUDGE_COUNT)
            out[k] = s.num[k];
        else
            out[k] = row->scale * (s.num[k] - (row->kind == JUDGE_LOSS ? s.audited : 0)) / s.den[k];
    }
    quantiles(a, wa, b, wb, out);
}

static double percentile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;

    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* Where to cut n-cluster resamples so that few clusters do not give too narrow an interval: Phi(-sqrt(n / (n - 1)) t).
 * t: 97.5 % point of Student's with n - 1 degrees, Cornish-Fisher (Abramowitz, Stegun 26.7.5), short but ample below 3. */
static double tail_of(size_t clusters)
{
    double n = (double)clusters, v = n - 1, z = 1.959963985;
    double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    double t = z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v);

    return 0.5 * erfc(sqrt(n / v) * t / sqrt(2.0));
}

/* How far a share of n of n may be from 1 (Clopper, Pearson 1934, the end points). */
static double slack(uint64_t n)
{
    return n ? 1 - pow(0.025, 1 / (double)n) : 1;
}

struct draws { double (*x)[JUDGE_RESAMPLES]; size_t n[JUDGE_KEY_COUNT]; uint32_t *weight, *other; };

static bool draws_make(struct draws *d, size_t clusters)
{
    d->x = calloc(JUDGE_KEY_COUNT, sizeof *d->x);
    d->weight = calloc(clusters + 1, sizeof *d->weight);
    d->other = calloc(clusters + 1, sizeof *d->other);
    return d->x && d->weight && d->other;
}

static void draws_done(struct draws *d)
{
    free(d->x);
    free(d->weight);
    free(d->other);
}

static void resample(struct rng *r, size_t clusters, uint32_t *weight)
{
    memset(weight, 0, clusters * sizeof *weight);
    for (size_t c = 0; c < clusters; c++)
        weight[rng_below(r, (uint32_t)clusters)]++;
}

static void cut(struct draws *d, size_t key, double tail, double *out_lo, double *out_hi)
{
    if (!d->n[key])
        return;
    qsort(d->x[key], d->n[key], sizeof d->x[key][0], list_by_double);
    *out_lo = percentile(d->x[key], d->n[key], tail);
    *out_hi = percentile(d->x[key], d->n[key], 1 - tail);
}

static void keep(struct draws *d, size_t key, double x)
{
    if (isfinite(x))
        d->x[key][d->n[key]++] = x;
}

enum trundle_status judge_pool_values(const struct judge_pool *p, uint64_t seed, struct judge_value out[JUDGE_KEY_COUNT])
{
    struct rng r = rng_seed(seed, "judge/bootstrap");
    struct draws d = { .x = NULL };
    double f[JUDGE_KEY_COUNT];

    if (!draws_make(&d, p->clusters)) {
        draws_done(&d);
        return TRUNDLE_NO_MEMORY;
    }
    for (size_t c = 0; c < p->clusters; c++)
        d.weight[c] = 1;
    judge_pool_figures(p, d.weight, NULL, NULL, f);
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        out[k] = (struct judge_value){ .value = (double)NAN, .lo = (double)NAN, .hi = (double)NAN, .n = p->n[k] };
        if (out[k].n && out[k].n >= judge_key_rows[k].least)
            out[k].value = f[k];
    }
    for (size_t b = 0; b < JUDGE_RESAMPLES && p->clusters > 1; b++) {
        resample(&r, p->clusters, d.weight);
        judge_pool_figures(p, d.weight, NULL, NULL, f);
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
            if (isfinite(out[k].value))
                keep(&d, k, f[k]);
    }
    for (size_t k = 0; k < JUDGE_KEY_COUNT && p->clusters > 1; k++) {
        cut(&d, k, tail_of(p->clusters), &out[k].lo, &out[k].hi);
        if (judge_key_rows[k].kind != JUDGE_SHARE || !isfinite(out[k].lo) || out[k].hi > out[k].lo)
            continue;
        if (out[k].value >= 1)             /* no resample can show what was never seen */
            out[k].lo = 1 - slack(out[k].n);
        else if (out[k].value <= 0)
            out[k].hi = slack(out[k].n);
    }
    draws_done(&d);
    return TRUNDLE_OK;
}

/* How often a swap of sides, store by store, gives a difference as large as the one seen. */
static void swap_sides(const struct judge_pool *a, const struct judge_pool *b, struct rng *r, struct draws *d, struct judge_difference out[JUDGE_KEY_COUNT])
{
    bool all = a->clusters <= JUDGE_SWAPS_EXACT;
    size_t rounds = all ? (size_t)1 << a->clusters : JUDGE_SWAPS, as_large[JUDGE_KEY_COUNT] = { 0 }, known[JUDGE_KEY_COUNT] = { 0 };
    double x[JUDGE_KEY_COUNT], y[JUDGE_KEY_COUNT];

    for (size_t round = 0; round < rounds; round++) {
        for (size_t c = 0; c < a->clusters; c++) {
            d->weight[c] = all ? (uint32_t)(round >> c & 1) : rng_below(r, 2);
            d->other[c] = !d->weight[c];
        }
        judge_pool_figures(a, d->weight, b, d->other, x);
        judge_pool_figures(a, d->other, b, d->weight, y);
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
            double seen = fabs(out[k].difference);

            if (!isfinite(seen) || !isfinite(x[k]) || !isfinite(y[k]))
                continue;
            known[k]++;
            as_large[k] += fabs(x[k] - y[k]) >= seen - 1e-9 * fmax(1, seen);
        }
    }
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)       /* of a sample of swaps the one that was seen is one more */
        if (known[k])
            out[k].p = all ? (double)as_large[k] / (double)known[k] : (double)(as_large[k] + 1) / (double)(known[k] + 1);
}

static void spread(struct draws *d, size_t key, double *out_sd)
{
    double mean = 0, square = 0;
    size_t n = d->n[key];

    for (size_t i = 0; i < n; i++)
        mean += d->x[key][i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (d->x[key][i] - mean) * (d->x[key][i] - mean);
    if (n > 1)
        *out_sd = sqrt(square / (double)(n - 1));
}

static void resample_both(const struct judge_pool *a, const struct judge_pool *b, struct rng *r, struct draws *d, struct judge_difference out[JUDGE_KEY_COUNT])
{
    double x[JUDGE_KEY_COUNT], y[JUDGE_KEY_COUNT];

    for (size_t i = 0; i < JUDGE_RESAMPLES; i++) {
        resample(r, a->clusters, d->weight);
        judge_pool_figures(a, d->weight, NULL, NULL, x);
        judge_pool_figures(b, d->weight, NULL, NULL, y);
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
            if (isfinite(out[k].difference))
                keep(d, k, y[k] - x[k]);
    }
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        spread(d, k, &out[k].sd);
        cut(d, k, tail_of(a->clusters), &out[k].lo, &out[k].hi);
        if (judge_key_rows[k].kind == JUDGE_SHARE && isfinite(out[k].lo) && !(out[k].hi > out[k].lo)) {
            out[k].lo -= slack(out[k].n);
            out[k].hi += slack(out[k].n);
        }
    }
}

enum trundle_status judge_pool_compare(const struct judge_pool *a, const struct judge_pool *b, uint64_t seed, struct judge_difference out[JUDGE_KEY_COUNT])
{
    struct rng r = rng_seed(seed, "judge/compare");
    struct draws d = { .x = NULL };
    double x[JUDGE_KEY_COUNT], y[JUDGE_KEY_COUNT];

    if (!draws_make(&d, a->clusters)) {
        draws_done(&d);
        return TRUNDLE_NO_MEMORY;
    }
    for (size_t c = 0; c < a->clusters; c++)
        d.weight[c] = 1;
    judge_pool_figures(a, d.weight, NULL, NULL, x);
    judge_pool_figures(b, d.weight, NULL, NULL, y);
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        uint64_t n = a->n[k] < b->n[k] ? a->n[k] : b->n[k], most = a->n[k] < b->n[k] ? b->n[k] : a->n[k];
        bool enough = n && n >= judge_key_rows[k].least;

        out[k] = (struct judge_difference){ .a = enough ? x[k] : (double)NAN, .b = enough ? y[k] : (double)NAN, .lo = (double)NAN, .hi = (double)NAN,
                                            .p = (double)NAN, .sd = (double)NAN, .n = n, .n_most = most };
        out[k].difference = out[k].b - out[k].a;
    }
    if (a->clusters > 1) {
        resample_both(a, b, &r, &d, out);
        swap_sides(a, b, &r, &d, out);
    }
    draws_done(&d);
    return TRUNDLE_OK;
}

enum trundle_status judge_holm(double *p, size_t m)
{
    size_t *order = malloc((m + 1) * sizeof *order), n = 0;
    double least = 0;

    if (!order)
        return TRUNDLE_NO_MEMORY;
    for (size_t i = 0; i < m; i++) {
        size_t j = n;

        if (!isfinite(p[i]))
            continue;
        for (n++; j && p[order[j - 1]] > p[i]; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
    for (size_t i = 0; i < n; i++) {
        least = fmax(least, fmin(1, (double)(n - i) * p[order[i]]));
        p[order[i]] = least;
    }
    free(order);
    return TRUNDLE_OK;
}
