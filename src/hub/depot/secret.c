/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* secret.json: the hub's keys and what other rooms keep secret. Mode 0600, replaced whole. */
#include "base/std/text.h"
#include "hub/depot/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 1 << 20, SECRET_TEXT_MAX = 65536 };

static enum trundle_status load(const struct depot *d, json_t **out, struct trundle_error *err)
{
    char path[DISK_PATH];
    struct bytes content = { 0 };
    enum trundle_status status;
    struct stat st;

    TRY(disk_path(path, sizeof path, err, "%s/secret.json", d->folder));
    if (stat(path, &st) != 0)
        return disk_error(err, path, "open");
    if (st.st_mode & 077)
        return error_set(err, TRUNDLE_BAD_INPUT, path, "chmod 600, and think about new keys", "others may read the hub's keys (mode %03o)", (unsigned)st.st_mode & 0777u);
    TRY(file_read(path, SECRET_MAX, &content, err));
    status = json_parse(content.data, content.n, path, out, err);
    if (status == TRUNDLE_OK && !json_is_object(*out)) {
        json_decref(*out);
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "restore it from a backup", "must be an object {...}");
    }
    sodium_memzero(content.data, content.n);
    bytes_done(&content);
    return status;
}

static enum trundle_status store(struct depot *d, const json_t *root, struct trundle_error *err)
{
    char path[DISK_PATH], temporary[DISK_PATH];
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS);
    enum trundle_status status;

    if (!text)
        return error_set(err, TRUNDLE_NO_MEMORY, d->folder, NULL, "no memory for its secrets");
    TRY_GOTO(status, disk_path(path, sizeof path, err, "%s/secret.json", d->folder), out);
    TRY_GOTO(status, disk_path(temporary, sizeof temporary, err, "%s/secret.json.%ld.tmp", d->folder, (long)getpid()), out);
    status = disk_put(path, temporary, 0600, text, strlen(text), err);
out:
    sodium_memzero(text, strlen(text));
    free(text);
    return status;
}

static enum trundle_status make(struct depot *d, struct trundle_error *err)
{
    char seal[SEAL_KEY_TEXT], sign[SEAL_KEY_TEXT];
    uint8_t seed[crypto_sign_SEEDBYTES];
    struct seal_key key;
    enum trundle_status status;
    json_t *root;

    TRY(seal_key_make(&key, err));
    randombytes_buf(seed, sizeof seed);
    root = json_pack("{s:s,s:s}", "seal", seal_key_text(key.secret_key, seal), "sign", seal_key_text(seed, sign));
    status = root ? store(d, root, err) : error_set(err, TRUNDLE_NO_MEMORY, d->folder, NULL, "no memory for its secrets");
    json_decref(root);
    sodium_memzero(&key, sizeof key);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(seal, sizeof seal);
    sodium_memzero(sign, sizeof sign);
    return status;
}

enum trundle_status depot_secret_open(struct depot *d, bool may_make, struct trundle_error *err)
{
    char path[DISK_PATH], where[160], text[SEAL_KEY_TEXT] = "";
    uint8_t seed[crypto_sign_SEEDBYTES];
    struct json_at at;
    json_t *root = NULL;
    enum trundle_status status;

    TRY(disk_path(path, sizeof path, err, "%s/secret.json", d->folder));
    if (sodium_init() < 0)
        return error_set(err, TRUNDLE_DEVICE, "libsodium", NULL, "gives no random numbers");
    if (may_make && !disk_there(path, NULL))
        TRY(make(d, err));
    status = load(d, &root, err);
    if (status == TRUNDLE_NOT_FOUND)
        return error_set(err, TRUNDLE_BAD_INPUT, path, "restore it from a backup: without it no clip can be opened", "the hub's keys are gone");
    TRY(status);
    at = json_at_root(root, path);
    TRY_GOTO(status, json_take_text(&at, "seal", text, sizeof text, err), out);
    (void)snprintf(where, sizeof where, "%.140s: seal", path);
    TRY_GOTO(status, seal_key_from_secret(text, where, &d->seal, err), out);
    TRY_GOTO(status, json_take_text(&at, "sign", text, sizeof text, err), out);
    if (!text_base64(text, seed, sizeof seed))
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "restore it from a backup", "sign is not the base64 of a 32-byte seed");
    else
        (void)crypto_sign_seed_keypair(d->sign_public, d->sign_secret, seed);
out:
    if (status == TRUNDLE_NOT_FOUND) {
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    sodium_memzero(text, sizeof text);
    sodium_memzero(seed, sizeof seed);
    json_decref(root);
    return status;
}

enum trundle_status depot_secret_get(struct depot *d, const char *name, struct bytes *out, struct trundle_error *err)
{
    json_t *root = NULL;
    const char *text;
    enum trundle_status status;

    (void)pthread_mutex_lock(&d->secret_mutex);
    status = load(d, &root, err);
    (void)pthread_mutex_unlock(&d->secret_mutex);
    TRY(status);
    text = json_string_value(json_object_get(root, name));
    if (!text)
        status = error_set(err, TRUNDLE_NOT_FOUND, "secret.json", NULL, "has no '%s'", name);
    else if (bytes_append(out, text, strlen(text) + 1) != TRUNDLE_OK)
        status = error_set(err, TRUNDLE_NO_MEMORY, "secret.json", NULL, "no memory for '%s'", name);
    else
        out->n--;
    json_decref(root);
    return status;
}

enum trundle_status depot_secret_set(struct depot *d, const char *name, const char *text, bool replace, struct trundle_error *err)
{
    json_t *root = NULL;
    enum trundle_status status;

    TRY(depot_name_check(name, "the secret's name", err));
    if (d->mode == DEPOT_READ || strcmp(name, "seal") == 0 || strcmp(name, "sign") == 0)
        return error_set(err, TRUNDLE_BAD_ARG, "secret.json", NULL, "'%s' cannot be set here", name);
    if (strlen(text) > SECRET_TEXT_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "secret.json", NULL, "'%s' has %zu bytes, limit %d", name, strlen(text), SECRET_TEXT_MAX);
    (void)pthread_mutex_lock(&d->secret_mutex);
    TRY_GOTO(status, load(d, &root, err), out);
    if (!replace && json_object_get(root, name)) {
        status = error_set(err, TRUNDLE_CONFLICT, "secret.json", NULL, "has '%s' already", name);
        goto out;
    }
    if (json_object_set_new(root, name, json_string(text)) != 0) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "secret.json", NULL, "'%s' is not UTF-8 text", name);
        goto out;
    }
    status = store(d, root, err);
out:
    (void)pthread_mutex_unlock(&d->secret_mutex);
    json_decref(root);
    return status;
}
