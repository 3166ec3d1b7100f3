/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Whatever a scanner sends, as bytes and as key events: a code is printable and within its size, or there is none. */
#include "cart/runtime/port.h"
#include "cart/runtime/scan_bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_code(const struct trundle_code *c)
{
    if (c->text_bytes == 0 || c->text_bytes >= sizeof c->text || c->text[c->text_bytes] != 0)
        abort();
    for (uint16_t i = 0; i < c->text_bytes; i++)
        if ((c->text[i] < ' ' || c->text[i] > '~') && c->text[i] != 0x1d)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct scan_keys raw = { .n = 0 }, keys = { .n = 0 };
    struct port_line line = { .n = 0 };
    struct trundle_code code;

    for (size_t i = 0; i < n; i++) {
        if (port_line_push(&line, data[i]) == PORT_LINE_WHOLE && scan_line_code(line.text, line.n, &code, NULL) == TRUNDLE_OK)
            check_code(&code);
        if (scan_keys_byte(&raw, data[i], &code, NULL) == TRUNDLE_OK)
            check_code(&code);
        /* Dense: each byte is a key, its top bit says up or down. */
        if (scan_keys_push(&keys, 1, data[i] & 0x7f, !(data[i] & 0x80), &code, NULL) == TRUNDLE_OK)
            check_code(&code);
    }
    (void)scan_keys_drop(&keys);
    return 0;
}
