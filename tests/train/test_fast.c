/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The nets of recipes/ run on fast kernels: none of their nodes falls to a reference, in f32 and int8, with each instruction set of this machine. */
#include "base/net/passes.h"
#include "base/net/plan.h"
#include "base/std/rng.h"
#include "lab/train/network.h"
#include "lab/train/quantize.h"
#include "tests/support/support.h"

#include <string.h>

static enum trundle_status noise(void *user, uint64_t first, int count, float *x, int32_t *label, struct trundle_error *err)
{
    struct rng r = rng_seed(first, "noise");
    (void)err;
    for (size_t i = 0; i < (size_t)count * *(const size_t *)user; i++)
        x[i] = (float)rng_normal(&r);
    for (int i = 0; label && i < count; i++)
        label[i] = 0;
    return TRUNDLE_OK;
}

/* The nodes of a plan that a reference runs, without those that move a few bytes. */
static int on_references(const struct net_graph *g, unsigned isa, const char *name)
{
    struct trundle_error err = { 0 };
    struct net_plan *plan = NULL;
    int n = 0;
    support_ok(net_plan_new(g, &(struct net_plan_options){ .isa = isa }, &plan, &err), &err);
    for (int i = 0; i < g->nodes_n; i++) {
        const char *by = net_plan_node_by(plan, i);
        const struct net_tensor *out = &net_plan_graph(plan)->tensor[g->node[i].out];
        if (strstr(by, ".ref") && net_shape_elements(&out->shape) > 4096) {
            print_message("# %s, node %s: %s\n", name, g->node[i].name, by);
            n++;
        }
    }
    net_plan_free(plan);
    return n;
}

static void no_node_falls_to_a_reference(void **state)
{
    (void)state;
    static const char *const files[] = { "recipes/nets/resnet18.json", "recipes/nets/mobilenetv2.json", "recipes/detector.json", "recipes/embedding.json" };
    unsigned here = net_isa_here(), masks[] = { here, here & NET_ISA_AVX2, here & NET_ISA_NEON };
    for (size_t f = 0; f < COUNT_OF(files); f++) {
        struct trundle_error err = { 0 };
        struct net_graph *g = NULL, *q = NULL;
        json_t *root = NULL;
        struct json_at at, net;
        support_ok(json_parse_file(support_source(files[f]), &root, &err), &err);
        at = json_at_root(root, files[f]);
        net = at;
        if (json_has(&at, "network"))
            support_ok(json_take_object(&at, "network", &net, &err), &err);
        /* A smaller picture has the same nodes, and is calibrated sooner. */
        support_ok(network_build(&net, &(struct network_config){ .classes = 10, .seed = 1, .input = { 96, 96, 3 } }, &g, &err), &err);
        support_ok(net_simplify(g, &err), &err);
        size_t each = (size_t)96 * 96 * 3;
        struct source source = { .fill = noise, .user = &each, .n = 4 };
        struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;
        c.observer = OBSERVE_MIN_MAX;
        c.samples = 2;
        c.batch = 1;
        support_ok(quantize_graph(g, &c, &source, &q, NULL, &err), &err);
        for (size_t k = 0; k < COUNT_OF(masks); k++)
            if (masks[k]) {
                assert_int_equal(on_references(g, masks[k], files[f]), 0);
                assert_int_equal(on_references(q, masks[k], files[f]), 0);
            }
        assert_true(on_references(g, NET_ISA_REF, "expected") > 10);      /* it would be noticed */
        net_graph_free(q);
        net_graph_free(g);
        json_decref(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_node_falls_to_a_reference) };
    return support_run(tests);
}
