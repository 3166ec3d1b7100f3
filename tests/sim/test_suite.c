/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Suite files: each field is needed, bounded, named in errors and documented; a store is what the suite says. */
#include "lab/sim/plan.h"

#include "base/catalog/catalog.h"
#include "base/std/json.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *smoke_json(void)
{
    struct trundle_error err = { 0 };
    json_t *root = NULL;

    support_ok(json_parse_file(support_source("suites/smoke.json"), &root, &err), &err);
    return root;
}

static enum trundle_status parse(json_t *root, struct trundle_error *err)
{
    char *text = json_dumps(root, 0);
    struct sim_suite *suite = NULL;
    enum trundle_status status = sim_suite_parse(text, strlen(text), "suite", &suite, err);

    sim_suite_free(suite);
    free(text);
    return status;
}

static void each_field_is_needed_and_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < suite_fields_n; i++) {
        const struct suite_field *f = &suite_fields[i];
        struct trundle_error err = { 0 };
        json_t *root = smoke_json(), *section = json_object_get(root, f->section);

        (void)json_object_del(section, f->key);
        assert_int_equal(parse(root, &err), TRUNDLE_BAD_INPUT);
        assert_non_null(strstr(err.where, f->key));
        if (f->kind == SUITE_CHOICE)
            (void)json_object_set_new(section, f->key, json_string("no such word"));
        else if (f->kind == SUITE_RANGE)
            (void)json_object_set_new(section, f->key, json_pack("[ff]", f->lo - 1, f->hi));
        else
            (void)json_object_set_new(section, f->key, f->kind == SUITE_WHOLE ? json_integer((json_int_t)f->hi + 1) : json_real(f->hi * 1.5 + 1));
        err = (struct trundle_error){ 0 };
        assert_int_equal(parse(root, &err), TRUNDLE_BAD_INPUT);
        assert_true(strstr(err.where, f->key) || strstr(err.what, f->key));
        (void)json_object_set_new(section, f->key, json_string("x"));
        assert_int_equal(parse(root, &err), TRUNDLE_BAD_INPUT);
        json_decref(root);
    }
}

static void what_is_not_known_is_refused(void **state)
{
    static const char *const places[] = { "store", "shopper", "camera" };
    struct trundle_error err = { 0 };
    json_t *root = smoke_json();

    (void)state;
    assert_int_equal(parse(root, &err), TRUNDLE_OK);
    (void)json_object_set_new(root, "_note", json_string("a remark is fine"));
    assert_int_equal(parse(root, &err), TRUNDLE_OK);
    (void)json_object_set_new(root, "storre", json_object());
    assert_int_equal(parse(root, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "storre"));
    json_decref(root);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        root = smoke_json();
        (void)json_object_set_new(json_object_get(root, places[i]), "typo_g", json_integer(1));
        assert_int_equal(parse(root, &err), TRUNDLE_BAD_INPUT);
        assert_non_null(strstr(err.what, "typo_g"));
        json_decref(root);
    }
}

/* Fields that are each within bounds, and together no world: the one that is named. */
static void what_is_impossible_together_is_refused(void **state)
{
    static const struct { const char *fields, *field, *what; } bad[] = {
        { "\"shopper\":{\"take_share\":0.6,\"move_share\":0.6}", "shopper.take_share", "over 1" },
        { "\"shopper\":{\"double_share\":0.9,\"bag_share\":0.9}", "shopper.double_share", "over 1" },
        { "\"shopper\":{\"items\":[1,3],\"items_median\":12}", "shopper.items_median", "1 to 3" },
        { "\"shrink\":{\"share\":0.5,\"no_scan\":0,\"scan_one_of_two\":0,\"cheap_code\":0,\"swap_after_weigh\":0,\"heavier_after_weigh\":0,"
          "\"take_and_replace\":0,\"hidden\":0,\"past_cameras\":0,\"lean_on_scale\":0,\"cart_swap\":0}", "shrink.share", "weight" },
        { "\"faults\":{\"share\":0.5,\"camera_dead\":0,\"camera_smeared\":0,\"frames_late\":0,\"frames_lost\":0,\"cell_drift\":0,\"cell_stuck\":0,"
          "\"cell_dead\":0,\"scanner_mute\":0,\"no_location\":0,\"clock_jump\":0,\"no_network\":0,\"power_loss\":0}", "faults.share", "weight" },
        { "\"store\":{\"produce_share\":0}", "store.produce_share", "kinds of produce" },
        { "\"store\":{\"produce_share\":1}", "store.produce_share", "categories" },
        { "\"produce\":[]", "shrink.share", "produce" },
        { "\"produce\":[],\"shrink\":{\"share\":0}", "store.produce_share", "0 kinds" },
        { "\"cells\":{\"hz\":10,\"resonance_hz\":[90,100]}", "cells.resonance_hz", "followed" },
        { "\"motion\":{\"vibration_hz\":100},\"cells\":{\"hz\":20}", "motion.vibration_hz", "followed" },
        { "\"imu\":{\"hz\":1000},\"cells\":{\"hz\":40}", "imu.hz", "cells.hz" },
        { "\"cells\":{\"inset_m\":0.3}", "cells.inset_m", "between the cells" },
        { "\"camera\":{\"fps\":60,\"exposure_ms\":30,\"readout_ms\":0}", "camera.exposure_ms", "frame" },
        { "\"camera\":{\"fps\":60,\"readout_ms\":30}", "camera.readout_ms", "frame" },
        { "\"cart\":{\"focal_px\":[2000,2000]}", "cart.focal_px", "degrees" },
        { "\"cart\":{\"width_m\":[0.3,0.3],\"length_m\":[0.3,0.3],\"height_m\":[0.2,0.2]},\"produce\":[{\"name\":\"Marrow\",\"plu\":4000,\"share\":1,"
          "\"form\":\"long\",\"length_m\":0.4,\"diameter_m\":0.1,\"piece_g\":900,\"piece_sd_g\":50,\"pieces\":[1,1],\"cents_per_kg\":[100,200],"
          "\"rgb\":[1,2,3],\"rgb2\":[1,2,3]}]", "produce", "Marrow" },
        { "\"categories\":[{\"name\":\"crates\",\"share\":1,\"packs\":[\"box\"],\"quantities\":[10000],\"unit\":\"g\",\"g_per_unit\":1,\"ml_per_unit\":20,"
          "\"cents_per_1000\":[100,200],\"tax_bp\":0,\"words\":[\"CRATE\"],\"flavours\":[\"PLAIN\"]}],\"pairs\":[]", "categories", "crates" } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct trundle_error err = { 0 };
        struct sim_suite *suite = NULL;
        char text[1024], where[100];
        int n = snprintf(text, sizeof text, "{\"version\":1,\"name\":\"odd\",\"extends\":\"v1\",%s}", bad[i].fields);

        (void)snprintf(where, sizeof where, "odd: %s", bad[i].field);
        assert_true(n > 0 && (size_t)n < sizeof text);
        assert_int_equal(sim_suite_parse(text, (size_t)n, "odd", &suite, &err), TRUNDLE_BAD_INPUT);
        if (strcmp(err.where, where) != 0 || !strstr(err.what, bad[i].what))
            fail_msg("case %zu: %s: %s", i, err.where, err.what);
        assert_null(suite);
    }
}

/* The page is what `trundle sim fields` prints below its heading. */
static void each_field_is_documented(void **state)
{
    static const char *const names[] = { "suites/smoke.json", "suites/v1.json", "suites/v1-other.json" };
    struct sim_suite *suite[COUNT_OF(names)];
    const struct sim_suite *borrowed[COUNT_OF(names)];
    struct trundle_error err = { 0 };
    struct bytes doc = { 0 }, table = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        support_ok(sim_suite_load(support_source(names[i]), &suite[i], &err), &err);
        borrowed[i] = suite[i];
    }
    assert_int_equal(sim_suite_fields_print(borrowed, COUNT_OF(names), &table), TRUNDLE_OK);
    support_ok(file_read(support_source("docs/suite-fields.md"), 1 << 20, &doc, &err), &err);
    assert_int_equal(bytes_append(&doc, "", 1), TRUNDLE_OK);
    assert_int_equal(bytes_append(&table, "", 1), TRUNDLE_OK);
    if (!strstr((const char *)doc.data, (const char *)table.data))
        fail_msg("docs/suite-fields.md is not what is so: tools/suite_fields.sh writes it");
    bytes_done(&doc);
    bytes_done(&table);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        sim_suite_free(suite[i]);
}

/* v1-other is a whole world of its own: nothing comes from v1, and most of what it says is something else. */
static void the_other_world_is_another(void **state)
{
    struct trundle_error err = { 0 };
    struct sim_suite *v1 = NULL, *other = NULL;
    size_t same = 0;

    (void)state;
    support_ok(sim_suite_load(support_source("suites/v1.json"), &v1, &err), &err);
    support_ok(sim_suite_load(support_source("suites/v1-other.json"), &other, &err), &err);
    assert_string_equal(other->root, "v1-other");
    assert_int_not_equal(other->bodies.model, v1->bodies.model);
    assert_int_not_equal(other->cells.noise, v1->cells.noise);
    assert_int_not_equal(other->shopper.policy, v1->shopper.policy);
    for (size_t i = 0; i < suite_fields_n; i++) {
        const struct suite_field *f = &suite_fields[i];
        size_t bytes = f->kind == SUITE_RANGE ? sizeof(struct suite_range) : f->kind == SUITE_CHOICE ? sizeof(int) : sizeof(double);

        same += !memcmp((const char *)v1 + f->offset, (const char *)other + f->offset, bytes);
    }
    print_message("# %zu of %zu fields are the same\n", same, suite_fields_n);
    assert_true(4 * same < suite_fields_n);
    for (int i = 0; i < SUITE_PACKS; i++)
        assert_memory_not_equal(v1->pack[i].aspect, other->pack[i].aspect, sizeof v1->pack[i].aspect);
    sim_suite_free(v1);
    sim_suite_free(other);
}

/* A suite may say only what it changes; what it extends is the root of its random numbers. */
static void a_suite_extends_another(void **state)
{
    static const char text[] = "{\"version\": 1, \"name\": \"late\", \"extends\": \"smoke\", \"cells\": {\"drift_g\": 4}}";
    static const char circle[] = "{\"version\": 1, \"name\": \"late\", \"extends\": \"no-such\"}";
    static const char odd[] = "{\"version\": 1, \"name\": \"late\", \"extends\": \"../smoke\"}";
    static const char worse[] = "{\"version\": 1, \"name\": \"late\", \"extends\": \"smoke\", \"cells\": {\"drift\": 4}}";
    struct sim_suite *smoke = NULL, *late = NULL;
    struct trundle_error err = { 0 };
    char root[4096];

    (void)state;
    (void)snprintf(root, sizeof root, "%s", support_source("suites"));
    (void)setenv("TRUNDLE_SUITES", root, 1);
    support_ok(sim_suite_load("smoke", &smoke, &err), &err);
    support_ok(sim_suite_parse(text, sizeof text - 1, "late", &late, &err), &err);
    assert_string_equal(late->name, "late");
    assert_string_equal(late->root, "smoke");
    assert_near(late->cells.drift_g, 4, 0);
    assert_near(late->cells.white_g, smoke->cells.white_g, 0);
    assert_int_equal(late->categories_n, smoke->categories_n);
    sim_suite_free(late);
    sim_suite_free(smoke);
    late = NULL;
    assert_int_not_equal(sim_suite_parse(circle, sizeof circle - 1, "circle", &late, &err), TRUNDLE_OK);
    assert_int_equal(sim_suite_parse(odd, sizeof odd - 1, "odd", &late, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "extends"));
    assert_int_equal(sim_suite_parse(worse, sizeof worse - 1, "worse", &late, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "drift"));
    assert_null(late);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void a_store_is_what_the_suite_says(void **state)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    struct sim_store *store = NULL, *other = NULL;
    struct catalog *catalog = NULL;
    double cv[SUITE_PRODUCTS_MAX], popularity = 0;
    size_t packaged, near = 0;

    (void)state;
    support_ok(sim_suite_load(support_source("suites/smoke.json"), &suite, &err), &err);
    support_ok(sim_store_new(suite, 0, &store, &err), &err);
    support_ok(sim_store_new(suite, 1, &other, &err), &err);
    packaged = store->products_n - suite->produce_n;
    assert_int_equal(packaged, 200);
    assert_int_equal(suite->produce_n, 20);
    for (size_t i = 0; i < store->products_n; i++) {
        struct trundle_product back;
        char text[TRUNDLE_PRODUCT_TEXT];

        assert_int_equal(trundle_product_parse(trundle_product_text(store->product[i].key, text), &back), TRUNDLE_OK);
        popularity += store->product[i].popularity;
        for (size_t k = 0; i < packaged && k < packaged; k++) {
            assert_true(store->product[i].key.key != other->product[k].key.key);
            near += k < i && strcmp(store->product[i].brand, store->product[k].brand) != 0 && fabs(store->product[i].mass_g - store->product[k].mass_g) < 5;
        }
        if (i < packaged)
            cv[i] = store->product[i].mass_sd_g / store->product[i].mass_g;
    }
    qsort(cv, packaged, sizeof *cv, by_value);
    assert_near(cv[packaged / 2], .03, .006);
    assert_near(popularity, 1, 1e-6);
    assert_true(near >= 12);
    support_ok(sim_store_catalog(store, &catalog, &err), &err);      /* strict: every row is good */
    assert_int_equal(catalog_n(catalog), 220);
    catalog_free(catalog);
    sim_store_free(store);
    sim_store_free(other);
    sim_suite_free(suite);
}

/* The rates that the smoke suite states, over 300 plans. */
static void rates_are_those_stated(void **state)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    struct sim_store *store = NULL;
    double scanned = 0, packaged = 0, events = 0, takes = 0, seconds = 0, produce = 0;
    enum { TRIPS = 300 };

    (void)state;
    support_ok(sim_suite_load(support_source("suites/smoke.json"), &suite, &err), &err);
    for (int64_t seed = 0; seed < TRIPS; seed++) {
        struct plan *plan = NULL;

        if (seed % SIM_TRIPS_PER_STORE == 0) {
            sim_store_free(store);
            store = NULL;
            support_ok(sim_store_new(suite, sim_store_of(seed), &store, &err), &err);
        }
        support_ok(plan_new(store, seed, &plan, &err), &err);
        assert_in_range(plan->events_n, 3, 22);
        assert_true(plan->end_s > 25 && plan->end_s < 100);
        for (size_t i = 0; i < plan->items_n; i++) {
            bool is_produce = store->product[plan->item[i].product].produce != NULL;

            packaged += !is_produce;
            produce += is_produce;
            scanned += !is_produce && plan->item[i].scanned;
        }
        for (size_t i = 0; i < plan->events_n; i++)
            takes += plan->event[i].kind == TRUNDLE_EVENT_TAKE;
        events += (double)plan->events_n;
        seconds += plan->end_s;
        plan_free(plan);
    }
    print_message("# %.0f events, %.1f s a trip, %.3f of packaged items scanned, %.3f takes, %.3f produce\n", events, seconds / TRIPS, scanned / packaged,
                  takes / events, produce / (produce + packaged));
    assert_near(scanned / packaged, .7, .04);
    assert_near(seconds / TRIPS, 58, 8);
    assert_near(events / TRIPS, 10, 1.5);
    assert_near(takes / events, .1, .04);
    assert_near(produce / (produce + packaged), .1967, .04);
    sim_store_free(store);
    sim_suite_free(suite);
}

static void stores_of_seeds(void **state)
{
    (void)state;
    assert_int_equal(sim_store_of(0), 0);
    assert_int_equal(sim_store_of(4), 0);
    assert_int_equal(sim_store_of(5), 1);
    assert_int_equal(sim_store_of(-1), -1);
    assert_int_equal(sim_store_of(-5), -1);
    assert_int_equal(sim_store_of(-6), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_is_needed_and_bounded), cmocka_unit_test(what_is_not_known_is_refused), cmocka_unit_test(what_is_impossible_together_is_refused), cmocka_unit_test(each_field_is_documented), cmocka_unit_test(a_suite_extends_another),
        cmocka_unit_test(the_other_world_is_another),
        cmocka_unit_test(a_store_is_what_the_suite_says),   cmocka_unit_test(rates_are_those_stated),       cmocka_unit_test(stores_of_seeds),
    };

    return support_run(tests);
}
