/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * scan/picture_file - a JPEG or PNG file as grey pixels, for verbs and tests. At the edge: it reads files; picture.h does not.
 *
 *     struct grey_picture p;
 *     TRY(grey_picture_load("code.png", &p, err));
 *     ... p.luma, p.width, p.height (rows without gaps) ...
 *     grey_picture_done(&p);
 */
#pragma once

#include "base/std/status.h"

#include <stdint.h>

struct grey_picture { uint8_t *luma; int width, height; };   /* luma owned */

/* Transparent pixels are laid on white. BAD_INPUT: neither JPEG nor PNG, or damaged. TOO_LARGE: over picture.h's limits. */
TRUNDLE_MUST_USE enum trundle_status grey_picture_load(const char *path, struct grey_picture *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status grey_picture_decode(const void *bytes, size_t n, const char *where, struct grey_picture *out, struct trundle_error *err);
void grey_picture_done(struct grey_picture *p);
