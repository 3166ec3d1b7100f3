/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * hub_process - a real `trundle hub` on a scratch folder, to be talked to, killed and started again on the same port.
 *
 *     struct hub_process hub = { .dir = folder };
 *     hub_process_start(&hub);
 *     hub_process_sign_in(&hub);                            // an API token of the administrator, once
 *     json_t *trips = hub_process_get(&hub, "/api/v1/trips");
 *     hub_process_end(&hub, SIGKILL);
 *
 * Everything asserts.
 */
#pragma once

#include "base/std/bytes.h"
#include "tests/support/support.h"

#include <jansson.h>
#include <sys/types.h>

struct hub_process {
    char  dir[1024];                       /* the caller's */
    pid_t pid;                             /* 0: it does not run */
    int   port;                            /* 0: any that is free, at the first start */
    char  url[128], pin[96], link[256], token[128];
};

void hub_process_start(struct hub_process *h);
/* Waits for its end; the exit code, -1 when a signal ended it. */
int hub_process_end(struct hub_process *h, int signal);
void hub_process_sign_in(struct hub_process *h);
/* A one-time code for a cart of that store. */
void hub_process_invite(const struct hub_process *h, const char *store, char out[64]);
/* With the token; `body` NULL: none. *out_status is the answer's; the answer as JSON (json_decref), NULL when it is none. */
json_t *hub_process_ask(const struct hub_process *h, const char *method, const char *path, const char *body, long *out_status);
/* Assert 200. */
void hub_process_bytes(const struct hub_process *h, const char *path, struct bytes *out);
json_t *hub_process_get(const struct hub_process *h, const char *path);
