/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The tables of this room; keyrings, bundles, and what carts report (ship.h). */
#include "hub/ship/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const steps[] = {
    "CREATE TABLE ship_trust(serial INTEGER PRIMARY KEY, text TEXT NOT NULL, who TEXT NOT NULL, at_ns INTEGER NOT NULL);"
    "CREATE TABLE ship_bundle(sha256 TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, serial INTEGER NOT NULL UNIQUE, bytes INTEGER NOT NULL, made_ns INTEGER NOT NULL,"
    " hardware TEXT NOT NULL, manifest TEXT NOT NULL, signers TEXT NOT NULL, who TEXT NOT NULL, at_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE ship_cart(cart TEXT PRIMARY KEY, store TEXT NOT NULL, hardware TEXT NOT NULL, retired INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE ship_trip(cart TEXT NOT NULL, trip TEXT NOT NULL, bundle TEXT NOT NULL, ended_ns INTEGER NOT NULL, items REAL, corrected REAL, asked REAL, line_p99_ms REAL,"
    " faults REAL, PRIMARY KEY(cart, trip)) WITHOUT ROWID;"
    "CREATE INDEX ship_trip_ended ON ship_trip(ended_ns);"
    "CREATE TABLE ship_confirm(cart TEXT NOT NULL, bundle TEXT NOT NULL, state TEXT NOT NULL, at_ns INTEGER NOT NULL, why TEXT NOT NULL,"
    " PRIMARY KEY(cart, bundle, at_ns, state)) WITHOUT ROWID;"
    "CREATE TABLE ship_rollout(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, bundle TEXT NOT NULL REFERENCES ship_bundle(sha256), state TEXT NOT NULL,"
    " stage INTEGER NOT NULL, by_store INTEGER NOT NULL, stores TEXT, salt TEXT NOT NULL, stages TEXT NOT NULL, alpha REAL NOT NULL, automatic INTEGER NOT NULL,"
    " started_ns INTEGER NOT NULL, stage_ns INTEGER NOT NULL, made_ns INTEGER NOT NULL, who TEXT NOT NULL);"
    "CREATE TABLE ship_member(rollout INTEGER NOT NULL REFERENCES ship_rollout(id), unit TEXT NOT NULL, stage INTEGER NOT NULL, PRIMARY KEY(rollout, unit)) WITHOUT ROWID;"
    "CREATE TABLE ship_transition(rollout INTEGER NOT NULL REFERENCES ship_rollout(id), n INTEGER NOT NULL, from_state TEXT NOT NULL, from_stage INTEGER NOT NULL,"
    " to_state TEXT NOT NULL, to_stage INTEGER NOT NULL, at_ns INTEGER NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, forced INTEGER NOT NULL, evidence TEXT NOT NULL,"
    " PRIMARY KEY(rollout, n)) WITHOUT ROWID;",
};

enum trundle_status ship_open(struct db *db, struct trundle_error *err)
{
    return db_migrate(db, "ship", steps, COUNT_OF(steps), err);
}

static enum trundle_status newest_trust(struct db *db, struct trust **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    const char *text;

    TRY(db_prepare(db, "SELECT text FROM ship_trust ORDER BY serial DESC LIMIT 1", &s, err));
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        text = db_text(s, 0);
        status = trust_parse(text, strlen(text), "the hub's keyring", out, err);
    } else if (status == TRUNDLE_END) {
        status = error_set(err, TRUNDLE_NOT_FOUND, "keyring", "trundle ship publish --trust FILE gives it one", "this hub has no keyring yet");
    }
    db_free(s);
    return status;
}

enum trundle_status ship_trust_put(struct db *db, const void *bytes, size_t n, const char *who, int64_t now_ns, struct trundle_error *err)
{
    struct trust *now = NULL, *next = NULL;
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(trust_parse(bytes, n, "keyring", &next, err));
    TRY_GOTO(status, db_begin(db, err), free);
    status = newest_trust(db, &now, err);
    if (status == TRUNDLE_OK)
        status = trust_follows(now, next, err);
    else if (status == TRUNDLE_NOT_FOUND)
        status = TRUNDLE_OK;
    if (status == TRUNDLE_OK && (!now || trust_serial(next) > trust_serial(now))) {
        TRY_GOTO(status, db_prepare(db, "INSERT INTO ship_trust VALUES(?, ?, ?, ?)", &s, err), out);
        db_bind_integer(s, 1, trust_serial(next));
        db_bind_text(s, 2, (const char *)trust_text(next)->data);
        db_bind_text(s, 3, who);
        db_bind_integer(s, 4, now_ns);
        status = db_run(s, err);
    }
    if (status == TRUNDLE_OK)
        status = db_commit(db, err);
out:
    db_free(s);
    if (status != TRUNDLE_OK)
        db_rollback(db);
free:
    trust_free(now);
    trust_free(next);
    return status;
}

enum trundle_status ship_trust_text(struct db *db, struct bytes *out, struct trundle_error *err)
{
    struct trust *t = NULL;
    enum trundle_status status;

    TRY(newest_trust(db, &t, err));
    status = bytes_print(out, "%s", (const char *)trust_text(t)->data);
    trust_free(t);
    return status == TRUNDLE_OK ? status : error_set(err, status, "keyring", NULL, "no memory");
}

enum trundle_status ship_trust_serial(struct db *db, int64_t *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db, "SELECT coalesce(max(serial), 0) FROM ship_trust", &s, err));
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out = db_integer(s, 0);
    db_free(s);
    return status;
}

enum trundle_status ship_trust_json(struct db *db, int64_t after, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    json_t *list = json_array();
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "SELECT text FROM ship_trust WHERE serial > ? ORDER BY serial", &s, err), out);
    db_bind_integer(s, 1, after);
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        json_array_append_new(list, json_string(db_text(s, 0)));
    if (status == TRUNDLE_END) {
        status = TRUNDLE_OK;
        *out = json_incref(list);
    }
out:
    db_free(s);
    json_decref(list);
    return status;
}

static json_t *loads(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    return value ? value : json_null();
}

static json_t *bundle_row(const struct db_statement *s)
{
    json_t *manifest = loads(db_text(s, 7)), *row;

    row = json_pack("{s:s,s:I,s:s,s:I,s:I,s:o,s:s,s:I,s:o,s:O?,s:O?,s:O?}", "sha256", db_text(s, 0), "bytes", (json_int_t)db_integer(s, 1), "name", db_text(s, 2), "serial",
                    (json_int_t)db_integer(s, 3), "made_ns", (json_int_t)db_integer(s, 4), "hardware", loads(db_text(s, 5)), "by", db_text(s, 6), "added_ns",
                    (json_int_t)db_integer(s, 8), "signatures", loads(db_text(s, 9)), "gate", json_object_get(manifest, "gate"), "calibration",
                    json_object_get(manifest, "calibration"), "catalog", json_object_get(manifest, "catalog"));
    json_decref(manifest);
    return row;
}

#define BUNDLE_COLUMNS "SELECT sha256, bytes, name, serial, made_ns, hardware, who, manifest, at_ns, signers FROM ship_bundle "

enum trundle_status ship_bundle_json(struct db *db, const char *sha256, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db, BUNDLE_COLUMNS "WHERE sha256 = ?", &s, err));
    db_bind_text(s, 1, sha256);
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out = bundle_row(s);
    else if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, "bundle", "trundle ship publish adds one", "%.64s is not known", sha256);
    db_free(s);
    return status;
}

enum trundle_status ship_bundles_json(struct db *db, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    json_t *list;
    enum trundle_status status;

    TRY(db_prepare(db, BUNDLE_COLUMNS "ORDER BY serial DESC", &s, err));
    list = json_array();
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        json_array_append_new(list, bundle_row(s));
    db_free(s);
    if (status != TRUNDLE_END) {
        json_decref(list);
        return status;
    }
    *out = list;
    return TRUNDLE_OK;
}

static enum trundle_status known(struct db *db, const char *sha256, bool *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db, "SELECT 1 FROM ship_bundle WHERE sha256 = ?", &s, err));
    db_bind_text(s, 1, sha256);
    status = db_step(s, err);
    db_free(s);
    *out = status == TRUNDLE_OK;
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* Carts take no bundle that is older than one that was good on them, so one that is older than the newest for some of its hardware would be refused out there, one cart after another. */
static enum trundle_status check_newest(struct db *db, const struct bundle_about *about, const char *hardware, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    char hint[160];

    TRY(db_prepare(db, "SELECT b.serial, b.name, x.value FROM ship_bundle b, json_each(b.hardware) x JOIN json_each(?2) y ON x.value = y.value WHERE b.serial > ?1"
                       " ORDER BY b.serial DESC LIMIT 1", &s, err));
    db_bind_integer(s, 1, about->serial);
    db_bind_text(s, 2, hardware);
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        *out_why = BUNDLE_OLDER;
        (void)snprintf(hint, sizeof hint, "build it with --serial %lld or higher, and sign it again", (long long)db_integer(s, 0) + 1);
        status = error_set(err, TRUNDLE_CONFLICT, "bundle", hint, "serial %lld is older than that of %s, the newest for %s: %lld. Carts that had that one refuse it", (long long)about->serial,
                           db_text(s, 1), db_text(s, 2), (long long)db_integer(s, 0));
    }
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status add_bundle(struct db *db, const struct bundle *b, const char *sha256, const char *who, int64_t now_ns, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct bundle_about about = bundle_about(b);
    struct db_statement *s = NULL;
    json_t *signers = json_array();
    char *hardware = json_dumps(json_object_get(bundle_manifest(b), "hardware"), JSON_COMPACT), *manifest = json_dumps(bundle_manifest(b), JSON_COMPACT), *signed_by;
    enum trundle_status status;
    bool there = false;

    for (size_t i = 0; i < about.signatures_n; i++)
        json_array_append_new(signers, json_string(bundle_signer(b, i)));
    signed_by = json_dumps(signers, JSON_COMPACT);
    if (!hardware || !manifest || !signed_by) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "bundle", NULL, "no memory for its row");
        goto out;
    }
    TRY_GOTO(status, known(db, sha256, &there, err), out);
    if (there)
        goto out;
    TRY_GOTO(status, check_newest(db, &about, hardware, out_why, err), out);
    TRY_GOTO(status, db_prepare(db, "INSERT INTO ship_bundle VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, err), out);
    db_bind_text(s, 1, sha256);
    db_bind_text(s, 2, about.name);
    db_bind_integer(s, 3, about.serial);
    db_bind_integer(s, 4, about.bytes);
    db_bind_integer(s, 5, about.made_ns);
    db_bind_text(s, 6, hardware);
    db_bind_text(s, 7, manifest);
    db_bind_text(s, 8, signed_by);
    db_bind_text(s, 9, who);
    db_bind_integer(s, 10, now_ns);
    status = db_run(s, err);
    if (status == TRUNDLE_CONFLICT)
        (void)error_set(err, status, "bundle", "build it with a new name and serial", "name %s or serial %lld belongs to another bundle", about.name, (long long)about.serial);
out:
    db_free(s);
    free(hardware);
    free(manifest);
    free(signed_by);
    json_decref(signers);
    return status;
}

struct ship_checked { struct bundle *bundle; char sha256[65]; int64_t trust; };

void ship_bundle_checked_free(struct ship_checked *c)
{
    if (c)
        bundle_close(c->bundle);
    free(c);
}

enum trundle_status ship_bundle_check(struct db *db, const char *path, struct ship_checked **out, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct bundle_want want = { .hardware = NULL };
    enum bundle_refusal why = BUNDLE_UNREADABLE;
    struct ship_checked *c = calloc(1, sizeof *c);
    struct trust *trust = NULL;
    enum trundle_status status;

    if (!c)
        return error_set(err, TRUNDLE_NO_MEMORY, "bundle", NULL, "no memory to check it");
    TRY_GOTO(status, newest_trust(db, &trust, err), out);
    c->trust = trust_serial(trust);
    TRY_GOTO(status, bundle_open(path, &c->bundle, &why, err), out);
    TRY_GOTO(status, bundle_verify(c->bundle, trust, &want, &why, err), out);
    TRY_GOTO(status, bundle_sha256(c->bundle, c->sha256, err), out);
    *out = c;
    c = NULL;
out:
    if (out_why)
        *out_why = why;
    ship_bundle_checked_free(c);
    trust_free(trust);
    return status;
}

enum trundle_status ship_bundle_add(struct db *db, const struct ship_checked *c, const char *who, int64_t now_ns, json_t **out, enum bundle_refusal *out_why, struct trundle_error *err)
{
    enum bundle_refusal why = BUNDLE_NONE;
    int64_t trust = 0;
    enum trundle_status status;

    TRY(ship_trust_serial(db, &trust, err));
    if (trust != c->trust)
        return error_set(err, TRUNDLE_AGAIN, "bundle", "check it once more", "the keyring changed since it was checked");
    status = add_bundle(db, c->bundle, c->sha256, who, now_ns, &why, err);
    if (out_why)
        *out_why = why;
    TRY(status);
    return ship_bundle_json(db, c->sha256, out, err);
}

enum trundle_status ship_bundle_accept(struct db *db, const char *path, const char *who, int64_t now_ns, json_t **out, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct ship_checked *c = NULL;
    enum trundle_status status;

    TRY(ship_bundle_check(db, path, &c, out_why, err));
    status = ship_bundle_add(db, c, who, now_ns, out, out_why, err);
    ship_bundle_checked_free(c);
    return status;
}

enum trundle_status ship_cart_put(struct db *db, const struct ship_cart *cart, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    if (!bundle_name_ok(cart->cart) || !bundle_name_ok(cart->store) || !bundle_name_ok(cart->hardware))
        return error_set(err, TRUNDLE_BAD_INPUT, cart->cart, "1 to 40 of a-z 0-9 - _ .", "cart, store and hardware must be names");
    TRY(db_prepare(db, "INSERT INTO ship_cart VALUES(?, ?, ?, ?) ON CONFLICT(cart) DO UPDATE SET store = excluded.store, hardware = excluded.hardware, retired = excluded.retired", &s,
                   err));
    db_bind_text(s, 1, cart->cart);
    db_bind_text(s, 2, cart->store);
    db_bind_text(s, 3, cart->hardware);
    db_bind_integer(s, 4, cart->retired);
    status = db_run(s, err);
    db_free(s);
    return status;
}

enum trundle_status ship_observe(struct db *db, const struct ship_trip *trip, struct trundle_error *err)
{
    const struct gate_trip *n = &trip->numbers;
    struct db_statement *s = NULL;
    enum trundle_status status;

    if (!(n->items >= 0) || !(n->corrected >= 0) || !(n->asked >= 0) || !(n->faults >= 0) || n->items > 1e6 || n->corrected > 1e6 || n->asked > 1e6 || n->faults > 1e6)
        return error_set(err, TRUNDLE_BAD_INPUT, trip->trip, NULL, "items, corrected, asked and faults must be counts from 0 to a million");
    TRY(db_prepare(db, "INSERT INTO ship_trip VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(cart, trip) DO NOTHING", &s, err));
    db_bind_text(s, 1, trip->cart);
    db_bind_text(s, 2, trip->trip);
    db_bind_text(s, 3, trip->bundle ? trip->bundle : "");
    db_bind_integer(s, 4, trip->ended_ns);
    db_bind_number(s, 5, n->items);
    db_bind_number(s, 6, n->corrected);
    db_bind_number(s, 7, n->asked);
    db_bind_number(s, 8, n->line_p99_ms);
    db_bind_number(s, 9, n->faults);
    status = db_run(s, err);
    db_free(s);
    return status;
}

enum trundle_status ship_confirm(struct db *db, const struct ship_confirmation *c, struct trundle_error *err)
{
    static const char *const states[] = { "fetched", "installed", "trial", "good", "rolled_back" };
    struct db_statement *s = NULL;
    enum trundle_status status;
    size_t i = 0;

    while (i < COUNT_OF(states) && strcmp(states[i], c->state) != 0)
        i++;
    if (i == COUNT_OF(states))
        return error_set(err, TRUNDLE_BAD_INPUT, c->cart, "fetched, installed, trial, good, rolled_back", "a bundle has no state \"%.40s\"", c->state);
    TRY(db_prepare(db, "INSERT INTO ship_confirm VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", &s, err));
    db_bind_text(s, 1, c->cart);
    db_bind_text(s, 2, c->bundle);
    db_bind_text(s, 3, c->state);
    db_bind_integer(s, 4, c->at_ns);
    db_bind_text(s, 5, c->why ? c->why : "");
    status = db_run(s, err);
    db_free(s);
    return status;
}
