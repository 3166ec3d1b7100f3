/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Places on a sheet, looked up triangle by triangle. */
#include "lab/sim/code_mesh.h"

#include <math.h>
#include <string.h>

static bool point_of(const struct sim_mesh *m, double u, double v, float out_p[3], float out_n[3])
{
    for (uint32_t t = 0; t < m->triangles; t++) {
        const struct sim_vertex *a = &m->vertex[m->index[3 * t]], *b = &m->vertex[m->index[3 * t + 1]], *c = &m->vertex[m->index[3 * t + 2]];
        double bu = (double)(b->u - a->u), bv = (double)(b->v - a->v), cu = (double)(c->u - a->u), cv = (double)(c->v - a->v);
        double area = bu * cv - bv * cu, du = u - (double)a->u, dv = v - (double)a->v, f, g;

        if (fabs(area) < 1e-12)
            continue;
        f = (du * cv - dv * cu) / area;
        g = (bu * dv - bv * du) / area;
        if (f < -1e-6 || g < -1e-6 || f + g > 1 + 2e-6)
            continue;
        for (int k = 0; k < 3; k++) {
            out_p[k] = (float)((1 - f - g) * (double)a->p[k] + f * (double)b->p[k] + g * (double)c->p[k]);
            out_n[k] = (float)((1 - f - g) * (double)a->n[k] + f * (double)b->n[k] + g * (double)c->n[k]);
        }
        return true;
    }
    return false;
}

static double unit(const float from[3], const float to[3], double out[3])
{
    double n;

    for (int k = 0; k < 3; k++)
        out[k] = (double)to[k] - (double)from[k];
    n = sqrt(out[0] * out[0] + out[1] * out[1] + out[2] * out[2]);
    for (int k = 0; k < 3; k++)
        out[k] /= fmax(n, 1e-12);
    return n;
}

enum trundle_status code_mesh_find(const struct sim_mesh *mesh, const struct sim_code_place *place, struct code_mesh *out)
{
    struct code_mesh c;
    float normal[2][3], top[3], bottom[3];
    double along = 0, cosine = 0, n;

    memset(&c, 0, sizeof c);
    for (int i = 0; i < CODE_MESH_POINTS; i++) {
        double x = (double)(i % CODE_MESH_COLUMNS) / (CODE_MESH_COLUMNS - 1) - .5, y = .9 * ((double)(i / CODE_MESH_COLUMNS) / (CODE_MESH_ROWS - 1) - .5);

        if (!point_of(mesh, place->u + x * place->wide, place->v + y * place->tall, c.point[i], c.normal[i]))
            return TRUNDLE_NOT_FOUND;
    }
    if (!point_of(mesh, place->u, place->v, c.middle, normal[0]) || !point_of(mesh, place->u, place->v - .5 * place->tall, top, normal[0]) ||
        !point_of(mesh, place->u, place->v + .5 * place->tall, bottom, normal[0]) ||
        !point_of(mesh, place->u - .5 * place->wide, place->v, c.end[0], normal[0]) ||
        !point_of(mesh, place->u + .5 * place->wide, place->v, c.end[1], normal[1]))
        return TRUNDLE_NOT_FOUND;
    c.wide_m = unit(c.end[0], c.end[1], c.right);
    c.tall_m = unit(top, bottom, c.down);
    for (int k = 0; k < 3; k++) {
        along += c.right[k] * c.down[k];
        cosine += (double)normal[0][k] * (double)normal[1][k];
    }
    c.bent_deg = 180 / 3.14159265358979323846 * acos(fmin(1, fmax(-1, cosine)));
    n = sqrt(1 - fmin(1, along * along));
    if (c.wide_m < 1e-4 || c.tall_m < 1e-5 || n < .5)
        return TRUNDLE_NOT_FOUND;
    for (int k = 0; k < 3; k++)
        c.down[k] = (c.down[k] - along * c.right[k]) / n;
    for (int k = 0; k < 3; k++)
        c.out[k] = c.down[(k + 1) % 3] * c.right[(k + 2) % 3] - c.down[(k + 2) % 3] * c.right[(k + 1) % 3];
    *out = c;
    return TRUNDLE_OK;
}
