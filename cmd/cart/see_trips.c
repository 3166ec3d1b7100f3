/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Runs trips through see and finds for every piece of evidence what it really was. */
#include "cmd/cart/see_trips.h"

#include "base/std/time.h"
#include "base/trip/trip.h"
#include "cart/calib/cart_file.h"
#include "trundle.pb-c.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far evidence and event may lie apart in time, and region and true box in the picture. */
#define SLACK_NS MS_NS(400)
#define SLACK_PX 8.0f

struct true_box { uint8_t camera; uint32_t sequence; float x0, y0, x1, y1; };
struct true_event { size_t event; size_t boxes_n; struct true_box *box; };

struct trip_run {
    struct see_trips *all;
    uint32_t number;
    struct see *see[TRUNDLE_CAMERAS_MAX];
    struct see_gallery *gallery;
    size_t first_record;
    struct true_event *truth;
    size_t truth_n, truth_capacity;
};

/* Room for one more element of an array that doubles. */
static enum trundle_status grow(void **array, size_t n, size_t *capacity, size_t size)
{
    void *more;

    if (n < *capacity)
        return TRUNDLE_OK;
    more = realloc(*array, (*capacity ? 2 * *capacity : 64) * size);
    if (!more)
        return TRUNDLE_NO_MEMORY;
    *array = more;
    *capacity = *capacity ? 2 * *capacity : 64;
    return TRUNDLE_OK;
}

static enum trundle_status load_gallery(const char *trip_path, const char *store, struct see_gallery **out, struct trundle_error *err)
{
    const char *slash = strrchr(trip_path, '/');
    int dir = slash ? (int)(slash - trip_path) : 1;
    char path[SEE_PATH];
    struct bytes b = { 0 };
    struct see_pictures pictures = { 0 };
    enum trundle_status status;

    (void)snprintf(path, sizeof path, "%.*s/stores/%s/gallery.bin", dir, slash ? trip_path : ".", store);
    if (file_read(path, 64 << 20, &b, err) == TRUNDLE_OK) {
        status = see_gallery_parse(b.data, b.n, path, out, err);
        bytes_done(&b);
        return status;
    }
    (void)snprintf(path, sizeof path, "%.*s/stores/%s/enrol", dir, slash ? trip_path : ".", store);
    status = see_pictures_folder(&pictures, path, err);
    if (status == TRUNDLE_OK)
        status = see_gallery_from_pictures(pictures.row, pictures.n, &(struct see_gallery_config)SEE_GALLERY_CONFIG_DEFAULT, out, err);
    see_pictures_done(&pictures);
    if (status != TRUNDLE_OK)
        return status;
    /* Kept, so that the next trip of this store starts at once. A folder that cannot be written only costs time. */
    (void)snprintf(path, sizeof path, "%.*s/stores/%s/gallery.bin", dir, slash ? trip_path : ".", store);
    if (see_gallery_print(*out, &b) == TRUNDLE_OK)
        if (file_write(path, b.data, b.n, NULL) != TRUNDLE_OK)
            fprintf(stderr, "trundle see: %s is not kept\n", path);
    bytes_done(&b);
    return TRUNDLE_OK;
}

static enum trundle_status add_truth(struct trip_run *run, const uint8_t *bytes, size_t n)
{
    Trundle__V1__Truth *t = trundle__v1__truth__unpack(NULL, n, bytes);
    const Trundle__V1__TruthEvent *e;
    struct see_happened *event;
    struct true_event *truth;
    enum trundle_status status = TRUNDLE_OK;

    if (!t)
        return TRUNDLE_BAD_INPUT;
    if (t->what_case != TRUNDLE__V1__TRUTH__WHAT_EVENT || t->event->kind >= SEE_KINDS)
        goto out;
    e = t->event;
    TRY_GOTO(status, grow((void **)&run->all->event, run->all->events_n, &run->all->events_capacity, sizeof *run->all->event), out);
    TRY_GOTO(status, grow((void **)&run->truth, run->truth_n, &run->truth_capacity, sizeof *run->truth), out);
    event = &run->all->event[run->all->events_n];
    *event = (struct see_happened){ .kind = (enum trundle_event_kind)e->kind, .product = { e->product }, .trip = run->number };
    event->t0_ns = e->kind == TRUNDLE_EVENT_PUT ? e->t_cross_ns : e->t_lift_ns;
    event->t1_ns = e->kind == TRUNDLE_EVENT_TAKE ? e->t_cross_ns : e->t_release_ns;
    event->end_ns = e->kind == TRUNDLE_EVENT_PUT ? e->t_settle_ns : event->t1_ns;
    truth = &run->truth[run->truth_n];
    *truth = (struct true_event){ .event = run->all->events_n };
    truth->box = calloc(e->n_boxes + 1, sizeof *truth->box);
    if (!truth->box) {
        status = TRUNDLE_NO_MEMORY;
        goto out;
    }
    for (size_t i = 0; i < e->n_boxes; i++)
        truth->box[truth->boxes_n++] = (struct true_box){ (uint8_t)e->boxes[i]->camera, e->boxes[i]->frame_sequence, e->boxes[i]->x_px,
                                                          e->boxes[i]->y_px, e->boxes[i]->x_px + e->boxes[i]->w_px,
                                                          e->boxes[i]->y_px + e->boxes[i]->h_px };
    run->all->events_n++;
    run->truth_n++;
out:
    trundle__v1__truth__free_unpacked(t, NULL);
    return status;
}

/* Share of the smaller of two boxes that lies in the other. */
static float overlap(const float a[4], const struct true_box *b)
{
    float w = fminf(a[2], b->x1 + SLACK_PX) - fmaxf(a[0], b->x0 - SLACK_PX), h = fminf(a[3], b->y1 + SLACK_PX) - fmaxf(a[1], b->y0 - SLACK_PX);
    float least = fminf((a[2] - a[0]) * (a[3] - a[1]), (b->x1 - b->x0) * (b->y1 - b->y0));

    return w > 0 && h > 0 && least > 0 ? w * h / least : 0;
}

/* Is the region where the item lay: after a put or move its last box, before a take or move its first one? */
static bool is_there(const struct true_event *t, uint8_t camera, enum trundle_event_kind kind, const float box[4])
{
    const struct true_box *first = NULL, *last = NULL;

    for (size_t i = 0; i < t->boxes_n; i++)
        if (t->box[i].camera == camera) {
            first = first ? first : &t->box[i];
            last = &t->box[i];
        }
    if (!first)
        return false;
    if (kind != TRUNDLE_EVENT_TAKE && overlap(box, last) > 0.5f)
        return true;
    return kind != TRUNDLE_EVENT_PUT && overlap(box, first) > 0.5f;
}

static void explain(struct trip_run *run, struct see_record *r)
{
    int64_t best = INT64_MAX;

    r->event = r->place = -1;
    for (size_t i = 0; i < run->truth_n; i++) {
        const struct see_happened *e = &run->all->event[run->truth[i].event];
        int64_t off = llabs(e->t1_ns / 2 + e->t0_ns / 2 - r->evidence.t0_ns / 2 - r->evidence.t1_ns / 2);

        if (e->t0_ns > r->evidence.t1_ns + SLACK_NS || e->t1_ns < r->evidence.t0_ns - SLACK_NS || off >= best)
            continue;
        if (r->look.box_px[2] > 0 && !is_there(&run->truth[i], r->camera, e->kind, r->look.box_px))
            continue;
        best = off;
        r->event = (long)run->truth[i].event;
        r->kind = e->kind;
    }
    if (r->event < 0)
        return;
    for (size_t i = 0; i < see_gallery_n(run->gallery); i++)
        if (see_gallery_product(run->gallery, i).key == run->all->event[r->event].product.key)
            r->place = (long)i;
}

static enum trundle_status collect(struct trip_run *run, uint8_t camera)
{
    struct see_trips *all = run->all;
    struct trundle_evidence evidence;

    while (see_poll(run->see[camera], &evidence) == TRUNDLE_OK) {
        struct see_record *r, *last = all->records_n > run->first_record ? &all->record[all->records_n - 1] : NULL;

        TRY(grow((void **)&all->record, all->records_n, &all->records_capacity, sizeof *all->record));
        r = &all->record[all->records_n];
        last = last ? r - 1 : NULL;
        *r = (struct see_record){ .trip = run->number, .camera = camera, .evidence = evidence };
        if (!see_look(run->see[camera], &r->look))
            continue;
        r->twin = last && last->camera == camera && last->look.t0_ns == r->look.t0_ns && r->look.box_px[2] > 0 &&
                  !memcmp(last->look.box_px, r->look.box_px, sizeof r->look.box_px);
        if (r->look.embedded && see_gallery_n(run->gallery)) {
            r->products = see_gallery_n(run->gallery);
            r->score = calloc(r->products, sizeof *r->score);
            if (!r->score)
                return TRUNDLE_NO_MEMORY;
            see_gallery_scores(run->gallery, r->look.embedding, r->score);
        }
        all->records_n++;
    }
    return TRUNDLE_OK;
}

static enum trundle_status push(struct trip_run *run, const struct trundle_message *m)
{
    struct see_trips *all = run->all;
    int64_t from;
    bool open;

    if (m->sensor >= TRUNDLE_CAMERAS_MAX || !run->see[m->sensor])
        return TRUNDLE_OK;
    from = clock_thread_cpu_ns();
    open = see_live(run->see[m->sensor]).open;
    see_push(run->see[m->sensor], m);
    open = open || see_live(run->see[m->sensor]).open;
    if (m->channel == TRUNDLE_CAM) {
        *(open ? &all->open_cpu_s : &all->shut_cpu_s) += ns_s(clock_thread_cpu_ns() - from);
        *(open ? &all->open_frames : &all->shut_frames) += 1;
    }
    return collect(run, m->sensor);
}

static enum trundle_status start(struct trip_run *run, struct trip_reader *reader, const char *path, const struct see_model *model, struct trundle_error *err)
{
    struct bytes b = { 0 };
    struct cart_file *cart = calloc(1, sizeof *cart);
    struct see_config config = SEE_CONFIG_DEFAULT;
    enum trundle_status status;

    if (!cart)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    TRY_GOTO(status, load_gallery(path, trip_head(reader)->store, &run->gallery, err), out);
    TRY_GOTO(status, trip_attachment(reader, TRIP_CART_JSON, &b, err), out);
    TRY_GOTO(status, cart_file_parse(b.data, b.n, TRIP_CART_JSON, cart, err), out);
    config.model = model;
    for (uint8_t i = 0; i < cart->cameras_n; i++)
        if (cart->camera[i].role == CART_CAMERA_BASKET) {
            TRY_GOTO(status, see_new(&cart->camera[i], &cart->basket, run->gallery, &config, &run->see[i], err), out);
            run->all->cameras++;
        }
out:
    bytes_done(&b);
    free(cart);
    return status;
}

enum trundle_status see_trips_add(struct see_trips *t, const char *path, const struct see_model *model, struct trundle_error *err)
{
    struct trip_run run = { .all = t, .number = t->events_n ? t->event[t->events_n - 1].trip + 1 : 0, .first_record = t->records_n };
    struct trip_reader *reader = NULL;
    struct trundle_message m = { .log_ns = 0 };
    int64_t end_ns = 0;
    enum trundle_status status;

    TRY(trip_open(path, &reader, err));
    TRY_GOTO(status, start(&run, reader, path, model, err), out);
    while ((status = trip_next(reader, &m, err)) == TRUNDLE_OK) {
        end_ns = m.log_ns;
        if (m.channel == TRUNDLE_TRUTH)
            status = add_truth(&run, m.truth.bytes, m.truth.bytes_n);
        else if (m.channel == TRUNDLE_CAM || (m.channel == TRUNDLE_DROP && m.drop.channel == TRUNDLE_CAM))
            status = push(&run, &m);
        if (status != TRUNDLE_OK) {
            (void)error_set(err, status, path, NULL, "truth that is none, or no memory");
            goto out;
        }
    }
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
    t->trip_s += ns_s(end_ns);
    for (size_t i = run.first_record; i < t->records_n; i++)
        explain(&run, &t->record[i]);
    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        if (run.see[i])
            t->bad_frames += see_live(run.see[i]).bad_frames;
out:
    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        see_free(run.see[i]);
    for (size_t i = 0; i < run.truth_n; i++)
        free(run.truth[i].box);
    free(run.truth);
    see_gallery_free(run.gallery);
    trip_free(reader);
    return status;
}

void see_trips_done(struct see_trips *t)
{
    for (size_t i = 0; i < t->records_n; i++)
        free(t->record[i].score);
    free(t->record);
    free(t->event);
    *t = (struct see_trips){ 0 };
}
