/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* ./dev bench rollout - the gate of a rollout on simulated fleets: how often it stops a bundle that is no worse, and one that is. JSON lines. */
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "tests/ship/fleet.h"

#include <math.h>
#include <stdlib.h>

static void print(const char *what, const struct fleet_plan *p, const char *commit)
{
    struct gate_config config = GATE_CONFIG_DEFAULT;
    struct fleet_result r = fleet_rollouts(p);
    double lo, hi;

    fleet_interval(r.stopped, r.rollouts, .95, &lo, &hi);
    printf("{\"name\":\"rollout\",\"case\":\"%s\",\"rollouts\":%d,\"carts\":%d,\"days\":%d,\"looks\":%d,\"between\":%.3g,\"alpha\":%.3g,\"stopped\":%d,"
           "\"stopped_share\":%.4f,\"lo\":%.4f,\"hi\":%.4f,\"done\":%d,\"open\":%d,",
           what, r.rollouts, p->carts, p->days, p->days * p->looks_a_day, p->between, config.alpha, r.stopped, (double)r.stopped / r.rollouts, lo, hi, r.done, r.open);
    if (r.stopped)
        printf("\"days_to_stop\":%.2f,", r.days_to_stop);
    if (r.done)
        printf("\"days_to_done\":%.2f,", r.days_to_done);
    printf("\"kind\":\"simulated\",\"seed\":%llu,\"commit\":\"%s\"}\n", (unsigned long long)p->seed, commit);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *commit = "", *dir = NULL;
    long long rollouts = 2000, seed = 1;
    bool quick = false;
    int first, code;
    const struct option_row rows[] = { { "rollouts", "N", OPTION_LONG, &rollouts, "of each case (2000)" },
                                       { "seed", "S", OPTION_LONG, &seed, "of the first" },
                                       { "quick", NULL, OPTION_FLAG, &quick, "a tenth of them" },
                                       { "dir", "DIR", OPTION_TEXT, &dir, "not used" },
                                       { "commit", "TEXT", OPTION_TEXT, &commit, "what the lines say" },
                                       { 0 } };
    struct fleet_plan p = FLEET_PLAN_DEFAULT;

    if (!option_parse(argc, argv, "bench rollout [OPTION...]", "How often the gate of a rollout stops a bundle that is no worse (at most alpha), and one that is.", rows, &first, &code))
        return code;
    if (rollouts < 1 || rollouts > 1000000 || first != argc) {
        fprintf(stderr, "bench rollout: takes 1 to 1000000 rollouts and no names\n");
        return EXIT_USAGE;
    }
    p.rollouts = (int)(quick ? (rollouts + 9) / 10 : rollouts);
    p.seed = (uint64_t)seed;
    print("no difference", &p, commit);
    p.carts = 12;
    print("no difference, 12 carts", &p, commit);
    p.carts = 50;
    p.between = .5;
    print("no difference, carts differ much", &p, commit);
    p.between = .2;
    p.harm[GATE_CORRECTIONS] = .5;
    print("half as many corrections more", &p, commit);
    p.harm[GATE_CORRECTIONS] = 1;
    print("twice the corrections", &p, commit);
    p.harm[GATE_CORRECTIONS] = 0;
    p.leave = .3;
    print("three in ten carts leave it", &p, commit);
    return EXIT_OK;
}
