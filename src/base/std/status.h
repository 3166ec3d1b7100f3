/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/status - filling in errors, and passing them up.
 *
 *     if (n > LIMIT)
 *         return error_set(err, TRUNDLE_TOO_LARGE, "prices.csv, line 7", "split the file", "%zu bytes, limit %d", n, LIMIT);
 *     TRY(catalog_open(path, &c, err));
 *
 * `err` may be NULL everywhere. Nothing here allocates or prints.
 */
#pragma once

#include <trundle/status.h>

#include <stddef.h>

/* Fills `err` (when not NULL) and returns `status`. `where` and `hint` may be NULL (empty). */
TRUNDLE_PRINTF(5, 6) enum trundle_status error_set(struct trundle_error *err, enum trundle_status status, const char *where,
                                                   const char *hint, const char *what, ...);

/* Puts context in front of `where`: "17.mcap" before "chunk 3" gives "17.mcap, chunk 3". */
TRUNDLE_PRINTF(2, 3) void error_within(struct trundle_error *err, const char *context, ...);

/* "where: what (hint)" into `out`, cut to `size`. Returns `out`. */
const char *error_text(const struct trundle_error *err, char *out, size_t size);

#define TRY(call)                                        \
    do {                                                 \
        enum trundle_status try_status_ = (call);        \
        if (try_status_ != TRUNDLE_OK)                   \
            return try_status_;                          \
    } while (0)

#define TRY_GOTO(status_variable, call, label)           \
    do {                                                 \
        (status_variable) = (call);                      \
        if ((status_variable) != TRUNDLE_OK)             \
            goto label;                                  \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
