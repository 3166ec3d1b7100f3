/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * How far Winograd's convolutions are from the truth in double: the bounds that stand here are the ones that may be quoted. That the
 * exact kernels are exact is net_kernels' business.
 */
#include "tests/support/support.h"

#include "base/net/kernel.h"
#include "base/std/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 15, IN = 128, OUT = 40 };

static _Alignas(64) float x[SIDE * SIDE * IN + 16], w[OUT * 9 * IN], bias[OUT], y[SIDE * SIDE * OUT];
static double truth[SIDE * SIDE * OUT];

static double convolve(void)
{
    double squares = 0;
    for (int i = 0; i < SIDE * SIDE * OUT; i++) {
        int o = i % OUT, column = i / OUT % SIDE, row = i / OUT / SIDE;
        double sum = (double)bias[o];
        for (int t = 0; t < 9; t++) {
            int r = row + t / 3 - 1, c = column + t % 3 - 1;
            for (int k = 0; k < IN && r >= 0 && r < SIDE && c >= 0 && c < SIDE; k++)
                sum += (double)x[(r * SIDE + c) * IN + k] * (double)w[(o * 9 + t) * IN + k];
        }
        truth[i] = sum;
        squares += sum * sum;
    }
    return sqrt(squares / (SIDE * SIDE * OUT));
}

/* Largest error over the rms of the truth. */
static double error_of(const struct net_kernel *k, const struct net_site *s, double rms)
{
    size_t packed_n = k->packed_bytes(s), scratch_n = k->scratch_bytes ? k->scratch_bytes(s, 1) : 0;
    void *packed = aligned_alloc(64, (packed_n + 63) / 64 * 64), *scratch = aligned_alloc(64, (scratch_n + 127) / 64 * 64);
    struct net_call call = { .site = s, .in = { x, w, bias }, .out = y, .packed = packed, .scratch = scratch, .parts = 1 };
    double worst = 0;

    assert_non_null(packed);
    assert_non_null(scratch);
    memset(packed, 0, packed_n);
    k->pack(s, packed);
    k->run(&call);
    for (int i = 0; i < SIDE * SIDE * OUT; i++)
        worst = fmax(worst, fabs((double)y[i] - truth[i]));
    free(packed);
    free(scratch);
    return worst / rms;
}

static void winograd_keeps_its_bounds(void **state)
{
    static const struct { const char *name; double bound; } claims[] = {
        { "conv.direct", 8e-6 }, { "conv.winograd2", 5e-6 }, { "conv.winograd4", 1.5e-5 }, { "conv.winograd6", 1e-4 },
    };
    struct trundle_error err = { 0 };
    struct net_graph *g = net_graph_new();
    struct rng r = rng_seed(support_seed(), "f32");
    struct net_site s = { .in_n = 3 };
    int in[3], out, ran = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(x); i++) x[i] = (float)(rng_unit(&r) * 2 - 1);
    for (size_t i = 0; i < COUNT_OF(w); i++) w[i] = (float)(rng_unit(&r) * 2 - 1);
    for (size_t i = 0; i < COUNT_OF(bias); i++) bias[i] = (float)(rng_unit(&r) * 2 - 1);
    assert_int_equal(net_graph_input(g, "x", NET_F32, &NET_SHAPE(1, SIDE, SIDE, IN), &in[0], &err), TRUNDLE_OK);
    assert_int_equal(net_graph_constant_borrow(g, "w", NET_F32, &NET_SHAPE(OUT, 3, 3, IN), w, &in[1], &err), TRUNDLE_OK);
    assert_int_equal(net_graph_constant_borrow(g, "b", NET_F32, &NET_SHAPE(OUT), bias, &in[2], &err), TRUNDLE_OK);
    struct net_node conv = net_node_of(NET_CONV, "conv", in, 3);
    for (int i = 0; i < 4; i++) conv.attr.pad[i] = 1;
    assert_int_equal(net_graph_node(g, &conv, &out, &err), TRUNDLE_OK);
    assert_int_equal(net_graph_output(g, out, &err), TRUNDLE_OK);
    assert_int_equal(net_graph_infer(g, 1, &err), TRUNDLE_OK);
    s.node = &g->node[0];
    for (int i = 0; i < 3; i++) s.in[i] = &g->tensor[in[i]];
    s.out = &g->tensor[out];
    double rms = convolve();

    for (size_t i = 0; i < COUNT_OF(claims) * 3; i++) {
        static const char *const isa[] = { "avx512", "avx2", "neon" };
        char name[64];
        (void)snprintf(name, sizeof name, "%s.%s", claims[i / 3].name, isa[i % 3]);
        const struct net_kernel *k = net_kernel_named(name);
        if (!k || (k->isa & ~net_isa_here()))
            continue;
        assert_true(k->fits(&s));
        double worst = error_of(k, &s, rms);
        printf("# %s: off by %.2g of the rms at most, bound %.2g\n", name, worst, claims[i / 3].bound);
        assert_true(worst < claims[i / 3].bound);
        w[0] += 0.01f;             /* one weight of 46080 that is 1 % off is noticed */
        assert_true(error_of(k, &s, rms) > claims[i / 3].bound);
        w[0] -= 0.01f;
        ran++;
    }
    if (!ran)
        printf("# SKIP this machine has none of the kernels\n");
    net_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(winograd_keeps_its_bounds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
