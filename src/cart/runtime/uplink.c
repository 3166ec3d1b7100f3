/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What is sent when, what is done with the answer, and when to try again. */
#include "cart/runtime/uplink.h"

#include "base/std/json.h"
#include "base/std/time.h"
#include "cart/capture/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RECORDS_MOST = 4096, CLIP_TRIES = 3, RENUMBERED_MOST = 5, POLICY_BYTES = 1 << 20, IDLE_MS = 500 };

struct sender {
    struct uplink_config config;
    char dir[1024];
    struct identity id;
    struct outbox *box;
    struct uplink_call *call;
    struct uplink_reply reply;
    struct bytes lines, part;
    int64_t rate_bps;
    size_t most;                           /* lines a request; less after a refusal, to find the line that it was */
    struct outbox_clip clip;               /* under way */
    bool has_clip, knows_have;
    int clip_tries;
    char again[OUTBOX_SHA];                /* the clip that was announced once more */
    struct uplink_counts counts;
    int64_t next_orders_ns;
    unsigned failed, renumbered;           /* in a row */
};

static void sender_done(struct sender *s)
{
    uplink_call_free(s->call);
    outbox_close(s->box);
    uplink_reply_done(&s->reply);
    bytes_done(&s->lines);
    bytes_done(&s->part);
    identity_done(&s->id);
}

static int64_t share(const char *dir)
{
    struct capture_policy *policy = malloc(sizeof *policy);
    struct bytes file = { 0 };
    char path[1200];
    int64_t bps = 0;

    if (!policy)
        return 200000;
    policy_default(policy);
    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, dir);
    if (file_read(path, POLICY_BYTES, &file, NULL) == TRUNDLE_OK && policy_parse(file.data, file.n, path, policy, NULL) != TRUNDLE_OK)
        policy_default(policy);
    bps = policy_share_bps(policy);
    bytes_done(&file);
    free(policy);
    return bps;
}

static enum trundle_status sender_init(struct sender *s, const struct uplink_config *config, const atomic_int *stop, struct trundle_error *err)
{
    s->config = *config;
    s->most = RECORDS_MOST;
    if ((size_t)snprintf(s->dir, sizeof s->dir, "%s", config->dir) >= sizeof s->dir)
        return error_set(err, TRUNDLE_TOO_LARGE, config->dir, NULL, "path is too long");
    TRY(identity_load(s->dir, &s->id, err));
    if (!identity_joined(&s->id))
        return error_set(err, TRUNDLE_NOT_FOUND, s->dir, "trundle cart join HUB --code CODE", "this cart has not joined a hub");
    TRY(outbox_open(s->dir, OUTBOX_WRITE, &s->box, err));
    TRY(outbox_lock(s->box, err));
    TRY(uplink_call_new(&s->id, &s->call, err));
    s->rate_bps = config->rate_bps < 0 ? 0 : config->rate_bps ? config->rate_bps : share(s->dir);
    uplink_call_limit(s->call, s->rate_bps, stop);
    return TRUNDLE_OK;
}

/* Bytes that fit into five seconds of the rate. */
static size_t piece(const struct sender *s)
{
    int64_t n = s->rate_bps ? s->rate_bps / 8 * 5 : UPLINK_PART_MAX;

    return n > UPLINK_PART_MAX ? UPLINK_PART_MAX : n < OUTBOX_LINE_MAX ? OUTBOX_LINE_MAX : (size_t)n;
}

static int64_t integer_of(const struct uplink_reply *reply, const char *key, int64_t otherwise)
{
    json_t *root = json_loadb((const char *)reply->body.data, reply->body.n, 0, NULL), *v = json_object_get(root, key);
    int64_t n = json_is_integer(v) ? json_integer_value(v) : otherwise;

    json_decref(root);
    return n;
}

static size_t lines_in(const struct bytes *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += b->data[i] == '\n';
    return n;
}

static bool refused_content(int status)
{
    return status == 400 || status == 413 || status == 422;
}

/* The hub names a line that it has with other content; a conflict without one is about the request (it was seen before). */
static bool names_line(const struct uplink_reply *reply)
{
    json_t *root = json_loadb((const char *)reply->body.data, reply->body.n, 0, NULL);
    const char *where = json_string_value(json_object_get(root, "where"));
    bool line = where && !strncmp(where, "line ", 5);

    json_decref(root);
    return line;
}

/* A number is taken: with fewer lines until the one is found, which gets another number. How many boots this cart has forgotten is not known: 1, 16, 256 ... are skipped. When the
 * hub goes on saying so the record is set aside: it blocks nothing. */
static enum trundle_status number_taken(struct sender *s, size_t n, int64_t first, struct trundle_error *err)
{
    if (n > 1) {
        s->most = n / 2;
        return TRUNDLE_OK;
    }
    if (++s->renumbered > RENUMBERED_MOST) {
        s->renumbered = 0;
        s->counts.refused++;
        return outbox_set_aside(s->box, first, "its number is taken, and so is every other one that was tried", err);
    }
    return outbox_renumber(s->box, first, INT64_C(1) << 4 * (s->renumbered - 1), err);
}

static enum trundle_status send_records(struct sender *s, struct trundle_error *err)
{
    int64_t first, last, accepted;
    enum trundle_status status;
    size_t n;

    TRY(outbox_batch(s->box, piece(s), s->most, &s->lines, &first, &last, err));
    n = lines_in(&s->lines);
    s->counts.requests++;
    TRY(uplink_request(s->call, "POST", "/api/v1/ingest", s->lines.data, s->lines.n, &s->reply, err));
    if (refused_content(s->reply.status)) {
        if (n > 1) {
            s->most = n / 2;
            return TRUNDLE_OK;
        }
        status = uplink_reply_error(&s->reply, "ingest", err);
        s->counts.refused++;
        s->most = RECORDS_MOST;
        return outbox_set_aside(s->box, first, status != TRUNDLE_OK && err ? err->what : "refused", err);
    }
    if (s->reply.status == 409 && names_line(&s->reply))
        return number_taken(s, n, first, err);
    TRY(uplink_reply_error(&s->reply, "ingest", err));
    accepted = integer_of(&s->reply, "accepted", -1);
    if (accepted < 0 || accepted + integer_of(&s->reply, "repeated", 0) != (int64_t)n)
        return error_set(err, TRUNDLE_DEVICE, s->id.hub, "is this a hub?", "it does not say that it took all %zu records", n);
    TRY(outbox_confirm(s->box, first, last, err));
    s->renumbered = 0;
    s->counts.records += (uint64_t)accepted;
    s->counts.repeated += (uint64_t)((int64_t)n - accepted);
    if (s->most < RECORDS_MOST)
        s->most *= 2;
    return TRUNDLE_OK;
}

static enum trundle_status read_part(struct sender *s, int64_t from, size_t n, struct trundle_error *err)
{
    char path[1400];
    ssize_t got;
    int fd;

    s->part.n = 0;
    outbox_clip_path(s->box, s->clip.sha256, path, sizeof path);
    if (bytes_reserve(&s->part, n) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : pread(fd, s->part.data, n, (off_t)from);
    if (fd >= 0)
        (void)close(fd);
    if (got < 0 || (size_t)got != n)
        return error_set(err, TRUNDLE_IO, path, NULL, "cannot be read: %s", got < 0 ? strerror(errno) : "it ends early");
    s->part.n = n;
    return TRUNDLE_OK;
}

static enum trundle_status clip_done(struct sender *s, struct trundle_error *err)
{
    TRY(outbox_clip_done(s->box, s->clip.sha256, err));
    s->counts.clips++;
    s->has_clip = false;
    return TRUNDLE_OK;
}

/* The hub does not take it: from the start again, and after some tries not at all. */
static enum trundle_status clip_refused(struct sender *s, struct trundle_error *err)
{
    struct trundle_error said = { .what = "" };
    enum trundle_status status = uplink_reply_error(&s->reply, "clip", &said);

    s->knows_have = false;
    if (++s->clip_tries < CLIP_TRIES) {
        if (err)
            *err = said;
        return status;
    }
    s->counts.refused++;
    s->has_clip = false;
    return outbox_clip_refused(s->box, s->clip.sha256, said.what, err);
}

/* The hub does not know the clip that was announced to it (a backup was restored there): it is announced again, once. */
static enum trundle_status clip_unknown(struct sender *s, struct trundle_error *err)
{
    s->knows_have = false;
    if (!strcmp(s->again, s->clip.sha256))
        return clip_refused(s, err);
    memcpy(s->again, s->clip.sha256, sizeof s->again);
    s->has_clip = false;
    return outbox_clip_again(s->box, s->clip.sha256, err);
}

static enum trundle_status take_have(struct sender *s, int64_t have, struct trundle_error *err)
{
    if (have < 0 || have > s->clip.bytes)
        return error_set(err, TRUNDLE_DEVICE, s->id.hub, "is this a hub?", "it says that it has %lld of %lld bytes", (long long)have, (long long)s->clip.bytes);
    s->clip.sent = have;
    s->knows_have = true;
    return outbox_clip_sent(s->box, s->clip.sha256, have, err);
}

static enum trundle_status ask_have(struct sender *s, struct trundle_error *err)
{
    char path[128];

    (void)snprintf(path, sizeof path, "/api/v1/clips/%s", s->clip.sha256);
    s->counts.requests++;
    TRY(uplink_request(s->call, "GET", path, NULL, 0, &s->reply, err));
    if (s->reply.status == 404)
        return clip_unknown(s, err);
    if (refused_content(s->reply.status) || s->reply.status == 410)
        return clip_refused(s, err);
    TRY(uplink_reply_error(&s->reply, "clip", err));
    return take_have(s, integer_of(&s->reply, "have", -1), err);
}

static enum trundle_status put_part(struct sender *s, struct trundle_error *err)
{
    int64_t left = s->clip.bytes - s->clip.sent;
    size_t n = left < (int64_t)piece(s) ? (size_t)left : piece(s);
    char path[192];

    TRY(read_part(s, s->clip.sent, n, err));
    (void)snprintf(path, sizeof path, "/api/v1/clips/%s?offset=%lld&size=%lld", s->clip.sha256, (long long)s->clip.sent, (long long)s->clip.bytes);
    s->counts.requests++;
    s->counts.bytes += n;
    s->knows_have = false;                 /* until the hub says: an answer may be lost */
    TRY(uplink_request(s->call, "PUT", path, s->part.data, n, &s->reply, err));
    if (s->reply.status == 409)            /* another offset than it is at */
        return TRUNDLE_OK;
    if (s->reply.status == 404)
        return clip_unknown(s, err);
    if (refused_content(s->reply.status) || s->reply.status == 410)
        return clip_refused(s, err);
    TRY(uplink_reply_error(&s->reply, "clip", err));
    TRY(take_have(s, integer_of(&s->reply, "have", -1), err));
    return s->clip.sent == s->clip.bytes ? clip_done(s, err) : TRUNDLE_OK;
}

static enum trundle_status send_clip(struct sender *s, struct trundle_error *err)
{
    if (!s->has_clip) {
        TRY(outbox_clip_next(s->box, &s->clip, err));
        s->has_clip = true;
        s->knows_have = false;
        s->clip_tries = 0;
        return TRUNDLE_OK;                 /* its record, put just now, goes first */
    }
    if (!s->knows_have) {
        TRY(ask_have(s, err));
        return s->knows_have && s->clip.sent == s->clip.bytes ? clip_done(s, err) : TRUNDLE_OK;
    }
    return put_part(s, err);
}

/* What to keep, as the hub now says; one that this cart cannot read is not taken. {} is the defaults: it takes the place of a policy that was there, and a cart without one needs none. */
static enum trundle_status keep_policy(const char *dir, const json_t *policy, struct trundle_error *err)
{
    struct capture_policy *read;
    enum trundle_status status;
    struct bytes old = { 0 };
    char path[1200], *text;

    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, dir);
    if (!json_is_object(policy) || (!json_object_size(policy) && access(path, F_OK) != 0))
        return TRUNDLE_OK;
    text = json_dumps(policy, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    read = malloc(sizeof *read);
    if (!text || !read) {
        free(text);
        free(read);
        return error_set(err, TRUNDLE_NO_MEMORY, "policy", NULL, "no memory");
    }
    status = policy_parse(text, strlen(text), "policy of the hub", read, err);
    if (status == TRUNDLE_OK && !(file_read(path, POLICY_BYTES, &old, NULL) == TRUNDLE_OK && old.n == strlen(text) && !memcmp(old.data, text, old.n)))
        status = file_write(path, text, strlen(text), err);
    bytes_done(&old);
    free(text);
    free(read);
    return status;
}

static enum trundle_status ask_orders(struct sender *s, struct trundle_error *err)
{
    double every = s->config.orders_s > 0 ? s->config.orders_s : 60;
    json_t *root;

    if (s->config.orders_s < 0 || clock_mono_ns() < s->next_orders_ns)
        return TRUNDLE_OK;
    s->next_orders_ns = clock_mono_ns() + S_NS(every);
    s->counts.requests++;
    TRY(uplink_request(s->call, "GET", "/api/v1/orders", NULL, 0, &s->reply, err));
    TRY(uplink_reply_error(&s->reply, "orders", err));
    root = json_loadb((const char *)s->reply.body.data, s->reply.body.n, 0, NULL);
    if (keep_policy(s->dir, json_object_get(root, "policy"), NULL) == TRUNDLE_OK && s->config.rate_bps == 0) {
        s->rate_bps = share(s->dir);
        uplink_call_limit(s->call, s->rate_bps, s->config.stop);
    }
    json_decref(root);
    if (s->config.orders)
        s->config.orders(s->config.user, s->call, &s->reply);
    return TRUNDLE_OK;
}

static void tell(struct sender *s, const char *doing)
{
    struct outbox_state state;

    if (s->config.progress && outbox_state(s->box, &state, NULL) == TRUNDLE_OK)
        s->config.progress(s->config.user, &state, doing);
}

/* One request, or none: END when there is nothing to send. */
static enum trundle_status step(struct sender *s, struct trundle_error *err)
{
    enum trundle_status status = send_records(s, err);

    if (status == TRUNDLE_END)
        status = send_clip(s, err);
    if (status == TRUNDLE_OK)
        s->failed = 0;
    else if (status != TRUNDLE_END && status != TRUNDLE_AGAIN)
        s->counts.failures++;
    return status;
}

static int64_t pause_ns(struct sender *s)
{
    double least = s->config.retry_s > 0 ? s->config.retry_s : 1, most = s->config.retry_most_s > 0 ? s->config.retry_most_s : 300;
    double wait = least * (double)(UINT64_C(1) << (s->failed < 20 ? s->failed : 20));

    s->failed++;
    if (wait > most)
        wait = most;
    wait *= 0.5 + 0.5 * (double)randombytes_uniform(1u << 30) / (double)(1u << 30);
    if (s->reply.retry_after_s > 0 && (double)s->reply.retry_after_s > wait && (s->reply.status == 429 || s->reply.status == 503))
        wait = (double)s->reply.retry_after_s;
    return S_NS(wait);
}

static bool stopped(const atomic_int *stop)
{
    return stop && *stop;
}

enum trundle_status uplink_drain(const struct uplink_config *config, bool once, struct uplink_counts *out, struct trundle_error *err)
{
    struct sender s = { .config = *config };
    enum trundle_status status = sender_init(&s, config, config->stop, err);

    if (status == TRUNDLE_OK && config->orders && (status = ask_orders(&s, err)) != TRUNDLE_OK) {
        s.counts.failures++;
        if (!once && status != TRUNDLE_AGAIN)
            status = TRUNDLE_OK;           /* the records are tried all the same */
    }
    while (status == TRUNDLE_OK) {
        if (stopped(config->stop)) {
            status = TRUNDLE_AGAIN;
            break;
        }
        s.reply.status = 0;
        status = step(&s, err);
        tell(&s, status == TRUNDLE_OK ? "sending" : status == TRUNDLE_END ? "done" : "waiting");
        if (status != TRUNDLE_OK && status != TRUNDLE_END && status != TRUNDLE_AGAIN && !once) {
            int64_t until = clock_mono_ns() + pause_ns(&s);

            while (!stopped(config->stop) && clock_mono_ns() < until)
                clock_sleep_until_ns(clock_mono_ns() + 20 * NS_PER_MS);
            status = TRUNDLE_OK;
        }
    }
    if (out)
        *out = s.counts;
    sender_done(&s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* --- The thread. --------------------------------------------------------------------------------------------------- */
struct uplink {
    struct sender sender;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_int stop;
    bool woken;
    struct uplink_counts counts;
};

static void wait_until(struct uplink *u, int64_t ns, bool wakes)
{
    int64_t end = clock_mono_ns() + ns;
    struct timespec until = { .tv_sec = (time_t)(end / NS_PER_S), .tv_nsec = (long)(end % NS_PER_S) };

    (void)pthread_mutex_lock(&u->lock);
    while (!u->stop && !(wakes && u->woken) && pthread_cond_timedwait(&u->changed, &u->lock, &until) == 0)
        ;
    u->woken = false;
    (void)pthread_mutex_unlock(&u->lock);
}

/* After a failure. A hub that answers and does not take the records (429: too many today; 500: its disk is full) may well have an order to stop what makes them: that is asked for all
 * the same. One that has no room for anybody (503) is left alone. */
static void hold(struct uplink *u)
{
    struct sender *s = &u->sender;
    const bool answers = s->reply.status >= 400 && s->reply.status != 503 && s->config.orders_s >= 0;
    const int64_t end = clock_mono_ns() + pause_ns(s);

    while (!u->stop && clock_mono_ns() < end) {
        int64_t next = end;

        if (answers) {
            (void)!ask_orders(s, NULL);
            next = s->next_orders_ns < end ? s->next_orders_ns : end;
        }
        wait_until(u, next - clock_mono_ns(), false);
    }
}

static void *run(void *user)
{
    struct uplink *u = user;
    struct sender *s = &u->sender;

    while (!u->stop) {
        enum trundle_status status;

        s->reply.status = 0;
        s->reply.retry_after_s = -1;
        status = step(s, NULL);
        (void)pthread_mutex_lock(&u->lock);
        u->counts = s->counts;
        (void)pthread_mutex_unlock(&u->lock);
        tell(s, status == TRUNDLE_OK ? "sending" : status == TRUNDLE_END ? "done" : "waiting");
        if (status == TRUNDLE_OK || status == TRUNDLE_END)
            (void)!ask_orders(s, NULL);    /* the records' own failures are counted and waited for */
        if (status == TRUNDLE_END)
            wait_until(u, IDLE_MS * NS_PER_MS, true);
        else if (status != TRUNDLE_OK)
            hold(u);
    }
    return NULL;
}

static void free_uplink(struct uplink *u)
{
    sender_done(&u->sender);
    (void)pthread_cond_destroy(&u->changed);
    (void)pthread_mutex_destroy(&u->lock);
    free(u);
}

enum trundle_status uplink_start(const struct uplink_config *config, struct uplink **out, struct trundle_error *err)
{
    struct uplink *u = calloc(1, sizeof *u);
    pthread_condattr_t monotonic;
    enum trundle_status status;

    if (!u)
        return error_set(err, TRUNDLE_NO_MEMORY, "uplink", NULL, "no memory");
    (void)pthread_mutex_init(&u->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&u->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    status = sender_init(&u->sender, config, &u->stop, err);
    u->sender.config.stop = &u->stop;
    if (status == TRUNDLE_OK && pthread_create(&u->thread, NULL, run, u) != 0)
        status = error_set(err, TRUNDLE_NO_MEMORY, "uplink", NULL, "no thread");
    if (status != TRUNDLE_OK) {
        free_uplink(u);
        return status;
    }
    *out = u;
    return TRUNDLE_OK;
}

struct uplink_counts uplink_counts(struct uplink *u)
{
    struct uplink_counts c;

    (void)pthread_mutex_lock(&u->lock);
    c = u->counts;
    (void)pthread_mutex_unlock(&u->lock);
    return c;
}

void uplink_wake(struct uplink *u)
{
    (void)pthread_mutex_lock(&u->lock);
    u->woken = true;
    (void)pthread_cond_signal(&u->changed);
    (void)pthread_mutex_unlock(&u->lock);
}

void uplink_stop(struct uplink *u)
{
    if (!u)
        return;
    (void)pthread_mutex_lock(&u->lock);
    u->stop = 1;
    (void)pthread_cond_signal(&u->changed);
    (void)pthread_mutex_unlock(&u->lock);
    (void)pthread_join(u->thread, NULL);
    free_uplink(u);
}

/* --- Joining. ------------------------------------------------------------------------------------------------------ */
static enum trundle_status take_join(const char *dir, struct identity *id, const struct uplink_reply *reply, struct trundle_error *err)
{
    enum trundle_status status;
    struct identity joined = *id;
    struct json_at at;
    json_t *root = NULL;
    char path[1200], *trust = NULL;

    TRY(json_parse(reply->body.data, reply->body.n, "answer to join", &root, err));
    at = json_at_root(root, "answer to join");
    TRY_GOTO(status, json_take_text(&at, "cart", joined.cart, sizeof joined.cart, err), out);
    TRY_GOTO(status, json_take_text(&at, "store", joined.store, sizeof joined.store, err), out);
    TRY_GOTO(status, json_take_text(&at, "seal_key", joined.seal_key, sizeof joined.seal_key, err), out);
    if (!joined.cart[0]) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "answer to join", NULL, "the hub gave this cart no name");
        goto out;
    }
    TRY_GOTO(status, keep_policy(dir, json_object_get(root, "policy"), err), out);
    if (json_is_object(json_object_get(root, "trust")) || json_is_array(json_object_get(root, "trust"))) {
        trust = json_dumps(json_object_get(root, "trust"), JSON_INDENT(1));
        (void)snprintf(path, sizeof path, "%s/" TRUST_FILE, dir);
        status = trust ? file_write(path, trust, strlen(trust), err) : error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
        if (status != TRUNDLE_OK)
            goto out;
    }
    TRY_GOTO(status, identity_save(dir, &joined, err), out);        /* last: only now it has joined */
    *id = joined;
out:
    free(trust);
    json_decref(root);
    if (status == TRUNDLE_NOT_FOUND)
        status = error_set(err, TRUNDLE_BAD_INPUT, "answer to join", "is this a hub?", "cart, store or seal_key is missing");
    return status;
}

enum trundle_status uplink_join(const char *dir, struct identity *id, const char *code, const char *name, const char *hardware, struct trundle_error *err)
{
    json_t *root = json_pack("{s:s, s:s, s:s, s:s}", "code", code, "public_key", id->public_key, "hardware", hardware, "name", name);
    char *body = root ? json_dumps(root, JSON_COMPACT) : NULL;
    struct uplink_reply reply = { .status = 0 };
    struct uplink_call *call = NULL;
    enum trundle_status status;

    json_decref(root);
    if (!body)
        return error_set(err, TRUNDLE_BAD_ARG, "join", NULL, "code, name and hardware are text in UTF-8");
    TRY_GOTO(status, uplink_call_new(id, &call, err), out);
    TRY_GOTO(status, uplink_request(call, "POST", "/api/v1/join", body, strlen(body), &reply, err), out);
    TRY_GOTO(status, uplink_reply_error(&reply, "join", err), out);
    (void)snprintf(id->hardware, sizeof id->hardware, "%s", hardware);
    status = take_join(dir, id, &reply, err);
out:
    uplink_reply_done(&reply);
    uplink_call_free(call);
    free(body);
    return status;
}
