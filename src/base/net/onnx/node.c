/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/node - names of a model, and what operators are imported with: attributes, inputs, errors, shapes, new nodes. */
#include "base/net/onnx/inside.h"
#include "base/std/hash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- names --- */

static size_t slot_of(const struct import *m, const char *name)
{
    size_t mask = (size_t)m->slots - 1, at = (size_t)hash64(name, strlen(name), 0) & mask;
    while (m->slot[at] && strcmp(m->value[m->slot[at] - 1].name, name) != 0)
        at = (at + 1) & mask;
    return at;
}

struct value *value_find(const struct import *m, const char *name)
{
    int i = m->slots ? m->slot[slot_of(m, name)] : 0;
    return i ? &m->value[i - 1] : NULL;
}

enum trundle_status value_new(struct import *m, const char *name, struct value **out)
{
    if (!name || !name[0])
        return error_set(m->err, TRUNDLE_BAD_INPUT, m->where, NULL, "a tensor without a name");
    if (value_find(m, name))
        return error_set(m->err, TRUNDLE_BAD_INPUT, m->where, "every tensor is made once", "'%.80s' is made twice", name);
    if (m->values_n >= m->values_room)
        return error_set(m->err, TRUNDLE_TOO_LARGE, m->where, NULL, "too many tensors");
    m->slot[slot_of(m, name)] = m->values_n + 1;
    *out = &m->value[m->values_n++];
    **out = (struct value){ .name = name, .defined = true, .tensor = -1 };
    return TRUNDLE_OK;
}

/* --- a node --- */

const OnnxFile__Attribute *attr_find(const struct op *o, const char *name)
{
    for (size_t i = 0; i < o->node->n_attribute; i++)
        if (o->node->attribute[i]->name && strcmp(o->node->attribute[i]->name, name) == 0) {
            *o->seen |= UINT64_C(1) << (i & 63);
            return o->node->attribute[i];
        }
    return NULL;
}

int64_t attr_i(const struct op *o, const char *name, int64_t or)
{
    const OnnxFile__Attribute *a = attr_find(o, name);
    return a && a->has_i ? a->i : a && a->has_type && a->type == 2 ? 0 : or;
}

float attr_f(const struct op *o, const char *name, float or)
{
    const OnnxFile__Attribute *a = attr_find(o, name);
    return a && a->has_f ? a->f : a && a->has_type && a->type == 1 ? 0 : or;
}

bool attr_is(const struct op *o, const char *name, const char *text, const char *or)
{
    const OnnxFile__Attribute *a = attr_find(o, name);
    if (!a || !a->has_s)
        return strcmp(text, or) == 0;
    return a->s.len == strlen(text) && memcmp(a->s.data, text, a->s.len) == 0;
}

bool op_has(const struct op *o, int i)
{
    return i < o->in_n && o->in[i];
}

bool op_fixed(const struct op *o, int i)
{
    return op_has(o, i) && o->in[i]->has_fixed;
}

static const char *at_node(const struct op *o, char out[256])
{
    (void)snprintf(out, 256, "%.100s, node '%.90s' (%.40s)", o->m->where, o->name, o->type);
    return out;
}

enum trundle_status op_refuse(const struct op *o, const char *hint, const char *what, ...)
{
    char text[256], at[256];
    va_list list;
    va_start(list, what);
    (void)vsnprintf(text, sizeof text, what, list);
    va_end(list);
    return error_set(o->err, TRUNDLE_UNSUPPORTED, at_node(o, at), hint, "%s", text);
}

enum trundle_status op_bad(const struct op *o, const char *what, ...)
{
    char text[256], at[256];
    va_list list;
    va_start(list, what);
    (void)vsnprintf(text, sizeof text, what, list);
    va_end(list);
    return error_set(o->err, TRUNDLE_BAD_INPUT, at_node(o, at), NULL, "%s", text);
}

enum trundle_status op_integers(struct op *o, const char *attribute, int in, int64_t *out, int most, int *out_n)
{
    const OnnxFile__Attribute *a = attribute[0] ? attr_find(o, attribute) : NULL;
    *out_n = -1;
    if (a) {
        if (a->n_ints > (size_t)most)
            return op_bad(o, "%zu numbers in '%s', at most %d", a->n_ints, attribute, most);
        for (size_t i = 0; i < a->n_ints; i++)
            out[i] = a->ints[i];
        *out_n = (int)a->n_ints;
        return TRUNDLE_OK;
    }
    if (in < 0 || !op_has(o, in))
        return TRUNDLE_OK;
    if (!o->in[in]->has_fixed)
        return op_refuse(o, "export it with constant shapes, or simplify the model (onnxsim)", "input %d ('%.60s') is computed when the net runs", in, o->in[in]->name);
    const struct fixed *f = &o->in[in]->fixed;
    if (f->t.n > most || f->t.type == NET_F32)
        return op_bad(o, "input %d holds %lld numbers of %s, at most %d integers", in, (long long)f->t.n, onnx_type_name(f->t.onnx_type), most);
    for (int64_t i = 0; i < f->t.n; i++) {
        if (f->per_batch && f->per_batch[i])
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "input %d depends on the batch", in);
        out[i] = fixed_integer(f, i);
    }
    *out_n = (int)f->t.n;
    return TRUNDLE_OK;
}

enum trundle_status op_axis(const struct op *o, int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return op_bad(o, "axis %lld of %d", (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return TRUNDLE_OK;
}

const struct net_shape *op_shape(const struct op *o, int tensor)
{
    return &o->m->g->tensor[tensor].shape;
}

const struct net_shape *op_shape_b(const struct op *o, int tensor)
{
    return &o->m->b_shape[tensor];
}

bool op_varies(const struct op *o, int tensor, int axis)
{
    return op_shape(o, tensor)->d[axis] != op_shape_b(o, tensor)->d[axis];
}

int op_rank(const struct op *o, int tensor)
{
    return op_shape(o, tensor)->rank;
}

/* Room for b_shape of every tensor of the graph; new ones take the graph's shape. */
enum trundle_status follow_room(struct import *m, int known)
{
    if (m->g->tensors_n > m->b_room) {
        int more = 2 * m->g->tensors_n + 64;
        struct net_shape *grown = realloc(m->b_shape, (size_t)more * sizeof *grown);
        if (!grown)
            return error_set(m->err, TRUNDLE_NO_MEMORY, m->where, NULL, "no memory left");
        m->b_shape = grown;
        m->b_room = more;
    }
    for (int i = known; i < m->g->tensors_n; i++)
        m->b_shape[i] = m->g->tensor[i].shape;
    return TRUNDLE_OK;
}

enum trundle_status op_constant(struct op *o, const struct fixed *f, const char *suffix, int *out)
{
    struct net_graph *g = o->m->g;
    struct net_shape shape = { .rank = f->t.rank };
    int known = g->tensors_n;
    char name[NET_NAME_MAX];
    if (f->t.rank > NET_RANK_MAX)
        return op_refuse(o, "reshape to fewer axes", "a constant of %d axes, at most %d", f->t.rank, NET_RANK_MAX);
    if (f->per_batch)
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "a number that depends on the batch is used as data");
    for (int i = 0; i < f->t.rank; i++) {
        if (f->t.d[i] == 0)
            return op_refuse(o, NULL, "a tensor without elements");
        shape.d[i] = (int32_t)f->t.d[i];
    }
    (void)snprintf(name, sizeof name, "%.70s%.20s", f->t.name[0] ? f->t.name : o->name, suffix);
    TRY(net_graph_constant(g, net_graph_find(g, name) < 0 ? name : NULL, f->t.type, &shape, f->t.data, out, o->err));
    if (f->scale)
        TRY(net_graph_quant(g, *out, f->scale_n, f->axis, f->scale, 0, o->err));
    return follow_room(o->m, known);
}

enum trundle_status op_tensor(struct op *o, int i, int *out)
{
    struct value *v = op_has(o, i) ? o->in[i] : NULL;
    if (!v)
        return op_bad(o, "input %d is missing", i);
    if (v->tensor < 0) {
        if (v->fixed.scale) {                        /* weights: i8, behind a dequantize */
            struct net_node node;
            int w;
            TRY(op_constant(o, &v->fixed, "", &w));
            node = op_node(o, NET_DEQUANTIZE, &w, 1);
            TRY(op_emit(o, &node, &v->tensor));
        } else {
            TRY(op_constant(o, &v->fixed, "", &v->tensor));
        }
    }
    *out = v->tensor;
    return TRUNDLE_OK;
}

enum trundle_status op_f32(struct op *o, int i, int *out)
{
    TRY(op_tensor(o, i, out));
    if (o->m->g->tensor[*out].type != NET_F32)
        return op_refuse(o, "float works, and uint8 behind QuantizeLinear", "input %d is %s", i, net_type_name(o->m->g->tensor[*out].type));
    return TRUNDLE_OK;
}

enum trundle_status op_scalar(struct op *o, float value, int *out)
{
    int known = o->m->g->tensors_n;
    struct net_shape scalar = { .rank = 0 };
    TRY(net_graph_constant(o->m->g, NULL, NET_F32, &scalar, &value, out, o->err));
    return follow_room(o->m, known);
}

struct net_node op_node(const struct op *o, enum net_op op, const int *in, int in_n)
{
    return net_node_of(op, o->name, in, in_n);
}

enum trundle_status op_emit(struct op *o, const struct net_node *node, int *out)
{
    struct import *m = o->m;
    struct net_graph *g = m->g;
    struct net_shape kept[NET_IN_MAX];
    int known = g->tensors_n, made = -1;
    enum trundle_status status;
    char at[256];
    TRY(net_graph_node(g, node, &made, o->err));
    TRY(follow_room(m, known));
    for (int i = 0; i < node->in_n; i++)             /* under the other batch first, so that the graph keeps the one of A */
        if (node->in[i] >= 0)
            kept[i] = g->tensor[node->in[i]].shape;
    for (int i = 0; i < node->in_n; i++)
        if (node->in[i] >= 0)
            g->tensor[node->in[i]].shape = m->b_shape[node->in[i]];
    status = net_graph_infer_node(g, g->nodes_n - 1, o->err);
    m->b_shape[made] = g->tensor[made].shape;
    for (int i = 0; i < node->in_n; i++)
        if (node->in[i] >= 0)
            g->tensor[node->in[i]].shape = kept[i];
    if (status == TRUNDLE_OK)
        status = net_graph_infer_node(g, g->nodes_n - 1, o->err);
    if (status != TRUNDLE_OK) {
        if (o->err)
            (void)snprintf(o->err->where, sizeof o->err->where, "%s", at_node(o, at));
        return status;
    }
    *out = made;
    return TRUNDLE_OK;
}

static enum trundle_status out_value(struct op *o, int k, struct value **out)
{
    const char *name = (size_t)k < o->node->n_output ? o->node->output[k] : "";
    if (!name[0])
        return op_bad(o, "output %d has no name", k);
    return value_new(o->m, name, out);
}

enum trundle_status op_out(struct op *o, int k, int tensor)
{
    struct value *v;
    if (o->capture) {
        *o->capture = tensor;
        return TRUNDLE_OK;
    }
    TRY(out_value(o, k, &v));
    v->tensor = tensor;
    return TRUNDLE_OK;
}

enum trundle_status op_out_fixed(struct op *o, int k, struct fixed *f)
{
    struct value *v;
    TRY(out_value(o, k, &v));
    v->fixed = *f;
    v->has_fixed = true;
    *f = (struct fixed){ 0 };
    if (!v->fixed.t.name[0])
        (void)snprintf(v->fixed.t.name, sizeof v->fixed.t.name, "%s", v->name);
    return TRUNDLE_OK;
}
