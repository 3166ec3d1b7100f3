/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/file, net/attr, net/manifest, net/graph: what is written is read, and nothing else is. */
#include "base/net/file.h"
#include "base/net/manifest.h"
#include "base/net/plan.h"
#include "base/std/rng.h"
#include "nets.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Aligned, as a map is. */
static void *copy_of(const struct bytes *b)
{
    void *p = aligned_alloc(64, (b->n + 127) / 64 * 64);
    assert_non_null(p);
    memcpy(p, b->data, b->n);
    return p;
}

static void encode(const struct net_graph *g, struct bytes *b)
{
    struct trundle_error err = { 0 };
    support_ok(net_file_encode(g, "{\"made\":\"test\"}", b, &err), &err);
}

static void a_file_gives_its_graph(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *made[2] = { nets_small(support_seed()), nets_small_int8(support_seed()) };
    for (int k = 0; k < 2; k++) {
        struct bytes one = { 0 }, two = { 0 };
        struct net_file *f = NULL;
        encode(made[k], &one);
        void *copy = copy_of(&one);
        support_ok(net_file_parse(copy, one.n, "copy", &f, &err), &err);
        assert_string_equal(net_file_about(f), "{\"made\":\"test\"}");
        const struct net_graph *g = net_file_graph(f);
        assert_int_equal(g->nodes_n, made[k]->nodes_n);
        for (int i = 0; i < g->nodes_n; i++) {
            assert_int_equal(g->node[i].op, made[k]->node[i].op);
            assert_string_equal(g->node[i].name, made[k]->node[i].name);
            assert_memory_equal(&g->node[i].attr, &made[k]->node[i].attr, sizeof g->node[i].attr);
            assert_string_equal(g->tensor[g->node[i].out].name, made[k]->tensor[made[k]->node[i].out].name);
        }
        for (int t = 0; t < made[k]->tensors_n; t++)
            if (made[k]->tensor[t].data) {
                int same = net_graph_find(g, made[k]->tensor[t].name);
                assert_true(same >= 0);
                assert_memory_equal(g->tensor[same].data, made[k]->tensor[t].data, net_tensor_bytes(&g->tensor[same]));
                assert_int_equal(g->tensor[same].quant.n, made[k]->tensor[t].quant.n);
                for (int c = 0; c < g->tensor[same].quant.n; c++)
                    assert_true(g->tensor[same].quant.scale[c] == made[k]->tensor[t].quant.scale[c]);
            }
        encode(g, &two);                            /* and writing that gives the same bytes */
        assert_int_equal(one.n, two.n);
        assert_memory_equal(one.data, two.data, one.n);
        net_file_close(f);
        free(copy);
        bytes_done(&one);
        bytes_done(&two);
        net_graph_free(made[k]);
    }
}

static void an_inferred_graph_is_written_with_its_batch_open(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *g = nets_small(1);
    struct bytes one = { 0 }, two = { 0 };
    support_ok(net_graph_infer(g, 1, &err), &err);
    encode(g, &one);
    support_ok(net_graph_infer(g, 7, &err), &err);
    encode(g, &two);
    assert_int_equal(one.n, two.n);
    assert_memory_equal(one.data, two.data, one.n);
    bytes_done(&one);
    bytes_done(&two);
    net_graph_free(g);
}

static void every_byte_counts(void **state)
{
    (void)state;
    struct net_graph *g = nets_small_int8(3);
    struct bytes b = { 0 };
    encode(g, &b);
    uint8_t *copy = copy_of(&b);
    struct trundle_error err;
    for (size_t i = 0; i < b.n; i += i < 400 ? 1 : 37) {
        struct net_file *f = NULL;
        copy[i] ^= 0x20;
        enum trundle_status status = net_file_parse(copy, b.n, "copy", &f, &err);
        copy[i] ^= 0x20;
        if (i >= 12 && i < 16) {                    /* the reserved word */
            net_file_close(f);
            continue;
        }
        assert_int_not_equal(status, TRUNDLE_OK);
        assert_true(err.what[0] != '\0');
        assert_null(f);
    }
    for (size_t n = 0; n < b.n; n += 61) {
        struct net_file *f = NULL;
        assert_int_not_equal(net_file_parse(copy, n, "cut", &f, &err), TRUNDLE_OK);
        assert_null(f);
    }
    free(copy);
    bytes_done(&b);
    net_graph_free(g);
}

/* A header with a right hash, that says something wrong. */
static enum trundle_status parse_header(const char *json, struct trundle_error *err)
{
    struct bytes b = { 0 };
    size_t n = strlen(json), padded = (80 + n + 63) / 64 * 64;
    static const uint8_t zeros[256];
    uint8_t head[16] = { 'T', 'R', 'N', 'D', 'N', 'E', 'T', 1, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16) };
    char hash[HASH_SHA256_TEXT];
    assert_int_equal(bytes_append(&b, head, 16), TRUNDLE_OK);
    assert_int_equal(bytes_append(&b, zeros, 64), TRUNDLE_OK);
    assert_int_equal(bytes_append(&b, json, n), TRUNDLE_OK);
    assert_int_equal(bytes_append(&b, zeros, padded - 80 - n), TRUNDLE_OK);
    assert_int_equal(bytes_append(&b, zeros, 64 + 64), TRUNDLE_OK);     /* one constant of at most 64 bytes */
    hash_sha256(b.data + 80, b.n - 80, hash);
    memcpy(b.data + 16, hash, 64);
    void *copy = copy_of(&b);
    struct net_file *f = NULL;
    enum trundle_status status = net_file_parse(copy, b.n, "bad.net", &f, err);
    net_file_close(f);
    free(copy);
    bytes_done(&b);
    return status;
}

static void a_hostile_header_is_refused_by_place(void **state)
{
    (void)state;
#define X "{\"name\":\"x\",\"type\":\"f32\",\"shape\":[0,4]}"
#define W "{\"name\":\"w\",\"type\":\"f32\",\"shape\":[2,4],\"at\":0}"
#define PORTS "\"inputs\":[0],\"outputs\":[2]"
    static const struct { const char *json; enum trundle_status status; const char *part; } cases[] = {
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[{\"op\":\"matmul\",\"name\":\"m\",\"in\":[0,1],\"out\":\"y\",\"attr\":{\"flip_b\":true}}]," PORTS "}", TRUNDLE_OK, "" },
        { "{\"version\":2,\"tensors\":[" X "," W "],\"nodes\":[]," PORTS "}", TRUNDLE_UNSUPPORTED, "version 2" },
        { "{}", TRUNDLE_BAD_INPUT, "" },
        { "[1]", TRUNDLE_BAD_INPUT, "" },
        { "{\"version\":1,\"tensors\":[" X "," X "],\"nodes\":[]," PORTS "}", TRUNDLE_CONFLICT, "this name" },
        { "{\"version\":1,\"tensors\":[{\"name\":\"x\",\"type\":\"f99\",\"shape\":[1]}],\"nodes\":[]," PORTS "}", TRUNDLE_UNSUPPORTED, "f99" },
        { "{\"version\":1,\"tensors\":[{\"name\":\"x\",\"type\":\"f32\",\"shape\":[70000,70000]}],\"nodes\":[]," PORTS "}", TRUNDLE_TOO_LARGE, "2^31" },
        { "{\"version\":1,\"tensors\":[{\"name\":\"x\",\"type\":\"f32\",\"shape\":[-1]}],\"nodes\":[]," PORTS "}", TRUNDLE_BAD_INPUT, "axis 0" },
        { "{\"version\":1,\"tensors\":[" X ",{\"name\":\"w\",\"type\":\"f32\",\"shape\":[17],\"at\":0}],\"nodes\":[]," PORTS "}", TRUNDLE_CORRUPT, "outside" },
        { "{\"version\":1,\"tensors\":[" X ",{\"name\":\"w\",\"type\":\"f32\",\"shape\":[1],\"at\":4}],\"nodes\":[]," PORTS "}", TRUNDLE_CORRUPT, "multiple of 64" },
        { "{\"version\":1,\"tensors\":[" X ",{\"name\":\"w\",\"type\":\"f32\",\"shape\":[1],\"at\":9223372036854775807}],\"nodes\":[]," PORTS "}", TRUNDLE_BAD_INPUT, "" },
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[{\"op\":\"matmul\",\"name\":\"m\",\"in\":[0,2],\"out\":\"y\"}]," PORTS "}", TRUNDLE_BAD_INPUT, "no earlier tensor" },
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[{\"op\":\"matmul\",\"name\":\"m\",\"in\":[0],\"out\":\"y\"}]," PORTS "}", TRUNDLE_BAD_INPUT, "takes 2 to 4" },
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[{\"op\":\"magic\",\"name\":\"m\",\"in\":[0],\"out\":\"y\"}]," PORTS "}", TRUNDLE_UNSUPPORTED, "magic" },
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[{\"op\":\"matmul\",\"name\":\"m\",\"in\":[0,1],\"out\":\"x\"}]," PORTS "}", TRUNDLE_CONFLICT, "this name" },
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[{\"op\":\"matmul\",\"name\":\"m\",\"in\":[0,1],\"out\":\"y\",\"attr\":{\"bogus\":1}}]," PORTS "}", TRUNDLE_UNSUPPORTED, "bogus" },
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[{\"op\":\"matmul\",\"name\":\"m\",\"in\":[0,1],\"out\":\"y\",\"attr\":{\"stride\":[1]}}]," PORTS "}", TRUNDLE_BAD_INPUT, "stride" },
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[],\"inputs\":[0,1],\"outputs\":[0]}", TRUNDLE_BAD_INPUT, "inputs" },
        { "{\"version\":1,\"tensors\":[" X "," W "],\"nodes\":[],\"inputs\":[0],\"outputs\":[7]}", TRUNDLE_BAD_INPUT, "no tensor" },
        { "{\"version\":1,\"tensors\":[{\"name\":\"x\",\"type\":\"u8\",\"shape\":[0,4],\"scale\":[-1]}],\"nodes\":[],\"inputs\":[0],\"outputs\":[0]}", TRUNDLE_BAD_INPUT, "above 0" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct trundle_error err = { 0 };
        enum trundle_status status = parse_header(cases[i].json, &err);
        if (status != cases[i].status || !strstr(err.what, cases[i].part))
            fail_msg("case %zu: status %d (%s: %s)", i, (int)status, err.where, err.what);
    }
}

static void a_map_runs_and_a_wrong_path_is_said(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    struct net_graph *g = nets_small(5);
    char path[512];
    struct net_file *f = NULL;
    struct net_plan *plan = NULL;
    (void)snprintf(path, sizeof path, "%s/x.net", support_scratch());
    support_ok(net_file_save(g, NULL, path, &err), &err);
    support_ok(net_file_open(path, &f, &err), &err);
    support_ok(net_plan_new(net_file_graph(f), &(struct net_plan_options){ .batch = 2 }, &plan, &err), &err);
    support_ok(net_plan_run(plan, &err), &err);
    net_plan_free(plan);
    net_file_close(f);
    f = NULL;
    assert_int_equal(net_file_open("/nowhere/x.net", &f, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(net_file_open(support_scratch(), &f, &err), TRUNDLE_BAD_INPUT);
    assert_null(f);
    net_graph_free(g);
}

static void a_manifest_knows_its_files_and_plans(void **state)
{
    (void)state;
    struct trundle_error err = { 0 };
    const char *dir = support_scratch();
    char path[512];
    struct bytes plan = { 0 };
    static const char *const files[] = { "a.net", "card.md" }, text[] = "{\"kernels\":{\"n\":\"k\"},\"version\":1}";
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        support_ok(file_write(path, files[i], 5, &err), &err);
    }
    assert_int_equal(net_manifest_plan(dir, "a.net", &plan, &err), TRUNDLE_NOT_FOUND);
    support_ok(net_manifest_write(dir, "a", files, 2, &err), &err);
    support_ok(net_manifest_check(dir, &err), &err);
    assert_int_equal(net_manifest_plan(dir, "a.net", &plan, &err), TRUNDLE_NOT_FOUND);
    support_ok(net_manifest_set_plan(dir, "a.net", text, sizeof text - 1, &err), &err);
    support_ok(net_manifest_plan(dir, "a.net", &plan, &err), &err);
    assert_string_equal((const char *)plan.data, text);
    plan.n = 0;
    support_ok(net_manifest_write(dir, "a", files, 2, &err), &err);             /* unchanged files keep their plan */
    support_ok(net_manifest_plan(dir, "a.net", &plan, &err), &err);
    (void)snprintf(path, sizeof path, "%s/a.net", dir);
    support_ok(file_write(path, "other", 5, &err), &err);
    assert_int_equal(net_manifest_check(dir, &err), TRUNDLE_CORRUPT);
    support_ok(net_manifest_write(dir, "a", files, 2, &err), &err);             /* changed ones lose it */
    plan.n = 0;
    assert_int_equal(net_manifest_plan(dir, "a.net", &plan, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(net_manifest_write(dir, "a", (const char *const[]){ "../x" }, 1, &err), TRUNDLE_BAD_INPUT);
    bytes_done(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_its_graph),
        cmocka_unit_test(an_inferred_graph_is_written_with_its_batch_open),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(a_hostile_header_is_refused_by_place),
        cmocka_unit_test(a_map_runs_and_a_wrong_path_is_said),
        cmocka_unit_test(a_manifest_knows_its_files_and_plans),
    };
    return support_run(tests);
}
