/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trundle-bench - JSON lines of what the cart costs; docs/benchmarks.md says what each figure is. Started by bench/run.
 */
#include "bench/bench.h"

#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void replay_speed(struct bench *b) { bench_cost(b, "replay_speed"); }
static void trip_cost(struct bench *b) { bench_cost(b, "trip_cost"); }

static const struct {
    const char *name;
    void (*run)(struct bench *b);
    bool needs_trips;
} cases[] = {
    { "replay_speed", replay_speed, true }, { "trip_cost", trip_cost, true },   { "idle_cost", bench_idle, true },
    { "frame_latency", bench_frames, true }, { "mask_encode", bench_mask, true }, { "heap_calls", bench_heap, true },
    { "journal", bench_journal, false },     { "scan", bench_scan, false },       { "line_latency", bench_line, true },     { "line_kept", bench_line_kept, true },
    { "scoring_share", bench_judge, true },
};

static bool wanted(int argc, char **argv, int first, const char *name)
{
    if (first == argc)
        return true;
    for (int i = first; i < argc; i++)
        if (!strcmp(argv[i], name))
            return true;
    return false;
}

static bool known(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (!strcmp(cases[i].name, name))
            return true;
    return false;
}

static bool operands_are_known(int argc, char **argv, int first)
{
    for (int i = first; i < argc; i++) {
        if (known(argv[i]))
            continue;
        fprintf(stderr, "bench: no benchmark '%s'; there are:", argv[i]);
        for (size_t k = 0; k < COUNT_OF(cases); k++)
            fprintf(stderr, " %s", cases[k].name);
        fputc('\n', stderr);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    long long trips = 12, seed = 1200000;
    const char *dir = "build/bench";
    struct bench *b = calloc(1, sizeof *b);
    struct trundle_error err;
    bool need = false;
    int first, code, n;

    if (!b)
        return EXIT_ENVIRONMENT;
    b->commit = b->model = "";
    b->board = "Raspberry Pi 5";
    b->watts = 1.1;
    const struct option_row rows[] = {
        { "quick", NULL, OPTION_FLAG, &b->quick, "fewer trips and repetitions" },
        { "trips", "N", OPTION_LONG, &trips, "simulated trips, each of its own store (12; quick 3)" },
        { "seed", "S", OPTION_LONG, &seed, "of the first; the others follow 5 apart" },
        { "dir", "DIR", OPTION_TEXT, &dir, "where trips are kept between runs (build/bench)" },
        { "board", "NAME", OPTION_TEXT, &b->board, "whose energy is modelled" },
        { "watts", "W", OPTION_NUMBER, &b->watts, "of one busy core of that board" },
        { "commit", "TEXT", OPTION_TEXT, &b->commit, "what the lines say" },
        { "model", "TEXT", OPTION_TEXT, &b->model, "what the lines say" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    if (!option_parse(argc, argv, "bench [OPTION...] [NAME...]", "JSON lines of what the cart costs. docs/benchmarks.md explains each.", rows, &first, &code)) {
        free(b);
        return code;
    }
    if (b->quick && trips == 12)
        trips = 3;
    n = snprintf(b->dir, sizeof b->dir, "%s", dir);
    if (!operands_are_known(argc, argv, first) || trips < 1 || trips > BENCH_TRIPS_MAX || n < 0 || (size_t)n >= sizeof b->dir || !(b->watts > 0)) {
        fprintf(stderr, "bench: takes 1 to %d trips, a folder of a short name, watts above 0\n", BENCH_TRIPS_MAX);
        free(b);
        return EXIT_USAGE;
    }
    b->trips_n = (int)trips;
    b->seed = seed;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        need = need || (cases[i].needs_trips && wanted(argc, argv, first, cases[i].name));
    if (!need)
        b->trips_n = 0;
    if (folder_make(b->dir, &err) != TRUNDLE_OK || bench_trips(b, &err) != TRUNDLE_OK) {
        code = option_fail("bench", &err);
    } else {
        for (size_t i = 0; i < COUNT_OF(cases); i++)
            if (wanted(argc, argv, first, cases[i].name))
                cases[i].run(b);
        code = b->failed ? EXIT_INPUT : EXIT_OK;
    }
    for (int i = 0; i < b->trips_n; i++)
        bench_trip_done(&b->trip[i]);
    free(b);
    return code;
}
