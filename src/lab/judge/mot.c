/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* HOTA, CLEAR and identity figures of one sequence (mot.h). */
#include "lab/judge/mot.h"

#include "base/std/list.h"
#include "lab/judge/coco.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { ALPHAS = 19 };
#define LIKE 0.5               /* overlap from which CLEAR and identity call two boxes the same */

#define FIGURE_NAME(name) #name,
const char *const mot_figure_names[MOT_FIGURE_COUNT] = { MOT_FIGURES(FIGURE_NAME) };
#undef FIGURE_NAME

/* One side: boxes by frame, their ids as 0 .. ids_n - 1. */
struct side {
    struct mot_box *box;           /* owned copy, by frame, then id; id is the index of the track */
    size_t n, ids_n;
    double *count;                 /* owned; boxes of each track */
};

/* What both show in one frame. */
struct frame { const struct mot_box *truth, *found; size_t n, m; double *overlap; };

struct sequence {
    struct side truth, found;
    double *together, *scratch;    /* owned; truth.ids_n x found.ids_n */
    size_t at_truth, at_found;     /* the next frame's boxes */
    double *overlap, *gain;        /* owned; room for any frame */
    size_t *column;
};

static int by_frame(const void *a, const void *b)
{
    const struct mot_box *x = a, *y = b;

    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "mot", NULL, "no memory for the tracks");
}

static enum trundle_status number_ids(struct side *s, const char *what, struct trundle_error *err)
{
    int64_t *id = malloc((s->n + 1) * sizeof *id);
    size_t k = 0;

    if (!id)
        return no_memory(err);
    for (size_t i = 0; i < s->n; i++)
        id[i] = s->box[i].id;
    if (s->n)
        qsort(id, s->n, sizeof *id, list_by_int64);
    for (size_t i = 0; i < s->n; i++)
        if (!k || id[i] != id[k - 1])
            id[k++] = id[i];
    s->ids_n = k;
    s->count = calloc(k + 1, sizeof *s->count);
    for (size_t i = 0; s->count && i < s->n; i++) {
        s->box[i].id = (int64_t *)bsearch(&s->box[i].id, id, k, sizeof *id, list_by_int64) - id;
        s->count[s->box[i].id]++;
    }
    free(id);
    if (!s->count)
        return no_memory(err);
    return k > MOT_TRACKS_MAX ? error_set(err, TRUNDLE_TOO_LARGE, what, NULL, "%zu tracks, limit %d", k, MOT_TRACKS_MAX) : TRUNDLE_OK;
}

static enum trundle_status side_make(struct side *s, const struct mot_tracks *tracks, const char *what, struct trundle_error *err)
{
    size_t run = 0;

    s->box = malloc((tracks->n + 1) * sizeof *s->box);
    if (!s->box)
        return no_memory(err);
    s->n = tracks->n;
    for (size_t i = 0; i < s->n; i++)
        s->box[i] = tracks->box[i];
    if (s->n)
        qsort(s->box, s->n, sizeof *s->box, by_frame);
    for (size_t i = 0; i < s->n; i++) {
        run = i && s->box[i].frame == s->box[i - 1].frame ? run + 1 : 1;
        if (run > 1 && s->box[i].id == s->box[i - 1].id)
            return error_set(err, TRUNDLE_BAD_INPUT, what, NULL, "id %lld twice in frame %lld", (long long)s->box[i].id, (long long)s->box[i].frame);
        if (run > MOT_FRAME_BOXES_MAX)
            return error_set(err, TRUNDLE_TOO_LARGE, what, NULL, "more than %d boxes in frame %lld", MOT_FRAME_BOXES_MAX, (long long)s->box[i].frame);
    }
    return number_ids(s, what, err);
}

enum trundle_status mot_assign(size_t n, size_t m, const double *gain, size_t *out_column)
{
    bool flip = n > m;                     /* rows are fewer inside */
    size_t rows = flip ? m : n, columns = flip ? n : m;
    double *u = calloc(rows + columns + 2, sizeof *u), *v = u + rows + 1, *least = calloc(columns + 1, sizeof *least);
    size_t *row_of = calloc(2 * (columns + 1), sizeof *row_of), *way = row_of + columns + 1;
    bool *used = calloc(columns + 1, sizeof *used);
    bool ok = u && least && row_of && used;

    for (size_t i = 1; ok && i <= rows; i++) {         /* 1-based; 0 is none */
        size_t j0 = 0;

        row_of[0] = i;
        for (size_t j = 0; j <= columns; j++) {
            least[j] = DBL_MAX;
            used[j] = false;
        }
        do {
            size_t i0 = row_of[j0], j1 = 0;
            double delta = DBL_MAX;

            used[j0] = true;
            for (size_t j = 1; j <= columns; j++) {
                double cost;

                if (used[j])
                    continue;
                cost = -gain[flip ? (j - 1) * m + i0 - 1 : (i0 - 1) * m + j - 1] - u[i0] - v[j];
                if (cost < least[j]) {
                    least[j] = cost;
                    way[j] = j0;
                }
                if (least[j] < delta) {
                    delta = least[j];
                    j1 = j;
                }
            }
            for (size_t j = 0; j <= columns; j++) {
                if (used[j]) {
                    u[row_of[j]] += delta;
                    v[j] -= delta;
                } else {
                    least[j] -= delta;
                }
            }
            j0 = j1;
        } while (row_of[j0]);
        while (j0) {
            row_of[j0] = row_of[way[j0]];
            j0 = way[j0];
        }
    }
    for (size_t i = 0; ok && i < n; i++)
        out_column[i] = SIZE_MAX;
    for (size_t j = 1; ok && j <= columns; j++) {
        if (!row_of[j])
            continue;
        if (flip)
            out_column[j - 1] = row_of[j] - 1;
        else
            out_column[row_of[j] - 1] = j - 1;
    }
    free(u);
    free(least);
    free(row_of);
    free(used);
    return ok ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
}

/* Frames in order, those in which either shows something. */
static bool next_frame(struct sequence *q, struct frame *out)
{
    const struct side *a = &q->truth, *b = &q->found;
    int64_t t;

    if (q->at_truth == a->n && q->at_found == b->n)
        return false;
    t = q->at_truth == a->n ? b->box[q->at_found].frame : a->box[q->at_truth].frame;
    if (q->at_found < b->n && b->box[q->at_found].frame < t)
        t = b->box[q->at_found].frame;
    *out = (struct frame){ .truth = a->box + q->at_truth, .found = b->box + q->at_found, .overlap = q->overlap };
    while (q->at_truth < a->n && a->box[q->at_truth].frame == t) {
        q->at_truth++;
        out->n++;
    }
    while (q->at_found < b->n && b->box[q->at_found].frame == t) {
        q->at_found++;
        out->m++;
    }
    for (size_t i = 0; i < out->n; i++)
        for (size_t j = 0; j < out->m; j++) {
            const struct mot_box *x = &out->truth[i], *y = &out->found[j];

            out->overlap[i * out->m + j] = coco_iou((const double[4]){ x->x, x->y, x->w, x->h }, (const double[4]){ y->x, y->y, y->w, y->h }, false);
        }
    return true;
}

static void rewind_frames(struct sequence *q)
{
    q->at_truth = q->at_found = 0;
}

static size_t pair_at(const struct sequence *q, const struct frame *f, size_t i, size_t j)
{
    return (size_t)f->truth[i].id * q->found.ids_n + (size_t)f->found[j].id;
}

/* How much two tracks go together over the whole sequence: soft counts of frames, against all frames of either. */
static void align(struct sequence *q)
{
    struct frame f;

    rewind_frames(q);
    while (next_frame(q, &f)) {
        for (size_t i = 0; i < f.n; i++)
            for (size_t j = 0; j < f.m; j++) {
                double of = -f.overlap[i * f.m + j];

                for (size_t k = 0; k < f.m; k++)
                    of += f.overlap[i * f.m + k];
                for (size_t k = 0; k < f.n; k++)
                    of += f.overlap[k * f.m + j];
                if (of > DBL_EPSILON)
                    q->together[pair_at(q, &f, i, j)] += f.overlap[i * f.m + j] / of;
            }
    }
    for (size_t i = 0; i < q->truth.ids_n; i++)
        for (size_t j = 0; j < q->found.ids_n; j++) {
            double *x = &q->together[i * q->found.ids_n + j];

            *x /= q->truth.count[i] + q->found.count[j] - *x;
        }
}

struct hota { double tp, fn, fp, loc, ass, ass_re, ass_pr; };

/* One overlap: the frames are matched once for all, only those pairs count that overlap enough. */
static void hota_at(struct sequence *q, double alpha, const size_t *chosen, struct hota *h)
{
    struct frame f;
    size_t pairs = q->truth.ids_n * q->found.ids_n, at = 0;

    for (size_t i = 0; i < pairs; i++)
        q->scratch[i] = 0;
    *h = (struct hota){ 0 };
    rewind_frames(q);
    while (next_frame(q, &f)) {
        double hits = 0;

        for (size_t i = 0; i < f.n; i++, at++) {
            size_t j = chosen[at];

            if (j == SIZE_MAX || f.overlap[i * f.m + j] < alpha - DBL_EPSILON)
                continue;
            hits++;
            h->loc += f.overlap[i * f.m + j];
            q->scratch[pair_at(q, &f, i, j)]++;
        }
        h->tp += hits;
        h->fn += (double)f.n - hits;
        h->fp += (double)f.m - hits;
    }
    for (size_t i = 0; i < q->truth.ids_n; i++)
        for (size_t j = 0; j < q->found.ids_n; j++) {
            double n = q->scratch[i * q->found.ids_n + j], a = q->truth.count[i], b = q->found.count[j];

            h->ass += n * n / fmax(1, a + b - n);
            h->ass_re += n * n / fmax(1, a);
            h->ass_pr += n * n / fmax(1, b);
        }
}

static enum trundle_status hota(struct sequence *q, double out[MOT_FIGURE_COUNT])
{
    size_t *chosen = malloc((q->truth.n + 1) * sizeof *chosen), at = 0;
    struct frame f;
    enum trundle_status status = chosen ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    align(q);
    rewind_frames(q);
    while (status == TRUNDLE_OK && next_frame(q, &f)) {
        for (size_t i = 0; i < f.n; i++)
            for (size_t j = 0; j < f.m; j++)
                q->gain[i * f.m + j] = q->together[pair_at(q, &f, i, j)] * f.overlap[i * f.m + j];
        if (f.m)
            status = mot_assign(f.n, f.m, q->gain, chosen + at);
        for (size_t i = 0; !f.m && i < f.n; i++)
            chosen[at + i] = SIZE_MAX;
        at += f.n;
    }
    for (size_t k = 0; status == TRUNDLE_OK && k < ALPHAS; k++) {
        struct hota h;
        double det, ass;

        hota_at(q, 0.05 + 0.05 * (double)k, chosen, &h);
        det = h.tp / fmax(1, h.tp + h.fn + h.fp);
        ass = h.ass / fmax(1, h.tp);
        out[MOT_DetA] += det / ALPHAS;
        out[MOT_AssA] += ass / ALPHAS;
        out[MOT_HOTA] += sqrt(det * ass) / ALPHAS;
        out[MOT_DetRe] += h.tp / fmax(1, h.tp + h.fn) / ALPHAS;
        out[MOT_DetPr] += h.tp / fmax(1, h.tp + h.fp) / ALPHAS;
        out[MOT_AssRe] += h.ass_re / fmax(1, h.tp) / ALPHAS;
        out[MOT_AssPr] += h.ass_pr / fmax(1, h.tp) / ALPHAS;
        out[MOT_LocA] += fmax(1e-10, h.loc) / fmax(1e-10, h.tp) / ALPHAS;
        if (k == 0)
            out[MOT_HOTA0] = sqrt(det * ass);
    }
    free(chosen);
    return status;
}

/* What CLEAR remembers of a true track. */
struct memory { size_t last, just, before; double frames, matched, starts; };   /* who followed it: SIZE_MAX none */

static enum trundle_status clear_frame(struct sequence *q, const struct frame *f, struct memory *of, double out[MOT_FIGURE_COUNT], double *overlap_sum)
{
    double hits = 0;

    if (!f->n || !f->m) {                  /* as the reference: a frame without either side changes no memory */
        out[MOT_CLR_FP] += (double)f->m;
        out[MOT_CLR_FN] += (double)f->n;
        for (size_t i = 0; i < f->n; i++)
            of[f->truth[i].id].frames++;
        return TRUNDLE_OK;
    }
    for (size_t i = 0; i < f->n; i++)
        for (size_t j = 0; j < f->m; j++) {
            double overlap = f->overlap[i * f->m + j];
            bool kept = of[f->truth[i].id].just == (size_t)f->found[j].id;

            q->gain[i * f->m + j] = overlap < LIKE - DBL_EPSILON ? 0 : overlap + (kept ? 1000 : 0);
        }
    TRY(mot_assign(f->n, f->m, q->gain, q->column));
    for (size_t i = 0; i < q->truth.ids_n; i++) {
        of[i].before = of[i].just;
        of[i].just = SIZE_MAX;
    }
    for (size_t i = 0; i < f->n; i++) {
        struct memory *m = &of[f->truth[i].id];
        size_t j = q->column[i], id;

        m->frames++;
        if (j == SIZE_MAX || !(q->gain[i * f->m + j] > DBL_EPSILON))
            continue;
        id = (size_t)f->found[j].id;
        out[MOT_IDSW] += m->last != SIZE_MAX && m->last != id;
        m->starts += m->before == SIZE_MAX;
        m->matched++;
        m->last = m->just = id;
        hits++;
        *overlap_sum += f->overlap[i * f->m + j];
    }
    out[MOT_CLR_TP] += hits;
    out[MOT_CLR_FN] += (double)f->n - hits;
    out[MOT_CLR_FP] += (double)f->m - hits;
    return TRUNDLE_OK;
}

static enum trundle_status clear(struct sequence *q, double out[MOT_FIGURE_COUNT])
{
    struct memory *of = calloc(q->truth.ids_n + 1, sizeof *of);
    struct frame f;
    double overlap = 0;
    enum trundle_status status = of ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    for (size_t i = 0; of && i < q->truth.ids_n; i++)
        of[i].last = of[i].just = SIZE_MAX;
    rewind_frames(q);
    while (status == TRUNDLE_OK && next_frame(q, &f))
        status = clear_frame(q, &f, of, out, &overlap);
    for (size_t i = 0; status == TRUNDLE_OK && i < q->truth.ids_n; i++) {
        double share = of[i].matched / of[i].frames;

        out[share > 0.8 ? MOT_MT : share >= 0.2 ? MOT_PT : MOT_ML]++;
        out[MOT_Frag] += of[i].starts > 0 ? of[i].starts - 1 : 0;
    }
    out[MOT_MOTP] = overlap / fmax(1, out[MOT_CLR_TP]);
    if (q->truth.n)
        out[MOT_MOTA] = (out[MOT_CLR_TP] - out[MOT_CLR_FP] - out[MOT_IDSW]) / fmax(1, out[MOT_CLR_TP] + out[MOT_CLR_FN]);
    free(of);
    return status;
}

static enum trundle_status identity(struct sequence *q, double out[MOT_FIGURE_COUNT])
{
    size_t n = q->truth.ids_n, m = q->found.ids_n, *column = malloc((n + 1) * sizeof *column);
    struct frame f;
    enum trundle_status status = column ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
    double hits = 0;

    for (size_t i = 0; i < n * m; i++)
        q->scratch[i] = 0;
    rewind_frames(q);
    while (next_frame(q, &f))
        for (size_t i = 0; i < f.n; i++)
            for (size_t j = 0; j < f.m; j++)
                q->scratch[pair_at(q, &f, i, j)] += f.overlap[i * f.m + j] >= LIKE;
    if (status == TRUNDLE_OK && n && m)
        status = mot_assign(n, m, q->scratch, column);
    for (size_t i = 0; status == TRUNDLE_OK && m && i < n; i++)
        hits += column[i] == SIZE_MAX ? 0 : q->scratch[i * m + column[i]];
    free(column);
    out[MOT_IDTP] = hits;
    out[MOT_IDFN] = (double)q->truth.n - hits;
    out[MOT_IDFP] = (double)q->found.n - hits;
    out[MOT_IDR] = hits / fmax(1, (double)q->truth.n);
    out[MOT_IDP] = hits / fmax(1, (double)q->found.n);
    out[MOT_IDF1] = hits / fmax(1, hits + 0.5 * out[MOT_IDFN] + 0.5 * out[MOT_IDFP]);
    return status;
}

static enum trundle_status room_for(struct sequence *q, struct trundle_error *err)
{
    struct frame f = { 0 };
    size_t most = 0, rows = 0, pairs = q->truth.ids_n * q->found.ids_n + q->truth.ids_n + 1;
    const struct side *a = &q->truth, *b = &q->found;
    size_t i = 0, j = 0;

    while (i < a->n || j < b->n) {
        int64_t t = i == a->n ? b->box[j].frame : j == b->n || a->box[i].frame < b->box[j].frame ? a->box[i].frame : b->box[j].frame;

        for (f.n = 0; i < a->n && a->box[i].frame == t; i++)
            f.n++;
        for (f.m = 0; j < b->n && b->box[j].frame == t; j++)
            f.m++;
        most = f.n * f.m > most ? f.n * f.m : most;
        rows = f.n > rows ? f.n : rows;
    }
    q->overlap = calloc(most + 1, sizeof *q->overlap);
    q->gain = calloc(most + 1, sizeof *q->gain);
    q->column = calloc(rows + 1, sizeof *q->column);
    q->together = calloc(pairs, sizeof *q->together);
    q->scratch = calloc(pairs, sizeof *q->scratch);
    return q->overlap && q->gain && q->column && q->together && q->scratch ? TRUNDLE_OK : no_memory(err);
}

enum trundle_status mot_score(const struct mot_tracks *truth, const struct mot_tracks *found, struct mot_figures *out, struct trundle_error *err)
{
    struct sequence q = { .at_truth = 0 };
    struct mot_figures made = { 0 };
    enum trundle_status status;

    TRY_GOTO(status, side_make(&q.truth, truth, "true tracks", err), out);
    TRY_GOTO(status, side_make(&q.found, found, "found tracks", err), out);
    TRY_GOTO(status, room_for(&q, err), out);
    status = hota(&q, made.figure);
    if (status == TRUNDLE_OK)
        status = clear(&q, made.figure);
    if (status == TRUNDLE_OK)
        status = identity(&q, made.figure);
    if (status == TRUNDLE_OK)
        *out = made;
    else
        (void)no_memory(err);
out:
    free(q.truth.box);
    free(q.truth.count);
    free(q.found.box);
    free(q.found.count);
    free(q.together);
    free(q.scratch);
    free(q.overlap);
    free(q.gain);
    free(q.column);
    return status;
}
