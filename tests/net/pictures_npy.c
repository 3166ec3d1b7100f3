/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net_pictures SEED N PIXELS OUT.npy: generated pictures as networks of the recipes want them, [N, P, P, 3], mean 0.5, deviation 0.25. */
#include "cmd/lab/npy.h"
#include "lab/train/source.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct trundle_error err = { 0 };
    long n = argc == 5 ? strtol(argv[2], NULL, 10) : 0, px = argc == 5 ? strtol(argv[3], NULL, 10) : 0;
    if (n < 1 || n > 100000 || px < 16 || px > 64) {
        fprintf(stderr, "usage: net_pictures SEED N PIXELS OUT.npy\n");
        return 2;
    }
    struct source_pictures p = { .seed = strtoull(argv[1], NULL, 10), .px = (int)px, .mean = { .5F, .5F, .5F }, .sd = { .25F, .25F, .25F } };
    struct source s = source_generated(&p, 1000000);
    struct net_shape shape = NET_SHAPE((int32_t)n, (int32_t)px, (int32_t)px, 3);
    float *x = calloc((size_t)net_shape_elements(&shape), sizeof *x);
    enum trundle_status status = x ? s.fill(s.user, 0, (int)n, x, NULL, &err) : TRUNDLE_NO_MEMORY;
    if (status == TRUNDLE_OK)
        status = npy_write(argv[4], NET_F32, &shape, x, &err);
    if (status != TRUNDLE_OK)
        fprintf(stderr, "net_pictures: %s: %s\n", err.where, err.what);
    free(x);
    return status == TRUNDLE_OK ? 0 : 1;
}
