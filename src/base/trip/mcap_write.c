/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The writer. A file grows by whole pieces: header, metadata, attachments, chunks with their message indexes; each is one
 * write() of a buffer that is complete. The first failed write stops everything: what was written before stays readable.
 */
#include "base/trip/mcap.h"

#include "base/std/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t magic[8] = { 0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n' };

struct out_channel {
    uint16_t id, schema_id;
    bool written;
    size_t record, record_n;           /* in channel_records */
    uint64_t count;
    struct bytes index;                /* of the open chunk */
};

struct out_schema { uint16_t id; bool written; size_t record, record_n; };

struct mcap_writer {
    char *path;                        /* owned */
    int fd;
    uint64_t at;                       /* bytes written */
    uint32_t crc;                      /* of them */
    struct mcap_writer_config config;
    struct mcap_codec *codec;
    struct bytes chunk, packed, piece, summary;     /* open chunk; its compressed form; what is written next */
    uint64_t chunk_start, chunk_end, start, end, messages;
    bool chunk_any;
    struct out_schema *schemas;
    struct out_channel *channels;
    size_t schemas_n, channels_n;
    uint16_t *slots;                   /* channel id -> place in channels + 1 */
    struct bytes schema_records, channel_records, chunk_indexes, attachment_indexes, metadata_indexes, pairs;
    uint32_t chunks_n, attachments_n, metadata_n;
    struct trundle_error failed;       /* status OK: not yet */
};

static enum trundle_status no_memory(struct mcap_writer *w, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, w->path, NULL, "no memory to write");
}

/* Writes everything or fails for good. */
static enum trundle_status push_piece(struct mcap_writer *w, const struct bytes *b, struct trundle_error *err)
{
    size_t done = 0;

    while (done < b->n) {
        ssize_t n = write(w->fd, b->data + done, b->n - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            (void)error_set(&w->failed, TRUNDLE_IO, w->path, "free some space; what was synced stays readable",
                            "cannot write at byte %llu: %s", (unsigned long long)w->at + done, strerror(n ? errno : ENOSPC));
            if (err)
                *err = w->failed;
            return TRUNDLE_IO;
        }
        done += (size_t)n;
    }
    w->at += b->n;
    w->crc = hash_crc32(w->crc, b->data, b->n);
    return TRUNDLE_OK;
}

static enum trundle_status usable(struct mcap_writer *w, struct trundle_error *err)
{
    if (w->failed.status != TRUNDLE_OK && err)
        *err = w->failed;
    return w->failed.status;
}

enum trundle_status mcap_create(const char *path, const struct mcap_writer_config *config, struct mcap_writer **out, struct trundle_error *err)
{
    static const struct mcap_limits limits = MCAP_LIMITS_DEFAULT;
    struct mcap_writer *w = NULL;
    struct mcap_record header = { .op = MCAP_HEADER };
    enum trundle_status status;

    if (!path || (unsigned)config->compression >= MCAP_COMPRESSION_COUNT || !config->chunk_bytes || config->chunk_bytes > limits.chunk_bytes / 2)
        return error_set(err, TRUNDLE_BAD_ARG, path, NULL, "compression %d or chunk size %zu is out of range", (int)config->compression, config->chunk_bytes);
    w = calloc(1, sizeof *w);
    if (!w)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to write");
    w->fd = -1;
    w->config = *config;
    w->path = strdup(path);
    w->slots = calloc(65536, sizeof *w->slots);
    status = w->path && w->slots ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to write");
    if (status == TRUNDLE_OK)
        status = mcap_codec_new(&w->codec, err);
    header.header.profile = mcap_text(config->profile ? config->profile : "");
    header.header.library = mcap_text(config->library ? config->library : "");
    w->config.profile = w->config.library = NULL;
    if (status == TRUNDLE_OK && bytes_append(&w->piece, magic, sizeof magic) != TRUNDLE_OK)
        status = no_memory(w, err);
    if (status == TRUNDLE_OK)
        status = mcap_append(&w->piece, &header, err);
    if (status != TRUNDLE_OK)
        goto out;
    w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (w->fd < 0) {
        status = errno == EEXIST ? error_set(err, TRUNDLE_CONFLICT, path, "name another file", "exists; a trip is never overwritten")
                                 : error_set(err, TRUNDLE_IO, path, NULL, "cannot create: %s", strerror(errno));
        goto out;
    }
    status = push_piece(w, &w->piece, err);
    if (status != TRUNDLE_OK)
        (void)unlink(path);
out:
    if (status != TRUNDLE_OK)
        mcap_abandon(w);
    else
        *out = w;
    return status;
}

void mcap_abandon(struct mcap_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        (void)close(w->fd);
    for (size_t i = 0; i < w->channels_n; i++)
        bytes_done(&w->channels[i].index);
    free(w->channels);
    free(w->schemas);
    free(w->slots);
    bytes_done(&w->chunk);
    bytes_done(&w->packed);
    bytes_done(&w->piece);
    bytes_done(&w->summary);
    bytes_done(&w->schema_records);
    bytes_done(&w->channel_records);
    bytes_done(&w->chunk_indexes);
    bytes_done(&w->attachment_indexes);
    bytes_done(&w->metadata_indexes);
    bytes_done(&w->pairs);
    mcap_codec_free(w->codec);
    free(w->path);
    free(w);
}

static struct out_schema *find_schema(struct mcap_writer *w, uint16_t id)
{
    for (size_t i = 0; i < w->schemas_n; i++)
        if (w->schemas[i].id == id)
            return &w->schemas[i];
    return NULL;
}

/* Appends the record to `records`. CONFLICT when `was` (a place in it) is another one; `*out_same` when it is the same. */
static enum trundle_status define(struct mcap_writer *w, struct bytes *records, const struct mcap_record *r, bool known, size_t was, size_t was_n,
                                  struct trundle_error *err)
{
    size_t start = records->n;

    TRY(mcap_append(records, r, err));
    if (!known)
        return TRUNDLE_OK;
    if (records->n - start == was_n && !memcmp(records->data + start, records->data + was, was_n)) {
        records->n = start;
        return TRUNDLE_OK;
    }
    records->n = start;
    return error_set(err, TRUNDLE_CONFLICT, w->path, NULL, "%s %u is defined twice, differently", r->op == MCAP_SCHEMA ? "schema" : "channel", r->schema.id);
}

enum trundle_status mcap_add_schema(struct mcap_writer *w, const struct mcap_record *r, struct trundle_error *err)
{
    struct out_schema *known, *grown;
    size_t start = w->schema_records.n;

    TRY(usable(w, err));
    if (r->op != MCAP_SCHEMA || !r->schema.id)
        return error_set(err, TRUNDLE_BAD_ARG, w->path, NULL, "schema ids start at 1");
    known = find_schema(w, r->schema.id);
    if (known)
        return define(w, &w->schema_records, r, true, known->record, known->record_n, err);
    grown = realloc(w->schemas, (w->schemas_n + 1) * sizeof *grown);
    if (!grown)
        return no_memory(w, err);
    w->schemas = grown;
    TRY(define(w, &w->schema_records, r, false, 0, 0, err));
    w->schemas[w->schemas_n++] = (struct out_schema){ .id = r->schema.id, .record = start, .record_n = w->schema_records.n - start };
    return TRUNDLE_OK;
}

enum trundle_status mcap_add_channel(struct mcap_writer *w, const struct mcap_record *r, struct trundle_error *err)
{
    struct out_channel *grown;
    size_t start = w->channel_records.n, slot;

    TRY(usable(w, err));
    if (r->op != MCAP_CHANNEL || (r->channel.schema_id && !find_schema(w, r->channel.schema_id)))
        return error_set(err, TRUNDLE_BAD_ARG, w->path, NULL, "channel %u names schema %u, which is not known", r->channel.id, r->channel.schema_id);
    slot = w->slots[r->channel.id];
    if (slot)
        return define(w, &w->channel_records, r, true, w->channels[slot - 1].record, w->channels[slot - 1].record_n, err);
    if (w->channels_n >= UINT16_MAX)
        return error_set(err, TRUNDLE_FULL, w->path, NULL, "too many channels");
    grown = realloc(w->channels, (w->channels_n + 1) * sizeof *grown);
    if (!grown)
        return no_memory(w, err);
    w->channels = grown;
    TRY(define(w, &w->channel_records, r, false, 0, 0, err));
    w->channels[w->channels_n++] = (struct out_channel){ .id = r->channel.id, .schema_id = r->channel.schema_id, .record = start,
                                                         .record_n = w->channel_records.n - start };
    w->slots[r->channel.id] = (uint16_t)w->channels_n;
    return TRUNDLE_OK;
}

/* The channel's definition, and its schema's, in the open chunk, once a file. */
static enum trundle_status introduce(struct mcap_writer *w, struct out_channel *c)
{
    struct out_schema *s = c->schema_id ? find_schema(w, c->schema_id) : NULL;
    size_t start = w->chunk.n;

    if (s && !s->written && bytes_append(&w->chunk, w->schema_records.data + s->record, s->record_n) != TRUNDLE_OK)
        return TRUNDLE_NO_MEMORY;
    if (bytes_append(&w->chunk, w->channel_records.data + c->record, c->record_n) != TRUNDLE_OK) {
        w->chunk.n = start;
        return TRUNDLE_NO_MEMORY;
    }
    if (s)
        s->written = true;
    c->written = true;
    return TRUNDLE_OK;
}

enum trundle_status mcap_write_room(struct mcap_writer *w, const struct mcap_record *m, size_t n, uint8_t **out_data, struct trundle_error *err)
{
    static const struct mcap_limits limits = MCAP_LIMITS_DEFAULT;
    uint64_t time = m->message.log_time, body = (uint64_t)n + 22;
    struct mcap_record head = *m;
    struct out_channel *c;
    size_t slot = w->slots[m->message.channel_id], offset;

    TRY(usable(w, err));
    if (m->op != MCAP_MESSAGE || !slot)
        return error_set(err, TRUNDLE_BAD_ARG, w->path, NULL, "message of channel %u, which is not known", m->message.channel_id);
    if (n > limits.chunk_bytes / 2)
        return error_set(err, TRUNDLE_TOO_LARGE, w->path, NULL, "message of %zu bytes, the limit is %zu", n, limits.chunk_bytes / 2);
    c = &w->channels[slot - 1];
    if (w->chunk_any && (w->chunk.n + n > w->config.chunk_bytes ||
                         (w->config.chunk_time && time >= w->chunk_start && time - w->chunk_start >= w->config.chunk_time)))
        TRY(mcap_close_chunk(w, err));
    if (!c->written && introduce(w, c) != TRUNDLE_OK)
        return no_memory(w, err);
    offset = w->chunk.n;
    head.message.data = (struct mcap_view){ NULL, 0 };
    if (bytes_reserve(&w->chunk, n + 31) != TRUNDLE_OK || mcap_append(&w->chunk, &head, err) != TRUNDLE_OK ||
        mcap_add_entry(&c->index, time, offset) != TRUNDLE_OK) {
        w->chunk.n = offset;
        return no_memory(w, err);
    }
    for (size_t i = 0; i < 8; i++)
        w->chunk.data[offset + 1 + i] = (uint8_t)(body >> (8 * i));
    *out_data = w->chunk.data + w->chunk.n;
    w->chunk.n += n;
    c->count++;
    if (!w->chunk_any || time < w->chunk_start)
        w->chunk_start = time;
    if (!w->chunk_any || time > w->chunk_end)
        w->chunk_end = time;
    if (!w->messages || time < w->start)
        w->start = time;
    if (!w->messages || time > w->end)
        w->end = time;
    w->chunk_any = true;
    w->messages++;
    return TRUNDLE_OK;
}

enum trundle_status mcap_write(struct mcap_writer *w, const struct mcap_record *m, struct trundle_error *err)
{
    uint8_t *data;

    TRY(mcap_write_room(w, m, m->message.data.n, &data, err));
    if (m->message.data.n)
        memcpy(data, m->message.data.data, m->message.data.n);
    return TRUNDLE_OK;
}

/* The message indexes that follow the chunk, into `piece`; the offsets of them into `pairs`. */
static enum trundle_status add_indexes(struct mcap_writer *w, struct trundle_error *err)
{
    w->pairs.n = 0;
    for (size_t i = 0; i < w->channels_n; i++) {
        struct out_channel *c = &w->channels[i];
        struct mcap_record index = { .op = MCAP_MESSAGE_INDEX, .message_index = { c->id, mcap_bytes(&c->index) } };

        if (!c->index.n)
            continue;
        if (mcap_add_count_pair(&w->pairs, c->id, w->at + w->piece.n) != TRUNDLE_OK)
            return no_memory(w, err);
        TRY(mcap_append(&w->piece, &index, err));
    }
    return TRUNDLE_OK;
}

enum trundle_status mcap_close_chunk(struct mcap_writer *w, struct trundle_error *err)
{
    struct mcap_record chunk = { .op = MCAP_CHUNK }, index = { .op = MCAP_CHUNK_INDEX };
    size_t chunk_n, was = w->chunk_indexes.n;
    enum trundle_status status;

    TRY(usable(w, err));
    if (!w->chunk_any)
        return TRUNDLE_OK;
    TRY(mcap_compress(w->codec, w->config.compression, w->chunk.data, w->chunk.n, &w->packed, err));
    chunk.chunk.start_time = w->chunk_start;
    chunk.chunk.end_time = w->chunk_end;
    chunk.chunk.uncompressed_size = w->chunk.n;
    chunk.chunk.crc = hash_crc32(0, w->chunk.data, w->chunk.n);
    chunk.chunk.compression = mcap_text(mcap_compression_name(w->config.compression));
    chunk.chunk.records = mcap_bytes(&w->packed);
    w->piece.n = 0;
    TRY(mcap_append(&w->piece, &chunk, err));
    chunk_n = w->piece.n;
    TRY(add_indexes(w, err));
    index.chunk_index.start_time = w->chunk_start;
    index.chunk_index.end_time = w->chunk_end;
    index.chunk_index.offset = w->at;
    index.chunk_index.length = chunk_n;
    index.chunk_index.index_offsets = mcap_bytes(&w->pairs);
    index.chunk_index.index_length = w->piece.n - chunk_n;
    index.chunk_index.compression = chunk.chunk.compression;
    index.chunk_index.compressed_size = w->packed.n;
    index.chunk_index.uncompressed_size = w->chunk.n;
    TRY(mcap_append(&w->chunk_indexes, &index, err));
    status = push_piece(w, &w->piece, err);
    if (status != TRUNDLE_OK) {
        w->chunk_indexes.n = was;
        return status;
    }
    w->chunks_n++;
    w->chunk.n = 0;
    w->chunk_any = false;
    for (size_t i = 0; i < w->channels_n; i++)
        w->channels[i].index.n = 0;
    return TRUNDLE_OK;
}

enum trundle_status mcap_write_attachment(struct mcap_writer *w, const struct mcap_record *r, struct trundle_error *err)
{
    struct mcap_record index = { .op = MCAP_ATTACHMENT_INDEX };
    size_t was = w->attachment_indexes.n;

    if (r->op != MCAP_ATTACHMENT)
        return error_set(err, TRUNDLE_BAD_ARG, w->path, NULL, "not an attachment");
    TRY(mcap_close_chunk(w, err));
    w->piece.n = 0;
    TRY(mcap_append(&w->piece, r, err));
    index.attachment_index.offset = w->at;
    index.attachment_index.length = w->piece.n;
    index.attachment_index.log_time = r->attachment.log_time;
    index.attachment_index.create_time = r->attachment.create_time;
    index.attachment_index.data_size = r->attachment.data.n;
    index.attachment_index.name = r->attachment.name;
    index.attachment_index.media_type = r->attachment.media_type;
    TRY(mcap_append(&w->attachment_indexes, &index, err));
    if (push_piece(w, &w->piece, err) != TRUNDLE_OK) {
        w->attachment_indexes.n = was;
        return w->failed.status;
    }
    w->attachments_n++;
    return TRUNDLE_OK;
}

enum trundle_status mcap_write_metadata(struct mcap_writer *w, const struct mcap_record *r, struct trundle_error *err)
{
    struct mcap_record index = { .op = MCAP_METADATA_INDEX };
    size_t was = w->metadata_indexes.n;

    if (r->op != MCAP_METADATA)
        return error_set(err, TRUNDLE_BAD_ARG, w->path, NULL, "not a metadata record");
    TRY(mcap_close_chunk(w, err));
    w->piece.n = 0;
    TRY(mcap_append(&w->piece, r, err));
    index.metadata_index.offset = w->at;
    index.metadata_index.length = w->piece.n;
    index.metadata_index.name = r->metadata.name;
    TRY(mcap_append(&w->metadata_indexes, &index, err));
    if (push_piece(w, &w->piece, err) != TRUNDLE_OK) {
        w->metadata_indexes.n = was;
        return w->failed.status;
    }
    w->metadata_n++;
    return TRUNDLE_OK;
}

enum trundle_status mcap_sync(struct mcap_writer *w, struct trundle_error *err)
{
    TRY(mcap_close_chunk(w, err));
    if (fdatasync(w->fd) && errno != EINVAL) {       /* EINVAL: a pipe or a device that cannot */
        (void)error_set(&w->failed, TRUNDLE_IO, w->path, NULL, "cannot sync: %s", strerror(errno));
        if (err)
            *err = w->failed;
        return TRUNDLE_IO;
    }
    return TRUNDLE_OK;
}

/* One group of the summary and its summary offset. */
static enum trundle_status add_group(struct mcap_writer *w, uint8_t op, const struct bytes *records, struct bytes *offsets, struct trundle_error *err)
{
    struct mcap_record offset = { .op = MCAP_SUMMARY_OFFSET, .summary_offset = { op, w->at + w->summary.n, records->n } };

    if (!records->n)
        return TRUNDLE_OK;
    if (bytes_append(&w->summary, records->data, records->n) != TRUNDLE_OK)
        return no_memory(w, err);
    return mcap_append(offsets, &offset, err);
}

static enum trundle_status make_summary(struct mcap_writer *w, struct trundle_error *err)
{
    struct mcap_record statistics = { .op = MCAP_STATISTICS }, footer = { .op = MCAP_FOOTER };
    struct bytes *offsets = &w->packed, *one = &w->piece;

    offsets->n = one->n = w->pairs.n = w->summary.n = 0;
    for (size_t i = 0; i < w->channels_n; i++)
        if (w->channels[i].count && mcap_add_count_pair(&w->pairs, w->channels[i].id, w->channels[i].count) != TRUNDLE_OK)
            return no_memory(w, err);
    statistics.statistics.message_count = w->messages;
    statistics.statistics.schema_count = (uint16_t)w->schemas_n;
    statistics.statistics.channel_count = (uint32_t)w->channels_n;
    statistics.statistics.attachment_count = w->attachments_n;
    statistics.statistics.metadata_count = w->metadata_n;
    statistics.statistics.chunk_count = w->chunks_n;
    statistics.statistics.start_time = w->start;
    statistics.statistics.end_time = w->end;
    statistics.statistics.channel_counts = mcap_bytes(&w->pairs);
    TRY(mcap_append(one, &statistics, err));
    TRY(add_group(w, MCAP_SCHEMA, &w->schema_records, offsets, err));
    TRY(add_group(w, MCAP_CHANNEL, &w->channel_records, offsets, err));
    TRY(add_group(w, MCAP_STATISTICS, one, offsets, err));
    TRY(add_group(w, MCAP_CHUNK_INDEX, &w->chunk_indexes, offsets, err));
    TRY(add_group(w, MCAP_ATTACHMENT_INDEX, &w->attachment_indexes, offsets, err));
    TRY(add_group(w, MCAP_METADATA_INDEX, &w->metadata_indexes, offsets, err));
    footer.footer.summary_start = w->at;
    footer.footer.summary_offset_start = w->at + w->summary.n;
    if (bytes_append(&w->summary, offsets->data, offsets->n) != TRUNDLE_OK)
        return no_memory(w, err);
    TRY(mcap_append(&w->summary, &footer, err));
    w->summary.n -= 4;
    footer.footer.summary_crc = hash_crc32(0, w->summary.data, w->summary.n);
    for (size_t i = 0; i < 4; i++)
        w->summary.data[w->summary.n++] = (uint8_t)(footer.footer.summary_crc >> (8 * i));
    return bytes_append(&w->summary, magic, sizeof magic) == TRUNDLE_OK ? TRUNDLE_OK : no_memory(w, err);
}

enum trundle_status mcap_finish(struct mcap_writer *w, struct trundle_error *err)
{
    struct mcap_record end = { .op = MCAP_DATA_END };
    enum trundle_status status = mcap_close_chunk(w, err);

    if (status != TRUNDLE_OK)
        goto out;
    w->piece.n = 0;
    end.data_end.crc = w->crc;
    TRY_GOTO(status, mcap_append(&w->piece, &end, err), out);
    TRY_GOTO(status, push_piece(w, &w->piece, err), out);
    TRY_GOTO(status, make_summary(w, err), out);
    TRY_GOTO(status, push_piece(w, &w->summary, err), out);
    if (fsync(w->fd) && errno != EINVAL)
        status = error_set(err, TRUNDLE_IO, w->path, NULL, "cannot sync: %s", strerror(errno));
out:
    if (w->fd >= 0) {
        int fd = w->fd;

        w->fd = -1;
        if (close(fd) && errno != EINTR && status == TRUNDLE_OK)
            status = error_set(err, TRUNDLE_IO, w->path, NULL, "cannot close: %s", strerror(errno));
    }
    mcap_abandon(w);
    return status;
}
