/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * status - how every Trundle function says what happened.
 *
 *     struct trundle_error err;
 *     if (trundle_open(&setup, &cart, &err) != TRUNDLE_OK)
 *         fprintf(stderr, "%s: %s (%s)\n", err.where, err.what, err.hint);
 *
 * A function that returns `enum trundle_status` leaves its outputs untouched unless it returns TRUNDLE_OK.
 * Threads: everything here is a plain value or a constant.
 */
#ifndef TRUNDLE_STATUS_H
#define TRUNDLE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TRUNDLE_MUST_USE __attribute__((warn_unused_result))
#define TRUNDLE_API      __attribute__((visibility("default")))
#define TRUNDLE_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define TRUNDLE_MUST_USE
#define TRUNDLE_API
#define TRUNDLE_PRINTF(fmt, first)
#endif

/* Values are stable: they are stored and printed. */
enum trundle_status {
    TRUNDLE_OK          = 0,
    TRUNDLE_AGAIN       = 1,  /* nothing yet; not an error */
    TRUNDLE_END         = 2,  /* nothing more will come; not an error */
    TRUNDLE_BAD_ARG     = 3,  /* the caller's mistake: NULL, a range, an order of calls */
    TRUNDLE_BAD_INPUT   = 4,  /* outside input that does not mean what it should */
    TRUNDLE_CORRUPT     = 5,  /* outside input whose checksum or structure is broken */
    TRUNDLE_TRUNCATED   = 6,  /* outside input that ends in the middle */
    TRUNDLE_TOO_LARGE   = 7,  /* over a stated limit */
    TRUNDLE_UNSUPPORTED = 8,  /* well formed, but of a kind or version we do not have */
    TRUNDLE_NOT_FOUND   = 9,
    TRUNDLE_CONFLICT    = 10, /* two things that must agree do not: hashes, duplicate keys */
    TRUNDLE_FULL        = 11, /* a bounded queue or table refuses more */
    TRUNDLE_NO_MEMORY   = 12,
    TRUNDLE_IO          = 13, /* the operating system refused: disk, file, permission */
    TRUNDLE_DEVICE      = 14, /* a camera, scale, scanner or port that is gone or misbehaves */
    TRUNDLE_STATUS_COUNT
};

/* Where it went wrong, what was wrong, how to mend it. Always NUL-terminated; longer text is cut. */
struct trundle_error {
    enum trundle_status status;
    char where[256];   /* "trips/17.mcap, chunk 3, byte 4711" */
    char what[256];    /* "chunk CRC is 1c291ca3, content gives 9be1f2a0" */
    char hint[256];    /* "trundle recover FILE keeps what is whole"; may be empty */
};

/* One sentence for a status; "unknown status" for anything else. Never NULL, static storage. */
TRUNDLE_API const char *trundle_status_text(enum trundle_status status);

#ifdef __cplusplus
}
#endif
#endif
