/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Streams of a cart and of a store: each number is ranked among its past, pushed, kept, and may open or close an alert. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LATELY = 10 };       /* numbers that stand for "now" in an alert's sentence */

struct stream { struct drift sums; int64_t since; bool open, tested; };

static enum trundle_status load(struct db *db, enum watch_scope scope, const char *who, const char *name, struct stream *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    /* The first WATCH_STREAMS of a cart are tested: for so many its false alarms are shared out. */
    TRY(db_query(db, &s, err, "INSERT INTO watch_stream(scope, who, name, tested) VALUES(?1, ?2, ?3, (SELECT COUNT(*) < ?4 FROM watch_stream WHERE scope = ?1 AND who = ?2))"
                  " ON CONFLICT(scope, who, name) DO UPDATE SET up = up RETURNING up, down, since, open, tested", "itti", (int64_t)scope, who, name, (int64_t)WATCH_STREAMS));
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        *out = (struct stream){ { db_number(s, 0), db_number(s, 1) }, db_integer(s, 2), db_integer(s, 3) != 0, db_integer(s, 4) != 0 };
        status = db_run(s, err);
    }
    db_free(s);
    return status;
}

static enum trundle_status rank(struct db *db, enum watch_scope scope, const char *who, const struct watch_value *v, int part, int64_t since, const char *trip, double *out_score,
                                struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    char key[4 * WATCH_NAME];

    TRY(db_query(db, &s, err, "SELECT COUNT(*), SUM(mean < ?6), SUM(mean = ?6) FROM (SELECT mean FROM watch_value"
                  " WHERE scope = ?1 AND who = ?2 AND name = ?3 AND part = ?4 AND past = 1 AND id > ?5 ORDER BY id DESC LIMIT ?7)", "ittiini", (int64_t)scope, who, v->name,
                  (int64_t)part, since, v->mean, (int64_t)DRIFT_PAST));
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        (void)snprintf(key, sizeof key, "%d %s %s %s", (int)scope, who, v->name, trip);
        *out_score = drift_score((size_t)db_integer(s, 1), (size_t)db_integer(s, 2), (size_t)db_integer(s, 0), drift_chance(key));
    }
    db_free(s);
    return status;
}

static enum trundle_status mean_of(struct db *db, enum watch_scope scope, const char *who, const char *name, int64_t since, int64_t skip, int64_t limit, double *out_mean, int64_t *out_n,
                                   struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT AVG(mean), COUNT(*) FROM (SELECT mean FROM watch_value WHERE scope = ? AND who = ? AND name = ? AND id > ? ORDER BY id DESC LIMIT ? OFFSET ?)",
                  "ittiii", (int64_t)scope, who, name, since, limit, skip));
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        *out_mean = db_number(s, 0);
        *out_n = db_integer(s, 1);
    }
    db_free(s);
    return status;
}

static enum trundle_status raise_drift(const struct watch *w, struct db *db, enum watch_scope scope, const char *who, const char *store, const struct watch_value *v,
                                       const struct stream *st, int64_t now_ns, struct trundle_error *err)
{
    bool up = st->sums.up > st->sums.down;
    double now = 0, before = 0;
    int64_t now_n = 0, before_n = 0;
    enum trundle_status status;
    json_t *detail;
    char text[400];

    TRY(mean_of(db, scope, who, v->name, st->since, 0, LATELY, &now, &now_n, err));
    TRY(mean_of(db, scope, who, v->name, st->since, LATELY, DRIFT_PAST, &before, &before_n, err));
    (void)snprintf(text, sizeof text, "%s of %s went %s: %.4g over the last %lld trips, %.4g over the %lld before", v->name, who, up ? "up" : "down", now, (long long)now_n,
                   before, (long long)before_n);
    detail = json_pack("{s:s,s:s,s:f,s:f,s:f,s:f,s:f,s:I,s:f,s:I,s:f,s:f}", "stream", v->name, "way", up ? "up" : "down", "up", st->sums.up, "down", st->sums.down, "limit",
                       w->limit[scope], "last", v->mean, "now", now, "now_n", (json_int_t)now_n, "before", isfinite(before) ? before : 0, "before_n", (json_int_t)before_n,
                       "false_alarms_week", w->config.false_alarms_week, "trips_week", scope == WATCH_CART ? w->config.trips_week : w->config.store_trips_week);
    if (!detail)
        return error_set(err, TRUNDLE_NO_MEMORY, "watch", NULL, "no memory for an alert");
    status = watch_raise(w, db, &(struct watch_alarm){ .kind = "drift", .cart = scope == WATCH_CART ? who : "", .store = scope == WATCH_STORE ? who : store, .name = v->name,
                                                       .text = text, .severity = 1, .detail = detail }, now_ns, NULL, err);
    json_decref(detail);
    return status;
}

static enum trundle_status store_of(struct db *db, enum watch_scope scope, const char *who, char out[WATCH_NAME], struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    if (scope == WATCH_STORE) {
        (void)snprintf(out, WATCH_NAME, "%s", who);
        return TRUNDLE_OK;
    }
    TRY(db_query(db, &s, err, "SELECT store FROM watch_cart WHERE cart = ?", "t", who));
    status = db_step(s, err);
    (void)snprintf(out, WATCH_NAME, "%s", status == TRUNDLE_OK ? db_text(s, 0) : "");
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

enum trundle_status watch_stream(const struct watch *w, struct db *db, enum watch_scope scope, const char *who, const char *cart, const char *trip, int64_t t_ns,
                                 const struct watch_value *v, int64_t now_ns, struct trundle_error *err)
{
    struct stream st = { .open = false };
    char store[WATCH_NAME];
    double score = 0;
    int part = drift_part(t_ns);

    TRY(load(db, scope, who, v->name, &st, err));
    if (st.tested) {
        TRY(rank(db, scope, who, v, part, st.since, trip, &score, err));
        drift_push(&st.sums, score, w->limit[scope]);
    }
    /* While an alert is open its stream is compared with what was before it, and so learns nothing. */
    TRY(db_do(db, err, "INSERT INTO watch_value(scope, who, name, part, past, t_ns, cart, trip, mean, sd, n, up, down) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)", "ittiiittnninn",
                 (int64_t)scope, who, v->name, (int64_t)part, (int64_t)!st.open, t_ns, cart, trip, v->mean, v->sd, v->n, st.sums.up, st.sums.down));
    if (st.open ? drift_low(&st.sums, w->limit[scope]) : drift_high(&st.sums, w->limit[scope])) {
        st.open = !st.open;
        TRY(store_of(db, scope, who, store, err));
        if (st.open)
            TRY(raise_drift(w, db, scope, who, store, v, &st, now_ns, err));
        else
            TRY(watch_clear(w, db, &(struct watch_alarm){ .kind = "drift", .cart = scope == WATCH_CART ? who : "", .store = store, .name = v->name }, now_ns, err));
    }
    if (!st.tested)
        return TRUNDLE_OK;
    return db_do(db, err, "UPDATE watch_stream SET up = ?, down = ?, open = ? WHERE scope = ? AND who = ? AND name = ?", "nniitt", st.sums.up, st.sums.down, (int64_t)st.open,
                    (int64_t)scope, who, v->name);
}

enum trundle_status watch_stream_reset(struct db *db, enum watch_scope scope, const char *who, const char *name, bool rebase, struct trundle_error *err)
{
    if (rebase)
        TRY(db_do(db, err, "UPDATE watch_stream SET since = (SELECT COALESCE(MAX(id), 0) FROM watch_value WHERE scope = ?1 AND who = ?2 AND name = ?3)"
                     " WHERE scope = ?1 AND who = ?2 AND name = ?3", "itt", (int64_t)scope, who, name));
    return db_do(db, err, "UPDATE watch_stream SET up = 0, down = 0, open = 0 WHERE scope = ? AND who = ? AND name = ?", "itt", (int64_t)scope, who, name);
}
