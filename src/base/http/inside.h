/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What the files of this room share; for nobody else. */
#pragma once

#include "base/http/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum { HTTP_URL = 96, HTTP_ETAG = 20, HTTP_SPARE = 16 /* connections over the limit, which are told so */ };

/* One thread with its own daemon of the library, its connections and streams. */
struct lane {
    struct http_server *server;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool running;
    int wake[2];                           /* a pipe that does not block; a byte says: look */
    int door[2];                           /* likewise; the numbers of sockets that are the lane's from now on */
    atomic_int load;                       /* connections, and sockets on their way */
    bool closing;                          /* the lane's thread only; so are those below */
    int young;                             /* connections that have not asked anything yet */
    int idle_turns;                        /* of the loop, in a row, that were due at once and brought nothing */
    bool moved;                            /* a callback came since the last turn */
    struct peer *peers;
    struct feed_client *streams;
};

struct http_server {
    struct http_config config;             /* defaults filled in */
    char url[HTTP_URL];
    char (*etags)[HTTP_ETAG];              /* of config.files */
    atomic_bool stop;
    atomic_int peers_n;
    int listening, shut[2];                /* -1: not open; a byte in the pipe `shut` ends the door */
    pthread_t door;
    bool door_running;
    struct lane *lanes;
    size_t lanes_n;
};

/* One connection. */
struct peer {
    struct lane *lane;
    int fd;
    bool head_in;                          /* its body is awaited */
    bool busy;                             /* a whole request is in; the reply may take its time */
    bool served;                           /* it has had a reply */
    bool young;                            /* no request has begun yet */
    bool over;                             /* beyond connections_max */
    int64_t since_ns;                      /* accepted, head in, or last reply done */
    struct peer *next, **back;
};

/* request.c: the library's callbacks; `user` is the lane. */
void *request_uri(void *user, const char *uri, struct MHD_Connection *c);
enum MHD_Result request_take(void *user, struct MHD_Connection *c, const char *path, const char *method, const char *version, const char *upload,
                             size_t *upload_n, void **request_context);
void request_done(void *user, struct MHD_Connection *c, void **request_context, enum MHD_RequestTerminationCode why);
struct peer *peer_of(struct MHD_Connection *c);

/* route.c: the route for method and path, with what stands for its variable parts (copied into `parts`, of `size` bytes) in
 * `request`. Otherwise NULL, and in `out_allow` the methods that the path does take, "" when there is no such path. */
enum { HTTP_ALLOW = 40 };
const struct http_route *route_find(const struct http_config *config, const char *method, const char *path, char *parts, size_t size,
                                    struct http_request *request, char out_allow[HTTP_ALLOW]);
/* Index of the file, -1 none. */
long route_file(const struct http_config *config, const char *path);

/* door.c: a thread; `user` is the server. Its counterpart in a lane's thread takes in what it was given. */
void *http_door(void *user);
void door_take(struct lane *lane);

/* address.c: a listening socket. */
TRUNDLE_MUST_USE enum trundle_status http_listen(const char *address, bool tls, int *out_fd, char out_url[HTTP_URL], struct trundle_error *err);

/* reply.c: answers; each returns what MHD_queue_response says. */
struct reply_refusal { int code, retry_s; const char *allow; bool close; };      /* retry_s 0, allow NULL: not said */
enum MHD_Result reply_error(struct MHD_Connection *c, const char *policy, struct reply_refusal how, const struct trundle_error *err);
/* Takes over reply->body. `etag` is "" when there is none. */
enum MHD_Result reply_send(struct MHD_Connection *c, const char *policy, struct http_reply *reply, const char *etag);
enum MHD_Result reply_stream(struct MHD_Connection *c, const char *policy, struct MHD_Response *stream);
/* Queues and lets go of `response` (NULL: no memory) with the headers that every reply has. `type` NULL: none. */
enum MHD_Result reply_queue(struct MHD_Connection *c, const char *policy, int code, const char *type, const char *cache, struct MHD_Response *response);
/* Cookie and name of the download, where the reply has them. `response` may be NULL. */
void reply_extras(struct MHD_Response *response, const struct http_reply *reply);
bool reply_known(struct MHD_Connection *c, const char *etag);
int reply_code(enum trundle_status status);
void reply_etag(const void *data, size_t n, char out[HTTP_ETAG]);

/* disk.c: reply->path, whole or the range that was asked for. */
enum MHD_Result disk_send(struct MHD_Connection *c, const char *policy, const struct http_reply *reply);
/* "bytes=0-99" of a file of n bytes. False: no range that we serve (several, another unit), send the whole. *out_n 0: outside of the file. */
bool disk_range(const char *text, uint64_t n, uint64_t *out_from, uint64_t *out_n);

/* feed.c: one client of one feed. All of it on the lane's thread, but for the resuming inside http_feed_publish. */
struct feed_client;
/* A byte to `wake_fd` (a pipe that does not block) makes the server's loop look. */
struct feed_client *feed_join(struct http_feed *feed, struct MHD_Connection *c, struct feed_client **list, const bool *closing, int wake_fd);
struct MHD_Response *feed_response(struct feed_client *client);    /* NULL: out of memory, the client is gone */
/* Wakes every client of the list that has been quiet since `before_ns`, to say "beat"; all of them when `all`. */
void feed_beat(struct feed_client *list, int64_t before_ns, bool all);
