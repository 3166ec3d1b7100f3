/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/plan - from a graph to a list of steps over one block of memory.
 *
 *   1. Who runs each node: the first engine that takes it, else a kernel of ours. Neighbours of one engine are one stretch.
 *   2. Steps: kernel | upload, stretch, download, finish. A reshape is no step: its output is its input (`root`).
 *   3. Places: constants where they are; graph inputs and outputs in memory of the plan's own; all else in the scratch, by
 *      lifetime (arena.h).
 *   4. Weights are packed once.
 * A run resolves nothing and allocates nothing: every step holds its pointers, remade only when a shared scratch grew.
 */
#include "base/net/plan.h"
#include "base/net/arena.h"
#include "base/net/threads.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, PART_WORK = 1 << 15 };

enum step_kind { STEP_KERNEL, STEP_UPLOAD, STEP_STRETCH, STEP_DOWNLOAD, STEP_FINISH };

struct step {
    enum step_kind kind;
    int node;                      /* KERNEL: the node; STRETCH: its first */
    int tensor;                    /* UPLOAD, DOWNLOAD */
    const struct net_engine *engine;
    /* kernel */
    const struct net_kernel *kernel;
    struct net_site site;
    struct net_call call;          /* without scratch and part, which each thread fills in its own copy */
    size_t packed_at, scratch;     /* scratch: bytes of each part */
    int parts;
    /* stretch */
    void *part;
    int *in, *out, in_n, out_n;    /* owned */
    const void **in_at;            /* owned */
    void **out_at;                 /* owned */
    int64_t ns;
};

enum place_kind { PLACE_NONE, PLACE_CONSTANT, PLACE_OWN, PLACE_ARENA };

struct place {
    enum place_kind kind;
    int     root;                  /* whose memory this is: itself, or what it reshapes */
    int     first, last;           /* steps during which it is needed */
    size_t  at, bytes;
    void   *host;                  /* resolved */
    void   *device;                /* handle, or NULL */
    const struct net_engine *device_of;
    bool    on_host, on_device;    /* while steps are made: where it is valid */
};

struct net_scratch {
    void  *data;
    size_t bytes;
    unsigned grown;                /* counts */
};

struct net_plan {
    struct net_graph *graph;
    struct net_plan_options options;
    struct net_threads *workers;
    struct net_scratch *scratch, *own_scratch;
    unsigned resolved;             /* scratch->grown when the pointers were made, plus one */
    struct place *place;
    struct step *step;
    int steps_n, steps_room;
    const struct net_engine **by;  /* per node; NULL: ours */
    int *step_of;                  /* per node; -1: none */
    void *own, *packed;
    size_t own_bytes, packed_bytes, arena_bytes, kernel_scratch;
    struct { const struct net_engine *engine; struct net_stream *stream; } stream[8];
    int streams_n;
};

static size_t align(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* With 64 readable bytes behind, as kernels are promised. */
static void *block(size_t bytes)
{
    void *p = aligned_alloc(ALIGN, align(bytes) + ALIGN);
    if (p)
        memset(p, 0, align(bytes) + ALIGN);
    return p;
}

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "plan", "use a smaller batch, or close other programs", "no memory left");
}

struct net_scratch *net_scratch_new(void)
{
    return calloc(1, sizeof(struct net_scratch));
}

void net_scratch_free(struct net_scratch *s)
{
    if (!s)
        return;
    free(s->data);
    free(s);
}

size_t net_scratch_bytes(const struct net_scratch *s)
{
    return s->bytes;
}

static bool scratch_grow(struct net_scratch *s, size_t bytes)
{
    if (bytes <= s->bytes)
        return true;
    void *grown = block(bytes);
    if (!grown)
        return false;
    free(s->data);
    s->data = grown;
    s->bytes = bytes;
    s->grown++;
    return true;
}

/* ---- steps ---- */

static struct step *step_add(struct net_plan *p, enum step_kind kind, int node)
{
    if (p->steps_n == p->steps_room) {
        int more = p->steps_room ? 2 * p->steps_room : 64;
        struct step *grown = realloc(p->step, (size_t)more * sizeof *grown);
        if (!grown)
            return NULL;
        p->step = grown;
        p->steps_room = more;
    }
    struct step *s = &p->step[p->steps_n++];
    *s = (struct step){ .kind = kind, .node = node, .parts = 1 };
    return s;
}

static void choose_engines(struct net_plan *p)
{
    for (int i = 0; i < p->graph->nodes_n; i++)
        for (int e = 0; e < p->options.engines_n && !p->by[i]; e++)
            if (p->options.engine[e]->takes(p->graph, &p->graph->node[i]))
                p->by[i] = p->options.engine[e];
}

static bool is_output(const struct net_graph *g, int tensor)
{
    for (int i = 0; i < g->outputs_n; i++)
        if (g->output[i] == tensor)
            return true;
    return false;
}

static const char *chosen_name(const struct net_plan *p, const char *node)
{
    for (int i = 0; i < p->options.choices_n; i++)
        if (strcmp(p->options.choice[i].node, node) == 0)
            return p->options.choice[i].kernel;
    return NULL;
}

static enum trundle_status choose_kernel(struct net_plan *p, struct step *s, struct trundle_error *err)
{
    const struct net_node *node = &p->graph->node[s->node];
    s->site = (struct net_site){ .node = node, .in_n = node->in_n, .out = &p->graph->tensor[node->out] };
    for (int k = 0; k < node->in_n; k++)
        s->site.in[k] = node->in[k] >= 0 ? &p->graph->tensor[node->in[k]] : NULL;
    const char *name = chosen_name(p, node->name);
    char here[64];
    if (p->options.isa & NET_ISA_REF) {
        s->kernel = net_kernel_ref(node->op);
    } else if (name) {
        s->kernel = net_kernel_named(name);
        if (!s->kernel || s->kernel->op != node->op)
            return error_set(err, TRUNDLE_UNSUPPORTED, node->name, "trundle net tune chooses anew", "the manifest names the kernel %s, which is not there", name);
        if (s->kernel->isa & ~p->options.isa)
            return error_set(err, TRUNDLE_UNSUPPORTED, node->name, "trundle net tune chooses anew for this machine", "the kernel %s needs instructions that this machine lacks (%s)",
                             name, net_isa_text(p->options.isa, here));
        if (!s->kernel->fits(&s->site))
            return error_set(err, TRUNDLE_UNSUPPORTED, node->name, "trundle net tune chooses anew", "the kernel %s does not fit this node", name);
    } else {
        s->kernel = net_kernel_default(&s->site, p->options.isa);
    }
    /* A small node is done before a second thread has woken. */
    int64_t work = net_node_macs(p->graph, node) + 8 * net_shape_elements(&s->site.out->shape);
    int64_t parts = work / PART_WORK + 1;
    s->parts = parts < p->options.threads ? (int)parts : p->options.threads;
    s->scratch = s->kernel->scratch_bytes ? align(s->kernel->scratch_bytes(&s->site, s->parts)) + ALIGN : 0;
    if (s->scratch * (size_t)s->parts > p->kernel_scratch)
        p->kernel_scratch = s->scratch * (size_t)s->parts;
    if (s->kernel->packed_bytes) {
        s->packed_at = p->packed_bytes;
        p->packed_bytes += align(s->kernel->packed_bytes(&s->site)) + ALIGN;
    }
    return TRUNDLE_OK;
}

static struct net_stream *stream_of(const struct net_plan *p, const struct net_engine *engine)
{
    for (int i = 0; i < p->streams_n; i++)
        if (p->stream[i].engine == engine)
            return p->stream[i].stream;
    return NULL;
}

static enum trundle_status stream_open(struct net_plan *p, const struct net_engine *engine, struct trundle_error *err)
{
    if (!engine->memory || stream_of(p, engine))
        return TRUNDLE_OK;
    if (p->streams_n == (int)COUNT_OF(p->stream))
        return error_set(err, TRUNDLE_TOO_LARGE, engine->name, NULL, "more than %d engines in one plan", (int)COUNT_OF(p->stream));
    struct net_stream *stream = engine->memory->stream_new();
    if (!stream)
        return error_set(err, TRUNDLE_DEVICE, engine->name, NULL, "no stream could be opened");
    p->stream[p->streams_n].engine = engine;
    p->stream[p->streams_n++].stream = stream;
    return TRUNDLE_OK;
}

/* A tensor on a device has one handle for the plan's life. */
static enum trundle_status on_device(struct net_plan *p, int tensor, const struct net_engine *engine, struct trundle_error *err)
{
    struct place *place = &p->place[tensor];
    if (place->device && place->device_of != engine)
        return error_set(err, TRUNDLE_UNSUPPORTED, p->graph->tensor[tensor].name, "use one device for both", "a tensor crosses from one device to another");
    if (!place->device) {
        place->device = engine->memory->allocate(align(net_tensor_bytes(&p->graph->tensor[tensor])) + ALIGN);
        place->device_of = engine;
        if (!place->device)
            return error_set(err, TRUNDLE_DEVICE, engine->name, "use a smaller batch", "no device memory left for %s", p->graph->tensor[tensor].name);
    }
    return TRUNDLE_OK;
}

/* The host will read `tensor` in the next step: fetch it when only a device has it. */
static enum trundle_status need_on_host(struct net_plan *p, int tensor, int node, struct trundle_error *err)
{
    struct place *place = &p->place[tensor];
    if (place->on_host || !place->on_device)
        return TRUNDLE_OK;
    for (int k = 0; k < 2; k++) {
        struct step *s = step_add(p, k ? STEP_FINISH : STEP_DOWNLOAD, node);
        if (!s)
            return no_memory(err);
        s->tensor = tensor;
        s->engine = place->device_of;
    }
    place->on_host = true;
    return TRUNDLE_OK;
}

static bool listed(const int *list, int n, int value)
{
    for (int i = 0; i < n; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* Which tensors cross the border of nodes [from, to). */
static enum trundle_status borders(const struct net_graph *g, int from, int to, const int *producer, const int *last_use, struct step *s, struct trundle_error *err)
{
    size_t most = (size_t)(to - from);
    s->in = malloc(most * NET_IN_MAX * sizeof(int));
    s->out = malloc(most * sizeof(int));
    s->in_at = malloc(most * NET_IN_MAX * sizeof *s->in_at);
    s->out_at = malloc(most * sizeof *s->out_at);
    if (!s->in || !s->out || !s->in_at || !s->out_at)
        return no_memory(err);
    for (int i = from; i < to; i++) {
        const struct net_node *node = &g->node[i];
        for (int k = 0; k < node->in_n; k++) {
            int t = node->in[k];
            if (t >= 0 && !g->tensor[t].data && producer[t] < from && !listed(s->in, s->in_n, t))
                s->in[s->in_n++] = t;
        }
        if (last_use[node->out] >= to || is_output(g, node->out))
            s->out[s->out_n++] = node->out;
    }
    return TRUNDLE_OK;
}

static enum trundle_status add_stretch(struct net_plan *p, int from, int to, const int *producer, const int *last_use, struct trundle_error *err)
{
    const struct net_graph *g = p->graph;
    const struct net_engine *engine = p->by[from];
    struct step s = { .kind = STEP_STRETCH, .node = from, .engine = engine };
    enum trundle_status status = borders(g, from, to, producer, last_use, &s, err);
    int *nodes = malloc((size_t)(to - from) * sizeof *nodes);
    if (status == TRUNDLE_OK && !nodes)
        status = no_memory(err);
    for (int i = from; nodes && i < to; i++)
        nodes[i - from] = i;
    if (status == TRUNDLE_OK)
        status = stream_open(p, engine, err);
    for (int i = 0; i < s.in_n && status == TRUNDLE_OK; i++) {
        if (!engine->memory || p->place[s.in[i]].device_of != engine)
            status = need_on_host(p, s.in[i], from, err);
        if (status == TRUNDLE_OK && engine->memory && !p->place[s.in[i]].on_device) {
            status = on_device(p, s.in[i], engine, err);
            struct step *up = status == TRUNDLE_OK ? step_add(p, STEP_UPLOAD, from) : NULL;
            if (status == TRUNDLE_OK && !up)
                status = no_memory(err);
            if (up) {
                up->tensor = s.in[i];
                up->engine = engine;
                p->place[s.in[i]].on_device = true;
            }
        }
    }
    for (int i = 0; i < s.out_n && status == TRUNDLE_OK; i++) {
        if (engine->memory) {
            status = on_device(p, s.out[i], engine, err);
            p->place[s.out[i]].on_device = true;
        } else {
            p->place[s.out[i]].on_host = true;
        }
    }
    if (status == TRUNDLE_OK) {
        const struct net_stretch stretch = { g, nodes, to - from, s.in, s.out, s.in_n, s.out_n, p->options.threads, p->options.isa };
        status = engine->compile(&stretch, &s.part, err);
    }
    free(nodes);
    struct step *added = step_add(p, STEP_STRETCH, from);
    if (!added) {                                  /* it would be freed with the plan, but there is no step to hold it */
        if (s.part)
            engine->free(s.part);
        free(s.in);
        free(s.out);
        free(s.in_at);
        free(s.out_at);
        return no_memory(err);
    }
    *added = s;
    for (int i = from; i < to; i++)
        p->step_of[i] = p->steps_n - 1;
    return status;
}

/* A reshape whose output nobody outside will read in place of its input needs no work. */
static bool is_alias(const struct net_plan *p, const struct net_node *node)
{
    return node->op == NET_RESHAPE && !p->options.keep_all && !is_output(p->graph, node->out);
}

static enum trundle_status make_steps(struct net_plan *p, struct trundle_error *err)
{
    const struct net_graph *g = p->graph;
    int *producer = malloc(((size_t)g->tensors_n + 1) * sizeof(int)), *last_use = malloc(((size_t)g->tensors_n + 1) * sizeof(int));
    enum trundle_status status = producer && last_use ? TRUNDLE_OK : no_memory(err);
    for (int t = 0; status == TRUNDLE_OK && t < g->tensors_n; t++)
        producer[t] = last_use[t] = -1;
    for (int i = 0; status == TRUNDLE_OK && i < g->nodes_n; i++) {
        producer[g->node[i].out] = i;
        for (int k = 0; k < g->node[i].in_n; k++)
            if (g->node[i].in[k] >= 0)
                last_use[g->node[i].in[k]] = i;
    }
    for (int i = 0; status == TRUNDLE_OK && i < g->nodes_n;) {
        if (p->by[i]) {
            int to = i + 1;
            while (to < g->nodes_n && p->by[to] == p->by[i])
                to++;
            status = add_stretch(p, i, to, producer, last_use, err);
            i = to;
            continue;
        }
        const struct net_node *node = &g->node[i];
        for (int k = 0; k < node->in_n && status == TRUNDLE_OK; k++)
            if (node->in[k] >= 0)
                status = need_on_host(p, node->in[k], i, err);
        p->place[node->out].on_host = true;
        if (is_alias(p, node)) {
            p->place[node->out].root = p->place[node->in[0]].root;
        } else if (status == TRUNDLE_OK) {
            struct step *s = step_add(p, STEP_KERNEL, i);
            status = s ? choose_kernel(p, s, err) : no_memory(err);
            p->step_of[i] = p->steps_n - 1;
        }
        i++;
    }
    for (int i = 0; i < g->outputs_n && status == TRUNDLE_OK; i++)
        status = need_on_host(p, g->output[i], g->nodes_n - 1, err);
    free(producer);
    free(last_use);
    return status;
}

/* ---- places ---- */

static void touch(struct net_plan *p, int tensor, int step)
{
    struct place *place = &p->place[p->place[tensor].root];
    if (place->first < 0)
        place->first = step;
    place->last = step;
}

static enum trundle_status make_places(struct net_plan *p, struct trundle_error *err)
{
    const struct net_graph *g = p->graph;
    for (int i = 0; i < p->steps_n; i++) {
        const struct step *s = &p->step[i];
        if (s->kind == STEP_KERNEL) {
            for (int k = 0; k < s->site.node->in_n; k++)
                if (s->site.node->in[k] >= 0)
                    touch(p, s->site.node->in[k], i);
            touch(p, s->site.node->out, i);
        } else if (s->kind == STEP_UPLOAD || s->kind == STEP_DOWNLOAD) {
            touch(p, s->tensor, i);
        } else if (s->kind == STEP_STRETCH && !s->engine->memory) {
            for (int k = 0; k < s->in_n; k++)
                touch(p, s->in[k], i);
            for (int k = 0; k < s->out_n; k++)
                touch(p, s->out[k], i);
        }
    }
    struct arena_item *item = malloc(((size_t)g->tensors_n + 1) * sizeof *item);
    int *whose = malloc(((size_t)g->tensors_n + 1) * sizeof *whose), items_n = 0;
    enum trundle_status status = item && whose ? TRUNDLE_OK : no_memory(err);
    for (int t = 0; t < g->tensors_n && status == TRUNDLE_OK; t++) {
        struct place *place = &p->place[t];
        bool input = listed(g->input, g->inputs_n, t), own = input || is_output(g, t);
        place->bytes = net_tensor_bytes(&g->tensor[t]);
        if (g->tensor[t].data) {
            place->kind = PLACE_CONSTANT;
        } else if (place->root != t || (place->first < 0 && !own)) {
            place->kind = PLACE_NONE;              /* another's memory, or never here */
        } else if (own) {
            place->kind = PLACE_OWN;
            place->at = p->own_bytes;
            p->own_bytes += align(place->bytes) + ALIGN;
        } else {
            place->kind = PLACE_ARENA;
            item[items_n] = (struct arena_item){ .bytes = align(place->bytes) + ALIGN, .first = p->options.keep_all ? 0 : place->first,
                                                 .last = p->options.keep_all ? p->steps_n : place->last };
            whose[items_n++] = t;
        }
    }
    size_t tensors = 0;
    if (status == TRUNDLE_OK && !arena_place(item, items_n, &tensors))
        status = no_memory(err);
    for (int i = 0; i < items_n && status == TRUNDLE_OK; i++)
        p->place[whose[i]].at = item[i].at;
    p->arena_bytes = tensors + p->kernel_scratch;
    free(item);
    free(whose);
    return status;
}

static void resolve(struct net_plan *p)
{
    const struct net_graph *g = p->graph;
    for (int t = 0; t < g->tensors_n; t++) {
        const struct place *root = &p->place[p->place[t].root];
        switch (root->kind) {
        case PLACE_CONSTANT:
            p->place[t].host = (void *)(uintptr_t)g->tensor[p->place[t].root].data;
            break;
        case PLACE_OWN:
            p->place[t].host = (char *)p->own + root->at;
            break;
        case PLACE_ARENA:
            p->place[t].host = (char *)p->scratch->data + root->at;
            break;
        default:
            p->place[t].host = NULL;
        }
    }
    for (int i = 0; i < p->steps_n; i++) {
        struct step *s = &p->step[i];
        if (s->kind == STEP_KERNEL) {
            s->call.site = &s->site;
            for (int k = 0; k < s->site.in_n; k++)
                s->call.in[k] = s->site.node->in[k] >= 0 ? p->place[s->site.node->in[k]].host : NULL;
            s->call.out = p->place[s->site.node->out].host;
            s->call.packed = s->kernel->packed_bytes ? (char *)p->packed + s->packed_at : NULL;
            s->call.scratch = (char *)p->scratch->data + (p->arena_bytes - p->kernel_scratch);
        } else if (s->kind == STEP_STRETCH) {
            for (int k = 0; k < s->in_n; k++)
                s->in_at[k] = s->engine->memory ? p->place[s->in[k]].device : p->place[s->in[k]].host;
            for (int k = 0; k < s->out_n; k++)
                s->out_at[k] = s->engine->memory ? p->place[s->out[k]].device : p->place[s->out[k]].host;
        }
    }
    p->resolved = p->scratch->grown + 1;
}

static void pack_weights(struct net_plan *p)
{
    for (int i = 0; i < p->steps_n; i++)
        if (p->step[i].kind == STEP_KERNEL && p->step[i].kernel->packed_bytes)
            p->step[i].kernel->pack(&p->step[i].site, (char *)p->packed + p->step[i].packed_at);
}

/* ---- the face ---- */

enum trundle_status net_plan_new(const struct net_graph *g, const struct net_plan_options *options, struct net_plan **out, struct trundle_error *err)
{
    struct net_plan *p = calloc(1, sizeof *p);
    if (!p)
        return no_memory(err);
    enum trundle_status status = TRUNDLE_OK;
    p->options = *options;
    if (p->options.batch == 0)
        p->options.batch = 1;
    if (p->options.threads == 0)
        p->options.threads = 1;
    if (p->options.isa == 0)
        p->options.isa = net_isa_here();
    if (p->options.batch < 1 || p->options.batch > 65536 || p->options.threads < 1 || p->options.threads > 64) {
        status = error_set(err, TRUNDLE_BAD_ARG, "plan", NULL, "batch %d (1 to 65536) or threads %d (1 to 64)", p->options.batch, p->options.threads);
        goto out;
    }
    TRY_GOTO(status, net_graph_copy(g, true, &p->graph, err), out);
    TRY_GOTO(status, net_graph_infer(p->graph, p->options.batch, err), out);
    p->place = calloc((size_t)p->graph->tensors_n + 1, sizeof *p->place);
    p->by = calloc((size_t)p->graph->nodes_n + 1, sizeof *p->by);
    p->step_of = malloc(((size_t)p->graph->nodes_n + 1) * sizeof *p->step_of);
    if (p->options.threads > 1)
        p->workers = net_threads_new(p->options.threads);
    p->scratch = p->options.scratch ? p->options.scratch : (p->own_scratch = net_scratch_new());
    if (!p->place || !p->by || !p->step_of || !p->scratch || (p->options.threads > 1 && !p->workers)) {
        status = no_memory(err);
        goto out;
    }
    for (int t = 0; t < p->graph->tensors_n; t++)
        p->place[t] = (struct place){ .root = t, .first = -1, .last = -1, .on_host = listed(p->graph->input, p->graph->inputs_n, t) };
    for (int i = 0; i < p->graph->nodes_n; i++)
        p->step_of[i] = -1;
    choose_engines(p);
    TRY_GOTO(status, make_steps(p, err), out);
    TRY_GOTO(status, make_places(p, err), out);
    p->own = block(p->own_bytes);
    p->packed = block(p->packed_bytes);
    if (!p->own || !p->packed || !scratch_grow(p->scratch, p->arena_bytes)) {
        status = no_memory(err);
        goto out;
    }
    pack_weights(p);
    resolve(p);
    p->options.choice = NULL;
    *out = p;
    return TRUNDLE_OK;
out:
    net_plan_free(p);
    return status;
}

void net_plan_free(struct net_plan *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->steps_n; i++) {
        if (p->step[i].part)
            p->step[i].engine->free(p->step[i].part);
        free(p->step[i].in);
        free(p->step[i].out);
        free(p->step[i].in_at);
        free(p->step[i].out_at);
    }
    for (int t = 0; p->place && t < p->graph->tensors_n; t++)
        if (p->place[t].device)
            p->place[t].device_of->memory->release(p->place[t].device);
    for (int i = 0; i < p->streams_n; i++)
        p->stream[i].engine->memory->stream_free(p->stream[i].stream);
    net_threads_free(p->workers);
    net_scratch_free(p->own_scratch);
    net_graph_free(p->graph);
    free(p->place);
    free(p->step);
    free(p->by);
    free(p->step_of);
    free(p->own);
    free(p->packed);
    free(p);
}

static void run_part(void *argument, int part, int parts)
{
    const struct step *s = argument;
    struct net_call call = s->call;
    call.part = part;
    call.parts = parts;
    call.scratch = (char *)call.scratch + s->scratch * (size_t)part;
    s->kernel->run(&call);
}

static enum trundle_status run_step(struct net_plan *p, struct step *s, struct trundle_error *err)
{
    switch (s->kind) {
    case STEP_KERNEL:
        net_threads_run(p->workers, s->parts, run_part, s);
        return TRUNDLE_OK;
    case STEP_UPLOAD:
        return s->engine->memory->upload(stream_of(p, s->engine), p->place[s->tensor].device, p->place[s->tensor].host, p->place[s->tensor].bytes);
    case STEP_STRETCH:
        return s->engine->run(s->part, s->in_at, s->out_at, stream_of(p, s->engine), err);
    case STEP_DOWNLOAD:
        return s->engine->memory->download(stream_of(p, s->engine), p->place[s->tensor].host, p->place[s->tensor].device, p->place[s->tensor].bytes);
    default:
        return s->engine->memory->finish(stream_of(p, s->engine), err);
    }
}

enum trundle_status net_plan_run(struct net_plan *p, struct trundle_error *err)
{
    if (p->resolved != p->scratch->grown + 1)
        resolve(p);
    for (int i = 0; i < p->steps_n; i++) {
        struct step *s = &p->step[i];
        int64_t t0 = p->options.clock ? p->options.clock() : 0;
        enum trundle_status status = run_step(p, s, err);
        if (status != TRUNDLE_OK) {
            if (s->kind == STEP_UPLOAD || s->kind == STEP_DOWNLOAD)
                error_set(err, status, s->engine->name, NULL, "%s could not be moved", p->graph->tensor[s->tensor].name);
            for (int k = 0; k < p->streams_n; k++)     /* nothing may still be on its way when the caller goes on */
                if (p->stream[k].engine->memory->finish(p->stream[k].stream, NULL) != TRUNDLE_OK)
                    continue;
            return status;
        }
        if (p->options.clock)
            s->ns = p->options.clock() - t0;
    }
    return TRUNDLE_OK;
}

const struct net_graph *net_plan_graph(const struct net_plan *p)
{
    return p->graph;
}

void *net_plan_input(struct net_plan *p, int i)
{
    return i >= 0 && i < p->graph->inputs_n ? p->place[p->graph->input[i]].host : NULL;
}

const void *net_plan_output(const struct net_plan *p, int i)
{
    return i >= 0 && i < p->graph->outputs_n ? net_plan_tensor(p, p->graph->output[i]) : NULL;
}

const void *net_plan_tensor(const struct net_plan *p, int tensor)
{
    if (tensor < 0 || tensor >= p->graph->tensors_n)
        return NULL;
    const struct place *root = &p->place[p->place[tensor].root];
    return root->kind == PLACE_ARENA && !p->options.keep_all ? NULL : p->place[tensor].host;
}

const char *net_plan_node_by(const struct net_plan *p, int node)
{
    if (p->step_of[node] < 0)
        return "-";
    const struct step *s = &p->step[p->step_of[node]];
    if (s->kind == STEP_KERNEL)
        return s->kernel->name;
    const char *told = s->engine->describe ? s->engine->describe(s->part, node - s->node) : NULL;
    return told ? told : s->engine->name;
}

int64_t net_plan_node_ns(const struct net_plan *p, int node)
{
    if (p->step_of[node] < 0)
        return 0;
    const struct step *s = &p->step[p->step_of[node]];
    return s->node == node ? s->ns : 0;
}

size_t net_plan_packed_bytes(const struct net_plan *p)
{
    return p->packed_bytes;
}

size_t net_plan_arena_bytes(const struct net_plan *p)
{
    return p->arena_bytes;
}
