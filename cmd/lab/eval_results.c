/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Sums of trips, saved and used (eval_results.h). */
#include "cmd/lab/eval_results.h"

#include <trundle/trundle.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool eval_results_wanted(const struct eval_results *e)
{
    return e->results || e->against || e->gate;
}

const char *eval_results_check(const struct eval_results *e, int paths, bool scores)
{
    return e->compare && e->pooled ? "--compare and --pooled exclude each other"
         : scores ? "results that were saved are not scored again: only --json, --common, --points, --against, --gate go with them"
         : e->compare && paths != 2 ? "--compare takes two files that --results wrote"
         : e->compare && eval_results_wanted(e) ? "--compare only compares: no --results, --against, --gate"
         : e->pooled && paths != 1 ? "--pooled takes one file that --results wrote" : NULL;
}

void eval_name_results(const struct judge_report *report, const char *system, struct judge_saved *saved)
{
    (void)snprintf(saved->build, sizeof saved->build, "%s", trundle_version());
    (void)snprintf(saved->suite, sizeof saved->suite, "%s", report->suite);
    (void)snprintf(saved->system, sizeof saved->system, "%s", system);
    (void)snprintf(saved->senses, sizeof saved->senses, "%s", report->senses[0] ? report->senses : "all");
}

static enum trundle_status print_out(struct bytes *text, enum trundle_status status, struct trundle_error *err)
{
    if (status == TRUNDLE_OK && fwrite(text->data, 1, text->n, stdout) != text->n)
        status = error_set(err, TRUNDLE_IO, "stdout", NULL, "cannot write: %s", strerror(errno));
    bytes_done(text);
    return status;
}

static enum trundle_status show_comparison(const struct eval_results *e, const struct judge_saved *a, const struct judge_saved *b, struct trundle_error *err)
{
    struct judge_compare_options options = { .common = e->common, .points = e->points };
    struct judge_comparison c;
    struct bytes text = { 0 };
    enum trundle_status status;

    TRY(judge_compare(a, b, &options, &c, err));
    if (!e->json && !e->compare)
        printf("\n");
    status = print_out(&text, e->json ? judge_comparison_json(&c, &text) : judge_comparison_text(&c, &text), err);
    judge_comparison_done(&c);
    return status;
}

enum trundle_status eval_compare(const struct eval_results *e, const char *a_path, const char *b_path, struct trundle_error *err)
{
    struct judge_saved a = { .n = 0 }, b = { .n = 0 };
    enum trundle_status status = judge_saved_read(a_path, &a, err);

    if (status == TRUNDLE_OK)
        status = judge_saved_read(b_path, &b, err);
    if (status == TRUNDLE_OK)
        status = show_comparison(e, &a, &b, err);
    judge_saved_done(&a);
    judge_saved_done(&b);
    return status;
}

static enum trundle_status show_gate(const struct eval_results *e, const struct judge_report *report, const struct judge_saved *saved, bool *out_held, struct trundle_error *err)
{
    const char *slash = strrchr(e->gate, '/');
    struct judge_gate gate = { .n = 0 };
    struct judge_gate_verdict v = { .held = false };
    struct bytes text = { 0 }, folder = { 0 };
    struct judge_gate_options options = { .common = e->common };
    enum trundle_status status;

    TRY(judge_gate_read(e->gate, &gate, err));
    if (slash) {
        TRY_GOTO(status, bytes_print(&folder, "%.*s", (int)(slash - e->gate), e->gate), out);
        options.folder = (const char *)folder.data;
    }
    TRY_GOTO(status, judge_gate_check(&gate, report, saved, &options, &v, err), out);
    *out_held = v.held;
    if (!e->json)
        printf("\n");
    status = print_out(&text, e->json ? judge_gate_json(&gate, &v, &text) : judge_gate_text(&gate, &v, &text), err);
out:
    judge_gate_done(&gate);
    judge_gate_verdict_done(&v);
    bytes_done(&folder);
    return status;
}

enum trundle_status eval_use(struct eval_results *e, const struct judge_report *report, const struct judge_saved *other, bool *out_held, struct trundle_error *err)
{
    struct judge_saved a = { .n = 0 };
    struct bytes lines = { 0 };
    enum trundle_status status = TRUNDLE_OK;

    if (!e->pooled)
        eval_name_results(report, e->system, &e->saved);
    if (e->results) {
        status = judge_saved_print(&e->saved, &lines);
        if (status == TRUNDLE_OK)
            status = file_write(e->results, lines.data, lines.n, err);
        bytes_done(&lines);
        TRY(status);
    }
    if (other) {
        TRY(show_comparison(e, other, &e->saved, err));
    } else if (e->against) {
        TRY(judge_saved_read(e->against, &a, err));
        status = show_comparison(e, &a, &e->saved, err);
        judge_saved_done(&a);
        TRY(status);
    }
    return e->gate ? show_gate(e, report, &e->saved, out_held, err) : TRUNDLE_OK;
}

enum trundle_status eval_pool(struct eval_results *e, const char *path, struct judge_report *report, struct trundle_error *err)
{
    TRY(judge_saved_read(path, &e->saved, err));
    TRY(judge_report_make(e->saved.result, e->saved.n, JUDGE_RESAMPLE_SEED, report, err));
    if (strcmp(e->saved.senses, "all") != 0)
        (void)snprintf(report->senses, sizeof report->senses, "%s", e->saved.senses);
    return TRUNDLE_OK;
}
