/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Bad input, where it meets the runtime: trips that are cut, flipped or lie; cameras and scales that go wrong in the middle of
 * a trip; a disk that fills up; files in the way of a recording. Each has a defined end, and nothing recorded is lost.
 */
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/runtime/journal.h"
#include "cart/runtime/replay.h"
#include "lab/sim/sim.h"
#include "tests/support/support.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 511, OTHER_SEED = 517, LIMIT = 64 << 20 };

static char folder[4096], quick[4200], other[4200];
static struct bytes whole;                                   /* the quick trip's bytes */

/* Two trips without pictures, of two stores; support_scratch is one folder per call. */
static int make_trips(void **state)
{
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct sim_suite *suite;
    struct trundle_error err;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    support_ok(sim_suite_load("smoke", &suite, &err), &err);
    options.pictures = false;
    support_ok(sim_trips_make(suite, SEED, 1, folder, &options, &err), &err);
    support_ok(sim_trips_make(suite, OTHER_SEED, 1, folder, &options, &err), &err);
    sim_suite_free(suite);
    (void)snprintf(quick, sizeof quick, "%s/%d.mcap", folder, SEED);
    (void)snprintf(other, sizeof other, "%s/%d.mcap", folder, OTHER_SEED);
    support_ok(file_read(quick, LIMIT, &whole, &err), &err);
    return 0;
}

static int done(void **state)
{
    (void)state;
    bytes_done(&whole);
    return 0;
}

static const char *at(const char *name)
{
    static char path[8][4200];
    static int next;

    (void)snprintf(path[next %= 8], sizeof path[0], "%s/%s", folder, name);
    return path[next++];
}

static enum trundle_status replay(const char *path, const char *record, bool recorded, int threads, struct replay_summary *out, struct trundle_error *err)
{
    struct replay_config config = REPLAY_CONFIG_DEFAULT;

    config.record = record;
    config.recorded = recorded;
    config.threads = threads;
    memset(err, 0, sizeof *err);
    return replay_trip(path, &config, out, err);
}

static struct bytes right_receipt(void)
{
    struct replay_summary s;
    struct trundle_error err;

    support_ok(replay(quick, NULL, false, 1, &s, &err), &err);
    bytes_done(&s.receipt_json);
    return s.receipt_text;
}

/* Any status will do, but an error says where and what. `right` not NULL: an OK has that receipt. */
static bool ends_well(const char *path, bool recorded, const struct bytes *right)
{
    struct replay_summary s;
    struct trundle_error err;
    enum trundle_status status = replay(path, NULL, recorded, 1, &s, &err);

    if (status == TRUNDLE_OK) {
        if (right) {
            assert_int_equal(s.receipt_text.n, right->n);
            assert_memory_equal(s.receipt_text.data, right->data, right->n);
        }
        replay_summary_done(&s);
        return true;
    }
    assert_true(err.status == status && err.where[0] && err.what[0]);
    return false;
}

static void cut_trips_are_refused(void **state)
{
    struct rng r = rng_seed(support_seed(), "cuts");
    struct trundle_error err;
    struct replay_summary s;

    (void)state;
    for (int i = 0; i < 40; i++) {
        size_t n = i < 10 ? (size_t)i : (size_t)rng_range(&r, 0, (double)whole.n - 1);

        support_ok(file_write(at("cut.mcap"), whole.data, n, &err), &err);
        assert_int_equal(replay(at("cut.mcap"), NULL, false, 1, &s, &err), TRUNDLE_TRUNCATED);
        assert_non_null(strstr(err.where, "cut.mcap"));
    }
}

static void flipped_trips_end_well(void **state)
{
    struct rng r = rng_seed(support_seed(), "flips");
    struct bytes right = right_receipt();
    struct trundle_error err;
    int refused = 0;

    (void)state;
    for (int i = 0; i < 60; i++) {
        size_t place = (size_t)rng_range(&r, 0, (double)whole.n - 1);
        uint8_t bit = (uint8_t)(1u << (i % 8));

        whole.data[place] ^= bit;
        support_ok(file_write(at("flip.mcap"), whole.data, whole.n, &err), &err);
        whole.data[place] ^= bit;
        refused += !ends_well(at("flip.mcap"), false, &right);
    }
    printf("# %d of 60 trips with a flipped bit were refused, the others were shopped as ever\n", refused);
    assert_true(refused > 20);
    bytes_done(&right);
}

/* The wildest value that a field may hold, or a plain one. */
static int32_t wild(struct rng *r)
{
    static const int32_t values[] = { 0, 1, -1, INT32_MAX, INT32_MIN, INT32_MIN + 1, 99, 1 << 24, 123456 };

    return values[(size_t)rng_range(r, 0, 8.99)];
}

static float wild_float(struct rng *r)
{
    const float values[] = { 0, 1, -1, (float)NAN, (float)INFINITY, -(float)INFINITY, 3e38f, 1e-38f, 9.81f };

    return values[(size_t)rng_range(r, 0, 8.99)];
}

static struct trundle_message lie(struct rng *r, int64_t log_ns)
{
    static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xd9 };
    struct trundle_message m = { .channel = (enum trundle_channel)(1 + (int)rng_range(r, 0, 8.99)), .sensor = (uint8_t)rng_range(r, 0, 3.99), .log_ns = log_ns };

    m.sensed_ns = log_ns + (int64_t)rng_range(r, -5e9, 1e9);
    switch (m.channel) {
    case TRUNDLE_CELL:
        m.cell.n = (uint8_t)(1 + (int)rng_range(r, 0, 3.99));
        for (int i = 0; i < m.cell.n; i++)
            m.cell.raw[i] = wild(r);
        break;
    case TRUNDLE_IMU:
        for (int i = 0; i < 3; i++)
            m.imu.accel_ms2[i] = wild_float(r), m.imu.gyro_rads[i] = wild_float(r);
        break;
    case TRUNDLE_CAM: m.frame = (struct trundle_frame){ jpeg, (size_t)rng_range(r, 0, sizeof jpeg) }; break;
    case TRUNDLE_CODE:
        m.code.text_bytes = (uint16_t)rng_range(r, 0, 40);
        for (int i = 0; i < m.code.text_bytes; i++)
            m.code.text[i] = (char)rng_range(r, '-', 'Z');
        break;
    case TRUNDLE_LOC:
        m.loc.x_m = (double)wild_float(r);
        m.loc.y_m = (double)wild_float(r);
        m.loc.sd_m = wild_float(r);
        break;
    case TRUNDLE_TOUCH:
        m.touch.kind = (enum trundle_touch_kind)(1 + (int)rng_range(r, 0, 11.99));
        m.touch.ref = (uint32_t)rng_range(r, 0, 5);
        m.touch.option = (enum trundle_touch_option)(int)rng_range(r, 0, 2.99);
        m.touch.count = wild(r);
        break;
    case TRUNDLE_EVIDENCE: {
        struct trundle_evidence *e = &m.evidence;

        e->id = (uint32_t)rng_range(r, 0, 20);
        e->sense = (enum trundle_sense)(1 + (int)rng_range(r, 0, 2.99));
        e->stage = TRUNDLE_STAGE_FINAL;
        e->t0_ns = log_ns - (int64_t)rng_range(r, 0, 5e9);
        e->t1_ns = log_ns - (int64_t)rng_range(r, 0, 5e9);
        e->llr_put = wild_float(r), e->llr_take = wild_float(r), e->llr_move = wild_float(r), e->llr_bump = wild_float(r);
        e->mass_g = (double)wild_float(r), e->mass_sd_g = (double)wild_float(r);
        e->products_n = 1;
        e->products[0].llr = wild_float(r);
        e->products[0].product.key = (uint64_t)rng_range(r, 0, 1e18);
        e->llr_unknown = wild_float(r);
        break;
    }
    default: break;
    }
    return m;
}

/* Whole, with every CRC right, and full of lies. Half of it is a true trip, so that there is something to lie about. */
static void lying_trips_end_well(void **state)
{
    struct rng r = rng_seed(support_seed(), "lies");
    int ok = 0;

    (void)state;
    for (int round = 0; round < 12; round++) {
        struct trip_writer_config config = TRIP_WRITER_CONFIG_DEFAULT;
        struct trip_reader *from;
        struct trip_writer *to;
        struct bytes cart = { 0 }, catalog = { 0 };
        struct trundle_error err;
        struct trundle_message m;
        uint32_t sequence = 0;

        (void)unlink(at("lies.mcap"));
        support_ok(trip_open(quick, &from, &err), &err);
        support_ok(trip_create(at("lies.mcap"), trip_head(from), &config, &to, &err), &err);
        support_ok(trip_attachment(from, TRIP_CART_JSON, &cart, &err), &err);
        support_ok(trip_attachment(from, TRIP_CATALOG_JSON, &catalog, &err), &err);
        support_ok(trip_attach(to, TRIP_CART_JSON, "application/json", cart.data, cart.n, &err), &err);
        support_ok(trip_attach(to, TRIP_CATALOG_JSON, "application/json", catalog.data, catalog.n, &err), &err);
        bytes_done(&cart);
        bytes_done(&catalog);
        while (trip_next(from, &m, &err) == TRUNDLE_OK) {
            struct trundle_message lies = lie(&r, m.log_ns);

            m.sequence = ++sequence;
            support_ok(trip_write(to, &m, &err), &err);
            if (rng_range(&r, 0, 1) > 0.3)
                continue;
            lies.sequence = ++sequence;
            if (trip_write(to, &lies, &err) == TRUNDLE_IO)
                fail_msg("%s", err.what);
        }
        if (round % 3 == 2) {                                /* and one message from the far future */
            m = (struct trundle_message){ .channel = TRUNDLE_TICK, .sequence = ++sequence, .log_ns = INT64_MAX / 2, .sensed_ns = INT64_MAX / 2 };
            if (trip_write(to, &m, &err) != TRUNDLE_OK)
                printf("# the writer refuses: %s\n", err.what);
        }
        support_ok(trip_finish(to, &err), &err);
        trip_free(from);
        ok += ends_well(at("lies.mcap"), round % 2, NULL);
    }
    printf("# %d of 12 lying trips were shopped to the end\n", ok);
    assert_in_range(ok, 6, 8);                               /* those without the far future */
}

/* A trip in whose middle devices go wrong: `break_it` makes or spoils a message; what is recorded is whole and replays the same. */
static void shop_broken(void (*break_it)(struct trundle_message *m, int i), int *out_decisions)
{
    struct session_config config = { .threads = 2, .record = at("broken.mcap") };
    struct bytes cart = { 0 }, catalog = { 0 };
    struct replay_summary again;
    struct trip_reader *from;
    struct session *s;
    struct trundle_error err;
    struct trundle_message m;
    int i = 0;

    (void)unlink(at("broken.mcap"));
    support_ok(trip_open(quick, &from, &err), &err);
    config.head = *trip_head(from);
    support_ok(trip_attachment(from, TRIP_CART_JSON, &cart, &err), &err);
    support_ok(trip_attachment(from, TRIP_CATALOG_JSON, &catalog, &err), &err);
    config.setup.cart_json = (struct trundle_text){ (char *)cart.data, cart.n };
    config.setup.catalog_json = (struct trundle_text){ (char *)catalog.data, catalog.n };
    support_ok(session_open(&config, &s, &err), &err);
    while (trip_next(from, &m, &err) == TRUNDLE_OK) {
        enum trundle_status status;

        break_it(&m, i++);
        status = session_push(s, &m, &err);
        if (status != TRUNDLE_BAD_INPUT)
            support_ok(status, &err);
    }
    support_ok(session_settle(s, &err), &err);
    *out_decisions = (int)session_counts(s).decisions;
    support_ok(session_finish(s, &err), &err);
    trip_free(from);
    bytes_done(&cart);
    bytes_done(&catalog);
    support_ok(replay(at("broken.mcap"), NULL, true, 1, &again, &err), &err);
    assert_int_equal(again.counts.decisions, *out_decisions);
    replay_summary_done(&again);
}

static void break_nothing(struct trundle_message *m, int i)
{
    (void)m;
    (void)i;
}

/* Frames of a camera that stops, changes size, or sends what is no picture. */
static void break_camera(struct trundle_message *m, int i)
{
    static uint8_t garbage[3000];

    if (m->channel != TRUNDLE_IMU)
        return;
    m->channel = TRUNDLE_CAM;
    m->sensor = (uint8_t)(i % 6);                            /* 4 and 5 cannot be */
    garbage[i % 3000] = (uint8_t)(i * 37);
    memcpy(garbage, "\xff\xd8\xff", 3);
    m->frame = (struct trundle_frame){ i % 5 ? garbage : NULL, i % 5 ? (size_t)(i % 3000) : 0 };
}

static void break_scale(struct trundle_message *m, int i)
{
    if (m->channel == TRUNDLE_CELL && i % 4 == 0) {
        for (int k = 0; k < TRUNDLE_CELLS_MAX; k++)
            m->cell.raw[k] = i % 8 ? TRUNDLE_CELL_NONE : INT32_MAX;
        m->cell.n = (uint8_t)(1 + i % TRUNDLE_CELLS_MAX);
    } else if (m->channel == TRUNDLE_CELL && i > 3000 && i < 6000) {
        m->channel = TRUNDLE_TICK;                           /* it stops */
    } else if (m->channel == TRUNDLE_CELL && i % 97 == 0) {
        m->sensed_ns += i % 2 ? S_NS(40000000) : -S_NS(3600);
    } else if (m->channel == TRUNDLE_IMU) {
        m->imu.accel_ms2[i % 3] = i % 2 ? (float)NAN : (float)INFINITY;
    }
}

static void break_scanner(struct trundle_message *m, int i)
{
    if (m->channel != TRUNDLE_IMU || i % 10)
        return;
    m->channel = TRUNDLE_CODE;
    memset(&m->code, 0, sizeof m->code);
    m->code.text_bytes = (uint16_t)(i % TRUNDLE_CODE_TEXT);
    for (int k = 0; k < m->code.text_bytes; k++)
        m->code.text[k] = (char)(i * 31 + k * 7);
    m->code.symbology = (enum trundle_symbology)(i % 12);
}

static void devices_that_go_wrong_do_not_end_a_trip(void **state)
{
    int right, camera, scale, scanner;

    (void)state;
    shop_broken(break_nothing, &right);
    shop_broken(break_camera, &camera);
    shop_broken(break_scale, &scale);
    shop_broken(break_scanner, &scanner);
    printf("# decisions: %d as it was, %d with a broken camera, %d scale, %d scanner\n", right, camera, scale, scanner);
    assert_true(right > 0 && camera > 0 && scanner > 0);
}

/* --- what is in the way of a recording --- */
static void assert_refused_and_kept(const char *record, enum trundle_status wanted, const char *says)
{
    struct bytes before = { 0 }, after = { 0 };
    struct replay_summary s;
    struct trundle_error err;
    char text[1024];

    support_ok(file_read(record, LIMIT, &before, &err), &err);
    assert_int_equal(replay(quick, record, false, 1, &s, &err), wanted);
    if (!strstr(error_text(&err, text, sizeof text), says))
        fail_msg("'%s' does not say '%s'", text, says);
    support_ok(file_read(record, LIMIT, &after, &err), &err);
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.data, after.data, before.n);
    bytes_done(&before);
    bytes_done(&after);
}

static void only_killed_trips_are_gone_on_with(void **state)
{
    struct trundle_error err;

    (void)state;
    support_ok(file_write(at("letter.txt"), "Dear reader, this is no trip at all.\n", 37, &err), &err);
    assert_refused_and_kept(at("letter.txt"), TRUNDLE_CONFLICT, "no trip that was killed");
    support_ok(file_write(at("whole.mcap"), whole.data, whole.n, &err), &err);
    assert_refused_and_kept(at("whole.mcap"), TRUNDLE_CONFLICT, "is a whole trip already");
    whole.data[whole.n - 60] ^= 4;                           /* damage in a trip that has its end */
    support_ok(file_write(at("damaged.mcap"), whole.data, whole.n, &err), &err);
    whole.data[whole.n - 60] ^= 4;
    assert_refused_and_kept(at("damaged.mcap"), TRUNDLE_CONFLICT, "no trip that was killed");
}

static void a_killed_trip_of_another_is_not_gone_on_with(void **state)
{
    struct bytes b = { 0 }, kept = { 0 };
    struct replay_summary s;
    struct trundle_error err;

    (void)state;
    support_ok(file_read(other, LIMIT, &b, &err), &err);
    support_ok(file_write(at("killed.mcap"), b.data, b.n / 2, &err), &err);
    for (int i = 0; i < 2; i++) {                            /* each time the same, until somebody looks */
        assert_int_equal(replay(quick, at("killed.mcap"), false, 1, &s, &err), TRUNDLE_CONFLICT);
        assert_non_null(strstr(err.what, "begun with another"));
    }
    support_ok(file_read(at("killed.mcap.killed"), LIMIT, &kept, &err), &err);
    assert_int_equal(kept.n, b.n / 2);
    support_ok(replay(other, at("killed.mcap"), false, 1, &s, &err), &err);
    assert_true(s.counts.recovered_inputs > 0);
    replay_summary_done(&s);
    bytes_done(&kept);
    bytes_done(&b);
}

static void a_journal_that_is_no_database_is_an_error(void **state)
{
    struct replay_summary s;
    struct trundle_error err;
    struct bytes kept = { 0 };

    (void)state;
    support_ok(file_write(at("j.mcap"), whole.data, whole.n / 2, &err), &err);
    support_ok(file_write(at("j.mcap.journal"), "this is not a database, however one looks at it; it is some text.", 65, &err), &err);
    assert_int_equal(replay(quick, at("j.mcap"), false, 1, &s, &err), TRUNDLE_CORRUPT);
    assert_non_null(strstr(err.where, "j.mcap.journal"));
    support_ok(file_read(at("j.mcap.killed"), LIMIT, &kept, &err), &err);
    assert_int_equal(kept.n, whole.n / 2);                   /* nothing is lost: */
    bytes_done(&kept);
    (void)unlink(at("j.mcap.journal"));
    support_ok(replay(quick, at("j.mcap"), false, 1, &s, &err), &err);
    assert_true(s.counts.recovered_inputs > 0);
    replay_summary_done(&s);
}

static void acknowledged_and_nothing_whole_is_an_error(void **state)
{
    struct journal *j;
    struct trundle_message m = { .channel = TRUNDLE_DECISION, .sequence = 1, .decision = { .id = 1, .kind = TRUNDLE_DECIDE_ADD } };
    size_t again, differing;
    struct replay_summary s;
    struct trundle_error err;

    (void)state;
    support_ok(journal_open(at("n.mcap.journal"), &j, &err), &err);
    support_ok(journal_append(j, &m, 1, &again, &differing, &err), &err);
    journal_close(j);
    support_ok(file_write(at("n.mcap"), whole.data, 20, &err), &err);
    assert_int_equal(replay(quick, at("n.mcap"), false, 1, &s, &err), TRUNDLE_CORRUPT);
    assert_non_null(strstr(err.what, "1 decisions had been made"));
    (void)unlink(at("n.mcap.killed"));
    support_ok(replay(quick, at("n.mcap"), false, 1, &s, &err), &err);
    assert_int_equal(s.counts.recovered_rows, 0);
    replay_summary_done(&s);
}

/* --- a full disk --- */
static int said_fd;

static void say(void *user, const struct trundle_message *m, bool again)
{
    (void)user;
    (void)again;
    if (write(said_fd, &m->decision.id, sizeof m->decision.id) != (ssize_t)sizeof m->decision.id)
        _exit(9);
}

/* Shops in a child that may write `limit` bytes to each file. Returns the last decision that was acknowledged; the child's
 * exit code is the status. */
static uint32_t shop_on_small_disk(const char *record, size_t limit, int *out_status)
{
    uint32_t last = 0, id;
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        struct replay_config config = REPLAY_CONFIG_DEFAULT;
        struct replay_summary s;
        struct trundle_error err;

        (void)close(ends[0]);
        said_fd = ends[1];
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &(struct rlimit){ limit, limit });
        config.record = record;
        config.decision = say;
        status = (int)replay_trip(quick, &config, &s, &err);
        if (status != TRUNDLE_OK && (!err.where[0] || !err.what[0]))
            _exit(99);
        _exit(status);
    }
    (void)close(ends[1]);
    while (read(ends[0], &id, sizeof id) == (ssize_t)sizeof id)
        last = id;
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    *out_status = WEXITSTATUS(status);
    return last;
}

static void a_full_disk_loses_nothing_acknowledged(void **state)
{
    struct replay_summary right, s;
    struct trundle_error err;
    size_t sizes[] = { 0, 5000, whole.n / 4, whole.n / 2, whole.n * 4 / 5 };
    int told = 0;

    (void)state;
    support_ok(replay(quick, NULL, false, 1, &right, &err), &err);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char record[4200];
        int status;
        uint32_t last;

        (void)snprintf(record, sizeof record, "%s/full%zu.mcap", folder, i);
        last = shop_on_small_disk(record, sizes[i], &status);
        assert_int_equal(status, TRUNDLE_IO);
        told += (int)last;
        support_ok(replay(quick, record, false, 1, &s, &err), &err);      /* somebody made room: it goes on */
        printf("# %zu bytes a file: %u decisions acknowledged, %llu rows found again\n", sizes[i], last, (unsigned long long)s.counts.recovered_rows);
        assert_true(s.counts.recovered_rows >= last);
        assert_int_equal(s.counts.differing_rows, 0);
        assert_int_equal(s.counts.decisions, right.counts.decisions);
        assert_int_equal(s.receipt_text.n, right.receipt_text.n);
        assert_memory_equal(s.receipt_text.data, right.receipt_text.data, right.receipt_text.n);
        replay_summary_done(&s);
    }
    assert_true(told > 0);
    replay_summary_done(&right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_trips_are_refused),
        cmocka_unit_test(flipped_trips_end_well),
        cmocka_unit_test(lying_trips_end_well),
        cmocka_unit_test(devices_that_go_wrong_do_not_end_a_trip),
        cmocka_unit_test(only_killed_trips_are_gone_on_with),
        cmocka_unit_test(a_killed_trip_of_another_is_not_gone_on_with),
        cmocka_unit_test(a_journal_that_is_no_database_is_an_error),
        cmocka_unit_test(acknowledged_and_nothing_whole_is_an_error),
        cmocka_unit_test(a_full_disk_loses_nothing_acknowledged),
    };

    return cmocka_run_group_tests(tests, make_trips, done);
}
