/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A baseline as a system whose numbers can be fitted: its fields, from the middle of each grid. */
#include "base/std/status.h"
#include "lab/judge/baseline/baseline.h"

static enum trundle_status write_numbers(const struct judge_fit_system *system, const double *value, struct bytes *out_fuse, struct bytes *out_costs)
{
    (void)out_costs;
    return judge_baseline_print(system->name, value, out_fuse);
}

enum trundle_status judge_baseline_fit(const char *name, struct judge_fit_system *out, struct trundle_error *err)
{
    struct judge_fit_system s = { .name = name, .ops = judge_baseline(name), .write = write_numbers };
    const struct judge_baseline_field *field;

    if (!s.ops)
        return error_set(err, TRUNDLE_NOT_FOUND, "judge", "scan-only, weight-only, shelf-rule, vision-only, frame-by-frame", "no baseline '%s'", name);
    field = judge_baseline_fields(name, &s.fields_n);
    for (size_t i = 0; i < s.fields_n; i++)
        s.field[i] = (struct judge_fit_field){ .name = field[i].name, .start = field[i].grid[field[i].grid_n / 2], .grid = field[i].grid,
                                               .grid_n = field[i].grid_n };
    *out = s;
    return TRUNDLE_OK;
}
