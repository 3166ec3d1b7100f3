/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* train/data_inner - what the sources of data fill in. Only data*.c. */
#pragma once

#include "lab/train/data.h"

enum data_from { DATA_FROM_FILE, DATA_FROM_BLOB, DATA_FROM_GENERATOR };

struct data_entry {
    struct data_item item;
    enum data_from from;
    char    *path;             /* FILE; owned */
    uint64_t number;           /* BLOB: which; GENERATOR: picture number */
    bool     has_crop;
    float    crop[4];          /* x0 y0 x1 y1 as shares of the picture */
    uint8_t *rgb;              /* owned; when in memory */
    int      w, h;
    bool     broken;
};

struct data_set {
    struct data_config config;
    struct data_entry *entry;  /* entries_n */
    size_t  entries_n, entries_room;
    struct bytes *blob;        /* blobs_n JPEGs */
    size_t  blobs_n, blobs_room;
    int32_t classes, coarse_classes;
    int32_t *coarse_of;        /* classes long, or NULL */
    char  **class_name;        /* class_names_n */
    size_t  class_names_n;
    uint32_t *part[DATA_PARTS];
    size_t  part_n[DATA_PARTS];
    struct data_broken *broken;
    size_t  broken_n;
    bool    in_memory;
};

/* Appends; `name` and `path` (may be NULL) are copied. The entry is valid until the next call. TOO_LARGE, NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status data_add(struct data_set *set, const char *name, const char *path, struct data_entry **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status data_add_box(struct data_entry *e, const struct data_box *box, struct trundle_error *err);
/* Takes over the content of `b`. */
TRUNDLE_MUST_USE enum trundle_status data_add_blob(struct data_set *set, struct bytes *b, size_t *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status data_name_class(struct data_set *set, int32_t label, const char *name, struct trundle_error *err);
/* "folder/relative", or relative when that is absolute or the folder is "". */
TRUNDLE_MUST_USE enum trundle_status data_join(const char *folder, const char *relative, char out[RECIPE_PATH], struct trundle_error *err);
bool data_picture_name(const char *name);          /* .jpg .jpeg .png */

TRUNDLE_MUST_USE enum trundle_status data_read_folder(struct data_set *set, const char *folder, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status data_read_list(struct data_set *set, const char *folder, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status data_read_coco(struct data_set *set, const char *folder, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status data_read_trips(struct data_set *set, const char *folder, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status data_read_generated(struct data_set *set, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status data_read_names(struct data_set *set, const char *path, struct trundle_error *err);
