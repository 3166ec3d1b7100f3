/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Inside the trip layer: the head as key-value pairs of the metadata record "trundle.trip". For `trundle info`; not for other rooms. */
#pragma once

#include "base/trip/mcap.h"
#include "base/trip/trip.h"

#define TRIP_HEAD_NAME "trundle.trip"
enum { TRIP_ATTACHMENT_BYTES = 32 << 20 };

/* BAD_ARG: a hash is neither empty nor 64 hex digits, a text has no end, the start lies before 1970, another version. */
TRUNDLE_MUST_USE enum trundle_status trip_head_check(const struct trip_head *head, struct trundle_error *err);
/* Appends; the last pair, "crc32", is over all before it: a metadata record has no CRC of its own. */
TRUNDLE_MUST_USE enum trundle_status trip_head_to_pairs(const struct trip_head *head, struct bytes *pairs, struct trundle_error *err);
/* Field i as text, for printing; NULL at the end. `out_number`: it is one. */
const char *trip_head_field(const struct trip_head *head, size_t i, const char **out_key, bool *out_number, char text[32]);
/* CORRUPT (CRC), BAD_INPUT (a value), UNSUPPORTED (a later schema version). Keys that we do not know are skipped. */
TRUNDLE_MUST_USE enum trundle_status trip_head_from_pairs(struct mcap_view pairs, struct trip_head *out, struct trundle_error *err);
