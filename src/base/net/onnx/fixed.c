/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/fixed - making, copying and reading values known at import. */
#include "base/net/onnx/inside.h"

#include <stdlib.h>
#include <string.h>

enum trundle_status fixed_new(struct fixed *f, int onnx_type, enum net_type type, int rank, const int64_t *d, struct trundle_error *err)
{
    struct fixed made = { .t = { .onnx_type = onnx_type, .type = type, .rank = rank, .n = 1 } };
    if (rank < 0 || rank > NET_ONNX_RANK_MAX)
        return error_set(err, TRUNDLE_UNSUPPORTED, "constant", NULL, "%d axes, at most %d", rank, NET_ONNX_RANK_MAX);
    for (int i = 0; i < rank; i++) {
        made.t.d[i] = d[i];
        if (d[i] < 0)
            return error_set(err, TRUNDLE_BAD_INPUT, "constant", NULL, "axis %d has %lld elements", i, (long long)d[i]);
        if (d[i] > ONNX_FOLD_MAX || (made.t.n *= d[i]) > ONNX_FOLD_MAX)
            return error_set(err, TRUNDLE_TOO_LARGE, "constant", NULL, "more than %lld elements computed at import", (long long)ONNX_FOLD_MAX);
    }
    made.t.data = calloc(made.t.n ? (size_t)made.t.n : 1, net_type_bytes(type));
    if (!made.t.data)
        return error_set(err, TRUNDLE_NO_MEMORY, "constant", NULL, "no memory for %lld elements", (long long)made.t.n);
    *f = made;
    return TRUNDLE_OK;
}

static void *copy_of(const void *data, size_t n)
{
    void *copy = malloc(n ? n : 1);
    if (copy && n)
        memcpy(copy, data, n);
    return copy;
}

enum trundle_status fixed_copy(const struct fixed *from, struct fixed *to, struct trundle_error *err)
{
    struct fixed f = *from;
    f.t.data = copy_of(from->t.data, (size_t)from->t.n * net_type_bytes(from->t.type));
    f.per_batch = from->per_batch ? copy_of(from->per_batch, (size_t)from->t.n * sizeof *f.per_batch) : NULL;
    f.scale = from->scale ? copy_of(from->scale, (size_t)from->scale_n * sizeof *f.scale) : NULL;
    if (!f.t.data || (from->per_batch && !f.per_batch) || (from->scale && !f.scale)) {
        fixed_done(&f);
        return error_set(err, TRUNDLE_NO_MEMORY, from->t.name, NULL, "no memory for a copy");
    }
    *to = f;
    return TRUNDLE_OK;
}

void fixed_done(struct fixed *f)
{
    free(f->t.data);
    free(f->per_batch);
    free(f->scale);
    *f = (struct fixed){ 0 };
}

double fixed_number(const struct fixed *f, int64_t i)
{
    switch (f->t.type) {
    case NET_F32: return (double)((const float *)f->t.data)[i];
    case NET_U8: return ((const uint8_t *)f->t.data)[i];
    case NET_I8: return ((const int8_t *)f->t.data)[i];
    case NET_I32: return ((const int32_t *)f->t.data)[i];
    default: return (double)((const int64_t *)f->t.data)[i];
    }
}

int64_t fixed_integer(const struct fixed *f, int64_t i)
{
    switch (f->t.type) {
    case NET_F32: {
        double v = (double)((const float *)f->t.data)[i];
        return v >= 9e18 ? INT64_MAX : v <= -9e18 || v != v ? INT64_MIN : (int64_t)v;
    }
    case NET_U8: return ((const uint8_t *)f->t.data)[i];
    case NET_I8: return ((const int8_t *)f->t.data)[i];
    case NET_I32: return ((const int32_t *)f->t.data)[i];
    default: return ((const int64_t *)f->t.data)[i];
    }
}

enum trundle_status fixed_plain(struct fixed *f, struct trundle_error *err)
{
    struct fixed plain;
    int64_t inner = 1;
    if (!f->scale)
        return TRUNDLE_OK;
    TRY(fixed_new(&plain, ONNX_FLOAT, NET_F32, f->t.rank, f->t.d, err));
    for (int i = f->axis + 1; f->scale_n > 1 && i < f->t.rank; i++)
        inner *= f->t.d[i];
    for (int64_t i = 0; i < f->t.n; i++)
        ((float *)plain.t.data)[i] = f->scale[f->scale_n > 1 ? i / inner % f->scale_n : 0] * (float)((const int8_t *)f->t.data)[i];
    memcpy(plain.t.name, f->t.name, sizeof plain.t.name);
    fixed_done(f);
    *f = plain;
    return TRUNDLE_OK;
}

/* Moves elements of `size` bytes from strided places to dense ones. */
static void gather(const uint8_t *from, uint8_t *to, size_t size, int rank, const int64_t *d, const int64_t *stride, int64_t n)
{
    int64_t at[NET_ONNX_RANK_MAX] = { 0 }, place = 0;
    for (int64_t i = 0; i < n; i++) {
        memcpy(to + (size_t)i * size, from + (size_t)place * size, size);
        for (int k = rank - 1; k >= 0; k--) {
            place += stride[k];
            if (++at[k] < d[k])
                break;
            place -= stride[k] * d[k];
            at[k] = 0;
        }
    }
}

enum trundle_status fixed_transpose(const struct fixed *f, const int *axes, struct fixed *out, struct trundle_error *err)
{
    int64_t d[NET_ONNX_RANK_MAX], stride[NET_ONNX_RANK_MAX], dense[NET_ONNX_RANK_MAX], s = 1;
    struct fixed made;
    for (int i = f->t.rank - 1; i >= 0; i--) {
        dense[i] = s;
        s *= f->t.d[i];
    }
    for (int i = 0; i < f->t.rank; i++) {
        d[i] = f->t.d[axes[i]];
        stride[i] = dense[axes[i]];
    }
    TRY(fixed_new(&made, f->t.onnx_type, f->t.type, f->t.rank, d, err));
    gather(f->t.data, made.t.data, net_type_bytes(f->t.type), f->t.rank, d, stride, made.t.n);
    memcpy(made.t.name, f->t.name, sizeof made.t.name);
    if (f->per_batch) {
        made.per_batch = calloc(made.t.n ? (size_t)made.t.n : 1, sizeof *made.per_batch);
        if (made.per_batch)
            gather((const uint8_t *)f->per_batch, (uint8_t *)made.per_batch, sizeof *made.per_batch, f->t.rank, d, stride, made.t.n);
    }
    if (f->scale) {
        made.scale = copy_of(f->scale, (size_t)f->scale_n * sizeof *f->scale);
        made.scale_n = f->scale_n;
        for (int i = 0; i < f->t.rank; i++)
            if (axes[i] == f->axis)
                made.axis = i;
    }
    if ((f->per_batch && !made.per_batch) || (f->scale && !made.scale)) {
        fixed_done(&made);
        return error_set(err, TRUNDLE_NO_MEMORY, f->t.name, NULL, "no memory to transpose");
    }
    *out = made;
    return TRUNDLE_OK;
}
