/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Bodies of ellipsoids that sway; one mesh, a unit ball, under poses that stretch it. */
#include "lab/sim/people.h"

#include "base/std/rng.h"
#include "cart/calib/mask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND = 18, ALONG = 10, PHASES = 24 };

#define TURN 6.283185307179586

struct people {
    struct sim_mesh ball;
    double w, l, h;                        /* of the basket */
    double lean_m;
    double phase[PHASES], rate[PHASES];
    double lens[TRUNDLE_CAMERAS_MAX][3];
    int    lenses;
    int    side;                           /* where the other one leans: 0 left, 1 right, 2 front */
    double child, adult;                   /* sizes */
};

static enum trundle_status make_ball(struct sim_mesh *m)
{
    uint32_t n = 0;

    m->vertices = (AROUND + 1) * (ALONG + 1);
    m->triangles = 2 * AROUND * ALONG;
    m->vertex = calloc(m->vertices, sizeof *m->vertex);
    m->index = calloc(3 * (size_t)m->triangles, sizeof *m->index);
    if (!m->vertex || !m->index) {
        sim_mesh_done(m);
        return TRUNDLE_NO_MEMORY;
    }
    for (int j = 0; j <= ALONG; j++)
        for (int i = 0; i <= AROUND; i++) {
            struct sim_vertex *v = &m->vertex[j * (AROUND + 1) + i];
            double a = TURN * i / AROUND, b = TURN / 2 * j / ALONG;

            v->p[0] = v->n[0] = (float)(sin(b) * cos(a));
            v->p[1] = v->n[1] = (float)(sin(b) * sin(a));
            v->p[2] = v->n[2] = (float)-cos(b);
            v->u = (float)i / AROUND;
            v->v = (float)j / ALONG;
        }
    for (int j = 0; j < ALONG; j++)
        for (int i = 0; i < AROUND; i++) {
            uint16_t a = (uint16_t)(j * (AROUND + 1) + i), b = (uint16_t)(a + 1), c = (uint16_t)(a + AROUND + 1), d = (uint16_t)(c + 1);
            const uint16_t of[6] = { a, b, d, a, d, c };

            memcpy(m->index + n, of, sizeof of);
            n += 6;
        }
    m->half_m[0] = m->half_m[1] = m->half_m[2] = 1;
    return TRUNDLE_OK;
}

enum trundle_status people_new(const struct cart_basket *basket, uint64_t seed, double lean_m, struct people **out)
{
    struct rng r = rng_seed(seed, "people");
    struct people *p = calloc(1, sizeof *p);

    if (!p || make_ball(&p->ball) != TRUNDLE_OK) {
        free(p);
        return TRUNDLE_NO_MEMORY;
    }
    p->w = basket->size_m[0];
    p->l = basket->size_m[1];
    p->h = basket->size_m[2];
    p->lean_m = lean_m;
    for (int i = 0; i < PHASES; i++) {
        p->phase[i] = rng_range(&r, 0, TURN);
        p->rate[i] = rng_range(&r, .2, 1.6);
    }
    p->side = (int)rng_below(&r, 3);
    p->child = rng_range(&r, .85, 1.15);
    p->adult = rng_range(&r, .9, 1.1);
    *out = p;
    return TRUNDLE_OK;
}

void people_free(struct people *p)
{
    if (!p)
        return;
    sim_mesh_done(&p->ball);
    free(p);
}

void people_camera(struct people *p, const double lens[3])
{
    if (p->lenses < TRUNDLE_CAMERAS_MAX)
        memcpy(p->lens[p->lenses++], lens, sizeof p->lens[0]);
}

/* A body that leans against the rim along axis k from outside (way: outward) stands off where a camera's housing is: its half axes and the
 * housing's room make an ellipsoid that has no lens inside. */
static void stand_off(const struct people *p, double at[3], const double half[3], int k, double way)
{
    for (int c = 0; c < p->lenses; c++) {
        double rest = 1;

        for (int i = 0; i < 3; i++)
            if (i != k)
                rest -= (p->lens[c][i] - at[i]) * (p->lens[c][i] - at[i]) / ((half[i] + MASK_HOUSING_M) * (half[i] + MASK_HOUSING_M));
        if (rest > 0 && way * (at[k] - p->lens[c][k]) < (half[k] + MASK_HOUSING_M) * sqrt(rest))
            at[k] = p->lens[c][k] + way * (half[k] + MASK_HOUSING_M) * sqrt(rest);
    }
}

/* -1 to 1, of a motion of its own. */
static double sway(const struct people *p, int which, double t)
{
    return sin(p->phase[which % PHASES] + p->rate[which % PHASES] * t);
}

struct body { const struct people *p; const struct sim_texture *texture; struct sim_scene *scene; };

static void add(const struct body *b, uint8_t id, const struct sim_pose *pose)
{
    if (b->scene->n < SIM_SOLIDS_MAX)
        b->scene->solid[b->scene->n++] = (struct sim_solid){ .id = id, .mesh = &b->p->ball, .texture = b->texture, .pose = *pose };
}

static void ball(const struct body *b, uint8_t id, const double at[3], double x, double y, double z)
{
    const struct sim_pose pose = { { (float)x, 0, 0, 0, (float)y, 0, 0, 0, (float)z }, { (float)at[0], (float)at[1], (float)at[2] } };

    add(b, id, &pose);
}

/* A limb from a to c. */
static void limb(const struct body *b, uint8_t id, const double a[3], const double c[3], double thick)
{
    double d[3] = { c[0] - a[0], c[1] - a[1], c[2] - a[2] }, n = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), u[3], v[3], len;
    struct sim_pose pose;

    if (n < 1e-6)
        return;
    for (int k = 0; k < 3; k++)
        d[k] /= n;
    u[0] = -d[1];
    u[1] = d[0];
    u[2] = 0;
    len = hypot(u[0], u[1]);
    if (len < 1e-6) {
        u[0] = 1;
        u[1] = 0;
        len = 1;
    }
    u[0] /= len;
    u[1] /= len;
    v[0] = d[1] * u[2] - d[2] * u[1];
    v[1] = d[2] * u[0] - d[0] * u[2];
    v[2] = d[0] * u[1] - d[1] * u[0];
    for (int k = 0; k < 3; k++) {
        pose.r[3 * k] = (float)(thick * u[k]);
        pose.r[3 * k + 1] = (float)(thick * v[k]);
        pose.r[3 * k + 2] = (float)((.5 * n + .4 * thick) * d[k]);
        pose.t[k] = (float)(.5 * (a[k] + c[k]));
    }
    add(b, id, &pose);
}

/* Sits over the rear wall, back or face to the basket; now and then a hand goes in over the wall. */
static void child(const struct body *b, double t)
{
    const struct people *p = b->p;
    double s = p->child, x = .5 * p->w + .05 * sway(p, 0, t), lean = p->lean_m + .06 + .06 * sway(p, 1, .5 * t), out = fmax(0, sway(p, 2, .3 * t));
    const double half[3] = { .12 * s, .08 * s, .2 * s }, head[3] = { x + .04 * sway(p, 3, t), -.1 + 1.6 * lean, p->h + .2 + .3 * s };
    double torso[3] = { x, -.015 - .085 * s, p->h + .16 * s };

    stand_off(p, torso, half, 1, -1);
    torso[1] += p->lean_m;
    ball(b, SIM_PERSON_ID, torso, half[0], half[1], half[2]);
    ball(b, SIM_PERSON_ID, head, .075 * s, .09 * s, .1 * s);
    for (int k = 0; k < 2; k++) {
        double way = k ? 1 : -1;
        const double hip[3] = { x + way * .07 * s, -.09 + p->lean_m, p->h - .02 }, knee[3] = { hip[0] + way * .03, -.2, p->h - .03 + .03 * sway(p, 4 + k, 2 * t) };
        const double foot[3] = { knee[0], -.22 - .05 * sway(p, 6 + k, 2 * t), p->h - .26 * s };
        const double shoulder[3] = { x + way * .11 * s, -.09 + lean * .5, p->h + .3 * s };
        const double elbow[3] = { shoulder[0] + way * .05, -.06 + out * .1 + p->lean_m, p->h + .22 };
        const double hand[3] = { elbow[0] - way * .06 * out, elbow[1] - .03 + .17 * out * s, p->h + .2 - .2 * out * s };

        limb(b, SIM_PERSON_ID, hip, knee, .05 * s);
        limb(b, SIM_PERSON_ID, knee, foot, .04 * s);
        limb(b, SIM_PERSON_ID, shoulder, elbow, .035 * s);
        limb(b, SIM_HAND_ID, elbow, hand, .03 * s);
        ball(b, SIM_HAND_ID, hand, .03 * s, .035 * s, .025 * s);
    }
}

/* Behind the handle, bent over it and over the child. */
static void adult(const struct body *b, double t)
{
    const struct people *p = b->p;
    double s = p->adult, x = .5 * p->w + .08 * sway(p, 10, t), bent = .5 + .5 * sway(p, 11, .4 * t);
    const double torso[3] = { x, -.5 + .12 * bent, p->h + .25 }, hips[3] = { x, -.55, p->h - .3 }, head[3] = { x + .05 * sway(p, 12, t), -.42 + .5 * bent, p->h + .72 * s - .15 * bent };

    ball(b, SIM_PERSON_ID, torso, .22 * s, .14 * s, .36 * s);
    ball(b, SIM_PERSON_ID, hips, .2 * s, .15 * s, .4 * s);
    ball(b, SIM_PERSON_ID, head, .08 * s, .1 * s, .12 * s);
    for (int k = 0; k < 2; k++) {
        double way = k ? 1 : -1;
        const double shoulder[3] = { x + way * .2 * s, torso[1], p->h + .5 }, elbow[3] = { x + way * .28 * s, -.4, p->h + .28 }, hand[3] = { x + way * .18, -.27, p->h + .05 };

        limb(b, SIM_PERSON_ID, shoulder, elbow, .05 * s);
        limb(b, SIM_PERSON_ID, elbow, hand, .04 * s);
    }
}

/* At the rim, belly against it, head over it. */
static void other(const struct body *b, double t)
{
    const struct people *p = b->p;
    double along = .5 + .35 * sway(p, 15, .3 * t), over = .08 + .08 * sway(p, 16, .5 * t), way = p->side == 0 ? -1 : 1;
    double torso[3], head[3], half[3] = { .13, .2, .45 };

    if (p->side == 2) {
        const double at[3] = { p->w * along, p->l + MASK_RIM_M + .132, p->h + .05 }, up[3] = { at[0], p->l + .1 - 1.5 * over, p->h + .66 };

        half[0] = .2;
        half[1] = .13;
        memcpy(torso, at, sizeof torso);
        memcpy(head, up, sizeof head);
    } else {
        const double at[3] = { (way > 0 ? p->w : 0) + way * (MASK_RIM_M + .132), p->l * along, p->h + .05 }, up[3] = { at[0] - way * (.035 + 1.5 * over), at[1], p->h + .66 };

        memcpy(torso, at, sizeof torso);
        memcpy(head, up, sizeof head);
    }
    stand_off(p, torso, half, p->side == 2, p->side == 2 ? 1 : way);
    ball(b, SIM_PERSON_ID, torso, half[0], half[1], half[2]);
    ball(b, SIM_PERSON_ID, head, .085, .1, .12);
}

void people_add(const struct people *p, double t_s, const struct sim_texture *texture, struct sim_scene *scene)
{
    const struct body b = { p, texture, scene };

    child(&b, t_s);
    adult(&b, t_s);
    other(&b, t_s);
}
