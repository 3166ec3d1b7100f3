/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * capture/ring - the last messages of the trip, in memory of a fixed size; the oldest give way.
 *
 *     TRY(ring_new(32 << 20, &ring, err));
 *     ring_push(ring, &m);                        // copies, a frame's JPEG and a truth's bytes too
 *     for (uint64_t at = ring_find(ring, t0_ns); ring_get(ring, at, &m, room, sizeof room) == TRUNDLE_OK; at++) ...
 *
 * Messages are numbered from 0 in the order pushed. After ring_new nothing allocates. One thread at a time: who shares it locks it.
 */
#pragma once

#include "base/std/status.h"

#include <stdint.h>
#include <trundle/message.h>

struct ring;

enum { RING_BYTES_LEAST = 64 << 10 };

/* BAD_ARG: fewer than RING_BYTES_LEAST. */
TRUNDLE_MUST_USE enum trundle_status ring_new(size_t bytes, struct ring **out, struct trundle_error *err);
void ring_free(struct ring *r);            /* NULL is fine */
/* Forgets all; numbers go on. */
void ring_clear(struct ring *r);
/* A message that is larger than a quarter of the ring is counted and not kept. */
void ring_push(struct ring *r, const struct trundle_message *m);
/* Number of the first message that is kept with log_ns >= t_ns; ring_end when there is none. */
uint64_t ring_find(const struct ring *r, int64_t t_ns);
uint64_t ring_begin(const struct ring *r), ring_end(const struct ring *r);
/* Copies message `at`; its JPEG or truth goes into `room` and m points there. NOT_FOUND: gone, or not there yet; TOO_LARGE:
 * `room` is too small for it. */
TRUNDLE_MUST_USE enum trundle_status ring_get(const struct ring *r, uint64_t at, struct trundle_message *out, uint8_t *room, size_t room_bytes);
uint64_t ring_refused(const struct ring *r);
