/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* std/disk: what is there afterwards, also when it cannot be done. That it outlives power cuts is tested where it is used (tests/bundle, tests/depot, tests/runtime). */
#include "base/std/disk.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct trundle_error err;

static const char *path_of(const char *name)
{
    static char path[8][4200];
    static const char *scratch;
    static int n;
    char *at = path[n++ % 8];

    if (!scratch)
        scratch = support_scratch();
    (void)snprintf(at, sizeof path[0], "%s/%s", scratch, name);
    return at;
}

static void assert_holds(const char *path, const char *text)
{
    struct bytes got = { 0 };

    support_ok(file_read(path, 1 << 20, &got, &err), &err);
    assert_int_equal(got.n, strlen(text));
    assert_memory_equal(got.data, text, got.n);
    bytes_done(&got);
}

static void a_file_is_the_old_or_the_new(void **state)
{
    const char *path = path_of("file"), *temporary = path_of("file.new"), *folder = path_of("folder");
    struct stat st;

    (void)state;
    support_ok(disk_file(temporary, 0600, "left by a power cut", 19, &err), &err);
    assert_int_equal(disk_file(temporary, 0600, "x", 1, &err), TRUNDLE_IO);        /* never over another */
    assert_holds(temporary, "left by a power cut");
    support_ok(disk_put(path, temporary, 0600, "one", 3, &err), &err);
    support_ok(disk_put(path, temporary, 0600, "two", 3, &err), &err);
    assert_holds(path, "two");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    support_ok(disk_folder(folder, 0700, &err), &err);
    assert_int_equal(disk_put(folder, temporary, 0600, "three", 5, &err), TRUNDLE_IO);
    assert_string_equal(err.where, folder);
    assert_false(disk_there(temporary, NULL));
    assert_int_equal(disk_put("/nonexistent/a", "/nonexistent/b", 0600, "x", 1, &err), TRUNDLE_NOT_FOUND);
    support_ok(disk_remove(path, &err), &err);
    support_ok(disk_remove(path, &err), &err);
    assert_false(disk_there(path, NULL));
    assert_int_equal(disk_remove(folder, &err), TRUNDLE_IO);
}

static void a_copy_has_the_hash_of_what_was_copied(void **state)
{
    const char *from = path_of("from"), *to = path_of("to");
    char sha256[HASH_SHA256_TEXT], again[HASH_SHA256_TEXT];
    int64_t bytes = 0;

    (void)state;
    support_ok(disk_file(from, 0644, "abc", 3, &err), &err);
    support_ok(disk_file(to, 0644, "something longer", 16, &err), &err);
    support_ok(disk_copy(from, to, 0600, sha256, &bytes, &err), &err);
    assert_string_equal(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(bytes, 3);
    assert_holds(to, "abc");
    support_ok(disk_hash(to, again, NULL, &err), &err);
    assert_string_equal(again, sha256);
    assert_true(disk_there(to, &bytes) && bytes == 3);
    support_ok(disk_file_sync(to, &err), &err);
    assert_int_equal(disk_copy(path_of("none"), to, 0600, sha256, &bytes, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(disk_copy(from, "/nonexistent/a", 0600, sha256, &bytes, &err), TRUNDLE_IO);
    assert_int_equal(disk_hash(path_of("none"), sha256, NULL, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(disk_file_sync(path_of("none"), &err), TRUNDLE_NOT_FOUND);
}

static enum trundle_status count(void *user, const char *folder, const char *name, struct trundle_error *e)
{
    int *n = user;

    (void)folder;
    ++*n;
    return strcmp(name, "stop") ? TRUNDLE_OK : error_set(e, TRUNDLE_CONFLICT, name, NULL, "seen");
}

static void a_tree_goes_and_what_its_links_name_stays(void **state)
{
    const char *tree = path_of("tree"), *kept = path_of("kept");
    char path[4300];
    int n = 0;

    (void)state;
    support_ok(disk_folder(kept, 0755, &err), &err);
    (void)snprintf(path, sizeof path, "%s/mine", kept);
    support_ok(disk_file(path, 0644, "x", 1, &err), &err);
    assert_int_equal(support_shell(NULL, "mkdir -p %s/a/b && touch %s/a/b/1 %s/a/2 && ln -s %s %s/a/link && ln -s nowhere %s/dangling", tree, tree, tree, kept, tree, tree), 0);
    support_ok(disk_tree_sync(tree, &err), &err);
    support_ok(disk_list(tree, count, &n, &err), &err);
    assert_int_equal(n, 2);
    support_ok(disk_tree_remove(tree, &err), &err);
    support_ok(disk_tree_remove(tree, &err), &err);
    assert_int_not_equal(access(tree, F_OK), 0);
    assert_holds(path, "x");
    (void)snprintf(path, sizeof path, "%s/stop", kept);
    support_ok(disk_file(path, 0644, "", 0, &err), &err);
    assert_int_equal(disk_list(kept, count, &n, &err), TRUNDLE_CONFLICT);
    support_ok(disk_list(tree, count, &n, &err), &err);                            /* a folder that is not there has none */
    assert_int_equal(disk_folder(path, 0755, &err), TRUNDLE_IO);
    assert_string_equal(err.what, "is there and is no folder");
    assert_int_equal(support_shell(NULL, "cd %s && for i in 1 2 3 4 5 6 7 8 9 10; do mkdir -p d/d/d/d && cd d/d/d/d; done", kept), 0);
    assert_int_equal(disk_tree_remove(kept, &err), TRUNDLE_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_file_is_the_old_or_the_new), cmocka_unit_test(a_copy_has_the_hash_of_what_was_copied),
                                        cmocka_unit_test(a_tree_goes_and_what_its_links_name_stays) };

    return support_run(tests);
}
