/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/...: every engine of this build agrees with the references: single nodes of random shapes, strides, paddings,
 * groups, activations and residuals, and whole small nets. f32 to rounding; int8 to one step of the output.
 */
#include "base/net/engine/engines.h"
#include "base/net/passes.h"
#include "base/net/plan.h"
#include "base/std/rng.h"
#include "nets.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 60 };

static void fill(struct rng *r, const struct net_tensor *t, void *at)
{
    int64_t n = net_shape_elements(&t->shape);
    for (int64_t i = 0; i < n; i++) {
        if (t->type == NET_F32)
            ((float *)at)[i] = (float)rng_normal(r);
        else
            ((uint8_t *)at)[i] = (uint8_t)rng_below(r, 256);
    }
}

static double value_at(const struct net_tensor *t, const void *at, int64_t i)
{
    return t->type == NET_F32 ? (double)((const float *)at)[i] : (double)((const uint8_t *)at)[i];
}

/* Runs `g` by the engine and by the references and compares the outputs. Gives how many nodes the engine ran. */
static int agree(const struct net_graph *g, const struct net_engine *engine, struct rng *r, double tolerance, const char *what)
{
    struct trundle_error err = { 0 };
    struct net_plan *ours = NULL, *theirs = NULL;
    int taken = 0;
    support_ok(net_plan_new(g, &(struct net_plan_options){ .isa = NET_ISA_REF }, &ours, &err), &err);
    support_ok(net_plan_new(g, &(struct net_plan_options){ .engine = &engine, .engines_n = 1 }, &theirs, &err), &err);
    const struct net_graph *shaped = net_plan_graph(theirs);
    for (int i = 0; i < shaped->nodes_n; i++)
        taken += strncmp(net_plan_node_by(theirs, i), engine->name, 4) == 0;
    for (int round = 0; round < 2; round++) {          /* twice: nothing of a run may stay */
        for (int i = 0; i < shaped->inputs_n; i++) {
            const struct net_tensor *t = &shaped->tensor[shaped->input[i]];
            fill(r, t, net_plan_input(ours, i));
            memcpy(net_plan_input(theirs, i), net_plan_input(ours, i), net_tensor_bytes(t));
        }
        support_ok(net_plan_run(ours, &err), &err);
        support_ok(net_plan_run(theirs, &err), &err);
        for (int i = 0; i < shaped->outputs_n; i++) {
            const struct net_tensor *t = &shaped->tensor[shaped->output[i]];
            double largest = 0, off = 0;
            int64_t n = net_shape_elements(&t->shape);
            for (int64_t k = 0; k < n; k++) {
                double a = value_at(t, net_plan_output(ours, i), k), b = value_at(t, net_plan_output(theirs, i), k);
                largest = fmax(largest, fabs(a));
                off = fmax(off, fabs(a - b));
            }
            double allowed = t->type == NET_U8 ? 1 : tolerance * fmax(largest, 1);
            if (!(off <= allowed))
                fail_msg("%s: %s: output %d is off by %g, allowed %g (%s)", engine->name, what, i, off, allowed, net_plan_node_by(theirs, 0));
        }
    }
    net_plan_free(ours);
    net_plan_free(theirs);
    return taken;
}

static int random_constant(struct net_graph *g, struct rng *r, const char *name, enum net_type type, struct net_shape shape, float scale)
{
    struct trundle_error err = { 0 };
    int64_t n = net_shape_elements(&shape);
    void *v = malloc((size_t)n * 4);
    int t = -1;
    assert_non_null(v);
    for (int64_t i = 0; i < n; i++) {
        if (type == NET_F32)
            ((float *)v)[i] = scale * (float)rng_normal(r);
        else
            ((int8_t *)v)[i] = (int8_t)((int)rng_below(r, 255) - 127);
    }
    support_ok(net_graph_constant(g, name, type, &shape, v, &t, &err), &err);
    free(v);
    return t;
}

static int32_t pick(struct rng *r, const int32_t *list, uint32_t n)
{
    return list[rng_below(r, n)];
}

/* One convolution of a random form. int8: u8 in and out. */
static void random_conv(struct rng *r, const struct net_engine *engine, bool int8, int *taken)
{
    struct trundle_error err = { 0 };
    struct net_graph *g = net_graph_new();
    int32_t cs[] = { 3, 8, 16, 24, 32, 48 }, ks[] = { 1, 1, 3, 3, 5 };
    int32_t c = pick(r, cs, COUNT_OF(cs)), o = pick(r, cs, COUNT_OF(cs)), k = pick(r, ks, COUNT_OF(ks)), groups = 1;
    int32_t h = 4 + (int32_t)rng_below(r, 14), w = 4 + (int32_t)rng_below(r, 14), stride = 1 + (int32_t)rng_below(r, 2), dilation = 1;
    char what[200];
    int x = -1, in[4] = { -1, -1, -1, -1 };
    assert_non_null(g);
    if (rng_below(r, 3) == 0)
        groups = o = c;
    else if (rng_below(r, 4) == 0 && c % 8 == 0 && o % 8 == 0)
        groups = 2;
    if (k == 3 && rng_below(r, 4) == 0)
        dilation = 2;
    support_ok(net_graph_input(g, "x", int8 ? NET_U8 : NET_F32, &NET_SHAPE(0, h, w, c), &x, &err), &err);
    float in_scale = 0.02f, fan = (float)(k * k * (c / groups));
    if (int8)
        support_ok(net_graph_quant(g, x, 1, 0, &in_scale, rng_below(r, 2) ? 0 : 117, &err), &err);
    in[0] = x;
    in[1] = random_constant(g, r, "w", int8 ? NET_I8 : NET_F32, NET_SHAPE(o, k, k, c / groups), 1 / sqrtf(fan));
    if (int8) {
        float scale[64];
        for (int i = 0; i < o; i++)
            scale[i] = (float)rng_range(r, 0.005, 0.02) / sqrtf(fan);
        support_ok(net_graph_quant(g, in[1], o, 0, scale, 0, &err), &err);
    }
    if (rng_below(r, 4))
        in[2] = random_constant(g, r, "b", NET_F32, NET_SHAPE(o), 0.3f);
    struct net_node node = net_node_of(NET_CONV, "y", in, 4);
    node.attr.stride[0] = node.attr.stride[1] = stride;
    node.attr.dilation[0] = node.attr.dilation[1] = dilation;
    for (int i = 0; i < 4; i++)
        node.attr.pad[i] = rng_below(r, 3) ? dilation * (k / 2) : (int32_t)rng_below(r, (uint32_t)k);
    node.attr.groups = groups;
    enum net_act acts[] = { NET_ACT_IDENTITY, NET_ACT_RELU, NET_ACT_CLIP, NET_ACT_LEAKY_RELU, NET_ACT_HARD_SWISH, NET_ACT_SILU };
    node.attr.act = acts[rng_below(r, COUNT_OF(acts))];
    node.attr.alpha = node.attr.act == NET_ACT_CLIP ? 0 : 0.1f;
    node.attr.beta = 1.5f;
    if (int8) {
        node.attr.out_type = NET_U8;
        node.attr.out_scale = 0.03f;
        node.attr.out_zero = rng_below(r, 2) ? 0 : 100;
    }
    bool residual = stride == 1 && dilation == 1 && c == o && k % 2 == 1 && rng_below(r, 2);
    if (residual) {
        for (int i = 0; i < 4; i++)
            node.attr.pad[i] = k / 2;
        node.in[3] = x;
    }
    if ((h + node.attr.pad[0] + node.attr.pad[2]) < dilation * (k - 1) + 1 || (w + node.attr.pad[1] + node.attr.pad[3]) < dilation * (k - 1) + 1) {
        net_graph_free(g);
        return;
    }
    int y = -1;
    (void)snprintf(what, sizeof what, "%s conv %dx%dx%d -> %d, kernel %d stride %d dilation %d groups %d act %s residual %d pad %d %d %d %d", int8 ? "int8" : "f32", h, w, c, o, k, stride,
                   dilation, groups, net_act_name(node.attr.act), residual, node.attr.pad[0], node.attr.pad[1], node.attr.pad[2], node.attr.pad[3]);
    support_ok(net_graph_node(g, &node, &y, &err), &err);
    support_ok(net_graph_output(g, y, &err), &err);
    *taken += agree(g, engine, r, 2e-5, what);
    net_graph_free(g);
}

static void convolutions_agree(void **state)
{
    (void)state;
    int n;
    const struct net_engine *const *engine = net_engines(&n);
    for (int e = 0; e < n; e++) {
        char why[256];
        if (!engine[e]->available(why, sizeof why)) {
            print_message("# %s: %s\n", engine[e]->name, why);
            continue;
        }
        struct rng r = rng_seed(support_seed(), engine[e]->name);
        int f32 = 0, int8 = 0;
        for (int i = 0; i < ROUNDS; i++) {
            random_conv(&r, engine[e], false, &f32);
            random_conv(&r, engine[e], true, &int8);
        }
        print_message("# %s ran %d of %d f32 and %d int8 convolutions\n", engine[e]->name, f32, ROUNDS, int8);
        if (strncmp(engine[e]->name, "dnnl", 4) == 0) {
            assert_true(f32 > ROUNDS / 2);
            assert_true(int8 > ROUNDS / 4 || !(net_isa_here() & NET_ISA_VNNI));     /* without VNNI its sums saturate: refused */
        }
    }
}

static void nets_agree(void **state)
{
    (void)state;
    int n;
    const struct net_engine *const *engine = net_engines(&n);
    for (int e = 0; e < n; e++) {
        struct trundle_error err = { 0 };
        char why[256];
        struct rng r = rng_seed(support_seed(), engine[e]->name);
        if (!engine[e]->available(why, sizeof why))
            continue;
        struct net_graph *plain = nets_small(support_seed()), *fused = nets_small(support_seed()), *int8 = nets_small_int8(support_seed());
        support_ok(net_graph_infer(fused, 1, &err), &err);
        support_ok(net_simplify(fused, &err), &err);
        (void)agree(plain, engine[e], &r, 1e-4, "small net");
        (void)agree(fused, engine[e], &r, 1e-4, "small fused net");
        (void)agree(int8, engine[e], &r, 0.06, "small int8 net");          /* one step of its output */
        net_graph_free(plain);
        net_graph_free(fused);
        net_graph_free(int8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(convolutions_agree), cmocka_unit_test(nets_agree) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
