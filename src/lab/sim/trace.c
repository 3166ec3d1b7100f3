/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The ray tracer's layers. `still` is made when the resting set, the light or what stands around changes. A frame in which nothing moves is
 * that picture. Else what moves is drawn over it; pixels that show something else get new fragments; points on something else are traced, all
 * others only against what moves; and what is shaded again is where light or surface differs. So a picture depends on its scene alone, whatever
 * was seen before: bit for bit the one that a fresh renderer gives.
 */
#include "lab/sim/trace.h"

#include "lab/sim/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void layer_done(struct trace_layer *l)
{
    free(l->plane.w);
    free(l->plane.key);
    free(l->clear.w);
    free(l->clear.key);
    free(l->fragment);
    free(l->first);
    free(l->count);
    free(l->plain);
    free(l->point);
    free(l->open);
    free(l->known);
    free(l->alike);
    free(l->reach);
    free(l->raw);
    free(l->light);
    free(l->rgb);
    free(l->id);
}

static bool layer_make(struct trace_layer *l, size_t n, size_t points)
{
    l->plane.w = calloc(n, sizeof *l->plane.w);
    l->plane.key = calloc(n, sizeof *l->plane.key);
    l->clear.w = calloc(n, sizeof *l->clear.w);
    l->clear.key = calloc(n, sizeof *l->clear.key);
    l->fragments_max = (uint32_t)(3 * n);
    l->fragment = malloc(l->fragments_max * sizeof *l->fragment);
    l->first = calloc(n, sizeof *l->first);
    l->count = calloc(n, 1);
    l->plain = calloc(n, 1);
    l->point = calloc(points, sizeof *l->point);
    l->open = calloc(points, 1);
    l->known = calloc(points, 1);
    l->alike = calloc(points, sizeof *l->alike);
    l->reach = calloc(points, 1);
    l->raw = calloc(points, sizeof *l->raw);
    l->light = calloc(points, sizeof *l->light);
    l->rgb = calloc(n, sizeof *l->rgb);
    l->id = calloc(n, 1);
    return l->plane.w && l->plane.key && l->clear.w && l->clear.key && l->fragment && l->first && l->count && l->plain && l->point && l->open && l->known && l->alike && l->reach && l->raw && l->light && l->rgb && l->id;
}

static void trace_done(struct sim_renderer *r)
{
    if (!r)
        return;
    trace_cast_done(r);
    trace_env_done(&r->env);
    layer_done(&r->still);
    layer_done(&r->now);
    for (int i = 0; i < TRACE_STATICS; i++)
        sim_mesh_done(&r->patch[i]);
    for (int i = 0; i < 2; i++)
        sim_texture_done(&r->plain[i]);
    for (int s = 0; s < TRACE_PLANES; s++)
        free(r->screen[s]);
    free(r->vertex);
    free(r->ray_x);
    free(r->ray_y);
    free(r->back);
    free(r->changed);
    free(r->touched);
    free(r->spread);
    free(r->keep);
    free(r->keep_point);
    free(r);
}

/* Three pixels around for blur, and the blocks that their light is borrowed from. */
static void trace_limit(struct sim_renderer *r, const uint8_t *mask)
{
    enum { AROUND = 3, BLOCKS = 8 };

    memset(r->keep, mask == NULL, (size_t)r->w * (size_t)r->h);
    memset(r->keep_point, mask == NULL, (size_t)r->pw * (size_t)r->ph);
    r->has_still = false;
    for (int y = 0; mask && y < r->h; y++)
        for (int x = 0; x < r->w; x++) {
            int x0 = x - AROUND < 0 ? 0 : x - AROUND, x1 = x + AROUND < r->w ? x + AROUND : r->w - 1;
            int p0 = x / 2 - BLOCKS < 0 ? 0 : x / 2 - BLOCKS, p1 = x / 2 + BLOCKS < r->pw ? x / 2 + BLOCKS : r->pw - 1;

            if (!mask[(size_t)y * (size_t)r->w + (size_t)x])
                continue;
            for (int j = y - AROUND < 0 ? 0 : y - AROUND; j <= y + AROUND && j < r->h; j++)
                memset(r->keep + (size_t)j * (size_t)r->w + x0, 1, (size_t)(x1 - x0 + 1));
            for (int j = y / 2 - BLOCKS < 0 ? 0 : y / 2 - BLOCKS; j <= y / 2 + BLOCKS && j < r->ph; j++)
                memset(r->keep_point + (size_t)j * (size_t)r->pw + p0, 1, (size_t)(p1 - p0 + 1));
        }
}

static enum trundle_status trace_make(const struct cart_camera *camera, struct sim_renderer **out)
{
    struct sim_renderer *r = calloc(1, sizeof *r);
    size_t n, points;

    if (!r)
        return TRUNDLE_NO_MEMORY;
    r->lens = sim_lens_make(camera);
    r->w = camera->width_px;
    r->h = camera->height_px;
    r->pw = (r->w + 1) / 2;
    r->ph = (r->h + 1) / 2;
    n = (size_t)r->w * (size_t)r->h;
    points = (size_t)r->pw * (size_t)r->ph;
    for (int i = 0; i < 3; i++) {
        r->eye[i] = (float)camera->T_basket_cam[4 * i + 3];
        for (int k = 0; k < 3; k++) {
            r->r[3 * i + k] = (float)camera->T_basket_cam[4 * k + i];
            r->t[i] -= (float)(camera->T_basket_cam[4 * k + i] * camera->T_basket_cam[4 * k + 3]);
        }
    }
    r->ray_x = malloc(n * sizeof *r->ray_x);
    r->ray_y = malloc(n * sizeof *r->ray_y);
    r->back = malloc(n * sizeof *r->back);
    r->changed = calloc(n, 1);
    r->touched = calloc(points, 1);
    r->spread = calloc(points, 1);
    r->keep = malloc(n);
    r->keep_point = malloc(points);
    if (!r->ray_x || !r->ray_y || !r->back || !r->changed || !r->touched || !r->spread || !r->keep || !r->keep_point || !layer_make(&r->still, n, points) || !layer_make(&r->now, n, points) ||
        trace_cast_new(r) != TRUNDLE_OK) {
        trace_done(r);
        return TRUNDLE_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        float d[2];

        trace_lens(&r->lens, (float)(i % (size_t)r->w), (float)(i / (size_t)r->w), d);
        r->ray_x[i] = d[0];
        r->ray_y[i] = d[1];
    }
    trace_limit(r, NULL);
    trace_curves(r);
    *out = r;
    return TRUNDLE_OK;
}

/* ---- what stands there always ---- */

static bool add_quad(struct sim_mesh *m, const float at[3], const float du[3], const float dv[3], const float n[3])
{
    struct sim_vertex *vertex = realloc(m->vertex, (m->vertices + 4) * sizeof *vertex);
    uint16_t *index;
    static const uint16_t turn[6] = { 0, 1, 3, 0, 3, 2 };

    if (!vertex)
        return false;
    m->vertex = vertex;
    index = realloc(m->index, (m->triangles + 2) * 3 * sizeof *index);
    if (!index)
        return false;
    m->index = index;
    for (int i = 0; i < 6; i++)
        m->index[3 * m->triangles + (uint32_t)i] = (uint16_t)(m->vertices + turn[i]);
    for (int i = 0; i < 4; i++) {
        struct sim_vertex *v = &m->vertex[m->vertices++];

        for (int k = 0; k < 3; k++) {
            v->p[k] = at[k] + (float)(i & 1) * du[k] + (float)(i >> 1) * dv[k];
            v->n[k] = n[k];
        }
        v->u = (float)(i & 1);
        v->v = (float)(i >> 1);
    }
    m->triangles += 2;
    return true;
}

enum { BLOCK_PARTS = 8, BAR_PARTS = 8 };

static bool add_block(struct sim_mesh *m, const float lo[3], const float hi[3])
{
    bool ok = true;

    for (int axis = 0; axis < 3; axis++)
        for (int side = 0; side < 2; side++) {
            int a = (axis + 1) % 3, b = (axis + 2) % 3;
            float at[3] = { lo[0], lo[1], lo[2] }, du[3] = { 0 }, dv[3] = { 0 }, n[3] = { 0 };

            at[axis] = side ? hi[axis] : lo[axis];
            n[axis] = side ? 1 : -1;
            du[side ? a : b] = side ? hi[a] - lo[a] : hi[b] - lo[b];
            dv[side ? b : a] = side ? hi[b] - lo[b] : hi[a] - lo[a];
            for (int part = 0; part < BLOCK_PARTS * BLOCK_PARTS && ok; part++) {   /* parts, for the lens bends what is straight */
                float corner[3], u[3], v[3];

                for (int k = 0; k < 3; k++) {
                    u[k] = du[k] / BLOCK_PARTS;
                    v[k] = dv[k] / BLOCK_PARTS;
                    corner[k] = at[k] + (float)(part % BLOCK_PARTS) * u[k] + (float)(part / BLOCK_PARTS) * v[k];
                }
                ok = add_quad(m, corner, u, v, n);
            }
        }
    return ok;
}

/* A bar of a wire wall, in parts, for the lens bends what is straight. */
static bool add_bar(struct sim_mesh *m, const float from[3], const float du[3], const float dv[3], bool upright)
{
    static const float n[3] = { 0, 0, 1 };
    bool ok = true;

    for (int part = 0; part < BAR_PARTS && ok; part++) {
        float at[3], u[3], v[3];

        for (int k = 0; k < 3; k++) {
            u[k] = upright ? du[k] : du[k] / BAR_PARTS;
            v[k] = upright ? dv[k] / BAR_PARTS : dv[k];
            at[k] = from[k] + (float)part * (upright ? v[k] : u[k]);
        }
        ok = add_quad(m, at, u, v, n);
    }
    return ok;
}

/* Bars of a wire wall in the plane of a patch: 4 mm wide, upright every 45 mm, level every 90 mm. */
static bool wire_mesh(float w, float h, struct sim_mesh *m)
{
    bool ok = true;

    for (float x = 0; x < w && ok; x += .045f)
        ok = add_bar(m, (const float[3]){ x, 0, 0 }, (const float[3]){ .004f, 0, 0 }, (const float[3]){ 0, h, 0 }, true);
    for (float y = .05f; y < h && ok; y += .09f)
        ok = add_bar(m, (const float[3]){ 0, y, .001f }, (const float[3]){ w, 0, 0 }, (const float[3]){ 0, .004f, 0 }, false);
    return ok;
}

static bool add_static(struct sim_renderer *r, struct sim_mesh *mesh, const struct sim_texture *texture, struct sim_pose pose, uint8_t id, float gloss)
{
    struct trace_solid *s = &r->solid[r->solids];

    *s = (struct trace_solid){ .mesh = mesh, .texture = texture, .pose = pose, .id = id, .gloss = gloss };
    r->solids++;
    return mesh->vertices && trace_place(r, s);
}

/* Meshes 0..4 are the floor and the walls (rear, right, front, left), 5 the seat, 6 the shopper. */
static bool place_statics(struct sim_renderer *r, const struct sim_scene *scene)
{
    const struct cart_basket *b = &scene->cart->basket;
    float w = (float)b->size_m[0], d = (float)b->size_m[1], h = (float)b->size_m[2];
    const float size[5][2] = { { w, d }, { w, h }, { d, h }, { w, h }, { d, h } };
    static const double half_pi = 1.5707963267948966, grey[3] = { 70, 74, 80 };
    const double rgb[3] = { (double)scene->backdrop.shopper_rgb[0], (double)scene->backdrop.shopper_rgb[1], (double)scene->backdrop.shopper_rgb[2] };
    const struct sim_pose pose[5] = {
        sim_pose_make(0, 0, 0, 0, 0, 0), sim_pose_make((double)w, 0, 0, 2 * half_pi, half_pi, 0), sim_pose_make((double)w, (double)d, 0, -half_pi, half_pi, 0),
        sim_pose_make(0, (double)d, 0, 0, half_pi, 0), sim_pose_make(0, 0, 0, half_pi, half_pi, 0) };
    const struct sim_pose here = sim_pose_make(0, 0, 0, 0, 0, 0);
    bool ok = true;

    if (!scene->floor)
        return true;
    for (int i = 0; i < 5 && ok; i++) {
        bool wire = i && b->wall[i - 1] == CART_WALL_WIRE;

        if (!r->patch[i].vertex)
            ok = wire ? wire_mesh(size[i][0], size[i][1], &r->patch[i]) : sim_model_patch(size[i][0], size[i][1], 12, &r->patch[i]) == TRUNDLE_OK;
        ok = ok && add_static(r, &r->patch[i], i && scene->wall ? scene->wall : scene->floor, pose[i], SIM_BASKET_ID, 0);
    }
    if (scene->backdrop.seat && ok) {
        if (!r->patch[5].vertex)
            ok = add_block(&r->patch[5], (const float[3]){ .12f * w, -.2f, h - .08f }, (const float[3]){ .88f * w, -.015f, h + .12f }) &&
                 sim_print_plain(grey, .04, 16, 5, &r->plain[0]) == TRUNDLE_OK;
        ok = ok && add_static(r, &r->patch[5], &r->plain[0], here, SIM_BASKET_ID, .4f);
    }
    if (scene->backdrop.shopper && ok) {
        if (!r->patch[6].vertex)
            ok = add_block(&r->patch[6], (const float[3]){ .5f * w - .22f, -.62f, -.4f }, (const float[3]){ .5f * w + .22f, -.38f, h + .42f }) &&
                 sim_print_plain(rgb, .1, 32, 6, &r->plain[1]) == TRUNDLE_OK;
        ok = ok && add_static(r, &r->patch[6], &r->plain[1], here, SIM_HAND_ID, 0);
    }
    return ok;
}

/* ---- layers ---- */

static void add_solids(struct sim_renderer *r, const struct sim_scene *scene, bool resting)
{
    for (uint32_t i = 0; i < scene->n; i++) {
        const struct sim_solid *from = &scene->solid[i];
        struct trace_solid *s = &r->solid[r->solids];
        float speed = 0;

        if (from->resting != resting || r->solids == TRACE_SOLIDS || !from->mesh->vertices)
            continue;
        *s = (struct trace_solid){ .mesh = from->mesh, .texture = from->texture, .pose = from->pose, .id = from->id, .gloss = from->gloss, .clear = from->clear,
                                   .inside = from->inside };
        for (int k = 0; k < 3 && !resting; k++) {
            s->drift[k] = r->r[3 * k] * from->velocity_ms[0] + r->r[3 * k + 1] * from->velocity_ms[1] + r->r[3 * k + 2] * from->velocity_ms[2];
            speed += fabsf(s->drift[k]);
        }
        s->moving = speed * (r->shutter.exposure_s + r->shutter.readout_s) > 1e-5f;
        if (trace_place(r, s))
            r->solids++;
    }
}

static bool make_still(struct sim_renderer *r, const struct sim_scene *scene)
{
    struct trace_layer *l = &r->still;
    size_t n = (size_t)r->w * (size_t)r->h;
    int points = r->pw * r->ph;

    r->solids = r->vertices = 0;
    memset(l->whole, 0, sizeof l->whole);
    memset(l->plane.w, 0, n * sizeof *l->plane.w);
    if (r->sees_clear || !r->has_still)
        memset(l->clear.w, 0, n * sizeof *l->clear.w);
    r->sees_clear = false;
    if (!place_statics(r, scene))
        return false;
    add_solids(r, scene, true);
    r->resting = r->solids;
    r->vertices_resting = r->vertices;
    if (trace_cast_scene(r, 0, r->solids, &r->rest) != TRUNDLE_OK)
        return false;
    for (uint32_t i = 0; i < r->solids; i++) {
        trace_draw(r, l, i, NULL);
        r->sees_clear = r->sees_clear || r->solid[i].clear > 0;
    }
    for (int i = 0; i < points; i++)
        trace_point_make(r, l, i);
    trace_cast(r, l, r->rest, NULL, false);
    for (int i = 0; i < points; i++) {
        trace_light_block(r, l, i);
        trace_light_point(r, l, i);
    }
    for (int i = 0; i < points; i++)
        trace_light_smooth(r, l, i);
    l->fragments = 0;
    for (int y = 0; y < r->h; y++)
        trace_row(r, l, y);
    r->dirty = (struct trace_rect){ 0, 0, r->w, r->h };
    r->spoilt = true;
    return true;
}

static void restore_all(struct sim_renderer *r)
{
    struct trace_layer *l = &r->now;
    const struct trace_layer *from = &r->still;
    size_t n = (size_t)r->w * (size_t)r->h, points = (size_t)r->pw * (size_t)r->ph;

    memcpy(l->plane.w, from->plane.w, n * sizeof *l->plane.w);
    memcpy(l->plane.key, from->plane.key, n * sizeof *l->plane.key);
    memcpy(l->clear.w, from->clear.w, n * sizeof *l->clear.w);
    memcpy(l->clear.key, from->clear.key, n * sizeof *l->clear.key);
    memcpy(l->id, from->id, n);
    memcpy(l->rgb, from->rgb, n * sizeof *l->rgb);
    memcpy(l->point, from->point, points * sizeof *l->point);
    memcpy(l->open, from->open, points);
    memcpy(l->known, from->known, points);
    memcpy(l->alike, from->alike, points * sizeof *l->alike);
    memcpy(l->reach, from->reach, points);
    memcpy(l->raw, from->raw, points * sizeof *l->raw);
    memcpy(l->light, from->light, points * sizeof *l->light);
    memset(r->changed, 0, n);
}

/* All as it rests, where the last frame made it otherwise. */
static void restore(struct sim_renderer *r)
{
    struct trace_layer *l = &r->now;
    const struct trace_layer *from = &r->still;

    if (r->spoilt)
        restore_all(r);
    else {
        for (int y = r->dirty.y0; y < r->dirty.y1; y++)
            for (int x = r->dirty.x0; x < r->dirty.x1; x++) {
                int i = y * r->w + x;

                if (!r->changed[i])
                    continue;
                r->changed[i] = 0;
                l->plane.w[i] = from->plane.w[i];
                l->plane.key[i] = from->plane.key[i];
                l->clear.w[i] = from->clear.w[i];
                l->clear.key[i] = from->clear.key[i];
                l->id[i] = from->id[i];
                l->rgb[i] = from->rgb[i];
            }
        for (int i = 0; i < r->pw * r->ph; i++) {
            uint8_t touched = r->touched[i];

            if (!touched)
                continue;
            if (touched & TOUCHED_SURFACE)
                l->point[i] = from->point[i];
            l->open[i] = from->open[i];
            l->known[i] = from->known[i];
            l->alike[i] = from->alike[i];
            l->reach[i] = from->reach[i];
            l->raw[i] = from->raw[i];
            l->light[i] = from->light[i];
            if (touched & TOUCHED_SHADE)
                for (int y = i / r->pw * 2, x = i % r->pw * 2, row = y; row < y + 2 && row < r->h; row++)
                    memcpy(l->rgb + row * r->w + x, from->rgb + row * r->w + x, (x + 1 < r->w ? 2 : 1) * sizeof *l->rgb);
        }
    }
    r->spoilt = false;
    r->dirty = (struct trace_rect){ r->w, r->h, 0, 0 };
}

/* A triangle of what moves took a sample. */
static bool differs(const struct sim_renderer *r, size_t i)
{
    trace_flags other = (r->now.plane.w[i] > r->still.plane.w[i]) | (r->now.clear.w[i] > r->still.clear.w[i]);

    return other[0] || other[1] || other[2] || other[3];
}

static void add_marks(uint8_t *restrict to, const uint8_t *restrict from, int n)
{
    int i = 0;

    for (; i + 8 <= n; i += 8) {
        uint64_t a, b;

        memcpy(&a, to + i, sizeof a);
        memcpy(&b, from + i, sizeof b);
        a |= b;
        memcpy(to + i, &a, sizeof a);
    }
    for (; i < n; i++)
        to[i] |= from[i];
}

/* Marks `to` on all points that have one with a mark of `from` up to `below` before them or `above` after, each way. */
static void spread_marks(struct sim_renderer *r, uint8_t from, int below, int above, uint8_t to)
{
    int w = r->pw, n = r->pw * r->ph;

    for (int y = 0; y < r->ph; y++) {          /* along rows, then along columns */
        const uint8_t *in = r->touched + y * w;
        uint8_t *out = r->spread + y * w;

        memset(out, 0, (size_t)w);
        for (int off = -below; off <= above; off++)
            add_marks(off < 0 ? out - off : out, off > 0 ? in + off : in, w - abs(off));
        for (int x = 0; x < w; x++)
            out[x] = out[x] & from ? to : 0;
    }
    for (int off = -below; off <= above; off++)
        if (abs(off) < r->ph)
            add_marks(off < 0 ? r->touched - off * w : r->touched, off > 0 ? r->spread + off * w : r->spread, n - abs(off) * w);
}

/* New surfaces and their points. */
static void resurface(struct sim_renderer *r)
{
    struct trace_layer *l = &r->now;

    l->fragments = 0;
    memset(r->touched, 0, (size_t)r->pw * (size_t)r->ph);
    for (int y = r->dirty.y0; y < r->dirty.y1; y++) {
        for (int x = r->dirty.x0; x < r->dirty.x1; x++) {
            size_t i = (size_t)y * (size_t)r->w + (size_t)x;

            if (!differs(r, i))
                continue;
            r->changed[i] = 1;
            l->id[i] = trace_id(r, l, (int)i);
        }
        trace_fragments(r, l, y, r->dirty.x0, r->dirty.x1, r->changed);
    }
    for (int py = r->dirty.y0 / 2; py < r->ph && 2 * py <= r->dirty.y1; py++)
        for (int px = r->dirty.x0 / 2; px < r->pw && 2 * px <= r->dirty.x1; px++) {
            int x = 2 * px + 1 < r->w ? 2 * px + 1 : r->w - 1, y = 2 * py + 1 < r->h ? 2 * py + 1 : r->h - 1, i = py * r->pw + px;
            size_t at = (size_t)y * (size_t)r->w + (size_t)x;

            if (r->changed[at] && l->plane.w[at][0] > r->still.plane.w[at][0]) {
                trace_point_make(r, l, i);
                r->touched[i] = TOUCHED_SURFACE;
            }
        }
}

static void relight(struct sim_renderer *r)
{
    enum { SMALL = TRACE_SIDE / 2, LARGE = TRACE_SIDE };
    struct trace_layer *l = &r->now;
    int points = r->pw * r->ph;

    trace_cast(r, l, r->rest, r->touched, false);
    trace_cast(r, l, r->move, NULL, true);
    for (int i = 0; i < points; i++)
        if (l->open[i] != r->still.open[i])
            r->touched[i] |= TOUCHED_OPEN;
    /* a point borrows from as many before it as its block reaches, and one less after it */
    spread_marks(r, TOUCHED_SURFACE, LARGE, LARGE - 1, TOUCHED_BLOCK);
    spread_marks(r, TOUCHED_OPEN, SMALL, SMALL - 1, TOUCHED_RAW);
    spread_marks(r, TOUCHED_OPEN, LARGE, LARGE - 1, NEAR_OPEN);
    for (int i = 0; i < points; i++) {
        if (r->touched[i] & TOUCHED_BLOCK)
            trace_light_block(r, l, i);
        if ((r->touched[i] & TOUCHED_BLOCK) || (l->reach[i] > SMALL && (r->touched[i] & NEAR_OPEN)))
            r->touched[i] |= TOUCHED_RAW;
        if (r->touched[i] & TOUCHED_RAW) {
            trace_light_point(r, l, i);
            if (!(r->touched[i] & TOUCHED_SURFACE) && !memcmp(&l->raw[i], &r->still.raw[i], sizeof l->raw[i]))
                r->touched[i] &= (uint8_t)~TOUCHED_RAW;
        }
    }
    spread_marks(r, TOUCHED_RAW | TOUCHED_SURFACE, 2, 2, TOUCHED_LIGHT);
    for (int i = 0; i < points; i++)
        if (r->touched[i] & TOUCHED_LIGHT) {
            trace_light_smooth(r, l, i);
            if (!(r->touched[i] & TOUCHED_SURFACE) && !memcmp(&l->light[i], &r->still.light[i], sizeof l->light[i]))
                r->touched[i] &= (uint8_t)~TOUCHED_LIGHT;
        }
    spread_marks(r, TOUCHED_LIGHT, 1, 2, TOUCHED_SHADE);
    spread_marks(r, TOUCHED_SURFACE, 0, 1, NEAR_SURFACE);
}

static bool make_now(struct sim_renderer *r, const struct sim_scene *scene)
{
    struct trace_layer *l = &r->now;

    restore(r);
    r->solids = r->resting;
    r->vertices = r->vertices_resting;
    add_solids(r, scene, false);
    if (trace_cast_scene(r, r->resting, r->solids - r->resting, &r->move) != TRUNDLE_OK)
        return false;
    memcpy(l->whole, r->still.whole, sizeof l->whole);
    for (uint32_t i = r->resting; i < r->solids; i++)
        trace_draw(r, l, i, &r->dirty);
    resurface(r);
    relight(r);
    for (int y = 0; y < r->h; y++)
        trace_shade_row(r, l, &r->still, y);
    return true;
}

static void trace_render(struct sim_renderer *r, const struct sim_scene *scene, struct sim_view *out)
{
    bool ok = true, fresh = !r->has_still || r->still_version != scene->resting_version;

    r->moves = false;
    r->shutter = scene->shutter;
    if (!r->env.row || memcmp(&r->env.light, &scene->light, sizeof scene->light) != 0) {
        r->backdrop = scene->backdrop;         /* of a cart: as long as the renderer lives */
        ok = trace_env_make(&scene->light, &r->env) == TRUNDLE_OK;
        if (ok)
            trace_backdrops(r);
        fresh = true;
    }
    if (fresh && ok) {
        ok = make_still(r, scene);
        r->has_still = ok;
        r->still_version = scene->resting_version;
    }
    for (uint32_t i = 0; i < scene->n; i++)
        r->moves = r->moves || !scene->solid[i].resting;
    if (r->moves && ok)
        ok = make_now(r, scene);
    if (!ok) {                                 /* out of memory: a dark picture, which no truth claims to show anything */
        memset(r->now.rgb, 0, (size_t)r->w * (size_t)r->h * sizeof *r->now.rgb);
        memset(r->now.id, 0, (size_t)r->w * (size_t)r->h);
        memset(r->now.whole, 0, sizeof r->now.whole);
        r->moves = true;
        r->has_still = false;
    }
    *out = r->moves ? (struct sim_view){ r->w, r->h, r->now.rgb, r->now.id } : (struct sim_view){ r->w, r->h, r->still.rgb, r->still.id };
}

static bool trace_seen(const struct sim_renderer *r, uint8_t id, const uint8_t *mask, struct sim_seen *out)
{
    const struct trace_layer *l = r->moves ? &r->now : &r->still;

    return sim_seen_count(l->id, r->w, r->h, l->whole[id], id, mask, out);
}

const struct sim_render_ops sim_trace = { "trace", trace_make, trace_render, trace_seen, trace_limit, trace_done };
