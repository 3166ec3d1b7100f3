/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* watch/metrics: the text that Prometheus reads, to the letter, and as promtool sees it. */
#include "hub/watch/metrics.h"
#include "tests/support/support.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double bound[] = { 0.1, 0.5, 1 };
static const struct watch_metric requests = { "trundle_requests", "Requests answered\nby \"path\\\".", WATCH_COUNTER, NULL, { "path", "status", NULL, NULL }, NULL, 0 };
static const struct watch_metric level = { "trundle_level_ratio", "How full.", WATCH_GAUGE, "ratio", { NULL }, NULL, 0 };
static const struct watch_metric latency = { "trundle_latency_seconds", "How long.", WATCH_HISTOGRAM, "seconds", { NULL }, bound, 3 };
static const struct watch_metric many = { "trundle_many", "One series a name.", WATCH_GAUGE, NULL, { "name", NULL, NULL, NULL }, NULL, 0 };

static struct watch_metrics *made(void)
{
    struct watch_metrics *m = NULL;

    assert_int_equal(watch_metrics_new(&m), TRUNDLE_OK);
    return m;
}

static char *printed(struct watch_metrics *m, enum watch_format format)
{
    struct bytes out = { 0 };
    struct trundle_error err;

    support_ok(watch_metrics_print(m, format, &out, &err), &err);
    return (char *)out.data;
}

static struct watch_metrics *filled(void)
{
    struct watch_metrics *m = made();

    watch_metric_add(m, &requests, (const char *[]){ "/a \"b\"\\\n", "200" }, 2);
    watch_metric_add(m, &requests, (const char *[]){ "/a \"b\"\\\n", "200" }, 1);
    watch_metric_add(m, &requests, (const char *[]){ "/\xff", "404" }, 1);
    watch_metric_set(m, &level, NULL, 0.1);
    watch_metric_observe(m, &latency, NULL, 0.1);
    watch_metric_observe(m, &latency, NULL, 0.3);
    watch_metric_observe(m, &latency, NULL, 7);
    watch_metric_observe(m, &latency, NULL, (double)NAN);
    return m;
}

static void text_is_as_the_format_says(void **state)
{
    static const char expected[] =
        "# HELP trundle_latency_seconds How long.\n# TYPE trundle_latency_seconds histogram\n"
        "trundle_latency_seconds_bucket{le=\"0.1\"} 1\ntrundle_latency_seconds_bucket{le=\"0.5\"} 2\ntrundle_latency_seconds_bucket{le=\"1\"} 2\n"
        "trundle_latency_seconds_bucket{le=\"+Inf\"} 3\ntrundle_latency_seconds_sum 7.4\ntrundle_latency_seconds_count 3\n"
        "# HELP trundle_level_ratio How full.\n# TYPE trundle_level_ratio gauge\ntrundle_level_ratio 0.1\n"
        "# HELP trundle_metrics_series_refused_total Series that were dropped because there were too many.\n# TYPE trundle_metrics_series_refused_total counter\n"
        "trundle_metrics_series_refused_total 0\n"
        "# HELP trundle_requests_total Requests answered\\nby \"path\\\\\".\n# TYPE trundle_requests_total counter\n"
        "trundle_requests_total{path=\"/a \\\"b\\\"\\\\\\n\",status=\"200\"} 3\ntrundle_requests_total{path=\"/\xef\xbf\xbd\",status=\"404\"} 1\n";
    struct watch_metrics *m = filled();
    char *text = printed(m, WATCH_TEXT_004);

    (void)state;
    assert_string_equal(text, expected);
    free(text);
    watch_metrics_free(m);
}

static void openmetrics_differs_where_it_must(void **state)
{
    struct watch_metrics *m = filled();
    char *text = printed(m, WATCH_OPENMETRICS);

    (void)state;
    assert_non_null(strstr(text, "# TYPE trundle_requests counter\n"));
    assert_non_null(strstr(text, "\ntrundle_requests_total{"));
    assert_non_null(strstr(text, "# UNIT trundle_latency_seconds seconds\n"));
    assert_non_null(strstr(text, "{le=\"1.0\"} 2\n"));
    assert_non_null(strstr(text, "by \\\"path\\\\\\\"."));
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    free(text);
    watch_metrics_free(m);
}

static void accept_chooses(void **state)
{
    (void)state;
    assert_int_equal(watch_metrics_format(NULL), WATCH_TEXT_004);
    assert_int_equal(watch_metrics_format(""), WATCH_TEXT_004);
    assert_int_equal(watch_metrics_format("*/*"), WATCH_TEXT_004);
    assert_int_equal(watch_metrics_format("text/html,*/*;q=0.8"), WATCH_TEXT_004);
    assert_int_equal(watch_metrics_format("application/openmetrics-text"), WATCH_OPENMETRICS);
    assert_int_equal(watch_metrics_format("application/openmetrics-textual"), WATCH_TEXT_004);
    assert_int_equal(watch_metrics_format("application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"), WATCH_OPENMETRICS);
    assert_int_equal(watch_metrics_format("text/plain;version=0.0.4;q=0.9, application/openmetrics-text; version=1.0.0; q=0.3"), WATCH_TEXT_004);
    assert_int_equal(watch_metrics_format("application/openmetrics-text;q=0"), WATCH_TEXT_004);
    assert_int_equal(watch_metrics_format("application/openmetrics-text;q=x"), WATCH_TEXT_004);
}

/* promtool 2.42 knows the 0.0.4 text. A metric that it would complain about proves that it looks. */
static void promtool_is_content(void **state)
{
    static const struct watch_metric bad = { "trundle_wait_milliseconds", "Named in no base unit.", WATCH_GAUGE, "milliseconds", { NULL }, NULL, 0 };
    struct watch_metrics *m = filled();
    const char *path = support_scratch();
    char file[4096], *text, *said = NULL;
    struct trundle_error err;

    (void)state;
    if (support_shell(NULL, "command -v promtool >/dev/null") != 0) {
        watch_metrics_free(m);
        support_skip("no promtool");
    }
    (void)snprintf(file, sizeof file, "%s/metrics", path);
    text = printed(m, WATCH_TEXT_004);
    support_ok(file_write(file, text, strlen(text), &err), &err);
    free(text);
    assert_int_equal(support_shell(&said, "promtool check metrics <'%s' 2>&1", file), 0);
    assert_string_equal(said, "");
    free(said);
    watch_metric_set(m, &bad, NULL, 1);
    text = printed(m, WATCH_TEXT_004);
    support_ok(file_write(file, text, strlen(text), &err), &err);
    free(text);
    assert_int_not_equal(support_shell(NULL, "promtool check metrics <'%s' >/dev/null 2>&1", file), 0);
    watch_metrics_free(m);
}

static void series_have_an_end(void **state)
{
    struct watch_metrics *m = made();
    char name[32], *text;

    (void)state;
    for (int i = 0; i < WATCH_SERIES_MAX + 10; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        watch_metric_set(m, &many, (const char *[]){ name }, i);
    }
    text = printed(m, WATCH_TEXT_004);
    assert_non_null(strstr(text, "trundle_metrics_series_refused_total 11\n"));      /* its own series counts */
    free(text);
    assert_near(watch_metric_value(m, &many, (const char *[]){ "n77" }), 77, 0);
    watch_metric_clear(m, &many);
    assert_near(watch_metric_value(m, &many, (const char *[]){ "n77" }), 0, 0);
    watch_metric_set(m, &many, (const char *[]){ "new" }, 1);
    text = printed(m, WATCH_TEXT_004);
    assert_non_null(strstr(text, "trundle_many{name=\"new\"} 1\n"));
    assert_null(strstr(text, "n77"));
    free(text);
    watch_metrics_free(m);
}

static void *adds(void *user)
{
    for (int i = 0; i < 20000; i++)
        watch_metric_add(user, &requests, (const char *[]){ i % 2 ? "/a" : "/b", "200" }, 1);
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    struct watch_metrics *m = made();
    pthread_t thread[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, adds, m), 0);
    for (int i = 0; i < 4; i++)
        (void)pthread_join(thread[i], NULL);
    assert_near(watch_metric_value(m, &requests, (const char *[]){ "/a", "200" }), 40000, 0);
    watch_metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_as_the_format_says), cmocka_unit_test(openmetrics_differs_where_it_must), cmocka_unit_test(accept_chooses),
        cmocka_unit_test(promtool_is_content),        cmocka_unit_test(series_have_an_end),                cmocka_unit_test(threads_lose_nothing),
    };

    return support_run(tests);
}
