#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# Import, run and export against ONNX Runtime, on the small models of the fuzz corpus, where $TRUNDLE_PEERS_PYTHON names a Python that has it.
# Real architectures: tools/onnx_models.py and tools/onnx_agree.py (docs/onnx.md).
set -eu
echo 1..3
python=${TRUNDLE_PEERS_PYTHON:-python3}
if ! "$python" -c 'import numpy, onnxruntime' 2>/dev/null; then
    for i in 1 2 3; do echo "ok $i - # SKIP TRUNDLE_PEERS_PYTHON names no Python with numpy and onnxruntime"; done
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in cnn shapes attention; do
    cp "$TRUNDLE_SOURCE/tests/fuzz/net_onnx/$name" "$work/$name.onnx"
done
i=0
for name in cnn shapes attention; do
    i=$((i + 1))
    if "$python" "$TRUNDLE_SOURCE/tools/onnx_agree.py" "$TRUNDLE_BUILD/trundle" "$work/$name.onnx" >"$work/log" 2>&1; then
        echo "ok $i - $name agrees with ONNX Runtime, both ways"
    else
        echo "not ok $i - $name"
    fi
    sed 's/^/# /' "$work/log"
done
