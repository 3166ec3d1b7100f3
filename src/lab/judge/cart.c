/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* libtrundle as a cart to be judged. */
#include "base/std/status.h"
#include "lab/judge/replay.h"

static enum trundle_status trundle_open_any(const struct trundle_setup *setup, void **out, struct trundle_error *err)
{
    struct trundle *cart = NULL;

    TRY(trundle_open(setup, &cart, err));
    *out = cart;
    return TRUNDLE_OK;
}

static enum trundle_status trundle_push_any(void *cart, const struct trundle_message *m, struct trundle_error *err)
{
    return trundle_push(cart, m, err);
}

static enum trundle_status trundle_poll_any(void *cart, struct trundle_message *out)
{
    return trundle_poll(cart, out);
}

static void trundle_close_any(void *cart)
{
    trundle_close(cart);
}

const struct judge_cart_ops judge_cart_trundle = { trundle_open_any, trundle_push_any, trundle_poll_any, trundle_close_any };
