/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Models for the parts of `trundle net`: .net files with the plan of the manifest beside them, or ONNX files. */
#include "base/net/file.h"
#include "base/net/manifest.h"
#include "base/net/onnx/onnx.h"
#include "base/net/passes.h"
#include "cmd/lab/net.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static enum trundle_status open_onnx(const char *path, struct net_source *out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, NET_ONNX_BYTES_MAX, &b, err);
    if (status == TRUNDLE_OK)
        status = net_onnx_import(b.data, b.n, &(struct net_onnx_options){ .where = path, .channels_last = true }, &out->imported, err);
    if (status == TRUNDLE_OK)
        status = net_simplify(out->imported, err);
    bytes_done(&b);
    out->graph = out->imported;
    return status;
}

static enum trundle_status open_net(const char *path, struct net_source *out, struct trundle_error *err)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    TRY(net_file_open(path, &out->file, err));
    out->graph = net_file_graph(out->file);
    (void)snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    struct trundle_error none;
    enum trundle_status status = net_manifest_plan(dir[0] ? dir : "/", name, &out->plan, &none);
    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND) {     /* a broken manifest is not passed over */
        if (err)
            *err = none;
        return status;
    }
    return TRUNDLE_OK;
}

enum trundle_status net_source_open(const char *path, struct net_source *out, struct trundle_error *err)
{
    size_t n = strlen(path);
    *out = (struct net_source){ 0 };
    enum trundle_status status = n > 5 && strcmp(path + n - 5, ".onnx") == 0 ? open_onnx(path, out, err) : open_net(path, out, err);
    if (status != TRUNDLE_OK)
        net_source_close(out);
    return status;
}

void net_source_close(struct net_source *s)
{
    net_graph_free(s->imported);
    net_file_close(s->file);
    bytes_done(&s->plan);
    *s = (struct net_source){ 0 };
}
