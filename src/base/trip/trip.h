/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trip - one trip in one MCAP file: everything a cart sensed and decided, in log order.
 *
 *     struct trip_reader *r;
 *     struct trundle_message m;
 *     TRY(trip_open("17.mcap", &r, err));
 *     while ((status = trip_next(r, &m, err)) == TRUNDLE_OK)
 *         use(&m);                      // TRUNDLE_END at the end
 *     trip_free(r);
 *
 * Times of messages are ns since trip start; the file holds Unix ns (head.start_wall_ns + t). `sequence` is MCAP's.
 * The container itself is mcap.h, the bytes of each channel codec.h. Threads: one thread at a time per reader or writer.
 */
#pragma once

#include "base/std/bytes.h"

#include <trundle/message.h>

enum { TRIP_SCHEMA_VERSION = 1, TRIP_TEXT = 128 };

/* Kept as MCAP metadata "trundle.trip", all values text. Empty text: not known. */
struct trip_head {
    int64_t schema_version;
    char    build[TRIP_TEXT], kernel_plan[TRIP_TEXT], suite[TRIP_TEXT], store[TRIP_TEXT];
    int64_t seed;
    int64_t start_wall_ns;                 /* Unix ns of t = 0 */
    char    cart_sha256[65], catalog_sha256[65], model_sha256[65], costs_sha256[65], planogram_sha256[65];
};

enum trip_compression { TRIP_LZ4 = 0, TRIP_ZSTD = 1, TRIP_NONE = 2 };

struct trip_writer_config {
    enum trip_compression compression;
    size_t  chunk_bytes;                   /* default 1 MiB */
    int64_t chunk_ns;                      /* default 250 ms of log time */
};
#define TRIP_WRITER_CONFIG_DEFAULT { .compression = TRIP_LZ4, .chunk_bytes = 1 << 20, .chunk_ns = 250000000 }

struct trip_writer;
struct trip_reader;

/* Creates (never overwrites: CONFLICT) a trip and writes its head. */
TRUNDLE_MUST_USE enum trundle_status trip_create(const char *path, const struct trip_head *head, const struct trip_writer_config *config,
                                                 struct trip_writer **out, struct trundle_error *err);
/* Appends; BAD_ARG when log_ns or sequence goes backwards. IO (disk full...) leaves the file ending in whole chunks plus
 * at most one partial one; the writer then refuses further messages with the same error. */
TRUNDLE_MUST_USE enum trundle_status trip_write(struct trip_writer *w, const struct trundle_message *m, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status trip_attach(struct trip_writer *w, const char *name, const char *media_type, const void *bytes, size_t n, struct trundle_error *err);
/* Closes the open chunk and makes everything so far durable (fdatasync). */
TRUNDLE_MUST_USE enum trundle_status trip_sync(struct trip_writer *w, struct trundle_error *err);
/* Closes the file with its summary; frees w in every case. */
TRUNDLE_MUST_USE enum trundle_status trip_finish(struct trip_writer *w, struct trundle_error *err);
/* Frees w, leaving the file as a killed cart would. NULL is fine. */
void trip_abandon(struct trip_writer *w);

/* Opens a whole trip. TRUNCATED with the hint "trundle recover" when it has no end; then `trip_open_damaged` reads what is
 * whole (up to the last whole chunk, as if the file ended there). */
TRUNDLE_MUST_USE enum trundle_status trip_open(const char *path, struct trip_reader **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status trip_open_damaged(const char *path, struct trip_reader **out, struct trundle_error *err);
const struct trip_head *trip_head(const struct trip_reader *r);
/* The next message in log order. Pointers in *out live until the next call. Channels we do not know are skipped and counted. */
TRUNDLE_MUST_USE enum trundle_status trip_next(struct trip_reader *r, struct trundle_message *out, struct trundle_error *err);
/* The next trip_next gives the first message with log_ns >= t. */
TRUNDLE_MUST_USE enum trundle_status trip_seek(struct trip_reader *r, int64_t t_ns, struct trundle_error *err);
/* NOT_FOUND when there is no such attachment. */
TRUNDLE_MUST_USE enum trundle_status trip_attachment(struct trip_reader *r, const char *name, struct bytes *out, struct trundle_error *err);
uint64_t trip_skipped(const struct trip_reader *r);
void trip_free(struct trip_reader *r);

struct trip_recovery { uint64_t chunks, messages, bytes_lost; int64_t last_log_ns; };
/* Copies what is whole into `out_path` as a proper trip. CORRUPT when nothing is. */
TRUNDLE_MUST_USE enum trundle_status trip_recover(const char *path, const char *out_path, struct trip_recovery *out, struct trundle_error *err);

/* Names of the attachments that every trip has. */
#define TRIP_CART_JSON    "cart.json"
#define TRIP_CATALOG_JSON "catalog.json"
