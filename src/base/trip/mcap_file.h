/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Inside the indexed reader: what mcap_file.c (reading) and mcap_index.c (the table of content) share. Not for others. */
#pragma once

#include "base/trip/mcap.h"

struct mcap_entry { uint64_t time; uint32_t sequence, offset, n; };        /* a message in an open chunk */

struct mcap_open_chunk {
    const struct mcap_chunk *chunk;
    struct bytes data;
    struct mcap_entry *entries;        /* owned; in log order */
    size_t entries_n, entries_capacity, at;
};

struct mcap_file {
    char *path;                        /* owned */
    int fd;
    struct mcap_limits limits;
    struct mcap_codec *codec;
    struct mcap_content content;       /* points at the tables below */
    struct mcap_chunk *chunks;         size_t chunks_capacity;
    struct mcap_channel *channels;     size_t channels_capacity;
    struct mcap_schema *schemas;       size_t schemas_capacity;
    struct mcap_attachment *attachments; size_t attachments_capacity;
    struct mcap_metadata *metadata;    size_t metadata_capacity;
    void **blocks;                     /* owned: the bytes that views in the tables point into */
    size_t blocks_n, blocks_capacity, table_bytes;
    struct bytes record;
    struct mcap_open_chunk open[MCAP_OPEN_CHUNKS];
    size_t open_n, next_chunk;
    uint64_t from;
};

/* Reads n bytes at `offset` into `out`. */
TRUNDLE_MUST_USE enum trundle_status mcap_file_read(struct mcap_file *f, uint64_t offset, uint64_t n, struct bytes *out, struct trundle_error *err);
