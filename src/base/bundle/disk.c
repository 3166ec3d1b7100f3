/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Steps on the disk, each of which can be made to fail (disk.h). */
#include "base/bundle/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, DEPTH_MAX = 16 };

static enum trundle_status fail(struct trundle_error *err, const char *path, const char *doing)
{
    int number = errno;

    return error_set(err, number == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, number == ENOSPC ? "make room on the disk" : NULL, "cannot %s: %s", doing,
                     strerror(number));
}

/* False with errno set: the step must not be done. */
static bool may(const struct disk *disk, enum disk_step step, const char *path, const char *other)
{
    int number = disk && disk->before ? disk->before(disk->user, step, path, other) : 0;

    if (number)
        errno = number;
    return number == 0;
}

enum trundle_status disk_folder(const struct disk *disk, const char *path, struct trundle_error *err)
{
    struct stat st;

    if (lstat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? TRUNDLE_OK : error_set(err, TRUNDLE_IO, path, "move it away", "is there and is no folder");
    if (!may(disk, DISK_MAKE_FOLDER, path, NULL) || mkdir(path, 0755) != 0)
        return fail(err, path, "make the folder");
    return TRUNDLE_OK;
}

enum trundle_status disk_create(const struct disk *disk, const char *path, int *out_fd, struct trundle_error *err)
{
    int fd;

    if (!may(disk, DISK_CREATE, path, NULL))
        return fail(err, path, "create");
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(err, path, "create");
    *out_fd = fd;
    return TRUNDLE_OK;
}

enum trundle_status disk_write(const struct disk *disk, int fd, const char *path, const void *data, size_t n, struct trundle_error *err)
{
    const uint8_t *at = data;

    if (!may(disk, DISK_WRITE, path, NULL))
        return fail(err, path, "write");
    while (n) {
        ssize_t put = write(fd, at, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail(err, path, "write");
        at += put;
        n -= (size_t)put;
    }
    return TRUNDLE_OK;
}

enum trundle_status disk_close(const struct disk *disk, int fd, const char *path, struct trundle_error *err)
{
    if (!may(disk, DISK_SYNC, path, NULL) || (!(disk && disk->no_sync) && fsync(fd) != 0)) {
        enum trundle_status status = fail(err, path, "sync");

        (void)close(fd);
        return status;
    }
    return close(fd) == 0 ? TRUNDLE_OK : fail(err, path, "close");
}

enum trundle_status disk_sync_folder(const struct disk *disk, const char *path, struct trundle_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum trundle_status status = TRUNDLE_OK;

    if (fd < 0)
        return fail(err, path, "open the folder");
    if (!may(disk, DISK_SYNC_FOLDER, path, NULL) || (!(disk && disk->no_sync) && fsync(fd) != 0))
        status = fail(err, path, "sync the folder");
    (void)close(fd);
    return status;
}

static enum trundle_status sync_tree(const struct disk *disk, const char *path, int depth, struct trundle_error *err)
{
    char inside[PATH_ROOM];
    DIR *folder = opendir(path);
    enum trundle_status status = TRUNDLE_OK;
    struct dirent *entry;
    struct stat st;

    if (!folder)
        return fail(err, path, "open the folder");
    while (status == TRUNDLE_OK && depth < DEPTH_MAX && (entry = readdir(folder))) {
        int n = snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || n < 0 || (size_t)n >= sizeof inside)
            continue;
        if (lstat(inside, &st) == 0 && S_ISDIR(st.st_mode))
            status = sync_tree(disk, inside, depth + 1, err);
    }
    (void)closedir(folder);
    return status == TRUNDLE_OK ? disk_sync_folder(disk, path, err) : status;
}

enum trundle_status disk_sync_tree(const struct disk *disk, const char *path, struct trundle_error *err)
{
    return sync_tree(disk, path, 0, err);
}

enum trundle_status disk_rename(const struct disk *disk, const char *from, const char *to, struct trundle_error *err)
{
    if (!may(disk, DISK_RENAME, from, to) || rename(from, to) != 0)
        return fail(err, to, "rename into place");
    return TRUNDLE_OK;
}

static enum trundle_status remove_one(const struct disk *disk, const char *path, bool folder, struct trundle_error *err)
{
    if (!may(disk, DISK_REMOVE, path, NULL) || (folder ? rmdir(path) : unlink(path)) != 0)
        return fail(err, path, "remove");
    return TRUNDLE_OK;
}

/* A name inside a folder that is not "." or ".."; false at its end. The folder is opened anew each time, since it shrinks. */
static bool first_inside(const char *path, char *out, size_t size, enum trundle_status *status, struct trundle_error *err)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool found = false;
    int n;

    *status = TRUNDLE_OK;
    if (!folder) {
        *status = fail(err, path, "open the folder");
        return false;
    }
    while (!found && (entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        n = snprintf(out, size, "%s/%s", path, entry->d_name);
        if (n < 0 || (size_t)n >= size)
            *status = error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "a path inside is too long");
        found = *status == TRUNDLE_OK;
        if (!found)
            break;
    }
    (void)closedir(folder);
    return found;
}

static enum trundle_status remove_tree(const struct disk *disk, const char *path, int depth, struct trundle_error *err)
{
    char inside[PATH_ROOM];
    enum trundle_status status;
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? TRUNDLE_OK : fail(err, path, "look at");
    if (!S_ISDIR(st.st_mode))
        return remove_one(disk, path, false, err);
    if (depth >= DEPTH_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, path, "remove it by hand", "folders are nested over %d deep", DEPTH_MAX);
    while (first_inside(path, inside, sizeof inside, &status, err))
        TRY(remove_tree(disk, inside, depth + 1, err));
    TRY(status);
    return remove_one(disk, path, true, err);
}

enum trundle_status disk_remove(const struct disk *disk, const char *path, struct trundle_error *err)
{
    return remove_tree(disk, path, 0, err);
}

enum trundle_status disk_file(const struct disk *disk, const char *path, const void *data, size_t n, struct trundle_error *err)
{
    enum trundle_status status;
    int fd;

    TRY(disk_create(disk, path, &fd, err));
    status = disk_write(disk, fd, path, data, n, err);
    if (status != TRUNDLE_OK) {
        (void)close(fd);
        return status;
    }
    return disk_close(disk, fd, path, err);
}

enum trundle_status disk_replace(const struct disk *disk, const char *folder, const char *name, const void *data, size_t n, struct trundle_error *err)
{
    char path[PATH_ROOM], temporary[PATH_ROOM];
    int a = snprintf(path, sizeof path, "%s/%s", folder, name), b = snprintf(temporary, sizeof temporary, "%s/%s.new", folder, name);

    if (a < 0 || (size_t)a >= sizeof path || b < 0 || (size_t)b >= sizeof temporary)
        return error_set(err, TRUNDLE_TOO_LARGE, folder, NULL, "the path is too long");
    TRY(disk_remove(disk, temporary, err));         /* left by a power cut */
    TRY(disk_file(disk, temporary, data, n, err));
    TRY(disk_rename(disk, temporary, path, err));
    return disk_sync_folder(disk, folder, err);
}
