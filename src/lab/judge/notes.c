/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Mistakes of one trip, the pictures around them, and how both travel from a worker. */
#include "lab/judge/notes.h"

#include "base/std/status.h"
#include "base/std/time.h"
#include "base/trip/trip.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct matching { const struct judge_truth *truth; const struct judge_prediction *prediction; const size_t *exact, *taken; };

static bool exact_cost(const void *user, size_t i, size_t j, int64_t *out_cost)
{
    const struct matching *m = user;

    return judge_event_fits(m->truth, &m->truth->event[i], &m->prediction->event[j], false, out_cost);
}

/* Only what the exact matching left over. */
static bool loose_cost(const void *user, size_t i, size_t j, int64_t *out_cost)
{
    const struct matching *m = user;

    return m->exact[i] == SIZE_MAX && m->taken[j] == SIZE_MAX && judge_event_fits(m->truth, &m->truth->event[i], &m->prediction->event[j], true, out_cost);
}

static int64_t worth(const struct judge_truth *truth, const struct catalog *catalog, const struct judge_event *e)
{
    int64_t cents;

    if (!e || !catalog || catalog_price(catalog, e->product, truth->start_wall_ns, false, &cents) != TRUNDLE_OK)
        return -1;
    return e->by_weight ? (int64_t)llround((double)cents * e->weight_g * 1e-3) : cents;
}

static void name_of(const struct catalog *catalog, struct trundle_product product, char out[JUDGE_NOTE_NAME])
{
    const struct catalog_product *p = catalog ? catalog_find(catalog, product) : NULL;

    (void)snprintf(out, JUDGE_NOTE_NAME, "%s", p ? p->name : "");
    if (strlen(out) == JUDGE_NOTE_NAME - 1) {      /* cut: not in the middle of a character */
        size_t n = JUDGE_NOTE_NAME - 1;

        while (n && ((unsigned char)out[n - 1] & 0xc0) == 0x80)
            n--;
        out[n && (unsigned char)out[n - 1] >= 0xc0 ? n - 1 : n] = '\0';
    }
}

static void note(const struct judge_truth *truth, const struct catalog *catalog, const struct judge_event *t, const struct judge_event *q, struct judge_notes *out)
{
    int64_t a = worth(truth, catalog, t), b = worth(truth, catalog, q);
    struct judge_note n = { .t_ns = t ? t->t_ns : q->t_ns, .mistake = t && q ? JUDGE_WRONG : t ? JUDGE_MISSED : JUDGE_PHANTOM, .kind = t ? t->kind : q->kind,
                            .truth = t ? t->product : (struct trundle_product){ 0 }, .taken = q ? q->product : (struct trundle_product){ 0 },
                            .slices = t ? t->slices : 0, .cents = a > b ? a : b, .scanned = t && t->scanned };

    out->mistakes[n.mistake]++;
    if (t)
        name_of(catalog, t->product, n.truth_name);
    if (q)
        name_of(catalog, q->product, n.taken_name);
    out->note[out->notes_n++] = n;
}

static void fill_bins(const struct judge_prediction *prediction, const size_t *taken, struct judge_notes *out)
{
    for (size_t j = 0; j < prediction->events_n; j++) {
        const struct judge_event *q = &prediction->event[j];
        int i = q->p >= 0 && q->p <= 1 ? (int)(q->p * JUDGE_BINS) : -1;

        if (i < 0 || q->kind != TRUNDLE_EVENT_PUT || !prediction->has_decisions)
            continue;
        i = i == JUDGE_BINS ? i - 1 : i;
        out->bin[i].n++;
        out->bin[i].right += taken[j] != SIZE_MAX;
        out->bin[i].p += (double)q->p;
    }
}

static int dearest_first(const void *a, const void *b)
{
    const struct judge_note *x = a, *y = b;

    if (x->cents != y->cents)
        return x->cents < y->cents ? 1 : -1;
    return (x->t_ns > y->t_ns) - (x->t_ns < y->t_ns);
}

enum trundle_status judge_notes_find(const struct judge_truth *truth, const struct judge_prediction *prediction, const struct catalog *catalog,
                                     struct judge_notes *out, struct trundle_error *err)
{
    size_t n = truth->events_n, m = prediction->events_n;
    size_t *exact = malloc((n + 1) * sizeof *exact), *loose = malloc((n + 1) * sizeof *loose), *taken = malloc((m + 1) * sizeof *taken);
    struct matching matching = { truth, prediction, exact, taken };
    struct judge_notes notes = { .event = out->event, .events_n = out->events_n };
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    memcpy(notes.path, out->path, sizeof notes.path);
    notes.note = calloc(n + m + 1, sizeof *notes.note);
    if (!exact || !loose || !taken || !notes.note)
        goto out;
    for (size_t j = 0; j < m; j++)
        taken[j] = SIZE_MAX;
    TRY_GOTO(status, judge_match(n, m, exact_cost, &matching, exact), out);
    for (size_t i = 0; i < n; i++)
        if (exact[i] != SIZE_MAX)
            taken[exact[i]] = i;
    fill_bins(prediction, taken, &notes);
    TRY_GOTO(status, judge_match(n, m, loose_cost, &matching, loose), out);
    for (size_t i = 0; i < n; i++) {
        if (exact[i] != SIZE_MAX)
            continue;
        note(truth, catalog, &truth->event[i], loose[i] == SIZE_MAX ? NULL : &prediction->event[loose[i]], &notes);
        if (loose[i] != SIZE_MAX)
            taken[loose[i]] = i;
    }
    for (size_t j = 0; j < m; j++)
        if (taken[j] == SIZE_MAX)
            note(truth, catalog, NULL, &prediction->event[j], &notes);
    if (notes.notes_n)
        qsort(notes.note, notes.notes_n, sizeof *notes.note, dearest_first);
    if (notes.notes_n > JUDGE_NOTES_MAX)
        notes.notes_n = JUDGE_NOTES_MAX;
    *out = notes;
    notes.note = NULL;
out:
    free(exact);
    free(loose);
    free(taken);
    free(notes.note);
    return status == TRUNDLE_OK ? status : error_set(err, status, "judge", NULL, "no memory to note the mistakes of a trip");
}

enum trundle_status judge_notes_keep(const struct judge_prediction *prediction, struct judge_notes *out, struct trundle_error *err)
{
    struct judge_event *event = malloc((prediction->events_n + 1) * sizeof *event);

    if (!event)
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu events", prediction->events_n);
    if (prediction->events_n)
        memcpy(event, prediction->event, prediction->events_n * sizeof *event);
    free(out->event);
    out->event = event;
    out->events_n = prediction->events_n;
    return TRUNDLE_OK;
}

void judge_notes_done(struct judge_notes *notes)
{
    for (size_t i = 0; i < notes->shots_n; i++)
        free(notes->shot[i].jpeg);
    free(notes->shot);
    free(notes->note);
    free(notes->event);
    *notes = (struct judge_notes){ 0 };
}

static enum trundle_status add_shot(struct judge_notes *notes, struct judge_shot shot, const void *jpeg, size_t n)
{
    if (notes->shots_n == JUDGE_SHOTS_MAX || !n || n > JUDGE_SHOT_BYTES)
        return TRUNDLE_OK;
    shot.jpeg = malloc(n);
    if (!shot.jpeg)
        return TRUNDLE_NO_MEMORY;
    memcpy(shot.jpeg, jpeg, n);
    shot.jpeg_n = n;
    notes->shot[notes->shots_n++] = shot;
    return TRUNDLE_OK;
}

#define BEFORE_NS MS_NS(1200)
#define AFTER_NS  MS_NS(800)
#define REACH_NS  MS_NS(1000)      /* a frame this much further off will do */

/* The last frame before and the first after, of cameras 0 and 1. */
static enum trundle_status shoot(struct trip_reader *reader, uint32_t i, struct judge_notes *notes, struct trundle_error *err)
{
    int64_t t_ns = notes->note[i].t_ns;
    struct bytes before[2] = { { 0 }, { 0 } };
    int64_t before_ns[2] = { 0, 0 };
    bool after[2] = { false, false };
    struct trundle_message m;
    enum trundle_status status;

    TRY(trip_seek(reader, t_ns - BEFORE_NS - REACH_NS, err));
    while ((status = trip_next(reader, &m, err)) == TRUNDLE_OK && m.log_ns < t_ns + AFTER_NS + REACH_NS) {
        if (m.channel != TRUNDLE_CAM || m.sensor > 1)
            continue;
        if (m.sensed_ns <= t_ns - BEFORE_NS) {
            before[m.sensor].n = 0;
            before_ns[m.sensor] = m.sensed_ns;
            TRY_GOTO(status, bytes_append(&before[m.sensor], m.frame.jpeg, m.frame.jpeg_bytes), out);
        } else if (m.sensed_ns >= t_ns + AFTER_NS && !after[m.sensor]) {
            after[m.sensor] = true;
            TRY_GOTO(status, add_shot(notes, (struct judge_shot){ .note = i, .kind = JUDGE_SHOT_AFTER, .camera = m.sensor, .t_ns = m.sensed_ns },
                                      m.frame.jpeg, m.frame.jpeg_bytes), out);
        }
    }
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
    for (uint8_t c = 0; c < 2 && status == TRUNDLE_OK; c++)
        status = add_shot(notes, (struct judge_shot){ .note = i, .kind = JUDGE_SHOT_BEFORE, .camera = c, .t_ns = before_ns[c] }, before[c].data, before[c].n);
out:
    bytes_done(&before[0]);
    bytes_done(&before[1]);
    return status;
}

static enum trundle_status look_up(const char *store_dir, struct trundle_product product, uint32_t i, enum judge_shot_kind kind, struct judge_notes *notes)
{
    char text[TRUNDLE_PRODUCT_TEXT], path[4096];
    struct bytes jpeg = { 0 };
    enum trundle_status status;

    if (!product.key)
        return TRUNDLE_OK;
    (void)trundle_product_text(product, text);
    for (char *c = text; *c; c++)
        *c = *c == ':' ? '-' : *c;
    if ((size_t)snprintf(path, sizeof path, "%s/enrol/%s/1.jpg", store_dir, text) >= sizeof path)
        return TRUNDLE_OK;
    status = file_read(path, JUDGE_SHOT_BYTES, &jpeg, NULL);
    if (status == TRUNDLE_OK)
        status = add_shot(notes, (struct judge_shot){ .note = i, .kind = kind }, jpeg.data, jpeg.n);
    else
        status = TRUNDLE_OK;                       /* a product without a picture */
    bytes_done(&jpeg);
    return status;
}

enum trundle_status judge_notes_look(const char *trip_path, const char *store_dir, struct judge_notes *notes, struct trundle_error *err)
{
    struct trip_reader *reader = NULL;
    enum trundle_status status;
    size_t looked = 0;

    if (!notes->notes_n)
        return TRUNDLE_OK;
    if (!notes->shot)
        notes->shot = calloc(JUDGE_SHOTS_MAX, sizeof *notes->shot);
    if (!notes->shot)
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for pictures");
    TRY(trip_open(trip_path, &reader, err));
    status = TRUNDLE_OK;
    for (uint32_t i = 0; i < JUDGE_NOTES_SHOWN && i < notes->notes_n && status == TRUNDLE_OK; i++)
        status = shoot(reader, i, notes, err);
    for (uint32_t i = 0; store_dir && looked < JUDGE_NOTES_LOOKED && i < notes->notes_n && status == TRUNDLE_OK; i++) {
        if (i >= JUDGE_NOTES_SHOWN && notes->note[i].mistake != JUDGE_WRONG)
            continue;
        looked++;
        status = look_up(store_dir, notes->note[i].truth, i, JUDGE_SHOT_TRUTH, notes);
        if (status == TRUNDLE_OK)
            status = look_up(store_dir, notes->note[i].taken, i, JUDGE_SHOT_TAKEN, notes);
    }
    trip_free(reader);
    return status;
}

enum trundle_status judge_notes_print(const struct judge_notes *notes, struct bytes *out)
{
    TRY(bytes_append(out, notes, sizeof *notes));
    TRY(bytes_append(out, notes->note ? (const void *)notes->note : "", notes->notes_n * sizeof *notes->note));
    TRY(bytes_append(out, notes->event ? (const void *)notes->event : "", notes->events_n * sizeof *notes->event));
    for (size_t i = 0; i < notes->shots_n; i++) {
        TRY(bytes_append(out, &notes->shot[i], sizeof notes->shot[i]));
        TRY(bytes_append(out, notes->shot[i].jpeg, notes->shot[i].jpeg_n));
    }
    return TRUNDLE_OK;
}

static bool take(const uint8_t **at, size_t *left, void *out, size_t n)
{
    if (*left < n)
        return false;
    if (n)
        memcpy(out, *at, n);
    *at += n;
    *left -= n;
    return true;
}

static bool parse_shots(const uint8_t **at, size_t *left, size_t n, struct judge_notes *out)
{
    out->shot = calloc(n + 1, sizeof *out->shot);
    if (!out->shot)
        return false;
    while (out->shots_n < n) {
        struct judge_shot shot;

        if (!take(at, left, &shot, sizeof shot) || shot.jpeg_n > JUDGE_SHOT_BYTES || !(shot.jpeg = malloc(shot.jpeg_n + 1)))
            return false;
        out->shot[out->shots_n++] = shot;
        if (!take(at, left, shot.jpeg, shot.jpeg_n))
            return false;
    }
    return true;
}

bool judge_notes_parse(const uint8_t **at, size_t *left, struct judge_notes *out)
{
    struct judge_notes notes, told;
    bool ok;

    if (!take(at, left, &told, sizeof told) || told.notes_n > JUDGE_NOTES_MAX || told.events_n > JUDGE_EVENTS_MAX || told.shots_n > JUDGE_SHOTS_MAX)
        return false;
    notes = told;
    notes.shot = NULL;
    notes.shots_n = 0;
    notes.note = malloc((notes.notes_n + 1) * sizeof *notes.note);
    notes.event = malloc((notes.events_n + 1) * sizeof *notes.event);
    ok = notes.note && notes.event && take(at, left, notes.note, notes.notes_n * sizeof *notes.note) &&
         take(at, left, notes.event, notes.events_n * sizeof *notes.event) && parse_shots(at, left, told.shots_n, &notes);
    if (!ok) {
        judge_notes_done(&notes);
        return false;
    }
    *out = notes;
    return true;
}
