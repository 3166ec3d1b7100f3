/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The parts of `trundle cart`: each is called with argv[0] its own name, and returns the exit code. */
#pragma once

#include "base/std/status.h"

enum { CART_PATH = 1024 };

/* The cart's state folder: `given` (--state) when not NULL, else $TRUNDLE_STATE. BAD_ARG: neither. Borrowed. */
TRUNDLE_MUST_USE enum trundle_status cart_state(const char *given, const char **out_dir, struct trundle_error *err);

int cart_join_main(int argc, char **argv);       /* HUB --code CODE [--pin sha256//...] */
int cart_status_main(int argc, char **argv);
int cart_send_main(int argc, char **argv);
int cart_update_main(int argc, char **argv);     /* orders, now */
int cart_clips_main(int argc, char **argv);      /* what a policy would keep of a trip */
