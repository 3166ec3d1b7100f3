/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Learning again: a net learns a teacher, a pruned one comes back, rounding in the loop helps few bits, importance finds channels that matter. */
#include "tests/support/support.h"
#include "tests/train/nets.h"

#include "base/net/passes.h"
#include "lab/train/compare.h"
#include "lab/train/finetune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE = 12 * 12 * 3, CLASSES = 4 };

/* Four classes: where the picture is bright, under noise. */
static enum trundle_status quarters(void *user, uint64_t first, int count, float *x, int32_t *label, struct trundle_error *err)
{
    (void)err;
    for (int i = 0; i < count; i++) {
        struct rng r = rng_seed(*(const uint64_t *)user + first + (uint64_t)i, "test/quarters");
        int c = (int)rng_below(&r, CLASSES);

        for (int k = 0; k < IMAGE; k++) {
            int row = k / 36, column = k / 3 % 12;

            x[i * IMAGE + k] = (float)(0.8 * rng_normal(&r) + ((row >= 6) * 2 + (column >= 6) == c ? 0.16 : 0));
        }
        if (label)
            label[i] = c;
    }
    return TRUNDLE_OK;
}

static uint64_t seed, other;

static struct source source_of(uint64_t *s)
{
    return (struct source){ .fill = quarters, .user = s, .n = 1 << 20, .classes = CLASSES };
}

static struct finetune_config brief(int64_t steps, double rate)
{
    struct finetune_config c = FINETUNE_CONFIG_DEFAULT;

    c.steps = steps;
    c.rate = rate;
    c.batch = 32;
    return c;
}

static struct compare judge(const struct net_graph *a, const struct net_graph *b)
{
    struct source s = source_of(&other);
    struct trundle_error err;
    struct compare c;

    support_ok(compare_graphs(a, b, &s, 600, NULL, &c, &err), &err);
    return c;
}

/* A net that has learnt the task; all tests start from it. */
static struct net_graph *taught;

static int teach(void **state)
{
    struct net_graph *g = nets_make(NETS_FLATTEN, CLASSES, true, 5);
    struct finetune_config c = brief(120, 0.05);
    struct source s = source_of(&seed);
    struct trundle_error err;

    (void)state;
    seed = support_seed();
    other = seed + 5000000;
    support_ok(finetune_run(g, &s, &c, &taught, &err), &err);
    net_graph_free(g);
    support_ok(net_graph_infer(taught, 1, &err), &err);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    net_graph_free(taught);
    return 0;
}

static void learns(void **state)
{
    struct compare c = judge(taught, NULL);

    (void)state;
    print_message("# %llu of 600 right\n", (unsigned long long)c.right_a);
    assert_true(c.right_a > 420);
}

static void rounding_in_the_loop_helps_few_bits(void **state)
{
    struct quantize_config q = QUANTIZE_CONFIG_DEFAULT;
    struct finetune_config c = brief(60, 0.01);
    struct source s = source_of(&seed);
    struct net_graph *after = NULL, *trained = NULL;
    struct quantize_report report;
    struct trundle_error err;
    struct compare a, b;

    (void)state;
    q.weight_bits = 3;
    q.samples = 64;
    q.correct_bias = q.weight_mse = false;
    q.per_tensor = true;
    support_ok(quantize_graph(taught, &q, &s, &after, NULL, &err), &err);
    a = judge(taught, after);
    c.teacher = taught;
    support_ok(finetune_quantized(taught, &s, &q, &c, 2, &trained, NULL, &report, &err), &err);
    b = judge(taught, trained);
    print_message("# 3-bit weights, one scale: %llu of 600 after training, %llu with rounding in the loop, f32 %llu\n", (unsigned long long)a.right_b, (unsigned long long)b.right_b,
                  (unsigned long long)a.right_a);
    assert_true(b.right_b > a.right_b + 5);
    assert_true(report.int8_n > 3);
    for (int t = 0; t < trained->tensors_n; t++)
        for (int64_t i = 0; trained->tensor[t].type == NET_I8 && i < net_shape_elements(&trained->tensor[t].shape); i++)
            assert_in_range(((const int8_t *)trained->tensor[t].data)[i] + 3, 0, 6);
    quantize_report_done(&report);
    net_graph_free(after);
    net_graph_free(trained);
}

/* The fake graph computes what the u8 graph computes, to a step or so of rounding. */
static void fake_is_what_it_fakes(void **state)
{
    struct quantize_config q = QUANTIZE_CONFIG_DEFAULT;
    struct source s = source_of(&seed);
    struct net_graph *g = NULL, *fake = NULL, *real = NULL;
    struct quantize_ranges ranges = { 0 };
    struct trundle_error err;
    int pairs = 0;

    (void)state;
    q.samples = 64;
    q.weight_mse = q.correct_bias = false;
    support_ok(net_graph_copy(taught, false, &g, &err), &err);
    support_ok(net_simplify(g, &err), &err);
    support_ok(quantize_calibrate(g, &q, &s, &ranges, &err), &err);
    for (int i = 0; i < g->nodes_n; i++)                   /* weights that rounding leaves alone, so that only activations differ */
        if (g->node[i].op == NET_CONV || g->node[i].op == NET_MATMUL) {
            const struct net_shape *shape = &g->tensor[g->node[i].in[1]].shape;
            float *w = net_graph_writable(g, g->node[i].in[1]), *used = malloc((size_t)net_shape_elements(shape) * sizeof *used);

            quantize_fake_weights(g->node[i].op, g->node[i].attr.flip_b, shape, &q, w, used);
            memcpy(w, used, (size_t)net_shape_elements(shape) * sizeof *used);
            free(used);
        }
    support_ok(finetune_fake(g, &q, &ranges, &fake, &err), &err);
    support_ok(quantize_build(g, &q, &ranges, &real, NULL, &err), &err);
    for (int i = 0; i < fake->nodes_n; i++)
        pairs += fake->node[i].op == NET_QUANTIZE;
    assert_int_equal(pairs, 4);                            /* the input, three convolutions; pooling and reshaping keep the numbers */
    assert_true(judge(fake, real).difference < 0.01);
    quantize_ranges_done(&ranges);
    net_graph_free(g);
    net_graph_free(fake);
    net_graph_free(real);
}

static void importance_is_what_matters(void **state)
{
    struct source s = source_of(&seed);
    struct prune_groups p = { 0 };
    struct trundle_error err;
    double *importance, kept[2];
    bool *gone;

    (void)state;
    support_ok(prune_find(taught, &p, &err), &err);
    importance = calloc((size_t)p.n, sizeof *importance);
    support_ok(finetune_importance(taught, &p, &s, 32, 10, importance, &err), &err);
    for (int most = 0; most < 2; most++) {                 /* half of the units: the least important, or the most */
        struct net_graph *small = NULL;
        double *sign = calloc((size_t)p.n, sizeof *sign);

        gone = calloc((size_t)p.n, sizeof *gone);
        for (int u = 0; u < p.n; u++) {
            assert_true(importance[u] >= 0 && isfinite(importance[u]));
            sign[u] = most ? 1 / (importance[u] + 1e-12) : importance[u];
        }
        support_ok(prune_choose(taught, &p, NULL, sign, &(struct prune_goal){ .keep = 0.5 }, gone, &err), &err);
        support_ok(prune_cut(taught, &p, gone, &small, &err), &err);
        kept[most] = (double)judge(taught, small).right_b;
        if (!most) {                                       /* and what it lost comes back */
            struct finetune_config c = brief(60, 0.02);
            struct net_graph *better = NULL;

            c.teacher = taught;
            support_ok(finetune_run(small, &s, &c, &better, &err), &err);
            assert_true(judge(taught, better).right_b + 40 > judge(taught, NULL).right_a);
            net_graph_free(better);
        }
        net_graph_free(small);
        free(sign);
        free(gone);
    }
    print_message("# without the least important half %g of 600 right, without the most important %g\n", kept[0], kept[1]);
    assert_true(kept[0] > kept[1] + 60);
    prune_groups_done(&p);
    free(importance);
}

static void refuses(void **state)
{
    struct finetune_config c = brief(1, 0.1);
    struct source s = source_of(&seed), unlabelled = source_of(&seed);
    struct net_graph *out = NULL;
    struct trundle_error err;

    (void)state;
    unlabelled.classes = 0;
    assert_int_equal(finetune_run(NULL, &s, &c, &out, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(finetune_run(taught, &unlabelled, &c, &out, &err), TRUNDLE_UNSUPPORTED);
    c.rate = 1e300;
    assert_int_equal(finetune_run(taught, &s, &c, &out, &err), TRUNDLE_BAD_ARG);
    c = brief(1, 0.1);
    c.temperature = 0;
    assert_int_equal(finetune_run(taught, &s, &c, &out, &err), TRUNDLE_BAD_ARG);
    c = brief(0, 0.1);
    c.batch = 0;
    assert_int_equal(finetune_run(taught, &s, &c, &out, &err), TRUNDLE_BAD_ARG);
    assert_null(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns),  cmocka_unit_test(rounding_in_the_loop_helps_few_bits), cmocka_unit_test(fake_is_what_it_fakes), cmocka_unit_test(importance_is_what_matters),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, teach, forget);
}
