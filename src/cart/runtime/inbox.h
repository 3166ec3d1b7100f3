/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/inbox - a bounded queue from device and server threads to the one thread that runs the session.
 *
 *     inbox_put(in, &m);                          // any thread; copies, frame included
 *     while (inbox_take(in, &m, 10 * NS_PER_MS)) use(&m);
 *
 * Drop policy: a sample that finds no room is dropped and counted per channel and sensor; before the next sample of that
 * sensor a TRUNDLE_DROP message says how many. Codes and touches have room of their own and are refused, not dropped.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <trundle/message.h>

enum { INBOX_SAMPLES = 512, INBOX_FRAMES = 24, INBOX_COMMANDS = 64, INBOX_FRAME_BYTES = 1 << 20 };

struct inbox;

TRUNDLE_MUST_USE enum trundle_status inbox_new(struct inbox **out);
void inbox_free(struct inbox *in);
/* FULL: no room (a sample was counted as dropped). TOO_LARGE: a frame over INBOX_FRAME_BYTES. */
enum trundle_status inbox_put(struct inbox *in, const struct trundle_message *m);
/* Oldest first; waits up to wait_ns. What *out points at lives until the next take. False: nothing came. */
bool inbox_take(struct inbox *in, struct trundle_message *out, int64_t wait_ns);
/* At least half of it is free: who plays a recording as fast as it goes waits for this, and then nothing is dropped. */
bool inbox_roomy(struct inbox *in);
/* Samples dropped so far. */
uint64_t inbox_dropped(struct inbox *in);
