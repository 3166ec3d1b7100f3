/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Start and stop: folder, keys, tables, the rooms behind, the route table, the thread that looks at what time alone changes. */
#include "base/std/time.h"
#include "hub/depot/lineage.h"
#include "hub/server/inside.h"
#include "hub/server/page.h"
#include "hub/ship/ship.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 32, CONNECTIONS = 2000, HOSTS = 8, TICK_S = 60, SWEEP_CLIPS = 200 };

/* Pages of the console: own scripts and styles; pictures that scripts make (clips are opened in the page). */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
                             "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

int64_t server_now(const struct server *s)
{
    return s->config.now_ns ? s->config.now_ns() : clock_wall_ns();
}

size_t server_routes(const struct server_route **out_row, size_t most)
{
    const struct { const struct server_route *row; size_t n; } tables[] = {
        { people_routes, people_routes_n }, { key_routes, key_routes_n },   { cart_routes, cart_routes_n }, { fleet_routes, fleet_routes_n },
        { look_routes, look_routes_n },     { label_routes, label_routes_n },   { player_routes, player_routes_n }, { ship_routes, ship_routes_n }, { watch_routes, watch_routes_n },
    };
    size_t n = 0;

    for (size_t t = 0; t < COUNT_OF(tables); t++)
        for (size_t i = 0; i < tables[t].n && n < most; i++)
            out_row[n++] = &tables[t].row[i];
    return n;
}

/* ---- keys ---- */

static enum trundle_status secret_or_none(struct depot *d, const char *name, struct bytes *out, struct trundle_error *err)
{
    enum trundle_status status = depot_secret_get(d, name, out, err);

    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
}

/* The certificate is kept as long as the folder: carts pin its key. */
static enum trundle_status tls(struct server *s, struct bytes *out_key, struct trundle_error *err)
{
    const char *names[HOSTS + 3] = { "localhost", "127.0.0.1", "::1" };
    size_t n = 3;
    enum trundle_status status;

    TRY(secret_or_none(s->depot, SECRET_CERTIFICATE, &s->certificate, err));
    TRY(secret_or_none(s->depot, SECRET_KEY, out_key, err));
    if (!s->certificate.n != !out_key->n)
        return error_set(err, TRUNDLE_CORRUPT, s->config.dir, "restore secret.json from a backup", "has a certificate without its key, or a key without its certificate");
    if (!s->certificate.n) {
        for (size_t i = 0; i < s->config.hosts_n && i < HOSTS; i++)
            names[n++] = s->config.hosts[i];
        TRY(http_certificate_make(names, n, &s->certificate, out_key, err));
        status = depot_secret_set(s->depot, SECRET_KEY, (const char *)out_key->data, true, err);
        if (status == TRUNDLE_OK)
            status = depot_secret_set(s->depot, SECRET_CERTIFICATE, (const char *)s->certificate.data, true, err);
        if (status != TRUNDLE_OK)
            return status;
    }
    return http_certificate_pin((const char *)s->certificate.data, s->pin, err);
}

/* ---- records, as they become durable ---- */

static double number(const json_t *body, const char *key)
{
    const json_t *v = json_object_get(body, key);

    return json_is_number(v) ? json_number_value(v) : 0;
}

static const char *text(const json_t *body, const char *key)
{
    const char *v = json_string_value(json_object_get(body, key));

    return v ? v : "";
}

/* What ship counts by is the hash of what runs; what is none is the model that the cart was built with. */
static const char *bundle(const json_t *body)
{
    const char *sha256 = text(body, "bundle");

    return depot_sha_check(sha256, "bundle", NULL) == TRUNDLE_OK ? sha256 : "";
}

/* Most records are plain decisions, which are only counted. A mark for an audit, or one that does not say what it is, goes the whole way. */
static bool only_counted(const struct depot_record *record)
{
    return !record->json && record->what[0] && strcmp(record->what, "audit") != 0;
}

void count_decisions(struct server *s, const struct depot_batch *batch)
{
    size_t n = 0, corrected = 0, records = depot_batch_count(batch);

    for (size_t i = 0; i < records; i++) {
        const struct depot_record *r = depot_batch_record(batch, i), *next = i + 1 < records ? depot_batch_record(batch, i + 1) : NULL;

        if (!only_counted(r))
            continue;
        n += r->fresh;
        corrected += r->fresh && r->corrected;
        if (n && !(next && only_counted(next) && strcmp(next->what, r->what) == 0)) {
            watch_decisions(s->watch, r->what, n, corrected);
            n = corrected = 0;
        }
    }
}

static enum trundle_status on_decision(struct server *s, struct db *db, struct watch_record *seen, const struct depot_record *record, int64_t now_ns, struct trundle_error *err)
{
    json_t *body;
    enum trundle_status status;

    if (only_counted(record))
        return TRUNDLE_OK;                 /* once it is on the disk */
    body = record->json ? json_incref(record->json) : json_loads(record->body, 0, NULL);
    seen->body = body;
    status = body ? watch_record(s->watch, db, seen, now_ns, err) : error_set(err, TRUNDLE_NO_MEMORY, "record", NULL, "no memory for it");
    json_decref(body);
    return status;
}

static enum trundle_status on_record(void *user, struct db *db, const char *cart, const struct depot_record *record, int64_t now_ns, struct trundle_error *err)
{
    struct server *s = user;
    struct watch_record seen = { .cart = cart, .kind = record->kind, .boot = record->boot, .sequence = record->sequence, .t_ns = record->t_ns, .body = record->json };
    const json_t *body = record->json;
    struct cart_row row;

    if (strcmp(record->kind, "decision") == 0)
        return on_decision(s, db, &seen, record, now_ns, err);
    TRY(cart_find(db, cart, &row, err));
    seen.store = row.store;
    TRY(watch_record(s->watch, db, &seen, now_ns, err));
    if (strcmp(record->kind, "trip") == 0)
        return ship_observe(db, &(struct ship_trip){ cart, text(body, "trip"), bundle(body), (int64_t)json_integer_value(json_object_get(body, "ended_ns")),
                                                     { number(body, "items"), number(body, "corrected"), number(body, "asked"), number(body, "line_p99_ms"), number(body, "faults") } }, err);
    if (strcmp(record->kind, "install") == 0 && *bundle(body))
        return ship_confirm(db, &(struct ship_confirmation){ cart, bundle(body), text(body, "state"), text(body, "why"), record->t_ns }, err);
    return TRUNDLE_OK;
}

/* ---- what time alone changes ---- */

static const struct watch_metric lapsed_metric = { .name = "trundle_hub_clips_lapsed", .help = "Clips that were announced and forgotten, since none of their bytes came for 7 days.", .type = WATCH_COUNTER };

/* Gates are read beside the writer; only what moves waits for its turn. */
static void rollouts_tick(struct server *s, int64_t now_ns)
{
    int64_t due[SHIP_RUNNING_MAX];
    enum trundle_status status;
    struct db *db = NULL;
    size_t n = 0, changed;

    status = depot_read_begin(s->depot, &db, NULL);
    if (status == TRUNDLE_OK)
        status = ship_due(db, now_ns, due, &n, NULL);
    depot_read_end(s->depot, db);
    server_complain(s, "ship_tick", status);
    if (!n)
        return;
    depot_lock(s->depot);
    server_complain(s, "ship_tick", ship_move(depot_db(s->depot), due, n, now_ns, &changed, NULL));
    depot_unlock(s->depot);
}

static void tick(struct server *s)
{
    struct depot_swept swept;
    int64_t now_ns = server_now(s);
    struct db *db;
    enum trundle_status status;

    depot_lock(s->depot);
    db = depot_db(s->depot);
    status = db_begin(db, NULL);
    if (status == TRUNDLE_OK)
        status = watch_tick(s->watch, db, now_ns, NULL);
    if (status == TRUNDLE_OK)
        status = db_commit(db, NULL);
    if (status != TRUNDLE_OK)
        db_rollback(db);                   /* the next minute looks again */
    server_complain(s, "watch_tick", status);
    depot_unlock(s->depot);
    rollouts_tick(s, now_ns);
    status = depot_sweep(s->depot, now_ns, SWEEP_CLIPS, &swept, NULL);
    server_complain(s, "sweep", status);
    if (status == TRUNDLE_OK)
        watch_metric_add(s->metrics, &lapsed_metric, NULL, (double)swept.lapsed);
    open_clips_tidy(s);
}

static void *ticker(void *user)
{
    struct server *s = user;
    struct timespec until;
    bool stopping = false;

    while (!stopping) {
        int late = 0;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += TICK_S;
        (void)pthread_mutex_lock(&s->tick_lock);
        while (!s->stopping && late != ETIMEDOUT)
            late = pthread_cond_timedwait(&s->tick_stop, &s->tick_lock, &until);
        stopping = s->stopping;
        (void)pthread_mutex_unlock(&s->tick_lock);
        if (!stopping)
            tick(s);
    }
    return NULL;
}

/* ---- start and stop ---- */

static enum trundle_status open_rooms(struct server *s, struct trundle_error *err)
{
    const struct depot_options limits = { .cart_max_bytes = s->config.cart_max_bytes, .keep_days_max = s->config.keep_days_max };
    struct watch_config watch = WATCH_CONFIG_DEFAULT;
    enum trundle_status status;

    TRY(depot_open(s->config.dir, DEPOT_CREATE, &limits, &s->depot, err));
    TRY(server_tables(s->depot, err));
    if (watch_metrics_new(&s->metrics) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, "server", NULL, "no memory for metrics");
    watch_metric_declare(s->metrics, &lapsed_metric);
    watch.metrics = s->metrics;
    TRY(watch_new(&watch, &s->watch, err));
    depot_lock(s->depot);
    status = watch_migrate(depot_db(s->depot), err);
    if (status == TRUNDLE_OK)
        status = ship_open(depot_db(s->depot), err);
    depot_unlock(s->depot);
    if (status == TRUNDLE_OK)
        status = depot_hook_add(s->depot, on_record, s, err);
    return status;
}

static void bind_routes(struct server *s)
{
    const struct server_route *row[SERVER_ROUTES_MAX];

    s->routes_n = server_routes(row, SERVER_ROUTES_MAX);
    for (size_t i = 0; i < s->routes_n; i++) {
        s->bindings[i] = (struct binding){ s, row[i] };
        s->routes[i] = (struct http_route){ row[i]->method, row[i]->path, dispatch, &s->bindings[i] };
    }
}

static enum trundle_status open_door(struct server *s, const char *key_pem, struct trundle_error *err)
{
    struct http_config config = {
        .address = s->config.address ? s->config.address : "127.0.0.1:8443",
        .routes = s->routes, .routes_n = s->routes_n, .files = s->config.files, .files_n = s->config.files_n, .hosts = s->config.hosts, .hosts_n = s->config.hosts_n,
        .user = s, .admit = admit, .note_n = sizeof(struct caller), .threads = s->config.threads ? s->config.threads : THREADS,
        .certificate_pem = (const char *)s->certificate.data, .key_pem = key_pem, .policy = policy, .connections_max = CONNECTIONS,
        .request_s = 20, .body_s = 300, .idle_s = 120, .stall_s = 30,
    };

    if (!config.files) {
        config.files = server_page;
        config.files_n = server_page_n;
    }
    return http_start(&config, &s->http, err);
}

enum trundle_status server_start(const struct server_config *config, struct server **out, struct trundle_error *err)
{
    struct server *s = calloc(1, sizeof *s);
    struct bytes key = { 0 };
    char secret[KEY_TEXT] = "";
    pthread_condattr_t monotonic;
    enum trundle_status status;

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "server", NULL, "no memory");
    s->config = *config;
    s->passwords.fast = config->fast_passwords;
    (void)pthread_mutex_init(&s->passwords.lock, NULL);
    (void)pthread_mutex_init(&s->limits.lock, NULL);
    (void)pthread_mutex_init(&s->quotas.lock, NULL);
    (void)pthread_mutex_init(&s->opened.lock, NULL);
    (void)pthread_mutex_init(&s->tick_lock, NULL);
    (void)pthread_mutex_init(&s->scrape_lock, NULL);
    (void)pthread_condattr_init(&monotonic);           /* a wall clock that is set back must not put off retention */
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->tick_stop, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (sodium_init() < 0) {
        status = error_set(err, TRUNDLE_IO, "server", NULL, "no random numbers");
        goto out;
    }
    TRY_GOTO(status, replay_open(&s->replays, err), out);
    TRY_GOTO(status, open_rooms(s, err), out);
    TRY_GOTO(status, tls(s, &key, err), out);
    (void)seal_key_text(depot_seal_key(s->depot)->public_key, s->seal_key);
    TRY_GOTO(status, first_admin(s->depot, server_now(s), secret, err), out);
    s->started_ns = server_now(s);
    bind_routes(s);
    TRY_GOTO(status, open_door(s, (const char *)key.data, err), out);
    if (*secret)
        (void)snprintf(s->link, sizeof s->link, "%s/#link=%s", http_url(s->http), secret);
    if (pthread_create(&s->ticker, NULL, ticker, s) != 0) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "server", NULL, "no thread");
        goto out;
    }
    s->ticking = true;
    *out = s;
    s = NULL;
out:
    sodium_memzero(secret, sizeof secret);
    if (key.data)
        sodium_memzero(key.data, key.n);
    bytes_done(&key);
    server_stop(s);
    return status;
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    http_stop(s->http);
    if (s->ticking) {
        (void)pthread_mutex_lock(&s->tick_lock);
        s->stopping = true;
        (void)pthread_cond_signal(&s->tick_stop);
        (void)pthread_mutex_unlock(&s->tick_lock);
        (void)pthread_join(s->ticker, NULL);
    }
    depot_close(s->depot);
    watch_free(s->watch);
    watch_metrics_free(s->metrics);
    replay_close(&s->replays);
    open_clips_close(&s->opened);
    bytes_done(&s->certificate);
    (void)pthread_mutex_destroy(&s->passwords.lock);
    (void)pthread_mutex_destroy(&s->limits.lock);
    (void)pthread_mutex_destroy(&s->quotas.lock);
    (void)pthread_mutex_destroy(&s->tick_lock);
    (void)pthread_mutex_destroy(&s->scrape_lock);
    (void)pthread_cond_destroy(&s->tick_stop);
    free(s);
}

const char *server_url(const struct server *s)
{
    return http_url(s->http);
}

const char *server_pin(const struct server *s)
{
    return s->pin;
}

const char *server_link(const struct server *s)
{
    return s->link;
}

struct depot *server_depot(struct server *s)
{
    return s->depot;
}
