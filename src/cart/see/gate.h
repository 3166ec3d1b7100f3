/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * see/gate - is anything going on? A quarter-size luma picture against a slow reference, light normalised. Internal to see.
 * The basket rides with the camera, so a rolling cart changes nothing but the light.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate {
    int w, h;
    size_t n, watched;         /* cells; those whose every pixel is kept by the mask */
    uint8_t *watch;            /* owned, n: 1 watched */
    uint8_t *changed;          /* owned, n: differs from the reference, as of the last look */
    uint8_t *previous;         /* owned, n: the last picture */
    float *reference, *spread; /* owned, n: slow mean, mean absolute deviation */
    bool has_previous, has_reference;
};

struct gate_view {
    float  luma;               /* mean of the watched cells, 0..255 */
    float  gain;               /* light now / light of the reference */
    size_t changed;            /* watched cells that differ from the reference */
    size_t moved;              /* watched cells that differ from the last picture */
};

bool gate_init(struct gate *g, int w, int h);
void gate_done(struct gate *g);
/* Compares `luma` (n bytes) with reference and last picture, and keeps it as the last picture. */
struct gate_view gate_look(struct gate *g, const uint8_t *luma, float sigma);
/* Moves the reference towards `luma` by `rate` (1: takes it over); cells that have changed now stay unless rate is 1. */
void gate_learn(struct gate *g, const uint8_t *luma, float rate);
