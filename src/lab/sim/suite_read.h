/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* sim/suite_read - what the readers of a suite's parts share. */
#pragma once

#include "lab/sim/suite.h"

#include "base/std/json.h"

/* Keys that begin with '_' are remarks. */
TRUNDLE_MUST_USE enum trundle_status suite_refuse_unknown(const struct json_at *at, bool (*known)(const char *section, const char *key),
                                                          const char *section, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status suite_take_range(const struct json_at *at, const char *key, double lo, double hi, struct suite_range *out,
                                                      struct trundle_error *err);
/* packs, categories, produce, pairs. */
TRUNDLE_MUST_USE enum trundle_status suite_take_lists(const struct json_at *root, struct sim_suite *s, struct trundle_error *err);
/* Refuses fields that are impossible together; BAD_INPUT names one of them. */
TRUNDLE_MUST_USE enum trundle_status suite_check(const struct sim_suite *s, const char *where, struct trundle_error *err);
/* Finds look.textures; `where` is the suite file. BAD_INPUT when there is no such folder. */
TRUNDLE_MUST_USE enum trundle_status suite_find_textures(struct sim_suite *s, const char *where, struct trundle_error *err);
