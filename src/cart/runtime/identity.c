/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The key pair and the hub, as a JSON file that nobody else may read. */
#include "cart/runtime/identity.h"

#include "base/std/disk.h"
#include "base/std/json.h"
#include "base/std/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { VERSION = 1, FILE_MAX = 64 << 10, PATH = 1200 };

_Static_assert(crypto_sign_SECRETKEYBYTES == sizeof((struct identity *)0)->secret, "Ed25519");

static const char mend[] = "move it away and join the hub anew";

static enum trundle_status to_path(const char *dir, char out[PATH], struct trundle_error *err)
{
    return disk_path(out, PATH, err, "%s/" IDENTITY_FILE, dir);
}

static void encode(const uint8_t *bytes, size_t n, char *out, size_t size)
{
    (void)sodium_bin2base64(out, size, bytes, n, sodium_base64_VARIANT_ORIGINAL);
}

static enum trundle_status take(const struct json_at *at, struct identity *id, struct trundle_error *err)
{
    char secret[128], key[IDENTITY_KEY];
    enum trundle_status status;
    int64_t version;
    uint8_t bytes[crypto_sign_PUBLICKEYBYTES], derived[crypto_sign_PUBLICKEYBYTES];

    TRY(json_take_integer(at, "version", 1, INT32_MAX, &version, err));
    if (version > VERSION)
        return error_set(err, TRUNDLE_UNSUPPORTED, at->where, "update trundle", "identity of version %lld, known is %d", (long long)version, VERSION);
    TRY(json_take_text(at, "cart", id->cart, sizeof id->cart, err));
    TRY(json_take_text(at, "store", id->store, sizeof id->store, err));
    TRY(json_take_text(at, "hub", id->hub, sizeof id->hub, err));
    TRY(json_take_text(at, "pin", id->pin, sizeof id->pin, err));
    if (json_has(at, "hardware"))
        TRY(json_take_text(at, "hardware", id->hardware, sizeof id->hardware, err));
    TRY(json_take_text(at, "seal_key", id->seal_key, sizeof id->seal_key, err));
    TRY(json_take_text(at, "public_key", key, sizeof key, err));
    TRY(json_take_text(at, "secret_key", secret, sizeof secret, err));
    status = text_base64(secret, id->secret, sizeof id->secret) && text_base64(key, bytes, sizeof bytes) ? TRUNDLE_OK
             : error_set(err, TRUNDLE_BAD_INPUT, at->where, mend, "public_key and secret_key are base64 of 32 and 64 bytes");
    sodium_memzero(secret, sizeof secret);
    TRY(status);
    (void)crypto_sign_ed25519_sk_to_pk(derived, id->secret);
    if (memcmp(derived, bytes, sizeof bytes) != 0)
        return error_set(err, TRUNDLE_CORRUPT, at->where, mend, "public_key does not belong to secret_key");
    memcpy(id->public_key, key, sizeof key);
    if (id->seal_key[0] && !text_base64(id->seal_key, bytes, sizeof bytes))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, mend, "seal_key is base64 of 32 bytes");
    return id->hub[0] ? identity_hub_set(id, id->hub, id->pin, err) : TRUNDLE_OK;
}

enum trundle_status identity_load(const char *dir, struct identity *out, struct trundle_error *err)
{
    char path[PATH];
    struct stat about;
    struct bytes file = { 0 };
    json_t *root = NULL;
    struct identity id = { .cart = "" };
    enum trundle_status status;
    struct json_at at;

    if (sodium_init() < 0)
        return error_set(err, TRUNDLE_IO, "identity", NULL, "the system gives no random numbers");
    TRY(to_path(dir, path, err));
    if (stat(path, &about) == 0 && (about.st_mode & 077))
        return error_set(err, TRUNDLE_BAD_INPUT, path, "chmod 600 it; if others had it, move it away and join anew", "others may read it (mode %03o)",
                         (unsigned)(about.st_mode & 0777));
    TRY(file_read(path, FILE_MAX, &file, err));
    status = json_parse(file.data, file.n, path, &root, err);
    if (status == TRUNDLE_OK) {
        at = json_at_root(root, path);
        status = take(&at, &id, err);
        if (status == TRUNDLE_NOT_FOUND)           /* of a field: there is an identity, and it must not be made anew */
            status = error_set(err, TRUNDLE_BAD_INPUT, path, mend, "a field is missing");
    }
    if (status == TRUNDLE_OK)
        *out = id;
    json_decref(root);
    sodium_memzero(file.data, file.n);
    bytes_done(&file);
    identity_done(&id);
    return status;
}

enum trundle_status identity_save(const char *dir, const struct identity *id, struct trundle_error *err)
{
    char path[PATH], secret[128];
    enum trundle_status status;
    mode_t before;
    json_t *root;
    char *text;

    TRY(to_path(dir, path, err));
    encode(id->secret, sizeof id->secret, secret, sizeof secret);
    root = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "version", VERSION, "cart", id->cart, "store", id->store, "hub", id->hub, "pin", id->pin,
                     "hardware", id->hardware, "seal_key", id->seal_key, "public_key", id->public_key, "secret_key", secret);
    text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    sodium_memzero(secret, sizeof secret);
    if (!text)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    before = umask(077);                   /* file_write makes the temporary file with it */
    status = file_write(path, text, strlen(text), err);
    (void)umask(before);
    sodium_memzero(text, strlen(text));
    free(text);
    return status;
}

enum trundle_status identity_make(const char *dir, struct identity *out, struct trundle_error *err)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    struct identity id = { .cart = "" };
    enum trundle_status status = identity_load(dir, out, err);

    if (status != TRUNDLE_NOT_FOUND)
        return status;
    TRY(folder_make(dir, err));
    (void)crypto_sign_keypair(public_key, id.secret);
    encode(public_key, sizeof public_key, id.public_key, sizeof id.public_key);
    status = identity_save(dir, &id, err);
    if (status == TRUNDLE_OK)
        *out = id;
    identity_done(&id);
    return status;
}

bool identity_joined(const struct identity *id)
{
    return id->hub[0] && id->cart[0];
}

void identity_done(struct identity *id)
{
    sodium_memzero(id, sizeof *id);
}

static bool of_this_machine(const char *host, size_t n)
{
    return (n == 9 && !strncmp(host, "localhost", 9)) || (n > 4 && !strncmp(host, "127.", 4) && strspn(host, "0123456789.") == n) || (n == 5 && !strncmp(host, "[::1]", 5));
}

enum trundle_status identity_hub_set(struct identity *id, const char *hub, const char *pin, struct trundle_error *err)
{
    bool tls = !strncmp(hub, "https://", 8), plain = !strncmp(hub, "http://", 7);
    const char *host = hub + (tls ? 8 : 7);
    size_t n = strlen(hub), host_n;
    uint8_t hash[32];

    while (n && hub[n - 1] == '/')
        n--;
    if (!tls && !plain)
        return error_set(err, TRUNDLE_BAD_INPUT, "hub", "as https://hub.example:8443", "'%.80s' is no address of a hub", hub);
    if (n >= IDENTITY_URL || hub + n <= host)
        return error_set(err, TRUNDLE_BAD_INPUT, "hub", "as https://hub.example:8443", "the address is empty or over %d characters", IDENTITY_URL - 1);
    for (const char *c = host; c < hub + n; c++)
        if (strchr("/?#@\\\"' <>", *c) || *c < 0x21 || *c > 0x7e)
            return error_set(err, TRUNDLE_BAD_INPUT, "hub", "as https://hub.example:8443, without path or name and password",
                             "the address holds a character that does not belong there");
    host_n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    if (plain && !of_this_machine(host, host_n))
        return error_set(err, TRUNDLE_BAD_INPUT, "hub", "use https://", "http:// is for a hub on this machine only");
    if (!pin)
        pin = "";
    if (*pin && (strncmp(pin, "sha256//", 8) != 0 || strlen(pin) >= IDENTITY_PIN || !text_base64(pin + 8, hash, sizeof hash)))
        return error_set(err, TRUNDLE_BAD_INPUT, "pin", "the hub prints it when it starts", "'%.80s' is not sha256// and base64 of 32 bytes", pin);
    if (plain && *pin)
        return error_set(err, TRUNDLE_BAD_INPUT, "pin", "use https://", "http:// has no key to pin");
    memmove(id->hub, hub, n);
    id->hub[n] = '\0';
    if (pin != id->pin)
        (void)snprintf(id->pin, sizeof id->pin, "%s", pin);
    return TRUNDLE_OK;
}

const char *identity_sign(const struct identity *id, const char *method, const char *path, int64_t time_s, const void *body, size_t n,
                          char out[IDENTITY_SIGNATURE])
{
    unsigned char signature[crypto_sign_BYTES];
    char text[4096], hash[HASH_SHA256_TEXT];
    int length = snprintf(text, sizeof text, "%s\n%s\n%lld\n%s", method, path, (long long)time_s, hash_sha256(n ? body : "", n, hash));

    out[0] = '\0';
    if (length < 0 || (size_t)length >= sizeof text)
        return out;
    (void)crypto_sign_detached(signature, NULL, (const unsigned char *)text, (unsigned long long)length, id->secret);
    encode(signature, sizeof signature, out, IDENTITY_SIGNATURE);
    return out;
}
