/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* http: what is served, what is refused and how, that nobody can hold it up, and how soon a feed arrives. */
#include "base/http/http.h"
#include "base/http/inside.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "tests/http/client.h"
#include "tests/support/support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BODY_MAX = 4096, LATENCY_RUNS = 700, CROWD = 40 };

static const unsigned char page[] = "<!doctype html><title>t</title>";
static const size_t page_n = sizeof page - 1;
static const struct http_file files[] = { { "/", "text/html; charset=utf-8", page, &page_n } };
static struct http_feed *feed;

static enum trundle_status echo(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    if (request->body_n && request->body[0] == '!')
        return error_set(err, TRUNDLE_CONFLICT, "echo", "say it nicely", "no \"shouting\"\n\xff");
    return bytes_append(&reply->body, request->body, request->body_n);
}

static enum trundle_status nothing(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)request;
    (void)reply;
    (void)err;
    return TRUNDLE_OK;
}

static enum trundle_status below(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    const char *q = http_query(request, "q");

    (void)user;
    (void)err;
    reply->type = "text/plain";
    reply->cache = HTTP_REVALIDATE;
    return bytes_print(&reply->body, "%s|%s", request->rest, q ? q : "-");
}

static enum trundle_status big(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)request;
    (void)err;
    TRY(bytes_reserve(&reply->body, 32 << 20));
    memset(reply->body.data, 'x', 32 << 20);
    reply->body.n = 32 << 20;
    return TRUNDLE_OK;
}

static enum trundle_status events(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)request;
    (void)err;
    reply->feed = feed;
    return TRUNDLE_OK;
}

static const struct http_route routes[] = {
    { "POST", "/echo", echo, NULL }, { "GET", "/below/", below, NULL }, { "GET", "/events", events, NULL },
    { "GET", "/big", big, NULL },    { "POST", "/nothing", nothing, NULL },
};

static struct http_server *start(struct http_config *more)
{
    struct http_config config = more ? *more : (struct http_config){ 0 };
    struct http_server *server = NULL;
    struct trundle_error err = { 0 };

    config.address = "127.0.0.1:0";
    config.routes = routes;
    config.routes_n = COUNT_OF(routes);
    config.files = files;
    config.files_n = COUNT_OF(files);
    config.body_max = BODY_MAX;
    support_ok(http_start(&config, &server, &err), &err);
    return server;
}

static void publish(uint64_t id, const char *text)
{
    assert_int_equal(http_feed_publish(feed, id, text, strlen(text)), TRUNDLE_OK);
}

static int subscribe(int port)
{
    static const char request[] = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = client_connect(port);

    client_send(fd, request, sizeof request - 1);
    return fd;
}

static void serves_and_revalidates(void **state)
{
    struct http_server *s = start(NULL);
    int port = client_port(http_url(s));
    const struct reply *r = client_get(port, "/");
    char etag[64] = "";

    (void)state;
    assert_int_equal(r->status, 200);
    assert_string_equal(r->body, (const char *)page);
    assert_non_null(strstr(r->text, "Content-Security-Policy: default-src 'none'"));
    assert_non_null(strstr(r->text, "X-Content-Type-Options: nosniff"));
    assert_int_equal(sscanf(strstr(r->text, "ETag: "), "ETag: %63s", etag), 1);
    r = client_ask(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nIf-None-Match: %s\r\n\r\n", etag);
    assert_int_equal(r->status, 304);
    assert_string_equal(r->body, "");
    r = client_ask(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nIf-None-Match: \"0000000000000000\"\r\n\r\n");
    assert_int_equal(r->status, 200);
    r = client_ask(port, "HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    assert_int_equal(r->status, 200);
    assert_string_equal(r->body, "");
    r = client_ask(port, "HEAD /events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    assert_int_equal(r->status, 204);
    assert_string_equal(client_get(port, "/below/a%20b?q=x%26y")->body, "a b|x&y");
    assert_int_equal(client_get(port, "/below/")->status, 200);
    assert_int_equal(client_post(port, "/nothing", "")->status, 204);
    assert_string_equal(client_post(port, "/echo", "{\"a\":1}")->body, "{\"a\":1}");
    http_stop(s);
}

/* Every refusal is a code and a JSON text that says where, what and how to mend it. */
static void refuses_with_a_reason(void **state)
{
    struct http_server *s = start(NULL);
    int port = client_port(http_url(s));
    const struct reply *r;

    (void)state;
    r = client_get(port, "/nowhere");
    assert_int_equal(r->status, 404);
    assert_string_equal(r->body, "{\"where\":\"/nowhere\",\"what\":\"nothing is served here\",\"hint\":\"\"}");
    assert_int_equal(client_get(port, "/%ff%fe\"<script>")->status, 404);
    r = client_get(port, "/echo");
    assert_int_equal(r->status, 405);
    assert_non_null(strstr(r->text, "Allow: POST"));
    r = client_ask(port, "DELETE / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    assert_int_equal(r->status, 405);
    assert_non_null(strstr(r->text, "Allow: GET, HEAD"));
    r = client_post(port, "/echo", "!");
    assert_int_equal(r->status, 409);
    assert_string_equal(r->body, "{\"where\":\"echo\",\"what\":\"no \\\"shouting\\\"\\n?\",\"hint\":\"say it nicely\"}");
    r = client_ask(port, "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
    assert_int_equal(r->status, 415);
    http_stop(s);
}

static void keeps_other_sites_out(void **state)
{
    struct http_server *s = start(NULL);
    int port = client_port(http_url(s));
    static const char *const names[] = { "cart.local" };
    static const struct { const char *host, *more; int status; } tries[] = {
        { "127.0.0.1:8480", "Origin: http://127.0.0.1:8480\r\n", 200 },
        { "LOCALHOST:8480", "Origin: http://localhost:8480\r\nSec-Fetch-Site: same-origin\r\n", 200 },
        { "[::1]:8480", "Sec-Fetch-Site: none\r\n", 200 },
        { "evil.example", "", 421 },
        { "evil.example:8480", "Origin: http://evil.example:8480\r\n", 421 },
        { "127.0.0.1.evil.example", "", 421 },
        { "127.0.0.1:8480", "Origin: http://evil.example\r\n", 403 },
        { "127.0.0.1:8480", "Origin: http://127.0.0.1:9000\r\n", 403 },
        { "127.0.0.1:8480", "Origin: null\r\n", 403 },
        { "127.0.0.1:8480", "Sec-Fetch-Site: cross-site\r\n", 403 },
        { "127.0.0.1:8480", "Sec-Fetch-Site: same-site\r\n", 403 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        const struct reply *r = client_ask(port, "POST /echo HTTP/1.1\r\nHost: %s\r\n%sConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n"
                                           "Content-Length: 2\r\n\r\n{}", tries[i].host, tries[i].more);

        if (r->status != tries[i].status)
            fail_msg("Host %s, %s gave %d, not %d", tries[i].host, tries[i].more, r->status, tries[i].status);
    }
    assert_int_equal(client_ask(port, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")->status, 400);
    assert_true(http_host_allowed("cart.local:80", names, 1));
    assert_false(http_host_allowed("cart.local", NULL, 0));
    assert_false(http_host_allowed("[::1", NULL, 0));
    assert_false(http_host_allowed("", NULL, 0));
    assert_false(http_host_allowed("localhost:80@evil.example", NULL, 0));
    http_stop(s);
}

static void bounds_bodies(void **state)
{
    struct http_server *s = start(NULL);
    int port = client_port(http_url(s));
    static char body[BODY_MAX + 2];
    const struct reply *r;

    (void)state;
    memset(body, ' ', BODY_MAX);
    r = client_post(port, "/echo", body);
    assert_int_equal(r->status, 200);
    assert_int_equal(strlen(r->body), BODY_MAX);
    body[BODY_MAX] = ' ';
    assert_int_equal(client_post(port, "/echo", body)->status, 413);
    r = client_ask(port, "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "1001\r\n%s\r\n0\r\n\r\n", body);
    assert_int_equal(r->status, 413);
    r = client_ask(port, "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n");
    assert_int_equal(r->status, 413);
    /* An endless chunked body is cut, not followed. */
    {
        static const char head[] = "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        int fd = client_connect(port);
        char byte;

        client_send(fd, head, sizeof head - 1);
        for (int i = 0; i < 100; i++) {
            client_send(fd, "1000\r\n", 6);
            client_send(fd, body, 4096);
            client_send(fd, "\r\n", 2);
        }
        assert_true(recv(fd, &byte, 1, 0) <= 0);
        (void)close(fd);
    }
    assert_int_equal(client_get(port, "/")->status, 200);
    http_stop(s);
}

static void survives_garbage(void **state)
{
    struct http_server *s = start(&(struct http_config){ .request_s = 1 });
    int port = client_port(http_url(s)), fds[60];
    struct rng random = rng_seed(support_seed(), "garbage");
    static char long_header[60000];
    static struct reply r;

    (void)state;
    memset(long_header, 'a', sizeof long_header - 1);
    for (size_t round = 0; round < COUNT_OF(fds); round++) {
        char bytes[512];
        size_t n = 1 + rng_below(&random, sizeof bytes);

        fds[round] = client_connect(port);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)rng_u64(&random);
        client_send(fds[round], bytes, n);
        (void)shutdown(fds[round], SHUT_WR);
    }
    for (size_t round = 0; round < COUNT_OF(fds); round++) {
        assert_true(client_read(fds[round], &r, NULL));        /* closed, by the deadline at the latest */
        assert_int_not_equal(r.status, 200);
        (void)close(fds[round]);
    }
    assert_int_equal(client_ask(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: %s\r\n\r\n", long_header)->status, 431);
    assert_int_equal(client_get(port, "/")->status, 200);
    http_stop(s);
}

static void says_that_the_port_is_taken(void **state)
{
    struct http_server *s = start(NULL), *second = NULL;
    struct trundle_error err = { 0 };
    struct http_config config = { .address = http_url(s) + strlen("http://") };
    static const char *const bad[] = { "", "8480", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:80x", "cart:80", "[::1:80", "1.2.3:80", ":80" };

    (void)state;
    assert_int_equal(http_start(&config, &second, &err), TRUNDLE_DEVICE);
    assert_null(second);
    assert_string_equal(err.where, config.address);
    assert_non_null(strstr(err.what, "in use"));
    assert_true(err.hint[0] != '\0');
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        config.address = bad[i];
        assert_int_equal(http_start(&config, &second, &err), TRUNDLE_BAD_ARG);
    }
    config.address = "192.0.2.1:0";
    assert_int_equal(http_start(&config, &second, &err), TRUNDLE_DEVICE);
    http_stop(s);
    config.address = "[::1]:0";
    if (http_start(&config, &second, &err) == TRUNDLE_OK) {      /* where there is IPv6 at all */
        assert_int_equal(strncmp(http_url(second), "http://[::1]:", 13), 0);
        http_stop(second);
    }
    http_stop(NULL);
}

/* A byte a second for ever is no request: the connection is closed in time, and others are served meanwhile. */
static void a_slow_sender_is_closed(void **state)
{
    struct http_server *s = start(&(struct http_config){ .request_s = 1 });
    int port = client_port(http_url(s)), fd = client_connect(port);
    int64_t begin_ns = clock_mono_ns();
    bool closed = false;

    (void)state;
    for (int i = 0; i < 30 && !closed; i++) {
        char byte;

        client_send(fd, "G", 1);
        assert_int_equal(client_get(port, "/")->status, 200);
        (void)poll(NULL, 0, 100);
        closed = recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
    }
    assert_true(closed);
    assert_true(clock_mono_ns() - begin_ns < 3 * NS_PER_S);
    (void)close(fd);
    http_stop(s);
}

/* A client that asks for much and takes nothing is closed, and the server stops quickly with one still there. */
static void a_slow_reader_is_closed(void **state)
{
    struct http_server *s = start(&(struct http_config){ .stall_s = 1 });
    int port = client_port(http_url(s)), fd = client_connect(port);
    static const char request[] = "GET /big HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    char buffer[65536];
    size_t got = 0;
    ssize_t n;

    (void)state;
    client_send(fd, request, sizeof request - 1);
    (void)poll(NULL, 0, 2500);
    assert_int_equal(client_get(port, "/")->status, 200);
    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
        got += (size_t)n;
    assert_true(got < 32 << 20);
    (void)close(fd);
    http_stop(s);
}

static void connections_over_the_limit_are_told(void **state)
{
    struct http_server *s = start(&(struct http_config){ .connections_max = 20 });
    int port = client_port(http_url(s)), held[20];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(held); i++)
        held[i] = subscribe(port);
    while (http_feed_clients(feed) < COUNT_OF(held))
        (void)poll(NULL, 0, 5);
    assert_int_equal(client_get(port, "/")->status, 503);
    (void)close(held[0]);
    for (int i = 0; i < 1000 && http_feed_clients(feed) == COUNT_OF(held); i++) {
        publish(1, "x");                   /* writing finds that it is gone */
        (void)poll(NULL, 0, 5);
    }
    assert_int_equal(client_get(port, "/")->status, 200);
    for (size_t i = 1; i < COUNT_OF(held); i++)
        (void)close(held[i]);
    http_stop(s);
}

static void a_thousand_clients(void **state)
{
    struct rlimit limit;
    struct http_server *s;
    static int fds[1000];
    static struct reply r;
    int port;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2200)
        support_skip("fewer than 2200 file descriptors");
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    s = start(NULL);
    port = client_port(http_url(s));
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = subscribe(port);
    for (int i = 0; i < 1000 && http_feed_clients(feed) < COUNT_OF(fds); i++)
        (void)poll(NULL, 0, 5);
    assert_int_equal(http_feed_clients(feed), COUNT_OF(fds));
    publish(4711, "{\"crowd\":true}");
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_true(client_read(fds[i], &r, "id: 4711\ndata: {\"crowd\":true}\n\n"));
        (void)close(fds[i]);
    }
    http_stop(s);
}

static void a_feed_says_the_latest_first(void **state)
{
    struct http_server *s = start(&(struct http_config){ .beat_s = 1 });
    int port = client_port(http_url(s)), fd;
    static struct reply r;
    struct bytes latest = { 0 };

    (void)state;
    publish(1, "old");
    publish(2, "line\nbreak\r");
    fd = subscribe(port);
    assert_true(client_read(fd, &r, "id: 2\ndata: line break \n\n"));
    assert_non_null(strstr(r.text, "text/event-stream"));
    assert_null(strstr(r.text, "old"));
    publish(3, "new");
    assert_true(client_read(fd, &r, "id: 3\ndata: new\n\n"));
    assert_true(client_read(fd, &r, "event: beat\ndata:\n\n"));
    assert_int_equal(http_feed_latest(feed, &latest), TRUNDLE_OK);
    assert_int_equal(latest.n, 3);
    assert_memory_equal(latest.data, "new", 3);
    bytes_done(&latest);
    http_stop(s);                          /* with the client still there */
    assert_true(client_read(fd, &r, NULL));
    (void)close(fd);
    assert_int_equal(http_feed_clients(feed), 0);
}

/* It reads late; what it reads is whole and ends with the newest, and most in between was never sent. */
static void a_slow_client_skips(void **state)
{
    enum { STATES = 400, STATE_BYTES = 65536 };
    struct http_server *s = start(NULL);
    int port = client_port(http_url(s)), fd = client_connect(port);
    static char text[STATE_BYTES + 1];
    size_t got = 0, tail_n = 0;
    bool last = false;
    static const char request[] = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

    (void)state;
    client_send(fd, request, sizeof request - 1);
    while (http_feed_clients(feed) < 1)
        (void)poll(NULL, 0, 2);
    memset(text, '.', STATE_BYTES);
    for (uint64_t i = 1; i <= STATES; i++) {
        if (i == STATES)
            memcpy(text + STATE_BYTES - 24, "THE-LAST,THE-LAST,THE-LAST", 24);     /* a chunk may end inside one */
        publish(i, text);
        if (i % 4 == 0)
            (void)poll(NULL, 0, 1);
    }
    while (!last) {
        static char tail[32 + 65536 + 1];
        size_t kept = got < 32 ? got : 32;
        ssize_t n;

        memmove(tail, tail + tail_n - kept, kept);
        n = recv(fd, tail + kept, sizeof tail - 1 - kept, 0);
        assert_true(n > 0);
        tail_n = kept + (size_t)n;
        tail[tail_n] = '\0';
        got += (size_t)n;
        last = strstr(tail, "THE-LAST") != NULL;
    }
    assert_true(last);
    print_message("# %d states of %d KiB published, %zu KiB sent to the slow client\n", STATES, STATE_BYTES >> 10, got >> 10);
    assert_true(got < (size_t)STATES * STATE_BYTES / 2);
    (void)close(fd);
    http_stop(s);
}

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* From http_feed_publish to the bytes at a client, with a crowd of others that get the same. */
static void arrives_soon(void **state)
{
    struct http_server *s = start(NULL);
    int port = client_port(http_url(s)), fds[CROWD];
    static struct reply r;
    static int64_t took_ns[LATENCY_RUNS];
    static char text[8192];
    char mark[64];

    (void)state;
    for (size_t i = 0; i < CROWD; i++)
        fds[i] = subscribe(port);
    while (http_feed_clients(feed) < CROWD)
        (void)poll(NULL, 0, 2);
    memset(text, ' ', sizeof text - 1);
    for (size_t run = 0; run < LATENCY_RUNS; run++) {
        int64_t begin_ns;

        (void)snprintf(mark, sizeof mark, "{\"run\":%zu}\n\n", run);
        memcpy(text + 4000, mark, strlen(mark) - 2);
        begin_ns = clock_mono_ns();
        assert_int_equal(http_feed_publish(feed, run, text, 4000 + strlen(mark) - 2), TRUNDLE_OK);
        assert_true(client_read(fds[run % CROWD], &r, mark));
        took_ns[run] = clock_mono_ns() - begin_ns;
        for (size_t i = 0; i < CROWD; i++)
            if (i != run % CROWD)
                assert_true(client_read(fds[i], &r, mark));
    }
    qsort(took_ns, LATENCY_RUNS, sizeof took_ns[0], by_value);
    print_message("# publish to bytes at the client, %d clients, 4 KiB, n %d: median %.2f ms, p99 %.2f ms\n", CROWD, LATENCY_RUNS,
                  (double)took_ns[LATENCY_RUNS / 2] * 1e-6, (double)took_ns[LATENCY_RUNS * 99 / 100] * 1e-6);
    assert_true(took_ns[LATENCY_RUNS * 99 / 100] < 20 * NS_PER_MS);
    for (size_t i = 0; i < CROWD; i++)
        (void)close(fds[i]);
    http_stop(s);
}

struct storm { bool stop; pthread_mutex_t lock; };

static void *publish_a_lot(void *user)
{
    struct storm *storm = user;
    bool stop = false;

    for (uint64_t i = 0; !stop; i++) {
        publish(i, "{\"storm\":1}");
        (void)pthread_mutex_lock(&storm->lock);
        stop = storm->stop;
        (void)pthread_mutex_unlock(&storm->lock);
    }
    return NULL;
}

/* Clients come and go and servers stop while another thread publishes as fast as it can. */
static void publishing_never_stops_the_house(void **state)
{
    struct storm storm = { .lock = PTHREAD_MUTEX_INITIALIZER };
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, publish_a_lot, &storm), 0);
    for (int round = 0; round < 8; round++) {
        struct http_server *s = start(NULL);
        int port = client_port(http_url(s)), fds[8];
        static struct reply r;

        for (size_t i = 0; i < COUNT_OF(fds); i++)
            fds[i] = subscribe(port);
        for (size_t i = 0; i < COUNT_OF(fds) / 2; i++) {
            assert_true(client_read(fds[i], &r, "storm"));
            (void)close(fds[i]);
        }
        http_stop(s);
        for (size_t i = COUNT_OF(fds) / 2; i < COUNT_OF(fds); i++)
            (void)close(fds[i]);
    }
    (void)pthread_mutex_lock(&storm.lock);
    storm.stop = true;
    (void)pthread_mutex_unlock(&storm.lock);
    (void)pthread_join(thread, NULL);
    assert_int_equal(http_feed_clients(feed), 0);
}

/* ---- what the hub needs beyond a touchscreen ---- */

struct noted { int seen; };

static enum trundle_status admit(void *user, const struct http_request *request, struct http_terms *terms, struct trundle_error *err)
{
    const char *key = http_header(request, "Authorization");
    struct noted *noted = request->note;

    (void)user;
    if (request->body)
        return error_set(err, TRUNDLE_BAD_ARG, "admit", NULL, "the body is not in yet");
    if (key && strcmp(key, "Bearer slow") == 0) {
        terms->status = 429;
        terms->retry_s = 7;
        return TRUNDLE_FULL;
    }
    if (!key || strcmp(key, "Bearer good") != 0) {
        terms->status = 401;
        return error_set(err, TRUNDLE_BAD_INPUT, request->path, "sign in", "not signed in");
    }
    noted->seen = 1234;
    if (strcmp(request->method, "PUT") == 0)
        *terms = (struct http_terms){ .body_max = 2 * BODY_MAX, .takes = "application/octet-stream" };
    return TRUNDLE_OK;
}

static enum trundle_status say(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    const char *cookie = http_cookie(request, "who");
    char peer[HTTP_PEER];

    (void)user;
    (void)err;
    reply->type = "text/plain";
    (void)snprintf(reply->cookie, sizeof reply->cookie, "who=me; HttpOnly");
    (void)snprintf(reply->save_as, sizeof reply->save_as, "%s", "a.txt");
    return bytes_print(&reply->body, "%s %s|%s|%s|%zu|%s|%s|%d", request->method, request->target, request->part[0], request->part[1], request->body_n,
                       cookie ? cookie : "-", http_peer(request, peer), ((struct noted *)request->note)->seen);
}

static char disk_path[512];

static enum trundle_status from_disk(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)err;
    (void)snprintf(reply->path, sizeof reply->path, "%s%s", disk_path, request->part[0][0] == 'x' ? ".none" : "");
    (void)snprintf(reply->tag, sizeof reply->tag, "0123abcd");
    return TRUNDLE_OK;
}

static enum trundle_status busy(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)request;
    reply->status = 429;
    reply->retry_s = 30;
    return error_set(err, TRUNDLE_FULL, "busy", NULL, "too many");
}

static const struct http_route hub_routes[] = {
    { "PUT", "/carts/{cart}/parts/{part}", say, NULL },
    { "DELETE", "/carts/{cart}/parts/{part}", say, NULL },
    { "GET", "/carts/{cart}/parts/{part}", say, NULL },
    { "GET", "/disk/{file}", from_disk, NULL },
    { "GET", "/busy", busy, NULL },
};

#define HUB "Host: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer good\r\n"

static struct http_server *start_hub(int threads)
{
    struct http_config config = { .address = "127.0.0.1:0", .routes = hub_routes, .routes_n = COUNT_OF(hub_routes), .body_max = BODY_MAX,
                                  .admit = admit, .note_n = sizeof(struct noted), .threads = threads };
    struct http_server *server = NULL;
    struct trundle_error err = { 0 };

    support_ok(http_start(&config, &server, &err), &err);
    return server;
}

static void routes_have_parts_and_methods(void **state)
{
    struct http_server *s = start_hub(1);
    int port = client_port(http_url(s));
    static char body[2 * BODY_MAX + 2];
    const struct reply *r;

    (void)state;
    r = client_ask(port, "PUT /carts/a%%20b/parts/7?x=%%2f HTTP/1.1\r\n" HUB "Cookie: a=1; who=you\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\nabc");
    assert_string_equal(r->body, "PUT /carts/a%20b/parts/7?x=%2f|a b|7|3|you|127.0.0.1|1234");
    assert_non_null(strstr(r->text, "Set-Cookie: who=me; HttpOnly\r\n"));
    assert_non_null(strstr(r->text, "Content-Disposition: attachment; filename=\"a.txt\"\r\n"));
    assert_int_equal(client_ask(port, "DELETE /carts/a/parts/b HTTP/1.1\r\n" HUB "\r\n")->status, 200);
    assert_int_equal(client_ask(port, "DELETE /carts/a/parts/b HTTP/1.1\r\n" HUB "Origin: http://evil.example\r\n\r\n")->status, 403);
    r = client_ask(port, "POST /carts/a/parts/b HTTP/1.1\r\n" HUB "Content-Length: 0\r\n\r\n");
    assert_int_equal(r->status, 405);
    assert_non_null(strstr(r->text, "Allow: GET, HEAD, PUT, DELETE\r\n"));
    assert_int_equal(client_ask(port, "GET /carts//parts/b HTTP/1.1\r\n" HUB "\r\n")->status, 404);
    assert_int_equal(client_ask(port, "GET /carts/a/parts/b/c HTTP/1.1\r\n" HUB "\r\n")->status, 404);
    assert_int_equal(client_ask(port, "GET /carts/a/parts/ HTTP/1.1\r\n" HUB "\r\n")->status, 404);
    assert_int_equal(client_ask(port, "GET /carts/a%%2fb/parts/c HTTP/1.1\r\n" HUB "\r\n")->status, 404);
    assert_int_equal(client_ask(port, "PUT /carts/a/parts/b HTTP/1.1\r\n" HUB "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")->status, 415);
    memset(body, 'x', sizeof body - 1);
    assert_int_equal(client_ask(port, "PUT /carts/a/parts/b HTTP/1.1\r\n" HUB "Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n%.*s",
                                2 * BODY_MAX, 2 * BODY_MAX, body)->status, 200);
    assert_int_equal(client_ask(port, "PUT /carts/a/parts/b HTTP/1.1\r\n" HUB "Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n%s",
                                2 * BODY_MAX + 1, body)->status, 413);
    http_stop(s);
}

static void strangers_are_refused_before_their_body(void **state)
{
    struct http_server *s = start_hub(2);
    int port = client_port(http_url(s));
    const struct reply *r;

    (void)state;
    r = client_ask(port, "PUT /carts/a/parts/b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/octet-stream\r\nContent-Length: 4000\r\n\r\n");
    assert_int_equal(r->status, 401);      /* and nothing of the body was sent */
    assert_non_null(strstr(r->body, "not signed in"));
    r = client_ask(port, "GET /busy HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer slow\r\n\r\n");
    assert_int_equal(r->status, 429);
    assert_non_null(strstr(r->text, "Retry-After: 7\r\n"));
    r = client_ask(port, "GET /busy HTTP/1.1\r\n" HUB "\r\n");
    assert_int_equal(r->status, 429);
    assert_non_null(strstr(r->text, "Retry-After: 30\r\n"));
    http_stop(s);
}

static void files_of_the_disk_come_in_ranges(void **state)
{
    enum { BYTES = 300000 };
    struct http_server *s = start_hub(1);
    int port = client_port(http_url(s));
    static char content[BYTES + 1];
    static const struct { const char *range; int status; size_t from, n; } tries[] = {
        { "bytes=0-9", 206, 0, 10 }, { "bytes=299990-", 206, 299990, 10 }, { "bytes=-5", 206, 299995, 5 }, { "bytes=299999-400000", 206, 299999, 1 },
        { "bytes=5-5", 206, 5, 1 }, { "bytes=300000-", 416, 0, 0 }, { "bytes=-0", 416, 0, 0 },
    };
    static const char *const not_served[] = { "bytes=9-5", "bytes=0-1,5-6", "lines=0-1", "bytes=x-1", "bytes=", "bytes=-", "bytes=99999999999999999999-" };
    const struct reply *r;
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < BYTES; i++)
        content[i] = (char)('a' + i % 23);
    (void)snprintf(disk_path, sizeof disk_path, "%s/file", support_scratch());
    support_ok(file_write(disk_path, content, BYTES, &err), &err);
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        r = client_ask(port, "GET /disk/f HTTP/1.1\r\n" HUB "Range: %s\r\n\r\n", tries[i].range);
        assert_int_equal(r->status, tries[i].status);
        assert_int_equal(strlen(r->body), tries[i].n);
        assert_memory_equal(r->body, content + tries[i].from, tries[i].n);
    }
    assert_non_null(strstr(client_ask(port, "GET /disk/f HTTP/1.1\r\n" HUB "Range: bytes=1-2\r\n\r\n")->text, "Content-Range: bytes 1-2/300000\r\n"));
    for (size_t i = 0; i < COUNT_OF(not_served); i++) {
        uint64_t from = 7, n = 7;

        assert_false(disk_range(not_served[i], BYTES, &from, &n));
    }
    assert_int_equal(client_ask(port, "GET /disk/f HTTP/1.1\r\n" HUB "Range: bytes=0-9\r\nIf-Range: \"other\"\r\n\r\n")->status, 200);
    assert_int_equal(client_ask(port, "GET /disk/f HTTP/1.1\r\n" HUB "Range: bytes=0-9\r\nIf-Range: \"0123abcd\"\r\n\r\n")->status, 206);
    assert_int_equal(client_ask(port, "GET /disk/f HTTP/1.1\r\n" HUB "If-None-Match: \"0123abcd\"\r\n\r\n")->status, 304);
    assert_int_equal(client_ask(port, "GET /disk/x HTTP/1.1\r\n" HUB "\r\n")->status, 404);
    http_stop(s);
}

enum { LANES = 4 };

struct meeting { pthread_mutex_t lock; pthread_cond_t came; int here; };

static enum trundle_status meet(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    struct meeting *m = user;
    struct timespec until;
    int late = 0;

    (void)request;
    (void)reply;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 4;
    (void)pthread_mutex_lock(&m->lock);
    m->here++;
    (void)pthread_cond_broadcast(&m->came);
    while (m->here < LANES && !late)
        late = pthread_cond_timedwait(&m->came, &m->lock, &until);
    (void)pthread_mutex_unlock(&m->lock);
    return late ? error_set(err, TRUNDLE_DEVICE, "meet", NULL, "nobody came") : TRUNDLE_OK;
}

/* Handlers that wait for each other can only end when they run at once: of as many connections as there are threads, each has one to itself. */
static void handlers_run_at_once(void **state)
{
    static struct meeting m = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };
    static const struct http_route route = { "GET", "/meet", meet, &m };
    static const char request[] = "GET /meet HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    static struct reply r;
    struct http_server *s = NULL;
    struct trundle_error err;
    int fds[LANES];

    (void)state;
    support_ok(http_start(&(struct http_config){ .address = "127.0.0.1:0", .routes = &route, .routes_n = 1, .threads = LANES }, &s, &err), &err);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = client_connect(client_port(http_url(s)));
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        client_send(fds[i], request, sizeof request - 1);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        (void)client_read(fds[i], &r, NULL);
        assert_int_equal(r.status, 204);
        (void)close(fds[i]);
    }
    http_stop(s);
}

static void tls_has_a_pinned_certificate(void **state)
{
    static const char *const names[] = { "127.0.0.1", "::1", "localhost" };
    struct bytes certificate = { 0 }, key = { 0 };
    struct http_config config = { .address = "127.0.0.1:0", .routes = hub_routes, .routes_n = COUNT_OF(hub_routes), .note_n = 8, .threads = 2 };
    struct http_server *s = NULL;
    struct trundle_error err;
    char pin[HTTP_PIN], path[600], *out = NULL;

    (void)state;
    support_ok(http_certificate_make(names, COUNT_OF(names), &certificate, &key, &err), &err);
    support_ok(http_certificate_pin((const char *)certificate.data, pin, &err), &err);
    assert_int_equal(http_certificate_pin("-----BEGIN NOTHING", pin, &err), TRUNDLE_BAD_INPUT);
    config.certificate_pem = (const char *)certificate.data;
    assert_int_equal(http_start(&config, &s, &err), TRUNDLE_BAD_ARG);
    config.key_pem = "not a key";
    assert_int_equal(http_start(&config, &s, &err), TRUNDLE_DEVICE);
    config.key_pem = (const char *)key.data;
    support_ok(http_start(&config, &s, &err), &err);
    assert_int_equal(strncmp(http_url(s), "https://127.0.0.1:", 18), 0);
    (void)snprintf(path, sizeof path, "%s/ca.pem", support_scratch());
    support_ok(file_write(path, certificate.data, certificate.n, &err), &err);
    if (support_shell(NULL, "command -v curl >/dev/null") == 0) {
        assert_int_equal(support_shell(&out, "curl -sS --cacert %s --pinnedpubkey '%s' %s/carts/a/parts/b", path, pin, http_url(s)), 0);
        assert_string_equal(out, "GET /carts/a/parts/b|a|b|0|-|127.0.0.1|0");
        assert_int_not_equal(support_shell(NULL, "curl -sSk --pinnedpubkey 'sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' %s/busy 2>/dev/null", http_url(s)), 0);
        assert_int_not_equal(support_shell(NULL, "curl -sSk --tls-max 1.1 %s/busy 2>/dev/null", http_url(s)), 0);
    }
    assert_int_equal(client_get(client_port(http_url(s)), "/busy")->status, 0);    /* plain text is no TLS */
    free(out);
    http_stop(s);
    bytes_done(&certificate);
    bytes_done(&key);
}

/* A client that begins TLS and then says nothing more costs nothing but its connection. */
static void a_stalled_handshake_costs_no_core(void **state)
{
    static const char *const names[] = { "127.0.0.1" };
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    struct bytes certificate = { 0 }, key = { 0 };
    struct http_config config = { .address = "127.0.0.1:0", .routes = routes, .routes_n = COUNT_OF(routes), .request_s = 5 };
    struct http_server *s = NULL;
    struct trundle_error err;
    int64_t cpu_ns;
    int fd;

    (void)state;
    support_ok(http_certificate_make(names, 1, &certificate, &key, &err), &err);
    config.certificate_pem = (const char *)certificate.data;
    config.key_pem = (const char *)key.data;
    support_ok(http_start(&config, &s, &err), &err);
    fd = client_connect(client_port(http_url(s)));
    client_send(fd, hello, sizeof hello - 1);
    (void)poll(NULL, 0, 100);
    cpu_ns = clock_cpu_ns();
    (void)poll(NULL, 0, 1000);
    cpu_ns = clock_cpu_ns() - cpu_ns;
    print_message("# %.0f ms of CPU in 1 s\n", 1e-6 * (double)cpu_ns);
    assert_true(cpu_ns < 60 * NS_PER_MS);
    (void)close(fd);
    http_stop(s);
    bytes_done(&certificate);
    bytes_done(&key);
}

/* Between two requests a client may stay for idle_s, and no longer; a body may take body_s. */
static void idle_clients_are_kept_and_then_closed(void **state)
{
    struct http_server *s = start(&(struct http_config){ .request_s = 1, .stall_s = 1, .idle_s = 3, .body_s = 1 });
    static const char request[] = "GET /below/a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    static const char half[] = "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n123";
    static struct reply r;
    int fd = client_connect(client_port(http_url(s))), other = client_connect(client_port(http_url(s)));
    int64_t begin_ns;

    (void)state;
    client_send(fd, request, sizeof request - 1);
    assert_true(client_read(fd, &r, "a|-"));
    client_send(other, half, sizeof half - 1);
    begin_ns = clock_mono_ns();
    assert_true(client_read(other, &r, NULL));
    assert_true(clock_mono_ns() - begin_ns < 5 * NS_PER_S / 2);
    (void)poll(NULL, 0, 500);
    client_send(fd, request, sizeof request - 1);
    assert_true(client_read(fd, &r, "a|-"));
    begin_ns = clock_mono_ns();
    assert_true(client_read(fd, &r, NULL));
    assert_true(clock_mono_ns() - begin_ns > 2 * NS_PER_S);
    (void)close(fd);
    (void)close(other);
    http_stop(s);
}

static int set_up(void **state)
{
    (void)state;
    return http_feed_new(&feed) == TRUNDLE_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    http_feed_free(feed);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(serves_and_revalidates),
        TEST(refuses_with_a_reason),
        TEST(keeps_other_sites_out),
        TEST(bounds_bodies),
        TEST(survives_garbage),
        TEST(says_that_the_port_is_taken),
        TEST(a_slow_sender_is_closed),
        TEST(a_slow_reader_is_closed),
        TEST(connections_over_the_limit_are_told),
        TEST(a_thousand_clients),
        TEST(a_feed_says_the_latest_first),
        TEST(a_slow_client_skips),
        TEST(arrives_soon),
        TEST(publishing_never_stops_the_house),
        TEST(routes_have_parts_and_methods),
        TEST(strangers_are_refused_before_their_body),
        TEST(files_of_the_disk_come_in_ranges),
        TEST(handlers_run_at_once),
        TEST(tls_has_a_pinned_certificate),
        TEST(a_stalled_handshake_costs_no_core),
        TEST(idle_clients_are_kept_and_then_closed),
    };

    return support_run(tests);
}
