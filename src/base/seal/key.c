/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The hub's pair of keys: made, kept in a file that only its owner reads, printed and read as text. */
#include "base/seal/inside.h"

#include "base/std/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum trundle_status seal_init(struct trundle_error *err)
{
    return sodium_init() < 0 ? error_set(err, TRUNDLE_DEVICE, "libsodium", NULL, "gives no random numbers") : TRUNDLE_OK;
}

enum trundle_status seal_key_make(struct seal_key *out, struct trundle_error *err)
{
    TRY(seal_init(err));
    if (crypto_box_keypair(out->public_key, out->secret_key) != 0)
        return error_set(err, TRUNDLE_DEVICE, "libsodium", NULL, "makes no key");
    return TRUNDLE_OK;
}

const char *seal_key_text(const uint8_t key[32], char out[SEAL_KEY_TEXT])
{
    return sodium_bin2base64(out, SEAL_KEY_TEXT, key, 32, sodium_base64_VARIANT_ORIGINAL);
}

static bool key_parse(const char *text, uint8_t out[32])
{
    uint8_t key[32];
    size_t n = 0;
    bool fine = sodium_base642bin(key, sizeof key, text, strlen(text), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && n == sizeof key;

    if (fine)
        memcpy(out, key, sizeof key);
    sodium_memzero(key, sizeof key);
    return fine;
}

enum trundle_status seal_public_parse(const char *text, const char *where, uint8_t out[SEAL_PUBLIC], struct trundle_error *err)
{
    uint8_t key[SEAL_PUBLIC], sealed[crypto_box_SEALBYTES + 1];

    if (!key_parse(text, key))
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "is not the base64 of a 32-byte key");
    if (crypto_box_seal(sealed, (const uint8_t *)"", 1, key) != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "ask the hub for its key", "is a key that nothing can be sealed to");
    memcpy(out, key, sizeof key);
    return TRUNDLE_OK;
}

enum trundle_status seal_key_from_secret(const char *text, const char *where, struct seal_key *out, struct trundle_error *err)
{
    struct seal_key key;

    if (!key_parse(text, key.secret_key))
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "is not the base64 of a 32-byte key");
    if (crypto_scalarmult_base(key.public_key, key.secret_key) != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "is no secret key");
    *out = key;
    sodium_memzero(&key, sizeof key);
    return TRUNDLE_OK;
}

enum trundle_status seal_key_save(const char *path, const struct seal_key *key, struct trundle_error *err)
{
    char public_text[SEAL_KEY_TEXT], secret_text[SEAL_KEY_TEXT], text[256];
    int n = snprintf(text, sizeof text, "{\"public_key\":\"%s\",\"secret_key\":\"%s\"}\n", seal_key_text(key->public_key, public_text),
                     seal_key_text(key->secret_key, secret_text));
    enum trundle_status status = file_write_secret(path, text, (size_t)n, err);

    sodium_memzero(text, sizeof text);
    sodium_memzero(secret_text, sizeof secret_text);
    return status;
}

enum trundle_status seal_key_load(const char *path, struct seal_key *out, struct trundle_error *err)
{
    char public_text[SEAL_KEY_TEXT], secret_text[SEAL_KEY_TEXT] = "", where[160];
    struct bytes content = { 0 };
    struct seal_key key = { 0 };
    uint8_t claimed[SEAL_PUBLIC];
    json_t *root = NULL;
    struct json_at at;
    struct stat st;
    enum trundle_status status;

    TRY(seal_init(err));
    if (stat(path, &st) != 0)
        return error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, NULL, "%s", strerror(errno));
    if (st.st_mode & 077)
        return error_set(err, TRUNDLE_BAD_INPUT, path, "chmod 600, and think about a new key", "others may read this secret (mode %03o)", (unsigned)st.st_mode & 0777u);
    TRY(file_read(path, 4096, &content, err));
    TRY_GOTO(status, json_parse(content.data, content.n, path, &root, err), out);
    at = json_at_root(root, path);
    TRY_GOTO(status, json_take_text(&at, "public_key", public_text, sizeof public_text, err), out);
    TRY_GOTO(status, json_take_text(&at, "secret_key", secret_text, sizeof secret_text, err), out);
    (void)snprintf(where, sizeof where, "%.120s: public_key", path);
    TRY_GOTO(status, seal_public_parse(public_text, where, claimed, err), out);
    (void)snprintf(where, sizeof where, "%.120s: secret_key", path);
    TRY_GOTO(status, seal_key_from_secret(secret_text, where, &key, err), out);
    if (memcmp(claimed, key.public_key, sizeof claimed) != 0) {
        status = error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "its public key does not belong to its secret key");
        goto out;
    }
    *out = key;
out:
    if (status == TRUNDLE_NOT_FOUND)
        status = error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "holds no public_key and secret_key");
    sodium_memzero(&key, sizeof key);
    sodium_memzero(secret_text, sizeof secret_text);
    if (content.data)
        sodium_memzero(content.data, content.n);
    bytes_done(&content);
    json_decref(root);
    return status;
}
