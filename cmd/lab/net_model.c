/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle net info, run, check, tune. */
#include "base/net/file.h"
#include "base/net/manifest.h"
#include "base/net/tune.h"
#include "base/std/json.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cmd/lab/net.h"
#include "cmd/lab/net_picture.h"
#include "cmd/lab/npy.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>


/* A plan of a source: with its tuned kernels when `tuned`, only references when `ref`. */
static enum trundle_status plan_of(const struct net_source *s, int batch, int threads, bool tuned, bool ref, bool keep_all, struct net_plan **out, struct trundle_error *err)
{
    struct net_choice *choice = NULL;
    int choices_n = 0;
    if (tuned && s->plan.n)
        TRY(net_choices_parse((const char *)s->plan.data, s->plan.n, "manifest.json: kernels", &choice, &choices_n, err));
    enum trundle_status status = net_plan_new(s->graph, &(struct net_plan_options){ .batch = batch, .threads = threads, .isa = ref ? NET_ISA_REF : 0, .choice = choice,
                                                                                   .choices_n = choices_n, .keep_all = keep_all }, out, err);
    free(choice);
    return status;
}

/* ---- info ---- */

static void port_print(const char *what, const struct net_tensor *t)
{
    char shape[80];
    printf("%-7s %s  %s %s", what, t->name, net_type_name(t->type), net_shape_text(&t->shape, shape));
    if (t->quant.n == 1)
        printf("  real = %g * (value - %d)", (double)t->quant.scale[0], (int)t->quant.zero);
    puts("");
}

static json_t *port_json(const struct net_tensor *t)
{
    json_t *o = json_object(), *shape = json_array();
    for (int i = 0; i < t->shape.rank; i++)
        json_array_append_new(shape, json_integer(t->shape.d[i]));
    json_object_set_new(o, "name", json_string(t->name));
    json_object_set_new(o, "type", json_string(net_type_name(t->type)));
    json_object_set_new(o, "shape", shape);
    if (t->quant.n == 1) {
        json_object_set_new(o, "scale", json_real((double)t->quant.scale[0]));
        json_object_set_new(o, "zero", json_integer(t->quant.zero));
    }
    return o;
}

static void info_json(const struct net_source *s, const struct net_plan *plan, int64_t params, int64_t macs)
{
    const struct net_graph *g = net_plan_graph(plan);
    json_t *root = json_object(), *in = json_array(), *out = json_array(), *nodes = json_array();
    for (int i = 0; i < g->inputs_n; i++)
        json_array_append_new(in, port_json(&g->tensor[g->input[i]]));
    for (int i = 0; i < g->outputs_n; i++)
        json_array_append_new(out, port_json(&g->tensor[g->output[i]]));
    for (int i = 0; i < g->nodes_n; i++) {
        json_t *o = port_json(&g->tensor[g->node[i].out]);
        json_object_set_new(o, "op", json_string(net_op_name(g->node[i].op)));
        json_object_set_new(o, "node", json_string(g->node[i].name));
        json_object_set_new(o, "kernel", json_string(net_plan_node_by(plan, i)));
        json_object_set_new(o, "macs", json_integer(net_node_macs(g, &g->node[i])));
        json_array_append_new(nodes, o);
    }
    if (s->file) {
        json_object_set_new(root, "sha256", json_string(net_file_sha256(s->file)));
        json_object_set_new(root, "about", json_loads(net_file_about(s->file), 0, NULL));
    }
    json_object_set_new(root, "inputs", in);
    json_object_set_new(root, "outputs", out);
    json_object_set_new(root, "nodes", nodes);
    json_object_set_new(root, "parameters", json_integer(params));
    json_object_set_new(root, "macs", json_integer(macs));
    json_object_set_new(root, "packed_bytes", json_integer((json_int_t)net_plan_packed_bytes(plan)));
    json_object_set_new(root, "scratch_bytes", json_integer((json_int_t)net_plan_arena_bytes(plan)));
    char *text = json_dumps(root, JSON_COMPACT);
    puts(text ? text : "{}");
    free(text);
    json_decref(root);
}

static void info_print(const struct net_source *s, const struct net_plan *plan, int64_t params, int64_t macs, bool nodes)
{
    const struct net_graph *g = net_plan_graph(plan);
    char shape[80], isa[64];
    if (s->file)
        printf("sha256  %s\nabout   %s\n", net_file_sha256(s->file), net_file_about(s->file));
    for (int i = 0; i < g->inputs_n; i++)
        port_print("input", &g->tensor[g->input[i]]);
    for (int i = 0; i < g->outputs_n; i++)
        port_print("output", &g->tensor[g->output[i]]);
    printf("size    %d nodes, %.3f M parameters, %.3f M multiply-accumulates\n", g->nodes_n, (double)params * 1e-6, (double)macs * 1e-6);
    printf("memory  %.1f KiB packed weights, %.1f KiB scratch; instructions: %s\n", (double)net_plan_packed_bytes(plan) / 1024, (double)net_plan_arena_bytes(plan) / 1024,
           net_isa_text(net_isa_here(), isa));
    printf("kernels %s\n", s->plan.n ? "tuned (manifest.json), the rest the default" : "the default: the reference's bits");
    for (int i = 0; nodes && i < g->nodes_n; i++)
        printf("%4d  %-14s %-4s %-18s %10.3f M  %-28s %s\n", i, net_op_name(g->node[i].op), net_type_name(g->tensor[g->node[i].out].type),
               net_shape_text(&g->tensor[g->node[i].out].shape, shape), (double)net_node_macs(g, &g->node[i]) * 1e-6, net_plan_node_by(plan, i), g->node[i].name);
}

int net_info(int argc, char **argv)
{
    bool json = false, nodes = false;
    long long batch = 1;
    const struct option_row rows[] = { { "nodes", NULL, OPTION_FLAG, &nodes, "a line for each node" },
                                       { "batch", "N", OPTION_LONG, &batch, "shapes and sizes for this batch (default 1)" },
                                       { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct net_source s;
    struct net_plan *plan = NULL;
    int first, code;
    if (!option_parse(argc, argv, "trundle net info [--nodes] [--json] MODEL.net|MODEL.onnx", "what a model is", rows, &first, &code))
        return code;
    if (first + 1 != argc || batch < 1 || batch > 65536) {
        fprintf(stderr, "trundle net info: one model, and a batch of 1 to 65536 (see --help)\n");
        return EXIT_USAGE;
    }
    enum trundle_status status = net_source_open(argv[first], &s, &err);
    if (status == TRUNDLE_OK) {
        status = plan_of(&s, (int)batch, 1, true, false, false, &plan, &err);
        if (status == TRUNDLE_OK) {
            const struct net_graph *g = net_plan_graph(plan);
            int64_t params = 0, macs = 0;
            for (int t = 0; t < g->tensors_n; t++)
                params += g->tensor[t].data ? net_shape_elements(&g->tensor[t].shape) : 0;
            for (int i = 0; i < g->nodes_n; i++)
                macs += net_node_macs(g, &g->node[i]);
            if (json)
                info_json(&s, plan, params, macs);
            else
                info_print(&s, plan, params, macs, nodes);
        }
        net_plan_free(plan);
        net_source_close(&s);
    }
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("net info", &err);
}

/* ---- run ---- */

/* Input i from an array: the shape is the input's, or lacks its batch of 1; f32 arrays are quantised for u8 inputs. */
static enum trundle_status feed(struct net_plan *plan, int i, const char *path, struct trundle_error *err)
{
    const struct net_graph *g = net_plan_graph(plan);
    const struct net_tensor *t = &g->tensor[g->input[i]];
    struct npy a = { 0 };
    char want[80], got[80];
    TRY(npy_read(path, &a, err));
    enum trundle_status status = TRUNDLE_OK;
    int64_t n = net_shape_elements(&t->shape);
    bool fits = net_shape_elements(&a.shape) == n && a.shape.d[a.shape.rank - 1] == t->shape.d[t->shape.rank - 1];
    if (!fits)
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "images are channels-last: [batch, height, width, channels]", "an array of %s, the input \"%s\" is %s",
                           net_shape_text(&a.shape, got), t->name, net_shape_text(&t->shape, want));
    else if (a.type == t->type)
        memcpy(net_plan_input(plan, i), a.data, net_tensor_bytes(t));
    else if (a.type == NET_F32 && t->type == NET_U8 && t->quant.n == 1)
        for (int64_t k = 0; k < n; k++) {
            float v = rintf(((const float *)a.data)[k] / t->quant.scale[0]) + (float)t->quant.zero;
            ((uint8_t *)net_plan_input(plan, i))[k] = (uint8_t)fminf(fmaxf(v, 0), 255);
        }
    else
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "convert it", "elements are %s, the input \"%s\" takes %s", net_type_name(a.type), t->name, net_type_name(t->type));
    free(a.data);
    return status;
}

static void print_output(const struct net_tensor *t, const void *data)
{
    char shape[80];
    printf("%s  %s %s:", t->name, net_type_name(t->type), net_shape_text(&t->shape, shape));
    for (int64_t k = 0; k < net_shape_elements(&t->shape) && k < 16; k++) {
        double v = t->type == NET_F32 ? (double)((const float *)data)[k] : t->type == NET_U8 ? (double)((const uint8_t *)data)[k]
                   : t->type == NET_I8 ? (double)((const int8_t *)data)[k] : t->type == NET_I32 ? (double)((const int32_t *)data)[k] : (double)((const int64_t *)data)[k];
        printf(" %.7g", t->type == NET_U8 && t->quant.n == 1 ? (double)t->quant.scale[0] * (v - t->quant.zero) : v);
    }
    puts(net_shape_elements(&t->shape) > 16 ? " ..." : "");
}

int net_run(int argc, char **argv)
{
    const char *out = NULL;
    long long threads = 1, batch = 1;
    const struct option_row rows[] = { { "out", "DIR", OPTION_TEXT, &out, "write each output to DIR/<name>.npy (default: print the likeliest classes, or the first 16 elements)" },
                                       { "threads", "N", OPTION_LONG, &threads, "threads (default 1)" },
                                       { "batch", "N", OPTION_LONG, &batch, "batch (default 1)" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct net_source s;
    struct net_plan *plan = NULL;
    int first, code;
    if (!option_parse(argc, argv, "trundle net run [--out DIR] MODEL INPUT.npy|PHOTO...", "runs a model on arrays or photos, one file an input, in the order of `net info`", rows, &first, &code))
        return code;
    if (first >= argc) {
        fprintf(stderr, "trundle net run: which model? (see --help)\n");
        return EXIT_USAGE;
    }
    enum trundle_status status = net_source_open(argv[first], &s, &err);
    if (status != TRUNDLE_OK)
        return option_fail("net run", &err);
    status = plan_of(&s, (int)batch, (int)threads, true, false, false, &plan, &err);
    if (status == TRUNDLE_OK && argc - first - 1 != net_plan_graph(plan)->inputs_n)
        status = error_set(&err, TRUNDLE_BAD_ARG, argv[first], "see trundle net info", "the model has %d inputs, %d files are given", net_plan_graph(plan)->inputs_n, argc - first - 1);
    const char *about = s.file ? net_file_about(s.file) : "{}";
    for (int i = 0; status == TRUNDLE_OK && i < net_plan_graph(plan)->inputs_n; i++) {
        const char *path = argv[first + 1 + i];
        status = net_picture_named(path) ? net_picture_fill(path, about, &net_plan_graph(plan)->tensor[net_plan_graph(plan)->input[i]], net_plan_input(plan, i), &err)
                                         : feed(plan, i, path, &err);
    }
    if (status == TRUNDLE_OK)
        status = net_plan_run(plan, &err);
    if (status == TRUNDLE_OK && out)
        status = folder_make(out, &err);
    for (int i = 0; status == TRUNDLE_OK && i < net_plan_graph(plan)->outputs_n; i++) {
        const struct net_tensor *t = &net_plan_graph(plan)->tensor[net_plan_graph(plan)->output[i]];
        char path[PATH_MAX], name[NET_NAME_MAX];
        if (!out) {
            if (!net_picture_classes(about, t, net_plan_output(plan, i)))
                print_output(t, net_plan_output(plan, i));
            continue;
        }
        memcpy(name, t->name, sizeof name);
        for (char *c = name; *c; c++)
            *c = *c == '/' ? '_' : *c;
        if (snprintf(path, sizeof path, "%s/%s.npy", out, name) >= (int)sizeof path)
            status = error_set(&err, TRUNDLE_TOO_LARGE, out, NULL, "the path is too long");
        else
            status = npy_write(path, t->type, &t->shape, net_plan_output(plan, i), &err);
    }
    net_plan_free(plan);
    net_source_close(&s);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("net run", &err);
}

/* ---- check ---- */

static void fill(struct net_plan *plan, uint64_t seed)
{
    const struct net_graph *g = net_plan_graph(plan);
    struct rng r = rng_seed(seed, "net check");
    for (int i = 0; i < g->inputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->input[i]];
        for (int64_t k = 0; k < net_shape_elements(&t->shape); k++)
            if (t->type == NET_F32)
                ((float *)net_plan_input(plan, i))[k] = (float)rng_normal(&r);
            else if (t->type == NET_U8)
                ((uint8_t *)net_plan_input(plan, i))[k] = (uint8_t)rng_below(&r, 256);
    }
}

struct difference {
    int    node;                   /* the first that differs; -1: none */
    double worst;                  /* largest difference of an output, relative to the largest of its elements */
    bool   finite;
};

/* Both plans keep all. Bits node by node, and the outputs' numbers. */
static struct difference compare(const struct net_plan *a, const struct net_plan *b)
{
    const struct net_graph *g = net_plan_graph(a);
    struct difference d = { .node = -1, .finite = true };
    for (int i = 0; i < g->nodes_n && d.node < 0; i++) {
        const void *x = net_plan_tensor(a, g->node[i].out), *y = net_plan_tensor(b, g->node[i].out);
        if (x && y && memcmp(x, y, net_tensor_bytes(&g->tensor[g->node[i].out])) != 0)
            d.node = i;
    }
    for (int i = 0; i < g->outputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->output[i]];
        if (t->type != NET_F32)
            continue;
        const float *x = net_plan_output(a, i), *y = net_plan_output(b, i);
        double largest = 0, worst = 0;
        for (int64_t k = 0; k < net_shape_elements(&t->shape); k++) {
            d.finite = d.finite && isfinite(x[k]) && isfinite(y[k]);
            largest = fmax(largest, fabs((double)x[k]));
            worst = fmax(worst, fabs((double)x[k] - (double)y[k]));
        }
        d.worst = fmax(d.worst, worst / fmax(largest, 1e-30));
    }
    return d;
}

int net_check(int argc, char **argv)
{
    long long seed = 1, threads = 2;
    double tolerance = 1e-3;
    bool json = false;
    const struct option_row rows[] = { { "seed", "S", OPTION_LONG, &seed, "of the random inputs (default 1)" },
                                       { "threads", "N", OPTION_LONG, &threads, "of the fast run (default 2)" },
                                       { "tolerance", "X", OPTION_NUMBER, &tolerance, "largest relative difference that a tuned plan may make (default 1e-3)" },
                                       { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct net_source s;
    struct net_plan *ref = NULL, *fast = NULL, *tuned = NULL;
    struct difference exact = { .node = -1 }, chosen = { .node = -1, .finite = true };
    int first, code;
    if (!option_parse(argc, argv, "trundle net check MODEL", "compares the kernels that this machine would use with the reference, on random inputs", rows, &first, &code))
        return code;
    if (first + 1 != argc) {
        fprintf(stderr, "trundle net check: one model (see --help)\n");
        return EXIT_USAGE;
    }
    enum trundle_status status = net_source_open(argv[first], &s, &err);
    if (status != TRUNDLE_OK)
        return option_fail("net check", &err);
    TRY_GOTO(status, plan_of(&s, 1, 1, false, true, true, &ref, &err), out);
    TRY_GOTO(status, plan_of(&s, 1, (int)threads, false, false, true, &fast, &err), out);
    fill(ref, (uint64_t)seed);
    fill(fast, (uint64_t)seed);
    TRY_GOTO(status, net_plan_run(ref, &err), out);
    TRY_GOTO(status, net_plan_run(fast, &err), out);
    exact = compare(ref, fast);
    if (s.plan.n) {
        TRY_GOTO(status, plan_of(&s, 1, (int)threads, true, false, true, &tuned, &err), out);
        fill(tuned, (uint64_t)seed);
        TRY_GOTO(status, net_plan_run(tuned, &err), out);
        chosen = compare(ref, tuned);
    }
    const struct net_graph *g = net_plan_graph(ref);
    bool good = exact.node < 0 && exact.finite && chosen.finite && chosen.worst <= tolerance;
    if (json)
        printf("{\"good\":%s,\"finite\":%s,\"first_difference\":%s%s%s,\"tuned_worst\":%.3g}\n", good ? "true" : "false", exact.finite && chosen.finite ? "true" : "false",
               exact.node < 0 ? "null" : "\"", exact.node < 0 ? "" : g->node[exact.node].name, exact.node < 0 ? "" : "\"", chosen.worst);
    else {
        if (exact.node >= 0)
            printf("node %d, %s: the bits of %s are not the reference's\n", exact.node, g->node[exact.node].name, net_plan_node_by(fast, exact.node));
        if (!exact.finite || !chosen.finite)
            puts("an output is not a finite number");
        if (s.plan.n)
            printf("tuned kernels: largest difference of an output %.3g of its largest element (allowed %.3g)\n", chosen.worst, tolerance);
        printf("%s: %d nodes, %s\n", argv[first], g->nodes_n, good ? "good" : "NOT good");
    }
    code = good ? EXIT_OK : EXIT_VERDICT;
out:
    net_plan_free(ref);
    net_plan_free(fast);
    net_plan_free(tuned);
    net_source_close(&s);
    return status == TRUNDLE_OK ? code : option_fail("net check", &err);
}

/* ---- tune ---- */

static void tune_progress(void *argument, int done, int total)
{
    (void)argument;
    option_progress("tune", (size_t)done, (size_t)total);
}

int net_tune_main(int argc, char **argv)
{
    long long threads = 1, batch = 1;
    double seconds = 10;
    bool exact = false, dry = false;
    const struct option_row rows[] = { { "threads", "N", OPTION_LONG, &threads, "tune for this many threads (default 1)" },
                                       { "batch", "N", OPTION_LONG, &batch, "and this batch (default 1)" },
                                       { "seconds", "S", OPTION_NUMBER, &seconds, "about how long (default 10)" },
                                       { "exact", NULL, OPTION_FLAG, &exact, "only kernels with the reference's bits" },
                                       { "dry-run", NULL, OPTION_FLAG, &dry, "print the plan, write nothing" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct net_source s;
    struct bytes plan = { 0 };
    struct net_tuned *tuned = NULL;
    int tuned_n = 0, first, code;
    if (!option_parse(argc, argv, "trundle net tune [--exact] MODEL.net", "measures every kernel on every node, and keeps the fastest in manifest.json beside the model", rows, &first, &code))
        return code;
    if (first + 1 != argc) {
        fprintf(stderr, "trundle net tune: one model (see --help)\n");
        return EXIT_USAGE;
    }
    const char *slash = strrchr(argv[first], '/');
    char dir[PATH_MAX];
    (void)snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - argv[first]) : 1, slash ? argv[first] : ".");
    enum trundle_status status = net_source_open(argv[first], &s, &err);
    if (status != TRUNDLE_OK)
        return option_fail("net tune", &err);
    if (!s.file && !dry)
        status = error_set(&err, TRUNDLE_BAD_ARG, argv[first], "trundle net import makes a .net file; or --dry-run", "an ONNX file has no manifest to remember the kernels in");
    if (status == TRUNDLE_OK)
        status = net_tune(s.graph, &(struct net_tune_options){ .batch = (int)batch, .threads = (int)threads, .exact_only = exact, .seconds = seconds, .clock = clock_mono_ns,
                                                               .progress = tune_progress }, &plan, &tuned, &tuned_n, &err);
    if (status == TRUNDLE_OK && !dry)
        status = net_manifest_set_plan(dir[0] ? dir : "/", slash ? slash + 1 : argv[first], (const char *)plan.data, plan.n, &err);
    if (status == TRUNDLE_OK && dry)
        fwrite(plan.data, 1, plan.n, stdout);
    double before = 0, after = 0;
    for (int i = 0; i < tuned_n && status == TRUNDLE_OK; i++) {
        before += tuned[i].before_us;
        after += tuned[i].after_us;
        if (!dry && strcmp(tuned[i].before, tuned[i].after) != 0)
            printf("%-32s %9.1f us %-24s -> %9.1f us %s\n", s.graph->node[tuned[i].node].name, tuned[i].before_us, tuned[i].before, tuned[i].after_us, tuned[i].after);
    }
    if (status == TRUNDLE_OK && !dry)
        printf("nodes with a choice: %d; together %.3f ms before, %.3f ms after\n", tuned_n, before * 1e-3, after * 1e-3);
    free(tuned);
    bytes_done(&plan);
    net_source_close(&s);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("net tune", &err);
}
