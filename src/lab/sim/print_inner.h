/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/print_inner - drawing on the sheets of rich products: panels, smooth shapes, lettering, motifs, codes.
 *
 * A panel is a part of a sheet with its own unit: its width is 1, x to the right, y down to `tall`; so circles are round on
 * the pack however the sheet is stretched. Colours are 0x00RRGGBB; what is drawn is opaque (top byte 255).
 */
#pragma once

#include "lab/sim/look.h"

#include "base/std/rng.h"

enum { PRINT_SIDE = 1024 };                /* of a rich sheet: twice the texels of model.h's regions */

struct panel {
    uint32_t *px;                          /* PRINT_SIDE x PRINT_SIDE, borrowed */
    float clip[4];                         /* texels: x0, y0, x1, y1 */
    float ox, oy, sx, sy;                  /* texel of the origin; texels per unit */
    float tall;
};

/* The whole of a region whose outline on the pack is wide_m x tall_m. */
struct panel panel_make(uint32_t *px, const struct model_region *region, double wide_m, double tall_m);
/* A part of a panel, x0..x1 and y0..y1 in its units, with a unit of its own. */
struct panel panel_part(const struct panel *p, float x0, float y0, float x1, float y1);

uint32_t print_rgb(const uint8_t c[3]);
uint32_t print_mix(uint32_t a, uint32_t b, double f);
/* 0..255 */
double print_luma(uint32_t rgb);
uint32_t print_hsv(double h, double s, double v);

/* Rounded rectangle from one colour above to another below. */
void panel_rect(const struct panel *p, float x0, float y0, float x1, float y1, float radius, uint32_t above, uint32_t below);
/* Ellipse turned by `turn`; `shine` 0 flat .. 1 like a ball lit from above left. */
void panel_disc(const struct panel *p, float cx, float cy, float rx, float ry, float turn, uint32_t rgb, float shine);
/* A badge of n points; depth 0 round. */
void panel_star(const struct panel *p, float cx, float cy, float r, int n, float depth, uint32_t rgb);
/* Everything below y = level + slope x + height sin(2 pi (waves x + phase)). */
void panel_wave(const struct panel *p, float level, float slope, float height, float waves, float phase, uint32_t above, uint32_t below);
void panel_line(const struct panel *p, float x0, float y0, float x1, float y1, float half_width, uint32_t rgb);

/* Lettering of strokes: half width of a stroke in the glyph's grid (6 high), lean to the right, width by height. */
struct lettering { float weight, slant, wide; };
/* As large as fits, centred; align -1 left, 0 middle, 1 right. Height of a capital is at most y1 - y0. */
void panel_text(const struct panel *p, const char *text, float x0, float y0, float x1, float y1, const struct lettering *l, int align, uint32_t rgb);

/* A code by libzint at whole texels per module, centred, with quiet zone; `module_m` by what is on the pack, or fewer texels when the
 * panel is too narrow. TOO_LARGE: not even one texel per module fits. `out_place` may be NULL. */
TRUNDLE_MUST_USE enum trundle_status panel_code(const struct panel *p, int symbology, const char *digits, float cx, float cy, float tall, int texels,
                                                struct sim_code_place *out_place);

/* What a pack shows of its content: fruit, grains, squares, drops, by the words printed on it. */
void print_motif(const struct panel *p, const struct sim_product *product, float x0, float y0, float x1, float y1, struct rng *r);
/* The colour that a flavour (or a product's word) stands for; false: none. */
bool print_flavour(const char *word, uint32_t *out_rgb);

/* A photo over the whole panel, cut to its shape. */
TRUNDLE_MUST_USE enum trundle_status panel_photo(const struct panel *p, const char *path);

/* `out_place` of both: of the last code drawn, untouched when there is none; may be NULL. */
TRUNDLE_MUST_USE enum trundle_status print_rich(const struct sim_product *p, const struct sim_look *look, struct sim_texture *out,
                                                struct sim_code_place *out_place);
TRUNDLE_MUST_USE enum trundle_status print_produce(const struct sim_product *p, const struct sim_look *look, struct sim_texture *out,
                                                   struct sim_code_place *out_place);
/* What the code on a bag's sticker says, identifiers in brackets. */
void print_sticker_text(const struct sim_product *p, const struct sim_look *look, char out[64]);
/* An empty sheet, its smaller levels (the top byte too), and scuffs on it. */
TRUNDLE_MUST_USE enum trundle_status print_sheet(int side, struct sim_texture *out);
TRUNDLE_MUST_USE enum trundle_status print_levels(struct sim_texture *t);
void print_wear(uint32_t *px, double amount, struct rng *r);
