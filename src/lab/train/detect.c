/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Boxes to targets, maps to boxes, and their average precision. */
#include "lab/train/detect.h"

#include "lab/train/loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float log_most = 6;

static void cell_of(const struct detect_map *m, const struct data_box *b, int *out_i, int *out_j)
{
    int i = (int)(0.5 * (double)(b->y0 + b->y1) / m->stride_y), j = (int)(0.5 * (double)(b->x0 + b->x1) / m->stride_x);

    *out_i = i < 0 ? 0 : i >= m->h ? m->h - 1 : i;
    *out_j = j < 0 ? 0 : j >= m->w ? m->w - 1 : j;
}

void detect_targets(const struct detect_map *m, const struct data_box *box, int n, float *out_heat, int32_t *out_cell)
{
    memset(out_heat, 0, sizeof(float) * (size_t)m->h * (size_t)m->w * (size_t)m->classes);
    for (int c = 0; c < m->h * m->w; c++)
        out_cell[c] = -1;
    for (int k = 0; k < n; k++) {
        double bw = (double)(box[k].x1 - box[k].x0) / m->stride_x, bh = (double)(box[k].y1 - box[k].y0) / m->stride_y;
        double sx = fmax(0.35, bw / 6), sy = fmax(0.35, bh / 6);
        int ci, cj;

        if (box[k].label < 0 || box[k].label >= m->classes)
            continue;
        cell_of(m, &box[k], &ci, &cj);
        for (int i = 0; i < m->h; i++) {
            for (int j = 0; j < m->w; j++) {
                double dy = (i - ci) / sy, dx = (j - cj) / sx, v = exp(-0.5 * (dx * dx + dy * dy));
                float *heat = &out_heat[((size_t)i * (size_t)m->w + (size_t)j) * (size_t)m->classes + (size_t)box[k].label];
                int32_t *cell = &out_cell[i * m->w + j];
                double x = (j + 0.5) * m->stride_x, y = (i + 0.5) * m->stride_y;
                bool inside = x > (double)box[k].x0 && x < (double)box[k].x1 && y > (double)box[k].y0 && y < (double)box[k].y1;

                if (v > 0.05)
                    *heat = fmaxf(*heat, (float)v);
                if ((i == ci && j == cj) || (v > 0.6 && inside && *cell < 0))
                    *cell = k;
            }
        }
    }
}

static float limited(float v)
{
    return v < -log_most ? -log_most : v > log_most ? log_most : v;
}

static void cell_box(const struct detect_map *m, const float *v, int i, int j, float out[4])
{
    double x = (j + 0.5) * m->stride_x, y = (i + 0.5) * m->stride_y;

    out[0] = (float)(x - exp((double)limited(v[0])) * m->stride_x);
    out[1] = (float)(y - exp((double)limited(v[1])) * m->stride_y);
    out[2] = (float)(x + exp((double)limited(v[2])) * m->stride_x);
    out[3] = (float)(y + exp((double)limited(v[3])) * m->stride_y);
}

double detect_loss(const struct detect_map *m, int box_kind, double box_weight, const float *out, const struct data_box *box, int n, double scale, float *grad,
                   float *scratch, int32_t *scratch_cell)
{
    int cells = m->h * m->w, wide = 4 + m->classes, boxes = 0;
    double value = 0, each = scale / (n > 1 ? n : 1);    /* a mean over the boxes of a picture, so that crowded ones do not rule */
    float of[4], target[4];
    static const float sign[4] = { -1, -1, 1, 1 };

    detect_targets(m, box, n, scratch, scratch_cell);
    for (int c = 0; c < cells; c++) {
        value += loss_heatmap(out + c * wide + 4, scratch + c * m->classes, m->classes, each, grad ? grad + c * wide + 4 : NULL);
        boxes += scratch_cell[c] >= 0;
    }
    for (int c = 0; c < cells && boxes; c++) {
        const struct data_box *b = scratch_cell[c] >= 0 ? &box[scratch_cell[c]] : NULL;
        float g[4] = { 0 };

        if (!b)
            continue;
        cell_box(m, out + c * wide, c / m->w, c % m->w, of);
        target[0] = b->x0;
        target[1] = b->y0;
        target[2] = b->x1;
        target[3] = b->y1;
        value += loss_box((enum loss_box)box_kind, of, target, NULL, 1, scale * box_weight / boxes, grad ? g : NULL);
        for (int k = 0; grad && k < 4; k++) {
            float v = out[c * wide + k];

            if (v > -log_most && v < log_most)
                grad[c * wide + k] += g[k] * sign[k] * (float)(exp((double)v) * (k & 1 ? m->stride_y : m->stride_x));
        }
    }
    return value;
}

static int better(const void *a, const void *b)
{
    const struct detect_found *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->x0 > y->x0) - (x->x0 < y->x0);
}

/* Appends, or when the list is full takes the place of the worst, if that is worse. */
static int keep(struct detect_found *found, int n, int most, const struct detect_found *one)
{
    int worst = 0;

    if (n < most) {
        found[n] = *one;
        return n + 1;
    }
    for (int i = 1; i < n; i++)
        if (found[i].score < found[worst].score)
            worst = i;
    if (n && found[worst].score < one->score)
        found[worst] = *one;
    return n;
}

int detect_read(const struct detect_map *m, const float *out, double least, struct detect_found *found, int most)
{
    int wide = 4 + m->classes, n = 0;
    float logit_least = (float)log(least / (1 - least));

    for (int i = 0; i < m->h; i++) {
        for (int j = 0; j < m->w; j++) {
            for (int k = 0; k < m->classes; k++) {
                float v = out[(i * m->w + j) * wide + 4 + k], box[4];
                bool peak = v > logit_least;

                for (int di = -1; di <= 1 && peak; di++)
                    for (int dj = -1; dj <= 1 && peak; dj++) {
                        int y = i + di, x = j + dj;

                        if (y >= 0 && y < m->h && x >= 0 && x < m->w && (di || dj)) {
                            float o = out[(y * m->w + x) * wide + 4 + k];

                            peak = v > o || (v == o && (di > 0 || (di == 0 && dj > 0)));
                        }
                    }
                if (!peak)
                    continue;
                cell_box(m, out + (i * m->w + j) * wide, i, j, box);
                n = keep(found, n, most, &(struct detect_found){ box[0], box[1], box[2], box[3], 1 / (1 + expf(-v)), k });
            }
        }
    }
    qsort(found, (size_t)n, sizeof *found, better);
    return n;
}

/* --- average precision --- */

struct hit { float score; int32_t label; bool right; };
struct detect_score { int classes; int64_t *truths; struct hit *hit; size_t n, room; };

struct detect_score *detect_score_new(int classes)
{
    struct detect_score *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->classes = classes;
    s->truths = calloc((size_t)classes, sizeof *s->truths);
    if (!s->truths) {
        free(s);
        return NULL;
    }
    return s;
}

void detect_score_free(struct detect_score *s)
{
    if (!s)
        return;
    free(s->truths);
    free(s->hit);
    free(s);
}

static double overlap(const struct detect_found *a, const struct data_box *b)
{
    double w = fmin((double)a->x1, (double)b->x1) - fmax((double)a->x0, (double)b->x0), h = fmin((double)a->y1, (double)b->y1) - fmax((double)a->y0, (double)b->y0);
    double both = w > 0 && h > 0 ? w * h : 0;
    double all = (double)(a->x1 - a->x0) * (double)(a->y1 - a->y0) + (double)(b->x1 - b->x0) * (double)(b->y1 - b->y0) - both;

    return all > 0 ? both / all : 0;
}

bool detect_score_add(struct detect_score *s, const struct detect_found *found, int found_n, const struct data_box *box, int n, double iou)
{
    bool taken[DATA_BOXES_MAX] = { false };

    for (int k = 0; k < n; k++)
        if (box[k].label >= 0 && box[k].label < s->classes)
            s->truths[box[k].label]++;
    for (int i = 0; i < found_n; i++) {
        double best = iou;
        int of = -1;

        for (int k = 0; k < n && k < DATA_BOXES_MAX; k++) {
            double o = box[k].label == found[i].label && !taken[k] ? overlap(&found[i], &box[k]) : 0;

            if (o >= best) {
                best = o;
                of = k;
            }
        }
        if (of >= 0)
            taken[of] = true;
        if (s->n == s->room) {
            size_t room = s->room ? 2 * s->room : 256;
            struct hit *moved = realloc(s->hit, room * sizeof *moved);

            if (!moved)
                return false;
            s->hit = moved;
            s->room = room;
        }
        s->hit[s->n++] = (struct hit){ found[i].score, found[i].label, of >= 0 };
    }
    return true;
}

static int by_score(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;

    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (int)x->right - (int)y->right;     /* ties: the wrong one first, never in our favour */
}

/* The area under the precision that no later point exceeds. hit: of one class, best first. */
static double class_ap(const struct hit *hit, size_t n, int64_t truths)
{
    double sum = 0, best = 0;
    int64_t right = 0;

    for (size_t i = 0; i < n; i++)
        right += hit[i].right;
    for (size_t i = n; i-- > 0;) {
        best = fmax(best, (double)right / (double)(i + 1));
        if (hit[i].right) {
            sum += best;
            right--;
        }
    }
    return sum / (double)truths;
}

double detect_score_ap(const struct detect_score *s)
{
    struct hit *sorted = malloc((s->n + 1) * sizeof *sorted);
    double sum = 0;
    size_t at = 0;
    int classes = 0;

    if (!sorted)
        return NAN;
    if (s->n)
        memcpy(sorted, s->hit, s->n * sizeof *sorted);
    qsort(sorted, s->n, sizeof *sorted, by_score);
    for (int k = 0; k < s->classes; k++) {
        size_t first = at;

        while (at < s->n && sorted[at].label == k)
            at++;
        if (!s->truths[k])
            continue;
        classes++;
        sum += class_ap(sorted + first, at - first, s->truths[k]);
    }
    free(sorted);
    return classes ? sum / classes : (double)NAN;
}

int detect_thin(struct detect_found *found, int n, double iou)
{
    int kept = 0;

    qsort(found, (size_t)n, sizeof *found, better);
    for (int i = 0; i < n; i++) {
        bool stays = true;

        for (int k = 0; k < kept && stays; k++) {
            struct data_box other = { found[k].x0, found[k].y0, found[k].x1, found[k].y1, found[k].label };

            stays = found[k].label != found[i].label || overlap(&found[i], &other) <= iou;
        }
        if (stays)
            found[kept++] = found[i];
    }
    return kept;
}
