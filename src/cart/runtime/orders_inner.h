/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* orders_inner - what orders.c and orders_take.c have of each other. Internal to orders. */
#pragma once

#include "cart/runtime/orders.h"

struct orders_order {
    char    sha256[65], name[BUNDLE_NAME], leave[65];     /* "" none */
    int64_t bytes, serial, trust;          /* trust: serial of the hub's newest keyring, 0 none or not said */
};
/* Of the answer of a hub, or of whoever says that he is one. BAD_INPUT. */
TRUNDLE_MUST_USE enum trundle_status orders_parse(const void *answer, size_t n, struct orders_order *out, struct trundle_error *err);

TRUNDLE_MUST_USE enum trundle_status orders_say_fetched(const char *dir, const char *sha256, struct trundle_error *err);
/* This cart does not run it, and what it runs instead. */
TRUNDLE_MUST_USE enum trundle_status orders_say_refused(const char *dir, const struct slots *s, const char *sha256, const char *why, struct trundle_error *err);
