/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * onnx_cases - one folder of ONNX's own test cases (model.onnx, test_data_set_N/input_K.pb, output_K.pb) through our importer.
 *
 * A case runs in several ways: what describes the work (shapes, axes, scales, weights) bound as constants and all data computed; then also
 * everything bound but the first input; then that once more simplified. PASSED: each way that was taken gave ONNX's numbers (rtol 1e-3, atol 1e-7;
 * integers exactly), and one was. REFUSED: UNSUPPORTED, with a node or input named. All else is FAILED.
 */
#pragma once

enum onnx_case { ONNX_CASE_PASSED, ONNX_CASE_REFUSED, ONNX_CASE_FAILED };

struct onnx_case_result {
    enum onnx_case is;
    char op[64];              /* the operator it is about */
    char why[600];            /* of a refusal or failure */
};

void onnx_case_run(const char *folder, struct onnx_case_result *out);
