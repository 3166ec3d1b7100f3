/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Rich produce: pieces of their own shape and ripeness, stems, bunches, heads of leaves; and a thin bag around them. */
#include "lab/sim/model_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float TAU = 6.28318531f;
static const double MIDDLE[3] = { 0, 0, 0 };

const struct model_region model_stem = { 392, 4, 440, 60 }, model_calyx = { 452, 4, 508, 60 }, model_film = { 388, 68, 508, 380 },
                          model_sticker = { 2, 392, 382, 508 };

struct model_region model_skin_tile(int tile)
{
    float x = (float)(tile % SKIN_COLUMNS) * 128, y = (float)(tile / SKIN_COLUMNS) * 96;

    return (struct model_region){ x, y, x + 128, y + 96 };
}

int model_ripe_tile(double ripe)
{
    int tile = (int)floor(ripe * SKIN_TILES);

    return tile < 0 ? 0 : tile >= SKIN_TILES ? SKIN_TILES - 1 : tile;
}

static float radius(enum suite_form form, float x)
{
    float round = sqrtf(fmaxf(0, 1 - x * x)), x4 = x * x * x * x;

    switch (form) {
    case SUITE_BANANA: return powf(fmaxf(0, 1 - x4 * x4), .4f) * (1 - .3f * x * x) * (x > .82f ? 1 - 2.6f * (x - .82f) : 1);
    case SUITE_LONG:   return sqrtf(fmaxf(0, 1 - x4 * x4)) * (1 - .08f * x);
    case SUITE_PEAR:   return round * (x < 0 ? 1 : 1 - .48f * x);
    case SUITE_CONE:   return sqrtf(fmaxf(0, 1 - x4 * x4)) * (.58f - .4f * x);
    default:           return round;
    }
}

static void tube_at(const void *user, float s, float t, struct sim_vertex *out)
{
    const struct model_tube *u = user;
    float x = -cosf(.5f * TAU * t), angle = TAU * (s < 1 ? s : 0) + u->spin, r = radius(u->form, x), lump = 1, bend = u->bend * (.5f - x * x) * 2;
    float p[3], c = cosf(u->yaw), d = sinf(u->yaw), ct = cosf(u->tilt), st = sinf(u->tilt), q[3];

    if (u->form == SUITE_LUMPY)
        lump = 1 - .07f + (.07f + u->lump) * sinf(3 * angle + 2.3f * x + 3 * u->spin) * (1 - x * x) + u->lump * sinf(2 * angle - 4 * x + u->spin);
    else if (u->form == SUITE_LEAFY)
        lump = .9f + .07f * sinf(7 * angle + 3 * sinf(4 * x)) + .05f * sinf(13 * angle + 9 * x);
    else
        lump = 1 + u->lump * sinf(2 * angle + 3 * x + u->spin) + .5f * u->lump * sinf(3 * angle - 2 * x);
    p[0] = u->half_l * x * (1 - u->dimple * expf(-r * r / .08f));
    p[1] = u->half_d * r * lump * cosf(angle) + bend;
    p[2] = u->half_d * r * lump * sinf(angle);
    q[0] = ct * p[0] - st * p[2];
    q[1] = p[1];
    q[2] = st * p[0] + ct * p[2];
    *out = (struct sim_vertex){ .p = { u->at[0] + c * q[0] - d * q[1], u->at[1] + d * q[0] + c * q[1], u->at[2] + q[2] } };
    model_uv(u->region, s, t, out);
}

enum trundle_status model_tube(struct sim_mesh *m, int around, int along, const struct model_tube *tube)
{
    return model_grid(m, around, along, tube_at, tube);
}

/* ---- one piece ---- */

struct piece { struct model_tube tube; struct model_region tile; };

static bool named(const struct sim_product *p, const char *part)
{
    return strstr(p->name, part) != NULL;
}

static enum trundle_status add_stem(struct sim_mesh *m, const struct sim_product *p, const struct model_tube *t)
{
    bool calyx = named(p, "Tomato") || named(p, "Pepper") || named(p, "Chili") || named(p, "Passion");
    struct model_tube stem = { .form = SUITE_LONG, .half_l = .16f * t->half_d, .half_d = .05f * t->half_d, .yaw = t->yaw, .tilt = t->tilt,
                               .region = &model_stem };
    float end = t->half_l * (1 - t->dimple) + .5f * stem.half_l, local[3] = { end, 0, 0 };

    if (named(p, "Mushroom")) {
        stem = (struct model_tube){ .form = SUITE_LONG, .half_l = .5f * t->half_d, .half_d = .36f * t->half_d, .yaw = t->yaw, .tilt = t->tilt, .region = t->region };
        local[0] = .75f * t->half_l;
    } else if (!calyx && !named(p, "Apple") && !named(p, "Pear") && !named(p, "Plum") && !named(p, "Mango"))
        return TRUNDLE_OK;
    if (calyx) {
        stem.form = SUITE_ROUND;
        stem.half_l = .1f * t->half_d;
        stem.half_d = t->form == SUITE_CONE ? .5f * t->half_d : .3f * t->half_d;
        stem.region = &model_calyx;
        local[0] = t->form == SUITE_CONE ? -t->half_l : t->half_l * (1 - t->dimple);
    }
    stem.at[0] = t->at[0] + cosf(t->yaw) * cosf(t->tilt) * local[0];
    stem.at[1] = t->at[1] + sinf(t->yaw) * cosf(t->tilt) * local[0];
    stem.at[2] = t->at[2] + sinf(t->tilt) * local[0];
    return model_tube(m, 7, 4, &stem);
}

/* Grapes, or florets: spheres packed in an ellipsoid, and a stalk. */
static enum trundle_status add_bunch(struct sim_mesh *m, const struct sim_product *p, const double half[3], const struct model_region *tile, struct rng *r)
{
    bool florets = named(p, "Broccoli");
    int n = florets ? 22 : 40;
    double size = (florets ? .36 : .27) * fmin(half[1], half[2]);

    for (int i = 0; i < n; i++) {
        double z = 1 - 2 * (i + .5) / n, turn = 2.399963 * i, ring = sqrt(1 - z * z), grow = florets && z < -.3 ? 0 : 1;   /* golden spiral */
        double wide = fmax(0, 1 - size / fmin(half[1], half[2])) * rng_range(r, .82, 1);
        struct model_tube ball = { .form = SUITE_ROUND, .half_l = (float)(size * rng_range(r, .9, 1.12)), .half_d = (float)(size * rng_range(r, .85, 1)),
                                   .yaw = (float)rng_range(r, 0, 6.28), .tilt = (float)rng_range(r, -1, 1), .lump = florets ? .12f : 0, .region = tile };

        if (grow <= 0)
            continue;
        ball.at[0] = (float)(half[0] * wide * ring * cos(turn));
        ball.at[1] = (float)(half[1] * wide * ring * sin(turn));
        ball.at[2] = (float)(half[2] * wide * z);
        TRY(model_tube(m, 9, 6, &ball));
    }
    {
        struct model_tube stalk = { .form = SUITE_LONG, .half_l = (float)(florets ? .9 * half[2] : .3 * half[0]), .half_d = (float)(florets ? .3 * half[1] : .003),
                                    .tilt = florets ? 1.5708f : .4f, .at = { florets ? 0 : (float)(.9 * half[0]), 0, florets ? (float)(-.1 * half[2]) : 0 },
                                    .region = florets ? tile : &model_stem };

        return model_tube(m, 10, 6, &stalk);
    }
}

static void place_pieces(const struct sim_product *p, const struct sim_look *look, const double half[3], struct piece *piece, struct rng *r)
{
    float l = (float)(.5 * p->size_m[0] * look->scale), d = (float)(.5 * p->size_m[1] * look->scale);
    int nx, ny, layers, below;
    bool round = p->produce->form == SUITE_ROUND || p->produce->form == SUITE_LUMPY;

    model_cluster(p->produce, look->pieces, &nx, &ny, &layers);
    below = layers > 1 ? (look->pieces + 1) / 2 : look->pieces;
    for (int i = 0; i < look->pieces; i++) {
        int upper = i >= below, k = upper ? i - below : i;
        double slim = exp(look->piece_spread * rng_normal(r)), size = exp(.5 * look->piece_spread * rng_normal(r));
        double ripe = .5 + look->ripeness + .6 * look->ripeness_sd * rng_normal(r);
        struct model_tube *t = &piece[i].tube;

        *t = (struct model_tube){ .form = p->produce->form, .half_l = l * (float)fmin(1.12, size * sqrt(slim)), .half_d = d * (float)fmin(1.1, size / sqrt(slim)),
                                  .spin = (float)rng_range(r, 0, 6.28), .yaw = (float)(.12 * rng_range(r, -2, 2)),
                                  .lump = (float)(.4 * look->piece_spread * rng_range(r, .2, 1)) };
        if (round && look->piece_spread > 0) {     /* a fruit lies as it fell */
            t->yaw = (float)rng_range(r, -.6, .6);
            t->tilt = (float)rng_range(r, -.35, .35);
        }
        if (p->produce->form == SUITE_BANANA)
            t->bend = l * .36f;
        if (p->produce->form == SUITE_LONG || p->produce->form == SUITE_CONE)
            t->bend = l * (float)(.1 * rng_normal(r)) * (look->piece_spread > 0);
        if (named(p, "Apple"))
            t->dimple = .2f;
        else if (named(p, "Tomato") || named(p, "Pepper") || named(p, "Orange"))
            t->dimple = .12f;
        t->at[0] = ((float)(k % nx) - .5f * (float)(nx - 1) + (upper ? .3f : 0)) * 2 * l * (nx > 1 ? .92f : 0);
        t->at[1] = ((float)(k / nx) - .5f * (float)(ny - 1) + (upper ? .3f : 0)) * 2 * d * .92f;
        t->at[2] = -(float)half[2] + d * (upper ? 2.5f : 1);
        piece[i].tile = model_skin_tile(model_ripe_tile(ripe));
        t->region = &piece[i].tile;
    }
}

/* ---- the bag: where the pieces' hull is, with wrinkles, a neck on top and a sticker ---- */

struct film { const struct piece *piece; int pieces; float grow, phase, deep; };

static void film_at(const void *user, float s, float t, struct sim_vertex *out)
{
    const struct film *f = user;
    float angle = TAU * (s < 1 ? s : 0), z = -cosf(.5f * TAU * t), ring = sqrtf(fmaxf(0, 1 - z * z)), d[3] = { ring * cosf(angle), ring * sinf(angle), z };
    float most = -1, sum = 0, p[3] = { 0, 0, 0 };

    for (int i = 0; i < f->pieces; i++) {          /* the farthest along d, softly */
        const struct model_tube *u = &f->piece[i].tube;
        float c = cosf(u->yaw), n = sinf(u->yaw), along = c * d[0] + n * d[1], across = -n * d[0] + c * d[1];
        float l = u->half_l * 1.02f, w2 = u->half_d * (1.05f + u->lump) + .8f * fabsf(u->bend), h = u->half_d * (1.05f + u->lump) + .7f * u->half_l * fabsf(sinf(u->tilt));
        float e[3] = { l * l * along, w2 * w2 * across, h * h * d[2] };
        float norm = sqrtf(e[0] * along + e[1] * across + e[2] * d[2]) + 1e-9f, far = u->at[0] * d[0] + u->at[1] * d[1] + u->at[2] * d[2] + norm, w;

        if (far > most + .03f) {
            float old = expf((most - far) / .004f);

            sum *= old;
            for (int k = 0; k < 3; k++)
                p[k] *= old;
            most = far;
        } else if (most < 0) {
            most = far;
        }
        w = expf((far - most) / .004f);
        sum += w;
        p[0] += w * (u->at[0] + (c * e[0] - n * e[1]) / norm);
        p[1] += w * (u->at[1] + (n * e[0] + c * e[1]) / norm);
        p[2] += w * (u->at[2] + e[2] / norm);
    }
    *out = (struct sim_vertex){ 0 };
    {
        float wrinkle = f->deep * (sinf(9 * angle + 7 * z + f->phase) * ring + .6f * sinf(17 * angle - 11 * z) * ring) + f->grow;

        for (int k = 0; k < 3; k++)
            out->p[k] = p[k] / sum + wrinkle * d[k];
    }
    model_uv(&model_film, s, t, out);
}

static enum trundle_status add_bag(struct sim_mesh *m, const struct piece *piece, int pieces, struct rng *r)
{
    struct film film = { piece, pieces, .005f, (float)rng_range(r, 0, 6), .0022f };
    struct sim_vertex top, front;
    double size, half[3], at[3];
    bool behind = rng_unit(r) < .5;

    TRY(model_grid(m, 26, 16, film_at, &film));
    film_at(&film, 0, 1, &top);
    {
        static const struct model_band neck[] = { { .0001f, -1, .9f, -1, &model_film, false, 1 }, { .9f, -1, .3f, -.2f, &model_film, false, 2 },
                                                  { .3f, -.2f, 1.1f, 1, &model_film, false, 2 },   { 1.1f, 1, .0001f, .7f, &model_film, false, 1 } };

        half[0] = half[1] = .016;
        half[2] = .022;
        at[0] = (double)top.p[0];
        at[1] = (double)top.p[1];
        at[2] = (double)top.p[2] + .4 * half[2];
        TRY(model_bands(m, 12, neck, COUNT_OF(neck), half, at));
    }
    /* the sticker lies flat on top of the film's front */
    film_at(&film, behind ? .75f : .25f, .72f, &front);
    size = .03;
    {
        static const struct model_region blank = { 388, 390, 508, 508 };
        const struct model_region *const region[5] = { &model_sticker, &blank, &blank, &blank, &blank };
        double h[3] = { size, .0006, size * .305 };
        uint32_t first = m->vertices;
        float c = cosf(.75f), s = sinf(.75f);

        TRY(model_block(m, 1, h, MIDDLE, 0, region));
        for (uint32_t i = first; i < m->vertices; i++) {
            float *p = m->vertex[i].p, y = p[1], z = p[2];

            p[0] = front.p[0] + (behind ? -p[0] : p[0]);
            p[1] = front.p[1] + (behind ? -1 : 1) * (.002f + c * y - s * z);
            p[2] = front.p[2] + .002f + s * y + c * z;
        }
    }
    return TRUNDLE_OK;
}

enum { PIECES_MAX = 16 };

/* The pieces as both the produce and its bag see them. */
static int pieces_of(const struct sim_product *p, const struct sim_look *look, double half[3], struct piece piece[PIECES_MAX], struct rng *r)
{
    struct sim_look few = *look;

    few.pieces = look->pieces < PIECES_MAX ? look->pieces : PIECES_MAX;
    sim_model_half(p, look->pieces, look->scale, half);
    place_pieces(p, &few, half, piece, r);
    return few.pieces;
}

enum trundle_status model_produce(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out)
{
    struct rng r = rng_seed(look->seed, "model/produce");
    struct piece piece[PIECES_MAX];
    struct sim_mesh m = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    double half[3];
    int n = pieces_of(p, look, half, piece, &r), along = n > 8 ? 8 : n > 2 ? 12 : 18, around = n > 8 ? 10 : n > 2 ? 16 : 24;
    bool leafy = p->produce->form == SUITE_LEAFY;

    if (p->produce->form == SUITE_BUNCH)
        status = add_bunch(&m, p, half, &piece[0].tile, &r);
    for (int i = 0; i < n && p->produce->form != SUITE_BUNCH && status == TRUNDLE_OK; i++) {
        status = model_tube(&m, leafy ? 40 : around, leafy ? 24 : along, &piece[i].tube);
        if (status == TRUNDLE_OK)
            status = add_stem(&m, p, &piece[i].tube);
    }
    if (status == TRUNDLE_OK)
        status = model_normals(&m);
    return model_finish(&m, status, out);
}

enum trundle_status model_film_of(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out)
{
    struct rng r = rng_seed(look->seed, "model/produce");
    struct piece piece[PIECES_MAX];
    struct sim_mesh m = { 0 };
    double half[3];
    int n = pieces_of(p, look, half, piece, &r);
    enum trundle_status status = add_bag(&m, piece, n, &r);

    if (status == TRUNDLE_OK)
        status = model_normals(&m);
    return model_finish(&m, status, out);
}
