/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The registry as text: prometheus.io/docs/instrumenting/exposition_formats (0.0.4) and the OpenMetrics 1.0 specification. */
#include "base/std/status.h"
#include "hub/watch/metrics_inside.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The shortest decimal that reads back as the same double. OpenMetrics wants a point in bucket bounds ("1.0"). */
static const char *number(double v, bool point, char out[40])
{
    if (isnan(v))
        return "NaN";
    if (isinf(v))
        return v > 0 ? "+Inf" : "-Inf";
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(out, 32, "%.*g", digits, v);
        if (!(strtod(out, NULL) < v) && !(strtod(out, NULL) > v))
            break;
    }
    if (point && !strpbrk(out, ".e"))
        strcat(out, ".0");
    return out;
}

static enum trundle_status escaped(struct bytes *out, const char *text, bool quote)
{
    for (; *text; text++) {
        if (*text == '\\')
            TRY(bytes_append(out, "\\\\", 2));
        else if (*text == '\n')
            TRY(bytes_append(out, "\\n", 2));
        else if (*text == '"' && quote)
            TRY(bytes_append(out, "\\\"", 2));
        else
            TRY(bytes_append(out, text, 1));
    }
    return TRUNDLE_OK;
}

/* {a="x",le="0.5"}; `le` NULL: no bucket. */
static enum trundle_status labels(struct bytes *out, const struct watch_metric *metric, const struct series *s, const char *le)
{
    size_t n = watch_metric_labels(metric);

    if (!n && !le)
        return TRUNDLE_OK;
    for (size_t i = 0; i < n; i++) {
        TRY(bytes_print(out, "%c%s=\"", i ? ',' : '{', metric->label[i]));
        TRY(escaped(out, s->label[i], true));
        TRY(bytes_append(out, "\"", 1));
    }
    if (le)
        TRY(bytes_print(out, "%cle=\"%s\"", n ? ',' : '{', le));
    return bytes_append(out, "}", 1);
}

static enum trundle_status sample(struct bytes *out, const struct watch_metric *metric, const struct series *s, const char *suffix, const char *le, const char *value)
{
    TRY(bytes_print(out, "%s%s", metric->name, suffix));
    TRY(labels(out, metric, s, le));
    return bytes_print(out, " %s\n", value);
}

static enum trundle_status histogram(struct bytes *out, const struct watch_metric *metric, const struct series *s, bool open)
{
    char text[40], bound[40];
    uint64_t sum = 0;

    for (size_t i = 0; i <= metric->bounds_n; i++) {
        sum += s->bucket[i];
        (void)snprintf(text, sizeof text, "%" PRIu64, sum);
        TRY(sample(out, metric, s, "_bucket", i < metric->bounds_n ? number(metric->bound[i], open, bound) : "+Inf", text));
    }
    TRY(sample(out, metric, s, "_sum", NULL, number(s->value, false, text)));
    (void)snprintf(text, sizeof text, "%" PRIu64, s->count);
    return sample(out, metric, s, "_count", NULL, text);
}

static enum trundle_status family(struct bytes *out, const struct family *f, bool open)
{
    static const char *const type[] = { "counter", "gauge", "histogram" };
    const struct watch_metric *metric = f->metric;
    const char *suffix = metric->type == WATCH_COUNTER ? "_total" : "", *name_suffix = open ? "" : suffix;
    char text[40];

    if (!f->n)
        return TRUNDLE_OK;
    TRY(bytes_print(out, "# HELP %s%s ", metric->name, name_suffix));
    TRY(escaped(out, metric->help, open));
    TRY(bytes_print(out, "\n# TYPE %s%s %s\n", metric->name, name_suffix, type[metric->type]));
    if (open && metric->unit)
        TRY(bytes_print(out, "# UNIT %s %s\n", metric->name, metric->unit));
    for (size_t i = 0; i < f->n; i++)
        if (metric->type == WATCH_HISTOGRAM)
            TRY(histogram(out, metric, f->series[i], open));
        else
            TRY(sample(out, metric, f->series[i], suffix, NULL, number(f->series[i]->value, false, text)));
    return TRUNDLE_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct family *const *)a)->metric->name, (*(const struct family *const *)b)->metric->name);
}

enum trundle_status watch_metrics_print(struct watch_metrics *m, enum watch_format format, struct bytes *out, struct trundle_error *err)
{
    const struct family **order = NULL;
    enum trundle_status status = TRUNDLE_OK;
    size_t before = out->n;

    (void)pthread_mutex_lock(&m->lock);
    watch_metrics_settle(m);
    order = malloc((m->families_n + 1) * sizeof *order);
    if (!order) {
        status = TRUNDLE_NO_MEMORY;
        goto out;
    }
    for (size_t i = 0; i < m->families_n; i++)
        order[i] = &m->family[i];
    qsort(order, m->families_n, sizeof *order, by_name);
    for (size_t i = 0; i < m->families_n; i++)
        TRY_GOTO(status, family(out, order[i], format == WATCH_OPENMETRICS), out);
    if (format == WATCH_OPENMETRICS)
        status = bytes_print(out, "# EOF\n");
out:
    free(order);
    (void)pthread_mutex_unlock(&m->lock);
    if (status != TRUNDLE_OK) {
        out->n = before;
        return error_set(err, status, "metrics", NULL, "no memory for the text");
    }
    return TRUNDLE_OK;
}

const char *watch_metrics_type(enum watch_format format)
{
    return format == WATCH_OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
}

/* The q of one element of an Accept header: 1 when it says none, 0 when it is no number (RFC 9110, section 12.4.2). */
static double quality(const char *from, const char *end)
{
    for (const char *p = from; p < end; p++)
        if (*p == ';') {
            while (p + 1 < end && (p[1] == ' ' || p[1] == '\t'))
                p++;
            if (p + 2 < end && (p[1] == 'q' || p[1] == 'Q') && p[2] == '=') {
                char *stop;
                double q = strtod(p + 3, &stop);

                return stop == p + 3 || !(q >= 0) ? 0 : q > 1 ? 1 : q;
            }
        }
    return 1;
}

enum watch_format watch_metrics_format(const char *accept)
{
    double open = 0, text = 0;

    for (const char *at = accept; at && *at;) {
        const char *end = at + strcspn(at, ",");

        at += strspn(at, " \t");
        if (!strncasecmp(at, "application/openmetrics-text", 28) && strchr(";, \t", at[28]))
            open = fmax(open, quality(at, end));
        else if (!strncasecmp(at, "text/plain", 10))
            text = fmax(text, quality(at, end));
        at = *end ? end + 1 : end;
    }
    return open > 0 && open >= text ? WATCH_OPENMETRICS : WATCH_TEXT_004;
}
