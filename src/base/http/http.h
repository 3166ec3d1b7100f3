/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * base/http - a small HTTP/1.1 server: routes, files from the binary, server-sent events. libmicrohttpd underneath.
 *
 *     static const struct http_route routes[] = {
 *         { "GET", "/", hello, NULL }, { "POST", "/touch", touch, NULL }, { "GET", "/picture/", picture, NULL } };
 *     struct http_config config = { .address = "127.0.0.1:8480", .routes = routes, .routes_n = COUNT_OF(routes) };
 *     TRY(http_start(&config, &server, err));
 *     puts(http_url(server));
 *     http_stop(server);
 *
 * Threads: one thread of its own serves everything; handlers run on it, one at a time, and must not wait. http_feed_publish
 * may be called by any thread, a handler too. http_stop is called by the thread that started the server.
 * Limits: each one below is held and answered (413, 431, 503) or ends in a closed connection; none grows memory.
 * What a browser of another site may not do: the Host must be an IP address, localhost or a name in `hosts` (a rebound name
 * gets 421), a POST must come from a page of this server when the browser says where it is from (403), and be JSON (415). Every
 * reply forbids other origins, framing, sniffing and scripts or styles from elsewhere.
 * Errors to the client are JSON, {"where":...,"what":...,"hint":...}, with a fitting 4xx or 5xx.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>

struct http_server;                        /* owned by who started it */
struct http_feed;                          /* owned by who made it; must outlive the servers that serve it */

/* All borrowed for the duration of the handler. */
struct http_request {
    const char *method;                    /* "GET" (HEAD arrives as GET), "POST" */
    const char *path;                      /* decoded, without the query */
    const char *rest;                      /* what follows a route that ends in '/' */
    const uint8_t *body;                   /* NULL when there is none */
    size_t body_n;
    const void *connection;                /* for http_query */
};

enum http_cache {
    HTTP_NO_STORE = 0,                     /* state, errors */
    HTTP_REVALIDATE = 1,                   /* kept by the browser, checked by its ETag (made from the content) */
};

/* Zeroed before the handler: 204, no content. */
struct http_reply {
    int status;                            /* 0: 200 with a body or feed, else 204 */
    const char *type;                      /* static storage; NULL with a body: application/json */
    struct bytes body;                     /* owned by the reply, taken over by the server also on failure */
    const void *file;                      /* or, instead of body: content that lives as long as the server */
    size_t file_n;
    enum http_cache cache;
    struct http_feed *feed;                /* or: the client stays and is sent this feed */
};

/* Anything but TRUNDLE_OK becomes an error reply made of `err`: BAD_ARG, BAD_INPUT, CORRUPT, TRUNCATED 400, NOT_FOUND 404,
 * CONFLICT 409, TOO_LARGE 413, UNSUPPORTED 422, FULL and DEVICE 503, else 500. */
typedef enum trundle_status http_handler(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err);

struct http_route {
    const char *method;                    /* "GET" or "POST" */
    const char *path;                      /* exact; when longer than "/" and ending in '/', a prefix */
    http_handler *handler;
    void *user;                            /* borrowed, given to the handler; NULL: config.user */
};

/* A file inside the binary (tools/embed.sh). */
struct http_file {
    const char *path;                      /* "/cart.css" */
    const char *type;                      /* "text/css; charset=utf-8" */
    const unsigned char *data;             /* embed_NAME */
    const size_t *n;                       /* &embed_NAME_n */
};

/* Zero means the default. Arrays are borrowed until http_stop. */
struct http_config {
    const char *address;                   /* "IP:PORT", "[IPv6]:PORT", "localhost:PORT"; port 0: any free one */
    const struct http_route *routes;
    size_t routes_n;
    const struct http_file *files;
    size_t files_n;
    const char *const *hosts;              /* further names under which clients may call, without port */
    size_t hosts_n;
    void *user;
    const char *policy;                    /* Content-Security-Policy; default: own scripts, styles, images and connections only */
    int connections_max;                   /* default 1000; the 16 after that get 503, the rest wait in the system's queue */
    size_t body_max;                       /* bytes; default 65536 */
    int request_s;                         /* a connection that has not brought a whole request by then is closed; default 10 */
    int stall_s;                           /* a client that takes no byte for so long is closed; default 15 */
    int beat_s;                            /* feeds say "beat" so often when there is nothing else to say; default 3 */
};

/* BAD_ARG: address or configuration. DEVICE: the port is in use or may not be opened; `err` names it and says what to do. */
TRUNDLE_MUST_USE enum trundle_status http_start(const struct http_config *config, struct http_server **out_server, struct trundle_error *err);
/* "http://127.0.0.1:8480", with the port that was taken. Borrowed from the server. */
const char *http_url(const struct http_server *server);
/* Ends the streams, closes everything, waits for the thread (at most about a second for slow clients). NULL is fine. */
void http_stop(struct http_server *server);

/* Value of a query argument, borrowed from the request; NULL when absent. */
const char *http_query(const struct http_request *request, const char *name);

/* A feed holds one current value and sends it to every client now and whenever it changes (text/event-stream, one `data:`
 * line). A client that is slower than the changes is sent the newest only: nothing queues, and nothing old arrives late. */
TRUNDLE_MUST_USE enum trundle_status http_feed_new(struct http_feed **out_feed);
/* Copies n bytes of text; line breaks become spaces (JSON may not hold raw ones inside its texts). `id` is the event's id. */
TRUNDLE_MUST_USE enum trundle_status http_feed_publish(struct http_feed *feed, uint64_t id, const void *text, size_t n);
/* Copy of the current value, appended to `out`; NOT_FOUND before the first publish. */
TRUNDLE_MUST_USE enum trundle_status http_feed_latest(struct http_feed *feed, struct bytes *out);
size_t http_feed_clients(struct http_feed *feed);
void http_feed_free(struct http_feed *feed);

/* The rules above, for tests: may a request name this Host; is this Origin the page of that Host? NULL texts are "absent". */
bool http_host_allowed(const char *host, const char *const *hosts, size_t hosts_n);
bool http_origin_allowed(const char *origin, const char *host);
