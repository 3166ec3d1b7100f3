/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* bench/hub - a hub in a process of its own, and carts that talk to it over TLS. */
#pragma once

#include "bench/bench.h"
#include "base/seal/seal.h"

#include <sys/types.h>

enum { HUB_CARTS_MAX = 2000, HUB_PATH = 600 };

struct hub_cart { char name[41]; uint8_t public_key[32], secret[64]; int64_t sequence; };

struct hub_rig {
    char dir[HUB_PATH];
    int port, stop_fd;
    pid_t pid;                             /* of the hub */
    uint8_t seal_key[SEAL_PUBLIC];
    struct hub_cart *cart;
    size_t carts;
};

/* A fresh folder with `carts` carts that have joined, and the hub on it. */
TRUNDLE_MUST_USE enum trundle_status hub_rig_open(struct hub_rig *r, const char *dir, size_t carts, struct trundle_error *err);
void hub_rig_close(struct hub_rig *r);
/* CPU seconds that the hub has used. */
double hub_cpu_s(const struct hub_rig *r);
/* A line of /proc/PID/status, bytes. */
double hub_memory(const struct hub_rig *r, const char *what);

/* n decisions as a cart says them, with the next sequence numbers. */
TRUNDLE_MUST_USE enum trundle_status hub_decisions(struct hub_cart *cart, size_t n, struct bytes *out);
/* A whole signed request. */
TRUNDLE_MUST_USE enum trundle_status hub_request(const struct hub_cart *cart, const char *method, const char *target, const void *body, size_t n, struct bytes *out);

/* One connection with TLS; blocking. */
struct hub_line;
TRUNDLE_MUST_USE enum trundle_status hub_line_open(int port, struct hub_line **out, struct trundle_error *err);
void hub_line_close(struct hub_line *l);
int hub_line_fd(const struct hub_line *l);
/* DEVICE: the connection is gone. */
TRUNDLE_MUST_USE enum trundle_status hub_line_send(struct hub_line *l, const void *data, size_t n, struct trundle_error *err);
/* What is there of the answer. AGAIN: not whole yet (only with wait false). OK: *out_status is its code. */
TRUNDLE_MUST_USE enum trundle_status hub_line_answer(struct hub_line *l, bool wait, int *out_status, struct trundle_error *err);

/* hub.c's cases of hub_load.c. */
TRUNDLE_MUST_USE enum trundle_status hub_ingest(struct bench *b, struct hub_rig *r, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status hub_clips(struct bench *b, struct hub_rig *r, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status hub_crowd(struct bench *b, struct hub_rig *r, double seconds, double period_s, struct trundle_error *err);
