/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Texts of a fixed shape (text.h). */
#include "base/std/text.h"

#include <sodium.h>
#include <string.h>

enum { NAME_MOST = 40 };

bool text_is_name(const char *text)
{
    size_t n = strnlen(text, NAME_MOST + 1);

    return n > 0 && n <= NAME_MOST && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == n && !strchr("-_.", text[0]);
}

bool text_is_hex(const char *text, size_t digits)
{
    return strnlen(text, digits + 1) == digits && strspn(text, "0123456789abcdef") == digits;
}

bool text_base64(const char *text, uint8_t *out, size_t n)
{
    size_t got = 0;
    bool right = sodium_base642bin(out, n, text, strlen(text), NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && got == n;

    if (!right)
        sodium_memzero(out, n);            /* half a secret is one, too */
    return right;
}
