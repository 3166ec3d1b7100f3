/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Codes shown to the scanner's camera: the truth is what the picture holds, the scanner reads it, the same seed gives the same bytes. */
#include "lab/sim/codes.h"
#include "lab/sim/suite.h"

#include "base/std/bytes.h"
#include "cart/scan/picture.h"
#include "cart/scan/picture_file.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 40, SAMPLES = 4096 };

static struct sim_suite *suite_of(const char *name)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;

    support_ok(sim_suite_load(support_source(name), &suite, &err), &err);
    return suite;
}

static double luma_at(const struct grey_picture *p, double x, double y)
{
    int ix = (int)floor(x), iy = (int)floor(y);
    double fx = x - ix, fy = y - iy;
    const uint8_t *a;

    ix = ix < 0 ? 0 : ix > p->width - 2 ? p->width - 2 : ix;
    iy = iy < 0 ? 0 : iy > p->height - 2 ? p->height - 2 : iy;
    a = p->luma + iy * p->width + ix;
    return (1 - fy) * ((1 - fx) * a[0] + fx * a[1]) + fy * ((1 - fx) * a[p->width] + fx * a[p->width + 1]);
}

/* Pixels from the first dark bar to the end of the last along the line through the code, which it leaves by five modules at either end. NAN: no bars. */
static double bars_px(const struct grey_picture *p, const struct sim_code_shot *shot)
{
    double dx = shot->end_px[1][0] - shot->end_px[0][0], dy = shot->end_px[1][1] - shot->end_px[0][1], over = 5. / shot->modules;
    double lo = 255, hi = 0, first = NAN, last = NAN, luma[SAMPLES];

    for (int i = 0; i < SAMPLES; i++) {
        double f = -over + (1 + 2 * over) * i / (SAMPLES - 1);

        luma[i] = luma_at(p, shot->end_px[0][0] + f * dx, shot->end_px[0][1] + f * dy);
        lo = fmin(lo, luma[i]);
        hi = fmax(hi, luma[i]);
    }
    for (int i = 0; i < SAMPLES; i++)
        if (luma[i] < lo + .6 * (hi - lo)) {
            first = isnan(first) ? (double)i : first;
            last = i;
        }
    return hi - lo < 40 || first < 1 || last > SAMPLES - 2 ? (double)NAN : (last - first) / (SAMPLES - 1) * (1 + 2 * over) * hypot(dx, dy);
}

static void the_scanner_reads_what_is_shown(void **state)
{
    struct sim_suite *suite = suite_of("suites/v1.json");
    struct scanner *scanner = NULL;
    struct trundle_error err = { 0 };
    struct bytes jpeg = { 0 };
    size_t read = 0, flat = 0, flat_read = 0, wrong = 0, hands = 0, databar = 0, measured = 0;

    (void)state;
    support_ok(scanner_new(&(struct scanner_config)SCANNER_CONFIG_DEFAULT, &scanner, &err), &err);
    for (int64_t k = 1; k <= PICTURES; k++) {
        struct sim_code_shot shot;
        struct grey_picture p = { 0 };
        struct scan_codes codes;
        bool found = false;

        support_ok(sim_code_shoot(suite, k, &shot, &jpeg, &err), &err);
        support_ok(grey_picture_decode(jpeg.data, jpeg.n, "shown", &p, &err), &err);
        assert_int_equal(p.width, 640);
        assert_int_equal(p.height, 480);
        assert_true(shot.narrow_px >= 1.98 && shot.narrow_px <= 4.04 && shot.module_px >= shot.narrow_px);
        assert_true(shot.tilt_deg <= suite->shown.tilt_deg.hi + 25);
        if (strcmp(shot.symbology, "databar_expanded") != 0) {      /* bars at both ends, 95 modules */
            double px = bars_px(&p, &shot) / 95;

            assert_int_equal(shot.modules, 95);
            if (!(fabs(px / shot.module_px - 1) < .1))
                fail_msg("picture %lld: %.3f px per module, the truth says %.3f", (long long)k, px, shot.module_px);
            measured++;
        } else {
            databar++;
        }
        support_ok(scanner_read(scanner, p.luma, p.width, p.height, p.width, &codes, &err), &err);
        for (int i = 0; i < codes.n; i++) {
            found = found || !strcmp(codes.code[i].text, shot.text);
            wrong += strcmp(codes.code[i].text, shot.text) != 0;
        }
        if (!found)
            print_message("# not read: picture %lld, %s, %.2f px per module, tilt %.0f, bent %.0f\n", (long long)k, shot.symbology, shot.module_px, shot.tilt_deg, shot.bent_deg);
        read += found;
        flat += shot.bent_deg < 40;
        flat_read += found && shot.bent_deg < 40;
        hands += shot.hand;
        grey_picture_done(&p);
    }
    print_message("# read %zu of %d, %zu of %zu that are bent less than 40 degrees; %zu wrong; hands in %zu, DataBar %zu\n", read, PICTURES, flat_read, flat, wrong, hands,
                  databar);
    assert_int_equal(wrong, 0);
    assert_true(10 * read >= 9 * PICTURES && 20 * flat_read >= 19 * flat && flat > PICTURES / 2);
    assert_true(hands > PICTURES / 2 && databar > 1 && measured > PICTURES / 2);
    scanner_free(scanner);
    bytes_done(&jpeg);
    sim_suite_free(suite);
}

static void same_seed_same_bytes(void **state)
{
    struct sim_suite *suite = suite_of("suites/v1.json");
    struct trundle_error err = { 0 };
    char *differences = NULL;
    char one[512], two[512], csv[600];
    struct bytes text = { 0 };

    (void)state;
    (void)snprintf(one, sizeof one, "%s/one", support_scratch());
    (void)snprintf(two, sizeof two, "%s/two", support_scratch());
    support_ok(sim_codes_make(suite, 3, 4, one, NULL, NULL, &err), &err);
    support_ok(sim_codes_make(suite, 3, 4, two, NULL, NULL, &err), &err);
    assert_int_equal(support_shell(&differences, "diff -r '%s' '%s' && test -s '%s/3.jpg' && test -s '%s/6.jpg'", one, two, one, one), 0);
    assert_string_equal(differences, "");
    free(differences);
    differences = NULL;
    support_ok(sim_codes_make(suite, 5, 1, two, NULL, NULL, &err), &err);   /* a picture does not depend on those before it */
    assert_int_equal(support_shell(&differences, "cmp '%s/5.jpg' '%s/5.jpg' && ! cmp -s '%s/5.jpg' '%s/6.jpg'", one, two, one, two), 0);
    free(differences);
    (void)snprintf(csv, sizeof csv, "%s/codes.csv", one);
    support_ok(file_read(csv, 1 << 20, &text, &err), &err);
    assert_int_equal(bytes_append(&text, "", 1), TRUNDLE_OK);
    assert_non_null(strstr((const char *)text.data, "file,symbology,text,product,module_px,tilt_deg,bent_deg\n3.jpg,"));
    bytes_done(&text);
    sim_suite_free(suite);
}

static void what_cannot_be_is_refused(void **state)
{
    struct sim_suite *suite = suite_of("suites/smoke.json");
    struct trundle_error err = { 0 };
    struct sim_code_shot shot;
    struct bytes jpeg = { 0 };

    (void)state;
    assert_int_equal(sim_code_shoot(suite, 1, &shot, &jpeg, &err), TRUNDLE_UNSUPPORTED);
    assert_non_null(strstr(err.hint, "rich"));
    assert_int_equal(jpeg.n, 0);
    assert_int_equal(sim_codes_make(suite, 1, 0, support_scratch(), NULL, NULL, &err), TRUNDLE_BAD_ARG);
    sim_suite_free(suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_scanner_reads_what_is_shown), cmocka_unit_test(same_seed_same_bytes),
                                        cmocka_unit_test(what_cannot_be_is_refused) };

    return support_run(tests);
}
