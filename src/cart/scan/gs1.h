/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * scan/gs1 - what a code means: from the text a scanner gave to product, count, weight or price.
 *
 *     struct scan_item item;
 *     TRY(scan_parse(&message.code, catalog, &item, err));
 *     if (item.price_cents >= 0) ...                     // the label says what it costs
 *
 * Read: GTIN-8/12/13/14, UPC-E (6-8 digits when the symbology is UPC-E), EAN-13 of restricted circulation with price or weight
 * inside (the catalog's prefixes), GS1 element strings (with FNC1 as GS, with parentheses, or plain), GS1 Digital Link URIs,
 * PLUs of 4-5 digits; symbology identifiers (]E0 ]C1 ]e0 ]d2 ]Q3) in front; add-ons of 2 or 5 digits behind an EAN or UPC.
 * Check digits are enforced. Source: GS1 General Specifications 23, sections 3 and 7; GS1 Digital Link 1.2.
 * No I/O, no heap, no state: any thread.
 */
#pragma once

#include "base/catalog/catalog.h"

#include <trundle/message.h>

enum { SCAN_SERIAL = 24, SCAN_ADDON = 6 };

struct scan_item {
    struct trundle_product product;
    int32_t count;                     /* items this code stands for: 1, or AI 30/37 */
    double  weight_g;                  /* net weight in the code; NAN none */
    int64_t price_cents;               /* price of this item in the code; -1 none */
    char    currency[4];               /* ISO 4217 digits of AI 393x ("978"); empty: the catalog's */
    char    lot[SCAN_SERIAL], serial[SCAN_SERIAL];   /* AI 10, 21; empty none */
    int32_t expires_yymmdd;            /* AI 17, else 15; 0 none. DD 0 is the month's last day */
    char    addon[SCAN_ADDON];         /* digits of the add-on; empty none */
    bool    restricted;                /* a number of restricted circulation (02, 20-29, 04) */
};

/* `c` may be NULL: then no prefix carries a price or a weight. BAD_INPUT: not a code we know, a wrong check digit, an AI with a
 * wrong value; UNSUPPORTED: well formed but names no product (a coupon, a pallet, a web page). *out is written on OK only. */
TRUNDLE_MUST_USE enum trundle_status scan_parse(const struct trundle_code *code, const struct catalog *c, struct scan_item *out,
                                                struct trundle_error *err);

/* n digits of text with a GS1 check digit at the end that holds. */
bool scan_check_digit_holds(const char *digits, size_t n);
/* UPC-E of 8 digits (number system, six, check) to UPC-A of 12. False: not digits, not system 0 or 1, or the check digit of the
 * expanded number does not hold (GS1 General Specifications, 5.2.2.4.2). */
bool scan_upce_expand(const char upce[8], char out_upca[13]);
/* Element string without parentheses, FNC1 as GS, to the same with parentheses and back are the same text after this: drops
 * parentheses, GS and identifiers. For comparing. `out` holds at least strlen(text) + 1. */
void scan_normalise(const char *text, char *out);
