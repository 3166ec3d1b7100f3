/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* ONNX files: hostile ones are refused with the right reason, transposes go, patterns become one node, what we export we take again. */
#include "base/net/onnx/onnx.h"
#include "base/net/passes.h"
#include "base/net/plan.h"
#include "base/std/rng.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum trundle_status import_corpus(const char *name, const struct net_onnx_options *options, struct net_graph **g, struct trundle_error *err)
{
    char relative[128];
    struct bytes b = { 0 };
    (void)snprintf(relative, sizeof relative, "tests/fuzz/net_onnx/%s", name);
    support_ok(file_read(support_source(relative), 1 << 20, &b, err), err);
    enum trundle_status status = net_onnx_import(b.data, b.n, options, g, err);
    bytes_done(&b);
    return status;
}

static int count(const struct net_graph *g, enum net_op op)
{
    int n = 0;
    for (int i = 0; i < g->nodes_n; i++)
        n += g->node[i].op == op;
    return n;
}

static int count_act(const struct net_graph *g, enum net_act act)
{
    int n = 0;
    for (int i = 0; i < g->nodes_n; i++)
        n += g->node[i].attr.act == act;
    return n;
}

static void hostile_files_are_refused(void **state)
{
    static const struct { const char *name; enum trundle_status status; const char *says; } rows[] = {
        { "cycle", TRUNDLE_BAD_INPUT, "a cycle" },
        { "itself", TRUNDLE_BAD_INPUT, "a cycle" },
        { "undefined", TRUNDLE_BAD_INPUT, "nobody makes its input 'nobody'" },
        { "twice", TRUNDLE_BAD_INPUT, "made twice" },
        { "input_twice", TRUNDLE_OK, "" },             /* the second is taken for the first's default */
        { "made_input", TRUNDLE_BAD_INPUT, "made twice" },
        { "huge", TRUNDLE_TOO_LARGE, "2^31 elements" },
        { "bomb", TRUNDLE_TOO_LARGE, "computed at import" },
        { "bomb_expand", TRUNDLE_BAD_INPUT, "" },
        { "range", TRUNDLE_BAD_INPUT, "a range of" },
        { "short_data", TRUNDLE_BAD_INPUT, "holds 7 bytes" },
        { "huge_constant", TRUNDLE_TOO_LARGE, "2^31 elements" },
        { "negative_constant", TRUNDLE_BAD_INPUT, "-3 elements" },
        { "external", TRUNDLE_UNSUPPORTED, "another file" },
        { "subgraph", TRUNDLE_UNSUPPORTED, "subgraph" },
        { "no_output", TRUNDLE_BAD_INPUT, "no output" },
        { "output_nobody", TRUNDLE_BAD_INPUT, "nobody makes the output" },
        { "perm", TRUNDLE_BAD_INPUT, "twice" },
        { "domain", TRUNDLE_UNSUPPORTED, "com.nobody" },
        { "conv_bad", TRUNDLE_BAD_INPUT, "" },
        { "concat_absent", TRUNDLE_BAD_INPUT, "input 1 is missing" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct net_graph *g = NULL;
        struct trundle_error err = { 0 };
        enum trundle_status status = import_corpus(rows[i].name, NULL, &g, &err);
        if (status != rows[i].status || !strstr(err.what, rows[i].says))
            printf("# %s: status %d: %s: %s\n", rows[i].name, (int)status, err.where, err.what);
        assert_int_equal(status, rows[i].status);
        assert_true(status == TRUNDLE_OK || g == NULL);
        assert_non_null(strstr(err.what, rows[i].says));
        net_graph_free(g);
    }
}

static void refusals_name_the_node(void **state)
{
    struct net_graph *g = NULL;
    struct trundle_error err = { 0 };
    (void)state;
    assert_int_equal(import_corpus("subgraph", NULL, &g, &err), TRUNDLE_UNSUPPORTED);
    assert_non_null(strstr(err.where, "node 'y' (If)"));
    assert_true(err.hint[0]);
    /* cut short anywhere: refused or taken, never worse (the fuzz target mutates further) */
    struct bytes b = { 0 };
    support_ok(file_read(support_source("tests/fuzz/net_onnx/cnn"), 1 << 20, &b, &err), &err);
    for (size_t n = 0; n < b.n; n += 7) {
        enum trundle_status status = net_onnx_import(b.data, n, NULL, &g, &err);
        assert_true(status != TRUNDLE_OK || g);
        net_graph_free(g);
        g = NULL;
    }
    bytes_done(&b);
}

static void channels_last_needs_no_transposes(void **state)
{
    struct net_graph *g = NULL;
    struct trundle_error err = { 0 };
    (void)state;
    support_ok(import_corpus("cnn", &(struct net_onnx_options){ .channels_last = true }, &g, &err), &err);
    assert_int_equal(count(g, NET_TRANSPOSE), 0);
    assert_int_equal(count_act(g, NET_ACT_SILU), 1);
    assert_int_equal(g->tensor[g->input[0]].shape.d[0], 0);
    assert_int_equal(g->tensor[g->input[0]].shape.d[3], 3);
    assert_string_equal(g->tensor[g->input[0]].name, "x");
    assert_string_equal(g->tensor[g->output[0]].name, "y");
    net_graph_free(g);
    support_ok(import_corpus("cnn", NULL, &g, &err), &err);
    assert_int_equal(count(g, NET_TRANSPOSE), 1);
    assert_int_equal(g->tensor[g->input[0]].shape.d[1], 3);
    net_graph_free(g);
}

static void shapes_may_be_given(void **state)
{
    struct net_graph *g = NULL;
    struct trundle_error err = { 0 };
    struct net_onnx_shape given = { "x", NET_SHAPE(5, 3, 8, 8) }, wrong = { "x", NET_SHAPE(5, 4, 8, 8) };
    (void)state;
    support_ok(import_corpus("cnn", &(struct net_onnx_options){ .shape = &given, .shapes_n = 1 }, &g, &err), &err);
    support_ok(net_graph_infer(g, 1, &err), &err);
    assert_int_equal(g->tensor[g->output[0]].shape.d[0], 5);
    net_graph_free(g);
    g = NULL;
    assert_int_equal(import_corpus("cnn", &(struct net_onnx_options){ .shape = &wrong, .shapes_n = 1 }, &g, &err), TRUNDLE_CONFLICT);
    assert_null(g);
}

static void patterns_become_one(void **state)
{
    struct net_graph *g = NULL;
    struct trundle_error err = { 0 };
    (void)state;
    support_ok(import_corpus("attention", NULL, &g, &err), &err);
    assert_int_equal(count_act(g, NET_ACT_GELU), 1);
    assert_int_equal(count_act(g, NET_ACT_ERF), 0);
    net_graph_free(g);
    support_ok(import_corpus("qdq", &(struct net_onnx_options){ .channels_last = true }, &g, &err), &err);
    assert_int_equal(count(g, NET_TRANSPOSE), 0);
    assert_int_equal(count(g, NET_QUANTIZE), 1);
    assert_int_equal(count(g, NET_DEQUANTIZE), 1);
    int conv = 0;
    while (g->node[conv].op != NET_CONV)
        conv++;
    support_ok(net_graph_infer(g, 1, &err), &err);
    assert_int_equal(g->tensor[g->node[conv].out].type, NET_U8);
    assert_int_equal(g->tensor[g->node[conv].in[1]].type, NET_I8);
    assert_int_equal(g->node[conv].attr.act, NET_ACT_RELU);
    net_graph_free(g);
}

/* Runs a graph on seeded numbers, batch 2 where it is free; the first output, malloc'd. */
static float *run(const struct net_graph *g, uint64_t seed, int64_t *n)
{
    struct net_plan *plan = NULL;
    struct trundle_error err = { 0 };
    struct rng r = rng_seed(seed, "onnx");
    support_ok(net_plan_new(g, &(struct net_plan_options){ .batch = 2 }, &plan, &err), &err);
    const struct net_graph *p = net_plan_graph(plan);
    for (int i = 0; i < p->inputs_n; i++) {
        assert_int_equal(p->tensor[p->input[i]].type, NET_F32);
        for (int64_t k = 0; k < net_shape_elements(&p->tensor[p->input[i]].shape); k++)
            ((float *)net_plan_input(plan, i))[k] = (float)rng_normal(&r);
    }
    support_ok(net_plan_run(plan, &err), &err);
    const struct net_tensor *t = &p->tensor[p->output[0]];
    assert_int_equal(t->type, NET_F32);
    *n = net_shape_elements(&t->shape);
    float *out = malloc((size_t)*n * sizeof *out);
    assert_non_null(out);
    memcpy(out, net_plan_output(plan, 0), (size_t)*n * sizeof *out);
    net_plan_free(plan);
    return out;
}

/* File to graph to file to graph, also simplified between: the same numbers, and no more transposes than before. */
static void what_is_exported_is_taken_again(void **state)
{
    static const char *const names[] = { "cnn", "shapes", "resize", "attention", "qdq" };
    static const int opsets[] = { 13, 17, 18, 21, 28 };
    uint64_t seed = support_seed();
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names) * 2 * COUNT_OF(opsets); i++) {
        const char *name = names[i % COUNT_OF(names)];
        bool last = i / COUNT_OF(names) % 2;
        int opset = opsets[i / COUNT_OF(names) / 2];
        struct net_graph *g = NULL, *again = NULL;
        struct bytes b = { 0 };
        struct trundle_error err = { 0 };
        int64_t n, m;
        if (opset < 17 && strcmp(name, "attention") == 0)
            continue;                                   /* LayerNormalization is of 17 */
        support_ok(import_corpus(name, &(struct net_onnx_options){ .channels_last = last }, &g, &err), &err);
        if (opset % 2)
            support_ok(net_simplify(g, &err), &err);
        support_ok(net_onnx_export(g, &(struct net_onnx_export_options){ .opset = opset, .channels_last = !last }, &b, &err), &err);
        support_ok(net_onnx_import(b.data, b.n, &(struct net_onnx_options){ .channels_last = last }, &again, &err), &err);
        float *x = run(g, seed, &n), *y = run(again, seed, &m);
        assert_int_equal(n, m);
        for (int64_t k = 0; k < n; k++)
            if (!(fabsf(x[k] - y[k]) <= (strcmp(name, "qdq") == 0 ? 0.0201f : 1e-5f * (1 + fabsf(x[k])))))
                fail_msg("%s, opset %d: element %lld is %g, was %g", name, opset, (long long)k, (double)y[k], (double)x[k]);
        assert_true(count(again, NET_TRANSPOSE) <= count(g, NET_TRANSPOSE));
        assert_string_equal(again->tensor[again->output[0]].name, g->tensor[g->output[0]].name);
        free(x);
        free(y);
        bytes_done(&b);
        net_graph_free(g);
        net_graph_free(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(hostile_files_are_refused), cmocka_unit_test(refusals_name_the_node), cmocka_unit_test(channels_last_needs_no_transposes),
                                        cmocka_unit_test(shapes_may_be_given), cmocka_unit_test(patterns_become_one), cmocka_unit_test(what_is_exported_is_taken_again) };
    return support_run(tests);
}
