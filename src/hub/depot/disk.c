/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Files that are whole and synced, or not there. */
#include "hub/depot/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdarg.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum trundle_status depot_disk_error(struct trundle_error *err, const char *path, const char *doing)
{
    int e = errno;

    return error_set(err, e == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, e == ENOSPC ? "make room on the disk" : NULL, "cannot %s: %s", doing, strerror(e));
}

enum trundle_status depot_disk_path(char *out, size_t size, struct trundle_error *err, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(out, size, format, args);
    va_end(args);
    return n < 0 || (size_t)n >= size ? error_set(err, TRUNDLE_TOO_LARGE, out, NULL, "path is too long") : TRUNDLE_OK;
}

enum trundle_status depot_disk_write(int fd, const void *data, size_t n, const char *path, struct trundle_error *err)
{
    const uint8_t *from = data;

    while (n) {
        ssize_t put = write(fd, from, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return depot_disk_error(err, path, "write");
        from += put;
        n -= (size_t)put;
    }
    return TRUNDLE_OK;
}

enum trundle_status depot_disk_sync(int fd, const char *path, struct trundle_error *err)
{
    return fsync(fd) == 0 ? TRUNDLE_OK : depot_disk_error(err, path, "sync");
}

enum trundle_status depot_disk_folder_sync(const char *folder, struct trundle_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum trundle_status status;

    if (fd < 0)
        return depot_disk_error(err, folder, "open");
    status = depot_disk_sync(fd, folder, err);
    (void)close(fd);
    return status;
}

enum trundle_status depot_disk_parent_sync(const char *path, struct trundle_error *err)
{
    char folder[DISK_PATH];
    const char *slash;
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    for (slash = path + n; slash > path && slash[-1] != '/'; slash--)
        ;
    TRY(depot_disk_path(folder, sizeof folder, err, "%.*s", slash > path ? (int)(slash - path) : 1, slash > path ? path : "."));
    return depot_disk_folder_sync(folder, err);
}

enum trundle_status depot_disk_folder(const char *path, mode_t mode, struct trundle_error *err)
{
    if (mkdir(path, mode) != 0)
        return errno == EEXIST ? TRUNDLE_OK : depot_disk_error(err, path, "make folder");
    return depot_disk_parent_sync(path, err);
}

enum trundle_status depot_disk_place(const char *from, const char *to, struct trundle_error *err)
{
    if (rename(from, to) != 0)
        return depot_disk_error(err, to, "rename into place");
    return depot_disk_parent_sync(to, err);
}

enum trundle_status depot_disk_put(const char *path, const char *temporary, mode_t mode, const void *data, size_t n, struct trundle_error *err)
{
    enum trundle_status status;
    int fd;

    (void)unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return depot_disk_error(err, temporary, "create");
    status = depot_disk_write(fd, data, n, temporary, err);
    if (status == TRUNDLE_OK)
        status = depot_disk_sync(fd, temporary, err);
    if (close(fd) != 0 && status == TRUNDLE_OK)
        status = depot_disk_error(err, temporary, "close");
    if (status == TRUNDLE_OK)
        status = depot_disk_place(temporary, path, err);
    if (status != TRUNDLE_OK)
        (void)unlink(temporary);
    return status;
}

enum trundle_status depot_disk_remove(const char *path, struct trundle_error *err)
{
    if (unlink(path) != 0)
        return errno == ENOENT ? TRUNDLE_OK : depot_disk_error(err, path, "remove");
    return depot_disk_parent_sync(path, err);
}

bool depot_disk_there(const char *path, int64_t *out_bytes)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    if (out_bytes)
        *out_bytes = (int64_t)st.st_size;
    return true;
}

/* Reads all of `fd`, hashes it and, when `to` >= 0, writes it there. The hash is GnuTLS's: it uses the processor's instructions for it, libsodium's does not, and this is
 * what a large file waits for. */
static enum trundle_status pour(int fd, const char *path, int to, const char *to_path, char out[HASH_SHA256_TEXT], int64_t *out_bytes, struct trundle_error *err)
{
    uint8_t digest[crypto_hash_sha256_BYTES], piece[65536];
    enum trundle_status status = TRUNDLE_OK;
    gnutls_hash_hd_t hash = NULL;
    int64_t bytes = 0;
    ssize_t got;

    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to hash it");
    while (status == TRUNDLE_OK && (got = read(fd, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            status = depot_disk_error(err, path, "read");
            break;
        }
        if (gnutls_hash(hash, piece, (size_t)got) < 0)
            status = error_set(err, TRUNDLE_IO, path, NULL, "cannot be hashed");
        bytes += got;
        if (status == TRUNDLE_OK && to >= 0)
            status = depot_disk_write(to, piece, (size_t)got, to_path, err);
    }
    gnutls_hash_deinit(hash, digest);
    if (status != TRUNDLE_OK)
        return status;
    (void)sodium_bin2hex(out, HASH_SHA256_TEXT, digest, sizeof digest);
    if (out_bytes)
        *out_bytes = bytes;
    return TRUNDLE_OK;
}

enum trundle_status depot_disk_hash(const char *path, char out[HASH_SHA256_TEXT], int64_t *out_bytes, struct trundle_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum trundle_status status;

    if (fd < 0)
        return depot_disk_error(err, path, "open");
    status = pour(fd, path, -1, NULL, out, out_bytes, err);
    (void)close(fd);
    return status;
}

enum trundle_status depot_disk_copy(const char *from, const char *to, mode_t mode, char out[HASH_SHA256_TEXT], int64_t *out_bytes, struct trundle_error *err)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC), to_fd;
    enum trundle_status status;

    if (fd < 0)
        return depot_disk_error(err, from, "open");
    to_fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (to_fd < 0) {
        status = depot_disk_error(err, to, "create");
        (void)close(fd);
        return status == TRUNDLE_NOT_FOUND ? TRUNDLE_IO : status;      /* NOT_FOUND is for `from` */
    }
    status = pour(fd, from, to_fd, to, out, out_bytes, err);
    if (status == TRUNDLE_OK)
        status = depot_disk_sync(to_fd, to, err);
    if (close(to_fd) != 0 && status == TRUNDLE_OK)
        status = depot_disk_error(err, to, "close");
    if (status != TRUNDLE_OK)
        (void)unlink(to);
    (void)close(fd);
    return status;
}

enum trundle_status depot_disk_list(const char *folder, depot_disk_entry *each, void *user, struct trundle_error *err)
{
    DIR *dir = opendir(folder);
    enum trundle_status status = TRUNDLE_OK;
    struct dirent *entry;

    if (!dir)
        return errno == ENOENT ? TRUNDLE_OK : depot_disk_error(err, folder, "open");
    while (status == TRUNDLE_OK && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = each(user, folder, entry->d_name, err);
    (void)closedir(dir);
    return status;
}

static enum trundle_status entry_remove(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    char path[DISK_PATH];
    struct stat st;

    (void)user;
    TRY(depot_disk_path(path, sizeof path, err, "%s/%s", folder, name));
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        depot_disk_tree_remove(path);
    else
        (void)unlink(path);
    return TRUNDLE_OK;
}

void depot_disk_tree_remove(const char *folder)
{
    struct trundle_error err;

    (void)!depot_disk_list(folder, entry_remove, NULL, &err);
    (void)rmdir(folder);
}
