/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* From what a pixel shows to its colour. Sums are of linear light; a curve with a soft shoulder makes display values. */
#include "lab/sim/trace.h"

#include "lab/sim/sample.h"

#include <math.h>
#include <string.h>

enum { CURVE_LOW = (127 - 12) << 8 };      /* bins of the curve: 256 an octave, from 2^-12 */

void trace_curves(struct sim_renderer *r)
{
    for (int i = 0; i < 256; i++)
        r->to_linear[i] = powf((float)i / 255, 2.2f);
    for (uint32_t i = 0; i < sizeof r->to_display; i++) {
        uint32_t bits = ((i + CURVE_LOW) << 15) + (1 << 14);
        float x, knee = .7f;

        memcpy(&x, &bits, sizeof x);
        if (x > knee)
            x = knee + (1 - knee) * (1 - expf(-(x - knee) / (1 - knee)));
        r->to_display[i] = (uint8_t)lrintf(255 * powf(x, 1 / 2.2f));
    }
    r->to_display[0] = 0;
}

uint32_t trace_display(const struct sim_renderer *r, const float rgb[3])
{
    uint32_t out = 0;

    for (int k = 0; k < 3; k++) {
        float x = rgb[k] > 0 ? rgb[k] : 0;
        uint32_t bits, bin;

        memcpy(&bits, &x, sizeof bits);
        bin = bits >> 15;
        bin = bin < CURVE_LOW ? 0 : bin - CURVE_LOW;
        bin = bin < sizeof r->to_display ? bin : sizeof r->to_display - 1;
        out = out << 8 | r->to_display[bin];
    }
    return out;
}

uint32_t trace_print(const struct sim_texture *texture, float u, float v, float texels, bool clear)
{
    int level = 0, w, h, x, y;
    uint32_t texel;

    while (texels > 4.f && level + 1 < texture->levels) {
        texels *= .25f;
        level++;
    }
    w = texture->w >> level;
    h = texture->h >> level;
    texel = sim_sample(texture->level[level], w, h, u * (float)w - .5f, v * (float)h - .5f);
    if (clear) {
        x = sample_wrap(sample_floor(u * (float)w), w);
        y = sample_wrap(sample_floor(v * (float)h), h);
        texel |= texture->level[level][y * w + x] & 0xff000000;
    }
    return texel;
}

static void cross(const float a[3], const float b[3], float out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

void trace_basket(const struct sim_renderer *r, const float q[3], float out[3])
{
    for (int k = 0; k < 3; k++)
        out[k] = r->r[k] * q[0] + r->r[3 + k] * q[1] + r->r[6 + k] * q[2] + r->eye[k];
}

/* A triangle seen: what all its pixels share. */
struct run {
    uint32_t key;                              /* 0: none */
    bool flat;                                 /* one normal all over */
    const struct trace_vertex *corner[3];
    float e[3][3], z[3], n[3], rate;           /* e: crosses of the corners' lines of sight; rate: texels of the first level in a pixel at 1 m, straight on */
    trace_four light;
};

/* As it is in sample `plane` of row y. */
TRACE_INTO void start(const struct sim_renderer *r, uint32_t key, int plane, int y, struct run *run)
{
    const struct trace_solid *solid = &r->solid[(key >> 24) - 1];
    const uint16_t *index = solid->mesh->index + 3 * (size_t)(key & 0xffffff);
    const struct trace_vertex *v = r->vertex + solid->first, *a = v + index[0], *b = v + index[1], *c = v + index[2];
    float q[3][3], t = 0;
    trace_flags other;

    run->key = solid->moving ? 0 : key;
    run->corner[0] = a;
    run->corner[1] = b;
    run->corner[2] = c;
    if (solid->moving)
        t = trace_instant[plane] * r->shutter.exposure_s + r->shutter.readout_s * ((float)y / (float)r->h - .5f);
    for (int k = 0; k < 3; k++) {
        q[0][k] = a->q[k] + t * solid->drift[k];
        q[1][k] = b->q[k] + t * solid->drift[k];
        q[2][k] = c->q[k] + t * solid->drift[k];
    }
    cross(q[1], q[2], run->e[0]);
    cross(q[2], q[0], run->e[1]);
    cross(q[0], q[1], run->e[2]);
    for (int i = 0; i < 3; i++)
        run->z[i] = q[i][2];
    other = (a->n != b->n) | (a->n != c->n);
    run->flat = !(other[0] || other[1] || other[2]);
    if (run->flat) {
        float n = 1 / (sqrtf(a->n[0] * a->n[0] + a->n[1] * a->n[1] + a->n[2] * a->n[2]) + 1e-20f);

        for (int k = 0; k < 3; k++)
            run->n[k] = a->n[k] * n;
        run->light = trace_env_irradiance(&r->env, run->n);
    }
    run->rate = solid->face[key & 0xffffff].sheet * (float)solid->texture->w * (float)solid->texture->h / (r->lens.fx * r->lens.fy);
}

/* Barycentric coordinates straight from the line of sight, so that neither lens nor near plane matters. */
TRACE_INTO void look(const struct sim_renderer *r, const struct run *run, int plane, int x, int y, struct trace_hit *out)
{
    size_t at = (size_t)y * (size_t)r->w + (size_t)x;
    const struct trace_vertex *a = run->corner[0], *b = run->corner[1], *c = run->corner[2];
    float dx = r->ray_x[at], dy = r->ray_y[at], share[3], sum, n;
    trace_four place, normal;

    if (plane) {
        size_t next = x + 1 < r->w ? at + 1 : at - 1, below = y + 1 < r->h ? at + (size_t)r->w : at - (size_t)r->w;

        dx += trace_offset[plane][0] * (next > at ? 1.f : -1.f) * (r->ray_x[next] - dx);
        dy += trace_offset[plane][1] * (below > at ? 1.f : -1.f) * (r->ray_y[below] - dy);
    }
    for (int i = 0; i < 3; i++)                /* outside faces: all are negative inside */
        share[i] = trace_least(0, dx * run->e[i][0] + dy * run->e[i][1] + run->e[i][2]);
    sum = share[0] + share[1] + share[2];
    n = sum < 0 ? 1 / sum : 0;
    for (int i = 0; i < 3; i++)
        share[i] = sum < 0 ? share[i] * n : 1 / 3.f;
    place = share[0] * a->q + share[1] * b->q + share[2] * c->q;
    normal = share[0] * a->n + share[1] * b->n + share[2] * c->n;
    for (int k = 0; k < 3; k++)
        out->q[k] = place[k];
    out->u = place[3];
    out->v = normal[3];
    out->z = trace_most(share[0] * run->z[0] + share[1] * run->z[1] + share[2] * run->z[2], TRACE_NEAR_M);
    n = run->flat ? 1 : 1 / (sqrtf(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]) + 1e-20f);
    for (int k = 0; k < 3; k++)
        out->n[k] = run->flat ? run->n[k] : normal[k] * n;
}

void trace_resolve(const struct sim_renderer *r, uint32_t key, int plane, int x, int y, struct trace_hit *out)
{
    struct run run;

    start(r, key, plane, y, &run);
    look(r, &run, plane, x, y, out);
    out->solid = &r->solid[(key >> 24) - 1];
    out->face = &out->solid->face[key & 0xffffff];
}

static struct trace_fragment *fresh(struct trace_layer *l, int pixel)
{
    struct trace_fragment *f = &l->fragment[l->fragments++];

    l->count[pixel]++;
    f->gloss = (trace_four){ 0 };
    return f;
}

void trace_backdrops(struct sim_renderer *r)
{
    for (int i = 0; i < r->w * r->h; i++) {
        float d[3], rgb[3], x = r->ray_x[i], y = r->ray_y[i], n = sqrtf(x * x + y * y + 1);

        for (int k = 0; k < 3; k++)
            d[k] = (r->r[k] * x + r->r[3 + k] * y + r->r[6 + k]) / n;
        trace_backdrop(&r->env, &r->backdrop, d, rgb);
        r->back[i] = (trace_four){ rgb[0], rgb[1], rgb[2], 0 };
    }
}

static void backdrop(struct sim_renderer *r, struct trace_layer *l, int pixel, const float share[3])
{
    struct trace_fragment *f = fresh(l, pixel);

    f->solid = 0;
    f->print = r->back[pixel] * (trace_four){ share[0], share[1], share[2], 0 };
}

/* Small print: the mean of two places in the pixel, a quarter of it this way and that, along where the print slides faster. */
TRACE_INTO void print_twice(const struct sim_renderer *r, const struct run *run, const struct sim_texture *texture, const struct trace_hit *hit, float texels, int x, int y,
                            float out[3])
{
    size_t at = (size_t)y * (size_t)r->w + (size_t)x;
    const float dx = r->ray_x[at], dy = r->ray_y[at], w = (float)texture->w, h = (float)texture->h;
    float raw[3], sum = 0, slide[2][2], length[2];
    uint32_t one, other;
    int k;

    for (int i = 0; i < 3; i++) {
        raw[i] = trace_least(0, dx * run->e[i][0] + dy * run->e[i][1] + run->e[i][2]);
        sum += raw[i];
    }
    sum = sum < 0 ? 1 / sum : 0;
    for (k = 0; k < 2; k++) {
        float per = .25f * sum / (k ? r->lens.fy : r->lens.fx), u = 0, v = 0;

        for (int i = 0; i < 3; i++) {
            u += run->e[i][k] * (run->corner[i]->q[3] - hit->u);
            v += run->e[i][k] * (run->corner[i]->n[3] - hit->v);
        }
        slide[k][0] = per * u;
        slide[k][1] = per * v;
        length[k] = w * w * slide[k][0] * slide[k][0] + h * h * slide[k][1] * slide[k][1];
    }
    k = length[1] > length[0];
    one = trace_print(texture, hit->u + slide[k][0], hit->v + slide[k][1], .5f * texels, false);
    other = trace_print(texture, hit->u - slide[k][0], hit->v - slide[k][1], .5f * texels, false);
    for (int i = 0; i < 3; i++)
        out[i] = .5f * (r->to_linear[one >> (16 - 8 * i) & 255] + r->to_linear[other >> (16 - 8 * i) & 255]);
}

/* `share`: of the pixel, by colour. Of a clear solid, `through` gets what share of the light behind it comes through. */
TRACE_INTO void surface(struct sim_renderer *r, struct trace_layer *l, struct run *run, int x, int y, uint32_t key, int plane, const float share[3], float through[3])
{
    const struct trace_solid *solid = &r->solid[(key >> 24) - 1];
    struct trace_fragment *f = fresh(l, y * r->w + x);
    struct trace_hit hit;
    trace_four light;
    float clear = 0, print[3], view[3], away, cosine, texels;
    uint32_t texel = 0;

    if (run->key != key)
        start(r, key, plane, y, run);
    look(r, run, plane, x, y, &hit);
    for (int k = 0; k < 3; k++)                /* towards the eye, in the basket's frame */
        view[k] = -(r->r[k] * hit.q[0] + r->r[3 + k] * hit.q[1] + r->r[6 + k] * hit.q[2]);
    away = 1 / sqrtf(view[0] * view[0] + view[1] * view[1] + view[2] * view[2]);
    cosine = (view[0] * hit.n[0] + view[1] * hit.n[1] + view[2] * hit.n[2]) * away;
    texels = run->rate * hit.z * hit.z / trace_most(cosine, .1f);
    if (!through && plane == 0 && texels > 1.f)
        print_twice(r, run, solid->texture, &hit, texels, x, y, print);
    else {
        texel = trace_print(solid->texture, hit.u, hit.v, texels, through != NULL);
        for (int k = 0; k < 3; k++)
            print[k] = r->to_linear[texel >> (16 - 8 * k) & 255];
    }
    if (through) {
        clear = solid->clear * (1 - (float)(texel >> 24) / 255);
        for (int k = 0; k < 3; k++)
            through[k] = share[k] * clear * sqrtf(print[k]);
    }
    light = run->flat ? run->light : trace_env_irradiance(&r->env, hit.n);
    f->solid = key >> 24;
    f->paper[3] = .5f * (1 + hit.n[2]);
    f->n[3] = 1 / hit.z;
    for (int k = 0; k < 3; k++) {
        f->n[k] = hit.n[k];
        f->print[k] = share[k] * (1 - clear) * print[k] * light[k];
        f->paper[k] = share[k] * (1 - clear) * print[k] * r->env.bounce[k];
    }
    if (solid->gloss > 0) {
        float mirror[3], rgb[3], rough = 1 - solid->gloss, part;

        cosine = trace_most(0, cosine);
        for (int k = 0; k < 3; k++)
            mirror[k] = 2 * cosine * hit.n[k] - view[k] * away;
        trace_env_radiance(&r->env, mirror, .03f + .3f * rough * rough, rgb);
        part = 1 - cosine;
        part = solid->gloss * (.04f + .96f * part * part * part * part * part);
        for (int k = 0; k < 3; k++)
            f->gloss[k] = share[k] * part * (rgb[k] - r->env.bounce[k]);
        f->gloss[3] = share[1] * part;
    }
}

/* One surface in all samples: the same solid, no edge between. */
TRACE_INTO bool one_surface(const struct sim_renderer *r, trace_four w, trace_flags keys)
{
    uint32_t key = (uint32_t)keys[0];

    for (int s = 1; s < TRACE_PLANES; s++) {
        uint32_t other = (uint32_t)keys[s];
        const struct trace_solid *solid;
        const trace_four *a, *b;

        if (other == key)
            continue;
        if (!key || other >> 24 != key >> 24 || fabsf(w[s] - w[0]) > .05f * w[0])
            return false;
        solid = &r->solid[(key >> 24) - 1];
        a = &r->vertex[solid->first + solid->mesh->index[3 * (size_t)(key & 0xffffff)]].n;
        b = &r->vertex[solid->first + solid->mesh->index[3 * (size_t)(other & 0xffffff)]].n;
        if ((*a)[0] * (*b)[0] + (*a)[1] * (*b)[1] + (*a)[2] * (*b)[2] < .85f)
            return false;
    }
    return true;
}

TRACE_INTO void sample(struct sim_renderer *r, struct trace_layer *l, struct run *run, int x, int y, uint32_t key, uint32_t clear, int plane, float weight)
{
    float share[3] = { weight, weight, weight }, through[3];

    if (clear) {
        surface(r, l, run, x, y, clear, plane, share, through);
        memcpy(share, through, sizeof share);
    }
    if (key)
        surface(r, l, run, x, y, key, plane, share, NULL);
    else
        backdrop(r, l, y * r->w + x, share);
}

TRACE_INTO void fragments(struct sim_renderer *r, struct trace_layer *l, struct run *run, int x, int y)
{
    int pixel = y * r->w + x;
    trace_flags key = trace_keys(&l->plane, pixel), clear = { 0 };
    bool any = r->sees_clear || l == &r->now, full = l->fragments + 2 * TRACE_PLANES > l->fragments_max;

    if (any) {
        clear = l->clear.key[pixel] & (l->clear.w[pixel] > l->plane.w[pixel]);
        any = clear[0] || clear[1] || clear[2] || clear[3];
    }
    l->first[pixel] = l->fragments;
    l->count[pixel] = 0;
    if (l->fragments + 2 > l->fragments_max)   /* more edges than a picture has: what does not fit stays dark */
        return;
    if (full || (!any && one_surface(r, l->plane.w[pixel], key))) {
        sample(r, l, run, x, y, (uint32_t)key[0], (uint32_t)clear[0], 0, 1);
        return;
    }
    for (int s = 0; s < TRACE_PLANES; s++) {
        float weight = 0;
        bool first = true;

        for (int o = 0; o < TRACE_PLANES; o++)
            if (key[o] == key[s] && clear[o] == clear[s]) {
                weight += 1.f / TRACE_PLANES;
                first = first && o >= s;
            }
        if (first)
            sample(r, l, run, x, y, (uint32_t)key[s], (uint32_t)clear[s], s, weight);
    }
}

TRACE_WIDE void trace_fragments(struct sim_renderer *r, struct trace_layer *l, int y, int x0, int x1, const uint8_t *which)
{
    struct run run = { .key = 0 };

    for (int x = x0, i = y * r->w + x0; x < x1; x++, i++)
        if (which[i] && r->keep[i])
            fragments(r, l, &run, x, y);
}

TRACE_INTO bool lies_on(const struct trace_point *p, const struct trace_fragment *f)
{
    return p->solid == f->solid && p->n[0] * f->n[0] + p->n[1] * f->n[1] + p->n[2] * f->n[2] > .75f && fabsf(p->w - f->n[3]) < .06f * f->n[3];
}

/* Do all points whose light is taken lie on the fragment? */
TRACE_INTO bool is_plain(const struct sim_renderer *r, const struct trace_layer *l, const struct trace_fragment *f, int x, int y)
{
    int x0 = x >> 1, y0 = y >> 1, x1 = (x & 1) && x0 + 1 < r->pw ? x0 + 1 : x0, y1 = (y & 1) && y0 + 1 < r->ph ? y0 + 1 : y0;
    bool all = true;

    for (int j = y0; j <= y1; j++)
        for (int i = x0; i <= x1; i++)
            all = all && lies_on(&l->point[j * r->pw + i], f);
    return all;
}

/* Light of the points around, of those on the fragment's surface. */
TRACE_INTO trace_four light_at(const struct sim_renderer *r, const struct trace_layer *l, const struct trace_fragment *f, int x, int y, bool plain)
{
    int x0 = x >> 1, y0 = y >> 1, x1 = x0 + 1 < r->pw ? x0 + 1 : x0, y1 = y0 + 1 < r->ph ? y0 + 1 : y0;
    float fx = x & 1 ? .5f : 0, fy = y & 1 ? .5f : 0, sum = 0;
    const int at[4] = { y0 * r->pw + x0, y0 * r->pw + x1, y1 * r->pw + x0, y1 * r->pw + x1 };
    const float weight[4] = { (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy };
    trace_four out = { 0 };

    if (!((x | y) & 1) && (plain || lies_on(&l->point[at[0]], f)))
        return l->light[at[0]];
    for (int i = 0; i < 4; i++)
        if (weight[i] > 0 && (plain || lies_on(&l->point[at[i]], f))) {
            out += weight[i] * l->light[at[i]];
            sum += weight[i];
        }
    for (int j = (y0 < 1 ? 0 : y0 - 1); sum <= 0 && j <= y0 + 2 && j < r->ph; j++)
        for (int i = (x0 < 1 ? 0 : x0 - 1); i <= x0 + 2 && i < r->pw; i++) {
            const struct trace_point *p = &l->point[j * r->pw + i];

            if (p->solid == f->solid && p->n[0] * f->n[0] + p->n[1] * f->n[1] + p->n[2] * f->n[2] > .5f) {
                out += l->light[j * r->pw + i];
                sum += 1;
            }
        }
    if (sum > 0)
        return out * (1 / sum);
    for (int i = 0; i < 4; i++)                /* a surface without a point of its own */
        out += .25f * l->light[at[i]];
    return out;
}

/* `plain`: it is known that the points around lie on the one fragment. */
TRACE_INTO uint32_t shade(const struct sim_renderer *r, const struct trace_layer *light, const struct trace_fragment *f, int count, int x, int y, bool plain)
{
    trace_four sum = { 0 };
    float rgb[3];

    for (int i = 0; i < count; i++, f++) {
        trace_four at;

        if (!f->solid) {
            sum += f->print;
            continue;
        }
        at = light_at(r, light, f, x, y, plain);
        sum += at[0] * f->print + at[2] * f->gloss + (f->paper[3] * at[1] + 1 - f->paper[3]) * f->paper + f->gloss[3] * r->env.bounce;
    }
    memcpy(rgb, &sum, sizeof rgb);
    return trace_display(r, rgb);
}

uint8_t trace_id(const struct sim_renderer *r, const struct trace_layer *l, int pixel)
{
    float clear = l->clear.w[pixel][0], opaque = l->plane.w[pixel][0];
    uint32_t key = (uint32_t)(clear > opaque ? l->clear.key[pixel][0] : l->plane.key[pixel][0]);

    return clear > opaque || opaque > 0 ? r->solid[(key >> 24) - 1].id : 0;
}

TRACE_WIDE void trace_row(struct sim_renderer *r, struct trace_layer *l, int y)
{
    struct run run = { .key = 0 };

    for (int x = 0, i = y * r->w; x < r->w; x++, i++) {
        l->id[i] = trace_id(r, l, i);
        if (!r->keep[i]) {
            l->rgb[i] = 0;
            l->count[i] = 0;
            continue;
        }
        fragments(r, l, &run, x, y);
        l->plain[i] = l->count[i] == 1 && l->fragment[l->first[i]].solid && is_plain(r, l, &l->fragment[l->first[i]], x, y);
        l->rgb[i] = shade(r, l, l->fragment + l->first[i], l->count[i], x, y, l->plain[i]);
    }
}

TRACE_WIDE void trace_shade_row(const struct sim_renderer *r, struct trace_layer *l, const struct trace_layer *still, int y)
{
    const uint8_t *touched = r->touched + y / 2 * r->pw;

    for (int x = 0, i = y * r->w; x < r->w; x++, i++) {
        const struct trace_layer *from = r->changed[i] ? l : still;
        uint8_t marks = touched[x / 2];

        if (r->keep[i] && ((marks & TOUCHED_SHADE) || r->changed[i]))
            l->rgb[i] = shade(r, l, from->fragment + from->first[i], from->count[i], x, y, !r->changed[i] && !(marks & NEAR_SURFACE) && still->plain[i]);
    }
}
