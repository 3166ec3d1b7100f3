/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Pages of rows as JSON, and what a text of a record may be. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <string.h>

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
        if (json_array_append_new(rows, db_row(s, spec)) != 0)
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
