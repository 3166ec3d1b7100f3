/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle cart clips: the triggers of a policy over recorded trips, so that it can be tuned before carts have it. */
#include "base/std/time.h"
#include "base/trip/trip.h"
#include "cart/capture/clip.h"
#include "cart/runtime/keeper.h"
#include "cmd/cart/cart.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sums { uint64_t decisions, moments, clips, trips; double seconds, trip_s; uint32_t by_trigger[POLICY_TRIGGERS]; };

static void clips_print(struct clip_watch *w, const struct capture_policy *policy, int64_t now_ns, struct sums *sums)
{
    struct clip_want c;

    while (clip_due(w, now_ns, &c) == TRUNDLE_OK) {
        const struct policy_trigger *t = &policy->trigger[c.trigger];

        printf("%s  %9.3f to %9.3f s  %-12s decision %u, p ", w->trip, ns_s(c.t0_ns), ns_s(c.t1_ns), t->name, c.decision);
        if (isnan(c.p))
            printf("unknown");
        else
            printf("%.3f", c.p);
        printf(", worth %.2f, %u moments, %s for %d days\n", clip_worth(t, c.p, sums->by_trigger[c.trigger]++), c.moments, t->purpose, t->keep_days);
        sums->clips++;
        sums->seconds += ns_s(c.t1_ns - c.t0_ns);
    }
}

static enum trundle_status clips_of(const char *path, const struct capture_policy *policy, struct sums *sums, struct trundle_error *err)
{
    struct clip_watch *w = malloc(sizeof *w);
    struct trip_reader *r = NULL;
    char name[CLIP_TRIP];
    enum trundle_status status;
    struct trundle_message m = { .log_ns = 0 };

    if (!w)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    TRY_GOTO(status, trip_open(path, &r, err), out);
    clip_watch_init(w, policy, keeper_trip_name(trip_head(r), name));
    while ((status = trip_next(r, &m, err)) == TRUNDLE_OK) {
        clips_print(w, policy, m.log_ns, sums);
        sums->decisions += m.channel == TRUNDLE_DECISION;
        sums->trip_s = m.log_ns > 0 ? ns_s(m.log_ns) : 0;
        (void)clip_watch(w, &m);
    }
    clips_print(w, policy, INT64_MAX, sums);
    sums->moments += w->moments;
    sums->trips++;
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    trip_free(r);
    free(w);
    return status;
}

int cart_clips_main(int argc, char **argv)
{
    const char *policy_path = NULL;
    const struct option_row rows[] = {
        { "policy", "FILE.json", OPTION_TEXT, &policy_path, "the policy (default: the built-in one)" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct capture_policy *policy = malloc(sizeof *policy);
    struct sums sums = { 0 };
    struct bytes file = { 0 };
    struct trundle_error err;
    enum trundle_status status = TRUNDLE_OK;
    double total_s = 0;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart clips TRIP.mcap... [--policy FILE.json]",
                      "What would be kept of trips that hold decisions (trundle run TRIP --record OUT makes them).", rows, &first, &code)) {
        free(policy);
        return code;
    }
    if (argc == first && !policy_path) {
        fputs("trundle cart clips: name a trip, or a policy to check\n", stderr);
        free(policy);
        return EXIT_USAGE;
    }
    if (!policy) {
        (void)error_set(&err, TRUNDLE_NO_MEMORY, "clips", NULL, "no memory");
        return option_fail("cart clips", &err);
    }
    policy_default(policy);
    if (policy_path) {
        status = file_read(policy_path, 1 << 20, &file, &err);
        if (status == TRUNDLE_OK)
            status = policy_parse(file.data, file.n, policy_path, policy, &err);
    }
    for (int i = first; i < argc && status == TRUNDLE_OK; i++) {
        status = clips_of(argv[i], policy, &sums, &err);
        total_s += sums.trip_s;
    }
    if (status == TRUNDLE_OK) {
        printf("%llu trips, %.0f s, %llu decisions: %llu moments in %llu clips of %.0f s (%.1f %% of the time)\n", (unsigned long long)sums.trips, total_s,
               (unsigned long long)sums.decisions, (unsigned long long)sums.moments, (unsigned long long)sums.clips, sums.seconds, total_s > 0 ? 100 * sums.seconds / total_s : 0);
        for (size_t i = 0; i < policy->triggers_n; i++)
            printf("  %-12s %4u clips  when %s\n", policy->trigger[i].name, sums.by_trigger[i], policy->trigger[i].when.text);
    }
    bytes_done(&file);
    free(policy);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("cart clips", &err);
}
