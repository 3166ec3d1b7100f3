/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Heap calls, counted where they are made: this file's malloc and its kin stand before those of the C library for the whole
 * process. A call whose return address lies in this program's text is ours (the floors are linked statically); every other
 * one is a library's. glibc only: its own entry points do the work.
 */
#include "bench/bench.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SITES = 64 };

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);
extern char __executable_start[] __attribute__((visibility("hidden")));
extern char etext[] __attribute__((visibility("hidden")));

static atomic_int counting;
static atomic_ullong ours, libraries;
static struct { const char *at; unsigned long long calls; } site[SITES];   /* one thread counts at a time */
static size_t sites_n;

static void count(const void *caller)
{
    const char *at = caller;
    size_t i;

    if (!atomic_load_explicit(&counting, memory_order_relaxed))
        return;
    if (at < __executable_start || at >= etext) {
        (void)atomic_fetch_add(&libraries, 1);
        return;
    }
    (void)atomic_fetch_add(&ours, 1);
    for (i = 0; i < sites_n && site[i].at != at; i++)
        ;
    if (i == sites_n && sites_n < SITES) {
        site[sites_n].calls = 0;
        site[sites_n++].at = at;
    }
    if (i < SITES)
        site[i].calls++;
}

#define SHOWN __attribute__((visibility("default")))
SHOWN void *malloc(size_t n)
{
    count(__builtin_return_address(0));
    return __libc_malloc(n);
}

SHOWN void *calloc(size_t n, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_calloc(n, size);
}

SHOWN void *realloc(void *p, size_t n)
{
    count(__builtin_return_address(0));
    return __libc_realloc(p, n);
}

SHOWN void *aligned_alloc(size_t align, size_t n)
{
    count(__builtin_return_address(0));
    return __libc_memalign(align, n);
}

SHOWN int posix_memalign(void **out, size_t align, size_t n)
{
    void *p;

    count(__builtin_return_address(0));
    p = __libc_memalign(align, n);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

void bench_heap_start(void)
{
    atomic_store(&ours, 0);
    atomic_store(&libraries, 0);
    sites_n = 0;
    atomic_store(&counting, 1);
}

struct bench_heap_calls bench_heap_stop(void)
{
    atomic_store(&counting, 0);
    return (struct bench_heap_calls){ atomic_load(&ours), atomic_load(&libraries) };
}

void bench_heap_sites(void)
{
    for (size_t i = 0; i < sites_n; i++)
        fprintf(stderr, "bench: heap call of ours: %llu at 0x%llx (addr2line -fe PROGRAM)\n", site[i].calls,
                (unsigned long long)(site[i].at - __executable_start));
}
