/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A cart that is killed at random points of a trip running at full speed: no line that was acknowledged is lost or doubled,
 * and the basket at the end is that of a cart that nobody killed. TRUNDLE_TEST_KILLS says how often (20); the seed and the
 * last acknowledged decision are printed.
 */
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/runtime/journal.h"
#include "cart/runtime/replay.h"
#include "lab/sim/sim.h"
#include "tests/support/support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 511 };

struct said { uint32_t id; uint32_t again; };

static char trip[4200], out[4200], journal[4300];
static int said_fd;

static int make_trip(void **state)
{
    const char *folder = support_scratch();
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    const char *pictures = getenv("TRUNDLE_TEST_PICTURES");
    struct sim_suite *suite;
    struct trundle_error err;

    (void)state;
    options.pictures = !pictures || strcmp(pictures, "0") != 0;
    support_ok(sim_suite_load("smoke", &suite, &err), &err);
    support_ok(sim_trips_make(suite, SEED, 1, folder, &options, &err), &err);
    sim_suite_free(suite);
    (void)snprintf(trip, sizeof trip, "%s/%d.mcap", folder, SEED);
    (void)snprintf(out, sizeof out, "%s/out.mcap", folder);
    (void)snprintf(journal, sizeof journal, "%s.journal", out);
    return 0;
}

static void say(void *user, const struct trundle_message *m, bool again)
{
    struct said s = { m->decision.id, again };

    (void)user;
    if (write(said_fd, &s, sizeof s) != (ssize_t)sizeof s)
        _exit(9);
}

/* Shops the trip in a child, recording; returns its pid and the reading end of what it says. */
static pid_t start(int *out_fd)
{
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        struct replay_config config = REPLAY_CONFIG_DEFAULT;
        struct replay_summary s;
        struct trundle_error err;
        char text[1024];

        (void)close(ends[0]);
        said_fd = ends[1];
        config.record = out;
        config.decision = say;
        if (replay_trip(trip, &config, &s, &err) != TRUNDLE_OK) {
            fprintf(stderr, "child: %s\n", error_text(&err, text, sizeof text));
            _exit(7);
        }
        _exit(0);
    }
    (void)close(ends[1]);
    *out_fd = ends[0];
    return pid;
}

static struct bytes receipt_of(const char *path, double *out_wall_s)
{
    struct replay_config config = REPLAY_CONFIG_DEFAULT;
    struct replay_summary s;
    struct trundle_error err;

    support_ok(replay_trip(path, &config, &s, &err), &err);
    *out_wall_s = s.wall_s;
    bytes_done(&s.receipt_json);
    return s.receipt_text;
}

static bool is_whole(const char *path)
{
    struct trip_reader *reader;
    struct trundle_error err;

    if (trip_open(path, &reader, &err) != TRUNDLE_OK)
        return false;
    trip_free(reader);
    return true;
}

static void no_line_is_lost_or_doubled(void **state)
{
    const char *text = getenv("TRUNDLE_TEST_KILLS");
    int kills = text ? atoi(text) : 20, done = 0, finished = 0;
    struct rng r = rng_seed(support_seed(), "kills");
    double wall_s, again_s;
    struct bytes want = receipt_of(trip, &wall_s);
    uint32_t last = 0;

    (void)state;
    while (done < kills) {
        int fd, status;
        pid_t pid = start(&fd);
        int64_t until = clock_mono_ns() + S_NS(rng_range(&r, 0, 1.6 * wall_s + 0.02));
        struct said s;

        clock_sleep_until_ns(until);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        while (read(fd, &s, sizeof s) == (ssize_t)sizeof s) {
            if (s.again)
                assert_true(s.id <= last + 8);        /* was durable before the kill; perhaps not yet heard of */
            else
                assert_int_equal(s.id, last + 1);     /* neither lost nor doubled */
            if (s.id > last)
                last = s.id;
        }
        (void)close(fd);
        done += WIFSIGNALED(status);
        if (WIFEXITED(status) || is_whole(out)) {     /* or killed between the end of the file and its own */
            struct bytes got;

            assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : 0, 0);
            got = receipt_of(out, &again_s);
            assert_int_equal(got.n, want.n);
            assert_memory_equal(got.data, want.data, want.n);
            bytes_done(&got);
            (void)unlink(out);
            (void)unlink(journal);
            last = 0;
            finished++;
            continue;
        }
        printf("# kill %d: last acknowledged decision %u\n", done, last);
    }
    printf("# %d kills, %d trips finished in between with the right receipt\n", done, finished);
    bytes_done(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_line_is_lost_or_doubled) };

    return cmocka_run_group_tests(tests, make_trip, NULL);
}
