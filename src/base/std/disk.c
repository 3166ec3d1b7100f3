/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Files and folders that are whole and synced, or as they were (disk.h). */
#include "base/std/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 32 };

enum trundle_status disk_error(struct trundle_error *err, const char *path, const char *doing)
{
    int e = errno;

    return error_set(err, e == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, e == ENOSPC ? "make room on the disk" : NULL, "cannot %s: %s", doing, strerror(e));
}

enum trundle_status disk_path(char *out, size_t size, struct trundle_error *err, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(out, size, format, args);
    va_end(args);
    return n < 0 || (size_t)n >= size ? error_set(err, TRUNDLE_TOO_LARGE, out, NULL, "path is too long") : TRUNDLE_OK;
}

enum trundle_status disk_write(int fd, const void *data, size_t n, const char *path, struct trundle_error *err)
{
    const uint8_t *from = data;

    while (n) {
        ssize_t put = write(fd, from, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return disk_error(err, path, "write");
        from += put;
        n -= (size_t)put;
    }
    return TRUNDLE_OK;
}

enum trundle_status disk_sync(int fd, const char *path, struct trundle_error *err)
{
    return fsync(fd) == 0 ? TRUNDLE_OK : disk_error(err, path, "sync");
}

enum trundle_status disk_close(int fd, const char *path, struct trundle_error *err)
{
    enum trundle_status status = disk_sync(fd, path, err);

    return close(fd) != 0 && status == TRUNDLE_OK ? disk_error(err, path, "close") : status;
}

enum trundle_status disk_create(const char *path, mode_t mode, int *out_fd, struct trundle_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return disk_error(err, path, "create");
    *out_fd = fd;
    return TRUNDLE_OK;
}

enum trundle_status disk_file(const char *path, mode_t mode, const void *data, size_t n, struct trundle_error *err)
{
    enum trundle_status status;
    int fd = -1;

    TRY(disk_create(path, mode, &fd, err));
    status = disk_write(fd, data, n, path, err);
    if (status == TRUNDLE_OK)
        status = disk_close(fd, path, err);
    else
        (void)close(fd);
    if (status != TRUNDLE_OK)
        (void)unlink(path);
    return status;
}

enum trundle_status disk_place(const char *from, const char *to, struct trundle_error *err)
{
    if (rename(from, to) != 0)
        return disk_error(err, to, "rename into place");
    return disk_parent_sync(to, err);
}

enum trundle_status disk_put(const char *path, const char *temporary, mode_t mode, const void *data, size_t n, struct trundle_error *err)
{
    enum trundle_status status;

    (void)unlink(temporary);
    TRY(disk_file(temporary, mode, data, n, err));
    status = disk_place(temporary, path, err);
    if (status != TRUNDLE_OK)
        (void)unlink(temporary);
    return status;
}

enum trundle_status disk_remove(const char *path, struct trundle_error *err)
{
    if (unlink(path) != 0)
        return errno == ENOENT ? TRUNDLE_OK : disk_error(err, path, "remove");
    return disk_parent_sync(path, err);
}

bool disk_there(const char *path, int64_t *out_bytes)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    if (out_bytes)
        *out_bytes = (int64_t)st.st_size;
    return true;
}

enum trundle_status disk_file_sync(const char *path, struct trundle_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 ? disk_close(fd, path, err) : disk_error(err, path, "open");
}

enum trundle_status disk_folder_sync(const char *folder, struct trundle_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 ? disk_close(fd, folder, err) : disk_error(err, folder, "open");
}

enum trundle_status disk_parent_sync(const char *path, struct trundle_error *err)
{
    char folder[DISK_PATH];
    const char *slash;
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    for (slash = path + n; slash > path && slash[-1] != '/'; slash--)
        ;
    TRY(disk_path(folder, sizeof folder, err, "%.*s", slash > path ? (int)(slash - path) : 1, slash > path ? path : "."));
    return disk_folder_sync(folder, err);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum trundle_status disk_folder(const char *path, mode_t mode, struct trundle_error *err)
{
    struct stat st;

    if (mkdir(path, mode) == 0)
        return disk_parent_sync(path, err);
    if (errno != EEXIST)
        return disk_error(err, path, "make folder");
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? TRUNDLE_OK : error_set(err, TRUNDLE_IO, path, "move it away", "is there and is no folder");
}

enum trundle_status disk_list(const char *folder, disk_entry *each, void *user, struct trundle_error *err)
{
    DIR *dir = opendir(folder);
    enum trundle_status status = TRUNDLE_OK;
    struct dirent *entry;

    if (!dir)
        return errno == ENOENT ? TRUNDLE_OK : disk_error(err, folder, "open");
    while (status == TRUNDLE_OK && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = each(user, folder, entry->d_name, err);
    (void)closedir(dir);
    return status;
}

static enum trundle_status entry_sync(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    char path[DISK_PATH];

    (void)user;
    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, name));
    return is_folder(path) ? disk_tree_sync(path, err) : TRUNDLE_OK;
}

enum trundle_status disk_tree_sync(const char *folder, struct trundle_error *err)
{
    TRY(disk_list(folder, entry_sync, NULL, err));
    return disk_folder_sync(folder, err);
}

static enum trundle_status tree_remove(const char *path, int depth, struct trundle_error *err);

static enum trundle_status entry_remove(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    const int *depth = user;
    char path[DISK_PATH];

    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, name));
    return tree_remove(path, *depth + 1, err);
}

static enum trundle_status tree_remove(const char *path, int depth, struct trundle_error *err)
{
    const bool folder = is_folder(path);

    if (depth > DEPTH_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, path, "remove it by hand", "folders are nested over %d deep", DEPTH_MAX);
    if (folder)
        TRY(disk_list(path, entry_remove, &depth, err));
    return (folder ? rmdir(path) : unlink(path)) == 0 || errno == ENOENT ? TRUNDLE_OK : disk_error(err, path, "remove");
}

enum trundle_status disk_tree_remove(const char *path, struct trundle_error *err)
{
    return tree_remove(path, 0, err);
}
