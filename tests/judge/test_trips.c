/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/judge and runtime/trip_world on files: a simulated trip without pictures, with decisions that are as good, or as bad,
 * as a test wants them. */
#include "base/std/json.h"
#include "base/trip/trip.h"
#include "cart/runtime/trip_world.h"
#include "lab/sim/sim.h"
#include "proto/trundle.pb-c.h"
#include "tests/judge/hand_trip.h"

#include <stdio.h>
#include <turbojpeg.h>
#include <unistd.h>

enum { SEED = 7, ITEMS = 256 };

static char folder[512], trip_path[600], store_dir[600];

static int make_world(void **state)
{
    struct sim_suite *suite;
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct trundle_error err = { 0 };

    (void)state;
    options.pictures = false;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    (void)snprintf(trip_path, sizeof trip_path, "%s/%d.mcap", folder, SEED);
    (void)snprintf(store_dir, sizeof store_dir, "%s/stores/%lld", folder, (long long)sim_store_of(SEED));
    support_ok(sim_suite_load(support_source("suites/smoke.json"), &suite, &err), &err);
    support_ok(sim_store_make(suite, sim_store_of(SEED), store_dir, false, &err), &err);
    support_ok(sim_trip_make(suite, SEED, trip_path, &options, NULL, &err), &err);
    sim_suite_free(suite);
    return 0;
}

static struct judge_report judged(const char *path, const struct judge_config *config)
{
    struct judge_report report = { .trips = 0 };
    struct trundle_error err = { 0 };

    support_ok(judge_trips(&path, 1, config, &report, &err), &err);
    return report;
}

static double unaided(const struct judge_report *report, enum judge_key key)
{
    return report->all.key[JUDGE_UNAIDED][key].value;
}

static double recall_of(const struct judge_report *report, const char *slice)
{
    for (size_t i = 0; i < report->slices_n; i++)
        if (!strcmp(report->slice[i].name, slice))
            return report->slice[i].values.key[JUDGE_UNAIDED][JUDGE_event_recall].value;
    fail_msg("no slice %s", slice);
    return 0;
}

/* Decisions straight from the truth; `bend` may change or drop each. */
typedef bool bend_fn(struct trundle_decision *d, size_t i);

static bool as_it_is(struct trundle_decision *d, size_t i)
{
    (void)d;
    (void)i;
    return true;
}

static bool to_one_product(struct trundle_decision *d, size_t i)
{
    (void)i;
    d->product = BANANA;
    d->weight_mg = 0;
    return true;
}

static bool without_the_first(struct trundle_decision *d, size_t i)
{
    (void)d;
    return i > 0;
}

static bool decide(const Trundle__V1__TruthEvent *e, const struct trundle_message *m, uint32_t line_of[ITEMS], struct trundle_decision *out)
{
    bool put = e->kind == TRUNDLE_EVENT_PUT;

    if (!put && e->kind != TRUNDLE_EVENT_TAKE)
        return false;
    *out = (struct trundle_decision){ .id = e->id, .kind = put ? TRUNDLE_DECIDE_ADD : TRUNDLE_DECIDE_REMOVE, .t_ns = m->log_ns,
                                      .t_event_ns = put ? e->t_release_ns : e->t_cross_ns, .event = e->id, .event_kind = (enum trundle_event_kind)e->kind,
                                      .product = { e->product }, .count = 1, .p = 1, .mass_g = (float)NAN, .mass_sd_g = (float)NAN,
                                      .weight_mg = e->by_weight ? 5000 * (int64_t)llround(e->mass_g / 5) : 0 };
    if (put)
        line_of[e->item % ITEMS] = e->id;
    out->line = line_of[e->item % ITEMS];
    return true;
}

static void copy_attachment(struct trip_reader *r, struct trip_writer *w, const char *name)
{
    struct bytes b = { 0 };
    struct trundle_error err = { 0 };

    support_ok(trip_attachment(r, name, &b, &err), &err);
    support_ok(trip_attach(w, name, "application/json", b.data, b.n, &err), &err);
    bytes_done(&b);
}

static void write_decided(const char *path, bend_fn *bend, const struct trip_head *head)
{
    struct trip_writer_config config = TRIP_WRITER_CONFIG_DEFAULT;
    struct trip_reader *r;
    struct trip_writer *w;
    struct trundle_message m;
    struct trundle_error err = { 0 };
    uint32_t line_of[ITEMS] = { 0 }, sequence = 0;
    size_t n = 0;

    (void)unlink(path);
    support_ok(trip_open(trip_path, &r, &err), &err);
    support_ok(trip_create(path, head ? head : trip_head(r), &config, &w, &err), &err);
    copy_attachment(r, w, TRIP_CART_JSON);
    copy_attachment(r, w, TRIP_CATALOG_JSON);
    while (trip_next(r, &m, &err) == TRUNDLE_OK) {
        struct trundle_message d = { .channel = TRUNDLE_DECISION, .log_ns = m.log_ns, .sensed_ns = m.log_ns };
        Trundle__V1__Truth *truth;
        bool have;

        if (m.channel != TRUNDLE_TRUTH)
            continue;
        m.sequence = ++sequence;
        support_ok(trip_write(w, &m, &err), &err);
        truth = trundle__v1__truth__unpack(NULL, m.truth.bytes_n, m.truth.bytes);
        have = truth->what_case == TRUNDLE__V1__TRUTH__WHAT_EVENT && decide(truth->event, &m, line_of, &d.decision) && bend(&d.decision, n++);
        trundle__v1__truth__free_unpacked(truth, NULL);
        d.sequence = ++sequence;
        if (have)
            support_ok(trip_write(w, &d, &err), &err);
    }
    support_ok(trip_finish(w, &err), &err);
    trip_free(r);
}

static void recorded_decisions_are_scored(void **state)
{
    struct judge_config config = JUDGE_CONFIG_DEFAULT;
    struct judge_report report;
    char path[700];

    (void)state;
    config.recorded = true;
    (void)snprintf(path, sizeof path, "%s/decided.mcap", folder);
    write_decided(path, as_it_is, NULL);
    report = judged(path, &config);
    assert_int_equal(report.failed, 0);
    assert_int_equal(report.seed0, SEED);
    assert_string_equal(report.suite, "smoke");
    assert_false(report.all.has[JUDGE_AIDED]);
    assert_true(report.slices_n > 0);
    assert_near(unaided(&report, JUDGE_event_f1), 1, 0);
    assert_near(unaided(&report, JUDGE_time_error_s), 0, 0);
    assert_near(unaided(&report, JUDGE_basket_accuracy), 1, 0);
    assert_near(unaided(&report, JUDGE_line_accuracy), 1, 0);
    assert_near(unaided(&report, JUDGE_errors_per_100), 0, 0);
    assert_near(unaided(&report, JUDGE_undercharge_bp), 0, 0);      /* prices, member prices and rounding to e agree */
    assert_near(unaided(&report, JUDGE_overcharge_bp), 0, 0);
    assert_near(unaided(&report, JUDGE_false_removals), 0, 0);
    assert_true(report.all.key[0][JUDGE_event_f1].n > 3);
    judge_report_done(&report);
    write_decided(path, to_one_product, NULL);
    report = judged(path, &config);
    assert_true(unaided(&report, JUDGE_event_f1) < 0.5);
    assert_near(unaided(&report, JUDGE_basket_accuracy), 0, 0);
    assert_true(unaided(&report, JUDGE_errors_per_100) > 50);
    assert_true(unaided(&report, JUDGE_undercharge_bp) > 5000);
    judge_report_done(&report);
    write_decided(path, without_the_first, NULL);
    report = judged(path, &config);
    assert_true(unaided(&report, JUDGE_event_recall) < 1);
    judge_report_done(&report);
    report = judged(trip_path, &config);           /* a simulated trip holds no decisions */
    assert_near(unaided(&report, JUDGE_event_recall), 0, 0);
    assert_near(unaided(&report, JUDGE_undercharge_bp), 10000, 1e-9);
    judge_report_done(&report);
    (void)unlink(path);
}

static void a_submission_is_scored(void **state)
{
    struct judge_config config = JUDGE_CONFIG_DEFAULT;
    struct judge_submission *submission;
    struct judge_report report;
    struct trip_reader *r;
    struct trundle_message m;
    struct trundle_error err = { 0 };
    struct bytes lines = { 0 };
    const char *path = trip_path;

    (void)state;
    support_ok(trip_open(trip_path, &r, &err), &err);
    while (trip_next(r, &m, &err) == TRUNDLE_OK) {
        Trundle__V1__Truth *truth = m.channel == TRUNDLE_TRUTH ? trundle__v1__truth__unpack(NULL, m.truth.bytes_n, m.truth.bytes) : NULL;
        uint32_t line_of[ITEMS] = { 0 };
        struct trundle_decision d;
        char key[TRUNDLE_PRODUCT_TEXT];

        if (truth && truth->what_case == TRUNDLE__V1__TRUTH__WHAT_EVENT && decide(truth->event, &m, line_of, &d)) {
            support_ok(bytes_print(&lines, "{\"trip\":\"%d\",\"t_s\":%.6f,\"kind\":\"%s\",\"product\":\"%s\",", SEED, ns_s(d.t_event_ns),
                                   d.kind == TRUNDLE_DECIDE_ADD ? "put" : "take", trundle_product_text(d.product, key)), NULL);
            support_ok(d.weight_mg ? bytes_print(&lines, "\"weight_g\":%.1f}\n", (double)d.weight_mg * 1e-3) : bytes_print(&lines, "\"count\":1}\n"), NULL);
        }
        if (truth)
            trundle__v1__truth__free_unpacked(truth, NULL);
    }
    trip_free(r);
    support_ok(judge_submission_parse(lines.data, lines.n, "sub", &submission, &err), &err);
    config.submission = submission;
    report = judged(trip_path, &config);
    assert_near(unaided(&report, JUDGE_event_f1), 1, 0);
    assert_near(unaided(&report, JUDGE_basket_accuracy), 1, 0);
    assert_true(isnan(unaided(&report, JUDGE_asks_per_100)));
    assert_false(report.all.has[JUDGE_AIDED]);
    judge_report_done(&report);
    judge_submission_free(submission);
    support_ok(bytes_print(&lines, "{\"trip\":\"999\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1}\n"), NULL);
    support_ok(judge_submission_parse(lines.data, lines.n, "sub", &submission, &err), &err);
    config.submission = submission;
    assert_int_equal(judge_trips(&path, 1, &config, &report, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "999"));
    judge_submission_free(submission);
    bytes_done(&lines);
}

static void a_replay_is_scored_both_ways_and_repeats(void **state)
{
    struct judge_config config = JUDGE_CONFIG_DEFAULT;
    struct judge_report report = judged(trip_path, &config), again;

    (void)state;
    assert_int_equal(report.failed, 0);
    assert_true(report.all.has[JUDGE_UNAIDED] && report.all.has[JUDGE_AIDED]);
    assert_true(unaided(&report, JUDGE_detection_f1) > 0.5);       /* by the scale alone */
    config.jobs = 2;
    again = judged(trip_path, &config);
    assert_memory_equal(&report.all, &again.all, sizeof report.all);
    judge_report_done(&report);
    judge_report_done(&again);
}

/* Carts that are lied to: every product has another one's mass; the scale always says the same. */
static enum trundle_status open_swapped(const struct trundle_setup *setup, void **out, struct trundle_error *err)
{
    enum { SHIFT = 17 };
    struct trundle_setup lied = *setup;
    json_t *root = NULL, *products, *mass[512];
    size_t n;
    char *text;
    enum trundle_status status;

    support_ok(json_parse(setup->catalog_json.bytes, setup->catalog_json.n, "catalog", &root, err), err);
    products = json_object_get(root, "products");
    n = json_array_size(products);
    assert_true(n > SHIFT && n <= 512);
    for (size_t i = 0; i < n; i++)
        mass[i] = json_incref(json_object_get(json_array_get(products, i), "mass_g"));
    for (size_t i = 0; i < n; i++)
        (void)json_object_set_new(json_array_get(products, i), "mass_g", mass[(i + SHIFT) % n]);
    text = json_dumps(root, 0);
    lied.catalog_json = (struct trundle_text){ text, strlen(text) };
    status = judge_cart_trundle.open(&lied, out, err);
    free(text);
    json_decref(root);
    return status;
}

static enum trundle_status push_constant(void *cart, const struct trundle_message *m, struct trundle_error *err)
{
    struct trundle_message same = *m;

    for (int i = 0; m->channel == TRUNDLE_CELL && i < TRUNDLE_CELLS_MAX; i++)
        same.cell.raw[i] = 100000;
    return judge_cart_trundle.push(cart, &same, err);
}

static void lies_pull_the_scores_down(void **state)
{
    struct judge_cart_ops swapped = judge_cart_trundle, constant = judge_cart_trundle;
    struct judge_config config = JUDGE_CONFIG_DEFAULT;
    struct judge_report honest = judged(trip_path, &config), report;

    (void)state;
    swapped.open = open_swapped;
    config.cart = &swapped;
    report = judged(trip_path, &config);
    assert_int_equal(report.failed, 0);
    assert_true(unaided(&report, JUDGE_event_f1) < unaided(&honest, JUDGE_event_f1) - 0.2);
    assert_true(unaided(&report, JUDGE_errors_per_100) > unaided(&honest, JUDGE_errors_per_100));
    judge_report_done(&report);
    constant.push = push_constant;
    config.cart = &constant;
    report = judged(trip_path, &config);
    assert_int_equal(report.failed, 0);
    assert_near(recall_of(&honest, "produce"), 1, 0);
    assert_near(recall_of(&report, "produce"), 0, 0);            /* what was scanned is a line without the scale; what has to be weighed is not */
    assert_true(unaided(&report, JUDGE_line_accuracy) < unaided(&honest, JUDGE_line_accuracy) - 0.2);
    assert_true(unaided(&report, JUDGE_event_f1) < unaided(&honest, JUDGE_event_f1) - 0.2);
    assert_true(unaided(&report, JUDGE_errors_per_100) > unaided(&honest, JUDGE_errors_per_100));
    judge_report_done(&report);
    judge_report_done(&honest);
}

static struct { size_t n; struct trundle_error err; } complaint;

static void note(void *user, const char *trip, const struct trundle_error *err)
{
    (void)user;
    (void)trip;
    complaint.n++;
    complaint.err = *err;
}

static void what_cannot_be_read_is_named_and_counted(void **state)
{
    struct judge_config config = { .jobs = 1, .complain = note, .recorded = true };
    struct judge_report report;
    struct trundle_error err = { 0 };
    char bad[700], none[700];
    const char *paths[] = { bad, trip_path }, *nothing = none;

    (void)state;
    (void)snprintf(bad, sizeof bad, "%s/bad.mcap", folder);
    (void)snprintf(none, sizeof none, "%s/none", folder);
    support_ok(file_write(bad, "no trip", 7, &err), &err);
    complaint.n = 0;
    support_ok(judge_trips(paths, 2, &config, &report, &err), &err);
    assert_int_equal(report.trips, 1);
    assert_int_equal(report.failed, 1);
    assert_int_equal(complaint.n, 1);
    assert_non_null(strstr(complaint.err.where, "bad.mcap"));
    judge_report_done(&report);
    (void)unlink(bad);
    support_ok(folder_make(none, &err), &err);
    assert_int_equal(judge_trips(&nothing, 1, &config, &report, &err), TRUNDLE_NOT_FOUND);
}

static void the_catalog_must_be_the_trips_own(void **state)
{
    struct judge_config config = { .jobs = 1, .complain = note };
    struct judge_report report;
    struct trip_reader *r;
    struct trip_head head;
    struct trundle_error err = { 0 };
    char path[700];

    (void)state;
    support_ok(trip_open(trip_path, &r, &err), &err);
    head = *trip_head(r);
    trip_free(r);
    head.catalog_sha256[0] = head.catalog_sha256[0] == '0' ? '1' : '0';
    (void)snprintf(path, sizeof path, "%s/other.mcap", folder);
    write_decided(path, as_it_is, &head);
    complaint.n = 0;
    report = judged(path, &config);
    assert_int_equal(report.failed, 1);
    assert_int_equal(complaint.err.status, TRUNDLE_CONFLICT);
    assert_non_null(strstr(complaint.err.where, "stores"));
    assert_non_null(strstr(complaint.err.what, "other.mcap"));
    assert_non_null(strstr(complaint.err.hint, "--catalog"));
    judge_report_done(&report);
    (void)snprintf(head.store, sizeof head.store, "nowhere");
    write_decided(path, as_it_is, &head);
    report = judged(path, &config);
    assert_int_equal(complaint.err.status, TRUNDLE_NOT_FOUND);
    judge_report_done(&report);
    (void)snprintf(head.store, sizeof head.store, "../stores");
    write_decided(path, as_it_is, &head);
    report = judged(path, &config);
    assert_int_equal(complaint.err.status, TRUNDLE_NOT_FOUND);
    assert_non_null(strstr(complaint.err.what, "names no store"));
    judge_report_done(&report);
    config.recorded = true;            /* scoring recorded decisions needs only the trip */
    report = judged(path, &config);
    assert_int_equal(report.failed, 0);
    assert_near(unaided(&report, JUDGE_event_f1), 1, 0);
    judge_report_done(&report);
    (void)unlink(path);
}

/* A striped thing before a plain wall. */
static void paint(struct bytes *out)
{
    enum { SIDE = 96 };
    static unsigned char rgb[SIDE * SIDE * 3];
    unsigned char *jpeg = NULL;
    unsigned long n = 0;
    tjhandle tj = tjInitCompress();

    for (int i = 0; i < SIDE * SIDE * 3; i++) {
        int x = i / 3 % SIDE, y = i / 3 / SIDE;

        rgb[i] = x < 20 || y < 20 || x > 75 || y > 75 ? 230 : (unsigned char)((x / 6 + i % 3) % 2 ? 40 : 160);
    }
    assert_int_equal(tjCompress2(tj, rgb, SIDE, 0, SIDE, TJPF_RGB, &jpeg, &n, TJSAMP_444, 90, 0), 0);
    support_ok(bytes_append(out, jpeg, n), NULL);
    tjFree(jpeg);
    (void)tjDestroy(tj);
}

/* The gallery is kept, used again, and made anew when a picture or the file changes. */
static void the_gallery_is_kept(void **state)
{
    struct trundle_error err = { 0 };
    struct bytes first = { 0 }, again = { 0 }, file = { 0 }, jpeg = { 0 };
    char enrol[700], cache[720], picture[720];

    (void)state;
    (void)snprintf(enrol, sizeof enrol, "%s/enrol", folder);
    support_ok(trip_world_gallery(enrol, &first, &err), &err);
    assert_int_equal(first.n, 0);      /* no folder, no gallery */
    (void)snprintf(cache, sizeof cache, "%s/gallery.bin", enrol);
    assert_int_equal(support_shell(NULL, "mkdir -p %s/plu-4011 %s/gtin-04011200296908 %s/notes", enrol, enrol, enrol), 0);
    paint(&jpeg);
    (void)snprintf(picture, sizeof picture, "%s/plu-4011/1.jpg", enrol);
    support_ok(file_write(picture, jpeg.data, jpeg.n, &err), &err);
    (void)snprintf(picture, sizeof picture, "%s/gtin-04011200296908/1.jpg", enrol);
    support_ok(file_write(picture, jpeg.data, jpeg.n, &err), &err);
    support_ok(trip_world_gallery(enrol, &first, &err), &err);
    assert_true(first.n > 100);
    support_ok(file_read(cache, 1 << 20, &file, &err), &err);
    support_ok(trip_world_gallery(enrol, &again, &err), &err);
    assert_true(again.n == first.n && !memcmp(again.data, first.data, first.n));
    bytes_done(&again);
    file.data[file.n / 2] ^= 1;        /* damage is noticed */
    support_ok(file_write(cache, file.data, file.n, &err), &err);
    support_ok(trip_world_gallery(enrol, &again, &err), &err);
    assert_true(again.n == first.n && !memcmp(again.data, first.data, first.n));
    bytes_done(&again);
    (void)unlink(picture);             /* one product less: the old file must not be taken */
    support_ok(trip_world_gallery(enrol, &again, &err), &err);
    assert_true(again.n < first.n);
    bytes_done(&again);
    support_ok(file_write(picture, "no picture", 10, &err), &err);
    assert_int_equal(trip_world_gallery(enrol, &again, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.where, "gtin-04011200296908/1.jpg"));
    bytes_done(&first);
    bytes_done(&file);
    bytes_done(&jpeg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_decisions_are_scored), cmocka_unit_test(a_submission_is_scored), cmocka_unit_test(a_replay_is_scored_both_ways_and_repeats),
        cmocka_unit_test(lies_pull_the_scores_down),
        cmocka_unit_test(what_cannot_be_read_is_named_and_counted), cmocka_unit_test(the_catalog_must_be_the_trips_own), cmocka_unit_test(the_gallery_is_kept) };

    return cmocka_run_group_tests(tests, make_world, NULL);
}
