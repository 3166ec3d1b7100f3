/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/tune - one node at a time, on its own real inputs, with every kernel that fits. */
#include "base/net/tune.h"
#include "base/std/json.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5 };

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "net tune", NULL, "no memory left");
}

/* A graph of one node, whose computed inputs are graph inputs. */
static enum trundle_status node_alone(const struct net_graph *g, const struct net_node *node, struct net_graph **out, struct trundle_error *err)
{
    struct net_graph *alone = net_graph_new();
    struct net_node copy = *node;
    int made = 0;
    enum trundle_status status = alone ? TRUNDLE_OK : no_memory(err);
    for (int k = 0; k < node->in_n && status == TRUNDLE_OK; k++) {
        if (node->in[k] < 0)
            continue;
        const struct net_tensor *t = &g->tensor[node->in[k]];
        int same = net_graph_find(alone, t->name);
        if (same >= 0) {
            copy.in[k] = same;
            continue;
        }
        status = t->data ? net_graph_constant_borrow(alone, t->name, t->type, &t->shape, t->data, &copy.in[k], err)
                         : net_graph_input(alone, t->name, t->type, &t->shape, &copy.in[k], err);
        if (status == TRUNDLE_OK && t->quant.n)
            status = net_graph_quant(alone, copy.in[k], t->quant.n, t->quant.axis, t->quant.scale, t->quant.zero, err);
    }
    if (status == TRUNDLE_OK)
        status = net_graph_node(alone, &copy, &made, err);
    if (status == TRUNDLE_OK)
        status = net_graph_output(alone, made, err);
    if (status != TRUNDLE_OK)
        net_graph_free(alone);
    else
        *out = alone;
    return status;
}

/* Nothing may be all zeros: denormals and zeros are not what runs later. */
static void fill(struct net_plan *plan)
{
    const struct net_graph *g = net_plan_graph(plan);
    uint32_t state = 12345;
    for (int i = 0; i < g->inputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->input[i]];
        void *to = net_plan_input(plan, i);
        for (int64_t k = 0; k < net_shape_elements(&t->shape); k++) {
            state = state * 1664525u + 1013904223u;
            if (t->type == NET_F32)
                ((float *)to)[k] = (float)(state >> 8) / 16777216.0f - 0.5f;
            else if (t->type == NET_U8)
                ((uint8_t *)to)[k] = (uint8_t)(state >> 24);
        }
    }
}

/* Fastest of the rounds, ns; 0 when the kernel cannot be planned. */
static double measure(const struct net_graph *alone, const char *node, const char *kernel, const struct net_tune_options *o, double share_s)
{
    const struct net_choice choice = { node, kernel };
    struct net_plan *plan = NULL;
    double best = 0;
    if (net_plan_new(alone, &(struct net_plan_options){ .batch = o->batch, .threads = o->threads, .choice = &choice, .choices_n = 1 }, &plan, NULL) != TRUNDLE_OK)
        return 0;
    fill(plan);
    int64_t start = o->clock();
    for (int round = 0; round < ROUNDS || (double)(o->clock() - start) < share_s * 1e9; round++) {
        int64_t t0 = o->clock();
        if (net_plan_run(plan, NULL) != TRUNDLE_OK)
            break;
        double ns = (double)(o->clock() - t0) + 1;
        best = best == 0 || ns < best ? ns : best;
        if (round >= ROUNDS && (double)(o->clock() - start) > 50 * share_s * 1e9)
            break;
    }
    net_plan_free(plan);
    return best;
}

/* The choices of one node: which kernel is fastest. Another one must be 3 % faster than the default to be taken. */
static enum trundle_status tune_node(const struct net_graph *g, int i, const struct net_tune_options *o, double share_s, struct net_tuned *row, struct trundle_error *err)
{
    const struct net_node *node = &g->node[i];
    struct net_site site = { .node = node, .in_n = node->in_n, .out = &g->tensor[node->out] };
    struct net_graph *alone = NULL;
    int n = 0, fitting = 0;
    const struct net_kernel *const *all = net_kernels(&n), *plain;
    unsigned isa = net_isa_here();
    for (int k = 0; k < node->in_n; k++)
        site.in[k] = node->in[k] >= 0 ? &g->tensor[node->in[k]] : NULL;
    plain = net_kernel_default(&site, isa);
    *row = (struct net_tuned){ .node = i, .before = plain->name, .after = plain->name };
    for (int k = 0; k < n; k++)
        fitting += all[k]->op == node->op && !(all[k]->isa & ~isa) && all[k]->fits(&site) && (all[k]->exact || !o->exact_only);
    if (fitting < 2)
        return TRUNDLE_OK;
    TRY(node_alone(g, node, &alone, err));
    row->before_us = row->after_us = measure(alone, node->name, plain->name, o, share_s) * 1e-3;
    for (int k = 0; k < n; k++) {
        bool slow = strstr(all[k]->name, ".ref") != NULL;
        if (all[k] == plain || slow || all[k]->op != node->op || (all[k]->isa & ~isa) || !all[k]->fits(&site) || (!all[k]->exact && o->exact_only))
            continue;
        double us = measure(alone, node->name, all[k]->name, o, share_s) * 1e-3;
        if (us > 0 && us < row->after_us && us < 0.97 * row->before_us) {
            row->after_us = us;
            row->after = all[k]->name;
        }
    }
    net_graph_free(alone);
    return TRUNDLE_OK;
}

enum trundle_status net_tune(const struct net_graph *graph, const struct net_tune_options *options, struct bytes *out_json, struct net_tuned **out_tuned, int *out_tuned_n,
                             struct trundle_error *err)
{
    struct net_graph *g = NULL;
    struct net_tuned *rows = NULL;
    json_t *root = NULL, *kernels = NULL;
    char *text = NULL, isa[64];
    int rows_n = 0;
    TRY(net_graph_copy(graph, true, &g, err));
    enum trundle_status status = net_graph_infer(g, options->batch ? options->batch : 1, err);
    if (status != TRUNDLE_OK)
        goto out;
    rows = calloc((size_t)g->nodes_n + 1, sizeof *rows);
    root = json_object();
    kernels = json_object();
    if (!rows || !root || !kernels) {
        status = no_memory(err);
        goto out;
    }
    double share_s = (options->seconds > 0 ? options->seconds : 5.0) / (4.0 * (g->nodes_n + 1));
    for (int i = 0; i < g->nodes_n; i++) {
        if (options->progress)
            options->progress(options->argument, i, g->nodes_n);
        TRY_GOTO(status, tune_node(g, i, options, share_s, &rows[rows_n], err), out);
        if (strcmp(rows[rows_n].before, rows[rows_n].after) != 0)
            json_object_set_new(kernels, g->node[i].name, json_string(rows[rows_n].after));
        rows_n += rows[rows_n].before_us > 0;
    }
    if (options->progress)
        options->progress(options->argument, g->nodes_n, g->nodes_n);
    json_object_set_new(root, "version", json_integer(1));
    json_object_set_new(root, "isa", json_string(net_isa_text(net_isa_here(), isa)));
    json_object_set(root, "kernels", kernels);
    text = json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS);
    status = text ? bytes_append(out_json, text, strlen(text)) : no_memory(err);
    if (status == TRUNDLE_OK)
        status = bytes_append(out_json, "\n", 1);
    if (status == TRUNDLE_OK && out_tuned) {
        *out_tuned = rows;
        *out_tuned_n = rows_n;
        rows = NULL;
    }
out:
    free(text);
    json_decref(kernels);
    json_decref(root);
    free(rows);
    net_graph_free(g);
    return status;
}

enum trundle_status net_choices_parse(const char *json, size_t n, const char *where, struct net_choice **out, int *out_n, struct trundle_error *err)
{
    json_t *root = NULL, *value;
    struct json_at at, kernels;
    const char *key;
    int64_t version = 0;
    TRY(json_parse(json, n, where, &root, err));
    at = json_at_root(root, where);
    enum trundle_status status = json_take_integer(&at, "version", 1, 1, &version, err);
    if (status == TRUNDLE_OK)
        status = json_take_object(&at, "kernels", &kernels, err);
    if (status != TRUNDLE_OK)
        goto out;
    size_t count = json_object_size(kernels.value), bytes = 1;
    json_object_foreach(kernels.value, key, value)
    {
        if (!json_is_string(value)) {
            status = error_set(err, TRUNDLE_BAD_INPUT, kernels.where, NULL, "\"%.60s\" is not the name of a kernel", key);
            goto out;
        }
        bytes += strlen(key) + strlen(json_string_value(value)) + 2;
    }
    struct net_choice *list = malloc(count * sizeof *list + bytes);
    if (!list) {
        status = no_memory(err);
        goto out;
    }
    char *text = (char *)(list + count);
    size_t i = 0;
    json_object_foreach(kernels.value, key, value)
    {
        size_t key_n = strlen(key) + 1, value_n = strlen(json_string_value(value)) + 1;
        list[i].node = memcpy(text, key, key_n);
        list[i++].kernel = memcpy(text + key_n, json_string_value(value), value_n);
        text += key_n + value_n;
    }
    *out = list;
    *out_n = (int)count;
out:
    json_decref(root);
    return status;
}
