/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* orders_inner - what orders_take.c has said by orders.c. Internal to orders. */
#pragma once

#include "cart/runtime/orders.h"

TRUNDLE_MUST_USE enum trundle_status orders_say_fetched(const char *dir, const char *sha256, struct trundle_error *err);
/* This cart does not run it, and what it runs instead. */
TRUNDLE_MUST_USE enum trundle_status orders_say_refused(const char *dir, const struct slots *s, const char *sha256, const char *why, struct trundle_error *err);
