/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Meshes: every shape is a few rectangular grids of points. Plain shapes are here, rich ones in model_pack.c, model_produce.c. */
#include "lab/sim/model_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct model_region model_region[MODEL_PARTS] = {
    [MODEL_FRONT] = { 0, 0, 224, 320 },      [MODEL_BACK] = { 224, 0, 448, 320 },    [MODEL_SIDE] = { 448, 0, 512, 320 },
    [MODEL_TOP] = { 0, 320, 224, 384 },      [MODEL_BOTTOM] = { 224, 320, 448, 384 }, [MODEL_LABEL] = { 0, 0, 512, 256 },
    [MODEL_BODY] = { 0, 384, 128, 512 },     [MODEL_LID] = { 128, 384, 256, 512 },   [MODEL_METAL] = { 256, 384, 384, 512 },
};

static const float TAU = 6.28318531f;

static enum trundle_status room_for(struct sim_mesh *m, size_t vertices, size_t triangles)
{
    struct sim_vertex *vertex;
    uint16_t *index;

    if (m->vertices + vertices > UINT16_MAX)
        return TRUNDLE_TOO_LARGE;
    vertex = realloc(m->vertex, (m->vertices + vertices) * sizeof *vertex);
    if (!vertex)
        return TRUNDLE_NO_MEMORY;
    m->vertex = vertex;
    index = realloc(m->index, (m->triangles + triangles) * 3 * sizeof *index);
    if (!index)
        return TRUNDLE_NO_MEMORY;
    m->index = index;
    return TRUNDLE_OK;
}

/* Appends a grid of (nu + 1) x (nv + 1) points; `point` fills one from s, t in 0..1. Triangles turn so that du x dv is outside. */
enum trundle_status model_grid(struct sim_mesh *m, int nu, int nv, void (*point)(const void *user, float s, float t, struct sim_vertex *out),
                               const void *user)
{
    uint32_t first = m->vertices, row = (uint32_t)nu + 1;

    TRY(room_for(m, (size_t)row * (size_t)(nv + 1), (size_t)nu * (size_t)nv * 2));
    for (int j = 0; j <= nv; j++)
        for (int i = 0; i <= nu; i++)
            point(user, (float)i / (float)nu, (float)j / (float)nv, &m->vertex[m->vertices++]);
    for (uint32_t j = 0; j < (uint32_t)nv; j++) {
        for (uint32_t i = 0; i < (uint32_t)nu; i++) {
            uint32_t a = first + j * row + i, corners[6] = { a, a + 1, a + row + 1, a, a + row + 1, a + row };

            for (int k = 0; k < 6; k++)
                m->index[3 * m->triangles + (uint32_t)k] = (uint16_t)corners[k];
            m->triangles += 2;
        }
    }
    return TRUNDLE_OK;
}

void model_uv(const struct model_region *region, float s, float t, struct sim_vertex *out)
{
    out->u = (region->x0 + 1 + s * (region->x1 - region->x0 - 2)) / MODEL_SHEET;
    out->v = (region->y0 + 1 + t * (region->y1 - region->y0 - 2)) / MODEL_SHEET;
}

/* ---- flat faces ---- */

struct face { float origin[3], du[3], dv[3], normal[3]; enum model_part part; float bulge; };

static void face_point(const void *user, float s, float t, struct sim_vertex *out)
{
    const struct face *f = user;
    float a = 2 * s - 1, b = 2 * t - 1, up = f->bulge, na = 0, nb = 0;

    if (up > 0) {                              /* a pillow: flat in the middle, closed at the rim */
        float ea = 1 - a * a * a * a, eb = 1 - b * b * b * b;

        up *= sqrtf(fmaxf(ea * eb, 0)) - 1;
        na = a * a * a;
        nb = b * b * b;
    }
    for (int k = 0; k < 3; k++) {
        out->p[k] = f->origin[k] + s * f->du[k] + t * f->dv[k] + up * f->normal[k];
        out->n[k] = f->normal[k] + 2 * na * f->du[k] + 2 * nb * f->dv[k];
    }
    {
        float n = sqrtf(out->n[0] * out->n[0] + out->n[1] * out->n[1] + out->n[2] * out->n[2]);

        for (int k = 0; k < 3; k++)
            out->n[k] /= n;
    }
    model_uv(&model_region[f->part], s, 1 - t, out);
}

static enum trundle_status add_box(struct sim_mesh *m, const double half[3])
{
    float x = (float)half[0], y = (float)half[1], z = (float)half[2];
    const struct face faces[6] = {              /* du x dv = normal; the picture's up is dv */
        { { x, y, -z }, { -2 * x, 0, 0 }, { 0, 0, 2 * z }, { 0, 1, 0 }, MODEL_FRONT, 0 },
        { { -x, -y, -z }, { 2 * x, 0, 0 }, { 0, 0, 2 * z }, { 0, -1, 0 }, MODEL_BACK, 0 },
        { { x, -y, -z }, { 0, 2 * y, 0 }, { 0, 0, 2 * z }, { 1, 0, 0 }, MODEL_SIDE, 0 },
        { { -x, y, -z }, { 0, -2 * y, 0 }, { 0, 0, 2 * z }, { -1, 0, 0 }, MODEL_SIDE, 0 },
        { { -x, -y, z }, { 2 * x, 0, 0 }, { 0, 2 * y, 0 }, { 0, 0, 1 }, MODEL_TOP, 0 },
        { { -x, y, -z }, { 2 * x, 0, 0 }, { 0, -2 * y, 0 }, { 0, 0, -1 }, MODEL_BOTTOM, 0 },
    };

    for (int i = 0; i < 6; i++)
        TRY(model_grid(m, 3, 3, face_point, &faces[i]));
    return TRUNDLE_OK;
}

static enum trundle_status add_pouch(struct sim_mesh *m, const double half[3])
{
    float x = (float)half[0], y = (float)half[1], z = (float)half[2];
    const struct face faces[2] = {
        { { x, y, -z }, { -2 * x, 0, 0 }, { 0, 0, 2 * z }, { 0, 1, 0 }, MODEL_FRONT, y },
        { { -x, -y, -z }, { 2 * x, 0, 0 }, { 0, 0, 2 * z }, { 0, -1, 0 }, MODEL_BACK, y },
    };

    for (int i = 0; i < 2; i++)
        TRY(model_grid(m, 7, 7, face_point, &faces[i]));
    return TRUNDLE_OK;
}

/* ---- surfaces of revolution about z ---- */

struct band { float r0, z0, r1, z1; enum model_part part; bool whole; };   /* whole: the region goes round once */
struct turned { const struct band *band; float hx, hy, hz; };

static void band_point(const void *user, float s, float t, struct sim_vertex *out)
{
    const struct turned *u = user;
    const struct band *b = u->band;
    float angle = TAU * s + .25f * TAU, c = cosf(angle + .5f * TAU), d = sinf(angle + .5f * TAU);   /* s = .5 is the front, +y */
    float r = b->r0 + t * (b->r1 - b->r0), z = b->z0 + t * (b->z1 - b->z0);
    float nr = (b->z1 - b->z0) * u->hz, nz = (b->r0 - b->r1) * u->hx, n = sqrtf(nr * nr + nz * nz) + 1e-9f;

    out->p[0] = u->hx * r * c;
    out->p[1] = u->hy * r * d;
    out->p[2] = u->hz * z;
    out->n[0] = nr / n * c;
    out->n[1] = nr / n * d;
    out->n[2] = nz / n;
    model_uv(&model_region[b->part], b->whole ? s : fabsf(2 * s - 1), 1 - t, out);
}

static enum trundle_status add_bands(struct sim_mesh *m, const struct band *bands, size_t n, const double half[3])
{
    for (size_t i = 0; i < n; i++) {
        struct turned t = { &bands[i], (float)half[0], (float)half[1], (float)half[2] };

        TRY(model_grid(m, 16, bands[i].whole ? 3 : 1, band_point, &t));
    }
    return TRUNDLE_OK;
}

/* ---- produce: a bent, lumpy tube along x ---- */

struct tube { enum suite_form form; float half_l, half_d, at[3], yaw, spin; };

static float tube_radius(enum suite_form form, float x)
{
    float round = sqrtf(fmaxf(0, 1 - x * x)), x4 = x * x * x * x;

    switch (form) {
    case SUITE_BANANA: return sqrtf(fmaxf(0, 1 - x4 * x * x)) * (1 - .25f * x * x);
    case SUITE_LONG:   return sqrtf(fmaxf(0, 1 - x4 * x4));
    case SUITE_PEAR:   return round * (x < 0 ? 1 : 1 - .45f * x);
    case SUITE_CONE:   return sqrtf(fmaxf(0, 1 - x4 * x4)) * (.62f - .38f * x);
    default:           return round;
    }
}

static void tube_point(const void *user, float s, float t, struct sim_vertex *out)
{
    const struct tube *u = user;
    float x = -cosf(.5f * TAU * t), angle = TAU * s + u->spin, r = tube_radius(u->form, x), lump = 1, bend = 0;
    float p[3], n[3], c = cosf(u->yaw), d = sinf(u->yaw), slope;

    if (u->form == SUITE_LUMPY)
        lump = 1 - .06f + .06f * sinf(3 * angle + 2 * x) * (1 - x * x);
    if (u->form == SUITE_BANANA)
        bend = u->half_l * .38f * (.5f - x * x);
    p[0] = u->half_l * x;
    p[1] = u->half_d * r * lump * cosf(angle) + bend;
    p[2] = u->half_d * r * lump * sinf(angle);
    slope = (tube_radius(u->form, fminf(x + .02f, 1)) - tube_radius(u->form, fmaxf(x - .02f, -1))) / .04f * u->half_d / u->half_l;
    n[0] = -slope;
    n[1] = cosf(angle);
    n[2] = sinf(angle);
    slope = sqrtf(n[0] * n[0] + 1);
    for (int k = 0; k < 3; k++)
        n[k] /= slope;
    out->p[0] = u->at[0] + c * p[0] - d * p[1];
    out->p[1] = u->at[1] + d * p[0] + c * p[1];
    out->p[2] = u->at[2] + p[2];
    out->n[0] = c * n[0] - d * n[1];
    out->n[1] = d * n[0] + c * n[1];
    out->n[2] = n[2];
    out->u = s;
    out->v = t;
}

/* How pieces lie together: nx along, ny across, a second layer in the gaps. */
void model_cluster(const struct suite_produce *p, int pieces, int *nx, int *ny, int *layers)
{
    bool slim = p->form == SUITE_BANANA || p->form == SUITE_LONG || p->form == SUITE_CONE;
    int below = pieces > 3 ? (pieces + 1) / 2 : pieces;

    *layers = pieces > 3 ? 2 : 1;
    *nx = slim ? 1 : (int)ceil(sqrt((double)below));
    *ny = (below + *nx - 1) / *nx;
}

void sim_model_half(const struct sim_product *p, int pieces, double scale, double out[3])
{
    int nx, ny, layers;

    for (int k = 0; k < 3; k++)
        out[k] = .5 * p->size_m[k] * scale;
    if (!p->produce)
        return;
    model_cluster(p->produce, pieces, &nx, &ny, &layers);
    out[0] *= nx;
    out[1] = out[1] * ny + (p->produce->form == SUITE_BANANA ? .19 * p->size_m[0] * scale : 0);
    out[2] *= layers > 1 ? 1.8 : 1;
}

static enum trundle_status add_produce(struct sim_mesh *m, const struct sim_product *p, int pieces, double scale, const double half[3])
{
    float l = (float)(.5 * p->size_m[0] * scale), d = (float)(.5 * p->size_m[1] * scale);
    int nx, ny, layers, below;

    model_cluster(p->produce, pieces, &nx, &ny, &layers);
    below = layers > 1 ? (pieces + 1) / 2 : pieces;
    for (int i = 0; i < pieces; i++) {
        int upper = i >= below, k = upper ? i - below : i;
        struct tube tube = { .form = p->produce->form, .half_l = l, .half_d = d, .spin = (float)(1.7 * i), .yaw = (float)(.12 * ((i * 7) % 5 - 2)) };

        tube.at[0] = ((float)(k % nx) - .5f * (float)(nx - 1) + (upper ? .3f : 0)) * 2 * l * (nx > 1 ? .92f : 0);
        tube.at[1] = ((float)(k / nx) - .5f * (float)(ny - 1) + (upper ? .3f : 0)) * 2 * d * .92f;
        tube.at[2] = -(float)half[2] + d * (upper ? 2.5f : 1);
        TRY(model_grid(m, 12, 9, tube_point, &tube));
    }
    return TRUNDLE_OK;
}

/* ---- what there is ---- */

enum trundle_status model_finish(struct sim_mesh *m, enum trundle_status status, struct sim_mesh *out)
{
    if (status != TRUNDLE_OK) {
        sim_mesh_done(m);
        return status;
    }
    for (uint32_t i = 0; i < m->vertices; i++)
        for (int k = 0; k < 3; k++)
            m->half_m[k] = fmaxf(m->half_m[k], fabsf(m->vertex[i].p[k]));
    *out = *m;
    return TRUNDLE_OK;
}

enum trundle_status sim_model_item(const struct sim_product *p, int pieces, double scale, struct sim_mesh *out)
{
    static const struct band can[] = {
        { .0001f, -1, .98f, -1, MODEL_METAL, false }, { .98f, -1, 1, -.94f, MODEL_METAL, false }, { 1, -.94f, 1, .94f, MODEL_LABEL, true },
        { 1, .94f, .93f, 1, MODEL_METAL, false }, { .93f, 1, .0001f, .97f, MODEL_METAL, false } };
    static const struct band jar[] = {
        { .0001f, -1, .95f, -1, MODEL_BODY, false }, { .95f, -1, 1, -.9f, MODEL_BODY, false }, { 1, -.9f, 1, -.75f, MODEL_BODY, false },
        { 1, -.75f, 1, .4f, MODEL_LABEL, true }, { 1, .4f, .86f, .66f, MODEL_BODY, false }, { .9f, .66f, .9f, .97f, MODEL_LID, false },
        { .9f, .97f, .0001f, 1, MODEL_LID, false } };
    static const struct band bottle[] = {
        { .0001f, -1, .95f, -1, MODEL_BODY, false }, { .95f, -1, 1, -.93f, MODEL_BODY, false }, { 1, -.93f, 1, -.62f, MODEL_BODY, false },
        { 1, -.62f, 1, .12f, MODEL_LABEL, true }, { 1, .12f, .95f, .26f, MODEL_BODY, false }, { .95f, .26f, .4f, .62f, MODEL_BODY, false },
        { .4f, .62f, .34f, .84f, MODEL_BODY, false }, { .38f, .84f, .38f, .99f, MODEL_LID, false }, { .38f, .99f, .0001f, 1, MODEL_LID, false } };
    struct sim_mesh m = { 0 };
    enum trundle_status status;
    double half[3];

    sim_model_half(p, pieces, scale, half);
    if (p->produce)
        status = add_produce(&m, p, pieces, scale, half);
    else if (p->pack == SUITE_CAN)
        status = add_bands(&m, can, COUNT_OF(can), half);
    else if (p->pack == SUITE_JAR)
        status = add_bands(&m, jar, COUNT_OF(jar), half);
    else if (p->pack == SUITE_BOTTLE)
        status = add_bands(&m, bottle, COUNT_OF(bottle), half);
    else if (p->pack == SUITE_POUCH)
        status = add_pouch(&m, half);
    else
        status = add_box(&m, half);
    return model_finish(&m, status, out);
}

enum trundle_status sim_model_hand(struct sim_mesh *out)
{
    struct sim_mesh m = { 0 };
    struct tube palm = { .form = SUITE_ROUND, .half_l = .055f, .half_d = .033f, .at = { 0, 0, .01f } };
    enum trundle_status status = model_grid(&m, 12, 8, tube_point, &palm);

    for (int i = 0; i < 5 && status == TRUNDLE_OK; i++) {
        struct tube finger = { .form = SUITE_LONG, .half_l = .042f, .half_d = .0095f,
                               .at = { i < 4 ? .05f : -.01f, i < 4 ? .024f * ((float)i - 1.5f) : -.05f, -.012f }, .yaw = i < 4 ? 0 : -.9f };

        status = model_grid(&m, 8, 5, tube_point, &finger);
    }
    return model_finish(&m, status, out);
}

enum trundle_status sim_model_arm(struct sim_mesh *out)
{
    static const struct band arm[] = { { .8f, 0, 1.05f, .25f, MODEL_BODY, true }, { 1.05f, .25f, 1.25f, 1, MODEL_BODY, true } };
    static const double half[3] = { .031, .031, 1 };
    struct sim_mesh m = { 0 };

    return model_finish(&m, add_bands(&m, arm, COUNT_OF(arm), half), out);
}

enum trundle_status sim_model_patch(float w, float h, int n, struct sim_mesh *out)
{
    struct face face = { { 0, 0, 0 }, { w, 0, 0 }, { 0, h, 0 }, { 0, 0, 1 }, MODEL_BODY, 0 };
    struct sim_mesh m = { 0 };
    enum trundle_status status = model_grid(&m, n, n, face_point, &face);

    for (uint32_t i = 0; i < m.vertices; i++) {
        m.vertex[i].u = m.vertex[i].p[0] * 2;
        m.vertex[i].v = m.vertex[i].p[1] * 2;
    }
    return model_finish(&m, status, out);
}

void sim_mesh_done(struct sim_mesh *mesh)
{
    if (!mesh)
        return;
    free(mesh->vertex);
    free(mesh->index);
    *mesh = (struct sim_mesh){ 0 };
}

struct sim_pose sim_pose_make(double x_m, double y_m, double z_m, double yaw, double pitch, double roll)
{
    double cy = cos(yaw), sy = sin(yaw), cp = cos(pitch), sp = sin(pitch), cr = cos(roll), sr = sin(roll);
    struct sim_pose pose = { /* Rz(yaw) Rx(pitch) Ry(roll) */
        .r = { (float)(cy * cr - sy * sp * sr), (float)(-sy * cp), (float)(cy * sr + sy * sp * cr),
               (float)(sy * cr + cy * sp * sr), (float)(cy * cp), (float)(sy * sr - cy * sp * cr),
               (float)(-cp * sr), (float)sp, (float)(cp * cr) },
        .t = { (float)x_m, (float)y_m, (float)z_m } };

    return pose;
}

void sim_pose_apply(const struct sim_pose *pose, const float p[3], float out[3])
{
    for (int k = 0; k < 3; k++)
        out[k] = pose->r[3 * k] * p[0] + pose->r[3 * k + 1] * p[1] + pose->r[3 * k + 2] * p[2] + pose->t[k];
}
