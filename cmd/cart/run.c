/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle run: the cart, on a recorded trip or on devices. */
#include "cart/runtime/live.h"
#include "cart/runtime/pipeline.h"
#include "cart/runtime/replay.h"
#include "cart/runtime/summary.h"
#include "cmd/cart/hub_side.h"
#include "cmd/front.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdlib.h>
#include <string.h>

struct span { double from_s, until_s; };

static void print_decision(void *user, const struct trundle_message *m, bool again)
{
    const struct span *span = user;
    struct bytes line = { 0 };

    if (again || (double)m->decision.t_ns < span->from_s * 1e9 || (double)m->decision.t_ns > span->until_s * 1e9)
        return;
    if (summary_decision_json(m, &line) == TRUNDLE_OK) {
        (void)fwrite(line.data, 1, line.n, stdout);
        (void)fflush(stdout);
    }
    bytes_done(&line);
}

static void print_health(void *user, const char *device, unsigned index, const char *state, const char *text)
{
    (void)user;
    fprintf(stderr, "trundle run: %s %u: %s: %s\n", device, index, state, text);
}

static bool parse_speed(const char *text, double *out)
{
    char *end;

    if (!strcmp(text, "max")) {
        *out = 0;
        return true;
    }
    *out = strtod(text, &end);
    return *text && !*end && *out > 0 && *out <= 1000;
}

int verb_run(int argc, char **argv)
{
    const char *speed = NULL, *serve = NULL, *cart = NULL, *catalog = NULL, *record = NULL, *state = NULL, *model_dir = NULL;
    bool json = false, recorded = false, till = false;
    long long threads = 1;
    struct span span = { 0, 1e9 };
    const struct option_row rows[] = {
        { "speed", "N|max", OPTION_TEXT, &speed, "replay speed; natural (1) with --serve, else max" },
        { "serve", "ADDR", OPTION_TEXT, &serve, "the touchscreen, at IP:PORT (127.0.0.1:8480)" },
        { "record", "OUT.mcap", OPTION_TEXT, &record, "keep the trip; the same command after a kill goes on where it stopped" },
        { "cart", "CART.json", OPTION_TEXT, &cart, "run on the devices of this cart" },
        { "catalog", "DIR", OPTION_TEXT, &catalog, "catalog directory (of a trip: the store beside it)" },
        { "state", "DIR", OPTION_TEXT, &state, "keep what the hub should know in DIR, and send it (trundle cart join); default: state_dir of a cart that has joined" },
        { "model", "DIR", OPTION_TEXT, &model_dir, "decide and see with this model directory (default: the bundle in the slots of the state folder, else the built-in model)" },
        { "threads", "N", OPTION_LONG, &threads, "threads, 1 to 8; the basket does not depend on it" },
        { "recorded", NULL, OPTION_FLAG, &recorded, "take the evidence in the trip instead of sensing again" },
        { "from", "S", OPTION_NUMBER, &span.from_s, "of a trip: as fast as it goes up to second S; decisions are printed from there on" },
        { "until", "S", OPTION_NUMBER, &span.until_s, "... up to there" },
        { "till", NULL, OPTION_FLAG, &till, "the screen may say paid and staff (demonstration)" },
        { "json", NULL, OPTION_FLAG, &json, "a JSON object a line: decisions, then a summary" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct replay_config config = REPLAY_CONFIG_DEFAULT;
    struct replay_summary summary;
    struct front front = { NULL, NULL, NULL };
    struct hub_side hub = { .keeper = NULL };
    struct model model = { .sha256 = "" };
    struct trundle_error err;
    enum trundle_status status = TRUNDLE_OK;
    int first, code;

    if (!option_parse(argc, argv, "trundle run TRIP.mcap [OPTION...]\n       trundle run --cart CART.json --catalog DIR [OPTION...]",
                      "Drives the cart with a recorded trip or with devices; prints the receipt.", rows, &first, &code))
        return code;
    if ((cart ? argc != first : argc != first + 1) || (cart && !catalog)) {
        fputs("trundle run: name one trip, or --cart and --catalog; trundle run --help says more\n", stderr);
        return EXIT_USAGE;
    }
    if (threads < 1 || threads > PIPELINE_THREADS_MAX) {
        fprintf(stderr, "trundle run: --threads takes 1 to %d, not %lld\n", PIPELINE_THREADS_MAX, threads);
        return EXIT_USAGE;
    }
    if (!(span.from_s >= 0 && span.from_s <= span.until_s && span.until_s <= 1e9) || (cart && (span.from_s > 0 || span.until_s < 1e9))) {
        fputs("trundle run: --from and --until are seconds of a recorded trip, in this order\n", stderr);
        return EXIT_USAGE;
    }
    config.from_ns = (int64_t)(span.from_s * 1e9);
    config.speed = serve ? 1 : 0;
    if (speed && !parse_speed(speed, &config.speed)) {
        fprintf(stderr, "trundle run: --speed takes a number up to 1000 or max, not '%s'\n", speed);
        return EXIT_USAGE;
    }
    if (serve)
        status = front_open(&front, serve, till, &err);
    if (status == TRUNDLE_OK)
        status = hub_side_open(&hub, state, cart, record, &err);
    if (status == TRUNDLE_OK)
        status = model_load(model_dir ? model_dir : hub.model, &model, &err);
    if (status == TRUNDLE_OK && cart) {
        struct live_config live = { .cart_path = cart, .catalog_dir = catalog, .record = record, .model = &model, .threads = (int)threads, .face = front.face,
                                    .inbox = front.inbox, .keeper = hub.keeper, .stop = front_stop(), .fast = speed && config.speed == 0, .health = print_health, .decision = json ? print_decision : NULL, .user = &span };

        status = live_run(&live, &summary, &err);
    } else if (status == TRUNDLE_OK) {
        config.threads = (int)threads;
        config.record = record;
        config.catalog_dir = catalog;
        config.model = &model;
        config.recorded = recorded;
        config.face = front.face;
        config.inbox = front.inbox;
        config.keeper = hub.keeper;
        config.stop = front_stop();
        config.decision = json ? print_decision : NULL;
        config.user = &span;
        status = replay_trip(argv[first], &config, &summary, &err);
    }
    front_close(&front);
    model_done(&model);
    hub_side_close(&hub, status == TRUNDLE_OK ? &summary : NULL);
    if (status != TRUNDLE_OK)
        return option_fail("run", &err);
    code = front_print(&summary, json);
    replay_summary_done(&summary);
    return code;
}
