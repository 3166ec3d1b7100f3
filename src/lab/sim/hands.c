/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Hands: their looks from a stream of their own; a grip from above or from the side, as wide as what they hold. */
#include "lab/sim/hands.h"

#include "lab/sim/model_inner.h"
#include "lab/sim/print_inner.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRIPS = 4 };
static const double GRIP_M[GRIPS] = { .017, .028, .042, .13 };   /* radius that the fingers follow; the last is the open hand */

struct hands {
    const struct sim_suite *suite;
    const struct cart_basket *basket;
    struct sim_mesh hand[GRIPS], arm;
    struct sim_texture skin, sleeve;
    double  scale;
    uint64_t seed;
};

/* Tones between very dark and very light, with the red of blood in the middle ones. */
static uint32_t tone(double f)
{
    static const uint32_t at[5] = { 0x3c2419, 0x6e4630, 0xa8745a, 0xd8a486, 0xf0c8b0 };
    int i = (int)fmin(3, floor(fmax(0, f) * 4));

    return print_mix(at[i], at[i + 1], fmax(0, f) * 4 - i);
}

static uint32_t cloth(struct rng *r)
{
    return rng_unit(r) < .45 ? print_mix(0x16181c, 0xd8d8d4, rng_unit(r)) : print_hsv(rng_unit(r), rng_range(r, .25, .8), rng_range(r, .2, .85));
}

/* Fingers left above, one with a ring right above, palm below; 256 x 256. */
static void paint_skin(uint32_t *px, int side, uint32_t skin, bool gloved, bool ring, struct rng *r)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double u = fmod(2.0 * x / side, 1), v = fmod(2.0 * y / side, 1), up = cos(6.2831853 * (u - .25));   /* 1: the back of the finger */
            bool finger = y < side / 2;
            uint32_t rgb = print_mix(skin, gloved ? 0xffffff : 0xf0a890, gloved ? .04 : up < 0 ? -.28 * up : 0);

            rgb = print_mix(rgb, 0, .05 * rng_unit(r));
            if (!gloved && finger && up > 0 && (fabs(v - .42) < .02 || fabs(v - .68) < .015))
                rgb = print_mix(rgb, 0x402018, .35);                                   /* knuckles */
            if (!gloved && finger && up > .55 && v > .84 && v < .96)
                rgb = print_mix(skin, 0xf8d8d0, .55);                                  /* nail */
            if (ring && !gloved && finger && x >= side / 2 && v > .14 && v < .2)
                rgb = 0xd8b050;
            px[y * side + x] = 0xff000000 | rgb;
        }
}

struct sleeve { uint32_t skin, cloth, stripe; double from_m; bool striped, watch, gloved; uint32_t glove; };

/* Along the arm from wrist (below) to shoulder: skin, what is worn at the wrist, cloth. */
static void paint_sleeve(uint32_t *px, int side, const struct sleeve *s, struct rng *r)
{
    for (int y = 0; y < side; y++) {
        double z = 1 - (y + .5) / side;

        for (int x = 0; x < side; x++) {
            uint32_t rgb = s->skin;
            double fold = sin(60 * z + 5 * sin(6.2831853 * x / side * 2)) * .5 + .5;

            if (z >= s->from_m) {
                rgb = s->striped && fmod(z * 22, 1) < .4 ? s->stripe : s->cloth;
                rgb = print_mix(rgb, 0, .2 * fold);
                if (z < s->from_m + .02)
                    rgb = print_mix(rgb, 0, .25);
            } else if (s->watch && z > .025 && z < .055) {
                rgb = x > side / 3 && x < side / 2 ? 0x101418 : 0x303030;
            } else if (s->gloved && z < .045) {
                rgb = s->glove;
            }
            px[y * side + x] = 0xff000000 | print_mix(rgb, 0, .08 * rng_unit(r));
        }
    }
}

/* ---- the mesh ---- */

/* A finger along an arc of radius `turn` from (x0, y0) at the height 0, towards +x or, the thumb, -x. */
struct finger { float x0, y0, length, wide, turn, sign, splay; const struct model_region *region; };

static void finger_at(const void *user, float s, float t, struct sim_vertex *out)
{
    const struct finger *f = user;
    float along = f->length * fminf(t / .92f, 1), a = fminf(along / f->turn, 2.6f), tip = t > .92f ? sqrtf(fmaxf(0, 1 - (t - .92f) / .08f * ((t - .92f) / .08f))) : 1;
    float angle = 6.2831853f * (s < 1 ? s : 0), r = t > 0 ? f->wide * (1 - .25f * t) * tip : 0, over = f->wide * .5f * (t > .92f ? (t - .92f) / .08f : 0);
    float knuckle = 1 + .08f * sinf(3.1415927f * 3 * t) * (t < .92f);
    float cx = sinf(a) * f->turn + over * cosf(a), cz = (cosf(a) - 1) * f->turn - over * sinf(a);
    float side = r * knuckle * cosf(angle), up = r * knuckle * sinf(angle);

    *out = (struct sim_vertex){ 0 };
    out->p[0] = f->x0 + f->sign * (cx + up * sinf(a));
    out->p[1] = f->y0 + side * f->sign + f->splay * along;
    out->p[2] = cz + up * cosf(a);
    model_uv(f->region, s, t, out);
}

static void palm_at(const void *user, float s, float t, struct sim_vertex *out)
{
    static const struct model_region region = { 0, 256, 512, 512 };
    float angle = 6.2831853f * (s < 1 ? s : 0), x = -cosf(3.1415927f * t), round = powf(fmaxf(0, 1 - powf(fabsf(x), 5)), .35f);
    float wide = (.026f + .016f * (.5f + .5f * x)) * round, thick = (.015f - .003f * x) * round;
    float c = cosf(angle), d = sinf(angle);

    (void)user;
    *out = (struct sim_vertex){ .p = { -.012f + .05f * x, wide * c * powf(fmaxf(fabsf(c), 1e-6f), -.2f), .006f + thick * d - .004f * (1 - x * x) * (d < 0 ? -d : 0) } };
    model_uv(&region, s, t, out);
}

static enum trundle_status make_hand(double grip, struct sim_mesh *out)
{
    static const struct model_region plain = { 0, 0, 256, 256 }, ringed = { 256, 0, 512, 256 };
    static const float length[4] = { .068f, .079f, .074f, .058f };
    struct sim_mesh m = { 0 };
    enum trundle_status status = model_grid(&m, 14, 10, palm_at, NULL);
    float turn = (float)grip + .009f;

    for (int i = 0; i < 4 && status == TRUNDLE_OK; i++) {
        float y = .0205f * ((float)i - 1.5f);
        struct finger f = { .x0 = .03f - .02f * fabsf(y) / .031f * .4f, .y0 = y, .length = length[i], .wide = .0095f - .0008f * (i == 3), .turn = turn, .sign = 1,
                            .splay = grip > .1 ? 2.2f * y : .4f * y, .region = i == 2 ? &ringed : &plain };

        status = model_grid(&m, 9, 14, finger_at, &f);
    }
    if (status == TRUNDLE_OK) {
        struct finger thumb = { .x0 = -.01f, .y0 = -.035f, .length = .066f, .wide = .0115f, .turn = fmaxf(turn, .03f), .sign = grip > .1 ? 1 : -1,
                                .splay = grip > .1 ? -.7f : .1f, .region = &plain };

        status = model_grid(&m, 9, 12, finger_at, &thumb);
    }
    if (status == TRUNDLE_OK)
        status = model_normals(&m);
    return model_finish(&m, status, out);
}

static enum trundle_status make_arm(double sleeve_from, struct sim_mesh *out)
{
    static const struct model_region region = { 0, 0, 512, 512 };
    static const double half[3] = { .03, .03, 1 }, at[3] = { 0, 0, 0 };
    float from = (float)fmin(sleeve_from, .95), bare = .8f + .75f * from;
    const struct model_band arm[] = { { .0001f, .0f, .82f, .0f, &region, true, 1 }, { .82f, 0, bare, from, &region, true, 6 },
                                      { bare, from, bare + .35f, from, &region, true, 1 }, { bare + .35f, from, 1.75f, 1, &region, true, 8 },
                                      { 1.75f, 1, .0001f, 1, &region, true, 1 } };
    struct sim_mesh m = { 0 };
    enum trundle_status status = model_bands(&m, 16, arm, COUNT_OF(arm), half, at);

    for (uint32_t i = 0; i < m.vertices; i++)     /* v by height, whatever the band */
        m.vertex[i].v = 1 - m.vertex[i].p[2];
    if (status == TRUNDLE_OK)
        status = model_normals(&m);
    return model_finish(&m, status, out);
}

static void resize(struct sim_mesh *m, double across, double along)
{
    for (uint32_t i = 0; i < m->vertices; i++)
        for (int k = 0; k < 3; k++)
            m->vertex[i].p[k] *= (float)(k < 2 ? across : along);
    for (int k = 0; k < 3; k++)
        m->half_m[k] *= (float)(k < 2 ? across : along);
}

static enum trundle_status make_rich(struct hands *h)
{
    enum { SIDE = 256 };
    const struct sim_suite *suite = h->suite;
    struct rng r = rng_seed(h->seed, "hands/look");
    bool child = rng_unit(&r) < suite->look.child_share, gloved = rng_unit(&r) < suite->look.glove_share;
    bool ring = rng_unit(&r) < suite->look.ring_share, long_sleeve = rng_unit(&r) < suite->look.long_sleeve_share;
    struct sleeve s = { .skin = tone(rng_range(&r, suite->look.skin.lo, suite->look.skin.hi)), .gloved = gloved };

    h->scale = child ? .68 : rng_range(&r, suite->look.hand_scale.lo, suite->look.hand_scale.hi);
    s.from_m = long_sleeve ? rng_range(&r, .01, .06) : rng_range(&r, .25, .5);
    s.striped = rng_unit(&r) < suite->look.stripe_share;
    s.watch = rng_unit(&r) < suite->look.watch_share;
    s.cloth = cloth(&r);
    s.stripe = cloth(&r);
    s.glove = cloth(&r);
    TRY(print_sheet(SIDE, &h->skin));
    TRY(print_sheet(SIDE, &h->sleeve));
    paint_skin(h->skin.level[0], SIDE, gloved ? s.glove : s.skin, gloved, ring, &r);
    paint_sleeve(h->sleeve.level[0], SIDE, &s, &r);
    TRY(print_levels(&h->skin));
    TRY(print_levels(&h->sleeve));
    for (int i = 0; i < GRIPS; i++) {
        TRY(make_hand(GRIP_M[i], &h->hand[i]));
        resize(&h->hand[i], h->scale, h->scale);
    }
    TRY(make_arm(s.from_m, &h->arm));
    resize(&h->arm, h->scale, 1);              /* thinner, and long enough to leave the picture */
    return TRUNDLE_OK;
}

static enum trundle_status make_plain(struct hands *h, const double skin[3], const double sleeve[3])
{
    TRY(sim_print_plain(skin, .05, 16, 3, &h->skin));
    TRY(sim_print_plain(sleeve, .09, 16, 4, &h->sleeve));
    TRY(sim_model_hand(&h->hand[0]));
    return sim_model_arm(&h->arm);
}

enum trundle_status hands_new(const struct sim_suite *suite, const struct cart_basket *basket, uint64_t seed, const double skin[3],
                              const double sleeve[3], struct hands **out)
{
    struct hands *h = calloc(1, sizeof *h);
    enum trundle_status status;

    if (!h)
        return TRUNDLE_NO_MEMORY;
    h->suite = suite;
    h->basket = basket;
    h->seed = seed;
    h->scale = 1;
    status = suite->look.detail == SUITE_RICH ? make_rich(h) : make_plain(h, skin, sleeve);
    if (status != TRUNDLE_OK) {
        hands_free(h);
        return status;
    }
    *out = h;
    return TRUNDLE_OK;
}

/* ---- where they are ---- */

static void columns(struct sim_pose *pose, const double x[3], const double y[3], const double z[3])
{
    for (int k = 0; k < 3; k++) {
        pose->r[3 * k] = (float)x[k];
        pose->r[3 * k + 1] = (float)y[k];
        pose->r[3 * k + 2] = (float)z[k];
    }
}

static void shoulder_of(const struct hands *h, int which, double out[3])
{
    const double *size = h->basket->size_m;

    out[0] = which == 0 ? -.25 : size[0] + .25;
    out[1] = -.25;
    out[2] = size[2] + .55;
}

/* An arm from the hand towards the shopper: up and out over the rim. `out_away`: level, from the shopper on. */
static struct sim_pose arm_pose(const struct hands *h, const double p[3], int which, double out_away[3])
{
    double shoulder[3], d[3], n = 0, flat;
    struct sim_pose pose = { .t = { (float)p[0], (float)p[1], (float)p[2] } };

    shoulder_of(h, which, shoulder);
    for (int k = 0; k < 3; k++) {
        d[k] = shoulder[k] - p[k];
        n += d[k] * d[k];
    }
    n = sqrt(n);
    flat = sqrt(d[0] * d[0] + d[1] * d[1]);
    {   /* columns: x level across the arm, y = z cross x, z along it */
        double z[3] = { d[0] / n, d[1] / n, d[2] / n }, x[3] = { -d[1] / flat, d[0] / flat, 0 };
        double y[3] = { z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0] };

        columns(&pose, x, y, z);
        out_away[0] = -d[0] / flat;
        out_away[1] = -d[1] / flat;
        out_away[2] = 0;
    }
    return pose;
}

static double reach_of(const struct sim_solid *s, const double u[3])
{
    double sum = 0;

    for (int k = 0; k < 3; k++)
        sum += fabs((double)s->pose.r[k] * u[0] + (double)s->pose.r[3 + k] * u[1] + (double)s->pose.r[6 + k] * u[2]) * (double)s->mesh->half_m[k];
    return sum;
}

/* The item that the hand at p holds, or is about to: by where the script puts a hand on an item. */
static const struct sim_solid *held(const struct sim_scene *scene, const double p[3], double *out_far)
{
    static const double up[3] = { 0, 0, 1 };
    const struct sim_solid *best = NULL;
    double least = .16;

    for (uint32_t i = 0; i < scene->n; i++) {
        const struct sim_solid *s = &scene->solid[i];
        double d[3], far;

        if (s->id >= SIM_HAND_ID)
            continue;
        for (int k = 0; k < 3; k++)
            d[k] = p[k] - (double)s->pose.t[k];
        d[2] -= .75 * reach_of(s, up) + .025;
        far = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) + (s->resting ? .02 : 0);
        if (far < least) {
            least = far;
            best = s;
        }
    }
    *out_far = least;
    return best;
}

/* Palm on top with the fingers down the far side, or palm at the near side with the fingers around. */
static int grip(const struct hands *h, const struct sim_solid *item, const double away[3], double p[3], struct sim_pose *pose)
{
    static const double up[3] = { 0, 0, 1 };
    double across[3] = { -away[1], away[0], 0 }, x[3], y[3], z[3], wide, palm = .012 * h->scale, pick = (double)(hash64(&item->id, 1, h->seed) % 1000) / 1000;
    bool from_side = pick < h->suite->look.side_grip_share && reach_of(item, up) > .04;
    int g = 0;

    wide = from_side ? reach_of(item, across) : reach_of(item, away);
    while (g + 1 < GRIPS - 1 && GRIP_M[g] * h->scale < wide)
        g++;
    for (int k = 0; k < 3; k++) {
        z[k] = from_side ? -away[k] : up[k];          /* the back of the hand */
        x[k] = from_side ? across[k] : away[k];       /* along the fingers */
    }
    y[0] = z[1] * x[2] - z[2] * x[1];
    y[1] = z[2] * x[0] - z[0] * x[2];
    y[2] = z[0] * x[1] - z[1] * x[0];
    for (int k = 0; k < 3; k++) {
        double out = from_side ? reach_of(item, away) : reach_of(item, up), over = fmax(0, wide - GRIP_M[g] * h->scale);

        p[k] = (double)item->pose.t[k] + z[k] * (out + palm) - x[k] * (over + .006 * h->scale) + (from_side ? up[k] * .15 * reach_of(item, up) : 0);
    }
    columns(pose, x, y, z);
    return g;
}

void hands_place(const struct hands *h, int which, const double p[3], struct sim_scene *scene)
{
    double at[3] = { p[0], p[1], p[2] }, away[3], far;
    struct sim_pose arm = arm_pose(h, p, which, away), hand = sim_pose_make(p[0], p[1], p[2], atan2(away[1], away[0]), 0, 0);
    bool rich = h->suite->look.detail == SUITE_RICH;
    int g = rich ? GRIPS - 1 : 0;

    if (scene->n + 2 > SIM_SOLIDS_MAX)
        return;
    if (rich) {
        const struct sim_solid *item = held(scene, p, &far);

        if (item) {
            double to[3], f = fmin(1, (.16 - far) / .06);
            struct sim_pose closed = hand;
            int narrow = grip(h, item, away, to, &closed);

            f = f * f * (3 - 2 * f);
            for (int k = 0; k < 3; k++)
                at[k] += f * (to[k] - at[k]);
            if (f > .5) {
                hand = closed;
                g = narrow;
            }
            for (int k = 0; k < 3; k++)
                hand.t[k] = (float)at[k];
        }
        {   /* the wrist is behind the palm */
            double wrist[3];

            for (int k = 0; k < 3; k++)
                wrist[k] = at[k] + h->scale * (.006 * (double)hand.r[3 * k + 2] - .05 * (double)hand.r[3 * k]);
            arm = arm_pose(h, wrist, which, away);
        }
    }
    scene->solid[scene->n++] = (struct sim_solid){ .id = SIM_HAND_ID, .mesh = &h->arm, .texture = &h->sleeve, .pose = arm };
    scene->solid[scene->n++] = (struct sim_solid){ .id = SIM_HAND_ID, .mesh = &h->hand[g], .texture = &h->skin, .pose = hand };
}

void hands_free(struct hands *h)
{
    if (!h)
        return;
    for (int i = 0; i < GRIPS; i++)
        sim_mesh_done(&h->hand[i]);
    sim_mesh_done(&h->arm);
    sim_texture_done(&h->skin);
    sim_texture_done(&h->sleeve);
    free(h);
}
