/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* MPI behind one file. Without it (TRUNDLE_MPI unset) everybody is alone. */
#include "lab/train/ranks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef TRUNDLE_MPI
#include <mpi.h>
#endif

enum { RANKS_MOST = 4096, ARGUMENTS = 64, CHUNK = 1 << 24 };

bool ranks_built(void)
{
#ifdef TRUNDLE_MPI
    return true;
#else
    return false;
#endif
}

/* Did mpirun, or srun with several tasks, start this process? */
static bool launched(void)
{
    const char *tasks = getenv("SLURM_NTASKS");

    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || (getenv("SLURM_PROCID") && getenv("PMI_RANK")) ||
           (getenv("SLURM_STEP_ID") && tasks && strcmp(tasks, "1") != 0);
}

enum trundle_status ranks_open(struct ranks *out, struct trundle_error *err)
{
    *out = (struct ranks){ 0, 1 };
    if (!launched())
        return TRUNDLE_OK;
#ifdef TRUNDLE_MPI
    {
        int given;

        if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS)
            return error_set(err, TRUNDLE_DEVICE, "ranks", NULL, "MPI did not start");
        (void)MPI_Comm_rank(MPI_COMM_WORLD, &out->rank);
        (void)MPI_Comm_size(MPI_COMM_WORLD, &out->n);
    }
    return TRUNDLE_OK;
#else
    return error_set(err, TRUNDLE_UNSUPPORTED, "ranks", "install libopenmpi-dev and build again", "started by an MPI launcher, but built without MPI");
#endif
}

#ifdef TRUNDLE_MPI
void ranks_close(struct ranks *r)
{
    int on = 0;

    (void)MPI_Initialized(&on);
    if (on)
        (void)MPI_Finalize();
    *r = (struct ranks){ 0, 1 };
}

/* A sum on one rank, then spread: every rank has the same bits, whatever algorithm MPI would pick for an all-reduce. */
static void sum(const struct ranks *r, void *v, size_t n, size_t size, MPI_Datatype type)
{
    if (r->n == 1)
        return;
    for (size_t at = 0; at < n; at += CHUNK) {
        int count = (int)(n - at < CHUNK ? n - at : CHUNK);
        char *p = (char *)v + at * size;

        (void)MPI_Reduce(r->rank ? p : MPI_IN_PLACE, p, count, type, MPI_SUM, 0, MPI_COMM_WORLD);
        (void)MPI_Bcast(p, count, type, 0, MPI_COMM_WORLD);
    }
}

void ranks_sum(const struct ranks *r, float *v, size_t n)
{
    sum(r, v, n, sizeof *v, MPI_FLOAT);
}

void ranks_sum_double(const struct ranks *r, double *v, size_t n)
{
    sum(r, v, n, sizeof *v, MPI_DOUBLE);
}

void ranks_most(const struct ranks *r, int64_t *v, size_t n)
{
    if (r->n > 1 && n <= CHUNK)
        (void)MPI_Allreduce(MPI_IN_PLACE, v, (int)n, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
}

void ranks_spread(const struct ranks *r, void *bytes, size_t n)
{
    for (size_t at = 0; r->n > 1 && at < n; at += CHUNK)
        (void)MPI_Bcast((char *)bytes + at, (int)(n - at < CHUNK ? n - at : CHUNK), MPI_BYTE, 0, MPI_COMM_WORLD);
}

void ranks_wait(const struct ranks *r)
{
    if (r->n > 1)
        (void)MPI_Barrier(MPI_COMM_WORLD);
}
#else
void ranks_close(struct ranks *r)
{
    *r = (struct ranks){ 0, 1 };
}

void ranks_sum(const struct ranks *r, float *v, size_t n)
{
    (void)r;
    (void)v;
    (void)n;
}

void ranks_sum_double(const struct ranks *r, double *v, size_t n)
{
    (void)r;
    (void)v;
    (void)n;
}

void ranks_most(const struct ranks *r, int64_t *v, size_t n)
{
    (void)r;
    (void)v;
    (void)n;
}

void ranks_spread(const struct ranks *r, void *bytes, size_t n)
{
    (void)r;
    (void)bytes;
    (void)n;
}

void ranks_wait(const struct ranks *r)
{
    (void)r;
}
#endif

/* mpirun [--allow-run-as-root] --oversubscribe --bind-to none -n N trundle-lab train RECIPE ... */
enum trundle_status ranks_launch(int n, char **argv, struct trundle_error *err)
{
    char count[16], self[4096], *out[ARGUMENTS + 16];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    int k = 0;

    if (!ranks_built())
        return error_set(err, TRUNDLE_UNSUPPORTED, "--ranks", "install libopenmpi-dev and build again", "built without MPI");
    if (n < 1 || n > RANKS_MOST)
        return error_set(err, TRUNDLE_BAD_ARG, "--ranks", NULL, "%d ranks; allowed are 1 to %d", n, RANKS_MOST);
    if (length <= 0)
        return error_set(err, TRUNDLE_IO, "--ranks", NULL, "cannot find this program's file");
    self[length] = 0;
    (void)snprintf(count, sizeof count, "%d", n);
    {
        static char mpirun[] = "mpirun", root[] = "--allow-run-as-root", crowd[] = "--oversubscribe", bind[] = "--bind-to", none[] = "none", number[] = "-n";

        out[k++] = mpirun;
        if (geteuid() == 0)
            out[k++] = root;
        out[k++] = crowd;
        out[k++] = bind;                      /* a rank's threads may use every core it is given */
        out[k++] = none;
        out[k++] = number;
        out[k++] = count;
        out[k++] = self;
    }
    for (int i = 0; argv[i]; i++) {
        if (!strcmp(argv[i], "--ranks") && argv[i + 1]) {
            i++;
            continue;
        }
        if (!strncmp(argv[i], "--ranks=", 8))
            continue;
        if (k == ARGUMENTS + 15)
            return error_set(err, TRUNDLE_BAD_ARG, "--ranks", NULL, "more than %d arguments", ARGUMENTS);
        out[k++] = argv[i];
    }
    out[k] = NULL;
    (void)execvp("mpirun", out);
    return error_set(err, TRUNDLE_NOT_FOUND, "mpirun", "install openmpi-bin", "%s", strerror(errno));
}
