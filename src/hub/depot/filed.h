/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* depot/filed - receipts of deletions in a file beside the database; not for other rooms. */
#pragma once

#include "hub/depot/receipt.h"

#define DEPOT_RECEIPTS "receipts.jsonl"

struct depot_filed {
    struct depot *d;
    int64_t       again;                   /* deletions that had to be done once more */
};
/* A job; user is that. CORRUPT names the first line that is none of this hub, and then nothing was changed. */
depot_job depot_filed_sync;

/* A job; user is this. Receipts of another file, to be done and kept here. CORRUPT and TRUNCATED name a line; NOT_FOUND. */
struct depot_taking {
    struct depot *d;
    const char   *path;
    int64_t       again;
};
depot_job depot_filed_take;

/* A receipt as it is in its row, as a line behind `out`. */
TRUNDLE_MUST_USE enum trundle_status depot_filed_line(const char *text, struct bytes *out, struct trundle_error *err);
/* In a write, before the rows that go with it: on disk when it returns. */
TRUNDLE_MUST_USE enum trundle_status depot_filed_add(struct depot *d, struct db *db, const struct bytes *lines, struct trundle_error *err);

/* Every line that is broken or not signed by `key`. A last line that has no end is not told of: it may be being written. */
typedef void depot_each_filed(void *user, const char *where, const char *what);
TRUNDLE_MUST_USE enum trundle_status depot_filed_look(const char *path, const uint8_t key[DEPOT_SIGN_PUBLIC], depot_each_filed *each, void *user, struct trundle_error *err);

/* delete.c, in a write: what the documents say was deleted is deleted where it is here, and known as deleted where it is not. Adds to *again what was here. */
TRUNDLE_MUST_USE enum trundle_status depot_delete_again(struct depot *d, struct db *db, const json_t *docs, int64_t *again, struct trundle_error *err);
