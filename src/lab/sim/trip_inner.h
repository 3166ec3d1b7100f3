/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* sim/trip_inner - one trip while it is made: shared by trip.c, which lays out and writes its messages, and trip_truth.c. Not for others. */
#pragma once

#include "lab/sim/develop.h"
#include "lab/sim/fault.h"
#include "lab/sim/frame_truth.h"
#include "lab/sim/make.h"
#include "lab/sim/plan.h"
#include "lab/sim/render.h"
#include "lab/sim/signal.h"
#include "lab/sim/world.h"

#include "base/std/bytes.h"
#include "base/trip/trip.h"

#include "trundle.pb-c.h"

enum { BOXES_MAX = 512 };

enum slot_kind { SLOT_CELL, SLOT_IMU, SLOT_FRAME, SLOT_DROP, SLOT_CODE, SLOT_LOC, SLOT_TOUCH, SLOT_TICK, SLOT_EVENT, SLOT_CAUSE, SLOT_FORCE, SLOT_BASKET, SLOT_FAULT, SLOT_SCENARIO };

struct slot { int64_t log_ns, sensed_ns; uint32_t order; enum slot_kind kind; uint8_t sensor; uint32_t index; };

struct seen_box { uint32_t camera, sequence; struct sim_seen seen; };
/* best: of the largest share that any camera sees of the thing lying (after it was let go, before it is lifted), in `lying` frames. */
struct event_boxes { size_t n; struct seen_box box[BOXES_MAX]; uint32_t lying; float best; };

struct making {
    const struct sim_suite *suite;
    const struct sim_store *store;
    struct plan *plan;
    struct signal signal;
    struct faults faults;
    uint32_t *smeared;                     /* a camera's picture through grease */
    struct world *world;                   /* NULL: no pictures */
    const struct sim_render_ops *ops;
    struct sim_renderer *renderer[TRUNDLE_CAMERAS_MAX];
    struct developer *developer[TRUNDLE_CAMERAS_MAX];
    uint8_t *mask[TRUNDLE_CAMERAS_MAX];
    struct frame_truth *frame_truth[TRUNDLE_CAMERAS_MAX];
    Trundle__V1__TruthFrame shown;         /* of the picture just taken */
    bool tells;                            /* it shows something else than the one before */
    uint32_t sequence;                     /* of the last message */
    struct event_boxes *boxes;             /* per event */
    Trundle__V1__Box box[BOXES_MAX], *box_at[BOXES_MAX];
    struct slot *slot;
    size_t slots_n, slots_max;
    struct rng late, fix, exposure, white;
    double gain;                           /* of this trip's exposure; flicker goes on from frame to frame */
    double flicker[TRUNDLE_CAMERAS_MAX];
    double off_white[2], drift[TRUNDLE_CAMERAS_MAX][2];   /* of red and blue */
    double metered[TRUNDLE_CAMERAS_MAX];   /* logarithm of the gain that a camera's meter has come to */
    bool meters[TRUNDLE_CAMERAS_MAX];
    struct sim_scene before;               /* some ms before a picture: for speeds */
    struct trip_writer *writer;
    struct sim_trip_report report;
};

/* ---- trip_truth.c: messages of the truth; `scratch` is for their bytes ---- */

TRUNDLE_MUST_USE enum trundle_status trip_write_truth(struct making *m, struct trundle_message *out, Trundle__V1__Truth *truth, struct bytes *scratch,
                                                      struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status trip_write_event(struct making *m, uint32_t index, struct trundle_message *out, struct bytes *scratch,
                                                      struct trundle_error *err);
/* Index 0 is what broke in this trip, 1 and 2 what the store's catalog gets wrong in all of its trips. */
TRUNDLE_MUST_USE enum trundle_status trip_write_fault(struct making *m, uint32_t index, struct trundle_message *out, struct bytes *scratch,
                                                      struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status trip_write_scenario(struct making *m, uint32_t index, struct trundle_message *out, struct bytes *scratch,
                                                         struct trundle_error *err);
/* `loads`: with what it does to the cells. */
TRUNDLE_MUST_USE enum trundle_status trip_write_cause(struct making *m, const struct signal_cause *from, bool loads, struct trundle_message *out,
                                                      struct bytes *scratch, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status trip_write_basket(struct making *m, struct trundle_message *out, struct bytes *scratch, struct trundle_error *err);
