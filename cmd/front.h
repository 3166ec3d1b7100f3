/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* front - what `run` and `demo` share: the touchscreen in front of a session, Ctrl-C, and the summary behind it. */
#pragma once

#include "cart/runtime/face.h"
#include "cart/runtime/replay.h"
#include "cart/screen/screen.h"

/* A screen with its face and inbox; zeroed is closed. */
struct front { struct inbox *inbox; struct face *face; struct screen *screen; };

/* Says the address on stderr. DEVICE: the port is in use. */
TRUNDLE_MUST_USE enum trundle_status front_open(struct front *f, const char *address, bool till, struct trundle_error *err);
void front_close(struct front *f);
/* Set once SIGINT or SIGTERM came; the first call installs the handlers. */
const atomic_int *front_stop(void);
/* Prints the summary; returns the exit code. */
int front_print(const struct replay_summary *s, bool json);
