/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Stores and trips as files; jobs share out stores, then trips. */
#define _DEFAULT_SOURCE            /* MAP_ANONYMOUS */

#include "lab/sim/make.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum trundle_status sim_trip_make(const struct sim_suite *suite, int64_t seed, const char *path, const struct sim_options *options,
                                  struct sim_trip_report *out_report, struct trundle_error *err)
{
    struct sim_store *store = NULL;
    enum trundle_status status = sim_store_new(suite, sim_store_of(seed), &store, err);

    if (status == TRUNDLE_OK)
        status = sim_trip_write(store, seed, path, !options || options->pictures, out_report, err);
    sim_store_free(store);
    return status;
}

/* Pictures can be made again: no fsync for each of a thousand. */
static enum trundle_status write_picture(const char *path, const void *data, size_t n, struct trundle_error *err)
{
    FILE *f = fopen(path, "wb");
    bool whole = f && fwrite(data, 1, n, f) == n;

    if ((f && fclose(f) != 0) || !whole)
        return error_set(err, TRUNDLE_IO, path, NULL, "cannot write: %s", strerror(errno));
    return TRUNDLE_OK;
}

static enum trundle_status write_pictures(const struct sim_store *store, const char *folder, struct trundle_error *err)
{
    struct studio *studio = NULL;
    enum trundle_status status = studio_new(store, (int)store->suite->store.enrol_px, &studio);

    if (status != TRUNDLE_OK)
        return error_set(err, status, folder, NULL, "no memory for enrolment pictures");
    for (size_t i = 0; i < store->products_n; i++) {
        char path[4096], file[4120], key[TRUNDLE_PRODUCT_TEXT];

        if (store->product[i].unlisted)
            continue;
        (void)trundle_product_text(store->product[i].key, key);
        *strchr(key, ':') = '-';
        (void)snprintf(path, sizeof path, "%.3900s/enrol/%s", folder, key);
        TRY_GOTO(status, folder_make(path, err), out);
        for (int k = 0; k < (int)store->suite->store.enrol_pictures; k++) {
            const unsigned char *jpeg;
            size_t n;

            status = studio_take(studio, i, k, &jpeg, &n, NULL);
            if (status != TRUNDLE_OK) {
                (void)error_set(err, status, path, NULL, "cannot make an enrolment picture");
                goto out;
            }
            (void)snprintf(file, sizeof file, "%s/%d.jpg", path, k + 1);
            TRY_GOTO(status, write_picture(file, jpeg, n, err), out);
        }
    }
out:
    studio_free(studio);
    return status;
}

enum trundle_status sim_store_make(const struct sim_suite *suite, int64_t store_id, const char *out_dir, bool pictures, struct trundle_error *err)
{
    struct sim_store *store = NULL;
    struct bytes cart = { 0 };
    char path[4096];
    enum trundle_status status;

    TRY_GOTO(status, sim_store_new(suite, store_id, &store, err), out);
    TRY_GOTO(status, folder_make(out_dir, err), out);
    TRY_GOTO(status, sim_store_write_catalog(store, out_dir, err), out);
    TRY_GOTO(status, cart_file_print(&store->cart, &cart), out);
    (void)snprintf(path, sizeof path, "%.4000s/cart.json", out_dir);
    TRY_GOTO(status, file_write(path, cart.data, cart.n, err), out);
    if (pictures)
        status = write_pictures(store, out_dir, err);
out:
    bytes_done(&cart);
    sim_store_free(store);
    return status;
}

/* Work shared out by number: stores first, then trips. The first error in number order is the one that is told. Workers are
 * processes, since the physics engine's state belongs to a process; one job is no process more. */
struct work {
    const struct sim_suite *suite;
    const struct sim_options *options;
    const char *out_dir;
    int64_t seed;
    size_t trips, stores, done, failed_at;
    enum trundle_status status;
    struct trundle_error err;
};

struct shared { atomic_size_t next; atomic_bool stop; };

/* What a worker tells of each piece; whole in a pipe, as it is shorter than PIPE_BUF. */
struct told { size_t i; enum trundle_status status; struct trundle_error err; };
_Static_assert(sizeof(struct told) <= 4096, "a report of a worker must be written at once");

static enum trundle_status do_one(const struct work *w, size_t i, struct trundle_error *err)
{
    char path[4096];

    if (i < w->stores) {
        int64_t store = sim_store_of(w->seed) + (int64_t)i;

        (void)snprintf(path, sizeof path, "%.4000s/stores/%lld", w->out_dir, (long long)store);
        return sim_store_make(w->suite, store, path, w->options->pictures, err);
    }
    (void)snprintf(path, sizeof path, "%.4000s/%lld.mcap", w->out_dir, (long long)(w->seed + (int64_t)(i - w->stores)));
    return sim_trip_make(w->suite, w->seed + (int64_t)(i - w->stores), path, w->options, NULL, err);
}

static void note(struct work *w, const struct told *told)
{
    if (told->status != TRUNDLE_OK && (w->status == TRUNDLE_OK || told->i < w->failed_at)) {
        w->status = told->status;
        w->err = told->err;
        w->failed_at = told->i;
    }
    w->done++;
    if (w->options->progress)
        w->options->progress(w->options->user, w->done, w->stores + w->trips);
}

static bool next_piece(const struct work *w, struct shared *shared, struct told *out)
{
    *out = (struct told){ .i = atomic_fetch_add(&shared->next, 1) };
    if (atomic_load(&shared->stop) || out->i >= w->stores + w->trips)
        return false;
    out->status = do_one(w, out->i, &out->err);
    if (out->status != TRUNDLE_OK)
        atomic_store(&shared->stop, true);
    return true;
}

_Noreturn static void worker(const struct work *w, struct shared *shared, int fd)
{
    struct told told;

    while (next_piece(w, shared, &told))
        if (write(fd, &told, sizeof told) != (ssize_t)sizeof told)
            _exit(1);
    _exit(0);
}

/* Reads what the workers tell until the last one is gone. */
static void listen_to(struct work *w, int fd)
{
    struct told told;
    size_t have = 0;

    for (;;) {
        ssize_t n = read(fd, (char *)&told + have, sizeof told - have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        have += (size_t)n;
        if (have == sizeof told) {
            note(w, &told);
            have = 0;
        }
    }
}

static enum trundle_status with_workers(struct work *w, struct shared *shared, struct trundle_error *err)
{
    pid_t pid[SIM_JOBS_MAX];
    int pipes[2], workers = 0;

    if (pipe(pipes) != 0)
        return error_set(err, TRUNDLE_IO, "sim", NULL, "cannot make a pipe: %s", strerror(errno));
    while (workers < w->options->jobs && (pid[workers] = fork()) >= 0) {
        if (pid[workers] == 0) {
            (void)close(pipes[0]);
            worker(w, shared, pipes[1]);
        }
        workers++;
    }
    (void)close(pipes[1]);
    listen_to(w, pipes[0]);
    (void)close(pipes[0]);
    for (int i = 0; i < workers; i++) {
        int status = 0;

        while (waitpid(pid[i], &status, 0) < 0 && errno == EINTR)
            ;
        if (w->status == TRUNDLE_OK && status != 0)
            w->status = error_set(&w->err, TRUNDLE_CORRUPT, "sim", "run it with --jobs 1 to see why", "a worker ended by %s %d",
                                  WIFSIGNALED(status) ? "signal" : "exit code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    if (!workers)
        return error_set(err, TRUNDLE_IO, "sim", "fewer --jobs", "cannot start a worker: %s", strerror(errno));
    return TRUNDLE_OK;
}

enum trundle_status sim_trips_make(const struct sim_suite *suite, int64_t seed, size_t trips, const char *out_dir, const struct sim_options *options,
                                   struct trundle_error *err)
{
    struct work w = { .suite = suite, .options = options, .out_dir = out_dir, .seed = seed, .trips = trips };
    struct shared *shared;
    struct told told;
    enum trundle_status status = TRUNDLE_OK;

    if (trips < 1 || trips > SIM_TRIPS_MAX || options->jobs < 1 || options->jobs > SIM_JOBS_MAX || seed > INT64_MAX / 2 || seed < INT64_MIN / 2)
        return error_set(err, TRUNDLE_BAD_ARG, "sim", NULL, "trips are 1 to %d, jobs 1 to %d", SIM_TRIPS_MAX, SIM_JOBS_MAX);
    w.stores = (size_t)(sim_store_of(seed + (int64_t)trips - 1) - sim_store_of(seed)) + 1;
    TRY(folder_make(out_dir, err));
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return error_set(err, TRUNDLE_NO_MEMORY, "sim", NULL, "no memory to share with workers");
    atomic_init(&shared->next, 0);
    atomic_init(&shared->stop, false);
    if (options->jobs > 1)
        status = with_workers(&w, shared, &w.err);
    else
        while (next_piece(&w, shared, &told))
            note(&w, &told);
    (void)munmap(shared, sizeof *shared);
    if (status != TRUNDLE_OK)
        w.status = status;
    if (w.status != TRUNDLE_OK && err)
        *err = w.err;
    return w.status;
}
