/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Records: tables, numbers, batches. Clips are outbox_clip.c. */
#include "cart/runtime/outbox_inner.h"

#include "base/std/json.h"
#include "base/std/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { HEALTH_MOST = 2880, KEYS_DAYS = 30 };

#define YEAR_2020_S INT64_C(1577836800)

static const char *const steps[] = {
    "CREATE TABLE outbox_meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE outbox_record(id INTEGER PRIMARY KEY AUTOINCREMENT, boot INTEGER NOT NULL, sequence INTEGER NOT NULL, t_ns INTEGER NOT NULL,"
    " kind TEXT NOT NULL, body TEXT NOT NULL, aside TEXT, UNIQUE(boot, sequence));"
    "CREATE TABLE outbox_key(key TEXT PRIMARY KEY, t_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE outbox_clip(id INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE, state INTEGER NOT NULL, day INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " sent INTEGER NOT NULL, worth REAL NOT NULL, t_ns INTEGER NOT NULL, trip TEXT NOT NULL, trigger TEXT NOT NULL, purpose TEXT NOT NULL, keep_days INTEGER NOT NULL,"
    " t0_s REAL NOT NULL, t1_s REAL NOT NULL, moment_s REAL NOT NULL, decision INTEGER NOT NULL, why TEXT);"
    "CREATE INDEX outbox_clip_state ON outbox_clip(state, worth);",
};

static int lock_file(const char *dir, const char *name)
{
    char path[OUTBOX_PATH];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

void outbox_close(struct outbox *box)
{
    if (!box)
        return;
    db_free(box->put);
    db_free(box->put_key);
    db_free(box->has_key);
    db_free(box->meta);
    db_free(box->meta_set);
    db_free(box->batch);
    db_free(box->confirm);
    db_close(box->db);
    if (box->opened_fd >= 0)
        (void)close(box->opened_fd);
    if (box->lock_fd >= 0)
        (void)close(box->lock_fd);
    free(box);
}

static enum trundle_status prepare(struct outbox *box, struct trundle_error *err)
{
    TRY(db_prepare(box->db, "INSERT INTO outbox_record(boot, sequence, t_ns, kind, body) VALUES(?, ?, ?, ?, ?)", &box->put, err));
    TRY(db_prepare(box->db, "INSERT OR IGNORE INTO outbox_key VALUES(?, ?)", &box->put_key, err));
    TRY(db_prepare(box->db, "SELECT 1 FROM outbox_key WHERE key = ?", &box->has_key, err));
    TRY(db_prepare(box->db, "SELECT value FROM outbox_meta WHERE name = ?", &box->meta, err));
    TRY(db_prepare(box->db, "INSERT OR REPLACE INTO outbox_meta VALUES(?, ?)", &box->meta_set, err));
    TRY(db_prepare(box->db, "SELECT id, boot, sequence, t_ns, kind, body FROM outbox_record WHERE aside IS NULL ORDER BY id", &box->batch, err));
    return db_prepare(box->db, "DELETE FROM outbox_record WHERE id BETWEEN ? AND ? AND aside IS NULL", &box->confirm, err);
}

static enum trundle_status start(struct outbox *box, struct trundle_error *err)
{
    char path[OUTBOX_PATH];
    bool alone;

    (void)snprintf(path, sizeof path, "%s/clips", box->dir);
    TRY(folder_make(path, err));
    box->opened_fd = lock_file(box->dir, "outbox.open");
    if (box->opened_fd < 0)
        return error_set(err, TRUNDLE_IO, box->dir, "the folder must be writable", "cannot make outbox.open: %s", strerror(errno));
    alone = flock(box->opened_fd, LOCK_EX | LOCK_NB) == 0;
    (void)snprintf(path, sizeof path, "%s/outbox.sqlite", box->dir);
    TRY(db_open(path, DB_CREATE, &box->db, err));
    TRY(db_migrate(box->db, "outbox", steps, COUNT_OF(steps), err));
    TRY(prepare(box, err));
    TRY(outbox_clips_clean(box, alone, err));
    (void)flock(box->opened_fd, LOCK_SH);
    (void)snprintf(path, sizeof path, "DELETE FROM outbox_key WHERE t_ns < %lld",
                   (long long)(clock_wall_ns() - (int64_t)KEYS_DAYS * 24 * 3600 * NS_PER_S));
    return db_exec(box->db, path, err);
}

enum trundle_status outbox_open(const char *dir, enum outbox_mode mode, struct outbox **out, struct trundle_error *err)
{
    struct outbox *box = calloc(1, sizeof *box);
    char path[OUTBOX_PATH];
    enum trundle_status status;

    if (!box)
        return error_set(err, TRUNDLE_NO_MEMORY, dir, NULL, "no memory");
    box->opened_fd = box->lock_fd = -1;
    box->writes = mode == OUTBOX_WRITE;
    if ((size_t)snprintf(box->dir, sizeof box->dir, "%s", dir) >= sizeof box->dir) {
        status = error_set(err, TRUNDLE_TOO_LARGE, dir, NULL, "path is too long");
        goto out;
    }
    if (box->writes) {
        TRY_GOTO(status, start(box, err), out);
    } else {
        (void)snprintf(path, sizeof path, "%s/outbox.sqlite", dir);
        TRY_GOTO(status, db_open(path, DB_READ, &box->db, err), out);
        TRY_GOTO(status, prepare(box, err), out);
    }
    *out = box;
    return TRUNDLE_OK;
out:
    outbox_close(box);
    return status;
}

enum trundle_status outbox_lock(struct outbox *box, struct trundle_error *err)
{
    if (box->lock_fd >= 0)
        return TRUNDLE_OK;
    box->lock_fd = lock_file(box->dir, "outbox.send");
    if (box->lock_fd < 0)
        return error_set(err, TRUNDLE_IO, box->dir, "the folder must be writable", "cannot make outbox.send: %s", strerror(errno));
    if (flock(box->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return TRUNDLE_OK;
    (void)close(box->lock_fd);
    box->lock_fd = -1;
    return error_set(err, TRUNDLE_CONFLICT, box->dir, "let it, or stop trundle run", "another process is sending");
}

static enum trundle_status meta(struct outbox *box, const char *name, int64_t *out, struct trundle_error *err)
{
    enum trundle_status status;

    db_bind_text(box->meta, 1, name);
    status = db_step(box->meta, err);
    if (status == TRUNDLE_OK) {
        *out = db_integer(box->meta, 0);
        db_reset(box->meta);
    } else if (status == TRUNDLE_END) {
        *out = 0;
        status = TRUNDLE_OK;
    }
    return status;
}

static enum trundle_status meta_set(struct outbox *box, const char *name, int64_t value, struct trundle_error *err)
{
    db_bind_text(box->meta_set, 1, name);
    db_bind_integer(box->meta_set, 2, value);
    return db_run(box->meta_set, err);
}

enum trundle_status outbox_count(struct outbox *box, const char *name, int64_t by, struct trundle_error *err)
{
    int64_t value;

    TRY(meta(box, name, &value, err));
    return meta_set(box, name, value + by, err);
}

/* Of an outbox that was never used: seconds since 2020. A cart whose disk was exchanged, or that got the name of another, must not begin at the numbers that the hub
 * has of the one before; and no cart starts once a second, so it stays ahead. */
static int64_t first_boot(void)
{
    int64_t s = clock_wall_ns() / NS_PER_S - YEAR_2020_S;

    return s < 1 ? 1 : s > INT32_MAX / 2 ? INT32_MAX / 2 : s;
}

enum trundle_status outbox_boot(struct outbox *box, int64_t *out_boot, struct trundle_error *err)
{
    enum trundle_status status;
    int64_t boot = 0;

    TRY(db_begin(box->db, err));
    status = meta(box, "boot", &boot, err);
    boot = boot ? boot + 1 : first_boot();
    if (status == TRUNDLE_OK)
        status = meta_set(box, "boot", boot, err);
    if (status == TRUNDLE_OK)
        status = meta_set(box, "sequence", 0, err);
    if (status == TRUNDLE_OK)
        status = db_commit(box->db, err);
    if (status == TRUNDLE_OK)
        *out_boot = boot;
    else
        db_rollback(box->db);
    return status;
}

static enum trundle_status check(const struct outbox_record *r, struct trundle_error *err)
{
    size_t n = r->body ? strlen(r->body) : 0;
    json_t *root;
    bool object;

    if (!r->kind || !*r->kind || strlen(r->kind) >= OUTBOX_NAME || strspn(r->kind, "abcdefghijklmnopqrstuvwxyz_") != strlen(r->kind))
        return error_set(err, TRUNDLE_BAD_ARG, "outbox", NULL, "a kind that is none");
    if (n > OUTBOX_BODY_MAX || (r->key && strlen(r->key) >= OUTBOX_KEY))
        return error_set(err, TRUNDLE_BAD_ARG, "outbox", NULL, "%s of %zu bytes, limit %d", r->kind, n, OUTBOX_BODY_MAX);
    root = n ? json_loadb(r->body, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    object = json_is_object(root) && !strpbrk(r->body, "\n\r");
    json_decref(root);
    if (!object)
        return error_set(err, TRUNDLE_BAD_ARG, "outbox", NULL, "the body of a %s is no JSON object on one line", r->kind);
    return TRUNDLE_OK;
}

enum trundle_status outbox_key_take(struct outbox *box, const char *key, bool *out_taken, struct trundle_error *err)
{
    enum trundle_status status;

    db_bind_text(box->has_key, 1, key);
    status = db_step(box->has_key, err);
    if (status == TRUNDLE_OK) {
        db_reset(box->has_key);
        *out_taken = false;
        return TRUNDLE_OK;
    }
    if (status != TRUNDLE_END)
        return status;
    *out_taken = true;
    db_bind_text(box->put_key, 1, key);
    db_bind_integer(box->put_key, 2, clock_wall_ns());   /* not of the trip, which may be a recorded one */
    return db_run(box->put_key, err);
}

enum trundle_status outbox_insert(struct outbox *box, const struct outbox_record *r, bool *out_taken, struct trundle_error *err)
{
    int64_t boot, sequence;
    bool taken = true;

    TRY(check(r, err));
    if (r->key)
        TRY(outbox_key_take(box, r->key, &taken, err));
    if (taken) {
        TRY(meta(box, "boot", &boot, err));
        TRY(meta(box, "sequence", &sequence, err));
        if (!boot)                         /* something is said before the first start: an installation by hand */
            TRY(meta_set(box, "boot", boot = first_boot(), err));
        TRY(meta_set(box, "sequence", sequence + 1, err));
        db_bind_integer(box->put, 1, boot);
        db_bind_integer(box->put, 2, sequence + 1);
        db_bind_integer(box->put, 3, r->t_ns);
        db_bind_text(box->put, 4, r->kind);
        db_bind_text(box->put, 5, r->body);
        TRY(db_run(box->put, err));
        if (!strcmp(r->kind, "health") && (sequence + 1) % 64 == 0) {     /* a cart without a hub for weeks: the newest two days of health are enough */
            char sql[256];

            (void)snprintf(sql, sizeof sql, "DELETE FROM outbox_record WHERE kind = 'health' AND id NOT IN"
                                            " (SELECT id FROM outbox_record WHERE kind = 'health' ORDER BY id DESC LIMIT %d)", HEALTH_MOST);
            TRY(db_exec(box->db, sql, err));
        }
    }
    *out_taken = taken;
    return TRUNDLE_OK;
}

enum trundle_status outbox_put_all(struct outbox *box, const struct outbox_record *r, size_t n, size_t *out_taken, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    size_t taken = 0;

    TRY(db_begin(box->db, err));
    for (size_t i = 0; i < n && status == TRUNDLE_OK; i++) {
        bool one = false;

        status = outbox_insert(box, &r[i], &one, err);
        taken += one;
    }
    if (status == TRUNDLE_OK)
        status = db_commit(box->db, err);
    if (status != TRUNDLE_OK) {
        db_rollback(box->db);
        return status;
    }
    if (out_taken)
        *out_taken = taken;
    return TRUNDLE_OK;
}

enum trundle_status outbox_put(struct outbox *box, const struct outbox_record *r, bool *out_taken, struct trundle_error *err)
{
    size_t taken = 0;

    TRY(outbox_put_all(box, r, 1, &taken, err));
    if (out_taken)
        *out_taken = taken == 1;
    return TRUNDLE_OK;
}

enum trundle_status outbox_batch(struct outbox *box, size_t limit, size_t most, struct bytes *out_lines, int64_t *out_first, int64_t *out_last,
                                 struct trundle_error *err)
{
    enum trundle_status status;
    int64_t first = 0, last = 0;
    size_t n = 0;

    out_lines->n = 0;
    while ((status = db_step(box->batch, err)) == TRUNDLE_OK) {
        const char *body = db_text(box->batch, 5);
        size_t before = out_lines->n;

        if (bytes_print(out_lines, "{\"boot\":%lld,\"sequence\":%lld,\"t_ns\":%lld,\"kind\":\"%s\",\"body\":%s}\n", (long long)db_integer(box->batch, 1),
                        (long long)db_integer(box->batch, 2), (long long)db_integer(box->batch, 3), db_text(box->batch, 4), body) != TRUNDLE_OK) {
            status = error_set(err, TRUNDLE_NO_MEMORY, "outbox", NULL, "no memory");
            break;
        }
        if (n && out_lines->n > limit) {
            out_lines->n = before;
            break;
        }
        last = db_integer(box->batch, 0);
        if (!n++)
            first = last;
        if (n == most)
            break;
    }
    if (status != TRUNDLE_OK && status != TRUNDLE_END)
        return status;
    db_reset(box->batch);
    if (!n)
        return TRUNDLE_END;
    *out_first = first;
    *out_last = last;
    return TRUNDLE_OK;
}

enum trundle_status outbox_confirm(struct outbox *box, int64_t first, int64_t last, struct trundle_error *err)
{
    enum trundle_status status;
    struct db_statement *n = NULL;

    TRY(db_begin(box->db, err));
    TRY_GOTO(status, db_prepare(box->db, "SELECT count(*) FROM outbox_record WHERE id BETWEEN ? AND ? AND aside IS NULL", &n, err), out);
    db_bind_integer(n, 1, first);
    db_bind_integer(n, 2, last);
    TRY_GOTO(status, db_step(n, err), out);
    TRY_GOTO(status, outbox_count(box, "sent_records", db_integer(n, 0), err), out);
    db_reset(n);
    db_bind_integer(box->confirm, 1, first);
    db_bind_integer(box->confirm, 2, last);
    TRY_GOTO(status, db_run(box->confirm, err), out);
    status = db_commit(box->db, err);
out:
    db_free(n);
    if (status != TRUNDLE_OK)
        db_rollback(box->db);
    return status;
}

static enum trundle_status renumber(struct outbox *box, int64_t id, int64_t skip, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    int64_t boot, sequence, had = 0;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(box->db, "SELECT boot FROM outbox_record WHERE id = ?", &s, err), out);
    db_bind_integer(s, 1, id);
    TRY_GOTO(status, db_step(s, err), out);
    had = db_integer(s, 0);
    db_free(s);
    s = NULL;
    TRY_GOTO(status, meta(box, "boot", &boot, err), out);
    TRY_GOTO(status, meta(box, "sequence", &sequence, err), out);
    if (had >= boot) {
        boot = had + skip;
        sequence = 0;
        TRY_GOTO(status, meta_set(box, "boot", boot, err), out);
    }
    TRY_GOTO(status, meta_set(box, "sequence", sequence + 1, err), out);
    TRY_GOTO(status, db_prepare(box->db, "UPDATE outbox_record SET boot = ?, sequence = ? WHERE id = ?", &s, err), out);
    db_bind_integer(s, 1, boot);
    db_bind_integer(s, 2, sequence + 1);
    db_bind_integer(s, 3, id);
    status = db_run(s, err);
out:
    db_free(s);
    return status;
}

enum trundle_status outbox_renumber(struct outbox *box, int64_t id, int64_t skip, struct trundle_error *err)
{
    enum trundle_status status;

    TRY(db_begin(box->db, err));
    status = renumber(box, id, skip, err);
    if (status == TRUNDLE_OK)
        status = db_commit(box->db, err);
    if (status != TRUNDLE_OK)
        db_rollback(box->db);
    return status;
}

enum trundle_status outbox_set_aside(struct outbox *box, int64_t id, const char *why, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(box->db, "UPDATE outbox_record SET aside = ? WHERE id = ?", &s, err));
    db_bind_text(s, 1, why);
    db_bind_integer(s, 2, id);
    status = db_run(s, err);
    db_free(s);
    return status;
}

static enum trundle_status numbers(struct outbox *box, const char *sql, int64_t *const *out, size_t n, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(box->db, sql, &s, err));
    status = db_step(s, err);
    for (size_t i = 0; status == TRUNDLE_OK && i < n; i++)
        *out[i] = db_integer(s, (int)i);
    db_free(s);
    return status;
}

enum trundle_status outbox_state(struct outbox *box, struct outbox_state *out, struct trundle_error *err)
{
    struct outbox_state s = { .boot = 0 };
    int64_t *const records[] = { &s.records, &s.record_bytes, &s.oldest_ns };
    int64_t *const aside[] = { &s.refused_records };
    int64_t *const waits[] = { &s.clips, &s.clip_bytes, &s.clips_announced };

    TRY(numbers(box, "SELECT count(*), coalesce(sum(length(body)), 0), coalesce(min(t_ns), 0) FROM outbox_record WHERE aside IS NULL", records, 3, err));
    TRY(numbers(box, "SELECT count(*) FROM outbox_record WHERE aside IS NOT NULL", aside, 1, err));
    TRY(numbers(box, "SELECT count(*), coalesce(sum(bytes - sent), 0), coalesce(sum(state = 1), 0) FROM outbox_clip WHERE state IN (0, 1)", waits, 3, err));
    TRY(meta(box, "boot", &s.boot, err));
    TRY(meta(box, "sent_records", &s.sent_records, err));
    TRY(meta(box, "sent_clips", &s.sent_clips, err));
    TRY(meta(box, "dropped_clips", &s.dropped_clips, err));
    TRY(meta(box, "dropped_bytes", &s.dropped_bytes, err));
    TRY(meta(box, "lost_clips", &s.lost_clips, err));
    *out = s;
    return TRUNDLE_OK;
}
