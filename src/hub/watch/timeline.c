/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A trip file as the player's JSON: one pass over its messages; with another mind a second cart is driven beside (timeline.h). */
#include "base/std/list.h"
#include "base/std/status.h"
#include "base/std/time.h"
#include "base/trip/codec.h"
#include "base/trip/trip.h"
#include "cart/calib/cells.h"
#include "hub/watch/timeline_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_MAX = 8000000 };
#define GRAVITY 9.80665

struct cell_sample { int64_t t_ns; float g[TRUNDLE_CELLS_MAX]; };
struct jolt_sample { int64_t t_ns; float jolt; };

struct reading {
    struct trip_reader *reader;
    struct cart_file cart;
    bool has_cart;
    struct catalog *catalog;
    struct trundle *mind;                  /* NULL: what was recorded */
    struct timeline_truth *truth;
    struct cell_sample *cell;
    struct jolt_sample *jolt;
    size_t cells_n, cells_room, jolts_n, jolts_room;
    int cell_count;
    int64_t end_ns;
    json_t *root, *camera[TRUNDLE_CAMERAS_MAX], *codes, *touches, *beliefs, *decisions, *faults, *drops, *cut;
    bool full;                             /* a value found no memory */
};

const char *timeline_event_kind(enum trundle_event_kind kind)
{
    static const char *const name[] = { "nothing", "put", "take", "move" };

    return (unsigned)kind < COUNT_OF(name) ? name[kind] : "other";
}

json_t *timeline_product(json_t *root, const struct catalog *catalog, struct trundle_product product)
{
    const struct catalog_product *p = catalog ? catalog_find(catalog, product) : NULL;
    char text[TRUNDLE_PRODUCT_TEXT];

    (void)trundle_product_text(product, text);
    if (p && json_object_set_new_nocheck(json_object_get(root, "names"), text, json_string(p->name)) != 0)
        return NULL;
    return json_string(text);
}

static json_t *real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* Appends to a list that has an end; `name` is told once when it is reached. */
static void append(struct reading *r, json_t *list, const char *name, size_t most, json_t *value)
{
    if (json_array_size(list) < most) {
        r->full |= json_array_append_new(list, value) != 0;
        return;
    }
    json_decref(value);
    for (size_t i = 0; i < json_array_size(r->cut); i++)
        if (!strcmp(json_string_value(json_array_get(r->cut, i)), name))
            return;
    r->full |= json_array_append_new(r->cut, json_string(name)) != 0;
}

static void on_cell(struct reading *r, const struct trundle_message *m)
{
    struct cell_sample s = { .t_ns = m->sensed_ns };

    if (r->cells_n == SAMPLES_MAX || !list_grow((void **)&r->cell, sizeof *r->cell, r->cells_n, &r->cells_room)) {
        r->full |= r->cells_n < SAMPLES_MAX;
        return;
    }
    r->cell_count = m->cell.n > r->cell_count ? m->cell.n : r->cell_count;
    for (int i = 0; i < TRUNDLE_CELLS_MAX; i++)
        s.g[i] = i >= m->cell.n || m->cell.raw[i] == TRUNDLE_CELL_NONE ? NAN
                 : r->has_cart && i < r->cart.cells.n                   ? (float)cells_mass_g(&r->cart.cells.cell[i], m->cell.raw[i])
                                                                        : (float)m->cell.raw[i];
    r->cell[r->cells_n++] = s;
}

static void on_imu(struct reading *r, const struct trundle_message *m)
{
    const float *a = m->imu.accel_ms2;
    double size = sqrt((double)a[0] * (double)a[0] + (double)a[1] * (double)a[1] + (double)a[2] * (double)a[2]);

    if (!isfinite(size) || r->jolts_n == SAMPLES_MAX)
        return;
    if (!list_grow((void **)&r->jolt, sizeof *r->jolt, r->jolts_n, &r->jolts_room)) {
        r->full = true;
        return;
    }
    r->jolt[r->jolts_n++] = (struct jolt_sample){ m->sensed_ns, (float)fabs(size - GRAVITY) };
}

static void on_code(struct reading *r, const struct trundle_message *m)
{
    static const char *const source[] = { "scanner", "camera", "typed" };
    static const char *const symbology[] = { "unknown", "ean13", "ean8", "upca", "upce", "databar", "databar_expanded", "code128", "qr", "other" };
    char text[TRUNDLE_CODE_TEXT];
    size_t n = 0;

    for (; n < m->code.text_bytes && n < sizeof text - 1; n++)         /* separators and stray bytes as one visible character */
        text[n] = m->code.text[n] >= 0x20 && m->code.text[n] < 0x7f ? m->code.text[n] : '|';
    text[n] = '\0';
    append(r, r->codes, "codes", TIMELINE_ITEMS, json_pack("{s:f,s:s,s:s,s:s}", "t_s", ns_s(m->sensed_ns), "source", (unsigned)m->code.source < COUNT_OF(source) ? source[m->code.source] : "other",
           "symbology", (unsigned)m->code.symbology < COUNT_OF(symbology) ? symbology[m->code.symbology] : "other", "text", text));
}

static void on_touch(struct reading *r, const struct trundle_message *m)
{
    static const char *const kind[] = { "", "answer", "wrong", "remove", "count", "plu", "plu_cancel", "pay", "resume", "paid", "help", "staff", "member" };

    append(r, r->touches, "touches", TIMELINE_ITEMS, json_pack("{s:f,s:s,s:I,s:o,s:i}", "t_s", ns_s(m->sensed_ns), "kind", (unsigned)m->touch.kind < COUNT_OF(kind) ? kind[m->touch.kind] : "other",
           "ref", (json_int_t)m->touch.ref, "product", timeline_product(r->root, r->catalog, m->touch.product), "count", m->touch.count));
}

static json_t *alternatives(struct reading *r, const struct trundle_alternative *list, size_t n)
{
    json_t *out = json_array();

    for (size_t i = 0; i < n; i++)
        r->full |= json_array_append_new(out, json_pack("{s:s,s:o,s:i,s:f}", "kind", timeline_event_kind(list[i].kind), "product", timeline_product(r->root, r->catalog, list[i].product), "count",
                                                        list[i].count, "p", (double)list[i].p)) != 0;
    return out;
}

static void on_belief(struct reading *r, const struct trundle_message *m)
{
    const struct trundle_belief *b = &m->belief;

    append(r, r->beliefs, "beliefs", TIMELINE_ITEMS, json_pack("{s:f,s:I,s:o,s:o}", "t_s", ns_s(m->log_ns), "event", (json_int_t)b->event, "basket_p", real((double)b->basket_p), "alternatives",
                                                                alternatives(r, b->alternatives, b->alternatives_n)));
}

static void on_decision(struct reading *r, const struct trundle_message *m)
{
    static const char *const kind[] = { "", "add", "change", "remove", "ask", "rescan", "withdraw", "phase", "price", "audit", "weighing" };
    static const char *const phase[] = { "shopping", "paying", "paid", "staff" };
    const struct trundle_decision *d = &m->decision;
    json_t *o = json_pack("{s:f,s:f,s:I,s:s,s:I,s:I,s:I,s:s,s:o,s:i}", "t_s", ns_s(d->t_ns), "t_event_s", ns_s(d->t_event_ns), "id", (json_int_t)d->id, "kind",
                          (unsigned)d->kind < COUNT_OF(kind) ? kind[d->kind] : "other", "event", (json_int_t)d->event, "line", (json_int_t)d->line, "question", (json_int_t)d->question,
                          "event_kind", timeline_event_kind(d->event_kind), "product", timeline_product(r->root, r->catalog, d->product), "count", d->count);

    timeline_truth_decision(r->truth, d);
    r->full |= json_object_set_new(o, "weight_mg", json_integer(d->weight_mg)) | json_object_set_new(o, "line_cents", json_integer(d->line_cents)) |
               json_object_set_new(o, "total_cents", json_integer(d->total_cents)) | json_object_set_new(o, "p", real((double)d->p)) |
               json_object_set_new(o, "cost", real((double)d->cost)) | json_object_set_new(o, "mass_g", real((double)d->mass_g)) |
               json_object_set_new(o, "phase", json_string((unsigned)d->phase < COUNT_OF(phase) ? phase[d->phase] : "other")) |
               json_object_set_new(o, "options", alternatives(r, d->options, d->options_n));
    append(r, r->decisions, "decisions", TIMELINE_ITEMS, o);
}

static void on_evidence(struct reading *r, const struct trundle_message *m)
{
    static const char *const sense[] = { "", "weigh", "see", "scan" };
    static const char *const fault[] = { "cell_dead", "cell_stuck", "cell_saturated", "camera_dark", "camera_moved", "frames_lost" };
    json_t *list;

    if (!m->evidence.faults)
        return;
    list = json_array();
    for (size_t i = 0; i < COUNT_OF(fault); i++)
        if (m->evidence.faults & 1u << i)
            r->full |= json_array_append_new(list, json_string(fault[i])) != 0;
    append(r, r->faults, "faults", TIMELINE_ITEMS, json_pack("{s:f,s:s,s:i,s:o}", "t_s", ns_s(m->evidence.t1_ns), "sense", (unsigned)m->evidence.sense < COUNT_OF(sense) ? sense[m->evidence.sense] : "other",
                                                             "sensor", m->evidence.sensor, "faults", list));
}

static void on_drop(struct reading *r, const struct trundle_message *m)
{
    const char *topic = codec_topic(m->drop.channel);

    append(r, r->drops, "drops", TIMELINE_ITEMS, json_pack("{s:f,s:s,s:i,s:I}", "t_s", ns_s(m->log_ns), "channel", topic ? topic : "", "sensor", m->sensor, "count", (json_int_t)m->drop.count));
}

static enum trundle_status think(struct reading *r, const struct trundle_message *m, struct trundle_error *err)
{
    struct trundle_message out;
    enum trundle_status status;

    if (m->channel != TRUNDLE_CODE && m->channel != TRUNDLE_TOUCH && m->channel != TRUNDLE_TICK && m->channel != TRUNDLE_LOC && m->channel != TRUNDLE_EVIDENCE && m->channel != TRUNDLE_DROP)
        return TRUNDLE_OK;
    status = trundle_push(r->mind, m, err);
    if (status != TRUNDLE_OK && status != TRUNDLE_BAD_INPUT)         /* a code that means nothing is counted by the cart */
        return status;
    while (trundle_poll(r->mind, &out) == TRUNDLE_OK) {
        if (out.channel == TRUNDLE_BELIEF)
            on_belief(r, &out);
        else if (out.channel == TRUNDLE_DECISION)
            on_decision(r, &out);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take(struct reading *r, const struct trundle_message *m, struct trundle_error *err)
{
    r->end_ns = m->log_ns > r->end_ns ? m->log_ns : r->end_ns;
    switch (m->channel) {
    case TRUNDLE_CELL:
        on_cell(r, m);
        break;
    case TRUNDLE_IMU:
        on_imu(r, m);
        break;
    case TRUNDLE_CAM:
        if (m->sensor < TRUNDLE_CAMERAS_MAX)
            append(r, r->camera[m->sensor], "cameras", TIMELINE_FRAMES, json_real(ns_s(m->sensed_ns)));
        break;
    case TRUNDLE_CODE:
        on_code(r, m);
        break;
    case TRUNDLE_TOUCH:
        on_touch(r, m);
        break;
    case TRUNDLE_BELIEF:
        if (!r->mind)
            on_belief(r, m);
        break;
    case TRUNDLE_DECISION:
        if (!r->mind)
            on_decision(r, m);
        break;
    case TRUNDLE_EVIDENCE:
        on_evidence(r, m);
        break;
    case TRUNDLE_DROP:
        on_drop(r, m);
        break;
    case TRUNDLE_TRUTH:
        timeline_truth_add(r->truth, m->truth.bytes, m->truth.bytes_n);
        break;
    default:
        break;
    }
    return r->mind ? think(r, m, err) : TRUNDLE_OK;
}

/* Samples into at most TIMELINE_POINTS equal steps of time: the mean of each cell. */
static json_t *print_cells(struct reading *r)
{
    json_t *t = json_array(), *g[TRUNDLE_CELLS_MAX], *list = json_array(), *sum = json_array();
    size_t step = (r->cells_n + TIMELINE_POINTS - 1) / TIMELINE_POINTS, i = 0;

    for (int c = 0; c < r->cell_count; c++)
        r->full |= json_array_append(list, g[c] = json_array()) != 0;
    while (i < r->cells_n) {
        double mean[TRUNDLE_CELLS_MAX] = { 0 }, all = 0;
        int n[TRUNDLE_CELLS_MAX] = { 0 };
        size_t from = i;

        for (; i < r->cells_n && i - from < step; i++)
            for (int c = 0; c < r->cell_count; c++)
                if (!isnan(r->cell[i].g[c])) {
                    mean[c] += (double)r->cell[i].g[c];
                    n[c]++;
                }
        r->full |= json_array_append_new(t, json_real(ns_s(r->cell[from].t_ns + (r->cell[i - 1].t_ns - r->cell[from].t_ns) / 2))) != 0;
        for (int c = 0; c < r->cell_count; c++) {
            double v = n[c] ? round(mean[c] / n[c] * 10) / 10 : (double)NAN;

            all += v;
            r->full |= json_array_append_new(g[c], real(v)) != 0;
        }
        r->full |= json_array_append_new(sum, real(round(all * 10) / 10)) != 0;
    }
    for (int c = 0; c < r->cell_count; c++)
        json_decref(g[c]);
    return json_pack("{s:s,s:o,s:o,s:o}", "unit", r->has_cart ? "g" : "counts", "t_s", t, "g", list, "sum_g", sum);
}

static json_t *print_imu(struct reading *r)
{
    json_t *t = json_array(), *jolt = json_array();
    size_t step = (r->jolts_n + TIMELINE_POINTS - 1) / TIMELINE_POINTS, i = 0;

    while (i < r->jolts_n) {
        size_t from = i;
        float most = 0;

        for (; i < r->jolts_n && i - from < step; i++)
            most = fmaxf(most, r->jolt[i].jolt);
        r->full |= json_array_append_new(t, json_real(ns_s(r->jolt[from].t_ns + (r->jolt[i - 1].t_ns - r->jolt[from].t_ns) / 2))) |
                   json_array_append_new(jolt, json_real(round((double)most * 1000) / 1000));
    }
    return json_pack("{s:o,s:o}", "t_s", t, "jolt", jolt);
}

static enum trundle_status prepare(struct reading *r, const char *path, const struct timeline_mind *mind, bool *out_whole, struct trundle_error *err)
{
    struct bytes cart = { 0 }, catalog = { 0 };
    enum trundle_status status = trip_open(path, &r->reader, err);

    *out_whole = status == TRUNDLE_OK;
    if (status == TRUNDLE_TRUNCATED)
        status = trip_open_damaged(path, &r->reader, err);
    if (status != TRUNDLE_OK)
        return status;
    if (trip_attachment(r->reader, TRIP_CART_JSON, &cart, NULL) == TRUNDLE_OK)
        r->has_cart = cart_file_parse(cart.data, cart.n, TRIP_CART_JSON, &r->cart, NULL) == TRUNDLE_OK;
    if (trip_attachment(r->reader, TRIP_CATALOG_JSON, &catalog, NULL) == TRUNDLE_OK && catalog_from_json(catalog.data, catalog.n, TRIP_CATALOG_JSON, &r->catalog, NULL) != TRUNDLE_OK)
        r->catalog = NULL;
    if (mind) {
        struct trundle_setup setup = { .cart_json = { (const char *)cart.data, cart.n }, .catalog_json = { (const char *)catalog.data, catalog.n }, .fuse_json = mind->fuse_json,
                                       .costs_json = mind->costs_json, .start_wall_ns = trip_head(r->reader)->start_wall_ns };

        status = cart.n && catalog.n ? trundle_open(&setup, &r->mind, err)
                                     : error_set(err, TRUNDLE_BAD_INPUT, path, "see the trip as recorded", "the trip has no %s to open a cart with", cart.n ? TRIP_CATALOG_JSON : TRIP_CART_JSON);
    }
    bytes_done(&cart);
    bytes_done(&catalog);
    if (status == TRUNDLE_OK)
        status = timeline_truth_new(trip_head(r->reader)->start_wall_ns, r->has_cart ? r->cart.scale.e_g : 5, &r->truth, err);
    return status;
}

static bool lists_new(struct reading *r)
{
    json_t **list[] = { &r->codes, &r->touches, &r->beliefs, &r->decisions, &r->faults, &r->drops, &r->cut };
    static const char *const name[] = { "codes", "touches", "beliefs", "decisions", "faults", "drops", "cut" };
    bool bad = !(r->root = json_object()) || json_object_set_new(r->root, "names", json_object()) != 0;

    for (size_t i = 0; i < COUNT_OF(list); i++)
        bad |= json_object_set_new(r->root, name[i], *list[i] = json_array()) != 0;      /* the root owns them */
    for (size_t i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        bad |= !(r->camera[i] = json_array());
    return !bad;
}

static void print_head(struct reading *r, bool whole)
{
    const struct trip_head *h = trip_head(r->reader);
    json_t *cameras = json_array();

    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        if (json_array_size(r->camera[i]))
            r->full |= json_array_append_new(cameras, json_pack("{s:i,s:O}", "camera", i, "t_s", r->camera[i])) != 0;
    r->full |= json_object_set_new(r->root, "trip", json_pack("{s:s,s:s,s:I,s:s,s:I,s:f,s:b}", "store", h->store, "suite", h->suite, "seed", (json_int_t)h->seed, "build", h->build, "start_ns",
                                                              (json_int_t)h->start_wall_ns, "duration_s", ns_s(r->end_ns), "whole", whole)) |
               json_object_set_new(r->root, "cells", print_cells(r)) | json_object_set_new(r->root, "imu", print_imu(r)) | json_object_set_new(r->root, "cameras", cameras);
}

static enum trundle_status print(const char *path, const struct timeline_mind *mind, json_t **out, struct trundle_error *err)
{
    struct reading *r = calloc(1, sizeof *r);
    struct trundle_message m;
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    bool whole = false;

    if (!r || !lists_new(r))
        goto out;
    TRY_GOTO(status, prepare(r, path, mind, &whole, err), out);
    while ((status = trip_next(r->reader, &m, err)) == TRUNDLE_OK)
        TRY_GOTO(status, take(r, &m, err), out);
    if (status != TRUNDLE_END)
        goto out;
    print_head(r, whole);
    TRY_GOTO(status, timeline_truth_print(r->truth, r->catalog, r->root, err), out);
    status = r->full ? TRUNDLE_NO_MEMORY : TRUNDLE_OK;
out:
    if (status == TRUNDLE_NO_MEMORY)
        (void)error_set(err, status, path, NULL, "no memory for the time line");
    if (r) {
        if (status == TRUNDLE_OK)
            *out = json_incref(r->root);
        json_decref(r->root);
        for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
            json_decref(r->camera[i]);
        timeline_truth_free(r->truth);
        trundle_close(r->mind);
        catalog_free(r->catalog);
        trip_free(r->reader);
        free(r->cell);
        free(r->jolt);
    }
    free(r);
    return status;
}

enum trundle_status timeline_json(const char *path, json_t **out, struct trundle_error *err)
{
    return print(path, NULL, out, err);
}

enum trundle_status timeline_mind_json(const char *path, const struct timeline_mind *mind, json_t **out, struct trundle_error *err)
{
    return print(path, mind, out, err);
}

enum trundle_status timeline_frame(const char *path, unsigned camera, size_t n, struct bytes *out_jpeg, struct trundle_error *err)
{
    struct trip_reader *reader = NULL;
    struct trundle_message m;
    enum trundle_status status = trip_open(path, &reader, err);

    if (status == TRUNDLE_TRUNCATED)
        status = trip_open_damaged(path, &reader, err);
    if (status != TRUNDLE_OK)
        return status;
    for (size_t at = 0; (status = trip_next(reader, &m, err)) == TRUNDLE_OK;)
        if (m.channel == TRUNDLE_CAM && m.sensor == camera && at++ == n) {
            status = bytes_append(out_jpeg, m.frame.jpeg, m.frame.jpeg_bytes);
            break;
        }
    if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, path, NULL, "there is no frame %zu of camera %u", n, camera);
    trip_free(reader);
    return status;
}
