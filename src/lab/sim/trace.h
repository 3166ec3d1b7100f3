/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/trace - the inside of the ray tracer (its face is sim_trace of render.h).
 *
 * trace_env    light from all around as a function of direction, and the fixed directions that stand for it
 * trace_draw   which triangle each pixel shows, at four places and instants of the pixel: z-buffers of (1/z, triangle)
 * trace_cast   who is in whose shadow: Embree, packets of 8 parallel rays
 * trace_light  that as two numbers per light point, one point per 2 x 2 pixels: the denoiser
 * trace_shade  what a pixel shows as fragments (print times light without shadow), and fragments to a picture
 * trace        layers: what rests is kept, what moves is laid over it, and only what that changes is made again
 * trace_ref    the reference: every sample a ray, none shared, nothing denoised
 *
 * Light at a point of normal n, with E(n) the irradiance when nothing is in the way (a table), B what comes from anything hit:
 *     open * E(n) + pi B (shut * (1 + n_z) / 2 + (1 - n_z) / 2)
 * `open` and `shut` are shares that are near 1 and 0 in the open, so that print and shading stay sharp and only shadow is filtered. So is `mirror`,
 * the share of the sky about the mirrored line of sight that is seen: gloss.
 */
#pragma once

#include "lab/sim/lens.h"
#include "lab/sim/render.h"

#include <embree3/rtcore.h>
#include <stddef.h>

enum {
    TRACE_PLANES = 4,              /* samples of a pixel; 0 is its centre, on time */
    TRACE_SIDE = 4,                /* a block of SIDE x SIDE light points covers all directions, each point its own few */
    TRACE_CLASSES = TRACE_SIDE * TRACE_SIDE, TRACE_EACH = 2, TRACE_DIRECTIONS = TRACE_CLASSES * TRACE_EACH,
    TRACE_UNFOLDED = 24, TRACE_STATICS = 8,             /* floor, walls, what stands around */
    TRACE_SOLIDS = TRACE_STATICS + SIM_SOLIDS_MAX,
};

#define TRACE_NEAR_M .03f
/* Into each clone of its caller. */
#define TRACE_INTO static inline __attribute__((always_inline))

/* What libm's are calls for, where no NaN comes. */
static inline float trace_least(float a, float b) { return a < b ? a : b; }
static inline float trace_most(float a, float b) { return a > b ? a : b; }
static inline int trace_ceil(float x) { int i = (int)x; return i + (x > (float)i); }

typedef float trace_four __attribute__((vector_size(16)));

/* ---- light ---- */

struct trace_env {
    struct sim_light light;
    float sun;                     /* cosine of the round lamp's edge */
    float dome, tube, window;      /* radiance scales */
    trace_four bounce;             /* radiance of what is hit */
    trace_four *irradiance;        /* over pi, by normal: an octahedron unfolded, TRACE_UNFOLDED + 1 squared */
    float tube_cos, tube_sin;
    float *cell, *row;             /* cumulative, for importance */
    float x[TRACE_DIRECTIONS], y[TRACE_DIRECTIONS], z[TRACE_DIRECTIONS];
    float open[TRACE_DIRECTIONS], shut[TRACE_DIRECTIONS];   /* weights: radiance by density; 1 by density */
};

TRUNDLE_MUST_USE enum trundle_status trace_env_make(const struct sim_light *light, struct trace_env *out);
void trace_env_done(struct trace_env *env);
/* Radiance from direction d (unit); `soft` blurs lamps, radians. */
void trace_env_radiance(const struct trace_env *env, const float d[3], float soft, float out_rgb[3]);
/* A direction of importance for s, t in [0, 1), and 1 / density per steradian. */
float trace_env_pick(const struct trace_env *env, float s, float t, float out_d[3]);
trace_four trace_env_irradiance(const struct trace_env *env, const float n[3]);
/* What is seen in direction d where nothing is: shelves, ceiling, floor of a store. Display values, 0..1 linear. */
void trace_backdrop(const struct trace_env *env, const struct sim_backdrop *b, const float d[3], float out_rgb[3]);

/* ---- what there is ---- */

struct trace_vertex { trace_four q, n; };                   /* place in the camera's frame, and u; normal in the basket's, and v */
struct trace_face { float n[3], sheet; };                   /* of a mesh's triangle: normal; share of the print's sheet per m2 */
struct trace_mesh { const struct sim_mesh *mesh; RTCScene scene; struct trace_face *face; };
struct trace_screen { float x, y, w; };                     /* w = 1/z, 0 behind the near plane */

struct trace_solid {
    const struct sim_mesh *mesh;
    const struct trace_face *face;
    RTCScene rays;
    const struct sim_texture *texture;
    struct sim_pose pose;
    uint8_t id;
    bool    moving;                /* has a velocity */
    bool    inside;                /* adds nothing to the outline of its id */
    float   gloss, clear, drift[3];                         /* drift: velocity in the camera's frame */
    uint32_t first;                /* in the vertices */
};

/* Four samples of a pixel side by side. w: 0 nothing. key, where w is not 0: (solid + 1) << 24 | triangle. */
typedef int32_t trace_flags __attribute__((vector_size(16)));
struct trace_planes { trace_four *w; trace_flags *key; };

static inline trace_flags trace_keys(const struct trace_planes *p, int pixel)
{
    return p->key[pixel] & (p->w[pixel] > (trace_four){ 0 });
}

struct trace_fragment {
    trace_four print;              /* red, green, blue: print x E(n), its share of the pixel in it; so in all colours here */
    trace_four paper;              /* print x pi B; 4: (1 + n_z) / 2 */
    trace_four gloss;              /* what the mirrored line of sight meets, over B; 4: B's share */
    trace_four n;                  /* 4: 1 / z */
    uint32_t solid;
};

/* Wide vectors where the machine has them; the same sums in the same order, so the same bits. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define TRACE_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define TRACE_WIDE
#endif

struct trace_point { float p[3], n[3], g[3], w; uint32_t solid; };   /* solid: 0 nothing, else + 1 */

struct trace_rect { int x0, y0, x1, y1; };

/* All that one layer knows. */
struct trace_layer {
    struct trace_planes plane, clear;
    struct trace_fragment *fragment;
    uint32_t fragments, fragments_max;
    uint32_t *first;               /* per pixel */
    uint8_t  *count;
    uint8_t  *plain;               /* per pixel: one fragment, and all points around lie on it */
    struct trace_point *point;
    uint8_t *open, *known;         /* per point, a bit per direction of its class: not in shadow; traced */
    uint64_t *alike;               /* per point: those around it that lie on its surface, in rows of its block from its upper left */
    uint8_t *reach;                /* per point: half the side of that block; 0 no point */
    trace_four *raw, *light;       /* per point: open, shut, mirror; as traced, smoothed */
    uint32_t *rgb;
    uint8_t  *id;
    float whole[256];
};

struct sim_renderer {
    struct sim_lens lens;
    float r[9], t[3], eye[3];      /* basket to camera */
    int w, h, pw, ph;              /* pixels, light points */
    float *ray_x, *ray_y;          /* direction of a pixel's centre, z = 1 */
    trace_four *back;              /* what is there where nothing is */
    struct sim_shutter shutter;
    struct sim_backdrop backdrop;
    struct trace_env env;
    struct trace_layer still, now;
    struct trace_rect dirty;       /* of now.plane: where it may differ from still */
    bool spoilt;                   /* now may differ from still everywhere; else where `changed` and `touched` say */
    bool has_still, moves;         /* moves: the last picture is `now` */
    bool sees_clear;               /* a clear solid is drawn into still */
    uint32_t still_version;
    uint8_t *changed, *touched;    /* per pixel; per point */
    uint8_t *spread;               /* room for marks: per point */
    uint8_t *keep, *keep_point;    /* per pixel, per point: is made */
    uint32_t solids, resting, vertices, vertices_resting, vertices_max;
    struct trace_solid solid[TRACE_SOLIDS];
    struct trace_vertex *vertex;
    struct trace_screen *screen[TRACE_PLANES];
    struct sim_mesh patch[TRACE_STATICS];
    struct sim_texture plain[2];   /* seat, shopper */
    RTCDevice device;
    struct trace_mesh *mesh;
    int meshes, meshes_max;
    RTCScene rest, move;
    float to_linear[256];
    uint8_t to_display[4096];
};

/* Place and instant of a sample of a pixel. */
extern const float trace_offset[TRACE_PLANES][2], trace_instant[TRACE_PLANES];

/* ---- draw ---- */

/* Transforms a solid; false: no room. */
bool trace_place(struct sim_renderer *r, struct trace_solid *solid);
/* Draws solid number i; grows *dirty. */
void trace_draw(struct sim_renderer *r, struct trace_layer *l, uint32_t i, struct trace_rect *dirty);
/* What the key shows in sample `plane` of pixel (x, y). */
struct trace_hit { float q[3], n[3], u, v, z; const struct trace_solid *solid; const struct trace_face *face; };
void trace_resolve(const struct sim_renderer *r, uint32_t key, int plane, int x, int y, struct trace_hit *out);
/* From the camera's frame to the basket's. */
void trace_basket(const struct sim_renderer *r, const float q[3], float out[3]);
void trace_lens(const struct sim_lens *lens, float x, float y, float out[2]);
/* The colour of a print at u, v when a pixel covers `texels` of the first level; `clear`: and how opaque it is there, in the top byte. */
uint32_t trace_print(const struct sim_texture *texture, float u, float v, float texels, bool clear);

/* ---- cast ---- */

TRUNDLE_MUST_USE enum trundle_status trace_cast_new(struct sim_renderer *r);
/* What is known of a mesh, made when it is first seen; NULL: no memory. */
const struct trace_mesh *trace_mesh_of(struct sim_renderer *r, const struct sim_mesh *mesh);
void trace_cast_done(struct sim_renderer *r);
/* Solids first..n-1 as one scene of rays. */
TRUNDLE_MUST_USE enum trundle_status trace_cast_scene(struct sim_renderer *r, uint32_t first, uint32_t n, RTCScene *out);
/* Rays of layer l's points against `scene`: of all points, or (`which`) those with a mark. `again`: only what is open still, and marks
 * `changed` points whose light that takes away. */
void trace_cast(const struct sim_renderer *r, struct trace_layer *l, RTCScene scene, const uint8_t *which, bool again);

/* ---- light and shade ---- */

/* What a point is made anew in: its surface; what its rays see; whom it borrows from; what it borrows; what that is smoothed with; what is
 * shaded with that. */
enum { TOUCHED_SURFACE = 1, TOUCHED_OPEN = 2, TOUCHED_BLOCK = 4, TOUCHED_RAW = 8, TOUCHED_LIGHT = 16, TOUCHED_SHADE = 32, NEAR_OPEN = 64,
       NEAR_SURFACE = 128 };

void trace_point_make(const struct sim_renderer *r, struct trace_layer *l, int i);
/* Whom a point borrows from: alike and reach. */
void trace_light_block(const struct sim_renderer *r, struct trace_layer *l, int i);
void trace_light_point(const struct sim_renderer *r, struct trace_layer *l, int i);
/* From raw to light. */
void trace_light_smooth(const struct sim_renderer *r, struct trace_layer *l, int i);
/* A whole row of a layer whose light is made: fragments, colours, ids. */
void trace_row(struct sim_renderer *r, struct trace_layer *l, int y);
/* Those of a row's pixels that have a mark in `which` and are kept. */
void trace_fragments(struct sim_renderer *r, struct trace_layer *l, int y, int x0, int x1, const uint8_t *which);
/* Colours of row y of `l`, from its own fragments where `changed`, else from those of `still`; where light differs (marks of points: TOUCHED_SHADE)
 * or `changed`. */
void trace_shade_row(const struct sim_renderer *r, struct trace_layer *l, const struct trace_layer *still, int y);
void trace_backdrops(struct sim_renderer *r);
uint8_t trace_id(const struct sim_renderer *r, const struct trace_layer *l, int pixel);
void trace_curves(struct sim_renderer *r);
uint32_t trace_display(const struct sim_renderer *r, const float rgb[3]);

/* ---- reference ---- */

/* Renders `scene` with `side` x `side` places in each pixel and as many rays of light at each. `out` w x h, 0x00RRGGBB; `out_id` (may be NULL)
 * what the centre of each pixel shows, by a ray. After a render of the same scene by `r`. */
void trace_reference(struct sim_renderer *r, int side, uint32_t *out, uint8_t *out_id);
