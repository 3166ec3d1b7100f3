/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Which seconds are kept: facts around decisions, spans that merge, the ring that forgets, budgets that drop the least worth. */
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/capture/clip.h"
#include "cart/capture/ring.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct capture_policy policy;
static struct clip_watch watch;

static void start(const char *triggers)
{
    char text[2048];
    struct trundle_error err;

    (void)snprintf(text, sizeof text, "{\"before_s\": 4, \"after_s\": 2, \"longest_s\": 12, \"triggers\": [%s]}", triggers);
    support_ok(policy_parse(text, strlen(text), "policy", &policy, &err), &err);
    clip_watch_init(&watch, &policy, "trip-1");
}

static struct trundle_message decision(double t_s, enum trundle_decision_kind kind, float p)
{
    static uint32_t id;
    struct trundle_message m = { .channel = TRUNDLE_DECISION, .log_ns = S_NS(t_s) };

    m.decision.id = ++id;
    m.decision.kind = kind;
    m.decision.t_ns = m.log_ns;
    m.decision.p = p;
    m.decision.count = 1;
    return m;
}

static struct clip_want due(double now_s)
{
    struct clip_want c = { .t_ns = -1 };

    if (clip_due(&watch, now_s < 0 ? INT64_MAX : S_NS(now_s), &c) == TRUNDLE_AGAIN)
        c.t_ns = -1;
    return c;
}

#define UNSURE "{\"name\": \"unsure\", \"purpose\": \"improve\", \"worth\": 2, \"when\": \"decision and p < 0.8\"}"
#define AUDIT  "{\"name\": \"audit\", \"purpose\": \"audit\", \"worth\": 10, \"when\": \"audit\"}"

static void a_moment_becomes_a_clip_when_its_seconds_are_over(void **state)
{
    struct trundle_message sure, unsure;
    struct clip_want c;

    (void)state;
    start(UNSURE);
    sure = decision(10, TRUNDLE_DECIDE_ADD, 0.95f);
    unsure = decision(20, TRUNDLE_DECIDE_ADD, 0.5f);
    assert_false(clip_watch(&watch, &sure));
    assert_true(clip_watch(&watch, &unsure));
    assert_int_equal(due(21.9).t_ns, -1);
    c = due(22.1);
    assert_int_equal(c.t_ns, S_NS(20));
    assert_int_equal(c.t0_ns, S_NS(16));
    assert_int_equal(c.t1_ns, S_NS(22));
    assert_int_equal(c.decision, unsure.decision.id);
    assert_near(c.p, 0.5, 1e-6);
    assert_int_equal(due(-1).t_ns, -1);
}

static void moments_that_touch_are_one_clip_named_after_the_worthiest(void **state)
{
    struct trundle_message m;
    struct clip_want c;

    (void)state;
    start(UNSURE "," AUDIT);
    m = decision(20, TRUNDLE_DECIDE_ADD, 0.5f);
    (void)clip_watch(&watch, &m);
    m = decision(23, TRUNDLE_DECIDE_AUDIT, 0.9f);
    (void)clip_watch(&watch, &m);
    m = decision(24, TRUNDLE_DECIDE_CHANGE, 0.1f);
    (void)clip_watch(&watch, &m);
    c = due(-1);
    assert_int_equal(c.t0_ns, S_NS(16));
    assert_int_equal(c.t1_ns, S_NS(26));
    assert_int_equal(c.t_ns, S_NS(23));
    assert_string_equal(policy.trigger[c.trigger].name, "audit");
    assert_int_equal(c.moments, 3);
    assert_int_equal(due(-1).t_ns, -1);
}

/* Moments without end do not make a clip without end, and no second is in two clips. */
static void a_long_row_of_moments_is_cut_into_clips_that_do_not_overlap(void **state)
{
    struct clip_want c, last = { .t1_ns = INT64_MIN };
    int n = 0;

    (void)state;
    start(UNSURE);
    for (int i = 0; i < 600; i++) {
        struct trundle_message m = decision(10 + i * 0.5, TRUNDLE_DECIDE_ADD, 0.3f);

        (void)clip_watch(&watch, &m);
        while ((c = due(10 + i * 0.5)).t_ns >= 0) {
            assert_true(c.t0_ns > last.t1_ns && c.t1_ns - c.t0_ns <= S_NS(12));
            last = c;
            n++;
        }
    }
    while ((c = due(-1)).t_ns >= 0) {
        assert_true(c.t0_ns > last.t1_ns);
        last = c;
        n++;
    }
    assert_in_range(n, 25, 40);
    assert_int_equal(watch.refused, 0);
}

static void a_late_event_reaches_back_to_when_it_happened(void **state)
{
    struct trundle_message m = decision(20, TRUNDLE_DECIDE_ADD, 0.5f);

    (void)state;
    start(UNSURE);
    m.decision.t_event_ns = S_NS(17);
    (void)clip_watch(&watch, &m);
    assert_int_equal(due(-1).t0_ns, S_NS(13));
}

static void a_belief_that_is_renewed_is_one_moment(void **state)
{
    struct trundle_message m = { .channel = TRUNDLE_BELIEF };
    int fired = 0;

    (void)state;
    start("{\"name\": \"torn\", \"purpose\": \"improve\", \"when\": \"belief and second > 0.3\"}");
    m.belief.event = 7;
    m.belief.alternatives_n = 2;
    m.belief.alternatives[0].p = 0.5f;
    m.belief.alternatives[1].p = 0.4f;
    for (int i = 0; i < 50; i++) {
        m.log_ns = S_NS(10 + 0.1 * i);
        fired += clip_watch(&watch, &m);
    }
    assert_int_equal(fired, 1);
    m.belief.event = 8;
    assert_true(clip_watch(&watch, &m));
}

static struct trundle_product product(uint64_t n)
{
    return trundle_product_gtin(n);
}

static void touch(double t_s, struct trundle_touch t)
{
    struct trundle_message m = { .channel = TRUNDLE_TOUCH, .log_ns = S_NS(t_s), .touch = t };

    (void)clip_watch(&watch, &m);
}

static bool corrected_after(double t_s)
{
    struct trundle_message m = decision(t_s, TRUNDLE_DECIDE_CHANGE, 0.99f);

    return clip_corrected(&watch, &m.decision) && clip_watch(&watch, &m);
}

static void what_the_shopper_said_otherwise_is_corrected(void **state)
{
    struct trundle_message ask = decision(5, TRUNDLE_DECIDE_ASK, 0.6f);

    (void)state;
    start("{\"name\": \"corrected\", \"purpose\": \"improve\", \"when\": \"corrected\"}");
    ask.decision.question = 3;
    ask.decision.options_n = 2;
    ask.decision.options[0].product = product(1);
    ask.decision.options[1].product = product(2);
    (void)clip_watch(&watch, &ask);
    touch(6, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_ANSWER, .ref = 3, .product = product(1) });
    assert_false(corrected_after(6));
    touch(7, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_ANSWER, .ref = 3, .product = product(2) });
    assert_true(corrected_after(7));
    assert_false(corrected_after(9));
    touch(10, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_ANSWER, .ref = 3, .option = TRUNDLE_OPTION_NOTHING });
    assert_true(corrected_after(10));
    touch(20, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_WRONG, .ref = 1 });
    assert_true(corrected_after(20.5));
    touch(30, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_MEMBER, .count = 1 });
    assert_false(corrected_after(30));
}

static bool disagrees(uint64_t seen, float seen_llr, uint64_t other, float other_llr, uint64_t scanned, uint32_t code)
{
    struct trundle_message e = { .channel = TRUNDLE_EVIDENCE, .log_ns = S_NS(9) }, d = decision(10, TRUNDLE_DECIDE_ADD, 0.99f);

    start("{\"name\": \"disagree\", \"purpose\": \"improve\", \"when\": \"disagree\"}");
    e.evidence.sense = TRUNDLE_SENSE_SEE;
    e.evidence.sensor = 1;
    e.evidence.id = 5;
    e.evidence.products_n = 2;
    e.evidence.products[0] = (struct trundle_likelihood){ product(seen), seen_llr };
    e.evidence.products[1] = (struct trundle_likelihood){ product(other), other_llr };
    (void)clip_watch(&watch, &e);
    d.decision.product = product(scanned);
    d.decision.code_sequence = code;
    d.decision.evidence_n = 1;
    d.decision.evidence[0].sense = TRUNDLE_SENSE_SEE;
    d.decision.evidence[0].sensor = 1;
    d.decision.evidence[0].id = 5;
    return clip_watch(&watch, &d);
}

static void scan_and_sight_disagree_when_they_do(void **state)
{
    (void)state;
    assert_true(disagrees(1, 6, 2, 0, 2, 900));
    assert_true(disagrees(1, 6, 3, 0, 2, 900));    /* the scanned one is not among those seen */
    assert_false(disagrees(1, 6, 2, 0, 1, 900));
    assert_false(disagrees(1, 1, 2, 0, 2, 900));   /* not by enough */
    assert_false(disagrees(1, 6, 2, 0, 2, 0));     /* nothing was scanned */
}

static void motion_with_a_code(void **state)
{
    struct trundle_message e = { .channel = TRUNDLE_EVIDENCE }, code = { .channel = TRUNDLE_CODE }, d;

    (void)state;
    start("{\"name\": \"both\", \"purpose\": \"improve\", \"when\": \"motion and code\"}");
    e.evidence.sense = TRUNDLE_SENSE_SEE;
    e.evidence.llr_put = 2;
    code.log_ns = S_NS(10);
    (void)clip_watch(&watch, &code);
    d = decision(10.5, TRUNDLE_DECIDE_ADD, 1);
    assert_false(clip_watch(&watch, &d));
    e.log_ns = S_NS(11);
    (void)clip_watch(&watch, &e);
    d = decision(11.5, TRUNDLE_DECIDE_ADD, 1);
    assert_true(clip_watch(&watch, &d));
    d = decision(15, TRUNDLE_DECIDE_ADD, 1);
    assert_false(clip_watch(&watch, &d));
}

/* --- The ring. ----------------------------------------------------------------------------------------------------- */
enum { MESSAGES = 4000, LARGEST = 9000 };

static size_t bytes_of(uint64_t i)
{
    return i % 3 ? (size_t)(i * 7919 % LARGEST) : 0;
}

static void push(struct ring *ring, uint64_t i)
{
    static uint8_t jpeg[LARGEST];
    struct trundle_message m = { .channel = i % 3 ? TRUNDLE_CAM : TRUNDLE_CELL, .log_ns = (int64_t)(i / 2), .sequence = (uint32_t)i };

    if (m.channel == TRUNDLE_CAM) {
        memset(jpeg, (int)(i & 0xff), sizeof jpeg);
        m.frame.jpeg = jpeg;
        m.frame.jpeg_bytes = bytes_of(i);
    }
    ring_push(ring, &m);
}

/* Whatever it still has is what was pushed, it is the newest, and it has no gap. */
static void the_ring_keeps_the_newest_whole(void **state)
{
    struct trundle_error err;
    struct ring *ring;
    uint8_t room[LARGEST];

    (void)state;
    support_ok(ring_new(256 << 10, &ring, &err), &err);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        push(ring, i);
        assert_int_equal(ring_end(ring), i + 1);
        if (i % 97)
            continue;
        for (uint64_t at = ring_begin(ring); at < ring_end(ring); at++) {
            struct trundle_message m;

            assert_int_equal(ring_get(ring, at, &m, room, sizeof room), TRUNDLE_OK);
            assert_int_equal(m.sequence, at);
            if (m.channel != TRUNDLE_CAM)
                continue;
            assert_int_equal(m.frame.jpeg_bytes, bytes_of(at));
            for (size_t k = 0; k < m.frame.jpeg_bytes; k++)
                assert_int_equal(m.frame.jpeg[k], at & 0xff);
        }
    }
    assert_in_range(ring_end(ring) - ring_begin(ring), 30, 80);      /* 192 KiB hold so many of 3 KiB on average */
    ring_free(ring);
}

static void the_ring_finds_a_time(void **state)
{
    struct trundle_error err;
    struct ring *ring;
    uint8_t room[LARGEST];
    struct trundle_message m;

    (void)state;
    support_ok(ring_new(256 << 10, &ring, &err), &err);
    assert_int_equal(ring_find(ring, 0), ring_end(ring));
    for (uint64_t i = 0; i < 500; i++)
        push(ring, i);
    for (int64_t t = 235; t < 250; t++) {
        uint64_t at = ring_find(ring, t);

        assert_int_equal(ring_get(ring, at, &m, room, sizeof room), TRUNDLE_OK);
        assert_int_equal(m.log_ns, t);
        assert_int_equal(m.sequence % 2, 0);
    }
    assert_int_equal(ring_find(ring, 0), ring_begin(ring));
    assert_int_equal(ring_find(ring, 250), ring_end(ring));
    assert_int_equal(ring_get(ring, ring_end(ring), &m, room, sizeof room), TRUNDLE_NOT_FOUND);
    assert_int_equal(ring_get(ring, 0, &m, room, sizeof room), TRUNDLE_NOT_FOUND);
    ring_clear(ring);
    assert_int_equal(ring_find(ring, 0), ring_end(ring));
    ring_free(ring);
}

static void a_picture_too_large_is_counted_and_costs_nothing(void **state)
{
    static uint8_t jpeg[200 << 10];
    struct trundle_message m = { .channel = TRUNDLE_CAM, .frame = { jpeg, sizeof jpeg } };
    struct trundle_error err;
    struct ring *ring;

    (void)state;
    assert_int_equal(ring_new(10, &ring, &err), TRUNDLE_BAD_ARG);
    support_ok(ring_new(256 << 10, &ring, &err), &err);
    push(ring, 0);
    ring_push(ring, &m);
    assert_int_equal(ring_refused(ring), 1);
    assert_int_equal(ring_end(ring), 1);
    ring_free(ring);
}

/* --- Budgets. ------------------------------------------------------------------------------------------------------ */
static void worth_is_the_stated_formula(void **state)
{
    struct policy_trigger t = { .worth = 4 };

    (void)state;
    assert_near(clip_worth(&t, 1, 0), 2, 1e-12);
    assert_near(clip_worth(&t, 0, 0), 6, 1e-12);
    assert_near(clip_worth(&t, (double)NAN, 0), 4, 1e-12);
    assert_near(clip_worth(&t, 1, 8), 1, 1e-12);
}

/* For random clips: budgets hold, nothing goes that need not, and no clip goes while one of less worth, of its day, stays. */
static void budgets_drop_the_least_worth_and_no_more(void **state)
{
    enum { CLIPS = 60, DAYS = 3 };
    struct rng r = rng_seed(support_seed(), "budget");

    (void)state;
    policy_default(&policy);
    for (int round = 0; round < 200; round++) {
        struct clip_kept clip[CLIPS];
        bool drop[CLIPS];
        int64_t day_left[DAYS] = { 0 }, waits = 0, largest = 0;
        size_t n = rng_below(&r, CLIPS + 1), gone = 0;

        policy.bytes_per_day = 2000 + (int64_t)rng_below(&r, 20000);
        policy.store_bytes = round % 2 ? 1000000 : 8000 + (int64_t)rng_below(&r, 20000);
        for (size_t i = 0; i < n; i++) {
            clip[i] = (struct clip_kept){ .id = (int64_t)i, .day = rng_below(&r, DAYS), .bytes = 100 + (int64_t)rng_below(&r, 2000), .worth = rng_below(&r, 8),
                                          .sent = rng_below(&r, 8) == 0 };
            clip[i].bound = clip[i].sent || rng_below(&r, 10) == 0;
            largest = clip[i].bytes > largest ? clip[i].bytes : largest;
        }
        gone = clip_budget(&policy, clip, n, drop);
        for (size_t i = 0; i < n; i++) {
            gone -= drop[i];
            assert_false(drop[i] && clip[i].bound);
            day_left[clip[i].day] += drop[i] ? 0 : clip[i].bytes;
            waits += drop[i] || clip[i].sent ? 0 : clip[i].bytes;
        }
        assert_int_equal(gone, 0);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n && drop[i]; k++)
                if (!drop[k] && !clip[k].bound && clip[k].day == clip[i].day)
                    assert_true(clip[k].worth >= clip[i].worth);
        for (int64_t d = 0; d < DAYS; d++) {
            bool all_bound = true, any = false;

            for (size_t i = 0; i < n; i++) {
                all_bound = all_bound && (clip[i].day != d || drop[i] || clip[i].bound);
                any = any || (drop[i] && clip[i].day == d);
            }
            assert_true(day_left[d] <= policy.bytes_per_day || all_bound);
            if (round % 2 && any)
                assert_true(day_left[d] > policy.bytes_per_day - largest);
        }
        if (waits > policy.store_bytes)
            for (size_t i = 0; i < n; i++)
                assert_true(drop[i] || clip[i].bound);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_becomes_a_clip_when_its_seconds_are_over),
        cmocka_unit_test(moments_that_touch_are_one_clip_named_after_the_worthiest),
        cmocka_unit_test(a_long_row_of_moments_is_cut_into_clips_that_do_not_overlap),
        cmocka_unit_test(a_late_event_reaches_back_to_when_it_happened),
        cmocka_unit_test(a_belief_that_is_renewed_is_one_moment),
        cmocka_unit_test(what_the_shopper_said_otherwise_is_corrected),
        cmocka_unit_test(scan_and_sight_disagree_when_they_do),
        cmocka_unit_test(motion_with_a_code),
        cmocka_unit_test(the_ring_keeps_the_newest_whole),
        cmocka_unit_test(the_ring_finds_a_time),
        cmocka_unit_test(a_picture_too_large_is_counted_and_costs_nothing),
        cmocka_unit_test(worth_is_the_stated_formula),
        cmocka_unit_test(budgets_drop_the_least_worth_and_no_more),
    };

    return support_run(tests);
}
