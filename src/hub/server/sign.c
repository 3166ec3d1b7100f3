/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Requests of carts: Ed25519 over "METHOD\nPATH?QUERY\nTIME\nhex sha256 of the body" (docs/hub.md).
 *
 * A signature says nothing new when it comes again, and every request of a cart is idempotent, so a repeat of the line does no
 * harm and is answered: a client that lost the answer signs the same bytes within the same second. What comes again later is
 * not the cart, which would have signed the time then: refused. The signatures seen are kept until their time alone refuses
 * them, in a table of fixed size; when it is crowded the one that ends first makes room.
 */
#include "base/std/hash.h"
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum trundle_status replay_open(struct replay *r, struct trundle_error *err)
{
    r->slot = calloc(REPLAY_SLOTS, sizeof *r->slot);
    if (!r->slot)
        return error_set(err, TRUNDLE_NO_MEMORY, "server", NULL, "no memory for signatures");
    randombytes_buf(&r->salt, sizeof r->salt);
    (void)pthread_mutex_init(&r->lock, NULL);
    return TRUNDLE_OK;
}

void replay_close(struct replay *r)
{
    if (!r->slot)
        return;
    free(r->slot);
    (void)pthread_mutex_destroy(&r->lock);
}

bool replay_fresh(struct replay *r, const uint8_t signature[64], uint32_t now_s, uint32_t until_s)
{
    uint64_t hash = hash64(signature, 64, r->salt | 1);
    struct replay_slot *place = NULL;
    bool fresh = true;

    (void)pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < REPLAY_PROBES; i++) {
        struct replay_slot *s = &r->slot[(hash + i) % REPLAY_SLOTS];

        if (s->hash == hash && s->until_s >= now_s) {
            fresh = now_s - s->first_s <= REPEAT_S;
            goto out;
        }
        if (!place || s->until_s < place->until_s)
            place = s;
    }
    *place = (struct replay_slot){ hash, now_s, until_s };
out:
    (void)pthread_mutex_unlock(&r->lock);
    return fresh;
}

static bool time_of(const char *text, int64_t *out)
{
    *out = 0;
    if (!*text || strlen(text) > 12)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        *out = *out * 10 + (*text - '0');
    }
    return true;
}

enum trundle_status sign_head(const struct http_request *request, int64_t now_ns, struct caller *out, struct trundle_error *err)
{
    const char *cart = http_header(request, "Trundle-Cart"), *time = http_header(request, "Trundle-Time"), *text = http_header(request, "Trundle-Signature");
    int64_t now_s = now_ns / NS_PER_S, time_s;
    size_t n;
    char hint[100];

    if (!time || !text)
        return error_set(err, TRUNDLE_BAD_INPUT, "signature", "docs/hub.md says how requests are signed", "Trundle-Time or Trundle-Signature is missing");
    if (!time_of(time, &time_s))
        return error_set(err, TRUNDLE_BAD_INPUT, "Trundle-Time", "Unix time in seconds", "is not a time");
    if (sodium_base642bin(out->signature, sizeof out->signature, text, strlen(text), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        n != sizeof out->signature)
        return error_set(err, TRUNDLE_BAD_INPUT, "Trundle-Signature", "base64 of 64 bytes", "is not a signature");
    if (time_s < now_s - WINDOW_S || time_s > now_s + WINDOW_S) {
        (void)snprintf(hint, sizeof hint, "the hub's time is %" PRId64, now_s);
        return error_set(err, TRUNDLE_BAD_INPUT, "Trundle-Time", hint, "is %" PRId64 " s off, limit %d", time_s - now_s, WINDOW_S);
    }
    if (cart && depot_name_check(cart, "Trundle-Cart", err) != TRUNDLE_OK)
        return TRUNDLE_BAD_INPUT;
    (void)snprintf(out->name, sizeof out->name, "%s", cart ? cart : "");
    out->time_s = time_s;
    return TRUNDLE_OK;
}

bool sign_holds(const struct http_request *request, const struct caller *caller)
{
    char hash[HTTP_HASH], tail[100];
    struct bytes text = { 0 };
    bool holds;

    (void)snprintf(tail, sizeof tail, "\n%" PRId64 "\n%s", caller->time_s, http_body_sha256(request, hash));
    holds = bytes_print(&text, "%s\n%s%s", request->method, request->target, tail) == TRUNDLE_OK &&
            crypto_sign_verify_detached(caller->signature, text.data, text.n, caller->key) == 0;
    bytes_done(&text);
    return holds;
}
