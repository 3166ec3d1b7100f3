/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * db/query - a statement with its parameters in one call, and rows as JSON.
 *
 *     TRY(db_do(db, err, "DELETE FROM line WHERE id = ? AND name = ?", "it", id, name));
 *     TRY(db_query(db, &s, err, "SELECT id, name, seen_ns FROM line WHERE cents > ?", "i", (int64_t)100));
 *     TRY(db_rows(s, "i id|t name|z seen_ns", &rows, err));
 *
 * `types` has a letter for each parameter: i int64_t (cast what is shorter), n double, t text, b bytes (a pointer, and a size_t after it).
 * A spec of rows has for each column a letter, a space and a key, with | between them: i integer, n number (null when it is none), b true or false, t text,
 * z integer that is null when 0, e text that is null when empty, j text that is JSON (null when it is none); "-" leaves a column out.
 */
#pragma once

#include "base/db/db.h"
#include "base/std/json.h"

/* The caller frees the statement, which is NULL on failure. */
TRUNDLE_MUST_USE enum trundle_status db_query(struct db *db, struct db_statement **out, struct trundle_error *err, const char *sql, const char *types, ...);
/* Runs it to its end. */
TRUNDLE_MUST_USE enum trundle_status db_do(struct db *db, struct trundle_error *err, const char *sql, const char *types, ...);
/* Its first column as an integer. NOT_FOUND: no row. */
TRUNDLE_MUST_USE enum trundle_status db_get(struct db *db, int64_t *out, struct trundle_error *err, const char *sql, const char *types, ...);
/* The row that db_step gave; the caller decrefs. NULL: no memory, or a text that is not UTF-8. */
json_t *db_row(const struct db_statement *s, const char *spec);
/* All rows that are left, as a list that the caller decrefs; frees the statement. */
TRUNDLE_MUST_USE enum trundle_status db_rows(struct db_statement *s, const char *spec, json_t **out, struct trundle_error *err);
