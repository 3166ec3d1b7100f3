/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net - running neural networks: load a .net file, plan it once, run it without a heap call.
 *
 *     struct trundle_net *net;
 *     struct trundle_net_run *run;
 *     if (trundle_net_open("models/x/x.net", &net, &err) != TRUNDLE_OK) ...
 *     if (trundle_net_plan(net, &(struct trundle_net_setup){ .batch = 1 }, &run, &err) != TRUNDLE_OK) ...
 *     memcpy(trundle_net_input(run, 0), picture, trundle_net_port_bytes(run, 0, 0));
 *     if (trundle_net_execute(run, &err) != TRUNDLE_OK) ...
 *     use(trundle_net_output(run, 0));
 *     trundle_net_run_free(run);
 *     trundle_net_close(net);
 *
 * Images are channels-last: [batch, height, width, channels], dense, row-major. Quantised values are u8:
 * real = scale * (value - zero). `trundle net import` makes .net files of ONNX ones.
 *
 * Numbers: int8 nets give the same bits on every machine and with any number of threads. So do f32 nets, unless kernels were
 * chosen by a plan (`trundle net tune`), which fixes them by name; a machine that lacks them refuses the plan.
 *
 * Lifetime: a net is immutable and outlives its runs. Threads: a net may be used by many threads, a run by one at a time; so
 * may all runs of one scratch.
 */
#ifndef TRUNDLE_NET_H
#define TRUNDLE_NET_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TRUNDLE_NET_RANK_MAX = 6 };

/* Values are stable. */
enum trundle_net_type {
    TRUNDLE_NET_F32 = 1,
    TRUNDLE_NET_U8  = 2,
    TRUNDLE_NET_I8  = 3,
    TRUNDLE_NET_I32 = 4,
    TRUNDLE_NET_I64 = 5
};

struct trundle_net;
struct trundle_net_run;
struct trundle_net_scratch;

/* One input or output. */
struct trundle_net_port {
    const char *name;                               /* borrowed from the net or run */
    enum trundle_net_type type;
    int     rank;                                   /* 0..6 */
    int32_t shape[TRUNDLE_NET_RANK_MAX];            /* elements; in a net, shape[0] == 0 is the batch */
    float   scale;                                  /* 0: not quantised */
    int32_t zero;                                   /* 0..255 */
};

/* All zero is a good setup. */
struct trundle_net_setup {
    int batch;                                      /* 1..65536; 0: 1 */
    int threads;                                    /* 1..64, the caller's counted; 0: 1, and then no thread is started */
    struct trundle_net_scratch *scratch;            /* shared by runs that never run at the same time; NULL: its own */
    const char *plan_json;                          /* what `trundle net tune` wrote, as text; NULL: the kernels with the reference's bits */
};

/* Maps the file and checks all of it: its sha256, then every node. NOT_FOUND, IO, BAD_INPUT, CORRUPT, TRUNCATED, TOO_LARGE,
 * UNSUPPORTED (a newer version, an operator that is not known). err may be NULL everywhere. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_net_open(const char *path, struct trundle_net **out_net, struct trundle_error *err);
/* From memory: `bytes` are borrowed until trundle_net_close, and begin at a multiple of 64. `where` names them in errors. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_net_open_memory(const void *bytes, size_t n, const char *where, struct trundle_net **out_net, struct trundle_error *err);
/* After its runs. NULL is fine. */
TRUNDLE_API void trundle_net_close(struct trundle_net *net);
/* 64 hex digits of the content's sha256, and what the maker said of it, a JSON object. Borrowed. */
TRUNDLE_API const char *trundle_net_sha256(const struct trundle_net *net);
TRUNDLE_API const char *trundle_net_about(const struct trundle_net *net);

/* How many inputs (output 0) or outputs (output 1) there are; so below. */
TRUNDLE_API int trundle_net_ports(const struct trundle_net *net, int output);

/* NO_MEMORY; BAD_ARG: batch or threads out of range; UNSUPPORTED, BAD_INPUT: the plan names what this machine or net has not. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_net_plan(const struct trundle_net *net, const struct trundle_net_setup *setup, struct trundle_net_run **out_run,
                                                                  struct trundle_error *err);
TRUNDLE_API void trundle_net_run_free(struct trundle_net_run *run);
/* Port i of a run, with the batch filled in. NOT_FOUND: there is no such port. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_net_port(const struct trundle_net_run *run, int output, int i, struct trundle_net_port *out_port);
TRUNDLE_API size_t trundle_net_port_bytes(const struct trundle_net_run *run, int output, int i);    /* 0: no such port */
/* Where input i is written before a run and output i stands after it; 64-byte aligned, the run's. NULL: no such port. */
TRUNDLE_API void *trundle_net_input(struct trundle_net_run *run, int i);
TRUNDLE_API const void *trundle_net_output(const struct trundle_net_run *run, int i);
/* One inference over the whole batch. No heap call, no lock when threads is 1. */
TRUNDLE_API TRUNDLE_MUST_USE enum trundle_status trundle_net_execute(struct trundle_net_run *run, struct trundle_error *err);

/* NULL: no memory. Free it after the runs that share it; NULL is fine. */
TRUNDLE_API struct trundle_net_scratch *trundle_net_scratch_new(void);
TRUNDLE_API void trundle_net_scratch_free(struct trundle_net_scratch *scratch);

#ifdef __cplusplus
}
#endif
#endif
