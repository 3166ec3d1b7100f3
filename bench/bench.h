/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bench - what the benchmarks share: settings, trips in memory, and a line of JSON per figure.
 *
 * A figure is either the median of its samples, or (with `per`) a ratio of sums: sum(sample) / sum(per). Its 95 % interval is a
 * percentile bootstrap over clusters (trips, each of its own store); it is left out under BENCH_CLUSTERS_LEAST clusters.
 */
#pragma once

#include "base/trip/trip.h"
#include "cart/runtime/trip_world.h"
#include "lab/sim/sim.h"

enum { BENCH_TRIPS_MAX = 200, BENCH_CAMERAS = 2, BENCH_P99_LEAST = 662, BENCH_CLUSTERS_LEAST = 6 };

/* A trip in memory: what frames and truth point at is owned. */
struct bench_trip {
    char path[TRIP_WORLD_PATH];
    struct trip_head head;
    struct trip_world world;
    struct trundle_message *message;       /* inputs, truth left out */
    uint8_t **owned;                       /* owned[i]: the JPEG of message[i], or NULL */
    size_t n;
    int events;                            /* true puts and takes */
    struct bench_span { int64_t t0_ns, t1_ns; } standing, rolling;   /* longest stretches in which nothing happens; t1 <= t0: none */
};

struct bench {
    const char *commit, *model, *board;    /* what the lines say */
    double watts;                          /* of one busy core of `board`, over idle */
    bool quick;
    char dir[512];                         /* scratch folder, on the disk of the build */
    int64_t seed;
    int trips_n;
    struct bench_trip trip[BENCH_TRIPS_MAX];
    bool failed;
};

/* Simulates (when they are not there) and loads the trips. */
TRUNDLE_MUST_USE enum trundle_status bench_trips(struct bench *b, struct trundle_error *err);
void bench_trip_done(struct bench_trip *t);

/* Message i of a stretch that is walked to and fro without end, on one clock that starts at 0. False: no stretch. */
struct bench_loop { const struct bench_trip *trip; struct bench_span span; size_t first, n, at; int64_t base_ns; bool back; };
bool bench_loop_start(const struct bench_trip *trip, struct bench_span span, struct bench_loop *out);
struct trundle_message bench_loop_next(struct bench_loop *l);

struct bench_figure {
    const char *name, *unit, *note;        /* note may be NULL */
    const char *kind;                      /* "measured" or "modelled" */
    bool simulated;                        /* its input is */
    size_t n;
    double *sample;
    const double *per;                     /* NULL: median of samples; else sum(sample) / sum(per) */
    const int *cluster;                    /* ascending; NULL: every sample is one */
};
void bench_print(const struct bench *b, const struct bench_figure *f);
/* Says what failed; the program's exit code becomes 3. */
void bench_fail(struct bench *b, const char *name, const struct trundle_error *err);

/* The benchmarks, each in its file. */
void bench_cost(struct bench *b, const char *only);      /* replay_speed, trip_cost, energy */
void bench_idle(struct bench *b);                        /* idle_cost */
void bench_frames(struct bench *b);                      /* frame_latency */
void bench_mask(struct bench *b);                        /* mask_encode */
void bench_line(struct bench *b);                        /* line_latency */
void bench_line_kept(struct bench *b);                   /* line_without_capture, line_with_capture */
void bench_heap(struct bench *b);                        /* heap_calls */
void bench_journal(struct bench *b);                     /* journal */
void bench_scan(struct bench *b);                        /* scan */
void bench_judge(struct bench *b);                       /* scoring_share */

/* heap_count.c: every call of malloc and its kin while counting is on. */
struct bench_heap_calls { uint64_t ours, libraries; };
void bench_heap_start(void);
struct bench_heap_calls bench_heap_stop(void);
/* The addresses in this program that called, and how often, on stderr. */
void bench_heap_sites(void);
