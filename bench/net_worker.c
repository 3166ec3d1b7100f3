/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bench/net: our contestant. `trundle-bench-net worker MODEL.net|MODEL.onnx [--engine E] [--kernels PLAN.json] [--threads N]`, then as
 * bench/peers/peer.py. TRUNDLE_ISA masks instructions. load_ms is opening the file and planning; an ONNX file's import counts too.
 */
#include "bench/net.h"

#include "base/net/engine/engines.h"
#include "base/net/file.h"
#include "base/net/onnx/onnx.h"
#include "base/net/passes.h"
#include "base/net/tune.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS_MAX = 1 << 16 };

struct model {
    struct net_file *file;
    struct net_graph *imported;
    const struct net_graph *graph;
};

static int64_t processor_ns(void)
{
    struct timespec t = { 0, 0 };
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double resident_kib(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtod(line + 6, NULL);
    if (f)
        (void)fclose(f);
    return kib;
}

static enum trundle_status open_model(const char *path, struct model *m, struct trundle_error *err)
{
    size_t n = strlen(path);
    if (n < 5 || strcmp(path + n - 5, ".onnx") != 0) {
        TRY(net_file_open(path, &m->file, err));
        m->graph = net_file_graph(m->file);
        return TRUNDLE_OK;
    }
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, NET_ONNX_BYTES_MAX, &b, err);
    if (status == TRUNDLE_OK)
        status = net_onnx_import(b.data, b.n, &(struct net_onnx_options){ .where = path, .channels_last = true }, &m->imported, err);
    if (status == TRUNDLE_OK)
        status = net_simplify(m->imported, err);
    bytes_done(&b);
    m->graph = m->imported;
    return status;
}

/* Raw f32 in our order, or noise. */
static enum trundle_status fill(struct net_plan *plan, const char *path, struct trundle_error *err)
{
    const struct net_graph *g = net_plan_graph(plan);
    struct rng r = rng_seed(1, "bench net");
    struct bytes b = { 0 };
    if (path)
        TRY(file_read(path, (size_t)1 << 30, &b, err));
    for (int i = 0; i < g->inputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->input[i]];
        int64_t n = net_shape_elements(&t->shape);
        if (path && (i > 0 || t->type != NET_F32 || b.n != (size_t)n * sizeof(float))) {
            bytes_done(&b);
            return error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "not one f32 input of this net");
        }
        for (int64_t k = 0; k < n; k++)
            if (t->type == NET_F32)
                ((float *)net_plan_input(plan, i))[k] = path ? ((const float *)(const void *)b.data)[k] : (float)rng_normal(&r);
            else if (t->type == NET_U8)
                ((uint8_t *)net_plan_input(plan, i))[k] = (uint8_t)rng_below(&r, 256);
    }
    bytes_done(&b);
    return TRUNDLE_OK;
}

static enum trundle_status outputs(const struct net_plan *plan, const char *path, struct trundle_error *err)
{
    const struct net_graph *g = net_plan_graph(plan);
    FILE *f = fopen(path, "wb");
    bool ok = f != NULL;
    for (int i = 0; ok && i < g->outputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->output[i]];
        for (int64_t k = 0; ok && k < net_shape_elements(&t->shape); k++) {
            float v = t->type == NET_F32 ? ((const float *)net_plan_output(plan, i))[k]
                                         : t->quant.scale[0] * (float)(((const uint8_t *)net_plan_output(plan, i))[k] - t->quant.zero);
            ok = fwrite(&v, sizeof v, 1, f) == 1;
        }
    }
    if (f && fclose(f) != 0)
        ok = false;
    return ok ? TRUNDLE_OK : error_set(err, TRUNDLE_IO, path, NULL, "could not be written");
}

static enum trundle_status answer(struct net_plan *plan, struct trundle_error *err)
{
    char line[64];
    int64_t *ns = malloc(2 * RUNS_MAX * sizeof *ns), *cpu = ns ? ns + RUNS_MAX : NULL;
    enum trundle_status status = ns ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "worker", NULL, "no memory left");
    while (status == TRUNDLE_OK && fgets(line, sizeof line, stdin)) {
        long n = strtol(line, NULL, 10);
        n = n < 1 ? 1 : n > RUNS_MAX ? RUNS_MAX : n;
        for (long i = 0; i < n && status == TRUNDLE_OK; i++) {
            int64_t busy = processor_ns(), start = clock_mono_ns();
            status = net_plan_run(plan, err);
            ns[i] = clock_mono_ns() - start;
            cpu[i] = processor_ns() - busy;
        }
        for (int k = 0; k < 2; k++) {
            printf(k ? "], \"cpu_ns\": [" : "{\"ns\": [");
            for (long i = 0; i < n; i++)
                printf("%s%lld", i ? ", " : "", (long long)(k ? cpu : ns)[i]);
        }
        puts("]}");
        (void)fflush(stdout);
    }
    free(ns);
    return status;
}

int bench_net_worker(int argc, char **argv)
{
    const char *engine_name = "native", *kernels = NULL, *input = NULL, *output = NULL;
    long long threads = 1;
    const struct option_row rows[] = { { "engine", "NAME", OPTION_TEXT, &engine_name, "native or an engine" },
                                       { "kernels", "PLAN.json", OPTION_TEXT, &kernels, "a tuned plan" },
                                       { "threads", "N", OPTION_LONG, &threads, "threads" },
                                       { "input", "FILE", OPTION_TEXT, &input, "raw f32, channels last" },
                                       { "output", "FILE", OPTION_TEXT, &output, "where outputs go, raw f32" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct model m = { 0 };
    struct net_plan *plan = NULL;
    struct net_choice *choice = NULL;
    struct bytes text = { 0 };
    int choices_n = 0, first, code;
    if (!option_parse(argc, argv, "trundle-bench-net worker MODEL", "one contestant of the benchmark", rows, &first, &code))
        return code;
    const struct net_engine *engine = strcmp(engine_name, "native") == 0 ? NULL : net_engine_named(engine_name);
    char why[256];
    if (first + 1 != argc || threads < 1 || threads > 64) {
        fprintf(stderr, "one model, 1 to 64 threads\n");
        return EXIT_USAGE;
    }
    if (strcmp(engine_name, "native") != 0 && (!engine || !engine->available(why, sizeof why))) {
        fprintf(stderr, "%s: %s\n", engine_name, engine ? why : "not in this build");
        return EXIT_ENVIRONMENT;
    }
    double before = resident_kib();
    int64_t start = clock_mono_ns();
    enum trundle_status status = open_model(argv[first], &m, &err);
    if (status == TRUNDLE_OK && kernels)
        status = file_read(kernels, (size_t)1 << 24, &text, &err);
    if (status == TRUNDLE_OK && kernels)
        status = net_choices_parse((const char *)text.data, text.n, kernels, &choice, &choices_n, &err);
    if (status == TRUNDLE_OK)
        status = net_plan_new(m.graph, &(struct net_plan_options){ .threads = (int)threads, .choice = choice, .choices_n = choices_n, .engine = &engine, .engines_n = engine ? 1 : 0 },
                              &plan, &err);
    int64_t load = clock_mono_ns() - start;
    if (status == TRUNDLE_OK)
        status = fill(plan, input, &err);
    if (status == TRUNDLE_OK)
        status = net_plan_run(plan, &err);
    if (status == TRUNDLE_OK && output)
        status = outputs(plan, output, &err);
    for (int i = 0; i < 2 && status == TRUNDLE_OK; i++)
        status = net_plan_run(plan, &err);
    if (status == TRUNDLE_OK) {
        printf("{\"peer\": \"trundle\", \"version\": \"%s\", \"mode\": \"%s\", \"load_ms\": %.3f, \"resident_kib\": %.0f, \"resident_before_kib\": %.0f}\n", TRUNDLE_VERSION, engine_name,
               (double)load * 1e-6, resident_kib(), before);
        (void)fflush(stdout);
        status = answer(plan, &err);
    }
    net_plan_free(plan);
    net_graph_free(m.imported);
    net_file_close(m.file);
    free(choice);
    bytes_done(&text);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("bench net", &err);
}

int bench_net_count(int argc, char **argv)
{
    struct model m = { 0 };
    struct net_graph *g = NULL;
    struct trundle_error err = { 0 };
    int64_t macs = 0;
    if (argc != 2)
        return EXIT_USAGE;
    enum trundle_status status = open_model(argv[1], &m, &err);
    if (status == TRUNDLE_OK)
        status = net_graph_copy(m.graph, true, &g, &err);
    if (status == TRUNDLE_OK)
        status = net_graph_infer(g, 1, &err);
    for (int i = 0; status == TRUNDLE_OK && i < g->nodes_n; i++)
        macs += net_node_macs(g, &g->node[i]);
    printf("%lld\n", (long long)(2 * macs));
    net_graph_free(g);
    net_graph_free(m.imported);
    net_file_close(m.file);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("bench net", &err);
}
