/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle eval: scores trips, or a suite that is made for it, and prints figures with their intervals. */
#include "base/std/time.h"
#include "cmd/lab/eval_boxes.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/judge/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct eval {
    const char *suite, *submission, *catalog, *quality, *commit, *senses;
    const char *results, *against, *gate;
    long long seed, trips, jobs;
    double points;
    bool recorded, json, compare, pooled, common;
};

static void progress(void *user, size_t done, size_t total)
{
    (void)user;
    option_progress("eval", done, total);
}

static void complain(void *user, const char *trip, const struct trundle_error *err)
{
    char text[1024];

    (void)user;
    fprintf(stderr, "%strundle eval: %s: not scored: %s\n", isatty(STDERR_FILENO) ? "\n" : "", trip, error_text(err, text, sizeof text));
}

/* The commit of the checkout we stand in, for bench/quality.csv. */
static void find_commit(char *out, size_t size)
{
    FILE *git = popen("git rev-parse --short=10 HEAD 2>/dev/null", "r");

    (void)snprintf(out, size, "unknown");
    if (!git)
        return;
    if (!fgets(out, (int)size, git) || !*out || *out == '\n')
        (void)snprintf(out, size, "unknown");
    out[strcspn(out, "\n")] = '\0';
    (void)pclose(git);
}

/* What was typed, without the paths' quoting. */
static enum trundle_status command_line(int argc, char **argv, struct bytes *out)
{
    enum trundle_status status = bytes_print(out, "trundle");

    for (int i = 0; i < argc && status == TRUNDLE_OK; i++)
        status = bytes_print(out, " %s", argv[i]);
    return status;
}

static enum trundle_status append(const char *path, const struct bytes *rows, struct trundle_error *err)
{
    struct bytes all = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    struct stat st;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0 || fstat(fd, &st) != 0) {
        status = error_set(err, TRUNDLE_IO, path, NULL, "cannot open: %s", strerror(errno));
        goto out;
    }
    if (st.st_size == 0)
        TRY_GOTO(status, bytes_print(&all, "%s", JUDGE_QUALITY_HEADER), out);
    TRY_GOTO(status, bytes_append(&all, rows->data, rows->n), out);
    if (write(fd, all.data, all.n) != (ssize_t)all.n || fsync(fd) != 0)
        status = error_set(err, TRUNDLE_IO, path, NULL, "cannot append: %s", strerror(errno));
out:
    if (fd >= 0)
        (void)close(fd);
    bytes_done(&all);
    return status;
}

static enum trundle_status write_quality(const struct eval *e, const char *command, const struct judge_report *report, struct trundle_error *err)
{
    time_t now = (time_t)(clock_wall_ns() / NS_PER_S);
    struct bytes rows = { 0 };
    char date[16], commit[64];
    enum trundle_status status;
    struct tm tm;

    (void)strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &tm));
    if (e->commit)
        (void)snprintf(commit, sizeof commit, "%s", e->commit);
    else
        find_commit(commit, sizeof commit);
    status = judge_report_quality(report, date, commit, command, &rows);
    if (status == TRUNDLE_OK && rows.n)
        status = append(e->quality, &rows, err);
    bytes_done(&rows);
    return status;
}

static enum trundle_status show(const struct eval *e, const struct judge_report *report)
{
    struct bytes text = { 0 };
    enum trundle_status status = e->json ? judge_report_json(report, &text) : judge_report_text(report, &text);

    if (status == TRUNDLE_OK && fwrite(text.data, 1, text.n, stdout) != text.n)
        status = TRUNDLE_IO;
    bytes_done(&text);
    return status;
}

/* Trips that are kept to be saved, compared, held against a gate. */
struct kept { struct judge_saved saved; enum trundle_status status; struct trundle_error err; };

static void keep(void *user, const struct judge_result *result)
{
    struct kept *k = user;

    if (k->status == TRUNDLE_OK)
        k->status = judge_saved_add(&k->saved, result, &k->err);
}

static bool keeps(const struct eval *e)
{
    return e->results || e->against || e->gate;
}

static void name_saved(const struct eval *e, const struct judge_report *report, struct judge_saved *saved)
{
    (void)snprintf(saved->build, sizeof saved->build, "%s", trundle_version());
    (void)snprintf(saved->suite, sizeof saved->suite, "%s", report->suite);
    (void)snprintf(saved->system, sizeof saved->system, "%s", e->submission ? "submission" : e->recorded ? "recorded" : "trundle");
    (void)snprintf(saved->senses, sizeof saved->senses, "%s", report->senses[0] ? report->senses : "all");
}

static enum trundle_status print_out(struct bytes *text, enum trundle_status status, struct trundle_error *err)
{
    if (status == TRUNDLE_OK && fwrite(text->data, 1, text->n, stdout) != text->n)
        status = error_set(err, TRUNDLE_IO, "stdout", NULL, "cannot write: %s", strerror(errno));
    bytes_done(text);
    return status;
}

static enum trundle_status show_comparison(const struct eval *e, const struct judge_saved *a, const struct judge_saved *b, struct trundle_error *err)
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

static enum trundle_status compare_files(const struct eval *e, const char *a_path, const char *b_path, struct trundle_error *err)
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

static enum trundle_status show_gate(const struct eval *e, const struct judge_report *report, const struct judge_saved *saved, bool *out_held, struct trundle_error *err)
{
    const char *slash = strrchr(e->gate, '/');
    struct judge_gate gate = { .n = 0 };
    struct judge_gate_verdict v = { .held = false };
    struct bytes text = { 0 }, folder = { 0 };
    struct judge_gate_options options = { .common = e->common };
    enum trundle_status status;

    TRY(judge_gate_read(e->gate, &gate, err));
    if (slash) {
        TRY_GOTO(status, bytes_print(&folder, "%.*s", (int)(slash - e->gate), *e->gate == '/' && slash == e->gate ? "/" : e->gate), out);
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

/* What is wanted besides the figures. */
static enum trundle_status use_results(const struct eval *e, const struct judge_report *report, struct kept *kept, bool *out_held, struct trundle_error *err)
{
    struct judge_saved a = { .n = 0 };
    struct bytes lines = { 0 };
    enum trundle_status status = kept->status;

    if (status != TRUNDLE_OK) {
        *err = kept->err;
        return status;
    }
    if (!e->pooled)
        name_saved(e, report, &kept->saved);
    if (e->results) {
        status = judge_saved_print(&kept->saved, &lines);
        if (status == TRUNDLE_OK)
            status = file_write(e->results, lines.data, lines.n, err);
        bytes_done(&lines);
        TRY(status);
    }
    if (e->against) {
        TRY(judge_saved_read(e->against, &a, err));
        status = show_comparison(e, &a, &kept->saved, err);
        judge_saved_done(&a);
        TRY(status);
    }
    return e->gate ? show_gate(e, report, &kept->saved, out_held, err) : TRUNDLE_OK;
}

static enum trundle_status pool_file(const char *path, struct kept *kept, struct judge_report *report, struct trundle_error *err)
{
    TRY(judge_saved_read(path, &kept->saved, err));
    TRY(judge_report_make(kept->saved.result, kept->saved.n, JUDGE_RESAMPLE_SEED, report, err));
    if (strcmp(kept->saved.senses, "all") != 0)
        (void)snprintf(report->senses, sizeof report->senses, "%s", kept->saved.senses);
    return TRUNDLE_OK;
}

/* Verbs of their own: comparing and pooling what was saved. */
static const char *check_saved(const struct eval *e, int paths)
{
    bool scores = e->suite || e->recorded || e->submission || e->catalog || e->senses || e->trips || e->seed;

    return e->compare && e->pooled ? "--compare and --pooled exclude each other"
         : scores ? "results that were saved are not scored again: no --suite, --recorded, --submission, --catalog, --senses"
         : e->compare && paths != 2 ? "--compare takes two files that --results wrote"
         : e->compare && (keeps(e) || e->quality) ? "--compare only compares: no --results, --against, --gate, --quality"
         : e->pooled && paths != 1 ? "--pooled takes one file that --results wrote" : NULL;
}

static bool check(const struct eval *e, int paths)
{
    const char *what = e->compare || e->pooled ? check_saved(e, paths)
                     : !paths == !e->suite ? "takes trips or --suite, one of the two"
                     : e->suite && e->trips < 1 ? "--suite needs --trips N, N >= 1"
                     : !e->suite && (e->trips || e->seed) ? "--seed and --trips belong to --suite"
                     : e->recorded && e->submission ? "--recorded and --submission exclude each other"
                     : e->recorded && e->suite ? "--recorded scores decisions in a trip; the trips of a suite hold none"
                     : e->senses && strcmp(e->senses, "all") != 0 && strcmp(e->senses, "cells,codes") != 0 ? "--senses is all or cells,codes"
                     : e->senses && (e->recorded || e->submission) ? "--senses is for a cart that is replayed"
                     : e->jobs < 1 || e->jobs > JUDGE_JOBS_MAX ? "--jobs is 1 to 64" : NULL;

    if (!what && (e->points < 0 || e->points > 100))
        what = "--points is 0 to 100";
    if (what)
        fprintf(stderr, "trundle eval: %s; trundle eval --help says more\n", what);
    return !what;
}

int verb_eval(int argc, char **argv)
{
    struct eval e = { .jobs = sysconf(_SC_NPROCESSORS_ONLN) };
    const struct option_row rows[] = {
        { "suite", "NAME", OPTION_TEXT, &e.suite, "make, score and discard trips of this suite" },
        { "seed", "S", OPTION_LONG, &e.seed, "first seed of the suite's trips (below 1,000,000: development)" },
        { "trips", "N", OPTION_LONG, &e.trips, "how many" },
        { "recorded", NULL, OPTION_FLAG, &e.recorded, "score the decisions that the trips hold; replay nothing" },
        { "submission", "FILE", OPTION_TEXT, &e.submission, "score these events (JSON lines) instead of a cart" },
        { "catalog", "DIR", OPTION_TEXT, &e.catalog, "catalog of the trips; default: stores/<store>/ beside each" },
        { "senses", "LIST", OPTION_TEXT, &e.senses, "all, or cells,codes: no pictures are made nor looked at" },
        { "results", "FILE", OPTION_TEXT, &e.results, "save the sums of each trip, to be compared or pooled later" },
        { "against", "FILE", OPTION_TEXT, &e.against, "compare with saved results, on the same trips: this run is B" },
        { "compare", NULL, OPTION_FLAG, &e.compare, "compare two files of results, A and B; nothing is scored" },
        { "pooled", NULL, OPTION_FLAG, &e.pooled, "figures of one file of results; nothing is scored" },
        { "common", NULL, OPTION_FLAG, &e.common, "when comparing leave out the trips that only one side has" },
        { "points", "P", OPTION_NUMBER, &e.points, "the difference of shares that counts, in points; default 1" },
        { "gate", "FILE", OPTION_TEXT, &e.gate, "statements that must hold; exit 1 names those that do not" },
        { "jobs", "N", OPTION_LONG, &e.jobs, "worker processes; default: one per processor" },
        { "json", NULL, OPTION_FLAG, &e.json, "one JSON object" },
        { "quality", "FILE", OPTION_TEXT, &e.quality, "also append the figures to this CSV (bench/quality.csv)" },
        { "commit", "ID", OPTION_TEXT, &e.commit, "what the CSV says of the commit; default: git's" },
        { 0 } };
    struct judge_config config = JUDGE_CONFIG_DEFAULT;
    struct judge_submission *submission = NULL;
    struct judge_report report = { .trips = 0 };
    struct kept kept = { .status = TRUNDLE_OK };
    bool held = true;
    struct trundle_error err = { .status = TRUNDLE_OK };
    struct bytes command = { 0 };
    enum trundle_status status;
    int first, code;

    if (argc > 1 && !strcmp(argv[1], "coco"))
        return eval_coco(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "mot"))
        return eval_mot(argc - 1, argv + 1);
    if (command_line(argc, argv, &command) != TRUNDLE_OK)
        return EXIT_ENVIRONMENT;
    if (!option_parse(argc, argv, "trundle eval PATH... | --suite NAME --seed S --trips N | --compare A B | --pooled FILE | coco GT DT | mot GT FOUND", "Replays trips with truth through the cart and scores it, unaided and with a "
                      "shopper who answers questions.\nA folder stands for its *.mcap. Metrics: docs/evaluation.md.\nExit 1: the gate does not hold. Exit 3: some trips could not be scored.",
                      rows, &first, &code))
        goto done;
    code = EXIT_USAGE;
    if (!check(&e, argc - first))
        goto done;
    if (e.submission)
        TRY_GOTO(status, judge_submission_read(e.submission, &submission, &err), out);
    config = (struct judge_config){ .catalog_dir = e.catalog, .recorded = e.recorded, .submission = submission, .jobs = (int)e.jobs, .progress = progress,
                                    .complain = complain, .no_pictures = e.senses && !strcmp(e.senses, "cells,codes"),
                                    .each = keeps(&e) ? keep : NULL, .user = &kept };
    if (e.compare) {
        status = compare_files(&e, argv[first], argv[first + 1], &err);
        goto out;
    }
    if (e.pooled)
        TRY_GOTO(status, pool_file(argv[first], &kept, &report, &err), out);
    else if (e.suite)
        TRY_GOTO(status, judge_suite(e.suite, e.seed, (size_t)e.trips, &config, &report, &err), out);
    else
        TRY_GOTO(status, judge_trips((const char *const *)(argv + first), (size_t)(argc - first), &config, &report, &err), out);
    TRY_GOTO(status, show(&e, &report), out);
    if (e.quality)
        TRY_GOTO(status, write_quality(&e, (const char *)command.data, &report, &err), out);
    status = use_results(&e, &report, &kept, &held, &err);
out:
    if (status != TRUNDLE_OK && err.status == TRUNDLE_OK)
        (void)error_set(&err, status, "eval", NULL, "%s", trundle_status_text(status));
    code = status != TRUNDLE_OK ? option_fail("eval", &err) : report.failed ? EXIT_INPUT : held ? EXIT_OK : EXIT_VERDICT;
    if (report.failed)
        fprintf(stderr, "trundle eval: %zu of %zu trips could not be scored\n", report.failed, report.failed + report.trips);
done:
    judge_report_done(&report);
    judge_submission_free(submission);
    judge_saved_done(&kept.saved);
    bytes_done(&command);
    return code;
}
