/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/import - the walk over a model: inputs, nodes in order, outputs, and the passes behind it. */
#include "base/net/layout.h"
#include "base/net/onnx/inside.h"
#include "base/net/passes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of all tensors of a model together, whatever their shapes: what the import may add to memory. */
static const int64_t constants_max = (int64_t)1 << 31;

static enum trundle_status constant_node(struct op *o)
{
    struct fixed f = { 0 };
    const OnnxFile__Attribute *a = o->node->n_attribute == 1 ? o->node->attribute[0] : NULL;
    int64_t n;
    if (!a || !a->name)
        return op_bad(o, "needs one attribute");
    if (strcmp(a->name, "value") == 0 && a->t) {
        TRY(onnx_tensor_from(a->t, &f.t, o->err));
    } else if (strcmp(a->name, "value_float") == 0) {
        TRY(fixed_new(&f, ONNX_FLOAT, NET_F32, 0, NULL, o->err));
        *(float *)f.t.data = a->f;
    } else if (strcmp(a->name, "value_int") == 0) {
        TRY(fixed_new(&f, ONNX_INT64, NET_I64, 0, NULL, o->err));
        *(int64_t *)f.t.data = a->i;
    } else if (strcmp(a->name, "value_floats") == 0) {
        n = (int64_t)a->n_floats;
        TRY(fixed_new(&f, ONNX_FLOAT, NET_F32, 1, &n, o->err));
        if (n)
            memcpy(f.t.data, a->floats, (size_t)n * sizeof(float));
    } else if (strcmp(a->name, "value_ints") == 0) {
        n = (int64_t)a->n_ints;
        TRY(fixed_new(&f, ONNX_INT64, NET_I64, 1, &n, o->err));
        if (n)
            memcpy(f.t.data, a->ints, (size_t)n * sizeof(int64_t));
    } else {
        return op_refuse(o, "numbers in a dense tensor work", "a constant given as '%.40s'", a->name);
    }
    f.t.name[0] = '\0';
    enum trundle_status status = op_out_fixed(o, 0, &f);
    fixed_done(&f);
    return status;
}

/* Shape and Size of a computed tensor are known, with the batch as a symbol. */
static enum trundle_status shape_node(struct op *o)
{
    struct fixed f = { 0 };
    const struct net_shape *a, *b;
    int64_t begin, end, n;
    int x;
    enum trundle_status status;
    TRY(op_tensor(o, 0, &x));
    a = op_shape(o, x);
    b = op_shape_b(o, x);
    begin = attr_i(o, "start", 0);
    end = attr_i(o, "end", a->rank);
    begin = begin < 0 ? begin + a->rank : begin;
    end = end < 0 ? end + a->rank : end;
    begin = begin < 0 ? 0 : begin > a->rank ? a->rank : begin;
    end = end < begin ? begin : end > a->rank ? a->rank : end;
    n = end - begin;
    if (strcmp(o->type, "Size") == 0) {
        TRY(fixed_new(&f, ONNX_INT64, NET_I64, 0, NULL, o->err));
        begin = net_shape_elements(a);
        end = net_shape_elements(b);
        ((int64_t *)f.t.data)[0] = begin - ONNX_BATCH_A * (end - begin);
        if (end != begin && !(f.per_batch = calloc(1, sizeof *f.per_batch)))
            status = error_set(o->err, TRUNDLE_NO_MEMORY, o->name, NULL, "no memory");
        else
            status = TRUNDLE_OK;
        if (f.per_batch)
            f.per_batch[0] = end - begin;
    } else {
        TRY(fixed_new(&f, ONNX_INT64, NET_I64, 1, &n, o->err));
        f.per_batch = calloc(n ? (size_t)n : 1, sizeof *f.per_batch);
        status = f.per_batch ? TRUNDLE_OK : error_set(o->err, TRUNDLE_NO_MEMORY, o->name, NULL, "no memory");
        bool varies = false;
        for (int64_t i = 0; status == TRUNDLE_OK && i < n; i++) {
            int32_t each = b->d[begin + i] - a->d[begin + i];
            ((int64_t *)f.t.data)[i] = a->d[begin + i] - ONNX_BATCH_A * (int64_t)each;
            f.per_batch[i] = each;
            varies = varies || each != 0;
        }
        if (!varies) {
            free(f.per_batch);
            f.per_batch = NULL;
        }
    }
    if (status == TRUNDLE_OK)
        status = op_out_fixed(o, 0, &f);
    fixed_done(&f);
    return status;
}

/* Its output is its input, whatever that is. */
static enum trundle_status alias_node(struct op *o)
{
    struct fixed f = { 0 };
    if (!op_has(o, 0))
        return op_bad(o, "input 0 is missing");
    if (o->in[0]->has_fixed) {
        TRY(fixed_copy(&o->in[0]->fixed, &f, o->err));
        enum trundle_status status = op_out_fixed(o, 0, &f);
        fixed_done(&f);
        return status;
    }
    return op_out(o, 0, o->in[0]->tensor);
}

static enum trundle_status node_by_type(struct op *o)
{
    static enum trundle_status (*const files[])(struct op *o) = { import_image, import_shape, import_math, import_quant, import_attention };
    struct fixed f = { 0 };
    bool all = o->in_n > 0, any = false;
    int n = 0;
    enum trundle_status status = TRUNDLE_AGAIN;
    if (strcmp(o->type, "Constant") == 0)
        return constant_node(o);
    if (strcmp(o->type, "Identity") == 0)
        return alias_node(o);
    for (int i = 0; i < o->in_n; i++) {
        all = all && (!o->in[i] || o->in[i]->has_fixed);
        any = any || o->in[i];
    }
    if (all && any) {
        status = fold(o, &f, &n);
        if (status == TRUNDLE_OK)
            status = op_out_fixed(o, 0, &f);
        fixed_done(&f);
        if (status != TRUNDLE_AGAIN)
            return status;
    }
    if (strcmp(o->type, "Shape") == 0 || strcmp(o->type, "Size") == 0)
        return shape_node(o);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        status = files[i](o);
        if (status != TRUNDLE_AGAIN)
            return status;
    }
    return op_refuse(o, "docs/onnx.md lists the operators that are taken", "there is no operator %.60s here", o->type);
}

/* Names come from a file: what is printed of them is text. */
static void clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '_';
}

static enum trundle_status import_node(struct import *m, const OnnxFile__Node *node, size_t index)
{
    /* Said for nothing, or about training and memory only. */
    static const char *const idle[] = { "consumed_inputs", "storage_order", "momentum", "spatial", "seed", "ratio", "kernel_shape", "legacy_optimized_attribute",
                                        "nearest_mode", "cubic_coeff_a", "extrapolation_value", "stash_type", "allowzero", "saturate", "noop_with_empty_axes", "precision",
                                        "round_mode", "output_dtype", "axis", "mode", "count_include_pad", "is_test", "training_mode", "broadcast", "softmax_precision" };
    struct value *in[ONNX_IN_MAX];
    uint64_t seen = 0;
    struct op o = { .m = m, .seen = &seen, .node = node, .type = node->op_type ? node->op_type : "", .in = in, .in_n = (int)node->n_input, .out_n = (int)node->n_output, .err = m->err };
    char type[64];
    (void)snprintf(type, sizeof type, "%s", o.type);
    clean(type);
    o.type = type;
    if (node->name && node->name[0])
        (void)snprintf(o.name, sizeof o.name, "%s", node->name);
    else if (node->n_output && node->output[0][0])
        (void)snprintf(o.name, sizeof o.name, "%s", node->output[0]);
    else
        (void)snprintf(o.name, sizeof o.name, "node%zu", index);
    clean(o.name);
    if (node->n_input > ONNX_IN_MAX || node->n_output > ONNX_IN_MAX)
        return op_bad(&o, "%zu inputs and %zu outputs, at most %d", node->n_input, node->n_output, ONNX_IN_MAX);
    if (node->n_output == 0)
        return op_bad(&o, "no output");
    if (node->n_attribute > 64)
        return op_bad(&o, "%zu attributes, at most 64", node->n_attribute);
    if (node->domain && node->domain[0] && strcmp(node->domain, "ai.onnx") != 0)
        return op_refuse(&o, "export it with the standard operators", "operators of the domain '%.60s'", node->domain);
    for (size_t i = 0; i < node->n_attribute; i++) {
        const OnnxFile__Attribute *a = node->attribute[i];
        if (a->has_g || a->n_graphs || a->type == 5 || a->type == 10)
            return op_refuse(&o, "export it without control flow (If, Loop, Scan), traced instead of scripted", "holds a subgraph ('%.40s')", a->name ? a->name : "");
        if (a->ref_attr_name && a->ref_attr_name[0])
            return op_refuse(&o, "inline the model's functions", "an attribute of a function ('%.40s')", a->ref_attr_name);
    }
    for (size_t i = 0; i < node->n_input; i++) {
        in[i] = NULL;
        if (!node->input[i][0])
            continue;
        in[i] = value_find(m, node->input[i]);
        if (in[i])
            continue;
        for (size_t k = index; k < m->model->n_node; k++)
            for (size_t j = 0; j < m->model->node[k]->n_output; j++)
                if (strcmp(m->model->node[k]->output[j], node->input[i]) == 0)
                    return op_bad(&o, "its input '%.60s' is made by itself or a later node: a cycle, or nodes out of order", node->input[i]);
        return op_bad(&o, "nobody makes its input '%.60s'", node->input[i]);
    }
    while (o.in_n > 0 && !in[o.in_n - 1])
        o.in_n--;
    TRY(node_by_type(&o));
    for (size_t i = 0; i < node->n_attribute; i++) {
        const char *name = node->attribute[i]->name ? node->attribute[i]->name : "";
        bool known = seen >> i & 1 || strcmp(type, "Constant") == 0;
        for (size_t k = 0; k < COUNT_OF(idle); k++)
            known = known || strcmp(name, idle[k]) == 0;
        if (!known)
            return op_refuse(&o, "export it without, or with another opset", "its attribute '%.40s' is not known here", name);
    }
    return TRUNDLE_OK;
}

/* --- inputs and constants --- */

static const struct net_onnx_tensor *bound(const struct import *m, const char *name)
{
    for (int i = 0; i < m->options->binds_n; i++)
        if (strcmp(m->options->bind[i].name, name) == 0)
            return &m->options->bind[i];
    return NULL;
}

static const struct net_shape *shaped(const struct import *m, const char *name)
{
    for (int i = 0; i < m->options->shapes_n; i++)
        if (strcmp(m->options->shape[i].name, name) == 0)
            return &m->options->shape[i].shape;
    return NULL;
}

static enum trundle_status input_shape(struct import *m, const OnnxFile__ValueInfo *input, struct net_shape *out)
{
    const OnnxFile__TensorShape *s = input->type->tensor_type->shape;
    const struct net_shape *given = shaped(m, input->name);
    char at[256];
    (void)snprintf(at, sizeof at, "%.100s, input '%.90s'", m->where, input->name);
    if (given) {
        bool fits = !s || (int)s->n_dim == given->rank;
        for (int i = 0; s && fits && i < given->rank; i++)
            fits = !s->dim[i]->has_dim_value || s->dim[i]->dim_value <= 0 || s->dim[i]->dim_value == given->d[i] || i == 0;
        if (!fits)
            return error_set(m->err, TRUNDLE_CONFLICT, at, NULL, "the model gives it another shape");
        *out = *given;
    } else {
        if (!s)
            return error_set(m->err, TRUNDLE_UNSUPPORTED, at, "say it: --shape INPUT=1x3x224x224", "the model does not tell its shape");
        if (s->n_dim > NET_RANK_MAX)
            return error_set(m->err, TRUNDLE_UNSUPPORTED, at, NULL, "%zu axes, at most %d", s->n_dim, NET_RANK_MAX);
        out->rank = (int)s->n_dim;
        for (int i = 0; i < out->rank; i++) {
            int64_t d = s->dim[i]->has_dim_value ? s->dim[i]->dim_value : 0;
            if (s->dim[i]->has_dim_value && d == 0)
                return error_set(m->err, TRUNDLE_UNSUPPORTED, at, NULL, "axis %d has no elements", i);
            if (d < 0 && i > 0 ? true : d > INT32_MAX)
                return error_set(m->err, TRUNDLE_BAD_INPUT, at, NULL, "axis %d has %lld elements", i, (long long)d);
            out->d[i] = d < 0 ? 0 : (int32_t)d;
        }
    }
    int64_t n = ONNX_BATCH_B;
    for (int i = 0; i < out->rank; i++) {
        if (out->d[i] < 0)
            return error_set(m->err, TRUNDLE_BAD_INPUT, at, NULL, "axis %d has %d elements", i, (int)out->d[i]);
        if (out->d[i] == 0 && i > 0)
            return error_set(m->err, TRUNDLE_UNSUPPORTED, at, "say the whole shape: --shape INPUT=0x3x224x224 (0: the batch)", "axis %d has no fixed size", i);
        n *= out->d[i] ? out->d[i] : 1;
        if (n > NET_ELEMENTS_MAX)
            return error_set(m->err, TRUNDLE_TOO_LARGE, at, NULL, "more than 2^31 elements");
    }
    return TRUNDLE_OK;
}

static enum trundle_status import_input(struct import *m, const OnnxFile__ValueInfo *input)
{
    const OnnxFile__TensorType *type = input->type ? input->type->tensor_type : NULL;
    const struct net_onnx_tensor *bind;
    struct net_shape shape = { 0 };
    struct value *v;
    enum net_type kept;
    bool batch;
    if (input->name && value_find(m, input->name))   /* an initializer's default */
        return TRUNDLE_OK;
    TRY(value_new(m, input->name, &v));
    bind = bound(m, input->name);
    if (bind) {
        struct fixed f = { .t = *bind };
        v->has_fixed = true;
        return fixed_copy(&f, &v->fixed, m->err);
    }
    if (!type)
        return error_set(m->err, TRUNDLE_UNSUPPORTED, input->name, "dense tensors work", "an input that is no tensor");
    switch (type->elem_type) {
    case ONNX_FLOAT: kept = NET_F32; break;
    case ONNX_UINT8: kept = NET_U8; break;
    case ONNX_INT32: kept = NET_I32; break;
    case ONNX_INT64: kept = NET_I64; break;
    default:
        return error_set(m->err, TRUNDLE_UNSUPPORTED, input->name, "float, uint8, int32 and int64 work", "an input of type %s", onnx_type_name(type->elem_type));
    }
    TRY(input_shape(m, input, &shape));
    batch = shape.rank > 0 && shape.d[0] == 0;
    if (batch)
        shape.d[0] = ONNX_BATCH_A;
    m->batch = m->batch || batch;
    char name[NET_NAME_MAX];
    int known = m->g->tensors_n;
    (void)snprintf(name, sizeof name, "%s", input->name);
    clean(name);
    TRY(net_graph_input(m->g, name, kept, &shape, &v->tensor, m->err));
    TRY(follow_room(m, known));
    if (batch)
        m->b_shape[v->tensor].d[0] = ONNX_BATCH_B;
    return TRUNDLE_OK;
}

/* Before the walk: a uint8 input has no scale of its own; whoever reads it must be a dequantize. It stands for its numbers. */
static enum trundle_status quant_inputs(struct import *m)
{
    for (int i = 0; i < m->g->inputs_n; i++)
        if (m->g->tensor[m->g->input[i]].type == NET_U8)
            TRY(net_graph_quant(m->g, m->g->input[i], 1, 0, (float[]){ 1 }, 0, m->err));
    return TRUNDLE_OK;
}

static enum trundle_status import_all(struct import *m, const struct net_onnx_options *options)
{
    OnnxFile__Graph *from = m->model;
    size_t room = from->n_input + from->n_initializer + 1;
    int64_t total = 0;
    for (size_t i = 0; i < from->n_node; i++)
        room += from->node[i]->n_output;
    if (from->n_node > NET_NODES_MAX || room > (size_t)8 * NET_NODES_MAX)
        return error_set(m->err, TRUNDLE_TOO_LARGE, m->where, NULL, "%zu nodes, at most %d", from->n_node, NET_NODES_MAX);
    if (from->n_sparse_initializer)
        return error_set(m->err, TRUNDLE_UNSUPPORTED, m->where, "store them densely", "it has sparse constants");
    m->values_room = (int)room;
    for (m->slots = 64; (size_t)m->slots < 2 * room; m->slots *= 2)
        ;
    m->value = calloc(room, sizeof *m->value);
    m->slot = calloc((size_t)m->slots, sizeof *m->slot);
    m->g = net_graph_new();
    if (!m->value || !m->slot || !m->g)
        return error_set(m->err, TRUNDLE_NO_MEMORY, m->where, NULL, "no memory left");
    for (size_t i = 0; i < from->n_initializer; i++) {
        struct value *v;
        TRY(value_new(m, from->initializer[i]->name, &v));
        enum trundle_status status = onnx_tensor_from(from->initializer[i], &v->fixed.t, m->err);
        if (status != TRUNDLE_OK) {
            error_within(m->err, "%.100s, constant", m->where);
            return status;
        }
        v->has_fixed = true;
        clean(v->fixed.t.name);
        total += v->fixed.t.n * (int64_t)net_type_bytes(v->fixed.t.type);
        if (total > constants_max)
            return error_set(m->err, TRUNDLE_TOO_LARGE, m->where, NULL, "more than 2 GiB of constants");
    }
    for (size_t i = 0; i < from->n_input; i++) {
        enum trundle_status status = import_input(m, from->input[i]);
        if (status != TRUNDLE_OK) {
            error_within(m->err, "%.100s, input", m->where);
            return status;
        }
    }
    (void)options;
    TRY(quant_inputs(m));
    for (size_t i = 0; i < from->n_node; i++)
        TRY(import_node(m, from->node[i], i));
    if (from->n_output == 0)
        return error_set(m->err, TRUNDLE_BAD_INPUT, m->where, NULL, "it has no output");
    for (size_t i = 0; i < from->n_output; i++) {
        const char *name = from->output[i]->name ? from->output[i]->name : "";
        struct value *v = value_find(m, name);
        uint64_t seen = 0;
        struct op o = { .m = m, .seen = &seen, .type = "output", .in = &v, .in_n = 1, .err = m->err };
        int t;
        if (!v)
            return error_set(m->err, TRUNDLE_BAD_INPUT, m->where, NULL, "nobody makes the output '%.80s'", name);
        (void)snprintf(o.name, sizeof o.name, "%s", name);
        clean(o.name);
        TRY(op_tensor(&o, 0, &t));
        TRY(net_graph_output(m->g, t, m->err));
    }
    return TRUNDLE_OK;
}

/* Outputs get the model's names; whoever has one already gives it up. */
static enum trundle_status name_outputs(struct import *m)
{
    struct net_graph *g = m->g;
    for (int i = 0; i < g->outputs_n; i++) {
        char name[NET_NAME_MAX];
        struct net_tensor *t = &g->tensor[g->output[i]];
        int holder;
        (void)snprintf(name, sizeof name, "%s", m->model->output[i]->name);
        clean(name);
        holder = net_graph_find(g, name);
        if (holder == g->output[i])
            continue;
        for (int k = 0; k < g->inputs_n; k++)
            if (g->input[k] == holder)
                holder = -2;                         /* inputs keep theirs: the output keeps what it got */
        if (holder == -2)
            continue;
        if (holder >= 0)                             /* they change names */
            memcpy(g->tensor[holder].name, t->name, sizeof t->name);
        memcpy(t->name, name, sizeof name);
        TRY(net_graph_reindex(g, m->err));
    }
    for (int i = 0; i < g->nodes_n; i++)             /* nodes are named by what they make */
        memcpy(g->node[i].name, g->tensor[g->node[i].out].name, sizeof g->node[i].name);
    return TRUNDLE_OK;
}

static enum trundle_status finish(struct import *m, const struct net_onnx_options *options)
{
    bool *batch = calloc((size_t)m->g->inputs_n + 1, sizeof *batch);
    struct net_layout_options layout = { .turn_images = options->channels_last, .other = m->b_shape };
    enum trundle_status status;
    if (!batch)
        return error_set(m->err, TRUNDLE_NO_MEMORY, m->where, NULL, "no memory left");
    for (int i = 0; i < m->g->inputs_n; i++)
        batch[i] = m->b_shape[m->g->input[i]].rank > 0 && m->b_shape[m->g->input[i]].d[0] != m->g->tensor[m->g->input[i]].shape.d[0];
    TRY_GOTO(status, onnx_fuse(m->g, m->err), out);
    TRY_GOTO(status, net_layout(&m->g, &layout, m->err), out);
    for (int i = 0; i < m->g->inputs_n; i++)
        if (batch[i])
            m->g->tensor[m->g->input[i]].shape.d[0] = 0;
    TRY_GOTO(status, onnx_qdq(m->g, m->err), out);
    TRY_GOTO(status, net_drop_unused(m->g, m->err), out);
    TRY_GOTO(status, name_outputs(m), out);
    TRY_GOTO(status, net_graph_infer(m->g, 1, m->err), out);
    for (int i = 0; i < m->g->inputs_n; i++)
        if (batch[i])
            m->g->tensor[m->g->input[i]].shape.d[0] = 0;
out:
    if (status != TRUNDLE_OK)
        error_within(m->err, "%.100s", m->where);
    free(batch);
    return status;
}

static int64_t opset_of(const OnnxFile__Model *model)
{
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (!domain || !domain[0] || strcmp(domain, "ai.onnx") == 0)
            return model->opset_import[i]->version;
    }
    return model->n_opset_import ? NET_ONNX_OPSET_MOST : 1;      /* only other domains: their nodes are refused by name */
}

enum trundle_status net_onnx_import(const void *bytes, size_t n, const struct net_onnx_options *options, struct net_graph **out, struct trundle_error *err)
{
    static const struct net_onnx_options none = { 0 };
    struct trundle_error own;
    struct import m = { .options = options ? options : &none, .err = err ? err : &own };
    OnnxFile__Model *model = NULL;
    enum trundle_status status;
    m.where = m.options->where ? m.options->where : "model";
    TRY(onnx_model_read(bytes, n, m.where, &model, m.err));
    m.model = model->graph;
    m.opset = opset_of(model);
    if (m.opset < NET_ONNX_OPSET_LEAST || m.opset > NET_ONNX_OPSET_MOST) {
        status = error_set(m.err, TRUNDLE_UNSUPPORTED, m.where, "convert it (onnx.version_converter), or export it again", "opset %lld; %d to %d are taken", (long long)m.opset,
                           NET_ONNX_OPSET_LEAST, NET_ONNX_OPSET_MOST);
        goto out;
    }
    TRY_GOTO(status, import_all(&m, m.options), out);
    TRY_GOTO(status, finish(&m, m.options), out);
    *out = m.g;
    m.g = NULL;
out:
    net_graph_free(m.g);
    for (int i = 0; i < m.values_n; i++)
        fixed_done(&m.value[i].fixed);
    free(m.value);
    free(m.slot);
    free(m.b_shape);
    onnx_model_free(model);
    return status;
}
