/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * see/see_model - the numbers of `struct see_model`: see.json, and the baseline that is built in.
 *
 *     struct see_model model;
 *     TRY(see_model_parse(bytes, n, "models/baseline/see.json", &model, err));
 */
#pragma once

#include "cart/see/see.h"

/* What the features of an episode's region are, in the order of `struct see_look`. Signed ones are > 0 for a put. */
#define SEE_FEATURE_ROWS(X)                                                               \
    X(emptier, "the place looks more like the empty basket before than after")            \
    X(outlined, "the contrast across the region's outline is higher after")               \
    X(textured, "there is more gradient inside after")                                    \
    X(carried, "the hand looked larger coming than going, of their sum")                  \
    X(known, "the gallery knows the look after better than the look before")              \
    X(size, "ln of the region's share of the watched picture, plus 5")                    \
    X(doubt, "1 less the largest of |emptier|, |outlined|")                               \
    X(pair, "likeness of this look to that of another region at the other time, 0..1")    \
    X(others, "other regions, 0..3")                                                      \
    X(edge, "how much of the region touches what is not watched, 0..1")                   \
    X(forced, "1 when the episode was closed without coming to rest")                     \
    X(best, "how well the gallery knows the better look, -1..1")

/* The baseline: models/baseline/see.json as it was when this was built. */
TRUNDLE_MUST_USE enum trundle_status see_model_default(struct see_model *out, struct trundle_error *err);
/* BAD_INPUT names the field. */
TRUNDLE_MUST_USE enum trundle_status see_model_parse(const void *bytes, size_t n, const char *where, struct see_model *out, struct trundle_error *err);
/* Appends the file. `source` says how it was fitted. */
TRUNDLE_MUST_USE enum trundle_status see_model_print(const struct see_model *model, const char *source, struct bytes *out);
