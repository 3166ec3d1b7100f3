/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Statements with their parameters in one call, rows as JSON. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

static enum trundle_status prepare(struct db *db, struct db_statement **out, struct trundle_error *err, const char *sql, const char *types, va_list list)
{
    TRY(db_prepare(db, sql, out, err));
    for (int i = 1; types[i - 1]; i++)
        switch (types[i - 1]) {
        case 'i':
            db_bind_integer(*out, i, va_arg(list, int64_t));
            break;
        case 'n':
            db_bind_number(*out, i, va_arg(list, double));
            break;
        default:
            db_bind_text(*out, i, va_arg(list, const char *));
        }
    return TRUNDLE_OK;
}

enum trundle_status watch_sql(struct db *db, struct db_statement **out, struct trundle_error *err, const char *sql, const char *types, ...)
{
    enum trundle_status status;
    va_list list;

    va_start(list, types);
    status = prepare(db, out, err, sql, types, list);
    va_end(list);
    return status;
}

enum trundle_status watch_do(struct db *db, struct trundle_error *err, const char *sql, const char *types, ...)
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

enum trundle_status watch_get(struct db *db, int64_t *out, struct trundle_error *err, const char *sql, const char *types, ...)
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
        status = error_set(err, TRUNDLE_NOT_FOUND, "watch", NULL, "there is no such row");
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
        value = *db_text(s, column) ? json_loads(db_text(s, column), JSON_DECODE_ANY, NULL) : json_null();
        return value ? value : json_null();
    default:
        return json_string(db_text(s, column));
    }
}

json_t *watch_row(const struct db_statement *s, const char *spec)
{
    json_t *row = json_object();
    char key[40];

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

enum trundle_status watch_rows(struct db_statement *s, const char *spec, int limit, const char *next, json_t **out, struct trundle_error *err)
{
    json_t *rows = json_array(), *root = json_object(), *more = NULL;
    enum trundle_status status = rows && root ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    while (status == TRUNDLE_OK && (status = db_step(s, err)) == TRUNDLE_OK) {
        if (json_array_size(rows) == (size_t)limit) {
            more = json_object_get(json_array_get(rows, (size_t)limit - 1), next);
            status = TRUNDLE_END;
            break;
        }
        if (json_array_append_new(rows, watch_row(s, spec)) != 0)
            status = TRUNDLE_NO_MEMORY;
    }
    if (status == TRUNDLE_END)
        status = json_object_set(root, "next", more ? more : json_null()) == 0 && json_object_set(root, "rows", rows) == 0 ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
    if (status == TRUNDLE_NO_MEMORY)
        (void)error_set(err, status, "watch", NULL, "no memory for the answer");
    json_decref(rows);
    if (status == TRUNDLE_OK)
        *out = root;
    else
        json_decref(root);
    db_free(s);
    return status;
}

int watch_limit(const struct watch_query *query)
{
    return query->limit <= 0 ? 100 : query->limit > WATCH_ROWS_MAX ? WATCH_ROWS_MAX : query->limit;
}

const char *watch_text(const char *text)
{
    return text ? text : "";
}

bool watch_name_ok(const char *name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t n = name ? strlen(name) : 0;

    return n && n < WATCH_NAME && strspn(name, set) == n && !strchr("-_.", *name);
}
