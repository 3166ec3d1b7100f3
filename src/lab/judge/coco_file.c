/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* COCO files as a set of boxes; every field is checked and named when it is bad. */
#include "base/std/json.h"
#include "lab/judge/coco.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_MAX INT64_C(1000000000000000)
#define PLACE_MAX 1e6
#define AREA_MAX 1e12

static const char truth_form[] = "{\"images\":[{\"id\":1}],\"categories\":[{\"id\":1}],\"annotations\":[{\"image_id\":1,\"category_id\":1,\"bbox\":[x,y,w,h],\"area\":a,\"iscrowd\":0}]}";
static const char found_form[] = "[{\"image_id\":1,\"category_id\":1,\"bbox\":[x,y,w,h],\"score\":0.9}]";

/* A field that is not there is bad input here. */
static enum trundle_status needed(enum trundle_status status, const char *form, struct trundle_error *err)
{
    if (status == TRUNDLE_NOT_FOUND)
        status = TRUNDLE_BAD_INPUT;
    if (status != TRUNDLE_OK && err) {
        err->status = status;
        if (!*err->hint)
            (void)snprintf(err->hint, sizeof err->hint, "%s", form);
    }
    return status;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;      /* of a category the first member */

    return (x > y) - (x < y);
}

static enum trundle_status take_ids(const struct json_at *root, const char *key, size_t size, void **out, size_t *out_n, struct trundle_error *err)
{
    struct json_at list, one;
    char *made;
    size_t n;
    enum trundle_status status = TRUNDLE_OK;

    TRY(json_take_array(root, key, 1, COCO_BOXES_MAX, &list, err));
    n = json_length(&list);
    made = calloc(n, size);
    if (!made)
        return error_set(err, TRUNDLE_NO_MEMORY, list.where, NULL, "no memory for %zu", n);
    for (size_t i = 0; status == TRUNDLE_OK && i < n; i++) {
        int64_t id = 0;

        status = json_element(&list, i, &one, err);
        if (status == TRUNDLE_OK)
            status = json_take_integer(&one, "id", 0, ID_MAX, &id, err);
        *(int64_t *)(void *)(made + i * size) = id;
        if (status == TRUNDLE_OK && size == sizeof(struct coco_category) && json_has(&one, "name"))
            status = json_take_text(&one, "name", ((struct coco_category *)(void *)(made + i * size))->name, COCO_NAME, err);
    }
    if (status == TRUNDLE_OK)
        qsort(made, n, size, by_id);
    for (size_t i = 1; status == TRUNDLE_OK && i < n; i++)
        if (!by_id(made + i * size, made + (i - 1) * size))
            status = error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "id %lld comes twice", (long long)*(int64_t *)(void *)(made + i * size));
    if (status != TRUNDLE_OK) {
        free(made);
        return status;
    }
    *out = made;
    *out_n = n;
    return TRUNDLE_OK;
}

static enum trundle_status take_place(const struct json_at *at, const struct coco_set *set, struct coco_box *box, struct trundle_error *err)
{
    int64_t image, category;
    double xywh[4];
    void *hit;

    TRY(json_take_integer(at, "image_id", 0, ID_MAX, &image, err));
    TRY(json_take_integer(at, "category_id", 0, ID_MAX, &category, err));
    TRY(json_take_numbers(at, "bbox", xywh, 4, err));
    hit = bsearch(&image, set->image, set->images_n, sizeof *set->image, by_id);
    if (!hit)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "image_id %lld is of no image", (long long)image);
    box->image = (size_t)((int64_t *)hit - set->image);
    hit = bsearch(&category, set->category, set->categories_n, sizeof *set->category, by_id);
    if (!hit)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "category_id %lld is of no category", (long long)category);
    box->category = (size_t)((struct coco_category *)hit - set->category);
    if (fabs(xywh[0]) > PLACE_MAX || fabs(xywh[1]) > PLACE_MAX || xywh[2] < 0 || xywh[3] < 0 || xywh[2] > PLACE_MAX || xywh[3] > PLACE_MAX)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "bbox [%g, %g, %g, %g] is no box", xywh[0], xywh[1], xywh[2], xywh[3]);
    box->x = xywh[0];
    box->y = xywh[1];
    box->w = xywh[2];
    box->h = xywh[3];
    box->area = box->w * box->h;
    return TRUNDLE_OK;
}

static enum trundle_status take_truth(const struct json_at *at, const struct coco_set *set, struct coco_box *box, struct trundle_error *err)
{
    int64_t crowd = 0, ignore = 0;

    TRY(take_place(at, set, box, err));
    TRY(json_take_number(at, "area", 0, AREA_MAX, &box->area, err));
    if (json_has(at, "iscrowd"))
        TRY(json_take_integer(at, "iscrowd", 0, 1, &crowd, err));
    if (json_has(at, "ignore"))           /* as trundle sim export writes it; COCOeval overwrites it with iscrowd */
        TRY(json_take_integer(at, "ignore", 0, 1, &ignore, err));
    box->crowd = crowd == 1;
    box->ignore = ignore == 1;
    return TRUNDLE_OK;
}

static enum trundle_status take_found(const struct json_at *at, const struct coco_set *set, struct coco_box *box, struct trundle_error *err)
{
    TRY(take_place(at, set, box, err));
    return json_take_number(at, "score", -1e30, 1e30, &box->score, err);
}

typedef enum trundle_status take_fn(const struct json_at *at, const struct coco_set *set, struct coco_box *box, struct trundle_error *err);

static enum trundle_status take_boxes(const struct json_at *list, const struct coco_set *set, take_fn *take, struct coco_box **out, size_t *out_n,
                                      struct trundle_error *err)
{
    size_t n = json_length(list);
    struct coco_box *made;
    enum trundle_status status = TRUNDLE_OK;

    if (n > COCO_BOXES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, list->where, NULL, "%zu boxes, limit %d", n, COCO_BOXES_MAX);
    made = calloc(n + 1, sizeof *made);
    if (!made)
        return error_set(err, TRUNDLE_NO_MEMORY, list->where, NULL, "no memory for %zu boxes", n);
    for (size_t i = 0; status == TRUNDLE_OK && i < n; i++) {
        struct json_at one;

        status = json_element(list, i, &one, err);
        if (status == TRUNDLE_OK)
            status = take(&one, set, &made[i], err);
    }
    if (status != TRUNDLE_OK) {
        free(made);
        return status;
    }
    *out = made;
    *out_n = n;
    return TRUNDLE_OK;
}

static enum trundle_status take_set(const struct json_at *root, struct coco_set *set, struct trundle_error *err)
{
    struct json_at list;

    TRY(take_ids(root, "images", sizeof *set->image, (void **)&set->image, &set->images_n, err));
    TRY(take_ids(root, "categories", sizeof *set->category, (void **)&set->category, &set->categories_n, err));
    TRY(json_take_array(root, "annotations", 0, COCO_BOXES_MAX, &list, err));
    return take_boxes(&list, set, take_truth, &set->truth, &set->truth_n, err);
}

enum trundle_status coco_parse_truth(const void *bytes, size_t n, const char *where, struct coco_set *out, struct trundle_error *err)
{
    struct coco_set set = { 0 };
    json_t *root = NULL;
    struct json_at at;
    enum trundle_status status;

    TRY_GOTO(status, json_parse(bytes, n, where, &root, err), out);
    at = json_at_root(root, where);
    status = json_is_object(root) ? take_set(&at, &set, err) : error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "not an object");
out:
    if (root)
        json_decref(root);
    if (status != TRUNDLE_OK)
        coco_set_done(&set);
    else
        *out = set;
    return needed(status, truth_form, err);
}

enum trundle_status coco_parse_found(const void *bytes, size_t n, const char *where, struct coco_set *set, struct trundle_error *err)
{
    json_t *root = NULL;
    struct json_at at;
    enum trundle_status status;

    TRY_GOTO(status, json_parse(bytes, n, where, &root, err), out);
    at = json_at_root(root, where);
    status = json_is_array(root) ? take_boxes(&at, set, take_found, &set->found, &set->found_n, err)
                                 : error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "not an array");
out:
    if (root)
        json_decref(root);
    return needed(status, found_form, err);
}
