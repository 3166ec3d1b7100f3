/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The server: threads (lanes) that wait for their sockets, hand whole requests to handlers, and look once in a while for clients
 * that waste their time. The library runs without threads of its own; only its suspend and resume cross threads (feed.c).
 */
#include "base/http/inside.h"
#include "base/std/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICK_MS = 250, STOP_TRIES = 100, THREADS_MAX = 64, IDLE_TURNS = 4, CONNECTION_BYTES = 32 << 10 };

static const char default_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                                     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static void on_connection(void *user, struct MHD_Connection *c, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct lane *lane = user;
    struct http_server *s = lane->server;
    struct peer *peer = *socket_context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

        lane->load++;
        peer = calloc(1, sizeof *peer);
        if (!peer)
            return;                        /* served, but without a deadline */
        peer->lane = lane;
        peer->fd = info ? info->connect_fd : -1;
        peer->since_ns = clock_mono_ns();
        peer->over = atomic_fetch_add(&s->peers_n, 1) >= s->config.connections_max;
        peer->next = lane->peers;
        peer->back = &lane->peers;
        if (peer->next)
            peer->next->back = &peer->next;
        lane->peers = peer;
        peer->young = true;
        lane->young++;
        *socket_context = peer;
        return;
    }
    lane->load--;
    if (peer) {
        lane->young -= peer->young;
        *peer->back = peer->next;
        if (peer->next)
            peer->next->back = peer->back;
        (void)atomic_fetch_sub(&s->peers_n, 1);
        free(peer);
        *socket_context = NULL;
    }
}

/* ---- a lane's thread ---- */

static void sweep(struct lane *lane, int64_t now_ns)
{
    const struct http_config *config = &lane->server->config;

    for (struct peer *p = lane->peers; p; p = p->next) {
        int limit_s = p->head_in ? config->body_s : p->served ? config->idle_s : config->request_s;

        if (!p->busy && now_ns - p->since_ns > limit_s * NS_PER_S && p->fd >= 0)
            (void)shutdown(p->fd, SHUT_RDWR);      /* the library sees the end and cleans up */
    }
    feed_beat(lane->streams, now_ns - config->beat_s * NS_PER_S, false);
}

static void step(struct lane *lane, struct pollfd fds[3], int timeout_ms)
{
    MHD_UNSIGNED_LONG_LONG due_ms;
    char taken[256];

    if (MHD_get_timeout(lane->daemon, &due_ms) == MHD_YES && (timeout_ms < 0 || due_ms < (unsigned long long)timeout_ms))
        timeout_ms = (int)due_ms;
    /* While a TLS handshake waits for its client, the library wants to be called again at once, and does nothing: a client that stops there would cost a core. */
    lane->idle_turns = lane->moved || timeout_ms ? 0 : lane->idle_turns + 1;
    lane->moved = false;
    if (lane->idle_turns > IDLE_TURNS && lane->young)
        timeout_ms = 2;
    (void)poll(fds, 3, timeout_ms);
    if (fds[1].revents)
        while (read(fds[1].fd, taken, sizeof taken) > 0)
            ;
    if (fds[2].revents)
        door_take(lane);
    (void)MHD_run(lane->daemon);
}

static void *serve(void *user)
{
    struct lane *lane = user;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(lane->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[3] = { { .fd = info->epoll_fd, .events = POLLIN }, { .fd = lane->wake[0], .events = POLLIN }, { .fd = lane->door[0], .events = POLLIN } };
    int64_t swept_ns = clock_mono_ns();

    while (!lane->server->stop) {
        int64_t now_ns;

        step(lane, fds, lane->peers ? TICK_MS : -1);
        now_ns = clock_mono_ns();
        if (now_ns - swept_ns >= MS_NS(TICK_MS)) {
            sweep(lane, now_ns);
            swept_ns = now_ns;
        }
    }
    /* The library refuses to stop with suspended clients: end every stream first. */
    lane->closing = true;
    for (int i = 0; i < STOP_TRIES && lane->streams; i++) {
        feed_beat(lane->streams, 0, true);
        step(lane, fds, 10);
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
    if (!config->threads)
        config->threads = 1;
    if (!config->request_s)
        config->request_s = 10;
    if (!config->body_s)
        config->body_s = config->request_s;
    if (!config->stall_s)
        config->stall_s = 15;
    if (!config->idle_s)
        config->idle_s = config->request_s < config->stall_s ? config->request_s : config->stall_s;
    if (!config->beat_s)
        config->beat_s = 3;
}

static enum trundle_status pipe_open(int out[2], struct trundle_error *err)
{
    if (pipe(out) != 0) {
        out[0] = out[1] = -1;
        return error_set(err, TRUNDLE_IO, "http", NULL, "a pipe: %s", strerror(errno));
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(out[i], F_SETFD, FD_CLOEXEC) < 0 || fcntl(out[i], F_SETFL, O_NONBLOCK) < 0)
            return error_set(err, TRUNDLE_IO, "http", NULL, "a pipe: %s", strerror(errno));
    return TRUNDLE_OK;
}

static void pipe_close(const int fd[2])
{
    for (int i = 0; i < 2; i++)
        if (fd[i] >= 0)
            (void)close(fd[i]);
}

static enum trundle_status lane_open(struct lane *lane, struct trundle_error *err)
{
    const struct http_config *config = &lane->server->config;
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, NULL }, { MHD_OPTION_HTTPS_MEM_KEY, 0, NULL }, { MHD_OPTION_HTTPS_PRIORITIES, 0, NULL },
        { MHD_OPTION_END, 0, NULL },
    };
    union { const char *text; char *option; } certificate = { config->certificate_pem }, key = { config->key_pem },
                                              priorities = { "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET;

    if (config->certificate_pem) {
        flags |= MHD_USE_TLS;
        tls[0].ptr_value = certificate.option;
        tls[1].ptr_value = key.option;
        tls[2].ptr_value = priorities.option;
    } else {
        tls[0].option = MHD_OPTION_END;
    }
    TRY(pipe_open(lane->wake, err));
    TRY(pipe_open(lane->door, err));
    lane->daemon = MHD_start_daemon(flags, 0, NULL, NULL, request_take, lane,
                                    MHD_OPTION_CONNECTION_LIMIT, (unsigned)(config->connections_max + HTTP_SPARE),
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                                    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->stall_s,
                                    MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,                  /* start_thread blocks it */
                                    MHD_OPTION_URI_LOG_CALLBACK, request_uri, lane,
                                    MHD_OPTION_NOTIFY_COMPLETED, request_done, lane,
                                    MHD_OPTION_NOTIFY_CONNECTION, on_connection, lane,
                                    MHD_OPTION_ARRAY, tls,
                                    MHD_OPTION_END);
    if (!lane->daemon)
        return error_set(err, TRUNDLE_DEVICE, config->address, config->certificate_pem ? "is the certificate one, and the key its key?" : NULL,
                         "the HTTP server does not start: %s", errno ? strerror(errno) : "refused by the library");
    return TRUNDLE_OK;
}

static enum trundle_status start_thread(pthread_t *thread, void *run(void *), void *user, bool *out_running, struct trundle_error *err)
{
    sigset_t all, before;
    int failed;

    (void)sigfillset(&all);                /* signals belong to the program's own threads */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(thread, NULL, run, user);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    *out_running = !failed;
    return failed ? error_set(err, TRUNDLE_NO_MEMORY, "http", NULL, "no thread for the HTTP server") : TRUNDLE_OK;
}

enum trundle_status http_start(const struct http_config *config, struct http_server **out_server, struct trundle_error *err)
{
    struct http_server *s;
    enum trundle_status status;

    if (!config->address || config->connections_max < 0 || config->request_s < 0 || config->body_s < 0 || config->idle_s < 0 || config->stall_s < 0 ||
        config->beat_s < 0 || config->threads < 0 || config->threads > THREADS_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, "http", NULL, "no address, a negative limit, or more than %d threads", THREADS_MAX);
    if (!config->certificate_pem != !config->key_pem)
        return error_set(err, TRUNDLE_BAD_ARG, "http", NULL, "a certificate needs its key, and a key its certificate");
    if (config->certificate_pem && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return error_set(err, TRUNDLE_UNSUPPORTED, "http", "take a libmicrohttpd that was built with GnuTLS", "this libmicrohttpd has no TLS");
    s = calloc(1, sizeof *s);
    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "http", NULL, "no memory for a server");
    s->config = *config;
    s->listening = s->shut[0] = s->shut[1] = -1;
    defaults(&s->config);
    s->etags = calloc(config->files_n + 1, sizeof *s->etags);
    s->lanes = calloc((size_t)s->config.threads, sizeof *s->lanes);
    if (!s->etags || !s->lanes) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "http", NULL, "no memory for a server");
        goto out;
    }
    for (size_t i = 0; i < config->files_n; i++)
        reply_etag(config->files[i].data, *config->files[i].n, s->etags[i]);
    TRY_GOTO(status, pipe_open(s->shut, err), out);
    TRY_GOTO(status, http_listen(config->address, config->certificate_pem != NULL, &s->listening, s->url, err), out);
    for (int i = 0; i < s->config.threads; i++) {
        struct lane *lane = &s->lanes[s->lanes_n++];

        lane->server = s;
        lane->wake[0] = lane->wake[1] = lane->door[0] = lane->door[1] = -1;
        TRY_GOTO(status, lane_open(lane, err), out);
    }
    for (size_t i = 0; i < s->lanes_n; i++)
        TRY_GOTO(status, start_thread(&s->lanes[i].thread, serve, &s->lanes[i], &s->lanes[i].running, err), out);
    TRY_GOTO(status, start_thread(&s->door, http_door, s, &s->door_running, err), out);
    *out_server = s;
    s = NULL;
out:
    http_stop(s);
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
    if (server->door_running) {
        (void)!write(server->shut[1], "", 1);
        (void)pthread_join(server->door, NULL);
    }
    if (server->listening >= 0)
        (void)close(server->listening);
    pipe_close(server->shut);
    for (size_t i = 0; i < server->lanes_n; i++)
        if (server->lanes[i].running)
            (void)!write(server->lanes[i].wake[1], "", 1);
    for (size_t i = 0; i < server->lanes_n; i++) {
        struct lane *lane = &server->lanes[i];

        if (lane->running)
            (void)pthread_join(lane->thread, NULL);
        if (lane->daemon)
            MHD_stop_daemon(lane->daemon);
        if (lane->door[0] >= 0)
            door_take(lane);               /* closes what came too late */
        pipe_close(lane->wake);
        pipe_close(lane->door);
    }
    free(server->lanes);
    free(server->etags);
    free(server);
}
