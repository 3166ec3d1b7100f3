/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * mcap - the MCAP container (version 0), which knows nothing of trips: records as plain values, a streaming reader, an
 * indexed reader in log order, a writer.
 *
 *     struct mcap_stream *s;
 *     struct mcap_record r;
 *     TRY(mcap_stream_open(path, NULL, &s, err));
 *     while ((status = mcap_stream_next(s, &r, err)) == TRUNDLE_OK)   // every record in file order, chunks opened
 *         use(&r);
 *     mcap_stream_free(s);
 *
 * Source of every layout and CRC: the MCAP format specification, mcap.dev/spec. All numbers are little-endian. Extra bytes
 * at the end of a record are skipped, as are records of unknown kinds; records inside records' fixed parts must be whole.
 * Memory: at most 2 x record_bytes (one record, its buffer doubling) + 2 x open_bytes (opened chunks and the lists of their
 * messages; the streaming reader: chunk_bytes) + 2 x table_bytes (indexes, schemas, channels) of mcap_limits, whatever a
 * file says: 512 MiB by default, and nothing near it unless the file holds the bytes. Threads: one at a time per object.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>

enum mcap_op {
    MCAP_HEADER = 1, MCAP_FOOTER = 2, MCAP_SCHEMA = 3, MCAP_CHANNEL = 4, MCAP_MESSAGE = 5, MCAP_CHUNK = 6,
    MCAP_MESSAGE_INDEX = 7, MCAP_CHUNK_INDEX = 8, MCAP_ATTACHMENT = 9, MCAP_ATTACHMENT_INDEX = 10, MCAP_STATISTICS = 11,
    MCAP_METADATA = 12, MCAP_METADATA_INDEX = 13, MCAP_SUMMARY_OFFSET = 14, MCAP_DATA_END = 15
};

/* Borrowed bytes; texts are UTF-8 without a NUL. */
struct mcap_view { const uint8_t *data; size_t n; };

/* One record. Views point into what was parsed. Pairs are walked with the mcap_*_next functions below. */
struct mcap_record {
    uint8_t op;
    union {
        struct { struct mcap_view profile, library; } header;
        struct { uint64_t summary_start, summary_offset_start; uint32_t summary_crc; } footer;
        struct { uint16_t id; struct mcap_view name, encoding, data; } schema;
        struct { uint16_t id, schema_id; struct mcap_view topic, encoding, metadata; } channel;
        struct { uint16_t channel_id; uint32_t sequence; uint64_t log_time, publish_time; struct mcap_view data; } message;
        struct { uint64_t start_time, end_time, uncompressed_size; uint32_t crc; struct mcap_view compression, records; } chunk;
        struct { uint16_t channel_id; struct mcap_view entries; } message_index;
        struct { uint64_t start_time, end_time, offset, length; struct mcap_view index_offsets; uint64_t index_length;
                 struct mcap_view compression; uint64_t compressed_size, uncompressed_size; } chunk_index;
        struct { uint64_t log_time, create_time; struct mcap_view name, media_type, data; uint32_t crc; } attachment;
        struct { uint64_t offset, length, log_time, create_time, data_size; struct mcap_view name, media_type; } attachment_index;
        struct { uint64_t message_count; uint16_t schema_count; uint32_t channel_count, attachment_count, metadata_count, chunk_count;
                 uint64_t start_time, end_time; struct mcap_view channel_counts; } statistics;
        struct { struct mcap_view name, metadata; } metadata;
        struct { uint64_t offset, length; struct mcap_view name; } metadata_index;
        struct { uint8_t group_op; uint64_t start, length; } summary_offset;
        struct { uint32_t crc; } data_end;
    };
};

/* Parses the body of a record (what follows op and length) and checks every length and pair in it. CORRUPT when it is too
 * short; UNSUPPORTED for kinds we do not know. The attachment's CRC is checked here: it is over its own bytes. */
TRUNDLE_MUST_USE enum trundle_status mcap_parse(uint8_t op, const uint8_t *body, size_t n, struct mcap_record *out, struct trundle_error *err);
/* Appends a record with its op and length. An attachment's CRC is
 * computed; its `crc` is not looked at. NO_MEMORY; TOO_LARGE for texts or pairs over 4 GiB. */
TRUNDLE_MUST_USE enum trundle_status mcap_append(struct bytes *out, const struct mcap_record *r, struct trundle_error *err);

/* Walk the pairs of a view that came from mcap_parse, from *at = 0; false at the end. */
bool mcap_text_pair_next(struct mcap_view pairs, size_t *at, struct mcap_view *key, struct mcap_view *value);  /* metadata */
bool mcap_count_pair_next(struct mcap_view pairs, size_t *at, uint16_t *key, uint64_t *value);  /* index_offsets, channel_counts */
bool mcap_entry_next(struct mcap_view entries, size_t *at, uint64_t *log_time, uint64_t *offset);      /* message_index */
/* Build the same. */
TRUNDLE_MUST_USE enum trundle_status mcap_add_text_pair(struct bytes *pairs, const char *key, const char *value);
TRUNDLE_MUST_USE enum trundle_status mcap_add_count_pair(struct bytes *pairs, uint16_t key, uint64_t value);
TRUNDLE_MUST_USE enum trundle_status mcap_add_entry(struct bytes *entries, uint64_t log_time, uint64_t offset);

struct mcap_view mcap_text(const char *text);
struct mcap_view mcap_bytes(const struct bytes *b);
bool mcap_is(struct mcap_view v, const char *text);
bool mcap_same(struct mcap_view a, struct mcap_view b);

enum mcap_compression { MCAP_LZ4 = 0, MCAP_ZSTD = 1, MCAP_NONE = 2, MCAP_COMPRESSION_COUNT };
/* "lz4", "zstd", "". */
const char *mcap_compression_name(enum mcap_compression c);

struct mcap_limits {
    size_t record_bytes;       /* one record on disk, a compressed chunk included */
    size_t chunk_bytes;        /* one chunk, decompressed */
    size_t open_bytes;         /* chunks open at once, decompressed (they overlap in time) */
    size_t table_bytes;        /* indexes, schemas and channels kept */
};
#define MCAP_LIMITS_DEFAULT { .record_bytes = (size_t)64 << 20, .chunk_bytes = (size_t)64 << 20, .open_bytes = (size_t)128 << 20, \
                              .table_bytes = (size_t)64 << 20 }
enum { MCAP_OPEN_CHUNKS = 256 };        /* how many may overlap in time */

/* --- Streaming: every record in file order, in bounded pieces. ------------------------------------------------------ */
struct mcap_stream;

/* NULL limits: the defaults. NOT_FOUND, IO; CORRUPT when it is no MCAP file. */
TRUNDLE_MUST_USE enum trundle_status mcap_stream_open(const char *path, const struct mcap_limits *limits, struct mcap_stream **out, struct trundle_error *err);
/* True: chunks are given as they are, as MCAP_CHUNK with checked CRC, not opened. Before the first mcap_stream_next. */
void mcap_stream_keep_chunks(struct mcap_stream *s, bool keep);
/* True: what no writer of ours makes is damage (CORRUPT) too: unknown or misplaced kinds in the data section, extra bytes after
 * a chunk or an attachment, a message index that does not fit its chunk. A flipped bit in a damaged file, which has no CRC
 * over its data section, then hides nothing. Before the first mcap_stream_next. */
void mcap_stream_strict(struct mcap_stream *s, bool strict);
/* The next record; views live until the next call. END after footer and closing magic; TRUNCATED when the file ends before
 * them; CORRUPT when a CRC (chunk, attachment, data section, summary) or a length is wrong; TOO_LARGE; UNSUPPORTED
 * (compression). A chunk gives nothing unless all of it is right. After an error every call gives the same error. */
TRUNDLE_MUST_USE enum trundle_status mcap_stream_next(struct mcap_stream *s, struct mcap_record *out, struct trundle_error *err);
/* File offset and length (op and length included) of the record given last; of its chunk when it came from one. */
uint64_t mcap_stream_offset(const struct mcap_stream *s);
uint64_t mcap_stream_length(const struct mcap_stream *s);
/* Bytes of the file read and found right so far: the end of the last whole record. */
uint64_t mcap_stream_whole(const struct mcap_stream *s);
/* The decompressed content of the chunk given last, in keep_chunks mode. */
struct mcap_view mcap_stream_content(const struct mcap_stream *s);
void mcap_stream_free(struct mcap_stream *s);

/* --- Indexed: messages in log order, seeking, attachments. ---------------------------------------------------------- */
struct mcap_file;

struct mcap_schema { uint16_t id; struct mcap_view name, encoding, data; };
struct mcap_channel { uint16_t id, schema_id; struct mcap_view topic, encoding, metadata; };
struct mcap_chunk { uint64_t start_time, end_time, offset, length, compressed_size, uncompressed_size; struct mcap_view compression; };
struct mcap_attachment { uint64_t offset, length, log_time, data_size; struct mcap_view name, media_type; };
struct mcap_metadata { uint64_t offset, length; struct mcap_view name; };

/* What a file holds; owned by the file, lives as long as it. Channels and schemas by ascending id, chunks by start time. */
struct mcap_content {
    uint64_t bytes;
    const struct mcap_schema *schemas;         size_t schemas_n;
    const struct mcap_channel *channels;       size_t channels_n;
    const struct mcap_chunk *chunks;           size_t chunks_n;
    const struct mcap_attachment *attachments; size_t attachments_n;
    const struct mcap_metadata *metadata;      size_t metadata_n;
    bool whole;                                /* it had its end, and everything before it was right */
    uint64_t whole_bytes;                      /* up to the end of the last whole record */
    uint64_t loose_messages;                   /* outside chunks: not given by mcap_file_next (known after a scan) */
};

/* Reads the summary (CRC checked); a whole file without a chunk index is scanned. TRUNCATED when the file has no end. */
TRUNDLE_MUST_USE enum trundle_status mcap_file_open(const char *path, const struct mcap_limits *limits, struct mcap_file **out, struct trundle_error *err);
/* Scans the file, checks every chunk, and takes what comes before the first damage or the end. `out_damage` (may be NULL)
 * says what ended the scan; status OK in it when the file is whole. */
TRUNDLE_MUST_USE enum trundle_status mcap_file_open_damaged(const char *path, const struct mcap_limits *limits, struct mcap_file **out,
                                                            struct trundle_error *out_damage, struct trundle_error *err);
const struct mcap_content *mcap_file_content(const struct mcap_file *f);
const struct mcap_channel *mcap_file_channel(const struct mcap_file *f, uint16_t id);   /* NULL: none */
const struct mcap_schema *mcap_file_schema(const struct mcap_file *f, uint16_t id);     /* NULL: none */
/* The next message by log_time, ties by sequence, then by place in the file. Views live until the next call. END. */
TRUNDLE_MUST_USE enum trundle_status mcap_file_next(struct mcap_file *f, struct mcap_record *out, struct trundle_error *err);
/* The next mcap_file_next gives the first message with log_time >= t. Reads nothing. */
void mcap_file_seek(struct mcap_file *f, uint64_t log_time);
/* The first attachment (CRC checked) or metadata record of a name; views live until the next call on f. NOT_FOUND. */
TRUNDLE_MUST_USE enum trundle_status mcap_file_attachment(struct mcap_file *f, const char *name, struct mcap_record *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status mcap_file_metadata(struct mcap_file *f, const char *name, struct mcap_record *out, struct trundle_error *err);
void mcap_file_free(struct mcap_file *f);

/* --- Writing. ------------------------------------------------------------------------------------------------------- */
struct mcap_writer;

struct mcap_writer_config {
    enum mcap_compression compression;
    size_t chunk_bytes;                /* a chunk is closed when it holds so much, uncompressed; 1..MCAP_LIMITS_DEFAULT.chunk_bytes / 2 */
    uint64_t chunk_time;               /* ... or spans so much log time; 0: no such rule */
    const char *profile, *library;
};

/* CONFLICT when the file exists; it is never overwritten. */
TRUNDLE_MUST_USE enum trundle_status mcap_create(const char *path, const struct mcap_writer_config *config, struct mcap_writer **out, struct trundle_error *err);
/* Ids are the caller's; schema 0 means none. Content is copied. A second definition of an id must be the same (CONFLICT). They
 * reach the file with the first message that needs them, and again in the summary. */
TRUNDLE_MUST_USE enum trundle_status mcap_add_schema(struct mcap_writer *w, const struct mcap_record *schema, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status mcap_add_channel(struct mcap_writer *w, const struct mcap_record *channel, struct trundle_error *err);
/* Copies the message. No heap call once the buffers have their size. After an IO error every call gives that error. */
TRUNDLE_MUST_USE enum trundle_status mcap_write(struct mcap_writer *w, const struct mcap_record *message, struct trundle_error *err);
/* The same in two steps: room for `n` bytes of data of a message, which the caller fills before the next call on w. */
TRUNDLE_MUST_USE enum trundle_status mcap_write_room(struct mcap_writer *w, const struct mcap_record *message, size_t n, uint8_t **out_data, struct trundle_error *err);
/* Straight to the file, between chunks (the open chunk is closed first). */
TRUNDLE_MUST_USE enum trundle_status mcap_write_attachment(struct mcap_writer *w, const struct mcap_record *attachment, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status mcap_write_metadata(struct mcap_writer *w, const struct mcap_record *metadata, struct trundle_error *err);
/* Closes the open chunk, if any; with its message indexes it is handed to the system. */
TRUNDLE_MUST_USE enum trundle_status mcap_close_chunk(struct mcap_writer *w, struct trundle_error *err);
/* mcap_close_chunk, then fdatasync. */
TRUNDLE_MUST_USE enum trundle_status mcap_sync(struct mcap_writer *w, struct trundle_error *err);
/* Writes data end, summary, footer; fsync; frees w in every case. */
TRUNDLE_MUST_USE enum trundle_status mcap_finish(struct mcap_writer *w, struct trundle_error *err);
/* Closes the descriptor and frees w; the open chunk is lost. NULL is fine. */
void mcap_abandon(struct mcap_writer *w);

/* --- Chunks: used by readers and writer. ---------------------------------------------------------------------------- */
struct mcap_codec;                     /* compression state, reused */
TRUNDLE_MUST_USE enum trundle_status mcap_codec_new(struct mcap_codec **out, struct trundle_error *err);
void mcap_codec_free(struct mcap_codec *c);
/* Replaces the content of `out`. */
TRUNDLE_MUST_USE enum trundle_status mcap_compress(struct mcap_codec *c, enum mcap_compression how, const void *data, size_t n, struct bytes *out, struct trundle_error *err);
/* Replaces the content of `out` with exactly chunk.uncompressed_size bytes and checks the CRC (0: none kept). */
TRUNDLE_MUST_USE enum trundle_status mcap_decompress(struct mcap_codec *c, const struct mcap_record *chunk, size_t limit, struct bytes *out, struct trundle_error *err);
