/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/runtime/line.h"

#include "base/std/bytes.h"
#include "base/std/time.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 160, PACKET = 1460, WINDOW = 16384, REQUEST_MAX = 4 << 20 };

/* One connection: a request that is coming, then its answer. */
struct connection {
    int client, hub;                       /* hub < 0: still coming */
    int cart;                              /* -1: not yet known */
    struct bytes in, answer;
    size_t whole;                          /* bytes of the request; 0: not yet known */
    int64_t early;                         /* bytes on the line before the cart was known */
};

struct line {
    pthread_t thread;
    pthread_mutex_t lock;
    int listener, stop_pipe[2];
    char url[64];
    struct connection connection[CONNECTIONS];
    size_t n, turn;
    double tokens;                         /* bits */
    int64_t rate_bps, filled_ns;
    struct { char name[48]; struct sockaddr_in hub; int64_t bytes; } cart[LINE_CARTS];
    double *wait_ms;
    size_t waits;
};

static struct sockaddr_in address_of(const char *url)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    unsigned port = 0;

    if (sscanf(url, "http://127.0.0.1:%u", &port) != 1)
        abort();
    at.sin_port = htons((uint16_t)port);
    return at;
}

static void drop(struct line *l, size_t i)
{
    struct connection *c = &l->connection[i];

    (void)close(c->client);
    if (c->hub >= 0)
        (void)close(c->hub);
    bytes_done(&c->in);
    bytes_done(&c->answer);
    *c = l->connection[--l->n];
}

static void fill(struct line *l)
{
    int64_t now = clock_mono_ns();
    double most = (double)l->rate_bps * LINE_DEPTH_MS / 1000;

    l->tokens += (double)l->rate_bps * ns_s(now - l->filled_ns);
    if (l->tokens > most)
        l->tokens = most;
    l->filled_ns = now;
}

static bool send_all(int fd, const uint8_t *data, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        data += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Whose request it is and how long, once its head is there. */
static bool read_head(struct line *l, struct connection *c)
{
    const char *text = (const char *)c->in.data, *end = strstr(text, "\r\n\r\n"), *length, *name;

    if (!end)
        return c->in.n < 16384;
    length = strstr(text, "\r\nContent-Length: ");
    name = strstr(text, "\r\nTrundle-Cart: ");
    c->whole = (size_t)(end + 4 - text) + (length && length < end ? (size_t)strtoul(length + 18, NULL, 10) : 0);
    for (int i = 0; name && i < LINE_CARTS; i++) {
        size_t n = strlen(l->cart[i].name);

        if (n && !strncmp(name + 16, l->cart[i].name, n) && name[16 + n] == '\r')
            c->cart = i;
    }
    if (c->cart >= 0)
        l->cart[c->cart].bytes += c->early;
    return c->cart >= 0 && c->whole <= REQUEST_MAX;
}

/* False: the connection is over. */
static bool take_packet(struct line *l, struct connection *c)
{
    uint8_t packet[PACKET];
    ssize_t got = recv(c->client, packet, sizeof packet, MSG_DONTWAIT);
    int64_t cost = (int64_t)(1.05 * (double)got + 0.5);

    if (got <= 0 || bytes_append(&c->in, packet, (size_t)got) != TRUNDLE_OK || bytes_reserve(&c->in, 1) != TRUNDLE_OK)
        return false;
    c->in.data[c->in.n] = '\0';
    l->tokens -= l->rate_bps ? 8 * (double)cost : 0;
    if (c->cart >= 0)
        l->cart[c->cart].bytes += cost;
    else
        c->early += cost;
    if (!c->whole && !read_head(l, c))
        return false;
    if (!c->whole || c->in.n < c->whole)
        return true;
    c->hub = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return c->hub >= 0 && connect(c->hub, (struct sockaddr *)&l->cart[c->cart].hub, sizeof l->cart[c->cart].hub) == 0 && send_all(c->hub, c->in.data, c->in.n);
}

static void note_waits(struct line *l, const struct connection *c)
{
    const char *at = (const char *)c->in.data;
    int64_t now = clock_mono_ns();

    if (strncmp((const char *)c->answer.data, "HTTP/1.1 2", 10) != 0 || strncmp(at, "POST /api/v1/ingest", 19) != 0)
        return;
    while ((at = strstr(at, "\"put_ns\":"))) {
        at += 9;
        if (l->waits < LINE_WAITS)
            l->wait_ms[l->waits++] = 1e-6 * (double)(now - strtoll(at, NULL, 10));
    }
}

/* False: answered, or lost. */
static bool take_answer(struct line *l, struct connection *c)
{
    uint8_t block[4096];
    ssize_t got = recv(c->hub, block, sizeof block, MSG_DONTWAIT);

    if (got > 0)
        return bytes_append(&c->answer, block, (size_t)got) == TRUNDLE_OK && bytes_reserve(&c->answer, 1) == TRUNDLE_OK;
    if (got == 0 && c->answer.n) {
        c->answer.data[c->answer.n] = '\0';
        note_waits(l, c);
        (void)send_all(c->client, c->answer.data, c->answer.n);
    }
    return false;
}

static void welcome(struct line *l)
{
    int fd = accept(l->listener, NULL, NULL);

    if (fd < 0)
        return;
    if (l->n == CONNECTIONS) {
        (void)close(fd);
        return;
    }
    l->connection[l->n++] = (struct connection){ .client = fd, .hub = -1, .cart = -1 };
}

static void *run(void *user)
{
    struct line *l = user;

    for (;;) {
        struct pollfd p[CONNECTIONS + 2] = { { l->stop_pipe[0], POLLIN, 0 }, { l->listener, POLLIN, 0 } };
        size_t n;
        int wait = 100;

        (void)pthread_mutex_lock(&l->lock);
        fill(l);
        n = l->n;
        if (l->rate_bps && l->tokens < 0)
            wait = 1 + (int)(-l->tokens * 1000 / (double)l->rate_bps);
        for (size_t i = 0; i < n; i++) {
            const struct connection *c = &l->connection[i];

            p[i + 2] = (struct pollfd){ c->hub >= 0 ? c->hub : l->rate_bps && l->tokens < 0 ? -1 : c->client, POLLIN, 0 };
        }
        (void)pthread_mutex_unlock(&l->lock);
        if (poll(p, n + 2, wait) < 0 || p[0].revents)
            return NULL;
        (void)pthread_mutex_lock(&l->lock);
        fill(l);
        for (size_t k = 0; k < n; k++) {
            size_t i = (l->turn + k) % n;
            struct connection *c = &l->connection[i];

            if (!p[i + 2].revents)
                continue;
            if (c->hub < 0 && l->rate_bps && l->tokens < 0) {      /* its turn is the next */
                l->turn = i;
                break;
            }
            if (c->hub >= 0 ? !take_answer(l, c) : !take_packet(l, c))
                c->cart = -2;
        }
        for (size_t i = n; i-- > 0;)
            if (l->connection[i].cart == -2)
                drop(l, i);
        if (p[1].revents)
            welcome(l);
        (void)pthread_mutex_unlock(&l->lock);
    }
}

struct line *line_start(int64_t rate_bps)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof at;
    struct line *l = calloc(1, sizeof *l);
    int window = WINDOW;

    if (!l || !(l->wait_ms = malloc(LINE_WAITS * sizeof *l->wait_ms)))
        abort();
    (void)pthread_mutex_init(&l->lock, NULL);
    l->rate_bps = rate_bps;
    l->filled_ns = clock_mono_ns();
    l->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->listener < 0 || setsockopt(l->listener, SOL_SOCKET, SO_RCVBUF, &window, sizeof window) != 0 || bind(l->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(l->listener, CONNECTIONS) != 0 || getsockname(l->listener, (struct sockaddr *)&at, &n) != 0 || pipe(l->stop_pipe) != 0 ||
        pthread_create(&l->thread, NULL, run, l) != 0)
        abort();
    (void)snprintf(l->url, sizeof l->url, "http://127.0.0.1:%u", ntohs(at.sin_port));
    return l;
}

void line_stop(struct line *l)
{
    if (!l)
        return;
    (void)!write(l->stop_pipe[1], "x", 1);
    (void)pthread_join(l->thread, NULL);
    while (l->n)
        drop(l, l->n - 1);
    (void)close(l->listener);
    (void)close(l->stop_pipe[0]);
    (void)close(l->stop_pipe[1]);
    (void)pthread_mutex_destroy(&l->lock);
    free(l->wait_ms);
    free(l);
}

const char *line_url(const struct line *l)
{
    return l->url;
}

void line_cart(struct line *l, int cart, const char *name, const char *hub_url)
{
    (void)pthread_mutex_lock(&l->lock);
    (void)snprintf(l->cart[cart].name, sizeof l->cart[cart].name, "%s", name);
    l->cart[cart].hub = address_of(hub_url);
    (void)pthread_mutex_unlock(&l->lock);
}

void line_rate(struct line *l, int64_t rate_bps)
{
    (void)pthread_mutex_lock(&l->lock);
    l->rate_bps = rate_bps;
    l->tokens = 0;
    (void)pthread_mutex_unlock(&l->lock);
}

int64_t line_bytes(struct line *l, int cart)
{
    int64_t bytes;

    (void)pthread_mutex_lock(&l->lock);
    bytes = l->cart[cart].bytes;
    (void)pthread_mutex_unlock(&l->lock);
    return bytes;
}

size_t line_waits(struct line *l, double *out, size_t room)
{
    size_t n;

    (void)pthread_mutex_lock(&l->lock);
    n = l->waits < room ? l->waits : room;
    memcpy(out, l->wait_ms, n * sizeof *out);
    (void)pthread_mutex_unlock(&l->lock);
    return n;
}
