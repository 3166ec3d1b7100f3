/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * scan/picture on photographs: per set, how many codes plain zbar reads and how many we read, against the floor that ZXing's own
 * tests set for its try-harder mode, and how many reads are false. A shuffled truth must fail.
 */
#include "cart/scan/gs1.h"
#include "base/std/time.h"
#include "cart/scan/picture.h"
#include "cart/scan/picture_file.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zbar.h>

enum { PICTURES_MAX = 64, SETS = 10 };

/* `digits_from`: the symbology of the truth where digits alone do not say it. */
static const struct set { const char *name; int floor, false_allowed; enum trundle_symbology truth; } sets[SETS] = {
    { "ean13-2", 17, 0, TRUNDLE_SYM_EAN13 }, { "ean13-3", 55, 0, TRUNDLE_SYM_EAN13 }, { "ean13-4", 13, 0, TRUNDLE_SYM_EAN13 },
    { "upca-2", 36, 0, TRUNDLE_SYM_UPCA }, { "upca-5", 23, 0, TRUNDLE_SYM_UPCA }, { "upce-2", 35, 0, TRUNDLE_SYM_UPCE },
    { "ean8-1", 8, 0, TRUNDLE_SYM_EAN8 }, { "upcean-extension-1", 2, 0, TRUNDLE_SYM_EAN13 }, { "rssexpanded-1", 35, 0, TRUNDLE_SYM_DATABAR_EXPANDED },
    { "falsepositives-2", 0, 4, TRUNDLE_SYM_UNKNOWN },
};

struct score { int pictures, right_zbar, right_ours, false_zbar, false_ours; double ms, ms_most; };

/* What two reads of one code have in common: the GTIN, or the element string without marks. */
static void canonical(const char *text, enum trundle_symbology symbology, char out[TRUNDLE_CODE_TEXT + 8])
{
    struct trundle_code code = { .symbology = symbology, .text_bytes = (uint16_t)strlen(text) };
    struct scan_item item;

    if (symbology == TRUNDLE_SYM_DATABAR_EXPANDED || symbology == TRUNDLE_SYM_DATABAR || symbology == TRUNDLE_SYM_CODE128) {
        scan_normalise(text, out);
        return;
    }
    memcpy(code.text, text, strlen(text) + 1);
    if (scan_parse(&code, NULL, &item, NULL) == TRUNDLE_OK)
        (void)trundle_product_text(item.product, out);
    else
        (void)snprintf(out, TRUNDLE_CODE_TEXT + 8, "%s", text);
}

static bool truth_of(const struct set *set, const char *stem, char out[TRUNDLE_CODE_TEXT + 8])
{
    struct bytes b = { 0 };
    char relative[256];

    (void)snprintf(relative, sizeof relative, "barcode_zxing/blackbox/%s/%s.txt", set->name, stem);
    if (file_read(support_data(relative), 4096, &b, NULL) != TRUNDLE_OK)
        return false;
    while (b.n && (b.data[b.n - 1] == '\n' || b.data[b.n - 1] == '\r'))
        b.data[--b.n] = '\0';
    canonical((const char *)b.data, set->truth, out);
    bytes_done(&b);
    return true;
}

static void count(const char *truth, const char *text, enum trundle_symbology symbology, bool *right, int *wrong)
{
    char read[TRUNDLE_CODE_TEXT + 8];

    canonical(text, symbology, read);
    if (truth && !strcmp(read, truth))
        *right = true;
    else
        (*wrong)++;
}

static void read_zbar(const struct grey_picture *p, const char *truth, struct score *s)
{
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    bool right = false;

    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, (unsigned)p->width, (unsigned)p->height);
    zbar_image_set_data(image, p->luma, (unsigned long)p->width * (unsigned long)p->height, NULL);
    (void)zbar_scan_image(scanner, image);
    for (const zbar_symbol_t *y = zbar_image_first_symbol(image); y; y = zbar_symbol_next(y)) {
        zbar_symbol_type_t type = zbar_symbol_get_type(y);

        if (type != ZBAR_EAN2 && type != ZBAR_EAN5)
            count(truth, zbar_symbol_get_data(y), type == ZBAR_DATABAR_EXP ? TRUNDLE_SYM_DATABAR_EXPANDED : type == ZBAR_EAN8 ? TRUNDLE_SYM_EAN8 : TRUNDLE_SYM_EAN13,
                  &right, &s->false_zbar);
    }
    s->right_zbar += right;
    zbar_image_destroy(image);
    zbar_image_scanner_destroy(scanner);
}

static void read_ours(struct scanner *scanner, const struct grey_picture *p, const char *truth, const char *name, struct score *s)
{
    struct scan_codes codes;
    struct trundle_error err;
    bool right = false;
    int wrong = s->false_ours;
    int64_t t0 = clock_cpu_ns();
    double ms;

    support_ok(scanner_read(scanner, p->luma, p->width, p->height, p->width, &codes, &err), &err);
    ms = ns_s(clock_cpu_ns() - t0) * 1e3;
    s->ms += ms;
    s->ms_most = ms > s->ms_most ? ms : s->ms_most;
    for (int i = 0; i < codes.n; i++)
        count(truth, codes.code[i].text, codes.code[i].symbology, &right, &s->false_ours);
    s->right_ours += right;
    if (getenv("TRUNDLE_TEST_VERBOSE") && ((truth && !right) || s->false_ours > wrong))
        print_message("# %s: %s, truth %s, read %s\n", name, right ? "false beside" : "missed", truth ? truth : "none", codes.n ? codes.code[0].text : "nothing");
}

/* Runs a set; with `shift` each picture gets the truth of another. */
static struct score run_set(const struct set *set, enum scan_effort effort, int shift)
{
    static char stems[PICTURES_MAX][16], truths[PICTURES_MAX][TRUNDLE_CODE_TEXT + 8];
    struct scanner_config config = { .effort = effort };
    struct scanner *scanner = NULL;
    struct score s = { 0 };
    struct trundle_error err;
    bool has_truth = set->truth != TRUNDLE_SYM_UNKNOWN;
    int n = 0;
    char folder[256], *list = NULL;

    (void)snprintf(folder, sizeof folder, "barcode_zxing/blackbox/%s", set->name);
    assert_int_equal(support_shell(&list, "cd '%s' && ls *.png", support_data(folder)), 0);
    for (char *line = strtok(list, "\n"); line && n < PICTURES_MAX; line = strtok(NULL, "\n"), n++) {
        (void)snprintf(stems[n], sizeof stems[n], "%.*s", (int)(strlen(line) - 4), line);
        if (has_truth && !truth_of(set, stems[n], truths[n]))
            fail_msg("%s/%s has no truth", set->name, stems[n]);
    }
    free(list);
    support_ok(scanner_new(&config, &scanner, &err), &err);
    for (int i = 0; i < n; i++) {
        const char *truth = has_truth ? truths[(i + shift) % n] : NULL;
        struct grey_picture p;
        char relative[256];

        (void)snprintf(relative, sizeof relative, "%s/%s.png", folder, stems[i]);
        support_ok(grey_picture_load(support_data(relative), &p, &err), &err);
        if (!shift)
            read_zbar(&p, truth, &s);
        read_ours(scanner, &p, truth, relative, &s);
        grey_picture_done(&p);
    }
    scanner_free(scanner);
    s.pictures = n;
    return s;
}

static void photographs_are_read(void **state)
{
    struct score all = { 0 };
    int below = 0;

    (void)state;
    (void)support_data("barcode_zxing/blackbox");
    print_message("# %-20s pictures  zbar  ours  floor  false: zbar ours allowed  ms mean  most\n", "set");
    for (int i = 0; i < SETS; i++) {
        struct score s = run_set(&sets[i], SCAN_STILL, 0);

        print_message("# %-20s %8d %5d %5d %6d %12d %4d %7d %8.1f %5.0f\n", sets[i].name, s.pictures, s.right_zbar, s.right_ours, sets[i].floor, s.false_zbar,
                      s.false_ours, sets[i].false_allowed, s.ms / s.pictures, s.ms_most);
        below += s.right_ours < sets[i].floor || s.false_ours > sets[i].false_allowed;
        all.pictures += sets[i].truth != TRUNDLE_SYM_UNKNOWN ? s.pictures : 0;
        all.right_zbar += s.right_zbar;
        all.right_ours += s.right_ours;
        all.false_ours += s.false_ours;
        all.false_zbar += s.false_zbar;
    }
    print_message("# all: %d pictures, zbar %d (%.1f %%), ours %d (%.1f %%), false reads %d and %d\n", all.pictures, all.right_zbar,
                  100.0 * all.right_zbar / all.pictures, all.right_ours, 100.0 * all.right_ours / all.pictures, all.false_zbar, all.false_ours);
    assert_int_equal(below, 0);
    assert_true(100.0 * (all.right_ours - all.right_zbar) / all.pictures >= 5.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(photographs_are_read) };

    return support_run(tests);
}
