/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as results of trips: refused with an error, or sums that can be pooled and are written as they were read. */
#include "lab/judge/saved.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct judge_saved s = { .n = 0 }, again = { .n = 0 };
    struct judge_report report;
    struct bytes first = { 0 }, second = { 0 };
    struct trundle_error err = { 0 };

    if (judge_saved_parse(data, n, "fuzz", &s, &err) != TRUNDLE_OK)
        return s.result || !err.where[0] || !err.what[0] ? abort(), 0 : 0;
    if (judge_report_make(s.result, s.n, 1, &report, &err) != TRUNDLE_OK || judge_saved_print(&s, &first) != TRUNDLE_OK)
        abort();
    judge_report_done(&report);
    if (judge_saved_parse(first.data, first.n, "again", &again, &err) != TRUNDLE_OK || judge_saved_print(&again, &second) != TRUNDLE_OK)
        abort();
    if (first.n != second.n || memcmp(first.data, second.data, first.n) != 0)
        abort();
    bytes_done(&first);
    bytes_done(&second);
    judge_saved_done(&s);
    judge_saved_done(&again);
    return 0;
}
