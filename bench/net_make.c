/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bench/net: the four nets, made from their recipes with seeded weights, as we read them and as the peers do:
 *     DIR/NAME.nhwc, DIR/NAME.nchw (a picture of noise)
 *     DIR/NAME.f32.net   DIR/NAME.f32.onnx   DIR/NAME.int8.net   DIR/NAME.int8.onnx (QDQ)   DIR/NAME.TYPE.ISA.json (tuned kernels)
 * Weights are random, so the figures are of speed; int8 ranges come of noise.
 */
#include "bench/net.h"

#include "base/net/file.h"
#include "base/net/onnx/onnx.h"
#include "base/net/passes.h"
#include "base/net/tune.h"
#include "base/std/json.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/train/network.h"
#include "lab/train/quantize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Noise of one shape: what activations are measured with. */
struct noise { int64_t n; };

static enum trundle_status noise_fill(void *user, uint64_t first, int count, float *x, int32_t *label, struct trundle_error *err)
{
    const struct noise *s = user;
    (void)err;
    for (int i = 0; i < count; i++) {
        struct rng r = rng_seed(first + (uint64_t)i, "bench noise");
        for (int64_t k = 0; k < s->n; k++)
            x[(int64_t)i * s->n + k] = (float)rng_normal(&r);
        if (label)
            label[i] = 0;
    }
    return TRUNDLE_OK;
}

/* A network file, or a recipe's "network". */
static enum trundle_status build(const char *path, struct net_graph **out, struct trundle_error *err)
{
    json_t *root = NULL;
    struct json_at at, network;
    const struct network_config config = { .classes = 1000, .seed = 7 };
    TRY(json_parse_file(path, &root, err));
    at = json_at_root(root, path);
    enum trundle_status status = TRUNDLE_OK;
    if (json_has(&at, "network"))
        status = json_take_object(&at, "network", &network, err);
    else
        network = at;
    if (status == TRUNDLE_OK)
        status = network_build(&network, &config, out, err);
    json_decref(root);
    return status;
}

static enum trundle_status save(const struct net_graph *g, const char *dir, const char *name, const char *type, struct trundle_error *err)
{
    char path[1024];
    struct bytes onnx = { 0 };
    (void)snprintf(path, sizeof path, "%s/%s.%s.net", dir, name, type);
    TRY(net_file_save(g, NULL, path, err));
    enum trundle_status status = net_onnx_export(g, &(struct net_onnx_export_options){ 0 }, &onnx, err);
    (void)snprintf(path, sizeof path, "%s/%s.%s.onnx", dir, name, type);
    if (status == TRUNDLE_OK)
        status = file_write(path, onnx.data, onnx.n, err);
    bytes_done(&onnx);
    return status;
}

/* The same picture as we and as the peers take it. */
static enum trundle_status save_input(const struct net_graph *g, const char *dir, const char *name, struct trundle_error *err)
{
    const struct net_shape *s = &g->tensor[g->input[0]].shape;
    int64_t pixels = (int64_t)s->d[1] * s->d[2], channels = s->d[3], n = pixels * channels;
    float *ours = malloc((size_t)n * sizeof *ours), *theirs = malloc((size_t)n * sizeof *theirs);
    char path[1024];
    struct rng r = rng_seed(5, "bench input");
    enum trundle_status status = ours && theirs ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, name, NULL, "no memory left");
    for (int64_t i = 0; status == TRUNDLE_OK && i < n; i++) {
        ours[i] = (float)rng_normal(&r);
        theirs[i % channels * pixels + i / channels] = ours[i];
    }
    for (int k = 0; k < 2 && status == TRUNDLE_OK; k++) {
        (void)snprintf(path, sizeof path, "%s/%s.%s", dir, name, k ? "nchw" : "nhwc");
        status = file_write(path, k ? theirs : ours, (size_t)n * sizeof *ours, err);
    }
    free(ours);
    free(theirs);
    return status;
}

/* Kernels for this process's instructions (TRUNDLE_ISA). */
static enum trundle_status tune(const struct net_graph *g, const char *dir, const char *name, const char *type, double seconds, struct trundle_error *err)
{
    char path[1024];
    struct bytes json = { 0 };
    unsigned isa = net_isa_here();
    (void)snprintf(path, sizeof path, "%s/%s.%s.%s.json", dir, name, type, isa & NET_ISA_VNNI ? "best" : isa & NET_ISA_AVX512 ? "avx512" : "avx2");
    enum trundle_status status = net_tune(g, &(struct net_tune_options){ .seconds = seconds, .clock = clock_mono_ns }, &json, NULL, NULL, err);
    if (status == TRUNDLE_OK)
        status = file_write(path, json.data, json.n, err);
    bytes_done(&json);
    return status;
}

static enum trundle_status make(const char *recipe, const char *name, const char *dir, bool only_tune, double seconds, struct trundle_error *err)
{
    struct net_graph *g = NULL, *q = NULL;
    struct noise noise;
    enum trundle_status status = build(recipe, &g, err);
    if (status == TRUNDLE_OK)
        status = net_simplify(g, err);
    if (status == TRUNDLE_OK) {
        noise.n = net_shape_elements(&g->tensor[g->input[0]].shape);
        struct source source = { noise_fill, &noise, 16, 0 };
        struct quantize_config config = QUANTIZE_CONFIG_DEFAULT;
        config.observer = OBSERVE_MIN_MAX;
        config.samples = 16;
        config.batch = 4;
        config.correct_bias = false;
        status = quantize_graph(g, &config, &source, &q, NULL, err);
    }
    if (status == TRUNDLE_OK && !only_tune)
        status = save_input(g, dir, name, err);
    if (status == TRUNDLE_OK && !only_tune)
        status = save(g, dir, name, "f32", err);
    if (status == TRUNDLE_OK && !only_tune)
        status = save(q, dir, name, "int8", err);
    if (status == TRUNDLE_OK)
        status = tune(g, dir, name, "f32", seconds, err);
    if (status == TRUNDLE_OK)
        status = tune(q, dir, name, "int8", seconds, err);
    net_graph_free(g);
    net_graph_free(q);
    return status;
}

int bench_net_make(int argc, char **argv)
{
    static const struct { const char *name, *recipe; } all[] = {
        { "resnet18", "recipes/nets/resnet18.json" },
        { "detector", "recipes/detector.json" },
        { "mobilenetv2", "recipes/nets/mobilenetv2.json" },
        { "embedding", "recipes/embedding.json" },
    };
    struct trundle_error err = { 0 };
    bool only_tune = false;
    double seconds = 4;
    const char *only = NULL;
    const struct option_row rows[] = { { "tune", NULL, OPTION_FLAG, &only_tune, "only the tuned kernels, for TRUNDLE_ISA" },
                                       { "seconds", "S", OPTION_NUMBER, &seconds, "of tuning, each" },
                                       { "net", "NAME", OPTION_TEXT, &only, "only this one" },
                                       { 0 } };
    int first, code;
    if (!option_parse(argc, argv, "trundle-bench-net make DIR", "the nets of the benchmark", rows, &first, &code))
        return code;
    if (first + 1 != argc) {
        fprintf(stderr, "trundle-bench-net make: which folder?\n");
        return EXIT_USAGE;
    }
    enum trundle_status status = folder_make(argv[first], &err);
    for (size_t i = 0; i < COUNT_OF(all) && status == TRUNDLE_OK; i++)
        if (!only || strcmp(only, all[i].name) == 0)
            status = make(all[i].recipe, all[i].name, argv[first], only_tune, seconds, &err);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("bench net", &err);
}
