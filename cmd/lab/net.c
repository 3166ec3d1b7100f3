/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle net: hands over to its parts. */
#include "cmd/lab/net.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

static const struct option_part parts[] = {
    { "info", "inputs, outputs, nodes, sizes, kernels of a model", net_info },
    { "run", "run a model on photos or .npy arrays", net_run },
    { "check", "is the file whole, and do this machine's kernels give the reference's bits?", net_check },
    { "bench", "how long a model takes here, by our kernels or another engine; where the time goes", net_bench },
    { "import", "an ONNX model becomes a .net file", net_import },
    { "export", "a model becomes an ONNX file", net_export },
    { "quantize", "an f32 model becomes an int8 one", net_quantize },
    { "prune", "whole channels leave a model, by measured latency", net_prune },
    { "tune", "measure every kernel on every node; remember the fastest in the manifest", net_tune_main },
};

int verb_net(int argc, char **argv)
{
    return option_parts(argc, argv, "net", parts, COUNT_OF(parts), NULL);
}
