/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* From results of trips to figures with intervals (stats.h), all and by slice. */
#include "lab/judge/judge.h"

#include "base/std/status.h"
#include "lab/judge/stats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is pooled: the trips in their order, and the cluster of each. */
struct trips { const struct judge_result **result; size_t n, *cluster, clusters, *scope; };

static enum trundle_status values_of(const struct trips *t, const char *slice, uint64_t seed, bool has_aided, struct judge_values *out)
{
    for (int mode = 0; mode < JUDGE_MODES; mode++) {
        struct judge_pool pool = { 0 };
        enum trundle_status status;
        size_t clusters;

        out->has[mode] = t->n > 0 && (mode == JUDGE_UNAIDED || has_aided);
        if (!out->has[mode])
            continue;
        clusters = judge_scope(t->result, NULL, t->n, t->cluster, t->clusters, slice, (enum judge_mode)mode, t->scope);
        status = judge_pool_make(t->result, t->n, t->cluster, t->scope, clusters, slice, (enum judge_mode)mode, &pool);
        if (status == TRUNDLE_OK)
            status = judge_pool_values(&pool, seed, out->key[mode]);
        judge_pool_done(&pool);
        TRY(status);
    }
    return TRUNDLE_OK;
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
    struct trips t = { .n = n, .result = calloc(n + 1, sizeof *t.result), .cluster = calloc(n + 1, sizeof *t.cluster), .scope = calloc(n + 1, sizeof *t.scope) };
    bool has_aided = n > 0;
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!t.result || !t.cluster || !t.scope)
        goto out;
    if (n)
        (void)snprintf(report.suite, sizeof report.suite, "%s", results[0].suite);
    for (size_t i = 0; i < n; i++) {
        t.result[i] = &results[i];
        has_aided = has_aided && results[i].has_aided;
        if (results[i].seed < report.seed0)
            report.seed0 = results[i].seed;
        if (strcmp(results[i].suite, report.suite) != 0)
            (void)snprintf(report.suite, sizeof report.suite, "mixed");
    }
    t.clusters = judge_clusters(t.result, n, t.cluster, &report.stores);
    report.by_store = report.stores > 1;
    TRY_GOTO(status, name_slices(results, n, &report), out);
    TRY_GOTO(status, values_of(&t, NULL, seed, has_aided, &report.all), out);
    for (size_t i = 0; i < report.slices_n; i++)
        TRY_GOTO(status, values_of(&t, report.slice[i].name, seed, has_aided, &report.slice[i].values), out);
    *out = report;
out:
    free(t.result);
    free(t.cluster);
    free(t.scope);
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
