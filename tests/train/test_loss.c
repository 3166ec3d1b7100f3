/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Losses: gradients against five-point differences on random inputs, values against numbers worked out by hand, limits. A gradient made wrong on purpose
 * must be seen by the same check.
 */
#include "tests/support/support.h"

#include "base/std/rng.h"
#include "lab/train/loss.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 512 };

struct given {
    float x[MOST], t[MOST], w[MOST];
    int32_t label[MOST], length[8];
    int n, k, s;
    double a, b;
};

typedef double (*loss_of)(const struct given *g, const float *x, float *grad);

static double smooth(const struct given *g, const float *x, float *grad) { return loss_cross_entropy(x, NULL, g->label, g->n, g->k, 0.1, 0.3, grad); }
static double soft(const struct given *g, const float *x, float *grad) { return loss_cross_entropy(x, g->t, NULL, g->n, g->k, 0, 0.5, grad); }
static double binary(const struct given *g, const float *x, float *grad) { return loss_binary(x, g->t, g->w, g->n * g->k, 0.7, grad); }
static double focal(const struct given *g, const float *x, float *grad) { return loss_focal(x, g->w, g->n * g->k, 0.25, g->a, 0.7, grad); }
static double heatmap(const struct given *g, const float *x, float *grad) { return loss_heatmap(x, g->t, g->n * g->k, 0.7, grad); }
static double iou(const struct given *g, const float *x, float *grad) { return loss_box(LOSS_IOU, x, g->t, g->w, g->n, 0.7, grad); }
static double giou(const struct given *g, const float *x, float *grad) { return loss_box(LOSS_GIOU, x, g->t, NULL, g->n, 0.7, grad); }
static double diou(const struct given *g, const float *x, float *grad) { return loss_box(LOSS_DIOU, x, g->t, NULL, g->n, 0.7, grad); }
static double l1(const struct given *g, const float *x, float *grad) { return loss_smooth_l1(x, g->t, g->w, g->n * g->k, 0.5, 0.7, grad); }
static double squared(const struct given *g, const float *x, float *grad) { return loss_squared(x, g->t, NULL, g->n * g->k, 0.7, grad); }
static double arc(const struct given *g, const float *x, float *grad) { return loss_margin(LOSS_ARC, x, g->label, g->n, g->k, 0.5, 8, 0.2, grad); }
static double cosine(const struct given *g, const float *x, float *grad) { return loss_margin(LOSS_COS, x, g->label, g->n, g->k, 0.35, 8, 0.2, grad); }
static double distill(const struct given *g, const float *x, float *grad) { return loss_distill(x, g->t, g->n, g->k, 3, 0.2, grad); }

static double contrastive(const struct given *g, const float *x, float *grad)
{
    double v = 0;

    support_ok(loss_contrastive(x, g->label, g->n, g->k, 0.5, 0.3, grad, &v), NULL);
    return v;
}

static double ctc(const struct given *g, const float *x, float *grad)
{
    double v = 0;
    int skipped;

    support_ok(loss_ctc(x, NULL, g->label, g->length, g->n, g->s, g->k, 3, 0, 0.3, grad, &v, &skipped), NULL);
    return v;
}

struct kind { const char *name; loss_of loss; enum { LOGITS, COSINES, BOXES, FRAMES } input; };
static const struct kind kinds[] = {
    { "cross-entropy, smoothed", smooth, LOGITS }, { "cross-entropy, soft", soft, LOGITS }, { "binary", binary, LOGITS }, { "focal", focal, LOGITS }, { "heat map", heatmap, LOGITS },
    { "iou", iou, BOXES }, { "giou", giou, BOXES }, { "diou", diou, BOXES }, { "smooth l1", l1, LOGITS }, { "squared", squared, LOGITS },
    { "contrastive", contrastive, LOGITS }, { "arc", arc, COSINES }, { "cosine", cosine, COSINES }, { "distill", distill, LOGITS }, { "ctc", ctc, FRAMES },
};

static int draw(struct given *g, const struct kind *k, uint64_t seed)
{
    struct rng r = rng_seed(seed, k->name);
    int count;

    memset(g, 0, sizeof *g);
    g->n = 2 + (int)rng_below(&r, 5);
    g->k = k->input == BOXES ? 4 : 3 + (int)rng_below(&r, 5);
    g->s = k->input == FRAMES ? 6 + (int)rng_below(&r, 4) : 1;
    g->a = rng_unit(&r) < 0.5 ? 2 : 1.5;
    count = g->n * g->k * g->s;
    for (int i = 0; i < count; i++) {
        g->x[i] = (float)(k->input == COSINES ? 0.9 * (2 * rng_unit(&r) - 1) : rng_normal(&r));
        g->t[i] = (float)rng_unit(&r);
        g->w[i] = (float)(int)rng_below(&r, 2);
    }
    for (int i = 0; i < g->n; i++) {
        double sum = 0;

        g->label[i] = (int32_t)rng_below(&r, (uint32_t)(k->input == LOGITS && k->loss == contrastive ? 2 : g->k));
        if (k->loss == soft) {
            for (int j = 0; j < g->k; j++)
                sum += (double)g->t[i * g->k + j];
            for (int j = 0; j < g->k; j++)
                g->t[i * g->k + j] = (float)((double)g->t[i * g->k + j] / sum);
        }
        if (k->loss == heatmap)
            g->t[i] = 1;
        if (k->input == BOXES)
            for (int j = 0; j < 4; j++) {
                g->t[i * 4 + j] = (float)(j < 2 ? rng_unit(&r) : 2 + 2 * rng_unit(&r));
                g->x[i * 4 + j] = (float)(j < 2 ? 2 * rng_unit(&r) - 0.5 : 1.6 + 3 * rng_unit(&r));
                g->w[i] = 1;
            }
    }
    if (k->input == FRAMES)
        for (int i = 0; i < g->n; i++) {
            g->length[i] = 1 + (int32_t)rng_below(&r, 3);
            for (int j = 0; j < 3; j++)
                g->label[i * 3 + j] = 1 + (int32_t)rng_below(&r, (uint32_t)g->k - 1);
        }
    return count;
}

/* Elements whose slope disagrees; `factor` spoils the gradient. */
static int disagreements(const struct kind *k, uint64_t seed, double factor)
{
    struct given g;
    float grad[MOST] = { 0 }, x[MOST];
    int count = draw(&g, k, seed), bad = 0, kinks = 0;

    assert_true(isfinite(k->loss(&g, g.x, grad)));
    for (int i = 0; i < count; i++) {
        double s[2];

        for (int pass = 0; pass < 2; pass++) {
            static const double step[4] = { -2, -1, 1, 2 };
            double h = pass ? 2e-3 : 1e-3, f[4], at[4];

            memcpy(x, g.x, sizeof x);
            for (int j = 0; j < 4; j++) {
                x[i] = (float)((double)g.x[i] + step[j] * h);
                at[j] = (double)x[i];
                f[j] = k->loss(&g, x, NULL);
            }
            s[pass] = (16 * (f[2] - f[1]) / (at[2] - at[1]) - 4 * (f[3] - f[0]) / (at[3] - at[0])) / 12;
        }
        if (fabs(s[0] - s[1]) > 1e-5 * (1 + fabs(s[0])))
            kinks++;
        else if (fabs(s[0] - factor * (double)grad[i]) > 1e-4 * (0.1 + fabs(s[0])))
            bad++;
    }
    if (kinks * 4 > count)
        fail_msg("%s: %d kinks of %d", k->name, kinks, count);
    return bad;
}

static void gradients_agree(void **state)
{
    uint64_t seed = support_seed() * 100;

    (void)state;
    for (size_t k = 0; k < COUNT_OF(kinds); k++)
        for (uint64_t run = 0; run < 10; run++) {
            int bad = disagreements(&kinds[k], seed + run, 1);

            if (bad)
                fail_msg("%s, run %d: %d slopes disagree", kinds[k].name, (int)run, bad);
        }
}

static void wrong_gradient_is_seen(void **state)
{
    uint64_t seed = support_seed() * 100;

    (void)state;
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        int seen = 0;                       /* a single draw may have no pair, or no weight */

        for (uint64_t run = 0; run < 5; run++)
            seen += disagreements(&kinds[k], seed + run, 1.01) > 0;
        assert_true(seen > 0);
    }
}

/* CIoU holds its alpha fixed in the gradient (as its authors do): differences of the whole differ by alpha's own slope, which is 0 where v is. */
static void ciou(void **state)
{
    const float same[4] = { 0, 0, 2, 2 }, moved[4] = { 1, 0, 3, 2 }, wide[4] = { 0, 0, 4, 2 };
    float grad[4] = { 0 };
    double v;

    (void)state;
    assert_near(loss_box(LOSS_CIOU, same, same, NULL, 1, 1, NULL), 0, 1e-6);
    /* IoU 1/3, centres 1 apart, hull 3 x 2 */
    assert_near(loss_box(LOSS_CIOU, moved, same, NULL, 1, 1, NULL), 1 - 1.0 / 3 + 1.0 / 13, 1e-6);
    assert_near(loss_box(LOSS_GIOU, moved, same, NULL, 1, 1, NULL), 1 - 1.0 / 3, 1e-6);
    v = 4 / (3.14159265358979 * 3.14159265358979) * pow(atan(1) - atan(2), 2);
    assert_near(loss_box(LOSS_CIOU, wide, same, NULL, 1, 1, grad), 1 - 0.5 + 1.0 / 20 + v * v / (0.5 + v), 1e-6);
    assert_true(grad[2] > 0);               /* narrower is better */
}

static void by_hand(void **state)
{
    const float even[3] = { 0, 0, 0 }, certain[3] = { 0, 20, 0 };
    const int32_t second = 1, none = -1;
    float grad[3] = { 0 };
    double v = 0;
    int skipped = -1;

    (void)state;
    assert_near(loss_cross_entropy(even, NULL, &second, 1, 3, 0, 1, grad), log(3), 1e-12);
    assert_near(grad[1], -2.0 / 3, 1e-6);
    assert_near(loss_cross_entropy(certain, NULL, &second, 1, 3, 0, 1, NULL), 0, 1e-6);
    assert_near(loss_cross_entropy(certain, NULL, &none, 1, 3, 0, 1, NULL), 0, 0);
    /* two frames, classes blank and 1, one letter: ways "1 1", "- 1", "1 -", each 1/4 */
    assert_int_equal(loss_ctc((const float[4]){ 0 }, NULL, &second, &(const int32_t){ 1 }, 1, 2, 2, 1, 0, 1, NULL, &v, &skipped), TRUNDLE_OK);
    assert_near(v, -log(0.75), 1e-12);
    /* "1 1" does not fit into two frames: a blank must lie between */
    assert_int_equal(loss_ctc((const float[4]){ 0 }, NULL, (const int32_t[2]){ 1, 1 }, &(const int32_t){ 2 }, 1, 2, 2, 2, 0, 1, NULL, &v, &skipped), TRUNDLE_OK);
    assert_int_equal(skipped, 1);
    assert_int_equal(loss_ctc((const float[4]){ 0 }, NULL, &(const int32_t){ 2 }, &(const int32_t){ 1 }, 1, 2, 2, 1, 0, 1, NULL, &v, &skipped), TRUNDLE_BAD_ARG);
    /* two of a kind and a stranger at right angles: log(e^(1/T) + 1) - 1/T for each of the two */
    {
        const float e[6] = { 1, 0, 1, 0, 0, 1 };
        const int32_t label[3] = { 4, 4, 5 };

        assert_int_equal(loss_contrastive(e, label, 3, 2, 0.5, 1, NULL, &v), TRUNDLE_OK);
        assert_near(v, 2 * (log(exp(2) + 1) - 2), 1e-9);
    }
    assert_near(loss_distill(certain, certain, 1, 3, 4, 1, NULL), 0, 1e-9);
    /* CosFace with a margin of 0 is cross-entropy of the sharpened cosines */
    assert_near(loss_margin(LOSS_COS, even, &second, 1, 3, 0, 30, 1, NULL), log(3), 1e-9);
    assert_near(loss_margin(LOSS_ARC, (const float[2]){ 1, 0 }, &(const int32_t){ 0 }, 1, 2, 0.5, 1, 1, NULL), log1p(exp(-cos(0.5))), 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gradients_agree), cmocka_unit_test(wrong_gradient_is_seen), cmocka_unit_test(ciou), cmocka_unit_test(by_hand) };

    return support_run(tests);
}
