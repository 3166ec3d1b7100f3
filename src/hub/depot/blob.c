/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Blobs: files named by the sha256 of their content, and who holds them. */
#include "hub/depot/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum trundle_status depot_blob_path(const struct depot *d, const char *sha256, char out[DISK_PATH], struct trundle_error *err)
{
    TRY(depot_sha_check(sha256, "blob", err));
    return disk_path(out, DISK_PATH, err, "%s/blob/%.2s/%s", d->folder, sha256, sha256);
}

enum trundle_status depot_part_path(const struct depot *d, const char *sha256, char out[DISK_PATH], struct trundle_error *err)
{
    TRY(depot_sha_check(sha256, "part", err));
    return disk_path(out, DISK_PATH, err, "%s/part/%s", d->folder, sha256);
}

enum trundle_status depot_blob_place(const struct depot *d, const char *sha256, char out[DISK_PATH], struct trundle_error *err)
{
    char folder[DISK_PATH];

    TRY(depot_blob_path(d, sha256, out, err));
    TRY(disk_path(folder, sizeof folder, err, "%s/blob/%.2s", d->folder, sha256));
    return disk_folder(folder, 0700, err);
}

enum trundle_status depot_temporary(struct depot *d, char out[DISK_PATH], struct trundle_error *err)
{
    if (d->mode == DEPOT_READ)
        return error_set(err, TRUNDLE_BAD_ARG, d->folder, NULL, "is open for reading only");
    return disk_path(out, DISK_PATH, err, "%s/part/tmp.%ld.%u", d->folder, (long)getpid(), atomic_fetch_add(&d->temporaries, 1));
}

enum trundle_status depot_blob_put(struct depot *d, const void *data, size_t n, char out_sha256[DEPOT_SHA], struct trundle_error *err)
{
    char path[DISK_PATH], temporary[DISK_PATH], sha256[DEPOT_SHA];

    (void)hash_sha256(data, n, sha256);
    TRY(depot_temporary(d, temporary, err));
    TRY(depot_blob_place(d, sha256, path, err));
    TRY(disk_put(path, temporary, 0600, data, n, err));
    memcpy(out_sha256, sha256, sizeof sha256);
    return TRUNDLE_OK;
}

enum trundle_status depot_blob_put_file(struct depot *d, const char *path, char out_sha256[DEPOT_SHA], int64_t *out_bytes, struct trundle_error *err)
{
    char to[DISK_PATH], temporary[DISK_PATH], sha256[DEPOT_SHA];
    enum trundle_status status;
    int64_t bytes = 0;

    TRY(depot_temporary(d, temporary, err));
    TRY(disk_copy(path, temporary, 0600, sha256, &bytes, err));
    status = depot_blob_place(d, sha256, to, err);
    if (status == TRUNDLE_OK)
        status = disk_place(temporary, to, err);
    if (status != TRUNDLE_OK) {
        (void)unlink(temporary);
        return status;
    }
    memcpy(out_sha256, sha256, sizeof sha256);
    *out_bytes = bytes;
    return TRUNDLE_OK;
}

enum trundle_status depot_blob_get(struct depot *d, const char *sha256, size_t limit, struct bytes *out, struct trundle_error *err)
{
    char path[DISK_PATH], got[DEPOT_SHA];
    struct bytes content = { 0 };

    TRY(depot_blob_path(d, sha256, path, err));
    TRY(file_read(path, limit, &content, err));
    if (strcmp(hash_sha256(content.data, content.n, got), sha256) != 0) {
        bytes_done(&content);
        return error_set(err, TRUNDLE_CORRUPT, path, "restore it from a backup; trundle hub fsck finds all such", "is not what its name says");
    }
    *out = content;
    return TRUNDLE_OK;
}

enum trundle_status depot_blob_open(struct depot *d, const char *sha256, int *out_fd, int64_t *out_bytes, struct trundle_error *err)
{
    char path[DISK_PATH];
    struct stat st;
    int fd;

    TRY(depot_blob_path(d, sha256, path, err));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return disk_error(err, path, "open");
    if (fstat(fd, &st) != 0) {
        (void)close(fd);
        return disk_error(err, path, "stat");
    }
    *out_fd = fd;
    *out_bytes = (int64_t)st.st_size;
    return TRUNDLE_OK;
}

enum trundle_status depot_blob_name(struct depot *d, struct db *db, const char *sha256, const char *owner, int64_t now_ns, struct trundle_error *err)
{
    char path[DISK_PATH];

    TRY(depot_blob_path(d, sha256, path, err));
    if (!disk_there(path, NULL))
        return error_set(err, TRUNDLE_NOT_FOUND, path, "put the blob first", "there is no such blob");
    TRY(db_do(db, err, "DELETE FROM depot_doomed WHERE sha256 = ? AND receipt IS NULL", "t", sha256));
    return db_do(db, err, "INSERT OR IGNORE INTO depot_blob(sha256, owner, since_ns) VALUES(?,?,?)", "tti", sha256, owner, now_ns);
}

enum trundle_status depot_blob_drop(struct depot *d, struct db *db, const char *sha256, const char *owner, int64_t now_ns, struct trundle_error *err)
{
    (void)d;
    (void)now_ns;
    TRY(db_do(db, err, "DELETE FROM depot_blob WHERE sha256 = ? AND owner = ?", "tt", sha256, owner));
    return depot_doom(db, sha256, NULL, err);
}

enum trundle_status depot_doom(struct db *db, const char *sha256, const char *receipt, struct trundle_error *err)
{
    return db_do(db, err, "INSERT INTO depot_doomed(sha256, receipt) VALUES(?,?) ON CONFLICT(sha256) DO UPDATE SET receipt = coalesce(excluded.receipt, receipt)", "tt",
                     sha256, receipt);
}
