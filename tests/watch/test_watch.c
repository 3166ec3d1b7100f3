/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* watch: records become carts, trips, alerts and incidents; what is over closes; what is wrong is refused and leaves nothing. */
#include "base/std/rng.h"
#include "hub/watch/watch.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS  INT64_C(86400000000000)
#define MIN_NS  INT64_C(60000000000)
#define T0      INT64_C(1780300800000000000)       /* 2026-06-01 08:00 UTC */

struct fleet { struct db *db; struct watch *w; struct watch_metrics *m; struct rng r; int64_t now, trips; };

static struct fleet fleet_new(void)
{
    struct watch_config config = WATCH_CONFIG_DEFAULT;
    struct fleet f = { .now = T0, .r = rng_seed(support_seed(), "watch") };
    struct trundle_error err;

    assert_int_equal(watch_metrics_new(&f.m), TRUNDLE_OK);
    config.metrics = f.m;
    support_ok(db_open(":memory:", DB_CREATE, &f.db, &err), &err);
    support_ok(watch_new(&config, &f.w, &err), &err);
    support_ok(watch_migrate(f.db, &err), &err);
    return f;
}

static void fleet_done(struct fleet *f)
{
    watch_free(f->w);
    db_close(f->db);
    watch_metrics_free(f->m);
}

static enum trundle_status send(struct fleet *f, const char *cart, const char *kind, const char *body, struct trundle_error *err)
{
    json_t *json = json_loads(body, 0, NULL);
    struct watch_record r = { .cart = cart, .kind = kind, .boot = 1, .sequence = ++f->trips, .t_ns = f->now, .body = json };
    enum trundle_status status;

    assert_non_null(json);
    support_ok(db_begin(f->db, err), err);
    status = watch_record(f->w, f->db, &r, f->now, err);
    if (status == TRUNDLE_OK)
        support_ok(db_commit(f->db, err), err);
    else
        db_rollback(f->db);
    json_decref(json);
    return status;
}

static void sent(struct fleet *f, const char *cart, const char *kind, const char *body)
{
    struct trundle_error err = { 0 };

    support_ok(send(f, cart, kind, body, &err), &err);
}

/* A trip an hour (in shop hours), with a step mass and a brightness. */
static void trip(struct fleet *f, const char *cart, double step_g, int corrected)
{
    char body[1024];

    f->now += 36 * MIN_NS;
    (void)snprintf(body, sizeof body,
                   "{\"trip\":\"t%lld\",\"store\":\"s1\",\"bundle\":\"b1\",\"started_ns\":%lld,\"ended_ns\":%lld,\"items\":10,\"asked\":1,\"corrected\":%d,\"total_cents\":1234,"
                   "\"paid\":true,\"line_p99_ms\":%.1f,\"faults\":[],\"belief\":[0,0,0,0,1,0,0,1,1,%d],"
                   "\"inputs\":{\"step_mass_g\":{\"mean\":%.3f,\"sd\":90,\"n\":12},\"brightness\":{\"mean\":%.3f,\"sd\":5,\"n\":400},\"scans\":{\"mean\":null,\"sd\":null,\"n\":0}}}",
                   (long long)f->trips, (long long)(f->now - 20 * MIN_NS), (long long)f->now, corrected, 300 + 40 * rng_normal(&f->r), 5 + (int)rng_below(&f->r, 4),
                   step_g + 30 * rng_normal(&f->r), 100 + 5 * rng_normal(&f->r));
    sent(f, cart, "trip", body);
}

static json_t *alerts(struct fleet *f, const char *state)
{
    json_t *out = NULL;
    struct trundle_error err;

    support_ok(watch_alerts_json(f->w, f->db, &(struct watch_query){ .state = state }, &out, &err), &err);
    return out;
}

static size_t count(struct fleet *f, const char *state)
{
    json_t *list = alerts(f, state);
    size_t n = json_array_size(json_object_get(list, "rows"));

    json_decref(list);
    return n;
}

static int64_t first(struct fleet *f, const char *state, const char *key)
{
    json_t *list = alerts(f, state);
    int64_t id = json_integer_value(json_object_get(json_array_get(json_object_get(list, "rows"), 0), key));

    json_decref(list);
    return id;
}

static void a_shift_opens_one_alert_and_going_back_closes_it(void **state)
{
    struct fleet f = fleet_new();
    json_t *list, *row, *detail;
    int n;

    (void)state;
    for (int i = 0; i < 300; i++)
        trip(&f, "cart-1", 200, 0);
    assert_int_equal(count(&f, ""), 0);
    for (n = 0; n < 60 && count(&f, "open") == 0; n++)
        trip(&f, "cart-1", 260, 0);
    print_message("# a shift of two sd was seen after %d trips\n", n);
    assert_true(n >= 4 && n < 30);
    list = alerts(&f, "open");
    row = json_array_get(json_object_get(list, "rows"), 0);
    detail = json_object_get(row, "detail");
    assert_string_equal(json_string_value(json_object_get(row, "kind")), "drift");
    assert_string_equal(json_string_value(json_object_get(row, "name")), "step_mass_g");
    assert_string_equal(json_string_value(json_object_get(row, "cart")), "cart-1");
    assert_string_equal(json_string_value(json_object_get(detail, "way")), "up");
    assert_near(json_number_value(json_object_get(detail, "false_alarms_week")), 0.01, 0);
    assert_non_null(strstr(json_string_value(json_object_get(row, "text")), "step_mass_g of cart-1 went up"));
    json_decref(list);
    for (int i = 0; i < 20; i++)           /* it stays one alert, of the cart; the store's stream sees the same a little later */
        trip(&f, "cart-1", 260, 0);
    list = alerts(&f, "open");
    for (size_t i = 0; i < json_array_size(json_object_get(list, "rows")); i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(list, "rows"), i), "name")), "step_mass_g");
    assert_in_range(json_array_size(json_object_get(list, "rows")), 1, 2);
    json_decref(list);
    for (n = 0; n < 200 && count(&f, "open") != 0; n++)
        trip(&f, "cart-1", 200, 0);
    assert_true(n > 10 && n < 200);
    assert_true(count(&f, "closed") >= 1);
    assert_near(watch_metric_value(f.m, &(const struct watch_metric){ "trundle_trips", "", WATCH_COUNTER, NULL, { "store", NULL, NULL, NULL }, NULL, 0 }, (const char *[]){ "s1" }),
                (double)(f.trips), 0);
    fleet_done(&f);
}

static void a_new_normal_is_taken_when_a_person_says_so(void **state)
{
    struct fleet f = fleet_new();
    struct trundle_error err;
    int64_t id;

    (void)state;
    for (int i = 0; i < 200; i++)
        trip(&f, "cart-1", 200, 0);
    for (int i = 0; i < 40; i++)
        trip(&f, "cart-1", 290, 0);
    while (count(&f, "open")) {
        id = first(&f, "open", "id");
        support_ok(watch_alert_act(f.w, f.db, id, WATCH_ACKNOWLEDGE, "ann", f.now, &err), &err);
        support_ok(watch_alert_act(f.w, f.db, id, WATCH_REBASE, "ann", f.now, &err), &err);
        assert_int_equal(watch_alert_act(f.w, f.db, id, WATCH_CLOSE, "ann", f.now, &err), TRUNDLE_CONFLICT);
    }
    for (int i = 0; i < 100; i++)
        trip(&f, "cart-1", 290, 0);
    assert_int_equal(count(&f, "open"), 0);
    assert_int_equal(watch_alert_act(f.w, f.db, 999, WATCH_CLOSE, "ann", f.now, &err), TRUNDLE_NOT_FOUND);
    fleet_done(&f);
}

static void bad_health_opens_after_three_records_and_closes_after_five(void **state)
{
    static const char dark[] = "{\"uptime_s\":60,\"load\":0.4,\"cameras\":[\"ok\",\"dark\"],\"cells\":[\"ok\",\"ok\",\"ok\",\"ok\"],\"disk_free_bytes\":1000000000}";
    static const char fine[] = "{\"uptime_s\":60,\"load\":0.4,\"cameras\":[\"ok\",\"ok\"],\"cells\":[\"ok\",\"ok\",\"ok\",\"ok\"],\"disk_free_bytes\":1000000000}";
    struct fleet f = fleet_new();

    (void)state;
    for (int i = 0; i < 2; i++)
        sent(&f, "cart-1", "health", dark);
    sent(&f, "cart-1", "health", fine);
    for (int i = 0; i < 2; i++)
        sent(&f, "cart-1", "health", dark);
    assert_int_equal(count(&f, "open"), 1);        /* bad counts go on through a single good one: it flickers */
    for (int i = 0; i < 10; i++)
        sent(&f, "cart-1", "health", dark);
    assert_int_equal(count(&f, ""), 1);
    assert_int_equal(first(&f, "open", "count"), 12);
    for (int i = 0; i < 4; i++)
        sent(&f, "cart-1", "health", fine);
    assert_int_equal(count(&f, "open"), 1);
    sent(&f, "cart-1", "health", fine);
    assert_int_equal(count(&f, "open"), 0);
    fleet_done(&f);
}

static void silence_of_one_is_the_carts_and_of_many_the_stores(void **state)
{
    static const char body[] = "{\"uptime_s\":60}";
    struct fleet f = fleet_new();
    struct trundle_error err;
    char cart[16];
    json_t *list;

    (void)state;
    for (int i = 0; i < 6; i++) {
        (void)snprintf(cart, sizeof cart, "cart-%d", i);
        sent(&f, cart, "health", "{\"store\":\"s1\",\"uptime_s\":1}");
    }
    f.now += 20 * MIN_NS;
    for (int i = 1; i < 6; i++) {
        (void)snprintf(cart, sizeof cart, "cart-%d", i);
        sent(&f, cart, "health", body);
    }
    support_ok(watch_tick(f.w, f.db, f.now, &err), &err);
    support_ok(watch_tick(f.w, f.db, f.now, &err), &err);
    assert_int_equal(count(&f, "open"), 1);
    sent(&f, "cart-0", "health", body);
    assert_int_equal(count(&f, "open"), 0);
    f.now += 20 * MIN_NS;
    support_ok(watch_tick(f.w, f.db, f.now, &err), &err);
    list = alerts(&f, "open");
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 1);
    assert_non_null(strstr(json_string_value(json_object_get(json_array_get(json_object_get(list, "rows"), 0), "text")), "6 of the 6 carts of s1"));
    json_decref(list);
    f.now += 2 * DAY_NS;
    sent(&f, "cart-3", "health", body);
    assert_int_equal(count(&f, "open"), 0);
    f.now += 2 * DAY_NS;
    support_ok(watch_tick(f.w, f.db, f.now, &err), &err);
    assert_true(count(&f, "open") > 0);
    for (int i = 0; i < 6; i++) {
        (void)snprintf(cart, sizeof cart, "cart-%d", i);
        support_ok(watch_retire(f.w, f.db, cart, f.now, &err), &err);
    }
    f.now += 2 * DAY_NS;
    support_ok(watch_tick(f.w, f.db, f.now, &err), &err);
    support_ok(watch_carts_json(f.w, f.db, &(struct watch_query){ .q = "" }, f.now, &list, &err), &err);
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 0);
    json_decref(list);
    support_ok(watch_incidents_json(f.w, f.db, &(struct watch_query){ .state = "closed" }, &list, &err), &err);
    assert_true(json_array_size(json_object_get(list, "rows")) >= 1);       /* nobody touched it, and it was over for a day */
    json_decref(list);
    fleet_done(&f);
}

static void an_incident_tells_its_story(void **state)
{
    struct fleet f = fleet_new();
    struct bytes text = { 0 };
    struct trundle_error err;
    json_t *i = NULL, *list = NULL;
    int64_t id, alert;

    (void)state;
    trip(&f, "cart-1", 200, 3);
    sent(&f, "cart-1", "install", "{\"bundle\":\"b2\",\"state\":\"installed\",\"why\":\"\"}");
    support_ok(watch_event_add(f.w, f.db, &(struct watch_event){ .kind = "rollout", .store = "s1", .who = "ann", .text = "b2 to one cart", .ref = "rollout 4", .t_ns = f.now }, &err), &err);
    f.now += 5 * MIN_NS;
    sent(&f, "cart-1", "decision", "{\"trip\":\"t1\",\"kind\":\"audit\"}");
    sent(&f, "cart-1", "install", "{\"bundle\":\"b2\",\"state\":\"rolled_back\",\"why\":\"it did not start | <b>twice</b>\"}");
    assert_int_equal(first(&f, "open", "severity"), 2);
    id = first(&f, "open", "incident");
    alert = first(&f, "open", "id");
    for (int k = 0; k < 3; k++)
        sent(&f, "cart-1", "health", "{\"battery\":0.05}");
    assert_int_equal(first(&f, "open", "incident"), id);       /* the second alert of the cart joins */
    support_ok(watch_incident_note(f.w, f.db, id, "bob", "Swapped the battery.", f.now, &err), &err);
    assert_int_equal(watch_incident_note(f.w, f.db, id, "bob", "", f.now, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(watch_incident_note(f.w, f.db, 77, "bob", "x", f.now, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(watch_incident_close(f.w, f.db, id, "bob", f.now, &err), TRUNDLE_CONFLICT);
    support_ok(watch_incident_json(f.w, f.db, id, &i, &err), &err);
    assert_int_equal(json_array_size(json_object_get(i, "alerts")), 2);
    assert_true(json_array_size(json_object_get(i, "line")) >= 7);
    assert_int_equal(json_array_size(json_object_get(i, "trips")), 1);
    json_decref(i);
    support_ok(watch_alert_act(f.w, f.db, alert, WATCH_CLOSE, "bob", f.now, &err), &err);
    support_ok(watch_alert_act(f.w, f.db, first(&f, "open", "id"), WATCH_CLOSE, "bob", f.now, &err), &err);
    support_ok(watch_incident_close(f.w, f.db, id, "bob", f.now + MIN_NS, &err), &err);
    support_ok(watch_postmortem(f.w, f.db, id, f.now, &text, &err), &err);
    assert_non_null(strstr((char *)text.data, "# Incident 1: cart-1 went back from b2: it did not start \\| \\<b\\>twice\\</b\\>"));
    assert_non_null(strstr((char *)text.data, "Swapped the battery."));
    assert_non_null(strstr((char *)text.data, "b2 to one cart (rollout 4)"));
    assert_non_null(strstr((char *)text.data, "a trip was marked for a look"));
    assert_non_null(strstr((char *)text.data, "trundle run incident/cart-1_t0.mcap --recorded --json"));
    assert_non_null(strstr((char *)text.data, "trundle eval incident --recorded"));
    bytes_done(&text);
    support_ok(watch_incidents_json(f.w, f.db, &(struct watch_query){ .state = "closed" }, &list, &err), &err);
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 1);
    json_decref(list);
    fleet_done(&f);
}

static void lists_are_filtered_and_paged(void **state)
{
    struct fleet f = fleet_new();
    struct trundle_error err;
    json_t *list = NULL, *row;
    char cart[16];

    (void)state;
    for (int i = 0; i < 5; i++) {
        (void)snprintf(cart, sizeof cart, "cart-%d", i);
        for (int k = 0; k < 3; k++)
            trip(&f, cart, 200, 1);
    }
    for (int i = 0; i < 5; i++) {
        (void)snprintf(cart, sizeof cart, "cart-%d", i);
        sent(&f, cart, "health", "{\"store\":\"s1\",\"battery\":0.8,\"cameras\":[\"ok\"],\"slot\":\"a\",\"bundle\":\"b1\"}");
    }
    support_ok(watch_carts_json(f.w, f.db, &(struct watch_query){ .limit = 2 }, f.now, &list, &err), &err);
    row = json_array_get(json_object_get(list, "rows"), 0);
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 2);
    assert_string_equal(json_string_value(json_object_get(list, "next")), "cart-1");
    assert_string_equal(json_string_value(json_object_get(row, "state")), "ok");
    assert_near(json_number_value(json_object_get(row, "battery")), 0.8, 0);
    assert_int_equal(json_integer_value(json_object_get(row, "corrected")), 3);
    assert_true(json_number_value(json_object_get(json_object_get(row, "accuracy"), "lo")) < json_number_value(json_object_get(json_object_get(row, "accuracy"), "value")));
    assert_null(json_object_get(row, "health"));
    json_decref(list);
    support_ok(watch_carts_json(f.w, f.db, &(struct watch_query){ .q = "T-3" }, f.now, &list, &err), &err);
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 1);
    json_decref(list);
    support_ok(watch_carts_json(f.w, f.db, &(struct watch_query){ .q = "%' OR 1=1 --" }, f.now, &list, &err), &err);
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 0);
    json_decref(list);
    support_ok(watch_trips_json(f.w, f.db, &(struct watch_query){ .cart = "cart-2", .limit = 2 }, &list, &err), &err);
    row = json_array_get(json_object_get(list, "rows"), 1);
    assert_true(json_is_integer(json_object_get(list, "next")));
    assert_non_null(strstr(json_string_value(json_object_get(row, "id")), "cart-2:t"));
    json_decref(list);
    support_ok(watch_drift_json(f.w, f.db, &(struct watch_query){ .cart = "cart-2" }, &list, &err), &err);
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 7);       /* two inputs, belief, accuracy, corrected, asked, p99 */
    json_decref(list);
    support_ok(watch_drift_json(f.w, f.db, &(struct watch_query){ .store = "s1", .name = "brightness" }, &list, &err), &err);
    assert_int_equal(json_array_size(json_object_get(list, "points")), 15);
    json_decref(list);
    assert_int_equal(watch_drift_json(f.w, f.db, &(struct watch_query){ .cart = "nobody" }, &list, &err), TRUNDLE_NOT_FOUND);
    support_ok(watch_gauges(f.w, f.db, f.now, &err), &err);
    assert_near(watch_metric_value(f.m, &(const struct watch_metric){ "trundle_carts", "", WATCH_GAUGE, NULL, { "store", "state", NULL, NULL }, NULL, 0 }, (const char *[]){ "s1", "ok" }), 5, 0);
    fleet_done(&f);
}

static void what_is_wrong_is_named_and_leaves_nothing(void **state)
{
    static const struct { const char *kind, *body, *where; } bad[] = {
        { "decision", "{}", "body.kind" },
        { "trip", "{\"ended_ns\":1}", "body.trip" },
        { "trip", "{\"trip\":\"../x\",\"ended_ns\":1}", "body.trip" },
        { "trip", "{\"trip\":\"x\"}", "ended_ns" },
        { "trip", "{\"trip\":\"x\",\"ended_ns\":5,\"started_ns\":6}", "started_ns" },
        { "trip", "{\"trip\":\"x\",\"ended_ns\":5,\"items\":-1}", "items" },
        { "trip", "{\"trip\":\"x\",\"ended_ns\":5,\"belief\":[1,2]}", "belief" },
        { "trip", "{\"trip\":\"x\",\"ended_ns\":5,\"belief\":[0,0,0,0,0,0,0,0,0,0.5]}", "belief" },
        { "trip", "{\"trip\":\"x\",\"ended_ns\":5,\"inputs\":{\"A b\":{\"n\":1,\"mean\":1}}}", "inputs" },
        { "trip", "{\"trip\":\"x\",\"ended_ns\":5,\"inputs\":{\"a\":{\"n\":1,\"mean\":\"1\"}}}", "inputs.a.mean" },
        { "trip", "{\"trip\":\"x\",\"ended_ns\":5,\"store\":\"No Store\"}", "body.store" },
        { "health", "{\"battery\":7}", "battery" },
        { "health", "{\"cameras\":\"ok\"}", "cameras" },
        { "health", "{\"cells\":[3]}", "body" },
        { "install", "{\"bundle\":\"b\"}", "body.state" },
    };
    struct fleet f = fleet_new();
    struct trundle_error err;
    json_t *list = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(send(&f, "cart-1", bad[i].kind, bad[i].body, &err), TRUNDLE_BAD_INPUT);
        if (!strstr(err.where, bad[i].where))
            fail_msg("%s: where is '%s', not '%s'", bad[i].body, err.where, bad[i].where);
    }
    support_ok(watch_carts_json(f.w, f.db, &(struct watch_query){ .q = "" }, f.now, &list, &err), &err);
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 0);
    json_decref(list);
    sent(&f, "cart-1", "weather", "{\"rain\":true}");          /* a kind of tomorrow */
    sent(&f, "cart-1", "health", "{\"store\":\"\",\"battery\":null,\"temperature_c\":null,\"cameras\":[],\"bundle\":\"\",\"slot\":\"\"}");
    sent(&f, "cart-1", "trip", "{\"trip\":\"x\",\"ended_ns\":5}");
    sent(&f, "cart-1", "trip", "{\"trip\":\"x\",\"ended_ns\":5}");
    support_ok(watch_trips_json(f.w, f.db, &(struct watch_query){ .q = "" }, &list, &err), &err);
    assert_int_equal(json_array_size(json_object_get(list, "rows")), 1);
    json_decref(list);
    assert_int_equal(watch_new(&(struct watch_config){ .false_alarms_week = 0 }, &f.w, &err), TRUNDLE_BAD_ARG);
    fleet_done(&f);
}

static double week_accuracy(struct fleet *f, const char *cart)
{
    struct trundle_error err;
    json_t *list = NULL;
    double value;

    support_ok(watch_carts_json(f->w, f->db, &(struct watch_query){ .cart = cart }, f->now, &list, &err), &err);
    value = json_number_value(json_object_get(json_object_get(json_array_get(json_object_get(list, "rows"), 0), "accuracy"), "value"));
    json_decref(list);
    return value;
}

/* What a bundle's calibration says of its belief holds for trips that ran it, from when it is known. */
static void a_bundle_says_how_its_belief_is_read(void **state)
{
    struct fleet f = fleet_new();
    struct trundle_error err;
    json_t *half = json_loads("{\"accuracy\":{\"trundle_accuracy\":1,\"right\":[0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5],\"sd\":[0,0,0,0,0,0,0,0,0,0],\"lines\":1000,\"trips\":100,"
                              "\"stores\":10,\"error_sd\":0,\"mean_abs_error\":0}}", 0, NULL), *bad = json_loads("{\"accuracy\":{\"trundle_accuracy\":1,\"right\":[2]}}", 0, NULL), *other = json_loads("{\"temperature\":1.2}", 0, NULL);
    double built_in;

    (void)state;
    for (int i = 0; i < 10; i++)
        trip(&f, "cart-1", 200, 0);
    built_in = week_accuracy(&f, "cart-1");
    assert_true(built_in > 0.55 && built_in < 1);
    assert_int_equal(watch_calibrate(f.db, "b1", bad, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.where, "calibration.accuracy"));
    support_ok(watch_calibrate(f.db, "b1", NULL, &err), &err);
    support_ok(watch_calibrate(f.db, "b1", other, &err), &err);
    for (int i = 0; i < 10; i++)
        trip(&f, "cart-2", 200, 0);
    assert_near(week_accuracy(&f, "cart-2"), built_in, 0.05);
    support_ok(watch_calibrate(f.db, "b1", half, &err), &err);
    for (int i = 0; i < 10; i++)
        trip(&f, "cart-3", 200, 0);
    assert_near(week_accuracy(&f, "cart-3"), 0.5, 1e-9);
    assert_near(week_accuracy(&f, "cart-2"), built_in, 0.05);
    json_decref(half);
    json_decref(bad);
    json_decref(other);
    fleet_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shift_opens_one_alert_and_going_back_closes_it),
        cmocka_unit_test(a_new_normal_is_taken_when_a_person_says_so),
        cmocka_unit_test(bad_health_opens_after_three_records_and_closes_after_five),
        cmocka_unit_test(silence_of_one_is_the_carts_and_of_many_the_stores),
        cmocka_unit_test(an_incident_tells_its_story),
        cmocka_unit_test(lists_are_filtered_and_paged),
        cmocka_unit_test(what_is_wrong_is_named_and_leaves_nothing),
        cmocka_unit_test(a_bundle_says_how_its_belief_is_read),
    };

    return support_run(tests);
}
