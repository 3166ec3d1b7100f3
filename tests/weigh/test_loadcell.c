/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The real traces of a 4-cell HX711 scale, through the command: nothing happens in them but one lasting change; steps that the test adds are found. */
#include "tests/support/support.h"

#include "base/std/bytes.h"
#include "base/std/rng.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 8192, FOUND = 1024 };

struct real { double g[SAMPLES]; size_t n; bool lasting; };
struct found { double t_s[FOUND], dw_g[FOUND], sd_g[FOUND]; size_t n; };

static struct real load(const char *name, bool lasting)
{
    static struct real r;
    char path[128];
    FILE *file;

    r.n = 0;
    r.lasting = lasting;
    (void)snprintf(path, sizeof path, "loadcell/samples_%s.txt", name);
    file = fopen(support_data(path), "r");
    assert_non_null(file);
    while (r.n < SAMPLES && fscanf(file, "%lf", &r.g[r.n]) == 1)
        r.n++;
    (void)fclose(file);
    return r;
}

static struct found weigh(const struct real *r)
{
    struct found f = { .n = 0 };
    struct bytes text = { 0 };
    char path[4200], *out = NULL, *line, *rest;
    struct trundle_error err;

    for (size_t i = 0; i < r->n; i++)
        support_ok(bytes_print(&text, "%.5f\n", r->g[i]), NULL);
    (void)snprintf(path, sizeof path, "%s/trace.csv", support_scratch());
    support_ok(file_write(path, text.data, text.n, &err), &err);
    bytes_done(&text);
    assert_int_equal(support_shell(&out, "'%s' weigh '%s' --hz 1 --json", support_build("trundle-cart"), path), 0);
    for (line = strtok_r(out, "\n", &rest); line && f.n < FOUND; line = strtok_r(NULL, "\n", &rest)) {
        json_t *o = json_loads(line, 0, NULL);
        const char *kind;

        assert_non_null(o);
        kind = json_string_value(json_object_get(o, "kind"));
        f.t_s[f.n] = json_number_value(json_object_get(o, "t_s"));
        f.dw_g[f.n] = json_number_value(json_object_get(o, "dw_g"));
        f.sd_g[f.n] = json_number_value(json_object_get(o, "sd_g"));
        assert_string_equal(kind, f.dw_g[f.n] > 0 ? "put" : "take");
        assert_true(json_is_null(json_object_get(o, "x_m")));
        f.n++;
        json_decref(o);
    }
    free(out);
    return f;
}

/* How many of the found are neither a step of the test nor the one lasting change; *out_hits the steps found. */
static size_t judge(const struct real *r, const struct found *f, const size_t *at, const double *by, size_t steps, size_t *out_hits)
{
    size_t wrong = 0;

    *out_hits = 0;
    for (size_t i = 0; i < steps; i++) {
        for (size_t j = 0; j < f->n; j++) {
            if (fabs(f->t_s[j] - (double)at[i]) <= 2 && fabs(f->dw_g[j] - by[i]) <= fmax(5 * f->sd_g[j], 0.02 * fabs(by[i]))) {
                ++*out_hits;
                break;
            }
        }
    }
    for (size_t j = 0; j < f->n; j++) {
        bool known = r->lasting && fabs(f->t_s[j] - 182) <= 2 && fabs(f->dw_g[j] + 13.3) < 2;

        for (size_t i = 0; i < steps && !known; i++)
            known = fabs(f->t_s[j] - (double)at[i]) <= 2;
        wrong += !known;
    }
    return wrong;
}

static const struct { const char *name; bool lasting; } traces[] = { { "bbcbac1e", false }, { "ec36ce0c", true } };

static void nothing_happens_in_the_real_traces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(traces); i++) {
        struct real r = load(traces[i].name, traces[i].lasting);
        struct found f = weigh(&r);
        size_t hits;

        printf("# %s: %zu samples, %zu events\n", traces[i].name, r.n, f.n);
        assert_int_equal(judge(&r, &f, NULL, NULL, 0, &hits), 0);
    }
}

/* 200 steps of 20 to 2000 g, up and down, four or more samples apart, over both traces. */
static void steps_added_to_the_real_traces_are_found(void **state)
{
    struct rng r = rng_seed(support_seed(), "loadcell steps");
    size_t hits_all = 0, steps_all = 0, wrong_all = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(traces); i++) {
        struct real real = load(traces[i].name, traces[i].lasting);
        size_t steps = i ? 10 : 190, at[200], hits;
        double by[200], level = 0;
        struct found f;

        for (size_t k = 0; k < steps; k++) {
            size_t room = (real.n - 20) / steps;

            at[k] = 12 + k * room + rng_below(&r, (uint32_t)(room - 4));
            if (real.lasting && at[k] > 176 && at[k] < 188)
                at[k] = 176;
            by[k] = exp(rng_range(&r, log(20), log(2000)));
            if (level > by[k] && rng_below(&r, 2))
                by[k] = -by[k];
            level += by[k];
            for (size_t s = at[k]; s < real.n; s++)
                real.g[s] += by[k];
        }
        f = weigh(&real);
        wrong_all += judge(&real, &f, at, by, steps, &hits);
        hits_all += hits;
        steps_all += steps;
    }
    printf("# steps found: %zu of %zu, false %zu (real noise, steps added)\n", hits_all, steps_all, wrong_all);
    assert_true(hits_all * 100 >= steps_all * 99);
    assert_int_equal(wrong_all, 0);
}

/* The mutants: steps at other times, or of other sizes, are not "found". */
static void the_judge_can_fail(void **state)
{
    struct real r = { .n = 100 };
    struct found f = { .t_s = { 50 }, .dw_g = { 100 }, .sd_g = { 0.5 }, .n = 1 };
    size_t at = 50, hits;
    double by = 100;

    (void)state;
    assert_int_equal(judge(&r, &f, &at, &by, 1, &hits), 0);
    assert_int_equal(hits, 1);
    by = 120;
    (void)judge(&r, &f, &at, &by, 1, &hits);
    assert_int_equal(hits, 0);
    at = 60;
    assert_int_equal(judge(&r, &f, &at, &by, 1, &hits), 1);
    assert_int_equal(hits, 0);
}

static int run(char **out, const char *text, const char *options)
{
    char path[4200];

    (void)snprintf(path, sizeof path, "%s/t.csv", support_scratch());
    support_ok(file_write(path, text, strlen(text), NULL), NULL);
    return support_shell(out, "'%s' weigh '%s' %s 2>&1", support_build("trundle-cart"), path, options);
}

static void the_command_says_what_is_wrong(void **state)
{
    char *out = NULL;

    (void)state;
    assert_int_equal(run(&out, "1\n2\n", "--json"), 3);
    assert_non_null(strstr(out, "--hz"));
    free(out);
    assert_int_equal(run(&out, "t_s,g\n0,1\n1,1;2\n", "--json"), 3);
    assert_non_null(strstr(out, "line 3, column 2"));
    free(out);
    assert_int_equal(run(&out, "t_s,g\n0,1\n1,2,3\n", "--json"), 3);
    free(out);
    assert_int_equal(run(&out, "", "--json"), 3);
    free(out);
    assert_int_equal(run(&out, "0,1\n", "--hz -3"), 2);
    free(out);
    assert_int_equal(support_shell(NULL, "'%s' weigh /nonexistent.csv 2>/dev/null", support_build("trundle-cart")), 3);
    assert_int_equal(support_shell(NULL, "'%s' weigh 2>/dev/null", support_build("trundle-cart")), 2);
}

/* Four columns give a place; readings that did not come are left out. */
static void four_cells_give_a_place(void **state)
{
    struct bytes text = { 0 };
    struct rng r = rng_seed(support_seed(), "four");
    json_t *o;
    char *out;

    (void)state;
    support_ok(bytes_print(&text, "t_s,c1_g,c2_g,c3_g,c4_g\n"), NULL);
    for (int k = 0; k < 400; k++) {
        double m = k < 200 ? 0 : 100;

        support_ok(bytes_print(&text, "%.4f,%.2f,%.2f,%.2f,", k / 80.0, 100 + 4 * m + rng_normal(&r), 90 + 3 * m + rng_normal(&r),
                               80 + 2 * m + rng_normal(&r)), NULL);
        support_ok(k % 50 == 7 ? bytes_print(&text, "nan\n") : bytes_print(&text, "%.2f\n", 70 + m + rng_normal(&r)), NULL);
    }
    assert_int_equal(run(&out, (const char *)text.data, "--json"), 0);
    o = json_loads(out, 0, NULL);          /* exactly one object */
    assert_non_null(o);
    assert_near(json_number_value(json_object_get(o, "dw_g")), 1000, 5);
    assert_near(json_number_value(json_object_get(o, "t0_s")), 2.5, 0.05);
    assert_near(json_number_value(json_object_get(o, "x_m")), 0.24, 0.02);
    assert_near(json_number_value(json_object_get(o, "y_m")), 0.27, 0.02);
    json_decref(o);
    free(out);
    bytes_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happens_in_the_real_traces),
        cmocka_unit_test(steps_added_to_the_real_traces_are_found),
        cmocka_unit_test(the_judge_can_fail),
        cmocka_unit_test(the_command_says_what_is_wrong),
        cmocka_unit_test(four_cells_give_a_place),
    };
    return support_run(tests);
}
