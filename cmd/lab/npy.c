/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cmd/lab/npy.h"

#include "base/std/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NPY_LIMIT = 1 << 30 };

static const struct { const char *code; enum net_type type; } codes[] = {
    { "<f4", NET_F32 }, { "|u1", NET_U8 }, { "|i1", NET_I8 }, { "<i4", NET_I32 }, { "<i8", NET_I64 },
};

static enum trundle_status not_npy(const char *path, const char *what, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_BAD_INPUT, path, "numpy.save(path, numpy.ascontiguousarray(a))", "%s", what);
}

/* The header is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), } */
static enum trundle_status header(const char *path, const char *text, struct npy *out, bool *out_double, struct trundle_error *err)
{
    const char *descr = strstr(text, "'descr'"), *order = strstr(text, "'fortran_order'"), *shape = strstr(text, "'shape'");
    char code[8] = "";
    if (!descr || !order || !shape || sscanf(descr, "'descr' : '%7[^']'", code) != 1)
        return not_npy(path, "no header that names descr, fortran_order and shape", err);
    if (strncmp(order + strcspn(order, ":") + 1 + strspn(order + strcspn(order, ":") + 1, " "), "False", 5) != 0)
        return not_npy(path, "the array is in Fortran order", err);
    *out_double = strcmp(code, "<f8") == 0;
    out->type = *out_double ? NET_F32 : NET_NONE;
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (strcmp(code, codes[i].code) == 0)
            out->type = codes[i].type;
    if (out->type == NET_NONE)
        return error_set(err, TRUNDLE_UNSUPPORTED, path, "convert it to float32, uint8, int8, int32 or int64", "elements of type '%s'", code);
    const char *at = strchr(shape, '(');
    int64_t n = 1;
    for (at = at ? at + 1 : NULL; at && *at && *at != ')';) {
        char *end;
        long long d = strtoll(at, &end, 10);
        if (end == at || d < 1 || d > INT32_MAX || out->shape.rank == NET_RANK_MAX || (n *= d) > NPY_LIMIT)
            return not_npy(path, "the shape is not one of 1 to 6 axes, of at most 2^30 elements", err);
        out->shape.d[out->shape.rank++] = (int32_t)d;
        at = end + strspn(end, ", ");
    }
    return at ? TRUNDLE_OK : not_npy(path, "no shape", err);
}

enum trundle_status npy_read(const char *path, struct npy *out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    struct npy npy = { 0 };
    bool wide = false;
    char *text = NULL;
    TRY(file_read(path, NPY_LIMIT, &b, err));
    enum trundle_status status = TRUNDLE_OK;
    bool long_header = b.n > 6 && b.data[6] >= 2;
    size_t at = long_header ? 12 : 10, length = 0;
    if (b.n < 12 || memcmp(b.data, "\x93NUMPY", 6) != 0) {
        status = not_npy(path, "not an .npy file", err);
        goto out;
    }
    length = (size_t)b.data[8] | (size_t)b.data[9] << 8;
    if (long_header)
        length |= (size_t)b.data[10] << 16 | (size_t)b.data[11] << 24;
    if (length > 65536 || at + length > b.n) {
        status = error_set(err, TRUNDLE_TRUNCATED, path, NULL, "the file ends in its header");
        goto out;
    }
    text = calloc(1, length + 1);
    if (text)
        memcpy(text, b.data + at, length);
    status = text ? header(path, text, &npy, &wide, err) : error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory left");
    if (status != TRUNDLE_OK)
        goto out;
    size_t n = (size_t)net_shape_elements(&npy.shape), bytes = n * (wide ? 8 : net_type_bytes(npy.type));
    if (b.n - at - length != bytes) {
        status = error_set(err, TRUNDLE_TRUNCATED, path, NULL, "%zu bytes of data, the shape needs %zu", b.n - at - length, bytes);
        goto out;
    }
    npy.data = malloc(bytes + 1);
    if (!npy.data) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory left");
        goto out;
    }
    if (!wide)
        memcpy(npy.data, b.data + at + length, bytes);
    for (size_t i = 0; wide && i < n; i++) {
        double v;
        memcpy(&v, b.data + at + length + 8 * i, sizeof v);
        ((float *)npy.data)[i] = (float)v;
    }
    *out = npy;
out:
    free(text);
    bytes_done(&b);
    return status;
}

enum trundle_status npy_write(const char *path, enum net_type type, const struct net_shape *shape, const void *data, struct trundle_error *err)
{
    struct bytes b = { 0 };
    const char *code = "";
    char dims[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (codes[i].type == type)
            code = codes[i].code;
    for (int i = 0; i < shape->rank; i++)
        used += (size_t)snprintf(dims + used, sizeof dims - used, "%d, ", (int)shape->d[i]);
    char text[256];
    int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", code, dims);
    size_t padded = ((size_t)n + 10 + 1 + 63) / 64 * 64 - 10;
    uint8_t head[10] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)padded, (uint8_t)(padded >> 8) };
    enum trundle_status status = bytes_append(&b, head, sizeof head);
    if (status == TRUNDLE_OK)
        status = bytes_print(&b, "%-*s\n", (int)padded - 1, text);
    if (status == TRUNDLE_OK)
        status = bytes_append(&b, data, (size_t)net_shape_elements(shape) * net_type_bytes(type));
    if (status == TRUNDLE_OK)
        status = file_write(path, b.data, b.n, err);
    else
        error_set(err, status, path, NULL, "no memory left");
    bytes_done(&b);
    return status;
}
