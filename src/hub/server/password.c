/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Passwords: argon2id (RFC 9106) by libsodium. What costs an attacker much costs us as well, so only few run at once. */
#include "hub/server/inside.h"

#include <sodium.h>
#include <string.h>

static enum trundle_status enter(struct password_gate *g, struct trundle_error *err)
{
    bool full;

    (void)pthread_mutex_lock(&g->lock);
    full = g->running >= HASHERS;
    g->running += !full;
    (void)pthread_mutex_unlock(&g->lock);
    return full ? error_set(err, TRUNDLE_FULL, "sign-in", "try again in a second", "others are signing in") : TRUNDLE_OK;
}

static void leave(struct password_gate *g)
{
    (void)pthread_mutex_lock(&g->lock);
    g->running--;
    (void)pthread_mutex_unlock(&g->lock);
}

static int hash(const struct password_gate *g, const char *password, char out[PASSWORD_TEXT])
{
    return crypto_pwhash_str_alg(out, password, strlen(password), g->fast ? crypto_pwhash_OPSLIMIT_MIN : crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                 g->fast ? crypto_pwhash_MEMLIMIT_MIN : crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
}

enum trundle_status password_make(struct password_gate *g, const char *password, char out[PASSWORD_TEXT], struct trundle_error *err)
{
    int failed;

    if (strlen(password) < PASSWORD_LEAST)
        return error_set(err, TRUNDLE_BAD_INPUT, "password", "a sentence is a good one", "has fewer than %d bytes", PASSWORD_LEAST);
    TRY(enter(g, err));
    failed = hash(g, password, out);
    leave(g);
    return failed ? error_set(err, TRUNDLE_NO_MEMORY, "password", NULL, "no memory to hash it") : TRUNDLE_OK;
}

enum trundle_status password_check(struct password_gate *g, const char *stored, const char *password, bool *out_right, struct trundle_error *err)
{
    char other[PASSWORD_TEXT];

    TRY(enter(g, err));
    if (stored[0])
        *out_right = crypto_pwhash_str_verify(stored, password, strlen(password)) == 0;
    else
        *out_right = hash(g, password, other) != 0 && false;
    leave(g);
    return TRUNDLE_OK;
}
