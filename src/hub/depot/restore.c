/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Backups checked, and made into a hub's folder again: beside its place first, under its name only when all is there, right and synced. */
#include "hub/depot/filed.h"
#include "hub/depot/keep_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANIFEST_LIMIT = 1 << 30 };

struct restore {
    const char      *from, *to;            /* to NULL: only checked */
    depot_progress  *each;
    void            *user;
    struct depot_sum sum;
    int64_t          total;
    bool             database, secret;
};

static enum trundle_status count(void *user, const char *path, const char *sha256, struct trundle_error *err)
{
    struct restore *r = user;

    (void)sha256;
    (void)err;
    r->total++;
    r->database |= strcmp(path, "hub.sqlite") == 0;
    r->secret |= strcmp(path, "secret.json") == 0;
    return TRUNDLE_OK;
}

static enum trundle_status one(void *user, const char *path, const char *sha256, struct trundle_error *err)
{
    char from[DISK_PATH], to[DISK_PATH], folder[DISK_PATH], got[DEPOT_SHA];
    struct restore *r = user;
    enum trundle_status status;
    int64_t bytes = 0;

    TRY(disk_path(from, sizeof from, err, "%s/%s", r->from, path));
    if (r->to) {
        TRY(disk_path(to, sizeof to, err, "%s/%s", r->to, path));
        TRY(disk_path(folder, sizeof folder, err, "%s/blob/%.2s", r->to, sha256));
        if (strncmp(path, "blob/", 5) == 0)
            TRY(disk_folder(folder, 0700, err));
        status = disk_copy(from, to, 0600, got, &bytes, err);
        if (status == TRUNDLE_OK && strncmp(path, "blob/", 5) == 0)
            status = disk_folder_sync(folder, err);
    } else {
        status = disk_hash(from, got, &bytes, err);
    }
    if (status == TRUNDLE_NOT_FOUND)
        return error_set(err, TRUNDLE_CORRUPT, from, "use another backup", "the manifest lists it, and it is not there");
    TRY(status);
    if (strcmp(got, sha256) != 0)
        return error_set(err, TRUNDLE_CORRUPT, from, "use another backup", "was damaged: it is not what the manifest says");
    r->sum.files++;
    r->sum.bytes += bytes;
    if (r->each && !r->each(r->user, path, r->sum.files, r->total))
        return error_set(err, TRUNDLE_AGAIN, r->from, NULL, "was stopped");
    return TRUNDLE_OK;
}

static enum trundle_status all(struct restore *r, struct trundle_error *err)
{
    char path[DISK_PATH];
    struct bytes manifest = { 0 };
    enum trundle_status status;

    TRY(disk_path(path, sizeof path, err, "%s/MANIFEST", r->from));
    status = file_read(path, MANIFEST_LIMIT, &manifest, err);
    if (status == TRUNDLE_NOT_FOUND)
        return error_set(err, TRUNDLE_TRUNCATED, r->from, "make another", "has no MANIFEST: it is half a backup, or none");
    TRY(status);
    TRY_GOTO(status, depot_manifest_parse((const char *)manifest.data, manifest.n, count, r, err), out);
    if (!r->database || !r->secret) {
        status = error_set(err, TRUNDLE_CORRUPT, r->from, NULL, "the manifest lists no %s", r->database ? "secret.json" : "hub.sqlite");
        goto out;
    }
    TRY_GOTO(status, depot_manifest_parse((const char *)manifest.data, manifest.n, one, r, err), out);
    TRY_GOTO(status, disk_path(path, sizeof path, err, "%s/hub.sqlite", r->to ? r->to : r->from), out);
    status = keep_names_check(path, r->to ? r->to : r->from, err);
out:
    if (status != TRUNDLE_OK && err && strncmp(err->where, "MANIFEST", 8) == 0)
        error_within(err, "%s", r->from);
    bytes_done(&manifest);
    return status;
}

enum trundle_status depot_backup_check(const char *from, depot_progress *each, void *user, struct depot_sum *out, struct trundle_error *err)
{
    struct restore r = { .from = from, .each = each, .user = user };

    TRY(all(&r, err));
    *out = r.sum;
    return TRUNDLE_OK;
}

/* ---- what was deleted since ---- */

/* Of a folder whose hub kept no file of them yet: from its rows, into `path`. */
static enum trundle_status receipts_of_rows(const char *folder, const char *path, struct trundle_error *err)
{
    static const char hint[] = "its deletions cannot be known: move it away, and restore without --over";
    struct db_statement *s = NULL;
    struct bytes lines = { 0 };
    struct trundle_error why = { 0 };
    char from[DISK_PATH];
    struct db *db = NULL;
    enum trundle_status status;

    TRY(disk_path(from, sizeof from, err, "%s/hub.sqlite", folder));
    status = db_open(from, DB_READ, &db, &why);
    if (status == TRUNDLE_OK)
        status = db_prepare(db, "SELECT text FROM depot_receipt", &s, &why);
    while (status == TRUNDLE_OK && (status = db_step(s, &why)) == TRUNDLE_OK)
        status = depot_filed_line(db_text(s, 0), &lines, &why);
    if (status == TRUNDLE_END)
        status = file_write(path, lines.data, lines.n, err);
    else
        status = error_set(err, status, from, hint, "has no " DEPOT_RECEIPTS " beside it, and cannot be read: %.150s", why.what);
    db_free(s);
    db_close(db);
    bytes_done(&lines);
    return status;
}

static enum trundle_status take(struct depot *d, const char *path, int64_t *again, struct trundle_error *err)
{
    struct depot_taking taking = { d, path, 0 };

    TRY(depot_write(d, depot_filed_take, &taking, err));
    *again += taking.again;
    return TRUNDLE_OK;
}

/* `old`: the folder that this one takes the place of, or NULL. Opening it does what the backup's own receipts say. */
static enum trundle_status delete_again(const char *beside, const char *old, const char *receipts, int64_t *out_again, struct trundle_error *err)
{
    char path[DISK_PATH], temporary[DISK_PATH];
    struct depot *d = NULL;
    enum trundle_status status;

    TRY(depot_open_plain(beside, &d, out_again, err));
    if (old) {
        TRY_GOTO(status, disk_path(path, sizeof path, err, "%s/" DEPOT_RECEIPTS, old), out);
        TRY_GOTO(status, disk_path(temporary, sizeof temporary, err, "%s/part/" DEPOT_RECEIPTS, beside), out);
        if (disk_there(path, NULL)) {
            TRY_GOTO(status, take(d, path, out_again, err), out);
        } else {
            TRY_GOTO(status, receipts_of_rows(old, temporary, err), out);
            TRY_GOTO(status, take(d, temporary, out_again, err), out);
            TRY_GOTO(status, disk_remove(temporary, err), out);
        }
    }
    if (receipts)
        TRY_GOTO(status, take(d, receipts, out_again, err), out);
    status = depot_write(d, depot_doom_run, &(struct depot_dooms){ d, 0 }, err);
out:
    depot_close(d);
    return status;
}

/* ---- into place ---- */

static enum trundle_status in_the_way(const char *folder, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_CONFLICT, folder, "--over moves it to NAME.before and keeps what it deleted since deleted; or name another",
                     "exists; a restore never overwrites");
}

static bool hub_there(const char *folder)
{
    char path[DISK_PATH];

    return (disk_path(path, sizeof path, NULL, "%s/hub.sqlite", folder) == TRUNDLE_OK && disk_there(path, NULL)) ||
           (disk_path(path, sizeof path, NULL, "%s/" DEPOT_RECEIPTS, folder) == TRUNDLE_OK && disk_there(path, NULL));
}

/* Under the name, what had it moved to NAME.before. */
static enum trundle_status place(const char *beside, const char *folder, const char *before, bool over, struct trundle_error *err)
{
    struct stat st;

    if (lstat(folder, &st) == 0) {
        if (!over)
            return in_the_way(folder, err);
        if (rename(folder, before) != 0)
            return disk_error(err, before, "move the old folder to");
        if (rename(beside, folder) == 0)
            return disk_parent_sync(folder, err);
        (void)!rename(before, folder);
        return disk_error(err, folder, "rename into place");
    }
    return rename(beside, folder) == 0 ? disk_parent_sync(folder, err) : disk_error(err, folder, "rename into place");
}

enum trundle_status depot_restore(const char *from, const char *folder, const struct depot_restoring *how, depot_progress *each, void *user, struct depot_sum *out,
                                  struct trundle_error *err)
{
    struct restore r = { .from = from, .each = each, .user = user };
    const struct depot_restoring none = { NULL, false };
    char beside[DISK_PATH], before[DISK_PATH], blob[DISK_PATH];
    enum trundle_status status;
    size_t n = strlen(folder);
    struct stat st;
    int lock_fd = -1;
    bool old;

    how = how ? how : &none;
    while (n > 1 && folder[n - 1] == '/')
        n--;
    old = lstat(folder, &st) == 0;
    if (old && !how->over)
        return in_the_way(folder, err);
    TRY(disk_path(beside, sizeof beside, err, "%.*s.restoring", (int)n, folder));
    TRY(disk_path(before, sizeof before, err, "%.*s.before", (int)n, folder));
    TRY(disk_path(blob, sizeof blob, err, "%s/blob", beside));
    /* Also where the folder itself is not there: the power may have gone between the two moves, and then it is what has the receipts. */
    if (how->over && lstat(before, &st) == 0)
        return error_set(err, TRUNDLE_CONFLICT, before, old ? "move it away" : "move it back, and restore again: it has the receipts of what was deleted",
                         "is there already, from a restore before this one");
    if (old && !hub_there(folder))
        return error_set(err, TRUNDLE_CONFLICT, folder, "name another", "exists, and is no hub's folder");
    if (old)
        TRY(depot_lock_file(folder, true, &lock_fd, err));
    (void)!disk_tree_remove(beside, NULL);                          /* of a restore that was cut off */
    if (mkdir(beside, 0700) != 0) {
        status = disk_error(err, beside, "make folder");
        goto out;
    }
    r.to = beside;
    TRY_GOTO(status, disk_folder(blob, 0700, err), out);
    TRY_GOTO(status, all(&r, err), out);
    TRY_GOTO(status, disk_folder_sync(blob, err), out);
    TRY_GOTO(status, disk_folder_sync(beside, err), out);
    TRY_GOTO(status, delete_again(beside, old ? folder : NULL, how->receipts, &r.sum.again, err), out);
    status = place(beside, folder, before, how->over, err);
out:
    if (lock_fd >= 0)
        (void)close(lock_fd);
    if (status != TRUNDLE_OK) {
        (void)!disk_tree_remove(beside, NULL);
        return status;
    }
    *out = r.sum;
    return TRUNDLE_OK;
}
