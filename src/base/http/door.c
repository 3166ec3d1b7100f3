/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The door: a thread that accepts connections and gives each to the lane that has the fewest. Were the lanes to accept for themselves, the one that is awake
 * would take most of them, and a handler that waits there would hold up half of the clients while other lanes have none.
 */
#include "base/http/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_AGAIN_MS = 20 };

/* NULL: as many as may be are inside. */
static struct lane *freest(const struct http_server *s)
{
    struct lane *least = &s->lanes[0];
    int inside = 0;

    for (size_t i = 0; i < s->lanes_n; i++) {
        inside += s->lanes[i].load;
        if (s->lanes[i].load < least->load)
            least = &s->lanes[i];
    }
    return inside < s->config.connections_max + HTTP_SPARE ? least : NULL;
}

/* False: nobody is let in just now, the next ones wait in the system's queue. */
static bool let_in(struct http_server *s)
{
    struct lane *lane = freest(s);
    int fd;

    if (!lane)
        return false;
    fd = accept(s->listening, NULL, NULL);
    if (fd < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED;
    lane->load++;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || write(lane->door[1], &fd, sizeof fd) != (ssize_t)sizeof fd) {
        lane->load--;
        (void)close(fd);
    }
    return true;
}

void *http_door(void *user)
{
    struct http_server *s = user;
    struct pollfd fds[2] = { { .fd = s->shut[0], .events = POLLIN }, { .fd = s->listening, .events = POLLIN } };
    bool open = true;

    while (!s->stop) {
        (void)poll(fds, open ? 2 : 1, open ? -1 : LOOK_AGAIN_MS);
        open = let_in(s);
    }
    return NULL;
}

void door_take(struct lane *lane)
{
    struct sockaddr_storage address;
    int fd;

    while (read(lane->door[0], &fd, sizeof fd) == (ssize_t)sizeof fd) {
        socklen_t n = sizeof address;

        lane->moved = true;
        if (lane->server->stop || getpeername(fd, (struct sockaddr *)&address, &n) != 0)
            (void)close(fd);
        else
            (void)MHD_add_connection(lane->daemon, fd, (const struct sockaddr *)&address, n);      /* closes it when it fails */
        lane->load--;                      /* on_connection has counted it anew */
    }
}
