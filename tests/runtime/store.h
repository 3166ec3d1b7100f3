/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * store - the carts of a store on its one line (line.h), each with its own outbox, identity, uplink thread and fake hub, in one process: decisions trickle, clips wait.
 *
 *     support_ok(store_run(&(struct store_config){ .folder = scratch, .carts = 50, .link_bps = 10000000, .seconds = 20, .every_s = 2, .clips = 3, .clip_bytes = 300000 }, &r, &err), &err);
 *
 * The uplink, outbox and policy are the cart's own code, the line and the hubs are simulated. After `seconds` nothing new comes, the line is opened, and all is sent: what is then not at the
 * hub is lost. A record's wait goes from before it is put on the cart's disk to the hub's answer.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_config {
    const char *folder;                    /* made, and left to the caller */
    int     carts;                         /* 1..50 */
    int64_t link_bps;
    double  seconds, every_s;              /* a cart decides every so often, times 0.5 to 1.5 */
    int     clips;                         /* that wait on each cart */
    size_t  clip_bytes;
    bool    greedy;                        /* no cart keeps to its share */
    uint64_t seed;
};

struct store_result {
    size_t  decisions, waited;             /* put; acknowledged within the seconds */
    double  median_ms, p99_ms, longest_ms; /* of those */
    double  link_use;                      /* bytes on the line within the seconds, of those that fit */
    int64_t least_bytes, most_bytes;       /* of a cart on the line within the seconds */
    size_t  clips, clips_in_time;
    size_t  decisions_lost, clips_lost, wrong;      /* wrong: forged, signature bad, clip before its announcement, refused, dropped */
    uint64_t failures;                     /* requests without a good answer, within the seconds */
    double  wall_s, cpu_s;
};

TRUNDLE_MUST_USE enum trundle_status store_run(const struct store_config *config, struct store_result *out, struct trundle_error *err);
