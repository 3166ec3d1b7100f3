/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The power goes at each write, sync and rename of a hub's day, in the depot and in SQLite. Whatever the disk keeps of it: what was acknowledged is there, once; what was under way is whole
 * or absent; no row names a blob that is missing or damaged; nothing that was deleted comes back. TRUNDLE_TEST_POWER_STEP (1) takes every so manyth call.
 */
#include "tests/depot/hub.h"
#include "tests/support/power.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEPS = 10 };

/* What the cart and the people of the day have at hand; sealed once, so that every day is the same. */
struct day {
    char         sha256[2][DEPOT_SHA];
    struct bytes sealed[2];
    char         receipt_kept[DEPOT_SHA];
    int          acknowledged;             /* steps that returned OK */
};

static const char *const lines[] = {
    "{\"boot\":1,\"sequence\":1,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"n\":1}}\n{\"boot\":1,\"sequence\":2,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"n\":2}}",
    "{\"boot\":1,\"sequence\":5,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"n\":3}}\n{\"boot\":2,\"sequence\":1,\"t_ns\":5,\"kind\":\"health\",\"body\":{}}",
};

static const char *announcement(const struct day *day)
{
    static char text[1200];
    size_t n = 0;

    for (int i = 0; i < 2; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "{\"boot\":1,\"sequence\":%d,\"t_ns\":%lld,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%zu,\"trip\":\"t1\",\"trigger\":\"corrected\","
                              "\"purpose\":\"label\",\"keep_days\":30,\"t0_s\":1,\"t1_s\":2}}\n", 3 + i, (long long)T0, day->sha256[i], day->sealed[i].n);
    return text;
}

static enum trundle_status send(struct depot *d, const struct day *day, int i)
{
    const struct bytes *b = &day->sealed[i];
    size_t half = b->n / 2;
    int64_t have;

    TRY(depot_clip_put(d, "cart-7", day->sha256[i], 0, (int64_t)b->n, b->data, half, T0, &have, NULL));
    return depot_clip_put(d, "cart-7", day->sha256[i], (int64_t)half, (int64_t)b->n, b->data + half, b->n - half, T0, &have, NULL);
}

static enum trundle_status make_set(struct depot *d, const struct day *day)
{
    struct depot_dataset set;
    char text[400];

    (void)snprintf(text, sizeof text, "{\"name\":\"fruit\",\"members\":[{\"sha256\":\"%s\",\"split\":\"train\"},{\"sha256\":\"%s\",\"split\":\"test\"}]}", day->sha256[0], day->sha256[1]);
    return depot_dataset_make(d, text, strlen(text), "ada", T0, &set, NULL);
}

static enum trundle_status delete_one(struct depot *d, const struct day *day)
{
    struct bytes receipt = { 0 };
    enum trundle_status status = depot_clip_delete(d, day->sha256[0], "eve", "asked", T0, &receipt, NULL);

    bytes_done(&receipt);
    return status;
}

static enum trundle_status step(struct depot *d, const struct day *day, int k)
{
    switch (k) {
    case 1: return hub_try(d, "cart-7", lines[0], NULL);
    case 2: return hub_try(d, "cart-7", announcement(day), NULL);
    case 3: return send(d, day, 0);
    case 4: return send(d, day, 1);
    case 5: return depot_secret_set(d, "session", "s3cret", true, NULL);
    case 6: return make_set(d, day);
    case 7: return depot_access(d, &(struct depot_access){ "ada", "look", "clip", day->sha256[1], "label" }, T0, NULL);
    case 8: return delete_one(d, day);
    default: return hub_try(d, "cart-7", lines[1], NULL);
    }
}

static void live(const char *folder, struct day *day)
{
    struct depot *d = NULL;

    day->acknowledged = 0;
    if (depot_open(folder, DEPOT_CREATE, NULL, &d, NULL) != TRUNDLE_OK)
        return;
    for (day->acknowledged = 1; day->acknowledged < STEPS; day->acknowledged++)
        if (step(d, day, day->acknowledged) != TRUNDLE_OK)
            break;
    depot_close(d);
}

/* The clip that is deleted in step 8: whole before it was begun, gone after it was acknowledged, and in between one or the other. */
static void check_deleted(struct depot *d, const struct day *day)
{
    struct bytes receipt = { 0 };
    struct depot_dataset set;
    struct depot_clip clip;
    struct trundle_error err;

    support_ok(depot_clip_get(d, day->sha256[0], &clip, &err), &err);
    assert_true(day->acknowledged <= 8 || clip.state == DEPOT_CLIP_DELETED);
    assert_true(day->acknowledged >= 8 || clip.state == DEPOT_CLIP_HERE);
    if (clip.state != DEPOT_CLIP_DELETED) {
        assert_true(hub_blob_there(d, day->sha256[0]));
        return;
    }
    assert_false(hub_blob_there(d, day->sha256[0]));
    support_ok(depot_receipt_get(d, day->sha256[0], &receipt, &err), &err);
    support_ok(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(d), &err), &err);
    support_ok(depot_dataset_get(d, "fruit", &set, &err), &err);
    assert_true(set.version == 2 && set.members == 1);
    bytes_done(&receipt);
}

static void check(const char *folder, const struct day *day)
{
    const int done = day->acknowledged;
    struct depot_found found;
    struct trundle_error err;
    struct bytes secret = { 0 };
    struct depot_dataset set;
    struct depot_count count;
    struct seal_reader *r = NULL;
    struct depot *d = NULL;
    int64_t n;

    support_ok(depot_open(folder, done ? DEPOT_WRITE : DEPOT_CREATE, NULL, &d, &err), &err);
    support_ok(depot_fsck(folder, false, NULL, NULL, &found, &err), &err);
    assert_true(!found.fault[DEPOT_FAULT_MISSING] && !found.fault[DEPOT_FAULT_DAMAGED] && !found.fault[DEPOT_FAULT_CHAIN] && !found.fault[DEPOT_FAULT_TABLE]);
    n = hub_number(d, "SELECT count(*) FROM depot_record WHERE kind <> 'clip'");
    assert_true(n == 0 || n == 2 || n == 4);
    assert_true(n >= (done > 1 ? 2 : 0) + (done > 9 ? 2 : 0));
    if (done > 8)
        assert_true(hub_number(d, "SELECT count(*) FROM depot_access WHERE act = 'look'") == 1);
    if (done > 3)
        check_deleted(d, day);
    if (done > 4) {
        support_ok(depot_clip_open(d, day->sha256[1], "ada", "check", T0, &r, &err), &err);
        seal_open_free(r);
    }
    if (done > 5) {
        support_ok(depot_secret_get(d, "session", &secret, &err), &err);
        bytes_done(&secret);
    }
    if (done > 6)
        support_ok(depot_dataset_get(d, "fruit", &set, &err), &err);
    /* The cart, which heard no answer, sends all of it again. */
    count = hub_say(d, "cart-7", lines[0]);
    assert_true(count.accepted == 0 || count.accepted == 2);
    assert_true(done <= 1 || count.repeated == 2);
    (void)hub_say(d, "cart-7", lines[1]);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_record WHERE kind <> 'clip'"), 4);
    (void)hub_say(d, "cart-7", announcement(day));
    support_ok(send(d, day, 1), &err);
    assert_true(hub_blob_there(d, day->sha256[1]));
    depot_close(d);
    support_ok(depot_fsck(folder, true, NULL, NULL, &found, &err), &err);
}

static void whatever_is_left_it_is_whole(void **state)
{
    const char *scratch = support_scratch(), *every = getenv("TRUNDLE_TEST_POWER_STEP");
    static const enum power_left lefts[] = { POWER_SYNCED, POWER_ALL, POWER_MIXED };
    char folder[4200], hub[4300], left[4300];
    long total = 0, by = every ? atol(every) : 1;
    struct day day = { .acknowledged = 0 };

    (void)state;
    /* One hub whose keys all days share: the clips are sealed to them. */
    (void)snprintf(hub, sizeof hub, "%s/keys", scratch);
    {
        struct depot *d = hub_open(hub);

        for (int i = 0; i < 2; i++)
            day.sealed[i] = hub_sealed(d, "cart-7", "t1", 1, 2, 30, 3000, day.sha256[i]);
        depot_close(d);
    }
    for (long at = 0; at <= total; at += at ? by : 1) {
        (void)snprintf(folder, sizeof folder, "%s/%ld", scratch, at);
        (void)snprintf(hub, sizeof hub, "%s/hub", folder);
        assert_int_equal(support_shell(NULL, "mkdir -p %s/hub && cp %s/keys/secret.json %s/hub/", folder, scratch, folder), 0);
        power_watch(folder, at);
        live(hub, &day);
        if (at == 0)
            total = power_stop();
        else
            (void)power_stop();
        assert_true(at > 0 || day.acknowledged == STEPS);
        for (size_t i = 0; i < COUNT_OF(lefts); i++) {
            (void)snprintf(left, sizeof left, "%s/left%ld.%zu", scratch, at, i);
            power_rebuild(left, lefts[i], support_seed() + (uint64_t)at);
            (void)snprintf(hub, sizeof hub, "%s/hub", left);
            if (access(hub, F_OK) == 0)
                check(hub, &day);
            else
                assert_int_equal(day.acknowledged, 0);
        }
        assert_int_equal(support_shell(NULL, "rm -rf %s %s/left%ld.*", folder, scratch, at), 0);
    }
    print_message("# the power went at each of %ld calls\n", total);
    assert_true(total > 100);
    for (int i = 0; i < 2; i++)
        bytes_done(&day.sealed[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(whatever_is_left_it_is_whole) };

    return support_run(tests);
}
