/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * server - the hub's door: the API of docs/hub.md over TLS, sign-in and roles, carts that join and send, the console's files.
 *
 *     struct server_config config = { .dir = "hub", .address = "0.0.0.0:8443" };
 *     TRY(server_start(&config, &server, err));         // makes the folder, its keys and certificate on the first start
 *     puts(server_url(server)), puts(server_link(server));
 *     server_stop(server);
 *
 * It remembers nothing itself: users, keys and carts are its tables in the depot's database (server_*), everything else belongs to
 * the rooms depot, ship and watch. What may be asked, by whom and with which fields stands once, in the tables of route.h; the
 * dispatcher, the OpenAPI document and the tests are all made of them.
 *
 * Order of a request: head (who is it, may he: admit.c) - body - signature of a cart - entry in the access log when it changes
 * something - handler. What is refused is refused before anything happened.
 * Threads: handlers run on `threads` threads at once; the depot orders what is written.
 */
#pragma once

#include "base/http/http.h"

struct server;
struct depot;

/* Zero means the default. Borrowed until server_stop. */
struct server_config {
    const char *dir;                       /* the hub's folder; made when absent */
    const char *address;                   /* default "127.0.0.1:8443" */
    const char *const *hosts;              /* further names under which clients may call; also in the certificate that is made first */
    size_t hosts_n;
    int64_t cart_max_bytes, keep_days_max; /* of depot_options */
    int64_t cart_day_bytes;                /* of records that one cart may bring in a day, from 1 MiB (one body) on; default 256 MiB */
    int threads;                           /* default 32: one that waits for the disk holds up the connections of its thread */
    const struct http_file *files;         /* pages; default those of web/hub */
    size_t files_n;
    int64_t (*now_ns)(void);               /* Unix; default the wall clock. For tests */
    bool fast_passwords;                   /* cheapest argon2id, for tests: a password costs 70 ms and 64 MiB else */
};

TRUNDLE_MUST_USE enum trundle_status server_start(const struct server_config *config, struct server **out, struct trundle_error *err);
void server_stop(struct server *s);        /* NULL is fine */
const char *server_url(const struct server *s);
/* What clients pin (http_certificate_pin). */
const char *server_pin(const struct server *s);
/* The address with a one-time link for an administrator; "" when one with a password is there. */
const char *server_link(const struct server *s);
struct depot *server_depot(struct server *s);

/* ---- what the command does beside a running hub, or without one ---- */

enum { SERVER_LINK = 200 };

struct server_invitation { char code[40], pin[HTTP_PIN]; int64_t expires_ns; };

/* A one-time code for a cart, and what it pins ("" before the first start). `cart` "" lets it choose its name. BAD_INPUT: a name, days. */
TRUNDLE_MUST_USE enum trundle_status server_invite(struct depot *d, const char *store, const char *cart, const char *who, int days, int64_t now_ns,
                                                   struct server_invitation *out, struct trundle_error *err);
/* Makes a user, or changes roles of one; and a one-time link, as the path and fragment that follows the address. Roles as text: "engineer,operator". */
TRUNDLE_MUST_USE enum trundle_status server_user_put(struct depot *d, const char *name, const char *roles, const char *who, int64_t now_ns,
                                                     char out_link[SERVER_LINK], struct trundle_error *err);
/* A user can sign in no longer; sessions and tokens end. NOT_FOUND. CONFLICT: the last administrator. */
TRUNDLE_MUST_USE enum trundle_status server_user_off(struct depot *d, const char *name, const char *who, int64_t now_ns, struct trundle_error *err);
/* [{"name","roles":[],"off","made_ns","password"}] */
TRUNDLE_MUST_USE enum trundle_status server_users(struct depot *d, struct bytes *out_json, struct trundle_error *err);
/* Brings this room's tables to their newest form; server_start does it too. */
TRUNDLE_MUST_USE enum trundle_status server_tables(struct depot *d, struct trundle_error *err);
