/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * ONNX's own cases: Debian's libonnx-testdata, and the newer set where $TRUNDLE_ONNX_CASES names a folder of it
 * (python -m onnx.backend.test.cmd_tools generate-data -o DIR). Prints the coverage table: build/tests/test_net_onnx_cases | grep '^#'
 */
#include "tests/net/onnx_cases.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPS_MAX = 512, CASES_MAX = 8192 };

struct row { char op[64]; int passed, refused, failed; char why[160]; };
static struct row table[OPS_MAX];
static int rows;

static struct row *row_of(const char *op)
{
    for (int i = 0; i < rows; i++)
        if (strcmp(table[i].op, op) == 0)
            return &table[i];
    if (rows == OPS_MAX)
        return &table[OPS_MAX - 1];
    (void)snprintf(table[rows].op, sizeof table[rows].op, "%s", op);
    return &table[rows++];
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->op, ((const struct row *)b)->op);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What of a refusal goes into the table: the operator that was refused, when the case has several, and the reason. */
static void short_why(const char *why, char out[160])
{
    const char *node = strstr(why, "', "), *colon = strstr(why, "): ");
    if (!colon)
        colon = strstr(why, ": ");
    (void)node;
    (void)snprintf(out, 160, "%s", colon ? colon + (colon[0] == ')' ? 3 : 2) : why);
}

static void folder_run(const char *root, int least)
{
    static char *names[CASES_MAX];
    int n = 0, passed = 0, refused = 0, failed = 0, with = 0;
    DIR *d = opendir(root);
    struct dirent *e;
    if (!d)
        support_skip("no such folder of cases: apt install libonnx-testdata");
    while ((e = readdir(d)) && n < CASES_MAX)
        if (strncmp(e->d_name, "test_", 5) == 0)
            names[n++] = strdup(e->d_name);
    (void)closedir(d);
    qsort(names, (size_t)n, sizeof *names, by_text);
    memset(table, 0, sizeof table);
    rows = 0;
    for (int i = 0; i < n; i++) {
        char path[4096];
        struct onnx_case_result r;
        (void)snprintf(path, sizeof path, "%s/%s", root, names[i]);
        onnx_case_run(path, &r);
        struct row *row = row_of(r.op);
        *(r.is == ONNX_CASE_PASSED ? &passed : r.is == ONNX_CASE_REFUSED ? &refused : &failed) += 1;
        *(r.is == ONNX_CASE_PASSED ? &row->passed : r.is == ONNX_CASE_REFUSED ? &row->refused : &row->failed) += 1;
        if (r.is == ONNX_CASE_REFUSED && !row->why[0])
            short_why(r.why, row->why);
        if (r.is == ONNX_CASE_FAILED)
            printf("# FAILED %s: %s\n", names[i], r.why);
        else if (getenv("TRUNDLE_ONNX_VERBOSE"))
            printf("# %s %s %s\n", r.is == ONNX_CASE_PASSED ? "passed" : "refused", names[i], r.why);
        free(names[i]);
    }
    qsort(table, (size_t)rows, sizeof table[0], by_name);
    printf("# %s\n# %-28s %6s %7s  first refusal\n", root, "operator", "passed", "refused");
    for (int i = 0; i < rows; i++) {
        printf("# %-28s %6d %7d  %s\n", table[i].op, table[i].passed, table[i].refused, table[i].why);
        with += table[i].passed > 0;
    }
    printf("# %d cases: %d passed, %d refused by name, %d failed; %d of %d operators with a case that passes\n", n, passed, refused, failed, with, rows);
    assert_int_equal(failed, 0);
    assert_true(passed >= least);
}

static void debian_node_cases(void **state)
{
    (void)state;
    folder_run("/usr/share/libonnx-testdata/data/node", 380);
}

static void debian_pytorch_operators(void **state)
{
    (void)state;
    folder_run("/usr/share/libonnx-testdata/data/pytorch-operator", 25);
}

static void debian_pytorch_converted(void **state)
{
    (void)state;
    folder_run("/usr/share/libonnx-testdata/data/pytorch-converted", 60);
}

static void newer_cases(void **state)
{
    const char *root = getenv("TRUNDLE_ONNX_CASES");
    char path[4096];
    (void)state;
    if (!root || !root[0])
        support_skip("TRUNDLE_ONNX_CASES names no folder: python -m onnx.backend.test.cmd_tools generate-data -o DIR makes one");
    (void)snprintf(path, sizeof path, "%s/node", root);
    folder_run(path, 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(debian_node_cases), cmocka_unit_test(debian_pytorch_operators), cmocka_unit_test(debian_pytorch_converted),
                                        cmocka_unit_test(newer_cases) };
    return support_run(tests);
}
