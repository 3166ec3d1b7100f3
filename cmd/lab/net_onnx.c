/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle net import, trundle net export: ONNX files to .net files and back. */
#include "base/net/file.h"
#include "base/net/onnx/onnx.h"
#include "base/net/passes.h"
#include "base/std/hash.h"
#include "base/std/json.h"
#include "cmd/lab/net.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPES_MAX = 16 };

/* "a=1x3x224x224,b=0x10" into shapes, whose names lie in `text`, which is cut up. */
static enum trundle_status shapes_parse(char *text, struct net_onnx_shape *shape, int *n, struct trundle_error *err)
{
    char *rest = NULL;
    for (char *one = strtok_r(text, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
        char *equals = strrchr(one, '='), *at = equals ? equals + 1 : NULL;
        struct net_shape s = { 0 };
        bool ok = equals && equals != one && *n < SHAPES_MAX;
        while (ok && *at) {
            char *end;
            long d = strtol(at, &end, 10);
            ok = end != at && d >= 0 && d <= INT32_MAX && s.rank < NET_RANK_MAX && (*end == '\0' || (*end == 'x' && end[1]));
            if (ok)
                s.d[s.rank++] = (int32_t)d;
            at = *end == 'x' ? end + 1 : end;
        }
        if (!ok)
            return error_set(err, TRUNDLE_BAD_ARG, "--shape", "like input=1x3x224x224; 0 as the first number: the batch is free", "'%.100s' is no shape", one);
        *equals = '\0';
        shape[(*n)++] = (struct net_onnx_shape){ one, s };
    }
    return TRUNDLE_OK;
}

/* FILE with another ending into out; fails when it does not fit. */
static enum trundle_status beside(const char *file, const char *ending, char out[PATH_MAX], struct trundle_error *err)
{
    const char *dot = strrchr(file, '.'), *slash = strrchr(file, '/');
    int stem = dot && (!slash || dot > slash) ? (int)(dot - file) : (int)strlen(file);
    if (snprintf(out, PATH_MAX, "%.*s%s", stem, file, ending) >= PATH_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, file, NULL, "the path is too long");
    return TRUNDLE_OK;
}

static void print_ports(const struct net_graph *g)
{
    char shape[80];
    for (int i = 0; i < g->inputs_n + g->outputs_n; i++) {
        bool in = i < g->inputs_n;
        const struct net_tensor *t = &g->tensor[in ? g->input[i] : g->output[i - g->inputs_n]];
        printf("%-7s %s  %s %s\n", in ? "input" : "output", t->name, net_type_name(t->type), net_shape_text(&t->shape, shape));
    }
}

int net_import(int argc, char **argv)
{
    const char *out = NULL, *shapes = NULL;
    bool first_channels = false, raw = false;
    const struct option_row rows[] = { { "out", "FILE", OPTION_TEXT, &out, "where to (default: MODEL.net)" },
                                       { "shape", "IN=AxBxC,..", OPTION_TEXT, &shapes, "shapes of inputs, in the model's own order of axes; first number 0: the batch stays free" },
                                       { "channels-first", NULL, OPTION_FLAG, &first_channels, "images stay [N, C, H, W] at inputs and outputs (default: [N, H, W, C])" },
                                       { "as-is", NULL, OPTION_FLAG, &raw, "no folding and fusing" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct bytes b = { 0 };
    struct net_graph *g = NULL;
    struct net_onnx_shape shape[SHAPES_MAX];
    char path[PATH_MAX], sha[HASH_SHA256_TEXT], *list = NULL, *about = NULL;
    int first, code, shapes_n = 0;
    if (!option_parse(argc, argv, "trundle net import [--out FILE] MODEL.onnx", "turns an ONNX model into a .net file; docs/onnx.md says what is taken", rows, &first, &code))
        return code;
    if (first + 1 != argc) {
        fprintf(stderr, "trundle net import: which model? (see --help)\n");
        return EXIT_USAGE;
    }
    enum trundle_status status = TRUNDLE_OK;
    if (shapes) {
        list = strdup(shapes);
        status = list ? shapes_parse(list, shape, &shapes_n, &err) : error_set(&err, TRUNDLE_NO_MEMORY, "--shape", NULL, "no memory left");
    }
    TRY_GOTO(status, status, out);
    TRY_GOTO(status, file_read(argv[first], NET_ONNX_BYTES_MAX, &b, &err), out);
    TRY_GOTO(status, net_onnx_import(b.data, b.n, &(struct net_onnx_options){ .where = argv[first], .channels_last = !first_channels, .shape = shape, .shapes_n = shapes_n }, &g, &err), out);
    if (!raw)
        TRY_GOTO(status, net_simplify(g, &err), out);
    if (out)
        (void)snprintf(path, sizeof path, "%s", out);
    else
        TRY_GOTO(status, beside(argv[first], ".net", path, &err), out);
    const char *slash = strrchr(argv[first], '/');
    json_t *told = json_pack("{s:s, s:s, s:s}", "made by", "trundle net import " TRUNDLE_VERSION, "from", slash ? slash + 1 : argv[first], "from sha256", hash_sha256(b.data, b.n, sha));
    about = told ? json_dumps(told, JSON_COMPACT) : NULL;
    json_decref(told);
    TRY_GOTO(status, net_file_save(g, about, path, &err), out);
    TRY_GOTO(status, net_graph_infer(g, 1, &err), out);
    printf("%s: %d nodes\n", path, g->nodes_n);
    print_ports(g);
out:
    free(about);
    free(list);
    net_graph_free(g);
    bytes_done(&b);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("net import", &err);
}

int net_export(int argc, char **argv)
{
    const char *out = NULL;
    bool last = false, onnx = false;
    long long opset = 0;
    const struct option_row rows[] = { { "onnx", NULL, OPTION_FLAG, &onnx, "as ONNX (the only form there is)" },
                                       { "out", "FILE", OPTION_TEXT, &out, "where to (default: MODEL.onnx)" },
                                       { "opset", "N", OPTION_LONG, &opset, "ONNX opset, 13 to 28 (default 17)" },
                                       { "channels-last", NULL, OPTION_FLAG, &last, "images stay [N, H, W, C] at inputs and outputs (default: [N, C, H, W])" },
                                       { 0 } };
    struct trundle_error err = { 0 };
    struct net_source s;
    struct bytes b = { 0 };
    char path[PATH_MAX];
    int first, code;
    if (!option_parse(argc, argv, "trundle net export --onnx [--out FILE] MODEL", "writes a model as ONNX: fp32, and quantised nodes as QuantizeLinear / DequantizeLinear pairs", rows, &first, &code))
        return code;
    if (first + 1 != argc || opset < 0 || opset > NET_ONNX_OPSET_MOST) {
        fprintf(stderr, "trundle net export: one model, and an opset of 13 to %d (see --help)\n", NET_ONNX_OPSET_MOST);
        return EXIT_USAGE;
    }
    enum trundle_status status = net_source_open(argv[first], &s, &err);
    if (status != TRUNDLE_OK)
        return option_fail("net export", &err);
    if (out)
        (void)snprintf(path, sizeof path, "%s", out);
    else
        TRY_GOTO(status, beside(argv[first], ".onnx", path, &err), out);
    TRY_GOTO(status, net_onnx_export(s.graph, &(struct net_onnx_export_options){ .opset = (int)opset, .channels_last = last }, &b, &err), out);
    TRY_GOTO(status, file_write(path, b.data, b.n, &err), out);
    printf("%s: %zu bytes\n", path, b.n);
out:
    bytes_done(&b);
    net_source_close(&s);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("net export", &err);
}
