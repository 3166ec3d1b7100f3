/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A bundle is opened: its structure, and nothing that is believed (bundle.h). */
#include "base/bundle/inside.h"
#include "base/std/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


const char *bundle_refusal_text(enum bundle_refusal why)
{
#define TEXT(name, text, sentence) text,
    static const char *const texts[] = { BUNDLE_REFUSALS(TEXT) };
#undef TEXT
    return (int)why >= 0 && why < BUNDLE_REFUSAL_COUNT ? texts[why] : "?";
}

const char *bundle_refusal_sentence(enum bundle_refusal why)
{
#define SENTENCE(name, text, sentence) sentence,
    static const char *const sentences[] = { BUNDLE_REFUSALS(SENTENCE) };
#undef SENTENCE
    return (int)why >= 0 && why < BUNDLE_REFUSAL_COUNT ? sentences[why] : "?";
}

static enum trundle_status status_of(enum bundle_refusal why)
{
    switch (why) {
    case BUNDLE_UNREADABLE:
        return TRUNDLE_IO;
    case BUNDLE_CUT:
        return TRUNDLE_TRUNCATED;
    case BUNDLE_TOO_MUCH:
        return TRUNDLE_TOO_LARGE;
    case BUNDLE_SIGNATURE:
    case BUNDLE_CONTENT:
        return TRUNDLE_CORRUPT;
    case BUNDLE_NOT_A_BUNDLE:
    case BUNDLE_MANIFEST:
    case BUNDLE_FILE_NAME:
        return TRUNDLE_BAD_INPUT;
    default:
        return TRUNDLE_CONFLICT;
    }
}

enum trundle_status bundle_refuse(const char *where, enum bundle_refusal why, enum bundle_refusal *out_why, struct trundle_error *err, const char *hint,
                                  const char *what, ...)
{
    char detail[160];
    va_list args;

    va_start(args, what);
    (void)vsnprintf(detail, sizeof detail, what, args);
    va_end(args);
    if (out_why)
        *out_why = why;
    return error_set(err, status_of(why), where, hint, "%s: %s", bundle_refusal_sentence(why), detail);
}

/* n bytes of the file from `at`; all of them or not. */
static bool read_at(const struct bundle *b, int64_t at, void *out, size_t n)
{
    uint8_t *to = out;

    if (at < 0 || (uint64_t)n > INT64_MAX || at > b->bytes - (int64_t)n)
        return false;
    if (b->fd < 0) {
        if (n)
            memcpy(to, b->memory + at, n);
        return true;
    }
    while (n) {
        ssize_t got = pread(b->fd, to, n, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static enum trundle_status read_text(const struct bundle *b, int64_t at, size_t n, struct bytes *out, struct trundle_error *err)
{
    if (bytes_reserve(out, n + 1) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, b->where, NULL, "no memory for %zu bytes", n);
    if (!read_at(b, at, out->data, n))
        return error_set(err, TRUNDLE_IO, b->where, NULL, "cannot read %zu bytes at %lld", n, (long long)at);
    out->n = n;
    out->data[n] = '\0';
    return TRUNDLE_OK;
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static enum trundle_status take_signatures(struct bundle *b, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct json_at at;
    json_t *root = NULL;
    char where[240];
    enum trundle_status status;

    (void)snprintf(where, sizeof where, "%s, signatures", b->where);
    *out_why = BUNDLE_MANIFEST;
    TRY(json_parse(b->signatures_text.data, b->signatures_text.n, where, &root, err));
    at = json_at_root(root, where);
    status = bundle_signatures_take(&at, b->signature, BUNDLE_SIGNATURES_MAX, &b->signatures_n, err);
    json_decref(root);
    if (status == TRUNDLE_TOO_LARGE)
        *out_why = BUNDLE_TOO_MUCH;
    return status;
}

static enum trundle_status take_structure(struct bundle *b, enum bundle_refusal *why, struct trundle_error *err)
{
    uint8_t head[BUNDLE_HEAD];
    char where[240];
    size_t manifest_n, signatures_n;

    if (b->bytes < BUNDLE_HEAD || !read_at(b, 0, head, sizeof head) || memcmp(head, "TRUNDLB1", 8) != 0)
        return bundle_refuse(b->where, BUNDLE_NOT_A_BUNDLE, why, err, "trundle ship build makes one", "it does not begin with TRUNDLB1");
    manifest_n = u32(head + 8);
    signatures_n = u32(head + 12);
    if (manifest_n > BUNDLE_MANIFEST_MAX || signatures_n > BUNDLE_SIGNATURES_BYTES_MAX)
        return bundle_refuse(b->where, BUNDLE_TOO_MUCH, why, err, NULL, "a manifest of %zu bytes and signatures of %zu, limits %d and %d", manifest_n, signatures_n,
                      BUNDLE_MANIFEST_MAX, BUNDLE_SIGNATURES_BYTES_MAX);
    b->content_at = BUNDLE_HEAD + (int64_t)manifest_n + (int64_t)signatures_n;
    if (b->content_at > b->bytes)
        return bundle_refuse(b->where, BUNDLE_CUT, why, err, "fetch it again", "%lld bytes, the manifest alone ends at %lld", (long long)b->bytes, (long long)b->content_at);
    *why = BUNDLE_UNREADABLE;
    TRY(read_text(b, BUNDLE_HEAD, manifest_n, &b->manifest_text, err));
    TRY(read_text(b, BUNDLE_HEAD + (int64_t)manifest_n, signatures_n, &b->signatures_text, err));
    (void)snprintf(where, sizeof where, "%s, manifest", b->where);
    TRY(manifest_parse(b->manifest_text.data, b->manifest_text.n, where, &b->m, why, err));
    TRY(take_signatures(b, why, err));
    if (b->bytes < b->content_at + b->m.content_bytes)
        return bundle_refuse(b->where, BUNDLE_CUT, why, err, "fetch it again", "%lld bytes, its files end at %lld", (long long)b->bytes,
                      (long long)(b->content_at + b->m.content_bytes));
    if (b->bytes > b->content_at + b->m.content_bytes)
        return bundle_refuse(b->where, BUNDLE_NOT_A_BUNDLE, why, err, "fetch it again", "%lld bytes stand behind its last file",
                      (long long)(b->bytes - b->content_at - b->m.content_bytes));
    (void)crypto_hash_sha256(b->digest, b->manifest_text.data, b->manifest_text.n);
    *why = BUNDLE_NONE;
    return TRUNDLE_OK;
}

static enum trundle_status open_any(struct bundle **io, struct bundle **out, enum bundle_refusal *out_why, struct trundle_error *err)
{
    enum bundle_refusal why = BUNDLE_NONE;
    enum trundle_status status = take_structure(*io, &why, err);

    if (out_why)
        *out_why = why;
    if (status != TRUNDLE_OK) {
        bundle_close(*io);
        *io = NULL;
        return status;
    }
    *out = *io;
    return TRUNDLE_OK;
}

static struct bundle *new_bundle(const char *where)
{
    struct bundle *b = sodium_init() < 0 ? NULL : calloc(1, sizeof *b);

    if (b) {
        b->fd = -1;
        (void)snprintf(b->where, sizeof b->where, "%s", where);
    }
    return b;
}

enum trundle_status bundle_open(const char *path, struct bundle **out, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct bundle *b = new_bundle(path);
    struct stat st;

    if (out_why)
        *out_why = BUNDLE_UNREADABLE;
    if (!b)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for a bundle");
    b->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (b->fd < 0 || fstat(b->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        int number = b->fd < 0 ? errno : EISDIR;

        bundle_close(b);
        return error_set(err, number == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, NULL, "cannot read the bundle: %s", number == EISDIR ? "no regular file" : strerror(number));
    }
    b->bytes = (int64_t)st.st_size;
    return open_any(&b, out, out_why, err);
}

enum trundle_status bundle_open_bytes(const void *bytes, size_t n, struct bundle **out, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct bundle *b = new_bundle("bundle");

    if (out_why)
        *out_why = BUNDLE_UNREADABLE;
    if (!b)
        return error_set(err, TRUNDLE_NO_MEMORY, "bundle", NULL, "no memory for a bundle");
    b->memory = bytes;
    b->bytes = (int64_t)n;
    return open_any(&b, out, out_why, err);
}

void bundle_close(struct bundle *b)
{
    if (!b)
        return;
    if (b->fd >= 0)
        (void)close(b->fd);
    bytes_done(&b->manifest_text);
    bytes_done(&b->signatures_text);
    manifest_done(&b->m);
    free(b);
}

struct bundle_about bundle_about(const struct bundle *b)
{
    return (struct bundle_about){ .name = b->m.name, .serial = b->m.serial, .made_ns = b->m.made_ns, .bytes = b->bytes, .files_n = b->m.files_n,
                                  .signatures_n = b->signatures_n, .hardware_n = b->m.hardware_n, .catalog_sha256 = b->m.catalog, .needs = b->m.needs,
                                  .verified = b->verified };
}

struct bundle_file bundle_file(const struct bundle *b, size_t i)
{
    return i < b->m.files_n ? (struct bundle_file){ b->m.file[i].path, b->m.file[i].sha256, b->m.file[i].bytes } : (struct bundle_file){ "", "", 0 };
}

const json_t *bundle_manifest(const struct bundle *b)
{
    return b->m.root;
}

const char *bundle_signer(const struct bundle *b, size_t i)
{
    return i < b->signatures_n ? b->signature[i].key : "";
}

enum trundle_status bundle_walk(struct bundle *b, const struct manifest_file *f, bundle_piece *use, void *user, enum bundle_refusal *out_why, struct trundle_error *err)
{
    crypto_hash_sha256_state state;
    uint8_t piece[BUNDLE_PIECE], digest[32];
    char hex[HASH_SHA256_TEXT];

    (void)crypto_hash_sha256_init(&state);
    for (int64_t at = 0; at < f->bytes;) {
        size_t n = f->bytes - at < BUNDLE_PIECE ? (size_t)(f->bytes - at) : BUNDLE_PIECE;

        if (!read_at(b, b->content_at + f->at + at, piece, n))
            return bundle_refuse(b->where, BUNDLE_UNREADABLE, out_why, err, NULL, "at %s", f->path);
        (void)crypto_hash_sha256_update(&state, piece, n);
        TRY(use(user, piece, n, err));
        at += (int64_t)n;
    }
    (void)crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    if (strcmp(hex, f->sha256) != 0)
        return bundle_refuse(b->where, BUNDLE_CONTENT, out_why, err, "fetch it again", "%.80s has sha256 %.16s..., not %.16s...", f->path, hex, f->sha256);
    return TRUNDLE_OK;
}

static enum trundle_status into_hash(void *user, const uint8_t *piece, size_t n, struct trundle_error *err)
{
    (void)err;
    (void)crypto_hash_sha256_update(user, piece, n);
    return TRUNDLE_OK;
}

void bundle_head(const struct bytes *manifest, const struct bytes *signatures, uint8_t head[BUNDLE_HEAD])
{
    uint32_t n[2] = { (uint32_t)manifest->n, (uint32_t)signatures->n };

    memcpy(head, "TRUNDLB1", 8);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 4; k++)
            head[8 + 4 * i + k] = (uint8_t)(n[i] >> (8 * k));
}

enum trundle_status bundle_check_content(struct bundle *b, char out_sha256[HASH_SHA256_TEXT], enum bundle_refusal *out_why, struct trundle_error *err)
{
    crypto_hash_sha256_state all;
    uint8_t head[BUNDLE_HEAD], digest[32];

    bundle_head(&b->manifest_text, &b->signatures_text, head);
    (void)crypto_hash_sha256_init(&all);
    (void)crypto_hash_sha256_update(&all, head, sizeof head);
    (void)crypto_hash_sha256_update(&all, b->manifest_text.data, b->manifest_text.n);
    (void)crypto_hash_sha256_update(&all, b->signatures_text.data, b->signatures_text.n);
    for (size_t i = 0; i < b->m.files_n; i++)
        TRY(bundle_walk(b, &b->m.file[i], into_hash, &all, out_why, err));
    (void)crypto_hash_sha256_final(&all, digest);
    (void)sodium_bin2hex(out_sha256, HASH_SHA256_TEXT, digest, sizeof digest);
    return TRUNDLE_OK;
}
