/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Inside metrics: for metrics.c and metrics_print.c. */
#pragma once

#include "hub/watch/metrics.h"

#include <pthread.h>

struct series {
    size_t   family;
    char    *label[WATCH_LABELS_MAX];      /* owned */
    double   value;                        /* of a histogram: the sum */
    uint64_t count, *bucket;               /* owned; of histograms, not cumulated */
};

struct family {
    const struct watch_metric *metric;
    struct series **series;                /* owned */
    size_t n, room;
};

struct watch_metrics {
    pthread_mutex_t lock;
    struct family *family;
    size_t   families_n, families_room, series_n;
    uint64_t refused;
    struct series **slot;                  /* open addressing by family and labels; the families own the series */
};

size_t watch_metric_labels(const struct watch_metric *metric);
/* Under the lock: brings what the registry says of itself up to date. */
void watch_metrics_settle(struct watch_metrics *m);
