/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Visibility: which triangle is nearest at each sample. No colour is made here, so what is hidden costs a comparison. */
#include "lab/sim/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The centre, and three places around it that differ in every row and column. Their instants spread over the exposure. */
const float trace_offset[TRACE_PLANES][2] = { { 0, 0 }, { .338f, .091f }, { -.2475f, .2475f }, { -.0905f, -.338f } };
const float trace_instant[TRACE_PLANES] = { 0, -.25f, .25f, .5f };

/* How many times its depth a place may be beside the axis, each way; the picture's corner is within. */
static const float WIDE = 2.f;

static void project(const struct sim_renderer *r, const float q[3], struct trace_screen *out)
{
    float wide = WIDE * q[2];

    out->w = 0;
    if (q[2] < TRACE_NEAR_M || fabsf(q[0]) > wide || fabsf(q[1]) > wide)
        return;
    out->w = 1 / q[2];
    sim_lens_project(&r->lens, q[0] * out->w, q[1] * out->w, &out->x, &out->y);
}

/* The lens undone: the direction (z = 1) of a place in the picture, by fixed point. */
void trace_lens(const struct sim_lens *l, float px, float py, float out[2])
{
    float x0 = (px - l->cx) / l->fx, y0 = (py - l->cy) / l->fy, x = x0, y = y0;

    for (int i = 0; i < 20; i++) {
        float s = x * x + y * y, radial = trace_most(.2f, 1 + s * (l->k1 + s * (l->k2 + s * l->k3)));
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

/* Where it is seen at each plane's instant, which its row delays. */
static void place_moving(struct sim_renderer *r, const struct trace_solid *solid, const float q[3], uint32_t i)
{
    float row = r->screen[0][i].w > 0 ? trace_least(1, trace_most(0, r->screen[0][i].y / (float)r->h)) - .5f : 0;

    for (int s = 0; s < TRACE_PLANES; s++) {
        float t = trace_instant[s] * r->shutter.exposure_s + r->shutter.readout_s * row, then[3];

        for (int k = 0; k < 3; k++)
            then[k] = q[k] + t * solid->drift[k];
        project(r, then, &r->screen[s][i]);
    }
}

bool trace_place(struct sim_renderer *r, struct trace_solid *solid)
{
    const struct sim_mesh *mesh = solid->mesh;
    const struct trace_mesh *known = trace_mesh_of(r, mesh);
    const float *m = solid->pose.r;
    float all[9], at[3];

    if (!known || !room(r, mesh->vertices))
        return false;
    solid->face = known->face;
    solid->rays = known->scene;
    solid->first = r->vertices;
    for (int i = 0; i < 3; i++) {
        at[i] = r->r[3 * i] * solid->pose.t[0] + r->r[3 * i + 1] * solid->pose.t[1] + r->r[3 * i + 2] * solid->pose.t[2] + r->t[i];
        for (int k = 0; k < 3; k++)
            all[3 * i + k] = r->r[3 * i] * m[k] + r->r[3 * i + 1] * m[3 + k] + r->r[3 * i + 2] * m[6 + k];
    }
    for (uint32_t i = 0; i < mesh->vertices; i++, r->vertices++) {
        const struct sim_vertex *v = &mesh->vertex[i];
        float q[3], n[3];

        for (int k = 0; k < 3; k++) {
            q[k] = all[3 * k] * v->p[0] + all[3 * k + 1] * v->p[1] + all[3 * k + 2] * v->p[2] + at[k];
            n[k] = m[3 * k] * v->n[0] + m[3 * k + 1] * v->n[1] + m[3 * k + 2] * v->n[2];
        }
        r->vertex[r->vertices] = (struct trace_vertex){ { q[0], q[1], q[2], v->u }, { n[0], n[1], n[2], v->v } };
        project(r, q, &r->screen[0][r->vertices]);
        if (solid->moving)
            place_moving(r, solid, q, r->vertices);
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

/* Rows between the long edge and the two short ones, for four samples at once, each of its own place (and triangle, where that moves). An edge
 * is always walked from its upper end, so that two triangles that share it agree to the bit: no sample between is missed or drawn twice. */
struct slopes { trace_four top_x, top_y, mid_x, mid_y, end_y, all, upper, lower, at_x, at_y, at_w, wx, wy, w_lo, w_hi; float y0, y1; };

static inline bool set_up(const struct trace_screen *a, const struct trace_screen *b, const struct trace_screen *c, int lane, struct slopes *out)
{
    const struct trace_screen *top = a, *mid = b, *end = c, *swap;
    float area = (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x);

    if (area >= -1e-7f)                        /* outside faces turn clockwise in a picture whose y goes down */
        return false;
    if (mid->y < top->y) { swap = top; top = mid; mid = swap; }
    if (end->y < top->y) { swap = top; top = end; end = swap; }
    if (end->y < mid->y) { swap = mid; mid = end; end = swap; }
    area = 1 / area;
    out->wx[lane] = ((b->w - a->w) * (c->y - a->y) - (c->w - a->w) * (b->y - a->y)) * area;
    out->wy[lane] = ((c->w - a->w) * (b->x - a->x) - (b->w - a->w) * (c->x - a->x)) * area;
    out->w_lo[lane] = trace_least(a->w, trace_least(b->w, c->w));
    out->w_hi[lane] = trace_most(a->w, trace_most(b->w, c->w));
    out->all[lane] = (end->x - top->x) / (end->y - top->y);
    out->upper[lane] = mid->y > top->y ? (mid->x - top->x) / (mid->y - top->y) : 0;
    out->lower[lane] = end->y > mid->y ? (end->x - mid->x) / (end->y - mid->y) : 0;
    out->at_x[lane] = a->x;
    out->at_y[lane] = a->y;
    out->at_w[lane] = a->w;
    out->top_x[lane] = top->x;
    out->top_y[lane] = top->y;
    out->mid_x[lane] = mid->x;
    out->mid_y[lane] = mid->y;
    out->end_y[lane] = end->y;
    out->y0 = trace_least(out->y0, top->y);
    out->y1 = trace_most(out->y1, end->y);
    return true;
}

static const trace_four OFFSET_X = { 0, .338f, -.2475f, -.0905f }, OFFSET_Y = { 0, .091f, .2475f, -.338f };
static const float REACH = .338f;              /* the farthest offset */

static inline trace_four choose(trace_flags which, trace_four yes, trace_four no)
{
    return (trace_four)(((trace_flags)yes & which) | ((trace_flags)no & ~which));
}

static inline trace_four splat(float x)
{
    return (trace_four){ x, x, x, x };
}

static inline float least_of(trace_four v)
{
    return trace_least(trace_least(v[0], v[1]), trace_least(v[2], v[3]));
}

static inline float most_of(trace_four v)
{
    return trace_most(trace_most(v[0], v[1]), trace_most(v[2], v[3]));
}

TRACE_INTO void fill(const struct sim_renderer *r, const struct trace_planes *to, const struct slopes *t, uint32_t key, struct trace_rect *dirty)
{
    int y0 = trace_ceil(trace_most(0, t->y0 - REACH)), y1 = trace_ceil(trace_least((float)r->h, t->y1 + REACH)), left = r->w, right = 0;
    const trace_flags keys = { (int32_t)key, (int32_t)key, (int32_t)key, (int32_t)key };

    for (int y = y0; y < y1; y++) {
        trace_four py = splat((float)y) + OFFSET_Y, p = t->top_x + (py - t->top_y) * t->all - OFFSET_X, q, lo, hi, w;
        trace_flags row = (py >= t->top_y) & (py < t->end_y);
        int x0, x1;

        q = choose(py < t->mid_y, t->top_x + (py - t->top_y) * t->upper, t->mid_x + (py - t->mid_y) * t->lower) - OFFSET_X;
        lo = choose(row, choose(p < q, p, q), splat(1e9f));
        hi = choose(row, choose(p < q, q, p), splat(-1e9f));
        x0 = trace_ceil(trace_most(0, least_of(lo)));
        x1 = trace_ceil(trace_least((float)r->w, most_of(hi)));
        if (x0 >= x1)
            continue;
        left = x0 < left ? x0 : left;
        right = x1 > right ? x1 : right;
        w = t->at_w + (OFFSET_X - t->at_x) * t->wx + (py - t->at_y) * t->wy;
        for (int x = x0; x < x1; x++) {
            size_t i = (size_t)y * (size_t)r->w + (size_t)x;
            trace_four px = splat((float)x), at = w + px * t->wx, was = to->w[i];
            trace_flags in;

            at = choose(at < t->w_lo, t->w_lo, choose(at > t->w_hi, t->w_hi, at));
            in = (px >= lo) & (px < hi) & (at > was);
            to->w[i] = choose(in, at, was);
            to->key[i] = (keys & in) | (to->key[i] & ~in);
        }
    }
    if (dirty && left < right)
        grow(dirty, left, y0, right, y1);
}

static void spread(struct slopes *t)           /* lane 0 to all */
{
    trace_four *v = &t->top_x;

    for (int i = 0; i < 15; i++)
        v[i] = splat(v[i][0]);
}

/* Signed distances to what bounds the view: near, left, right, up, down; positive inside. */
static float inside(int plane, const float q[3])
{
    switch (plane) {
    case 0:  return q[2] - TRACE_NEAR_M;
    case 1:  return WIDE * q[2] + q[0];
    case 2:  return WIDE * q[2] - q[0];
    case 3:  return WIDE * q[2] + q[1];
    default: return WIDE * q[2] - q[1];
    }
}

/* The part of a triangle that may be in the picture. Far beside it the lens bends what is straight, and corners there would pull edges astray. */
static int clip(const struct sim_renderer *r, const struct trace_vertex *const corner[3], struct trace_screen out[9])
{
    float at[2][9][3];
    int n = 3, now = 0;

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            at[0][i][k] = corner[i]->q[k];
    for (int plane = 0; plane < 5; plane++) {
        int kept = 0;

        for (int i = 0; i < n; i++) {
            const float *a = at[now][i], *b = at[now][(i + 1) % n];
            float da = inside(plane, a), db = inside(plane, b);

            if (da >= 0)
                memcpy(at[1 - now][kept++], a, sizeof at[0][0]);
            if ((da >= 0) != (db >= 0)) {
                float f = da / (da - db);

                for (int k = 0; k < 3; k++)
                    at[1 - now][kept][k] = a[k] + f * (b[k] - a[k]);
                kept++;
            }
        }
        n = kept;
        now = 1 - now;
        if (n < 3)
            return 0;
    }
    for (int i = 0; i < n; i++) {
        const float *q = at[now][i];

        out[i].w = 1 / trace_most(q[2], .5f * TRACE_NEAR_M);
        sim_lens_project(&r->lens, q[0] * out[i].w, q[1] * out[i].w, &out[i].x, &out[i].y);
    }
    return n;
}

TRACE_WIDE void trace_draw(struct sim_renderer *r, struct trace_layer *l, uint32_t number, struct trace_rect *dirty)
{
    const struct trace_solid *solid = &r->solid[number];
    const struct sim_mesh *mesh = solid->mesh;
    const struct trace_planes *planes = solid->clear > 0 ? &l->clear : &l->plane;
    const float w = (float)r->w, h = (float)r->h;

    for (uint32_t i = 0; i < mesh->triangles; i++) {
        const uint16_t *index = mesh->index + 3 * (size_t)i;
        const struct trace_screen *at = r->screen[0] + solid->first, *a = at + index[0], *b = at + index[1], *c = at + index[2];
        uint32_t key = (number + 1) << 24 | i;
        int before = (a->w > 0) + (b->w > 0) + (c->w > 0);
        struct slopes t;

        t.y0 = 1e9f;
        t.y1 = -1e9f;
        if (before == 3) {
            float area = (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x);

            if (area < 0 && !solid->inside)
                l->whole[solid->id] -= .5f * area;
            if (solid->moving) {
                int there = 0;

                memset(&t, 0, offsetof(struct slopes, y0));        /* a lane of zeros covers nothing */
                for (int s = 0; s < TRACE_PLANES; s++) {
                    const struct trace_screen *then = r->screen[s] + solid->first;

                    if (then[index[0]].w > 0 && then[index[1]].w > 0 && then[index[2]].w > 0)
                        there += set_up(then + index[0], then + index[1], then + index[2], s, &t);
                }
                if (there)
                    fill(r, planes, &t, key, dirty);
                continue;
            }
            if (area >= 0 || trace_most(a->x, trace_most(b->x, c->x)) < -1 || trace_least(a->x, trace_least(b->x, c->x)) > w ||
                trace_most(a->y, trace_most(b->y, c->y)) < -1 || trace_least(a->y, trace_least(b->y, c->y)) > h || !set_up(a, b, c, 0, &t))
                continue;
            spread(&t);
            fill(r, planes, &t, key, dirty);
        } else {
            const struct trace_vertex *v = r->vertex + solid->first, *const corner[3] = { v + index[0], v + index[1], v + index[2] };
            struct trace_screen screen[9];
            int n = clip(r, corner, screen);

            for (int k = 2; k < n; k++) {
                const struct trace_screen *o = &screen[0], *p = &screen[k - 1], *q = &screen[k];

                t.y0 = 1e9f;
                t.y1 = -1e9f;
                if (!set_up(o, p, q, 0, &t))
                    continue;
                l->whole[solid->id] -= .5f * ((p->x - o->x) * (q->y - o->y) - (p->y - o->y) * (q->x - o->x));
                spread(&t);
                fill(r, planes, &t, key, dirty);
            }
        }
    }
}
