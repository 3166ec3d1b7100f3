/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/face - include/trundle/net.h over file, plan and tune. A run is a plan, a net is a file, a scratch is a scratch. */
#include "base/net/file.h"
#include "base/net/plan.h"
#include "base/net/tune.h"

#include <trundle/net.h>

#include <stdlib.h>
#include <string.h>

_Static_assert((int)TRUNDLE_NET_F32 == (int)NET_F32 && (int)TRUNDLE_NET_U8 == (int)NET_U8 && (int)TRUNDLE_NET_I8 == (int)NET_I8 &&
                   (int)TRUNDLE_NET_I32 == (int)NET_I32 && (int)TRUNDLE_NET_I64 == (int)NET_I64 && (int)TRUNDLE_NET_RANK_MAX == (int)NET_RANK_MAX,
               "the public types are ours");

struct trundle_net {
    struct net_file *file;
};

struct trundle_net_run {
    struct net_plan *plan;
};

static enum trundle_status wrap(struct net_file *file, struct trundle_net **out_net, struct trundle_error *err)
{
    struct trundle_net *net = malloc(sizeof *net);
    if (!net) {
        net_file_close(file);
        return error_set(err, TRUNDLE_NO_MEMORY, "net", NULL, "no memory left");
    }
    net->file = file;
    *out_net = net;
    return TRUNDLE_OK;
}

enum trundle_status trundle_net_open(const char *path, struct trundle_net **out_net, struct trundle_error *err)
{
    struct net_file *file = NULL;
    if (!path || !out_net)
        return error_set(err, TRUNDLE_BAD_ARG, "trundle_net_open", NULL, "an argument is NULL");
    TRY(net_file_open(path, &file, err));
    return wrap(file, out_net, err);
}

enum trundle_status trundle_net_open_memory(const void *bytes, size_t n, const char *where, struct trundle_net **out_net, struct trundle_error *err)
{
    struct net_file *file = NULL;
    if (!bytes || !out_net || (uintptr_t)bytes % 64)
        return error_set(err, TRUNDLE_BAD_ARG, where ? where : "net", "align the bytes to 64", "an argument is NULL, or the bytes do not begin at a multiple of 64");
    TRY(net_file_parse(bytes, n, where ? where : "net", &file, err));
    return wrap(file, out_net, err);
}

void trundle_net_close(struct trundle_net *net)
{
    if (!net)
        return;
    net_file_close(net->file);
    free(net);
}

const char *trundle_net_sha256(const struct trundle_net *net)
{
    return net_file_sha256(net->file);
}

const char *trundle_net_about(const struct trundle_net *net)
{
    return net_file_about(net->file);
}

int trundle_net_ports(const struct trundle_net *net, int output)
{
    const struct net_graph *g = net_file_graph(net->file);
    return output ? g->outputs_n : g->inputs_n;
}

enum trundle_status trundle_net_plan(const struct trundle_net *net, const struct trundle_net_setup *setup, struct trundle_net_run **out_run, struct trundle_error *err)
{
    struct net_choice *choice = NULL;
    int choices_n = 0;
    if (!net || !setup || !out_run)
        return error_set(err, TRUNDLE_BAD_ARG, "trundle_net_plan", NULL, "an argument is NULL");
    if (setup->plan_json)
        TRY(net_choices_parse(setup->plan_json, strlen(setup->plan_json), "plan", &choice, &choices_n, err));
    struct trundle_net_run *run = calloc(1, sizeof *run);
    enum trundle_status status = run ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "net", NULL, "no memory left");
    if (status == TRUNDLE_OK)
        status = net_plan_new(net_file_graph(net->file),
                              &(struct net_plan_options){ .batch = setup->batch, .threads = setup->threads, .scratch = (struct net_scratch *)setup->scratch,
                                                          .choice = choice, .choices_n = choices_n },
                              &run->plan, err);
    free(choice);
    if (status != TRUNDLE_OK)
        free(run);
    else
        *out_run = run;
    return status;
}

void trundle_net_run_free(struct trundle_net_run *run)
{
    if (!run)
        return;
    net_plan_free(run->plan);
    free(run);
}

static const struct net_tensor *port(const struct trundle_net_run *run, int output, int i)
{
    const struct net_graph *g = net_plan_graph(run->plan);
    if (i < 0 || i >= (output ? g->outputs_n : g->inputs_n))
        return NULL;
    return &g->tensor[output ? g->output[i] : g->input[i]];
}

enum trundle_status trundle_net_port(const struct trundle_net_run *run, int output, int i, struct trundle_net_port *out_port)
{
    const struct net_tensor *t = port(run, output, i);
    if (!t)
        return TRUNDLE_NOT_FOUND;
    *out_port = (struct trundle_net_port){ .name = t->name, .type = (enum trundle_net_type)t->type, .rank = t->shape.rank,
                                           .scale = t->quant.n == 1 ? t->quant.scale[0] : 0.0f, .zero = t->quant.zero };
    memcpy(out_port->shape, t->shape.d, sizeof out_port->shape);
    return TRUNDLE_OK;
}

size_t trundle_net_port_bytes(const struct trundle_net_run *run, int output, int i)
{
    const struct net_tensor *t = port(run, output, i);
    return t ? net_tensor_bytes(t) : 0;
}

void *trundle_net_input(struct trundle_net_run *run, int i)
{
    return net_plan_input(run->plan, i);
}

const void *trundle_net_output(const struct trundle_net_run *run, int i)
{
    return net_plan_output(run->plan, i);
}

enum trundle_status trundle_net_execute(struct trundle_net_run *run, struct trundle_error *err)
{
    return net_plan_run(run->plan, err);
}

struct trundle_net_scratch *trundle_net_scratch_new(void)
{
    return (struct trundle_net_scratch *)net_scratch_new();
}

void trundle_net_scratch_free(struct trundle_net_scratch *scratch)
{
    net_scratch_free((struct net_scratch *)scratch);
}
