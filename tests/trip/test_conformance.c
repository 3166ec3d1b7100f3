/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The MCAP conformance set ($TRUNDLE_DATA/mcap_conformance): each file is built from the records and the features of its
 * JSON, must be the official file byte for byte (or have its size and sha256 where only a git-lfs pointer is there), is
 * read record by record, and is re-encoded with other chunk sizes and compressions.
 */
#include "base/std/hash.h"
#include "base/std/json.h"
#include "base/trip/mcap.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __wrap_fsync(int fd);
int __wrap_fsync(int fd) { (void)fd; return 0; }

enum kind { U8, U16, U32, U64, TEXT, BYTES, TEXTS, COUNTS };

/* Every field of every record that the JSON files name, in their order (by name). */
#define FIELD(op, name, kind, member) { op, name, kind, offsetof(struct mcap_record, member) }
static const struct field { uint8_t op; const char *name; enum kind kind; size_t at; } fields[] = {
    FIELD(MCAP_HEADER, "library", TEXT, header.library), FIELD(MCAP_HEADER, "profile", TEXT, header.profile),
    FIELD(MCAP_FOOTER, "summary_crc", U32, footer.summary_crc), FIELD(MCAP_FOOTER, "summary_offset_start", U64, footer.summary_offset_start),
    FIELD(MCAP_FOOTER, "summary_start", U64, footer.summary_start),
    FIELD(MCAP_SCHEMA, "data", BYTES, schema.data), FIELD(MCAP_SCHEMA, "encoding", TEXT, schema.encoding), FIELD(MCAP_SCHEMA, "id", U16, schema.id),
    FIELD(MCAP_SCHEMA, "name", TEXT, schema.name),
    FIELD(MCAP_CHANNEL, "id", U16, channel.id), FIELD(MCAP_CHANNEL, "message_encoding", TEXT, channel.encoding),
    FIELD(MCAP_CHANNEL, "metadata", TEXTS, channel.metadata), FIELD(MCAP_CHANNEL, "schema_id", U16, channel.schema_id),
    FIELD(MCAP_CHANNEL, "topic", TEXT, channel.topic),
    FIELD(MCAP_MESSAGE, "channel_id", U16, message.channel_id), FIELD(MCAP_MESSAGE, "data", BYTES, message.data),
    FIELD(MCAP_MESSAGE, "log_time", U64, message.log_time), FIELD(MCAP_MESSAGE, "publish_time", U64, message.publish_time),
    FIELD(MCAP_MESSAGE, "sequence", U32, message.sequence),
    FIELD(MCAP_CHUNK_INDEX, "chunk_length", U64, chunk_index.length), FIELD(MCAP_CHUNK_INDEX, "chunk_start_offset", U64, chunk_index.offset),
    FIELD(MCAP_CHUNK_INDEX, "compressed_size", U64, chunk_index.compressed_size), FIELD(MCAP_CHUNK_INDEX, "compression", TEXT, chunk_index.compression),
    FIELD(MCAP_CHUNK_INDEX, "message_end_time", U64, chunk_index.end_time),
    FIELD(MCAP_CHUNK_INDEX, "message_index_length", U64, chunk_index.index_length),
    FIELD(MCAP_CHUNK_INDEX, "message_index_offsets", COUNTS, chunk_index.index_offsets),
    FIELD(MCAP_CHUNK_INDEX, "message_start_time", U64, chunk_index.start_time),
    FIELD(MCAP_CHUNK_INDEX, "uncompressed_size", U64, chunk_index.uncompressed_size),
    FIELD(MCAP_ATTACHMENT, "create_time", U64, attachment.create_time), FIELD(MCAP_ATTACHMENT, "data", BYTES, attachment.data),
    FIELD(MCAP_ATTACHMENT, "log_time", U64, attachment.log_time), FIELD(MCAP_ATTACHMENT, "media_type", TEXT, attachment.media_type),
    FIELD(MCAP_ATTACHMENT, "name", TEXT, attachment.name),
    FIELD(MCAP_ATTACHMENT_INDEX, "create_time", U64, attachment_index.create_time),
    FIELD(MCAP_ATTACHMENT_INDEX, "data_size", U64, attachment_index.data_size), FIELD(MCAP_ATTACHMENT_INDEX, "length", U64, attachment_index.length),
    FIELD(MCAP_ATTACHMENT_INDEX, "log_time", U64, attachment_index.log_time),
    FIELD(MCAP_ATTACHMENT_INDEX, "media_type", TEXT, attachment_index.media_type), FIELD(MCAP_ATTACHMENT_INDEX, "name", TEXT, attachment_index.name),
    FIELD(MCAP_ATTACHMENT_INDEX, "offset", U64, attachment_index.offset),
    FIELD(MCAP_STATISTICS, "attachment_count", U32, statistics.attachment_count), FIELD(MCAP_STATISTICS, "channel_count", U32, statistics.channel_count),
    FIELD(MCAP_STATISTICS, "channel_message_counts", COUNTS, statistics.channel_counts), FIELD(MCAP_STATISTICS, "chunk_count", U32, statistics.chunk_count),
    FIELD(MCAP_STATISTICS, "message_count", U64, statistics.message_count), FIELD(MCAP_STATISTICS, "message_end_time", U64, statistics.end_time),
    FIELD(MCAP_STATISTICS, "message_start_time", U64, statistics.start_time), FIELD(MCAP_STATISTICS, "metadata_count", U32, statistics.metadata_count),
    FIELD(MCAP_STATISTICS, "schema_count", U16, statistics.schema_count),
    FIELD(MCAP_METADATA, "metadata", TEXTS, metadata.metadata), FIELD(MCAP_METADATA, "name", TEXT, metadata.name),
    FIELD(MCAP_METADATA_INDEX, "length", U64, metadata_index.length), FIELD(MCAP_METADATA_INDEX, "name", TEXT, metadata_index.name),
    FIELD(MCAP_METADATA_INDEX, "offset", U64, metadata_index.offset),
    FIELD(MCAP_SUMMARY_OFFSET, "group_length", U64, summary_offset.length), FIELD(MCAP_SUMMARY_OFFSET, "group_opcode", U8, summary_offset.group_op),
    FIELD(MCAP_SUMMARY_OFFSET, "group_start", U64, summary_offset.start),
    FIELD(MCAP_DATA_END, "data_section_crc", U32, data_end.crc),
};

static const char *const op_names[16] = { "", "Header", "Footer", "Schema", "Channel", "Message", "Chunk", "MessageIndex", "ChunkIndex", "Attachment",
                                          "AttachmentIndex", "Statistics", "Metadata", "MetadataIndex", "SummaryOffset", "DataEnd" };

static void must(enum trundle_status status)
{
    assert_int_equal(status, TRUNDLE_OK);
}

static const char *folder_of_files(void)
{
    static const char *folder;

    if (!folder)
        folder = support_scratch();
    return folder;
}

/* Without file_write's fsync: there are thousands. */
static void put_file(const char *path, const struct bytes *b)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(b->data, 1, b->n, f), b->n);
    assert_int_equal(fclose(f), 0);
}

static json_t *number_text(uint64_t v)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, v);
    return json_string(text);
}

static json_t *field_json(const struct mcap_record *r, const struct field *f)
{
    const char *at = (const char *)r + f->at;
    struct mcap_view v = { NULL, 0 }, key, value;
    size_t pos = 0;
    uint16_t id;
    uint64_t n = 0;
    json_t *out = NULL;

    if (f->kind >= TEXT)
        memcpy(&v, at, sizeof v);
    switch (f->kind) {
    case U8: { uint8_t x; memcpy(&x, at, sizeof x); return number_text(x); }
    case U16: { uint16_t x; memcpy(&x, at, sizeof x); return number_text(x); }
    case U32: { uint32_t x; memcpy(&x, at, sizeof x); return number_text(x); }
    case U64: { uint64_t x; memcpy(&x, at, sizeof x); return number_text(x); }
    case TEXT: return json_stringn((const char *)v.data, v.n);
    case BYTES:
        out = json_array();
        for (size_t i = 0; i < v.n; i++)
            json_array_append_new(out, number_text(v.data[i]));
        return out;
    case TEXTS:
        out = json_object();
        while (mcap_text_pair_next(v, &pos, &key, &value))
            json_object_setn_new(out, (const char *)key.data, key.n, json_stringn((const char *)value.data, value.n));
        return out;
    case COUNTS:
        out = json_object();
        while (mcap_count_pair_next(v, &pos, &id, &n)) {
            char text[8];

            (void)snprintf(text, sizeof text, "%u", id);
            json_object_set_new(out, text, number_text(n));
        }
        return out;
    }
    return out;
}

static json_t *record_json(const struct mcap_record *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (fields[i].op == r->op)
            json_array_append_new(list, json_pack("[s,o]", fields[i].name, field_json(r, &fields[i])));
    return json_pack("{s:s,s:o}", "type", op_names[r->op & 15], "fields", list);
}

/* The other way; views point into `store`, which must have room. */
static struct mcap_record json_record(json_t *json, struct bytes *store)
{
    struct mcap_record r = { 0 };
    json_t *list = json_object_get(json, "fields"), *pair, *v, *item;
    size_t i, k;
    const char *key;

    for (uint8_t op = 1; op < 16; op++)
        if (!strcmp(op_names[op], json_string_value(json_object_get(json, "type"))))
            r.op = op;
    json_array_foreach(list, i, pair) {
        const struct field *f = NULL;
        struct mcap_view view = { store->data + store->n, 0 };
        struct bytes b = { 0 };
        uint64_t n;
        char *at;

        v = json_array_get(pair, 1);
        for (k = 0; k < COUNT_OF(fields) && !f; k++)
            if (fields[k].op == r.op && !strcmp(fields[k].name, json_string_value(json_array_get(pair, 0))))
                f = &fields[k];
        if (!f) {
            fail_msg("a field that we do not know");
            break;
        }
        at = (char *)&r + f->at;
        n = strtoull(json_is_string(v) ? json_string_value(v) : "0", NULL, 10);
        if (f->kind == TEXT)
            must(bytes_append(&b, json_string_value(v), json_string_length(v)));
        if (f->kind == BYTES)
            json_array_foreach(v, k, item) {
                uint8_t byte = (uint8_t)strtoul(json_string_value(item), NULL, 10);

                must(bytes_append(&b, &byte, 1));
            }
        if (f->kind == TEXTS)
            json_object_foreach(v, key, item)
                must(mcap_add_text_pair(&b, key, json_string_value(item)));
        if (f->kind == COUNTS)
            json_object_foreach(v, key, item)
                must(mcap_add_count_pair(&b, (uint16_t)strtoul(key, NULL, 10), strtoull(json_string_value(item), NULL, 10)));
        switch (f->kind) {
        case U8: { uint8_t x = (uint8_t)n; memcpy(at, &x, sizeof x); break; }
        case U16: { uint16_t x = (uint16_t)n; memcpy(at, &x, sizeof x); break; }
        case U32: { uint32_t x = (uint32_t)n; memcpy(at, &x, sizeof x); break; }
        case U64: memcpy(at, &n, sizeof n); break;
        default:
            assert_true(store->capacity - store->n >= b.n);
            must(bytes_append(store, b.data, b.n));
            view.n = b.n;
            memcpy(at, &view, sizeof view);
        }
        bytes_done(&b);
    }
    return r;
}

static void append_padded(struct bytes *out, const struct mcap_record *r, bool pad)
{
    static const uint8_t extra[3] = { 0x01, 0xff, 0xff };
    size_t start = out->n;
    struct trundle_error err;

    support_ok(mcap_append(out, r, &err), &err);
    if (!pad || r->op == MCAP_FOOTER || r->op == MCAP_MESSAGE || r->op == MCAP_CHUNK || r->op == MCAP_DATA_END)
        return;
    assert_int_equal(bytes_append(out, extra, sizeof extra), TRUNDLE_OK);
    out->data[start + 1] = (uint8_t)(out->data[start + 1] + 3);          /* all of these records are short */
    assert_true(out->data[start + 1] >= 3);
}

/* The official file of a JSON. */
static void build(json_t *json, struct bytes *out)
{
    static const uint8_t magic[8] = { 0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n' };
    json_t *features = json_object_get(json_object_get(json_object_get(json, "meta"), "variant"), "features"), *item;
    bool pad = false, chunks = false, indexes = false, data = true;
    struct bytes chunk = { 0 }, entries = { 0 }, store = { 0 };
    struct mcap_record c = { .op = MCAP_CHUNK }, r, index = { .op = MCAP_MESSAGE_INDEX };
    size_t i;

    assert_int_equal(bytes_reserve(&store, 1 << 16), TRUNDLE_OK);
    json_array_foreach(features, i, item) {
        pad |= !strcmp(json_string_value(item), "pad");
        chunks |= !strcmp(json_string_value(item), "ch");
        indexes |= !strcmp(json_string_value(item), "mx");
    }
    out->n = 0;
    must(bytes_append(out, magic, sizeof magic));
    json_array_foreach(json_object_get(json, "records"), i, item) {
        r = json_record(item, &store);
        if (data && chunks && (r.op == MCAP_SCHEMA || r.op == MCAP_CHANNEL || r.op == MCAP_MESSAGE)) {
            if (r.op == MCAP_MESSAGE) {
                if (!entries.n || r.message.log_time < c.chunk.start_time)
                    c.chunk.start_time = r.message.log_time;
                if (r.message.log_time > c.chunk.end_time)
                    c.chunk.end_time = r.message.log_time;
                must(mcap_add_entry(&entries, r.message.log_time, chunk.n));
                index.message_index.channel_id = r.message.channel_id;
            }
            append_padded(&chunk, &r, false);
            continue;
        }
        if (r.op == MCAP_DATA_END && chunks) {
            c.chunk.uncompressed_size = chunk.n;
            c.chunk.crc = hash_crc32(0, chunk.data, chunk.n);
            c.chunk.records = mcap_bytes(&chunk);
            append_padded(out, &c, pad);
            index.message_index.entries = mcap_bytes(&entries);
            if (indexes)
                append_padded(out, &index, pad);
        }
        if (r.op == MCAP_DATA_END)
            data = false;
        append_padded(out, &r, pad);
    }
    must(bytes_append(out, magic, sizeof magic));
    bytes_done(&chunk);
    bytes_done(&entries);
    bytes_done(&store);
}

/* True when these bytes are the official file: itself, or what its git-lfs pointer says. */
static bool is_official(const struct bytes *built, const char *path)
{
    struct bytes official = { 0 };
    struct trundle_error err;
    char sha[HASH_SHA256_TEXT], want[200];
    bool same;

    support_ok(file_read(path, 1 << 20, &official, &err), &err);
    if (official.n > 8 && !memcmp(official.data, "version ", 8)) {
        (void)snprintf(want, sizeof want, "oid sha256:%s\nsize %zu\n", hash_sha256(built->data, built->n, sha), built->n);
        same = strstr((const char *)official.data, want) != NULL;
    } else {
        same = official.n == built->n && !memcmp(official.data, built->data, built->n);
    }
    bytes_done(&official);
    return same;
}

static json_t *read_records(const char *path, struct trundle_error *err)
{
    json_t *list = json_array();
    struct mcap_stream *s = NULL;
    struct mcap_record r;
    enum trundle_status status = mcap_stream_open(path, NULL, &s, err);

    if (status == TRUNDLE_OK)
        while ((status = mcap_stream_next(s, &r, err)) == TRUNDLE_OK)
            if (r.op != MCAP_MESSAGE_INDEX)
                json_array_append_new(list, record_json(&r));
    mcap_stream_free(s);
    if (status == TRUNDLE_END)
        return list;
    json_decref(list);
    return NULL;
}

/* What must survive a re-encoding: definitions by id, messages, attachments and metadata in their order. */
static json_t *essence(json_t *records)
{
    static const char *const kinds[] = { "Schema", "Channel", "Message", "Attachment", "Metadata" };
    json_t *out = json_object(), *item;
    size_t i;

    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        json_t *list = json_array();

        json_array_foreach(records, i, item) {
            bool again = false;
            json_t *other;
            size_t n;

            if (strcmp(json_string_value(json_object_get(item, "type")), kinds[k]) != 0)
                continue;
            json_array_foreach(list, n, other)
                again |= k < 2 && json_equal(other, item);
            if (!again)
                json_array_append(list, item);
        }
        json_object_set_new(out, kinds[k], list);
    }
    return out;
}

static void re_encode(const char *from, const char *to, const struct mcap_writer_config *config)
{
    struct mcap_stream *s = NULL;
    struct mcap_writer *w = NULL;
    struct mcap_record r;
    struct trundle_error err;
    enum trundle_status status;

    (void)unlink(to);
    support_ok(mcap_stream_open(from, NULL, &s, &err), &err);
    support_ok(mcap_create(to, config, &w, &err), &err);
    while ((status = mcap_stream_next(s, &r, &err)) == TRUNDLE_OK && r.op != MCAP_DATA_END) {
        if (r.op == MCAP_SCHEMA)
            support_ok(mcap_add_schema(w, &r, &err), &err);
        if (r.op == MCAP_CHANNEL)
            support_ok(mcap_add_channel(w, &r, &err), &err);
        if (r.op == MCAP_MESSAGE)
            support_ok(mcap_write(w, &r, &err), &err);
        if (r.op == MCAP_ATTACHMENT)
            support_ok(mcap_write_attachment(w, &r, &err), &err);
        if (r.op == MCAP_METADATA)
            support_ok(mcap_write_metadata(w, &r, &err), &err);
    }
    support_ok(status, &err);
    mcap_stream_free(s);
    support_ok(mcap_finish(w, &err), &err);
}

struct tally { size_t files, official, records, fields, rewrites, mutants, noticed; };

static void check_rewrites(const char *path, json_t *records, struct tally *t)
{
    static const struct mcap_writer_config configs[] = {
        { MCAP_LZ4, 1, 0, "p", "l" }, { MCAP_ZSTD, 100, 0, "", "" }, { MCAP_NONE, 1 << 20, 0, "", "" } };
    char to[600];
    struct trundle_error err;
    json_t *want = essence(records);

    (void)snprintf(to, sizeof to, "%s/again.mcap", folder_of_files());
    for (size_t i = 0; i < COUNT_OF(configs); i++) {
        json_t *again, *got;

        re_encode(path, to, &configs[i]);
        again = read_records(to, &err);
        if (!again)
            fail_msg("%s re-encoded: %s", path, err.what);
        got = essence(again);
        if (!json_equal(got, want))
            fail_msg("%s re-encoded holds other records", path);
        json_decref(got);
        json_decref(again);
        t->rewrites++;
    }
    json_decref(want);
}

/* One field of one record changed: what is read must no longer be what the JSON says. */
static void check_mutant(json_t *json, const char *scratch, struct tally *t)
{
    json_t *mutant = json_deep_copy(json), *records = json_object_get(mutant, "records"), *want = json_object_get(json, "records"), *got, *pair, *v;
    size_t i = t->files % json_array_size(records);
    struct bytes b = { 0 };
    struct trundle_error err;

    pair = json_object_get(json_array_get(records, i), "fields");
    pair = json_array_get(pair, (t->files / 7) % json_array_size(pair));
    v = json_array_get(pair, 1);
    if (json_is_string(v))
        json_array_set_new(pair, 1, json_string(strcmp(json_string_value(v), "7") ? "7" : "8"));
    else if (json_is_array(v))
        json_array_append_new(v, json_string("7"));
    else
        json_object_set_new(v, "7", json_string("7"));
    build(mutant, &b);
    put_file(scratch, &b);
    got = read_records(scratch, &err);
    t->mutants++;
    t->noticed += !got || !json_equal(got, want);
    json_decref(got);
    json_decref(mutant);
    bytes_done(&b);
}

static void check_file(const char *json_path, struct tally *t)
{
    char mcap_path[700], scratch[600];
    json_t *json = NULL, *got, *want, *item;
    struct bytes built = { 0 };
    struct trundle_error err;
    size_t i;

    (void)snprintf(mcap_path, sizeof mcap_path, "%.*s.mcap", (int)strlen(json_path) - 5, json_path);
    (void)snprintf(scratch, sizeof scratch, "%s/one.mcap", folder_of_files());
    support_ok(json_parse_file(json_path, &json, &err), &err);
    want = json_object_get(json, "records");
    build(json, &built);
    if (is_official(&built, mcap_path))
        t->official++;
    else
        print_message("%s: the file built from its JSON is not the official one\n", json_path);
    put_file(scratch, &built);
    got = read_records(scratch, &err);
    if (!got)
        fail_msg("%s: %s: %s", json_path, err.where, err.what);
    if (!json_equal(got, want))
        fail_msg("%s: other records\n%s", json_path, json_dumps(got, JSON_COMPACT));
    json_array_foreach(want, i, item) {
        t->records++;
        t->fields += json_array_size(json_object_get(item, "fields"));
    }
    check_rewrites(scratch, want, t);
    check_mutant(json, scratch, t);
    t->files++;
    json_decref(got);
    json_decref(json);
    bytes_done(&built);
}

static void conformance(void **state)
{
    static const char *const sets[] = { "NoData", "OneAttachment", "OneMessage", "OneMetadata", "OneSchemalessMessage", "TenMessages" };
    struct tally t = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        char relative[100], path[1200];
        const char *folder;
        DIR *dir;
        struct dirent *entry;

        (void)snprintf(relative, sizeof relative, "mcap_conformance/%s", sets[i]);
        folder = support_data(relative);
        dir = opendir(folder);
        assert_non_null(dir);
        while ((entry = readdir(dir))) {
            size_t n = strlen(entry->d_name);

            if (n < 5 || strcmp(entry->d_name + n - 5, ".json") != 0)
                continue;
            (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            check_file(path, &t);
        }
        (void)closedir(dir);
    }
    print_message("# %zu files, %zu of them byte for byte the official ones; %zu records, %zu fields as their JSON says; %zu re-encodings hold the same; "
                  "%zu of %zu mutants noticed\n", t.files, t.official, t.records, t.fields, t.rewrites, t.noticed, t.mutants);
    assert_int_equal(t.files, 416);
    assert_int_equal(t.official, t.files);
    assert_int_equal(t.noticed, t.mutants);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(conformance) };

    return support_run(tests);
}
