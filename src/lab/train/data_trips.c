/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Data from trips with truth: the frames that a truth event has boxes in, with boxes of the moving item (task boxes), or each box a
 * picture of its item (task classes). Classes are products in the order of their keys. JPEGs of those frames stay in memory.
 *
 * A trip is read twice, since an event is told after its frames.
 */
#include "base/std/list.h"
#include "base/trip/trip.h"
#include "lab/train/data_inner.h"
#include "proto/trundle.pb-c.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SEEN_MOST = 1 << 20, TRIP_NAME = 256 };

struct seen { uint32_t sequence, number; uint8_t camera; uint64_t product; float x, y, w, h; };
struct products { uint64_t *key; size_t n, room; };
struct seen_list { struct seen *at; size_t n, room; };

static int by_frame(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;

    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "data", NULL, "no memory for trips");
}

static enum trundle_status note_event(const struct data_config *c, const Trundle__V1__TruthEvent *e, struct seen_list *list, struct trundle_error *err)
{
    for (size_t i = 0; i < e->n_boxes; i++) {
        const Trundle__V1__Box *b = e->boxes[i];

        if (b->visible < (float)c->visible_least || !(b->w_px >= 4 && b->h_px >= 4 && isfinite(b->x_px) && isfinite(b->y_px) && b->w_px < 1e5f && b->h_px < 1e5f))
            continue;
        if (list->n == SEEN_MOST)
            return error_set(err, TRUNDLE_TOO_LARGE, "/truth", NULL, "more than %d boxes in a trip", SEEN_MOST);
        if (!list_grow((void **)&list->at, sizeof *list->at, list->n, &list->room))
            return no_memory(err);
        list->at[list->n] = (struct seen){ b->frame_sequence, (uint32_t)list->n, (uint8_t)b->camera, e->product, b->x_px, b->y_px, b->w_px, b->h_px };
        list->n++;
    }
    return TRUNDLE_OK;
}

static enum trundle_status read_truth(const struct data_config *c, struct trip_reader *r, struct seen_list *list, struct trundle_error *err)
{
    struct trundle_message m;
    enum trundle_status status;

    while ((status = trip_next(r, &m, err)) == TRUNDLE_OK) {
        Trundle__V1__Truth *truth;

        if (m.channel != TRUNDLE_TRUTH)
            continue;
        truth = trundle__v1__truth__unpack(NULL, m.truth.bytes_n, m.truth.bytes);
        if (!truth)
            return error_set(err, TRUNDLE_CORRUPT, "/truth", NULL, "not a truth message");
        status = truth->what_case == TRUNDLE__V1__TRUTH__WHAT_EVENT ? note_event(c, truth->event, list, err) : TRUNDLE_OK;
        trundle__v1__truth__free_unpacked(truth, NULL);
        TRY(status);
    }
    qsort(list->at, list->n, sizeof *list->at, by_frame);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status product_number(struct products *p, uint64_t key, int32_t *out, struct trundle_error *err)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->key[i] == key) {
            *out = (int32_t)i;
            return TRUNDLE_OK;
        }
    }
    if (p->n == DATA_CLASSES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "/truth", NULL, "more than %d products", DATA_CLASSES_MAX);
    if (!list_grow((void **)&p->key, sizeof *p->key, p->n, &p->room))
        return no_memory(err);
    p->key[p->n] = key;
    *out = (int32_t)p->n++;
    return TRUNDLE_OK;
}

static float within(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* All that was seen in one frame. */
static enum trundle_status add_frame(struct data_set *set, const char *trip, const struct trundle_message *m, const struct seen *s, size_t n, struct products *p,
                                     struct trundle_error *err)
{
    struct data_entry *frame = NULL;
    struct bytes jpeg = { 0 };
    struct trundle_error ignored;
    uint8_t *rgb;
    size_t blob;
    int w, h;

    if (data_decode(m->frame.jpeg, m->frame.jpeg_bytes, trip, &rgb, &w, &h, &ignored) != TRUNDLE_OK) {
        w = h = 1;                            /* counted as broken when it is loaded */
        rgb = NULL;
    }
    free(rgb);
    TRY(bytes_append(&jpeg, m->frame.jpeg, m->frame.jpeg_bytes));
    if (data_add_blob(set, &jpeg, &blob, err) != TRUNDLE_OK) {
        bytes_done(&jpeg);
        return TRUNDLE_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        struct data_box box = { within(s[i].x / (float)w), within(s[i].y / (float)h), within((s[i].x + s[i].w) / (float)w), within((s[i].y + s[i].h) / (float)h), 0 };
        float mx = (float)set->config.margin * s[i].w, my = (float)set->config.margin * s[i].h;
        char name[TRIP_NAME + 64];
        struct data_entry *e = frame;

        TRY(product_number(p, set->config.one_class ? 0 : s[i].product, &box.label, err));
        if (box.x1 <= box.x0 || box.y1 <= box.y0)
            continue;
        if (!e) {
            if (set->config.task == DATA_BOXES)
                (void)snprintf(name, sizeof name, "%s#%u", trip, m->sequence);
            else
                (void)snprintf(name, sizeof name, "%s#%u:%zu", trip, m->sequence, i);
            TRY(data_add(set, name, NULL, &e, err));
            e->from = DATA_FROM_BLOB;
            e->number = blob;
        }
        if (set->config.task == DATA_BOXES) {
            frame = e;
            TRY(data_add_box(e, &box, err));
        } else {
            e->item.label = box.label;
            e->has_crop = true;
            e->crop[0] = (s[i].x - mx) / (float)w;
            e->crop[1] = (s[i].y - my) / (float)h;
            e->crop[2] = (s[i].x + s[i].w + mx) / (float)w;
            e->crop[3] = (s[i].y + s[i].h + my) / (float)h;
        }
    }
    return TRUNDLE_OK;
}

static enum trundle_status read_trip(struct data_set *set, const char *path, const char *name, struct products *p, struct trundle_error *err)
{
    struct trip_reader *r = NULL;
    struct seen_list list = { 0 };
    struct trundle_message m;
    enum trundle_status status;
    size_t at = 0, n;

    TRY_GOTO(status, trip_open(path, &r, err), out);
    TRY_GOTO(status, read_truth(&set->config, r, &list, err), out);
    TRY_GOTO(status, trip_seek(r, INT64_MIN, err), out);
    while (at < list.n && (status = trip_next(r, &m, err)) == TRUNDLE_OK) {
        if (m.channel != TRUNDLE_CAM)
            continue;
        while (at < list.n && list.at[at].sequence < m.sequence)
            at++;                             /* its frame is not there: dropped */
        for (n = 0; at + n < list.n && list.at[at + n].sequence == m.sequence; n++)
            ;
        if (n)
            TRY_GOTO(status, add_frame(set, name, &m, list.at + at, n, p, err), out);
        at += n;
    }
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
out:
    if (status != TRUNDLE_OK)
        error_within(err, "%s", name);
    free(list.at);
    trip_free(r);
    return status;
}

static int keys_rise(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Labels so far are places in order of sight; now in order of keys, which does not depend on the trips' order. */
static enum trundle_status number_products(struct data_set *set, const struct products *p, struct trundle_error *err)
{
    uint64_t *sorted = malloc((p->n + 1) * sizeof *sorted);
    enum trundle_status status = TRUNDLE_OK;
    int32_t *place = malloc((p->n + 1) * sizeof *place);

    if (!sorted || !place) {
        status = no_memory(err);
        goto out;
    }
    if (p->n)
        memcpy(sorted, p->key, p->n * sizeof *sorted);
    qsort(sorted, p->n, sizeof *sorted, keys_rise);
    for (size_t i = 0; i < p->n; i++)
        place[i] = (int32_t)((uint64_t *)bsearch(&p->key[i], sorted, p->n, sizeof *sorted, keys_rise) - sorted);
    for (size_t i = 0; i < set->entries_n; i++) {
        struct data_item *item = &set->entry[i].item;

        if (item->label >= 0)
            item->label = place[item->label];
        for (int k = 0; k < item->boxes_n; k++)
            item->box[k].label = place[item->box[k].label];
    }
    for (size_t i = 0; i < p->n && status == TRUNDLE_OK; i++) {
        char text[TRUNDLE_PRODUCT_TEXT];

        status = data_name_class(set, (int32_t)i, set->config.one_class ? "item" : trundle_product_text((struct trundle_product){ sorted[i] }, text), err);
    }
out:
    free(sorted);
    free(place);
    return status;
}

static int is_trip(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');

    return d->d_name[0] != '.' && dot && !strcmp(dot, ".mcap");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

enum trundle_status data_read_trips(struct data_set *set, const char *folder, struct trundle_error *err)
{
    char root[RECIPE_PATH], path[RECIPE_PATH];
    enum trundle_status status = TRUNDLE_OK;
    struct products products = { 0 };
    struct dirent **names;
    int n;

    TRY(data_join(folder, set->config.path, root, err));
    n = scandir(root, &names, is_trip, by_name);
    if (n < 0)
        return error_set(err, TRUNDLE_NOT_FOUND, root, "trundle sim --suite smoke --trips 20 --out DIR makes some", "no folder of trips");
    for (int i = 0; i < n; i++) {
        TRY_GOTO(status, data_join(root, names[i]->d_name, path, err), out);
        TRY_GOTO(status, read_trip(set, path, names[i]->d_name, &products, err), out);
    }
    status = number_products(set, &products, err);
out:
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    free(products.key);
    return status;
}
