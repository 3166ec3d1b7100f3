/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle net: hands over to its parts. */
#include "cmd/lab/net.h"
#include "cmd/verbs.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name; int (*main)(int, char **); const char *text; } parts[] = {
    { "info", net_info, "inputs, outputs, nodes, sizes, kernels of a model" },
    { "run", net_run, "run a model on photos or .npy arrays" },
    { "check", net_check, "is the file whole, and do this machine's kernels give the reference's bits?" },
    { "bench", net_bench, "how long a model takes here, by our kernels or another engine; where the time goes" },
    { "import", net_import, "an ONNX model becomes a .net file" },
    { "export", net_export, "a model becomes an ONNX file" },
    { "quantize", net_quantize, "an f32 model becomes an int8 one" },
    { "prune", net_prune, "whole channels leave a model, by measured latency" },
    { "tune", net_tune_main, "measure every kernel on every node; remember the fastest in the manifest" },
};

int verb_net(int argc, char **argv)
{
    const char *part = argc > 1 ? argv[1] : "";
    bool help = !strcmp(part, "--help") || !strcmp(part, "-h");

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (!strcmp(part, parts[i].name))
            return parts[i].main(argc - 1, argv + 1);
    fprintf(help ? stdout : stderr, "usage: trundle net PART [OPTION...] MODEL\n\n");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        fprintf(help ? stdout : stderr, "  %-10s %s\n", parts[i].name, parts[i].text);
    return help ? EXIT_OK : EXIT_USAGE;
}
