/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * db - SQL behind one small face, so that the rooms above know statements, not a product. SQLite today.
 *
 *     struct db *db;
 *     struct db_statement *put;
 *     TRY(db_open("journal.sqlite", DB_CREATE, &db, err));
 *     TRY(db_prepare(db, "INSERT INTO line(id, cents) VALUES(?, ?)", &put, err));
 *     db_bind_integer(put, 1, 7), db_bind_integer(put, 2, 199);
 *     TRY(db_run(put, err));                        // on disk when it returns
 *
 * A file is opened with a write-ahead log and full sync: what was committed survives power loss. Statements outside of
 * db_begin/db_commit commit by themselves. Parameters count from 1, result columns from 0.
 * Lifetime: free statements before their database. Threads: one at a time per database; others may open the same file
 * (writers wait up to 5 s for each other, then IO with the hint to try again).
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

enum db_mode {
    DB_READ = 0,       /* must exist; nothing is written. CORRUPT: no database */
    DB_WRITE = 1,      /* must exist */
    DB_CREATE = 2      /* made when absent */
};

struct db;
struct db_statement;

/* `path` may be ":memory:". NOT_FOUND, IO, CORRUPT (no database, or a damaged one). */
TRUNDLE_MUST_USE enum trundle_status db_open(const char *path, enum db_mode mode, struct db **out, struct trundle_error *err);
void db_close(struct db *db);   /* NULL is fine; an open transaction is rolled back */

/* Runs one or more statements without results. */
TRUNDLE_MUST_USE enum trundle_status db_exec(struct db *db, const char *sql, struct trundle_error *err);
/* The schema's number kept in the file (0 in a fresh one). */
TRUNDLE_MUST_USE enum trundle_status db_version(struct db *db, int64_t *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status db_version_set(struct db *db, int64_t version, struct trundle_error *err);

/* Brings a room's tables to their newest form: step[k] holds the statements that lead from version k to k + 1, is never changed once released, and is
 * run once, in a transaction with the new version. `room` names the tables' owner (several share a file). UNSUPPORTED: the file was written by a newer
 * program; nothing is changed. A failing step leaves the version before it. */
TRUNDLE_MUST_USE enum trundle_status db_migrate(struct db *db, const char *room, const char *const *step, size_t n, struct trundle_error *err);

TRUNDLE_MUST_USE enum trundle_status db_begin(struct db *db, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status db_commit(struct db *db, struct trundle_error *err);
void db_rollback(struct db *db);   /* nothing to do without a transaction */
bool db_in_transaction(const struct db *db);   /* a full disk or an I/O error may have ended it */
int64_t db_changes(const struct db *db);       /* rows that the last INSERT, UPDATE or DELETE changed */

/* A copy of what is committed at this moment, while others go on writing; `path` must not exist (CONFLICT). Not synced: whoever needs that syncs it. */
TRUNDLE_MUST_USE enum trundle_status db_copy(struct db *db, const char *path, struct trundle_error *err);
/* CORRUPT names the first thing that SQLite's integrity check finds. */
TRUNDLE_MUST_USE enum trundle_status db_check(struct db *db, struct trundle_error *err);

/* Exactly one statement. The caller owns it. What is freed is kept for a while: preparing the same text again costs next to nothing. */
TRUNDLE_MUST_USE enum trundle_status db_prepare(struct db *db, const char *sql, struct db_statement **out, struct trundle_error *err);
void db_free(struct db_statement *s);   /* NULL is fine */

/* Binding remembers its first failure (a wrong index, no memory); db_step and db_run then return it. Texts and blobs are copied.
 * Values stay bound until bound anew. `text` NULL binds NULL. A double that is NAN is NULL. */
void db_bind_integer(struct db_statement *s, int i, int64_t value);
void db_bind_number(struct db_statement *s, int i, double value);
void db_bind_text(struct db_statement *s, int i, const char *text);
void db_bind_borrowed(struct db_statement *s, int i, const char *text);     /* not copied: must stay for as long as the statement is stepped with it */
void db_bind_blob(struct db_statement *s, int i, const void *bytes, size_t n);
void db_bind_null(struct db_statement *s, int i);

/* OK: a row is there. END: no more; the statement is ready to run again. Errors reset it too. */
TRUNDLE_MUST_USE enum trundle_status db_step(struct db_statement *s, struct trundle_error *err);
/* Steps to the end, ignoring rows. */
TRUNDLE_MUST_USE enum trundle_status db_run(struct db_statement *s, struct trundle_error *err);
void db_reset(struct db_statement *s);

/* Of the row that db_step gave; borrowed until the next step, reset or free. NULL reads as 0, NAN, "", no bytes. */
int64_t     db_integer(const struct db_statement *s, int column);
double      db_number(const struct db_statement *s, int column);
const char *db_text(const struct db_statement *s, int column);
const void *db_blob(const struct db_statement *s, int column, size_t *out_n);
bool        db_is_null(const struct db_statement *s, int column);
