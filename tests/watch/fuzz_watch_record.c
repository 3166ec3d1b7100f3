/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Bodies of records, of every kind: taken, or refused with a reason; then the tables still give their lists, and the incident its story. */
#include "hub/watch/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(enum trundle_status status)
{
    if (status != TRUNDLE_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const kind[] = { "trip", "health", "install", "decision" };
    static struct watch *w;
    static struct db *db;
    static int64_t at;
    struct trundle_error err = { 0 };
    json_t *body = NULL, *list = NULL;

    if (!db) {
        must(db_open(":memory:", DB_CREATE, &db, &err));
        must(watch_new(&(struct watch_config)WATCH_CONFIG_DEFAULT, &w, &err));
        must(watch_migrate(db, &err));
    }
    if (json_parse(data, n, "fuzz", &body, &err) != TRUNDLE_OK || !json_is_object(body)) {
        json_decref(body);
        return 0;
    }
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
        struct watch_record r = { .cart = "cart-1", .kind = kind[i], .boot = 1, .sequence = ++at, .t_ns = at, .body = body };

        err = (struct trundle_error){ 0 };
        must(db_begin(db, &err));
        if (watch_record(w, db, &r, at, &err) == TRUNDLE_OK) {
            must(db_commit(db, &err));
        } else {
            if (!err.what[0] || err.status == TRUNDLE_OK)
                abort();
            db_rollback(db);
        }
    }
    json_decref(body);
    must(watch_carts_json(w, db, &(struct watch_query){ .limit = 5 }, at, &list, &err));
    json_decref(list);
    must(watch_alerts_json(w, db, &(struct watch_query){ .limit = 5 }, &list, &err));
    if (json_array_size(json_object_get(list, "rows"))) {
        struct bytes text = { 0 };

        must(watch_postmortem(w, db, json_integer_value(json_object_get(json_array_get(json_object_get(list, "rows"), 0), "incident")), at, &text, &err));
        bytes_done(&text);
    }
    json_decref(list);
    return 0;
}
