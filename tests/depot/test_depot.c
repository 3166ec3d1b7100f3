/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* depot: a batch is whole or nothing and stored once, whoever writes beside; clips come in pieces and are what they say; secrets stay secret; the access log shows changes. */
#include "tests/depot/hub.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE(boot, sequence, body) "{\"boot\":" boot ",\"sequence\":" sequence ",\"t_ns\":1780315200123456789,\"kind\":\"decision\",\"body\":" body "}\n"

static void a_batch_is_stored_once(void **state)
{
    struct depot *d = hub_open(hub_path());
    struct depot_count count;
    struct trundle_error err;

    (void)state;
    count = hub_say(d, "cart-7", LINE("3", "17", "{\"trip\":\"a\",\"p\":0.1}") LINE("3", "18", "{\"trip\":\"a\"}"));
    assert_true(count.accepted == 2 && count.repeated == 0);
    count = hub_say(d, "cart-7", LINE("3", "18", "{\"trip\":\"a\"}") "\n" LINE("3", "19", "{}") LINE("4", "18", "{}"));
    assert_true(count.accepted == 2 && count.repeated == 1);
    count = hub_say(d, "cart-8", LINE("3", "17", "{\"trip\":\"other\"}"));
    assert_true(count.accepted == 1 && count.repeated == 0);
    assert_int_equal(hub_try(d, "cart-7", LINE("3", "20", "{}") LINE("3", "17", "{\"trip\":\"another\"}"), &err), TRUNDLE_CONFLICT);
    assert_string_equal(err.where, "line 2");
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_record"), 5);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_records WHERE cart = 'cart-7' AND boot = 3 AND sequence = 17 AND body = '{\"trip\":\"a\",\"p\":0.1}'"), 1);
    depot_close(d);
}

static void a_line_that_is_not_understood_is_named(void **state)
{
    static const struct { const char *line, *where; enum trundle_status status; } bad[] = {
        { "nonsense", "line 2", TRUNDLE_BAD_INPUT },
        { "[]", "line 2", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\"}", "line 2: body", TRUNDLE_BAD_INPUT },
        { "{\"boot\":0,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}", "line 2: boot", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1099511627776,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}", "line 2: sequence", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":0,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}", "line 2: sequence", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1,\"t_ns\":-1,\"kind\":\"decision\",\"body\":{}}", "line 2: t_ns", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"Decision!\",\"body\":{}}", "line 2: kind", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":[]}", "line 2: body", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{},\"more\":1}", "line 2:", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}", "line 2", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"clip\",\"body\":{\"sha256\":\"00\"}}", "line 2: body.sha256", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"trip\",\"body\":{\"trip\":\"../x\",\"started_ns\":1,\"ended_ns\":2}}", "line 2: body.trip", TRUNDLE_BAD_INPUT },
        { "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"trip\",\"body\":{\"trip\":\"x\",\"started_ns\":3,\"ended_ns\":2}}", "line 2: body.ended_ns", TRUNDLE_BAD_INPUT },
    };
    struct depot *d = hub_open(hub_path());
    struct depot_batch *batch = NULL;
    struct trundle_error err;
    char *big;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char text[600];

        (void)snprintf(text, sizeof text, "%s%s\n", LINE("1", "5", "{}"), bad[i].line);
        assert_int_equal(hub_try(d, "cart-7", text, &err), bad[i].status);
        if (strncmp(err.where, bad[i].where, strlen(bad[i].where)) != 0)
            fail_msg("case %zu: where '%s', expected '%s'", i, err.where, bad[i].where);
        assert_int_equal(err.status, bad[i].status);
    }
    assert_int_equal(hub_try(d, "Cart 7", LINE("1", "5", "{}"), &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(hub_try(d, "cart-7", "\n \n", &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(depot_batch_parse(LINE("1", "5", "{}") "\0", sizeof LINE("1", "5", "{}"), &batch, &err), TRUNDLE_BAD_INPUT);
    big = malloc(DEPOT_BATCH_MAX + 1);
    assert_non_null(big);
    memset(big, ' ', DEPOT_BATCH_MAX + 1);
    assert_int_equal(depot_batch_parse(big, DEPOT_BATCH_MAX + 1, &batch, &err), TRUNDLE_TOO_LARGE);
    memcpy(big, LINE("1", "5", "{}"), 40);
    assert_int_equal(depot_batch_parse(big, DEPOT_LINE_MAX + 1, &batch, &err), TRUNDLE_TOO_LARGE);
    free(big);
    assert_null(batch);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_record"), 0);
    depot_close(d);
}

/* The body is stored as it was sent, however its key is written and whatever stands before it. */
static void bodies_are_kept_to_the_byte(void **state)
{
    static const char text[] = "{\"kind\":\"bo\\\"dy\\u007b\",\"t_ns\":1,\"boot\":1,\"sequence\":1,\"body\":{}}";
    static const struct { const char *line, *body; } good[] = {
        { "{\"t_ns\":1,\"boot\":1,\"sequence\":1,\"kind\":\"body\" , \"body\" : {\"a\":\"}\\\"{\", \"b\":[{},0.10]} }", "{\"a\":\"}\\\"{\", \"b\":[{},0.10]}" },
        { "{\"body\":{\"body\":{\"x\":1e2}},\"t_ns\":1,\"boot\":1,\"sequence\":1,\"kind\":\"k\"}", "{\"body\":{\"x\":1e2}}" },
        { "{\"b\\u006fdy\":{\"x\": 1},\"t_ns\":1,\"boot\":1,\"sequence\":1,\"kind\":\"k\"}", "{\"x\":1}" },
    };
    struct depot_batch *batch = NULL;
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        support_ok(depot_batch_parse(good[i].line, strlen(good[i].line), &batch, &err), &err);
        assert_string_equal(depot_batch_record(batch, 0)->body, good[i].body);
        depot_batch_free(batch);
    }
    assert_int_equal(depot_batch_parse(text, strlen(text), &batch, &err), TRUNDLE_BAD_INPUT);
}

struct talker {
    struct depot *d;
    int           number, failed;
};

static void *talk(void *user)
{
    struct talker *t = user;
    char cart[20], line[200];
    struct trundle_error err;

    (void)snprintf(cart, sizeof cart, "cart-%d", t->number);
    for (int i = 1; i <= 50; i++) {
        (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":%d,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}\n{\"boot\":1,\"sequence\":%d,\"t_ns\":1,\"kind\":\"%s\",\"body\":{}}", 2 * i,
                       2 * i + 1, t->number % 4 == 3 && i % 5 == 0 ? "refuse" : "decision");
        if (hub_try(t->d, cart, line, &err) != TRUNDLE_OK)
            t->failed++;
    }
    return NULL;
}

static enum trundle_status refuse(void *user, struct db *db, const char *cart, const struct depot_record *r, int64_t now_ns, struct trundle_error *err)
{
    (void)db;
    (void)cart;
    (void)now_ns;
    ++*(int *)user;
    return strcmp(r->kind, "refuse") == 0 ? error_set(err, TRUNDLE_BAD_INPUT, "body", NULL, "refused") : TRUNDLE_OK;
}

/* Sixteen at once: one that fails takes nobody with it, and leaves nothing of its own. */
static void writers_share_commits_and_not_failures(void **state)
{
    struct depot *d = hub_open(hub_path());
    struct talker t[16];
    pthread_t thread[16];
    struct trundle_error err;
    int calls = 0;

    (void)state;
    support_ok(depot_hook_add(d, refuse, &calls, &err), &err);
    for (int i = 0; i < 16; i++) {
        t[i] = (struct talker){ d, i, 0 };
        assert_int_equal(pthread_create(&thread[i], NULL, talk, &t[i]), 0);
    }
    for (int i = 0; i < 50; i++) {
        depot_lock(d);                                 /* another room, in between */
        support_ok(db_begin(depot_db(d), &err), &err);
        support_ok(db_exec(depot_db(d), "CREATE TABLE IF NOT EXISTS other(i INTEGER); INSERT INTO other VALUES(1)", &err), &err);
        support_ok(db_commit(depot_db(d), &err), &err);
        support_ok(db_begin(depot_db(d), &err), &err);
        support_ok(db_exec(depot_db(d), "INSERT INTO other VALUES(1)", &err), &err);
        depot_unlock(d);                               /* forgotten: undone */
    }
    for (int i = 0; i < 16; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(t[i].failed, i % 4 == 3 ? 10 : 0);
    }
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_record"), 16 * 100 - 4 * 20);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM other"), 50);
    assert_int_equal(calls, 16 * 100);
    depot_close(d);
}

static void rows_of(void *user, const char *cart, const struct depot_record *r, int64_t received_ns)
{
    struct bytes *b = user;

    assert_true(received_ns == T0 && cart[0]);
    assert_int_equal(bytes_print(b, "%lld.%lld ", (long long)r->boot, (long long)r->sequence), TRUNDLE_OK);
}

static void records_come_out_in_order(void **state)
{
    struct depot *d = hub_open(hub_path());
    struct trundle_error err;
    struct bytes got = { 0 };
    struct depot_trip trip;

    (void)state;
    (void)hub_say(d, "cart-7", LINE("2", "9", "{}") LINE("1", "1", "{\"trip\":\"a\"}") LINE("1", "3", "{}") LINE("2", "4", "{\"trip\":\"a\"}"));
    (void)hub_say(d, "cart-6", LINE("1", "2", "{\"trip\":\"a\"}"));
    (void)hub_say(d, "cart-7", "{\"boot\":2,\"sequence\":5,\"t_ns\":1780315300000000000,\"kind\":\"trip\",\"body\":{\"trip\":\"a\",\"store\":\"s1\",\"bundle\":\"\","
                  "\"started_ns\":1780315200000000000,\"ended_ns\":1780315290000000000}}");
    support_ok(depot_records(d, "cart-7", NULL, 0, 0, 100, rows_of, &got, &err), &err);
    assert_string_equal((char *)got.data, "1.1 1.3 2.4 2.5 2.9 ");
    got.n = 0;
    support_ok(depot_records(d, "cart-7", NULL, 1, 1, 2, rows_of, &got, &err), &err);
    assert_string_equal((char *)got.data, "1.3 2.4 ");
    got.n = 0;
    support_ok(depot_records(d, "cart-7", "trip", 0, 0, 100, rows_of, &got, &err), &err);
    assert_string_equal((char *)got.data, "2.5 ");
    got.n = 0;
    support_ok(depot_trip_records(d, "cart-7", "a", 100, rows_of, &got, &err), &err);
    assert_string_equal((char *)got.data, "1.1 2.4 2.5 ");
    support_ok(depot_trip_get(d, "cart-7", "a", &trip, &err), &err);
    assert_true(trip.boot == 2 && trip.sequence == 5 && strcmp(trip.store, "s1") == 0 && trip.file[0] == '\0');
    assert_int_equal(depot_trip_get(d, "cart-6", "a", &trip, &err), TRUNDLE_NOT_FOUND);
    bytes_done(&got);
    depot_close(d);
}

static void announce(struct depot *d, const char *sha256, size_t bytes, int64_t sequence, int64_t keep_days)
{
    char line[600];

    (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":%lld,\"t_ns\":%lld,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%zu,\"trip\":\"t1\",\"trigger\":\"corrected\","
                   "\"purpose\":\"label\",\"keep_days\":%lld,\"t0_s\":1,\"t1_s\":2}}", (long long)sequence, (long long)T0, sha256, bytes, (long long)keep_days);
    (void)hub_say(d, "cart-7", line);
}

static void a_clip_comes_in_pieces(void **state)
{
    struct depot *d = hub_open(hub_path());
    char sha256[DEPOT_SHA], path[4096];
    struct bytes sealed = hub_sealed(d, "cart-7", "t1", 1, 2, 30, 200000, sha256), back = { 0 };
    struct seal_reader *r = NULL;
    struct depot_clip clip;
    struct trundle_error err;
    int64_t have = -1, size = (int64_t)sealed.n;

    (void)state;
    assert_int_equal(depot_clip_put(d, "cart-7", sha256, 0, size, sealed.data, 1000, T0, &have, &err), TRUNDLE_NOT_FOUND);
    announce(d, sha256, sealed.n, 1, 30);
    assert_int_equal(depot_clip_have(d, "cart-8", sha256, &have, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(depot_clip_have(d, "cart-7", "../../etc/passwd", &have, &err), TRUNDLE_BAD_INPUT);
    support_ok(depot_clip_have(d, "cart-7", sha256, &have, &err), &err);
    assert_int_equal(have, 0);
    assert_int_equal(depot_clip_put(d, "cart-7", sha256, 1, size, sealed.data + 1, 1000, T0, &have, &err), TRUNDLE_CONFLICT);
    assert_int_equal(depot_clip_put(d, "cart-7", sha256, 0, size - 1, sealed.data, 1000, T0, &have, &err), TRUNDLE_CONFLICT);
    assert_int_equal(depot_clip_put(d, "cart-7", sha256, size - 10, size, sealed.data, 11, T0, &have, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(depot_clip_put(d, "cart-7", sha256, 0, size, sealed.data, DEPOT_CHUNK_MAX + 1, T0, &have, &err), TRUNDLE_TOO_LARGE);
    support_ok(depot_clip_put(d, "cart-7", sha256, 0, size, sealed.data, 90000, T0, &have, &err), &err);
    assert_int_equal(have, 90000);
    support_ok(depot_clip_put(d, "cart-7", sha256, 80000, size, sealed.data + 80000, 20000, T0, &have, &err), &err);   /* overlaps */
    assert_int_equal(have, 100000);
    support_ok(depot_clip_put(d, "cart-7", sha256, 0, size, sealed.data, 500, T0, &have, &err), &err);                 /* late repeat */
    assert_int_equal(have, 100000);
    assert_false(hub_blob_there(d, sha256));
    assert_int_equal(depot_clip_open(d, sha256, "ada", "label", T0, &r, &err), TRUNDLE_NOT_FOUND);
    (void)snprintf(path, sizeof path, "%s", depot_folder(d));
    depot_close(d);                                    /* a restart in the middle */
    d = hub_open(path);
    support_ok(depot_clip_have(d, "cart-7", sha256, &have, &err), &err);
    assert_int_equal(have, 100000);
    support_ok(depot_clip_put(d, "cart-7", sha256, have, size, sealed.data + have, sealed.n - 100000, T0, &have, &err), &err);
    assert_int_equal(have, size);
    support_ok(depot_clip_put(d, "cart-7", sha256, 0, size, sealed.data, sealed.n, T0, &have, &err), &err);
    assert_int_equal(have, size);
    support_ok(depot_clip_get(d, sha256, &clip, &err), &err);
    assert_true(clip.state == DEPOT_CLIP_HERE && clip.bytes == size && clip.decision == -1 && clip.expires_ns == T0 + 30 * DAY);
    support_ok(depot_clip_open(d, sha256, "ada", "label", T0 + 1, &r, &err), &err);
    support_ok(seal_open_all(r, 1 << 20, &back, &err), &err);
    assert_true(back.n == 200000 && back.data[77] == 'c');
    seal_open_free(r);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_access WHERE who = 'ada' AND act = 'look' AND why = 'label'"), 1);
    bytes_done(&sealed);
    bytes_done(&back);
    depot_close(d);
}

static void announce_at(struct depot *d, const char *cart, int64_t sequence, int64_t t_ns, int64_t bytes, int64_t keep_days, char sha256[DEPOT_SHA])
{
    char line[600];

    (void)snprintf(line, sizeof line, "%s %lld", cart, (long long)sequence);
    (void)hash_sha256(line, strlen(line), sha256);
    (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":%lld,\"t_ns\":%lld,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%lld,\"trip\":\"t1\",\"trigger\":\"corrected\","
                   "\"purpose\":\"label\",\"keep_days\":%lld,\"t0_s\":1,\"t1_s\":2}}", (long long)sequence, (long long)t_ns, sha256, (long long)bytes, (long long)keep_days);
    assert_int_equal(hub_say(d, cart, line).accepted, 1);
}

/* A cart whose clock stands at 1970, or runs ahead, and one that wants its clips kept for ever. */
static void a_clip_expires_by_the_hubs_clock_and_rule(void **state)
{
    static const struct { int64_t t_ns, keep_days, days; } cases[] = {
        { 1000000000, 30, 30 }, { T0 + 900 * DAY, 30, 30 }, { T0, 400, 400 }, { T0, 401, 400 }, { T0, 36500, 400 }, { 0, 0, 0 },
    };
    struct depot *d = hub_open(hub_path());
    struct depot_swept swept;
    struct depot_clip clip;
    struct trundle_error err;
    char sha256[DEPOT_SHA];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        announce_at(d, "cart-7", (int64_t)i + 1, cases[i].t_ns, 100, cases[i].keep_days, sha256);
        support_ok(depot_clip_get(d, sha256, &clip, &err), &err);
        assert_int_equal(clip.expires_ns, T0 + cases[i].days * DAY);
        assert_int_equal(clip.keep_days, cases[i].keep_days);
    }
    depot_lock(d);                         /* as if all had come */
    support_ok(db_exec(depot_db(d), "UPDATE depot_clip SET state = 1", &err), &err);
    depot_unlock(d);
    support_ok(depot_sweep(d, T0 + 29 * DAY, 100, &swept, &err), &err);
    assert_int_equal(swept.clips, 1);
    support_ok(depot_sweep(d, T0 + 400 * DAY, 100, &swept, &err), &err);
    assert_int_equal(swept.clips, 5);
    depot_close(d);
}

/* What a cart announces beyond its room is heard of and not awaited; others have theirs; what goes makes room. */
static void a_cart_has_so_much_room(void **state)
{
    const struct depot_options options = { .cart_max_bytes = 1000, .clip_max_bytes = 700 };
    struct bytes receipt = { 0 };
    struct depot *d = NULL;
    struct trundle_error err;
    char first[DEPOT_SHA], sha256[DEPOT_SHA], huge[DEPOT_SHA];
    int64_t have = -1;

    (void)state;
    support_ok(depot_open(hub_path(), DEPOT_CREATE, &options, &d, &err), &err);
    announce_at(d, "cart-7", 1, T0, 600, 30, first);
    announce_at(d, "cart-7", 2, T0, 400, 30, sha256);
    support_ok(depot_clip_have(d, "cart-7", sha256, &have, &err), &err);
    announce_at(d, "cart-7", 3, T0, 1, 30, sha256);
    assert_int_equal(depot_clip_have(d, "cart-7", sha256, &have, &err), TRUNDLE_UNSUPPORTED);
    assert_non_null(strstr(err.what, "no room"));
    assert_int_equal(depot_clip_put(d, "cart-7", sha256, 0, 1, "x", 1, T0, &have, &err), TRUNDLE_UNSUPPORTED);
    announce_at(d, "cart-7", 4, T0, INT64_C(1) << 40, 30, huge);
    assert_int_equal(depot_clip_have(d, "cart-7", huge, &have, &err), TRUNDLE_TOO_LARGE);
    assert_int_equal(depot_clip_put(d, "cart-7", huge, 0, INT64_C(1) << 40, "x", 1, T0, &have, &err), TRUNDLE_TOO_LARGE);
    announce_at(d, "cart-8", 1, T0, 701, 30, sha256);
    assert_int_equal(depot_clip_have(d, "cart-8", sha256, &have, &err), TRUNDLE_TOO_LARGE);
    announce_at(d, "cart-8", 2, T0, 700, 30, sha256);  /* the one before took no room */
    support_ok(depot_clip_have(d, "cart-8", sha256, &have, &err), &err);
    support_ok(depot_clip_delete(d, first, "eve", "asked", T0, &receipt, &err), &err);
    announce_at(d, "cart-7", 5, T0, 600, 30, sha256);
    support_ok(depot_clip_have(d, "cart-7", sha256, &have, &err), &err);
    assert_int_equal(depot_open(hub_path(), DEPOT_CREATE, &(struct depot_options){ .keep_days_max = 36501 }, &d, &err), TRUNDLE_BAD_ARG);
    bytes_done(&receipt);
    depot_close(d);
}

/* What is announced and does not come holds room for 7 days from its last byte. Then it is as if nobody had told of it: its cart may tell again, and sends from the beginning. */
static void announce_now(struct depot *d, int64_t sequence, int64_t now_ns, int64_t bytes, const char *sha256)
{
    struct depot_batch *batch = NULL;
    struct depot_count count;
    struct trundle_error err;
    char line[600];

    (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":%lld,\"t_ns\":1,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%lld,\"trip\":\"t1\",\"trigger\":\"corrected\","
                   "\"purpose\":\"label\",\"keep_days\":30,\"t0_s\":1,\"t1_s\":2}}", (long long)sequence, sha256, (long long)bytes);
    support_ok(depot_batch_parse(line, strlen(line), &batch, &err), &err);
    support_ok(depot_ingest(d, "cart-7", batch, now_ns, &count, &err), &err);
    assert_int_equal(count.accepted, 1);
    depot_batch_free(batch);
}

static void an_announcement_lapses(void **state)
{
    const struct depot_options options = { .cart_max_bytes = 1600 };
    struct depot *d = NULL;
    struct depot_swept swept;
    char never[DEPOT_SHA], half[DEPOT_SHA], later[DEPOT_SHA], part[5000];
    struct bytes sealed;
    struct trundle_error err;
    struct depot_clip clip;
    int64_t have = -1;

    (void)state;
    support_ok(depot_open(hub_path(), DEPOT_CREATE, &options, &d, &err), &err);
    sealed = hub_sealed(d, "cart-7", "t1", 1, 2, 30, 500, half);
    (void)hash_sha256("never", 5, never);
    (void)hash_sha256("later", 5, later);
    announce_now(d, 1, T0, 800, never);
    announce_now(d, 2, T0, (int64_t)sealed.n, half);
    support_ok(depot_clip_put(d, "cart-7", half, 0, (int64_t)sealed.n, sealed.data, 100, T0 + DAY, &have, &err), &err);
    announce_now(d, 3, T0, 800, later);
    assert_int_equal(depot_clip_have(d, "cart-7", later, &have, &err), TRUNDLE_UNSUPPORTED);         /* no room: it is held for what does not come */
    support_ok(depot_sweep(d, T0 + 7 * DAY - 1, 1, &swept, &err), &err);
    assert_int_equal(swept.lapsed, 0);
    support_ok(depot_clip_have(d, "cart-7", never, &have, &err), &err);
    support_ok(depot_sweep(d, T0 + 7 * DAY, 1, &swept, &err), &err);
    assert_int_equal(swept.lapsed, 1);
    assert_int_equal(depot_clip_have(d, "cart-7", never, &have, &err), TRUNDLE_NOT_FOUND);           /* the cart announces it again */
    support_ok(depot_clip_have(d, "cart-7", half, &have, &err), &err);
    assert_int_equal(have, 100);
    (void)hash_sha256("room", 4, later);
    announce_now(d, 4, T0 + 7 * DAY, 800, later);
    support_ok(depot_clip_have(d, "cart-7", later, &have, &err), &err);
    support_ok(depot_sweep(d, T0 + 8 * DAY, 1, &swept, &err), &err);                                 /* seven days after its last byte */
    assert_int_equal(swept.lapsed, 1);
    (void)snprintf(part, sizeof part, "%s/part/%s", depot_folder(d), half);
    assert_int_not_equal(access(part, F_OK), 0);
    announce_now(d, 5, T0 + 9 * DAY, (int64_t)sealed.n, half);
    support_ok(depot_clip_have(d, "cart-7", half, &have, &err), &err);
    assert_int_equal(have, 0);
    support_ok(depot_clip_put(d, "cart-7", half, 0, (int64_t)sealed.n, sealed.data, sealed.n, T0 + 9 * DAY, &have, &err), &err);
    support_ok(depot_clip_get(d, half, &clip, &err), &err);
    assert_true(clip.state == DEPOT_CLIP_HERE && clip.announced_ns == T0 + 9 * DAY);
    support_ok(depot_sweep(d, T0 + 20 * DAY, 100, &swept, &err), &err);
    assert_int_equal(swept.lapsed, 1);                 /* "room"; what is here stays its days */
    support_ok(depot_clip_get(d, half, &clip, &err), &err);
    bytes_done(&sealed);
    depot_close(d);
}

/* The power went between the blob's name and its row, and the cart never asked again. */
static void what_lapses_leaves_no_blob(void **state)
{
    struct depot *d = hub_open(hub_path());
    char sha256[DEPOT_SHA], put[DEPOT_SHA];
    struct bytes sealed = hub_sealed(d, "cart-7", "t1", 1, 2, 30, 500, sha256);
    struct depot_swept swept;
    struct trundle_error err;

    (void)state;
    announce_now(d, 1, T0, (int64_t)sealed.n, sha256);
    support_ok(depot_blob_put(d, sealed.data, sealed.n, put, &err), &err);
    assert_string_equal(put, sha256);
    support_ok(depot_sweep(d, T0 + 7 * DAY, 100, &swept, &err), &err);
    assert_true(swept.lapsed == 1 && swept.blobs == 1);
    assert_false(hub_blob_there(d, sha256));
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_doomed"), 0);
    bytes_done(&sealed);
    depot_close(d);
}

/* Each of them is dropped whole, and the right one is taken after it. */
static void a_clip_that_is_not_what_it_says_is_dropped(void **state)
{
    struct depot *d = hub_open(hub_path()), *elsewhere = hub_open(hub_path());
    char sha256[5][DEPOT_SHA], part[5000];
    struct bytes clip[5];
    struct trundle_error err;
    int64_t have = -1;

    (void)state;
    clip[0] = hub_sealed(elsewhere, "cart-7", "t1", 1, 2, 30, 500, sha256[0]);          /* to another hub */
    clip[1] = hub_sealed(d, "cart-7", "t2", 1, 2, 30, 500, sha256[1]);                  /* of another trip */
    clip[2] = hub_sealed(d, "cart-7", "t1", 1, 2, 31, 500, sha256[2]);                  /* kept longer than announced */
    clip[3] = hub_sealed(d, "cart-8", "t1", 1, 2, 30, 500, sha256[3]);
    clip[4] = hub_sealed(d, "cart-7", "t1", 1, 2, 30, 500, sha256[4]);
    for (int i = 0; i < 5; i++) {
        announce(d, sha256[i], clip[i].n, i + 1, 30);
        if (i == 4)
            clip[i].data[clip[i].n - 1] ^= 1;
        assert_int_equal(depot_clip_put(d, "cart-7", sha256[i], 0, (int64_t)clip[i].n, clip[i].data, clip[i].n, T0, &have, &err), i == 4 ? TRUNDLE_CORRUPT : TRUNDLE_BAD_INPUT);
        assert_int_equal(have, -1);
        assert_false(hub_blob_there(d, sha256[i]));
        (void)snprintf(part, sizeof part, "%s/part/%s", depot_folder(d), sha256[i]);
        assert_int_not_equal(access(part, F_OK), 0);
    }
    clip[4].data[clip[4].n - 1] ^= 1;
    support_ok(depot_clip_put(d, "cart-7", sha256[4], 0, (int64_t)clip[4].n, clip[4].data, clip[4].n, T0, &have, &err), &err);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_clip WHERE state = 1"), 1);
    for (int i = 0; i < 5; i++)
        bytes_done(&clip[i]);
    depot_close(elsewhere);
    depot_close(d);
}

/* Killed between the file's name and its row: the next question settles it. */
static void a_clip_without_its_row_is_found_again(void **state)
{
    struct depot *d = hub_open(hub_path());
    char sha256[DEPOT_SHA], put[DEPOT_SHA];
    struct bytes sealed = hub_sealed(d, "cart-7", "t1", 1, 2, 30, 500, sha256);
    struct trundle_error err;
    int64_t have = 0;

    (void)state;
    announce(d, sha256, sealed.n, 1, 30);
    support_ok(depot_blob_put(d, sealed.data, sealed.n, put, &err), &err);
    assert_string_equal(put, sha256);
    support_ok(depot_clip_have(d, "cart-7", sha256, &have, &err), &err);
    assert_int_equal(have, sealed.n);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_clip c JOIN depot_blob b USING(sha256) WHERE c.state = 1 AND b.owner = 'clip'"), 1);
    bytes_done(&sealed);
    depot_close(d);
}

static void count_clip(void *user, const struct depot_clip *clip)
{
    struct bytes *b = user;

    assert_int_equal(bytes_print(b, "%s ", clip->trip), TRUNDLE_OK);
}

/* A cart knows the hashes of bundles. Announced as a clip that nobody may keep, one must neither become the cart's nor go with the clip's end. */
static void a_clip_that_is_another_blob_takes_nothing(void **state)
{
    struct depot *d = hub_open(hub_path());
    struct depot_swept swept;
    struct trundle_error err;
    char line[600], sha256[DEPOT_SHA];
    int64_t have;

    (void)state;
    support_ok(depot_blob_put(d, "a bundle", 8, sha256, &err), &err);
    depot_lock(d);
    support_ok(db_begin(depot_db(d), &err), &err);
    support_ok(depot_blob_name(d, depot_db(d), sha256, "bundle:b1", T0, &err), &err);
    support_ok(db_commit(depot_db(d), &err), &err);
    depot_unlock(d);
    (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":8,\"trip\":\"t1\",\"trigger\":\"corrected\",\"purpose\":\"label\","
                   "\"keep_days\":0,\"t0_s\":1,\"t1_s\":2}}", sha256);
    (void)hub_say(d, "cart-7", line);
    assert_int_equal(depot_clip_have(d, "cart-7", sha256, &have, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(depot_clip_put(d, "cart-7", sha256, 0, 8, "a bundle", 8, T0, &have, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_clip WHERE state = 0"), 1);
    support_ok(depot_sweep(d, T0 + 1, 100, &swept, &err), &err);
    assert_int_equal(swept.clips, 1);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_blob WHERE owner = 'bundle:b1'"), 1);
    assert_true(hub_blob_there(d, sha256));
    depot_close(d);
}

/* What is not UTF-8 would be in the log and in no answer about it. */
static void a_reason_is_kept_as_text(void **state)
{
    static const struct { const char *why, *kept; } tries[] = {
        { "caf\xc3\xa9", "caf\xc3\xa9" }, { "\xff look", "? look" }, { "cut \xc3", "cut ?" }, { "\xed\xa0\x80", "???" }, { "a\nb", "a\nb" },
    };
    struct depot *d = hub_open(hub_path());
    struct trundle_error err;
    char longest[DEPOT_TEXT + 2], sql[400];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        support_ok(depot_access(d, &(struct depot_access){ "eve", "look", "clip", "x", tries[i].why }, T0, &err), &err);
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM depot_access WHERE id = %zu AND why = '%s'", i + 1, tries[i].kept);
        assert_int_equal(hub_number(d, sql), 1);
    }
    memset(longest, 'a', sizeof longest);
    memcpy(longest + DEPOT_TEXT - 2, "\xc3\xa9", 3);          /* cut between its two bytes */
    support_ok(depot_access(d, &(struct depot_access){ "eve", "look", "clip", "x", longest }, T0, &err), &err);
    assert_int_equal(hub_number(d, "SELECT length(CAST(why AS BLOB)) FROM depot_access ORDER BY id DESC LIMIT 1"), DEPOT_TEXT - 2);
    depot_close(d);
}

/* Others of this machine read neither records nor what passwords and tokens were hashed to. */
static void the_database_is_for_the_owner_alone(void **state)
{
    const char *path = hub_path();
    struct depot *d = hub_open(path);

    (void)state;
    (void)hub_say(d, "cart-7", LINE("1", "1", "{}"));
    assert_int_equal(support_shell(NULL, "test -z \"$(find %s -name 'hub.sqlite*' -perm /077)\"", path), 0);
    depot_close(d);
}

static void clips_are_listed(void **state)
{
    struct depot *d = hub_open(hub_path());
    const char *second;
    struct trundle_error err;
    struct bytes got = { 0 };

    (void)state;
    (void)hub_clip(d, "cart-7", "t1", 1, 0, 1, 1, 10);
    second = hub_clip(d, "cart-7", "t2", 2, 0, 1, 1, 10);
    (void)hub_clip(d, "cart-8", "t3", 1, 0, 1, 1, 10);
    support_ok(depot_clips(d, &(struct depot_clip_query){ .state = -1 }, count_clip, &got, &err), &err);
    assert_string_equal((char *)got.data, "t3 t2 t1 ");
    got.n = 0;
    support_ok(depot_clips(d, &(struct depot_clip_query){ .cart = "cart-7", .state = 1, .limit = 1 }, count_clip, &got, &err), &err);
    assert_string_equal((char *)got.data, "t2 ");
    got.n = 0;
    support_ok(depot_clips(d, &(struct depot_clip_query){ .state = -1, .before = second }, count_clip, &got, &err), &err);
    assert_string_equal((char *)got.data, "t1 ");
    bytes_done(&got);
    depot_close(d);
}

static enum trundle_status name_job(struct db *db, void *user, struct trundle_error *err)
{
    void **both = user;

    return depot_blob_name(both[0], db, both[1], "bundle:a", T0, err);
}

static enum trundle_status drop_job(struct db *db, void *user, struct trundle_error *err)
{
    void **both = user;

    return depot_blob_drop(both[0], db, both[1], "bundle:a", T0, err);
}

static void blobs_are_held_and_let_go(void **state)
{
    struct depot *d = hub_open(hub_path());
    char sha256[DEPOT_SHA], none[DEPOT_SHA];
    void *both[2] = { d, sha256 }, *absent[2] = { d, none };
    struct depot_swept swept;
    struct trundle_error err;
    struct bytes back = { 0 };
    int64_t bytes = 0;
    int fd = -1;

    (void)state;
    support_ok(depot_blob_put(d, "hello", 5, sha256, &err), &err);
    (void)hash_sha256("other", 5, none);
    assert_int_equal(depot_write(d, name_job, absent, &err), TRUNDLE_NOT_FOUND);
    support_ok(depot_write(d, name_job, both, &err), &err);
    support_ok(depot_write(d, name_job, both, &err), &err);
    support_ok(depot_blob_get(d, sha256, 5, &back, &err), &err);
    assert_memory_equal(back.data, "hello", 5);
    bytes_done(&back);
    assert_int_equal(depot_blob_get(d, sha256, 4, &back, &err), TRUNDLE_TOO_LARGE);
    assert_int_equal(depot_blob_get(d, none, 5, &back, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(depot_blob_open(d, "../../../etc/passwd", &fd, &bytes, &err), TRUNDLE_BAD_INPUT);
    support_ok(depot_blob_open(d, sha256, &fd, &bytes, &err), &err);
    assert_int_equal(bytes, 5);
    (void)close(fd);
    support_ok(depot_sweep(d, T0, 10, &swept, &err), &err);
    assert_true(hub_blob_there(d, sha256));
    support_ok(depot_write(d, drop_job, both, &err), &err);
    assert_true(hub_blob_there(d, sha256));
    support_ok(depot_write(d, name_job, both, &err), &err);            /* held again before the sweep */
    support_ok(depot_sweep(d, T0, 10, &swept, &err), &err);
    assert_true(hub_blob_there(d, sha256) && swept.blobs == 0);
    support_ok(depot_write(d, drop_job, both, &err), &err);
    support_ok(depot_sweep(d, T0, 10, &swept, &err), &err);
    assert_true(!hub_blob_there(d, sha256) && swept.blobs == 1);
    depot_close(d);
}

static void count_access(void *user, int64_t id, int64_t t_ns, const struct depot_access *a)
{
    assert_true(id > 0 && t_ns >= T0 && a->who[0]);
    ++*(int *)user;
}

static void the_access_log_shows_changes(void **state)
{
    static const char *const harm[] = { "UPDATE depot_access SET why = 'work' WHERE id = 2", "DELETE FROM depot_access WHERE id = 2",
                                        "UPDATE depot_access SET t_ns = t_ns + 1 WHERE id = 3", "DELETE FROM depot_access WHERE id = 1" };
    char head[DEPOT_SHA], again[DEPOT_SHA], undo[300];
    struct trundle_error err;
    int64_t n = 0;
    int listed = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(harm); i++) {
        struct depot *d = hub_open(hub_path());

        for (int k = 0; k < 3; k++)
            support_ok(depot_access(d, &(struct depot_access){ "ada", "look", "clip", k ? "b" : "a", "curious" }, T0 + k, &err), &err);
        depot_lock(d);
        support_ok(depot_access_verify(depot_db(d), &n, head, &err), &err);
        assert_int_equal(n, 3);
        assert_int_not_equal(db_exec(depot_db(d), harm[i], &err), TRUNDLE_OK);          /* the table refuses */
        support_ok(depot_access_verify(depot_db(d), &n, again, &err), &err);
        assert_string_equal(again, head);
        (void)snprintf(undo, sizeof undo, "DROP TRIGGER depot_access_kept; DROP TRIGGER depot_access_stays; %s", harm[i]);
        support_ok(db_exec(depot_db(d), undo, &err), &err);
        assert_int_equal(depot_access_verify(depot_db(d), &n, again, &err), TRUNDLE_CORRUPT);
        depot_unlock(d);
        if (i == 0) {
            support_ok(depot_access_list(d, "ada", "b", 0, 100, count_access, &listed, &err), &err);
            assert_int_equal(listed, 2);
        }
        depot_close(d);
    }
}

static void secrets_are_kept_close(void **state)
{
    struct depot *d = hub_open(hub_path()), *other = NULL;
    char path[5000], folder[4096];
    struct seal_key key = *depot_seal_key(d);
    struct trundle_error err;
    struct bytes got = { 0 };
    struct stat st;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", depot_folder(d));
    (void)snprintf(path, sizeof path, "%s/secret.json", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    support_ok(depot_secret_set(d, "tls_key", "-----BEGIN\n", false, &err), &err);
    assert_int_equal(depot_secret_set(d, "tls_key", "x", false, &err), TRUNDLE_CONFLICT);
    assert_int_equal(depot_secret_set(d, "seal", "x", true, &err), TRUNDLE_BAD_ARG);
    support_ok(depot_secret_get(d, "tls_key", &got, &err), &err);
    assert_string_equal((char *)got.data, "-----BEGIN\n");
    assert_int_equal(depot_secret_get(d, "nothing", &got, &err), TRUNDLE_NOT_FOUND);
    bytes_done(&got);
    support_ok(depot_open(folder, DEPOT_READ, NULL, &other, &err), &err);              /* a command beside the hub */
    assert_memory_equal(depot_seal_key(other), &key, sizeof key);
    assert_int_equal(depot_access(other, &(struct depot_access){ "a", "b", "c", "d", "e" }, T0, &err), TRUNDLE_BAD_ARG);
    depot_close(other);
    depot_close(d);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(depot_open(folder, DEPOT_WRITE, NULL, &d, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(depot_open(folder, DEPOT_CREATE, NULL, &d, &err), TRUNDLE_BAD_INPUT);   /* no new keys over old clips */
    assert_non_null(strstr(err.what, "keys are gone"));
}

/* Eight processes make the same folder at once: one pair of keys, and all that get in write to one database. */
static void who_comes_first_makes_the_keys(void **state)
{
    const char *folder = hub_path();
    int code = 0, opened = 0;
    char line[200];
    pid_t child[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0) {
            struct depot *d = NULL;
            struct trundle_error err;

            for (int k = 0; k < 50 && depot_open(folder, DEPOT_CREATE, NULL, &d, &err) != TRUNDLE_OK; k++)
                if (err.status != TRUNDLE_CONFLICT && err.status != TRUNDLE_IO)
                    _exit(2);
            (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":%d,\"t_ns\":1,\"kind\":\"seal\",\"body\":{\"k\":%d}}", i + 1, d ? depot_seal_key(d)->public_key[0] : 0);
            code = d && hub_try(d, "cart-7", line, &err) == TRUNDLE_OK ? 0 : 1;
            depot_close(d);
            _exit(code);
        }
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(waitpid(child[i], &code, 0), child[i]);
        assert_true(WIFEXITED(code) && WEXITSTATUS(code) != 2);
        opened += WEXITSTATUS(code) == 0;
    }
    assert_true(opened >= 1);
    {
        struct depot *d = hub_open(folder);

        assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_record"), opened);
        assert_int_equal(hub_number(d, "SELECT count(DISTINCT body) FROM depot_record"), 1);
        depot_close(d);
    }
}

static void folders_of_something_else_are_refused(void **state)
{
    struct depot *d = NULL;
    struct trundle_error err;
    char path[4096];

    (void)state;
    assert_int_equal(depot_open(hub_path(), DEPOT_WRITE, NULL, &d, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(depot_open("/proc/no/hub", DEPOT_CREATE, NULL, &d, &err), TRUNDLE_IO);
    assert_int_equal(err.status, TRUNDLE_IO);
    (void)snprintf(path, sizeof path, "%s", hub_path());
    assert_int_equal(support_shell(NULL, "mkdir %s", path), 0);
    assert_int_equal(support_shell(NULL, "echo x > %s/photo.jpg", path), 0);
    assert_int_equal(depot_open(path, DEPOT_CREATE, NULL, &d, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(support_shell(NULL, "test \"$(ls -A %s)\" = photo.jpg", path), 0);
    d = hub_open(hub_path());
    (void)snprintf(path, sizeof path, "%s", depot_folder(d));
    depot_lock(d);
    support_ok(db_exec(depot_db(d), "UPDATE room SET version = 99 WHERE name = 'depot'", &err), &err);
    depot_unlock(d);
    depot_close(d);
    d = NULL;
    assert_int_equal(depot_open(path, DEPOT_WRITE, NULL, &d, &err), TRUNDLE_UNSUPPORTED);
    assert_null(d);
}

static void products_and_labels_are_rows(void **state)
{
    struct depot *d = hub_open(hub_path());
    const char *clip = hub_clip(d, "cart-7", "t1", 1, 0, 1, 1, 10);
    struct depot_label label = { clip, "boxes", "gtin:04012345678901", "{\"box\":[1,2,3,4]}", "ada", 0.5, 0.75 };
    struct trundle_error err;
    int64_t id = 0;

    (void)state;
    support_ok(depot_product_put(d, "gtin:04012345678901", "{\"name\":\"milk\"}", T0, &err), &err);
    support_ok(depot_product_put(d, "gtin:04012345678901", "{\"name\":\"milk\"}", T0 + 1, &err), &err);
    support_ok(depot_product_put(d, "gtin:04012345678901", "{\"name\":\"Milk\"}", T0, &err), &err);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_product"), 2);
    assert_int_equal(depot_product_put(d, "gtin:1", "{}", T0, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(depot_product_put(d, "plu:4011", "[]", T0, &err), TRUNDLE_BAD_INPUT);
    support_ok(depot_product_put(d, "plu:4011", "{}", T0, &err), &err);
    support_ok(depot_label_add(d, &label, T0, &id, &err), &err);
    assert_int_equal(id, 1);
    label.clip = "00";
    assert_int_equal(depot_label_add(d, &label, T0, &id, &err), TRUNDLE_BAD_INPUT);
    label.clip = clip;
    label.t1_s = 0.1;
    assert_int_equal(depot_label_add(d, &label, T0, &id, &err), TRUNDLE_BAD_INPUT);
    depot_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_stored_once),
        cmocka_unit_test(a_line_that_is_not_understood_is_named),
        cmocka_unit_test(bodies_are_kept_to_the_byte),
        cmocka_unit_test(writers_share_commits_and_not_failures),
        cmocka_unit_test(records_come_out_in_order),
        cmocka_unit_test(a_clip_comes_in_pieces),
        cmocka_unit_test(a_clip_expires_by_the_hubs_clock_and_rule),
        cmocka_unit_test(a_cart_has_so_much_room),
        cmocka_unit_test(an_announcement_lapses),
        cmocka_unit_test(what_lapses_leaves_no_blob),
        cmocka_unit_test(a_clip_that_is_not_what_it_says_is_dropped),
        cmocka_unit_test(a_clip_without_its_row_is_found_again),
        cmocka_unit_test(a_clip_that_is_another_blob_takes_nothing),
        cmocka_unit_test(a_reason_is_kept_as_text),
        cmocka_unit_test(the_database_is_for_the_owner_alone),
        cmocka_unit_test(clips_are_listed),
        cmocka_unit_test(blobs_are_held_and_let_go),
        cmocka_unit_test(the_access_log_shows_changes),
        cmocka_unit_test(secrets_are_kept_close),
        cmocka_unit_test(who_comes_first_makes_the_keys),
        cmocka_unit_test(folders_of_something_else_are_refused),
        cmocka_unit_test(products_and_labels_are_rows),
    };

    return support_run(tests);
}
