/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/privacy - counts people in the pictures that a cart would keep of a trip, by the renderer's identities.
 *
 *     struct sim_privacy_report report = { 0 };
 *     struct sim_privacy_options options = SIM_PRIVACY_DEFAULT;
 *     TRY(sim_privacy_trip(suite, seed, &options, &report, err));      // adds to the report
 *
 * A camera stands where the cart file says but for a turn of `turn_deg` about a random axis and a shift of `shift_m` a random way, both drawn
 * per trip and camera. Around it are people (people.h): a child in the seat, who pushes, somebody at the rim. Each frame's mask is the one that
 * the cart's own capture makes of the cart file (capture_visible), not a copy of it; a pixel counts as kept where that mask keeps it, and as
 * of a person where its centre shows one. Encoding adds none: what is hidden is blanked before it (capture.h).
 *
 * The shopper's own reaching arm is one straight limb of the simulator: `arm_px` are its pixels beyond SIM_FOREARM_M from the wrist, told apart and
 * not part of `person_px`. sim_still_trip asks the other question: whether a cart would find out that a camera moved.
 */
#pragma once

#include "lab/sim/sim.h"

#include "cart/capture/capture.h"

#define SIM_FOREARM_M 0.3

struct sim_privacy_options {
    double turn_deg, shift_m;
    double lean_m;                         /* people.h */
    struct capture_config capture;
    double every;                          /* of the suite's frames: 1 all, 3 each third */
    bool   blind;                          /* without any mask: what there would be to see */
};
#define SIM_PRIVACY_DEFAULT { .turn_deg = 3, .shift_m = 0.02, .capture = CAPTURE_CONFIG_LIVE, .every = 1 }

struct sim_privacy_report {
    uint64_t trips, frames, bad_frames;    /* bad: with any pixel of a person beyond hand and forearm */
    uint64_t refused;                      /* cameras that a live cart does not take, since nothing of them is surely inside */
    uint64_t person_px, arm_px, hand_px, kept_px, px;
    double   worst_person_px;              /* in one frame */
    int64_t  worst_seed;
};

struct rng;
/* A random direction. */
void sim_unit(struct rng *r, double out[3]);
/* A camera that stands wrong: turned about an axis through itself, and shifted; unit vectors. */
void sim_camera_knock(struct cart_camera *camera, const double axis[3], double angle_rad, const double way[3], double by_m);

/* Whether cart/capture/still finds cameras that moved, on the pictures of the suite's own renderer, masked as a live cart masks them. */
struct sim_still_options {
    double turn_deg, shift_m;              /* as above */
    double seconds;                        /* from the trip's start; 0: all of it */
    double every_s;                        /* between pictures */
};
#define SIM_STILL_DEFAULT { .turn_deg = 3, .shift_m = 0.02, .seconds = 6, .every_s = 0.4 }
struct sim_still_report {
    uint64_t cameras, moved, right, unknown;   /* verdicts at the end; unsupported ones are unknown */
    uint64_t pictures, measured;
    double   displacement_sum;             /* px of a picture 320 wide, of the last measurement of those measured at all */
    uint64_t displacements;
};
TRUNDLE_MUST_USE enum trundle_status sim_still_trip(const struct sim_suite *suite, int64_t seed, const struct sim_still_options *options,
                                                    struct sim_still_report *report, struct trundle_error *err);

TRUNDLE_MUST_USE enum trundle_status sim_privacy_trip(const struct sim_suite *suite, int64_t seed, const struct sim_privacy_options *options,
                                                      struct sim_privacy_report *report, struct trundle_error *err);
