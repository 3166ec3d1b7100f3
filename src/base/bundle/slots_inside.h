/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* bundle/slots_inside - slots.json as a value, for slots.c and its tests. */
#pragma once

#include "base/bundle/inside.h"
#include "base/bundle/slots.h"

/* Any failure is CORRUPT: only we write this file. */
TRUNDLE_MUST_USE enum trundle_status slots_parse(const void *bytes, size_t n, const char *where, struct slots *out, struct trundle_error *err);
/* What follows from the rest: `fallback`. */
void slots_derive(struct slots *s);
