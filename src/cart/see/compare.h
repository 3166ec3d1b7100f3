/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * see/compare - the pictures before and after: which regions differ, and in which of the two something lies there.
 * Internal to see. Pictures are RGB, w x h, tightly packed; regions live on a half-size grid.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMPARE_REGIONS = 4 };

struct region {
    uint32_t label;
    int x0, y0, x1, y1;        /* box on the half-size grid, ends exclusive */
    size_t cells;              /* of the half-size grid */
    float x, y;                /* centre of mass, half-size grid */
    size_t edge;               /* its cells that touch what is not watched */
    /* Signed, -1..1: > 0 when the thing lies there after, < 0 when before. */
    float emptier;             /* by likeness to the empty basket */
    float outlined;            /* by the contrast across the outline */
    float textured;            /* by the gradients inside */
};

struct compare {
    int w, h, hw, hh;
    const uint8_t *keep;       /* borrowed, w x h */
    uint8_t *differs, *clean;  /* owned, hw x hh */
    uint32_t *label;           /* owned, hw x hh; 0 none */
    uint32_t *stack;           /* owned, hw x hh */
};

bool compare_init(struct compare *c, int w, int h, const uint8_t *keep);
void compare_done(struct compare *c);
/* The largest regions first; returns how many. `empty` may be NULL. *out_share: share of the kept cells that differ. */
size_t compare_pictures(struct compare *c, const uint8_t *before, const uint8_t *after, const uint8_t *empty,
                        struct region out[COMPARE_REGIONS], float *out_share);
/* The mask of a region in pixels, (2 (x1 - x0)) x (2 (y1 - y0)) bytes clipped to the picture; *out_w, *out_h its size. */
void compare_mask(const struct compare *c, const struct region *r, uint8_t *out, int *out_w, int *out_h);
