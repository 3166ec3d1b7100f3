/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/turns.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct turns {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    atomic_int owners;
    int64_t next_ns[TURNS_MAX];        /* nothing earlier will come from this place; INT64_MAX: empty */
};

struct turns *turns_new(void)
{
    struct turns *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_cond_init(&t->moved, NULL);
    atomic_store(&t->owners, 1);
    for (unsigned i = 0; i < TURNS_MAX; i++)
        t->next_ns[i] = INT64_MAX;
    return t;
}

struct turns *turns_ref(struct turns *t)
{
    atomic_fetch_add(&t->owners, 1);
    return t;
}

void turns_unref(struct turns *t)
{
    if (!t || atomic_fetch_sub(&t->owners, 1) != 1)
        return;
    (void)pthread_cond_destroy(&t->moved);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}

static void set(struct turns *t, unsigned place, int64_t next_ns)
{
    (void)pthread_mutex_lock(&t->lock);
    t->next_ns[place] = next_ns;
    (void)pthread_cond_broadcast(&t->moved);
    (void)pthread_mutex_unlock(&t->lock);
}

void turns_enter(struct turns *t, unsigned place)
{
    set(t, place, INT64_MIN);
}

void turns_leave(struct turns *t, unsigned place)
{
    set(t, place, INT64_MAX);
}

static bool is_first(const struct turns *t, unsigned place)
{
    for (unsigned i = 0; i < TURNS_MAX; i++)
        if (i != place && (t->next_ns[i] < t->next_ns[place] || (t->next_ns[i] == t->next_ns[place] && i < place)))
            return false;
    return true;
}

void turns_wait(struct turns *t, unsigned place, int64_t t_ns, const atomic_bool *stop)
{
    (void)pthread_mutex_lock(&t->lock);
    t->next_ns[place] = t_ns;
    (void)pthread_cond_broadcast(&t->moved);
    while (!atomic_load(stop) && !is_first(t, place))
        (void)pthread_cond_wait(&t->moved, &t->lock);
    (void)pthread_mutex_unlock(&t->lock);
}

void turns_wake(struct turns *t)
{
    (void)pthread_mutex_lock(&t->lock);
    (void)pthread_cond_broadcast(&t->moved);
    (void)pthread_mutex_unlock(&t->lock);
}
