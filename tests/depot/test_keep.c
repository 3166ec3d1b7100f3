/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* depot/keep: what is backed up while the hub works comes back whole; half and damaged backups do not; fsck finds each fault and removes litter alone. */
#include "tests/depot/hub.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static enum trundle_status backup(const char *folder, const char *to, struct depot_sum *sum, struct trundle_error *err)
{
    return depot_backup(folder, to, T0, NULL, NULL, sum, err);
}

static struct depot_found found_in(const char *folder, bool repair)
{
    struct depot_found found = { .repaired = -1 };
    struct trundle_error err;

    support_ok(depot_fsck(folder, repair, NULL, NULL, &found, &err), &err);
    return found;
}

static bool clean(const struct depot_found *f)
{
    int64_t sum = 0;

    for (int i = 0; i < DEPOT_FAULT_KINDS; i++)
        sum += f->fault[i];
    return sum == 0;
}

struct busy {
    struct depot *d;
    atomic_bool   stop;
    int           deleted, said;
};

/* Says and deletes all the time: what a hub does while it is backed up. */
static void *busy_main(void *user)
{
    struct busy *b = user;
    struct bytes receipt = { 0 };
    struct trundle_error err;
    int64_t sequence = 1000;

    while (!atomic_load(&b->stop) || b->said < 5) {
        const char *clip = hub_clip(b->d, "cart-9", "t9", ++sequence, 0, 1, 10, 3000);

        if (sequence % 2) {
            support_ok(depot_clip_delete(b->d, clip, "eve", "asked", T0, &receipt, &err), &err);
            bytes_done(&receipt);
            b->deleted++;
        }
        b->said++;
    }
    return NULL;
}

static void a_backup_of_a_busy_hub_comes_back_whole(void **state)
{
    const char *to = hub_path(), *back = hub_path();
    struct busy b = { .d = hub_open(hub_path()) };
    struct depot_sum sum, restored, checked;
    struct depot_found found;
    struct trundle_error err;
    char clip[DEPOT_SHA];
    struct seal_reader *r = NULL;
    struct depot *d;
    pthread_t thread;

    (void)state;
    (void)snprintf(clip, sizeof clip, "%s", hub_clip(b.d, "cart-7", "t1", 1, 0, 1, 30, 70000));
    for (int i = 0; i < 30; i++)
        (void)hub_clip(b.d, "cart-7", "t1", i + 2, 0, 1, 30, 3000);
    assert_int_equal(pthread_create(&thread, NULL, busy_main, &b), 0);
    support_ok(backup(depot_folder(b.d), to, &sum, &err), &err);
    atomic_store(&b.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(sum.files >= 33);
    assert_int_equal(backup(depot_folder(b.d), to, &sum, &err), TRUNDLE_CONFLICT);
    depot_close(b.d);
    support_ok(depot_backup_check(to, NULL, NULL, &checked, &err), &err);
    support_ok(depot_restore(to, back, NULL, NULL, NULL, &restored, &err), &err);
    assert_true(restored.files == sum.files && checked.files == sum.files && restored.bytes == sum.bytes);
    assert_int_equal(support_shell(NULL, "cd %s && grep -v '^#' MANIFEST | sha256sum -c --quiet --strict && test $(find . -type f | wc -l) = %lld", to, (long long)sum.files + 1), 0);
    found = found_in(back, false);
    assert_true(clean(&found));
    d = hub_open(back);
    support_ok(depot_clip_open(d, clip, "ada", "label", T0, &r, &err), &err);           /* its key came back too */
    assert_int_equal(seal_open_size(r), 70000);
    seal_open_free(r);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_clip WHERE state = 1 AND cart = 'cart-7'"), 31);
    depot_close(d);
    assert_int_equal(depot_restore(to, back, NULL, NULL, NULL, &restored, &err), TRUNDLE_CONFLICT);
}

static void half_and_damaged_backups_are_refused(void **state)
{
    static const struct { const char *harm; enum trundle_status status; } cases[] = {
        { "rm MANIFEST", TRUNDLE_TRUNCATED },
        { "head -c -1 MANIFEST > m && mv m MANIFEST", TRUNDLE_TRUNCATED },
        { "head -n -1 MANIFEST > m && mv m MANIFEST", TRUNDLE_TRUNCATED },
        { ": > MANIFEST", TRUNDLE_TRUNCATED },
        { "sed -i 2d MANIFEST", TRUNDLE_CORRUPT },
        { "sed -i 's/made_ns 1/made_ns 2/' MANIFEST", TRUNDLE_CORRUPT },
        { "rm secret.json", TRUNDLE_CORRUPT },
        { "rm $(find blob -type f | head -n 1)", TRUNDLE_CORRUPT },
        { "f=$(find blob -type f | head -n 1) && printf x >> $f", TRUNDLE_CORRUPT },
        { "printf x | dd of=hub.sqlite bs=1 seek=5000 conv=notrunc 2>/dev/null", TRUNDLE_CORRUPT },
        { "head -c 8192 hub.sqlite > h && mv h hub.sqlite", TRUNDLE_CORRUPT },
    };
    struct depot *d = hub_open(hub_path());
    struct depot_sum sum = { 0, 0, 0 };
    struct trundle_error err;

    (void)state;
    (void)hub_clip(d, "cart-7", "t1", 1, 0, 1, 30, 3000);
    (void)hub_clip(d, "cart-7", "t1", 2, 0, 1, 30, 3000);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *to = hub_path(), *back = hub_path();

        support_ok(backup(depot_folder(d), to, &sum, &err), &err);
        assert_int_equal(support_shell(NULL, "cd %s && %s", to, cases[i].harm), 0);
        sum.files = -1;
        if (depot_restore(to, back, NULL, NULL, NULL, &sum, &err) != cases[i].status)
            fail_msg("'%s' gives status %d: %s: %s", cases[i].harm, err.status, err.where, err.what);
        assert_int_equal(depot_backup_check(to, NULL, NULL, &sum, &err), cases[i].status);
        assert_int_equal(sum.files, -1);
        assert_int_equal(support_shell(NULL, "ls -d %s* >/dev/null 2>&1", back), 2);    /* nothing is left, whole or half */
        assert_true(err.where[0] && err.what[0]);
    }
    depot_close(d);
}

/* A manifest that lists a path of its own, and signs itself properly, still writes nothing outside. */
static void a_hostile_manifest_leads_nowhere(void **state)
{
    static const char *const path[] = { "../../evil", "/tmp/evil", "blob/ab/../../x", "hub.sqlite/../x", "MANIFEST", "blob/00/" };
    char text[1000], sha256[DEPOT_SHA];
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(path); i++) {
        int n = snprintf(text, sizeof text, "# trundle hub backup 1 made_ns 1 access 00\n%s  %s\n", hash_sha256("x", 1, sha256), path[i]);

        (void)hash_sha256(text, (size_t)n, sha256);
        (void)snprintf(text + n, sizeof text - (size_t)n, "# end 1 %s\n", sha256);
        assert_int_equal(depot_manifest_parse(text, strlen(text), NULL, NULL, &err), TRUNDLE_BAD_INPUT);
        assert_non_null(strstr(err.what, path[i]));
    }
}

static bool stop_at_two(void *user, const char *path, int64_t done, int64_t total)
{
    (void)path;
    *(int64_t *)user = total;
    return done < 2;
}

static void a_backup_can_be_stopped(void **state)
{
    struct depot *d = hub_open(hub_path());
    const char *to = hub_path();
    struct depot_sum sum;
    struct trundle_error err;
    int64_t total = 0;

    (void)state;
    (void)hub_clip(d, "cart-7", "t1", 1, 0, 1, 30, 3000);
    (void)hub_clip(d, "cart-7", "t1", 2, 0, 1, 30, 3000);
    assert_int_equal(depot_backup(depot_folder(d), to, T0, stop_at_two, &total, &sum, &err), TRUNDLE_AGAIN);
    assert_int_equal(total, 4);
    assert_int_not_equal(access(to, F_OK), 0);
    assert_int_equal(backup("/nonexistent", to, &sum, &err), TRUNDLE_NOT_FOUND);
    depot_close(d);
}

struct deleting {
    struct depot *d;
    const char   *clip[2];
    int           done;
};

/* As soon as one of two blobs is copied, both are deleted: one is in the backup and must go, one is missing in it and must not matter. */
static bool delete_at_one(void *user, const char *path, int64_t done, int64_t total)
{
    struct deleting *x = user;
    struct bytes receipt = { 0 };
    struct trundle_error err;

    (void)path;
    (void)done;
    (void)total;
    for (; x->done < 2; x->done++) {
        support_ok(depot_clip_delete(x->d, x->clip[x->done], "eve", "asked", T0, &receipt, &err), &err);
        bytes_done(&receipt);
    }
    return true;
}

static void what_is_deleted_meanwhile_is_not_in_the_backup(void **state)
{
    struct depot *d = hub_open(hub_path());
    const char *to = hub_path(), *back = hub_path();
    struct deleting x = { d, { hub_clip(d, "cart-7", "t1", 1, 0, 1, 30, 3000), hub_clip(d, "cart-7", "t1", 2, 0, 1, 30, 3000) }, 0 };
    struct depot_found found;
    struct depot_sum sum;
    struct trundle_error err;

    (void)state;
    support_ok(depot_backup(depot_folder(d), to, T0, delete_at_one, &x, &sum, &err), &err);
    assert_int_equal(sum.files, 3);                    /* database, keys, receipts */
    assert_int_equal(support_shell(NULL, "test -z \"$(find %s/blob -type f)\"", to), 0);
    support_ok(depot_restore(to, back, NULL, NULL, NULL, &sum, &err), &err);
    found = found_in(back, false);
    assert_true(clean(&found));
    depot_close(d);
}

struct told {
    char text[2000];
};

static void tell(void *user, enum depot_fault fault, const char *what, const char *text)
{
    struct told *t = user;
    size_t n = strlen(t->text);

    (void)snprintf(t->text + n, sizeof t->text - n, "%d %s: %s\n", (int)fault, what, text);
}

static void fsck_finds_each_fault_and_removes_litter_alone(void **state)
{
    struct depot *d = hub_open(hub_path());
    char folder[4096], clip[3][DEPOT_SHA];
    struct told told = { "" };
    struct depot_found found;
    struct trundle_error err;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", depot_folder(d));
    for (int i = 0; i < 3; i++)
        (void)snprintf(clip[i], DEPOT_SHA, "%s", hub_clip(d, "cart-7", "t1", i + 1, 0, 1, 30, 3000));
    support_ok(depot_access(d, &(struct depot_access){ "ada", "look", "clip", clip[0], "work" }, T0, &err), &err);
    found = found_in(folder, false);
    assert_true(clean(&found) && found.blobs == 3);
    assert_int_equal(depot_fsck("/nonexistent", false, NULL, NULL, &found, &err), TRUNDLE_NOT_FOUND);
    depot_close(d);
    assert_int_equal(support_shell(NULL, "cd %s && rm blob/%.2s/%s && printf x >> blob/%.2s/%s && echo l > blob/%.2s/litter && echo l > part/tmp.1.1 && mkdir -p blob/zz && echo > blob/zz/a", folder,
                                   clip[0], clip[0], clip[1], clip[1], clip[2]), 0);
    support_ok(depot_fsck(folder, false, tell, &told, &found, &err), &err);
    assert_true(found.fault[DEPOT_FAULT_MISSING] == 1 && found.fault[DEPOT_FAULT_DAMAGED] == 1 && found.fault[DEPOT_FAULT_LITTER] == 3 && found.repaired == 0);
    assert_non_null(strstr(told.text, clip[0]));
    assert_non_null(strstr(told.text, clip[1]));
    found = found_in(folder, true);
    assert_true(found.repaired == 3 && found.fault[DEPOT_FAULT_MISSING] == 1 && found.fault[DEPOT_FAULT_DAMAGED] == 1);
    found = found_in(folder, true);
    assert_true(found.fault[DEPOT_FAULT_LITTER] == 0 && found.fault[DEPOT_FAULT_DAMAGED] == 1 && hub_number(d = hub_open(folder), "SELECT count(*) FROM depot_blob") == 3);
    depot_lock(d);
    support_ok(db_exec(depot_db(d), "DROP TRIGGER depot_access_kept; UPDATE depot_access SET why = 'x'", &err), &err);
    depot_unlock(d);
    depot_close(d);
    found = found_in(folder, false);
    assert_int_equal(found.fault[DEPOT_FAULT_CHAIN], 1);
}

/* While a hub is open in another process, nothing is repaired under it. */
static void a_repair_wants_the_folder_alone(void **state)
{
    const char *folder = hub_path();
    struct depot *d = hub_open(folder);
    struct depot_found found;
    struct trundle_error err;
    int ready[2], over[2], code = -1;
    char byte = 0;
    pid_t child;

    (void)state;
    depot_close(d);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(over), 0);
    child = fork();
    if (child == 0) {
        (void)close(over[1]);
        code = depot_open(folder, DEPOT_WRITE, NULL, &d, NULL) == TRUNDLE_OK ? 0 : 1;
        (void)!write(ready[1], "r", 1);
        (void)!read(over[0], &byte, 1);
        depot_close(code ? NULL : d);
        _exit(code);
    }
    assert_true(child > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(depot_fsck(folder, true, NULL, NULL, &found, &err), TRUNDLE_CONFLICT);
    support_ok(depot_fsck(folder, false, NULL, NULL, &found, &err), &err);
    (void)close(over[1]);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
    support_ok(depot_fsck(folder, true, NULL, NULL, &found, &err), &err);
    (void)close(ready[0]);
    (void)close(ready[1]);
    (void)close(over[0]);
}

/* A database that cannot be read names nothing: then nothing is litter. */
static void a_damaged_database_makes_no_litter(void **state)
{
    struct depot *d = hub_open(hub_path());
    struct depot_found found;
    char folder[4096], clip[DEPOT_SHA], path[5000];

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", depot_folder(d));
    (void)snprintf(clip, sizeof clip, "%s", hub_clip(d, "cart-7", "t1", 1, 0, 1, 30, 3000));
    depot_close(d);
    assert_int_equal(support_shell(NULL, "printf garbage | dd of=%s/hub.sqlite conv=notrunc 2>/dev/null", folder), 0);
    found = found_in(folder, true);
    assert_true(found.fault[DEPOT_FAULT_TABLE] == 1 && found.repaired == 0);
    (void)snprintf(path, sizeof path, "%s/blob/%.2s/%s", folder, clip, clip);
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_of_a_busy_hub_comes_back_whole),
        cmocka_unit_test(half_and_damaged_backups_are_refused),
        cmocka_unit_test(a_hostile_manifest_leads_nowhere),
        cmocka_unit_test(a_backup_can_be_stopped),
        cmocka_unit_test(what_is_deleted_meanwhile_is_not_in_the_backup),
        cmocka_unit_test(fsck_finds_each_fault_and_removes_litter_alone),
        cmocka_unit_test(a_repair_wants_the_folder_alone),
        cmocka_unit_test(a_damaged_database_makes_no_litter),
    };

    return support_run(tests);
}
