/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/submission: good lines become events and baskets; bad ones are named by line. */
#include "tests/judge/hand_trip.h"

#include <stdio.h>

static const char good[] =
    "{\"trip\":\"17\",\"t_s\":10,\"kind\":\"put\",\"product\":\"gtin:04011200296908\",\"count\":2}\r\n"
    "\n"
    "{\"trip\":\"17\",\"t_s\":30.5,\"kind\":\"put\",\"product\":\"plu:4011\",\"weight_g\":182}\n"
    "{\"trip\":\"18\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1}\n"
    "{\"trip\":\"17\",\"t_s\":20,\"kind\":\"take\",\"product\":\"gtin:04011200296908\",\"count\":1}";

static void good_lines_become_events(void **state)
{
    struct judge_submission *s;
    struct judge_prediction p;
    struct trundle_error err = { 0 };
    size_t line;

    (void)state;
    support_ok(judge_submission_parse(good, sizeof good - 1, "sub.jsonl", &s, &err), &err);
    assert_int_equal(judge_submission_trips(s), 2);
    assert_string_equal(judge_submission_trip(s, 1, &line), "18");
    assert_int_equal(line, 4);
    support_ok(judge_submission_of(s, "17", &p, &err), &err);
    assert_int_equal(p.events_n, 4);
    assert_true(p.event[2].kind == TRUNDLE_EVENT_TAKE && p.event[2].t_ns == S_NS(20));
    assert_true(p.event[3].by_weight && p.event[3].t_ns == S_NS(30.5));
    assert_near(p.event[3].weight_g, 182, 0);
    assert_int_equal(p.items_n, 2);
    assert_int_equal(p.removals_n, 1);
    assert_int_equal(p.removal[0].left, 1);
    assert_false(p.has_decisions);
    judge_prediction_done(&p);
    support_ok(judge_submission_of(s, "99", &p, &err), &err);
    assert_int_equal(p.events_n, 0);
    judge_prediction_done(&p);
    judge_submission_free(s);
}

static void bad_lines_are_named(void **state)
{
    static const struct { const char *text, *line, *what; } bad[] = {
        { "{}", "line 1", "missing" },
        { "\n[1]", "line 2", "not a JSON object" },
        { "{\"trip\":\"1\"", "line 1", "not JSON" },
        { "{\"trip\":1,\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1}", "trip", "text" },
        { "{\"trip\":\"1\",\"t_s\":-1,\"kind\":\"put\",\"product\":\"?\",\"count\":1}", "t_s", "-1" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"push\",\"product\":\"?\",\"count\":1}", "line 1", "push" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"gtin:04011200296909\",\"count\":1}", "line 1", "04011200296909" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":0}", "count", "allowed" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1000}", "count", "allowed" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"weight_g\":1e99}", "weight_g", "allowed" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\"}", "line 1", "neither" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1,\"weight_g\":2}", "line 1", "both" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1,\"score\":2}", "line 1", "score" },
        { "{\"trip\":\"1\",\"t_s\":NaN,\"kind\":\"put\",\"product\":\"?\",\"count\":1}", "line 1, column", "not JSON" },
        { "{\"trip\":\"1\",\"t_s\":Infinity,\"kind\":\"put\",\"product\":\"?\",\"count\":1}", "line 1, column", "not JSON" },
        { "{\"trip\":\"1\",\"t_s\":1e999,\"kind\":\"put\",\"product\":\"?\",\"count\":1}", "line 1, column", "not JSON" },
        { "{\"trip\":\"1\",\"t_s\":\"1\",\"kind\":\"put\",\"product\":\"?\",\"count\":1}", "t_s", "number" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1.5}", "count", "whole" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"weight_g\":-2}", "weight_g", "allowed" },
        { "{\"trip\":\"1\",\"t_s\":1,\"t_s\":2,\"kind\":\"put\",\"product\":\"?\",\"count\":1}", "line 1, column", "duplicate" },
        { "{\"trip\":\"\xff\xfe\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1}", "line 1, column", "decode" },
        { "{\"trip\":\"1\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1}\n"
          "{\"trip\":\"2\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1}\n"
          "{\"trip\":\"1\",\"t_s\":1.0,\"kind\":\"put\",\"product\":\"?\",\"count\":2}", "line 3", "line 1" } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct judge_submission *s = NULL;
        struct trundle_error err = { 0 };

        assert_int_equal(judge_submission_parse(bad[i].text, strlen(bad[i].text), "sub.jsonl", &s, &err), TRUNDLE_BAD_INPUT);
        assert_null(s);
        assert_true(err.hint[0]);
        if (!strstr(err.where, bad[i].line) || !strstr(err.where, "sub.jsonl") || !strstr(err.what, bad[i].what))
            fail_msg("case %zu: where '%s' what '%s'", i, err.where, err.what);
    }
}

/* A line that never ends is not read to its end. */
static void long_lines_are_refused(void **state)
{
    struct bytes b = { 0 };
    struct judge_submission *s = NULL;
    struct trundle_error err = { 0 };

    (void)state;
    support_ok(bytes_print(&b, "{\"trip\":\"%05000d\"", 1), NULL);
    assert_int_equal(judge_submission_parse(b.data, b.n, "sub.jsonl", &s, &err), TRUNDLE_TOO_LARGE);
    assert_non_null(strstr(err.where, "line 1"));
    bytes_done(&b);
}

/* What only the trips can say: which there are, how long they are, what their store sells. */
static void events_must_fit_their_trips(void **state)
{
    static const char *const foreign[] = { "99", "017", "seventeen", "17 " };
    static const char catalog_json[] = "{\"version\":1,\"currency\":\"EUR\",\"digits\":2,\"prefixes\":{},\"products\":[{\"name\":\"Bananas\",\"by_weight\":true,"
                                       "\"product\":\"plu:4011\",\"popularity\":1.0,\"tax_bp\":700}],\"prices\":[],\"promotions\":[]}";
    const int64_t seeds[] = { 18, 17, -3 };
    struct judge_submission *s = NULL;
    struct trundle_error err = { 0 };
    struct catalog *catalog = NULL;

    (void)state;
    support_ok(judge_submission_parse(good, sizeof good - 1, "sub.jsonl", &s, &err), &err);
    support_ok(judge_submission_names(s, seeds, 3, &err), &err);
    assert_int_equal(judge_submission_names(s, seeds, 1, &err), TRUNDLE_BAD_INPUT);      /* 17 is not there */
    assert_true(strstr(err.where, "line 1") && strstr(err.what, "trip 17"));
    support_ok(judge_submission_check(s, "17", NULL, S_NS(30.5), &err), &err);
    assert_int_equal(judge_submission_check(s, "17", NULL, S_NS(30.4), &err), TRUNDLE_BAD_INPUT);
    assert_true(strstr(err.where, "line 3") && strstr(err.what, "30.500") && strstr(err.what, "30.400"));
    support_ok(judge_submission_check(s, "99", NULL, 0, &err), &err);                    /* says nothing of it */
    support_ok(catalog_from_json(catalog_json, sizeof catalog_json - 1, "catalog", &catalog, &err), &err);
    support_ok(judge_submission_check(s, "18", catalog, S_NS(40), &err), &err);          /* ? is never foreign */
    assert_int_equal(judge_submission_check(s, "17", catalog, S_NS(40), &err), TRUNDLE_BAD_INPUT);
    assert_true(strstr(err.where, "line 1") && strstr(err.what, "gtin:04011200296908"));
    catalog_free(catalog);
    judge_submission_free(s);
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        char line[160];

        (void)snprintf(line, sizeof line, "{\"trip\":\"%s\",\"t_s\":1,\"kind\":\"put\",\"product\":\"?\",\"count\":1}", foreign[i]);
        support_ok(judge_submission_parse(line, strlen(line), "sub.jsonl", &s, &err), &err);
        assert_int_equal(judge_submission_names(s, seeds, 3, &err), TRUNDLE_BAD_INPUT);
        assert_true(strstr(err.where, "sub.jsonl, line 1") && strstr(err.what, foreign[i]) && err.hint[0]);
        judge_submission_free(s);
    }
}

static void what_is_written_is_read_back(void **state)
{
    const struct judge_event e[] = { event_at(10.123456789, TRUNDLE_EVENT_PUT, MILK), event_at(10.123456789, TRUNDLE_EVENT_PUT, MILK), lot_at(11, TRUNDLE_EVENT_PUT, BANANA, 182.25),
                                     event_at(12, TRUNDLE_EVENT_TAKE, MILK), event_at(-3, TRUNDLE_EVENT_PUT, (struct trundle_product){ 0 }) };
    struct judge_submission *s = NULL;
    struct judge_prediction p;
    struct trundle_error err = { 0 };
    struct bytes b = { 0 };

    (void)state;
    support_ok(judge_submission_print(-5, e, COUNT_OF(e), &b), NULL);
    support_ok(judge_submission_parse(b.data, b.n, "sub.jsonl", &s, &err), &err);
    support_ok(judge_submission_of(s, "-5", &p, &err), &err);
    assert_int_equal(p.events_n, 5);
    assert_true(p.event[0].t_ns == 0 && !p.event[0].product.key);
    assert_true(p.event[1].t_ns == e[0].t_ns && p.event[2].t_ns == e[0].t_ns && p.event[2].product.key == MILK.key);
    assert_true(p.event[3].by_weight && p.event[3].t_ns == e[2].t_ns);
    assert_near(p.event[3].weight_g, 182.25, 1e-9);
    assert_true(p.event[4].kind == TRUNDLE_EVENT_TAKE);
    judge_prediction_done(&p);
    judge_submission_free(s);
    bytes_done(&b);
}

static void too_many_are_refused(void **state)
{
    struct bytes b = { 0 };
    struct judge_submission *s = NULL;
    struct trundle_error err = { 0 };

    (void)state;
    for (int i = 0; i <= JUDGE_EVENTS_MAX / 99; i++)
        support_ok(bytes_print(&b, "{\"trip\":\"1\",\"t_s\":%d,\"kind\":\"put\",\"product\":\"?\",\"count\":99}\n", i), NULL);
    assert_int_equal(judge_submission_parse(b.data, b.n, "sub.jsonl", &s, &err), TRUNDLE_TOO_LARGE);
    bytes_done(&b);
    assert_int_equal(judge_submission_read("/nonexistent/sub.jsonl", &s, &err), TRUNDLE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(good_lines_become_events), cmocka_unit_test(bad_lines_are_named), cmocka_unit_test(too_many_are_refused),
                                        cmocka_unit_test(long_lines_are_refused), cmocka_unit_test(events_must_fit_their_trips), cmocka_unit_test(what_is_written_is_read_back) };

    return support_run(tests);
}
