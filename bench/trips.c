/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Simulated trips, made once, in memory: so that what is timed reads no file and renders nothing. */
#include "bench/bench.h"

#include "base/std/time.h"
#include "trundle.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_MAX = 512 };

/* What stirred something, and when; from the truth. */
struct busy { size_t n, rolls_n; struct bench_span span[BUSY_MAX], roll[BUSY_MAX]; };

static void add(struct bench_span *list, size_t *n, int64_t t0, int64_t t1)
{
    if (*n < BUSY_MAX)
        list[(*n)++] = (struct bench_span){ t0, t1 };
}

static void read_truth(const struct trundle_message *m, struct busy *busy, int *events)
{
    Trundle__V1__Truth *t = trundle__v1__truth__unpack(NULL, m->truth.bytes_n, m->truth.bytes);

    if (!t)
        return;
    if (t->what_case == TRUNDLE__V1__TRUTH__WHAT_EVENT) {
        int64_t first = t->event->t_cross_ns ? t->event->t_cross_ns : t->event->t_lift_ns;

        if (t->event->kind != TRUNDLE_EVENT_MOVE)
            ++*events;
        add(busy->span, &busy->n, first - S_NS(1), m->log_ns + S_NS(.2));    /* it is told when the hand is away */
    } else if (t->what_case == TRUNDLE__V1__TRUTH__WHAT_CAUSE) {
        if (!strcmp(t->cause->name, "rolling"))
            add(busy->roll, &busy->rolls_n, t->cause->t0_ns, t->cause->t1_ns);
        else if (strcmp(t->cause->name, "kerb") != 0)
            add(busy->span, &busy->n, t->cause->t0_ns - S_NS(.5), t->cause->t1_ns + S_NS(.5));
    }
    trundle__v1__truth__free_unpacked(t, NULL);
}

/* The longest part of [t0, t1] that no span touches, walked in tenths of a second. */
static void longest(const struct bench_span *span, size_t n, int64_t t0, int64_t t1, struct bench_span *best)
{
    int64_t from = t0;

    for (int64_t t = t0; t <= t1; t += NS_PER_S / 10) {
        bool hit = false;

        for (size_t i = 0; i < n && !hit; i++)
            hit = t >= span[i].t0_ns && t <= span[i].t1_ns;
        if (hit)
            from = t + NS_PER_S / 10;
        else if (t - from > best->t1_ns - best->t0_ns)
            *best = (struct bench_span){ from, t };
    }
}

static void find_quiet(struct bench_trip *t, struct busy *busy, int64_t end_ns)
{
    for (size_t i = 0; i < busy->rolls_n; i++)
        longest(busy->span, busy->n, busy->roll[i].t0_ns, busy->roll[i].t1_ns, &t->rolling);
    for (size_t i = 0; i < busy->rolls_n; i++)
        add(busy->span, &busy->n, busy->roll[i].t0_ns - S_NS(.3), busy->roll[i].t1_ns + S_NS(.7));
    longest(busy->span, busy->n, S_NS(.5), end_ns - S_NS(.5), &t->standing);
}

static enum trundle_status keep(struct bench_trip *t, const struct trundle_message *m, size_t *room)
{
    if (t->n == *room) {
        size_t more = *room ? 2 * *room : 8192;
        void *messages = realloc(t->message, more * sizeof *t->message), *owned;

        if (!messages)
            return TRUNDLE_NO_MEMORY;
        t->message = messages;
        owned = realloc(t->owned, more * sizeof *t->owned);
        if (!owned)
            return TRUNDLE_NO_MEMORY;
        t->owned = owned;
        *room = more;
    }
    t->message[t->n] = *m;
    t->owned[t->n] = NULL;
    if (m->channel == TRUNDLE_CAM) {
        uint8_t *copy = malloc(m->frame.jpeg_bytes + 1);

        if (!copy)
            return TRUNDLE_NO_MEMORY;
        memcpy(copy, m->frame.jpeg, m->frame.jpeg_bytes);
        t->owned[t->n] = copy;
        t->message[t->n].frame.jpeg = copy;
    }
    t->n++;
    return TRUNDLE_OK;
}

static enum trundle_status load(struct bench_trip *t, struct trundle_error *err)
{
    struct trip_reader *r = NULL;
    struct busy *busy = calloc(1, sizeof *busy);
    struct trundle_message m;
    enum trundle_status status;
    size_t room = 0;
    int64_t end_ns = 0;

    if (!busy)
        return error_set(err, TRUNDLE_NO_MEMORY, t->path, NULL, "no memory");
    TRY_GOTO(status, trip_open(t->path, &r, err), out);
    t->head = *trip_head(r);
    TRY_GOTO(status, trip_world_load(t->path, r, &(struct trip_world_options){ .no_gallery = false }, &t->world, err), out);
    while ((status = trip_next(r, &m, err)) == TRUNDLE_OK) {
        end_ns = m.log_ns;
        if (m.channel == TRUNDLE_TRUTH)
            read_truth(&m, busy, &t->events);
        else if (keep(t, &m, &room) != TRUNDLE_OK)
            break;
    }
    if (status == TRUNDLE_OK)
        status = error_set(err, TRUNDLE_NO_MEMORY, t->path, NULL, "no memory");
    else if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
    find_quiet(t, busy, end_ns);
out:
    trip_free(r);
    free(busy);
    return status;
}

enum trundle_status bench_trips(struct bench *b, struct trundle_error *err)
{
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct sim_suite *suite = NULL;
    enum trundle_status status = TRUNDLE_OK;

    if (b->trips_n)
        TRY(sim_suite_load("smoke", &suite, err));
    for (int i = 0; i < b->trips_n && status == TRUNDLE_OK; i++) {
        int64_t seed = b->seed + (int64_t)i * SIM_TRIPS_PER_STORE;

        (void)snprintf(b->trip[i].path, sizeof b->trip[i].path, "%s/%lld.mcap", b->dir, (long long)seed);
        if (access(b->trip[i].path, R_OK) != 0) {
            fprintf(stderr, "bench: simulating trip %lld\n", (long long)seed);
            status = sim_trips_make(suite, seed, 1, b->dir, &options, err);
        }
        if (status == TRUNDLE_OK)
            status = load(&b->trip[i], err);
    }
    sim_suite_free(suite);
    return status;
}

void bench_trip_done(struct bench_trip *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->owned[i]);
    free(t->owned);
    free(t->message);
    trip_world_done(&t->world);
}

bool bench_loop_start(const struct bench_trip *trip, struct bench_span span, struct bench_loop *out)
{
    *out = (struct bench_loop){ .trip = trip, .span = span };
    while (out->first < trip->n && trip->message[out->first].log_ns < span.t0_ns)
        out->first++;
    while (out->first + out->n < trip->n && trip->message[out->first + out->n].log_ns <= span.t1_ns)
        out->n++;
    return span.t1_ns - span.t0_ns >= NS_PER_S && out->n > 100;
}

struct trundle_message bench_loop_next(struct bench_loop *l)
{
    size_t i = l->back ? l->n - 1 - l->at : l->at;
    struct trundle_message m = l->trip->message[l->first + i];
    int64_t late = m.log_ns - m.sensed_ns;

    m.log_ns = l->base_ns + (l->back ? l->span.t1_ns - m.log_ns : m.log_ns - l->span.t0_ns);
    m.sensed_ns = m.log_ns - late;
    if (++l->at == l->n) {
        l->at = 0;
        l->base_ns += l->span.t1_ns - l->span.t0_ns;
        l->back = !l->back;
    }
    return m;
}
