/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes: an ONNX file is taken or refused with a reason. What is taken is a graph that infers, and that exports to what is taken again. */
#include "base/net/onnx/onnx.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct trundle_error err = { 0 };
    struct net_graph *g = NULL, *again = NULL;
    struct bytes out = { 0 };
    struct net_onnx_tensor t;
    bool last = n & 1;

    if (net_onnx_tensor_read(data, n, &t, &err) == TRUNDLE_OK)
        net_onnx_tensor_done(&t);
    if (net_onnx_import(data, n, &(struct net_onnx_options){ .where = "fuzz", .channels_last = last }, &g, &err) != TRUNDLE_OK) {
        if (!err.what[0] || g)
            abort();
        return 0;
    }
    if (net_graph_infer(g, 1, &err) != TRUNDLE_OK)
        abort();
    if (net_onnx_export(g, NULL, &out, &err) == TRUNDLE_OK) {
        if (net_onnx_import(out.data, out.n, NULL, &again, &err) != TRUNDLE_OK && (err.status != TRUNDLE_UNSUPPORTED && err.status != TRUNDLE_TOO_LARGE))
            abort();
    }
    net_graph_free(again);
    net_graph_free(g);
    bytes_done(&out);
    return 0;
}
