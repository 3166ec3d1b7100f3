/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* include/trundle/net.h: what it promises of ports, arguments, shared scratch, plans, threads; and that a run makes no heap call. */
#include "base/net/file.h"
#include "nets.h"
#include "tests/support/support.h"

#include <trundle/net.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The linker puts these before the library's (--wrap). Every Nth allocation may be made to fail. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
static atomic_int calls, fail_at;                    /* fail_at 0: none */

static int fails(void)
{
    return atomic_fetch_add(&calls, 1) + 1 == atomic_load(&fail_at);
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(align, n);
}

static const char *saved(struct net_graph *g, const char *name)
{
    static char path[4][512];
    static const char *dir;
    static int at;
    struct trundle_error err = { 0 };
    dir = dir ? dir : support_scratch();
    at = (at + 1) % 4;
    (void)snprintf(path[at], sizeof path[at], "%s/%s", dir, name);
    support_ok(net_file_save(g, "{\"labels\":[\"a\"]}", path[at], &err), &err);
    net_graph_free(g);
    return path[at];
}

static void fill(struct trundle_net_run *run)
{
    float *x = trundle_net_input(run, 0);
    for (size_t i = 0; i < trundle_net_port_bytes(run, 0, 0) / sizeof *x; i++)
        x[i] = (float)(int)(i * 37 % 101) / 50.0f - 1.0f;
}

static void ports_say_what_goes_in_and_out(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct trundle_net *net = NULL;
    struct trundle_net_run *run = NULL;
    struct trundle_net_port port;
    support_ok(trundle_net_open(saved(nets_small(1), "a.net"), &net, &err), &err);
    assert_int_equal(trundle_net_ports(net, 0), 1);
    assert_int_equal(trundle_net_ports(net, 1), 2);
    assert_int_equal(strlen(trundle_net_sha256(net)), 64);
    assert_string_equal(trundle_net_about(net), "{\"labels\":[\"a\"]}");
    support_ok(trundle_net_plan(net, &(struct trundle_net_setup){ .batch = 3 }, &run, &err), &err);
    assert_int_equal(trundle_net_port(run, 0, 0, &port), TRUNDLE_OK);
    assert_string_equal(port.name, "x");
    assert_int_equal(port.type, TRUNDLE_NET_F32);
    assert_int_equal(port.rank, 4);
    assert_int_equal(port.shape[0], 3);
    assert_int_equal(trundle_net_port_bytes(run, 0, 0), 3 * 12 * 10 * 3 * 4);
    assert_int_equal(trundle_net_port(run, 1, 2, &port), TRUNDLE_NOT_FOUND);
    assert_int_equal(trundle_net_port_bytes(run, 0, -1), 0);
    assert_null(trundle_net_input(run, 1));
    assert_null(trundle_net_output(run, 2));
    assert_int_equal((uintptr_t)trundle_net_input(run, 0) % 64, 0);
    fill(run);
    support_ok(trundle_net_execute(run, &err), &err);
    const float *p = trundle_net_output(run, 0);
    for (int b = 0; b < 3; b++)
        assert_near(p[5 * b] + p[5 * b + 1] + p[5 * b + 2] + p[5 * b + 3] + p[5 * b + 4], 1, 1e-5);      /* a softmax */
    trundle_net_run_free(run);
    trundle_net_close(net);
    trundle_net_run_free(NULL);
    trundle_net_close(NULL);
}

static void a_run_makes_no_heap_call(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    const char *paths[2] = { saved(nets_small(1), "a.net"), saved(nets_small_int8(1), "b.net") };
    for (int k = 0; k < 2; k++)
        for (int threads = 1; threads <= 2; threads++) {
            struct trundle_net *net = NULL;
            struct trundle_net_run *run = NULL;
            support_ok(trundle_net_open(paths[k], &net, &err), &err);
            support_ok(trundle_net_plan(net, &(struct trundle_net_setup){ .threads = threads }, &run, &err), &err);
            fill(run);
            atomic_store(&calls, 0);
            for (int i = 0; i < 3; i++)
                support_ok(trundle_net_execute(run, &err), &err);
            assert_int_equal(atomic_load(&calls), 0);
            trundle_net_run_free(run);
            trundle_net_close(net);
        }
    free(net_graph_new());
    assert_int_equal(atomic_load(&calls) > 0, 1);    /* the counter counts */
}

static void wrong_arguments_and_plans_are_refused(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct trundle_net *net = NULL;
    struct trundle_net_run *run = NULL;
    static const char bytes[256];
    support_ok(trundle_net_open(saved(nets_small(1), "a.net"), &net, &err), &err);
    assert_int_equal(trundle_net_plan(net, &(struct trundle_net_setup){ .batch = -4 }, &run, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(trundle_net_plan(net, &(struct trundle_net_setup){ .plan_json = "{" }, &run, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(trundle_net_plan(net, &(struct trundle_net_setup){ .plan_json = "{\"version\":1,\"kernels\":{\"stem\":\"conv.none\"}}" }, &run, &err), TRUNDLE_UNSUPPORTED);
    assert_string_equal(err.where, "stem");
    assert_int_equal(trundle_net_plan(NULL, NULL, &run, &err), TRUNDLE_BAD_ARG);
    assert_null(run);
    trundle_net_close(net);
    net = NULL;
    assert_int_equal(trundle_net_open(NULL, &net, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(trundle_net_open_memory(bytes + 1, 100, "m", &net, NULL), TRUNDLE_BAD_ARG);
    assert_null(net);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const char *path = saved(nets_small(1), "a.net");
    bool done = false;
    int n = 1;
    for (; !done && n < 5000; n++) {
        struct trundle_error err = { 0 };
        struct trundle_net *net = NULL;
        struct trundle_net_run *run = NULL;
        atomic_store(&calls, 0);
        atomic_store(&fail_at, n);
        enum trundle_status status = trundle_net_open(path, &net, &err);
        if (status == TRUNDLE_OK)
            status = trundle_net_plan(net, &(struct trundle_net_setup){ .threads = 2 }, &run, &err);
        done = atomic_load(&calls) < n;
        atomic_store(&fail_at, 0);
        if (!done && status == TRUNDLE_OK)
            fail_msg("allocation %d failed and nobody said so", n);
        trundle_net_run_free(run);
        trundle_net_close(net);
    }
    assert_true(done);
    if (n <= 25)
        fail_msg("only %d allocations were tried", n);
}

struct racer { struct trundle_net *net; float out[5]; };

static void *race(void *argument)
{
    struct racer *r = argument;
    struct trundle_net_run *run = NULL;
    if (trundle_net_plan(r->net, &(struct trundle_net_setup){ 0 }, &run, NULL) != TRUNDLE_OK)
        return NULL;
    fill(run);
    for (int i = 0; i < 20; i++)
        if (trundle_net_execute(run, NULL) == TRUNDLE_OK)
            memcpy(r->out, trundle_net_output(run, 0), sizeof r->out);
    trundle_net_run_free(run);
    return NULL;
}

static void threads_share_a_net(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct trundle_net *net = NULL;
    pthread_t thread[4];
    struct racer racer[4];
    support_ok(trundle_net_open(saved(nets_small(9), "a.net"), &net, &err), &err);
    for (int i = 0; i < 4; i++) {
        racer[i] = (struct racer){ .net = net };
        assert_int_equal(pthread_create(&thread[i], NULL, race, &racer[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 1; i < 4; i++)
        assert_memory_equal(racer[0].out, racer[i].out, sizeof racer[0].out);
    assert_true(racer[0].out[0] > 0);
    trundle_net_close(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_say_what_goes_in_and_out),   cmocka_unit_test(a_run_makes_no_heap_call), cmocka_unit_test(wrong_arguments_and_plans_are_refused),
        cmocka_unit_test(every_allocation_may_fail), cmocka_unit_test(threads_share_a_net),
    };
    return support_run(tests);
}
