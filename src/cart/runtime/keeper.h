/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/keeper - what of a trip is kept for the hub: decisions, the trip's summary, health, and clips, from the session's loop
 * into the outbox without ever holding the loop up.
 *
 *     TRY(keeper_start(&(struct keeper_config){ .dir = state_dir }, &keeper, err));
 *     TRY(keeper_trip_begin(keeper, &head, cart_json, n, err));
 *     keeper_message(keeper, &m);                  // session_config.kept: all that goes into the trip, in its order
 *     keeper_decided(keeper, &m);                  // session_config.output: decisions that are acknowledged
 *     TRY(keeper_trip_end(keeper, &summary, err)); // all of it is in the outbox, on disk, when this returns
 *     keeper_stop(keeper);
 *
 * The loop copies a message into a ring under a lock that is held for a copy, and a decision into a bounded queue. A thread of its own
 * writes rows and clips. What a kill takes from the queue comes again when the trip is driven again, and is taken once, by its key (trip and
 * decision). A queue that is full counts what it refuses (keeper_counts). A trip that is driven faster than it happened is patient: it waits
 * for its clips, which the ring would else have forgotten.
 *
 * A clip is a trip file of its own: the trip's head and cart file, the messages of its seconds with their times and numbers, and clip.json, which says
 * why and for how long it is kept. It is sealed to the hub's key at once; a cart that has not joined keeps none.
 *
 * Threads: begin, message, decided, end on the session's thread; health and counts on any.
 */
#pragma once

#include "base/trip/trip.h"
#include "cart/basket/basket.h"
#include "cart/capture/clip.h"
#include "cart/runtime/outbox.h"

enum { KEEPER_END_S = 10 };

struct keeper;

struct keeper_config {
    const char *dir;                       /* state folder; copied */
    size_t ring_bytes;                     /* 0: 32 MiB */
    const char *bundle, *slot;             /* that runs, and where it lies; NULL: none. copied */
    double health_s;                       /* 0: 60; < 0: never */
    void *user;
    void (*filled)(void *user);            /* something is in the outbox (uplink_wake); from the keeper's thread; NULL: nobody asks */
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
};

struct keeper_counts {
    uint64_t messages, decisions, refused; /* refused: decisions and clips that a full queue did not take */
    uint64_t clips, clips_failed, clips_known, clips_cut;   /* cut: the ring no longer held its first messages */
    uint64_t write_failures;
    struct trundle_error error;            /* of the last failure */
};

TRUNDLE_MUST_USE enum trundle_status keeper_start(const struct keeper_config *config, struct keeper **out, struct trundle_error *err);
/* The name of the trip of a head: start in UTC and seed. */
const char *keeper_trip_name(const struct trip_head *head, char out[CLIP_TRIP]);
TRUNDLE_MUST_USE enum trundle_status keeper_trip_begin(struct keeper *k, const struct trip_head *head, const void *cart_json, size_t n, struct trundle_error *err);
/* When t = 0 of a trip at natural speed was, on the monotonic clock: from then on the record says how long lines took, from the scale's settled
 * step to the decision acknowledged. 0: the time of the trip is not the clock's. */
void keeper_clock(struct keeper *k, int64_t start_mono_ns);
/* Before a trip is driven faster than it happened, and off when it is live. */
void keeper_patient(struct keeper *k, bool patient);
void keeper_message(struct keeper *k, const struct trundle_message *m);
void keeper_decided(struct keeper *k, const struct trundle_message *m);
void keeper_health(struct keeper *k, const struct keeper_health *health);
/* IO: some of it could not be written within KEEPER_END_S; the trip file has it. */
TRUNDLE_MUST_USE enum trundle_status keeper_trip_end(struct keeper *k, const struct keeper_trip_end *end, struct trundle_error *err);
struct keeper_counts keeper_counts(struct keeper *k);
void keeper_stop(struct keeper *k);        /* NULL is fine; what is queued is written first */
