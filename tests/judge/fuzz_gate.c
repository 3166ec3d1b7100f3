/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a gate: refused with an error, or statements that no trip holds. */
#include "lab/judge/gate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct judge_gate gate = { .n = 0 };
    struct judge_gate_options options = { .folder = "/nonexistent" };
    struct judge_gate_verdict v = { .held = false };
    struct judge_report report = { .trips = 0 };
    struct judge_saved none = { .n = 0 };
    struct bytes text = { 0 };
    struct trundle_error err = { 0 };
    bool compares = false;

    if (judge_gate_parse(data, n, "fuzz", &gate, &err) != TRUNDLE_OK)
        return gate.rule || !err.where[0] || !err.what[0] ? abort(), 0 : 0;
    if (!gate.n)
        abort();
    for (size_t i = 0; i < gate.n; i++)
        compares = compares || gate.rule[i].compares;
    if (!compares) {
        if (judge_gate_check(&gate, &report, &none, &options, &v, &err) != TRUNDLE_OK || v.held || judge_gate_json(&gate, &v, &text) != TRUNDLE_OK)
            abort();
        judge_gate_verdict_done(&v);
    }
    bytes_done(&text);
    judge_gate_done(&gate);
    return 0;
}
