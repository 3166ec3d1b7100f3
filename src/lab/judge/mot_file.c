/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Tracks as MOTChallenge writes them, a box a line. */
#include "lab/judge/mot.h"

#include "base/std/list.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_LEAST = 6, FIELDS_MOST = 12, FIELD_BYTES = 40 };
#define FRAME_MAX 1e9
#define ID_MAX 1e15
#define PLACE_MAX 1e6

static const char form[] = "frame,id,x,y,w,h[,confidence[,...]]";
static const char *const field_name[] = { "frame", "id", "x", "y", "w", "h", "confidence" };

void mot_tracks_done(struct mot_tracks *tracks)
{
    free(tracks->box);
    *tracks = (struct mot_tracks){ 0 };
}

enum trundle_status mot_add(struct mot_tracks *tracks, const struct mot_box *box, struct trundle_error *err)
{
    if (tracks->n == MOT_BOXES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "mot", NULL, "more than %d boxes", MOT_BOXES_MAX);
    if (!list_grow((void **)&tracks->box, sizeof *tracks->box, tracks->n, &tracks->room))
        return error_set(err, TRUNDLE_NO_MEMORY, "mot", NULL, "no memory for %zu boxes", tracks->n);
    tracks->box[tracks->n++] = *box;
    return TRUNDLE_OK;
}

static enum trundle_status take_field(const char *text, size_t n, size_t index, const char *where, double *out, struct trundle_error *err)
{
    char copy[FIELD_BYTES], *end;
    const char *name = index < COUNT_OF(field_name) ? field_name[index] : "a field";

    while (n && (*text == ' ' || *text == '\t')) {
        text++;
        n--;
    }
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
        n--;
    if (n && n < sizeof copy) {
        memcpy(copy, text, n);
        copy[n] = '\0';
        errno = 0;
        *out = strtod(copy, &end);
        if (strspn(copy, "+-.0123456789eE") == n && !*end && errno == 0 && isfinite(*out))
            return TRUNDLE_OK;
    }
    return error_set(err, TRUNDLE_BAD_INPUT, where, form, "field %zu, %s, is no number: '%.*s'", index + 1, name, n < 40 ? (int)n : 40, text);
}

static enum trundle_status take_line(const char *text, size_t n, const char *where, struct mot_tracks *out, struct trundle_error *err)
{
    double field[FIELDS_MOST];
    size_t fields = 0;
    const char *end = text + n;
    struct mot_box box;

    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));

        if (fields == FIELDS_MOST)
            return error_set(err, TRUNDLE_BAD_INPUT, where, form, "more than %d fields", FIELDS_MOST);
        TRY(take_field(text, (size_t)((comma ? comma : end) - text), fields, where, &field[fields], err));
        fields++;
        if (!comma)
            break;
        text = comma + 1;
    }
    if (fields < FIELDS_LEAST)
        return error_set(err, TRUNDLE_BAD_INPUT, where, form, "%zu fields, at least %d are needed", fields, FIELDS_LEAST);
    if (field[0] < 1 || field[0] > FRAME_MAX || field[0] != floor(field[0]))
        return error_set(err, TRUNDLE_BAD_INPUT, where, form, "frame %g is not a whole number from 1", field[0]);
    if (fabs(field[1]) > ID_MAX || field[1] != floor(field[1]))
        return error_set(err, TRUNDLE_BAD_INPUT, where, form, "id %g is not a whole number", field[1]);
    if (fabs(field[2]) > PLACE_MAX || fabs(field[3]) > PLACE_MAX || field[4] < 0 || field[5] < 0 || field[4] > PLACE_MAX || field[5] > PLACE_MAX)
        return error_set(err, TRUNDLE_BAD_INPUT, where, form, "%g,%g,%g,%g is no box", field[2], field[3], field[4], field[5]);
    if (fields > 6 && field[6] >= 0 && field[6] <= 0)
        return TRUNDLE_OK;
    box = (struct mot_box){ .frame = (int64_t)field[0], .id = (int64_t)field[1], .x = field[2], .y = field[3], .w = field[4], .h = field[5] };
    return mot_add(out, &box, err);
}

struct seen { int64_t frame, id; size_t line; };

static int by_seen(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;

    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static enum trundle_status refuse_twins(const struct mot_tracks *t, const size_t *line, const char *where, struct trundle_error *err)
{
    struct seen *seen = malloc((t->n + 1) * sizeof *seen);
    enum trundle_status status = TRUNDLE_OK;

    if (!seen)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for %zu boxes", t->n);
    for (size_t i = 0; i < t->n; i++)
        seen[i] = (struct seen){ t->box[i].frame, t->box[i].id, line[i] };
    if (t->n)
        qsort(seen, t->n, sizeof *seen, by_seen);
    for (size_t i = 1; i < t->n && status == TRUNDLE_OK; i++)
        if (seen[i].frame == seen[i - 1].frame && seen[i].id == seen[i - 1].id)
            status = error_set(err, TRUNDLE_BAD_INPUT, where, "an id stands for one thing, and is once in a frame", "line %zu: id %lld is in frame %lld already, line %zu",
                               seen[i].line, (long long)seen[i].id, (long long)seen[i].frame, seen[i - 1].line);
    free(seen);
    return status;
}

enum trundle_status mot_parse(const void *bytes, size_t n, const char *where, struct mot_tracks *out, struct trundle_error *err)
{
    struct mot_tracks made = { 0 };
    size_t *line_of = NULL, room = 0;
    const char *text = bytes, *end = text + n;
    enum trundle_status status = TRUNDLE_OK;

    for (size_t line = 1; text < end && status == TRUNDLE_OK; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((stop ? stop : end) - text), before = made.n;
        char at[160];

        (void)snprintf(at, sizeof at, "%.120s, line %zu", where, line);
        if (length && !(length == 1 && *text == '\r'))
            status = take_line(text, length, at, &made, err);
        if (status == TRUNDLE_OK && made.n > before) {
            if (list_grow((void **)&line_of, sizeof *line_of, before, &room))
                line_of[before] = line;
            else
                status = error_set(err, TRUNDLE_NO_MEMORY, at, NULL, "no memory for %zu boxes", made.n);
        }
        text = stop ? stop + 1 : end;
    }
    if (status == TRUNDLE_OK)
        status = refuse_twins(&made, line_of, where, err);
    free(line_of);
    if (status != TRUNDLE_OK)
        mot_tracks_done(&made);
    else
        *out = made;
    return status;
}
