/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A trip as an MCAP file: which channel a message goes to, in which order, and what is read back. The head is trip_head.c. */
#include "base/trip/trip.h"

#include "base/trip/codec.h"
#include "base/trip/trip_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENSORS = 256 };

struct trip_writer {
    struct mcap_writer *mcap;
    struct codec *codec;
    char where[200];
    int64_t start_wall_ns, last_log_ns;
    uint32_t last_sequence;
    bool any;
    bool known[TRUNDLE_CHANNEL_COUNT][SENSORS];
};

struct route { uint8_t channel, sensor; };         /* channel 0: not ours */

struct trip_reader {
    struct mcap_file *mcap;
    struct codec *codec;
    char where[200];
    struct trip_head head;
    struct route *routes;                          /* owned; parallel to the file's channels */
    uint64_t skipped;
};

static uint16_t channel_id(enum trundle_channel c, uint8_t sensor)
{
    return (uint16_t)((unsigned)c << 8 | sensor);
}

enum trundle_status trip_create(const char *path, const struct trip_head *head, const struct trip_writer_config *config, struct trip_writer **out,
                                struct trundle_error *err)
{
    static const struct trip_writer_config usual = TRIP_WRITER_CONFIG_DEFAULT;
    static const enum mcap_compression compressions[] = { [TRIP_LZ4] = MCAP_LZ4, [TRIP_ZSTD] = MCAP_ZSTD, [TRIP_NONE] = MCAP_NONE };
    const struct trip_writer_config *c = config ? config : &usual;
    struct mcap_writer_config how = { .chunk_bytes = c->chunk_bytes, .chunk_time = c->chunk_ns > 0 ? (uint64_t)c->chunk_ns : 0,
                                      .profile = "trundle", .library = "trundle" };
    struct bytes pairs = { 0 };
    struct mcap_record metadata = { .op = MCAP_METADATA };
    struct trip_writer *w = NULL;
    enum trundle_status status;

    if (!path || !head || (unsigned)c->compression >= COUNT_OF(compressions))
        return error_set(err, TRUNDLE_BAD_ARG, path, NULL, "no path, no head or no such compression");
    how.compression = compressions[c->compression];
    TRY(trip_head_check(head, err));
    w = calloc(1, sizeof *w);
    if (!w)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to write");
    (void)snprintf(w->where, sizeof w->where, "%s", path);
    w->start_wall_ns = head->start_wall_ns;
    TRY_GOTO(status, codec_new(&w->codec, err), out);
    TRY_GOTO(status, trip_head_to_pairs(head, &pairs, err), out);
    TRY_GOTO(status, mcap_create(path, &how, &w->mcap, err), out);
    metadata.metadata.name = mcap_text(TRIP_HEAD_NAME);
    metadata.metadata.metadata = mcap_bytes(&pairs);
    status = mcap_write_metadata(w->mcap, &metadata, err);
out:
    bytes_done(&pairs);
    if (status != TRUNDLE_OK)
        trip_abandon(w);
    else
        *out = w;
    return status;
}

/* Schema and channel of (channel, sensor), at their first message. All of them are our own types: ids are fixed. */
static enum trundle_status introduce(struct trip_writer *w, enum trundle_channel channel, uint8_t sensor, struct trundle_error *err)
{
    struct mcap_record schema = { .op = MCAP_SCHEMA }, c = { .op = MCAP_CHANNEL };
    struct bytes descriptors = { 0 }, pairs = { 0 };
    char topic[32], number[8];
    enum trundle_status status;

    (void)snprintf(number, sizeof number, "%u", sensor);
    (void)snprintf(topic, sizeof topic, "%s%s", codec_topic(channel), channel == TRUNDLE_CAM ? number : "");
    TRY_GOTO(status, codec_descriptors(channel, &descriptors, err), out);
    schema.schema.id = (uint16_t)channel;
    schema.schema.name = mcap_text(codec_schema(channel));
    schema.schema.encoding = mcap_text("protobuf");
    schema.schema.data = mcap_bytes(&descriptors);
    TRY_GOTO(status, mcap_add_schema(w->mcap, &schema, err), out);
    if (mcap_add_text_pair(&pairs, "sensor", number) != TRUNDLE_OK) {
        status = error_set(err, TRUNDLE_NO_MEMORY, w->where, NULL, "no memory to write");
        goto out;
    }
    c.channel.id = channel_id(channel, sensor);
    c.channel.schema_id = (uint16_t)channel;
    c.channel.topic = mcap_text(topic);
    c.channel.encoding = mcap_text("protobuf");
    c.channel.metadata = mcap_bytes(&pairs);
    TRY_GOTO(status, mcap_add_channel(w->mcap, &c, err), out);
    w->known[channel][sensor] = true;
out:
    bytes_done(&descriptors);
    bytes_done(&pairs);
    return status;
}

/* Unix ns of a time inside the trip; false when it is no MCAP time. */
static bool wall(const struct trip_writer *w, int64_t t_ns, uint64_t *out)
{
    int64_t sum;

    if (__builtin_add_overflow(w->start_wall_ns, t_ns, &sum) || sum < 0)
        return false;
    *out = (uint64_t)sum;
    return true;
}

enum trundle_status trip_write(struct trip_writer *w, const struct trundle_message *m, struct trundle_error *err)
{
    struct mcap_record r = { .op = MCAP_MESSAGE };
    enum trundle_status status;
    uint8_t *data;
    size_t n;

    if (w->any && (m->log_ns < w->last_log_ns || m->sequence <= w->last_sequence))
        return error_set(err, TRUNDLE_BAD_ARG, w->where, NULL, "message goes backwards: log time %lld after %lld, sequence %u after %u", (long long)m->log_ns,
                         (long long)w->last_log_ns, m->sequence, w->last_sequence);
    if (!wall(w, m->log_ns, &r.message.log_time) || !wall(w, m->sensed_ns, &r.message.publish_time))
        return error_set(err, TRUNDLE_BAD_ARG, w->where, NULL, "times %lld, %lld ns lie before 1970", (long long)m->sensed_ns, (long long)m->log_ns);
    status = codec_size(w->codec, m, w->start_wall_ns, &n, err);
    if (status != TRUNDLE_OK) {
        error_within(err, "%s", w->where);
        return status;
    }
    if (m->channel == TRUNDLE_CAM && m->sensor >= TRUNDLE_CAMERAS_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, w->where, NULL, "camera %u, there are at most %d", m->sensor, TRUNDLE_CAMERAS_MAX);
    if (!w->known[m->channel][m->sensor])
        TRY(introduce(w, m->channel, m->sensor, err));
    r.message.channel_id = channel_id(m->channel, m->sensor);
    r.message.sequence = m->sequence;
    TRY(mcap_write_room(w->mcap, &r, n, &data, err));
    codec_pack(w->codec, data);
    w->last_log_ns = m->log_ns;
    w->last_sequence = m->sequence;
    w->any = true;
    return TRUNDLE_OK;
}

enum trundle_status trip_attach(struct trip_writer *w, const char *name, const char *media_type, const void *bytes, size_t n, struct trundle_error *err)
{
    struct mcap_record r = { .op = MCAP_ATTACHMENT };

    if (n > TRIP_ATTACHMENT_BYTES)
        return error_set(err, TRUNDLE_TOO_LARGE, w->where, NULL, "attachment '%s' of %zu bytes, the limit is %d", name, n, TRIP_ATTACHMENT_BYTES);
    if (!wall(w, w->any ? w->last_log_ns : 0, &r.attachment.log_time))
        return error_set(err, TRUNDLE_BAD_ARG, w->where, NULL, "an attachment before 1970");
    r.attachment.create_time = r.attachment.log_time;
    r.attachment.name = mcap_text(name);
    r.attachment.media_type = mcap_text(media_type);
    r.attachment.data = (struct mcap_view){ bytes, n };
    return mcap_write_attachment(w->mcap, &r, err);
}

enum trundle_status trip_sync(struct trip_writer *w, struct trundle_error *err)
{
    return mcap_sync(w->mcap, err);
}

enum trundle_status trip_finish(struct trip_writer *w, struct trundle_error *err)
{
    enum trundle_status status = mcap_finish(w->mcap, err);

    w->mcap = NULL;
    trip_abandon(w);
    return status;
}

void trip_abandon(struct trip_writer *w)
{
    if (!w)
        return;
    mcap_abandon(w->mcap);
    codec_free(w->codec);
    free(w);
}

/* Which of our channels a topic is; its sensor is in the channel's metadata, or the N of /cam/N. */
static struct route find_route(const struct mcap_channel *c, const struct mcap_schema *s)
{
    struct route none = { 0, 0 };
    struct mcap_view key, value;
    unsigned sensor = 0, of_topic = 0;
    size_t at = 0;

    if (!s || !mcap_is(c->encoding, "protobuf"))
        return none;
    while (mcap_text_pair_next(c->metadata, &at, &key, &value))
        if (mcap_is(key, "sensor")) {
            if (value.n < 1 || value.n > 3)
                return none;
            for (size_t i = 0; i < value.n; i++) {
                if (value.data[i] < '0' || value.data[i] > '9')
                    return none;
                sensor = 10 * sensor + value.data[i] - '0';
            }
        }
    if (sensor >= SENSORS)
        return none;
    for (unsigned k = 1; k < TRUNDLE_CHANNEL_COUNT; k++) {
        if (!mcap_is(s->name, codec_schema((enum trundle_channel)k)))
            continue;
        if (k == TRUNDLE_CAM) {
            for (of_topic = 0; of_topic < TRUNDLE_CAMERAS_MAX; of_topic++) {
                char topic[16];

                (void)snprintf(topic, sizeof topic, "/cam/%u", of_topic);
                if (mcap_is(c->topic, topic))
                    return (struct route){ (uint8_t)k, (uint8_t)of_topic };
            }
        } else if (mcap_is(c->topic, codec_topic((enum trundle_channel)k))) {
            return (struct route){ (uint8_t)k, (uint8_t)sensor };
        }
    }
    return none;
}

static enum trundle_status open_with(struct mcap_file *file, const char *path, struct trip_reader **out, struct trundle_error *err)
{
    const struct mcap_content *content = mcap_file_content(file);
    struct trip_reader *r = calloc(1, sizeof *r);
    struct mcap_record metadata;
    enum trundle_status status = TRUNDLE_OK;

    if (!r) {
        mcap_file_free(file);
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to read");
    }
    r->mcap = file;
    (void)snprintf(r->where, sizeof r->where, "%s", path);
    TRY_GOTO(status, codec_new(&r->codec, err), out);
    status = mcap_file_metadata(file, TRIP_HEAD_NAME, &metadata, err);
    if (status == TRUNDLE_NOT_FOUND)
        status = error_set(err, content->whole ? TRUNDLE_BAD_INPUT : TRUNDLE_CORRUPT, path, NULL, "no trip: it has no whole '%s' record", TRIP_HEAD_NAME);
    if (status != TRUNDLE_OK)
        goto out;
    status = trip_head_from_pairs(metadata.metadata.metadata, &r->head, err);
    if (status != TRUNDLE_OK) {
        error_within(err, "%s", path);
        goto out;
    }
    if (content->loose_messages) {
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "trundle recover FILE writes it as a trip", "%llu messages lie outside chunks",
                           (unsigned long long)content->loose_messages);
        goto out;
    }
    r->routes = calloc(content->channels_n ? content->channels_n : 1, sizeof *r->routes);
    if (!r->routes) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to read");
        goto out;
    }
    for (size_t i = 0; i < content->channels_n; i++)
        r->routes[i] = find_route(&content->channels[i], mcap_file_schema(file, content->channels[i].schema_id));
out:
    if (status != TRUNDLE_OK)
        trip_free(r);
    else
        *out = r;
    return status;
}

enum trundle_status trip_open(const char *path, struct trip_reader **out, struct trundle_error *err)
{
    struct mcap_file *file = NULL;

    TRY(mcap_file_open(path, NULL, &file, err));
    return open_with(file, path, out, err);
}

enum trundle_status trip_open_damaged(const char *path, struct trip_reader **out, struct trundle_error *err)
{
    struct mcap_file *file = NULL;

    TRY(mcap_file_open_damaged(path, NULL, &file, NULL, err));
    return open_with(file, path, out, err);
}

const struct trip_head *trip_head(const struct trip_reader *r) { return &r->head; }
uint64_t trip_skipped(const struct trip_reader *r) { return r->skipped; }

enum trundle_status trip_next(struct trip_reader *r, struct trundle_message *out, struct trundle_error *err)
{
    const struct mcap_channel *channels = mcap_file_content(r->mcap)->channels;
    uint64_t start = (uint64_t)r->head.start_wall_ns;

    for (;;) {
        struct trundle_message m = { 0 };
        const struct mcap_channel *channel;
        struct mcap_record record;
        struct route route;
        enum trundle_status status;

        TRY(mcap_file_next(r->mcap, &record, err));
        channel = mcap_file_channel(r->mcap, record.message.channel_id);
        if (!channel)
            return error_set(err, TRUNDLE_CORRUPT, r->where, NULL, "message %u is of channel %u, which is nowhere defined", record.message.sequence,
                             record.message.channel_id);
        route = r->routes[channel - channels];
        if (!route.channel) {
            r->skipped++;
            continue;
        }
        if (record.message.log_time > INT64_MAX || record.message.publish_time > INT64_MAX)
            return error_set(err, TRUNDLE_BAD_INPUT, r->where, NULL, "message %u has a time out of range", record.message.sequence);
        m.sensor = route.sensor;
        m.log_ns = (int64_t)(record.message.log_time - start);
        m.sensed_ns = (int64_t)(record.message.publish_time - start);
        m.sequence = record.message.sequence;
        status = codec_decode(r->codec, (enum trundle_channel)route.channel, record.message.data.data, record.message.data.n, &m, err);
        if (status != TRUNDLE_OK) {
            error_within(err, "%s, message %u", r->where, m.sequence);
            return status;
        }
        *out = m;
        return TRUNDLE_OK;
    }
}

enum trundle_status trip_seek(struct trip_reader *r, int64_t t_ns, struct trundle_error *err)
{
    int64_t sum;

    (void)err;
    if (__builtin_add_overflow(r->head.start_wall_ns, t_ns, &sum))
        sum = t_ns < 0 ? 0 : INT64_MAX;
    mcap_file_seek(r->mcap, sum < 0 ? 0 : (uint64_t)sum);
    return TRUNDLE_OK;
}

enum trundle_status trip_attachment(struct trip_reader *r, const char *name, struct bytes *out, struct trundle_error *err)
{
    struct mcap_record a;
    struct bytes copy = { 0 };

    TRY(mcap_file_attachment(r->mcap, name, &a, err));
    if (bytes_reserve(&copy, a.attachment.data.n + 1) != TRUNDLE_OK || bytes_append(&copy, a.attachment.data.data, a.attachment.data.n) != TRUNDLE_OK) {
        bytes_done(&copy);
        return error_set(err, TRUNDLE_NO_MEMORY, r->where, NULL, "no memory for attachment '%s'", name);
    }
    copy.data[copy.n] = 0;                         /* text can be read as text */
    bytes_done(out);
    *out = copy;
    return TRUNDLE_OK;
}

void trip_free(struct trip_reader *r)
{
    if (!r)
        return;
    mcap_file_free(r->mcap);
    codec_free(r->codec);
    free(r->routes);
    free(r);
}
