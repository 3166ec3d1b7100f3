/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/file - writing and mapping .net files. */
#include "base/net/file.h"
#include "base/net/attr.h"
#include "base/std/json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_BYTES = 8, HASH_AT = 16, HASH_BYTES = 64, HEADER_AT = HASH_AT + HASH_BYTES, ALIGN = 64, HEADER_MAX = 64 << 20 };
#define FILE_MAX ((size_t)2 << 30)
static const char magic[MAGIC_BYTES] = { 'T', 'R', 'N', 'D', 'N', 'E', 'T', 1 };

struct net_file {
    void  *map;                    /* NULL when the bytes are the caller's */
    size_t map_bytes;
    struct net_graph *graph;
    char  *about;
    char   sha256[HASH_SHA256_TEXT];
};

static size_t align(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* ---- writing ---- */

static json_t *shape_json(const struct net_tensor *t)
{
    json_t *array = json_array();
    for (int i = 0; i < t->shape.rank; i++)
        json_array_append_new(array, json_integer(i == 0 && t->batched ? 0 : t->shape.d[i]));
    return array;
}

static void quant_json(json_t *object, const struct net_quant *q)
{
    if (!q->n)
        return;
    json_t *scale = json_array();
    for (int i = 0; i < q->n; i++)
        json_array_append_new(scale, json_real((double)q->scale[i]));
    json_object_set_new(object, "scale", scale);
    if (q->n > 1 || q->axis)
        json_object_set_new(object, "axis", json_integer(q->axis));
    if (q->zero)
        json_object_set_new(object, "zero", json_integer(q->zero));
}

/* Tensors are numbered anew: inputs and constants first, then what the nodes make, in their order. */
static int *renumber(const struct net_graph *g, bool *out_used)
{
    int *number = malloc(((size_t)g->tensors_n + 1) * sizeof *number), n = 0;
    if (!number)
        return NULL;
    for (int t = 0; t < g->tensors_n; t++)
        number[t] = -1;
    for (int i = 0; i < g->inputs_n; i++)
        number[g->input[i]] = n++;
    for (int i = 0; i < g->nodes_n; i++)
        for (int k = 0; k < g->node[i].in_n; k++)
            if (g->node[i].in[k] >= 0)
                out_used[g->node[i].in[k]] = true;
    for (int i = 0; i < g->outputs_n; i++)
        out_used[g->output[i]] = true;
    for (int t = 0; t < g->tensors_n; t++)
        if (g->tensor[t].data && out_used[t])
            number[t] = n++;
    for (int i = 0; i < g->nodes_n; i++)
        number[g->node[i].out] = n++;
    return number;
}

static json_t *tensors_json(const struct net_graph *g, const bool *used, size_t *out_bytes)
{
    json_t *tensors = json_array();
    size_t at = 0;
    for (int k = 0; k < g->inputs_n + g->tensors_n; k++) {
        int t = k < g->inputs_n ? g->input[k] : k - g->inputs_n;
        const struct net_tensor *tensor = &g->tensor[t];
        if (k >= g->inputs_n && (!tensor->data || !used[t]))
            continue;
        json_t *o = json_object();
        json_object_set_new(o, "name", json_string(tensor->name));
        json_object_set_new(o, "type", json_string(net_type_name(tensor->type)));
        json_object_set_new(o, "shape", shape_json(tensor));
        quant_json(o, &tensor->quant);
        if (tensor->data) {
            json_object_set_new(o, "at", json_integer((json_int_t)at));
            at += align(net_tensor_bytes(tensor));
        }
        json_array_append_new(tensors, o);
    }
    *out_bytes = at;
    return tensors;
}

static json_t *nodes_json(const struct net_graph *g, const int *number)
{
    json_t *nodes = json_array();
    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node *node = &g->node[i];
        json_t *o = json_object(), *in = json_array();
        json_object_set_new(o, "op", json_string(net_op_name(node->op)));
        json_object_set_new(o, "name", json_string(node->name));
        for (int k = 0; k < node->in_n; k++)
            json_array_append_new(in, json_integer(node->in[k] >= 0 ? number[node->in[k]] : -1));
        json_object_set_new(o, "in", in);
        json_object_set_new(o, "out", json_string(g->tensor[node->out].name));
        json_t *attr = net_attr_json(node);
        if (attr && json_object_size(attr) > 0)
            json_object_set(o, "attr", attr);
        json_decref(attr);
        json_array_append_new(nodes, o);
    }
    return nodes;
}

static json_t *list_json(const int *list, int n, const int *number)
{
    json_t *array = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(array, json_integer(number[list[i]]));
    return array;
}

enum trundle_status net_file_encode(const struct net_graph *g, const char *about, struct bytes *out, struct trundle_error *err)
{
    static const uint8_t zeros[ALIGN] = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    bool *used = calloc((size_t)g->tensors_n + 1, sizeof *used);
    int *number = used ? renumber(g, used) : NULL;
    json_t *root = json_object(), *told = NULL;
    char *text = NULL;
    size_t start = out->n, data_bytes = 0;
    if (!number || !root) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "net file", NULL, "no memory left");
        goto out;
    }
    if (about)
        TRY_GOTO(status, json_parse(about, strlen(about), "about", &told, err), out);
    json_object_set_new(root, "version", json_integer(1));
    if (told)
        json_object_set(root, "about", told);
    json_object_set_new(root, "tensors", tensors_json(g, used, &data_bytes));
    json_object_set_new(root, "nodes", nodes_json(g, number));
    json_object_set_new(root, "inputs", list_json(g->input, g->inputs_n, number));
    json_object_set_new(root, "outputs", list_json(g->output, g->outputs_n, number));
    text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (!text) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "net file", "names are UTF-8", "the graph cannot be written as JSON");
        goto out;
    }
    size_t n = strlen(text), header = align(HEADER_AT + n) - HEADER_AT;
    if (header > HEADER_MAX || header + data_bytes > FILE_MAX - 4096) {
        status = error_set(err, TRUNDLE_TOO_LARGE, "net file", NULL, "over 2 GiB, or its header over 64 MiB");
        goto out;
    }
    const uint8_t size[8] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24) };
    uint8_t blank[HASH_BYTES] = { 0 };
    if ((status = bytes_reserve(out, HEADER_AT + header + data_bytes + ALIGN)) != TRUNDLE_OK || (status = bytes_append(out, magic, sizeof magic)) != TRUNDLE_OK ||
        (status = bytes_append(out, size, sizeof size)) != TRUNDLE_OK || (status = bytes_append(out, blank, sizeof blank)) != TRUNDLE_OK ||
        (status = bytes_append(out, text, n)) != TRUNDLE_OK || (status = bytes_append(out, zeros, header - n)) != TRUNDLE_OK)
        goto out;
    for (int t = 0; t < g->tensors_n && status == TRUNDLE_OK; t++)
        if (g->tensor[t].data && used[t]) {
            size_t bytes = net_tensor_bytes(&g->tensor[t]);
            status = bytes_append(out, g->tensor[t].data, bytes);
            if (status == TRUNDLE_OK)
                status = bytes_append(out, zeros, align(bytes) - bytes);
        }
    if (status == TRUNDLE_OK)
        status = bytes_append(out, zeros, ALIGN);
    if (status == TRUNDLE_OK) {
        char hash[HASH_SHA256_TEXT];
        hash_sha256(out->data + start + HEADER_AT, out->n - start - HEADER_AT, hash);
        memcpy(out->data + start + HASH_AT, hash, HASH_BYTES);
    }
out:
    if (status != TRUNDLE_OK) {
        out->n = start;
        if (status == TRUNDLE_NO_MEMORY)
            error_set(err, status, "net file", NULL, "no memory left");
    }
    free(text);
    json_decref(told);
    json_decref(root);
    free(number);
    free(used);
    return status;
}

enum trundle_status net_file_save(const struct net_graph *g, const char *about, const char *path, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = net_file_encode(g, about, &b, err);
    if (status == TRUNDLE_OK)
        status = file_write(path, b.data, b.n, err);
    bytes_done(&b);
    return status;
}

/* ---- reading ---- */

static enum trundle_status take_name(const struct json_at *at, const char *key, char name[NET_NAME_MAX], struct trundle_error *err)
{
    TRY(json_take_text(at, key, name, NET_NAME_MAX, err));
    return name[0] ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "%s is empty", key);
}

static enum trundle_status take_quant(const struct json_at *at, struct net_graph *g, int tensor, struct trundle_error *err)
{
    struct json_at list;
    int64_t axis = 0, zero = 0;
    if (!json_has(at, "scale"))
        return TRUNDLE_OK;
    TRY(json_take_array(at, "scale", 1, 1 << 20, &list, err));
    if (json_has(at, "axis"))
        TRY(json_take_integer(at, "axis", 0, NET_RANK_MAX - 1, &axis, err));
    if (json_has(at, "zero"))
        TRY(json_take_integer(at, "zero", 0, 255, &zero, err));
    size_t n = json_length(&list);
    float *scale = malloc(n * sizeof *scale);
    if (!scale)
        return error_set(err, TRUNDLE_NO_MEMORY, at->where, NULL, "no memory left");
    enum trundle_status status = TRUNDLE_OK;
    for (size_t i = 0; i < n && status == TRUNDLE_OK; i++) {
        const json_t *v = json_array_get(list.value, i);
        scale[i] = (float)json_number_value(v);
        if (!json_is_number(v) || !isfinite(scale[i]) || scale[i] <= 0)
            status = error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "scale %zu is not a number above 0", i);
    }
    if (status == TRUNDLE_OK)
        status = net_graph_quant(g, tensor, (int)n, (int)axis, scale, (int32_t)zero, err);
    free(scale);
    return status;
}

static enum trundle_status take_tensor(const struct json_at *at, struct net_graph *g, const uint8_t *data, size_t data_n, struct trundle_error *err)
{
    char name[NET_NAME_MAX], type_text[8];
    struct json_at dims;
    struct net_shape shape = { 0 };
    int type = 0, tensor = 0;
    TRY(take_name(at, "name", name, err));
    TRY(json_take_text(at, "type", type_text, sizeof type_text, err));
    for (int k = 1; k < NET_TYPE_COUNT; k++)
        if (strcmp(type_text, net_type_name((enum net_type)k)) == 0)
            type = k;
    if (!type)
        return error_set(err, TRUNDLE_UNSUPPORTED, at->where, NULL, "no type \"%s\"", type_text);
    TRY(json_take_array(at, "shape", 0, NET_RANK_MAX, &dims, err));
    shape.rank = (int)json_length(&dims);
    bool constant = json_has(at, "at");
    int64_t elements = 1;
    for (int i = 0; i < shape.rank; i++) {
        const json_t *v = json_array_get(dims.value, (size_t)i);
        json_int_t d = json_integer_value(v);
        if (!json_is_integer(v) || d < (i == 0 && !constant ? 0 : 1) || d > INT32_MAX)
            return error_set(err, TRUNDLE_BAD_INPUT, dims.where, NULL, "axis %d is not a size", i);
        shape.d[i] = (int32_t)d;
        elements *= d ? d : 1;
        if (elements > NET_ELEMENTS_MAX)
            return error_set(err, TRUNDLE_TOO_LARGE, dims.where, NULL, "more than 2^31 elements");
    }
    if (constant) {
        int64_t place = 0;
        TRY(json_take_integer(at, "at", 0, (int64_t)FILE_MAX, &place, err));
        size_t bytes = (size_t)elements * net_type_bytes((enum net_type)type);
        if (place % ALIGN || (size_t)place > data_n || align(bytes) > data_n - (size_t)place)
            return error_set(err, TRUNDLE_CORRUPT, at->where, NULL, "the constant lies outside the file, or off a multiple of 64");
        TRY(net_graph_constant_borrow(g, name, (enum net_type)type, &shape, data + place, &tensor, err));
    } else {
        TRY(net_graph_input(g, name, (enum net_type)type, &shape, &tensor, err));
    }
    return take_quant(at, g, tensor, err);
}

static enum trundle_status take_indices(const struct json_at *list, int below, int least, int *out, struct trundle_error *err)
{
    for (size_t i = 0; i < json_length(list); i++) {
        const json_t *v = json_array_get(list->value, i);
        json_int_t k = json_integer_value(v);
        if (!json_is_integer(v) || k < least || k >= below)
            return error_set(err, TRUNDLE_BAD_INPUT, list->where, "a node may use only what stands before it", "entry %zu is no earlier tensor", i);
        out[i] = (int)k;
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_node(const struct json_at *at, struct net_graph *g, struct trundle_error *err)
{
    char op_text[32], name[NET_NAME_MAX], out_name[NET_NAME_MAX];
    struct json_at in, attr;
    int op = 0, list[NET_IN_MAX], tensor = 0;
    TRY(json_take_text(at, "op", op_text, sizeof op_text, err));
    while (op < NET_OP_COUNT && strcmp(op_text, net_op_name((enum net_op)op)) != 0)
        op++;
    TRY(take_name(at, "name", name, err));
    if (op == NET_OP_COUNT)
        return error_set(err, TRUNDLE_UNSUPPORTED, at->where, "use a newer Trundle", "node %s: no operator \"%s\"", name, op_text);
    TRY(take_name(at, "out", out_name, err));
    TRY(json_take_array(at, "in", 1, NET_IN_MAX, &in, err));
    TRY(take_indices(&in, g->tensors_n, -1, list, err));
    struct net_node node = net_node_of((enum net_op)op, name, list, (int)json_length(&in));
    if (json_has(at, "attr")) {
        TRY(json_take_object(at, "attr", &attr, err));
        TRY(net_attr_parse(&attr, &node, err));
    }
    TRY(net_graph_node(g, &node, &tensor, err));
    return net_graph_rename(g, tensor, out_name, err);
}

static enum trundle_status take_ports(const struct json_at *root, struct net_graph *g, struct trundle_error *err)
{
    struct json_at in, out;
    TRY(json_take_array(root, "inputs", 1, 1024, &in, err));
    TRY(json_take_array(root, "outputs", 1, 1024, &out, err));
    if ((int)json_length(&in) != g->inputs_n)
        return error_set(err, TRUNDLE_BAD_INPUT, in.where, NULL, "%d tensors have no data, and %zu inputs are listed", g->inputs_n, json_length(&in));
    for (size_t i = 0; i < json_length(&out); i++) {
        const json_t *v = json_array_get(out.value, i);
        if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) >= g->tensors_n)
            return error_set(err, TRUNDLE_BAD_INPUT, out.where, NULL, "entry %zu is no tensor", i);
        TRY(net_graph_output(g, (int)json_integer_value(v), err));
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_graph(const struct json_at *root, const uint8_t *data, size_t data_n, struct net_file *f, struct trundle_error *err)
{
    struct json_at tensors, nodes, element, about;
    int64_t version = 0;
    TRY(json_take_integer(root, "version", 1, INT32_MAX, &version, err));
    if (version != 1)
        return error_set(err, TRUNDLE_UNSUPPORTED, root->where, "use a newer Trundle", "version %d of the format, this reader knows 1", (int)version);
    f->graph = net_graph_new();
    if (!f->graph)
        return error_set(err, TRUNDLE_NO_MEMORY, root->where, NULL, "no memory left");
    TRY(json_take_array(root, "tensors", 1, 4 * NET_NODES_MAX, &tensors, err));
    for (size_t i = 0; i < json_length(&tensors); i++) {
        TRY(json_element(&tensors, i, &element, err));
        TRY(take_tensor(&element, f->graph, data, data_n, err));
    }
    TRY(json_take_array(root, "nodes", 0, NET_NODES_MAX, &nodes, err));
    for (size_t i = 0; i < json_length(&nodes); i++) {
        TRY(json_element(&nodes, i, &element, err));
        TRY(take_node(&element, f->graph, err));
    }
    TRY(take_ports(root, f->graph, err));
    if (json_has(root, "about")) {
        TRY(json_take_object(root, "about", &about, err));
        f->about = json_dumps(about.value, JSON_COMPACT);
    } else {
        f->about = strdup("{}");
    }
    return f->about ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, root->where, NULL, "no memory left");
}

enum trundle_status net_file_parse(const void *bytes, size_t n, const char *where, struct net_file **out, struct trundle_error *err)
{
    const uint8_t *b = bytes;
    char hash[HASH_SHA256_TEXT];
    if (n < HEADER_AT + ALIGN || memcmp(b, magic, MAGIC_BYTES - 1) != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "trundle net import makes one of an ONNX file", "not a .net file");
    if (b[MAGIC_BYTES - 1] != magic[MAGIC_BYTES - 1])
        return error_set(err, TRUNDLE_UNSUPPORTED, where, "use a newer Trundle", "version %d of the format, this reader knows 1", (int)b[MAGIC_BYTES - 1]);
    size_t header = (size_t)b[8] | (size_t)b[9] << 8 | (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (n > FILE_MAX || header > HEADER_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "over 2 GiB, or its header over 64 MiB");
    if (align(HEADER_AT + header) + ALIGN > n)
        return error_set(err, TRUNDLE_TRUNCATED, where, "copy it again", "%zu bytes, its header alone needs %zu", n, HEADER_AT + header);
    hash_sha256(b + HEADER_AT, n - HEADER_AT, hash);
    if (memcmp(hash, b + HASH_AT, HASH_BYTES) != 0)
        return error_set(err, TRUNDLE_CORRUPT, where, "copy it again", "the content's sha256 is %.16s..., not what the file says", hash);
    struct net_file *f = calloc(1, sizeof *f);
    json_t *root = NULL;
    if (!f)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory left");
    memcpy(f->sha256, hash, sizeof hash);
    enum trundle_status status = json_parse(b + HEADER_AT, header, where, &root, err);
    if (status == TRUNDLE_OK) {
        struct json_at at = json_at_root(root, where);
        size_t data_at = align(HEADER_AT + header);
        status = take_graph(&at, b + data_at, n - data_at - ALIGN, f, err);
    }
    json_decref(root);
    if (status == TRUNDLE_NOT_FOUND) {             /* a field that is missing */
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    if (status != TRUNDLE_OK)
        net_file_close(f);
    else
        *out = f;
    return status;
}

enum trundle_status net_file_open(const char *path, struct net_file **out, struct trundle_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, NULL, "%s", strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < HEADER_AT + ALIGN || (uint64_t)st.st_size > FILE_MAX) {
        (void)close(fd);
        return error_set(err, TRUNDLE_BAD_INPUT, path, "trundle net import makes one of an ONNX file", "not a .net file");
    }
    size_t n = (size_t)st.st_size;
    void *map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (map == MAP_FAILED)
        return error_set(err, TRUNDLE_IO, path, NULL, "%s", strerror(errno));
    enum trundle_status status = net_file_parse(map, n, path, out, err);
    if (status != TRUNDLE_OK) {
        (void)munmap(map, n);
        return status;
    }
    (*out)->map = map;
    (*out)->map_bytes = n;
    return TRUNDLE_OK;
}

void net_file_close(struct net_file *f)
{
    if (!f)
        return;
    net_graph_free(f->graph);
    free(f->about);
    if (f->map)
        (void)munmap(f->map, f->map_bytes);
    free(f);
}

const struct net_graph *net_file_graph(const struct net_file *f)
{
    return f->graph;
}

const char *net_file_about(const struct net_file *f)
{
    return f->about;
}

const char *net_file_sha256(const struct net_file *f)
{
    return f->sha256;
}
