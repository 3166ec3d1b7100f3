/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a report's page shows, gathered trip by trip, as JSON; and that JSON inside the page. */
#include "lab/judge/page.h"

#include "base/std/json.h"
#include "base/std/list.h"
#include "base/std/rng.h"
#include "base/std/status.h"
#include "base/std/time.h"

#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* web/report, embedded. */
extern const unsigned char embed_report_index[], embed_report_style[], embed_report_script[];
extern const size_t embed_report_index_n, embed_report_style_n, embed_report_script_n;

enum { SIZES = 4, PAIRS_MAX = 4096, RESAMPLES = 1000 };

static const struct { const char *name; uint64_t least, most; } sizes[SIZES] = { { "1-4", 1, 4 }, { "5-9", 5, 9 }, { "10-15", 10, 15 }, { "16 and more", 16, UINT64_MAX } };

struct pair {                          /* a product taken for another */
    struct trundle_product truth, taken;
    char truth_name[JUDGE_NOTE_NAME], taken_name[JUDGE_NOTE_NAME];
    uint64_t n;
    json_t *truth_look, *taken_look;   /* owned; NULL: no picture was met */
};

struct trip {
    int64_t seed, cents;
    char store[JUDGE_STORE];
    uint64_t mistakes[JUDGE_MISTAKES], items;
    double num, den;                   /* of event F1 */
};

struct moment { json_t *value; int64_t cents; size_t bytes; };

struct judge_page {
    struct trip *trip;                 /* owned */
    size_t trips_n, trips_room;
    struct pair *pair;                 /* owned */
    size_t pairs_n, pairs_room;
    struct moment *moment;             /* owned, the dearest first */
    size_t moments_n;
    uint64_t mistakes[JUDGE_MISTAKES];
    struct judge_bin bin[JUDGE_BINS];
};

static const char *const mistake_names[JUDGE_MISTAKES] = { "missed", "phantom", "wrong" };

enum trundle_status judge_page_new(struct judge_page **out, struct trundle_error *err)
{
    struct judge_page *page = calloc(1, sizeof *page);

    if (page)
        page->moment = calloc(JUDGE_PAGE_MOMENTS + 1, sizeof *page->moment);
    if (!page || !page->moment) {
        free(page);
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for a page");
    }
    *out = page;
    return TRUNDLE_OK;
}

void judge_page_free(struct judge_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->pairs_n; i++) {
        json_decref(page->pair[i].truth_look);
        json_decref(page->pair[i].taken_look);
    }
    for (size_t i = 0; i < page->moments_n; i++)
        json_decref(page->moment[i].value);
    free(page->moment);
    free(page->pair);
    free(page->trip);
    free(page);
}

/* Any bytes as a JSON text; what is not UTF-8 becomes "?". */
static json_t *text_of(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();

    return value ? value : json_string("?");
}

static json_t *real_of(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *look_of(const struct judge_notes *notes, uint32_t i, enum judge_shot_kind kind)
{
    for (size_t s = 0; s < notes->shots_n; s++) {
        const struct judge_shot *shot = &notes->shot[s];
        size_t room = sodium_base64_encoded_len(shot->jpeg_n, sodium_base64_VARIANT_ORIGINAL);
        char *text;
        json_t *value;

        if (shot->note != i || shot->kind != kind)
            continue;
        text = malloc(room);
        if (!text)
            return NULL;
        (void)sodium_bin2base64(text, room, shot->jpeg, shot->jpeg_n, sodium_base64_VARIANT_ORIGINAL);
        value = json_string_nocheck(text);
        free(text);
        return value;
    }
    return NULL;
}

static json_t *product_of(struct trundle_product product, const char *name, json_t *look)
{
    char text[TRUNDLE_PRODUCT_TEXT];
    json_t *value = json_object();

    (void)json_object_set_new(value, "id", json_string(trundle_product_text(product, text)));
    (void)json_object_set_new(value, "name", text_of(name));
    if (look)
        (void)json_object_set(value, "look", look);
    return value;
}

static json_t *shots_of(const struct judge_notes *notes, uint32_t i)
{
    json_t *list = json_array();

    for (size_t s = 0; s < notes->shots_n; s++) {
        const struct judge_shot *shot = &notes->shot[s];
        struct judge_notes one = { .shot = notes->shot + s, .shots_n = 1 };
        json_t *value;

        if (shot->note != i || (shot->kind != JUDGE_SHOT_BEFORE && shot->kind != JUDGE_SHOT_AFTER))
            continue;
        value = json_object();
        (void)json_object_set_new(value, "when", json_string(shot->kind == JUDGE_SHOT_BEFORE ? "before" : "after"));
        (void)json_object_set_new(value, "camera", json_integer(shot->camera));
        (void)json_object_set_new(value, "t_s", real_of(ns_s(shot->t_ns)));
        (void)json_object_set_new(value, "jpeg", look_of(&one, i, shot->kind));
        (void)json_array_append_new(list, value);
    }
    return list;
}

static json_t *slices_of(const struct judge_result *r, uint64_t bits)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->slices_n; i++)
        if (bits >> i & 1u)
            (void)json_array_append_new(list, text_of(r->slice[i].name));
    return list;
}

static json_t *moment_of(const struct judge_result *r, uint32_t i)
{
    const struct judge_note *n = &r->notes.note[i];
    json_t *value = json_object(), *truth_look = look_of(&r->notes, i, JUDGE_SHOT_TRUTH), *taken_look = look_of(&r->notes, i, JUDGE_SHOT_TAKEN);

    (void)json_object_set_new(value, "seed", json_integer(r->seed));
    (void)json_object_set_new(value, "store", text_of(r->store));
    (void)json_object_set_new(value, "path", text_of(r->notes.path));
    (void)json_object_set_new(value, "t_s", real_of(ns_s(n->t_ns)));
    (void)json_object_set_new(value, "mistake", json_string(mistake_names[n->mistake]));
    (void)json_object_set_new(value, "kind", json_string(n->kind == TRUNDLE_EVENT_PUT ? "put" : "take"));
    (void)json_object_set_new(value, "truth", n->mistake == JUDGE_PHANTOM ? json_null() : product_of(n->truth, n->truth_name, truth_look));
    (void)json_object_set_new(value, "taken", n->mistake == JUDGE_MISSED ? json_null() : product_of(n->taken, n->taken_name, taken_look));
    (void)json_object_set_new(value, "cents", n->cents < 0 ? json_null() : json_integer(n->cents));
    (void)json_object_set_new(value, "scanned", json_boolean(n->scanned));
    (void)json_object_set_new(value, "slices", slices_of(r, n->slices));
    (void)json_object_set_new(value, "pictures", shots_of(&r->notes, i));
    json_decref(truth_look);
    json_decref(taken_look);
    return value;
}

static size_t picture_bytes(const struct judge_notes *notes, uint32_t i)
{
    size_t n = 0;

    for (size_t s = 0; s < notes->shots_n; s++)
        n += notes->shot[s].note == i ? notes->shot[s].jpeg_n : 0;
    return n;
}

/* Keeps the dearest moments, as many as the page has room for. */
static void keep_moment(struct judge_page *page, const struct judge_result *r, uint32_t i)
{
    size_t at = page->moments_n, total = 0;

    while (at > 0 && page->moment[at - 1].cents < r->notes.note[i].cents)
        at--;
    if (at == JUDGE_PAGE_MOMENTS)
        return;
    memmove(&page->moment[at + 1], &page->moment[at], (page->moments_n - at) * sizeof page->moment[0]);
    page->moment[at] = (struct moment){ moment_of(r, i), r->notes.note[i].cents, picture_bytes(&r->notes, i) };
    page->moments_n++;
    for (size_t k = 0; k < page->moments_n; k++)
        total += page->moment[k].bytes;
    while (page->moments_n > JUDGE_PAGE_MOMENTS || (total > JUDGE_PAGE_PICTURE_BYTES && page->moments_n > 1)) {
        struct moment *last = &page->moment[--page->moments_n];

        total -= last->bytes;
        json_decref(last->value);
    }
}

static enum trundle_status count_pair(struct judge_page *page, const struct judge_notes *notes, uint32_t i)
{
    const struct judge_note *n = &notes->note[i];
    size_t k = 0;
    struct pair *p;

    if (n->mistake != JUDGE_WRONG || !n->truth.key || !n->taken.key || n->truth.key == n->taken.key)
        return TRUNDLE_OK;
    while (k < page->pairs_n && (page->pair[k].truth.key != n->truth.key || page->pair[k].taken.key != n->taken.key || strcmp(page->pair[k].truth_name, n->truth_name) != 0))
        k++;
    if (k == page->pairs_n) {
        if (k == PAIRS_MAX)
            return TRUNDLE_OK;
        if (!list_grow((void **)&page->pair, sizeof *page->pair, k, &page->pairs_room))
            return TRUNDLE_NO_MEMORY;
        page->pair[k] = (struct pair){ .truth = n->truth, .taken = n->taken };
        memcpy(page->pair[k].truth_name, n->truth_name, JUDGE_NOTE_NAME);
        memcpy(page->pair[k].taken_name, n->taken_name, JUDGE_NOTE_NAME);
        page->pairs_n++;
    }
    p = &page->pair[k];
    p->n++;
    if (!p->truth_look && !p->taken_look) {
        p->truth_look = look_of(notes, i, JUDGE_SHOT_TRUTH);
        p->taken_look = look_of(notes, i, JUDGE_SHOT_TAKEN);
    }
    return TRUNDLE_OK;
}

enum trundle_status judge_page_add(struct judge_page *page, const struct judge_result *r)
{
    struct trip *trip;

    if (!list_grow((void **)&page->trip, sizeof *page->trip, page->trips_n, &page->trips_room))
        return TRUNDLE_NO_MEMORY;
    trip = &page->trip[page->trips_n++];
    *trip = (struct trip){ .seed = r->seed, .items = r->tally[JUDGE_UNAIDED].key[JUDGE_errors_per_100].n,
                           .num = r->tally[JUDGE_UNAIDED].key[JUDGE_event_f1].num, .den = r->tally[JUDGE_UNAIDED].key[JUDGE_event_f1].den };
    memcpy(trip->store, r->store, sizeof trip->store);
    memcpy(trip->mistakes, r->notes.mistakes, sizeof trip->mistakes);
    for (int i = 0; i < JUDGE_MISTAKES; i++)
        page->mistakes[i] += r->notes.mistakes[i];
    for (int i = 0; i < JUDGE_BINS; i++) {
        page->bin[i].n += r->notes.bin[i].n;
        page->bin[i].right += r->notes.bin[i].right;
        page->bin[i].p += r->notes.bin[i].p;
    }
    for (uint32_t i = 0; i < r->notes.notes_n; i++) {
        trip->cents += r->notes.note[i].cents > 0 ? r->notes.note[i].cents : 0;
        TRY(count_pair(page, &r->notes, i));
        if (i < JUDGE_NOTES_SHOWN)
            keep_moment(page, r, i);
    }
    return TRUNDLE_OK;
}

/* Event F1 of the trips of one size, with a percentile interval over stores (trips come by store). */
static json_t *f1_of_size(const struct judge_page *page, int size)
{
    struct { double num, den; } *cluster = calloc(page->trips_n + 1, sizeof *cluster);
    double *draw = calloc(RESAMPLES, sizeof *draw), num = 0, den = 0;
    struct rng rng = rng_seed(JUDGE_RESAMPLE_SEED, sizes[size].name);
    json_t *value = json_object();
    size_t clusters = 0, draws = 0;
    uint64_t n = 0;
    const char *store = NULL;

    for (size_t i = 0; cluster && i < page->trips_n; i++) {
        const struct trip *t = &page->trip[i];

        if (t->items < sizes[size].least || t->items > sizes[size].most)
            continue;
        if (!store || strcmp(store, t->store) != 0)
            clusters++;
        store = t->store;
        cluster[clusters - 1].num += t->num;
        cluster[clusters - 1].den += t->den;
        num += t->num;
        den += t->den;
        n++;
    }
    for (int k = 0; draw && clusters > 1 && k < RESAMPLES; k++) {
        double a = 0, b = 0;

        for (size_t i = 0; i < clusters; i++) {
            size_t pick = rng_below(&rng, (uint32_t)clusters);

            a += cluster[pick].num;
            b += cluster[pick].den;
        }
        if (b > 0)
            draw[draws++] = a / b;
    }
    if (draws)
        qsort(draw, draws, sizeof *draw, list_by_double);
    (void)json_object_set_new(value, "name", json_string(sizes[size].name));
    (void)json_object_set_new(value, "n", json_integer((json_int_t)n));
    (void)json_object_set_new(value, "value", real_of(den > 0 ? num / den : (double)NAN));
    (void)json_object_set_new(value, "lo", real_of(draws ? draw[(size_t)(0.025 * (double)(draws - 1))] : (double)NAN));
    (void)json_object_set_new(value, "hi", real_of(draws ? draw[(size_t)(0.975 * (double)(draws - 1))] : (double)NAN));
    free(cluster);
    free(draw);
    return value;
}

static int most_pairs(const void *a, const void *b)
{
    const struct pair *x = *(const struct pair *const *)a, *y = *(const struct pair *const *)b;

    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    if (!x->truth_look != !y->truth_look)
        return x->truth_look ? -1 : 1;
    return (x->truth.key > y->truth.key) - (x->truth.key < y->truth.key);
}

static json_t *pairs_json(const struct judge_page *page)
{
    const struct pair **sorted = calloc(page->pairs_n + 1, sizeof *sorted);
    json_t *list = json_array();

    for (size_t i = 0; sorted && i < page->pairs_n; i++)
        sorted[i] = &page->pair[i];
    if (sorted && page->pairs_n)
        qsort(sorted, page->pairs_n, sizeof *sorted, most_pairs);
    for (size_t i = 0; sorted && i < page->pairs_n && i < JUDGE_PAGE_PAIRS; i++) {
        json_t *value = json_object();

        (void)json_object_set_new(value, "truth", product_of(sorted[i]->truth, sorted[i]->truth_name, sorted[i]->truth_look));
        (void)json_object_set_new(value, "taken", product_of(sorted[i]->taken, sorted[i]->taken_name, sorted[i]->taken_look));
        (void)json_object_set_new(value, "n", json_integer((json_int_t)sorted[i]->n));
        (void)json_array_append_new(list, value);
    }
    free(sorted);
    return list;
}

static uint64_t mistakes_of(const struct trip *t)
{
    return t->mistakes[JUDGE_MISSED] + t->mistakes[JUDGE_PHANTOM] + t->mistakes[JUDGE_WRONG];
}

static int worst_first(const void *a, const void *b)
{
    const struct trip *x = *(const struct trip *const *)a, *y = *(const struct trip *const *)b;

    if (mistakes_of(x) != mistakes_of(y))
        return mistakes_of(x) < mistakes_of(y) ? 1 : -1;
    return (x->seed > y->seed) - (x->seed < y->seed);
}

static json_t *counts_json(const uint64_t mistakes[JUDGE_MISTAKES])
{
    json_t *value = json_object();

    for (int i = 0; i < JUDGE_MISTAKES; i++)
        (void)json_object_set_new(value, mistake_names[i], json_integer((json_int_t)mistakes[i]));
    return value;
}

static json_t *trips_json(const struct judge_page *page)
{
    const struct trip **sorted = calloc(page->trips_n + 1, sizeof *sorted);
    json_t *list = json_array();

    for (size_t i = 0; sorted && i < page->trips_n; i++)
        sorted[i] = &page->trip[i];
    if (sorted && page->trips_n)
        qsort(sorted, page->trips_n, sizeof *sorted, worst_first);
    for (size_t i = 0; sorted && i < page->trips_n && i < JUDGE_PAGE_TRIPS && mistakes_of(sorted[i]); i++) {
        json_t *value = counts_json(sorted[i]->mistakes);

        (void)json_object_set_new(value, "seed", json_integer(sorted[i]->seed));
        (void)json_object_set_new(value, "store", text_of(sorted[i]->store));
        (void)json_object_set_new(value, "items", json_integer((json_int_t)sorted[i]->items));
        (void)json_object_set_new(value, "cents", json_integer(sorted[i]->cents));
        (void)json_array_append_new(list, value);
    }
    free(sorted);
    return list;
}

static json_t *bins_json(const struct judge_page *page)
{
    json_t *list = json_array();

    for (int i = 0; i < JUDGE_BINS; i++) {
        const struct judge_bin *b = &page->bin[i];
        json_t *value = json_object();

        (void)json_object_set_new(value, "n", json_integer((json_int_t)b->n));
        (void)json_object_set_new(value, "p", real_of(b->n ? b->p / (double)b->n : (double)NAN));
        (void)json_object_set_new(value, "right", real_of(b->n ? (double)b->right / (double)b->n : (double)NAN));
        (void)json_array_append_new(list, value);
    }
    return list;
}

static json_t *about_json(const struct judge_report *report, const struct judge_page_about *about)
{
    json_t *value = json_object();

    (void)json_object_set_new(value, "command", text_of(about->command));
    (void)json_object_set_new(value, "system", text_of(about->system));
    (void)json_object_set_new(value, "build", text_of(about->build));
    (void)json_object_set_new(value, "made", text_of(about->made));
    (void)json_object_set_new(value, "made_for_suite", text_of(about->suite));
    (void)json_object_set_new(value, "suite", text_of(report->suite));
    (void)json_object_set_new(value, "seed0", json_integer(report->seed0));
    (void)json_object_set_new(value, "trips", json_integer((json_int_t)report->trips));
    (void)json_object_set_new(value, "stores", json_integer((json_int_t)report->stores));
    (void)json_object_set_new(value, "failed", json_integer((json_int_t)report->failed));
    (void)json_object_set_new(value, "by_store", json_boolean(report->by_store));
    return value;
}

enum trundle_status judge_page_json(const struct judge_page *page, const struct judge_report *report, const struct judge_page_about *about, struct bytes *out)
{
    struct bytes text = { 0 };
    json_t *root = json_object(), *figures = NULL, *moments = json_array(), *by_size = json_array();
    char *dumped = NULL;
    enum trundle_status status;

    TRY_GOTO(status, judge_report_json(report, &text), out);
    TRY_GOTO(status, json_parse(text.data, text.n, "figures", &figures, NULL), out);
    for (size_t i = 0; i < page->moments_n; i++)
        (void)json_array_append(moments, page->moment[i].value);
    for (int i = 0; i < SIZES; i++)
        (void)json_array_append_new(by_size, f1_of_size(page, i));
    (void)json_object_set_new(root, "about", about_json(report, about));
    (void)json_object_set(root, "figures", figures);
    (void)json_object_set_new(root, "mistakes", counts_json(page->mistakes));
    (void)json_object_set(root, "f1_by_items", by_size);
    (void)json_object_set_new(root, "calibration", bins_json(page));
    (void)json_object_set_new(root, "confusion", pairs_json(page));
    (void)json_object_set(root, "moments", moments);
    (void)json_object_set_new(root, "worst", trips_json(page));
    dumped = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
    status = dumped ? bytes_append(out, dumped, strlen(dumped)) : TRUNDLE_NO_MEMORY;
out:
    free(dumped);
    json_decref(by_size);
    json_decref(moments);
    json_decref(figures);
    json_decref(root);
    bytes_done(&text);
    return status;
}

/* JSON inside a script element: no '<' may end it, whatever a product is called. */
static enum trundle_status append_data(const struct bytes *json, struct bytes *out)
{
    size_t from = 0;

    for (size_t i = 0; i < json->n; i++)
        if (json->data[i] == '<') {
            TRY(bytes_append(out, json->data + from, i - from));
            TRY(bytes_append(out, "\\u003c", 6));
            from = i + 1;
        }
    return bytes_append(out, json->data + from, json->n - from);
}

enum trundle_status judge_page_html(const struct bytes *json, struct bytes *out)
{
    static const char *const marks[3] = { "@STYLE@", "@DATA@", "@SCRIPT@" };
    const char *at = (const char *)embed_report_index, *end = at + embed_report_index_n;

    for (int i = 0; i < 3; i++) {
        const char *mark = strstr(at, marks[i]);

        if (!mark || mark >= end)
            return TRUNDLE_CORRUPT;            /* web/report/index.html holds the three, in this order */
        TRY(bytes_append(out, at, (size_t)(mark - at)));
        if (i == 0)
            TRY(bytes_append(out, embed_report_style, embed_report_style_n));
        else if (i == 1)
            TRY(append_data(json, out));
        else
            TRY(bytes_append(out, embed_report_script, embed_report_script_n));
        at = mark + strlen(marks[i]);
    }
    return bytes_append(out, at, (size_t)(end - at));
}
