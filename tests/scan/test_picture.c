/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * scan/picture on photographs: per set, how many codes plain zbar reads and how many we read, against the floor that ZXing's own
 * tests set for its try-harder mode, and how many reads are false. A shuffled truth must fail.
 */
#include "base/std/bytes.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/scan/gs1.h"
#include "cart/scan/lines.h"
#include "cart/scan/picture.h"
#include "cart/scan/picture_file.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zbar.h>

enum { PICTURES_MAX = 64, SETS = 10 };

/* `floor` 0: none is given for the set. `truth`: the symbology, where digits alone do not say it. */
static const struct set { const char *name; int floor, false_allowed; enum trundle_symbology truth; } sets[SETS] = {
    { "ean13-2", 17, 0, TRUNDLE_SYM_EAN13 }, { "ean13-3", 55, 0, TRUNDLE_SYM_EAN13 }, { "ean13-4", 13, 0, TRUNDLE_SYM_EAN13 },
    { "upca-2", 36, 0, TRUNDLE_SYM_UPCA }, { "upca-5", 23, 0, TRUNDLE_SYM_UPCA }, { "upce-2", 35, 0, TRUNDLE_SYM_UPCE },
    { "ean8-1", 8, 0, TRUNDLE_SYM_EAN8 }, { "upcean-extension-1", 0, 0, TRUNDLE_SYM_EAN13 }, { "rssexpanded-1", 0, 0, TRUNDLE_SYM_DATABAR_EXPANDED },
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

/* What a set's pictures are said to hold. Some books show a second barcode, which is the truth of another picture: no false read. */
static char truths[PICTURES_MAX][TRUNDLE_CODE_TEXT + 8];
static int truths_n;

static void count(const char *truth, const char *text, enum trundle_symbology symbology, bool *right, int *wrong)
{
    char read[TRUNDLE_CODE_TEXT + 8];

    canonical(text, symbology, read);
    if (truth && !strcmp(read, truth)) {
        *right = true;
        return;
    }
    for (int i = 0; i < truths_n; i++)
        if (!strcmp(read, truths[i]))
            return;
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
    static char stems[PICTURES_MAX][16];
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
    truths_n = has_truth ? n : 0;
    support_ok(scanner_new(&config, &scanner, &err), &err);
    for (int i = 0; i < n; i++) {
        const char *truth = has_truth ? truths[(i + shift) % n] : NULL;      /* shifted: of another picture */
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

/* With the truth of other pictures a set must fall below its floor: the count above can fail. */
static void a_shuffled_truth_fails(void **state)
{
    struct score s;

    (void)state;
    (void)support_data("barcode_zxing/blackbox");
    s = run_set(&sets[1], SCAN_LIVE, 27);
    assert_true(s.right_ours < sets[1].floor);
    s = run_set(&sets[5], SCAN_LIVE, 20);
    assert_true(s.right_ours < sets[5].floor);
}

/* No data needed: plain, noisy and tiny pictures hold no code and break nothing; sizes are checked. */
static void nothing_is_found_in_nothing(void **state)
{
    struct scanner_config config = SCANNER_CONFIG_DEFAULT;
    struct scanner *scanner = NULL;
    struct scan_codes codes = { .n = -1 };
    static uint8_t luma[200 * 150];
    struct trundle_error err;
    struct rng r = rng_seed(support_seed(), "noise");

    (void)state;
    support_ok(scanner_new(&config, &scanner, &err), &err);
    support_ok(scanner_read(scanner, luma, 200, 150, 200, &codes, &err), &err);
    assert_int_equal(codes.n, 0);
    for (size_t i = 0; i < sizeof luma; i++)
        luma[i] = (uint8_t)rng_u64(&r);
    support_ok(scanner_read(scanner, luma, 150, 150, 200, &codes, &err), &err);
    assert_int_equal(codes.n, 0);
    support_ok(scanner_read(scanner, luma, 1, 1, 1, &codes, &err), &err);
    support_ok(scanner_read(scanner, luma, 200, 1, 200, &codes, &err), &err);
    assert_int_equal(scanner_read(scanner, luma, 0, 1, 200, &codes, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(scanner_read(scanner, luma, 201, 1, 200, &codes, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(scanner_read(scanner, NULL, 10, 10, 10, &codes, &err), TRUNDLE_BAD_ARG);
    scanner_free(scanner);
    scanner_free(NULL);
}

/* An EAN-13 drawn here, blurred until its narrow bars run into each other, upright and upside down: the line reader's own case. */
static void blurred_bars_are_read(void **state)
{
    static const char digits[] = "4006381333931";
    static const uint8_t l[10] = { 0x0d, 0x19, 0x13, 0x3d, 0x23, 0x31, 0x2f, 0x3b, 0x37, 0x0b };
    static const char parity4[] = "LGLLGG";
    struct line_reader *reader = line_reader_new();
    struct line_code found[LINE_CODES_MAX];
    struct rng r = rng_seed(support_seed(), "blur");
    enum { W = 240, H = 64 };
    static uint8_t luma[W * H];
    bool bars[95] = { [0] = true, [2] = true, [46] = true, [48] = true, [92] = true, [94] = true };

    (void)state;
    assert_non_null(reader);
    for (int k = 0; k < 12; k++) {
        unsigned code = l[digits[k + 1] - '0'], mirrored = 0;

        for (int i = 0; i < 7; i++)
            mirrored |= (~code >> i & 1u) << (6 - i);
        code = k >= 6 ? ~code & 0x7fu : parity4[k] == 'G' ? mirrored : code;
        for (int i = 0; i < 7; i++)
            bars[(k < 6 ? 3 : 8) + 7 * k + i] = code >> (6 - i) & 1;
    }
    for (int way = 0; way < 2; way++) {
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                double dark = 0, module = 1.7, x0 = 37.3;
                int at = way ? W - 1 - x : x;

                for (int k = 0; k < 95; k++)
                    if (bars[k])
                        dark += 0.5 * (erf((x0 + (k + 1) * module - x - 0.5) / (1.4142 * 0.8 * module)) - erf((x0 + k * module - x - 0.5) / (1.4142 * 0.8 * module)));
                luma[y * W + at] = (uint8_t)(200 - 120 * dark + 2 * rng_normal(&r));
            }
        assert_int_equal(line_reader_read(reader, luma, W, H, found), 1);
        assert_string_equal(found[0].digits, digits);
        print_message("# quality %.3f, margin %.1f, %d lines\n", found[0].quality, found[0].margin, found[0].lines);
    }
    line_reader_free(reader);
    line_reader_free(NULL);
}

static void bad_files_are_refused(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n and no more", jpeg[] = "\xff\xd8\xff\xe0 and no more";
    struct grey_picture p = { 0 };
    struct trundle_error err;

    (void)state;
    assert_int_equal(grey_picture_decode(png, sizeof png, "t", &p, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(grey_picture_decode(jpeg, sizeof jpeg, "t", &p, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(grey_picture_decode("GIF89a", 6, "t", &p, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(grey_picture_decode("", 0, "t", &p, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(grey_picture_load("/nonexistent.png", &p, &err), TRUNDLE_NOT_FOUND);
    assert_null(p.luma);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_found_in_nothing), cmocka_unit_test(blurred_bars_are_read), cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(photographs_are_read), cmocka_unit_test(a_shuffled_truth_fails),
    };

    return support_run(tests);
}
