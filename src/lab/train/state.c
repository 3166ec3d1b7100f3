/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What is around a step: buffers, checkpoints, export, and finding where numbers stopped being finite. */
#include "lab/train/inside.h"

#include "base/net/passes.h"
#include "base/std/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct net_graph *train_graph(const struct train *t)
{
    return t->graph;
}

float *train_input(struct train *t, int i)
{
    return t->tensor[t->graph->input[i]].value;
}

const float *train_output(const struct train *t, int i)
{
    return t->tensor[t->graph->output[i]].value;
}

float *train_output_gradient(struct train *t, int i)
{
    return t->tensor[t->graph->output[i]].grad;
}

struct train_parameter *train_parameters(struct train *t, int *out_n)
{
    *out_n = t->parameters_n;
    return t->parameter;
}

float *train_weights(struct train *t, size_t *out_n)
{
    if (out_n)
        *out_n = t->weights_n;
    return t->weights;
}

float *train_gradients(struct train *t, size_t *out_n)
{
    if (out_n)
        *out_n = t->weights_n;
    return t->gradients;
}

float *train_statistics(struct train *t, size_t *out_n)
{
    if (out_n)
        *out_n = t->statistics_n;
    return t->statistics;
}

const float *train_average(const struct train *t, size_t *out_n)
{
    if (out_n)
        *out_n = t->average ? t->weights_n : 0;
    return t->average;
}

int64_t train_step(const struct train *t)
{
    return t->step;
}

const char *train_describe(const struct train *t)
{
    return t->describe;
}

/* --- checkpoints: a head, then the buffers one after the other, in the machine's byte order --- */

struct head {
    char     magic[8];
    uint64_t about;                         /* names and shapes of parameters, kind of optimiser */
    int64_t  step;
    uint64_t floats;
    uint32_t crc, zero;                     /* of the buffers */
};
static const char magic[8] = "trtrain1";

enum { BLOBS = 6 };

static int blobs(const struct train *t, float *data[BLOBS], size_t n[BLOBS])
{
    float *all[BLOBS] = { t->weights, t->statistics, t->first, t->second, t->average, t->average_statistics };
    const size_t size[BLOBS] = { t->weights_n, t->statistics_n, t->weights_n, t->weights_n, t->weights_n, t->statistics_n };
    int used = 0;

    for (int i = 0; i < BLOBS; i++)
        if (all[i]) {
            data[used] = all[i];
            n[used++] = size[i];
        }
    return used;
}

static uint64_t about(const struct train *t)
{
    const uint64_t kind[3] = { (uint64_t)t->config.optimizer.kind, t->average != NULL, t->statistics_n };
    uint64_t h = hash64(kind, sizeof kind, 0);

    for (int i = 0; i < t->parameters_n; i++) {
        const struct train_parameter *p = &t->parameter[i];

        h = hash64(p->name, strlen(p->name) + 1, h);
        h = hash64(p->shape.d, (size_t)p->shape.rank * sizeof *p->shape.d, h);
    }
    return h;
}

size_t train_state_bytes(const struct train *t)
{
    float *data[BLOBS];
    size_t n[BLOBS], bytes = sizeof(struct head);

    for (int i = 0, used = blobs(t, data, n); i < used; i++)
        bytes += n[i] * sizeof(float);
    return bytes;
}

void train_state_save(const struct train *t, void *bytes)
{
    float *data[BLOBS];
    size_t n[BLOBS];
    struct head h = { .about = about(t), .step = t->step };
    unsigned char *at = (unsigned char *)bytes + sizeof h;

    memcpy(h.magic, magic, sizeof magic);
    for (int i = 0, used = blobs(t, data, n); i < used; i++) {
        memcpy(at, data[i], n[i] * sizeof(float));
        at += n[i] * sizeof(float);
        h.floats += n[i];
    }
    h.crc = hash_crc32(0, (unsigned char *)bytes + sizeof h, (size_t)h.floats * sizeof(float));
    memcpy(bytes, &h, sizeof h);
}

enum trundle_status train_state_load(struct train *t, const void *bytes, size_t n, struct trundle_error *err)
{
    struct head h;
    float *data[BLOBS];
    size_t each[BLOBS];
    const unsigned char *at = (const unsigned char *)bytes + sizeof h;

    if (n < sizeof h || memcmp(bytes, magic, sizeof magic) != 0)
        return error_set(err, TRUNDLE_CORRUPT, "checkpoint", NULL, "this is no state of a trainer");
    memcpy(&h, bytes, sizeof h);
    if (h.about != about(t))
        return error_set(err, TRUNDLE_CONFLICT, "checkpoint", "start anew, or take the recipe that it was made with", "it is of another network or optimiser");
    if (n != train_state_bytes(t) || h.floats != (n - sizeof h) / sizeof(float) || h.step < 0)
        return error_set(err, TRUNDLE_TRUNCATED, "checkpoint", NULL, "%zu bytes, %zu are needed", n, train_state_bytes(t));
    if (hash_crc32(0, at, n - sizeof h) != h.crc)
        return error_set(err, TRUNDLE_CORRUPT, "checkpoint", NULL, "its check sum does not fit");
    for (int i = 0, used = blobs(t, data, each); i < used; i++) {
        memcpy(data[i], at, each[i] * sizeof(float));
        at += each[i] * sizeof(float);
    }
    t->step = h.step;
    t->forward_done = false;
    return TRUNDLE_OK;
}

/* --- export --- */

enum trundle_status train_export(const struct train *t, enum train_mode mode, bool fold, struct net_graph **out, struct trundle_error *err)
{
    bool averaged = mode == TRAIN_AVERAGED && t->average;
    const float *weights = averaged ? t->average : t->weights, *statistics = averaged ? t->average_statistics : t->statistics;
    struct net_graph *g = NULL;
    enum trundle_status status = TRUNDLE_OK;

    TRY(net_graph_copy(t->origin, false, &g, err));
    for (int i = 0; i < g->tensors_n; i++) {
        const struct train_tensor *x = &t->tensor[i];
        float *to;

        if (x->parameter < 0 && x->statistics < 0)
            continue;
        to = net_graph_writable(g, i);
        if (!to) {
            net_graph_free(g);
            return error_set(err, TRUNDLE_NO_MEMORY, "train_export", NULL, "no memory for %s", x->name);
        }
        if (x->parameter >= 0 && t->config.shape)
            t->config.shape(t->config.user, &t->parameter[x->parameter], weights + t->parameter[x->parameter].offset, to);
        else
            memcpy(to, x->parameter >= 0 ? weights + t->parameter[x->parameter].offset : statistics + x->statistics, (size_t)x->per * sizeof *to);
    }
    if (fold)
        status = net_simplify(g, err);
    if (status == TRUNDLE_OK)
        *out = g;
    else
        net_graph_free(g);
    return status;
}

/* --- what is not finite --- */

static int64_t sick(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return (int64_t)i;
    return -1;
}

static enum trundle_status blame(const struct train *t, const char *what, const char *name, int64_t sample, const char *hint, struct trundle_error *err)
{
    char where[200];

    if (sample >= 0)
        (void)snprintf(where, sizeof where, "step %lld, %.96s, sample %lld", (long long)t->step, name, (long long)sample);
    else
        (void)snprintf(where, sizeof where, "step %lld, %.96s", (long long)t->step, name);
    return error_set(err, TRUNDLE_BAD_INPUT, where, hint, "%s is not finite", what);
}

enum trundle_status train_blame(struct train *t, struct trundle_error *err)
{
    for (int i = 0; i < t->parameters_n; i++)
        if (sick(t->weights + t->parameter[i].offset, t->parameter[i].n) >= 0)
            return blame(t, "a weight", t->parameter[i].name, -1, "a lower learning rate, a longer warm-up, or clipping", err);
    for (int i = 0; i < t->graph->inputs_n; i++) {
        const struct train_tensor *x = &t->tensor[t->graph->input[i]];
        int64_t at = sick(x->value, (size_t)x->per * (size_t)t->config.batch);

        if (at >= 0)
            return blame(t, "the input", x->name, at / x->per, "the data has it", err);
    }
    /* In the order in which they were made; what is not stored shows in the next that is. */
    for (int s = 0; s < t->stages_n; s++)
        for (int i = 0; i < t->stage[s].layers_n; i++) {
            const struct train_layer *l = &t->layer[t->stage[s].layer[i]];
            const struct train_tensor *y = &t->tensor[l->node.out];
            int64_t at;

            if (!y->stored || !y->batched || l->op == &train_op_norm_sums)
                continue;
            at = sick(y->value, (size_t)y->per * (size_t)t->config.batch);
            if (at >= 0)
                return blame(t, "what the layer made", y->name, at / y->per, "a lower learning rate, a longer warm-up, or clipping", err);
        }
    return TRUNDLE_OK;
}
