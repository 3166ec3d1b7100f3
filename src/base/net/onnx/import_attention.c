/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/import_attention - the Attention operator (opset 23) as products and a softmax: softmax(scale q k^T + mask) v. */
#include "base/net/onnx/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Input i as [N, heads, T, D]; 3 axes are [N, T, heads * D]. */
static enum trundle_status heads_of(struct op *o, int i, int64_t heads, int *out, bool *flat)
{
    static const int axes[] = { 0, 2, 1, 3 };
    struct net_shape a, b;
    TRY(op_f32(o, i, out));
    a = *op_shape(o, *out);
    b = *op_shape_b(o, *out);
    *flat = a.rank == 3;
    if (a.rank == 4)
        return TRUNDLE_OK;
    if (a.rank != 3 || heads < 1 || a.d[2] % heads)
        return op_bad(o, "input %d has %d axes, %lld heads", i, a.rank, (long long)heads);
    for (int k = 0; k < 2; k++) {
        struct net_shape *s = k ? &b : &a;
        *s = NET_SHAPE(s->d[0], s->d[1], (int32_t)heads, s->d[2] / (int32_t)heads);
    }
    TRY(put_reshape(o, *out, &a, &b, out));
    return put_transpose(o, *out, axes, out);
}

/* 0 where column <= row, else -infinity. */
static enum trundle_status causal(struct op *o, int32_t rows, int32_t columns, int *out)
{
    struct fixed f;
    TRY(fixed_new(&f, ONNX_FLOAT, NET_F32, 2, (int64_t[]){ rows, columns }, o->err));
    for (int64_t i = 0; i < f.t.n; i++)
        ((float *)f.t.data)[i] = i % columns > i / columns ? -INFINITY : 0;
    enum trundle_status status = op_constant(o, &f, ".causal", out);
    fixed_done(&f);
    return status;
}

enum trundle_status import_attention(struct op *o)
{
    static const int back[] = { 0, 2, 1, 3 };
    int q, k, v, y, mask;
    bool flat, ignored;
    float scale, cap;
    struct net_node node;
    if (strcmp(o->type, "Attention") != 0)
        return TRUNDLE_AGAIN;
    for (int i = 1; i < o->out_n; i++)
        if (o->node->output[i][0])
            return op_refuse(o, "one output works", "asks for output %d", i);
    if (op_has(o, 4) || op_has(o, 5) || op_has(o, 6))
        return op_refuse(o, "the whole sequence at once works", "keeps keys and values of earlier calls");
    if (attr_i(o, "qk_matmul_output_mode", 0) != 0)
        return op_refuse(o, "one output works", "asks for the products");
    TRY(heads_of(o, 0, attr_i(o, "q_num_heads", 0), &q, &flat));
    TRY(heads_of(o, 1, attr_i(o, "kv_num_heads", 0), &k, &ignored));
    TRY(heads_of(o, 2, attr_i(o, "kv_num_heads", 0), &v, &ignored));
    if (op_shape(o, q)->d[1] != op_shape(o, k)->d[1])
        return op_refuse(o, "as many heads of keys as of queries", "%d heads share %d", (int)op_shape(o, q)->d[1], (int)op_shape(o, k)->d[1]);
    scale = attr_f(o, "scale", 0);
    if (!attr_find(o, "scale"))
        scale = 1 / sqrtf((float)op_shape(o, q)->d[3]);
    node = op_node(o, NET_MATMUL, (int[]){ q, k }, 2);
    node.attr.flip_b = true;
    TRY(op_emit(o, &node, &y));
    TRY(put_scaled(o, NET_MUL, y, scale, &y));
    cap = attr_f(o, "softcap", 0);
    if (cap != 0 && o->m->opset < 24 && (op_has(o, 3) || attr_i(o, "is_causal", 0)))
        return op_refuse(o, "one of the two works", "a cap and a mask: their order differs between opsets");
    if (cap != 0) {
        TRY(put_scaled(o, NET_DIV, y, cap, &y));
        TRY(put_unary(o, y, NET_ACT_TANH, 0, 0, &y));
        TRY(put_scaled(o, NET_MUL, y, cap, &y));
    }
    if (op_has(o, 3)) {
        TRY(op_f32(o, 3, &mask));               /* a bool one would need rows that are masked as a whole to become 0 */
        if (op_shape(o, mask)->d[op_rank(o, mask) - 1] != op_shape(o, k)->d[2])
            return op_refuse(o, "a mask for every key", "a mask that is shorter than the keys");
        TRY(put_binary(o, NET_ADD, y, mask, &y));
    }
    if (attr_i(o, "is_causal", 0)) {
        if (op_varies(o, q, 2) || op_varies(o, k, 2))
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "its length depends on the batch");
        TRY(causal(o, op_shape(o, q)->d[2], op_shape(o, k)->d[2], &mask));
        TRY(put_binary(o, NET_ADD, y, mask, &y));
    }
    node = op_node(o, NET_SOFTMAX, &y, 1);
    node.attr.axes_n = 1;
    node.attr.axes[0] = 3;
    TRY(op_emit(o, &node, &y));
    node = op_node(o, NET_MATMUL, (int[]){ y, v }, 2);
    TRY(op_emit(o, &node, &y));
    if (flat) {
        struct net_shape a, b;
        TRY(put_transpose(o, y, back, &y));
        a = *op_shape(o, y);
        b = *op_shape_b(o, y);
        a = NET_SHAPE(a.d[0], a.d[1], a.d[2] * a.d[3]);
        b = NET_SHAPE(b.d[0], b.d[1], b.d[2] * b.d[3]);
        TRY(put_reshape(o, y, &a, &b, &y));
    }
    return op_out(o, 0, y);
}
