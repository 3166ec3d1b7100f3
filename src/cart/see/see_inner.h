/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* see/see_inner - what see.c (frames to episodes) and report.c (an episode to evidence) share. */
#pragma once

#include "cart/see/compare.h"
#include "cart/see/gate.h"
#include "cart/see/jpeg.h"
#include "cart/see/see.h"

/* Something that is going on: from the gate's opening until the picture is at rest again. */
struct episode {
    bool     open;
    int64_t  t0_ns, t1_ns;             /* the first frame that differed; the last one that moved */
    uint32_t first_sequence, last_sequence;
    uint32_t frames;
    /* The track of what differs from the picture before: its size over time, coming and going. */
    double   coming, going;            /* sum of changed cells up to the largest frame, and after it */
    uint32_t coming_n, going_n;
    size_t   largest;
    bool     rest_checked, arm;        /* at this rest: looked for an arm; found one */
    uint32_t faults;
};

struct see {
    struct cart_camera camera;
    struct cart_basket basket;
    struct see_config config;
    struct see_model model;
    const struct see_gallery *gallery; /* borrowed, may be NULL */
    struct see_jpeg jpeg;
    struct gate gate;
    struct compare compare;
    struct see_scratch *scratch;       /* owned, as all below */
    uint8_t  *keep, *quarter, *rgb, *before, *empty, *crop;
    uint16_t *slow;                    /* the background, RGB in 1/256 */
    float    *scores;                  /* 2 x gallery products: of the look after and before */
    bool     has_slow, has_empty;
    uint32_t idle_frames;              /* since the background was last refreshed */
    struct episode episode;
    int64_t  last_ns;                  /* sensed time of the last frame; INT64_MIN before it */
    uint64_t last_hash;
    int64_t  same_since_ns, moved_until_ns, lost_until_ns;
    struct see_live live;
    uint32_t next_id;
    struct trundle_evidence queue[SEE_EVIDENCE_QUEUE];
    struct see_look look[SEE_EVIDENCE_QUEUE], last_look;
    bool     has_look;
    uint32_t queue_first, queue_n;
};

static inline void see_mark(const struct see *see, enum see_step step, bool end)
{
    if (see->config.stopwatch.mark)
        see->config.stopwatch.mark(see->config.stopwatch.user, step, end);
}

/* Turns the finished episode into evidence in the queue: `before` and `rgb` hold the two pictures. False: most of the picture
 * differs, so that the camera itself must have moved. */
bool see_report(struct see *see, uint8_t sensor, bool forced);
/* Does something that may be an arm reach in from what is not watched? Compares `before` and `rgb`. */
bool see_arm_rests(struct see *see);
