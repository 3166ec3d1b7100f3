/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The parts of `trundle see`: files in and out around the room, which does no I/O. */
#pragma once

#include "base/std/bytes.h"
#include "cart/see/gallery.h"

enum { SEE_PATH = 1024, SEE_JPEG_LIMIT = 8 << 20 };

/* One line of a list file: a picture, and its classes when the line has them (else -1). */
struct see_listed { char file[SEE_PATH]; long fine, coarse; };
struct see_list { struct see_listed *row; size_t n; };   /* owned */

/* Reads "path, fine, coarse" lines; further columns are ignored, so is an absent class. */
TRUNDLE_MUST_USE enum trundle_status see_list_read(const char *path, struct see_list *out, struct trundle_error *err);
void see_list_done(struct see_list *list);
/* `file` relative to the folder of `list_path`. */
void see_list_path(const char *list_path, const char *file, char out[SEE_PATH]);

/* Pictures read for enrolment; owns the bytes. */
struct see_pictures { struct see_enrol *row; struct bytes *file; size_t n, capacity; };
TRUNDLE_MUST_USE enum trundle_status see_pictures_add(struct see_pictures *p, struct trundle_product product, const char *path, struct trundle_error *err);
/* All of DIR/<product with ':' as '-'>/<k>.jpg, in name order. */
TRUNDLE_MUST_USE enum trundle_status see_pictures_folder(struct see_pictures *p, const char *dir, struct trundle_error *err);
void see_pictures_done(struct see_pictures *p);

int see_enrol_main(int argc, char **argv);
int see_classify_main(int argc, char **argv);
