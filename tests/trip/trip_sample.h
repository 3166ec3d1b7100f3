/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Seeded messages of every channel with every field set, a head, and a strict comparison: what the trip tests share. */
#pragma once

#include "base/std/rng.h"
#include "base/trip/trip.h"

#include <stdbool.h>

/* Pointers in the message point into `scratch` (at least SAMPLE_SCRATCH bytes). */
enum { SAMPLE_SCRATCH = 700 };
struct trundle_message sample_message(struct rng *r, enum trundle_channel channel, uint8_t *scratch);
struct trip_head sample_head(void);
/* Fields, not bytes: NAN equals NAN. Times, sensor and sequence included. */
bool sample_same(const struct trundle_message *a, const struct trundle_message *b);
/* How many channels the sample trips use, from the first on; all unless a test says otherwise. */
extern unsigned sample_channels;
/* Writes a trip of n messages (each channel in turn, 10 ms apart, several sensors), fails the test on an error.
 * `finish` false: abandoned without its end. */
void sample_trip(const char *path, uint64_t seed, size_t n, const struct trip_writer_config *config, bool finish);
/* Message i of that trip. */
struct trundle_message sample_trip_message(uint64_t seed, size_t i, uint8_t *scratch);
