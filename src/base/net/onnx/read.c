/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/read - from bytes to messages and tensors. What protobuf-c may take of memory is bounded by the size of the file. */
#include "base/net/onnx/inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Repeated empty messages and packed small numbers grow in memory; honest files hardly do. */
enum { GROWTH = 12, GROWTH_LEAST = 16 << 20 };

struct budget { size_t left; bool spent; };

static void *budget_alloc(void *user, size_t n)
{
    struct budget *b = user;
    size_t whole = n + 16;                  /* what malloc adds, about */
    if (whole < n || whole > b->left) {
        b->spent = true;
        return NULL;
    }
    b->left -= whole;
    return malloc(n ? n : 1);
}

static void budget_free(void *user, void *p)
{
    (void)user;
    free(p);
}

static ProtobufCAllocator allocator_of(struct budget *b, size_t n)
{
    *b = (struct budget){ n * GROWTH + GROWTH_LEAST, false };
    return (ProtobufCAllocator){ budget_alloc, budget_free, b };
}

static enum trundle_status unpacked(const struct budget *b, const char *where, const char *what, struct trundle_error *err)
{
    if (b->spent)
        return error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "the %s would take more than %d times its size in memory", what, GROWTH);
    return error_set(err, TRUNDLE_BAD_INPUT, where, "is it an ONNX file, and whole?", "not an ONNX %s", what);
}

enum trundle_status onnx_model_read(const void *bytes, size_t n, const char *where, OnnxFile__Model **out, struct trundle_error *err)
{
    struct budget budget;
    ProtobufCAllocator allocator = allocator_of(&budget, n);
    OnnxFile__Model *model;
    if (n > NET_ONNX_BYTES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "%zu bytes, at most %zu", n, NET_ONNX_BYTES_MAX);
    model = n ? onnx_file__model__unpack(&allocator, n, bytes) : NULL;
    if (!model)
        return unpacked(&budget, where, "model", err);
    if (!model->graph) {
        onnx_model_free(model);
        return error_set(err, TRUNDLE_BAD_INPUT, where, "is it an ONNX file, and whole?", "no graph inside");
    }
    *out = model;
    return TRUNDLE_OK;
}

void onnx_model_free(OnnxFile__Model *model)
{
    struct budget none = { 0 };
    ProtobufCAllocator allocator = { budget_alloc, budget_free, &none };
    if (model)
        onnx_file__model__free_unpacked(model, &allocator);
}

const char *onnx_type_name(int onnx_type)
{
    static const char *const names[] = { "undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "double",
                                         "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
                                         "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2" };
    return onnx_type >= 0 && (size_t)onnx_type < COUNT_OF(names) ? names[onnx_type] : "unknown";
}

static float from_half(uint16_t h)
{
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    float v = exponent == 31 ? (mantissa ? NAN : INFINITY) : exponent ? ldexpf((float)(mantissa + 1024), exponent - 25) : ldexpf((float)mantissa, -24);
    return h >> 15 ? -v : v;
}

static float from_bfloat(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* How a type is kept, and its size in raw_data; 0: not taken. */
static size_t kept_as(int onnx_type, enum net_type *out)
{
    switch (onnx_type) {
    case ONNX_FLOAT: *out = NET_F32; return 4;
    case ONNX_FLOAT16: case ONNX_BFLOAT16: *out = NET_F32; return 2;
    case ONNX_DOUBLE: *out = NET_F32; return 8;
    case ONNX_UINT8: case ONNX_BOOL: *out = NET_U8; return 1;
    case ONNX_INT8: *out = NET_I8; return 1;
    case ONNX_INT16: case ONNX_UINT16: *out = NET_I32; return 2;
    case ONNX_INT32: *out = NET_I32; return 4;
    case ONNX_UINT32: *out = NET_I64; return 4;
    case ONNX_INT64: case ONNX_UINT64: *out = NET_I64; return 8;
    default: return 0;
    }
}

static void take_raw(struct net_onnx_tensor *t, const uint8_t *raw)
{
    float *f = t->data;
    int32_t *i32 = t->data;
    int64_t *i64 = t->data;
    switch (t->onnx_type) {
    case ONNX_FLOAT16: case ONNX_BFLOAT16:
        for (int64_t i = 0; i < t->n; i++) {
            uint16_t h;
            memcpy(&h, raw + 2 * i, 2);
            f[i] = t->onnx_type == ONNX_FLOAT16 ? from_half(h) : from_bfloat(h);
        }
        break;
    case ONNX_DOUBLE:
        for (int64_t i = 0; i < t->n; i++) {
            double d;
            memcpy(&d, raw + 8 * i, 8);
            f[i] = (float)d;
        }
        break;
    case ONNX_INT16: case ONNX_UINT16:
        for (int64_t i = 0; i < t->n; i++) {
            uint16_t h;
            memcpy(&h, raw + 2 * i, 2);
            i32[i] = t->onnx_type == ONNX_INT16 ? (int16_t)h : h;
        }
        break;
    case ONNX_UINT32:
        for (int64_t i = 0; i < t->n; i++) {
            uint32_t u;
            memcpy(&u, raw + 4 * i, 4);
            i64[i] = u;
        }
        break;
    default:
        memcpy(t->data, raw, (size_t)t->n * net_type_bytes(t->type));
    }
}

/* From the typed lists; the count was checked. */
static void take_list(struct net_onnx_tensor *t, const OnnxFile__Tensor *from)
{
    float *f = t->data;
    int32_t *i32 = t->data;
    int64_t *i64 = t->data;
    uint8_t *u8 = t->data;
    for (int64_t i = 0; i < t->n; i++)
        switch (t->onnx_type) {
        case ONNX_FLOAT: f[i] = from->float_data[i]; break;
        case ONNX_FLOAT16: f[i] = from_half((uint16_t)from->int32_data[i]); break;
        case ONNX_BFLOAT16: f[i] = from_bfloat((uint16_t)from->int32_data[i]); break;
        case ONNX_DOUBLE: f[i] = (float)from->double_data[i]; break;
        case ONNX_UINT8: case ONNX_BOOL: case ONNX_INT8: u8[i] = (uint8_t)from->int32_data[i]; break;
        case ONNX_INT16: case ONNX_UINT16: case ONNX_INT32: i32[i] = from->int32_data[i]; break;
        case ONNX_UINT32: case ONNX_UINT64: i64[i] = (int64_t)from->uint64_data[i]; break;
        default: i64[i] = from->int64_data[i]; break;
        }
}

static size_t list_n(const OnnxFile__Tensor *from, int onnx_type)
{
    switch (onnx_type) {
    case ONNX_FLOAT: return from->n_float_data;
    case ONNX_DOUBLE: return from->n_double_data;
    case ONNX_INT64: return from->n_int64_data;
    case ONNX_UINT32: case ONNX_UINT64: return from->n_uint64_data;
    default: return from->n_int32_data;
    }
}

enum trundle_status onnx_tensor_from(const OnnxFile__Tensor *from, struct net_onnx_tensor *out, struct trundle_error *err)
{
    struct net_onnx_tensor t = { .onnx_type = from->has_data_type ? from->data_type : 0, .n = 1 };
    const char *name = from->name && from->name[0] ? from->name : "tensor";
    size_t size = kept_as(t.onnx_type, &t.type);
    if (size == 0)
        return error_set(err, TRUNDLE_UNSUPPORTED, name, "float, float16, double, int8 to int64, uint8 to uint64 and bool are taken", "a tensor of type %s",
                         onnx_type_name(t.onnx_type));
    if ((from->has_data_location && from->data_location != 0) || from->n_external_data)
        return error_set(err, TRUNDLE_UNSUPPORTED, name, "save the model as one file (onnx.save with save_as_external_data=False)", "its data stands in another file");
    if (from->n_dims > NET_ONNX_RANK_MAX)
        return error_set(err, TRUNDLE_UNSUPPORTED, name, NULL, "%zu axes, at most %d", from->n_dims, NET_ONNX_RANK_MAX);
    t.rank = (int)from->n_dims;
    for (int i = 0; i < t.rank; i++) {
        t.d[i] = from->dims[i];
        if (t.d[i] < 0)
            return error_set(err, TRUNDLE_BAD_INPUT, name, NULL, "axis %d has %lld elements", i, (long long)t.d[i]);
        if (t.d[i] > NET_ELEMENTS_MAX || (t.n *= t.d[i]) > NET_ELEMENTS_MAX)
            return error_set(err, TRUNDLE_TOO_LARGE, name, NULL, "more than 2^31 elements");
    }
    if (from->has_raw_data && from->raw_data.len ? from->raw_data.len != (size_t)t.n * size : list_n(from, t.onnx_type) != (size_t)t.n)
        return error_set(err, TRUNDLE_BAD_INPUT, name, "is the file whole?", "holds %zu bytes or %zu numbers for %lld elements of %s",
                         from->has_raw_data ? from->raw_data.len : 0, list_n(from, t.onnx_type), (long long)t.n, onnx_type_name(t.onnx_type));
    t.data = malloc(t.n ? (size_t)t.n * net_type_bytes(t.type) : 1);
    if (!t.data)
        return error_set(err, TRUNDLE_NO_MEMORY, name, NULL, "no memory for %lld elements", (long long)t.n);
    if (t.n && from->has_raw_data && from->raw_data.len)
        take_raw(&t, from->raw_data.data);
    else
        take_list(&t, from);
    (void)snprintf(t.name, sizeof t.name, "%s", from->name ? from->name : "");
    *out = t;
    return TRUNDLE_OK;
}

enum trundle_status net_onnx_tensor_read(const void *bytes, size_t n, struct net_onnx_tensor *out, struct trundle_error *err)
{
    struct budget budget;
    ProtobufCAllocator allocator = allocator_of(&budget, n);
    OnnxFile__Tensor *t = onnx_file__tensor__unpack(&allocator, n, bytes);
    enum trundle_status status;
    if (!t)
        return unpacked(&budget, "tensor", "tensor", err);
    status = onnx_tensor_from(t, out, err);
    onnx_file__tensor__free_unpacked(t, &allocator);
    return status;
}

void net_onnx_tensor_done(struct net_onnx_tensor *t)
{
    free(t->data);
    *t = (struct net_onnx_tensor){ 0 };
}
