/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * codec - one message as the bytes that a trip keeps for it (protobuf, proto/trundle/v1/trundle.proto), and back.
 *
 *     struct codec *c;
 *     struct bytes b = { 0 };
 *     TRY(codec_new(&c, err));
 *     TRY(codec_encode(c, &m, start_wall_ns, &b, err));
 *     TRY(codec_decode(c, TRUNDLE_CELL, b.data, b.n, &back, err));
 *
 * Only the payload: channel, sensor, times and sequence belong to the container. After warm-up neither way calls the heap.
 * NAN is kept; infinities are refused both ways, so that what was written can be read; -0.0 comes back as 0.0 (proto3).
 * Threads: one at a time per codec.
 */
#pragma once

#include "base/std/bytes.h"

#include <trundle/message.h>

struct codec;

enum {
    CODEC_FRAME_BYTES = 16 << 20,      /* largest camera message */
    CODEC_TRUTH_BYTES = 1 << 20,       /* largest truth message */
    CODEC_OTHER_BYTES = 64 << 10       /* largest message of any other channel */
};

TRUNDLE_MUST_USE enum trundle_status codec_new(struct codec **out, struct trundle_error *err);
void codec_free(struct codec *c);

/* BAD_ARG names the field that is out of its range: enums, counts, infinities, a product key of no kind. Looks only at the
 * payload and the channel. */
TRUNDLE_MUST_USE enum trundle_status codec_check(const struct trundle_message *m, struct trundle_error *err);

/* The payload's size; checks the message first. A following codec_pack writes exactly so many bytes; m must live till then. */
TRUNDLE_MUST_USE enum trundle_status codec_size(struct codec *c, const struct trundle_message *m, int64_t start_wall_ns, size_t *out_n, struct trundle_error *err);
void codec_pack(struct codec *c, uint8_t *out);
/* Both at once; replaces the content of `out`. */
TRUNDLE_MUST_USE enum trundle_status codec_encode(struct codec *c, const struct trundle_message *m, int64_t start_wall_ns, struct bytes *out, struct trundle_error *err);

/* Fills the payload of `out` (and out->channel) and leaves its other fields. Pointers in it live until the next call on c;
 * those of /truth are `data` itself. CORRUPT when it is no protobuf of this channel, BAD_INPUT when a value is out of range,
 * TOO_LARGE. Fields that we do not know are skipped. */
TRUNDLE_MUST_USE enum trundle_status codec_decode(struct codec *c, enum trundle_channel channel, const uint8_t *data, size_t n,
                                                  struct trundle_message *out, struct trundle_error *err);

/* "/cell", "/cam/" for TRUNDLE_CAM (the sensor follows); "trundle.v1.Cell". NULL for no such channel. */
const char *codec_topic(enum trundle_channel channel);
const char *codec_schema(enum trundle_channel channel);
/* The descriptor set of a channel's schema with what it imports, as viewers expect it. Appends to `out`. */
TRUNDLE_MUST_USE enum trundle_status codec_descriptors(enum trundle_channel channel, struct bytes *out, struct trundle_error *err);
