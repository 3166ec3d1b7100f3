/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trundle - a cart's brain: samples or evidence in, decisions out. No I/O inside.
 *
 *     struct trundle *cart;
 *     if (trundle_open(&setup, &cart, &err) != TRUNDLE_OK) ...
 *     while (next_message(&m)) {
 *         if (trundle_push(cart, &m, &err) != TRUNDLE_OK) ...
 *         while (trundle_poll(cart, &out) == TRUNDLE_OK)
 *             if (out.channel == TRUNDLE_DECISION) show(&out.decision);
 *     }
 *     trundle_close(cart);
 *
 * Messages are pushed in log order (log_ns, then sequence). Samples (cells, IMU, frames) go through the built-in senses;
 * evidence that is pushed is taken as it is: a caller that runs the senses elsewhere, or replays a trip, pushes evidence
 * and no samples. Time is in the messages: the same messages give the same decisions, bit for bit on one build.
 *
 * Lifetime: a cart owns all it needs; what `struct trundle_setup` points at may go after trundle_open. Threads: one at a
 * time per cart, different carts are independent. After trundle_open our code makes no heap call.
 */
#ifndef TRUNDLE_TRUNDLE_H
#define TRUNDLE_TRUNDLE_H

#include "message.h"
#include "product.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct trundle;

struct trundle_text { const char *bytes; size_t n; };

/* All borrowed during trundle_open. An empty text (n 0) takes the default where one is named. */
struct trundle_setup {
    struct trundle_text cart_json;      /* the cart file */
    struct trundle_text catalog_json;   /* the catalog, or the rows of it that matter */
    struct trundle_text gallery;        /* pictures of products, made by `trundle see enrol`; empty: no classification by sight */
    struct trundle_text costs_json;     /* default: the built-in cost table */
    struct trundle_text fuse_json;      /* default: the built-in parameters */
    struct trundle_text see_json;       /* default: the built-in model of sight */
    int64_t start_wall_ns;              /* Unix ns of t = 0, for prices that begin and end */
};

/* BAD_INPUT and friends: `err` names the text and the field. err may be NULL. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_open(const struct trundle_setup *setup, struct trundle **out_cart, struct trundle_error *err);
/* NULL is fine. */
TRUNDLE_API void trundle_close(struct trundle *cart);

/* Takes one message; decisions, beliefs and evidence of other channels than the inputs are ignored.
 * BAD_ARG: log order went backwards. FULL: poll first; nothing was taken. BAD_INPUT: a code or touch that means nothing; it
 * is counted and the cart goes on. A sample that does not fit (a frame that cannot be decoded, a cell count that is not the
 * cart's) is counted by its sense and is no error. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_push(struct trundle *cart, const struct trundle_message *message, struct trundle_error *err);

/* The next evidence, belief or decision, oldest first, log_ns as that of the message that caused it, sequence 0.
 * AGAIN: none. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_poll(struct trundle *cart, struct trundle_message *out_message);

/* The receipt so far, as text for people or as JSON with the evidence of each line. Writes at most `size` bytes with a NUL
 * and sets *out_n to the length without it; TOO_LARGE (with *out_n set) when it does not fit. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_receipt_text(const struct trundle *cart, char *out, size_t size, size_t *out_n);
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_receipt_json(const struct trundle *cart, char *out, size_t size, size_t *out_n);

TRUNDLE_API const char *trundle_version(void);

#ifdef __cplusplus
}
#endif
#endif
