/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/runtime/fake_hub.h"

#include "base/std/bytes.h"
#include "base/std/hash.h"
#include "base/std/rng.h"
#include "base/std/time.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORDS = 20000, CLIPS = 512, REQUEST_MAX = 4 << 20, HELD = 4 };

struct request { char method[8], path[512], cart[64], time[32], signature[128], type[64], range[64]; uint8_t *body; size_t n; };
struct clip { char sha[65]; uint8_t *bytes; size_t have, size; bool whole; };

struct fake_hub {
    pthread_t thread;
    pthread_mutex_t lock;
    int listener, stop_pipe[2];
    char url[64], behind[128];
    CURL *curl;                            /* to the hub behind the line */
    struct rng rng;
    uint8_t key[32];
    bool has_key;
    double trouble;
    int64_t skew_s;
    int status, retry_after, clip_status, clip_times;
    const char *dislike, *join, *orders;
    struct { int64_t boot, sequence; char kind[24]; char *line; } *record;
    size_t records_n;
    struct clip clip[CLIPS];
    size_t clips_n;
    struct request held[HELD];             /* swallowed, and done later: reordered */
    size_t held_n;
    char *last;
    struct fake_hub_counts counts;
};

static void answer(struct bytes *out, int status, const char *head, const char *body)
{
    out->n = 0;
    (void)!bytes_print(out, "HTTP/1.1 %d x\r\nContent-Type: application/json\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s", status, head, strlen(body), body);
}

static bool signature_good(struct fake_hub *h, const struct request *q)
{
    char text[1024], hash[65];
    unsigned char signature[crypto_sign_BYTES];
    size_t got = 0;
    int n;

    if (!h->has_key)
        return true;
    n = snprintf(text, sizeof text, "%s\n%s\n%s\n%s", q->method, q->path, q->time, hash_sha256(q->n ? q->body : (const uint8_t *)"", q->n, hash));
    return sodium_base642bin(signature, sizeof signature, q->signature, strlen(q->signature), NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
           got == sizeof signature && crypto_sign_verify_detached(signature, (const unsigned char *)text, (unsigned long long)n, h->key) == 0;
}

static char *copy(const void *from, size_t n)
{
    char *out = malloc(n + 1);

    if (!out)
        abort();
    if (n)
        memcpy(out, from, n);
    out[n] = '\0';
    return out;
}

/* Cuts the text at its next line break; NULL at its end. */
static char *next_line(char **rest)
{
    char *line = *rest, *end;

    if (!line)
        return NULL;
    end = line + strcspn(line, "\r\n");
    *rest = *end ? end + 1 : NULL;
    *end = '\0';
    return line;
}

/* All lines or none. */
static void ingest(struct fake_hub *h, const struct request *q, struct bytes *out)
{
    char *text = copy(q->body, q->n), *rest = text, said[96];
    size_t accepted = 0, repeated = 0, number = 0;

    if (h->dislike && strstr(text, h->dislike)) {
        h->counts.refused++;
        free(text);
        answer(out, 400, "", "{\"where\":\"line 1\",\"what\":\"not understood\",\"hint\":\"\"}");
        return;
    }
    for (char *line; (line = next_line(&rest));) {
        json_t *root;
        int64_t boot, sequence;
        size_t i = 0;

        number++;
        if (!*line)
            continue;
        root = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_integer(json_object_get(root, "boot")) || !json_is_string(json_object_get(root, "kind")) || !json_is_object(json_object_get(root, "body")) ||
            !json_is_integer(json_object_get(root, "sequence")) || !json_is_integer(json_object_get(root, "t_ns")) || h->records_n == RECORDS) {
            h->counts.forged++;
            json_decref(root);
            continue;
        }
        boot = json_integer_value(json_object_get(root, "boot"));
        sequence = json_integer_value(json_object_get(root, "sequence"));
        while (i < h->records_n && (h->record[i].boot != boot || h->record[i].sequence != sequence))
            i++;
        if (i < h->records_n) {
            repeated++;
            h->counts.forged += strcmp(h->record[i].line, line) != 0;
        } else {
            h->record[i].boot = boot;
            h->record[i].sequence = sequence;
            (void)snprintf(h->record[i].kind, sizeof h->record[i].kind, "%s", json_string_value(json_object_get(root, "kind")));
            h->record[i].line = copy(line, strlen(line));
            h->records_n++;
            accepted++;
        }
        json_decref(root);
    }
    free(text);
    (void)snprintf(said, sizeof said, "{\"accepted\":%zu,\"repeated\":%zu}", accepted, repeated);
    answer(out, 200, "", said);
}

static struct clip *find_clip(struct fake_hub *h, const char *path)
{
    char sha[65];

    if (strspn(path, "0123456789abcdef") != 64 || h->clips_n == CLIPS)
        return NULL;
    memcpy(sha, path, 64);
    sha[64] = '\0';
    for (size_t i = 0; i < h->clips_n; i++)
        if (!strcmp(h->clip[i].sha, sha))
            return &h->clip[i];
    memset(&h->clip[h->clips_n], 0, sizeof h->clip[0]);
    memcpy(h->clip[h->clips_n].sha, sha, 65);
    return &h->clip[h->clips_n++];
}

static bool was_announced(const struct fake_hub *h, const char *sha)
{
    for (size_t i = 0; i < h->records_n; i++)
        if (!strcmp(h->record[i].kind, "clip") && strstr(h->record[i].line, sha))
            return true;
    return false;
}

static void say_have(struct bytes *out, int status, size_t have)
{
    char said[64];

    (void)snprintf(said, sizeof said, "{\"have\":%zu}", have);
    answer(out, status, "", said);
}

static void put_clip(struct fake_hub *h, const struct request *q, struct clip *c, struct bytes *out)
{
    unsigned long long offset = 0, size = 0;
    char sha[65];

    if (sscanf(strchr(q->path, '?') ? strchr(q->path, '?') : "", "?offset=%llu&size=%llu", &offset, &size) != 2 || q->n > 1 << 20 || size > 64 << 20) {
        answer(out, 400, "", "{\"what\":\"no offset and size\"}");
        return;
    }
    h->counts.late_clips += !was_announced(h, c->sha);
    if (c->whole || offset != c->have || offset + q->n > size) {
        say_have(out, c->whole || offset == c->have ? 200 : 409, c->have);
        return;
    }
    if (!c->bytes && !(c->bytes = malloc(size)))
        abort();
    c->size = size;
    memcpy(c->bytes + offset, q->body, q->n);
    c->have += q->n;
    if (c->have == size && strcmp(hash_sha256(c->bytes, size, sha), c->sha) != 0) {
        c->have = 0;
        answer(out, 422, "", "{\"what\":\"the content has another hash\"}");
        return;
    }
    c->whole = c->have == size;
    say_have(out, 200, c->have);
}

static size_t on_answer(char *data, size_t size, size_t n, void *user)
{
    return bytes_append(user, data, size * n) == TRUNDLE_OK ? size * n : 0;
}

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
    char line[256];

    (void)snprintf(line, sizeof line, "%s: %s", name, value);
    return *value ? curl_slist_append(list, line) : list;
}

static void forward(struct fake_hub *h, const struct request *q, struct bytes *out)
{
    struct bytes body = { 0 };
    struct curl_slist *list = header(header(header(NULL, "Trundle-Cart", q->cart), "Trundle-Time", q->time), "Trundle-Signature", q->signature);
    char url[768], head[64];
    long status = 0;

    list = curl_slist_append(header(header(list, "Content-Type", q->type), "Range", q->range), "Expect:");
    (void)snprintf(url, sizeof url, "%s%s", h->behind, q->path);
    curl_easy_reset(h->curl);
    curl_easy_setopt(h->curl, CURLOPT_URL, url);
    curl_easy_setopt(h->curl, CURLOPT_NOPROXY, "127.0.0.1");
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, q->method);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, &body);
    if (strcmp(q->method, "GET") != 0) {
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, q->body);
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->n);
    }
    out->n = 0;
    if (curl_easy_perform(h->curl) == CURLE_OK && curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK) {
        (void)snprintf(head, sizeof head, "HTTP/1.1 %ld x\r\nConnection: close\r\n", status);
        (void)!bytes_print(out, "%sContent-Length: %zu\r\n\r\n", head, body.n);
        (void)!bytes_append(out, body.n ? body.data : (const uint8_t *)"", body.n);
    }
    curl_slist_free_all(list);
    bytes_done(&body);
}

static void process(struct fake_hub *h, const struct request *q, struct bytes *out)
{
    int64_t now = clock_wall_ns() / NS_PER_S + h->skew_s;
    char text[128];

    h->counts.requests++;
    if (h->behind[0]) {
        forward(h, q, out);
        return;
    }
    free(h->last);
    h->last = copy(q->body, q->n);
    if (!signature_good(h, q)) {
        h->counts.bad_signatures++;
        answer(out, 401, "", "{\"what\":\"the signature is not good\"}");
    } else if (llabs(strtoll(q->time, NULL, 10) - (long long)now) > 300) {
        (void)snprintf(text, sizeof text, "{\"what\":\"too old\",\"time_ns\":%lld}", (long long)(now * NS_PER_S));
        answer(out, 401, "", text);
    } else if (h->status && !((h->status == 429 || h->status == 507) && !strcmp(q->path, "/api/v1/orders"))) {      /* it is about records */
        (void)snprintf(text, sizeof text, h->retry_after >= 0 ? "Retry-After: %d\r\n" : "%.0d", h->retry_after >= 0 ? h->retry_after : 0);
        answer(out, h->status, h->retry_after >= 0 ? text : "", "{\"what\":\"told to\"}");
    } else if (!strcmp(q->path, "/api/v1/ingest") && !strcmp(q->method, "POST")) {
        ingest(h, q, out);
    } else if (!strncmp(q->path, "/api/v1/clips/", 14) && find_clip(h, q->path + 14)) {
        struct clip *c = find_clip(h, q->path + 14);

        if (h->clip_times > 0 && h->clip_times--)
            answer(out, h->clip_status, "", "{\"what\":\"told to\"}");
        else if (!strcmp(q->method, "PUT"))
            put_clip(h, q, c, out);
        else
            say_have(out, 200, c->have);
    } else if (!strcmp(q->path, "/api/v1/join") && h->join) {
        answer(out, 200, "", h->join);
    } else if (!strcmp(q->path, "/api/v1/orders") && h->orders) {
        answer(out, 200, "", h->orders);
    } else {
        answer(out, 404, "", "{\"what\":\"there is nothing\"}");
    }
}

/* One request with its body; false: none, or the client went away. `cut`: stops in the middle of the body. */
static bool receive(int fd, struct request *q, bool cut)
{
    uint8_t *buffer = malloc(REQUEST_MAX + 1);
    size_t n = 0, head = 0, length = 0;
    char *line, *rest;
    bool good = false;

    memset(q, 0, sizeof *q);
    if (!buffer)
        return false;
    while (n < REQUEST_MAX && (!head || n < head + length)) {
        struct pollfd p = { fd, POLLIN, 0 };
        ssize_t got = poll(&p, 1, 5000) > 0 ? recv(fd, buffer + n, (cut ? 150 : REQUEST_MAX - n), 0) : -1;

        if (got <= 0 || (head && cut))
            goto out;
        n += (size_t)got;
        buffer[n] = '\0';
        if (!head) {
            char *end = strstr((char *)buffer, "\r\n\r\n");

            if (!end)
                continue;
            head = (size_t)(end + 4 - (char *)buffer);
            *end = '\0';
            rest = (char *)buffer;
            line = next_line(&rest);
            if (sscanf(line, "%7s %511s", q->method, q->path) != 2)
                goto out;
            while ((line = next_line(&rest))) {
                if (!strncasecmp(line, "Content-Length: ", 16))
                    length = (size_t)strtoul(line + 16, NULL, 10);
                (void)sscanf(line, "Trundle-Cart: %63s", q->cart);
                (void)sscanf(line, "Trundle-Time: %31s", q->time);
                (void)sscanf(line, "Trundle-Signature: %127s", q->signature);
                (void)sscanf(line, "Content-Type: %63s", q->type);
                (void)sscanf(line, "Range: %63s", q->range);
            }
        }
    }
    if (head && n >= head + length) {
        q->body = (uint8_t *)copy(buffer + head, length);
        q->n = length;
        good = true;
    }
out:
    free(buffer);
    return good;
}

static void send_all(int fd, const void *data, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t sent = send(fd, (const char *)data + done, n - done, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        done += (size_t)sent;
    }
}

static void let_go(struct fake_hub *h)
{
    struct bytes nobody = { 0 };

    for (size_t i = 0; i < h->held_n; i++) {
        process(h, &h->held[i], &nobody);
        free(h->held[i].body);
    }
    h->held_n = 0;
    bytes_done(&nobody);
}

static void serve(struct fake_hub *h, int fd)
{
    struct bytes out = { 0 };
    struct request q;
    unsigned what;

    (void)pthread_mutex_lock(&h->lock);
    what = rng_unit(&h->rng) < h->trouble ? 1 + rng_below(&h->rng, 6) : 0;
    (void)pthread_mutex_unlock(&h->lock);
    if (!receive(fd, &q, what == 1)) {
        (void)pthread_mutex_lock(&h->lock);
        h->counts.lost_requests++;
        (void)pthread_mutex_unlock(&h->lock);
        free(q.body);
        return;
    }
    (void)pthread_mutex_lock(&h->lock);
    if (what == 2 && h->held_n < HELD) {   /* it is not answered, and arrives after the next ones */
        h->held[h->held_n++] = q;
        h->counts.reordered++;
        (void)pthread_mutex_unlock(&h->lock);
        return;
    }
    process(h, &q, &out);
    if (what == 3) {                       /* twice */
        struct bytes again = { 0 };

        process(h, &q, &again);
        h->counts.repeated++;
        bytes_done(&again);
    }
    if (rng_below(&h->rng, 3) == 0)
        let_go(h);
    if (what == 4) {
        h->counts.lost_answers++;
        out.n = 0;
    } else if (what == 5) {
        h->counts.cut_answers++;
        out.n = out.n * 2 / 3;
    } else if (what == 6) {
        h->counts.refused++;
        answer(&out, 503, "Retry-After: 0\r\n", "{\"what\":\"busy\"}");
    }
    (void)pthread_mutex_unlock(&h->lock);
    send_all(fd, out.data, out.n);
    bytes_done(&out);
    free(q.body);
}

static void *run(void *user)
{
    struct fake_hub *h = user;

    for (;;) {
        struct pollfd p[2] = { { h->listener, POLLIN, 0 }, { h->stop_pipe[0], POLLIN, 0 } };
        int fd;

        if (poll(p, 2, -1) < 0 || p[1].revents)
            return NULL;
        fd = accept(h->listener, NULL, NULL);
        if (fd < 0)
            continue;
        serve(h, fd);
        (void)close(fd);
    }
}

struct fake_hub *fake_hub_start(uint64_t seed)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof at;
    struct fake_hub *h = calloc(1, sizeof *h);

    if (!h || sodium_init() < 0)
        abort();
    h->record = calloc(RECORDS, sizeof *h->record);
    h->curl = curl_easy_init();
    h->rng = rng_seed(seed, "fake_hub");
    (void)pthread_mutex_init(&h->lock, NULL);
    h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!h->record || !h->curl || h->listener < 0 || bind(h->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(h->listener, 64) != 0 ||
        getsockname(h->listener, (struct sockaddr *)&at, &n) != 0 || pipe(h->stop_pipe) != 0 || pthread_create(&h->thread, NULL, run, h) != 0)
        abort();
    (void)snprintf(h->url, sizeof h->url, "http://127.0.0.1:%u", ntohs(at.sin_port));
    return h;
}

void fake_hub_stop(struct fake_hub *h)
{
    if (!h)
        return;
    (void)!write(h->stop_pipe[1], "x", 1);
    (void)pthread_join(h->thread, NULL);
    (void)close(h->listener);
    (void)close(h->stop_pipe[0]);
    (void)close(h->stop_pipe[1]);
    for (size_t i = 0; i < h->held_n; i++)
        free(h->held[i].body);
    for (size_t i = 0; i < h->records_n; i++)
        free(h->record[i].line);
    for (size_t i = 0; i < h->clips_n; i++)
        free(h->clip[i].bytes);
    free(h->record);
    curl_easy_cleanup(h->curl);
    free(h->last);
    free(h);
}

const char *fake_hub_url(const struct fake_hub *h)
{
    return h->url;
}

#define LOCKED(h, statement)                \
    do {                                    \
        (void)pthread_mutex_lock(&(h)->lock); \
        statement;                          \
        (void)pthread_mutex_unlock(&(h)->lock); \
    } while (0)

void fake_hub_expect(struct fake_hub *h, const char *public_key)
{
    size_t got = 0;

    LOCKED(h, h->has_key = public_key && sodium_base642bin(h->key, sizeof h->key, public_key, strlen(public_key), NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) == 0);
}

void fake_hub_answer_clips(struct fake_hub *h, int status, int times)
{
    LOCKED(h, (h->clip_status = status, h->clip_times = times));
}

void fake_hub_forward(struct fake_hub *h, const char *url)
{
    LOCKED(h, (void)snprintf(h->behind, sizeof h->behind, "%s", url));
}

void fake_hub_trouble(struct fake_hub *h, double share)
{
    LOCKED(h, h->trouble = share);
}

void fake_hub_skew(struct fake_hub *h, int64_t seconds)
{
    LOCKED(h, h->skew_s = seconds);
}

void fake_hub_answer(struct fake_hub *h, int status, int retry_after)
{
    LOCKED(h, h->status = status; h->retry_after = retry_after);
}

void fake_hub_dislike(struct fake_hub *h, const char *text)
{
    LOCKED(h, h->dislike = text);
}

void fake_hub_say(struct fake_hub *h, const char *join, const char *orders)
{
    LOCKED(h, h->join = join; h->orders = orders);
}

struct fake_hub_counts fake_hub_counts(struct fake_hub *h)
{
    struct fake_hub_counts c;

    LOCKED(h, c = h->counts);
    return c;
}

size_t fake_hub_records(struct fake_hub *h, const char *kind)
{
    size_t n = 0;

    LOCKED(h, for (size_t i = 0; i < h->records_n; i++) n += !kind || !strcmp(h->record[i].kind, kind));
    return n;
}

const char *fake_hub_record(struct fake_hub *h, const char *kind, size_t i)
{
    const char *line = NULL;

    LOCKED(h, for (size_t k = 0; k < h->records_n && !line; k++) if ((!kind || !strcmp(h->record[k].kind, kind)) && i-- == 0) line = h->record[k].line);
    return line;
}

size_t fake_hub_clips(struct fake_hub *h)
{
    size_t n = 0;

    LOCKED(h, for (size_t i = 0; i < h->clips_n; i++) n += h->clip[i].whole);
    return n;
}

const void *fake_hub_clip(struct fake_hub *h, size_t i, size_t *out_n, char out_sha256[65])
{
    const void *bytes = NULL;

    LOCKED(h, for (size_t k = 0; k < h->clips_n && !bytes; k++) if (h->clip[k].whole && i-- == 0) {
        bytes = h->clip[k].bytes;
        *out_n = h->clip[k].size;
        memcpy(out_sha256, h->clip[k].sha, 65);
    });
    return bytes;
}

const char *fake_hub_last(struct fake_hub *h)
{
    const char *last;

    LOCKED(h, last = h->last ? h->last : "");
    return last;
}
