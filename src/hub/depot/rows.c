/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Trips: rows. */
#include "hub/depot/inside.h"

#include <stdio.h>

enum trundle_status depot_trip_get(struct depot *d, const char *cart, const char *trip, struct depot_trip *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct db *db = NULL;
    enum trundle_status status;

    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT cart, trip, store, bundle, started_ns, ended_ns, boot, sequence, CASE file WHEN '' THEN coalesce((SELECT sha256 FROM depot_clip c"
                                 " WHERE c.cart = t.cart AND c.trip = t.trip AND c.whole = 1), '') ELSE file END FROM depot_trip t WHERE cart = ? AND trip = ?", "tt", cart,
                                 trip), out);
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        struct depot_trip t = { .started_ns = db_integer(s, 4), .ended_ns = db_integer(s, 5), .boot = db_integer(s, 6), .sequence = db_integer(s, 7) };

        (void)snprintf(t.cart, sizeof t.cart, "%s", db_text(s, 0));
        (void)snprintf(t.trip, sizeof t.trip, "%s", db_text(s, 1));
        (void)snprintf(t.store, sizeof t.store, "%s", db_text(s, 2));
        (void)snprintf(t.bundle, sizeof t.bundle, "%s", db_text(s, 3));
        (void)snprintf(t.file, sizeof t.file, "%s", db_text(s, 8));
        *out = t;
    } else if (status == TRUNDLE_END) {
        status = error_set(err, TRUNDLE_NOT_FOUND, trip, NULL, "cart %.40s told of no such trip", cart);
    }
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}
