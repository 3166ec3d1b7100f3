/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Batches into rows, once each; and records out again. */
#include "hub/depot/inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KEY_MASK ((INT64_C(1) << DEPOT_SEQUENCE_BITS) - 1)

struct ingest {
    struct depot       *d;
    const char         *cart;
    struct depot_batch *batch;
    int64_t             now_ns;
    struct depot_count  count;
    struct db_statement *put;
};

/* The first column of the first row. END: there is none. */
static enum trundle_status number_of(struct db_statement *s, int64_t *out, struct trundle_error *err)
{
    enum trundle_status status = db_step(s, err);

    if (status == TRUNDLE_OK) {
        *out = db_integer(s, 0);
        status = db_run(s, err);
    }
    db_free(s);
    return status;
}

static enum trundle_status cart_id(struct db *db, const char *cart, int64_t *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT id FROM depot_cart WHERE name = ?", "t", cart));
    status = number_of(s, out, err);
    if (status != TRUNDLE_END)
        return status;
    TRY(db_query(db, &s, err, "INSERT INTO depot_cart(name) VALUES(?) RETURNING id", "t", cart));
    return number_of(s, out, err);
}

static enum trundle_status boot_id(struct db *db, int64_t cart, int64_t boot, int64_t *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT id FROM depot_boot WHERE cart = ? AND boot = ?", "ii", cart, boot));
    status = number_of(s, out, err);
    if (status == TRUNDLE_END) {
        TRY(db_query(db, &s, err, "INSERT INTO depot_boot(cart, boot) VALUES(?,?) RETURNING id", "ii", cart, boot));
        status = number_of(s, out, err);
    }
    if (status == TRUNDLE_OK && *out > INT64_MAX >> DEPOT_SEQUENCE_BITS)
        return error_set(err, TRUNDLE_FULL, "records", NULL, "no number is left for another boot");
    return status;
}

static enum trundle_status same(struct db *db, const struct ingest *in, const struct depot_record *r, int64_t key, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    char where[160];
    bool equal;

    TRY(db_query(db, &s, err, "SELECT t_ns, kind, body FROM depot_record WHERE key = ?", "i", key));
    status = db_step(s, err);
    equal = status == TRUNDLE_OK && db_integer(s, 0) == r->t_ns && strcmp(db_text(s, 1), r->kind) == 0 && strcmp(db_text(s, 2), r->body) == 0;
    db_free(s);
    if (equal || status != TRUNDLE_OK)
        return status;
    (void)snprintf(where, sizeof where, "line %d", r->line);
    return error_set(err, TRUNDLE_CONFLICT, where, "begin a boot that was not used before",
                     "record (%s, boot %lld, sequence %lld) is here with other content", in->cart, (long long)r->boot, (long long)r->sequence);
}

static enum trundle_status cart_holds(struct db *db, const char *cart, double *out_bytes, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT total(bytes) FROM depot_clip WHERE cart = ? AND state < 2 AND whole = 0", "t", cart));
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out_bytes = db_number(s, 0);
    db_free(s);
    return status;
}

/* The record was checked when it was parsed. A clip is announced once; whoever tells of it again, or another cart, changes nothing. One for which its cart has no room is heard of
 * all the same: refusing its record would hold up those behind it. */
static enum trundle_status clip_row(struct db *db, const struct ingest *in, const struct depot_record *r, struct trundle_error *err)
{
    const json_t *b = r->json, *worth = json_object_get(b, "worth"), *decision = json_object_get(b, "decision");
    int64_t keep_days = json_integer_value(json_object_get(b, "keep_days"));
    int64_t bytes = json_integer_value(json_object_get(b, "bytes"));
    double holds = 0;
    bool room;

    TRY(cart_holds(db, in->cart, &holds, err));
    room = bytes <= in->d->options.clip_max_bytes && holds + (double)bytes <= (double)in->d->options.cart_max_bytes;
    return db_do(db, err, "INSERT OR IGNORE INTO depot_clip(sha256, cart, trip, trigger, purpose, bytes, keep_days, t0_s, t1_s, worth, decision, state, announced_ns, here_ns,"
                     " expires_ns) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,0,?)", "tttttiinnniiii", json_string_value(json_object_get(b, "sha256")), in->cart,
                     json_string_value(json_object_get(b, "trip")), json_string_value(json_object_get(b, "trigger")), json_string_value(json_object_get(b, "purpose")),
                     bytes, keep_days, json_number_value(json_object_get(b, "t0_s")),
                     json_number_value(json_object_get(b, "t1_s")), worth && !json_is_null(worth) ? json_number_value(worth) : (double)NAN,
                     decision && !json_is_null(decision) ? (int64_t)json_integer_value(decision) : INT64_C(-1),
                     (int64_t)(room ? DEPOT_CLIP_ANNOUNCED : DEPOT_CLIP_REFUSED), in->now_ns, room ? depot_expires_ns(in->d, keep_days, in->now_ns) : INT64_MAX);
}

static const char *text_or_none(const json_t *body, const char *key)
{
    const char *text = json_string_value(json_object_get(body, key));

    return text ? text : "";
}

static enum trundle_status trip_row(struct db *db, const struct ingest *in, const struct depot_record *r, struct trundle_error *err)
{
    return db_do(db, err, "INSERT INTO depot_trip(cart, trip, store, bundle, started_ns, ended_ns, boot, sequence, file) VALUES(?,?,?,?,?,?,?,?,'') "
                     "ON CONFLICT(cart, trip) DO UPDATE SET store = excluded.store, bundle = excluded.bundle, started_ns = excluded.started_ns, ended_ns = excluded.ended_ns, "
                     "boot = excluded.boot, sequence = excluded.sequence", "ttttiiii", in->cart, text_or_none(r->json, "trip"), text_or_none(r->json, "store"),
                     text_or_none(r->json, "bundle"), (int64_t)json_integer_value(json_object_get(r->json, "started_ns")),
                     (int64_t)json_integer_value(json_object_get(r->json, "ended_ns")), r->boot, r->sequence);
}

static enum trundle_status record_put(struct db *db, struct ingest *in, struct depot_record *r, int64_t key, struct trundle_error *err)
{
    struct depot *d = in->d;
    struct db_statement *s = in->put;

    db_bind_integer(s, 1, key);
    db_bind_integer(s, 2, r->t_ns);
    db_bind_integer(s, 3, in->now_ns);
    db_bind_borrowed(s, 4, r->kind);
    db_bind_borrowed(s, 5, r->body);
    TRY(db_run(s, err));
    r->fresh = db_changes(db) != 0;
    if (!r->fresh) {
        in->count.repeated++;
        return same(db, in, r, key, err);
    }
    in->count.accepted++;
    if (strcmp(r->kind, "clip") == 0)
        TRY(clip_row(db, in, r, err));
    else if (strcmp(r->kind, "trip") == 0)
        TRY(trip_row(db, in, r, err));
    for (size_t k = 0; k < d->hooks; k++) {
        enum trundle_status status = d->hook[k].hook(d->hook[k].user, db, in->cart, r, in->now_ns, err);

        if (status != TRUNDLE_OK) {
            error_within(err, "line %d", r->line);
            return status;
        }
    }
    return TRUNDLE_OK;
}

static enum trundle_status ingest_job(struct db *db, void *user, struct trundle_error *err)
{
    struct ingest *in = user;
    int64_t cart = 0, boot = 0, last = 0;
    enum trundle_status status = TRUNDLE_OK;

    in->count = (struct depot_count){ 0 };
    TRY(cart_id(db, in->cart, &cart, err));
    TRY(db_prepare(db, "INSERT OR IGNORE INTO depot_record(key, t_ns, received_ns, kind, body) VALUES(?,?,?,?,?)", &in->put, err));
    for (size_t i = 0; i < depot_batch_count(in->batch); i++) {
        struct depot_record *r = depot_batch_at(in->batch, i);

        if (r->boot != last)
            TRY_GOTO(status, boot_id(db, cart, r->boot, &boot, err), out);
        last = r->boot;
        TRY_GOTO(status, record_put(db, in, r, boot << DEPOT_SEQUENCE_BITS | r->sequence, err), out);
    }
out:
    db_free(in->put);
    return status;
}

enum trundle_status depot_ingest(struct depot *d, const char *cart, struct depot_batch *batch, int64_t now_ns, struct depot_count *out, struct trundle_error *err)
{
    struct ingest in = { .d = d, .cart = cart, .batch = batch, .now_ns = now_ns };

    TRY(depot_name_check(cart, "cart", err));
    TRY(depot_write(d, ingest_job, &in, err));
    *out = in.count;
    return TRUNDLE_OK;
}

enum trundle_status depot_hook_add(struct depot *d, depot_hook *hook, void *user, struct trundle_error *err)
{
    if (d->hooks == DEPOT_HOOKS)
        return error_set(err, TRUNDLE_FULL, d->folder, NULL, "%d hooks are set already", DEPOT_HOOKS);
    d->hook[d->hooks].hook = hook;
    d->hook[d->hooks++].user = user;
    return TRUNDLE_OK;
}

/* ---- out again ---- */

static void give(const struct db_statement *s, const char *cart, depot_each_record *each, void *user)
{
    const struct depot_record r = { .boot = db_integer(s, 0), .sequence = db_integer(s, 1) & KEY_MASK, .t_ns = db_integer(s, 2), .kind = db_text(s, 4), .body = db_text(s, 5) };

    each(user, cart, &r, db_integer(s, 3));
}

enum trundle_status depot_records(struct depot *d, const char *cart, const char *kind, int64_t boot, int64_t sequence, int limit, depot_each_record *each, void *user,
                                  struct trundle_error *err)
{
    struct db_statement *boots = NULL, *s = NULL;
    enum trundle_status status;
    struct db *db = NULL;
    int given = 0;

    if (limit < 1 || limit > 10000)
        return error_set(err, TRUNDLE_BAD_ARG, "records", NULL, "limit %d, allowed are 1 to 10000", limit);
    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &boots, err, "SELECT b.id, b.boot FROM depot_boot b JOIN depot_cart c ON c.id = b.cart WHERE c.name = ? AND b.boot >= ? ORDER BY b.boot", "ti",
                                 cart, boot), out);
    TRY_GOTO(status, db_query(db, &s, err, "SELECT ?1, key, t_ns, received_ns, kind, body FROM depot_record WHERE key > ?2 AND key < ?3 AND (?4 IS NULL OR kind = ?4)"
                                 " ORDER BY key LIMIT ?5", ""), out);
    while (given < limit && (status = db_step(boots, err)) == TRUNDLE_OK) {
        int64_t first = db_integer(boots, 0) << DEPOT_SEQUENCE_BITS;

        db_bind_integer(s, 1, db_integer(boots, 1));
        db_bind_integer(s, 2, first | (db_integer(boots, 1) == boot && sequence > 0 ? sequence & KEY_MASK : 0));
        db_bind_integer(s, 3, first | KEY_MASK);
        db_bind_text(s, 4, kind);
        db_bind_integer(s, 5, limit - given);
        while ((status = db_step(s, err)) == TRUNDLE_OK) {
            give(s, cart, each, user);
            given++;
        }
        if (status != TRUNDLE_END)
            goto out;
    }
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
out:
    db_free(s);
    db_free(boots);
    depot_read_end(d, db);
    return status;
}

/* A trip may span boots (a killed cart goes on with it): those of the cart that have records between its start and the record of its end. */
enum trundle_status depot_trip_records(struct depot *d, const char *cart, const char *trip, int limit, depot_each_record *each, void *user, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct depot_trip t = { .boot = 0 };
    enum trundle_status status;
    struct db *db = NULL;

    if (limit < 1 || limit > 100000)
        return error_set(err, TRUNDLE_BAD_ARG, "records", NULL, "limit %d, allowed are 1 to 100000", limit);
    TRY(depot_trip_get(d, cart, trip, &t, err));
    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT b.boot, r.key, r.t_ns, r.received_ns, r.kind, r.body FROM depot_cart c JOIN depot_boot b ON b.cart = c.id JOIN depot_record r"
                                 " ON r.key > b.id << 40 AND r.key < (b.id + 1) << 40 WHERE c.name = ?1 AND (b.boot < ?2 OR (b.boot = ?2 AND r.key & 1099511627775 <= ?3))"
                                 " AND b.boot > ?2 - 100 AND r.t_ns >= ?4 AND (r.t_ns <= ?5 OR r.kind = 'trip') AND json_extract(r.body, '$.trip') IS ?6"
                                 " ORDER BY b.boot, r.key LIMIT ?7", "tiiiiti", cart, t.boot, t.sequence, t.started_ns, t.ended_ns, trip, (int64_t)limit), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        give(s, cart, each, user);
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}
