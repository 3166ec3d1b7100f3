/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The reference: the same world and the same light, and none of the short cuts. Every place in a pixel is a ray through the undone lens, every
 * share of light a ray of a pixel's own random shift; no point borrows from another, nothing is filtered. Slow.
 */
#include "lab/sim/trace.h"

#include "base/std/rng.h"

#include <math.h>
#include <string.h>

struct look { float p[3], n[3], g[3], print[3], opaque; const struct trace_solid *solid; float z; };

static float dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* The nearest face; -1 none. */
static int nearest(RTCScene scene, const float o[3], const float d[3], float from, float *to, float uv[2], uint32_t *triangle)
{
    struct RTCIntersectContext context;
    struct RTCRayHit hit;

    if (!scene)
        return -1;
    rtcInitIntersectContext(&context);
    hit.ray = (struct RTCRay){ o[0], o[1], o[2], from, d[0], d[1], d[2], 0, *to, ~0U, 0, 0 };
    hit.hit.geomID = hit.hit.instID[0] = RTC_INVALID_GEOMETRY_ID;
    rtcIntersect1(scene, &context, &hit);
    if (hit.hit.geomID == RTC_INVALID_GEOMETRY_ID)
        return -1;
    uv[0] = hit.hit.u;
    uv[1] = hit.hit.v;
    *triangle = hit.hit.primID;
    *to = hit.ray.tfar;
    return (int)hit.hit.instID[0];
}

static bool face(const struct sim_renderer *r, int number, uint32_t triangle, const float uv[2], const float d[3], float z_per_t, float t, float texels,
                 struct look *out)
{
    const struct trace_solid *solid = &r->solid[number];
    const uint16_t *index = solid->mesh->index + 3 * (size_t)triangle;
    const struct trace_vertex *v = r->vertex + solid->first, *a = v + index[0], *b = v + index[1], *c = v + index[2];
    const struct trace_face *flat = &solid->face[triangle];
    const trace_four place = (1 - uv[0] - uv[1]) * a->q + uv[0] * b->q + uv[1] * c->q, normal = (1 - uv[0] - uv[1]) * a->n + uv[0] * b->n + uv[1] * c->n;
    float q[3] = { place[0], place[1], place[2] }, n;
    uint32_t texel;

    for (int k = 0; k < 3; k++)
        out->g[k] = solid->pose.r[3 * k] * flat->n[0] + solid->pose.r[3 * k + 1] * flat->n[1] + solid->pose.r[3 * k + 2] * flat->n[2];
    if (dot(out->g, d) >= 0)
        return false;
    trace_basket(r, q, out->p);
    n = 1 / (sqrtf(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]) + 1e-20f);
    for (int k = 0; k < 3; k++)
        out->n[k] = normal[k] * n;
    out->z = t * z_per_t;
    texel = trace_print(solid->texture, place[3], normal[3], texels * flat->sheet * (float)solid->texture->w * (float)solid->texture->h * out->z * out->z /
                                                                 (r->lens.fx * r->lens.fy * trace_most(-dot(out->g, d), .1f)), true);
    for (int k = 0; k < 3; k++)
        out->print[k] = r->to_linear[texel >> (16 - 8 * k) & 255];
    out->opaque = 1 - solid->clear * (1 - (float)(texel >> 24) / 255);
    out->solid = solid;
    return true;
}

/* What a line of sight meets; clear solids only when `clear`. */
static bool meet(const struct sim_renderer *r, const float d[3], float from, bool clear, float texels, float z_per_t, struct look *out, float *at)
{
    for (int i = 0; i < 400; i++) {
        float to = INFINITY, to2, uv[2], uv2[2];
        uint32_t triangle = 0, triangle2 = 0;
        int hit = nearest(r->rest, r->eye, d, from, &to, uv, &triangle), hit2;

        to2 = to;
        hit2 = r->moves ? nearest(r->move, r->eye, d, from, &to2, uv2, &triangle2) : -1;
        if (hit2 >= 0) {
            hit = hit2;
            to = to2;
            memcpy(uv, uv2, sizeof uv);
            triangle = triangle2;
        }
        if (hit < 0)
            return false;
        if ((clear || r->solid[hit].clear <= 0) && face(r, hit, triangle, uv, d, z_per_t, to, texels, out)) {
            *at = to;
            return true;
        }
        from = to * 1.000002f + 1e-7f;
    }
    return false;
}

static bool dark(const struct sim_renderer *r, const struct look *at, const float d[3], uint32_t bit)
{
    for (int i = 0; i < 2; i++) {
        RTCScene scene = i ? r->move : r->rest;
        struct RTCIntersectContext context;
        struct RTCRay ray = { at->p[0] + .0008f * at->g[0], at->p[1] + .0008f * at->g[1], at->p[2] + .0008f * at->g[2], 0, d[0], d[1], d[2], 0, INFINITY, bit, 0, 0 };

        if (!scene || (i && !r->moves))
            continue;
        rtcInitIntersectContext(&context);
        rtcOccluded1(scene, &context, &ray);
        if (ray.tfar < 0)
            return true;
    }
    return false;
}

static void add_light(const struct sim_renderer *r, const struct look *at, const float d[3], int rays, struct rng *rng, const float share[3], float out[3])
{
    float light[3] = { 0 }, shift[2] = { (float)rng_unit(rng), (float)rng_unit(rng) }, gloss = at->solid->gloss, cosine;

    for (int i = 0; i < rays; i++) {
        float s = ((float)i + shift[0]) / (float)rays, t = (float)i * .61803399f + shift[1], to[3], rgb[3], per;

        per = trace_env_pick(&r->env, s, t - floorf(t), to);
        cosine = dot(at->n, to);
        if (cosine <= 0)
            continue;
        trace_env_radiance(&r->env, to, 0, rgb);
        if (dot(at->g, to) < .01f || dark(r, at, to, 1U << rng_below(rng, 8)))
            memcpy(rgb, &r->env.bounce, sizeof rgb);
        for (int k = 0; k < 3; k++)
            light[k] += rgb[k] * cosine * per / (3.14159265f * (float)rays);
    }
    for (int k = 0; k < 3; k++)
        out[k] += share[k] * at->opaque * at->print[k] * (light[k] + .5f * (1 - at->n[2]) * r->env.bounce[k]);
    if (gloss > 0) {
        float mirror[3], rgb[3], part, rough = 1 - gloss;

        cosine = fmaxf(0, -dot(at->n, d));
        for (int k = 0; k < 3; k++)
            mirror[k] = 2 * cosine * at->n[k] + d[k];
        trace_env_radiance(&r->env, mirror, .03f + .3f * rough * rough, rgb);
        if (mirror[2] > 0 && dark(r, at, mirror, 1U << rng_below(rng, 8)))
            memcpy(rgb, &r->env.bounce, sizeof rgb);
        part = 1 - cosine;
        part = gloss * (.04f + .96f * part * part * part * part * part);
        for (int k = 0; k < 3; k++)
            out[k] += share[k] * part * rgb[k];
    }
}

static void look_along(const struct sim_renderer *r, float px, float py, float share, int rays, struct rng *rng, float out[3], uint8_t *id)
{
    float lens[2], d[3], n, from = .001f, at, part[3] = { share, share, share }, rgb[3];
    struct look look;

    trace_lens(&r->lens, px, py, lens);
    n = sqrtf(lens[0] * lens[0] + lens[1] * lens[1] + 1);
    for (int k = 0; k < 3; k++)
        d[k] = (r->r[k] * lens[0] + r->r[3 + k] * lens[1] + r->r[6 + k]) / n;
    if (id)
        *id = 0;
    from = TRACE_NEAR_M * n;                           /* the near plane */
    if (!meet(r, d, from, true, 1.f / (float)rays, 1 / n, &look, &at))
        goto nothing;
    if (id) {
        *id = look.solid->id;
        return;
    }
    add_light(r, &look, d, rays, rng, part, out);
    if (look.solid->clear <= 0)
        return;
    for (int k = 0; k < 3; k++)
        part[k] *= (1 - look.opaque) * sqrtf(look.print[k]);
    if (meet(r, d, at * 1.00001f, false, 1.f / (float)rays, 1 / n, &look, &at)) {
        look.opaque = 1;
        add_light(r, &look, d, rays, rng, part, out);
        return;
    }
nothing:
    if (id)
        return;
    trace_backdrop(&r->env, &r->backdrop, d, rgb);
    for (int k = 0; k < 3; k++)
        out[k] += part[k] * rgb[k];
}

void trace_reference(struct sim_renderer *r, int side, uint32_t *out, uint8_t *out_id)
{
    struct rng rng = rng_seed(1, "trace/reference");

    for (int y = 0, i = 0; y < r->h; y++)
        for (int x = 0; x < r->w; x++, i++) {
            float rgb[3] = { 0 };

            if (out_id)
                look_along(r, (float)x, (float)y, 1, side * side, &rng, NULL, &out_id[i]);
            for (int j = 0; j < side * side && out; j++) {
                float dx = ((float)(j % side) + (float)rng_unit(&rng)) / (float)side - .5f, dy = ((float)(j / side) + (float)rng_unit(&rng)) / (float)side - .5f;

                look_along(r, (float)x + dx, (float)y + dy, 1.f / (float)(side * side), side * side, &rng, rgb, NULL);
            }
            if (out)
                out[i] = trace_display(r, rgb);
        }
}
