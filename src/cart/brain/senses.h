/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * brain/senses - the senses of one cart behind one face: samples in, evidence out.
 *
 *     struct senses *s;
 *     TRY(senses_new(&cart_file, gallery, &s, err));
 *     TRY(senses_push(s, &m, err));
 *     while (senses_poll(s, senses_lane(&m), &evidence) == TRUNDLE_OK) ...
 *
 * A lane is one sense with one sensor: lane 0 weighs, lane 1 + N sees with camera N. Lanes share nothing, so different
 * lanes may be pushed and polled by different threads. Evidence comes out in an order that depends on the lane's samples
 * alone. No heap call after senses_new.
 */
#pragma once

#include "cart/calib/cart_file.h"

#include <trundle/message.h>

enum { SENSES_LANES_MAX = 1 + TRUNDLE_CAMERAS_MAX };

struct senses;
struct see_gallery;

/* The gallery is borrowed and may be NULL. */
TRUNDLE_MUST_USE enum trundle_status senses_new(const struct cart_file *cart, const struct see_gallery *gallery, struct senses **out, struct trundle_error *err);
void senses_free(struct senses *s);
/* The lane of a message; -1 when no sense takes it. */
int senses_lane(const struct trundle_message *m);
/* Takes a sample into its lane. BAD_INPUT: a frame that cannot be decoded, or a sensor that the cart file does not have. */
TRUNDLE_MUST_USE enum trundle_status senses_push(struct senses *s, const struct trundle_message *m, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status senses_poll(struct senses *s, int lane, struct trundle_evidence *out);
