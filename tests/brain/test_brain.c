/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The public face <trundle/trundle.h>: order and refusals, the weigh flow, questions, touches, phases, the same bytes for the
 * same messages, and no heap call of ours after trundle_open. Linked with --wrap of the allocator: our calls are counted there,
 * those of libraries where the program's own malloc sees them.
 */
#include "base/std/time.h"
#include "base/trip/codec.h"
#include "cart/capture/capture.h"
#include "cart/see/gallery.h"
#include "tests/support/shop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trundle/trundle.h>

static size_t our_calls, all_calls;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    our_calls++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    our_calls++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    our_calls++;
    return __real_realloc(p, n);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif
#if defined(__GLIBC__) && !defined(SANITIZED)
void *__libc_malloc(size_t n);
__attribute__((visibility("default"))) void *malloc(size_t n)
{
    all_calls++;
    return __libc_malloc(n);
}
#endif

enum { SAMPLE_NS = 12500000, JPEGS = 8 };

struct bench {
    struct shop shop;
    struct bytes cart_json, catalog_json, gallery;
    struct trundle *cart;
    int64_t t_ns;
    uint32_t sequence, evidence_id;
    int kinds[16];                          /* decisions seen, by kind */
    struct trundle_decision last, last_of[16];
    struct codec *codec;
};

static const char cart_start[] = "{\"version\":1,\"id\":\"t\",\"basket\":{\"size_m\":[0.6,0.9,0.5],\"walls\":{\"rear\":\"wire\",\"right\":\"solid\","
                                 "\"front\":\"wire\",\"left\":\"solid\"}},\"scale\":{\"e_g\":5,\"max_g\":30000},\"cells\":{\"cell\":[";
static const char camera[] = "\"cameras\":[{\"width_px\":160,\"height_px\":120,\"fx_px\":100,\"fy_px\":100,\"cx_px\":79.5,\"cy_px\":59.5,\"T_basket_cam\":"
                             "[1,0,0,0.3,0,-0.8660254037844386,0.5,0.1,0,-0.5,-0.8660254037844386,1.1]}]}";

static struct bench begin(void)
{
    struct bench b = { .shop = shop_open() };
    struct trundle_setup setup;
    struct trundle_error err;

    support_ok(bytes_print(&b.cart_json, "%s", cart_start), NULL);
    for (int i = 0; i < 4; i++)
        support_ok(bytes_print(&b.cart_json, "%s{\"x_m\":%g,\"y_m\":%g,\"gain_g\":0.1,\"offset\":0,\"sd_g\":0.5}", i ? "," : "", i % 2 ? 0.6 : 0., i / 2 ? 0.9 : 0.),
                   NULL);
    support_ok(bytes_print(&b.cart_json, "]},%s", camera), NULL);
    support_ok(catalog_to_json(b.shop.catalog, NULL, 0, &b.catalog_json), NULL);
    setup = (struct trundle_setup){ .cart_json = { (char *)b.cart_json.data, b.cart_json.n }, .catalog_json = { (char *)b.catalog_json.data, b.catalog_json.n },
                                    .start_wall_ns = SHOP_WALL_NS };
    support_ok(trundle_open(&setup, &b.cart, &err), &err);
    support_ok(codec_new(&b.codec, &err), &err);
    return b;
}

static void end(struct bench *b)
{
    trundle_close(b->cart);
    codec_free(b->codec);
    bytes_done(&b->cart_json);
    bytes_done(&b->catalog_json);
    shop_close(&b->shop);
}

static void poll_all(struct bench *b)
{
    struct trundle_message out;

    while (trundle_poll(b->cart, &out) == TRUNDLE_OK) {
        assert_int_equal(out.log_ns, b->t_ns);
        assert_int_equal(out.sequence, 0);
        if (out.channel != TRUNDLE_DECISION)
            continue;
        assert_int_equal(out.decision.id, b->last.id + 1);
        b->last = b->last_of[out.decision.kind] = out.decision;
        b->kinds[out.decision.kind]++;
    }
}

static enum trundle_status push(struct bench *b, struct trundle_message *m)
{
    struct trundle_error err;
    enum trundle_status status;

    m->log_ns = b->t_ns;
    if (!m->sensed_ns)
        m->sensed_ns = b->t_ns;
    m->sequence = ++b->sequence;
    status = trundle_push(b->cart, m, &err);
    poll_all(b);
    return status;
}

static void run(struct bench *b, double seconds)
{
    for (int i = 0; i < (int)(seconds * 10 + 0.5); i++) {
        struct trundle_message tick = { .channel = TRUNDLE_TICK };

        b->t_ns += MS_NS(100);
        assert_int_equal(push(b, &tick), TRUNDLE_OK);
    }
}

/* A settled step, as a sense elsewhere would say it. */
static void step(struct bench *b, double mass_g)
{
    struct trundle_message m = { .channel = TRUNDLE_EVIDENCE };

    b->t_ns += MS_NS(500);
    m.evidence = (struct trundle_evidence){ .id = ++b->evidence_id, .sense = TRUNDLE_SENSE_WEIGH, .stage = TRUNDLE_STAGE_FINAL, .t0_ns = b->t_ns - MS_NS(500),
                                            .t1_ns = b->t_ns - MS_NS(200), .mass_g = mass_g, .mass_sd_g = 1.5, .llr_put = mass_g > 0 ? 40 : -40,
                                            .llr_take = mass_g > 0 ? -40 : 40, .llr_bump = -20, .llr_move = -20 };
    assert_int_equal(push(b, &m), TRUNDLE_OK);
    run(b, 1);
}

static enum trundle_status scan(struct bench *b, const char *text)
{
    struct trundle_message m = { .channel = TRUNDLE_CODE };

    m.code.text_bytes = (uint16_t)strlen(text);
    memcpy(m.code.text, text, strlen(text) + 1);
    return push(b, &m);
}

static enum trundle_status touch(struct bench *b, struct trundle_touch t)
{
    struct trundle_message m = { .channel = TRUNDLE_TOUCH, .touch = t };

    return push(b, &m);
}

static struct bytes receipt(const struct bench *b)
{
    struct bytes text = { 0 };
    size_t n;

    support_ok(bytes_reserve(&text, 1 << 16), NULL);
    support_ok(trundle_receipt_json(b->cart, (char *)text.data, 1 << 16, &n), NULL);
    text.n = n;
    return text;
}

static void put_oats(struct bench *b)
{
    assert_int_equal(scan(b, "4006381331012"), TRUNDLE_OK);
    step(b, 506);
}

static void log_order_is_kept(void **state)
{
    struct bench b = begin();
    struct trundle_message m = { .channel = TRUNDLE_TICK, .log_ns = S_NS(2) };
    static const enum trundle_channel kinds[] = { TRUNDLE_TICK, TRUNDLE_CELL, TRUNDLE_CAM, TRUNDLE_CODE, TRUNDLE_TOUCH, TRUNDLE_EVIDENCE, TRUNDLE_LOC };
    struct trundle_error err;

    (void)state;
    support_ok(trundle_push(b.cart, &m, &err), &err);
    m.log_ns--;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        m.channel = kinds[i];
        assert_int_equal(trundle_push(b.cart, &m, &err), TRUNDLE_BAD_ARG);
    }
    m = (struct trundle_message){ .channel = TRUNDLE_CELL, .log_ns = S_NS(3) };    /* a sample moves the order on as well */
    support_ok(trundle_push(b.cart, &m, &err), &err);
    m = (struct trundle_message){ .channel = TRUNDLE_TICK, .log_ns = S_NS(2.5) };
    assert_int_equal(trundle_push(b.cart, &m, &err), TRUNDLE_BAD_ARG);
    assert_non_null(strstr(err.hint, "log order"));
    m.log_ns = S_NS(3);
    support_ok(trundle_push(b.cart, &m, &err), &err);
    end(&b);
}

static void what_is_not_polled_is_refused_and_not_lost(void **state)
{
    struct bench b = begin();
    struct trundle_message m = { .channel = TRUNDLE_TOUCH, .touch = { .kind = TRUNDLE_TOUCH_MEMBER } }, out;
    uint32_t accepted = 0, seen = 0;
    struct trundle_error err;

    (void)state;
    while (trundle_push(b.cart, &m, &err) == TRUNDLE_OK)
        assert_true(++accepted < 10000);
    assert_int_equal(err.status, TRUNDLE_FULL);
    m.channel = TRUNDLE_CELL;
    assert_int_equal(trundle_push(b.cart, &m, &err), TRUNDLE_FULL);
    while (trundle_poll(b.cart, &out) == TRUNDLE_OK)
        if (out.channel == TRUNDLE_DECISION)
            assert_int_equal(out.decision.id, ++seen);
    assert_int_equal(seen, accepted);
    support_ok(trundle_push(b.cart, &m, &err), &err);
    end(&b);
}

static void what_means_nothing_changes_nothing(void **state)
{
    static const struct trundle_touch touches[] = {
        { .kind = TRUNDLE_TOUCH_REMOVE, .ref = 7 },
        { .kind = TRUNDLE_TOUCH_WRONG, .ref = 0 },
        { .kind = TRUNDLE_TOUCH_COUNT_SET, .ref = 1, .count = 0 },
        { .kind = TRUNDLE_TOUCH_COUNT_SET, .ref = 1, .count = -3 },
        { .kind = TRUNDLE_TOUCH_COUNT_SET, .ref = 1, .count = 100 },
        { .kind = TRUNDLE_TOUCH_ANSWER, .ref = 3, .option = TRUNDLE_OPTION_NOTHING },
        { .kind = TRUNDLE_TOUCH_PLU, .product = { 12345 } },
        { .kind = TRUNDLE_TOUCH_PAID },
        { .kind = (enum trundle_touch_kind)0 },
        { .kind = (enum trundle_touch_kind)99 },
    };
    static const char *const codes[] = { "", "4006381331013", "hello", "99999999999999999999", "https://example.com/" };
    struct bench b = begin();
    struct bytes before, after;
    uint32_t decisions;

    (void)state;
    put_oats(&b);
    run(&b, 30);
    before = receipt(&b);
    decisions = b.last.id;
    for (size_t i = 0; i < COUNT_OF(touches); i++)
        assert_int_equal(touch(&b, touches[i]), TRUNDLE_BAD_INPUT);
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        assert_int_equal(scan(&b, codes[i]), TRUNDLE_BAD_INPUT);
    run(&b, 30);
    after = receipt(&b);
    assert_int_equal(b.last.id, decisions);
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.data, after.data, before.n);
    bytes_done(&before);
    bytes_done(&after);
    end(&b);
}

static void samples_that_do_not_fit_change_nothing(void **state)
{
    struct bench b = begin();
    struct trundle_message m = { .channel = TRUNDLE_CAM, .sensor = 0, .frame = { (const uint8_t *)"no picture", 10 } };

    (void)state;
    assert_int_equal(push(&b, &m), TRUNDLE_OK);
    m.frame.jpeg_bytes = 0;
    m.frame.jpeg = NULL;
    assert_int_equal(push(&b, &m), TRUNDLE_OK);
    m.sensor = 200;
    assert_int_equal(push(&b, &m), TRUNDLE_OK);
    m = (struct trundle_message){ .channel = TRUNDLE_CELL, .cell = { .n = 200 } };
    assert_int_equal(push(&b, &m), TRUNDLE_OK);
    m = (struct trundle_message){ .channel = TRUNDLE_IMU, .imu = { .accel_ms2 = { (float)NAN, (float)INFINITY, 0 } } };
    assert_int_equal(push(&b, &m), TRUNDLE_OK);
    m = (struct trundle_message){ .channel = (enum trundle_channel)77 };
    assert_int_equal(push(&b, &m), TRUNDLE_OK);
    put_oats(&b);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_ADD], 1);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_ADD].total_cents, 249);
    end(&b);
}

static void produce_is_weighed(void **state)
{
    struct bench b = begin();

    (void)state;
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_PLU, .product = b.shop.apples }), TRUNDLE_OK);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_PLU_CANCEL }), TRUNDLE_OK);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_WEIGHING], 2);
    assert_int_equal(b.last.count, 0);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_PLU, .product = b.shop.bananas }), TRUNDLE_OK);
    assert_int_equal(b.last.count, 1);
    run(&b, 2);
    step(&b, 612);
    run(&b, 5);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_ADD], 1);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_ADD].product.key, b.shop.bananas.key);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_ADD].weight_mg, 610000);        /* 122 intervals of 5 g */
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_ADD].total_cents, 121);         /* 0.610 kg at 1.99 */
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_WEIGHING].count, 0);
    end(&b);
}

static void doubt_is_asked_and_answered(void **state)
{
    struct bench b = begin();
    const struct trundle_decision *asked = &b.last_of[TRUNDLE_DECIDE_ASK];

    (void)state;
    step(&b, 411);                                                            /* beans or hot beans */
    run(&b, 10);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_ASK], 1);
    assert_in_range(asked->options_n, 2, TRUNDLE_OPTIONS_MAX);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_ANSWER, .ref = asked->question + 1, .product = b.shop.beans_hot }), TRUNDLE_BAD_INPUT);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_ANSWER, .ref = asked->question, .product = b.shop.beans_hot }), TRUNDLE_OK);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_WITHDRAW].question, asked->question);
    run(&b, 20);
    assert_int_equal(b.last.product.key, b.shop.beans_hot.key);
    assert_int_equal(b.last.total_cents, 99);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_ANSWER, .ref = asked->question, .product = b.shop.beans }), TRUNDLE_BAD_INPUT);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_ASK], 1);
    end(&b);
}

static void wrong_then_scan_puts_it_right(void **state)
{
    struct bench b = begin();
    uint32_t line;

    (void)state;
    assert_int_equal(scan(&b, "4006381331029"), TRUNDLE_OK);                  /* beans, and it was hot beans */
    step(&b, 411);
    line = b.last_of[TRUNDLE_DECIDE_ADD].line;
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_WRONG, .ref = line }), TRUNDLE_OK);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_RESCAN], 1);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_RESCAN].line, line);
    run(&b, 3);
    assert_int_equal(scan(&b, "4006381331036"), TRUNDLE_OK);
    run(&b, 20);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_CHANGE], 1);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_CHANGE].line, line);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_CHANGE].product.key, b.shop.beans_hot.key);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_ADD], 1);
    assert_int_equal(b.last.total_cents, 99);
    end(&b);
}

static void lines_are_counted_and_removed(void **state)
{
    struct bench b = begin();
    uint32_t line;

    (void)state;
    put_oats(&b);
    line = b.last.line;
    run(&b, 100);                                                             /* the scale has had its say */
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_COUNT_SET, .ref = line, .count = 3 }), TRUNDLE_OK);
    run(&b, 5);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_CHANGE].count, 3);
    assert_int_equal(b.last.total_cents, 3 * 249);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_REMOVE, .ref = line }), TRUNDLE_OK);
    run(&b, 30);
    assert_int_equal(b.kinds[TRUNDLE_DECIDE_REMOVE], 1);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_REMOVE].line, line);
    assert_int_equal(b.last.total_cents, 0);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_REMOVE, .ref = line }), TRUNDLE_BAD_INPUT);
    end(&b);
}

static void paying_has_phases(void **state)
{
    struct bench b = begin();

    (void)state;
    put_oats(&b);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_PAY }), TRUNDLE_OK);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_PHASE].phase, TRUNDLE_PHASE_PAYING);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_PHASE].total_cents, 249);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_RESUME }), TRUNDLE_OK);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_PHASE].phase, TRUNDLE_PHASE_SHOPPING);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_PAY }), TRUNDLE_OK);
    assert_int_equal(scan(&b, "4006381331050"), TRUNDLE_OK);                  /* the frozen total is no longer the total */
    step(&b, 250);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_PHASE].phase, TRUNDLE_PHASE_SHOPPING);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_PAY }), TRUNDLE_OK);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_PAID }), TRUNDLE_OK);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_PHASE].phase, TRUNDLE_PHASE_PAID);
    assert_int_equal(b.last_of[TRUNDLE_DECIDE_PHASE].total_cents, 249 + 299);
    end(&b);
}

static void members_pay_member_prices(void **state)
{
    struct bench b = begin();

    (void)state;
    put_oats(&b);                                                             /* half price for members */
    assert_int_equal(scan(&b, "4006381331050"), TRUNDLE_OK);
    step(&b, 250);
    assert_int_equal(b.last.total_cents, 249 + 299);
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_MEMBER, .count = 1 }), TRUNDLE_OK);
    assert_int_equal(b.last.kind, TRUNDLE_DECIDE_PRICE);
    assert_int_equal(b.last.total_cents, 249 - 125 + 249);                    /* half of 2.49, half away from zero */
    assert_int_equal(touch(&b, (struct trundle_touch){ .kind = TRUNDLE_TOUCH_MEMBER }), TRUNDLE_OK);
    assert_int_equal(b.last.total_cents, 249 + 299);
    end(&b);
}

static void receipts_say_how_long_they_are(void **state)
{
    struct bench b = begin();
    char text[4096], small[8] = "before";
    size_t n = 0, again = 0;

    (void)state;
    put_oats(&b);
    assert_int_equal(trundle_receipt_text(b.cart, text, sizeof text, &n), TRUNDLE_OK);
    assert_int_equal(strlen(text), n);
    assert_int_equal(trundle_receipt_text(b.cart, small, sizeof small, &again), TRUNDLE_TOO_LARGE);
    assert_int_equal(again, n);
    assert_string_equal(small, "before");
    assert_int_equal(trundle_receipt_text(b.cart, text, n, &again), TRUNDLE_TOO_LARGE);
    assert_int_equal(trundle_receipt_text(b.cart, text, n + 1, &again), TRUNDLE_OK);
    end(&b);
}

/* Masked JPEGs of a block that wanders through the basket. */
struct film { size_t n[JPEGS]; uint8_t *jpeg[JPEGS]; };

static struct film film_of(const struct bench *b)
{
    struct film f = { { 0 }, { NULL } };
    static uint8_t rgb[160 * 120 * 3];
    struct cart_file cart;
    struct capture *capture;
    struct trundle_error err;

    support_ok(cart_file_parse(b->cart_json.data, b->cart_json.n, "cart.json", &cart, &err), &err);
    support_ok(capture_new(&cart.camera[0], &cart.basket, &(struct capture_config)CAPTURE_CONFIG_DEFAULT, &capture, &err), &err);
    for (int k = 0; k < JPEGS; k++) {
        for (int y = 0; y < 120; y++)
            for (int x = 0; x < 160; x++)
                for (int c = 0; c < 3; c++) {
                    bool inside = k && x > 20 + 12 * k && x < 60 + 12 * k && y > 20 + 8 * k && y < 60 + 8 * k;

                    rgb[(y * 160 + x) * 3 + c] = (uint8_t)(inside ? 60 + 70 * c + (x * y) % 23 : 120 + (x * 3 + y * 5) % 17);
                }
        f.jpeg[k] = malloc(capture_bound(capture));
        assert_non_null(f.jpeg[k]);
        support_ok(capture_mask(capture, &(struct capture_picture){ rgb, 160, 120, 480 }, f.jpeg[k], capture_bound(capture), &f.n[k], &err), &err);
    }
    capture_free(capture);
    return f;
}

static void film_done(struct film *f)
{
    for (int k = 0; k < JPEGS; k++)
        free(f->jpeg[k]);
}

/* A cart with a gallery, driven by samples alone: cells, accelerometer, frames. Everything that comes out as one text. */
static struct bytes shop_by_samples(const struct bench *b, const struct film *f, double milk_g, size_t *out_ours, size_t *out_all, int *out_lines)
{
    struct see_enrol rows[] = { { b->shop.milk, f->jpeg[3], f->n[3] }, { b->shop.oats, f->jpeg[0], f->n[0] } };
    struct see_gallery_config config = SEE_GALLERY_CONFIG_DEFAULT;
    struct see_gallery *gallery;
    struct bytes blob = { 0 }, out = { 0 }, payload = { 0 };
    static struct trundle_message came[4096];
    size_t came_n = 0;
    struct trundle_setup setup;
    struct trundle *cart;
    struct trundle_error err;
    uint32_t sequence = 0;

    support_ok(see_gallery_from_pictures(rows, 2, &config, &gallery, &err), &err);
    support_ok(see_gallery_print(gallery, &blob), NULL);
    see_gallery_free(gallery);
    setup = (struct trundle_setup){ .cart_json = { (char *)b->cart_json.data, b->cart_json.n }, .catalog_json = { (char *)b->catalog_json.data, b->catalog_json.n },
                                    .gallery = { (char *)blob.data, blob.n }, .start_wall_ns = SHOP_WALL_NS };
    support_ok(trundle_open(&setup, &cart, &err), &err);
    *out_lines = 0;
    our_calls = all_calls = 0;
    for (int i = 0; i < 80 * 12; i++) {
        double load_g = i < 80 * 4 ? 0 : milk_g;
        struct trundle_message m = { .channel = TRUNDLE_CELL, .sensed_ns = (int64_t)i * SAMPLE_NS, .log_ns = (int64_t)i * SAMPLE_NS, .cell.n = 4 };

        for (int k = 0; k < 4; k++)
            m.cell.raw[k] = (int32_t)(load_g * 2.5) + (i * 7 + k * 3) % 11 - 5;
        m.sequence = ++sequence;
        support_ok(trundle_push(cart, &m, &err), &err);
        if (i % 5 == 0) {
            int picture = i < 80 * 3 || i >= 80 * 5 ? 0 : (i / 5) % JPEGS;

            m.channel = TRUNDLE_CAM;
            m.sequence = ++sequence;
            m.frame = (struct trundle_frame){ f->jpeg[picture], f->n[picture] };
            support_ok(trundle_push(cart, &m, &err), &err);
        }
        if (i == 80 * 2) {
            m.channel = TRUNDLE_CODE;
            m.sequence = ++sequence;
            m.code = (struct trundle_code){ .text_bytes = 13, .text = "4006381331005" };
            support_ok(trundle_push(cart, &m, &err), &err);
        }
        if (i % 8 == 0) {
            m.channel = TRUNDLE_TICK;
            m.sequence = ++sequence;
            support_ok(trundle_push(cart, &m, &err), &err);
        }
        while (came_n < COUNT_OF(came) && trundle_poll(cart, &came[came_n]) == TRUNDLE_OK)
            came_n++;
    }
    *out_ours = our_calls;
    *out_all = all_calls;
    for (size_t i = 0; i < came_n; i++) {
        *out_lines += came[i].channel == TRUNDLE_DECISION && came[i].decision.kind == TRUNDLE_DECIDE_ADD;
        support_ok(codec_encode(b->codec, &came[i], 0, &payload, &err), &err);
        support_ok(bytes_append(&out, payload.data, payload.n), NULL);
    }
    trundle_close(cart);
    bytes_done(&blob);
    bytes_done(&payload);
    return out;
}

static void the_same_messages_give_the_same_bytes_without_heap_calls(void **state)
{
    struct bench b = begin();
    struct film f = film_of(&b);
    size_t ours, all, x;
    int lines, y;
    struct bytes one = shop_by_samples(&b, &f, 1030, &ours, &all, &lines), two = shop_by_samples(&b, &f, 1030, &x, &x, &y),
                 other = shop_by_samples(&b, &f, 1038, &x, &x, &y);

    (void)state;
    printf("# 960 cell samples, 192 frames: %zu heap calls of ours\n", ours);
    if (all)                                                                  /* not counted under sanitizers */
        printf("# beside them %zu by malloc of libraries\n", all - ours);
    assert_int_equal(lines, 1);
    assert_int_equal(ours, 0);
    assert_int_equal(one.n, two.n);
    assert_memory_equal(one.data, two.data, one.n);
    assert_true(one.n != other.n || memcmp(one.data, other.data, one.n) != 0);   /* the mutant: another mass is another stream */
    our_calls = 0;
    {
        struct bytes text = receipt(&b);                                      /* the mutant of the counter: a receipt does call */

        assert_true(our_calls > 0);
        bytes_done(&text);
    }
    bytes_done(&one);
    bytes_done(&two);
    bytes_done(&other);
    film_done(&f);
    end(&b);
}

static void bad_setups_are_refused_by_name(void **state)
{
    struct bench b = begin();
    struct trundle_setup setup = { .cart_json = { (char *)b.cart_json.data, b.cart_json.n } };
    struct trundle *cart = (struct trundle *)&setup;
    struct trundle_error err;

    (void)state;
    assert_int_equal(trundle_open(&setup, &cart, &err), TRUNDLE_BAD_INPUT);
    assert_string_equal(err.where, "catalog.json");
    setup.catalog_json = (struct trundle_text){ (char *)b.catalog_json.data, b.catalog_json.n - 5 };
    assert_int_not_equal(trundle_open(&setup, &cart, &err), TRUNDLE_OK);
    assert_non_null(strstr(err.where, "catalog.json"));
    setup.catalog_json.n += 5;
    setup.gallery = (struct trundle_text){ "nonsense", 8 };
    assert_int_not_equal(trundle_open(&setup, &cart, &err), TRUNDLE_OK);
    assert_non_null(strstr(err.where, "gallery"));
    assert_ptr_equal(cart, &setup);                                           /* untouched */
    assert_int_equal(trundle_open(NULL, &cart, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(trundle_push(b.cart, NULL, &err), TRUNDLE_BAD_ARG);
    trundle_close(NULL);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_order_is_kept),
        cmocka_unit_test(what_is_not_polled_is_refused_and_not_lost),
        cmocka_unit_test(what_means_nothing_changes_nothing),
        cmocka_unit_test(samples_that_do_not_fit_change_nothing),
        cmocka_unit_test(produce_is_weighed),
        cmocka_unit_test(doubt_is_asked_and_answered),
        cmocka_unit_test(wrong_then_scan_puts_it_right),
        cmocka_unit_test(lines_are_counted_and_removed),
        cmocka_unit_test(paying_has_phases),
        cmocka_unit_test(members_pay_member_prices),
        cmocka_unit_test(receipts_say_how_long_they_are),
        cmocka_unit_test(the_same_messages_give_the_same_bytes_without_heap_calls),
        cmocka_unit_test(bad_setups_are_refused_by_name),
    };

    return support_run(tests);
}
