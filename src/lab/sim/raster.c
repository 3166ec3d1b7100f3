/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The rasteriser: a z-buffer of 1/z, perspective-correct textures at the mip level that fits, light per vertex. Basket and
 * resting solids are drawn once and kept until they change; a frame copies them and draws what moves. Shadows fall on the
 * floor only.
 */
#include "lab/sim/render.h"

#include "lab/sim/lens.h"
#include "lab/sim/model.h"
#include "lab/sim/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VERTICES_MAX = 1 << 16, PATCH = 12 };
static const float NEAR_M = .03f;

struct screen_vertex { float x, y, w, u, v, light, q[3]; };    /* w = 1/z, 0 behind the near plane; q in the camera's frame */

struct layer { uint32_t *rgb; float *w; uint8_t *id; };

struct sim_renderer {
    struct sim_lens lens;
    float r[9], t[3];                      /* basket to camera */
    int w, h;
    struct layer still, now;
    float whole[256];                      /* outline area by id, of the frame; of the still layer */
    float still_whole[256];
    float counts;                          /* 0 while what is inside another is drawn, else 1 */
    bool has_still;
    uint32_t still_version;
    struct sim_mesh patch[5];              /* floor and walls; made with the first scene's basket */
    struct sim_pose patch_pose[5];
    struct screen_vertex vertex[VERTICES_MAX];
};

static void raster_done(struct sim_renderer *r)
{
    if (!r)
        return;
    for (int i = 0; i < 5; i++)
        sim_mesh_done(&r->patch[i]);
    free(r->still.rgb);
    free(r->still.w);
    free(r->still.id);
    free(r->now.rgb);
    free(r->now.w);
    free(r->now.id);
    free(r);
}

static bool layer_make(struct layer *l, size_t n)
{
    l->rgb = calloc(n, sizeof *l->rgb);
    l->w = calloc(n, sizeof *l->w);
    l->id = calloc(n, 1);
    return l->rgb && l->w && l->id;
}

static enum trundle_status raster_make(const struct cart_camera *camera, struct sim_renderer **out)
{
    struct sim_renderer *r = calloc(1, sizeof *r);
    size_t n = (size_t)camera->width_px * (size_t)camera->height_px;

    if (!r)
        return TRUNDLE_NO_MEMORY;
    r->lens = sim_lens_make(camera);
    r->w = camera->width_px;
    r->h = camera->height_px;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            r->r[3 * i + k] = (float)camera->T_basket_cam[4 * k + i];
            r->t[i] -= (float)(camera->T_basket_cam[4 * k + i] * camera->T_basket_cam[4 * k + 3]);
        }
    if (!layer_make(&r->still, n) || !layer_make(&r->now, n)) {
        raster_done(r);
        return TRUNDLE_NO_MEMORY;
    }
    *out = r;
    return TRUNDLE_OK;
}

static void project(const struct sim_renderer *r, struct screen_vertex *v)
{
    if (v->q[2] < NEAR_M) {
        v->w = 0;
        return;
    }
    v->w = 1 / v->q[2];
    sim_lens_project(&r->lens, v->q[0] * v->w, v->q[1] * v->w, &v->x, &v->y);
}

static uint32_t shade(uint32_t texel, int light)   /* light: 256 is 1 */
{
    int red = (int)(texel >> 16 & 255) * light >> 8, green = (int)(texel >> 8 & 255) * light >> 8, blue = (int)(texel & 255) * light >> 8;

    red = red > 255 ? 255 : red;
    green = green > 255 ? 255 : green;
    blue = blue > 255 ? 255 : blue;
    return (uint32_t)(red << 16 | green << 8 | blue);
}

static void triangle(struct sim_renderer *r, const struct layer *l, const struct screen_vertex *a, const struct screen_vertex *b,
                     const struct screen_vertex *c, const struct sim_texture *texture, uint8_t id)
{
    float area = (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x), inverse, texels;
    int x0, x1, y0, y1, level = 0;
    float lw, lh;

    /* Outside faces turn clockwise in a picture whose y goes down: their area is negative there. */
    if (area >= -1e-4f)
        return;
    r->whole[id] -= .5f * area * r->counts;
    x0 = (int)fmaxf(0, ceilf(fminf(a->x, fminf(b->x, c->x))));
    y0 = (int)fmaxf(0, ceilf(fminf(a->y, fminf(b->y, c->y))));
    x1 = (int)fminf((float)(r->w - 1), floorf(fmaxf(a->x, fmaxf(b->x, c->x))));
    y1 = (int)fminf((float)(r->h - 1), floorf(fmaxf(a->y, fmaxf(b->y, c->y))));
    texels = fabsf((b->u - a->u) * (c->v - a->v) - (b->v - a->v) * (c->u - a->u)) * (float)texture->w * (float)texture->h / -area;
    while (texels > 1.6f && level + 1 < texture->levels) {
        texels *= .25f;
        level++;
    }
    lw = (float)(texture->w >> level);
    lh = (float)(texture->h >> level);
    inverse = 1 / area;
    for (int y = y0; y <= y1; y++) {
        float py = (float)y;

        for (int x = x0; x <= x1; x++) {
            float px = (float)x;
            float ea = ((b->x - px) * (c->y - py) - (b->y - py) * (c->x - px)) * inverse;
            float eb = ((c->x - px) * (a->y - py) - (c->y - py) * (a->x - px)) * inverse;
            float ec = 1 - ea - eb, w, z;
            size_t at = (size_t)y * (size_t)r->w + (size_t)x;

            if (ea < 0 || eb < 0 || ec < -1e-6f)
                continue;
            w = ea * a->w + eb * b->w + ec * c->w;
            if (w <= l->w[at])
                continue;
            z = 1 / w;
            ea *= a->w * z;
            eb *= b->w * z;
            ec *= c->w * z;
            l->w[at] = w;
            l->id[at] = id;
            l->rgb[at] = shade(sim_sample(texture->level[level], (int)lw, (int)lh, (ea * a->u + eb * b->u + ec * c->u) * lw - .5f,
                                          (ea * a->v + eb * b->v + ec * c->v) * lh - .5f),
                               (int)((ea * a->light + eb * b->light + ec * c->light) * 256));
        }
    }
}

/* The part of a triangle that is before the near plane: a fan of up to two triangles. */
static void clipped(struct sim_renderer *r, const struct layer *l, const struct screen_vertex *const corner[3], const struct sim_texture *texture,
                    uint8_t id)
{
    struct screen_vertex cut[4];
    int n = 0;

    for (int i = 0; i < 3; i++) {
        const struct screen_vertex *a = corner[i], *b = corner[(i + 1) % 3];

        if (a->w > 0)
            cut[n++] = *a;
        if ((a->w > 0) != (b->w > 0)) {
            float f = (NEAR_M - a->q[2]) / (b->q[2] - a->q[2]);
            struct screen_vertex *v = &cut[n++];

            for (int k = 0; k < 2; k++)
                v->q[k] = a->q[k] + f * (b->q[k] - a->q[k]);
            v->q[2] = NEAR_M;
            v->u = a->u + f * (b->u - a->u);
            v->v = a->v + f * (b->v - a->v);
            v->light = a->light + f * (b->light - a->light);
            project(r, v);
        }
    }
    for (int i = 2; i < n; i++)
        triangle(r, l, &cut[0], &cut[i - 1], &cut[i], texture, id);
}

static void draw(struct sim_renderer *r, const struct layer *l, const struct sim_scene *scene, const struct sim_mesh *mesh,
                 const struct sim_texture *texture, const struct sim_pose *pose, uint8_t id)
{
    const struct sim_light *light = &scene->light;
    float mouth = (float)scene->cart->basket.size_m[2];

    if (mesh->vertices > VERTICES_MAX)
        return;
    for (uint32_t i = 0; i < mesh->vertices; i++) {
        const struct sim_vertex *v = &mesh->vertex[i];
        struct screen_vertex *out = &r->vertex[i];
        float p[3], facing = 0, depth;

        sim_pose_apply(pose, v->p, p);
        for (int k = 0; k < 3; k++)
            facing += light->direction[k] * (pose->r[3 * k] * v->n[0] + pose->r[3 * k + 1] * v->n[1] + pose->r[3 * k + 2] * v->n[2]);
        depth = fminf(1, fmaxf(0, p[2] / mouth));          /* less of the ceiling is seen from the bottom */
        out->u = v->u;
        out->v = v->v;
        out->light = (light->ambient + light->diffuse * fmaxf(0, facing)) * (.75f + .25f * depth);
        for (int k = 0; k < 3; k++)
            out->q[k] = r->r[3 * k] * p[0] + r->r[3 * k + 1] * p[1] + r->r[3 * k + 2] * p[2] + r->t[k];
        project(r, out);
    }
    for (uint32_t i = 0; i < mesh->triangles; i++) {
        const struct screen_vertex *corner[3];
        int before = 0;

        for (int k = 0; k < 3; k++) {
            corner[k] = &r->vertex[mesh->index[3 * i + (uint32_t)k]];
            before += corner[k]->w > 0;
        }
        if (before == 3)
            triangle(r, l, corner[0], corner[1], corner[2], texture, id);
        else if (before)
            clipped(r, l, corner, texture, id);
    }
}

/* Darkens what a triangle on the floor covers, where the floor is what is seen, once. */
static void shadow_triangle(const struct sim_renderer *r, const struct layer *l, const struct screen_vertex *a, const struct screen_vertex *b,
                            const struct screen_vertex *c, int light)
{
    float area = (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x), inverse = 1 / area;
    int x0, x1, y0, y1;

    if (a->w <= 0 || b->w <= 0 || c->w <= 0 || area >= -1e-4f)
        return;
    x0 = (int)fmaxf(0, ceilf(fminf(a->x, fminf(b->x, c->x))));
    y0 = (int)fmaxf(0, ceilf(fminf(a->y, fminf(b->y, c->y))));
    x1 = (int)fminf((float)(r->w - 1), floorf(fmaxf(a->x, fmaxf(b->x, c->x))));
    y1 = (int)fminf((float)(r->h - 1), floorf(fmaxf(a->y, fmaxf(b->y, c->y))));
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) {
            float ea = ((b->x - (float)x) * (c->y - (float)y) - (b->y - (float)y) * (c->x - (float)x)) * inverse;
            float eb = ((c->x - (float)x) * (a->y - (float)y) - (c->y - (float)y) * (a->x - (float)x)) * inverse, ec = 1 - ea - eb, w;
            size_t at = (size_t)y * (size_t)r->w + (size_t)x;

            if (l->id[at] != SIM_BASKET_ID || ea < 0 || eb < 0 || ec < -1e-6f)
                continue;
            w = ea * a->w + eb * b->w + ec * c->w;
            if (fabsf(w - l->w[at]) > .01f * w)
                continue;
            l->rgb[at] = shade(l->rgb[at], light);
            l->id[at] = SIM_SHADOW_ID;
        }
}

/* The shadow on the floor: the mesh laid flat along the light. Softer from higher up, where the ceiling's lamps are wide. */
static void cast(struct sim_renderer *r, const struct layer *l, const struct sim_scene *scene, const struct sim_solid *solid)
{
    const struct sim_mesh *mesh = solid->mesh;
    const float *to = scene->light.direction;
    float low = 1e9f, strength;

    if (!scene->floor || mesh->vertices > VERTICES_MAX)
        return;
    for (uint32_t i = 0; i < mesh->vertices; i++) {
        struct screen_vertex *out = &r->vertex[i];
        float p[3];

        sim_pose_apply(&solid->pose, mesh->vertex[i].p, p);
        low = fminf(low, p[2]);
        p[0] -= to[0] / to[2] * p[2];
        p[1] -= to[1] / to[2] * p[2];
        for (int k = 0; k < 3; k++)
            out->q[k] = r->r[3 * k] * p[0] + r->r[3 * k + 1] * p[1] + r->t[k];
        project(r, out);
    }
    strength = scene->light.diffuse / (scene->light.ambient + scene->light.diffuse) * expf(-fmaxf(low, 0) / .15f);
    for (uint32_t i = 0; i < mesh->triangles && strength > .04f; i++)
        shadow_triangle(r, l, &r->vertex[mesh->index[3 * i]], &r->vertex[mesh->index[3 * i + 1]], &r->vertex[mesh->index[3 * i + 2]],
                        (int)(256 * (1 - strength)));
}

static void make_patches(struct sim_renderer *r, const struct cart_basket *b)
{
    float w = (float)b->size_m[0], d = (float)b->size_m[1], h = (float)b->size_m[2];
    static const double half_pi = 1.5707963267948966;
    const float size[5][2] = { { w, d }, { w, h }, { d, h }, { w, h }, { d, h } };

    for (int i = 0; i < 5; i++)
        if (sim_model_patch(size[i][0], size[i][1], PATCH, &r->patch[i]) != TRUNDLE_OK)
            r->patch[i] = (struct sim_mesh){ 0 };
    r->patch_pose[0] = sim_pose_make(0, 0, 0, 0, 0, 0);
    r->patch_pose[1] = sim_pose_make((double)w, 0, 0, 2 * half_pi, half_pi, 0);         /* rear: normal +y */
    r->patch_pose[2] = sim_pose_make((double)w, (double)d, 0, -half_pi, half_pi, 0);    /* right: normal -x */
    r->patch_pose[3] = sim_pose_make(0, (double)d, 0, 0, half_pi, 0);                   /* front: normal -y */
    r->patch_pose[4] = sim_pose_make(0, 0, 0, half_pi, half_pi, 0);                     /* left: normal +x */
}

static void raster_render(struct sim_renderer *r, const struct sim_scene *scene, struct sim_view *out)
{
    size_t n = (size_t)r->w * (size_t)r->h;

    if (!r->patch[0].vertex && scene->floor)
        make_patches(r, &scene->cart->basket);
    if (!r->has_still || r->still_version != scene->resting_version) {
        memset(r->whole, 0, sizeof r->whole);
        for (size_t i = 0; i < n; i++) {
            r->still.rgb[i] = scene->floor ? 0x303030 : 0xb8b8b4;
            r->still.w[i] = 0;
            r->still.id[i] = 0;
        }
        for (int i = 0; scene->floor && i < 5; i++)
            if (i == 0 || scene->cart->basket.wall[i - 1] == CART_WALL_SOLID)
                draw(r, &r->still, scene, &r->patch[i], i ? scene->wall : scene->floor, &r->patch_pose[i], SIM_BASKET_ID);
        for (uint32_t i = 0; i < scene->n; i++)
            if (scene->solid[i].resting) {
                cast(r, &r->still, scene, &scene->solid[i]);
                r->counts = scene->solid[i].inside ? 0 : 1;
                draw(r, &r->still, scene, scene->solid[i].mesh, scene->solid[i].texture, &scene->solid[i].pose, scene->solid[i].id);
            }
        memcpy(r->still_whole, r->whole, sizeof r->whole);
        r->has_still = true;
        r->still_version = scene->resting_version;
    }
    memcpy(r->now.rgb, r->still.rgb, n * sizeof *r->now.rgb);
    memcpy(r->now.w, r->still.w, n * sizeof *r->now.w);
    memcpy(r->now.id, r->still.id, n);
    memcpy(r->whole, r->still_whole, sizeof r->whole);
    for (uint32_t i = 0; i < scene->n; i++)
        if (!scene->solid[i].resting)
            cast(r, &r->now, scene, &scene->solid[i]);
    for (uint32_t i = 0; i < scene->n; i++)
        if (!scene->solid[i].resting) {
            r->counts = scene->solid[i].inside ? 0 : 1;
            draw(r, &r->now, scene, scene->solid[i].mesh, scene->solid[i].texture, &scene->solid[i].pose, scene->solid[i].id);
        }
    *out = (struct sim_view){ r->w, r->h, r->now.rgb, r->now.id };
}

bool sim_seen_count(const uint8_t *ids, int w, int h, float whole_px, uint8_t id, const uint8_t *mask, struct sim_seen *out)
{
    struct sim_seen seen = { .id = id, .x0 = w, .y0 = h, .whole_px = whole_px };

    if (whole_px <= 0)
        return false;
    for (int y = 0; y < h; y++) {
        const uint8_t *row = ids + (size_t)y * (size_t)w;

        if (!memchr(row, id, (size_t)w))
            continue;
        for (int x = 0; x < w; x++) {
            if (row[x] != id || (mask && !mask[(size_t)y * (size_t)w + (size_t)x]))
                continue;
            seen.visible_px++;
            seen.x0 = x < seen.x0 ? x : seen.x0;
            seen.x1 = x >= seen.x1 ? x + 1 : seen.x1;
            seen.y0 = y < seen.y0 ? y : seen.y0;
            seen.y1 = y + 1;
        }
    }
    *out = seen;
    return true;
}

static bool raster_seen(const struct sim_renderer *r, uint8_t id, const uint8_t *mask, struct sim_seen *out)
{
    return sim_seen_count(r->now.id, r->w, r->h, r->whole[id], id, mask, out);
}

const struct sim_render_ops sim_raster = { "raster", raster_make, raster_render, raster_seen, NULL, raster_done };
