/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What time alone ends: clips past their days, uploads that stand still. */
#include "hub/depot/inside.h"
#include "hub/depot/lineage.h"

#include "base/std/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STALE_NS INT64_C(604800000000000)

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

    TRY(depot_disk_path(path, sizeof path, err, "%s/%s", folder, name));
    (void)pthread_mutex_lock(stripe);
    if (stat(path, &st) == 0) {
        gone = p->now_ns / 1000000000 - (int64_t)st.st_mtime > STALE_NS / 1000000000;
        if (upload && !gone) {
            status = depot_clip_get(p->d, name, &c, err);
            gone = status == TRUNDLE_NOT_FOUND || (status == TRUNDLE_OK && c.state != DEPOT_CLIP_ANNOUNCED);
        }
        if (gone) {
            status = depot_disk_remove(path, err);
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
    TRY_GOTO(status, depot_query(db, &s, err, "SELECT sha256 FROM depot_clip WHERE state <> 2 AND expires_ns <= ? ORDER BY expires_ns LIMIT ?", "ii", now_ns, (int64_t)limit), out);
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

enum trundle_status depot_sweep(struct depot *d, int64_t now_ns, int limit, struct depot_swept *out, struct trundle_error *err)
{
    struct depot_dooms dooms = { d, 0 };
    struct parts parts = { d, now_ns, 0 };
    char (*list)[DEPOT_SHA] = NULL, path[DISK_PATH];
    const char **name = NULL;
    enum trundle_status status;
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
    TRY_GOTO(status, depot_disk_path(path, sizeof path, err, "%s/part", d->folder), out);
    TRY_GOTO(status, depot_disk_list(path, part_look, &parts, err), out);
    *out = (struct depot_swept){ (int64_t)n, dooms.removed, parts.removed };
out:
    free(name);
    free(list);
    return status;
}
