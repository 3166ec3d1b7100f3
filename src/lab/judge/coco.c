/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Average precision and recall of boxes (coco.h): a class at a time, matched by picture, pooled, cut at 101 recalls. */
#include "lab/judge/coco.h"

#include <math.h>
#include <stdlib.h>

enum { THRESHOLDS = 10, RECALLS = 101, AREAS = 4, CUTS = 3, FOUND_MAX = 100 };

#define FIGURE_NAME(name) #name,
const char *const coco_figure_names[COCO_FIGURE_COUNT] = { COCO_FIGURES(FIGURE_NAME) };
#undef FIGURE_NAME

static const double area_range[AREAS][2] = { { 0, 1e10 }, { 0, 32 * 32 }, { 32 * 32, 96 * 96 }, { 96 * 96, 1e10 } };
static const size_t cut_of[CUTS] = { 1, 10, FOUND_MAX };

double coco_iou(const double a[4], const double b[4], bool crowd)
{
    double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]), h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);
    double both, of;

    if (!(w > 0) || !(h > 0))
        return 0;
    both = w * h;
    of = crowd ? a[2] * a[3] : a[2] * a[3] + b[2] * b[3] - both;
    return of > 0 ? both / of : 0;
}

/* One found box of a class: at which thresholds it hit, and at which it does not count. */
struct hit { double score; size_t order, rank; uint16_t hit, ignored; };

/* A class over all pictures. */
struct pass {
    struct hit *hit;
    size_t hits_n, wanted;         /* wanted: true boxes that count */
};

struct scorer {
    const struct coco_set *set;
    const struct coco_box **truth, **found;        /* by category, picture, then file order (truth) or score (found) */
    double threshold[THRESHOLDS], recall[RECALLS];
    /* sums over classes, of what is known */
    double ap[AREAS][THRESHOLDS + 1], ar[AREAS][CUTS];
    size_t ap_n[AREAS][THRESHOLDS + 1], ar_n[AREAS][CUTS];
};

static int by_place(const struct coco_box *x, const struct coco_box *y)
{
    if (x->category != y->category)
        return x->category < y->category ? -1 : 1;
    return (x->image > y->image) - (x->image < y->image);
}

static int truth_order(const void *a, const void *b)
{
    const struct coco_box *x = *(const struct coco_box *const *)a, *y = *(const struct coco_box *const *)b;
    int order = by_place(x, y);

    return order ? order : (x > y) - (x < y);
}

static int found_order(const void *a, const void *b)
{
    const struct coco_box *x = *(const struct coco_box *const *)a, *y = *(const struct coco_box *const *)b;
    int order = by_place(x, y);

    if (order || x->score > y->score || x->score < y->score)
        return order ? order : x->score > y->score ? -1 : 1;
    return (x > y) - (x < y);
}

static int hit_order(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;

    if (x->score > y->score || x->score < y->score)
        return x->score > y->score ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static bool outside(const struct coco_box *b, size_t area)
{
    return b->area < area_range[area][0] || b->area > area_range[area][1];
}

/* The true box for one found box at one threshold: the best overlap among those that count, else among the ignored ones. */
static size_t best_match(const double *iou, size_t n, const bool *ignored, const bool *crowd, const bool *taken, double threshold)
{
    double best = fmin(threshold, 1 - 1e-10);
    size_t match = SIZE_MAX;

    for (int pass = 0; pass < 2 && match == SIZE_MAX; pass++)
        for (size_t g = 0; g < n; g++)
            if (ignored[g] == (pass == 1) && (!taken[g] || crowd[g]) && iou[g] >= best) {
                best = iou[g];
                match = g;
            }
    return match;
}

/* One class in one picture, in one range of areas. */
static bool match_picture(const struct scorer *s, const struct coco_box *const *truth, size_t n, const struct coco_box *const *found, size_t m, size_t area,
                          struct pass *out)
{
    double *iou = malloc((n + 1) * sizeof *iou);
    bool *flags = calloc(n + 1, 2 + THRESHOLDS), *ignored = flags, *crowd = flags + n;

    if (!iou || !flags) {
        free(iou);
        free(flags);
        return false;
    }
    for (size_t g = 0; g < n; g++) {
        ignored[g] = truth[g]->crowd || truth[g]->ignore || outside(truth[g], area);
        crowd[g] = truth[g]->crowd;
        out->wanted += !ignored[g];
    }
    for (size_t d = 0; d < m; d++) {
        const double a[4] = { found[d]->x, found[d]->y, found[d]->w, found[d]->h };
        struct hit *hit = &out->hit[out->hits_n];

        *hit = (struct hit){ .score = found[d]->score, .order = out->hits_n, .rank = d };
        out->hits_n++;
        for (size_t g = 0; g < n; g++)
            iou[g] = coco_iou(a, (const double[4]){ truth[g]->x, truth[g]->y, truth[g]->w, truth[g]->h }, crowd[g]);
        for (size_t t = 0; t < THRESHOLDS; t++) {
            bool *taken = flags + (2 + t) * n;
            size_t g = best_match(iou, n, ignored, crowd, taken, s->threshold[t]);

            if (g != SIZE_MAX) {
                taken[g] = true;
                hit->hit |= (uint16_t)(1u << t);
            }
            if (g != SIZE_MAX ? ignored[g] : outside(found[d], area))
                hit->ignored |= (uint16_t)(1u << t);
        }
    }
    free(iou);
    free(flags);
    return true;
}

/* Mean precision over the recalls, and the recall that is reached, of the first `cut` of each picture at one threshold. */
static void curve(const struct scorer *s, const struct pass *p, size_t cut, size_t t, double *precision, double *out_ap, double *out_ar)
{
    size_t n = 0, hits = 0, misses = 0, r = 0;
    double *recall = precision + p->hits_n + 1, sum = 0;

    for (size_t i = 0; i < p->hits_n; i++) {
        const struct hit *h = &p->hit[i];

        if (h->rank >= cut)
            continue;
        if (!(h->ignored >> t & 1)) {
            hits += h->hit >> t & 1;
            misses += !(h->hit >> t & 1);
        }
        recall[n] = (double)hits / (double)p->wanted;
        precision[n++] = (double)hits / ((double)(hits + misses) + 2.220446049250313e-16);
    }
    for (size_t i = n; i-- > 1;)
        precision[i - 1] = fmax(precision[i - 1], precision[i]);
    for (size_t i = 0; i < n; i++)
        for (; r < RECALLS && recall[i] >= s->recall[r]; r++)
            sum += precision[i];
    *out_ap = sum / RECALLS;
    *out_ar = n ? recall[n - 1] : 0;
}

static void add(double *sum, size_t *n, double x)
{
    *sum += x;
    ++*n;
}

static bool score_class(struct scorer *s, size_t area, struct pass *p, double *out_ap)
{
    double *room;

    *out_ap = (double)NAN;
    if (!p->wanted)
        return true;
    room = malloc(2 * (p->hits_n + 1) * sizeof *room);
    if (!room)
        return false;
    if (p->hits_n)
        qsort(p->hit, p->hits_n, sizeof *p->hit, hit_order);
    *out_ap = 0;
    for (size_t t = 0; t < THRESHOLDS; t++)
        for (size_t c = 0; c < CUTS; c++) {
            double ap, ar;

            if (c < CUTS - 1 && area)      /* fewer boxes a picture: of all areas only */
                continue;
            curve(s, p, cut_of[c], t, room, &ap, &ar);
            add(&s->ar[area][c], &s->ar_n[area][c], ar);
            if (c < CUTS - 1)
                continue;
            add(&s->ap[area][t], &s->ap_n[area][t], ap);
            add(&s->ap[area][THRESHOLDS], &s->ap_n[area][THRESHOLDS], ap);
            *out_ap += ap / THRESHOLDS;
        }
    free(room);
    return true;
}

/* Where the boxes of a class (and picture) end. */
static size_t end_of(const struct coco_box *const *box, size_t from, size_t n, size_t category, size_t image)
{
    while (from < n && box[from]->category == category && (image == SIZE_MAX || box[from]->image == image))
        from++;
    return from;
}

/* truth[g0..g1), found[d0..d1) are those of one class. */
static bool walk_class(struct scorer *s, size_t g0, size_t g1, size_t d0, size_t d1, size_t area, double *out_ap)
{
    struct pass p = { .hit = malloc((d1 - d0 + 1) * sizeof *p.hit) };
    bool ok = p.hit != NULL;

    while (ok && (g0 < g1 || d0 < d1)) {
        const struct coco_box *first = d0 == d1 ? s->truth[g0] : g0 == g1 ? s->found[d0]
                                     : s->truth[g0]->image < s->found[d0]->image ? s->truth[g0] : s->found[d0];
        size_t g = end_of(s->truth, g0, g1, first->category, first->image), d = end_of(s->found, d0, d1, first->category, first->image);

        ok = match_picture(s, s->truth + g0, g - g0, s->found + d0, d - d0 < FOUND_MAX ? d - d0 : FOUND_MAX, area, &p);
        g0 = g;
        d0 = d;
    }
    ok = ok && score_class(s, area, &p, out_ap);
    free(p.hit);
    return ok;
}

static double mean(double sum, size_t n)
{
    return n ? sum / (double)n : (double)NAN;
}

static void read_figures(const struct scorer *s, double f[COCO_FIGURE_COUNT])
{
    f[COCO_AP] = mean(s->ap[0][THRESHOLDS], s->ap_n[0][THRESHOLDS]);
    f[COCO_AP50] = mean(s->ap[0][0], s->ap_n[0][0]);
    f[COCO_AP75] = mean(s->ap[0][5], s->ap_n[0][5]);
    for (int a = 1; a < AREAS; a++) {
        f[COCO_APs + a - 1] = mean(s->ap[a][THRESHOLDS], s->ap_n[a][THRESHOLDS]);
        f[COCO_ARs + a - 1] = mean(s->ar[a][CUTS - 1], s->ar_n[a][CUTS - 1]);
    }
    for (int c = 0; c < CUTS; c++)
        f[COCO_AR1 + c] = mean(s->ar[0][c], s->ar_n[0][c]);
}

enum trundle_status coco_score(const struct coco_set *set, struct coco_figures *out, struct trundle_error *err)
{
    struct scorer s = { .set = set };
    struct coco_figures made = { .classes_n = set->categories_n };
    size_t g0 = 0, d0 = 0;
    bool ok;

    for (size_t t = 0; t < THRESHOLDS; t++)        /* the very numbers of numpy.linspace: a recall may lie exactly on one */
        s.threshold[t] = t == THRESHOLDS - 1 ? .95 : .5 + (double)t * ((.95 - .5) / (THRESHOLDS - 1));
    for (size_t r = 0; r < RECALLS; r++)
        s.recall[r] = (double)r * (1.0 / (RECALLS - 1));
    s.truth = malloc((set->truth_n + 1) * sizeof(void *));
    s.found = malloc((set->found_n + 1) * sizeof(void *));
    made.class_ap = calloc(set->categories_n + 1, sizeof *made.class_ap);
    ok = s.truth && s.found && made.class_ap;
    for (size_t i = 0; ok && i < set->truth_n; i++)
        s.truth[i] = &set->truth[i];
    for (size_t i = 0; ok && i < set->found_n; i++)
        s.found[i] = &set->found[i];
    if (ok && set->truth_n)
        qsort(s.truth, set->truth_n, sizeof *s.truth, truth_order);
    if (ok && set->found_n)
        qsort(s.found, set->found_n, sizeof *s.found, found_order);
    for (size_t c = 0; ok && c < set->categories_n; c++) {
        size_t g = end_of(s.truth, g0, set->truth_n, c, SIZE_MAX), d = end_of(s.found, d0, set->found_n, c, SIZE_MAX);

        for (size_t a = 0; ok && a < AREAS; a++) {
            double ap;

            ok = walk_class(&s, g0, g, d0, d, a, &ap);
            if (ok && a == 0)
                made.class_ap[c] = ap;
        }
        g0 = g;
        d0 = d;
    }
    free(s.truth);
    free(s.found);
    if (!ok) {
        coco_figures_done(&made);
        return error_set(err, TRUNDLE_NO_MEMORY, "coco", NULL, "no memory for %zu true and %zu found boxes", set->truth_n, set->found_n);
    }
    read_figures(&s, made.figure);
    *out = made;
    return TRUNDLE_OK;
}

void coco_figures_done(struct coco_figures *f)
{
    free(f->class_ap);
    *f = (struct coco_figures){ 0 };
}

void coco_set_done(struct coco_set *set)
{
    free(set->image);
    free(set->category);
    free(set->truth);
    free(set->found);
    *set = (struct coco_set){ 0 };
}
