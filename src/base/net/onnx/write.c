/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "base/net/onnx/write.h"
#include "base/net/onnx/inside.h"

#include <stdio.h>
#include <string.h>

/* --- protobuf's wire format (protobuf.dev, "Encoding") --- */

static bool put_varint(struct bytes *b, uint64_t v)
{
    uint8_t text[10];
    size_t n = 0;
    do {
        text[n] = (uint8_t)(v & 127);
        v >>= 7;
        text[n++] |= v ? 128 : 0;
    } while (v);
    return bytes_append(b, text, n) == TRUNDLE_OK;
}

static bool put_i(struct bytes *b, int field, int64_t v)
{
    return put_varint(b, (uint64_t)field << 3) && put_varint(b, (uint64_t)v);
}

static bool put_head(struct bytes *b, int field, size_t n)
{
    return put_varint(b, (uint64_t)field << 3 | 2) && put_varint(b, n);
}

static bool put_bytes(struct bytes *b, int field, const void *data, size_t n)
{
    return put_head(b, field, n) && (n == 0 || bytes_append(b, data, n) == TRUNDLE_OK);
}

static bool put_text(struct bytes *b, int field, const char *text)
{
    return put_bytes(b, field, text, strlen(text));
}

static bool put_f(struct bytes *b, int field, float v)
{
    return put_varint(b, (uint64_t)field << 3 | 5) && bytes_append(b, &v, 4) == TRUNDLE_OK;
}

static bool put_message(struct bytes *b, int field, const struct bytes *m)
{
    return put_bytes(b, field, m->data, m->n);
}

/* --- attributes --- */

static void attr_done(struct onnx_attrs *a, struct bytes *one, bool ok)
{
    a->failed = a->failed || !ok || !put_message(&a->b, 5, one);
    bytes_done(one);
}

void onnx_attr_i(struct onnx_attrs *a, const char *name, int64_t v)
{
    struct bytes one = { 0 };
    attr_done(a, &one, put_text(&one, 1, name) && put_i(&one, 3, v) && put_i(&one, 20, 2));
}

void onnx_attr_f(struct onnx_attrs *a, const char *name, float v)
{
    struct bytes one = { 0 };
    attr_done(a, &one, put_text(&one, 1, name) && put_f(&one, 2, v) && put_i(&one, 20, 1));
}

void onnx_attr_s(struct onnx_attrs *a, const char *name, const char *v)
{
    struct bytes one = { 0 };
    attr_done(a, &one, put_text(&one, 1, name) && put_text(&one, 4, v) && put_i(&one, 20, 3));
}

void onnx_attr_ints(struct onnx_attrs *a, const char *name, const int64_t *v, int n)
{
    struct bytes one = { 0 };
    bool ok = put_text(&one, 1, name);
    for (int i = 0; i < n; i++)
        ok = ok && put_i(&one, 8, v[i]);
    attr_done(a, &one, ok && put_i(&one, 20, 7));
}

/* --- the graph --- */

static void done(struct onnx_writer *w, bool ok)
{
    if (!ok && w->status == TRUNDLE_OK)
        w->status = error_set(w->err, TRUNDLE_NO_MEMORY, "export", NULL, "no memory left");
}

onnx_name onnx_fresh(struct onnx_writer *w, const char *stem, const char *what)
{
    onnx_name name;
    do
        (void)snprintf(name.text, sizeof name.text, "%.*s/%.20s%d", NET_NAME_MAX - 4, stem, what, w->fresh++);
    while (net_graph_find(w->g, name.text) >= 0);
    return name;
}

void onnx_node(struct onnx_writer *w, const char *op, const char *const *in, int in_n, const char *out, struct onnx_attrs *attrs)
{
    struct bytes one = { 0 };
    bool ok = !attrs || !attrs->failed;
    while (in_n > 0 && !in[in_n - 1][0])
        in_n--;
    for (int i = 0; i < in_n; i++)
        ok = ok && put_text(&one, 1, in[i]);
    ok = ok && put_text(&one, 2, out) && put_text(&one, 3, out) && put_text(&one, 4, op);
    if (attrs && attrs->b.n)
        ok = ok && bytes_append(&one, attrs->b.data, attrs->b.n) == TRUNDLE_OK;
    done(w, ok && put_message(&w->graph, 1, &one));
    bytes_done(&one);
    if (attrs) {
        bytes_done(&attrs->b);
        *attrs = (struct onnx_attrs){ 0 };
    }
}

void onnx_constant(struct onnx_writer *w, const char *name, int onnx_type, const int64_t *d, int rank, const void *data, size_t bytes)
{
    struct bytes one = { 0 };
    bool ok = true;
    for (int i = 0; i < rank; i++)
        ok = ok && put_i(&one, 1, d[i]);
    ok = ok && put_i(&one, 2, onnx_type) && put_text(&one, 8, name) && put_head(&one, 9, bytes);
    ok = ok && put_head(&w->graph, 5, one.n + bytes) && bytes_append(&w->graph, one.data, one.n) == TRUNDLE_OK;
    done(w, ok && (bytes == 0 || bytes_append(&w->graph, data, bytes) == TRUNDLE_OK));
    bytes_done(&one);
}

onnx_name onnx_ints(struct onnx_writer *w, const char *stem, const int64_t *v, int n)
{
    onnx_name name = onnx_fresh(w, stem, "i");
    onnx_constant(w, name.text, ONNX_INT64, (int64_t[]){ n }, 1, v, (size_t)n * sizeof *v);
    return name;
}

onnx_name onnx_floats(struct onnx_writer *w, const char *stem, const float *v, int n)
{
    onnx_name name = onnx_fresh(w, stem, "f");
    onnx_constant(w, name.text, ONNX_FLOAT, (int64_t[]){ n }, n ? 1 : 0, v, (size_t)(n ? n : 1) * sizeof *v);
    return name;
}

void onnx_port(struct onnx_writer *w, bool input, const struct net_tensor *t, const struct net_shape *a, const struct net_shape *b)
{
    static const int types[NET_TYPE_COUNT] = { 0, ONNX_FLOAT, ONNX_UINT8, ONNX_INT8, ONNX_INT32, ONNX_INT64 };
    struct bytes dim = { 0 }, shape = { 0 }, tensor = { 0 }, type = { 0 }, info = { 0 };
    bool ok = true;
    for (int i = 0; i < a->rank; i++) {
        dim.n = 0;
        ok = ok && (a->d[i] == b->d[i] ? put_i(&dim, 1, a->d[i]) : i == 0 ? put_text(&dim, 2, "N") : true) && put_message(&shape, 1, &dim);
    }
    ok = ok && put_i(&tensor, 1, types[t->type]) && put_message(&tensor, 2, &shape) && put_message(&type, 1, &tensor);
    ok = ok && put_text(&info, 1, t->name) && put_message(&info, 2, &type) && put_message(&w->graph, input ? 11 : 12, &info);
    done(w, ok);
    bytes_done(&dim);
    bytes_done(&shape);
    bytes_done(&tensor);
    bytes_done(&type);
    bytes_done(&info);
}

/* The oldest IR version that has the opset (onnx.ai, "Versioning"). */
static int ir_of(int opset)
{
    return opset <= 14 ? 7 : opset <= 18 ? 8 : opset <= 20 ? 9 : opset <= 22 ? 10 : opset == 23 ? 11 : opset == 24 ? 12 : opset <= 27 ? 13 : 14;
}

enum trundle_status onnx_finish(struct onnx_writer *w, struct bytes *out)
{
    struct bytes b = { 0 }, set = { 0 };
    done(w, put_text(&w->graph, 2, "trundle"));
    if (w->status == TRUNDLE_OK) {
        bool ok = put_i(&b, 1, ir_of(w->opset)) && put_text(&b, 2, "trundle") && put_text(&b, 3, TRUNDLE_VERSION) && put_message(&b, 7, &w->graph);
        ok = ok && put_text(&set, 1, "") && put_i(&set, 2, w->opset) && put_message(&b, 8, &set);
        done(w, ok);
    }
    if (w->status == TRUNDLE_OK && b.n > NET_ONNX_BYTES_MAX)
        w->status = error_set(w->err, TRUNDLE_TOO_LARGE, "export", NULL, "%zu bytes, an ONNX file has at most %zu", b.n, NET_ONNX_BYTES_MAX);
    bytes_done(&set);
    if (w->status != TRUNDLE_OK) {
        bytes_done(&b);
        return w->status;
    }
    *out = b;
    return TRUNDLE_OK;
}
