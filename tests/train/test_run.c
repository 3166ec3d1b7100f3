/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Runs: the same bits again, after a stop, after kills, with any workers; numbers that are none; what stands in the way. */
#include "tests/support/support.h"

#include "base/net/file.h"
#include "base/net/manifest.h"
#include "base/std/bytes.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "lab/train/run.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 12 };

static const char tiny[] = "{\"recipe\": 1, \"name\": \"tiny\", \"seed\": %d,"
                           " \"data\": {\"kind\": \"generated\", \"n\": 60, \"px\": 24, \"held_out\": 0.2},"
                           " \"augmentation\": {\"flip\": 0.5, \"scale\": [0.5, 1], \"rotate_deg\": 10, \"mixup\": 0.2, \"cutmix\": 0.2, \"noise\": 0.2},"
                           " \"network\": {\"input\": [24, 24, 3], \"layers\": ["
                           "   {\"conv\": 8, \"stride\": 2}, {\"conv\": 16, \"stride\": 2}, {\"global_pool\": \"average\"}, {\"linear\": \"classes\"}]},"
                           " \"losses\": [{\"kind\": \"cross_entropy\", \"smoothing\": 0.1}],"
                           " \"schedule\": {\"lr\": 0.05, \"weight_decay\": 0.0005, \"batch\": 8, \"steps\": %d, \"ema\": 0.9, \"save_minutes\": 0,"
                           "   \"sizes\": [{\"px\": 16, \"until\": 0.5}, {\"px\": 24}]},"
                           " \"evaluation\": {\"every_epochs\": 1, \"flip\": true}}";

static const char *home(void)
{
    static char folder[4000];

    if (!folder[0])
        (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    return folder;
}

static struct recipe *recipe_of(int seed, int steps)
{
    struct trundle_error err = { 0 };
    struct recipe *r = NULL;
    char text[4096];

    (void)snprintf(text, sizeof text, tiny, seed, steps);
    support_ok(recipe_parse(text, strlen(text), "tiny.json", &r, &err), &err);
    return r;
}

/* What the test does to a run before each step. */
struct hook { int64_t stop_at, spoil_at; volatile int stop; int sample; char name[64]; const struct data_set *set; };

static void look(void *user, int64_t step, struct feed_batch *b)
{
    struct hook *h = user;

    if (step == h->stop_at)
        h->stop = 1;
    if (step == h->spoil_at) {
        h->sample = 3;
        b->x[(size_t)h->sample * (size_t)b->w * (size_t)b->h * 3 + 17] = NAN;
    }
}

static enum trundle_status try_run(const struct recipe *recipe, const char *out, bool resume, int workers, struct hook *hook, struct run_report *report, struct trundle_error *err)
{
    struct run_options options = RUN_OPTIONS_DEFAULT;
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", home(), out);
    options.out = path;
    options.resume = resume;
    options.workers = workers;
    options.look = hook ? look : NULL;
    options.stop = hook ? &hook->stop : NULL;
    options.user = hook;
    return run_recipe(recipe, &options, report, err);
}

static struct run_report run(const struct recipe *recipe, const char *out, bool resume, int workers, struct hook *hook)
{
    struct trundle_error err = { 0 };
    struct run_report report = { 0 };

    support_ok(try_run(recipe, out, resume, workers, hook, &report, &err), &err);
    return report;
}

static bool there(const char *relative)
{
    char path[4200];

    (void)snprintf(path, sizeof path, "%s/%s", home(), relative);
    return access(path, F_OK) == 0;
}

static struct run_report reference(void)
{
    static struct run_report report;
    struct recipe *r;

    if (report.finished)
        return report;
    r = recipe_of(1, STEPS);
    report = run(r, "reference", false, 0, NULL);
    recipe_free(r);
    return report;
}

static void a_run_leaves_a_model_folder(void **state)
{
    static const char *const files[] = { "tiny.net", "manifest.json", "result.json", "card.md", "log.jsonl", "curve.svg", "recipe.json" };
    struct run_report report = reference();
    struct trundle_error err = { 0 };
    struct net_file *file = NULL;
    char path[4300];

    (void)state;
    assert_true(report.finished && report.has_held_out && !report.has_final);
    assert_int_equal(report.steps, STEPS);
    assert_true(report.held_out.top1 >= 0 && report.held_out.n > 3);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        (void)snprintf(path, sizeof path, "reference/tiny/%s", files[i]);
        assert_true(there(path));
    }
    assert_false(there("reference/tiny/checkpoint.bin"));
    (void)snprintf(path, sizeof path, "%s/reference/tiny", home());
    support_ok(net_manifest_check(path, &err), &err);
    (void)snprintf(path, sizeof path, "%s/reference/tiny/tiny.net", home());
    support_ok(net_file_open(path, &file, &err), &err);
    assert_non_null(strstr(net_file_about(file), "\"made_by\""));
    for (int i = 0; i < net_file_graph(file)->nodes_n; i++)
        assert_int_not_equal(net_file_graph(file)->node[i].op, NET_BATCH_NORM);
    net_file_close(file);
}

static void the_same_recipe_gives_the_same_bits(void **state)
{
    struct recipe *r = recipe_of(1, STEPS), *other = recipe_of(2, STEPS);

    (void)state;
    assert_string_equal(run(r, "again", false, 0, NULL).net_sha256, reference().net_sha256);
    assert_string_equal(run(r, "workers", false, 2, NULL).net_sha256, reference().net_sha256);
    assert_string_not_equal(run(other, "other", false, 0, NULL).net_sha256, reference().net_sha256);
    recipe_free(r);
    recipe_free(other);
}

static void a_stopped_run_goes_on_to_the_same_bits(void **state)
{
    (void)state;
    for (int at = 1; at < STEPS; at += 5) {    /* before and behind the change of size */
        struct hook hook = { .stop_at = at, .spoil_at = -1 };
        struct recipe *r = recipe_of(1, STEPS);
        struct run_report report;
        char out[32];

        (void)snprintf(out, sizeof out, "stopped%d", at);
        report = run(r, out, false, at % 2, &hook);
        assert_false(report.finished);
        assert_int_equal(report.steps, at + 1);
        report = run(r, out, true, 0, NULL);
        assert_true(report.finished);
        assert_string_equal(report.net_sha256, reference().net_sha256);
        recipe_free(r);
    }
}

static void what_stands_in_the_way_is_said(void **state)
{
    struct recipe *r = recipe_of(1, STEPS), *other = recipe_of(9, STEPS);
    struct hook hook = { .stop_at = 4, .spoil_at = -1 };
    struct trundle_error err = { 0 };
    struct run_report report;
    struct bytes b = { 0 };
    char path[4200];

    (void)state;
    (void)reference();
    assert_int_equal(try_run(r, "reference", false, 0, NULL, &report, &err), TRUNDLE_CONFLICT);
    assert_int_equal(try_run(r, "nothing", true, 0, NULL, &report, &err), TRUNDLE_NOT_FOUND);
    (void)run(r, "half", false, 0, &hook);
    assert_int_equal(try_run(r, "half", false, 0, NULL, &report, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.hint, "--resume"));
    assert_int_equal(try_run(other, "half", true, 0, NULL, &report, &err), TRUNDLE_CONFLICT);
    (void)snprintf(path, sizeof path, "%s/half/tiny/checkpoint.bin", home());
    support_ok(file_read(path, 1 << 30, &b, &err), &err);
    for (size_t i = 0; i < 8; i++) {           /* any flipped bit, and any cut */
        size_t at = b.n * (2 * i + 1) / 16;

        b.data[at] ^= 4;
        support_ok(file_write(path, b.data, b.n, &err), &err);
        assert_int_equal(try_run(r, "half", true, 0, NULL, &report, &err), TRUNDLE_CORRUPT);
        b.data[at] ^= 4;
        support_ok(file_write(path, b.data, at, &err), &err);
        assert_int_equal(try_run(r, "half", true, 0, NULL, &report, &err), TRUNDLE_CORRUPT);
    }
    support_ok(file_write(path, b.data, b.n, &err), &err);
    assert_string_equal(run(r, "half", true, 0, NULL).net_sha256, reference().net_sha256);
    bytes_done(&b);
    recipe_free(r);
    recipe_free(other);
}

static void numbers_that_are_none_stop_the_run(void **state)
{
    struct hook hook = { .stop_at = -1, .spoil_at = 7 };
    struct recipe *r = recipe_of(1, STEPS);
    struct trundle_error err = { 0 };
    struct run_report report;
    char told[1024];

    (void)state;
    assert_int_equal(try_run(r, "nan", false, 0, &hook, &report, &err), TRUNDLE_BAD_INPUT);
    (void)error_text(&err, told, sizeof told);
    printf("# %s\n", told);
    assert_non_null(strstr(told, "step 7"));
    assert_non_null(strstr(told, "sample 3"));
    assert_non_null(strstr(told, "1:"));       /* the picture's name: seed and number */
    assert_string_equal(run(r, "nan", true, 0, NULL).net_sha256, reference().net_sha256);      /* from the last good step */
    recipe_free(r);
}

static pid_t start(const char *recipe, const char *out, bool resume)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        const char *program = support_build("trundle-lab");

        if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
            _exit(126);
        if (resume)
            (void)execl(program, "trundle-lab", "train", recipe, "--out", out, "--resume", (char *)NULL);
        else
            (void)execl(program, "trundle-lab", "train", recipe, "--out", out, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int wait_for(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void write_recipe(const char *path, int steps)
{
    struct trundle_error err = { 0 };
    char text[4096];
    int n = snprintf(text, sizeof text, tiny, 1, steps);

    support_ok(file_write(path, text, (size_t)n, &err), &err);
}

static void wait_until_there(const char *relative)
{
    for (int i = 0; i < 3000 && !there(relative); i++)
        clock_sleep_until_ns(clock_mono_ns() + 10 * NS_PER_MS);
    assert_true(there(relative));
}

static char *net_bytes(const char *out, size_t *n)
{
    struct trundle_error err = { 0 };
    struct bytes b = { 0 };
    char path[4400];

    (void)snprintf(path, sizeof path, "%s/tiny/tiny.net", out);
    support_ok(file_read(path, 1 << 26, &b, &err), &err);
    *n = b.n;
    return (char *)b.data;
}

/* Killed at random instants, and gone on from each time: the bytes of a run that nobody disturbed. */
static void kills_change_nothing(void **state)
{
    struct rng r = rng_seed(support_seed(), "kills");
    int kills = getenv("TRUNDLE_TEST_KILLS") ? atoi(getenv("TRUNDLE_TEST_KILLS")) : 3, killed = 0;
    char recipe[4100], calm[4100], wild[4100], *a, *b;
    size_t an, bn;

    (void)state;
    (void)snprintf(recipe, sizeof recipe, "%s/kill.json", home());
    (void)snprintf(calm, sizeof calm, "%s/calm", home());
    (void)snprintf(wild, sizeof wild, "%s/wild", home());
    write_recipe(recipe, 150);
    assert_int_equal(wait_for(start(recipe, calm, false)), 0);
    for (int i = 0; i < kills && !there("wild/tiny/manifest.json"); i++) {
        pid_t pid = start(recipe, wild, there("wild/tiny/checkpoint.bin"));

        if (i == 0)
            wait_until_there("wild/tiny/checkpoint.bin");
        clock_sleep_until_ns(clock_mono_ns() + (int64_t)rng_range(&r, 20, 300) * NS_PER_MS);
        (void)kill(pid, SIGKILL);
        killed += wait_for(pid) == 128 + SIGKILL;
    }
    if (!there("wild/tiny/manifest.json"))
        assert_int_equal(wait_for(start(recipe, wild, true)), 0);
    assert_true(killed > 0);
    a = net_bytes(calm, &an);
    b = net_bytes(wild, &bn);
    assert_int_equal(an, bn);
    assert_memory_equal(a, b, an);
    printf("# %d kills\n", killed);
    free(a);
    free(b);
}

static void ctrl_c_saves(void **state)
{
    char recipe[4100], out[4100];
    pid_t pid;

    (void)state;
    (void)snprintf(recipe, sizeof recipe, "%s/long.json", home());
    (void)snprintf(out, sizeof out, "%s/interrupted", home());
    write_recipe(recipe, 100000);
    pid = start(recipe, out, false);
    wait_until_there("interrupted/tiny/checkpoint.bin");
    (void)kill(pid, SIGINT);
    assert_int_equal(wait_for(pid), 1);        /* not finished */
    assert_true(there("interrupted/tiny/checkpoint.bin"));
    assert_false(there("interrupted/tiny/tiny.net"));
    assert_int_equal(wait_for(start(recipe, out, false)), 3);      /* it is in the way */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_leaves_a_model_folder), cmocka_unit_test(the_same_recipe_gives_the_same_bits), cmocka_unit_test(a_stopped_run_goes_on_to_the_same_bits),
        cmocka_unit_test(what_stands_in_the_way_is_said), cmocka_unit_test(numbers_that_are_none_stop_the_run), cmocka_unit_test(kills_change_nothing),
        cmocka_unit_test(ctrl_c_saves),
    };

    return support_run(tests);
}
