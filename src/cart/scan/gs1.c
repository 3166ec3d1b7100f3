/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a code means: which of the forms it is, and the digits-only forms. Element strings and links are in elements.c. */
#include "cart/scan/elements.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool scan_check_digit_holds(const char *digits, size_t n)
{
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        sum += (unsigned)(digits[i] - '0') * ((n - i) % 2 ? 1 : 3);
    }
    return n && sum % 10 == 0;
}

bool scan_upce_expand(const char upce[8], char out_upca[13])
{
    const char *d = upce + 1;
    char a[13];

    for (int i = 0; i < 8; i++)
        if (upce[i] < '0' || upce[i] > '9')
            return false;
    if (upce[0] > '1')
        return false;
    if (d[5] <= '2')
        (void)snprintf(a, sizeof a, "%c%c%c%c0000%c%c%c%c", upce[0], d[0], d[1], d[5], d[2], d[3], d[4], upce[7]);
    else if (d[5] == '3')
        (void)snprintf(a, sizeof a, "%c%c%c%c00000%c%c%c", upce[0], d[0], d[1], d[2], d[3], d[4], upce[7]);
    else if (d[5] == '4')
        (void)snprintf(a, sizeof a, "%c%c%c%c%c00000%c%c", upce[0], d[0], d[1], d[2], d[3], d[4], upce[7]);
    else
        (void)snprintf(a, sizeof a, "%c%c%c%c%c%c0000%c%c", upce[0], d[0], d[1], d[2], d[3], d[4], d[5], upce[7]);
    if (!scan_check_digit_holds(a, 12))
        return false;
    memcpy(out_upca, a, sizeof a);
    return true;
}

void scan_normalise(const char *text, char *out)
{
    if (text[0] == ']' && text[1] && text[2])
        text += 3;
    for (; *text; text++)
        if (*text != '(' && *text != ')' && *text != 0x1d)
            *out++ = *text;
    *out = '\0';
}

struct scan_item scan_item_empty(void)
{
    return (struct scan_item){ .count = 1, .weight_g = (double)NAN, .price_cents = -1 };
}

static enum trundle_status wrong_check(const char *text, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_BAD_INPUT, "code", "scan it again", "the check digit of '%.20s' does not hold", text);
}

static uint64_t number_of(const char *digits, size_t n)
{
    uint64_t x = 0;

    for (size_t i = 0; i < n; i++)
        x = x * 10 + (uint64_t)(digits[i] - '0');
    return x;
}

/* The check digit in front of a price or weight of 4 or 5 digits (GS1 General Specifications, 7.9.3 and 7.9.4). */
static char value_check_digit(const char *value, size_t n)
{
    static const uint8_t minus2[10] = { 0, 2, 4, 6, 8, 9, 1, 3, 5, 7 }, three[10] = { 0, 3, 6, 9, 2, 5, 8, 1, 4, 7 };
    static const uint8_t plus5[10] = { 0, 5, 1, 6, 2, 7, 3, 8, 4, 9 }, minus5[10] = { 0, 5, 9, 4, 8, 3, 7, 2, 6, 1 };
    static const uint8_t *const four[4] = { minus2, minus2, three, minus5 }, *const five[5] = { plus5, minus2, minus5, plus5, minus2 };
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (n == 4 ? four[i] : five[i])[value[i] - '0'];
    if (n == 4)
        return (char)('0' + sum * 3 % 10);
    for (int digit = 0; digit < 10; digit++)
        if (minus5[digit] == (10 - sum % 10) % 10)
            return (char)('0' + digit);
    return '0';
}

/* 13 digits of restricted circulation with a value inside, as the retailer set them up. */
static enum trundle_status read_inside(const char *d, const struct catalog_prefix *p, struct scan_item *item, struct trundle_error *err)
{
    const char *value = d + 2 + p->item_digits + p->value_check;
    uint64_t plu = number_of(d + 2, p->item_digits), x = number_of(value, p->value_digits);

    if (p->value_check && value[-1] != value_check_digit(value, p->value_digits))
        return error_set(err, TRUNDLE_BAD_INPUT, "code", "scan it again", "the check digit of the %s inside '%s' does not hold",
                         p->inside == CATALOG_INSIDE_PRICE ? "price" : "weight", d);
    if (plu < 1000)
        return error_set(err, TRUNDLE_BAD_INPUT, "code", "PLUs have 4 or 5 digits, from 1000", "item number %u inside '%s' is no PLU", (unsigned)plu, d);
    item->product = trundle_product_plu((uint32_t)plu);
    if (p->inside == CATALOG_INSIDE_PRICE)
        item->price_cents = (int64_t)x;
    else
        item->weight_g = (double)x;
    return TRUNDLE_OK;
}

/* A number of 8, 12, 13 or 14 digits. */
static enum trundle_status read_gtin(const char *d, size_t n, const struct catalog *c, struct scan_item *item, struct trundle_error *err)
{
    char ean[15];
    int prefix;

    if (!scan_check_digit_holds(d, n))
        return wrong_check(d, err);
    (void)snprintf(ean, sizeof ean, "%.*s%s", (int)(14 - n), "000000", d);
    if (number_of(ean, 14) == 0)
        return error_set(err, TRUNDLE_BAD_INPUT, "code", NULL, "a number of zeros names nothing");
    item->product = trundle_product_gtin(number_of(ean, 14));
    if (n == 8) {
        item->restricted = d[0] == '0' || d[0] == '2';
        return TRUNDLE_OK;
    }
    if (n == 14 && ean[0] != '0')
        return TRUNDLE_OK;
    prefix = (ean[1] - '0') * 10 + ean[2] - '0';
    item->restricted = prefix == 2 || prefix == 4 || (prefix >= 20 && prefix <= 29);
    if (c && item->restricted && catalog_prefix(c, prefix)->inside != CATALOG_INSIDE_NONE)
        return read_inside(ean + 1, catalog_prefix(c, prefix), item, err);
    return TRUNDLE_OK;
}

/* Six digits, with number system 0 in front, with a check digit behind, or both. */
static bool read_upce(const char *d, size_t n, char out_upca[13])
{
    char e[9];

    if (n == 8)
        return scan_upce_expand(d, out_upca);
    (void)snprintf(e, sizeof e, "%s%s", n == 6 ? "0" : "", d);
    if (n == 7 && d[0] > '1')
        return false;
    for (char check = '0'; check <= '9'; check++) {
        e[7] = check;
        e[8] = '\0';
        if (scan_upce_expand(e, out_upca))
            return true;
    }
    return false;
}

static enum trundle_status read_digits(const char *d, size_t n, enum trundle_symbology symbology, const struct catalog *c, struct scan_item *item,
                                       struct trundle_error *err)
{
    char upca[13], whole[15];
    size_t base = 0;

    if (symbology == TRUNDLE_SYM_UPCE && n >= 6 && n <= 8)
        return read_upce(d, n, upca) ? read_gtin(upca, 12, c, item, err) : wrong_check(d, err);
    if (n == 4 || n == 5) {
        uint64_t plu = number_of(d, n);

        if (plu < 1000)
            return error_set(err, TRUNDLE_BAD_INPUT, "code", NULL, "'%s' is no PLU", d);
        item->product = trundle_product_plu((uint32_t)plu);
        return TRUNDLE_OK;
    }
    /* Eight digits of an unknown symbology: a GTIN-8 with a 0 in front is a company's own number, so UPC-E is the likelier. */
    if (n == 8 && symbology == TRUNDLE_SYM_UNKNOWN && (d[0] == '0' || !scan_check_digit_holds(d, 8)) && scan_upce_expand(d, upca))
        return read_gtin(upca, 12, c, item, err);
    /* Add-ons run on without a mark: 8, 12 or 13 digits whose check digit holds, and 2 or 5 behind. */
    if (n == 15 || n == 18)
        base = 13;
    else if (n == 17 || (n == 14 && symbology == TRUNDLE_SYM_UPCA))
        base = 12;
    else if (n == 10 || (n == 13 && symbology == TRUNDLE_SYM_EAN8))
        base = 8;
    if (base && scan_check_digit_holds(d, base)) {
        memcpy(item->addon, d + base, n - base + 1);
        memcpy(whole, d, base);
        whole[base] = '\0';
        return read_gtin(whole, base, c, item, err);
    }
    if (n == 8 || (n >= 12 && n <= 14))
        return read_gtin(d, n, c, item, err);
    return error_set(err, TRUNDLE_BAD_INPUT, "code", "GTIN of 8, 12, 13 or 14 digits, PLU of 4 or 5", "%zu digits are no product number", n);
}

static bool is_element_string(const char *text, const char *identifier, enum trundle_symbology symbology, bool all_digits)
{
    static const char *const gs1[] = { "]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1" };

    for (size_t i = 0; i < COUNT_OF(gs1); i++)
        if (!strcmp(identifier, gs1[i]))
            return true;
    return text[0] == '(' || strchr(text, 0x1d) || symbology == TRUNDLE_SYM_DATABAR_EXPANDED ||
           (!strncmp(text, "01", 2) && strlen(text) >= 16 && (!all_digits || scan_check_digit_holds(text + 2, 14)));
}

enum trundle_status scan_parse(const struct trundle_code *code, const struct catalog *c, struct scan_item *out, struct trundle_error *err)
{
    struct scan_item item = scan_item_empty();
    char buffer[TRUNDLE_CODE_TEXT], identifier[4] = "", *text = buffer, *mark;
    size_t n = code->text_bytes;

    if (n >= sizeof buffer)
        return error_set(err, TRUNDLE_BAD_ARG, "code", NULL, "%zu bytes, at most %zu", n, sizeof buffer - 1);
    memcpy(buffer, code->text, n);
    while (n && (buffer[n - 1] == '\r' || buffer[n - 1] == '\n' || buffer[n - 1] == ' '))
        n--;
    buffer[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((buffer[i] < 0x20 && buffer[i] != 0x1d) || buffer[i] == 0x7f || (unsigned char)buffer[i] > 0x7f)
            return error_set(err, TRUNDLE_BAD_INPUT, "code", "the scanner sends binary data, or another encoding", "byte %zu is 0x%02x", i, (unsigned)(unsigned char)buffer[i]);
    if (n >= 3 && text[0] == ']') {
        memcpy(identifier, text, 3);
        text += 3;
        n -= 3;
    }
    if (!n)
        return error_set(err, TRUNDLE_BAD_INPUT, "code", NULL, "is empty");
    if (!strncmp(text, "http://", 7) || !strncmp(text, "https://", 8) || !strncmp(text, "HTTP://", 7) || !strncmp(text, "HTTPS://", 8)) {
        TRY(scan_link(text, c, &item, err));
    } else if (is_element_string(text, identifier, code->symbology, strspn(text, "0123456789") == n)) {
        TRY(scan_elements(text, c, &item, err));
    } else {
        mark = text + strcspn(text, " +");
        if (*mark) {      /* "978... 12995": an add-on with a mark between */
            size_t behind = strlen(mark + 1);

            if ((behind != 2 && behind != 5) || strspn(mark + 1, "0123456789") != behind)
                return error_set(err, TRUNDLE_BAD_INPUT, "code", NULL, "'%.40s' is no product number", text);
            memcpy(item.addon, mark + 1, behind + 1);
            *mark = '\0';
            n = (size_t)(mark - text);
        }
        if (!n || strspn(text, "0123456789") != n)
            return error_set(err, TRUNDLE_BAD_INPUT, "code", "GTIN, PLU, GS1 element string or Digital Link", "'%.40s' is no product number", text);
        TRY(read_digits(text, n, code->symbology, c, &item, err));
    }
    *out = item;
    return TRUNDLE_OK;
}
