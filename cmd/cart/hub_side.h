/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The hub's side of a running cart: what is kept for it, and the thread that sends it. */
#pragma once

#include "cart/runtime/keeper.h"
#include "cart/runtime/replay.h"
#include "cart/runtime/uplink.h"

struct hub_side { struct keeper *keeper; struct uplink *uplink; };   /* zeroed is closed */

/* `state` is --state; when it is NULL, state_dir of the cart file at cart_path (may be NULL) counts if that cart has joined a hub, and else
 * nothing is kept. A cart that has not joined keeps records and sends nothing. */
TRUNDLE_MUST_USE enum trundle_status hub_side_open(struct hub_side *h, const char *state, const char *cart_path, struct trundle_error *err);
/* Says on stderr what could not be kept. `summary` may be NULL. */
void hub_side_close(struct hub_side *h, const struct replay_summary *summary);
