/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle demo: the main job on one machine. A simulated trip of the demo store drives the real cart at natural speed. */
#include "cart/runtime/journal.h"
#include "cmd/front.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/sim/sim.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes the trip unless an earlier demo left it. */
static enum trundle_status have_trip(const struct sim_suite *suite, int64_t seed, const char *folder, char *path, size_t size, struct trundle_error *err)
{
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct trip_reader *trip;

    (void)snprintf(path, size, "%s/%lld.mcap", folder, (long long)seed);
    if (access(path, R_OK) == 0) {
        if (trip_open(path, &trip, err) == TRUNDLE_OK) {
            trip_free(trip);
            return TRUNDLE_OK;
        }
        (void)unlink(path);                  /* an earlier demo was stopped while it wrote */
    }
    fprintf(stderr, "demo: simulating trip %lld of suite %s\n", (long long)seed, sim_suite_name(suite));
    return sim_trips_make(suite, seed, 1, folder, &options, err);
}

/* Recorded as on a cart, so that a line is shown only when its row is on the disk; the last trip is kept beside the simulated ones. */
static enum trundle_status shop_once(struct front *front, const char *folder, const char *path, bool json, double speed, struct trundle_error *err)
{
    struct replay_config config = REPLAY_CONFIG_DEFAULT;
    struct replay_summary summary;
    char record[4096], journal[4128];

    (void)snprintf(record, sizeof record, "%s/last.mcap", folder);
    (void)snprintf(journal, sizeof journal, "%s.journal", record);
    (void)unlink(record);
    journal_remove(journal);
    config.record = record;
    config.speed = speed;
    config.threads = 2;
    config.face = front->face;
    config.inbox = front->inbox;
    config.stop = front_stop();
    TRY(replay_trip(path, &config, &summary, err));
    if (!summary.stopped)
        (void)front_print(&summary, json);
    replay_summary_done(&summary);
    return TRUNDLE_OK;
}

int verb_demo(int argc, char **argv)
{
    const char *folder = "out/demo", *serve = "127.0.0.1:8480", *suite_name = "smoke";
    bool json = false, once = false;
    double speed = 1;
    long long seed = 1;
    const struct option_row rows[] = {
        { "seed", "S", OPTION_LONG, &seed, "of the first trip; its store is S / 5" },
        { "suite", "NAME", OPTION_TEXT, &suite_name, "what is simulated (smoke)" },
        { "out", "DIR", OPTION_TEXT, &folder, "where trips and stores are kept (out/demo)" },
        { "serve", "ADDR", OPTION_TEXT, &serve, "the touchscreen (127.0.0.1:8480; any free port when that is taken)" },
        { "speed", "N", OPTION_NUMBER, &speed, "1 is natural" },
        { "once", NULL, OPTION_FLAG, &once, "one trip, also on a terminal" },
        { "json", NULL, OPTION_FLAG, &json, "the summary as JSON" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct front front = { NULL, NULL, NULL };
    struct sim_suite *suite = NULL;
    struct trundle_error err;
    enum trundle_status status;
    char path[4096];
    int first, code;

    if (!option_parse(argc, argv, "trundle demo [OPTION...]",
                      "Simulates a shopping trip, drives the cart with it at natural speed, prints the receipt beside the truth.\n"
                      "On a terminal it goes on shopping until Ctrl-C; otherwise it ends after one trip.",
                      rows, &first, &code))
        return code;
    if (argc != first || !(speed > 0 && speed <= 1000)) {
        fputs("trundle demo: takes no operand, and --speed above 0 up to 1000; trundle demo --help says more\n", stderr);
        return EXIT_USAGE;
    }
    once = once || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO);
    (void)front_stop();
    TRY_GOTO(status, sim_suite_load(suite_name, &suite, &err), out);
    TRY_GOTO(status, folder_make(folder, &err), out);
    status = front_open(&front, serve, true, &err);
    if (status == TRUNDLE_DEVICE) {
        fprintf(stderr, "demo: %s; taking another port\n", err.what);
        status = front_open(&front, "127.0.0.1:0", true, &err);
    }
    while (status == TRUNDLE_OK && !*front_stop()) {
        status = have_trip(suite, seed++, folder, path, sizeof path, &err);
        if (status == TRUNDLE_OK)
            status = shop_once(&front, folder, path, json, speed, &err);
        if (once)
            break;
    }
out:
    front_close(&front);
    sim_suite_free(suite);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("demo", &err);
}
