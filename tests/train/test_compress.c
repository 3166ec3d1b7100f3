/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle net quantize and prune, as a person types them: what they write can be read and run, and what they refuse they name. */
#include "tests/support/support.h"
#include "tests/train/nets.h"

#include "base/net/file.h"
#include "lab/train/compare.h"
#include "lab/train/pictures.h"
#include "lab/train/quantize.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char model[4200];

static int make(void **state)
{
    struct net_graph *g = nets_make_sized(NETS_RESIDUAL, 16, PICTURES_CLASSES, false, 3);
    struct trundle_error err;

    (void)state;
    (void)snprintf(model, sizeof model, "%s/tiny.net", support_scratch());
    support_ok(net_file_save(g, "{\"mean\": [0.5, 0.5, 0.5], \"sd\": [0.25, 0.25, 0.25]}", model, &err), &err);
    net_graph_free(g);
    return 0;
}

static const char *beside(const char *tail)
{
    static char path[4300];

    (void)snprintf(path, sizeof path, "%.*s%s", (int)(strlen(model) - 4), model, tail);
    return path;
}

static void quantizes(void **state)
{
    struct net_file *file = NULL;
    struct trundle_error err;
    char *out = NULL;
    json_t *o;
    int u8 = 0;

    (void)state;
    assert_int_equal(support_shell(&out, "'%s' net quantize --generated 1 --samples 64 --check 128 --json '%s'", support_build("trundle-lab"), model), 0);
    o = json_loads(out, 0, NULL);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "observer")), "mse");
    assert_true(json_number_value(json_object_get(o, "pictures")) == 128);
    assert_true(json_number_value(json_object_get(o, "same_percent")) > 80);
    assert_int_equal(json_array_size(json_object_get(o, "f32")), 0);
    json_decref(o);
    free(out);
    support_ok(net_file_open(beside("-int8.net"), &file, &err), &err);
    for (int t = 0; t < net_file_graph(file)->tensors_n; t++)
        u8 += net_file_graph(file)->tensor[t].type == NET_I8;
    assert_true(u8 >= 5);
    assert_non_null(strstr(net_file_about(file), "\"quantized\""));
    assert_non_null(strstr(net_file_about(file), "\"mean\""));
    net_file_close(file);
    /* it is int8 already */
    assert_int_equal(support_shell(NULL, "'%s' net quantize --generated 1 --samples 32 '%s' 2>/dev/null", support_build("trundle-lab"), beside("-int8.net")), 3);
}

static void prunes(void **state)
{
    struct net_file *file = NULL;
    struct trundle_error err;
    char *out = NULL;
    int percent = 0;

    (void)state;
    assert_int_equal(support_shell(&out, "'%s' net prune --keep 0.6 --rounds 2 --steps 3 --check 64 --generated 1 '%s'", support_build("trundle-lab"), model), 0);
    assert_non_null(strstr(out, "100 % of channels"));
    for (char *line = out; (line = strchr(line, '\n')); line++)
        (void)sscanf(line, " %d %% of channels", &percent);
    assert_in_range(percent, 58, 62);
    free(out);
    support_ok(net_file_open(beside("-pruned.net"), &file, &err), &err);
    assert_non_null(strstr(net_file_about(file), "\"pruned\""));
    net_file_close(file);
    assert_int_equal(support_shell(NULL, "grep -q '</svg>' '%s'", beside("-pruned.svg")), 0);
    assert_int_equal(support_shell(NULL, "'%s' net prune --target-ms 0.0000001 --rounds 1 --steps 1 --check 32 --generated 1 '%s' >/dev/null 2>&1", support_build("trundle-lab"), model), 3);
}

static void refuses(void **state)
{
    static const struct { int code; const char *args; } row[] = {
        { 2, "quantize" }, { 2, "quantize M" }, { 2, "quantize --generated 1" }, { 2, "quantize --generated x M" }, { 2, "quantize --generated 1 --weight-bits 9 M" },
        { 2, "quantize --generated 1 --observer best M" }, { 2, "quantize --generated 1 --keep-f32 nobody M" }, { 2, "quantize --generated 1 --percent 200 M" },
        { 2, "quantize --generated 1 --samples 0 M" }, { 2, "quantize --generated 1 --bogus M" }, { 2, "quantize --qat /nowhere.json --rate -1 M" }, { 3, "quantize --generated 1 /nowhere.net" },
        { 3, "quantize --generated 1 /etc/passwd" }, { 3, "quantize --data /nowhere M" }, { 3, "quantize --recipe /nowhere.json M" }, { 2, "prune --generated 1 M" }, { 2, "prune --keep 0.5 M" },
        { 2, "prune --keep 1.5 --generated 1 M" }, { 2, "prune --keep 0.5 --target-ms 1 --generated 1 M" }, { 2, "prune --keep nan --generated 1 M" },
        { 2, "prune --keep 0.5 --generated 1 --rounds 99 M" }, { 3, "prune --keep 0.5 --recipe /nowhere.json M" }, { 3, "prune --keep 0.5 --generated 1 /nowhere.net" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        char command[9000], *out = NULL;
        const char *m = strstr(row[i].args, " M");
        int code;

        (void)snprintf(command, sizeof command, "%.*s", (int)(m ? (size_t)(m - row[i].args) : strlen(row[i].args)), row[i].args);
        if (m)
            (void)snprintf(command + strlen(command), sizeof command - strlen(command), " '%s'", model);
        code = support_shell(&out, "'%s' net %s 2>&1 >/dev/null", support_build("trundle-lab"), command);
        if (code != row[i].code || !*out)
            fail_msg("net %s: code %d, expected %d: %s", row[i].args, code, row[i].code, out);
        free(out);
    }
}

/* The net that was trained here (models/generated-small/card.md), on pictures of another seed. ./dev bench compress judges 10,000. */
static void the_trained_net_survives(void **state)
{
    struct source_pictures learn = { .seed = 1, .px = 32, .mean = { 0.5F, 0.5F, 0.5F }, .sd = { 0.25F, 0.25F, 0.25F } }, held_out = learn;
    struct source calibrate = source_generated(&learn, 40000), judge;
    struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;
    struct net_file *file = NULL;
    struct net_graph *q = NULL;
    struct trundle_error err;
    struct compare compare;

    (void)state;
    held_out.seed = 2;
    judge = source_generated(&held_out, 10000);
    support_ok(net_file_open(support_source("models/generated-small/generated-small.net"), &file, &err), &err);
    for (int bits = 7; bits <= 8; bits++) {
        c.weight_bits = bits;
        support_ok(quantize_graph(net_file_graph(file), &c, &calibrate, &q, NULL, &err), &err);
        support_ok(compare_graphs(net_file_graph(file), q, &judge, 2000, NULL, &compare, &err), &err);
        print_message("# f32 %llu, %d-bit weights %llu of 2000 right\n", (unsigned long long)compare.right_a, bits, (unsigned long long)compare.right_b);
        assert_true(compare.right_a > 1640);
        assert_true(compare_drop_most(&compare) < 0.01);
        net_graph_free(q);
    }
    net_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(quantizes), cmocka_unit_test(prunes), cmocka_unit_test(refuses), cmocka_unit_test(the_trained_net_survives) };
    return cmocka_run_group_tests(tests, make, NULL);
}
