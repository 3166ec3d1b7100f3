/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bundle - the signed package that a cart trusts: one file that holds a model directory, what it was judged by and with, and who says so.
 *
 *     struct bundle *b = NULL;
 *     enum bundle_refusal why;
 *     TRY(bundle_open("b17.bundle", &b, &why, err));                                    // structure only; nothing is trusted yet
 *     TRY(bundle_verify(b, trust, &(struct bundle_want){ .hardware = "pi5-2cam", .newer_than = 16 }, &why, err));
 *     TRY(bundle_read(b, "model/fuse.json", &bytes, err));                              // BAD_ARG before it was verified
 *     bundle_close(b);
 *
 * File: 8 bytes "TRUNDLB1", u32 n of manifest, u32 n of signatures (little-endian), the manifest (JSON), the signatures (JSON), then the files in the manifest's
 * order without gaps; nothing behind them. The manifest:
 *
 *     {"version": 1, "name": "b17", "serial": 17, "made_ns": 1780315200123456789, "hardware": ["pi5-2cam"], "needs": {"trundle": "0.1.0"},
 *      "files": [{"path": "model/fuse.json", "bytes": 812, "sha256": "..."}, ...], "card": "model/card.md", "catalog": "<sha256>" or null,
 *      "calibration": {...} or null, "gate": {"held": true, "findings": [{"held": true, ...}, ...], ...} or null}
 *
 * Signed is the sha256 of the manifest's bytes (trust.h); the manifest holds the sha256 of every file. "serial" only rises. "gate" is what `trundle eval --gate --json`
 * printed. Signatures stand apart, so that a second person can add theirs without changing what was signed.
 *
 * Lifetime: the struct holds the file open; what it lends lives until bundle_close. Threads: one at a time per bundle.
 */
#pragma once

#include "base/bundle/trust.h"

#include <jansson.h>

enum {
    BUNDLE_NAME = 41,                 /* 40 characters of a-z 0-9 - _ . */
    BUNDLE_PATH = 201, BUNDLE_FILES_MAX = 1024, BUNDLE_HARDWARE_MAX = 32, BUNDLE_SIGNATURES_MAX = 16,
    BUNDLE_MANIFEST_MAX = 4 << 20, BUNDLE_SIGNATURES_BYTES_MAX = 64 << 10
};
#define BUNDLE_BYTES_MAX (INT64_C(2) << 30)          /* of all files together */

/* Why a bundle is refused: V(name, what a machine reads, a sentence). */
#define BUNDLE_REFUSALS(V) \
    V(NONE, "none", "it is taken") \
    V(UNREADABLE, "unreadable", "the file cannot be read") \
    V(NOT_A_BUNDLE, "not_a_bundle", "this is no bundle") \
    V(CUT, "cut", "the bundle ends in the middle") \
    V(TOO_MUCH, "too_much", "a count or size is over its limit") \
    V(MANIFEST, "manifest", "the manifest does not say what it must") \
    V(FILE_NAME, "file_name", "a file's name leads elsewhere") \
    V(UNSIGNED, "unsigned", "nobody signed the bundle") \
    V(UNKNOWN_KEY, "unknown_key", "no key of the keyring signed the bundle") \
    V(REVOKED_KEY, "revoked_key", "the key that signed the bundle was revoked") \
    V(SIGNATURE, "signature", "a signature does not fit the manifest") \
    V(THRESHOLD, "threshold", "too few signed the bundle") \
    V(OLDER, "older", "the bundle is not newer than what was installed") \
    V(HARDWARE, "hardware", "the bundle is for other hardware") \
    V(NEEDS, "needs", "the bundle needs what is not there") \
    V(NO_VERDICT, "no_verdict", "the bundle was not judged") \
    V(FAILED_VERDICT, "failed_verdict", "the bundle did not pass its gate") \
    V(CONTENT, "content", "a file is not what the manifest says") \
    V(ROLLED_BACK, "rolled_back", "this cart left the bundle before") \
    V(BUSY, "busy", "a trial is running")
enum bundle_refusal {
#define BUNDLE_ENUM(name, text, sentence) BUNDLE_##name,
    BUNDLE_REFUSALS(BUNDLE_ENUM)
#undef BUNDLE_ENUM
    BUNDLE_REFUSAL_COUNT
};
const char *bundle_refusal_text(enum bundle_refusal why);          /* "older" */
const char *bundle_refusal_sentence(enum bundle_refusal why);

/* a-z 0-9 - _ . up to 40, beginning with a letter or digit. */
bool bundle_name_ok(const char *name);

/* What a bundle is made of. Borrowed texts. */
struct bundle_plan {
    const char *name;
    int64_t     serial, made_ns;
    const char *model_dir;             /* its regular files become model/...; card.md must be among them; hidden files are left out */
    const char *const *hardware;       /* at least one */
    size_t      hardware_n;
    const char *needs;                 /* least version of trundle, "0.1.0"; NULL: this one */
    const char *catalog_sha256;        /* NULL: none */
    json_t     *calibration, *gate;    /* borrowed; NULL: none */
};
/* Writes an unsigned bundle, whole or not at all. */
TRUNDLE_MUST_USE enum trundle_status bundle_build(const struct bundle_plan *plan, const char *path, struct trundle_error *err);
/* Adds the key's signature, or renews it. The bundle's structure and content are checked first, policy is not. */
TRUNDLE_MUST_USE enum trundle_status bundle_sign(const char *path, const struct trust_key *key, struct trundle_error *err);

struct bundle_file { const char *path, *sha256; int64_t bytes; };
struct bundle_about {
    const char *name;
    int64_t     serial, made_ns, bytes;    /* bytes: of the whole file */
    size_t      files_n, signatures_n, hardware_n;
    const char *catalog_sha256;            /* "" for none */
    const char *needs;                     /* "" for none */
    bool        verified;
};

struct bundle;
/* Reads and checks the structure of header, manifest and signatures; not the content of files. Everything it lends up to bundle_verify is what the file *says*.
 * `out_why` may be NULL; it is set on success too (BUNDLE_NONE). */
TRUNDLE_MUST_USE enum trundle_status bundle_open(const char *path, struct bundle **out, enum bundle_refusal *out_why, struct trundle_error *err);
void bundle_close(struct bundle *b);
/* The same over bytes in memory, which must stay (fuzzing). */
TRUNDLE_MUST_USE enum trundle_status bundle_open_bytes(const void *bytes, size_t n, struct bundle **out, enum bundle_refusal *out_why, struct trundle_error *err);

struct bundle_about bundle_about(const struct bundle *b);
struct bundle_file bundle_file(const struct bundle *b, size_t i);
const json_t *bundle_manifest(const struct bundle *b);              /* borrowed, never NULL */
const char *bundle_signer(const struct bundle *b, size_t i);        /* key id of signature i */

struct bundle_want {
    const char *hardware;              /* what this machine is; NULL: any (a hub) */
    int64_t     newer_than;            /* the serial must be higher; 0: any */
    const char *version;               /* of trundle, for "needs"; NULL: this program's */
};
/* All of it: enough good signatures of signing keys, hardware, needs, serial, a verdict that held, and every file's sha256. Only then the bundle is verified. A failure takes
 * the mark away again. */
TRUNDLE_MUST_USE enum trundle_status bundle_verify(struct bundle *b, const struct trust *trust, const struct bundle_want *want, enum bundle_refusal *out_why,
                                                   struct trundle_error *err);
/* sha256 of the whole file, as orders name it; BAD_ARG unless verified. */
TRUNDLE_MUST_USE enum trundle_status bundle_sha256(const struct bundle *b, char out[65], struct trundle_error *err);
/* One file into an empty buffer. BAD_ARG: not verified. CORRUPT: the file under us changed since. */
TRUNDLE_MUST_USE enum trundle_status bundle_read(struct bundle *b, const char *path, struct bytes *out, struct trundle_error *err);
/* All files, manifest (bundle.json) and signatures (signatures.json) into an existing, empty folder, everything synced. BAD_ARG: not verified. */
TRUNDLE_MUST_USE enum trundle_status bundle_extract(struct bundle *b, const char *folder, struct trundle_error *err);
/* sha256 of the manifest's bytes. BAD_ARG unless verified. */
TRUNDLE_MUST_USE enum trundle_status bundle_manifest_sha256(const struct bundle *b, char out[65], struct trundle_error *err);
/* Every file that folder/bundle.json lists is there with its sha256, and bundle.json has the one given (NULL: any). CORRUPT, NOT_FOUND. */
TRUNDLE_MUST_USE enum trundle_status bundle_check_folder(const char *folder, const char *manifest_sha256, struct trundle_error *err);
