/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle eval: scores trips, or a suite that is made for it, and prints figures with their intervals. */
#include "base/std/time.h"
#include "cmd/lab/eval_boxes.h"
#include "cmd/lab/eval_results.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/judge/baseline/baseline.h"
#include "lab/judge/judge.h"
#include "lab/judge/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct eval {
    const char *suite, *submission, *catalog, *quality, *commit, *system, *fit, *ablate, *write_submission, *report, *senses;
    struct eval_results saved;
    long long seed, trips, jobs;
    bool recorded;
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

static void today(char *out, size_t size)
{
    time_t now = (time_t)(clock_wall_ns() / NS_PER_S);
    struct tm tm;

    (void)strftime(out, size, "%Y-%m-%d", gmtime_r(&now, &tm));
}

static enum trundle_status write_quality(const struct eval *e, const char *command, const struct judge_report *report, struct trundle_error *err)
{
    struct bytes rows = { 0 };
    char date[16], commit[64];
    enum trundle_status status;

    today(date, sizeof date);
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

/* What is asked for besides the figures, trip by trip. */
struct kept { struct judge_page *page; struct bytes events; struct judge_saved *saved; enum trundle_status status; };

static void keep(void *user, const struct judge_result *r)
{
    struct kept *k = user;

    if (k->page && k->status == TRUNDLE_OK)
        k->status = judge_page_add(k->page, r);
    if (k->status == TRUNDLE_OK)
        k->status = judge_submission_print(r->seed, r->notes.event, r->notes.events_n, &k->events);
    if (k->saved && k->status == TRUNDLE_OK)
        k->status = judge_saved_add(k->saved, r, NULL);
}

static enum trundle_status write_report(const struct eval *e, const struct kept *k, const char *command, const struct judge_report *report, struct trundle_error *err)
{
    char date[16];
    struct judge_page_about about = { .command = command, .system = e->saved.system, .build = trundle_version(),
                                      .made = date, .suite = e->suite };
    const char *dot = strrchr(e->report, '.'), *slash = strrchr(e->report, '/');
    size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - e->report) : strlen(e->report);
    struct bytes json = { 0 }, html = { 0 }, name = { 0 };
    enum trundle_status status;

    today(date, sizeof date);
    TRY_GOTO(status, judge_page_json(k->page, report, &about, &json), out);
    TRY_GOTO(status, judge_page_html(&json, &html), out);
    TRY_GOTO(status, bytes_print(&name, "%.*s.json", (int)stem, e->report), out);
    TRY_GOTO(status, file_write(e->report, html.data, html.n, err), out);
    status = file_write((const char *)name.data, json.data, json.n, err);
out:
    bytes_done(&json);
    bytes_done(&html);
    bytes_done(&name);
    return status;
}

static enum trundle_status show(const struct eval *e, const struct judge_report *report)
{
    struct bytes text = { 0 };
    enum trundle_status status = e->saved.json ? judge_report_json(report, &text) : judge_report_text(report, &text);

    if (status == TRUNDLE_OK && fwrite(text.data, 1, text.n, stdout) != text.n)
        status = TRUNDLE_IO;
    bytes_done(&text);
    return status;
}

static enum judge_ablation ablation_of(const char *name)
{
    return !name ? JUDGE_HONEST : !strcmp(name, "shuffle-evidence") ? JUDGE_SHUFFLE_EVIDENCE : !strcmp(name, "swap-weights") ? JUDGE_SWAP_WEIGHTS
         : !strcmp(name, "constant-frames") ? JUDGE_CONSTANT_FRAMES : JUDGE_HONEST;
}

/* Something that can only be said of trips that are scored now. */
static bool scores(const struct eval *e)
{
    return e->suite || e->recorded || e->submission || e->catalog || e->senses || e->trips || e->seed || e->system || e->fit || e->ablate || e->report
        || e->write_submission || (e->saved.compare && e->quality);
}

static bool is_system(const char *name)
{
    return name && (!strcmp(name, "trundle") || judge_baseline(name));
}

static bool check(const struct eval *e, int paths)
{
    const char *what = e->saved.compare || e->saved.pooled ? eval_results_check(&e->saved, paths, scores(e))
                     : !paths == !e->suite ? "takes trips or --suite, one of the two"
                     : e->suite && e->trips < 1 ? "--suite needs --trips N, N >= 1"
                     : !e->suite && (e->trips || e->seed) ? "--seed and --trips belong to --suite"
                     : e->recorded && e->submission ? "--recorded and --submission exclude each other"
                     : e->recorded && e->suite ? "--recorded scores decisions in a trip; the trips of a suite hold none"
                     : (e->system || e->fit) && (e->recorded || e->submission) ? "--system and --fit replay a cart; --recorded and --submission replay nothing"
                     : e->system && !is_system(e->system)
                         ? "--system is trundle, scan-only, weight-only, shelf-rule, vision-only or frame-by-frame"
                     : e->fit && (!is_system(e->fit) || e->system)
                         ? "--fit is trundle, scan-only, weight-only, shelf-rule, vision-only or frame-by-frame, without --system"
                     : e->ablate && (e->recorded || e->submission || e->fit) ? "--ablate lies to a cart that is replayed"
                     : e->ablate && ablation_of(e->ablate) == JUDGE_HONEST ? "--ablate is shuffle-evidence, swap-weights or constant-frames"
                     : e->report && (strlen(e->report) < 6 || strcmp(e->report + strlen(e->report) - 5, ".html") != 0) ? "--report takes FILE.html; FILE.json is written beside it"
                     : e->senses && strcmp(e->senses, "all") != 0 && strcmp(e->senses, "cells,codes") != 0 ? "--senses is all or cells,codes"
                     : e->senses && (e->recorded || e->submission || e->fit) ? "--senses is for a cart that is replayed"
                     : e->fit && eval_results_wanted(&e->saved) ? "--fit scores nothing that could be saved or compared"
                     : is_system(e->saved.against) && (e->recorded || e->submission) ? "--against takes a system only when a cart is replayed, else a file"
                     : e->jobs < 1 || e->jobs > JUDGE_JOBS_MAX ? "--jobs is 1 to 64" : NULL;

    if (!what && (e->saved.points < 0 || e->saved.points > 100))
        what = "--points is 0 to 100";
    if (what)
        fprintf(stderr, "trundle eval: %s; trundle eval --help says more\n", what);
    return !what;
}

/* Numbers of a system: of a baseline as they stand in models/baselines.json, of the cart what fuse.json holds. */
static enum trundle_status fit_system(const struct eval *e, const char *const *paths, size_t n, struct trundle_error *err)
{
    struct judge_fit_system system;
    struct judge_fit fit;
    struct bytes fuse = { 0 }, costs = { 0 };
    bool cart = !strcmp(e->fit, "trundle");
    enum trundle_status status;

    TRY_GOTO(status, cart ? judge_fit_cart(&system, err) : judge_baseline_fit(e->fit, &system, err), out);
    TRY_GOTO(status, e->suite ? judge_fit_suite(&system, e->suite, e->seed, (size_t)e->trips, (int)e->jobs, progress, NULL, &fit, err)
                              : judge_fit(&system, paths, n, (int)e->jobs, progress, NULL, &fit, err), out);
    TRY_GOTO(status, system.write(&system, fit.value, &fuse, &costs), out);
    if (cart)
        printf("%s\n", (const char *)fuse.data);
    else
        printf("\"%s\": %s\n", e->fit, (const char *)fuse.data);
    fprintf(stderr, "%zu trips, %zu tries: event F1 %.4f, from %.4f %s\n", fit.trips, fit.tried, fit.f1, fit.f1_start,
            cart ? "with the built-in numbers" : "in the middle of the grid");
out:
    bytes_done(&fuse);
    bytes_done(&costs);
    return status;
}

static enum trundle_status judge_all(const struct eval *e, const char *const *paths, size_t n, const struct judge_config *config, struct judge_report *report,
                                     struct trundle_error *err)
{
    return e->suite ? judge_suite(e->suite, e->seed, (size_t)e->trips, config, report, err) : judge_trips(paths, n, config, report, err);
}

/* The same trips with another system, to compare with. */
static enum trundle_status judge_other(const struct eval *e, const char *const *paths, size_t n, const struct judge_config *config, struct judge_saved *out,
                                       struct trundle_error *err)
{
    struct kept kept = { .saved = out };
    struct judge_config other = *config;
    struct judge_report report = { .trips = 0 };
    enum trundle_status status;

    other.cart = judge_baseline(e->saved.against);
    other.notes = other.keep_events = false;
    other.ablation = JUDGE_HONEST;
    other.each = keep;
    other.user = &kept;
    status = judge_all(e, paths, n, &other, &report, err);
    eval_name_results(&report, e->saved.against, out);
    judge_report_done(&report);
    return status == TRUNDLE_OK ? kept.status : status;
}

int verb_eval(int argc, char **argv)
{
    struct eval e = { .jobs = sysconf(_SC_NPROCESSORS_ONLN) };
    const struct option_row rows[] = {
        { "suite", "NAME", OPTION_TEXT, &e.suite, "make, score and discard trips of this suite" },
        { "seed", "S", OPTION_LONG, &e.seed, "first seed of the suite's trips (below 1,000,000: development)" },
        { "trips", "N", OPTION_LONG, &e.trips, "how many" },
        { "system", "NAME", OPTION_TEXT, &e.system, "trundle (default), or a baseline: scan-only weight-only shelf-rule vision-only frame-by-frame" },
        { "fit", "NAME", OPTION_TEXT, &e.fit, "fit the numbers of a system to the trips and print them; of trundle those of fuse.json" },
        { "ablate", "HOW", OPTION_TEXT, &e.ablate, "lie to the cart: shuffle-evidence, swap-weights or constant-frames; the scores must fall" },
        { "write-submission", "FILE", OPTION_TEXT, &e.write_submission, "also write the events, as JSON lines that --submission takes" },
        { "report", "FILE.html", OPTION_TEXT, &e.report, "also write a page with pictures, and the same as FILE.json" },
        { "recorded", NULL, OPTION_FLAG, &e.recorded, "score the decisions that the trips hold; replay nothing" },
        { "submission", "FILE", OPTION_TEXT, &e.submission, "score these events (JSON lines) instead of a cart" },
        { "catalog", "DIR", OPTION_TEXT, &e.catalog, "catalog of the trips; default: stores/<store>/ beside each" },
        { "senses", "LIST", OPTION_TEXT, &e.senses, "all, or cells,codes: no pictures are made nor looked at" },
        { "results", "FILE", OPTION_TEXT, &e.saved.results, "save the sums of each trip, to be compared or pooled later" },
        { "against", "WHAT", OPTION_TEXT, &e.saved.against, "compare with saved results (a file) or a system, on the same trips: this run is B" },
        { "compare", NULL, OPTION_FLAG, &e.saved.compare, "compare two files of results, A and B; nothing is scored" },
        { "pooled", NULL, OPTION_FLAG, &e.saved.pooled, "figures of one file of results; nothing is scored" },
        { "common", NULL, OPTION_FLAG, &e.saved.common, "when comparing leave out the trips that only one side has" },
        { "points", "P", OPTION_NUMBER, &e.saved.points, "the difference of shares that counts, in points; default 1" },
        { "gate", "FILE", OPTION_TEXT, &e.saved.gate, "statements that must hold; exit 1 names those that do not" },
        { "jobs", "N", OPTION_LONG, &e.jobs, "worker processes; default: one per processor" },
        { "json", NULL, OPTION_FLAG, &e.saved.json, "one JSON object" },
        { "quality", "FILE", OPTION_TEXT, &e.quality, "also append the figures to this CSV (bench/quality.csv)" },
        { "commit", "ID", OPTION_TEXT, &e.commit, "what the CSV says of the commit; default: git's" },
        { 0 } };
    struct judge_config config = JUDGE_CONFIG_DEFAULT;
    struct judge_submission *submission = NULL;
    struct judge_report report = { .trips = 0 };
    struct judge_saved other = { .n = 0 };
    struct kept kept = { .status = TRUNDLE_OK };
    bool held = true, has_other = false;
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
                                    .complain = complain };
    config.ablation = ablation_of(e.ablate);
    config.keep_events = e.write_submission != NULL;
    config.notes = e.report != NULL;
    config.no_pictures = e.senses && !strcmp(e.senses, "cells,codes");
    if (eval_results_wanted(&e.saved))
        kept.saved = &e.saved.saved;
    config.each = keep;
    config.user = &kept;
    e.saved.system = e.system ? e.system : e.submission ? "submission" : e.recorded ? "recorded" : "trundle";
    if (e.saved.compare) {
        status = eval_compare(&e.saved, argv[first], argv[first + 1], &err);
        goto out;
    }
    if (e.report)
        TRY_GOTO(status, judge_page_new(&kept.page, &err), out);
    if (e.system)
        config.cart = judge_baseline(e.system);
    if (e.fit) {
        status = fit_system(&e, (const char *const *)(argv + first), (size_t)(argc - first), &err);
        goto out;
    }
    if (e.saved.pooled)
        TRY_GOTO(status, eval_pool(&e.saved, argv[first], &report, &err), out);
    else
        TRY_GOTO(status, judge_all(&e, (const char *const *)(argv + first), (size_t)(argc - first), &config, &report, &err), out);
    TRY_GOTO(status, kept.status, out);
    TRY_GOTO(status, show(&e, &report), out);
    if (e.write_submission)
        TRY_GOTO(status, file_write(e.write_submission, kept.events.n ? (const void *)kept.events.data : "", kept.events.n, &err), out);
    if (e.report)
        TRY_GOTO(status, write_report(&e, &kept, (const char *)command.data, &report, &err), out);
    if (e.quality)
        TRY_GOTO(status, write_quality(&e, (const char *)command.data, &report, &err), out);
    has_other = is_system(e.saved.against);
    if (has_other)
        TRY_GOTO(status, judge_other(&e, (const char *const *)(argv + first), (size_t)(argc - first), &config, &other, &err), out);
    status = eval_use(&e.saved, &report, has_other ? &other : NULL, &held, &err);
out:
    if (status != TRUNDLE_OK && err.status == TRUNDLE_OK)
        (void)error_set(&err, status, "eval", NULL, "%s", trundle_status_text(status));
    code = status != TRUNDLE_OK ? option_fail("eval", &err) : report.failed ? EXIT_INPUT : held ? EXIT_OK : EXIT_VERDICT;
    if (report.failed)
        fprintf(stderr, "trundle eval: %zu of %zu trips could not be scored\n", report.failed, report.failed + report.trips);
done:
    judge_report_done(&report);
    judge_submission_free(submission);
    judge_page_free(kept.page);
    judge_saved_done(&e.saved.saved);
    judge_saved_done(&other);
    bytes_done(&kept.events);
    bytes_done(&command);
    return code;
}
