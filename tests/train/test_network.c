/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The network language: known nets have their known sizes, weights come from the seed, and what is wrong is named by its field. */
#include "tests/support/support.h"

#include "base/std/rng.h"
#include "lab/train/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum trundle_status build(const char *text, struct net_graph **out, struct trundle_error *err)
{
    json_t *root = NULL;
    struct json_at at;
    enum trundle_status status;

    support_ok(json_parse(text, strlen(text), "r.json", &root, err), err);
    at = json_at_root(root, "r.json");
    status = network_build(&at, &(struct network_config){ .classes = 7, .seed = 3 }, out, err);
    json_decref(root);
    return status;
}

static void sizes(const char *file, int64_t weights, double macs_least, double macs_most)
{
    struct net_graph *g = NULL;
    struct trundle_error err;
    int64_t n = 0, macs = 0;

    support_ok(network_file(support_source(file), &(struct network_config){ .classes = 1000, .seed = 1 }, &g, &err), &err);
    for (int i = 0; i < g->tensors_n; i++)
        if (g->tensor[i].data && !strstr(g->tensor[i].name, ".mean") && !strstr(g->tensor[i].name, ".var"))
            n += net_shape_elements(&g->tensor[i].shape);
    for (int i = 0; i < g->nodes_n; i++)
        macs += net_node_macs(g, &g->node[i]);
    assert_int_equal(n, weights);
    assert_true((double)macs > macs_least && (double)macs < macs_most);
    net_graph_free(g);
}

/* The counts that torchvision prints for the same nets. */
static void known_nets(void **state)
{
    (void)state;
    sizes("recipes/nets/resnet18.json", 11689512, 1.80e9, 1.83e9);
    sizes("recipes/nets/mobilenetv2.json", 3504872, 0.29e9, 0.32e9);
}

static void vocabulary(void **state)
{
    static const char text[] =
        "{\"input\": [32, 48, 3], \"act\": \"hard_swish\", \"layers\": ["
        "{\"conv\": 8, \"stride\": 2, \"name\": \"a\"}, {\"depthwise\": 2, \"kernel\": [3, 5]}, {\"separable\": 16, \"stride\": 2, \"name\": \"b\"},"
        "{\"bottleneck\": 32, \"width\": 8, \"repeat\": 2}, {\"inverted\": 16, \"expand\": 3, \"squeeze\": 0.25}, {\"squeeze\": 8}, {\"add\": [\"b\"], \"act\": \"relu\"},"
        "{\"upsample\": 2, \"mode\": \"bilinear\"}, {\"concat\": [\"a\"]}, {\"norm\": \"batch\", \"act\": \"silu\", \"name\": \"c\"}, {\"conv\": 5, \"kernel\": 1, \"norm\": \"none\", \"act\": \"none\","
        " \"bias\": -4.5, \"output\": true},"
        "{\"from\": \"c\", \"conv\": 24, \"kernel\": 4, \"stride\": 4, \"pad\": 0}, {\"tokens\": true}, {\"position\": true}, {\"attention\": 3, \"mlp\": 2, \"repeat\": 2}, {\"norm\": \"layer\"},"
        "{\"global_pool\": \"average\"}, {\"l2_normalise\": true, \"output\": true, \"name\": \"e\"}, {\"cosine\": \"classes\", \"output\": true},"
        "{\"from\": \"a\", \"pool\": \"average\"}, {\"flatten\": true}, {\"linear\": 9, \"norm\": \"batch\", \"act\": \"tanh\"}, {\"softmax\": true, \"output\": true} ]}";
    struct net_graph *g = NULL, *again = NULL;
    struct trundle_error err;
    char shape[80];

    (void)state;
    support_ok(build(text, &g, &err), &err);
    assert_int_equal(g->outputs_n, 4);
    assert_string_equal(net_shape_text(&g->tensor[g->output[0]].shape, shape), "1x16x24x5");
    assert_string_equal(net_shape_text(&g->tensor[g->output[1]].shape, shape), "1x24");
    assert_string_equal(net_shape_text(&g->tensor[g->output[2]].shape, shape), "1x7");
    assert_string_equal(net_shape_text(&g->tensor[g->output[3]].shape, shape), "1x9");
    support_ok(build(text, &again, &err), &err);
    for (int i = 0; i < g->tensors_n; i++)
        if (g->tensor[i].data)
            assert_memory_equal(g->tensor[i].data, again->tensor[i].data, net_tensor_bytes(&g->tensor[i]));
    net_graph_free(g);
    net_graph_free(again);
}

static void errors_name_the_field(void **state)
{
    static const struct { const char *layers, *where, *what; } wrong[] = {
        { "{\"conv\": 8, \"strid\": 2}", "r.json: layers[0].strid", "no such field" },
        { "{\"conv\": 8}, {\"conv\": 8, \"stride\": 99}", "r.json: layers[1].stride", "99" },
        { "{\"conv\": 0}", "r.json: layers[0].conv", "0" },
        { "{\"conv\": 8, \"act\": \"swoosh\"}", "r.json: layers[0].act", "swoosh" },
        { "{\"conv\": 8, \"norm\": \"layer\"}", "r.json: layers[0].norm", "layer" },
        { "{\"conv\": 8, \"groups\": 2}", "r.json: layers[0]", "groups" },
        { "{\"linear\": 8}", "r.json: layers[0]", "image" },
        { "{\"global_pool\": \"average\"}, {\"conv\": 8}", "r.json: layers[1]", "image" },
        { "{\"from\": \"nowhere\", \"conv\": 8}", "r.json: layers[0].from", "nowhere" },
        { "{\"conv\": 8, \"stride\": 2, \"name\": \"a\"}, {\"conv\": 8, \"stride\": 2}, {\"concat\": [\"a\"]}", "r.json: layers[2].concat", "another size" },
        { "{\"conv\": 8, \"name\": \"a\"}, {\"conv\": 8, \"name\": \"a\"}", "r.json: layers[1]", "earlier" },
        { "{\"convolution\": 8}", "r.json: layers[0]", "no field says" },
        { "{\"conv\": 8, \"kernel\": 31, \"pad\": 0}", "r.json: layers[0]", "does not fit" },
        { "{\"pool\": \"median\"}", "r.json: layers[0].pool", "median" },
        { "3", "r.json: layers[0]", "object" },
        { "{\"tokens\": true}, {\"attention\": 2}", "r.json: layers[1]", "heads" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char text[512];
        struct net_graph *g = NULL;
        struct trundle_error err;

        (void)snprintf(text, sizeof text, "{\"input\": [16, 16, 3], \"layers\": [%s]}", wrong[i].layers);
        assert_int_equal(build(text, &g, &err), TRUNDLE_BAD_INPUT);
        if (strcmp(err.where, wrong[i].where) != 0 || !strstr(err.what, wrong[i].what))
            fail_msg("%s: \"%s\" \"%s\"", wrong[i].layers, err.where, err.what);
        assert_null(g);
    }
}

/* Any sequence of layers is built or refused, and nothing leaks. */
static void any_layers(void **state)
{
    static const char *const pieces[] = { "{\"conv\": 3}", "{\"conv\": \"classes\", \"stride\": 3}", "{\"residual\": 4, \"stride\": 2}", "{\"inverted\": 8, \"stride\": 2, \"repeat\": 2}",
                                          "{\"pool\": \"max\"}", "{\"global_pool\": \"max\"}", "{\"linear\": 4}", "{\"tokens\": true}", "{\"attention\": 1}", "{\"flatten\": 1}", "{\"upsample\": 16}",
                                          "{\"name\": \"x\"}", "{\"from\": \"x\"}", "{\"concat\": [\"x\", \"x\"]}", "{\"add\": [\"x\"]}", "{\"norm\": \"batch\"}", "{\"act\": \"gelu\"}", "{\"cosine\": 3}",
                                          "{\"l2_normalise\": true}", "{\"softmax\": true}", "{\"squeeze\": 2}", "{\"position\": true}", "[]", "{\"conv\": {}}", "{\"bottleneck\": 5}" };
    struct rng r = rng_seed(support_seed(), "layers");
    int built = 0;

    (void)state;
    for (int run = 0; run < 400; run++) {
        char text[1024] = "{\"input\": [9, 12, 2], \"layers\": [";
        struct net_graph *g = NULL;

        for (int i = 0, n = 1 + (int)rng_below(&r, 6); i < n; i++)
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? ", " : "", pieces[rng_below(&r, COUNT_OF(pieces))]);
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "]}");
        built += build(text, &g, NULL) == TRUNDLE_OK;
        net_graph_free(g);
    }
    assert_true(built > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(known_nets), cmocka_unit_test(vocabulary), cmocka_unit_test(errors_name_the_field), cmocka_unit_test(any_layers) };

    return support_run(tests);
}
