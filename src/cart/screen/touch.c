/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a page may say, from JSON to a checked touch. No state, no I/O. */
#include "base/std/json.h"
#include "cart/screen/screen.h"

#include <string.h>

enum { NEEDS_REF = 1, NEEDS_PRODUCT = 2, NEEDS_COUNT = 4, NEEDS_OPTION = 8, NEEDS_SWITCH = 16 };

static const struct {
    const char *name;
    enum trundle_touch_kind kind;
    unsigned needs;
} kinds[] = {
    { "answer", TRUNDLE_TOUCH_ANSWER, NEEDS_REF | NEEDS_OPTION },
    { "wrong", TRUNDLE_TOUCH_WRONG, NEEDS_REF },
    { "remove", TRUNDLE_TOUCH_REMOVE, NEEDS_REF },
    { "count", TRUNDLE_TOUCH_COUNT_SET, NEEDS_REF | NEEDS_COUNT },
    { "plu", TRUNDLE_TOUCH_PLU, NEEDS_PRODUCT },
    { "plu_cancel", TRUNDLE_TOUCH_PLU_CANCEL, 0 },
    { "pay", TRUNDLE_TOUCH_PAY, 0 },
    { "resume", TRUNDLE_TOUCH_RESUME, 0 },
    { "paid", TRUNDLE_TOUCH_PAID, 0 },
    { "help", TRUNDLE_TOUCH_HELP, 0 },
    { "staff", TRUNDLE_TOUCH_STAFF, NEEDS_SWITCH },
    { "member", TRUNDLE_TOUCH_MEMBER, NEEDS_SWITCH },
};

static const char *const options[] = { "product", "nothing", "else" };     /* enum trundle_touch_option */

static enum trundle_status take_option(const struct json_at *at, enum trundle_touch_option *out, struct trundle_error *err)
{
    char text[16];

    TRY(json_take_text(at, "option", text, sizeof text, err));
    for (size_t i = 0; i < COUNT_OF(options); i++)
        if (strcmp(text, options[i]) == 0) {
            *out = (enum trundle_touch_option)i;
            return TRUNDLE_OK;
        }
    return error_set(err, TRUNDLE_BAD_INPUT, "touch: option", "product, nothing or else", "there is no option of that name");
}

static enum trundle_status take_product(const struct json_at *at, struct trundle_product *out, struct trundle_error *err)
{
    char text[TRUNDLE_PRODUCT_TEXT];
    struct trundle_product product;

    TRY(json_take_text(at, "product", text, sizeof text, err));
    if (trundle_product_parse(text, &product) != TRUNDLE_OK || !product.key)
        return error_set(err, TRUNDLE_BAD_INPUT, "touch: product", "gtin:<14 digits> or plu:<4-5 digits>", "%s is not a product", text);
    *out = product;
    return TRUNDLE_OK;
}

/* A field that this kind of touch has no use for is a mistake of the page, and better seen. */
static enum trundle_status refuse_others(json_t *root, unsigned needs, struct trundle_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach (root, key, value) {
        bool known = strcmp(key, "kind") == 0 || (strcmp(key, "ref") == 0 && needs & NEEDS_REF) ||
                     (strcmp(key, "product") == 0 && needs & NEEDS_PRODUCT) || (strcmp(key, "option") == 0 && needs & NEEDS_OPTION) ||
                     (strcmp(key, "count") == 0 && needs & (NEEDS_COUNT | NEEDS_SWITCH));

        if (!known)
            return error_set(err, TRUNDLE_BAD_INPUT, "touch", "docs/touchscreen.md lists what each kind takes", "%.60s does not belong here", key);
    }
    return TRUNDLE_OK;
}

static enum trundle_status read_touch(const struct json_at *at, struct trundle_touch *out, struct trundle_error *err)
{
    char kind[16];
    size_t i = 0;
    unsigned needs;
    int64_t ref = 0, count = 0;

    TRY(json_take_text(at, "kind", kind, sizeof kind, err));
    while (i < COUNT_OF(kinds) && strcmp(kind, kinds[i].name) != 0)
        i++;
    if (i == COUNT_OF(kinds))
        return error_set(err, TRUNDLE_BAD_INPUT, "touch: kind", "docs/touchscreen.md lists the kinds", "there is no kind of that name");
    out->kind = kinds[i].kind;
    needs = kinds[i].needs;
    if (needs & NEEDS_OPTION) {
        TRY(take_option(at, &out->option, err));
        if (out->option == TRUNDLE_OPTION_PRODUCT || (out->option == TRUNDLE_OPTION_ELSE && json_has(at, "product")))
            needs |= NEEDS_PRODUCT;
    }
    TRY(refuse_others(at->value, needs, err));
    if (needs & NEEDS_REF)
        TRY(json_take_integer(at, "ref", 1, UINT32_MAX, &ref, err));
    if (needs & NEEDS_COUNT)
        TRY(json_take_integer(at, "count", 1, SCREEN_COUNT_MAX, &count, err));
    if (needs & NEEDS_SWITCH)
        TRY(json_take_integer(at, "count", 0, 1, &count, err));
    if (needs & NEEDS_PRODUCT)
        TRY(take_product(at, &out->product, err));
    out->ref = (uint32_t)ref;
    out->count = (int32_t)count;
    return TRUNDLE_OK;
}

enum trundle_status screen_touch_parse(const void *json, size_t n, struct trundle_touch *out_touch, struct trundle_error *err)
{
    struct trundle_touch touch = { 0 };
    struct json_at at;
    json_t *root = NULL;
    enum trundle_status status;

    if (n > SCREEN_TOUCH_BYTES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "touch", NULL, "%zu bytes, limit %d", n, SCREEN_TOUCH_BYTES_MAX);
    TRY(json_parse(n ? json : "", n, "touch", &root, err));
    at = json_at_root(root, "touch");
    if (json_is_object(root))
        status = read_touch(&at, &touch, err);
    else
        status = error_set(err, TRUNDLE_BAD_INPUT, "touch", NULL, "must be an object {...}");
    json_decref(root);
    if (status == TRUNDLE_NOT_FOUND) {     /* a field that is missing is bad input, not a missing page */
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    if (status == TRUNDLE_OK)
        *out_touch = touch;
    return status;
}

enum trundle_status screen_key_parse(const char *key, struct trundle_product *out_product, struct trundle_error *err)
{
    char text[TRUNDLE_PRODUCT_TEXT];
    struct trundle_product product;
    size_t n = strlen(key);
    char *dash;

    if (n < sizeof text) {
        memcpy(text, key, n + 1);
        dash = strchr(text, '-');
        if (dash)
            *dash = ':';
        if (dash && trundle_product_parse(text, &product) == TRUNDLE_OK && product.key) {
            *out_product = product;
            return TRUNDLE_OK;
        }
    }
    return error_set(err, TRUNDLE_NOT_FOUND, "picture", "gtin-<14 digits> or plu-<4-5 digits>", "%.60s is not a product", key);
}
