/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/manifest - DIR/manifest.json: which files a model directory holds, by sha256, and which kernels its nets were tuned to.
 *
 *     {"version": 1, "name": "detector", "files": {"detector.net": "5f2c...", "card.md": "..."},
 *      "kernels": {"detector.net": {"version": 1, "isa": "...", "kernels": {...}}}}          (net/tune.h)
 *
 * A file that is not listed does not belong to the model; net_manifest_check tells of a listed one that differs.
 */
#pragma once

#include "base/std/bytes.h"

/* Lists `file[0..n-1]` of the folder with their hashes; kernels of before stay for files whose hash is as before. */
TRUNDLE_MUST_USE enum trundle_status net_manifest_write(const char *dir, const char *name, const char *const *file, int n, struct trundle_error *err);
/* Hashes every listed file. CORRUPT: one differs; NOT_FOUND: one, or the manifest, is missing. */
TRUNDLE_MUST_USE enum trundle_status net_manifest_check(const char *dir, struct trundle_error *err);
/* The tuned plan of one file as JSON text, into an empty buffer. NOT_FOUND: it was never tuned, or there is no manifest. */
TRUNDLE_MUST_USE enum trundle_status net_manifest_plan(const char *dir, const char *file, struct bytes *out_json, struct trundle_error *err);
/* Puts the plan in; makes a manifest of that one file where there is none. */
TRUNDLE_MUST_USE enum trundle_status net_manifest_set_plan(const char *dir, const char *file, const char *plan_json, size_t n, struct trundle_error *err);
