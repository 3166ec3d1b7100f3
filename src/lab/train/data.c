/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The data set: opened, decoded, split, shuffled. Where pictures come from is in data_files.c, data_coco.c, data_trips.c. */
#include "base/std/hash.h"
#include "base/std/list.h"
#include "base/std/rng.h"
#include "lab/train/data_inner.h"
#include "lab/train/pictures.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MOST = 64, FILE_BYTES = 64 << 20 };

/* --- building --- */

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "data", NULL, "no memory for the data");
}

enum trundle_status data_add(struct data_set *set, const char *name, const char *path, struct data_entry **out, struct trundle_error *err)
{
    struct data_entry *e;

    if (set->entries_n == DATA_ITEMS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, name, NULL, "more than %d pictures", DATA_ITEMS_MAX);
    if (!list_grow((void **)&set->entry, sizeof *set->entry, set->entries_n, &set->entries_room))
        return no_memory(err);
    e = &set->entry[set->entries_n];
    *e = (struct data_entry){ .item = { .label = -1, .coarse = -1 } };
    e->item.name = strdup(name);
    e->path = path ? strdup(path) : NULL;
    if (!e->item.name || (path && !e->path)) {
        free(e->item.name);
        free(e->path);
        return no_memory(err);
    }
    set->entries_n++;
    *out = e;
    return TRUNDLE_OK;
}

enum trundle_status data_add_box(struct data_entry *e, const struct data_box *box, struct trundle_error *err)
{
    struct data_box *moved;

    if (e->item.boxes_n == DATA_BOXES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, e->item.name, NULL, "more than %d boxes in a picture", DATA_BOXES_MAX);
    moved = realloc(e->item.box, ((size_t)e->item.boxes_n + 1) * sizeof *moved);
    if (!moved)
        return no_memory(err);
    e->item.box = moved;
    moved[e->item.boxes_n++] = *box;
    return TRUNDLE_OK;
}

enum trundle_status data_add_blob(struct data_set *set, struct bytes *b, size_t *out, struct trundle_error *err)
{
    if (!list_grow((void **)&set->blob, sizeof *set->blob, set->blobs_n, &set->blobs_room))
        return no_memory(err);
    *out = set->blobs_n;
    set->blob[set->blobs_n++] = *b;
    *b = (struct bytes){ 0 };
    return TRUNDLE_OK;
}

enum trundle_status data_name_class(struct data_set *set, int32_t label, const char *name, struct trundle_error *err)
{
    size_t i = (size_t)label;

    if (label < 0 || label >= DATA_CLASSES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, name, NULL, "class %d; classes are 0 to %d", label, DATA_CLASSES_MAX - 1);
    if (i >= set->class_names_n) {
        char **moved = realloc(set->class_name, (i + 1) * sizeof *moved);

        if (!moved)
            return no_memory(err);
        memset(moved + set->class_names_n, 0, (i + 1 - set->class_names_n) * sizeof *moved);
        set->class_name = moved;
        set->class_names_n = i + 1;
    }
    if (!set->class_name[i]) {
        set->class_name[i] = strdup(name);
        if (!set->class_name[i])
            return no_memory(err);
    }
    return TRUNDLE_OK;
}

enum trundle_status data_join(const char *folder, const char *relative, char out[RECIPE_PATH], struct trundle_error *err)
{
    int n = *relative == '/' || !*folder ? snprintf(out, RECIPE_PATH, "%s", relative) : snprintf(out, RECIPE_PATH, "%s/%s", folder, relative);

    if (n < 0 || n >= RECIPE_PATH)
        return error_set(err, TRUNDLE_TOO_LARGE, folder, NULL, "a path of %d bytes", n);
    return TRUNDLE_OK;
}

enum trundle_status data_read_generated(struct data_set *set, struct trundle_error *err)
{
    char name[32];
    struct data_entry *e;

    for (int i = 0; i < set->config.generated_n; i++) {
        (void)snprintf(name, sizeof name, "%llu:%d", (unsigned long long)set->config.generated_seed, i);
        TRY(data_add(set, name, NULL, &e, err));
        e->from = DATA_FROM_GENERATOR;
        e->number = (uint64_t)i;
        e->item.label = 0;                    /* said when it is drawn */
    }
    for (int i = 0; i < PICTURES_CLASSES; i++)
        TRY(data_name_class(set, i, pictures_class(i), err));
    return TRUNDLE_OK;
}

/* --- pixels --- */

static enum trundle_status crop(uint8_t **rgb, int *w, int *h, const float share[4], const char *name, struct trundle_error *err)
{
    int x0 = (int)(share[0] * (float)*w), y0 = (int)(share[1] * (float)*h);
    int x1 = (int)(share[2] * (float)*w + 0.999f), y1 = (int)(share[3] * (float)*h + 0.999f);
    uint8_t *out;

    x0 = x0 < 0 ? 0 : x0;
    y0 = y0 < 0 ? 0 : y0;
    x1 = x1 > *w ? *w : x1;
    y1 = y1 > *h ? *h : y1;
    if (x1 - x0 < 2 || y1 - y0 < 2)
        return error_set(err, TRUNDLE_CORRUPT, name, NULL, "a box of %d x %d pixels", x1 - x0, y1 - y0);
    out = malloc((size_t)(x1 - x0) * (size_t)(y1 - y0) * 3);
    if (!out)
        return no_memory(err);
    for (int y = y0; y < y1; y++)
        memcpy(out + (size_t)(y - y0) * (size_t)(x1 - x0) * 3, *rgb + ((size_t)y * (size_t)*w + (size_t)x0) * 3, (size_t)(x1 - x0) * 3);
    free(*rgb);
    *rgb = out;
    *w = x1 - x0;
    *h = y1 - y0;
    return TRUNDLE_OK;
}

/* Shorter side to side_px when it is longer. */
static enum trundle_status reduce(uint8_t **rgb, int *w, int *h, int side_px, struct trundle_error *err)
{
    int least = *w < *h ? *w : *h, ow, oh;
    uint8_t *out;

    if (!side_px || least <= side_px)
        return TRUNDLE_OK;
    ow = (int)(((int64_t)*w * side_px + least / 2) / least);
    oh = (int)(((int64_t)*h * side_px + least / 2) / least);
    out = malloc((size_t)ow * (size_t)oh * 3);
    if (!out || data_resize(*rgb, *w, *h, out, ow, oh) != TRUNDLE_OK) {
        free(out);
        return no_memory(err);
    }
    free(*rgb);
    *rgb = out;
    *w = ow;
    *h = oh;
    return TRUNDLE_OK;
}

/* Full work for one picture. *out_label is written for generated ones. */
static enum trundle_status load(const struct data_set *set, const struct data_entry *e, uint8_t **out_rgb, int *out_w, int *out_h, int32_t *out_label,
                                struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    struct bytes b = { 0 };
    uint8_t *rgb = NULL;
    int w = 0, h = 0;

    if (e->from == DATA_FROM_GENERATOR) {
        w = h = set->config.generated_px;
        rgb = malloc((size_t)w * (size_t)h * 3);
        if (!rgb)
            return no_memory(err);
        pictures_draw(set->config.generated_seed, e->number, w, rgb, out_label);
    } else if (e->from == DATA_FROM_BLOB) {
        TRY_GOTO(status, data_decode(set->blob[e->number].data, set->blob[e->number].n, e->item.name, &rgb, &w, &h, err), out);
    } else {
        TRY_GOTO(status, file_read(e->path, FILE_BYTES, &b, err), out);
        TRY_GOTO(status, data_decode(b.data, b.n, e->item.name, &rgb, &w, &h, err), out);
    }
    if (e->has_crop)
        TRY_GOTO(status, crop(&rgb, &w, &h, e->crop, e->item.name, err), out);
    TRY_GOTO(status, reduce(&rgb, &w, &h, set->config.side_px, err), out);
    *out_rgb = rgb;
    *out_w = w;
    *out_h = h;
    rgb = NULL;
out:
    free(rgb);
    bytes_done(&b);
    return status;
}

struct loading {
    struct data_set *set;
    char (*what)[128];                        /* of broken ones, entries_n */
    atomic_size_t next, bytes;
    atomic_bool no_memory, keep;
};

static void *load_some(void *user)
{
    struct loading *l = user;
    size_t limit = (size_t)(l->set->config.memory_mb * 1048576.0), i;

    while ((i = atomic_fetch_add(&l->next, 1)) < l->set->entries_n && !atomic_load(&l->no_memory)) {
        struct data_entry *e = &l->set->entry[i];
        struct trundle_error err = { 0 };
        enum trundle_status status = load(l->set, e, &e->rgb, &e->w, &e->h, &e->item.label, &err);

        if (status == TRUNDLE_NO_MEMORY) {
            atomic_store(&l->no_memory, true);
        } else if (status != TRUNDLE_OK) {
            e->broken = true;
            (void)snprintf(l->what[i], sizeof l->what[i], "%.127s", err.what);
        } else if (atomic_fetch_add(&l->bytes, (size_t)e->w * (size_t)e->h * 3) > limit) {
            atomic_store(&l->keep, false);
        }
        if (!atomic_load(&l->keep)) {
            free(e->rgb);
            e->rgb = NULL;
        }
    }
    return NULL;
}

static void entry_done(struct data_entry *e)
{
    free(e->item.name);
    free(e->item.box);
    free(e->path);
    free(e->rgb);
}

/* Broken entries go to set->broken. */
static enum trundle_status sort_out(struct data_set *set, char (*what)[128], struct trundle_error *err)
{
    size_t kept = 0, n = 0;

    for (size_t i = 0; i < set->entries_n; i++)
        n += set->entry[i].broken;
    if (n) {
        set->broken = calloc(n, sizeof *set->broken);
        if (!set->broken)
            return no_memory(err);
    }
    for (size_t i = 0; i < set->entries_n; i++) {
        struct data_entry *e = &set->entry[i];

        if (e->broken) {
            struct data_broken *b = &set->broken[set->broken_n++];

            (void)snprintf(b->name, sizeof b->name, "%s", e->item.name);
            (void)snprintf(b->what, sizeof b->what, "%s", what[i]);
            entry_done(e);
        } else {
            set->entry[kept++] = *e;
        }
    }
    set->entries_n = kept;
    if (n > (size_t)set->config.broken_most)
        return error_set(err, TRUNDLE_BAD_INPUT, set->config.path, "repair them, or raise broken_most", "%zu broken pictures, the first is %s: %s; broken_most is %d", n,
                         set->broken[0].name, set->broken[0].what, set->config.broken_most);
    return TRUNDLE_OK;
}

static enum trundle_status load_all(struct data_set *set, int threads, struct trundle_error *err)
{
    struct loading l = { .set = set, .what = calloc(set->entries_n ? set->entries_n : 1, sizeof *l.what) };
    pthread_t thread[THREADS_MOST];
    enum trundle_status status;
    int started = 0;

    if (!l.what)
        return no_memory(err);
    atomic_init(&l.next, 0);
    atomic_init(&l.bytes, 0);
    atomic_init(&l.no_memory, false);
    atomic_init(&l.keep, set->config.memory_mb > 0);
    for (; started < threads - 1 && started < THREADS_MOST; started++)
        if (pthread_create(&thread[started], NULL, load_some, &l) != 0)
            break;
    (void)load_some(&l);
    while (started > 0)
        (void)pthread_join(thread[--started], NULL);
    set->in_memory = atomic_load(&l.keep);
    for (size_t i = 0; i < set->entries_n && !set->in_memory; i++) {
        free(set->entry[i].rgb);
        set->entry[i].rgb = NULL;
    }
    status = atomic_load(&l.no_memory) ? no_memory(err) : sort_out(set, l.what, err);
    free(l.what);
    return status;
}

/* --- classes and parts --- */

static enum trundle_status count_classes(struct data_set *set, struct trundle_error *err)
{
    for (size_t i = 0; i < set->entries_n; i++) {
        const struct data_item *item = &set->entry[i].item;

        set->classes = item->label >= set->classes ? item->label + 1 : set->classes;
        set->coarse_classes = item->coarse >= set->coarse_classes ? item->coarse + 1 : set->coarse_classes;
        for (int k = 0; k < item->boxes_n; k++)
            set->classes = item->box[k].label >= set->classes ? item->box[k].label + 1 : set->classes;
    }
    if ((int32_t)set->class_names_n > set->classes)
        set->classes = (int32_t)set->class_names_n;
    if (set->classes < 1)
        return error_set(err, TRUNDLE_BAD_INPUT, set->config.path, NULL, "no picture has a class");
    if (!set->coarse_classes)
        return TRUNDLE_OK;
    set->coarse_of = malloc((size_t)set->classes * sizeof *set->coarse_of);
    if (!set->coarse_of)
        return no_memory(err);
    for (int32_t k = 0; k < set->classes; k++)
        set->coarse_of[k] = -1;
    for (size_t i = 0; i < set->entries_n; i++) {
        const struct data_item *item = &set->entry[i].item;
        int32_t *of;

        if (item->label < 0 || item->coarse < 0)
            continue;
        of = &set->coarse_of[item->label];
        if (*of >= 0 && *of != item->coarse)
            return error_set(err, TRUNDLE_BAD_INPUT, item->name, NULL, "fine class %d is in coarse class %d here, and in %d elsewhere", item->label, item->coarse, *of);
        *of = item->coarse;
    }
    return TRUNDLE_OK;
}

static double unit_of(const char *name)
{
    uint64_t x = hash64(name, strlen(name), 0);

    x ^= x >> 31;                             /* FNV's high bits are weak for names that differ at the end */
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return (double)(x >> 11) * 0x1p-53;
}

static enum trundle_status split(struct data_set *set, struct trundle_error *err)
{
    double share = set->config.held_out;
    uint32_t *of_class = NULL;

    for (int p = 0; p < DATA_PARTS; p++) {
        set->part[p] = malloc((set->entries_n ? set->entries_n : 1) * sizeof *set->part[p]);
        if (!set->part[p])
            return no_memory(err);
    }
    of_class = calloc((size_t)set->classes, sizeof *of_class);
    if (!of_class)
        return no_memory(err);
    for (size_t i = 0; i < set->entries_n; i++) {
        struct data_item *item = &set->entry[i].item;

        item->order = item->label >= 0 ? of_class[item->label]++ : (uint32_t)i;
    }
    for (size_t i = 0; i < set->entries_n; i++) {
        const struct data_item *item = &set->entry[i].item;
        bool held;

        if (set->config.split == DATA_BY_RUN && item->label >= 0)
            held = (double)item->order >= (double)of_class[item->label] * (1 - share);
        else
            held = unit_of(item->name) < share;
        set->part[DATA_ALL][set->part_n[DATA_ALL]++] = (uint32_t)i;
        set->part[held ? DATA_HELD_OUT : DATA_TRAIN][set->part_n[held ? DATA_HELD_OUT : DATA_TRAIN]++] = (uint32_t)i;
    }
    free(of_class);
    return TRUNDLE_OK;
}

/* --- the face --- */

static enum trundle_status read_source(struct data_set *set, const char *folder, struct trundle_error *err)
{
    switch (set->config.kind) {
    case DATA_FOLDER:
        return data_read_folder(set, folder, err);
    case DATA_LIST:
        return data_read_list(set, folder, err);
    case DATA_COCO:
        return data_read_coco(set, folder, err);
    case DATA_TRIPS:
        return data_read_trips(set, folder, err);
    case DATA_GENERATED:
        return data_read_generated(set, err);
    case DATA_KINDS:
        break;
    }
    return error_set(err, TRUNDLE_BAD_ARG, "data", NULL, "no such kind");
}

enum trundle_status data_open(const struct data_config *config, const char *folder, int threads, struct data_set **out, struct trundle_error *err)
{
    struct data_set *set = calloc(1, sizeof *set);
    enum trundle_status status;
    char path[RECIPE_PATH];

    if (!set)
        return no_memory(err);
    set->config = *config;
    TRY_GOTO(status, read_source(set, folder, err), out);
    if (config->names[0]) {
        TRY_GOTO(status, data_join(folder, config->names, path, err), out);
        TRY_GOTO(status, data_read_names(set, path, err), out);
    }
    TRY_GOTO(status, load_all(set, threads, err), out);
    if (!set->entries_n) {
        status = error_set(err, TRUNDLE_NOT_FOUND, config->path, NULL, "no pictures there");
        goto out;
    }
    TRY_GOTO(status, count_classes(set, err), out);
    TRY_GOTO(status, split(set, err), out);
    *out = set;
    set = NULL;
out:
    data_free(set);
    return status;
}

void data_free(struct data_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->entries_n; i++)
        entry_done(&set->entry[i]);
    for (size_t i = 0; i < set->blobs_n; i++)
        bytes_done(&set->blob[i]);
    for (size_t i = 0; i < set->class_names_n; i++)
        free(set->class_name[i]);
    for (int p = 0; p < DATA_PARTS; p++)
        free(set->part[p]);
    free(set->entry);
    free(set->blob);
    free(set->class_name);
    free(set->coarse_of);
    free(set->broken);
    free(set);
}

size_t data_n(const struct data_set *set)
{
    return set->entries_n;
}

const struct data_item *data_item(const struct data_set *set, size_t i)
{
    return &set->entry[i].item;
}

size_t data_part_n(const struct data_set *set, enum data_part part)
{
    return set->part_n[part];
}

size_t data_part(const struct data_set *set, enum data_part part, size_t i)
{
    return set->part[part][i];
}

int32_t data_classes(const struct data_set *set)
{
    return set->classes;
}

int32_t data_coarse_classes(const struct data_set *set)
{
    return set->coarse_classes;
}

const int32_t *data_coarse_of(const struct data_set *set)
{
    return set->coarse_of;
}

const char *data_class_name(const struct data_set *set, int32_t label)
{
    return label >= 0 && (size_t)label < set->class_names_n && set->class_name[label] ? set->class_name[label] : "";
}

bool data_in_memory(const struct data_set *set)
{
    return set->in_memory;
}

const struct data_broken *data_broken(const struct data_set *set, size_t *out_n)
{
    *out_n = set->broken_n;
    return set->broken;
}

enum trundle_status data_picture(const struct data_set *set, size_t i, struct data_picture *out, struct trundle_error *err)
{
    const struct data_entry *e = &set->entry[i];
    uint8_t *rgb;
    int32_t label;

    if (e->rgb) {
        *out = (struct data_picture){ e->rgb, e->w, e->h, NULL };
        return TRUNDLE_OK;
    }
    TRY(load(set, e, &rgb, &out->w, &out->h, &label, err));
    out->rgb = out->owned = rgb;
    return TRUNDLE_OK;
}

void data_picture_done(struct data_picture *p)
{
    free(p->owned);
    *p = (struct data_picture){ 0 };
}

void data_shuffle(uint64_t seed, uint32_t epoch, size_t n, uint32_t *out)
{
    char stream[32];
    struct rng r;

    (void)snprintf(stream, sizeof stream, "data/shuffle/%u", epoch);
    r = rng_seed(seed, stream);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        uint32_t j = rng_below(&r, (uint32_t)i), kept = out[j];

        out[j] = out[i - 1];
        out[i - 1] = kept;
    }
}
