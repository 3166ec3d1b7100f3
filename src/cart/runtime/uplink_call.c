/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One signed request at a time, by libcurl; the rate and the clock. What is sent when is uplink.c. */
#include "cart/runtime/uplink.h"

#include "base/std/json.h"
#include "base/std/time.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { CONNECT_S = 15, STALL_S = 60, SKEW_S = 20, URL = 2048 };

struct uplink_call {
    const struct identity *id;             /* borrowed */
    CURL *curl;
    int64_t rate_bps, skew_s;              /* skew: hub's clock less ours */
    const atomic_int *stop;
    double  tokens;                        /* bits that may leave now; negative: owed */
    int64_t filled_ns;
    /* of the request under way */
    struct uplink_reply *reply;
    int64_t hub_s;                         /* what the hub says the time is; 0 not said */
    int fd;                                /* >= 0: the body goes there */
    int64_t at, limit;
    bool over;
    char why[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum trundle_status uplink_call_new(const struct identity *id, struct uplink_call **out, struct trundle_error *err)
{
    struct uplink_call *c;

    (void)pthread_once(&once, global);
    c = calloc(1, sizeof *c);
    if (!c || !(c->curl = curl_easy_init())) {
        free(c);
        return error_set(err, TRUNDLE_NO_MEMORY, "uplink", NULL, "no memory");
    }
    c->id = id;
    c->fd = -1;
    c->filled_ns = clock_mono_ns();
    *out = c;
    return TRUNDLE_OK;
}

void uplink_call_free(struct uplink_call *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    free(c);
}

void uplink_call_limit(struct uplink_call *c, int64_t rate_bps, const atomic_int *stop)
{
    c->rate_bps = rate_bps;
    c->stop = stop;
}

void uplink_reply_done(struct uplink_reply *reply)
{
    bytes_done(&reply->body);
}

static bool stopped(const struct uplink_call *c)
{
    return c->stop && *c->stop;
}

/* At most a second's worth is saved up; what was sent meanwhile comes off first, or a request that took long at the rate would be waited for twice. */
static void fill(struct uplink_call *c, double sent_bits)
{
    int64_t now = clock_mono_ns();

    c->tokens += (double)c->rate_bps * ns_s(now - c->filled_ns) - sent_bits;
    if (c->tokens > (double)c->rate_bps)
        c->tokens = (double)c->rate_bps;
    c->filled_ns = now;
}

static enum trundle_status wait_for_share(struct uplink_call *c, struct trundle_error *err)
{
    while (c->rate_bps > 0) {
        double owed;

        fill(c, 0);
        if (c->tokens >= 0)
            break;
        if (stopped(c))
            return error_set(err, TRUNDLE_AGAIN, "uplink", NULL, "stopped");
        owed = -c->tokens / (double)c->rate_bps;
        clock_sleep_until_ns(clock_mono_ns() + S_NS(owed < 0.05 ? owed : 0.05));
    }
    return TRUNDLE_OK;
}

static void pay(struct uplink_call *c, size_t body)
{
    long head = 0;

    if (c->rate_bps <= 0)
        return;
    (void)curl_easy_getinfo(c->curl, CURLINFO_REQUEST_SIZE, &head);
    fill(c, 8 * 1.05 * ((double)head + (double)body));
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct uplink_call *c = user;
    size_t bytes = size * n;
    long status = 0;

    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    if (c->fd >= 0 && status >= 200 && status < 300) {
        for (size_t done = 0; done < bytes;) {
            ssize_t wrote = c->at + (int64_t)bytes > c->limit ? -1 : pwrite(c->fd, data + done, bytes - done, c->at);

            if (wrote < 0 && errno == EINTR)
                continue;
            if (wrote <= 0) {
                c->over = true;
                return 0;
            }
            done += (size_t)wrote;
            c->at += wrote;
        }
        return bytes;
    }
    if (c->reply->body.n + bytes > UPLINK_REPLY_MAX || bytes_append(&c->reply->body, data, bytes) != TRUNDLE_OK) {
        c->over = true;
        return 0;
    }
    return bytes;
}

/* "NAME: value" of one header line; NULL: another one. */
static const char *value_of(const char *line, const char *name, char out[64], size_t n)
{
    size_t k = strlen(name);

    if (n <= k || strncasecmp(line, name, k) != 0)
        return NULL;
    while (k < n && line[k] == ' ')
        k++;
    n -= k;
    while (n && (line[k + n - 1] == '\r' || line[k + n - 1] == '\n'))
        n--;
    if (n >= 64)
        n = 63;
    memcpy(out, line + k, n);
    out[n] = '\0';
    return out;
}

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
    struct uplink_call *c = user;
    char text[64];

    if (value_of(line, "Retry-After:", text, size * n)) {
        char *end;
        long long s = strtoll(text, &end, 10);

        if (end != text && !*end && s >= 0 && s <= 86400)
            c->reply->retry_after_s = s;
    } else if (value_of(line, "Trundle-Time:", text, size * n)) {
        long long s = strtoll(text, NULL, 10);

        if (s > 0)
            c->hub_s = s;
    } else if (!c->hub_s && value_of(line, "Date:", text, size * n)) {
        time_t t = curl_getdate(text, NULL);

        if (t > 0)
            c->hub_s = t;
    }
    return size * n;
}

static int on_progress(void *user, curl_off_t down, curl_off_t down_now, curl_off_t up, curl_off_t up_now)
{
    (void)down, (void)down_now, (void)up, (void)up_now;
    return stopped(user);
}

static bool headers(struct uplink_call *c, const char *method, const char *path, const void *body, size_t n, const char *range, struct curl_slist **out)
{
    int64_t time_s = clock_wall_ns() / NS_PER_S + c->skew_s;
    char line[512], signature[IDENTITY_SIGNATURE];
    const char *type = strstr(path, "/ingest") ? "application/x-ndjson" : strstr(path, "/clips/") ? "application/octet-stream" : "application/json";
    const char *lines[7];
    char text[4][512];
    int k = 0;

    (void)snprintf(text[0], sizeof text[0], "Trundle-Cart: %s", c->id->cart[0] ? c->id->cart : "new");
    (void)snprintf(text[1], sizeof text[1], "Trundle-Time: %lld", (long long)time_s);
    (void)snprintf(text[2], sizeof text[2], "Trundle-Signature: %s", identity_sign(c->id, method, path, time_s, body, n, signature));
    (void)snprintf(text[3], sizeof text[3], "Content-Type: %s", type);
    lines[k++] = text[0];
    lines[k++] = text[1];
    lines[k++] = text[2];
    lines[k++] = "Expect:";                /* no round trip of 100-continue */
    if (strcmp(method, "GET") != 0)
        lines[k++] = text[3];
    if (range) {
        (void)snprintf(line, sizeof line, "Range: %s", range);
        lines[k++] = line;
    }
    for (int i = 0; i < k; i++) {
        struct curl_slist *longer = curl_slist_append(*out, lines[i]);

        if (!longer)
            return false;
        *out = longer;
    }
    return true;
}

static void options(struct uplink_call *c, const char *method, const char *url, const void *body, size_t n, struct curl_slist *list)
{
    CURL *e = c->curl;

    curl_easy_reset(e);                    /* keeps the connection */
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->why);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "trundle-cart");
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, c);
    if (strcmp(method, "GET") != 0) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, body ? body : "");
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    }
    if (c->rate_bps > 0) {
        curl_easy_setopt(e, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)((double)c->rate_bps / 8 / 1.05) + 1);
        curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    }
    if (c->id->pin[0]) {                   /* the key is known: who vouches for it does not matter */
        curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, c->id->pin);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static enum trundle_status unreachable(const struct uplink_call *c, CURLcode code, struct trundle_error *err)
{
    const char *hint = "check the network and that the hub runs; it is tried again";

    if (stopped(c))
        return error_set(err, TRUNDLE_AGAIN, "uplink", NULL, "stopped");
    if (c->over)
        return error_set(err, TRUNDLE_TOO_LARGE, c->id->hub, NULL, "the answer is larger than it may be, or could not be written");
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        hint = "this is not the hub that was joined, or its key was changed: join it again with the pin it prints";
    else if (code == CURLE_PEER_FAILED_VERIFICATION)
        hint = "join with --pin as the hub prints it";
    return error_set(err, TRUNDLE_DEVICE, c->id->hub, hint, "no answer: %.200s", c->why[0] ? c->why : curl_easy_strerror(code));
}

static enum trundle_status perform(struct uplink_call *c, const char *method, const char *path, const void *body, size_t n, const char *range,
                                   struct uplink_reply *out, struct trundle_error *err)
{
    struct curl_slist *list = NULL;
    enum trundle_status status = TRUNDLE_OK;
    char url[URL];
    CURLcode code;
    long http = 0;

    if ((size_t)snprintf(url, sizeof url, "%s%s", c->id->hub, path) >= sizeof url)
        return error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "the path is too long");
    TRY(wait_for_share(c, err));
    out->body.n = 0;
    out->status = 0;
    out->retry_after_s = -1;
    c->reply = out;
    c->hub_s = 0;
    c->over = false;
    c->why[0] = '\0';
    if (!headers(c, method, path, body, n, range, &list)) {
        curl_slist_free_all(list);
        return error_set(err, TRUNDLE_NO_MEMORY, "uplink", NULL, "no memory");
    }
    options(c, method, url, body, n, list);
    code = curl_easy_perform(c->curl);
    pay(c, n);
    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &http);
    if (code != CURLE_OK)
        status = unreachable(c, code, err);
    else if (bytes_reserve(&out->body, 1) != TRUNDLE_OK)
        status = error_set(err, TRUNDLE_NO_MEMORY, "uplink", NULL, "no memory");
    else
        out->body.data[out->body.n] = '\0';
    if (status == TRUNDLE_OK)
        out->status = (int)http;
    curl_slist_free_all(list);
    return status;
}

/* The hub refused, and its clock is not ours: take its time. It says it in a header, or in the error as time_ns. */
static bool clock_mended(struct uplink_call *c, const struct uplink_reply *reply)
{
    int64_t ours = clock_wall_ns() / NS_PER_S, off;
    json_t *root, *t;

    if (reply->status != 400 && reply->status != 401 && reply->status != 403)
        return false;
    root = json_loadb((const char *)reply->body.data, reply->body.n, 0, NULL);
    t = json_object_get(root, "time_ns");
    if (json_is_integer(t))
        c->hub_s = json_integer_value(t) / NS_PER_S;
    json_decref(root);
    if (!c->hub_s)
        return false;
    off = c->hub_s - ours;
    if (llabs((long long)(off - c->skew_s)) < SKEW_S)
        return false;
    c->skew_s = off;
    return true;
}

enum trundle_status uplink_request(struct uplink_call *c, const char *method, const char *path_query, const void *body, size_t n,
                                   struct uplink_reply *out, struct trundle_error *err)
{
    c->fd = -1;
    TRY(perform(c, method, path_query, body, n, NULL, out, err));
    if (clock_mended(c, out))
        TRY(perform(c, method, path_query, body, n, NULL, out, err));
    return TRUNDLE_OK;
}

enum trundle_status uplink_fetch(struct uplink_call *c, const char *path, int fd, int64_t offset, int64_t limit, int64_t *out_have,
                                 struct uplink_reply *out, struct trundle_error *err)
{
    enum trundle_status status;
    char range[32];

    (void)snprintf(range, sizeof range, "bytes=%lld-", (long long)offset);
    for (int k = 0; k < 2; k++) {
        c->fd = fd;
        c->at = offset;
        c->limit = limit;
        status = perform(c, "GET", path, NULL, 0, offset ? range : NULL, out, err);
        c->fd = -1;
        if (status == TRUNDLE_OK && offset && out->status == 200)      /* the range was not understood: what came is the beginning */
            return error_set(err, TRUNDLE_UNSUPPORTED, path, "fetch it from the start", "the hub sent the whole file instead of the rest");
        if (status != TRUNDLE_OK || !clock_mended(c, out))
            break;
    }
    *out_have = c->at;                     /* also of a transfer that broke off: what came is good */
    return status;
}

enum trundle_status uplink_reply_error(const struct uplink_reply *reply, const char *what, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_DEVICE;
    const char *said = "", *hint = "";
    json_t *root;

    if (reply->status >= 200 && reply->status < 300)
        return TRUNDLE_OK;
    switch (reply->status) {
    case 400:
    case 422: status = TRUNDLE_BAD_INPUT; break;
    case 404:
    case 410: status = TRUNDLE_NOT_FOUND; break;
    case 409: status = TRUNDLE_CONFLICT; break;
    case 413: status = TRUNDLE_TOO_LARGE; break;
    default: break;
    }
    root = json_loadb((const char *)reply->body.data, reply->body.n, 0, NULL);
    if (json_is_string(json_object_get(root, "what")))
        said = json_string_value(json_object_get(root, "what"));
    if (json_is_string(json_object_get(root, "hint")))
        hint = json_string_value(json_object_get(root, "hint"));
    (void)error_set(err, status, what, hint, "the hub answered %d%s%.180s", reply->status, *said ? ": " : "", said);
    json_decref(root);
    return status;
}
