/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One trip file scored, and many of them. */
#include "lab/judge/judge.h"

#include "base/std/json.h"
#include "base/std/list.h"
#include "base/std/status.h"
#include "base/trip/trip.h"
#include "cart/calib/cart_file.h"
#include "cart/runtime/trip_world.h"
#include "lab/judge/inner.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TRIPS_MAX = 1000000 };

static enum trundle_status scale_of(const struct bytes *cart_json, const char *path, double *out_e_g, struct trundle_error *err)
{
    struct cart_file cart;

    TRY(cart_file_parse(cart_json->data, cart_json->n, path, &cart, err));
    *out_e_g = cart.scale.e_g;
    return TRUNDLE_OK;
}

/* Scoring alone needs prices, not the very catalog: the store's if it is the right one, else the rows in the trip. */
static enum trundle_status load_prices(const char *path, struct trip_reader *reader, const struct judge_config *config, struct trip_world *w,
                                       struct trundle_error *err)
{
    struct trip_world_options options = { .catalog_dir = config->catalog_dir, .no_gallery = true };
    struct bytes json = { 0 };
    struct trip_world rows = { .start_wall_ns = trip_head(reader)->start_wall_ns };
    enum trundle_status status = trip_world_load(path, reader, &options, w, err);

    if (status == TRUNDLE_OK || config->catalog_dir)
        return status;
    TRY_GOTO(status, trip_attachment(reader, TRIP_CART_JSON, &rows.cart_json, err), out);
    TRY_GOTO(status, trip_attachment(reader, TRIP_CATALOG_JSON, &json, err), out);
    TRY_GOTO(status, catalog_from_json(json.data, json.n, path, &rows.catalog, err), out);
    *w = rows;
    rows = (struct trip_world){ 0 };
out:
    bytes_done(&json);
    trip_world_done(&rows);
    return status;
}

static bool replays(const struct judge_config *config)
{
    return !config->recorded && !config->submission;
}

static enum trundle_status load_world(const char *path, struct trip_reader *reader, const struct judge_config *config, struct trip_world *w,
                                      struct trundle_error *err)
{
    struct trip_world_options options = { .catalog_dir = config->catalog_dir, .no_gallery = config->no_pictures };

    return replays(config) ? trip_world_load(path, reader, &options, w, err) : load_prices(path, reader, config, w, err);
}

/* Everything one trip takes while it is scored. */
struct sitting {
    const struct judge_config *config;
    struct trip_reader *reader;
    struct trip_world world;
    struct judge_truth truth;
    struct judge_replay *replay;           /* NULL: nothing is replayed */
    struct judge_ledger *ledger;           /* of the recorded decisions */
    struct judge_prediction prediction[JUDGE_MODES];
    struct bytes first_frame[TRUNDLE_CAMERAS_MAX];   /* JUDGE_CONSTANT_FRAMES */
    int64_t end_ns;                        /* the last log time */
};

/* Every product gets the mass of the one a third of the catalog further on. */
static enum trundle_status swap_weights(struct trip_world *w, struct trundle_error *err)
{
    json_t *root = NULL, *products = NULL;
    struct json_at at;
    struct bytes swapped = { 0 };
    enum trundle_status status;
    char *text = NULL;
    size_t n;

    TRY(json_parse(w->catalog_json.data, w->catalog_json.n, "catalog", &root, err));
    at = json_at_root(root, "catalog");
    TRY_GOTO(status, json_take_array(&at, "products", 0, CATALOG_PRODUCTS_MAX, &at, err), out);
    products = json_deep_copy(at.value);
    n = json_array_size(at.value);
    for (size_t i = 0; products && i < n; i++)
        for (int field = 0; field < 2; field++) {
            const char *key = field ? "mass_sd_g" : "mass_g";
            json_t *to = json_array_get(at.value, i), *mass = json_object_get(json_array_get(products, (i + (n + 2) / 3) % n), key);

            if (mass)
                (void)json_object_set(to, key, mass);
            else
                (void)json_object_del(to, key);
        }
    text = products ? json_dumps(root, JSON_COMPACT) : NULL;
    status = text ? bytes_append(&swapped, text, strlen(text)) : TRUNDLE_NO_MEMORY;
    if (status != TRUNDLE_OK) {
        (void)error_set(err, status, "judge", NULL, "no memory for a catalog");
        goto out;
    }
    bytes_done(&w->catalog_json);
    w->catalog_json = swapped;
out:
    free(text);
    json_decref(products);
    json_decref(root);
    return status;
}

static enum trundle_status freeze(struct sitting *s, struct trundle_message *m)
{
    struct bytes *first = m->sensor < TRUNDLE_CAMERAS_MAX ? &s->first_frame[m->sensor] : NULL;

    if (!first)
        return TRUNDLE_OK;
    if (!first->n)
        TRY(bytes_append(first, m->frame.jpeg, m->frame.jpeg_bytes));
    m->frame = (struct trundle_frame){ first->data, first->n };
    return TRUNDLE_OK;
}

static enum trundle_status read_trip(struct sitting *s, struct trundle_error *err)
{
    struct trundle_message m;
    enum trundle_status status;

    while ((status = trip_next(s->reader, &m, err)) == TRUNDLE_OK) {
        s->end_ns = s->truth.end_ns = m.log_ns;
        if (m.channel == TRUNDLE_CAM && s->config->no_pictures)
            continue;
        if (m.channel == TRUNDLE_CAM && s->config->ablation == JUDGE_CONSTANT_FRAMES)
            TRY(freeze(s, &m));
        if (m.channel == TRUNDLE_TRUTH)
            TRY(judge_truth_add(&s->truth, m.truth.bytes, m.truth.bytes_n, err));
        else if (s->replay)
            TRY(judge_replay_push(s->replay, &m, err));
        else if (s->config->recorded && m.channel == TRUNDLE_DECISION)
            TRY(judge_ledger_add(s->ledger, &m.decision, err));
    }
    if (status != TRUNDLE_END)
        return status;
    return judge_truth_finish(&s->truth, err);
}

static enum trundle_status predict(struct sitting *s, struct trundle_error *err)
{
    char name[32];

    if (s->config->submission) {
        (void)snprintf(name, sizeof name, "%" PRId64, s->truth.seed);
        TRY(judge_submission_check(s->config->submission, name, s->world.catalog, s->end_ns, err));
        return judge_submission_of(s->config->submission, name, &s->prediction[JUDGE_UNAIDED], err);
    }
    if (s->config->recorded)
        return judge_ledger_read(s->ledger, &s->prediction[JUDGE_UNAIDED], err);
    if (s->config->ablation == JUDGE_SHUFFLE_EVIDENCE) {
        struct trundle_setup setup;

        trip_world_setup(&s->world, &setup);
        judge_replay_shuffle(s->replay, (uint64_t)s->truth.seed);
        TRY(judge_replay_again(s->replay, &setup, &s->prediction[JUDGE_UNAIDED], err));
    } else {
        TRY(judge_replay_unaided(s->replay, &s->prediction[JUDGE_UNAIDED], err));
    }
    return judge_replay_aided(s->replay, &s->truth, &s->prediction[JUDGE_AIDED], err);
}

static enum trundle_status score_modes(struct sitting *s, struct judge_result *r, struct trundle_error *err)
{
    r->slice = calloc(s->truth.slices_n + 1, sizeof *r->slice);
    if (!r->slice)
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu slices", s->truth.slices_n);
    r->slices_n = s->truth.slices_n;
    for (size_t i = 0; i < r->slices_n; i++)
        (void)snprintf(r->slice[i].name, sizeof r->slice[i].name, "%s", s->truth.slice[i]);
    r->has_aided = s->replay != NULL;
    for (int mode = 0; mode < (r->has_aided ? JUDGE_MODES : 1); mode++) {
        struct judge_tally slices[JUDGE_SLICES_MAX];

        TRY(judge_score(&s->truth, &s->prediction[mode], s->world.catalog, &r->tally[mode], slices, err));
        for (size_t i = 0; i < r->slices_n; i++)
            r->slice[i].tally[mode] = slices[i];
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_notes(const struct sitting *s, const char *path, struct judge_notes *notes, struct trundle_error *err)
{
    if (s->config->keep_events)
        TRY(judge_notes_keep(&s->prediction[JUDGE_UNAIDED], notes, err));
    if (!s->config->notes)
        return TRUNDLE_OK;
    (void)snprintf(notes->path, sizeof notes->path, "%s", path);
    TRY(judge_notes_find(&s->truth, &s->prediction[JUDGE_UNAIDED], s->world.catalog, notes, err));
    return judge_notes_look(path, *s->world.dir ? s->world.dir : NULL, notes, err);
}

static void name_cluster(const struct trip_head *head, char *out, size_t size)
{
    int64_t store = head->seed >= 0 ? head->seed / 5 : -((-(head->seed + 1)) / 5) - 1;

    if (*head->store)
        (void)snprintf(out, size, "%s", head->store);
    else
        (void)snprintf(out, size, "%" PRId64, store);
}

enum trundle_status judge_trip(const char *path, const struct judge_config *config, struct judge_result *out, struct trundle_error *err)
{
    struct sitting s = { .config = config };
    struct judge_result result = { 0 };
    struct trundle_setup setup;
    const struct trip_head *head;
    enum trundle_status status;

    TRY_GOTO(status, trip_open(path, &s.reader, err), out);
    head = trip_head(s.reader);
    result.seed = s.truth.seed = head->seed;
    s.truth.start_wall_ns = head->start_wall_ns;
    (void)snprintf(result.suite, sizeof result.suite, "%s", head->suite);
    name_cluster(head, result.store, sizeof result.store);
    TRY_GOTO(status, load_world(path, s.reader, config, &s.world, err), out);
    TRY_GOTO(status, scale_of(&s.world.cart_json, path, &s.truth.e_g, err), out);
    if (replays(config)) {
        if (config->ablation == JUDGE_SWAP_WEIGHTS)
            TRY_GOTO(status, swap_weights(&s.world, err), within);
        trip_world_setup(&s.world, &setup);
        TRY_GOTO(status, judge_replay_new(config->cart ? config->cart : &judge_cart_trundle, &setup, &s.replay, err), within);
    } else {
        TRY_GOTO(status, judge_ledger_new(&s.ledger, err), out);
    }
    TRY_GOTO(status, read_trip(&s, err), within);
    TRY_GOTO(status, predict(&s, err), within);
    TRY_GOTO(status, score_modes(&s, &result, err), within);
    TRY_GOTO(status, take_notes(&s, path, &result.notes, err), within);
    *out = result;
    result = (struct judge_result){ 0 };
within:
    if (status != TRUNDLE_OK && err && strncmp(err->where, path, strlen(path)) != 0)
        error_within(err, "%s", path);
out:
    judge_result_done(&result);
    for (int mode = 0; mode < JUDGE_MODES; mode++)
        judge_prediction_done(&s.prediction[mode]);
    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        bytes_done(&s.first_frame[i]);
    judge_replay_free(s.replay);
    judge_ledger_free(s.ledger);
    judge_truth_done(&s.truth);
    trip_world_done(&s.world);
    trip_free(s.reader);
    return status;
}

void judge_list_done(struct judge_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->path[i]);
    free(l->path);
}

static enum trundle_status list_add(struct judge_list *l, const char *folder, const char *name, struct trundle_error *err)
{
    size_t n = strlen(folder) + strlen(name) + 2;

    if (l->n == TRIPS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, folder, NULL, "more than %d trips", TRIPS_MAX);
    if (!list_grow((void **)&l->path, sizeof *l->path, l->n, &l->room))
        return error_set(err, TRUNDLE_NO_MEMORY, folder, NULL, "no memory for %zu paths", l->n);
    l->path[l->n] = malloc(n);
    if (!l->path[l->n])
        return error_set(err, TRUNDLE_NO_MEMORY, folder, NULL, "no memory for a path");
    (void)snprintf(l->path[l->n++], n, "%s%s%s", folder, *folder ? "/" : "", name);
    return TRUNDLE_OK;
}

/* Folder length, and the seed in the name when it is one. */
static bool seed_of(const char *path, size_t *out_folder, long long *out_seed)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *end;

    *out_folder = (size_t)(name - path);
    errno = 0;
    *out_seed = strtoll(name, &end, 10);
    return end != name && errno == 0 && !strcmp(end, ".mcap");
}

static int by_seed(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    size_t fx, fy;
    long long sx, sy;

    if (seed_of(x, &fx, &sx) && seed_of(y, &fy, &sy) && fx == fy && !strncmp(x, y, fx) && sx != sy)
        return sx < sy ? -1 : 1;
    return strcmp(x, y);
}

static enum trundle_status list_folder(struct judge_list *l, const char *folder, struct trundle_error *err)
{
    size_t first = l->n;
    enum trundle_status status = TRUNDLE_OK;
    struct dirent *entry;
    DIR *d = opendir(folder);

    if (!d)
        return error_set(err, TRUNDLE_IO, folder, NULL, "%s", strerror(errno));
    while (status == TRUNDLE_OK && (entry = readdir(d))) {
        size_t n = strlen(entry->d_name);

        if (entry->d_name[0] != '.' && n > 5 && !strcmp(entry->d_name + n - 5, ".mcap"))
            status = list_add(l, folder, entry->d_name, err);
    }
    (void)closedir(d);
    if (status == TRUNDLE_OK && l->n > first)
        qsort(l->path + first, l->n - first, sizeof *l->path, by_seed);
    return status;
}

enum trundle_status judge_list_paths(const char *const *paths, size_t n, struct judge_list *l, struct trundle_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct stat st;

        if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
            TRY(list_folder(l, paths[i], err));
        else
            TRY(list_add(l, "", paths[i], err));
    }
    if (!l->n)
        return error_set(err, TRUNDLE_NOT_FOUND, n ? paths[0] : "judge", "trundle sim makes trips", "no trip (*.mcap) here");
    return TRUNDLE_OK;
}

static bool same_store(const char *a, const char *b)
{
    size_t fa, fb;
    long long sa, sb;

    return seed_of(a, &fa, &sa) && seed_of(b, &fb, &sb) && fa == fb && !strncmp(a, b, fa) && sa >= 0 && sb >= 0 && sa / 5 == sb / 5;
}

struct errand { const struct judge_config *config; struct judge_list list; };

static enum trundle_status errand_trip(void *user, size_t trip, struct judge_result *out, struct trundle_error *err)
{
    const struct errand *e = user;

    return judge_trip(e->list.path[trip], e->config, out, err);
}

static const char *errand_name(void *user, size_t trip)
{
    const struct errand *e = user;

    return e->list.path[trip];
}

/* A submission that speaks of other trips was made for others: its figures would mislead. */
static enum trundle_status check_trips(const struct judge_list *list, const struct judge_submission *submission, struct trundle_error *err)
{
    int64_t *seed = malloc((list->n + 1) * sizeof *seed);
    enum trundle_status status = TRUNDLE_OK;
    size_t n = 0;

    if (!seed)
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu seeds", list->n);
    for (size_t i = 0; i < list->n && status == TRUNDLE_OK; i++) {
        struct trip_reader *reader = NULL;

        status = trip_open(list->path[i], &reader, err);
        if (status == TRUNDLE_OK)
            seed[n++] = trip_head(reader)->seed;
        trip_free(reader);
    }
    if (status == TRUNDLE_OK)
        status = judge_submission_names(submission, seed, n, err);
    free(seed);
    return status;
}

/* Of a submission all or nothing is scored. */
enum trundle_status judge_whole(const struct judge_config *config, const struct judge_results *results, struct trundle_error *err)
{
    if (!config->submission || !results->failed)
        return TRUNDLE_OK;
    return error_set(err, TRUNDLE_BAD_INPUT, "submission", "mend what is named above; all trips count or none",
                     "%zu of %zu trips could not be scored with it, so nothing was", results->failed, results->failed + results->n);
}

void judge_each(const struct judge_config *config, const struct judge_results *results)
{
    for (size_t i = 0; config->each && i < results->n; i++)
        config->each(config->user, &results->result[i]);
}

void judge_name_senses(const struct judge_config *config, struct judge_report *report)
{
    (void)snprintf(report->senses, sizeof report->senses, "%s", config->no_pictures ? "cells,codes" : "");
}

/* So that the figures depend on which trips are scored, not on the order they are named in. */
static int by_store(const void *a, const void *b)
{
    const struct judge_result *x = a, *y = b;
    int order = strcmp(x->store, y->store);

    return order ? order : (x->seed > y->seed) - (x->seed < y->seed);
}

enum trundle_status judge_trips(const char *const *paths, size_t n, const struct judge_config *config, struct judge_report *out, struct trundle_error *err)
{
    struct errand errand = { .config = config };
    struct judge_work work = { .trip = errand_trip, .name = errand_name, .user = &errand };
    struct judge_results results = { 0 };
    struct judge_job *jobs = NULL;
    enum trundle_status status;

    TRY_GOTO(status, judge_list_paths(paths, n, &errand.list, err), out);
    jobs = calloc(errand.list.n, sizeof *jobs);
    if (!jobs) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu trips", errand.list.n);
        goto out;
    }
    for (size_t i = 0; i < errand.list.n; i++) {
        if (!i || !same_store(errand.list.path[i - 1], errand.list.path[i]))
            jobs[work.jobs_n++].first = i;
        jobs[work.jobs_n - 1].n++;
    }
    work.job = jobs;
    work.trips_n = errand.list.n;
    if (config->submission)
        TRY_GOTO(status, check_trips(&errand.list, config->submission, err), out);
    TRY_GOTO(status, judge_work(&work, config, &results, err), out);
    TRY_GOTO(status, judge_whole(config, &results, err), out);
    if (results.n)
        qsort(results.result, results.n, sizeof *results.result, by_store);
    TRY_GOTO(status, judge_report_make(results.result, results.n, JUDGE_RESAMPLE_SEED, out, err), out);
    out->failed = results.failed;
    judge_name_senses(config, out);
    judge_each(config, &results);
out:
    judge_results_done(&results);
    free(jobs);
    judge_list_done(&errand.list);
    return status;
}
