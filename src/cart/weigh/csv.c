/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One line of a weight trace. */
#include "cart/weigh/csv.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = TRUNDLE_CELLS_MAX + 1, FIELD_BYTES = 64 };

static enum trundle_status wrong(const struct weigh_csv *csv, size_t column, struct trundle_error *err, const char *what, const char *value)
{
    char where[64];

    (void)snprintf(where, sizeof where, "line %llu, column %zu", (unsigned long long)csv->lines, column);
    return error_set(err, TRUNDLE_BAD_INPUT, where, "rows are t_s,g or t_s,c1_g,c2_g,c3_g,c4_g, or one bare column with --hz", "%s '%.40s'", what, value);
}

static bool number(const char *text, double *out)
{
    char *end;

    if (!*text || !strcmp(text, "nan") || !strcmp(text, "NaN") || !strcmp(text, "NAN")) {
        *out = NAN;
        return true;
    }
    if (!strchr("+-.0123456789", *text) || strpbrk(text, "xXpP"))
        return false;
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

enum trundle_status weigh_csv_line(struct weigh_csv *csv, const char *line, size_t n, struct weigh_csv_sample *out, struct trundle_error *err)
{
    char field[FIELDS][FIELD_BYTES];
    struct weigh_csv_sample sample = { 0 };
    size_t fields = 0, at = 0;
    double x[FIELDS];

    csv->lines++;
    if (csv->lines == 1 && n >= 3 && !memcmp(line, "\xef\xbb\xbf", 3))
        at = 3;
    while (n > at && isspace((unsigned char)line[n - 1]))
        n--;
    if (n <= at || line[at] == '#')
        return TRUNDLE_AGAIN;
    for (;;) {
        size_t end = at, last;

        while (end < n && line[end] != ',')
            end++;
        last = end;
        while (at < last && isspace((unsigned char)line[at]))
            at++;
        while (last > at && isspace((unsigned char)line[last - 1]))
            last--;
        if (fields == FIELDS)
            return wrong(csv, fields + 1, err, "more columns than a time and four cells:", "");
        if (last - at >= FIELD_BYTES || memchr(line + at, '\0', last - at))
            return wrong(csv, fields + 1, err, "not a number, too long or binary:", "");
        memcpy(field[fields], line + at, last - at);
        field[fields][last - at] = '\0';
        fields++;
        if (end >= n)
            break;
        at = end + 1;
    }
    for (size_t i = 0; i < fields; i++) {
        if (number(field[i], &x[i]))
            continue;
        if (!csv->rows && !csv->header && isalpha((unsigned char)field[0][0])) {
            csv->header = true;
            return TRUNDLE_AGAIN;
        }
        return wrong(csv, i + 1, err, "not a number:", field[i]);
    }
    if (!csv->columns) {
        if (fields == 1 && !(csv->hz > 0))
            return wrong(csv, 1, err, "a bare column needs --hz: its samples have no time; read", field[0]);
        csv->bare = fields == 1;
        csv->columns = fields == 1 ? 1 : (unsigned)fields - 1;
    }
    if (fields != csv->columns + !csv->bare)
        return wrong(csv, fields, err, "another number of columns than the first row; last is", field[fields - 1]);
    sample.t_s = csv->bare ? (double)csv->rows / csv->hz : x[0];
    if (!(fabs(sample.t_s) < 4e9))
        return wrong(csv, 1, err, "no time in seconds:", field[0]);
    for (unsigned i = 0; i < TRUNDLE_CELLS_MAX; i++)
        sample.value[i] = i < csv->columns ? x[i + !csv->bare] : (double)NAN;
    csv->rows++;
    *out = sample;
    return TRUNDLE_OK;
}
