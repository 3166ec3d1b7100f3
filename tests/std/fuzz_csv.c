/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes: every row is taken or refused, fields are whole, the reader always moves on. */
#include "base/std/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct csv csv;
    struct trundle_error err;
    enum trundle_status status;
    char at[CSV_AT_TEXT];

    csv_init(&csv, data, n, "fuzz");
    for (size_t rows = 0; (status = csv_row(&csv, &err)) != TRUNDLE_END; rows++) {
        if (rows > n)
            abort();
        if (status != TRUNDLE_OK)
            continue;
        for (size_t i = 0; i < csv.fields_n; i++)
            if (strlen(csv.field[i].text) != csv.field[i].n || !*csv_at(&csv, i, at))
                abort();
    }
    return 0;
}
