/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a bundle must be before anything of it is read: signatures, policy, content; and then the reading. */
#include "base/bundle/inside.h"
#include "base/std/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum trundle_status check_signatures(const struct bundle *b, const struct trust *trust, enum bundle_refusal *out_why, struct trundle_error *err)
{
    const char *of[TRUST_GOOD + 1] = { NULL };
    int count[TRUST_GOOD + 1] = { 0 };

    if (b->signatures_n == 0)
        return bundle_refuse(b->where, BUNDLE_UNSIGNED, out_why, err, "trundle ship sign", "it holds no signature");
    for (size_t i = 0; i < b->signatures_n; i++) {
        enum trust_finding f = trust_check(trust, &b->signature[i], b->digest);

        count[f]++;
        of[f] = b->signature[i].key;
    }
    if (count[TRUST_WRONG_SIGNATURE])
        return bundle_refuse(b->where, BUNDLE_SIGNATURE, out_why, err, "it was changed after it was signed", "that of key %s", of[TRUST_WRONG_SIGNATURE]);
    if (count[TRUST_GOOD] >= trust_threshold(trust))
        return TRUNDLE_OK;
    if (count[TRUST_GOOD])
        return bundle_refuse(b->where, BUNDLE_THRESHOLD, out_why, err, "another key must sign too", "%d did, %d must", count[TRUST_GOOD], trust_threshold(trust));
    if (count[TRUST_REVOKED_KEY])
        return bundle_refuse(b->where, BUNDLE_REVOKED_KEY, out_why, err, "sign it with a key that is trusted", "key %s", of[TRUST_REVOKED_KEY]);
    return bundle_refuse(b->where, BUNDLE_UNKNOWN_KEY, out_why, err, "is the keyring the newest?", "key %s is none of keyring %lld", of[TRUST_UNKNOWN_KEY],
                  (long long)trust_serial(trust));
}

static enum trundle_status check_needs(const struct bundle *b, const char *version, enum bundle_refusal *out_why, struct trundle_error *err)
{
    const char *key;
    json_t *value;
    int order = -1;

    json_object_foreach(json_object_get(b->m.root, "needs"), key, value)
    {
        if (strcmp(key, "trundle") != 0)
            return bundle_refuse(b->where, BUNDLE_NEEDS, out_why, err, "update the program first", "\"%.60s\", which this program does not know", key);
        if (!manifest_version_compare(version, json_string_value(value), &order) || order < 0)
            return bundle_refuse(b->where, BUNDLE_NEEDS, out_why, err, "update the program first", "trundle %.20s, this is %.20s", json_string_value(value), version);
    }
    return TRUNDLE_OK;
}

static enum trundle_status check_policy(const struct bundle *b, const struct bundle_want *want, enum bundle_refusal *out_why, struct trundle_error *err)
{
    enum bundle_refusal why;
    char what[160];
    bool fits = want->hardware == NULL;

    for (size_t i = 0; i < b->m.hardware_n && !fits; i++)
        fits = !strcmp(b->m.hardware[i], want->hardware);
    if (!fits)
        return bundle_refuse(b->where, BUNDLE_HARDWARE, out_why, err, NULL, "it is for %s%s, this is %.40s", b->m.hardware[0], b->m.hardware_n > 1 ? " and others" : "", want->hardware);
    TRY(check_needs(b, want->version ? want->version : TRUNDLE_VERSION, out_why, err));
    if (want->newer_than && b->m.serial <= want->newer_than)
        return bundle_refuse(b->where, BUNDLE_OLDER, out_why, err, "build it with a higher serial", "its serial is %lld, installed was %lld", (long long)b->m.serial,
                      (long long)want->newer_than);
    why = manifest_verdict(&b->m, what, sizeof what);
    if (why != BUNDLE_NONE)
        return bundle_refuse(b->where, why, out_why, err, "trundle eval --gate --json gives the verdict", "%s", what);
    return TRUNDLE_OK;
}

enum trundle_status bundle_verify(struct bundle *b, const struct trust *trust, const struct bundle_want *want, enum bundle_refusal *out_why, struct trundle_error *err)
{
    char sha256[HASH_SHA256_TEXT];

    if (out_why)
        *out_why = BUNDLE_UNREADABLE;
    b->verified = false;
    TRY(check_signatures(b, trust, out_why, err));
    TRY(check_policy(b, want, out_why, err));
    TRY(bundle_check_content(b, sha256, out_why, err));
    memcpy(b->sha256, sha256, sizeof sha256);
    b->verified = true;
    if (out_why)
        *out_why = BUNDLE_NONE;
    return TRUNDLE_OK;
}

static enum trundle_status only_verified(const struct bundle *b, struct trundle_error *err)
{
    return b->verified ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_ARG, b->where, "bundle_verify comes first", "the bundle is not verified");
}

enum trundle_status bundle_sha256(const struct bundle *b, char out[65], struct trundle_error *err)
{
    TRY(only_verified(b, err));
    memcpy(out, b->sha256, sizeof b->sha256);
    return TRUNDLE_OK;
}

enum trundle_status bundle_manifest_sha256(const struct bundle *b, char out[65], struct trundle_error *err)
{
    TRY(only_verified(b, err));
    (void)sodium_bin2hex(out, HASH_SHA256_TEXT, b->digest, sizeof b->digest);
    return TRUNDLE_OK;
}

static enum trundle_status into_bytes(void *user, const uint8_t *piece, size_t n, struct trundle_error *err)
{
    return bytes_append(user, piece, n) == TRUNDLE_OK ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "bundle", NULL, "no memory for a file");
}

enum trundle_status bundle_read(struct bundle *b, const char *path, struct bytes *out, struct trundle_error *err)
{
    struct bytes content = { 0 };
    enum trundle_status status;
    size_t i = 0;

    TRY(only_verified(b, err));
    while (i < b->m.files_n && strcmp(b->m.file[i].path, path) != 0)
        i++;
    if (i == b->m.files_n)
        return error_set(err, TRUNDLE_NOT_FOUND, b->where, NULL, "holds no \"%.100s\"", path);
    status = bytes_reserve(&content, (size_t)b->m.file[i].bytes + 1);
    if (status != TRUNDLE_OK)
        return error_set(err, status, b->where, NULL, "no memory for \"%.100s\"", path);
    status = bundle_walk(b, &b->m.file[i], into_bytes, &content, NULL, err);
    if (status != TRUNDLE_OK) {
        b->verified = false;
        bytes_done(&content);
        return status;
    }
    content.data[content.n] = '\0';
    *out = content;
    return TRUNDLE_OK;
}

enum trundle_status bundle_into_file(void *user, const uint8_t *piece, size_t n, struct trundle_error *err)
{
    struct bundle_to_file *to = user;

    return disk_write(to->fd, piece, n, to->path, err);
}

/* folder/path, its folders made. */
static enum trundle_status extract_file(struct bundle *b, size_t i, const char *folder, struct trundle_error *err)
{
    char path[DISK_PATH];
    struct bundle_to_file to = { path, -1 };
    size_t stem = strlen(folder) + 1;
    enum bundle_refusal why = BUNDLE_NONE;
    enum trundle_status status;

    TRY(disk_path(path, sizeof path, err, "%s/%s", folder, b->m.file[i].path));
    for (char *slash = strchr(path + stem, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TRY(disk_folder(path, 0755, err));
        *slash = '/';
    }
    TRY(disk_create(path, 0644, &to.fd, err));
    status = bundle_walk(b, &b->m.file[i], bundle_into_file, &to, &why, err);
    if (status != TRUNDLE_OK) {
        b->verified = b->verified && why != BUNDLE_CONTENT;
        (void)close(to.fd);
        return status;
    }
    return disk_close(to.fd, path, err);
}

enum trundle_status bundle_extract(struct bundle *b, const char *folder, struct trundle_error *err)
{
    char manifest[DISK_PATH], signatures[DISK_PATH];

    TRY(only_verified(b, err));
    TRY(disk_path(manifest, sizeof manifest, err, "%s/bundle.json", folder));
    TRY(disk_path(signatures, sizeof signatures, err, "%s/signatures.json", folder));
    for (size_t i = 0; i < b->m.files_n; i++)
        TRY(extract_file(b, i, folder, err));
    TRY(disk_file(manifest, 0644, b->manifest_text.data, b->manifest_text.n, err));
    TRY(disk_file(signatures, 0644, b->signatures_text.data, b->signatures_text.n, err));
    return disk_tree_sync(folder, err);
}

static enum trundle_status check_file(const char *folder, const struct manifest_file *f, struct trundle_error *err)
{
    crypto_hash_sha256_state state;
    uint8_t piece[BUNDLE_PIECE], digest[32];
    char path[4096], hex[HASH_SHA256_TEXT];
    int64_t total = 0;
    ssize_t got = 0;
    int n = snprintf(path, sizeof path, "%s/%s", folder, f->path), fd;

    fd = n < 0 || (size_t)n >= sizeof path ? -1 : open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, TRUNDLE_NOT_FOUND, path, NULL, "cannot open: %s", strerror(errno));
    (void)crypto_hash_sha256_init(&state);
    while (total <= f->bytes && (got = read(fd, piece, sizeof piece)) > 0) {
        (void)crypto_hash_sha256_update(&state, piece, (size_t)got);
        total += got;
    }
    (void)close(fd);
    (void)crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    if (got < 0 || total != f->bytes || strcmp(hex, f->sha256) != 0)
        return error_set(err, TRUNDLE_CORRUPT, path, "install the bundle again", "is not what the manifest says");
    return TRUNDLE_OK;
}

enum trundle_status bundle_check_folder(const char *folder, const char *manifest_sha256, struct trundle_error *err)
{
    char path[4096], sha256[HASH_SHA256_TEXT];
    struct manifest m = { .root = NULL };
    struct bytes text = { 0 };
    enum bundle_refusal why;
    enum trundle_status status;
    int n = snprintf(path, sizeof path, "%s/bundle.json", folder);

    if (n < 0 || (size_t)n >= sizeof path || sodium_init() < 0)
        return error_set(err, TRUNDLE_TOO_LARGE, folder, NULL, "the path is too long");
    TRY(file_read(path, BUNDLE_MANIFEST_MAX, &text, err));
    if (manifest_sha256 && strcmp(hash_sha256(text.data, text.n, sha256), manifest_sha256) != 0) {
        status = error_set(err, TRUNDLE_CORRUPT, path, "install the bundle again", "is not the manifest that was installed");
        goto out;
    }
    TRY_GOTO(status, manifest_parse(text.data, text.n, path, &m, &why, err), out);
    for (size_t i = 0; i < m.files_n; i++)
        TRY_GOTO(status, check_file(folder, &m.file[i], err), out);
out:
    manifest_done(&m);
    bytes_done(&text);
    return status;
}
