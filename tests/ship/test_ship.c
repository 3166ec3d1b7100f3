/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* ship: bundles and keyrings that the hub takes, rollouts from draft to their end, and what each cart is told to run. */
#include "base/std/json.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "hub/ship/ship.h"
#include "tests/bundle/make.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOUR (3600 * NS_PER_S)
#define T0   INT64_C(1780315200000000000)

struct hub { struct make m; struct db *db; char one[65], two[65]; int64_t now; };

static void sha_of(json_t *json, char out[65])
{
    (void)snprintf(out, 65, "%s", json_string_value(json_object_get(json, "sha256")));
    json_decref(json);
}

static void open_hub(struct hub *h, int carts, int stores)
{
    struct trundle_error err;
    json_t *json = NULL;
    char cart[SHIP_NAME], store[SHIP_NAME];

    memset(h, 0, sizeof *h);
    h->now = T0;
    make_init(&h->m);
    support_ok(db_open(":memory:", DB_CREATE, &h->db, &err), &err);
    support_ok(ship_open(h->db, &err), &err);
    support_ok(ship_open(h->db, &err), &err);
    support_ok(ship_trust_put(h->db, h->m.trust_text.data, h->m.trust_text.n, "ann", T0, &err), &err);
    support_ok(ship_bundle_accept(h->db, make_bundle(&h->m, .serial = 1, .sign = 1), "ann", T0, &json, NULL, &err), &err);
    sha_of(json, h->one);
    support_ok(ship_bundle_accept(h->db, make_bundle(&h->m, .serial = 2, .sign = 1), "ann", T0, &json, NULL, &err), &err);
    sha_of(json, h->two);
    for (int i = 0; i < carts; i++) {
        (void)snprintf(cart, sizeof cart, "cart-%02d", i);
        (void)snprintf(store, sizeof store, "store-%d", i % stores);
        support_ok(ship_cart_put(h->db, &(struct ship_cart){ cart, store, "lab", false }, &err), &err);
    }
}

static void close_hub(struct hub *h)
{
    db_close(h->db);
    make_done(&h->m);
}

static json_t *requested(const char *text)
{
    json_t *json = NULL;
    struct trundle_error err;

    support_ok(json_parse(text, strlen(text), "request", &json, &err), &err);
    return json;
}

static int64_t make_rollout(struct hub *h, const char *text)
{
    json_t *request = requested(text), *json = NULL;
    struct trundle_error err;
    int64_t id;

    support_ok(ship_rollout_make(h->db, request, "ann", h->now, &json, &err), &err);
    id = json_integer_value(json_object_get(json, "id"));
    assert_string_equal(json_string_value(json_object_get(json, "state")), "draft");
    json_decref(json);
    json_decref(request);
    return id;
}

static json_t *shown(struct hub *h, int64_t id)
{
    json_t *json = NULL;
    struct trundle_error err;

    support_ok(ship_rollout_json(h->db, id, h->now, &json, &err), &err);
    return json;
}

static const char *state_of(struct hub *h, int64_t id)
{
    static char text[32];
    json_t *json = shown(h, id);

    (void)snprintf(text, sizeof text, "%s %lld", json_string_value(json_object_get(json, "state")), (long long)json_integer_value(json_object_get(json, "stage")));
    json_decref(json);
    return text;
}

static enum trundle_status advance(struct hub *h, int64_t id, bool force, struct trundle_error *err)
{
    json_t *json = NULL;
    enum trundle_status status = ship_rollout_advance(h->db, id, "bob", "because", force, h->now, &json, err);

    json_decref(json);
    return status;
}

static struct ship_order order_of(struct hub *h, int cart)
{
    struct ship_order o;
    struct trundle_error err;
    char name[SHIP_NAME];

    (void)snprintf(name, sizeof name, "cart-%02d", cart);
    support_ok(ship_order_for(h->db, name, &o, &err), &err);
    return o;
}

static int count_orders(struct hub *h, int carts, const char *sha256)
{
    int n = 0;

    for (int i = 0; i < carts; i++)
        n += !strcmp(order_of(h, i).sha256, sha256);
    return n;
}

static void confirm(struct hub *h, int cart, const char *bundle, const char *state)
{
    struct trundle_error err;
    char name[SHIP_NAME];

    (void)snprintf(name, sizeof name, "cart-%02d", cart);
    support_ok(ship_confirm(h->db, &(struct ship_confirmation){ name, bundle, state, "", h->now }, &err), &err);
}

static void bundles_that_are_not_in_order_get_no_row(void **state)
{
    struct hub h;
    struct trundle_error err;
    json_t *json = NULL, *list = NULL;
    enum bundle_refusal why;
    struct db *bare = NULL;

    (void)state;
    open_hub(&h, 1, 1);
    assert_int_equal(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 9), "eve", T0, &json, &why, &err), TRUNDLE_CONFLICT);
    assert_int_equal(why, BUNDLE_UNSIGNED);
    assert_int_equal(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 9, .sign = 1, .gate = ""), "eve", T0, &json, &why, &err), TRUNDLE_CONFLICT);
    assert_int_equal(why, BUNDLE_NO_VERDICT);
    assert_int_equal(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 2, .name = "other", .sign = 1), "eve", T0, &json, &why, &err), TRUNDLE_CONFLICT);
    assert_int_equal(why, BUNDLE_NONE);
    assert_int_equal(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 7, .name = "b2", .sign = 1), "eve", T0, &json, &why, &err), TRUNDLE_CONFLICT);
    support_ok(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 3, .sign = 1, .hardware = "other-cart"), "ann", T0, &json, &why, &err), &err);
    json_decref(json);
    support_ok(ship_bundles_json(h.db, &list, &err), &err);
    assert_int_equal(json_array_size(list), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "serial")), 3);
    assert_true(json_is_true(json_object_get(json_object_get(json_array_get(list, 1), "gate"), "held")));
    json_decref(list);
    assert_int_equal(ship_bundle_json(h.db, "nothing", &json, &err), TRUNDLE_NOT_FOUND);
    support_ok(db_open(":memory:", DB_CREATE, &bare, &err), &err);
    support_ok(ship_open(bare, &err), &err);
    assert_int_equal(ship_bundle_accept(bare, make_bundle(&h.m, .sign = 1), "ann", T0, &json, &why, &err), TRUNDLE_NOT_FOUND);
    db_close(bare);
    close_hub(&h);
}

/* Carts refuse what is older than what they had: the hub says so at once, for the hardware that it is about. */
static void an_older_serial_is_refused_with_the_newest(void **state)
{
    struct hub h;
    struct trundle_error err;
    json_t *json = NULL, *list = NULL;
    enum bundle_refusal why;

    (void)state;
    open_hub(&h, 1, 1);                    /* b1 and b2 */
    support_ok(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 5, .sign = 1), "ann", T0, &json, &why, &err), &err);
    json_decref(json);
    json = NULL;
    assert_int_equal(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 4, .sign = 1), "ann", T0, &json, &why, &err), TRUNDLE_CONFLICT);
    assert_int_equal(why, BUNDLE_OLDER);
    assert_true(strstr(err.what, "serial 4") && strstr(err.what, "b5") && strstr(err.what, ": 5.") && strstr(err.hint, "--serial 6"));
    assert_null(json);
    support_ok(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 5, .sign = 1), "ann", T0, &json, &why, &err), &err);           /* what is there is no error */
    json_decref(json);
    support_ok(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 1, .sign = 1), "ann", T0, &json, &why, &err), &err);
    json_decref(json);
    support_ok(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 3, .sign = 1, .hardware = "other-cart"), "ann", T0, &json, &why, &err), &err);     /* those carts had none */
    json_decref(json);
    assert_int_equal(ship_bundle_accept(h.db, make_bundle(&h.m, .serial = 4, .name = "b4b", .sign = 1), "ann", T0, &json, &why, &err), TRUNDLE_CONFLICT);
    support_ok(ship_bundles_json(h.db, &list, &err), &err);
    assert_int_equal(json_array_size(list), 4);
    json_decref(list);
    close_hub(&h);
}

/* What was checked with a keyring is not added under another. */
static void a_keyring_that_comes_between_is_heard(void **state)
{
    struct hub h;
    struct trundle_error err;
    struct ship_checked *checked = NULL;
    json_t *json = NULL;
    enum bundle_refusal why;

    (void)state;
    open_hub(&h, 1, 1);
    support_ok(db_exec(h.db, "PRAGMA query_only=ON", &err), &err);           /* what takes long only reads */
    support_ok(ship_bundle_check(h.db, make_bundle(&h.m, .serial = 5, .sign = 1), &checked, &why, &err), &err);
    support_ok(db_exec(h.db, "PRAGMA query_only=OFF", &err), &err);
    support_ok(db_exec(h.db, "INSERT INTO ship_trust SELECT serial + 1, text, who, at_ns FROM ship_trust ORDER BY serial DESC LIMIT 1", &err), &err);
    assert_int_equal(ship_bundle_add(h.db, checked, "ann", T0, &json, &why, &err), TRUNDLE_AGAIN);
    ship_bundle_checked_free(checked);
    close_hub(&h);
}

static void keyrings_follow_each_other(void **state)
{
    struct hub h;
    struct trust_plan plan;
    struct bytes text = { 0 };
    struct trundle_error err;
    json_t *list = NULL;

    (void)state;
    open_hub(&h, 1, 1);
    plan = make_trust_plan(&h.m);
    plan.serial = 2;
    make_trust(&plan, h.m.root, 1, &text);
    support_ok(ship_trust_put(h.db, text.data, text.n, "ann", T0, &err), &err);
    support_ok(ship_trust_put(h.db, text.data, text.n, "ann", T0, &err), &err);
    assert_int_equal(ship_trust_put(h.db, h.m.trust_text.data, h.m.trust_text.n, "eve", T0, &err), TRUNDLE_CONFLICT);
    bytes_done(&text);
    plan.serial = 3;
    memcpy(plan.root[0], h.m.stranger.public_key, 32);
    make_trust(&plan, &h.m.stranger, 1, &text);
    assert_int_equal(ship_trust_put(h.db, text.data, text.n, "eve", T0, &err), TRUNDLE_CONFLICT);
    bytes_done(&text);
    support_ok(ship_trust_json(h.db, 0, &list, &err), &err);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_array_get(list, 0)), (const char *)h.m.trust_text.data);
    json_decref(list);
    support_ok(ship_trust_json(h.db, 1, &list, &err), &err);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    close_hub(&h);
}

static void requests_are_checked(void **state)
{
    struct hub h;
    struct trundle_error err;
    json_t *json = NULL;
    static const struct { const char *text, *where_or_what; } bad[] = {
        { "[]", "object" },
        { "{}", "bundle" },
        { "{\"bundle\":\"b9\"}", "b9" },
        { "{\"bundle\":\"b1\",\"color\":1}", "color" },
        { "{\"bundle\":\"b1\",\"by\":\"moon\"}", "cart" },
        { "{\"bundle\":\"b1\",\"alpha\":2}", "alpha" },
        { "{\"bundle\":\"b1\",\"stores\":[]}", "stores" },
        { "{\"bundle\":\"b1\",\"stores\":[\"'; DROP TABLE ship_rollout; --\"]}", "stores" },
        { "{\"bundle\":\"b1\",\"name\":\"<b>\"}", "name" },
        { "{\"bundle\":\"b1\",\"stages\":[]}", "stages" },
        { "{\"bundle\":\"b1\",\"stages\":[{\"carts\":1}]}", "100 percent" },
        { "{\"bundle\":\"b1\",\"stages\":[{\"percent\":50},{\"percent\":20},{\"percent\":100}]}", "before" },
        { "{\"bundle\":\"b1\",\"stages\":[{\"percent\":50},{\"carts\":2},{\"percent\":100}]}", "before" },
        { "{\"bundle\":\"b1\",\"stages\":[{\"percent\":50,\"carts\":2},{\"percent\":100}]}", "one of" },
        { "{\"bundle\":\"b1\",\"stages\":[{\"stores\":1},{\"percent\":100}]}", "stores" },
        { "{\"bundle\":\"b1\",\"stages\":[{\"percent\":100,\"margin\":{\"beauty\":1}}]}", "beauty" },
        { "{\"bundle\":\"b1\",\"stages\":[{\"percent\":100,\"hours\":-1}]}", "hours" },
    };

    (void)state;
    open_hub(&h, 1, 1);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        json_t *request = requested(bad[i].text);
        enum trundle_status status = ship_rollout_make(h.db, request, "ann", T0, &json, &err);

        if (status == TRUNDLE_OK || (!strstr(err.what, bad[i].where_or_what) && !strstr(err.where, bad[i].where_or_what)))
            print_error("%s: %d, %s: %s\n", bad[i].text, (int)status, err.where, err.what);
        assert_true(status == TRUNDLE_BAD_INPUT || status == TRUNDLE_NOT_FOUND);
        assert_true(strstr(err.what, bad[i].where_or_what) || strstr(err.where, bad[i].where_or_what));
        json_decref(request);
    }
    assert_null(json);
    support_ok(ship_rollouts_json(h.db, &json, &err), &err);
    assert_int_equal(json_array_size(json), 0);
    json_decref(json);
    close_hub(&h);
}

/* Which calls each state takes. */
static void states_allow_what_they_should(void **state)
{
    struct hub h;
    struct trundle_error err;
    json_t *json = NULL;
    int64_t id, other;

    (void)state;
    open_hub(&h, 12, 3);
    id = make_rollout(&h, "{\"bundle\":\"b1\"}");
    assert_string_equal(state_of(&h, id), "draft -1");
    assert_int_equal(count_orders(&h, 12, h.one), 0);
    assert_int_equal(ship_rollout_rollback(h.db, id, "bob", "", h.now, &json, &err), TRUNDLE_CONFLICT);
    support_ok(advance(&h, id, false, &err), &err);
    assert_string_equal(state_of(&h, id), "stage 0");
    assert_int_equal(count_orders(&h, 12, h.one), 1);
    assert_int_equal(advance(&h, id, false, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.what, "not enough data"));
    other = make_rollout(&h, "{\"bundle\":\"b2\"}");
    assert_int_equal(advance(&h, other, false, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.what, "same carts"));
    support_ok(advance(&h, id, true, &err), &err);
    assert_string_equal(state_of(&h, id), "stage 1");
    assert_int_equal(count_orders(&h, 12, h.one), 3);
    support_ok(advance(&h, id, true, &err), &err);
    assert_int_equal(count_orders(&h, 12, h.one), 12);
    support_ok(advance(&h, id, true, &err), &err);
    assert_string_equal(state_of(&h, id), "done 2");
    assert_int_equal(advance(&h, id, true, &err), TRUNDLE_CONFLICT);
    assert_int_equal(ship_rollout_stop(h.db, id, "bob", "", h.now, &json, &err), TRUNDLE_CONFLICT);
    json = shown(&h, id);
    assert_int_equal(json_array_size(json_object_get(json, "transitions")), 5);
    assert_true(json_is_true(json_object_get(json_array_get(json_object_get(json, "transitions"), 2), "forced")));
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(json, "transitions"), 2), "who")), "bob");
    assert_string_equal(json_string_value(json_object_get(json_object_get(json_array_get(json_object_get(json, "transitions"), 2), "evidence"), "verdict")), "not enough data");
    json_decref(json);
    json = NULL;
    support_ok(ship_rollout_rollback(h.db, id, "bob", "worse", h.now, &json, &err), &err);
    json_decref(json);
    assert_string_equal(state_of(&h, id), "rolled_back 2");
    assert_int_equal(ship_rollout_rollback(h.db, id, "bob", "", h.now, &json, &err), TRUNDLE_CONFLICT);
    assert_int_equal(ship_rollout_json(h.db, 99, h.now, &json, &err), TRUNDLE_NOT_FOUND);
    support_ok(ship_rollout_stop(h.db, other, "bob", "not this one", h.now, &json, &err), &err);
    json_decref(json);
    assert_int_equal(ship_rollout_rollback(h.db, other, "bob", "it never began", h.now, &json, &err), TRUNDLE_CONFLICT);
    close_hub(&h);
}

/* The carts of a stage stay in the next one, the same every time it is asked, and another rollout takes others. */
static void stages_grow_and_differ_between_rollouts(void **state)
{
    struct hub h;
    struct trundle_error err;
    bool in[40][3], differs = false;
    int64_t id;
    json_t *json = NULL;

    (void)state;
    open_hub(&h, 40, 4);
    id = make_rollout(&h, "{\"bundle\":\"b1\",\"stages\":[{\"carts\":4},{\"percent\":25},{\"percent\":100}]}");
    for (int stage = 0; stage < 3; stage++) {
        int n = 0;

        support_ok(advance(&h, id, true, &err), &err);
        for (int i = 0; i < 40; i++) {
            in[i][stage] = !strcmp(order_of(&h, i).sha256, h.one);
            n += in[i][stage];
            assert_true(!stage || !in[i][stage - 1] || in[i][stage]);
        }
        assert_int_equal(n, stage == 0 ? 4 : stage == 1 ? 10 : 40);
    }
    support_ok(ship_rollout_rollback(h.db, id, "bob", "", h.now, &json, &err), &err);
    json_decref(json);
    h.now += HOUR;
    id = make_rollout(&h, "{\"bundle\":\"b2\",\"stages\":[{\"carts\":4},{\"percent\":100}]}");
    support_ok(advance(&h, id, false, &err), &err);
    for (int i = 0; i < 40; i++)
        differs = differs || in[i][0] != !strcmp(order_of(&h, i).sha256, h.two);
    assert_true(differs);
    close_hub(&h);
}

static void stores_go_together_and_scopes_hold(void **state)
{
    struct hub h;
    struct trundle_error err;
    int64_t id;
    int per_store[4] = { 0 }, full = 0;

    (void)state;
    open_hub(&h, 40, 4);
    id = make_rollout(&h, "{\"bundle\":\"b1\",\"by\":\"store\",\"stages\":[{\"stores\":1},{\"percent\":50},{\"percent\":100}]}");
    support_ok(advance(&h, id, false, &err), &err);
    assert_int_equal(count_orders(&h, 40, h.one), 10);
    support_ok(advance(&h, id, true, &err), &err);
    for (int i = 0; i < 40; i++)
        per_store[i % 4] += !strcmp(order_of(&h, i).sha256, h.one);
    for (int i = 0; i < 4; i++)
        full += per_store[i] == 10;
    assert_int_equal(full, 2);
    close_hub(&h);
    open_hub(&h, 40, 4);
    support_ok(ship_cart_put(h.db, &(struct ship_cart){ "cart-01", "store-1", "other", false }, &err), &err);
    support_ok(ship_cart_put(h.db, &(struct ship_cart){ "cart-05", "store-1", "lab", true }, &err), &err);
    id = make_rollout(&h, "{\"bundle\":\"b1\",\"stores\":[\"store-1\"],\"stages\":[{\"percent\":100}]}");
    support_ok(advance(&h, id, false, &err), &err);
    assert_int_equal(count_orders(&h, 5, h.one), 0);          /* 0..4: cart 1 has other hardware */
    assert_string_equal(order_of(&h, 9).sha256, h.one);
    assert_int_equal(ship_order_for(h.db, "cart-05", &(struct ship_order){ .bytes = 0 }, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(ship_order_for(h.db, "nobody", &(struct ship_order){ .bytes = 0 }, &err), TRUNDLE_NOT_FOUND);
    close_hub(&h);
    open_hub(&h, 0, 1);
    id = make_rollout(&h, "{\"bundle\":\"b1\"}");
    assert_int_equal(advance(&h, id, false, &err), TRUNDLE_CONFLICT);
    assert_string_equal(state_of(&h, id), "draft -1");
    close_hub(&h);
}

/* b1 is done; b2 begins, is stopped, is rolled back: what each cart is told. */
static void orders_follow_the_rollouts(void **state)
{
    struct hub h;
    struct trundle_error err;
    struct ship_order o;
    json_t *json = NULL;
    int64_t first, second;
    int on = -1, other = -1;

    (void)state;
    open_hub(&h, 8, 1);
    o = order_of(&h, 0);
    assert_true(!o.sha256[0] && o.rollout == 0 && !o.leave[0]);
    first = make_rollout(&h, "{\"bundle\":\"b1\",\"stages\":[{\"percent\":100}]}");
    support_ok(advance(&h, first, false, &err), &err);
    support_ok(advance(&h, first, true, &err), &err);
    h.now += HOUR;
    second = make_rollout(&h, "{\"bundle\":\"b2\",\"stages\":[{\"carts\":2},{\"percent\":100}]}");
    support_ok(advance(&h, second, false, &err), &err);
    for (int i = 0; i < 8; i++) {
        o = order_of(&h, i);
        if (!strcmp(o.sha256, h.two) && on < 0)
            on = i;
        else if (!strcmp(o.sha256, h.two))
            other = i;
        else
            assert_string_equal(o.sha256, h.one);
    }
    assert_true(on >= 0 && other >= 0);
    confirm(&h, on, h.two, "installed");
    support_ok(ship_rollout_stop(h.db, second, "bob", "wait", h.now, &json, &err), &err);
    json_decref(json);
    assert_string_equal(order_of(&h, on).sha256, h.two);       /* it has it already */
    assert_string_equal(order_of(&h, other).sha256, h.one);    /* it does not get it any more */
    support_ok(ship_rollout_rollback(h.db, second, "bob", "worse", h.now, &json, &err), &err);
    json_decref(json);
    o = order_of(&h, on);
    assert_string_equal(o.sha256, h.one);
    assert_string_equal(o.leave, h.two);
    assert_true(o.rollout == first && o.serial == 1 && o.bytes > 0);
    support_ok(ship_order_json(&o, &json, &err), &err);
    assert_string_equal(json_string_value(json_object_get(json, "leave")), h.two);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "bundle"), "name")), "b1");
    json_decref(json);
    close_hub(&h);
}

static void observe(struct hub *h, struct rng *r, int cart, int trip, const char *bundle, double harm, struct trundle_error *err)
{
    char name[SHIP_NAME], id[SHIP_NAME];
    struct gate_trip t = { .items = 8 + rng_below(r, 6), .line_p99_ms = 100 + rng_unit(r) * 40, .faults = rng_unit(r) < .01 };

    for (int i = 0; i < (int)t.items; i++) {
        t.corrected += rng_unit(r) < .03 * (1 + harm);
        t.asked += rng_unit(r) < .06;
    }
    (void)snprintf(name, sizeof name, "cart-%02d", cart);
    (void)snprintf(id, sizeof id, "%d", trip);
    support_ok(ship_observe(h->db, &(struct ship_trip){ name, id, bundle, h->now, t }, err), err);
}

/* Hours of a fleet of 40 on the hub's own tables; the machine reads the gates. Returns the last state. */
static const char *live(struct hub *h, int64_t id, double harm, int hours, uint64_t seed)
{
    struct rng r = rng_seed(seed, "ship");
    struct trundle_error err;
    int64_t due[SHIP_RUNNING_MAX];
    size_t changed, due_n;
    int trip = 0;

    for (int hour = 0; hour < hours; hour++) {
        h->now += HOUR;
        for (int i = 0; i < 40; i++) {
            struct ship_order o = order_of(h, i);
            bool is_new = !strcmp(o.sha256, h->two);

            if (is_new)
                confirm(h, i, h->two, "good");
            for (int k = 0; k < 4; k++)
                observe(h, &r, i, trip++, o.sha256, is_new ? harm : 0, &err);
        }
        if (hour == 60)
            support_ok(advance(h, id, false, &err), &err);
        support_ok(db_exec(h->db, "PRAGMA query_only=ON", &err), &err);
        support_ok(ship_due(h->db, h->now, due, &due_n, &err), &err);        /* only reads, and says what the tick does */
        support_ok(db_exec(h->db, "PRAGMA query_only=OFF", &err), &err);
        support_ok(hour % 2 ? ship_tick(h->db, h->now, &changed, &err) : ship_move(h->db, due, due_n, h->now, &changed, &err), &err);
        assert_int_equal(changed, due_n);
        if (hour > 60 && changed && strncmp(state_of(h, id), "stage", 5) != 0)
            break;
    }
    return state_of(h, id);
}

static void the_machine_goes_on_and_rolls_back(void **state)
{
    static const struct { double harm; const char *end; } cases[] = { { 0, "done 2" }, { 3, "rolled_back" } };

    (void)state;
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        struct hub h;
        json_t *json, *last;
        int64_t id;

        open_hub(&h, 40, 4);
        support_ok(db_exec(h.db, "PRAGMA synchronous=OFF", NULL), NULL);
        id = make_rollout(&h, "{\"bundle\":\"b2\"}");
        (void)live(&h, id, cases[c].harm, 60 + 240, support_seed());
        json = shown(&h, id);
        last = json_array_get(json_object_get(json, "transitions"), json_array_size(json_object_get(json, "transitions")) - 1);
        print_message("# harm %g: %s, %s\n", cases[c].harm, state_of(&h, id), json_string_value(json_object_get(last, "why")));
        assert_memory_equal(state_of(&h, id), cases[c].end, strlen(cases[c].end));
        assert_string_equal(json_string_value(json_object_get(last, "who")), "gate");
        assert_true(json_is_array(json_object_get(json_object_get(last, "evidence"), "guards")));
        json_decref(json);
        close_hub(&h);
    }
}

static void reports_count_once_and_nonsense_is_refused(void **state)
{
    struct hub h;
    struct trundle_error err;
    struct gate_trip good = { 10, 1, 1, 100, 0 }, bad = { -1, 0, 0, 0, 0 }, no_latency = { 10, 0, 0, (double)NAN, 0 };
    struct db_statement *s = NULL;
    json_t *json;
    int64_t id;

    (void)state;
    open_hub(&h, 2, 1);
    for (int i = 0; i < 3; i++)
        support_ok(ship_observe(h.db, &(struct ship_trip){ "cart-00", "t1", "", T0, good }, &err), &err);
    support_ok(ship_observe(h.db, &(struct ship_trip){ "cart-00", "t2", "", T0, no_latency }, &err), &err);
    assert_int_equal(ship_observe(h.db, &(struct ship_trip){ "cart-00", "t3", "", T0, bad }, &err), TRUNDLE_BAD_INPUT);
    support_ok(db_prepare(h.db, "SELECT count(*) FROM ship_trip", &s, &err), &err);
    support_ok(db_step(s, &err), &err);
    assert_int_equal(db_integer(s, 0), 2);
    db_free(s);
    assert_int_equal(ship_confirm(h.db, &(struct ship_confirmation){ "cart-00", h.one, "eaten", "", T0 }, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(ship_cart_put(h.db, &(struct ship_cart){ "../cart", "s", "lab", false }, &err), TRUNDLE_BAD_INPUT);
    id = make_rollout(&h, "{\"bundle\":\"b1\",\"stages\":[{\"percent\":100}]}");
    support_ok(advance(&h, id, false, &err), &err);
    confirm(&h, 0, h.one, "installed");
    confirm(&h, 0, h.one, "installed");
    confirm(&h, 0, h.one, "trial");
    confirm(&h, 1, h.one, "rolled_back");
    json = shown(&h, id);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "counts"), "trial")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "counts"), "rolled_back")), 1);
    json_decref(json);
    close_hub(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundles_that_are_not_in_order_get_no_row), cmocka_unit_test(an_older_serial_is_refused_with_the_newest),
        cmocka_unit_test(a_keyring_that_comes_between_is_heard), cmocka_unit_test(keyrings_follow_each_other),
        cmocka_unit_test(requests_are_checked),                     cmocka_unit_test(states_allow_what_they_should),
        cmocka_unit_test(stages_grow_and_differ_between_rollouts),  cmocka_unit_test(stores_go_together_and_scopes_hold),
        cmocka_unit_test(orders_follow_the_rollouts),               cmocka_unit_test(the_machine_goes_on_and_rolls_back),
        cmocka_unit_test(reports_count_once_and_nonsense_is_refused),
    };

    return support_run(tests);
}
