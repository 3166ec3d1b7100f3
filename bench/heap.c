/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Heap calls on the frame path after start-up: every input of a trip through a session, counted call by call. */
#include "bench/bench.h"

#include "base/std/time.h"
#include "cart/runtime/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { START_S = 5 };    /* until then a session may still be making itself at home */

static bool count_trip(struct bench *b, const struct bench_trip *t, const char *record, double *ours, double *libraries, double *frames)
{
    struct session_config config = { .head = t->head, .threads = 1, .record = record };
    struct session *s = NULL;
    struct trundle_error err;
    enum trundle_status status;
    bool counting = false;

    trip_world_setup(&t->world, &config.setup);
    *frames = 0;
    TRY_GOTO(status, session_open(&config, &s, &err), out);
    for (size_t i = 0; i < t->n; i++) {
        if (!counting && t->message[i].log_ns >= S_NS(START_S)) {
            counting = true;
            bench_heap_start();
        }
        TRY_GOTO(status, session_push(s, &t->message[i], &err), out);
        *frames += counting && t->message[i].channel == TRUNDLE_CAM;
    }
out:
    if (counting) {
        struct bench_heap_calls calls = bench_heap_stop();

        *ours = (double)calls.ours;
        *libraries = (double)calls.libraries;
    }
    if (status != TRUNDLE_OK)
        bench_fail(b, "heap_calls", &err);
    session_abandon(s);
    return status == TRUNDLE_OK && counting;
}

static void unlink_trip(const char *path)
{
    char journal[600];

    (void)snprintf(journal, sizeof journal, "%.580s.journal", path);
    (void)unlink(path);
    (void)unlink(journal);
}

static void heap(struct bench *b, const char *record, const char *ours_name, const char *libraries_name, const char *note)
{
    double ours[BENCH_TRIPS_MAX], libraries[BENCH_TRIPS_MAX], frames[BENCH_TRIPS_MAX];
    size_t n = 0;
    struct bench_figure f = { .name = ours_name, .unit = "calls per trip", .simulated = true, .sample = ours, .note = note };

    for (int i = 0; i < b->trips_n; i++) {
        if (record)
            unlink_trip(record);
        n += count_trip(b, &b->trip[i], record, &ours[n], &libraries[n], &frames[n]);
        if (n && ours[n - 1] > 0)
            bench_heap_sites();
    }
    if (record)
        unlink_trip(record);
    f.n = n;
    bench_print(b, &f);
    f.name = libraries_name;
    f.unit = "calls per frame";
    f.sample = libraries;
    f.per = frames;
    bench_print(b, &f);
}

void bench_heap(struct bench *b)
{
    char path[560];
    void *proof;
    struct bench_heap_calls calls;

    bench_heap_start();                       /* a counter that cannot count is no counter */
    proof = malloc(1);
    calls = bench_heap_stop();
    if (!proof || calls.ours != 1) {
        bench_fail(b, "heap_calls", &(struct trundle_error){ .what = "the counter does not see this program's calls" });
        free(proof);
        return;
    }
    free(proof);
    (void)snprintf(path, sizeof path, "%s/heap.mcap", b->dir);
    heap(b, NULL, "heap_calls", "heap_calls_libraries", "senses, brain and session, after 5 s of trip; one thread, not recording");
    heap(b, path, "heap_calls_recording", "heap_calls_recording_libraries", "the same, with trip file and journal");
}
