/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Reading "losses", and computing them for a batch. Figures are objective_judge.c. */
#include "lab/train/objective_inner.h"

#include "lab/train/loss.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = { "cross_entropy", "margin", "contrastive", "boxes", NULL };
static const char *const margins[] = { "arc", "cos", NULL };
static const char *const ious[] = { "iou", "giou", "diou", "ciou", NULL };

static enum trundle_status named(const struct json_at *at, const char *key, const char *const *names, int *out, struct trundle_error *err)
{
    char text[32];

    if (!json_has(at, key))
        return TRUNDLE_OK;
    TRY(json_take_text(at, key, text, sizeof text, err));
    for (int i = 0; names[i]; i++) {
        if (!strcmp(names[i], text)) {
            *out = i;
            return TRUNDLE_OK;
        }
    }
    return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "no %s '%s'; the first of them is '%s' (docs/recipes.md)", key, text, names[0]);
}

static enum trundle_status number(const struct json_at *at, const char *key, double lo, double hi, double *out, struct trundle_error *err)
{
    return json_has(at, key) ? json_take_number(at, key, lo, hi, out, err) : TRUNDLE_OK;
}

static enum trundle_status take_loss(const struct json_at *at, struct objective_loss *l, struct trundle_error *err)
{
    static const char *const fields[OBJECTIVE_KINDS][9] = {
        [OBJECTIVE_CROSS_ENTROPY] = { "kind", "output", "weight", "smoothing", NULL },
        [OBJECTIVE_MARGIN] = { "kind", "output", "weight", "margin_kind", "margin", "sharp", NULL },
        [OBJECTIVE_CONTRASTIVE] = { "kind", "output", "weight", "temperature", NULL },
        [OBJECTIVE_BOXES] = { "kind", "output", "weight", "iou", "box_weight", "least_px", "most_px", NULL },
    };
    int kind = 0;
    int64_t output = 0;

    *l = (struct objective_loss){ .weight = 1, .margin = 0.3, .sharp = 32, .temperature = 0.1, .box_kind = LOSS_GIOU, .box_weight = 1,
                                    .most_px = 1e6 };
    if (!json_has(at, "kind"))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "needs the field 'kind'");
    TRY(named(at, "kind", kinds, &kind, err));
    l->kind = (enum objective_kind)kind;
    TRY(recipe_only(at, fields[l->kind], err));
    if (json_has(at, "output"))
        TRY(json_take_integer(at, "output", 0, 15, &output, err));
    l->output = (int)output;
    TRY(number(at, "weight", 0, 1e6, &l->weight, err));
    TRY(number(at, "smoothing", 0, 0.9, &l->smoothing, err));
    TRY(named(at, "margin_kind", margins, &l->margin_kind, err));
    TRY(number(at, "margin", 0, 1.5, &l->margin, err));
    TRY(number(at, "sharp", 1, 256, &l->sharp, err));
    TRY(number(at, "temperature", 0.01, 10, &l->temperature, err));
    TRY(named(at, "iou", ious, &l->box_kind, err));
    TRY(number(at, "least_px", 0, 1e5, &l->least_px, err));
    TRY(number(at, "most_px", 1, 1e6, &l->most_px, err));
    return number(at, "box_weight", 0, 1e3, &l->box_weight, err);
}

enum trundle_status objective_new(const struct json_at *losses, const struct data_set *set, struct objective **out, struct trundle_error *err)
{
    struct objective *o = calloc(1, sizeof *o);
    enum trundle_status status = TRUNDLE_OK;
    struct json_at one;

    if (!o)
        return error_set(err, TRUNDLE_NO_MEMORY, losses->where, NULL, "no memory");
    o->set = set;
    o->n = (int)json_length(losses);
    for (int i = 0; i < o->n; i++) {
        TRY_GOTO(status, json_element(losses, (size_t)i, &one, err), out);
        if (!json_is_object(one.value)) {
            status = error_set(err, TRUNDLE_BAD_INPUT, one.where, NULL, "a loss is an object with a kind");
            goto out;
        }
        TRY_GOTO(status, take_loss(&one, &o->loss[i], err), out);
    }
    *out = o;
    o = NULL;
out:
    objective_free(o);
    return status;
}

void objective_free(struct objective *o)
{
    if (!o)
        return;
    free(o->soft);
    free(o->label);
    free(o->cell);
    free(o);
}

const struct objective_loss *objective_losses(const struct objective *o, int *out_n)
{
    *out_n = o->n;
    return o->loss;
}

enum trundle_status objective_fits(const struct objective *o, const struct net_graph *g, int batch, struct trundle_error *err)
{
    for (int i = 0; i < o->n; i++) {
        const struct objective_loss *l = &o->loss[i];
        const struct net_shape *s;
        int32_t classes = data_classes(o->set), last;
        char where[32], shape[80];

        (void)snprintf(where, sizeof where, "losses[%d]", i);
        if (l->output >= g->outputs_n)
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "the net has %d outputs, none of number %d", g->outputs_n, l->output);
        s = &g->tensor[g->output[l->output]].shape;
        last = s->rank ? s->d[s->rank - 1] : 0;
        if (s->rank < 2 || s->d[0] != batch)
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "output %d of shape %s has no row per picture", l->output, net_shape_text(s, shape));
        if ((l->kind == OBJECTIVE_CROSS_ENTROPY || l->kind == OBJECTIVE_MARGIN) && (s->rank != 2 || last != classes))
            return error_set(err, TRUNDLE_BAD_INPUT, where, "end the net with \"classes\"", "output %d is %s; %s needs one of %d numbers a picture, a class each", l->output,
                             net_shape_text(s, shape), kinds[l->kind], classes);
        if (l->kind == OBJECTIVE_CONTRASTIVE && s->rank != 2)
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "output %d is %s; contrastive needs one vector a picture", l->output, net_shape_text(s, shape));
        if (l->kind == OBJECTIVE_BOXES && (s->rank != 4 || last != 4 + classes))
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "output %d is %s; boxes needs a map with 4 + %d channels", l->output, net_shape_text(s, shape), classes);
    }
    return TRUNDLE_OK;
}

static void *room(void **at, size_t *have, size_t bytes)
{
    if (*have < bytes) {
        free(*at);
        *at = malloc(bytes);
        *have = *at ? bytes : 0;
    }
    return *at;
}

/* Rows of target probabilities, for mixed samples. */
static float *soft_targets(struct objective *o, const struct augment_truth *truth, int n, int classes)
{
    float *soft = room((void **)&o->soft, &o->soft_room, sizeof(float) * (size_t)n * (size_t)classes);

    if (!soft)
        return NULL;
    memset(soft, 0, sizeof(float) * (size_t)n * (size_t)classes);
    for (int i = 0; i < n; i++) {
        soft[(size_t)i * (size_t)classes + (size_t)truth[i].label] += truth[i].lambda;
        soft[(size_t)i * (size_t)classes + (size_t)truth[i].label2] += 1 - truth[i].lambda;
    }
    return soft;
}

void objective_map(const struct net_shape *s, const struct net_shape *input, struct detect_map *out)
{
    *out = (struct detect_map){ s->d[1], s->d[2], s->d[3] - 4, (double)input->d[2] / s->d[2], (double)input->d[1] / s->d[1] };
}

static enum trundle_status box_loss(struct objective *o, const struct objective_loss *l, const struct detect_map *m, const float *out, float *grad,
                                    const struct augment_truth *truth, int n, double scale, double *value, struct trundle_error *err)
{
    size_t cells = (size_t)m->h * (size_t)m->w, step = cells * (size_t)(4 + m->classes);
    float *heat = room((void **)&o->soft, &o->soft_room, sizeof(float) * cells * (size_t)m->classes);
    int32_t *cell = room((void **)&o->cell, &o->cell_room, sizeof(int32_t) * cells);

    if (!heat || !cell)
        return error_set(err, TRUNDLE_NO_MEMORY, "losses", NULL, "no memory");
    for (int i = 0; i < n; i++) {
        struct data_box mine[DATA_BOXES_MAX];
        int mine_n = 0;

        for (int k = 0; k < truth[i].boxes_n; k++) {
            const struct data_box *b = &truth[i].box[k];
            double side = fmax((double)(b->x1 - b->x0), (double)(b->y1 - b->y0));

            if (side >= l->least_px && side < l->most_px)
                mine[mine_n++] = *b;
        }
        *value += detect_loss(m, l->box_kind, l->box_weight, out + (size_t)i * step, mine, mine_n, scale, grad + (size_t)i * step, heat, cell);
    }
    return TRUNDLE_OK;
}

static enum trundle_status one_loss(struct objective *o, const struct objective_loss *l, struct train *t, const struct augment_truth *truth, int n, double scale,
                                    double *value, struct trundle_error *err)
{
    const struct net_graph *g = train_graph(t);
    const struct net_shape *s = &g->tensor[g->output[l->output]].shape;
    const float *out = train_output(t, l->output);
    float *grad = train_output_gradient(t, l->output), *soft;
    int k = s->d[s->rank - 1];
    int32_t *label;
    struct detect_map m;
    double more;

    switch (l->kind) {
    case OBJECTIVE_CROSS_ENTROPY:
        soft = soft_targets(o, truth, n, k);
        if (!soft)
            break;
        *value += loss_cross_entropy(out, soft, NULL, n, k, l->smoothing, scale, grad);
        return TRUNDLE_OK;
    case OBJECTIVE_MARGIN:
    case OBJECTIVE_CONTRASTIVE:
        label = room((void **)&o->label, &o->label_room, sizeof *label * (size_t)n);
        if (!label)
            break;
        for (int i = 0; i < n; i++)           /* what is mixed counts as what there is more of */
            label[i] = truth[i].lambda >= 0.5f ? truth[i].label : truth[i].label2;
        if (l->kind == OBJECTIVE_MARGIN) {
            *value += loss_margin((enum loss_margin)l->margin_kind, out, label, n, k, l->margin, l->sharp, scale, grad);
            return TRUNDLE_OK;
        }
        if (loss_contrastive(out, label, n, k, l->temperature, scale, grad, &more) != TRUNDLE_OK)
            break;
        *value += more;
        return TRUNDLE_OK;
    case OBJECTIVE_BOXES:
        objective_map(s, &g->tensor[g->input[0]].shape, &m);
        return box_loss(o, l, &m, out, grad, truth, n, scale, value, err);
    case OBJECTIVE_KINDS:
        break;
    }
    return error_set(err, TRUNDLE_NO_MEMORY, "losses", NULL, "no memory");
}

enum trundle_status objective_loss(struct objective *o, struct train *t, const struct augment_truth *truth, int n, double scale, double *out, struct trundle_error *err)
{
    double value = 0;

    for (int i = 0; i < o->n; i++)
        TRY(one_loss(o, &o->loss[i], t, truth, n, scale * o->loss[i].weight, &value, err));
    *out = value;
    return TRUNDLE_OK;
}
