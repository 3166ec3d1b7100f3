/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * brain - evidence, codes, touches, places and ticks in log order; beliefs and decisions out. It samples nothing.
 *
 *     struct brain *b;
 *     TRY(brain_new(&(struct brain_setup){ .catalog = c, ... }, &b, err));
 *     TRY(brain_push(b, &m, err));
 *     while (brain_poll(b, &out) == TRUNDLE_OK) ...          // belief and decision messages
 *
 * No I/O, no clock, no thread, no heap call after brain_new. The public face with senses included is <trundle/trundle.h>.
 */
#pragma once

#include "base/catalog/catalog.h"
#include "cart/basket/basket.h"
#include "cart/calib/cart_file.h"

struct brain;

struct brain_setup {
    const struct catalog *catalog;          /* borrowed, must outlive the brain */
    const struct cart_file *cart;           /* read during brain_new only */
    const void *costs_json; size_t costs_n; /* n 0: the built-in table */
    const void *fuse_json; size_t fuse_n;   /* n 0: the built-in parameters */
    int64_t start_wall_ns;
};

TRUNDLE_MUST_USE enum trundle_status brain_new(const struct brain_setup *setup, struct brain **out, struct trundle_error *err);
void brain_free(struct brain *b);
/* Samples, beliefs and decisions are ignored. BAD_ARG: log order went backwards. FULL: poll first. BAD_INPUT: a code or touch
 * that means nothing; nothing changed but a counter. */
TRUNDLE_MUST_USE enum trundle_status brain_push(struct brain *b, const struct trundle_message *m, struct trundle_error *err);
/* The next push would say FULL. */
bool brain_full(const struct brain *b);
TRUNDLE_MUST_USE enum trundle_status brain_poll(struct brain *b, struct trundle_message *out);
/* Borrowed, valid until the next push. */
const struct basket *brain_basket(const struct brain *b);
enum trundle_phase brain_phase(const struct brain *b);
/* The open question, or NULL: the decision that asked it. */
const struct trundle_decision *brain_question(const struct brain *b);
