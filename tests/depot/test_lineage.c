/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* depot/lineage: a figure leads back to the seconds it stands on, a clip forward to all that used it; deletion follows, and its receipt proves it. */
#include "tests/depot/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three clips in a dataset (two to train, one to test), a whole trip to test, a run, a model, a metric on the test split. */
struct house {
    struct depot        *d;
    char                 clip[3][DEPOT_SHA];
    struct depot_dataset set;
};

static void node(struct depot *d, const char *kind, const char *ref, const struct depot_parent *parent, size_t n)
{
    const struct depot_node add = { kind, ref, "{\"value\":0.93}", parent, n };
    struct trundle_error err;

    support_ok(depot_node_add(d, &add, T0, &err), &err);
}

static struct house house_built(void)
{
    static const double t0[] = { 10, 18, 100 }, t1[] = { 20, 25, 101.5 };
    struct house h = { .d = hub_open(hub_path()) };
    char manifest[1000];
    struct trundle_error err;

    for (int i = 0; i < 3; i++)
        (void)snprintf(h.clip[i], DEPOT_SHA, "%s", hub_clip(h.d, "cart-7", "t1", i + 1, t0[i], t1[i], i == 2 ? 10 : 100, 1000));
    (void)hub_say(h.d, "cart-9", "{\"boot\":1,\"sequence\":1,\"t_ns\":2000000000,\"kind\":\"trip\",\"body\":{\"trip\":\"t9\",\"started_ns\":1000000000,\"ended_ns\":61000000000}}");
    (void)snprintf(manifest, sizeof manifest, "{\"name\":\"fruit\",\"members\":[{\"sha256\":\"%s\",\"split\":\"train\"},{\"sha256\":\"%s\",\"split\":\"train\"},{\"sha256\":\"%s\",\"split\":\"test\"},"
                   "{\"trip\":\"cart-9/t9\",\"split\":\"test\"}]}", h.clip[0], h.clip[1], h.clip[2]);
    support_ok(depot_dataset_make(h.d, manifest, strlen(manifest), "ada", T0, &h.set, &err), &err);
    node(h.d, "run", "run-1", (const struct depot_parent[]){ { "dataset", h.set.id, "train" } }, 1);
    node(h.d, "model", "m1", (const struct depot_parent[]){ { "run", "run-1", NULL } }, 1);
    node(h.d, "metric", "m1/recall", (const struct depot_parent[]){ { "model", "m1", NULL }, { "dataset", h.set.id, "test" } }, 2);
    node(h.d, "metric", "m1/train_loss", (const struct depot_parent[]){ { "model", "m1", NULL } }, 1);
    return h;
}

static void list(void *user, const struct depot_lineage_item *item)
{
    struct bytes *b = user;

    assert_int_equal(bytes_print(b, "%d %s%s%s %.8s %g-%g\n", item->depth, item->kind, item->deleted ? " deleted" : "", item->tainted ? " tainted" : "", item->ref, item->t0_s, item->t1_s), TRUNDLE_OK);
}

static char *lineage(struct depot *d, const char *kind, const char *ref, enum depot_way way, double *seconds)
{
    struct trundle_error err;
    struct bytes b = { 0 };

    assert_int_equal(bytes_print(&b, "%s", ""), TRUNDLE_OK);
    support_ok(depot_lineage(d, kind, ref, way, list, &b, seconds, &err), &err);
    return (char *)b.data;
}

static void a_figure_leads_back_to_its_seconds(void **state)
{
    struct house h = house_built();
    double seconds = -1;
    char *text;

    (void)state;
    text = lineage(h.d, "metric", "m1/recall", DEPOT_BACK, &seconds);
    assert_near(seconds, 15 + 1.5 + 60, 1e-9);         /* 10-20 and 18-25 overlap; 100-101.5; a trip of 60 s */
    assert_non_null(strstr(text, "1 model m1 0-0\n"));
    assert_non_null(strstr(text, "2 trip cart-9/t 0-60\n"));
    free(text);
    text = lineage(h.d, "metric", "m1/train_loss", DEPOT_BACK, &seconds);
    assert_near(seconds, 15, 1e-9);                    /* the test split is not behind it */
    assert_null(strstr(text, "trip"));
    free(text);
    text = lineage(h.d, "dataset", h.set.id, DEPOT_BACK, &seconds);
    assert_near(seconds, 76.5, 1e-9);
    free(text);
    depot_close(h.d);
}

static void a_clip_leads_on_to_all_that_used_it(void **state)
{
    struct house h = house_built();
    struct trundle_error err;
    double seconds = -1;
    char *text;

    (void)state;
    text = lineage(h.d, "clip", h.clip[0], DEPOT_ON, &seconds);
    assert_non_null(strstr(text, "dataset"));
    assert_non_null(strstr(text, "2 run run-1 "));
    assert_non_null(strstr(text, "3 model m1 "));
    assert_non_null(strstr(text, "4 metric m1/recal "));
    assert_non_null(strstr(text, "4 metric m1/train "));
    free(text);
    text = lineage(h.d, "clip", h.clip[2], DEPOT_ON, &seconds);
    assert_null(strstr(text, "run"));                  /* it was tested on, not trained on */
    assert_non_null(strstr(text, "2 metric m1/recal "));
    assert_null(strstr(text, "m1/train"));
    free(text);
    text = lineage(h.d, "clip", hub_clip(h.d, "cart-7", "t1", 9, 0, 1, 1, 10), DEPOT_ON, &seconds);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(depot_lineage(h.d, "model", "m2", DEPOT_BACK, list, NULL, NULL, &err), TRUNDLE_NOT_FOUND);
    depot_close(h.d);
}

static void nodes_are_added_and_never_changed(void **state)
{
    struct house h = house_built();
    const struct depot_parent run = { "run", "run-1", NULL }, none = { "run", "run-2", NULL }, split = { "run", "run-1", "train" };
    struct depot_node add = { "model", "m1", "{\"value\":0.93}", &run, 1 };
    struct trundle_error err;

    (void)state;
    support_ok(depot_node_add(h.d, &add, T0 + 1, &err), &err);         /* the same again */
    add.body = "{\"value\":0.94}";
    assert_int_equal(depot_node_add(h.d, &add, T0, &err), TRUNDLE_CONFLICT);
    add.body = "{\"value\":0.93}";
    add.parents = 0;
    assert_int_equal(depot_node_add(h.d, &add, T0, &err), TRUNDLE_CONFLICT);
    add = (struct depot_node){ "model", "m2", "{}", &none, 1 };
    assert_int_equal(depot_node_add(h.d, &add, T0, &err), TRUNDLE_NOT_FOUND);
    add.parent = &split;
    assert_int_equal(depot_node_add(h.d, &add, T0, &err), TRUNDLE_BAD_INPUT);
    add = (struct depot_node){ "dataset", "x", "{}", NULL, 0 };
    assert_int_equal(depot_node_add(h.d, &add, T0, &err), TRUNDLE_BAD_INPUT);
    add = (struct depot_node){ "model", "a b", "{}", NULL, 0 };
    assert_int_equal(depot_node_add(h.d, &add, T0, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(hub_number(h.d, "SELECT count(*) FROM depot_node WHERE kind IN ('run','model','metric')"), 4);
    depot_close(h.d);
}

static void datasets_are_versions_that_stay(void **state)
{
    struct house h = house_built();
    struct depot_dataset set, again;
    struct trundle_error err;
    char text[1200];

    (void)state;
    assert_true(h.set.version == 1 && h.set.members == 4 && !h.set.reduced && hub_blob_there(h.d, h.set.id));
    /* the same content, written otherwise */
    (void)snprintf(text, sizeof text, "{\"members\":[{\"split\":\"test\",\"trip\":\"cart-9/t9\"},{\"sha256\":\"%s\",\"split\":\"test\"},{\"sha256\":\"%s\",\"split\":\"train\"},"
                   "{\"sha256\":\"%s\",\"split\":\"train\"}],\"name\":\"fruit\"}", h.clip[2], h.clip[1], h.clip[0]);
    support_ok(depot_dataset_make(h.d, text, strlen(text), "ada", T0, &again, &err), &err);
    assert_string_equal(again.id, h.set.id);
    (void)snprintf(text, sizeof text, "{\"name\":\"fruit\",\"parent\":\"%s\",\"note\":\"\\u00e4\",\"members\":[{\"sha256\":\"%s\",\"split\":\"train\"}]}", h.set.id, h.clip[1]);
    support_ok(depot_dataset_make(h.d, text, strlen(text), "ada", T0, &set, &err), &err);
    assert_true(set.version == 2 && strcmp(set.parent, h.set.id) == 0);
    support_ok(depot_dataset_get(h.d, "fruit", &again, &err), &err);
    assert_string_equal(again.id, set.id);
    support_ok(depot_dataset_get(h.d, h.set.id, &again, &err), &err);
    assert_int_equal(again.version, 1);
    (void)snprintf(text, sizeof text, "{\"name\":\"fruit\",\"members\":[{\"sha256\":\"%s\",\"split\":\"train\"},{\"sha256\":\"%s\",\"split\":\"test\"}]}", h.clip[1], h.clip[1]);
    assert_int_equal(depot_dataset_make(h.d, text, strlen(text), "ada", T0, &set, &err), TRUNDLE_CONFLICT);
    (void)snprintf(text, sizeof text, "{\"name\":\"fruit\",\"members\":[{\"sha256\":\"%064d\",\"split\":\"train\"}]}", 7);
    assert_int_equal(depot_dataset_make(h.d, text, strlen(text), "ada", T0, &set, &err), TRUNDLE_NOT_FOUND);
    (void)snprintf(text, sizeof text, "{\"name\":\"fruit\",\"parent\":\"%064d\",\"members\":[{\"sha256\":\"%s\",\"split\":\"train\"}]}", 7, h.clip[1]);
    assert_int_equal(depot_dataset_make(h.d, text, strlen(text), "ada", T0, &set, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(depot_dataset_make(h.d, "{\"name\":\"fruit\",\"members\":[]}", 30, "ada", T0, &set, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(hub_number(h.d, "SELECT count(*) FROM depot_dataset"), 2);
    depot_close(h.d);
}

static void deletion_follows_lineage(void **state)
{
    struct house h = house_built();
    const struct depot_label label = { h.clip[0], "boxes", "?", "{}", "ada", 11, 12 };
    struct bytes receipt = { 0 }, again = { 0 }, manifest = { 0 };
    struct depot_dataset old, set;
    struct trundle_error err;
    double seconds;
    int64_t id;
    char *text;

    (void)state;
    support_ok(depot_label_add(h.d, &label, T0, &id, &err), &err);
    assert_true(hub_blob_there(h.d, h.clip[0]));
    support_ok(depot_clip_delete(h.d, h.clip[0], "eve", "the shopper asked", T0 + 5, &receipt, &err), &err);
    assert_false(hub_blob_there(h.d, h.clip[0]));
    support_ok(depot_dataset_get(h.d, h.set.id, &old, &err), &err);
    support_ok(depot_dataset_get(h.d, "fruit", &set, &err), &err);
    assert_true(old.reduced && set.version == 2 && !set.reduced && set.members == 3 && strcmp(set.parent, h.set.id) == 0);
    support_ok(depot_blob_get(h.d, set.id, 1 << 20, &manifest, &err), &err);
    assert_null(strstr((char *)manifest.data, h.clip[0]));
    assert_non_null(strstr((char *)manifest.data, h.clip[1]));
    assert_non_null(strstr((char *)receipt.data, set.id));
    assert_non_null(strstr((char *)receipt.data, "\"labels\": 1"));
    assert_non_null(strstr((char *)receipt.data, "m1/recall"));
    support_ok(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(h.d), &err), &err);
    assert_int_equal(hub_number(h.d, "SELECT count(*) FROM depot_label"), 0);
    assert_int_equal(hub_number(h.d, "SELECT count(*) FROM depot_access WHERE act = 'delete' AND who = 'eve'"), 1);
    assert_int_equal(hub_number(h.d, "SELECT count(*) FROM depot_doomed"), 0);
    text = lineage(h.d, "metric", "m1/recall", DEPOT_BACK, &seconds);
    assert_non_null(strstr(text, "model tainted m1"));
    assert_non_null(strstr(text, "clip deleted"));
    free(text);
    text = lineage(h.d, "dataset", set.id, DEPOT_BACK, &seconds);
    assert_null(strstr(text, "deleted"));
    free(text);
    support_ok(depot_clip_delete(h.d, h.clip[0], "mallory", "again", T0 + 9, &again, &err), &err);
    assert_int_equal(again.n, receipt.n);
    assert_memory_equal(again.data, receipt.data, receipt.n);
    assert_int_equal(hub_number(h.d, "SELECT count(*) FROM depot_dataset"), 2);
    bytes_done(&receipt);
    bytes_done(&again);
    bytes_done(&manifest);
    depot_close(h.d);
}

/* A model made of a tainted one is tainted from its first day; a model of the new version is not. */
static void taint_is_inherited(void **state)
{
    struct house h = house_built();
    struct bytes receipt = { 0 };
    struct depot_dataset set;
    struct trundle_error err;
    double seconds;
    char *text;

    (void)state;
    support_ok(depot_clip_delete(h.d, h.clip[1], "eve", "asked", T0, &receipt, &err), &err);
    support_ok(depot_dataset_get(h.d, "fruit", &set, &err), &err);
    node(h.d, "model", "m1-int8", (const struct depot_parent[]){ { "model", "m1", NULL } }, 1);
    node(h.d, "run", "run-2", (const struct depot_parent[]){ { "dataset", set.id, "train" } }, 1);
    node(h.d, "report", "r", (const struct depot_parent[]){ { "model", "m1-int8", NULL }, { "run", "run-2", NULL } }, 2);
    text = lineage(h.d, "report", "r", DEPOT_BACK, &seconds);
    assert_non_null(strstr(text, "1 model tainted m1-int8"));
    assert_non_null(strstr(text, "1 run run-2"));
    free(text);
    bytes_done(&receipt);
    depot_close(h.d);
}

static void receipts_cannot_be_forged(void **state)
{
    struct house h = house_built();
    struct depot *other = hub_open(hub_path());
    struct bytes receipt = { 0 };
    struct trundle_error err;
    char *at;

    (void)state;
    support_ok(depot_clip_delete(h.d, h.clip[0], "eve", "asked", T0, &receipt, &err), &err);
    assert_int_equal(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(other), &err), TRUNDLE_CORRUPT);
    at = strstr((char *)receipt.data, "eve");
    assert_non_null(at);
    *at = 'E';
    assert_int_equal(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(h.d), &err), TRUNDLE_CORRUPT);
    *at = 'e';
    support_ok(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(h.d), &err), &err);
    assert_int_equal(depot_receipt_verify(receipt.data, receipt.n - 3, depot_sign_key(h.d), &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(depot_receipt_verify("{}", 2, depot_sign_key(h.d), &err), TRUNDLE_BAD_INPUT);
    bytes_done(&receipt);
    depot_close(other);
    depot_close(h.d);
}

static void retention_deletes_what_is_over(void **state)
{
    struct house h = house_built();
    struct depot_swept swept;
    struct bytes receipt = { 0 };
    struct depot_dataset set;
    struct trundle_error err;
    int64_t have;

    (void)state;
    support_ok(depot_sweep(h.d, T0 + 10 * DAY - 1, 100, &swept, &err), &err);
    assert_int_equal(swept.clips, 0);
    support_ok(depot_sweep(h.d, T0 + 10 * DAY, 100, &swept, &err), &err);
    assert_int_equal(swept.clips, 1);
    assert_false(hub_blob_there(h.d, h.clip[2]));
    assert_true(hub_blob_there(h.d, h.clip[0]));
    support_ok(depot_receipt_get(h.d, h.clip[2], &receipt, &err), &err);
    support_ok(depot_receipt_verify(receipt.data, receipt.n, depot_sign_key(h.d), &err), &err);
    assert_int_equal(depot_clip_have(h.d, "cart-7", h.clip[2], &have, &err), TRUNDLE_UNSUPPORTED);
    support_ok(depot_sweep(h.d, T0 + 100 * DAY, 100, &swept, &err), &err);              /* two at once: one new version */
    assert_int_equal(swept.clips, 2);
    support_ok(depot_dataset_get(h.d, "fruit", &set, &err), &err);
    assert_true(set.version == 3 && set.members == 1);
    bytes_done(&receipt);
    depot_close(h.d);
}

/* The upload is half done when the clip is deleted: nothing of it stays, and no more is taken. */
static void an_upload_ends_with_the_deletion(void **state)
{
    struct depot *d = hub_open(hub_path());
    char sha256[DEPOT_SHA], line[600];
    struct bytes sealed = hub_sealed(d, "cart-7", "t1", 1, 2, 30, 5000, sha256), receipt = { 0 };
    struct trundle_error err;
    int64_t have;

    (void)state;
    (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%zu,\"trip\":\"t1\",\"trigger\":\"corrected\",\"purpose\":\"label\","
                   "\"keep_days\":30,\"t0_s\":1,\"t1_s\":2}}", sha256, sealed.n);
    (void)hub_say(d, "cart-7", line);
    support_ok(depot_clip_put(d, "cart-7", sha256, 0, (int64_t)sealed.n, sealed.data, 1000, T0, &have, &err), &err);
    support_ok(depot_clip_delete(d, sha256, "eve", "asked", T0, &receipt, &err), &err);
    assert_int_equal(support_shell(NULL, "test -z \"$(ls -A %s/part)\"", depot_folder(d)), 0);
    assert_int_equal(depot_clip_put(d, "cart-7", sha256, 1000, (int64_t)sealed.n, sealed.data + 1000, 1000, T0, &have, &err), TRUNDLE_UNSUPPORTED);
    assert_non_null(strstr((char *)receipt.data, "\"was_here\": false"));
    bytes_done(&sealed);
    bytes_done(&receipt);
    depot_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_leads_back_to_its_seconds),
        cmocka_unit_test(a_clip_leads_on_to_all_that_used_it),
        cmocka_unit_test(nodes_are_added_and_never_changed),
        cmocka_unit_test(datasets_are_versions_that_stay),
        cmocka_unit_test(deletion_follows_lineage),
        cmocka_unit_test(taint_is_inherited),
        cmocka_unit_test(receipts_cannot_be_forged),
        cmocka_unit_test(retention_deletes_what_is_over),
        cmocka_unit_test(an_upload_ends_with_the_deletion),
    };

    return support_run(tests);
}
