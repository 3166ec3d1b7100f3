/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/dnnl - a stretch as a list of oneDNN primitives over one block of memory.
 *
 * A tensor may exist in several forms (ours, and blocked ones); the first time that a primitive wants another form, a reorder is
 * put before it. Each form has a piece of storage: a place in the block, or the caller's input or output. A residual is added in
 * place (oneDNN's sum): when nobody needs it later, in its own storage, else in a copy.
 */
#include "base/net/engine/dnnl_engine.h"
#include "base/net/arena.h"
#include "base/net/engine/dnnl_inside.h"
#include "base/net/kernel.h"

#include <omp.h>
#include <pthread.h>
#include <stdio.h>

enum { ARGS_MAX = NET_IN_MAX + 10 };

struct storage {
    size_t bytes;
    int    first, last;            /* steps */
    int    in, out;                /* the caller's, or -1 */
    size_t at;
    int    tensor;
};

struct form {
    int    tensor, storage;
    shim_md md;
    dnnl_memory_t memory;
    bool   fresh;                  /* false: its storage was overwritten (a sum in place) */
};

struct step {
    dnnl_primitive_t primitive;
    int    args_n;
    dnnl_exec_arg_t arg[ARGS_MAX];
    int    form[ARGS_MAX];         /* whose memory the argument is; -1: a constant's */
};

struct part {
    struct step *step;
    int steps_n, steps_room;
    struct form *form;
    int forms_n, forms_room;
    struct storage *storage;
    int storages_n, storages_room;
    dnnl_memory_t *constant;       /* with the block that each is */
    void **block;
    int constants_n, constants_room;
    char (*name)[64];              /* per node of the stretch */
    int names_n, threads;
    dnnl_stream_t stream;
    dnnl_memory_t scratch;
    void *scratch_at, *arena;
};

/* ---- the library ---- */

static dnnl_engine_t the_engine;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t isa_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned isa_fixed;

static void engine_open(void)
{
    if (dnnl_engine_create(&the_engine, dnnl_cpu, 0) != dnnl_success)
        the_engine = NULL;
}

dnnl_engine_t dnnl_here(void)
{
    (void)pthread_once(&engine_once, engine_open);
    return the_engine;
}

static unsigned level_of(unsigned isa)
{
    return isa & NET_ISA_VNNI ? 3 : isa & NET_ISA_AVX512 ? 2 : 1;
}

static bool isa_fix(unsigned isa)
{
    unsigned level = level_of(isa);
    bool ok;
    (void)pthread_mutex_lock(&isa_lock);
#if defined(__x86_64__)
    if (!isa_fixed && level < 3)   /* dnnl_success or too late, which the next line cannot tell from never asked */
        (void)dnnl_set_max_cpu_isa(level == 2 ? dnnl_cpu_isa_avx512_core : dnnl_cpu_isa_avx2);
#endif
    if (!isa_fixed)
        isa_fixed = level;
    ok = isa_fixed == level;
    (void)pthread_mutex_unlock(&isa_lock);
    return ok;
}

static bool available(char *why, size_t size)
{
    bool there = dnnl_here() != NULL;
    if (!there)
        (void)snprintf(why, size, "oneDNN could not open its CPU engine");
    return there;
}

static int block_of(unsigned isa)
{
    return isa & NET_ISA_AVX512 ? 16 : 8;
}

static bool takes(const struct net_graph *g, const struct net_node *node, struct dnnl_mode mode)
{
    struct dnnl_made made;
    unsigned isa = net_isa_here();
    mode.block = block_of(isa);
    mode.vnni = isa & NET_ISA_VNNI;
    if (!isa_fix(isa) || !dnnl_make(g, node, &mode, false, &made))
        return false;
    dnnl_made_done(&made);
    return true;
}

/* ---- compile ---- */

struct work {
    const struct net_stretch *stretch;
    const struct net_graph *g;
    struct part *p;
    struct dnnl_mode mode;
    const int *last_use;           /* per tensor, the last node index that reads it; INT32_MAX: an output of the stretch */
    int   *first_form;             /* per tensor: the form it was made in; -1 */
    struct trundle_error *err;
};

static void part_free(void *part)
{
    struct part *p = part;
    if (!p)
        return;
    for (int i = 0; i < p->steps_n; i++)
        if (p->step[i].primitive)
            (void)dnnl_primitive_destroy(p->step[i].primitive);
    for (int i = 0; i < p->forms_n; i++) {
        if (p->form[i].memory)
            (void)dnnl_memory_destroy(p->form[i].memory);
        shim_md_free(&p->form[i].md);
    }
    for (int i = 0; i < p->constants_n; i++) {
        (void)dnnl_memory_destroy(p->constant[i]);
        free(p->block[i]);
    }
    if (p->scratch)
        (void)dnnl_memory_destroy(p->scratch);
    if (p->stream)
        (void)dnnl_stream_destroy(p->stream);
    free(p->step);
    free(p->form);
    free(p->storage);
    free(p->constant);
    free(p->block);
    free(p->name);
    free(p->scratch_at);
    free(p->arena);
    free(p);
}

static enum trundle_status no_memory(struct work *w)
{
    return error_set(w->err, TRUNDLE_NO_MEMORY, "oneDNN", NULL, "no memory left for a stretch of %d nodes", w->stretch->nodes_n);
}

static enum trundle_status refused(struct work *w, const char *node, const char *what)
{
    return error_set(w->err, TRUNDLE_UNSUPPORTED, node, "leave this node to our own kernels", "oneDNN %s", what);
}

static int storage_new(struct part *p, int tensor, size_t bytes, int step)
{
    if (p->storages_n == p->storages_room)
        return -1;
    p->storage[p->storages_n] = (struct storage){ (bytes + 127) / 64 * 64, step, step, -1, -1, 0, tensor };
    return p->storages_n++;
}

/* Takes `md` over. */
static int form_new(struct part *p, int tensor, shim_md *md, int storage)
{
    if (p->forms_n == p->forms_room || storage < 0) {
        shim_md_free(md);
        return -1;
    }
    p->form[p->forms_n] = (struct form){ tensor, storage, *md, NULL, true };
    if (shim_memory(&p->form[p->forms_n].memory, md, dnnl_here(), DNNL_MEMORY_NONE) != dnnl_success) {
        shim_md_free(md);
        return -1;
    }
    return p->forms_n++;
}

static void touch(struct part *p, int form, int step)
{
    struct storage *s = &p->storage[p->form[form].storage];
    if (step > s->last)
        s->last = step;
}

static struct step *step_new(struct part *p, dnnl_primitive_desc_t pd)
{
    if (p->steps_n == p->steps_room || dnnl_primitive_create(&p->step[p->steps_n].primitive, pd) != dnnl_success)
        return NULL;
    return &p->step[p->steps_n++];
}

static void arg_form(struct part *p, struct step *s, int which, int form)
{
    s->form[s->args_n] = form;
    s->arg[s->args_n++] = (dnnl_exec_arg_t){ which, p->form[form].memory };
    touch(p, form, (int)(s - p->step));
}

static bool add_reorder(struct part *p, int from, int to)
{
    dnnl_primitive_desc_t pd = shim_reorder_pd(dnnl_here(), NULL, &p->form[from].md, &p->form[to].md);
    struct step *s = pd ? step_new(p, pd) : NULL;
    if (pd)
        (void)dnnl_primitive_desc_destroy(pd);
    if (!s)
        return false;
    arg_form(p, s, DNNL_ARG_FROM, from);
    arg_form(p, s, DNNL_ARG_TO, to);
    return true;
}

/* The tensor as `md`, reordered when it is not there; -1: no memory or no reorder. */
static int form_of(struct work *w, int tensor, const shim_md *md)
{
    struct part *p = w->p;
    for (int i = 0; i < p->forms_n; i++)
        if (p->form[i].tensor == tensor && p->form[i].fresh && shim_md_equal(&p->form[i].md, md))
            return i;
    shim_md copy = { 0 };
    if (w->first_form[tensor] < 0 || !shim_md_copy(&copy, md))
        return -1;
    int to = form_new(p, tensor, &copy, storage_new(p, tensor, shim_md_bytes(md), p->steps_n));
    return to >= 0 && add_reorder(p, w->first_form[tensor], to) ? to : -1;
}

/* Where the result goes: the residual's own storage, a copy of the residual, the caller's, or a new one. */
static int result_form(struct work *w, const struct net_node *node, int node_at, const struct dnnl_made *m)
{
    struct part *p = w->p;
    shim_md md = { 0 };
    int storage = -1, out = -1;

    for (int i = 0; i < w->stretch->out_n; i++)
        if (w->stretch->out[i] == node->out)
            out = i;
    shim_md plain = { 0 };
    bool direct = out >= 0 && dnnl_plain(&w->g->tensor[node->out], &plain) && shim_md_equal(&plain, &m->dst);
    shim_md_free(&plain);
    if (!shim_md_copy(&md, &m->dst))
        return -1;
    if (m->residual < 0) {
        storage = storage_new(p, node->out, shim_md_bytes(&m->dst), p->steps_n);
        if (storage >= 0 && direct)
            p->storage[storage].out = out;
        return form_new(p, node->out, &md, storage);
    }
    int from = form_of(w, m->residual, &m->dst);
    if (from < 0) {
        shim_md_free(&md);
        return -1;
    }
    const struct storage *there = &p->storage[p->form[from].storage];
    int first = w->first_form[m->residual];
    bool reread = m->in[0] == m->residual;
    if (w->last_use[m->residual] <= node_at && !reread && there->in < 0 && there->out < 0 && !direct && from == first) {
        p->form[from].fresh = false;
        return form_new(p, node->out, &md, p->form[from].storage);
    }
    storage = storage_new(p, node->out, shim_md_bytes(&m->dst), p->steps_n);
    if (storage >= 0 && direct)
        p->storage[storage].out = out;
    int to = form_new(p, node->out, &md, storage);
    return to >= 0 && add_reorder(p, from, to) ? to : -1;
}

static bool add_constants(struct part *p, struct step *s, struct dnnl_made *m)
{
    for (int i = 0; i < m->constants_n; i++) {
        if (p->constants_n == p->constants_room || shim_memory(&p->constant[p->constants_n], &m->constant[i].md, dnnl_here(), m->constant[i].data) != dnnl_success)
            return false;
        p->block[p->constants_n] = m->constant[i].data;
        m->constant[i].data = NULL;
        s->form[s->args_n] = -1;
        s->arg[s->args_n++] = (dnnl_exec_arg_t){ m->constant[i].which, p->constant[p->constants_n++] };
    }
    return true;
}

static enum trundle_status add_node(struct work *w, int k, size_t *scratch, int *scratch_step)
{
    struct part *p = w->p;
    int at = w->stretch->node[k], src[NET_IN_MAX];
    const struct net_node *node = &w->g->node[at];
    struct dnnl_made m;
    enum trundle_status status = TRUNDLE_OK;

    if (!dnnl_make(w->g, node, &w->mode, true, &m))
        return refused(w, node->name, "has no fast implementation of it");
    (void)snprintf(p->name[k], sizeof p->name[k], "dnnl:%s", shim_name(m.pd));
    for (int i = 0; i < m.in_n && status == TRUNDLE_OK; i++) {
        src[i] = form_of(w, m.in[i], &m.src[i]);
        if (src[i] < 0)
            status = refused(w, node->name, "cannot bring an input into its format");
    }
    int dst = status == TRUNDLE_OK ? result_form(w, node, at, &m) : -1;
    if (status == TRUNDLE_OK && dst < 0)
        status = refused(w, node->name, "cannot bring the residual into its format");
    struct step *s = dst >= 0 ? step_new(p, m.pd) : NULL;
    if (status == TRUNDLE_OK && !s)
        status = refused(w, node->name, "could not make the primitive");
    if (s) {
        for (int i = 0; i < m.in_n; i++)
            arg_form(p, s, m.which[i], src[i]);
        arg_form(p, s, DNNL_ARG_DST, dst);
        w->first_form[node->out] = dst;
        if (!add_constants(p, s, &m))
            status = no_memory(w);
        shim_md md = { 0 };
        if (shim_pd_md(&md, m.pd, dnnl_query_scratchpad_md, 0)) {
            size_t bytes = shim_md_bytes(&md);
            if (bytes > 0) {
                scratch_step[p->steps_n - 1] = 1;
                *scratch = bytes > *scratch ? bytes : *scratch;
            }
            shim_md_free(&md);
        }
    }
    dnnl_made_done(&m);
    return status;
}

/* Inputs as they come; outputs as they go. */
static enum trundle_status add_inputs(struct work *w)
{
    for (int i = 0; i < w->stretch->in_n; i++) {
        int t = w->stretch->in[i];
        shim_md md = { 0 };
        if (!dnnl_plain(&w->g->tensor[t], &md))
            return refused(w, w->g->tensor[t].name, "cannot describe it");
        int storage = storage_new(w->p, t, shim_md_bytes(&md), 0), form = form_new(w->p, t, &md, storage);
        if (form < 0)
            return no_memory(w);
        w->p->storage[storage].in = i;
        w->first_form[t] = form;
    }
    return TRUNDLE_OK;
}

static enum trundle_status add_outputs(struct work *w)
{
    struct part *p = w->p;
    for (int i = 0; i < w->stretch->out_n; i++) {
        int t = w->stretch->out[i], form = w->first_form[t];
        if (form >= 0 && p->storage[p->form[form].storage].out == i)
            continue;
        shim_md md = { 0 };
        if (form < 0 || !dnnl_plain(&w->g->tensor[t], &md))
            return refused(w, w->g->tensor[t].name, "did not make it");
        int storage = storage_new(p, t, shim_md_bytes(&md), p->steps_n), to = form_new(p, t, &md, storage);
        if (to < 0)
            return no_memory(w);
        p->storage[storage].out = i;
        if (!add_reorder(p, form, to))
            return refused(w, w->g->tensor[t].name, "cannot bring it into our format");
    }
    return TRUNDLE_OK;
}

static bool place(struct part *p)
{
    struct arena_item *item = calloc((size_t)p->storages_n + 1, sizeof *item);
    int *of = malloc(((size_t)p->storages_n + 1) * sizeof *of), n = 0;
    size_t bytes = 0;
    bool ok = item && of;
    for (int i = 0; ok && i < p->storages_n; i++)
        if (p->storage[i].in < 0 && p->storage[i].out < 0) {
            item[n] = (struct arena_item){ p->storage[i].bytes, p->storage[i].first, p->storage[i].last, 0 };
            of[n++] = i;
        }
    ok = ok && arena_place(item, n, &bytes);
    if (ok) {
        p->arena = aligned_alloc(64, (bytes + 127) / 64 * 64);
        ok = p->arena != NULL;
    }
    for (int i = 0; ok && i < n; i++)
        p->storage[of[i]].at = item[i].at;
    for (int i = 0; ok && i < p->forms_n; i++) {
        const struct storage *s = &p->storage[p->form[i].storage];
        if (s->in < 0 && s->out < 0)
            ok = dnnl_memory_set_data_handle(p->form[i].memory, (char *)p->arena + s->at) == dnnl_success;
    }
    free(item);
    free(of);
    return ok;
}

static bool add_scratch(struct part *p, size_t bytes, const int *of_step)
{
    shim_md md = { 0 };
    if (bytes == 0)
        return true;
    p->scratch_at = aligned_alloc(64, (bytes + 127) / 64 * 64);
    bool ok = p->scratch_at && shim_md_strided(&md, 1, (dnnl_dims_t){ (dnnl_dim_t)bytes }, dnnl_u8, (dnnl_dims_t){ 1 }) &&
              shim_memory(&p->scratch, &md, dnnl_here(), p->scratch_at) == dnnl_success;
    shim_md_free(&md);
    for (int i = 0; ok && i < p->steps_n; i++)
        if (of_step[i]) {
            p->step[i].form[p->step[i].args_n] = -1;
            p->step[i].arg[p->step[i].args_n++] = (dnnl_exec_arg_t){ DNNL_ARG_SCRATCHPAD, p->scratch };
        }
    return ok;
}

static bool part_room(struct part *p, int nodes, int inputs, int outputs)
{
    size_t n = (size_t)nodes;
    p->steps_room = nodes * (NET_IN_MAX + 2) + outputs;
    p->forms_room = p->storages_room = p->steps_room + inputs + nodes;
    p->constants_room = nodes * 8;
    p->step = calloc((size_t)p->steps_room, sizeof *p->step);
    p->form = calloc((size_t)p->forms_room, sizeof *p->form);
    p->storage = calloc((size_t)p->storages_room, sizeof *p->storage);
    p->constant = calloc((size_t)p->constants_room, sizeof(dnnl_memory_t));
    p->block = calloc((size_t)p->constants_room, sizeof(void *));
    p->name = calloc(n, sizeof *p->name);
    p->names_n = nodes;
    return p->step && p->form && p->storage && p->constant && p->block && p->name;
}

static enum trundle_status compile(const struct net_stretch *stretch, struct dnnl_mode mode, void **out_part, struct trundle_error *err)
{
    const struct net_graph *g = stretch->graph;
    size_t tensors = (size_t)g->tensors_n + 1, scratch = 0;
    struct work w = { .stretch = stretch, .g = g, .mode = mode, .err = err };
    int *last_use = malloc(tensors * sizeof *last_use), *scratch_step = NULL;
    enum trundle_status status = TRUNDLE_OK;

    w.mode.block = block_of(stretch->isa);
    w.mode.vnni = stretch->isa & NET_ISA_VNNI;
    w.p = calloc(1, sizeof *w.p);
    w.first_form = malloc(tensors * sizeof *w.first_form);
    w.last_use = last_use;
    if (!w.p || !w.first_form || !last_use || !part_room(w.p, stretch->nodes_n, stretch->in_n, stretch->out_n))
        status = no_memory(&w);
    if (status == TRUNDLE_OK && !(scratch_step = calloc((size_t)w.p->steps_room, sizeof *scratch_step)))
        status = no_memory(&w);
    if (status == TRUNDLE_OK && !dnnl_here())
        status = error_set(err, TRUNDLE_UNSUPPORTED, "oneDNN", NULL, "it could not open its CPU engine");
    if (status == TRUNDLE_OK && !isa_fix(stretch->isa))
        status = error_set(err, TRUNDLE_CONFLICT, "oneDNN", "set TRUNDLE_ISA for the whole process", "it has begun with another instruction set in this process");
    if (status != TRUNDLE_OK)
        goto out;
    for (int t = 0; t < g->tensors_n; t++)
        last_use[t] = w.first_form[t] = -1;
    for (int i = 0; i < g->nodes_n; i++)
        for (int k = 0; k < g->node[i].in_n; k++)
            if (g->node[i].in[k] >= 0)
                last_use[g->node[i].in[k]] = i;
    for (int i = 0; i < stretch->out_n; i++)
        last_use[stretch->out[i]] = INT32_MAX;
    w.p->threads = stretch->threads;
    omp_set_num_threads(stretch->threads);         /* primitives are made for as many as there are */
    TRY_GOTO(status, add_inputs(&w), out);
    for (int k = 0; k < stretch->nodes_n; k++)
        TRY_GOTO(status, add_node(&w, k, &scratch, scratch_step), out);
    TRY_GOTO(status, add_outputs(&w), out);
    if (!place(w.p) || !add_scratch(w.p, scratch, scratch_step) || dnnl_stream_create(&w.p->stream, dnnl_here(), dnnl_stream_default_flags) != dnnl_success)
        status = no_memory(&w);
out:
    free(w.first_form);
    free(last_use);
    free(scratch_step);
    if (status == TRUNDLE_OK)
        *out_part = w.p;
    else
        part_free(w.p);
    return status;
}

static enum trundle_status run(void *part, const void *const *in, void *const *out, struct net_stream *stream, struct trundle_error *err)
{
    struct part *p = part;
    (void)stream;
    omp_set_num_threads(p->threads);
    for (int i = 0; i < p->forms_n; i++) {
        const struct storage *s = &p->storage[p->form[i].storage];
        void *at = s->in >= 0 ? (void *)(uintptr_t)in[s->in] : s->out >= 0 ? out[s->out] : NULL;
        if (at)
            (void)dnnl_memory_set_data_handle(p->form[i].memory, at);
    }
    for (int i = 0; i < p->steps_n; i++)
        if (dnnl_primitive_execute(p->step[i].primitive, p->stream, p->step[i].args_n, p->step[i].arg) != dnnl_success)
            return error_set(err, TRUNDLE_DEVICE, "oneDNN", NULL, "step %d of %d failed", i + 1, p->steps_n);
    (void)dnnl_stream_wait(p->stream);
    return TRUNDLE_OK;
}

static const char *describe(const void *part, int node)
{
    const struct part *p = part;
    return node >= 0 && node < p->names_n ? p->name[node] : "dnnl";
}

#define ENGINE(suffix, text, format, winograd)                                                                                      \
    static bool takes_##suffix(const struct net_graph *g, const struct net_node *node)                                              \
    {                                                                                                                               \
        return takes(g, node, (struct dnnl_mode){ format, winograd, 0, false });                                                           \
    }                                                                                                                               \
    static enum trundle_status compile_##suffix(const struct net_stretch *stretch, void **out_part, struct trundle_error *err)      \
    {                                                                                                                               \
        return compile(stretch, (struct dnnl_mode){ format, winograd, 0, false }, out_part, err);                                          \
    }                                                                                                                               \
    const struct net_engine net_engine_##suffix = { .name = text, .available = available, .takes = takes_##suffix, .compile = compile_##suffix, .run = run, .free = part_free, \
                                                    .describe = describe }

ENGINE(dnnl, "dnnl", DNNL_PLAIN, false);
ENGINE(dnnl_any, "dnnl.any", DNNL_ANY, false);
ENGINE(dnnl_winograd, "dnnl.winograd", DNNL_ANY, true);
ENGINE(dnnl_blocked, "dnnl.blocked", DNNL_BLOCKED, false);
