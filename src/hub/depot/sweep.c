/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What time alone ends: clips past their days, clips that were announced and do not come, uploads that stand still. */
#include "hub/depot/inside.h"
#include "hub/depot/lineage.h"

#include "base/std/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STALE_NS (DEPOT_AWAIT_DAYS * DEPOT_DAY_NS)

struct parts {
    struct depot *d;
    int64_t       now_ns, removed;
};

/* Uploads of clips that are not awaited (any more), and all that stood still for a week. */
static enum trundle_status part_look(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    struct parts *p = user;
    bool upload = depot_sha_check(name, "part", NULL) == TRUNDLE_OK, gone;
    pthread_mutex_t *stripe = depot_stripe(p->d, upload ? name : "0");
    enum trundle_status status = TRUNDLE_OK;
    char path[DISK_PATH];
    struct depot_clip c;
    struct stat st;

    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, name));
    (void)pthread_mutex_lock(stripe);
    if (stat(path, &st) == 0) {
        gone = p->now_ns / 1000000000 - (int64_t)st.st_mtime > STALE_NS / 1000000000;
        if (upload && !gone) {
            status = depot_clip_get(p->d, name, &c, err);
            gone = status == TRUNDLE_NOT_FOUND || (status == TRUNDLE_OK && c.state != DEPOT_CLIP_ANNOUNCED);
        }
        if (gone) {
            status = disk_remove(path, err);
            p->removed += status == TRUNDLE_OK;
        }
    }
    (void)pthread_mutex_unlock(stripe);
    return status;
}

static enum trundle_status expired(struct depot *d, int64_t now_ns, int limit, char (**out)[DEPOT_SHA], size_t *out_n, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct db *db = NULL;
    enum trundle_status status;
    char (*list)[DEPOT_SHA] = NULL;
    size_t n = 0, room = 0;

    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT sha256 FROM depot_clip WHERE state <> 2 AND expires_ns <= ? ORDER BY expires_ns LIMIT ?", "ii", now_ns, (int64_t)limit), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        if (!list_grow((void **)&list, sizeof *list, n, &room)) {
            status = error_set(err, TRUNDLE_NO_MEMORY, "retention", NULL, "no memory for a list");
            goto out;
        }
        (void)snprintf(list[n++], DEPOT_SHA, "%s", db_text(s, 0));
    }
    if (status != TRUNDLE_END)
        goto out;
    status = TRUNDLE_OK;
    *out = list;
    *out_n = n;
    list = NULL;
out:
    free(list);
    db_free(s);
    depot_read_end(d, db);
    return status;
}

/* ---- what was announced and does not come ---- */

struct awaited { char sha256[DEPOT_SHA]; int64_t announced_ns; };
struct lapse {
    struct awaited *list;
    size_t          n;
    int64_t         before_ns, lapsed;
};

/* The next page, in the order of announcement; those that are still coming are passed over, so they must not be met first each time. */
static enum trundle_status awaited_page(struct depot *d, int64_t before_ns, const struct awaited *after, int limit, struct awaited *list, size_t *out_n, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    struct db *db = NULL;

    *out_n = 0;
    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT sha256, announced_ns FROM depot_clip WHERE state = 0 AND whole = 0 AND announced_ns <= ?1 AND (announced_ns, sha256) > (?2, ?3)"
                                 " ORDER BY announced_ns, sha256 LIMIT ?4", "iiti", before_ns, after->announced_ns, after->sha256, (int64_t)limit), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        (void)snprintf(list[*out_n].sha256, DEPOT_SHA, "%s", db_text(s, 0));
        list[(*out_n)++].announced_ns = db_integer(s, 1);
    }
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}

/* Its blob goes too: one that was whole when the power went has its name and no row (clip.c, part_have), and nobody would ever come for it. */
static enum trundle_status lapse_job(struct db *db, void *user, struct trundle_error *err)
{
    struct lapse *l = user;

    l->lapsed = 0;
    for (size_t i = 0; i < l->n; i++) {
        TRY(db_do(db, err, "DELETE FROM depot_clip WHERE sha256 = ? AND state = 0 AND announced_ns <= ?", "ti", l->list[i].sha256, l->before_ns));
        if (!db_changes(db))
            continue;
        l->lapsed++;
        TRY(depot_doom(db, l->list[i].sha256, NULL, err));
    }
    return TRUNDLE_OK;
}

/* False: bytes of it came since. What is there of one that is forgotten goes. A byte that comes between this and the row's end is litter, and its cart hears 404 and announces it again. */
static enum trundle_status part_end(struct depot *d, const char *sha256, int64_t before_ns, bool *out, struct trundle_error *err)
{
    char path[DISK_PATH];
    enum trundle_status status = TRUNDLE_OK;
    struct stat st;

    TRY(depot_part_path(d, sha256, path, err));
    (void)pthread_mutex_lock(depot_stripe(d, sha256));
    *out = stat(path, &st) != 0 || (int64_t)st.st_mtime <= before_ns / 1000000000;
    if (*out)
        status = disk_remove(path, err);
    (void)pthread_mutex_unlock(depot_stripe(d, sha256));
    return status;
}

static enum trundle_status lapse(struct depot *d, int64_t now_ns, int limit, int64_t *out, struct trundle_error *err)
{
    struct lapse l = { .list = calloc((size_t)limit, sizeof *l.list), .before_ns = now_ns - STALE_NS };
    struct awaited after = { "", INT64_MIN };
    enum trundle_status status = TRUNDLE_OK;
    size_t n = (size_t)limit;

    if (!l.list)
        return error_set(err, TRUNDLE_NO_MEMORY, "retention", NULL, "no memory for a list");
    *out = 0;
    while (n == (size_t)limit) {
        TRY_GOTO(status, awaited_page(d, l.before_ns, &after, limit, l.list, &n, err), out);
        if (n)
            after = l.list[n - 1];
        l.n = 0;
        for (size_t i = 0; i < n; i++) {
            bool over = false;

            TRY_GOTO(status, part_end(d, l.list[i].sha256, l.before_ns, &over, err), out);
            if (over)
                l.list[l.n++] = l.list[i];
        }
        if (l.n)
            TRY_GOTO(status, depot_write(d, lapse_job, &l, err), out);
        *out += l.n ? l.lapsed : 0;
    }
out:
    free(l.list);
    return status;
}

enum trundle_status depot_sweep(struct depot *d, int64_t now_ns, int limit, struct depot_swept *out, struct trundle_error *err)
{
    struct depot_dooms dooms = { d, 0 };
    struct parts parts = { d, now_ns, 0 };
    char (*list)[DEPOT_SHA] = NULL, path[DISK_PATH];
    const char **name = NULL;
    enum trundle_status status;
    int64_t lapsed = 0;
    size_t n = 0;

    if (limit < 1 || limit > 10000)
        return error_set(err, TRUNDLE_BAD_ARG, "retention", NULL, "limit %d, allowed are 1 to 10000", limit);
    TRY(expired(d, now_ns, limit, &list, &n, err));
    name = calloc(n + 1, sizeof *name);
    if (!name) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "retention", NULL, "no memory for a list");
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        name[i] = list[i];
    TRY_GOTO(status, depot_write(d, depot_doom_run, &dooms, err), out);      /* what other rooms let go */
    if (n)
        TRY_GOTO(status, depot_delete_clips(d, name, n, "retention", "keep_days are over", now_ns, err), out);
    TRY_GOTO(status, lapse(d, now_ns, limit, &lapsed, err), out);
    if (lapsed)
        TRY_GOTO(status, depot_write(d, depot_doom_run, &dooms, err), out);
    TRY_GOTO(status, disk_path(path, sizeof path, err, "%s/part", d->folder), out);
    TRY_GOTO(status, disk_list(path, part_look, &parts, err), out);
    *out = (struct depot_swept){ (int64_t)n, dooms.removed, parts.removed, lapsed };
out:
    free(name);
    free(list);
    return status;
}
