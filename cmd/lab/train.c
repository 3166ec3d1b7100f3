/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle train: a recipe to a model folder. Ctrl-C saves and leaves with 1; --resume goes on. */
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/train/run.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void listen_for_stop(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };      /* the second one ends it at once */

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

struct show { bool bar, open; char score[160]; };

static void progress(void *user, const struct run_progress *p)
{
    static const char full[] = "##############################";
    struct show *show = user;
    char score[160] = "";

    if (!show->bar)
        return;
    if (p->score)
        (void)objective_text(p->score, score);
    fprintf(stderr, "\rtrain [%-30.*s] %3.0f %%  step %lld, epoch %.1f, %d px, loss %.3f, %.0f pictures/s  %s\033[K", (int)(p->done * 30), full, 100 * p->done, (long long)p->step,
            p->epochs, p->px, p->loss, p->pictures_per_s, score);
    show->open = true;
}

static void notice(void *user, const char *text)
{
    struct show *show = user;

    fprintf(stderr, "%strain: %s%s\n", show->open ? "\r" : "", text, show->open ? "\033[K" : "");
    show->open = false;
}

static void print_json(const struct recipe *recipe, const struct run_report *r)
{
    json_t *o = json_pack("{s:s, s:b, s:I, s:f, s:f, s:f, s:s, s:s}", "name", recipe->name, "finished", r->finished, "steps", (json_int_t)r->steps, "epochs", r->epochs, "wall_s",
                          r->wall_s, "cpu_s", r->cpu_s, "folder", r->folder, "net_sha256", r->net_sha256);
    const struct { const char *key; bool has; const struct objective_score *score; } rows[] = { { "held_out", r->has_held_out, &r->held_out },
                                                                                               { "final", r->has_final, &r->final } };

    for (size_t i = 0; o && i < COUNT_OF(rows); i++) {
        const struct objective_score *s = rows[i].score;
        json_t *one;

        if (!rows[i].has)
            continue;
        one = json_pack("{s:I}", "n", (json_int_t)s->n);
        if (isfinite(s->top1))
            (void)json_object_set_new(one, "top1", json_real(s->top1));
        if (isfinite(s->coarse_top1))
            (void)json_object_set_new(one, "coarse_top1", json_real(s->coarse_top1));
        if (isfinite(s->recall1))
            (void)json_object_set_new(one, "recall1", json_real(s->recall1));
        if (isfinite(s->ap50))
            (void)json_object_set_new(one, "ap50", json_real(s->ap50));
        (void)json_object_set_new(o, rows[i].key, one);
    }
    if (o)
        (void)json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
    puts("");
    json_decref(o);
}

static void print_text(const struct recipe *recipe, const struct run_report *r)
{
    char text[160];

    if (!r->finished) {
        printf("%s: stopped and saved at step %lld, epoch %.1f; --resume goes on\n", recipe->name, (long long)r->steps, r->epochs);
        return;
    }
    printf("%s: %lld steps, %.1f epochs, %.0f s, %.0f CPU s\n", recipe->name, (long long)r->steps, r->epochs, r->wall_s, r->cpu_s);
    if (r->has_held_out)
        printf("held out: %s\n", objective_text(&r->held_out, text));
    if (r->has_final)
        printf("final: %s\n", objective_text(&r->final, text));
    printf("model: %s\n", r->folder);
}

/* The command as typed, for the card. */
static void join(int argc, char **argv, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "trundle");

    for (int i = 0; i < argc && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, " %s", argv[i]);
}

int verb_train(int argc, char **argv)
{
    const char *out = "models", *data = NULL;
    long long ranks_n = 0, threads = 1, workers = -1;
    bool resume = false, json = false;
    const struct option_row rows[] = { { "out", "DIR", OPTION_TEXT, &out, "the model goes to DIR/NAME (default models)" },
                                       { "data", "DIR", OPTION_TEXT, &data, "what paths in the recipe are relative to (default $TRUNDLE_DATA, else .)" },
                                       { "threads", "N", OPTION_LONG, &threads, "of the training step (default 1: the same bits every time)" },
                                       { "workers", "N", OPTION_LONG, &workers, "that make samples (default 1, with one thread 0); the bits are the same" },
                                       { "ranks", "N", OPTION_LONG, &ranks_n, "processes that share every batch, under mpirun" },
                                       { "resume", NULL, OPTION_FLAG, &resume, "go on from the checkpoint" },
                                       { "json", NULL, OPTION_FLAG, &json, "the result as a JSON object" },
                                       { 0 } };
    struct run_options options = RUN_OPTIONS_DEFAULT;
    struct show show = { .bar = isatty(STDERR_FILENO) };
    struct recipe *recipe = NULL;
    struct trundle_error err = { 0 };
    struct run_report report;
    enum trundle_status status;
    char command[2048], *again[64];
    struct ranks ranks;
    int first, code, n = 0;

    join(argc, argv, command, sizeof command);
    for (; n < argc && n < 63; n++)
        again[n] = argv[n];
    again[n] = NULL;
    if (!option_parse(argc, argv, "trundle train RECIPE.json [--resume] [--ranks N] [--threads N]", "trains the net of a recipe (docs/recipes.md); Ctrl-C saves", rows, &first, &code))
        return code;
    if (first != argc - 1 || threads < 1 || threads > 256 || workers < -1 || workers > 64 || ranks_n < 0 || ranks_n > 4096) {
        fprintf(stderr, "trundle train: needs one recipe; --threads is 1 to 256, --workers 0 to 64, --ranks 1 to 4096; trundle train --help\n");
        return EXIT_USAGE;
    }
    status = recipe_load(argv[first], &recipe, &err);         /* before ranks are started: its errors are told once */
    if (status != TRUNDLE_OK)
        return option_fail("train", &err);
    if (ranks_n > 1 && argc >= 63) {
        fprintf(stderr, "trundle train: too many arguments\n");
        code = EXIT_USAGE;
        goto out;
    }
    if (ranks_n > 1) {
        status = ranks_launch((int)ranks_n, again, &err);      /* comes back with an error only */
        code = status == TRUNDLE_OK ? EXIT_OK : option_fail("train", &err);
        goto out;
    }
    status = ranks_open(&ranks, &err);
    if (status != TRUNDLE_OK) {
        code = option_fail("train", &err);
        goto out;
    }
    listen_for_stop();
    options.out = out;
    options.folder = data;
    options.threads = (int)threads;
    options.workers = (int)workers;
    options.resume = resume;
    options.ranks = &ranks;
    options.stop = &stop;
    options.command = command;
    options.progress = progress;
    options.notice = notice;
    options.user = &show;
    status = run_recipe(recipe, &options, &report, &err);
    if (show.open)
        fputs("\n", stderr);
    if (status != TRUNDLE_OK) {
        code = option_fail("train", &err);    /* without leaving MPI in order: the launcher then ends the others */
        goto out;
    }
    code = report.finished ? EXIT_OK : EXIT_VERDICT;
    if (ranks.rank == 0 && json)
        print_json(recipe, &report);
    else if (ranks.rank == 0)
        print_text(recipe, &report);
    ranks_close(&ranks);
out:
    recipe_free(recipe);
    return code;
}
