/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* This room's rows: users, keys, invitations, carts, policies. And what the command does with them beside a running hub. */
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *const steps[] = {
    "CREATE TABLE server_user(name TEXT PRIMARY KEY, roles INTEGER NOT NULL, password TEXT NOT NULL, off INTEGER NOT NULL, made_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE server_key(hash BLOB PRIMARY KEY, id TEXT NOT NULL, kind INTEGER NOT NULL, user TEXT NOT NULL REFERENCES server_user(name), roles INTEGER NOT NULL, "
    "label TEXT NOT NULL, made_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL, seen_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX server_key_user ON server_key(user, kind);"
    "CREATE TABLE server_invite(hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, store TEXT NOT NULL, cart TEXT NOT NULL, who TEXT NOT NULL, made_ns INTEGER NOT NULL, "
    "expires_ns INTEGER NOT NULL, used_ns INTEGER NOT NULL, used_by TEXT NOT NULL, used_key BLOB) WITHOUT ROWID;"
    "CREATE TABLE server_cart(name TEXT PRIMARY KEY, store TEXT NOT NULL, key BLOB NOT NULL UNIQUE, hardware TEXT NOT NULL, joined_ns INTEGER NOT NULL, "
    "off_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE server_policy(store TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;",
};

enum trundle_status server_tables(struct depot *d, struct trundle_error *err)
{
    enum trundle_status status;

    depot_lock(d);
    status = db_migrate(depot_db(d), "server", steps, COUNT_OF(steps), err);
    depot_unlock(d);
    return status;
}

/* ---- users ---- */

static void user_of(const struct db_statement *s, struct user *out)
{
    (void)snprintf(out->name, sizeof out->name, "%s", db_text(s, 0));
    out->roles = (unsigned)db_integer(s, 1);
    (void)snprintf(out->password, sizeof out->password, "%s", db_text(s, 2));
    out->off = db_integer(s, 3) != 0;
    out->made_ns = db_integer(s, 4);
}

enum trundle_status ask_list_of(struct ask *ask, list_rows *list, struct trundle_error *err)
{
    struct db *db = NULL;
    json_t *rows = NULL;
    enum trundle_status status;

    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = list(db, &rows, err);
    depot_read_end(ask->server->depot, db);
    return status == TRUNDLE_OK ? ask_rows(ask, rows, NULL, err) : status;
}

enum trundle_status user_find(struct db *db, const char *name, struct user *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT name, roles, password, off, made_ns FROM server_user WHERE name = ?", "t", name));
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        user_of(s, out);
    else if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, "user", NULL, "there is no user %.40s", name);
    db_free(s);
    return status;
}

enum trundle_status user_put(struct db *db, const struct user *user, struct trundle_error *err)
{
    return db_do(db, err, "INSERT INTO server_user(name, roles, password, off, made_ns) VALUES(?, ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET "
                 "roles = excluded.roles, password = excluded.password, off = excluded.off", "titii", user->name, (int64_t)user->roles, user->password, (int64_t)user->off, user->made_ns);
}

enum trundle_status users_list(struct db *db, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;

    TRY(db_query(db, &s, err, "SELECT name, roles, off, password <> '', made_ns FROM server_user ORDER BY name", ""));
    TRY(db_rows(s, "t name|i roles|b off|b password|i made_ns", out, err));
    role_rows(*out);
    return TRUNDLE_OK;
}

/* CONFLICT when nobody else could administrate. */
static enum trundle_status user_not_last_admin(struct db *db, const char *name, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT 1 FROM server_user WHERE name <> ? AND roles & ? AND NOT off AND password <> '' LIMIT 1", "ti", name, (int64_t)ADMIN));
    status = db_step(s, err);
    if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_CONFLICT, "user", "give another user the role admin, and a password, first", "%.40s is the last administrator", name);
    db_free(s);
    return status;
}

/* ---- carts ---- */

enum trundle_status cart_find(struct db *db, const char *name, struct cart_row *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    const void *key;
    size_t n;

    TRY(db_query(db, &s, err, "SELECT name, store, key, hardware, joined_ns, off_ns FROM server_cart WHERE name = ?", "t", name));
    status = db_step(s, err);
    if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, "cart", "trundle cart join", "there is no cart %.40s", name);
    if (status != TRUNDLE_OK)
        goto out;
    (void)snprintf(out->name, sizeof out->name, "%s", db_text(s, 0));
    (void)snprintf(out->store, sizeof out->store, "%s", db_text(s, 1));
    key = db_blob(s, 2, &n);
    memset(out->key, 0, sizeof out->key);
    memcpy(out->key, key, n < sizeof out->key ? n : sizeof out->key);
    (void)snprintf(out->hardware, sizeof out->hardware, "%s", db_text(s, 3));
    out->joined_ns = db_integer(s, 4);
    out->off_ns = db_integer(s, 5);
out:
    db_free(s);
    return status;
}

/* ---- beside a running hub ---- */

struct person { const char *name, *who; unsigned roles; int64_t now_ns; char secret[KEY_TEXT]; };

static enum trundle_status person_put(struct db *db, void *user, struct trundle_error *err)
{
    struct person *p = user;
    struct key key = { .kind = KEY_LINK, .made_ns = p->now_ns, .expires_ns = p->now_ns + LINK_H * NS_PER_HOUR };
    struct user u = { .made_ns = p->now_ns };
    char roles[ROLE_TEXT];
    enum trundle_status status = user_find(db, p->name, &u, err);

    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND)
        return status;
    if (status == TRUNDLE_OK && u.roles & ADMIN && !(p->roles & ADMIN))
        TRY(user_not_last_admin(db, p->name, err));
    (void)snprintf(u.name, sizeof u.name, "%s", p->name);
    (void)snprintf(key.user, sizeof key.user, "%s", p->name);
    u.roles = p->roles;
    u.off = false;
    TRY(user_put(db, &u, err));
    TRY(key_remove_of(db, p->name, KEY_LINK, err));
    TRY(key_add(db, &key, p->secret, err));
    return depot_access_in(db, &(struct depot_access){ p->who, "user_add", "user", p->name, role_text(p->roles, roles) }, p->now_ns, err);
}

enum trundle_status server_user_put(struct depot *d, const char *name, const char *roles, const char *who, int64_t now_ns, char out_link[SERVER_LINK],
                                    struct trundle_error *err)
{
    struct person p = { .name = name, .who = who, .roles = role_parse(roles), .now_ns = now_ns };

    TRY(depot_name_check(name, "user", err));
    if (!p.roles)
        return error_set(err, TRUNDLE_BAD_INPUT, roles, "labeller, engineer, operator, auditor, admin, with commas between them", "is no list of roles");
    TRY(depot_write(d, person_put, &p, err));
    (void)snprintf(out_link, SERVER_LINK, "/#link=%s", p.secret);
    sodium_memzero(p.secret, sizeof p.secret);
    return TRUNDLE_OK;
}

static enum trundle_status person_off(struct db *db, void *user, struct trundle_error *err)
{
    struct person *p = user;
    struct user u;

    TRY(user_find(db, p->name, &u, err));
    TRY(user_not_last_admin(db, p->name, err));
    u.off = true;
    u.password[0] = '\0';                  /* who gets the name later does not get it with the old password */
    TRY(user_put(db, &u, err));
    TRY(key_remove_of(db, p->name, -1, err));
    return depot_access_in(db, &(struct depot_access){ p->who, "user_off", "user", p->name, "" }, p->now_ns, err);
}

enum trundle_status server_user_off(struct depot *d, const char *name, const char *who, int64_t now_ns, struct trundle_error *err)
{
    struct person p = { .name = name, .who = who, .now_ns = now_ns };

    return depot_write(d, person_off, &p, err);
}

enum trundle_status server_users(struct depot *d, struct bytes *out_json, struct trundle_error *err)
{
    struct db *db = NULL;
    json_t *rows = NULL;
    char *text;
    enum trundle_status status;

    TRY(depot_read_begin(d, &db, err));
    status = users_list(db, &rows, err);
    depot_read_end(d, db);
    if (status != TRUNDLE_OK)
        return status;
    text = json_dumps(rows, JSON_COMPACT);
    json_decref(rows);
    status = text ? bytes_append(out_json, text, strlen(text)) : TRUNDLE_NO_MEMORY;
    free(text);
    return status == TRUNDLE_OK ? status : error_set(err, status, "users", NULL, "no memory");
}

/* A hub that nobody can administrate makes a link for it, at every start until somebody took it up and set a password. */
enum trundle_status first_admin(struct depot *d, int64_t now_ns, char out_secret[KEY_TEXT], struct trundle_error *err)
{
    struct person p = { .name = "admin", .who = "hub", .roles = ADMIN, .now_ns = now_ns };
    struct db *db = NULL;
    enum trundle_status status;

    out_secret[0] = '\0';
    TRY(depot_read_begin(d, &db, err));
    status = user_not_last_admin(db, "", NULL);
    depot_read_end(d, db);
    if (status != TRUNDLE_CONFLICT)
        return status;
    TRY(depot_write(d, person_put, &p, err));
    memcpy(out_secret, p.secret, sizeof p.secret);
    return TRUNDLE_OK;
}
