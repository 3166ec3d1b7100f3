/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The byte buffer, and whole files. */
#include "base/std/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum trundle_status bytes_reserve(struct bytes *b, size_t more)
{
    size_t want, capacity;
    uint8_t *data;

    if (more <= b->capacity - b->n)
        return TRUNDLE_OK;
    if (more > SIZE_MAX / 2 - b->n)
        return TRUNDLE_NO_MEMORY;
    want = b->n + more;
    capacity = b->capacity ? b->capacity : 64;
    while (capacity < want)
        capacity *= 2;
    data = realloc(b->data, capacity);
    if (!data)
        return TRUNDLE_NO_MEMORY;
    b->data = data;
    b->capacity = capacity;
    return TRUNDLE_OK;
}

enum trundle_status bytes_append(struct bytes *b, const void *data, size_t n)
{
    TRY(bytes_reserve(b, n));
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
    return TRUNDLE_OK;
}

enum trundle_status bytes_print(struct bytes *b, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return TRUNDLE_BAD_ARG;
    TRY(bytes_reserve(b, (size_t)n + 1));
    va_start(args, format);
    (void)vsnprintf((char *)b->data + b->n, (size_t)n + 1, format, args);
    va_end(args);
    b->n += (size_t)n;
    return TRUNDLE_OK;
}

void bytes_done(struct bytes *b)
{
    if (!b)
        return;
    free(b->data);
    *b = (struct bytes){ 0 };
}

enum trundle_status file_read(const char *path, size_t limit, struct bytes *out, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    struct bytes b = { 0 };
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return disk_error(err, path, "open");
    if (fstat(fd, &st) != 0) {
        status = disk_error(err, path, "stat");
        goto out;
    }
    if (S_ISDIR(st.st_mode)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "name a file", "is a folder");
        goto out;
    }
    for (;;) {
        ssize_t got;

        if (b.n > limit) {
            status = error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "over %zu bytes", limit);
            goto out;
        }
        if (bytes_reserve(&b, 65536) != TRUNDLE_OK) {
            status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for its content");
            goto out;
        }
        got = read(fd, b.data + b.n, b.capacity - b.n - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            status = disk_error(err, path, "read");
            goto out;
        }
        if (got == 0)
            break;
        b.n += (size_t)got;
    }
    b.data[b.n] = '\0';
    *out = b;
    b = (struct bytes){ 0 };
out:
    bytes_done(&b);
    (void)close(fd);
    return status;
}

/* A synced file of a name of its own beside `path`, or none. */
static enum trundle_status write_beside(const char *path, mode_t mode, const void *data, size_t n, char temporary[DISK_PATH], struct trundle_error *err)
{
    enum trundle_status status;

    TRY(disk_path(temporary, DISK_PATH, err, "%s.%ld.tmp", path, (long)getpid()));
    (void)unlink(temporary);               /* left by a killed process that had our number */
    status = disk_file(temporary, mode, data, n, err);
    if (status != TRUNDLE_OK && err)
        (void)snprintf(err->where, sizeof err->where, "%s", path);
    return status;
}

enum trundle_status file_write(const char *path, const void *data, size_t n, struct trundle_error *err)
{
    char temporary[DISK_PATH];
    enum trundle_status status;

    TRY(write_beside(path, 0644, data, n, temporary, err));
    if (rename(temporary, path) != 0) {
        status = disk_error(err, path, "rename into place");
        (void)unlink(temporary);
        return status;
    }
    (void)!disk_parent_sync(path, NULL);
    return TRUNDLE_OK;
}

enum trundle_status file_write_secret(const char *path, const void *data, size_t n, struct trundle_error *err)
{
    char temporary[DISK_PATH];
    enum trundle_status status = TRUNDLE_OK;

    TRY(write_beside(path, 0600, data, n, temporary, err));
    if (link(temporary, path) != 0)        /* unlike rename, never over what is there */
        status = errno == EEXIST ? error_set(err, TRUNDLE_CONFLICT, path, "name another file, or move that one away", "is there; secrets are never written over") : disk_error(err, path, "put in place");
    (void)unlink(temporary);
    return status == TRUNDLE_OK ? disk_parent_sync(path, err) : status;
}

enum trundle_status folder_make(const char *path, struct trundle_error *err)
{
    char part[4096];
    size_t n = strlen(path);

    if (n == 0 || n >= sizeof part)
        return error_set(err, TRUNDLE_BAD_ARG, path, NULL, "not a usable folder name");
    for (size_t i = 1; i <= n; i++) {
        struct stat st;

        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return disk_error(err, part, "make folder");
        if (stat(part, &st) != 0 || !S_ISDIR(st.st_mode))
            return error_set(err, TRUNDLE_IO, part, NULL, "is there and is no folder");
    }
    return TRUNDLE_OK;
}
