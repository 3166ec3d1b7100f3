/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/codes - codes shown to the camera of a scanner: what it sees of a thing that a hand holds before it, and what it should read.
 *
 *     struct sim_code_shot shot;
 *     struct bytes jpeg = { 0 };
 *     TRY(sim_code_shoot(suite, 7, &shot, &jpeg, err));         // one picture
 *     TRY(sim_codes_make(suite, 1, 40, "codes", NULL, NULL, err));   // codes/1.jpg ... codes/40.jpg, codes/codes.csv
 *
 * These pictures lie beside trips and are never part of one: of a scanner's camera a trip keeps codes and no picture. Picture k is a
 * function of (suite, k); its product is one of the store of trip k. Rich suites only. One thread at a time.
 */
#pragma once

#include "lab/sim/sim.h"

enum { SIM_CODES_MAX = 100000 };

struct sim_code_shot {
    char   symbology[20], text[64], product[32];   /* as `trundle scan --json` says them; trundle_product_text */
    double module_px;              /* of the picture's pixels, over the whole code along its middle */
    double narrow_px;              /* where they are narrowest: bent away, or farther */
    double tilt_deg;               /* between its normal and the line of sight */
    double bent_deg;               /* round the pack: between the surface's normals at its two ends */
    double end_px[2][2];           /* where its first bar begins and its last one ends, x y */
    int    modules;
    bool   hand;                   /* one is in sight */
};

/* *out_jpeg is emptied and filled. UNSUPPORTED: a plain suite. */
TRUNDLE_MUST_USE enum trundle_status sim_code_shoot(const struct sim_suite *suite, int64_t k, struct sim_code_shot *out_shot, struct bytes *out_jpeg,
                                                    struct trundle_error *err);
/* Pictures seed .. seed + count - 1, and codes.csv: file,symbology,text,product,module_px,tilt_deg,bent_deg. */
TRUNDLE_MUST_USE enum trundle_status sim_codes_make(const struct sim_suite *suite, int64_t seed, size_t count, const char *dir,
                                                    void (*progress)(void *user, size_t done, size_t total), void *user, struct trundle_error *err);
