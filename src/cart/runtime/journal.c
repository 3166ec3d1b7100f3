/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One table; the whole decision as the bytes that the trip keeps for it, and the columns that people look for. */
#include "cart/runtime/journal.h"

#include "base/db/db.h"
#include "base/trip/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOURNAL_VERSION = 1 };

struct journal {
    struct db *db;
    struct db_statement *find, *put, *count;
    struct codec *codec;
    struct bytes body;
};

void journal_close(struct journal *j)
{
    if (!j)
        return;
    db_free(j->find);
    db_free(j->put);
    db_free(j->count);
    db_close(j->db);
    codec_free(j->codec);
    bytes_done(&j->body);
    free(j);
}

enum trundle_status journal_open(const char *path, struct journal **out, struct trundle_error *err)
{
    enum trundle_status status;
    int64_t version;
    struct journal *j = calloc(1, sizeof *j);

    if (!j)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    TRY_GOTO(status, codec_new(&j->codec, err), out);
    TRY_GOTO(status, db_open(path, DB_CREATE, &j->db, err), out);
    TRY_GOTO(status, db_version(j->db, &version, err), out);
    if (version > JOURNAL_VERSION) {
        status = error_set(err, TRUNDLE_UNSUPPORTED, path, "update trundle", "journal of version %lld, known is %d", (long long)version,
                           JOURNAL_VERSION);
        goto out;
    }
    TRY_GOTO(status,
             db_exec(j->db,
                     "CREATE TABLE IF NOT EXISTS decision(id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, t_ns INTEGER NOT NULL,"
                     " kind INTEGER NOT NULL, line INTEGER NOT NULL, product TEXT NOT NULL, count INTEGER NOT NULL,"
                     " weight_mg INTEGER NOT NULL, total_cents INTEGER NOT NULL, body BLOB NOT NULL)",
                     err),
             out);
    TRY_GOTO(status, db_version_set(j->db, JOURNAL_VERSION, err), out);
    TRY_GOTO(status, db_prepare(j->db, "SELECT body FROM decision WHERE id = ?", &j->find, err), out);
    TRY_GOTO(status, db_prepare(j->db, "INSERT OR REPLACE INTO decision VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &j->put, err), out);
    TRY_GOTO(status, db_prepare(j->db, "SELECT count(*), coalesce(max(id), 0) FROM decision", &j->count, err), out);
    *out = j;
    j = NULL;
out:
    journal_close(j);
    return status;
}

static enum trundle_status put_row(struct journal *j, const struct trundle_message *m, size_t *again, size_t *differing, struct trundle_error *err)
{
    const struct trundle_decision *d = &m->decision;
    char product[TRUNDLE_PRODUCT_TEXT];
    enum trundle_status status;

    TRY(codec_encode(j->codec, m, 0, &j->body, err));
    db_bind_integer(j->find, 1, d->id);
    status = db_step(j->find, err);
    if (status == TRUNDLE_OK) {
        size_t n;
        const void *body = db_blob(j->find, 0, &n);
        bool same = n == j->body.n && (!n || memcmp(body, j->body.data, n) == 0);

        db_reset(j->find);
        if (same) {
            ++*again;
            return TRUNDLE_OK;
        }
        ++*differing;
    } else if (status != TRUNDLE_END) {
        return status;
    }
    db_bind_integer(j->put, 1, d->id);
    db_bind_integer(j->put, 2, m->sequence);
    db_bind_integer(j->put, 3, d->t_ns);
    db_bind_integer(j->put, 4, d->kind);
    db_bind_integer(j->put, 5, d->line);
    db_bind_text(j->put, 6, trundle_product_text(d->product, product));
    db_bind_integer(j->put, 7, d->count);
    db_bind_integer(j->put, 8, d->weight_mg);
    db_bind_integer(j->put, 9, d->total_cents);
    db_bind_blob(j->put, 10, j->body.data, j->body.n);
    return db_run(j->put, err);
}

enum trundle_status journal_append(struct journal *j, const struct trundle_message *messages, size_t n, size_t *out_again, size_t *out_differing,
                                   struct trundle_error *err)
{
    size_t again = 0, differing = 0;
    enum trundle_status status;

    TRY(db_begin(j->db, err));
    for (size_t i = 0; i < n; i++)
        if (messages[i].channel == TRUNDLE_DECISION)
            TRY_GOTO(status, put_row(j, &messages[i], &again, &differing, err), out);
    status = db_commit(j->db, err);
    if (status == TRUNDLE_OK) {
        *out_again = again;
        *out_differing = differing;
        return TRUNDLE_OK;
    }
out:
    db_rollback(j->db);
    return status;
}

enum trundle_status journal_count(struct journal *j, uint64_t *out_rows, uint32_t *out_last_id, struct trundle_error *err)
{
    TRY(db_step(j->count, err));
    *out_rows = (uint64_t)db_integer(j->count, 0);
    *out_last_id = (uint32_t)db_integer(j->count, 1);
    db_reset(j->count);
    return TRUNDLE_OK;
}

static const char *const parts[] = { "", "-wal", "-shm" };

void journal_remove(const char *path)
{
    char part[4200];

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if ((size_t)snprintf(part, sizeof part, "%s%s", path, parts[i]) < sizeof part)
            (void)unlink(part);
}

void journal_rename(const char *path, const char *to)
{
    char from[4200], target[4200];

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if ((size_t)snprintf(from, sizeof from, "%s%s", path, parts[i]) < sizeof from &&
            (size_t)snprintf(target, sizeof target, "%s%s", to, parts[i]) < sizeof target)
            (void)rename(from, target);
}
