/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The cart of this build as a system whose numbers can be fitted: the fields of fuse.json and what a fit tries for each. */
#include "base/std/status.h"
#include "cart/fuse/params.h"
#include "lab/judge/fit.h"

#include <string.h>

/* What has no row stays: times that cameras and shoppers need, which F1 does not see, and what only answers use:
 * code_after_s too, for a scan that was asked for comes seconds after its step. */
static const struct { const char *name; double value[JUDGE_FIT_GRID]; size_t n; } grids[] = {
    { "see_weight", { 0.3, 0.5, 0.7, 1.0 }, 4 },
    { "miss_wild", { 0.02, 0.1, 0.2, 0.4 }, 4 },
    { "code_unused", { 0.001, 0.005, 0.02, 0.05 }, 4 },
    { "code_alone_s", { 3, 4, 6, 8 }, 4 },
    { "code_put_s", { 1.25, 1.5, 1.75, 2 }, 4 },
    { "scanned", { 0.8, 0.9, 0.95, 0.98 }, 4 },
    { "code_before_s", { 5, 8, 12, 20 }, 4 },
    { "code_late", { 0.1, 0.25 }, 2 },
    { "see_wild", { 0.15, 0.3, 0.5 }, 3 },
    { "see_split", { 0.15, 0.4, 1 }, 3 },
    { "see_limit", { 4, 6 }, 2 },
    { "see_slack_s", { 0.5, 1, 1.5 }, 3 },
    { "mass_wild", { 0.0005, 0.002, 0.01, 0.03 }, 4 },
    { "mass_floor_g", { 1, 2, 4 }, 3 },
    { "miss_g", { 8, 15, 25 }, 3 },
    { "miss_sd_g", { 3, 6, 12 }, 3 },
    { "zone", { 0.5, 0.7, 0.85 }, 3 },
    { "nothing", { 0.03, 0.1, 0.3 }, 3 },
    { "take", { 0.05, 0.1, 0.2 }, 3 },
    { "move", { 0.03, 0.1, 0.3 }, 3 },
    { "twice", { 0.005, 0.02, 0.05 }, 3 },
    { "pair", { 0.003, 0.01, 0.03 }, 3 },
    { "pair_coded", { 0.03, 0.1, 0.3 }, 3 },
    { "returns", { 0.2, 0.5 }, 2 },
    { "unknown", { 0.0005, 0.002, 0.01 }, 3 },
};

static enum trundle_status write_numbers(const struct judge_fit_system *system, const double *value, struct bytes *out_fuse, struct bytes *out_costs)
{
    (void)out_costs;
    TRY(bytes_print(out_fuse, "{"));
    for (size_t i = 0; i < system->fields_n; i++)
        TRY(bytes_print(out_fuse, "%s\"%s\": %.6g", i ? ", " : "", system->field[i].name, value[i]));
    return bytes_print(out_fuse, "}");
}

enum trundle_status judge_fit_cart(struct judge_fit_system *out, struct trundle_error *err)
{
    struct judge_fit_system s = { .name = "trundle", .ops = &judge_cart_trundle, .write = write_numbers };
    struct fuse_params built_in;

    TRY(fuse_params_parse(NULL, 0, NULL, 0, &built_in, err));
#define X(field_, least, most, text) s.field[s.fields_n++] = (struct judge_fit_field){ .name = #field_, .start = built_in.prior.field_ };
    FUSE_PRIOR_FIELDS(X)
#undef X
    for (size_t g = 0; g < COUNT_OF(grids); g++)
        for (size_t i = 0; i < s.fields_n; i++)
            if (!strcmp(s.field[i].name, grids[g].name)) {
                s.field[i].grid = grids[g].value;
                s.field[i].grid_n = grids[g].n;
            }
    *out = s;
    return TRUNDLE_OK;
}
