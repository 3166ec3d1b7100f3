/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What handling does to a shape: dents, crumples, a lean; and normals afterwards. Equal points move equally, so that closed stays closed. */
#include "lab/sim/model_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float TAU = 6.28318531f;

void model_dent(struct sim_mesh *m, const double half[3], int n, double depth, double lean, struct rng *r)
{
    double shear[2] = { lean * rng_normal(r), lean * rng_normal(r) };

    for (int d = 0; d < n; d++) {
        double u[3] = { rng_normal(r), rng_normal(r), rng_normal(r) * .8 }, norm = sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]) + 1e-9;
        double size = fmin(half[0], fmin(half[1], half[2])), deep = depth * rng_range(r, .3, 1), wide = size * rng_range(r, .35, .8), reach = 1e9;
        float c[3], push[3];

        for (int k = 0; k < 3; k++)
            reach = fmin(reach, half[k] / (fabs(u[k] / norm) + 1e-6));
        for (int k = 0; k < 3; k++) {
            c[k] = (float)(u[k] / norm * reach);
            push[k] = (float)(-u[k] / norm * deep);
        }
        for (uint32_t i = 0; i < m->vertices; i++) {
            float *p = m->vertex[i].p, q = 0, f;

            for (int k = 0; k < 3; k++)
                q += (p[k] - c[k]) * (p[k] - c[k]);
            f = expf(-q / (float)(wide * wide));
            for (int k = 0; k < 3; k++)
                p[k] += f * push[k];
        }
    }
    for (uint32_t i = 0; i < m->vertices; i++)
        for (int k = 0; k < 2; k++)
            m->vertex[i].p[k] += (float)shear[k] * m->vertex[i].p[2];
}

void model_crumple(struct sim_mesh *m, const double half[3], double depth, struct rng *r)
{
    enum { WAVES = 7 };
    float fx[WAVES], fz[WAVES], phase[WAVES], size[WAVES];

    for (int w = 0; w < WAVES; w++) {
        float turn = (float)rng_range(r, 0, 6.2831853), f = (float)rng_range(r, 1, 2.2 + w);

        fx[w] = f * cosf(turn) * TAU / (2 * (float)half[0]);
        fz[w] = f * sinf(turn) * TAU / (2 * (float)half[2]);
        phase[w] = (float)rng_range(r, 0, 6.2831853);
        size[w] = (float)(depth * rng_range(r, .2, 1)) / f;
    }
    for (uint32_t i = 0; i < m->vertices; i++) {
        float *p = m->vertex[i].p, a = p[0] / (float)half[0], b = p[2] / (float)half[2];
        float inner = fmaxf(0, 1 - a * a) * fmaxf(0, 1 - b * b), y = 0;

        for (int w = 0; w < WAVES; w++)
            y += size[w] * sinf(fx[w] * p[0] + fz[w] * p[2] + phase[w] + (p[1] > 0 ? 0 : 2));
        y = fminf(.22f * (float)half[1], fmaxf(-.3f * (float)half[1], y));
        p[1] += y * inner * (p[1] > 0 ? 1 : p[1] < 0 ? -1 : 0);
    }
}

struct spot { int32_t at[3]; uint32_t vertex; };

static int by_place(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;
    int order = memcmp(x->at, y->at, sizeof x->at);

    return order ? order : (x->vertex > y->vertex) - (x->vertex < y->vertex);
}

static void add_face_normals(struct sim_mesh *m)
{
    for (uint32_t i = 0; i < m->vertices; i++)
        memset(m->vertex[i].n, 0, sizeof m->vertex[i].n);
    for (uint32_t i = 0; i < m->triangles; i++) {
        struct sim_vertex *v[3];
        float u[3], w[3], n[3];

        for (int k = 0; k < 3; k++)
            v[k] = &m->vertex[m->index[3 * i + (uint32_t)k]];
        for (int k = 0; k < 3; k++) {
            u[k] = v[1]->p[k] - v[0]->p[k];
            w[k] = v[2]->p[k] - v[0]->p[k];
        }
        n[0] = u[1] * w[2] - u[2] * w[1];
        n[1] = u[2] * w[0] - u[0] * w[2];
        n[2] = u[0] * w[1] - u[1] * w[0];
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 3; k++)
                v[c]->n[k] += n[k];
    }
}

static void to_unit(float n[3], const float fallback[3])
{
    float length = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);

    for (int k = 0; k < 3; k++)
        n[k] = length > 1e-12f ? n[k] / length : fallback[k];
}

enum trundle_status model_normals(struct sim_mesh *m)
{
    static const float up[3] = { 0, 0, 1 };
    struct spot *spot = malloc(m->vertices * sizeof *spot);
    float (*smooth)[3] = malloc(m->vertices * sizeof *smooth);

    if (!spot || !smooth) {
        free(spot);
        free(smooth);
        return TRUNDLE_NO_MEMORY;
    }
    add_face_normals(m);
    for (uint32_t i = 0; i < m->vertices; i++) {
        to_unit(m->vertex[i].n, up);
        for (int k = 0; k < 3; k++)
            spot[i].at[k] = (int32_t)lrintf(m->vertex[i].p[k] * 2e5f);
        spot[i].vertex = i;
    }
    qsort(spot, m->vertices, sizeof *spot, by_place);
    for (uint32_t i = 0; i < m->vertices;) {
        uint32_t end = i + 1;

        while (end < m->vertices && !memcmp(spot[end].at, spot[i].at, sizeof spot[i].at))
            end++;
        for (uint32_t a = i; a < end; a++) {
            const float *n = m->vertex[spot[a].vertex].n;
            float *sum = smooth[spot[a].vertex];

            memset(sum, 0, sizeof *smooth);
            for (uint32_t b = i; b < end; b++) {
                const float *o = m->vertex[spot[b].vertex].n;

                if (n[0] * o[0] + n[1] * o[1] + n[2] * o[2] > .75f)
                    for (int k = 0; k < 3; k++)
                        sum[k] += o[k];
            }
        }
        i = end;
    }
    for (uint32_t i = 0; i < m->vertices; i++) {
        to_unit(smooth[i], m->vertex[i].n);
        memcpy(m->vertex[i].n, smooth[i], sizeof *smooth);
    }
    free(spot);
    free(smooth);
    return TRUNDLE_OK;
}
