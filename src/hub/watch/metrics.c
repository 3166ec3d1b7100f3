/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The registry behind metrics.h: families in a list, series of all of them in one hash table. The text is metrics_print.c's. */
#include "base/std/hash.h"
#include "base/std/list.h"
#include "base/std/status.h"
#include "hub/watch/metrics_inside.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 16 };      /* over three for each series that there may be */

static const struct watch_metric refused = { "trundle_metrics_series_refused", "Series that were dropped because there were too many.", WATCH_COUNTER,
                                             NULL, { NULL }, NULL, 0 };

enum trundle_status watch_metrics_new(struct watch_metrics **out)
{
    struct watch_metrics *m = calloc(1, sizeof *m);

    if (!m)
        return TRUNDLE_NO_MEMORY;
    m->slot = calloc(SLOTS, sizeof *m->slot);
    if (!m->slot || pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m->slot);
        free(m);
        return TRUNDLE_NO_MEMORY;
    }
    *out = m;
    watch_metric_declare(m, &refused);
    return TRUNDLE_OK;
}

static void series_free(struct series *s)
{
    for (size_t i = 0; i < WATCH_LABELS_MAX; i++)
        free(s->label[i]);
    free(s->bucket);
    free(s);
}

void watch_metrics_free(struct watch_metrics *m)
{
    if (!m)
        return;
    for (size_t f = 0; f < m->families_n; f++) {
        for (size_t i = 0; i < m->family[f].n; i++)
            series_free(m->family[f].series[i]);
        free(m->family[f].series);
    }
    free(m->family);
    free(m->slot);
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}

size_t watch_metric_labels(const struct watch_metric *metric)
{
    size_t n = 0;

    while (n < WATCH_LABELS_MAX && metric->label[n])
        n++;
    return n;
}

static bool name_ok(const char *name)
{
    size_t n = strlen(name);

    return n && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n && (*name < '0' || *name > '9');
}

/* Index of the metric's family, made when it is new; SIZE_MAX: no memory. */
static size_t family_of(struct watch_metrics *m, const struct watch_metric *metric)
{
    for (size_t i = 0; i < m->families_n; i++)
        if (m->family[i].metric == metric || !strcmp(m->family[i].metric->name, metric->name)) {
            assert(m->family[i].metric->type == metric->type);
            return i;
        }
    assert(name_ok(metric->name) && metric->help);
    assert(metric->type != WATCH_HISTOGRAM || (metric->bounds_n > 0 && metric->bounds_n <= WATCH_BUCKETS_MAX));
    assert(!metric->unit || (strlen(metric->name) > strlen(metric->unit) && !strcmp(metric->name + strlen(metric->name) - strlen(metric->unit), metric->unit)));
    for (size_t i = 0; i < watch_metric_labels(metric); i++)
        assert(name_ok(metric->label[i]) && strcmp(metric->label[i], "le") != 0);
    if (!list_grow((void **)&m->family, sizeof *m->family, m->families_n, &m->families_room))
        return SIZE_MAX;
    m->family[m->families_n] = (struct family){ .metric = metric };
    return m->families_n++;
}

/* Bytes of the UTF-8 character at s (NUL-terminated), 0 when it is none. Overlong forms, surrogates and what lies beyond U+10FFFF are none. */
static size_t character(const unsigned char *s)
{
    unsigned c = s[0];
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;

    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) || (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static void label_text(const char *in, char out[WATCH_LABEL_TEXT])
{
    const unsigned char *s = (const unsigned char *)(in ? in : "");
    size_t used = 0;

    while (*s) {
        size_t n = character(s);

        if (used + (n ? n : 3) >= WATCH_LABEL_TEXT)
            break;
        memcpy(out + used, n ? (const char *)s : "\xef\xbf\xbd", n ? n : 3);
        used += n ? n : 3;
        s += n ? n : 1;
    }
    out[used] = '\0';
}

static struct series *series_new(struct watch_metrics *m, size_t family, const char text[][WATCH_LABEL_TEXT], size_t labels)
{
    struct family *f = &m->family[family];
    struct series *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->family = family;
    for (size_t i = 0; i < labels; i++) {
        s->label[i] = strdup(text[i]);
        if (!s->label[i])
            goto out;
    }
    if (f->metric->type == WATCH_HISTOGRAM) {
        s->bucket = calloc(f->metric->bounds_n + 1, sizeof *s->bucket);
        if (!s->bucket)
            goto out;
    }
    if (!list_grow((void **)&f->series, sizeof *f->series, f->n, &f->room))
        goto out;
    f->series[f->n++] = s;
    m->series_n++;
    return s;
out:
    series_free(s);
    return NULL;
}

/* The series; `make` it when it is not there. NULL: there is none and there will be none. */
static struct series *series_of(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label, bool make)
{
    char text[WATCH_LABELS_MAX][WATCH_LABEL_TEXT];
    size_t family = family_of(m, metric), labels = watch_metric_labels(metric);
    uint64_t hash = hash64(&family, sizeof family, 0);
    struct series **slot;

    if (family == SIZE_MAX)
        return NULL;
    for (size_t i = 0; i < labels; i++) {
        label_text(label ? label[i] : NULL, text[i]);
        hash = hash64(text[i], strlen(text[i]) + 1, hash);
    }
    for (size_t at = (size_t)(hash % SLOTS);; at = (at + 1) % SLOTS) {
        size_t same = 0;

        slot = &m->slot[at];
        if (!*slot)
            break;
        if ((*slot)->family != family)
            continue;
        while (same < labels && !strcmp((*slot)->label[same], text[same]))
            same++;
        if (same == labels)
            return *slot;
    }
    if (!make)
        return NULL;
    if (m->series_n < WATCH_SERIES_MAX)
        *slot = series_new(m, family, text, labels);
    if (!*slot)
        m->refused++;
    return *slot;
}

void watch_metric_declare(struct watch_metrics *m, const struct watch_metric *metric)
{
    if (!m)
        return;
    (void)pthread_mutex_lock(&m->lock);
    if (watch_metric_labels(metric) == 0)
        (void)series_of(m, metric, NULL, true);
    else
        (void)family_of(m, metric);
    (void)pthread_mutex_unlock(&m->lock);
}

void watch_metric_add(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label, double value)
{
    struct series *s;

    assert(metric->type == WATCH_GAUGE || (metric->type == WATCH_COUNTER && value >= 0));
    if (!m)
        return;
    (void)pthread_mutex_lock(&m->lock);
    s = series_of(m, metric, label, true);
    if (s)
        s->value += value;
    (void)pthread_mutex_unlock(&m->lock);
}

void watch_metric_set(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label, double value)
{
    struct series *s;

    assert(metric->type == WATCH_GAUGE);
    if (!m)
        return;
    (void)pthread_mutex_lock(&m->lock);
    s = series_of(m, metric, label, true);
    if (s)
        s->value = value;
    (void)pthread_mutex_unlock(&m->lock);
}

void watch_metric_observe(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label, double value)
{
    struct series *s;
    size_t i = 0;

    assert(metric->type == WATCH_HISTOGRAM);
    if (!m || isnan(value))
        return;
    (void)pthread_mutex_lock(&m->lock);
    s = series_of(m, metric, label, true);
    if (s) {
        while (i < metric->bounds_n && value > metric->bound[i])
            i++;
        s->bucket[i]++;
        s->value += value;
        s->count++;
    }
    (void)pthread_mutex_unlock(&m->lock);
}

/* Takes the series of one family out of the table, which is built anew: an open table has no holes. */
void watch_metric_clear(struct watch_metrics *m, const struct watch_metric *metric)
{
    size_t family;

    assert(metric->type == WATCH_GAUGE);
    if (!m)
        return;
    (void)pthread_mutex_lock(&m->lock);
    family = family_of(m, metric);
    if (family != SIZE_MAX && m->family[family].n) {
        struct family *gone = &m->family[family];

        memset(m->slot, 0, SLOTS * sizeof *m->slot);
        for (size_t i = 0; i < gone->n; i++)
            series_free(gone->series[i]);
        m->series_n -= gone->n;
        gone->n = 0;
        for (size_t f = 0; f < m->families_n; f++)
            for (size_t i = 0; i < m->family[f].n; i++) {
                struct series *s = m->family[f].series[i];
                uint64_t hash = hash64(&s->family, sizeof s->family, 0);
                size_t at;

                for (size_t k = 0; k < watch_metric_labels(m->family[f].metric); k++)
                    hash = hash64(s->label[k], strlen(s->label[k]) + 1, hash);
                for (at = (size_t)(hash % SLOTS); m->slot[at]; at = (at + 1) % SLOTS)
                    ;
                m->slot[at] = s;
            }
    }
    (void)pthread_mutex_unlock(&m->lock);
}

double watch_metric_value(struct watch_metrics *m, const struct watch_metric *metric, const char *const *label)
{
    struct series *s;
    double value = 0;

    if (!m)
        return 0;
    (void)pthread_mutex_lock(&m->lock);
    s = series_of(m, metric, label, false);
    if (s)
        value = metric->type == WATCH_HISTOGRAM ? (double)s->count : s->value;
    (void)pthread_mutex_unlock(&m->lock);
    return value;
}

void watch_metrics_settle(struct watch_metrics *m)
{
    struct series *s = series_of(m, &refused, NULL, false);

    if (s)
        s->value = (double)m->refused;
}
