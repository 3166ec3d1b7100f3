/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The hub's side of a running cart: what is kept for it, and the thread that sends it. */
#pragma once

#include "cart/runtime/orders.h"
#include "cart/runtime/replay.h"

struct hub_side {                          /* zeroed is closed */
    struct keeper *keeper;
    struct uplink *uplink;
    char dir[SLOTS_PATH];
    char model[SLOTS_PATH], bundle[65], slot[2];    /* what the slots say is to run: its model directory and sha256; "" the built-in one */
};

/* Looks which bundle is to run: that of the slots, but a killed trip (at `record`, or where live_run keeps it) goes on with the one that it was begun with. What the hub orders from then on is done on the uplink's thread, and said on stderr. `state` is --state; when it is NULL, state_dir of the cart file at cart_path (may be NULL) counts if that cart has joined a hub, and else
 * nothing is kept. A cart that has not joined keeps records and sends nothing. */
TRUNDLE_MUST_USE enum trundle_status hub_side_open(struct hub_side *h, const char *state, const char *cart_path, const char *record, struct trundle_error *err);
/* Says on stderr what could not be kept; ends the trial of the bundle that ran when the trip was paid. `summary` may be NULL. */
void hub_side_close(struct hub_side *h, const struct replay_summary *summary);
