/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Feeds: one current value, fanned out as server-sent events. A client with nothing to read is suspended inside the HTTP
 * library; a publish resumes it. Each client holds at most one event, the one it is being sent, so a slow one costs no memory
 * and skips what it was too slow for.
 *
 * Locks: the feed's own, then the library's. Never the other way round.
 */
#include "base/http/inside.h"
#include "base/std/time.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct event {
    size_t refs, n;
    char text[];
};

struct http_feed {
    pthread_mutex_t lock;
    struct event *current;                 /* counted; NULL before the first publish */
    uint64_t version;                      /* of publishes, not the caller's id */
    struct feed_client *clients;
    size_t clients_n;
};

struct feed_client {
    struct http_feed *feed;
    struct MHD_Connection *connection;
    const bool *closing;
    int wake_fd;
    struct event *sending;                 /* counted; NULL: a beat */
    size_t sent, sending_n;
    uint64_t version;                      /* of what was taken last */
    int64_t quiet_since_ns;
    bool suspended, beat;
    struct feed_client *next, **back;      /* in the feed */
    struct feed_client *list_next, **list_back;    /* in the server */
};

static const char beat_text[] = "event: beat\ndata:\n\n";

enum trundle_status http_feed_new(struct http_feed **out_feed)
{
    struct http_feed *feed = calloc(1, sizeof *feed);

    if (!feed)
        return TRUNDLE_NO_MEMORY;
    if (pthread_mutex_init(&feed->lock, NULL) != 0) {
        free(feed);
        return TRUNDLE_NO_MEMORY;
    }
    *out_feed = feed;
    return TRUNDLE_OK;
}

static void event_unref(struct event *event)
{
    if (event && --event->refs == 0)
        free(event);
}

void http_feed_free(struct http_feed *feed)
{
    if (!feed)
        return;
    event_unref(feed->current);
    (void)pthread_mutex_destroy(&feed->lock);
    free(feed);
}

enum { EVENT_HEAD = 64 };

enum trundle_status http_feed_publish(struct http_feed *feed, uint64_t id, const void *text, size_t n)
{
    struct event *event, *old;
    bool resumed = false;
    int head;

    if (n > SIZE_MAX - sizeof *event - EVENT_HEAD - 2)
        return TRUNDLE_TOO_LARGE;
    event = malloc(sizeof *event + EVENT_HEAD + n + 2);
    if (!event)
        return TRUNDLE_NO_MEMORY;
    head = snprintf(event->text, EVENT_HEAD, "retry: 500\nid: %" PRIu64 "\ndata: ", id);
    memcpy(event->text + head, text, n);
    for (char *at = event->text + head; at < event->text + head + n; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    memcpy(event->text + head + n, "\n\n", 2);
    event->n = (size_t)head + n + 2;
    event->refs = 1;

    (void)pthread_mutex_lock(&feed->lock);
    old = feed->current;
    feed->current = event;
    feed->version++;
    event_unref(old);
    for (struct feed_client *c = feed->clients; c; c = c->next) {
        if (c->suspended) {
            c->suspended = false;
            MHD_resume_connection(c->connection);
            resumed = true;
        }
        /* After the last client of a server (they stand together), or it could look too early. A full pipe wakes as well. */
        if (resumed && (!c->next || c->next->wake_fd != c->wake_fd)) {
            (void)!write(c->wake_fd, "", 1);
            resumed = false;
        }
    }
    (void)pthread_mutex_unlock(&feed->lock);
    return TRUNDLE_OK;
}

enum trundle_status http_feed_latest(struct http_feed *feed, struct bytes *out)
{
    enum trundle_status status = TRUNDLE_NOT_FOUND;

    (void)pthread_mutex_lock(&feed->lock);
    if (feed->current) {
        const char *data = strstr(feed->current->text, "data: ") + 6;     /* written above: it is there */

        status = bytes_append(out, data, feed->current->n - (size_t)(data - feed->current->text) - 2);
    }
    (void)pthread_mutex_unlock(&feed->lock);
    return status;
}

size_t http_feed_clients(struct http_feed *feed)
{
    size_t n;

    (void)pthread_mutex_lock(&feed->lock);
    n = feed->clients_n;
    (void)pthread_mutex_unlock(&feed->lock);
    return n;
}

/* The next event for this client, or false. Under the lock. */
static bool take_next(struct feed_client *c)
{
    struct http_feed *feed = c->feed;

    event_unref(c->sending);
    c->sending = NULL;
    c->sent = c->sending_n = 0;
    if (feed->current && c->version != feed->version) {
        c->sending = feed->current;
        c->sending->refs++;
        c->sending_n = c->sending->n;
        c->version = feed->version;
    } else if (c->beat) {
        c->sending_n = sizeof beat_text - 1;
    } else {
        return false;
    }
    c->beat = false;
    return true;
}

static ssize_t read_more(void *user, uint64_t position, char *out, size_t size)
{
    struct feed_client *c = user;
    size_t n = 0;

    (void)position;
    (void)pthread_mutex_lock(&c->feed->lock);
    if (*c->closing) {
        (void)pthread_mutex_unlock(&c->feed->lock);
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (c->sent < c->sending_n || take_next(c)) {
        n = c->sending_n - c->sent < size ? c->sending_n - c->sent : size;
        memcpy(out, (c->sending ? c->sending->text : beat_text) + c->sent, n);
        c->sent += n;
        c->quiet_since_ns = clock_mono_ns();
    } else {
        c->suspended = true;
        MHD_suspend_connection(c->connection);
    }
    (void)pthread_mutex_unlock(&c->feed->lock);
    return (ssize_t)n;
}

static void leave(void *user)
{
    struct feed_client *c = user;

    (void)pthread_mutex_lock(&c->feed->lock);
    *c->back = c->next;
    if (c->next)
        c->next->back = c->back;
    c->feed->clients_n--;
    event_unref(c->sending);
    (void)pthread_mutex_unlock(&c->feed->lock);
    *c->list_back = c->list_next;
    if (c->list_next)
        c->list_next->list_back = c->list_back;
    free(c);
}

struct feed_client *feed_join(struct http_feed *feed, struct MHD_Connection *connection, struct feed_client **list, const bool *closing,
                              int wake_fd)
{
    struct feed_client *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->feed = feed;
    c->connection = connection;
    c->closing = closing;
    c->wake_fd = wake_fd;
    c->beat = true;                        /* something at once, so that the client knows that it is connected */
    c->quiet_since_ns = clock_mono_ns();
    (void)pthread_mutex_lock(&feed->lock);
    c->next = feed->clients;
    c->back = &feed->clients;
    if (c->next)
        c->next->back = &c->next;
    feed->clients = c;
    feed->clients_n++;
    (void)pthread_mutex_unlock(&feed->lock);
    c->list_next = *list;
    c->list_back = list;
    if (c->list_next)
        c->list_next->list_back = &c->list_next;
    *list = c;
    return c;
}

struct MHD_Response *feed_response(struct feed_client *client)
{
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_more, client, leave);

    if (!response)
        leave(client);
    return response;
}

void feed_beat(struct feed_client *list, int64_t before_ns, bool all)
{
    for (struct feed_client *c = list; c; c = c->list_next) {
        (void)pthread_mutex_lock(&c->feed->lock);
        if (c->suspended && (all || c->quiet_since_ns <= before_ns)) {
            c->suspended = false;
            c->beat = true;
            MHD_resume_connection(c->connection);
        }
        (void)pthread_mutex_unlock(&c->feed->lock);
    }
}
