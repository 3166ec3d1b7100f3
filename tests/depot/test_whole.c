/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* depot/whole: a trip's file lies sealed, is deleted with what was made of it, ends when its time is over, and a folder that kept it in the clear is brought to that. */
#include "tests/depot/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET "what the camera saw, in words that no key would make"

struct text { const char *text; size_t n, at; };

static enum trundle_status give(void *user, void *to, size_t room, size_t *out_n, struct trundle_error *err)
{
    struct text *t = user;
    size_t n = t->n - t->at < room ? t->n - t->at : room;

    (void)err;
    n = n > 7 ? 7 : n;                     /* a source may give less than it is asked for */
    memcpy(to, t->text + t->at, n);
    t->at += n;
    *out_n = n;
    return TRUNDLE_OK;
}

static enum trundle_status break_off(void *user, void *to, size_t room, size_t *out_n, struct trundle_error *err)
{
    int *calls = user;

    memset(to, 'x', room);
    *out_n = room;
    return --*calls ? TRUNDLE_OK : error_set(err, TRUNDLE_IO, "source", NULL, "broke");
}

static enum trundle_status hand_in(struct depot *d, const char *trip, const char *purpose, int64_t keep_days, const char *text, char sha256[DEPOT_SHA], struct trundle_error *err)
{
    struct depot_trip t = { .cart = "cart-7", .started_ns = T0 - 60 * INT64_C(1000000000), .ended_ns = T0 };
    struct text from = { text, strlen(text), 0 };

    (void)snprintf(t.trip, sizeof t.trip, "%s", trip);
    return depot_trip_file(d, &t, purpose, keep_days, give, &from, T0, sha256, err);
}

static void handed_in(struct depot *d, const char *trip, const char *text, char sha256[DEPOT_SHA])
{
    struct trundle_error err;

    support_ok(hand_in(d, trip, NULL, -1, text, sha256, &err), &err);
}

static int in_the_clear(const char *folder)
{
    return support_shell(NULL, "grep -rqa '" SECRET "' %s", folder) == 0;
}

static void a_trip_file_lies_sealed(void **state)
{
    struct depot *d = hub_open(hub_path());
    char sha256[DEPOT_SHA], again[DEPOT_SHA] = "", other[DEPOT_SHA];
    struct seal_reader *r = NULL;
    struct bytes back = { 0 };
    struct depot_trip trip;
    struct depot_clip c;
    struct trundle_error err;
    int calls = 3;

    (void)state;
    handed_in(d, "t1", SECRET, sha256);
    assert_false(in_the_clear(depot_folder(d)));
    support_ok(depot_trip_get(d, "cart-7", "t1", &trip, &err), &err);
    assert_string_equal(trip.file, sha256);
    support_ok(depot_clip_get(d, sha256, &c, &err), &err);
    assert_true(c.whole && c.state == DEPOT_CLIP_HERE && c.keep_days == DEPOT_TRIP_DAYS && c.expires_ns == T0 + DEPOT_TRIP_DAYS * DAY);
    assert_string_equal(c.purpose, DEPOT_TRIP_PURPOSE);
    support_ok(depot_look(d, sha256, &(struct depot_access){ "ada", "trip_get", "trip", "cart-7/t1", "test" }, T0, &r, &err), &err);
    assert_string_equal(seal_open_header(r)->trip, "t1");
    support_ok(seal_open_all(r, 1 << 20, &back, &err), &err);
    assert_int_equal(back.n, strlen(SECRET));
    assert_memory_equal(back.data, SECRET, back.n);
    seal_open_free(r);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_access WHERE who = 'ada' AND act = 'trip_get' AND ref = 'cart-7/t1' AND why = 'test'"), 1);
    handed_in(d, "t1", SECRET, again);                 /* the same content, sealed once */
    assert_string_equal(again, sha256);
    handed_in(d, "t2", SECRET, other);
    assert_string_not_equal(other, sha256);
    assert_int_equal(hand_in(d, "t1", NULL, -1, "another", again, &err), TRUNDLE_CONFLICT);
    assert_int_equal(hand_in(d, "t3", "", -1, "x", again, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(hand_in(d, "t3", "label", 401, "x", again, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "400"));
    assert_int_equal(depot_trip_file(d, &(struct depot_trip){ .cart = "cart-7", .trip = "t3" }, NULL, -1, break_off, &calls, T0, again, &err), TRUNDLE_IO);
    support_ok(hand_in(d, "t3", "label", 400, "x", again, &err), &err);
    support_ok(depot_clip_get(d, again, &c, &err), &err);
    assert_true(c.expires_ns == T0 + 400 * DAY && strcmp(c.purpose, "label") == 0);
    assert_int_equal(support_shell(NULL, "test $(find %s/blob -type f | wc -l) = 3 && test -z \"$(ls -A %s/part)\"", depot_folder(d), depot_folder(d)), 0);      /* nothing half, nothing twice */
    bytes_done(&back);
    depot_close(d);
}

static void look_at(void *user, const struct depot_lineage_item *item)
{
    int *seen = user;

    *seen += strcmp(item->kind, "trip") == 0 && item->deleted;
    *seen += strcmp(item->kind, "model") == 0 && item->tainted;
}

/* Named by the trip in one dataset, and by its file's hash in another. */
static void deletion_follows_a_trip(void **state)
{
    struct depot *d = hub_open(hub_path());
    struct bytes receipt = { 0 };
    struct depot_dataset set, by_file;
    struct depot_swept swept;
    struct trundle_error err;
    char sha256[DEPOT_SHA], other[DEPOT_SHA], text[500];
    int seen = 0;

    (void)state;
    handed_in(d, "t1", SECRET, sha256);
    handed_in(d, "t2", "another trip", other);
    (void)snprintf(text, sizeof text, "{\"name\":\"fruit\",\"members\":[{\"trip\":\"cart-7/t1\",\"split\":\"train\"},{\"trip\":\"cart-7/t2\",\"split\":\"train\"}]}");
    support_ok(depot_dataset_make(d, text, strlen(text), "ada", T0, &set, &err), &err);
    (void)snprintf(text, sizeof text, "{\"name\":\"files\",\"members\":[{\"sha256\":\"%s\",\"split\":\"train\"}]}", sha256);
    support_ok(depot_dataset_make(d, text, strlen(text), "ada", T0, &by_file, &err), &err);
    support_ok(depot_node_add(d, &(struct depot_node){ "model", "m1", "{}", (const struct depot_parent[]){ { "dataset", set.id, "train" } }, 1 }, T0, &err), &err);
    support_ok(depot_clip_delete(d, sha256, "eve", "the shopper asked", T0 + 5, &receipt, &err), &err);
    assert_false(hub_blob_there(d, sha256));
    support_ok(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(d), &err), &err);
    assert_non_null(strstr((char *)receipt.data, "\"whole\": \"cart-7/t1\""));
    assert_non_null(strstr((char *)receipt.data, "m1"));
    support_ok(depot_dataset_get(d, "fruit", &set, &err), &err);
    assert_true(set.version == 2 && set.members == 1);
    support_ok(depot_dataset_get(d, "files", &by_file, &err), &err);
    assert_true(by_file.version == 2 && by_file.members == 0);
    support_ok(depot_lineage(d, "model", "m1", DEPOT_BACK, look_at, &seen, NULL, &err), &err);
    assert_int_equal(seen, 1);
    support_ok(depot_lineage(d, "trip", "cart-7/t1", DEPOT_ON, look_at, &seen, NULL, &err), &err);
    assert_int_equal(seen, 2);
    (void)snprintf(text, sizeof text, "{\"name\":\"fruit\",\"members\":[{\"trip\":\"cart-7/t1\",\"split\":\"train\"}]}");
    assert_int_equal(depot_dataset_make(d, text, strlen(text), "ada", T0, &set, &err), TRUNDLE_CONFLICT);
    assert_int_equal(hand_in(d, "t1", NULL, -1, SECRET, sha256, &err), TRUNDLE_UNSUPPORTED);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_clip WHERE state = 2 AND content = ''"), 1);
    assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_access WHERE act = 'delete' AND what = 'trip' AND ref = 'cart-7/t1'"), 1);
    support_ok(depot_sweep(d, T0 + DEPOT_TRIP_DAYS * DAY - 1, 100, &swept, &err), &err);
    assert_int_equal(swept.clips, 0);
    support_ok(depot_sweep(d, T0 + DEPOT_TRIP_DAYS * DAY, 100, &swept, &err), &err);
    assert_int_equal(swept.clips, 1);
    assert_false(hub_blob_there(d, other));
    bytes_done(&receipt);
    support_ok(depot_receipt_get(d, other, &receipt, &err), &err);
    assert_non_null(strstr((char *)receipt.data, "retention"));
    bytes_done(&receipt);
    depot_close(d);
}

/* A folder of the version before: trips in the clear, two of them the same file; a clip of a cart whose clock stood at 1970. */
static void an_older_folder_is_sealed(void **state)
{
    static const char back_to_1[] = "DROP INDEX depot_clip_held; ALTER TABLE depot_clip DROP COLUMN whole; ALTER TABLE depot_clip DROP COLUMN content; DROP TABLE depot_filed; DROP INDEX depot_clip_awaited;"
                                    "UPDATE depot_clip SET expires_ns = 2592000000000000; UPDATE room SET version = 1 WHERE name = 'depot'";
    struct depot *d = hub_open(hub_path());
    char folder[4096], sha256[DEPOT_SHA], clip[DEPOT_SHA], sql[600];
    struct seal_reader *r = NULL;
    struct bytes back = { 0 };
    struct depot_trip trip;
    struct depot_clip c;
    struct trundle_error err;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", depot_folder(d));
    (void)snprintf(clip, sizeof clip, "%s", hub_clip(d, "cart-7", "t1", 1, 0, 1, 30, 1000));
    support_ok(depot_blob_put(d, SECRET, strlen(SECRET), sha256, &err), &err);
    depot_lock(d);
    support_ok(db_exec(depot_db(d), back_to_1, &err), &err);
    (void)snprintf(sql, sizeof sql, "INSERT INTO depot_blob VALUES('%s','trip',%lld); INSERT INTO depot_trip VALUES('cart-7','t1','','',0,5000000000,0,0,'%s'),('cart-7','t2','','',0,0,0,0,'%s'),"
                   "('cart-7','t3','','',0,0,0,0,'')", sha256, (long long)T0, sha256, sha256);
    support_ok(db_exec(depot_db(d), sql, &err), &err);
    depot_unlock(d);
    depot_close(d);
    assert_true(in_the_clear(folder));
    for (int again = 0; again < 2; again++) {
        d = hub_open(folder);
        assert_false(in_the_clear(folder));
        assert_false(hub_blob_there(d, sha256));
        assert_int_equal(hub_number(d, "SELECT count(*) FROM depot_clip WHERE whole = 1"), 2);
        support_ok(depot_trip_get(d, "cart-7", "t1", &trip, &err), &err);
        support_ok(depot_clip_get(d, trip.file, &c, &err), &err);
        assert_true(c.state == DEPOT_CLIP_HERE && c.expires_ns == T0 + 400 * DAY && c.t1_s > 4.9);
        support_ok(depot_look(d, trip.file, &(struct depot_access){ "ada", "look", "trip", "cart-7/t1", "" }, T0, &r, &err), &err);
        support_ok(seal_open_all(r, 1 << 20, &back, &err), &err);
        assert_memory_equal(back.data, SECRET, strlen(SECRET));
        seal_open_free(r);
        bytes_done(&back);
        handed_in(d, "t2", SECRET, sha256);            /* the same as it has */
        (void)hash_sha256(SECRET, strlen(SECRET), sha256);
        support_ok(depot_clip_get(d, clip, &c, &err), &err);
        assert_int_equal(c.expires_ns, T0 + 30 * DAY);
        depot_close(d);
    }
    assert_int_equal(support_shell(NULL, "test $(find %s/blob -type f | wc -l) = 3", folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trip_file_lies_sealed),
        cmocka_unit_test(deletion_follows_a_trip),
        cmocka_unit_test(an_older_folder_is_sealed),
    };

    return support_run(tests);
}
