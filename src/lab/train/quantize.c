/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What becomes int8, what values tensors take, and the steps in order. The rewriting is quantize_build.c's. */
#include "lab/train/quantize.h"

#include "base/net/passes.h"
#include "base/net/plan.h"

#include <stdlib.h>
#include <string.h>

enum { TAPS_MAX = 65793 };         /* products of u8 and i8 that surely fit an int32 */

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "quantize", NULL, "no memory left");
}

static bool constant_f32(const struct net_graph *g, int t)
{
    return t >= 0 && g->tensor[t].data && g->tensor[t].type == NET_F32;
}

static bool is_anchor(const struct net_node *n)
{
    return n->op == NET_CONV || n->op == NET_MATMUL;
}

/* Why a convolution or matrix product cannot be int8; NULL: it can. */
static const char *anchor_obstacle(const struct net_graph *g, const struct net_node *n)
{
    const struct net_shape *w = &g->tensor[n->in[1]].shape;
    int64_t outputs;

    if (!constant_f32(g, n->in[1]))
        return "its weight is computed";
    if (n->in_n > 2 && n->in[2] >= 0 && !constant_f32(g, n->in[2]))
        return "its bias is computed";
    if (g->tensor[n->in[0]].data)
        return "its input is constant";
    if (n->op == NET_MATMUL && w->rank != 2)
        return "its weight has more than two axes";
    outputs = n->op == NET_CONV ? w->d[0] : n->attr.flip_b ? w->d[0] : w->d[1];
    if (net_shape_elements(w) / (outputs ? outputs : 1) > TAPS_MAX)
        return "its sums may not fit 32 bits";
    return NULL;
}

/* What base/net computes on u8 besides. */
static const char *between_obstacle(const struct net_graph *g, const struct net_node *n)
{
    switch (n->op) {
    case NET_BINARY:
        return n->attr.kind == NET_ADD || n->attr.kind == NET_SUB || n->attr.kind == NET_MUL ? NULL : "only add, sub and mul have an int8 form";
    case NET_REDUCE:
        return n->attr.kind == NET_MEAN ? NULL : "only the mean has an int8 form";
    case NET_UNARY:
    case NET_POOL:
    case NET_RESIZE:
    case NET_CONCAT:
    case NET_SLICE:
    case NET_RESHAPE:
    case NET_TRANSPOSE:
    case NET_EXPAND:
        return g->tensor[n->out].type == NET_F32 ? NULL : "it moves other values than f32";
    case NET_PAD:
        return n->attr.mode != NET_PAD_CONSTANT && g->tensor[n->out].type == NET_F32 ? NULL : "only edge and reflect pads have an int8 form";
    default:
        return "the operator is f32 only";
    }
}

static bool same_numbers(const struct net_node *n)
{
    return (n->op == NET_POOL && n->attr.kind == NET_POOL_MAX) || n->op == NET_RESIZE || n->op == NET_SLICE || n->op == NET_RESHAPE || n->op == NET_TRANSPOSE ||
           n->op == NET_EXPAND || n->op == NET_PAD;
}

static bool kept(const struct quantize_config *c, const char *name)
{
    for (int i = 0; i < c->keep_n; i++)
        if (strcmp(c->keep[i], name) == 0)
            return true;
    return false;
}

enum trundle_status quantize_choose(const struct net_graph *g, const struct quantize_config *c, bool *out_int8, const char **out_why, bool *out_u8,
                                    struct trundle_error *err)
{
    /* made: could be u8 as it comes out. wanted: an int8 layer reads it, maybe through others. */
    bool *int8 = calloc((size_t)g->nodes_n + 1, sizeof *int8), *made = calloc((size_t)g->tensors_n + 1, sizeof *made);
    bool *wanted = calloc((size_t)g->tensors_n + 1, sizeof *wanted), *u8 = calloc((size_t)g->tensors_n + 1, sizeof *u8);
    const char **why = calloc((size_t)g->nodes_n + 1, sizeof *why);
    enum trundle_status status = int8 && made && wanted && u8 && why ? TRUNDLE_OK : no_memory(err);

    if (status != TRUNDLE_OK)
        goto out;
    for (int i = 0; i < g->inputs_n; i++)
        made[g->input[i]] = g->tensor[g->input[i]].type == NET_F32;
    for (int i = 0; i < g->nodes_n; i++) {
        const struct net_node *n = &g->node[i];
        bool all = true;

        why[i] = kept(c, n->name) ? "asked to be kept" : is_anchor(n) ? anchor_obstacle(g, n) : between_obstacle(g, n);
        for (int k = 0; k < n->in_n && !why[i] && !is_anchor(n); k++)
            all = all && n->in[k] >= 0 && (made[n->in[k]] || constant_f32(g, n->in[k]));
        if (!why[i] && !all)
            why[i] = "what it reads is f32";
        int8[i] = !why[i];
        made[n->out] = int8[i];
    }
    for (int i = g->nodes_n; i-- > 0;) {
        const struct net_node *n = &g->node[i];

        if (int8[i] && !is_anchor(n) && !wanted[n->out]) {
            int8[i] = false;
            why[i] = "no int8 layer reads it";
        }
        for (int k = 0; int8[i] && k < n->in_n; k++)
            if (n->in[k] >= 0 && (!is_anchor(n) || k == 0 || k == 3) && !g->tensor[n->in[k]].data)
                wanted[n->in[k]] = true;
    }
    /* u8 with numbers of its own: what int8 layers read, unless a move made it. */
    for (int t = 0; t < g->tensors_n; t++)
        u8[t] = wanted[t];
    for (int i = 0; i < g->nodes_n; i++)
        if (int8[i] && same_numbers(&g->node[i]))
            u8[g->node[i].out] = false;
    if (out_int8)
        memcpy(out_int8, int8, (size_t)g->nodes_n * sizeof *int8);
    if (out_u8)
        memcpy(out_u8, u8, (size_t)g->tensors_n * sizeof *u8);
    if (out_why)
        memcpy(out_why, why, (size_t)g->nodes_n * sizeof *why);
out:
    free(int8);
    free(made);
    free(wanted);
    free(u8);
    free(why);
    return status;
}

enum trundle_status quantize_check(const struct net_graph *g, const struct quantize_config *c, struct trundle_error *err)
{
    if (!g || !c)
        return error_set(err, TRUNDLE_BAD_ARG, "quantize", NULL, "an argument is NULL");
    if ((unsigned)c->observer >= OBSERVE_KINDS || !(c->percent > 50 && c->percent <= 100) || c->weight_bits < 2 || c->weight_bits > 8 || c->batch < 1 ||
        c->batch > 4096 || c->threads < 1 || c->threads > 64 || c->samples < 1 || c->equalize < 0 || c->equalize > 100 || c->keep_n < 0)
        return error_set(err, TRUNDLE_BAD_ARG, "quantize: config", "start from QUANTIZE_CONFIG_DEFAULT",
                         "percent %g, %d bits, batch %d, %d threads, %llu samples, %d rounds: one is out of range", c->percent, c->weight_bits, c->batch, c->threads,
                         (unsigned long long)c->samples, c->equalize);
    if (g->inputs_n != 1 || g->tensor[g->input[0]].type != NET_F32)
        return error_set(err, TRUNDLE_UNSUPPORTED, "quantize", "one f32 input", "the net has %d inputs, the first is %s", g->inputs_n,
                         g->inputs_n ? net_type_name(g->tensor[g->input[0]].type) : "absent");
    for (int i = 0; i < c->keep_n; i++) {
        int found = 0;

        for (int k = 0; k < g->nodes_n; k++)
            found += strcmp(g->node[k].name, c->keep[i]) == 0;
        if (!found)
            return error_set(err, TRUNDLE_BAD_ARG, c->keep[i], "trundle net info lists the nodes; norms and activations are folded into others first",
                             "there is no such node to keep");
    }
    return TRUNDLE_OK;
}

void quantize_ranges_done(struct quantize_ranges *r)
{
    for (int i = 0; i < r->n; i++)
        free(r->tensor[i].mean);
    free(r->tensor);
    *r = (struct quantize_ranges){ 0 };
}

void quantize_report_done(struct quantize_report *r)
{
    free(r->choice);
    *r = (struct quantize_report){ 0 };
}

static bool watched(const struct net_graph *g, int t)
{
    return !g->tensor[t].data && g->tensor[t].type == NET_F32;
}

static void add_means(const struct net_tensor *t, const float *x, double *mean)
{
    int64_t last = t->shape.rank ? t->shape.d[t->shape.rank - 1] : 1, rows = net_shape_elements(&t->shape) / last;

    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < last; k++)
            mean[k] += (double)x[r * last + k];
}

enum trundle_status quantize_calibrate(const struct net_graph *g, const struct quantize_config *c, const struct source *source, struct quantize_ranges *out,
                                       struct trundle_error *err)
{
    struct quantize_ranges r = { calloc((size_t)g->tensors_n + 1, sizeof *r.tensor), g->tensors_n };
    struct observer **o = calloc((size_t)g->tensors_n + 1, sizeof *o);
    struct net_plan *plan = NULL;
    enum trundle_status status = r.tensor && o && source ? TRUNDLE_OK : no_memory(err);
    const struct net_tensor *in = &g->tensor[g->input[0]];
    int batch = in->shape.rank == 0 || in->batched || in->shape.d[0] == 0 ? c->batch : in->shape.d[0];       /* a net's own may be fixed */
    uint64_t samples = source && source->n < c->samples ? source->n : c->samples, batches = (samples + (uint64_t)batch - 1) / (uint64_t)batch;
    int passes = c->observer == OBSERVE_MIN_MAX ? 1 : 2;

    if (status != TRUNDLE_OK)
        goto out;
    TRY_GOTO(status, net_plan_new(g, &(struct net_plan_options){ .batch = batch, .threads = c->threads, .keep_all = true }, &plan, err), out);
    for (int t = 0; t < g->tensors_n; t++) {
        const struct net_tensor *tensor = &net_plan_graph(plan)->tensor[t];

        if (!watched(g, t))
            continue;
        o[t] = calloc(1, sizeof **o);
        r.tensor[t].mean = calloc((size_t)(tensor->shape.rank ? tensor->shape.d[tensor->shape.rank - 1] : 1), sizeof *r.tensor[t].mean);
        if (!o[t] || !r.tensor[t].mean) {
            status = no_memory(err);
            goto out;
        }
    }
    for (int pass = 0; pass < passes; pass++)
        for (uint64_t b = 0; b < batches; b++) {
            TRY_GOTO(status, source->fill(source->user, b * (uint64_t)batch, batch, net_plan_input(plan, 0), NULL, err), out);
            TRY_GOTO(status, net_plan_run(plan, err), out);
            for (int t = 0; t < g->tensors_n; t++) {
                const struct net_tensor *tensor = &net_plan_graph(plan)->tensor[t];
                const float *x = o[t] ? net_plan_tensor(plan, t) : NULL;

                if (!x)
                    continue;
                if (pass == 0) {
                    observe_range(o[t], x, (size_t)net_shape_elements(&tensor->shape));
                    add_means(tensor, x, r.tensor[t].mean);
                } else {
                    observe_count(o[t], x, (size_t)net_shape_elements(&tensor->shape));
                }
            }
            if (c->progress)
                c->progress(c->user, (size_t)((uint64_t)pass * batches + b + 1), (size_t)((uint64_t)passes * batches));
        }
    for (int t = 0; t < g->tensors_n; t++) {
        const struct net_shape *s = &net_plan_graph(plan)->tensor[t].shape;
        int64_t last = s->rank ? s->d[s->rank - 1] : 1;
        double rows = (double)(net_shape_elements(s) / (last ? last : 1)) * (double)batches;

        if (!o[t] || !o[t]->seen)
            continue;
        r.tensor[t].known = true;
        observe_choose(o[t], c->observer, c->percent, &r.tensor[t].lo, &r.tensor[t].hi);
        for (int64_t k = 0; k < last; k++)
            r.tensor[t].mean[k] /= rows;
    }
    *out = r;
    r = (struct quantize_ranges){ 0 };
out:
    for (int t = 0; o && t < g->tensors_n; t++)
        free(o[t]);
    free(o);
    quantize_ranges_done(&r);
    net_plan_free(plan);
    return status;
}

enum trundle_status quantize_graph(const struct net_graph *given, const struct quantize_config *c, const struct source *source, struct net_graph **out,
                                   struct quantize_report *report, struct trundle_error *err)
{
    struct net_graph *g = NULL, *q = NULL;
    struct quantize_ranges ranges = { 0 };
    enum trundle_status status;
    int pairs;

    if (!given || !c || !source || !source->fill || !out)
        return error_set(err, TRUNDLE_BAD_ARG, "quantize", NULL, "an argument is NULL");
    TRY(net_graph_copy(given, true, &g, err));
    TRY_GOTO(status, net_simplify(g, err), out);
    TRY_GOTO(status, quantize_check(g, c, err), out);
    if (c->equalize)
        TRY_GOTO(status, quantize_equalize(g, c->equalize, &pairs, err), out);
    TRY_GOTO(status, quantize_calibrate(g, c, source, &ranges, err), out);
    TRY_GOTO(status, quantize_build(g, c, &ranges, &q, report, err), out);
    *out = q;
out:
    quantize_ranges_done(&ranges);
    net_graph_free(g);
    return status;
}
