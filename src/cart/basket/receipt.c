/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The receipt: 42 columns for people, JSON for machines. */
#include "cart/basket/basket.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 42, MONEY_TEXT = 32 };

static const char *money(const struct catalog *c, int64_t cents, char out[MONEY_TEXT])
{
    int digits = catalog_currency_digits(c);
    int64_t unit = 1;
    uint64_t size = cents < 0 ? (uint64_t)0 - (uint64_t)cents : (uint64_t)cents;

    for (int i = 0; i < digits; i++)
        unit *= 10;
    if (digits > 0)
        (void)snprintf(out, MONEY_TEXT, "%s%" PRIu64 ".%0*" PRIu64, cents < 0 ? "-" : "", size / (uint64_t)unit, digits, size % (uint64_t)unit);
    else
        (void)snprintf(out, MONEY_TEXT, "%s%" PRIu64, cents < 0 ? "-" : "", size);
    return out;
}

/* Columns a UTF-8 text takes, counting code points. */
static size_t columns_of(const char *text, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static enum trundle_status print_row(struct bytes *out, const char *left, const char *right)
{
    size_t room = COLUMNS - 1 - strlen(right), bytes = strlen(left);

    while (columns_of(left, bytes) > room || (left[bytes] & 0xc0) == 0x80)
        bytes--;
    return bytes_print(out, "%.*s%*s\n", (int)bytes, left, (int)(COLUMNS - columns_of(left, bytes)), right);
}

static const char *name_of(const struct basket *b, const struct basket_line *line)
{
    const struct catalog_product *p = catalog_find(b->catalog, line->item.product);

    return p ? p->name : "unknown item";
}

enum trundle_status basket_receipt_text(const struct basket *b, struct bytes *out)
{
    struct basket_totals t = basket_totals(b);
    char a[MONEY_TEXT], c[MONEY_TEXT], row[160];

    for (size_t i = 0; i < b->n; i++) {
        const struct basket_line *line = &b->line[i];

        TRY(print_row(out, name_of(b, line), line->priced ? money(b->catalog, line->gross_cents, a) : "no price"));
        if (line->by_weight) {
            (void)snprintf(row, sizeof row, "  %.3f kg x %s/kg", (double)line->item.weight_mg / 1e6, money(b->catalog, line->unit_cents, c));
            TRY(print_row(out, row, ""));
        } else if (line->item.count > 1) {
            (void)snprintf(row, sizeof row, "  %" PRId32 " x %s", line->item.count, money(b->catalog, line->unit_cents, c));
            TRY(print_row(out, row, ""));
        }
        if (line->saving_cents) {
            (void)snprintf(row, sizeof row, "  %s", line->promotion >= 0 ? catalog_promotion_at(b->catalog, (size_t)line->promotion)->name : "saving");
            TRY(print_row(out, row, money(b->catalog, -line->saving_cents, c)));
        }
    }
    TRY(bytes_print(out, "%.*s\n", COLUMNS, "------------------------------------------"));
    (void)snprintf(row, sizeof row, "TOTAL %s, %" PRId32 " item%s", catalog_currency(b->catalog), t.items, t.items == 1 ? "" : "s");
    TRY(print_row(out, row, money(b->catalog, t.total_cents, a)));
    if (t.savings_cents)
        TRY(print_row(out, "  saved", money(b->catalog, t.savings_cents, a)));
    return print_row(out, "  tax in it", money(b->catalog, t.tax_cents, a));
}

static json_t *number_or_null(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *line_json(const struct basket *b, const struct basket_line *line)
{
    static const char *const senses[] = { "?", "weigh", "see", "scan" };
    char key[TRUNDLE_PRODUCT_TEXT];
    json_t *evidence = json_array(), *why, *o;

    for (uint8_t i = 0; i < line->why.evidence_n; i++)
        json_array_append_new(evidence, json_pack("{s:s, s:i, s:I}", "sense", senses[line->why.evidence[i].sense & 3], "sensor",
                                                  (int)line->why.evidence[i].sensor, "id", (json_int_t)line->why.evidence[i].id));
    why = json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:o}", "decision", (json_int_t)line->why.id, "event", (json_int_t)line->item.event,
                    "p", number_or_null((double)line->why.p), "expected_cost", number_or_null((double)line->why.cost), "mass_g",
                    number_or_null((double)line->why.mass_g), "mass_sd_g", number_or_null((double)line->why.mass_sd_g), "code_sequence",
                    (json_int_t)line->why.code_sequence, "evidence", evidence);
    o = json_pack("{s:I, s:f, s:s, s:s, s:i, s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "line", (json_int_t)line->id, "t_s",
                  (double)line->item.t_ns * 1e-9, "product", trundle_product_text(line->item.product, key), "name", name_of(b, line),
                  "count", (int)line->item.count, "weight_g", line->by_weight ? json_real((double)line->item.weight_mg / 1000) : json_null(),
                  "unit_price_cents", line->priced ? json_integer(line->unit_cents) : json_null(), "gross_cents",
                  (json_int_t)line->gross_cents, "saving_cents", (json_int_t)line->saving_cents, "price_cents",
                  (json_int_t)(line->gross_cents - line->saving_cents), "promotion",
                  line->promotion >= 0 ? json_string(catalog_promotion_at(b->catalog, (size_t)line->promotion)->name) : json_null(), "why", why);
    return o;
}

enum trundle_status basket_receipt_json(const struct basket *b, struct bytes *out)
{
    struct basket_totals t = basket_totals(b);
    json_t *lines = json_array(), *root;
    enum trundle_status status;
    char *text;

    for (size_t i = 0; i < b->n; i++)
        json_array_append_new(lines, line_json(b, &b->line[i]));
    root = json_pack("{s:s, s:i, s:o, s:I, s:I, s:I, s:i}", "currency", catalog_currency(b->catalog), "digits",
                     catalog_currency_digits(b->catalog), "lines", lines, "total_cents", (json_int_t)t.total_cents, "savings_cents",
                     (json_int_t)t.savings_cents, "tax_cents", (json_int_t)t.tax_cents, "items", (int)t.items);
    text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    status = text ? bytes_append(out, text, strlen(text)) : TRUNDLE_NO_MEMORY;
    free(text);
    json_decref(root);
    return status;
}
