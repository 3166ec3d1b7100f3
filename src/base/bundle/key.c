/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Ed25519 keys, and signatures of digests for one purpose (trust.h). */
#include "base/bundle/inside.h"
#include "base/std/hash.h"

#include <sodium.h>
#include <string.h>

void trust_key_id(const uint8_t public_key[32], char out[TRUST_ID_TEXT])
{
    char hex[HASH_SHA256_TEXT];

    (void)hash_sha256(public_key, 32, hex);
    memcpy(out, hex, TRUST_ID_TEXT - 1);
    out[TRUST_ID_TEXT - 1] = '\0';
}

void trust_key_wipe(struct trust_key *key)
{
    sodium_memzero(key, sizeof *key);
}

enum trundle_status trust_key_new(struct trust_key *out, struct trundle_error *err)
{
    if (sodium_init() < 0)
        return error_set(err, TRUNDLE_IO, "key", NULL, "no source of random numbers");
    (void)crypto_sign_keypair(out->public_key, out->secret);
    trust_key_id(out->public_key, out->id);
    return TRUNDLE_OK;
}

bool bundle_hex(const char *text, uint8_t *out, size_t n)
{
    size_t got = 0;

    if (strlen(text) != 2 * n || strspn(text, "0123456789abcdef") != 2 * n)
        return false;
    return sodium_hex2bin(out, n, text, 2 * n, NULL, &got, NULL) == 0 && got == n;
}

/* What is signed: a line that says what it is, and the digest. */
static size_t signed_text(enum trust_purpose purpose, const uint8_t digest[32], uint8_t out[64])
{
    static const char *const line[] = { [TRUST_KEYRING] = "trundle keyring 1\n", [TRUST_BUNDLE] = "trundle bundle 1\n" };
    size_t n = strlen(line[purpose]);

    memcpy(out, line[purpose], n);
    memcpy(out + n, digest, 32);
    return n + 32;
}

void trust_sign(const struct trust_key *key, enum trust_purpose purpose, const uint8_t digest[32], struct trust_signature *out)
{
    uint8_t text[64];
    size_t n = signed_text(purpose, digest, text);

    memcpy(out->key, key->id, sizeof out->key);
    (void)crypto_sign_detached(out->bytes, NULL, text, n, key->secret);
}

bool trust_signature_fits(const uint8_t public_key[32], enum trust_purpose purpose, const uint8_t digest[32], const struct trust_signature *s)
{
    uint8_t text[64];
    size_t n = signed_text(purpose, digest, text);

    return crypto_sign_verify_detached(s->bytes, text, n, public_key) == 0;
}

enum trundle_status bundle_known_keys(const struct json_at *at, const char *const *known, struct trundle_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(at->value, key, value)
    {
        size_t i = 0;

        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "it was written by a newer program", "holds \"%.60s\", which is not known", key);
    }
    return TRUNDLE_OK;
}

enum trundle_status bundle_signatures_take(const struct json_at *list, struct trust_signature *out, size_t most, size_t *out_n, struct trundle_error *err)
{
    static const char *const known[] = { "key", "signature", NULL };
    size_t n = json_length(list), got;
    struct json_at at;
    uint8_t id[8];
    char text[96];

    if (!json_is_array(list->value) || n > most)
        return error_set(err, TRUNDLE_TOO_LARGE, list->where, NULL, "must be a list of at most %zu signatures", most);
    for (size_t i = 0; i < n; i++) {
        TRY(json_element(list, i, &at, err));
        if (!json_is_object(at.value))
            return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "must be an object {\"key\",\"signature\"}");
        TRY(bundle_known_keys(&at, known, err));
        TRY(bundle_needed(json_take_text(&at, "key", out[i].key, sizeof out[i].key, err), err));
        TRY(bundle_needed(json_take_text(&at, "signature", text, sizeof text, err), err));
        if (!bundle_hex(out[i].key, id, sizeof id))
            return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "a key's id is 16 hex digits");
        if (sodium_base642bin(out[i].bytes, TRUST_SIGNATURE, text, strlen(text), NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || got != TRUST_SIGNATURE)
            return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "a signature is the base64 of 64 bytes");
        for (size_t k = 0; k < i; k++)
            if (!strcmp(out[k].key, out[i].key))
                return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "key %s signed twice", out[i].key);
    }
    *out_n = n;
    return TRUNDLE_OK;
}

json_t *bundle_signatures_json(const struct trust_signature *s, size_t n)
{
    json_t *list = json_array();
    char text[96];

    for (size_t i = 0; i < n && list; i++) {
        (void)sodium_bin2base64(text, sizeof text, s[i].bytes, TRUST_SIGNATURE, sodium_base64_VARIANT_ORIGINAL);
        if (json_array_append_new(list, json_pack("{s:s,s:s}", "key", s[i].key, "signature", text)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}
