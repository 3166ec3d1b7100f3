/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* GS1 element strings (General Specifications 23, sections 3 and 7.8) and Digital Link URIs: both are lists of (AI, value). */
#include "cart/scan/elements.h"

#include <string.h>

enum { VALUE_MAX = 91, GS = 0x1d };

/* Length of the AI by its first two digits; 0: none is assigned. */
static size_t ai_length(const char *ai)
{
    int two = (ai[0] - '0') * 10 + ai[1] - '0';

    if (two <= 4 || (two >= 10 && two <= 22) || two == 30 || two == 37 || two >= 90)
        return 2;
    if ((two >= 23 && two <= 25) || (two >= 40 && two <= 42) || two == 71)
        return 3;
    if ((two >= 31 && two <= 36) || two == 39 || two == 43 || two == 70 || two == 72 || (two >= 80 && two <= 82))
        return 4;
    return 0;
}

/* Length of the value where it is predefined by the first two digits (figure 7.8.5-2); 0: up to GS or the end. */
static size_t value_length(const char *ai)
{
    int two = (ai[0] - '0') * 10 + ai[1] - '0';

    if (two == 0)
        return 18;
    if (two >= 1 && two <= 3)
        return 14;
    if (two == 4)
        return 16;
    if (two >= 11 && two <= 19)
        return 6;
    if (two == 20)
        return 2;
    if (two >= 31 && two <= 36)
        return 6;
    if (two == 41)
        return 13;
    return 0;
}

static enum trundle_status bad(struct trundle_error *err, const char *ai, const char *value, const char *reason)
{
    return error_set(err, TRUNDLE_BAD_INPUT, "code", "scan it again", "AI (%s): '%.60s' %s", ai, value, reason);
}

static bool all_digits(const char *s)
{
    return *s && strspn(s, "0123456789") == strlen(s);
}

/* At most 15 digits. */
static int64_t number_of(const char *s)
{
    int64_t x = 0;

    for (; *s; s++)
        x = x * 10 + (*s - '0');
    return x;
}

static enum trundle_status take_date(const char *ai, const char *value, struct scan_item *item, struct trundle_error *err)
{
    int month, day;

    if (strlen(value) != 6 || !all_digits(value))
        return bad(err, ai, value, "is no date YYMMDD");
    month = (value[2] - '0') * 10 + value[3] - '0';
    day = (value[4] - '0') * 10 + value[5] - '0';
    if (month < 1 || month > 12 || day > 31)
        return bad(err, ai, value, "is no date YYMMDD");
    if (!strcmp(ai, "17") || (!strcmp(ai, "15") && !item->expires_yymmdd))
        item->expires_yymmdd = (int32_t)number_of(value);
    return TRUNDLE_OK;
}

static enum trundle_status take_weight(const char *ai, const char *value, double unit_g, struct scan_item *item, struct trundle_error *err)
{
    double x;

    if (strlen(value) != 6 || !all_digits(value) || ai[3] > '6')
        return bad(err, ai, value, "is no weight of 6 digits");
    x = (double)number_of(value) * unit_g;
    for (char i = '0'; i < ai[3]; i++)
        x /= 10;
    item->weight_g = x;
    return TRUNDLE_OK;
}

static enum trundle_status take_price(const char *ai, const char *value, const struct catalog *c, struct scan_item *item, struct trundle_error *err)
{
    int digits = c ? catalog_currency_digits(c) : 2, behind = ai[3] - '0';
    int64_t cents;

    if (ai[2] == '3') {
        if (strlen(value) < 4 || !all_digits(value))
            return bad(err, ai, value, "is no currency and price");
        memcpy(item->currency, value, 3);
        item->currency[3] = '\0';
        value += 3;
    }
    if (!all_digits(value) || strlen(value) > 15)
        return bad(err, ai, value, "is no price of 1 to 15 digits");
    cents = number_of(value);
    for (; behind < digits; behind++) {
        if (cents > INT64_C(100000000000000))
            return bad(err, ai, value, "is no price");
        cents *= 10;
    }
    for (; behind > digits; behind--) {
        if (cents % 10)
            return bad(err, ai, value, "is finer than the currency");
        cents /= 10;
    }
    item->price_cents = cents;
    return TRUNDLE_OK;
}

static enum trundle_status take_count(const char *ai, const char *value, struct scan_item *item, struct trundle_error *err)
{
    if (!all_digits(value) || strlen(value) > 8 || number_of(value) == 0)
        return bad(err, ai, value, "is no count of 1 to 8 digits");
    item->count = (int32_t)number_of(value);
    return TRUNDLE_OK;
}

static enum trundle_status take_gtin(const char *ai, const char *value, struct scan_item *item, struct trundle_error *err)
{
    struct trundle_product p;

    if (strlen(value) != 14 || !scan_check_digit_holds(value, 14) || strspn(value, "0") == 14)
        return bad(err, ai, value, "is no GTIN-14 with a check digit that holds");
    p = trundle_product_gtin((uint64_t)number_of(value));
    if (item->product.key && item->product.key != p.key)
        return bad(err, ai, value, "is a second product");
    item->product = p;
    return TRUNDLE_OK;
}

static enum trundle_status take_text(const char *ai, const char *value, char out[SCAN_SERIAL], struct trundle_error *err)
{
    size_t n = strlen(value);

    if (!n || n > 20)
        return bad(err, ai, value, "is not 1 to 20 characters");
    memcpy(out, value, n + 1);
    return TRUNDLE_OK;
}

static enum trundle_status take(const char *ai, const char *value, const struct catalog *c, struct scan_item *item, struct trundle_error *err)
{
    if (!*value || strpbrk(value, " \x1d"))
        return bad(err, ai, value, "is empty or holds a space");
    if (!strcmp(ai, "01") || !strcmp(ai, "02"))
        return take_gtin(ai, value, item, err);
    if (!strcmp(ai, "10"))
        return take_text(ai, value, item->lot, err);
    if (!strcmp(ai, "21"))
        return take_text(ai, value, item->serial, err);
    if (ai[0] == '1' && !ai[2] && ai[1] != '0')
        return take_date(ai, value, item, err);
    if (!strcmp(ai, "30") || !strcmp(ai, "37"))
        return take_count(ai, value, item, err);
    if (!strncmp(ai, "310", 3) && ai[3])
        return take_weight(ai, value, 1000, item, err);
    if (!strncmp(ai, "320", 3) && ai[3])
        return take_weight(ai, value, 453.59237, item, err);
    if (!strncmp(ai, "357", 3) && ai[3])
        return take_weight(ai, value, 28.349523125, item, err);
    if ((!strncmp(ai, "392", 3) || !strncmp(ai, "393", 3)) && ai[3])
        return take_price(ai, value, c, item, err);
    return TRUNDLE_OK;
}

static enum trundle_status named(const struct scan_item *item, struct trundle_error *err)
{
    if (!item->product.key)
        return error_set(err, TRUNDLE_UNSUPPORTED, "code", NULL, "is a GS1 code that names no product");
    return TRUNDLE_OK;
}

/* "(" two to four digits ")". Returns the digits' count, 0: not an AI. */
static size_t bracketed(const char *p)
{
    size_t n = *p == '(' ? strspn(p + 1, "0123456789") : 0;

    return n >= 2 && n <= 4 && p[1 + n] == ')' && ai_length(p + 1) == n ? n : 0;
}

enum trundle_status scan_elements(const char *p, const struct catalog *c, struct scan_item *item, struct trundle_error *err)
{
    char ai[5], value[VALUE_MAX];

    while (*p == GS)
        p++;
    if (!*p)
        return error_set(err, TRUNDLE_BAD_INPUT, "code", NULL, "is empty");
    while (*p) {
        size_t n, length = 0, brackets = bracketed(p);

        if (brackets) {
            n = brackets;
            memcpy(ai, p + 1, n);
            p += n + 2;
            while (p[length] && p[length] != GS && !bracketed(p + length))
                length++;
        } else {
            n = p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? ai_length(p) : 0;
            if (!n || strspn(p, "0123456789") < n)
                return error_set(err, TRUNDLE_BAD_INPUT, "code", "scan it again", "no application identifier at '%.20s'", p);
            memcpy(ai, p, n);
            p += n;
            length = value_length(ai);
            if (!length)
                length = strcspn(p, "\x1d");
            else if (strlen(p) < length)
                return bad(err, "cut off", p, "is too short");
        }
        ai[n] = '\0';
        if (length >= sizeof value)
            return bad(err, ai, p, "is over 90 characters");
        memcpy(value, p, length);
        value[length] = '\0';
        if (value_length(ai) && length != value_length(ai))
            return bad(err, ai, value, "has the wrong length");
        TRY(take(ai, value, c, item, err));
        p += length;
        while (*p == GS)
            p++;
    }
    return named(item, err);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One part of a URI with %xx undone. False: too long, or not printable ASCII. */
static bool unescape(const char *p, size_t n, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        int c = p[i];

        if (c == '%') {
            if (i + 2 >= n || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)
                return false;
            c = hex(p[i + 1]) * 16 + hex(p[i + 2]);
            i += 2;
        }
        if (c < 0x21 || c > 0x7e || used + 1 >= size)
            return false;
        out[used++] = (char)c;
    }
    out[used] = '\0';
    return true;
}

static bool is_ai(const char *s)
{
    return all_digits(s) && strlen(s) >= 2 && ai_length(s) == strlen(s);
}

static enum trundle_status link_pair(const char *ai, const char *value, const struct catalog *c, struct scan_item *item, struct trundle_error *err)
{
    static const char zeros[] = "000000";
    char gtin[VALUE_MAX + 8];
    size_t n = strlen(value);

    if (!strcmp(ai, "01") && (n == 8 || n == 12 || n == 13)) {
        memcpy(gtin, zeros, 14 - n);
        memcpy(gtin + 14 - n, value, n + 1);
        value = gtin;
    }
    return take(ai, value, c, item, err);
}

enum trundle_status scan_link(const char *text, const struct catalog *c, struct scan_item *item, struct trundle_error *err)
{
    const char *p = strstr(text, "//") + 2;
    char key[VALUE_MAX], value[VALUE_MAX];
    bool found = false;

    p += strcspn(p, "/?#");
    while (*p == '/') {      /* path: whatever the host puts first, then pairs from 01 on */
        size_t n = strcspn(++p, "/?#"), m;

        if (!unescape(p, n, key, sizeof key))
            return error_set(err, TRUNDLE_BAD_INPUT, "code", NULL, "a part of the link is not readable");
        p += n;
        if (!found && strcmp(key, "01") != 0 && strcmp(key, "gtin") != 0)
            continue;
        if (*p != '/')
            break;
        m = strcspn(p + 1, "/?#");
        if (!unescape(p + 1, m, value, sizeof value))
            return error_set(err, TRUNDLE_BAD_INPUT, "code", NULL, "a part of the link is not readable");
        p += 1 + m;
        if (found && !is_ai(key))
            return error_set(err, TRUNDLE_BAD_INPUT, "code", NULL, "'%.40s' in the link is no application identifier", key);
        TRY(link_pair(found ? key : "01", value, c, item, err));
        found = true;
    }
    if (!found)
        return error_set(err, TRUNDLE_UNSUPPORTED, "code", NULL, "is a web page, not a product");
    for (bool more = *p == '?'; more; more = *p == '&' || *p == ';') {
        size_t n = strcspn(++p, "=&;#"), m = p[n] == '=' ? strcspn(p + n + 1, "&;#") : 0;

        if (unescape(p, n, key, sizeof key) && p[n] == '=' && is_ai(key)) {
            if (!unescape(p + n + 1, m, value, sizeof value))
                return bad(err, key, "", "is not readable");
            TRY(link_pair(key, value, c, item, err));
        }
        p += p[n] == '=' ? n + 1 + m : n;
    }
    return named(item, err);
}
