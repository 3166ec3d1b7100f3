/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * client - a hub on a free port with a user of every role and a cart, and a raw HTTPS client for it: what it sends is exactly what is written.
 *
 *     struct hub h = hub_open();
 *     const struct answer *a = hub_get(&h, AS_AUDITOR, "/api/v1/users");
 *     hub_close(&h);
 *
 * One answer at a time, in static storage. Waits at most 10 s.
 */
#pragma once

#include "hub/server/server.h"
#include "tests/support/support.h"

enum hub_as { AS_NOBODY, AS_LABELLER, AS_ENGINEER, AS_OPERATOR, AS_AUDITOR, AS_ADMIN, AS_CART, AS_COUNT };

struct answer {
    int status;                            /* 0: closed without an answer */
    size_t n, body_n;
    char text[1 << 18];                    /* headers and body, NUL-terminated, cut */
    const char *body;
};

struct cart { char name[41]; uint8_t public_key[32], secret[64]; };

struct hub {
    struct server *server;
    int port;
    char dir[600];
    char token[AS_COUNT][80];              /* of people */
    char cookie[128];                      /* of the administrator */
    struct cart cart;
    int64_t skew_s;                        /* of what carts say the time is */
};

extern int64_t hub_clock_offset_ns;        /* of the hub's clock */
extern int64_t hub_cart_day_bytes;         /* of the configuration of hubs that are opened from now on */
int64_t hub_clock(void);

struct hub hub_open(void);
/* Stops the hub and starts one on the same folder. */
void hub_again(struct hub *h);
void hub_close(struct hub *h);

struct tls;
struct tls *tls_open(int port);
void tls_send(struct tls *t, const void *data, size_t n);
const struct answer *tls_read(struct tls *t);
void tls_close(struct tls *t);

/* One exchange on a connection of its own. `headers` is lines with their CRLF; a length is added when there is a body or it is a POST or PUT. */
const struct answer *hub_send(const struct hub *h, const char *method, const char *target, const char *headers, const void *body, size_t n);
const struct answer *hub_get(const struct hub *h, enum hub_as as, const char *target);
/* JSON as a person; as a cart: signed, of whatever type the target takes. */
const struct answer *hub_ask(const struct hub *h, enum hub_as as, const char *method, const char *target, const char *body);

/* Headers of a signed request. */
const char *cart_headers(const struct hub *h, const struct cart *cart, const char *method, const char *target, const void *body, size_t n, char out[600]);
const struct answer *cart_ask(const struct hub *h, const struct cart *cart, const char *method, const char *target, const void *body, size_t n);
struct cart cart_make(const char *name);
/* With a code of the administrator's; asserts. */
void cart_join(const struct hub *h, struct cart *cart, const char *store);
/* Text of a field of the answer's JSON object; static storage, asserts that it is there. */
const char *answer_text(const struct answer *a, const char *key);
long long answer_integer(const struct answer *a, const char *key);
