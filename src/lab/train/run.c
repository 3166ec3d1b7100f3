/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The loop of a run: which batch, at which size and rate, when to judge, save and stop. */
#include "lab/train/run_inner.h"

#include "base/std/time.h"
#include "lab/train/network.h"
#include "lab/train/shim.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AHEAD = 3, JUDGE_BATCH = 32 };

double run_rate(const struct recipe_schedule *s, double done)
{
    double past;

    if (done < s->warmup)
        return s->lr * fmax(done, 1e-3 * s->warmup) / s->warmup;
    past = s->warmup < 1 ? (done - s->warmup) / (1 - s->warmup) : 1;
    return s->lr * (s->floor + (1 - s->floor) * 0.5 * (1 + cos(3.14159265358979323846 * fmin(1, past))));
}

int run_size(const struct recipe_schedule *s, double done)
{
    for (int i = 0; i < s->sizes_n; i++)
        if (done < s->size[i].until)
            return s->size[i].px;
    return s->size[s->sizes_n - 1].px;
}

double run_wall_s(const struct run *r)
{
    return r->wall_before_s + ns_s(clock_mono_ns() - r->wall_start_ns);
}

double run_cpu_s(const struct run *r)
{
    return r->cpu_before_s + ns_s(clock_cpu_ns() - r->cpu_start_ns);
}

double run_epochs(const struct run *r)
{
    return (double)r->step * r->recipe->schedule.batch / (double)data_part_n(r->set, DATA_TRAIN);
}

void run_say(const struct run *r, const char *format, ...)
{
    char text[512];
    va_list args;

    if (!r->options->notice || r->ranks.rank != 0)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->options->notice(r->options->user, text);
}

/* The share that is done at a step: of the steps, or by rank 0's clock. */
static double done_at(const struct run *r, int64_t step)
{
    const struct recipe_schedule *s = &r->recipe->schedule;

    if (r->steps)
        return (double)step / (double)r->steps;
    return s->minutes > 0 ? run_wall_s(r) / (60 * s->minutes) : run_cpu_s(r) / (60 * s->cpu_minutes);
}

/* --- nets --- */

/* The width that goes with a height of `px`, by the shape of the recipe's network.input. */
static int width_of(const struct run *r, int px)
{
    json_t *input = json_object_get(r->recipe->network.value, "input");
    double h = json_number_value(json_array_get(input, 0)), w = json_number_value(json_array_get(input, 1));

    return h >= 1 && w >= 1 && w <= 16 * h ? (int)(px * w / h + 0.5) : px;
}

static enum trundle_status graph_at(const struct run *r, int px, struct net_graph **out, struct trundle_error *err)
{
    struct network_config config = { .classes = data_classes(r->set), .seed = r->recipe->seed, .input = { px, width_of(r, px), 3 } };

    return network_build(&r->recipe->network, &config, out, err);
}

static void sum_ranks(void *user, double *value, size_t n)
{
    const struct run *r = user;

    ranks_sum_double(&r->ranks, value, n);
}

static enum trundle_status train_at(struct run *r, int px, struct train **out, struct trundle_error *err)
{
    const struct recipe_schedule *s = &r->recipe->schedule;
    struct optimizer_config optimizer = { .kind = s->optimizer == RECIPE_SGD ? OPTIMIZER_SGD : OPTIMIZER_ADAMW, .momentum = s->momentum, .nesterov = true,
                                          .beta1 = s->momentum, .beta2 = s->beta2, .eps = 1e-8, .weight_decay = s->weight_decay, .clip = s->clip,
                                          .average = s->ema };
    struct train_config config = { .batch = r->local, .threads = r->options->threads, .optimizer = optimizer, .ranks = r->ranks.n,
                                   .sum = r->ranks.n > 1 ? sum_ranks : NULL, .user = r };
    struct net_graph *g = NULL;
    struct train *t = NULL;
    enum trundle_status status;

    TRY(graph_at(r, px, &g, err));
    TRY_GOTO(status, train_new(g, &config, &t, err), out);
    TRY_GOTO(status, objective_fits(r->objective, train_graph(t), r->local, err), out);
    *out = t;
    t = NULL;
out:
    net_graph_free(g);
    train_free(t);
    return status;
}

/* The same training at another picture size. */
static enum trundle_status resize(struct run *r, int px, struct trundle_error *err)
{
    size_t n = train_state_bytes(r->train);
    void *state = malloc(n ? n : 1);
    enum trundle_status status;

    if (!state)
        return error_set(err, TRUNDLE_NO_MEMORY, "run", NULL, "no memory for the state");
    train_state_save(r->train, state);
    train_free(r->train);
    r->train = NULL;
    TRY_GOTO(status, train_at(r, px, &r->train, err), out);
    TRY_GOTO(status, train_state_load(r->train, state, n, err), out);
    r->px = px;
    run_say(r, "pictures of %d px from here: %s", px, train_describe(r->train));
out:
    free(state);
    return status;
}

/* --- judging --- */

static enum trundle_status judge_ready(struct run *r, struct trundle_error *err)
{
    struct train_config config = { .batch = JUDGE_BATCH, .threads = r->options->threads, .optimizer = { .kind = OPTIMIZER_SGD } };
    const float *weights;
    struct net_graph *g = NULL;
    enum trundle_status status = TRUNDLE_OK;
    size_t n, m;
    float *to;

    if (!r->judge) {
        TRY(graph_at(r, r->recipe->evaluation.px, &g, err));
        status = train_new(g, &config, &r->judge, err);
        net_graph_free(g);
        TRY(status);
    }
    weights = train_average(r->train, &n);
    if (!weights)
        weights = train_weights(r->train, &n);
    to = train_weights(r->judge, &m);
    if (n != m)
        return error_set(err, TRUNDLE_BAD_INPUT, "evaluation", "the same layers at every size", "the net has other weights at %d px", r->recipe->evaluation.px);
    memcpy(to, weights, n * sizeof *to);
    to = train_statistics(r->judge, &m);
    weights = train_statistics(r->train, &n);
    if (n)
        memcpy(to, weights, n * sizeof *to);
    return TRUNDLE_OK;
}

static enum trundle_status judge(struct run *r, const struct data_set *set, enum data_part part, const char *what, struct objective_score *out, struct trundle_error *err)
{
    char text[160];

    TRY(judge_ready(r, err));
    TRY(objective_judge(r->objective, r->judge, &r->plan, set, part, r->recipe->evaluation.flip, out, err));
    run_say(r, "%s after %.1f epochs: %s", what, run_epochs(r), objective_text(out, text));
    return run_log_score(r, what, out, err);
}

/* --- one step --- */

static enum trundle_status ask_ahead(struct run *r, struct trundle_error *err)
{
    while (feed_asked(r->feed) < AHEAD && (!r->steps || (int64_t)r->asked < r->steps)) {
        double done = r->steps ? done_at(r, (int64_t)r->asked) : r->done;
        int px = run_size(&r->recipe->schedule, done);

        TRY(feed_ask(r->feed, &(struct feed_ask){ .first = r->asked * (uint64_t)r->recipe->schedule.batch + (uint64_t)(r->ranks.rank * r->local), .n = r->local, .w = width_of(r, px), .h = px }, err));
        r->asked++;
    }
    return TRUNDLE_OK;
}

/* What stopped being finite, and in which picture, when the blame can tell; `fallback`: what is known without it. */
static enum trundle_status not_finite(struct run *r, const struct feed_batch *b, const struct trundle_error *fallback, struct trundle_error *err)
{
    struct trundle_error found = { 0 };
    const char *at;
    int sample;

    if (train_blame(r->train, &found) == TRUNDLE_OK)
        found = *fallback;
    at = strstr(found.where, "sample ");
    if (!at)
        at = strstr(found.what, "sample ");
    if (at && sscanf(at, "sample %d", &sample) == 1 && sample >= 0 && sample < b->n)
        (void)snprintf(found.hint, sizeof found.hint, "sample %d is %.120s; a lower lr or clip may help; the last checkpoint is kept", sample,
                       data_item(r->set, b->truth[sample].item)->name);
    else
        (void)snprintf(found.hint, sizeof found.hint, "a lower lr or clip may help; the last checkpoint is kept");
    if (!strstr(found.where, "step "))
        error_within(&found, "step %lld", (long long)r->step);
    found.status = TRUNDLE_BAD_INPUT;
    if (err)
        *err = found;
    return TRUNDLE_BAD_INPUT;
}

static enum trundle_status step(struct run *r, double *out_loss, double *out_rate, struct trundle_error *err)
{
    struct feed_batch b;
    struct trundle_error found = { 0 };
    size_t gradients_n;
    double loss, norm;
    float *gradients;
    enum trundle_status status;

    TRY(ask_ahead(r, err));
    TRY(feed_take(r->feed, &b, err));
    if (b.h != r->px)
        TRY(resize(r, b.h, err));
    if (r->options->look)
        r->options->look(r->options->user, r->step, &b);
    memcpy(train_input(r->train, 0), b.x, sizeof(float) * (size_t)b.n * (size_t)b.w * (size_t)b.h * 3);
    TRY(train_forward(r->train, TRAIN_LEARN, err));
    TRY(objective_loss(r->objective, r->train, b.truth, b.n, 1.0 / r->recipe->schedule.batch, &loss, err));
    ranks_sum_double(&r->ranks, &loss, 1);
    if (!isfinite(loss)) {
        (void)error_set(&found, TRUNDLE_BAD_INPUT, "loss", NULL, "the loss is not finite, though all that the net computed is");
        return not_finite(r, &b, &found, err);
    }
    TRY(train_backward(r->train, err));
    gradients = train_gradients(r->train, &gradients_n);
    ranks_sum(&r->ranks, gradients, gradients_n);
    *out_rate = run_rate(&r->recipe->schedule, r->done);
    status = train_apply(r->train, *out_rate, &norm, &found);
    if (status == TRUNDLE_BAD_INPUT)
        return not_finite(r, &b, &found, err);
    if (status != TRUNDLE_OK) {
        if (err)
            *err = found;
        return status;
    }
    *out_loss = loss;
    r->step++;
    return TRUNDLE_OK;
}

static void tell(struct run *r, double loss, double rate, double pictures_per_s)
{
    struct run_progress p = { r->step, fmin(1, r->done), run_epochs(r), loss, rate, run_wall_s(r), run_cpu_s(r), pictures_per_s, r->px, r->has_score ? &r->score : NULL };

    if (r->options->progress && r->ranks.rank == 0)
        r->options->progress(r->options->user, &p);
}

/* What rank 0 says holds for all: share done, and whether to stop. */
static bool agree(struct run *r)
{
    struct { double done; int stop; } word = { done_at(r, r->step), r->options->stop && *r->options->stop };

    if (r->ranks.n > 1)
        ranks_spread(&r->ranks, &word, sizeof word);
    r->done = word.done;
    return word.stop;
}

static bool judge_is_due(const struct run *r)
{
    double every = r->recipe->evaluation.every_epochs, each = r->recipe->schedule.batch / (double)data_part_n(r->set, DATA_TRAIN);

    return every > 0 && floor((double)r->step * each / every) > floor((double)(r->step - 1) * each / every);
}

static enum trundle_status loop(struct run *r, bool *out_stopped, struct trundle_error *err)
{
    double save_ns = r->recipe->schedule.save_minutes * 60e9, loss = 0, rate = 0, speed = 0;
    bool held_out = data_part_n(r->set, DATA_HELD_OUT) > 0;

    r->saved_ns = r->logged_ns = clock_mono_ns();
    while (!(*out_stopped = agree(r)) && r->done < 1) {
        int64_t begun = clock_mono_ns(), now;

        TRY(step(r, &loss, &rate, err));
        r->loss_sum += loss;
        r->loss_n++;
        now = clock_mono_ns();
        speed = (speed > 0 ? 0.9 * speed : 0) + (speed > 0 ? 0.1 : 1) * r->recipe->schedule.batch / ns_s(now - begun + 1);
        tell(r, loss, rate, speed);
        if (r->ranks.rank != 0)
            continue;
        if (now - r->logged_ns > NS_PER_S || r->step == r->steps)
            TRY(run_log_step(r, rate, err));
        if (held_out && judge_is_due(r) && r->step != r->steps) {
            TRY(judge(r, r->set, DATA_HELD_OUT, "held_out", &r->score, err));
            r->has_score = true;
        }
        if ((double)(now - r->saved_ns) >= save_ns) {
            TRY(run_save(r, err));
            r->saved_ns = clock_mono_ns();
        }
    }
    return TRUNDLE_OK;
}

/* --- a whole run --- */

static enum trundle_status open_data(struct run *r, struct trundle_error *err)
{
    const char *folder = r->options->folder ? r->options->folder : getenv("TRUNDLE_DATA");
    const struct data_broken *broken;
    int threads = r->options->threads;
    size_t n;

    TRY(data_open(&r->recipe->data, folder ? folder : ".", threads, &r->set, err));
    broken = data_broken(r->set, &n);
    for (size_t i = 0; i < n && i < 20; i++)
        run_say(r, "left out: %s: %s", broken[i].name, broken[i].what);
    run_say(r, "%zu pictures for training, %zu held out, %zu broken; %d classes%s", data_part_n(r->set, DATA_TRAIN), data_part_n(r->set, DATA_HELD_OUT), n,
            data_classes(r->set), data_in_memory(r->set) ? "" : "; they do not fit into memory_mb and are decoded again and again");
    if (r->recipe->evaluation.has_final)
        TRY(data_open(&r->recipe->evaluation.final, folder ? folder : ".", threads, &r->final, err));
    return TRUNDLE_OK;
}

static enum trundle_status open_folder(struct run *r, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256];
    int n = snprintf(r->folder, sizeof r->folder, "%s/%s", r->options->out, r->recipe->name);

    if (n < 0 || (size_t)n >= sizeof r->folder)
        return error_set(err, TRUNDLE_TOO_LARGE, r->options->out, NULL, "a path of %d bytes", n);
    if (r->ranks.rank == 0)
        TRY(folder_make(r->folder, err));
    if (r->options->resume)
        return TRUNDLE_OK;
    for (int i = 0; i < 2; i++) {
        TRY(run_path(r, i ? "manifest.json" : "checkpoint.bin", path, sizeof path, err));
        if (r->ranks.rank == 0 && access(path, F_OK) == 0)
            return error_set(err, TRUNDLE_CONFLICT, r->folder, i ? "another --out, or remove it" : "--resume goes on; or another --out, or remove it",
                             i ? "holds a model already" : "holds an unfinished run");
    }
    return TRUNDLE_OK;
}

static enum trundle_status open_run(struct run *r, struct trundle_error *err)
{
    const struct recipe_schedule *s = &r->recipe->schedule;
    int workers = r->options->workers >= 0 ? r->options->workers : r->options->threads > 1, most = 0;
    int n;

    if (r->options->threads < 1)
        return error_set(err, TRUNDLE_BAD_ARG, "threads", NULL, "%d threads", r->options->threads);
    if (s->batch % r->ranks.n)
        return error_set(err, TRUNDLE_BAD_ARG, "schedule.batch", NULL, "a batch of %d cannot be shared evenly by %d ranks", s->batch, r->ranks.n);
    r->local = s->batch / r->ranks.n;
    TRY(open_folder(r, err));
    TRY(open_data(r, err));
    TRY(objective_new(&r->recipe->losses, r->set, &r->objective, err));
    for (int i = 0; r->ranks.n > 1 && i < (objective_losses(r->objective, &n), n); i++)
        if (objective_losses(r->objective, &n)[i].kind == OBJECTIVE_CONTRASTIVE)
            return error_set(err, TRUNDLE_UNSUPPORTED, "losses", "one rank", "contrastive compares the pictures of a whole batch, which ranks do not see");
    r->plan = (struct augment_plan){ .config = r->recipe->augment, .seed = r->recipe->seed, .boxes = r->recipe->data.task == DATA_BOXES, .crop = r->recipe->evaluation.crop };
    if (s->epochs > 0)
        r->steps = (int64_t)ceil(s->epochs * (double)data_part_n(r->set, DATA_TRAIN) / s->batch);
    else
        r->steps = s->steps;
    for (int i = 0; i < s->sizes_n; i++)
        for (int side = 0; side < 2; side++) {
            int px = side ? width_of(r, s->size[i].px) : s->size[i].px;

            most = px > most ? px : most;
        }
    TRY(feed_start(&r->plan, r->set, &(struct feed_config){ .batch = r->local, .workers = workers, .ahead = AHEAD, .side_most = most }, &r->feed, err));
    r->px = run_size(s, 0);
    TRY(train_at(r, r->px, &r->train, err));
    if (r->options->resume)
        TRY(run_load(r, err));
    r->asked = (uint64_t)r->step;
    run_say(r, "%s", train_describe(r->train));
    return TRUNDLE_OK;
}

static void close_run(struct run *r)
{
    feed_stop(r->feed);
    train_free(r->train);
    train_free(r->judge);
    objective_free(r->objective);
    data_free(r->set);
    data_free(r->final);
    bytes_done(&r->log);
    free(r->loss.at);
    free(r->figure.at);
}

/* The end, or the pause. */
static enum trundle_status leave(struct run *r, bool stopped, struct run_report *report, struct trundle_error *err)
{
    *report = (struct run_report){ .finished = !stopped, .steps = r->step, .epochs = run_epochs(r), .wall_s = run_wall_s(r), .cpu_s = run_cpu_s(r) };
    (void)snprintf(report->folder, sizeof report->folder, "%s", r->folder);
    if (r->ranks.rank != 0)
        return TRUNDLE_OK;
    if (stopped)
        return run_save(r, err);
    if (data_part_n(r->set, DATA_HELD_OUT)) {
        TRY(judge(r, r->set, DATA_HELD_OUT, "held_out", &report->held_out, err));
        report->has_held_out = true;
    }
    if (r->final) {
        TRY(judge(r, r->final, DATA_ALL, "final", &report->final, err));
        report->has_final = true;
    }
    TRY(judge_ready(r, err));                 /* it holds what is exported */
    return run_finish(r, report, err);
}

enum trundle_status run_recipe(const struct recipe *recipe, const struct run_options *options, struct run_report *out, struct trundle_error *err)
{
    struct run *r = calloc(1, sizeof *r);
    struct run_report report;
    enum trundle_status status;
    bool stopped = false;

    if (!r)
        return error_set(err, TRUNDLE_NO_MEMORY, "run", NULL, "no memory");
    r->recipe = recipe;
    r->options = options;
    r->ranks = options->ranks ? *options->ranks : (struct ranks){ 0, 1 };
    shim_one_thread();                        /* before the first net is made: kernels are chosen for the number of threads */
    r->wall_start_ns = clock_mono_ns();
    r->cpu_start_ns = clock_cpu_ns();
    TRY_GOTO(status, open_run(r, err), out);
    TRY_GOTO(status, loop(r, &stopped, err), out);
    TRY_GOTO(status, leave(r, stopped, &report, err), out);
    *out = report;
out:
    close_run(r);
    free(r);
    return status;
}
