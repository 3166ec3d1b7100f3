/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * watch - what a fleet's records say of its health: drift, accuracy without labels, alerts, incidents.
 *
 *     struct watch *w;
 *     TRY(watch_new(&(struct watch_config)WATCH_CONFIG_DEFAULT, &w, err));
 *     TRY(watch_migrate(db, err));                                 // its tables, once per start
 *     TRY(watch_record(w, db, &record, now_ns, err));              // each record that is new, within the caller's transaction: a depot_hook
 *     TRY(watch_tick(w, db, now_ns, err));                         // once a minute: carts that fell silent, incidents that are over
 *     TRY(watch_alerts_json(w, db, &query, &rows, err));           // {"rows":[...],"next":cursor|null}; any connection
 *     watch_free(w);
 *
 * The metrics endpoint is metrics.h, the drift test drift.h, the estimate of accuracy accuracy.h, a trip's time line for the player
 * timeline.h. All that is remembered lies in tables watch_* of the database that is handed in; a `struct watch` holds settings alone.
 *
 * Drift. Every trip gives one number a stream: the mean of each input in its record, its mean belief, its estimated accuracy, corrected and
 * asked per item, p99 of a line. Each stream is tested per cart and per store against its own past (drift.h). `false_alarms_week` is the
 * expected number of false alarms of one cart (or store) a week over all of its streams together.
 * Facts (a silent cart, a full disk, a dark camera, a bundle that rolled back) are not tests: they open on the stated number of records in a row.
 *
 * Threads: a watch does not change and is anybody's; a database is one thread's at a time. Clocks: none; `now_ns` is Unix ns.
 * Transactions: none is begun or ended here but in watch_migrate: callers of what changes rows begin one before and commit it after, or roll back on
 * failure. The *_json functions and the postmortem read only.
 */
#pragma once

#include "base/db/db.h"
#include "base/std/json.h"
#include "hub/watch/metrics.h"

enum {
    WATCH_NAME = 41,                       /* of carts, stores, bundles, with the NUL */
    WATCH_STREAMS = 12,                    /* streams of one cart that are tested; those beyond are kept and not tested */
    WATCH_TEXT = 4000,                     /* longest note, bytes */
    WATCH_ROWS_MAX = 500                   /* of one answer */
};

struct watch;                              /* owned by who made it */

struct watch_config {
    double  false_alarms_week;             /* per cart and per store, over all its streams; default 0.01: one in 100 cart-weeks */
    double  trips_week;                    /* of a cart, for which that holds; default 100 */
    double  store_trips_week;              /* of a store; default 2000 */
    int64_t silent_ns;                     /* a cart that said nothing for so long is an alert; default 15 min */
    int64_t disk_free_bytes;               /* less is an alert; default 256 MiB */
    double  temperature_c, battery;        /* hotter; emptier (share of 1): alerts; defaults 85, 0.1 */
    int     bad_records, good_records;     /* health records in a row that open and close an alert; defaults 3, 5 */
    struct watch_metrics *metrics;         /* borrowed; NULL: nothing is counted */
};
#define WATCH_CONFIG_DEFAULT { .false_alarms_week = 0.01, .trips_week = 100, .store_trips_week = 2000, .silent_ns = INT64_C(900000000000), \
                               .disk_free_bytes = INT64_C(268435456), .temperature_c = 85, .battery = 0.1, .bad_records = 3, .good_records = 5 }

/* BAD_ARG: a config field out of range. */
TRUNDLE_MUST_USE enum trundle_status watch_new(const struct watch_config *config, struct watch **out, struct trundle_error *err);
void watch_free(struct watch *w);          /* NULL is fine */
/* Makes or migrates the tables. */
TRUNDLE_MUST_USE enum trundle_status watch_migrate(struct db *db, struct trundle_error *err);

/* How the belief of carts that run a bundle (sha256) is read: `calibration` of its manifest, {"accuracy": a map of accuracy.h, ...}; may be NULL. Trips of bundles
 * without one, and of what is built in, are read by the map in the binary. BAD_INPUT names the field. */
TRUNDLE_MUST_USE enum trundle_status watch_calibrate(struct db *db, const char *bundle, const json_t *calibration, struct trundle_error *err);

/* One record as a cart sent it (docs/hub.md). Hand in each (cart, boot, sequence) once, after its cart and line were checked. */
struct watch_record {
    const char *cart, *kind;               /* kinds not known here are counted and skipped */
    const char *store;                     /* NULL: the trip's own, else where the cart was last */
    int64_t boot, sequence, t_ns;
    json_t *body;                          /* borrowed, an object */
};
/* BAD_INPUT names the field of the body that is wrong; then nothing of this record is kept. Decisions cost no statement, but for audit marks. */
TRUNDLE_MUST_USE enum trundle_status watch_record(const struct watch *w, struct db *db, const struct watch_record *record, int64_t now_ns, struct trundle_error *err);
/* The same for n decisions of one kind, of which `corrected` were, and that are no audit marks: they are counted, and nothing else would be done. */
void watch_decisions(const struct watch *w, const char *kind, size_t n, size_t corrected);
/* Looks at what time alone changes. */
TRUNDLE_MUST_USE enum trundle_status watch_tick(const struct watch *w, struct db *db, int64_t now_ns, struct trundle_error *err);

/* The cart left the fleet: its alerts close, and it is not waited for. Its trips stay. */
TRUNDLE_MUST_USE enum trundle_status watch_retire(const struct watch *w, struct db *db, const char *cart, int64_t now_ns, struct trundle_error *err);

/* What happened to the fleet and belongs on the time line of incidents: `kind` deploy, rollout, rollback, flag, config, invite... */
struct watch_event {
    const char *kind, *cart, *store;       /* cart and store: "" for all */
    const char *who, *text;
    const char *ref;                       /* what it is about (a bundle, a rollout, a trip); "" none */
    int64_t t_ns;
};
TRUNDLE_MUST_USE enum trundle_status watch_event_add(const struct watch *w, struct db *db, const struct watch_event *event, struct trundle_error *err);

/* An alert raised by another room (ship: a guard metric, server: a forged request). Open alerts of the same kind, cart, store and name are one:
 * its count and last time move on, *out_id is the old one. A new one joins the open incident of its cart (store, fleet), or opens one.
 * `severity`: 1 for a look today, 2 for a person now. */
struct watch_alarm {
    const char *kind, *cart, *store, *name;
    const char *text;                      /* one sentence */
    int severity;
    json_t *detail;                        /* borrowed object with the figures behind it; NULL none */
};
TRUNDLE_MUST_USE enum trundle_status watch_raise(const struct watch *w, struct db *db, const struct watch_alarm *alarm, int64_t now_ns, int64_t *out_id, struct trundle_error *err);
/* Closes the alert of that kind, cart, store and name, if one is open. */
TRUNDLE_MUST_USE enum trundle_status watch_clear(const struct watch *w, struct db *db, const struct watch_alarm *alarm, int64_t now_ns, struct trundle_error *err);

/* What a person does. NOT_FOUND; CONFLICT: it is closed already. `who` is the user's name. */
enum watch_act {
    WATCH_ACKNOWLEDGE,                     /* somebody looks after it; it stays open and goes quiet */
    WATCH_CLOSE,                           /* over; opens anew when it comes back */
    WATCH_REBASE                           /* drift only: what is now is normal; the reference starts afresh. BAD_ARG for others */
};
TRUNDLE_MUST_USE enum trundle_status watch_alert_act(const struct watch *w, struct db *db, int64_t alert, enum watch_act act, const char *who, int64_t now_ns, struct trundle_error *err);
/* `text` 1..WATCH_TEXT bytes of UTF-8. */
TRUNDLE_MUST_USE enum trundle_status watch_incident_note(const struct watch *w, struct db *db, int64_t incident, const char *who, const char *text, int64_t now_ns, struct trundle_error *err);
/* CONFLICT: alerts of it are still open. */
TRUNDLE_MUST_USE enum trundle_status watch_incident_close(const struct watch *w, struct db *db, int64_t incident, const char *who, int64_t now_ns, struct trundle_error *err);
/* The incident in Markdown: what, when, whom it touched, time line, figures, and the commands that replay its trips. Appends to `out`. */
TRUNDLE_MUST_USE enum trundle_status watch_postmortem(const struct watch *w, struct db *db, int64_t incident, int64_t now_ns, struct bytes *out, struct trundle_error *err);

/* The metrics that are made of rows: carts by state, open alerts, accuracy. Before watch_metrics_print. */
TRUNDLE_MUST_USE enum trundle_status watch_gauges(const struct watch *w, struct db *db, int64_t now_ns, struct trundle_error *err);

/* Lists: {"rows":[...],"next":ID|null}, newest first (carts by name); the caller decrefs. All texts NULL or "": no filter. */
struct watch_query {
    const char *q;                         /* part of a name or text, letters of any case */
    const char *cart, *store, *state, *name;   /* state: open, acknowledged, closed; of carts: ok, attention, silent */
    int64_t before;                        /* the `next` of the answer before; 0 begins */
    int64_t since_ns;                      /* 0: all */
    const char *after;                     /* carts: the `next` of the answer before */
    int limit;                             /* 1..WATCH_ROWS_MAX, more is cut; 0: 100 */
};
/* cart, store, state, seen_ns, bundle, slot, uptime_s, load, temperature_c, battery, disk_free_bytes, outbox_bytes, cameras, cells, alerts (open),
 * trips, items, asked, corrected (7 days), accuracy {value, lo, hi, n, trips} estimated over 7 days, null under 20 lines. */
TRUNDLE_MUST_USE enum trundle_status watch_carts_json(const struct watch *w, struct db *db, const struct watch_query *query, int64_t now_ns, json_t **out, struct trundle_error *err);
/* id, kind, cart, store, name, text, severity, state, opened_ns, last_ns, closed_ns, count, who, incident, detail. */
TRUNDLE_MUST_USE enum trundle_status watch_alerts_json(const struct watch *w, struct db *db, const struct watch_query *query, json_t **out, struct trundle_error *err);
/* id, title, cart, store, state (open, closed), severity, opened_ns, closed_ns, alerts, open. */
TRUNDLE_MUST_USE enum trundle_status watch_incidents_json(const struct watch *w, struct db *db, const struct watch_query *query, json_t **out, struct trundle_error *err);
/* One incident: the row above, but "alerts" are rows, "line" [{t_ns, kind, cart, who, text, ref}] by time, and "trips" [{cart, trip, ended_ns}] around it. */
TRUNDLE_MUST_USE enum trundle_status watch_incident_json(const struct watch *w, struct db *db, int64_t incident, json_t **out, struct trundle_error *err);
/* One stream of a cart (query.cart) or, with query.cart empty, a store: {"name","points":[{t_ns,trip,cart,mean,sd,n,up,down}],"limit","since_ns",
 * "false_alarms_week","trips_week"}; query.name. Without a name: {"rows":[{name,n,mean,last,up,down,limit,alert}]}. NOT_FOUND. */
TRUNDLE_MUST_USE enum trundle_status watch_drift_json(const struct watch *w, struct db *db, const struct watch_query *query, json_t **out, struct trundle_error *err);
/* Trips as their records told: {"rows":[{id (CART:TRIP),cart,store,trip,bundle,started_ns,ended_ns,items,asked,corrected,total_cents,paid,line_p99_ms,faults,accuracy}],"next"}. */
TRUNDLE_MUST_USE enum trundle_status watch_trips_json(const struct watch *w, struct db *db, const struct watch_query *query, json_t **out, struct trundle_error *err);
