/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Settings, tables, and where each record goes. Trips are trips.c's, health health.c's, alerts alerts.c's. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <stdlib.h>
#include <string.h>

extern const unsigned char embed_watch_accuracy[];
extern const size_t embed_watch_accuracy_n;

const struct watch_metric watch_m_records = { "trundle_records", "Records of carts, by kind.", WATCH_COUNTER, NULL, { "kind", NULL, NULL, NULL }, NULL, 0 };
const struct watch_metric watch_m_decisions = { "trundle_decisions", "Decisions of carts, by kind.", WATCH_COUNTER, NULL, { "kind", NULL, NULL, NULL }, NULL, 0 };
const struct watch_metric watch_m_corrected = { "trundle_corrections", "Decisions that a shopper corrected.", WATCH_COUNTER, NULL, { NULL }, NULL, 0 };
const struct watch_metric watch_m_alerts = { "trundle_alerts_opened", "Alerts opened, by kind.", WATCH_COUNTER, NULL, { "kind", NULL, NULL, NULL }, NULL, 0 };
const struct watch_metric watch_m_trips = { "trundle_trips", "Trips that ended, by store.", WATCH_COUNTER, NULL, { "store", NULL, NULL, NULL }, NULL, 0 };
const struct watch_metric watch_m_items = { "trundle_items", "Items in baskets of trips that ended, by store.", WATCH_COUNTER, NULL, { "store", NULL, NULL, NULL }, NULL, 0 };
static const double line_bound[] = { 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5 };
const struct watch_metric watch_m_line = { "trundle_trip_line_latency_p99_seconds", "p99 of each trip, from a settled item to its line on screen.", WATCH_HISTOGRAM,
                                           "seconds", { NULL }, line_bound, COUNT_OF(line_bound) };

static const char *const step[] = {
    "CREATE TABLE watch_cart(cart TEXT PRIMARY KEY, store TEXT NOT NULL, seen_ns INTEGER NOT NULL, silent INTEGER NOT NULL DEFAULT 0, bundle TEXT NOT NULL DEFAULT '',"
    "  slot TEXT NOT NULL DEFAULT '', health TEXT NOT NULL DEFAULT '', health_ns INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE TABLE watch_fact(cart TEXT NOT NULL, name TEXT NOT NULL, bad INTEGER NOT NULL, good INTEGER NOT NULL, PRIMARY KEY(cart, name)) WITHOUT ROWID;"
    "CREATE TABLE watch_trip(id INTEGER PRIMARY KEY, cart TEXT NOT NULL, store TEXT NOT NULL, trip TEXT NOT NULL, bundle TEXT NOT NULL, started_ns INTEGER NOT NULL,"
    "  ended_ns INTEGER NOT NULL, items INTEGER, asked INTEGER, corrected INTEGER, total_cents INTEGER, paid INTEGER, line_p99_ms REAL, faults TEXT NOT NULL,"
    "  accuracy REAL, b0 INTEGER, b1 INTEGER, b2 INTEGER, b3 INTEGER, b4 INTEGER, b5 INTEGER, b6 INTEGER, b7 INTEGER, b8 INTEGER, b9 INTEGER, UNIQUE(cart, trip));"
    "CREATE INDEX watch_trip_ended ON watch_trip(ended_ns);"
    "CREATE TABLE watch_stream(scope INTEGER NOT NULL, who TEXT NOT NULL, name TEXT NOT NULL, tested INTEGER NOT NULL, up REAL NOT NULL DEFAULT 0, down REAL NOT NULL DEFAULT 0,"
    "  since INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(scope, who, name)) WITHOUT ROWID;"
    "CREATE TABLE watch_value(id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, who TEXT NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL, past INTEGER NOT NULL,"
    "  t_ns INTEGER NOT NULL, cart TEXT NOT NULL, trip TEXT NOT NULL, mean REAL NOT NULL, sd REAL, n INTEGER NOT NULL, up REAL NOT NULL, down REAL NOT NULL);"
    "CREATE INDEX watch_value_past ON watch_value(scope, who, name, part, past, id, mean);"
    "CREATE INDEX watch_value_line ON watch_value(scope, who, name, id);"
    "CREATE INDEX watch_value_age ON watch_value(t_ns);"
    "CREATE TABLE watch_alert(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, cart TEXT NOT NULL, store TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,"
    "  severity INTEGER NOT NULL, state TEXT NOT NULL, opened_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, closed_ns INTEGER NOT NULL DEFAULT 0,"
    "  count INTEGER NOT NULL DEFAULT 1, who TEXT NOT NULL DEFAULT '', incident INTEGER NOT NULL, detail TEXT NOT NULL DEFAULT '');"
    "CREATE UNIQUE INDEX watch_alert_one ON watch_alert(kind, cart, store, name) WHERE state <> 'closed';"
    "CREATE INDEX watch_alert_incident ON watch_alert(incident);"
    "CREATE INDEX watch_alert_cart ON watch_alert(cart, state);"
    "CREATE TABLE watch_incident(id INTEGER PRIMARY KEY, title TEXT NOT NULL, cart TEXT NOT NULL, store TEXT NOT NULL, state TEXT NOT NULL, opened_ns INTEGER NOT NULL,"
    "  closed_ns INTEGER NOT NULL DEFAULT 0, touched INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX watch_incident_open ON watch_incident(state, cart, store);"
    "CREATE TABLE watch_line(id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, t_ns INTEGER NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL,"
    "  ref TEXT NOT NULL);"
    "CREATE INDEX watch_line_incident ON watch_line(incident, t_ns);"
    "CREATE TABLE watch_event(id INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, kind TEXT NOT NULL, cart TEXT NOT NULL, store TEXT NOT NULL, who TEXT NOT NULL,"
    "  text TEXT NOT NULL, ref TEXT NOT NULL);"
    "CREATE INDEX watch_event_time ON watch_event(t_ns);",
    "CREATE TABLE watch_calibration(bundle TEXT PRIMARY KEY, map TEXT NOT NULL) WITHOUT ROWID;",
};

enum trundle_status watch_migrate(struct db *db, struct trundle_error *err)
{
    return db_migrate(db, "watch", step, COUNT_OF(step), err);
}

static enum trundle_status check(const struct watch_config *c, struct trundle_error *err)
{
    static const char where[] = "watch";

    if (!(c->false_alarms_week > 0 && c->false_alarms_week <= 10))
        return error_set(err, TRUNDLE_BAD_ARG, where, NULL, "false_alarms_week is %g, not over 0 and up to 10", c->false_alarms_week);
    if (!(c->trips_week >= 1 && c->trips_week <= 1e6) || !(c->store_trips_week >= 1 && c->store_trips_week <= 1e6))
        return error_set(err, TRUNDLE_BAD_ARG, where, NULL, "trips a week are %g of a cart and %g of a store, not 1 to 1,000,000", c->trips_week, c->store_trips_week);
    if (c->silent_ns < INT64_C(60000000000) || c->silent_ns > WEEK_NS)
        return error_set(err, TRUNDLE_BAD_ARG, where, NULL, "silent_ns is not a minute to a week");
    if (c->bad_records < 1 || c->good_records < 1 || c->bad_records > 1000 || c->good_records > 1000)
        return error_set(err, TRUNDLE_BAD_ARG, where, NULL, "bad_records %d and good_records %d are not 1 to 1000", c->bad_records, c->good_records);
    return TRUNDLE_OK;
}

enum trundle_status watch_new(const struct watch_config *config, struct watch **out, struct trundle_error *err)
{
    static const struct watch_metric *const counted[] = { &watch_m_records, &watch_m_decisions, &watch_m_corrected, &watch_m_alerts, &watch_m_trips, &watch_m_items, &watch_m_line };
    struct watch *w;
    enum trundle_status status;

    TRY(check(config, err));
    w = calloc(1, sizeof *w);
    if (!w)
        return error_set(err, TRUNDLE_NO_MEMORY, "watch", NULL, "no memory");
    w->config = *config;
    w->limit[WATCH_CART] = drift_limit(WATCH_STREAMS * config->trips_week / config->false_alarms_week);
    w->limit[WATCH_STORE] = drift_limit(WATCH_STREAMS * config->store_trips_week / config->false_alarms_week);
    status = accuracy_parse(embed_watch_accuracy, embed_watch_accuracy_n, "accuracy.json", &w->map, err);
    if (status != TRUNDLE_OK) {
        free(w);
        return status;
    }
    for (size_t i = 0; i < COUNT_OF(counted); i++)
        watch_metric_declare(config->metrics, counted[i]);
    *out = w;
    return TRUNDLE_OK;
}

void watch_free(struct watch *w)
{
    free(w);
}

enum trundle_status watch_calibrate(struct db *db, const char *bundle, const json_t *calibration, struct trundle_error *err)
{
    const json_t *said = json_object_get(calibration, "accuracy");
    struct accuracy_map map;
    enum trundle_status status;
    char *text;

    if (!said)
        return TRUNDLE_OK;
    text = json_dumps(said, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return error_set(err, TRUNDLE_NO_MEMORY, "calibration.accuracy", NULL, "no memory");
    status = accuracy_parse(text, strlen(text), "calibration.accuracy", &map, err);
    if (status == TRUNDLE_OK)
        status = db_do(db, err, "INSERT INTO watch_calibration(bundle, map) VALUES(?, ?) ON CONFLICT(bundle) DO UPDATE SET map = excluded.map", "tt", bundle, text);
    free(text);
    return status;
}

enum trundle_status watch_map(const struct watch *w, struct db *db, const char *bundle, struct accuracy_map *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    *out = w->map;
    if (!*bundle)
        return TRUNDLE_OK;
    TRY(db_query(db, &s, err, "SELECT map FROM watch_calibration WHERE bundle = ?", "t", bundle));
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        status = accuracy_parse(db_text(s, 0), strlen(db_text(s, 0)), "calibration.accuracy", out, err);
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* The cart was heard; makes it known, and says which store it is in. `store` "" keeps the one it had. */
static enum trundle_status heard(const struct watch *w, struct db *db, const char *cart, const char *store, char out_store[WATCH_NAME], int64_t now_ns, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    bool silent;

    TRY(db_query(db, &s, err, "INSERT INTO watch_cart(cart, store, seen_ns) VALUES(?1, ?2, ?3) ON CONFLICT(cart) DO UPDATE SET seen_ns = max(seen_ns, ?3),"
                  " store = CASE WHEN ?2 = '' THEN store ELSE ?2 END RETURNING store, silent", "tti", cart, store, now_ns));
    status = db_step(s, err);
    if (status != TRUNDLE_OK) {
        db_free(s);
        return status;
    }
    (void)snprintf(out_store, WATCH_NAME, "%s", db_text(s, 0));
    silent = db_integer(s, 1) != 0;
    status = db_run(s, err);
    db_free(s);
    if (status != TRUNDLE_OK || !silent)
        return status;
    TRY(db_do(db, err, "UPDATE watch_cart SET silent = 0 WHERE cart = ?", "t", cart));
    TRY(watch_clear(w, db, &(struct watch_alarm){ .kind = "silent", .cart = cart, .store = out_store, .name = "" }, now_ns, err));
    return watch_clear(w, db, &(struct watch_alarm){ .kind = "silent", .cart = "", .store = out_store, .name = "" }, now_ns, err);
}

static void count_decisions(const struct watch *w, const char *kind, size_t n, size_t corrected)
{
    static const char *const known[] = { "add", "change", "remove", "ask", "rescan", "withdraw", "phase", "price", "audit", "weighing" };
    const char *label = "other";

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (!strcmp(kind, known[i]))
            label = known[i];
    watch_metric_add(w->config.metrics, &watch_m_decisions, (const char *const[]){ label }, (double)n);
    if (corrected)
        watch_metric_add(w->config.metrics, &watch_m_corrected, NULL, (double)corrected);
}

void watch_decisions(const struct watch *w, const char *kind, size_t n, size_t corrected)
{
    count_decisions(w, kind, n, corrected);
    watch_metric_add(w->config.metrics, &watch_m_records, (const char *const[]){ "decision" }, (double)n);
}

static enum trundle_status decision(const struct watch *w, struct db *db, const struct watch_record *r, struct trundle_error *err)
{
    const char *kind = json_string_value(json_object_get(r->body, "kind")), *trip = json_string_value(json_object_get(r->body, "trip"));

    if (!kind)
        return error_set(err, TRUNDLE_BAD_INPUT, "body.kind", NULL, "a decision without a kind");
    count_decisions(w, kind, 1, json_is_true(json_object_get(r->body, "corrected")));
    if (strcmp(kind, "audit") != 0)
        return TRUNDLE_OK;
    return watch_event_add(w, db, &(struct watch_event){ .kind = "flag", .cart = r->cart, .store = watch_text(r->store), .who = "", .t_ns = r->t_ns, .ref = watch_text(trip),
                                                         .text = "a trip was marked for a look" }, err);
}

static enum trundle_status install(const struct watch *w, struct db *db, const struct watch_record *r, const char *store, int64_t now_ns, struct trundle_error *err)
{
    const char *bundle = json_string_value(json_object_get(r->body, "bundle")), *state = json_string_value(json_object_get(r->body, "state"));
    const char *why = json_string_value(json_object_get(r->body, "why"));
    char text[512];
    bool back;

    if (!bundle || !state)
        return error_set(err, TRUNDLE_BAD_INPUT, bundle ? "body.state" : "body.bundle", NULL, "an install without a %s", bundle ? "state" : "bundle");
    back = !strcmp(state, "rolled_back");
    (void)snprintf(text, sizeof text, "%.80s: %.40s%s%.200s", bundle, state, why && *why ? ": " : "", watch_text(why));
    TRY(watch_event_add(w, db, &(struct watch_event){ .kind = back ? "rollback" : "deploy", .cart = r->cart, .store = store, .who = "", .text = text, .ref = bundle, .t_ns = r->t_ns }, err));
    if (!strcmp(state, "good"))
        return watch_clear(w, db, &(struct watch_alarm){ .kind = "rollback", .cart = r->cart, .store = store, .name = "" }, now_ns, err);
    if (!back)
        return TRUNDLE_OK;
    (void)snprintf(text, sizeof text, "%.40s went back from %.80s%s%.200s", r->cart, bundle, why && *why ? ": " : "", watch_text(why));
    return watch_raise(w, db, &(struct watch_alarm){ .kind = "rollback", .cart = r->cart, .store = store, .name = "", .text = text, .severity = 2, .detail = r->body }, now_ns, NULL, err);
}

enum trundle_status watch_record(const struct watch *w, struct db *db, const struct watch_record *r, int64_t now_ns, struct trundle_error *err)
{
    static const char *const known[] = { "decision", "trip", "health", "clip", "install" };
    const char *label = "other", *said = json_string_value(json_object_get(r->body, "store"));
    char store[WATCH_NAME];
    enum trundle_status status;

    if (!watch_name_ok(r->cart) || !json_is_object(r->body))
        return error_set(err, TRUNDLE_BAD_INPUT, "body", NULL, "a record has a cart's name and an object");
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (!strcmp(r->kind, known[i]))
            label = known[i];
    if (!strcmp(label, "decision")) {
        status = decision(w, db, r, err);
    } else {
        if (!r->store && said && *said && !watch_name_ok(said))      /* "": a cart that was not told */
            return error_set(err, TRUNDLE_BAD_INPUT, "body.store", "a-z 0-9 - _ . , 1 to 40", "'%.60s' is no store's name", said);
        TRY(heard(w, db, r->cart, r->store ? r->store : watch_text(said), store, now_ns, err));
        status = !strcmp(label, "trip")      ? watch_trip(w, db, r, store, now_ns, err)
                 : !strcmp(label, "health")  ? watch_health(w, db, r, store, now_ns, err)
                 : !strcmp(label, "install") ? install(w, db, r, store, now_ns, err)
                                             : TRUNDLE_OK;
    }
    if (status == TRUNDLE_OK)
        watch_metric_add(w->config.metrics, &watch_m_records, (const char *const[]){ label }, 1);
    return status;
}

enum trundle_status watch_event_add(const struct watch *w, struct db *db, const struct watch_event *e, struct trundle_error *err)
{
    (void)w;
    return db_do(db, err, "INSERT INTO watch_event(t_ns, kind, cart, store, who, text, ref) VALUES(?,?,?,?,?,?,?)", "itttttt", e->t_ns, e->kind, watch_text(e->cart),
                    watch_text(e->store), watch_text(e->who), watch_text(e->text), watch_text(e->ref));
}
