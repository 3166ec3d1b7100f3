/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Shadow rays. One Embree device per renderer, of one thread (builds do not depend on scheduling) and pinned to AVX2: the instruction sets round
 * differently, and with the widest one a picture would depend on the machine. A mesh is built once and stands in a scene as an instance.
 *
 * See-through solids take away their share of directions: a ray carries one bit of eight, and a solid is there for some of the eight.
 */
#include "lab/sim/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float OFF_M = .0008f;         /* a ray starts this far off its surface */

enum trundle_status trace_cast_new(struct sim_renderer *r)
{
    r->device = rtcNewDevice("threads=1,isa=avx2");
    if (!r->device)
        return TRUNDLE_NO_MEMORY;
    return TRUNDLE_OK;
}

void trace_cast_done(struct sim_renderer *r)
{
    if (r->rest)
        rtcReleaseScene(r->rest);
    if (r->move)
        rtcReleaseScene(r->move);
    for (int i = 0; i < r->meshes; i++) {
        rtcReleaseScene(r->mesh[i].scene);
        free(r->mesh[i].face);
    }
    free(r->mesh);
    if (r->device)
        rtcReleaseDevice(r->device);
}

static RTCScene build(struct sim_renderer *r, const struct sim_mesh *mesh)
{
    RTCScene scene = rtcNewScene(r->device);
    RTCGeometry geometry = rtcNewGeometry(r->device, RTC_GEOMETRY_TYPE_TRIANGLE);
    float *vertex = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3, 3 * sizeof *vertex, mesh->vertices);
    uint32_t *index = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3, 3 * sizeof *index, mesh->triangles);

    for (uint32_t i = 0; vertex && i < mesh->vertices; i++)
        memcpy(vertex + 3 * (size_t)i, mesh->vertex[i].p, 3 * sizeof *vertex);
    for (uint32_t i = 0; index && i < 3 * mesh->triangles; i++)
        index[i] = mesh->index[i];
    if (vertex && index) {
        rtcCommitGeometry(geometry);
        (void)rtcAttachGeometry(scene, geometry);
    }
    rtcReleaseGeometry(geometry);
    rtcSetSceneFlags(scene, RTC_SCENE_FLAG_ROBUST);
    rtcCommitScene(scene);
    return scene;
}

static struct trace_face *faces(const struct sim_mesh *mesh)
{
    struct trace_face *face = malloc((mesh->triangles + 1) * sizeof *face);

    for (uint32_t i = 0; face && i < mesh->triangles; i++) {
        const struct sim_vertex *a = &mesh->vertex[mesh->index[3 * i]], *b = &mesh->vertex[mesh->index[3 * i + 1]], *c = &mesh->vertex[mesh->index[3 * i + 2]];
        float side[3], up[3], area, *n = face[i].n;

        for (int k = 0; k < 3; k++) {
            side[k] = b->p[k] - a->p[k];
            up[k] = c->p[k] - a->p[k];
        }
        n[0] = side[1] * up[2] - side[2] * up[1];
        n[1] = side[2] * up[0] - side[0] * up[2];
        n[2] = side[0] * up[1] - side[1] * up[0];
        area = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) + 1e-20f;
        for (int k = 0; k < 3; k++)
            n[k] /= area;
        face[i].sheet = fabsf((b->u - a->u) * (c->v - a->v) - (b->v - a->v) * (c->u - a->u)) / area;
    }
    return face;
}

const struct trace_mesh *trace_mesh_of(struct sim_renderer *r, const struct sim_mesh *mesh)
{
    struct trace_mesh *out;

    for (int i = 0; i < r->meshes; i++)
        if (r->mesh[i].mesh == mesh)
            return &r->mesh[i];
    if (r->meshes == r->meshes_max) {
        int more = r->meshes_max ? 2 * r->meshes_max : 64;
        struct trace_mesh *grown = realloc(r->mesh, (size_t)more * sizeof *grown);

        if (!grown)
            return NULL;
        r->mesh = grown;
        r->meshes_max = more;
    }
    out = &r->mesh[r->meshes];
    *out = (struct trace_mesh){ mesh, NULL, faces(mesh) };
    if (!out->face)
        return NULL;
    out->scene = build(r, mesh);
    r->meshes++;
    return out;
}

enum trundle_status trace_cast_scene(struct sim_renderer *r, uint32_t first, uint32_t n, RTCScene *out)
{
    RTCScene scene = rtcNewScene(r->device);

    for (uint32_t i = first; i < first + n; i++) {
        const struct trace_solid *solid = &r->solid[i];
        RTCGeometry geometry;
        float pose[12];

        for (int k = 0; k < 3; k++) {
            for (int j = 0; j < 3; j++)
                pose[3 * j + k] = solid->pose.r[3 * k + j];
            pose[9 + k] = solid->pose.t[k];
        }
        geometry = rtcNewGeometry(r->device, RTC_GEOMETRY_TYPE_INSTANCE);
        rtcSetGeometryInstancedScene(geometry, solid->rays);
        rtcSetGeometryTransform(geometry, 0, RTC_FORMAT_FLOAT3X4_COLUMN_MAJOR, pose);
        rtcSetGeometryMask(geometry, (1U << (int)lrintf(8 * (1 - fminf(1, fmaxf(0, solid->clear))))) - 1U);
        rtcCommitGeometry(geometry);
        rtcAttachGeometryByID(scene, geometry, i);
        rtcReleaseGeometry(geometry);
    }
    rtcSetSceneFlags(scene, RTC_SCENE_FLAG_ROBUST);
    rtcCommitScene(scene);
    if (*out)
        rtcReleaseScene(*out);
    *out = scene;
    return rtcGetDeviceError(r->device) == RTC_ERROR_NONE ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
}

struct packet { struct RTCRay8 ray; _Alignas(32) int valid[8]; int at[8], n; };

static void fire(struct packet *p, RTCScene scene, struct trace_layer *l, uint8_t bit)
{
    struct RTCIntersectContext context;

    if (!p->n)
        return;
    rtcInitIntersectContext(&context);
    context.flags = RTC_INTERSECT_CONTEXT_FLAG_COHERENT;
    for (int i = 0; i < 8; i++) {
        p->valid[i] = i < p->n ? -1 : 0;
        p->ray.tfar[i] = INFINITY;
    }
    rtcOccluded8(p->valid, scene, &context, &p->ray);
    for (int i = 0; i < p->n; i++)
        if (p->ray.tfar[i] < 0)
            l->open[p->at[i]] &= (uint8_t)~bit;
    p->n = 0;
}

void trace_cast(const struct sim_renderer *r, struct trace_layer *l, RTCScene scene, const uint8_t *which, bool again)
{
    struct packet p = { .n = 0 };

    for (int class = 0; class < TRACE_CLASSES; class++)
        for (int e = 0; e < TRACE_EACH; e++) {
            int slot = class * TRACE_EACH + e;
            float d[3] = { r->env.x[slot], r->env.y[slot], r->env.z[slot] };
            uint8_t bit = (uint8_t)(1 << e);

            for (int i = 0; i < 8; i++) {
                p.ray.dir_x[i] = d[0];
                p.ray.dir_y[i] = d[1];
                p.ray.dir_z[i] = d[2];
                p.ray.tnear[i] = 0;
                p.ray.time[i] = 0;
                p.ray.mask[i] = 1U << ((class * 5 + e * 3) & 7);
                p.ray.id[i] = p.ray.flags[i] = 0;
            }
            for (int y = class / TRACE_SIDE; y < r->ph; y += TRACE_SIDE)
                for (int x = class % TRACE_SIDE; x < r->pw; x += TRACE_SIDE) {
                    int i = y * r->pw + x;
                    const struct trace_point *point = &l->point[i];

                    if (!point->solid || (which && !which[i]))
                        continue;
                    if (again ? !(l->open[i] & bit) : d[0] * point->g[0] + d[1] * point->g[1] + d[2] * point->g[2] < .01f)
                        continue;
                    if (!again) {
                        l->known[i] |= bit;
                        l->open[i] |= bit;
                    }
                    p.at[p.n] = i;
                    p.ray.org_x[p.n] = point->p[0] + OFF_M * point->g[0];
                    p.ray.org_y[p.n] = point->p[1] + OFF_M * point->g[1];
                    p.ray.org_z[p.n] = point->p[2] + OFF_M * point->g[2];
                    if (++p.n == 8)
                        fire(&p, scene, l, bit);
                }
            fire(&p, scene, l, bit);
        }
}
