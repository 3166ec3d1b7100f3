/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Fits a baseline's numbers on trips with truth: the senses run once a trip, then every try replays what they said. */
#include "base/std/status.h"
#include "base/trip/trip.h"
#include "cart/calib/cart_file.h"
#include "cart/runtime/trip_world.h"
#include "lab/judge/baseline/baseline.h"
#include "lab/judge/inner.h"
#include "lab/sim/sim.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 3 };

struct rehearsal {                     /* one trip, ready to be tried */
    struct trip_world world;
    struct trundle_setup setup;
    struct judge_truth truth;
    struct judge_replay *replay;
};

struct fitting {
    const char *name;
    const struct judge_cart_ops *ops;
    const struct judge_baseline_field *field;
    size_t fields_n;
    struct rehearsal *trip;            /* owned */
    size_t trips_n, tried;
};

static void rehearsal_done(struct rehearsal *t)
{
    judge_replay_free(t->replay);
    judge_truth_done(&t->truth);
    trip_world_done(&t->world);
}

static enum trundle_status rehearse(struct fitting *f, const char *path, struct rehearsal *t, struct trundle_error *err)
{
    struct trip_reader *reader = NULL;
    struct trundle_message m;
    struct cart_file cart;
    enum trundle_status status;

    TRY_GOTO(status, trip_open(path, &reader, err), out);
    t->truth.seed = trip_head(reader)->seed;
    t->truth.start_wall_ns = trip_head(reader)->start_wall_ns;
    TRY_GOTO(status, trip_world_load(path, reader, &(struct trip_world_options){ 0 }, &t->world, err), out);
    trip_world_setup(&t->world, &t->setup);
    TRY_GOTO(status, cart_file_parse(t->world.cart_json.data, t->world.cart_json.n, path, &cart, err), out);
    t->truth.e_g = cart.scale.e_g;
    TRY_GOTO(status, judge_replay_new(f->ops, &t->setup, &t->replay, err), out);
    while ((status = trip_next(reader, &m, err)) == TRUNDLE_OK) {
        if (m.channel == TRUNDLE_TRUTH)
            TRY_GOTO(status, judge_truth_add(&t->truth, m.truth.bytes, m.truth.bytes_n, err), out);
        else
            TRY_GOTO(status, judge_replay_push(t->replay, &m, err), out);
    }
    if (status == TRUNDLE_END)
        status = judge_truth_finish(&t->truth, err);
out:
    trip_free(reader);
    return status;
}

/* Event F1 over all trips with these numbers. */
static enum trundle_status try_values(struct fitting *f, const double *value, double *out_f1, struct trundle_error *err)
{
    struct judge_sum sum = { 0 };
    struct bytes text = { 0 };
    enum trundle_status status;

    f->tried++;
    TRY_GOTO(status, judge_baseline_print(f->name, value, &text), out);
    for (size_t i = 0; i < f->trips_n; i++) {
        struct rehearsal *t = &f->trip[i];
        struct trundle_setup setup = t->setup;
        struct judge_prediction p = { .events_n = 0 };
        struct judge_tally tally = { 0 };

        setup.fuse_json = (struct trundle_text){ (const char *)text.data, text.n };
        status = judge_replay_again(t->replay, &setup, &p, err);
        if (status == TRUNDLE_OK)
            status = judge_score(&t->truth, &p, t->world.catalog, &tally, NULL, err);
        sum.num += tally.key[JUDGE_event_f1].num;
        sum.den += tally.key[JUDGE_event_f1].den;
        judge_tally_done(&tally);
        judge_prediction_done(&p);
        if (status != TRUNDLE_OK)
            goto out;
    }
    *out_f1 = sum.den > 0 ? sum.num / sum.den : 0;
out:
    bytes_done(&text);
    return status;
}

static enum trundle_status search(struct fitting *f, struct judge_baseline_fit *fit, struct trundle_error *err)
{
    bool better = true;

    for (size_t i = 0; i < f->fields_n; i++)
        fit->value[i] = f->field[i].grid[f->field[i].grid_n / 2];
    TRY(try_values(f, fit->value, &fit->f1, err));
    fit->f1_start = fit->f1;
    for (int round = 0; round < ROUNDS_MAX && better; round++) {
        better = false;
        for (size_t i = 0; i < f->fields_n; i++) {
            double kept = fit->value[i];

            for (size_t k = 0; k < f->field[i].grid_n; k++) {
                double value[JUDGE_BASELINE_FIELDS], f1;

                memcpy(value, fit->value, sizeof value);
                value[i] = f->field[i].grid[k];
                if (fabs(value[i] - kept) < 1e-12)
                    continue;
                TRY(try_values(f, value, &f1, err));
                if (f1 > fit->f1 + 1e-9) {
                    fit->f1 = f1;
                    fit->value[i] = value[i];
                    better = true;
                }
            }
        }
    }
    fit->tried = f->tried;
    return TRUNDLE_OK;
}

enum trundle_status judge_baseline_fit(const char *name, const char *const *paths, size_t n, void (*progress)(void *user, size_t done, size_t total), void *user,
                                       struct judge_baseline_fit *out, struct trundle_error *err)
{
    struct fitting f = { .name = name, .ops = judge_baseline(name) };
    struct judge_baseline_fit fit = { .trips = 0 };
    struct judge_list list = { 0 };
    enum trundle_status status;

    if (!f.ops)
        return error_set(err, TRUNDLE_NOT_FOUND, "judge", "scan-only, weight-only, shelf-rule, vision-only, frame-by-frame", "no baseline '%s'", name);
    f.field = judge_baseline_fields(name, &f.fields_n);
    TRY_GOTO(status, judge_list_paths(paths, n, &list, err), out);
    f.trip = calloc(list.n, sizeof *f.trip);
    if (!f.trip) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu trips", list.n);
        goto out;
    }
    for (; f.trips_n < list.n; f.trips_n++) {
        status = rehearse(&f, list.path[f.trips_n], &f.trip[f.trips_n], err);
        if (status != TRUNDLE_OK) {
            rehearsal_done(&f.trip[f.trips_n]);
            goto out;
        }
        if (progress)
            progress(user, f.trips_n + 1, list.n);
    }
    fit.trips = f.trips_n;
    TRY_GOTO(status, search(&f, &fit, err), out);
    *out = fit;
out:
    for (size_t i = 0; i < f.trips_n; i++)
        rehearsal_done(&f.trip[i]);
    free(f.trip);
    judge_list_done(&list);
    return status;
}

enum trundle_status judge_baseline_fit_suite(const char *name, const char *suite, int64_t seed, size_t trips, int jobs,
                                             void (*progress)(void *user, size_t done, size_t total), void *user, struct judge_baseline_fit *out,
                                             struct trundle_error *err)
{
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    const char *tmp = getenv("TMPDIR"), *dir_is;
    struct sim_suite *loaded = NULL;
    char dir[1024];
    enum trundle_status status;

    TRY(sim_suite_load(suite, &loaded, err));
    if ((size_t)snprintf(dir, sizeof dir, "%s/trundle-fit-XXXXXX", tmp && *tmp ? tmp : "/tmp") >= sizeof dir || !mkdtemp(dir)) {
        status = error_set(err, TRUNDLE_IO, dir, "TMPDIR names a folder with room", "cannot make a temporary folder: %s", strerror(errno));
        dir[0] = '\0';
        goto out;
    }
    dir_is = dir;
    options.jobs = jobs;
    TRY_GOTO(status, sim_trips_make(loaded, seed, trips, dir, &options, err), out);
    status = judge_baseline_fit(name, &dir_is, 1, progress, user, out, err);
out:
    if (dir[0])
        judge_discard(dir);
    sim_suite_free(loaded);
    return status;
}
