/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Triggers: what they say, what they do not know, and where a wrong one is wrong. */
#include "cart/capture/policy.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct trigger_facts facts;

static void know_nothing(void)
{
    for (size_t i = 0; i < TRIGGER_FACTS; i++)
        facts.value[i] = i < TRIGGER_DECISION ? (double)NAN : 0;
    facts.draw = 1;
}

static bool fires(const char *text)
{
    struct trigger t;
    struct trundle_error err;

    support_ok(trigger_parse(text, "test", &t, &err), &err);
    return trigger_fires(&t, &facts);
}

static void says_what_it_means(void **state)
{
    (void)state;
    know_nothing();
    facts.value[TRIGGER_P] = 0.7;
    facts.value[TRIGGER_DECISION] = facts.value[TRIGGER_ADD] = 1;
    facts.value[TRIGGER_COUNT] = 2;
    assert_true(fires("p < 0.8"));
    assert_false(fires("p<0.7"));
    assert_true(fires("p <= 0.7 and p >= 0.7"));
    assert_true(fires("decision and p < 0.8"));
    assert_false(fires("belief and p < 0.8"));
    assert_true(fires("not belief"));
    assert_true(fires("count = 2"));
    assert_true(fires("count == 2"));
    assert_true(fires("count != 3"));
    assert_true(fires("0.5 < p"));
    assert_true(fires("corrected or add"));
    assert_true(fires("not (corrected or remove) and add"));
    assert_true(fires("p > -1"));
    assert_true(fires("p > 1e-3"));
}

/* `and` binds closer than `or`, `not` closest. */
static void binds_as_usual(void **state)
{
    (void)state;
    know_nothing();
    facts.value[TRIGGER_ADD] = 1;
    assert_true(fires("add or add and audit"));
    assert_false(fires("(add or add) and audit"));
    assert_true(fires("not audit and add"));
    assert_false(fires("not (audit or add)"));
    assert_true(fires("not not add"));
}

/* An unknown number is neither small nor large. */
static void unknown_is_not_small(void **state)
{
    (void)state;
    know_nothing();
    assert_false(fires("p < 0.8"));
    assert_false(fires("p >= 0.8"));
    assert_false(fires("p != 3"));
    assert_false(fires("p"));
    assert_true(fires("not p < 0.8"));
}

static void random_is_a_share_and_the_same_again(void **state)
{
    struct trigger t, pair;
    struct trundle_error err;
    int n = 0, again = 0, both = 0;

    (void)state;
    know_nothing();
    support_ok(trigger_parse("random(0.1)", "test", &t, &err), &err);
    support_ok(trigger_parse("random(0.1) and random(0.1)", "test", &pair, &err), &err);
    for (uint64_t i = 0; i < 20000; i++) {
        facts.draw = i * UINT64_C(0x9e3779b97f4a7c15);
        n += trigger_fires(&t, &facts);
        both += trigger_fires(&pair, &facts);
    }
    for (uint64_t i = 0; i < 20000; i++) {
        facts.draw = i * UINT64_C(0x9e3779b97f4a7c15);
        again += trigger_fires(&t, &facts);
    }
    assert_near(n, 2000, 200);
    assert_near(both, 200, 70);
    assert_int_equal(n, again);
    assert_false(fires("random(0)"));
    assert_true(fires("random(1)"));
}

static void a_wrong_one_says_where(void **state)
{
    static const struct { const char *text; int column; } wrong[] = {
        { "", 1 },           { "p <", 4 },        { "p < and", 5 },   { "p < 0.8 q", 9 },   { "pp < 1", 1 },        { "add or", 7 },
        { "(add", 5 },       { "add)", 4 },       { "random", 7 },    { "random(2)", 8 },   { "random(0.1", 11 },   { "p < 0x10", 5 },
        { "p < 1.2.3", 5 },  { "p ! 1", 3 },      { "not", 4 },       { "P < 1", 1 },       { "add and and add", 9 }, { "p < nan", 5 },
        { "add add", 5 },    { "1 < p < 2", 7 },  { "\xc3\xa4", 1 },  { "p < 1e999", 5 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct trigger t = { .ops_n = 77 };
        struct trundle_error err;
        char expected[64];

        if (trigger_parse(wrong[i].text, "policy", &t, &err) != TRUNDLE_BAD_INPUT)
            fail_msg("'%s' was taken", wrong[i].text);
        (void)snprintf(expected, sizeof expected, "policy, column %d", wrong[i].column);
        if (strcmp(err.where, expected) != 0)
            fail_msg("'%s' is wrong at '%s', not at column %d", wrong[i].text, err.where, wrong[i].column);
        assert_true(err.what[0] && t.ops_n == 77);
    }
}

static void limits_are_held(void **state)
{
    struct trundle_error err;
    struct trigger t;
    char text[TRIGGER_TEXT * 2];

    (void)state;
    memset(text, '(', 40);
    (void)snprintf(text + 40, sizeof text - 40, "p");
    assert_int_equal(trigger_parse(text, "x", &t, &err), TRUNDLE_TOO_LARGE);
    for (size_t i = 0; i < 40; i++)
        memcpy(text + 5 * i, "p or ", 5);
    memcpy(text + 200, "p", 2);
    assert_int_equal(trigger_parse(text, "x", &t, &err), TRUNDLE_TOO_LARGE);
    memset(text, ' ', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(trigger_parse(text, "x", &t, &err), TRUNDLE_TOO_LARGE);
}

static void every_fact_has_a_name_that_reads(void **state)
{
    (void)state;
    for (int i = 0; i < TRIGGER_FACTS; i++) {
        know_nothing();
        facts.value[i] = 1;
        assert_true(fires(trigger_name((enum trigger_fact)i)));
        facts.value[i] = 0;
        assert_false(fires(trigger_name((enum trigger_fact)i)));
    }
    assert_null(trigger_name(TRIGGER_FACTS));
}

static struct capture_policy policy, read_back;

static enum trundle_status parse(const char *text, struct trundle_error *err)
{
    return policy_parse(text, strlen(text), "policy.json", &policy, err);
}

static void a_policy_reads_what_it_prints(void **state)
{
    struct trundle_error err;
    struct bytes text = { 0 }, again = { 0 };

    (void)state;
    policy_default(&policy);
    support_ok(policy_print(&policy, &text), &err);
    support_ok(policy_parse(text.data, text.n, "policy.json", &read_back, &err), &err);
    support_ok(policy_print(&read_back, &again), &err);
    assert_int_equal(text.n, again.n);
    assert_memory_equal(text.data, again.data, text.n);
    assert_int_equal(policy_share_bps(&read_back), 200000);
    bytes_done(&text);
    bytes_done(&again);
    support_ok(parse("{\"carts\": 10, \"triggers\": []}", &err), &err);
    assert_int_equal(policy_share_bps(&policy), 1000000);
    assert_int_equal(policy.triggers_n, 0);
}

static void a_wrong_policy_names_the_field(void **state)
{
    static const struct { const char *text, *where; } wrong[] = {
        { "[]", "policy.json" },
        { "{\"before\": 3}", "policy.json" },
        { "{\"before_s\": -1}", "before_s" },
        { "{\"before_s\": 40}", "policy.json" },
        { "{\"carts\": 0}", "carts" },
        { "{\"bytes_per_day\": 1.5}", "bytes_per_day" },
        { "{\"triggers\": [{\"name\": \"a\", \"purpose\": \"b\", \"when\": \"p < \"}]}", "column 5" },
        { "{\"triggers\": [{\"name\": \"A b\", \"purpose\": \"b\", \"when\": \"p\"}]}", "triggers" },
        { "{\"triggers\": [{\"name\": \"a\", \"when\": \"p\"}]}", "purpose" },
        { "{\"triggers\": [{\"name\": \"a\", \"purpose\": \"b\", \"when\": \"p\", \"keep_days\": 0}]}", "keep_days" },
        { "{\"triggers\": [{\"name\": \"a\", \"purpose\": \"b\", \"when\": \"p\"}, {\"name\": \"a\", \"purpose\": \"b\", \"when\": \"p\"}]}", "triggers" },
    };

    (void)state;
    policy_default(&policy);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct trundle_error err;

        policy.carts = 4711;
        if (parse(wrong[i].text, &err) != TRUNDLE_BAD_INPUT)
            fail_msg("%s was taken", wrong[i].text);
        if (!strstr(err.where, wrong[i].where))
            fail_msg("%s: where is '%s'", wrong[i].text, err.where);
        assert_int_equal(policy.carts, 4711);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_means),
        cmocka_unit_test(binds_as_usual),
        cmocka_unit_test(unknown_is_not_small),
        cmocka_unit_test(random_is_a_share_and_the_same_again),
        cmocka_unit_test(a_wrong_one_says_where),
        cmocka_unit_test(limits_are_held),
        cmocka_unit_test(every_fact_has_a_name_that_reads),
        cmocka_unit_test(a_policy_reads_what_it_prints),
        cmocka_unit_test(a_wrong_policy_names_the_field),
    };

    return support_run(tests);
}
