/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Stores and trips as files; jobs share out stores, then trips. */
#include "lab/sim/make.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Work shared out by number: stores first, then trips. The first error in number order is the one that is told. */
struct work {
    const struct sim_suite *suite;
    const struct sim_options *options;
    const char *out_dir;
    int64_t seed;
    size_t trips, stores, next, done;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    size_t failed_at;
    enum trundle_status status;
    struct trundle_error err;
    int running;
};

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

static void *work_main(void *user)
{
    struct work *w = user;

    (void)pthread_mutex_lock(&w->lock);
    while (w->next < w->stores + w->trips && w->status == TRUNDLE_OK) {
        size_t i = w->next++;
        struct trundle_error err = { 0 };
        enum trundle_status status;

        (void)pthread_mutex_unlock(&w->lock);
        status = do_one(w, i, &err);
        (void)pthread_mutex_lock(&w->lock);
        if (status != TRUNDLE_OK && (w->status == TRUNDLE_OK || i < w->failed_at)) {
            w->status = status;
            w->err = err;
            w->failed_at = i;
        }
        w->done++;
        (void)pthread_cond_signal(&w->moved);
    }
    w->running--;
    (void)pthread_cond_signal(&w->moved);
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum trundle_status sim_trips_make(const struct sim_suite *suite, int64_t seed, size_t trips, const char *out_dir, const struct sim_options *options,
                                   struct trundle_error *err)
{
    struct work w = { .suite = suite, .options = options, .out_dir = out_dir, .seed = seed, .trips = trips };
    pthread_t thread[64];
    int threads = 0;

    if (trips < 1 || trips > SIM_TRIPS_MAX || options->jobs < 1 || options->jobs > 64 || seed > INT64_MAX / 2 || seed < INT64_MIN / 2)
        return error_set(err, TRUNDLE_BAD_ARG, "sim", NULL, "trips are 1 to %d, jobs 1 to 64", SIM_TRIPS_MAX);
    w.stores = (size_t)(sim_store_of(seed + (int64_t)trips - 1) - sim_store_of(seed)) + 1;
    TRY(folder_make(out_dir, err));
    (void)pthread_mutex_init(&w.lock, NULL);
    (void)pthread_cond_init(&w.moved, NULL);
    w.running = options->jobs;
    while (threads < options->jobs && pthread_create(&thread[threads], NULL, work_main, &w) == 0)
        threads++;
    (void)pthread_mutex_lock(&w.lock);
    w.running -= options->jobs - threads;
    while (threads && w.running > 0) {
        size_t done = w.done;

        (void)pthread_cond_wait(&w.moved, &w.lock);
        if (options->progress && w.done != done) {
            done = w.done;
            (void)pthread_mutex_unlock(&w.lock);
            options->progress(options->user, done, w.stores + trips);
            (void)pthread_mutex_lock(&w.lock);
        }
    }
    (void)pthread_mutex_unlock(&w.lock);
    for (int i = 0; i < threads; i++)
        (void)pthread_join(thread[i], NULL);
    if (!threads) {
        w.running = 1;
        (void)work_main(&w);
    }
    (void)pthread_cond_destroy(&w.moved);
    (void)pthread_mutex_destroy(&w.lock);
    if (w.status != TRUNDLE_OK && err)
        *err = w.err;
    return w.status;
}
