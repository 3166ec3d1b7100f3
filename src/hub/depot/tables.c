/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The depot's tables, step by step. */
#include "hub/depot/inside.h"

/* A record's key is the number of its (cart, boot) and its sequence in one integer: one B-tree, filled in order.
 * The access log refuses changes; its chain shows them all the same when somebody goes around the trigger. */
static const char *const steps[] = {
    "CREATE TABLE depot_cart(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE depot_boot(id INTEGER PRIMARY KEY, cart INTEGER NOT NULL REFERENCES depot_cart(id), boot INTEGER NOT NULL, UNIQUE(cart, boot));"
    "CREATE TABLE depot_record(key INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);"
    "CREATE VIEW depot_records AS SELECT c.name AS cart, b.boot AS boot, r.key & 1099511627775 AS sequence, r.t_ns AS t_ns, r.received_ns AS received_ns, r.kind AS kind,"
    "  r.body AS body FROM depot_record r JOIN depot_boot b ON b.id = r.key >> 40 JOIN depot_cart c ON c.id = b.cart;"

    "CREATE TABLE depot_blob(sha256 TEXT NOT NULL, owner TEXT NOT NULL, since_ns INTEGER NOT NULL, PRIMARY KEY(sha256, owner)) WITHOUT ROWID;"
    "CREATE TABLE depot_doomed(sha256 TEXT PRIMARY KEY, receipt TEXT) WITHOUT ROWID;"

    "CREATE TABLE depot_clip(id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, cart TEXT NOT NULL, trip TEXT NOT NULL, trigger TEXT NOT NULL, purpose TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL, keep_days INTEGER NOT NULL, t0_s REAL NOT NULL, t1_s REAL NOT NULL, worth REAL, decision INTEGER NOT NULL, state INTEGER NOT NULL,"
    "  announced_ns INTEGER NOT NULL, here_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL);"
    "CREATE INDEX depot_clip_trip ON depot_clip(cart, trip);"
    "CREATE INDEX depot_clip_expires ON depot_clip(expires_ns) WHERE state <> 2;"

    "CREATE TABLE depot_trip(cart TEXT NOT NULL, trip TEXT NOT NULL, store TEXT NOT NULL, bundle TEXT NOT NULL, started_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL,"
    "  boot INTEGER NOT NULL, sequence INTEGER NOT NULL, file TEXT NOT NULL, PRIMARY KEY(cart, trip)) WITHOUT ROWID;"
    "CREATE TABLE depot_product(code TEXT NOT NULL, since_ns INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(code, since_ns)) WITHOUT ROWID;"
    "CREATE TABLE depot_label(id INTEGER PRIMARY KEY, clip TEXT NOT NULL, task TEXT NOT NULL, product TEXT NOT NULL, t0_s REAL NOT NULL, t1_s REAL NOT NULL,"
    "  body TEXT NOT NULL, who TEXT NOT NULL, made_ns INTEGER NOT NULL);"
    "CREATE INDEX depot_label_clip ON depot_label(clip);"

    "CREATE TABLE depot_node(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, ref TEXT NOT NULL, body TEXT NOT NULL, made_ns INTEGER NOT NULL, UNIQUE(kind, ref));"
    "CREATE TABLE depot_edge(child INTEGER NOT NULL REFERENCES depot_node(id), parent INTEGER NOT NULL REFERENCES depot_node(id), split TEXT NOT NULL,"
    "  PRIMARY KEY(child, parent, split)) WITHOUT ROWID;"
    "CREATE INDEX depot_edge_parent ON depot_edge(parent);"
    "CREATE TABLE depot_dataset(node INTEGER PRIMARY KEY REFERENCES depot_node(id), name TEXT NOT NULL, version INTEGER NOT NULL, parent TEXT NOT NULL,"
    "  members INTEGER NOT NULL, reduced INTEGER NOT NULL, UNIQUE(name, version));"
    "CREATE TABLE depot_taint(node INTEGER NOT NULL REFERENCES depot_node(id), clip TEXT NOT NULL, since_ns INTEGER NOT NULL, PRIMARY KEY(node, clip)) WITHOUT ROWID;"
    "CREATE TABLE depot_receipt(sha256 TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE depot_access(id INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL, what TEXT NOT NULL, ref TEXT NOT NULL,"
    "  why TEXT NOT NULL, chain BLOB NOT NULL);"
    "CREATE INDEX depot_access_ref ON depot_access(ref);"
    "CREATE INDEX depot_access_who ON depot_access(who);"
    "CREATE TRIGGER depot_access_kept BEFORE UPDATE ON depot_access BEGIN SELECT RAISE(ABORT, 'the access log is only added to'); END;"
    "CREATE TRIGGER depot_access_stays BEFORE DELETE ON depot_access BEGIN SELECT RAISE(ABORT, 'the access log is only added to'); END;",

    /* A trip's file is a row beside the clips. Clips of a cart whose clock stood at 1970 get the time that they were promised, from when the hub heard of them. */
    "ALTER TABLE depot_clip ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE depot_clip ADD COLUMN content TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX depot_clip_held ON depot_clip(cart, bytes) WHERE state < 2 AND whole = 0;"
    "UPDATE depot_clip SET expires_ns = announced_ns + min(keep_days, 400) * 86400000000000 WHERE state < 2 AND expires_ns < announced_ns + min(keep_days, 400) * 86400000000000;",

    /* How far receipts.jsonl is known (filed.c). Clips that are awaited, by when they were announced (sweep.c). */
    "CREATE TABLE depot_filed(id INTEGER PRIMARY KEY CHECK(id = 1), bytes INTEGER NOT NULL, chain BLOB NOT NULL);"
    "CREATE INDEX depot_clip_awaited ON depot_clip(announced_ns, sha256) WHERE state = 0;",
};

enum trundle_status depot_tables(struct db *db, struct trundle_error *err)
{
    _Static_assert(COUNT_OF(steps) == DEPOT_VERSION, "the version is the number of steps");
    return db_migrate(db, "depot", steps, COUNT_OF(steps), err);
}
