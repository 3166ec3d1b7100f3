/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * calib/cart_file - what a cart is: its basket, cameras, cells, scale, scanner and paths; cart.json as a plain struct.
 *
 *     struct cart_file cart;
 *     TRY(cart_file_parse(bytes, n, "cart.json", &cart, err));
 *
 * Basket frame: origin at the rear-left inner corner of the basket floor, x right, y forward, z up, metres.
 * A plain value without owned memory. A new trip embeds the file's own bytes; `cart_file_print` writes a fresh one.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>
#include <trundle/message.h>

enum { CART_TEXT = 512 };

enum cart_wall { CART_WALL_WIRE = 0, CART_WALL_SOLID = 1 };   /* does the line of sight end there? */

struct cart_basket {
    double size_m[3];                      /* inner width x, length y, height z of the mouth plane */
    enum cart_wall wall[4];                /* rear (y=0), right (x=max), front (y=max), left (x=0) */
};

enum cart_camera_role { CART_CAMERA_BASKET = 0, CART_CAMERA_SCANNER = 1 };

struct cart_camera {
    enum cart_camera_role role;
    char   source[CART_TEXT];              /* GStreamer launch string up to raw or encoded video; empty in simulated carts */
    int    width_px, height_px;
    double fps;
    double fx_px, fy_px, cx_px, cy_px;     /* pinhole; pixel centres at integers */
    double distortion[5];                  /* OpenCV k1 k2 p1 p2 k3 */
    double T_basket_cam[12];               /* rows of [R | t]: x_basket = R x_cam + t; OpenCV axes (x right, y down, z ahead) */
    double tolerance_deg, tolerance_m;     /* stated pose tolerance: the mask shrinks by it */
};

struct cart_cell {
    double x_m, y_m;                       /* on the basket floor */
    double gain_g;                         /* g per count; not 0 */
    double offset;                         /* counts at an empty basket: mass_g = gain_g * (raw - offset) */
    double sd_g;                           /* noise of one sample, standing; > 0 */
    int32_t raw_min, raw_max;              /* at or beyond these the converter is saturated */
};

struct cart_cells {
    uint8_t n;                             /* 1..TRUNDLE_CELLS_MAX */
    struct cart_cell cell[TRUNDLE_CELLS_MAX];
    double hz;                             /* nominal sample rate */
};

struct cart_scale {
    double e_g;                            /* verification interval */
    double max_g;                          /* capacity */
    char   source[CART_TEXT];              /* "serial:/dev/ttyUSB0,115200" or "csv:PATH"; may be empty */
};

struct cart_scanner {
    char source[CART_TEXT];                /* "evdev:/dev/input/event3" or "serial:/dev/ttyACM0,9600"; may be empty */
};

struct cart_file {
    int version;                           /* 1 */
    char id[64];
    struct cart_basket basket;
    uint8_t cameras_n;
    struct cart_camera camera[TRUNDLE_CAMERAS_MAX];
    struct cart_cells cells;
    struct cart_scale scale;
    struct cart_scanner scanner;
    char model_dir[CART_TEXT];             /* model directory; empty: the built-in baseline */
    char state_dir[CART_TEXT];             /* journal and trips; empty: from the command line */
};

/* BAD_INPUT names the field and the range: a camera that looks away from the basket ("inside out"), a rotation that is not
 * one, coinciding cells, gain 0. Unknown fields are refused by name. */
TRUNDLE_MUST_USE enum trundle_status cart_file_parse(const void *bytes, size_t n, const char *where, struct cart_file *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status cart_file_print(const struct cart_file *cart, struct bytes *out);
/* Projects a point of the basket frame (m) to pixels (OpenCV model). False: behind the camera. */
bool cart_camera_project(const struct cart_camera *camera, const double point_m[3], double out_px[2]);
/* The line of sight of a pixel: origin and unit direction in the basket frame (distortion undone iteratively). */
void cart_camera_ray(const struct cart_camera *camera, double x_px, double y_px, double out_origin_m[3], double out_direction[3]);
