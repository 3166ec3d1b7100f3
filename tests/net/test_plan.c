/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/plan, net/arena, net/threads, net/tune: where memory is, who runs what, and a device whose memory the host cannot read. */
#include "base/net/arena.h"
#include "base/net/plan.h"
#include "base/net/threads.h"
#include "base/net/tune.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "nets.h"
#include "tests/support/support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- arena ---- */

static void places_do_not_overlap(void **state)
{
    (void)state;
    struct rng r = rng_seed(support_seed(), "arena");
    for (int round = 0; round < 200; round++) {
        struct arena_item item[60];
        int n = 1 + (int)rng_below(&r, 60);
        size_t total = 0, peak = 0;
        for (int i = 0; i < n; i++) {
            int first = (int)rng_below(&r, 50);
            item[i] = (struct arena_item){ 64 * (1 + rng_below(&r, 100)), first, first + (int)rng_below(&r, 10), 0 };
        }
        assert_true(arena_place(item, n, &total));
        for (int i = 0; i < n; i++)
            for (int k = 0; k < i; k++)
                if (item[i].first <= item[k].last && item[k].first <= item[i].last)
                    assert_true(item[i].at + item[i].bytes <= item[k].at || item[k].at + item[k].bytes <= item[i].at);
        for (int step = 0; step < 60; step++) {
            size_t live = 0;
            for (int i = 0; i < n; i++)
                live += item[i].first <= step && step <= item[i].last ? item[i].bytes : 0;
            peak = live > peak ? live : peak;
        }
        assert_true(total >= peak);
        assert_true(total <= 2 * peak);              /* a greedy that forgets to reuse would not be */
    }
}

/* ---- threads ---- */

struct counted { atomic_int calls; atomic_int parts[64]; };

static void count_part(void *argument, int part, int parts)
{
    struct counted *c = argument;
    assert_true(part < parts);
    atomic_fetch_add(&c->calls, 1);
    atomic_fetch_add(&c->parts[part], 1);
}

static void each_part_runs_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 5; threads += 2) {
        struct net_threads *pool = net_threads_new(threads);
        struct counted c = { 0 };
        assert_non_null(pool);
        assert_int_equal(net_threads_count(pool), threads);
        for (int i = 0; i < 2000; i++)
            net_threads_run(pool, 1 + i % threads, count_part, &c);
        int expected = 0;
        for (int i = 0; i < 2000; i++)
            expected += 1 + i % threads;
        assert_int_equal(atomic_load(&c.calls), expected);
        assert_int_equal(atomic_load(&c.parts[0]), 2000);
        net_threads_free(pool);
    }
    assert_null(net_threads_new(0));
    assert_null(net_threads_new(65));
}

/* ---- plans ---- */

static void fill(struct net_plan *plan, uint64_t seed)
{
    struct rng r = rng_seed(seed, "input");
    const struct net_graph *g = net_plan_graph(plan);
    for (int i = 0; i < g->inputs_n; i++)
        for (int64_t k = 0; k < net_shape_elements(&g->tensor[g->input[i]].shape); k++)
            ((float *)net_plan_input(plan, i))[k] = (float)rng_normal(&r);
}

static void same_outputs(const struct net_plan *a, const struct net_plan *b)
{
    const struct net_graph *g = net_plan_graph(a);
    for (int i = 0; i < g->outputs_n; i++)
        assert_memory_equal(net_plan_output(a, i), net_plan_output(b, i), net_tensor_bytes(&g->tensor[g->output[i]]));
}

static struct net_plan *planned(const struct net_graph *g, struct net_plan_options options, uint64_t seed)
{
    struct trundle_error err = { 0 };
    struct net_plan *plan = NULL;
    support_ok(net_plan_new(g, &options, &plan, &err), &err);
    fill(plan, seed);
    support_ok(net_plan_run(plan, &err), &err);
    return plan;
}

static void reuse_threads_and_kernels_change_no_bit(void **state)
{
    (void)state;
    struct net_graph *graphs[2] = { nets_small(support_seed()), nets_small_int8(support_seed()) };
    for (int k = 0; k < 2; k++)
        for (int batch = 1; batch <= 3; batch += 2) {
            struct net_plan *ref = planned(graphs[k], (struct net_plan_options){ .batch = batch, .isa = NET_ISA_REF, .keep_all = true }, 7);
            struct net_plan *lean = planned(graphs[k], (struct net_plan_options){ .batch = batch }, 7);
            struct net_plan *threads = planned(graphs[k], (struct net_plan_options){ .batch = batch, .threads = 3 }, 7);
            same_outputs(ref, lean);
            same_outputs(ref, threads);
            struct net_plan *all = planned(graphs[k], (struct net_plan_options){ .batch = batch, .keep_all = true }, 7);
            assert_true(k == 1 || net_plan_arena_bytes(lean) < net_plan_arena_bytes(all));
            net_plan_free(all);
            net_plan_free(ref);
            net_plan_free(lean);
            net_plan_free(threads);
        }
    net_graph_free(graphs[0]);
    net_graph_free(graphs[1]);
}

static void nets_share_a_scratch(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *a = nets_small_int8(1), *b = nets_small(2);
    struct net_scratch *scratch = net_scratch_new();
    assert_non_null(scratch);
    struct net_plan *alone = planned(a, (struct net_plan_options){ 0 }, 3);
    struct net_plan *one = planned(a, (struct net_plan_options){ .scratch = scratch }, 3);
    size_t before = net_scratch_bytes(scratch);
    struct net_plan *two = planned(b, (struct net_plan_options){ .batch = 4, .scratch = scratch }, 4);       /* larger: the block moves */
    assert_true(net_scratch_bytes(scratch) > before);
    assert_int_equal(net_scratch_bytes(scratch), net_plan_arena_bytes(two));
    same_outputs(alone, one);                        /* outputs are not in the scratch */
    support_ok(net_plan_run(one, &err), &err);
    same_outputs(alone, one);
    net_plan_free(one);
    net_plan_free(two);
    net_plan_free(alone);
    net_scratch_free(scratch);
    net_graph_free(a);
    net_graph_free(b);
}

static void a_wrong_choice_is_refused_by_name(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *g = nets_small(1);
    struct net_plan *plan = NULL;
    const struct net_choice unknown = { "stem", "conv.magic" }, other = { "stem", net_kernel_ref(NET_SOFTMAX)->name };
    assert_int_equal(net_plan_new(g, &(struct net_plan_options){ .choice = &unknown, .choices_n = 1 }, &plan, &err), TRUNDLE_UNSUPPORTED);
    assert_string_equal(err.where, "stem");
    assert_int_equal(net_plan_new(g, &(struct net_plan_options){ .choice = &other, .choices_n = 1 }, &plan, &err), TRUNDLE_UNSUPPORTED);
    assert_int_equal(net_plan_new(g, &(struct net_plan_options){ .batch = -1 }, &plan, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(net_plan_new(g, &(struct net_plan_options){ .threads = 65 }, &plan, &err), TRUNDLE_BAD_ARG);
    assert_null(plan);
    net_graph_free(g);
}

static void tuning_gives_a_plan_that_runs(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *g = nets_small(1);
    struct bytes json = { 0 };
    struct net_choice *choice = NULL;
    int choices_n = 0;
    support_ok(net_tune(g, &(struct net_tune_options){ .seconds = 0.1, .clock = clock_mono_ns, .exact_only = true }, &json, NULL, NULL, &err), &err);
    support_ok(net_choices_parse((const char *)json.data, json.n, "plan", &choice, &choices_n, &err), &err);
    struct net_plan *plain = planned(g, (struct net_plan_options){ 0 }, 3);
    struct net_plan *tuned = planned(g, (struct net_plan_options){ .choice = choice, .choices_n = choices_n }, 3);
    same_outputs(plain, tuned);                      /* exact_only */
    net_plan_free(plain);
    net_plan_free(tuned);
    free(choice);
    choice = NULL;
    static const char *const bad[] = { "{}", "{\"version\":2,\"kernels\":{}}", "{\"version\":1,\"kernels\":{\"a\":1}}", "{\"version\":1}", "x" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_not_equal(net_choices_parse(bad[i], strlen(bad[i]), "plan", &choice, &choices_n, &err), TRUNDLE_OK);
    assert_null(choice);
    bytes_done(&json);
    net_graph_free(g);
}

/* ---- a null device: memory behind handles, work that happens when the stream is finished ---- */

enum { COMMANDS = 256 };
struct buffer { size_t bytes; uint8_t *hidden; };      /* a handle is a struct buffer *; what it holds is scrambled */
struct command { int kind; struct buffer *device; void *host; size_t bytes; void *part; struct buffer *in[16], *out[16]; };
struct net_stream { struct command command[COMMANDS]; int n; };
static int buffers_alive, finishes, uploads, downloads;
static bool break_upload;

static void scramble(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i] ^ 0xA5;
}

static void *null_allocate(size_t bytes)
{
    struct buffer *b = malloc(sizeof *b);
    assert_non_null(b);
    *b = (struct buffer){ bytes, calloc(1, bytes) };
    assert_non_null(b->hidden);
    buffers_alive++;
    return b;
}

static void null_release(void *handle)
{
    struct buffer *b = handle;
    free(b->hidden);
    free(b);
    buffers_alive--;
}

static enum trundle_status push(struct net_stream *s, struct command c)
{
    assert_true(s->n < COMMANDS);
    s->command[s->n++] = c;
    return TRUNDLE_OK;
}

static enum trundle_status null_upload(struct net_stream *s, void *to, const void *from, size_t bytes)
{
    if (break_upload)
        return TRUNDLE_DEVICE;
    uploads++;
    return push(s, (struct command){ .kind = 0, .device = to, .host = (void *)(uintptr_t)from, .bytes = bytes });
}

static enum trundle_status null_download(struct net_stream *s, void *to, const void *from, size_t bytes)
{
    downloads++;
    return push(s, (struct command){ .kind = 1, .device = (struct buffer *)(uintptr_t)from, .host = to, .bytes = bytes });
}

static struct net_stream *null_stream_new(void)
{
    return calloc(1, sizeof(struct net_stream));
}

static void null_stream_free(struct net_stream *s)
{
    assert_int_equal(s->n, 0);                       /* nobody walks away from unfinished work */
    free(s);
}

/* A compiled stretch: the nodes as a graph of their own, run by references. */
struct null_part { struct net_graph *graph; struct net_plan *plan; int in_n, out_n; };

static enum trundle_status null_finish(struct net_stream *s, struct trundle_error *err)
{
    finishes++;
    for (int i = 0; i < s->n; i++) {
        struct command *c = &s->command[i];
        if (c->kind == 0) {
            scramble(c->device->hidden, c->host, c->bytes);
        } else if (c->kind == 1) {
            scramble(c->host, c->device->hidden, c->bytes);
        } else {
            struct null_part *p = c->part;
            for (int k = 0; k < p->in_n; k++)
                scramble(net_plan_input(p->plan, k), c->in[k]->hidden, net_tensor_bytes(&p->graph->tensor[p->graph->input[k]]));
            TRY(net_plan_run(p->plan, err));
            for (int k = 0; k < p->out_n; k++)
                scramble(c->out[k]->hidden, net_plan_output(p->plan, k), net_tensor_bytes(&net_plan_graph(p->plan)->tensor[p->graph->output[k]]));
        }
    }
    s->n = 0;
    return TRUNDLE_OK;
}

static bool null_takes(const struct net_graph *g, const struct net_node *node)
{
    (void)g;
    return node->op == NET_CONV || node->op == NET_BATCH_NORM || node->op == NET_POOL;
}

static enum trundle_status null_compile(const struct net_stretch *s, void **out_part, struct trundle_error *err)
{
    struct null_part *p = calloc(1, sizeof *p);
    int *map = malloc((size_t)s->graph->tensors_n * sizeof *map);
    assert_non_null(p);
    assert_non_null(map);
    p->graph = net_graph_new();
    p->in_n = s->in_n;
    p->out_n = s->out_n;
    for (int t = 0; t < s->graph->tensors_n; t++)
        map[t] = -1;
    for (int i = 0; i < s->in_n; i++)
        TRY(net_graph_input(p->graph, s->graph->tensor[s->in[i]].name, s->graph->tensor[s->in[i]].type, &s->graph->tensor[s->in[i]].shape, &map[s->in[i]], err));
    for (int i = 0; i < s->nodes_n; i++) {
        struct net_node node = s->graph->node[s->node[i]];
        for (int k = 0; k < node.in_n; k++) {
            int t = node.in[k];
            if (t >= 0 && map[t] < 0)
                TRY(net_graph_constant_borrow(p->graph, s->graph->tensor[t].name, s->graph->tensor[t].type, &s->graph->tensor[t].shape, s->graph->tensor[t].data, &map[t], err));
            node.in[k] = t >= 0 ? map[t] : -1;
        }
        TRY(net_graph_node(p->graph, &node, &map[node.out], err));
    }
    for (int i = 0; i < s->out_n; i++)
        TRY(net_graph_output(p->graph, map[s->out[i]], err));
    free(map);
    TRY(net_plan_new(p->graph, &(struct net_plan_options){ .isa = NET_ISA_REF }, &p->plan, err));
    *out_part = p;
    return TRUNDLE_OK;
}

static enum trundle_status null_run(void *part, const void *const *in, void *const *out, struct net_stream *s, struct trundle_error *err)
{
    struct null_part *p = part;
    struct command c = { .kind = 2, .part = part };
    (void)err;
    for (int k = 0; k < p->in_n; k++)
        c.in[k] = (struct buffer *)(uintptr_t)in[k];
    for (int k = 0; k < p->out_n; k++)
        c.out[k] = out[k];
    return push(s, c);
}

static void null_free(void *part)
{
    struct null_part *p = part;
    net_plan_free(p->plan);
    net_graph_free(p->graph);
    free(p);
}

static const struct net_memory null_memory = { null_allocate, null_release, null_upload, null_download, null_stream_new, null_stream_free, null_finish };
static const struct net_engine null_engine = { .name = "null", .memory = &null_memory, .takes = null_takes, .compile = null_compile, .run = null_run, .free = null_free };
static const struct net_engine *const engines[] = { &null_engine };

static void a_device_is_fed_and_waited_for(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *g = nets_small(11);
    struct net_plan *here = planned(g, (struct net_plan_options){ 0 }, 5);
    finishes = uploads = downloads = 0;
    struct net_plan *there = planned(g, (struct net_plan_options){ .engine = engines, .engines_n = 1 }, 5);
    same_outputs(here, there);
    assert_true(uploads >= 3 && downloads >= 3 && finishes >= 3);
    assert_true(downloads <= 6);                     /* what stays on the device is not fetched */
    assert_string_equal(net_plan_node_by(there, 0), "null");
    fill(there, 6);
    fill(here, 6);
    support_ok(net_plan_run(there, &err), &err);
    support_ok(net_plan_run(here, &err), &err);
    same_outputs(here, there);
    break_upload = true;
    assert_int_equal(net_plan_run(there, &err), TRUNDLE_DEVICE);
    assert_string_equal(err.where, "null");
    break_upload = false;
    net_plan_free(there);
    assert_int_equal(buffers_alive, 0);
    net_plan_free(here);
    net_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_do_not_overlap),        cmocka_unit_test(each_part_runs_once),
        cmocka_unit_test(reuse_threads_and_kernels_change_no_bit), cmocka_unit_test(nets_share_a_scratch),
        cmocka_unit_test(a_wrong_choice_is_refused_by_name),       cmocka_unit_test(tuning_gives_a_plan_that_runs),
        cmocka_unit_test(a_device_is_fed_and_waited_for),
    };
    return support_run(tests);
}
