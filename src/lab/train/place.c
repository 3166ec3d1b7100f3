/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Stages, chunks and memory. A layer's stage is that of its latest input; a batch norm's normalise is one later than its sums, or as late as its
 * readers allow. A chunk is as many samples as keep a layer's tensors in the second-level cache, and not so few that weights are
 * read more often than they are used.
 */
#include "lab/train/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE = 1 << 20, ROWS = 256, LINE = 16 };

static size_t round_line(size_t n)
{
    return (n + LINE - 1) / LINE * LINE;
}

static bool is_batched(const struct train *t, const struct train_layer *l)
{
    return t->tensor[l->node.out].batched;
}

static int *readers(const struct train *t, int tensor, int *room, int *out_n)
{
    int n = 0;

    for (int i = 0; i < t->layers_n; i++)
        for (int k = 0; k < t->layer[i].node.in_n; k++)
            if (t->layer[i].node.in[k] == tensor) {
                room[n++] = i;
                break;
            }
    *out_n = n;
    return room;
}

static bool is_output(const struct train *t, int tensor)
{
    for (int i = 0; i < t->graph->outputs_n; i++)
        if (t->graph->output[i] == tensor)
            return true;
    return false;
}

static enum trundle_status stages(struct train *t, struct trundle_error *err)
{
    int *room = malloc(((size_t)t->layers_n + 1) * sizeof *room), n, most = 0;

    if (!room)
        return error_set(err, TRUNDLE_NO_MEMORY, "train", NULL, "no memory");
    for (int i = 0; i < t->layers_n; i++) {
        struct train_layer *l = &t->layer[i];

        l->weights = !is_batched(t, l);
        l->stage = 0;
        for (int k = 0; k < l->node.in_n; k++) {
            int in = l->node.in[k], maker = in < 0 ? -1 : t->tensor[in].maker;

            if (maker >= 0 && t->layer[maker].stage > l->stage)
                l->stage = t->layer[maker].stage;
        }
        if (l->op == &train_op_norm)
            l->stage++;                     /* its sums lie in the stage of its input */
        most = l->stage > most ? l->stage : most;
    }
    for (int i = t->layers_n - 1; i >= 0; i--) {
        struct train_layer *l = &t->layer[i];
        int least = most;

        if (!l->op->late || l->weights || is_output(t, l->node.out))
            continue;
        (void)readers(t, l->node.out, room, &n);
        for (int k = 0; k < n; k++)
            least = t->layer[room[k]].stage < least ? t->layer[room[k]].stage : least;
        if (n > 0 && least > l->stage)
            l->stage = least;
    }
    free(room);
    for (int i = 0; i < t->layers_n; i++)
        if (t->layer[i].op == &train_op_norm)
            t->layer[i].norm->norm_stage = t->layer[i].stage;
        else if (t->layer[i].op == &train_op_norm_sums)
            t->layer[i].norm->sums_stage = t->layer[i].stage;
    t->stages_n = most + 1;
    t->stage = calloc((size_t)t->stages_n, sizeof *t->stage);
    if (!t->stage)
        return error_set(err, TRUNDLE_NO_MEMORY, "train", NULL, "no memory");
    for (int s = 0; s < t->stages_n; s++) {
        struct train_stage *stage = &t->stage[s];

        for (int i = 0; i < t->layers_n; i++)
            stage->layers_n += t->layer[i].stage == s && !t->layer[i].weights;
        stage->layer = calloc((size_t)stage->layers_n + 1, sizeof *stage->layer);
        if (!stage->layer)
            return error_set(err, TRUNDLE_NO_MEMORY, "train", NULL, "no memory");
        stage->layers_n = 0;
        for (int i = 0; i < t->layers_n; i++)
            if (t->layer[i].stage == s && !t->layer[i].weights)
                stage->layer[stage->layers_n++] = i;
    }
    return TRUNDLE_OK;
}

/* Which tensors are stored, and which layers work in backward and how. */
static void flows(struct train *t)
{
    for (int i = 0; i < t->tensors_n; i++) {
        struct train_tensor *x = &t->tensor[i];

        x->first_stage = x->last_stage = x->maker >= 0 ? t->layer[x->maker].stage : 0;
        x->stored = !x->batched || x->maker < 0 || !t->layer[x->maker].op->again || is_output(t, i);
        x->grad_stored = is_output(t, i);
        x->fed = is_output(t, i);
    }
    for (int i = 0; i < t->layers_n; i++)
        for (int k = 0; k < t->layer[i].node.in_n; k++) {
            int in = t->layer[i].node.in[k];

            if (in < 0 || !t->tensor[in].batched)
                continue;
            if (t->tensor[in].maker >= 0 && t->layer[t->tensor[in].maker].stage != t->layer[i].stage) {
                t->tensor[in].stored = true;
                if (t->layer[i].op != &train_op_norm)
                    t->tensor[in].grad_stored = true;
            }
            if (t->layer[i].op != &train_op_norm && t->layer[i].stage > t->tensor[in].last_stage)
                t->tensor[in].last_stage = t->layer[i].stage;
        }
    /* Backwards: the first that hands a gradient to a tensor sets it, the others add. Layers without a batch come last. */
    for (int s = t->stages_n; s >= 0; s--)
        for (int i = t->layers_n - 1; i >= 0; i--) {
            struct train_layer *l = &t->layer[i];
            bool any = false;

            if ((s > 0 && (l->weights || l->stage != s - 1)) || (s == 0 && !l->weights))
                continue;
            for (int k = 0; k < l->node.in_n; k++)
                any = any || (l->node.in[k] >= 0 && t->tensor[l->node.in[k]].wanted);
            l->backward = t->tensor[l->node.out].fed && (any || l->norm);
            if (l->op == &train_op_norm || !l->backward)
                continue;
            for (int k = 0; k < l->node.in_n; k++) {
                struct train_tensor *x = l->node.in[k] >= 0 ? &t->tensor[l->node.in[k]] : NULL;

                if (!x || !x->wanted)
                    continue;
                if (!x->batched)
                    l->give[k] = l->weights && !l->op->adds ? GIVE_TEMP : GIVE_ADD;
                else if (x->fed)
                    l->give[k] = l->op->adds ? GIVE_ADD : GIVE_TEMP;
                else
                    l->give[k] = l->op->adds ? GIVE_CLEAR : GIVE_SET;
                x->fed = true;
            }
        }
}

static void sizes(const struct train *t, struct train_stage *s)
{
    int batch = t->config.batch, least = batch;
    int64_t cost = 1, need = 1;

    for (int i = 0; i < s->layers_n; i++) {
        const struct train_layer *l = &t->layer[s->layer[i]];
        const struct train_tensor *y = &t->tensor[l->node.out], *w = l->node.in_n > 1 && l->node.in[1] >= 0 ? &t->tensor[l->node.in[1]] : NULL;
        int64_t bytes = y->per, rows;

        for (int k = 0; k < l->node.in_n; k++)
            if (l->node.in[k] >= 0 && t->tensor[l->node.in[k]].batched)
                bytes += t->tensor[l->node.in[k]].per;
        cost = bytes > cost ? bytes : cost;
        if (!w || w->parameter < 0 || (l->node.op != NET_CONV && l->node.op != NET_CONV_TRANSPOSE && l->node.op != NET_MATMUL))
            continue;
        rows = y->per / y->shape.d[y->shape.rank - 1];
        if (w->per / 16 < ROWS)
            rows = rows * ROWS / (w->per / 16 + 1);
        if (rows < 1)
            rows = 1;
        need = (ROWS + rows - 1) / rows > need ? (ROWS + rows - 1) / rows : need;
    }
    cost = CACHE / 4 / cost;
    cost = cost > need ? cost : need;
    for (int p = 0; p < t->threads; p++) {
        int64_t a, b;

        net_share(batch, p, t->threads, &a, &b);
        least = (int)(b - a) < least ? (int)(b - a) : least;
    }
    s->chunk = (int)(cost < 1 ? 1 : cost > least ? least : cost);
    for (int p = 0; p < t->threads; p++) {
        int64_t a, b;
        int chunks;

        net_share(batch, p, t->threads, &a, &b);
        chunks = (int)((b - a + s->chunk - 1) / s->chunk);
        for (int c = 0; c < chunks; c++) {
            int n = train_chunk(b - a, c, chunks).n, k = 0;

            while (k < s->sizes_n && s->size[k] != n)
                k++;
            if (k == s->sizes_n)
                s->size[s->sizes_n++] = n;
        }
    }
    s->chunk = 0;
    for (int k = 0; k < s->sizes_n; k++)
        s->chunk = s->size[k] > s->chunk ? s->size[k] : s->chunk;
}

static void chunk_places(struct train *t, struct train_stage *s, int index)
{
    size_t at = 0, temp = 0, own = 0, chunk = (size_t)s->chunk;

    for (int i = 0; i < t->tensors_n; i++) {
        struct train_tensor *x = &t->tensor[i];

        if (!x->batched || x->maker < 0 || t->layer[x->maker].stage != index)
            continue;
        if (!x->stored) {
            x->value_at = at;
            at += round_line((size_t)x->per * chunk);
        }
        if (x->wanted && x->fed && !x->grad_stored) {
            x->grad_at = at;
            at += round_line((size_t)x->per * chunk);
        }
    }
    for (int i = 0; i < s->layers_n; i++) {
        struct train_layer *l = &t->layer[s->layer[i]];

        for (int k = 0; k < l->node.in_n; k++)
            if (l->give[k] == GIVE_TEMP && (size_t)t->tensor[l->node.in[k]].per * chunk > temp)
                temp = round_line((size_t)t->tensor[l->node.in[k]].per * chunk);
        if (l->op == &train_op_attention)
            l->scratch = 2 * (size_t)t->tensor[l->node.in[0]].shape.d[1] * (size_t)t->tensor[l->node.in[1]].shape.d[1];
        own = l->scratch > own ? l->scratch : own;
    }
    s->temp_at = at;
    s->own_at = at + temp;
    if (s->own_at + own > t->scratch_n)
        t->scratch_n = s->own_at + own;
}

/* Places in one block for what lives from stage `born` down to stage `dies` of backward: first fit, nothing that overlaps in time overlaps there. */
struct span { size_t at, n; int born, dies; };

static size_t fit(struct span *span, int n, size_t want, int born, int dies)
{
    size_t at = 0;
    bool moved = true;

    while (moved) {
        moved = false;
        for (int i = 0; i < n; i++)
            if (span[i].dies <= born && dies <= span[i].born && at < span[i].at + span[i].n && span[i].at < at + want) {
                at = span[i].at + span[i].n;
                moved = true;
            }
    }
    span[n] = (struct span){ at, want, born, dies };
    return at;
}

static enum trundle_status stored_places(struct train *t, struct trundle_error *err)
{
    size_t batch = (size_t)t->config.batch;
    struct span *span = calloc((size_t)(t->tensors_n + t->norms_n) + 1, sizeof *span);
    int n = 0;

    if (!span)
        return error_set(err, TRUNDLE_NO_MEMORY, "train", NULL, "no memory");
    for (int i = 0; i < t->tensors_n; i++) {
        struct train_tensor *x = &t->tensor[i];

        if (x->parameter >= 0 || x->statistics >= 0 || x->constant)
            continue;
        if (!x->batched) {
            x->value_at = t->store_n;
            t->store_n += round_line((size_t)x->per);
            x->grad_at = t->weights_n + t->derived_n;
            t->derived_n += (size_t)x->per;
            for (int k = 0; k < t->layer[x->maker].node.in_n; k++) {
                int in = t->layer[x->maker].node.in[k];

                if (in >= 0 && (size_t)t->tensor[in].per > t->scratch_n)
                    t->scratch_n = round_line((size_t)t->tensor[in].per);
            }
            continue;
        }
        if (x->stored) {
            x->value_at = t->store_n;
            t->store_n += round_line((size_t)x->per * batch);
        }
        if (x->grad_stored && x->fed)
            x->grad_at = fit(span, n++, round_line((size_t)x->per * batch), is_output(t, i) ? t->stages_n : x->last_stage, is_output(t, i) ? 0 : x->first_stage);
    }
    for (int i = 0; i < t->norms_n; i++) {
        t->norm[i]->per = t->tensor[t->norm[i]->input].per;
        t->norm[i]->g_at = fit(span, n++, round_line((size_t)t->norm[i]->per * batch), t->norm[i]->norm_stage, t->norm[i]->sums_stage);
    }
    for (int i = 0; i < n; i++)
        t->grad_store_n = span[i].at + span[i].n > t->grad_store_n ? span[i].at + span[i].n : t->grad_store_n;
    free(span);
    return TRUNDLE_OK;
}

static float *floats(struct train *t, size_t n)
{
    size_t bytes = (n * sizeof(float) + 63) / 64 * 64 + 128;
    float *p = aligned_alloc(64, bytes);

    if (p)
        memset(p, 0, bytes);
    t->bytes += bytes;
    return p;
}

static enum trundle_status memory(struct train *t, struct trundle_error *err)
{
    const struct optimizer_config *o = &t->config.optimizer;
    size_t channels = 0;
    float *at;
    bool ok;

    t->store = floats(t, t->store_n);
    t->grad_store = floats(t, t->grad_store_n);
    t->weights = floats(t, t->weights_n);
    t->gradients = floats(t, t->weights_n + t->derived_n);
    t->statistics = floats(t, t->statistics_n);
    t->first = floats(t, t->weights_n);
    ok = t->store && t->grad_store && t->weights && t->gradients && t->statistics && t->first;
    if (o->kind == OPTIMIZER_ADAMW)
        ok = ok && (t->second = floats(t, t->weights_n));
    if (o->average > 0)
        ok = ok && (t->average = floats(t, t->weights_n)) && (t->average_statistics = floats(t, t->statistics_n));
    if (t->config.shape)
        ok = ok && (t->used = floats(t, t->weights_n));
    for (int p = 0; p < t->threads && ok; p++)
        ok = (t->part_gradients[p] = floats(t, t->weights_n + t->derived_n)) && (t->scratch[p] = floats(t, t->scratch_n));
    for (int i = 0; i < t->norms_n; i++)
        channels += round_line((size_t)t->norm[i]->channels);
    t->norm_store = floats(t, channels * 6);
    t->sums = ok ? calloc(channels * 2 * (size_t)t->threads + 1, sizeof *t->sums) : NULL;
    if (!ok || !t->norm_store || !t->sums)
        return error_set(err, TRUNDLE_NO_MEMORY, "train", "take a smaller batch", "no memory for a batch of %d", t->config.batch);
    at = t->norm_store;
    channels = 0;
    for (int i = 0; i < t->norms_n; i++) {
        struct train_norm *n = t->norm[i];
        float **part[6] = { &n->scale, &n->shift, &n->mean, &n->inverse, &n->pull, &n->drift };

        for (int k = 0; k < 6; k++, at += round_line((size_t)n->channels))
            *part[k] = at;
        n->sums = t->sums + channels * 2 * (size_t)t->threads;
        channels += (size_t)n->channels;
        n->g = t->grad_store + n->g_at;
    }
    for (int i = 0; i < t->tensors_n; i++) {
        struct train_tensor *x = &t->tensor[i];
        const void *data = i < t->graph->tensors_n ? t->graph->tensor[i].data : NULL;

        if (x->parameter >= 0)
            memcpy(t->weights + t->parameter[x->parameter].offset, data, (size_t)x->per * sizeof(float));
        else if (x->statistics >= 0)
            memcpy(t->statistics + x->statistics, data, (size_t)x->per * sizeof(float));
        else if (!x->constant && (x->stored || !x->batched))
            x->value = t->store + x->value_at;
        if (x->batched && x->grad_stored && x->fed)
            x->grad = t->grad_store + x->grad_at;
    }
    if (t->average) {
        memcpy(t->average, t->weights, t->weights_n * sizeof *t->average);
        memcpy(t->average_statistics, t->statistics, t->statistics_n * sizeof *t->average);
    }
    return TRUNDLE_OK;
}

enum trundle_status train_place(struct train *t, struct trundle_error *err)
{
    TRY(stages(t, err));
    flows(t);
    for (int s = 0; s < t->stages_n; s++) {
        sizes(t, &t->stage[s]);
        chunk_places(t, &t->stage[s], s);
    }
    TRY(stored_places(t, err));
    TRY(memory(t, err));
    for (int s = 0; s < t->stages_n; s++)
        for (int i = 0; i < t->stage[s].layers_n; i++) {
            struct train_layer *l = &t->layer[t->stage[s].layer[i]];

            if (l->op == &train_op_conv || l->op == &train_op_conv_transpose)
                TRY(train_conv_make(t, l, &t->stage[s], err));
        }
    return TRUNDLE_OK;
}
