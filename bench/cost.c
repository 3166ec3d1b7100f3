/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Replay speed, and what a trip costs: CPU, and joules by a model. */
#include "bench/bench.h"

#include "base/std/time.h"
#include "cart/runtime/replay.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void forget(const char *path)
{
    char journal[600];

    (void)snprintf(journal, sizeof journal, "%.580s.journal", path);
    (void)unlink(path);
    (void)unlink(journal);
}

static void speed(struct bench *b)
{
    double trip_s[BENCH_TRIPS_MAX], cpu_s[BENCH_TRIPS_MAX], wall_s[BENCH_TRIPS_MAX];
    struct replay_config config = REPLAY_CONFIG_DEFAULT;
    struct bench_figure f = { .name = "replay_speed", .unit = "s of trip per CPU s", .simulated = true, .n = (size_t)b->trips_n, .sample = trip_s, .per = cpu_s,
                              .note = "whole replays, opening of trip, catalog and cached gallery included; one thread" };

    for (int i = 0; i < b->trips_n; i++) {
        int64_t cpu = clock_cpu_ns(), wall = clock_mono_ns();
        struct replay_summary s;
        struct trundle_error err;

        if (replay_trip(b->trip[i].path, &config, &s, &err) != TRUNDLE_OK) {
            bench_fail(b, f.name, &err);
            return;
        }
        cpu_s[i] = ns_s(clock_cpu_ns() - cpu);
        wall_s[i] = ns_s(clock_mono_ns() - wall);
        trip_s[i] = s.trip_s;
        replay_summary_done(&s);
    }
    bench_print(b, &f);
    f.name = "replay_speed_wall";
    f.unit = "s of trip per s";
    f.per = wall_s;
    bench_print(b, &f);
}

/* A minute of a rolling cart in which nothing happens, recorded as a live one would be. */
static bool idle_minute(struct bench *b, const struct bench_trip *t, double *out_cpu_s, double *out_minutes, uint64_t *out_evidence)
{
    char path[560];
    struct session_config config = { .head = t->head, .threads = 1, .record = path };
    struct session *s = NULL;
    struct bench_loop loop;
    struct trundle_error err;
    struct trundle_message m;
    enum trundle_status status;
    int64_t cpu = 0, start_ns = S_NS(5), end_ns = start_ns + S_NS(b->quick ? 20 : 60);

    if (!bench_loop_start(t, t->rolling, &loop))
        return false;
    (void)snprintf(path, sizeof path, "%s/idle.mcap", b->dir);
    forget(path);
    trip_world_setup(&t->world, &config.setup);
    TRY_GOTO(status, session_open(&config, &s, &err), out);
    while ((m = bench_loop_next(&loop)).log_ns < end_ns) {
        if (m.channel == TRUNDLE_CODE || m.channel == TRUNDLE_TOUCH)
            continue;
        if (!cpu && m.log_ns >= start_ns)
            cpu = clock_cpu_ns();
        TRY_GOTO(status, session_push(s, &m, &err), out);
    }
    TRY_GOTO(status, session_settle(s, &err), out);
    *out_cpu_s = ns_s(clock_cpu_ns() - cpu);
    *out_minutes = ns_s(end_ns - start_ns) / 60;
    *out_evidence = session_counts(s).evidence;
out:
    if (status != TRUNDLE_OK)
        bench_fail(b, "trip_cost_idle_rolling", &err);
    session_abandon(s);
    forget(path);
    return status == TRUNDLE_OK;
}

static void cost(struct bench *b)
{
    double cpu_s[BENCH_TRIPS_MAX], events[BENCH_TRIPS_MAX], idle_s[BENCH_TRIPS_MAX], minutes[BENCH_TRIPS_MAX], joules[BENCH_TRIPS_MAX], extra[BENCH_TRIPS_MAX];
    double idle_sum = 0, minutes_sum = 0, trip_s[BENCH_TRIPS_MAX];
    size_t n = 0, idles = 0;
    uint64_t evidence = 0;
    char path[560], note[256];

    (void)snprintf(path, sizeof path, "%s/cost.mcap", b->dir);
    for (int i = 0; i < b->trips_n; i++) {
        struct replay_config config = REPLAY_CONFIG_DEFAULT;
        struct replay_summary s;
        struct trundle_error err;
        uint64_t more = 0;

        if (idle_minute(b, &b->trip[i], &idle_s[idles], &minutes[idles], &more)) {
            idle_sum += idle_s[idles];
            minutes_sum += minutes[idles++];
            evidence += more;
        }
        if (!b->trip[i].events)
            continue;
        forget(path);
        config.record = path;
        if (replay_trip(b->trip[i].path, &config, &s, &err) != TRUNDLE_OK) {
            bench_fail(b, "trip_cost", &err);
            return;
        }
        cpu_s[n] = s.cpu_s;
        trip_s[n] = s.trip_s;
        joules[n] = s.cpu_s * b->watts;
        events[n++] = b->trip[i].events;
        replay_summary_done(&s);
        forget(path);
    }
    bench_print(b, &(struct bench_figure){ .name = "trip_cost_event", .unit = "CPU s per event", .simulated = true, .n = n, .sample = cpu_s, .per = events,
                                           .note = "CPU of whole trips, recording included, per true put or take; 2 cameras at 15 fps" });
    (void)snprintf(note, sizeof note, "CPU per minute without an event, cart rolling, recording included; %llu pieces of evidence came of it",
                   (unsigned long long)evidence);
    bench_print(b, &(struct bench_figure){ .name = "trip_cost_idle_rolling", .unit = "CPU s per minute", .simulated = true, .n = idles, .sample = idle_s,
                                           .per = minutes, .note = note });
    for (size_t i = 0; idles && i < n; i++)
        extra[i] = cpu_s[i] - trip_s[i] / 60 * idle_sum / minutes_sum;
    if (idles)
        bench_print(b, &(struct bench_figure){ .name = "trip_cost_event_extra", .unit = "CPU s per event", .simulated = true, .n = n, .sample = extra, .per = events,
                                               .note = "what is left of trip_cost_event when the trip's length at the idle rate is taken off" });
    (void)snprintf(note, sizeof note, "CPU seconds of this machine x %.2f W per core of %s; no board was measured", b->watts, b->board);
    bench_print(b, &(struct bench_figure){ .name = "energy_trip", .unit = "J per trip", .kind = "modelled", .simulated = true, .n = n, .sample = joules, .note = note });
}

void bench_cost(struct bench *b, const char *only)
{
    if (!strcmp(only, "replay_speed"))
        speed(b);
    else
        cost(b);
}
