/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Every operator's reference against the oracle on random sites, and against values known from elsewhere. */
#include "tests/support/support.h"
#include "tests/net/oracle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SITES = 60 };

/* The largest distance of `sites` sites; `bend` is added to every real number, to see that it would be noticed. */
static double farthest(enum net_op op, uint64_t seed, int sites, double bend, char text[512])
{
    struct rng r = rng_seed(seed, net_op_name(op));
    double most = 0;

    for (int i = 0; i < sites; i++) {
        struct kernels_site s;
        assert_true(kernels_site_make(&s, op, NULL, 1000, &r));
        for (int k = 0; k < s.site.in_n; k++)                 /* doubles overflow elsewhere */
            for (int64_t e = 0; s.site.in[k] && s.site.in[k]->type == NET_F32 && e < net_shape_elements(&s.site.in[k]->shape); e++)
                if (!(fabsf(((float *)s.in[k])[e]) < 1e6f && fabsf(((float *)s.in[k])[e]) > 1e-30f))
                    ((float *)s.in[k])[e] = 0.5f;
        struct net_attr *a = &s.g->node[0].attr;             /* a step or a pole makes anything of a rounding: only on exact values */
        if (a->act >= NET_ACT_EXP && a->act != NET_ACT_ABS && a->act != NET_ACT_NEG && a->act != NET_ACT_ERF && (op != NET_UNARY || s.site.out->type == NET_U8))
            a->act = NET_ACT_SILU;
        void *out = malloc(net_tensor_bytes(s.site.out) + 64);
        double *real = oracle(&s), d;
        assert_non_null(out);
        assert_null(kernels_run(net_kernel_ref(op), &s, 1, out));
        for (int64_t e = 0; bend > 0 && e < net_shape_elements(&s.site.out->shape); e++)
            real[e] += bend * (1 + fabs(real[e]));
        d = oracle_distance(&s, out, real);
        if (!(d <= most)) {
            most = d;
            (void)kernels_site_text(&s, text);
        }
        free(out);
        free(real);
        kernels_site_free(&s);
    }
    return most;
}

static void references_are_the_operators(void **state)
{
    char text[512] = "";
    uint64_t seed = support_seed();

    (void)state;
    for (int op = 0; op < NET_OP_COUNT; op++) {
        double d = farthest((enum net_op)op, seed, SITES, 0, text);
        if (!(d < 2e-4))
            fail_msg("%g: %s", d, text);
        d = farthest((enum net_op)op, seed, 6, 0.01, text);
        if (!(d > 2e-4))
            fail_msg("%s: 1 %% off is not noticed", net_op_name((enum net_op)op));
    }
}

/* One f32 node over x. */
static void run_one(struct net_node node, struct net_shape shape, const float *x, float *y, int n)
{
    struct net_graph *g = net_graph_new();
    struct trundle_error err;
    struct kernels_site s = { .g = g };
    int in, out;

    assert_non_null(g);
    support_ok(net_graph_input(g, "x", NET_F32, &shape, &in, &err), &err);
    node.in[0] = in;
    node.in_n = 1;
    support_ok(net_graph_node(g, &node, &out, &err), &err);
    support_ok(net_graph_output(g, out, &err), &err);
    support_ok(net_graph_infer(g, 1, &err), &err);
    assert_int_equal(net_shape_elements(&g->tensor[out].shape), n);
    s.site = (struct net_site){ .node = &g->node[0], .in_n = 1, .in = { &g->tensor[in] }, .out = &g->tensor[out] };
    s.in[0] = aligned_alloc(64, 4096);
    assert_non_null(s.in[0]);
    memcpy(s.in[0], x, (size_t)net_shape_elements(&shape) * sizeof *x);
    assert_null(kernels_run(net_kernel_ref(node.op), &s, 1, y));
    kernels_site_free(&s);
}

static void expect(const float *got, const float *wanted, int n, const char *what)
{
    for (int i = 0; i < n; i++)
        if (!(fabsf(got[i] - wanted[i]) < 2e-4f))
            fail_msg("%s: element %d is %g, not %g", what, i, (double)got[i], (double)wanted[i]);
}

/* The figures of ONNX's own node cases (operators Resize, AveragePool, MaxPool, Softmax, Pad), worked out by hand again. */
static void known_values(void **state)
{
    static const float two[] = { 1, 2, 3, 4 };
    static const float half[] = { 1, 1.25f, 1.75f, 2, 1.5f, 1.75f, 2.25f, 2.5f, 2.5f, 2.75f, 3.25f, 3.5f, 3, 3.25f, 3.75f, 4 };
    static const float corners[] = { 1, 4 / 3.f, 5 / 3.f, 2, 5 / 3.f, 2, 7 / 3.f, 8 / 3.f, 7 / 3.f, 8 / 3.f, 3, 10 / 3.f, 3, 10 / 3.f, 11 / 3.f, 4 };
    static const float nearest[] = { 1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4 };
    float sixteen[16], y[64];
    struct net_node n = net_node_of(NET_RESIZE, "n", NULL, 0);

    (void)state;
    for (int i = 0; i < 16; i++)
        sixteen[i] = (float)(i + 1);
    n.attr.scale[0] = n.attr.scale[1] = 2;
    n.attr.mode = NET_BILINEAR;
    run_one(n, NET_SHAPE(1, 2, 2, 1), two, y, 16);
    expect(y, half, 16, "resize, half pixel");
    n.attr.coords = NET_ALIGN_CORNERS;
    run_one(n, NET_SHAPE(1, 2, 2, 1), two, y, 16);
    expect(y, corners, 16, "resize, align corners");
    n.attr.mode = NET_NEAREST;
    n.attr.coords = NET_ASYMMETRIC;
    n.attr.nearest = NET_FLOOR;
    run_one(n, NET_SHAPE(1, 2, 2, 1), two, y, 16);
    expect(y, nearest, 16, "resize, nearest");

    n = net_node_of(NET_POOL, "n", NULL, 0);
    n.attr.kernel[0] = n.attr.kernel[1] = 3;
    n.attr.stride[0] = n.attr.stride[1] = 2;
    n.attr.ceil_ = true;
    n.attr.kind = NET_POOL_AVERAGE;
    run_one(n, NET_SHAPE(1, 4, 4, 1), sixteen, y, 4);
    expect(y, (const float[]){ 6, 7.5f, 12, 13.5f }, 4, "average pool, ceil");
    n.attr.kind = NET_POOL_MAX;
    run_one(n, NET_SHAPE(1, 4, 4, 1), sixteen, y, 4);
    expect(y, (const float[]){ 11, 12, 15, 16 }, 4, "max pool, ceil");
    n.attr.kind = NET_POOL_AVERAGE;
    n.attr.ceil_ = false;
    n.attr.stride[0] = n.attr.stride[1] = 1;
    n.attr.pad[0] = n.attr.pad[1] = n.attr.pad[2] = n.attr.pad[3] = 1;
    n.attr.count_pad = true;
    run_one(n, NET_SHAPE(1, 2, 2, 1), two, y, 4);
    expect(y, (const float[]){ 10 / 9.f, 10 / 9.f, 10 / 9.f, 10 / 9.f }, 4, "average pool, pads counted");
    n.attr.count_pad = false;
    run_one(n, NET_SHAPE(1, 2, 2, 1), two, y, 4);
    expect(y, (const float[]){ 2.5f, 2.5f, 2.5f, 2.5f }, 4, "average pool, pads not counted");

    n = net_node_of(NET_SOFTMAX, "n", NULL, 0);
    n.attr.axes_n = 1;
    n.attr.axes[0] = -1;
    run_one(n, NET_SHAPE(1, 3), (const float[]){ -1, 0, 1 }, y, 3);
    expect(y, (const float[]){ 0.09003058f, 0.24472848f, 0.66524094f }, 3, "softmax");
    run_one(n, NET_SHAPE(1, 2), (const float[]){ 10000, 10001 }, y, 2);
    expect(y, (const float[]){ 0.26894143f, 0.7310586f }, 2, "softmax of large numbers");

    n = net_node_of(NET_PAD, "n", NULL, 0);
    n.attr.begin[1] = 2;
    n.attr.end[1] = 1;
    n.attr.mode = NET_PAD_REFLECT;
    run_one(n, NET_SHAPE(1, 3), (const float[]){ 1, 2, 3 }, y, 6);
    expect(y, (const float[]){ 3, 2, 1, 2, 3, 2 }, 6, "pad, reflected");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(references_are_the_operators), cmocka_unit_test(known_values) };

    return support_run(tests);
}
