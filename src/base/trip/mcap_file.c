/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The indexed reader: chunks by their time, messages merged into log order. Several chunks are open at once only while
 * they overlap in time. The table of content comes from the summary, or from a scan when there is none.
 */
#include "base/trip/mcap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 9 };

enum trundle_status mcap_file_read(struct mcap_file *f, uint64_t offset, uint64_t n, struct bytes *out, struct trundle_error *err)
{
    out->n = 0;
    if (offset > f->content.bytes || n > f->content.bytes - offset)
        return error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "an index points past the end: byte %llu, %llu bytes", (unsigned long long)offset,
                         (unsigned long long)n);
    if (n > f->limits.record_bytes)
        return error_set(err, TRUNDLE_TOO_LARGE, f->path, NULL, "record of %llu bytes, the limit is %zu", (unsigned long long)n, f->limits.record_bytes);
    if (bytes_reserve(out, (size_t)n) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, f->path, NULL, "no memory for %llu bytes", (unsigned long long)n);
    while (out->n < n) {
        ssize_t got = pread(f->fd, out->data + out->n, (size_t)n - out->n, (off_t)(offset + out->n));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(err, got ? TRUNDLE_IO : TRUNDLE_TRUNCATED, f->path, NULL, "cannot read byte %llu: %s",
                             (unsigned long long)(offset + out->n), got ? strerror(errno) : "the file became shorter");
        out->n += (size_t)got;
    }
    return TRUNDLE_OK;
}

/* Reads the record that an index promised: its kind and length must be as said. */
static enum trundle_status read_record(struct mcap_file *f, uint8_t op, uint64_t offset, uint64_t length, struct bytes *buffer, struct mcap_record *out,
                                       struct trundle_error *err)
{
    enum trundle_status status;
    uint64_t n = 0;

    TRY(mcap_file_read(f, offset, length, buffer, err));
    for (size_t i = 8; i-- > 0 && length >= HEAD;)
        n = n << 8 | buffer->data[1 + i];
    if (length < HEAD || buffer->data[0] != op || n != length - HEAD)
        return error_set(err, TRUNDLE_CORRUPT, f->path, "trundle recover FILE keeps what is whole", "byte %llu is not the record that the index says",
                         (unsigned long long)offset);
    status = mcap_parse(op, buffer->data + HEAD, (size_t)n, out, err);
    if (status != TRUNDLE_OK)
        error_within(err, "%s, byte %llu", f->path, (unsigned long long)offset);
    return status;
}

static int by_order(const void *a, const void *b)
{
    const struct mcap_entry *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Lists the messages of an open chunk from content; sorts only when they are out of order. */
static enum trundle_status list_entries(struct mcap_file *f, struct mcap_open_chunk *o, struct trundle_error *err)
{
    struct mcap_record r;
    bool sorted = true;

    o->entries_n = o->at = 0;
    for (size_t at = 0; at < o->data.n;) {
        size_t left = o->data.n - at;
        uint64_t n = 0;

        for (size_t i = 8; i-- > 0 && left >= HEAD;)
            n = n << 8 | o->data.data[at + 1 + i];
        if (left < HEAD || n > left - HEAD)
            return error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "a record in the chunk at byte %llu is longer than the chunk", (unsigned long long)o->chunk->offset);
        if (o->data.data[at] == MCAP_MESSAGE) {
            struct mcap_entry *e;

            if (mcap_parse(MCAP_MESSAGE, o->data.data + at + HEAD, (size_t)n, &r, err) != TRUNDLE_OK) {
                error_within(err, "%s", f->path);
                return TRUNDLE_CORRUPT;
            }
            if (o->entries_n == o->entries_capacity) {
                size_t capacity = o->entries_capacity ? 2 * o->entries_capacity : 256;
                struct mcap_entry *grown = realloc(o->entries, capacity * sizeof *grown);

                if (!grown)
                    return error_set(err, TRUNDLE_NO_MEMORY, f->path, NULL, "no memory for %zu messages", capacity);
                o->entries = grown;
                o->entries_capacity = capacity;
            }
            e = &o->entries[o->entries_n++];
            *e = (struct mcap_entry){ r.message.log_time, r.message.sequence, (uint32_t)at, (uint32_t)n };
            if (e->time < o->chunk->start_time || e->time > o->chunk->end_time)
                return error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "a message lies outside the times of its chunk at byte %llu", (unsigned long long)o->chunk->offset);
            if (o->entries_n > 1 && by_order(e - 1, e) > 0)
                sorted = false;
        }
        at += HEAD + (size_t)n;
    }
    if (!sorted)
        qsort(o->entries, o->entries_n, sizeof *o->entries, by_order);
    while (o->at < o->entries_n && o->entries[o->at].time < f->from)
        o->at++;
    return TRUNDLE_OK;
}

static enum trundle_status open_chunk(struct mcap_file *f, const struct mcap_chunk *chunk, struct trundle_error *err)
{
    struct mcap_open_chunk *o = &f->open[f->open_n];
    struct mcap_record r;
    enum trundle_status status;
    size_t all = 0;

    for (size_t i = 0; i < f->open_n; i++)
        all += f->open[i].data.n;
    if (f->open_n == MCAP_OPEN_CHUNKS || chunk->uncompressed_size > f->limits.open_bytes - (all < f->limits.open_bytes ? all : f->limits.open_bytes))
        return error_set(err, TRUNDLE_TOO_LARGE, f->path, "trundle recover FILE writes it in order", "too many chunks overlap in time: %zu with %zu bytes", f->open_n, all);
    TRY(read_record(f, MCAP_CHUNK, chunk->offset, chunk->length, &f->record, &r, err));
    if (r.chunk.start_time != chunk->start_time || r.chunk.end_time != chunk->end_time || r.chunk.uncompressed_size != chunk->uncompressed_size)
        return error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "chunk at byte %llu is not what the index says", (unsigned long long)chunk->offset);
    status = mcap_decompress(f->codec, &r, f->limits.chunk_bytes, &o->data, err);
    if (status != TRUNDLE_OK) {
        error_within(err, "%s, chunk at byte %llu", f->path, (unsigned long long)chunk->offset);
        return status;
    }
    o->chunk = chunk;
    TRY(list_entries(f, o, err));
    f->open_n++;
    return TRUNDLE_OK;
}

/* A chunk that gave everything makes room; its buffers are kept for the next one. */
static void close_done(struct mcap_file *f)
{
    for (size_t i = 0; i < f->open_n;) {
        if (f->open[i].at < f->open[i].entries_n) {
            i++;
        } else {
            struct mcap_open_chunk done = f->open[i];

            f->open[i] = f->open[--f->open_n];
            done.data.n = 0;
            if (f->open_n >= 4) {                  /* many were open: don't keep all their memory */
                bytes_done(&done.data);
                free(done.entries);
                done = (struct mcap_open_chunk){ 0 };
            }
            f->open[f->open_n] = done;
        }
    }
}

enum trundle_status mcap_file_next(struct mcap_file *f, struct mcap_record *out, struct trundle_error *err)
{
    struct mcap_open_chunk *best = NULL;
    struct mcap_entry *e;

    close_done(f);
    for (;;) {
        const struct mcap_chunk *next;

        best = NULL;
        for (size_t i = 0; i < f->open_n; i++) {
            struct mcap_open_chunk *o = &f->open[i];
            int order = best ? by_order(&o->entries[o->at], &best->entries[best->at]) : -1;

            if (order < 0 || (order == 0 && o->chunk->offset < best->chunk->offset))
                best = o;
        }
        while (f->next_chunk < f->content.chunks_n && f->chunks[f->next_chunk].end_time < f->from)
            f->next_chunk++;
        if (f->next_chunk >= f->content.chunks_n)
            break;
        next = &f->chunks[f->next_chunk];
        if (best && next->start_time > best->entries[best->at].time)
            break;
        TRY(open_chunk(f, next, err));
        f->next_chunk++;
        close_done(f);
    }
    if (!best)
        return TRUNDLE_END;
    e = &best->entries[best->at];
    TRY(mcap_parse(MCAP_MESSAGE, best->data.data + e->offset + HEAD, e->n, out, err));
    best->at++;
    return TRUNDLE_OK;
}

void mcap_file_seek(struct mcap_file *f, uint64_t log_time)
{
    for (size_t i = 0; i < f->open_n; i++)
        f->open[i].at = f->open[i].entries_n;
    close_done(f);
    f->next_chunk = 0;
    f->from = log_time;
}

const struct mcap_content *mcap_file_content(const struct mcap_file *f) { return &f->content; }

const struct mcap_channel *mcap_file_channel(const struct mcap_file *f, uint16_t id)
{
    for (size_t lo = 0, hi = f->content.channels_n; lo < hi;) {
        size_t mid = lo + (hi - lo) / 2;

        if (f->channels[mid].id == id)
            return &f->channels[mid];
        if (f->channels[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const struct mcap_schema *mcap_file_schema(const struct mcap_file *f, uint16_t id)
{
    for (size_t i = 0; i < f->content.schemas_n; i++)
        if (f->schemas[i].id == id)
            return &f->schemas[i];
    return NULL;
}

enum trundle_status mcap_file_attachment(struct mcap_file *f, const char *name, struct mcap_record *out, struct trundle_error *err)
{
    for (size_t i = 0; i < f->content.attachments_n; i++)
        if (mcap_is(f->attachments[i].name, name))
            return read_record(f, MCAP_ATTACHMENT, f->attachments[i].offset, f->attachments[i].length, &f->record, out, err);
    return error_set(err, TRUNDLE_NOT_FOUND, f->path, NULL, "no attachment '%s'", name);
}

enum trundle_status mcap_file_metadata(struct mcap_file *f, const char *name, struct mcap_record *out, struct trundle_error *err)
{
    for (size_t i = 0; i < f->content.metadata_n; i++)
        if (mcap_is(f->metadata[i].name, name))
            return read_record(f, MCAP_METADATA, f->metadata[i].offset, f->metadata[i].length, &f->record, out, err);
    return error_set(err, TRUNDLE_NOT_FOUND, f->path, NULL, "no metadata '%s'", name);
}

void mcap_file_free(struct mcap_file *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        (void)close(f->fd);
    for (size_t i = 0; i < MCAP_OPEN_CHUNKS; i++) {
        bytes_done(&f->open[i].data);
        free(f->open[i].entries);
    }
    for (size_t i = 0; i < f->blocks_n; i++)
        free(f->blocks[i]);
    free(f->blocks);
    free(f->chunks);
    free(f->channels);
    free(f->schemas);
    free(f->attachments);
    free(f->metadata);
    bytes_done(&f->record);
    mcap_codec_free(f->codec);
    free(f->path);
    free(f);
}
