/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* bench/run uplink - how long a decision waits when all carts of a store send over its one line. tests/runtime/store.h says what of it is simulated. JSON lines. */
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "tests/runtime/store.h"

#include <stdio.h>

static int run(struct store_config *config, const char *what, const char *commit)
{
    struct store_result r;
    struct trundle_error err;

    if (store_run(config, &r, &err) != TRUNDLE_OK)
        return option_fail("bench uplink", &err);
    printf("{\"name\":\"uplink\",\"case\":\"%s\",\"carts\":%d,\"link_bps\":%lld,\"seconds\":%.3g,\"every_s\":%.3g,\"decisions\":%zu,\"n\":%zu,\"median_ms\":%.0f,\"p99_ms\":%.0f,"
           "\"longest_ms\":%.0f,\"link_use\":%.3f,\"cart_bytes_min\":%lld,\"cart_bytes_max\":%lld,\"fairness\":%.3f,\"clips\":%zu,\"clips_in_time\":%zu,\"failures\":%llu,"
           "\"decisions_lost\":%zu,\"clips_lost\":%zu,\"wrong\":%zu,\"wall_s\":%.1f,\"cpu_s\":%.1f,\"kind\":\"simulated line and hub, loopback\",\"seed\":%llu,\"commit\":\"%s\"}\n",
           what, config->carts, (long long)config->link_bps, config->seconds, config->every_s, r.decisions, r.waited, r.median_ms, r.p99_ms, r.longest_ms, r.link_use,
           (long long)r.least_bytes, (long long)r.most_bytes, r.most_bytes ? (double)r.least_bytes / (double)r.most_bytes : 0, r.clips, r.clips_in_time,
           (unsigned long long)r.failures, r.decisions_lost, r.clips_lost, r.wrong, r.wall_s, r.cpu_s, (unsigned long long)config->seed, commit);
    (void)fflush(stdout);
    return r.decisions_lost + r.clips_lost + r.wrong ? EXIT_INPUT : EXIT_OK;
}

int main(int argc, char **argv)
{
    const char *commit = "", *dir = "build/bench/uplink";
    long long carts = 50, seed = 1, mbit = 10, clips = 3, kb = 300;
    double seconds = 20, every = 2;
    bool greedy = false, quick = false;
    int first, code;
    const struct option_row rows[] = { { "carts", "N", OPTION_LONG, &carts, "of the store (50, at most 50)" },
                                       { "mbit", "N", OPTION_LONG, &mbit, "of the line in Mbit/s (10)" },
                                       { "seconds", "S", OPTION_NUMBER, &seconds, "that are measured (20)" },
                                       { "every", "S", OPTION_NUMBER, &every, "between decisions of a cart, on average (2)" },
                                       { "clips", "N", OPTION_LONG, &clips, "that wait on each cart (3)" },
                                       { "clip-kb", "N", OPTION_LONG, &kb, "of a clip (300)" },
                                       { "greedy", NULL, OPTION_FLAG, &greedy, "no cart keeps to its share of the line" },
                                       { "quick", NULL, OPTION_FLAG, &quick, "10 seconds" },
                                       { "seed", "S", OPTION_LONG, &seed, "of times and clips" },
                                       { "dir", "DIR", OPTION_TEXT, &dir, "for the carts' folders; what was in it before must be gone" },
                                       { "commit", "TEXT", OPTION_TEXT, &commit, "what the lines say" },
                                       { 0 } };

    if (!option_parse(argc, argv, "bench uplink [OPTION...]", "How long a decision waits when all carts of a store send over its one line.", rows, &first, &code))
        return code;
    if (first != argc || carts < 1 || carts > 50 || mbit < 1 || mbit > 10000 || !(seconds >= 1 && seconds <= 600) || !(every > 0 && every <= 600) || clips < 0 || clips > 100 || kb < 1 ||
        kb > 10000) {
        fputs("bench uplink: takes 1 to 50 carts, 1 to 10000 Mbit/s, 1 to 600 seconds, up to 100 clips of up to 10000 kB, and no names\n", stderr);
        return EXIT_USAGE;
    }
    return run(&(struct store_config){ .folder = dir, .carts = (int)carts, .link_bps = mbit * 1000000, .seconds = quick ? 10 : seconds, .every_s = every, .clips = (int)clips,
                                       .clip_bytes = (size_t)kb * 1000, .greedy = greedy, .seed = (uint64_t)seed },
               greedy ? "greedy" : "share", commit);
}
