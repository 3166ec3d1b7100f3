/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Paired judging. */
#include "lab/train/compare.h"

#include "base/net/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Into an input that is f32, or u8 with a scale. */
static void put(const struct net_tensor *t, void *into, const float *x, int64_t n)
{
    if (t->type == NET_F32) {
        memcpy(into, x, (size_t)n * sizeof *x);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        float v = rintf(x[i] / t->quant.scale[0]) + (float)t->quant.zero;

        ((uint8_t *)into)[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

static int best(const float *y, int64_t k)
{
    int at = 0;

    for (int i = 1; i < k; i++)
        if (y[i] > y[at])
            at = i;
    return at;
}

/* What runs at once: as many as wanted, unless the net's own batch is fixed. */
static int batch_of(const struct net_graph *g, int wanted)
{
    const struct net_tensor *x = &g->tensor[g->input[0]];

    return x->shape.rank == 0 || x->batched || x->shape.d[0] == 0 ? wanted : x->shape.d[0];
}

static enum trundle_status check(const struct net_graph *a, const struct net_graph *b, int batch, int64_t *out_classes, struct trundle_error *err)
{
    const struct net_graph *both[2] = { a, b ? b : a };

    for (int i = 0; i < 2; i++) {
        const struct net_graph *g = both[i];
        const struct net_tensor *x, *y;

        if (g->inputs_n != 1 || g->outputs_n < 1)
            return error_set(err, TRUNDLE_UNSUPPORTED, "compare", NULL, "%d inputs and %d outputs: wanted are one input, and logits first", g->inputs_n, g->outputs_n);
        x = &g->tensor[g->input[0]];
        y = &g->tensor[g->output[0]];
        if (y->type != NET_F32 || net_shape_elements(&y->shape) % batch || (x->type != NET_F32 && !(x->type == NET_U8 && x->quant.n == 1)))
            return error_set(err, TRUNDLE_UNSUPPORTED, "compare", NULL, "input %s or output %s is not f32", x->name, y->name);
        if (i && (net_shape_elements(&x->shape) != net_shape_elements(&a->tensor[a->input[0]].shape) || net_shape_elements(&y->shape) / batch != *out_classes))
            return error_set(err, TRUNDLE_UNSUPPORTED, "compare", NULL, "the nets differ in the size of their input or output");
        *out_classes = net_shape_elements(&y->shape) / batch;
    }
    return TRUNDLE_OK;
}

enum trundle_status compare_graphs(const struct net_graph *a, const struct net_graph *b, const struct source *source, uint64_t n,
                                   const struct compare_options *options, struct compare *out, struct trundle_error *err)
{
    int batch = options && options->batch ? options->batch : 32, threads = options && options->threads ? options->threads : 1;
    struct net_plan_options plan_options = { .threads = threads };
    struct net_plan *plan[2] = { NULL, NULL };
    struct compare c = { .n = n };
    int64_t classes = 0, in_n = 0;
    int32_t *label = NULL;
    float *x = NULL;
    double power = 0, error = 0;
    enum trundle_status status;

    if (!a || !source || !source->fill || !out || n < 1 || batch < 1 || batch > 4096)
        return error_set(err, TRUNDLE_BAD_ARG, "compare", NULL, "an argument is NULL or out of range");
    if (a->inputs_n != 1 || (b && b->inputs_n != 1) || batch_of(a, batch) != batch_of(b ? b : a, batch))
        return error_set(err, TRUNDLE_UNSUPPORTED, "compare", "one input each, of the same batch", "%d inputs and %d", a->inputs_n, b ? b->inputs_n : 1);
    batch = batch_of(a, batch);
    plan_options.batch = batch;
    TRY_GOTO(status, net_plan_new(a, &plan_options, &plan[0], err), out);
    if (b)
        TRY_GOTO(status, net_plan_new(b, &plan_options, &plan[1], err), out);
    TRY_GOTO(status, check(net_plan_graph(plan[0]), b ? net_plan_graph(plan[1]) : NULL, batch, &classes, err), out);
    in_n = net_shape_elements(&net_plan_graph(plan[0])->tensor[net_plan_graph(plan[0])->input[0]].shape);
    x = malloc((size_t)in_n * sizeof *x);
    label = malloc((size_t)batch * sizeof *label);
    if (!x || !label) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "compare", NULL, "no memory left");
        goto out;
    }
    for (uint64_t first = 0; first < n; first += (uint64_t)batch) {
        int used = n - first < (uint64_t)batch ? (int)(n - first) : batch;
        const float *y[2];

        TRY_GOTO(status, source->fill(source->user, first, batch, x, label, err), out);
        for (int k = 0; k < (b ? 2 : 1); k++) {
            const struct net_graph *g = net_plan_graph(plan[k]);

            put(&g->tensor[g->input[0]], net_plan_input(plan[k], 0), x, in_n);
            TRY_GOTO(status, net_plan_run(plan[k], err), out);
        }
        y[0] = net_plan_output(plan[0], 0);
        y[1] = b ? net_plan_output(plan[1], 0) : y[0];
        for (int i = 0; i < used; i++) {
            int answer[2] = { best(y[0] + i * classes, classes), best(y[1] + i * classes, classes) };
            bool right[2] = { answer[0] == label[i], answer[1] == label[i] };

            c.right_a += right[0];
            c.right_b += right[1];
            c.only_a += right[0] && !right[1];
            c.only_b += right[1] && !right[0];
            c.same += answer[0] == answer[1];
        }
        for (int64_t i = 0; i < used * classes; i++) {
            power += (double)y[0][i] * (double)y[0][i];
            error += ((double)y[1][i] - (double)y[0][i]) * ((double)y[1][i] - (double)y[0][i]);
        }
        if (options && options->progress)
            options->progress(options->user, (size_t)(first + (uint64_t)used), (size_t)n);
    }
    c.difference = power > 0 ? sqrt(error / power) : 0;
    *out = c;
out:
    free(x);
    free(label);
    net_plan_free(plan[0]);
    net_plan_free(plan[1]);
    return status;
}

double compare_drop(const struct compare *c)
{
    return ((double)c->only_a - (double)c->only_b) / (double)c->n;
}

double compare_drop_most(const struct compare *c)
{
    double n = (double)c->n, mean = compare_drop(c), variance = ((double)c->only_a + (double)c->only_b) / n - mean * mean;

    return mean + 1.96 * sqrt(fmax(variance, 0) / n);
}
