/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A ring of messages: the caller fills it at the tail and consumes it at the head; workers do the slots of their lanes. */
#include "cart/runtime/pipeline.h"

#include "base/std/time.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAME_MAX = 4 << 20, FRAME_ROOM = 128 << 10, WORKERS_MAX = PIPELINE_THREADS_MAX - 1 };

struct slot {
    struct trundle_message m;
    uint8_t *kept;                     /* owned; grows to the largest frame seen */
    size_t   kept_capacity;
    int      lane;
    bool     done;
    size_t   n;
    struct trundle_evidence evidence[PIPELINE_EVIDENCE];
    struct sense_live live;
};

struct worker { struct pipeline *pipeline; pthread_t thread; int index; };

struct pipeline {
    struct senses *senses;
    pipeline_consume *consume;
    void *user;
    int workers_n;
    struct worker worker[WORKERS_MAX];
    pthread_mutex_t lock;
    pthread_cond_t  filled, finished;
    bool stop;
    uint64_t head, tail;               /* slots consumed, slots filled */
    struct slot slot[PIPELINE_SLOTS];
};

static void sense(struct pipeline *p, struct slot *s)
{
    senses_push(p->senses, &s->m);
    while (s->n < PIPELINE_EVIDENCE && senses_poll(p->senses, s->lane, &s->evidence[s->n]) == TRUNDLE_OK)
        s->n++;
    s->live = senses_live(p->senses, s->lane);
}

static void *work(void *user)
{
    struct worker *w = user;
    struct pipeline *p = w->pipeline;
    uint64_t at = 0;

    (void)pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct slot *s;

        if (at < p->head)
            at = p->head;              /* what was consumed meanwhile was not ours, and its slots hold newer messages */
        if (at == p->tail) {
            (void)pthread_cond_wait(&p->filled, &p->lock);
            continue;
        }
        s = &p->slot[at++ % PIPELINE_SLOTS];
        if (s->lane < 0 || s->lane % p->workers_n != w->index)
            continue;
        (void)pthread_mutex_unlock(&p->lock);
        sense(p, s);
        (void)pthread_mutex_lock(&p->lock);
        s->done = true;
        (void)pthread_cond_signal(&p->finished);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum trundle_status pipeline_new(struct senses *senses, int threads, pipeline_consume *consume, void *user, struct pipeline **out,
                                 struct trundle_error *err)
{
    pthread_condattr_t monotonic;
    struct pipeline *p;
    int failed = 0;

    if (threads < 1 || threads > PIPELINE_THREADS_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, "threads", NULL, "%d threads; allowed are 1 to %d", threads, PIPELINE_THREADS_MAX);
    p = calloc(1, sizeof *p);
    if (!p)
        return error_set(err, TRUNDLE_NO_MEMORY, "pipeline", NULL, "no memory");
    p->senses = senses;
    p->consume = consume;
    p->user = user;
    for (size_t i = 0; i < PIPELINE_SLOTS; i++) {
        p->slot[i].kept = malloc(FRAME_ROOM);
        p->slot[i].kept_capacity = p->slot[i].kept ? FRAME_ROOM : 0;    /* without it, the first frame asks again */
    }
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->filled, NULL);
    (void)pthread_cond_init(&p->finished, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    /* the number of workers is what lanes are shared by, so it is set before the first one looks */
    (void)pthread_mutex_lock(&p->lock);
    for (int i = 0; i < threads - 1 && !failed; i++) {
        p->worker[i] = (struct worker){ .pipeline = p, .index = i };
        failed = pthread_create(&p->worker[i].thread, NULL, work, &p->worker[i]);
        p->workers_n += !failed;
    }
    (void)pthread_mutex_unlock(&p->lock);
    if (failed) {
        pipeline_free(p);
        return error_set(err, TRUNDLE_IO, "pipeline", NULL, "cannot make a thread: %s", strerror(failed));
    }
    *out = p;
    return TRUNDLE_OK;
}

/* What the message points at, copied: a frame, or truth that only passes. */
static enum trundle_status keep(struct slot *s)
{
    bool frame = s->m.channel == TRUNDLE_CAM;
    const uint8_t **bytes = frame ? &s->m.frame.jpeg : &s->m.truth.bytes;
    size_t n = frame ? s->m.frame.jpeg_bytes : s->m.truth.bytes_n;

    if (n > FRAME_MAX)
        return TRUNDLE_TOO_LARGE;
    if (n > s->kept_capacity) {
        uint8_t *more = realloc(s->kept, n + n / 2);

        if (!more)
            return TRUNDLE_NO_MEMORY;
        s->kept = more;
        s->kept_capacity = n + n / 2;
    }
    if (n)
        memcpy(s->kept, *bytes, n);
    *bytes = s->kept;
    return TRUNDLE_OK;
}

/* Consumes the oldest if it is done. Called without the lock. */
static bool consume_one(struct pipeline *p)
{
    struct slot *s = &p->slot[p->head % PIPELINE_SLOTS];
    bool ready;

    if (p->head == p->tail)
        return false;
    (void)pthread_mutex_lock(&p->lock);
    ready = s->done;
    (void)pthread_mutex_unlock(&p->lock);
    if (!ready)
        return false;
    p->consume(p->user, &(struct pipeline_result){ .m = &s->m, .lane = s->lane, .live = s->live, .n = s->n, .evidence = s->evidence });
    (void)pthread_mutex_lock(&p->lock);
    p->head++;
    (void)pthread_mutex_unlock(&p->lock);
    return true;
}

static void wait_for_oldest(struct pipeline *p, int64_t wait_ns)
{
    struct slot *s = &p->slot[p->head % PIPELINE_SLOTS];
    int64_t until = clock_mono_ns() + wait_ns;
    struct timespec t = { .tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S) };
    int result = 0;

    (void)pthread_mutex_lock(&p->lock);
    while (!s->done && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&p->finished, &p->lock, &t);
    (void)pthread_mutex_unlock(&p->lock);
}

void pipeline_drain(struct pipeline *p, int64_t wait_ns)
{
    while (consume_one(p))
        ;
    if (wait_ns > 0 && p->head != p->tail) {
        wait_for_oldest(p, wait_ns);
        while (consume_one(p))
            ;
    }
}

void pipeline_flush(struct pipeline *p)
{
    while (p->head != p->tail)
        pipeline_drain(p, NS_PER_S);
}

enum trundle_status pipeline_push(struct pipeline *p, const struct trundle_message *m)
{
    struct slot *s = &p->slot[p->tail % PIPELINE_SLOTS];

    pipeline_drain(p, 0);
    while (p->tail - p->head == PIPELINE_SLOTS)
        pipeline_drain(p, NS_PER_S);
    s->m = *m;
    s->n = 0;
    s->lane = p->senses ? senses_lane(m) : -1;
    if (m->channel == TRUNDLE_CAM || m->channel == TRUNDLE_TRUTH)
        TRY(keep(s));
    s->done = s->lane < 0 || !p->workers_n;
    if (s->lane >= 0 && !p->workers_n)
        sense(p, s);
    (void)pthread_mutex_lock(&p->lock);
    p->tail++;
    (void)pthread_cond_broadcast(&p->filled);
    (void)pthread_mutex_unlock(&p->lock);
    pipeline_drain(p, 0);
    return TRUNDLE_OK;
}

void pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->stop = true;
    (void)pthread_cond_broadcast(&p->filled);
    (void)pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->workers_n; i++)
        (void)pthread_join(p->worker[i].thread, NULL);
    for (size_t i = 0; i < PIPELINE_SLOTS; i++)
        free(p->slot[i].kept);
    (void)pthread_cond_destroy(&p->filled);
    (void)pthread_cond_destroy(&p->finished);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}
