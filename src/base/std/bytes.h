/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/bytes - a growable byte buffer with checked sizes, and whole files in and out.
 *
 *     struct bytes b = { 0 };
 *     TRY(file_read(path, 16 << 20, &b, err));
 *     ...
 *     bytes_done(&b);
 *
 * A zeroed struct is an empty buffer. The buffer owns `data`; `bytes_done` takes an empty one too.
 */
#pragma once

#include "base/std/status.h"

#include <stdint.h>

struct bytes {
    uint8_t *data;     /* owned; NULL when nothing was ever reserved */
    size_t   n, capacity;
};

/* Room for `more` bytes after `n`. NO_MEMORY leaves the content as it was. */
TRUNDLE_MUST_USE enum trundle_status bytes_reserve(struct bytes *b, size_t more);
TRUNDLE_MUST_USE enum trundle_status bytes_append(struct bytes *b, const void *data, size_t n);
/* Appends formatted text; `data` is NUL-terminated afterwards, the NUL not counted in `n`. */
TRUNDLE_PRINTF(2, 3) TRUNDLE_MUST_USE enum trundle_status bytes_print(struct bytes *b, const char *format, ...);
void bytes_done(struct bytes *b);

/* Reads a whole regular file of at most `limit` bytes; a NUL follows the content, not counted in `n`. `out` must be empty.
 * NOT_FOUND, IO, TOO_LARGE; `err->where` is the path. */
TRUNDLE_MUST_USE enum trundle_status file_read(const char *path, size_t limit, struct bytes *out, struct trundle_error *err);
/* Writes a file so that it is there whole or not at all: temporary name, fsync, rename, fsync of the folder. */
TRUNDLE_MUST_USE enum trundle_status file_write(const char *path, const void *data, size_t n, struct trundle_error *err);
/* A secret: the same with mode 0600, and never over a file that is there (CONFLICT). A folder that cannot be synced is an error (IO). */
TRUNDLE_MUST_USE enum trundle_status file_write_secret(const char *path, const void *data, size_t n, struct trundle_error *err);
/* Makes a folder and its parents; existing ones are fine. */
TRUNDLE_MUST_USE enum trundle_status folder_make(const char *path, struct trundle_error *err);
