/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The server: one thread that waits for sockets, hands whole requests to handlers, and looks once in a while for clients
 * that waste its time. The library runs without threads of its own; only its suspend and resume cross threads (feed.c).
 */
#include "base/http/inside.h"
#include "base/std/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SPARE_CONNECTIONS = 16, TICK_MS = 250, STOP_TRIES = 100, SWALLOW_BODIES = 16 };

static const char default_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                                     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct peer {                              /* one connection */
    struct http_server *server;
    int fd;
    bool busy;                             /* a whole request is in; the reply may take its time */
    bool over;                             /* beyond connections_max */
    int64_t since_ns;                      /* accepted, or last reply done */
    struct peer *next, **back;
};

struct call {                              /* one request */
    struct bytes body;
    bool refused, too_large;
    size_t swallowed;
};

struct http_server {
    struct http_config config;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int wake[2];                           /* a pipe that does not block; a byte says: look */
    atomic_bool stop;
    bool closing;                          /* the server's thread only */
    char url[HTTP_URL];
    char (*etags)[HTTP_ETAG];              /* of config.files */
    struct peer *peers;
    int peers_n;
    struct feed_client *streams;
};

/* ---- a request ---- */

static bool route_fits(const struct http_route *route, const char *path, const char **out_rest)
{
    size_t n = strlen(route->path);

    if (n > 1 && route->path[n - 1] == '/' && strncmp(route->path, path, n) == 0 && path[n]) {
        *out_rest = path + n;
        return true;
    }
    *out_rest = "";
    return strcmp(route->path, path) == 0;
}

/* The route for method and path. Otherwise NULL, and the methods that the path does take, NULL when there is no such path. */
static const struct http_route *find_route(const struct http_server *s, const char *method, const char *path, const char **out_rest,
                                           const char **out_allow)
{
    bool get = false, post = false;

    for (size_t i = 0; i < s->config.routes_n; i++) {
        const struct http_route *route = &s->config.routes[i];

        if (!route_fits(route, path, out_rest))
            continue;
        if (strcmp(route->method, method) == 0)
            return route;
        *(strcmp(route->method, "GET") == 0 ? &get : &post) = true;
    }
    *out_allow = get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : post ? "POST" : NULL;
    return NULL;
}

static long find_file(const struct http_server *s, const char *path)
{
    for (size_t i = 0; i < s->config.files_n; i++)
        if (strcmp(s->config.files[i].path, path) == 0)
            return (long)i;
    return -1;
}

static const char *method_of(const char *method)
{
    return strcmp(method, "HEAD") == 0 ? "GET" : method;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static bool from_another_site(struct MHD_Connection *c)
{
    const char *site = header(c, "Sec-Fetch-Site");

    if (!http_origin_allowed(header(c, "Origin"), header(c, "Host")))
        return true;
    return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

/* Everything that can be said before the body is read: 0, or the code of a refusal with `err` filled. */
static int refuse(const struct http_server *s, const struct peer *peer, struct MHD_Connection *c, const char *path, const char *method,
                  const char **out_allow, struct trundle_error *err)
{
    const char *rest, *length = header(c, "Content-Length"), *type = header(c, "Content-Type"), *host = header(c, "Host");
    bool post = strcmp(method, "POST") == 0;

    *out_allow = NULL;
    if (peer && peer->over) {
        (void)error_set(err, TRUNDLE_FULL, path, "try again later", "%d clients are connected, no more are served", s->config.connections_max);
        return 503;
    }
    if (!http_host_allowed(host, s->config.hosts, s->config.hosts_n)) {
        (void)error_set(err, TRUNDLE_BAD_INPUT, "Host", "call it by its IP address or by localhost", "%.100s is not a name of this server",
                        host ? host : "(none)");
        return 421;
    }
    if (!find_route(s, method_of(method), path, &rest, out_allow)) {
        if (find_file(s, path) >= 0) {
            if (strcmp(method_of(method), "GET") == 0)
                return 0;
            *out_allow = "GET, HEAD";
        }
        if (*out_allow) {
            (void)error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "does not take %.20s", method);
            return 405;
        }
        (void)error_set(err, TRUNDLE_NOT_FOUND, path, NULL, "nothing is served here");
        return 404;
    }
    if (post && from_another_site(c)) {
        (void)error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "only a page of this server may do that");
        return 403;
    }
    if (post && (!type || strncasecmp(type, "application/json", 16) != 0 || (type[16] && type[16] != ';' && type[16] != ' '))) {
        (void)error_set(err, TRUNDLE_UNSUPPORTED, path, "Content-Type: application/json", "takes JSON");
        return 415;
    }
    if (length && strtoull(length, NULL, 10) > s->config.body_max) {
        (void)error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "the body has %.20s bytes, limit %zu", length, s->config.body_max);
        return 413;
    }
    return 0;
}

static enum MHD_Result answer(struct http_server *s, struct MHD_Connection *c, const char *path, const char *method, struct call *call)
{
    struct http_request request = { .method = method_of(method), .path = path, .body = call->body.data, .body_n = call->body.n, .connection = c };
    struct http_reply reply = { 0 };
    struct trundle_error err = { 0 };
    const struct http_route *route;
    const char *allow;
    char etag[HTTP_ETAG] = "";
    enum trundle_status status;

    if (call->too_large) {
        (void)error_set(&err, TRUNDLE_TOO_LARGE, path, NULL, "the body has more than %zu bytes", s->config.body_max);
        return reply_error(c, s->config.policy, 413, NULL, &err, true);
    }
    route = find_route(s, request.method, path, &request.rest, &allow);
    if (!route) {
        long file = find_file(s, path);        /* `refuse` has seen that there is one */

        reply = (struct http_reply){ .type = s->config.files[file].type, .file = s->config.files[file].data, .file_n = *s->config.files[file].n };
        return reply_send(c, s->config.policy, &reply, s->etags[file]);
    }
    status = route->handler(route->user ? route->user : s->config.user, &request, &reply, &err);
    if (status != TRUNDLE_OK) {
        bytes_done(&reply.body);
        if (!err.what[0])
            (void)error_set(&err, status, path, NULL, "%s", trundle_status_text(status));
        return reply_error(c, s->config.policy, reply_code(status), NULL, &err, false);
    }
    if (reply.feed && strcmp(method, "HEAD") != 0) {
        struct feed_client *client = feed_join(reply.feed, c, &s->streams, &s->closing, s->wake[1]);

        bytes_done(&reply.body);
        return client ? reply_stream(c, s->config.policy, feed_response(client)) : MHD_NO;
    }
    if (reply.cache == HTTP_REVALIDATE)
        reply_etag(reply.file ? reply.file : reply.body.data, reply.file ? reply.file_n : reply.body.n, etag);
    return reply_send(c, s->config.policy, &reply, etag);
}

static struct peer *peer_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

/* The library calls this once when the header is in, for each piece of body, and once at the end. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *c, const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_n, void **request_context)
{
    struct http_server *s = user;
    struct call *call = *request_context;
    struct peer *peer = peer_of(c);

    (void)version;
    if (!call) {
        struct trundle_error err;
        const char *allow;
        int code = refuse(s, peer, c, path, method, &allow, &err);

        call = calloc(1, sizeof *call);
        if (!call)
            return MHD_NO;
        *request_context = call;
        if (!code)
            return MHD_YES;
        call->refused = true;
        if (peer)
            peer->busy = true;
        return reply_error(c, s->config.policy, code, allow, &err, code == 413 || code == 503);
    }
    if (*upload_n) {
        if (call->body.n + *upload_n > s->config.body_max || bytes_append(&call->body, upload, *upload_n) != TRUNDLE_OK)
            call->too_large = true;
        call->swallowed += *upload_n;
        *upload_n = 0;
        return call->swallowed / SWALLOW_BODIES > s->config.body_max ? MHD_NO : MHD_YES;   /* a reply may only follow the whole body */
    }
    if (call->refused)
        return MHD_YES;
    if (peer)
        peer->busy = true;
    return answer(s, c, path, method, call);
}

static void on_done(void *user, struct MHD_Connection *c, void **request_context, enum MHD_RequestTerminationCode why)
{
    struct call *call = *request_context;
    struct peer *peer = peer_of(c);

    (void)user;
    (void)why;
    if (peer) {
        peer->busy = false;
        peer->since_ns = clock_mono_ns();
    }
    if (call)
        bytes_done(&call->body);
    free(call);
    *request_context = NULL;
}

static void on_connection(void *user, struct MHD_Connection *c, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct http_server *s = user;
    struct peer *peer = *socket_context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

        peer = calloc(1, sizeof *peer);
        if (!peer)
            return;                        /* served, but without a deadline */
        peer->server = s;
        peer->fd = info ? info->connect_fd : -1;
        peer->since_ns = clock_mono_ns();
        peer->over = s->peers_n >= s->config.connections_max;
        peer->next = s->peers;
        peer->back = &s->peers;
        if (peer->next)
            peer->next->back = &peer->next;
        s->peers = peer;
        s->peers_n++;
        *socket_context = peer;
    } else if (peer) {
        *peer->back = peer->next;
        if (peer->next)
            peer->next->back = peer->back;
        s->peers_n--;
        free(peer);
        *socket_context = NULL;
    }
}

/* ---- the thread ---- */

static void sweep(struct http_server *s, int64_t now_ns)
{
    for (struct peer *p = s->peers; p; p = p->next)
        if (!p->busy && now_ns - p->since_ns > s->config.request_s * NS_PER_S && p->fd >= 0)
            (void)shutdown(p->fd, SHUT_RDWR);      /* the library sees the end and cleans up */
    feed_beat(s->streams, now_ns - s->config.beat_s * NS_PER_S, false);
}

static void step(struct http_server *s, struct pollfd fds[2], int timeout_ms)
{
    MHD_UNSIGNED_LONG_LONG due_ms;
    char taken[256];

    if (MHD_get_timeout(s->daemon, &due_ms) == MHD_YES && (timeout_ms < 0 || due_ms < (unsigned long long)timeout_ms))
        timeout_ms = (int)due_ms;
    (void)poll(fds, 2, timeout_ms);
    if (fds[1].revents)
        while (read(fds[1].fd, taken, sizeof taken) > 0)
            ;
    (void)MHD_run(s->daemon);
}

static void *serve(void *user)
{
    struct http_server *s = user;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[2] = { { .fd = info->epoll_fd, .events = POLLIN }, { .fd = s->wake[0], .events = POLLIN } };
    int64_t swept_ns = clock_mono_ns();

    while (!s->stop) {
        int64_t now_ns;

        step(s, fds, s->peers ? TICK_MS : -1);
        now_ns = clock_mono_ns();
        if (now_ns - swept_ns >= MS_NS(TICK_MS)) {
            sweep(s, now_ns);
            swept_ns = now_ns;
        }
    }
    /* The library refuses to stop with suspended clients: end every stream first. */
    s->closing = true;
    MHD_socket listening = MHD_quiesce_daemon(s->daemon);
    if (listening != MHD_INVALID_SOCKET)
        (void)close(listening);
    for (int i = 0; i < STOP_TRIES && s->streams; i++) {
        feed_beat(s->streams, 0, true);
        step(s, fds, 10);
    }
    return NULL;
}

/* ---- start and stop ---- */

static void defaults(struct http_config *config)
{
    if (!config->policy)
        config->policy = default_policy;
    if (!config->connections_max)
        config->connections_max = 1000;
    if (!config->body_max)
        config->body_max = 65536;
    if (!config->request_s)
        config->request_s = 10;
    if (!config->stall_s)
        config->stall_s = 15;
    if (!config->beat_s)
        config->beat_s = 3;
}

static void server_free(struct http_server *s)
{
    if (s->wake[0] >= 0)
        (void)close(s->wake[0]);
    if (s->wake[1] >= 0)
        (void)close(s->wake[1]);
    free(s->etags);
    free(s);
}

static int start_thread(struct http_server *s)
{
    sigset_t all, before;
    int failed;

    (void)sigfillset(&all);                /* signals belong to the program's own threads */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&s->thread, NULL, serve, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

enum trundle_status http_start(const struct http_config *config, struct http_server **out_server, struct trundle_error *err)
{
    struct http_server *s;
    enum trundle_status status;
    int fd = -1;

    if (!config->address || config->connections_max < 0 || config->request_s < 0 || config->stall_s < 0 || config->beat_s < 0)
        return error_set(err, TRUNDLE_BAD_ARG, "http", NULL, "no address, or a negative limit");
    s = calloc(1, sizeof *s);
    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "http", NULL, "no memory for a server");
    s->config = *config;
    s->wake[0] = s->wake[1] = -1;
    defaults(&s->config);
    s->etags = calloc(config->files_n + 1, sizeof *s->etags);
    if (!s->etags || pipe(s->wake) != 0) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "http", NULL, "no memory or no file descriptor for a server");
        goto out;
    }
    for (size_t i = 0; i < config->files_n; i++)
        reply_etag(config->files[i].data, *config->files[i].n, s->etags[i]);
    for (int i = 0; i < 2; i++)
        if (fcntl(s->wake[i], F_SETFD, FD_CLOEXEC) < 0 || fcntl(s->wake[i], F_SETFL, O_NONBLOCK) < 0) {
            status = error_set(err, TRUNDLE_IO, "http", NULL, "a pipe: %s", strerror(errno));
            goto out;
        }
    TRY_GOTO(status, http_listen(config->address, &fd, s->url, err), out);
    s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, s,
                                 MHD_OPTION_LISTEN_SOCKET, fd,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)(s->config.connections_max + SPARE_CONNECTIONS),
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)s->config.stall_s,
                                 MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                 MHD_OPTION_NOTIFY_COMPLETED, on_done, s,
                                 MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
                                 MHD_OPTION_END);
    if (!s->daemon) {
        status = error_set(err, TRUNDLE_DEVICE, config->address, NULL, "the HTTP server does not start: %s", strerror(errno));
        (void)close(fd);
        goto out;
    }
    if (start_thread(s) != 0) {
        MHD_stop_daemon(s->daemon);
        status = error_set(err, TRUNDLE_NO_MEMORY, config->address, NULL, "no thread for the HTTP server");
        goto out;
    }
    *out_server = s;
    return TRUNDLE_OK;
out:
    server_free(s);
    return status;
}

const char *http_url(const struct http_server *server)
{
    return server->url;
}

void http_stop(struct http_server *server)
{
    if (!server)
        return;
    server->stop = true;
    (void)!write(server->wake[1], "", 1);
    (void)pthread_join(server->thread, NULL);
    MHD_stop_daemon(server->daemon);
    server_free(server);
}

const char *http_query(const struct http_request *request, const char *name)
{
    union { const void *borrowed; struct MHD_Connection *connection; } c = { .borrowed = request->connection };

    return MHD_lookup_connection_value(c.connection, MHD_GET_ARGUMENT_KIND, name);
}
