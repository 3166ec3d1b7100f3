/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The training step as a whole: same bits again, threads and ranks that differ by rounding only, a state that goes on to the same bits, optimisers by their
 * formulas, an export that computes what was trained, numbers that stop being finite and are named.
 */
#include "tests/support/support.h"

#include "base/net/plan.h"
#include "base/std/rng.h"
#include "lab/train/loss.h"
#include "lab/train/network.h"
#include "lab/train/train.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 4, BATCH = 12, PIXELS = 8 * 8 * 3 };

static const char net[] = "{\"input\": [8, 8, 3], \"layers\": [{\"conv\": 8, \"stride\": 2}, {\"residual\": 16, \"stride\": 2}, {\"inverted\": 16, \"expand\": 2, \"squeeze\": 0.5},"
                          " {\"global_pool\": \"average\"}, {\"linear\": \"classes\"}]}";

static struct net_graph *graph_of(const char *text)
{
    json_t *root = NULL;
    struct json_at at;
    struct trundle_error err;
    struct net_graph *g = NULL;

    support_ok(json_parse(text, strlen(text), "net", &root, &err), &err);
    at = json_at_root(root, "net");
    support_ok(network_build(&at, &(struct network_config){ .classes = CLASSES, .seed = 5 }, &g, &err), &err);
    json_decref(root);
    return g;
}

static struct train *trainer(struct train_config config)
{
    struct net_graph *g = graph_of(net);
    struct train *t = NULL;
    struct trundle_error err;

    support_ok(train_new(g, &config, &t, &err), &err);
    net_graph_free(g);
    return t;
}

/* Samples `first` on of step `step`: a class is a direction in the pixels, with noise. */
static void fill(float *x, int32_t *label, int64_t step, int first, int n)
{
    for (int i = 0; i < n; i++) {
        struct rng r = rng_seed((uint64_t)step * 1000 + (uint64_t)(first + i), "sample"), c;

        label[i] = (int32_t)rng_below(&r, CLASSES);
        c = rng_seed((uint64_t)label[i], "class");
        for (int k = 0; k < PIXELS; k++)
            x[i * PIXELS + k] = (float)(0.7 * rng_normal(&c) + 0.5 * rng_normal(&r));
    }
}

static double step(struct train *t, int batch, double rate)
{
    int32_t label[BATCH];
    double loss;

    fill(train_input(t, 0), label, train_step(t), 0, batch);
    support_ok(train_forward(t, TRAIN_LEARN, NULL), NULL);
    loss = loss_cross_entropy(train_output(t, 0), NULL, label, batch, CLASSES, 0, 1.0 / batch, train_output_gradient(t, 0));
    support_ok(train_backward(t, NULL), NULL);
    support_ok(train_apply(t, rate, NULL, NULL), NULL);
    return loss;
}

#define SGD { .kind = OPTIMIZER_SGD, .momentum = 0.9, .nesterov = true, .weight_decay = 1e-4, .average = 0.99 }

static void learns(void **state)
{
    struct train *t = trainer((struct train_config){ .batch = BATCH, .optimizer = SGD });
    double first = step(t, BATCH, 0.05), last = 0;

    (void)state;
    for (int i = 0; i < 60; i++)
        last = step(t, BATCH, 0.05);
    assert_true(last < 0.25 * first);
    train_free(t);
}

static void same_bits(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        struct train *a = trainer((struct train_config){ .batch = BATCH, .threads = threads, .optimizer = SGD });
        struct train *b = trainer((struct train_config){ .batch = BATCH, .threads = threads, .optimizer = SGD });
        size_t n = train_state_bytes(a);
        void *one = malloc(n), *two = malloc(n);

        assert_non_null(one);
        assert_non_null(two);
        for (int i = 0; i < 3; i++) {
            (void)step(a, BATCH, 0.05);
            (void)step(b, BATCH, 0.05);
        }
        train_state_save(a, one);
        train_state_save(b, two);
        assert_memory_equal(one, two, n);
        /* from this state on another trainer goes the same way */
        for (int i = 0; i < 3; i++)
            (void)step(b, BATCH, 0.05);
        train_free(a);
        a = trainer((struct train_config){ .batch = BATCH, .threads = threads, .optimizer = SGD });
        support_ok(train_state_load(a, one, n, NULL), NULL);
        assert_int_equal(train_step(a), 3);
        for (int i = 0; i < 3; i++)
            (void)step(a, BATCH, 0.05);
        train_state_save(a, one);
        train_state_save(b, two);
        assert_memory_equal(one, two, n);
        free(one);
        free(two);
        train_free(a);
        train_free(b);
    }
}

static void threads_differ_by_rounding(void **state)
{
    struct train *a = trainer((struct train_config){ .batch = BATCH, .threads = 1, .optimizer = SGD });
    struct train *b = trainer((struct train_config){ .batch = BATCH, .threads = 3, .optimizer = SGD });

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_near(step(a, BATCH, 0.05), step(b, BATCH, 0.05), 1e-4);
    train_free(a);
    train_free(b);
}

/* --- ranks: two threads of this process, each a rank with half the batch --- */

static pthread_barrier_t meet;
static double shared[4096];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void sum_ranks(void *user, double *v, size_t n)
{
    (void)user;
    assert_true(n <= COUNT_OF(shared));
    if (pthread_barrier_wait(&meet) == PTHREAD_BARRIER_SERIAL_THREAD)
        memset(shared, 0, sizeof shared);
    pthread_barrier_wait(&meet);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n; i++)
        shared[i] += v[i];
    pthread_mutex_unlock(&lock);
    pthread_barrier_wait(&meet);
    memcpy(v, shared, n * sizeof *v);
    pthread_barrier_wait(&meet);
}

struct rank { struct train *t; int rank; };

static void *rank_main(void *argument)
{
    struct rank *r = argument;

    for (int i = 0; i < 3; i++) {
        int32_t label[BATCH];
        size_t n;
        float *g;

        fill(train_input(r->t, 0), label, i, r->rank * BATCH / 2, BATCH / 2);
        support_ok(train_forward(r->t, TRAIN_LEARN, NULL), NULL);
        (void)loss_cross_entropy(train_output(r->t, 0), NULL, label, BATCH / 2, CLASSES, 0, 1.0 / BATCH, train_output_gradient(r->t, 0));
        support_ok(train_backward(r->t, NULL), NULL);
        g = train_gradients(r->t, &n);
        for (size_t at = 0; at < n; at += 1024) {
            double part[1024];
            size_t k = n - at < 1024 ? n - at : 1024;

            for (size_t j = 0; j < k; j++)
                part[j] = (double)g[at + j];
            sum_ranks(NULL, part, k);
            for (size_t j = 0; j < k; j++)
                g[at + j] = (float)part[j];
        }
        support_ok(train_apply(r->t, 0.05, NULL, NULL), NULL);
    }
    return NULL;
}

static void ranks_are_one(void **state)
{
    struct train *all = trainer((struct train_config){ .batch = BATCH, .optimizer = SGD });
    struct rank rank[2];
    pthread_t thread[2];
    size_t n;

    (void)state;
    assert_int_equal(pthread_barrier_init(&meet, NULL, 2), 0);
    for (int i = 0; i < 2; i++)
        rank[i] = (struct rank){ trainer((struct train_config){ .batch = BATCH / 2, .ranks = 2, .sum = sum_ranks, .optimizer = SGD }), i };
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, rank_main, &rank[i]), 0);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(thread[i], NULL);
    for (int i = 0; i < 3; i++)
        (void)step(all, BATCH, 0.05);
    (void)train_weights(all, &n);
    for (size_t i = 0; i < n; i++) {
        assert_near(train_weights(rank[0].t, NULL)[i], train_weights(all, NULL)[i], 2e-5);
        assert_true(train_weights(rank[0].t, NULL)[i] == train_weights(rank[1].t, NULL)[i]);
    }
    (void)train_statistics(all, &n);
    for (size_t i = 0; i < n; i++)
        assert_near(train_statistics(rank[0].t, NULL)[i], train_statistics(all, NULL)[i], 2e-5);
    (void)pthread_barrier_destroy(&meet);
    train_free(rank[0].t);
    train_free(rank[1].t);
    train_free(all);
}

static void export_computes_the_same(void **state)
{
    struct train *t = trainer((struct train_config){ .batch = BATCH, .optimizer = SGD });
    int32_t label[BATCH];

    (void)state;
    for (int i = 0; i < 10; i++)
        (void)step(t, BATCH, 0.05);
    for (int mode = TRAIN_EVALUATE; mode <= TRAIN_AVERAGED; mode++) {
        struct net_graph *g = NULL;
        struct net_plan *plan = NULL;
        struct trundle_error err;

        fill(train_input(t, 0), label, 99, 0, BATCH);
        support_ok(train_forward(t, (enum train_mode)mode, &err), &err);
        support_ok(train_export(t, (enum train_mode)mode, true, &g, &err), &err);
        for (int i = 0; i < g->nodes_n; i++)
            assert_int_not_equal(g->node[i].op, NET_BATCH_NORM);
        support_ok(net_plan_new(g, &(struct net_plan_options){ .batch = BATCH }, &plan, &err), &err);
        memcpy(net_plan_input(plan, 0), train_input(t, 0), (size_t)BATCH * PIXELS * sizeof(float));
        support_ok(net_plan_run(plan, &err), &err);
        for (int i = 0; i < BATCH * CLASSES; i++)
            assert_near(((const float *)net_plan_output(plan, 0))[i], train_output(t, 0)[i], 1e-4 * (1 + fabs((double)train_output(t, 0)[i])));
        net_plan_free(plan);
        net_graph_free(g);
        assert_int_equal(train_backward(t, &err), TRUNDLE_BAD_ARG);
    }
    train_free(t);
}

static void optimisers(void **state)
{
    const struct optimizer_config sgd = { .kind = OPTIMIZER_SGD, .momentum = 0.5, .weight_decay = 0.1 }, nesterov = { .kind = OPTIMIZER_SGD, .momentum = 0.5, .nesterov = true },
                                  adam = { .kind = OPTIMIZER_ADAMW, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .weight_decay = 0.1 }, average = { .average = 0.9 };
    float w = 1, m = 0, v = 0, a = 0;
    const float g = 2;
    const struct schedule s = { .rate = 1, .least = 0.1, .warm_steps = 4, .steps = 104 };

    (void)state;
    optimizer_step(&sgd, 0, 0.1, true, 1, 1, &w, &g, &m, NULL);
    assert_near(m, 2.1, 1e-6);
    assert_near(w, 1 - 0.21, 1e-6);
    optimizer_step(&sgd, 1, 0.1, false, 0.5F, 1, &w, &g, &m, NULL);
    assert_near(m, 2.05, 1e-6);
    w = 1, m = 0;
    optimizer_step(&nesterov, 0, 0.1, true, 1, 1, &w, &g, &m, NULL);
    assert_near(w, 1 - 0.1 * (2 + 0.5 * 2), 1e-6);
    w = 1, m = 0;
    optimizer_step(&adam, 0, 0.1, true, 1, 1, &w, &g, &m, &v);
    assert_near(w, 1 - 0.1 * (1 + 0.1), 1e-6);
    optimizer_average(&average, 0, 1, &a, &w);
    assert_near(a, 0.9 * (double)w, 1e-6);
    optimizer_average(&average, 1000000, 1, &a, &w);
    assert_near(a, 0.9 * 0.9 * (double)w + 0.1 * (double)w, 1e-6);
    assert_near(schedule_rate(&s, 0), 0.25, 1e-12);
    assert_near(schedule_rate(&s, 3), 1, 1e-12);
    assert_near(schedule_rate(&s, 54), 0.55, 1e-12);
    assert_near(schedule_rate(&s, 104), 0.1, 1e-12);
}

static void clipping_and_freezing(void **state)
{
    struct train *t = trainer((struct train_config){ .batch = BATCH, .optimizer = { .kind = OPTIMIZER_SGD, .clip = 1e-3 } });
    size_t n;
    int parameters_n;
    struct train_parameter *p = train_parameters(t, &parameters_n);
    float *before, *w = train_weights(t, &n);
    double moved = 0, norm = 0;
    int32_t label[BATCH];

    (void)state;
    before = malloc(n * sizeof *before);
    assert_non_null(before);
    memcpy(before, w, n * sizeof *w);
    p[0].frozen = true;
    fill(train_input(t, 0), label, 0, 0, BATCH);
    support_ok(train_forward(t, TRAIN_LEARN, NULL), NULL);
    (void)loss_cross_entropy(train_output(t, 0), NULL, label, BATCH, CLASSES, 0, 1, train_output_gradient(t, 0));
    support_ok(train_backward(t, NULL), NULL);
    support_ok(train_apply(t, 1, &norm, NULL), NULL);
    assert_true(norm > 1);
    assert_memory_equal(before + p[0].offset, w + p[0].offset, p[0].n * sizeof *w);
    for (size_t i = 0; i < n; i++)
        moved += pow((double)w[i] - (double)before[i], 2);
    assert_near(sqrt(moved), 1e-3, 1e-5);
    free(before);
    train_free(t);
}

static void not_finite_is_named(void **state)
{
    struct train *t = trainer((struct train_config){ .batch = BATCH, .optimizer = SGD });
    struct trundle_error err;
    size_t n = train_state_bytes(t);
    void *kept = malloc(n), *now = malloc(n);
    int32_t label[BATCH];
    double loss;

    (void)state;
    assert_non_null(kept);
    assert_non_null(now);
    (void)step(t, BATCH, 0.05);
    support_ok(train_blame(t, &err), &err);
    train_state_save(t, kept);
    fill(train_input(t, 0), label, 1, 0, BATCH);
    train_input(t, 0)[5 * PIXELS + 3] = NAN;
    support_ok(train_forward(t, TRAIN_LEARN, NULL), NULL);
    loss = loss_cross_entropy(train_output(t, 0), NULL, label, BATCH, CLASSES, 0, 1.0 / BATCH, train_output_gradient(t, 0));
    assert_true(loss != loss);
    assert_int_equal(train_blame(t, &err), TRUNDLE_BAD_INPUT);
    assert_string_equal(err.where, "step 1, input, sample 5");
    support_ok(train_backward(t, NULL), NULL);
    assert_int_equal(train_apply(t, 0.05, NULL, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.where, "step 1"));
    assert_int_equal(train_step(t), 1);
    /* weights that ran away, found in what a layer made */
    support_ok(train_state_load(t, kept, n, NULL), NULL);
    train_state_save(t, now);
    assert_memory_equal(now, kept, n);
    fill(train_input(t, 0), label, 1, 0, BATCH);
    for (int i = 0; i < PIXELS; i++)
        train_input(t, 0)[7 * PIXELS + i] = 3e38F;
    support_ok(train_forward(t, TRAIN_LEARN, NULL), NULL);
    assert_int_equal(train_blame(t, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.where, "layer0.conv"));
    assert_non_null(strstr(err.where, "sample 7"));
    free(kept);
    free(now);
    train_free(t);
}

static void bad_states_are_refused(void **state)
{
    struct train *t = trainer((struct train_config){ .batch = BATCH, .optimizer = SGD });
    struct train *other = trainer((struct train_config){ .batch = BATCH, .optimizer = OPTIMIZER_ADAMW_DEFAULT });
    size_t n = train_state_bytes(t);
    unsigned char *kept = malloc(n), *now = malloc(n);
    struct rng r = rng_seed(support_seed(), "flip");

    (void)state;
    assert_non_null(kept);
    assert_non_null(now);
    train_state_save(t, kept);
    assert_int_equal(train_state_load(other, kept, n, NULL), TRUNDLE_CONFLICT);
    assert_int_not_equal(train_state_load(t, kept, n - 4, NULL), TRUNDLE_OK);
    assert_int_not_equal(train_state_load(t, kept, 3, NULL), TRUNDLE_OK);
    for (int i = 0; i < 50; i++) {
        size_t at = 40 + rng_below(&r, (uint32_t)(n - 40));

        memcpy(now, kept, n);
        now[at] ^= 1;
        assert_int_equal(train_state_load(t, now, n, NULL), TRUNDLE_CORRUPT);
    }
    train_state_save(t, now);
    assert_memory_equal(now, kept, n);
    free(kept);
    free(now);
    train_free(t);
    train_free(other);
}

static void what_cannot_be_trained(void **state)
{
    struct net_graph *g = net_graph_new();
    struct train *t = NULL;
    struct trundle_error err;
    int x;
    struct net_node n;

    (void)state;
    assert_non_null(g);
    support_ok(net_graph_input(g, "x", NET_F32, &NET_SHAPE(0, 3, 4), &x, &err), &err);
    n = net_node_of(NET_TRANSPOSE, "turned", &x, 1);
    n.attr.axes_n = 3;
    n.attr.axes[0] = 1;
    n.attr.axes[2] = 2;
    support_ok(net_graph_node(g, &n, &x, &err), &err);
    support_ok(net_graph_output(g, x, &err), &err);
    assert_int_equal(train_new(g, &(struct train_config){ .batch = 2, .optimizer = OPTIMIZER_SGD_DEFAULT }, &t, &err), TRUNDLE_UNSUPPORTED);
    assert_string_equal(err.where, "turned");
    assert_null(t);
    net_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns), cmocka_unit_test(same_bits), cmocka_unit_test(threads_differ_by_rounding), cmocka_unit_test(ranks_are_one), cmocka_unit_test(export_computes_the_same),
        cmocka_unit_test(optimisers), cmocka_unit_test(clipping_and_freezing), cmocka_unit_test(not_finite_is_named), cmocka_unit_test(bad_states_are_refused),
        cmocka_unit_test(what_cannot_be_trained),
    };

    return support_run(tests);
}
