/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Key files. Version 1 holds the secret half as it is; version 2 holds it locked: libsodium's secretbox (XSalsa20, Poly1305) under argon2id of a passphrase.
 *
 *     {"trundle_key":1,"id":"..","public":"64 hex digits","secret":"64 hex digits"}
 *     {"trundle_key":2,"id":"..","public":"..","kdf":"argon2id13","passes":3,"memory_bytes":268435456,"salt":"32 hex digits","locked":"144 hex digits: nonce, tag, secret"}
 */
#include "base/bundle/inside.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SEED = crypto_sign_SEEDBYTES, NONCE = crypto_secretbox_NONCEBYTES, LOCKED = NONCE + crypto_secretbox_MACBYTES + SEED, SALT = crypto_pwhash_argon2id_SALTBYTES,
    FILE_BYTES = 4096, PASSES_MOST = 16
};
#define MEMORY_MOST (INT64_C(1) << 30)     /* of what a file may ask this machine for */
#define KDF "argon2id13"

struct file {
    int64_t version, passes, memory_bytes;
    uint8_t public_key[32], seed[SEED], salt[SALT], locked[LOCKED];
};

/* ---- writing ---- */

static enum trundle_status write_text(const struct trust_key *key, const char *fields, const char *path, int version, struct trundle_error *err)
{
    char public_hex[65], text[1024];
    enum trundle_status status;
    int n;

    (void)sodium_bin2hex(public_hex, sizeof public_hex, key->public_key, 32);
    n = snprintf(text, sizeof text, "{\"trundle_key\":%d,\"id\":\"%s\",\"public\":\"%s\",%s}\n", version, key->id, public_hex, fields);
    status = file_write_secret(path, text, (size_t)n, err);
    sodium_memzero(text, sizeof text);
    return status;
}

enum trundle_status trust_key_write(const struct trust_key *key, const char *path, struct trundle_error *err)
{
    char seed_hex[2 * SEED + 1], fields[128];
    uint8_t seed[SEED];
    enum trundle_status status;

    (void)crypto_sign_ed25519_sk_to_seed(seed, key->secret);
    (void)snprintf(fields, sizeof fields, "\"secret\":\"%s\"", sodium_bin2hex(seed_hex, sizeof seed_hex, seed, sizeof seed));
    status = write_text(key, fields, path, 1, err);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(seed_hex, sizeof seed_hex);
    sodium_memzero(fields, sizeof fields);
    return status;
}

static enum trundle_status derive(const struct file *f, const char *path, const char *passphrase, uint8_t out[crypto_secretbox_KEYBYTES], struct trundle_error *err)
{
    if (crypto_pwhash_argon2id(out, crypto_secretbox_KEYBYTES, passphrase, strlen(passphrase), f->salt, (unsigned long long)f->passes, (size_t)f->memory_bytes,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for its passphrase: %lld bytes are needed", (long long)f->memory_bytes);
    return TRUNDLE_OK;
}

enum trundle_status trust_key_write_locked(const struct trust_key *key, const char *passphrase, const char *path, struct trundle_error *err)
{
    struct file f = { .passes = crypto_pwhash_argon2id_OPSLIMIT_MODERATE, .memory_bytes = crypto_pwhash_argon2id_MEMLIMIT_MODERATE };
    uint8_t box_key[crypto_secretbox_KEYBYTES];
    char salt[2 * SALT + 1], locked[2 * LOCKED + 1], fields[512];
    enum trundle_status status;
    size_t n = strlen(passphrase);

    if (n < TRUST_PASSPHRASE_LEAST || n >= TRUST_PASSPHRASE)
        return error_set(err, TRUNDLE_BAD_INPUT, "passphrase", "some words that nobody would guess", "has %zu bytes, allowed are %d to %d", n, TRUST_PASSPHRASE_LEAST, TRUST_PASSPHRASE - 1);
    if (sodium_init() < 0)
        return error_set(err, TRUNDLE_IO, path, NULL, "no source of random numbers");
    randombytes_buf(f.salt, sizeof f.salt);
    randombytes_buf(f.locked, NONCE);
    TRY(derive(&f, path, passphrase, box_key, err));
    (void)crypto_sign_ed25519_sk_to_seed(f.seed, key->secret);
    (void)crypto_secretbox_easy(f.locked + NONCE, f.seed, SEED, f.locked, box_key);
    (void)snprintf(fields, sizeof fields, "\"kdf\":\"" KDF "\",\"passes\":%lld,\"memory_bytes\":%lld,\"salt\":\"%s\",\"locked\":\"%s\"", (long long)f.passes, (long long)f.memory_bytes,
                   sodium_bin2hex(salt, sizeof salt, f.salt, SALT), sodium_bin2hex(locked, sizeof locked, f.locked, LOCKED));
    status = write_text(key, fields, path, 2, err);
    sodium_memzero(&f, sizeof f);
    sodium_memzero(box_key, sizeof box_key);
    return status;
}

/* ---- reading ---- */

static enum trundle_status take_hex(const struct json_at *at, const char *name, uint8_t *out, size_t n, struct trundle_error *err)
{
    char text[2 * LOCKED + 1] = "";
    enum trundle_status status = bundle_needed(json_take_text(at, name, text, sizeof text, err), err);

    if (status == TRUNDLE_OK && !bundle_hex(text, out, n))
        status = error_set(err, TRUNDLE_BAD_INPUT, at->where, "trundle ship keys new makes key files", "%s must be %zu hex digits", name, 2 * n);
    sodium_memzero(text, sizeof text);
    return status;
}

static enum trundle_status take_locked(const struct json_at *at, struct file *f, struct trundle_error *err)
{
    char kdf[32];

    TRY(bundle_needed(json_take_text(at, "kdf", kdf, sizeof kdf, err), err));
    if (strcmp(kdf, KDF) != 0)
        return error_set(err, TRUNDLE_UNSUPPORTED, at->where, "use the program that wrote it, or a newer one", "its passphrase is stretched by \"%s\", known is " KDF, kdf);
    TRY(bundle_needed(json_take_integer(at, "passes", crypto_pwhash_argon2id_OPSLIMIT_MIN, PASSES_MOST, &f->passes, err), err));
    TRY(bundle_needed(json_take_integer(at, "memory_bytes", crypto_pwhash_argon2id_MEMLIMIT_MIN, MEMORY_MOST, &f->memory_bytes, err), err));
    TRY(take_hex(at, "salt", f->salt, SALT, err));
    return take_hex(at, "locked", f->locked, LOCKED, err);
}

static enum trundle_status parse(const struct bytes *b, const char *path, struct file *out, struct trundle_error *err)
{
    enum trundle_status status;
    struct json_at at;
    json_t *root = NULL;

    TRY(json_parse(b->data, b->n, path, &root, err));
    at = json_at_root(root, path);
    TRY_GOTO(status, bundle_needed(json_take_integer(&at, "trundle_key", 1, 2, &out->version, err), err), out);
    TRY_GOTO(status, take_hex(&at, "public", out->public_key, sizeof out->public_key, err), out);
    status = out->version == 1 ? take_hex(&at, "secret", out->seed, SEED, err) : take_locked(&at, out, err);
out:
    json_decref(root);
    return status;
}

static enum trundle_status load(const char *path, struct file *out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status;
    struct stat st;

    if (sodium_init() < 0)
        return error_set(err, TRUNDLE_IO, path, NULL, "no source of random numbers");
    TRY(file_read(path, FILE_BYTES, &b, err));
    if (stat(path, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        status = error_set(err, TRUNDLE_CONFLICT, path, "chmod 600, and think about who read it", "others than its owner may read this key");
    else
        status = parse(&b, path, out, err);
    sodium_memzero(b.data, b.n);
    bytes_done(&b);
    return status;
}

static enum trundle_status unlock(struct file *f, const char *path, trust_passphrase *ask, void *user, struct trundle_error *err)
{
    uint8_t box_key[crypto_secretbox_KEYBYTES];
    char passphrase[TRUST_PASSPHRASE] = "";
    enum trundle_status status;

    if (!ask)
        return error_set(err, TRUNDLE_CONFLICT, path, NULL, "is locked with a passphrase");
    TRY_GOTO(status, ask(user, path, passphrase, err), out);
    TRY_GOTO(status, derive(f, path, passphrase, box_key, err), out);
    if (crypto_secretbox_open_easy(f->seed, f->locked + NONCE, LOCKED - NONCE, f->locked, box_key) != 0)
        status = error_set(err, TRUNDLE_CORRUPT, path, "try again; a key whose passphrase is lost is replaced (docs/bundles.md, Keys)", "the passphrase does not open this key");
out:
    sodium_memzero(passphrase, sizeof passphrase);
    sodium_memzero(box_key, sizeof box_key);
    return status;
}

enum trundle_status trust_key_open(const char *path, trust_passphrase *ask, void *user, struct trust_key *out, struct trundle_error *err)
{
    struct file f = { .version = 0 };
    struct trust_key key;
    enum trundle_status status;

    TRY_GOTO(status, load(path, &f, err), out);
    if (f.version == 2)
        TRY_GOTO(status, unlock(&f, path, ask, user, err), out);
    (void)crypto_sign_seed_keypair(key.public_key, key.secret, f.seed);
    if (memcmp(f.public_key, key.public_key, sizeof key.public_key) != 0) {
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "take it from the backup", "the public and the secret half do not belong together");
    } else {
        trust_key_id(key.public_key, key.id);
        *out = key;
    }
    trust_key_wipe(&key);
out:
    sodium_memzero(&f, sizeof f);
    return status;
}

enum trundle_status trust_key_read(const char *path, struct trust_key *out, struct trundle_error *err)
{
    return trust_key_open(path, NULL, NULL, out, err);
}

enum trundle_status trust_key_public(const char *path, uint8_t out[32], bool *out_locked, struct trundle_error *err)
{
    struct file f = { .version = 0 };
    struct trust_key key;
    enum trundle_status status = load(path, &f, err);

    if (status == TRUNDLE_OK && f.version == 1) {      /* a half that does not belong is worth saying where it can be seen */
        status = trust_key_read(path, &key, err);
        trust_key_wipe(&key);
    }
    if (status == TRUNDLE_OK) {
        memcpy(out, f.public_key, 32);
        *out_locked = f.version == 2;
    }
    sodium_memzero(&f, sizeof f);
    return status;
}
