/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Health records, and what time alone shows: facts that are bad for some records in a row, carts that fell silent, rows that are old. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACTS_MAX = 24, STORE_SILENT_LEAST = 3 };
#define VALUES_KEPT_NS (400 * DAY_NS)
#define INCIDENT_OVER_NS DAY_NS

struct fact { char name[24], text[160]; };
struct facts { struct fact bad[FACTS_MAX]; size_t n; };

static void bad(struct facts *f, const char *name, int index, const char *text)
{
    if (f->n == FACTS_MAX)
        return;
    if (index >= 0)
        (void)snprintf(f->bad[f->n].name, sizeof f->bad[f->n].name, "%s %d", name, index);
    else
        (void)snprintf(f->bad[f->n].name, sizeof f->bad[f->n].name, "%s", name);
    (void)snprintf(f->bad[f->n++].text, sizeof f->bad[0].text, "%s", text);
}

/* A list of states: "ok", "off" (not fitted) and "unchecked" (of a cart whose walls show nothing: it keeps less) are fine. A state is a text, or an object with one under "state". */
static enum trundle_status states(json_t *body, const char *key, const char *one, const char *cart, struct facts *f, struct trundle_error *err)
{
    json_t *list = json_object_get(body, key), *entry;
    size_t i;

    if (!list || json_is_null(list))
        return TRUNDLE_OK;
    if (!json_is_array(list) || json_array_size(list) > 16)
        return error_set(err, TRUNDLE_BAD_INPUT, key[0] == 'c' && key[1] == 'a' ? "body.cameras" : "body.cells", NULL, "not a list of up to 16 states");
    json_array_foreach(list, i, entry) {
        const char *state = json_string_value(json_is_object(entry) ? json_object_get(entry, "state") : entry);
        char text[160];

        if (!state)
            return error_set(err, TRUNDLE_BAD_INPUT, "body", NULL, "%s[%zu] is no state", key, i);
        if (!strcmp(state, "ok") || !strcmp(state, "off") || !strcmp(state, "unchecked"))
            continue;
        (void)snprintf(text, sizeof text, "%s %zu of %s is %.60s", one, i, cart, state);
        bad(f, one, (int)i, text);
    }
    return TRUNDLE_OK;
}

static enum trundle_status find(const struct watch *w, const struct watch_record *r, struct facts *f, struct trundle_error *err)
{
    struct json_at body = json_at_root(r->body, "body");
    char text[160];
    double v;

    if (json_is_number(json_object_get(r->body, "disk_free_bytes"))) {
        TRY(json_take_number(&body, "disk_free_bytes", 0, 1e18, &v, err));
        (void)snprintf(text, sizeof text, "%s has %.0f MB of disk left", r->cart, v / 1e6);
        if (v < (double)w->config.disk_free_bytes)
            bad(f, "disk", -1, text);
    }
    if (json_is_number(json_object_get(r->body, "temperature_c"))) {
        TRY(json_take_number(&body, "temperature_c", -100, 300, &v, err));
        (void)snprintf(text, sizeof text, "%s is %.0f degrees C warm", r->cart, v);
        if (v > w->config.temperature_c)
            bad(f, "temperature", -1, text);
    }
    if (json_is_number(json_object_get(r->body, "battery"))) {
        TRY(json_take_number(&body, "battery", 0, 1, &v, err));
        (void)snprintf(text, sizeof text, "%s has %.0f %% of its battery left", r->cart, 100 * v);
        if (v < w->config.battery)
            bad(f, "battery", -1, text);
    }
    TRY(states(r->body, "cameras", "camera", r->cart, f, err));
    return states(r->body, "cells", "cell", r->cart, f, err);
}

static enum trundle_status bad_again(const struct watch *w, struct db *db, const char *cart, const char *store, const struct fact *f, int64_t now_ns, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    int64_t times = 0;

    TRY(db_query(db, &s, err, "INSERT INTO watch_fact(cart, name, bad, good) VALUES(?, ?, 1, 0) ON CONFLICT(cart, name) DO UPDATE SET bad = bad + 1, good = 0 RETURNING bad", "tt", cart, f->name));
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        times = db_integer(s, 0);
        status = db_run(s, err);
    }
    db_free(s);
    if (status != TRUNDLE_OK || times < w->config.bad_records)
        return status;
    return watch_raise(w, db, &(struct watch_alarm){ .kind = "health", .cart = cart, .store = store, .name = f->name, .text = f->text, .severity = 1 }, now_ns, NULL, err);
}

/* Facts that are on the list and were not bad this time. */
static enum trundle_status good_again(const struct watch *w, struct db *db, const char *cart, const char *store, const struct facts *f, int64_t now_ns, struct trundle_error *err)
{
    char over[FACTS_MAX][24];
    struct db_statement *s = NULL;
    enum trundle_status status;
    size_t n = 0;

    TRY(db_query(db, &s, err, "SELECT name FROM watch_fact WHERE cart = ?", "t", cart));
    while ((status = db_step(s, err)) == TRUNDLE_OK && n < FACTS_MAX) {
        size_t i = 0;

        while (i < f->n && strcmp(f->bad[i].name, db_text(s, 0)) != 0)
            i++;
        if (i == f->n)
            (void)snprintf(over[n++], sizeof over[0], "%s", db_text(s, 0));
    }
    db_free(s);
    if (status != TRUNDLE_OK && status != TRUNDLE_END)
        return status;
    for (size_t i = 0; i < n; i++) {
        int64_t good = 0;

        TRY(db_do(db, err, "UPDATE watch_fact SET good = good + 1 WHERE cart = ? AND name = ?", "tt", cart, over[i]));
        TRY(db_get(db, &good, err, "SELECT good FROM watch_fact WHERE cart = ? AND name = ?", "tt", cart, over[i]));
        if (good < w->config.good_records)
            continue;
        TRY(db_do(db, err, "DELETE FROM watch_fact WHERE cart = ? AND name = ?", "tt", cart, over[i]));
        TRY(watch_clear(w, db, &(struct watch_alarm){ .kind = "health", .cart = cart, .store = store, .name = over[i] }, now_ns, err));
    }
    return TRUNDLE_OK;
}

enum trundle_status watch_health(const struct watch *w, struct db *db, const struct watch_record *r, const char *store, int64_t now_ns, struct trundle_error *err)
{
    const char *bundle = json_string_value(json_object_get(r->body, "bundle")), *slot = json_string_value(json_object_get(r->body, "slot"));
    struct facts f = { .n = 0 };
    enum trundle_status status;
    char *text;

    TRY(find(w, r, &f, err));
    text = json_dumps(r->body, JSON_COMPACT);
    if (!text)
        return error_set(err, TRUNDLE_NO_MEMORY, "watch", NULL, "no memory for a health record");
    /* An outbox that was long away empties itself in order: the newest by the cart's own time is what counts. */
    status = db_do(db, err, "UPDATE watch_cart SET health = ?2, health_ns = ?3, bundle = CASE WHEN ?4 = '' THEN bundle ELSE ?4 END, slot = ?5 WHERE cart = ?1 AND health_ns <= ?3",
                      "ttitt", r->cart, text, r->t_ns, watch_text(bundle), watch_text(slot));
    free(text);
    if (status != TRUNDLE_OK)
        return status;
    for (size_t i = 0; i < f.n; i++)
        TRY(bad_again(w, db, r->cart, store, &f.bad[i], now_ns, err));
    return good_again(w, db, r->cart, store, &f, now_ns, err);
}

/* ---- time ---- */

/* One store's carts that fell silent. When half of it is, the store is: one alert, not forty. */
static enum trundle_status silent_store(const struct watch *w, struct db *db, const char *store, int64_t before_ns, int64_t now_ns, struct trundle_error *err)
{
    struct watch_alarm alarm = { .kind = "silent", .cart = "", .store = store, .name = "", .severity = 1 };
    int64_t all, silent;
    char text[200], cart[WATCH_NAME];

    alarm.text = text;
    TRY(db_get(db, &all, err, "SELECT COUNT(*) FROM watch_cart WHERE store = ?", "t", store));
    TRY(db_get(db, &silent, err, "SELECT COUNT(*) FROM watch_cart WHERE store = ? AND seen_ns < ?", "ti", store, before_ns));
    if (silent >= STORE_SILENT_LEAST && 2 * silent >= all) {
        (void)snprintf(text, sizeof text, "%lld of the %lld carts of %s said nothing for %.0f minutes", (long long)silent, (long long)all, *store ? store : "no store",
                       (double)w->config.silent_ns / 6e10);
        TRY(watch_raise(w, db, &alarm, now_ns, NULL, err));
        return db_do(db, err, "UPDATE watch_cart SET silent = 1 WHERE store = ? AND seen_ns < ?", "ti", store, before_ns);
    }
    for (;;) {
        struct db_statement *s = NULL;
        enum trundle_status status;

        TRY(db_query(db, &s, err, "SELECT cart FROM watch_cart WHERE store = ? AND seen_ns < ? AND silent = 0 LIMIT 1", "ti", store, before_ns));
        status = db_step(s, err);
        if (status == TRUNDLE_OK)
            (void)snprintf(cart, sizeof cart, "%s", db_text(s, 0));
        db_free(s);
        if (status != TRUNDLE_OK)
            return status == TRUNDLE_END ? TRUNDLE_OK : status;
        alarm.cart = cart;
        (void)snprintf(text, sizeof text, "%s said nothing for %.0f minutes", cart, (double)w->config.silent_ns / 6e10);
        TRY(watch_raise(w, db, &alarm, now_ns, NULL, err));
        TRY(db_do(db, err, "UPDATE watch_cart SET silent = 1 WHERE cart = ?", "t", cart));
    }
}

enum trundle_status watch_tick(const struct watch *w, struct db *db, int64_t now_ns, struct trundle_error *err)
{
    int64_t before_ns = now_ns - w->config.silent_ns;
    char store[WATCH_NAME];

    for (;;) {
        struct db_statement *s = NULL;
        enum trundle_status status;

        TRY(db_query(db, &s, err, "SELECT store FROM watch_cart WHERE seen_ns < ? AND silent = 0 LIMIT 1", "i", before_ns));
        status = db_step(s, err);
        if (status == TRUNDLE_OK)
            (void)snprintf(store, sizeof store, "%s", db_text(s, 0));
        db_free(s);
        if (status == TRUNDLE_END)
            break;
        if (status != TRUNDLE_OK)
            return status;
        TRY(silent_store(w, db, store, before_ns, now_ns, err));
    }
    /* An incident that nobody touched, and whose alerts all closed by themselves a day ago, is over. */
    TRY(db_do(db, err, "INSERT INTO watch_line(incident, t_ns, kind, who, text, ref) SELECT id, ?1, 'closed', '', 'all of its alerts had closed by themselves a day before', ''"
                 " FROM watch_incident i WHERE state = 'open' AND touched = 0 AND NOT EXISTS (SELECT 1 FROM watch_alert a WHERE a.incident = i.id AND (a.state <> 'closed' OR a.closed_ns > ?2))",
                 "ii", now_ns, now_ns - INCIDENT_OVER_NS));
    TRY(db_do(db, err, "UPDATE watch_incident SET state = 'closed', closed_ns = ?1 WHERE state = 'open' AND touched = 0 AND NOT EXISTS"
                 " (SELECT 1 FROM watch_alert a WHERE a.incident = watch_incident.id AND (a.state <> 'closed' OR a.closed_ns > ?2))", "ii", now_ns, now_ns - INCIDENT_OVER_NS));
    TRY(db_do(db, err, "DELETE FROM watch_value WHERE id IN (SELECT id FROM watch_value WHERE t_ns < ? LIMIT 2000)", "i", now_ns - VALUES_KEPT_NS));
    return db_do(db, err, "DELETE FROM watch_event WHERE id IN (SELECT id FROM watch_event WHERE t_ns < ? LIMIT 2000)", "i", now_ns - VALUES_KEPT_NS);
}

enum trundle_status watch_retire(const struct watch *w, struct db *db, const char *cart, int64_t now_ns, struct trundle_error *err)
{
    (void)w;
    TRY(db_do(db, err, "INSERT INTO watch_line(incident, t_ns, kind, who, text, ref) SELECT incident, ?1, 'cleared', '', text || ' (the cart left the fleet)', 'alert ' || id"
                 " FROM watch_alert WHERE cart = ?2 AND state <> 'closed'", "it", now_ns, cart));
    TRY(db_do(db, err, "UPDATE watch_alert SET state = 'closed', closed_ns = ? WHERE cart = ? AND state <> 'closed'", "it", now_ns, cart));
    TRY(db_do(db, err, "UPDATE watch_stream SET open = 0, up = 0, down = 0 WHERE scope = 0 AND who = ?", "t", cart));
    TRY(db_do(db, err, "DELETE FROM watch_fact WHERE cart = ?", "t", cart));
    return db_do(db, err, "DELETE FROM watch_cart WHERE cart = ?", "t", cart);
}
