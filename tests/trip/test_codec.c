/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Payloads: what is encoded is decoded; what is out of range is refused both ways, by name; hostile bytes cost little. */
#include "base/trip/codec.h"
#include "tests/support/support.h"
#include "trip_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <trundle.pb-c.h>

static void same_back(void **state)
{
    struct rng r = rng_seed(support_seed(), "codec");
    struct codec *c = NULL, *d = NULL;
    struct bytes b = { 0 };
    struct trundle_error err;
    uint8_t scratch[SAMPLE_SCRATCH];

    (void)state;
    support_ok(codec_new(&c, &err), &err);
    support_ok(codec_new(&d, &err), &err);
    for (int k = 1; k < TRUNDLE_CHANNEL_COUNT; k++)
        for (int i = 0; i < 300; i++) {
            struct trundle_message m = sample_message(&r, (enum trundle_channel)k, scratch), back = { 0 };

            support_ok(codec_encode(c, &m, 1760000000000000000, &b, &err), &err);
            support_ok(codec_decode(d, m.channel, b.data, b.n, &back, &err), &err);
            if (!sample_same(&m, &back))
                fail_msg("%s number %d differs", codec_topic(m.channel), i);
        }
    bytes_done(&b);
    codec_free(c);
    codec_free(d);
}

static void refuses(enum trundle_channel channel, struct trundle_message m, const char *field)
{
    struct trundle_error err = { .what = "" };

    m.channel = channel;
    if (codec_check(&m, &err) != TRUNDLE_BAD_ARG || !strstr(err.what, field) || !strstr(err.where, codec_topic(channel)))
        fail_msg("%s: '%s: %s'", field, err.where, err.what);
}

static void out_of_range(void **state)
{
    struct trundle_message m;

    (void)state;
#define REFUSE(channel, field, ...)            \
    memset(&m, 0, sizeof m);                   \
    __VA_ARGS__;                               \
    refuses(channel, m, field)
    REFUSE(TRUNDLE_CELL, "n is 0", m.cell.n = 0);
    REFUSE(TRUNDLE_CELL, "n is 5", m.cell.n = 5);
    REFUSE(TRUNDLE_IMU, "accel_ms2", m.imu.accel_ms2[2] = INFINITY);
    REFUSE(TRUNDLE_CAM, "jpeg_bytes", m.frame.jpeg_bytes = 0);
    REFUSE(TRUNDLE_CAM, "jpeg is NULL", m.frame.jpeg_bytes = 5);
    REFUSE(TRUNDLE_CODE, "text_bytes", m.code.text_bytes = TRUNDLE_CODE_TEXT);
    REFUSE(TRUNDLE_CODE, "symbology", m.code.symbology = (enum trundle_symbology)10);
    REFUSE(TRUNDLE_LOC, "x_m", m.loc.x_m = (double)NAN);
    REFUSE(TRUNDLE_LOC, "zone", memset(m.loc.zone, 'a', sizeof m.loc.zone));
    REFUSE(TRUNDLE_TOUCH, "kind is 0", m.touch.count = 1);
    REFUSE(TRUNDLE_TOUCH, "product key", m.touch.kind = TRUNDLE_TOUCH_PLU; m.touch.product.key = UINT64_C(3) << 56);
    REFUSE(TRUNDLE_DROP, "channel", m.drop.count = 1);
    REFUSE(TRUNDLE_EVIDENCE, "sense", m.evidence.id = 1);
    REFUSE(TRUNDLE_EVIDENCE, "products_n", m.evidence.sense = TRUNDLE_SENSE_SEE; m.evidence.products_n = 17);
    REFUSE(TRUNDLE_EVIDENCE, "mass_g", m.evidence.sense = TRUNDLE_SENSE_SEE; m.evidence.mass_g = -(double)INFINITY);
    REFUSE(TRUNDLE_BELIEF, "alternatives_n", m.belief.alternatives_n = 17);
    REFUSE(TRUNDLE_DECISION, "kind", m.decision.id = 1);
    REFUSE(TRUNDLE_DECISION, "options_n", m.decision.kind = TRUNDLE_DECIDE_ASK; m.decision.options_n = 4);
}

/* The same from the outside: protobuf that says more than the struct can hold. */
static void outside_values(void **state)
{
    struct codec *c = NULL;
    struct trundle_error err;
    struct trundle_message m = { .sequence = 77 }, was = m;
    uint8_t packed[4096];
    int32_t raw[5] = { 1, 2, 3, 4, 5 };
    Trundle__V1__Cell cell = TRUNDLE__V1__CELL__INIT;
    Trundle__V1__Drop drop = TRUNDLE__V1__DROP__INIT;
    Trundle__V1__Evidence evidence = TRUNDLE__V1__EVIDENCE__INIT;
    size_t n;

    (void)state;
    support_ok(codec_new(&c, &err), &err);
    cell.raw = raw;
    cell.n_raw = 5;
    n = trundle__v1__cell__pack(&cell, packed);
    assert_int_equal(codec_decode(c, TRUNDLE_CELL, packed, n, &m, &err), TRUNDLE_BAD_INPUT);
    assert_string_equal(err.where, "/cell");
    cell.n_raw = 4;
    n = trundle__v1__cell__pack(&cell, packed);
    assert_int_equal(codec_decode(c, TRUNDLE_CELL, packed, n - 1, &m, &err), TRUNDLE_CORRUPT);
    drop.channel = 256 + TRUNDLE_CELL;                      /* must not be cut to 8 bits */
    n = trundle__v1__drop__pack(&drop, packed);
    assert_int_equal(codec_decode(c, TRUNDLE_DROP, packed, n, &m, &err), TRUNDLE_BAD_INPUT);
    evidence.sense = 1;
    evidence.sensor = 256;
    n = trundle__v1__evidence__pack(&evidence, packed);
    assert_int_equal(codec_decode(c, TRUNDLE_EVIDENCE, packed, n, &m, &err), TRUNDLE_BAD_INPUT);
    assert_memory_equal(&m, &was, sizeof m);                /* untouched */
    evidence.sensor = 255;
    n = trundle__v1__evidence__pack(&evidence, packed);
    packed[n++] = 0xfa;                                     /* a field of the future: number 127, one byte */
    packed[n++] = 0x07;
    packed[n++] = 0x01;
    packed[n++] = 'x';
    support_ok(codec_decode(c, TRUNDLE_EVIDENCE, packed, n, &m, &err), &err);
    assert_true(isnan(m.evidence.position_m[0]) && m.sequence == 77 && m.evidence.sensor == 255);
    codec_free(c);
}

/* Many empty submessages: two bytes each, and a struct each. */
static void amplification(void **state)
{
    struct codec *c = NULL;
    struct trundle_error err;
    struct trundle_message m;
    size_t n = (CODEC_OTHER_BYTES / 2) * 2;
    uint8_t *bytes = malloc(n + 1);
    enum trundle_status status;

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i += 2) {
        bytes[i] = 0x7a;                                    /* Evidence.products */
        bytes[i + 1] = 0;
    }
    support_ok(codec_new(&c, &err), &err);
    status = codec_decode(c, TRUNDLE_EVIDENCE, bytes, n, &m, &err);
    assert_true(status == TRUNDLE_TOO_LARGE || status == TRUNDLE_BAD_INPUT);
    assert_int_equal(codec_decode(c, TRUNDLE_EVIDENCE, bytes, n + 1, &m, &err), TRUNDLE_TOO_LARGE);
    codec_free(c);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(same_back), cmocka_unit_test(out_of_range), cmocka_unit_test(outside_values),
                                        cmocka_unit_test(amplification) };

    return support_run(tests);
}
