/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One request from its first line to its reply: what is refused before the body, the body within its bounds, the handler. */
#include "base/http/inside.h"
#include "base/std/time.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <strings.h>

enum { SWALLOW_BODIES = 16 };

struct call {
    struct http_request request;
    struct http_terms terms;
    struct bytes body;
    bool begun, refused, too_large;
    size_t swallowed, expected;            /* bytes: taken and thrown away; what the head says will come, 0 not said */
    char *target, *parts;                  /* owned; the path fits into `parts` with all its NULs */
    size_t parts_n;
    max_align_t note[];                    /* config.note_n bytes */
};

static const char *header(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static const char *method_of(const char *method)
{
    return strcmp(method, "HEAD") == 0 ? "GET" : method;
}

static bool from_another_site(struct MHD_Connection *c)
{
    const char *site = header(c, "Sec-Fetch-Site");

    if (!http_origin_allowed(header(c, "Origin"), header(c, "Host")))
        return true;
    return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

static bool is_type(const char *type, const char *wanted)
{
    size_t n = strlen(wanted);

    return type && strncasecmp(type, wanted, n) == 0 && (!type[n] || type[n] == ';' || type[n] == ' ');
}

/* The request in its last line before the body, and what it is answered by: a route, or a file when route is NULL. */
static int find(const struct http_server *s, const char *path, const char *method, struct call *call, char allow[HTTP_ALLOW], struct trundle_error *err)
{
    call->request.route = route_find(&s->config, method_of(method), path, call->parts, call->parts_n, &call->request, allow);
    if (call->request.route)
        return 0;
    if (route_file(&s->config, path) >= 0) {
        if (strcmp(method_of(method), "GET") == 0)
            return 0;
        (void)snprintf(allow, HTTP_ALLOW, "GET, HEAD");
    }
    if (allow[0]) {
        (void)error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "does not take %.20s", method);
        return 405;
    }
    (void)error_set(err, TRUNDLE_NOT_FOUND, path, NULL, "nothing is served here");
    return 404;
}

/* Everything that can be said before the body is read: 0, or the code of a refusal with `err` filled. */
static int refuse(const struct http_server *s, const struct peer *peer, struct MHD_Connection *c, const char *path, const char *method,
                  struct call *call, char allow[HTTP_ALLOW], struct trundle_error *err)
{
    const char *length = header(c, "Content-Length"), *host = header(c, "Host");
    bool brings = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    enum trundle_status status;
    int code;

    if (peer && peer->over) {
        (void)error_set(err, TRUNDLE_FULL, path, "try again later", "%d clients are connected, no more are served", s->config.connections_max);
        return 503;
    }
    if (!http_host_allowed(host, s->config.hosts, s->config.hosts_n)) {
        (void)error_set(err, TRUNDLE_BAD_INPUT, "Host", "call it by its IP address or by localhost", "%.100s is not a name of this server",
                        host ? host : "(none)");
        return 421;
    }
    code = find(s, path, method, call, allow, err);
    if (code)
        return code;
    if ((brings || strcmp(method, "DELETE") == 0) && from_another_site(c)) {
        (void)error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "only a page of this server may do that");
        return 403;
    }
    if (s->config.admit && call->request.route) {
        status = s->config.admit(s->config.user, &call->request, &call->terms, err);
        if (status != TRUNDLE_OK)
            return call->terms.status >= 400 ? call->terms.status : reply_code(status);
    }
    if (brings && !is_type(header(c, "Content-Type"), call->terms.takes)) {
        char hint[80];

        (void)snprintf(hint, sizeof hint, "Content-Type: %s", call->terms.takes);
        (void)error_set(err, TRUNDLE_UNSUPPORTED, path, hint, "takes %s", strcmp(call->terms.takes, "application/json") == 0 ? "JSON" : call->terms.takes);
        return 415;
    }
    call->expected = length ? (size_t)strtoull(length, NULL, 10) : 0;
    if (length && strtoull(length, NULL, 10) > call->terms.body_max) {
        (void)error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "the body has %.20s bytes, limit %zu", length, call->terms.body_max);
        return 413;
    }
    return 0;
}

static enum MHD_Result answer(struct lane *lane, struct MHD_Connection *c, const char *path, const char *method, struct call *call)
{
    const struct http_server *s = lane->server;
    const char *policy = s->config.policy;
    const struct http_route *route = call->request.route;
    struct http_reply reply = { 0 };
    struct trundle_error err = { 0 };
    char etag[HTTP_ETAG] = "";
    enum trundle_status status;

    if (call->too_large) {
        (void)error_set(&err, TRUNDLE_TOO_LARGE, path, NULL, "the body has more than %zu bytes", call->terms.body_max);
        return reply_error(c, policy, (struct reply_refusal){ .code = 413, .close = true }, &err);
    }
    if (!route) {
        long file = route_file(&s->config, path);        /* `refuse` has seen that there is one */

        reply = (struct http_reply){ .type = s->config.files[file].type, .file = s->config.files[file].data, .file_n = *s->config.files[file].n };
        return reply_send(c, policy, &reply, s->etags[file]);
    }
    call->request.body = call->body.data;
    call->request.body_n = call->body.n;
    status = route->handler(route->user ? route->user : s->config.user, &call->request, &reply, &err);
    if (status != TRUNDLE_OK) {
        bytes_done(&reply.body);
        if (reply.open_fd)
            (void)close(reply.open_fd);
        if (!err.what[0])
            (void)error_set(&err, status, path, NULL, "%s", trundle_status_text(status));
        return reply_error(c, policy, (struct reply_refusal){ .code = reply.status >= 400 ? reply.status : reply_code(status), .retry_s = reply.retry_s }, &err);
    }
    if (reply.feed && strcmp(method, "HEAD") != 0) {
        struct feed_client *client = feed_join(reply.feed, c, &lane->streams, &lane->closing, lane->wake[1]);

        bytes_done(&reply.body);
        return client ? reply_stream(c, policy, feed_response(client)) : MHD_NO;
    }
    if (reply.path[0] || reply.open_fd) {
        bytes_done(&reply.body);
        return disk_send(c, policy, &reply);
    }
    if (reply.cache == HTTP_REVALIDATE)
        reply_etag(reply.file ? reply.file : reply.body.data, reply.file ? reply.file_n : reply.body.n, etag);
    return reply_send(c, policy, &reply, etag);
}

/* ---- the library's side ---- */

struct peer *peer_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static void call_free(struct call *call)
{
    if (!call)
        return;
    bytes_done(&call->body);
    free(call->target);
    free(call->parts);
    free(call);
}

/* The first line as it came, before anything is decoded. What is returned is the request's context in `request_take`. */
void *request_uri(void *user, const char *uri, struct MHD_Connection *c)
{
    struct lane *lane = user;
    struct call *call = calloc(1, sizeof *call + lane->server->config.note_n);
    struct peer *peer = peer_of(c);

    lane->moved = true;
    if (peer && peer->young) {
        peer->young = false;
        lane->young--;
    }
    if (!call)
        return NULL;
    call->parts_n = strlen(uri) + HTTP_PARTS + 1;
    call->target = strdup(uri);
    call->parts = calloc(1, call->parts_n);
    if (!call->target || !call->parts) {
        call_free(call);
        return NULL;
    }
    return call;
}

static enum MHD_Result begin(struct lane *lane, struct MHD_Connection *c, const char *path, const char *method, struct call *call)
{
    const struct http_server *s = lane->server;
    struct peer *peer = peer_of(c);
    struct trundle_error err = { 0 };
    char allow[HTTP_ALLOW] = "";
    int code;

    call->begun = true;
    call->request.method = method_of(method);
    call->request.path = path;
    call->request.target = call->target;
    call->request.note = call->note;
    call->request.connection = c;
    call->terms = (struct http_terms){ .body_max = s->config.body_max, .takes = "application/json" };
    if (peer) {
        peer->head_in = true;
        peer->since_ns = clock_mono_ns();
        if (s->config.idle_s != s->config.stall_s)
            (void)MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)s->config.stall_s);
    }
    code = refuse(s, peer, c, path, method, call, allow, &err);
    if (!code)
        return MHD_YES;
    call->refused = true;
    if (peer)
        peer->busy = true;
    if (!err.what[0])
        (void)error_set(&err, TRUNDLE_BAD_INPUT, path, NULL, "refused");
    return reply_error(c, s->config.policy, (struct reply_refusal){ .code = code, .retry_s = call->terms.retry_s, .allow = allow[0] ? allow : NULL,
                                                                     .close = code == 413 || code == 503 }, &err);
}

/* The library calls this once when the header is in, for each piece of body, and once at the end. */
enum MHD_Result request_take(void *user, struct MHD_Connection *c, const char *path, const char *method, const char *version, const char *upload,
                             size_t *upload_n, void **request_context)
{
    struct lane *lane = user;
    struct call *call = *request_context;
    struct peer *peer = peer_of(c);

    (void)version;
    lane->moved = true;
    if (!call)
        return MHD_NO;
    if (!call->begun)
        return begin(lane, c, path, method, call);
    if (*upload_n) {
        if (!call->body.data && call->expected && call->expected <= call->terms.body_max && bytes_reserve(&call->body, call->expected) != TRUNDLE_OK)
            call->too_large = true;        /* at once, so that a large body does not move again and again */
        if (call->body.n + *upload_n > call->terms.body_max || bytes_append(&call->body, upload, *upload_n) != TRUNDLE_OK)
            call->too_large = true;
        call->swallowed += *upload_n;
        *upload_n = 0;
        return call->swallowed / SWALLOW_BODIES > call->terms.body_max ? MHD_NO : MHD_YES;   /* a reply may only follow the whole body */
    }
    if (call->refused)
        return MHD_YES;
    if (peer)
        peer->busy = true;
    return answer(lane, c, path, method, call);
}

void request_done(void *user, struct MHD_Connection *c, void **request_context, enum MHD_RequestTerminationCode why)
{
    struct lane *lane = user;
    struct peer *peer = peer_of(c);

    (void)why;
    if (peer) {
        peer->busy = peer->head_in = false;
        peer->served = true;
        peer->since_ns = clock_mono_ns();
        if (lane->server->config.idle_s != lane->server->config.stall_s)
            (void)MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)lane->server->config.idle_s);
    }
    call_free(*request_context);
    *request_context = NULL;
}

/* ---- what handlers ask ---- */

static const char *value(const struct http_request *request, enum MHD_ValueKind kind, const char *name)
{
    union { const void *borrowed; struct MHD_Connection *connection; } c = { .borrowed = request->connection };

    return MHD_lookup_connection_value(c.connection, kind, name);
}

const char *http_query(const struct http_request *request, const char *name)
{
    return value(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return value(request, MHD_HEADER_KIND, name);
}

const char *http_cookie(const struct http_request *request, const char *name)
{
    return value(request, MHD_COOKIE_KIND, name);
}
