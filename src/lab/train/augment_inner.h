/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* train/augment_inner - the working memory of augment.c and augment_warp.c. */
#pragma once

#include "base/std/rng.h"
#include "lab/train/augment.h"

enum { AUGMENT_HALVES = 8 };

struct augment_scratch {
    uint8_t *half[AUGMENT_HALVES];                 /* the picture at 1/2, 1/4 ... */
    size_t   half_room[AUGMENT_HALVES];
    float   *row, *mix;
    uint8_t *bytes, *jpeg;
    size_t   row_room, mix_room, bytes_room, jpeg_room;
    void    *encoder, *decoder;
    struct augment_truth truth;                    /* of a partner */
};

/* Room for so many bytes, content lost when it grows; NULL: no memory. */
void *augment_room(void **at, size_t *room, size_t bytes);
