/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The raw client of client.h. */
#include "tests/http/client.h"
#include "tests/support/support.h"
#include "base/std/time.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int client_port(const char *url)
{
    return atoi(strrchr(url, ':') + 1);
}

int client_connect(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

void client_send(int fd, const void *data, size_t n)
{
    const char *at = data;

    while (n) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return;                        /* the server closed: its reply says why */
        at += sent;
        n -= (size_t)sent;
    }
}

bool client_read(int fd, struct reply *reply, const char *until)
{
    int64_t end_ns = clock_mono_ns() + 5 * NS_PER_S;
    bool found = false;

    reply->n = 0;
    reply->text[0] = '\0';
    while (!found && reply->n < sizeof reply->text - 1) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int64_t left_ns = end_ns - clock_mono_ns();
        ssize_t got;

        if (left_ns <= 0 || poll(&p, 1, (int)(left_ns / NS_PER_MS) + 1) <= 0)
            break;
        got = recv(fd, reply->text + reply->n, sizeof reply->text - 1 - reply->n, 0);
        if (got <= 0) {
            found = !until;
            break;
        }
        reply->n += (size_t)got;
        reply->text[reply->n] = '\0';
        found = until && strstr(reply->text, until);
    }
    reply->status = strncmp(reply->text, "HTTP/1.1 ", 9) == 0 ? atoi(reply->text + 9) : 0;
    reply->body = strstr(reply->text, "\r\n\r\n");
    reply->body = reply->body ? reply->body + 4 : "";
    return found;
}

const struct reply *client_ask(int port, const char *request, ...)
{
    static struct reply reply;
    static char text[1 << 17];
    int fd = client_connect(port), n;
    va_list arguments;

    va_start(arguments, request);
    n = vsnprintf(text, sizeof text, request, arguments);
    va_end(arguments);
    assert_true(n > 0 && (size_t)n < sizeof text);
    client_send(fd, text, (size_t)n);
    (void)client_read(fd, &reply, NULL);
    (void)close(fd);
    return &reply;
}

const struct reply *client_get(int port, const char *path)
{
    return client_ask(port, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
}

const struct reply *client_post(int port, const char *path, const char *json)
{
    return client_ask(port, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                      path, strlen(json), json);
}
