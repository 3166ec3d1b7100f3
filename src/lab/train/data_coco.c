/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Data from a COCO file (images, annotations with bbox, categories). Boxes with their classes, or (task classes) each box a picture of its
 * own. Categories are numbered from 0 in the order of their ids; crowds are left out.
 */
#include "lab/train/data_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct image { int64_t id; size_t entry; double w, h; const char *name; /* in the JSON */ };
struct category { int64_t id; char name[128]; };
struct coco { const char *pictures; struct image *image; size_t images_n; struct category *category; size_t categories_n; };

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;    /* both structs begin with it */

    return (x > y) - (x < y);
}

static void *find(const void *list, size_t n, size_t size, int64_t id)
{
    return n ? bsearch(&id, list, n, size, by_id) : NULL;
}

static enum trundle_status id_of(const struct json_at *at, const char *key, int64_t *out, struct trundle_error *err)
{
    return json_take_integer(at, key, 0, INT64_MAX / 2, out, err);
}

static enum trundle_status read_images(struct data_set *set, const struct json_at *root, struct coco *c, struct trundle_error *err)
{
    struct json_at list, one;
    char path[RECIPE_PATH], name[RECIPE_PATH];
    struct data_entry *e;

    TRY(json_take_array(root, "images", 0, DATA_ITEMS_MAX, &list, err));
    c->image = calloc(json_length(&list) + 1, sizeof *c->image);
    if (!c->image)
        return error_set(err, TRUNDLE_NO_MEMORY, "data", NULL, "no memory for %zu pictures", json_length(&list));
    for (size_t i = 0; i < json_length(&list); i++) {
        struct image *image = &c->image[c->images_n];

        TRY(json_element(&list, i, &one, err));
        TRY(id_of(&one, "id", &image->id, err));
        TRY(json_take_text(&one, "file_name", name, sizeof name, err));
        image->name = json_string_value(json_object_get(one.value, "file_name"));
        TRY(json_take_number(&one, "width", 1, 65536, &image->w, err));
        TRY(json_take_number(&one, "height", 1, 65536, &image->h, err));
        if (set->config.task == DATA_BOXES) {
            image->entry = set->entries_n;
            TRY(data_join(c->pictures, image->name, path, err));
            TRY(data_add(set, image->name, path, &e, err));
        }
        c->images_n++;
    }
    qsort(c->image, c->images_n, sizeof *c->image, by_id);
    for (size_t i = 1; i < c->images_n; i++)
        if (c->image[i].id == c->image[i - 1].id)
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "two pictures have the id %lld", (long long)c->image[i].id);
    return TRUNDLE_OK;
}

static enum trundle_status read_categories(struct data_set *set, const struct json_at *root, struct coco *c, struct trundle_error *err)
{
    struct json_at list, one;

    TRY(json_take_array(root, "categories", 1, DATA_CLASSES_MAX, &list, err));
    c->category = calloc(json_length(&list), sizeof *c->category);
    if (!c->category)
        return error_set(err, TRUNDLE_NO_MEMORY, "data", NULL, "no memory for %zu categories", json_length(&list));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &one, err));
        TRY(id_of(&one, "id", &c->category[i].id, err));
        TRY(json_take_text(&one, "name", c->category[i].name, sizeof c->category[i].name, err));
        c->categories_n++;
    }
    qsort(c->category, c->categories_n, sizeof *c->category, by_id);
    for (size_t i = 0; i < c->categories_n; i++) {
        if (i && c->category[i].id == c->category[i - 1].id)
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "two categories have the id %lld", (long long)c->category[i].id);
        if (!set->config.one_class)
            TRY(data_name_class(set, (int32_t)i, c->category[i].name, err));
    }
    return set->config.one_class ? data_name_class(set, 0, "item", err) : TRUNDLE_OK;
}

static enum trundle_status read_annotation(struct data_set *set, const struct json_at *at, size_t number, const struct coco *c, struct trundle_error *err)
{
    const struct category *category;
    const struct image *image;
    int64_t image_id, category_id, crowd = 0;
    struct data_entry *e;
    double b[4], m = set->config.margin;
    char name[RECIPE_PATH + 32], path[RECIPE_PATH];
    struct data_box box;

    TRY(id_of(at, "image_id", &image_id, err));
    TRY(id_of(at, "category_id", &category_id, err));
    TRY(json_take_numbers(at, "bbox", b, 4, err));
    if (json_has(at, "iscrowd"))
        TRY(json_take_integer(at, "iscrowd", 0, 1, &crowd, err));
    image = find(c->image, c->images_n, sizeof *image, image_id);
    category = find(c->category, c->categories_n, sizeof *category, category_id);
    if (!image)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "no picture has the id %lld", (long long)image_id);
    if (!category)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "no category has the id %lld", (long long)category_id);
    if (!(b[2] >= 0 && b[3] >= 0 && fabs(b[0]) < 1e6 && fabs(b[1]) < 1e6 && b[2] < 1e6 && b[3] < 1e6))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "bbox %g %g %g %g is no box; it is x, y, width, height", b[0], b[1], b[2], b[3]);
    if (crowd || b[2] < 1 || b[3] < 1)
        return TRUNDLE_OK;
    box = (struct data_box){ (float)fmax(0, b[0] / image->w), (float)fmax(0, b[1] / image->h), (float)fmin(1, (b[0] + b[2]) / image->w),
                             (float)fmin(1, (b[1] + b[3]) / image->h), set->config.one_class ? 0 : (int32_t)(category - c->category) };
    if (box.x1 <= box.x0 || box.y1 <= box.y0)
        return TRUNDLE_OK;                    /* outside its picture */
    if (set->config.task == DATA_BOXES)
        return data_add_box(&set->entry[image->entry], &box, err);
    (void)snprintf(name, sizeof name, "%s#%zu", image->name, number);
    TRY(data_join(c->pictures, image->name, path, err));
    TRY(data_add(set, name, path, &e, err));
    e->item.label = box.label;
    e->has_crop = true;
    e->crop[0] = (float)((b[0] - m * b[2]) / image->w);
    e->crop[1] = (float)((b[1] - m * b[3]) / image->h);
    e->crop[2] = (float)((b[0] + (1 + m) * b[2]) / image->w);
    e->crop[3] = (float)((b[1] + (1 + m) * b[3]) / image->h);
    return TRUNDLE_OK;
}

static enum trundle_status read_all(struct data_set *set, const struct json_at *root, struct coco *c, struct trundle_error *err)
{
    struct json_at list, one;

    if (!json_is_object(root->value))
        return error_set(err, TRUNDLE_BAD_INPUT, root->where, NULL, "a COCO file is a JSON object");
    TRY(read_images(set, root, c, err));
    TRY(read_categories(set, root, c, err));
    TRY(json_take_array(root, "annotations", 0, SIZE_MAX, &list, err));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &one, err));
        TRY(read_annotation(set, &one, i, c, err));
    }
    return TRUNDLE_OK;
}

enum trundle_status data_read_coco(struct data_set *set, const char *folder, struct trundle_error *err)
{
    char path[RECIPE_PATH], pictures[RECIPE_PATH], *slash;
    struct coco c = { .pictures = pictures };
    enum trundle_status status;
    json_t *root = NULL;
    struct json_at at;

    TRY(data_join(folder, set->config.path, path, err));
    if (set->config.pictures[0]) {
        TRY(data_join(folder, set->config.pictures, pictures, err));
    } else {
        (void)snprintf(pictures, sizeof pictures, "%s", path);
        slash = strrchr(pictures, '/');
        if (slash)
            *slash = 0;
        else
            pictures[0] = 0;
    }
    TRY(json_parse_file(path, &root, err));
    at = json_at_root(root, path);
    status = read_all(set, &at, &c, err);
    free(c.image);
    free(c.category);
    json_decref(root);
    return status;
}
