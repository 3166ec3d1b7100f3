/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/net/onnx_cases.h"
#include "base/net/onnx/onnx.h"
#include "base/net/passes.h"
#include "base/net/plan.h"
#include "onnx.pb-c.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS = 16 };

struct one_case {
    OnnxFile__Model *model;
    struct bytes file;
    struct net_onnx_tensor in[PORTS], out[PORTS];
    int in_n, out_n;
    bool unreadable;                    /* an input or output is of a type that we cannot even read */
};

/* Inputs that describe the work; a bit for each. */
static unsigned describes(const char *op)
{
    static const struct { const char *op; unsigned inputs; } rows[] = {
        { "Reshape", 2 }, { "Expand", 2 }, { "Tile", 2 }, { "Slice", 0x1e }, { "Pad", 0x0e }, { "Gather", 2 }, { "Squeeze", 2 }, { "Unsqueeze", 2 }, { "Split", 2 },
        { "Resize", 0x0e }, { "Upsample", 2 }, { "Conv", 2 }, { "ConvTranspose", 2 }, { "QuantizeLinear", 6 }, { "DequantizeLinear", 6 }, { "QLinearConv", 0x1fe },
        { "QLinearMatMul", 0xf6 }, { "ConstantOfShape", 1 }, { "Range", 7 }, { "Dropout", 6 }, { "Trilu", 2 }, { "Where", 1 }, { "CastLike", 2 },
        { "CenterCropPad", 2 }, { "Attention", 0 }, { "ReduceSum", 2 }, { "ReduceMean", 2 }, { "ReduceMax", 2 }, { "ReduceMin", 2 }, { "ReduceProd", 2 }, { "ReduceL1", 2 }, { "ReduceL2", 2 },
        { "ReduceSumSquare", 2 }, { "ReduceLogSum", 2 }, { "ReduceLogSumExp", 2 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].op, op) == 0)
            return rows[i].inputs;
    return 0;
}

static bool read_ports(struct one_case *c, const char *folder, const char *kind, struct net_onnx_tensor *list, int *n)
{
    for (*n = 0; *n < PORTS; (*n)++) {
        char path[4096];
        struct bytes b = { 0 };
        (void)snprintf(path, sizeof path, "%s/test_data_set_0/%s_%d.pb", folder, kind, *n);
        if (file_read(path, 1 << 28, &b, NULL) != TRUNDLE_OK)
            break;
        enum trundle_status status = net_onnx_tensor_read(b.data, b.n, &list[*n], NULL);
        bytes_done(&b);
        if (status != TRUNDLE_OK)
            c->unreadable = true;
    }
    return true;
}

static bool same_number(double got, double want)
{
    if (isnan(want) || isinf(want))
        return isnan(want) ? isnan(got) : got == want;
    return fabs(got - want) <= 1e-7 + 1e-3 * fabs(want);
}

static double number_of(enum net_type type, const void *data, int64_t i)
{
    switch (type) {
    case NET_F32: return (double)((const float *)data)[i];
    case NET_U8: return ((const uint8_t *)data)[i];
    case NET_I8: return ((const int8_t *)data)[i];
    case NET_I32: return ((const int32_t *)data)[i];
    default: return (double)((const int64_t *)data)[i];
    }
}

/* Runs the imported graph; false with a reason in `why`. */
static bool compute(struct one_case *c, const struct net_graph *g, char *why, size_t size)
{
    struct trundle_error err = { 0 };
    struct net_plan *plan = NULL;
    int batch = 1;
    bool ok = false;
    for (int i = 0; i < g->inputs_n; i++)
        for (int k = 0; k < c->in_n; k++)
            if (g->tensor[g->input[i]].batched && strcmp(c->in[k].name, g->tensor[g->input[i]].name) == 0)
                batch = (int)c->in[k].d[0];
    if (net_plan_new(g, &(struct net_plan_options){ .batch = batch }, &plan, &err) != TRUNDLE_OK) {
        (void)snprintf(why, size, "no plan: %s: %s", err.where, err.what);
        return false;
    }
    g = net_plan_graph(plan);
    for (int i = 0; i < g->inputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->input[i]];
        int k = 0;
        while (k < c->in_n && strcmp(c->in[k].name, t->name) != 0)
            k++;
        if (k == c->in_n || c->in[k].type != t->type || c->in[k].n != net_shape_elements(&t->shape)) {
            (void)snprintf(why, size, "input '%s' is not what the case has", t->name);
            goto out;
        }
        memcpy(net_plan_input(plan, i), c->in[k].data, net_tensor_bytes(t));
    }
    if (net_plan_run(plan, &err) != TRUNDLE_OK) {
        (void)snprintf(why, size, "%s: %s", err.where, err.what);
        goto out;
    }
    for (int i = 0; i < c->out_n && i < g->outputs_n; i++) {
        const struct net_tensor *t = &g->tensor[g->output[i]];
        const struct net_onnx_tensor *want = &c->out[i];
        const void *got = net_plan_output(plan, i);
        bool same = want->rank == t->shape.rank && want->type == t->type;
        for (int k = 0; same && k < want->rank; k++)
            same = want->d[k] == t->shape.d[k];
        if (!same) {
            char shape[80];
            (void)snprintf(why, size, "output %d is %s %s, of rank %d", i, net_type_name(t->type), net_shape_text(&t->shape, shape), want->rank);
            goto out;
        }
        for (int64_t k = 0; k < want->n; k++)
            if (t->type == NET_F32 ? !same_number(number_of(t->type, got, k), number_of(want->type, want->data, k))
                                   : number_of(t->type, got, k) != number_of(want->type, want->data, k)) {
                (void)snprintf(why, size, "output %d, element %lld is %.9g, not %.9g", i, (long long)k, number_of(t->type, got, k), number_of(want->type, want->data, k));
                goto out;
            }
    }
    ok = c->out_n == g->outputs_n;
    if (!ok)
        (void)snprintf(why, size, "%d outputs, not %d", g->outputs_n, c->out_n);
out:
    net_plan_free(plan);
    return ok;
}

/* way 0: bound is what describes; 1: all but the first; 2: the same, simplified. */
static enum onnx_case one_way(struct one_case *c, const char *folder, int way, char *why, size_t size)
{
    struct net_onnx_tensor bind[PORTS];
    const OnnxFile__Graph *m = c->model->graph;
    struct net_graph *g = NULL;
    struct trundle_error err = { 0 };
    int binds = 0;
    enum onnx_case is = ONNX_CASE_PASSED;
    for (int k = 0; k < c->in_n && !c->unreadable; k++) {
        bool bound = way > 0 && k > 0;
        for (size_t i = 0; i < m->n_node; i++)
            for (size_t j = 0; j < m->node[i]->n_input; j++)
                if (strcmp(m->node[i]->input[j], c->in[k].name) == 0)
                    bound = bound || describes(m->node[i]->op_type) >> j & 1;
        if (bound)
            bind[binds++] = c->in[k];
    }
    enum trundle_status status = net_onnx_import(c->file.data, c->file.n, &(struct net_onnx_options){ .where = folder, .bind = bind, .binds_n = binds }, &g, &err);
    if (status == TRUNDLE_OK && way == 2)
        status = net_simplify(g, &err);
    if (status == TRUNDLE_OK && c->unreadable) {
        (void)snprintf(why, size, "taken, though its data are of types that we lack");
        is = ONNX_CASE_FAILED;
    } else if (status == TRUNDLE_OK) {
        is = compute(c, g, why, size) ? ONNX_CASE_PASSED : ONNX_CASE_FAILED;
    } else {
        bool named = strstr(err.where, "node '") || strstr(err.where, "input") || strstr(err.where, "output");
        is = status == TRUNDLE_UNSUPPORTED && err.what[0] && named ? ONNX_CASE_REFUSED : ONNX_CASE_FAILED;
        (void)snprintf(why, size, "%s%s: %s", is == ONNX_CASE_FAILED ? "not refused by name: " : "", err.where, err.what);
    }
    net_graph_free(g);
    return is;
}

void onnx_case_run(const char *folder, struct onnx_case_result *out)
{
    struct one_case c = { 0 };
    char path[4096], why[3][600] = { "", "", "" };
    enum onnx_case is[3];
    struct trundle_error err = { 0 };
    *out = (struct onnx_case_result){ .is = ONNX_CASE_FAILED, .op = "?" };
    (void)snprintf(path, sizeof path, "%s/model.onnx", folder);
    if (file_read(path, 1 << 28, &c.file, &err) != TRUNDLE_OK) {
        (void)snprintf(out->why, sizeof out->why, "%s", err.what);
        return;
    }
    c.model = onnx_file__model__unpack(NULL, c.file.n, c.file.data);
    if (!c.model || !c.model->graph) {
        (void)snprintf(out->why, sizeof out->why, "no ONNX model");
        goto out;
    }
    (void)snprintf(out->op, sizeof out->op, "%s", c.model->graph->n_node == 1 ? c.model->graph->node[0]->op_type : "several");
    (void)read_ports(&c, folder, "input", c.in, &c.in_n);
    (void)read_ports(&c, folder, "output", c.out, &c.out_n);
    for (int i = 0; i < c.in_n && !c.unreadable; i++)       /* older sets leave the names out */
        if ((size_t)i < c.model->graph->n_input)
            (void)snprintf(c.in[i].name, sizeof c.in[i].name, "%s", c.model->graph->input[i]->name);
    for (int way = 0; way < 3; way++)
        is[way] = one_way(&c, folder, way, why[way], sizeof why[way]);
    out->is = ONNX_CASE_REFUSED;
    for (int way = 0; way < 3; way++) {
        if (is[way] == ONNX_CASE_FAILED || (is[way] == ONNX_CASE_REFUSED && out->is == ONNX_CASE_REFUSED && !out->why[0]))
            (void)snprintf(out->why, sizeof out->why, "%s", why[way]);
        if (is[way] == ONNX_CASE_FAILED) {
            out->is = ONNX_CASE_FAILED;
            break;
        }
        if (is[way] == ONNX_CASE_PASSED)
            out->is = ONNX_CASE_PASSED;
    }
out:
    for (int i = 0; i < PORTS; i++) {
        net_onnx_tensor_done(&c.in[i]);
        net_onnx_tensor_done(&c.out[i]);
    }
    if (c.model)
        onnx_file__model__free_unpacked(c.model, NULL);
    bytes_done(&c.file);
}
