/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * session: the basket does not depend on threads, on recording or on who senses (replays A and B of docs/contracts.md), and
 * a killed trip goes on where it stopped. TRUNDLE_TEST_TRIPS says over how many simulated trips (6), TRUNDLE_TEST_PICTURES=0
 * leaves the cameras out.
 */
#include "base/trip/codec.h"
#include "cart/runtime/replay.h"
#include "lab/sim/sim.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[4096];
static int trips;
enum { SEED = 500 };

static int make_trips(void **state)
{
    const char *text = getenv("TRUNDLE_TEST_TRIPS");
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    const char *pictures = getenv("TRUNDLE_TEST_PICTURES");
    struct sim_suite *suite;
    struct trundle_error err;

    (void)state;
    trips = text ? atoi(text) : 6;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    options.pictures = !pictures || strcmp(pictures, "0") != 0;
    support_ok(sim_suite_load("smoke", &suite, &err), &err);
    options.jobs = 2;
    support_ok(sim_trips_make(suite, SEED, (size_t)trips, folder, &options, &err), &err);
    sim_suite_free(suite);
    return 0;
}

static const char *at(int trip, const char *kind)
{
    static char paths[4][4200];
    static int next;

    (void)snprintf(paths[next %= 4], sizeof paths[0], "%s/%d%s.mcap", folder, SEED + trip, kind);
    return paths[next++];
}

static void replay(const char *path, int threads, const char *record, bool recorded, struct replay_summary *out)
{
    struct replay_config config = REPLAY_CONFIG_DEFAULT;
    struct trundle_error err;

    config.threads = threads;
    config.record = record;
    config.recorded = recorded;
    support_ok(replay_trip(path, &config, out, &err), &err);
}

/* Every message of one channel, as bytes that can be compared: what was decided, and when. */
static struct bytes stream_of(const char *path, enum trundle_channel channel)
{
    struct bytes b = { 0 }, payload = { 0 };
    struct codec *codec;
    struct trip_reader *r;
    struct trundle_message m;
    struct trundle_error err;
    enum trundle_status status;

    support_ok(codec_new(&codec, &err), &err);
    support_ok(trip_open(path, &r, &err), &err);
    while ((status = trip_next(r, &m, &err)) == TRUNDLE_OK) {
        if (m.channel != channel)
            continue;
        support_ok(bytes_append(&b, &m.log_ns, sizeof m.log_ns), NULL);
        support_ok(bytes_append(&b, &m.sequence, sizeof m.sequence), NULL);
        support_ok(codec_encode(codec, &m, 0, &payload, &err), &err);
        support_ok(bytes_append(&b, payload.data, payload.n), NULL);
    }
    assert_int_equal(status, TRUNDLE_END);
    trip_free(r);
    codec_free(codec);
    bytes_done(&payload);
    return b;
}

static void assert_same_stream(const char *a, const char *b, enum trundle_channel channel)
{
    struct bytes x = stream_of(a, channel), y = stream_of(b, channel);

    assert_true(x.n > 0);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.data, y.data, x.n);
    bytes_done(&x);
    bytes_done(&y);
}

static void one_two_and_four_threads_decide_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < trips; i++) {
        struct replay_summary s;
        char one[4200], more[4200];

        (void)snprintf(one, sizeof one, "%s", at(i, "-1"));
        replay(at(i, ""), 1, one, false, &s);
        replay_summary_done(&s);
        for (int threads = 2; threads <= 4; threads += 2) {
            (void)snprintf(more, sizeof more, "%s", at(i, "-n"));
            replay(at(i, ""), threads, more, false, &s);
            replay_summary_done(&s);
            assert_same_stream(one, more, TRUNDLE_DECISION);
            assert_same_stream(one, more, TRUNDLE_EVIDENCE);
            (void)unlink(more);
        }
    }
}

/* Replay A: the recorded evidence alone gives the same decisions. */
static void recorded_evidence_decides_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < trips; i++) {
        struct replay_summary live, recorded;

        replay(at(i, "-1"), 1, NULL, false, &live);
        replay(at(i, "-1"), 1, NULL, true, &recorded);
        assert_true(live.counts.decisions > 0);
        assert_int_equal(live.counts.decisions, recorded.counts.decisions);
        assert_int_equal(live.receipt_text.n, recorded.receipt_text.n);
        assert_memory_equal(live.receipt_text.data, recorded.receipt_text.data, live.receipt_text.n);
        replay_summary_done(&live);
        replay_summary_done(&recorded);
    }
}

/* Replay B: sensing the samples of a recorded trip again gives its evidence again, bit for bit. */
static void sensing_again_sees_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < trips; i++) {
        struct replay_summary s;
        char again[4200];

        (void)snprintf(again, sizeof again, "%s", at(i, "-b"));
        replay(at(i, "-1"), 1, again, false, &s);
        replay_summary_done(&s);
        assert_same_stream(at(i, "-1"), again, TRUNDLE_EVIDENCE);
        assert_same_stream(at(i, "-1"), again, TRUNDLE_DECISION);
    }
}

/* The mutant: trips that differ must be told apart. */
static void different_trips_differ(void **state)
{
    struct bytes x = stream_of(at(0, "-1"), TRUNDLE_DECISION), y = stream_of(at(1, "-1"), TRUNDLE_DECISION);

    (void)state;
    assert_true(x.n != y.n || memcmp(x.data, y.data, x.n) != 0);
    bytes_done(&x);
    bytes_done(&y);
}

static void a_whole_trip_is_not_overwritten(void **state)
{
    struct replay_config config = REPLAY_CONFIG_DEFAULT;
    struct replay_summary s;
    struct trundle_error err;

    (void)state;
    config.record = at(0, "-1");
    assert_int_equal(replay_trip(at(0, ""), &config, &s, &err), TRUNDLE_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_two_and_four_threads_decide_the_same), cmocka_unit_test(recorded_evidence_decides_the_same),
        cmocka_unit_test(sensing_again_sees_the_same),              cmocka_unit_test(different_trips_differ),
        cmocka_unit_test(a_whole_trip_is_not_overwritten),
    };

    return cmocka_run_group_tests(tests, make_trips, NULL);
}
