/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/dnnl_shim - oneDNN 2.x and 3.x as one. What differs between them stands here and nowhere else:
 *  - memory descriptors are values in 2 and objects in 3;
 *  - a primitive is made of an operation descriptor in 2, at once in 3; other implementations are found by an iterator or by the next call;
 *  - int8: 2 multiplies by one output scale after the bias, so that a bias is in units of the sum, and what follows (residual,
 *    activation) in units of the stored value; 3 takes the scales of input, weights and output apart, and all between is real.
 *    Callers give real units always (struct shim_quant).
 * Every shim_*_pd gives the first implementation that is none of oneDNN's references and that can be made, or NULL when there is none.
 */
#pragma once

#include <dnnl.h>
#include <dnnl_version.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef dnnl_memory_desc_t shim_md;       /* zeroed: none */

#if DNNL_VERSION_MAJOR >= 3
#define SHIM_MD(md) (*(md))
#else
#define SHIM_MD(md) (md)
#endif

static inline void shim_md_free(shim_md *md)
{
#if DNNL_VERSION_MAJOR >= 3
    if (*md)
        (void)dnnl_memory_desc_destroy(*md);
#endif
    memset(md, 0, sizeof *md);
}

static inline bool shim_md_copy(shim_md *out, const shim_md *md)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_clone(out, *md) == dnnl_success;
#else
    *out = *md;
    return true;
#endif
}

static inline bool shim_md_strided(shim_md *out, int n, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_create_with_strides(out, n, dims, type, strides) == dnnl_success;
#else
    return dnnl_memory_desc_init_by_strides(out, n, dims, type, strides) == dnnl_success;
#endif
}

static inline bool shim_md_tag(shim_md *out, int n, const dnnl_dims_t dims, dnnl_data_type_t type, dnnl_format_tag_t tag)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_create_with_tag(out, n, dims, type, tag) == dnnl_success;
#else
    return dnnl_memory_desc_init_by_tag(out, n, dims, type, tag) == dnnl_success;
#endif
}

static inline bool shim_md_equal(const shim_md *a, const shim_md *b)
{
    return dnnl_memory_desc_equal(SHIM_MD(a), SHIM_MD(b)) != 0;
}

static inline size_t shim_md_bytes(const shim_md *md)
{
    return dnnl_memory_desc_get_size(SHIM_MD(md));
}

static inline dnnl_status_t shim_memory(dnnl_memory_t *out, const shim_md *md, dnnl_engine_t engine, void *at)
{
    return dnnl_memory_create(out, SHIM_MD(md), engine, at);
}

/* The descriptor that the primitive wants of `what` (dnnl_query_src_md ...). */
static inline bool shim_pd_md(shim_md *out, const_dnnl_primitive_desc_t pd, dnnl_query_t what, int index)
{
#if DNNL_VERSION_MAJOR >= 3
    const_dnnl_memory_desc_t md = dnnl_primitive_desc_query_md(pd, what, index);
    return md && dnnl_memory_desc_clone(out, md) == dnnl_success;
#else
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, what, index);
    if (md)
        *out = *md;
    return md != NULL;
#endif
}

static inline const char *shim_name(const_dnnl_primitive_desc_t pd)
{
    const char *name = NULL;
    if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name) != dnnl_success || !name)
        return "?";
    return name;
}

static inline bool shim_is_reference(const char *name)
{
    return strncmp(name, "ref", 3) == 0 || strstr(name, ":ref") != NULL;
}

/* Descriptors are given for which no primitive can then be made (2.6: Winograd of small pictures, grouped int8). What is made
 * here stays in oneDNN's cache of primitives. */
static inline bool shim_works(const_dnnl_primitive_desc_t pd)
{
    dnnl_primitive_t primitive = NULL;
    if (shim_is_reference(shim_name(pd)) || dnnl_primitive_create(&primitive, pd) != dnnl_success)
        return false;
    (void)dnnl_primitive_destroy(primitive);
    return true;
}

/* ---- one primitive descriptor of each kind ---- */

#if DNNL_VERSION_MAJOR >= 3
static inline dnnl_primitive_desc_t shim_best(dnnl_primitive_desc_t pd)
{
    while (pd && !shim_works(pd))
        if (dnnl_primitive_desc_next_impl(pd) != dnnl_success) {
            (void)dnnl_primitive_desc_destroy(pd);
            pd = NULL;
        }
    return pd;
}
#else
static inline dnnl_primitive_desc_t shim_best(const_dnnl_op_desc_t desc, const_dnnl_primitive_attr_t attr, dnnl_engine_t engine)
{
    dnnl_primitive_desc_iterator_t it = NULL;
    dnnl_primitive_desc_t pd = NULL;

    if (dnnl_primitive_desc_iterator_create(&it, desc, attr, engine, NULL) != dnnl_success)
        return NULL;
    do {
        pd = dnnl_primitive_desc_iterator_fetch(it);
        if (pd && shim_works(pd))
            break;
        if (pd)
            (void)dnnl_primitive_desc_destroy(pd);
        pd = NULL;
    } while (dnnl_primitive_desc_iterator_next(it) == dnnl_success);
    (void)dnnl_primitive_desc_iterator_destroy(it);
    return pd;
}
#endif

struct shim_window {
    dnnl_dims_t kernel, stride, dilate, pad_l, pad_r;      /* dilate: 0 is none */
};

/* `bias` NULL: none. */
static inline dnnl_primitive_desc_t shim_conv_pd(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, dnnl_alg_kind_t algorithm, bool transposed, const shim_md *src,
                                                 const shim_md *weights, const shim_md *bias, const shim_md *dst, const struct shim_window *w)
{
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t s = transposed ? dnnl_deconvolution_forward_primitive_desc_create(&pd, engine, dnnl_forward_inference, algorithm, *src, *weights, bias ? *bias : NULL, *dst,
                                                                                    w->stride, w->dilate, w->pad_l, w->pad_r, attr)
                                 : dnnl_convolution_forward_primitive_desc_create(&pd, engine, dnnl_forward_inference, algorithm, *src, *weights, bias ? *bias : NULL, *dst,
                                                                                  w->stride, w->dilate, w->pad_l, w->pad_r, attr);
    return s == dnnl_success ? shim_best(pd) : NULL;
#else
    dnnl_convolution_desc_t desc;
    dnnl_status_t s = transposed ? dnnl_dilated_deconvolution_forward_desc_init(&desc, dnnl_forward_inference, algorithm, src, weights, bias, dst, w->stride, w->dilate,
                                                                                w->pad_l, w->pad_r)
                                 : dnnl_dilated_convolution_forward_desc_init(&desc, dnnl_forward_inference, algorithm, src, weights, bias, dst, w->stride, w->dilate,
                                                                              w->pad_l, w->pad_r);
    return s == dnnl_success ? shim_best(&desc, attr, engine) : NULL;
#endif
}

static inline dnnl_primitive_desc_t shim_matmul_pd(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, const shim_md *src, const shim_md *weights, const shim_md *bias,
                                                   const shim_md *dst)
{
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t pd = NULL;
    return dnnl_matmul_primitive_desc_create(&pd, engine, *src, *weights, bias ? *bias : NULL, *dst, attr) == dnnl_success ? shim_best(pd) : NULL;
#else
    dnnl_matmul_desc_t desc;
    return dnnl_matmul_desc_init(&desc, src, weights, bias, dst) == dnnl_success ? shim_best(&desc, attr, engine) : NULL;
#endif
}

static inline dnnl_primitive_desc_t shim_pool_pd(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, dnnl_alg_kind_t algorithm, const shim_md *src, const shim_md *dst,
                                                 const struct shim_window *w)
{
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t pd = NULL;
    return dnnl_pooling_forward_primitive_desc_create(&pd, engine, dnnl_forward_inference, algorithm, *src, *dst, w->stride, w->kernel, w->dilate, w->pad_l, w->pad_r, attr) ==
                   dnnl_success
               ? shim_best(pd)
               : NULL;
#else
    dnnl_pooling_v2_desc_t desc;
    return dnnl_pooling_v2_forward_desc_init(&desc, dnnl_forward_inference, algorithm, src, dst, w->stride, w->kernel, w->dilate, w->pad_l, w->pad_r) == dnnl_success
               ? shim_best(&desc, attr, engine)
               : NULL;
#endif
}

static inline dnnl_primitive_desc_t shim_eltwise_pd(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, dnnl_alg_kind_t algorithm, float alpha, float beta,
                                                    const shim_md *md)
{
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t pd = NULL;
    return dnnl_eltwise_forward_primitive_desc_create(&pd, engine, dnnl_forward_inference, algorithm, *md, *md, alpha, beta, attr) == dnnl_success ? shim_best(pd) : NULL;
#else
    dnnl_eltwise_desc_t desc;
    return dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_inference, algorithm, md, alpha, beta) == dnnl_success ? shim_best(&desc, attr, engine) : NULL;
#endif
}

static inline dnnl_primitive_desc_t shim_binary_pd(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, dnnl_alg_kind_t algorithm, const shim_md *a, const shim_md *b,
                                                   const shim_md *dst)
{
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t pd = NULL;
    return dnnl_binary_primitive_desc_create(&pd, engine, algorithm, *a, *b, *dst, attr) == dnnl_success ? shim_best(pd) : NULL;
#else
    dnnl_binary_desc_t desc;
    return dnnl_binary_desc_init(&desc, algorithm, a, b, dst) == dnnl_success ? shim_best(&desc, attr, engine) : NULL;
#endif
}

static inline dnnl_primitive_desc_t shim_resize_pd(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, dnnl_alg_kind_t algorithm, const float factor[2], const shim_md *src,
                                                   const shim_md *dst)
{
#if DNNL_VERSION_MAJOR >= 3
    dnnl_primitive_desc_t pd = NULL;
    return dnnl_resampling_forward_primitive_desc_create(&pd, engine, dnnl_forward_inference, algorithm, factor, *src, *dst, attr) == dnnl_success ? shim_best(pd) : NULL;
#else
    dnnl_resampling_desc_t desc;
    return dnnl_resampling_forward_desc_init(&desc, dnnl_forward_inference, algorithm, factor, src, dst) == dnnl_success ? shim_best(&desc, attr, engine) : NULL;
#endif
}

static inline dnnl_primitive_desc_t shim_reorder_pd(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, const shim_md *from, const shim_md *to)
{
    dnnl_primitive_desc_t pd = NULL;
    return dnnl_reorder_primitive_desc_create(&pd, SHIM_MD(from), engine, SHIM_MD(to), engine, attr) == dnnl_success ? pd : NULL;
}

/* `src`: n descriptors. */
static inline dnnl_primitive_desc_t shim_concat_pd(dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, int axis, int n, const shim_md *src, const shim_md *dst)
{
    dnnl_primitive_desc_t pd = NULL;
#if DNNL_VERSION_MAJOR >= 3
    const_dnnl_memory_desc_t list[16];
    for (int i = 0; i < n && i < 16; i++)
        list[i] = src[i];
    if (n > 16 || dnnl_concat_primitive_desc_create(&pd, engine, *dst, n, axis, list, attr) != dnnl_success)
        return NULL;
#else
    if (dnnl_concat_primitive_desc_create(&pd, dst, n, axis, src, attr, engine) != dnnl_success)
        return NULL;
#endif
    if (!shim_works(pd)) {
        (void)dnnl_primitive_desc_destroy(pd);
        return NULL;
    }
    return pd;
}

/* ---- int8 ---- */

struct shim_quant {
    bool  on;
    float in_scale;
    int32_t in_zero;
    const float *w_scale;          /* one, or one for each output channel */
    int   w_n, channels, w_mask;   /* w_mask: the weights' dimensions that w_scale runs along (3.x) */
    float out_scale;               /* 0: the output is f32 */
    int32_t out_zero;
};

/* In what units post operations work. */
static inline float shim_unit(const struct shim_quant *q, bool activation_scales)
{
#if DNNL_VERSION_MAJOR >= 3
    (void)q;
    (void)activation_scales;
    return 1;
#else
    return q->on && q->out_scale > 0 && activation_scales ? q->out_scale : 1;
#endif
}

static inline dnnl_status_t shim_post_sum(dnnl_post_ops_t ops, float scale, int32_t zero, dnnl_data_type_t type)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_post_ops_append_sum(ops, scale, zero, type);
#else
    return zero ? dnnl_post_ops_append_sum_v3(ops, scale, zero, type) : dnnl_post_ops_append_sum_v2(ops, scale, type);
#endif
}

static inline dnnl_status_t shim_post_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t algorithm, float alpha, float beta)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_post_ops_append_eltwise(ops, algorithm, alpha, beta);
#else
    return dnnl_post_ops_append_eltwise(ops, 1.0f, algorithm, alpha, beta);
#endif
}

/* Call after the sum and the activation, whose units were shim_unit(q, activation_scales). */
static inline bool shim_quant_attr(dnnl_primitive_attr_t attr, dnnl_post_ops_t ops, const struct shim_quant *q, bool activation_scales)
{
    if (!q->on)
        return true;
    bool ok = true;
#if DNNL_VERSION_MAJOR >= 3
    (void)ops;
    (void)activation_scales;
    ok = ok && dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_SRC, 0) == dnnl_success;
    ok = ok && dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_WEIGHTS, q->w_mask) == dnnl_success;
    if (q->out_scale > 0)
        ok = ok && dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_DST, 0) == dnnl_success;
    if (q->in_zero)
        ok = ok && dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_SRC, 0) == dnnl_success;
    if (q->out_scale > 0 && q->out_zero)
        ok = ok && dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_DST, 0) == dnnl_success;
#else
    float *scale = malloc((size_t)q->channels * sizeof *scale), unit = shim_unit(q, activation_scales);
    if (!scale)
        return false;
    for (int i = 0; i < q->channels; i++)
        scale[i] = q->in_scale * q->w_scale[q->w_n == 1 ? 0 : i] / unit;
    ok = dnnl_primitive_attr_set_output_scales(attr, q->channels, 1 << 1, scale) == dnnl_success;
    free(scale);
    if (q->out_scale > 0 && !activation_scales)
        ok = ok && dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_linear, 1 / q->out_scale, 0) == dnnl_success;
    if (q->in_zero)
        ok = ok && dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_SRC, 1, 0, &q->in_zero) == dnnl_success;
    if (q->out_scale > 0 && q->out_zero)
        ok = ok && dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_DST, 1, 0, &q->out_zero) == dnnl_success;
#endif
    return ok;
}

/* A real bias of channel o as the primitive wants it. */
static inline float shim_quant_bias(const struct shim_quant *q, float bias, int o)
{
#if DNNL_VERSION_MAJOR >= 3
    (void)q;
    (void)o;
    return bias;
#else
    return q->on ? bias / (q->in_scale * q->w_scale[q->w_n == 1 ? 0 : o]) : bias;
#endif
}

/* What 3.x wants beside the tensors when it runs: fills which[] and value[] (f32 or i32 as `integer` says, n of them) for i = 0, 1, ... until false. */
static inline bool shim_quant_extra(const struct shim_quant *q, int i, int *out_which, const void **out_value, int *out_n, bool *out_integer)
{
#if DNNL_VERSION_MAJOR >= 3
    const struct { bool want; int which; const void *value; int n; bool integer; } all[] = {
        { q->on, DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, &q->in_scale, 1, false },
        { q->on, DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, q->w_scale, q->w_n, false },
        { q->on && q->out_scale > 0, DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST, &q->out_scale, 1, false },
        { q->on && q->in_zero, DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, &q->in_zero, 1, true },
        { q->on && q->out_scale > 0 && q->out_zero, DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, &q->out_zero, 1, true },
    };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        if (all[k].want && i-- == 0) {
            *out_which = all[k].which;
            *out_value = all[k].value;
            *out_n = all[k].n;
            *out_integer = all[k].integer;
            return true;
        }
#else
    (void)q;
    (void)i;
    (void)out_which;
    (void)out_value;
    (void)out_n;
    (void)out_integer;
#endif
    return false;
}
