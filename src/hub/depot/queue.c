/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Who uses which connection when: the writer with its queue (group commit), turns on the write connection, connections for reading. */
#include "hub/depot/inside.h"

#include "base/std/time.h"

#include <stdio.h>
#include <string.h>

enum { GATHER_MS = 20 };

void depot_lock(struct depot *d)
{
    uint64_t mine;

    (void)pthread_mutex_lock(&d->turn_mutex);
    mine = d->turn_next++;
    while (d->turn_now != mine)
        (void)pthread_cond_wait(&d->turn_change, &d->turn_mutex);
    (void)pthread_mutex_unlock(&d->turn_mutex);
}

struct db *depot_db(struct depot *d)
{
    return d->db;
}

void depot_unlock(struct depot *d)
{
    db_rollback(d->db);
    (void)pthread_mutex_lock(&d->turn_mutex);
    d->turn_now++;
    (void)pthread_cond_broadcast(&d->turn_change);
    (void)pthread_mutex_unlock(&d->turn_mutex);
}

static enum trundle_status job_run(struct depot *d, struct depot_waiting *w, bool *out_broken, struct trundle_error *why)
{
    enum trundle_status status;

    TRY(db_exec(d->db, "SAVEPOINT job", w->err));
    status = w->job(d->db, w->user, w->err);
    /* A full disk, an I/O error or a lack of memory may have undone the whole transaction, the jobs before with it. */
    if (!db_in_transaction(d->db) || (status != TRUNDLE_OK && db_exec(d->db, "ROLLBACK TO job", why) != TRUNDLE_OK) ||
        db_exec(d->db, "RELEASE job", why) != TRUNDLE_OK) {
        *out_broken = true;
        if (status == TRUNDLE_OK)
            status = error_set(w->err, TRUNDLE_IO, d->folder, "try again", "the transaction was undone");
        (void)error_set(why, TRUNDLE_IO, d->folder, "try again", "another write of the same commit failed and undid it");
    }
    return status;
}

/* All that waits, in the order of asking. */
static struct depot_waiting *queue_take(struct depot *d)
{
    struct depot_waiting *first;

    (void)pthread_mutex_lock(&d->queue_mutex);
    first = d->head;
    d->head = d->tail = NULL;
    (void)pthread_mutex_unlock(&d->queue_mutex);
    return first;
}

/* One transaction for all that waits, and for what comes meanwhile: the sync at its end costs more than several jobs. So that nobody waits long for it, only so
 * much is gathered. A job that fails is undone alone. */
static void group_run(struct depot *d, struct depot_waiting *first)
{
    struct trundle_error why = { 0 };
    enum trundle_status status;
    bool broken = false;
    int64_t until_ns;

    depot_lock(d);
    until_ns = clock_mono_ns() + MS_NS(GATHER_MS);
    status = db_begin(d->db, &why);
    if (status == TRUNDLE_OK) {
        for (struct depot_waiting *w = first; w && !broken; w = w->next) {
            w->status = job_run(d, w, &broken, &why);
            w->done = true;
            if (!w->next && !broken && clock_mono_ns() < until_ns)
                w->next = queue_take(d);
        }
        if (broken)
            status = TRUNDLE_IO;
        else
            status = db_commit(d->db, &why);
    }
    if (status != TRUNDLE_OK) {
        db_rollback(d->db);
        for (struct depot_waiting *w = first; w; w = w->next) {
            if (w->done && w->status != TRUNDLE_OK)
                continue;                              /* has its own reason */
            w->status = status;
            if (w->err)
                *w->err = why;
        }
    }
    depot_unlock(d);
}

static void *writer_main(void *user)
{
    struct depot *d = user;
    struct depot_waiting *first, *next;

    (void)pthread_mutex_lock(&d->queue_mutex);
    for (;;) {
        while (!d->head && !d->stopping)
            (void)pthread_cond_wait(&d->queue_change, &d->queue_mutex);
        if (!d->head)
            break;
        (void)pthread_mutex_unlock(&d->queue_mutex);
        first = queue_take(d);
        group_run(d, first);
        (void)pthread_mutex_lock(&d->queue_mutex);
        for (struct depot_waiting *w = first; w; w = next) {
            next = w->next;                            /* the caller's stack: gone once it is woken */
            w->job = NULL;
            (void)pthread_cond_signal(&w->woken);
        }
    }
    (void)pthread_mutex_unlock(&d->queue_mutex);
    return NULL;
}

enum trundle_status depot_queue_start(struct depot *d, struct trundle_error *err)
{
    if (pthread_create(&d->writer, NULL, writer_main, d) != 0)
        return error_set(err, TRUNDLE_NO_MEMORY, d->folder, NULL, "no thread to write with");
    d->writer_started = true;
    return TRUNDLE_OK;
}

void depot_queue_stop(struct depot *d)
{
    if (!d->writer_started)
        return;
    (void)pthread_mutex_lock(&d->queue_mutex);
    d->stopping = true;
    (void)pthread_cond_signal(&d->queue_change);
    (void)pthread_mutex_unlock(&d->queue_mutex);
    (void)pthread_join(d->writer, NULL);
    d->writer_started = false;
}

enum trundle_status depot_write(struct depot *d, depot_job *job, void *user, struct trundle_error *err)
{
    struct depot_waiting w = { .job = job, .user = user, .err = err, .status = TRUNDLE_IO };

    if (!d->writer_started)
        return error_set(err, TRUNDLE_BAD_ARG, d->folder, NULL, "is open for reading only");
    if (pthread_cond_init(&w.woken, NULL) != 0)
        return error_set(err, TRUNDLE_NO_MEMORY, d->folder, NULL, "no memory to wait");
    (void)pthread_mutex_lock(&d->queue_mutex);
    if (d->tail)
        d->tail->next = &w;
    else
        d->head = &w;
    d->tail = &w;
    (void)pthread_cond_signal(&d->queue_change);
    while (w.job)
        (void)pthread_cond_wait(&w.woken, &d->queue_mutex);
    (void)pthread_mutex_unlock(&d->queue_mutex);
    (void)pthread_cond_destroy(&w.woken);
    return w.status;
}

enum trundle_status depot_read_begin(struct depot *d, struct db **out, struct trundle_error *err)
{
    char path[DISK_PATH];
    enum trundle_status status;
    struct db *db = NULL;

    (void)pthread_mutex_lock(&d->reader_mutex);
    while (!d->readers_free && d->readers_open == d->options.readers)
        (void)pthread_cond_wait(&d->reader_change, &d->reader_mutex);
    if (d->readers_free)
        db = d->reader[--d->readers_free];
    else
        d->readers_open++;
    (void)pthread_mutex_unlock(&d->reader_mutex);
    if (db) {
        *out = db;
        return TRUNDLE_OK;
    }
    status = disk_path(path, sizeof path, err, "%s/hub.sqlite", d->folder);
    if (status == TRUNDLE_OK)
        status = db_open(path, DB_READ, &db, err);
    if (status == TRUNDLE_OK) {
        *out = db;
        return TRUNDLE_OK;
    }
    (void)pthread_mutex_lock(&d->reader_mutex);
    d->readers_open--;
    (void)pthread_cond_signal(&d->reader_change);
    (void)pthread_mutex_unlock(&d->reader_mutex);
    return status;
}

void depot_read_end(struct depot *d, struct db *db)
{
    if (!db)
        return;
    db_rollback(db);
    (void)pthread_mutex_lock(&d->reader_mutex);
    d->reader[d->readers_free++] = db;
    (void)pthread_cond_signal(&d->reader_change);
    (void)pthread_mutex_unlock(&d->reader_mutex);
}
