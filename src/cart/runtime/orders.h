/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/orders - what the hub wants this cart to run, done: follows the keyring, fetches and installs the bundle or leaves it, and
 * says in the outbox what became of it.
 *
 *     TRY(orders_start(dir, &start, err));                    // once per start of the cart: run start.model
 *     TRY(orders_good(dir, sha256_of_what_runs, err));        // after a paid trip: the trial ends
 *     TRY(orders_take(dir, call, &reply.body, &result, err)); // the hub's answer to GET /api/v1/orders; uplink_config.orders is the place
 *
 * In the state folder DIR: slots/ (base/bundle/slots.h), fetch/SHA256 (a bundle under way; a fetch that broke off goes on), fetch/refused.json (the ordered
 * bundle that this cart does not take: it is not fetched again while keyring and program are the same ones).
 *
 * What is said (records of kind install) follows from the slots and is put under keys, so saying it again after a kill says nothing twice. The hub believes the
 * newest: after "rolled_back" of what was left, what runs now is said again.
 *
 * Threads and processes: any; the slots' lock orders them. What is installed or left takes effect at the next orders_start.
 */
#pragma once

#include "base/bundle/slots.h"
#include "cart/runtime/uplink.h"

/* The slots of a state folder, and what the cart is built of: as given, else as it said when it joined, else the machine's architecture. */
struct orders_place {
    char folder[SLOTS_PATH], hardware[IDENTITY_TEXT];
    struct slots_config slots;             /* points into this struct: it must not be copied */
};
TRUNDLE_MUST_USE enum trundle_status orders_place(const char *dir, const char *hardware, struct orders_place *out, struct trundle_error *err);
/* Pins the keyring that joining left in DIR/trust.json, when none is pinned. No such file is no error: nothing can be installed yet. */
TRUNDLE_MUST_USE enum trundle_status orders_pin(const char *dir, const struct orders_place *place, struct trundle_error *err);

/* slots_start. On an error run the built-in model, and say so. A folder without slots gives the built-in model and stays as it is. */
TRUNDLE_MUST_USE enum trundle_status orders_start(const char *dir, struct slots_start *out, struct trundle_error *err);
/* Ends the trial of the bundle `sha256`, if that runs; "": nothing to do. */
TRUNDLE_MUST_USE enum trundle_status orders_good(const char *dir, const char *sha256, struct trundle_error *err);
/* Says in the outbox how the slots are. */
TRUNDLE_MUST_USE enum trundle_status orders_report(const char *dir, const struct slots *s, struct trundle_error *err);

enum orders_done { ORDERS_NOTHING, ORDERS_INSTALLED, ORDERS_LEFT, ORDERS_REFUSED };
struct orders_result {
    enum orders_done done;
    char name[BUNDLE_NAME], sha256[65];    /* of the bundle; "" none */
    char why[160];                         /* of REFUSED and LEFT */
};
/* Requests what it needs with `call`. A refusal is no error: it is said to the hub. DEVICE, AGAIN: the hub did not answer, or a stop; what came of a bundle stays. BAD_INPUT:
 * the answer is not one of a hub. */
TRUNDLE_MUST_USE enum trundle_status orders_take(const char *dir, struct uplink_call *call, const struct bytes *answer, struct orders_result *out, struct trundle_error *err);
