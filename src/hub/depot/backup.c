/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Backup of a folder in use. The database is copied at one moment; the blobs it names were synced before their rows, and change never, so they can follow at leisure. Only a deletion
 * can take one away meanwhile: then the database is copied again, and what the new copy no longer names is removed, so that a backup holds nothing that was deleted before its end.
 */
#include "hub/depot/filed.h"
#include "hub/depot/keep_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AGAIN_MAX = 1000 };

struct backup {
    const char      *folder, *to;
    depot_progress  *each;
    void            *user;
    struct bytes     manifest;
    struct depot_sum sum;
    int64_t          total;
    bool             again;                /* a blob was deleted since the database was copied */
};

static enum trundle_status progress(struct backup *b, const char *path, int64_t bytes, struct trundle_error *err)
{
    b->sum.files++;
    b->sum.bytes += bytes;
    if (b->each && !b->each(b->user, path, b->sum.files, b->total))
        return error_set(err, TRUNDLE_AGAIN, b->to, NULL, "was stopped");
    return TRUNDLE_OK;
}

static enum trundle_status file_sync(const char *path, struct trundle_error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    enum trundle_status status;

    if (fd < 0)
        return disk_error(err, path, "open");
    status = disk_sync(fd, path, err);
    (void)close(fd);
    return status;
}

static enum trundle_status database_copy(struct backup *b, const char *copy, struct trundle_error *err)
{
    char path[DISK_PATH];
    struct db *db = NULL;
    enum trundle_status status;

    (void)unlink(copy);
    TRY(disk_path(path, sizeof path, err, "%s/hub.sqlite", b->folder));
    TRY(db_open(path, DB_READ, &db, err));
    status = db_copy(db, copy, err);
    db_close(db);
    TRY(status);
    if (chmod(copy, 0600) != 0)
        return disk_error(err, copy, "close to others");
    return file_sync(copy, err);
}

static enum trundle_status named(const char *database, const char *sha256, bool *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct db *db = NULL;
    enum trundle_status status;

    TRY(db_open(database, DB_READ, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT EXISTS(SELECT 1 FROM depot_blob WHERE sha256 = ?)", "t", sha256), out);
    TRY_GOTO(status, db_step(s, err), out);
    *out = db_integer(s, 0) != 0;
out:
    db_free(s);
    db_close(db);
    return status;
}

/* AGAIN: it was deleted since the database was copied. */
static enum trundle_status missing(struct backup *b, const char *sha256, struct trundle_error *err)
{
    char path[DISK_PATH];
    bool still = true;

    TRY(disk_path(path, sizeof path, err, "%s/hub.sqlite", b->folder));
    TRY(named(path, sha256, &still, err));
    if (!still) {
        b->again = true;
        return error_set(err, TRUNDLE_AGAIN, b->folder, NULL, "blobs were deleted faster than they could be copied");
    }
    return error_set(err, TRUNDLE_CORRUPT, b->folder, "trundle hub fsck finds all such; restore it from an older backup", "blob %s is not there", sha256);
}

/* One blob, unless an earlier round copied it. */
static enum trundle_status blob_copy(struct backup *b, const char *sha256, int64_t *out_bytes, struct trundle_error *err)
{
    char from[DISK_PATH], to[DISK_PATH], folder[DISK_PATH], got[DEPOT_SHA];
    enum trundle_status status;

    TRY(disk_path(from, sizeof from, err, "%s/blob/%.2s/%s", b->folder, sha256, sha256));
    TRY(disk_path(to, sizeof to, err, "%s/blob/%.2s/%s", b->to, sha256, sha256));
    TRY(disk_path(folder, sizeof folder, err, "%s/blob/%.2s", b->to, sha256));
    if (disk_there(to, out_bytes))
        return TRUNDLE_OK;
    TRY(disk_folder(folder, 0700, err));
    status = disk_copy(from, to, 0600, got, out_bytes, err);
    if (status == TRUNDLE_NOT_FOUND)
        return missing(b, sha256, err);
    TRY(status);
    if (strcmp(got, sha256) == 0)
        return TRUNDLE_OK;
    (void)unlink(to);
    return error_set(err, TRUNDLE_CORRUPT, from, "trundle hub fsck finds all such; restore it from an older backup", "is not what its name says");
}

/* All blobs of the copied database, into the manifest too. */
static enum trundle_status blobs_copy(struct backup *b, struct db *db, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    char line[DEPOT_SHA + 16];
    int64_t bytes = 0;

    TRY(db_prepare(db, "SELECT count(DISTINCT sha256) FROM depot_blob", &s, err));
    TRY_GOTO(status, db_step(s, err), out);
    b->total = db_integer(s, 0) + 2;
    db_free(s);
    s = NULL;
    TRY_GOTO(status, db_prepare(db, "SELECT DISTINCT sha256 FROM depot_blob ORDER BY sha256", &s, err), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        const char *sha256 = db_text(s, 0);

        TRY_GOTO(status, blob_copy(b, sha256, &bytes, err), out);
        (void)snprintf(line, sizeof line, "blob/%.2s/%.64s", sha256, sha256);
        TRY_GOTO(status, manifest_line(&b->manifest, sha256, line, err), out);
        TRY_GOTO(status, progress(b, line, bytes, err), out);
    }
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    return status;
}

static enum trundle_status round_of(struct backup *b, const char *copy, int64_t now_ns, struct trundle_error *err)
{
    char head[DEPOT_SHA], sha256[DEPOT_SHA];
    struct db *db = NULL;
    enum trundle_status status;
    int64_t entries = 0, bytes = 0;

    b->manifest.n = 0;
    b->sum = (struct depot_sum){ 0 };
    TRY(database_copy(b, copy, err));
    TRY(db_open(copy, DB_READ, &db, err));
    TRY_GOTO(status, db_check(db, err), out);
    TRY_GOTO(status, depot_access_verify(db, &entries, head, err), out);
    TRY_GOTO(status, manifest_begin(&b->manifest, now_ns, head, err), out);
    TRY_GOTO(status, blobs_copy(b, db, err), out);
    db_close(db);
    db = NULL;
    TRY_GOTO(status, disk_hash(copy, sha256, &bytes, err), out);
    TRY_GOTO(status, manifest_line(&b->manifest, sha256, "hub.sqlite", err), out);
    status = progress(b, "hub.sqlite", bytes, err);
out:
    db_close(db);
    return status;
}

/* Whole lines alone: a hub may be writing one. Those from after the copy of the database are done again by a restore. */
static enum trundle_status receipts_cut(const char *path, char sha256[DEPOT_SHA], int64_t *bytes, struct trundle_error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    enum trundle_status status = TRUNDLE_OK;
    int64_t end = *bytes;
    char last = '\0';

    if (fd < 0)
        return disk_error(err, path, "open");
    while (end > 0 && pread(fd, &last, 1, (off_t)end - 1) == 1 && last != '\n')
        end--;
    if (end != *bytes && ftruncate(fd, (off_t)end) != 0)
        status = disk_error(err, path, "cut");
    if (status == TRUNDLE_OK && end != *bytes)
        status = disk_sync(fd, path, err);
    (void)close(fd);
    return status == TRUNDLE_OK && end != *bytes ? disk_hash(path, sha256, bytes, err) : status;
}

static enum trundle_status receipts_copy(struct backup *b, struct trundle_error *err)
{
    char from[DISK_PATH], to[DISK_PATH], sha256[DEPOT_SHA];
    enum trundle_status status;
    int64_t bytes = 0;

    TRY(disk_path(from, sizeof from, err, "%s/" DEPOT_RECEIPTS, b->folder));
    TRY(disk_path(to, sizeof to, err, "%s/" DEPOT_RECEIPTS, b->to));
    status = disk_copy(from, to, 0600, sha256, &bytes, err);
    if (status == TRUNDLE_NOT_FOUND)                   /* nothing was ever deleted */
        return TRUNDLE_OK;
    TRY(status);
    TRY(receipts_cut(to, sha256, &bytes, err));
    TRY(manifest_line(&b->manifest, sha256, DEPOT_RECEIPTS, err));
    b->total++;
    return progress(b, DEPOT_RECEIPTS, bytes, err);
}

static enum trundle_status secret_copy(struct backup *b, struct trundle_error *err)
{
    char from[DISK_PATH], to[DISK_PATH], sha256[DEPOT_SHA];
    enum trundle_status status;
    int64_t bytes = 0;

    TRY(disk_path(from, sizeof from, err, "%s/secret.json", b->folder));
    TRY(disk_path(to, sizeof to, err, "%s/secret.json", b->to));
    status = disk_copy(from, to, 0600, sha256, &bytes, err);
    if (status == TRUNDLE_NOT_FOUND)
        return error_set(err, TRUNDLE_CORRUPT, from, NULL, "the hub's keys are gone");
    TRY(status);
    TRY(manifest_line(&b->manifest, sha256, "secret.json", err));
    return progress(b, "secret.json", bytes, err);
}

static enum trundle_status unnamed_remove(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    char path[DISK_PATH];
    bool still = false;

    TRY(named(user, name, &still, err));
    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, name));
    return still ? TRUNDLE_OK : disk_remove(path, err);
}

/* The folders blob/ab: cleaned of what is no longer named (`user`: the copied database; NULL: they are clean), and synced. */
static enum trundle_status fan(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    char path[DISK_PATH];

    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, name));
    if (user)
        TRY(disk_list(path, unnamed_remove, user, err));
    return disk_folder_sync(path, err);
}

static enum trundle_status backup_into(struct backup *b, int64_t now_ns, struct trundle_error *err)
{
    char copy[DISK_PATH], blob[DISK_PATH], path[DISK_PATH], temporary[DISK_PATH];
    enum trundle_status status;
    int round = 0;

    TRY(disk_path(copy, sizeof copy, err, "%s/hub.sqlite", b->to));
    TRY(disk_path(blob, sizeof blob, err, "%s/blob", b->to));
    TRY(disk_folder(blob, 0700, err));
    do {
        b->again = false;
        status = round_of(b, copy, now_ns, err);
    } while (b->again && ++round < AGAIN_MAX);
    TRY(status);
    TRY(receipts_copy(b, err));
    TRY(secret_copy(b, err));
    TRY(manifest_end(&b->manifest, b->sum.files, err));
    TRY(disk_list(blob, fan, round ? copy : NULL, err));
    TRY(disk_folder_sync(blob, err));
    TRY(disk_folder_sync(b->to, err));
    TRY(disk_path(path, sizeof path, err, "%s/MANIFEST", b->to));
    TRY(disk_path(temporary, sizeof temporary, err, "%s/MANIFEST.tmp", b->to));
    return disk_put(path, temporary, 0600, b->manifest.data, b->manifest.n, err);
}

enum trundle_status depot_backup(const char *folder, const char *to, int64_t now_ns, depot_progress *each, void *user, struct depot_sum *out, struct trundle_error *err)
{
    struct backup b = { .folder = folder, .to = to, .each = each, .user = user };
    char path[DISK_PATH];
    enum trundle_status status;

    TRY(disk_path(path, sizeof path, err, "%s/hub.sqlite", folder));
    if (!disk_there(path, NULL))
        return error_set(err, TRUNDLE_NOT_FOUND, folder, NULL, "is no hub's folder");
    if (mkdir(to, 0700) != 0)
        return errno == EEXIST ? error_set(err, TRUNDLE_CONFLICT, to, "name one that is not there", "exists already") : disk_error(err, to, "make folder");
    status = disk_parent_sync(to, err);
    if (status == TRUNDLE_OK)
        status = backup_into(&b, now_ns, err);
    bytes_done(&b.manifest);
    if (status != TRUNDLE_OK) {
        (void)!disk_tree_remove(to, NULL);
        return status;
    }
    *out = b.sum;
    return TRUNDLE_OK;
}
