/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/gate - statements that must hold, a line each:
 *
 *     basket_accuracy of rolling >= 0.97 with 95 % confidence    # the interval's end must reach it
 *     errors_per_100 aided <= 4
 *     p99 line latency <= 0.5 s
 *     not worse than production.jsonl on any slice by more than 1 point
 *
 *     struct judge_gate gate;
 *     TRY(judge_gate_read("release.gate", &gate, err));
 *     TRY(judge_gate_check(&gate, &report, &results, &(struct judge_gate_options){ 0 }, &verdict, err));
 *     if (!verdict.held) ...
 *
 * Grammar: docs/evaluation.md. What the data cannot decide is not held.
 */
#pragma once

#include "lab/judge/compare.h"

enum { JUDGE_GATE_RULES = 256, JUDGE_GATE_FILE = 512, JUDGE_GATE_TEXT = 240, JUDGE_GATE_BYTES = 1 << 20, JUDGE_GATE_WHY = 400 };

enum judge_gate_op { JUDGE_AT_LEAST, JUDGE_AT_MOST, JUDGE_ABOVE, JUDGE_BELOW };
enum judge_gate_where { JUDGE_GATE_ALL, JUDGE_GATE_SLICE, JUDGE_GATE_ANY };

struct judge_gate_rule {
    size_t line;
    char   text[JUDGE_GATE_TEXT];          /* as it stands in the file, without comment */
    enum judge_key key;                    /* JUDGE_KEY_COUNT: basket_accuracy and event_f1, of a rule that compares */
    enum judge_mode mode;
    enum judge_gate_where where;
    char   slice[JUDGE_SLICE_NAME];
    size_t slice_trips;                    /* of any slice: those with at least so many trips */
    bool   compares, confident;
    enum judge_gate_op op;
    double limit;                          /* the value; of a rule that compares the margin, in the key's own unit */
    bool   in_points;                      /* limit is in points: hundredths of shares, whole ones of keys per 100 */
    char   file[JUDGE_GATE_FILE];
};

struct judge_gate { struct judge_gate_rule *rule; size_t n; };     /* owned */
void judge_gate_done(struct judge_gate *gate);

/* BAD_INPUT: `where` names file, line and column, `hint` what may stand there. A file without a statement is refused. */
TRUNDLE_MUST_USE enum trundle_status judge_gate_parse(const void *bytes, size_t n, const char *where, struct judge_gate *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status judge_gate_read(const char *path, struct judge_gate *out, struct trundle_error *err);

struct judge_gate_finding {
    size_t rule;
    bool   held, enough;                   /* not held: known to be so, or not enough data */
    double by;                             /* not held: how much is missing, > 0; NAN not known */
    char   why[JUDGE_GATE_WHY];
};
struct judge_gate_verdict {
    bool   held;
    struct judge_gate_finding *finding;    /* owned; one per rule, of a rule over slices one per slice and key that fails */
    size_t n, room;
};
void judge_gate_verdict_done(struct judge_gate_verdict *v);

struct judge_gate_options {
    bool common;                           /* as judge_compare_options */
    const char *folder;                    /* of the files to compare with; NULL: the current one */
};
/* `results` are what `report` was made of; only rules that compare need them. Errors: a file to compare with that cannot be read. */
TRUNDLE_MUST_USE enum trundle_status judge_gate_check(const struct judge_gate *gate, const struct judge_report *report, const struct judge_saved *results,
                                                      const struct judge_gate_options *options, struct judge_gate_verdict *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status judge_gate_text(const struct judge_gate *gate, const struct judge_gate_verdict *v, struct bytes *out);
TRUNDLE_MUST_USE enum trundle_status judge_gate_json(const struct judge_gate *gate, const struct judge_gate_verdict *v, struct bytes *out);
