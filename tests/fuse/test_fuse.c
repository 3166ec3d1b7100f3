/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* fuse: what it concludes from steps, sightings, codes and answers; and that false evidence leads it astray as it should. */
#include "cart/fuse/fuse.h"

#include "base/std/time.h"
#include "tests/support/shop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bench { struct shop shop; struct fuse *fuse; uint32_t id; int asks, rescans, shows; struct fuse_action last_ask; };

static struct bench begin(int cameras)
{
    struct bench b = { .shop = shop_open() };
    struct fuse_params params;
    struct trundle_error err;

    support_ok(fuse_params_parse(NULL, 0, NULL, 0, &params, &err), &err);
    assert_int_equal(fuse_new(b.shop.catalog, &params, cameras, &b.fuse), TRUNDLE_OK);
    return b;
}

static void end(struct bench *b)
{
    fuse_free(b->fuse);
    shop_close(&b->shop);
}

/* Runs the clock from one time to another at 10 Hz, counting what was asked. */
static void run(struct bench *b, double from_s, double to_s)
{
    struct fuse_action a;

    for (double t = from_s; t <= to_s; t += 0.1) {
        fuse_run(b->fuse, S_NS(t));
        while (fuse_poll(b->fuse, &a)) {
            b->asks += a.kind == FUSE_ASK;
            b->rescans += a.kind == FUSE_RESCAN;
            b->shows += a.kind == FUSE_SHOW;
            if (a.kind == FUSE_ASK)
                b->last_ask = a;
        }
    }
}

static void step(struct bench *b, double t_s, double mass_g)
{
    struct trundle_evidence e = { .id = ++b->id, .sense = TRUNDLE_SENSE_WEIGH, .stage = TRUNDLE_STAGE_FINAL, .t0_ns = S_NS(t_s), .t1_ns = S_NS(t_s + 0.3),
                                  .mass_g = mass_g, .mass_sd_g = 1.5, .llr_put = mass_g > 0 ? 40 : -40, .llr_take = mass_g > 0 ? -40 : 40,
                                  .llr_bump = -20, .llr_move = -20 };

    fuse_evidence(b->fuse, &e, S_NS(t_s + 0.5));
}

static void sight(struct bench *b, double t_s, uint8_t camera, bool put, struct trundle_product first, float llr)
{
    struct trundle_evidence e = { .id = ++b->id, .sense = TRUNDLE_SENSE_SEE, .sensor = camera, .stage = TRUNDLE_STAGE_FINAL, .t0_ns = S_NS(t_s - 0.4),
                                  .t1_ns = S_NS(t_s + 0.4), .llr_put = put ? 3 : -3, .llr_take = put ? -3 : 3, .mass_g = (double)NAN,
                                  .mass_sd_g = (double)NAN, .products_n = 1 };

    e.products[0].product = first;
    e.products[0].llr = llr;
    fuse_evidence(b->fuse, &e, S_NS(t_s + 0.6));
}

static void code(struct bench *b, double t_s, struct trundle_product p)
{
    fuse_code(b->fuse, p, (double)NAN, false, ++b->id, S_NS(t_s));
}

static struct fuse_line only_line(struct bench *b)
{
    size_t n;
    const struct fuse_line *lines = fuse_lines(b->fuse, &n);

    assert_int_equal(n, 1);
    return lines[0];
}

static size_t lines(struct bench *b)
{
    size_t n;

    (void)fuse_lines(b->fuse, &n);
    return n;
}

static void a_scanned_item_is_a_line_at_once(void **state)
{
    struct bench b = begin(2);

    (void)state;
    code(&b, 1, b.shop.oats);
    step(&b, 3, 506);
    run(&b, 3.5, 3.6);
    assert_int_equal(only_line(&b).product.key, b.shop.oats.key);
    run(&b, 3.7, 40);
    assert_int_equal(b.asks + b.rescans, 0);
    assert_int_equal(b.shows, 1);
    end(&b);
}

static void a_scan_after_the_drop_names_the_line(void **state)
{
    struct bench b = begin(0);

    (void)state;
    step(&b, 3, 411);                        /* beans or hot beans: the scale cannot tell */
    run(&b, 3.5, 5);
    code(&b, 5, b.shop.beans_hot);
    run(&b, 5, 30);
    assert_int_equal(only_line(&b).product.key, b.shop.beans_hot.key);
    assert_int_equal(b.asks + b.rescans, 0);
    end(&b);
}

static void the_cameras_tell_what_the_scale_cannot(void **state)
{
    struct bench b = begin(1);

    (void)state;
    step(&b, 3, 411);
    sight(&b, 3, 0, true, b.shop.beans_hot, 6);
    run(&b, 3.6, 30);
    assert_int_equal(only_line(&b).product.key, b.shop.beans_hot.key);
    end(&b);
}

static void doubt_asks_and_the_answer_settles_it(void **state)
{
    struct bench b = begin(0);

    (void)state;
    step(&b, 3, 411);
    run(&b, 3.5, 10);
    assert_int_equal(b.asks, 1);
    assert_in_range(b.last_ask.options_n, 2, 3);
    fuse_answer(b.fuse, b.last_ask.event, TRUNDLE_OPTION_PRODUCT, b.shop.beans_hot, 0);
    run(&b, 10, 60);
    assert_int_equal(only_line(&b).product.key, b.shop.beans_hot.key);
    assert_int_equal(b.asks, 1);
    end(&b);
}

static void what_is_taken_out_leaves_the_list(void **state)
{
    struct bench b = begin(0);

    (void)state;
    code(&b, 1, b.shop.oats);
    step(&b, 3, 506);
    code(&b, 6, b.shop.milk);
    step(&b, 8, 1029);
    run(&b, 8.5, 9);
    assert_int_equal(lines(&b), 2);
    step(&b, 12, -506);
    run(&b, 12.5, 50);
    assert_int_equal(only_line(&b).product.key, b.shop.milk.key);
    end(&b);
}

static void two_scans_and_one_step_are_two_items(void **state)
{
    struct bench b = begin(0);

    (void)state;
    code(&b, 1, b.shop.oats);
    code(&b, 2, b.shop.tea);
    step(&b, 4, 505 + 62);
    run(&b, 4.5, 30);
    assert_int_equal(lines(&b), 2);
    end(&b);
}

static void a_sighting_without_weight_is_no_item(void **state)
{
    struct bench b = begin(1);

    (void)state;
    for (int i = 0; i < 10; i++) {
        sight(&b, 3 + 3 * i, 0, true, b.shop.milk, 6);
        run(&b, 3.7 + 3 * i, 6 + 3 * i);
    }
    assert_int_equal(lines(&b), 0);
    assert_int_equal(b.asks + b.rescans, 0);
    end(&b);
}

/* What was scanned and never felt is a line all the same, at the time when items follow their scans. */
static void a_scan_without_a_step_is_an_item(void **state)
{
    struct bench b = begin(2);
    struct fuse_line line;

    (void)state;
    code(&b, 5, b.shop.oats);
    run(&b, 5, 5.5);
    assert_int_equal(lines(&b), 0);          /* its step may yet come */
    run(&b, 5.6, 60);
    line = only_line(&b);
    assert_int_equal(line.product.key, b.shop.oats.key);
    assert_true(line.t_ns > S_NS(5.5) && line.t_ns < S_NS(8));
    end(&b);
}

static void a_step_that_comes_late_takes_the_scan_over(void **state)
{
    struct bench b = begin(0);

    (void)state;
    code(&b, 5, b.shop.oats);
    run(&b, 5, 14.9);
    assert_int_equal(lines(&b), 1);          /* felt by nobody so far */
    step(&b, 14.5, 505);
    run(&b, 15, 60);
    assert_int_equal(only_line(&b).product.key, b.shop.oats.key);
    assert_true(llabs((long long)(only_line(&b).t_ns - S_NS(14.6))) < S_NS(0.2));
    end(&b);
}

/* What the shopper says was scanned wrong does not come back as an item because its code is free again. */
static void a_scan_that_was_put_right_is_no_item(void **state)
{
    struct bench b = begin(0);

    (void)state;
    code(&b, 2, b.shop.beans);
    step(&b, 3, 411);
    run(&b, 3.5, 5);
    assert_int_equal(only_line(&b).product.key, b.shop.beans.key);
    fuse_answer(b.fuse, only_line(&b).event, TRUNDLE_OPTION_PRODUCT, b.shop.beans_hot, 0);
    run(&b, 5, 60);
    assert_int_equal(only_line(&b).product.key, b.shop.beans_hot.key);
    end(&b);
}

static void a_pick_without_a_step_weighs_nothing(void **state)
{
    struct bench b = begin(0);

    (void)state;
    fuse_code(b.fuse, b.shop.bananas, (double)NAN, true, ++b.id, S_NS(5));
    run(&b, 5, 60);
    assert_int_equal(lines(&b), 0);
    end(&b);
}

static void a_bump_is_nothing(void **state)
{
    struct bench b = begin(0);
    struct trundle_evidence e = { .id = 1, .sense = TRUNDLE_SENSE_WEIGH, .stage = TRUNDLE_STAGE_FINAL, .t0_ns = S_NS(1), .t1_ns = S_NS(2), .mass_g = 3,
                                  .mass_sd_g = 4, .llr_put = -2, .llr_take = -2, .llr_bump = 20, .llr_move = 0 };

    (void)state;
    fuse_evidence(b.fuse, &e, S_NS(2));
    run(&b, 2, 30);
    assert_int_equal(lines(&b), 0);
    assert_int_equal(b.asks + b.rescans, 0);
    end(&b);
}

static void produce_that_was_picked_is_weighed(void **state)
{
    struct bench b = begin(0);

    (void)state;
    fuse_code(b.fuse, b.shop.bananas, (double)NAN, true, 9, S_NS(1));
    step(&b, 4, 612);
    run(&b, 4.5, 30);
    assert_int_equal(only_line(&b).product.key, b.shop.bananas.key);
    assert_near(only_line(&b).mass_g, 612, 0.01);
    end(&b);
}

static void an_old_line_can_still_be_taken_off(void **state)
{
    struct bench b = begin(0);

    (void)state;
    code(&b, 1, b.shop.oats);
    step(&b, 3, 506);
    run(&b, 3.5, 100);                       /* long out of the window */
    fuse_answer(b.fuse, only_line(&b).event, TRUNDLE_OPTION_NOTHING, b.shop.oats, 0);
    run(&b, 100, 101);
    assert_int_equal(lines(&b), 0);
    end(&b);
}

static void a_count_that_was_set_holds_at_once(void **state)
{
    struct bench b = begin(0);

    (void)state;
    code(&b, 1, b.shop.oats);
    step(&b, 3, 506);
    run(&b, 3.5, 5);
    fuse_answer(b.fuse, only_line(&b).event, TRUNDLE_OPTION_PRODUCT, b.shop.oats, 3);
    run(&b, 5, 6);
    assert_int_equal(only_line(&b).count, 3);
    run(&b, 6, 60);
    assert_int_equal(only_line(&b).count, 3);
    end(&b);
}

/* The mutant: with the masses of the catalog swapped, what was right must become wrong. */
static void swapped_masses_lead_astray(void **state)
{
    struct bench b = begin(0);
    size_t n;
    const struct fuse_line *shown;

    (void)state;
    step(&b, 3, 250);                        /* cocoa's mass; what was really put in is oats */
    run(&b, 3.5, 30);
    shown = fuse_lines(b.fuse, &n);
    assert_true(n == 0 || shown[0].product.key != b.shop.oats.key);
    end(&b);
}

static void the_same_evidence_gives_the_same_bits(void **state)
{
    struct fuse_line first[8];
    size_t n = 0;

    (void)state;
    memset(first, 0, sizeof first);
    for (int round = 0; round < 2; round++) {
        struct bench b = begin(1);
        const struct fuse_line *shown;

        code(&b, 1, b.shop.oats);
        step(&b, 3, 506);
        sight(&b, 3, 0, true, b.shop.oats, 2);
        step(&b, 7, 411);
        run(&b, 7.5, 40);
        shown = fuse_lines(b.fuse, &n);
        assert_int_equal(n, 2);
        for (size_t i = 0; i < n; i++) {
            if (round)
                assert_true(shown[i].product.key == first[i].product.key && shown[i].mass_g == first[i].mass_g);
            first[i] = shown[i];
        }
        end(&b);
    }
}

static void tables_are_checked_field_by_field(void **state)
{
    struct fuse_params p = { .prior = { .put = 7 } };
    struct trundle_error err;
    static const char unknown[] = "{\"missing\":1,\"phantom\":1,\"wrong\":1,\"false_removal\":1,\"ask\":1,\"rescan\":1,\"change\":1,\"wait\":1,"
                                  "\"answered\":1,\"audit_cents\":1,\"typo\":1}";

    (void)state;
    assert_int_equal(fuse_params_parse("{}", 2, NULL, 0, &p, &err), TRUNDLE_NOT_FOUND);
    assert_string_equal(err.where, "fuse.json: put");
    assert_int_equal(fuse_params_parse(NULL, 0, unknown, strlen(unknown), &p, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "typo"));
    assert_near(p.prior.put, 7, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scanned_item_is_a_line_at_once),      cmocka_unit_test(a_scan_after_the_drop_names_the_line),
        cmocka_unit_test(the_cameras_tell_what_the_scale_cannot), cmocka_unit_test(doubt_asks_and_the_answer_settles_it),
        cmocka_unit_test(what_is_taken_out_leaves_the_list),     cmocka_unit_test(two_scans_and_one_step_are_two_items),
        cmocka_unit_test(a_sighting_without_weight_is_no_item),  cmocka_unit_test(a_bump_is_nothing),
        cmocka_unit_test(produce_that_was_picked_is_weighed),    cmocka_unit_test(a_count_that_was_set_holds_at_once),
        cmocka_unit_test(an_old_line_can_still_be_taken_off),
        cmocka_unit_test(a_scan_without_a_step_is_an_item),      cmocka_unit_test(a_step_that_comes_late_takes_the_scan_over),
        cmocka_unit_test(a_pick_without_a_step_weighs_nothing),  cmocka_unit_test(a_scan_that_was_put_right_is_no_item),
        cmocka_unit_test(swapped_masses_lead_astray),            cmocka_unit_test(the_same_evidence_gives_the_same_bits),
        cmocka_unit_test(tables_are_checked_field_by_field),
    };

    return support_run(tests);
}
