/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/arena - places for tensors in one block, so that those that live at the same time do not overlap.
 * Largest first, each at the lowest place where it fits (greedy by size; Pisarchyk and Lee 2020, arXiv:2001.03288).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena_item {
    size_t bytes;                  /* a multiple of the alignment */
    int    first, last;            /* steps, both included */
    size_t at;                     /* out */
};

/* Sets every `at`; *out_bytes is the size of the block. False: no memory for the work. */
bool arena_place(struct arena_item *item, int n, size_t *out_bytes);
