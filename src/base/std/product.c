/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Product keys: text forms and the GS1 check digit (GS1 General Specifications, 7.9). */
#include <trundle/product.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KIND_SHIFT = 56, KIND_GTIN = 1, KIND_PLU = 2 };

static struct trundle_product make(uint64_t kind, uint64_t number)
{
    return (struct trundle_product){ .key = kind << KIND_SHIFT | number };
}

struct trundle_product trundle_product_gtin(uint64_t gtin)
{
    return make(KIND_GTIN, gtin);
}

struct trundle_product trundle_product_plu(uint32_t plu)
{
    return make(KIND_PLU, plu);
}

bool trundle_product_is_gtin(struct trundle_product p)
{
    return p.key >> KIND_SHIFT == KIND_GTIN;
}

bool trundle_product_is_plu(struct trundle_product p)
{
    return p.key >> KIND_SHIFT == KIND_PLU;
}

uint64_t trundle_product_number(struct trundle_product p)
{
    return p.key & ((UINT64_C(1) << KIND_SHIFT) - 1);
}

static enum trundle_status digits(const char *text, size_t least, size_t most, uint64_t *out)
{
    size_t n = strlen(text);
    uint64_t number = 0;

    if (n < least || n > most)
        return TRUNDLE_BAD_INPUT;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return TRUNDLE_BAD_INPUT;
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    *out = number;
    return TRUNDLE_OK;
}

static bool check_digit_holds(uint64_t gtin)
{
    unsigned sum = 0;

    for (int i = 0; gtin; i++, gtin /= 10)
        sum += (unsigned)(gtin % 10) * (i % 2 ? 3 : 1);
    return sum % 10 == 0;
}

enum trundle_status trundle_product_parse(const char *text, struct trundle_product *out_product)
{
    uint64_t number;

    if (!text || !out_product)
        return TRUNDLE_BAD_ARG;
    if (strcmp(text, "?") == 0) {
        *out_product = (struct trundle_product){ 0 };
        return TRUNDLE_OK;
    }
    if (strncmp(text, "gtin:", 5) == 0 && digits(text + 5, 14, 14, &number) == TRUNDLE_OK && number &&
        check_digit_holds(number)) {
        *out_product = trundle_product_gtin(number);
        return TRUNDLE_OK;
    }
    if (strncmp(text, "plu:", 4) == 0 && digits(text + 4, 4, 5, &number) == TRUNDLE_OK && number >= 1000) {
        *out_product = trundle_product_plu((uint32_t)number);
        return TRUNDLE_OK;
    }
    return TRUNDLE_BAD_INPUT;
}

const char *trundle_product_text(struct trundle_product p, char text[TRUNDLE_PRODUCT_TEXT])
{
    uint64_t number = trundle_product_number(p);

    if (trundle_product_is_gtin(p))
        (void)snprintf(text, TRUNDLE_PRODUCT_TEXT, "gtin:%014" PRIu64, number % UINT64_C(100000000000000));
    else if (trundle_product_is_plu(p))
        (void)snprintf(text, TRUNDLE_PRODUCT_TEXT, "plu:%04" PRIu64, number % 100000);
    else
        (void)snprintf(text, TRUNDLE_PRODUCT_TEXT, "?");
    return text;
}
