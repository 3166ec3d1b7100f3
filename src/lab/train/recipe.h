/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/recipe - one readable JSON file that says everything about a training run: data, augmentation, network, losses, schedule,
 * seed, evaluation. docs/recipes.md has every field.
 *
 *     struct recipe *r;
 *     TRY(recipe_load("recipes/grocery-small.json", &r, err));
 *     TRY(data_open(&r->data, "/data", ..., err));          // data.h
 *     recipe_free(r);
 *
 * Strict: a field that nobody reads is an error with its place, and so is a value outside its range, which is then said. The
 * same recipe on one thread gives the same bits, unless its end is a time budget ("minutes", "cpu_minutes").
 * Lifetime: the recipe owns everything in it. Threads: read-only once loaded.
 */
#pragma once

#include "base/std/json.h"

enum { RECIPE_VERSION = 1, RECIPE_NAME = 64, RECIPE_PATH = 1024, RECIPE_SIZES = 8, RECIPE_SIDE_MAX = 2048 };

enum data_kind { DATA_FOLDER, DATA_LIST, DATA_COCO, DATA_TRIPS, DATA_GENERATED, DATA_KINDS };
enum data_task { DATA_CLASSES, DATA_BOXES };       /* one class a picture (two: fine and coarse), or boxes with classes */
enum data_split { DATA_BY_HASH, DATA_BY_RUN };     /* RUN: the last of each class, in file order: neighbours are often the same scene */

struct data_config {
    enum data_kind kind;
    enum data_task task;
    char    path[RECIPE_PATH];     /* a folder, list, COCO file or folder of trips; relative to the data folder */
    char    pictures[RECIPE_PATH]; /* folder that names in a COCO or list file are relative to; "": the file's own */
    char    names[RECIPE_PATH];    /* classes.csv: names of classes; "": none */
    int     side_px;               /* the shorter side is reduced to this when loaded; 0: kept */
    int     broken_most;           /* pictures that may be broken before it is an error. Default 10 */
    double  held_out;              /* share kept from training, for evaluation. Default 0.1 */
    enum data_split split;
    double  memory_mb;             /* decoded pictures are kept when they need no more. Default 2048 */
    /* trips */
    double  margin;                /* crops of items: this share is added on each side. Default 0.1 */
    double  visible_least;         /* boxes less visible than this are left out. Default 0.3 */
    bool    one_class;             /* every item is class 0: a detector of items */
    /* generated */
    int     generated_n, generated_px;         /* default 10000, 64 */
    uint64_t generated_seed;
};

/* Probabilities are per picture, 0 switches a step off. All off: the picture, scaled. */
struct augment_config {
    double  scale[2];              /* area of the crop as a share of the picture. 1, 1: all of it */
    double  aspect;                /* the crop's sides are stretched by up to this; 1: not */
    double  flip, flip_v;          /* mirrored left-right, upside down */
    double  rotate_deg;            /* by up to this, each way */
    double  brightness, contrast, saturation;      /* factor 1 +- this */
    double  hue_deg;
    double  blur, blur_px;         /* probability, largest sd */
    double  noise, noise_dn;       /* probability, largest sd, of 255 */
    double  jpeg;                  /* probability */
    double  jpeg_quality[2];
    double  cutout, cutout_share;  /* probability, largest side as a share of the picture's */
    double  mixup, mixup_alpha;    /* probability, Beta(alpha, alpha) */
    double  cutmix, cutmix_alpha;
    double  mean[3], sd[3];        /* of 0..1 RGB; network input = (v / 255 - mean) / sd */
};

enum recipe_optimizer { RECIPE_SGD, RECIPE_ADAMW };

struct recipe_size { int px; double until; };      /* picture height until this share of the run is done; the width goes with network.input */

struct recipe_schedule {
    enum recipe_optimizer optimizer;
    double  lr, momentum, beta2, weight_decay, clip;       /* clip: largest gradient norm, 0: none */
    int     batch;
    double  epochs;                /* one of epochs, steps, minutes, cpu_minutes; the others are 0 */
    int64_t steps;
    double  minutes, cpu_minutes;
    double  warmup;                /* share of the run in which the rate rises from 0 */
    double  floor;                 /* the cosine ends at lr * floor */
    double  ema;                   /* decay per step; 0: none */
    int     sizes_n;
    struct recipe_size size[RECIPE_SIZES];
    double  save_minutes;          /* between checkpoints. Default 2 */
};

struct recipe_evaluation {
    double  every_epochs;          /* on the held-out split; 0: only at the end */
    int     px;
    bool    flip;                  /* mean of a picture and its mirror image */
    double  crop;                  /* share of the side that is looked at, middle. Default 1 */
    bool    has_final;
    struct data_config final;      /* "final": data that is scored once, at the end */
};

struct recipe {
    json_t *root;                  /* owned */
    char    name[RECIPE_NAME];     /* file names are made of it: a-z 0-9 - */
    char    about[256];
    char    sha256[65];            /* of the file */
    uint64_t seed;
    struct data_config data;
    struct augment_config augment;
    struct json_at network;        /* what network.h reads */
    struct json_at losses;         /* what loss.h reads */
    struct recipe_schedule schedule;
    struct recipe_evaluation evaluation;
};

/* BAD_INPUT: "grocery.json: data.side_px ..." with the range. UNSUPPORTED: a later "recipe" version. */
TRUNDLE_MUST_USE enum trundle_status recipe_load(const char *path, struct recipe **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status recipe_parse(const void *bytes, size_t n, const char *where, struct recipe **out, struct trundle_error *err);
void recipe_free(struct recipe *r);                /* takes NULL */

/* BAD_INPUT when the object has a field whose name is not in `names` (NULL ends it): named with its place. For network.h and loss.h too. */
TRUNDLE_MUST_USE enum trundle_status recipe_only(const struct json_at *at, const char *const names[], struct trundle_error *err);

/* All off, mean 0.5, sd 0.25. */
struct augment_config augment_config_default(void);
