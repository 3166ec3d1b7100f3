/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * seal - files that only the hub can open. A cart writes them with the public half of the hub's key and cannot read them back.
 *
 *     struct seal_header header = { .cart = "cart-7", .trip = "4711", .trigger = "corrected", .purpose = "label", .keep_days = 30, .t0_s = 12, .t1_s = 18.5 };
 *     struct seal_writer *w = NULL;
 *     TRY(seal_write_file(hub_public_key, &header, "clip.seal", &w, err));
 *     status = seal_write_add(w, frame, frame_n, err);
 *     if (status == TRUNDLE_OK)
 *         status = seal_write_finish(w, err);          // only now there is a clip.seal, whole and synced
 *     seal_write_free(w);
 *
 *     TRY(seal_open_file(&key, "clip.seal", &r, err)); // the whole file is proven before the first byte is given
 *     while ((status = seal_open_next(r, &piece, &n, err)) == TRUNDLE_OK)
 *         use(piece, n);                               // TRUNDLE_END after the last
 *     seal_open_free(r);
 *
 * The file, integers little-endian:
 *
 *     8       "TRSEAL1\n"
 *     4       h, bytes of the header, 2 to 4096
 *     h       the header, JSON, readable by all and proven with the first chunk
 *     80      a fresh file key, sealed to the hub (crypto_box_seal: X25519, XSalsa20-Poly1305)
 *     24      head of the stream (crypto_secretstream_xchacha20poly1305)
 *     ...     chunks of 65536 + 17 bytes; the last one may be shorter (17 at least) and carries the final tag
 *
 * All bytes before the first chunk are its additional data, so none of them can be changed either.
 * A changed, cut, reordered or lengthened file, and another key, give an error and no content: CORRUPT, TRUNCATED, or UNSUPPORTED (another version).
 * Lifetime: a writer and a reader own what they hold until _free; memory that is read from is borrowed until then.
 * Threads: one at a time per value; values are independent.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SEAL_PUBLIC = 32, SEAL_SECRET = 32,
    SEAL_KEY_TEXT = 45,            /* base64 of either, and the NUL */
    SEAL_CHUNK = 65536,
    SEAL_HEADER_MAX = 4096,
    SEAL_TEXT = 64                 /* of a header's text, with the NUL */
};

struct seal_key {
    uint8_t public_key[SEAL_PUBLIC];
    uint8_t secret_key[SEAL_SECRET];
};

/* What anyone may read of a sealed file, and nobody may change. Texts: 1 to 63 bytes of printable ASCII. */
struct seal_header {
    char        cart[SEAL_TEXT], trip[SEAL_TEXT];
    char        trigger[SEAL_TEXT];    /* why it was recorded */
    char        purpose[SEAL_TEXT];    /* what it may be used for */
    int64_t     keep_days;             /* 0 to 36500 */
    double      t0_s, t1_s;            /* of the trip; t0_s <= t1_s */
    const char *extra;                 /* a JSON object of the writer's, or NULL; a reader's belongs to the reader */
};

/* A new pair from the system's random numbers. */
TRUNDLE_MUST_USE enum trundle_status seal_key_make(struct seal_key *out, struct trundle_error *err);
/* From the secret half; the public one follows from it. */
TRUNDLE_MUST_USE enum trundle_status seal_key_from_secret(const char *text, const char *where, struct seal_key *out, struct trundle_error *err);
const char *seal_key_text(const uint8_t key[32], char out[SEAL_KEY_TEXT]);
/* BAD_INPUT names `where`: not base64 of 32 bytes, or a key that nothing can be sealed to. */
TRUNDLE_MUST_USE enum trundle_status seal_public_parse(const char *text, const char *where, uint8_t out[SEAL_PUBLIC], struct trundle_error *err);

struct seal_writer;
/* Begins a file (made under a temporary name beside it, mode 0600) or appends to a buffer (borrowed; on failure what was appended is taken off again).
 * BAD_ARG: the header says something that is not allowed, or is over 4 KiB. IO: the file cannot be made. */
TRUNDLE_MUST_USE enum trundle_status seal_write_file(const uint8_t public_key[SEAL_PUBLIC], const struct seal_header *header, const char *path,
                                                     struct seal_writer **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status seal_write_memory(const uint8_t public_key[SEAL_PUBLIC], const struct seal_header *header, struct bytes *to,
                                                       struct seal_writer **out, struct trundle_error *err);
/* After a failure every further call fails too. */
TRUNDLE_MUST_USE enum trundle_status seal_write_add(struct seal_writer *w, const void *data, size_t n, struct trundle_error *err);
/* The last chunk; a file is synced, gets its name (one of that name is replaced), and its folder is synced. */
TRUNDLE_MUST_USE enum trundle_status seal_write_finish(struct seal_writer *w, struct trundle_error *err);
void seal_write_free(struct seal_writer *w);   /* unfinished: nothing of it is left. NULL is fine */

struct seal_reader;
/* Proves the whole file, then stands at its first byte. TOO_LARGE: over 2^40 bytes. */
TRUNDLE_MUST_USE enum trundle_status seal_open_file(const struct seal_key *key, const char *path, struct seal_reader **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status seal_open_memory(const struct seal_key *key, const void *data, size_t n, struct seal_reader **out, struct trundle_error *err);
const struct seal_header *seal_open_header(const struct seal_reader *r);
int64_t seal_open_size(const struct seal_reader *r);       /* bytes of content */
/* The next piece, borrowed until the next call. END: that was all. CORRUPT: the file changed since it was opened. */
TRUNDLE_MUST_USE enum trundle_status seal_open_next(struct seal_reader *r, const void **out, size_t *out_n, struct trundle_error *err);
/* All content into an empty buffer. TOO_LARGE: over `limit`. */
TRUNDLE_MUST_USE enum trundle_status seal_open_all(struct seal_reader *r, size_t limit, struct bytes *out, struct trundle_error *err);
void seal_open_free(struct seal_reader *r);    /* NULL is fine */

/* The header alone. With a key it is proven (the first chunk is opened); with NULL it is what the file claims. `extra` is dropped. */
TRUNDLE_MUST_USE enum trundle_status seal_peek_file(const struct seal_key *key, const char *path, struct seal_header *out, struct trundle_error *err);
