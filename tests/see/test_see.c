/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* see on drawn frames: puts, takes, products, place, what is no event, faults, determinism. */
#include "tests/see/draw.h"
#include "tests/support/support.h"

#include "base/std/time.h"
#include "cart/see/see.h"
#include "cart/see/see_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DESIGNS = 6, EVIDENCE_MAX = 64 };

struct film {
    struct draw draw;
    struct see *see;
    struct see_gallery *gallery;
    int64_t t_ns;
    uint32_t sequence;
    struct trundle_evidence evidence[EVIDENCE_MAX];
    size_t n;
};

static struct trundle_product product_of(int design)
{
    return trundle_product_plu(4011u + (uint32_t)design);
}

static struct see_gallery *make_gallery(void)
{
    static struct draw d;
    static uint8_t jpeg[2 * DESIGNS][DRAW_JPEG];
    struct see_enrol row[2 * DESIGNS];
    struct see_gallery *gallery = NULL;
    struct trundle_error err;

    d = draw_start(5);
    for (int i = 0; i < 2 * DESIGNS; i++) {
        draw_alone(&d, i % DESIGNS, i < DESIGNS ? 80 : 120);
        memcpy(jpeg[i], d.jpeg, d.jpeg_bytes);
        row[i] = (struct see_enrol){ product_of(i % DESIGNS), jpeg[i], d.jpeg_bytes };
    }
    support_ok(see_gallery_from_pictures(row, 2 * DESIGNS, &(struct see_gallery_config)SEE_GALLERY_CONFIG_DEFAULT, &gallery, &err), &err);
    return gallery;
}

static struct film *film_start(void)
{
    struct film *f = calloc(1, sizeof *f);
    struct cart_camera camera = draw_camera();
    struct cart_basket basket = draw_basket();
    struct trundle_error err;

    assert_non_null(f);
    f->draw = draw_start(9);
    f->gallery = make_gallery();
    support_ok(see_new(&camera, &basket, f->gallery, &(struct see_config)SEE_CONFIG_DEFAULT, &f->see, &err), &err);
    return f;
}

static void film_done(struct film *f)
{
    see_free(f->see);
    see_gallery_free(f->gallery);
    free(f);
}

static void push_bytes(struct film *f, const uint8_t *jpeg, size_t n)
{
    struct trundle_message m = { .channel = TRUNDLE_CAM, .sensor = 1, .sensed_ns = f->t_ns, .log_ns = f->t_ns, .sequence = ++f->sequence };
    struct trundle_evidence e;

    f->t_ns += NS_PER_S / 15;
    m.frame = (struct trundle_frame){ jpeg, n };
    see_push(f->see, &m);
    while (see_poll(f->see, &e) == TRUNDLE_OK && f->n < EVIDENCE_MAX)
        f->evidence[f->n++] = e;
}

static void frames(struct film *f, int n)
{
    while (n-- > 0) {
        draw_frame(&f->draw);
        push_bytes(f, f->draw.jpeg, f->draw.jpeg_bytes);
    }
}

/* An arm comes down to (x, y) and goes; on the way down it carries `in`, on the way up `out`; `card` changes at the bottom. */
static void reach(struct film *f, int x, int y, int in, int out, int card, bool there)
{
    f->draw.arm_x = x;
    f->draw.carries = in;
    for (f->draw.arm = 14; f->draw.arm < y; f->draw.arm += 14)
        frames(f, 1);
    f->draw.card[card].there = there;
    f->draw.carries = out;
    for (f->draw.arm = y; f->draw.arm > 0; f->draw.arm -= 14)
        frames(f, 1);
    f->draw.arm = 0;
    f->draw.carries = -1;
    frames(f, 12);
}

static void put(struct film *f, int card, int design, int x, int y)
{
    f->draw.card[card] = (struct draw_card){ false, design, x, y };
    reach(f, x, y, design, -1, card, true);
}

static const struct trundle_evidence *likeliest(const struct film *f, bool as_put)
{
    const struct trundle_evidence *best = f->evidence;

    assert_true(f->n > 0);
    for (size_t i = 0; i < f->n; i++) {
        float llr = as_put ? f->evidence[i].llr_put : f->evidence[i].llr_take;

        if (llr > (as_put ? best->llr_put : best->llr_take))
            best = &f->evidence[i];
    }
    return best;
}

static void tells_puts_with_product_and_place(void **state)
{
    struct film *f = film_start();

    (void)state;
    frames(f, 20);
    for (int design = 0; design < DESIGNS; design++) {
        int x = 45 + 35 * (design % 3), y = 45 + 35 * (design / 3);
        int64_t from = f->t_ns;
        const struct trundle_evidence *e;

        f->n = 0;
        put(f, design, design, x, y);
        e = likeliest(f, true);
        assert_true(e->llr_put > 0 && e->llr_put > e->llr_take && e->llr_put > e->llr_move);
        assert_true(e->t0_ns >= from && e->t1_ns > e->t0_ns && e->t1_ns < f->t_ns);
        assert_int_equal(e->sense, TRUNDLE_SENSE_SEE);
        assert_int_equal(e->sensor, 1);
        assert_int_equal(e->refs[0].channel, TRUNDLE_CAM);
        assert_true(e->refs[0].first_sequence < e->refs[0].last_sequence);
        assert_int_equal(e->products_n, DESIGNS);
        assert_true(e->products[0].product.key == product_of(design).key);
        assert_true(e->products[0].llr > 0 && e->products[1].llr <= e->products[0].llr);
        /* 0.6 m above the floor at 170 px focal length; the place allows for heights up to 0.2 m. */
        assert_near(e->position_m[0], 0.25 + (x - 79.5) * 0.6 / 170, 0.03);
        assert_near(e->position_m[1], 0.2 - (y - 59.5) * 0.6 / 170, 0.03);
        assert_true(e->position_cov_m2[0] > 0 && e->position_cov_m2[3] > 0);
    }
    film_done(f);
}

static void tells_takes_by_the_picture_before(void **state)
{
    struct film *f = film_start();
    const struct trundle_evidence *e;

    (void)state;
    frames(f, 20);
    put(f, 0, 1, 60, 60);
    put(f, 1, 2, 110, 70);
    f->n = 0;
    reach(f, 60, 60, -1, 1, 0, false);
    e = likeliest(f, false);
    assert_true(e->llr_take > e->llr_put);
    assert_true(e->products[0].product.key == product_of(1).key);
    film_done(f);
}

static void is_quiet_when_only_light_and_noise_change(void **state)
{
    struct film *f = film_start();

    (void)state;
    frames(f, 20);
    put(f, 0, 3, 80, 60);
    f->n = 0;
    for (int i = 0; i < 90; i++) {
        f->draw.light = 1.0f + 0.25f * sinf((float)i * 0.1f);
        frames(f, 1);
    }
    assert_int_equal(f->n, 0);
    assert_false(see_live(f->see).open);
    film_done(f);
}

static void a_hand_alone_is_no_event(void **state)
{
    struct film *f = film_start();

    (void)state;
    frames(f, 20);
    reach(f, 80, 70, -1, -1, 7, false);
    assert_true(f->n >= 1);
    for (size_t i = 0; i < f->n; i++)
        assert_true(f->evidence[i].llr_put < 0 && f->evidence[i].llr_take < 0 && f->evidence[i].products_n == 0);
    film_done(f);
}

static void counts_bad_frames_and_goes_on(void **state)
{
    struct film *f = film_start();
    static struct draw small;
    uint8_t noise[512];

    (void)state;
    frames(f, 20);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)rng_u64(&f->draw.rng);
    push_bytes(f, noise, sizeof noise);
    push_bytes(f, NULL, 0);
    draw_frame(&f->draw);
    push_bytes(f, f->draw.jpeg, f->draw.jpeg_bytes / 2);
    assert_int_equal(see_live(f->see).bad_frames, 3);
    assert_true(see_live(f->see).faults & TRUNDLE_FAULT_FRAMES_LOST);
    small = draw_start(1);
    draw_alone(&small, 0, 64);
    push_bytes(f, small.jpeg, small.jpeg_bytes);
    assert_int_equal(see_live(f->see).wrong_size, 1);
    f->t_ns -= NS_PER_S;
    draw_frame(&f->draw);
    push_bytes(f, f->draw.jpeg, f->draw.jpeg_bytes);
    assert_int_equal(see_live(f->see).late, 1);
    f->t_ns += 8 * NS_PER_S;
    f->n = 0;
    frames(f, 100);
    assert_false(see_live(f->see).faults & TRUNDLE_FAULT_FRAMES_LOST);
    put(f, 0, 0, 80, 60);
    assert_true(likeliest(f, true)->llr_put > 0);
    film_done(f);
}

static void notices_a_dark_and_a_frozen_camera(void **state)
{
    struct film *f = film_start();

    (void)state;
    frames(f, 20);
    f->draw.light = 0;
    frames(f, 30);
    assert_true(see_live(f->see).faults & TRUNDLE_FAULT_CAMERA_DARK);
    assert_int_equal(f->n, 0);
    f->draw.light = 1;
    frames(f, 30);
    assert_false(see_live(f->see).faults & TRUNDLE_FAULT_CAMERA_DARK);
    assert_int_equal(f->n, 0);
    for (int i = 0; i < 90; i++)
        push_bytes(f, f->draw.jpeg, f->draw.jpeg_bytes);
    assert_true(see_live(f->see).frozen > 0);
    assert_true(see_live(f->see).faults & TRUNDLE_FAULT_FRAMES_LOST);
    film_done(f);
}

static void notices_a_moved_camera(void **state)
{
    struct film *f = film_start();

    (void)state;
    frames(f, 20);
    f->draw.elsewhere = true;
    frames(f, 30);
    assert_true(see_live(f->see).faults & TRUNDLE_FAULT_CAMERA_MOVED);
    assert_int_equal(f->n, 0);
    film_done(f);
}

static void gives_the_same_evidence_twice(void **state)
{
    struct film *a = film_start(), *b = film_start();

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct film *f = i ? b : a;

        frames(f, 20);
        put(f, 0, 4, 70, 60);
        reach(f, 70, 60, -1, 4, 0, false);
    }
    assert_int_equal(a->n, b->n);
    assert_true(a->n >= 2);
    assert_memory_equal(a->evidence, b->evidence, a->n * sizeof *a->evidence);
    film_done(a);
    film_done(b);
}

static void refuses_what_it_cannot_be(void **state)
{
    struct cart_camera camera = draw_camera();
    struct cart_basket basket = draw_basket();
    struct see_config config = SEE_CONFIG_DEFAULT;
    struct see *see = NULL;
    struct trundle_error err;

    (void)state;
    camera.role = CART_CAMERA_SCANNER;
    assert_int_equal(see_new(&camera, &basket, NULL, &config, &see, &err), TRUNDLE_BAD_INPUT);
    camera = draw_camera();
    camera.width_px = 100000;
    assert_int_equal(see_new(&camera, &basket, NULL, &config, &see, &err), TRUNDLE_BAD_INPUT);
    camera = draw_camera();
    config.gate_share = 0;
    assert_int_equal(see_new(&camera, &basket, NULL, &config, &see, &err), TRUNDLE_BAD_ARG);
    config = (struct see_config)SEE_CONFIG_DEFAULT;
    camera.T_basket_cam[11] = 40;   /* so far above that the basket is a few pixels */
    assert_int_equal(see_new(&camera, &basket, NULL, &config, &see, &err), TRUNDLE_BAD_INPUT);
    assert_null(see);
    see_free(NULL);
}

static void reads_its_numbers(void **state)
{
    struct bytes b = { 0 };
    struct see_model m, again;
    struct trundle_error err;

    (void)state;
    support_ok(see_model_default(&m, &err), &err);
    assert_true(m.temperature > 0 && m.outlier > 0);
    support_ok(see_model_print(&m, "test", &b), NULL);
    support_ok(see_model_parse(b.data, b.n, "see.json", &again, &err), &err);
    assert_memory_equal(m.kind, again.kind, sizeof m.kind);
    b.n = 0;
    m.temperature = -1;
    support_ok(see_model_print(&m, "test", &b), NULL);
    assert_int_equal(see_model_parse(b.data, b.n, "see.json", &again, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.where, "temperature"));
    bytes_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_puts_with_product_and_place), cmocka_unit_test(tells_takes_by_the_picture_before),
        cmocka_unit_test(is_quiet_when_only_light_and_noise_change), cmocka_unit_test(a_hand_alone_is_no_event),
        cmocka_unit_test(counts_bad_frames_and_goes_on), cmocka_unit_test(notices_a_dark_and_a_frozen_camera),
        cmocka_unit_test(notices_a_moved_camera), cmocka_unit_test(gives_the_same_evidence_twice),
        cmocka_unit_test(refuses_what_it_cannot_be), cmocka_unit_test(reads_its_numbers),
    };

    return support_run(tests);
}
