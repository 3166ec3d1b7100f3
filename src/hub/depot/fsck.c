/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A look for damage: rows without blobs, blobs that are not what they say, files without rows, a broken chain. Only litter is ever removed. */
#include "hub/depot/filed.h"
#include "hub/depot/keep_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fsck {
    const char        *folder;
    bool               repair;
    depot_each_fault  *each;
    void              *user;
    struct db         *db;
    struct depot_found found;
};

static void say(struct fsck *f, enum depot_fault fault, const char *what, const char *text)
{
    f->found.fault[fault]++;
    if (f->each)
        f->each(f->user, fault, what, text);
}

static enum trundle_status blob_look(struct fsck *f, const char *sha256, struct trundle_error *err)
{
    char path[DISK_PATH], got[DEPOT_SHA];
    enum trundle_status status;
    int64_t bytes = 0;

    if (depot_sha_check(sha256, "row", NULL) != TRUNDLE_OK) {
        say(f, DEPOT_FAULT_TABLE, sha256, "a row names a blob by what is no sha256");
        return TRUNDLE_OK;
    }
    TRY(disk_path(path, sizeof path, err, "%s/blob/%.2s/%s", f->folder, sha256, sha256));
    status = disk_hash(path, got, &bytes, err);
    if (status == TRUNDLE_NOT_FOUND)
        say(f, DEPOT_FAULT_MISSING, sha256, "a row names this blob, and it is not there: restore it from a backup");
    else if (status != TRUNDLE_OK)
        say(f, DEPOT_FAULT_DAMAGED, sha256, err ? err->what : "cannot be read");
    else if (strcmp(got, sha256) != 0)
        say(f, DEPOT_FAULT_DAMAGED, sha256, "the blob is not what its name says: restore it from a backup");
    f->found.blobs++;
    f->found.bytes += bytes;
    return TRUNDLE_OK;
}

static enum trundle_status rows_look(struct fsck *f, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(f->db, "SELECT DISTINCT sha256 FROM depot_blob ORDER BY sha256", &s, err));
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        TRY_GOTO(status, blob_look(f, db_text(s, 0), err), out);
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    return status;
}

static enum trundle_status litter(struct fsck *f, const char *path, const char *text, struct trundle_error *err)
{
    struct stat st;

    say(f, DEPOT_FAULT_LITTER, path, text);
    if (!f->repair)
        return TRUNDLE_OK;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        TRY(disk_tree_remove(path, err));
    else
        TRY(disk_remove(path, err));
    f->found.repaired++;
    return TRUNDLE_OK;
}

static enum trundle_status one_row(struct db *db, const char *sql, const char *name, bool *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, sql, "t", name));
    status = db_step(s, err);
    db_free(s);
    *out = status == TRUNDLE_OK;
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status blob_file(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    struct fsck *f = user;
    char path[DISK_PATH];
    const char *fan = strrchr(folder, '/') + 1;
    bool named = false;

    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, name));
    if (depot_sha_check(name, "file", NULL) == TRUNDLE_OK && strncmp(fan, name, 2) == 0 && strlen(fan) == 2)
        TRY(one_row(f->db, "SELECT 1 FROM depot_blob WHERE sha256 = ?", name, &named, err));
    return named ? TRUNDLE_OK : litter(f, path, "no row names this file", err);
}

static enum trundle_status blob_folder(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    char path[DISK_PATH];
    struct stat st;

    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, name));
    if (lstat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return litter(user, path, "no row names this file", err);
    return disk_list(path, blob_file, user, err);
}

static enum trundle_status part_file(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    struct fsck *f = user;
    char path[DISK_PATH];
    bool awaited = false;

    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, name));
    TRY(one_row(f->db, "SELECT 1 FROM depot_clip WHERE sha256 = ? AND state = 0", name, &awaited, err));
    return awaited ? TRUNDLE_OK : litter(f, path, "no upload that is awaited", err);
}

static void receipt_wrong(void *user, const char *where, const char *what)
{
    say(user, DEPOT_FAULT_RECEIPT, where, what);
}

/* Without the hub's keys nobody can say whether they are its receipts; that the keys are gone is told in their place. */
static enum trundle_status receipts_look(struct fsck *f, struct trundle_error *err)
{
    struct depot *keys = calloc(1, sizeof *keys);
    struct trundle_error why = { 0 };
    char path[DISK_PATH];
    enum trundle_status status;

    if (!keys)
        return error_set(err, TRUNDLE_NO_MEMORY, f->folder, NULL, "no memory for its keys");
    TRY_GOTO(status, disk_path(keys->folder, sizeof keys->folder - 100, err, "%s", f->folder), out);
    TRY_GOTO(status, disk_path(path, sizeof path, err, "%s/" DEPOT_RECEIPTS, f->folder), out);
    if (!disk_there(path, NULL))
        goto out;
    if (depot_secret_open(keys, false, &why) != TRUNDLE_OK)
        say(f, DEPOT_FAULT_RECEIPT, path, why.what);
    else
        status = depot_filed_look(path, keys->sign_public, receipt_wrong, f, err);
out:
    sodium_memzero(keys, sizeof *keys);
    free(keys);
    return status;
}

static enum trundle_status look(struct fsck *f, struct trundle_error *err)
{
    char path[DISK_PATH], head[DEPOT_SHA];
    enum trundle_status status;
    struct trundle_error why;
    int64_t n;

    status = db_check(f->db, &why);
    if (status != TRUNDLE_OK)
        say(f, DEPOT_FAULT_TABLE, "hub.sqlite", why.what);
    status = depot_access_verify(f->db, &n, head, &why);
    if (status == TRUNDLE_CORRUPT)
        say(f, DEPOT_FAULT_CHAIN, "access log", why.what);
    else if (status != TRUNDLE_OK)
        say(f, DEPOT_FAULT_TABLE, "access log", why.what);
    TRY(receipts_look(f, err));
    TRY(rows_look(f, err));
    if (f->found.fault[DEPOT_FAULT_TABLE])
        f->repair = false;                             /* rows may be lost: what they named is no litter */
    TRY(disk_path(path, sizeof path, err, "%s/blob", f->folder));
    TRY(disk_list(path, blob_folder, f, err));
    TRY(disk_path(path, sizeof path, err, "%s/part", f->folder));
    return disk_list(path, part_file, f, err);
}

enum trundle_status depot_fsck(const char *folder, bool repair, depot_each_fault *each, void *user, struct depot_found *out, struct trundle_error *err)
{
    struct fsck f = { .folder = folder, .repair = repair, .each = each, .user = user };
    char path[DISK_PATH];
    enum trundle_status status;
    int lock_fd = -1;

    TRY(disk_path(path, sizeof path, err, "%s/hub.sqlite", folder));
    if (!disk_there(path, NULL))
        return error_set(err, TRUNDLE_NOT_FOUND, folder, NULL, "is no hub's folder");
    if (repair)
        TRY(depot_lock_file(folder, true, &lock_fd, err));
    status = db_open(path, DB_READ, &f.db, err);
    if (status == TRUNDLE_CORRUPT) {                   /* nothing can be said of the files then, and none may be called litter */
        say(&f, DEPOT_FAULT_TABLE, "hub.sqlite", err ? err->what : "is damaged");
        status = TRUNDLE_OK;
    } else if (status == TRUNDLE_OK) {
        status = look(&f, err);
    }
    db_close(f.db);
    if (lock_fd >= 0)
        (void)close(lock_fd);
    if (status == TRUNDLE_OK)
        *out = f.found;
    return status;
}

enum trundle_status keep_names_check(const char *path, const char *folder, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct db *db = NULL;
    enum trundle_status status;
    char blob[DISK_PATH];

    TRY(db_open(path, DB_READ, &db, err));
    TRY_GOTO(status, db_check(db, err), out);
    TRY_GOTO(status, db_prepare(db, "SELECT DISTINCT sha256 FROM depot_blob", &s, err), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        TRY_GOTO(status, disk_path(blob, sizeof blob, err, "%s/blob/%.2s/%s", folder, db_text(s, 0), db_text(s, 0)), out);
        if (!disk_there(blob, NULL)) {
            status = error_set(err, TRUNDLE_CORRUPT, blob, "use another backup", "the database names it, and it is not there");
            goto out;
        }
    }
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    db_close(db);
    return status;
}
