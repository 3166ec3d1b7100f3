/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* infer on hostile graphs: a table of wrong ones, refused with the node's name; and random damage, after which a graph is refused or runs. */
#include "tests/support/support.h"
#include "tests/net/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* x[1,8,8,4] f32, q[1,8,8,4] u8, w[6,3,3,4] f32, wq i8, b[6] f32, m[4,5] f32, i[3] i64, and a node "bad" on top. */
struct fixture { struct net_graph *g; int x, q, w, wq, b, m, i; };

static struct fixture fixture(void)
{
    struct fixture f = { .g = net_graph_new() };
    struct trundle_error e;
    static const float zeros[512];
    static const int8_t bytes[512];
    float scale = 0.1f, scales[6] = { 1, 2, 3, 4, 5, 6 };

    assert_non_null(f.g);
    support_ok(net_graph_input(f.g, "x", NET_F32, &NET_SHAPE(0, 8, 8, 4), &f.x, &e), &e);
    support_ok(net_graph_input(f.g, "q", NET_U8, &NET_SHAPE(0, 8, 8, 4), &f.q, &e), &e);
    support_ok(net_graph_quant(f.g, f.q, 1, 0, &scale, 128, &e), &e);
    support_ok(net_graph_constant(f.g, "w", NET_F32, &NET_SHAPE(6, 3, 3, 4), zeros, &f.w, &e), &e);
    support_ok(net_graph_constant(f.g, "wq", NET_I8, &NET_SHAPE(6, 3, 3, 4), bytes, &f.wq, &e), &e);
    support_ok(net_graph_quant(f.g, f.wq, 6, 0, scales, 0, &e), &e);
    support_ok(net_graph_constant(f.g, "b", NET_F32, &NET_SHAPE(6), zeros, &f.b, &e), &e);
    support_ok(net_graph_constant(f.g, "m", NET_F32, &NET_SHAPE(4, 5), zeros, &f.m, &e), &e);
    support_ok(net_graph_input(f.g, "i", NET_I64, &NET_SHAPE(3), &f.i, &e), &e);
    return f;
}

#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Woverride-init"      /* ATTR: defaults, then what a case changes */
#else
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
static void wrong_graphs_are_refused(void **state)
{
    enum { FINE = TRUNDLE_OK, BAD = TRUNDLE_BAD_INPUT, NOT_HERE = TRUNDLE_UNSUPPORTED, LARGE = TRUNDLE_TOO_LARGE };
    enum { X, Q, W, WQ, B, M, I, NO };
#define ATTR(...) .attr = (struct net_attr){ .stride = { 1, 1 }, .dilation = { 1, 1 }, .groups = 1, .heads = 1, .eps = 1e-5f, .step = { 1, 1, 1, 1, 1, 1 }, __VA_ARGS__ }
    static const struct { const char *what; int op, in_n, in[5], wanted; struct net_attr attr; } table[] = {
        { "conv", NET_CONV, 3, { X, W, B }, FINE, ATTR(.pad = { 1, 1, 1, 1 }) },
        { "conv int8", NET_CONV, 3, { Q, WQ, B }, FINE, ATTR(.out_scale = 1) },
        { "conv int8 to f32", NET_CONV, 2, { Q, WQ }, FINE, ATTR(.out_type = NET_F32) },
        { "stride 0", NET_CONV, 2, { X, W }, BAD, ATTR(.stride = { 0, 1 }) },
        { "stride -1", NET_CONV, 2, { X, W }, BAD, ATTR(.stride = { 1, -1 }) },
        { "dilation 0", NET_CONV, 2, { X, W }, BAD, ATTR(.dilation = { 0, 0 }) },
        { "pad -1", NET_CONV, 2, { X, W }, BAD, ATTR(.pad = { 0, -1, 0, 0 }) },
        { "pad huge", NET_CONV, 2, { X, W }, BAD, ATTR(.pad = { INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX }) },
        { "pads of 60000 are too many elements", NET_CONV, 2, { X, W }, LARGE, ATTR(.pad = { 60000, 60000, 60000, 60000 }) },
        { "kernel past the image", NET_CONV, 2, { X, W }, BAD, ATTR(.dilation = { 5, 5 }) },
        { "groups 0", NET_CONV, 2, { X, W }, BAD, ATTR(.groups = 0) },
        { "groups 3", NET_CONV, 2, { X, W }, BAD, ATTR(.groups = 3) },
        { "groups 2 but dense weight", NET_CONV, 2, { X, W }, BAD, ATTR(.groups = 2) },
        { "no function 99", NET_CONV, 2, { X, W }, NOT_HERE, ATTR(.act = 99) },
        { "clip to NaN", NET_CONV, 2, { X, W }, BAD, ATTR(.act = NET_ACT_CLIP, .alpha = NAN) },
        { "f32 with i8 weight", NET_CONV, 2, { X, WQ }, NOT_HERE, ATTR(.kind = 0) },
        { "u8 with f32 weight", NET_CONV, 2, { Q, W }, NOT_HERE, ATTR(.kind = 0) },
        { "weight absent", NET_CONV, 2, { X, NO }, BAD, ATTR(.kind = 0) },
        { "bias of 20", NET_CONV, 3, { X, W, M }, BAD, ATTR(.kind = 0) },
        { "residual of another shape", NET_CONV, 4, { X, W, B, X }, BAD, ATTR(.kind = 0) },
        { "f32 residual of u8", NET_CONV, 4, { Q, WQ, B, X }, NOT_HERE, ATTR(.kind = 0) },
        { "u8 out of f32", NET_CONV, 2, { X, W }, NOT_HERE, ATTR(.out_type = NET_U8, .out_scale = 1) },
        { "out_scale NaN", NET_CONV, 2, { Q, WQ }, BAD, ATTR(.out_scale = NAN) },
        { "out_scale -1", NET_CONV, 2, { Q, WQ }, BAD, ATTR(.out_scale = -1) },
        { "out_scale subnormal", NET_CONV, 2, { Q, WQ }, BAD, ATTR(.out_scale = 1e-44f) },
        { "out_zero 256", NET_CONV, 2, { Q, WQ }, BAD, ATTR(.out_scale = 1, .out_zero = 256) },
        { "conv of a matrix", NET_CONV, 2, { M, W }, NOT_HERE, ATTR(.kind = 0) },
        { "conv of integers", NET_CONV, 2, { I, W }, NOT_HERE, ATTR(.kind = 0) },
        { "transposed conv of u8", NET_CONV_TRANSPOSE, 2, { Q, WQ }, NOT_HERE, ATTR(.kind = 0) },
        { "matmul", NET_MATMUL, 2, { X, M }, FINE, ATTR(.kind = 0) },
        { "matmul of a vector", NET_MATMUL, 2, { X, B }, NOT_HERE, ATTR(.kind = 0) },
        { "matmul that does not fit", NET_MATMUL, 2, { X, M }, BAD, ATTR(.flip_b = true) },
        { "binary", NET_BINARY, 2, { X, X }, FINE, ATTR(.kind = NET_MUL) },
        { "no kind 7", NET_BINARY, 2, { X, X }, NOT_HERE, ATTR(.kind = 7) },
        { "no kind -1", NET_BINARY, 2, { X, X }, NOT_HERE, ATTR(.kind = -1) },
        { "u8 and f32", NET_BINARY, 2, { Q, X }, NOT_HERE, ATTR(.kind = 0) },
        { "u8 divided", NET_BINARY, 2, { Q, Q }, NOT_HERE, ATTR(.kind = NET_DIV) },
        { "shapes that do not broadcast", NET_BINARY, 2, { X, M }, BAD, ATTR(.kind = 0) },
        { "pool", NET_POOL, 1, { X }, FINE, ATTR(.kernel = { 2, 2 }) },
        { "pool of everything", NET_POOL, 1, { Q }, FINE, ATTR(.kind = 0) },
        { "pad as large as the kernel", NET_POOL, 1, { X }, BAD, ATTR(.kernel = { 2, 2 }, .pad = { 2, 0, 0, 0 }) },
        { "kernel 0 x 2", NET_POOL, 1, { X }, BAD, ATTR(.kernel = { 0, 2 }) },
        { "max pool that requantises", NET_POOL, 1, { Q }, NOT_HERE, ATTR(.kernel = { 2, 2 }, .out_scale = 3) },
        { "a pool with a function", NET_POOL, 1, { X }, NOT_HERE, ATTR(.kernel = { 2, 2 }, .act = NET_ACT_RELU) },
        { "resize", NET_RESIZE, 1, { X }, FINE, ATTR(.scale = { 2, 2 }) },
        { "resize to nothing", NET_RESIZE, 1, { X }, BAD, ATTR(.scale = { 0, 2 }) },
        { "resize by NaN", NET_RESIZE, 1, { X }, BAD, ATTR(.scale = { NAN, 2 }) },
        { "resize by 1e30", NET_RESIZE, 1, { X }, BAD, ATTR(.scale = { 1e30f, 1 }) },
        { "resize to 2^31 x 2^31", NET_RESIZE, 1, { X }, LARGE, ATTR(.dims_n = 2, .dims = { INT32_MAX, INT32_MAX }) },
        { "resize to -1", NET_RESIZE, 1, { X }, BAD, ATTR(.dims_n = 2, .dims = { -1, 4 }) },
        { "no mode 2", NET_RESIZE, 1, { X }, NOT_HERE, ATTR(.scale = { 2, 2 }, .mode = 2) },
        { "concat", NET_CONCAT, 2, { X, X }, FINE, ATTR(.axes_n = 1, .axes = { -1 }) },
        { "concat of u8 and f32", NET_CONCAT, 2, { Q, X }, NOT_HERE, ATTR(.axes_n = 1, .axes = { -1 }) },
        { "concat along axis 4", NET_CONCAT, 2, { X, X }, BAD, ATTR(.axes_n = 1, .axes = { 4 }) },
        { "concat along none", NET_CONCAT, 2, { X, X }, BAD, ATTR(.kind = 0) },
        { "concat of an absent tensor", NET_CONCAT, 2, { X, NO }, BAD, ATTR(.axes_n = 1, .axes = { 0 }) },
        { "concat of other ranks", NET_CONCAT, 2, { X, M }, BAD, ATTR(.axes_n = 1, .axes = { 0 }) },
        { "slice", NET_SLICE, 1, { M }, FINE, ATTR(.dims_n = 2, .end = { INT32_MAX, -1 }) },
        { "slice to nothing", NET_SLICE, 1, { M }, NOT_HERE, ATTR(.dims_n = 2, .begin = { 3, 0 }, .end = { 2, 9 }) },
        { "slice with step 0", NET_SLICE, 1, { M }, BAD, ATTR(.dims_n = 2, .end = { 9, 9 }, .step = { 0, 1 }) },
        { "slice, step INT32_MIN", NET_SLICE, 1, { M }, FINE, ATTR(.dims_n = 2, .begin = { INT32_MAX, 0 }, .end = { INT32_MIN, 9 }, .step = { INT32_MIN, 1 }) },
        { "slice of 3 axes of 2", NET_SLICE, 1, { M }, BAD, ATTR(.dims_n = 3) },
        { "pad", NET_PAD, 1, { M }, FINE, ATTR(.begin = { 1 }, .end = { 0, 2 }) },
        { "crop to nothing", NET_PAD, 1, { M }, BAD, ATTR(.begin = { -4 }) },
        { "pad to 2^32", NET_PAD, 1, { M }, BAD, ATTR(.begin = { INT32_MAX }, .end = { INT32_MAX }) },
        { "reflect 4 of 4", NET_PAD, 1, { M }, BAD, ATTR(.mode = NET_PAD_REFLECT, .begin = { 4 }) },
        { "pad integers with NaN", NET_PAD, 1, { I }, BAD, ATTR(.begin = { 1 }, .value = NAN) },
        { "reshape", NET_RESHAPE, 1, { M }, FINE, ATTR(.dims_n = 3, .dims = { 2, -1, 5 }) },
        { "reshape with two rests", NET_RESHAPE, 1, { M }, BAD, ATTR(.dims_n = 2, .dims = { -1, -1 }) },
        { "reshape to fewer", NET_RESHAPE, 1, { M }, BAD, ATTR(.dims_n = 1, .dims = { 19 }) },
        { "reshape that overflows", NET_RESHAPE, 1, { M }, BAD, ATTR(.dims_n = 6, .dims = { 65536, 65536, 65536, 65536, 65536, -1 }) },
        { "reshape to 7 axes", NET_RESHAPE, 1, { M }, NOT_HERE, ATTR(.dims_n = 7) },
        { "reshape to -3 axes", NET_RESHAPE, 1, { M }, NOT_HERE, ATTR(.dims_n = -3) },
        { "transpose", NET_TRANSPOSE, 1, { M }, FINE, ATTR(.axes_n = 2, .axes = { -1, 0 }) },
        { "transpose of one axis twice", NET_TRANSPOSE, 1, { M }, BAD, ATTR(.axes_n = 2, .axes = { 1, -1 }) },
        { "expand", NET_EXPAND, 1, { B }, FINE, ATTR(.dims_n = 3, .dims = { 2, 1, 0 }) },
        { "expand that does not fit", NET_EXPAND, 1, { B }, BAD, ATTR(.dims_n = 1, .dims = { 5 }) },
        { "expand too far", NET_EXPAND, 1, { B }, LARGE, ATTR(.dims_n = 3, .dims = { 65536, 65536, 6 }) },
        { "softmax", NET_SOFTMAX, 1, { X }, FINE, ATTR(.axes_n = 1, .axes = { -1 }) },
        { "softmax of u8", NET_SOFTMAX, 1, { Q }, NOT_HERE, ATTR(.axes_n = 1, .axes = { -1 }) },
        { "softmax along axis -5", NET_SOFTMAX, 1, { X }, BAD, ATTR(.axes_n = 1, .axes = { -5 }) },
        { "softmax along 1000 axes", NET_SOFTMAX, 1, { X }, BAD, ATTR(.axes_n = 1000) },
        { "reduce", NET_REDUCE, 1, { Q }, FINE, ATTR(.kind = NET_MEAN, .axes_n = 2, .axes = { 1, 2 }) },
        { "the largest u8", NET_REDUCE, 1, { Q }, NOT_HERE, ATTR(.kind = NET_REDUCE_MAX) },
        { "layer norm, eps -1", NET_LAYER_NORM, 1, { X }, BAD, ATTR(.eps = -1) },
        { "layer norm, eps NaN", NET_LAYER_NORM, 1, { X }, BAD, ATTR(.eps = NAN) },
        { "layer norm, gamma of another shape", NET_LAYER_NORM, 2, { X, M }, BAD, ATTR(.kind = 0) },
        { "batch norm of another width", NET_BATCH_NORM, 5, { X, B, B, B, B }, BAD, ATTR(.kind = 0) },
        { "attention of images", NET_ATTENTION, 3, { X, X, X }, BAD, ATTR(.kind = 0) },
        { "quantize", NET_QUANTIZE, 1, { X }, FINE, ATTR(.out_scale = 0.5f) },
        { "quantize without a scale", NET_QUANTIZE, 1, { X }, BAD, ATTR(.kind = 0) },
        { "quantize integers", NET_QUANTIZE, 1, { I }, NOT_HERE, ATTR(.out_scale = 0.5f) },
        { "dequantize", NET_DEQUANTIZE, 1, { WQ }, FINE, ATTR(.kind = 0) },
        { "dequantize f32", NET_DEQUANTIZE, 1, { X }, NOT_HERE, ATTR(.kind = 0) },
        { "no type 77", NET_UNARY, 1, { X }, NOT_HERE, ATTR(.out_type = 77) },
    };

    (void)state;
    for (size_t k = 0; k < COUNT_OF(table); k++) {
        struct fixture f = fixture();
        const int of[] = { f.x, f.q, f.w, f.wq, f.b, f.m, f.i, -1 };
        struct net_node node = net_node_of((enum net_op)table[k].op, "bad", NULL, 0);
        struct trundle_error err = { 0 };
        enum trundle_status status;
        int out;

        node.attr = table[k].attr;
        node.in_n = table[k].in_n;
        for (int i = 0; i < node.in_n; i++)
            node.in[i] = of[table[k].in[i]];
        status = net_graph_node(f.g, &node, &out, &err);
        if (status == TRUNDLE_OK)
            status = net_graph_infer(f.g, 2, &err);
        if ((int)status != table[k].wanted)
            fail_msg("%s: %s: %s", table[k].what, trundle_status_text(status), status ? err.what : "was taken");
        if (status != TRUNDLE_OK && !strstr(err.where, "bad"))
            fail_msg("%s: the error is about '%s', not about the node", table[k].what, err.where);
        if (status == TRUNDLE_OK)
            assert_int_equal(net_graph_infer(f.g, 1, NULL), TRUNDLE_OK);           /* again, with another batch */
        net_graph_free(f.g);
    }
}
#pragma GCC diagnostic pop

static void order_and_cycles(void **state)
{
    struct fixture f = fixture();
    struct trundle_error err;
    int a, b, in[] = { f.x };
    struct net_node node = net_node_of(NET_UNARY, "first", in, 1);

    (void)state;
    support_ok(net_graph_node(f.g, &node, &a, &err), &err);
    node = net_node_of(NET_UNARY, "second", &a, 1);
    support_ok(net_graph_node(f.g, &node, &b, &err), &err);
    support_ok(net_graph_output(f.g, b, &err), &err);
    support_ok(net_graph_infer(f.g, 3, &err), &err);
    assert_int_equal(f.g->tensor[b].shape.d[0], 3);
    support_ok(net_graph_infer(f.g, 2, &err), &err);
    assert_int_equal(f.g->tensor[b].shape.d[0], 2);

    f.g->node[0].in[0] = b;                                /* a cycle */
    assert_int_equal(net_graph_infer(f.g, 1, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.where, "first"));
    f.g->node[0].in[0] = 1 << 20;
    assert_int_equal(net_graph_infer(f.g, 1, &err), TRUNDLE_BAD_INPUT);
    f.g->node[0].in[0] = f.x;
    f.g->node[1].out = a;                                  /* made twice */
    assert_int_equal(net_graph_infer(f.g, 1, &err), TRUNDLE_BAD_INPUT);
    f.g->node[1].out = f.w;                                /* over a constant */
    assert_int_equal(net_graph_infer(f.g, 1, &err), TRUNDLE_BAD_INPUT);
    f.g->node[1].out = b;
    f.g->node[1].op = 1000;
    assert_int_equal(net_graph_infer(f.g, 1, &err), TRUNDLE_UNSUPPORTED);
    f.g->node[1].op = NET_UNARY;
    f.g->node[1].in_n = 1000;
    assert_int_equal(net_graph_infer(f.g, 1, &err), TRUNDLE_BAD_INPUT);
    f.g->node[1].in_n = 1;
    f.g->output[0] = -7;
    assert_int_equal(net_graph_infer(f.g, 1, &err), TRUNDLE_BAD_INPUT);
    f.g->output[0] = b;
    assert_int_equal(net_graph_infer(f.g, 0, &err), TRUNDLE_BAD_ARG);
    f.g->tensor[f.wq].quant.scale[3] = -1;
    assert_int_equal(net_graph_infer(f.g, 1, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.where, "wq"));
    net_graph_free(f.g);
}

static int32_t strange(struct rng *r, int32_t near)
{
    static const int32_t values[] = { 0, 1, -1, 2, 3, 7, 16, -2, 65535, 65536, 65537, 1 << 24, INT32_MAX, INT32_MIN };

    return rng_below(r, 3) && near > -100000 && near < 100000 ? near + (int32_t)rng_below(r, 5) - 2 : values[rng_below(r, COUNT_OF(values))];
}

/* One field of the node, or type or shape of an input, changes at random. */
static void damage(struct kernels_site *s, struct rng *r)
{
    struct net_node *node = &s->g->node[0];
    struct net_attr *a = &node->attr;
    int32_t *const ints[] = { a->kernel, a->stride, a->dilation, a->pad, a->output_pad, a->axes, a->dims, a->begin, a->end, a->step };
    static const int n[] = { 2, 2, 2, 4, 2, 6, 6, 6, 6, 6 };
    static const float floats[] = { 0, -1, 1, 1e-44f, 1e30f, INFINITY, -INFINITY, NAN };
    struct net_tensor *t;
    int32_t *at;
    uint32_t k;

    switch (rng_below(r, 12)) {
    case 0: case 1: case 2: case 3:
        k = rng_below(r, COUNT_OF(ints));
        at = ints[k] + rng_below(r, (uint32_t)n[k]);
        *at = strange(r, *at);
        break;
    case 4: a->groups = strange(r, a->groups); a->heads = strange(r, a->heads); break;
    case 5: a->kind = strange(r, a->kind); a->mode = strange(r, a->mode); a->coords = strange(r, 0); break;
    case 6: a->axes_n = strange(r, a->axes_n); break;
    case 7: a->dims_n = strange(r, a->dims_n); break;
    case 8: *(rng_below(r, 2) ? &a->eps : rng_below(r, 2) ? &a->out_scale : rng_below(r, 2) ? &a->scale[0] : &a->value) = floats[rng_below(r, COUNT_OF(floats))]; break;
    case 9: node->in[rng_below(r, NET_IN_MAX)] = strange(r, 0); break;
    case 10: node->in_n = strange(r, node->in_n); break;
    default:
        t = &s->g->tensor[rng_below(r, (uint32_t)s->g->tensors_n)];
        if (t->data)
            break;
        if (rng_below(r, 3) == 0)
            t->type = (enum net_type)rng_below(r, NET_TYPE_COUNT + 1);
        else if (rng_below(r, 3) == 0)
            t->shape.rank = strange(r, t->shape.rank);
        else
            t->shape.d[rng_below(r, NET_RANK_MAX)] = strange(r, 3);
    }
}

static void damage_is_refused_or_runs(void **state)
{
    struct rng r = rng_seed(support_seed(), "damage");
    int refused = 0, ran = 0;

    (void)state;
    for (int i = 0; i < 6000; i++) {
        struct kernels_site s;
        struct trundle_error err = { 0 };
        char text[512];
        assert_true(kernels_site_make(&s, (enum net_op)rng_below(&r, NET_OP_COUNT), NULL, 1000, &r));
        for (int k = 0; k < NET_IN_MAX; k++) {
            free(s.in[k]);
            s.in[k] = NULL;
        }
        damage(&s, &r);
        if (rng_below(&r, 2))
            damage(&s, &r);
        if (net_graph_infer(s.g, 1, &err) != TRUNDLE_OK) {
            assert_true(err.what[0] && err.where[0]);
            refused++;
            kernels_site_free(&s);
            continue;
        }
        const struct net_node *node = &s.g->node[0];
        int64_t work = net_shape_elements(&s.g->tensor[node->out].shape) + net_node_macs(s.g, node);
        s.site = (struct net_site){ .node = node, .in_n = node->in_n, .out = &s.g->tensor[node->out] };
        for (int k = 0; k < node->in_n; k++)
            if (node->in[k] >= 0) {
                s.site.in[k] = &s.g->tensor[node->in[k]];
                work += net_shape_elements(&s.site.in[k]->shape);
            }
        if (node->op == NET_POOL)
            work *= node->attr.kernel[0] > 0 ? (int64_t)node->attr.kernel[0] * node->attr.kernel[1] : 1;
        if (work < 1000000 && work > 0) {
            for (int k = 0; k < node->in_n; k++) {
                size_t bytes = s.site.in[k] ? net_tensor_bytes(s.site.in[k]) : 0;
                if (!s.site.in[k])
                    continue;
                s.in[k] = aligned_alloc(64, (bytes + 127) / 64 * 64);
                assert_non_null(s.in[k]);
                memset(s.in[k], 0x41, (bytes + 127) / 64 * 64);
                if (s.site.in[k]->data)
                    memcpy(s.in[k], s.site.in[k]->data, bytes);
            }
            size_t bytes = net_tensor_bytes(s.site.out) + 64;
            void *out = malloc(bytes), *same = malloc(bytes);
            assert_non_null(out);
            assert_non_null(same);
            assert_null(kernels_run(net_kernel_ref(node->op), &s, 1, out));
            assert_null(kernels_run(net_kernel_default(&s.site, net_isa_here()), &s, 2, same));
            if (kernels_difference(s.site.out, same, out) > 0)
                fail_msg("%s differs on %s", net_kernel_default(&s.site, net_isa_here())->name, kernels_site_text(&s, text));
            free(out);
            free(same);
            ran++;
        }
        kernels_site_free(&s);
    }
    printf("# %d refused, %d ran\n", refused, ran);
    assert_true(refused > 500 && ran > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(wrong_graphs_are_refused), cmocka_unit_test(order_and_cycles), cmocka_unit_test(damage_is_refused_or_runs) };

    return support_run(tests);
}
