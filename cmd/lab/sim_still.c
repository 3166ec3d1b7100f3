/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle sim still: how often a cart finds a camera that moved, and one that did not. */
#include "base/std/time.h"
#include "cmd/lab/sim_privacy.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/sim/privacy.h"

#include <stdio.h>
#include <stdlib.h>

static enum trundle_status row(const struct sim_suite *suite, long long seed, long long stores, const struct sim_still_options *options, struct trundle_error *err)
{
    struct sim_still_report r = { .cameras = 0 };

    for (long long i = 0; i < stores; i++)
        TRY(sim_still_trip(suite, seed + i * SIM_TRIPS_PER_STORE, options, &r, err));
    printf("%5.1f deg %5.1f cm: %4llu cameras: %3llu moved, %3llu right, %3llu unknown; %llu of %llu pictures measured, displacement %.1f px\n", options->turn_deg,
           100 * options->shift_m, (unsigned long long)r.cameras, (unsigned long long)r.moved, (unsigned long long)r.right, (unsigned long long)r.unknown,
           (unsigned long long)r.measured, (unsigned long long)r.pictures, r.displacements ? r.displacement_sum / (double)r.displacements : 0);
    (void)fflush(stdout);
    return TRUNDLE_OK;
}

int sim_still_main(int argc, char **argv)
{
    static const struct { double turn_deg, shift_m; } poses[] = { { 0, 0 }, { 0.5, 0.004 }, { 2, 0.01 }, { 3, 0.02 }, { 5, 0 }, { 0, 0.05 }, { 5, 0.03 }, { 8, 0.04 }, { 12, 0.06 } };
    const char *suite_name = "v1";
    long long seed = 1, stores = 10;
    struct sim_still_options options = SIM_STILL_DEFAULT;
    double turn = -1, shift = -1;
    const struct option_row rows[] = {
        { "suite", "NAME|FILE", OPTION_TEXT, &suite_name, "what world (default v1)" },
        { "seed", "S", OPTION_LONG, &seed, "of the first trip; one trip a store" },
        { "stores", "N", OPTION_LONG, &stores, "how many (default 10)" },
        { "turn", "DEG", OPTION_NUMBER, &turn, "cameras are turned by (default: a table of poses)" },
        { "shift", "M", OPTION_NUMBER, &shift, "and shifted by" },
        { "seconds", "S", OPTION_NUMBER, &options.seconds, "of each trip, from its start; 0: all (default 6)" },
        { "every", "S", OPTION_NUMBER, &options.every_s, "between pictures (default 0.4)" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct sim_suite *suite = NULL;
    struct trundle_error err;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle sim still [--suite NAME] [--seed S] [--stores N]", "Whether a cart finds out that a camera does not stand where its cart file says.", rows, &first, &code))
        return code;
    if (argc != first || stores < 1 || stores > 100000 || !(options.every_s >= 0.05) || !(options.seconds >= 0) || turn > 90 || shift > 1) {
        fputs("trundle sim still: an option is out of its range; trundle sim still --help says more\n", stderr);
        return EXIT_USAGE;
    }
    status = sim_suite_load(suite_name, &suite, &err);
    if (status == TRUNDLE_OK && (turn >= 0 || shift >= 0)) {
        options.turn_deg = turn > 0 ? turn : 0;
        options.shift_m = shift > 0 ? shift : 0;
        status = row(suite, seed, stores, &options, &err);
    } else {
        for (size_t i = 0; i < COUNT_OF(poses) && status == TRUNDLE_OK; i++) {
            options.turn_deg = poses[i].turn_deg;
            options.shift_m = poses[i].shift_m;
            status = row(suite, seed, stores, &options, &err);
        }
    }
    sim_suite_free(suite);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("sim still", &err);
}
