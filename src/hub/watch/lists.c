/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What the API and the console read: carts, trips, alerts, incidents, streams; and the gauges that are made of rows. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ACCURACY_LINES_LEAST = 20 };

static const struct watch_metric carts_metric = { "trundle_carts", "Carts, by store and state.", WATCH_GAUGE, NULL, { "store", "state", NULL, NULL }, NULL, 0 };
static const struct watch_metric open_metric = { "trundle_alerts_open", "Alerts that are not closed.", WATCH_GAUGE, NULL, { "kind", "state", NULL, NULL }, NULL, 0 };
static const struct watch_metric accuracy_metric = { "trundle_accuracy_estimated_ratio", "Share of right lines over 7 days, estimated without labels: middle and ends of the 95 % interval.",
                                                     WATCH_GAUGE, "ratio", { "store", "bound", NULL, NULL }, NULL, 0 };

#define STATE "CASE WHEN c.seen_ns < ?1 THEN 'silent' WHEN (SELECT COUNT(*) FROM watch_alert a WHERE a.cart = c.cart AND a.state <> 'closed') > 0 THEN 'attention' ELSE 'ok' END"
#define HAS(column, i) "(" i " = '' OR instr(lower(" column "), lower(" i ")) > 0)"
#define IS(column, i)  "(" i " = '' OR " column " = " i ")"

/* Of lines that were estimated right, trip by trip, each by the map of the bundle that it ran. */
#define SUMS "SUM(b0) b0, SUM(b1) b1, SUM(b2) b2, SUM(b3) b3, SUM(b4) b4, SUM(b5) b5, SUM(b6) b6, SUM(b7) b7, SUM(b8) b8, SUM(b9) b9," \
             " SUM(accuracy * (b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7 + b8 + b9)) sure"

/* {value, lo, hi, n, trips} from the SUMS at `column`, null under ACCURACY_LINES_LEAST lines. The interval is as wide as the hub's own map makes it. */
static json_t *accuracy_of(const struct watch *w, const struct db_statement *s, int column, int64_t trips, struct accuracy_value *out)
{
    struct accuracy_trip sum = { .store = 0 };
    struct accuracy_value v;

    for (int b = 0; b < ACCURACY_BINS; b++)
        sum.n[b] = (uint32_t)db_integer(s, column + b);
    accuracy_estimate(&w->map, &sum, 1, &v);
    if (v.n > 0) {
        double moved = db_number(s, column + ACCURACY_BINS) / (double)v.n - v.value;

        v = (struct accuracy_value){ v.value + moved, fmax(0, v.lo + moved), fmin(1, v.hi + moved), v.n, v.trips };
    }
    *out = v;
    if (v.n < ACCURACY_LINES_LEAST) {
        *out = (struct accuracy_value){ (double)NAN, (double)NAN, (double)NAN, v.n, 0 };
        return json_null();
    }
    return json_pack("{s:f,s:f,s:f,s:I,s:I}", "value", v.value, "lo", v.lo, "hi", v.hi, "n", (json_int_t)v.n, "trips", (json_int_t)trips);
}

/* What the last health record said is in one column; its fields become the row's. */
static int add_health(json_t *row)
{
    static const char *const field[] = { "uptime_s", "load", "temperature_c", "battery", "disk_free_bytes", "outbox_bytes", "cameras", "cells" };
    json_t *health = json_incref(json_object_get(row, "health"));
    int bad = 0;

    for (size_t i = 0; i < COUNT_OF(field); i++) {
        json_t *value = json_object_get(health, field[i]);

        bad |= json_object_set(row, field[i], value ? value : json_null());
    }
    bad |= json_object_del(row, "health");
    json_decref(health);
    return bad;
}

enum trundle_status watch_carts_json(const struct watch *w, struct db *db, const struct watch_query *q, int64_t now_ns, json_t **out, struct trundle_error *err)
{
    json_t *rows = json_array(), *root = json_object(), *next = json_null();
    struct db_statement *s = NULL;
    enum trundle_status status = rows && root ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
    int limit = watch_limit(q);

    if (status == TRUNDLE_OK)
        status = db_query(db, &s, err, "SELECT c.cart, c.store, " STATE ", c.seen_ns, c.bundle, c.slot, c.health_ns, c.health,"
                           " (SELECT COUNT(*) FROM watch_alert a WHERE a.cart = c.cart AND a.state <> 'closed'),"
                           " (SELECT MAX(severity) FROM watch_alert a WHERE a.cart = c.cart AND a.state = 'open'),"
                           " COALESCE(t.n, 0), t.items, t.asked, t.corrected, t.b0, t.b1, t.b2, t.b3, t.b4, t.b5, t.b6, t.b7, t.b8, t.b9, t.sure"
                           " FROM watch_cart c LEFT JOIN (SELECT cart, COUNT(*) n, SUM(items) items, SUM(asked) asked, SUM(corrected) corrected, " SUMS
                           " FROM watch_trip WHERE ended_ns >= ?2 GROUP BY cart) t ON t.cart = c.cart"
                           " WHERE c.cart > ?3 AND " IS("c.store", "?4") " AND " IS("c.cart", "?5") " AND (?6 = '' OR " STATE " = ?6)"
                           " AND (" HAS("c.cart", "?7") " OR " HAS("c.store", "?7") " OR " HAS("c.bundle", "?7") ") ORDER BY c.cart LIMIT ?8",
                           "iittttti", now_ns - w->config.silent_ns, now_ns - WEEK_NS, watch_text(q->after), watch_text(q->store), watch_text(q->cart), watch_text(q->state),
                           watch_text(q->q), (int64_t)limit + 1);
    while (status == TRUNDLE_OK && (status = db_step(s, err)) == TRUNDLE_OK) {
        struct accuracy_value v;
        json_t *row;

        if (json_array_size(rows) == (size_t)limit) {
            next = json_object_get(json_array_get(rows, (size_t)limit - 1), "cart");
            status = TRUNDLE_END;
            break;
        }
        row = db_row(s, "t cart|t store|t state|i seen_ns|e bundle|e slot|z health_ns|j health|i alerts|i severity|i trips|i items|i asked|i corrected");
        if (!row || add_health(row) != 0 || json_object_set_new(row, "accuracy", accuracy_of(w, s, 14, db_integer(s, 10), &v)) != 0 || json_array_append_new(rows, row) != 0)
            status = TRUNDLE_NO_MEMORY;
    }
    if (status == TRUNDLE_END)
        status = json_object_set(root, "rows", rows) == 0 && json_object_set(root, "next", next) == 0 ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
    if (status == TRUNDLE_NO_MEMORY)
        (void)error_set(err, status, "watch", NULL, "no memory for the answer");
    db_free(s);
    json_decref(rows);
    if (status == TRUNDLE_OK)
        *out = root;
    else
        json_decref(root);
    return status;
}

#define ALERT_COLUMNS "id, kind, cart, store, name, text, severity, state, opened_ns, last_ns, closed_ns, count, who, incident, detail"
#define ALERT_SPEC    "i id|t kind|t cart|t store|t name|t text|i severity|t state|i opened_ns|i last_ns|z closed_ns|i count|e who|i incident|j detail"

enum trundle_status watch_alerts_json(const struct watch *w, struct db *db, const struct watch_query *q, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;

    (void)w;
    TRY(db_query(db, &s, err, "SELECT " ALERT_COLUMNS " FROM watch_alert WHERE (?1 = 0 OR id < ?1) AND last_ns >= ?2 AND " IS("cart", "?3") " AND " IS("store", "?4")
                  " AND " IS("state", "?5") " AND (" HAS("text", "?6") " OR " HAS("cart", "?6") " OR " HAS("store", "?6") " OR " HAS("kind", "?6") ") ORDER BY id DESC LIMIT ?7",
                  "iitttti", q->before, q->since_ns, watch_text(q->cart), watch_text(q->store), watch_text(q->state), watch_text(q->q), (int64_t)watch_limit(q) + 1));
    return watch_rows(s, ALERT_SPEC, watch_limit(q), "id", out, err);
}

#define INCIDENT_COLUMNS "i.id, i.title, i.cart, i.store, i.state, i.opened_ns, i.closed_ns, (SELECT COUNT(*) FROM watch_alert a WHERE a.incident = i.id)," \
                         " (SELECT COUNT(*) FROM watch_alert a WHERE a.incident = i.id AND a.state <> 'closed')," \
                         " (SELECT MAX(severity) FROM watch_alert a WHERE a.incident = i.id)"
#define INCIDENT_SPEC    "i id|t title|t cart|t store|t state|i opened_ns|z closed_ns|i alerts|i open|i severity"

enum trundle_status watch_incidents_json(const struct watch *w, struct db *db, const struct watch_query *q, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;

    (void)w;
    TRY(db_query(db, &s, err, "SELECT " INCIDENT_COLUMNS " FROM watch_incident i WHERE (?1 = 0 OR i.id < ?1) AND (i.opened_ns >= ?2 OR i.state = 'open') AND " IS("i.cart", "?3")
                  " AND " IS("i.store", "?4") " AND " IS("i.state", "?5") " AND (" HAS("i.title", "?6") " OR " HAS("i.cart", "?6") " OR " HAS("i.store", "?6") ") ORDER BY i.id DESC LIMIT ?7",
                  "iitttti", q->before, q->since_ns, watch_text(q->cart), watch_text(q->store), watch_text(q->state), watch_text(q->q), (int64_t)watch_limit(q) + 1));
    return watch_rows(s, INCIDENT_SPEC, watch_limit(q), "id", out, err);
}

/* Puts the rows of a statement (freed) under a key of an object. */
static enum trundle_status put_rows(json_t *root, const char *key, struct db_statement *s, const char *spec, struct trundle_error *err)
{
    json_t *list = NULL;

    TRY(watch_rows(s, spec, INT32_MAX, "id", &list, err));
    if (json_object_set(root, key, json_object_get(list, "rows")) != 0) {
        json_decref(list);
        return error_set(err, TRUNDLE_NO_MEMORY, "watch", NULL, "no memory for the answer");
    }
    json_decref(list);
    return TRUNDLE_OK;
}

/* An incident's surroundings: what happened to its carts from a week before it to a day after it. */
static enum trundle_status add_parts(struct db *db, json_t *root, struct trundle_error *err)
{
    const char *cart = json_string_value(json_object_get(root, "cart")), *store = json_string_value(json_object_get(root, "store"));
    int64_t id = json_integer_value(json_object_get(root, "id")), from = json_integer_value(json_object_get(root, "opened_ns"));
    int64_t closed = json_integer_value(json_object_get(root, "closed_ns")), until = closed ? closed + DAY_NS : INT64_MAX;
    struct db_statement *s = NULL;

    TRY(db_query(db, &s, err, "SELECT " ALERT_COLUMNS " FROM watch_alert WHERE incident = ? ORDER BY id", "i", id));
    TRY(put_rows(root, "alerts", s, ALERT_SPEC, err));
    s = NULL;
    TRY(db_query(db, &s, err, "SELECT t_ns, kind, cart, who, text, ref FROM (SELECT t_ns, kind, '' cart, who, text, ref, 1 own, id FROM watch_line WHERE incident = ?1 UNION ALL"
                  " SELECT t_ns, kind, cart, who, text, ref, 0, id FROM (SELECT * FROM watch_event WHERE t_ns BETWEEN ?2 AND ?3 AND (cart = '' OR ?4 = '' OR cart = ?4)"
                  "  AND (store = '' OR ?5 = '' OR store = ?5) ORDER BY t_ns DESC LIMIT 500)) ORDER BY t_ns, own, id", "iiitt", id, from - WEEK_NS, until, cart, store));
    TRY(put_rows(root, "line", s, "i t_ns|t kind|t cart|t who|t text|t ref", err));
    s = NULL;
    TRY(db_query(db, &s, err, "SELECT cart || ':' || trip, cart, trip, ended_ns, items, corrected, accuracy FROM watch_trip WHERE ended_ns BETWEEN ?1 AND ?2 AND (?3 = '' OR cart = ?3)"
                  " AND (?3 <> '' OR ?4 = '' OR store = ?4) ORDER BY accuracy IS NULL, accuracy, ended_ns DESC LIMIT 20", "iitt", from - DAY_NS, until, cart, store));
    return put_rows(root, "trips", s, "t id|t cart|t trip|i ended_ns|i items|i corrected|n accuracy", err);
}

enum trundle_status watch_incident_json(const struct watch *w, struct db *db, int64_t incident, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    json_t *root = NULL;
    enum trundle_status status;

    (void)w;
    TRY(db_query(db, &s, err, "SELECT " INCIDENT_COLUMNS " FROM watch_incident i WHERE i.id = ?", "i", incident));
    status = db_step(s, err);
    if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, "incident", NULL, "there is no incident %lld", (long long)incident);
    if (status == TRUNDLE_OK && !(root = db_row(s, INCIDENT_SPEC)))
        status = error_set(err, TRUNDLE_NO_MEMORY, "watch", NULL, "no memory for the answer");
    db_free(s);
    if (status == TRUNDLE_OK)
        status = add_parts(db, root, err);
    if (status == TRUNDLE_OK)
        *out = root;
    else
        json_decref(root);
    return status;
}

enum trundle_status watch_trips_json(const struct watch *w, struct db *db, const struct watch_query *q, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;

    (void)w;
    TRY(db_query(db, &s, err, "SELECT id, cart || ':' || trip, cart, store, trip, bundle, started_ns, ended_ns, items, asked, corrected, total_cents, paid, line_p99_ms, faults, accuracy"
                  " FROM watch_trip WHERE (?1 = 0 OR id < ?1) AND ended_ns >= ?2 AND " IS("cart", "?3") " AND " IS("store", "?4")
                  " AND (" HAS("trip", "?5") " OR " HAS("cart", "?5") " OR " HAS("store", "?5") " OR " HAS("bundle", "?5") ") ORDER BY id DESC LIMIT ?6",
                  "iittti", q->before, q->since_ns, watch_text(q->cart), watch_text(q->store), watch_text(q->q), (int64_t)watch_limit(q) + 1));
    return watch_rows(s, "i row|t id|t cart|t store|t trip|e bundle|i started_ns|i ended_ns|i items|i asked|i corrected|n total_cents|b paid|n line_p99_ms|j faults|n accuracy",
                      watch_limit(q), "row", out, err);
}

enum trundle_status watch_drift_json(const struct watch *w, struct db *db, const struct watch_query *q, json_t **out, struct trundle_error *err)
{
    enum watch_scope scope = *watch_text(q->cart) ? WATCH_CART : WATCH_STORE;
    const char *who = scope == WATCH_CART ? q->cart : watch_text(q->store), *name = watch_text(q->name);
    struct db_statement *s = NULL;
    json_t *root = NULL;
    int64_t since;

    if (db_get(db, &since, err, "SELECT COALESCE(MAX(since), 0) FROM watch_stream WHERE scope = ?1 AND who = ?2 AND (?3 = '' OR name = ?3) HAVING COUNT(*) > 0", "itt", (int64_t)scope, who,
                  name) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NOT_FOUND, "drift", "name a cart, or a store", "%s%s has no stream %s", scope == WATCH_CART ? "cart " : "store ", who, name);
    if (*name) {
        TRY(db_query(db, &s, err, "SELECT t_ns, trip, cart, mean, sd, n, up, down, id <= ? FROM (SELECT * FROM watch_value WHERE scope = ? AND who = ? AND name = ? AND t_ns >= ?"
                      " ORDER BY id DESC LIMIT ?) ORDER BY id", "iittii", since, (int64_t)scope, who, name, q->since_ns, (int64_t)watch_limit(q)));
        root = json_pack("{s:s}", "name", name);
        if (!root) {
            db_free(s);
            return error_set(err, TRUNDLE_NO_MEMORY, "watch", NULL, "no memory for the answer");
        }
        if (put_rows(root, "points", s, "i t_ns|t trip|t cart|n mean|n sd|i n|n up|n down|b before", err) != TRUNDLE_OK)
            goto out;
    } else {
        json_t *rows = NULL;

        TRY(db_query(db, &s, err, "SELECT s.name, s.tested, s.open, s.up, s.down, v.n, v.mean, (SELECT mean FROM watch_value l WHERE l.scope = s.scope AND l.who = s.who AND l.name = s.name"
                      "  ORDER BY l.id DESC LIMIT 1) FROM watch_stream s LEFT JOIN (SELECT name, COUNT(*) n, AVG(mean) mean FROM watch_value WHERE scope = ?1 AND who = ?2 GROUP BY name) v"
                      " ON v.name = s.name WHERE s.scope = ?1 AND s.who = ?2 ORDER BY s.name", "it", (int64_t)scope, who));
        TRY(watch_rows(s, "t name|b tested|b alert|n up|n down|i n|n mean|n last", WATCH_ROWS_MAX, "name", &rows, err));
        root = rows;
    }
    if (json_object_set_new(root, "limit", json_real(w->limit[scope])) == 0 && json_object_set_new(root, "scope", json_string(scope == WATCH_CART ? "cart" : "store")) == 0 &&
        json_object_set_new(root, "who", json_string(who)) == 0 && json_object_set_new(root, "false_alarms_week", json_real(w->config.false_alarms_week)) == 0 &&
        json_object_set_new(root, "trips_week", json_real(scope == WATCH_CART ? w->config.trips_week : w->config.store_trips_week)) == 0) {
        *out = root;
        return TRUNDLE_OK;
    }
    (void)error_set(err, TRUNDLE_NO_MEMORY, "watch", NULL, "no memory for the answer");
out:
    json_decref(root);
    return err ? err->status : TRUNDLE_NO_MEMORY;
}

enum trundle_status watch_gauges(const struct watch *w, struct db *db, int64_t now_ns, struct trundle_error *err)
{
    struct watch_metrics *m = w->config.metrics;
    struct db_statement *s = NULL;
    enum trundle_status status;

    if (!m)
        return TRUNDLE_OK;
    watch_metric_clear(m, &carts_metric);
    watch_metric_clear(m, &open_metric);
    watch_metric_clear(m, &accuracy_metric);
    TRY(db_query(db, &s, err, "SELECT c.store, " STATE ", COUNT(*) FROM watch_cart c GROUP BY 1, 2", "i", now_ns - w->config.silent_ns));
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        watch_metric_set(m, &carts_metric, (const char *const[]){ db_text(s, 0), db_text(s, 1) }, (double)db_integer(s, 2));
    db_free(s);
    if (status != TRUNDLE_END)
        return status;
    TRY(db_query(db, &s, err, "SELECT kind, state, COUNT(*) FROM watch_alert WHERE state <> 'closed' GROUP BY 1, 2", ""));
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        watch_metric_set(m, &open_metric, (const char *const[]){ db_text(s, 0), db_text(s, 1) }, (double)db_integer(s, 2));
    db_free(s);
    if (status != TRUNDLE_END)
        return status;
    TRY(db_query(db, &s, err, "SELECT store, COUNT(*), " SUMS " FROM watch_trip WHERE ended_ns >= ? GROUP BY store",
                  "i", now_ns - WEEK_NS));
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        struct accuracy_value v;

        json_decref(accuracy_of(w, s, 2, db_integer(s, 1), &v));
        if (isnan(v.value))
            continue;
        watch_metric_set(m, &accuracy_metric, (const char *const[]){ db_text(s, 0), "estimate" }, v.value);
        watch_metric_set(m, &accuracy_metric, (const char *const[]){ db_text(s, 0), "low" }, v.lo);
        watch_metric_set(m, &accuracy_metric, (const char *const[]){ db_text(s, 0), "high" }, v.hi);
    }
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}
