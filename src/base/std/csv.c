/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* RFC 4180 with places in errors. One character at a time: decode, count, decide. */
#include "base/std/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void csv_init(struct csv *csv, const void *data, size_t n, const char *where)
{
    csv->fields_n = 0;
    csv->data = data;
    csv->n = n;
    csv->at = n >= 3 && !memcmp(data, "\xef\xbb\xbf", 3) ? 3 : 0;
    csv->line = 1;
    csv->column = 1;
    csv->used = 0;
    (void)snprintf(csv->where, sizeof csv->where, "%s", where ? where : "CSV");
}

/* Length of the UTF-8 character at p (Unicode 15, table 3-7), 0 when it is none. */
static size_t utf8_length(const uint8_t *p, size_t n)
{
    uint8_t lo = 0x80, hi = 0xbf;
    size_t length;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (length > n)
        return 0;
    if (p[0] == 0xe0)
        lo = 0xa0;
    else if (p[0] == 0xed)
        hi = 0x9f;
    else if (p[0] == 0xf0)
        lo = 0x90;
    else if (p[0] == 0xf4)
        hi = 0x8f;
    if (p[1] < lo || p[1] > hi)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static bool line_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

/* Steps over one character or one line end. */
static void step(struct csv *csv, size_t length)
{
    if (line_end(csv->data[csv->at])) {
        length = csv->data[csv->at] == '\r' && csv->at + 1 < csv->n && csv->data[csv->at + 1] == '\n' ? 2 : 1;
        csv->line++;
        csv->column = 1;
    } else {
        csv->column++;
    }
    csv->at += length;
}

static void skip_line(struct csv *csv)
{
    while (csv->at < csv->n && !line_end(csv->data[csv->at]))
        csv->at++;
    if (csv->at < csv->n)
        step(csv, 1);
}

static enum trundle_status refuse(struct csv *csv, enum trundle_status status, const char *hint, const char *what, struct trundle_error *err)
{
    char where[CSV_AT_TEXT];

    (void)snprintf(where, sizeof where, "%s, line %u, column %u", csv->where, csv->line, csv->column);
    csv->fields_n = 0;
    (void)error_set(err, status, where, hint, "%s", what);
    skip_line(csv);
    return status;
}

static bool keep(struct csv *csv, const uint8_t *p, size_t n)
{
    if (n >= sizeof csv->text - csv->used)      /* room for the NUL stays */
        return false;
    memcpy(csv->text + csv->used, p, n);
    csv->used += n;
    return true;
}

/* Reads the field at csv->at up to, not over, the comma or line end behind it. */
static enum trundle_status read_field(struct csv *csv, struct csv_field *f, struct trundle_error *err)
{
    struct { size_t at; uint32_t line, column; } open = { csv->at, csv->line, csv->column };
    size_t first = csv->used;
    bool inside;

    *f = (struct csv_field){ .text = csv->text + first, .line = csv->line, .column = csv->column };
    inside = f->quoted = csv->at < csv->n && csv->data[csv->at] == '"';
    if (inside)
        step(csv, 1);
    while (csv->at < csv->n) {
        const uint8_t *p = csv->data + csv->at;
        size_t length = utf8_length(p, csv->n - csv->at);

        if (!inside && (*p == ',' || line_end(*p)))
            break;
        if (*p == '"') {
            if (!f->quoted)
                return refuse(csv, TRUNDLE_BAD_INPUT, "put the field in quotes and double the ones inside", "a quote inside a bare field", err);
            if (csv->at + 1 < csv->n && p[1] == '"') {
                step(csv, 1);
            } else {
                step(csv, 1);
                if (csv->at < csv->n && csv->data[csv->at] != ',' && !line_end(csv->data[csv->at]))
                    return refuse(csv, TRUNDLE_BAD_INPUT, "double the quotes inside a quoted field", "text behind the closing quote", err);
                inside = false;
                break;
            }
        } else if (*p == 0) {
            return refuse(csv, TRUNDLE_BAD_INPUT, "save the file as UTF-8 text", "a NUL byte", err);
        } else if ((*p < 0x20 && *p != '\t' && !line_end(*p)) || *p == 0x7f) {
            return refuse(csv, TRUNDLE_BAD_INPUT, "save the file as UTF-8 text", "a control character", err);
        } else if (!length) {
            return refuse(csv, TRUNDLE_BAD_INPUT, "save the file as UTF-8; it may be Latin-1 or Windows-1252", "not UTF-8", err);
        }
        if (!keep(csv, p, length))
            return refuse(csv, TRUNDLE_TOO_LARGE, "look for a quote that is never closed", "a row over 64 KiB", err);
        step(csv, length);
    }
    if (inside) {      /* the rest of the file hangs on this quote: blame the quote, go on behind its line */
        csv->at = open.at;
        csv->line = open.line;
        csv->column = open.column;
        return refuse(csv, TRUNDLE_BAD_INPUT, "close it, or double it when it is text", "a quote that is never closed", err);
    }
    f->n = csv->used - first;
    csv->text[csv->used++] = '\0';
    return TRUNDLE_OK;
}

enum trundle_status csv_row(struct csv *csv, struct trundle_error *err)
{
    csv->fields_n = 0;
    csv->used = 0;
    if (csv->at == 0 && csv->n >= 2 &&
        (!memcmp(csv->data, "\xff\xfe", 2) || !memcmp(csv->data, "\xfe\xff", 2) || !csv->data[0] || !csv->data[1])) {
        enum trundle_status status = refuse(csv, TRUNDLE_UNSUPPORTED, "save the file as UTF-8", "is UTF-16 or binary, not UTF-8 text", err);

        csv->at = csv->n;
        return status;
    }
    while (csv->at < csv->n && line_end(csv->data[csv->at]))
        step(csv, 1);
    if (csv->at >= csv->n)
        return TRUNDLE_END;
    for (;;) {
        if (csv->fields_n == CSV_FIELDS_MAX)
            return refuse(csv, TRUNDLE_TOO_LARGE, NULL, "more than 64 fields in a row", err);
        if (csv->used >= sizeof csv->text - 1)
            return refuse(csv, TRUNDLE_TOO_LARGE, NULL, "a row over 64 KiB", err);
        TRY(read_field(csv, &csv->field[csv->fields_n], err));
        csv->fields_n++;
        if (csv->at >= csv->n)
            return TRUNDLE_OK;
        if (line_end(csv->data[csv->at])) {
            step(csv, 1);
            return TRUNDLE_OK;
        }
        step(csv, 1);
    }
}

const char *csv_at(const struct csv *csv, size_t i, char out[CSV_AT_TEXT])
{
    size_t n = csv->fields_n;

    if (i < n)
        (void)snprintf(out, CSV_AT_TEXT, "%s, line %u, column %u", csv->where, csv->field[i].line, csv->field[i].column);
    else
        (void)snprintf(out, CSV_AT_TEXT, "%s, line %u, end of the row", csv->where, n ? csv->field[n - 1].line : csv->line);
    return out;
}

static bool same_trimmed(const char *text, const char *name)
{
    size_t n;

    text += strspn(text, " \t");
    n = strlen(text);
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    return n == strlen(name) && !memcmp(text, name, n);
}

enum trundle_status csv_header(struct csv *csv, const char *const names[], size_t names_n, size_t required, int *out_index,
                               struct trundle_error *err)
{
    char where[CSV_AT_TEXT];
    int index[CSV_FIELDS_MAX];
    enum trundle_status status = csv_row(csv, err);

    if (status == TRUNDLE_END)
        return error_set(err, TRUNDLE_BAD_INPUT, csv->where, "the first row names the columns", "is empty");
    if (status != TRUNDLE_OK)
        return status;
    if (names_n > CSV_FIELDS_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, csv->where, NULL, "%zu names, limit %d", names_n, CSV_FIELDS_MAX);
    for (size_t k = 0; k < names_n; k++)
        index[k] = -1;
    for (size_t i = 0; i < csv->fields_n; i++) {
        size_t k = 0;

        while (k < names_n && !same_trimmed(csv->field[i].text, names[k]))
            k++;
        if (k == names_n)
            return error_set(err, TRUNDLE_BAD_INPUT, csv_at(csv, i, where), "remove it, or see the list of columns in the documentation",
                             "unknown column '%.100s'", csv->field[i].text);
        if (index[k] >= 0)
            return error_set(err, TRUNDLE_BAD_INPUT, csv_at(csv, i, where), NULL, "column '%s' is there twice", names[k]);
        index[k] = (int)i;
    }
    for (size_t k = 0; k < required; k++)
        if (index[k] < 0)
            return error_set(err, TRUNDLE_BAD_INPUT, csv_at(csv, csv->fields_n, where), "the first row names the columns",
                             "column '%s' is missing", names[k]);
    memcpy(out_index, index, names_n * sizeof *index);
    return TRUNDLE_OK;
}

bool csv_number(const char *text, double *out)
{
    char *end;
    double x;
    size_t n;

    text += strspn(text, " \t");
    n = strspn(text, "+-.0123456789eE");
    if (!n || text[n + strspn(text + n, " \t")])
        return false;
    x = strtod(text, &end);
    if (end != text + n || !isfinite(x))
        return false;
    *out = x;
    return true;
}
