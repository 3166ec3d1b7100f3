/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trundle-bench-watch - JSON lines of what the hub's watch promises: false alarms of the drift test and how soon it sees a shift, how often the health rule fires when single readings are
 * wrong, the error of the accuracy that is estimated without labels; and the fit of the latter. docs/watch.md says what each figure is. Started by bench/run.
 */
#include "bench/bench.h"

#include "base/std/rng.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "hub/watch/accuracy.h"
#include "hub/watch/drift_sim.h"
#include "hub/watch/watch.h"
#include "lab/judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const law_name[DRIFT_SIM_LAWS] = { "normal", "skewed", "heavy", "coarse" };

/* 95 % Poisson limits of a count (Wilson-Hilferty's cube root form). */
static double poisson(double n, double z)
{
    double k = z > 0 ? n + 1 : n;

    return k > 0 ? k * pow(1 - 1 / (9 * k) + z / (3 * sqrt(k)), 3) : 0;
}

static const char *trips_text(double trips, char out[24])
{
    (void)snprintf(out, 24, isfinite(trips) ? "%.0f" : "null", trips);
    return out;
}

static int drift(const char *commit, uint64_t seed, long long weeks)
{
    struct watch_config config = WATCH_CONFIG_DEFAULT;
    double limit = drift_limit(WATCH_STREAMS * config.trips_week / config.false_alarms_week);
    bool failed = false;

    for (int law = 0; law < DRIFT_SIM_LAWS; law++) {
        /* Half a year of each stream, as many carts as make up the weeks. */
        struct drift_sim sim = { .law = (enum drift_sim_law)law, .limit = limit, .seed = seed, .length = (uint64_t)(26 * config.trips_week) };
        struct drift_sim_result r;
        double per_week, lo, hi;

        sim.streams = (uint64_t)weeks * WATCH_STREAMS / 26;
        if (drift_simulate(&sim, &r) != TRUNDLE_OK)
            return EXIT_ENVIRONMENT;
        per_week = (double)r.alarms / (double)r.numbers * config.trips_week * WATCH_STREAMS;
        lo = poisson((double)r.alarms, -1.96) / (double)r.numbers * config.trips_week * WATCH_STREAMS;
        hi = poisson((double)r.alarms, 1.96) / (double)r.numbers * config.trips_week * WATCH_STREAMS;
        failed |= lo > config.false_alarms_week;
        printf("{\"bench\":\"watch_false_alarms\",\"commit\":\"%s\",\"law\":\"%s\",\"limit\":%.3f,\"streams\":%d,\"trips_week\":%g,\"cart_weeks\":%.0f,\"alarms\":%llu,"
               "\"per_cart_week\":%.5f,\"lo\":%.5f,\"hi\":%.5f,\"stated\":%g,\"ok\":%s}\n", commit, law_name[law], limit, WATCH_STREAMS, config.trips_week,
               (double)r.numbers / config.trips_week / WATCH_STREAMS, (unsigned long long)r.alarms, per_week, lo, hi, config.false_alarms_week,
               lo > config.false_alarms_week ? "false" : "true");
    }
    for (int law = 0; law < DRIFT_SIM_LAWS; law++)
        for (int i = 0; i < 3; i++) {
            struct drift_sim sim = { .law = (enum drift_sim_law)law, .limit = limit, .seed = seed + 1, .streams = 400, .length = 400, .before = 400, .shift = (double[]){ 0.5, 1, 2 }[i] };
            struct drift_sim_result r;
            char text[2][24];

            if (drift_simulate(&sim, &r) != TRUNDLE_OK)
                return EXIT_ENVIRONMENT;
            printf("{\"bench\":\"watch_delay\",\"commit\":\"%s\",\"law\":\"%s\",\"limit\":%.3f,\"shift_sd\":%g,\"after_trips\":%llu,\"runs\":%llu,\"seen\":%llu,"
                   "\"trips_median\":%s,\"trips_p90\":%s}\n", commit, law_name[law], limit, sim.shift, (unsigned long long)sim.before,
                   (unsigned long long)r.runs, (unsigned long long)r.seen, trips_text(r.delay_median, text[0]), trips_text(r.delay_p90, text[1]));
        }
    return failed ? EXIT_VERDICT : EXIT_OK;
}

/* ---- health ---- */

enum { RECORDS_WEEK = 7 * 24 * 60 };       /* one a minute */

static enum trundle_status health_say(struct watch *w, struct db *db, json_t *body, int64_t minute, struct trundle_error *err)
{
    return watch_record(w, db, &(struct watch_record){ "cart-1", "health", "s1", 1, minute + 1, minute * INT64_C(60000000000), body }, minute * INT64_C(60000000000), err);
}

/* One camera of one cart that is well, each of whose readings is wrong by chance, on its own: how often somebody is called. Good readings behind the fifth change nothing and are left out. */
static enum trundle_status health_play(double wrong, uint64_t seed, uint64_t records, json_t *good, json_t *bad, uint64_t *out_alarms, struct trundle_error *err)
{
    struct watch_config config = WATCH_CONFIG_DEFAULT;
    struct rng rng = rng_seed(seed, "health");
    struct db_statement *s = NULL;
    struct watch *w = NULL;
    struct db *db = NULL;
    int well = config.good_records;
    enum trundle_status status;

    TRY_GOTO(status, watch_new(&config, &w, err), out);
    TRY_GOTO(status, db_open(":memory:", DB_CREATE, &db, err), out);
    TRY_GOTO(status, watch_migrate(db, err), out);
    TRY_GOTO(status, db_begin(db, err), out);
    for (uint64_t i = 0; i < records; i++) {
        bool is_bad = rng_unit(&rng) < wrong;

        well = is_bad ? 0 : well + 1;
        if (well <= config.good_records)
            TRY_GOTO(status, health_say(w, db, is_bad ? bad : good, (int64_t)i, err), out);
    }
    TRY_GOTO(status, db_prepare(db, "SELECT count(*) FROM watch_alert WHERE kind = 'health'", &s, err), out);
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out_alarms = (uint64_t)db_integer(s, 0);
out:
    db_free(s);
    db_close(db);
    watch_free(w);
    return status;
}

static int health(const char *commit, uint64_t seed)
{
    static const double wrong[] = { 0.003, 0.01, 0.03 };
    json_t *good = json_pack("{s:[s]}", "cameras", "ok"), *bad = json_pack("{s:[s]}", "cameras", "gone");
    struct trundle_error err = { 0 };
    enum trundle_status status = good && bad ? TRUNDLE_OK : error_set(&err, TRUNDLE_NO_MEMORY, "health", NULL, "no memory");

    for (size_t i = 0; i < COUNT_OF(wrong) && status == TRUNDLE_OK; i++) {
        uint64_t records = (uint64_t)(60000 / wrong[i]), alarms = 0;       /* as many wrong readings each */
        double weeks = (double)records / RECORDS_WEEK;

        status = health_play(wrong[i], seed + i, records, good, bad, &alarms, &err);
        if (status == TRUNDLE_OK)
            printf("{\"bench\":\"watch_health\",\"commit\":\"%s\",\"wrong\":%g,\"cart_weeks\":%.0f,\"alarms\":%llu,\"per_cart_week\":%.4f,\"lo\":%.4f,\"hi\":%.4f}\n", commit, wrong[i], weeks,
                   (unsigned long long)alarms, (double)alarms / weeks, poisson((double)alarms, -1.96) / weeks, poisson((double)alarms, 1.96) / weeks);
    }
    json_decref(good);
    json_decref(bad);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("bench watch", &err);
}

/* ---- accuracy ---- */

struct trips { struct accuracy_trip *trip; size_t n, room; };

static void add_trip(void *user, const struct judge_result *result)
{
    struct trips *t = user;
    struct accuracy_trip one = { .store = (uint32_t)(result->seed / 5) };

    for (size_t b = 0; b < ACCURACY_BINS; b++) {
        one.n[b] = (uint32_t)result->notes.bin[b].n;
        one.right[b] = (uint32_t)result->notes.bin[b].right;
    }
    if (t->n < t->room)
        t->trip[t->n++] = one;
}

static void complain(void *user, const char *trip, const struct trundle_error *err)
{
    char text[1024];

    (void)user;
    fprintf(stderr, "trundle-bench-watch: %s: not scored: %s\n", trip, error_text(err, text, sizeof text));
}

static enum trundle_status play(const char *suite, long long seed, long long n, bool blind, enum judge_ablation ablation, long long jobs, struct trips *out,
                                struct trundle_error *err)
{
    struct judge_config config = JUDGE_CONFIG_DEFAULT;
    struct judge_report report;

    *out = (struct trips){ .trip = calloc((size_t)n, sizeof *out->trip), .room = (size_t)n };
    if (!out->trip)
        return error_set(err, TRUNDLE_NO_MEMORY, suite, NULL, "no memory for %lld trips", n);
    config.no_pictures = blind;
    config.notes = true;
    config.ablation = ablation;
    config.each = add_trip;
    config.complain = complain;
    config.user = out;
    config.jobs = (int)jobs;
    TRY(judge_suite(suite, seed, (size_t)n, &config, &report, err));
    judge_report_done(&report);
    return TRUNDLE_OK;
}

static void say(const char *commit, const char *what, const struct accuracy_map *map, const struct trips *t, bool blind)
{
    struct accuracy_error e = { 0 };

    accuracy_measure(map, t->trip, t->n, ACCURACY_GROUP, &e);
    accuracy_error_end(&e);
    printf("{\"bench\":\"watch_accuracy\",\"commit\":\"%s\",\"trips\":\"%s\",\"senses\":\"%s\",\"n\":%zu,\"lines\":%llu,\"group\":%d,\"groups\":%llu,\"truth\":%.4f,"
           "\"estimated\":%.4f,\"uncalibrated\":%.4f,\"mean_abs_error\":%.4f,\"mean_abs_error_uncalibrated\":%.4f,\"worst\":%.4f,\"covered\":%llu}\n",
           commit, what, blind ? "no pictures" : "all", t->n, (unsigned long long)e.lines, ACCURACY_GROUP, (unsigned long long)e.groups, e.truth, e.estimated,
           e.plain, e.mean_abs, e.mean_abs_plain, e.worst, (unsigned long long)e.covered);
}

struct choice { const char *commit, *suite, *write, *map; long long seed, trips, jobs, weeks; bool pictures; };

static int accuracy(const struct choice *c, struct trundle_error *err)
{
    struct trips t = { 0 };
    struct accuracy_map map;
    struct bytes text = { 0 };
    enum trundle_status status;

    if (c->map) {
        TRY_GOTO(status, file_read(c->map, 65536, &text, err), out);
        TRY_GOTO(status, accuracy_parse(text.data, text.n, c->map, &map, err), out);
        text.n = 0;
    }
    TRY_GOTO(status, play(c->suite, c->seed, c->trips, !c->pictures, JUDGE_HONEST, c->jobs, &t, err), out);
    if (!c->map) {
        TRY_GOTO(status, accuracy_fit(t.trip, t.n, &map, err), out);
        printf("{\"bench\":\"watch_accuracy_fit\",\"commit\":\"%s\",\"suite\":\"%s\",\"seed0\":%lld,\"trips\":%llu,\"lines\":%llu,\"stores\":%llu,"
               "\"group\":%d,\"left_out_mean_abs_error\":%.4f,\"left_out_error_sd\":%.4f}\n", c->commit, c->suite, c->seed, (unsigned long long)map.trips,
               (unsigned long long)map.lines, (unsigned long long)map.stores, ACCURACY_GROUP, map.mean_abs_error, map.error_sd);
        if (c->write) {
            TRY_GOTO(status, accuracy_print(&map, &text), out);
            TRY_GOTO(status, file_write(c->write, text.data, text.n, err), out);
        }
    } else {
        say(c->commit, c->suite, &map, &t, !c->pictures);
        free(t.trip);
        t.trip = NULL;
        TRY_GOTO(status, play(c->suite, c->seed, c->trips, !c->pictures, JUDGE_SWAP_WEIGHTS, c->jobs, &t, err), out);
        say(c->commit, "masses swapped", &map, &t, !c->pictures);
    }
out:
    free(t.trip);
    bytes_done(&text);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("bench watch", err);
}

int main(int argc, char **argv)
{
    struct choice c = { .commit = "unknown", .suite = "v1", .seed = 500000, .trips = 200, .jobs = 1, .weeks = 20000 };
    const struct option_row rows[] = {
        { "commit", "ID", OPTION_TEXT, &c.commit, "what the lines call this build" },
        { "seed", "N", OPTION_LONG, &c.seed, "first trip, or seed of the simulation; default 500000" },
        { "weeks", "N", OPTION_LONG, &c.weeks, "drift: cart-weeks for each law; default 20000" },
        { "suite", "NAME", OPTION_TEXT, &c.suite, "accuracy: default v1" },
        { "trips", "N", OPTION_LONG, &c.trips, "accuracy: default 200" },
        { "jobs", "N", OPTION_LONG, &c.jobs, "accuracy: worker processes; default 1" },
        { "pictures", NULL, OPTION_FLAG, &c.pictures, "accuracy: with cameras (slow); default cells and codes alone" },
        { "map", "FILE", OPTION_TEXT, &c.map, "accuracy: measure this map, and again with masses swapped; default: fit one" },
        { "write", "FILE", OPTION_TEXT, &c.write, "accuracy: where the fitted map goes" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL } };
    struct trundle_error err = { 0 };
    int first, code;

    if (!option_parse(argc, argv, "trundle-bench-watch [OPTION...] drift|health|accuracy", "what the hub's watch promises, as JSON lines", rows, &first, &code))
        return code;
    if (first + 1 == argc && !strcmp(argv[first], "drift") && c.weeks >= 26)
        return drift(c.commit, (uint64_t)c.seed, c.weeks);
    if (first + 1 == argc && !strcmp(argv[first], "health"))
        return health(c.commit, (uint64_t)c.seed);
    if (first + 1 == argc && !strcmp(argv[first], "accuracy") && c.trips >= 1 && c.trips <= 1000000 && c.jobs >= 1 && c.jobs <= JUDGE_JOBS_MAX)
        return accuracy(&c, &err);
    fprintf(stderr, "trundle-bench-watch: drift, health or accuracy, and numbers in their ranges; --help lists all\n");
    return EXIT_USAGE;
}
