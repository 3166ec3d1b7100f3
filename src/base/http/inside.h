/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What the files of this room share; for nobody else. */
#pragma once

#include "base/http/http.h"

#include <microhttpd.h>

enum { HTTP_URL = 96, HTTP_ETAG = 20 };

/* address.c: a listening socket. */
TRUNDLE_MUST_USE enum trundle_status http_listen(const char *address, int *out_fd, char out_url[HTTP_URL], struct trundle_error *err);

/* reply.c: answers; each returns what MHD_queue_response says. */
enum MHD_Result reply_error(struct MHD_Connection *c, const char *policy, int code, const char *allow, const struct trundle_error *err, bool close);
/* Takes over reply->body. `etag` is "" when there is none. */
enum MHD_Result reply_send(struct MHD_Connection *c, const char *policy, struct http_reply *reply, const char *etag);
enum MHD_Result reply_stream(struct MHD_Connection *c, const char *policy, struct MHD_Response *stream);
int reply_code(enum trundle_status status);
void reply_etag(const void *data, size_t n, char out[HTTP_ETAG]);

/* feed.c: one client of one feed. All of it on the server's thread, but for the resuming inside http_feed_publish. */
struct feed_client;
/* A byte to `wake_fd` (a pipe that does not block) makes the server's loop look. */
struct feed_client *feed_join(struct http_feed *feed, struct MHD_Connection *c, struct feed_client **list, const bool *closing, int wake_fd);
struct MHD_Response *feed_response(struct feed_client *client);    /* NULL: out of memory, the client is gone */
/* Wakes every client of the list that has been quiet since `before_ns`, to say "beat"; all of them when `all`. */
void feed_beat(struct feed_client *list, int64_t before_ns, bool all);
