/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * brain/senses - the senses of one cart behind one face: samples in, evidence out.
 *
 *     struct senses *s;
 *     TRY(senses_new(&cart_file, gallery, NULL, &s, err));
 *     senses_push(s, &m);
 *     while (senses_poll(s, senses_lane(&m), &evidence) == TRUNDLE_OK) ...
 *
 * A lane is one sense with one sensor: lane 0 weighs, lane 1 + N sees with camera N. Lanes share nothing, so different
 * lanes may be pushed and polled by different threads. Evidence comes out in an order that depends on the lane's samples
 * alone. No heap call after senses_new.
 */
#pragma once

#include "cart/calib/cart_file.h"
#include "cart/weigh/weigh.h"

#include <trundle/message.h>

enum { SENSES_LANES_MAX = 1 + TRUNDLE_CAMERAS_MAX };

struct senses;
struct see_gallery;
struct trundle_text;

/* The gallery is borrowed and may be NULL; see_json is read during the call, and NULL or empty is the built-in model. */
TRUNDLE_MUST_USE enum trundle_status senses_new(const struct cart_file *cart, const struct see_gallery *gallery, const struct trundle_text *see_json, struct senses **out,
                                                struct trundle_error *err);
void senses_free(struct senses *s);
/* The lane of a message; -1 when no sense takes it. */
int senses_lane(const struct trundle_message *m);
/* Takes a sample into its lane. What does not fit (a frame that cannot be decoded, a sensor that the cart file does not have) is
 * counted by the sense and changes nothing else. */
void senses_push(struct senses *s, const struct trundle_message *m);
TRUNDLE_MUST_USE enum trundle_status senses_poll(struct senses *s, int lane, struct trundle_evidence *out);

/* How a lane is now, for the screen. Only by the thread that pushes the lane. */
struct sense_live {
    struct weigh_live weigh;           /* lane 0 */
    uint32_t faults;                   /* TRUNDLE_FAULT_* */
};
struct sense_live senses_live(const struct senses *s, int lane);
