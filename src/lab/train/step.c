/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One step: stages forward, stages backward, the gradients of the threads summed, the optimiser. */
#include "lab/train/build.h"
#include "lab/train/shim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe(struct train *t)
{
    int convs = 0, refs = 0;

    for (int i = 0; i < t->layers_n; i++)
        if (t->layer[i].own) {
            convs++;
            refs += strstr(train_conv_describe(&t->layer[i]), "ref") != NULL;
        }
    (void)snprintf(t->describe, sizeof t->describe, "%d layers in %d stages, %zu weights, %.0f MB, loops %s, %d convolutions by %s%s", t->layers_n, t->stages_n, t->weights_n,
                   (double)t->bytes / 1e6, t->vec->name, convs, shim_built() ? "oneDNN" : "plain loops", refs ? " (some by its slow reference)" : "");
}

enum trundle_status train_new(const struct net_graph *graph, const struct train_config *config, struct train **out, struct trundle_error *err)
{
    struct train *t;
    enum trundle_status status;

    if (config->batch < 1 || config->batch > 65536 || config->threads < 0 || config->threads > TRAIN_THREADS_MAX || (config->ranks > 1 && !config->sum))
        return error_set(err, TRUNDLE_BAD_ARG, "train", "batch 1 to 65536, threads up to 64, sum() with ranks", "batch %d, threads %d, ranks %d", config->batch, config->threads,
                         config->ranks);
    t = calloc(1, sizeof *t);
    if (!t)
        return error_set(err, TRUNDLE_NO_MEMORY, "train", NULL, "no memory");
    t->config = *config;
    t->threads = config->threads < 1 ? 1 : config->threads > config->batch ? config->batch : config->threads;
    t->ranks = config->ranks < 1 ? 1 : config->ranks;
    t->vec = train_vec_here();
    status = train_build(t, graph, err);
    if (status == TRUNDLE_OK)
        status = train_place(t, err);
    if (status == TRUNDLE_OK && t->threads > 1) {
        t->pool = net_threads_new(t->threads);
        if (!t->pool)
            status = error_set(err, TRUNDLE_NO_MEMORY, "train", NULL, "no %d threads to be had", t->threads);
    }
    if (status != TRUNDLE_OK) {
        train_free(t);
        return status;
    }
    describe(t);
    *out = t;
    return TRUNDLE_OK;
}

void train_free(struct train *t)
{
    if (!t)
        return;
    net_threads_free(t->pool);
    for (int i = 0; i < t->layers_n; i++)
        train_conv_free(&t->layer[i]);
    for (int i = 0; i < t->norms_n; i++)
        free(t->norm[i]);
    for (int s = 0; t->stage && s < t->stages_n; s++)
        free(t->stage[s].layer);
    for (int p = 0; p < TRAIN_THREADS_MAX; p++) {
        free(t->part_gradients[p]);
        free(t->scratch[p]);
    }
    net_graph_free(t->graph);
    net_graph_free(t->origin);
    free(t->norm);
    free(t->tensor);
    free(t->layer);
    free(t->stage);
    free(t->parameter);
    free(t->weights);
    free(t->used);
    free(t->gradients);
    free(t->statistics);
    free(t->average);
    free(t->average_statistics);
    free(t->first);
    free(t->second);
    free(t->store);
    free(t->grad_store);
    free(t->norm_store);
    free(t->sums);
    free(t);
}

/* --- one layer on one chunk --- */

static struct train_view view_of(struct train *t, int part, int tensor, int first, int n)
{
    struct train_tensor *x = &t->tensor[tensor];
    struct train_view v = { .shape = x->shape, .batched = x->batched };

    if (x->parameter >= 0)
        v.v = t->now + t->parameter[x->parameter].offset;
    else if (!x->batched)
        v.v = x->value;
    else {
        float *w = x->stored ? x->value + (int64_t)first * x->per : t->scratch[part] + x->value_at;

        v.v = v.w = w;
        v.shape.d[0] = x->shape.d[0] / t->config.batch * n;
    }
    return v;
}

static float *gradient_of(struct train *t, int part, int tensor, int first)
{
    struct train_tensor *x = &t->tensor[tensor];

    if (x->parameter >= 0)
        return t->part_gradients[part] + t->parameter[x->parameter].offset;
    if (!x->batched)
        return t->part_gradients[part] + x->grad_at;
    return x->grad_stored ? x->grad + (int64_t)first * x->per : t->scratch[part] + x->grad_at;
}

static struct train_call call_of(struct train *t, struct train_layer *l, int part, int first, int n, int size)
{
    struct train_call c = { .layer = l, .n = n, .size = size, .first = first, .part = part, .learn = t->mode == TRAIN_LEARN, .in_n = l->node.in_n };

    for (int k = 0; k < l->node.in_n; k++)
        if (l->node.in[k] >= 0)
            c.in[k] = view_of(t, part, l->node.in[k], first, n);
    c.out = view_of(t, part, l->node.out, first, n);
    c.scratch = l->weights ? NULL : t->scratch[part] + t->stage[l->stage].own_at;
    return c;
}

static void backward_layer(struct train *t, struct train_layer *l, int part, int first, int n, int size, bool fresh)
{
    struct train_call c = call_of(t, l, part, first, n, size);
    float *target[NET_IN_MAX] = { NULL };

    c.fresh = fresh;
    if (l->op != &train_op_norm_sums)
        c.out.g = gradient_of(t, part, l->node.out, first);
    for (int k = 0; k < l->node.in_n; k++) {
        if (l->give[k] == GIVE_NONE)
            continue;
        c.in[k].g = gradient_of(t, part, l->node.in[k], first);
        if (l->give[k] == GIVE_CLEAR)
            memset(c.in[k].g, 0, (size_t)train_elements(&c.in[k]) * sizeof(float));
        if (l->give[k] == GIVE_TEMP) {
            target[k] = c.in[k].g;
            c.in[k].g = t->scratch[part] + (l->weights ? 0 : t->stage[l->stage].temp_at);
        }
    }
    l->op->backward(&c);
    for (int k = 0; k < l->node.in_n; k++)
        if (target[k])
            t->vec->add(target[k], c.in[k].g, train_elements(&c.in[k]), target[k]);
}

static int size_index(const struct train_stage *s, int n)
{
    int k = 0;

    while (s->size[k] != n)
        k++;
    return k;
}

struct job { struct train *t; void (*chunk)(struct train *t, struct train_stage *s, int part, int first, int n, bool fresh); };

static void share(void *argument, int part, int parts)
{
    struct job *j = argument;
    struct train *t = j->t;
    struct train_stage *s = &t->stage[t->running];
    int64_t a, b;
    int chunks;

    shim_one_thread();
    net_share(t->config.batch, part, parts, &a, &b);
    chunks = (int)((b - a + s->chunk - 1) / s->chunk);
    for (int c = 0; c < chunks; c++) {
        struct train_piece p = train_chunk(b - a, c, chunks);

        j->chunk(t, s, part, (int)a + p.first, p.n, c == 0);
    }
}

static void run_stage(struct train *t, int s, void (*chunk)(struct train *, struct train_stage *, int, int, int, bool))
{
    struct job j = { t, chunk };

    t->running = s;
    net_threads_run(t->pool, t->threads, share, &j);
}

static void chunk_forward(struct train *t, struct train_stage *s, int part, int first, int n, bool fresh)
{
    int size = size_index(s, n);

    (void)fresh;
    for (int i = 0; i < s->layers_n; i++) {
        struct train_layer *l = &t->layer[s->layer[i]];
        struct train_call c = call_of(t, l, part, first, n, size);

        l->op->forward(&c);
    }
}

static void chunk_backward(struct train *t, struct train_stage *s, int part, int first, int n, bool fresh)
{
    int size = size_index(s, n);

    for (int i = 0; i < s->layers_n; i++) {
        struct train_layer *l = &t->layer[s->layer[i]];

        if (l->op->again && !t->tensor[l->node.out].stored) {
            struct train_call c = call_of(t, l, part, first, n, size);

            l->op->forward(&c);
        }
    }
    for (int i = s->layers_n - 1; i >= 0; i--) {
        struct train_layer *l = &t->layer[s->layer[i]];

        if (l->backward)
            backward_layer(t, l, part, first, n, size, fresh);
    }
}

/* --- work that is shared layer by layer, or weight by weight --- */

static void pack(void *argument, int part, int parts)
{
    struct train *t = argument;

    shim_one_thread();
    for (int i = part; i < t->layers_n; i += parts)
        if (t->layer[i].own)
            train_conv_pack(t, &t->layer[i]);
}

static void clear(void *argument, int part, int parts)
{
    struct train *t = argument;

    (void)parts;
    memset(t->part_gradients[part], 0, (t->weights_n + t->derived_n) * sizeof(float));
}

static void unpack(void *argument, int part, int parts)
{
    struct train *t = argument;

    (void)parts;
    shim_one_thread();
    for (int i = 0; i < t->layers_n; i++)
        if (t->layer[i].own && t->layer[i].backward)
            train_conv_unpack(t, &t->layer[i], part);
}

static void gather(void *argument, int part, int parts)
{
    struct train *t = argument;
    int64_t a, b;

    net_share((int64_t)(t->weights_n + t->derived_n), part, parts, &a, &b);
    memcpy(t->gradients + a, t->part_gradients[0] + a, (size_t)(b - a) * sizeof(float));
    for (int p = 1; p < t->threads; p++)
        t->vec->add(t->gradients + a, t->part_gradients[p] + a, b - a, t->gradients + a);
}

enum trundle_status train_forward(struct train *t, enum train_mode mode, struct trundle_error *err)
{
    const float *master = mode == TRAIN_AVERAGED && t->average ? t->average : t->weights;

    (void)err;
    t->mode = mode;
    t->forward_done = false;
    t->now = master;
    t->now_statistics = mode == TRAIN_AVERAGED && t->average ? t->average_statistics : t->statistics;
    if (t->config.shape) {
        for (int i = 0; i < t->parameters_n; i++)
            t->config.shape(t->config.user, &t->parameter[i], master + t->parameter[i].offset, t->used + t->parameter[i].offset);
        t->now = t->used;
    }
    net_threads_run(t->pool, t->threads, pack, t);
    for (int i = 0; i < t->layers_n; i++)
        if (t->layer[i].weights) {
            struct train_call c = call_of(t, &t->layer[i], 0, 0, 1, 0);

            c.out.w = t->tensor[t->layer[i].node.out].value;
            t->layer[i].op->forward(&c);
        }
    for (int i = 0; i < t->norms_n; i++)
        if (mode == TRAIN_LEARN)
            memcpy(t->norm[i]->mean, t->statistics + t->norm[i]->statistics, (size_t)t->norm[i]->channels * sizeof(float));
        else
            train_norm_forward(t, t->norm[i]);
    for (int s = 0; s < t->stages_n; s++) {
        run_stage(t, s, chunk_forward);
        for (int i = 0; i < t->norms_n && mode == TRAIN_LEARN; i++)
            if (t->norm[i]->sums_stage == s)
                train_norm_forward(t, t->norm[i]);
    }
    for (int i = 0; i < t->graph->outputs_n && mode == TRAIN_LEARN; i++) {
        struct train_tensor *y = &t->tensor[t->graph->output[i]];

        memset(y->grad, 0, (size_t)y->per * (size_t)t->config.batch * sizeof(float));
    }
    t->forward_done = mode == TRAIN_LEARN;
    return TRUNDLE_OK;
}

enum trundle_status train_backward(struct train *t, struct trundle_error *err)
{
    if (!t->forward_done)
        return error_set(err, TRUNDLE_BAD_ARG, "train_backward", NULL, "no train_forward(TRAIN_LEARN) went before");
    t->forward_done = false;
    net_threads_run(t->pool, t->threads, clear, t);
    for (int s = t->stages_n - 1; s >= 0; s--) {
        run_stage(t, s, chunk_backward);
        for (int i = 0; i < t->norms_n; i++)
            if (t->norm[i]->norm_stage == s)
                train_norm_backward(t, t->norm[i]);
    }
    net_threads_run(t->pool, t->threads, unpack, t);
    net_threads_run(t->pool, t->threads, gather, t);
    if (t->derived_n > 0) {
        /* Functions of weights: their gradients are whole now, in the place of thread 0. */
        memcpy(t->part_gradients[0], t->gradients, (t->weights_n + t->derived_n) * sizeof(float));
        for (int i = t->layers_n - 1; i >= 0; i--)
            if (t->layer[i].weights && t->layer[i].backward)
                backward_layer(t, &t->layer[i], 0, 0, 1, 0, true);
        memcpy(t->gradients, t->part_gradients[0], t->weights_n * sizeof(float));
    }
    return TRUNDLE_OK;
}

struct apply { struct train *t; double rate; float scale; };

static void apply(void *argument, int part, int parts)
{
    struct apply *a = argument;
    struct train *t = a->t;

    for (int i = 0; i < t->parameters_n; i++) {
        const struct train_parameter *p = &t->parameter[i];
        int64_t begin, end;
        size_t at;

        if (p->frozen)
            continue;
        net_share((int64_t)p->n, part, parts, &begin, &end);
        at = p->offset + (size_t)begin;
        optimizer_step(&t->config.optimizer, t->step, a->rate, p->role == TRAIN_WEIGHT, a->scale, (size_t)(end - begin), t->weights + at, t->gradients + at, t->first + at,
                       t->second ? t->second + at : NULL);
        if (t->average)
            optimizer_average(&t->config.optimizer, t->step, (size_t)(end - begin), t->average + at, t->weights + at);
    }
}

enum trundle_status train_apply(struct train *t, double rate, double *out_norm, struct trundle_error *err)
{
    struct apply a = { t, rate, 1 };
    double sum = 0, norm;

    for (int i = 0; i < t->parameters_n; i++) {
        const struct train_parameter *p = &t->parameter[i];
        double q = p->frozen ? 0 : optimizer_sumsq(t->gradients + p->offset, p->n);

        if (!isfinite(q)) {
            char where[64];

            (void)snprintf(where, sizeof where, "step %lld", (long long)t->step);
            return error_set(err, TRUNDLE_BAD_INPUT, where, "a lower learning rate, a longer warm-up, or clipping", "the gradient of %.96s is not finite", p->name);
        }
        sum += q;
    }
    norm = sqrt(sum);
    if (t->config.optimizer.clip > 0 && norm > t->config.optimizer.clip)
        a.scale = (float)(t->config.optimizer.clip / norm);
    net_threads_run(t->pool, t->threads, apply, &a);
    if (t->average_statistics)
        optimizer_average(&t->config.optimizer, t->step, t->statistics_n, t->average_statistics, t->statistics);
    t->step++;
    if (out_norm)
        *out_norm = norm;
    return TRUNDLE_OK;
}
