/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What backup, restore and fsck share; not for other rooms. */
#pragma once

#include "hub/depot/inside.h"
#include "hub/depot/keep.h"

TRUNDLE_MUST_USE enum trundle_status manifest_begin(struct bytes *m, int64_t made_ns, const char *access_head, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status manifest_line(struct bytes *m, const char *sha256, const char *path, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status manifest_end(struct bytes *m, int64_t files, struct trundle_error *err);

/* fsck.c: every blob that the database at `path` names lies under `folder`. CORRUPT names the first that does not. */
TRUNDLE_MUST_USE enum trundle_status keep_names_check(const char *path, const char *folder, struct trundle_error *err);
