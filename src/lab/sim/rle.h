/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/rle - masks as COCO writes them: runs down the columns, outside first, and those runs as text.
 *
 *     struct rle mask;
 *     rle_init(&mask, w_px, h_px);
 *     for (x...) for (y...) TRY(rle_put(&mask, id[y * w_px + x] == item));     // down each column
 *     TRY(rle_print(&mask, &text));
 *     rle_done(&mask);
 *
 * Format: pycocotools' compressed counts (five bits a character from '0', runs from the fourth on as the difference to the one
 * before last). A mask is finished when it holds w_px * h_px pixels. No I/O; one thread per value.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>

enum { RLE_SIDE_MAX = 16384 };

struct rle {
    uint32_t w_px, h_px;
    uint32_t *run;                         /* owned; run[0] is outside and may be 0 */
    size_t n, room;
    uint64_t pixels;                       /* told so far */
};

/* Empty; sides 1..RLE_SIDE_MAX. */
void rle_init(struct rle *r, uint32_t w_px, uint32_t h_px);
void rle_done(struct rle *r);
/* The next pixel. NO_MEMORY; FULL after the last one. */
TRUNDLE_MUST_USE enum trundle_status rle_put(struct rle *r, bool inside);
/* From rows of bytes, nonzero is inside. Replaces what *r holds. */
TRUNDLE_MUST_USE enum trundle_status rle_encode(struct rle *r, const uint8_t *rows, uint32_t w_px, uint32_t h_px);
/* Into w_px * h_px bytes by row, 0 or 1. What was never told is outside. */
void rle_decode(const struct rle *r, uint8_t *rows);

uint64_t rle_area(const struct rle *r);
/* Smallest box around it: x, y, w, h in pixels; all 0 of an empty mask. */
void rle_box(const struct rle *r, double out_xywh[4]);
/* Pixels of both over pixels of either; `crowd`: over those of a. Masks of other sizes have 0. */
double rle_iou(const struct rle *a, const struct rle *b, bool crowd);

/* Appends the text, without a NUL counted in n. */
TRUNDLE_MUST_USE enum trundle_status rle_print(const struct rle *r, struct bytes *out);
/* The same of runs alone. */
TRUNDLE_MUST_USE enum trundle_status rle_print_runs(const uint32_t *run, size_t n, struct bytes *out);
/* BAD_INPUT: a character out of range, a run that goes on for ever, less than 0 or past the picture; runs that end early. */
TRUNDLE_MUST_USE enum trundle_status rle_parse(const char *text, size_t n, uint32_t w_px, uint32_t h_px, struct rle *out, struct trundle_error *err);
