/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/uplink - the cart's way to its hub: signed requests, and a thread that empties the outbox.
 *
 *     TRY(uplink_call_new(&identity, &call, err));                          // one request at a time: join, orders, bundles
 *     TRY(uplink_request(call, "GET", "/api/v1/orders", NULL, 0, &reply, err));
 *
 *     TRY(uplink_start(&(struct uplink_config){ .dir = state_dir }, &uplink, err));   // the thread
 *     uplink_stop(uplink);
 *
 * The thread has its own handle on the outbox and shares nothing with the cart's loop. Records go before clips: between two
 * parts of a clip it looks for records again. What fails is tried again after 1, 2, 4 ... 300 s, each times a random 0.5 to 1, so that
 * carts which lost the same hub do not come back at once; a hub that says Retry-After is obeyed. What the hub's answer to was
 * lost is sent again with the same (boot, sequence).
 *
 * Rate: on average over a second no more than `rate_bps` bit/s leave the cart, headers and 5 % for TCP, IP and TLS counted; a part of a
 * clip is what fits into 5 s of that, at most 1 MiB, so that a decision waits no longer for it.
 *
 * Identity of the hub: https with the pinned key of identity.json, or the system's authorities when none is pinned.
 */
#pragma once

#include "base/std/bytes.h"
#include "cart/runtime/identity.h"
#include "cart/runtime/outbox.h"

#include <stdatomic.h>

struct uplink_call;

struct uplink_reply {
    int status;                            /* HTTP; 0: nothing came back */
    struct bytes body;                     /* owned: uplink_reply_done */
    int64_t retry_after_s;                 /* -1: not said */
};

enum { UPLINK_REPLY_MAX = 4 << 20, UPLINK_PART_MAX = 1 << 20 };

/* The identity is borrowed; it need not have joined yet (join signs with the key it brings). */
TRUNDLE_MUST_USE enum trundle_status uplink_call_new(const struct identity *id, struct uplink_call **out, struct trundle_error *err);
void uplink_call_free(struct uplink_call *call);
/* rate_bps 0: as fast as it goes. `stop` not 0 ends a request early. */
void uplink_call_limit(struct uplink_call *call, int64_t rate_bps, const atomic_int *stop);
/* OK: the hub answered, whatever the status (uplink_reply_error). DEVICE: no answer; err says why. A clock that is off is corrected
 * by what the hub says the time is, once, and the request repeated. */
TRUNDLE_MUST_USE enum trundle_status uplink_request(struct uplink_call *call, const char *method, const char *path_query, const void *body, size_t n,
                                                    struct uplink_reply *out, struct trundle_error *err);
/* Bytes from `offset` on to `fd` (appended there by pwrite), for what is large; *out_have is where they end. */
TRUNDLE_MUST_USE enum trundle_status uplink_fetch(struct uplink_call *call, const char *path, int fd, int64_t offset, int64_t limit, int64_t *out_have,
                                                  struct uplink_reply *out, struct trundle_error *err);
/* OK for 2xx, else a status and text made of the reply: 400, 422 BAD_INPUT, 401, 403 DEVICE, 404 NOT_FOUND, 409 CONFLICT, 413 TOO_LARGE,
 * 429 and 5xx DEVICE. */
TRUNDLE_MUST_USE enum trundle_status uplink_reply_error(const struct uplink_reply *reply, const char *what, struct trundle_error *err);
void uplink_reply_done(struct uplink_reply *reply);

/* POST /api/v1/join; fills in cart, store, seal_key and saves identity, trust and policy in dir. */
TRUNDLE_MUST_USE enum trundle_status uplink_join(const char *dir, struct identity *id, const char *code, const char *name, const char *hardware,
                                                 struct trundle_error *err);

/* --- Sending. ------------------------------------------------------------------------------------------------------ */
struct uplink_config {
    const char *dir;                       /* copied */
    int64_t rate_bps;                      /* 0: the share of policy.json; < 0: no limit */
    double  retry_s, retry_most_s;         /* 0: 1 and 300 */
    const atomic_int *stop;              /* may be NULL */
    void   *user;
    /* On the sending thread; each may be NULL. Orders are asked for every orders_s (0: 60; < 0: never), by uplink_drain once, first, and only for `orders`, which may
     * make requests of its own with `call`. */
    void  (*progress)(void *user, const struct outbox_state *state, const char *doing);
    void  (*orders)(void *user, struct uplink_call *call, const struct uplink_reply *orders);
    double  orders_s;
};

struct uplink_counts { uint64_t requests, failures, records, repeated, clips, bytes, refused; };

/* Sends until the outbox is empty (OK), `stop` (AGAIN), or, with `once`, the first failure (its status). CONFLICT: another process sends. */
TRUNDLE_MUST_USE enum trundle_status uplink_drain(const struct uplink_config *config, bool once, struct uplink_counts *out, struct trundle_error *err);

struct uplink;
/* The same on a thread, for good. NOT_FOUND: not joined; CONFLICT: another process sends. */
TRUNDLE_MUST_USE enum trundle_status uplink_start(const struct uplink_config *config, struct uplink **out, struct trundle_error *err);
struct uplink_counts uplink_counts(struct uplink *u);
void uplink_wake(struct uplink *u);        /* something was put into the outbox */
void uplink_stop(struct uplink *u);        /* within about a second; NULL is fine */
