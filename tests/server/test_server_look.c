/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The player's side of privacy: nobody sees a frame that the access log does not know of, nothing is seen after its deletion, half an upload does not stay. */
#include "base/seal/seal.h"
#include "base/std/bytes.h"
#include "base/std/hash.h"
#include "base/std/json.h"
#include "base/std/time.h"
#include "hub/depot/depot.h"
#include "hub/depot/lineage.h"
#include "tests/server/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PART = 8 << 20, CLIP = 3 << 20 };

/* A simulated trip with pictures, made once: before the hub, whose scratch folder the next one ends. */
static const struct bytes *trip(void)
{
    static struct bytes file;
    char path[700];
    struct trundle_error err;

    if (!file.n) {
        (void)snprintf(path, sizeof path, "%s", support_scratch());
        assert_int_equal(support_shell(NULL, "cd '%s' && '%s' sim --suite smoke --seed 7 --trips 1 --out . >/dev/null 2>&1", path, support_build("trundle")), 0);
        (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/7.mcap");
        support_ok(file_read(path, 100 << 20, &file, &err), &err);
    }
    return &file;
}

static int entries(const struct hub *h, const char *act, const char *ref)
{
    const struct answer *a = hub_get(h, AS_AUDITOR, "/api/v1/access?limit=500");
    json_t *root = json_loadb(a->body, a->body_n, 0, NULL), *row;
    int n = 0;
    size_t i;

    assert_int_equal(a->status, 200);
    json_array_foreach (json_object_get(root, "rows"), i, row)
        n += strcmp(json_string_value(json_object_get(row, "act")), act) == 0 && (!ref || strcmp(json_string_value(json_object_get(row, "ref")), ref) == 0);
    json_decref(root);
    return n;
}

/* `more` is further query: "", or "&...". */
static const struct answer *put_as(const struct hub *h, const char *target, const char *more, size_t offset, const struct bytes *all)
{
    size_t n = all->n - offset < PART ? all->n - offset : PART;
    char full[300], headers[200];

    (void)snprintf(full, sizeof full, "%s?offset=%zu&size=%zu%s", target, offset, all->n, more);
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\nContent-Type: application/octet-stream\r\n", h->token[AS_ENGINEER]);
    return hub_send(h, "PUT", full, headers, all->data + offset, n);
}

static const struct answer *put(const struct hub *h, const char *target, size_t offset, const struct bytes *all)
{
    return put_as(h, target, "", offset, all);
}

static void hand_in(const struct hub *h, const char *target, const struct bytes *all)
{
    for (size_t at = 0; at < all->n; at += PART) {
        const struct answer *a = put(h, target, at, all);

        if (a->status != 200)
            fail_msg("%s at %zu: %d %.300s", target, at, a->status, a->body);
        assert_int_equal(answer_integer(a, "have"), at + PART < all->n ? at + PART : all->n);
    }
}

/* Every trip file begins so. */
static bool in_the_clear(const struct hub *h)
{
    return support_shell(NULL, "LC_ALL=C grep -rqa 'MCAP0' '%s'", h->dir) == 0;
}

static bool open_somewhere(void)
{
    return support_shell(NULL, "test -z \"$(ls -l /proc/%d/fd | grep /dev/shm/trundle-)\"", (int)getpid()) != 0;
}

static void a_trip_is_handed_in_and_every_look_is_known(void **state)
{
    static const char record[] = "{\"boot\":1,\"sequence\":1,\"t_ns\":1780315200123456789,\"kind\":\"trip\",\"body\":{\"trip\":\"t1\",\"store\":\"store-1\",\"bundle\":\"b1\",\"started_ns\":1780315000000000000,"
                                 "\"ended_ns\":1780315200000000000,\"items\":3,\"belief\":[0,0,0,0,0,0,0,0,0,3],\"inputs\":{}}}\n";
    size_t n = trip()->n, part;
    struct hub h = hub_open();
    const struct answer *a;
    char length[60], headers[300], target[100];

    (void)state;
    hand_in(&h, "/api/v1/trips/cart-a/unknown-1/file", trip());        /* of which no cart told */
    assert_int_equal(hub_ask(&h, AS_CART, "POST", "/api/v1/ingest", record)->status, 200);
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\nContent-Type: application/octet-stream\r\n", h.token[AS_ENGINEER]);
    (void)snprintf(target, sizeof target, "/api/v1/trips/cart-a/t1/file?offset=0&size=%zu", n);
    assert_int_equal(hub_send(&h, "PUT", target, headers, trip()->data, 1000001)->status, 200);        /* parts may be of any length */
    hand_in(&h, "/api/v1/trips/cart-a/t1/file", trip());
    hand_in(&h, "/api/v1/trips/cart-a/t1/file", trip());               /* again: the same */
    assert_false(in_the_clear(&h));
    a = hub_get(&h, AS_AUDITOR, "/api/v1/trips/cart-a/t1/frames/0/0");
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->text, "image/jpeg"));
    assert_int_equal(entries(&h, "trip_frame", "cart-a/t1"), 1);
    assert_int_equal(hub_get(&h, AS_AUDITOR, "/api/v1/trips/cart-a/t1/frames/0/1")->status, 200);
    assert_int_equal(entries(&h, "trip_frame", "cart-a/t1"), 1);
    assert_int_equal(hub_get(&h, AS_ENGINEER, "/api/v1/trips/cart-a/t1/frames/0/1")->status, 200);     /* somebody else */
    assert_int_equal(entries(&h, "trip_frame", "cart-a/t1"), 2);
    hub_clock_offset_ns = 11 * 60 * NS_PER_S;
    assert_int_equal(hub_get(&h, AS_AUDITOR, "/api/v1/trips/cart-a/t1/frames/0/1")->status, 200);
    assert_int_equal(entries(&h, "trip_frame", "cart-a/t1"), 3);
    assert_int_equal(hub_get(&h, AS_AUDITOR, "/api/v1/trips/cart-a/t1/timeline")->status, 200);
    assert_int_equal(entries(&h, "trip_timeline", "cart-a/t1"), 1);
    /* What a postmortem says to fetch. */
    a = hub_get(&h, AS_AUDITOR, "/api/v1/trips/cart-a/t1/file");
    assert_int_equal(a->status, 200);
    (void)snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", n);
    assert_non_null(strstr(a->text, length));
    assert_int_equal(entries(&h, "trip_get", "cart-a/t1"), 1);
    for (size_t at = 0; at < n; at += part) {  /* in ranges: to the byte what was handed in */
        part = n - at < 100000 ? n - at : 100000;
        (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\nRange: bytes=%zu-%zu\r\n", h.token[AS_AUDITOR], at, at + part - 1);
        a = hub_send(&h, "GET", "/api/v1/trips/cart-a/t1/file?why=incident", headers, NULL, 0);
        assert_int_equal(a->status, 206);
        assert_int_equal(a->n - (size_t)(a->body - a->text), part);
        assert_memory_equal(a->body, trip()->data + at, part);
        at += at < n / 2 ? n / 3 : 0;
    }
    assert_true(entries(&h, "trip_get", "cart-a/t1") > 1);
    assert_false(in_the_clear(&h));
    assert_int_equal(hub_get(&h, AS_AUDITOR, "/api/v1/trips/cart-a/t2/file")->status, 404);
    hub_close(&h);
}

static void half_an_upload_goes_after_a_week(void **state)
{
    size_t n = trip()->n;
    struct hub h = hub_open();
    struct depot_swept swept;
    struct trundle_error err;
    int64_t now_ns = clock_wall_ns();

    (void)state;
    assert_true(n > PART);
    assert_int_equal(put(&h, "/api/v1/trips/cart-a/t1/file", 0, trip())->status, 200);
    support_ok(depot_sweep(server_depot(h.server), now_ns + 6 * INT64_C(86400) * NS_PER_S, 100, &swept, &err), &err);
    assert_false(in_the_clear(&h));
    hub_again(&h);
    assert_int_equal(answer_integer(put(&h, "/api/v1/trips/cart-a/t1/file", 0, trip()), "have"), PART);
    for (size_t at = 1000001; at < n; at += PART)      /* some of it again, and the rest, after a restart */
        assert_int_equal(put(&h, "/api/v1/trips/cart-a/t1/file", at, trip())->status, 200);
    assert_false(in_the_clear(&h));
    assert_int_equal(hub_get(&h, AS_ENGINEER, "/api/v1/trips/cart-a/t1/timeline")->status, 200);
    assert_int_equal(put(&h, "/api/v1/trips/cart-a/t2/file", 0, trip())->status, 200);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "DELETE", "/api/v1/trips/cart-a/t1/file", "{\"why\":\"test\"}")->status, 200);
    support_ok(depot_sweep(server_depot(h.server), now_ns + 6 * INT64_C(86400) * NS_PER_S, 100, &swept, &err), &err);
    assert_int_equal(support_shell(NULL, "test -n \"$(find '%s' -size +4M)\"", h.dir), 0);
    support_ok(depot_sweep(server_depot(h.server), now_ns + 8 * INT64_C(86400) * NS_PER_S, 100, &swept, &err), &err);
    assert_int_equal(support_shell(NULL, "test -z \"$(find '%s' -size +4M)\"", h.dir), 0);
    hub_close(&h);
}

static void a_trip_file_goes_as_clips_do(void **state)
{
    size_t n = trip()->n;
    struct hub h = hub_open();
    struct depot *d = server_depot(h.server);
    const struct answer *a;
    struct depot_swept swept;
    struct depot_trip t;
    struct depot_clip c;
    struct trundle_error err;

    (void)state;
    assert_int_equal(put_as(&h, "/api/v1/trips/cart-a/t1/file", "&keep_days=401", 0, trip())->status, 400);    /* at once, not after all of it was sent */
    assert_int_equal(put_as(&h, "/api/v1/trips/cart-a/t1/file", "&purpose=", 0, trip())->status, 400);
    for (size_t at = 0; at < n; at += PART)
        assert_int_equal(put_as(&h, "/api/v1/trips/cart-a/t1/file", "&purpose=label&keep_days=7", at, trip())->status, 200);
    support_ok(depot_trip_get(d, "cart-a", "t1", &t, &err), &err);
    support_ok(depot_clip_get(d, t.file, &c, &err), &err);
    assert_true(c.keep_days == 7 && strcmp(c.purpose, "label") == 0);
    assert_int_equal(hub_get(&h, AS_ENGINEER, "/api/v1/trips/cart-a/t1/timeline")->status, 200);
    assert_true(open_somewhere());
    assert_int_equal(hub_get(&h, AS_ENGINEER, "/api/v1/trips/cart-a/t1/receipt")->status, 404);
    a = hub_ask(&h, AS_ENGINEER, "DELETE", "/api/v1/trips/cart-a/t1/file", "{\"why\":\"asked for\"}");
    assert_int_equal(a->status, 200);
    support_ok(depot_receipt_verify(a->body, a->body_n, depot_sign_key(d), &err), &err);
    assert_non_null(strstr(a->body, "cart-a/t1"));
    assert_int_equal(entries(&h, "delete", "cart-a/t1"), 1);
    a = hub_get(&h, AS_AUDITOR, "/api/v1/trips/cart-a/t1/receipt");         /* what the console tells of it */
    assert_int_equal(a->status, 200);
    assert_true(strstr(a->body, "\"who\": \"") && strstr(a->body, "\"why\": \"asked for\"") && strstr(a->body, "\"purpose\": \"label\"") && strstr(a->body, "\"at_ns\": "));
    assert_int_equal(hub_get(&h, AS_ENGINEER, "/api/v1/trips/cart-a/t1/frames/0/0")->status, 404);
    assert_int_equal(hub_get(&h, AS_ENGINEER, "/api/v1/trips/cart-a/t1/file")->status, 404);
    assert_false(open_somewhere());
    assert_int_equal(put(&h, "/api/v1/trips/cart-a/t1/file", 0, trip())->status, 422);
    hand_in(&h, "/api/v1/trips/cart-a/t2/file", trip());
    support_ok(depot_sweep(d, hub_clock() + (DEPOT_TRIP_DAYS + 1) * INT64_C(86400) * NS_PER_S, 100, &swept, &err), &err);
    assert_int_equal(swept.clips, 1);
    assert_int_equal(hub_get(&h, AS_ENGINEER, "/api/v1/trips/cart-a/t2/file")->status, 404);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "DELETE", "/api/v1/trips/cart-a/t9/file", "{\"why\":\"x\"}")->status, 404);
    hub_close(&h);
}

/* Two seconds of a trip, announced and sent by a cart. */
static void send_clip(const struct hub *h, char sha256[65])
{
    struct seal_header header = { .cart = "cart-a", .trip = "t1", .trigger = "corrected", .purpose = "improve", .keep_days = 30, .t0_s = 1, .t1_s = 3 };
    struct depot *d = server_depot(h->server);
    struct seal_writer *w = NULL;
    struct bytes sealed = { 0 };
    struct trundle_error err;
    char record[700];
    int64_t have = 0;

    assert_true(trip()->n > CLIP);
    support_ok(seal_write_memory(depot_seal_key(d)->public_key, &header, &sealed, &w, &err), &err);
    support_ok(seal_write_add(w, trip()->data, CLIP, &err), &err);
    support_ok(seal_write_finish(w, &err), &err);
    seal_write_free(w);
    (void)hash_sha256(sealed.data, sealed.n, sha256);
    (void)snprintf(record, sizeof record, "{\"boot\":7,\"sequence\":1,\"t_ns\":%lld,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%zu,\"trip\":\"t1\",\"trigger\":\"corrected\","
                   "\"purpose\":\"improve\",\"keep_days\":30,\"t0_s\":1,\"t1_s\":3}}\n", (long long)clock_wall_ns(), sha256, sealed.n);
    assert_int_equal(hub_ask(h, AS_CART, "POST", "/api/v1/ingest", record)->status, 200);
    while ((size_t)have < sealed.n)
        support_ok(depot_clip_put(d, "cart-a", sha256, have, (int64_t)sealed.n, sealed.data + have, sealed.n - (size_t)have < DEPOT_CHUNK_MAX ? sealed.n - (size_t)have : DEPOT_CHUNK_MAX,
                                  clock_wall_ns(), &have, &err), &err);
    bytes_done(&sealed);
}

static void nothing_is_seen_after_its_deletion(void **state)
{
    char sha256[65], target[200];
    struct hub h;

    (void)state;
    (void)trip();
    h = hub_open();
    send_clip(&h, sha256);
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/frames/0/0", sha256);
    assert_int_equal(hub_get(&h, AS_ENGINEER, target)->status, 400);           /* nobody said why */
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/timeline?why=test", sha256);
    assert_int_equal(hub_get(&h, AS_ENGINEER, target)->status, 200);
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/frames/0/0", sha256);
    assert_int_equal(hub_get(&h, AS_ENGINEER, target)->status, 200);
    assert_int_equal(hub_get(&h, AS_AUDITOR, target)->status, 400);            /* another did not look */
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s", sha256);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "DELETE", target, "{\"why\":\"asked for\"}")->status, 200);
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/frames/0/0", sha256);
    assert_int_equal(hub_get(&h, AS_ENGINEER, target)->status, 404);
    assert_false(open_somewhere());            /* its content is nowhere in memory */
    hub_close(&h);
}

static const struct answer *post(const struct hub *h, enum hub_as as, const char *target, int expected, const char *format, ...)
{
    const struct answer *a;
    char body[1000];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(body, sizeof body, format, args);
    va_end(args);
    a = hub_ask(h, as, "POST", target, body);
    if (a->status != expected)
        fail_msg("%s %s: %d, not %d: %s", target, body, a->status, expected, a->body);
    return a;
}

/* From the figure of a model back to the seconds of cart time that it stands on, and on from those when they are deleted. */
static void a_metric_is_traced_to_the_seconds(void **state)
{
    static const char metric[] = "/api/v1/lineage?kind=metric&ref=m1/step_recall";
    char sha256[65], target[200], set[65];
    const struct answer *a;
    struct hub h;

    (void)state;
    (void)trip();
    h = hub_open();
    send_clip(&h, sha256);
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/labels", sha256);
    (void)post(&h, AS_ENGINEER, target, 200, "{\"task\":\"boxes\",\"product\":\"gtin:04012345678901\",\"t0_s\":1.5,\"t1_s\":2,\"body\":{\"box\":[1,2,3,4]}}");
    (void)post(&h, AS_ENGINEER, target, 400, "{\"task\":\"boxes\",\"product\":\"milk\",\"t0_s\":1.5,\"t1_s\":2}");
    (void)post(&h, AS_ENGINEER, target, 400, "{\"task\":\"boxes\",\"product\":\"?\",\"t0_s\":3,\"t1_s\":2}");
    a = hub_get(&h, AS_AUDITOR, target);
    assert_non_null(strstr(a->body, "\"box\":[1,2,3,4]"));
    assert_non_null(strstr(a->body, "\"who\":\"engineer"));
    a = post(&h, AS_ENGINEER, "/api/v1/datasets", 200, "{\"name\":\"fruit\",\"members\":[{\"sha256\":\"%s\",\"split\":\"test\"}]}", sha256);
    (void)snprintf(set, sizeof set, "%s", answer_text(a, "id"));
    (void)post(&h, AS_ENGINEER, "/api/v1/lineage", 204, "{\"kind\":\"model\",\"ref\":\"m1\",\"parents\":[]}");
    (void)post(&h, AS_ENGINEER, "/api/v1/lineage", 204, "{\"kind\":\"model\",\"ref\":\"m1\",\"parents\":[]}");
    for (int i = 0; i < 2; i++)                /* again with the same is fine, with others not */
        (void)post(&h, AS_ENGINEER, "/api/v1/lineage", i ? 409 : 204, "{\"kind\":\"metric\",\"ref\":\"m1/step_recall\",\"body\":{\"value\":0.9%d},\"parents\":[{\"kind\":\"model\",\"ref\":\"m1\"},"
                   "{\"kind\":\"dataset\",\"ref\":\"%s\",\"split\":\"test\"}]}", i, set);
    (void)post(&h, AS_ENGINEER, "/api/v1/lineage", 404, "{\"kind\":\"run\",\"ref\":\"r\",\"parents\":[{\"kind\":\"model\",\"ref\":\"none\"}]}");
    (void)post(&h, AS_ENGINEER, "/api/v1/lineage", 400, "{\"kind\":\"run\",\"ref\":\"r\",\"parents\":[{\"kind\":\"model\",\"ref\":\"m1\"},{\"kind\":\"model\",\"ref\":\"m1\"}]}");
    (void)post(&h, AS_ENGINEER, "/api/v1/lineage", 400, "{\"kind\":\"clip\",\"ref\":\"r\",\"parents\":[]}");
    (void)post(&h, AS_ENGINEER, "/api/v1/lineage", 400, "{\"kind\":\"run\",\"ref\":\"r\",\"parents\":[{\"kind\":\"model\"}]}");
    a = hub_get(&h, AS_AUDITOR, metric);
    assert_non_null(strstr(a->body, "\"seconds\":2.0"));
    assert_non_null(strstr(a->body, sha256));
    assert_null(strstr(a->body, "\"tainted\":true"));
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s", sha256);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "DELETE", target, "{\"why\":\"asked for\"}")->status, 200);
    a = hub_get(&h, AS_AUDITOR, metric);
    assert_non_null(strstr(a->body, "\"deleted\":true"));
    (void)snprintf(target, sizeof target, "/api/v1/lineage?kind=clip&ref=%s&way=on", sha256);
    a = hub_get(&h, AS_AUDITOR, target);
    assert_non_null(strstr(a->body, "\"tainted\":true"));
    (void)snprintf(target, sizeof target, "/api/v1/clips/%s/labels", sha256);
    assert_null(strstr(hub_get(&h, AS_AUDITOR, target)->body, "boxes"));       /* its labels went with it */
    (void)post(&h, AS_ENGINEER, target, 404, "{\"task\":\"boxes\",\"product\":\"?\",\"t0_s\":1,\"t1_s\":2}");
    hub_close(&h);
}

static void products_have_versions(void **state)
{
    struct hub h = hub_open();
    const struct answer *a;

    (void)state;
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/products/gtin:04012345678901", "{\"body\":{\"name\":\"milk\"}}")->status, 204);
    assert_int_equal(hub_ask(&h, AS_OPERATOR, "PUT", "/api/v1/products/gtin:04012345678901", "{\"body\":{\"name\":\"whole milk\"}}")->status, 204);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/products/plu:4011", "{\"body\":{}}")->status, 204);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/products/milk", "{\"body\":{}}")->status, 400);
    assert_int_equal(hub_ask(&h, AS_ENGINEER, "PUT", "/api/v1/products/plu:4011", "{\"body\":[]}")->status, 400);
    a = hub_get(&h, AS_AUDITOR, "/api/v1/products?limit=1");
    assert_non_null(strstr(a->body, "whole milk"));
    assert_non_null(strstr(a->body, "\"next\":\"gtin:04012345678901\""));
    a = hub_get(&h, AS_AUDITOR, "/api/v1/products?limit=1&after=gtin:04012345678901");
    assert_non_null(strstr(a->body, "plu:4011"));
    a = hub_get(&h, AS_AUDITOR, "/api/v1/products?q=gtin:04012345678901");
    assert_non_null(strstr(a->body, "whole milk"));
    assert_non_null(strstr(a->body, "\"name\":\"milk\""));
    assert_null(strstr(a->body, "plu:"));
    hub_close(&h);
}

/* A reason that is no text must not hide the look from who reads the log. */
static void no_look_is_hidden_from_the_log(void **state)
{
    struct hub h = hub_open();
    char target[200];

    (void)state;
    (void)snprintf(target, sizeof target, "/api/v1/users/%%ff%%fe");
    assert_int_equal(hub_ask(&h, AS_ADMIN, "DELETE", target, NULL)->status, 404);
    assert_true(entries(&h, "user_off", "??") > 0);
    hub_close(&h);
}

static void who_is_refused_is_in_the_log(void **state)
{
    struct hub h = hub_open();
    struct cart liar = cart_make("cart-a");

    (void)state;
    assert_int_equal(hub_ask(&h, AS_LABELLER, "POST", "/api/v1/users", "{\"name\":\"x\",\"roles\":[\"admin\"]}")->status, 403);
    assert_int_equal(entries(&h, "refused", "/api/v1/users"), 1);
    assert_int_equal(cart_ask(&h, &liar, "GET", "/api/v1/orders", "", 0)->status, 401);
    assert_int_equal(entries(&h, "refused", "/api/v1/orders"), 1);
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/join", "{\"code\":\"0123456789abcdef0123456789abcdef\",\"public_key\":\"x\",\"hardware\":\"pi5\"}")->status, 400);
    assert_int_equal(entries(&h, "refused", "/api/v1/join"), 1);
    assert_int_equal(hub_get(&h, AS_NOBODY, "/api/v1/session")->status, 401);  /* nobody tried anything */
    assert_int_equal(entries(&h, "refused", "/api/v1/session"), 0);
    for (int i = 0; i < 60; i++)
        assert_int_equal(cart_ask(&h, &liar, "GET", "/api/v1/orders", "", 0)->status, 401);
    assert_in_range(entries(&h, "refused", NULL), 20, 40);                     /* and does not fill the disk */
    hub_close(&h);
}

static const struct answer *set_password(const struct hub *h, const char *cookie, const char *body)
{
    char headers[400];

    (void)snprintf(headers, sizeof headers, "%sContent-Type: application/json\r\n", cookie);
    return hub_send(h, "PUT", "/api/v1/account/password", headers, body, strlen(body));
}

/* A new link by the administrator is what helps then: whoever comes by it sets a password without the old one, once. */
static void a_lost_password_is_set_anew(void **state)
{
    struct hub h = hub_open();
    const struct answer *a;
    char body[200], cookie[200];

    (void)state;
    assert_int_equal(set_password(&h, h.cookie, "{\"password\":\"a sentence of the admin\"}")->status, 204);
    for (int i = 0; i < 2; i++) {
        a = hub_ask(&h, AS_ADMIN, "PUT", "/api/v1/users/engineer-1", "{}");
        (void)snprintf(body, sizeof body, "{\"link\":\"%s\"}", strstr(answer_text(a, "link"), "#link=") + 6);
        a = hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", body);
        assert_int_equal(a->status, 200);
        (void)snprintf(cookie, sizeof cookie, "Cookie: %.*s\r\n", (int)strcspn(strstr(a->text, "Set-Cookie: ") + 12, ";"), strstr(a->text, "Set-Cookie: ") + 12);
        assert_int_equal(set_password(&h, cookie, i ? "{\"password\":\"the second sentence\"}" : "{\"password\":\"the first sentence\"}")->status, 204);
    }
    assert_int_equal(set_password(&h, cookie, "{\"password\":\"somebody else's sentence\"}")->status, 403);
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", "{\"name\":\"engineer-1\",\"password\":\"the second sentence\"}")->status, 200);
    hub_close(&h);
}

static void an_old_password_does_not_come_back_with_the_name(void **state)
{
    struct hub h = hub_open();
    const struct answer *a;
    char body[200], cookie[200], headers[400];

    (void)state;
    (void)snprintf(headers, sizeof headers, "%sContent-Type: application/json\r\n", h.cookie);
    (void)snprintf(body, sizeof body, "{\"password\":\"a sentence of the admin\"}");
    assert_int_equal(hub_send(&h, "PUT", "/api/v1/account/password", headers, body, strlen(body))->status, 204);
    a = hub_ask(&h, AS_ADMIN, "POST", "/api/v1/users", "{\"name\":\"kim\",\"roles\":[\"engineer\"]}");
    (void)snprintf(body, sizeof body, "{\"link\":\"%s\"}", strstr(answer_text(a, "link"), "#link=") + 6);
    a = hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", body);
    (void)snprintf(cookie, sizeof cookie, "%s", strstr(a->text, "Set-Cookie: ") + 12);
    (void)snprintf(headers, sizeof headers, "Cookie: %.*s\r\nContent-Type: application/json\r\n", (int)strcspn(cookie, ";"), cookie);
    (void)snprintf(body, sizeof body, "{\"password\":\"the first kim's own\"}");
    assert_int_equal(hub_send(&h, "PUT", "/api/v1/account/password", headers, body, strlen(body))->status, 204);
    assert_int_equal(hub_ask(&h, AS_ADMIN, "DELETE", "/api/v1/users/kim", NULL)->status, 204);
    assert_int_equal(hub_ask(&h, AS_ADMIN, "PUT", "/api/v1/users/kim", "{}")->status, 409);      /* a change of an ended user does not bring it back */
    assert_int_equal(hub_ask(&h, AS_ADMIN, "POST", "/api/v1/users", "{\"name\":\"kim\",\"roles\":[\"engineer\"]}")->status, 200);
    assert_int_equal(hub_ask(&h, AS_NOBODY, "POST", "/api/v1/session", "{\"name\":\"kim\",\"password\":\"the first kim's own\"}")->status, 401);
    hub_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trip_is_handed_in_and_every_look_is_known),
        cmocka_unit_test(half_an_upload_goes_after_a_week),
        cmocka_unit_test(a_trip_file_goes_as_clips_do),
        cmocka_unit_test(nothing_is_seen_after_its_deletion),
        cmocka_unit_test(a_metric_is_traced_to_the_seconds),
        cmocka_unit_test(products_have_versions),
        cmocka_unit_test(no_look_is_hidden_from_the_log),
        cmocka_unit_test(who_is_refused_is_in_the_log),
        cmocka_unit_test(a_lost_password_is_set_anew),
        cmocka_unit_test(an_old_password_does_not_come_back_with_the_name),
    };

    return support_run(tests);
}
