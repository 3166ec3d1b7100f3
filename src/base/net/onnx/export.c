/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "base/net/onnx/inside.h"

enum trundle_status net_onnx_export(const struct net_graph *g, const struct net_onnx_export_options *options, struct bytes *out, struct trundle_error *err)
{
    (void)g;
    (void)options;
    (void)out;
    return error_set(err, TRUNDLE_UNSUPPORTED, "export", NULL, "not there yet");
}
