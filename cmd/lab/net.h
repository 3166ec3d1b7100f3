/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The parts of `trundle net`, one function each: argv[0] is the part's name; the result is the exit code. */
#pragma once

#include "base/net/graph.h"
#include "base/std/bytes.h"

int net_info(int argc, char **argv);       /* net_model.c */
int net_run(int argc, char **argv);
int net_check(int argc, char **argv);
int net_tune_main(int argc, char **argv);
int net_bench(int argc, char **argv);      /* net_bench.c */
int net_import(int argc, char **argv);     /* net_onnx.c */
int net_export(int argc, char **argv);
int net_quantize(int argc, char **argv);   /* net_compress.c */
int net_prune(int argc, char **argv);

struct net_file;

/* A model from a .net file, or an ONNX file imported on the way (simplified); one of the two is owned by the struct. */
struct net_source {
    const struct net_graph *graph;
    struct net_file  *file;
    struct net_graph *imported;
    struct bytes      plan;        /* the tuned plan of the manifest beside it, or of --plan; empty: none */
};
TRUNDLE_MUST_USE enum trundle_status net_source_open(const char *path, struct net_source *out, struct trundle_error *err);
void net_source_close(struct net_source *s);
