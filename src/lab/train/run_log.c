/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The log of a run: JSON lines, and the learning curve drawn from them. */
#include "lab/train/run_inner.h"

#include "base/std/time.h"
#include "lab/train/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum trundle_status curve_add(struct run_curve *c, double step, double value, struct trundle_error *err)
{
    if (c->n == c->room) {
        size_t room = c->room ? 2 * c->room : 256;
        struct run_point *moved = realloc(c->at, room * sizeof *moved);

        if (!moved)
            return error_set(err, TRUNDLE_NO_MEMORY, "log", NULL, "no memory");
        c->at = moved;
        c->room = room;
    }
    c->at[c->n++] = (struct run_point){ step, value };
    return TRUNDLE_OK;
}

/* Appends to memory and to the file; a line cut by a kill is dropped when it is read again. */
static enum trundle_status append(struct run *r, json_t *line, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256], *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(8)) : NULL;
    enum trundle_status status = TRUNDLE_OK;
    FILE *file;

    if (!text) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "log", NULL, "no memory for a line");
        goto out;
    }
    TRY_GOTO(status, bytes_print(&r->log, "%s\n", text), out);
    TRY_GOTO(status, run_path(r, "log.jsonl", path, sizeof path, err), out);
    file = fopen(path, "a");
    if (!file || fprintf(file, "%s\n", text) < 0)
        status = error_set(err, TRUNDLE_IO, path, NULL, "cannot append to the log");
    if (file && fclose(file) != 0 && status == TRUNDLE_OK)
        status = error_set(err, TRUNDLE_IO, path, NULL, "cannot append to the log");
out:
    free(text);
    json_decref(line);
    return status;
}

enum trundle_status run_log_step(struct run *r, double rate, struct trundle_error *err)
{
    double loss = r->loss_sum / (r->loss_n ? r->loss_n : 1);

    r->loss_sum = 0;
    r->loss_n = 0;
    r->logged_ns = clock_mono_ns();
    TRY(curve_add(&r->loss, (double)r->step, loss, err));
    return append(r, json_pack("{s:I, s:f, s:f, s:f, s:i, s:f, s:f}", "step", (json_int_t)r->step, "epochs", run_epochs(r), "loss", loss, "rate", rate, "px", r->px, "wall_s",
                               run_wall_s(r), "cpu_s", run_cpu_s(r)), err);
}

static void put(json_t *o, const char *key, double value)
{
    if (isfinite(value))
        (void)json_object_set_new(o, key, json_real(value));
}

json_t *run_score_json(const struct objective_score *s)
{
    json_t *o = json_pack("{s:I}", "n", (json_int_t)s->n);

    if (!o)
        return NULL;
    put(o, "top1", s->top1);
    put(o, "coarse_top1", s->coarse_top1);
    put(o, "recall1", s->recall1);
    put(o, "ap50", s->ap50);
    put(o, "loss", s->loss);
    return o;
}

enum trundle_status run_log_score(struct run *r, const char *what, const struct objective_score *s, struct trundle_error *err)
{
    if (!strcmp(what, "held_out"))
        TRY(curve_add(&r->figure, (double)r->step, objective_figure(s), err));
    return append(r, json_pack("{s:I, s:f, s:s, s:o, s:f, s:f}", "step", (json_int_t)r->step, "epochs", run_epochs(r), "judged", what, "score", run_score_json(s), "wall_s",
                               run_wall_s(r), "cpu_s", run_cpu_s(r)), err);
}

static enum trundle_status draw(const struct run *r, struct trundle_error *err)
{
    size_t n = r->loss.n + r->figure.n + 1;
    double *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
    char path[RECIPE_PATH + 256];
    enum trundle_status status;

    if (!x || !y) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "curve", NULL, "no memory");
        goto out;
    }
    for (size_t i = 0; i < r->loss.n + r->figure.n; i++) {
        const struct run_point *p = i < r->loss.n ? &r->loss.at[i] : &r->figure.at[i - r->loss.n];

        x[i] = p->step;
        y[i] = p->value;
    }
    {
        struct plot_series series[2] = { { .name = "training loss", .x = x, .y = y, .n = r->loss.n },
                                         { .name = "held out, %", .x = x + r->loss.n, .y = y + r->loss.n, .n = r->figure.n, .right = true, .both = true } };
        struct plot plot = { .title = r->recipe->name, .x = "step", .y = "loss", .right = r->figure.n ? "held out, %" : NULL, .series = series, .n = r->figure.n ? 2 : 1 };

        TRY_GOTO(status, run_path(r, "curve.svg", path, sizeof path, err), out);
        status = plot_write(&plot, path, err);
    }
out:
    free(x);
    free(y);
    return status;
}

enum trundle_status run_log_write(struct run *r, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256];

    TRY(run_path(r, "log.jsonl", path, sizeof path, err));
    TRY(file_write(path, r->log.data, r->log.n, err));
    return draw(r, err);
}

enum trundle_status run_log_read(struct run *r, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256], *line, *end;
    enum trundle_status status;
    struct bytes b = { 0 };

    TRY(run_path(r, "log.jsonl", path, sizeof path, err));
    status = file_read(path, 256 << 20, &b, err);
    if (status != TRUNDLE_OK)
        return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
    for (line = (char *)b.data; line && (end = strchr(line, '\n')); line = end + 1) {
        json_t *o = json_loadb(line, (size_t)(end - line), 0, NULL), *score = json_object_get(o, "score");
        double at = (double)json_integer_value(json_object_get(o, "step")), figure = NAN;

        if (o && json_integer_value(json_object_get(o, "step")) <= r->step) {
            if (score) {
                json_t *v = json_object_get(score, "top1");

                v = v ? v : json_object_get(score, "recall1");
                v = v ? v : json_object_get(score, "ap50");
                figure = v ? json_number_value(v) : (double)NAN;
            }
            status = bytes_append(&r->log, line, (size_t)(end - line) + 1);
            if (status == TRUNDLE_OK)
                status = score ? curve_add(&r->figure, at, figure, err) : curve_add(&r->loss, at, json_number_value(json_object_get(o, "loss")), err);
        }
        json_decref(o);
        if (status != TRUNDLE_OK)
            break;
    }
    bytes_done(&b);
    TRY(status);
    return r->ranks.rank == 0 ? run_log_write(r, err) : TRUNDLE_OK;
}
