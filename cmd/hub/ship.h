/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The parts of `trundle ship`: each is called with argv[0] its own name, and returns the exit code. */
#pragma once

#include "base/bundle/bundle.h"

enum { SHIP_LIST_MAX = 32 };

/* "a,b,c" into pieces of `text`, which is changed. BAD_ARG: more than SHIP_LIST_MAX, or an empty one. */
TRUNDLE_MUST_USE enum trundle_status ship_list(char *text, const char *option, const char *out[SHIP_LIST_MAX], size_t *out_n, struct trundle_error *err);

/* Offline. */
int ship_keys_main(int argc, char **argv);         /* new, show, trust */
int ship_build_main(int argc, char **argv);
int ship_sign_main(int argc, char **argv);
int ship_verify_main(int argc, char **argv);
/* With a hub. */
int ship_publish_main(int argc, char **argv);
int ship_status_main(int argc, char **argv);
int ship_change_main(int argc, char **argv);       /* advance, stop, rollback */
