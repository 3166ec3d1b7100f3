/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The table of content of a file: from its summary, or from a scan of everything when there is none or the file is damaged. */
#include "base/trip/mcap_file.h"

#include "base/std/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 9, FOOTER = HEAD + 20, MAGIC = 8 };

static const uint8_t magic[MAGIC] = { 0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n' };

static enum trundle_status no_memory(struct mcap_file *f, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, f->path, NULL, "no memory for the table of content");
}

/* Everything kept is counted against table_bytes. */
static enum trundle_status count(struct mcap_file *f, size_t n, struct trundle_error *err)
{
    if (n > f->limits.table_bytes - f->table_bytes)
        return error_set(err, TRUNDLE_TOO_LARGE, f->path, NULL, "the table of content is over the limit of %zu bytes", f->limits.table_bytes);
    f->table_bytes += n;
    return TRUNDLE_OK;
}

/* Makes room for one more element. The table stays as it was on failure. */
static enum trundle_status grow(struct mcap_file *f, void **table, size_t n, size_t *capacity, size_t size, struct trundle_error *err)
{
    size_t more = *capacity ? *capacity : 16;
    void *grown;

    if (n < *capacity)
        return TRUNDLE_OK;
    TRY(count(f, more * size, err));
    grown = realloc(*table, (*capacity + more) * size);
    if (!grown)
        return no_memory(f, err);
    *table = grown;
    *capacity += more;
    return TRUNDLE_OK;
}

#define GROW(table, n, capacity)                                           \
    do {                                                                   \
        void *table_ = (table);                                            \
        TRY(grow(f, &table_, (n), &(capacity), sizeof *(table), err));     \
        (table) = table_;                                                  \
    } while (0)

/* Keeps a copy of what a view points at. */
static enum trundle_status keep(struct mcap_file *f, struct mcap_view *v, struct trundle_error *err)
{
    uint8_t *copy;

    if (!v->n) {
        *v = (struct mcap_view){ NULL, 0 };
        return TRUNDLE_OK;
    }
    TRY(count(f, v->n, err));
    GROW(f->blocks, f->blocks_n, f->blocks_capacity);
    copy = malloc(v->n);
    if (!copy)
        return no_memory(f, err);
    memcpy(copy, v->data, v->n);
    f->blocks[f->blocks_n++] = copy;
    v->data = copy;
    return TRUNDLE_OK;
}

static enum trundle_status twice(struct mcap_file *f, const char *what, unsigned id, bool same, struct trundle_error *err)
{
    return same ? TRUNDLE_OK : error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "%s %u is defined twice, differently", what, id);
}

static enum trundle_status add_schema(struct mcap_file *f, const struct mcap_record *r, struct trundle_error *err)
{
    struct mcap_schema s = { r->schema.id, r->schema.name, r->schema.encoding, r->schema.data };
    const struct mcap_schema *known = mcap_file_schema(f, s.id);

    if (known)
        return twice(f, "schema", s.id, mcap_same(known->name, s.name) && mcap_same(known->encoding, s.encoding) && mcap_same(known->data, s.data), err);
    GROW(f->schemas, f->content.schemas_n, f->schemas_capacity);
    f->content.schemas = f->schemas;
    TRY(keep(f, &s.name, err));
    TRY(keep(f, &s.encoding, err));
    TRY(keep(f, &s.data, err));
    f->schemas[f->content.schemas_n++] = s;
    return TRUNDLE_OK;
}

static enum trundle_status add_channel(struct mcap_file *f, const struct mcap_record *r, struct trundle_error *err)
{
    struct mcap_channel c = { r->channel.id, r->channel.schema_id, r->channel.topic, r->channel.encoding, r->channel.metadata };
    const struct mcap_channel *known = mcap_file_channel(f, c.id);
    size_t at;

    if (known)
        return twice(f, "channel", c.id, known->schema_id == c.schema_id && mcap_same(known->topic, c.topic) && mcap_same(known->encoding, c.encoding) &&
                     mcap_same(known->metadata, c.metadata), err);
    GROW(f->channels, f->content.channels_n, f->channels_capacity);
    f->content.channels = f->channels;
    TRY(keep(f, &c.topic, err));
    TRY(keep(f, &c.encoding, err));
    TRY(keep(f, &c.metadata, err));
    for (at = f->content.channels_n++; at > 0 && f->channels[at - 1].id > c.id; at--)
        f->channels[at] = f->channels[at - 1];
    f->channels[at] = c;
    return TRUNDLE_OK;
}

static enum trundle_status add_chunk(struct mcap_file *f, struct mcap_chunk c, struct trundle_error *err)
{
    if (c.start_time > c.end_time || c.uncompressed_size > UINT32_MAX)
        return error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "chunk at byte %llu ends before it starts, or is far too large", (unsigned long long)c.offset);
    GROW(f->chunks, f->content.chunks_n, f->chunks_capacity);
    f->content.chunks = f->chunks;
    /* Only the names that we can read are worth keeping. */
    c.compression = mcap_text(mcap_is(c.compression, "lz4") ? "lz4" : mcap_is(c.compression, "zstd") ? "zstd" : c.compression.n ? "other" : "");
    f->chunks[f->content.chunks_n++] = c;
    return TRUNDLE_OK;
}

static enum trundle_status add_attachment(struct mcap_file *f, struct mcap_attachment a, struct trundle_error *err)
{
    GROW(f->attachments, f->content.attachments_n, f->attachments_capacity);
    f->content.attachments = f->attachments;
    TRY(keep(f, &a.name, err));
    TRY(keep(f, &a.media_type, err));
    f->attachments[f->content.attachments_n++] = a;
    return TRUNDLE_OK;
}

static enum trundle_status add_metadata(struct mcap_file *f, struct mcap_metadata m, struct trundle_error *err)
{
    GROW(f->metadata, f->content.metadata_n, f->metadata_capacity);
    f->content.metadata = f->metadata;
    TRY(keep(f, &m.name, err));
    f->metadata[f->content.metadata_n++] = m;
    return TRUNDLE_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct mcap_chunk *x = a, *y = b;

    if (x->start_time != y->start_time)
        return x->start_time < y->start_time ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void sort_chunks(struct mcap_file *f)
{
    if (f->content.chunks_n > 1)
        qsort(f->chunks, f->content.chunks_n, sizeof *f->chunks, by_start);
}

static void forget(struct mcap_file *f)
{
    f->content.schemas_n = f->content.channels_n = f->content.chunks_n = f->content.attachments_n = f->content.metadata_n = 0;
    f->content.loose_messages = 0;
}

static enum trundle_status take_summary_record(struct mcap_file *f, const struct mcap_record *r, struct trundle_error *err)
{
    switch (r->op) {
    case MCAP_SCHEMA:
        return add_schema(f, r, err);
    case MCAP_CHANNEL:
        return add_channel(f, r, err);
    case MCAP_CHUNK_INDEX:
        return add_chunk(f, (struct mcap_chunk){ r->chunk_index.start_time, r->chunk_index.end_time, r->chunk_index.offset, r->chunk_index.length,
                             r->chunk_index.compressed_size, r->chunk_index.uncompressed_size, r->chunk_index.compression }, err);
    case MCAP_ATTACHMENT_INDEX:
        return add_attachment(f, (struct mcap_attachment){ r->attachment_index.offset, r->attachment_index.length, r->attachment_index.log_time,
                                  r->attachment_index.data_size, r->attachment_index.name, r->attachment_index.media_type }, err);
    case MCAP_METADATA_INDEX:
        return add_metadata(f, (struct mcap_metadata){ r->metadata_index.offset, r->metadata_index.length, r->metadata_index.name }, err);
    default:
        return TRUNDLE_OK;
    }
}

/* The summary: [summary_start, footer). AGAIN when there is none that would do: the file must be scanned. */
static enum trundle_status read_summary(struct mcap_file *f, struct trundle_error *err)
{
    uint64_t size = f->content.bytes, start, messages = 0, chunks = 0;
    struct mcap_record r;
    size_t n, statistics = 0;

    if (size < MAGIC)
        return error_set(err, TRUNDLE_TRUNCATED, f->path, NULL, "%llu bytes are too few for a trip", (unsigned long long)size);
    TRY(mcap_file_read(f, 0, MAGIC, &f->record, err));
    if (memcmp(f->record.data, magic, MAGIC))
        return error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "this is no MCAP file");
    if (size >= 2 * MAGIC + FOOTER)
        TRY(mcap_file_read(f, size - MAGIC, MAGIC, &f->record, err));
    if (size < 2 * MAGIC + FOOTER || memcmp(f->record.data, magic, MAGIC))
        return error_set(err, TRUNDLE_TRUNCATED, f->path, "trundle recover FILE keeps what is whole", "the file has no end: it was cut off, or its writer was");
    TRY(mcap_file_read(f, size - MAGIC - FOOTER, FOOTER, &f->record, err));
    if (f->record.data[0] != MCAP_FOOTER || f->record.data[1] != FOOTER - HEAD)
        return TRUNDLE_AGAIN;                      /* a footer with extra bytes, or a damaged one */
    TRY(mcap_parse(MCAP_FOOTER, f->record.data + HEAD, FOOTER - HEAD, &r, err));
    start = r.footer.summary_start;
    if (!start)
        return TRUNDLE_AGAIN;
    if (start < MAGIC || start > size - MAGIC - FOOTER)
        return error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "the footer's summary lies outside the file");
    if (size - start > f->limits.table_bytes)
        return error_set(err, TRUNDLE_TOO_LARGE, f->path, NULL, "summary of %llu bytes, the limit is %zu", (unsigned long long)(size - start), f->limits.table_bytes);
    TRY(mcap_file_read(f, start, size - MAGIC - start, &f->record, err));
    if (r.footer.summary_crc) {
        uint32_t crc = hash_crc32(0, f->record.data, f->record.n - 4);

        if (crc != r.footer.summary_crc)
            return error_set(err, TRUNDLE_CORRUPT, f->path, "trundle recover FILE keeps what is whole", "summary CRC is %08x, content gives %08x",
                             r.footer.summary_crc, crc);
    }
    n = f->record.n - FOOTER;
    for (size_t at = 0; at < n;) {
        uint64_t length = 0;
        uint8_t op = f->record.data[at];

        for (size_t i = 8; i-- > 0 && n - at >= HEAD;)
            length = length << 8 | f->record.data[at + 1 + i];
        if (n - at < HEAD || length > n - at - HEAD)
            return error_set(err, TRUNDLE_CORRUPT, f->path, NULL, "a record of the summary is longer than the summary");
        if (op >= MCAP_HEADER && op <= MCAP_DATA_END) {
            if (mcap_parse(op, f->record.data + at + HEAD, (size_t)length, &r, err) != TRUNDLE_OK) {
                error_within(err, "%s, summary", f->path);
                return TRUNDLE_CORRUPT;
            }
            TRY(take_summary_record(f, &r, err));
            if (op == MCAP_STATISTICS) {
                statistics = 1;
                messages = r.statistics.message_count;
                chunks = r.statistics.chunk_count;
            }
        }
        at += HEAD + (size_t)length;
    }
    /* A summary that lists everything says so by its statistics. */
    if (!statistics || chunks != f->content.chunks_n || (messages && (!chunks || !f->content.channels_n)))
        return TRUNDLE_AGAIN;
    f->content.whole = true;
    f->content.whole_bytes = size;
    return TRUNDLE_OK;
}

static enum trundle_status take_scanned(struct mcap_file *f, const struct mcap_stream *s, const struct mcap_record *r, struct trundle_error *err)
{
    uint64_t offset = mcap_stream_offset(s), length = mcap_stream_length(s);
    struct mcap_view inside = { NULL, 0 };
    struct mcap_record in;

    switch (r->op) {
    case MCAP_SCHEMA:
        return add_schema(f, r, err);
    case MCAP_CHANNEL:
        return add_channel(f, r, err);
    case MCAP_MESSAGE:
        f->content.loose_messages++;
        return TRUNDLE_OK;
    case MCAP_ATTACHMENT:
        return add_attachment(f, (struct mcap_attachment){ offset, length, r->attachment.log_time, r->attachment.data.n, r->attachment.name,
                                  r->attachment.media_type }, err);
    case MCAP_METADATA:
        return add_metadata(f, (struct mcap_metadata){ offset, length, r->metadata.name }, err);
    case MCAP_CHUNK:
        inside = mcap_stream_content(s);
        break;
    default:
        return TRUNDLE_OK;
    }
    for (size_t at = 0; at < inside.n;) {          /* the stream has checked the framing */
        uint64_t n = 0;

        for (size_t i = 8; i-- > 0;)
            n = n << 8 | inside.data[at + 1 + i];
        if (inside.data[at] == MCAP_SCHEMA || inside.data[at] == MCAP_CHANNEL) {
            TRY(mcap_parse(inside.data[at], inside.data + at + HEAD, (size_t)n, &in, err));
            TRY(in.op == MCAP_SCHEMA ? add_schema(f, &in, err) : add_channel(f, &in, err));
        }
        at += HEAD + (size_t)n;
    }
    return add_chunk(f, (struct mcap_chunk){ r->chunk.start_time, r->chunk.end_time, offset, length, r->chunk.records.n, r->chunk.uncompressed_size,
                         r->chunk.compression }, err);
}

/* Until the end of the data section, or of the whole file; `out_damage` says what stopped it. */
static enum trundle_status scan(struct mcap_file *f, bool strict, struct trundle_error *out_damage, struct trundle_error *err)
{
    struct mcap_stream *s = NULL;
    struct mcap_record r;
    bool data = true;
    enum trundle_status status;

    *out_damage = (struct trundle_error){ .status = TRUNDLE_OK };
    forget(f);
    TRY(mcap_stream_open(f->path, &f->limits, &s, err));
    mcap_stream_keep_chunks(s, true);
    mcap_stream_strict(s, strict);
    while ((status = mcap_stream_next(s, &r, out_damage)) == TRUNDLE_OK) {
        if (r.op == MCAP_DATA_END)
            data = false;
        if (data)
            TRY_GOTO(status, take_scanned(f, s, &r, err), out);
    }
    f->content.whole = status == TRUNDLE_END;
    f->content.whole_bytes = mcap_stream_whole(s);
    if (status == TRUNDLE_NO_MEMORY && err)
        *err = *out_damage;
    else if (status != TRUNDLE_NO_MEMORY)
        status = TRUNDLE_OK;
out:
    mcap_stream_free(s);
    return status;
}

static enum trundle_status file_new(const char *path, const struct mcap_limits *limits, struct mcap_file **out, struct trundle_error *err)
{
    static const struct mcap_limits usual = MCAP_LIMITS_DEFAULT;
    struct mcap_file *f = calloc(1, sizeof *f);
    enum trundle_status status = TRUNDLE_OK;
    struct stat st;

    if (!f)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to read");
    f->limits = limits ? *limits : usual;
    f->fd = -1;
    f->path = strdup(path);
    if (!f->path) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to read");
        goto out;
    }
    TRY_GOTO(status, mcap_codec_new(&f->codec, err), out);
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &st))
        status = error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, NULL, "cannot open: %s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "is not a regular file");
    else
        f->content.bytes = (uint64_t)st.st_size;
out:
    if (status != TRUNDLE_OK)
        mcap_file_free(f);
    else
        *out = f;
    return status;
}

enum trundle_status mcap_file_open(const char *path, const struct mcap_limits *limits, struct mcap_file **out, struct trundle_error *err)
{
    struct mcap_file *f = NULL;
    struct trundle_error damage;
    enum trundle_status status;

    TRY(file_new(path, limits, &f, err));
    status = read_summary(f, err);
    if (status == TRUNDLE_AGAIN) {
        status = scan(f, false, &damage, err);
        if (status == TRUNDLE_OK && damage.status != TRUNDLE_OK) {
            status = damage.status;
            if (err)
                *err = damage;
        }
    }
    if (status != TRUNDLE_OK) {
        mcap_file_free(f);
        return status;
    }
    sort_chunks(f);
    *out = f;
    return TRUNDLE_OK;
}

enum trundle_status mcap_file_open_damaged(const char *path, const struct mcap_limits *limits, struct mcap_file **out,
                                           struct trundle_error *out_damage, struct trundle_error *err)
{
    struct mcap_file *f = NULL;
    struct trundle_error damage;
    enum trundle_status status;

    TRY(file_new(path, limits, &f, err));
    status = scan(f, true, &damage, err);
    if (status != TRUNDLE_OK) {
        mcap_file_free(f);
        return status;
    }
    sort_chunks(f);
    if (out_damage)
        *out_damage = damage;
    *out = f;
    return TRUNDLE_OK;
}
