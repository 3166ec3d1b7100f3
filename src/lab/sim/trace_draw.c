/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Visibility: which triangle is nearest at each sample. No colour is made here, so what is hidden costs a comparison. */
#include "lab/sim/trace.h"

#include "lab/sim/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The centre, and three places around it that differ in every row and column. Their instants spread over the exposure. */
const float trace_offset[TRACE_PLANES][2] = { { 0, 0 }, { .338f, .091f }, { -.2475f, .2475f }, { -.0905f, -.338f } };
const float trace_instant[TRACE_PLANES] = { 0, -.25f, .25f, .5f };

static const float NEAR_M = .03f;

static void project(const struct sim_renderer *r, const float q[3], struct trace_screen *out)
{
    if (q[2] < NEAR_M) {
        out->w = 0;
        return;
    }
    out->w = 1 / q[2];
    sim_lens_project(&r->lens, q[0] * out->w, q[1] * out->w, &out->x, &out->y);
}

/* The lens undone: the direction (z = 1) of a place in the picture, by fixed point. */
void trace_lens(const struct sim_lens *l, float px, float py, float out[2])
{
    float x0 = (px - l->cx) / l->fx, y0 = (py - l->cy) / l->fy, x = x0, y = y0;

    for (int i = 0; i < 20; i++) {
        float s = x * x + y * y, radial = fmaxf(.2f, 1 + s * (l->k1 + s * (l->k2 + s * l->k3)));
        float next = (x0 - 2 * l->p1 * x * y - l->p2 * (s + 2 * x * x)) / radial;

        y = (y0 - l->p1 * (s + 2 * y * y) - 2 * l->p2 * x * y) / radial;
        if (fabsf(next - x) < 1e-7f)
            break;
        x = next;
    }
    out[0] = x;
    out[1] = y;
}

static bool room(struct sim_renderer *r, uint32_t more)
{
    uint32_t n = r->vertices_max ? r->vertices_max : 8192;
    struct trace_vertex *vertex;

    if (r->vertices + more <= r->vertices_max)
        return true;
    while (n < r->vertices + more)
        n *= 2;
    vertex = realloc(r->vertex, n * sizeof *vertex);
    if (!vertex)
        return false;
    r->vertex = vertex;
    for (int s = 0; s < TRACE_PLANES; s++) {
        struct trace_screen *screen = realloc(r->screen[s], n * sizeof *screen);

        if (!screen)
            return false;
        r->screen[s] = screen;
    }
    r->vertices_max = n;
    return true;
}

bool trace_place(struct sim_renderer *r, struct trace_solid *solid)
{
    const struct sim_mesh *mesh = solid->mesh;
    const float *m = solid->pose.r;

    if (!room(r, mesh->vertices))
        return false;
    solid->first = r->vertices;
    for (uint32_t i = 0; i < mesh->vertices; i++) {
        const struct sim_vertex *v = &mesh->vertex[i];
        struct trace_vertex *out = &r->vertex[r->vertices];

        sim_pose_apply(&solid->pose, v->p, out->p);
        for (int k = 0; k < 3; k++) {
            out->n[k] = m[3 * k] * v->n[0] + m[3 * k + 1] * v->n[1] + m[3 * k + 2] * v->n[2];
            out->q[k] = r->r[3 * k] * out->p[0] + r->r[3 * k + 1] * out->p[1] + r->r[3 * k + 2] * out->p[2] + r->t[k];
        }
        out->u = v->u;
        out->v = v->v;
        project(r, out->q, &r->screen[0][r->vertices]);
        for (int s = 0; s < TRACE_PLANES && solid->moving; s++) {
            struct trace_screen *screen = &r->screen[s][r->vertices];
            float t = trace_instant[s] * r->shutter.exposure_s, q[3];

            if (r->screen[0][r->vertices].w > 0)   /* its row tells when it is seen */
                t += r->shutter.readout_s * (fminf(1, fmaxf(0, r->screen[0][r->vertices].y / (float)r->h)) - .5f);
            for (int k = 0; k < 3; k++)
                q[k] = out->q[k] + t * solid->drift[k];
            if (s)
                project(r, q, screen);
            else if (r->shutter.readout_s > 0)
                project(r, q, screen);
        }
        r->vertices++;
    }
    return true;
}

static void grow(struct trace_rect *rect, int x0, int y0, int x1, int y1)
{
    rect->x0 = x0 < rect->x0 ? x0 : rect->x0;
    rect->y0 = y0 < rect->y0 ? y0 : rect->y0;
    rect->x1 = x1 > rect->x1 ? x1 : rect->x1;
    rect->y1 = y1 > rect->y1 ? y1 : rect->y1;
}

/* Rows between the long edge and the two short ones. An edge is always walked from its upper end, so that two triangles that share it agree
 * to the bit, and no sample between them is missed or drawn twice. */
static void fill(const struct sim_renderer *r, const struct trace_plane *to, const struct trace_screen *a, const struct trace_screen *b,
                 const struct trace_screen *c, float ox, float oy, uint32_t key, struct trace_rect *dirty)
{
    const struct trace_screen *top = a, *mid = b, *end = c, *swap;
    float area = (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x), wx, wy, slope, slope_top, slope_end, w_lo, w_hi;
    int y0, y1, left = r->w, right = 0;

    if (area >= -1e-7f)                        /* outside faces turn clockwise in a picture whose y goes down */
        return;
    if (mid->y < top->y) { swap = top; top = mid; mid = swap; }
    if (end->y < top->y) { swap = top; top = end; end = swap; }
    if (end->y < mid->y) { swap = mid; mid = end; end = swap; }
    y0 = (int)ceilf(fmaxf(0, top->y - oy));
    y1 = (int)ceilf(fminf((float)r->h, end->y - oy));
    if (y0 >= y1)
        return;
    area = 1 / area;
    wx = ((b->w - a->w) * (c->y - a->y) - (c->w - a->w) * (b->y - a->y)) * area;
    wy = ((c->w - a->w) * (b->x - a->x) - (b->w - a->w) * (c->x - a->x)) * area;
    w_lo = fminf(a->w, fminf(b->w, c->w));
    w_hi = fmaxf(a->w, fmaxf(b->w, c->w));
    slope = (end->x - top->x) / (end->y - top->y);
    slope_top = mid->y > top->y ? (mid->x - top->x) / (mid->y - top->y) : 0;
    slope_end = end->y > mid->y ? (end->x - mid->x) / (end->y - mid->y) : 0;
    for (int y = y0; y < y1; y++) {
        float py = (float)y + oy, p = top->x + (py - top->y) * slope - ox, q, w;
        int x0, x1;
        float *ws = to->w + (size_t)y * (size_t)r->w;
        uint32_t *keys = to->key + (size_t)y * (size_t)r->w;

        q = (py < mid->y ? top->x + (py - top->y) * slope_top : mid->x + (py - mid->y) * slope_end) - ox;
        x0 = (int)ceilf(fmaxf(0, fminf(p, q)));
        x1 = (int)ceilf(fminf((float)r->w, fmaxf(p, q)));
        if (x0 >= x1)
            continue;
        left = x0 < left ? x0 : left;
        right = x1 > right ? x1 : right;
        w = a->w + ((float)x0 + ox - a->x) * wx + (py - a->y) * wy;
        for (int x = x0; x < x1; x++) {
            float at = w + (float)(x - x0) * wx;

            at = at < w_lo ? w_lo : at > w_hi ? w_hi : at;
            if (at > ws[x]) {
                ws[x] = at;
                keys[x] = key;
            }
        }
    }
    if (dirty && left < right)
        grow(dirty, left, y0, right, y1);
}

/* The part of a triangle that is before the near plane: up to two triangles. */
static int clip(const struct sim_renderer *r, const struct trace_vertex *const corner[3], float cut[4][3], struct trace_screen out[4])
{
    int n = 0;

    for (int i = 0; i < 3; i++) {
        const float *a = corner[i]->q, *b = corner[(i + 1) % 3]->q;

        if (a[2] >= NEAR_M)
            memcpy(cut[n++], a, 3 * sizeof *a);
        if ((a[2] >= NEAR_M) != (b[2] >= NEAR_M)) {
            float f = (NEAR_M - a[2]) / (b[2] - a[2]);

            for (int k = 0; k < 2; k++)
                cut[n][k] = a[k] + f * (b[k] - a[k]);
            cut[n++][2] = NEAR_M;
        }
    }
    for (int i = 0; i < n; i++)
        project(r, cut[i], &out[i]);
    return n;
}

void trace_draw(struct sim_renderer *r, struct trace_layer *l, uint32_t number, struct trace_rect *dirty)
{
    const struct trace_solid *solid = &r->solid[number];
    const struct sim_mesh *mesh = solid->mesh;
    const struct trace_plane *planes = solid->clear > 0 ? l->clear : l->plane;

    for (uint32_t i = 0; i < mesh->triangles; i++) {
        const uint16_t *index = mesh->index + 3 * (size_t)i;
        const struct trace_screen *at = r->screen[0] + solid->first, *a = at + index[0], *b = at + index[1], *c = at + index[2];
        uint32_t key = (number + 1) << 24 | i;
        int before = (a->w > 0) + (b->w > 0) + (c->w > 0);

        if (before == 3) {
            float area = (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x);

            if (area < 0)
                l->whole[solid->id] -= .5f * area;
            else if (!solid->moving)
                continue;
            for (int s = 0; s < TRACE_PLANES; s++) {
                const struct trace_screen *then = solid->moving ? r->screen[s] + solid->first : at;

                if (then[index[0]].w > 0 && then[index[1]].w > 0 && then[index[2]].w > 0)
                    fill(r, &planes[s], then + index[0], then + index[1], then + index[2], trace_offset[s][0], trace_offset[s][1], key, dirty);
            }
        } else if (before) {
            const struct trace_vertex *v = r->vertex + solid->first, *const corner[3] = { v + index[0], v + index[1], v + index[2] };
            struct trace_screen screen[4];
            float cut[4][3];
            int n = clip(r, corner, cut, screen);

            for (int k = 2; k < n; k++)
                for (int s = 0; s < TRACE_PLANES; s++)
                    fill(r, &planes[s], &screen[0], &screen[k - 1], &screen[k], trace_offset[s][0], trace_offset[s][1], key, dirty);
        }
    }
}

uint32_t trace_print(const struct sim_texture *texture, float u, float v, float texels)
{
    int level = 0, w, h, x, y;

    while (texels > 1.6f && level + 1 < texture->levels) {
        texels *= .25f;
        level++;
    }
    w = texture->w >> level;
    h = texture->h >> level;
    x = sample_wrap((int)floorf(u * (float)w), w);
    y = sample_wrap((int)floorf(v * (float)h), h);
    return sim_sample(texture->level[level], w, h, u * (float)w - .5f, v * (float)h - .5f) | (texture->level[level][y * w + x] & 0xff000000);
}

static void cross(const float a[3], const float b[3], float out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static float dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Barycentric coordinates straight from the line of sight, so that neither lens nor near plane matters. */
void trace_resolve(const struct sim_renderer *r, uint32_t key, int plane, int x, int y, bool print, struct trace_hit *out)
{
    const struct trace_solid *solid = &r->solid[(key >> 24) - 1];
    const uint16_t *index = solid->mesh->index + 3 * (size_t)(key & 0xffffff);
    const struct trace_vertex *corner[3] = { r->vertex + solid->first + index[0], r->vertex + solid->first + index[1], r->vertex + solid->first + index[2] };
    size_t at = (size_t)y * (size_t)r->w + (size_t)x, next = x + 1 < r->w ? at + 1 : at - 1, below = y + 1 < r->h ? at + (size_t)r->w : at - (size_t)r->w;
    float sx = (next > at ? 1.f : -1.f) * (r->ray_x[next] - r->ray_x[at]), sy = (below > at ? 1.f : -1.f) * (r->ray_y[below] - r->ray_y[at]);
    float d[3] = { r->ray_x[at] + trace_offset[plane][0] * sx, r->ray_y[at] + trace_offset[plane][1] * sy, 1 };
    float q[3][3], e[3][3], b[3], sum = 0, side[3], up[3], z, t, n;

    t = solid->moving ? trace_instant[plane] * r->shutter.exposure_s + r->shutter.readout_s * ((float)y / (float)r->h - .5f) : 0;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            q[i][k] = corner[i]->q[k] + t * solid->drift[k];
    cross(q[1], q[2], e[0]);
    cross(q[2], q[0], e[1]);
    cross(q[0], q[1], e[2]);
    for (int i = 0; i < 3; i++) {
        b[i] = fminf(0, dot(d, e[i]));     /* outside faces: all are negative inside */
        sum += b[i];
    }
    for (int i = 0; i < 3; i++)
        b[i] = sum < 0 ? b[i] / sum : 1 / 3.f;
    out->solid = solid;
    z = 0;
    for (int k = 0; k < 3; k++) {
        out->p[k] = b[0] * corner[0]->p[k] + b[1] * corner[1]->p[k] + b[2] * corner[2]->p[k];
        out->n[k] = b[0] * corner[0]->n[k] + b[1] * corner[1]->n[k] + b[2] * corner[2]->n[k];
        side[k] = corner[1]->p[k] - corner[0]->p[k];
        up[k] = corner[2]->p[k] - corner[0]->p[k];
        z += b[k] * q[k][2];
    }
    cross(side, up, out->g);
    t = sqrtf(dot(out->g, out->g)) + 1e-20f;
    n = 1 / (sqrtf(dot(out->n, out->n)) + 1e-20f);
    for (int k = 0; k < 3; k++) {
        out->g[k] /= t;
        out->n[k] *= n;
    }
    z = fmaxf(z, NEAR_M);
    out->w = 1 / z;
    if (!print)
        return;
    out->u = b[0] * corner[0]->u + b[1] * corner[1]->u + b[2] * corner[2]->u;
    out->v = b[0] * corner[0]->v + b[1] * corner[1]->v + b[2] * corner[2]->v;
    {
        const struct sim_texture *texture = solid->texture;
        float sheet = fabsf((corner[1]->u - corner[0]->u) * (corner[2]->v - corner[0]->v) - (corner[1]->v - corner[0]->v) * (corner[2]->u - corner[0]->u)) *
                      (float)texture->w * (float)texture->h;
        float view[3] = { r->eye[0] - out->p[0], r->eye[1] - out->p[1], r->eye[2] - out->p[2] }, away = sqrtf(dot(view, view));

        out->cosine = fmaxf(dot(view, out->g) / away, .1f);
        /* texels in a pixel: of a triangle's area t (twice), a pixel covers z^2 / f^2 / cosine */
        out->texel = trace_print(texture, out->u, out->v, sheet / t * z * z / (r->lens.fx * r->lens.fy) / out->cosine);
    }
}
