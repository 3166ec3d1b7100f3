/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* train/objective_inner - for objective.c and objective_judge.c. */
#pragma once

#include "lab/train/detect.h"
#include "lab/train/objective.h"

struct objective {
    const struct data_set *set;
    struct objective_loss loss[OBJECTIVE_LOSSES];
    int      n;
    float   *soft;                 /* targets, or a heat map */
    int32_t *label, *cell;
    size_t   soft_room, label_room, cell_room;
};

/* The map that an output of shape `s` is, of a net whose input is `input`. */
void objective_map(const struct net_shape *s, const struct net_shape *input, struct detect_map *out);
