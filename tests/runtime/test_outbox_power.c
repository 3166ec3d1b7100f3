/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The power goes at each write, sync and rename of a cart's day: records put, clips added, one over the budget, batches confirmed, a clip sent and done. Whatever the
 * disk keeps of it, the outbox opens, the cart drives the trip again and sends to the same hub: what was acknowledged is there once, nothing twice, no file is left.
 * TRUNDLE_TEST_POWER_STEP (1) takes every so manyth call.
 */
#include "base/db/db.h"
#include "base/std/hash.h"
#include "cart/capture/policy.h"
#include "cart/runtime/outbox.h"
#include "tests/support/power.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIPS = 4, BYTES = 3000, DECISIONS = 7, LINES = 64, DROPPED = 1 };

#define T0 INT64_C(1780315200000000000)

/* The hub: what it has outlives the power of the cart. */
struct hub { char line[LINES][400]; long number[LINES][2]; size_t n; bool clip[CLIPS]; };

/* What returned OK before the power went. */
struct day {
    bool put[DECISIONS], unkeyed, added[CLIPS], fitted, done, whole;
    int  confirmed;                        /* records whose confirmation returned */
};

static struct trundle_error err;
static long at_call;
static int kept;
static char sha_of[CLIPS][OUTBOX_SHA];
static uint8_t content[CLIPS][BYTES];

static struct capture_policy policy(void)
{
    struct capture_policy p;

    policy_default(&p);
    p.bytes_per_day = 3 * BYTES;           /* the fourth clip drops the least worth */
    return p;
}

static enum trundle_status put(struct outbox *box, int i)
{
    char body[64], key[32];

    (void)snprintf(body, sizeof body, "{\"n\":%d}", i);
    (void)snprintf(key, sizeof key, "decision:t:%d", i);
    return outbox_put(box, &(struct outbox_record){ .kind = "decision", .body = body, .t_ns = T0 + i, .key = key }, NULL, NULL);
}

/* As the keeper does it. */
static enum trundle_status add(struct outbox *box, int i)
{
    struct outbox_clip c = { .trip = "t", .trigger = "unsure", .purpose = "improve", .keep_days = 9, .t_ns = T0, .worth = i == DROPPED ? 1 : 5 + i };
    enum trundle_status status;
    char draft[1400], key[32];
    bool known = false;
    int fd;

    (void)snprintf(key, sizeof key, "clip:t:%d", i);
    TRY(outbox_clip_known(box, key, &known, NULL));
    if (known)
        return TRUNDLE_OK;
    outbox_clip_draft(box, draft, sizeof draft);
    fd = open(draft, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    status = fd >= 0 && write(fd, content[i], BYTES / 2) == BYTES / 2 && write(fd, content[i] + BYTES / 2, BYTES / 2) == BYTES / 2 && fsync(fd) == 0 ? TRUNDLE_OK : TRUNDLE_IO;
    if (fd >= 0)
        (void)close(fd);
    if (status == TRUNDLE_OK)
        status = outbox_clip_add(box, draft, key, &c, NULL);
    if (status != TRUNDLE_OK)
        (void)unlink(draft);
    return status;
}

/* A number that comes again must come with the same content, and no content under two numbers. */
static void take(struct hub *hub, char *lines)
{
    char *rest = lines;

    for (char *line; (line = strtok_r(rest, "\n", &rest));) {
        long boot, sequence;
        const char *body = strstr(line, "\"kind\"");
        size_t i = 0;

        assert_non_null(body);
        assert_int_equal(sscanf(line, "{\"boot\":%ld,\"sequence\":%ld", &boot, &sequence), 2);
        while (i < hub->n && (hub->number[i][0] != boot || hub->number[i][1] != sequence)) {
            assert_string_not_equal(strstr(hub->line[i], "\"kind\""), body);
            i++;
        }
        if (i < hub->n) {
            assert_string_equal(hub->line[i], line);
            continue;
        }
        assert_true(hub->n < LINES);
        (void)snprintf(hub->line[i], sizeof hub->line[i], "%s", line);
        hub->number[i][0] = boot;
        hub->number[i][1] = sequence;
        hub->n++;
    }
}

static enum trundle_status send_records(struct outbox *box, struct hub *hub, size_t most, int *confirmed)
{
    struct bytes lines = { 0 };
    int64_t first, last;
    size_t before;
    enum trundle_status status = outbox_batch(box, 1 << 20, most, &lines, &first, &last, NULL);

    if (status == TRUNDLE_OK)
        status = bytes_append(&lines, "", 1);
    if (status == TRUNDLE_OK) {
        before = hub->n;
        take(hub, (char *)lines.data);
        status = outbox_confirm(box, first, last, NULL);
        if (status == TRUNDLE_OK && confirmed)
            *confirmed += (int)(hub->n - before);
    }
    bytes_done(&lines);
    return status;
}

static int index_of(const char *sha256)
{
    for (int i = 0; i < CLIPS; i++)
        if (!strcmp(sha_of[i], sha256))
            return i;
    fail_msg("a clip that nobody made");
    return 0;
}

static enum trundle_status send_clip(struct outbox *box, struct hub *hub)
{
    struct outbox_clip c;

    TRY(outbox_clip_next(box, &c, NULL));
    TRY(send_records(box, hub, 0, NULL));  /* the announcement goes first; without one there is nothing to announce */
    TRY(outbox_clip_sent(box, c.sha256, c.bytes / 2, NULL));
    hub->clip[index_of(c.sha256)] = true;
    return outbox_clip_done(box, c.sha256, NULL);
}

static enum trundle_status live(const char *folder, struct hub *hub, struct day *day)
{
    struct capture_policy p = policy();
    enum trundle_status status;
    struct outbox *box = NULL;
    int64_t boot;

    TRY(outbox_open(folder, OUTBOX_WRITE, &box, NULL));
    TRY_GOTO(status, outbox_boot(box, &boot, NULL), out);
    for (int i = 0; i < DECISIONS; i++) {
        if (i < CLIPS) {
            TRY_GOTO(status, add(box, i), out);
            day->added[i] = true;
            TRY_GOTO(status, outbox_clips_fit(box, &p, NULL, NULL), out);
            day->fitted = i == CLIPS - 1;
        }
        TRY_GOTO(status, put(box, i), out);
        day->put[i] = true;
        if (i == 1)
            TRY_GOTO(status, send_records(box, hub, 1, &day->confirmed), out);
    }
    TRY_GOTO(status, outbox_put(box, &(struct outbox_record){ .kind = "health", .body = "{}", .t_ns = T0 }, NULL, NULL), out);
    day->unkeyed = true;
    TRY_GOTO(status, send_clip(box, hub), out);
    day->done = true;
    TRY_GOTO(status, outbox_boot(box, &boot, NULL), out);
    day->whole = true;
out:
    outbox_close(box);
    return status;
}

/* Files under FOLDER/clips; all of them are of clips, none is a draft. */
static int files_in(const char *folder)
{
    struct dirent *entry;
    char path[4400];
    int n = 0;
    DIR *at;

    (void)snprintf(path, sizeof path, "%s/clips", folder);
    at = opendir(path);
    assert_non_null(at);
    while ((entry = readdir(at)))
        if (entry->d_name[0] != '.') {
            n++;
            assert_non_null(strstr(entry->d_name, ".clip"));
        }
    (void)closedir(at);
    return n;
}

static void check(const char *folder, struct hub *hub, const struct day *day)
{
    struct capture_policy p = policy();
    struct outbox_state s;
    struct outbox *box;
    const size_t had = hub->n;
    size_t decisions = 0, announced = 0, health = 0;
    enum trundle_status status;
    int64_t boot;
    int clips = 0;

    support_ok(outbox_open(folder, OUTBOX_WRITE, &box, &err), &err);
    support_ok(outbox_state(box, &s, &err), &err);
    assert_int_equal(files_in(folder), s.clips);
    assert_true(s.sent_records >= day->confirmed);
    assert_true(!day->fitted || s.dropped_clips == 1);
    assert_true(!day->done || s.sent_clips == 1);
    support_ok(outbox_boot(box, &boot, &err), &err);
    for (int i = 0; i < DECISIONS; i++) {  /* the trip is driven again */
        if (i < CLIPS) {
            bool known;
            char key[32];

            (void)snprintf(key, sizeof key, "clip:t:%d", i);
            support_ok(outbox_clip_known(box, key, &known, &err), &err);
            assert_true(known || !day->added[i]);
            support_ok(add(box, i), NULL);
            support_ok(outbox_clips_fit(box, &p, NULL, &err), &err);
        }
        support_ok(put(box, i), NULL);
    }
    while ((status = send_records(box, hub, 3, NULL)) == TRUNDLE_OK)
        ;
    assert_int_equal(status, TRUNDLE_END);
    for (struct outbox_clip c; (status = outbox_clip_next(box, &c, &err)) == TRUNDLE_OK;) {
        char path[1400], sha[OUTBOX_SHA];
        struct bytes file = { 0 };
        int i = index_of(c.sha256);

        outbox_clip_path(box, c.sha256, path, sizeof path);
        support_ok(file_read(path, 1 << 20, &file, &err), &err);
        assert_string_equal(hash_sha256(file.data, file.n, sha), c.sha256);
        bytes_done(&file);
        assert_false(i == CLIPS - 1 && day->done);                /* the worthiest went first and was done */
        hub->clip[i] = true;
        while (send_records(box, hub, 0, NULL) == TRUNDLE_OK)
            ;
        support_ok(outbox_clip_done(box, c.sha256, &err), &err);
    }
    assert_int_equal(status, TRUNDLE_END);
    support_ok(outbox_state(box, &s, &err), &err);
    assert_int_equal(s.records + s.clips + s.lost_clips + s.refused_records, 0);
    assert_int_equal(s.sent_records, hub->n);
    assert_int_equal(s.dropped_clips, 1);
    assert_int_equal(s.dropped_bytes, BYTES);
    assert_int_equal(s.sent_clips, CLIPS - 1);
    assert_int_equal(files_in(folder), 0);
    for (size_t i = 0; i < hub->n; i++) {
        decisions += strstr(hub->line[i], "\"decision\",") != NULL;
        announced += strstr(hub->line[i], "\"clip\",") != NULL;
        health += strstr(hub->line[i], "\"health\",") != NULL;
    }
    for (int i = 0; i < CLIPS; i++)
        clips += hub->clip[i];
    assert_int_equal(decisions, DECISIONS);
    assert_true(health <= 1 && health >= day->unkeyed);
    assert_int_equal(announced, CLIPS - 1);
    assert_int_equal(clips, CLIPS - 1);
    assert_false(hub->clip[DROPPED]);
    assert_true(hub->n >= had);
    outbox_close(box);
    assert_int_equal(support_shell(NULL, "test -z \"$(ls -A %s | grep -vE '^(outbox\\.(sqlite|open|send)|clips)$')\"", folder), 0);
}

static void what_was_acknowledged_is_sent_once(void **state)
{
    const char *scratch = support_scratch(), *every = getenv("TRUNDLE_TEST_POWER_STEP");
    static const enum power_left lefts[] = { POWER_SYNCED, POWER_ALL, POWER_MIXED };
    static struct hub before, after;
    const uint64_t seed = support_seed();
    long total = 0, by = every ? atol(every) : 1;
    char folder[4200], box[4300], left[4300];

    (void)state;
    for (int i = 0; i < CLIPS; i++) {
        for (int k = 0; k < BYTES; k++)
            content[i][k] = (uint8_t)(k * 31 + i * 17 + k / 251);
        (void)hash_sha256(content[i], BYTES, sha_of[i]);
    }
    for (long at = 0; at <= total; at += at ? by : 1) {
        struct day day = { .confirmed = 0 };

        memset(&before, 0, sizeof before);
        (void)snprintf(folder, sizeof folder, "%s/%ld", scratch, at);
        (void)snprintf(box, sizeof box, "%s/cart", folder);
        support_ok(folder_make(box, &err), &err);
        power_watch(folder, at);
        (void)!live(box, &before, &day);
        if (at == 0)
            total = power_stop();
        else
            (void)power_stop();
        assert_true(day.whole || at > 0);            /* of the last calls, which tidy up, nobody hears */
        for (size_t i = 0; i < COUNT_OF(lefts); i++) {
            after = before;
            (void)snprintf(left, sizeof left, "%s/left%ld.%zu", scratch, at, i);
            power_rebuild(left, lefts[i], seed + (uint64_t)at);
            (void)snprintf(box, sizeof box, "%s/cart", left);
            at_call = at;
            kept = (int)lefts[i];
            check(box, &after, &day);
        }
        assert_int_equal(support_shell(NULL, "rm -rf %s %s/left%ld.*", folder, scratch, at), 0);
    }
    print_message("# the power went at each of %ld calls\n", total);
    assert_true(total > 100);
}

static int say_where(void **state)
{
    (void)state;
    print_message("# the last was call %ld, of which the disk kept way %d\n", at_call, kept);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(what_was_acknowledged_is_sent_once, say_where) };

    return support_run(tests);
}
