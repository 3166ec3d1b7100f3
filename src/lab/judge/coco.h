/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/coco - boxes against boxes as COCO scores them: AP and AR, all twelve figures and per class.
 *
 *     struct coco_set set = { 0 };
 *     struct coco_figures f;
 *     TRY(coco_parse_truth(bytes, n, "gt.json", &set, err));
 *     TRY(coco_parse_found(bytes, n, "dt.json", &set, err));
 *     TRY(coco_score(&set, &f, err));
 *     coco_figures_done(&f);
 *     coco_set_done(&set);
 *
 * The figures are those of pycocotools' COCOeval with iouType "bbox" and its default parameters: IoU .50 to .95, 101 recall
 * points, at most 1, 10, 100 boxes of a class in a picture, areas parted at 32^2 and 96^2 px. Where it says -1 (no box of that
 * kind) a figure is NAN. Here an id may be 0; there such a box would count as unmatched.
 * No I/O, no clock; one thread per value.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { COCO_BOXES_MAX = 4000000, COCO_NAME = 64 };

#define COCO_FIGURES(F) F(AP) F(AP50) F(AP75) F(APs) F(APm) F(APl) F(AR1) F(AR10) F(AR100) F(ARs) F(ARm) F(ARl)
#define COCO_ENUM(name) COCO_##name,
enum coco_figure { COCO_FIGURES(COCO_ENUM) COCO_FIGURE_COUNT };
#undef COCO_ENUM
extern const char *const coco_figure_names[COCO_FIGURE_COUNT];

struct coco_box {
    size_t image, category;                /* indices into the set */
    double x, y, w, h, area;               /* px; area of what is found: w * h */
    double score;                          /* found only */
    bool   crowd;                          /* truth only: many of a kind in one box; ignored, and may match often */
    bool   ignore;                         /* truth only: neither a hit nor a miss; a crowd is ignored anyway */
};

struct coco_set {
    int64_t *image;                        /* owned; ids, rising */
    size_t images_n;
    struct coco_category { int64_t id; char name[COCO_NAME]; } *category;      /* owned; by id, rising */
    size_t categories_n;
    struct coco_box *truth, *found;        /* owned; in the order of their file, which settles ties */
    size_t truth_n, found_n;
};
void coco_set_done(struct coco_set *set);

/* A COCO instances file: images, categories, annotations with bbox, area, and if they are there iscrowd, ignore (0 or 1; COCOeval
 * does not look at the latter). BAD_INPUT names file and field: an id that
 * comes twice or is of nothing, a negative side. The set must be empty. */
TRUNDLE_MUST_USE enum trundle_status coco_parse_truth(const void *bytes, size_t n, const char *where, struct coco_set *out, struct trundle_error *err);
/* A COCO results file: [{image_id, category_id, bbox, score}]. */
TRUNDLE_MUST_USE enum trundle_status coco_parse_found(const void *bytes, size_t n, const char *where, struct coco_set *set, struct trundle_error *err);

struct coco_figures {
    double figure[COCO_FIGURE_COUNT];      /* NAN: nothing to measure it on */
    double *class_ap;                      /* owned; by category */
    size_t classes_n;
};
void coco_figures_done(struct coco_figures *f);

/* NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status coco_score(const struct coco_set *set, struct coco_figures *out, struct trundle_error *err);
/* Overlap of two boxes x, y, w, h: of both over either; `crowd`: over `a`. */
double coco_iou(const double a[4], const double b[4], bool crowd);
