/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The SQLite half of db.h. */
#include "base/db/db.h"

#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IDLE = 32 };

struct db {
    sqlite3 *handle;
    char     path[200];
    struct db_statement *idle[IDLE];       /* freed and ready to be prepared again, the longest unused first */
    size_t   idle_n;
};

struct db_statement {
    struct db    *db;        /* borrowed */
    sqlite3_stmt *handle;
    int           bind_rc;   /* first failure of a bind */
};

static enum trundle_status fail(const struct db *db, int rc, struct trundle_error *err)
{
    const char *text = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);

    switch (rc & 0xff) {
    case SQLITE_CANTOPEN:
        return error_set(err, TRUNDLE_IO, db->path, "check the folder and its permissions", "%s", text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, TRUNDLE_IO, db->path, "another process holds it; try again", "%s", text);
    case SQLITE_FULL:
        return error_set(err, TRUNDLE_IO, db->path, "make room on the disk", "%s", text);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return error_set(err, TRUNDLE_CORRUPT, db->path, NULL, "%s", text);
    case SQLITE_NOMEM:
        return error_set(err, TRUNDLE_NO_MEMORY, db->path, NULL, "%s", text);
    case SQLITE_CONSTRAINT:
        return error_set(err, TRUNDLE_CONFLICT, db->path, NULL, "%s", text);
    case SQLITE_TOOBIG:
        return error_set(err, TRUNDLE_TOO_LARGE, db->path, NULL, "%s", text);
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return error_set(err, TRUNDLE_BAD_ARG, db->path, NULL, "%s", text);
    default:
        return error_set(err, TRUNDLE_IO, db->path, NULL, "%s", text);
    }
}

static void statement_end(struct db_statement *s)
{
    (void)sqlite3_finalize(s->handle);
    free(s);
}

/* Of the idle ones, the i-th. */
static struct db_statement *idle_take(struct db *db, size_t i)
{
    struct db_statement *s = db->idle[i];

    memmove(db->idle + i, db->idle + i + 1, (--db->idle_n - i) * sizeof *db->idle);
    return s;
}

/* Nobody asks how much SQLite holds, and to count it takes one lock of all threads for every allocation. */
static void settings(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum trundle_status db_open(const char *path, enum db_mode mode, struct db **out, struct trundle_error *err)
{
    static const int flags[] = { SQLITE_OPEN_READONLY, SQLITE_OPEN_READWRITE, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE };
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct db *db = calloc(1, sizeof *db);
    enum trundle_status status;
    int rc;

    (void)pthread_once(&once, settings);
    if (!db)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for a database");
    (void)snprintf(db->path, sizeof db->path, "%s", path);
    /* Asked without opening it: closing any descriptor of the file would drop the locks that other handles of this process hold. */
    if (mode != DB_CREATE && strcmp(path, ":memory:") != 0 && access(path, R_OK) != 0) {
        status = error_set(err, TRUNDLE_NOT_FOUND, path, NULL, "is not there or cannot be read");
        goto out;
    }
    rc = sqlite3_open_v2(path, &db->handle, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        status = fail(db, rc, err);
        goto out;
    }
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_busy_timeout(db->handle, 5000);
    TRY_GOTO(status, db_exec(db, "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF", err), out);
    if (mode != DB_READ)
        TRY_GOTO(status, db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", err), out);
    TRY_GOTO(status, db_exec(db, "SELECT count(*) FROM sqlite_master", err), out);
    *out = db;
    db = NULL;
out:
    db_close(db);
    return status;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->idle_n; i++)
        statement_end(db->idle[i]);
    (void)sqlite3_close_v2(db->handle);
    free(db);
}

enum trundle_status db_exec(struct db *db, const char *sql, struct trundle_error *err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? TRUNDLE_OK : fail(db, rc, err);
}

enum trundle_status db_version(struct db *db, int64_t *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "PRAGMA user_version", &s, err), out);
    TRY_GOTO(status, db_step(s, err), out);
    *out = db_integer(s, 0);
out:
    db_free(s);
    return status;
}

enum trundle_status db_version_set(struct db *db, int64_t version, struct trundle_error *err)
{
    char sql[64];

    if (version < 0 || version > INT32_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, db->path, NULL, "schema version %lld", (long long)version);
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version=%lld", (long long)version);
    return db_exec(db, sql, err);
}

static enum trundle_status room_version(struct db *db, const char *room, int64_t *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    *out = 0;
    TRY_GOTO(status, db_prepare(db, "SELECT version FROM room WHERE name = ?", &s, err), out);
    db_bind_text(s, 1, room);
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out = db_integer(s, 0);
    else if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
out:
    db_free(s);
    return status;
}

static enum trundle_status set_room_version(struct db *db, const char *room, int64_t version, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "INSERT INTO room(name, version) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET version = excluded.version", &s, err), out);
    db_bind_text(s, 1, room);
    db_bind_integer(s, 2, version);
    status = db_run(s, err);
out:
    db_free(s);
    return status;
}

enum trundle_status db_migrate(struct db *db, const char *room, const char *const *step, size_t n, struct trundle_error *err)
{
    int64_t version;
    enum trundle_status status;

    TRY(db_exec(db, "CREATE TABLE IF NOT EXISTS room(name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID", err));
    TRY(room_version(db, room, &version, err));
    if (version < 0 || version > (int64_t)n)
        return error_set(err, TRUNDLE_UNSUPPORTED, db->path, "run the program that wrote it, or a newer one", "tables of '%s' have version %lld, this program knows up to %zu",
                         room, (long long)version, n);
    while (version < (int64_t)n) {
        TRY(db_begin(db, err));
        status = room_version(db, room, &version, err);          /* another process may have been faster */
        if (status == TRUNDLE_OK && version < (int64_t)n) {
            status = db_exec(db, step[version], err);
            if (status == TRUNDLE_OK)
                status = set_room_version(db, room, ++version, err);
        }
        if (status == TRUNDLE_OK)
            status = db_commit(db, err);
        if (status != TRUNDLE_OK) {
            db_rollback(db);
            return status;
        }
    }
    return TRUNDLE_OK;
}

enum trundle_status db_begin(struct db *db, struct trundle_error *err)
{
    return db_exec(db, "BEGIN IMMEDIATE", err);
}

enum trundle_status db_commit(struct db *db, struct trundle_error *err)
{
    return db_exec(db, "COMMIT", err);
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

bool db_in_transaction(const struct db *db)
{
    return !sqlite3_get_autocommit(db->handle);
}

int64_t db_changes(const struct db *db)
{
    return sqlite3_changes64(db->handle);
}

enum trundle_status db_copy(struct db *db, const char *path, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    if (access(path, F_OK) == 0)
        return error_set(err, TRUNDLE_CONFLICT, path, "name another file", "is there already");
    TRY_GOTO(status, db_prepare(db, "VACUUM INTO ?", &s, err), out);
    db_bind_text(s, 1, path);
    status = db_run(s, err);
out:
    db_free(s);
    return status;
}

enum trundle_status db_check(struct db *db, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "PRAGMA integrity_check(1)", &s, err), out);
    TRY_GOTO(status, db_step(s, err), out);
    if (strcmp(db_text(s, 0), "ok") != 0)
        status = error_set(err, TRUNDLE_CORRUPT, db->path, "restore a backup", "%.200s", db_text(s, 0));
out:
    db_free(s);
    return status;
}

enum trundle_status db_prepare(struct db *db, const char *sql, struct db_statement **out, struct trundle_error *err)
{
    struct db_statement *s;
    enum trundle_status status;
    const char *tail = NULL;
    int rc;

    for (size_t i = 0; i < db->idle_n; i++)
        if (strcmp(sqlite3_sql(db->idle[i]->handle), sql) == 0) {
            *out = idle_take(db, i);
            return TRUNDLE_OK;
        }
    s = calloc(1, sizeof *s);
    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, db->path, NULL, "no memory for a statement");
    s->db = db;
    rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, &tail);
    if (rc != SQLITE_OK) {
        status = fail(db, rc, err);
        free(s);
        return status;
    }
    if (!s->handle || (tail && tail[strspn(tail, " \t\r\n;")])) {
        statement_end(s);
        return error_set(err, TRUNDLE_BAD_ARG, db->path, NULL, "not exactly one statement: %.100s", sql);
    }
    *out = s;
    return TRUNDLE_OK;
}

void db_free(struct db_statement *s)
{
    if (!s)
        return;
    (void)sqlite3_reset(s->handle);
    (void)sqlite3_clear_bindings(s->handle);
    s->bind_rc = SQLITE_OK;
    if (s->db->idle_n == IDLE)
        statement_end(idle_take(s->db, 0));
    s->db->idle[s->db->idle_n++] = s;
}

static void bound(struct db_statement *s, int rc)
{
    if (rc != SQLITE_OK && s->bind_rc == SQLITE_OK)
        s->bind_rc = rc;
}

void db_bind_integer(struct db_statement *s, int i, int64_t value)
{
    bound(s, sqlite3_bind_int64(s->handle, i, value));
}

void db_bind_number(struct db_statement *s, int i, double value)
{
    bound(s, isnan(value) ? sqlite3_bind_null(s->handle, i) : sqlite3_bind_double(s->handle, i, value));
}

void db_bind_text(struct db_statement *s, int i, const char *text)
{
    bound(s, text ? sqlite3_bind_text(s->handle, i, text, -1, SQLITE_TRANSIENT) : sqlite3_bind_null(s->handle, i));
}

void db_bind_borrowed(struct db_statement *s, int i, const char *text)
{
    bound(s, text ? sqlite3_bind_text(s->handle, i, text, -1, SQLITE_STATIC) : sqlite3_bind_null(s->handle, i));
}

void db_bind_blob(struct db_statement *s, int i, const void *bytes, size_t n)
{
    bound(s, sqlite3_bind_blob64(s->handle, i, bytes ? bytes : "", n, SQLITE_TRANSIENT));
}

void db_bind_null(struct db_statement *s, int i)
{
    bound(s, sqlite3_bind_null(s->handle, i));
}

enum trundle_status db_step(struct db_statement *s, struct trundle_error *err)
{
    enum trundle_status status;
    int rc;

    if (s->bind_rc != SQLITE_OK) {
        rc = s->bind_rc;
        s->bind_rc = SQLITE_OK;
        (void)sqlite3_reset(s->handle);
        return rc == SQLITE_RANGE ? error_set(err, TRUNDLE_BAD_ARG, s->db->path, NULL, "a parameter of an index that is not there")
                                  : fail(s->db, rc, err);
    }
    rc = sqlite3_step(s->handle);
    if (rc == SQLITE_ROW)
        return TRUNDLE_OK;
    status = rc == SQLITE_DONE ? TRUNDLE_END : fail(s->db, rc, err);
    (void)sqlite3_reset(s->handle);
    return status;
}

enum trundle_status db_run(struct db_statement *s, struct trundle_error *err)
{
    enum trundle_status status;

    do
        status = db_step(s, err);
    while (status == TRUNDLE_OK);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

void db_reset(struct db_statement *s)
{
    (void)sqlite3_reset(s->handle);
}

int64_t db_integer(const struct db_statement *s, int column)
{
    return sqlite3_column_int64(s->handle, column);
}

double db_number(const struct db_statement *s, int column)
{
    return db_is_null(s, column) ? (double)NAN : sqlite3_column_double(s->handle, column);
}

const char *db_text(const struct db_statement *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s->handle, column);

    return text ? (const char *)text : "";
}

const void *db_blob(const struct db_statement *s, int column, size_t *out_n)
{
    const void *bytes = sqlite3_column_blob(s->handle, column);

    *out_n = bytes ? (size_t)sqlite3_column_bytes(s->handle, column) : 0;
    return bytes;
}

bool db_is_null(const struct db_statement *s, int column)
{
    return sqlite3_column_type(s->handle, column) == SQLITE_NULL;
}
