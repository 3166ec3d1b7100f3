/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * scan/lines - EAN-13 and UPC-A from grey lines, where bars are blurred into each other. For picture.c.
 *
 * A line across the bars is compared, symbol by symbol, with what each digit's bars look like through a lens of given blur: the
 * correlation is the evidence, summed over neighbouring lines. Edges only say where a code may begin and end. The digits are
 * those of the best sum that satisfies parity and check digit, and count only when the next best is far enough away.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LINE_CODES_MAX = 8 };

struct line_code {
    char  digits[14];      /* EAN-13, NUL-terminated, check digit holds */
    double quality;        /* mean correlation of its symbols, 0..1 */
    double margin;         /* log-likelihood to the next best lawful digits, per line */
    int   lines;           /* that agreed on where it is */
};

struct line_reader;
struct line_reader *line_reader_new(void);   /* NULL: no memory */
void line_reader_free(struct line_reader *r);
/* Codes whose bars stand about upright, either way round. Returns how many. Rows without gaps. */
int line_reader_read(struct line_reader *r, const uint8_t *luma, int width, int height, struct line_code out[LINE_CODES_MAX]);
