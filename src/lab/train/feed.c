/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Workers take sample after sample of the batches asked for, oldest batch first; the taker waits until its batch is whole. What a
 * sample is was settled when it was asked for, so who makes it does not matter.
 */
#include "lab/train/feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MOST = 64, AHEAD_MOST = 16 };

struct wanted { uint32_t epoch, place; };

struct slot {
    struct feed_batch batch;
    struct wanted *wanted;                    /* batch long */
    int    given, done;                       /* samples */
    enum trundle_status status;
    struct trundle_error err;
};

struct feed {
    struct augment_plan plan;
    const struct data_set *set;
    struct feed_config config;
    struct slot *slot;                        /* ahead + 1: one is with the taker */
    int      slots, first, asked;             /* asked: how many from first on are in work */
    uint32_t *order[2];                       /* of two epochs, since a batch may span them */
    uint32_t order_epoch[2];
    bool     order_known[2];
    pthread_mutex_t mutex;
    pthread_cond_t work, whole;
    pthread_t worker[WORKERS_MOST];
    struct augment_scratch *scratch[WORKERS_MOST + 1];
    int      workers;
    bool     stop;
};

/* A sample that nobody has begun, or NULL. Under the mutex. */
static struct slot *next_work(struct feed *f, int *out_sample)
{
    for (int i = 0; i < f->asked; i++) {
        struct slot *s = &f->slot[(f->first + i) % f->slots];

        if (s->given < s->batch.n) {
            *out_sample = s->given++;
            return s;
        }
    }
    return NULL;
}

static void make(struct feed *f, struct slot *s, int k, struct augment_scratch *scratch)
{
    size_t pixels = (size_t)s->batch.w * (size_t)s->batch.h * 3;
    struct trundle_error err = { 0 };
    enum trundle_status status = augment_sample(&f->plan, f->set, DATA_TRAIN, s->wanted[k].epoch, s->wanted[k].place, s->batch.w, s->batch.h, scratch,
                                                s->batch.x + (size_t)k * pixels, &s->batch.truth[k], &err);

    (void)pthread_mutex_lock(&f->mutex);
    if (status != TRUNDLE_OK && s->status == TRUNDLE_OK) {
        s->status = status;
        s->err = err;
    }
    if (++s->done == s->batch.n)
        (void)pthread_cond_broadcast(&f->whole);
    (void)pthread_mutex_unlock(&f->mutex);
}

struct worker_start { struct feed *feed; int number; };

static void *work(void *user)
{
    struct worker_start start = *(struct worker_start *)user;
    struct feed *f = start.feed;

    free(user);
    for (;;) {
        struct slot *s = NULL;
        int sample = 0;

        (void)pthread_mutex_lock(&f->mutex);
        while (!f->stop && !(s = next_work(f, &sample)))
            (void)pthread_cond_wait(&f->work, &f->mutex);
        (void)pthread_mutex_unlock(&f->mutex);
        if (!s)
            return NULL;
        make(f, s, sample, f->scratch[start.number]);
    }
}

static enum trundle_status start_workers(struct feed *f, struct trundle_error *err)
{
    for (; f->workers < f->config.workers; f->workers++) {
        struct worker_start *start = malloc(sizeof *start);

        if (!start)
            return error_set(err, TRUNDLE_NO_MEMORY, "feed", NULL, "no memory for a worker");
        *start = (struct worker_start){ f, f->workers };
        if (pthread_create(&f->worker[f->workers], NULL, work, start) != 0) {
            free(start);
            return error_set(err, TRUNDLE_NO_MEMORY, "feed", NULL, "no thread for a worker");
        }
    }
    return TRUNDLE_OK;
}

enum trundle_status feed_start(const struct augment_plan *plan, const struct data_set *set, const struct feed_config *config, struct feed **out,
                               struct trundle_error *err)
{
    struct feed *f;
    enum trundle_status status;
    size_t n = data_part_n(set, DATA_TRAIN), batch = (size_t)config->batch;

    if (config->batch < 1 || config->workers < 0 || config->workers > WORKERS_MOST || config->ahead < 1 || config->ahead > AHEAD_MOST || config->side_most < 1)
        return error_set(err, TRUNDLE_BAD_ARG, "feed", NULL, "batch %d, workers %d, ahead %d, side %d", config->batch, config->workers, config->ahead, config->side_most);
    if (!n)
        return error_set(err, TRUNDLE_BAD_INPUT, "feed", "lower held_out", "no picture is left for training");
    f = calloc(1, sizeof *f);
    if (!f)
        return error_set(err, TRUNDLE_NO_MEMORY, "feed", NULL, "no memory");
    f->plan = *plan;
    f->set = set;
    f->config = *config;
    f->slots = config->ahead + 1;
    (void)pthread_mutex_init(&f->mutex, NULL);
    (void)pthread_cond_init(&f->work, NULL);
    (void)pthread_cond_init(&f->whole, NULL);
    status = error_set(err, TRUNDLE_NO_MEMORY, "feed", "a smaller batch", "no memory for %d batches of %d", f->slots, config->batch);
    f->slot = calloc((size_t)f->slots, sizeof *f->slot);
    if (!f->slot)
        goto out;
    for (int i = 0; i < f->slots; i++) {
        f->slot[i].batch.x = malloc(batch * (size_t)config->side_most * (size_t)config->side_most * 3 * sizeof(float));
        f->slot[i].batch.truth = malloc(batch * sizeof *f->slot[i].batch.truth);
        f->slot[i].wanted = malloc(batch * sizeof *f->slot[i].wanted);
        if (!f->slot[i].batch.x || !f->slot[i].batch.truth || !f->slot[i].wanted)
            goto out;
    }
    for (int i = 0; i < 2; i++)
        if (!(f->order[i] = malloc(n * sizeof *f->order[i])))
            goto out;
    for (int i = 0; i <= config->workers; i++)
        if (!(f->scratch[i] = augment_scratch_new()))
            goto out;
    TRY_GOTO(status, start_workers(f, err), out);
    *out = f;
    f = NULL;
out:
    feed_stop(f);
    return status;
}

void feed_stop(struct feed *f)
{
    if (!f)
        return;
    (void)pthread_mutex_lock(&f->mutex);
    f->stop = true;
    (void)pthread_cond_broadcast(&f->work);
    (void)pthread_mutex_unlock(&f->mutex);
    for (int i = 0; i < f->workers; i++)
        (void)pthread_join(f->worker[i], NULL);
    for (int i = 0; f->slot && i < f->slots; i++) {
        free(f->slot[i].batch.x);
        free(f->slot[i].batch.truth);
        free(f->slot[i].wanted);
    }
    for (int i = 0; i <= f->config.workers; i++)
        augment_scratch_free(f->scratch[i]);
    free(f->slot);
    free(f->order[0]);
    free(f->order[1]);
    (void)pthread_mutex_destroy(&f->mutex);
    (void)pthread_cond_destroy(&f->work);
    (void)pthread_cond_destroy(&f->whole);
    free(f);
}

static const uint32_t *order_of(struct feed *f, uint32_t epoch, size_t n)
{
    int i = (int)(epoch & 1);

    if (!f->order_known[i] || f->order_epoch[i] != epoch) {
        data_shuffle(f->plan.seed, epoch, n, f->order[i]);
        f->order_epoch[i] = epoch;
        f->order_known[i] = true;
    }
    return f->order[i];
}

enum trundle_status feed_ask(struct feed *f, const struct feed_ask *ask, struct trundle_error *err)
{
    size_t n = data_part_n(f->set, DATA_TRAIN);
    struct slot *s;

    if (ask->n < 1 || ask->n > f->config.batch || ask->w < 1 || ask->h < 1 || ask->w > f->config.side_most || ask->h > f->config.side_most)
        return error_set(err, TRUNDLE_BAD_ARG, "feed", NULL, "a batch of %d pictures of %d x %d", ask->n, ask->w, ask->h);
    if (f->asked == f->config.ahead)
        return error_set(err, TRUNDLE_FULL, "feed", NULL, "%d batches are asked for already", f->asked);
    s = &f->slot[(f->first + f->asked) % f->slots];
    s->batch.n = ask->n;
    s->batch.w = ask->w;
    s->batch.h = ask->h;
    s->batch.first = ask->first;
    s->given = s->done = 0;
    s->status = TRUNDLE_OK;
    for (int k = 0; k < ask->n; k++) {
        uint64_t number = ask->first + (uint64_t)k;
        uint32_t epoch = (uint32_t)(number / n);

        s->wanted[k] = (struct wanted){ epoch, order_of(f, epoch, n)[number % n] };
    }
    (void)pthread_mutex_lock(&f->mutex);
    f->asked++;
    (void)pthread_cond_broadcast(&f->work);
    (void)pthread_mutex_unlock(&f->mutex);
    return TRUNDLE_OK;
}

int feed_asked(const struct feed *f)
{
    return f->asked;
}

enum trundle_status feed_take(struct feed *f, struct feed_batch *out, struct trundle_error *err)
{
    struct slot *s = &f->slot[f->first];

    if (!f->asked)
        return error_set(err, TRUNDLE_BAD_ARG, "feed", NULL, "nothing was asked for");
    (void)pthread_mutex_lock(&f->mutex);
    while (s->given < s->batch.n) {           /* lends a hand: with no workers it does it all */
        int sample = s->given++;

        (void)pthread_mutex_unlock(&f->mutex);
        make(f, s, sample, f->scratch[f->config.workers]);
        (void)pthread_mutex_lock(&f->mutex);
    }
    while (s->done < s->batch.n)
        (void)pthread_cond_wait(&f->whole, &f->mutex);
    f->first = (f->first + 1) % f->slots;
    f->asked--;
    (void)pthread_mutex_unlock(&f->mutex);
    if (s->status != TRUNDLE_OK) {
        if (err)
            *err = s->err;
        return s->status;
    }
    *out = s->batch;
    return TRUNDLE_OK;
}
