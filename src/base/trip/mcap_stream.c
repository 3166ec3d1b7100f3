/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The streaming reader: one record after the other, read in bounded pieces, so that a lying length costs no more memory than
 * the file has bytes. Checks everything that the format lets one check: order, lengths, all CRCs, both magics.
 */
#include "base/trip/mcap.h"

#include "base/std/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 16, HEAD = 9 };

static const uint8_t magic[8] = { 0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n' };

struct mcap_stream {
    char *path;                        /* owned */
    int fd;
    struct mcap_limits limits;
    bool keep_chunks, strict;
    uint64_t chunk_start, chunk_end, chunk_n;      /* of the last chunk */
    struct bytes in;                   /* read ahead; the current record is in[begin..begin+length) */
    size_t begin, end;                 /* of what is not consumed yet */
    uint64_t begin_offset;             /* file offset of in[begin] */
    uint64_t offset, length, whole;    /* of the record given last */
    struct bytes content;              /* of the open chunk */
    size_t content_at;
    bool in_chunk;
    struct mcap_codec *codec;
    uint32_t crc;                      /* of the section so far */
    uint64_t summary_start;            /* where DataEnd ended; 0: not there yet */
    bool any, ended;
    struct trundle_error failed;
};

static enum trundle_status fail(struct mcap_stream *s, struct trundle_error *err, enum trundle_status status, const char *what)
{
    char where[200];

    (void)snprintf(where, sizeof where, "byte %llu", (unsigned long long)s->begin_offset);
    (void)error_set(&s->failed, status, where, status == TRUNDLE_TRUNCATED ? "trundle recover FILE keeps what is whole" : NULL, "%s", what);
    error_within(&s->failed, "%s", s->path);
    if (err)
        *err = s->failed;
    return status;
}

/* An error that a parser filled in, with the place. */
static enum trundle_status fail_at(struct mcap_stream *s, struct trundle_error *err, const struct trundle_error *cause)
{
    char what[sizeof cause->what];

    memcpy(what, cause->what, sizeof what);
    return fail(s, err, cause->status, what);
}

enum trundle_status mcap_stream_open(const char *path, const struct mcap_limits *limits, struct mcap_stream **out, struct trundle_error *err)
{
    static const struct mcap_limits usual = MCAP_LIMITS_DEFAULT;
    struct mcap_stream *s = calloc(1, sizeof *s);
    enum trundle_status status = TRUNDLE_OK;

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to read");
    s->limits = limits ? *limits : usual;
    s->fd = -1;
    s->path = strdup(path);
    if (!s->path) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to read");
        goto out;
    }
    TRY_GOTO(status, mcap_codec_new(&s->codec, err), out);
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        status = error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, NULL, "cannot open: %s", strerror(errno));
out:
    if (status != TRUNDLE_OK)
        mcap_stream_free(s);
    else
        *out = s;
    return status;
}

void mcap_stream_free(struct mcap_stream *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        (void)close(s->fd);
    bytes_done(&s->in);
    bytes_done(&s->content);
    mcap_codec_free(s->codec);
    free(s->path);
    free(s);
}

void mcap_stream_keep_chunks(struct mcap_stream *s, bool keep) { s->keep_chunks = keep; }
void mcap_stream_strict(struct mcap_stream *s, bool strict) { s->strict = strict; }
uint64_t mcap_stream_offset(const struct mcap_stream *s) { return s->offset; }
uint64_t mcap_stream_length(const struct mcap_stream *s) { return s->length; }
uint64_t mcap_stream_whole(const struct mcap_stream *s) { return s->whole; }
struct mcap_view mcap_stream_content(const struct mcap_stream *s) { return mcap_bytes(&s->content); }

/* Makes n bytes stand at in[begin]. END when the file has none left, TRUNCATED when it has fewer. */
static enum trundle_status need(struct mcap_stream *s, uint64_t n, struct trundle_error *err)
{
    if (s->begin && (n > s->in.capacity - s->begin || s->begin == s->end)) {
        memmove(s->in.data, s->in.data + s->begin, s->end - s->begin);
        s->end -= s->begin;
        s->begin = 0;
    }
    while (s->end - s->begin < n) {
        ssize_t got;

        if (s->end == s->in.capacity) {
            s->in.n = s->end;
            if (bytes_reserve(&s->in, PIECE) != TRUNDLE_OK)
                return fail(s, err, TRUNDLE_NO_MEMORY, "no memory to read");
        }
        got = read(s->fd, s->in.data + s->end, s->in.capacity - s->end < PIECE ? s->in.capacity - s->end : PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(s, err, TRUNDLE_IO, strerror(errno));
        if (!got)
            return s->begin == s->end ? TRUNDLE_END : fail(s, err, TRUNDLE_TRUNCATED, "the file ends in the middle of a record");
        s->end += (size_t)got;
    }
    return TRUNDLE_OK;
}

static void consume(struct mcap_stream *s, size_t n)
{
    s->begin += n;
    s->begin_offset += n;
}

/* The next record inside the open chunk; END when there is none. */
static enum trundle_status next_inside(struct mcap_stream *s, struct mcap_record *out, struct trundle_error *err)
{
    struct trundle_error cause;

    while (s->content_at < s->content.n) {
        const uint8_t *p = s->content.data + s->content_at;
        size_t left = s->content.n - s->content_at;
        uint64_t n = 0;

        for (size_t i = 8; i-- > 0 && left >= HEAD;)
            n = n << 8 | p[1 + i];
        if (left < HEAD || n > left - HEAD)
            return fail(s, err, TRUNDLE_CORRUPT, "a record in a chunk is longer than the chunk");
        s->content_at += HEAD + (size_t)n;
        if (*p != MCAP_SCHEMA && *p != MCAP_CHANNEL && *p != MCAP_MESSAGE)
            continue;
        if (mcap_parse(*p, p + HEAD, (size_t)n, out, &cause) != TRUNDLE_OK)
            return fail_at(s, err, &cause);
        return TRUNDLE_OK;
    }
    s->in_chunk = false;
    return TRUNDLE_END;
}

/* Nothing of a chunk is given before all of it is known to be right. */
static enum trundle_status check_content(struct mcap_stream *s, struct trundle_error *err)
{
    struct mcap_record r;
    enum trundle_status status;

    s->content_at = 0;
    s->in_chunk = true;
    while ((status = next_inside(s, &r, err)) == TRUNDLE_OK) {}
    s->content_at = 0;
    s->in_chunk = true;
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* Section CRCs and order. `p` is the record with its head, n bytes. */
static enum trundle_status account(struct mcap_stream *s, const struct mcap_record *r, const uint8_t *p, size_t n, struct trundle_error *err)
{
    if (!s->any && r->op != MCAP_HEADER)
        return fail(s, err, TRUNDLE_CORRUPT, "the first record is not a header");
    if (r->op == MCAP_DATA_END) {
        if (r->data_end.crc && r->data_end.crc != s->crc)
            return fail(s, err, TRUNDLE_CORRUPT, "the CRC of the data section is wrong");
        s->crc = 0;
        s->summary_start = s->begin_offset + n;
    } else if (r->op == MCAP_FOOTER) {
        s->crc = hash_crc32(s->crc, p, HEAD + 16);
        if (r->footer.summary_crc && r->footer.summary_crc != s->crc)
            return fail(s, err, TRUNDLE_CORRUPT, "the CRC of the summary is wrong");
        if (!s->summary_start)
            return fail(s, err, TRUNDLE_CORRUPT, "a footer without the end of the data before it");
        s->ended = true;
    } else {
        s->crc = hash_crc32(s->crc, p, n);
    }
    s->any = true;
    return TRUNDLE_OK;
}

/* See mcap_stream_strict. n: of the body. */
static bool in_place(const struct mcap_stream *s, const struct mcap_record *r, uint64_t n)
{
    uint64_t time, offset;
    size_t at = 0;

    if (s->summary_start)
        return true;
    switch (r->op) {
    case MCAP_HEADER:
        return !s->any;
    case MCAP_SCHEMA:
    case MCAP_CHANNEL:
    case MCAP_MESSAGE:
    case MCAP_METADATA:
    case MCAP_DATA_END:
        return true;
    case MCAP_CHUNK:
        return n == 40 + r->chunk.compression.n + r->chunk.records.n;
    case MCAP_ATTACHMENT:
        return n == 36 + r->attachment.name.n + r->attachment.media_type.n + r->attachment.data.n;
    case MCAP_MESSAGE_INDEX:
        while (mcap_entry_next(r->message_index.entries, &at, &time, &offset))
            if (time < s->chunk_start || time > s->chunk_end || offset >= s->chunk_n)
                return false;
        return r->message_index.entries.n > 0;
    default:
        return false;
    }
}

static enum trundle_status next_outside(struct mcap_stream *s, struct mcap_record *out, struct trundle_error *err)
{
    struct mcap_record r = { 0 };
    struct trundle_error cause;
    enum trundle_status status;
    const uint8_t *p;
    uint64_t n = 0;
    size_t all;
    bool known;

    status = need(s, HEAD, err);
    if (status == TRUNDLE_END)
        return fail(s, err, TRUNDLE_TRUNCATED, "the file has no end: it was cut off, or its writer was");
    TRY(status);
    for (size_t i = 8; i-- > 0;)
        n = n << 8 | s->in.data[s->begin + 1 + i];
    if (n > s->limits.record_bytes - HEAD)
        return fail(s, err, TRUNDLE_TOO_LARGE, "a record is larger than the limit");
    all = HEAD + (size_t)n;
    TRY(need(s, all, err));
    p = s->in.data + s->begin;
    known = *p >= MCAP_HEADER && *p <= MCAP_DATA_END;
    if (!*p)
        return fail(s, err, TRUNDLE_CORRUPT, "a record of kind 0");
    r.op = *p;
    if (known && mcap_parse(*p, p + HEAD, (size_t)n, &r, &cause) != TRUNDLE_OK)
        return fail_at(s, err, &cause);
    if (s->strict && !in_place(s, &r, n))
        return fail(s, err, TRUNDLE_CORRUPT, "a record that does not belong there");
    if (r.op == MCAP_CHUNK) {
        s->chunk_start = r.chunk.start_time;
        s->chunk_end = r.chunk.end_time;
        s->chunk_n = r.chunk.uncompressed_size;
        if (mcap_decompress(s->codec, &r, s->limits.chunk_bytes, &s->content, &cause) != TRUNDLE_OK)
            return fail_at(s, err, &cause);
        TRY(check_content(s, err));
        s->in_chunk = !s->keep_chunks;
    }
    TRY(account(s, &r, p, all, err));
    s->offset = s->begin_offset;
    s->length = all;
    consume(s, all);
    s->whole = s->begin_offset;
    if (!known || (r.op == MCAP_CHUNK && !s->keep_chunks))
        return TRUNDLE_AGAIN;
    *out = r;
    return TRUNDLE_OK;
}

static enum trundle_status take_magic(struct mcap_stream *s, struct trundle_error *err)
{
    enum trundle_status status = need(s, sizeof magic, err);

    if (status == TRUNDLE_OK && memcmp(s->in.data + s->begin, magic, sizeof magic))
        return fail(s, err, TRUNDLE_CORRUPT, s->any ? "the closing magic is wrong" : "this is no MCAP file");
    if (status == TRUNDLE_END)
        return fail(s, err, TRUNDLE_TRUNCATED, s->any ? "the closing magic is missing" : "the file is empty");
    TRY(status);
    if (!s->any)
        s->crc = hash_crc32(0, magic, sizeof magic);
    consume(s, sizeof magic);
    s->whole = s->begin_offset;
    return TRUNDLE_OK;
}

enum trundle_status mcap_stream_next(struct mcap_stream *s, struct mcap_record *out, struct trundle_error *err)
{
    enum trundle_status status;

    if (s->failed.status != TRUNDLE_OK) {
        if (err)
            *err = s->failed;
        return s->failed.status;
    }
    if (!s->whole)
        TRY(take_magic(s, err));
    do {
        if (s->in_chunk && (status = next_inside(s, out, err)) != TRUNDLE_END)
            return status;
        if (s->ended) {
            if (s->whole == s->offset + s->length)
                TRY(take_magic(s, err));
            return TRUNDLE_END;
        }
        status = next_outside(s, out, err);
    } while (status == TRUNDLE_AGAIN);
    return status;
}
