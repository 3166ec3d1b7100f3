/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* bundle/inside - what the files of this room share and nobody else needs. */
#pragma once

#include "base/bundle/bundle.h"
#include "base/std/disk.h"
#include "base/std/json.h"

bool trust_signature_fits(const uint8_t public_key[32], enum trust_purpose purpose, const uint8_t digest[32], const struct trust_signature *s);

/* A field that is missing is bad input here, not "not found". */
static inline enum trundle_status bundle_needed(enum trundle_status status, struct trundle_error *err)
{
    if (status != TRUNDLE_NOT_FOUND)
        return status;
    if (err)
        err->status = TRUNDLE_BAD_INPUT;
    return TRUNDLE_BAD_INPUT;
}

/* Every key of the object is one of `known` (NULL ends them). BAD_INPUT names the first that is not. */
TRUNDLE_MUST_USE enum trundle_status bundle_known_keys(const struct json_at *at, const char *const *known, struct trundle_error *err);
/* Exactly 2 n hex digits, lower case. */
bool bundle_hex(const char *text, uint8_t *out, size_t n);
/* [{"key","signature"}, ...], at most `most`. */
TRUNDLE_MUST_USE enum trundle_status bundle_signatures_take(const struct json_at *list, struct trust_signature *out, size_t most, size_t *out_n, struct trundle_error *err);
/* The list as JSON; NULL: no memory. */
json_t *bundle_signatures_json(const struct trust_signature *s, size_t n);

/* bundle_manifest.c: the manifest, taken apart and checked. */
struct manifest_file { const char *path, *sha256; int64_t bytes, at; };       /* borrowed of the JSON; `at`: offset in the bundle file */
struct manifest {
    json_t     *root;                   /* owned */
    const char *name, *needs, *catalog, *card;
    int64_t     serial, made_ns, content_bytes;
    struct manifest_file *file;         /* owned */
    size_t      files_n, hardware_n;
    const char *hardware[BUNDLE_HARDWARE_MAX];
};
TRUNDLE_MUST_USE enum trundle_status manifest_parse(const void *bytes, size_t n, const char *where, struct manifest *out, enum bundle_refusal *why, struct trundle_error *err);
void manifest_done(struct manifest *m);
/* model/... or catalog/..., plain parts, nothing hidden. */
bool manifest_path_ok(const char *path);
/* NONE, NO_VERDICT or FAILED_VERDICT. */
enum bundle_refusal manifest_verdict(const struct manifest *m, char *what, size_t size);
/* "1.2.3" against "1.10": < 0, 0, > 0. False: one of them is no version. */
bool manifest_version_compare(const char *a, const char *b, int *out);

enum { BUNDLE_HEAD = 16, BUNDLE_PIECE = 64 << 10 };

struct bundle {
    int            fd;                     /* -1: in memory */
    const uint8_t *memory;                 /* borrowed */
    int64_t        bytes, content_at;
    char           where[200];
    struct bytes   manifest_text, signatures_text;
    struct manifest m;
    struct trust_signature signature[BUNDLE_SIGNATURES_MAX];
    size_t         signatures_n;
    uint8_t        digest[32];             /* of manifest_text: what is signed */
    bool           verified;
    char           sha256[65];
};

/* Sets *out_why and the error: the refusal's sentence and the detail. */
TRUNDLE_PRINTF(6, 7) enum trundle_status bundle_refuse(const char *where, enum bundle_refusal why, enum bundle_refusal *out_why, struct trundle_error *err, const char *hint,
                                                       const char *what, ...);
/* Takes a file piece by piece: `use` gets each, and the hash of all must be right in the end. */
typedef enum trundle_status bundle_piece(void *user, const uint8_t *piece, size_t n, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status bundle_walk(struct bundle *b, const struct manifest_file *f, bundle_piece *use, void *user, enum bundle_refusal *out_why,
                                                 struct trundle_error *err);
/* A `bundle_piece` that writes. */
struct bundle_to_file { const char *path; int fd; };
enum trundle_status bundle_into_file(void *user, const uint8_t *piece, size_t n, struct trundle_error *err);
/* Hashes every file, and the bundle as a whole. */
TRUNDLE_MUST_USE enum trundle_status bundle_check_content(struct bundle *b, char out_sha256[65], enum bundle_refusal *out_why, struct trundle_error *err);
void bundle_head(const struct bytes *manifest, const struct bytes *signatures, uint8_t head[BUNDLE_HEAD]);
