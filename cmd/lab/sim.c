/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle sim: makes trips of a suite; `sim shot` makes a contact sheet of them, `sim fields` lists what a suite says,
 * `sim codes` shows codes to a scanner's camera, `sim export` gives the truth of frames to other tools, `sim noise` fits the noise of real scales,
 * `sim privacy` counts people in the pictures that carts would keep. */
#include "cmd/option.h"
#include "cmd/lab/sim_noise.h"
#include "cmd/lab/sim_privacy.h"
#include "cmd/verbs.h"
#include "lab/sim/codes.h"
#include "lab/sim/export.h"
#include "lab/sim/realism.h"
#include "lab/sim/sim.h"

#include <string.h>

static void progress(void *user, size_t done, size_t total)
{
    (void)user;
    option_progress("sim", done, total);
}

static int shot(int argc, char **argv)
{
    const char *suite_name = "smoke", *out = "shot.png", *what = "trip", *textures = NULL;
    long long seed = 1, zoom = 1;
    struct sim_shot_options options = { .engine = NULL };
    const struct option_row rows[] = { { "suite", "NAME|FILE", OPTION_TEXT, &suite_name, "what world (default smoke)" },
                                       { "engine", "raster|trace", OPTION_TEXT, &options.engine, "what makes the pictures (default: as the suite says)" },
                                       { "zoom", "N", OPTION_LONG, &zoom, "frames N times as large, 1 to 4" },
                                       { "bare", NULL, OPTION_FLAG, &options.bare, "without the cart's mask" },
                                       { "seed", "S", OPTION_LONG, &seed, "which trip (default 1)" },
                                       { "of", "trip|enrol", OPTION_TEXT, &what, "a trip's frames (default) or a store's enrolment pictures" },
                                       { "textures", "DIR", OPTION_TEXT, &textures, "JPEG or PNG photos for the fronts of packs" },
                                       { "out", "FILE.png", OPTION_TEXT, &out, "where to (default shot.png)" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle sim shot [--seed S] [--of trip|enrol] [--out FILE.png]", "a contact sheet to look at", rows, &first, &code))
        return code;
    options.zoom = zoom < 1 || zoom > 4 ? -1 : (int)zoom;
    status = sim_suite_load(suite_name, &suite, &err);
    if (status == TRUNDLE_OK && textures)
        status = sim_suite_textures(suite, textures, &err);
    if (status == TRUNDLE_OK)
        status = sim_shot_make(suite, seed, what, &options, out, &err);
    sim_suite_free(suite);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("sim shot", &err);
}

enum { SUITES_MAX = 8 };

static int fields(int argc, char **argv)
{
    const struct option_row rows[] = { { 0 } };
    struct sim_suite *suite[SUITES_MAX] = { NULL };
    const struct sim_suite *borrowed[SUITES_MAX];
    struct trundle_error err = { 0 };
    struct bytes text = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    int first, code, n = 0;

    if (!option_parse(argc, argv, "trundle sim fields SUITE...", "every constant of a world, and what these suites say, as Markdown", rows, &first, &code))
        return code;
    if (first == argc || argc - first > SUITES_MAX) {
        fprintf(stderr, "trundle sim fields: needs 1 to %d suites\n", SUITES_MAX);
        return EXIT_USAGE;
    }
    while (first + n < argc && status == TRUNDLE_OK) {
        status = sim_suite_load(argv[first + n], &suite[n], &err);
        borrowed[n] = suite[n];
        n++;
    }
    if (status == TRUNDLE_OK && sim_suite_fields_print(borrowed, (size_t)n, &text) != TRUNDLE_OK)
        status = error_set(&err, TRUNDLE_NO_MEMORY, "sim fields", NULL, "no memory");
    if (status == TRUNDLE_OK)
        (void)fwrite(text.data, 1, text.n, stdout);
    bytes_done(&text);
    for (int i = 0; i < n; i++)
        sim_suite_free(suite[i]);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("sim fields", &err);
}

static int export(int argc, char **argv)
{
    const char *out = NULL;
    const struct option_row rows[] = { { "out", "DIR", OPTION_TEXT, &out, "where to: DIR/coco.json, DIR/<seed>-cam<c>/{img1,gt,seqinfo.ini}" }, { 0 } };
    struct trundle_error err = { 0 };
    struct sim_export *e = NULL;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle sim export --out DIR TRIP.mcap...", "pictures and their truth as COCO and MOTChallenge", rows, &first, &code))
        return code;
    if (!out || first == argc) {
        fprintf(stderr, "trundle sim export: needs --out and at least one trip\n");
        return EXIT_USAGE;
    }
    status = sim_export_new(out, &e, &err);
    for (int i = first; i < argc && status == TRUNDLE_OK; i++) {
        status = sim_export_trip(e, argv[i], &err);
        option_progress("export", (size_t)(i - first) + 1, (size_t)(argc - first));
    }
    if (status == TRUNDLE_OK)
        status = sim_export_finish(e, &err);
    else
        sim_export_abandon(e);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("sim export", &err);
}

static int realism(int argc, char **argv)
{
    const char *suite_name = "v1", *real = NULL;
    long long seed = 1, most = 1200;
    const struct option_row rows[] = { { "suite", "NAME|FILE", OPTION_TEXT, &suite_name, "what world (default v1)" },
                                       { "seed", "S", OPTION_LONG, &seed, "from which store on (default 1)" },
                                       { "real", "DIR", OPTION_TEXT, &real, "photos: DIR/train.txt and DIR/val.txt, as the Grocery Store Dataset's" },
                                       { "crops", "N", OPTION_LONG, &most, "of each kind to train on (default 1200)" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    struct sim_realism r;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle sim realism --real DIR", "can simulated crops be told from photos?", rows, &first, &code))
        return code;
    if (!real || most < 20 || most > 20000) {
        fprintf(stderr, "trundle sim realism: needs --real; --crops is 20 to 20000\n");
        return EXIT_USAGE;
    }
    status = sim_suite_load(suite_name, &suite, &err);
    if (status == TRUNDLE_OK)
        status = sim_realism_run(suite, seed, real, (size_t)most, &r, &err);
    if (status == TRUNDLE_OK)
        printf("AUROC %.4f (95 %%: %.4f to %.4f) on %zu simulated and %zu real crops; trained on %zu and %zu\n", r.auroc, r.lo, r.hi, r.judged[0], r.judged[1],
               r.trained[0], r.trained[1]);
    sim_suite_free(suite);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("sim realism", &err);
}

static void codes_progress(void *user, size_t done, size_t total)
{
    (void)user;
    option_progress("codes", done, total);
}

static int codes(int argc, char **argv)
{
    const char *suite_name = "v1", *out = NULL;
    long long seed = 1, count = 40;
    const struct option_row rows[] = { { "suite", "NAME|FILE", OPTION_TEXT, &suite_name, "what world (default v1)" },
                                       { "seed", "S", OPTION_LONG, &seed, "of the first picture (default 1)" },
                                       { "count", "N", OPTION_LONG, &count, "how many (default 40)" },
                                       { "out", "DIR", OPTION_TEXT, &out, "where to: DIR/<k>.jpg, DIR/codes.csv" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle sim codes [--suite NAME|FILE] [--seed S] [--count N] --out DIR", "codes held before a scanner's camera, and what they say",
                      rows, &first, &code))
        return code;
    if (!out || first < argc || count < 1 || count > SIM_CODES_MAX) {
        fprintf(stderr, "trundle sim codes: needs --out; --count is 1 to %d\n", SIM_CODES_MAX);
        return EXIT_USAGE;
    }
    status = sim_suite_load(suite_name, &suite, &err);
    if (status == TRUNDLE_OK)
        status = sim_codes_make(suite, seed, (size_t)count, out, codes_progress, NULL, &err);
    sim_suite_free(suite);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("sim codes", &err);
}

int verb_sim(int argc, char **argv)
{
    const char *suite_name = NULL, *out = NULL, *textures = NULL;
    long long seed = 1, trips = 1, jobs = 1;
    bool no_pictures = false;
    const struct option_row rows[] = { { "suite", "NAME|FILE", OPTION_TEXT, &suite_name, "what world: suites/NAME.json or a file" },
                                       { "seed", "S", OPTION_LONG, &seed, "of the first trip (default 1)" },
                                       { "trips", "N", OPTION_LONG, &trips, "how many (default 1)" },
                                       { "out", "DIR", OPTION_TEXT, &out, "where to: DIR/<seed>.mcap, DIR/stores/<id>/" },
                                       { "jobs", "N", OPTION_LONG, &jobs, "processes (default 1); the bytes are the same" },
                                       { "textures", "DIR", OPTION_TEXT, &textures, "JPEG or PNG photos for the fronts of packs" },
                                       { "no-pictures", NULL, OPTION_FLAG, &no_pictures, "leave out frames and enrolment pictures" },
                                       { 0 } };
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    enum trundle_status status;
    int first, code;

    if (argc > 1 && !strcmp(argv[1], "shot"))
        return shot(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "codes"))
        return codes(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "export"))
        return export(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "realism"))
        return realism(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "fields"))
        return fields(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "noise"))
        return sim_noise(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "privacy"))
        return sim_privacy_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "still"))
        return sim_still_main(argc - 1, argv + 1);
    if (!option_parse(argc, argv, "trundle sim --suite NAME|FILE --seed S --trips N --out DIR", "simulated shopping trips with their truth", rows, &first, &code))
        return code;
    if (!suite_name || !out || first < argc || jobs < 1 || jobs > 64 || trips < 1 || trips > SIM_TRIPS_MAX) {
        fprintf(stderr, "trundle sim: needs --suite and --out; --trips is 1 to %d, --jobs 1 to 64\n", SIM_TRIPS_MAX);
        return EXIT_USAGE;
    }
    options.jobs = (int)jobs;
    options.pictures = !no_pictures;
    options.progress = progress;
    status = sim_suite_load(suite_name, &suite, &err);
    if (status == TRUNDLE_OK && textures)
        status = sim_suite_textures(suite, textures, &err);
    if (status == TRUNDLE_OK)
        status = sim_trips_make(suite, seed, (size_t)trips, out, &options, &err);
    sim_suite_free(suite);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("sim", &err);
}
