/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Rich packs: cartons with a gable, bulged boxes, bottles of several profiles, trays, cups, pouches, blisters, multipacks. */
#include "lab/sim/model_inner.h"

#include <math.h>
#include <string.h>

static const float TAU = 6.28318531f;
static const double MIDDLE[3] = { 0, 0, 0 };
enum { AROUND = 28 };

/* ---- bands about z ---- */

struct ring { const struct model_band *band; float half[3], at[3]; };

static void ring_point(const void *user, float s, float t, struct sim_vertex *out)
{
    const struct ring *u = user;
    const struct model_band *b = u->band;
    float angle = TAU * (s < 1 ? s : 0) + .75f * TAU, c = cosf(angle), d = sinf(angle);    /* s = .5 is the front, +y */
    float r = b->r0 + t * (b->r1 - b->r0), z = b->z0 + t * (b->z1 - b->z0);

    *out = (struct sim_vertex){ .p = { u->at[0] + u->half[0] * r * c, u->at[1] + u->half[1] * r * d, u->at[2] + u->half[2] * z } };
    model_uv(b->region, b->whole ? s : fabsf(2 * s - 1), 1 - t, out);
}

enum trundle_status model_bands(struct sim_mesh *m, int around, const struct model_band *band, size_t n, const double half[3], const double at[3])
{
    for (size_t i = 0; i < n; i++) {
        struct ring ring = { &band[i], { (float)half[0], (float)half[1], (float)half[2] }, { (float)at[0], (float)at[1], (float)at[2] } };

        TRY(model_grid(m, around, band[i].rows ? band[i].rows : 1, ring_point, &ring));
    }
    return TRUNDLE_OK;
}

/* ---- flat faces ---- */

struct leaf { float o[3], du[3], dv[3], out[3], bulge; const struct model_region *region; bool pillow; };

static void leaf_point(const void *user, float s, float t, struct sim_vertex *out)
{
    const struct leaf *f = user;
    float a = 2 * s - 1, b = 2 * t - 1, up = f->bulge * (1 - a * a) * (1 - b * b);

    if (f->pillow) {
        float ea = 1 - powf(fabsf(a), 3.2f), eb = 1 - powf(fabsf(b), 3.2f);

        up = f->bulge * sqrtf(fmaxf(0, ea * eb));
    }
    *out = (struct sim_vertex){ 0 };
    for (int k = 0; k < 3; k++)
        out->p[k] = f->o[k] + s * f->du[k] + t * f->dv[k] + up * f->out[k];
    model_uv(f->region, s, 1 - t, out);
}

enum trundle_status model_block(struct sim_mesh *m, int n, const double half[3], const double at[3], double bulge,
                                const struct model_region *const region[5])
{
    float x = (float)half[0], y = (float)half[1], z = (float)half[2], g = (float)bulge;
    struct leaf face[6] = {                     /* du x dv = outside; the picture's up is dv */
        { { x, y, -z }, { -2 * x, 0, 0 }, { 0, 0, 2 * z }, { 0, 1, 0 }, g, region[0], false },
        { { -x, -y, -z }, { 2 * x, 0, 0 }, { 0, 0, 2 * z }, { 0, -1, 0 }, g, region[1], false },
        { { x, -y, -z }, { 0, 2 * y, 0 }, { 0, 0, 2 * z }, { 1, 0, 0 }, g, region[2], false },
        { { -x, y, -z }, { 0, -2 * y, 0 }, { 0, 0, 2 * z }, { -1, 0, 0 }, g, region[2], false },
        { { -x, -y, z }, { 2 * x, 0, 0 }, { 0, 2 * y, 0 }, { 0, 0, 1 }, g, region[3], false },
        { { -x, y, -z }, { 2 * x, 0, 0 }, { 0, -2 * y, 0 }, { 0, 0, -1 }, 0, region[4], false },
    };

    for (int i = 0; i < 6; i++) {
        for (int k = 0; k < 3; k++)
            face[i].o[k] += (float)at[k];
        TRY(model_grid(m, n, n, leaf_point, &face[i]));
    }
    return TRUNDLE_OK;
}

#define REGION(part) (&model_region[part])
static const struct model_region *const BOX_REGIONS[5] = { REGION(MODEL_FRONT), REGION(MODEL_BACK), REGION(MODEL_SIDE), REGION(MODEL_TOP), REGION(MODEL_BOTTOM) };

/* A gable: the body up to .62 of the height, a roof, a fin on its ridge. */
static enum trundle_status add_gable(struct sim_mesh *m, const double half[3], double bulge)
{
    float x = (float)half[0], y = (float)half[1], z = (float)half[2], eave = .58f * z, ridge = .86f * z, g = (float)bulge, body = eave + z, thin = .05f * y;
    const struct leaf face[] = {
        { { x, y, -z }, { -2 * x, 0, 0 }, { 0, 0, body }, { 0, 1, 0 }, g, REGION(MODEL_FRONT), false },
        { { -x, -y, -z }, { 2 * x, 0, 0 }, { 0, 0, body }, { 0, -1, 0 }, g, REGION(MODEL_BACK), false },
        { { x, -y, -z }, { 0, 2 * y, 0 }, { 0, 0, body }, { 1, 0, 0 }, g, REGION(MODEL_SIDE), false },
        { { -x, y, -z }, { 0, -2 * y, 0 }, { 0, 0, body }, { -1, 0, 0 }, g, REGION(MODEL_SIDE), false },
        { { -x, y, -z }, { 2 * x, 0, 0 }, { 0, -2 * y, 0 }, { 0, 0, -1 }, 0, REGION(MODEL_BOTTOM), false },
        { { x, y, eave }, { -2 * x, 0, 0 }, { 0, thin - y, ridge - eave }, { 0, .6f, .8f }, 0, REGION(MODEL_TOP), false },
        { { -x, -y, eave }, { 2 * x, 0, 0 }, { 0, y - thin, ridge - eave }, { 0, -.6f, .8f }, 0, REGION(MODEL_TOP), false },
        { { x, thin, ridge }, { -2 * x, 0, 0 }, { 0, 0, z - ridge }, { 0, 1, 0 }, 0, REGION(MODEL_LID), false },
        { { -x, -thin, ridge }, { 2 * x, 0, 0 }, { 0, 0, z - ridge }, { 0, -1, 0 }, 0, REGION(MODEL_LID), false },
        { { -x, -thin, z }, { 2 * x, 0, 0 }, { 0, 2 * thin, 0 }, { 0, 0, 1 }, 0, REGION(MODEL_LID), false },
        { { x, -thin, ridge }, { 0, 2 * thin, 0 }, { 0, 0, z - ridge }, { 1, 0, 0 }, 0, REGION(MODEL_LID), false },
        { { -x, thin, ridge }, { 0, -2 * thin, 0 }, { 0, 0, z - ridge }, { -1, 0, 0 }, 0, REGION(MODEL_LID), false },
    };
    const struct leaf side[2] = { { { x, -y, eave }, { 0, 2 * y, 0 }, { 0, 0, 0 }, { 1, 0, 0 }, 0, REGION(MODEL_SIDE), false },
                                  { { -x, y, eave }, { 0, -2 * y, 0 }, { 0, 0, 0 }, { -1, 0, 0 }, 0, REGION(MODEL_SIDE), false } };

    for (size_t i = 0; i < COUNT_OF(face); i++)
        TRY(model_grid(m, i < 5 ? 9 : 5, i < 5 ? 9 : 3, leaf_point, &face[i]));
    for (int i = 0; i < 2; i++) {               /* a trapezium: the upper edge is the fin's foot */
        uint32_t first = m->vertices;

        TRY(model_grid(m, 5, 3, leaf_point, &side[i]));
        for (uint32_t j = 0; j < 4; j++)
            for (uint32_t k = 0; k < 6; k++) {
                struct sim_vertex *v = &m->vertex[first + j * 6 + k];
                float t = (float)j / 3;

                v->p[1] += t * (v->p[1] / y * thin - v->p[1]);
                v->p[2] += t * (ridge - eave);
                model_uv(REGION(MODEL_SIDE), (float)k / 5, .1f * (1 - t), v);
            }
    }
    return TRUNDLE_OK;
}

/* Two skins sewn at the rim; `seal` of the height at each end lies flat. */
static enum trundle_status add_pillow(struct sim_mesh *m, const double half[3], double seal)
{
    float x = (float)half[0], y = (float)half[1], z = (float)half[2], e = (float)(seal * 2 * half[2]), flat = .0006f;
    const struct leaf face[] = {
        { { x, 0, -z + e }, { -2 * x, 0, 0 }, { 0, 0, 2 * (z - e) }, { 0, 1, 0 }, y, REGION(MODEL_FRONT), true },
        { { -x, 0, -z + e }, { 2 * x, 0, 0 }, { 0, 0, 2 * (z - e) }, { 0, -1, 0 }, y, REGION(MODEL_BACK), true },
    };

    for (size_t i = 0; i < 2; i++)
        TRY(model_grid(m, 16, 16, leaf_point, &face[i]));
    for (int end = 0; end < 2 && seal > 0; end++) {
        static const struct model_region *const strip[5] = { REGION(MODEL_LID), REGION(MODEL_LID), REGION(MODEL_LID), REGION(MODEL_LID), REGION(MODEL_LID) };
        double h[3] = { half[0], (double)flat, .5 * (double)e }, at[3] = { 0, 0, (end ? 1 : -1) * (half[2] - .5 * (double)e) };

        TRY(model_block(m, 4, h, at, 0, strip));
    }
    return TRUNDLE_OK;
}

/* A tub with a lid of film that carries a label. */
static enum trundle_status add_tray(struct sim_mesh *m, const double half[3])
{
    static const struct model_region *const region[5] = { REGION(MODEL_SIDE), REGION(MODEL_SIDE), REGION(MODEL_SIDE), REGION(MODEL_FRONT), REGION(MODEL_BACK) };

    TRY(model_block(m, 9, half, MIDDLE, .06 * half[2], region));
    for (uint32_t i = 0; i < m->vertices; i++) {  /* sides lean out */
        float f = .88f + .12f * (m->vertex[i].p[2] / (float)half[2] + 1) * .5f;

        m->vertex[i].p[0] *= f;
        m->vertex[i].p[1] *= f;
    }
    return TRUNDLE_OK;
}

static enum trundle_status add_blister(struct sim_mesh *m, const double half[3])
{
    double card[3] = { half[0], .0008, half[2] }, at[3] = { 0, -half[1] + .0008, 0 };
    float x = .72f * (float)half[0], z = .5f * (float)half[2], y = (float)at[1], deep = 2 * (float)half[1] - .0016f;
    const struct leaf dome[2] = {
        { { x, y + .0008f, -1.5f * z }, { -2 * x, 0, 0 }, { 0, 0, 2 * z }, { 0, 1, 0 }, deep, REGION(MODEL_BODY), true },
        { { -x, y + .0007f, -1.5f * z }, { 2 * x, 0, 0 }, { 0, 0, 2 * z }, { 0, -1, 0 }, 0, REGION(MODEL_BODY), true },
    };

    TRY(model_block(m, 6, card, at, 0, BOX_REGIONS));
    TRY(model_grid(m, 14, 14, leaf_point, &dome[0]));
    return model_grid(m, 14, 14, leaf_point, &dome[1]);
}

/* ---- round packs ---- */

static enum trundle_status add_can(struct sim_mesh *m, const double half[3], const double at[3], int around)
{
    const struct model_band can[] = {
        { .0001f, -.985f, .86f, -.985f, REGION(MODEL_METAL), false, 1 }, { .86f, -.985f, .9f, -1, REGION(MODEL_METAL), false, 1 },
        { .9f, -1, 1, -.93f, REGION(MODEL_METAL), false, 1 },            { 1, -.93f, 1, .9f, REGION(MODEL_LABEL), true, 7 },
        { 1, .9f, .9f, .985f, REGION(MODEL_METAL), false, 1 },           { .9f, .985f, .88f, 1, REGION(MODEL_METAL), false, 1 },
        { .88f, 1, .84f, .97f, REGION(MODEL_METAL), false, 1 },          { .84f, .97f, .0001f, .965f, REGION(MODEL_METAL), false, 1 } };

    return model_bands(m, around, can, COUNT_OF(can), half, at);
}

static enum trundle_status add_cup(struct sim_mesh *m, const double half[3])
{
    const struct model_band cup[] = {
        { .0001f, -1, .74f, -1, REGION(MODEL_BODY), false, 1 }, { .74f, -1, .77f, -.96f, REGION(MODEL_BODY), false, 1 },
        { .77f, -.96f, .93f, .9f, REGION(MODEL_LABEL), true, 7 }, { .93f, .9f, 1, .93f, REGION(MODEL_LID), false, 1 },
        { 1, .93f, 1, .985f, REGION(MODEL_LID), false, 1 }, { 1, .985f, .0001f, 1, REGION(MODEL_LID), false, 2 } };

    return model_bands(m, AROUND, cup, COUNT_OF(cup), half, MIDDLE);
}

static enum trundle_status add_jar(struct sim_mesh *m, const double half[3], uint64_t art)
{
    float waist = art >> 9 & 1 ? 1 : .93f, neck = .82f + .1f * (float)(art >> 10 & 1);
    const struct model_band jar[] = {
        { .0001f, -.97f, .9f, -1, REGION(MODEL_BODY), false, 1 }, { .9f, -1, 1, -.92f, REGION(MODEL_BODY), false, 1 },
        { 1, -.92f, waist, -.72f, REGION(MODEL_BODY), false, 1 }, { waist, -.72f, waist, .36f, REGION(MODEL_LABEL), true, 6 },
        { waist, .36f, 1, .5f, REGION(MODEL_BODY), false, 1 },    { 1, .5f, neck, .66f, REGION(MODEL_BODY), false, 2 },
        { neck + .05f, .66f, neck + .05f, .96f, REGION(MODEL_LID), false, 1 }, { neck + .05f, .96f, neck, 1, REGION(MODEL_LID), false, 1 },
        { neck, 1, .0001f, .985f, REGION(MODEL_LID), false, 1 }, { neck, .66f, neck + .05f, .66f, REGION(MODEL_LID), false, 1 } };

    return model_bands(m, AROUND, jar, COUNT_OF(jar), half, MIDDLE);
}

/* Profiles of bottles: label from lo to hi, then shoulder and neck. */
struct profile { float lo, hi, shoulder, neck_z, neck_r, cap_r, waist; };

static enum trundle_status add_bottle(struct sim_mesh *m, const double half[3], const double at[3], const struct profile *f, int around)
{
    const struct model_band bottle[] = {
        { .0001f, -.96f, .82f, -1, REGION(MODEL_BODY), false, 1 }, { .82f, -1, 1, -.94f, REGION(MODEL_BODY), false, 1 },
        { 1, -.94f, 1, f->lo, REGION(MODEL_BODY), false, 2 },      { f->waist, f->lo, f->waist, f->hi, REGION(MODEL_LABEL), true, 6 },
        { 1, f->hi, 1, f->shoulder, REGION(MODEL_BODY), false, 2 },
        { 1, f->shoulder, .86f, f->shoulder + .3f * (f->neck_z - f->shoulder), REGION(MODEL_BODY), false, 1 },
        { .86f, f->shoulder + .3f * (f->neck_z - f->shoulder), f->neck_r * 1.25f, f->neck_z - .12f * (f->neck_z - f->shoulder), REGION(MODEL_BODY), false, 3 },
        { f->neck_r * 1.25f, f->neck_z - .12f * (f->neck_z - f->shoulder), f->neck_r, f->neck_z, REGION(MODEL_BODY), false, 1 },
        { f->neck_r, f->neck_z, f->neck_r, .86f, REGION(MODEL_BODY), false, 1 }, { f->neck_r, .86f, f->cap_r, .86f, REGION(MODEL_LID), false, 1 },
        { f->cap_r, .86f, f->cap_r, .985f, REGION(MODEL_LID), false, 1 }, { f->cap_r, .985f, .0001f, 1, REGION(MODEL_LID), false, 1 },
        { 1, f->lo, f->waist, f->lo, REGION(MODEL_BODY), false, 1 }, { f->waist, f->hi, 1, f->hi, REGION(MODEL_BODY), false, 1 } };

    return model_bands(m, around, bottle, COUNT_OF(bottle), half, at);
}

static const struct profile *profile_of(enum suite_pack pack, uint64_t art)
{
    static const struct profile plastic[] = { { -.6f, .12f, .24f, .66f, .3f, .34f, 1 }, { -.35f, .3f, .36f, .7f, .3f, .34f, .92f },
                                              { -.72f, .2f, .44f, .76f, .36f, .42f, 1 } };
    static const struct profile glass[] = { { -.66f, .05f, .3f, .56f, .3f, .33f, 1 }, { -.7f, .0f, .1f, .62f, .32f, .36f, 1 },
                                            { -.6f, .16f, .34f, .5f, .36f, .38f, 1 } };

    return pack == SUITE_GLASS ? &glass[(art >> 11) % COUNT_OF(glass)] : &plastic[(art >> 11) % COUNT_OF(plastic)];
}

static enum trundle_status add_multipack(struct sim_mesh *m, const struct sim_product *p, const double half[3], bool carton)
{
    static const struct model_region *const clip[5] = { REGION(MODEL_BOTTOM), REGION(MODEL_BOTTOM), REGION(MODEL_TOP), REGION(MODEL_TOP), REGION(MODEL_TOP) };
    int nx = p->count == 6 || p->count == 3 ? 3 : 2, ny = p->count > 3 ? 2 : 1;
    double piece[3] = { half[0] / nx * .985, half[1] / ny * .985, half[2] };

    if (carton)
        return model_block(m, 9, half, MIDDLE, .02 * half[1], BOX_REGIONS);
    for (int i = 0; i < nx * ny; i++) {
        double at[3] = { (2 * (i % nx) + 1 - nx) * half[0] / nx, (2 * (i / nx) + 1 - ny) * half[1] / ny, 0 };

        TRY(p->piece == SUITE_CAN ? add_can(m, piece, at, 16) : add_bottle(m, piece, at, profile_of(p->piece, p->art), 14));
    }
    {   /* a sleeve of board over the shoulders */
        double h[3] = { half[0] * 1.01, half[1] * 1.01, .2 * half[2] }, at[3] = { 0, 0, p->piece == SUITE_CAN ? .55 * half[2] : .25 * half[2] };

        return model_block(m, 6, h, at, .02 * half[1], clip);
    }
}

static enum trundle_status build(struct sim_mesh *m, const struct sim_product *p, const double half[3], struct rng *r)
{
    double bulge = .05 * fmin(half[0], half[1]) * rng_range(r, .2, 1);
    uint64_t art = p->art;

    switch (p->pack) {
    case SUITE_CARTON:       return art >> 8 & 1 ? add_gable(m, half, bulge) : model_block(m, 10, half, MIDDLE, bulge, BOX_REGIONS);
    case SUITE_CAN:          return add_can(m, half, MIDDLE, AROUND);
    case SUITE_CUP:          return add_cup(m, half);
    case SUITE_JAR:          return add_jar(m, half, art);
    case SUITE_BOTTLE:
    case SUITE_CLEAR_BOTTLE:
    case SUITE_GLASS:        return add_bottle(m, half, MIDDLE, profile_of(p->pack, art), AROUND);
    case SUITE_POUCH:        return add_pillow(m, half, art >> 8 & 1 ? .05 : 0);
    case SUITE_SACHET:       return add_pillow(m, half, .07);
    case SUITE_TRAY:         return add_tray(m, half);
    case SUITE_BLISTER:      return add_blister(m, half);
    case SUITE_MULTIPACK:    return add_multipack(m, p, half, art >> 8 & 1);
    default:                 return model_block(m, 10, half, MIDDLE, bulge, BOX_REGIONS);
    }
}

/* How far packs give way, m at deform 1: glass and tins hardly, film a lot. */
static void deform(struct sim_mesh *m, const struct sim_product *p, const double half[3], double amount, struct rng *r)
{
    double size = fmin(half[0], fmin(half[1], half[2]));

    switch (p->pack) {
    case SUITE_POUCH:
    case SUITE_SACHET:
        model_crumple(m, half, size * (.1 + .16 * amount), r);
        model_dent(m, half, (int)rng_below(r, 3), .15 * size * amount, .02 * amount, r);
        break;
    case SUITE_GLASS:
    case SUITE_JAR:
        break;
    case SUITE_BLISTER:
        model_dent(m, half, 1, .1 * size * amount, .01 * amount, r);
        break;
    case SUITE_CAN:
        model_dent(m, half, (int)rng_below(r, 3), .12 * size * amount, 0, r);
        break;
    default:
        model_dent(m, half, 1 + (int)rng_below(r, 3), .14 * size * amount, .012 * amount, r);
        break;
    }
}

enum trundle_status model_pack(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out)
{
    struct rng r = rng_seed(look->seed, "model/pack");
    struct sim_mesh m = { 0 };
    enum trundle_status status;
    double half[3];

    sim_model_half(p, 1, look->scale, half);
    status = build(&m, p, half, &r);
    if (status == TRUNDLE_OK && (look->deform > 0 || p->pack == SUITE_POUCH || p->pack == SUITE_SACHET))
        deform(&m, p, half, look->deform, &r);
    if (status == TRUNDLE_OK)
        status = model_normals(&m);
    return model_finish(&m, status, out);
}
