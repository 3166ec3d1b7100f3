/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A raw HTTP client for tests: what it sends is exactly what is written, so that bad requests can be. Waits at most 5 s. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct reply {
    int status;                            /* 0: closed without a reply */
    size_t n;
    char text[1 << 17];                    /* headers and body, NUL-terminated, cut */
    const char *body;                      /* in text; "" when there is none */
};

/* Port of "http://127.0.0.1:8480". */
int client_port(const char *url);
/* A connected socket. */
int client_connect(int port);
void client_send(int fd, const void *data, size_t n);
/* Reads until `until` is in what came since the call (NULL: until the end). False: time is up or the end came first. */
bool client_read(int fd, struct reply *reply, const char *until);
/* One exchange: sends `request` (printf), reads to the end. Static storage; add "Connection: close" yourself. */
const struct reply *client_ask(int port, const char *request, ...) __attribute__((format(printf, 2, 3)));
const struct reply *client_get(int port, const char *path);
const struct reply *client_post(int port, const char *path, const char *json);
