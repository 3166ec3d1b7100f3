/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What is whole of a damaged trip, copied message by message into a proper one. */
#include "base/trip/trip_head.h"

#include <stdio.h>
#include <unistd.h>

/* Everything before the first damage, as it was: also channels that we do not know. */
static enum trundle_status copy_record(struct mcap_writer *w, const struct mcap_record *r, int64_t start_wall_ns, struct trip_recovery *done, struct trundle_error *err)
{
    switch (r->op) {
    case MCAP_SCHEMA:
        return r->schema.id ? mcap_add_schema(w, r, err) : TRUNDLE_OK;
    case MCAP_CHANNEL:
        return mcap_add_channel(w, r, err);
    case MCAP_MESSAGE: {
        int64_t log_ns = (int64_t)(r->message.log_time - (uint64_t)start_wall_ns);

        TRY(mcap_write(w, r, err));
        if (!done->messages || log_ns > done->last_log_ns)
            done->last_log_ns = log_ns;
        done->messages++;
        return TRUNDLE_OK;
    }
    case MCAP_ATTACHMENT:
        return mcap_write_attachment(w, r, err);
    case MCAP_METADATA:
        return mcap_write_metadata(w, r, err);
    default:
        return TRUNDLE_OK;
    }
}

static enum trundle_status copy_all(const char *path, struct mcap_writer *w, uint64_t whole, int64_t start_wall_ns, struct trip_recovery *done,
                                    struct trundle_error *err)
{
    struct mcap_stream *s = NULL;
    struct mcap_record r;
    struct trundle_error damage;
    enum trundle_status status;
    uint64_t chunk = 0;

    TRY(mcap_stream_open(path, NULL, &s, err));
    /* The end of `whole` is where the scan met the damage: the same file gives the same records up to there. */
    while ((status = mcap_stream_next(s, &r, &damage)) == TRUNDLE_OK && r.op != MCAP_DATA_END && mcap_stream_offset(s) < whole) {
        if (r.op == MCAP_MESSAGE && mcap_stream_offset(s) != chunk) {
            chunk = mcap_stream_offset(s);
            done->chunks++;
        }
        status = copy_record(w, &r, start_wall_ns, done, err);
        if (status != TRUNDLE_OK)
            goto out;
    }
    status = status == TRUNDLE_NO_MEMORY ? error_set(err, status, path, NULL, "no memory to recover") : TRUNDLE_OK;
out:
    mcap_stream_free(s);
    return status;
}

enum trundle_status trip_recover(const char *path, const char *out_path, struct trip_recovery *out, struct trundle_error *err)
{
    static const struct trip_writer_config usual = TRIP_WRITER_CONFIG_DEFAULT;
    struct mcap_writer_config how = { .compression = MCAP_LZ4, .chunk_bytes = usual.chunk_bytes, .chunk_time = (uint64_t)usual.chunk_ns,
                                      .profile = "trundle", .library = "trundle" };
    struct trip_recovery done = { 0 };
    struct trip_reader *reader = NULL;
    struct mcap_writer *w = NULL;
    struct mcap_file *file = NULL;
    const struct mcap_content *content;
    enum trundle_status status;

    /* First its head must be right: without it nothing else has a meaning. */
    TRY(trip_open_damaged(path, &reader, err));
    TRY_GOTO(status, mcap_file_open_damaged(path, NULL, &file, NULL, err), out);
    content = mcap_file_content(file);
    done.bytes_lost = content->whole ? 0 : content->bytes - content->whole_bytes;
    TRY_GOTO(status, mcap_create(out_path, &how, &w, err), out);
    TRY_GOTO(status, copy_all(path, w, content->whole_bytes, trip_head(reader)->start_wall_ns, &done, err), out);
    status = mcap_finish(w, err);
    w = NULL;
    if (status != TRUNDLE_OK)
        (void)unlink(out_path);
    else if (out)
        *out = done;
out:
    if (w) {
        mcap_abandon(w);
        (void)unlink(out_path);
    }
    mcap_file_free(file);
    trip_free(reader);
    return status;
}
