/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle sim privacy: people in the pictures that carts would keep, counted; goes on where it was stopped. */
#include "cmd/lab/sim_privacy.h"

#include "base/std/json.h"
#include "base/std/time.h"
#include "cmd/front.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/sim/privacy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct count { const char *suite; long long seed, trips; struct sim_privacy_options options; struct sim_privacy_report report; };

/* What must be the same for a count to go on. */
static json_t *question(const struct count *c)
{
    const struct sim_privacy_options *o = &c->options;

    return json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:b}", "suite", c->suite, "seed", (json_int_t)c->seed, "turn_deg", o->turn_deg, "shift_m", o->shift_m, "lean_m",
                     o->lean_m, "margin_deg", o->capture.margin_deg, "margin_m", o->capture.margin_m, "every", o->every, "blind", (int)o->blind);
}

static json_t *found(const struct sim_privacy_report *r)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I}", "trips", (json_int_t)r->trips, "refused_cameras", (json_int_t)r->refused, "frames", (json_int_t)r->frames, "bad_frames", (json_int_t)r->bad_frames,
                     "person_px", (json_int_t)r->person_px, "arm_px", (json_int_t)r->arm_px, "hand_px", (json_int_t)r->hand_px, "kept_px", (json_int_t)r->kept_px, "px",
                     (json_int_t)r->px, "worst_person_px", r->worst_person_px, "worst_seed", (json_int_t)r->worst_seed);
}

static enum trundle_status save(const struct count *c, const char *path, struct trundle_error *err)
{
    json_t *root = json_pack("{s:o, s:o}", "question", question(c), "found", found(&c->report));
    char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) : NULL;
    enum trundle_status status = text ? file_write(path, text, strlen(text), err) : error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");

    free(text);
    json_decref(root);
    return status;
}

static enum trundle_status take(const struct json_at *at, struct sim_privacy_report *out, struct trundle_error *err)
{
    const struct { const char *name; uint64_t *to; } rows[] = {
        { "trips", &out->trips },     { "frames", &out->frames },   { "bad_frames", &out->bad_frames }, { "person_px", &out->person_px },
        { "refused_cameras", &out->refused }, { "arm_px", &out->arm_px }, { "hand_px", &out->hand_px }, { "kept_px", &out->kept_px },       { "px", &out->px },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t n;

        TRY(json_take_integer(at, rows[i].name, 0, INT64_MAX, &n, err));
        *rows[i].to = (uint64_t)n;
    }
    TRY(json_take_integer(at, "worst_seed", INT64_MIN, INT64_MAX, &out->worst_seed, err));
    return json_take_number(at, "worst_person_px", 0, 1e9, &out->worst_person_px, err);
}

static enum trundle_status resume(struct count *c, const char *path, struct trundle_error *err)
{
    json_t *root = NULL, *mine = question(c);
    enum trundle_status status = json_parse_file(path, &root, err);
    struct json_at at, inner;

    if (status == TRUNDLE_OK && !json_equal(json_object_get(root, "question"), mine))
        status = error_set(err, TRUNDLE_CONFLICT, path, "name another file", "holds the count of another suite, seed or pose");
    if (status == TRUNDLE_OK) {
        at = json_at_root(root, path);
        status = json_take_object(&at, "found", &inner, err);
        if (status == TRUNDLE_OK)
            status = take(&inner, &c->report, err);
        if (status == TRUNDLE_NOT_FOUND)
            status = error_set(err, TRUNDLE_BAD_INPUT, path, "remove it to count anew", "a field is missing");
    } else if (status == TRUNDLE_NOT_FOUND) {
        status = TRUNDLE_OK;
    }
    json_decref(root);
    json_decref(mine);
    return status;
}

static void print(const struct count *c, double cpu_s)
{
    const struct sim_privacy_report *r = &c->report;

    printf("%llu simulated trips of %s from seed %lld, cameras turned by %g deg and shifted by %g m, mask %s: %llu frames, %.1f %% of pixels kept\n",
           (unsigned long long)r->trips, c->suite, c->seed, c->options.turn_deg, c->options.shift_m, c->options.blind ? "off" : "on", (unsigned long long)r->frames,
           r->px ? 100 * (double)r->kept_px / (double)r->px : 0);
    printf("pixels of a person beyond hand and forearm: %llu, in %llu frames", (unsigned long long)r->person_px, (unsigned long long)r->bad_frames);
    if (r->person_px)
        printf("; the worst frame has %.0f (seed %lld)", r->worst_person_px, (long long)r->worst_seed);
    printf("\nof the shopper's reaching arm: %llu to 30 cm from the wrist, %llu beyond\n", (unsigned long long)r->hand_px, (unsigned long long)r->arm_px);
    if (r->refused)
        printf("%llu cameras left out: a live cart refuses them, since nothing of them is surely inside\n", (unsigned long long)r->refused);
    fprintf(stderr, "%.1f s of CPU\n", cpu_s);
}

int sim_privacy_main(int argc, char **argv)
{
    struct count c = { .suite = "v1", .seed = 1, .trips = 20, .options = SIM_PRIVACY_DEFAULT };
    const char *state = NULL;
    bool json = false;
    double margin_deg = c.options.capture.margin_deg, margin_m = c.options.capture.margin_m;
    const struct option_row rows[] = {
        { "suite", "NAME|FILE", OPTION_TEXT, &c.suite, "what world (default v1)" },
        { "seed", "S", OPTION_LONG, &c.seed, "of the first trip (default 1)" },
        { "trips", "N", OPTION_LONG, &c.trips, "how many (default 20)" },
        { "state", "FILE.json", OPTION_TEXT, &state, "kept after each trip; the same command goes on from it" },
        { "turn", "DEG", OPTION_NUMBER, &c.options.turn_deg, "cameras are turned by (default 3)" },
        { "shift", "M", OPTION_NUMBER, &c.options.shift_m, "and shifted by (default 0.02)" },
        { "margin-deg", "DEG", OPTION_NUMBER, &margin_deg, "the mask's margin (default: that of a live cart)" },
        { "margin-m", "M", OPTION_NUMBER, &margin_m, "..." },
        { "every", "K", OPTION_NUMBER, &c.options.every, "each K-th frame (default 1)" },
        { "lean", "M", OPTION_NUMBER, &c.options.lean_m, "the child leans into the basket by so much, where no mask helps" },
        { "blind", NULL, OPTION_FLAG, &c.options.blind, "without a mask: what there would be to see" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    const atomic_int *stop = front_stop();
    struct sim_suite *suite = NULL;
    struct trundle_error err;
    enum trundle_status status;
    int64_t cpu = clock_cpu_ns();
    int first, code;

    if (!option_parse(argc, argv, "trundle sim privacy [--suite NAME] [--seed S] [--trips N]",
                      "Counts pixels of people in every frame that carts would keep, with cameras that stand wrong. Exit 1: there are some.", rows, &first, &code))
        return code;
    if (argc != first || c.trips < 1 || c.trips > SIM_TRIPS_MAX || !(c.options.every >= 1 && c.options.every <= 1000) || !(fabs(c.options.turn_deg) <= 90) ||
        !(fabs(c.options.shift_m) <= 1) || !(margin_deg >= 0 && margin_deg <= 30) || !(margin_m >= 0 && margin_m <= 0.5) || !(fabs(c.options.lean_m) <= 1)) {
        fputs("trundle sim privacy: an option is out of its range; trundle sim privacy --help says more\n", stderr);
        return EXIT_USAGE;
    }
    c.options.capture.margin_deg = margin_deg;
    c.options.capture.margin_m = margin_m;
    status = sim_suite_load(c.suite, &suite, &err);
    if (status == TRUNDLE_OK && state)
        status = resume(&c, state, &err);
    while (status == TRUNDLE_OK && (long long)c.report.trips < c.trips && !*stop) {
        option_progress("privacy", (size_t)c.report.trips, (size_t)c.trips);
        status = sim_privacy_trip(suite, c.seed + (int64_t)c.report.trips, &c.options, &c.report, &err);
        if (status == TRUNDLE_OK && state)
            status = save(&c, state, &err);
    }
    sim_suite_free(suite);
    if (status != TRUNDLE_OK)
        return option_fail("sim privacy", &err);
    option_progress("privacy", (size_t)c.trips, (size_t)c.trips);
    if (json) {
        json_t *root = found(&c.report);
        char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

        puts(text ? text : "{}");
        free(text);
        json_decref(root);
    } else {
        print(&c, ns_s(clock_cpu_ns() - cpu));
    }
    return c.report.person_px ? EXIT_VERDICT : (long long)c.report.trips < c.trips ? EXIT_ENVIRONMENT : EXIT_OK;
}
