/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Who may sign in, for how long, and what is written down of it; and what hostile requests get. */
#include "base/std/json.h"
#include "base/std/time.h"
#include "hub/depot/depot.h"
#include "tests/server/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct answer *as_cookie(const struct hub *h, const char *cookie, const char *method, const char *target, const char *more, const char *body)
{
    char headers[600];

    (void)snprintf(headers, sizeof headers, "%s%s%s", cookie, more, method[0] == 'P' || body ? "Content-Type: application/json\r\n" : "");
    return hub_send(h, method, target, headers, body, body ? strlen(body) : 0);
}

static void cookie_of(const struct answer *a, char out[128])
{
    const char *cookie = strstr(a->text, "Set-Cookie: ");

    assert_non_null(cookie);
    (void)snprintf(out, 128, "Cookie: %.*s\r\n", (int)strcspn(cookie + 12, ";"), cookie + 12);
}

static void a_password_is_set_and_signs_in(void **state)
{
    struct hub h = hub_open();
    char other[128];
    const struct answer *a;

    (void)state;
    assert_int_equal(as_cookie(&h, h.cookie, "PUT", "/api/v1/account/password", "", "{\"password\":\"too short\"}")->status, 400);
    assert_int_equal(as_cookie(&h, h.cookie, "PUT", "/api/v1/account/password", "", "{\"password\":\"a long enough sentence\"}")->status, 204);
    a = hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", "{\"name\":\"admin\",\"password\":\"a long enough sentence\"}");
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->text, "Secure; HttpOnly; SameSite=Strict"));
    assert_non_null(strstr(a->text, "Set-Cookie: __Host-trundle="));
    cookie_of(a, other);
    assert_string_equal(answer_text(as_cookie(&h, other, "GET", "/api/v1/session", "", NULL), "name"), "admin");
    /* A new one takes the old one, and ends other sessions. */
    assert_int_equal(as_cookie(&h, other, "PUT", "/api/v1/account/password", "", "{\"password\":\"another sentence of mine\"}")->status, 403);
    assert_int_equal(as_cookie(&h, other, "PUT", "/api/v1/account/password", "", "{\"password\":\"another sentence of mine\",\"old\":\"a long enough sentence\"}")->status, 204);
    assert_int_equal(as_cookie(&h, h.cookie, "GET", "/api/v1/session", "", NULL)->status, 401);
    assert_int_equal(as_cookie(&h, other, "GET", "/api/v1/session", "", NULL)->status, 200);
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", "{\"name\":\"admin\",\"password\":\"a long enough sentence\"}")->status, 401);
    /* Signing out, and the end of its time. */
    assert_int_equal(as_cookie(&h, other, "DELETE", "/api/v1/session", "", NULL)->status, 204);
    assert_int_equal(as_cookie(&h, other, "GET", "/api/v1/session", "", NULL)->status, 401);
    cookie_of(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", "{\"name\":\"admin\",\"password\":\"another sentence of mine\"}"), other);
    hub_clock_offset_ns = INT64_C(13) * 3600 * NS_PER_S;
    assert_int_equal(as_cookie(&h, other, "GET", "/api/v1/session", "", NULL)->status, 401);
    /* With an administrator that has a password no link is made any more. */
    hub_again(&h);
    assert_string_equal(server_link(h.server), "");
    hub_close(&h);
}

static void a_link_works_once_and_a_day(void **state)
{
    struct hub h = hub_open();
    char body[200], link[200];
    const struct answer *a;

    (void)state;
    hub_again(&h);                         /* nobody has a password yet: a new link, and the old one is gone */
    (void)snprintf(body, sizeof body, "{\"link\":\"%s\"}", strstr(server_link(h.server), "#link=") + 6);
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", body)->status, 200);
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", body)->status, 401);
    a = hub_ask(&h, AS_ADMIN, "PUT", "/api/v1/users/auditor-1", "{}");
    (void)snprintf(link, sizeof link, "%s", answer_text(a, "link"));
    hub_clock_offset_ns = INT64_C(25) * 3600 * NS_PER_S;
    (void)snprintf(body, sizeof body, "{\"link\":\"%s\"}", strstr(link, "#link=") + 6);
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", body)->status, 401);
    /* A link is no token, a token no cookie. */
    (void)snprintf(body, sizeof body, "Authorization: Bearer %s\r\n", strstr(link, "#link=") + 6);
    assert_int_equal(hub_send(&h, "GET", "/api/v1/session", body, NULL, 0)->status, 401);
    (void)snprintf(body, sizeof body, "Cookie: __Host-trundle=%s\r\n", h.token[AS_ADMIN]);
    assert_int_equal(hub_send(&h, "GET", "/api/v1/session", body, NULL, 0)->status, 401);
    hub_close(&h);
}

static void guessing_is_slowed_down(void **state)
{
    struct hub h = hub_open();
    const struct answer *a;
    int wrong = 0;

    (void)state;
    do {
        a = hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", "{\"name\":\"admin\",\"password\":\"is it this one\"}");
        wrong += a->status == 401;
    } while (a->status == 401 && wrong < 50);
    assert_int_equal(a->status, 429);
    assert_non_null(strstr(a->text, "Retry-After: "));
    assert_in_range(wrong, 5, 12);
    hub_close(&h);
}

static void tokens_end_and_do_no_more_than_their_maker(void **state)
{
    struct hub h = hub_open();
    char id[64], header[200], body[300];
    const struct answer *a;

    (void)state;
    a = as_cookie(&h, h.cookie, "POST", "/api/v1/tokens", "", "{\"name\":\"ci\",\"roles\":[\"auditor\"],\"days\":2}");
    (void)snprintf(id, sizeof id, "%s", answer_text(a, "id"));
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", answer_text(a, "token"));
    assert_int_equal(hub_send(&h, "GET", "/api/v1/users", header, NULL, 0)->status, 200);
    assert_int_equal(hub_send(&h, "DELETE", "/api/v1/users/engineer-1", header, NULL, 0)->status, 403);
    assert_null(strstr(hub_get(&h, AS_ADMIN, "/api/v1/tokens")->body, "\"token\":"));
    /* A token makes no tokens and sets no password. */
    assert_int_equal(hub_ask(&h, AS_ADMIN, "POST", "/api/v1/tokens", "{\"name\":\"x\"}")->status, 400);
    assert_int_equal(hub_ask(&h, AS_ADMIN, "PUT", "/api/v1/account/password", "{\"password\":\"long enough for it\"}")->status, 400);
    /* Only one's own end; an administrator ends any. */
    (void)snprintf(body, sizeof body, "/api/v1/tokens/%s", id);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "DELETE", body, NULL)->status, 404);
    hub_clock_offset_ns = INT64_C(49) * 3600 * NS_PER_S;
    assert_int_equal(hub_send(&h, "GET", "/api/v1/users", header, NULL, 0)->status, 401);
    hub_clock_offset_ns = 0;
    assert_int_equal(hub_ask(&h, AS_ADMIN, "DELETE", body, NULL)->status, 204);
    assert_int_equal(hub_send(&h, "GET", "/api/v1/users", header, NULL, 0)->status, 401);
    /* Roles that a user loses are lost to the tokens; a user that goes takes all with him. */
    assert_int_equal(hub_ask(&h, AS_ADMIN, "PUT", "/api/v1/users/operator-1", "{\"roles\":[\"labeller\"]}")->status, 200);
    assert_int_equal(hub_get(&h, AS_OPERATOR, "/api/v1/alerts")->status, 403);
    assert_int_equal(hub_ask(&h, AS_ADMIN, "DELETE", "/api/v1/users/operator-1", NULL)->status, 409);   /* nobody else has a password: the link's user is not counted */
    assert_int_equal(as_cookie(&h, h.cookie, "PUT", "/api/v1/account/password", "", "{\"password\":\"a long enough sentence\"}")->status, 204);
    assert_int_equal(hub_ask(&h, AS_ADMIN, "DELETE", "/api/v1/users/operator-1", NULL)->status, 204);
    assert_int_equal(hub_get(&h, AS_OPERATOR, "/api/v1/session")->status, 401);
    assert_int_equal(hub_ask(&h, AS_ADMIN, "DELETE", "/api/v1/users/admin", NULL)->status, 409);
    assert_int_equal(hub_ask(&h, AS_ADMIN, "PUT", "/api/v1/users/admin", "{\"roles\":[\"labeller\"]}")->status, 409);
    hub_close(&h);
}

static bool logged(const struct hub *h, const char *act, const char *ref)
{
    const struct answer *a = hub_get(h, AS_AUDITOR, "/api/v1/access?limit=500");
    json_t *root = json_loadb(a->body, a->body_n, 0, NULL), *row;
    bool found = false;
    size_t i;

    assert_int_equal(a->status, 200);
    json_array_foreach (json_object_get(root, "rows"), i, row)
        found = found || (strcmp(json_string_value(json_object_get(row, "act")), act) == 0 && (!ref || strcmp(json_string_value(json_object_get(row, "ref")), ref) == 0));
    json_decref(root);
    return found;
}

static void every_change_is_in_the_access_log(void **state)
{
    struct hub h = hub_open();
    struct depot *d = server_depot(h.server);
    const struct answer *a;

    (void)state;
    assert_true(logged(&h, "session_begin", NULL));
    assert_true(logged(&h, "user_add", "auditor-1"));
    assert_true(logged(&h, "join", "cart-a"));
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "DELETE", "/api/v1/carts/cart-a", NULL)->status, 204);
    assert_true(logged(&h, "cart_off", "cart-a"));
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "DELETE", "/api/v1/carts/no-cart", NULL)->status, 404);
    assert_true(logged(&h, "cart_off", "no-cart"));
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", "{\"name\":\"mallory\",\"password\":\"let me in please\"}")->status, 401);
    assert_true(logged(&h, "session_refused", "mallory"));
    assert_false(logged(&h, "session_refused", "nobody"));
    /* No secret is in it. */
    a = hub_get(&h, AS_AUDITOR, "/api/v1/access?limit=500");
    assert_null(strstr(a->body, "let me in please"));
    a = hub_get(&h, AS_AUDITOR, "/api/v1/access/check");
    assert_non_null(strstr(a->body, "\"whole\":true"));
    /* An entry that is taken out shows. */
    depot_lock(d);
    assert_int_equal(db_exec(depot_db(d), "DELETE FROM depot_access WHERE id = 3", NULL), TRUNDLE_CONFLICT);
    assert_int_equal(db_exec(depot_db(d), "DROP TRIGGER depot_access_stays", NULL), TRUNDLE_OK);
    assert_int_equal(db_exec(depot_db(d), "DELETE FROM depot_access WHERE id = 3", NULL), TRUNDLE_OK);
    depot_unlock(d);
    a = hub_get(&h, AS_AUDITOR, "/api/v1/access/check");
    assert_non_null(strstr(a->body, "\"whole\":false"));
    hub_close(&h);
}

static void pages_go_on_where_they_ended(void **state)
{
    struct hub h = hub_open();
    long long last = 0;
    char target[100], next[32] = "";
    int rows = 0, pages = 0;

    (void)state;
    do {
        const struct answer *a;
        json_t *root, *row;
        size_t i;

        (void)snprintf(target, sizeof target, "/api/v1/access?limit=3%s%s", *next ? "&after=" : "", next);
        a = hub_get(&h, AS_AUDITOR, target);
        root = json_loadb(a->body, a->body_n, 0, NULL);
        json_array_foreach (json_object_get(root, "rows"), i, row) {
            long long id = json_integer_value(json_object_get(row, "id"));

            assert_true(!last || id < last);
            last = id;
            rows++;
        }
        (void)snprintf(next, sizeof next, "%s", json_string_value(json_object_get(root, "next")) ? json_string_value(json_object_get(root, "next")) : "");
        json_decref(root);
        pages++;
    } while (*next && pages < 100);
    assert_int_equal(last, 1);
    assert_true(rows > 9 && pages >= rows / 3);
    assert_int_equal(hub_get(&h, AS_AUDITOR, "/api/v1/access?limit=0")->status, 400);
    assert_int_equal(hub_get(&h, AS_AUDITOR, "/api/v1/access?limit=501")->status, 400);
    assert_int_equal(hub_get(&h, AS_AUDITOR, "/api/v1/access?after=x")->status, 400);
    hub_close(&h);
}

/* SQL, paths, fields that do not belong, bodies that are no JSON: a 4xx with a reason, and everything stands. */
static void tricks_are_refused(void **state)
{
    static const struct { const char *method, *target, *body; int status; } tries[] = {
        { "GET", "/api/v1/users/../../secret.json", NULL, 404 },
        { "GET", "/api/v1/bundles/..%2f..%2fsecret.json", NULL, 404 },
        { "GET", "/api/v1/bundles/..%5csecret.json", NULL, 400 },
        { "GET", "/api/v1/bundles/%2e%2e", NULL, 400 },
        { "GET", "/../../../../etc/passwd", NULL, 404 },
        { "GET", "/api/v1/trips/..%00/x/records", NULL, 404 },
        { "GET", "/api/v1/trips/a'%20OR%201=1--/x/records", NULL, 400 },
        { "GET", "/api/v1/access?who=admin'%20OR%20'1'='1", NULL, 200 },
        { "GET", "/api/v1/carts?q=%25'%3b%20DROP%20TABLE%20server_user--", NULL, 200 },
        { "GET", "/api/v1/clips?after='%20OR%201=1", NULL, 400 },
        { "DELETE", "/api/v1/users/x'%3b%20DELETE%20FROM%20server_user--", NULL, 404 },
        { "POST", "/api/v1/users", "{\"name\":\"a'; DROP TABLE server_user;--\",\"roles\":[\"admin\"]}", 400 },
        { "POST", "/api/v1/users", "{\"name\":\"../x\",\"roles\":[\"admin\"]}", 400 },
        { "POST", "/api/v1/users", "{\"name\":\"x\",\"roles\":[\"root\"]}", 400 },
        { "POST", "/api/v1/users", "{\"name\":\"x\",\"roles\":[]}", 400 },
        { "POST", "/api/v1/users", "{\"name\":\"x\",\"roles\":\"admin\"}", 400 },
        { "POST", "/api/v1/users", "{\"name\":\"x\",\"roles\":[\"admin\"],\"password\":\"y\"}", 400 },
        { "POST", "/api/v1/users", "{\"name\":\"x\",\"name\":\"y\",\"roles\":[\"admin\"]}", 400 },
        { "POST", "/api/v1/users", "{\"name\":\"x\\u0000y\",\"roles\":[\"admin\"]}", 400 },
        { "POST", "/api/v1/users", "[]", 400 },
        { "POST", "/api/v1/users", "{", 400 },
        { "POST", "/api/v1/users", "", 400 },
        { "POST", "/api/v1/users", "\xff\xfe", 400 },
        { "POST", "/api/v1/invites", "{\"store\":\"s\",\"days\":1e99}", 400 },
        { "POST", "/api/v1/invites", "{\"store\":\"s\",\"days\":-1}", 400 },
        { "POST", "/api/v1/alerts/99999999999999999999/close", "", 400 },
        { "POST", "/api/v1/alerts/-1/close", "", 400 },
        { "POST", "/api/v1/alerts/1;DROP/close", "", 400 },
        { "PATCH", "/api/v1/users", "{}", 405 },
        { "POST", "/api/v1/openapi.json", "{}", 405 },
        { "GET", "/api/v1/", NULL, 404 },
        { "GET", "/api/v2/users", NULL, 404 },
    };
    struct hub h = hub_open();
    static char big[80000];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        const struct answer *a = hub_ask(&h, AS_ADMIN, tries[i].method, tries[i].target, tries[i].body);

        if (a->status != tries[i].status)
            fail_msg("%s %s %s: %d %.300s", tries[i].method, tries[i].target, tries[i].body ? tries[i].body : "", a->status, a->body);
        if (a->status >= 400 && (!strstr(a->body, "\"what\":") || strstr(a->body, "\"what\":\"\"")))
            fail_msg("%s %s says no reason", tries[i].method, tries[i].target);
    }
    memset(big, ' ', sizeof big - 1);
    assert_int_equal(hub_ask(&h, AS_ADMIN, "POST", "/api/v1/users", big)->status, 413);
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/users", big)->status, 401);
    /* A page of another site may not use the cookie. */
    assert_int_equal(as_cookie(&h, h.cookie, "POST", "/api/v1/users", "Origin: https://evil.example\r\n", "{\"name\":\"x\",\"roles\":[\"admin\"]}")->status, 403);
    assert_int_equal(hub_get(&h, AS_ADMIN, "/api/v1/users")->status, 200);
    hub_close(&h);
}

static void half_a_body_changes_nothing(void **state)
{
    struct hub h = hub_open();
    char text[500];
    struct tls *t = tls_open(h.port);

    (void)state;
    (void)snprintf(text, sizeof text, "POST /api/v1/users HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n"
                   "{\"name\":\"half\",\"roles\":[\"admin\"]", h.token[AS_ADMIN]);
    tls_send(t, text, strlen(text));
    tls_close(t);
    assert_null(strstr(hub_get(&h, AS_ADMIN, "/api/v1/users")->body, "\"half\""));
    hub_close(&h);
}

static void secrets_are_for_the_owner_alone(void **state)
{
    struct hub h = hub_open();
    char path[700], *out = NULL;
    struct stat info;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/secret.json", h.dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(strncmp(server_pin(h.server), "sha256//", 8), 0);
    /* No token and no password is in the folder as it is. */
    (void)support_shell(&out, "grep -rlF '%s' '%s' | head -3", h.token[AS_ADMIN], h.dir);
    assert_string_equal(out, "");
    free(out);
    hub_close(&h);
}

static void metrics_are_for_prometheus(void **state)
{
    struct hub h = hub_open();
    const long long now = (long long)hub_clock();
    const struct answer *a;
    char path[700], line[400];
    struct trundle_error err;

    (void)state;
    (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":1,\"t_ns\":%lld,\"kind\":\"trip\",\"body\":{\"trip\":\"t1\",\"store\":\"\",\"bundle\":\"\",\"started_ns\":%lld,\"ended_ns\":%lld,\"belief\":[0,0,0,0,0,0,0,0,0,40]}}\n", now, now, now);
    a = cart_ask(&h, &h.cart, "POST", "/api/v1/ingest", line, strlen(line));
    if (a->status != 200)
        fail_msg("%s", a->body);
    a = hub_get(&h, AS_OPERATOR, "/metrics");
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->body, "\ntrundle_carts{store="));        /* gauges, made of rows */
    assert_non_null(strstr(a->body, "state=\"ok\"} 1\n"));
    assert_non_null(strstr(a->body, "\ntrundle_accuracy_estimated_ratio{store="));
    assert_non_null(strstr(a->text, "Content-Type: text/plain; version=0.0.4"));
    assert_non_null(strstr(a->body, "trundle_hub_requests_total{operation=\"user_add\",status=\"ok\"} 4"));
    (void)snprintf(path, sizeof path, "%s/metrics", h.dir);
    support_ok(file_write(path, a->body, a->body_n, &err), &err);
    if (support_shell(NULL, "command -v promtool >/dev/null") == 0)
        assert_int_equal(support_shell(NULL, "promtool check metrics <'%s'", path), 0);
    (void)unlink(path);
    hub_close(&h);
}

/* Three records of a full disk are an alert, and it an incident; people end both, in that order. */
static void alerts_and_incidents_are_ended_by_people(void **state)
{
    struct hub h = hub_open();
    char lines[1000] = "", id[24], target[100];
    const struct answer *a;
    json_t *list, *row;

    (void)state;
    for (int i = 1; i <= 3; i++)
        (void)snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "{\"boot\":1,\"sequence\":%d,\"t_ns\":%lld,\"kind\":\"health\",\"body\":{\"disk_free_bytes\":%d}}\n", i,
                       (long long)hub_clock(), i);
    assert_int_equal(cart_ask(&h, &h.cart, "POST", "/api/v1/ingest", lines, strlen(lines))->status, 200);
    a = hub_get(&h, AS_OPERATOR, "/api/v1/alerts");
    list = json_loadb(a->body, a->body_n, 0, NULL);
    row = json_array_get(json_object_get(list, "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "name")), "disk");
    (void)snprintf(id, sizeof id, "%lld", (long long)json_integer_value(json_object_get(row, "id")));
    (void)snprintf(target, sizeof target, "/api/v1/incidents/%lld", (long long)json_integer_value(json_object_get(row, "incident")));
    json_decref(list);

    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", "/api/v1/alerts/x/close", NULL)->status, 400);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", "/api/v1/alerts/999/close", NULL)->status, 404);
    (void)snprintf(lines, sizeof lines, "/api/v1/alerts/%s/acknowledge", id);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", lines, NULL)->status, 204);
    (void)snprintf(lines, sizeof lines, "%s/close", target);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", lines, NULL)->status, 409);          /* its alert is still open */
    (void)snprintf(lines, sizeof lines, "%s/notes", target);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", lines, "{\"text\":\"the log was never rotated\"}")->status, 204);
    (void)snprintf(lines, sizeof lines, "/api/v1/alerts/%s/rebase", id);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", lines, NULL)->status, 400);          /* nothing drifted */
    (void)snprintf(lines, sizeof lines, "/api/v1/alerts/%s/close", id);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", lines, NULL)->status, 204);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", lines, NULL)->status, 409);
    (void)snprintf(lines, sizeof lines, "%s/close", target);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "POST", lines, NULL)->status, 204);
    a = hub_get(&h, AS_AUDITOR, target);
    assert_non_null(strstr(a->body, "\"the log was never rotated\""));
    assert_non_null(strstr(a->body, "\"closed\""));
    hub_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_is_set_and_signs_in),
        cmocka_unit_test(a_link_works_once_and_a_day),
        cmocka_unit_test(guessing_is_slowed_down),
        cmocka_unit_test(tokens_end_and_do_no_more_than_their_maker),
        cmocka_unit_test(every_change_is_in_the_access_log),
        cmocka_unit_test(pages_go_on_where_they_ended),
        cmocka_unit_test(tricks_are_refused),
        cmocka_unit_test(half_a_body_changes_nothing),
        cmocka_unit_test(secrets_are_for_the_owner_alone),
        cmocka_unit_test(metrics_are_for_prometheus),
        cmocka_unit_test(alerts_and_incidents_are_ended_by_people),
    };

    return support_run(tests);
}
