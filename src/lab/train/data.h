/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/data - pictures with their classes or boxes, from folders, list files, COCO files, trips, or made by a generator.
 *
 *     struct data_set *set;
 *     TRY(data_open(&recipe->data, "/data", 2, &set, err));
 *     for (size_t i = 0; i < data_part_n(set, DATA_TRAIN); i++) {
 *         TRY(data_picture(set, data_part(set, DATA_TRAIN, i), &picture, err));
 *         const struct data_item *item = data_item(set, ...);
 *         data_picture_done(&picture);
 *     }
 *     data_free(set);
 *
 * Opening reads names and labels, and every picture once: one that cannot be decoded is named (data_broken) and left out; more
 * than `broken_most` of them are an error. What fits into memory_mb stays decoded; else pictures are decoded when asked for.
 * Which items are held out depends on their names alone, so a split stays when pictures are added.
 * Threads: once open, every function but data_free may be called by many threads.
 */
#pragma once

#include "lab/train/recipe.h"

enum { DATA_CLASSES_MAX = 65536, DATA_ITEMS_MAX = 4 << 20, DATA_BOXES_MAX = 1024 };
enum data_part { DATA_TRAIN, DATA_HELD_OUT, DATA_ALL, DATA_PARTS };

struct data_box { float x0, y0, x1, y1; int32_t label; };      /* pixels of the picture it is in; in data_item: shares of its sides */

struct data_item {
    char   *name;              /* path as the source names it, or "trip.mcap#17:2"; owned by the set */
    int32_t label, coarse;     /* -1: none */
    int     boxes_n;
    struct data_box *box;
    uint32_t order;            /* position among its class, as read */
};

/* RGB, tightly packed. `owned` NULL: borrowed from the set. */
struct data_picture { const uint8_t *rgb; int w, h; uint8_t *owned; };

struct data_set;
struct data_broken { char name[256]; char what[128]; };

/* `folder`: what relative paths are relative to. NOT_FOUND, BAD_INPUT (file and line), TOO_LARGE. `threads` decode. */
TRUNDLE_MUST_USE enum trundle_status data_open(const struct data_config *config, const char *folder, int threads, struct data_set **out,
                                               struct trundle_error *err);
void data_free(struct data_set *set);              /* takes NULL */

size_t data_n(const struct data_set *set);
const struct data_item *data_item(const struct data_set *set, size_t i);
size_t data_part_n(const struct data_set *set, enum data_part part);
size_t data_part(const struct data_set *set, enum data_part part, size_t i);   /* item index */
int32_t data_classes(const struct data_set *set);                             /* largest label + 1 */
int32_t data_coarse_classes(const struct data_set *set);                      /* 0: there is no coarse label */
/* Coarse class of each fine one, -1 where no picture says; borrowed, data_classes() long; NULL: no coarse labels. */
const int32_t *data_coarse_of(const struct data_set *set);
const char *data_class_name(const struct data_set *set, int32_t label);        /* "" when nobody said */
bool data_in_memory(const struct data_set *set);
const struct data_broken *data_broken(const struct data_set *set, size_t *out_n);

/* CORRUPT: the file broke since it was opened. */
TRUNDLE_MUST_USE enum trundle_status data_picture(const struct data_set *set, size_t i, struct data_picture *out, struct trundle_error *err);
void data_picture_done(struct data_picture *p);

/* A seeded order of 0..n-1; the same for the same (seed, epoch, n). */
void data_shuffle(uint64_t seed, uint32_t epoch, size_t n, uint32_t *out);

/* A picture file's bytes (JPEG or PNG, by content) to RGB; malloc'd. CORRUPT names what is wrong; TOO_LARGE: over 8192 px. */
TRUNDLE_MUST_USE enum trundle_status data_decode(const void *bytes, size_t n, const char *where, uint8_t **out_rgb, int *out_w, int *out_h,
                                                 struct trundle_error *err);
/* Area mean (a box filter with fractional edges); enlarging is bilinear. w, h, ow, oh >= 1. NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status data_resize(const uint8_t *rgb, int w, int h, uint8_t *out, int ow, int oh);
