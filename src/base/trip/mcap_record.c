/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Records between their bytes and struct mcap_record. No files, no chunks: mcap_stream.c, mcap_file.c, mcap_write.c. */
#include "base/trip/mcap.h"

#include "base/std/hash.h"

#include <string.h>

/* --- Reading. `short_` remembers that something did not fit; all later takes then give nothing. --- */
struct cursor {
    const uint8_t *data;
    size_t n, at;
    bool short_;
};

static const uint8_t *take(struct cursor *c, uint64_t n)
{
    const uint8_t *p;

    if (c->short_ || n > c->n - c->at) {
        c->short_ = true;
        return NULL;
    }
    p = c->n ? c->data + c->at : c->data;      /* nothing at all has no address to add to */
    c->at += (size_t)n;
    return p;
}

static uint64_t load(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static uint64_t take_number(struct cursor *c, size_t n)
{
    const uint8_t *p = take(c, n);

    return p ? load(p, n) : 0;
}

static uint8_t  take_8(struct cursor *c)  { return (uint8_t)take_number(c, 1); }
static uint16_t take_16(struct cursor *c) { return (uint16_t)take_number(c, 2); }
static uint32_t take_32(struct cursor *c) { return (uint32_t)take_number(c, 4); }
static uint64_t take_64(struct cursor *c) { return take_number(c, 8); }

static struct mcap_view take_view(struct cursor *c, uint64_t n)
{
    const uint8_t *p = take(c, n);

    return p ? (struct mcap_view){ p, (size_t)n } : (struct mcap_view){ NULL, 0 };
}

static struct mcap_view take_text(struct cursor *c) { return take_view(c, take_32(c)); }

static struct mcap_view rest(struct cursor *c) { return take_view(c, c->short_ ? 0 : c->n - c->at); }

static struct mcap_view take_text_pairs(struct cursor *c)
{
    struct mcap_view pairs = take_text(c), key, value;
    size_t at = 0;

    while (mcap_text_pair_next(pairs, &at, &key, &value)) {}
    c->short_ |= at != pairs.n;
    return pairs;
}

static struct mcap_view take_multiple(struct cursor *c, size_t of)
{
    struct mcap_view v = take_text(c);

    c->short_ |= v.n % of != 0;
    return v;
}

bool mcap_text_pair_next(struct mcap_view pairs, size_t *at, struct mcap_view *key, struct mcap_view *value)
{
    struct cursor c = { pairs.data, pairs.n, *at, false };
    struct mcap_view k = take_text(&c), v = take_text(&c);

    if (c.short_)
        return false;
    *key = k;
    *value = v;
    *at = c.at;
    return true;
}

bool mcap_count_pair_next(struct mcap_view pairs, size_t *at, uint16_t *key, uint64_t *value)
{
    if (*at >= pairs.n || pairs.n - *at < 10)
        return false;
    *key = (uint16_t)load(pairs.data + *at, 2);
    *value = load(pairs.data + *at + 2, 8);
    *at += 10;
    return true;
}

bool mcap_entry_next(struct mcap_view entries, size_t *at, uint64_t *log_time, uint64_t *offset)
{
    if (*at >= entries.n || entries.n - *at < 16)
        return false;
    *log_time = load(entries.data + *at, 8);
    *offset = load(entries.data + *at + 8, 8);
    *at += 16;
    return true;
}

static void parse_fields(struct cursor *c, struct mcap_record *r)
{
    switch (r->op) {
    case MCAP_HEADER:
        r->header.profile = take_text(c);
        r->header.library = take_text(c);
        break;
    case MCAP_FOOTER:
        r->footer.summary_start = take_64(c);
        r->footer.summary_offset_start = take_64(c);
        r->footer.summary_crc = take_32(c);
        break;
    case MCAP_SCHEMA:
        r->schema.id = take_16(c);
        r->schema.name = take_text(c);
        r->schema.encoding = take_text(c);
        r->schema.data = take_text(c);
        break;
    case MCAP_CHANNEL:
        r->channel.id = take_16(c);
        r->channel.schema_id = take_16(c);
        r->channel.topic = take_text(c);
        r->channel.encoding = take_text(c);
        r->channel.metadata = take_text_pairs(c);
        break;
    case MCAP_MESSAGE:
        r->message.channel_id = take_16(c);
        r->message.sequence = take_32(c);
        r->message.log_time = take_64(c);
        r->message.publish_time = take_64(c);
        r->message.data = rest(c);
        break;
    case MCAP_CHUNK:
        r->chunk.start_time = take_64(c);
        r->chunk.end_time = take_64(c);
        r->chunk.uncompressed_size = take_64(c);
        r->chunk.crc = take_32(c);
        r->chunk.compression = take_text(c);
        r->chunk.records = take_view(c, take_64(c));
        break;
    case MCAP_MESSAGE_INDEX:
        r->message_index.channel_id = take_16(c);
        r->message_index.entries = take_multiple(c, 16);
        break;
    case MCAP_CHUNK_INDEX:
        r->chunk_index.start_time = take_64(c);
        r->chunk_index.end_time = take_64(c);
        r->chunk_index.offset = take_64(c);
        r->chunk_index.length = take_64(c);
        r->chunk_index.index_offsets = take_multiple(c, 10);
        r->chunk_index.index_length = take_64(c);
        r->chunk_index.compression = take_text(c);
        r->chunk_index.compressed_size = take_64(c);
        r->chunk_index.uncompressed_size = take_64(c);
        break;
    case MCAP_ATTACHMENT:
        r->attachment.log_time = take_64(c);
        r->attachment.create_time = take_64(c);
        r->attachment.name = take_text(c);
        r->attachment.media_type = take_text(c);
        r->attachment.data = take_view(c, take_64(c));
        r->attachment.crc = take_32(c);
        break;
    case MCAP_ATTACHMENT_INDEX:
        r->attachment_index.offset = take_64(c);
        r->attachment_index.length = take_64(c);
        r->attachment_index.log_time = take_64(c);
        r->attachment_index.create_time = take_64(c);
        r->attachment_index.data_size = take_64(c);
        r->attachment_index.name = take_text(c);
        r->attachment_index.media_type = take_text(c);
        break;
    case MCAP_STATISTICS:
        r->statistics.message_count = take_64(c);
        r->statistics.schema_count = take_16(c);
        r->statistics.channel_count = take_32(c);
        r->statistics.attachment_count = take_32(c);
        r->statistics.metadata_count = take_32(c);
        r->statistics.chunk_count = take_32(c);
        r->statistics.start_time = take_64(c);
        r->statistics.end_time = take_64(c);
        r->statistics.channel_counts = take_multiple(c, 10);
        break;
    case MCAP_METADATA:
        r->metadata.name = take_text(c);
        r->metadata.metadata = take_text_pairs(c);
        break;
    case MCAP_METADATA_INDEX:
        r->metadata_index.offset = take_64(c);
        r->metadata_index.length = take_64(c);
        r->metadata_index.name = take_text(c);
        break;
    case MCAP_SUMMARY_OFFSET:
        r->summary_offset.group_op = take_8(c);
        r->summary_offset.start = take_64(c);
        r->summary_offset.length = take_64(c);
        break;
    case MCAP_DATA_END:
        r->data_end.crc = take_32(c);
        break;
    default:
        break;
    }
}

enum trundle_status mcap_parse(uint8_t op, const uint8_t *body, size_t n, struct mcap_record *out, struct trundle_error *err)
{
    struct cursor c = { body, n, 0, false };
    struct mcap_record r = { .op = op };

    if (op < MCAP_HEADER || op > MCAP_DATA_END)
        return error_set(err, TRUNDLE_UNSUPPORTED, NULL, NULL, "record of unknown kind %u", op);
    parse_fields(&c, &r);
    if (c.short_)
        return error_set(err, TRUNDLE_CORRUPT, NULL, NULL, "record of kind %u with %zu bytes is too short for its fields", op, n);
    if (op == MCAP_ATTACHMENT && r.attachment.crc) {
        uint32_t crc = hash_crc32(0, body, c.at - 4);

        if (crc != r.attachment.crc)
            return error_set(err, TRUNDLE_CORRUPT, NULL, NULL, "attachment CRC is %08x, content gives %08x", r.attachment.crc, crc);
    }
    *out = r;
    return TRUNDLE_OK;
}

/* --- Writing. --- */
static enum trundle_status put(struct bytes *b, uint64_t v, size_t n)
{
    uint8_t p[8];

    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
    return bytes_append(b, p, n);
}

static enum trundle_status put_view(struct bytes *b, struct mcap_view v, size_t length_bytes)
{
    if (length_bytes == 4 && v.n > UINT32_MAX)
        return TRUNDLE_TOO_LARGE;
    TRY(put(b, v.n, length_bytes));
    return bytes_append(b, v.data, v.n);
}

enum trundle_status mcap_add_text_pair(struct bytes *pairs, const char *key, const char *value)
{
    size_t was = pairs->n;
    enum trundle_status status = put_view(pairs, mcap_text(key), 4);

    if (status == TRUNDLE_OK)
        status = put_view(pairs, mcap_text(value), 4);
    if (status != TRUNDLE_OK)
        pairs->n = was;
    return status;
}

enum trundle_status mcap_add_count_pair(struct bytes *pairs, uint16_t key, uint64_t value)
{
    TRY(bytes_reserve(pairs, 10));
    TRY(put(pairs, key, 2));
    return put(pairs, value, 8);
}

enum trundle_status mcap_add_entry(struct bytes *entries, uint64_t log_time, uint64_t offset)
{
    TRY(bytes_reserve(entries, 16));
    TRY(put(entries, log_time, 8));
    return put(entries, offset, 8);
}

static enum trundle_status append_fields(struct bytes *b, const struct mcap_record *r)
{
    size_t start = b->n;

    switch (r->op) {
    case MCAP_HEADER:
        TRY(put_view(b, r->header.profile, 4));
        return put_view(b, r->header.library, 4);
    case MCAP_FOOTER:
        TRY(put(b, r->footer.summary_start, 8));
        TRY(put(b, r->footer.summary_offset_start, 8));
        return put(b, r->footer.summary_crc, 4);
    case MCAP_SCHEMA:
        TRY(put(b, r->schema.id, 2));
        TRY(put_view(b, r->schema.name, 4));
        TRY(put_view(b, r->schema.encoding, 4));
        return put_view(b, r->schema.data, 4);
    case MCAP_CHANNEL:
        TRY(put(b, r->channel.id, 2));
        TRY(put(b, r->channel.schema_id, 2));
        TRY(put_view(b, r->channel.topic, 4));
        TRY(put_view(b, r->channel.encoding, 4));
        return put_view(b, r->channel.metadata, 4);
    case MCAP_MESSAGE:
        TRY(put(b, r->message.channel_id, 2));
        TRY(put(b, r->message.sequence, 4));
        TRY(put(b, r->message.log_time, 8));
        TRY(put(b, r->message.publish_time, 8));
        return bytes_append(b, r->message.data.data, r->message.data.n);
    case MCAP_CHUNK:
        TRY(put(b, r->chunk.start_time, 8));
        TRY(put(b, r->chunk.end_time, 8));
        TRY(put(b, r->chunk.uncompressed_size, 8));
        TRY(put(b, r->chunk.crc, 4));
        TRY(put_view(b, r->chunk.compression, 4));
        return put_view(b, r->chunk.records, 8);
    case MCAP_MESSAGE_INDEX:
        TRY(put(b, r->message_index.channel_id, 2));
        return put_view(b, r->message_index.entries, 4);
    case MCAP_CHUNK_INDEX:
        TRY(put(b, r->chunk_index.start_time, 8));
        TRY(put(b, r->chunk_index.end_time, 8));
        TRY(put(b, r->chunk_index.offset, 8));
        TRY(put(b, r->chunk_index.length, 8));
        TRY(put_view(b, r->chunk_index.index_offsets, 4));
        TRY(put(b, r->chunk_index.index_length, 8));
        TRY(put_view(b, r->chunk_index.compression, 4));
        TRY(put(b, r->chunk_index.compressed_size, 8));
        return put(b, r->chunk_index.uncompressed_size, 8);
    case MCAP_ATTACHMENT:
        TRY(put(b, r->attachment.log_time, 8));
        TRY(put(b, r->attachment.create_time, 8));
        TRY(put_view(b, r->attachment.name, 4));
        TRY(put_view(b, r->attachment.media_type, 4));
        TRY(put_view(b, r->attachment.data, 8));
        return put(b, hash_crc32(0, b->data + start, b->n - start), 4);
    case MCAP_ATTACHMENT_INDEX:
        TRY(put(b, r->attachment_index.offset, 8));
        TRY(put(b, r->attachment_index.length, 8));
        TRY(put(b, r->attachment_index.log_time, 8));
        TRY(put(b, r->attachment_index.create_time, 8));
        TRY(put(b, r->attachment_index.data_size, 8));
        TRY(put_view(b, r->attachment_index.name, 4));
        return put_view(b, r->attachment_index.media_type, 4);
    case MCAP_STATISTICS:
        TRY(put(b, r->statistics.message_count, 8));
        TRY(put(b, r->statistics.schema_count, 2));
        TRY(put(b, r->statistics.channel_count, 4));
        TRY(put(b, r->statistics.attachment_count, 4));
        TRY(put(b, r->statistics.metadata_count, 4));
        TRY(put(b, r->statistics.chunk_count, 4));
        TRY(put(b, r->statistics.start_time, 8));
        TRY(put(b, r->statistics.end_time, 8));
        return put_view(b, r->statistics.channel_counts, 4);
    case MCAP_METADATA:
        TRY(put_view(b, r->metadata.name, 4));
        return put_view(b, r->metadata.metadata, 4);
    case MCAP_METADATA_INDEX:
        TRY(put(b, r->metadata_index.offset, 8));
        TRY(put(b, r->metadata_index.length, 8));
        return put_view(b, r->metadata_index.name, 4);
    case MCAP_SUMMARY_OFFSET:
        TRY(put(b, r->summary_offset.group_op, 1));
        TRY(put(b, r->summary_offset.start, 8));
        return put(b, r->summary_offset.length, 8);
    case MCAP_DATA_END:
        return put(b, r->data_end.crc, 4);
    default:
        return TRUNDLE_BAD_ARG;
    }
}

enum trundle_status mcap_append(struct bytes *out, const struct mcap_record *r, struct trundle_error *err)
{
    static const uint8_t head[9];
    size_t start = out->n;
    enum trundle_status status = bytes_append(out, head, sizeof head);
    uint64_t n;

    if (status == TRUNDLE_OK)
        status = append_fields(out, r);
    if (status != TRUNDLE_OK) {
        out->n = start;
        return error_set(err, status, NULL, NULL, "cannot make a record of kind %u", r->op);
    }
    n = out->n - start - sizeof head;
    out->data[start] = r->op;
    for (size_t i = 0; i < 8; i++)
        out->data[start + 1 + i] = (uint8_t)(n >> (8 * i));
    return TRUNDLE_OK;
}

struct mcap_view mcap_text(const char *text)
{
    return (struct mcap_view){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

struct mcap_view mcap_bytes(const struct bytes *b)
{
    return (struct mcap_view){ b->data, b->n };
}

bool mcap_same(struct mcap_view a, struct mcap_view b)
{
    return a.n == b.n && (!a.n || !memcmp(a.data, b.data, a.n));
}

bool mcap_is(struct mcap_view v, const char *text)
{
    return mcap_same(v, mcap_text(text));
}
