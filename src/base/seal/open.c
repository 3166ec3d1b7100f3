/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Opening: all of a sealed file is proven first, then given piece by piece, each proven again. */
#include "base/seal/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LIMIT (INT64_C(1) << 40)

struct seal_reader {
    crypto_secretstream_xchacha20poly1305_state stream;
    const uint8_t     *memory;       /* borrowed; NULL: a file */
    int                fd;
    int64_t            size, at;     /* of the sealed file */
    char               where[200];
    uint8_t            front[SEAL_FRONT_MAX];
    size_t             front_n, header_n;
    uint8_t            file_key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    struct seal_header header;
    char              *extra;        /* owned */
    bool               first, ended;
    int64_t            content;
    uint8_t            sealed[SEAL_SEALED_CHUNK], plain[SEAL_CHUNK];
};

static enum trundle_status get(struct seal_reader *r, void *out, size_t n, struct trundle_error *err)
{
    uint8_t *to = out;

    if ((int64_t)n > r->size - r->at)
        return error_set(err, TRUNDLE_TRUNCATED, r->where, "fetch it again", "ends at byte %lld, in the middle of the front", (long long)r->size);
    if (r->memory) {
        memcpy(to, r->memory + r->at, n);
        r->at += (int64_t)n;
        return TRUNDLE_OK;
    }
    while (n) {
        ssize_t got = pread(r->fd, to, n, (off_t)r->at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, TRUNDLE_IO, r->where, NULL, "cannot read: %s", strerror(errno));
        if (got == 0)
            return error_set(err, TRUNDLE_TRUNCATED, r->where, NULL, "became shorter while it was read");
        to += got;
        n -= (size_t)got;
        r->at += got;
    }
    return TRUNDLE_OK;
}

static enum trundle_status front_read(struct seal_reader *r, struct trundle_error *err)
{
    char where[240];

    TRY(get(r, r->front, SEAL_MAGIC_N + 4, err));
    if (memcmp(r->front, SEAL_MAGIC, 6) != 0)
        return error_set(err, TRUNDLE_CORRUPT, r->where, NULL, "is no sealed file");
    if (memcmp(r->front, SEAL_MAGIC, SEAL_MAGIC_N) != 0)
        return error_set(err, TRUNDLE_UNSUPPORTED, r->where, "open it with a newer program", "is a sealed file of another version");
    for (int i = 0; i < 4; i++)
        r->header_n |= (size_t)r->front[SEAL_MAGIC_N + i] << (8 * i);
    if (r->header_n < 2 || r->header_n > SEAL_HEADER_MAX)
        return error_set(err, TRUNDLE_CORRUPT, r->where, NULL, "a header of %zu bytes, allowed are 2 to %d", r->header_n, SEAL_HEADER_MAX);
    r->front_n = SEAL_MAGIC_N + 4 + r->header_n + SEAL_TAIL_N;
    TRY(get(r, r->front + SEAL_MAGIC_N + 4, r->header_n + SEAL_TAIL_N, err));
    (void)snprintf(where, sizeof where, "%s, header", r->where);
    return seal_header_parse(r->front + SEAL_MAGIC_N + 4, r->header_n, where, &r->header, &r->extra, err);
}

static enum trundle_status key_open(struct seal_reader *r, const struct seal_key *key, struct trundle_error *err)
{
    const uint8_t *sealed = r->front + SEAL_MAGIC_N + 4 + r->header_n;

    if (crypto_box_seal_open(r->file_key, sealed, SEAL_KEY_N, key->public_key, key->secret_key) != 0)
        return error_set(err, TRUNDLE_CORRUPT, r->where, "was it sealed for this hub?", "is not sealed to this key, or its front is damaged");
    return TRUNDLE_OK;
}

static enum trundle_status rewind_to_first(struct seal_reader *r, struct trundle_error *err)
{
    r->at = (int64_t)r->front_n;
    r->first = true;
    r->ended = false;
    if (crypto_secretstream_xchacha20poly1305_init_pull(&r->stream, r->front + r->front_n - SEAL_STREAM_N, r->file_key) != 0)
        return error_set(err, TRUNDLE_CORRUPT, r->where, NULL, "the head of its stream is damaged");
    return TRUNDLE_OK;
}

static enum trundle_status chunk_open(struct seal_reader *r, size_t *out_n, struct trundle_error *err)
{
    int64_t left = r->size - r->at, at = r->at;
    size_t n = left > SEAL_SEALED_CHUNK ? SEAL_SEALED_CHUNK : (size_t)left;
    unsigned long long plain_n = 0;
    unsigned char tag = 0;

    if (r->ended)
        return TRUNDLE_END;
    if (n < SEAL_EXTRA_N)
        return error_set(err, TRUNDLE_TRUNCATED, r->where, "fetch it again", "ends at byte %lld, before its last chunk", (long long)r->size);
    TRY(get(r, r->sealed, n, err));
    if (crypto_secretstream_xchacha20poly1305_pull(&r->stream, r->plain, &plain_n, &tag, r->sealed, n, r->first ? r->front : NULL, r->first ? r->front_n : 0) != 0) {
        if (n < SEAL_SEALED_CHUNK)
            return error_set(err, TRUNDLE_CORRUPT, r->where, "fetch it again", "the chunk at byte %lld is damaged, or the file was cut or lengthened", (long long)at);
        return error_set(err, TRUNDLE_CORRUPT, r->where, "fetch it again", "the chunk at byte %lld%s is damaged or not in its place", (long long)at,
                         r->first ? " or the header" : "");
    }
    r->first = false;
    if (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
        if (r->at != r->size)
            return error_set(err, TRUNDLE_CORRUPT, r->where, NULL, "%lld bytes follow the last chunk", (long long)(r->size - r->at));
        r->ended = true;
    } else if (tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE || n != SEAL_SEALED_CHUNK) {
        return error_set(err, TRUNDLE_CORRUPT, r->where, NULL, "the chunk at byte %lld is none that we write", (long long)at);
    }
    *out_n = (size_t)plain_n;
    return TRUNDLE_OK;
}

static enum trundle_status prove(struct seal_reader *r, struct trundle_error *err)
{
    enum trundle_status status;
    size_t n = 0;

    TRY(rewind_to_first(r, err));
    while ((status = chunk_open(r, &n, err)) == TRUNDLE_OK)
        r->content += (int64_t)n;
    sodium_memzero(r->plain, sizeof r->plain);
    return status == TRUNDLE_END ? rewind_to_first(r, err) : status;
}

static enum trundle_status reader_new(const char *where, struct seal_reader **out, struct trundle_error *err)
{
    struct seal_reader *r;

    TRY(seal_init(err));
    r = calloc(1, sizeof *r);
    if (!r)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a reader");
    r->fd = -1;
    (void)snprintf(r->where, sizeof r->where, "%s", where);
    *out = r;
    return TRUNDLE_OK;
}

static enum trundle_status file_new(const char *path, struct seal_reader **out, struct trundle_error *err)
{
    struct seal_reader *r = NULL;
    enum trundle_status status = TRUNDLE_OK;
    struct stat st;

    TRY(reader_new(path, &r, err));
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &st) != 0)
        status = error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, NULL, "cannot open: %s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "name a file", "is no regular file");
    else if ((int64_t)st.st_size > SIZE_LIMIT)
        status = error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "%lld bytes, limit %lld", (long long)st.st_size, (long long)SIZE_LIMIT);
    if (status != TRUNDLE_OK) {
        seal_open_free(r);
        return status;
    }
    r->size = (int64_t)st.st_size;
    *out = r;
    return TRUNDLE_OK;
}

static enum trundle_status open_proven(struct seal_reader *r, const struct seal_key *key, struct seal_reader **out, struct trundle_error *err)
{
    enum trundle_status status;

    TRY_GOTO(status, front_read(r, err), out);
    TRY_GOTO(status, key_open(r, key, err), out);
    TRY_GOTO(status, prove(r, err), out);
    *out = r;
    r = NULL;
out:
    seal_open_free(r);
    return status;
}

enum trundle_status seal_open_file(const struct seal_key *key, const char *path, struct seal_reader **out, struct trundle_error *err)
{
    struct seal_reader *r = NULL;

    TRY(file_new(path, &r, err));
    return open_proven(r, key, out, err);
}

enum trundle_status seal_open_memory(const struct seal_key *key, const void *data, size_t n, struct seal_reader **out, struct trundle_error *err)
{
    struct seal_reader *r = NULL;

    TRY(reader_new("sealed bytes", &r, err));
    r->memory = data;
    r->size = (int64_t)n;
    return open_proven(r, key, out, err);
}

const struct seal_header *seal_open_header(const struct seal_reader *r)
{
    return &r->header;
}

int64_t seal_open_size(const struct seal_reader *r)
{
    return r->content;
}

enum trundle_status seal_open_next(struct seal_reader *r, const void **out, size_t *out_n, struct trundle_error *err)
{
    size_t n = 0;

    do
        TRY(chunk_open(r, &n, err));
    while (n == 0);
    *out = r->plain;
    *out_n = n;
    return TRUNDLE_OK;
}

enum trundle_status seal_open_all(struct seal_reader *r, size_t limit, struct bytes *out, struct trundle_error *err)
{
    struct bytes all = { 0 };
    enum trundle_status status;
    const void *piece;
    size_t n;

    if (r->content > (int64_t)limit)
        return error_set(err, TRUNDLE_TOO_LARGE, r->where, NULL, "%lld bytes, limit %zu", (long long)r->content, limit);
    TRY(rewind_to_first(r, err));
    while ((status = seal_open_next(r, &piece, &n, err)) == TRUNDLE_OK) {
        if (bytes_append(&all, piece, n) != TRUNDLE_OK) {
            status = error_set(err, TRUNDLE_NO_MEMORY, r->where, NULL, "no memory for its content");
            break;
        }
    }
    if (status != TRUNDLE_END) {
        bytes_done(&all);
        return status;
    }
    *out = all;
    return TRUNDLE_OK;
}

void seal_open_free(struct seal_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    free(r->extra);
    sodium_memzero(r, sizeof *r);
    free(r);
}

enum trundle_status seal_peek_file(const struct seal_key *key, const char *path, struct seal_header *out, struct trundle_error *err)
{
    struct seal_reader *r = NULL;
    enum trundle_status status;
    size_t n;

    TRY(file_new(path, &r, err));
    TRY_GOTO(status, front_read(r, err), out);
    if (key) {
        TRY_GOTO(status, key_open(r, key, err), out);
        TRY_GOTO(status, rewind_to_first(r, err), out);
        TRY_GOTO(status, chunk_open(r, &n, err), out);
    }
    *out = r->header;
    out->extra = NULL;
out:
    seal_open_free(r);
    return status;
}
