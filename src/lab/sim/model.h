/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/model - the shape and the print of things: meshes of packs and produce, a hand, an arm, a patch of wall; textures.
 *
 * Meshes are centred, upright (z up), with the front to +y and produce along x. Which part of the texture a face shows is
 * the agreement between model.c (shapes) and print.c (pictures): the regions below, in texels of a 512 x 512 sheet.
 */
#pragma once

#include "lab/sim/scene.h"
#include "lab/sim/store.h"

struct model_region { float x0, y0, x1, y1; };
enum { MODEL_SHEET = 512 };
enum model_part { MODEL_FRONT, MODEL_BACK, MODEL_SIDE, MODEL_TOP, MODEL_BOTTOM, MODEL_LABEL, MODEL_BODY, MODEL_LID, MODEL_METAL, MODEL_PARTS };
extern const struct model_region model_region[MODEL_PARTS];

/* Half of the bounding box of an upright item, m. */
void sim_model_half(const struct sim_product *p, int pieces, double scale, double out_half_m[3]);
TRUNDLE_MUST_USE enum trundle_status sim_model_item(const struct sim_product *p, int pieces, double scale, struct sim_mesh *out);
/* A hand with fingers down (-z), wrist at the origin's side +z; an arm from the origin along +z, 1 m, radius 1 at the wrist. */
TRUNDLE_MUST_USE enum trundle_status sim_model_hand(struct sim_mesh *out);
TRUNDLE_MUST_USE enum trundle_status sim_model_arm(struct sim_mesh *out);
/* The inside of a basket: n x n patches, normal +z, from (0,0) to (w,h). */
TRUNDLE_MUST_USE enum trundle_status sim_model_patch(float w, float h, int n, struct sim_mesh *out);

/* What is printed on a product, 512 x 512, with its code (libzint); of produce, its skin. */
TRUNDLE_MUST_USE enum trundle_status sim_print_product(const struct sim_product *p, struct sim_texture *out);
/* Speckled colour, side a power of two. */
TRUNDLE_MUST_USE enum trundle_status sim_print_plain(const double rgb[3], double speckle, int side, uint64_t seed, struct sim_texture *out);
