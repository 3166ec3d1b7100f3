/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/arena - greedy by size. */
#include "base/net/arena.h"

#include <stdlib.h>

static int larger_first(const void *a, const void *b)
{
    const struct arena_item *x = *(struct arena_item *const *)a, *y = *(struct arena_item *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : x > y;
}

bool arena_place(struct arena_item *item, int n, size_t *out_bytes)
{
    struct arena_item **order = malloc(((size_t)n + 1) * sizeof *order), **placed = malloc(((size_t)n + 1) * sizeof *placed);
    size_t total = 0;
    if (order && placed) {
        for (int i = 0; i < n; i++)
            order[i] = &item[i];
        qsort(order, (size_t)n, sizeof *order, larger_first);
        for (int i = 0; i < n; i++) {
            struct arena_item *it = order[i];
            size_t at = 0;
            for (int k = 0; k < i; k++) {              /* placed[] ascends by place */
                const struct arena_item *other = placed[k];
                if (other->last < it->first || it->last < other->first)
                    continue;
                if (at + it->bytes <= other->at)
                    break;
                if (other->at + other->bytes > at)
                    at = other->at + other->bytes;
            }
            it->at = at;
            if (at + it->bytes > total)
                total = at + it->bytes;
            int k = i;
            for (; k > 0 && placed[k - 1]->at > at; k--)
                placed[k] = placed[k - 1];
            placed[k] = it;
        }
        *out_bytes = total;
    }
    bool ok = order && placed;
    free(order);
    free(placed);
    return ok;
}
