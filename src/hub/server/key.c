/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Sessions, tokens and one-time links: 32 random bytes that are given out once. The table has their sha256 alone, so that who
 * reads it can't sign in; a lookup by the hash leaks nothing by its time.
 */
#include "hub/server/inside.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *const prefix[] = { "s_", "trundle_", "l_" };     /* so that a leaked one can be recognised */

void key_hash(const char *secret, uint8_t out[32])
{
    (void)crypto_hash_sha256(out, (const unsigned char *)secret, strlen(secret));
}

enum trundle_status key_add(struct db *db, struct key *key, char out_secret[KEY_TEXT], struct trundle_error *err)
{
    unsigned char random[32];
    char text[sodium_base64_ENCODED_LEN(sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    char secret[KEY_TEXT];
    enum trundle_status status;

    randombytes_buf(random, sizeof random);
    (void)snprintf(secret, sizeof secret, "%s%s", prefix[key->kind],
                   sodium_bin2base64(text, sizeof text, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
    key_hash(secret, key->hash);
    (void)sodium_bin2hex(key->id, sizeof key->id, key->hash, KEY_ID / 2);
    status = db_do(db, err, "INSERT INTO server_key(hash, id, kind, user, roles, label, made_ns, expires_ns, seen_ns) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0)", "btititii", key->hash,
                   sizeof key->hash, key->id, (int64_t)key->kind, key->user, (int64_t)key->roles, key->label, key->made_ns, key->expires_ns);
    if (status == TRUNDLE_OK)
        memcpy(out_secret, secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    return status;
}

enum trundle_status key_find(struct db *db, const char *secret, int64_t now_ns, struct key *out, unsigned *out_roles, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct key key = { 0 };
    enum trundle_status status;

    key_hash(secret, key.hash);
    TRY(db_query(db, &s, err, "SELECT k.kind, k.user, k.roles, k.label, k.made_ns, k.expires_ns, k.seen_ns, k.id, u.roles FROM server_key k "
                 "JOIN server_user u ON u.name = k.user WHERE k.hash = ? AND k.expires_ns > ? AND NOT u.off", "bi", key.hash, sizeof key.hash, now_ns));
    status = db_step(s, err);
    if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, "sign-in", "sign in again", "is not known, or its time is over");
    if (status != TRUNDLE_OK)
        goto out;
    key.kind = (enum key_kind)db_integer(s, 0);
    (void)snprintf(key.user, sizeof key.user, "%s", db_text(s, 1));
    key.roles = (unsigned)db_integer(s, 2);
    (void)snprintf(key.label, sizeof key.label, "%s", db_text(s, 3));
    key.made_ns = db_integer(s, 4);
    key.expires_ns = db_integer(s, 5);
    key.seen_ns = db_integer(s, 6);
    (void)snprintf(key.id, sizeof key.id, "%s", db_text(s, 7));
    *out_roles = key.kind == KEY_TOKEN ? role_reach((unsigned)db_integer(s, 8)) & key.roles : (unsigned)db_integer(s, 8);
    *out = key;
out:
    db_free(s);
    return status;
}

enum trundle_status key_remove(struct db *db, const uint8_t hash[32], struct trundle_error *err)
{
    return db_do(db, err, "DELETE FROM server_key WHERE hash = ?", "b", hash, (size_t)32);
}

enum trundle_status key_seen(struct db *db, const uint8_t hash[32], int64_t now_ns, struct trundle_error *err)
{
    return db_do(db, err, "UPDATE server_key SET seen_ns = ? WHERE hash = ?", "ib", now_ns, hash, (size_t)32);
}

enum trundle_status key_remove_of(struct db *db, const char *user, int kind, struct trundle_error *err)
{
    return db_do(db, err, "DELETE FROM server_key WHERE user = ?1 AND (?2 < 0 OR kind = ?2)", "ti", user, (int64_t)kind);
}
