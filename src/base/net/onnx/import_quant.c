/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/onnx/import_quant - quantised operators. Activations are u8 here: int8 ones become uint8 with zero point + 128. What was
 * quantised by operator (QLinearConv ...) becomes dequantize, the f32 operator and quantize; qdq.c makes u8 nodes of that.
 */
#include "base/net/onnx/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Scale and zero point from two inputs; weights may have one for each of an axis. */
struct grid { const float *scales; int64_t n; const struct fixed *zero; int zero_type; };

static enum trundle_status grid_of(struct op *o, int scale, int zero, struct grid *out)
{
    if (!op_fixed(o, scale) || (op_has(o, zero) && !op_fixed(o, zero)))
        return op_refuse(o, "constant scales and zero points work (static quantisation)", "its scale or zero point is computed when the net runs");
    const struct fixed *s = &o->in[scale]->fixed;
    *out = (struct grid){ .scales = s->t.data, .n = s->t.n, .zero = op_has(o, zero) ? &o->in[zero]->fixed : NULL };
    if (s->t.type != NET_F32 || s->t.n < 1 || (out->zero && out->zero->t.n != s->t.n))
        return op_bad(o, "scales and zero points do not fit each other");
    for (int64_t i = 0; i < s->t.n; i++)
        if (!(out->scales[i] > 0) || !isfinite(out->scales[i]) || !isfinite(1 / out->scales[i]))
            return op_refuse(o, "scales are finite numbers > 0", "a scale of %g", (double)out->scales[i]);
    out->zero_type = out->zero ? out->zero->t.onnx_type : ONNX_UINT8;
    return TRUNDLE_OK;
}

/* An activation's: one scale; *zero as for uint8. */
static enum trundle_status one_grid(struct op *o, int scale, int zero, float *out_scale, int32_t *out_zero)
{
    struct grid g;
    TRY(grid_of(o, scale, zero, &g));
    if (g.n != 1)
        return op_refuse(o, "one scale for the whole tensor works", "an activation with a scale for each channel");
    if (g.zero_type != ONNX_UINT8 && g.zero_type != ONNX_INT8)
        return op_refuse(o, "uint8 and int8 work", "an activation of %s", onnx_type_name(g.zero_type));
    *out_scale = g.scales[0];
    *out_zero = g.zero ? (int32_t)fixed_integer(g.zero, 0) + (g.zero_type == ONNX_INT8 ? 128 : 0) : 0;
    return TRUNDLE_OK;
}

/* A graph input of plain uint8 numbers takes on the scale by which it is read. */
static enum trundle_status dequantized(struct op *o, int i, int scale, int zero, int *out)
{
    struct net_graph *g = o->m->g;
    struct net_node node;
    float s;
    int32_t z;
    int x;
    TRY(one_grid(o, scale, zero, &s, &z));
    TRY(op_tensor(o, i, &x));
    if (g->tensor[x].type != NET_U8)
        return op_refuse(o, "uint8 works", "its input is %s", net_type_name(g->tensor[x].type));
    if (op_has(o, zero) && o->in[zero]->fixed.t.onnx_type == ONNX_INT8 && (g->tensor[x].quant.n != 1 || g->tensor[x].quant.zero != z))
        return op_refuse(o, "uint8 works", "it reads int8 that no quantise made");
    bool source = g->tensor[x].data != NULL;
    for (int k = 0; k < g->inputs_n; k++)
        source = source || g->input[k] == x;
    if (source && g->tensor[x].quant.n <= 1) {
        bool fresh = g->tensor[x].quant.n == 0 || (g->tensor[x].quant.scale[0] == 1 && g->tensor[x].quant.zero == 0);
        if (fresh)
            TRY(net_graph_quant(g, x, 1, 0, &s, z, o->err));
    }
    if (g->tensor[x].quant.n != 1 || g->tensor[x].quant.scale[0] != s || g->tensor[x].quant.zero != z)
        return op_refuse(o, "read it with the scale with which it was made", "its input has another scale or zero point");
    node = op_node(o, NET_DEQUANTIZE, &x, 1);
    return op_emit(o, &node, out);
}

/* A constant with its scales: symmetric int8 (or uint8 around 128) stays so, everything else becomes f32. */
static enum trundle_status fixed_weights(struct op *o, int i, int scale, int zero, int64_t axis, struct fixed *out)
{
    struct grid g;
    const struct fixed *x = &o->in[i]->fixed;
    bool symmetric = x->t.type == NET_I8 || (x->t.type == NET_U8 && x->t.onnx_type == ONNX_UINT8);
    int64_t inner = 1;
    int at = 0;
    struct fixed f;
    TRY(grid_of(o, scale, zero, &g));
    if (x->t.type == NET_F32 || x->scale || x->per_batch)
        return op_bad(o, "dequantises %s", onnx_type_name(x->t.onnx_type));
    if (g.n > 1) {
        TRY(op_axis(o, axis, x->t.rank, &at));
        if (x->t.d[at] != g.n)
            return op_refuse(o, "one scale, or one for each element of an axis", "%lld scales for %lld elements of axis %d", (long long)g.n, (long long)x->t.d[at], at);
        for (int k = at + 1; k < x->t.rank; k++)
            inner *= x->t.d[k];
    }
    for (int64_t k = 0; k < g.n; k++)
        symmetric = symmetric && (g.zero ? fixed_integer(g.zero, k) : 0) == (x->t.type == NET_U8 ? 128 : 0);
    TRY(fixed_new(&f, symmetric ? ONNX_INT8 : ONNX_FLOAT, symmetric ? NET_I8 : NET_F32, x->t.rank, x->t.d, o->err));
    memcpy(f.t.name, x->t.name, sizeof f.t.name);
    for (int64_t k = 0; k < x->t.n; k++) {
        int64_t c = g.n > 1 ? k / inner % g.n : 0, q = fixed_integer(x, k) - (g.zero ? fixed_integer(g.zero, c) : 0);
        if (symmetric)
            ((int8_t *)f.t.data)[k] = (int8_t)q;
        else
            ((float *)f.t.data)[k] = g.scales[c] * (float)q;
    }
    if (symmetric) {
        f.scale = malloc((size_t)g.n * sizeof *f.scale);
        if (!f.scale) {
            fixed_done(&f);
            return error_set(o->err, TRUNDLE_NO_MEMORY, o->name, NULL, "no memory");
        }
        memcpy(f.scale, g.scales, (size_t)g.n * sizeof *f.scale);
        f.scale_n = (int)g.n;
        f.axis = at;
    }
    *out = f;
    return TRUNDLE_OK;
}

static enum trundle_status dequantize(struct op *o)
{
    int y;
    if (attr_i(o, "block_size", 0))
        return op_refuse(o, "one scale, or one for each channel", "it is quantised by blocks");
    if (op_fixed(o, 0)) {
        struct fixed f = { 0 };
        TRY(fixed_weights(o, 0, 1, 2, attr_i(o, "axis", 1), &f));
        enum trundle_status status = op_out_fixed(o, 0, &f);
        fixed_done(&f);
        return status;
    }
    TRY(dequantized(o, 0, 1, 2, &y));
    return op_out(o, 0, y);
}

static enum trundle_status put_quantize(struct op *o, int x, int scale, int zero, int *out)
{
    struct net_node node = op_node(o, NET_QUANTIZE, &x, 1);
    node.attr.out_type = NET_U8;
    TRY(one_grid(o, scale, zero, &node.attr.out_scale, &node.attr.out_zero));
    return op_emit(o, &node, out);
}

/* Whether anybody but dequantizes read an int8 output: then its numbers would show. */
static bool shows(const struct op *o, const char *name)
{
    const OnnxFile__Graph *m = o->m->model;
    for (size_t i = 0; i < m->n_output; i++)
        if (m->output[i]->name && strcmp(m->output[i]->name, name) == 0)
            return true;
    return false;
}

static enum trundle_status made_int8(struct op *o, int zero)
{
    int type = op_fixed(o, zero) ? o->in[zero]->fixed.t.onnx_type : ONNX_UINT8;
    if (type == ONNX_INT8 && shows(o, o->node->output[0]))
        return op_refuse(o, "uint8 works", "its int8 numbers are an output of the model");
    return TRUNDLE_OK;
}

static enum trundle_status quantize(struct op *o)
{
    int x, y;
    if (attr_i(o, "block_size", 0))
        return op_refuse(o, "one scale, or one for each channel", "it is quantised by blocks");
    if (attr_i(o, "output_dtype", 0) && attr_i(o, "output_dtype", 0) != ONNX_UINT8 && attr_i(o, "output_dtype", 0) != ONNX_INT8)
        return op_refuse(o, "uint8 and int8 work", "it makes %s", onnx_type_name((int)attr_i(o, "output_dtype", 0)));
    if (!op_has(o, 2) && attr_i(o, "output_dtype", 0) == ONNX_INT8)
        return op_refuse(o, "name the zero point", "int8 without a zero point");
    if (op_fixed(o, 0) && op_fixed(o, 1)) {          /* weights of a quantization-aware export */
        struct grid g;
        const struct fixed *x0 = &o->in[0]->fixed;
        struct fixed f;
        int at = 0;
        int64_t inner = 1;
        TRY(grid_of(o, 1, 2, &g));
        TRY(fixed_plain(&o->in[0]->fixed, o->err));
        if (x0->t.type != NET_F32 || (g.zero_type != ONNX_INT8 && g.zero_type != ONNX_UINT8))
            return op_refuse(o, "uint8 and int8 of float work", "it makes %s of %s", onnx_type_name(g.zero_type), onnx_type_name(x0->t.onnx_type));
        if (g.n > 1) {
            TRY(op_axis(o, attr_i(o, "axis", 1), x0->t.rank, &at));
            if (x0->t.d[at] != g.n)
                return op_bad(o, "%lld scales for %lld elements of axis %d", (long long)g.n, (long long)x0->t.d[at], at);
            for (int k = at + 1; k < x0->t.rank; k++)
                inner *= x0->t.d[k];
        }
        TRY(fixed_new(&f, g.zero_type, g.zero_type == ONNX_INT8 ? NET_I8 : NET_U8, x0->t.rank, x0->t.d, o->err));
        for (int64_t k = 0; k < x0->t.n; k++) {
            int64_t c = g.n > 1 ? k / inner % g.n : 0;
            double lo = g.zero_type == ONNX_INT8 ? -128 : 0, v = rint((double)(((const float *)x0->t.data)[k] / g.scales[c])) + (g.zero ? fixed_number(g.zero, c) : 0);
            v = v >= lo ? v : lo;
            v = v > lo + 255 ? lo + 255 : v;
            if (g.zero_type == ONNX_INT8)
                ((int8_t *)f.t.data)[k] = (int8_t)v;
            else
                ((uint8_t *)f.t.data)[k] = (uint8_t)v;
        }
        enum trundle_status status = op_out_fixed(o, 0, &f);
        fixed_done(&f);
        return status;
    }
    TRY(op_f32(o, 0, &x));
    TRY(made_int8(o, 2));
    TRY(put_quantize(o, x, 1, 2, &y));
    return op_out(o, 0, y);
}

/* x scale zero, w scale zero, out scale zero, bias: dequantised into a node of their own, that an f32 operator is made of. */
static enum trundle_status by_operator(struct op *o, bool conv)
{
    struct value in[3] = { { .tensor = -1 }, { .tensor = -1 }, { .tensor = -1 } }, *list[3] = { &in[0], &in[1], &in[2] };
    struct op inner = *o;
    enum trundle_status status;
    int y = -1;
    TRY(made_int8(o, 7));
    TRY(dequantized(o, 0, 1, 2, &in[0].tensor));
    if (op_fixed(o, 3)) {
        TRY(fixed_weights(o, 3, 4, 5, conv ? 0 : o->in[3]->fixed.t.rank - 1, &in[1].fixed));
        in[1].has_fixed = true;
    } else {
        TRY(dequantized(o, 3, 4, 5, &in[1].tensor));
    }
    inner.in = list;
    inner.in_n = 2;
    inner.type = conv ? "Conv" : "MatMul";
    if (conv && op_has(o, 8)) {
        struct grid x, w;
        const struct fixed *b = op_fixed(o, 8) ? &o->in[8]->fixed : NULL;
        status = b && b->t.type == NET_I32 && b->t.rank == 1 ? TRUNDLE_OK : op_refuse(o, "a constant int32 bias works", "its bias");
        if (status == TRUNDLE_OK)
            status = grid_of(o, 1, 2, &x);
        if (status == TRUNDLE_OK)
            status = grid_of(o, 4, 5, &w);
        if (status == TRUNDLE_OK && w.n != 1 && w.n != b->t.n)
            status = op_bad(o, "%lld scales for %lld channels", (long long)w.n, (long long)b->t.n);
        if (status == TRUNDLE_OK)
            status = fixed_new(&in[2].fixed, ONNX_FLOAT, NET_F32, 1, b->t.d, o->err);
        for (int64_t k = 0; status == TRUNDLE_OK && k < b->t.n; k++)
            ((float *)in[2].fixed.t.data)[k] = x.scales[0] * w.scales[w.n > 1 ? k : 0] * (float)((const int32_t *)b->t.data)[k];
        if (status != TRUNDLE_OK)
            goto out;
        in[2].has_fixed = true;
        inner.in_n = 3;
    }
    inner.capture = &y;
    status = conv ? import_image(&inner) : import_math(&inner);
    if (status == TRUNDLE_OK)
        status = put_quantize(o, y, 6, 7, &y);
    if (status == TRUNDLE_OK)
        status = op_out(o, 0, y);
out:
    fixed_done(&in[1].fixed);
    fixed_done(&in[2].fixed);
    return status;
}

enum trundle_status import_quant(struct op *o)
{
    const char *t = o->type;
    if (strcmp(t, "QuantizeLinear") == 0)
        return quantize(o);
    if (strcmp(t, "DequantizeLinear") == 0)
        return dequantize(o);
    if (strcmp(t, "QLinearConv") == 0 || strcmp(t, "QLinearMatMul") == 0)
        return by_operator(o, t[7] == 'C');
    if (strcmp(t, "ConvInteger") == 0 || strcmp(t, "MatMulInteger") == 0)
        return op_refuse(o, "QDQ models work: quantize statically, as QuantizeLinear and DequantizeLinear", "its int32 sums are an output");
    if (strcmp(t, "DynamicQuantizeLinear") == 0)
        return op_refuse(o, "quantize statically", "its scale is computed when the net runs");
    return TRUNDLE_AGAIN;
}
