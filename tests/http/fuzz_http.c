/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Raw bytes at a running server: whatever comes, it answers or closes, and goes on. */
#include "base/http/http.h"
#include "base/std/status.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum trundle_status echo(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)err;
    (void)http_query(request, "q");
    return bytes_append(&reply->body, request->body, request->body_n);
}

static const struct http_route routes[] = { { "POST", "/echo", echo, NULL }, { "GET", "/below/", echo, NULL } };
static struct http_server *server;

static void stop(void)
{
    http_stop(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct pollfd p = { .events = POLLIN };
    char host[256], reply[4096];
    size_t host_n = n < sizeof host - 1 ? n : sizeof host - 1;

    if (!server) {
        struct http_config config = { .address = "127.0.0.1:0", .routes = routes, .routes_n = COUNT_OF(routes), .body_max = 1024, .request_s = 1 };

        if (http_start(&config, &server, NULL) != TRUNDLE_OK)
            abort();
        (void)atexit(stop);
    }
    a.sin_port = htons((uint16_t)atoi(strrchr(http_url(server), ':') + 1));
    p.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (p.fd < 0 || connect(p.fd, (struct sockaddr *)&a, sizeof a) != 0)
        abort();                           /* it stopped serving */
    (void)!send(p.fd, data, n, MSG_NOSIGNAL);
    (void)shutdown(p.fd, SHUT_WR);
    while (poll(&p, 1, 2) > 0 && recv(p.fd, reply, sizeof reply, 0) > 0)
        ;
    (void)close(p.fd);

    if (n)
        memcpy(host, data, host_n);
    host[host_n] = '\0';
    (void)http_host_allowed(host, NULL, 0);
    (void)http_origin_allowed(host, host);
    return 0;
}
