/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * scan/picture - the codes in one grey picture.
 *
 *     struct scanner *s;
 *     struct scan_codes codes;
 *     TRY(scanner_new(&(struct scanner_config)SCANNER_CONFIG_DEFAULT, &s, err));
 *     TRY(scanner_read(s, luma, width, height, stride, &codes, err));
 *     for (int i = 0; i < codes.n; i++) use(&codes.code[i]);
 *     scanner_free(s);
 *
 * Two readers underneath: zbar (everything it knows), and an own line reader for EAN-13 and UPC-A that compares whole bar patterns with
 * the grey profile where zbar's edges fail. Stages run from cheap to dear and stop when a stage finds something that is
 * confirmed; `effort` says how far to go. The result depends on the picture and the configuration alone, never on a clock.
 * Lifetime: a scanner keeps its buffers; codes are plain values. Threads: one at a time per scanner.
 */
#pragma once

#include "base/std/status.h"

#include <stdint.h>
#include <trundle/message.h>

enum { SCAN_CODES_MAX = 16, SCAN_SIDE_MAX = 8192, SCAN_PIXELS_MAX = 32 << 20 };

enum scan_effort {
    SCAN_LIVE = 0,        /* the quick stage: every camera frame */
    SCAN_STILL = 1        /* all stages: a picture that may take its time (docs/scanning.md: milliseconds) */
};

struct scanner_config {
    enum scan_effort effort;
};
#define SCANNER_CONFIG_DEFAULT { .effort = SCAN_STILL }

struct scan_codes {
    int n;                                      /* the surest first */
    struct trundle_code code[SCAN_CODES_MAX];   /* source CAMERA; UPC-A as 12 digits, UPC-E as 8, GS1 without parentheses, FNC1 as GS */
};

struct scanner;

TRUNDLE_MUST_USE enum trundle_status scanner_new(const struct scanner_config *config, struct scanner **out, struct trundle_error *err);
/* `luma`: rows of `width` bytes, `stride` apart (>= width). OK with n 0: no code. BAD_ARG: a size of 0 or over the limits. */
TRUNDLE_MUST_USE enum trundle_status scanner_read(struct scanner *s, const uint8_t *luma, int width, int height, int stride,
                                                  struct scan_codes *out, struct trundle_error *err);
void scanner_free(struct scanner *s);   /* NULL is fine */
