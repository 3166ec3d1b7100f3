/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* see/gallery_table - the gallery's inside, for gallery.c and enrol.c. */
#pragma once

#include "cart/see/gallery.h"

struct gallery_row { struct trundle_product product; float offset, scale; };

struct see_gallery {
    size_t n;
    uint32_t pictures;
    float temperature, ridge;
    struct gallery_row *row;   /* owned; ascending keys */
    int8_t *vector;            /* owned; n x SEE_EMBEDDING */
};

/* All zero, temperature 1. NULL: no memory. */
struct see_gallery *gallery_new(size_t n);
/* Row i: the vector is rounded to int8 with one scale. */
void gallery_set(struct see_gallery *g, size_t i, struct trundle_product product, const float vector[SEE_EMBEDDING], float offset);
