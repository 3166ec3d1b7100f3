/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/keeper - what of a trip is kept for the hub: decisions, the trip's summary, health, and clips, from the session's loop
 * into the outbox without ever holding the loop up.
 *
 *     TRY(keeper_start(&(struct keeper_config){ .dir = state_dir }, &keeper, err));
 *     TRY(keeper_trip_begin(keeper, &head, cart_json, n, err));
 *     keeper_message(keeper, &m);                  // from the session's callbacks: inputs, evidence, beliefs, decisions
 *     TRY(keeper_trip_end(keeper, &summary, err)); // all of it is in the outbox, on disk, when this returns
 *     keeper_stop(keeper);
 *
 * The loop copies a message into a ring under a lock that is held for a copy, and a decision into a bounded queue. A thread of its own
 * writes rows and clips. Its queue is the trip file: what a kill takes from it comes again when the trip is driven again, and is
 * taken once, by its key (trip and decision). A queue that is full counts what it refuses (keeper_counts).
 */
#pragma once

#include "base/trip/trip.h"
#include "cart/basket/basket.h"
#include "cart/capture/clip.h"
#include "cart/runtime/outbox.h"

struct keeper;

struct keeper_config {
    const char *dir;                       /* state folder; copied */
    size_t ring_bytes;                     /* 0: 32 MiB */
    const char *bundle;                    /* that runs; NULL: none. copied */
};

/* Devices as they are, for health; from any thread. */
struct keeper_health {
    bool camera_bad[TRUNDLE_CAMERAS_MAX], camera_moved[TRUNDLE_CAMERAS_MAX], cells_bad, scanner_bad;
    uint8_t cameras_n, cells_n;
};

struct keeper_trip_end {
    int64_t ended_ns;                      /* Unix */
    const struct basket *basket;           /* borrowed during the call */
    bool    paid;
    double  line_p99_ms;                   /* NAN: not known */
};

struct keeper_counts { uint64_t messages, decisions, refused, clips, clips_failed, clips_known; };

TRUNDLE_MUST_USE enum trundle_status keeper_start(const struct keeper_config *config, struct keeper **out, struct trundle_error *err);
/* The name of the trip of a head: start in UTC and seed. */
const char *keeper_trip_name(const struct trip_head *head, char out[CLIP_TRIP]);
TRUNDLE_MUST_USE enum trundle_status keeper_trip_begin(struct keeper *k, const struct trip_head *head, const void *cart_json, size_t n, struct trundle_error *err);
void keeper_message(struct keeper *k, const struct trundle_message *m);
void keeper_health(struct keeper *k, const struct keeper_health *health);
TRUNDLE_MUST_USE enum trundle_status keeper_trip_end(struct keeper *k, const struct keeper_trip_end *end, struct trundle_error *err);
struct keeper_counts keeper_counts(struct keeper *k);
void keeper_stop(struct keeper *k);        /* NULL is fine; what is queued is written first */
