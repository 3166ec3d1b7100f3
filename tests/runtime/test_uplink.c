/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The uplink against a fake hub: all arrives, once, through a line that loses, cuts, repeats and reorders; refusals block nothing; the rate holds. */
#include "base/std/hash.h"
#include "base/std/time.h"
#include "cart/capture/policy.h"
#include "cart/runtime/uplink.h"
#include "tests/runtime/fake_hub.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct trundle_error err;
static char dir[4000];
static struct fake_hub *hub;
static struct outbox *box;

/* A cart that has joined a hub of its own. */
static int joined(void **state)
{
    static unsigned n;
    struct identity id;
    int64_t boot;

    (void)state;
    hub = fake_hub_start(support_seed() + n);
    (void)snprintf(dir, sizeof dir, "%s/cart-%u", support_scratch(), ++n);
    support_ok(identity_make(dir, &id, &err), &err);
    (void)snprintf(id.cart, sizeof id.cart, "cart-7");
    support_ok(identity_hub_set(&id, fake_hub_url(hub), NULL, &err), &err);
    support_ok(identity_save(dir, &id, &err), &err);
    fake_hub_expect(hub, id.public_key);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &box, &err), &err);
    support_ok(outbox_boot(box, &boot, &err), &err);
    return 0;
}

static int left(void **state)
{
    (void)state;
    outbox_close(box);
    fake_hub_stop(hub);
    return 0;
}

static void put(int i)
{
    char body[200];

    (void)snprintf(body, sizeof body, "{\"number\":%d,\"text\":\"%0100d\"}", i, i);
    support_ok(outbox_put(box, &(struct outbox_record){ .kind = "decision", .body = body, .t_ns = i }, NULL, &err), &err);
}

static void add_clip(int i, size_t n)
{
    struct outbox_clip c = { .trip = "t", .trigger = "unsure", .purpose = "improve", .keep_days = 9, .t_ns = 5, .worth = i };
    char draft[1400], key[32];
    FILE *f;

    outbox_clip_draft(box, draft, sizeof draft);
    f = fopen(draft, "w");
    assert_non_null(f);
    for (size_t k = 0; k < n; k++)
        (void)fputc((int)((k * 31 + (size_t)i * 17 + k / 251) & 0xff), f);
    (void)fclose(f);
    (void)snprintf(key, sizeof key, "clip:%d", i);
    support_ok(outbox_clip_add(box, draft, key, &c, &err), &err);
}

static struct outbox_state state_now(void)
{
    struct outbox_state s;

    support_ok(outbox_state(box, &s, &err), &err);
    return s;
}

static struct uplink_config quick(void)
{
    return (struct uplink_config){ .dir = dir, .rate_bps = -1, .retry_s = 0.002, .retry_most_s = 0.02, .orders_s = -1 };
}

static void check_clips(size_t n)
{
    assert_int_equal(fake_hub_clips(hub), n);
    for (size_t i = 0; i < n; i++) {
        char sha[65], again[65];
        size_t bytes = 0;
        const void *data = fake_hub_clip(hub, i, &bytes, sha);

        assert_string_equal(hash_sha256(data, bytes, again), sha);
    }
}

static void all_arrives_once(void **state)
{
    struct uplink_config config = quick();
    struct uplink_counts counts;

    (void)state;
    for (int i = 0; i < 500; i++)
        put(i);
    add_clip(1, 3 * 1000 * 1000);
    add_clip(2, 10);
    add_clip(3, UPLINK_PART_MAX);
    support_ok(uplink_drain(&config, true, &counts, &err), &err);
    assert_int_equal(fake_hub_records(hub, "decision"), 500);
    assert_int_equal(fake_hub_records(hub, "clip"), 3);
    check_clips(3);
    assert_int_equal(counts.records, 503);
    assert_int_equal(counts.repeated, 0);
    assert_int_equal(state_now().records + state_now().clips, 0);
    assert_int_equal(fake_hub_counts(hub).bad_signatures + fake_hub_counts(hub).forged, 0);
    assert_int_equal(fake_hub_counts(hub).late_clips, 0);
}

/* Half of all requests meet trouble. The mutant is the line: a hub that saw no trouble proves nothing. */
static void all_arrives_once_through_a_bad_line(void **state)
{
    struct uplink_config config = quick();
    struct fake_hub_counts seen;
    struct uplink_counts counts = { 0 };

    (void)state;
    fake_hub_trouble(hub, 0.5);
    for (int k = 0; k < 12; k++) {
        for (int i = 0; i < 40; i++)
            put(40 * k + i);
        add_clip(k, 400000 + (size_t)k * 200001);
        support_ok(uplink_drain(&config, false, &counts, &err), &err);
    }
    assert_int_equal(fake_hub_records(hub, "decision"), 480);
    assert_int_equal(fake_hub_records(hub, "clip"), 12);
    check_clips(12);
    seen = fake_hub_counts(hub);
    assert_int_equal(seen.forged + seen.bad_signatures + seen.late_clips, 0);
    assert_true(seen.lost_requests && seen.lost_answers && seen.cut_answers && seen.repeated && seen.reordered);
    printf("# %u requests: %u lost, %u answers lost, %u cut, %u repeated, %u reordered, %u told to come back\n", seen.requests, seen.lost_requests, seen.lost_answers,
           seen.cut_answers, seen.repeated, seen.reordered, seen.refused);
    assert_int_equal(state_now().records + state_now().clips, 0);
}

static void a_line_that_the_hub_cannot_read_is_found_and_set_aside(void **state)
{
    struct uplink_config config = quick();
    struct uplink_counts counts;

    (void)state;
    for (int i = 0; i < 300; i++)
        put(i);
    fake_hub_dislike(hub, "\"number\":137,");
    support_ok(uplink_drain(&config, true, &counts, &err), &err);
    assert_int_equal(fake_hub_records(hub, "decision"), 299);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(state_now().refused_records, 1);
    assert_int_equal(state_now().records, 0);
    assert_true(counts.requests < 40);
}

static void a_hub_that_does_not_answer_takes_nothing_away(void **state)
{
    struct uplink_config config = quick();

    (void)state;
    put(1);
    fake_hub_answer(hub, 500, -1);
    assert_int_equal(uplink_drain(&config, true, NULL, &err), TRUNDLE_DEVICE);
    assert_non_null(strstr(err.what, "500"));
    fake_hub_answer(hub, 403, -1);
    assert_int_equal(uplink_drain(&config, true, NULL, &err), TRUNDLE_DEVICE);
    fake_hub_answer(hub, 200, -1);                     /* says OK, and not that it took anything */
    assert_int_equal(uplink_drain(&config, true, NULL, &err), TRUNDLE_DEVICE);
    assert_int_equal(state_now().records, 1);
    fake_hub_answer(hub, 0, -1);
    support_ok(uplink_drain(&config, true, NULL, &err), &err);
    assert_int_equal(fake_hub_records(hub, "decision"), 1);
}

/* Deleted at the hub while it was on its way, or not a clip of that hub: it goes, and the next one is sent. */
static void a_clip_that_is_not_wanted_is_dropped(void **state)
{
    struct uplink_config config = quick();
    struct uplink_counts counts;

    (void)state;
    add_clip(1, 3000);
    fake_hub_answer_clips(hub, 422, 3);
    support_ok(uplink_drain(&config, false, &counts, &err), &err);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(state_now().clips, 0);
    assert_int_equal(state_now().dropped_clips, 1);
    add_clip(2, 3000);
    support_ok(uplink_drain(&config, true, &counts, &err), &err);
    assert_int_equal(counts.clips, 1);
    assert_int_equal(fake_hub_clips(hub), 1);
}

/* The hub takes only so much a day of one cart: what is more stays here, whole, until it does. */
static void what_the_hub_does_not_take_today_is_kept(void **state)
{
    struct uplink_config config = quick();
    struct uplink_counts counts;

    (void)state;
    for (int i = 0; i < 5; i++)
        put(i);
    fake_hub_answer(hub, 429, 3600);
    assert_int_not_equal(uplink_drain(&config, true, &counts, &err), TRUNDLE_OK);
    assert_true(counts.records == 0 && counts.refused == 0);
    assert_int_equal(state_now().records, 5);
    fake_hub_answer(hub, 0, -1);
    support_ok(uplink_drain(&config, true, &counts, &err), &err);
    assert_true(counts.records == 5 && counts.refused == 0);
    assert_int_equal(state_now().records, 0);
}

/* A hub that was restored from a backup has forgotten the announcement. */
static void a_clip_that_the_hub_forgot_is_announced_again(void **state)
{
    struct uplink_config config = quick();
    struct uplink_counts counts;

    (void)state;
    add_clip(1, 3000);
    fake_hub_answer_clips(hub, 404, 1);
    support_ok(uplink_drain(&config, true, &counts, &err), &err);
    assert_int_equal(counts.clips, 1);
    assert_int_equal(fake_hub_records(hub, "clip"), 2);
    assert_int_equal(fake_hub_clips(hub), 1);
    add_clip(2, 3000);
    fake_hub_answer_clips(hub, 404, 100);          /* it goes on: the clip is not worth the line */
    support_ok(uplink_drain(&config, false, &counts, &err), &err);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(state_now().clips, 0);
}

static void clocks_that_differ_are_mended(void **state)
{
    struct uplink_config config = quick();

    (void)state;
    put(1);
    fake_hub_skew(hub, 86400 * 3);
    support_ok(uplink_drain(&config, true, NULL, &err), &err);
    fake_hub_skew(hub, -86400 * 3);
    put(2);
    support_ok(uplink_drain(&config, true, NULL, &err), &err);
    assert_int_equal(fake_hub_records(hub, "decision"), 2);
}

static void another_key_is_refused(void **state)
{
    struct uplink_config config = quick();

    (void)state;
    fake_hub_expect(hub, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    put(1);
    assert_int_equal(uplink_drain(&config, true, NULL, &err), TRUNDLE_DEVICE);
    assert_int_equal(fake_hub_counts(hub).bad_signatures, 1);
    assert_int_equal(fake_hub_records(hub, NULL), 0);
}

/* 50 carts on 10 Mbit/s are 200 kbit/s each. A second's worth may go at once. */
static void the_rate_holds(void **state)
{
    struct uplink_config config = quick();
    int64_t t0 = clock_mono_ns();
    double s;

    (void)state;
    config.rate_bps = 2000000;
    add_clip(1, 750000);
    support_ok(uplink_drain(&config, true, NULL, &err), &err);
    s = ns_s(clock_mono_ns() - t0);
    printf("# 750000 bytes at 2 Mbit/s: %.2f s\n", s);
    assert_true(s > 0.8 * 750000 * 8 / 2e6 - 1 && s < 8);
    check_clips(1);
}

static void a_stop_ends_a_slow_send_and_the_rest_goes_later(void **state)
{
    struct uplink_config config = quick();
    struct uplink *u;
    int64_t t0;

    (void)state;
    config.rate_bps = 400000;
    add_clip(1, 2000000);
    support_ok(uplink_start(&config, &u, &err), &err);
    clock_sleep_until_ns(clock_mono_ns() + 1500 * NS_PER_MS);
    t0 = clock_mono_ns();
    uplink_stop(u);
    assert_true(clock_mono_ns() - t0 < 2 * NS_PER_S);
    assert_int_equal(fake_hub_clips(hub), 0);
    config = quick();
    support_ok(uplink_drain(&config, true, NULL, &err), &err);
    check_clips(1);
}

static void wait_for(size_t records)
{
    for (int i = 0; i < 1000 && fake_hub_records(hub, "decision") < records; i++)
        clock_sleep_until_ns(clock_mono_ns() + 5 * NS_PER_MS);
    assert_int_equal(fake_hub_records(hub, "decision"), records);
}

static void count_orders(void *user, struct uplink_call *call, const struct uplink_reply *orders)
{
    assert_non_null(call);
    *(int *)user += strstr((const char *)orders->body.data, "bundle") != NULL;
}

/* One that says too much, or whose hub has no room, is told to stop all the same. */
static void orders_come_while_records_wait(void **state)
{
    static const int status[] = { 429, 507 };

    (void)state;
    put(1);
    fake_hub_say(hub, NULL, "{\"bundle\":null,\"policy\":{\"carts\":3},\"time_ns\":1}");
    for (size_t k = 0; k < COUNT_OF(status); k++) {
        struct uplink_config config = quick();
        unsigned before = fake_hub_counts(hub).requests;
        struct uplink *u;
        int orders = 0;

        fake_hub_answer(hub, status[k], 3600);
        config.orders_s = 0.02;
        config.orders = count_orders;
        config.user = &orders;
        support_ok(uplink_start(&config, &u, &err), &err);
        for (int i = 0; i < 250 && fake_hub_counts(hub).requests < before + 20; i++)
            clock_sleep_until_ns(clock_mono_ns() + 20 * NS_PER_MS);
        uplink_stop(u);
        assert_true(orders >= 2);
        assert_int_equal(state_now().records, 1);
    }
}

static void no_orders(void *user, struct uplink_call *call, const struct uplink_reply *orders)
{
    (void)user, (void)call, (void)orders;
}

static void the_thread_sends_what_comes_and_brings_orders(void **state)
{
    static const char orders_text[] = "{\"bundle\":null,\"policy\":{\"carts\":3},\"time_ns\":1}";
    struct uplink_config config = quick();
    struct capture_policy *policy = malloc(sizeof *policy);
    struct bytes file = { 0 };
    char path[4100];
    struct uplink *u, *second;
    int orders = 0;

    (void)state;
    assert_non_null(policy);
    fake_hub_say(hub, NULL, orders_text);
    config.orders_s = 0.02;
    config.orders = count_orders;
    config.user = &orders;
    support_ok(uplink_start(&config, &u, &err), &err);
    assert_int_equal(uplink_start(&config, &second, &err), TRUNDLE_CONFLICT);
    for (int i = 0; i < 5; i++) {
        put(i);
        uplink_wake(u);
        wait_for((size_t)i + 1);
    }
    clock_sleep_until_ns(clock_mono_ns() + 700 * NS_PER_MS);
    uplink_stop(u);
    assert_true(orders > 0);
    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, dir);
    support_ok(file_read(path, 1 << 20, &file, &err), &err);
    support_ok(policy_parse(file.data, file.n, path, policy, &err), &err);
    assert_int_equal(policy->carts, 3);
    bytes_done(&file);
    free(policy);
}

/* A policy that was set and taken back at the hub: {} is the defaults. A cart that never had one makes no file of it. */
static void no_policy_is_the_defaults_again(void **state)
{
    static const char policy[] = "{\"carts\":3,\"triggers\":[]}";
    struct capture_policy *read = malloc(sizeof *read), *usual = malloc(sizeof *usual);
    struct uplink_config config = quick();
    struct bytes file = { 0 }, a = { 0 }, b = { 0 };
    char path[4100];

    (void)state;
    assert_true(read && usual);
    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, dir);
    fake_hub_say(hub, NULL, "{\"bundle\":null,\"policy\":{}}");
    config.orders_s = 0.02;
    config.orders = no_orders;
    support_ok(uplink_drain(&config, true, NULL, &err), &err);
    assert_int_not_equal(access(path, F_OK), 0);
    support_ok(file_write(path, policy, strlen(policy), &err), &err);
    fake_hub_say(hub, NULL, "{\"bundle\":null}");                 /* says nothing of it: stays */
    support_ok(uplink_drain(&config, true, NULL, &err), &err);
    support_ok(file_read(path, 1 << 20, &file, &err), &err);
    assert_true(file.n == strlen(policy) && !memcmp(file.data, policy, file.n));
    bytes_done(&file);
    fake_hub_say(hub, NULL, "{\"bundle\":null,\"policy\":{}}");
    support_ok(uplink_drain(&config, true, NULL, &err), &err);
    support_ok(file_read(path, 1 << 20, &file, &err), &err);
    support_ok(policy_parse(file.data, file.n, path, read, &err), &err);
    policy_default(usual);
    support_ok(policy_print(read, &a), NULL);
    support_ok(policy_print(usual, &b), NULL);
    assert_true(a.n == b.n && !memcmp(a.data, b.data, a.n));
    bytes_done(&file);
    bytes_done(&a);
    bytes_done(&b);
    free(read);
    free(usual);
}

/* What the hub says it should keep is not taken when this cart cannot read it. */
static void a_policy_that_is_wrong_is_not_taken(void **state)
{
    static const char orders_text[] = "{\"bundle\":null,\"policy\":{\"carts\":-3}}";
    struct uplink_config config = quick();
    char path[4100];
    struct uplink *u;

    (void)state;
    fake_hub_say(hub, NULL, orders_text);
    config.orders_s = 0.02;
    support_ok(uplink_start(&config, &u, &err), &err);
    put(1);
    uplink_wake(u);
    wait_for(1);
    uplink_stop(u);
    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, dir);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void joining_gives_a_name_and_keeps_the_key(void **state)
{
    static const char join[] = "{\"cart\":\"cart-9\",\"store\":\"s1\",\"seal_key\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\",\"trust\":{\"keys\":[]},\"policy\":{\"carts\":4}}";
    struct identity id, again;
    char key[IDENTITY_KEY], path[4100];

    (void)state;
    support_ok(identity_load(dir, &id, &err), &err);
    memcpy(key, id.public_key, sizeof key);
    id.cart[0] = '\0';
    fake_hub_say(hub, "{\"cart\":\"\"}", NULL);
    assert_int_equal(uplink_join(dir, &id, "CODE", "me", "x86_64", &err), TRUNDLE_BAD_INPUT);
    assert_false(identity_joined(&id));
    fake_hub_say(hub, join, NULL);
    support_ok(uplink_join(dir, &id, "CODE", "me", "x86_64", &err), &err);
    assert_non_null(strstr(fake_hub_last(hub), "\"code\":\"CODE\""));
    assert_non_null(strstr(fake_hub_last(hub), key));
    support_ok(identity_load(dir, &again, &err), &err);
    assert_string_equal(again.cart, "cart-9");
    assert_string_equal(again.store, "s1");
    assert_string_equal(again.public_key, key);
    assert_int_equal(fake_hub_counts(hub).bad_signatures, 0);
    (void)snprintf(path, sizeof path, "%s/" TRUST_FILE, dir);
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, joined, left)
    const struct CMUnitTest tests[] = {
        EACH(all_arrives_once),
        EACH(all_arrives_once_through_a_bad_line),
        EACH(a_line_that_the_hub_cannot_read_is_found_and_set_aside),
        EACH(a_hub_that_does_not_answer_takes_nothing_away),
        EACH(clocks_that_differ_are_mended),
        EACH(another_key_is_refused),
        EACH(a_clip_that_is_not_wanted_is_dropped),
        EACH(what_the_hub_does_not_take_today_is_kept),
        EACH(a_clip_that_the_hub_forgot_is_announced_again),
        EACH(the_rate_holds),
        EACH(a_stop_ends_a_slow_send_and_the_rest_goes_later),
        EACH(the_thread_sends_what_comes_and_brings_orders),
        EACH(orders_come_while_records_wait),
        EACH(a_policy_that_is_wrong_is_not_taken),
        EACH(no_policy_is_the_defaults_again),
        EACH(joining_gives_a_name_and_keeps_the_key),
    };

    return support_run(tests);
}
