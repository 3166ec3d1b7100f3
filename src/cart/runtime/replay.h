/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/replay - shops a recorded trip again: its inputs through a session, at a chosen speed, with or without a touchscreen,
 * and a summary with what the trip's truth (if it has one) says of the result.
 *
 *     struct replay_config config = REPLAY_CONFIG_DEFAULT;
 *     TRY(replay_trip("out/17.mcap", &config, &summary, err));
 *
 * Latency is measured only at natural speed: from the truth's t_settle of a put to the line being acknowledged (journal on disk
 * when recording, state published when a screen is there), on the wall clock.
 */
#pragma once

#include "cart/runtime/face.h"
#include "cart/runtime/keeper.h"
#include "cart/runtime/model.h"
#include "cart/runtime/session.h"

#include <stdatomic.h>

enum { REPLAY_LATENCIES = 256 };

struct replay_config {
    double speed;                        /* 1 natural, 2 twice as fast...; 0 as fast as it goes */
    int64_t from_ns;                     /* up to this moment of the trip as fast as it goes, whatever the speed */
    int    threads;
    const char *record;                  /* trip to write (session.h); NULL none */
    const char *catalog_dir;             /* NULL: the store beside the trip */
    const struct model *model;           /* what decides and sees; NULL: the built-in one */
    bool   recorded;                     /* take the evidence in the trip instead of running the senses (replay A) */
    struct face *face;                   /* NULL: no screen */
    struct inbox *inbox;                 /* touches from the screen; NULL none */
    struct keeper *keeper;               /* what of the trip is kept for the hub; NULL: nothing */
    const atomic_int *stop;            /* set from a signal handler: finish early; NULL never */
    void *user;
    void (*decision)(void *user, const struct trundle_message *m, bool again);   /* acknowledged ones; may be NULL */
};
#define REPLAY_CONFIG_DEFAULT { .speed = 0, .threads = 1 }

struct replay_summary {
    struct session_counts counts;
    double  trip_s, wall_s, cpu_s;       /* CPU of this process */
    struct bytes receipt_text, receipt_json;   /* owned: replay_summary_done */
    int64_t total_cents;
    bool    stopped, paid;
    enum trundle_status kept;            /* of what went to the keeper, and why not all did */
    struct trundle_error kept_error;
    /* against the truth */
    bool    has_truth;
    int     true_items, right, wrong_or_missing, phantom;
    int64_t true_total_cents;
    int     latencies_n;
    double  latency_s[REPLAY_LATENCIES]; /* ascending */
};

TRUNDLE_MUST_USE enum trundle_status replay_trip(const char *path, const struct replay_config *config, struct replay_summary *out, struct trundle_error *err);
void replay_summary_done(struct replay_summary *s);
