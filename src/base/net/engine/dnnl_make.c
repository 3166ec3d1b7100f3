/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/dnnl_make - from a node to a oneDNN primitive. oneDNN's dimensions are N C H W in order; that ours lie channels
 * last is said by strides.
 */
#include "base/net/engine/dnnl_inside.h"

#include <math.h>

static void *reading(const void *p)
{
    return (void *)(uintptr_t)p;   /* oneDNN's memory has one pointer for reading and writing */
}

dnnl_data_type_t dnnl_type_of(enum net_type type)
{
    switch (type) {
    case NET_F32: return dnnl_f32;
    case NET_U8: return dnnl_u8;
    case NET_I8: return dnnl_s8;
    case NET_I32: return dnnl_s32;
    default: return dnnl_data_type_undef;
    }
}

/* N H W C becomes N C H W. */
static void dims_of(const struct net_tensor *t, dnnl_dims_t dims, dnnl_dims_t strides)
{
    dnnl_dim_t step = 1;
    int rank = t->shape.rank;
    for (int i = rank - 1; i >= 0; i--) {
        int at = rank != 4 || i == 0 ? i : i == 3 ? 1 : i + 1;
        dims[at] = t->shape.d[i];
        strides[at] = step;
        step *= t->shape.d[i];
    }
}

bool dnnl_plain(const struct net_tensor *t, shim_md *out)
{
    dnnl_dims_t dims, strides;
    dims_of(t, dims, strides);
    return t->shape.rank > 0 && shim_md_strided(out, t->shape.rank, dims, dnnl_type_of(t->type), strides);
}

/* What a primitive is asked for. */
static bool wanted(const struct net_tensor *t, const struct dnnl_mode *mode, shim_md *out)
{
    dnnl_dims_t dims, strides;
    bool image = t->shape.rank == 4;
    if (!image || mode->format == DNNL_PLAIN || t->type != NET_F32)   /* int8 is channels last in oneDNN too */
        return dnnl_plain(t, out);
    dims_of(t, dims, strides);
    if (mode->format == DNNL_ANY)
        return shim_md_tag(out, 4, dims, dnnl_f32, dnnl_format_tag_any);
    if (t->shape.d[3] % mode->block != 0)
        return dnnl_plain(t, out);
    return shim_md_tag(out, 4, dims, dnnl_f32, mode->block == 16 ? dnnl_aBcd16b : dnnl_aBcd8b);
}

bool dnnl_reorder_now(const shim_md *from, const void *data, const shim_md *to, void *out)
{
    dnnl_engine_t engine = dnnl_here();
    dnnl_primitive_desc_t pd = shim_reorder_pd(engine, NULL, from, to);
    dnnl_primitive_t primitive = NULL;
    dnnl_memory_t a = NULL, b = NULL;
    dnnl_stream_t stream = NULL;
    bool ok = pd && dnnl_primitive_create(&primitive, pd) == dnnl_success && shim_memory(&a, from, engine, reading(data)) == dnnl_success &&
              shim_memory(&b, to, engine, out) == dnnl_success && dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success;
    if (ok) {
        dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, a }, { DNNL_ARG_TO, b } };
        ok = dnnl_primitive_execute(primitive, stream, 2, args) == dnnl_success && dnnl_stream_wait(stream) == dnnl_success;
    }
    if (stream)
        (void)dnnl_stream_destroy(stream);
    if (a)
        (void)dnnl_memory_destroy(a);
    if (b)
        (void)dnnl_memory_destroy(b);
    if (primitive)
        (void)dnnl_primitive_destroy(primitive);
    if (pd)
        (void)dnnl_primitive_desc_destroy(pd);
    return ok;
}

void dnnl_made_done(struct dnnl_made *m)
{
    if (m->pd)
        (void)dnnl_primitive_desc_destroy(m->pd);
    for (int i = 0; i < m->in_n; i++)
        shim_md_free(&m->src[i]);
    shim_md_free(&m->dst);
    for (int i = 0; i < m->constants_n; i++) {
        shim_md_free(&m->constant[i].md);
        free(m->constant[i].data);
    }
    memset(m, 0, sizeof *m);
}

static void *block(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (p)
        memset(p, 0, (bytes + 127) / 64 * 64);
    return p;
}

/* By way of `way`: some formats (Winograd's) are made of oneDNN's own order of dimensions only. */
static bool reorder_by_way(const shim_md *from, const void *data, const shim_md *way, const shim_md *to, void *out)
{
    if (dnnl_reorder_now(from, data, to, out))
        return true;
    void *between = way ? block(shim_md_bytes(way)) : NULL;
    bool ok = between && dnnl_reorder_now(from, data, way, between) && dnnl_reorder_now(way, between, to, out);
    free(between);
    return ok;
}

/* Adds a constant: `data` lies as `from` says, and is reordered when `to` is another format. */
static bool add_constant(struct dnnl_made *m, int which, const shim_md *from, const void *data, const shim_md *way, const shim_md *to)
{
    if (m->constants_n == (int)(sizeof m->constant / sizeof m->constant[0]))
        return false;
    void *at = block(shim_md_bytes(to));
    if (!at)
        return false;
    bool ok = reorder_by_way(from, data, way, to, at) && shim_md_copy(&m->constant[m->constants_n].md, to);
    if (!ok) {
        free(at);
        return false;
    }
    m->constant[m->constants_n].which = which;
    m->constant[m->constants_n++].data = at;
    return true;
}

static bool add_vector(struct dnnl_made *m, int which, const void *data, int n, bool integer)
{
    shim_md md = { 0 };
    bool ok = shim_md_strided(&md, 1, (dnnl_dims_t){ n }, integer ? dnnl_s32 : dnnl_f32, (dnnl_dims_t){ 1 }) && add_constant(m, which, &md, data, NULL, &md);
    shim_md_free(&md);
    return ok;
}

/* Which function, and whether it may be computed in units of the stored value (it scales with its argument). False: oneDNN has none. */
static bool activation(const struct net_attr *a, float unit, dnnl_alg_kind_t *out, float *alpha, float *beta)
{
    *alpha = *beta = 0;
    switch (a->act) {
    case NET_ACT_RELU: *out = dnnl_eltwise_relu; return true;
    case NET_ACT_LEAKY_RELU: *out = dnnl_eltwise_relu; *alpha = a->alpha; return true;
    case NET_ACT_CLIP: *out = dnnl_eltwise_clip; *alpha = a->alpha / unit; *beta = a->beta / unit; return true;
    case NET_ACT_SIGMOID: *out = dnnl_eltwise_logistic; return true;
    case NET_ACT_TANH: *out = dnnl_eltwise_tanh; return true;
    case NET_ACT_SILU: *out = dnnl_eltwise_swish; *alpha = 1; return true;
    case NET_ACT_HARD_SWISH: *out = dnnl_eltwise_hardswish; *alpha = 1.0f / 6; *beta = 0.5f; return true;
    case NET_ACT_GELU: *out = dnnl_eltwise_gelu_erf; return true;
    case NET_ACT_GELU_TANH: *out = dnnl_eltwise_gelu_tanh; return true;
    case NET_ACT_ELU: *out = dnnl_eltwise_elu; *alpha = a->alpha; return true;
    case NET_ACT_ABS: *out = dnnl_eltwise_abs; return true;
    case NET_ACT_EXP: *out = dnnl_eltwise_exp; return true;
    default: return false;
    }
}

static bool scales_along(enum net_act act)
{
    return act == NET_ACT_IDENTITY || act == NET_ACT_RELU || act == NET_ACT_LEAKY_RELU || act == NET_ACT_CLIP;
}

static const struct net_tensor *input(const struct net_graph *g, const struct net_node *node, int k)
{
    return k < node->in_n && node->in[k] >= 0 ? &g->tensor[node->in[k]] : NULL;
}

/* An input that every node of its kind has. */
static const struct net_tensor *needed(const struct net_graph *g, const struct net_node *node, int k)
{
    return &g->tensor[node->in[k]];
}

/* vpmaddubsw: two products of u8 and i8 in 16 bits, saturated. */
static bool pairs_fit(const struct net_tensor *w)
{
    for (int64_t i = 0; i < net_shape_elements(&w->shape); i++)
        if (((const int8_t *)w->data)[i] > 64 || ((const int8_t *)w->data)[i] < -64)
            return false;
    return true;
}

static bool quant_of(const struct dnnl_mode *mode, const struct net_tensor *x, const struct net_tensor *w, const struct net_tensor *out, int channels, struct shim_quant *q)
{
    memset(q, 0, sizeof *q);
    q->channels = channels;
    if (x->type == NET_F32)
        return w->type == NET_F32 && out->type == NET_F32;
    if (x->type != NET_U8 || w->type != NET_I8 || (out->type != NET_U8 && out->type != NET_F32) || x->quant.n != 1 || w->quant.n < 1 || (w->quant.n != 1 && w->quant.n != channels))
        return false;
    if (!mode->vnni && !pairs_fit(w))
        return false;
    q->on = true;
    q->in_scale = x->quant.scale[0];
    q->in_zero = x->quant.zero;
    q->w_scale = w->quant.scale;
    q->w_n = w->quant.n;
    if (out->type == NET_U8) {
        q->out_scale = out->quant.scale[0];
        q->out_zero = out->quant.zero;
    }
    return true;
}

/* Residual, activation, scales: what CONV, CONV_TRANSPOSE and MATMUL have behind them. */
static dnnl_primitive_attr_t attributes(const struct net_node *node, const struct net_tensor *residual, const struct shim_quant *q)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    bool along = scales_along(node->attr.act), ok;
    float unit = shim_unit(q, along), alpha, beta;
    dnnl_alg_kind_t function;

    if (dnnl_primitive_attr_create(&attr) != dnnl_success)
        return NULL;
    ok = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) == dnnl_success && dnnl_post_ops_create(&ops) == dnnl_success;
    if (ok && residual) {
        float scale = residual->type == NET_U8 ? residual->quant.scale[0] : 1;
        ok = shim_post_sum(ops, scale / unit, residual->type == NET_U8 ? residual->quant.zero : 0, dnnl_type_of(residual->type)) == dnnl_success;
    }
    if (ok && node->attr.act != NET_ACT_IDENTITY)
        ok = activation(&node->attr, unit, &function, &alpha, &beta) && shim_post_eltwise(ops, function, alpha, beta) == dnnl_success;
    ok = ok && shim_quant_attr(attr, ops, q, along) && dnnl_primitive_attr_set_post_ops(attr, ops) == dnnl_success;
    if (ops)
        (void)dnnl_post_ops_destroy(ops);
    if (!ok) {
        (void)dnnl_primitive_attr_destroy(attr);
        return NULL;
    }
    return attr;
}

/* Weights and bias of a made primitive. */
static bool add_weights(struct dnnl_made *m, const shim_md *stored, const shim_md *way, const struct net_tensor *w, const struct net_tensor *bias, const struct shim_quant *q, bool matrix)
{
    shim_md want = { 0 };
    bool ok = shim_pd_md(&want, m->pd, dnnl_query_weights_md, 0) && add_constant(m, DNNL_ARG_WEIGHTS, stored, w->data, way, &want);
    shim_md_free(&want);
    if (ok && bias) {
        float *values = malloc((size_t)q->channels * sizeof *values);
        ok = values != NULL;
        for (int o = 0; ok && o < q->channels; o++)
            values[o] = shim_quant_bias(q, ((const float *)bias->data)[o], o);
        shim_md md = { 0 };
        ok = ok && (matrix ? shim_md_strided(&md, 2, (dnnl_dims_t){ 1, q->channels }, dnnl_f32, (dnnl_dims_t){ q->channels, 1 })
                           : shim_md_strided(&md, 1, (dnnl_dims_t){ q->channels }, dnnl_f32, (dnnl_dims_t){ 1 })) &&
             add_constant(m, DNNL_ARG_BIAS, &md, values, NULL, &md);
        shim_md_free(&md);
        free(values);
    }
    int which, n;
    const void *value;
    bool integer;
    for (int i = 0; ok && shim_quant_extra(q, i, &which, &value, &n, &integer); i++)
        ok = add_vector(m, which, value, n, integer);
    return ok;
}

static bool make_conv(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, bool with_constants, struct dnnl_made *m)
{
    const struct net_tensor *x = needed(g, node, 0), *w = needed(g, node, 1), *bias = input(g, node, 2), *residual = input(g, node, 3), *y = &g->tensor[node->out];
    const struct net_attr *a = &node->attr;
    bool transposed = node->op == NET_CONV_TRANSPOSE;
    int64_t groups = a->groups, kh = w->shape.d[1], kw = w->shape.d[2], c = x->shape.d[3], o = y->shape.d[3], ci = c / groups, oi = o / groups;
    struct shim_quant q;
    if (transposed)
        residual = NULL;
    if (!w->data || (bias && !bias->data) || !quant_of(mode, x, w, y, (int)o, &q) || (transposed && q.on) || (residual && (residual->data || residual->type != y->type)))
        return false;
    q.w_mask = q.w_n == 1 ? 0 : groups > 1 ? 3 : 1;

    struct shim_window win = { .stride = { a->stride[0], a->stride[1] }, .dilate = { a->dilation[0] - 1, a->dilation[1] - 1 }, .pad_l = { a->pad[0], a->pad[1] } };
    for (int i = 0; i < 2; i++) {
        int64_t k = (w->shape.d[1 + i] - 1) * (int64_t)a->dilation[i] + 1, in = x->shape.d[1 + i], out = y->shape.d[1 + i];
        win.pad_r[i] = transposed ? (in - 1) * a->stride[i] + k - out - win.pad_l[i] : (out - 1) * a->stride[i] + k - in - win.pad_l[i];
    }
    /* Ours: [O, KH, KW, C/groups]; transposed: [C, KH, KW, O/groups]. Theirs: groups? O I H W. */
    dnnl_dims_t dims, strides;
    int64_t inner = transposed ? oi : ci;
    int n = 0;
    if (groups > 1) {
        dims[n] = groups;
        strides[n++] = (transposed ? ci : oi) * kh * kw * inner;
    }
    dims[n] = oi, strides[n++] = transposed ? 1 : kh * kw * inner;
    dims[n] = ci, strides[n++] = transposed ? kh * kw * inner : 1;
    dims[n] = kh, strides[n++] = kw * inner;
    dims[n] = kw, strides[n++] = inner;

    shim_md stored = { 0 }, way = { 0 }, any = { 0 }, b = { 0 }, src = { 0 }, dst = { 0 };
    dnnl_primitive_attr_t attr = attributes(node, residual, &q);
    bool ok = attr && shim_md_tag(&way, n, dims, dnnl_type_of(w->type), n == 5 ? dnnl_abcde : dnnl_abcd) && shim_md_strided(&stored, n, dims, dnnl_type_of(w->type), strides) && shim_md_tag(&any, n, dims, dnnl_type_of(w->type), dnnl_format_tag_any) &&
              wanted(x, mode, &src) && wanted(y, mode, &dst) && (!bias || shim_md_strided(&b, 1, (dnnl_dims_t){ o }, dnnl_f32, (dnnl_dims_t){ 1 }));
    if (ok) {
        dnnl_alg_kind_t direct = transposed ? dnnl_deconvolution_direct : dnnl_convolution_direct;
        bool worth = mode->winograd && !transposed && !q.on && kh == 3 && kw == 3 && a->stride[0] == 1 && a->stride[1] == 1 && groups == 1 && ci >= 16 && o >= 16;
        if (worth)
            m->pd = shim_conv_pd(dnnl_here(), attr, dnnl_convolution_winograd, false, &src, &any, bias ? &b : NULL, &dst, &win);
        if (!m->pd)
            m->pd = shim_conv_pd(dnnl_here(), attr, direct, transposed, &src, &any, bias ? &b : NULL, &dst, &win);
    }
    if (m->pd) {
        m->in_n = 1;
        m->in[0] = node->in[0];
        m->which[0] = DNNL_ARG_SRC;
        m->residual = residual ? node->in[3] : -1;
        ok = shim_pd_md(&m->src[0], m->pd, dnnl_query_src_md, 0) && shim_pd_md(&m->dst, m->pd, dnnl_query_dst_md, 0) &&
             (!with_constants || add_weights(m, &stored, &way, w, bias, &q, false));
    }
    shim_md_free(&stored);
    shim_md_free(&way);
    shim_md_free(&any);
    shim_md_free(&b);
    shim_md_free(&src);
    shim_md_free(&dst);
    if (attr)
        (void)dnnl_primitive_attr_destroy(attr);
    return ok && m->pd;
}

/* A linear layer: constant matrix. */
static bool make_linear(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, bool with_constants, struct dnnl_made *m)
{
    const struct net_tensor *x = needed(g, node, 0), *w = needed(g, node, 1), *bias = input(g, node, 2), *residual = input(g, node, 3), *y = &g->tensor[node->out];
    struct shim_quant q;
    if (!w->data || w->shape.rank != 2 || x->data || (bias && !bias->data) || x->shape.rank != 2 || (residual && (residual->data || residual->type != y->type)))
        return false;
    int64_t rows = x->shape.d[0], k = x->shape.d[1], n = y->shape.d[1];
    if (!quant_of(mode, x, w, y, (int)n, &q))
        return false;
    q.w_mask = q.w_n == 1 ? 0 : 2;
    shim_md src = { 0 }, stored = { 0 }, any = { 0 }, b = { 0 }, dst = { 0 };
    dnnl_primitive_attr_t attr = attributes(node, residual, &q);
    bool ok = attr && shim_md_strided(&src, 2, (dnnl_dims_t){ rows, k }, dnnl_type_of(x->type), (dnnl_dims_t){ k, 1 }) &&
              shim_md_strided(&dst, 2, (dnnl_dims_t){ rows, n }, dnnl_type_of(y->type), (dnnl_dims_t){ n, 1 }) &&
              shim_md_strided(&stored, 2, (dnnl_dims_t){ k, n }, dnnl_type_of(w->type), node->attr.flip_b ? (dnnl_dims_t){ 1, k } : (dnnl_dims_t){ n, 1 }) &&
              shim_md_tag(&any, 2, (dnnl_dims_t){ k, n }, dnnl_type_of(w->type), dnnl_format_tag_any) &&
              (!bias || shim_md_strided(&b, 2, (dnnl_dims_t){ 1, n }, dnnl_f32, (dnnl_dims_t){ n, 1 }));
    if (ok)
        m->pd = shim_matmul_pd(dnnl_here(), attr, &src, &any, bias ? &b : NULL, &dst);
    if (m->pd) {
        m->in_n = 1;
        m->in[0] = node->in[0];
        m->which[0] = DNNL_ARG_SRC;
        m->residual = residual ? node->in[3] : -1;
        ok = shim_pd_md(&m->src[0], m->pd, dnnl_query_src_md, 0) && shim_pd_md(&m->dst, m->pd, dnnl_query_dst_md, 0) &&
             (!with_constants || add_weights(m, &stored, NULL, w, bias, &q, true));
    }
    shim_md_free(&src);
    shim_md_free(&stored);
    shim_md_free(&any);
    shim_md_free(&b);
    shim_md_free(&dst);
    if (attr)
        (void)dnnl_primitive_attr_destroy(attr);
    return ok && m->pd;
}

static bool same_quant(const struct net_tensor *a, const struct net_tensor *b)
{
    if (a->type != b->type)
        return false;
    return a->type == NET_F32 || (a->type == NET_U8 && a->quant.n == 1 && b->quant.n == 1 && a->quant.scale[0] == b->quant.scale[0] && a->quant.zero == b->quant.zero);
}

/* Scratch memory is ours, and there may be an activation. */
static dnnl_primitive_attr_t plain_attributes(const struct net_attr *a)
{
    struct net_node node = { .attr = *a };
    struct shim_quant none = { .on = false };
    return attributes(&node, NULL, &none);
}

static bool make_pool(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, dnnl_primitive_attr_t attr, struct dnnl_made *m)
{
    const struct net_tensor *x = needed(g, node, 0), *y = &g->tensor[node->out];
    const struct net_attr *a = &node->attr;
    bool whole = a->kernel[0] == 0;
    struct shim_window win = { .dilate = { 0 } };
    for (int i = 0; i < 2; i++) {
        win.kernel[i] = whole ? x->shape.d[1 + i] : a->kernel[i];
        win.stride[i] = whole ? 1 : a->stride[i];
        win.dilate[i] = a->dilation[i] - 1;
        win.pad_l[i] = whole ? 0 : a->pad[i];
        win.pad_r[i] = whole ? 0 : (y->shape.d[1 + i] - 1) * win.stride[i] + (win.kernel[i] - 1) * a->dilation[i] + 1 - x->shape.d[1 + i] - win.pad_l[i];
    }
    if (a->kind == NET_POOL_AVERAGE && a->ceil_ && !whole)      /* who counts what lies past the padding differs */
        return false;
    dnnl_alg_kind_t kind = a->kind == NET_POOL_MAX ? dnnl_pooling_max : a->count_pad ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding;
    shim_md src = { 0 }, dst = { 0 };
    /* A pool reads what is there: it does not choose a format of its own. */
    const struct dnnl_mode lies = { mode->format == DNNL_ANY ? DNNL_BLOCKED : mode->format, false, mode->block, mode->vnni };
    if (wanted(x, &lies, &src) && wanted(y, &lies, &dst))
        m->pd = shim_pool_pd(dnnl_here(), attr, kind, &src, &dst, &win);
    shim_md_free(&src);
    shim_md_free(&dst);
    return m->pd != NULL;
}

static bool make_resize(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, dnnl_primitive_attr_t attr, struct dnnl_made *m)
{
    const struct net_tensor *x = needed(g, node, 0), *y = &g->tensor[node->out];
    const struct net_attr *a = &node->attr;
    float factor[2];
    if (a->mode != NET_NEAREST || !((a->coords == NET_ASYMMETRIC && a->nearest == NET_FLOOR) || (a->coords == NET_HALF_PIXEL && a->nearest != NET_FLOOR && a->nearest != NET_CEIL)))
        return false;
    for (int i = 0; i < 2; i++) {          /* whole factors: both ways of counting name the same pixel */
        if (y->shape.d[1 + i] % x->shape.d[1 + i] != 0)
            return false;
        factor[i] = (float)(y->shape.d[1 + i] / x->shape.d[1 + i]);
    }
    shim_md src = { 0 }, dst = { 0 };
    const struct dnnl_mode lies = { mode->format == DNNL_ANY ? DNNL_BLOCKED : mode->format, false, mode->block, mode->vnni };
    if (wanted(x, &lies, &src) && wanted(y, &lies, &dst))
        m->pd = shim_resize_pd(dnnl_here(), attr, dnnl_resampling_nearest, factor, &src, &dst);
    shim_md_free(&src);
    shim_md_free(&dst);
    return m->pd != NULL;
}

static bool make_concat(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, dnnl_primitive_attr_t attr, struct dnnl_made *m)
{
    const struct net_tensor *y = &g->tensor[node->out];
    int axis = node->attr.axes[0], rank = y->shape.rank;
    bool blocks = true, ok = true;
    if (rank == 4)
        axis = axis == 0 ? 0 : axis == 3 ? 1 : axis + 1;
    for (int i = 0; i < node->in_n; i++) {
        const struct net_tensor *x = needed(g, node, i);
        if (x->data || !same_quant(x, y))
            return false;
        blocks = blocks && rank == 4 && x->shape.d[3] % mode->block == 0;
    }
    const struct dnnl_mode lies = { mode->format != DNNL_PLAIN && blocks ? DNNL_BLOCKED : DNNL_PLAIN, false, mode->block, mode->vnni };
    for (int i = 0; i < node->in_n && ok; i++) {
        ok = wanted(needed(g, node, i), &lies, &m->src[i]);
        m->in[i] = node->in[i];
        m->which[i] = DNNL_ARG_MULTIPLE_SRC + i;
        m->in_n = i + 1;
    }
    ok = ok && wanted(y, &lies, &m->dst);
    if (ok)
        m->pd = shim_concat_pd(dnnl_here(), attr, axis, node->in_n, m->src, &m->dst);
    return m->pd != NULL;
}

static bool make_binary(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, dnnl_primitive_attr_t attr, struct dnnl_made *m)
{
    const struct net_tensor *a = needed(g, node, 0), *b = needed(g, node, 1), *y = &g->tensor[node->out];
    if (a->data || b->data || a->type != NET_F32 || y->type != NET_F32 || !net_shape_equal(&a->shape, &b->shape) || (node->attr.kind != NET_ADD && node->attr.kind != NET_MUL))
        return false;
    const struct dnnl_mode lies = { mode->format == DNNL_ANY ? DNNL_BLOCKED : mode->format, false, mode->block, mode->vnni };
    m->in_n = 2;
    for (int i = 0; i < 2; i++) {
        m->in[i] = node->in[i];
        m->which[i] = i ? DNNL_ARG_SRC_1 : DNNL_ARG_SRC_0;
        if (!wanted(needed(g, node, i), &lies, &m->src[i]))
            return false;
    }
    if (wanted(y, &lies, &m->dst))
        m->pd = shim_binary_pd(dnnl_here(), attr, node->attr.kind == NET_ADD ? dnnl_binary_add : dnnl_binary_mul, &m->src[0], &m->src[1], &m->dst);
    return m->pd != NULL;
}

static bool make_unary(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, struct dnnl_made *m)
{
    const struct net_tensor *x = needed(g, node, 0), *y = &g->tensor[node->out];
    dnnl_alg_kind_t function;
    float alpha, beta;
    shim_md md = { 0 };
    struct net_attr none = { .act = NET_ACT_IDENTITY };
    const struct dnnl_mode lies = { mode->format == DNNL_ANY ? DNNL_BLOCKED : mode->format, false, mode->block, mode->vnni };
    if (x->type != NET_F32 || y->type != NET_F32 || !activation(&node->attr, 1, &function, &alpha, &beta) || !wanted(x, &lies, &md))
        return false;
    dnnl_primitive_attr_t attr = plain_attributes(&none);
    if (attr) {
        m->pd = shim_eltwise_pd(dnnl_here(), attr, function, alpha, beta, &md);
        (void)dnnl_primitive_attr_destroy(attr);
    }
    shim_md_free(&md);
    return m->pd != NULL;
}

bool dnnl_make(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, bool with_constants, struct dnnl_made *out)
{
    bool ok = false;
    const struct net_tensor *x = input(g, node, 0), *y = &g->tensor[node->out];
    memset(out, 0, sizeof *out);
    out->residual = -1;
    if (!dnnl_here() || !x || x->data || x->shape.rank < 1)
        return false;
    if (node->op == NET_CONV || node->op == NET_CONV_TRANSPOSE) {
        ok = make_conv(g, node, mode, with_constants, out);
    } else if (node->op == NET_MATMUL) {
        ok = make_linear(g, node, mode, with_constants, out);
    } else if (node->op == NET_UNARY) {
        ok = make_unary(g, node, mode, out);
    } else if (node->op == NET_POOL || node->op == NET_RESIZE || node->op == NET_CONCAT || node->op == NET_BINARY) {
        struct net_attr none = { .act = NET_ACT_IDENTITY };
        dnnl_primitive_attr_t attr = node->op == NET_BINARY || same_quant(x, y) ? plain_attributes(node->op == NET_BINARY ? &node->attr : &none) : NULL;
        if (attr)
            ok = node->op == NET_POOL     ? make_pool(g, node, mode, attr, out)
                 : node->op == NET_RESIZE ? make_resize(g, node, mode, attr, out)
                 : node->op == NET_CONCAT ? make_concat(g, node, mode, attr, out)
                                          : make_binary(g, node, mode, attr, out);
        if (attr)
            (void)dnnl_primitive_attr_destroy(attr);
    }
    if (ok && out->in_n == 0) {            /* one input, formats as the primitive says */
        out->in_n = 1;
        out->in[0] = node->in[0];
        out->which[0] = DNNL_ARG_SRC;
        ok = shim_pd_md(&out->src[0], out->pd, dnnl_query_src_md, 0) && shim_pd_md(&out->dst, out->pd, dnnl_query_dst_md, 0);
    }
    if (!ok)
        dnnl_made_done(out);
    return ok;
}
