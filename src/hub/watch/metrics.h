/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * watch/metrics - counters, gauges and histograms, and their text for Prometheus.
 *
 *     static const struct watch_metric requests = { "trundle_http_requests", "Requests answered.", WATCH_COUNTER, .label = { "method", "status" } };
 *     watch_metric_add(m, &requests, (const char *[]){ "GET", "200" }, 1);
 *     TRY(watch_metrics_print(m, watch_metrics_format(accept), &text, err));
 *
 * Text forms: Prometheus exposition format 0.0.4, and OpenMetrics 1.0. A metric is a static description: its `name` is without "_total"
 * (the text adds it to counters) and ends in its unit when it has one. Series appear with their first value; a metric without labels shows 0 from
 * watch_metric_declare on. Over WATCH_SERIES_MAX series, new ones are dropped and counted in trundle_metrics_series_refused_total.
 * Threads: any; a lock inside. What is wrong with a description is our own bug: assert.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>

enum { WATCH_LABELS_MAX = 4, WATCH_SERIES_MAX = 20000, WATCH_BUCKETS_MAX = 24, WATCH_LABEL_TEXT = 128 };

enum watch_metric_type { WATCH_COUNTER, WATCH_GAUGE, WATCH_HISTOGRAM };

struct watch_metric {
    const char *name, *help;
    enum watch_metric_type type;
    const char *unit;                      /* NULL none; else the name ends in _UNIT */
    const char *label[WATCH_LABELS_MAX];   /* names; NULL ends them */
    const double *bound;                   /* histograms: rising upper bounds, +Inf is added */
    size_t bounds_n;                       /* 1..WATCH_BUCKETS_MAX */
};

struct watch_metrics;

enum watch_format { WATCH_TEXT_004, WATCH_OPENMETRICS };

TRUNDLE_MUST_USE enum trundle_status watch_metrics_new(struct watch_metrics **out);
void watch_metrics_free(struct watch_metrics *m);      /* NULL is fine */

/* `label`: as many texts as the metric has label names (NULL when none); longer ones are cut to WATCH_LABEL_TEXT, bytes that are no UTF-8 become
 * U+FFFD. m NULL: nothing. A series that finds no memory is counted as refused. */
void watch_metric_declare(struct watch_metrics *m, const struct watch_metric *metric);
void watch_metric_add(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label, double value);     /* counters: value >= 0 */
void watch_metric_set(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label, double value);     /* gauges */
void watch_metric_observe(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label, double value); /* histograms */
/* Forgets all series of a gauge, before it is set anew for what there is now. */
void watch_metric_clear(struct watch_metrics *m, const struct watch_metric *metric);
/* Value of a counter or gauge, count of a histogram; 0 when there is no such series. */
double watch_metric_value(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label);

/* What an Accept header asks for: OpenMetrics when it is named with a q that is not below that of text/plain; NULL: 0.0.4. */
enum watch_format watch_metrics_format(const char *accept);
const char *watch_metrics_type(enum watch_format format);          /* Content-Type */
/* Appends all of it, by name; NO_MEMORY leaves `out` as it was. */
TRUNDLE_MUST_USE enum trundle_status watch_metrics_print(struct watch_metrics *m, enum watch_format format, struct bytes *out, struct trundle_error *err);
