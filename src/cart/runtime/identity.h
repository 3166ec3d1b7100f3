/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/identity - who a cart is to its hub: its key pair, the hub's address and pinned key, the hub's sealing key.
 *
 *     TRY(identity_load("/var/lib/trundle", &id, err));
 *     identity_sign(&id, "POST", "/api/v1/ingest", time_s, body, n, signature);
 *
 * DIR/identity.json, mode 0600, written whole or not at all. The key pair is made before the first request and kept whatever
 * the hub answers, so a join that is cut off may be tried again. What the hub gave besides lies beside it: DIR/trust.json (whose
 * bundles are trusted) and DIR/policy.json (what to keep). A plain value with a secret in it: identity_done wipes it.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { IDENTITY_TEXT = 41, IDENTITY_URL = 256, IDENTITY_PIN = 80, IDENTITY_KEY = 45, IDENTITY_SIGNATURE = 89 };

struct identity {
    char cart[IDENTITY_TEXT], store[IDENTITY_TEXT];   /* as the hub named them; empty: not joined yet */
    char hub[IDENTITY_URL];                /* "https://hub.example:8443", without a path */
    char pin[IDENTITY_PIN];                /* "sha256//BASE64" of the hub's public key (as curl --pinnedpubkey); empty: the system's authorities */
    char seal_key[IDENTITY_KEY];           /* base64, X25519, of the hub; empty: clips are not kept */
    char public_key[IDENTITY_KEY];         /* base64, Ed25519 */
    uint8_t secret[64];
};

#define IDENTITY_FILE "identity.json"
#define TRUST_FILE    "trust.json"
#define POLICY_FILE   "policy.json"

/* NOT_FOUND: no identity there (not even keys). BAD_INPUT, CORRUPT: names the field; a file that others may read is refused. */
TRUNDLE_MUST_USE enum trundle_status identity_load(const char *dir, struct identity *out, struct trundle_error *err);
/* As load, and makes folder and key pair when there is none. */
TRUNDLE_MUST_USE enum trundle_status identity_make(const char *dir, struct identity *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status identity_save(const char *dir, const struct identity *id, struct trundle_error *err);
bool identity_joined(const struct identity *id);
void identity_done(struct identity *id);
/* Checks and copies: https anywhere, http only to this machine (127.x, [::1], localhost). BAD_INPUT. */
TRUNDLE_MUST_USE enum trundle_status identity_hub_set(struct identity *id, const char *hub, const char *pin, struct trundle_error *err);

/* base64 of the signature over "METHOD\nPATH?QUERY\nTIME\nhex sha256 of the body". */
const char *identity_sign(const struct identity *id, const char *method, const char *path, int64_t time_s, const void *body, size_t n,
                          char out[IDENTITY_SIGNATURE]);
