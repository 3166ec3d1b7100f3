/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/render - from a scene to what a camera sees, behind one interface, so that a ray tracer can stand beside the rasteriser.
 *
 *     struct sim_renderer *r;
 *     TRY(sim_raster.make(&cart.camera[0], &r));
 *     sim_raster.render(r, &scene, &view);      // view.rgb, view.id, view.seen[] live until the next render
 *     sim_raster.done(r);
 *
 * A renderer gives light, not a sensor: exposure, noise, blur and JPEG are develop.h. One renderer per camera; not shared
 * between threads. After `make` nothing allocates.
 */
#pragma once

#include "lab/sim/scene.h"

#include "base/std/status.h"

/* How much of one item a camera sees. Pixels; x1, y1 exclusive. */
struct sim_seen {
    uint8_t id;
    int x0, y0, x1, y1;            /* of what is visible */
    uint32_t visible_px;
    float    whole_px;             /* area of its outline, hidden and outside parts included */
};

struct sim_view {
    int w, h;
    const uint32_t *rgb;           /* 0x00RRGGBB, h rows of w */
    /* What each pixel's centre shows: item, SIM_HAND_ID (a person), SIM_BASKET_ID (SIM_SHADOW_ID: the same, darkened by the rasteriser), 0 nothing.
     * The visible mask of an item, or of persons, is where this is its id and the camera's mask keeps the pixel. */
    const uint8_t  *id;
};

struct sim_renderer;

struct sim_render_ops {
    const char *name;
    enum trundle_status (*make)(const struct cart_camera *camera, struct sim_renderer **out);
    void (*render)(struct sim_renderer *r, const struct sim_scene *scene, struct sim_view *out);
    /* Of the last render; `id` an item, or SIM_HAND_ID for all that is of a person. False: the item is not in the scene. `mask` (w x h, 0 blank; may be NULL) hides more. */
    bool (*seen)(const struct sim_renderer *r, uint8_t id, const uint8_t *mask, struct sim_seen *out);
    /* Colours matter only where `mask` (w x h; NULL everywhere, as made) is not 0, and some pixels around; ids are made for all. May be NULL:
     * all colours are made. */
    void (*limit)(struct sim_renderer *r, const uint8_t *mask);
    void (*done)(struct sim_renderer *r);   /* NULL is fine */
};

/* `seen` from an id buffer and the area of the outline, for those who write a renderer. */
bool sim_seen_count(const uint8_t *ids, int w, int h, float whole_px, uint8_t id, const uint8_t *mask, struct sim_seen *out);

/* z-buffer, textured, perspective correct, lens distortion at the vertices. One instant, whatever the shutter. */
extern const struct sim_render_ops sim_raster;
/* The same visibility at four places and instants per pixel; light by ray tracing (Embree): soft shadow, ambient occlusion, gloss, see-through
 * solids. Meshes, cart and backdrop must stay as and
 * where they are while the renderer lives. Allocates when the resting set changes. */
extern const struct sim_render_ops sim_trace;
