/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Writes the two small nets as seeds for fuzzing .net files: corpus DIR. */
#include "base/net/file.h"
#include "nets.h"
#include "tests/support/support.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    char path[512];
    struct trundle_error err = { 0 };
    struct net_graph *g[2] = { nets_small(1), nets_small_int8(1) };
    for (int k = 0; k < 2 && argc > 1; k++) {
        (void)snprintf(path, sizeof path, "%s/%s.net", argv[1], k ? "int8" : "small");
        support_ok(net_file_save(g[k], "{}", path, &err), &err);
    }
    net_graph_free(g[0]);
    net_graph_free(g[1]);
    return 0;
}
