/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Users, signing in, one's own account. */
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Wrong passwords: of one address, and of one name from wherever. */
static const struct limit_rule per_peer = { 10, 1.0 / 6 }, per_name = { 20, 1.0 / 3 };

static json_t *account(const struct user *u, int64_t expires_ns)
{
    json_t *answer = json_pack("{s:s, s:o, s:b}", "name", u->name, "roles", role_list(u->roles), "password", (int)(u->password[0] != '\0'));

    if (answer && expires_ns)
        (void)json_object_set_new(answer, "expires_ns", json_integer(expires_ns));
    return answer;
}

struct session { struct key key; struct user user; const char *link; char secret[KEY_TEXT]; };

/* A link is taken up once: it goes in the same write that makes the session. */
static enum trundle_status begin_session(struct db *db, void *user, struct trundle_error *err)
{
    struct session *s = user;
    struct key link;
    unsigned roles;

    if (s->link) {
        TRY(key_find(db, s->link, s->key.made_ns, &link, &roles, err));
        if (link.kind != KEY_LINK)
            return error_set(err, TRUNDLE_NOT_FOUND, "link", NULL, "is of another kind");
        TRY(key_remove(db, link.hash, err));
        (void)snprintf(s->key.user, sizeof s->key.user, "%s", link.user);
        (void)snprintf(s->key.label, sizeof s->key.label, BY_LINK);
    }
    TRY(user_find(db, s->key.user, &s->user, err));
    TRY(key_add(db, &s->key, s->secret, err));
    return depot_access_in(db, &(struct depot_access){ s->key.user, "session_begin", "session", s->key.id, s->link ? "by link" : "by password" }, s->key.made_ns, err);
}

static enum trundle_status password_right(struct ask *ask, const char *name, const char *password, struct trundle_error *err)
{
    struct server *s = ask->server;
    struct user user = { .password = "" };
    struct db *db = NULL;
    bool right = false;
    enum trundle_status status;

    TRY(depot_read_begin(s->depot, &db, err));
    status = user_find(db, name, &user, err);
    depot_read_end(s->depot, db);
    if (status == TRUNDLE_NOT_FOUND || (status == TRUNDLE_OK && user.off))
        user.password[0] = '\0';
    else if (status != TRUNDLE_OK)
        return status;
    TRY(password_check(&s->passwords, user.password, password, &right, err));
    return right ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, "sign-in", "an administrator can make a new link", "the name or the password is not right");
}

static enum trundle_status slow_down(struct http_reply *reply, int wait_s, struct trundle_error *err)
{
    reply->status = 429;
    reply->retry_s = wait_s;
    return error_set(err, TRUNDLE_FULL, "sign-in", NULL, "too many tries; wait %d s", wait_s);
}

static enum trundle_status session_begin(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct server *s = ask->server;
    const char *name = ask_text(ask, "name"), *password = ask_text(ask, "password"), *link = ask_text(ask, "link");
    struct session session = { .key = { .kind = KEY_SESSION, .made_ns = ask->now_ns, .expires_ns = ask->now_ns + SESSION_H * NS_PER_HOUR } };
    enum trundle_status status;
    int wait_s;

    if (!*link == !(*name && *password))
        return error_set(err, TRUNDLE_BAD_INPUT, "body", "{\"name\",\"password\"} or {\"link\"}", "takes a name and its password, or a link");
    wait_s = limit_take(&s->limits, "peer", ask->caller->peer, per_peer, clock_mono_ns());
    if (!wait_s && *name)
        wait_s = limit_take(&s->limits, "name", name, per_name, clock_mono_ns());
    if (wait_s)
        return slow_down(reply, wait_s, err);
    if (*link) {
        session.link = link;
        status = TRUNDLE_OK;
    } else {
        status = password_right(ask, name, password, err);
        (void)snprintf(session.key.user, sizeof session.key.user, "%s", name);
    }
    if (status == TRUNDLE_OK)
        status = depot_write(s->depot, begin_session, &session, err);
    if (status == TRUNDLE_BAD_INPUT || status == TRUNDLE_NOT_FOUND) {
        reply->status = 401;
        server_complain(s, "access_log", ask_log(ask, "session_refused", "session", name, *link ? "link" : "password", NULL));
        return status;
    }
    if (status != TRUNDLE_OK)
        return status;
    limit_give_back(&s->limits, "peer", ask->caller->peer, per_peer);
    if (*name)
        limit_give_back(&s->limits, "name", name, per_name);
    (void)snprintf(reply->cookie, sizeof reply->cookie, COOKIE "=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Strict", session.secret, SESSION_H * 3600);
    sodium_memzero(session.secret, sizeof session.secret);
    ask->answer = account(&session.user, session.key.expires_ns);
    return TRUNDLE_OK;
}

static enum trundle_status with_user(struct ask *ask, const char *name, struct user *out, struct trundle_error *err)
{
    struct db *db = NULL;
    enum trundle_status status;

    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = user_find(db, name, out, err);
    depot_read_end(ask->server->depot, db);
    return status;
}

static enum trundle_status session_get(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct user user = { .name = "" };

    (void)reply;
    TRY(with_user(ask, ask->caller->name, &user, err));
    user.roles = ask->caller->roles;
    ask->answer = account(&user, 0);
    return TRUNDLE_OK;
}

static enum trundle_status end_session(struct db *db, void *user, struct trundle_error *err)
{
    return key_remove(db, user, err);
}

static enum trundle_status session_end(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    uint8_t hash[32];

    TRY(ask_session(ask, err));
    memcpy(hash, ask->caller->hash, sizeof hash);
    TRY(depot_write(ask->server->depot, end_session, hash, err));
    (void)snprintf(reply->cookie, sizeof reply->cookie, COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    return TRUNDLE_OK;
}

struct new_password { const char *name; char hash[PASSWORD_TEXT]; const uint8_t *keep; };

/* Who knew the old password is out: all other sessions end. Tokens are things of their own, and stay. */
static enum trundle_status set_password(struct db *db, void *user, struct trundle_error *err)
{
    struct new_password *p = user;
    struct user u;

    TRY(user_find(db, p->name, &u, err));
    memcpy(u.password, p->hash, sizeof u.password);
    TRY(user_put(db, &u, err));
    TRY(db_do(db, err, "DELETE FROM server_key WHERE user = ? AND hash <> ? AND kind <> ?", "tbi", p->name, p->keep, (size_t)32, (int64_t)KEY_TOKEN));
    return db_do(db, err, "UPDATE server_key SET label = '' WHERE hash = ?", "b", p->keep, (size_t)32);      /* the link is used up with it */
}

static enum trundle_status password_set(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct new_password p = { .name = ask->caller->name, .keep = ask->caller->hash };
    struct user user;
    bool right = false;
    int wait_s;

    TRY(ask_session(ask, err));
    TRY(with_user(ask, p.name, &user, err));
    if (user.password[0] && !ask->caller->by_link) {       /* somebody else at an unlocked screen does not know it; who came by a link has lost it */
        wait_s = limit_take(&ask->server->limits, "name", p.name, per_name, clock_mono_ns());
        if (wait_s)
            return slow_down(reply, wait_s, err);
        TRY(password_check(&ask->server->passwords, user.password, ask_text(ask, "old"), &right, err));
        if (!right) {
            reply->status = 403;
            return error_set(err, TRUNDLE_BAD_INPUT, "old", NULL, "is not the password so far");
        }
    }
    TRY(password_make(&ask->server->passwords, ask_text(ask, "password"), p.hash, err));
    return depot_write(ask->server->depot, set_password, &p, err);
}

/* ---- administration ---- */

static enum trundle_status users(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return ask_list_of(ask, users_list, err);
}

static enum trundle_status link_for(struct ask *ask, const char *name, unsigned roles, struct trundle_error *err)
{
    char link[SERVER_LINK], text[ROLE_TEXT];

    TRY(server_user_put(ask->server->depot, name, role_text(roles, text), ask->caller->who, ask->now_ns, link, err));
    ask->answer = json_pack("{s:s, s:s, s:I}", "name", name, "link", link, "expires_ns", (json_int_t)(ask->now_ns + LINK_H * NS_PER_HOUR));
    sodium_memzero(link, sizeof link);
    return TRUNDLE_OK;
}

static enum trundle_status user_add(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct user user;
    unsigned roles;
    enum trundle_status status;

    (void)reply;
    TRY(role_take(&ask->body, "roles", &roles, err));
    status = with_user(ask, ask_text(ask, "name"), &user, err);
    if (status == TRUNDLE_OK && !user.off)
        return error_set(err, TRUNDLE_CONFLICT, "name", "PUT /api/v1/users/{user} changes it", "there is a user of that name");
    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND)
        return status;
    return link_for(ask, ask_text(ask, "name"), roles, err);
}

/* New roles hold at once, also in open sessions and for tokens; the link is for a lost password. */
static enum trundle_status user_change(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct user user;
    unsigned roles;

    (void)reply;
    TRY(with_user(ask, ask->http->part[0], &user, err));
    if (user.off)
        return error_set(err, TRUNDLE_CONFLICT, "user", "POST /api/v1/users makes one of that name", "was ended");
    roles = user.roles;
    if (json_has(&ask->body, "roles"))
        TRY(role_take(&ask->body, "roles", &roles, err));
    return link_for(ask, ask->http->part[0], roles, err);
}

static enum trundle_status user_off(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return server_user_off(ask->server->depot, ask->http->part[0], ask->caller->who, ask->now_ns, err);
}

const struct server_route people_routes[] = {
    { .method = "POST", .path = "/api/v1/session", .who = ANYONE, .id = "session_begin", .text = "signs in with a name and its password, or with a one-time link; sets the cookie",
      .takes = "name?:text password?:secret link?:secret", .gives = "name:name roles:roles password:bool expires_ns:time", .quiet = true, .run = session_begin },
    { .method = "GET", .path = "/api/v1/session", .who = PEOPLE, .id = "session_get", .text = "who is signed in", .gives = "name:name roles:roles password:bool",
      .run = session_get },
    { .method = "DELETE", .path = "/api/v1/session", .who = PEOPLE, .id = "session_end", .text = "signs out", .run = session_end },
    { .method = "PUT", .path = "/api/v1/account/password", .who = PEOPLE, .id = "password_set", .text = "sets one's own password; other sessions end",
      .takes = "password:secret old?:secret", .run = password_set },
    { .method = "GET", .path = "/api/v1/users", .who = AUDITOR | ADMIN, .id = "user_list", .text = "all users",
      .gives = "[name:name roles:roles off:bool password:bool made_ns:time]", .run = users },
    { .method = "POST", .path = "/api/v1/users", .who = ADMIN, .id = "user_add", .text = "makes a user, and a one-time link to sign in with", .takes = "name:name roles:roles",
      .gives = "name:name link:text expires_ns:time", .run = user_add },
    { .method = "PUT", .path = "/api/v1/users/{user}", .who = ADMIN, .id = "user_change", .text = "changes roles, and makes a new one-time link", .takes = "roles?:roles",
      .gives = "name:name link:text expires_ns:time", .run = user_change },
    { .method = "DELETE", .path = "/api/v1/users/{user}", .who = ADMIN, .id = "user_off", .text = "ends a user's sessions and tokens, for good", .run = user_off },
};
const size_t people_routes_n = COUNT_OF(people_routes);
