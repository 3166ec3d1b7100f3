/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Boxes to maps and back, the gradient of their loss, and average precision reckoned by hand. */
#include "tests/support/support.h"

#include "base/std/rng.h"
#include "lab/train/detect.h"
#include "lab/train/loss.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { H = 8, W = 10, K = 3, WIDE = 4 + K };
static const struct detect_map map = { H, W, K, 8, 8 };
static const struct data_box boxes[] = { { 10, 12, 30, 28, 0 }, { 40, 20, 76, 60, 2 }, { 2, 40, 14, 62, 1 } };

/* The map that says exactly these boxes. */
static void perfect(float out[H * W * WIDE])
{
    static float heat[H * W * K];
    static int32_t cell[H * W];

    detect_targets(&map, boxes, 3, heat, cell);
    for (int c = 0; c < H * W; c++) {
        double x = (c % W + 0.5) * 8, y = (c / W + 0.5) * 8;

        for (int k = 0; k < K; k++)
            out[c * WIDE + 4 + k] = heat[c * K + k] >= 1 ? 6 : -6;
        memset(out + c * WIDE, 0, 4 * sizeof(float));
        if (cell[c] >= 0) {
            const struct data_box *b = &boxes[cell[c]];

            out[c * WIDE] = (float)log((x - (double)b->x0) / 8);
            out[c * WIDE + 1] = (float)log((y - (double)b->y0) / 8);
            out[c * WIDE + 2] = (float)log(((double)b->x1 - x) / 8);
            out[c * WIDE + 3] = (float)log(((double)b->y1 - y) / 8);
        }
    }
}

static void a_perfect_map_reads_back(void **state)
{
    static float out[H * W * WIDE];
    struct detect_score *s = detect_score_new(K);
    struct detect_found found[20];
    int n;

    (void)state;
    perfect(out);
    n = detect_read(&map, out, 0.5, found, 20);
    assert_int_equal(n, 3);
    for (int i = 0; i < n; i++) {
        static const int of[K] = { 0, 2, 1 };
        const struct data_box *b = &boxes[of[found[i].label]];

        assert_int_equal(b->label, found[i].label);
        assert_near(found[i].x0, b->x0, 0.01);
        assert_near(found[i].y1, b->y1, 0.01);
    }
    assert_true(detect_score_add(s, found, n, boxes, 3, 0.5));
    assert_near(detect_score_ap(s), 1, 1e-9);
    detect_score_free(s);
    detect_score_free(NULL);
    assert_int_equal(detect_read(&map, out, 0.5, found, 2), 2);
}

static void the_loss_is_least_there_and_its_gradient_holds(void **state)
{
    static float out[H * W * WIDE], grad[H * W * WIDE], heat[H * W * K];
    static int32_t cell[H * W];
    struct rng r = rng_seed(support_seed(), "detect");
    double best, value;

    (void)state;
    perfect(out);
    best = detect_loss(&map, LOSS_GIOU, 1, out, boxes, 3, 1, NULL, heat, cell);
    for (int i = 0; i < H * W * WIDE; i++)
        out[i] += (float)rng_range(&r, -0.5, 0.5);
    memset(grad, 0, sizeof grad);
    value = detect_loss(&map, LOSS_GIOU, 1, out, boxes, 3, 1, grad, heat, cell);
    assert_true(value > best + 0.05);
    assert_near(value, detect_loss(&map, LOSS_GIOU, 1, out, boxes, 3, 1, NULL, heat, cell), 1e-9);
    for (int turn = 0; turn < 300; turn++) {
        int i = (int)rng_below(&r, H * W * WIDE);
        float kept = out[i];
        double up, down;

        out[i] = kept + 2e-3f;
        up = detect_loss(&map, LOSS_GIOU, 1, out, boxes, 3, 1, NULL, heat, cell);
        out[i] = kept - 2e-3f;
        down = detect_loss(&map, LOSS_GIOU, 1, out, boxes, 3, 1, NULL, heat, cell);
        out[i] = kept;
        assert_near((double)grad[i], (up - down) / 4e-3, 2e-3 + 0.02 * fabs((double)grad[i]));
    }
}

static void precision_by_hand(void **state)
{
    /* Class 0: right, wrong, right of two truths: precision 1 to recall 1/2, 2/3 to recall 1: (1 + 2/3) / 2. Class 1: nothing found. */
    const struct data_box truth[] = { { 0, 0, 10, 10, 0 }, { 20, 20, 30, 30, 0 }, { 50, 50, 60, 60, 1 } };
    const struct detect_found found[] = { { 0, 0, 10, 9, 0.9f, 0 }, { 40, 40, 50, 50, 0.8f, 0 }, { 20, 20, 30, 31, 0.7f, 0 }, { 0, 0, 10, 10, 0.6f, 0 } };
    struct detect_score *s = detect_score_new(2);

    (void)state;
    assert_true(isnan(detect_score_ap(s)));
    assert_true(detect_score_add(s, found, 4, truth, 3, 0.5));
    assert_near(detect_score_ap(s), ((1 + 2.0 / 3) / 2 + 0) / 2, 1e-9);
    detect_score_free(s);
}

static void doubles_are_thinned(void **state)
{
    struct detect_found found[] = { { 0, 0, 10, 10, 0.5f, 0 }, { 1, 0, 11, 10, 0.9f, 0 }, { 0, 0, 10, 10, 0.4f, 1 }, { 30, 30, 40, 40, 0.2f, 0 } };

    (void)state;
    assert_int_equal(detect_thin(found, 4, 0.6), 3);
    assert_near(found[0].score, 0.9, 1e-6);
    assert_int_equal(found[1].label, 1);
    assert_near(found[2].score, 0.2, 1e-6);
    assert_int_equal(detect_thin(found, 0, 0.6), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_perfect_map_reads_back), cmocka_unit_test(the_loss_is_least_there_and_its_gradient_holds),
                                        cmocka_unit_test(precision_by_hand), cmocka_unit_test(doubles_are_thinned) };

    return support_run(tests);
}
