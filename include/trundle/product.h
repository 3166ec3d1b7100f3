/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * product - the one key by which everything in Trundle names a product.
 *
 *     struct trundle_product p;
 *     char text[TRUNDLE_PRODUCT_TEXT];
 *     if (trundle_product_parse("gtin:04011200296908", &p) == TRUNDLE_OK)
 *         puts(trundle_product_text(p, text));
 *
 * Text forms: `gtin:<14 digits>` (check digit holds), `plu:<4-5 digits>`, `?` (unknown). A plain value, compared with ==
 * on `key`; 0 is unknown, so a zeroed struct is valid.
 */
#ifndef TRUNDLE_PRODUCT_H
#define TRUNDLE_PRODUCT_H

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TRUNDLE_PRODUCT_TEXT = 24 };   /* bytes that hold any text form, NUL included */

struct trundle_product {
    uint64_t key;                     /* kind in the top byte (0 unknown, 1 gtin, 2 plu), the number below */
};

/* Makes a key from a number that is already checked: a GTIN with its check digit, or a PLU of 4-5 digits. */
TRUNDLE_API struct trundle_product trundle_product_gtin(uint64_t gtin);
TRUNDLE_API struct trundle_product trundle_product_plu(uint32_t plu);
TRUNDLE_API bool trundle_product_is_gtin(struct trundle_product p);
TRUNDLE_API bool trundle_product_is_plu(struct trundle_product p);
/* The digits as a number; 0 for unknown. */
TRUNDLE_API uint64_t trundle_product_number(struct trundle_product p);

/* TRUNDLE_BAD_INPUT: not one of the three forms, or the check digit is wrong. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_product_parse(const char *text, struct trundle_product *out_product);
/* Writes the text form into `text` and returns it. */
TRUNDLE_API const char *trundle_product_text(struct trundle_product p, char text[TRUNDLE_PRODUCT_TEXT]);

#ifdef __cplusplus
}
#endif
#endif
