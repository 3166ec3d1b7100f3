/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What the files of this room share; for nobody else. */
#pragma once

#include "base/db/query.h"
#include "hub/depot/depot.h"
#include "hub/server/route.h"
#include "hub/server/server.h"
#include "hub/watch/metrics.h"
#include "hub/watch/watch.h"

#include <pthread.h>

enum {
    WINDOW_S = 300,                        /* a cart's clock may differ by that */
    REPEAT_S = 10,                         /* a signed request that comes again within that is a repeat of the line, later a replay */
    SESSION_H = 12, LINK_H = 24,
    PASSWORD_LEAST = 10, PASSWORD_TEXT = 128,
    ROWS_DEFAULT = 100, ROWS_MOST = 500,
    HASHERS = 2                            /* passwords hashed at once: 64 MiB each */
};
#define COOKIE "__Host-trundle"
#define BY_LINK "link"                     /* label of a session that began with one */
#define SECRET_CERTIFICATE "tls-certificate"
#define SECRET_KEY "tls-key"
#define NS_PER_DAY (INT64_C(86400) * 1000000000)
#define NS_PER_HOUR (INT64_C(3600) * 1000000000)

/* ---- key.c: secrets that were given out; kept as sha256 alone ---- */
enum key_kind { KEY_SESSION, KEY_TOKEN, KEY_LINK };
enum { KEY_TEXT = 64, KEY_ID = 13, KEY_LABEL = 41 };
struct key {
    enum key_kind kind;
    char user[41], label[KEY_LABEL], id[KEY_ID];
    unsigned roles;                        /* of a token: what it may at most */
    int64_t made_ns, expires_ns, seen_ns;
    uint8_t hash[32];
};
/* Fills id and hash, and the secret to give out. In a write. */
TRUNDLE_MUST_USE enum trundle_status key_add(struct db *db, struct key *key, char out_secret[KEY_TEXT], struct trundle_error *err);
/* NOT_FOUND: none such, or its time is over, or its user is off; *out_roles: what it may now. */
TRUNDLE_MUST_USE enum trundle_status key_find(struct db *db, const char *secret, int64_t now_ns, struct key *out, unsigned *out_roles, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status key_remove(struct db *db, const uint8_t hash[32], struct trundle_error *err);
/* All of a kind that a user has; kind -1: all. */
TRUNDLE_MUST_USE enum trundle_status key_remove_of(struct db *db, const char *user, int kind, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status key_seen(struct db *db, const uint8_t hash[32], int64_t now_ns, struct trundle_error *err);
void key_hash(const char *secret, uint8_t out[32]);

/* ---- password.c: argon2id ---- */
struct password_gate { pthread_mutex_t lock; int running; bool fast; };
/* FULL: too many are being hashed. */
TRUNDLE_MUST_USE enum trundle_status password_make(struct password_gate *g, const char *password, char out[PASSWORD_TEXT], struct trundle_error *err);
/* *out_right; `stored` "" (no such user) takes as long as a wrong one. */
TRUNDLE_MUST_USE enum trundle_status password_check(struct password_gate *g, const char *stored, const char *password, bool *out_right, struct trundle_error *err);

/* ---- limit.c: how often ---- */
enum { LIMIT_BUCKETS = 4096 };
struct limit_rule { double burst, per_s; };
struct limit { pthread_mutex_t lock; struct { uint64_t key; double level; int64_t t_ns; } bucket[LIMIT_BUCKETS]; };
/* 0: go on, one is taken; else seconds to wait. */
int limit_take(struct limit *l, const char *what, const char *who, struct limit_rule rule, int64_t mono_ns);
void limit_give_back(struct limit *l, const char *what, const char *who, struct limit_rule rule);
/* The same of so many at once, up to the burst. Whoever shares a table shares its clock. */
int limit_take_some(struct limit *l, const char *what, const char *who, struct limit_rule rule, double n, int64_t now_ns);
void limit_give_some(struct limit *l, const char *what, const char *who, struct limit_rule rule, double n, int64_t now_ns);

/* quota.c: bytes of records that one cart may bring, in a table of its own (the hub's clock). FULL, with the reply's status and wait set: the cart keeps them and comes again. */
#define QUOTA_DAY_BYTES (INT64_C(256) << 20)
TRUNDLE_MUST_USE enum trundle_status quota_take(struct ask *ask, struct http_reply *reply, struct trundle_error *err);
/* Of what was taken: a share that needed no room, since it was here already or was refused. */
void quota_give(struct ask *ask, double share);

/* ---- sign.c: requests of carts ---- */
enum { REPLAY_SLOTS = 1 << 19, REPLAY_PROBES = 32 };
struct replay { pthread_mutex_t lock; struct replay_slot { uint64_t hash; uint32_t first_s, until_s; } *slot; uint64_t salt; };
TRUNDLE_MUST_USE enum trundle_status replay_open(struct replay *r, struct trundle_error *err);
void replay_close(struct replay *r);
/* False: this signature was first seen more than REPEAT_S before. `until_s`: from then on its time alone refuses it. */
bool replay_fresh(struct replay *r, const uint8_t signature[64], uint32_t now_s, uint32_t until_s);
/* The headers of a cart's request into `caller`; BAD_INPUT: not in form, or its clock is off. */
TRUNDLE_MUST_USE enum trundle_status sign_head(const struct http_request *request, int64_t now_ns, struct caller *out, struct trundle_error *err);
bool sign_holds(const struct http_request *request, const struct caller *caller);

/* fleet.c: the policy of a store, or that of all; {} when nobody set one: the cart has its defaults. The caller decrefs. */
TRUNDLE_MUST_USE enum trundle_status policy_of(struct db *db, const char *store, json_t **out, struct trundle_error *err);

/* upload.c: what is large comes in parts, into DIR/part/upload,NAME, until it is whole. What carts saw lies there encrypted (`hidden`), and is read by upload_read alone. */
struct upload { char path[1200]; int64_t have, size, at; bool whole, hidden; struct server *server; };
#define UPLOAD_BYTES (INT64_C(8) << 30)
/* One part (the request's offset, size up to `most`, and body). `name` is ours or checked. Held by the caller until upload_end. CONFLICT: a gap. */
TRUNDLE_MUST_USE enum trundle_status upload_part(struct ask *ask, const char *name, bool hidden, int64_t most, struct upload *out, struct trundle_error *err);
depot_source upload_read;                  /* `user` is the upload, whole */
void upload_end(struct upload *u, bool remove);

/* mind.c: what of a bundle (its name or sha256) decides; empty: the built-in. */
struct mind { struct bytes fuse, costs; };
TRUNDLE_MUST_USE enum trundle_status mind_open(struct server *s, const char *model, struct mind *out, struct trundle_error *err);
void mind_done(struct mind *mind);

/* player.c: clips and trip files that are being looked at, as the access log knows: their content in memory. */
struct open_clip { char sha256[DEPOT_SHA], who[100]; int fd; int64_t until_ns, bytes; };
enum { OPEN_CLIPS = 8, OPEN_CLIP_MIN = 10 };
#define OPEN_CLIP_BYTES (INT64_C(2) << 30)              /* of all of them; so the largest trip file that is taken */
struct open_clips { pthread_mutex_t lock; struct open_clip clip[OPEN_CLIPS]; };
void open_clips_close(struct open_clips *all);
/* Lets go of what was looked at long enough, and of what was deleted since. */
void open_clips_tidy(struct server *s);

/* ---- the server ---- */
struct binding { struct server *server; const struct server_route *row; };

struct server {
    struct server_config config;
    struct depot *depot;
    struct watch *watch;
    struct watch_metrics *metrics;
    struct http_server *http;
    struct http_route routes[SERVER_ROUTES_MAX];
    struct binding bindings[SERVER_ROUTES_MAX];
    size_t routes_n;
    struct password_gate passwords;
    struct limit limits, quotas;
    struct replay replays;
    struct open_clips opened;
    struct bytes certificate;              /* PEM */
    char seal_key[SEAL_KEY_TEXT];
    char pin[HTTP_PIN];
    char link[SERVER_LINK + 128];
    int64_t started_ns;
    pthread_t ticker;
    pthread_mutex_t tick_lock, scrape_lock;
    pthread_cond_t tick_stop;
    bool ticking, stopping;
};

int64_t server_now(const struct server *s);

/* admit.c */
http_admit admit;
/* dispatch.c */
http_handler dispatch;
/* A request that brought a sign-in or a signature and was refused, in the access log; of one address only so many. */
void log_refusal(struct server *s, const struct server_route *row, const struct caller *caller, const char *why);
/* What a handler says of it when it is not the row's plain text: in the access log. */
TRUNDLE_MUST_USE enum trundle_status ask_log(const struct ask *ask, const char *act, const char *what, const char *ref, const char *why, struct trundle_error *err);
/* What would outlive a token that leaked takes a person at a browser. BAD_INPUT. */
TRUNDLE_MUST_USE enum trundle_status ask_session(const struct ask *ask, struct trundle_error *err);
/* limit, after and q of a list; BAD_INPUT. */
struct list_query { int limit; const char *after, *q; };
TRUNDLE_MUST_USE enum trundle_status ask_list(const struct ask *ask, struct list_query *out, struct trundle_error *err);
/* A number of the query or path. */
TRUNDLE_MUST_USE enum trundle_status ask_number(const char *text, const char *where, int64_t lo, int64_t hi, int64_t *out, struct trundle_error *err);
const char *ask_text(const struct ask *ask, const char *key);       /* "" when absent */
/* An object of the body as JSON in one form (keys sorted), "{}" when absent; the caller frees it. */
TRUNDLE_MUST_USE enum trundle_status ask_object(const struct ask *ask, const char *key, char **out, struct trundle_error *err);
/* {"rows":rows,"next":next or null}; takes `rows` over. */
TRUNDLE_MUST_USE enum trundle_status ask_rows(struct ask *ask, json_t *rows, const char *next, struct trundle_error *err);

/* tables.c */
typedef enum trundle_status list_rows(struct db *db, json_t **out, struct trundle_error *err);
/* All rows of a list, read in one transaction. */
TRUNDLE_MUST_USE enum trundle_status ask_list_of(struct ask *ask, list_rows *list, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status first_admin(struct depot *d, int64_t now_ns, char out_secret[KEY_TEXT], struct trundle_error *err);
struct user { char name[41]; unsigned roles; char password[PASSWORD_TEXT]; bool off; int64_t made_ns; };
TRUNDLE_MUST_USE enum trundle_status user_find(struct db *db, const char *name, struct user *out, struct trundle_error *err);   /* NOT_FOUND */
TRUNDLE_MUST_USE enum trundle_status user_put(struct db *db, const struct user *user, struct trundle_error *err);
list_rows users_list;

struct cart_row { char name[41], store[41], hardware[41]; uint8_t key[32]; int64_t joined_ns, off_ns; };
TRUNDLE_MUST_USE enum trundle_status cart_find(struct db *db, const char *name, struct cart_row *out, struct trundle_error *err);

/* The rows of each file. */
extern const struct server_route people_routes[], key_routes[], cart_routes[], fleet_routes[], look_routes[], label_routes[], player_routes[], ship_routes[], watch_routes[];
extern const size_t people_routes_n, key_routes_n, cart_routes_n, fleet_routes_n, look_routes_n, label_routes_n, player_routes_n, ship_routes_n, watch_routes_n;
/* What fails where nobody can be told is counted. */
void server_complain(struct server *s, const char *what, enum trundle_status status);
/* Metrics of the server itself. */
void count_request(struct server *s, const struct server_route *row, enum trundle_status status);
/* The plain decisions of a batch that the depot took; the records beside them were counted when they were looked at. */
void count_decisions(struct server *s, const struct depot_batch *batch);
