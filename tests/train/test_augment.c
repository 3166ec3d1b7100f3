/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Augmentation: nothing when all is off, seeded, the same for any number of workers, boxes stay on their things. */
#include "tests/support/support.h"

#include "base/std/bytes.h"
#include "base/std/rng.h"
#include "lab/train/feed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PX = 32 };

/* One scratch folder for the whole program. */
static const char *home(void)
{
    static char folder[4000];

    if (!folder[0])
        (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    return folder;
}

static struct data_set *generated(int n)
{
    struct data_config c = { .kind = DATA_GENERATED, .memory_mb = 64, .generated_n = n, .generated_px = PX, .generated_seed = 3 };
    struct trundle_error err = { 0 };
    struct data_set *set = NULL;

    support_ok(data_open(&c, "", 1, &set, &err), &err);
    return set;
}

/* Everything at once. */
static struct augment_plan wild(uint64_t seed)
{
    struct augment_plan plan = { .config = augment_config_default(), .seed = seed, .crop = 1 };
    struct augment_config *c = &plan.config;

    c->scale[0] = 0.3;
    c->aspect = 1.3;
    c->flip = 0.5;
    c->flip_v = 0.1;
    c->rotate_deg = 20;
    c->brightness = c->contrast = c->saturation = 0.4;
    c->hue_deg = 15;
    c->blur = c->noise = c->jpeg = c->cutout = 0.5;
    c->mixup = c->cutmix = 0.4;
    return plan;
}

static void all_off_is_the_picture_itself(void **state)
{
    struct augment_plan plan = { .config = augment_config_default(), .seed = 1, .crop = 1 };
    struct augment_scratch *s = augment_scratch_new();
    static float x[PX * PX * 3], y[PX * PX * 3];
    struct data_set *set = generated(4);
    static struct augment_truth truth;
    struct trundle_error err = { 0 };
    struct data_picture p;

    (void)state;
    for (int k = 0; k < 3; k++) {
        plan.config.mean[k] = 0;
        plan.config.sd[k] = 1;
    }
    support_ok(augment_sample(&plan, set, DATA_TRAIN, 5, 2, PX, PX, s, x, &truth, &err), &err);
    support_ok(data_picture(set, 2, &p, &err), &err);
    for (int i = 0; i < PX * PX * 3; i++)
        assert_near(x[i] * 255, p.rgb[i], 1e-3);
    assert_int_equal(truth.label, data_item(set, 2)->label);
    assert_int_equal(truth.label2, truth.label);
    assert_near(truth.lambda, 1, 0);
    support_ok(augment_plain(&plan, set, DATA_TRAIN, 2, PX, PX, false, s, y, &truth, &err), &err);
    assert_memory_equal(x, y, sizeof x);
    support_ok(augment_plain(&plan, set, DATA_TRAIN, 2, PX, PX, true, s, y, &truth, &err), &err);
    for (int v = 0; v < PX; v++)
        for (int u = 0; u < PX; u++)
            assert_near(y[3 * (v * PX + u)], x[3 * (v * PX + PX - 1 - u)], 1e-6);
    data_picture_done(&p);
    augment_scratch_free(s);
    augment_scratch_free(NULL);
    data_free(set);
}

static void samples_are_functions_of_seed_epoch_and_item(void **state)
{
    struct augment_scratch *s = augment_scratch_new(), *fresh = augment_scratch_new();
    struct augment_plan plan = wild(7), other = wild(8);
    static float x[PX * PX * 3], y[PX * PX * 3];
    static struct augment_truth a, b;
    struct data_set *set = generated(30);
    struct trundle_error err = { 0 };
    int mixed = 0;

    (void)state;
    for (size_t i = 0; i < 30; i++) {
        support_ok(augment_sample(&plan, set, DATA_TRAIN, 1, i, PX, PX, s, x, &a, &err), &err);
        support_ok(augment_sample(&plan, set, DATA_TRAIN, 1, i, PX, PX, fresh, y, &b, &err), &err);
        assert_memory_equal(x, y, sizeof x);
        assert_near(a.lambda, b.lambda, 0);
        for (int k = 0; k < PX * PX * 3; k++)
            assert_true(isfinite(x[k]) && fabsf(x[k]) < 4.5f);
        support_ok(augment_sample(&plan, set, DATA_TRAIN, 2, i, PX, PX, s, y, &b, &err), &err);
        assert_memory_not_equal(x, y, sizeof x);
        support_ok(augment_sample(&other, set, DATA_TRAIN, 1, i, PX, PX, s, y, &b, &err), &err);
        assert_memory_not_equal(x, y, sizeof x);
        mixed += a.lambda < 1;
    }
    assert_true(mixed > 10 && mixed < 30);
    augment_scratch_free(s);
    augment_scratch_free(fresh);
    data_free(set);
}

/* One bright rectangle on black: after any geometry its pixels lie in the box that went the same way, and fill it when it is upright. */
static void boxes_follow_the_geometry(void **state)
{
    enum { W = 80, H = 60, OUT = 64 };
    struct rng r = rng_seed(support_seed(), "boxes");
    struct augment_scratch *s = augment_scratch_new();
    struct augment_config c = augment_config_default();
    static uint8_t rgb[W * H * 3];
    static float out[OUT * OUT * 3];
    int kept = 0;

    (void)state;
    c.scale[0] = 0.5;
    c.aspect = 1.2;
    c.flip = c.flip_v = 0.5;
    for (int turn = 0; turn < 100; turn++) {
        int x0 = 5 + (int)rng_below(&r, 30), y0 = 5 + (int)rng_below(&r, 20), x1 = x0 + 15 + (int)rng_below(&r, 20), y1 = y0 + 12 + (int)rng_below(&r, 15);
        struct data_box box = { (float)x0 / W, (float)y0 / H, (float)x1 / W, (float)y1 / H, 3 }, got;
        struct data_picture p = { rgb, W, H, NULL };
        struct augment_warp warp;
        double lost = 0, sum = 0, inside = 0;

        c.rotate_deg = turn & 1 ? 25 : 0;
        memset(rgb, 0, sizeof rgb);
        for (int y = y0; y < y1; y++)
            memset(rgb + 3 * (y * W + x0), 255, (size_t)(3 * (x1 - x0)));
        warp = augment_warp_draw(&c, true, W, H, OUT, OUT, &r);
        support_ok(augment_warp_run(&warp, &p, OUT, OUT, s, out), NULL);
        if (!augment_warp_boxes(&warp, &box, 1, W, H, OUT, OUT, &got))
            continue;
        kept++;
        assert_int_equal(got.label, 3);
        for (int v = 0; v < OUT; v++)
            for (int u = 0; u < OUT; u++) {
                double bright = (double)out[3 * (v * OUT + u)] / 255;
                bool in = u + 0.5 > (double)got.x0 - 1.5 && u + 0.5 < (double)got.x1 + 1.5 && v + 0.5 > (double)got.y0 - 1.5 && v + 0.5 < (double)got.y1 + 1.5;

                sum += bright;
                inside += in ? bright : 0;
                lost += in ? 0 : bright;
            }
        if (c.rotate_deg == 0) {              /* turned pictures show mirrored pieces in their corners */
            assert_near(lost, 0, 1e-3);
            assert_near(inside, (double)((got.x1 - got.x0) * (got.y1 - got.y0)), 0.12 * sum + 3);
        } else {
            assert_true(inside > 0.4 * (double)((got.x1 - got.x0) * (got.y1 - got.y0)));
        }
    }
    assert_true(kept > 60);
    augment_scratch_free(s);
}

static void colours_do_what_they_say(void **state)
{
    float grey[3] = { 100, 100, 100 }, x[6] = { 200, 100, 50, 200, 100, 50 }, turned[3] = { 200, 100, 50 };

    (void)state;
    augment_colour(grey, 1, 1, 1, 0.2, 90);   /* grey has neither saturation nor hue */
    for (int k = 0; k < 3; k++)
        assert_near(grey[k], 100, 0.1);
    augment_colour(x, 2, 0.5, 1, 1, 0);
    assert_near(x[0], 100, 1e-4);
    assert_near(x[5], 25, 1e-4);
    augment_colour(x, 2, 1, 1, 0, 0);         /* without saturation: its luma */
    for (int k = 0; k < 3; k++)
        assert_near(x[k], 0.299 * 100 + 0.587 * 50 + 0.114 * 25, 0.1);
    augment_colour(turned, 1, 1, 1, 1, 120);
    assert_true(turned[0] < turned[1] || turned[0] < turned[2]);
}

static void a_blur_keeps_the_mean_and_lowers_the_contrast(void **state)
{
    struct augment_scratch *s = augment_scratch_new();
    struct rng r = rng_seed(support_seed(), "blur");
    float x[24 * 24 * 3], flat[24 * 24 * 3];
    double before = 0, after = 0, mean = 0;

    (void)state;
    for (int i = 0; i < 24 * 24 * 3; i++) {
        x[i] = (float)rng_range(&r, 0, 255);
        flat[i] = 77;
        before += ((double)x[i] - 127) * ((double)x[i] - 127);
    }
    support_ok(augment_blur(x, 24, 24, 1.5, s), NULL);
    support_ok(augment_blur(flat, 24, 24, 1.5, s), NULL);
    for (int i = 0; i < 24 * 24 * 3; i++) {
        after += ((double)x[i] - 127) * ((double)x[i] - 127);
        mean += (double)x[i] / (24 * 24 * 3);
        assert_near(flat[i], 77, 1e-3);
    }
    assert_near(mean, 127, 12);
    assert_true(after < 0.2 * before);
    augment_scratch_free(s);
}

static uint64_t fingerprint(const struct feed_batch *b)
{
    uint64_t sum = 1469598103934665603u;
    const uint8_t *bytes = (const uint8_t *)b->x;

    for (size_t i = 0; i < sizeof(float) * (size_t)b->n * (size_t)b->w * (size_t)b->h * 3; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    for (int i = 0; i < b->n; i++)
        sum = (sum ^ (uint64_t)b->truth[i].item ^ (uint64_t)(b->truth[i].label2 << 8)) * 1099511628211u;
    return sum;
}

static void run_feed(const struct data_set *set, int workers, int first, int step, int n, uint64_t *out, int batches)
{
    struct augment_plan plan = wild(11);
    struct trundle_error err = { 0 };
    struct feed *feed = NULL;
    struct feed_batch b;
    int asked = 0;

    support_ok(feed_start(&plan, set, &(struct feed_config){ .batch = n, .workers = workers, .ahead = 2, .side_most = PX }, &feed, &err), &err);
    assert_int_equal(feed_take(feed, &b, &err), TRUNDLE_BAD_ARG);
    for (int i = 0; i < batches; i++) {
        while (asked < batches && feed_asked(feed) < 2) {
            int px = asked & 1 ? PX : 16;

            support_ok(feed_ask(feed, &(struct feed_ask){ .first = (uint64_t)(first + asked * step), .n = n, .w = px, .h = px }, &err), &err);
            asked++;
        }
        if (i == 0)
            assert_int_equal(feed_ask(feed, &(struct feed_ask){ .first = 0, .n = n, .w = PX, .h = PX }, &err), TRUNDLE_FULL);
        support_ok(feed_take(feed, &b, &err), &err);
        assert_int_equal(b.n, n);
        out[i] = fingerprint(&b);
    }
    feed_stop(feed);
}

static void workers_change_nothing(void **state)
{
    struct data_set *set = generated(50);
    uint64_t alone[12], one[12], four[12];

    (void)state;
    run_feed(set, 0, 0, 16, 16, alone, 12);
    run_feed(set, 1, 0, 16, 16, one, 12);
    run_feed(set, 4, 0, 16, 16, four, 12);
    assert_memory_equal(alone, one, sizeof alone);
    assert_memory_equal(alone, four, sizeof alone);
    for (int i = 1; i < 12; i++)
        assert_true(alone[i] != alone[0]);
    feed_stop(NULL);
    data_free(set);
}

/* The same numbers of the endless run, whoever asks for them: what two ranks get is what one gets. */
static void halves_of_a_batch_are_the_batch(void **state)
{
    struct data_set *set = generated(20);
    struct augment_plan plan = wild(2);
    struct trundle_error err = { 0 };
    struct feed *whole = NULL, *half = NULL;
    struct feed_batch a, b;
    size_t pixels = 16 * 16 * 3;

    (void)state;
    support_ok(feed_start(&plan, set, &(struct feed_config){ .batch = 8, .workers = 0, .ahead = 1, .side_most = 16 }, &whole, &err), &err);
    support_ok(feed_start(&plan, set, &(struct feed_config){ .batch = 4, .workers = 1, .ahead = 1, .side_most = 16 }, &half, &err), &err);
    support_ok(feed_ask(whole, &(struct feed_ask){ .first = 16, .n = 8, .w = 16, .h = 16 }, &err), &err);       /* over the end of an epoch */
    support_ok(feed_take(whole, &a, &err), &err);
    for (int i = 0; i < 2; i++) {
        support_ok(feed_ask(half, &(struct feed_ask){ .first = (uint64_t)(16 + 4 * i), .n = 4, .w = 16, .h = 16 }, &err), &err);
        support_ok(feed_take(half, &b, &err), &err);
        assert_memory_equal(b.x, a.x + 4 * pixels * (size_t)i, 4 * pixels * sizeof(float));
    }
    feed_stop(whole);
    feed_stop(half);
    data_free(set);
}

/* A picture that breaks while the run goes on: named, and the run stops. */
static void a_picture_that_goes_away_is_an_error(void **state)
{
    struct data_config c = { .kind = DATA_FOLDER, .path = "gone", .memory_mb = 0 };
    struct augment_plan plan = { .config = augment_config_default(), .seed = 1, .crop = 1 };
    struct trundle_error err = { 0 };
    struct data_set *set = NULL;
    struct feed *feed = NULL;
    struct feed_batch b;
    char path[4096];

    (void)state;
    (void)support_shell(NULL, "mkdir -p '%s/gone/a' && cp '%s' '%s/gone/a/x.png'", home(), support_source("docs/img/touchscreen.png"), home());
    (void)snprintf(path, sizeof path, "%s/gone/a/x.png", home());
    if (data_open(&c, home(), 1, &set, &err) != TRUNDLE_OK)
        support_skip("no picture to copy");
    support_ok(feed_start(&plan, set, &(struct feed_config){ .batch = 2, .workers = 1, .ahead = 1, .side_most = 16 }, &feed, &err), &err);
    (void)remove(path);
    support_ok(feed_ask(feed, &(struct feed_ask){ .first = 0, .n = 2, .w = 16, .h = 16 }, &err), &err);
    assert_int_equal(feed_take(feed, &b, &err), TRUNDLE_NOT_FOUND);
    assert_non_null(strstr(err.where, "x.png"));
    feed_stop(feed);
    data_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_off_is_the_picture_itself), cmocka_unit_test(samples_are_functions_of_seed_epoch_and_item), cmocka_unit_test(boxes_follow_the_geometry),
        cmocka_unit_test(colours_do_what_they_say), cmocka_unit_test(a_blur_keeps_the_mean_and_lowers_the_contrast), cmocka_unit_test(workers_change_nothing),
        cmocka_unit_test(halves_of_a_batch_are_the_batch), cmocka_unit_test(a_picture_that_goes_away_is_an_error),
    };

    return support_run(tests);
}
