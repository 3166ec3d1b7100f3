/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Trips to COCO and MOTChallenge. A frame without a truth of its own shows what the one before it showed. */
#include "lab/sim/export.h"

#include "base/std/bytes.h"
#include "base/std/list.h"
#include "base/trip/trip.h"
#include "cart/calib/cart_file.h"

#include <trundle/product.h>

#include "trundle.pb-c.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CATEGORIES_MAX = 100000 };
static const float LEAST_PX = 12, LEAST_VISIBLE = .25f;

struct sim_export {
    char out_dir[2048];
    struct bytes images, annotations;      /* COCO's lists, without their brackets */
    uint64_t *category;                    /* owned; keys, 0 a person; COCO's id is the place + 1 */
    size_t categories_n, categories_room;
    uint64_t image_id, annotation_id;
};

/* One camera of one trip while it is read. */
struct sequence {
    char name[64];
    struct bytes gt;
    struct trundle_message waiting;        /* frame that was written and has no truth yet; channel 0: none */
    Trundle__V1__Truth *shown;             /* owned; what the last frame showed */
    uint32_t frames;
};

struct reading { struct sim_export *e; const struct cart_file *cart; struct sequence camera[TRUNDLE_CAMERAS_MAX]; bool any_truth; };

enum trundle_status sim_export_new(const char *out_dir, struct sim_export **out, struct trundle_error *err)
{
    struct sim_export *e = calloc(1, sizeof *e);

    if (!e)
        return error_set(err, TRUNDLE_NO_MEMORY, "export", NULL, "no memory");
    if (strlen(out_dir) >= sizeof e->out_dir) {
        free(e);
        return error_set(err, TRUNDLE_TOO_LARGE, "export", NULL, "the folder's name is over %zu bytes", sizeof e->out_dir - 1);
    }
    (void)snprintf(e->out_dir, sizeof e->out_dir, "%s", out_dir);
    *out = e;
    return TRUNDLE_OK;
}

static enum trundle_status category_id(struct sim_export *e, uint64_t key, size_t *out)
{
    for (size_t i = 0; i < e->categories_n; i++)
        if (e->category[i] == key) {
            *out = i + 1;
            return TRUNDLE_OK;
        }
    if (e->categories_n == CATEGORIES_MAX)
        return TRUNDLE_TOO_LARGE;
    if (!list_grow((void **)&e->category, sizeof *e->category, e->categories_n, &e->categories_room))
        return TRUNDLE_NO_MEMORY;
    e->category[e->categories_n++] = key;
    *out = e->categories_n;
    return TRUNDLE_OK;
}

/* Letters of a packed mask are '0' to 'o'; a backslash among them is escaped for JSON. */
static enum trundle_status print_mask(const ProtobufCBinaryData *rle, struct bytes *out)
{
    for (size_t i = 0; i < rle->len; i++) {
        char c = (char)rle->data[i];

        if (c < '0' || c > 'o')
            return TRUNDLE_CORRUPT;
        TRY(bytes_append(out, c == '\\' ? "\\\\" : &c, c == '\\' ? 2 : 1));
    }
    return TRUNDLE_OK;
}

static bool is_box(const Trundle__V1__TruthObject *o)
{
    return isfinite(o->x_px) && isfinite(o->y_px) && isfinite(o->w_px) && isfinite(o->h_px) && isfinite(o->visible);
}

static enum trundle_status print_objects(struct reading *r, uint8_t c)
{
    struct sequence *s = &r->camera[c];
    const struct cart_camera *camera = &r->cart->camera[c];
    struct sim_export *e = r->e;

    for (size_t i = 0; s->shown && i < s->shown->frame->n_objects; i++) {
        const Trundle__V1__TruthObject *o = s->shown->frame->objects[i];
        bool ignored = o->w_px < LEAST_PX || o->h_px < LEAST_PX || o->visible < LEAST_VISIBLE;
        size_t category;

        if (!is_box(o))
            return TRUNDLE_CORRUPT;        /* JSON has no such numbers */
        TRY(category_id(e, o->item ? o->product : 0, &category));
        e->annotation_id++;
        TRY(bytes_print(&e->annotations, "%s{\"id\":%llu,\"image_id\":%llu,\"category_id\":%zu,\"bbox\":[%g,%g,%g,%g],\"area\":%g,\"iscrowd\":0,"
                        "\"ignore\":%d,\"track_id\":%u,\"visible\":%.4f,\"segmentation\":{\"size\":[%d,%d],\"counts\":\"",
                        e->annotation_id > 1 ? ",\n" : "", (unsigned long long)e->annotation_id, (unsigned long long)e->image_id, category, (double)o->x_px,
                        (double)o->y_px, (double)o->w_px, (double)o->h_px, (double)(o->w_px * o->h_px), ignored, o->item, (double)o->visible,
                        camera->height_px, camera->width_px));
        TRY(print_mask(&o->rle, &e->annotations));
        TRY(bytes_print(&e->annotations, "\"}}"));
        /* MOTChallenge counts pixels and frames from 1; a person has the identity 1000000, so that it is one object, not many */
        TRY(bytes_print(&s->gt, "%u,%u,%g,%g,%g,%g,%d,%zu,%.4f\n", s->frames, o->item ? o->item : 1000000U, (double)o->x_px + 1, (double)o->y_px + 1,
                        (double)o->w_px, (double)o->h_px, !ignored, category, (double)o->visible));
    }
    return TRUNDLE_OK;
}

static enum trundle_status settle(struct reading *r, uint8_t c)
{
    if (r->camera[c].waiting.channel == 0)
        return TRUNDLE_OK;
    r->camera[c].waiting.channel = (enum trundle_channel)0;
    return print_objects(r, c);
}

static enum trundle_status write_plain(const char *path, const void *data, size_t n, struct trundle_error *err)
{
    FILE *f = fopen(path, "wb");
    bool whole = f && fwrite(data, 1, n, f) == n;

    if ((f && fclose(f) != 0) || !whole) {
        if (f)
            (void)remove(path);
        return error_set(err, TRUNDLE_IO, path, NULL, "cannot write: %s", strerror(errno));
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_frame(struct reading *r, const struct trundle_message *m, struct trundle_error *err)
{
    struct sim_export *e = r->e;
    struct sequence *s = &r->camera[m->sensor];
    const struct cart_camera *camera = &r->cart->camera[m->sensor];
    char path[4096];

    TRY(settle(r, m->sensor));
    s->frames++;
    (void)snprintf(path, sizeof path, "%.2047s/%.63s/img1/%06u.jpg", e->out_dir, s->name, s->frames);
    TRY(write_plain(path, m->frame.jpeg, m->frame.jpeg_bytes, err));
    TRY(bytes_print(&e->images, "%s{\"id\":%llu,\"file_name\":\"%s/img1/%06u.jpg\",\"width\":%d,\"height\":%d,\"t_s\":%.6f}", e->image_id ? ",\n" : "",
                    (unsigned long long)e->image_id + 1, s->name, s->frames, camera->width_px, camera->height_px, (double)m->sensed_ns / 1e9));
    e->image_id++;
    s->waiting = *m;
    return TRUNDLE_OK;
}

static enum trundle_status take_truth(struct reading *r, const struct trundle_message *m, struct trundle_error *err)
{
    Trundle__V1__Truth *truth = trundle__v1__truth__unpack(NULL, m->truth.bytes_n, m->truth.bytes);
    uint32_t c = truth && truth->what_case == TRUNDLE__V1__TRUTH__WHAT_FRAME ? truth->frame->camera : 0;

    if (!truth)
        return error_set(err, TRUNDLE_CORRUPT, "/truth", NULL, "message %u cannot be read", m->sequence);
    if (truth->what_case != TRUNDLE__V1__TRUTH__WHAT_FRAME) {
        trundle__v1__truth__free_unpacked(truth, NULL);
        return TRUNDLE_OK;
    }
    if (c >= r->cart->cameras_n || r->camera[c].waiting.channel == 0 || r->camera[c].waiting.sequence != truth->frame->frame_sequence) {
        trundle__v1__truth__free_unpacked(truth, NULL);
        return error_set(err, TRUNDLE_BAD_INPUT, "/truth", NULL, "message %u is about another frame than the last of its camera", m->sequence);
    }
    trundle__v1__truth__free_unpacked(r->camera[c].shown, NULL);
    r->camera[c].shown = truth;
    r->any_truth = true;
    return settle(r, (uint8_t)c);
}

static enum trundle_status begin_sequences(struct reading *r, int64_t seed, struct trundle_error *err)
{
    char path[4096];
    struct stat there;

    for (uint8_t c = 0; c < r->cart->cameras_n; c++) {
        (void)snprintf(r->camera[c].name, sizeof r->camera[c].name, "%lld-cam%u", (long long)seed, c);
        (void)snprintf(path, sizeof path, "%.2047s/%.63s", r->e->out_dir, r->camera[c].name);
        if (stat(path, &there) == 0)
            return error_set(err, TRUNDLE_CONFLICT, path, "another folder, or remove it", "is there already");
        (void)snprintf(path, sizeof path, "%.2047s/%.63s/img1", r->e->out_dir, r->camera[c].name);
        TRY(folder_make(path, err));
        (void)snprintf(path, sizeof path, "%.2047s/%.63s/gt", r->e->out_dir, r->camera[c].name);
        TRY(folder_make(path, err));
    }
    return TRUNDLE_OK;
}

static enum trundle_status end_sequences(struct reading *r, struct trundle_error *err)
{
    char path[4096];

    for (uint8_t c = 0; c < r->cart->cameras_n; c++) {
        struct sequence *s = &r->camera[c];
        const struct cart_camera *camera = &r->cart->camera[c];
        struct bytes info = { 0 };
        enum trundle_status status;

        (void)snprintf(path, sizeof path, "%.2047s/%.63s/gt/gt.txt", r->e->out_dir, s->name);
        TRY(write_plain(path, s->gt.n ? (const char *)s->gt.data : "", s->gt.n, err));
        (void)snprintf(path, sizeof path, "%.2047s/%.63s/seqinfo.ini", r->e->out_dir, s->name);
        status = bytes_print(&info, "[Sequence]\nname=%s\nimDir=img1\nframeRate=%g\nseqLength=%u\nimWidth=%d\nimHeight=%d\nimExt=.jpg\n", s->name,
                             camera->fps, s->frames, camera->width_px, camera->height_px);
        if (status == TRUNDLE_OK)
            status = write_plain(path, info.data, info.n, err);
        bytes_done(&info);
        if (status != TRUNDLE_OK)
            return status;
    }
    return TRUNDLE_OK;
}

enum trundle_status sim_export_trip(struct sim_export *e, const char *path, struct trundle_error *err)
{
    struct cart_file *cart = calloc(1, sizeof *cart);
    struct reading r = { .e = e, .cart = cart };
    struct trip_reader *reader = NULL;
    struct bytes text = { 0 };
    struct trundle_message m;
    enum trundle_status status;
    bool frames = false;

    if (!cart)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    if (err)
        *err = (struct trundle_error){ 0 };
    TRY_GOTO(status, trip_open(path, &reader, err), out);
    TRY_GOTO(status, trip_attachment(reader, TRIP_CART_JSON, &text, err), out);
    TRY_GOTO(status, cart_file_parse(text.data, text.n, TRIP_CART_JSON, cart, err), out);
    TRY_GOTO(status, begin_sequences(&r, trip_head(reader)->seed, err), out);
    while ((status = trip_next(reader, &m, err)) == TRUNDLE_OK) {
        if (m.channel == TRUNDLE_CAM && m.sensor < cart->cameras_n) {
            frames = true;
            TRY_GOTO(status, take_frame(&r, &m, err), out);
        } else if (m.channel == TRUNDLE_TRUTH) {
            TRY_GOTO(status, take_truth(&r, &m, err), out);
        }
    }
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
    for (uint8_t c = 0; status == TRUNDLE_OK && c < cart->cameras_n; c++)
        status = settle(&r, c);
    if (status == TRUNDLE_OK && frames && !r.any_truth)
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "a suite with truth.frames 1 tells it", "has frames and no truth of what they show");
    if (status == TRUNDLE_OK)
        status = end_sequences(&r, err);
out:
    if (status != TRUNDLE_OK && err && !*err->what)
        (void)error_set(err, status, path, NULL, "cannot be exported: %s", trundle_status_text(status));
    for (int c = 0; c < TRUNDLE_CAMERAS_MAX; c++) {
        trundle__v1__truth__free_unpacked(r.camera[c].shown, NULL);
        bytes_done(&r.camera[c].gt);
    }
    bytes_done(&text);
    trip_free(reader);
    free(cart);
    return status;
}

static enum trundle_status print_coco(const struct sim_export *e, struct bytes *out)
{
    char key[TRUNDLE_PRODUCT_TEXT];

    TRY(bytes_print(out, "{\"info\":{\"description\":\"simulated by Trundle\"},\n\"images\":[\n"));
    TRY(bytes_append(out, e->images.n ? (const char *)e->images.data : "", e->images.n));
    TRY(bytes_print(out, "],\n\"annotations\":[\n"));
    TRY(bytes_append(out, e->annotations.n ? (const char *)e->annotations.data : "", e->annotations.n));
    TRY(bytes_print(out, "],\n\"categories\":[\n"));
    for (size_t i = 0; i < e->categories_n; i++)
        TRY(bytes_print(out, "%s{\"id\":%zu,\"name\":\"%s\"}", i ? ",\n" : "", i + 1,
                        e->category[i] ? trundle_product_text((struct trundle_product){ e->category[i] }, key) : "person"));
    return bytes_print(out, "]}\n");
}

enum trundle_status sim_export_finish(struct sim_export *e, struct trundle_error *err)
{
    char path[4096];
    struct bytes text = { 0 };
    enum trundle_status status = print_coco(e, &text);

    (void)snprintf(path, sizeof path, "%.2047s/coco.json", e->out_dir);
    if (status != TRUNDLE_OK)
        status = error_set(err, status, path, NULL, "no memory for the annotations");
    else
        status = file_write(path, text.data, text.n, err);
    bytes_done(&text);
    sim_export_abandon(e);
    return status;
}

void sim_export_abandon(struct sim_export *e)
{
    if (!e)
        return;
    bytes_done(&e->images);
    bytes_done(&e->annotations);
    free(e->category);
    free(e);
}
