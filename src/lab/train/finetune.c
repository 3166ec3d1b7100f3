/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A short training loop over a source, and what else needs the gradients of a finished net. */
#include "lab/train/finetune.h"

#include "base/net/passes.h"
#include "base/net/plan.h"
#include "lab/train/loss.h"
#include "lab/train/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loop {
    const struct net_graph *g;
    const struct source *source;
    const struct finetune_config *c;
    const struct quantize_config *quantize;        /* NULL: weights are not rounded */
    struct train *t;
    struct net_plan *teacher;
    int32_t *label;
    int      classes;
};

/* The layer whose weight a tensor is; -1: none. */
static int layer_of(const struct net_graph *g, int tensor)
{
    for (int i = 0; i < g->nodes_n; i++)
        if ((g->node[i].op == NET_CONV || g->node[i].op == NET_MATMUL) && g->node[i].in[1] == tensor)
            return i;
    return -1;
}

static void shape_weights(void *user, const struct train_parameter *p, const float *master, float *used)
{
    const struct loop *l = user;
    int i = p->role == TRAIN_WEIGHT ? layer_of(l->g, p->tensor) : -1;

    if (i >= 0 && l->g->node[i].in[0] >= 0 && !(l->g->node[i].op == NET_MATMUL && p->shape.rank != 2))
        quantize_fake_weights(l->g->node[i].op, l->g->node[i].attr.flip_b, &p->shape, l->quantize, master, used);
    else
        memcpy(used, master, p->n * sizeof *used);
}

static enum trundle_status check(const struct net_graph *g, const struct source *source, const struct finetune_config *c, struct trundle_error *err)
{
    if (!g || !source || !source->fill || !c)
        return error_set(err, TRUNDLE_BAD_ARG, "finetune", NULL, "an argument is NULL");
    if (c->steps < 0 || c->batch < 1 || c->batch > 4096 || c->threads < 1 || !(c->rate >= 0 && c->rate < 10) || !(c->weight_decay >= 0) || !(c->smoothing >= 0 && c->smoothing < 1) ||
        !(c->distill >= 0 && c->distill <= 1) || !(c->temperature > 0))
        return error_set(err, TRUNDLE_BAD_ARG, "finetune: config", "start from FINETUNE_CONFIG_DEFAULT", "%lld steps of %d at rate %g: one is out of range", (long long)c->steps,
                         c->batch, c->rate);
    if (g->inputs_n != 1 || g->outputs_n < 1 || (!source->classes && !(c->teacher && c->distill == 1)))
        return error_set(err, TRUNDLE_UNSUPPORTED, "finetune", "one input, logits first, labels or a teacher", "%d inputs, %d outputs, %d classes of labels", g->inputs_n,
                         g->outputs_n, source->classes);
    for (int i = 0; i < (c->teacher ? 2 : 1); i++) {
        const struct net_graph *net = i ? c->teacher : g;

        if (net->inputs_n != 1 || net->tensor[net->input[0]].shape.rank < 1 || (!net->tensor[net->input[0]].batched && net->tensor[net->input[0]].shape.d[0] != 0))
            return error_set(err, TRUNDLE_UNSUPPORTED, "finetune", "import it with a free batch", "the batch of %s is fixed", i ? "the teacher" : "the net");
    }
    return TRUNDLE_OK;
}

static enum trundle_status begin(struct loop *l, struct trundle_error *err)
{
    struct train_config config = { .batch = l->c->batch, .threads = l->c->threads, .optimizer = OPTIMIZER_SGD_DEFAULT };
    const struct net_graph *planned;

    config.optimizer.weight_decay = l->c->weight_decay;
    config.optimizer.clip = l->c->clip;
    if (l->quantize) {
        config.shape = shape_weights;
        config.user = l;
    }
    l->label = calloc((size_t)l->c->batch, sizeof *l->label);
    if (!l->label)
        return error_set(err, TRUNDLE_NO_MEMORY, "finetune", NULL, "no memory left");
    TRY(train_new(l->g, &config, &l->t, err));
    planned = train_graph(l->t);
    l->classes = (int)(net_shape_elements(&planned->tensor[planned->output[0]].shape) / l->c->batch);
    if (l->c->teacher) {
        TRY(net_plan_new(l->c->teacher, &(struct net_plan_options){ .batch = l->c->batch, .threads = l->c->threads }, &l->teacher, err));
        planned = net_plan_graph(l->teacher);
        if (planned->inputs_n != 1 || planned->outputs_n < 1 || net_shape_elements(&planned->tensor[planned->output[0]].shape) != (int64_t)l->classes * l->c->batch)
            return error_set(err, TRUNDLE_BAD_ARG, "finetune", NULL, "the teacher's output differs from the net's");
    }
    return TRUNDLE_OK;
}

static void end(struct loop *l)
{
    train_free(l->t);
    net_plan_free(l->teacher);
    free(l->label);
}

/* Forward, loss, backward on one batch. */
static enum trundle_status learn(struct loop *l, uint64_t first, struct trundle_error *err)
{
    const struct train *t = l->t;
    float *x = train_input(l->t, 0);
    double share = l->teacher ? l->c->distill : 0, loss = 0, scale = 1.0 / l->c->batch;
    enum trundle_status status;

    TRY(l->source->fill(l->source->user, first, l->c->batch, x, l->label, err));
    TRY(train_forward(l->t, TRAIN_LEARN, err));
    if (share < 1)
        loss += loss_cross_entropy(train_output(t, 0), NULL, l->label, l->c->batch, l->classes, l->c->smoothing, scale * (1 - share), train_output_gradient(l->t, 0));
    if (share > 0) {
        const struct net_graph *planned = net_plan_graph(l->teacher);

        memcpy(net_plan_input(l->teacher, 0), x, net_tensor_bytes(&planned->tensor[planned->input[0]]));
        TRY(net_plan_run(l->teacher, err));
        loss += loss_distill(train_output(t, 0), net_plan_output(l->teacher, 0), l->c->batch, l->classes, l->c->temperature, scale * share, train_output_gradient(l->t, 0));
    }
    if (!isfinite(loss)) {
        status = train_blame(l->t, err);
        return status != TRUNDLE_OK ? status : error_set(err, TRUNDLE_BAD_INPUT, "finetune", "a lower rate", "the loss is not finite");
    }
    return train_backward(l->t, err);
}

static enum trundle_status steps(struct loop *l, size_t done, size_t total, struct trundle_error *err)
{
    const struct schedule schedule = { .rate = l->c->rate, .least = 0.01 * l->c->rate, .warm_steps = l->c->steps / 50, .steps = l->c->steps };

    for (int64_t step = 0; step < l->c->steps; step++) {
        TRY(learn(l, l->c->first + (uint64_t)step * (uint64_t)l->c->batch, err));
        TRY(train_apply(l->t, schedule_rate(&schedule, step), NULL, err));
        if (l->c->progress)
            l->c->progress(l->c->user, done + (size_t)step + 1, total);
    }
    return TRUNDLE_OK;
}

enum trundle_status finetune_run(const struct net_graph *g, const struct source *source, const struct finetune_config *c, struct net_graph **out, struct trundle_error *err)
{
    struct loop l = { .g = g, .source = source, .c = c };
    enum trundle_status status;

    TRY(check(g, source, c, err));
    TRY_GOTO(status, begin(&l, err), out);
    TRY_GOTO(status, steps(&l, 0, (size_t)c->steps, err), out);
    status = train_export(l.t, TRAIN_EVALUATE, false, out, err);
out:
    end(&l);
    return status;
}

/* ---- rounding in the loop ---- */

enum trundle_status finetune_fake(const struct net_graph *g, const struct quantize_config *q, const struct quantize_ranges *ranges, struct net_graph **out,
                                  struct trundle_error *err)
{
    struct net_graph *to = net_graph_new();
    int *made = malloc(((size_t)g->tensors_n + 1) * sizeof *made);
    bool *u8 = calloc((size_t)g->tensors_n + 1, sizeof *u8);
    enum trundle_status status = TRUNDLE_OK;

    if (!to || !made || !u8) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "finetune", NULL, "no memory left");
        goto out;
    }
    TRY_GOTO(status, quantize_choose(g, q, NULL, NULL, u8, err), out);
    for (int t = 0; t < g->tensors_n; t++)
        if (g->tensor[t].data)
            TRY_GOTO(status, net_graph_constant(to, g->tensor[t].name, g->tensor[t].type, &g->tensor[t].shape, g->tensor[t].data, &made[t], err), out);
    for (int i = -g->inputs_n; i < g->nodes_n; i++) {
        int t = i < 0 ? g->input[i + g->inputs_n] : g->node[i].out;
        struct net_node pair[2];

        if (i < 0) {
            struct net_shape shape = g->tensor[t].shape;

            if (g->tensor[t].batched && shape.rank)
                shape.d[0] = 0;
            TRY_GOTO(status, net_graph_input(to, g->tensor[t].name, g->tensor[t].type, &shape, &made[t], err), out);
        } else {
            struct net_node n = g->node[i];

            for (int k = 0; k < n.in_n; k++)
                n.in[k] = n.in[k] >= 0 ? made[n.in[k]] : -1;
            TRY_GOTO(status, net_graph_node(to, &n, &made[t], err), out);
        }
        if (!u8[t] || !ranges->tensor[t].known)
            continue;
        pair[0] = net_node_of(NET_QUANTIZE, "", &made[t], 1);
        (void)snprintf(pair[0].name, sizeof pair[0].name, "%.80s.u8", g->tensor[t].name);
        observe_affine(ranges->tensor[t].lo, ranges->tensor[t].hi, &pair[0].attr.out_scale, &pair[0].attr.out_zero);
        TRY_GOTO(status, net_graph_node(to, &pair[0], &made[t], err), out);
        pair[1] = net_node_of(NET_DEQUANTIZE, "", &made[t], 1);
        (void)snprintf(pair[1].name, sizeof pair[1].name, "%.80s.f32", g->tensor[t].name);
        TRY_GOTO(status, net_graph_node(to, &pair[1], &made[t], err), out);
    }
    for (int i = 0; i < g->outputs_n; i++)
        TRY_GOTO(status, net_graph_output(to, made[g->output[i]], err), out);
    TRY_GOTO(status, net_graph_infer(to, 1, err), out);
    *out = to;
    to = NULL;
out:
    net_graph_free(to);
    free(made);
    free(u8);
    return status;
}

/* Trained weights back into the graph they came from, by name. */
static void take_back(struct net_graph *g, struct train *t)
{
    int n = 0;
    size_t all;
    const struct train_parameter *p = train_parameters(t, &n);
    const float *w = train_weights(t, &all);

    for (int i = 0; i < n; i++) {
        int at = net_graph_find(g, p[i].name);

        if (at >= 0 && g->tensor[at].data && (size_t)net_shape_elements(&g->tensor[at].shape) == p[i].n)
            memcpy(net_graph_writable(g, at), w + p[i].offset, p[i].n * sizeof *w);
    }
}

static void average(struct quantize_ranges *now, const struct quantize_ranges *before)
{
    for (int t = 0; t < now->n && t < before->n; t++)
        if (now->tensor[t].known && before->tensor[t].known) {
            now->tensor[t].lo = 0.5F * (now->tensor[t].lo + before->tensor[t].lo);
            now->tensor[t].hi = 0.5F * (now->tensor[t].hi + before->tensor[t].hi);
        }
}

enum trundle_status finetune_quantized(const struct net_graph *given, const struct source *source, const struct quantize_config *quantize, const struct finetune_config *config,
                                       int rounds, struct net_graph **out, struct net_graph **out_f32, struct quantize_report *report, struct trundle_error *err)
{
    struct net_graph *g = NULL, *fake = NULL, *q = NULL;
    struct quantize_ranges before = { 0 }, now = { 0 };
    struct quantize_config qc;
    struct finetune_config c;
    struct loop l = { 0 };
    enum trundle_status status;
    int pairs;

    TRY(check(given, source, config, err));
    if (!quantize || !out || rounds < 1 || rounds > 1000)
        return error_set(err, TRUNDLE_BAD_ARG, "finetune", NULL, "%d rounds, or an argument that is NULL", rounds);
    qc = *quantize;
    qc.weight_mse = false;                                         /* training sees the whole range of a channel */
    qc.progress = NULL;
    c = *config;
    c.steps = config->steps / rounds;
    TRY(net_graph_copy(given, false, &g, err));
    TRY_GOTO(status, net_simplify(g, err), out);
    TRY_GOTO(status, quantize_check(g, &qc, err), out);
    if (qc.equalize)
        TRY_GOTO(status, quantize_equalize(g, qc.equalize, &pairs, err), out);
    for (int round = 0; round <= rounds; round++) {
        TRY_GOTO(status, quantize_calibrate(g, &qc, source, &now, err), out);
        average(&now, &before);
        quantize_ranges_done(&before);
        before = now;
        now = (struct quantize_ranges){ 0 };
        if (round == rounds)
            break;
        TRY_GOTO(status, finetune_fake(g, &qc, &before, &fake, err), out);
        l = (struct loop){ .g = fake, .source = source, .c = &c, .quantize = &qc };
        c.rate = config->rate * (rounds - round) / rounds;
        c.first = config->first + (uint64_t)round * (uint64_t)c.steps * (uint64_t)c.batch;
        TRY_GOTO(status, begin(&l, err), out);
        TRY_GOTO(status, steps(&l, (size_t)round * (size_t)c.steps, (size_t)rounds * (size_t)c.steps, err), out);
        take_back(g, l.t);
        end(&l);
        l = (struct loop){ 0 };
        net_graph_free(fake);
        fake = NULL;
    }
    qc.correct_bias = false;                                       /* it has learnt to live with the rounding */
    TRY_GOTO(status, quantize_build(g, &qc, &before, &q, report, err), out);
    *out = q;
    if (out_f32) {
        *out_f32 = g;
        g = NULL;
    }
out:
    end(&l);
    quantize_ranges_done(&before);
    quantize_ranges_done(&now);
    net_graph_free(fake);
    net_graph_free(g);
    return status;
}

/* ---- importance ---- */

struct gates { const struct net_graph *g; const struct prune_groups *groups; struct train *t; double *sum; };

static void add_gate(void *user, int constant, bool outermost, int tensor)
{
    struct gates *s = user;
    int n = 0;
    size_t all;
    const struct train_parameter *p = train_parameters(s->t, &n);
    const float *w = train_weights(s->t, &all), *d = train_gradients(s->t, &all);
    const struct net_shape *shape = &s->g->tensor[tensor].shape;
    size_t channels = (size_t)(shape->rank ? shape->d[shape->rank - 1] : 1);

    for (int i = 0; i < n; i++)
        for (size_t k = 0; p[i].tensor == constant && k < p[i].n; k++) {
            int unit = s->groups->unit[tensor][outermost ? k / (p[i].n / channels) : k % channels];

            if (unit >= 0)
                s->sum[unit] += (double)w[p[i].offset + k] * (double)d[p[i].offset + k];
        }
}

enum trundle_status finetune_importance(const struct net_graph *g, const struct prune_groups *groups, const struct source *source, int batch, int batches, double *out,
                                        struct trundle_error *err)
{
    struct finetune_config c = FINETUNE_CONFIG_DEFAULT;
    struct loop l = { .g = g, .source = source, .c = &c };
    struct gates gates = { g, groups, NULL, calloc((size_t)(groups ? groups->n : 0) + 1, sizeof(double)) };
    double *total = calloc((size_t)(groups ? groups->n : 0) + 1, sizeof *total);
    enum trundle_status status;

    c.batch = batch;
    if (!gates.sum || !total || !groups) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "finetune", NULL, "no memory left");
        goto out;
    }
    TRY_GOTO(status, check(g, source, &c, err), out);
    TRY_GOTO(status, begin(&l, err), out);
    gates.t = l.t;
    for (int b = 0; b < batches; b++) {
        TRY_GOTO(status, learn(&l, (uint64_t)b * (uint64_t)batch, err), out);
        memset(gates.sum, 0, (size_t)groups->n * sizeof *gates.sum);
        prune_gates(g, add_gate, &gates);
        for (int u = 0; u < groups->n; u++)
            total[u] += gates.sum[u] * gates.sum[u] / batches;
    }
    memcpy(out, total, (size_t)groups->n * sizeof *out);
out:
    end(&l);
    free(gates.sum);
    free(total);
    return status;
}
