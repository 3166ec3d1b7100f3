/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The trip layer: what is written is read, in order; seeking; damage; recovery; the refusals. */
#include "tests/support/support.h"
#include "trip_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

enum { MESSAGES = 240 };

static const char *scratch_path(const char *name)
{
    static char paths[8][600];
    static unsigned next;
    char *path = paths[next++ % 8];

    (void)snprintf(path, sizeof paths[0], "%s/%s", support_scratch(), name);
    (void)unlink(path);
    return path;
}

/* Reads to the end; all messages must be those of the sample from `first` on. Returns how many. */
static size_t read_all(struct trip_reader *r, uint64_t seed, size_t first)
{
    struct trundle_message m, want;
    struct trundle_error err;
    uint8_t scratch[SAMPLE_SCRATCH];
    enum trundle_status status;
    size_t n = 0;

    while ((status = trip_next(r, &m, &err)) == TRUNDLE_OK) {
        want = sample_trip_message(seed, first + n, scratch);
        if (!sample_same(&want, &m))
            fail_msg("message %zu differs", first + n);
        n++;
    }
    if (status != TRUNDLE_END)
        fail_msg("%s: %s", err.where, err.what);
    return n;
}

static void same_back(void **state)
{
    static const struct trip_writer_config configs[] = {
        TRIP_WRITER_CONFIG_DEFAULT,
        { TRIP_ZSTD, 10000, 250000000 },
        { TRIP_NONE, 1, 0 },
    };
    uint64_t seed = support_seed();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(configs); i++) {
        const char *path = scratch_path("same.mcap");
        struct trip_reader *r = NULL;
        struct trundle_error err;
        struct trip_head want = sample_head();
        struct bytes b = { 0 };

        sample_trip(path, seed, MESSAGES, &configs[i], true);
        support_ok(trip_open(path, &r, &err), &err);
        assert_memory_equal(trip_head(r), &want, sizeof want);
        assert_int_equal(read_all(r, seed, 0), MESSAGES);
        support_ok(trip_attachment(r, TRIP_CART_JSON, &b, &err), &err);
        assert_string_equal((const char *)b.data, "{\"cart\":1}");
        support_ok(trip_attachment(r, TRIP_CATALOG_JSON, &b, &err), &err);
        assert_int_equal(b.n, 2);
        assert_int_equal(trip_attachment(r, "none", &b, &err), TRUNDLE_NOT_FOUND);
        bytes_done(&b);
        for (size_t k = 0; k <= MESSAGES + 10; k += 7) {
            int64_t t = (int64_t)(k / 2) * 20000000 - 3;
            size_t first = (k / 2) * 2;

            support_ok(trip_seek(r, t, &err), &err);
            assert_int_equal(read_all(r, seed, first < MESSAGES ? first : MESSAGES), first < MESSAGES ? MESSAGES - first : 0);
        }
        assert_int_equal(trip_skipped(r), 0);
        trip_free(r);
    }
}

/* The comparison itself must notice one changed field. */
static void mutants_are_noticed(void **state)
{
    uint8_t scratch[SAMPLE_SCRATCH];

    (void)state;
    for (size_t i = 0; i < 240; i++) {
        struct trundle_message a = sample_trip_message(1, i, scratch), b = a;

        assert_true(sample_same(&a, &b));
        switch (a.channel) {
        case TRUNDLE_EVIDENCE: b.evidence.position_cov_m2[5] += 1; b.evidence.faults ^= 1; break;
        case TRUNDLE_DECISION: b.decision.tax_cents++; break;
        case TRUNDLE_BELIEF: b.belief.event++; break;
        case TRUNDLE_CODE: b.code.source = (enum trundle_code_source)(((int)b.code.source + 1) % 3); break;
        default: b.sensor++; break;
        }
        assert_false(sample_same(&a, &b));
    }
}

static void refusals(void **state)
{
    const char *path = scratch_path("refuse.mcap");
    struct trip_head head = sample_head();
    struct trip_writer *w = NULL, *second = NULL;
    struct trip_reader *r = NULL;
    struct trundle_message m = { .channel = TRUNDLE_TICK, .log_ns = 10, .sensed_ns = 10, .sequence = 5 };
    struct trundle_error err;

    (void)state;
    support_ok(trip_create(path, &head, NULL, &w, &err), &err);
    assert_int_equal(trip_create(path, &head, NULL, &second, &err), TRUNDLE_CONFLICT);
    assert_null(second);
    support_ok(trip_write(w, &m, &err), &err);
    assert_int_equal(trip_write(w, &m, &err), TRUNDLE_BAD_ARG);
    m.sequence = 6;
    m.log_ns = 9;
    assert_int_equal(trip_write(w, &m, &err), TRUNDLE_BAD_ARG);
    m.log_ns = 10;
    m.channel = TRUNDLE_CAM;
    assert_int_equal(trip_write(w, &m, &err), TRUNDLE_BAD_ARG);          /* no picture */
    m.channel = (enum trundle_channel)77;
    assert_int_equal(trip_write(w, &m, &err), TRUNDLE_BAD_ARG);
    m.channel = TRUNDLE_TICK;
    support_ok(trip_write(w, &m, &err), &err);
    support_ok(trip_finish(w, &err), &err);
    support_ok(trip_open(path, &r, &err), &err);
    trip_free(r);
    head.cart_sha256[3] = 'x';
    assert_int_equal(trip_create(scratch_path("bad.mcap"), &head, NULL, &w, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(trip_open(scratch_path("none.mcap"), &r, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(trip_create("/nowhere/x.mcap", &(struct trip_head){ .schema_version = 1 }, NULL, &w, &err), TRUNDLE_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(same_back), cmocka_unit_test(mutants_are_noticed), cmocka_unit_test(refusals) };

    return support_run(tests);
}
