/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* db/query: each letter of parameters and of rows, and what goes wrong. */
#include "base/db/query.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>

static struct trundle_error err;

static struct db *open_table(void)
{
    static const uint8_t bytes[] = { 0, 1, 0 };
    struct db *db = NULL;

    support_ok(db_open(":memory:", DB_CREATE, &db, &err), &err);
    support_ok(db_exec(db, "CREATE TABLE t(i INTEGER PRIMARY KEY, x REAL, s TEXT, b BLOB)", &err), &err);
    support_ok(db_do(db, &err, "INSERT INTO t VALUES(?, ?, ?, ?)", "intb", INT64_MAX, 0.5, "a'b", bytes, sizeof bytes), &err);
    support_ok(db_do(db, &err, "INSERT INTO t VALUES(?, ?, ?, NULL)", "int", (int64_t)0, (double)NAN, (const char *)NULL), &err);
    return db;
}

static char *rows_of(struct db *db, const char *sql, const char *spec)
{
    struct db_statement *s = NULL;
    json_t *rows = NULL;
    char *text;

    support_ok(db_query(db, &s, &err, sql, ""), &err);
    support_ok(db_rows(s, spec, &rows, &err), &err);
    text = json_dumps(rows, JSON_COMPACT);
    json_decref(rows);
    return text;
}

static void assert_rows(struct db *db, const char *sql, const char *spec, const char *want)
{
    char *text = rows_of(db, sql, spec);

    assert_string_equal(text, want);
    free(text);
}

static void parameters_arrive_and_rows_are_printed(void **state)
{
    struct db *db = open_table();
    int64_t n = 0;

    (void)state;
    assert_rows(db, "SELECT i, x, s, length(b) FROM t ORDER BY i", "i id|n x|t name|i bytes",
                "[{\"id\":0,\"x\":null,\"name\":\"\",\"bytes\":0},{\"id\":9223372036854775807,\"x\":0.5,\"name\":\"a'b\",\"bytes\":3}]");
    assert_rows(db, "SELECT i, i, i, s, s FROM t ORDER BY i", "-|b any|z z|e name|- left", "[{\"any\":false,\"z\":null,\"name\":null},{\"any\":true,\"z\":9223372036854775807,\"name\":\"a'b\"}]");
    assert_rows(db, "SELECT '{\"a\":[1]}', 'no', NULL", "j one|j two|j three", "[{\"one\":{\"a\":[1]},\"two\":null,\"three\":null}]");
    assert_rows(db, "SELECT 1 WHERE 0", "i one", "[]");
    support_ok(db_get(db, &n, &err, "SELECT i FROM t WHERE x = ?", "n", 0.5), &err);
    assert_int_equal(n, INT64_MAX);
    assert_int_equal(db_get(db, &n, &err, "SELECT i FROM t WHERE s = ?", "t", "none"), TRUNDLE_NOT_FOUND);
    assert_int_equal(n, INT64_MAX);
    support_ok(db_do(db, &err, "DELETE FROM t WHERE x = ? AND s = ?", "nt", 0.5, "a'b"), &err);
    assert_int_equal(db_changes(db), 1);
    support_ok(db_do(db, &err, "DELETE FROM t WHERE i = ?", "i", (int64_t)7), &err);
    assert_int_equal(db_changes(db), 0);
    db_close(db);
}

static void what_fails_says_so_and_leaves_nothing(void **state)
{
    struct db *db = open_table();
    struct db_statement *s = (void *)&err;
    json_t *rows = NULL;

    (void)state;
    assert_int_equal(db_query(db, &s, &err, "SELEKT", ""), TRUNDLE_BAD_ARG);
    assert_null(s);
    assert_int_equal(db_do(db, &err, "INSERT INTO t VALUES(?, NULL, NULL, NULL)", "i", (int64_t)0), TRUNDLE_CONFLICT);
    assert_int_equal(db_do(db, &err, "DELETE FROM t", "i", (int64_t)0), TRUNDLE_BAD_ARG);      /* a parameter that it does not have */
    support_ok(db_query(db, &s, &err, "SELECT CAST(x'ff' AS TEXT)", ""), &err);
    assert_int_equal(db_rows(s, "t name", &rows, &err), TRUNDLE_NO_MEMORY);
    assert_null(rows);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(parameters_arrive_and_rows_are_printed), cmocka_unit_test(what_fails_says_so_and_leaves_nothing) };

    return support_run(tests);
}
