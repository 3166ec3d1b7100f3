/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* "127.0.0.1:8480" to a listening socket, or to a sentence that says why not. */
#include "base/http/inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum trundle_status parse(const char *text, union address *out, socklen_t *out_n, struct trundle_error *err)
{
    const char *colon = strrchr(text, ':'), *digit;
    char host[64];
    size_t n = colon ? (size_t)(colon - text) : 0;
    long port = 0;

    if (!n || n >= sizeof host)
        goto bad;
    for (digit = colon + 1; *digit >= '0' && *digit <= '9' && port <= 65535; digit++)
        port = port * 10 + (*digit - '0');
    if (digit == colon + 1 || *digit || port > 65535)
        goto bad;
    memcpy(host, text, n);
    host[n] = '\0';
    memset(out, 0, sizeof *out);
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &out->v6.sin6_addr) != 1)
            goto bad;
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)port);
        *out_n = sizeof out->v6;
        return TRUNDLE_OK;
    }
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &out->v4.sin_addr) != 1)
        goto bad;
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    *out_n = sizeof out->v4;
    return TRUNDLE_OK;
bad:
    return error_set(err, TRUNDLE_BAD_ARG, text, "IP:PORT, [IPv6]:PORT or localhost:PORT, for example 127.0.0.1:8480", "is not an address to listen on");
}

static enum trundle_status refused(const char *address, int why, struct trundle_error *err)
{
    switch (why) {
    case EADDRINUSE:
        return error_set(err, TRUNDLE_DEVICE, address, "stop the program that has it, or choose another port (0: any free one)", "the port is in use");
    case EACCES:
        return error_set(err, TRUNDLE_DEVICE, address, "choose a port from 1024 on", "the system keeps this port for itself");
    case EADDRNOTAVAIL:
        return error_set(err, TRUNDLE_DEVICE, address, "127.0.0.1 for this machine alone, 0.0.0.0 for every network", "is not an address of this machine");
    default:
        return error_set(err, TRUNDLE_DEVICE, address, NULL, "can't listen: %s", strerror(why));
    }
}

/* What a browser on this machine would type: a wildcard listens on loopback too. */
static void url_of(const union address *a, bool tls, char out[HTTP_URL])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (a->any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host);
        (void)snprintf(out, HTTP_URL, "%s://[%s]:%d", tls ? "https" : "http", strcmp(host, "::") == 0 ? "::1" : host, ntohs(a->v6.sin6_port));
    } else {
        (void)inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host);
        (void)snprintf(out, HTTP_URL, "%s://%s:%d", tls ? "https" : "http", strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : host, ntohs(a->v4.sin_port));
    }
}

enum trundle_status http_listen(const char *address, bool tls, int *out_fd, char out_url[HTTP_URL], struct trundle_error *err)
{
    union address a;
    socklen_t n;
    int fd, why, on = 1;

    TRY(parse(address, &a, &n, err));
    fd = socket(a.any.sa_family, SOCK_STREAM, 0);
    if (fd < 0)
        return refused(address, errno, err);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || bind(fd, &a.any, n) < 0 || listen(fd, 511) < 0 ||
        getsockname(fd, &a.any, &n) < 0) {
        why = errno;
        (void)close(fd);
        return refused(address, why, err);
    }
    url_of(&a, tls, out_url);
    *out_fd = fd;
    return TRUNDLE_OK;
}

const char *http_peer(const struct http_request *request, char out[HTTP_PEER])
{
    union { const void *borrowed; struct MHD_Connection *connection; } c = { .borrowed = request->connection };
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c.connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *any = info ? info->client_addr : NULL;
    union address a;

    memset(&a, 0, sizeof a);
    out[0] = '\0';
    if (any && any->sa_family == AF_INET6) {
        memcpy(&a, any, sizeof a.v6);
        (void)inet_ntop(AF_INET6, &a.v6.sin6_addr, out, HTTP_PEER);
    } else if (any && any->sa_family == AF_INET) {
        memcpy(&a, any, sizeof a.v4);
        (void)inet_ntop(AF_INET, &a.v4.sin_addr, out, HTTP_PEER);
    }
    return out;
}
