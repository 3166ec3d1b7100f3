/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A cart that is killed at random points of a trip while it keeps and sends, on a line that loses and repeats: at the end the hub has every
 * decision, the trip and every clip that it has from a cart that nobody killed, each once, and each clip opens with the hub's key and is a
 * trip; and at no time is a clip in the clear among them. TRUNDLE_TEST_KILLS says how often (12). The programs are the real ones.
 */
#include "base/seal/seal.h"
#include "base/std/json.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "base/trip/trip.h"
#include "cart/runtime/identity.h"
#include "cart/runtime/outbox.h"
#include "lab/sim/sim.h"
#include "tests/runtime/fake_hub.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 511, FOUND = 400 };

static struct trundle_error err;
static char folder[4000], trip[4100], program[4100];
static struct seal_key seal;

static const char policy[] = "{\"before_s\": 1.5, \"after_s\": 1, \"longest_s\": 6, \"triggers\": ["
                             "{\"name\": \"added\", \"when\": \"add\", \"purpose\": \"improve\", \"keep_days\": 30, \"worth\": 2},"
                             "{\"name\": \"torn\", \"when\": \"belief and second > 0.2\", \"purpose\": \"improve\", \"keep_days\": 30, \"worth\": 1}]}";

static int make_trip(void **state)
{
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    const char *pictures = getenv("TRUNDLE_TEST_PICTURES");
    struct sim_suite *suite;

    (void)state;
    options.pictures = !pictures || strcmp(pictures, "0") != 0;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    support_ok(sim_suite_load("smoke", &suite, &err), &err);
    support_ok(sim_trips_make(suite, SEED, 1, folder, &options, &err), &err);
    sim_suite_free(suite);
    (void)snprintf(trip, sizeof trip, "%s/%d.mcap", folder, SEED);
    (void)snprintf(program, sizeof program, "%s", support_build("trundle-cart"));
    support_ok(seal_key_make(&seal, &err), &err);
    return 0;
}

/* A cart with its state in a folder of that name, that has joined the hub. */
static void join(const char *name, struct fake_hub *hub, char out_dir[4000])
{
    struct identity id;
    char path[4100];

    (void)snprintf(out_dir, 4000, "%.3900s/%s", folder, name);
    support_ok(identity_make(out_dir, &id, &err), &err);
    (void)snprintf(id.cart, sizeof id.cart, "cart-7");
    (void)seal_key_text(seal.public_key, id.seal_key);
    support_ok(identity_hub_set(&id, fake_hub_url(hub), NULL, &err), &err);
    support_ok(identity_save(out_dir, &id, &err), &err);
    fake_hub_expect(hub, id.public_key);
    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, out_dir);
    support_ok(file_write(path, policy, strlen(policy), &err), &err);
}

static const char *watched;                /* state folder of the cart that runs; NULL: none */
static bool plain_seen;

/* Is anything in the clear among the clips? An MCAP file begins so. */
static void look_for_plain(void)
{
    char path[4300], head[5] = "";
    struct dirent *entry;
    DIR *clips;

    (void)snprintf(path, sizeof path, "%.4000s/clips", watched);
    clips = opendir(path);
    while (clips && (entry = readdir(clips))) {
        int fd;

        (void)snprintf(path, sizeof path, "%.4000s/clips/%.255s", watched, entry->d_name);
        fd = open(path, O_RDONLY);
        plain_seen |= fd >= 0 && read(fd, head, 4) == 4 && !memcmp(head, "\x89MCA", 4);
        if (fd >= 0)
            (void)close(fd);
    }
    if (clips)
        (void)closedir(clips);
}

static pid_t start(char *const *args)
{
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY);

        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
        (void)execv(program, args);
        _exit(99);
    }
    assert_true(pid > 0);
    return pid;
}

/* Waits; kills it after `after_s` if that is positive. The exit code, -1 when killed. */
static int finish(pid_t pid, double after_s)
{
    int64_t until = clock_mono_ns() + S_NS(after_s > 0 ? after_s : 1000);
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_mono_ns() >= until)
            (void)kill(pid, SIGKILL);
        if (watched)
            look_for_plain();
        clock_sleep_until_ns(clock_mono_ns() + NS_PER_MS / 2);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_cart(const char *record, const char *dir, double after_s)
{
    char *const args[] = { program, (char *)(uintptr_t)"run", trip, (char *)(uintptr_t)"--record", (char *)(uintptr_t)record, (char *)(uintptr_t)"--state", (char *)(uintptr_t)dir, NULL };

    int code;

    watched = dir;
    code = finish(start(args), after_s);
    look_for_plain();
    watched = NULL;
    return code;
}

static int send_rest(const char *dir, double after_s)
{
    char *const args[] = { program, (char *)(uintptr_t)"cart", (char *)(uintptr_t)"send", (char *)(uintptr_t)"--patient", (char *)(uintptr_t)"--state", (char *)(uintptr_t)dir, NULL };

    return finish(start(args), after_s);
}

/* What a hub has, comparable: bodies of decisions and trips, and of each clip what it holds. */
struct found { char *line[FOUND]; size_t n; };

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add(struct found *f, const char *text)
{
    assert_true(f->n < FOUND);
    f->line[f->n] = strdup(text);
    assert_non_null(f->line[f->n++]);
}

static void add_records(struct found *f, struct fake_hub *hub, const char *kind)
{
    for (size_t i = 0; i < fake_hub_records(hub, kind); i++) {
        const char *body = strstr(fake_hub_record(hub, kind, i), "\"body\":");
        char text[2000];

        assert_non_null(body);
        (void)snprintf(text, sizeof text, "%s %s", kind, body);
        if (!strcmp(kind, "trip") && strstr(text, ",\"inputs\""))      /* a picture that is measured or not, as it comes */
            *strstr(text, ",\"inputs\"") = '\0';
        add(f, text);
    }
}

static void add_clips(struct found *f, struct fake_hub *hub)
{
    for (size_t i = 0; i < fake_hub_clips(hub); i++) {
        struct bytes plain = { 0 }, about = { 0 };
        struct seal_reader *r;
        struct trip_reader *t;
        struct trundle_message m;
        enum trundle_status status;
        char sha[65], path[4100], text[600];
        size_t n, messages = 0, frames = 0;
        const void *data = fake_hub_clip(hub, i, &n, sha);
        uint64_t sum = 0;

        support_ok(seal_open_memory(&seal, data, n, &r, &err), &err);
        assert_string_equal(seal_open_header(r)->cart, "cart-7");
        assert_string_equal(seal_open_header(r)->purpose, "improve");
        assert_int_equal(seal_open_header(r)->keep_days, 30);
        support_ok(seal_open_all(r, 64 << 20, &plain, &err), &err);
        (void)snprintf(path, sizeof path, "%.4000s/clip-%zu.mcap", folder, i);
        support_ok(file_write(path, plain.data, plain.n, &err), &err);
        support_ok(trip_open(path, &t, &err), &err);
        support_ok(trip_attachment(t, "clip.json", &about, &err), &err);
        while ((status = trip_next(t, &m, &err)) == TRUNDLE_OK) {
            messages++;
            frames += m.channel == TRUNDLE_CAM;
            sum = sum * 31 + m.sequence + (uint64_t)m.log_ns;
        }
        assert_int_equal(status, TRUNDLE_END);
        (void)snprintf(text, sizeof text, "clip %s %.3f to %.3f s: %zu messages, %zu frames, sum %llx", seal_open_header(r)->trigger, seal_open_header(r)->t0_s,
                       seal_open_header(r)->t1_s, messages, frames, (unsigned long long)sum);
        add(f, text);
        trip_free(t);
        seal_open_free(r);
        bytes_done(&plain);
        bytes_done(&about);
        (void)unlink(path);
    }
}

static void look(struct found *f, struct fake_hub *hub)
{
    f->n = 0;
    add_records(f, hub, "decision");
    add_records(f, hub, "trip");
    add_clips(f, hub);
    qsort(f->line, f->n, sizeof f->line[0], by_text);
    assert_int_equal(fake_hub_records(hub, "clip"), fake_hub_clips(hub));
    assert_int_equal(fake_hub_counts(hub).forged + fake_hub_counts(hub).bad_signatures, 0);
}

static void forget(struct found *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->line[i]);
}

static void nothing_is_lost_or_doubled(void **state)
{
    const char *often = getenv("TRUNDLE_TEST_KILLS");
    int kills = often ? atoi(often) : 12, killed = 0, code = -1;
    struct fake_hub *quiet = fake_hub_start(1), *hub = fake_hub_start(support_seed());
    struct rng r = rng_seed(support_seed(), "keeper_kill");
    struct found expected, got;
    char dir[4000], record[4100];
    struct outbox_state s;
    struct outbox *box;
    int64_t t0;
    double whole_s;

    (void)state;
    join("unkilled", quiet, dir);
    (void)snprintf(record, sizeof record, "%s/first.mcap", folder);
    assert_int_equal(run_cart(record, dir, 0), 0);     /* makes the store's gallery, once; says all that the next one says */
    (void)snprintf(record, sizeof record, "%s/a.mcap", folder);
    t0 = clock_mono_ns();
    assert_int_equal(run_cart(record, dir, 0), 0);
    whole_s = ns_s(clock_mono_ns() - t0);
    assert_int_equal(send_rest(dir, 0), 0);
    look(&expected, quiet);
    assert_true(fake_hub_records(quiet, "decision") > 5 && fake_hub_records(quiet, "trip") == 1 && fake_hub_clips(quiet) > 3);

    join("killed", hub, dir);
    fake_hub_trouble(hub, 0.25);
    (void)snprintf(record, sizeof record, "%s/b.mcap", folder);
    t0 = clock_mono_ns();
    for (int i = 0; i < kills; i++) {
        if (code != 0) {
            code = run_cart(record, dir, 0.01 + rng_unit(&r) * whole_s * 1.2);
            killed += code == -1;
            if (code == 3)                 /* killed after the trip had its end: it is a whole one already */
                code = 0;
        } else {
            killed += send_rest(dir, 0.002 + rng_unit(&r) * 0.1) == -1;
        }
    }
    while (code != 0) {
        code = run_cart(record, dir, 0);
        if (code == 3)
            code = 0;
        assert_int_equal(code, 0);
    }
    assert_int_equal(send_rest(dir, 0), 0);
    look(&got, hub);
    printf("# killed %d of %d times, %.2f s a whole run; hub: %zu records, %zu clips; %u requests, of them %u met trouble\n", killed, kills, whole_s, fake_hub_records(hub, NULL), fake_hub_clips(hub),
           fake_hub_counts(hub).requests, fake_hub_counts(hub).lost_requests + fake_hub_counts(hub).lost_answers + fake_hub_counts(hub).cut_answers +
           fake_hub_counts(hub).repeated + fake_hub_counts(hub).reordered + fake_hub_counts(hub).refused);
    for (size_t i = 0; i < got.n || i < expected.n; i++)
        if (i >= got.n || i >= expected.n || strcmp(got.line[i], expected.line[i]) != 0)
            fail_msg("unkilled: %s\nkilled:   %s", i < expected.n ? expected.line[i] : "nothing more", i < got.n ? got.line[i] : "nothing more");
    support_ok(outbox_open(dir, OUTBOX_READ, &box, &err), &err);
    support_ok(outbox_state(box, &s, &err), &err);
    assert_int_equal(s.records + s.clips + s.lost_clips + s.dropped_clips + s.refused_records, 0);
    outbox_close(box);
    assert_true(kills < 3 || killed > 0);
    assert_false(plain_seen);
    forget(&expected);
    forget(&got);
    fake_hub_stop(quiet);
    fake_hub_stop(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_lost_or_doubled) };

    return cmocka_run_group_tests(tests, make_trip, NULL);
}
