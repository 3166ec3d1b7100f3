/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/scene - what is where at one instant, in the basket frame: the agreement between whoever moves things (the script of a
 * shopper, later a physics engine) and whoever looks at them (a renderer).
 *
 *     struct sim_scene scene = { .cart = &cart, .light = light };
 *     scene.solid[scene.n++] = (struct sim_solid){ .id = 3, .mesh = mesh, .texture = texture, .pose = pose, .resting = true };
 *
 * Plain values; meshes, textures and the cart file are borrowed. Metres, radians, grams. Rotations are row-major 3x3.
 */
#pragma once

#include "cart/calib/cart_file.h"

#include <stdbool.h>
#include <stdint.h>

enum { SIM_SOLIDS_MAX = 96, SIM_HAND_ID = 250, SIM_SHADOW_ID = 254, SIM_BASKET_ID = 255, SIM_MIPS_MAX = 12 };

struct sim_pose { float r[9]; float t[3]; };

struct sim_vertex { float p[3], n[3], u, v; };

/* Triangles, counter-clockwise seen from outside; closed and star-shaped, so that front faces cover a pixel once (nearly). */
struct sim_mesh {
    struct sim_vertex *vertex;     /* owned */
    uint16_t *index;               /* owned; 3 per triangle */
    uint32_t vertices, triangles;
    float    half_m[3];            /* half of the bounding box, centred at the origin */
};

/* Square power-of-two levels are not needed: each level is half of the one before, rounded down. 0xAARRGGBB: on a clear solid, A says
 * how opaque the print is there (255: nothing shines through); of opaque solids it says nothing. */
struct sim_texture {
    int w, h, levels;
    uint32_t *level[SIM_MIPS_MAX]; /* owned, level[0] w x h */
};

struct sim_solid {
    uint8_t id;                    /* item number 1..SIM_HAND_ID-1, SIM_HAND_ID a hand or arm; unique among items */
    const struct sim_mesh *mesh;
    const struct sim_texture *texture;
    struct sim_pose pose;
    float   gloss;                 /* 0 matt .. 1 like lacquer: share of mirror-like light */
    float   clear;                 /* 0 opaque .. 1 clear as glass: share of light that goes through */
    double  mass_g;
    bool    inside;                /* in another solid of the same id, as fruit in a bag: adds nothing to the outline */
    bool    resting;               /* does not move until the next change of the resting set */
    float   velocity_ms[3];        /* of what moves: blurs, and leans where the shutter rolls */
};

struct sim_light {
    float ambient, diffuse;        /* of 1 */
    float direction[3];            /* unit, towards the light */
    float tint[3];                 /* of red, green, blue */
    /* Area lights, for renderers that have them: rows of tubes under a level ceiling, in units of its height over the basket. No tubes: one round
     * lamp at `direction` gives the diffuse light. */
    int   tubes;
    float tube_width, tube_pitch, tube_yaw, tube_shift;
    float tube_rgb[3];             /* colour; green is 1 */
    float window, window_yaw, window_rgb[3];   /* daylight from one side: of 1 on a wall that faces it */
};

/* What stands around the cart. Seen past the rim and through wire, which masks blank; it takes light away from the basket. */
struct sim_backdrop {
    bool store, seat, shopper;     /* shelves all around; a child seat over the rear wall; who pushes */
    uint32_t seed;                 /* of the shelves */
    float shopper_rgb[3];          /* 0..255 */
};

/* How a camera takes its picture; zeros: at one instant. */
struct sim_shutter {
    float exposure_s;              /* a row sees what passes in this time */
    float readout_s;               /* the last row is this much later than the first; the middle row is on time */
};

struct sim_scene {
    const struct cart_file *cart;
    const struct sim_texture *floor, *wall;
    struct sim_light light;
    struct sim_backdrop backdrop;
    struct sim_shutter shutter;
    uint32_t n;
    struct sim_solid solid[SIM_SOLIDS_MAX];
    uint32_t resting_version;      /* equal numbers: the resting solids are the same, at the same places */
};

struct sim_pose sim_pose_make(double x_m, double y_m, double z_m, double yaw, double pitch, double roll);
void sim_pose_apply(const struct sim_pose *pose, const float p[3], float out[3]);

void sim_mesh_done(struct sim_mesh *mesh);
void sim_texture_done(struct sim_texture *texture);
