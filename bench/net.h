/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bench/net - what ./dev bench net is made of: one driver, and a worker process for each contestant with each net, ours and the
 * peers' alike (bench/peers/peer.py says what goes over the pipes). Workers run in turns, a few runs each, all on one core.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- net_worker.c: ours. `trundle-bench-net worker MODEL ...` ---- */
int bench_net_worker(int argc, char **argv);
int bench_net_count(int argc, char **argv);      /* `count MODEL`: operations of a run, a multiply-accumulate counts two */

/* ---- net_make.c: the four nets as files. `trundle-bench-net make DIR` ---- */
int bench_net_make(int argc, char **argv);

/* ---- net_pipe.c: a contestant from the driver's side ---- */
struct contestant {
    char   name[48];               /* "onnxruntime", "trundle dnnl" */
    bool   by_cpu;                 /* what is measured is the processor's time, not the clock's */
    pid_t  pid;                    /* 0: not running */
    int    to, from;
    char   version[96], note[256]; /* note: why it is absent */
    char   output[1024];           /* the file of its first run's outputs */
    double load_ms, resident_kib, before_kib;
    double *ms;                    /* of each run, in order; owned */
    int    runs, room, per_turn;
    int   *turn;                   /* which turn each run was in; owned */
};
/* Starts argv[] with these variables set ("A=b", NULL-ended) and pinned to `core` (-1: not), and waits for its first line. False: note says why. */
bool contestant_start(struct contestant *c, char *const *argv, const char *const *variables, int core);
bool contestant_run(struct contestant *c, int n, int turn);
void contestant_stop(struct contestant *c);      /* keeps what was measured */
void contestant_done(struct contestant *c);

/* ---- net_stats.c ---- */
double stats_median(const double *v, int n);     /* no memory: -1 */
double stats_quantile(const double *v, int n, double q);
/* The ratio of medians of two contestants' runs, a / b, and its 95 % percentile interval by bootstrap over turns. */
struct ratio { double value, lo, hi; };
struct ratio stats_ratio(const struct contestant *a, const struct contestant *b);
