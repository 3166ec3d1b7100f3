/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A suite made, scored and discarded, store by store, so that it never takes more room than a few trips. */
#include "base/std/status.h"
#include "lab/judge/inner.h"
#include "lab/sim/sim.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096, DEPTH_MAX = 8 };

struct show {
    const struct sim_suite *suite;
    const struct judge_config *config;
    int64_t seed;
    char dir[PATH / 4], name[64];
};

/* Removes a folder with what is in it. What cannot be removed stays. */
static void discard(const char *path, int depth)
{
    struct dirent *entry;
    DIR *d = depth < DEPTH_MAX ? opendir(path) : NULL;

    while (d && (entry = readdir(d))) {
        char below[PATH];
        struct stat st;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if ((size_t)snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= sizeof below || lstat(below, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            discard(below, depth + 1);
        else
            (void)unlink(below);
    }
    if (d)
        (void)closedir(d);
    (void)rmdir(path);
}

void judge_discard(const char *path)
{
    discard(path, 0);
}

static void store_path(const struct show *s, const struct judge_job *job, char out[PATH])
{
    (void)snprintf(out, PATH, "%s/stores/%" PRId64, s->dir, sim_store_of(s->seed + (int64_t)job->first));
}

static enum trundle_status make_store(void *user, const struct judge_job *job, struct trundle_error *err)
{
    const struct show *s = user;
    char path[PATH];

    store_path(s, job, path);
    return sim_store_make(s->suite, sim_store_of(s->seed + (int64_t)job->first), path, !s->config->no_pictures, err);
}

static void discard_store(void *user, const struct judge_job *job)
{
    char path[PATH];

    store_path(user, job, path);
    judge_discard(path);
}

static enum trundle_status make_and_score(void *user, size_t trip, struct judge_result *out, struct trundle_error *err)
{
    const struct show *s = user;
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    char path[PATH];
    enum trundle_status status;

    (void)snprintf(path, sizeof path, "%s/%" PRId64 ".mcap", s->dir, s->seed + (int64_t)trip);
    options.pictures = !s->config->no_pictures;
    (void)unlink(path);                /* of a worker that died */
    status = sim_trip_make(s->suite, s->seed + (int64_t)trip, path, &options, NULL, err);
    if (status == TRUNDLE_OK)
        status = judge_trip(path, s->config, out, err);
    (void)unlink(path);
    return status;
}

static const char *seed_name(void *user, size_t trip)
{
    struct show *s = user;

    (void)snprintf(s->name, sizeof s->name, "%s, seed %" PRId64, sim_suite_name(s->suite), s->seed + (int64_t)trip);
    return s->name;
}

enum trundle_status judge_suite(const char *suite, int64_t seed, size_t trips, const struct judge_config *config, struct judge_report *out,
                                struct trundle_error *err)
{
    struct show show = { .config = config, .seed = seed };
    struct judge_work work = { .trips_n = trips, .begin = make_store, .end = discard_store, .trip = make_and_score, .name = seed_name, .user = &show };
    struct judge_results results = { 0 };
    struct sim_suite *loaded = NULL;
    struct judge_job *jobs = NULL;
    const char *tmp = getenv("TMPDIR");
    enum trundle_status status;

    if (!trips || trips > SIM_TRIPS_MAX || seed > INT64_MAX - SIM_TRIPS_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, "judge", NULL, "%zu trips, allowed are 1 to %d", trips, SIM_TRIPS_MAX);
    TRY(sim_suite_load(suite, &loaded, err));
    show.suite = loaded;
    if ((size_t)snprintf(show.dir, sizeof show.dir, "%s/trundle-eval-XXXXXX", tmp && *tmp ? tmp : "/tmp") >= sizeof show.dir || !mkdtemp(show.dir)) {
        status = error_set(err, TRUNDLE_IO, show.dir, "TMPDIR names a folder with room", "cannot make a temporary folder: %s", strerror(errno));
        show.dir[0] = '\0';
        goto out;
    }
    jobs = calloc(trips, sizeof *jobs);
    if (!jobs) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu trips", trips);
        goto out;
    }
    for (size_t i = 0; i < trips; i++) {
        if (!i || sim_store_of(seed + (int64_t)i) != sim_store_of(seed + (int64_t)i - 1))
            jobs[work.jobs_n++].first = i;
        jobs[work.jobs_n - 1].n++;
    }
    work.job = jobs;
    if (config->submission) {
        int64_t *seeds = calloc(trips, sizeof *seeds);

        for (size_t i = 0; seeds && i < trips; i++)
            seeds[i] = seed + (int64_t)i;
        status = seeds ? judge_submission_names(config->submission, seeds, trips, err) : error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for seeds");
        free(seeds);
        if (status != TRUNDLE_OK)
            goto out;
    }
    TRY_GOTO(status, judge_work(&work, config, &results, err), out);
    TRY_GOTO(status, judge_whole(config, &results, err), out);
    TRY_GOTO(status, judge_report_make(results.result, results.n, JUDGE_RESAMPLE_SEED, out, err), out);
    out->failed = results.failed;
    judge_name_senses(config, out);
    judge_each(config, &results);
out:
    if (show.dir[0])
        judge_discard(show.dir);
    judge_results_done(&results);
    free(jobs);
    sim_suite_free(loaded);
    return status;
}
