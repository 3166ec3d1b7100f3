/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Two ranks with half a batch each do what one does with all of it; and the shipped recipes of detector and embedding start. Through the command. */
#include "tests/support/support.h"

#include "base/net/file.h"
#include "base/std/bytes.h"
#include "lab/sim/sim.h"
#include "lab/train/ranks.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char recipe[] = "{\"recipe\": 1, \"name\": \"tiny\", \"seed\": 4,"
                             " \"data\": {\"kind\": \"generated\", \"n\": 80, \"px\": 24, \"held_out\": 0.2},"
                             " \"augmentation\": {\"flip\": 0.5, \"mixup\": 0.3},"
                             " \"network\": {\"input\": [24, 24, 3], \"layers\": [{\"conv\": 8, \"stride\": 2}, {\"residual\": 16, \"stride\": 2},"
                             "   {\"global_pool\": \"average\"}, {\"linear\": \"classes\"}]},"
                             " \"losses\": [{\"kind\": \"cross_entropy\"}],"
                             " \"schedule\": {\"lr\": 0.05, \"batch\": 16, \"steps\": 12, \"warmup\": 0.2, \"clip\": 5, \"sizes\": [{\"px\": 24}]}}";

static const char *home(void)
{
    static char folder[4000];

    if (!folder[0])
        (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    return folder;
}

static struct net_file *trained(int ranks)
{
    struct trundle_error err = { 0 };
    struct net_file *file = NULL;
    char path[4200], *out = NULL;
    int code;

    (void)snprintf(path, sizeof path, "%s/tiny.json", home());
    support_ok(file_write(path, recipe, sizeof recipe - 1, &err), &err);
    code = support_shell(&out, "'%s' train '%s' --ranks %d --out '%s/ranks%d' 2>&1", support_build("trundle-lab"), path, ranks, home(), ranks);
    if (code)
        print_message("%s\n", out);
    assert_int_equal(code, 0);
    free(out);
    (void)snprintf(path, sizeof path, "%s/ranks%d/tiny/tiny.net", home(), ranks);
    support_ok(net_file_open(path, &file, &err), &err);
    return file;
}

static void two_ranks_do_what_one_does(void **state)
{
    struct net_file *one, *two;
    const struct net_graph *a, *b;
    double most = 0, size = 0;

    (void)state;
    if (!ranks_built())
        support_skip("built without MPI (libopenmpi-dev)");
    if (support_shell(NULL, "command -v mpirun >/dev/null") != 0)
        support_skip("no mpirun (openmpi-bin)");
    one = trained(1);
    two = trained(2);
    a = net_file_graph(one);
    b = net_file_graph(two);
    assert_int_equal(a->tensors_n, b->tensors_n);
    for (int i = 0; i < a->tensors_n; i++) {
        const float *x = a->tensor[i].data, *y = b->tensor[i].data;

        if (!x || a->tensor[i].type != NET_F32)
            continue;
        for (int64_t k = 0; k < net_shape_elements(&a->tensor[i].shape); k++) {
            most = fmax(most, fabs((double)(x[k] - y[k])));
            size = fmax(size, fabs((double)x[k]));
        }
    }
    printf("# after 12 steps weights of up to %.3f differ by at most %.2g\n", size, most);
    assert_true(most > 0);                    /* really another order of sums */
    assert_true(most < 2e-4 * size);
    net_file_close(one);
    net_file_close(two);
}

static void uneven_shares_are_refused(void **state)
{
    (void)state;
    if (!ranks_built() || support_shell(NULL, "command -v mpirun >/dev/null") != 0)
        support_skip("no MPI");
    assert_int_not_equal(support_shell(NULL, "'%s' train '%s/tiny.json' --ranks 3 --out '%s/ranks3' >/dev/null 2>&1", support_build("trundle-lab"), home(), home()), 0);
}

/* The recipe with its size cut down, on one simulated trip. */
static void start_small(const char *name, int px, int batch)
{
    json_t *root, *schedule;
    char path[4200], *out = NULL;
    int code;

    (void)snprintf(path, sizeof path, "recipes/%s.json", name);
    root = json_load_file(support_source(path), 0, NULL);
    assert_non_null(root);
    schedule = json_object_get(root, "schedule");
    (void)json_object_del(schedule, "epochs");
    (void)json_object_del(schedule, "minutes");
    (void)json_object_set_new(schedule, "steps", json_integer(3));
    (void)json_object_set_new(schedule, "batch", json_integer(batch));
    (void)json_object_set_new(schedule, "sizes", json_pack("[{s:i}]", "px", px));
    (void)json_object_set_new(json_object_get(root, "data"), "side_px", json_integer(128));
    (void)snprintf(path, sizeof path, "%s/%s.json", home(), name);
    assert_int_equal(json_dump_file(root, path, 0), 0);
    json_decref(root);
    code = support_shell(&out, "'%s' train '%s' --data '%s' --out '%s/small' 2>&1", support_build("trundle-lab"), path, home(), home());
    if (code || !strstr(out, "model:"))
        fail_msg("%s: %d, %s", name, code, out);
    free(out);
}

static void detector_and_embedding_start(void **state)
{
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    char path[4200];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/trips", home());
    support_ok(folder_make(path, &err), &err);
    support_ok(sim_suite_load("smoke", &suite, &err), &err);
    (void)snprintf(path, sizeof path, "%s/trips/1.mcap", home());
    support_ok(sim_trip_make(suite, 1, path, &options, NULL, &err), &err);
    sim_suite_free(suite);
    start_small("detector", 128, 4);
    start_small("embedding", 32, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(two_ranks_do_what_one_does), cmocka_unit_test(uneven_shares_are_refused),
                                        cmocka_unit_test(detector_and_embedding_start) };

    return support_run(tests);
}
