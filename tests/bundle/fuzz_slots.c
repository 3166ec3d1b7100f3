/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as slots.json: refused as damaged, or a state that prints to one that reads back the same. */
#include "base/bundle/slots_inside.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slots s, again;
    struct bytes text = { 0 };
    struct trundle_error err;

    if (slots_parse(data, n, "fuzz", &s, &err) != TRUNDLE_OK)
        return 0;
    if (slots_json(&s, &text) != TRUNDLE_OK || slots_parse(text.data, text.n, "again", &again, &err) != TRUNDLE_OK || again.running != s.running || again.floor != s.floor)
        abort();
    bytes_done(&text);
    return 0;
}
