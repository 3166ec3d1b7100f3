/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/export - a graph turned channels-first, then written node by node. */
#include "base/net/layout.h"
#include "base/net/onnx/inside.h"
#include "base/net/onnx/write.h"

#include <stdlib.h>
#include <string.h>

enum { OPSET_DEFAULT = 17, OPSET_LEAST = 13 };

/* Shapes of all tensors under a batch. */
static enum trundle_status shapes_of(const struct net_graph *g, int batch, struct net_graph **out_graph, struct net_shape *out, struct trundle_error *err)
{
    struct net_graph *copy = NULL;
    enum trundle_status status;
    TRY(net_graph_copy(g, true, &copy, err));
    status = net_graph_infer(copy, batch, err);
    for (int i = 0; status == TRUNDLE_OK && i < copy->tensors_n; i++)
        out[i] = copy->tensor[i].shape;
    if (status == TRUNDLE_OK && out_graph)
        *out_graph = copy;
    else
        net_graph_free(copy);
    return status;
}

/* Shapes of ports follow the order that net_layout gave them: the dims of one batch, told apart from the other by size. */
static void port_shapes(const struct net_tensor *t, struct net_shape *b, bool batched)
{
    *b = t->shape;
    if (batched && b->rank > 0)
        b->d[0] = t->shape.d[0] + 1;
}

enum trundle_status net_onnx_export(const struct net_graph *g, const struct net_onnx_export_options *options, struct bytes *out, struct trundle_error *err)
{
    static const struct net_onnx_export_options none = { 0 };
    struct net_graph *turned = NULL;
    struct trundle_error own;
    struct onnx_writer w = { .err = err ? err : &own };
    size_t n = (size_t)g->tensors_n + 1;
    struct net_shape *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
    bool *varies = calloc((size_t)g->inputs_n + (size_t)g->outputs_n + 1, sizeof *varies);
    enum trundle_status status = a && b && varies ? TRUNDLE_OK : error_set(w.err, TRUNDLE_NO_MEMORY, "export", NULL, "no memory left");
    options = options ? options : &none;
    w.opset = options->opset ? options->opset : OPSET_DEFAULT;
    if (w.opset < OPSET_LEAST || w.opset > NET_ONNX_OPSET_MOST)
        status = error_set(w.err, TRUNDLE_BAD_ARG, "export", NULL, "opset %d; %d to %d can be written", w.opset, OPSET_LEAST, NET_ONNX_OPSET_MOST);
    TRY_GOTO(status, status, out);
    TRY_GOTO(status, shapes_of(g, ONNX_BATCH_B, NULL, b, w.err), out);
    TRY_GOTO(status, shapes_of(g, ONNX_BATCH_A, &turned, a, w.err), out);
    for (int i = 0; i < g->inputs_n + g->outputs_n; i++) {
        int t = i < g->inputs_n ? g->input[i] : g->output[i - g->inputs_n];
        varies[i] = a[t].rank > 0 && a[t].d[0] != b[t].d[0];
    }
    TRY_GOTO(status, net_layout(&turned, &(struct net_layout_options){ .first = true, .turn_images = !options->channels_last, .other = b }, w.err), out);
    w.g = turned;
    w.raw = calloc((size_t)turned->tensors_n + 1, sizeof *w.raw);
    if (!w.raw) {
        status = error_set(w.err, TRUNDLE_NO_MEMORY, "export", NULL, "no memory left");
        goto out;
    }
    for (int i = 0; i < turned->outputs_n; i++) {    /* a copy may stand where an output was: outputs keep their names */
        const char *name = g->tensor[g->output[i]].name;
        struct net_tensor *t = &turned->tensor[turned->output[i]];
        int holder = net_graph_find(turned, name);
        bool input = false;
        for (int k = 0; k < turned->inputs_n; k++)
            input = input || turned->input[k] == holder;
        if (holder == turned->output[i] || input)
            continue;
        if (holder >= 0)
            memcpy(turned->tensor[holder].name, t->name, sizeof t->name);
        memcpy(t->name, name, sizeof t->name);
        TRY_GOTO(status, net_graph_reindex(turned, w.err), out);
    }
    for (int i = 0; i < turned->nodes_n; i++)
        TRY_GOTO(status, onnx_export_node(&w, &turned->node[i]), out);
    for (int i = 0; i < turned->inputs_n + turned->outputs_n; i++) {
        const struct net_tensor *t = &turned->tensor[i < turned->inputs_n ? turned->input[i] : turned->output[i - turned->inputs_n]];
        struct net_shape other;
        port_shapes(t, &other, varies[i]);
        onnx_port(&w, i < turned->inputs_n, t, &t->shape, &other);
    }
    status = onnx_finish(&w, out);
out:
    bytes_done(&w.graph);
    free(w.raw);
    free(a);
    free(b);
    free(varies);
    net_graph_free(turned);
    return status;
}
