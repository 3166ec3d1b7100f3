/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Inside watch: for its own files. */
#pragma once

#include "base/db/query.h"
#include "hub/watch/accuracy.h"
#include "hub/watch/drift.h"
#include "hub/watch/watch.h"

#define DAY_NS  INT64_C(86400000000000)
#define WEEK_NS (7 * DAY_NS)

struct watch {
    struct watch_config config;
    struct accuracy_map map;
    double limit[2];                       /* of streams by scope */
};

enum watch_scope { WATCH_CART = 0, WATCH_STORE = 1 };

/* All rows of a statement, which is freed, by a spec of base/db/query: {"rows":[...],"next":...}, when there are more than `limit`: the last kept row's `next`. */
TRUNDLE_MUST_USE enum trundle_status watch_rows(struct db_statement *s, const char *spec, int limit, const char *next, json_t **out, struct trundle_error *err);
int watch_limit(const struct watch_query *query);
const char *watch_text(const char *text);  /* NULL becomes "" */

/* a-z 0-9 - _ . , 1 to 40, a letter or digit first. */
bool watch_name_ok(const char *name);

/* One number of a stream for both scopes, tested and kept; opens and closes its drift alerts. */
struct watch_value { const char *name; double mean, sd; int64_t n; };
TRUNDLE_MUST_USE enum trundle_status watch_stream(const struct watch *w, struct db *db, enum watch_scope scope, const char *who, const char *cart, const char *trip,
                                                  int64_t t_ns, const struct watch_value *value, int64_t now_ns, struct trundle_error *err);
/* Starts a stream's sums afresh; `rebase` its past too. */
TRUNDLE_MUST_USE enum trundle_status watch_stream_reset(struct db *db, enum watch_scope scope, const char *who, const char *name, bool rebase, struct trundle_error *err);

/* The map for trips of a bundle. */
TRUNDLE_MUST_USE enum trundle_status watch_map(const struct watch *w, struct db *db, const char *bundle, struct accuracy_map *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status watch_trip(const struct watch *w, struct db *db, const struct watch_record *r, const char *store, int64_t now_ns, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status watch_health(const struct watch *w, struct db *db, const struct watch_record *r, const char *store, int64_t now_ns, struct trundle_error *err);

/* A row of an incident's time line. */
TRUNDLE_MUST_USE enum trundle_status watch_line(struct db *db, int64_t incident, int64_t t_ns, const char *kind, const char *who, const char *text, const char *ref,
                                                struct trundle_error *err);

/* What is counted. */
extern const struct watch_metric watch_m_records, watch_m_decisions, watch_m_corrected, watch_m_alerts, watch_m_trips, watch_m_items, watch_m_line;
