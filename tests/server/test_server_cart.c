/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Carts: how they join, what their signature is worth, that what they send is kept once, and what liars get. */
#include "base/seal/seal.h"
#include "base/std/hash.h"
#include "base/std/json.h"
#include "base/std/time.h"
#include "hub/depot/depot.h"
#include "tests/server/client.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char line_1[] = "{\"boot\":1,\"sequence\":1,\"t_ns\":1780315100123456789,\"kind\":\"decision\",\"body\":{\"trip\":\"t1\",\"kind\":\"add\",\"t_s\":1.5,\"product\":\"gtin:04006381333931\",\"count\":1,\"p\":0.97}}\n";

static const struct answer *ingest(const struct hub *h, const struct cart *cart, const char *text)
{
    return cart_ask(h, cart, "POST", "/api/v1/ingest", text, strlen(text));
}

static size_t records_of(const struct hub *h, const char *trip)
{
    char target[100];
    const struct answer *a;
    json_t *root;
    size_t n;

    (void)snprintf(target, sizeof target, "/api/v1/trips/cart-a/%s/records", trip);
    a = hub_get(h, AS_ENGINEER, target);
    root = json_loadb(a->body, a->body_n, 0, NULL);
    n = json_array_size(json_object_get(root, "rows"));
    json_decref(root);
    return n;
}

/* ---- joining ---- */

static const struct answer *join(const struct hub *h, const struct cart *cart, const char *code)
{
    char body[500], key[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];

    (void)sodium_bin2base64(key, sizeof key, cart->public_key, sizeof cart->public_key, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(body, sizeof body, "{\"code\":\"%s\",\"public_key\":\"%s\",\"hardware\":\"pi5\",\"name\":\"%s\"}", code, key, cart->name);
    return cart_ask(h, cart, "POST", "/api/v1/join", body, strlen(body));
}

static void a_code_works_once(void **state)
{
    struct hub h = hub_open();
    struct cart first = cart_make("cart-b"), second = cart_make("cart-c"), thief = cart_make("cart-a");
    const struct answer *a;
    char code[64];

    (void)state;
    (void)snprintf(code, sizeof code, "%s", answer_text(hub_ask(&h, AS_OPERATOR, "POST", "/api/v1/invites", "{\"store\":\"store-2\"}"), "code"));
    a = join(&h, &first, code);
    assert_int_equal(a->status, 200);
    assert_string_equal(answer_text(a, "store"), "store-2");
    assert_int_equal(strlen(answer_text(a, "seal_key")), 44);
    a = join(&h, &first, code);            /* its answer was lost: the same key gets it again */
    assert_int_equal(a->status, 200);
    assert_string_equal(answer_text(a, "cart"), "cart-b");
    assert_int_equal(join(&h, &second, code)->status, 409);
    assert_int_equal(join(&h, &second, "0123456789abcdef0123456789abcdef")->status, 404);
    /* A name that another cart has. */
    (void)snprintf(code, sizeof code, "%s", answer_text(hub_ask(&h, AS_OPERATOR, "POST", "/api/v1/invites", "{\"store\":\"store-2\",\"days\":1}"), "code"));
    assert_int_equal(join(&h, &thief, code)->status, 409);
    hub_clock_offset_ns = INT64_C(25) * 3600 * NS_PER_S;
    h.skew_s = 25 * 3600;
    assert_int_equal(join(&h, &second, code)->status, 404);
    hub_clock_offset_ns = 0;
    h.skew_s = 0;
    assert_int_equal(join(&h, &second, code)->status, 200);
    /* What the console made is worth the same; what it took back is worth nothing. */
    {
        struct server_invitation invitation;
        struct trundle_error err;
        struct cart third = cart_make("cart-d");
        char id[40], target[100];

        support_ok(server_invite(server_depot(h.server), "store-3", "tram", "test", 7, hub_clock(), &invitation, &err), &err);
        assert_string_equal(invitation.pin, server_pin(h.server));
        assert_string_equal(answer_text(join(&h, &third, invitation.code), "cart"), "tram");
        a = hub_ask(&h, AS_OPERATOR, "POST", "/api/v1/invites", "{\"store\":\"store-2\"}");
        (void)snprintf(code, sizeof code, "%s", answer_text(a, "code"));
        (void)snprintf(id, sizeof id, "%s", answer_text(a, "id"));
        (void)snprintf(target, sizeof target, "/api/v1/invites/%s", id);
        assert_int_equal(hub_ask(&h, AS_OPERATOR, "DELETE", target, NULL)->status, 204);
        third = cart_make("cart-e");
        assert_int_equal(join(&h, &third, code)->status, 404);
    }
    hub_close(&h);
}

static void a_cart_that_was_taken_out_is_refused(void **state)
{
    struct hub h = hub_open();
    struct cart again = cart_make("cart-a");

    (void)state;
    assert_int_equal(ingest(&h, &h.cart, line_1)->status, 200);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "DELETE", "/api/v1/carts/cart-a", NULL)->status, 204);
    assert_int_equal(ingest(&h, &h.cart, line_1)->status, 403);
    cart_join(&h, &again, "store-1");      /* the name is free for another key */
    assert_string_equal(again.name, "cart-a");
    assert_int_equal(ingest(&h, &again, line_1)->status, 200);
    assert_int_equal(ingest(&h, &h.cart, line_1)->status, 401);
    hub_close(&h);
}

/* ---- signatures ---- */

static const struct answer *forged(const struct hub *h, const char *headers, const char *method, const char *target, const char *body)
{
    return hub_send(h, method, target, headers, body, strlen(body));
}

static void only_the_right_signature_holds(void **state)
{
    struct hub h = hub_open();
    struct cart other = cart_make("cart-b"), liar;
    char headers[600], changed[600], *at;
    const char *target = "/api/v1/ingest";

    (void)state;
    cart_join(&h, &other, "store-1");
    (void)cart_headers(&h, &h.cart, "POST", target, line_1, strlen(line_1), headers);
    assert_int_equal(forged(&h, headers, "POST", target, line_1)->status, 200);
    /* Another body, query, path, method, time, cart, and one bit of the signature. */
    assert_int_equal(forged(&h, headers, "POST", target, "{}")->status, 401);
    assert_int_equal(forged(&h, headers, "POST", "/api/v1/ingest?x=1", line_1)->status, 401);
    assert_int_equal(forged(&h, headers, "POST", "/api/v1/%69ngest", line_1)->status, 401);
    (void)cart_headers(&h, &h.cart, "GET", "/api/v1/orders", "", 0, changed);
    assert_int_equal(forged(&h, changed, "GET", "/api/v1/trust", "")->status, 401);
    assert_int_equal(forged(&h, changed, "GET", "/api/v1/orders", "")->status, 200);
    memcpy(changed, headers, sizeof changed);
    at = strstr(changed, "Trundle-Time: ") + strlen("Trundle-Time: ") + 9;
    *at = (char)(*at == '9' ? '8' : *at + 1);
    assert_int_equal(forged(&h, changed, "POST", target, line_1)->status, 401);
    memcpy(changed, headers, sizeof changed);
    memcpy(strstr(changed, "cart-a"), "cart-b", 6);
    assert_int_equal(forged(&h, changed, "POST", target, line_1)->status, 401);
    memcpy(changed, headers, sizeof changed);
    at = strstr(changed, "Trundle-Signature: ") + strlen("Trundle-Signature: ");
    *at = (char)(*at == 'A' ? 'B' : 'A');
    assert_int_equal(forged(&h, changed, "POST", target, line_1)->status, 401);
    /* A key that never joined, and one that signs for another. */
    liar = cart_make("cart-z");
    assert_int_equal(ingest(&h, &liar, line_1)->status, 401);
    (void)snprintf(liar.name, sizeof liar.name, "cart-a");
    assert_int_equal(ingest(&h, &liar, line_1)->status, 401);
    /* What is not in form. */
    assert_int_equal(forged(&h, "Trundle-Cart: cart-a\r\nContent-Type: application/x-ndjson\r\n", "POST", target, line_1)->status, 401);
    assert_int_equal(forged(&h, "Trundle-Cart: cart-a\r\nTrundle-Time: 1e9\r\nTrundle-Signature: AAAA\r\nContent-Type: application/x-ndjson\r\n", "POST", target, line_1)->status, 401);
    assert_int_equal(forged(&h, "Trundle-Cart: ../x\r\nTrundle-Time: 1\r\nTrundle-Signature: AAAA\r\nContent-Type: application/x-ndjson\r\n", "POST", target, line_1)->status, 401);
    hub_close(&h);
}

static void a_clock_that_is_off_is_told_the_time(void **state)
{
    struct hub h = hub_open();
    const struct answer *a;
    char now[40];

    (void)state;
    h.skew_s = 299;
    assert_int_equal(hub_get(&h, AS_CART, "/api/v1/orders")->status, 200);
    h.skew_s = -299;
    assert_int_equal(hub_get(&h, AS_CART, "/api/v1/orders")->status, 200);
    h.skew_s = 400;
    assert_int_equal(hub_get(&h, AS_CART, "/api/v1/orders")->status, 401);
    h.skew_s = -400;
    a = hub_get(&h, AS_CART, "/api/v1/orders");
    assert_int_equal(a->status, 401);
    (void)snprintf(now, sizeof now, "the hub's time is %lld", (long long)(hub_clock() / NS_PER_S / 100));      /* to 100 s */
    assert_non_null(strstr(a->body, now));
    assert_non_null(strstr(a->text, "\r\nDate: "));
    hub_close(&h);
}

/* The line may repeat a request at once; who comes with it later is not the cart. */
static void a_replay_is_refused(void **state)
{
    struct hub h = hub_open();
    char headers[600];
    const struct answer *a;

    (void)state;
    (void)cart_headers(&h, &h.cart, "POST", "/api/v1/ingest", line_1, strlen(line_1), headers);
    a = forged(&h, headers, "POST", "/api/v1/ingest", line_1);
    assert_int_equal(a->status, 200);
    assert_int_equal(answer_integer(a, "accepted"), 1);
    a = forged(&h, headers, "POST", "/api/v1/ingest", line_1);
    assert_int_equal(a->status, 200);
    assert_int_equal(answer_integer(a, "repeated"), 1);
    hub_clock_offset_ns = 60 * NS_PER_S;
    a = forged(&h, headers, "POST", "/api/v1/ingest", line_1);
    assert_int_equal(a->status, 409);
    assert_non_null(strstr(a->body, "seen before"));
    hub_clock_offset_ns = 400 * NS_PER_S;
    assert_int_equal(forged(&h, headers, "POST", "/api/v1/ingest", line_1)->status, 401);
    hub_close(&h);
}

/* ---- records ---- */

static const char trip_line[] = "{\"boot\":1,\"sequence\":%d,\"t_ns\":1780315200123456789,\"kind\":\"trip\",\"body\":{\"trip\":\"t1\",\"store\":\"store-1\",\"bundle\":\"b1\",\"started_ns\":1780315000000000000,"
                                "\"ended_ns\":1780315200000000000,\"items\":3,\"asked\":0,\"corrected\":0,\"total_cents\":597,\"paid\":true,\"line_p99_ms\":80,\"faults\":0,\"belief\":[0,0,0,0,0,0,0,0,0,3],\"inputs\":{}}}\n";

static void records_are_kept_once(void **state)
{
    struct hub h = hub_open();
    char text[4000];
    const struct answer *a;

    (void)state;
    (void)snprintf(text, sizeof text, "%s{\"boot\":1,\"sequence\":2,\"t_ns\":1780315100123456790,\"kind\":\"decision\",\"body\":{\"trip\":\"t1\",\"kind\":\"add\",\"t_s\":2}}\n", line_1);
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), trip_line, 3);
    a = ingest(&h, &h.cart, text);
    assert_int_equal(a->status, 200);
    assert_int_equal(answer_integer(a, "accepted"), 3);
    a = ingest(&h, &h.cart, line_1);
    assert_int_equal(answer_integer(a, "accepted"), 0);
    assert_int_equal(answer_integer(a, "repeated"), 1);
    assert_int_equal(records_of(&h, "t1"), 3);
    hub_again(&h);
    assert_int_equal(records_of(&h, "t1"), 3);
    assert_non_null(strstr(hub_get(&h, AS_OPERATOR, "/api/v1/carts")->body, "\"cart-a\""));
    assert_non_null(strstr(hub_get(&h, AS_ENGINEER, "/api/v1/trips")->body, "\"t1\""));
    hub_close(&h);
}

#define DECISION(SEQUENCE, BODY) "{\"boot\":1,\"sequence\":" SEQUENCE ",\"t_ns\":1780315200000000000,\"kind\":\"decision\",\"body\":{" BODY "}}\n"

/* Whichever way a decision is read: counted once, when it is kept, and not when it comes again or is refused with others. */
static void decisions_are_counted_once(void **state)
{
    struct hub h = hub_open();
    static const char text[] = DECISION("1", "\"kind\":\"add\"") DECISION("2", "\"kind\":\"add\",\"corrected\":true") DECISION("3", "\"kind\": \"add\"")
        DECISION("4", "\"kind\":\"audit\"") DECISION("5", "\"kind\":\"add\"") DECISION("6", "\"kind\":\"unheard of, and long\"") DECISION("7", "\"kind\":\"remove\",\"corrected\":false");
    static const char more[] = DECISION("7", "\"kind\":\"remove\",\"corrected\":false") DECISION("8", "\"kind\":\"remove\"");
    const struct answer *a;

    (void)state;
    assert_int_equal(ingest(&h, &h.cart, DECISION("1", "\"kind\":\"add\"") DECISION("2", "\"kind\":5"))->status, 400);
    assert_int_equal(answer_integer(ingest(&h, &h.cart, text), "accepted"), 7);
    assert_int_equal(answer_integer(ingest(&h, &h.cart, text), "repeated"), 7);
    assert_int_equal(answer_integer(ingest(&h, &h.cart, more), "accepted"), 1);
    a = hub_get(&h, AS_OPERATOR, "/metrics");
    assert_non_null(strstr(a->body, "trundle_records_total{kind=\"decision\"} 8\n"));
    assert_non_null(strstr(a->body, "trundle_decisions_total{kind=\"add\"} 4\n"));
    assert_non_null(strstr(a->body, "trundle_decisions_total{kind=\"audit\"} 1\n"));
    assert_non_null(strstr(a->body, "trundle_decisions_total{kind=\"other\"} 1\n"));
    assert_non_null(strstr(a->body, "trundle_decisions_total{kind=\"remove\"} 2\n"));
    assert_non_null(strstr(a->body, "trundle_corrections_total 1\n"));
    hub_close(&h);
}

static void a_bad_line_takes_all_with_it(void **state)
{
    static const char *const bad[] = {
        "{\"boot\":1,\"sequence\":5}\n", "not json\n", "{\"boot\":1,\"sequence\":5,\"t_ns\":1,\"kind\":\"De cision\",\"body\":{}}\n", "{\"boot\":-1,\"sequence\":5,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}\n",
        "{\"boot\":1,\"sequence\":0,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}\n", "{\"boot\":1,\"sequence\":5,\"t_ns\":1,\"kind\":\"decision\",\"body\":[]}\n",
        "{\"boot\":1,\"sequence\":5,\"t_ns\":1,\"kind\":\"decision\",\"body\":{},\"x\\u0000\":1}\n", "{\"boot\":1,\"sequence\":5,\"t_ns\":1e999,\"kind\":\"decision\",\"body\":{}}\n",
        "{\"boot\":1,\"sequence\":5,\"t_ns\":1,\"kind\":\"clip\",\"body\":{\"sha256\":\"../../x\",\"bytes\":1}}\n", "\xff\xff\n",
    };
    struct hub h = hub_open();
    char text[3000];
    static char huge[20000], body[(1 << 20) + 100];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const struct answer *a;

        (void)snprintf(text, sizeof text, "%s%s", line_1, bad[i]);
        a = ingest(&h, &h.cart, text);
        if (a->status != 400 || !strstr(a->body, "line 2"))
            fail_msg("line %zu: %d %.300s", i, a->status, a->body);
    }
    memset(huge, 'a', sizeof huge - 1);
    (void)snprintf(body, sizeof body, "%s{\"boot\":1,\"sequence\":9,\"t_ns\":1,\"kind\":\"decision\",\"body\":{\"x\":\"%s\"}}\n", line_1, huge);
    assert_int_equal(ingest(&h, &h.cart, body)->status, 413);
    memset(body, ' ', sizeof body - 1);
    assert_int_equal(ingest(&h, &h.cart, body)->status, 413);
    assert_int_equal(answer_integer(ingest(&h, &h.cart, line_1), "accepted"), 1);
    /* The same place with another content: the cart lost its count. */
    assert_int_equal(ingest(&h, &h.cart, "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}\n")->status, 409);
    hub_close(&h);
}

/* What is over the day's bytes waits at the cart; no other cart does, and what was here already costs nothing. */
static void a_cart_brings_so_much_a_day(void **state)
{
    struct hub h;
    struct cart other = cart_make("cart-b");
    const struct answer *a;
    char text[3000], metrics[] = "operation=\"ingest\",status=\"full\"} 1";
    int sequence = 0, wait_s;
    size_t n;

    (void)state;
    hub_cart_day_bytes = 86400;            /* one byte a second */
    h = hub_open();
    cart_join(&h, &other, "store-1");
    n = (size_t)snprintf(text, sizeof text, "{\"boot\":1,\"sequence\":%05d,\"t_ns\":1,\"kind\":\"decision\",\"body\":{\"kind\":\"add\",\"x\":\"%02000d\"}}\n", 10000, 7);
    do {
        (void)snprintf(text, sizeof text, "{\"boot\":1,\"sequence\":%05d,\"t_ns\":1,\"kind\":\"decision\",\"body\":{\"kind\":\"add\",\"x\":\"%02000d\"}}\n", 10000 + sequence, 7);
        a = ingest(&h, &h.cart, text);
        sequence++;
    } while (a->status == 200 && sequence < 100);
    if (a->status != 429)
        fail_msg("%d after %d: %.300s", a->status, sequence, a->body);
    assert_true(sequence == (int)(86400 / n) + 1);
    assert_non_null(strstr(a->body, "86400 bytes of records"));
    assert_non_null(strstr(a->text, "Retry-After: "));
    wait_s = atoi(strstr(a->text, "Retry-After: ") + 13);
    assert_true(wait_s > 0 && wait_s <= (int)n);
    assert_int_equal(ingest(&h, &other, line_1)->status, 200);
    assert_non_null(strstr(hub_get(&h, AS_AUDITOR, "/api/v1/access")->body, "86400 bytes of records"));
    assert_non_null(strstr(hub_get(&h, AS_ADMIN, "/metrics")->body, metrics));
    hub_clock_offset_ns += (wait_s + 1) * INT64_C(1000000000);
    h.skew_s += wait_s + 1;
    a = ingest(&h, &h.cart, text);
    assert_int_equal(answer_integer(a, "accepted"), 1);            /* and nothing of it was taken before */
    hub_clock_offset_ns += (int64_t)n * INT64_C(1000000000);
    h.skew_s += (int64_t)n;
    for (int i = 0; i < 5; i++)            /* a line that repeats itself */
        assert_int_equal(answer_integer(ingest(&h, &h.cart, text), "repeated"), 1);
    hub_clock_offset_ns = 0;
    hub_cart_day_bytes = 0;
    hub_close(&h);
}

static void half_a_body_is_none(void **state)
{
    struct hub h = hub_open();
    char headers[600], text[3000];
    struct tls *t = tls_open(h.port);

    (void)state;
    (void)cart_headers(&h, &h.cart, "POST", "/api/v1/ingest", line_1, strlen(line_1), headers);
    (void)snprintf(text, sizeof text, "POST /api/v1/ingest HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Length: %zu\r\n\r\n%.*s", headers, strlen(line_1), (int)strlen(line_1) - 10, line_1);
    tls_send(t, text, strlen(text));
    tls_close(t);
    assert_int_equal(answer_integer(ingest(&h, &h.cart, line_1), "accepted"), 1);
    hub_close(&h);
}

struct sender { const struct hub *h; struct cart cart; int bodies; };

/* Raw connections, since the helpers' answers are in static storage. */
static void *send_many(void *user)
{
    struct sender *s = user;
    char body[3000], headers[600], text[4000];

    for (int i = 0; i < s->bodies; i++) {
        struct tls *t = tls_open(s->h->port);

        (void)snprintf(body, sizeof body, "{\"boot\":1,\"sequence\":%d,\"t_ns\":%d,\"kind\":\"decision\",\"body\":{\"trip\":\"t\",\"kind\":\"add\"}}\n", 1 + i / 2, 1 + i / 2);
        (void)cart_headers(s->h, &s->cart, "POST", "/api/v1/ingest", body, strlen(body), headers);
        (void)snprintf(text, sizeof text, "POST /api/v1/ingest HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s", headers, strlen(body), body);
        tls_send(t, text, strlen(text));
        tls_close(t);                      /* does not wait for the answer */
    }
    return NULL;
}

/* Many at once, each body twice: every record is there once. */
static void carts_at_once_lose_nothing(void **state)
{
    enum { CARTS = 6, BODIES = 20 };
    struct hub h = hub_open();
    struct sender sender[CARTS];
    pthread_t thread[CARTS];

    (void)state;
    for (int i = 0; i < CARTS; i++) {
        char name[41];

        (void)snprintf(name, sizeof name, "many-%d", i);
        sender[i] = (struct sender){ &h, cart_make(name), BODIES };
        cart_join(&h, &sender[i].cart, "store-1");
    }
    for (int i = 0; i < CARTS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, send_many, &sender[i]), 0);
    for (int i = 0; i < CARTS; i++)
        (void)pthread_join(thread[i], NULL);
    for (int i = 0; i < CARTS; i++)
        for (int k = 1; k <= BODIES / 2; k++) {
            char body[300];
            const struct answer *a;

            (void)snprintf(body, sizeof body, "{\"boot\":1,\"sequence\":%d,\"t_ns\":%d,\"kind\":\"decision\",\"body\":{\"trip\":\"t\",\"kind\":\"add\"}}\n", k, k);
            a = ingest(&h, &sender[i].cart, body);
            assert_int_equal(a->status, 200);
            assert_int_equal(answer_integer(a, "accepted") + answer_integer(a, "repeated"), 1);
        }
    hub_close(&h);
}

/* ---- clips ---- */

/* A sealed clip to this hub, and its record. */
static void make_clip(const struct hub *h, const char *cart, size_t n, struct bytes *out, char sha256[65], char *record, size_t size, int sequence)
{
    struct seal_header header = { .cart = "", .trip = "t1", .trigger = "corrected", .purpose = "improve", .keep_days = 30, .t0_s = 1, .t1_s = 3 };
    struct seal_writer *w = NULL;
    struct trundle_error err;
    char *content = malloc(n);

    assert_non_null(content);
    memset(content, 'c', n);
    (void)snprintf(header.cart, sizeof header.cart, "%s", cart);
    support_ok(seal_write_memory(depot_seal_key(server_depot(h->server))->public_key, &header, out, &w, &err), &err);
    support_ok(seal_write_add(w, content, n, &err), &err);
    support_ok(seal_write_finish(w, &err), &err);
    seal_write_free(w);
    free(content);
    (void)hash_sha256(out->data, out->n, sha256);
    (void)snprintf(record, size, "{\"boot\":7,\"sequence\":%d,\"t_ns\":1780315200123456789,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%zu,\"trip\":\"t1\",\"trigger\":\"corrected\",\"purpose\":\"improve\","
                   "\"keep_days\":30,\"t0_s\":1,\"t1_s\":3,\"worth\":2,\"decision\":1}}\n", sequence, sha256, out->n);
}

static const struct answer *put(const struct hub *h, const char *sha256, size_t offset, size_t size, const void *data, size_t n)
{
    char target[200];

    (void)snprintf(target, sizeof target, "/api/v1/clips/%s?offset=%zu&size=%zu", sha256, offset, size);
    return cart_ask(h, &h->cart, "PUT", target, data, n);
}

static void a_clip_comes_in_parts_and_is_looked_at_with_a_reason(void **state)
{
    enum { BYTES = 150000 };
    struct hub h = hub_open();
    struct bytes clip = { 0 };
    char sha256[65], record[800], target[200];
    const struct answer *a;

    (void)state;
    make_clip(&h, "cart-a", BYTES, &clip, sha256, record, sizeof record, 1);
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s", sha256);
    assert_int_equal(put(&h, sha256, 0, clip.n, clip.data, 100)->status, 404);       /* never announced */
    assert_int_equal(hub_get(&h, AS_CART, target)->status, 404);
    assert_int_equal(ingest(&h, &h.cart, record)->status, 200);
    assert_int_equal(answer_integer(hub_get(&h, AS_CART, target), "have"), 0);
    assert_int_equal(answer_integer(put(&h, sha256, 0, clip.n, clip.data, 60000), "have"), 60000);
    assert_int_equal(answer_integer(put(&h, sha256, 0, clip.n, clip.data, 60000), "have"), 60000);
    assert_int_equal(put(&h, sha256, 90000, clip.n, clip.data + 90000, 100)->status, 409);
    assert_int_equal(put(&h, sha256, 60000, clip.n + 1, clip.data + 60000, 100)->status, 409);
    assert_int_equal(put(&h, "../../etc/passwd", 0, 10, "x", 1)->status, 404);
    assert_int_equal(put(&h, "0123", 0, 10, "x", 1)->status, 400);
    hub_again(&h);
    assert_int_equal(answer_integer(hub_get(&h, AS_CART, target), "have"), 60000);
    assert_int_equal(answer_integer(put(&h, sha256, 60000, clip.n, clip.data + 60000, clip.n - 60000), "have"), (long long)clip.n);
    assert_int_equal(answer_integer(hub_get(&h, AS_CART, target), "have"), (long long)clip.n);
    /* Looking. */
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/content", sha256);
    assert_int_equal(hub_get(&h, AS_ENGINEER, target)->status, 400);
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/content?why=test%%20of%%20looking", sha256);
    a = hub_get(&h, AS_ENGINEER, target);
    assert_int_equal(a->status, 200);
    assert_int_equal(a->body_n, BYTES);
    assert_int_equal(a->body[0], 'c');
    assert_non_null(strstr(hub_get(&h, AS_AUDITOR, "/api/v1/access?limit=500")->body, "test of looking"));
    assert_non_null(strstr(hub_get(&h, AS_ENGINEER, "/api/v1/clips")->body, sha256));
    /* Deleting, with a receipt; and it does not come back. */
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s", sha256);
    a = hub_ask(&h, AS_ENGINEER, "DELETE", target, "{\"why\":\"asked for by the shopper\"}");
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->body, sha256));
    assert_int_equal(put(&h, sha256, 0, clip.n, clip.data, 100)->status, 422);
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/content?why=again", sha256);
    assert_true(hub_get(&h, AS_ENGINEER, target)->status >= 400);
    bytes_done(&clip);
    hub_close(&h);
}

static void a_clip_that_lies_is_dropped(void **state)
{
    struct hub h = hub_open();
    struct bytes clip = { 0 }, others = { 0 };
    char sha256[65], record[800];

    (void)state;
    make_clip(&h, "cart-a", 1000, &clip, sha256, record, sizeof record, 1);
    assert_int_equal(ingest(&h, &h.cart, record)->status, 200);
    clip.data[clip.n - 1] ^= 1;
    assert_int_equal(put(&h, sha256, 0, clip.n, clip.data, clip.n)->status, 400);
    clip.data[clip.n - 1] ^= 1;
    assert_int_equal(put(&h, sha256, 0, clip.n, clip.data, clip.n)->status, 200);
    /* The header says another cart. */
    make_clip(&h, "cart-x", 1000, &others, sha256, record, sizeof record, 2);
    assert_int_equal(ingest(&h, &h.cart, record)->status, 200);
    assert_int_equal(put(&h, sha256, 0, others.n, others.data, others.n)->status, 400);
    bytes_done(&clip);
    bytes_done(&others);
    hub_close(&h);
}

static void a_policy_reaches_the_cart(void **state)
{
    struct hub h = hub_open();
    const struct answer *a;

    (void)state;
    assert_non_null(strstr(hub_get(&h, AS_CART, "/api/v1/orders")->body, "\"policy\":{}"));
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/policy", "{\"policy\":{\"bytes_per_day\":1000}}")->status, 204);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/policy", "{\"store\":\"store-9\",\"policy\":{\"bytes_per_day\":9}}")->status, 204);
    assert_non_null(strstr(hub_get(&h, AS_CART, "/api/v1/orders")->body, "\"bytes_per_day\":1000"));
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/policy", "{\"store\":\"store-1\",\"policy\":{\"bytes_per_day\":7}}")->status, 204);
    assert_non_null(strstr(hub_get(&h, AS_CART, "/api/v1/orders")->body, "\"bytes_per_day\":7"));
    /* One that carts could not read stays out, and the last one stays. */
    a = hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/policy", "{\"store\":\"store-1\",\"policy\":{\"triggers\":[{\"name\":\"x\",\"purpose\":\"improve\",\"when\":\"p <\"}]}}");
    assert_int_equal(a->status, 400);
    assert_non_null(strstr(a->body, "triggers[0].when"));
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/policy", "{\"policy\":{\"bytes_a_day\":7}}")->status, 400);
    assert_non_null(strstr(hub_get(&h, AS_CART, "/api/v1/orders")->body, "\"bytes_per_day\":7"));
    assert_int_equal(hub_get(&h, AS_ENGINEER, "/api/v1/policy?store=%ff")->status, 400);
    hub_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_works_once),
        cmocka_unit_test(a_cart_that_was_taken_out_is_refused),
        cmocka_unit_test(only_the_right_signature_holds),
        cmocka_unit_test(a_clock_that_is_off_is_told_the_time),
        cmocka_unit_test(a_replay_is_refused),
        cmocka_unit_test(records_are_kept_once),
        cmocka_unit_test(decisions_are_counted_once),
        cmocka_unit_test(a_bad_line_takes_all_with_it),
        cmocka_unit_test(a_cart_brings_so_much_a_day),
        cmocka_unit_test(half_a_body_is_none),
        cmocka_unit_test(carts_at_once_lose_nothing),
        cmocka_unit_test(a_clip_comes_in_parts_and_is_looked_at_with_a_reason),
        cmocka_unit_test(a_clip_that_lies_is_dropped),
        cmocka_unit_test(a_policy_reaches_the_cart),
    };

    return support_run(tests);
}
