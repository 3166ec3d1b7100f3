/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * see - frames of one basket camera to evidence: something was put in, taken out or moved, where, and what it looks like.
 *
 *     struct see *see;
 *     TRY(see_new(&cart.camera[0], &cart.basket, gallery, &(struct see_config)SEE_CONFIG_DEFAULT, &see, err));
 *     while (next_frame(&m))
 *         for (see_push(see, &m); see_poll(see, &evidence) == TRUNDLE_OK;)
 *             use(&evidence);
 *     see_free(see);
 *
 * The honest first version, without trained nets: a motion gate on a quarter-size picture, a background model, tracks of what
 * moves across the mouth, the difference of the pictures before and after, a hand-made embedding (describe.h) and a linear
 * gallery (gallery.h). What later nets must beat; docs/seeing.md has its figures.
 *
 * Lifetime: see_new makes all memory; no call after it makes any (turbojpeg does of its own). The gallery is borrowed and must
 * outlive the value. Threads: one at a time per value; values are independent and may share a gallery. No clock, no I/O:
 * time is in the messages, and the same messages give the same evidence, bit for bit, on one build.
 */
#pragma once

#include "cart/calib/cart_file.h"
#include "cart/see/gallery.h"

#include <trundle/message.h>

struct see;

/* The stages a frame goes through, for a stopwatch. Most frames end after SEE_GATE. */
enum see_step { SEE_DECODE, SEE_GATE, SEE_REGION, SEE_TRACK, SEE_COMPARE, SEE_EMBED, SEE_SEARCH };

/* Called at the start and end of each stage; the clock is the caller's. */
struct see_stopwatch {
    void (*mark)(void *user, enum see_step step, bool end);   /* NULL: nothing */
    void *user;
};

enum { SEE_FEATURES = 12, SEE_KINDS = 4 };   /* kinds: nothing, put, take, move (enum trundle_event_kind) */

/* What turns measurements of an episode into log-likelihood ratios. Fitted by `trundle see fit` on simulated development
 * trips; kept as see.json (see_model.h), of which models/baseline/see.json is built in. */
struct see_model {
    double kind[SEE_KINDS][SEE_FEATURES + 1];  /* linear scores against nothing, constant last: llr = kind[k] . (f, 1) */
    double kind_limit;                     /* |llr| of a kind is cut to this */
    double empty_llr;                      /* an episode that leaves no difference says -this of put, take and move */
    double temperature;                    /* of gallery scores, > 0: p ~ exp(score / temperature) */
    double outlier;                        /* share of looks that say nothing about the product, 0..1 */
    double unknown[2];                     /* llr_unknown = unknown[0] + unknown[1] * best score, cut to +-unknown_limit */
    double unknown_limit;
};

struct see_config {
    double  gate_sigma;                    /* a quarter-size pixel has changed when it differs by this many sd of its noise */
    double  gate_share;                    /* share of the watched pixels that must change to open the gate, 0..1 */
    int64_t still_ns;                      /* the picture has settled after this long without motion */
    int64_t arm_still_ns;                  /* the same when what differs reaches in from the edge, as an arm does */
    int64_t longest_ns;                    /* an episode that never settles is closed after this long */
    int64_t frozen_ns;                     /* frames that are equal byte for byte this long are a fault */
    double  dark_luma;                     /* mean luma (0..255) of the watched pixels below which the camera is dark */
    const struct see_model *model;         /* borrowed for the call; NULL: the built-in baseline */
    struct see_stopwatch stopwatch;
};
#define SEE_CONFIG_DEFAULT { .gate_sigma = 6.0, .gate_share = 0.004, .still_ns = 200000000, .arm_still_ns = 900000000,  \
                             .longest_ns = 8000000000, .frozen_ns = 3000000000, .dark_luma = 6.0 }

enum { SEE_WIDTH_MAX = 1920, SEE_HEIGHT_MAX = 1088, SEE_EVIDENCE_QUEUE = 8 };

/* BAD_ARG: NULL, a config field out of range. BAD_INPUT: the camera has role scanner, sees nothing of the basket, or is over the
 * size limits. A gallery of NULL or without products gives evidence without products. The camera and basket are copied. */
TRUNDLE_MUST_USE enum trundle_status see_new(const struct cart_camera *camera, const struct cart_basket *basket,
                                             const struct see_gallery *gallery, const struct see_config *config, struct see **out,
                                             struct trundle_error *err);

/* Takes one frame (TRUNDLE_CAM) or drop message (TRUNDLE_DROP); others are ignored. Decodes the JPEG itself. Frames that
 * cannot be decoded, have another size, or go back in time are counted and otherwise ignored. Never fails. */
void see_push(struct see *see, const struct trundle_message *m);

/* Hands on the next evidence, oldest first. TRUNDLE_AGAIN: none yet; *out is untouched. */
TRUNDLE_MUST_USE enum trundle_status see_poll(struct see *see, struct trundle_evidence *out);

/* What the sense is doing, for the health page and for tests. */
struct see_live {
    bool     open;                         /* the gate: something is going on */
    bool     ready;                        /* a background exists */
    uint32_t faults;                       /* TRUNDLE_FAULT_CAMERA_DARK, _MOVED, _FRAMES_LOST as of the last frame */
    uint64_t frames, bad_frames, wrong_size, late, frozen;   /* frames counts those looked at */
    uint64_t episodes, queue_full;         /* evidence lost because nobody polled */
    uint64_t opened_frames;                /* frames that were decoded in full */
};
struct see_live see_live(const struct see *see);
void see_free(struct see *see);            /* NULL is fine */

/* The measurements behind the evidence that see_poll gave last, for `trundle see fit` and for tests. False: none since the
 * last call. An episode without a difference has features of 0. */
struct see_look {
    uint32_t evidence_id;
    int64_t  t0_ns, t1_ns;
    uint32_t last_sequence;                /* of the frame that closed the episode */
    double   feature[SEE_FEATURES];
    float    box_px[4];                    /* of the region: x0 y0 x1 y1, ends exclusive; 0 when nothing differed */
    bool     of_after;                     /* the embedding is of the picture after (a put), else of the one before */
    bool     embedded;
    float    embedding[SEE_EMBEDDING];
};
bool see_look(struct see *see, struct see_look *out);
