/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* How well a net does on pictures that nothing random happens to. */
#include "lab/train/objective_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOUND_MOST = 100, RECALL_MOST = 20000 };

/* What one judging keeps. */
struct judging {
    struct objective *o;
    const struct objective_loss *loss;
    const struct data_set *set;
    enum data_part part;
    int     k;                     /* numbers a row */
    size_t  row;                   /* floats a row of the output */
    int     batch;
    float  *sum;                   /* outputs of a batch, averaged over mirrors: probabilities, or what the net says */
    struct augment_truth *truth;   /* batch */
    float  *rows;                  /* all embeddings, for recall */
    int32_t *label;
    struct detect_score *ap;
    double  loss_sum;
    size_t  right, coarse_right, coarse_n, n;
};

static void softmax(const float *in, int k, double sharp, float *out_add)
{
    double sum = 0;
    float most = in[0];

    for (int i = 1; i < k; i++)
        most = in[i] > most ? in[i] : most;
    for (int i = 0; i < k; i++)
        sum += exp(sharp * (double)(in[i] - most));
    for (int i = 0; i < k; i++)
        out_add[i] += (float)(exp(sharp * (double)(in[i] - most)) / sum);
}

static int best_of(const float *v, int k)
{
    int best = 0;

    for (int i = 1; i < k; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

/* The label that a data set of its own numbering would have: the same numbers. */
static void judge_classes(struct judging *j, const float *p, const struct augment_truth *t, float *coarse)
{
    const int32_t *of = data_coarse_of(j->o->set);
    int classes = data_coarse_classes(j->o->set);

    if (t->label >= 0 && t->label < j->k) {
        j->right += best_of(p, j->k) == t->label;
        j->loss_sum -= log(fmax((double)p[t->label], 1e-12));
    }
    if (!of || !coarse || t->coarse < 0)
        return;
    memset(coarse, 0, sizeof(float) * (size_t)classes);
    for (int i = 0; i < j->k; i++)
        if (of[i] >= 0)
            coarse[of[i]] += p[i];
    j->coarse_n++;
    j->coarse_right += best_of(coarse, classes) == t->coarse;
}

static enum trundle_status run_batch(struct judging *j, struct train *t, const struct augment_plan *plan, size_t first, int n, bool mirror,
                                     struct augment_scratch *scratch, struct trundle_error *err)
{
    const struct net_shape *in = &train_graph(t)->tensor[train_graph(t)->input[0]].shape;
    int h = in->d[1], w = in->d[2], passes = mirror && j->loss->kind != OBJECTIVE_BOXES ? 2 : 1;
    size_t pixels = (size_t)h * (size_t)w * 3;

    memset(j->sum, 0, sizeof(float) * j->row * (size_t)j->batch);
    for (int pass = 0; pass < passes; pass++) {
        float *x = train_input(t, 0);
        const float *out;

        for (int i = 0; i < n; i++)
            TRY(augment_plain(plan, j->set, j->part, first + (size_t)i, w, h, pass == 1, scratch, x + (size_t)i * pixels, &j->truth[i], err));
        for (int i = n; i < j->batch; i++)
            memcpy(x + (size_t)i * pixels, x, pixels * sizeof(float));
        TRY(train_forward(t, TRAIN_AVERAGED, err));
        out = train_output(t, j->loss->output);
        for (int i = 0; i < n; i++) {
            if (j->loss->kind == OBJECTIVE_CROSS_ENTROPY || j->loss->kind == OBJECTIVE_MARGIN)
                softmax(out + (size_t)i * j->row, j->k, j->loss->kind == OBJECTIVE_MARGIN ? j->loss->sharp : 1, j->sum + (size_t)i * j->row);
            else
                for (size_t q = 0; q < j->row; q++)
                    j->sum[(size_t)i * j->row + q] += out[(size_t)i * j->row + q];
        }
    }
    for (size_t q = 0; passes == 2 && q < j->row * (size_t)n; q++)
        j->sum[q] *= 0.5f;
    return TRUNDLE_OK;
}

/* What every map of boxes finds in picture i of the batch, without doubles. */
static int find_boxes(const struct judging *j, const struct train *t, int i, struct detect_found found[FOUND_MOST])
{
    const struct net_graph *g = train_graph(t);
    int n = 0;

    for (int l = 0; l < j->o->n && n < FOUND_MOST; l++) {
        const struct net_shape *s = &g->tensor[g->output[j->o->loss[l].output]].shape;
        struct detect_map m;

        if (j->o->loss[l].kind != OBJECTIVE_BOXES)
            continue;
        objective_map(s, &g->tensor[g->input[0]].shape, &m);
        n += detect_read(&m, train_output(t, j->o->loss[l].output) + (size_t)i * (size_t)(net_shape_elements(s) / j->batch), 0.01, found + n,
                         (FOUND_MOST - n) / (j->o->n - l));
    }
    return detect_thin(found, n, 0.6);
}

static enum trundle_status count_batch(struct judging *j, const struct train *t, int n, float *coarse, struct trundle_error *err)
{
    struct detect_found found[FOUND_MOST];

    for (int i = 0; i < n; i++) {
        const float *row = j->sum + (size_t)i * j->row;

        switch (j->loss->kind) {
        case OBJECTIVE_CROSS_ENTROPY:
        case OBJECTIVE_MARGIN:
            judge_classes(j, row, &j->truth[i], coarse);
            break;
        case OBJECTIVE_CONTRASTIVE:
            if (j->n < RECALL_MOST) {
                memcpy(j->rows + j->n * j->row, row, sizeof(float) * j->row);
                j->label[j->n] = j->truth[i].label;
            }
            break;
        case OBJECTIVE_BOXES:
            if (!detect_score_add(j->ap, found, find_boxes(j, t, i, found), j->truth[i].box, j->truth[i].boxes_n, 0.5))
                return error_set(err, TRUNDLE_NO_MEMORY, "evaluation", NULL, "no memory");
            break;
        case OBJECTIVE_KINDS:
            break;
        }
        j->n++;
    }
    return TRUNDLE_OK;
}

static double recall_at_1(const struct judging *j)
{
    size_t n = j->n < RECALL_MOST ? j->n : RECALL_MOST, asked = 0, right = 0;

    for (size_t a = 0; a < n; a++) {
        double best = -INFINITY;
        bool partner = false;
        int32_t label = -1;

        for (size_t b = 0; b < n; b++) {
            double dot = 0, length = 0;

            if (a == b)
                continue;
            for (size_t q = 0; q < j->row; q++) {
                dot += (double)j->rows[a * j->row + q] * (double)j->rows[b * j->row + q];
                length += (double)j->rows[b * j->row + q] * (double)j->rows[b * j->row + q];
            }
            dot /= sqrt(fmax(length, 1e-20));
            partner |= j->label[b] == j->label[a];
            if (dot > best) {
                best = dot;
                label = j->label[b];
            }
        }
        asked += partner;
        right += partner && label == j->label[a];
    }
    return asked ? 100.0 * (double)right / (double)asked : (double)NAN;
}

enum trundle_status objective_judge(struct objective *o, struct train *t, const struct augment_plan *plan, const struct data_set *set, enum data_part part,
                                    bool mirror, struct objective_score *out, struct trundle_error *err)
{
    const struct net_graph *g = train_graph(t);
    const struct net_shape *in = &g->tensor[g->input[0]].shape, *s = &g->tensor[g->output[o->loss[0].output]].shape;
    struct judging j = { .o = o, .loss = &o->loss[0], .set = set, .part = part, .k = s->d[s->rank - 1], .batch = in->d[0] };
    size_t total = data_part_n(set, part);
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    struct augment_scratch *scratch = augment_scratch_new();
    float *coarse = NULL;

    j.row = (size_t)(net_shape_elements(s) / j.batch);
    j.sum = malloc(sizeof(float) * j.row * (size_t)j.batch);
    j.truth = malloc(sizeof *j.truth * (size_t)j.batch);
    if (data_coarse_classes(o->set) > 0)
        coarse = malloc(sizeof(float) * (size_t)data_coarse_classes(o->set));
    if (j.loss->kind == OBJECTIVE_CONTRASTIVE) {
        j.rows = malloc(sizeof(float) * j.row * (total < RECALL_MOST ? total + 1 : RECALL_MOST));
        j.label = malloc(sizeof *j.label * (total + 1));
    }
    if (j.loss->kind == OBJECTIVE_BOXES)
        j.ap = detect_score_new(s->d[3] - 4);
    if (!scratch || !j.sum || !j.truth || (j.loss->kind == OBJECTIVE_CONTRASTIVE && (!j.rows || !j.label)) || (j.loss->kind == OBJECTIVE_BOXES && !j.ap)) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "evaluation", NULL, "no memory");
        goto out;
    }
    for (size_t first = 0; first < total; first += (size_t)j.batch) {
        int n = total - first < (size_t)j.batch ? (int)(total - first) : j.batch;

        TRY_GOTO(status, run_batch(&j, t, plan, first, n, mirror, scratch, err), out);
        TRY_GOTO(status, count_batch(&j, t, n, coarse, err), out);
    }
    *out = (struct objective_score){ .n = j.n, .loss = NAN, .top1 = NAN, .coarse_top1 = NAN, .recall1 = NAN, .ap50 = NAN };
    if (j.n && (j.loss->kind == OBJECTIVE_CROSS_ENTROPY || j.loss->kind == OBJECTIVE_MARGIN)) {
        out->loss = j.loss_sum / (double)j.n;
        out->top1 = 100.0 * (double)j.right / (double)j.n;
        out->coarse_top1 = j.coarse_n ? 100.0 * (double)j.coarse_right / (double)j.coarse_n : (double)NAN;
    }
    if (j.loss->kind == OBJECTIVE_CONTRASTIVE)
        out->recall1 = recall_at_1(&j);
    if (j.loss->kind == OBJECTIVE_BOXES)
        out->ap50 = 100 * detect_score_ap(j.ap);
    status = TRUNDLE_OK;
out:
    augment_scratch_free(scratch);
    detect_score_free(j.ap);
    free(j.sum);
    free(j.truth);
    free(j.rows);
    free(j.label);
    free(coarse);
    return status;
}

const char *objective_text(const struct objective_score *s, char out[160])
{
    size_t used = 0;

    out[0] = 0;
    if (isfinite(s->top1))
        used += (size_t)snprintf(out + used, 160 - used, "top-1 %.1f %%", s->top1);
    if (isfinite(s->coarse_top1))
        used += (size_t)snprintf(out + used, 160 - used, ", coarse %.1f %%", s->coarse_top1);
    if (isfinite(s->recall1))
        used += (size_t)snprintf(out + used, 160 - used, "recall at 1 %.1f %%", s->recall1);
    if (isfinite(s->ap50))
        used += (size_t)snprintf(out + used, 160 - used, "AP50 %.1f %%", s->ap50);
    (void)snprintf(out + used, 160 - used, "%sof %zu", used ? " " : "", s->n);
    return out;
}

double objective_figure(const struct objective_score *s)
{
    return isfinite(s->top1) ? s->top1 : isfinite(s->recall1) ? s->recall1 : s->ap50;
}
