/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle info FILE - what a trip (or any MCAP file) holds. Reads all of it, so what it counts is there. */
#include "base/std/json.h"
#include "base/std/time.h"
#include "base/trip/mcap.h"
#include "base/trip/trip_head.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <inttypes.h>
#include <stdlib.h>

struct counts { uint64_t messages, bytes; };

struct info {
    const char *path;
    struct mcap_file *file;
    const struct mcap_content *content;
    struct counts *channels;               /* owned; parallel to content->channels */
    uint64_t messages, first, last, compressed, uncompressed;
    bool has_head;
    struct trip_head head;
    struct trundle_error damage;           /* status OK: none */
};

static enum trundle_status count_messages(struct info *in, struct trundle_error *err)
{
    struct mcap_record r;
    enum trundle_status status;

    while ((status = mcap_file_next(in->file, &r, err)) == TRUNDLE_OK) {
        const struct mcap_channel *c = mcap_file_channel(in->file, r.message.channel_id);

        if (!in->messages++)
            in->first = r.message.log_time;
        in->last = r.message.log_time;
        if (c) {
            in->channels[c - in->content->channels].messages++;
            in->channels[c - in->content->channels].bytes += r.message.data.n;
        }
    }
    for (size_t i = 0; i < in->content->chunks_n; i++) {
        in->compressed += in->content->chunks[i].compressed_size;
        in->uncompressed += in->content->chunks[i].uncompressed_size;
    }
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status gather(struct info *in, struct trundle_error *err)
{
    struct mcap_record r;
    enum trundle_status status = mcap_file_open(in->path, NULL, &in->file, err);

    if (status == TRUNDLE_TRUNCATED || status == TRUNDLE_CORRUPT) {
        struct trundle_error damage = *err;

        status = mcap_file_open_damaged(in->path, NULL, &in->file, NULL, err);
        in->damage = damage;
        if (status == TRUNDLE_OK && !mcap_file_content(in->file)->whole_bytes) {
            *err = damage;
            return damage.status;
        }
    }
    TRY(status);
    in->content = mcap_file_content(in->file);
    status = mcap_file_metadata(in->file, TRIP_HEAD_NAME, &r, err);
    if (status == TRUNDLE_OK)
        status = trip_head_from_pairs(r.metadata.metadata, &in->head, err);
    in->has_head = status == TRUNDLE_OK;
    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND) {
        error_within(err, "%s", in->path);
        return status;
    }
    in->channels = calloc(in->content->channels_n + 1, sizeof *in->channels);
    if (!in->channels)
        return error_set(err, TRUNDLE_NO_MEMORY, in->path, NULL, "no memory");
    return count_messages(in, err);
}

static double duration_s(const struct info *in)
{
    return (double)(in->last - in->first) * 1e-9;
}

static double rate(const struct info *in, uint64_t messages)
{
    return duration_s(in) > 0 ? (double)messages / duration_s(in) : 0;
}

/* Views are no C strings; what is not UTF-8 is shown as "?". */
static json_t *text_json(struct mcap_view v)
{
    json_t *text = json_stringn(v.n ? (const char *)v.data : "", v.n);

    return text ? text : json_string("?");
}

/* The channel's "sensor"; empty when it has none. */
static struct mcap_view sensor_of(const struct mcap_channel *c)
{
    struct mcap_view key, value;
    size_t at = 0;

    while (mcap_text_pair_next(c->metadata, &at, &key, &value))
        if (mcap_is(key, "sensor"))
            return value;
    return (struct mcap_view){ NULL, 0 };
}

static json_t *to_json(const struct info *in)
{
    json_t *head = in->has_head ? json_object() : json_null(), *channels = json_array(), *attachments = json_array();
    const char *key, *value;
    char text[32];
    bool number;

    for (size_t i = 0; in->has_head && (value = trip_head_field(&in->head, i, &key, &number, text)); i++)
        (void)json_object_set_new(head, key, number ? json_integer(strtoll(value, NULL, 10)) : json_string(value));
    for (size_t i = 0; i < in->content->channels_n; i++) {
        const struct mcap_channel *c = &in->content->channels[i];
        const struct mcap_schema *s = mcap_file_schema(in->file, c->schema_id);
        struct mcap_view sensor = sensor_of(c);
        json_t *row = json_pack("{s:o,s:o,s:o,s:I,s:f,s:I}", "topic", text_json(c->topic), "sensor", sensor.n ? text_json(sensor) : json_null(), "schema", s ? text_json(s->name) : json_null(), "messages",
                                (json_int_t)in->channels[i].messages, "rate_hz", rate(in, in->channels[i].messages), "bytes", (json_int_t)in->channels[i].bytes);

        (void)json_array_append_new(channels, row);
    }
    for (size_t i = 0; i < in->content->attachments_n; i++) {
        const struct mcap_attachment *a = &in->content->attachments[i];

        (void)json_array_append_new(attachments, json_pack("{s:o,s:o,s:I}", "name", text_json(a->name), "media_type", text_json(a->media_type), "bytes",
                                                           (json_int_t)a->data_size));
    }
    return json_pack("{s:s,s:b,s:s,s:I,s:I,s:o,s:I,s:f,s:I,s:I,s:I,s:o,s:o}", "file", in->path, "whole", in->damage.status == TRUNDLE_OK, "damage", in->damage.what,
                     "bytes", (json_int_t)in->content->bytes, "whole_bytes", (json_int_t)in->content->whole_bytes, "head", head, "messages",
                     (json_int_t)in->messages, "duration_s", duration_s(in), "chunks", (json_int_t)in->content->chunks_n, "compressed_bytes",
                     (json_int_t)in->compressed, "uncompressed_bytes", (json_int_t)in->uncompressed, "channels", channels, "attachments", attachments);
}

/* Outside text on a terminal: no control characters. */
static void print_view(struct mcap_view v, int width)
{
    int n = 0;

    for (size_t i = 0; i < v.n && n < 200; i++, n++)
        (void)putchar(v.data[i] < 0x20 || v.data[i] == 0x7f ? '.' : v.data[i]);
    for (; n < width; n++)
        (void)putchar(' ');
}

static void print(const struct info *in)
{
    const char *key, *value;
    char text[32];
    bool number;

    printf("%s: %s, %" PRIu64 " bytes\n", in->path, in->damage.status == TRUNDLE_OK ? "whole" : "DAMAGED", in->content->bytes);
    if (in->damage.status != TRUNDLE_OK)
        printf("  %s; whole up to byte %" PRIu64 "\n", in->damage.what, in->content->whole_bytes);
    if (!in->has_head)
        printf("  no trip head: an MCAP file of another kind\n");
    for (size_t i = 0; in->has_head && (value = trip_head_field(&in->head, i, &key, &number, text)); i++)
        if (*value)
            printf("  %-17s %s\n", key, value);
    printf("%" PRIu64 " messages in %.3f s, %zu chunks, %" PRIu64 " bytes of %" PRIu64 " (%.1f %%)\n", in->messages, duration_s(in), in->content->chunks_n,
           in->compressed, in->uncompressed, in->uncompressed ? 100.0 * (double)in->compressed / (double)in->uncompressed : 0.0);
    for (size_t i = 0; i < in->content->channels_n; i++) {
        const struct mcap_channel *c = &in->content->channels[i];
        const struct mcap_schema *s = mcap_file_schema(in->file, c->schema_id);

        printf("  ");
        print_view(c->topic, 12);
        printf(" ");
        print_view(sensor_of(c), 3);
        printf(" %8" PRIu64 " messages %9.2f Hz %12" PRIu64 " bytes  ", in->channels[i].messages, rate(in, in->channels[i].messages), in->channels[i].bytes);
        print_view(s ? s->name : mcap_text("(no schema)"), 0);
        printf("\n");
    }
    if (in->content->attachments_n)
        printf("%zu attachments\n", in->content->attachments_n);
    for (size_t i = 0; i < in->content->attachments_n; i++) {
        printf("  ");
        print_view(in->content->attachments[i].name, 20);
        printf(" %10" PRIu64 " bytes  ", in->content->attachments[i].data_size);
        print_view(in->content->attachments[i].media_type, 0);
        printf("\n");
    }
}

int verb_info(int argc, char **argv)
{
    bool json = false;
    const struct option_row rows[] = { { "json", NULL, OPTION_FLAG, &json, "one JSON object on one line" }, { 0 } };
    struct info in = { 0 };
    struct trundle_error err = { .status = TRUNDLE_OK };
    int first, code = EXIT_OK;

    if (!option_parse(argc, argv, "trundle info FILE", "Shows what a trip holds: head, channels, sizes, attachments.", rows, &first, &code))
        return code;
    if (argc - first != 1) {
        fprintf(stderr, "trundle info: one FILE is needed (trundle info --help)\n");
        return EXIT_USAGE;
    }
    in.path = argv[first];
    if (gather(&in, &err) != TRUNDLE_OK) {
        code = option_fail("info", &err);
        goto out;
    }
    if (json) {
        json_t *root = to_json(&in);

        if (json_dumpf(root, stdout, JSON_COMPACT) == 0)
            (void)putchar('\n');
        json_decref(root);
    } else {
        print(&in);
    }
    if (in.damage.status != TRUNDLE_OK)
        code = option_fail("info", &in.damage);
out:
    free(in.channels);
    mcap_file_free(in.file);
    return code;
}
