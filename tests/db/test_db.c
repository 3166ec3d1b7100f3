/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* db: what is written is read, transactions are whole, errors say what. */
#include "base/db/db.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
    static char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", support_scratch(), name);
    return path;
}

static void values_go_in_and_come_out(void **state)
{
    static const uint8_t blob[] = { 0, 1, 0, 255 };
    struct db_statement *put = NULL, *get = NULL;
    struct db *db = NULL;
    struct trundle_error err;
    size_t n;

    (void)state;
    support_ok(db_open(":memory:", DB_CREATE, &db, &err), &err);
    support_ok(db_exec(db, "CREATE TABLE t(i INTEGER PRIMARY KEY, x REAL, s TEXT, b BLOB)", &err), &err);
    support_ok(db_prepare(db, "INSERT INTO t VALUES(?,?,?,?)", &put, &err), &err);
    db_bind_integer(put, 1, INT64_MIN);
    db_bind_number(put, 2, (double)NAN);
    db_bind_text(put, 3, "a'b");
    db_bind_blob(put, 4, blob, sizeof blob);
    support_ok(db_run(put, &err), &err);
    assert_int_equal(db_run(put, &err), TRUNDLE_CONFLICT);
    db_bind_integer(put, 1, 2);
    db_bind_number(put, 2, 0.1);
    db_bind_text(put, 3, NULL);
    db_bind_null(put, 4);
    support_ok(db_run(put, &err), &err);
    db_bind_integer(put, 9, 1);
    assert_int_equal(db_run(put, &err), TRUNDLE_BAD_ARG);
    support_ok(db_prepare(db, "SELECT * FROM t ORDER BY i", &get, &err), &err);
    support_ok(db_step(get, &err), &err);
    assert_true(db_integer(get, 0) == INT64_MIN && isnan(db_number(get, 1)) && db_is_null(get, 1));
    assert_string_equal(db_text(get, 2), "a'b");
    assert_memory_equal(db_blob(get, 3, &n), blob, sizeof blob);
    assert_int_equal(n, sizeof blob);
    support_ok(db_step(get, &err), &err);
    assert_true(db_number(get, 1) == 0.1 && db_is_null(get, 2));
    assert_string_equal(db_text(get, 2), "");
    assert_int_equal(db_step(get, &err), TRUNDLE_END);
    db_free(get);
    db_free(put);
    assert_int_equal(db_prepare(db, "SELECT 1; SELECT 2", &get, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(db_prepare(db, "SELEKT", &get, &err), TRUNDLE_BAD_ARG);
    db_close(db);
    db_close(NULL);
    db_free(NULL);
}

static void transactions_are_whole_and_files_stay(void **state)
{
    const char *path = path_of("a.sqlite");
    struct db *db = NULL, *other = NULL;
    struct db_statement *s = NULL;
    struct trundle_error err;
    int64_t version = 0;

    (void)state;
    assert_int_equal(db_open(path, DB_WRITE, &db, &err), TRUNDLE_NOT_FOUND);
    support_ok(db_open(path, DB_CREATE, &db, &err), &err);
    support_ok(db_exec(db, "CREATE TABLE t(i INTEGER)", &err), &err);
    support_ok(db_version_set(db, 7, &err), &err);
    support_ok(db_prepare(db, "PRAGMA synchronous", &s, &err), &err);
    support_ok(db_step(s, &err), &err);
    assert_int_equal(db_integer(s, 0), 2);
    db_free(s);
    s = NULL;
    support_ok(db_begin(db, &err), &err);
    support_ok(db_exec(db, "INSERT INTO t VALUES(1)", &err), &err);
    db_rollback(db);
    db_rollback(db);
    support_ok(db_begin(db, &err), &err);
    support_ok(db_exec(db, "INSERT INTO t VALUES(2)", &err), &err);
    support_ok(db_commit(db, &err), &err);
    support_ok(db_open(path, DB_READ, &other, &err), &err);
    support_ok(db_version(other, &version, &err), &err);
    assert_int_equal(version, 7);
    assert_int_not_equal(db_exec(other, "INSERT INTO t VALUES(3)", &err), TRUNDLE_OK);
    support_ok(db_prepare(other, "SELECT sum(i), count(*) FROM t", &s, &err), &err);
    support_ok(db_step(s, &err), &err);
    assert_true(db_integer(s, 0) == 2 && db_integer(s, 1) == 1);
    db_free(s);
    db_close(other);
    db_close(db);
}

static void what_is_no_database_is_refused(void **state)
{
    const char *path = path_of("b.sqlite");
    struct db *db = NULL;
    struct trundle_error err;
    FILE *f = fopen(path, "wb");

    (void)state;
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        (void)fputs("nonsense", f);
    (void)fclose(f);
    assert_int_equal(db_open(path, DB_READ, &db, &err), TRUNDLE_CORRUPT);
    assert_int_equal(db_open(path, DB_CREATE, &db, &err), TRUNDLE_CORRUPT);
    assert_int_equal(db_open("/nonexistent/x.sqlite", DB_CREATE, &db, &err), TRUNDLE_IO);
    assert_null(db);
}

static void each_room_has_its_own_version(void **state)
{
    static const char *const first[] = { "CREATE TABLE a(i INTEGER)", "ALTER TABLE a ADD COLUMN j INTEGER; INSERT INTO a VALUES(1, 2)" };
    static const char *const broken[] = { "CREATE TABLE b(i INTEGER)", "INSERT INTO b VALUES(1); INSERT INTO nosuch VALUES(1)" };
    struct db *db;
    struct db_statement *s;
    struct trundle_error err;

    (void)state;
    support_ok(db_open(":memory:", DB_CREATE, &db, &err), &err);
    support_ok(db_migrate(db, "a", first, 1, &err), &err);
    support_ok(db_migrate(db, "a", first, 2, &err), &err);
    support_ok(db_migrate(db, "a", first, 2, &err), &err);                   /* once, and only once */
    assert_int_equal(db_migrate(db, "a", first, 1, &err), TRUNDLE_UNSUPPORTED);
    assert_int_not_equal(db_migrate(db, "b", broken, 2, &err), TRUNDLE_OK);
    support_ok(db_prepare(db, "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT version FROM room WHERE name = 'b')", &s, &err), &err);
    support_ok(db_step(s, &err), &err);
    assert_true(db_integer(s, 0) == 1 && db_integer(s, 1) == 0 && db_integer(s, 2) == 1);
    db_free(s);
    db_close(db);
}

/* A lock of a process is gone when it closes any descriptor of the file (fcntl). A second handle of this process must not cost the first one its lock: another process
 * that closes would take itself for the last one and remove the log under us, and with it all that is written from then on. */
static void another_process_does_not_take_the_log_away(void **state)
{
    struct db *first, *second, *other;
    struct trundle_error err;
    char path[4096], log[4200], go = 0;
    int status, start[2];
    pid_t pid;

    (void)state;
    (void)snprintf(path, sizeof path, "%s", path_of("shared.sqlite"));
    (void)snprintf(log, sizeof log, "%s-wal", path);
    assert_int_equal(pipe(start), 0);
    (void)fflush(NULL);
    pid = fork();                          /* before anything is open: SQLite would take over what this process knows of its locks */
    if (pid == 0) {
        if (read(start[0], &go, 1) != 1 || db_open(path, DB_WRITE, &other, &err) != TRUNDLE_OK || db_exec(other, "INSERT INTO t VALUES(2)", &err) != TRUNDLE_OK)
            _exit(1);
        db_close(other);
        _exit(0);
    }
    assert_true(pid > 0);
    support_ok(db_open(path, DB_CREATE, &first, &err), &err);
    support_ok(db_exec(first, "CREATE TABLE t(i INTEGER); INSERT INTO t VALUES(1)", &err), &err);
    support_ok(db_open(path, DB_READ, &second, &err), &err);
    assert_int_equal(db_copy(second, path, &err), TRUNDLE_CONFLICT);
    assert_int_equal(write(start[1], &go, 1), 1);
    assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(access(log, F_OK), 0);
    db_close(second);
    db_close(first);
    (void)close(start[0]);
    (void)close(start[1]);
}

/* What is freed serves again as if it were new: no row left over, no value bound, nothing of an older table. */
static void a_freed_statement_is_as_new(void **state)
{
    char sql[40], borrowed[] = "abc";
    struct db_statement *s = NULL, *other = NULL, *first;
    struct db *db = NULL;
    struct trundle_error err;

    (void)state;
    support_ok(db_open(":memory:", DB_CREATE, &db, &err), &err);
    support_ok(db_exec(db, "CREATE TABLE t(i INTEGER); INSERT INTO t VALUES(1), (2)", &err), &err);
    support_ok(db_prepare(db, "SELECT i, ? FROM t", &s, &err), &err);
    support_ok(db_prepare(db, "SELECT i, ? FROM t", &other, &err), &err);
    assert_ptr_not_equal(s, other);
    db_bind_borrowed(s, 1, borrowed);
    db_bind_text(s, 7, "there is no seventh");
    db_free(s);
    first = s;
    support_ok(db_exec(db, "ALTER TABLE t ADD COLUMN x; DELETE FROM t WHERE i = 1", &err), &err);
    support_ok(db_prepare(db, "SELECT i, ? FROM t", &s, &err), &err);
    assert_ptr_equal(s, first);
    support_ok(db_step(s, &err), &err);
    assert_true(db_integer(s, 0) == 2 && db_is_null(s, 1));
    db_bind_borrowed(other, 1, borrowed);
    borrowed[0] = 'x';
    support_ok(db_step(other, &err), &err);
    assert_string_equal(db_text(other, 1), "xbc");
    db_free(other);                        /* both within a row: the table is free all the same */
    db_free(s);
    support_ok(db_exec(db, "DROP TABLE t", &err), &err);
    assert_int_equal(db_prepare(db, "SELECT i FROM t", &s, &err), TRUNDLE_BAD_ARG);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(sql, sizeof sql, "SELECT %d", i % 50);
        support_ok(db_prepare(db, sql, &s, &err), &err);
        support_ok(db_step(s, &err), &err);
        assert_int_equal(db_integer(s, 0), i % 50);
        db_free(s);
    }
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_in_and_come_out),
        cmocka_unit_test(transactions_are_whole_and_files_stay),
        cmocka_unit_test(what_is_no_database_is_refused),
        cmocka_unit_test(each_room_has_its_own_version),
        cmocka_unit_test(another_process_does_not_take_the_log_away),
        cmocka_unit_test(a_freed_statement_is_as_new),
    };

    return support_run(tests);
}
