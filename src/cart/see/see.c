/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Frames to episodes: decode, gate, background, track. What an episode means is report.c. */
#include "cart/see/see_inner.h"
#include "cart/see/see_model.h"

#include "base/std/hash.h"
#include "base/std/time.h"
#include "cart/calib/mask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { REFRESH_FRAMES = 5 };             /* idle frames between two full decodings for the background */
#define LEARN_RATE   0.05f
#define REST_SHARE   0.002f              /* of the watched cells: less motion than this is rest */
#define GAP_NS       (2 * NS_PER_S)      /* a hole in the frames after which the gate looks at them as new */
#define FAULT_NS     (5 * NS_PER_S)      /* how long lost frames are remembered */
#define MOVED_NS     (30 * NS_PER_S)     /* how long a moved camera is remembered */
#define WATCHED_LEAST 64                 /* quarter-size cells */

static enum trundle_status check(const struct cart_camera *camera, const struct see_config *config, struct trundle_error *err)
{
    if (camera->role != CART_CAMERA_BASKET)
        return error_set(err, TRUNDLE_BAD_INPUT, "see", NULL, "a scanner camera does not look into the basket");
    if (camera->width_px < 64 || camera->height_px < 48 || camera->width_px > SEE_WIDTH_MAX || camera->height_px > SEE_HEIGHT_MAX)
        return error_set(err, TRUNDLE_BAD_INPUT, "see", NULL, "a picture of %d x %d, possible is 64 x 48 to %d x %d", camera->width_px,
                         camera->height_px, SEE_WIDTH_MAX, SEE_HEIGHT_MAX);
    if (!(config->gate_sigma > 0) || !(config->gate_share > 0 && config->gate_share < 1) || config->still_ns < 1 ||
        config->longest_ns <= config->still_ns || config->arm_still_ns < config->still_ns || config->frozen_ns < 1 ||
        !(config->dark_luma >= 0 && config->dark_luma <= 255))
        return error_set(err, TRUNDLE_BAD_ARG, "see", NULL, "a field of the config is out of range");
    return TRUNDLE_OK;
}

static enum trundle_status make_room(struct see *see)
{
    size_t n = (size_t)see->camera.width_px * (size_t)see->camera.height_px;
    size_t scores = 2 * COMPARE_REGIONS * see_gallery_n(see->gallery);
    int qw = (see->camera.width_px + 3) / 4, qh = (see->camera.height_px + 3) / 4;

    see->keep = calloc(n, 1);
    see->quarter = calloc((size_t)qw * (size_t)qh, 1);
    see->rgb = calloc(n, 3);
    see->before = calloc(n, 3);
    see->empty = calloc(n, 3);
    see->crop = calloc(n, 1);
    see->slow = calloc(3 * n, sizeof *see->slow);
    see->scores = calloc(scores + 1, sizeof *see->scores);
    see->scratch = see_scratch_new();
    if (!see->keep || !see->quarter || !see->rgb || !see->before || !see->empty || !see->crop || !see->slow || !see->scores ||
        !see->scratch || !see_jpeg_init(&see->jpeg) || !gate_init(&see->gate, qw, qh) ||
        !compare_init(&see->compare, see->camera.width_px, see->camera.height_px, see->keep))
        return TRUNDLE_NO_MEMORY;
    return TRUNDLE_OK;
}

/* A quarter-size cell is watched when the mask keeps every one of its pixels. */
static size_t watch_cells(struct see *see)
{
    int w = see->camera.width_px, h = see->camera.height_px;

    memset(see->gate.watch, 1, see->gate.n);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            if (!see->keep[(size_t)y * (size_t)w + (size_t)x])
                see->gate.watch[(y / 4) * see->gate.w + x / 4] = 0;
    for (size_t i = 0; i < see->gate.n; i++)
        see->gate.watched += see->gate.watch[i];
    return see->gate.watched;
}

enum trundle_status see_new(const struct cart_camera *camera, const struct cart_basket *basket, const struct see_gallery *gallery,
                            const struct see_config *config, struct see **out, struct trundle_error *err)
{
    struct see *see;
    enum trundle_status status;

    if (!camera || !basket || !config || !out)
        return error_set(err, TRUNDLE_BAD_ARG, "see", NULL, "camera, basket, config or out is NULL");
    TRY(check(camera, config, err));
    see = calloc(1, sizeof *see);
    if (!see)
        return error_set(err, TRUNDLE_NO_MEMORY, "see", NULL, "no memory");
    see->camera = *camera;
    see->basket = *basket;
    see->config = *config;
    see->config.model = NULL;
    see->gallery = gallery;
    see->last_ns = see->moved_until_ns = see->lost_until_ns = INT64_MIN;
    if (config->model)
        see->model = *config->model;
    else
        TRY_GOTO(status, see_model_default(&see->model, err), out);
    status = make_room(see);
    if (status != TRUNDLE_OK) {
        (void)error_set(err, status, "see", NULL, "no memory for a camera of %d x %d", camera->width_px, camera->height_px);
        goto out;
    }
    TRY_GOTO(status, mask_make(camera, basket, see->keep, mask_bytes(camera), err), out);
    if (watch_cells(see) < WATCHED_LEAST) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "see", "pose and tolerance of the camera in the cart file",
                           "the camera sees next to nothing of the basket");
        goto out;
    }
    *out = see;
    return TRUNDLE_OK;
out:
    see_free(see);
    return status;
}

void see_free(struct see *see)
{
    if (!see)
        return;
    see_jpeg_done(&see->jpeg);
    gate_done(&see->gate);
    compare_done(&see->compare);
    see_scratch_free(see->scratch);
    free(see->keep);
    free(see->quarter);
    free(see->rgb);
    free(see->before);
    free(see->empty);
    free(see->crop);
    free(see->slow);
    free(see->scores);
    free(see);
}

static bool decode_full(struct see *see, const struct trundle_frame *f)
{
    bool ok;

    see_mark(see, SEE_DECODE, false);
    ok = see_jpeg_rgb(&see->jpeg, f->jpeg, f->jpeg_bytes, see->camera.width_px, see->camera.height_px, see->rgb);
    see_mark(see, SEE_DECODE, true);
    see->live.opened_frames += ok;
    return ok;
}

/* The background takes over `rgb` by a share of 1 / 2^shift; 0: at once. */
static void refresh(struct see *see, int shift)
{
    size_t n = 3 * (size_t)see->camera.width_px * (size_t)see->camera.height_px;

    if (shift == 0 || !see->has_slow)
        for (size_t i = 0; i < n; i++)
            see->slow[i] = (uint16_t)(see->rgb[i] << 8);
    else
        for (size_t i = 0; i < n; i++)
            see->slow[i] = (uint16_t)(see->slow[i] + (((see->rgb[i] << 8) - see->slow[i]) / (1 << shift)));
    see->has_slow = true;
}

static void keep_picture(const struct see *see, uint8_t *out)
{
    size_t n = 3 * (size_t)see->camera.width_px * (size_t)see->camera.height_px;

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)((see->slow[i] + 128) >> 8);
}

static void open_episode(struct see *see, const struct trundle_message *m)
{
    see->episode = (struct episode){ .open = true, .t0_ns = m->sensed_ns, .t1_ns = m->sensed_ns, .first_sequence = m->sequence,
                                     .last_sequence = m->sequence };
    keep_picture(see, see->before);
    see->live.open = true;
    see->live.episodes++;
}

static void follow(struct see *see, const struct trundle_message *m, const struct gate_view *v)
{
    struct episode *e = &see->episode;
    float share = (float)v->moved / (float)see->gate.watched;

    see_mark(see, SEE_TRACK, false);
    e->frames++;
    e->last_sequence = m->sequence;
    e->faults |= see->live.faults;
    if (share > REST_SHARE) {
        e->t1_ns = m->sensed_ns;
        e->rest_checked = e->arm = false;
    }
    if (v->changed > e->largest) {
        /* The way in ends with the largest frame: what was taken for going so far was still coming. */
        e->largest = v->changed;
        e->coming += e->going + (double)v->changed;
        e->coming_n += e->going_n + 1;
        e->going = 0;
        e->going_n = 0;
    } else if (share > REST_SHARE) {
        e->going += (double)v->changed;
        e->going_n++;
    }
    see_mark(see, SEE_TRACK, true);
}

/* The picture is what it is now: the start of the next "before". */
static void settle(struct see *see)
{
    refresh(see, 0);
    gate_learn(&see->gate, see->quarter, 1.0f);
    see->episode.open = false;
    see->live.open = false;
    see->idle_frames = 0;
}

static void close_episode(struct see *see, const struct trundle_message *m, const struct gate_view *v, bool forced)
{
    struct episode *e = &see->episode;
    /* A hole or darkness that ends as it began is nothing. */
    bool blink = e->frames < 2 && (float)v->changed < (float)see->config.gate_share * (float)see->gate.watched;

    if (!blink && !see_report(see, m->sensor, forced)) {
        see->moved_until_ns = m->sensed_ns + MOVED_NS;
        see->has_empty = false;
    }
    settle(see);
}

static void look_closer(struct see *see, const struct trundle_message *m, const struct gate_view *v)
{
    struct episode *e = &see->episode;
    int64_t rest = m->sensed_ns - e->t1_ns;
    bool differs = (float)v->changed >= (float)see->config.gate_share * (float)see->gate.watched;

    bool late = m->sensed_ns - e->t0_ns >= see->config.longest_ns;

    /* Only the pictures of the rest are needed in full. An arm that holds still is given more time. */
    if (!late && (rest < see->config.still_ns || (e->arm && rest < see->config.arm_still_ns)))
        return;
    if (!decode_full(see, &m->frame)) {
        see->live.bad_frames++;
        return;
    }
    if (!late && !e->rest_checked) {
        e->rest_checked = true;
        e->arm = see_arm_rests(see);
        if (e->arm)
            return;
    }
    see_mark(see, SEE_REGION, false);
    close_episode(see, m, v, rest < see->config.still_ns && differs);
    see_mark(see, SEE_REGION, true);
}

static void stay_idle(struct see *see, const struct trundle_message *m)
{
    gate_learn(&see->gate, see->quarter, LEARN_RATE);
    if (see->has_slow && ++see->idle_frames < REFRESH_FRAMES)
        return;
    if (!decode_full(see, &m->frame))
        return;
    refresh(see, 2);
    see->idle_frames = 0;
    if (!see->has_empty) {
        keep_picture(see, see->empty);
        see->has_empty = true;
    }
    see->live.ready = true;
}

/* Frames that come but say nothing: the same bytes for long. */
static void note_frozen(struct see *see, const struct trundle_message *m)
{
    uint64_t hash = hash64(m->frame.jpeg, m->frame.jpeg_bytes, 0);

    if (hash != see->last_hash || see->last_ns == INT64_MIN)
        see->same_since_ns = m->sensed_ns;
    else if (m->sensed_ns - see->same_since_ns >= see->config.frozen_ns) {
        see->live.frozen++;
        see->lost_until_ns = m->sensed_ns + FAULT_NS;
    }
    see->last_hash = hash;
}

static void set_fault(struct see *see, uint32_t bit, bool on)
{
    see->live.faults = on ? see->live.faults | bit : see->live.faults & ~bit;
}

static void note_times(struct see *see, const struct trundle_message *m)
{
    if (see->last_ns != INT64_MIN && m->sensed_ns - see->last_ns > GAP_NS) {
        see->gate.has_previous = false;
        see->lost_until_ns = m->sensed_ns + FAULT_NS;
    }
    set_fault(see, TRUNDLE_FAULT_FRAMES_LOST, m->sensed_ns < see->lost_until_ns);
    set_fault(see, TRUNDLE_FAULT_CAMERA_MOVED, m->sensed_ns < see->moved_until_ns);
}

static void bad_frame(struct see *see, const struct trundle_message *m, uint64_t *counter)
{
    (*counter)++;
    see->lost_until_ns = m->sensed_ns > INT64_MAX - FAULT_NS ? INT64_MAX : m->sensed_ns + FAULT_NS;
    see->live.faults |= TRUNDLE_FAULT_FRAMES_LOST;
}

static void push_frame(struct see *see, const struct trundle_message *m)
{
    struct gate_view v;
    int w, h;
    bool ok, differs;

    if (see->last_ns != INT64_MIN && m->sensed_ns <= see->last_ns) {
        see->live.late++;
        return;
    }
    if (!see_jpeg_size(&see->jpeg, m->frame.jpeg, m->frame.jpeg_bytes, SEE_WIDTH_MAX, &w, &h)) {
        bad_frame(see, m, &see->live.bad_frames);
        return;
    }
    if (w != see->camera.width_px || h != see->camera.height_px) {
        bad_frame(see, m, &see->live.wrong_size);
        return;
    }
    see_mark(see, SEE_DECODE, false);
    ok = see_jpeg_quarter(&see->jpeg, m->frame.jpeg, m->frame.jpeg_bytes, w, h, see->quarter);
    see_mark(see, SEE_DECODE, true);
    if (!ok) {
        bad_frame(see, m, &see->live.bad_frames);
        return;
    }
    note_frozen(see, m);
    note_times(see, m);
    see->last_ns = m->sensed_ns;
    see->live.frames++;
    see_mark(see, SEE_GATE, false);
    v = gate_look(&see->gate, see->quarter, (float)see->config.gate_sigma);
    see_mark(see, SEE_GATE, true);
    set_fault(see, TRUNDLE_FAULT_CAMERA_DARK, (double)v.luma < see->config.dark_luma);
    if (see->live.faults & TRUNDLE_FAULT_CAMERA_DARK) {
        see->episode.faults |= TRUNDLE_FAULT_CAMERA_DARK;
        see->episode.t1_ns = m->sensed_ns;
        return;
    }
    differs = see->gate.has_reference && (float)v.changed >= (float)see->config.gate_share * (float)see->gate.watched;
    if (!see->episode.open && differs && see->has_slow)
        open_episode(see, m);
    if (!see->episode.open) {
        stay_idle(see, m);
        return;
    }
    follow(see, m, &v);
    look_closer(see, m, &v);
}

void see_push(struct see *see, const struct trundle_message *m)
{
    if (m->channel == TRUNDLE_CAM)
        push_frame(see, m);
    else if (m->channel == TRUNDLE_DROP && m->drop.channel == TRUNDLE_CAM)
        see->lost_until_ns = m->sensed_ns > INT64_MAX - FAULT_NS ? INT64_MAX : m->sensed_ns + FAULT_NS;
}

enum trundle_status see_poll(struct see *see, struct trundle_evidence *out)
{
    if (!see->queue_n)
        return TRUNDLE_AGAIN;
    *out = see->queue[see->queue_first];
    see->last_look = see->look[see->queue_first];
    see->has_look = true;
    see->queue_first = (see->queue_first + 1) % SEE_EVIDENCE_QUEUE;
    see->queue_n--;
    return TRUNDLE_OK;
}

struct see_live see_live(const struct see *see)
{
    return see->live;
}

bool see_look(struct see *see, struct see_look *out)
{
    if (!see->has_look)
        return false;
    *out = see->last_look;
    see->has_look = false;
    return true;
}
