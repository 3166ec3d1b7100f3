/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One pass down the columns of the id buffer gives all masks and boxes at once. */
#include "lab/sim/frame_truth.h"

#include "lab/sim/rle.h"

#include "base/std/bytes.h"
#include "base/std/hash.h"
#include "base/std/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IDS = 256 };

struct object {
    bool     here;
    int      x0, y0, x1, y1;
    uint32_t visible_px, end;              /* end of the last run, in pixels down the columns */
    struct { uint32_t *count; size_t n, room; } runs;      /* owned; zeros, ones, zeros, ones ... */
    struct bytes rle;
};

struct frame_truth {
    int w, h;
    bool told, out_of_memory;
    uint64_t last;                         /* of what the last frame showed */
    struct object object[IDS];
    Trundle__V1__TruthObject message[SIM_SOLIDS_MAX], *message_at[SIM_SOLIDS_MAX];
    float pose[SIM_SOLIDS_MAX][7];
};

enum trundle_status frame_truth_new(int w, int h, struct frame_truth **out)
{
    struct frame_truth *t = calloc(1, sizeof *t);

    if (!t)
        return TRUNDLE_NO_MEMORY;
    t->w = w;
    t->h = h;
    *out = t;
    return TRUNDLE_OK;
}

static bool add_run(struct frame_truth *t, struct object *o, uint32_t count)
{
    if (!list_grow((void **)&o->runs.count, sizeof *o->runs.count, o->runs.n, &o->runs.room)) {
        t->out_of_memory = true;
        return false;
    }
    o->runs.count[o->runs.n++] = count;
    return true;
}

/* Pixels [from, to) down column x belong to the object. Runs of neighbouring columns may touch. */
static void add_stretch(struct frame_truth *t, struct object *o, int x, int y0, int y1)
{
    uint32_t from = (uint32_t)(x * t->h + y0), to = (uint32_t)(x * t->h + y1);

    if (!o->here) {
        o->here = true;
        o->x0 = x;
        o->y0 = y0;
        o->y1 = y1;
        o->visible_px = o->end = 0;
        o->runs.n = 0;
    }
    o->x1 = x + 1;
    o->y0 = y0 < o->y0 ? y0 : o->y0;
    o->y1 = y1 > o->y1 ? y1 : o->y1;
    o->visible_px += to - from;
    if (o->runs.n && from == o->end)
        o->runs.count[o->runs.n - 1] += to - from;
    else if (!add_run(t, o, from - o->end) || !add_run(t, o, to - from))
        return;
    o->end = to;
}

static void read_ids(struct frame_truth *t, const uint8_t *id, const uint8_t *mask)
{
    size_t w = (size_t)t->w;

    for (int i = 0; i < IDS; i++)
        t->object[i].here = false;
    for (int x = 0; x < t->w; x++) {
        const uint8_t *column = id + x, *open = mask ? mask + x : NULL;
        int y = 0;

        while (y < t->h) {
            uint8_t what = !open || open[(size_t)y * w] ? column[(size_t)y * w] : 0;
            int from = y++;

            while (y < t->h && (!open || open[(size_t)y * w] ? column[(size_t)y * w] : 0) == what)
                y++;
            if (what && what < SIM_SHADOW_ID)
                add_stretch(t, &t->object[what], x, from, y);
        }
    }
}

static bool pack(struct frame_truth *t, struct object *o)
{
    o->rle.n = 0;
    if (o->end < (uint32_t)(t->w * t->h) && !add_run(t, o, (uint32_t)(t->w * t->h) - o->end))
        return false;
    t->out_of_memory = t->out_of_memory || rle_print_runs(o->runs.count, o->runs.n, &o->rle) != TRUNDLE_OK;
    return !t->out_of_memory;
}

static void quaternion(const struct sim_pose *p, float out[7])
{
    const float *r = p->r;
    float w = .5f * sqrtf(fmaxf(0, 1 + r[0] + r[4] + r[8])), x = .5f * sqrtf(fmaxf(0, 1 + r[0] - r[4] - r[8]));
    float y = .5f * sqrtf(fmaxf(0, 1 - r[0] + r[4] - r[8])), z = .5f * sqrtf(fmaxf(0, 1 - r[0] - r[4] + r[8]));

    memcpy(out, p->t, sizeof p->t);
    out[3] = w;
    out[4] = copysignf(x, r[7] - r[5]);
    out[5] = copysignf(y, r[2] - r[6]);
    out[6] = copysignf(z, r[3] - r[1]);
}

static uint64_t looks_like(const struct sim_scene *scene)
{
    uint64_t hash = scene->resting_version;

    for (uint32_t i = 0; i < scene->n; i++)
        if (!scene->solid[i].resting) {
            hash = hash64(&scene->solid[i].id, 1, hash);
            hash = hash64(&scene->solid[i].pose, sizeof scene->solid[i].pose, hash);
        }
    return hash;
}

bool frame_truth_read(struct frame_truth *t, const struct sim_render_ops *ops, const struct sim_renderer *renderer, const struct sim_view *view,
                      const uint8_t *mask, const struct sim_scene *scene, const struct plan *plan, Trundle__V1__TruthFrame *out)
{
    uint64_t now = looks_like(scene);
    size_t n = 0;

    if (t->told && now == t->last)
        return false;
    t->told = true;
    t->last = now;
    read_ids(t, view->id, mask);
    for (uint32_t i = 0; i < scene->n && n < SIM_SOLIDS_MAX; i++) {
        const struct sim_solid *solid = &scene->solid[i];
        struct object *o = &t->object[solid->id];
        Trundle__V1__TruthObject *m = &t->message[n];
        struct sim_seen seen = { 0 };

        if (!o->here || !pack(t, o))
            continue;
        o->here = false;                       /* a person is several solids and one object */
        trundle__v1__truth_object__init(m);
        m->x_px = (float)o->x0;
        m->y_px = (float)o->y0;
        m->w_px = (float)(o->x1 - o->x0);
        m->h_px = (float)(o->y1 - o->y0);
        m->visible = 1;
        if (ops->seen(renderer, solid->id, mask, &seen) && seen.whole_px > 0)
            m->visible = fminf(1, (float)o->visible_px / seen.whole_px);
        m->rle = (ProtobufCBinaryData){ .len = o->rle.n, .data = o->rle.data };
        if (solid->id < SIM_HAND_ID) {
            m->item = solid->id;
            m->product = plan->store->product[plan->item[solid->id - 1].product].key.key;
            quaternion(&solid->pose, t->pose[n]);
            m->pose = t->pose[n];
            m->n_pose = 7;
        }
        t->message_at[n] = m;
        n++;
    }
    trundle__v1__truth_frame__init(out);
    out->objects = t->message_at;
    out->n_objects = n;
    return true;
}

bool frame_truth_short(const struct frame_truth *t)
{
    return t->out_of_memory;
}

void frame_truth_free(struct frame_truth *t)
{
    if (!t)
        return;
    for (int i = 0; i < IDS; i++) {
        free(t->object[i].runs.count);
        bytes_done(&t->object[i].rle);
    }
    free(t);
}
