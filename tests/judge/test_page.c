/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/notes and judge/page: mistakes are found, named and travel whole; the page holds the figures, asks nobody for anything, and
 * takes no text for markup. */
#include "base/std/json.h"
#include "lab/judge/inner.h"
#include "lab/judge/page.h"
#include "tests/judge/hand_trip.h"

#include <stdio.h>

static const char hostile[] = "</script><script>alert(1)</script>\xc3\xa9&\"'";

static void noted(const struct trip *t, struct judge_notes *out)
{
    struct trundle_error err = { 0 };

    support_ok(judge_notes_find(&t->truth, &t->prediction, NULL, out, &err), &err);
}

static void a_right_trip_has_no_mistakes(void **state)
{
    struct trip t;
    struct judge_notes notes = { 0 };

    (void)state;
    trip_init(&t);
    noted(&t, &notes);
    assert_int_equal(notes.notes_n, 0);
    assert_int_equal(notes.mistakes[0] + notes.mistakes[1] + notes.mistakes[2], 0);
    judge_notes_done(&notes);
}

static void each_mistake_is_found(void **state)
{
    struct trip t;
    struct judge_notes notes = { 0 };

    (void)state;
    trip_init(&t);
    t.true_event[0].slices = 5;
    t.true_event[0].scanned = true;
    t.event[0].product = OATS;                 /* milk taken for oats */
    t.event[1].t_ns = S_NS(25);                /* oats: missed at 20 s, phantom at 25 s */
    t.event[3].p = 0.95f;                      /* a take is in no bin */
    t.event[2].p = 0.35f;
    t.event[0].p = 1;
    t.event[1].p = NAN;
    noted(&t, &notes);
    assert_int_equal(notes.notes_n, 3);
    assert_int_equal(notes.mistakes[JUDGE_WRONG], 1);
    assert_int_equal(notes.mistakes[JUDGE_MISSED], 1);
    assert_int_equal(notes.mistakes[JUDGE_PHANTOM], 1);
    for (size_t i = 0; i < 3; i++) {
        const struct judge_note *n = &notes.note[i];

        assert_true(n->mistake == JUDGE_WRONG ? n->t_ns == S_NS(10) && n->truth.key == MILK.key && n->taken.key == OATS.key && n->slices == 5 && n->scanned
                    : n->mistake == JUDGE_MISSED ? n->t_ns == S_NS(20) && n->truth.key == OATS.key && !n->taken.key
                                                 : n->t_ns == S_NS(25) && !n->truth.key && n->taken.key == OATS.key);
    }
    assert_int_equal(notes.bin[3].n, 1);
    assert_int_equal(notes.bin[3].right, 1);
    assert_int_equal(notes.bin[9].n, 1);
    assert_int_equal(notes.bin[9].right, 0);
    judge_notes_done(&notes);
}

/* A result with all there is in it. */
static void fill(struct judge_result *r)
{
    struct judge_notes *n = &r->notes;

    *r = (struct judge_result){ .seed = 17, .slices_n = 1, .slice = calloc(1, sizeof *r->slice) };
    assert_non_null(r->slice);
    (void)snprintf(r->store, sizeof r->store, "3");
    (void)snprintf(r->suite, sizeof r->suite, "smoke");
    (void)snprintf(r->slice[0].name, sizeof r->slice[0].name, "<b>bold</b>");
    r->tally[JUDGE_UNAIDED].key[JUDGE_errors_per_100] = (struct judge_sum){ 1, 8, 8 };
    r->tally[JUDGE_UNAIDED].key[JUDGE_event_f1] = (struct judge_sum){ 14, 16, 8 };
    r->slice[0].tally[JUDGE_UNAIDED].key[JUDGE_event_f1] = (struct judge_sum){ 2, 4, 2 };
    n->note = calloc(1, sizeof *n->note);
    n->event = calloc(2, sizeof *n->event);
    n->shot = calloc(3, sizeof *n->shot);
    assert_true(n->note && n->event && n->shot);
    n->notes_n = 1;
    n->events_n = 2;
    n->mistakes[JUDGE_WRONG] = 1;
    n->note[0] = (struct judge_note){ .t_ns = S_NS(12.5), .mistake = JUDGE_WRONG, .kind = TRUNDLE_EVENT_PUT, .truth = MILK, .taken = OATS, .slices = 1, .cents = 299 };
    (void)snprintf(n->note[0].truth_name, JUDGE_NOTE_NAME, "%s", hostile);
    (void)snprintf(n->note[0].taken_name, JUDGE_NOTE_NAME, "%s", "bad \xff bytes");
    (void)snprintf(n->path, sizeof n->path, "%s", "trips/<i>17.mcap");
    n->event[1].t_ns = S_NS(4);
    n->bin[7] = (struct judge_bin){ 4, 3, 3.1 };
    for (n->shots_n = 0; n->shots_n < 3; n->shots_n++) {
        n->shot[n->shots_n] = (struct judge_shot){ .kind = n->shots_n == 0 ? JUDGE_SHOT_BEFORE : n->shots_n == 1 ? JUDGE_SHOT_AFTER : JUDGE_SHOT_TRUTH, .t_ns = S_NS(12),
                                                   .jpeg = malloc(5), .jpeg_n = 5 };
        memcpy(n->shot[n->shots_n].jpeg, "\xff\xd8pic", 5);
    }
}

static void notes_travel_whole_or_not_at_all(void **state)
{
    struct judge_result r, back;
    struct bytes b = { 0 };

    (void)state;
    fill(&r);
    support_ok(judge_result_print(&r, &b), NULL);
    support_ok(judge_result_parse(b.data, b.n, &back), NULL);
    assert_int_equal(back.notes.notes_n, 1);
    assert_memory_equal(back.notes.note, r.notes.note, sizeof *r.notes.note);
    assert_int_equal(back.notes.events_n, 2);
    assert_true(back.notes.event[1].t_ns == S_NS(4));
    assert_int_equal(back.notes.shots_n, 3);
    assert_memory_equal(back.notes.shot[2].jpeg, "\xff\xd8pic", 5);
    assert_string_equal(back.notes.path, r.notes.path);
    judge_result_done(&back);
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *cut = malloc(n + 1);

        assert_non_null(cut);
        memcpy(cut, b.data, n);
        assert_int_equal(judge_result_parse(cut, n, &back), TRUNDLE_CORRUPT);
        free(cut);
    }
    bytes_done(&b);
    judge_result_done(&r);
}

static struct bytes page_of(const struct judge_result *r, size_t n, struct bytes *out_json)
{
    struct judge_page_about about = { .command = "trundle eval <x> --report y.html", .system = "trundle", .build = "0", .made = "2026-01-01" };
    struct judge_report report;
    struct judge_page *page;
    struct trundle_error err = { 0 };
    struct bytes html = { 0 };

    support_ok(judge_report_make(r, n, 1, &report, &err), &err);
    support_ok(judge_page_new(&page, &err), &err);
    for (size_t i = 0; i < n; i++)
        support_ok(judge_page_add(page, &r[i]), NULL);
    support_ok(judge_page_json(page, &report, &about, out_json), NULL);
    support_ok(judge_page_html(out_json, &html), NULL);
    support_ok(bytes_append(&html, "", 1), NULL);
    judge_page_free(page);
    judge_report_done(&report);
    return html;
}

static size_t times(const char *text, const char *what)
{
    size_t n = 0;

    for (text = strstr(text, what); text; text = strstr(text + 1, what))
        n++;
    return n;
}

static void the_page_holds_the_figures_and_nothing_foreign(void **state)
{
    struct judge_result r;
    struct bytes json = { 0 }, html;
    json_t *root, *m;
    const char *text;

    (void)state;
    fill(&r);
    html = page_of(&r, 1, &json);
    text = (const char *)html.data;
    support_ok(json_parse(json.data, json.n, "page", &root, NULL), NULL);
    assert_near(json_real_value(json_object_get(json_object_get(json_object_get(json_object_get(root, "figures"), "unaided"), "errors_per_100"), "value")), 12.5, 1e-9);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "mistakes"), "wrong")), 1);
    m = json_array_get(json_object_get(root, "moments"), 0);
    assert_near(json_real_value(json_object_get(m, "t_s")), 12.5, 1e-9);
    assert_string_equal(json_string_value(json_object_get(json_object_get(m, "truth"), "name")), hostile);
    assert_string_equal(json_string_value(json_object_get(json_object_get(m, "taken"), "name")), "?");
    assert_int_equal(json_array_size(json_object_get(m, "pictures")), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(m, "pictures"), 0), "jpeg")), "/9hwaWM=");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(root, "confusion"), 0), "n")), 1);
    assert_near(json_real_value(json_object_get(json_array_get(json_object_get(root, "f1_by_items"), 1), "value")), 0.875, 1e-9);
    json_decref(root);
    /* The figure stands in the page too, and the page is whole. */
    assert_non_null(strstr(text, "\"errors_per_100\":{\"value\":12.5"));
    assert_non_null(strstr(text, "<!doctype html>"));
    assert_non_null(strstr(text, "</html>"));
    assert_null(strstr(text, "@DATA@"));
    /* Nothing is asked of anybody: one name of a namespace, no address, no import, no source but data. */
    assert_int_equal(times(text, "http://") + times(text, "https://"), times(text, "'http://www.w3.org/2000/svg'"));
    assert_null(strstr(text, "url("));
    assert_null(strstr(text, "@import"));
    assert_null(strstr(text, "<link"));
    assert_null(strstr(text, "src=\""));
    assert_non_null(strstr(text, "default-src 'none'"));
    /* A hostile name ends no element and begins none: two script elements are the page's own. */
    assert_int_equal(times(text, "<script"), 2);
    assert_int_equal(times(text, "</script"), 2);
    assert_null(strstr(text, "<b>bold"));
    assert_null(strstr(text, "innerHTML"));
    bytes_done(&json);
    bytes_done(&html);
    judge_result_done(&r);
}

/* However many mistakes there are, the page stays small and shows the dearest. */
static void the_page_is_bounded(void **state)
{
    enum { TRIPS = 60 };
    static struct judge_result r[TRIPS];
    struct bytes json = { 0 }, html;
    json_t *root;

    (void)state;
    for (int i = 0; i < TRIPS; i++) {
        fill(&r[i]);
        r[i].seed = i;
        r[i].notes.note[0].cents = 100 + i;
        for (size_t s = 0; s < r[i].notes.shots_n; s++) {
            free(r[i].notes.shot[s].jpeg);
            r[i].notes.shot[s].jpeg = calloc(1, 200000);
            assert_non_null(r[i].notes.shot[s].jpeg);
            r[i].notes.shot[s].jpeg_n = 200000;
        }
    }
    html = page_of(r, TRIPS, &json);
    assert_true(html.n < 4u * JUDGE_PAGE_PICTURE_BYTES / 2);
    support_ok(json_parse(json.data, json.n, "page", &root, NULL), NULL);
    assert_true(json_array_size(json_object_get(root, "moments")) <= JUDGE_PAGE_MOMENTS && json_array_size(json_object_get(root, "moments")) > 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(root, "moments"), 0), "seed")), TRIPS - 1);
    assert_true(json_array_size(json_object_get(root, "worst")) <= JUDGE_PAGE_TRIPS);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(root, "confusion"), 0), "n")), TRIPS);
    json_decref(root);
    bytes_done(&json);
    bytes_done(&html);
    for (int i = 0; i < TRIPS; i++)
        judge_result_done(&r[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_right_trip_has_no_mistakes), cmocka_unit_test(each_mistake_is_found), cmocka_unit_test(notes_travel_whole_or_not_at_all),
                                        cmocka_unit_test(the_page_holds_the_figures_and_nothing_foreign), cmocka_unit_test(the_page_is_bounded) };

    return support_run(tests);
}
