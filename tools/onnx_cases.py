# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""ONNX's node cases of the installed `onnx` package, as folders that build/tests/test_net_onnx_cases reads.

    python3 tools/onnx_cases.py DIR && TRUNDLE_ONNX_CASES=DIR build/tests/test_net_onnx_cases | grep '^#'

A case whose inputs or outputs are no dense tensors gets its model only.
"""
import os
import sys
import warnings

import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: onnx_cases.py DIR")
    warnings.simplefilter("ignore")
    cases = collect_testcases()
    for case in cases:
        folder = os.path.join(sys.argv[1], "node", case.name)
        data = os.path.join(folder, "test_data_set_0")
        os.makedirs(data, exist_ok=True)
        with open(os.path.join(folder, "model.onnx"), "wb") as f:
            f.write(case.model.SerializeToString())
        for kind, values, ports in (("input", case.data_sets[0][0], case.model.graph.input), ("output", case.data_sets[0][1], case.model.graph.output)):
            for i, (value, port) in enumerate(zip(values, ports)):
                if not port.type.HasField("tensor_type"):
                    continue
                if not isinstance(value, TensorProto):
                    value = numpy_helper.from_array(value, port.name)
                with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as f:
                    f.write(value.SerializeToString())
    print(f"{len(cases)} cases of onnx {onnx.__version__} (opset {onnx.defs.onnx_opset_version()})")


main()
