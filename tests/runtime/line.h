/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * line - the one uplink that a store's carts share, on loopback: what they send leaves at a rate, all of them together, a packet of each in turn.
 *
 *     struct line *line = line_start(10000000);
 *     line_cart(line, 0, "cart-0", fake_hub_url(hub));     // requests of this cart go to this hub
 *     ... carts talk to line_url(line) ...
 *     line_stop(line);
 *
 * Simulated: a token bucket (LINE_DEPTH_MS deep, so that a busy machine does not slow the line) takes 1.05 times the bytes of requests, for TCP, IP and TLS; carts that have something
 * under way take turns by 1460 bytes. A request goes on to the hub when it is whole. Answers and connections cost nothing, and there is no delay but the rate's.
 *
 * Bodies of /ingest that hold "put_ns":N say when a record was put (monotonic clock); how long it took until the hub's 2xx is kept. One thread of its own; the functions lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LINE_CARTS = 64, LINE_DEPTH_MS = 50, LINE_WAITS = 100000 };

struct line;

struct line *line_start(int64_t rate_bps);                 /* 0: no limit */
void line_stop(struct line *l);
const char *line_url(const struct line *l);
void line_cart(struct line *l, int cart, const char *name, const char *hub_url);
void line_rate(struct line *l, int64_t rate_bps);
/* Bytes of requests of a cart that have left, as they count on the line. */
int64_t line_bytes(struct line *l, int cart);
/* Milliseconds of each record so far, in the order they arrived; returns how many. */
size_t line_waits(struct line *l, double *out, size_t room);
