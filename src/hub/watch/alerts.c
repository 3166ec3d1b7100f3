/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Alerts: opened once, counted while they last, closed by what opened them or by a person; and the incident that each belongs to. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum trundle_status watch_line(struct db *db, int64_t incident, int64_t t_ns, const char *kind, const char *who, const char *text, const char *ref, struct trundle_error *err)
{
    return db_do(db, err, "INSERT INTO watch_line(incident, t_ns, kind, who, text, ref) VALUES(?,?,?,?,?,?)", "iitttt", incident, t_ns, kind, watch_text(who), watch_text(text),
                    watch_text(ref));
}

static enum trundle_status insert_id(struct db_statement *s, int64_t *out, struct trundle_error *err)
{
    enum trundle_status status = db_step(s, err);

    if (status == TRUNDLE_OK) {
        *out = db_integer(s, 0);
        status = db_run(s, err);
    }
    db_free(s);
    return status;
}

/* The open incident of the alarm's cart, else of its store, else a new one. */
static enum trundle_status incident_for(struct db *db, const struct watch_alarm *a, int64_t now_ns, int64_t *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status = db_get(db, out, err, "SELECT id FROM watch_incident WHERE state = 'open' AND ((cart = ?1 AND store = ?2) OR (cart = '' AND store = ?2))"
                                           " ORDER BY cart DESC, id DESC LIMIT 1", "tt", a->cart, a->store);

    if (status != TRUNDLE_NOT_FOUND)
        return status;
    TRY(db_query(db, &s, err, "INSERT INTO watch_incident(title, cart, store, state, opened_ns) VALUES(?, ?, ?, 'open', ?) RETURNING id", "ttti", a->text, a->cart, a->store, now_ns));
    TRY(insert_id(s, out, err));
    return watch_line(db, *out, now_ns, "opened", "", a->text, "", err);
}

enum trundle_status watch_raise(const struct watch *w, struct db *db, const struct watch_alarm *given, int64_t now_ns, int64_t *out_id, struct trundle_error *err)
{
    struct watch_alarm a = *given;
    struct db_statement *s = NULL;
    enum trundle_status status;
    int64_t id = 0, incident = 0;
    char *detail = NULL, ref[32];

    a.cart = watch_text(a.cart);
    a.store = watch_text(a.store);
    a.name = watch_text(a.name);
    status = db_get(db, &id, err, "SELECT id FROM watch_alert WHERE kind = ?1 AND cart = ?2 AND (?2 <> '' OR store = ?3) AND name = ?4 AND state <> 'closed'", "tttt", a.kind, a.cart, a.store, a.name);
    if (status == TRUNDLE_OK) {
        TRY(db_do(db, err, "UPDATE watch_alert SET count = count + 1, last_ns = ?, severity = max(severity, ?) WHERE id = ?", "iii", now_ns, (int64_t)a.severity, id));
        goto done;
    }
    if (status != TRUNDLE_NOT_FOUND)
        return status;
    TRY(incident_for(db, &a, now_ns, &incident, err));
    if (a.detail) {
        detail = json_dumps(a.detail, JSON_COMPACT);
        if (!detail)
            return error_set(err, TRUNDLE_NO_MEMORY, "watch", NULL, "no memory for an alert");
    }
    status = db_query(db, &s, err, "INSERT INTO watch_alert(kind, cart, store, name, text, severity, state, opened_ns, last_ns, incident, detail)"
                       " VALUES(?1,?2,?3,?4,?5,?6,'open',?7,?7,?8,?9) RETURNING id", "tttttiiit", a.kind, a.cart, a.store, a.name, a.text, (int64_t)a.severity, now_ns, incident,
                       detail ? detail : "");
    free(detail);
    if (status != TRUNDLE_OK)
        return status;
    TRY(insert_id(s, &id, err));
    (void)snprintf(ref, sizeof ref, "alert %lld", (long long)id);
    TRY(watch_line(db, incident, now_ns, !strcmp(a.kind, "drift") ? "drift" : "alert", "", a.text, ref, err));
    watch_metric_add(w->config.metrics, &watch_m_alerts, (const char *const[]){ a.kind }, 1);
done:
    if (out_id)
        *out_id = id;
    return TRUNDLE_OK;
}

struct alert { int64_t incident; char kind[WATCH_NAME], cart[WATCH_NAME], store[WATCH_NAME], name[WATCH_NAME], state[16]; char text[400]; };

static enum trundle_status load(struct db *db, int64_t id, struct alert *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT incident, kind, cart, store, name, state, text FROM watch_alert WHERE id = ?", "i", id));
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        out->incident = db_integer(s, 0);
        (void)snprintf(out->kind, sizeof out->kind, "%s", db_text(s, 1));
        (void)snprintf(out->cart, sizeof out->cart, "%s", db_text(s, 2));
        (void)snprintf(out->store, sizeof out->store, "%s", db_text(s, 3));
        (void)snprintf(out->name, sizeof out->name, "%s", db_text(s, 4));
        (void)snprintf(out->state, sizeof out->state, "%s", db_text(s, 5));
        (void)snprintf(out->text, sizeof out->text, "%s", db_text(s, 6));
    } else if (status == TRUNDLE_END) {
        status = error_set(err, TRUNDLE_NOT_FOUND, "alert", NULL, "there is no alert %lld", (long long)id);
    }
    db_free(s);
    return status;
}

static enum trundle_status close_alert(struct db *db, int64_t id, const struct alert *a, const char *who, const char *why, int64_t now_ns, struct trundle_error *err)
{
    char ref[32];

    (void)snprintf(ref, sizeof ref, "alert %lld", (long long)id);
    TRY(db_do(db, err, "UPDATE watch_alert SET state = 'closed', closed_ns = ?, who = CASE WHEN ?2 = '' THEN who ELSE ?2 END WHERE id = ?3", "iti", now_ns, who, id));
    return watch_line(db, a->incident, now_ns, why, who, a->text, ref, err);
}

enum trundle_status watch_clear(const struct watch *w, struct db *db, const struct watch_alarm *a, int64_t now_ns, struct trundle_error *err)
{
    enum trundle_status status;
    struct alert alert;
    int64_t id;

    (void)w;
    status = db_get(db, &id, err, "SELECT id FROM watch_alert WHERE kind = ?1 AND cart = ?2 AND (?2 <> '' OR store = ?3) AND name = ?4 AND state <> 'closed'", "tttt", a->kind, watch_text(a->cart),
                       watch_text(a->store), watch_text(a->name));
    if (status != TRUNDLE_OK)
        return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
    TRY(load(db, id, &alert, err));
    return close_alert(db, id, &alert, "", "cleared", now_ns, err);
}

enum trundle_status watch_alert_act(const struct watch *w, struct db *db, int64_t id, enum watch_act act, const char *who, int64_t now_ns, struct trundle_error *err)
{
    struct alert a;
    char ref[32];

    (void)w;
    TRY(load(db, id, &a, err));
    (void)snprintf(ref, sizeof ref, "alert %lld", (long long)id);
    if (!strcmp(a.state, "closed"))
        return error_set(err, TRUNDLE_CONFLICT, ref, "it opens anew when it comes back", "the alert is closed already");
    if (act == WATCH_REBASE && strcmp(a.kind, "drift") != 0)
        return error_set(err, TRUNDLE_BAD_ARG, ref, "close it instead", "only drift has a reference that can start afresh");
    TRY(db_do(db, err, "UPDATE watch_incident SET touched = 1 WHERE id = ?", "i", a.incident));
    if (act == WATCH_ACKNOWLEDGE) {
        TRY(db_do(db, err, "UPDATE watch_alert SET state = 'acknowledged', who = ? WHERE id = ?", "ti", who, id));
        return watch_line(db, a.incident, now_ns, "acknowledged", who, a.text, ref, err);
    }
    if (!strcmp(a.kind, "drift"))
        TRY(watch_stream_reset(db, *a.cart ? WATCH_CART : WATCH_STORE, *a.cart ? a.cart : a.store, a.name, act == WATCH_REBASE, err));
    if (!strcmp(a.kind, "health"))
        TRY(db_do(db, err, "DELETE FROM watch_fact WHERE cart = ? AND name = ?", "tt", a.cart, a.name));
    return close_alert(db, id, &a, who, act == WATCH_REBASE ? "rebased" : "closed", now_ns, err);
}

static enum trundle_status incident_open(struct db *db, int64_t id, struct trundle_error *err)
{
    int64_t open;

    if (db_get(db, &open, err, "SELECT state = 'open' FROM watch_incident WHERE id = ?", "i", id) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NOT_FOUND, "incident", NULL, "there is no incident %lld", (long long)id);
    return open ? TRUNDLE_OK : error_set(err, TRUNDLE_CONFLICT, "incident", NULL, "incident %lld is closed", (long long)id);
}

enum trundle_status watch_incident_note(const struct watch *w, struct db *db, int64_t incident, const char *who, const char *text, int64_t now_ns, struct trundle_error *err)
{
    enum trundle_status status = incident_open(db, incident, err);

    (void)w;
    if (status != TRUNDLE_OK && status != TRUNDLE_CONFLICT)      /* what was learnt later belongs to it too */
        return status;
    if (!text || !*text || strlen(text) > WATCH_TEXT)
        return error_set(err, TRUNDLE_BAD_INPUT, "text", NULL, "a note has 1 to %d bytes", WATCH_TEXT);
    TRY(db_do(db, err, "UPDATE watch_incident SET touched = 1 WHERE id = ?", "i", incident));
    return watch_line(db, incident, now_ns, "note", who, text, "", err);
}

enum trundle_status watch_incident_close(const struct watch *w, struct db *db, int64_t incident, const char *who, int64_t now_ns, struct trundle_error *err)
{
    int64_t open;

    (void)w;
    TRY(incident_open(db, incident, err));
    TRY(db_get(db, &open, err, "SELECT COUNT(*) FROM watch_alert WHERE incident = ? AND state <> 'closed'", "i", incident));
    if (open)
        return error_set(err, TRUNDLE_CONFLICT, "incident", "close its alerts first", "%lld of its alerts are still open", (long long)open);
    TRY(db_do(db, err, "UPDATE watch_incident SET state = 'closed', closed_ns = ?, touched = 1 WHERE id = ?", "ii", now_ns, incident));
    return watch_line(db, incident, now_ns, "closed", who, "the incident was closed", "", err);
}
