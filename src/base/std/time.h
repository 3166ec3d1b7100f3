/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/time - int64 nanoseconds. Rooms without I/O use only the conversions; the clocks are for the edges
 * (runtime, commands), and live in their own object file so that a test can hold that.
 */
#pragma once

#include <stdint.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define S_NS(s)   ((int64_t)((double)(s) * 1e9))
#define MS_NS(ms) ((int64_t)(ms) * NS_PER_MS)

static inline double ns_s(int64_t ns)
{
    return (double)ns * 1e-9;
}

/* Edges only. Monotonic, wall (Unix), CPU time of this process and of this thread. */
int64_t clock_mono_ns(void);
int64_t clock_wall_ns(void);
int64_t clock_cpu_ns(void);
int64_t clock_thread_cpu_ns(void);
void    clock_sleep_until_ns(int64_t mono_ns);
