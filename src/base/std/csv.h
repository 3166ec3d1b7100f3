/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/csv - reading CSV (RFC 4180) from memory, row by row, with errors that name line and column.
 *
 *     struct csv csv;                                       // 64 KiB: static or in a heap struct, not on small stacks
 *     csv_init(&csv, bytes.data, bytes.n, "prices.csv");
 *     while ((status = csv_row(&csv, &err)) != TRUNDLE_END)
 *         if (status == TRUNDLE_OK) use(csv.field[0].text);
 *         else report(&err);                                // the next call goes on with the next line
 *
 * Taken: fields with and without quotes, "" for a quote inside, line ends LF, CRLF and CR, a UTF-8 byte order mark, line ends
 * inside quotes, no line end after the last row. Empty lines are skipped. Fields are not trimmed. A field that was quoted
 * says so, since "" is text and nothing is not.
 * Refused, each with its place: a NUL or other control character but tab, invalid UTF-8 (Latin-1 gets a hint), UTF-16, a quote
 * in the middle of a bare field, text behind a closing quote, a quote that is never closed, more than CSV_FIELDS_MAX fields
 * or CSV_ROW_BYTES bytes in a row. After an error the reader stands on the next line, so a caller may skip and count.
 * Lifetime: the struct borrows the input and owns nothing; fields live until the next csv_row. Threads: one per struct.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { CSV_FIELDS_MAX = 64, CSV_ROW_BYTES = 65536 - 64, CSV_AT_TEXT = 200 };

struct csv_field {
    const char *text;          /* UTF-8, NUL-terminated, holds no NUL; in csv.text */
    size_t      n;             /* bytes */
    uint32_t    line, column;  /* of its first character, from 1; columns count characters */
    bool        quoted;
};

struct csv {
    size_t   fields_n;
    struct csv_field field[CSV_FIELDS_MAX];
    /* internal */
    const uint8_t *data;
    size_t   n, at;
    uint32_t line, column;
    char     where[128];
    size_t   used;
    char     text[CSV_ROW_BYTES];
};

/* `data` may be NULL when n is 0. `where` (a file name) is copied. */
void csv_init(struct csv *csv, const void *data, size_t n, const char *where);
/* OK, END, or BAD_INPUT / TOO_LARGE / UNSUPPORTED (UTF-16: reported once, then END). */
TRUNDLE_MUST_USE enum trundle_status csv_row(struct csv *csv, struct trundle_error *err);
/* "prices.csv, line 7, column 12" of field i into `out`; i beyond the row: of the end of the row. Returns `out`. */
const char *csv_at(const struct csv *csv, size_t i, char out[CSV_AT_TEXT]);
/* Reads the header row: out_index[k] = field of names[k], or -1. Names are compared exactly, spaces around them ignored.
 * BAD_INPUT: an unknown or repeated column (named), or one of the first `required` names missing, or no row at all. */
TRUNDLE_MUST_USE enum trundle_status csv_header(struct csv *csv, const char *const names[], size_t names_n, size_t required,
                                                int *out_index, struct trundle_error *err);
/* A finite decimal number ("-1.5", "2e3", ".5"; point only, whole text, spaces around it ignored, no hex, inf or nan). */
bool csv_number(const char *text, double *out);
