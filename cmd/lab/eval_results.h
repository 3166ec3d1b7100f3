/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* cmd/lab/eval_results - what trundle eval does with the sums of trips: saves, compares, pools them, holds them against a gate. */
#pragma once

#include "lab/judge/gate.h"

struct eval_results {
    const char *results, *against, *gate;  /* files; NULL: not wanted */
    const char *system;                    /* what was judged */
    double points;
    bool json, common, compare, pooled;
    struct judge_saved saved;              /* owned */
};

/* Are the sums of trips needed? */
bool eval_results_wanted(const struct eval_results *e);
/* What --compare and --pooled do not go with; NULL: all is well. `scores`: something else says what to score. */
const char *eval_results_check(const struct eval_results *e, int paths, bool scores);
/* Two files of results. */
enum trundle_status eval_compare(const struct eval_results *e, const char *a_path, const char *b_path, struct trundle_error *err);
/* Figures of one file of results. */
enum trundle_status eval_pool(struct eval_results *e, const char *path, struct judge_report *report, struct trundle_error *err);
/* Saves, compares (`other`: with these, else with the file `against`), and holds against the gate; *out_held says how that ended. */
enum trundle_status eval_use(struct eval_results *e, const struct judge_report *report, const struct judge_saved *other, bool *out_held, struct trundle_error *err);
/* Names what results are of. */
void eval_name_results(const struct judge_report *report, const char *system, struct judge_saved *saved);
