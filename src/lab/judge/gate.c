/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A gate file to rules: words, numbers, operators; one statement a line (gate.h). */
#include "lab/judge/gate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char figure_hint[] = "KEY [of SLICE] [unaided|aided] >=|<=|>|< NUMBER [UNIT] [with 95 % confidence]";
static const char compare_hint[] = "[KEY] [unaided|aided] not worse than FILE [on all|on any slice [of N trips]|on SLICE] by more than NUMBER points|UNIT";

/* One line; `at` is the next character. */
struct reader { const char *text, *at, *end, *where; size_t line; struct trundle_error *err; };

static enum trundle_status refuse(const struct reader *r, const char *at, const char *hint, const char *what, const char *word, size_t n)
{
    char where[200];

    (void)snprintf(where, sizeof where, "%.120s, line %zu, column %zu", r->where, r->line, (size_t)(at - r->text) + 1);
    return error_set(r->err, TRUNDLE_BAD_INPUT, where, hint, n ? "%s '%.*s'" : "%s", what, n < 60 ? (int)n : 60, word);
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool stops(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '<' || c == '>' || c == '%';
}

static size_t word_length(struct reader *r)
{
    const char *p;

    skip_blanks(r);
    for (p = r->at; p < r->end && !stops(*p); p++)
        ;
    return (size_t)(p - r->at);
}

/* True and past it when the next word is this one. */
static bool take_word(struct reader *r, const char *word)
{
    size_t n = word_length(r);

    if (n != strlen(word) || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool at_word(struct reader *r, const char *word)
{
    const char *before = r->at;
    bool is = take_word(r, word);

    r->at = before;
    return is;
}

/* Several words in a row, or none of them. */
static bool take_words(struct reader *r, const char *const *word)
{
    const char *before = r->at;

    for (; *word; word++)
        if (!take_word(r, *word)) {
            r->at = before;
            return false;
        }
    return true;
}
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bool take_letter(struct reader *r, char letter)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != letter)
        return false;
    r->at++;
    return true;
}

static enum trundle_status need_name(struct reader *r, const char *what, const char *hint, char *out, size_t size)
{
    size_t n = word_length(r);

    if (!n)
        return refuse(r, r->at, hint, what, "", 0);
    if (n >= size)
        return refuse(r, r->at, hint, "too long a name", r->at, n);
    memcpy(out, r->at, n);
    out[n] = '\0';
    r->at += n;
    return TRUNDLE_OK;
}

static enum trundle_status need_number(struct reader *r, const char *hint, double *out)
{
    char text[40], *end;
    size_t n = word_length(r);

    if (n && n < sizeof text) {
        memcpy(text, r->at, n);
        text[n] = '\0';
        errno = 0;
        *out = strtod(text, &end);
        if (strspn(text, "+-.0123456789eE") == n && !*end && errno == 0 && isfinite(*out)) {
            r->at += n;
            return TRUNDLE_OK;
        }
    }
    return n ? refuse(r, r->at, hint, "not a number:", r->at, n) : refuse(r, r->at, hint, "a number is missing", "", 0);
}

static bool take_op(struct reader *r, enum judge_gate_op *out)
{
    bool above;

    skip_blanks(r);
    if (r->at == r->end || (*r->at != '<' && *r->at != '>'))
        return false;
    above = *r->at++ == '>';
    if (r->at < r->end && *r->at == '=') {
        r->at++;
        *out = above ? JUDGE_AT_LEAST : JUDGE_AT_MOST;
    } else {
        *out = above ? JUDGE_ABOVE : JUDGE_BELOW;
    }
    return true;
}

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);

    return n > k && !strcmp(name + n - k, end);
}

static bool per_100(const char *name)
{
    return ends_in(name, "_per_100");
}

/* The unit after a number: what fits the key, or nothing. */
static enum trundle_status take_unit(struct reader *r, enum judge_key key, double *limit, const char *hint)
{
    const struct judge_key_row *row = &judge_key_rows[key];
    const char *unit = ends_in(row->name, "_s") ? "s" : ends_in(row->name, "_bp") ? "bp" : ends_in(row->name, "_cents") || key == JUDGE_cents_per_error ? "cents"
                     : ends_in(row->name, "_s_per_item") ? "s" : NULL;
    bool percent = row->kind == JUDGE_SHARE || ends_in(row->name, "_pct");
    const char *before;

    skip_blanks(r);
    before = r->at;
    if (take_letter(r, '%')) {
        if (!percent)
            return refuse(r, before, hint, "this figure is not in", "%", 1);
        if (row->kind == JUDGE_SHARE)
            *limit /= 100;
        return TRUNDLE_OK;
    }
    if (r->at < r->end && !at_word(r, "with")) {
        size_t n = word_length(r);

        if (!n || !unit || !take_word(r, unit))
            return refuse(r, r->at, hint, "this cannot stand here:", r->at, n ? n : 1);
    }
    return TRUNDLE_OK;
}

/* A key of the JSON, or a latency in words. JUDGE_KEY_COUNT and nothing taken: neither. */
static enum judge_key take_key(struct reader *r)
{
    static const struct { const char *word[4]; enum judge_key key; } spoken[] = {
        { { "p99", "line", "latency", NULL }, JUDGE_line_latency_log_p99_s }, { { "p90", "line", "latency", NULL }, JUDGE_line_latency_log_p90_s },
        { { "median", "line", "latency", NULL }, JUDGE_line_latency_log_s } };
    char name[64];
    size_t n;
    enum judge_key key;

    for (size_t i = 0; i < COUNT_OF(spoken); i++)
        if (take_words(r, spoken[i].word))
            return spoken[i].key;
    n = word_length(r);
    if (!n || n >= sizeof name)
        return JUDGE_KEY_COUNT;
    memcpy(name, r->at, n);
    name[n] = '\0';
    key = judge_key_find(name);
    if (key != JUDGE_KEY_COUNT)
        r->at += n;
    return key;
}

static void take_mode(struct reader *r, struct judge_gate_rule *rule)
{
    if (take_word(r, "aided"))
        rule->mode = JUDGE_AIDED;
    else if (take_word(r, "unaided"))
        rule->mode = JUDGE_UNAIDED;
}

static enum trundle_status take_figure(struct reader *r, struct judge_gate_rule *rule)
{
    const char *before;
    double level;

    if (!take_op(r, &rule->op))
        return refuse(r, r->at, figure_hint, r->at < r->end ? "an operator is missing before" : "an operator is missing", r->at, word_length(r));
    TRY(need_number(r, figure_hint, &rule->limit));
    TRY(take_unit(r, rule->key, &rule->limit, figure_hint));
    if (!take_word(r, "with"))
        return TRUNDLE_OK;
    rule->confident = true;
    skip_blanks(r);
    before = r->at;
    TRY(need_number(r, figure_hint, &level));
    if (!(level >= 95 && level <= 95))
        return refuse(r, before, "intervals are of 95 %", "not the confidence of an interval:", before, (size_t)(r->at - before));
    if (!take_letter(r, '%') || !take_word(r, "confidence"))
        return refuse(r, r->at, figure_hint, "'% confidence' is missing", "", 0);
    return TRUNDLE_OK;
}

static enum trundle_status take_place(struct reader *r, struct judge_gate_rule *rule)
{
    double trips;
    const char *before;

    if (!take_word(r, "on") || take_word(r, "all"))
        return TRUNDLE_OK;
    if (!take_words(r, WORDS("any", "slice"))) {
        rule->where = JUDGE_GATE_SLICE;
        return need_name(r, "a slice is missing", compare_hint, rule->slice, sizeof rule->slice);
    }
    rule->where = JUDGE_GATE_ANY;
    if (!take_word(r, "of"))
        return TRUNDLE_OK;
    skip_blanks(r);
    before = r->at;
    TRY(need_number(r, compare_hint, &trips));
    if (!(trips >= 1) || trips > 1e9 || trips != floor(trips) || !take_word(r, "trips"))
        return refuse(r, before, compare_hint, "a number of trips is missing", "", 0);
    rule->slice_trips = (size_t)trips;
    return TRUNDLE_OK;
}

static enum trundle_status take_compare(struct reader *r, struct judge_gate_rule *rule)
{
    const struct judge_key_row *row = rule->key == JUDGE_KEY_COUNT ? &judge_key_rows[JUDGE_basket_accuracy] : &judge_key_rows[rule->key];
    const char *before;

    rule->compares = true;
    TRY(need_name(r, "a file of results is missing", compare_hint, rule->file, sizeof rule->file));
    TRY(take_place(r, rule));
    take_mode(r, rule);
    if (!take_words(r, WORDS("by", "more", "than")))
        return refuse(r, r->at, compare_hint, "'by more than' is missing", "", 0);
    skip_blanks(r);
    before = r->at;
    TRY(need_number(r, compare_hint, &rule->limit));
    if (rule->limit < 0)
        return refuse(r, before, compare_hint, "less than nothing:", before, (size_t)(r->at - before));
    skip_blanks(r);
    before = r->at;
    if (take_word(r, "point") || take_word(r, "points")) {
        if (row->kind != JUDGE_SHARE && !per_100(row->name) && !ends_in(row->name, "_pct"))
            return refuse(r, before, compare_hint, "this figure has no", before, (size_t)(r->at - before));
        rule->limit /= row->kind == JUDGE_SHARE ? 100 : 1;
        rule->in_points = true;
        return TRUNDLE_OK;
    }
    if (rule->key == JUDGE_KEY_COUNT || (row->kind == JUDGE_SHARE && !(r->at < r->end && *r->at == '%')))
        return refuse(r, r->at, compare_hint, "'points' is missing", "", 0);   /* a bare 1 of a share would allow anything */
    return take_unit(r, rule->key, &rule->limit, compare_hint);
}

static enum trundle_status take_rule(struct reader *r, struct judge_gate_rule *rule)
{
    const char *first;

    skip_blanks(r);
    first = r->at;
    rule->key = take_key(r);
    if (rule->key == JUDGE_KEY_COUNT && !at_word(r, "not"))
        return refuse(r, first, "a key of trundle eval --json, p99|p90|median line latency, or: not worse than FILE ...", "no such figure:", first, word_length(r));
    take_mode(r, rule);
    if (take_word(r, "of")) {
        if (rule->key == JUDGE_KEY_COUNT)
            return refuse(r, r->at, compare_hint, "a slice of no figure", "", 0);
        rule->where = JUDGE_GATE_SLICE;
        TRY(need_name(r, "a slice is missing", figure_hint, rule->slice, sizeof rule->slice));
    }
    take_mode(r, rule);
    first = r->at;
    if (take_words(r, WORDS("not", "worse", "than"))) {
        if (rule->where == JUDGE_GATE_SLICE)
            return refuse(r, first, compare_hint, "a slice stands behind the file:", "on SLICE", 8);
        TRY(take_compare(r, rule));
    } else {
        if (rule->key == JUDGE_KEY_COUNT)
            return refuse(r, r->at, compare_hint, "'not worse than' is missing", "", 0);
        TRY(take_figure(r, rule));
    }
    skip_blanks(r);
    return r->at == r->end ? TRUNDLE_OK : refuse(r, r->at, rule->compares ? compare_hint : figure_hint, "this cannot stand here:", r->at, (size_t)(r->end - r->at));
}

void judge_gate_done(struct judge_gate *gate)
{
    free(gate->rule);
    *gate = (struct judge_gate){ 0 };
}

static enum trundle_status take_line(struct reader *r, struct judge_gate *gate)
{
    struct judge_gate_rule *rule = &gate->rule[gate->n];
    const char *last;

    skip_blanks(r);
    if (r->at == r->end)
        return TRUNDLE_OK;
    if (gate->n == JUDGE_GATE_RULES)
        return refuse(r, r->at, NULL, "too many statements in one file", "", 0);
    for (last = r->end; last > r->at && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\r'); last--)
        ;
    *rule = (struct judge_gate_rule){ .line = r->line };
    (void)snprintf(rule->text, sizeof rule->text, "%.*s", (int)(last - r->at < JUDGE_GATE_TEXT ? last - r->at : JUDGE_GATE_TEXT - 1), r->at);
    TRY(take_rule(r, rule));
    gate->n++;
    return TRUNDLE_OK;
}

enum trundle_status judge_gate_parse(const void *bytes, size_t n, const char *where, struct judge_gate *out, struct trundle_error *err)
{
    struct judge_gate gate = { .rule = calloc(JUDGE_GATE_RULES + 1, sizeof *gate.rule) };
    struct reader r = { .text = bytes, .where = where, .err = err };
    const char *text = bytes, *end = text + n;
    enum trundle_status status = TRUNDLE_OK;

    if (!gate.rule)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a gate");
    for (r.line = 1; text < end && status == TRUNDLE_OK; r.line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text)), *line_end = stop ? stop : end;
        const char *comment = memchr(text, '#', (size_t)(line_end - text));

        r.text = r.at = text;
        r.end = comment ? comment : line_end;
        if (memchr(text, '\0', (size_t)(r.end - text)))
            status = refuse(&r, text, figure_hint, "a zero byte in the line", "", 0);
        else
            status = take_line(&r, &gate);
        text = stop ? stop + 1 : end;
    }
    if (status == TRUNDLE_OK && !gate.n)
        status = error_set(err, TRUNDLE_BAD_INPUT, where, figure_hint, "no statement: such a gate would hold whatever happens");
    if (status != TRUNDLE_OK)
        judge_gate_done(&gate);
    else
        *out = gate;
    return status;
}

enum trundle_status judge_gate_read(const char *path, struct judge_gate *out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, JUDGE_GATE_BYTES, &b, err);

    if (status == TRUNDLE_OK)
        status = judge_gate_parse(b.data ? (const void *)b.data : "", b.n, path, out, err);
    bytes_done(&b);
    return status;
}
