/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* sim/model_inner - what the makers of meshes share: grids of points, bands about an axis, dents, normals. */
#pragma once

#include "lab/sim/look.h"

#include "base/std/rng.h"

/* Appends a grid of (nu + 1) x (nv + 1) points; `point` fills one from s, t in 0..1. Triangles turn so that du x dv is outside. */
TRUNDLE_MUST_USE enum trundle_status model_grid(struct sim_mesh *m, int nu, int nv,
                                                void (*point)(const void *user, float s, float t, struct sim_vertex *out), const void *user);
void model_uv(const struct model_region *region, float s, float t, struct sim_vertex *out);
/* Bounds, then hands the mesh over; frees it when the status is bad. */
TRUNDLE_MUST_USE enum trundle_status model_finish(struct sim_mesh *m, enum trundle_status status, struct sim_mesh *out);
/* How pieces lie together: nx along, ny across, a second layer in the gaps. */
void model_cluster(const struct suite_produce *p, int pieces, int *nx, int *ny, int *layers);

/* A ring of a body about z: from (r0, z0) to (r1, z1), in parts of half the box; `whole`: the region goes round once. */
struct model_band { float r0, z0, r1, z1; const struct model_region *region; bool whole; int rows; };
/* `half` and `at`: m. */
TRUNDLE_MUST_USE enum trundle_status model_bands(struct sim_mesh *m, int around, const struct model_band *band, size_t n, const double half[3],
                                                 const double at[3]);
/* A box with n x n points a face, faces bulged by `bulge` m; region of front, back, side, top, bottom. */
TRUNDLE_MUST_USE enum trundle_status model_block(struct sim_mesh *m, int n, const double half[3], const double at[3], double bulge,
                                                 const struct model_region *const region[5]);
/* A bent, lumpy body along x: half its length and width, place, turn about z, tilt and spin; texture in `region`. */
struct model_tube { enum suite_form form; float half_l, half_d, at[3], yaw, tilt, spin, lump, dimple, bend; const struct model_region *region; };
TRUNDLE_MUST_USE enum trundle_status model_tube(struct sim_mesh *m, int around, int along, const struct model_tube *tube);

/* Pushes dents into a body of this half box: `n` of them, of a depth up to `depth` m, and shears it by `lean`. */
void model_dent(struct sim_mesh *m, const double half[3], int n, double depth, double lean, struct rng *r);
/* Crumples a flat pack: waves along y that die out at the rim. */
void model_crumple(struct sim_mesh *m, const double half[3], double depth, struct rng *r);
/* Normals from the triangles, smooth where neighbours are nearly level. */
TRUNDLE_MUST_USE enum trundle_status model_normals(struct sim_mesh *m);

TRUNDLE_MUST_USE enum trundle_status model_pack(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out);
TRUNDLE_MUST_USE enum trundle_status model_produce(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out);
TRUNDLE_MUST_USE enum trundle_status model_film_of(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out);

/* Regions of the rich sheets, in the texels of model.h's 512. */
enum { SKIN_COLUMNS = 3, SKIN_ROWS = 4, SKIN_TILES = SKIN_COLUMNS * SKIN_ROWS };
struct model_region model_skin_tile(int tile);
extern const struct model_region model_stem, model_calyx, model_film, model_sticker;
/* Where on the skin tiles a piece's colour lies: ripe 0..1. */
int model_ripe_tile(double ripe);
