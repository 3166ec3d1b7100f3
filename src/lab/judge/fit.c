/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Coordinate search over a system's numbers: the senses run once a trip, then every try replays what they said. */
#include "lab/judge/fit.h"

#include "base/std/status.h"
#include "base/trip/trip.h"
#include "cart/calib/cart_file.h"
#include "cart/runtime/trip_world.h"
#include "lab/judge/inner.h"
#include "lab/sim/sim.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_MAX = 64 };

struct rehearsal {                     /* one trip, ready to be tried */
    struct trip_world world;
    struct trundle_setup setup;
    struct judge_truth truth;
    struct judge_replay *replay;
};

struct fitting {
    const struct judge_fit_system *system;
    struct rehearsal *trip;            /* owned */
    struct judge_sum *sum;             /* owned; event F1 of each trip in the present try */
    size_t trips_n, tried;
    int jobs;
    struct trundle_text fuse_json, costs_json;
    pthread_mutex_t lock;              /* of what follows */
    size_t next;
    enum trundle_status status;
    struct trundle_error err;
};

static void rehearsal_done(struct rehearsal *t)
{
    judge_replay_free(t->replay);
    judge_truth_done(&t->truth);
    trip_world_done(&t->world);
}

static enum trundle_status rehearse(const struct judge_cart_ops *ops, const char *path, struct rehearsal *t, struct trundle_error *err)
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
    TRY_GOTO(status, judge_replay_new(ops, &t->setup, &t->replay, err), out);
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

static enum trundle_status try_trip(const struct fitting *f, size_t i, struct trundle_error *err)
{
    const struct rehearsal *t = &f->trip[i];
    struct trundle_setup setup = t->setup;
    struct judge_prediction p = { .events_n = 0 };
    struct judge_tally tally = { 0 };
    enum trundle_status status;

    if (f->fuse_json.n)
        setup.fuse_json = f->fuse_json;
    if (f->costs_json.n)
        setup.costs_json = f->costs_json;
    status = judge_replay_again(t->replay, &setup, &p, err);
    if (status == TRUNDLE_OK)
        status = judge_score(&t->truth, &p, t->world.catalog, &tally, NULL, err);
    f->sum[i] = tally.key[JUDGE_event_f1];
    judge_tally_done(&tally);
    judge_prediction_done(&p);
    return status;
}

static void *work(void *user)
{
    struct fitting *f = user;
    struct trundle_error err = { .status = TRUNDLE_OK };

    (void)pthread_mutex_lock(&f->lock);
    while (f->next < f->trips_n && f->status == TRUNDLE_OK) {
        size_t i = f->next++;
        enum trundle_status status;

        (void)pthread_mutex_unlock(&f->lock);
        status = try_trip(f, i, &err);
        (void)pthread_mutex_lock(&f->lock);
        if (status != TRUNDLE_OK && f->status == TRUNDLE_OK) {
            f->status = status;
            f->err = err;
        }
    }
    (void)pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* Event F1 over all trips with these numbers. */
static enum trundle_status try_values(struct fitting *f, const double *value, double *out_f1, struct trundle_error *err)
{
    struct bytes fuse = { 0 }, costs = { 0 };
    struct judge_sum sum = { 0 };
    pthread_t thread[JOBS_MAX];
    int threads = 0;
    enum trundle_status status;

    f->tried++;
    TRY_GOTO(status, f->system->write(f->system, value, &fuse, &costs), out);
    f->fuse_json = (struct trundle_text){ (const char *)fuse.data, fuse.n };
    f->costs_json = (struct trundle_text){ (const char *)costs.data, costs.n };
    f->next = 0;
    f->status = TRUNDLE_OK;
    while (threads < f->jobs - 1 && pthread_create(&thread[threads], NULL, work, f) == 0)
        threads++;                     /* with fewer it only takes longer */
    (void)work(f);
    for (int i = 0; i < threads; i++)
        (void)pthread_join(thread[i], NULL);
    status = f->status;
    if (status != TRUNDLE_OK && err)
        *err = f->err;
    for (size_t i = 0; i < f->trips_n; i++) {
        sum.num += f->sum[i].num;
        sum.den += f->sum[i].den;
    }
    *out_f1 = sum.den > 0 ? sum.num / sum.den : 0;
out:
    bytes_done(&fuse);
    bytes_done(&costs);
    return status;
}

/* The best of one field's grid with all else as it stands. */
static enum trundle_status search_field(struct fitting *f, size_t i, struct judge_fit *fit, bool *out_better, struct trundle_error *err)
{
    const struct judge_fit_field *field = &f->system->field[i];
    double kept = fit->value[i];

    for (size_t k = 0; k < field->grid_n; k++) {
        double value[JUDGE_FIT_FIELDS], f1;

        memcpy(value, fit->value, sizeof value);
        value[i] = field->grid[k];
        if (fabs(value[i] - kept) < 1e-12)
            continue;
        TRY(try_values(f, value, &f1, err));
        if (f1 > fit->f1 + 1e-9) {
            fit->f1 = f1;
            fit->value[i] = value[i];
            *out_better = true;
        }
    }
    return TRUNDLE_OK;
}

static enum trundle_status search(struct fitting *f, struct judge_fit *fit, void (*progress)(void *user, size_t done, size_t total), void *user,
                                  struct trundle_error *err)
{
    bool better = true;

    for (size_t i = 0; i < f->system->fields_n; i++)
        fit->value[i] = f->system->field[i].start;
    TRY(try_values(f, fit->value, &fit->f1, err));
    fit->f1_start = fit->f1;
    for (int round = 0; round < JUDGE_FIT_ROUNDS && better; round++) {
        better = false;
        for (size_t i = 0; i < f->system->fields_n; i++) {
            TRY(search_field(f, i, fit, &better, err));
            if (progress)
                progress(user, i + 1, f->system->fields_n);
        }
    }
    fit->tried = f->tried;
    return TRUNDLE_OK;
}

enum trundle_status judge_fit(const struct judge_fit_system *system, const char *const *paths, size_t n, int jobs,
                              void (*progress)(void *user, size_t done, size_t total), void *user, struct judge_fit *out, struct trundle_error *err)
{
    struct fitting f = { .system = system, .jobs = jobs < 1 ? 1 : jobs > JOBS_MAX ? JOBS_MAX : jobs };
    struct judge_fit fit = { .trips = 0 };
    struct judge_list list = { 0 };
    enum trundle_status status;

    (void)pthread_mutex_init(&f.lock, NULL);
    TRY_GOTO(status, judge_list_paths(paths, n, &list, err), out);
    f.trip = calloc(list.n, sizeof *f.trip);
    f.sum = calloc(list.n, sizeof *f.sum);
    if (!f.trip || !f.sum) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu trips", list.n);
        goto out;
    }
    for (; f.trips_n < list.n; f.trips_n++) {
        status = rehearse(system->ops, list.path[f.trips_n], &f.trip[f.trips_n], err);
        if (status != TRUNDLE_OK) {
            rehearsal_done(&f.trip[f.trips_n]);
            goto out;
        }
        if (progress)
            progress(user, f.trips_n + 1, list.n);
    }
    fit.trips = f.trips_n;
    TRY_GOTO(status, search(&f, &fit, progress, user, err), out);
    *out = fit;
out:
    for (size_t i = 0; i < f.trips_n; i++)
        rehearsal_done(&f.trip[i]);
    free(f.trip);
    free(f.sum);
    judge_list_done(&list);
    (void)pthread_mutex_destroy(&f.lock);
    return status;
}

enum trundle_status judge_fit_suite(const struct judge_fit_system *system, const char *suite, int64_t seed, size_t trips, int jobs,
                                    void (*progress)(void *user, size_t done, size_t total), void *user, struct judge_fit *out, struct trundle_error *err)
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
    status = judge_fit(system, &dir_is, 1, jobs, progress, user, out, err);
out:
    if (dir[0])
        judge_discard(dir);
    sim_suite_free(loaded);
    return status;
}
