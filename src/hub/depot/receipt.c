/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Receipts of deletion: {"receipt":{...},"key":...,"signature":...}, signed over the receipt in one fixed form. */
#include "hub/depot/receipt.h"

#include <stdlib.h>
#include <string.h>

#define DOMAIN "trundle receipt 1\n"
enum { RECEIPT_MAX = 16 << 20, SIGNATURE_TEXT = 89, KEY_TEXT = 45 };

/* What is signed: a word that keeps these signatures apart from all others, then the JSON with sorted keys and no spaces. */
static enum trundle_status signed_form(const json_t *receipt, struct bytes *out, struct trundle_error *err)
{
    char *text = json_dumps(receipt, JSON_SORT_KEYS | JSON_COMPACT);
    enum trundle_status status = text ? bytes_append(out, DOMAIN, strlen(DOMAIN)) : TRUNDLE_NO_MEMORY;

    if (status == TRUNDLE_OK)
        status = bytes_append(out, text, strlen(text));
    free(text);
    return status == TRUNDLE_OK ? TRUNDLE_OK : error_set(err, status, "receipt", NULL, "no memory for it");
}

enum trundle_status depot_receipt_sign(const struct depot *d, const char *receipt, char **out, struct trundle_error *err)
{
    char key[KEY_TEXT], signature[SIGNATURE_TEXT];
    uint8_t sig[crypto_sign_BYTES];
    struct bytes form = { 0 };
    json_t *root = NULL, *doc = NULL;
    enum trundle_status status;

    TRY(json_parse(receipt, strlen(receipt), "receipt", &root, err));
    TRY_GOTO(status, signed_form(root, &form, err), out);
    (void)crypto_sign_detached(sig, NULL, form.data, form.n, d->sign_secret);
    doc = json_pack("{s:O,s:s,s:s}", "receipt", root, "key", sodium_bin2base64(key, sizeof key, d->sign_public, sizeof d->sign_public, sodium_base64_VARIANT_ORIGINAL),
                    "signature", sodium_bin2base64(signature, sizeof signature, sig, sizeof sig, sodium_base64_VARIANT_ORIGINAL));
    *out = doc ? json_dumps(doc, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;
    if (!*out)
        status = error_set(err, TRUNDLE_NO_MEMORY, "receipt", NULL, "no memory for it");
out:
    json_decref(doc);
    json_decref(root);
    bytes_done(&form);
    return status;
}

static bool from_base64(const char *text, uint8_t *out, size_t size)
{
    size_t n = 0;

    return sodium_base642bin(out, size, text, strlen(text), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && n == size;
}

enum trundle_status depot_receipt_verify(const void *receipt, size_t n, const uint8_t sign_public_key[DEPOT_SIGN_PUBLIC], struct trundle_error *err)
{
    char key_text[KEY_TEXT], signature_text[SIGNATURE_TEXT];
    uint8_t key[DEPOT_SIGN_PUBLIC], signature[crypto_sign_BYTES];
    struct bytes form = { 0 };
    struct json_at at, inner;
    enum trundle_status status;
    json_t *root = NULL;

    if (n > RECEIPT_MAX)
        return error_set(err, TRUNDLE_BAD_INPUT, "receipt", NULL, "%zu bytes, limit %d", n, RECEIPT_MAX);
    TRY(json_parse(receipt, n, "receipt", &root, err));
    at = json_at_root(root, "receipt");
    if (!json_is_object(root)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "receipt", NULL, "must be an object {...}");
        goto out;
    }
    TRY_GOTO(status, json_take_object(&at, "receipt", &inner, err), out);
    TRY_GOTO(status, json_take_text(&at, "key", key_text, sizeof key_text, err), out);
    TRY_GOTO(status, json_take_text(&at, "signature", signature_text, sizeof signature_text, err), out);
    if (json_object_size(root) != 3 || !from_base64(key_text, key, sizeof key) || !from_base64(signature_text, signature, sizeof signature)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "receipt", NULL, "its key or signature is none, or it has more than receipt, key, signature");
        goto out;
    }
    if (memcmp(key, sign_public_key, sizeof key) != 0) {
        status = error_set(err, TRUNDLE_CORRUPT, "receipt", "ask the hub that it came from for its key", "another hub's key signed it");
        goto out;
    }
    TRY_GOTO(status, signed_form(inner.value, &form, err), out);
    if (crypto_sign_verify_detached(signature, form.data, form.n, sign_public_key) != 0)
        status = error_set(err, TRUNDLE_CORRUPT, "receipt", NULL, "the signature does not fit: it was changed");
out:
    if (status == TRUNDLE_NOT_FOUND || status == TRUNDLE_TOO_LARGE) {
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    bytes_done(&form);
    json_decref(root);
    return status;
}
