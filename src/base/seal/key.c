/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The hub's pair of keys: made, printed and read as text. */
#include "base/seal/inside.h"
#include "base/std/text.h"

#include <string.h>

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

enum trundle_status seal_public_parse(const char *text, const char *where, uint8_t out[SEAL_PUBLIC], struct trundle_error *err)
{
    uint8_t key[SEAL_PUBLIC], sealed[crypto_box_SEALBYTES + 1];

    if (!text_base64(text, key, sizeof key))
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "is not the base64 of a 32-byte key");
    if (crypto_box_seal(sealed, (const uint8_t *)"", 1, key) != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "ask the hub for its key", "is a key that nothing can be sealed to");
    memcpy(out, key, sizeof key);
    return TRUNDLE_OK;
}

enum trundle_status seal_key_from_secret(const char *text, const char *where, struct seal_key *out, struct trundle_error *err)
{
    struct seal_key key;

    if (!text_base64(text, key.secret_key, sizeof key.secret_key))
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "is not the base64 of a 32-byte key");
    if (crypto_scalarmult_base(key.public_key, key.secret_key) != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "is no secret key");
    *out = key;
    sodium_memzero(&key, sizeof key);
    return TRUNDLE_OK;
}
