/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle catalog import DIR, trundle catalog check DIR|FILE. */
#include "base/catalog/import.h"
#include "base/catalog/store.h"
#include "base/std/time.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void print_problem(void *user, const struct trundle_error *problem)
{
    char text[1024];

    (void)user;
    fprintf(stderr, "%s\n", error_text(problem, text, sizeof text));
}

static void print_json(json_t *o)
{
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

    if (text)
        puts(text);
    free(text);
    json_decref(o);
}

static int import(const char *dir, const char *out, bool strict, bool json)
{
    struct catalog_import import = { .strict = strict, .on_problem = print_problem };
    struct catalog *c = NULL;
    struct trundle_error err;
    char path[4096];
    int code = EXIT_OK;

    if (!out) {
        if ((size_t)snprintf(path, sizeof path, "%s/catalog.sqlite", dir) >= sizeof path) {
            fprintf(stderr, "trundle catalog: the path is too long\n");
            return EXIT_USAGE;
        }
        out = path;
    }
    if (catalog_import_dir(dir, &import, &c, &err) != TRUNDLE_OK || catalog_save(c, out, &err) != TRUNDLE_OK) {
        code = option_fail("catalog", &err);
        goto out;
    }
    if (json)
        print_json(json_pack("{s:s, s:I, s:I, s:I, s:I, s:s}", "file", out, "rows", (json_int_t)import.rows, "skipped", (json_int_t)import.skipped, "products",
                             (json_int_t)catalog_n(c), "promotions", (json_int_t)catalog_promotions_n(c), "sha256", catalog_hash(c)));
    else
        printf("%s: %zu products, %zu promotions, %zu rows read, %zu skipped\n", out, catalog_n(c), catalog_promotions_n(c), import.rows, import.skipped);
out:
    catalog_free(c);
    return code;
}

static int check(const char *path, bool json)
{
    struct catalog_import import = { .on_problem = print_problem };
    struct catalog *c = NULL;
    struct trundle_error err;
    enum trundle_status status;
    struct stat st;
    size_t n;

    status = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? catalog_load_dir(path, &import, &c, &err) : catalog_open(path, &c, &err);
    if (status != TRUNDLE_OK)
        return option_fail("catalog", &err);
    n = catalog_check(c, clock_wall_ns(), print_problem, NULL);
    if (json)
        print_json(json_pack("{s:I, s:I, s:I, s:s}", "products", (json_int_t)catalog_n(c), "skipped", (json_int_t)import.skipped, "problems", (json_int_t)n, "sha256",
                             catalog_hash(c)));
    else
        printf("%s: %zu products, %zu rows skipped, %zu problems\n", path, catalog_n(c), import.skipped, n);
    catalog_free(c);
    return n || import.skipped ? EXIT_VERDICT : EXIT_OK;
}

int verb_catalog(int argc, char **argv)
{
    static const char usage[] = "trundle catalog import DIR | check DIR|FILE";
    bool strict = false, json = false;
    const char *out = NULL;
    const struct option_row rows[] = {
        { "out", "FILE", OPTION_TEXT, &out, "import: the SQLite file; default DIR/catalog.sqlite" },
        { "strict", NULL, OPTION_FLAG, &strict, "import: the first bad row ends it" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object on standard output" },
        { 0 },
    };
    int first, code;

    if (!option_parse(argc, argv, usage, "import: CSV files to catalog.sqlite; bad rows are told and skipped. check: what is lawful and unlikely to be meant.", rows,
                      &first, &code))
        return code;
    if (argc - first == 2 && !strcmp(argv[first], "import"))
        return import(argv[first + 1], out, strict, json);
    if (argc - first == 2 && !strcmp(argv[first], "check"))
        return check(argv[first + 1], json);
    fprintf(stderr, "usage: %s\n", usage);
    return EXIT_USAGE;
}
