/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/onnxruntime - the stretch as a graph of its own, exported, in a session of ONNX Runtime's C interface.
 *
 * That interface is one table of functions whose order never changes; a library gives the table for every version up to its own.
 * The few entries that we use are named here by their place in it, and version 8 is asked for, the least that has them.
 */
#include "base/net/engine/onnxruntime.h"
#include "base/net/onnx/onnx.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORT_VERSION = 8, ORT_LOG_ERROR = 3, ORT_OPTIMISE_ALL = 99, ORT_DEVICE_ALLOCATOR = 0, ORT_MEMORY_DEFAULT = 0 };
enum { ORT_FLOAT = 1, ORT_UINT8 = 2, ORT_INT8 = 3, ORT_INT32 = 6, ORT_INT64 = 7 };      /* ONNX's numbers of types */

typedef void *ort_status;          /* NULL: good */

/* Places in the table. */
enum {
    AT_ERROR_MESSAGE = 2, AT_CREATE_ENV = 3, AT_SESSION_OF_ARRAY = 8, AT_RUN = 9, AT_CREATE_OPTIONS = 10, AT_OPTIMISATION = 23, AT_INTRA_THREADS = 24, AT_INTER_THREADS = 25,
    AT_VALUE_OF_DATA = 49, AT_CPU_MEMORY = 69, AT_RELEASE_STATUS = 93, AT_RELEASE_MEMORY = 94, AT_RELEASE_SESSION = 95, AT_RELEASE_VALUE = 96, AT_RELEASE_OPTIONS = 100,
    AT_CONFIG_ENTRY = 130
};

struct ort_base {
    const void *const *(*table)(uint32_t version);
    const char *(*version)(void);
};

static struct {
    pthread_once_t once;
    void *handle, *env, *memory;
    char  version[32], why[400];
    const char *(*error_message)(ort_status);
    ort_status (*create_env)(int level, const char *id, void **out);
    ort_status (*session_of_array)(const void *env, const void *data, size_t n, const void *options, void **out);
    ort_status (*run)(void *session, const void *options, const char *const *in_name, const void *const *in, size_t in_n, const char *const *out_name, size_t out_n, void **out);
    ort_status (*create_options)(void **out);
    ort_status (*optimisation)(void *options, int level);
    ort_status (*intra_threads)(void *options, int n);
    ort_status (*inter_threads)(void *options, int n);
    ort_status (*value_of_data)(const void *memory, void *data, size_t bytes, const int64_t *shape, size_t rank, int type, void **out);
    ort_status (*cpu_memory)(int allocator, int kind, void **out);
    ort_status (*config_entry)(void *options, const char *key, const char *value);
    void (*release_status)(ort_status);
    void (*release_memory)(void *);
    void (*release_session)(void *);
    void (*release_value)(void *);
    void (*release_options)(void *);
} ort = { .once = PTHREAD_ONCE_INIT };

/* A function of a table or a library: POSIX says that such a pointer may be copied so. */
static void take(void *to, const void *from)
{
    memcpy(to, &from, sizeof from);
}

static void open_library(void)
{
    static const char *const usual[] = { "libonnxruntime.so.1", "libonnxruntime.so" };
    const char *named = getenv("TRUNDLE_ONNXRUNTIME"), *reason = NULL;
    const struct ort_base *(*base_of)(void) = NULL;

    if (named && named[0])
        ort.handle = dlopen(named, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; !(named && named[0]) && !ort.handle && i < COUNT_OF(usual); i++)
        ort.handle = dlopen(usual[i], RTLD_NOW | RTLD_LOCAL);
    if (!ort.handle) {
        reason = dlerror();
        (void)snprintf(ort.why, sizeof ort.why, "no ONNX Runtime library (%s); it comes with the PyPI package onnxruntime: set TRUNDLE_ONNXRUNTIME to its libonnxruntime.so...",
                       reason ? reason : "not found");
        return;
    }
    take(&base_of, dlsym(ort.handle, "OrtGetApiBase"));
    const struct ort_base *base = base_of ? base_of() : NULL;
    const void *const *table = base ? base->table(ORT_VERSION) : NULL;
    if (!table) {
        (void)snprintf(ort.why, sizeof ort.why, "the ONNX Runtime library is older than 1.%d", ORT_VERSION);
        return;
    }
    (void)snprintf(ort.version, sizeof ort.version, "%s", base->version());
    take(&ort.error_message, table[AT_ERROR_MESSAGE]);
    take(&ort.create_env, table[AT_CREATE_ENV]);
    take(&ort.session_of_array, table[AT_SESSION_OF_ARRAY]);
    take(&ort.run, table[AT_RUN]);
    take(&ort.create_options, table[AT_CREATE_OPTIONS]);
    take(&ort.optimisation, table[AT_OPTIMISATION]);
    take(&ort.intra_threads, table[AT_INTRA_THREADS]);
    take(&ort.inter_threads, table[AT_INTER_THREADS]);
    take(&ort.value_of_data, table[AT_VALUE_OF_DATA]);
    take(&ort.cpu_memory, table[AT_CPU_MEMORY]);
    take(&ort.config_entry, table[AT_CONFIG_ENTRY]);
    take(&ort.release_status, table[AT_RELEASE_STATUS]);
    take(&ort.release_memory, table[AT_RELEASE_MEMORY]);
    take(&ort.release_session, table[AT_RELEASE_SESSION]);
    take(&ort.release_value, table[AT_RELEASE_VALUE]);
    take(&ort.release_options, table[AT_RELEASE_OPTIONS]);
    ort_status bad = ort.create_env(ORT_LOG_ERROR, "trundle", &ort.env);
    if (!bad)
        bad = ort.cpu_memory(ORT_DEVICE_ALLOCATOR, ORT_MEMORY_DEFAULT, &ort.memory);
    if (bad) {
        (void)snprintf(ort.why, sizeof ort.why, "ONNX Runtime %s: %.300s", ort.version, ort.error_message(bad));
        ort.release_status(bad);
        ort.env = NULL;
    }
}

static bool library(char *why, size_t size)
{
    (void)pthread_once(&ort.once, open_library);
    if (!ort.env && why)
        (void)snprintf(why, size, "%s", ort.why);
    return ort.env != NULL;
}

/* Execution providers are functions of the library's own, there when it was built with them. */
typedef ort_status provider(void *options, int device);

static provider *provider_of(const char *symbol)
{
    provider *p = NULL;
    take(&p, dlsym(ort.handle, symbol));
    return p;
}

static bool available_with(const char *symbol, char *why, size_t size)
{
    if (!library(why, size))
        return false;
    if (!symbol || provider_of(symbol))
        return true;
    (void)snprintf(why, size, "ONNX Runtime %s here was built without it (no %s); the PyPI package onnxruntime-gpu has it", ort.version, symbol);
    return false;
}

struct part {
    void *session;
    int in_n, out_n;
    char (*name)[NET_NAME_MAX];                    /* inputs, then outputs */
    const char **name_at;
    struct net_shape *shape;
    enum net_type *type;
    void **value;                                  /* the last run's, remade when memory moved */
    const void **memory;
    char described[64];
};

static int type_of(enum net_type type)
{
    switch (type) {
    case NET_F32: return ORT_FLOAT;
    case NET_U8: return ORT_UINT8;
    case NET_I8: return ORT_INT8;
    case NET_I32: return ORT_INT32;
    case NET_I64: return ORT_INT64;
    default: return 0;
    }
}

static enum trundle_status said(ort_status bad, const char *doing, struct trundle_error *err)
{
    if (!bad)
        return TRUNDLE_OK;
    enum trundle_status status = error_set(err, TRUNDLE_UNSUPPORTED, "ONNX Runtime", NULL, "%s: %.300s", doing, ort.error_message(bad));
    ort.release_status(bad);
    return status;
}

static bool takes(const struct net_graph *g, const struct net_node *node)
{
    (void)g;
    (void)node;
    return library(NULL, 0);
}

static void part_free(void *part)
{
    struct part *p = part;
    if (!p)
        return;
    for (int i = 0; p->value && i < p->in_n + p->out_n; i++)
        if (p->value[i])
            ort.release_value(p->value[i]);
    if (p->session)
        ort.release_session(p->session);
    free(p->name);
    free(p->name_at);
    free(p->shape);
    free(p->type);
    free(p->value);
    free(p->memory);
    free(p);
}

/* ---- the stretch as a graph ---- */

static enum trundle_status carry(const struct net_graph *g, int tensor, struct net_graph *to, int *map, bool input, struct trundle_error *err)
{
    const struct net_tensor *t = &g->tensor[tensor];
    if (map[tensor] >= 0)
        return TRUNDLE_OK;
    if (input)
        TRY(net_graph_input(to, t->name, t->type, &t->shape, &map[tensor], err));
    else
        TRY(net_graph_constant_borrow(to, t->name, t->type, &t->shape, t->data, &map[tensor], err));
    return t->quant.n ? net_graph_quant(to, map[tensor], t->quant.n, t->quant.axis, t->quant.scale, t->quant.zero, err) : TRUNDLE_OK;
}

static enum trundle_status cut_out(const struct net_stretch *s, struct net_graph **out, struct trundle_error *err)
{
    const struct net_graph *g = s->graph;
    struct net_graph *to = net_graph_new();
    int *map = malloc(((size_t)g->tensors_n + 1) * sizeof *map);
    enum trundle_status status = to && map ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "ONNX Runtime", NULL, "no memory left");
    for (int t = 0; status == TRUNDLE_OK && t < g->tensors_n; t++)
        map[t] = -1;
    for (int i = 0; status == TRUNDLE_OK && i < s->in_n; i++)
        status = carry(g, s->in[i], to, map, true, err);
    for (int i = 0; status == TRUNDLE_OK && i < s->nodes_n; i++) {
        struct net_node node = g->node[s->node[i]];
        const struct net_tensor *made = &g->tensor[node.out];
        for (int k = 0; status == TRUNDLE_OK && k < node.in_n; k++)
            if (node.in[k] >= 0) {
                if (g->tensor[node.in[k]].data)
                    status = carry(g, node.in[k], to, map, false, err);
                node.in[k] = map[node.in[k]];
            }
        if (status == TRUNDLE_OK && made->type == NET_U8 && made->quant.n == 1) {
            node.attr.out_scale = made->quant.scale[0];
            node.attr.out_zero = made->quant.zero;
        }
        if (status == TRUNDLE_OK)
            status = net_graph_node(to, &node, &map[made - g->tensor], err);
    }
    for (int i = 0; status == TRUNDLE_OK && i < s->out_n; i++)
        status = net_graph_output(to, map[s->out[i]], err);
    if (status == TRUNDLE_OK)
        status = net_graph_infer(to, 1, err);
    free(map);
    if (status == TRUNDLE_OK)
        *out = to;
    else
        net_graph_free(to);
    return status;
}

static enum trundle_status open_session(struct part *p, const struct bytes *model, int threads, const char *symbol, struct trundle_error *err)
{
    void *options = NULL;
    enum trundle_status status = said(ort.create_options(&options), "options", err);
    if (status == TRUNDLE_OK)
        status = said(ort.optimisation(options, ORT_OPTIMISE_ALL), "options", err);
    if (status == TRUNDLE_OK)
        status = said(ort.intra_threads(options, threads), "threads", err);
    if (status == TRUNDLE_OK)
        status = said(ort.inter_threads(options, 1), "threads", err);
    if (status == TRUNDLE_OK)
        status = said(ort.config_entry(options, "session.intra_op.allow_spinning", "0"), "options", err);
    if (status == TRUNDLE_OK && symbol)
        status = said(provider_of(symbol)(options, 0), symbol, err);
    if (status == TRUNDLE_OK)
        status = said(ort.session_of_array(ort.env, model->data, model->n, options, &p->session), "the model", err);
    if (options)
        ort.release_options(options);
    return status;
}

static enum trundle_status compile(const struct net_stretch *stretch, const char *symbol, void **out_part, struct trundle_error *err)
{
    struct net_graph *g = NULL;
    struct bytes model = { 0 };
    struct part *p = calloc(1, sizeof *p);
    int n = stretch->in_n + stretch->out_n;
    char why[400];
    enum trundle_status status = TRUNDLE_OK;
    if (!available_with(symbol, why, sizeof why))
        status = error_set(err, TRUNDLE_NOT_FOUND, "ONNX Runtime", NULL, "%s", why);
    else if (!p)
        status = error_set(err, TRUNDLE_NO_MEMORY, "ONNX Runtime", NULL, "no memory left");
    if (status != TRUNDLE_OK)
        goto out;
    p->in_n = stretch->in_n;
    p->out_n = stretch->out_n;
    p->name = calloc((size_t)n + 1, sizeof *p->name);
    p->name_at = calloc((size_t)n + 1, sizeof *p->name_at);
    p->shape = calloc((size_t)n + 1, sizeof *p->shape);
    p->type = calloc((size_t)n + 1, sizeof *p->type);
    p->value = calloc((size_t)n + 1, sizeof *p->value);
    p->memory = calloc((size_t)n + 1, sizeof *p->memory);
    if (!p->name || !p->name_at || !p->shape || !p->type || !p->value || !p->memory) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "ONNX Runtime", NULL, "no memory left");
        goto out;
    }
    TRY_GOTO(status, cut_out(stretch, &g, err), out);
    for (int i = 0; i < n; i++) {
        const struct net_tensor *t = &g->tensor[i < p->in_n ? g->input[i] : g->output[i - p->in_n]];
        memcpy(p->name[i], t->name, sizeof p->name[i]);
        p->name_at[i] = p->name[i];
        p->shape[i] = t->shape;
        p->type[i] = t->type;
    }
    TRY_GOTO(status, net_onnx_export(g, &(struct net_onnx_export_options){ .channels_last = true }, &model, err), out);
    TRY_GOTO(status, open_session(p, &model, stretch->threads, symbol, err), out);
    (void)snprintf(p->described, sizeof p->described, "onnxruntime %s", ort.version);
out:
    net_graph_free(g);
    bytes_done(&model);
    if (status == TRUNDLE_OK)
        *out_part = p;
    else
        part_free(p);
    return status;
}

/* The value that stands for this memory. */
static enum trundle_status bind(struct part *p, int i, const void *memory, struct trundle_error *err)
{
    int64_t d[NET_RANK_MAX];
    if (p->value[i] && p->memory[i] == memory)
        return TRUNDLE_OK;
    if (p->value[i])
        ort.release_value(p->value[i]);
    p->value[i] = NULL;
    for (int k = 0; k < p->shape[i].rank; k++)
        d[k] = p->shape[i].d[k];
    p->memory[i] = memory;
    return said(ort.value_of_data(ort.memory, (void *)(uintptr_t)memory, (size_t)net_shape_elements(&p->shape[i]) * net_type_bytes(p->type[i]), d, (size_t)p->shape[i].rank,
                                  type_of(p->type[i]), &p->value[i]),
                p->name[i], err);
}

static enum trundle_status run(void *part, const void *const *in, void *const *out, struct net_stream *stream, struct trundle_error *err)
{
    struct part *p = part;
    (void)stream;
    for (int i = 0; i < p->in_n; i++)
        TRY(bind(p, i, in[i], err));
    for (int i = 0; i < p->out_n; i++)
        TRY(bind(p, p->in_n + i, out[i], err));
    return said(ort.run(p->session, NULL, p->name_at, (const void *const *)p->value, (size_t)p->in_n, p->name_at + p->in_n, (size_t)p->out_n, p->value + p->in_n), "a run", err);
}

static const char *describe(const void *part, int node)
{
    (void)node;
    return ((const struct part *)part)->described;
}

#define ENGINE(suffix, text, symbol)                                                                                                  \
    static bool available_##suffix(char *why, size_t size)                                                                            \
    {                                                                                                                                 \
        return available_with(symbol, why, size);                                                                                     \
    }                                                                                                                                 \
    static enum trundle_status compile_##suffix(const struct net_stretch *stretch, void **out_part, struct trundle_error *err)        \
    {                                                                                                                                 \
        return compile(stretch, symbol, out_part, err);                                                                               \
    }                                                                                                                                 \
    const struct net_engine net_engine_##suffix = { .name = text, .available = available_##suffix, .takes = takes, .compile = compile_##suffix, .run = run, .free = part_free, \
                                                    .describe = describe }

ENGINE(onnxruntime, "onnxruntime", NULL);
ENGINE(onnxruntime_cuda, "onnxruntime.cuda", "OrtSessionOptionsAppendExecutionProvider_CUDA");
ENGINE(onnxruntime_tensorrt, "onnxruntime.tensorrt", "OrtSessionOptionsAppendExecutionProvider_Tensorrt");
