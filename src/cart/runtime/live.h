/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/live - shops on the devices of a cart file until it is told to stop or every recorded source has ended.
 *
 *     TRY(live_run(&(struct live_config){ .cart_path = "cart.json", .catalog_dir = "store", .threads = 2 }, &summary, err));
 *
 * camera -> mask -> JPEG -> inbox -> session. A camera of role scanner gives codes and never a picture. When a recorded trip
 * is killed, the same call goes on with it (session.h); the trip's clock then goes on as well.
 */
#pragma once

#include "cart/runtime/replay.h"

struct live_config {
    const char *cart_path, *catalog_dir;
    const char *record;                  /* NULL: state_dir/current.mcap of the cart file when it names one, else nothing is kept. One
                                            there that has ended is first renamed to trip-<its start, Unix s>.mcap */
    const struct model *model;           /* what decides and sees; NULL: the built-in one */
    int    threads;
    bool   fast;                         /* recorded sources as fast as they go */
    struct face *face;                   /* NULL: no screen */
    struct inbox *inbox;                 /* NULL: one of its own */
    struct keeper *keeper;               /* NULL: nothing is kept for a hub */
    const atomic_int *stop;
    void *user;
    void (*decision)(void *user, const struct trundle_message *m, bool again);
    void (*health)(void *user, const char *device, unsigned index, const char *state, const char *text);   /* any thread; may be NULL */
};

TRUNDLE_MUST_USE enum trundle_status live_run(const struct live_config *config, struct replay_summary *out, struct trundle_error *err);
