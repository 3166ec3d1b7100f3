/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The only file of the trainer that knows oneDNN. 2.x describes an operation and then asks for a primitive, 3.x asks at once. */
#include "lab/train/shim.h"

#include <dlfcn.h>
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t md_in;
#else
typedef const dnnl_memory_desc_t *md_in;
#endif

enum { FORWARD, DATA, WEIGHTS, PASSES, SIZES = 8 };

struct pass {
    dnnl_primitive_t primitive;
    dnnl_memory_t *memory;                  /* [threads][4]: the three tensors and the scratchpad */
};

struct shim_conv {
    struct shim_site site;
    int threads, sizes_n;
    dnnl_engine_t engine;
    dnnl_stream_t *stream;                  /* a thread's */
    dnnl_memory_t plain;                    /* w as the graph has it */
    dnnl_memory_t packed[PASSES];           /* of forward and data; WEIGHTS: unused */
    dnnl_memory_t *sum, *temp;              /* a thread's gradient, and the last call's */
    size_t sum_n;
    dnnl_primitive_t pack[2], unpack;
    void **scratch;                         /* a thread's */
    size_t scratch_bytes;
    struct pass pass[SIZES][PASSES];
    dnnl_memory_t *plain_sum;               /* a thread's, where unpack goes first */
    char describe[160];
};

bool shim_built(void)
{
    return true;
}

void shim_one_thread(void)
{
    /* The OpenMP runtime that the library brings, when it brings one. */
    void (*set)(int);
    void *found = dlsym(RTLD_DEFAULT, "omp_set_num_threads");

    if (!found)
        return;
    memcpy(&set, &found, sizeof set);
    set(1);
}

static dnnl_memory_t memory_of(const struct shim_conv *c, md_in md, void *data)
{
    dnnl_memory_t m = NULL;

    return dnnl_memory_create(&m, md, c->engine, data) == dnnl_success ? m : NULL;
}

static md_in query(const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(pd, what, 0);
}

struct shapes {
    dnnl_dims_t x, y, w, stride, dilation, before, after;
    int w_n;
};

static struct shapes shapes_of(const struct shim_site *s, int n)
{
    struct shapes d = { .x = { n, s->c, s->h, s->w }, .y = { n, s->o, s->oh, s->ow }, .w = { s->o, s->c, s->kh, s->kw }, .w_n = 4 };

    if (s->groups > 1) {
        const dnnl_dims_t w = { s->groups, s->o / s->groups, s->c / s->groups, s->kh, s->kw };

        memcpy(d.w, w, sizeof w);
        d.w_n = 5;
    }
    for (int a = 0; a < 2; a++) {
        int64_t in = a ? s->w : s->h, out = a ? s->ow : s->oh, k = a ? s->kw : s->kh;

        d.stride[a] = s->stride[a];
        d.dilation[a] = s->dilation[a] - 1;
        d.before[a] = s->pad[a];
        d.after[a] = (out - 1) * s->stride[a] + (k - 1) * s->dilation[a] + 1 - in - s->pad[a];
    }
    return d;
}

/* Weights as the graph has them: [o, kh, kw, c / groups]. */
static dnnl_format_tag_t tag_of(int w_n)
{
    return w_n == 5 ? dnnl_abdec : dnnl_acdb;
}

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t md_own;
static bool md_make(md_own *md, int n, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(md, n, dims, dnnl_f32, tag) == dnnl_success;
}
static void md_free(md_own *md)
{
    if (*md)
        (void)dnnl_memory_desc_destroy(*md);
}
#define MD_NONE NULL
#define MD_IN(md) (md)
static bool make_pd(const struct shim_conv *c, int pass, const struct shapes *d, md_in x, md_in w, md_in y, dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr,
                    dnnl_primitive_desc_t *pd)
{
    if (pass == FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(pd, c->engine, dnnl_forward_training, dnnl_convolution_direct, x, w, NULL, y, d->stride, d->dilation, d->before,
                                                              d->after, attr) == dnnl_success;
    if (pass == DATA)
        return dnnl_convolution_backward_data_primitive_desc_create(pd, c->engine, dnnl_convolution_direct, x, w, y, d->stride, d->dilation, d->before, d->after, hint,
                                                                    attr) == dnnl_success;
    return dnnl_convolution_backward_weights_primitive_desc_create(pd, c->engine, dnnl_convolution_direct, x, w, NULL, y, d->stride, d->dilation, d->before, d->after, hint,
                                                                   attr) == dnnl_success;
}
#else
typedef dnnl_memory_desc_t md_own;
static bool md_make(md_own *md, int n, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(md, n, dims, dnnl_f32, tag) == dnnl_success;
}
static void md_free(md_own *md)
{
    (void)md;
}
#define MD_NONE { 0 }
#define MD_IN(md) (&(md))
static bool make_pd(const struct shim_conv *c, int pass, const struct shapes *d, md_in x, md_in w, md_in y, dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr,
                    dnnl_primitive_desc_t *pd)
{
    dnnl_convolution_desc_t op;
    dnnl_status_t status;

    if (pass == FORWARD)
        status = dnnl_dilated_convolution_forward_desc_init(&op, dnnl_forward_training, dnnl_convolution_direct, x, w, NULL, y, d->stride, d->dilation, d->before, d->after);
    else if (pass == DATA)
        status = dnnl_dilated_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, x, w, y, d->stride, d->dilation, d->before, d->after);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(&op, dnnl_convolution_direct, x, w, NULL, y, d->stride, d->dilation, d->before, d->after);
    return status == dnnl_success && dnnl_primitive_desc_create(pd, &op, attr, c->engine, hint) == dnnl_success;
}
#endif

static bool make_reorder(const struct shim_conv *c, md_in from, md_in to, dnnl_primitive_t *out)
{
    dnnl_primitive_desc_t pd = NULL;
    bool ok = dnnl_reorder_primitive_desc_create(&pd, from, c->engine, to, c->engine, NULL) == dnnl_success && dnnl_primitive_create(out, pd) == dnnl_success;

    if (pd)
        (void)dnnl_primitive_desc_destroy(pd);
    return ok;
}

static void *aligned(size_t bytes)
{
    size_t n = (bytes + 63) / 64 * 64 + 64;
    void *p = aligned_alloc(64, n);

    if (p)
        memset(p, 0, n);
    return p;
}

/* A memory object with 64-byte aligned data of ours. */
static dnnl_memory_t own_memory(const struct shim_conv *c, md_in md)
{
    void *data = aligned(dnnl_memory_desc_get_size(md));
    dnnl_memory_t m = data ? memory_of(c, md, data) : NULL;

    if (!m)
        free(data);
    return m;
}

static void own_free(dnnl_memory_t m)
{
    void *data = NULL;

    if (!m)
        return;
    (void)dnnl_memory_get_data_handle(m, &data);
    (void)dnnl_memory_destroy(m);
    free(data);
}

static void *data_of(dnnl_memory_t m)
{
    void *data = NULL;

    (void)dnnl_memory_get_data_handle(m, &data);
    return data;
}

/* Primitives and memory objects for one size and pass. The first size fixes the layout of weights. */
static bool make_pass(struct shim_conv *c, int size, int pass, int n, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *fwd)
{
    static const dnnl_query_t ask[PASSES][3] = {
        { dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md },
        { dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md },
        { dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md },
    };
    struct shapes d = shapes_of(&c->site, n);
    md_own x = MD_NONE, y = MD_NONE, w = MD_NONE;
    md_in mds[4], fixed = NULL;
    dnnl_primitive_desc_t pd = NULL;
    struct pass *p = &c->pass[size][pass];
    const char *name = "?";
    size_t scratch, used;
    bool ok;

    if (size > 0) {
        dnnl_memory_t m = pass == WEIGHTS ? c->sum[0] : c->packed[pass];

        (void)dnnl_memory_get_memory_desc(m, &fixed);
    }
    ok = md_make(&x, 4, d.x, dnnl_nhwc) && md_make(&y, 4, d.y, dnnl_nhwc) && md_make(&w, d.w_n, d.w, dnnl_format_tag_any) &&
         make_pd(c, pass, &d, MD_IN(x), fixed ? fixed : MD_IN(w), MD_IN(y), pass == FORWARD ? NULL : *fwd, attr, &pd);
    if (!ok)
        goto out;
    for (int i = 0; i < 3; i++)
        mds[i] = query(pd, ask[pass][i]);
    mds[3] = query(pd, dnnl_query_scratchpad_md);
    ok = dnnl_primitive_create(&p->primitive, pd) == dnnl_success;
    (void)dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    if (size == 0) {
        used = strlen(c->describe);
        (void)snprintf(c->describe + used, sizeof c->describe - used, "%s%s", used ? ", " : "", name);
        if (pass != WEIGHTS) {
            c->packed[pass] = own_memory(c, mds[1]);
            ok = ok && c->packed[pass];
        } else {
            c->sum_n = dnnl_memory_desc_get_size(mds[1]) / sizeof(float);
            for (int t = 0; t < c->threads; t++)
                ok = ok && (c->sum[t] = own_memory(c, mds[1])) && (c->temp[t] = own_memory(c, mds[1]));
        }
        if (ok && pass != WEIGHTS) {
            md_own plain = MD_NONE;

            ok = md_make(&plain, d.w_n, d.w, tag_of(d.w_n)) && make_reorder(c, MD_IN(plain), mds[1], &c->pack[pass]) &&
                 (c->plain || (c->plain = memory_of(c, MD_IN(plain), NULL)));
            md_free(&plain);
        } else if (ok) {
            md_own plain = MD_NONE;

            ok = md_make(&plain, d.w_n, d.w, tag_of(d.w_n)) && make_reorder(c, mds[1], MD_IN(plain), &c->unpack);
            for (int t = 0; ok && t < c->threads; t++)
                ok = (c->plain_sum[t] = own_memory(c, MD_IN(plain))) != NULL;
            md_free(&plain);
        }
    }
    scratch = dnnl_memory_desc_get_size(mds[3]);
    if (scratch > c->scratch_bytes)
        c->scratch_bytes = scratch;
    p->memory = calloc((size_t)c->threads * 4, sizeof(dnnl_memory_t));
    ok = ok && p->memory;
    for (int t = 0; ok && t < c->threads; t++)
        for (int i = 0; i < 4 && ok; i++) {
            if (i == 1)
                continue;                   /* weights have their own */
            ok = (p->memory[t * 4 + i] = memory_of(c, mds[i], NULL)) != NULL;
        }
out:
    md_free(&x);
    md_free(&y);
    md_free(&w);
    if (pass == FORWARD)
        *fwd = pd;
    else if (pd)
        (void)dnnl_primitive_desc_destroy(pd);
    return ok;
}

enum trundle_status shim_conv_new(const struct shim_site *site, const int *size, int sizes_n, int threads, struct shim_conv **out, struct trundle_error *err)
{
    struct shim_conv *c = calloc(1, sizeof *c);
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t fwd = NULL;
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!c)
        return error_set(err, TRUNDLE_NO_MEMORY, "oneDNN", NULL, "no memory for a convolution");
    c->site = *site;
    c->threads = threads;
    c->sizes_n = sizes_n;
    c->stream = calloc((size_t)threads, sizeof *c->stream);
    c->sum = calloc((size_t)threads, sizeof *c->sum);
    c->temp = calloc((size_t)threads, sizeof *c->temp);
    c->plain_sum = calloc((size_t)threads, sizeof *c->plain_sum);
    c->scratch = calloc((size_t)threads, sizeof *c->scratch);
    if (!c->stream || !c->sum || !c->temp || !c->plain_sum || !c->scratch)
        goto out;
    status = TRUNDLE_UNSUPPORTED;
    if (dnnl_engine_create(&c->engine, dnnl_cpu, 0) != dnnl_success || dnnl_primitive_attr_create(&attr) != dnnl_success ||
        dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) != dnnl_success)
        goto out;
    for (int t = 0; t < threads; t++)
        if (dnnl_stream_create(&c->stream[t], c->engine, dnnl_stream_default_flags) != dnnl_success)
            goto out;
    for (int s = 0; s < sizes_n; s++) {
        bool ok = make_pass(c, s, FORWARD, size[s], attr, &fwd) && (!site->data || make_pass(c, s, DATA, size[s], attr, &fwd)) &&
                  (!site->weights || make_pass(c, s, WEIGHTS, size[s], attr, &fwd));

        if (fwd)
            (void)dnnl_primitive_desc_destroy(fwd);
        fwd = NULL;
        if (!ok)
            goto out;
    }
    for (int t = 0; t < threads; t++) {
        c->scratch[t] = aligned(c->scratch_bytes);
        if (!c->scratch[t]) {
            status = TRUNDLE_NO_MEMORY;
            goto out;
        }
        for (int s = 0; s < sizes_n; s++)
            for (int p = 0; p < PASSES; p++)
                if (c->pass[s][p].memory)
                    (void)dnnl_memory_set_data_handle(c->pass[s][p].memory[t * 4 + 3], c->scratch[t]);
    }
    status = TRUNDLE_OK;
    *out = c;
out:
    if (attr)
        (void)dnnl_primitive_attr_destroy(attr);
    if (status != TRUNDLE_OK) {
        shim_conv_free(c);
        return error_set(err, status, "oneDNN", NULL, status == TRUNDLE_NO_MEMORY ? "no memory for a convolution" : "the library has no such convolution");
    }
    return TRUNDLE_OK;
}

void shim_conv_free(struct shim_conv *c)
{
    if (!c)
        return;
    for (int s = 0; s < c->sizes_n; s++)
        for (int p = 0; p < PASSES; p++) {
            if (c->pass[s][p].primitive)
                (void)dnnl_primitive_destroy(c->pass[s][p].primitive);
            for (int i = 0; c->pass[s][p].memory && i < c->threads * 4; i++)
                if (c->pass[s][p].memory[i])
                    (void)dnnl_memory_destroy(c->pass[s][p].memory[i]);
            free(c->pass[s][p].memory);
        }
    for (int t = 0; t < c->threads; t++) {
        if (c->sum)
            own_free(c->sum[t]);
        if (c->temp)
            own_free(c->temp[t]);
        if (c->plain_sum)
            own_free(c->plain_sum[t]);
        if (c->scratch)
            free(c->scratch[t]);
        if (c->stream && c->stream[t])
            (void)dnnl_stream_destroy(c->stream[t]);
    }
    for (int p = 0; p < 2; p++) {
        own_free(c->packed[p]);
        if (c->pack[p])
            (void)dnnl_primitive_destroy(c->pack[p]);
    }
    if (c->unpack)
        (void)dnnl_primitive_destroy(c->unpack);
    if (c->plain)
        (void)dnnl_memory_destroy(c->plain);
    if (c->engine)
        (void)dnnl_engine_destroy(c->engine);
    free(c->stream);
    free(c->sum);
    free(c->temp);
    free(c->plain_sum);
    free(c->scratch);
    free(c);
}

const char *shim_conv_describe(const struct shim_conv *c)
{
    return c->describe;
}

static void run(struct shim_conv *c, dnnl_primitive_t p, int part, const dnnl_exec_arg_t *args, int n)
{
    /* It was made for these very shapes: nothing is left that could fail. */
    (void)dnnl_primitive_execute(p, c->stream[part], n, args);
    (void)dnnl_stream_wait(c->stream[part]);
}

static void *plain_pointer(const float *p)
{
    void *q;

    memcpy(&q, &p, sizeof q);
    return q;
}

void shim_conv_pack(struct shim_conv *c, const float *w, bool backward)
{
    (void)dnnl_memory_set_data_handle(c->plain, plain_pointer(w));
    for (int p = 0; p < (backward && c->site.data ? 2 : 1); p++)
        run(c, c->pack[p], 0, (dnnl_exec_arg_t[]){ { DNNL_ARG_FROM, c->plain }, { DNNL_ARG_TO, c->packed[p] } }, 2);
}

void shim_conv_forward(struct shim_conv *c, int size, int part, const float *x, float *y)
{
    struct pass *p = &c->pass[size][FORWARD];
    dnnl_memory_t *m = &p->memory[part * 4];

    (void)dnnl_memory_set_data_handle(m[0], plain_pointer(x));
    (void)dnnl_memory_set_data_handle(m[2], y);
    run(c, p->primitive, part, (dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, m[0] }, { DNNL_ARG_WEIGHTS, c->packed[FORWARD] }, { DNNL_ARG_DST, m[2] }, { DNNL_ARG_SCRATCHPAD, m[3] } }, 4);
}

void shim_conv_backward_data(struct shim_conv *c, int size, int part, const float *dy, float *dx)
{
    struct pass *p = &c->pass[size][DATA];
    dnnl_memory_t *m = &p->memory[part * 4];

    (void)dnnl_memory_set_data_handle(m[0], dx);
    (void)dnnl_memory_set_data_handle(m[2], plain_pointer(dy));
    run(c, p->primitive, part, (dnnl_exec_arg_t[]){ { DNNL_ARG_DIFF_SRC, m[0] }, { DNNL_ARG_WEIGHTS, c->packed[DATA] }, { DNNL_ARG_DIFF_DST, m[2] }, { DNNL_ARG_SCRATCHPAD, m[3] } },
        4);
}

void shim_conv_backward_weights(struct shim_conv *c, int size, int part, bool fresh, const float *x, const float *dy)
{
    struct pass *p = &c->pass[size][WEIGHTS];
    dnnl_memory_t *m = &p->memory[part * 4], to = fresh ? c->sum[part] : c->temp[part];
    float *sum, *temp;

    (void)dnnl_memory_set_data_handle(m[0], plain_pointer(x));
    (void)dnnl_memory_set_data_handle(m[2], plain_pointer(dy));
    run(c, p->primitive, part, (dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, m[0] }, { DNNL_ARG_DIFF_WEIGHTS, to }, { DNNL_ARG_DIFF_DST, m[2] }, { DNNL_ARG_SCRATCHPAD, m[3] } }, 4);
    if (fresh)
        return;
    sum = data_of(c->sum[part]);
    temp = data_of(c->temp[part]);
    for (size_t i = 0; i < c->sum_n; i++)
        sum[i] += temp[i];
}

void shim_conv_unpack(struct shim_conv *c, int part, float *dw)
{
    const float *plain = data_of(c->plain_sum[part]);
    size_t n = (size_t)c->site.o * (size_t)c->site.kh * (size_t)c->site.kw * (size_t)(c->site.c / c->site.groups);

    run(c, c->unpack, part, (dnnl_exec_arg_t[]){ { DNNL_ARG_FROM, c->sum[part] }, { DNNL_ARG_TO, c->plain_sum[part] } }, 2);
    for (size_t i = 0; i < n; i++)
        dw[i] += plain[i];
}

void shim_matmul(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                 int64_t ldc)
{
    (void)dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
