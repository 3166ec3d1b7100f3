/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Backups checked, and made into a hub's folder again: beside its place first, under its name only when all is there, right and synced. */
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

enum trundle_status depot_restore(const char *from, const char *folder, depot_progress *each, void *user, struct depot_sum *out, struct trundle_error *err)
{
    struct restore r = { .from = from, .each = each, .user = user };
    char beside[DISK_PATH], blob[DISK_PATH];
    enum trundle_status status;
    size_t n = strlen(folder);
    struct stat st;

    while (n > 1 && folder[n - 1] == '/')
        n--;
    if (lstat(folder, &st) == 0)
        return error_set(err, TRUNDLE_CONFLICT, folder, "move it away, or name another", "exists; a restore never overwrites");
    TRY(disk_path(beside, sizeof beside, err, "%.*s.restoring", (int)n, folder));
    TRY(disk_path(blob, sizeof blob, err, "%s/blob", beside));
    (void)!disk_tree_remove(beside, NULL);                          /* of a restore that was cut off */
    if (mkdir(beside, 0700) != 0)
        return disk_error(err, beside, "make folder");
    r.to = beside;
    TRY_GOTO(status, disk_folder(blob, 0700, err), out);
    TRY_GOTO(status, all(&r, err), out);
    TRY_GOTO(status, disk_folder_sync(blob, err), out);
    TRY_GOTO(status, disk_folder_sync(beside, err), out);
    if (lstat(folder, &st) == 0)
        status = error_set(err, TRUNDLE_CONFLICT, folder, "move it away, or name another", "exists; a restore never overwrites");
    else if (rename(beside, folder) != 0)
        status = disk_error(err, folder, "rename into place");
    else
        status = disk_parent_sync(folder, err);
out:
    if (status != TRUNDLE_OK) {
        (void)!disk_tree_remove(beside, NULL);
        return status;
    }
    *out = r.sum;
    return TRUNDLE_OK;
}
