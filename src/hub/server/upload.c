/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Large files that people bring: parts, in order, each as often as the line wants, into DIR/part. What stays half for a week goes by depot_sweep.
 *
 * A hidden file begins with 24 random bytes, the nonce of an XChaCha20 stream under a key that follows from the hub's sealing key; then come the bytes, each encrypted at its place.
 * It hides what is on its way; whoever takes the whole checks what it is.
 */
#include "base/std/disk.h"
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NONCE = crypto_stream_xchacha20_NONCEBYTES, BLOCK = 64 };

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;      /* two that send the same file would write over each other */

static void key_of(const struct server *s, uint8_t out[crypto_stream_xchacha20_KEYBYTES])
{
    static const char use[] = "trundle upload 1";
    const struct seal_key *seal = depot_seal_key(s->depot);

    (void)crypto_generichash(out, crypto_stream_xchacha20_KEYBYTES, (const uint8_t *)use, sizeof use - 1, seal->secret_key, sizeof seal->secret_key);
}

/* n bytes that stand at `at` of the stream, in place; `data` has room for up to BLOCK - 1 bytes before them. */
static void stream(const struct server *s, const uint8_t nonce[NONCE], int64_t at, uint8_t *data, size_t n)
{
    uint8_t key[crypto_stream_xchacha20_KEYBYTES], *from = data - at % BLOCK;

    key_of(s, key);
    (void)crypto_stream_xchacha20_xor_ic(from, from, n + (size_t)(at % BLOCK), nonce, (uint64_t)(at / BLOCK), key);
    sodium_memzero(key, sizeof key);
}

/* The nonce of a hidden file, made when it is empty. */
static bool nonce_of(int fd, int64_t size, uint8_t out[NONCE])
{
    if (size >= NONCE)
        return pread(fd, out, NONCE, 0) == NONCE;
    randombytes_buf(out, NONCE);
    return pwrite(fd, out, NONCE, 0) == NONCE;
}

static enum trundle_status hide(const struct server *s, int fd, int64_t size, int64_t at, const void *data, size_t n, uint8_t **out, struct trundle_error *err)
{
    uint8_t nonce[NONCE], *hidden;

    if (!nonce_of(fd, size, nonce))
        return error_set(err, TRUNDLE_IO, "upload", "make room on the disk", "%s", strerror(errno));
    hidden = calloc(1, n + BLOCK);
    if (!hidden)
        return error_set(err, TRUNDLE_NO_MEMORY, "upload", NULL, "no memory for %zu bytes", n);
    memcpy(hidden + BLOCK, data, n);
    stream(s, nonce, at, hidden + BLOCK, n);
    *out = hidden;
    return TRUNDLE_OK;
}

/* What is there of an upload, and the part behind it. */
static enum trundle_status add_part(const struct upload *u, int64_t offset, const void *data, size_t n, int64_t *out_have, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    const char *path = u->path;
    uint8_t *hidden = NULL;
    const uint8_t *rest;
    struct stat info;
    int64_t front = u->hidden ? NONCE : 0, have;
    size_t skip, done = 0;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || fstat(fd, &info) != 0) {
        status = error_set(err, TRUNDLE_IO, path, NULL, "%s", strerror(errno));
        goto out;
    }
    have = info.st_size > front ? info.st_size - front : 0;
    if (offset > have) {
        status = error_set(err, TRUNDLE_CONFLICT, "offset", "go on where the hub is", "%lld bytes are here", (long long)have);
        goto out;
    }
    skip = (uint64_t)(have - offset) < n ? (size_t)(have - offset) : n;
    if (u->hidden && skip < n)
        TRY_GOTO(status, hide(u->server, fd, info.st_size, have, (const uint8_t *)data + skip, n - skip, &hidden, err), out);
    rest = hidden ? hidden + BLOCK : (const uint8_t *)data + skip;
    while (skip + done < n) {
        ssize_t wrote = pwrite(fd, rest + done, n - skip - done, front + have + (off_t)done);

        if (wrote <= 0) {
            status = error_set(err, TRUNDLE_IO, path, "make room on the disk", "%s", strerror(errno));
            goto out;
        }
        done += (size_t)wrote;
    }
    *out_have = have + (int64_t)done;
    if (*out_have == u->size)
        status = disk_sync(fd, path, err);
out:
    free(hidden);
    if (fd >= 0)
        (void)close(fd);
    return status;
}

enum trundle_status upload_part(struct ask *ask, const char *name, bool hidden, int64_t most, struct upload *out, struct trundle_error *err)
{
    struct upload u = { .hidden = hidden, .server = ask->server };
    int64_t offset, size;
    enum trundle_status status;

    TRY(ask_number(http_query(ask->http, "offset"), "offset", 0, most, &offset, err));
    TRY(ask_number(http_query(ask->http, "size"), "size", 1, most, &size, err));
    if (offset + (int64_t)ask->http->body_n > size)
        return error_set(err, TRUNDLE_BAD_INPUT, "size", NULL, "the part goes beyond it");
    (void)snprintf(u.path, sizeof u.path, "%s/part/upload,%s", depot_folder(ask->server->depot), name);      /* a hash alone would be a clip that a cart sends */
    u.size = size;
    (void)pthread_mutex_lock(&one);
    status = add_part(&u, offset, ask->http->body_n ? (const void *)ask->http->body : "", ask->http->body_n, &u.have, err);
    if (status != TRUNDLE_OK) {
        (void)pthread_mutex_unlock(&one);
        return status;
    }
    u.whole = u.have >= size;
    *out = u;
    return TRUNDLE_OK;
}

enum trundle_status upload_read(void *user, void *to, size_t room, size_t *out_n, struct trundle_error *err)
{
    struct upload *u = user;
    int64_t front = u->hidden ? NONCE : 0;
    uint8_t nonce[NONCE], *piece = calloc(1, room + BLOCK);
    int fd = open(u->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = -1;

    if (piece && fd >= 0 && (!u->hidden || pread(fd, nonce, NONCE, 0) == NONCE))
        n = pread(fd, piece + BLOCK, room, front + u->at);
    if (n > 0) {
        if (u->hidden)
            stream(u->server, nonce, u->at, piece + BLOCK, (size_t)n);
        memcpy(to, piece + BLOCK, (size_t)n);
        u->at += n;
    }
    if (piece)
        sodium_memzero(piece, room + BLOCK);
    free(piece);
    if (fd >= 0)
        (void)close(fd);
    if (n < 0)
        return error_set(err, TRUNDLE_IO, u->path, NULL, "cannot be read: %s", strerror(errno));
    *out_n = (size_t)n;
    return TRUNDLE_OK;
}

void upload_end(struct upload *u, bool remove)
{
    if (remove)
        (void)unlink(u->path);
    (void)pthread_mutex_unlock(&one);
}
