/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/gate: statements that are read, refused by line and column, held, failed, and left open for want of data. */
#include "lab/judge/gate.h"
#include "tests/judge/many_trips.h"

#include "base/std/json.h"

static struct judge_gate parsed(const char *text)
{
    struct judge_gate gate;
    struct trundle_error err = { 0 };

    support_ok(judge_gate_parse(text, strlen(text), "g", &gate, &err), &err);
    return gate;
}

static void statements_are_read(void **state)
{
    struct judge_gate g = parsed("# what must hold\n\n"
                                 "basket_accuracy of rolling >= 0.97 with 95 % confidence   # the headline\r\n"
                                 "errors_per_100 aided <= 4\n"
                                 "p99 line latency<=0.5 s\n"
                                 "event_f1 > 97.5%\n"
                                 "not worse than production.jsonl on any slice by more than 1 point\n"
                                 "undercharge_bp not worse than a/b.jsonl on any slice of 100 trips aided by more than 5 bp\n"
                                 "event_recall unaided not worse than c on shrink_no_scan by more than 2 points");

    (void)state;
    assert_int_equal(g.n, 7);
    assert_true(g.rule[0].line == 3 && g.rule[0].key == JUDGE_basket_accuracy && g.rule[0].confident && g.rule[0].op == JUDGE_AT_LEAST);
    assert_string_equal(g.rule[0].slice, "rolling");
    assert_string_equal(g.rule[0].text, "basket_accuracy of rolling >= 0.97 with 95 % confidence");
    assert_true(g.rule[1].mode == JUDGE_AIDED && g.rule[1].op == JUDGE_AT_MOST && !g.rule[1].confident);
    assert_true(g.rule[2].key == JUDGE_line_latency_log_p99_s);
    assert_near(g.rule[2].limit, 0.5, 0);
    assert_near(g.rule[3].limit, 0.975, 1e-12);
    assert_true(g.rule[4].compares && g.rule[4].key == JUDGE_KEY_COUNT && g.rule[4].where == JUDGE_GATE_ANY);
    assert_near(g.rule[4].limit, 0.01, 1e-12);
    assert_string_equal(g.rule[4].file, "production.jsonl");
    assert_true(g.rule[5].slice_trips == 100 && g.rule[5].mode == JUDGE_AIDED && g.rule[5].key == JUDGE_undercharge_bp);
    assert_near(g.rule[5].limit, 5, 0);
    assert_true(g.rule[6].where == JUDGE_GATE_SLICE && !strcmp(g.rule[6].slice, "shrink_no_scan"));
    judge_gate_done(&g);
}

static void bad_statements_are_refused(void **state)
{
    static const struct { const char *text; size_t line, column; const char *what; } bad[] = {
        { "", 0, 0, "no statement" }, { "# nothing\n", 0, 0, "no statement" },
        { "basket_acuracy >= 0.9\n", 1, 1, "no such figure: 'basket_acuracy'" }, { "\nbasket_accuracy 0.9\n", 2, 17, "an operator is missing" },
        { "basket_accuracy >= high\n", 1, 20, "not a number: 'high'" }, { "basket_accuracy >=\n", 1, 19, "a number is missing" },
        { "basket_accuracy >= nan\n", 1, 20, "not a number" }, { "errors_per_100 <= 4 %\n", 1, 21, "not in '%'" },
        { "errors_per_100 <= 4 s\n", 1, 21, "cannot stand here" }, { "event_f1 >= 0.9 with 99 % confidence\n", 1, 22, "confidence of an interval" },
        { "event_f1 >= 0.9 with 95\n", 1, 24, "'% confidence' is missing" }, { "event_f1 >= 0.9 with 95 % confidence today\n", 1, 38, "'today'" },
        { "event_f1 of >= 0.9\n", 1, 13, "a slice is missing" }, { "not better than a\n", 1, 1, "'not worse than' is missing" },
        { "not worse than\n", 1, 15, "a file of results is missing" }, { "not worse than a by more than 1\n", 1, 32, "'points' is missing" },
        { "event_f1 not worse than a by more than 1\n", 1, 41, "'points' is missing" },
        { "not worse than a on any slice\n", 1, 30, "'by more than' is missing" }, { "not worse than a by more than -1 point\n", 1, 31, "less than nothing" },
        { "time_error_s not worse than a by more than 1 point\n", 1, 46, "has no 'point'" },
        { "event_f1 of rolling not worse than a by more than 1 point\n", 1, 21, "a slice stands behind the file" } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct judge_gate gate = { .n = 0 };
        struct trundle_error err = { 0 };
        char where[64] = "g";

        if (bad[i].line)
            (void)snprintf(where, sizeof where, "g, line %zu, column %zu", bad[i].line, bad[i].column);
        assert_int_equal(judge_gate_parse(bad[i].text, strlen(bad[i].text), "g", &gate, &err), TRUNDLE_BAD_INPUT);
        if (strcmp(err.where, where) != 0 || !strstr(err.what, bad[i].what) || !*err.hint)
            fail_msg("case %zu, '%s': %s: %s (%s)", i, bad[i].text, err.where, err.what, err.hint);
        assert_null(gate.rule);
    }
}

/* One statement on 100 trips, of which 80 % of events are right; 0 failed, 1 held, 2 not enough data. */
static int outcome(const char *text, const struct judge_saved *now, const char *folder, char why[JUDGE_GATE_WHY], double *out_by)
{
    struct judge_gate gate = parsed(text);
    struct judge_gate_options options = { .folder = folder };
    struct judge_gate_verdict v;
    struct judge_report report;
    struct trundle_error err = { 0 };
    int result;

    support_ok(judge_report_make(now->result, now->n, 1, &report, &err), &err);
    support_ok(judge_gate_check(&gate, &report, now, &options, &v, &err), &err);
    assert_true(v.n >= 1);
    result = v.held ? 1 : v.finding[0].enough ? 0 : 2;
    (void)snprintf(why, JUDGE_GATE_WHY, "%s", v.finding[0].why);
    *out_by = v.finding[0].by;
    judge_gate_verdict_done(&v);
    judge_report_done(&report);
    judge_gate_done(&gate);
    return result;
}

static void figures_hold_or_not(void **state)
{
    struct judge_saved s;
    char why[JUDGE_GATE_WHY];
    double by;

    (void)state;
    many_make(&s, 100, 3, 0.8, 0.8);
    assert_int_equal(outcome("event_recall >= 0.7", &s, NULL, why, &by), 1);
    assert_int_equal(outcome("event_recall >= 0.7 with 95 % confidence", &s, NULL, why, &by), 1);
    assert_int_equal(outcome("event_recall >= 0.9", &s, NULL, why, &by), 0);
    assert_true(by > 0.05 && by < 0.15 && strstr(why, "off by"));
    assert_int_equal(outcome("event_recall <= 0.9 with 95 % confidence", &s, NULL, why, &by), 1);
    assert_int_equal(outcome("event_recall < 0.7", &s, NULL, why, &by), 0);
    assert_int_equal(outcome("event_recall of rolling >= 78 %", &s, NULL, why, &by), 1);
    assert_int_equal(outcome("event_recall of rolling >= 0.785 with 95 % confidence", &s, NULL, why, &by), 2);    /* the figure would do, its interval does not */
    assert_non_null(strstr(why, "not enough data"));
    assert_int_equal(outcome("event_recall of gliding >= 0.1", &s, NULL, why, &by), 2);
    assert_non_null(strstr(why, "no trip is in slice gliding"));
    assert_int_equal(outcome("event_recall aided >= 0.1", &s, NULL, why, &by), 2);
    assert_int_equal(outcome("p99 line latency <= 100 s", &s, NULL, why, &by), 2);
    assert_non_null(strstr(why, "at least 662"));
    assert_int_equal(outcome("errors_per_100 <= 15", &s, NULL, why, &by), 0);
    assert_true(by > 2 && by < 8);
    for (size_t i = 0; i < s.n; i++)       /* 100 of 100 are not yet 97 % */
        s.result[i].tally[0].key[JUDGE_basket_accuracy].num = 1;
    assert_int_equal(outcome("basket_accuracy >= 0.97", &s, NULL, why, &by), 1);
    assert_int_equal(outcome("basket_accuracy >= 0.97 with 95 % confidence", &s, NULL, why, &by), 2);
    assert_int_equal(outcome("basket_accuracy >= 0.96 with 95 % confidence", &s, NULL, why, &by), 1);
    judge_saved_done(&s);
}

static void comparisons_hold_or_not(void **state)
{
    struct judge_saved was, now;
    struct bytes lines = { 0 };
    struct trundle_error err = { 0 };
    char path[600], why[JUDGE_GATE_WHY];
    const char *folder = support_scratch();
    double by;

    (void)state;
    many_make(&was, 400, 5, 0.8, 0.8);
    support_ok(judge_saved_print(&was, &lines), NULL);
    (void)snprintf(path, sizeof path, "%s/was.jsonl", folder);
    support_ok(file_write(path, lines.data, lines.n, &err), &err);
    many_make(&now, 400, 5, 0.8, 0.8);
    assert_int_equal(outcome("event_recall not worse than was.jsonl on any slice by more than 1 point", &now, folder, why, &by), 1);
    assert_non_null(strstr(why, "2 comparisons on 400 trips"));
    assert_int_equal(outcome("event_recall aided not worse than was.jsonl by more than 1 point", &now, folder, why, &by), 2);
    assert_int_equal(outcome("event_recall not worse than was.jsonl on gliding by more than 1 point", &now, folder, why, &by), 2);
    judge_saved_done(&now);
    many_make(&now, 400, 5, 0.85, 0.7);    /* better, but for one slice */
    assert_int_equal(outcome("event_recall not worse than was.jsonl on rolling by more than 1 point", &now, folder, why, &by), 0);
    assert_true(strstr(why, "event_recall of rolling") && strstr(why, "worse") && by > 0.05 && by < 0.15);
    assert_int_equal(outcome("event_recall not worse than was.jsonl on any slice by more than 1 point", &now, folder, why, &by), 0);
    assert_int_equal(outcome("event_recall not worse than was.jsonl on any slice of 300 trips by more than 5 points", &now, folder, why, &by), 1);
    assert_int_equal(outcome("event_recall not worse than was.jsonl on rolling by more than 20 points", &now, folder, why, &by), 1);
    assert_int_equal(outcome("errors_per_100 not worse than was.jsonl on rolling by more than 1 point", &now, folder, why, &by), 0);
    for (size_t i = 0; i < now.n; i++)     /* as one that predicts nothing: no precision, and none to be as good as */
        for (size_t k = 0; k <= now.result[i].slices_n; k++)
            (k ? &now.result[i].slice[k - 1].tally[0] : &now.result[i].tally[0])->key[JUDGE_event_recall] = (struct judge_sum){ 0 };
    assert_int_equal(outcome("event_recall not worse than was.jsonl by more than 20 points", &now, folder, why, &by), 2);
    judge_saved_done(&now);
    many_make(&now, 400, 6, 0.8, 0.8);     /* other draws: as good, but who knows */
    assert_int_equal(outcome("not worse than was.jsonl by more than 0.1 points", &now, folder, why, &by), 2);
    assert_non_null(strstr(why, "trips would do"));
    judge_saved_done(&now);
    judge_saved_done(&was);
    bytes_done(&lines);
}

static void the_forms_agree(void **state)
{
    struct judge_gate gate = parsed("event_recall >= 0.5\nevent_recall >= 0.99\nevent_recall of none >= 0.99\n");
    struct judge_gate_options options = { .common = false };
    struct judge_gate_verdict v;
    struct judge_report report;
    struct judge_saved s;
    struct bytes text = { 0 };
    struct trundle_error err = { 0 };
    json_t *root = NULL;

    (void)state;
    many_make(&s, 100, 3, 0.8, 0.8);
    support_ok(judge_report_make(s.result, s.n, 1, &report, &err), &err);
    support_ok(judge_gate_check(&gate, &report, &s, &options, &v, &err), &err);
    assert_false(v.held);
    support_ok(judge_gate_text(&gate, &v, &text), NULL);
    assert_true(strstr((const char *)text.data, "held     line 1") && strstr((const char *)text.data, "FAILED   line 2") && strstr((const char *)text.data, "NO DATA  line 3"));
    assert_non_null(strstr((const char *)text.data, "1 of 3 statements hold"));
    bytes_done(&text);
    support_ok(judge_gate_json(&gate, &v, &text), NULL);
    support_ok(json_parse(text.data, text.n, "gate", &root, &err), &err);
    assert_true(json_is_false(json_object_get(root, "held")));
    assert_int_equal(json_array_size(json_object_get(root, "findings")), 3);
    json_decref(root);
    bytes_done(&text);
    judge_gate_verdict_done(&v);
    judge_report_done(&report);
    judge_saved_done(&s);
    judge_gate_done(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_are_read), cmocka_unit_test(bad_statements_are_refused), cmocka_unit_test(figures_hold_or_not),
        cmocka_unit_test(comparisons_hold_or_not), cmocka_unit_test(the_forms_agree) };

    return support_run(tests);
}
