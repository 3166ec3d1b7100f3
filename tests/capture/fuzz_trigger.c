/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any text: it parses and can be asked, or says in which column it is wrong. */
#include "cart/capture/trigger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);
    struct trigger_facts facts = { .draw = n };
    struct trundle_error err;
    struct trigger t;

    if (!text)
        return 0;
    if (n)
        memcpy(text, data, n);
    text[n] = '\0';
    if (trigger_parse(text, "text", &t, &err) == TRUNDLE_OK) {
        if (!t.ops_n || t.ops_n > TRIGGER_OPS || strcmp(t.text, text) != 0)
            abort();
        for (int k = 0; k < 3; k++) {
            for (size_t i = 0; i < TRIGGER_FACTS; i++)
                facts.value[i] = k == 0 ? (double)NAN : k == 1 ? 0 : 1;
            (void)trigger_fires(&t, &facts);
        }
    } else if (!err.what[0] || !err.where[0]) {
        abort();
    }
    free(text);
    return 0;
}
