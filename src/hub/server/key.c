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
    struct db_statement *s = NULL;
    char secret[KEY_TEXT];
    enum trundle_status status;

    randombytes_buf(random, sizeof random);
    (void)snprintf(secret, sizeof secret, "%s%s", prefix[key->kind],
                   sodium_bin2base64(text, sizeof text, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
    key_hash(secret, key->hash);
    (void)sodium_bin2hex(key->id, sizeof key->id, key->hash, KEY_ID / 2);
    TRY_GOTO(status, db_prepare(db, "INSERT INTO server_key(hash, id, kind, user, roles, label, made_ns, expires_ns, seen_ns) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0)", &s, err), out);
    db_bind_blob(s, 1, key->hash, sizeof key->hash);
    db_bind_text(s, 2, key->id);
    db_bind_integer(s, 3, key->kind);
    db_bind_text(s, 4, key->user);
    db_bind_integer(s, 5, key->roles);
    db_bind_text(s, 6, key->label);
    db_bind_integer(s, 7, key->made_ns);
    db_bind_integer(s, 8, key->expires_ns);
    TRY_GOTO(status, db_run(s, err), out);
    memcpy(out_secret, secret, sizeof secret);
out:
    sodium_memzero(secret, sizeof secret);
    db_free(s);
    return status;
}

enum trundle_status key_find(struct db *db, const char *secret, int64_t now_ns, struct key *out, unsigned *out_roles, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct key key = { 0 };
    enum trundle_status status;

    key_hash(secret, key.hash);
    TRY_GOTO(status, db_prepare(db, "SELECT k.kind, k.user, k.roles, k.label, k.made_ns, k.expires_ns, k.seen_ns, k.id, u.roles FROM server_key k "
                                    "JOIN server_user u ON u.name = k.user WHERE k.hash = ? AND k.expires_ns > ? AND NOT u.off", &s, err), out);
    db_bind_blob(s, 1, key.hash, sizeof key.hash);
    db_bind_integer(s, 2, now_ns);
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

static enum trundle_status run_on_hash(struct db *db, const char *sql, const uint8_t hash[32], int64_t number, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, sql, &s, err), out);
    db_bind_blob(s, 1, hash, 32);
    if (number)
        db_bind_integer(s, 2, number);
    status = db_run(s, err);
out:
    db_free(s);
    return status;
}

enum trundle_status key_remove(struct db *db, const uint8_t hash[32], struct trundle_error *err)
{
    return run_on_hash(db, "DELETE FROM server_key WHERE hash = ?", hash, 0, err);
}

enum trundle_status key_seen(struct db *db, const uint8_t hash[32], int64_t now_ns, struct trundle_error *err)
{
    return run_on_hash(db, "UPDATE server_key SET seen_ns = ?2 WHERE hash = ?1", hash, now_ns, err);
}

enum trundle_status key_remove_of(struct db *db, const char *user, int kind, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "DELETE FROM server_key WHERE user = ?1 AND (?2 < 0 OR kind = ?2)", &s, err), out);
    db_bind_text(s, 1, user);
    db_bind_integer(s, 2, kind);
    status = db_run(s, err);
out:
    db_free(s);
    return status;
}
