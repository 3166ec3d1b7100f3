/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Light points and the denoiser. A point traces the few directions of its class; any block of 4 x 4 points holds all classes, so a point borrows
 * from its block what it did not trace, from those that lie on its own surface, and weighs it by its own normal (interleaved sampling, A. Keller,
 * W. Heidrich 2001). Where its surface is narrower than a block, the block grows.
 */
#include "lab/sim/trace.h"

#include <math.h>

static const float ON_PLANE_M = .006f, NEAR_M = .09f;
enum { ENOUGH = 10 };                      /* points on the same surface that a block must have, or it grows */

void trace_point_make(const struct sim_renderer *r, struct trace_layer *l, int i)
{
    int x = 2 * (i % r->pw) + 1, y = 2 * (i / r->pw) + 1;
    struct trace_point *out = &l->point[i];
    struct trace_hit hit;
    uint32_t key;
    size_t at;

    x = x < r->w ? x : r->w - 1;
    y = y < r->h ? y : r->h - 1;
    at = (size_t)y * (size_t)r->w + (size_t)x;
    key = (uint32_t)l->plane.key[at][0];
    l->open[i] = l->known[i] = 0;
    if (l->plane.w[at][0] <= 0 || !r->keep_point[i]) {
        out->solid = 0;
        return;
    }
    trace_resolve(r, key, 0, x, y, &hit);
    trace_basket(r, hit.q, out->p);
    for (int k = 0; k < 3; k++) {
        const float *m = hit.solid->pose.r + 3 * k;

        out->n[k] = hit.n[k];
        out->g[k] = m[0] * hit.face->n[0] + m[1] * hit.face->n[1] + m[2] * hit.face->n[2];
    }
    out->w = 1 / hit.z;
    out->solid = key >> 24;
}

static bool alike(const struct trace_point *a, const struct trace_point *b)
{
    float dx = b->p[0] - a->p[0], dy = b->p[1] - a->p[1], dz = b->p[2] - a->p[2];

    return b->solid && fabsf(dx * a->n[0] + dy * a->n[1] + dz * a->n[2]) < ON_PLANE_M && a->n[0] * b->n[0] + a->n[1] * b->n[1] + a->n[2] * b->n[2] > .7f &&
           dx * dx + dy * dy + dz * dz < NEAR_M * NEAR_M;
}

typedef float lanes __attribute__((vector_size(32)));
typedef int32_t flags __attribute__((vector_size(32)));

static float total(const lanes *v)
{
    const float *f = (const float *)v;

    return ((f[0] + f[4]) + (f[1] + f[5])) + ((f[2] + f[6]) + (f[3] + f[7]));
}

TRACE_WIDE void trace_light_block(const struct sim_renderer *r, struct trace_layer *l, int i)
{
    const struct trace_point *me = &l->point[i];
    int px = i % r->pw, py = i / r->pw, seen = 0;
    uint64_t found = 0;

    l->reach[i] = 0;
    if (!me->solid)
        return;
    for (int reach = TRACE_SIDE / 2; reach <= TRACE_SIDE && seen < ENOUGH; reach += TRACE_SIDE / 2) {
        int x0 = px - reach < 0 ? 0 : px - reach, x1 = px + reach < r->pw ? px + reach : r->pw;

        l->reach[i] = (uint8_t)reach;
        found = 0;
        seen = 0;
        for (int y = py - reach < 0 ? 0 : py - reach; y < py + reach && y < r->ph; y++)
            for (int x = x0; x < x1; x++) {
                uint64_t one = alike(me, &l->point[y * r->pw + x]);

                found |= one << ((y - py + reach) * 2 * reach + x - px + reach);
                seen += (int)one;
            }
    }
    l->alike[i] = found;
}

TRACE_WIDE void trace_light_point(const struct sim_renderer *r, struct trace_layer *l, int i)
{
    const struct trace_point *me = &l->point[i];
    const struct trace_env *env = &r->env;
    int px = i % r->pw, py = i / r->pw, reach = l->reach[i], bits = reach > TRACE_SIDE / 2 ? 3 : 2;
    uint64_t known = 0, open = 0;
    float view[3], facing, away = 0;
    lanes mirror_all = { 0 }, mirror_some = { 0 }, open_all = { 0 }, open_some = { 0 }, shut_all = { 0 }, shut_some = { 0 };
    const flags lane = { 1, 2, 4, 8, 16, 32, 64, 128 };

    l->raw[i] = (trace_four){ 1, 0, 1, 0 };
    if (!me->solid)
        return;
    for (int k = 0; k < 3; k++) {
        view[k] = r->eye[k] - me->p[k];
        away += view[k] * view[k];
    }
    away = 1 / sqrtf(away);
    facing = 2 * away * (view[0] * me->n[0] + view[1] * me->n[1] + view[2] * me->n[2]);
    for (int k = 0; k < 3; k++)
        view[k] = facing * me->n[k] - away * view[k];
    for (uint64_t left = l->alike[i]; left; left &= left - 1) {
        int at = __builtin_ctzll(left), y = py - reach + (at >> bits), x = px - reach + (at & (2 * reach - 1));
        int j = y * r->pw + x, shift = (y % TRACE_SIDE * TRACE_SIDE + x % TRACE_SIDE) * TRACE_EACH;
        uint64_t fresh = (uint64_t)l->known[j] << shift & ~known;

        known |= fresh;
        open |= (uint64_t)l->open[j] << shift & fresh;
    }
    for (int k = 0; k < TRACE_DIRECTIONS; k += 8) {
        const lanes zero = { 0 };
        lanes x, y, z, radiance, density, cosine, near;
        flags is_known = ((int32_t)(known >> k & 255) & lane) != 0, is_open = ((int32_t)(open >> k & 255) & lane) != 0;

        __builtin_memcpy(&x, env->x + k, sizeof x);
        __builtin_memcpy(&y, env->y + k, sizeof y);
        __builtin_memcpy(&z, env->z + k, sizeof z);
        __builtin_memcpy(&radiance, env->open + k, sizeof radiance);
        __builtin_memcpy(&density, env->shut + k, sizeof density);
        cosine = x * me->n[0] + y * me->n[1] + z * me->n[2];
        cosine = (lanes)((flags)cosine & (cosine > zero) & is_known);
        near = x * view[0] + y * view[1] + z * view[2];
        near = (lanes)((flags)near & (near > zero) & is_known);
        near *= near;                          /* a lobe of power 16 */
        near *= near;
        near *= near;
        near *= near;
        mirror_all += near;
        mirror_some += (lanes)((flags)near & is_open);
        radiance *= cosine;
        density *= cosine;
        open_all += radiance;
        shut_all += density;
        open_some += (lanes)((flags)radiance & is_open);
        shut_some += (lanes)((flags)density & ~is_open);
    }
    if (total(&shut_all) > 1e-6f)
        l->raw[i] = (trace_four){ total(&open_some) / trace_most(total(&open_all), 1e-9f), total(&shut_some) / total(&shut_all),
                                    total(&mirror_some) / trace_most(total(&mirror_all), 1e-9f), 0 };
}

static inline bool near_in_normal(const struct trace_point *a, const struct trace_point *b)
{
    return a->solid == b->solid && a->n[0] * b->n[0] + a->n[1] * b->n[1] + a->n[2] * b->n[2] > .93f;
}

/* A shadow's edge is found once a block for each direction: smoothed along rows and columns, the steps of blocks go. */
void trace_light_smooth(const struct sim_renderer *r, struct trace_layer *l, int i)
{
    const struct trace_point *me = &l->point[i];
    int px = i % r->pw, py = i / r->pw;
    trace_four sum = 2 * l->raw[i];
    float all = 2;

    l->light[i] = l->raw[i];
    if (!me->solid)
        return;
    for (int axis = 0; axis < 2; axis++)
        for (int off = -2; off <= 2; off++) {
            int x = px + (axis ? 0 : off), y = py + (axis ? off : 0), j = y * r->pw + x;
            float weight = off == 1 || off == -1 ? 2 : 1;

            if (!off || x < 0 || y < 0 || x >= r->pw || y >= r->ph)
                continue;
            if (!near_in_normal(me, &l->point[j]))
                continue;
            sum += weight * l->raw[j];
            all += weight;
        }
    l->light[i] = sum * (1 / all);
}
