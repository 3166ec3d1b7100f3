/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/pool - one job on several threads at once, again and again. One thread means no threads.
 *
 *     struct net_pool *pool = net_pool_new(2);              // NULL: no memory, or no thread to be had
 *     net_pool_run(pool, parts, work, argument);            // work(argument, part, parts), part = 0 on the caller
 *     net_pool_free(pool);
 *
 * Waiting threads spin for some microseconds and then sleep: a pool that spins on is many times slower beside a busy neighbour.
 * Threads: one caller at a time.
 */
#pragma once

struct net_pool;
struct net_pool *net_pool_new(int threads);                  /* 1..64, the caller counted */
void net_pool_free(struct net_pool *pool);                   /* takes NULL */
int  net_pool_threads(const struct net_pool *pool);          /* 1 for NULL */
/* parts <= threads; returns when all parts are done. pool NULL: parts must be 1. */
void net_pool_run(struct net_pool *pool, int parts, void (*work)(void *argument, int part, int parts), void *argument);
