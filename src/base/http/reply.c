/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What goes back: the headers that every reply has, bodies, errors as JSON. */
#include "base/http/inside.h"
#include "base/std/hash.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int reply_code(enum trundle_status status)
{
    switch (status) {
    case TRUNDLE_BAD_ARG:
    case TRUNDLE_BAD_INPUT:
    case TRUNDLE_CORRUPT:
    case TRUNDLE_TRUNCATED:
        return 400;
    case TRUNDLE_NOT_FOUND:
        return 404;
    case TRUNDLE_CONFLICT:
        return 409;
    case TRUNDLE_TOO_LARGE:
        return 413;
    case TRUNDLE_UNSUPPORTED:
        return 422;
    case TRUNDLE_FULL:
    case TRUNDLE_DEVICE:
        return 503;
    default:
        return 500;
    }
}

void reply_etag(const void *data, size_t n, char out[HTTP_ETAG])
{
    (void)snprintf(out, HTTP_ETAG, "\"%016" PRIx64 "\"", hash64(data, n, 0));
}

enum MHD_Result reply_queue(struct MHD_Connection *c, const char *policy, int code, const char *type, const char *cache,
                            struct MHD_Response *response)
{
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    if (type)
        (void)MHD_add_response_header(response, "Content-Type", type);
    (void)MHD_add_response_header(response, "Cache-Control", cache);
    (void)MHD_add_response_header(response, "Content-Security-Policy", policy);
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    (void)MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    (void)MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
    result = MHD_queue_response(c, (unsigned)code, response);
    MHD_destroy_response(response);
    return result;
}

bool reply_known(struct MHD_Connection *c, const char *etag)
{
    const char *has = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-None-Match");

    return has && etag[0] && (strstr(has, etag) || strcmp(has, "*") == 0);
}

void reply_extras(struct MHD_Response *response, const struct http_reply *reply)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    char line[HTTP_NAME + 32];

    if (response && reply->cookie[0])
        (void)MHD_add_response_header(response, "Set-Cookie", reply->cookie);
    if (response && reply->save_as[0] && !reply->save_as[strspn(reply->save_as, plain)]) {
        (void)snprintf(line, sizeof line, "attachment; filename=\"%s\"", reply->save_as);
        (void)MHD_add_response_header(response, "Content-Disposition", line);
    }
}

enum MHD_Result reply_send(struct MHD_Connection *c, const char *policy, struct http_reply *reply, const char *etag)
{
    bool has_body = reply->body.data || reply->file;
    const char *cache = etag[0] ? "no-cache" : "no-store", *type = reply->type ? reply->type : "application/json";
    int code = reply->status ? reply->status : has_body ? 200 : 204;
    struct MHD_Response *response;
    static char none[1];

    if (code == 200 && reply_known(c, etag)) {
        bytes_done(&reply->body);
        response = MHD_create_response_from_buffer(0, none, MHD_RESPMEM_PERSISTENT);
        code = 304;
        type = NULL;
    } else if (reply->body.data) {
        response = MHD_create_response_from_buffer(reply->body.n, reply->body.data, MHD_RESPMEM_MUST_FREE);
        if (!response)
            bytes_done(&reply->body);
        reply->body = (struct bytes){ 0 };
    } else if (reply->file) {
        union { const void *const_data; void *data; } file = { .const_data = reply->file };   /* the library only reads it */

        response = MHD_create_response_from_buffer(reply->file_n, file.data, MHD_RESPMEM_PERSISTENT);
    } else {
        response = MHD_create_response_from_buffer(0, none, MHD_RESPMEM_PERSISTENT);
        type = NULL;
    }
    if (response && etag[0])
        (void)MHD_add_response_header(response, "ETag", etag);
    reply_extras(response, reply);
    return reply_queue(c, policy, code, type, cache, response);
}

enum MHD_Result reply_stream(struct MHD_Connection *c, const char *policy, struct MHD_Response *stream)
{
    return reply_queue(c, policy, 200, "text/event-stream; charset=utf-8", "no-store", stream);
}

/* Error texts may quote what came in; what is not UTF-8 becomes '?'. */
static json_t *safe_text(const char *text)
{
    json_t *value = json_string(text);
    char plain[sizeof ((struct trundle_error *)0)->what];
    size_t n = 0;

    if (value)
        return value;
    for (; text[n] && n < sizeof plain - 1; n++)
        plain[n] = (unsigned char)text[n] < 0x80 ? text[n] : '?';
    plain[n] = '\0';
    return json_string(plain);
}

enum MHD_Result reply_error(struct MHD_Connection *c, const char *policy, struct reply_refusal how, const struct trundle_error *err)
{
    json_t *object = json_pack("{s:o,s:o,s:o}", "where", safe_text(err->where), "what", safe_text(err->what), "hint", safe_text(err->hint));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    struct MHD_Response *response = NULL;

    json_decref(object);
    if (text)
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(text);
    if (response && how.allow)
        (void)MHD_add_response_header(response, "Allow", how.allow);
    if (response && how.retry_s > 0) {
        char seconds[16];

        (void)snprintf(seconds, sizeof seconds, "%d", how.retry_s);
        (void)MHD_add_response_header(response, "Retry-After", seconds);
    }
    if (response && how.close)
        (void)MHD_add_response_header(response, "Connection", "close");
    return reply_queue(c, policy, how.code, "application/json", "no-store", response);
}
