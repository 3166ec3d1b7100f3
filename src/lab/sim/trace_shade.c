/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* From what a pixel shows to its colour. Sums are of linear light; a curve with a soft shoulder makes display values. */
#include "lab/sim/trace.h"

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

static struct trace_fragment *fresh(struct trace_layer *l, int pixel)
{
    struct trace_fragment *f = &l->fragment[l->fragments++];

    l->count[pixel]++;
    memset(f, 0, sizeof *f);
    return f;
}

static void backdrop(struct sim_renderer *r, struct trace_layer *l, int pixel, const float share[3])
{
    float d[3], rgb[3], x = r->ray_x[pixel], y = r->ray_y[pixel], n = sqrtf(x * x + y * y + 1);
    struct trace_fragment *f = fresh(l, pixel);

    for (int k = 0; k < 3; k++)
        d[k] = (r->r[k] * x + r->r[3 + k] * y + r->r[6 + k]) / n;
    trace_backdrop(&r->env, &r->backdrop, d, rgb);
    for (int k = 0; k < 3; k++)
        f->print[k] = rgb[k] * share[k];
}

/* `share`: of the pixel, by colour. Of a clear solid, `through` gets what share of the light behind it comes through. */
static void surface(struct sim_renderer *r, struct trace_layer *l, int pixel, uint32_t key, int plane, const float share[3], float through[3])
{
    struct trace_fragment *f = fresh(l, pixel);
    struct trace_hit hit;
    trace_four light;
    float clear = 0, print[3], view[3], away, cosine;
    const struct sim_texture *texture;
    uint32_t texel;

    trace_resolve(r, key, plane, pixel % r->w, pixel / r->w, &hit);
    for (int k = 0; k < 3; k++)                /* towards the eye, in the basket's frame */
        view[k] = -(r->r[k] * hit.q[0] + r->r[3 + k] * hit.q[1] + r->r[6 + k] * hit.q[2]);
    away = 1 / sqrtf(view[0] * view[0] + view[1] * view[1] + view[2] * view[2]);
    cosine = (view[0] * hit.n[0] + view[1] * hit.n[1] + view[2] * hit.n[2]) * away;
    /* a pixel covers z^2 / f^2 / cosine of the face */
    texture = hit.solid->texture;
    texel = trace_print(texture, hit.u, hit.v, hit.face->sheet * (float)texture->w * (float)texture->h * hit.z * hit.z /
                                                   (r->lens.fx * r->lens.fy * trace_most(cosine, .1f)));
    for (int k = 0; k < 3; k++)
        print[k] = r->to_linear[texel >> (16 - 8 * k) & 255];
    if (through) {
        clear = hit.solid->clear * (1 - (float)(texel >> 24) / 255);
        for (int k = 0; k < 3; k++)
            through[k] = share[k] * clear * sqrtf(print[k]);
    }
    light = trace_env_irradiance(&r->env, hit.n);
    f->solid = key >> 24;
    f->paper[3] = .5f * (1 + hit.n[2]);
    f->n[3] = 1 / hit.z;
    for (int k = 0; k < 3; k++) {
        f->n[k] = hit.n[k];
        f->print[k] = share[k] * (1 - clear) * print[k] * light[k];
        f->paper[k] = share[k] * (1 - clear) * print[k] * r->env.bounce[k];
    }
    if (hit.solid->gloss > 0) {
        float mirror[3], rgb[3], rough = 1 - hit.solid->gloss, part;

        cosine = trace_most(0, cosine);
        for (int k = 0; k < 3; k++)
            mirror[k] = 2 * cosine * hit.n[k] - view[k] * away;
        trace_env_radiance(&r->env, mirror, .03f + .3f * rough * rough, rgb);
        part = 1 - cosine;
        part = hit.solid->gloss * (.04f + .96f * part * part * part * part * part);
        for (int k = 0; k < 3; k++)
            f->gloss[k] = share[k] * part * (rgb[k] - r->env.bounce[k]);
        f->gloss[3] = share[1] * part;
    }
}

/* One surface in all samples: the same solid, no edge between. */
static bool one_surface(const struct sim_renderer *r, trace_four w, trace_flags keys)
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

static void sample(struct sim_renderer *r, struct trace_layer *l, int pixel, uint32_t key, uint32_t clear, int plane, float weight)
{
    float share[3] = { weight, weight, weight }, through[3];

    if (clear) {
        surface(r, l, pixel, clear, plane, share, through);
        memcpy(share, through, sizeof share);
    }
    if (key)
        surface(r, l, pixel, key, plane, share, NULL);
    else
        backdrop(r, l, pixel, share);
}

void trace_fragments(struct sim_renderer *r, struct trace_layer *l, int pixel)
{
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
        sample(r, l, pixel, (uint32_t)key[0], (uint32_t)clear[0], 0, 1);
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
            sample(r, l, pixel, (uint32_t)key[s], (uint32_t)clear[s], s, weight);
    }
}

static bool lies_on(const struct trace_point *p, const struct trace_fragment *f)
{
    return p->solid == f->solid && p->n[0] * f->n[0] + p->n[1] * f->n[1] + p->n[2] * f->n[2] > .75f && fabsf(p->w - f->n[3]) < .06f * f->n[3];
}

/* Light of the points around, of those on the fragment's surface. */
static trace_four light_at(const struct sim_renderer *r, const struct trace_layer *l, const struct trace_fragment *f, int x, int y)
{
    int x0 = x >> 1, y0 = y >> 1, x1 = x0 + 1 < r->pw ? x0 + 1 : x0, y1 = y0 + 1 < r->ph ? y0 + 1 : y0;
    float fx = x & 1 ? .5f : .04f, fy = y & 1 ? .5f : .04f, sum = 0;
    const int at[4] = { y0 * r->pw + x0, y0 * r->pw + x1, y1 * r->pw + x0, y1 * r->pw + x1 };
    const float weight[4] = { (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy };
    trace_four out = { 0 };

    for (int i = 0; i < 4; i++)
        if (lies_on(&l->point[at[i]], f)) {
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

uint32_t trace_shade(const struct sim_renderer *r, const struct trace_layer *light, const struct trace_fragment *f, int count, int x, int y)
{
    trace_four sum = { 0 };
    float rgb[3];

    for (int i = 0; i < count; i++, f++) {
        trace_four at;

        if (!f->solid) {
            sum += f->print;
            continue;
        }
        at = light_at(r, light, f, x, y);
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
