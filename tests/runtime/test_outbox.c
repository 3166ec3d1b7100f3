/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The outbox: what was put is there with its number, once, until it is confirmed; clips follow their files; budgets; who a cart is. */
#include "cart/capture/policy.h"
#include "cart/runtime/identity.h"
#include "cart/runtime/outbox.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct trundle_error err;
static char dir[4000];

static int64_t boot_now;

static struct outbox *open_fresh(void)
{
    static unsigned n;
    struct outbox *box;
    int64_t before = boot_now;

    (void)snprintf(dir, sizeof dir, "%s/box-%u", support_scratch(), ++n);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &box, &err), &err);
    support_ok(outbox_boot(box, &boot_now, &err), &err);
    assert_true(boot_now > 100000000 && boot_now >= before);           /* the time: a new outbox of the same cart does not begin at 1 */
    return box;
}

static bool put(struct outbox *box, const char *body, const char *key)
{
    bool taken;

    support_ok(outbox_put(box, &(struct outbox_record){ .kind = "decision", .body = body, .t_ns = 5, .key = key }, &taken, &err), &err);
    return taken;
}

static int64_t waits(struct outbox *box)
{
    struct outbox_state s;

    support_ok(outbox_state(box, &s, &err), &err);
    return s.records;
}

static void records_keep_their_numbers_over_a_restart(void **state)
{
    struct outbox *box = open_fresh();
    struct bytes lines = { 0 };
    int64_t first, last, boot;
    char want[600];

    (void)state;
    assert_true(put(box, "{\"a\":1}", NULL));
    assert_true(put(box, "{\"a\":2}", NULL));
    outbox_close(box);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &box, &err), &err);
    support_ok(outbox_boot(box, &boot, &err), &err);
    assert_int_equal(boot, boot_now + 1);
    assert_true(put(box, "{\"a\":3}", NULL));
    support_ok(outbox_batch(box, 1 << 20, 0, &lines, &first, &last, &err), &err);
    assert_int_equal(bytes_append(&lines, "", 1), TRUNDLE_OK);
    (void)snprintf(want, sizeof want, "{\"boot\":%lld,\"sequence\":1,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"a\":1}}\n"
                                      "{\"boot\":%lld,\"sequence\":2,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"a\":2}}\n"
                                      "{\"boot\":%lld,\"sequence\":1,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"a\":3}}\n", (long long)boot_now, (long long)boot_now, (long long)boot);
    assert_string_equal((char *)lines.data, want);
    bytes_done(&lines);
    outbox_close(box);
}

static void a_number_that_is_taken_is_changed(void **state)
{
    struct outbox *box = open_fresh();
    struct bytes lines = { 0 };
    int64_t first, last, boot, was;
    char expected[400];

    (void)state;
    support_ok(outbox_boot(box, &was, &err), &err);
    assert_true(put(box, "{\"a\":1}", NULL));
    assert_true(put(box, "{\"a\":2}", NULL));
    support_ok(outbox_batch(box, 1, 0, &lines, &first, &last, &err), &err);
    assert_int_equal(first, last);
    support_ok(outbox_renumber(box, first, 1, &err), &err);
    support_ok(outbox_renumber(box, first + 1, 100, &err), &err);
    assert_true(put(box, "{\"a\":3}", NULL));
    support_ok(outbox_batch(box, 1 << 20, 0, &lines, &first, &last, &err), &err);
    assert_int_equal(bytes_append(&lines, "", 1), TRUNDLE_OK);
    (void)snprintf(expected, sizeof expected, "{\"boot\":%lld,\"sequence\":1,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"a\":1}}\n"
                                              "{\"boot\":%lld,\"sequence\":2,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"a\":2}}\n"
                                              "{\"boot\":%lld,\"sequence\":3,\"t_ns\":5,\"kind\":\"decision\",\"body\":{\"a\":3}}\n",
                   (long long)was + 1, (long long)was + 1, (long long)was + 1);
    assert_string_equal((char *)lines.data, expected);
    support_ok(outbox_boot(box, &boot, &err), &err);
    assert_int_equal(boot, was + 2);
    bytes_done(&lines);
    outbox_close(box);
}

static void what_is_said_before_the_first_start_has_a_boot(void **state)
{
    struct outbox *box;
    struct bytes lines = { 0 };
    int64_t first, last, boot;
    long was = 0;
    char fresh[4100];

    (void)state;
    (void)snprintf(fresh, sizeof fresh, "%s/never-started", support_scratch());
    support_ok(outbox_open(fresh, OUTBOX_WRITE, &box, &err), &err);
    assert_true(put(box, "{\"a\":1}", NULL));
    support_ok(outbox_batch(box, 1 << 20, 0, &lines, &first, &last, &err), &err);
    assert_int_equal(bytes_append(&lines, "", 1), TRUNDLE_OK);
    assert_int_equal(sscanf((char *)lines.data, "{\"boot\":%ld,\"sequence\":1,", &was), 1);
    assert_true(was > 1000000);            /* the time: an outbox that was there before began elsewhere */
    support_ok(outbox_boot(box, &boot, &err), &err);
    assert_int_equal(boot, was + 1);
    bytes_done(&lines);
    outbox_close(box);
}

static void a_batch_is_what_fits_and_confirming_takes_it_away(void **state)
{
    struct outbox *box = open_fresh();
    struct bytes lines = { 0 };
    int64_t first, last;

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(put(box, "{\"text\":\"0123456789012345678901234567890123456789\"}", NULL));
    support_ok(outbox_batch(box, 1000, 0, &lines, &first, &last, &err), &err);
    assert_true(lines.n <= 1000 && lines.n > 800);
    assert_true(put(box, "{}", NULL));                 /* comes in between */
    support_ok(outbox_confirm(box, first, last, &err), &err);
    assert_int_equal(waits(box), 101 - (last - first + 1));
    support_ok(outbox_batch(box, 10, 0, &lines, &first, &last, &err), &err);      /* one that does not fit goes alone */
    assert_int_equal(first, last);
    support_ok(outbox_batch(box, 1 << 20, 7, &lines, &first, &last, &err), &err);
    assert_int_equal(last - first, 6);
    support_ok(outbox_confirm(box, 0, 1000, &err), &err);
    assert_int_equal(outbox_batch(box, 1000, 0, &lines, &first, &last, &err), TRUNDLE_END);
    bytes_done(&lines);
    outbox_close(box);
}

static void a_key_is_taken_once_also_after_it_was_sent(void **state)
{
    struct outbox *box = open_fresh();

    (void)state;
    assert_true(put(box, "{}", "decision:t:1"));
    assert_false(put(box, "{}", "decision:t:1"));
    support_ok(outbox_confirm(box, 0, 100, &err), &err);
    assert_int_equal(waits(box), 0);
    assert_false(put(box, "{}", "decision:t:1"));
    outbox_close(box);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &box, &err), &err);
    assert_false(put(box, "{}", "decision:t:1"));
    assert_true(put(box, "{}", "decision:t:2"));
    outbox_close(box);
}

static void what_is_no_record_is_not_taken(void **state)
{
    static char large[OUTBOX_BODY_MAX + 10];
    const struct outbox_record wrong[] = {
        { .kind = "decision", .body = "[]" },   { .kind = "decision", .body = "{" },  { .kind = "decision", .body = "{\n}" }, { .kind = "decision", .body = NULL },
        { .kind = "", .body = "{}" },           { .kind = "a b", .body = "{}" },      { .kind = "\"", .body = "{}" },         { .kind = "decision", .body = large },
    };
    struct outbox *box = open_fresh();
    struct outbox_record pair[2] = { { .kind = "decision", .body = "{}" }, { .kind = "decision", .body = "x" } };

    (void)state;
    memset(large, ' ', sizeof large - 1);
    large[0] = '{';
    large[sizeof large - 2] = '}';
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(outbox_put(box, &wrong[i], NULL, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(outbox_put_all(box, pair, 2, NULL, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(waits(box), 0);       /* not the first half either */
    outbox_close(box);
}

static void one_that_is_set_aside_blocks_nothing(void **state)
{
    struct outbox *box = open_fresh();
    struct bytes lines = { 0 };
    int64_t first, last;
    struct outbox_state s;

    (void)state;
    assert_true(put(box, "{\"a\":1}", NULL) && put(box, "{\"a\":2}", NULL));
    support_ok(outbox_batch(box, 1 << 20, 1, &lines, &first, &last, &err), &err);
    support_ok(outbox_set_aside(box, first, "not understood", &err), &err);
    support_ok(outbox_batch(box, 1 << 20, 0, &lines, &first, &last, &err), &err);
    assert_non_null(strstr((char *)lines.data, "{\"a\":2}"));
    support_ok(outbox_confirm(box, 0, last, &err), &err);
    support_ok(outbox_state(box, &s, &err), &err);
    assert_int_equal(s.records, 0);
    assert_int_equal(s.refused_records, 1);
    assert_int_equal(s.sent_records, 1);
    bytes_done(&lines);
    outbox_close(box);
}

static void a_file_of(const struct outbox *box, size_t n, char fill, char *draft, size_t size)
{
    FILE *f;

    outbox_clip_draft(box, draft, size);
    f = fopen(draft, "w");
    assert_non_null(f);
    for (size_t i = 0; i < n; i++)
        (void)fputc(fill + (int)(i % 7), f);
    (void)fclose(f);
}

static void add_clip(struct outbox *box, const char *key, size_t n, double worth, int64_t day)
{
    struct outbox_clip c = { .trip = "t", .trigger = "unsure", .purpose = "improve", .keep_days = 9, .t_ns = day * INT64_C(86400000000000) + 5, .worth = worth };
    char draft[1400];

    a_file_of(box, n, (char)('a' + (int)(worth * 3)), draft, sizeof draft);
    support_ok(outbox_clip_add(box, draft, key, &c, &err), &err);
    assert_int_not_equal(access(draft, F_OK), 0);
}

static int files_in(const char *folder)
{
    char *out;
    int n;

    assert_int_equal(support_shell(&out, "ls '%s' | wc -l", folder), 0);
    n = atoi(out);
    free(out);
    return n;
}

static int clip_files(void)
{
    char path[4100];

    (void)snprintf(path, sizeof path, "%s/clips", dir);
    return files_in(path);
}

static void the_worthiest_clip_goes_first_after_its_record(void **state)
{
    struct outbox *box = open_fresh();
    struct outbox_clip c;
    struct bytes lines = { 0 };
    int64_t first, last;

    (void)state;
    assert_int_equal(outbox_clip_next(box, &c, &err), TRUNDLE_END);
    add_clip(box, "clip:1", 1000, 2, 100);
    add_clip(box, "clip:2", 1000, 3, 100);
    add_clip(box, "clip:2", 1000, 4, 100);             /* known */
    assert_int_equal(clip_files(), 2);
    support_ok(outbox_clip_next(box, &c, &err), &err);
    assert_near(c.worth, 3, 1e-9);
    assert_int_equal(c.bytes, 1000);
    support_ok(outbox_batch(box, 1 << 20, 0, &lines, &first, &last, &err), &err);
    assert_non_null(strstr((char *)lines.data, c.sha256));
    assert_non_null(strstr((char *)lines.data, "\"purpose\":\"improve\",\"keep_days\":9"));
    add_clip(box, "clip:3", 1000, 9, 100);
    support_ok(outbox_clip_next(box, &c, &err), &err); /* what is under way is brought to its end */
    assert_near(c.worth, 3, 1e-9);
    support_ok(outbox_clip_done(box, c.sha256, &err), &err);
    assert_int_equal(clip_files(), 2);
    support_ok(outbox_clip_next(box, &c, &err), &err);
    assert_near(c.worth, 9, 1e-9);
    assert_int_equal(waits(box), 2);
    bytes_done(&lines);
    outbox_close(box);
}

static void litter_goes_and_a_lost_file_says_so(void **state)
{
    struct outbox *box = open_fresh(), *other;
    struct outbox_clip c;
    struct outbox_state s;
    char draft[1400], path[1400];

    (void)state;
    add_clip(box, "clip:1", 500, 2, 100);
    add_clip(box, "clip:2", 500, 1, 100);
    a_file_of(box, 50, 'x', draft, sizeof draft);
    (void)snprintf(path, sizeof path, "%.1200s/clips/%064d.clip", dir, 7);
    assert_int_equal(rename(draft, path), 0);          /* killed between the file and its row */
    a_file_of(box, 50, 'y', draft, sizeof draft);      /* killed before */
    assert_int_equal(clip_files(), 4);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &other, &err), &err);
    assert_int_equal(clip_files(), 4);                 /* somebody else has it open, and may be between the two */
    outbox_close(other);
    outbox_close(box);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &box, &err), &err);
    assert_int_equal(clip_files(), 2);
    support_ok(outbox_clip_next(box, &c, &err), &err);
    outbox_clip_path(box, c.sha256, path, sizeof path);
    assert_int_equal(unlink(path), 0);
    support_ok(outbox_clip_next(box, &c, &err), &err);
    assert_near(c.worth, 1, 1e-9);
    support_ok(outbox_state(box, &s, &err), &err);
    assert_int_equal(s.lost_clips, 1);
    assert_int_equal(s.clips, 1);
    outbox_close(box);
}

/* A second clip of the very same bytes is refused, and the first keeps its file. */
static void the_same_bytes_do_not_take_the_file_away(void **state)
{
    struct outbox_clip c = { .trip = "t", .trigger = "unsure", .purpose = "improve", .keep_days = 9, .t_ns = 5, .worth = 2 };
    struct outbox *box = open_fresh();
    char draft[1400];

    (void)state;
    add_clip(box, "clip:one", 1000, 2, 200);
    a_file_of(box, 1000, (char)('a' + 6), draft, sizeof draft);
    assert_int_not_equal(outbox_clip_add(box, draft, "clip:other", &c, &err), TRUNDLE_OK);
    assert_int_equal(clip_files(), 1);
    a_file_of(box, 1000, (char)('a' + 6), draft, sizeof draft);
    support_ok(outbox_clip_add(box, draft, "clip:one", &c, &err), &err);
    assert_int_equal(clip_files(), 1);
    support_ok(outbox_clip_next(box, &c, &err), &err);
    outbox_close(box);
}

static void budgets_are_held_on_disk(void **state)
{
    static struct capture_policy policy;
    struct outbox *box = open_fresh();
    struct outbox_clip c;
    struct outbox_state s;
    char key[32];
    size_t dropped;

    (void)state;
    policy_default(&policy);
    policy.bytes_per_day = 5000;
    for (int i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof key, "clip:%d", i);
        add_clip(box, key, 1000, i, 200);
        support_ok(outbox_clips_fit(box, &policy, &dropped, &err), &err);
        assert_int_equal(dropped, i < 5 ? 0 : 1);
    }
    assert_int_equal(clip_files(), 5);
    support_ok(outbox_state(box, &s, &err), &err);
    assert_int_equal(s.dropped_clips, 5);
    assert_int_equal(s.dropped_bytes, 5000);
    for (int i = 9; i >= 5; i--) {                     /* the worthiest five are left */
        support_ok(outbox_clip_next(box, &c, &err), &err);
        assert_near(c.worth, i, 1e-9);
        support_ok(outbox_clip_done(box, c.sha256, &err), &err);
    }
    add_clip(box, "clip:late", 1000, 99, 200);         /* the day's bytes are spent, also when they are sent */
    support_ok(outbox_clips_fit(box, &policy, &dropped, &err), &err);
    assert_int_equal(dropped, 1);
    outbox_close(box);
}

static void only_one_sends(void **state)
{
    struct outbox *box = open_fresh(), *other;

    (void)state;
    support_ok(outbox_lock(box, &err), &err);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &other, &err), &err);
    assert_int_equal(outbox_lock(other, &err), TRUNDLE_CONFLICT);
    outbox_close(box);
    support_ok(outbox_lock(other, &err), &err);
    outbox_close(other);
}

static void what_is_no_outbox_is_left_alone(void **state)
{
    char path[4100];
    struct outbox *box;
    FILE *f;

    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/not-a-box", support_scratch());
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(outbox_open(dir, OUTBOX_READ, &box, &err), TRUNDLE_NOT_FOUND);
    (void)snprintf(path, sizeof path, "%s/outbox.sqlite", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 5000; i++)
        (void)fputs("no database ", f);
    (void)fclose(f);
    assert_int_equal(outbox_open(dir, OUTBOX_WRITE, &box, &err), TRUNDLE_CORRUPT);
    assert_non_null(strstr(err.where, "outbox.sqlite"));
}

/* --- Identity. ----------------------------------------------------------------------------------------------------- */
static void a_cart_stays_who_it_is(void **state)
{
    struct identity a, b;
    char path[4100];
    struct stat about;

    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/who", support_scratch());
    assert_int_equal(identity_load(dir, &a, &err), TRUNDLE_NOT_FOUND);
    support_ok(identity_make(dir, &a, &err), &err);
    support_ok(identity_make(dir, &b, &err), &err);
    assert_memory_equal(&a, &b, sizeof a);
    assert_false(identity_joined(&a));
    (void)snprintf(path, sizeof path, "%s/" IDENTITY_FILE, dir);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(identity_load(dir, &a, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "others may read it"));
    identity_done(&a);
    identity_done(&b);
}

static void a_damaged_identity_is_not_made_anew(void **state)
{
    struct identity id;
    struct bytes whole = { 0 };
    char path[4100];

    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/damaged", support_scratch());
    support_ok(identity_make(dir, &id, &err), &err);
    (void)snprintf(path, sizeof path, "%s/" IDENTITY_FILE, dir);
    support_ok(file_read(path, 1 << 20, &whole, &err), &err);
    for (size_t cut = 0; cut < whole.n; cut += 7) {
        assert_int_equal(unlink(path), 0);
        support_ok(file_write(path, whole.data, cut, &err), &err);
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(identity_make(dir, &id, &err), TRUNDLE_BAD_INPUT);
    }
    support_ok(file_write(path, "{\"version\":1}", 13, &err), &err);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(identity_make(dir, &id, &err), TRUNDLE_BAD_INPUT);
    bytes_done(&whole);
}

static void a_hub_is_named_so_that_it_can_be_trusted(void **state)
{
    static const char pin[] = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    static const struct { const char *hub, *pin; bool good; } rows[] = {
        { "https://hub.example:8443", pin, true },      { "https://hub.example", NULL, true },     { "http://127.0.0.1:80", NULL, true }, { "http://localhost:9", "", true },
        { "http://[::1]:9/", NULL, true },              { "http://hub.example", NULL, false },     { "http://127.0.0.1:80", pin, false }, { "https://", NULL, false },
        { "ftp://hub.example", NULL, false },           { "https://a@hub.example", NULL, false },  { "https://hub.example/x", NULL, false }, { "hub.example", NULL, false },
        { "https://hub.example", "sha256//abc", false }, { "https://hub.example", "47DE", false }, { "https://hub .example", NULL, false }, { "http://localhost.evil.example", NULL, false },
        { "http://127.0.0.1.evil.example", NULL, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct identity id = { .cart = "" };
        enum trundle_status status = identity_hub_set(&id, rows[i].hub, rows[i].pin, &err);

        if (status != (rows[i].good ? TRUNDLE_OK : TRUNDLE_BAD_INPUT))
            fail_msg("%s with %s: %s", rows[i].hub, rows[i].pin ? rows[i].pin : "no pin", trundle_status_text(status));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_keep_their_numbers_over_a_restart),
        cmocka_unit_test(a_number_that_is_taken_is_changed), cmocka_unit_test(what_is_said_before_the_first_start_has_a_boot),
        cmocka_unit_test(a_batch_is_what_fits_and_confirming_takes_it_away),
        cmocka_unit_test(a_key_is_taken_once_also_after_it_was_sent),
        cmocka_unit_test(what_is_no_record_is_not_taken),
        cmocka_unit_test(one_that_is_set_aside_blocks_nothing),
        cmocka_unit_test(the_worthiest_clip_goes_first_after_its_record),
        cmocka_unit_test(litter_goes_and_a_lost_file_says_so),
        cmocka_unit_test(the_same_bytes_do_not_take_the_file_away),
        cmocka_unit_test(budgets_are_held_on_disk),
        cmocka_unit_test(only_one_sends),
        cmocka_unit_test(what_is_no_outbox_is_left_alone),
        cmocka_unit_test(a_cart_stays_who_it_is),
        cmocka_unit_test(a_damaged_identity_is_not_made_anew),
        cmocka_unit_test(a_hub_is_named_so_that_it_can_be_trusted),
    };

    return support_run(tests);
}
