/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What scoring adds to the replay of a trip, of CPU time. */
#include "bench/bench.h"

#include "base/std/time.h"
#include "lab/judge/judge.h"

struct spent { double replay_s, score_s; };

static enum trundle_status replay(const struct bench_trip *t, struct judge_replay *r, struct judge_truth *truth, struct spent *out, struct trundle_error *err)
{
    struct trip_reader *reader = NULL;
    struct trundle_message m;
    enum trundle_status status;

    TRY(trip_open(t->path, &reader, err));
    while ((status = trip_next(reader, &m, err)) == TRUNDLE_OK) {
        int64_t cpu = clock_cpu_ns();

        if (m.channel == TRUNDLE_TRUTH) {
            TRY_GOTO(status, judge_truth_add(truth, m.truth.bytes, m.truth.bytes_n, err), out);
            out->score_s += ns_s(clock_cpu_ns() - cpu);
        } else {
            TRY_GOTO(status, judge_replay_push(r, &m, err), out);
            out->replay_s += ns_s(clock_cpu_ns() - cpu);
        }
    }
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    trip_free(reader);
    return status;
}

static enum trundle_status score(const struct bench_trip *t, struct judge_replay *r, struct judge_truth *truth, struct spent *out, struct trundle_error *err)
{
    struct judge_prediction p = { .events_n = 0 };
    struct judge_tally all = { .latencies_n = 0 }, slice[JUDGE_SLICES_MAX] = { { .latencies_n = 0 } };
    int64_t cpu = clock_cpu_ns();
    enum trundle_status status;

    TRY_GOTO(status, judge_truth_finish(truth, err), out);
    TRY_GOTO(status, judge_replay_unaided(r, &p, err), out);
    status = judge_score(truth, &p, t->world.catalog, &all, slice, err);
out:
    out->score_s += ns_s(clock_cpu_ns() - cpu);
    judge_prediction_done(&p);
    judge_tally_done(&all);
    for (size_t i = 0; i < JUDGE_SLICES_MAX; i++)
        judge_tally_done(&slice[i]);
    return status;
}

void bench_judge(struct bench *b)
{
    double score_s[BENCH_TRIPS_MAX], replay_s[BENCH_TRIPS_MAX];
    struct bench_figure f = { .name = "scoring_share", .unit = "CPU s of scoring per CPU s of replay", .simulated = true, .kind = "measured", .n = (size_t)b->trips_n,
                              .sample = score_s, .per = replay_s, .note = "truth read, events matched, basket and slices counted; one run of the cart, without opening it" };

    for (int i = 0; i < b->trips_n; i++) {
        struct judge_truth truth = { .seed = b->trip[i].head.seed, .start_wall_ns = b->trip[i].head.start_wall_ns, .e_g = 5 };
        struct judge_replay *r = NULL;
        struct trundle_setup setup;
        struct spent s = { 0 };
        struct trundle_error err;
        enum trundle_status status;

        trip_world_setup(&b->trip[i].world, &setup);
        status = judge_replay_new(&judge_cart_trundle, &setup, &r, &err);
        if (status == TRUNDLE_OK)
            status = replay(&b->trip[i], r, &truth, &s, &err);
        if (status == TRUNDLE_OK)
            status = score(&b->trip[i], r, &truth, &s, &err);
        judge_replay_free(r);
        judge_truth_done(&truth);
        if (status != TRUNDLE_OK) {
            bench_fail(b, f.name, &err);
            return;
        }
        score_s[i] = s.score_s;
        replay_s[i] = s.replay_s;
    }
    bench_print(b, &f);
}
