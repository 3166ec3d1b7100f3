/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Statements with their parameters in one call, rows as JSON (query.h). */
#include "base/db/query.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { KEY_ROOM = 40 };

static enum trundle_status prepare(struct db *db, struct db_statement **out, struct trundle_error *err, const char *sql, const char *types, va_list list)
{
    *out = NULL;
    TRY(db_prepare(db, sql, out, err));
    for (int i = 1; types[i - 1]; i++) {
        const void *bytes;

        switch (types[i - 1]) {
        case 'i':
            db_bind_integer(*out, i, va_arg(list, int64_t));
            break;
        case 'n':
            db_bind_number(*out, i, va_arg(list, double));
            break;
        case 'b':
            bytes = va_arg(list, const void *);
            db_bind_blob(*out, i, bytes, va_arg(list, size_t));
            break;
        default:
            db_bind_text(*out, i, va_arg(list, const char *));
        }
    }
    return TRUNDLE_OK;
}

enum trundle_status db_query(struct db *db, struct db_statement **out, struct trundle_error *err, const char *sql, const char *types, ...)
{
    enum trundle_status status;
    va_list list;

    va_start(list, types);
    status = prepare(db, out, err, sql, types, list);
    va_end(list);
    return status;
}

enum trundle_status db_do(struct db *db, struct trundle_error *err, const char *sql, const char *types, ...)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    va_list list;

    va_start(list, types);
    status = prepare(db, &s, err, sql, types, list);
    va_end(list);
    if (status == TRUNDLE_OK)
        status = db_run(s, err);
    db_free(s);
    return status;
}

enum trundle_status db_get(struct db *db, int64_t *out, struct trundle_error *err, const char *sql, const char *types, ...)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    va_list list;

    va_start(list, types);
    status = prepare(db, &s, err, sql, types, list);
    va_end(list);
    if (status == TRUNDLE_OK)
        status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out = db_integer(s, 0);
    else if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, "row", NULL, "there is no such row");
    db_free(s);
    return status;
}

static json_t *value_of(const struct db_statement *s, int column, char type)
{
    json_t *value;

    switch (type) {
    case 'i':
        return json_integer(db_integer(s, column));
    case 'z':
        return db_integer(s, column) ? json_integer(db_integer(s, column)) : json_null();
    case 'n':
        return db_is_null(s, column) || !isfinite(db_number(s, column)) ? json_null() : json_real(db_number(s, column));
    case 'b':
        return json_boolean(db_integer(s, column) != 0);
    case 'e':
        return *db_text(s, column) ? json_string(db_text(s, column)) : json_null();
    case 'j':
        value = *db_text(s, column) ? json_loads(db_text(s, column), JSON_DECODE_ANY, NULL) : NULL;
        return value ? value : json_null();
    default:
        return json_string(db_text(s, column));
    }
}

json_t *db_row(const struct db_statement *s, const char *spec)
{
    json_t *row = json_object();
    char key[KEY_ROOM];

    for (int column = 0; row && *spec; column++) {
        char type = *spec;
        size_t n = strcspn(spec, "|");

        if (type != '-') {
            memcpy(key, spec + 2, n - 2);
            key[n - 2] = '\0';
            if (json_object_set_new(row, key, value_of(s, column, type)) != 0) {
                json_decref(row);
                return NULL;
            }
        }
        spec += n + (spec[n] == '|');
    }
    return row;
}

enum trundle_status db_rows(struct db_statement *s, const char *spec, json_t **out, struct trundle_error *err)
{
    json_t *rows = json_array();
    enum trundle_status status = rows ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    while (status == TRUNDLE_OK && (status = db_step(s, err)) == TRUNDLE_OK)
        if (json_array_append_new(rows, db_row(s, spec)) != 0)
            status = TRUNDLE_NO_MEMORY;
    db_free(s);
    if (status == TRUNDLE_END) {
        *out = rows;
        return TRUNDLE_OK;
    }
    json_decref(rows);
    return status == TRUNDLE_NO_MEMORY ? error_set(err, status, "rows", NULL, "no memory for them, or a text that is not UTF-8") : status;
}
