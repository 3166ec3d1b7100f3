/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle net quantize and trundle net prune: smaller models of a model, and what that costs in accuracy. */
#include "base/net/file.h"
#include "base/net/passes.h"
#include "base/net/plan.h"
#include "base/std/json.h"
#include "base/std/time.h"
#include "cmd/lab/net.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/train/compare.h"
#include "lab/train/data.h"
#include "lab/train/finetune.h"
#include "lab/train/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is asked for, of both commands. */
struct ask {
    const char *data, *recipe, *qat, *out, *observer, *keep_f32, *curve, *classes;
    long long generated, samples, check, bits, equalize, steps, rounds, threads, repeat;
    double percent, rate, keep, target_ms;
    bool no_bias, u8_input, json, int8, per_tensor;
};

/* A model, and pictures to calibrate, learn and judge with. */
struct job {
    const struct ask *ask;
    struct net_source model;
    struct net_graph *g;           /* simplified copy */
    json_t *about;
    struct recipe *recipe;
    struct data_set *set, *final;
    struct source_set *sets[3];
    struct source_pictures pictures[3];
    struct source calibrate, learn, judge;
    int px[2];
    float mean[3], sd[3];
};

static void bar(void *user, size_t done, size_t total)
{
    option_progress(user, done, total);
}

static void job_done(struct job *j)
{
    for (int i = 0; i < 3; i++)
        source_set_free(j->sets[i]);
    data_free(j->set);
    data_free(j->final);
    recipe_free(j->recipe);
    net_graph_free(j->g);
    net_source_close(&j->model);
    json_decref(j->about);
}

/* How the model wants its pictures: "mean" and "sd" of what its maker said, else what recipes have by default. */
static enum trundle_status read_about(struct job *j, struct trundle_error *err)
{
    const char *text = j->model.file ? net_file_about(j->model.file) : "{}";
    struct json_at at;
    double v[3];

    TRY(json_parse(text, strlen(text), "what the model says of itself", &j->about, err));
    at = json_at_root(j->about, "about");
    for (int k = 0; k < 3; k++) {
        j->mean[k] = 0.5F;
        j->sd[k] = 0.25F;
    }
    if (json_has(&at, "mean")) {
        TRY(json_take_numbers(&at, "mean", v, 3, err));
        for (int k = 0; k < 3; k++)
            j->mean[k] = (float)v[k];
    }
    if (json_has(&at, "sd")) {
        TRY(json_take_numbers(&at, "sd", v, 3, err));
        for (int k = 0; k < 3; k++)
            if (!((j->sd[k] = (float)v[k]) > 0))
                return error_set(err, TRUNDLE_BAD_INPUT, "about: sd", NULL, "%g is not above 0", v[k]);
    }
    return TRUNDLE_OK;
}

static enum trundle_status from_set(struct job *j, int slot, const struct data_set *set, enum data_part part, bool augmented, struct source *out, struct trundle_error *err)
{
    struct augment_config config = j->recipe ? j->recipe->augment : augment_config_default();

    for (int k = 0; k < 3; k++) {
        config.mean[k] = (double)j->mean[k];
        config.sd[k] = (double)j->sd[k];
    }
    if (data_part_n(set, part) == 0)
        return error_set(err, TRUNDLE_BAD_INPUT, "data", "more pictures", "no picture is left for this part");
    j->sets[slot] = source_set_new(set, (int)part, &config, j->recipe ? j->recipe->seed : 1, j->px[0], j->px[1], augmented);
    if (!j->sets[slot])
        return error_set(err, TRUNDLE_NO_MEMORY, "data", NULL, "no memory left");
    *out = source_of_set(j->sets[slot]);
    return TRUNDLE_OK;
}

/* Three sources of one kind: to calibrate, to learn, to judge; the last never shares a picture with the others. */
static enum trundle_status open_data(struct job *j, struct trundle_error *err)
{
    const struct ask *a = j->ask;
    const char *folder = getenv("TRUNDLE_DATA");
    struct data_config config = { .kind = DATA_FOLDER, .broken_most = 100, .held_out = 0.2, .memory_mb = 1024 };

    if (a->generated >= 0) {
        if (j->px[0] != j->px[1] || j->px[0] > 64)
            return error_set(err, TRUNDLE_UNSUPPORTED, "generated pictures", "a square input of 16 to 64 pixels", "the model wants %d x %d", j->px[1], j->px[0]);
        for (int i = 0; i < 3; i++) {
            j->pictures[i] = (struct source_pictures){ .seed = (uint64_t)a->generated + (i == 2), .px = j->px[0] };
            memcpy(j->pictures[i].mean, j->mean, sizeof j->mean);
            memcpy(j->pictures[i].sd, j->sd, sizeof j->sd);
        }
        j->calibrate = source_generated(&j->pictures[0], 1000000);
        j->learn = source_generated(&j->pictures[1], 1000000);
        j->judge = source_generated(&j->pictures[2], 1000000);
        return TRUNDLE_OK;
    }
    if (a->recipe || a->qat) {
        TRY(recipe_load(a->recipe ? a->recipe : a->qat, &j->recipe, err));
        TRY(data_open(&j->recipe->data, a->data ? a->data : folder ? folder : ".", 1, &j->set, err));
        if (j->recipe->evaluation.has_final)
            TRY(data_open(&j->recipe->evaluation.final, a->data ? a->data : folder ? folder : ".", 1, &j->final, err));
    } else {
        (void)snprintf(config.path, sizeof config.path, "%s", a->data);
        TRY(data_open(&config, ".", 1, &j->set, err));
    }
    TRY(from_set(j, 0, j->set, DATA_TRAIN, false, &j->calibrate, err));
    TRY(from_set(j, 1, j->set, DATA_TRAIN, true, &j->learn, err));
    return from_set(j, 2, j->final ? j->final : j->set, j->final ? DATA_ALL : DATA_HELD_OUT, false, &j->judge, err);
}

static enum trundle_status job_open(struct job *j, const struct ask *a, const char *path, struct trundle_error *err)
{
    const struct net_shape *s;

    *j = (struct job){ .ask = a };
    TRY(net_source_open(path, &j->model, err));
    TRY(net_graph_copy(j->model.graph, false, &j->g, err));
    TRY(net_simplify(j->g, err));
    if (j->g->inputs_n != 1)
        return error_set(err, TRUNDLE_UNSUPPORTED, path, "one input", "the model has %d inputs", j->g->inputs_n);
    s = &j->g->tensor[j->g->input[0]].shape;
    if (j->g->tensor[j->g->input[0]].type != NET_F32 || s->rank != 4 || s->d[3] != 3)
        return error_set(err, TRUNDLE_UNSUPPORTED, path, "an f32 input [N, H, W, 3]", "the model takes no pictures, or is quantised already");
    j->px[0] = s->d[1];
    j->px[1] = s->d[2];
    TRY(read_about(j, err));
    return open_data(j, err);
}

static void pack_compare(json_t *o, const struct compare *c)
{
    (void)json_object_set_new(o, "pictures", json_integer((json_int_t)c->n));
    (void)json_object_set_new(o, "before_percent", json_real(100.0 * (double)c->right_a / (double)c->n));
    (void)json_object_set_new(o, "after_percent", json_real(100.0 * (double)c->right_b / (double)c->n));
    (void)json_object_set_new(o, "drop_points", json_real(100 * compare_drop(c)));
    (void)json_object_set_new(o, "drop_points_most", json_real(100 * compare_drop_most(c)));
    (void)json_object_set_new(o, "same_percent", json_real(100.0 * (double)c->same / (double)c->n));
}

static void print_compare(const char *what, const struct compare *c)
{
    printf("%s: %.2f %% of %llu pictures right, before %.2f %%: %.2f points less (paired, 95 %%: at most %.2f); the same answer on %.2f %%\n", what,
           100.0 * (double)c->right_b / (double)c->n, (unsigned long long)c->n, 100.0 * (double)c->right_a / (double)c->n, 100 * compare_drop(c), 100 * compare_drop_most(c),
           100.0 * (double)c->same / (double)c->n);
}

static enum trundle_status save(const struct job *j, const struct net_graph *g, const char *key, json_t *note, const char *path, struct trundle_error *err)
{
    json_t *about = json_copy(j->about);
    char *text;
    enum trundle_status status;

    (void)json_object_set(about, key, note);
    text = json_dumps(about, JSON_COMPACT | JSON_REAL_PRECISION(8));
    status = text ? net_file_save(g, text, path, err) : error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory left");
    free(text);
    json_decref(about);
    return status;
}

/* MODEL.net beside the model becomes MODEL-int8.net. */
static void beside(const char *model, const char *tail, char *out, size_t size)
{
    size_t n = strlen(model);

    if (n > 4 && strcmp(model + n - 4, ".net") == 0)
        n -= 4;
    else if (n > 5 && strcmp(model + n - 5, ".onnx") == 0)
        n -= 5;
    (void)snprintf(out, size, "%.*s%s.net", (int)n, model, tail);
}

static uint64_t judged(const struct job *j)
{
    uint64_t n = (uint64_t)j->ask->check;

    return n < j->judge.n ? n : j->judge.n;
}

/* ---- quantize ---- */

static enum trundle_status names(const char *list, char *buffer, size_t size, const char **out, int room, int *out_n, struct trundle_error *err)
{
    char *rest;

    *out_n = 0;
    if (!list)
        return TRUNDLE_OK;
    if (strlen(list) >= size)
        return error_set(err, TRUNDLE_TOO_LARGE, "--keep-f32", NULL, "more than %zu characters", size - 1);
    memcpy(buffer, list, strlen(list) + 1);
    for (char *name = strtok_r(buffer, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (*out_n == room)
            return error_set(err, TRUNDLE_TOO_LARGE, "--keep-f32", NULL, "more than %d names", room);
        out[(*out_n)++] = name;
    }
    return TRUNDLE_OK;
}

static json_t *note_of(const struct quantize_config *c, const struct quantize_report *r, const struct ask *a)
{
    json_t *kept = json_array(), *o;

    for (int i = 0; i < r->choices_n; i++)
        if (!r->choice[i].int8)
            (void)json_array_append_new(kept, json_pack("{s:s, s:s, s:s}", "node", r->choice[i].node, "op", net_op_name(r->choice[i].op), "why", r->choice[i].why));
    o = json_pack("{s:s, s:f, s:i, s:i, s:b, s:I, s:I, s:i, s:i, s:o}", "observer", observe_name(c->observer), "percent", c->percent, "weight_bits", c->weight_bits, "equalize",
                  c->equalize, "correct_bias", c->correct_bias && !a->qat, "samples", (json_int_t)c->samples, "qat_steps", (json_int_t)(a->qat ? a->steps : 0), "int8_nodes", r->int8_n,
                  "nodes", r->choices_n, "f32", kept);
    return o ? o : json_object();
}

static enum trundle_status quantize(const struct ask *a, const char *path, struct trundle_error *err)
{
    struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;
    struct finetune_config f = FINETUNE_CONFIG_DEFAULT;
    struct quantize_report report = { 0 };
    struct net_graph *q = NULL;
    struct compare compare;
    const char *keep[64];
    char buffer[4096], out[4096], title[32];
    json_t *note = NULL;
    struct job j;
    enum trundle_status status = job_open(&j, a, path, err);

    if (status != TRUNDLE_OK)
        goto out;
    for (c.observer = OBSERVE_MIN_MAX; c.observer < OBSERVE_KINDS && strcmp(a->observer, observe_name(c.observer)); c.observer++)
        ;
    if (c.observer == OBSERVE_KINDS) {
        status = error_set(err, TRUNDLE_BAD_ARG, "--observer", "min-max, percentile, mse", "there is no observer '%s'", a->observer);
        goto out;
    }
    TRY_GOTO(status, names(a->keep_f32, buffer, sizeof buffer, keep, (int)COUNT_OF(keep), &c.keep_n, err), out);
    c.keep = keep;
    c.percent = a->percent;
    c.weight_bits = (int)a->bits;
    c.equalize = (int)a->equalize;
    c.correct_bias = !a->no_bias;
    c.per_tensor = a->per_tensor;
    c.u8_input = a->u8_input;
    c.samples = (uint64_t)a->samples;
    c.threads = f.threads = (int)a->threads;
    c.progress = f.progress = bar;
    (void)snprintf(title, sizeof title, "%s", a->qat ? "learning" : "calibrating");
    c.user = f.user = title;
    if (a->qat) {
        f.steps = a->steps;
        f.rate = a->rate;
        f.teacher = j.g;
        TRY_GOTO(status, finetune_quantized(j.g, &j.learn, &c, &f, (int)a->rounds, &q, NULL, &report, err), out);
    } else {
        TRY_GOTO(status, quantize_graph(j.g, &c, &j.calibrate, &q, &report, err), out);
    }
    note = note_of(&c, &report, a);
    if (a->check) {
        (void)snprintf(title, sizeof title, "judging");
        TRY_GOTO(status, compare_graphs(j.g, q, &j.judge, judged(&j), &(struct compare_options){ .threads = (int)a->threads, .progress = bar, .user = title }, &compare, err), out);
        pack_compare(note, &compare);
    }
    beside(path, "-int8", out, sizeof out);
    TRY_GOTO(status, save(&j, q, "quantized", note, a->out ? a->out : out, err), out);
    if (a->json) {
        (void)json_object_set_new(note, "model", json_string(a->out ? a->out : out));
        (void)json_object_set_new(note, "bytes_before", json_integer((json_int_t)report.bytes_before));
        (void)json_object_set_new(note, "bytes_after", json_integer((json_int_t)report.bytes_after));
        (void)json_dumpf(note, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        puts("");
        goto out;
    }
    printf("%d of %d nodes in int8, %.1f KiB of weights instead of %.1f\n", report.int8_n, report.choices_n, (double)report.bytes_after / 1024, (double)report.bytes_before / 1024);
    for (int i = 0; i < report.choices_n; i++)
        if (!report.choice[i].int8)
            printf("f32: %s (%s): %s\n", report.choice[i].node, net_op_name(report.choice[i].op), report.choice[i].why);
    if (a->check)
        print_compare("int8", &compare);
    printf("model: %s\n", a->out ? a->out : out);
out:
    json_decref(note);
    quantize_report_done(&report);
    net_graph_free(q);
    job_done(&j);
    return status;
}

int net_quantize(int argc, char **argv)
{
    struct ask a = { .observer = "mse", .generated = -1, .samples = 512, .bits = 8, .steps = 600, .rounds = 3, .threads = 1, .percent = 99.99, .rate = 2e-3 };
    const struct option_row rows[] = {
        { "data", "DIR", OPTION_TEXT, &a.data, "a folder of pictures, one folder a class; with --qat: what the recipe's paths are relative to" },
        { "generated", "SEED", OPTION_LONG, &a.generated, "generated pictures; judged on those of SEED + 1" },
        { "recipe", "RECIPE", OPTION_TEXT, &a.recipe, "the data of a recipe; judged on its final data" },
        { "observer", "NAME", OPTION_TEXT, &a.observer, "min-max, percentile or mse (default)" },
        { "percent", "P", OPTION_NUMBER, &a.percent, "for percentile (default 99.99)" },
        { "weight-bits", "N", OPTION_LONG, &a.bits, "8; 7 for AVX2 without VNNI" },
        { "per-tensor", NULL, OPTION_FLAG, &a.per_tensor, "one scale for each weight, to compare with" },
        { "equalize", "N", OPTION_LONG, &a.equalize, "rounds of cross-layer equalisation (default 0)" },
        { "no-bias-correction", NULL, OPTION_FLAG, &a.no_bias, "leave biases as they are" },
        { "keep-f32", "A,B", OPTION_TEXT, &a.keep_f32, "nodes that stay f32" },
        { "u8-input", NULL, OPTION_FLAG, &a.u8_input, "the model takes u8 instead of f32" },
        { "samples", "N", OPTION_LONG, &a.samples, "pictures to calibrate with (default 512)" },
        { "qat", "RECIPE", OPTION_TEXT, &a.qat, "learn with rounding in the loop, on the recipe's data (or --generated)" },
        { "steps", "N", OPTION_LONG, &a.steps, "of that (default 600)" },
        { "rate", "R", OPTION_NUMBER, &a.rate, "of that (default 0.002)" },
        { "rounds", "N", OPTION_LONG, &a.rounds, "of that: how often ranges are looked at again (default 3)" },
        { "check", "N", OPTION_LONG, &a.check, "judge both on N held-out pictures" },
        { "threads", "N", OPTION_LONG, &a.threads, "default 1" },
        { "out", "FILE", OPTION_TEXT, &a.out, "default: MODEL-int8.net" },
        { "json", NULL, OPTION_FLAG, &a.json, "the result as a JSON object" },
        { 0 } };
    struct trundle_error err = { 0 };
    int first, code;

    if (!option_parse(argc, argv, "trundle net quantize MODEL (--data DIR | --generated SEED | --recipe RECIPE) [--qat RECIPE]", "an f32 model to an int8 one", rows, &first, &code))
        return code;
    if (first != argc - 1 || (!a.data && a.generated < 0 && !a.recipe && !a.qat) || a.check < 0 || a.samples < 1 || a.samples > 1000000 || a.steps < 1 || a.steps > 10000000 ||
        a.rounds < 1 || a.rounds > a.steps || a.threads < 1 || a.threads > 64 || a.bits < 2 || a.bits > 8 || a.equalize < 0 || a.equalize > 100 || !(a.rate > 0)) {
        fprintf(stderr, "trundle net quantize: needs one model, and pictures: --data, --generated or --recipe; numbers in range: trundle net quantize --help\n");
        return EXIT_USAGE;
    }
    return quantize(&a, argv[first], &err) == TRUNDLE_OK ? EXIT_OK : option_fail("net quantize", &err);
}

/* ---- prune ---- */

enum { STOPS = 12 };
struct stop { double keep, ms, percent, low, high, kib, macs; struct compare c; };

static double constant_kib(const struct net_graph *g)
{
    size_t n = 0;

    for (int t = 0; t < g->tensors_n; t++)
        n += g->tensor[t].data ? net_tensor_bytes(&g->tensor[t]) : 0;
    return (double)n / 1024;
}

/* Median of 31 runs of one picture; in int8 as quantised with a few pictures. */
static enum trundle_status time_ms(const struct job *j, const struct net_graph *g, double *out, struct trundle_error *err)
{
    struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;
    struct net_graph *q = NULL;
    struct net_plan *plan = NULL;
    double ms[31];
    enum trundle_status status = TRUNDLE_OK;

    c.samples = 32;
    if (j->ask->int8)
        TRY(quantize_graph(g, &c, &j->calibrate, &q, NULL, err));
    TRY_GOTO(status, net_plan_new(q ? q : g, &(struct net_plan_options){ .threads = (int)j->ask->threads }, &plan, err), out);
    TRY_GOTO(status, j->calibrate.fill(j->calibrate.user, 0, 1, net_plan_input(plan, 0), NULL, err), out);
    for (int i = -5; i < 31; i++) {
        int64_t begin = clock_mono_ns();

        TRY_GOTO(status, net_plan_run(plan, err), out);
        if (i >= 0)
            ms[i] = (double)(clock_mono_ns() - begin) * 1e-6;
    }
    for (int i = 1; i < 31; i++)
        for (int k = i; k > 0 && ms[k] < ms[k - 1]; k--) {
            double swap = ms[k];

            ms[k] = ms[k - 1];
            ms[k - 1] = swap;
        }
    *out = ms[15];
out:
    net_plan_free(plan);
    net_graph_free(q);
    return status;
}

static enum trundle_status look(const struct job *j, const struct net_graph *g, double keep, struct stop *out, struct trundle_error *err)
{
    static char title[] = "judging";
    struct stop s = { .keep = keep, .kib = constant_kib(g) };
    double p, half;

    TRY(time_ms(j, g, &s.ms, err));
    TRY(compare_graphs(j->g, g, &j->judge, judged(j), &(struct compare_options){ .threads = (int)j->ask->threads, .progress = bar, .user = title }, &s.c, err));
    p = (double)s.c.right_b / (double)s.c.n;
    half = 1.96 * sqrt(p * (1 - p) / (double)s.c.n);
    s.percent = 100 * p;
    s.low = 100 * (p - half);
    s.high = 100 * (p + half);
    for (int i = 0; i < g->nodes_n; i++)
        s.macs += (double)net_node_macs(g, &g->node[i]);
    *out = s;
    return TRUNDLE_OK;
}

static enum trundle_status draw(const struct stop *s, int n, const char *path, struct trundle_error *err)
{
    double ms[STOPS], percent[STOPS], low[STOPS], high[STOPS], kib[STOPS];
    char text[STOPS][48];
    const char *label[STOPS];
    struct plot_series series[2] = { { .name = "accuracy, 95 %", .x = ms, .y = percent, .low = low, .high = high, .label = label, .n = (size_t)n, .both = true },
                                     { .name = "size", .x = ms, .y = kib, .n = (size_t)n, .right = true, .both = true } };
    struct plot plot = { .title = "pruning by measured latency", .x = "ms a picture, one picture at a time", .y = "percent right", .right = "KiB of weights", .series = series, .n = 2 };

    for (int i = 0; i < n; i++) {
        ms[i] = s[i].ms;
        percent[i] = s[i].percent;
        low[i] = s[i].low;
        high[i] = s[i].high;
        kib[i] = s[i].kib;
        (void)snprintf(text[i], sizeof text[i], "%.0f %% of channels", 100 * s[i].keep);
        label[i] = text[i];
    }
    return plot_write(&plot, path, err);
}

struct pruning { struct prune_groups groups; struct prune_table *table; double *importance; bool *gone; int units; double full_ns; };

static void pruning_done(struct pruning *p)
{
    prune_groups_done(&p->groups);
    prune_table_free(p->table);
    free(p->importance);
    free(p->gone);
    *p = (struct pruning){ .units = p->units, .full_ns = p->full_ns };
}

/* One round: measure, weigh, choose, cut, learn. */
static enum trundle_status round_of(const struct job *j, struct pruning *p, struct net_graph **g, double keep, double target_ns, uint64_t first, double *out_keep, struct trundle_error *err)
{
    static char measuring[] = "measuring", learning[] = "learning";
    struct finetune_config f = FINETUNE_CONFIG_DEFAULT;
    struct net_graph *cut = NULL, *better = NULL;
    enum trundle_status status;

    TRY(prune_find(*g, &p->groups, err));
    if (!p->units)
        p->units = p->groups.n;
    p->importance = calloc((size_t)p->groups.n + 1, sizeof *p->importance);
    p->gone = calloc((size_t)p->groups.n + 1, sizeof *p->gone);
    if (!p->importance || !p->gone)
        return error_set(err, TRUNDLE_NO_MEMORY, "prune", NULL, "no memory left");
    TRY(prune_measure(*g, &(struct prune_measure){ .threads = (int)j->ask->threads, .int8 = j->ask->int8, .progress = bar, .user = measuring }, &p->table, err));
    if (p->full_ns == 0)
        p->full_ns = prune_net_ns(p->table, *g, &p->groups, NULL);
    TRY(finetune_importance(*g, &p->groups, &j->learn, 32, 40, p->importance, err));
    TRY(prune_choose(*g, &p->groups, p->table, p->importance,
                     &(struct prune_goal){ .keep = keep > 0 ? fmin(1, keep * p->units / p->groups.n) : 0, .target_ns = target_ns }, p->gone, err));
    TRY(prune_cut(*g, &p->groups, p->gone, &cut, err));
    *out_keep = 0;
    for (int u = 0; u < p->groups.n; u++)
        *out_keep += !p->gone[u];
    *out_keep /= p->units;
    f.steps = j->ask->steps;
    f.rate = j->ask->rate;
    f.threads = (int)j->ask->threads;
    f.teacher = j->g;
    f.first = first;
    f.progress = bar;
    f.user = learning;
    status = finetune_run(cut, &j->learn, &f, &better, err);
    net_graph_free(cut);
    TRY(status);
    net_graph_free(*g);
    *g = better;
    return net_graph_infer(*g, 1, err);
}

static void print_stop(const struct stop *s, const struct stop *first, bool json)
{
    if (json) {
        json_t *o = json_pack("{s:f, s:f, s:f, s:f}", "keep", s->keep, "ms", s->ms, "kib", s->kib, "mmacs", s->macs * 1e-6);

        if (o)
            pack_compare(o, &s->c);
        (void)json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        puts("");
        (void)fflush(stdout);
        json_decref(o);
        return;
    }
    printf("%3.0f %% of channels: %.3f ms (%.2fx), %.1f KiB, %.2f M multiply-adds, %.2f %% right, %.2f points less (at most %.2f)\n", 100 * s->keep, s->ms, first->ms / s->ms, s->kib,
           s->macs * 1e-6, s->percent, 100 * compare_drop(&s->c), 100 * compare_drop_most(&s->c));
    (void)fflush(stdout);
}

static enum trundle_status prune(const struct ask *a, const char *path, struct trundle_error *err)
{
    struct pruning p = { 0 };
    struct net_graph *g = NULL;
    struct stop stop[STOPS];
    char out[4096], curve[4096];
    json_t *note = NULL;
    int n = 0, rounds = (int)a->rounds;
    double keep = 1;
    struct job j;
    enum trundle_status status = job_open(&j, a, path, err);

    if (status != TRUNDLE_OK)
        goto out;
    TRY_GOTO(status, net_graph_copy(j.g, false, &g, err), out);
    TRY_GOTO(status, net_graph_infer(g, 1, err), out);
    TRY_GOTO(status, look(&j, g, 1, &stop[n++], err), out);
    print_stop(&stop[0], &stop[0], a->json);
    for (int k = 1; k <= rounds; k++) {
        double goal = a->keep > 0 ? pow(a->keep, (double)k / rounds) : 0, target = 0;

        if (a->target_ms > 0) {
            /* The table counts layers alone: its sum is held to the share of the measured time that is asked for. */
            double share = fmin(1, a->target_ms / stop[0].ms), now = p.full_ns;

            if (now == 0) {
                TRY_GOTO(status, prune_find(g, &p.groups, err), out);
                TRY_GOTO(status, prune_measure(g, &(struct prune_measure){ .threads = (int)a->threads, .int8 = a->int8 }, &p.table, err), out);
                now = prune_net_ns(p.table, g, &p.groups, NULL);
                pruning_done(&p);
                p.full_ns = now;
            }
            target = now * pow(share, (double)k / rounds);
        }
        TRY_GOTO(status, round_of(&j, &p, &g, goal, target, (uint64_t)k * 1000003, &keep, err), out);
        pruning_done(&p);
        TRY_GOTO(status, look(&j, g, keep, &stop[n++], err), out);
        print_stop(&stop[n - 1], &stop[0], a->json);
    }
    beside(path, "-pruned", out, sizeof out);
    (void)snprintf(curve, sizeof curve, "%.*s.svg", (int)(strlen(a->out ? a->out : out) - 4), a->out ? a->out : out);
    note = json_pack("{s:f, s:f, s:I}", "keep", keep, "ms", stop[n - 1].ms, "steps", (json_int_t)(a->steps * a->rounds));
    if (note)
        pack_compare(note, &stop[n - 1].c);
    TRY_GOTO(status, save(&j, g, "pruned", note, a->out ? a->out : out, err), out);
    TRY_GOTO(status, draw(stop, n, a->curve ? a->curve : curve, err), out);
    if (!a->json)
        printf("model: %s\ncurve: %s\n", a->out ? a->out : out, a->curve ? a->curve : curve);
out:
    pruning_done(&p);
    json_decref(note);
    net_graph_free(g);
    job_done(&j);
    return status;
}

int net_prune(int argc, char **argv)
{
    struct ask a = { .generated = -1, .check = 2000, .steps = 400, .rounds = 4, .threads = 1, .rate = 5e-3 };
    const struct option_row rows[] = {
        { "keep", "R", OPTION_NUMBER, &a.keep, "share of the channels that stay, 0..1" },
        { "target-ms", "X", OPTION_NUMBER, &a.target_ms, "milliseconds a picture on this machine" },
        { "recipe", "RECIPE", OPTION_TEXT, &a.recipe, "the data to learn from; judged on its final data" },
        { "generated", "SEED", OPTION_LONG, &a.generated, "generated pictures instead; judged on those of SEED + 1" },
        { "data", "DIR", OPTION_TEXT, &a.data, "a folder of pictures, one folder a class; with --recipe: what its paths are relative to" },
        { "rounds", "N", OPTION_LONG, &a.rounds, "cut and learn N times (default 4, at most 11)" },
        { "steps", "N", OPTION_LONG, &a.steps, "of learning after each cut (default 400)" },
        { "rate", "R", OPTION_NUMBER, &a.rate, "of learning (default 0.005)" },
        { "int8", NULL, OPTION_FLAG, &a.int8, "measure latency in int8, as the model will run" },
        { "check", "N", OPTION_LONG, &a.check, "judge each round on N held-out pictures (default 2000)" },
        { "threads", "N", OPTION_LONG, &a.threads, "default 1" },
        { "curve", "FILE.svg", OPTION_TEXT, &a.curve, "accuracy, latency and size (default: beside the model)" },
        { "out", "FILE", OPTION_TEXT, &a.out, "default: MODEL-pruned.net" },
        { "json", NULL, OPTION_FLAG, &a.json, "one JSON object a round" },
        { 0 } };
    struct trundle_error err = { 0 };
    int first, code;

    if (!option_parse(argc, argv, "trundle net prune MODEL (--keep R | --target-ms X) (--recipe RECIPE | --generated SEED | --data DIR)",
                      "takes whole channels out of a model, by measured latency, and lets it learn again", rows, &first, &code))
        return code;
    if (first != argc - 1 || (!a.data && a.generated < 0 && !a.recipe) || !(a.keep >= 0 && a.keep <= 1) || !(a.target_ms >= 0) || (a.keep == 0) == (a.target_ms == 0) || a.check < 1 ||
        a.steps < 1 || a.steps > 10000000 || a.rounds < 1 || a.rounds >= STOPS || a.threads < 1 || a.threads > 64 || !(a.rate > 0) || (a.out && strlen(a.out) < 5)) {
        fprintf(stderr, "trundle net prune: needs one model, --keep or --target-ms, and pictures: --recipe, --generated or --data; trundle net prune --help\n");
        return EXIT_USAGE;
    }
    return prune(&a, argv[first], &err) == TRUNDLE_OK ? EXIT_OK : option_fail("net prune", &err);
}
