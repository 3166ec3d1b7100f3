/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/list - lists that grow, orders for qsort, and what sorted numbers say of each other.
 *
 *     struct row *row = NULL;
 *     size_t n = 0, room = 0;
 *     if (!list_grow((void **)&row, sizeof *row, n, &room))
 *         return TRUNDLE_NO_MEMORY;
 *     row[n++] = new_row;
 *
 * The caller owns the list and frees it. No state; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Room for one element of `size` bytes after the n that are there; *room elements fit in. False: no memory, all is as it was. */
bool list_grow(void **list, size_t size, size_t n, size_t *room);

/* For qsort and bsearch: rising. Doubles must not be NAN. */
int list_by_double(const void *a, const void *b);
int list_by_int64(const void *a, const void *b);

/* Share of pairs in which the one of `above` is greater than the one of `below`, ties half: the area under a ROC curve (Hanley, McNeil,
 * Radiology 143, 1982). Both sorted, neither empty. */
double list_auroc(const double *below, size_t below_n, const double *above, size_t above_n);
