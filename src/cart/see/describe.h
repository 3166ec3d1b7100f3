/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * see/describe - a picture of one thing to a vector: a hand-made embedding, nothing learned.
 *
 *     float e[SEE_EMBEDDING];
 *     if (see_describe(&(struct see_picture){ .rgb = rgb, .w = 64, .h = 48, .stride = 192, .mask = mask }, scratch, e)) ...
 *
 * Small patches on a grid, at three scales, are described by gradient orientations and soft colour names; the embedding is the
 * square root of their second moment matrix (Carreira, Caseiro, Batista, Sminchisescu: "Semantic segmentation with
 * second-order pooling", ECCV 2012; the root as in Lin, Maji: "Improved bilinear pooling with CNNs", BMVC 2017), so it says
 * which colours and textures occur, how much, together with which, and roughly where. Length 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEE_LOCAL = 64, SEE_EMBEDDING = SEE_LOCAL * (SEE_LOCAL + 1) / 2, SEE_DESCRIBE_SIDE = 192 };

/* A borrowed picture. */
struct see_picture {
    const uint8_t *rgb;            /* 3 bytes a pixel */
    int w, h;                      /* >= 8 */
    int stride;                    /* bytes a row */
    const uint8_t *mask;           /* w x h, 0 outside the thing; NULL: all of it */
};

struct see_scratch;                /* working memory, made once */
struct see_scratch *see_scratch_new(void);     /* NULL: no memory */
void see_scratch_free(struct see_scratch *s);

/* The box that holds the thing is scaled (longer side to SEE_DESCRIBE_SIDE, with a mask to half of it) and described. Without a
 * mask it is a photo: upright, and its middle counts most. With one it is a thing that may lie any way up: the embedding does not
 * change when the picture is turned by 90 degrees, and the numbers that this makes superfluous are 0. False: the picture or what the
 * mask leaves of it is too small (under 8 x 8 px); `out` is untouched. */
bool see_describe(const struct see_picture *picture, struct see_scratch *s, float out[SEE_EMBEDDING]);
