/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bundle/trust - who may sign: Ed25519 keys, and the keyring (trust.json) that a cart and a hub hold.
 *
 *     {"trust": {"version": 1, "serial": 3, "made_ns": 1780315200123456789,
 *                "root":    {"threshold": 1, "keys": ["<64 hex digits>", ...]},
 *                "signing": {"threshold": 1, "keys": [...], "revoked": ["<16 hex digits>", ...]}},
 *      "signatures": [{"key": "<16 hex digits>", "signature": "<base64>"}, ...]}
 *
 *     struct trust *now = NULL, *next = NULL;
 *     TRY(trust_read("trust.json", &now, err));
 *     TRY(trust_parse(bytes, n, "update", &next, err));
 *     TRY(trust_follows(now, next, err));           // only then may it take the other's place
 *
 * Root keys sign keyrings and nothing else; signing keys sign bundles and nothing else. What is signed is the sha256 of the canonical
 * JSON of "trust" (sorted keys, no spaces, whole numbers only) behind a line that says what it is, so a signature of one thing is none of another.
 * A key's id is the first 16 hex digits of the sha256 of its 32 public bytes.
 * Rotation (as in TUF, section 5.3): a keyring is accepted only if `threshold` root keys of the one before signed it, and enough of its own;
 * its serial is higher. A lost signing key is revoked by a new keyring; a lost root key by one that the other root keys signed.
 *
 * Lifetime: a `struct trust` is owned and never changes. Threads: reading is free for all.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>

enum { TRUST_KEYS_MAX = 32, TRUST_BYTES_MAX = 64 << 10, TRUST_ID_TEXT = 17, TRUST_SIGNATURE = 64 };

/* A pair of keys; `secret` is libsodium's 64 bytes. Wipe it when done: trust_key_wipe. */
struct trust_key {
    uint8_t public_key[32], secret[64];
    char    id[TRUST_ID_TEXT];
};

TRUNDLE_MUST_USE enum trundle_status trust_key_new(struct trust_key *out, struct trundle_error *err);
/* Mode 0600; CONFLICT: the file is there (keys are never written over). */
TRUNDLE_MUST_USE enum trundle_status trust_key_write(const struct trust_key *key, const char *path, struct trundle_error *err);
/* The same with the secret half locked by a passphrase (argon2id, secretbox: key_file.c). It takes 256 MiB and most of a second, each time. BAD_INPUT: too short, too long. */
enum { TRUST_PASSPHRASE = 1024, TRUST_PASSPHRASE_LEAST = 8 };      /* bytes: room with the NUL; the least */
TRUNDLE_MUST_USE enum trundle_status trust_key_write_locked(const struct trust_key *key, const char *passphrase, const char *path, struct trundle_error *err);
/* Gives the passphrase of the locked key file `path`, as text. What it returns is what trust_key_open returns. */
typedef enum trundle_status trust_passphrase(void *user, const char *path, char out[TRUST_PASSPHRASE], struct trundle_error *err);
/* Of either kind; `ask` is called for a locked one alone. BAD_INPUT: no key file, or the halves do not belong together. CONFLICT: others than its owner may read the file; it is locked
 * and `ask` is NULL. CORRUPT: the passphrase is wrong. UNSUPPORTED: locked in a way that is not known here. */
TRUNDLE_MUST_USE enum trundle_status trust_key_open(const char *path, trust_passphrase *ask, void *user, struct trust_key *out, struct trundle_error *err);
/* With nobody to ask. */
TRUNDLE_MUST_USE enum trundle_status trust_key_read(const char *path, struct trust_key *out, struct trundle_error *err);
/* The public half, as the file says it; of a locked one nobody is asked. */
TRUNDLE_MUST_USE enum trundle_status trust_key_public(const char *path, uint8_t out[32], bool *out_locked, struct trundle_error *err);
void trust_key_wipe(struct trust_key *key);
void trust_key_id(const uint8_t public_key[32], char out[TRUST_ID_TEXT]);

enum trust_purpose { TRUST_KEYRING, TRUST_BUNDLE };

struct trust_signature {
    char    key[TRUST_ID_TEXT];
    uint8_t bytes[TRUST_SIGNATURE];
};

/* Signs a digest for one purpose. */
void trust_sign(const struct trust_key *key, enum trust_purpose purpose, const uint8_t digest[32], struct trust_signature *out);

struct trust;
/* Checks structure and its own root signatures. BAD_INPUT, CORRUPT (signature), TOO_LARGE, UNSUPPORTED (version). */
TRUNDLE_MUST_USE enum trundle_status trust_parse(const void *bytes, size_t n, const char *where, struct trust **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status trust_read(const char *path, struct trust **out, struct trundle_error *err);
void trust_free(struct trust *t);

int64_t trust_serial(const struct trust *t);
/* The bytes that were parsed. Borrowed. */
const struct bytes *trust_text(const struct trust *t);
/* OK: `next` may take the place of `now` (or is the same). CONFLICT: an older serial, the same serial with another content, or not signed by enough root keys
 * of `now`; `err` says which. */
TRUNDLE_MUST_USE enum trundle_status trust_follows(const struct trust *now, const struct trust *next, struct trundle_error *err);

/* What each signature of a bundle's digest is worth. */
enum trust_finding { TRUST_UNKNOWN_KEY, TRUST_REVOKED_KEY, TRUST_WRONG_SIGNATURE, TRUST_GOOD };
enum trust_finding trust_check(const struct trust *t, const struct trust_signature *s, const uint8_t digest[32]);
int trust_threshold(const struct trust *t);            /* good signatures by different keys that a bundle needs */

/* What a new keyring should say. */
struct trust_plan {
    int64_t serial, made_ns;
    int     root_threshold, signing_threshold;
    size_t  root_n, signing_n, revoked_n;
    uint8_t root[TRUST_KEYS_MAX][32], signing[TRUST_KEYS_MAX][32];
    char    revoked[TRUST_KEYS_MAX][TRUST_ID_TEXT];
};
/* What an existing one says, to be changed. */
void trust_plan_of(const struct trust *t, struct trust_plan *out);
/* The keyring as text, signed by the given root keys (old and new ones, when they change). BAD_INPUT names what does not fit. */
TRUNDLE_MUST_USE enum trundle_status trust_print(const struct trust_plan *plan, const struct trust_key *root, size_t n, struct bytes *out, struct trundle_error *err);
