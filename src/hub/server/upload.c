/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Large files that people bring: parts, in order, each as often as the line wants, into DIR/part. What stays half for a week goes by depot_sweep. */
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UPLOAD_BYTES (INT64_C(8) << 30)

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;      /* two that send the same file would write over each other */

/* What is there of an upload, and the part behind it. */
static enum trundle_status add_part(const char *path, int64_t offset, int64_t size, const void *data, size_t n, int64_t *out_have, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    struct stat info;
    size_t skip, done = 0;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || fstat(fd, &info) != 0) {
        status = error_set(err, TRUNDLE_IO, path, NULL, "%s", strerror(errno));
        goto out;
    }
    if (offset > info.st_size) {
        status = error_set(err, TRUNDLE_CONFLICT, "offset", "go on where the hub is", "%lld bytes are here", (long long)info.st_size);
        goto out;
    }
    skip = (uint64_t)(info.st_size - offset) < n ? (size_t)(info.st_size - offset) : n;
    while (skip + done < n) {
        ssize_t wrote = pwrite(fd, (const char *)data + skip + done, n - skip - done, info.st_size + (off_t)done);

        if (wrote <= 0) {
            status = error_set(err, TRUNDLE_IO, path, "make room on the disk", "%s", strerror(errno));
            goto out;
        }
        done += (size_t)wrote;
    }
    *out_have = info.st_size + (int64_t)done;
    if (*out_have == size && fsync(fd) != 0)
        status = error_set(err, TRUNDLE_IO, path, NULL, "%s", strerror(errno));
out:
    if (fd >= 0)
        (void)close(fd);
    return status;
}

enum trundle_status upload_part(struct ask *ask, const char *name, struct upload *out, struct trundle_error *err)
{
    struct upload u = { .have = 0 };
    int64_t offset, size;
    enum trundle_status status;

    TRY(ask_number(http_query(ask->http, "offset"), "offset", 0, UPLOAD_BYTES, &offset, err));
    TRY(ask_number(http_query(ask->http, "size"), "size", 1, UPLOAD_BYTES, &size, err));
    if (offset + (int64_t)ask->http->body_n > size)
        return error_set(err, TRUNDLE_BAD_INPUT, "size", NULL, "the part goes beyond it");
    (void)snprintf(u.path, sizeof u.path, "%s/part/upload,%s", depot_folder(ask->server->depot), name);      /* a hash alone would be a clip that a cart sends */
    (void)pthread_mutex_lock(&one);
    status = add_part(u.path, offset, size, ask->http->body_n ? (const void *)ask->http->body : "", ask->http->body_n, &u.have, err);
    if (status != TRUNDLE_OK) {
        (void)pthread_mutex_unlock(&one);
        return status;
    }
    u.whole = u.have >= size;
    *out = u;
    return TRUNDLE_OK;
}

void upload_end(struct upload *u, bool remove)
{
    if (remove)
        (void)unlink(u->path);
    (void)pthread_mutex_unlock(&one);
}
