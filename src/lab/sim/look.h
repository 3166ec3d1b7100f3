/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/look - what one item looks like, beyond its product: which print, dents, scuffs, a bag, pieces of their own shape.
 *
 *     struct sim_look look = sim_look_item(store, product, seed, pieces, scale, mass_g);
 *     TRY(sim_look_model(&store->product[product], &look, &mesh));
 *     TRY(sim_look_print(&store->product[product], &look, &texture));
 *
 * Everything follows from its arguments. Of plain products (smoke) it is what model.h gives. Textures of rich products have
 * in the top byte of a texel how opaque the print is there (255: nothing shines through, 0: as clear as the solid says).
 */
#pragma once

#include "lab/sim/model.h"

struct sim_look {
    uint64_t seed;
    int      pieces;
    double   scale, mass_g;
    bool     old_print, bagged;
    double   deform, wear;                 /* 0 none */
    double   piece_spread, ripeness_sd, ripeness;
    int64_t  cents;                        /* on a bag's sticker */
    float    gloss, clear;                 /* sim_solid */
    float    film_gloss, film_clear;       /* of the bag */
};

/* As enrolled: new, whole, in picture k of its enrolment the old print if the suite says so. */
struct sim_look sim_look_enrol(const struct sim_store *store, size_t product, int k);
struct sim_look sim_look_item(const struct sim_store *store, size_t product, uint64_t seed, int pieces, double scale, double mass_g);
/* Where a code lies on a sheet: u, v 0..1 as of a mesh's vertices, right along the text and down. */
struct sim_code_place {
    double u, v;                           /* middle */
    double wide, tall;                     /* from the first bar to the end of the last; of the bars */
    int    modules;                        /* from the first bar to the end of the last */
};

/* Two items of one product may share a texture. */
bool sim_look_shares(const struct sim_product *p, const struct sim_look *a, const struct sim_look *b);
TRUNDLE_MUST_USE enum trundle_status sim_look_model(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out);
/* The bag around a bagged item, in the same pose, with its sticker; the same texture. */
TRUNDLE_MUST_USE enum trundle_status sim_look_film(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out);
TRUNDLE_MUST_USE enum trundle_status sim_look_print(const struct sim_product *p, const struct sim_look *look, struct sim_texture *out);
/* The same, and where the code that is drawn last lies on it: on the item, of a bagged one on its film. UNSUPPORTED: plain products. NOT_FOUND:
 * no code, as on produce without a bag. */
TRUNDLE_MUST_USE enum trundle_status sim_look_print_code(const struct sim_product *p, const struct sim_look *look, struct sim_texture *out,
                                                         struct sim_code_place *out_place);
/* Its text as a scanner says it: digits, or element strings without parentheses. */
const char *sim_look_code_text(const struct sim_product *p, const struct sim_look *look, char out[64]);
