/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * base/http - a small HTTP/1.1 server: routes, files from the binary and from the disk, server-sent events, TLS. libmicrohttpd underneath.
 *
 *     static const struct http_route routes[] = {
 *         { "GET", "/", hello, NULL }, { "POST", "/touch", touch, NULL }, { "GET", "/picture/", picture, NULL } };
 *     struct http_config config = { .address = "127.0.0.1:8480", .routes = routes, .routes_n = COUNT_OF(routes) };
 *     TRY(http_start(&config, &server, err));
 *     puts(http_url(server));
 *     http_stop(server);
 *
 * Threads: by default one thread of its own serves everything; handlers run on it, one at a time, and must not wait. With
 * `threads` N, a connection goes to that of N such threads which has the fewest: handlers run at once, must guard what they share,
 * and a handler that waits holds up only the connections of its thread. One more thread accepts connections and does nothing else. http_feed_publish may be called by any thread, a handler too. http_stop is
 * called by the thread that started the server.
 * Limits: each one below is held and answered (413, 431, 503) or ends in a closed connection; none grows memory.
 * What a browser of another site may not do: the Host must be an IP address, localhost or a name in `hosts` (a rebound name
 * gets 421), what changes something (POST, PUT, DELETE) must come from a page of this server when the browser says where it is
 * from (403), and a body must be JSON, or what its route takes (415). Every reply forbids other origins, framing, sniffing and scripts or styles from elsewhere.
 * Errors to the client are JSON, {"where":...,"what":...,"hint":...}, with a fitting 4xx or 5xx.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>

struct http_server;                        /* owned by who started it */
struct http_feed;                          /* owned by who made it; must outlive the servers that serve it */

enum { HTTP_PARTS = 4, HTTP_COOKIE = 256, HTTP_NAME = 96, HTTP_PATH = 1024, HTTP_TAG = 80 };

/* All borrowed for the duration of the handler. */
struct http_request {
    const char *method;                    /* "GET" (HEAD arrives as GET), "POST", "PUT", "DELETE" */
    const char *path;                      /* decoded, without the query */
    const char *rest;                      /* what follows a route that ends in '/' */
    const char *part[HTTP_PARTS];          /* what stood for the {..} of the route, in order; "" for those that it has not */
    const char *target;                    /* path and query as they were sent, for signatures */
    const struct http_route *route;
    void *note;                            /* config.note_n zeroed bytes that live as long as the request: from `admit` to the handler */
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
    int status;                            /* 0: 200 with a body or feed, else 204. 400 and up: also for a handler that fails */
    int retry_s;                           /* of a failure: not 0: say when to come again */
    const char *type;                      /* static storage; NULL with a body: application/json */
    struct bytes body;                     /* owned by the reply, taken over by the server also on failure */
    const void *file;                      /* or, instead of body: content that lives as long as the server */
    size_t file_n;
    char path[HTTP_PATH];                  /* or: a file of the disk, sent in pieces, with byte ranges. NOT_FOUND when it is not there */
    int open_fd;                           /* or: such a file, open, taken over by the server also on failure; 0 none */
    char tag[HTTP_TAG];                    /* of the file: what names its content, for the ETag; "" none */
    char cookie[HTTP_COOKIE];              /* a Set-Cookie line; "" none */
    char save_as[HTTP_NAME];               /* offered as a download of that name (a-z A-Z 0-9 - _ .); "" none */
    enum http_cache cache;
    struct http_feed *feed;                /* or: the client stays and is sent this feed */
};

/* Anything but TRUNDLE_OK becomes an error reply made of `err`: BAD_ARG, BAD_INPUT, CORRUPT, TRUNCATED 400, NOT_FOUND 404,
 * CONFLICT 409, TOO_LARGE 413, UNSUPPORTED 422, FULL and DEVICE 503, else 500. */
typedef enum trundle_status http_handler(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err);

struct http_route {
    const char *method;                    /* "GET", "POST", "PUT" or "DELETE" */
    const char *path;                      /* exact, "{...}" is one part of any text; when longer than "/" and ending in '/', a prefix */
    http_handler *handler;
    void *user;                            /* borrowed, given to the handler; NULL: config.user */
};

/* What one request may bring; set from the configuration before `admit`. */
struct http_terms {
    size_t body_max;
    const char *takes;                     /* content type of the body; static storage */
    int status, retry_s;                   /* of a refusal, as in the reply */
};

/* Asked once the head of a request is in and its route is known, before any of its body is taken: who is it, may he, how much
 * may he send? Anything but TRUNDLE_OK refuses, and the body is not read. */
typedef enum trundle_status http_admit(void *user, const struct http_request *request, struct http_terms *terms, struct trundle_error *err);

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
    http_admit *admit;                     /* NULL: everybody. Gets config.user */
    size_t note_n;                         /* bytes of request.note */
    int threads;                           /* default 1 */
    const char *certificate_pem, *key_pem; /* both: TLS 1.2 and 1.3 alone; copied */
    const char *policy;                    /* Content-Security-Policy; default: own scripts, styles, images and connections only */
    int connections_max;                   /* default 1000; the 16 after that get 503, the rest wait in the system's queue */
    size_t body_max;                       /* bytes; default 65536 */
    int request_s;                         /* a connection that has not brought a whole request by then is closed; default 10 */
    int body_s;                            /* the same from the end of the head on; default request_s */
    int idle_s;                            /* between two requests of a connection; default the lesser of request_s and stall_s */
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
/* Value of a header, and of a cookie; the same. */
const char *http_header(const struct http_request *request, const char *name);
const char *http_cookie(const struct http_request *request, const char *name);
/* The client's address, without its port. Returns out. */
enum { HTTP_PEER = 48 };
const char *http_peer(const struct http_request *request, char out[HTTP_PEER]);

/* Lower-case hex of the sha256 of the body, for signatures: by the TLS library, which uses the instructions that the processor has for it. Returns out. */
enum { HTTP_HASH = 65 };
const char *http_body_sha256(const struct http_request *request, char out[HTTP_HASH]);

/* A self-signed certificate of 10 years (P-256) for this machine under `names` (IP addresses or DNS names), as PEM. */
TRUNDLE_MUST_USE enum trundle_status http_certificate_make(const char *const *names, size_t n, struct bytes *out_certificate, struct bytes *out_key,
                                                           struct trundle_error *err);
/* What a client pins: "sha256//" and the base64 of the hash of the certificate's public key. BAD_INPUT: not a certificate. */
enum { HTTP_PIN = 56 };
TRUNDLE_MUST_USE enum trundle_status http_certificate_pin(const char *certificate_pem, char out_pin[HTTP_PIN], struct trundle_error *err);

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
