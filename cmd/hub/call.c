/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One request to a hub and its answer (call.h). */
#include "cmd/hub/call.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Elsewhere the token would go over the network for everybody to read. */
static bool plain_here(const char *hub)
{
    static const char *const here[] = { "http://localhost", "http://127.0.0.1", "http://[::1]" };

    for (size_t i = 0; i < COUNT_OF(here); i++) {
        size_t n = strlen(here[i]);

        if (strncmp(hub, here[i], n) == 0 && (!hub[n] || hub[n] == ':' || hub[n] == '/') && !strchr(hub + n, '@'))
            return true;
    }
    return false;
}

enum trundle_status call_settle(struct call *call, const char *token_file, char token[256], struct trundle_error *err)
{
    const char *from = getenv("TRUNDLE_TOKEN");
    struct bytes b = { 0 };

    token[0] = '\0';
    if (!call->hub)
        call->hub = getenv("TRUNDLE_HUB");
    if (!call->hub || (strncmp(call->hub, "https://", 8) != 0 && strncmp(call->hub, "http://", 7) != 0))
        return error_set(err, TRUNDLE_BAD_ARG, "--hub", "--hub https://HOST:PORT, or TRUNDLE_HUB", "which hub?");
    if (strncmp(call->hub, "https://", 8) != 0 && !plain_here(call->hub))
        return error_set(err, TRUNDLE_BAD_ARG, "--hub", "use https://", "http:// is for a hub on this machine only: the token would go in the clear");
    if (token_file) {
        TRY(file_read(token_file, 255, &b, err));
        (void)snprintf(token, 256, "%.*s", (int)strcspn((const char *)b.data, " \r\n"), (const char *)b.data);
        bytes_done(&b);
    } else if (!call->token && from) {
        (void)snprintf(token, 256, "%s", from);
    } else if (call->token) {
        (void)snprintf(token, 256, "%s", call->token);
    }
    call->token = token;
    if (!token[0] || token[strcspn(token, "\r\n")])
        return error_set(err, TRUNDLE_BAD_ARG, "--token", "the console makes one; --token, --token-file or TRUNDLE_TOKEN", "a token is needed");
    return TRUNDLE_OK;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct bytes *to = user;

    if (to->n + size * n > CALL_ANSWER_MAX || bytes_append(to, data, size * n) != TRUNDLE_OK)
        return 0;
    return size * n;
}

/* The hub's own words: {"where","what","hint"}. */
static enum trundle_status refused(long code, const json_t *answer, const char *path, struct trundle_error *err)
{
    const char *where = json_string_value(json_object_get(answer, "where")), *what = json_string_value(json_object_get(answer, "what")),
               *hint = json_string_value(json_object_get(answer, "hint"));
    enum trundle_status status = code == 404 ? TRUNDLE_NOT_FOUND : code == 409 ? TRUNDLE_CONFLICT : code >= 500 ? TRUNDLE_IO : TRUNDLE_BAD_INPUT;

    if (!what)
        what = code == 401 ? "the hub does not know this token" : code == 403 ? "this token may not do that" : "the hub refused";
    return error_set(err, status, where && *where ? where : path, hint, "%s (the hub answered %ld)", what, code);
}

static enum trundle_status set_up(CURL *e, const struct call *call, const char *method, const char *path, const char *type, const void *data, size_t n, struct curl_slist **headers,
                                  struct bytes *url, struct trundle_error *err)
{
    char line[300];
    size_t end = strlen(call->hub);
    struct curl_slist *more;

    while (end && call->hub[end - 1] == '/')
        end--;
    if (bytes_print(url, "%.*s%s", (int)end, call->hub, path) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    (void)snprintf(line, sizeof line, "Authorization: Bearer %s", call->token);
    *headers = curl_slist_append(NULL, line);
    (void)snprintf(line, sizeof line, "Content-Type: %s", type);
    more = *headers && data ? curl_slist_append(*headers, line) : *headers;
    if (!more)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    *headers = more;
    (void)curl_easy_setopt(e, CURLOPT_URL, (const char *)url->data);
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(e, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_USERAGENT, "trundle-hub");
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, 15L);
    (void)curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, 60L);
    (void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, *headers);
    (void)curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
    if (data) {
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, data);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    }
    if (call->pin) {                        /* its own certificate, known by its key */
        (void)curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, call->pin);
        (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return TRUNDLE_OK;
}

static enum trundle_status request(const struct call *call, const char *method, const char *path, const char *type, const void *data, size_t n, json_t **out, struct trundle_error *err)
{
    CURL *e = curl_easy_init();
    struct curl_slist *headers = NULL;
    struct bytes body = { 0 }, url = { 0 };
    char why[CURL_ERROR_SIZE] = "";
    json_t *answer = NULL;
    enum trundle_status status;
    CURLcode rc;
    long code = 0;

    if (!e)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for a request");
    TRY_GOTO(status, set_up(e, call, method, path, type, data, n, &headers, &url, err), out);
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, why);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, &body);
    rc = curl_easy_perform(e);
    if (rc != CURLE_OK) {
        status = error_set(err, TRUNDLE_IO, call->hub, rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH ? "is this your hub? compare with what it printed" : rc == CURLE_PEER_FAILED_VERIFICATION
                           ? "--pin sha256//... as the hub prints it" : "does the hub run there?", "%s", why[0] ? why : curl_easy_strerror(rc));
        goto out;
    }
    (void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &code);
    if (body.n)
        answer = json_loadb((const char *)body.data, body.n, JSON_REJECT_DUPLICATES, NULL);
    if (code >= 400)
        status = refused(code, answer, path, err);
    else if (code < 200 || code >= 300 || (body.n && !answer))
        status = error_set(err, TRUNDLE_BAD_INPUT, call->hub, "is this a hub?", "it answered %ld, and no JSON", code);
    else
        *out = answer ? json_incref(answer) : json_object();
out:
    json_decref(answer);
    bytes_done(&body);
    bytes_done(&url);
    curl_slist_free_all(headers);
    curl_easy_cleanup(e);
    return status;
}

enum trundle_status call_json(const struct call *call, const char *method, const char *path, const json_t *body, json_t **out, struct trundle_error *err)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    enum trundle_status status;

    if (body && !text)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    status = request(call, method, path, "application/json", text, text ? strlen(text) : 0, out, err);
    free(text);
    return status;
}

enum trundle_status call_bytes(const struct call *call, const char *method, const char *path, const void *data, size_t n, json_t **out, struct trundle_error *err)
{
    return request(call, method, path, "application/octet-stream", data, n, out, err);
}
