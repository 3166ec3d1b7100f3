/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* slots, with the power cut at every step of an installation, a start, a rollback, a new keyring: the cart comes up with the old or the new bundle, whole. */
#include "tests/bundle/place.h"
#include "tests/support/power.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What may be interrupted. */
struct act {
    const char *name;
    const char *before;                   /* folder as it was */
    enum trundle_status (*run)(const struct slots_config *c, const struct act *a, struct trundle_error *err);
    const char *bundle;
    struct bytes trust;
    const char *old_name, *new_name;      /* what may run afterwards; "" the built-in model */
};

static enum trundle_status run_install(const struct slots_config *c, const struct act *a, struct trundle_error *err)
{
    return slots_install(c, a->bundle, NULL, NULL, err);
}
static enum trundle_status run_start(const struct slots_config *c, const struct act *a, struct trundle_error *err)
{
    struct slots_start s;

    (void)a;
    return slots_start(c, &s, err);
}
static enum trundle_status run_good(const struct slots_config *c, const struct act *a, struct trundle_error *err)
{
    (void)a;
    return slots_good(c, NULL, err);
}
static enum trundle_status run_rollback(const struct slots_config *c, const struct act *a, struct trundle_error *err)
{
    (void)a;
    return slots_rollback(c, "test", NULL, err);
}
static enum trundle_status run_trust(const struct slots_config *c, const struct act *a, struct trundle_error *err)
{
    return slots_trust_put(c, a->trust.data, a->trust.n, err);
}

static void comes_up_whole(const struct act *a, const char *folder, long at, int way)
{
    struct slots_config c = place_config(folder);
    struct slots_start s;
    struct trundle_error err;
    struct trust *trust = NULL;
    const char *name;
    char slot[800];

    if (slots_start(&c, &s, &err) != TRUNDLE_OK) {
        print_error("%s, call %ld, way %d: %s: %s\n", a->name, at, way, err.where, err.what);
        fail();
    }
    name = s.slots.running < 0 ? "" : s.slots.slot[s.slots.running].name;
    if (strcmp(name, a->old_name) != 0 && strcmp(name, a->new_name) != 0) {
        print_error("%s, call %ld, way %d: runs '%s', wanted '%s' or '%s'; %s\n", a->name, at, way, name, a->old_name, a->new_name, s.slots.why);
        fail();
    }
    if (s.slots.running >= 0) {
        (void)snprintf(slot, sizeof slot, "%s/%s", folder, s.slots.running ? "b" : "a");
        support_ok(bundle_check_folder(slot, s.slots.slot[s.slots.running].manifest_sha256, &err), &err);
    }
    if (s.slots.fallback >= 0) {
        (void)snprintf(slot, sizeof slot, "%s/%s", folder, s.slots.fallback ? "b" : "a");
        support_ok(bundle_check_folder(slot, s.slots.slot[s.slots.fallback].manifest_sha256, &err), &err);
    }
    support_ok(slots_trust(&c, &trust, &err), &err);
    trust_free(trust);
}

/* Then the act again, which must now succeed (where it still applies). */
static void goes_on(const struct act *a, const char *folder, long at, int way)
{
    struct slots_config c = place_config(folder);
    struct trundle_error err;
    struct slots s;

    comes_up_whole(a, folder, at, way);
    if (a->run != run_install)
        return;
    support_ok(slots_install(&c, a->bundle, &s, NULL, &err), &err);
    assert_string_equal(s.slot[s.running].name, a->new_name);
}

/* The act on a copy of `before`, watched; at 0 nothing fails. Returns the number of calls. */
static long run_watched(const struct act *a, const char *folder, void (*watch)(const char *, long), long at, enum trundle_status *out)
{
    struct slots_config c = place_config(folder);
    struct trundle_error err;

    assert_int_equal(support_shell(NULL, "rm -rf %s && cp -r %s %s", folder, a->before, folder), 0);
    watch(folder, at);
    *out = a->run(&c, a, &err);
    return power_stop();
}

/* Every call of the act; returns their number. */
static long interrupt_everywhere(const struct act *a, uint64_t seed)
{
    char folder[600], left[700];
    enum trundle_status status;
    struct trundle_error err;
    uint64_t unsynced = 0;
    long total;

    (void)snprintf(folder, sizeof folder, "%s/cut", make_scratch());
    (void)snprintf(left, sizeof left, "%s/left", make_scratch());
    total = run_watched(a, folder, power_watch, 0, &status);
    assert_int_equal(status, TRUNDLE_OK);
    for (long at = 1; at <= total; at++) {
        (void)run_watched(a, folder, power_watch, at, &status);
        assert_int_not_equal(status, TRUNDLE_OK);
        for (int way = POWER_SYNCED; way <= POWER_MIXED; way++) {
            support_ok(disk_tree_remove(left, &err), &err);
            unsynced = power_rebuild(left, (enum power_left)way, seed + (uint64_t)at);
            goes_on(a, left, at, way);
        }
        for (uint64_t one = 0; one < unsynced; one++) {
            support_ok(disk_tree_remove(left, &err), &err);
            unsynced = power_rebuild(left, POWER_BUT_ONE, one);
            goes_on(a, left, at, POWER_BUT_ONE);
        }
        (void)run_watched(a, folder, power_watch_one, at, &status);
        goes_on(a, folder, at, -1);
    }
    return total;
}

static const char *folder_named(const char *name)
{
    static char names[8][600];
    static int n;
    char *at = names[n++ % 8];

    (void)snprintf(at, sizeof names[0], "%s/%s", make_scratch(), name);
    return at;
}

static void power_may_go_at_every_step(void **state)
{
    struct make m;
    const char *one, *two, *three, *none, *after_one, *after_two, *trial;
    struct trust_plan plan;
    struct slots_config c;
    uint64_t seed = support_seed();

    (void)state;
    make_init(&m);
    one = make_bundle(&m, .serial = 1, .sign = 1);
    two = make_bundle(&m, .serial = 2, .sign = 1);
    three = make_bundle(&m, .serial = 3, .sign = 1);
    none = folder_named("none"), after_one = folder_named("one"), after_two = folder_named("two"), trial = folder_named("trial");
    (void)place_fresh(&m, "none");
    (void)place_fresh(&m, "one");
    c = place_config(after_one);
    place_install(&c, one);
    (void)place_good(&c);
    assert_int_equal(support_shell(NULL, "cp -r %s %s", after_one, trial), 0);
    c = place_config(trial);
    place_install(&c, two);
    assert_int_equal(support_shell(NULL, "cp -r %s %s", trial, after_two), 0);
    c = place_config(after_two);
    (void)place_good(&c);
    struct act acts[] = {
        { "install over nothing", none, run_install, one, { 0 }, "", "b1" },
        { "install beside one", after_one, run_install, two, { 0 }, "b1", "b2" },
        { "install over the older of two", after_two, run_install, three, { 0 }, "b2", "b3" },
        { "start of a trial", trial, run_start, NULL, { 0 }, "b2", "b2" },
        { "good", trial, run_good, NULL, { 0 }, "b2", "b2" },
        { "roll back", after_two, run_rollback, NULL, { 0 }, "b2", "b1" },
        { "new keyring", after_one, run_trust, NULL, { 0 }, "b1", "b1" },
    };
    plan = make_trust_plan(&m);
    plan.serial = 2;
    make_trust(&plan, m.root, 1, &acts[6].trust);
    for (size_t i = 0; i < COUNT_OF(acts); i++)
        print_message("# %s: the power went at each of %ld calls\n", acts[i].name, interrupt_everywhere(&acts[i], seed));
    bytes_done(&acts[6].trust);
    make_done(&m);
}

/* The mutant: an installer that does not sync what it writes must be caught by the same test. */
static void what_is_not_synced_is_caught(void **state)
{
    char folder[600], left[700], path[800];
    struct bytes b = { 0 };
    struct trundle_error err;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s/plain", make_scratch());
    (void)snprintf(left, sizeof left, "%s/plain-left", make_scratch());
    (void)snprintf(path, sizeof path, "%s/file", folder);
    support_ok(disk_folder(folder, 0755, &err), &err);
    power_watch(folder, 3);
    assert_int_equal(disk_file(path, 0644, "x", 1, &err), TRUNDLE_IO);
    assert_true(power_stop() >= 3);
    (void)snprintf(path, sizeof path, "%s/file", left);
    assert_int_equal(power_rebuild(left, POWER_SYNCED, 0), 1);
    assert_int_equal(file_read(path, 10, &b, &err), TRUNDLE_NOT_FOUND);
    support_ok(disk_tree_remove(left, &err), &err);
    (void)power_rebuild(left, POWER_ALL, 0);
    support_ok(file_read(path, 10, &b, &err), &err);
    assert_int_equal(b.n, 1);
    bytes_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(power_may_go_at_every_step), cmocka_unit_test(what_is_not_synced_is_caught) };

    return support_run(tests);
}
