/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/ranks - several processes train one net: each takes its share of every batch, and sums go around. MPI stays behind this file.
 *
 *     TRY(ranks_open(&ranks, err));                 // alone, unless mpirun or srun started us
 *     ranks_sum(&ranks, gradient, n);               // every rank gets the sum over all
 *     ranks_close(&ranks);
 *
 * Sums are the same bits on every rank. Gradients are sums over the whole batch and batch norm's statistics are summed over the
 * ranks as well, so R ranks with B/R samples do what one does with B, to rounding. Threads: the one that opened it.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

struct ranks { int rank, n; };     /* n == 1: alone, every call returns at once */

bool ranks_built(void);            /* with MPI? */
/* Joins what a launcher started (Open MPI, Slurm's PMI, by its environment); else alone. UNSUPPORTED: started so, and built without MPI. */
TRUNDLE_MUST_USE enum trundle_status ranks_open(struct ranks *out, struct trundle_error *err);
void ranks_close(struct ranks *r);
void ranks_sum(const struct ranks *r, float *v, size_t n);
void ranks_sum_double(const struct ranks *r, double *v, size_t n);
void ranks_most(const struct ranks *r, int64_t *v, size_t n);                  /* the largest of each */
void ranks_spread(const struct ranks *r, void *bytes, size_t n);               /* of rank 0, to all */
void ranks_wait(const struct ranks *r);
/* Replaces this process by mpirun of `n` of it, argv without --ranks. Returns only on error: NOT_FOUND no mpirun, UNSUPPORTED no MPI. */
TRUNDLE_MUST_USE enum trundle_status ranks_launch(int n, char **argv, struct trundle_error *err);
