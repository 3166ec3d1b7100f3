/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The two bounded queues: what the inbox drops and says of it, and the pipeline's order under any number of threads. */
#include "base/std/time.h"
#include "cart/runtime/inbox.h"
#include "cart/runtime/pipeline.h"
#include "tests/support/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trundle_message cell(int64_t t_ns)
{
    return (struct trundle_message){ .channel = TRUNDLE_CELL, .sensed_ns = t_ns, .cell.n = 4 };
}

static struct trundle_message frame(uint8_t sensor, const uint8_t *bytes, size_t n)
{
    return (struct trundle_message){ .channel = TRUNDLE_CAM, .sensor = sensor, .frame = { bytes, n } };
}

static void first_in_is_first_out(void **state)
{
    struct inbox *in;
    struct trundle_message m, out;
    uint8_t picture[3] = { 1, 2, 3 };

    (void)state;
    assert_int_equal(inbox_new(&in), TRUNDLE_OK);
    assert_false(inbox_take(in, &out, 0));
    m = cell(5);
    assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);
    m = frame(1, picture, 3);
    assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);
    memset(picture, 9, 3);                                   /* it was copied */
    assert_true(inbox_take(in, &out, 0));
    assert_int_equal(out.sensed_ns, 5);
    assert_true(inbox_take(in, &out, 0));
    assert_int_equal(out.frame.jpeg_bytes, 3);
    assert_int_equal(out.frame.jpeg[2], 3);
    m.frame.jpeg_bytes = INBOX_FRAME_BYTES + 1;
    assert_int_equal(inbox_put(in, &m), TRUNDLE_TOO_LARGE);
    m.channel = (enum trundle_channel)-1;
    assert_int_equal(inbox_put(in, &m), TRUNDLE_BAD_ARG);
    inbox_free(in);
    inbox_free(NULL);
}

static void losses_are_counted_and_said(void **state)
{
    struct inbox *in;
    struct trundle_message m = cell(1), out, touch = { .channel = TRUNDLE_TOUCH };
    uint32_t kept = 0, said = 0, commands = 0, told = 0;
    uint8_t byte = 1;
    enum { SENT = 1000 };

    (void)state;
    assert_int_equal(inbox_new(&in), TRUNDLE_OK);
    for (int i = 0; i < SENT; i++)
        (void)inbox_put(in, &m);
    m = (struct trundle_message){ .channel = TRUNDLE_DROP, .sensor = 0, .drop = { TRUNDLE_CELL, 7 } };    /* a device's own loss */
    assert_int_equal(inbox_put(in, &m), TRUNDLE_FULL);
    m = frame(0, &byte, 1);
    assert_int_equal(inbox_put(in, &m), TRUNDLE_FULL);
    for (int i = 0; i < INBOX_COMMANDS; i++)                 /* touches have room of their own */
        assert_int_equal(inbox_put(in, &touch), TRUNDLE_OK);
    assert_int_equal(inbox_put(in, &touch), TRUNDLE_FULL);
    assert_false(inbox_roomy(in));
    while (inbox_take(in, &out, 0)) {
        kept += out.channel == TRUNDLE_CELL;
        commands += out.channel == TRUNDLE_TOUCH;
        told += out.channel == TRUNDLE_DROP;
    }
    assert_int_equal(commands, INBOX_COMMANDS);
    assert_int_equal(told, 0);
    assert_true(kept >= INBOX_SAMPLES - 2);
    assert_int_equal(inbox_dropped(in), SENT - kept + 1);
    assert_true(inbox_roomy(in));
    m = cell(2);
    assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);
    assert_true(inbox_take(in, &out, 0));                    /* before the next sample of that sensor */
    assert_int_equal(out.channel, TRUNDLE_DROP);
    assert_int_equal(out.drop.channel, TRUNDLE_CELL);
    said = out.drop.count;
    assert_int_equal(said, SENT - kept + 7);
    assert_true(inbox_take(in, &out, 0));
    assert_int_equal(out.sensed_ns, 2);
    m = cell(3);
    assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);         /* and once */
    assert_true(inbox_take(in, &out, 0));
    assert_int_equal(out.channel, TRUNDLE_CELL);
    m = frame(0, &byte, 1);
    assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);
    assert_true(inbox_take(in, &out, 0));
    assert_int_equal(out.channel, TRUNDLE_DROP);
    assert_int_equal(out.drop.channel, TRUNDLE_CAM);
    assert_int_equal(out.drop.count, 1);
    inbox_free(in);
}

static void frames_run_out_before_samples_do(void **state)
{
    struct inbox *in;
    struct trundle_message m, out;
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(inbox_new(&in), TRUNDLE_OK);
    for (int i = 0; i < INBOX_FRAMES; i++) {
        m = frame((uint8_t)(i % 2), &byte, 1);
        assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);
    }
    assert_int_equal(inbox_put(in, &m), TRUNDLE_FULL);
    m = cell(1);
    assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);
    for (int i = 0; i < INBOX_FRAMES + 1; i++)
        assert_true(inbox_take(in, &out, 0));
    assert_int_equal(out.channel, TRUNDLE_CELL);
    m = frame(1, &byte, 1);
    for (int i = 0; i < INBOX_FRAMES - 1; i++)
        assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);
    inbox_free(in);
}

struct sender { struct inbox *in; uint8_t sensor; uint32_t dropped; };

static void *send_many(void *user)
{
    struct sender *s = user;

    for (int i = 1; i <= 20000; i++) {
        struct trundle_message m = cell(i);

        m.sensor = s->sensor;
        s->dropped += inbox_put(s->in, &m) == TRUNDLE_FULL;
    }
    return NULL;
}

static void many_threads_lose_nothing_silently(void **state)
{
    struct sender sender[4];
    pthread_t thread[4];
    struct inbox *in;
    struct trundle_message out;
    int64_t last[4] = { 0 };
    uint32_t came = 0, said = 0, dropped = 0;

    (void)state;
    assert_int_equal(inbox_new(&in), TRUNDLE_OK);
    for (uint8_t i = 0; i < 4; i++) {
        sender[i] = (struct sender){ in, i, 0 };
        assert_int_equal(pthread_create(&thread[i], NULL, send_many, &sender[i]), 0);
    }
    while (inbox_take(in, &out, 200 * NS_PER_MS)) {
        if (out.channel == TRUNDLE_DROP) {
            said += out.drop.count;
            continue;
        }
        came++;
        assert_true(out.sensed_ns > last[out.sensor]);       /* each sender's order */
        last[out.sensor] = out.sensed_ns;
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        dropped += sender[i].dropped;
    }
    for (uint8_t i = 0; i < 4; i++) {                        /* what was lost at the very end is said with the next sample */
        struct trundle_message m = cell(99999);

        m.sensor = i;
        assert_int_equal(inbox_put(in, &m), TRUNDLE_OK);
    }
    while (inbox_take(in, &out, 0))
        said += out.channel == TRUNDLE_DROP ? out.drop.count : 0;
    assert_int_equal(came + dropped, 80000);
    assert_int_equal(said, dropped);
    assert_int_equal(inbox_dropped(in), dropped);
    inbox_free(in);
}

/* --- pipeline --- */
struct seen { uint32_t next; uint64_t evidence, hash; };

static void consume(void *user, const struct pipeline_result *r)
{
    struct seen *s = user;

    assert_int_equal(r->m->sequence, s->next);
    s->next++;
    s->evidence += r->n;
    for (size_t i = 0; i < r->n; i++)
        s->hash = s->hash * 31 + (uint64_t)r->evidence[i].t0_ns + (uint64_t)(int64_t)(r->evidence[i].mass_g * 1000) + r->m->sequence;
    if (r->m->channel == TRUNDLE_CAM || r->m->channel == TRUNDLE_TRUTH) {
        const uint8_t *bytes = r->m->channel == TRUNDLE_CAM ? r->m->frame.jpeg : r->m->truth.bytes;
        size_t n = r->m->channel == TRUNDLE_CAM ? r->m->frame.jpeg_bytes : r->m->truth.bytes_n;

        assert_int_equal(n, 1 + r->m->sequence % 100);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(bytes[i], r->m->sequence & 255);
    }
}

static struct seen run(int threads)
{
    struct seen s = { .next = 1 };
    struct bytes json = { 0 };
    struct cart_file cart;
    struct senses *senses;
    struct pipeline *p;
    struct trundle_error err;
    uint8_t scratch[128];
    enum { MESSAGES = 6000 };

    support_ok(file_read(support_source("tests/fuzz/cart_file/example.json"), 1 << 20, &json, &err), &err);
    support_ok(cart_file_parse(json.data, json.n, "cart.json", &cart, &err), &err);
    bytes_done(&json);
    for (int i = 0; i < 4; i++) {
        cart.cells.cell[i].gain_g = 0.1;
        cart.cells.cell[i].offset = 0;
    }
    support_ok(senses_new(&cart, NULL, NULL, &senses, &err), &err);
    support_ok(pipeline_new(senses, threads, consume, &s, &p, &err), &err);
    for (uint32_t i = 1; i <= MESSAGES; i++) {
        struct trundle_message m = { .channel = TRUNDLE_TICK, .sequence = i, .sensed_ns = (int64_t)i * MS_NS(6), .log_ns = (int64_t)i * MS_NS(6) };

        memset(scratch, (int)(i & 255), sizeof scratch);     /* the same memory each time: what is kept must be a copy */
        if (i % 7 == 0) {
            m.channel = i % 14 ? TRUNDLE_CAM : TRUNDLE_TRUTH;
            if (m.channel == TRUNDLE_CAM)
                m.frame = (struct trundle_frame){ scratch, 1 + i % 100 };
            else
                m.truth.bytes = scratch, m.truth.bytes_n = 1 + i % 100;
        } else if (i % 2) {
            m.channel = TRUNDLE_CELL;
            m.cell.n = 4;
            for (int k = 0; k < 4; k++)
                m.cell.raw[k] = (int32_t)(i / 1500 * 1000 + (i * 7 + (uint32_t)k * 3) % 11);
        }
        assert_int_equal(pipeline_push(p, &m), TRUNDLE_OK);
    }
    pipeline_flush(p);
    assert_int_equal(s.next, MESSAGES + 1);
    pipeline_free(p);
    senses_free(senses);
    return s;
}

static void order_and_evidence_do_not_depend_on_threads(void **state)
{
    struct seen one = run(1);

    (void)state;
    assert_true(one.evidence >= 3);
    for (int threads = 2; threads <= PIPELINE_THREADS_MAX; threads++) {
        struct seen more = run(threads);

        assert_int_equal(more.evidence, one.evidence);
        assert_true(more.hash == one.hash);
    }
}

static void a_pipeline_may_be_freed_full(void **state)
{
    struct seen s = { .next = 1 };
    struct pipeline *p = NULL;
    struct trundle_error err;
    struct trundle_message m = { .channel = TRUNDLE_CAM, .sequence = 1 };

    (void)state;
    assert_int_equal(pipeline_new(NULL, 0, consume, &s, &p, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(pipeline_new(NULL, PIPELINE_THREADS_MAX + 1, consume, &s, &p, &err), TRUNDLE_BAD_ARG);
    support_ok(pipeline_new(NULL, 4, consume, &s, &p, &err), &err);
    m.frame.jpeg_bytes = (4 << 20) + 1;
    assert_int_equal(pipeline_push(p, &m), TRUNDLE_TOO_LARGE);
    assert_int_equal(s.next, 1);
    pipeline_free(p);
    pipeline_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_is_first_out),
        cmocka_unit_test(losses_are_counted_and_said),
        cmocka_unit_test(frames_run_out_before_samples_do),
        cmocka_unit_test(many_threads_lose_nothing_silently),
        cmocka_unit_test(order_and_evidence_do_not_depend_on_threads),
        cmocka_unit_test(a_pipeline_may_be_freed_full),
    };

    return support_run(tests);
}
