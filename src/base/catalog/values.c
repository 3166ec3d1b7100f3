/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The values of CSV cells: product keys, packs, times, money. All exact, all refuse what they do not understand. */
#include "base/catalog/import.h"

#include "base/std/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum trundle_status catalog_product_parse(const char *text, struct trundle_product *out)
{
    char key[TRUNDLE_PRODUCT_TEXT];
    struct trundle_product p;
    size_t n = strlen(text);

    bool bare = n == strspn(text, "0123456789");

    if (bare && (n == 8 || (n >= 12 && n <= 14)))
        (void)snprintf(key, sizeof key, "gtin:%.*s%s", (int)(14 - n), "000000", text);
    else if (bare && (n == 4 || n == 5))
        (void)snprintf(key, sizeof key, "plu:%s", text);
    else if (n < sizeof key)
        memcpy(key, text, n + 1);
    else
        return TRUNDLE_BAD_INPUT;
    TRY(trundle_product_parse(key, &p));
    if (!p.key)
        return TRUNDLE_BAD_INPUT;
    *out = p;
    return TRUNDLE_OK;
}

/* Factors to g, ml or each: NIST Handbook 44 (2023), appendix C; the pound is 453.59237 g, the US gallon 3785.411784 ml. */
static const struct { const char *name; double factor; const char *unit; } units[] = {
    { "ml", 1, "ml" }, { "cl", 10, "ml" }, { "dl", 100, "ml" }, { "l", 1000, "ml" }, { "lt", 1000, "ml" }, { "ltr", 1000, "ml" },
    { "liter", 1000, "ml" }, { "litre", 1000, "ml" }, { "fl oz", 29.5735295625, "ml" }, { "floz", 29.5735295625, "ml" },
    { "pt", 473.176473, "ml" }, { "qt", 946.352946, "ml" }, { "gal", 3785.411784, "ml" }, { "ga", 3785.411784, "ml" },
    { "mg", 0.001, "g" }, { "g", 1, "g" }, { "gr", 1, "g" }, { "gm", 1, "g" }, { "kg", 1000, "g" }, { "oz", 28.349523125, "g" },
    { "lb", 453.59237, "g" }, { "lbs", 453.59237, "g" },
    { "each", 1, "each" }, { "ea", 1, "each" }, { "ct", 1, "each" }, { "ctn", 1, "each" }, { "pc", 1, "each" }, { "pcs", 1, "each" },
    { "pk", 1, "each" }, { "dz", 12, "each" }, { "doz", 12, "each" }, { "stem", 1, "each" }, { "load", 1, "each" }, { "loads", 1, "each" },
    { "ld", 1, "each" }, { "st", 1, "each" }, { "stk", 1, "each" },
};

static bool unit_find(const char *text, double *factor, const char **unit)
{
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (!strcmp(units[i].name, text)) {
            *factor = units[i].factor;
            *unit = units[i].unit;
            return true;
        }
    return false;
}

static const char *skip_spaces(const char *p)
{
    return p + strspn(p, " ");
}

/* A number and the letters behind it, as "12", "oz". False: no number. */
static bool take_term(const char **p, double *number, char word[8])
{
    char digits[16];
    size_t n, w = 0;

    *p = skip_spaces(*p);
    n = strspn(*p, "0123456789.");
    if (!n || n >= sizeof digits)
        return false;
    memcpy(digits, *p, n);
    digits[n] = '\0';
    if (!csv_number(digits, number))
        return false;
    *p = skip_spaces(*p + n);
    while (w < 7 && ((**p >= 'a' && **p <= 'z') || (**p == ' ' && w == 2 && !strncmp(word, "fl", 2)))) {
        word[w++] = *(*p)++;
        if (w == 1 && word[0] == 'x' && ((**p >= '0' && **p <= '9') || **p == ' '))
            break;
    }
    word[w] = '\0';
    if (**p == '.' && w)      /* "oz." */
        (*p)++;
    *p = skip_spaces(*p);
    return true;
}

enum trundle_status catalog_pack_parse(const char *text, double *out_quantity, char out_unit[8])
{
    char lower[48], word[2][8] = { "", "" };
    double number[2] = { 0, 0 }, factor = 0, quantity;
    const char *p = lower, *unit = "each";
    size_t n = strlen(text);
    bool two;

    if (n >= sizeof lower)
        return TRUNDLE_BAD_INPUT;
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    if (!take_term(&p, &number[0], word[0])) {      /* "GAL" alone is one gallon */
        size_t end = strlen(p);

        while (end && p[end - 1] == ' ')
            lower[(size_t)(p - lower) + --end] = '\0';
        if (!unit_find(p, &factor, &unit) || !strcmp(unit, "each"))
            return TRUNDLE_BAD_INPUT;
        number[0] = 1;
        goto done;
    }
    two = *p == '/' || *p == '*' || !strcmp(word[0], "x") || (*p >= '0' && *p <= '9');
    if (two && (*p == '/' || *p == '*'))
        p++;
    if (two && !take_term(&p, &number[1], word[1]))
        return TRUNDLE_BAD_INPUT;
    if (*p)
        return TRUNDLE_BAD_INPUT;
    if (!two) {
        if (!unit_find(word[0], &factor, &unit))
            return TRUNDLE_BAD_INPUT;
    } else {
        double other = 0;
        const char *counted = NULL;

        /* "6 x 330 ml", "12/12 oz", "6 pk/12 oz": a count, then the content; "12 oz/6 pk": the other way round. */
        if (!unit_find(word[1], &factor, &unit))
            return TRUNDLE_BAD_INPUT;
        if (*word[0] && strcmp(word[0], "x") != 0) {
            if (!unit_find(word[0], &other, &counted))
                return TRUNDLE_BAD_INPUT;
            if (strcmp(counted, "each") != 0) {
                if (strcmp(unit, "each") != 0)
                    return TRUNDLE_BAD_INPUT;
                unit = counted;
            }
            factor *= other;
        }
        number[0] *= number[1];
    }
done:
    quantity = number[0] * factor;
    if (!(quantity > 0 && quantity <= 1e7))
        return TRUNDLE_BAD_INPUT;
    *out_quantity = quantity;
    (void)snprintf(out_unit, 8, "%s", unit);
    return TRUNDLE_OK;
}

/* Exactly n digits. */
static bool take_digits(const char **p, int n, int lo, int hi, int *out)
{
    int x = 0;

    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        x = x * 10 + (**p - '0');
    }
    *out = x;
    return x >= lo && x <= hi;
}

static bool take_char(const char **p, char c)
{
    return **p == c ? (*p)++, true : false;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar (months counted from March, so that leap days end a year). */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2), m = month + (month <= 2 ? 9 : -3);

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

enum trundle_status catalog_time_parse(const char *text, int64_t *out_ns)
{
    static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, day, hour = 0, minute = 0, second = 0, zone_hour = 0, zone_minute = 0, sign = 0;
    const char *p = text;
    int64_t seconds;
    bool leap;

    if (!take_digits(&p, 4, 1970, 2200, &year) || !take_char(&p, '-') || !take_digits(&p, 2, 1, 12, &month) || !take_char(&p, '-') ||
        !take_digits(&p, 2, 1, 31, &day))
        return TRUNDLE_BAD_INPUT;
    leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > month_days[month - 1] + (month == 2 && leap))
        return TRUNDLE_BAD_INPUT;
    if (take_char(&p, 'T') || take_char(&p, ' ')) {
        if (!take_digits(&p, 2, 0, 23, &hour) || !take_char(&p, ':') || !take_digits(&p, 2, 0, 59, &minute))
            return TRUNDLE_BAD_INPUT;
        if (take_char(&p, ':') && !take_digits(&p, 2, 0, 59, &second))
            return TRUNDLE_BAD_INPUT;
        if (*p == '+' || *p == '-') {
            sign = *p++ == '+' ? 1 : -1;
            if (!take_digits(&p, 2, 0, 14, &zone_hour) || !take_char(&p, ':') || !take_digits(&p, 2, 0, 59, &zone_minute))
                return TRUNDLE_BAD_INPUT;
        } else if (!take_char(&p, 'Z')) {
            return TRUNDLE_BAD_INPUT;      /* a time of day without a zone is a guess */
        }
    }
    if (*p)
        return TRUNDLE_BAD_INPUT;
    seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - sign * (zone_hour * 3600 + zone_minute * 60);
    *out_ns = seconds * INT64_C(1000000000);
    return TRUNDLE_OK;
}

enum trundle_status catalog_money_parse(const char *text, int digits, int64_t *out_cents)
{
    int64_t whole = 0, scale = 1, cents;
    const char *p = text;
    int behind = -1;

    if (!*p || !strcmp(p, "."))
        return TRUNDLE_BAD_INPUT;
    for (; *p; p++) {
        if (*p == '.' && behind < 0) {
            behind = 0;
            continue;
        }
        if (*p < '0' || *p > '9' || whole > INT64_C(100000000000))
            return TRUNDLE_BAD_INPUT;
        if (behind >= 0 && ++behind > digits)
            return TRUNDLE_BAD_INPUT;
        whole = whole * 10 + (*p - '0');
    }
    for (int i = 0; i < digits; i++)
        scale *= 10;
    cents = whole;
    for (int i = behind < 0 ? 0 : behind; i < digits; i++)
        cents *= 10;
    if (cents > 100000 * scale)
        return TRUNDLE_BAD_INPUT;
    *out_cents = cents;
    return TRUNDLE_OK;
}
