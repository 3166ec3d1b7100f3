/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/threads - workers that wait for a round number to change, first spinning, then asleep. */
#include "base/net/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { THREADS_MAX = 64, SPINS = 2000 };

struct worker {
    struct net_threads *pool;
    pthread_t thread;
    int part;
};

struct net_threads {
    int threads;
    pthread_mutex_t mutex;
    pthread_cond_t  wake, done;
    atomic_uint round;             /* changed under the mutex, read while spinning */
    atomic_int  left;              /* workers that have not finished this round */
    bool stop;
    int parts;
    void (*work)(void *, int, int);
    void *argument;
    struct worker worker[THREADS_MAX];
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;
    struct net_threads *p = w->pool;
    unsigned seen = 0;
    for (;;) {
        for (int i = 0; i < SPINS && atomic_load(&p->round) == seen; i++)
            relax();
        pthread_mutex_lock(&p->mutex);
        while (atomic_load(&p->round) == seen)
            pthread_cond_wait(&p->wake, &p->mutex);
        seen = atomic_load(&p->round);
        bool stop = p->stop;
        int parts = p->parts;
        pthread_mutex_unlock(&p->mutex);
        if (stop)
            return NULL;
        if (w->part < parts)
            p->work(p->argument, w->part, parts);
        if (atomic_fetch_sub(&p->left, 1) == 1) {
            pthread_mutex_lock(&p->mutex);
            pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->mutex);
        }
    }
}

static void begin(struct net_threads *p, bool stop)
{
    pthread_mutex_lock(&p->mutex);
    p->stop = stop;
    atomic_store(&p->left, p->threads - 1);
    atomic_fetch_add(&p->round, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
}

struct net_threads *net_threads_new(int threads)
{
    if (threads < 1 || threads > THREADS_MAX)
        return NULL;
    struct net_threads *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    p->threads = 1;
    for (int i = 1; i < threads; i++) {
        p->worker[i] = (struct worker){ .pool = p, .part = i };
        if (pthread_create(&p->worker[i].thread, NULL, worker_main, &p->worker[i]) != 0) {
            net_threads_free(p);
            return NULL;
        }
        p->threads = i + 1;
    }
    return p;
}

void net_threads_free(struct net_threads *p)
{
    if (!p)
        return;
    begin(p, true);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->worker[i].thread, NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

int net_threads_count(const struct net_threads *p)
{
    return p ? p->threads : 1;
}

void net_threads_run(struct net_threads *p, int parts, void (*work)(void *, int, int), void *argument)
{
    if (!p || p->threads == 1 || parts <= 1) {
        work(argument, 0, 1);
        return;
    }
    p->parts = parts < p->threads ? parts : p->threads;
    p->work = work;
    p->argument = argument;
    begin(p, false);
    work(argument, 0, p->parts);
    for (int i = 0; i < SPINS && atomic_load(&p->left) > 0; i++)
        relax();
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->left) > 0)
        pthread_cond_wait(&p->done, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}
