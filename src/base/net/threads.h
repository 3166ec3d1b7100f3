/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/threads - one job on several threads at once, again and again. One thread means no threads.
 *
 *     struct net_threads *pool = net_threads_new(2);              // NULL: no memory, or no thread to be had
 *     net_threads_run(pool, parts, work, argument);            // work(argument, part, parts), part = 0 on the caller
 *     net_threads_free(pool);
 *
 * Waiting threads spin for some microseconds and then sleep: a pool that spins on is many times slower beside a busy neighbour.
 * Threads: one caller at a time.
 */
#pragma once

struct net_threads;
struct net_threads *net_threads_new(int threads);                  /* 1..64, the caller counted */
void net_threads_free(struct net_threads *pool);                   /* takes NULL */
int  net_threads_count(const struct net_threads *pool);          /* 1 for NULL */
/* parts <= threads; returns when all parts are done. pool NULL: parts must be 1. */
void net_threads_run(struct net_threads *pool, int parts, void (*work)(void *argument, int part, int parts), void *argument);
