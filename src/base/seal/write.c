/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Sealing: to a file that is there whole or not at all, or to memory. */
#include "base/seal/inside.h"
#include "base/std/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct seal_writer {
    crypto_secretstream_xchacha20poly1305_state stream;
    struct bytes   front;            /* all before the first chunk: its additional data */
    bool           first, failed, finished;
    uint8_t        plain[SEAL_CHUNK];
    size_t         plain_n;
    uint8_t        sealed[SEAL_SEALED_CHUNK];
    struct bytes  *to;               /* borrowed; NULL: a file */
    size_t         to_before;
    int            fd;
    char           path[4096], temporary[4128];
};

static enum trundle_status out_put(struct seal_writer *w, const uint8_t *data, size_t n, struct trundle_error *err)
{
    if (w->to) {
        if (bytes_append(w->to, data, n) != TRUNDLE_OK)
            return error_set(err, TRUNDLE_NO_MEMORY, "sealing", NULL, "no memory for %zu bytes more", n);
        return TRUNDLE_OK;
    }
    return disk_write(w->fd, data, n, w->path, err);
}

static enum trundle_status front_make(struct seal_writer *w, const uint8_t public_key[SEAL_PUBLIC], const struct seal_header *header, struct trundle_error *err)
{
    uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES], tail[SEAL_TAIL_N];
    static const uint8_t no_length[4];
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    size_t n;

    if (bytes_append(&w->front, SEAL_MAGIC, SEAL_MAGIC_N) != TRUNDLE_OK || bytes_append(&w->front, no_length, sizeof no_length) != TRUNDLE_OK)
        goto out;
    TRY(seal_header_print(header, &w->front, err));
    n = w->front.n - SEAL_MAGIC_N - 4;
    for (int i = 0; i < 4; i++)
        w->front.data[SEAL_MAGIC_N + i] = (uint8_t)(n >> (8 * i));
    crypto_secretstream_xchacha20poly1305_keygen(key);
    if (crypto_box_seal(tail, key, sizeof key, public_key) != 0) {
        sodium_memzero(key, sizeof key);
        return error_set(err, TRUNDLE_BAD_ARG, "sealing", "ask the hub for its key", "the public key is none");
    }
    (void)crypto_secretstream_xchacha20poly1305_init_push(&w->stream, tail + SEAL_KEY_N, key);
    sodium_memzero(key, sizeof key);
    status = bytes_append(&w->front, tail, sizeof tail);
out:
    return status == TRUNDLE_OK ? TRUNDLE_OK : error_set(err, status, "sealing", NULL, "no memory for the header");
}

static enum trundle_status begin(const uint8_t public_key[SEAL_PUBLIC], const struct seal_header *header, struct seal_writer **out, struct trundle_error *err)
{
    struct seal_writer *w;
    enum trundle_status status;

    TRY(seal_init(err));
    w = calloc(1, sizeof *w);
    if (!w)
        return error_set(err, TRUNDLE_NO_MEMORY, "sealing", NULL, "no memory for a writer");
    w->fd = -1;
    w->first = true;
    status = front_make(w, public_key, header, err);
    if (status != TRUNDLE_OK) {
        seal_write_free(w);
        return status;
    }
    *out = w;
    return TRUNDLE_OK;
}

enum trundle_status seal_write_memory(const uint8_t public_key[SEAL_PUBLIC], const struct seal_header *header, struct bytes *to, struct seal_writer **out,
                                      struct trundle_error *err)
{
    struct seal_writer *w = NULL;
    enum trundle_status status;

    TRY(begin(public_key, header, &w, err));
    w->to = to;
    w->to_before = to->n;
    status = out_put(w, w->front.data, w->front.n, err);
    if (status != TRUNDLE_OK) {
        seal_write_free(w);
        return status;
    }
    *out = w;
    return TRUNDLE_OK;
}

enum trundle_status seal_write_file(const uint8_t public_key[SEAL_PUBLIC], const struct seal_header *header, const char *path, struct seal_writer **out,
                                    struct trundle_error *err)
{
    struct seal_writer *w = NULL;
    enum trundle_status status;

    if (strlen(path) >= sizeof w->path)
        return error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "path is too long");
    TRY(begin(public_key, header, &w, err));
    (void)snprintf(w->path, sizeof w->path, "%s", path);
    (void)snprintf(w->temporary, sizeof w->temporary, "%s.%ld.tmp", path, (long)getpid());
    (void)unlink(w->temporary);            /* left by a killed process that had our number */
    if (disk_create(w->temporary, 0600, &w->fd, NULL) != TRUNDLE_OK) {
        status = error_set(err, TRUNDLE_IO, path, "check the folder and its permissions", "cannot create: %s", strerror(errno));
        goto out;
    }
    TRY_GOTO(status, out_put(w, w->front.data, w->front.n, err), out);
    *out = w;
    w = NULL;
out:
    seal_write_free(w);
    return status;
}

static enum trundle_status chunk_put(struct seal_writer *w, uint8_t tag, struct trundle_error *err)
{
    unsigned long long n = 0;
    enum trundle_status status;

    (void)crypto_secretstream_xchacha20poly1305_push(&w->stream, w->sealed, &n, w->plain, w->plain_n, w->first ? w->front.data : NULL,
                                                     w->first ? w->front.n : 0, tag);
    w->first = false;
    w->plain_n = 0;
    status = out_put(w, w->sealed, (size_t)n, err);
    w->failed = status != TRUNDLE_OK;
    return status;
}

static enum trundle_status usable(const struct seal_writer *w, struct trundle_error *err)
{
    return w->failed || w->finished ? error_set(err, TRUNDLE_BAD_ARG, "sealing", NULL, "the writer %s", w->failed ? "failed before" : "is finished") : TRUNDLE_OK;
}

enum trundle_status seal_write_add(struct seal_writer *w, const void *data, size_t n, struct trundle_error *err)
{
    const uint8_t *from = data;

    TRY(usable(w, err));
    while (n) {
        size_t part = SEAL_CHUNK - w->plain_n < n ? SEAL_CHUNK - w->plain_n : n;

        if (w->plain_n == SEAL_CHUNK) {                /* kept back until it is known that it is not the last */
            TRY(chunk_put(w, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, err));
            continue;
        }
        memcpy(w->plain + w->plain_n, from, part);
        w->plain_n += part;
        from += part;
        n -= part;
    }
    return TRUNDLE_OK;
}

enum trundle_status seal_write_finish(struct seal_writer *w, struct trundle_error *err)
{
    enum trundle_status status;

    TRY(usable(w, err));
    TRY(chunk_put(w, crypto_secretstream_xchacha20poly1305_TAG_FINAL, err));
    w->failed = true;                                  /* until all of it is done */
    if (!w->to) {
        int fd = w->fd;

        w->fd = -1;
        TRY(disk_close(fd, w->path, err));
        if (rename(w->temporary, w->path) != 0)
            return disk_error(err, w->path, "rename into place");
        w->temporary[0] = '\0';
        status = disk_parent_sync(w->path, err);
        if (status != TRUNDLE_OK) {
            (void)unlink(w->path);
            return status;
        }
    }
    w->failed = false;
    w->finished = true;
    return TRUNDLE_OK;
}

void seal_write_free(struct seal_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        (void)close(w->fd);
    if (!w->finished && w->temporary[0])
        (void)unlink(w->temporary);
    if (!w->finished && w->to)
        w->to->n = w->to_before;
    bytes_done(&w->front);
    sodium_memzero(w, sizeof *w);
    free(w);
}
