/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle net bench: how long a model takes here, by our kernels or an engine; where the time goes. ./dev bench net compares with others. */
#include "base/net/engine/engines.h"
#include "base/net/tune.h"
#include "base/std/json.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cmd/lab/net.h"
#include "cmd/lab/net_peak.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 1 << 20, RUNS_LEAST = 5 };

struct timing {
    double median_ms, p99_ms, least_ms, load_ms, gops, share;
    int64_t ops;
    int    runs;
    bool   int8;
};

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void fill(struct net_plan *plan)
{
    const struct net_graph *g = net_plan_graph(plan);
    struct rng r = rng_seed(1, "net bench");
    for (int i = 0; i < g->inputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->input[i]];
        for (int64_t k = 0; k < net_shape_elements(&t->shape); k++)
            if (t->type == NET_F32)
                ((float *)net_plan_input(plan, i))[k] = (float)rng_normal(&r);
            else if (t->type == NET_U8)
                ((uint8_t *)net_plan_input(plan, i))[k] = (uint8_t)rng_below(&r, 256);
    }
}

/* More than half of the multiplications have u8 inputs. */
static bool is_int8(const struct net_graph *g, int64_t *out_ops)
{
    int64_t all = 0, int8 = 0;
    for (int i = 0; i < g->nodes_n; i++) {
        int64_t macs = net_node_macs(g, &g->node[i]);
        all += macs;
        int8 += g->node[i].in[0] >= 0 && g->tensor[g->node[i].in[0]].type == NET_U8 ? macs : 0;
    }
    *out_ops = 2 * all;
    return 2 * int8 > all;
}

static enum trundle_status measure(struct net_plan *plan, double seconds, double peak, struct timing *out, struct trundle_error *err)
{
    int64_t *ns = malloc(RUNS_MAX * sizeof *ns), begin, end;
    int n = 0;
    enum trundle_status status = TRUNDLE_OK;
    if (!ns)
        return error_set(err, TRUNDLE_NO_MEMORY, "net bench", NULL, "no memory left");
    fill(plan);
    for (int i = 0; i < 3 && status == TRUNDLE_OK; i++)
        status = net_plan_run(plan, err);
    begin = clock_mono_ns();
    while (status == TRUNDLE_OK && n < RUNS_MAX && (n < RUNS_LEAST || (double)(clock_mono_ns() - begin) < seconds * 1e9)) {
        int64_t start = clock_mono_ns();
        status = net_plan_run(plan, err);
        end = clock_mono_ns();
        ns[n++] = end - start;
    }
    if (status == TRUNDLE_OK) {
        qsort(ns, (size_t)n, sizeof *ns, by_value);
        out->runs = n;
        out->least_ms = (double)ns[0] * 1e-6;
        out->median_ms = (double)ns[n / 2] * 1e-6;
        out->p99_ms = (double)ns[(int)(0.99 * (n - 1) + 0.5)] * 1e-6;
        out->gops = (double)out->ops / out->median_ms * 1e-6;
        out->share = peak > 0 ? out->gops * 1e9 / peak : 0;
    }
    free(ns);
    return status;
}

/* The median over some runs of each node's time. */
static enum trundle_status profile(struct net_plan *plan, double peak, struct trundle_error *err)
{
    enum { RUNS = 31 };
    const struct net_graph *g = net_plan_graph(plan);
    int64_t *ns = malloc((size_t)g->nodes_n * RUNS * sizeof *ns);
    enum trundle_status status = TRUNDLE_OK;
    double all = 0;
    if (!ns)
        return error_set(err, TRUNDLE_NO_MEMORY, "net bench", NULL, "no memory left");
    fill(plan);
    for (int k = -2; k < RUNS && status == TRUNDLE_OK; k++) {
        status = net_plan_run(plan, err);
        for (int i = 0; i < g->nodes_n && k >= 0; i++)
            ns[(size_t)i * RUNS + (size_t)k] = net_plan_node_ns(plan, i);
    }
    for (int i = 0; i < g->nodes_n && status == TRUNDLE_OK; i++) {
        qsort(&ns[(size_t)i * RUNS], RUNS, sizeof *ns, by_value);
        all += (double)ns[(size_t)i * RUNS + RUNS / 2];
    }
    if (status == TRUNDLE_OK)
        printf("  node  operator       output                  us      %%    GOP/s   peak  by\n");
    for (int i = 0; i < g->nodes_n && status == TRUNDLE_OK; i++) {
        char shape[80];
        double us = (double)ns[(size_t)i * RUNS + RUNS / 2] * 1e-3, ops = 2 * (double)net_node_macs(g, &g->node[i]), gops = us > 0 ? ops / us * 1e-3 : 0;
        printf("%6d  %-14s %-18s %9.1f  %5.1f %8.1f  %4.0f%%  %-32s %s\n", i, net_op_name(g->node[i].op), net_shape_text(&g->tensor[g->node[i].out].shape, shape), us,
               all > 0 ? us * 1e5 / all : 0, gops, peak > 0 ? gops * 1e11 / peak : 0, net_plan_node_by(plan, i), g->node[i].name);
    }
    free(ns);
    return status;
}

static void print(const char *model, const char *engine, int threads, unsigned isa, const struct timing *t, double peak, bool json)
{
    char text[64];
    (void)net_isa_text(isa, text);
    if (json) {
        json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "model", model, "engine", engine, "threads", threads, "isa", text, "type",
                              t->int8 ? "int8" : "f32", "runs", t->runs, "median_ms", t->median_ms, "p99_ms", t->p99_ms, "least_ms", t->least_ms, "plan_ms", t->load_ms, "gops", t->gops,
                              "peak_gops", peak * 1e-9, "share_of_peak", t->share, "operations", (json_int_t)t->ops);
        char *line = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
        puts(line ? line : "{}");
        free(line);
        json_decref(o);
        return;
    }
    printf("%s  %s, %s, %d thread%s, %s\n", model, t->int8 ? "int8" : "f32", engine, threads, threads == 1 ? "" : "s", text);
    printf("  median %.3f ms, p99 %.3f ms (%.2f of the median), least %.3f ms, of %d runs; planned in %.1f ms\n", t->median_ms, t->p99_ms, t->p99_ms / t->median_ms, t->least_ms,
           t->runs, t->load_ms);
    printf("  %.1f GOP/s of a measured peak of %.1f of one core: %.0f %%\n", t->gops, peak * 1e-9, t->share * 100);
}

static bool isa_named(const char *name, unsigned *out)
{
    static const struct { const char *name; unsigned isa; } all[] = {
        { "avx2", NET_ISA_AVX2 },
        { "avx512", NET_ISA_AVX2 | NET_ISA_AVX512 },
        { "vnni", NET_ISA_AVX2 | NET_ISA_AVX512 | NET_ISA_VNNI },
        { "neon", NET_ISA_NEON },
        { "dot", NET_ISA_NEON | NET_ISA_DOT },
        { "ref", NET_ISA_REF },
    };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (strcmp(name, all[i].name) == 0) {
            *out = all[i].isa;
            return true;
        }
    return false;
}

static void name_engines(FILE *to)
{
    int n;
    const struct net_engine *const *engine = net_engines(&n);
    char why[256];
    fprintf(to, "engines of this build: native");
    for (int i = 0; i < n; i++) {
        bool there = engine[i]->available(why, sizeof why);
        fprintf(to, ", %s%s%s%s", engine[i]->name, there ? "" : " (", there ? "" : why, there ? "" : ")");
    }
    fputc('\n', to);
}

int net_bench(int argc, char **argv)
{
    const char *engine_name = "native", *isa_name = NULL;
    long long threads = 1, batch = 1;
    double seconds = 2;
    bool json = false, with_profile = false, untuned = false;
    const struct option_row rows[] = { { "engine", "NAME", OPTION_TEXT, &engine_name, "native, or one that --help's last line names (default native)" },
                                       { "threads", "N", OPTION_LONG, &threads, "threads (default 1)" },
                                       { "batch", "N", OPTION_LONG, &batch, "batch (default 1)" },
                                       { "isa", "NAME", OPTION_TEXT, &isa_name, "use no more than avx2, avx512, vnni, neon, dot; ref: only references" },
                                       { "seconds", "S", OPTION_NUMBER, &seconds, "how long (default 2)" },
                                       { "untuned", NULL, OPTION_FLAG, &untuned, "not the kernels of the manifest" },
                                       { "profile", NULL, OPTION_FLAG, &with_profile, "a line for each node: time, speed, share of the peak, kernel" },
                                       { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct net_source s;
    struct net_plan *plan = NULL;
    struct net_choice *choice = NULL;
    int choices_n = 0, first, code;
    unsigned isa = net_isa_here(), mask = 0;
    if (!option_parse(argc, argv, "trundle net bench [OPTION...] MODEL.net|MODEL.onnx", "how long a model takes on random inputs", rows, &first, &code)) {
        if (code == EXIT_OK)
            name_engines(stdout);
        return code;
    }
    if (first + 1 != argc || threads < 1 || threads > 64 || batch < 1 || batch > 65536 || !(seconds > 0) || (isa_name && !isa_named(isa_name, &mask))) {
        fprintf(stderr, "trundle net bench: one model, 1 to 64 threads, a batch of 1 to 65536, a known --isa (see --help)\n");
        return EXIT_USAGE;
    }
    isa = !isa_name ? isa : mask & NET_ISA_REF ? NET_ISA_REF : isa & mask;
    bool native = strcmp(engine_name, "native") == 0;
    const struct net_engine *engine = native ? NULL : net_engine_named(engine_name);
    char why[256] = "";
    if (!native && !engine) {
        fprintf(stderr, "trundle net bench: no engine \"%s\" in this build; ", engine_name);
        name_engines(stderr);
        return EXIT_USAGE;
    }
    if (engine && !engine->available(why, sizeof why)) {
        fprintf(stderr, "trundle net bench: %s: %s\n", engine_name, why);
        return EXIT_ENVIRONMENT;
    }
    enum trundle_status status = net_source_open(argv[first], &s, &err);
    if (status != TRUNDLE_OK)
        return option_fail("net bench", &err);
    if (s.plan.n && !untuned && native && !isa_name)
        TRY_GOTO(status, net_choices_parse((const char *)s.plan.data, s.plan.n, "manifest.json: kernels", &choice, &choices_n, &err), out);
    struct timing t = { 0 };
    int64_t start = clock_mono_ns();
    TRY_GOTO(status, net_plan_new(s.graph, &(struct net_plan_options){ .batch = (int)batch, .threads = (int)threads, .isa = isa, .choice = choice, .choices_n = choices_n,
                                                                       .engine = &engine, .engines_n = engine ? 1 : 0, .clock = with_profile ? clock_mono_ns : NULL }, &plan, &err), out);
    t.load_ms = (double)(clock_mono_ns() - start) * 1e-6;
    t.int8 = is_int8(net_plan_graph(plan), &t.ops);
    double peak = net_peak(t.int8, isa);
    TRY_GOTO(status, measure(plan, seconds, peak, &t, &err), out);
    print(argv[first], engine_name, (int)threads, isa, &t, peak, json);
    if (with_profile && !json)
        TRY_GOTO(status, profile(plan, peak, &err), out);
out:
    free(choice);
    net_plan_free(plan);
    net_source_close(&s);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("net bench", &err);
}
