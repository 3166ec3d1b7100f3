/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What was deleted stays deleted: in a restore of an older backup, and when the database alone is set back. Receipts that are broken, forged or another hub's are refused by their line. */
#include "hub/depot/filed.h"
#include "tests/depot/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ONE = 0, TWO = 1 };

/* A hub with two clips in a dataset and the file of a trip, backed up; then the first clip and the file are deleted. */
struct story {
    char         hub[4096], backup[4096], clip[2][DEPOT_SHA], file[DEPOT_SHA];
    struct bytes receipt[2];               /* of the clip, of the file */
    int64_t      datasets;                 /* when all was done */
};

struct text { const char *text; size_t at; };

static enum trundle_status give(void *user, void *to, size_t room, size_t *out_n, struct trundle_error *err)
{
    struct text *t = user;
    size_t left = strlen(t->text + t->at), n = left < room ? left : room;

    (void)err;
    memcpy(to, t->text + t->at, n);
    t->at += n;
    *out_n = n;
    return TRUNDLE_OK;
}

static enum trundle_status hand_in(struct depot *d, const char *trip, const char *text, char sha256[DEPOT_SHA], struct trundle_error *err)
{
    struct depot_trip t = { .cart = "cart-7", .started_ns = T0 - 60 * INT64_C(1000000000), .ended_ns = T0 };
    struct text from = { text, 0 };

    (void)snprintf(t.trip, sizeof t.trip, "%s", trip);
    return depot_trip_file(d, &t, NULL, -1, give, &from, T0, sha256, err);
}

static void erase(struct depot *d, const char *sha256, struct bytes *out)
{
    struct trundle_error err;

    support_ok(depot_clip_delete(d, sha256, "eve", "she asked for it", T0 + 5, out, &err), &err);
}

static struct story told(void)
{
    struct story s = { .datasets = 0 };
    struct depot *d = hub_open(hub_path());
    struct depot_dataset set;
    struct depot_sum sum;
    struct trundle_error err;
    char text[400];

    (void)snprintf(s.hub, sizeof s.hub, "%s", depot_folder(d));
    (void)snprintf(s.backup, sizeof s.backup, "%s", hub_path());
    for (int i = 0; i < 2; i++)
        (void)snprintf(s.clip[i], DEPOT_SHA, "%s", hub_clip(d, "cart-7", "t1", i + 1, 0, 1, 30, 3000));
    support_ok(hand_in(d, "t1", "all that the cart saw", s.file, &err), &err);
    (void)snprintf(text, sizeof text, "{\"name\":\"fruit\",\"members\":[{\"sha256\":\"%s\",\"split\":\"train\"},{\"sha256\":\"%s\",\"split\":\"test\"},{\"trip\":\"cart-7/t1\",\"split\":\"train\"}]}",
                   s.clip[0], s.clip[1]);
    support_ok(depot_dataset_make(d, text, strlen(text), "ada", T0, &set, &err), &err);
    support_ok(depot_backup(s.hub, s.backup, T0, NULL, NULL, &sum, &err), &err);
    erase(d, s.clip[ONE], &s.receipt[0]);
    erase(d, s.file, &s.receipt[1]);
    depot_close(d);
    return s;
}

static void story_done(struct story *s)
{
    bytes_done(&s->receipt[0]);
    bytes_done(&s->receipt[1]);
}

static void same_receipt(struct depot *d, const char *sha256, const struct bytes *want)
{
    struct bytes got = { 0 };
    struct trundle_error err;

    support_ok(depot_receipt_get(d, sha256, &got, &err), &err);
    assert_true(got.n == want->n && memcmp(got.data, want->data, got.n) == 0);
    bytes_done(&got);
}

/* The clip and the file are gone, with their first receipts, and do not come again; the other clip is there. */
static void stays_deleted(const char *folder, const struct story *s)
{
    struct depot *d = hub_open(folder);
    struct depot_dataset set;
    struct depot_found found;
    struct depot_clip clip;
    struct trundle_error err;
    char sha256[DEPOT_SHA];
    int64_t have;

    for (int i = 0; i < 2; i++) {
        const char *gone = i ? s->file : s->clip[ONE];

        support_ok(depot_clip_get(d, gone, &clip, &err), &err);
        assert_int_equal(clip.state, DEPOT_CLIP_DELETED);
        assert_false(hub_blob_there(d, gone));
        same_receipt(d, gone, &s->receipt[i]);
    }
    assert_int_equal(depot_clip_have(d, "cart-7", s->clip[ONE], &have, &err), TRUNDLE_UNSUPPORTED);
    assert_int_equal(hand_in(d, "t1", "all that the cart saw", sha256, &err), TRUNDLE_UNSUPPORTED);
    support_ok(depot_clip_get(d, s->clip[TWO], &clip, &err), &err);
    assert_int_equal(clip.state, DEPOT_CLIP_HERE);
    assert_true(hub_blob_there(d, s->clip[TWO]));
    support_ok(depot_dataset_get(d, "fruit", &set, &err), &err);
    assert_int_equal(set.members, 1);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_doomed"), 0);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_receipt"), 2);
    depot_close(d);
    support_ok(depot_fsck(folder, false, NULL, NULL, &found, &err), &err);
    for (int i = 0; i < DEPOT_FAULT_KINDS; i++)
        assert_int_equal(found.fault[i], 0);
}

static int lines_in(const char *folder, int want)
{
    return support_shell(NULL, "test $(wc -l < %s/receipts.jsonl) = %d", folder, want);
}

static void a_restore_over_a_hub_keeps_its_deletions(void **state)
{
    struct story s = told();
    struct depot_sum sum = { 0, 0, 0 };
    struct trundle_error err;
    struct depot *d;

    (void)state;
    assert_int_equal(depot_restore(s.backup, s.hub, NULL, NULL, NULL, &sum, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.hint, "--over"));
    d = hub_open(s.hub);
    assert_int_equal(depot_restore(s.backup, "/tmp", &(struct depot_restoring){ NULL, true }, NULL, NULL, &sum, &err), TRUNDLE_CONFLICT);
    depot_close(d);
    support_ok(depot_restore(s.backup, s.hub, &(struct depot_restoring){ NULL, true }, NULL, NULL, &sum, &err), &err);
    assert_int_equal(sum.again, 2);
    assert_int_equal(support_shell(NULL, "test -f %s.before/hub.sqlite && test ! -e %s.restoring", s.hub, s.hub), 0);
    stays_deleted(s.hub, &s);
    assert_int_equal(lines_in(s.hub, 2), 0);
    assert_int_equal(depot_restore(s.backup, s.hub, &(struct depot_restoring){ NULL, true }, NULL, NULL, &sum, &err), TRUNDLE_CONFLICT);     /* .before is there */
    assert_int_equal(support_shell(NULL, "mv %s %s.gone", s.hub, s.hub), 0);             /* as if the power had gone between the two moves */
    assert_int_equal(depot_restore(s.backup, s.hub, &(struct depot_restoring){ NULL, true }, NULL, NULL, &sum, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.hint, "move it back"));
    assert_int_equal(support_shell(NULL, "mv %s.gone %s", s.hub, s.hub), 0);
    story_done(&s);
}

static void a_restore_takes_receipts_that_are_handed_in(void **state)
{
    struct story s = told();
    const char *back = hub_path(), *without = hub_path();
    struct depot_sum sum;
    struct depot_clip clip;
    struct trundle_error err;
    char receipts[5000];
    struct depot *d;

    (void)state;
    (void)snprintf(receipts, sizeof receipts, "%s/receipts.jsonl", s.hub);
    support_ok(depot_restore(s.backup, back, &(struct depot_restoring){ receipts, false }, NULL, NULL, &sum, &err), &err);
    assert_int_equal(sum.again, 2);
    stays_deleted(back, &s);
    assert_int_equal(depot_restore(s.backup, without, &(struct depot_restoring){ "/nonexistent", false }, NULL, NULL, &sum, &err), TRUNDLE_NOT_FOUND);
    support_ok(depot_restore(s.backup, without, NULL, NULL, NULL, &sum, &err), &err);
    assert_int_equal(sum.again, 0);
    d = hub_open(without);                 /* nobody said anything of a deletion: the backup alone */
    support_ok(depot_clip_get(d, s.clip[ONE], &clip, &err), &err);
    assert_int_equal(clip.state, DEPOT_CLIP_HERE);
    depot_close(d);
    story_done(&s);
}

/* The next backup has the receipts, and brings them to wherever it is restored; also when the database in it is from before the deletion. */
static void a_backup_has_the_receipts(void **state)
{
    struct story s = told();
    const char *to = hub_path(), *back = hub_path();
    struct depot_sum sum;
    struct trundle_error err;

    (void)state;
    support_ok(depot_backup(s.hub, to, T0 + 9, NULL, NULL, &sum, &err), &err);
    assert_int_equal(lines_in(to, 2), 0);
    support_ok(depot_restore(to, back, NULL, NULL, NULL, &sum, &err), &err);
    assert_int_equal(sum.again, 0);
    stays_deleted(back, &s);
    story_done(&s);
}

/* As if somebody had put an old hub.sqlite and its blobs into the folder by hand. */
static void a_database_that_is_set_back_is_brought_on(void **state)
{
    struct story s = told();

    (void)state;
    assert_int_equal(support_shell(NULL, "cd %s && rm -rf hub.sqlite* blob && cp -r %s/hub.sqlite %s/blob .", s.hub, s.backup, s.backup), 0);
    for (int again = 0; again < 2; again++)
        stays_deleted(s.hub, &s);
    assert_int_equal(lines_in(s.hub, 2), 0);
    story_done(&s);
}

/* From a backup in which neither was: the cart may not announce the one again, nobody may hand in the other. */
static void what_the_database_never_had_is_known_as_deleted(void **state)
{
    struct story s = told();
    const char *empty = hub_path(), *to = hub_path();
    char line[800], sha256[DEPOT_SHA];
    struct depot_sum sum;
    struct trundle_error err;
    struct depot_dataset set;
    struct depot_clip clip;
    struct depot_trip trip;
    struct depot *d;
    int64_t have;

    (void)state;
    assert_int_equal(support_shell(NULL, "mkdir %s && cp %s/secret.json %s", empty, s.hub, empty), 0);      /* the hub on its first day */
    depot_close(hub_open(empty));
    support_ok(depot_backup(empty, to, T0, NULL, NULL, &sum, &err), &err);
    support_ok(depot_restore(to, s.hub, &(struct depot_restoring){ NULL, true }, NULL, NULL, &sum, &err), &err);
    assert_int_equal(sum.again, 0);
    d = hub_open(s.hub);
    (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":3000,\"trip\":\"t1\",\"trigger\":\"corrected\",\"purpose\":\"label\","
                   "\"keep_days\":30,\"t0_s\":0,\"t1_s\":1}}\n{\"boot\":1,\"sequence\":2,\"t_ns\":1,\"kind\":\"trip\",\"body\":{\"trip\":\"t1\",\"store\":\"s\",\"bundle\":\"\",\"started_ns\":0,\"ended_ns\":5}}",
                   s.clip[ONE]);
    (void)hub_say(d, "cart-7", line);
    support_ok(depot_clip_get(d, s.clip[ONE], &clip, &err), &err);
    assert_int_equal(clip.state, DEPOT_CLIP_DELETED);
    assert_int_equal(depot_clip_have(d, "cart-7", s.clip[ONE], &have, &err), TRUNDLE_UNSUPPORTED);
    assert_int_equal(hand_in(d, "t1", "all that the cart saw", sha256, &err), TRUNDLE_UNSUPPORTED);
    support_ok(depot_trip_get(d, "cart-7", "t1", &trip, &err), &err);
    assert_string_equal(trip.file, s.file);
    same_receipt(d, s.file, &s.receipt[1]);
    (void)snprintf(line, sizeof line, "{\"name\":\"fruit\",\"members\":[{\"trip\":\"cart-7/t1\",\"split\":\"train\"}]}");
    assert_int_equal(depot_dataset_make(d, line, strlen(line), "ada", T0, &set, &err), TRUNDLE_CONFLICT);
    depot_close(d);
    story_done(&s);
}

/* Restored without receipts, the trip is handed in again (sealed anew: another hash); the receipt of the first still takes it away. */
static void a_file_that_was_sealed_anew_goes_too(void **state)
{
    struct story s = told();
    const char *empty = hub_path();
    char sha256[DEPOT_SHA];
    struct trundle_error err;
    struct depot_clip clip;
    struct bytes receipt = { 0 };
    struct depot *d;

    (void)state;
    assert_int_equal(support_shell(NULL, "mkdir %s && cp %s/secret.json %s", empty, s.hub, empty), 0);
    d = hub_open(empty);
    support_ok(hand_in(d, "t1", "all that the cart saw", sha256, &err), &err);
    assert_string_not_equal(sha256, s.file);
    depot_close(d);
    assert_int_equal(support_shell(NULL, "cp %s/receipts.jsonl %s", s.hub, empty), 0);
    d = hub_open(empty);
    support_ok(depot_clip_get(d, sha256, &clip, &err), &err);
    assert_int_equal(clip.state, DEPOT_CLIP_DELETED);
    assert_false(hub_blob_there(d, sha256));
    support_ok(depot_receipt_get(d, sha256, &receipt, &err), &err);
    support_ok(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(d), &err), &err);
    bytes_done(&receipt);
    depot_close(d);
    assert_int_equal(lines_in(empty, 3), 0);
    story_done(&s);
}

/* A receipt of what was deleted by a receipt, alone: the reason is told once, and is not cut within a character. */
static void the_reason_does_not_grow(void **state)
{
    struct story s = told();
    const char *first = hub_path(), *second = hub_path();
    char file[2][DEPOT_SHA], why[DEPOT_TEXT] = "";
    struct bytes receipt = { 0 };
    struct trundle_error err;
    struct depot_clip clip;
    struct depot *d;

    (void)state;
    for (size_t n = 0; n + 2 < sizeof why; n += 2)
        memcpy(why + n, "\xc3\xa4", 3);
    assert_int_equal(support_shell(NULL, "mkdir %s && cp %s/secret.json %s", first, s.hub, first), 0);
    d = hub_open(s.hub);
    support_ok(hand_in(d, "t2", "all that the cart saw", file[0], &err), &err);
    support_ok(depot_clip_delete(d, file[0], "eve", why, T0 + 5, &receipt, &err), &err);
    bytes_done(&receipt);
    depot_close(d);
    d = hub_open(first);
    support_ok(hand_in(d, "t2", "all that the cart saw", file[1], &err), &err);
    depot_close(d);
    assert_int_equal(support_shell(NULL, "cp -r %s %s && cp %s/receipts.jsonl %s", first, second, s.hub, first), 0);
    depot_close(hub_open(first));
    assert_int_equal(support_shell(NULL, "tail -n 1 %s/receipts.jsonl > %s/receipts.jsonl", first, second), 0);
    d = hub_open(second);
    support_ok(depot_clip_get(d, file[1], &clip, &err), &err);
    assert_int_equal(clip.state, DEPOT_CLIP_DELETED);
    depot_close(d);
    story_done(&s);
}

/* What very much was made of: the receipt is as long as one may be, and the hub can read it again. */
static void a_receipt_stays_one(void **state)
{
    struct depot *d = hub_open(hub_path());
    char sql[900], clip[DEPOT_SHA], folder[4096];
    struct bytes receipt = { 0 };
    struct trundle_error err;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", depot_folder(d));
    (void)snprintf(clip, sizeof clip, "%s", hub_clip(d, "cart-7", "t1", 1, 0, 1, 30, 3000));
    (void)snprintf(sql, sizeof sql, "INSERT INTO depot_node(kind, ref, body, made_ns) VALUES('clip', '%s', '{}', 1);"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) INSERT INTO depot_node(kind, ref, body, made_ns) SELECT 'run', printf('%%0120d', i), '{}', 1 FROM n;"
                   "INSERT INTO depot_edge(child, parent, split) SELECT r.id, c.id, '' FROM depot_node r, depot_node c WHERE r.kind = 'run' AND c.kind = 'clip'", clip);
    depot_lock(d);
    support_ok(db_exec(depot_db(d), sql, &err), &err);
    depot_unlock(d);
    erase(d, clip, &receipt);
    support_ok(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(d), &err), &err);
    assert_non_null(strstr((const char *)receipt.data, "\"tainted_n\": 120000"));
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_taint"), 120000);
    bytes_done(&receipt);
    depot_close(d);
    depot_close(hub_open(folder));
    assert_int_equal(lines_in(folder, 1), 0);
}

static void told_fault(void *user, enum depot_fault fault, const char *what, const char *text)
{
    (void)text;
    if (fault == DEPOT_FAULT_RECEIPT)
        (void)snprintf(user, 400, "%s", what);
}

/* Nothing of a file with a line that does not hold is taken, and the line is named. */
static void a_line_that_does_not_hold_is_named(void **state)
{
    static const struct { const char *harm, *line; } cases[] = {
        { "sed -i '2s/eve/bob/' receipts.jsonl", "line 2" },                                     /* forged */
        { "sed -i '1s/^./x/' receipts.jsonl", "line 1" },
        { "sed -i '2i {}' receipts.jsonl", "line 2" },
        { "echo '{\"key\":\"\",\"receipt\":{},\"signature\":\"\"}' >> receipts.jsonl", "line 3" },
        { "printf 'a\\000b\\n' >> receipts.jsonl", "line 3" },
        { "cat ../other/receipts.jsonl >> receipts.jsonl", "line 3" },                           /* another hub's */
        { "head -c 20000000 /dev/zero | tr '\\0' ' ' >> receipts.jsonl; echo >> receipts.jsonl", "line 3" },
    };
    struct story s = told();
    struct depot *other = hub_open(hub_path());
    struct bytes receipt = { 0 };
    struct depot_sum sum;
    struct depot_found found;
    struct trundle_error err;
    char folder[4096], other_folder[4096], file[5000];

    (void)state;
    (void)snprintf(other_folder, sizeof other_folder, "%s", depot_folder(other));
    erase(other, hub_clip(other, "cart-7", "t1", 1, 0, 1, 30, 3000), &receipt);
    depot_close(other);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *back = hub_path();
        struct depot *d = NULL;
        char what[400] = "";

        (void)snprintf(folder, sizeof folder, "%s.%zu/hub", s.hub, i);
        assert_int_equal(support_shell(NULL, "mkdir %s.%zu && cp -r %s %s && ln -s %s %s.%zu/other && cd %s && %s", s.hub, i, s.hub, folder, other_folder, s.hub, i, folder, cases[i].harm), 0);
        (void)snprintf(file, sizeof file, "%s/receipts.jsonl", folder);
        if (depot_open(folder, DEPOT_WRITE, NULL, &d, &err) != TRUNDLE_CORRUPT || !strstr(err.where, cases[i].line) || !strstr(err.where, "receipts.jsonl"))
            fail_msg("'%s': %s: %s", cases[i].harm, err.where, err.what);
        assert_int_equal(depot_restore(s.backup, back, &(struct depot_restoring){ file, false }, NULL, NULL, &sum, &err), TRUNDLE_CORRUPT);
        assert_non_null(strstr(err.where, cases[i].line));
        assert_int_equal(support_shell(NULL, "ls -d %s* >/dev/null 2>&1", back), 2);
        assert_int_equal(depot_restore(s.backup, folder, &(struct depot_restoring){ NULL, true }, NULL, NULL, &sum, &err), TRUNDLE_CORRUPT);
        assert_int_equal(support_shell(NULL, "test -f %s/hub.sqlite && test ! -e %s.before", folder, folder), 0);
        support_ok(depot_fsck(folder, false, told_fault, what, &found, &err), &err);
        assert_true(found.fault[DEPOT_FAULT_RECEIPT] >= 1);
        if (i < COUNT_OF(cases) - 1)
            assert_non_null(strstr(what, cases[i].line));
        /* The way out that the hint names: what the database knows is written anew. */
        assert_int_equal(support_shell(NULL, "mv %s %s.broken", file, folder), 0);
        stays_deleted(folder, &s);
        assert_int_equal(lines_in(folder, 2), 0);
    }
    bytes_done(&receipt);
    story_done(&s);
}

/* The power went while the last line was written, or somebody's editor took its end. */
static void a_torn_end_is_mended(void **state)
{
    static const struct { const char *harm, *line; } cases[] = {
        { "printf '{\"key\":\"abc' >> receipts.jsonl", "line 3" },
        { "truncate -s -1 receipts.jsonl", "line 2" },
        { "truncate -s -40 receipts.jsonl", "line 2" },
        { "truncate -s +900 receipts.jsonl", "line 3" },                                         /* zeros where the bytes did not come to the disk */
        { "truncate -s -1 receipts.jsonl && truncate -s +1 receipts.jsonl", "line 2" },
        { "truncate -s -40 receipts.jsonl && truncate -s +40 receipts.jsonl", "line 2" },
    };
    struct story s = told();
    struct depot_sum sum;
    struct trundle_error err;
    char folder[4096], file[5000];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        (void)snprintf(folder, sizeof folder, "%s.%zu", s.hub, i);
        (void)snprintf(file, sizeof file, "%s/receipts.jsonl", folder);
        assert_int_equal(support_shell(NULL, "cp -r %s %s && cd %s && %s", s.hub, folder, folder, cases[i].harm), 0);
        /* of another's file an end that is missing is told, not mended */
        assert_int_equal(depot_restore(s.backup, hub_path(), &(struct depot_restoring){ file, false }, NULL, NULL, &sum, &err), TRUNDLE_TRUNCATED);
        assert_non_null(strstr(err.where, cases[i].line));
        stays_deleted(folder, &s);
        assert_int_equal(lines_in(folder, 2), 0);
    }
    story_done(&s);
}

/* A folder from before there was such a file. */
static void receipts_of_older_folders_are_filed(void **state)
{
    struct story s = told();
    struct depot_sum sum;
    struct trundle_error err;
    struct depot *d = hub_open(s.hub);

    (void)state;
    depot_lock(d);
    support_ok(db_exec(depot_db(d), "DROP TABLE depot_filed; DROP INDEX depot_clip_awaited; UPDATE room SET version = 2 WHERE name = 'depot'", &err), &err);
    depot_unlock(d);
    depot_close(d);
    assert_int_equal(support_shell(NULL, "rm %s/receipts.jsonl && cp -r %s %s.old", s.hub, s.hub, s.hub), 0);
    stays_deleted(s.hub, &s);
    assert_int_equal(lines_in(s.hub, 2), 0);
    assert_int_equal(support_shell(NULL, "rm -rf %s && mv %s.old %s", s.hub, s.hub, s.hub), 0);
    support_ok(depot_restore(s.backup, s.hub, &(struct depot_restoring){ NULL, true }, NULL, NULL, &sum, &err), &err);
    assert_int_equal(sum.again, 2);
    stays_deleted(s.hub, &s);
    assert_int_equal(support_shell(NULL, "rm -rf %s.before %s/receipts.jsonl && printf x > %s/hub.sqlite", s.hub, s.hub, s.hub), 0);
    assert_int_not_equal(depot_restore(s.backup, s.hub, &(struct depot_restoring){ NULL, true }, NULL, NULL, &sum, &err), TRUNDLE_OK);       /* nobody knows what it deleted */
    assert_non_null(strstr(err.hint, "without --over"));
    story_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restore_over_a_hub_keeps_its_deletions),
        cmocka_unit_test(a_restore_takes_receipts_that_are_handed_in),
        cmocka_unit_test(a_backup_has_the_receipts),
        cmocka_unit_test(a_database_that_is_set_back_is_brought_on),
        cmocka_unit_test(what_the_database_never_had_is_known_as_deleted),
        cmocka_unit_test(a_file_that_was_sealed_anew_goes_too),
        cmocka_unit_test(the_reason_does_not_grow),
        cmocka_unit_test(a_receipt_stays_one),
        cmocka_unit_test(a_line_that_does_not_hold_is_named),
        cmocka_unit_test(a_torn_end_is_mended),
        cmocka_unit_test(receipts_of_older_folders_are_filed),
    };

    return support_run(tests);
}
