/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Clips: files under their hash, rows after them, budgets, and which one goes next. */
#include "cart/runtime/outbox_inner.h"

#include "base/std/disk.h"
#include "base/std/json.h"
#include "base/std/list.h"
#include "base/std/time.h"
#include "cart/capture/clip.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_DAYS = 3, KEPT_MOST = 100000 };

#define DAY_NS (INT64_C(86400) * NS_PER_S)

void outbox_clip_path(const struct outbox *box, const char *sha256, char *out, size_t size)
{
    (void)snprintf(out, size, "%s/clips/%s.clip", box->dir, sha256);
}

void outbox_clip_draft(const struct outbox *box, char *out, size_t size)
{
    static _Thread_local unsigned n;

    (void)snprintf(out, size, "%s/clips/draft-%ld-%p-%u", box->dir, (long)getpid(), (const void *)box, ++n);
}

/* Whether a row wants the file. */
static enum trundle_status wanted(struct outbox *box, const char *sha256, bool *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(box->db, "SELECT 1 FROM outbox_clip WHERE sha256 = ? AND state IN (0, 1)", &s, err));
    db_bind_text(s, 1, sha256);
    status = db_step(s, err);
    *out = status == TRUNDLE_OK;
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* Removes what no row wants; only when nobody else has the folder open, who might be between file and row. */
enum trundle_status outbox_clips_clean(struct outbox *box, bool alone, struct trundle_error *err)
{
    char path[OUTBOX_PATH];
    struct dirent *entry;
    enum trundle_status status = TRUNDLE_OK;
    DIR *dir;

    (void)snprintf(path, sizeof path, "DELETE FROM outbox_clip WHERE state >= 2 AND day < %lld", (long long)(clock_wall_ns() / DAY_NS - ROWS_DAYS));
    TRY(db_exec(box->db, path, err));
    if (!alone)
        return TRUNDLE_OK;
    (void)snprintf(path, sizeof path, "%s/clips", box->dir);
    dir = opendir(path);
    if (!dir)
        return error_set(err, TRUNDLE_IO, path, NULL, "cannot be read: %s", strerror(errno));
    while (status == TRUNDLE_OK && (entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);
        char sha[OUTBOX_SHA];
        bool keep = false;

        if (entry->d_name[0] == '.')
            continue;
        if (n == 69 && !strcmp(entry->d_name + 64, ".clip")) {
            memcpy(sha, entry->d_name, 64);
            sha[64] = '\0';
            status = wanted(box, sha, &keep, err);
        }
        if (status == TRUNDLE_OK && !keep && (size_t)snprintf(path, sizeof path, "%s/clips/%s", box->dir, entry->d_name) < sizeof path)
            (void)unlink(path);
    }
    (void)closedir(dir);
    return status;
}

enum trundle_status outbox_clip_known(struct outbox *box, const char *key, bool *out_known, struct trundle_error *err)
{
    enum trundle_status status;

    db_bind_text(box->has_key, 1, key);
    status = db_step(box->has_key, err);
    if (status == TRUNDLE_OK)
        db_reset(box->has_key);
    else if (status != TRUNDLE_END)
        return status;
    *out_known = status == TRUNDLE_OK;
    return TRUNDLE_OK;
}

enum trundle_status outbox_clips_today(struct outbox *box, const char *trigger, int64_t t_ns, uint32_t *out_n, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(box->db, "SELECT count(*) FROM outbox_clip WHERE day = ? AND trigger = ? AND state < 3", &s, err));
    db_bind_integer(s, 1, t_ns / DAY_NS);
    db_bind_text(s, 2, trigger);
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out_n = (uint32_t)db_integer(s, 0);
    db_free(s);
    return status;
}

static enum trundle_status add_row(struct outbox *box, const char *sha, int64_t bytes, const char *key, const struct outbox_clip *c, bool *taken, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_begin(box->db, err));
    TRY_GOTO(status, outbox_key_take(box, key, taken, err), out);
    if (*taken) {
        TRY_GOTO(status,
                 db_prepare(box->db,
                            "INSERT INTO outbox_clip(sha256, state, day, bytes, sent, worth, t_ns, trip, trigger, purpose, keep_days, t0_s, t1_s, moment_s, decision)"
                            " VALUES(?, 0, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            &s, err),
                 out);
        db_bind_text(s, 1, sha);
        db_bind_integer(s, 2, c->t_ns / DAY_NS);
        db_bind_integer(s, 3, bytes);
        db_bind_number(s, 4, c->worth);
        db_bind_integer(s, 5, c->t_ns);
        db_bind_text(s, 6, c->trip);
        db_bind_text(s, 7, c->trigger);
        db_bind_text(s, 8, c->purpose);
        db_bind_integer(s, 9, c->keep_days);
        db_bind_number(s, 10, c->t0_s);
        db_bind_number(s, 11, c->t1_s);
        db_bind_number(s, 12, c->moment_s);
        db_bind_integer(s, 13, c->decision);
        TRY_GOTO(status, db_run(s, err), out);
    }
    status = db_commit(box->db, err);
out:
    db_free(s);
    if (status != TRUNDLE_OK)
        db_rollback(box->db);
    return status;
}

enum trundle_status outbox_clip_add(struct outbox *box, const char *draft, const char *key, const struct outbox_clip *clip, struct trundle_error *err)
{
    char sha[OUTBOX_SHA], path[OUTBOX_PATH];
    enum trundle_status status;
    bool taken = false, other = true;
    int64_t bytes;

    TRY(disk_hash(draft, sha, &bytes, err));
    TRY(disk_file_sync(draft, err));
    outbox_clip_path(box, sha, path, sizeof path);
    status = disk_place(draft, path, err);
    if (status == TRUNDLE_OK)
        status = add_row(box, sha, bytes, key, clip, &taken, err);
    if ((status != TRUNDLE_OK || !taken) && wanted(box, sha, &other, NULL) == TRUNDLE_OK && !other)      /* the same content may be there under another key */
        (void)unlink(path);
    return status;
}

static enum trundle_status set_state(struct outbox *box, const char *sha, enum outbox_clip_step state, const char *why, const char *count, int64_t bytes,
                                     struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    char path[OUTBOX_PATH];

    TRY(db_begin(box->db, err));
    TRY_GOTO(status, db_prepare(box->db, "UPDATE outbox_clip SET state = ?, why = ? WHERE sha256 = ?", &s, err), out);
    db_bind_integer(s, 1, state);
    db_bind_text(s, 2, why);
    db_bind_text(s, 3, sha);
    TRY_GOTO(status, db_run(s, err), out);
    if (count)
        TRY_GOTO(status, outbox_count(box, count, 1, err), out);
    if (state == CLIP_DROPPED)
        TRY_GOTO(status, outbox_count(box, "dropped_bytes", bytes, err), out);
    status = db_commit(box->db, err);
out:
    db_free(s);
    if (status != TRUNDLE_OK) {
        db_rollback(box->db);
        return status;
    }
    if (state >= CLIP_SENT) {              /* the row first: a file without one is litter, a row without a file would be a loss */
        outbox_clip_path(box, sha, path, sizeof path);
        (void)unlink(path);
    }
    return TRUNDLE_OK;
}

enum trundle_status outbox_clips_fit(struct outbox *box, const struct capture_policy *policy, size_t *out_dropped, struct trundle_error *err)
{
    struct clip_kept *kept = NULL;
    struct { char sha[OUTBOX_SHA]; } *name = NULL;
    size_t n = 0, kept_room = 0, name_room = 0, dropped = 0;
    struct db_statement *s = NULL;
    bool *drop = NULL;
    enum trundle_status status;

    TRY(db_prepare(box->db, "SELECT id, day, bytes, worth, state, sha256 FROM outbox_clip WHERE state <= 2 ORDER BY id", &s, err));
    while ((status = db_step(s, err)) == TRUNDLE_OK && n < KEPT_MOST) {
        if (!list_grow((void **)&kept, sizeof *kept, n, &kept_room) || !list_grow((void **)&name, sizeof *name, n, &name_room)) {
            status = TRUNDLE_NO_MEMORY;
            break;
        }
        kept[n] = (struct clip_kept){ .id = db_integer(s, 0), .day = db_integer(s, 1), .bytes = db_integer(s, 2), .worth = db_number(s, 3),
                                      .bound = db_integer(s, 4) != CLIP_WAITS, .sent = db_integer(s, 4) == CLIP_SENT };
        (void)snprintf(name[n].sha, sizeof name[n].sha, "%s", db_text(s, 5));
        n++;
    }
    db_free(s);
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
    drop = n ? calloc(n, sizeof *drop) : NULL;
    if (status == TRUNDLE_OK && n && !drop)
        status = TRUNDLE_NO_MEMORY;
    if (status == TRUNDLE_NO_MEMORY)
        (void)error_set(err, status, "outbox", NULL, "no memory");
    if (status == TRUNDLE_OK && n && clip_budget(policy, kept, n, drop))
        for (size_t i = 0; i < n && status == TRUNDLE_OK; i++)
            if (drop[i]) {
                status = set_state(box, name[i].sha, CLIP_DROPPED, "over the budget", "dropped_clips", kept[i].bytes, err);
                dropped += status == TRUNDLE_OK;
            }
    free(drop);
    free(kept);
    free(name);
    if (out_dropped)
        *out_dropped = dropped;
    return status;
}

static void take_row(const struct db_statement *s, struct outbox_clip *c)
{
    memset(c, 0, sizeof *c);
    (void)snprintf(c->sha256, sizeof c->sha256, "%s", db_text(s, 0));
    c->announced = db_integer(s, 1) == CLIP_ANNOUNCED;
    c->bytes = db_integer(s, 2);
    c->sent = db_integer(s, 3);
    c->worth = db_number(s, 4);
    c->t_ns = db_integer(s, 5);
    (void)snprintf(c->trip, sizeof c->trip, "%s", db_text(s, 6));
    (void)snprintf(c->trigger, sizeof c->trigger, "%s", db_text(s, 7));
    (void)snprintf(c->purpose, sizeof c->purpose, "%s", db_text(s, 8));
    c->keep_days = (int)db_integer(s, 9);
    c->t0_s = db_number(s, 10);
    c->t1_s = db_number(s, 11);
    c->moment_s = db_number(s, 12);
    c->decision = (uint32_t)db_integer(s, 13);
}

static enum trundle_status announce(struct outbox *box, const struct outbox_clip *c, struct trundle_error *err)
{
    json_t *body = json_pack("{s:s, s:I, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:I}", "sha256", c->sha256, "bytes", (json_int_t)c->bytes, "trip", c->trip, "trigger", c->trigger,
                             "purpose", c->purpose, "keep_days", c->keep_days, "t0_s", c->t0_s, "t1_s", c->t1_s, "worth", c->worth, "decision", (json_int_t)c->decision);
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    struct db_statement *s = NULL;
    enum trundle_status status;
    bool taken;

    json_decref(body);
    if (!text)
        return error_set(err, TRUNDLE_NO_MEMORY, "outbox", NULL, "no memory");
    status = db_begin(box->db, err);
    if (status != TRUNDLE_OK) {
        free(text);
        return status;
    }
    TRY_GOTO(status, outbox_insert(box, &(struct outbox_record){ .kind = "clip", .body = text, .t_ns = c->t_ns }, &taken, err), out);
    TRY_GOTO(status, db_prepare(box->db, "UPDATE outbox_clip SET state = 1 WHERE sha256 = ?", &s, err), out);
    db_bind_text(s, 1, c->sha256);
    TRY_GOTO(status, db_run(s, err), out);
    status = db_commit(box->db, err);
out:
    db_free(s);
    free(text);
    if (status != TRUNDLE_OK)
        db_rollback(box->db);
    return status;
}

enum trundle_status outbox_clip_next(struct outbox *box, struct outbox_clip *out, struct trundle_error *err)
{
    for (;;) {
        struct db_statement *s = NULL;
        enum trundle_status status;
        struct outbox_clip c;
        struct stat about;
        char path[OUTBOX_PATH];

        TRY(db_prepare(box->db,
                       "SELECT sha256, state, bytes, sent, worth, t_ns, trip, trigger, purpose, keep_days, t0_s, t1_s, moment_s, decision FROM outbox_clip"
                       " WHERE state IN (0, 1) ORDER BY state DESC, worth DESC, id DESC LIMIT 1",
                       &s, err));
        status = db_step(s, err);
        if (status == TRUNDLE_OK)
            take_row(s, &c);
        db_free(s);
        TRY(status);
        outbox_clip_path(box, c.sha256, path, sizeof path);
        if (stat(path, &about) != 0 || about.st_size != c.bytes) {
            TRY(set_state(box, c.sha256, CLIP_LOST, "its file is gone or has another size", "lost_clips", 0, err));
            continue;
        }
        if (!c.announced)
            TRY(announce(box, &c, err));
        c.announced = true;
        *out = c;
        return TRUNDLE_OK;
    }
}

enum trundle_status outbox_clip_sent(struct outbox *box, const char *sha256, int64_t have, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(box->db, "UPDATE outbox_clip SET sent = ? WHERE sha256 = ?", &s, err));
    db_bind_integer(s, 1, have);
    db_bind_text(s, 2, sha256);
    status = db_run(s, err);
    db_free(s);
    return status;
}

enum trundle_status outbox_clip_again(struct outbox *box, const char *sha256, struct trundle_error *err)
{
    return set_state(box, sha256, CLIP_WAITS, NULL, NULL, 0, err);
}

enum trundle_status outbox_clip_done(struct outbox *box, const char *sha256, struct trundle_error *err)
{
    return set_state(box, sha256, CLIP_SENT, NULL, "sent_clips", 0, err);
}

enum trundle_status outbox_clip_refused(struct outbox *box, const char *sha256, const char *why, struct trundle_error *err)
{
    return set_state(box, sha256, CLIP_DROPPED, why, "dropped_clips", 0, err);
}
