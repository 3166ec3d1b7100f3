/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The touchscreen's routes: state out, touches in, pictures by callback, and the page itself out of the binary. */
#include "cart/screen/screen.h"
#include "base/http/http.h"
#include "base/std/json.h"
#include "cart/screen/page.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct screen {
    struct screen_config config;
    struct http_server *http;
    struct http_feed *feed;
    _Atomic uint64_t published;
};

static enum trundle_status get_state(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    struct screen *s = user;

    (void)request;
    if (http_feed_latest(s->feed, &reply->body) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NOT_FOUND, "/state", "ask again", "the cart has not said anything yet");
    return TRUNDLE_OK;
}

static enum trundle_status get_events(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    struct screen *s = user;

    (void)request;
    (void)err;
    reply->feed = s->feed;
    return TRUNDLE_OK;
}

static enum trundle_status post_touch(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    struct screen *s = user;
    struct trundle_touch touch;

    (void)reply;
    TRY(screen_touch_parse(request->body, request->body_n, &touch, err));
    if (!s->config.touch)
        return error_set(err, TRUNDLE_FULL, "touch", NULL, "nobody takes touches");
    return s->config.touch(s->config.user, &touch, err);
}

static enum trundle_status nothing_there(const struct http_request *request, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NOT_FOUND, request->path, NULL, "there is nothing here");
}

/* Pictures stay with the browser; an empty one is none. */
static enum trundle_status keep_picture(const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    reply->cache = HTTP_REVALIDATE;
    return reply->body.n ? TRUNDLE_OK : nothing_there(request, err);
}

static enum trundle_status get_picture(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    struct screen *s = user;
    struct trundle_product product;

    TRY(screen_key_parse(request->rest, &product, err));
    if (!s->config.picture)
        return nothing_there(request, err);
    reply->type = "image/jpeg";
    TRY(s->config.picture(s->config.user, product, &reply->body, &reply->type, err));
    return keep_picture(request, reply, err);
}

static enum trundle_status get_moment(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    struct screen *s = user;
    const char *digit = request->rest;
    uint64_t line = 0;

    while (*digit >= '0' && *digit <= '9' && line <= UINT32_MAX)
        line = line * 10 + (uint64_t)(*digit++ - '0');
    if (*digit || !line || line > UINT32_MAX || !s->config.moment)
        return nothing_there(request, err);
    reply->type = "image/jpeg";
    TRY(s->config.moment(s->config.user, (uint32_t)line, &reply->body, &reply->type, err));
    return keep_picture(request, reply, err);
}

static enum trundle_status find(struct screen *s, const struct http_request *request, const char *query, struct http_reply *reply, struct trundle_error *err)
{
    if (!s->config.find)
        return nothing_there(request, err);
    return s->config.find(s->config.user, query, &reply->body, err);
}

static enum trundle_status get_plu(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    return find(user, request, "", reply, err);
}

static enum trundle_status get_find(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    const char *query = http_query(request, "q");

    if (!query || !query[0])
        return error_set(err, TRUNDLE_BAD_INPUT, request->path, "/catalog/find?q=milk", "what to look for is missing");
    if (strlen(query) > SCREEN_QUERY_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, request->path, NULL, "%zu bytes to look for, limit %d", strlen(query), SCREEN_QUERY_MAX);
    return find(user, request, query, reply, err);
}

static const struct http_route routes[] = {
    { "GET", "/state", get_state, NULL },
    { "GET", "/events", get_events, NULL },
    { "POST", "/touch", post_touch, NULL },
    { "GET", "/picture/", get_picture, NULL },
    { "GET", "/moment/", get_moment, NULL },
    { "GET", "/catalog/plu", get_plu, NULL },
    { "GET", "/catalog/find", get_find, NULL },
};

enum trundle_status screen_start(const struct screen_config *config, struct screen **out_screen, struct trundle_error *err)
{
    struct screen *s = calloc(1, sizeof *s);
    enum trundle_status status;

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "screen", NULL, "no memory for the touchscreen");
    s->config = *config;
    if (http_feed_new(&s->feed) != TRUNDLE_OK) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "screen", NULL, "no memory for the touchscreen");
        goto out;
    }
    TRY_GOTO(status, http_start(&(struct http_config){
        .address = config->address ? config->address : "127.0.0.1:8480",
        .routes = routes, .routes_n = COUNT_OF(routes),
        .files = screen_page, .files_n = screen_page_n,
        .user = s, .body_max = SCREEN_TOUCH_BYTES_MAX,
    }, &s->http, err), out);
    *out_screen = s;
    return TRUNDLE_OK;
out:
    http_feed_free(s->feed);
    free(s);
    return status;
}

enum trundle_status screen_publish(struct screen *screen, const char *state_json, size_t n)
{
    if (n > SCREEN_STATE_BYTES_MAX)
        return TRUNDLE_TOO_LARGE;
    return http_feed_publish(screen->feed, ++screen->published, state_json, n);
}

const char *screen_url(const struct screen *screen)
{
    return http_url(screen->http);
}

size_t screen_clients(const struct screen *screen)
{
    return http_feed_clients(screen->feed);
}

void screen_stop(struct screen *screen)
{
    if (!screen)
        return;
    http_stop(screen->http);
    http_feed_free(screen->feed);
    free(screen);
}
