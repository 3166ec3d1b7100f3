/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/graph - building, copying and naming. Shapes are infer.c's. */
#include "base/net/graph.h"
#include "base/std/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRAPH_ALIGN = 64, TENSORS_MAX = 4 * NET_NODES_MAX };

static const char *const op_names[] = {
#define X(id, name, least, most) name,
    NET_OPS(X)
#undef X
};
static const char *const act_names[] = {
#define X(id, name) name,
    NET_ACTS(X)
#undef X
};
static const char *const type_names[NET_TYPE_COUNT] = { "none", "f32", "u8", "i8", "i32", "i64" };
static const size_t type_bytes[NET_TYPE_COUNT] = { 0, 4, 1, 1, 4, 8 };

const char *net_op_name(enum net_op op)
{
    return (unsigned)op < NET_OP_COUNT ? op_names[op] : "?";
}

const char *net_act_name(enum net_act act)
{
    return (unsigned)act < NET_ACT_COUNT ? act_names[act] : "?";
}

const char *net_type_name(enum net_type type)
{
    return (unsigned)type < NET_TYPE_COUNT ? type_names[type] : "?";
}

size_t net_type_bytes(enum net_type type)
{
    return (unsigned)type < NET_TYPE_COUNT ? type_bytes[type] : 0;
}

int64_t net_shape_elements(const struct net_shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->d[i];
    return n;
}

size_t net_tensor_bytes(const struct net_tensor *t)
{
    return (size_t)net_shape_elements(&t->shape) * net_type_bytes(t->type);
}

bool net_shape_equal(const struct net_shape *a, const struct net_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->d[i] != b->d[i])
            return false;
    return true;
}

const char *net_shape_text(const struct net_shape *s, char out[80])
{
    size_t used = 0;
    out[0] = '\0';
    if (s->rank == 0)
        memcpy(out, "scalar", 7);
    for (int i = 0; i < s->rank; i++)
        used += (size_t)snprintf(out + used, 80 - used, i ? "x%d" : "%d", (int)s->d[i]);
    return out;
}

int64_t net_node_macs(const struct net_graph *g, const struct net_node *node)
{
    const struct net_tensor *out = &g->tensor[node->out];
    int64_t n = net_shape_elements(&out->shape);
    const struct net_shape *in = &g->tensor[node->in[0]].shape, *w = node->in_n > 1 && node->in[1] >= 0 ? &g->tensor[node->in[1]].shape : NULL;
    switch (node->op) {
    case NET_CONV:
        return w ? n * w->d[1] * w->d[2] * w->d[3] : 0;
    case NET_CONV_TRANSPOSE:
        return w ? net_shape_elements(in) * w->d[1] * w->d[2] * w->d[3] : 0;
    case NET_MATMUL:
        return in->rank ? n * in->d[in->rank - 1] : 0;
    case NET_ATTENTION: {                          /* q k^T and p v */
        const struct net_shape *v = &g->tensor[node->in[2]].shape;
        return w ? (int64_t)in->d[0] * in->d[1] * w->d[1] * (in->d[2] + v->d[2]) : 0;
    }
    default:
        return 0;
    }
}

struct net_graph *net_graph_new(void)
{
    return calloc(1, sizeof(struct net_graph));
}

void net_graph_free(struct net_graph *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->tensors_n; i++) {
        free(g->tensor[i].quant.scale);
        if (g->tensor[i].owned)
            free((void *)(uintptr_t)g->tensor[i].data);
    }
    free(g->tensor);
    free(g->node);
    free(g->input);
    free(g->output);
    free(g->names);
    free(g);
}

/* The slot of a name in the index: its own, or the free one where it would stand. */
static size_t slot_of(const struct net_graph *g, const char *name)
{
    size_t mask = (size_t)g->names_room - 1, at = (size_t)hash64(name, strlen(name), 0) & mask;
    while (g->names[at] && strcmp(g->tensor[g->names[at] - 1].name, name) != 0)
        at = (at + 1) & mask;
    return at;
}

int net_graph_find(const struct net_graph *g, const char *tensor_name)
{
    return g->names_room ? g->names[slot_of(g, tensor_name)] - 1 : -1;
}

/* Room for one more name, at most half full. */
static bool names_grow(struct net_graph *g)
{
    if (2 * (g->tensors_n + 1) <= g->names_room)
        return true;
    int more = g->names_room ? 2 * g->names_room : 128;
    while (2 * (g->tensors_n + 1) > more)
        more *= 2;
    int *grown = calloc((size_t)more, sizeof *grown);
    if (!grown)
        return false;
    free(g->names);
    g->names = grown;
    g->names_room = more;
    for (int i = 0; i < g->tensors_n; i++)
        g->names[slot_of(g, g->tensor[i].name)] = i + 1;
    return true;
}

static enum trundle_status no_memory(struct trundle_error *err, const char *what)
{
    return error_set(err, TRUNDLE_NO_MEMORY, what, "close other programs, or use a smaller net", "no memory left");
}

/* Doubles *array when it is full. */
static bool room(void **array, int n, int *capacity, size_t size)
{
    if (n < *capacity)
        return true;
    int more = *capacity ? 2 * *capacity : 32;
    void *grown = realloc(*array, (size_t)more * size);
    if (!grown)
        return false;
    *array = grown;
    *capacity = more;
    return true;
}

enum trundle_status net_graph_reindex(struct net_graph *g, struct trundle_error *err)
{
    free(g->names);
    g->names = NULL;
    g->names_room = 0;
    return names_grow(g) ? TRUNDLE_OK : no_memory(err, "graph");
}

/* The newest name can be taken out of the index, for no chain of slots runs over it; else the index is made anew. */
enum trundle_status net_graph_rename(struct net_graph *g, int tensor, const char *name, struct trundle_error *err)
{
    struct net_tensor *t = &g->tensor[tensor];
    char made[NET_NAME_MAX];
    snprintf(made, sizeof made, "%s", name);
    int other = net_graph_find(g, made);
    if (other == tensor)
        return TRUNDLE_OK;
    if (!made[0] || other >= 0)
        return error_set(err, TRUNDLE_CONFLICT, made, "give every tensor its own name", "two tensors have this name, or it is empty");
    bool newest = tensor == g->tensors_n - 1;
    if (newest)
        g->names[slot_of(g, t->name)] = 0;
    memcpy(t->name, made, sizeof t->name);
    if (!newest)
        return net_graph_reindex(g, err);
    g->names[slot_of(g, made)] = tensor + 1;
    return TRUNDLE_OK;
}

/* Adds a tensor with a name that nobody has. `name` empty: made of `stem`. */
static enum trundle_status tensor_add(struct net_graph *g, const char *name, const char *stem, enum net_type type, const struct net_shape *shape,
                                      int *out, struct trundle_error *err)
{
    char made[NET_NAME_MAX];
    if (g->tensors_n >= TENSORS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, name ? name : stem, NULL, "more than %d tensors", TENSORS_MAX);
    if (name && name[0]) {
        snprintf(made, sizeof made, "%s", name);
        if (net_graph_find(g, made) >= 0)
            return error_set(err, TRUNDLE_CONFLICT, made, "give every tensor its own name", "two tensors have this name");
    } else {
        snprintf(made, sizeof made, "%s", stem);
        for (int k = g->tensors_n; net_graph_find(g, made) >= 0; k++)
            snprintf(made, sizeof made, "%.*s.%d", NET_NAME_MAX - 16, stem, k);
    }
    if (shape) {
        if (shape->rank < 0 || shape->rank > NET_RANK_MAX)
            return error_set(err, TRUNDLE_UNSUPPORTED, made, "reshape to fewer axes", "%d axes, at most %d", shape->rank, NET_RANK_MAX);
        int64_t n = 1;
        for (int i = 0; i < shape->rank; i++) {
            if (shape->d[i] < 0)
                return error_set(err, TRUNDLE_BAD_INPUT, made, NULL, "axis %d has %d elements", i, (int)shape->d[i]);
            n *= shape->d[i] ? shape->d[i] : 1;
            if (n > NET_ELEMENTS_MAX)
                return error_set(err, TRUNDLE_TOO_LARGE, made, NULL, "more than 2^31 elements");
        }
    }
    if (!room((void **)&g->tensor, g->tensors_n, &g->tensors_room, sizeof *g->tensor) || !names_grow(g))
        return no_memory(err, made);
    struct net_tensor *t = &g->tensor[g->tensors_n];
    *t = (struct net_tensor){ .type = type };
    memcpy(t->name, made, sizeof t->name);
    if (shape)
        t->shape = *shape;
    g->names[slot_of(g, made)] = g->tensors_n + 1;
    *out = g->tensors_n++;
    return TRUNDLE_OK;
}

static enum trundle_status list_add(int **list, int *n, int value, struct trundle_error *err)
{
    int *grown = realloc(*list, (size_t)(*n + 1) * sizeof **list);
    if (!grown)
        return no_memory(err, "graph");
    *list = grown;
    grown[(*n)++] = value;
    return TRUNDLE_OK;
}

enum trundle_status net_graph_input(struct net_graph *g, const char *name, enum net_type type, const struct net_shape *shape, int *out, struct trundle_error *err)
{
    int i = 0;
    TRY(tensor_add(g, name, "input", type, shape, &i, err));
    TRY(list_add(&g->input, &g->inputs_n, i, err));
    *out = i;
    return TRUNDLE_OK;
}

enum trundle_status net_graph_output(struct net_graph *g, int tensor, struct trundle_error *err)
{
    if (tensor < 0 || tensor >= g->tensors_n)
        return error_set(err, TRUNDLE_BAD_ARG, "graph output", NULL, "no tensor %d", tensor);
    return list_add(&g->output, &g->outputs_n, tensor, err);
}

/* A block of at least n bytes with 64 readable ones behind it. */
static void *block(size_t n)
{
    size_t bytes = (n + 2 * GRAPH_ALIGN - 1) / GRAPH_ALIGN * GRAPH_ALIGN;
    void *p = aligned_alloc(GRAPH_ALIGN, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

static enum trundle_status constant_add(struct net_graph *g, const char *name, enum net_type type, const struct net_shape *shape, const void *data,
                                        bool borrow, int *out, struct trundle_error *err)
{
    int i = 0;
    for (int k = 0; k < shape->rank && k < NET_RANK_MAX; k++)
        if (shape->d[k] == 0 && !borrow && data == NULL)
            return error_set(err, TRUNDLE_BAD_ARG, name ? name : "constant", NULL, "axis %d of a constant is unknown", k);
    TRY(tensor_add(g, name, "constant", type, shape, &i, err));
    struct net_tensor *t = &g->tensor[i];
    if (borrow) {
        t->data = data;
    } else {
        size_t n = net_tensor_bytes(t);
        void *copy = block(n);
        if (!copy)
            return no_memory(err, t->name);       /* the tensor stays, without data: the caller gives the graph up */
        if (data && n)
            memcpy(copy, data, n);
        t->data = copy;
        t->owned = true;
    }
    *out = i;
    return TRUNDLE_OK;
}

enum trundle_status net_graph_constant(struct net_graph *g, const char *name, enum net_type type, const struct net_shape *shape, const void *data, int *out, struct trundle_error *err)
{
    return constant_add(g, name, type, shape, data, false, out, err);
}

enum trundle_status net_graph_constant_borrow(struct net_graph *g, const char *name, enum net_type type, const struct net_shape *shape, const void *data, int *out,
                                              struct trundle_error *err)
{
    if (!data)
        return error_set(err, TRUNDLE_BAD_ARG, name ? name : "constant", NULL, "a borrowed constant has no data");
    return constant_add(g, name, type, shape, data, true, out, err);
}

void *net_graph_writable(struct net_graph *g, int tensor)
{
    struct net_tensor *t = &g->tensor[tensor];
    if (!t->owned) {
        size_t n = net_tensor_bytes(t);
        void *copy = block(n);
        if (!copy)
            return NULL;
        if (t->data)
            memcpy(copy, t->data, n);
        t->data = copy;
        t->owned = true;
    }
    return (void *)(uintptr_t)t->data;
}

struct net_node net_node_of(enum net_op op, const char *name, const int *in, int in_n)
{
    struct net_node node = { .op = op, .in_n = in_n, .out = -1 };
    snprintf(node.name, sizeof node.name, "%s", name ? name : "");
    for (int i = 0; i < in_n && i < NET_IN_MAX; i++)
        node.in[i] = in[i];
    node.attr = (struct net_attr){ .stride = { 1, 1 }, .dilation = { 1, 1 }, .groups = 1, .heads = 1, .eps = 1e-5f, .keep = true };
    for (int i = 0; i < NET_RANK_MAX; i++)
        node.attr.step[i] = 1;
    return node;
}

enum trundle_status net_graph_node(struct net_graph *g, const struct net_node *node, int *out, struct trundle_error *err)
{
    static const struct { int least, most; } arity[] = {
#define X(id, name, least, most) { least, most },
        NET_OPS(X)
#undef X
    };
    const char *name = node->name[0] ? node->name : net_op_name(node->op);
    if ((unsigned)node->op >= NET_OP_COUNT)
        return error_set(err, TRUNDLE_UNSUPPORTED, name, NULL, "no operator %d", (int)node->op);
    if (node->in_n < arity[node->op].least || node->in_n > arity[node->op].most)
        return error_set(err, TRUNDLE_BAD_INPUT, name, NULL, "%s takes %d to %d inputs, not %d", net_op_name(node->op), arity[node->op].least,
                         arity[node->op].most, node->in_n);
    for (int i = 0; i < node->in_n; i++)
        if (node->in[i] >= g->tensors_n || node->in[i] < -1 || (node->in[i] == -1 && i < arity[node->op].least))
            return error_set(err, TRUNDLE_BAD_INPUT, name, NULL, "input %d is tensor %d, which is not there", i, node->in[i]);
    if (g->nodes_n >= NET_NODES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, name, NULL, "more than %d nodes", NET_NODES_MAX);
    if (!room((void **)&g->node, g->nodes_n, &g->nodes_room, sizeof *g->node))
        return no_memory(err, name);
    int t = 0;
    TRY(tensor_add(g, NULL, name, NET_NONE, NULL, &t, err));
    struct net_node *added = &g->node[g->nodes_n++];
    *added = *node;
    snprintf(added->name, sizeof added->name, "%s", name);
    added->out = t;
    *out = t;
    return TRUNDLE_OK;
}

enum trundle_status net_graph_quant(struct net_graph *g, int tensor, int n, int axis, const float *scale, int32_t zero, struct trundle_error *err)
{
    struct net_tensor *t = &g->tensor[tensor];
    float *copy = n > 0 ? malloc((size_t)n * sizeof *copy) : NULL;
    if (n > 0 && !copy)
        return no_memory(err, t->name);
    if (n > 0)
        memcpy(copy, scale, (size_t)n * sizeof *copy);
    free(t->quant.scale);
    t->quant = (struct net_quant){ n, axis, zero, copy };
    return TRUNDLE_OK;
}

enum trundle_status net_graph_copy(const struct net_graph *g, bool borrow, struct net_graph **out, struct trundle_error *err)
{
    struct net_graph *c = net_graph_new();
    enum trundle_status status = c ? TRUNDLE_OK : no_memory(err, "graph");
    if (status != TRUNDLE_OK)
        return status;
    c->tensor = calloc((size_t)g->tensors_n + 1, sizeof *c->tensor);
    c->node = malloc(((size_t)g->nodes_n + 1) * sizeof *c->node);
    c->input = malloc(((size_t)g->inputs_n + 1) * sizeof(int));
    c->output = malloc(((size_t)g->outputs_n + 1) * sizeof(int));
    if (!c->tensor || !c->node || !c->input || !c->output) {
        status = no_memory(err, "graph");
        goto out;
    }
    c->tensors_room = g->tensors_n + 1;
    c->nodes_room = g->nodes_n + 1;
    for (int i = 0; i < g->tensors_n; i++) {
        const struct net_tensor *from = &g->tensor[i];
        struct net_tensor *to = &c->tensor[i];
        *to = *from;
        to->quant.scale = NULL;
        to->owned = false;
        c->tensors_n = i + 1;
        if (from->quant.n) {
            to->quant.n = 0;
            TRY_GOTO(status, net_graph_quant(c, i, from->quant.n, from->quant.axis, from->quant.scale, from->quant.zero, err), out);
        }
        if (from->data && !borrow && !net_graph_writable(c, i)) {
            status = no_memory(err, from->name);
            goto out;
        }
    }
    if (g->nodes_n)
        memcpy(c->node, g->node, (size_t)g->nodes_n * sizeof *c->node);
    if (g->inputs_n)
        memcpy(c->input, g->input, (size_t)g->inputs_n * sizeof(int));
    if (g->outputs_n)
        memcpy(c->output, g->output, (size_t)g->outputs_n * sizeof(int));
    TRY_GOTO(status, net_graph_reindex(c, err), out);
    c->nodes_n = g->nodes_n;
    c->inputs_n = g->inputs_n;
    c->outputs_n = g->outputs_n;
    *out = c;
    return TRUNDLE_OK;
out:
    net_graph_free(c);
    return status;
}
