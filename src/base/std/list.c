/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Lists that grow, are sorted and compared (list.h). */
#include "base/std/list.h"

#include <stdint.h>
#include <stdlib.h>

bool list_grow(void **list, size_t size, size_t n, size_t *room)
{
    size_t want = *room ? 2 * *room : 64;
    void *more;

    if (n < *room)
        return true;
    if (want > SIZE_MAX / 2 / size)
        return false;
    more = realloc(*list, want * size);
    if (!more)
        return false;
    *list = more;
    *room = want;
    return true;
}

int list_by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int list_by_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

double list_auroc(const double *below, size_t below_n, const double *above, size_t above_n)
{
    size_t less = 0, equal;
    double sum = 0;

    for (size_t i = 0; i < above_n; i++) {
        while (less < below_n && below[less] < above[i])
            less++;
        equal = less;
        while (equal < below_n && below[equal] <= above[i])
            equal++;
        sum += (double)less + .5 * (double)(equal - less);
    }
    return sum / ((double)below_n * (double)above_n);
}
