/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Quantisation: observers against brute force, steps that leave the function alone, and int8 nets that answer as their f32 nets do. */
#include "tests/support/support.h"
#include "tests/train/nets.h"

#include "base/net/passes.h"
#include "lab/train/compare.h"
#include "lab/train/quantize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE = 12 * 12 * 3, CLASSES = 7 };

static enum trundle_status noise(void *user, uint64_t first, int count, float *x, int32_t *label, struct trundle_error *err)
{
    (void)err;
    for (int i = 0; i < count; i++) {
        struct rng r = rng_seed(*(const uint64_t *)user + first + (uint64_t)i, "test/noise");

        for (int k = 0; k < IMAGE; k++)
            x[i * IMAGE + k] = (float)(rng_normal(&r) + 0.3 * (k % 3));
        if (label)
            label[i] = (int32_t)(first + (uint64_t)i) % CLASSES;
    }
    return TRUNDLE_OK;
}

static struct source source_of(uint64_t *seed)
{
    return (struct source){ .fill = noise, .user = seed, .n = 100000, .classes = CLASSES };
}

static double error_of(const float *x, size_t n, float lo, float hi)
{
    float scale, v;
    int32_t zero;
    double sum = 0;

    observe_affine(lo, hi, &scale, &zero);
    for (size_t i = 0; i < n; i++) {
        v = rintf(x[i] / scale) + (float)zero;
        v = scale * ((v < 0 ? 0 : v > 255 ? 255 : v) - (float)zero);
        sum += ((double)v - (double)x[i]) * ((double)v - (double)x[i]);
    }
    return sum / (double)n;
}

static int ascending(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void observers_are_brute_force(void **state)
{
    enum { N = 20000 };
    float *x = malloc(N * sizeof *x), lo, hi;
    struct rng r = rng_seed(support_seed(), "observers");

    (void)state;
    for (int shape = 0; shape < 4; shape++) {
        struct observer o = { 0 };
        double best = HUGE_VAL, mine;

        for (int i = 0; i < N; i++) {
            double v = shape == 1 ? rng_exponential(&r, 1) : rng_normal(&r);

            x[i] = (float)(shape == 2 ? fmax(0, v) : shape == 3 ? v * v * v - 2 : v);
        }
        observe_range(&o, x, N / 2);
        observe_range(&o, x + N / 2, N / 2);
        observe_count(&o, x, N / 3);
        observe_count(&o, x + N / 3, N - N / 3);
        observe_choose(&o, OBSERVE_MSE, 0, &lo, &hi);
        mine = error_of(x, N, lo, hi);
        qsort(x, N, sizeof *x, ascending);
        for (int a = 0; a <= 40; a++)
            for (int b = 1; b <= 40; b++)
                best = fmin(best, error_of(x, N, fminf(x[0], 0) * (float)a / 40, fmaxf(x[N - 1], 0) * (float)b / 40));
        assert_true(mine <= 1.05 * best);
        assert_true(mine <= 1.001 * error_of(x, N, fminf(x[0], 0), fmaxf(x[N - 1], 0)));

        observe_choose(&o, OBSERVE_MIN_MAX, 0, &lo, &hi);
        assert_true(lo == fminf(x[0], 0) && hi == fmaxf(x[N - 1], 0));
        observe_choose(&o, OBSERVE_PERCENTILE, 99, &lo, &hi);
        assert_near(hi, x[N - 1 - N / 200], 2 * ((double)x[N - 1] - (double)x[0]) / OBSERVE_BINS + 1e-6);
        assert_near(lo, fminf(0, x[N / 200]), 2 * ((double)x[N - 1] - (double)x[0]) / OBSERVE_BINS + 1e-6);
    }
    free(x);
}

static void strange_values_do_no_harm(void **state)
{
    const float x[] = { NAN, INFINITY, -INFINITY, 2, 0, -1 }, none[] = { NAN }, zero[] = { 0, 0 };
    struct observer o = { 0 }, p = { 0 }, q = { 0 };
    float lo, hi, scale;
    int32_t z;

    (void)state;
    observe_range(&o, x, 6);
    observe_count(&o, x, 6);
    assert_true(o.lo == -1 && o.hi == 2 && o.strange == 3 && o.n == 3 && o.zeros == 1);
    observe_range(&p, none, 1);
    assert_false(p.seen);
    observe_range(&q, zero, 2);
    observe_count(&q, zero, 2);
    for (int kind = 0; kind < OBSERVE_KINDS; kind++) {
        observe_choose(&q, (enum observe_kind)kind, 99, &lo, &hi);
        observe_affine(lo, hi, &scale, &z);
        assert_true(scale > 0 && isfinite(scale) && z >= 0 && z <= 255);
    }
    assert_true(observe_weights(zero, 2, 8, true) > 0);
}

static void weights_use_their_bits(void **state)
{
    struct rng r = rng_seed(support_seed(), "weights");
    float w[200], s;

    (void)state;
    for (int i = 0; i < 200; i++)
        w[i] = (float)rng_normal(&r);
    w[7] = -5;
    for (int bits = 2; bits <= 8; bits++) {
        s = observe_weights(w, 200, bits, false);
        assert_near(s, 5.0 / ((1 << (bits - 1)) - 1), 1e-6);
        assert_true(observe_weights(w, 200, bits, true) <= s);
    }
}

static void equalisation_leaves_the_function(void **state)
{
    (void)state;
    for (int kind = 0; kind < NETS_KINDS; kind++) {
        struct net_graph *g = nets_make((enum nets_kind)kind, CLASSES, true, support_seed());
        struct trundle_error err;
        float *a, *b;
        size_t na, nb;
        int pairs;

        support_ok(net_simplify(g, &err), &err);
        a = nets_run(g, 3, 5, &na);
        support_ok(quantize_equalize(g, 20, &pairs, &err), &err);
        if (kind == NETS_PLAIN || kind == NETS_DEPTHWISE || kind == NETS_FLATTEN)
            assert_true(pairs >= 2);
        b = nets_run(g, 3, 5, &nb);
        assert_int_equal(na, nb);
        for (size_t i = 0; i < na; i++)
            assert_near(a[i], b[i], 1e-4 * fmax(1, fabs((double)a[i])));
        free(a);
        free(b);
        net_graph_free(g);
    }
}

/* Relative error of the int8 net's outputs. */
static double difference(const struct net_graph *g, const struct quantize_config *c, struct compare *out)
{
    uint64_t seed = support_seed(), other = seed + 1000000;
    struct source source = source_of(&seed), held_out = source_of(&other);
    struct quantize_report report;
    struct net_graph *q = NULL;
    struct trundle_error err;
    struct compare compare;

    support_ok(quantize_graph(g, c, &source, &q, &report, &err), &err);
    support_ok(compare_graphs(g, q, &held_out, 200, NULL, &compare, &err), &err);
    assert_string_equal(q->tensor[q->output[0]].name, "logits");
    assert_int_equal(q->tensor[q->output[0]].type, NET_F32);
    assert_true(report.bytes_after < report.bytes_before / 2);
    quantize_report_done(&report);
    net_graph_free(q);
    if (out)
        *out = compare;
    return compare.difference;
}

static void int8_answers_as_f32(void **state)
{
    (void)state;
    for (int kind = 0; kind < NETS_KINDS; kind++)
        for (int observer = 0; observer < OBSERVE_KINDS; observer++) {
            struct net_graph *g = nets_make((enum nets_kind)kind, CLASSES, true, support_seed() + 3);
            struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;
            struct compare compare;
            double d;

            c.observer = (enum observe_kind)observer;
            c.samples = 64;
            c.equalize = observer == 1 ? 5 : 0;
            d = difference(g, &c, &compare);
            print_message("# %s, %s: error %.4f of the logits, %llu of 200 answers the same\n", nets_name((enum nets_kind)kind), observe_name(c.observer), d,
                          (unsigned long long)compare.same);
            assert_true(d < 0.06);
            assert_true(compare.same >= 190);
            assert_true(compare.n == 200 && compare.right_a + compare.only_b == compare.right_b + compare.only_a);
            net_graph_free(g);
        }
}

static void fewer_bits_and_one_scale_are_worse(void **state)
{
    struct net_graph *g = nets_make(NETS_PLAIN, CLASSES, true, 11);
    struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;
    double eight, seven, four, tensor;

    (void)state;
    c.samples = 64;
    eight = difference(g, &c, NULL);
    c.weight_bits = 7;
    seven = difference(g, &c, NULL);
    c.weight_bits = 4;
    four = difference(g, &c, NULL);
    c.weight_bits = 6;
    c.per_tensor = true;
    tensor = difference(g, &c, NULL);
    c.per_tensor = false;
    assert_true(eight < four && seven < four && seven < 0.06);
    assert_true(difference(g, &c, NULL) < tensor);
    net_graph_free(g);
}

static void bias_correction_helps(void **state)
{
    double without = 0, with = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct net_graph *g = nets_make(NETS_PLAIN, CLASSES, false, support_seed() + seed);
        struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;

        c.samples = 128;
        c.weight_bits = 4;                                 /* so that there is something to correct */
        c.correct_bias = false;
        without += difference(g, &c, NULL);
        c.correct_bias = true;
        with += difference(g, &c, NULL);
        net_graph_free(g);
    }
    print_message("# 4-bit weights: error %.4f without, %.4f with bias correction\n", without / 5, with / 5);
    assert_true(with < without);
}

static void choices_are_told(void **state)
{
    struct net_graph *g = nets_make(NETS_SQUEEZE, CLASSES, false, 5), *q = NULL;
    uint64_t seed = 1;
    struct source source = source_of(&seed);
    struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;
    struct quantize_report report;
    struct trundle_error err;
    const char *keep[] = { "n5" };
    int kept = 0;

    (void)state;
    c.samples = 32;
    c.keep = keep;
    c.keep_n = 1;
    c.weight_bits = 7;
    c.u8_input = true;
    support_ok(quantize_graph(g, &c, &source, &q, &report, &err), &err);
    assert_int_equal(q->tensor[q->input[0]].type, NET_U8);
    assert_int_equal(report.choices_n, g->nodes_n);
    for (int i = 0; i < report.choices_n; i++)
        if (strcmp(report.choice[i].node, "n5") == 0) {
            assert_false(report.choice[i].int8);
            assert_string_equal(report.choice[i].why, "asked to be kept");
            kept++;
        } else {
            assert_true(report.choice[i].int8 == (report.choice[i].why[0] == '\0'));
        }
    assert_int_equal(kept, 1);
    assert_int_equal(report.int8_n, report.choices_n - 1);
    for (int t = 0; t < q->tensors_n; t++) {
        const int8_t *w = q->tensor[t].data;

        for (int64_t i = 0; q->tensor[t].type == NET_I8 && i < net_shape_elements(&q->tensor[t].shape); i++)
            assert_in_range(w[i] + 63, 0, 126);
    }
    quantize_report_done(&report);
    net_graph_free(q);
    net_graph_free(g);
}

static void refuses(void **state)
{
    struct net_graph *g = nets_make(NETS_PLAIN, CLASSES, false, 5), *q = NULL;
    uint64_t seed = 1;
    struct source source = source_of(&seed);
    struct trundle_error err;
    const char *keep[] = { "nobody" };
    const struct quantize_config good = QUANTIZE_CONFIG_DEFAULT;

    (void)state;
    for (int k = 0; k < 8; k++) {
        struct quantize_config c = good;

        c.percent = k == 0 ? (double)NAN : k == 1 ? 101 : c.percent;
        c.weight_bits = k == 2 ? 9 : k == 3 ? 1 : c.weight_bits;
        c.batch = k == 4 ? 0 : c.batch;
        c.samples = k == 5 ? 0 : c.samples;
        c.observer = k == 6 ? (enum observe_kind)9 : c.observer;
        c.keep = keep;
        c.keep_n = k == 7;
        assert_int_equal(quantize_graph(g, &c, &source, &q, NULL, &err), TRUNDLE_BAD_ARG);
        assert_null(q);
    }
    assert_int_equal(quantize_graph(g, &good, NULL, &q, NULL, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(quantize_graph(NULL, &good, &source, &q, NULL, &err), TRUNDLE_BAD_ARG);
    for (int t = 0; t < g->tensors_n; t++)                 /* a net whose values are never finite */
        if (g->tensor[t].data && g->tensor[t].shape.rank == 1)
            ((float *)net_graph_writable(g, t))[0] = NAN;
    assert_int_not_equal(quantize_graph(g, &good, &source, &q, NULL, &err), TRUNDLE_NO_MEMORY);
    net_graph_free(q);
    net_graph_free(g);
}

static void intervals_are_paired(void **state)
{
    struct compare c = { .n = 10000, .only_a = 60, .only_b = 40 };

    (void)state;
    assert_near(compare_drop(&c), 0.002, 1e-12);
    assert_near(compare_drop_most(&c), 0.002 + 1.96 * sqrt((0.01 - 4e-6) / 10000), 1e-12);
    c.only_a = c.only_b = 0;
    assert_near(compare_drop_most(&c), 0, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observers_are_brute_force), cmocka_unit_test(strange_values_do_no_harm), cmocka_unit_test(weights_use_their_bits),
        cmocka_unit_test(equalisation_leaves_the_function), cmocka_unit_test(int8_answers_as_f32), cmocka_unit_test(fewer_bits_and_one_scale_are_worse),
        cmocka_unit_test(bias_correction_helps), cmocka_unit_test(choices_are_told), cmocka_unit_test(refuses), cmocka_unit_test(intervals_are_paired),
    };
    return support_run(tests);
}
